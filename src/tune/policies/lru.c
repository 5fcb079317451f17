/*
 * Least recently used: the one that was not used for the longest time goes. One queue, in the order of
 * use.
 */
#include "tune/policies/queue.h"
#include "tune/policy.h"

struct lru {
    uint32_t capacity;
    struct ctxi_queue queue;
    bool *stored; /* [object_count] */
};

static void *create(const struct ctxi_stream *stream, uint32_t capacity, struct ctxi_blocks *blocks)
{
    struct lru *lru = ctxi_blocks_take(blocks, 1, sizeof *lru);
    struct ctxi_links *links = ctxi_blocks_take(blocks, stream->object_count, sizeof *links);

    if (!lru || !links)
        return NULL;
    lru->capacity = capacity;
    lru->queue = ctxi_queue_of(links);
    lru->stored = ctxi_blocks_take(blocks, stream->object_count, sizeof *lru->stored);
    return lru->stored ? lru : NULL;
}

static bool use(void *cache, uint32_t object)
{
    struct lru *lru = cache;

    if (lru->stored[object]) {
        ctxi_queue_renew(&lru->queue, object);
        return true;
    }
    if (lru->queue.count == lru->capacity)
        lru->stored[ctxi_queue_take(&lru->queue)] = false;
    ctxi_queue_add(&lru->queue, object);
    lru->stored[object] = true;
    return false;
}

const struct ctxi_policy ctxi_policy_lru = {
    "lru",
    "Mattson et al., Evaluation techniques for storage hierarchies, IBM Systems Journal 1970",
    create,
    use,
};
