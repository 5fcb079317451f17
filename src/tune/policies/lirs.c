/*
 * LIRS: who is used again soon after the use before (low inter-reference recency, LIR) has nearly all of
 * the capacity, and the others (HIR) share a small queue of a hundredth of it. A stack in the order of
 * use tells who is who: it holds all LIR objects, and of HIR objects, stored or not, those used since the
 * oldest LIR one was. A HIR object used while it is in the stack has a lower recency than that one, and
 * takes its part: the oldest LIR object becomes HIR.
 *
 *   the stack   newest ... oldest, which is a LIR object always: what is older has been pruned
 *   the queue   HIR objects that are stored; the oldest is the next to go
 *
 * As in the authors' program, lirs.c of 2002, a use of what was used just before is a hit and changes
 * nothing, and the queue has room for two at least, where the capacity has that. With a capacity of 1
 * there are no LIR objects, and the stack is always empty. What the stack remembers of objects that are
 * not stored is not limited, as in the paper.
 */
#include "tune/policies/queue.h"
#include "tune/policy.h"

struct object {
    bool is_lir, stored, in_stack; /* LIR: stored, in the stack, and not in the queue */
};

struct lirs {
    uint32_t capacity, lir_capacity, lir_count;
    uint32_t latest;                /* used; CTXI_NOBODY at first */
    struct ctxi_queue stack, queue; /* with links of their own: an object may be in both */
    struct object *objects;         /* [object_count] */
};

static void *create(const struct ctxi_stream *stream, uint32_t capacity, struct ctxi_blocks *blocks)
{
    struct lirs *lirs = ctxi_blocks_take(blocks, 1, sizeof *lirs);
    struct ctxi_links *links = ctxi_blocks_take(blocks, stream->object_count, 2 * sizeof *links);
    uint32_t hir_capacity = capacity < 300 ? 2 : capacity / 100;

    if (!lirs || !links)
        return NULL;
    if (capacity <= 2)
        hir_capacity = 1;
    lirs->capacity = capacity;
    lirs->latest = CTXI_NOBODY;
    lirs->lir_capacity = capacity - hir_capacity;
    lirs->stack = ctxi_queue_of(links);
    lirs->queue = ctxi_queue_of(links + stream->object_count);
    lirs->objects = ctxi_blocks_take(blocks, stream->object_count, sizeof *lirs->objects);
    return lirs->objects ? lirs : NULL;
}

static void to_top(struct lirs *lirs, uint32_t object)
{
    if (lirs->objects[object].in_stack)
        ctxi_queue_remove(&lirs->stack, object);
    ctxi_queue_add(&lirs->stack, object);
    lirs->objects[object].in_stack = true;
}

/* Until the oldest in the stack is a LIR object. */
static void prune(struct lirs *lirs)
{
    while (lirs->stack.count > 0 && !lirs->objects[lirs->stack.oldest].is_lir)
        lirs->objects[ctxi_queue_take(&lirs->stack)].in_stack = false;
}

/* One that is in no queue, and stored, becomes LIR; if these are too many, the oldest becomes HIR. */
static void promote(struct lirs *lirs, uint32_t object)
{
    lirs->objects[object].is_lir = true;
    to_top(lirs, object);
    if (lirs->lir_count < lirs->lir_capacity) {
        lirs->lir_count++;
        return;
    }
    prune(lirs);
    object = ctxi_queue_take(&lirs->stack);
    lirs->objects[object].is_lir = lirs->objects[object].in_stack = false;
    ctxi_queue_add(&lirs->queue, object);
    prune(lirs);
}

static void use_stored(struct lirs *lirs, uint32_t object)
{
    const struct object *it = &lirs->objects[object];

    if (it->is_lir) {
        to_top(lirs, object);
    } else if (it->in_stack) {
        ctxi_queue_remove(&lirs->queue, object);
        promote(lirs, object);
    } else {
        ctxi_queue_renew(&lirs->queue, object);
        to_top(lirs, object);
    }
    prune(lirs);
}

static bool use(void *cache, uint32_t object)
{
    struct lirs *lirs = cache;

    if (object == lirs->latest)
        return true;
    lirs->latest = object;
    if (lirs->objects[object].stored) {
        use_stored(lirs, object);
        return true;
    }
    if (lirs->lir_count + lirs->queue.count == lirs->capacity)
        lirs->objects[ctxi_queue_take(&lirs->queue)].stored = false;
    lirs->objects[object].stored = true;
    if (lirs->objects[object].in_stack || lirs->lir_count < lirs->lir_capacity) {
        promote(lirs, object);
    } else {
        to_top(lirs, object);
        ctxi_queue_add(&lirs->queue, object);
        prune(lirs);
    }
    return false;
}

const struct ctxi_policy ctxi_policy_lirs = {
    "lirs",
    "Jiang and Zhang, LIRS: an efficient low inter-reference recency set replacement policy to "
    "improve "
    "buffer cache performance, SIGMETRICS 2002",
    create,
    use,
};
