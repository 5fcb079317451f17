/*
 * S3-FIFO: three queues in the order of arrival. What is new goes to the small one, a tenth of the
 * capacity. At its end, who was used more than once moves on to the main one, and the others leave, but
 * are remembered by the ghost queue, as many as the main one has room for. Who comes back while it is
 * remembered goes to the main queue at once. At the end of that, who was used begins again, with one use
 * less; up to three are counted.
 *
 * An object is in one of the queues at most, so they share their links. The small queue has room for one
 * at least; with a capacity of 1 there is no main queue, and who moves on leaves it at once.
 */
#include "tune/policies/queue.h"
#include "tune/policy.h"

#define USES_MAX 3

enum place { NOWHERE, SMALL, MAIN, GHOST };

struct s3fifo {
    uint32_t capacity, small_capacity, main_capacity;
    struct ctxi_queue small, main, ghost;
    uint8_t *place; /* [object_count], enum place */
    uint8_t *uses;  /* [object_count], 0 .. USES_MAX */
};

static void *create(const struct ctxi_stream *stream, uint32_t capacity, struct ctxi_blocks *blocks)
{
    struct s3fifo *cache = ctxi_blocks_take(blocks, 1, sizeof *cache);
    struct ctxi_links *links = ctxi_blocks_take(blocks, stream->object_count, sizeof *links);

    if (!cache || !links)
        return NULL;
    cache->capacity = capacity;
    cache->small_capacity = capacity < 20 ? 1 : capacity / 10;
    cache->main_capacity = capacity - cache->small_capacity;
    cache->small = cache->main = cache->ghost = ctxi_queue_of(links);
    cache->place = ctxi_blocks_take(blocks, stream->object_count, sizeof *cache->place);
    cache->uses = ctxi_blocks_take(blocks, stream->object_count, sizeof *cache->uses);
    return cache->place && cache->uses ? cache : NULL;
}

static void enter(struct s3fifo *cache, struct ctxi_queue *queue, enum place place, uint32_t object)
{
    ctxi_queue_add(queue, object);
    cache->place[object] = (uint8_t)place;
    cache->uses[object] = 0;
}

static void remember(struct s3fifo *cache, uint32_t object)
{
    enter(cache, &cache->ghost, GHOST, object);
    if (cache->ghost.count > cache->main_capacity)
        cache->place[ctxi_queue_take(&cache->ghost)] = NOWHERE;
}

static void evict_main(struct s3fifo *cache)
{
    uint32_t object = ctxi_queue_take(&cache->main);

    while (cache->uses[object] > 0) {
        cache->uses[object]--;
        ctxi_queue_add(&cache->main, object);
        object = ctxi_queue_take(&cache->main);
    }
    cache->place[object] = NOWHERE;
}

/* Until somebody has left the small queue, and the cache. */
static void evict_small(struct s3fifo *cache)
{
    while (cache->small.count > 0) {
        uint32_t object = ctxi_queue_take(&cache->small);

        if (cache->uses[object] <= 1) {
            remember(cache, object);
            return;
        }
        enter(cache, &cache->main, MAIN, object);
        if (cache->main.count > cache->main_capacity)
            evict_main(cache);
    }
}

static void make_room(struct s3fifo *cache)
{
    while (cache->small.count + cache->main.count >= cache->capacity)
        if (cache->small.count >= cache->small_capacity)
            evict_small(cache);
        else
            evict_main(cache);
}

static bool use(void *state, uint32_t object)
{
    struct s3fifo *cache = state;
    bool known;

    if (cache->place[object] == SMALL || cache->place[object] == MAIN) {
        if (cache->uses[object] < USES_MAX)
            cache->uses[object]++;
        return true;
    }
    make_room(cache);
    known = cache->place[object] == GHOST;
    if (known) {
        ctxi_queue_remove(&cache->ghost, object);
        enter(cache, &cache->main, MAIN, object);
    } else {
        enter(cache, &cache->small, SMALL, object);
    }
    return false;
}

const struct ctxi_policy ctxi_policy_s3fifo = {
    "s3-fifo",
    "Yang et al., FIFO queues are all you need for cache eviction, SOSP 2023",
    create,
    use,
};
