/*
 * W-TinyLFU: what is new goes to a window, an LRU queue of a hundredth of the capacity. Who falls out of
 * it asks to be admitted to the main cache: when that is full, it takes the place of the one that
 * would go next there, if it was used more often lately (sketch.h), and else leaves itself. The main
 * cache is a segmented LRU: probation for who was admitted, and four fifths of it protected for who was
 * used there; who falls out of that goes back to probation.
 *
 * The hundredth is rounded up, so with a capacity of 1 the window is the whole cache. Protected is one
 * less than the main cache at most, so that there is probation.
 */
#include "tune/policies/queue.h"
#include "tune/policies/sketch.h"
#include "tune/policy.h"

enum place { NOWHERE, WINDOW, PROBATION, PROTECTED };

struct wtinylfu {
    uint32_t window_capacity, main_capacity, protected_capacity;
    struct ctxi_queue window, probation, protected;
    struct ctxi_sketch sketch;
    uint8_t *place; /* [object_count], enum place: the one queue that it is in */
};

static void *create(const struct ctxi_stream *stream, uint32_t capacity, struct ctxi_blocks *blocks)
{
    struct wtinylfu *cache = ctxi_blocks_take(blocks, 1, sizeof *cache);
    struct ctxi_links *links = ctxi_blocks_take(blocks, stream->object_count, sizeof *links);

    if (!cache || !links || !ctxi_sketch_init(&cache->sketch, capacity, blocks))
        return NULL;
    cache->window_capacity = capacity / 100 + (capacity % 100 != 0);
    cache->main_capacity = capacity - cache->window_capacity;
    cache->protected_capacity = (uint32_t)((uint64_t)cache->main_capacity * 4 / 5);
    cache->window = cache->probation = cache->protected = ctxi_queue_of(links);
    cache->place = ctxi_blocks_take(blocks, stream->object_count, sizeof *cache->place);
    return cache->place ? cache : NULL;
}

static void enter(struct wtinylfu *cache, struct ctxi_queue *queue, enum place place,
                  uint32_t object)
{
    ctxi_queue_add(queue, object);
    cache->place[object] = (uint8_t)place;
}

static void protect(struct wtinylfu *cache, uint32_t object)
{
    ctxi_queue_remove(&cache->probation, object);
    enter(cache, &cache->protected, PROTECTED, object);
    if (cache->protected.count > cache->protected_capacity)
        enter(cache, &cache->probation, PROBATION, ctxi_queue_take(&cache->protected));
}

/* It was in the window. */
static void admit(struct wtinylfu *cache, uint32_t candidate)
{
    bool full = cache->probation.count + cache->protected.count >= cache->main_capacity;
    uint32_t victim = cache->probation.oldest;

    cache->place[candidate] = NOWHERE;
    if (full && (victim == CTXI_NOBODY || ctxi_sketch_uses(&cache->sketch, candidate) <=
                                              ctxi_sketch_uses(&cache->sketch, victim)))
        return;
    if (full)
        cache->place[ctxi_queue_take(&cache->probation)] = NOWHERE;
    enter(cache, &cache->probation, PROBATION, candidate);
}

static bool use(void *state, uint32_t object)
{
    struct wtinylfu *cache = state;

    ctxi_sketch_use(&cache->sketch, object);
    switch ((enum place)cache->place[object]) {
    case WINDOW:
        ctxi_queue_renew(&cache->window, object);
        return true;
    case PROBATION:
        protect(cache, object);
        return true;
    case PROTECTED:
        ctxi_queue_renew(&cache->protected, object);
        return true;
    case NOWHERE:
        break;
    }
    enter(cache, &cache->window, WINDOW, object);
    if (cache->window.count > cache->window_capacity)
        admit(cache, ctxi_queue_take(&cache->window));
    return false;
}

const struct ctxi_policy ctxi_policy_wtinylfu = {
    "w-tinylfu",
    "Einziger, Friedman and Manes, TinyLFU: a highly efficient cache admission policy, ACM TOS "
    "2017",
    create,
    use,
};
