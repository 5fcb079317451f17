/*
 * ARC: two LRU queues of what is stored, T1 of what was used once lately and T2 of what was used more
 * often, and two of what left them, B1 and B2, remembered by name alone. How much of the capacity T1
 * ought to have moves with where the hits are that a larger queue would have had: a miss that B1 knows
 * asks for more of it, one that B2 knows for less.
 *
 *   |T1| + |T2| <= c,  |T1| + |B1| <= c,  |T1| + |T2| + |B1| + |B2| <= 2c,  0 <= wanted <= c
 *
 * Names and cases are those of the paper's figure 4; `wanted` is its p, a real number.
 */
#include "tune/policies/queue.h"
#include "tune/policy.h"

enum place { NOWHERE, T1, T2, B1, B2 };

struct arc {
    uint32_t capacity;
    double wanted; /* of T1 */
    struct ctxi_queue t1, t2, b1, b2;
    uint8_t *place; /* [object_count], enum place: the one queue that it is in */
};

static void *create(const struct ctxi_stream *stream, uint32_t capacity, struct ctxi_blocks *blocks)
{
    struct arc *arc = ctxi_blocks_take(blocks, 1, sizeof *arc);
    struct ctxi_links *links = ctxi_blocks_take(blocks, stream->object_count, sizeof *links);

    if (!arc || !links)
        return NULL;
    arc->capacity = capacity;
    arc->t1 = arc->t2 = arc->b1 = arc->b2 = ctxi_queue_of(links);
    arc->place = ctxi_blocks_take(blocks, stream->object_count, sizeof *arc->place);
    return arc->place ? arc : NULL;
}

static void enter(struct arc *arc, struct ctxi_queue *queue, enum place place, uint32_t object)
{
    ctxi_queue_add(queue, object);
    arc->place[object] = (uint8_t)place;
}

static void forget_oldest(struct arc *arc, struct ctxi_queue *queue)
{
    arc->place[ctxi_queue_take(queue)] = NOWHERE;
}

/* REPLACE: somebody leaves T1 or T2 and is remembered. */
static void replace(struct arc *arc, bool known_by_b2)
{
    double count = arc->t1.count;

    if (arc->t1.count >= 1 && (count > arc->wanted || (known_by_b2 && count == arc->wanted)))
        enter(arc, &arc->b1, B1, ctxi_queue_take(&arc->t1));
    else
        enter(arc, &arc->b2, B2, ctxi_queue_take(&arc->t2));
}

/* By how much one miss moves what is wanted. */
static double step(const struct ctxi_queue *knows, const struct ctxi_queue *other)
{
    return knows->count >= other->count ? 1 : (double)other->count / knows->count;
}

/* Case II. */
static void use_known_by_b1(struct arc *arc, uint32_t object)
{
    arc->wanted += step(&arc->b1, &arc->b2);
    if (arc->wanted > arc->capacity)
        arc->wanted = arc->capacity;
    replace(arc, false);
    ctxi_queue_remove(&arc->b1, object);
    enter(arc, &arc->t2, T2, object);
}

/* Case III. */
static void use_known_by_b2(struct arc *arc, uint32_t object)
{
    arc->wanted -= step(&arc->b2, &arc->b1);
    if (arc->wanted < 0)
        arc->wanted = 0;
    replace(arc, true);
    ctxi_queue_remove(&arc->b2, object);
    enter(arc, &arc->t2, T2, object);
}

/* Case IV. */
static void use_unknown(struct arc *arc, uint32_t object)
{
    uint32_t once = arc->t1.count + arc->b1.count;
    uint32_t all = once + arc->t2.count + arc->b2.count;

    if (once == arc->capacity) {
        if (arc->t1.count < arc->capacity) {
            forget_oldest(arc, &arc->b1);
            replace(arc, false);
        } else {
            forget_oldest(arc, &arc->t1);
        }
    } else if (all >= arc->capacity) {
        if (all == 2 * arc->capacity)
            forget_oldest(arc, &arc->b2);
        replace(arc, false);
    }
    enter(arc, &arc->t1, T1, object);
}

static bool use(void *cache, uint32_t object)
{
    struct arc *arc = cache;

    switch ((enum place)arc->place[object]) {
    case T1:
        ctxi_queue_remove(&arc->t1, object);
        enter(arc, &arc->t2, T2, object);
        return true;
    case T2:
        ctxi_queue_renew(&arc->t2, object);
        return true;
    case B1:
        use_known_by_b1(arc, object);
        return false;
    case B2:
        use_known_by_b2(arc, object);
        return false;
    case NOWHERE:
        use_unknown(arc, object);
        return false;
    }
    return false;
}

const struct ctxi_policy ctxi_policy_arc = {
    "arc",
    "Megiddo and Modha, ARC: a self-tuning, low overhead replacement cache, FAST 2003",
    create,
    use,
};
