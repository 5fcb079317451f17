/*
 * SIEVE: a queue in the order of storing, which hits do not change, and a hand that goes from the oldest
 * to the newest and then begins again. Who was used since it came by is passed over; the first that was
 * not goes, from where it stands, and the hand stays there. So what is used stays among the old ones,
 * and what is new meets the hand soon.
 */
#include "tune/policies/queue.h"
#include "tune/policy.h"

struct sieve {
    uint32_t capacity;
    uint32_t hand; /* CTXI_NOBODY: at the oldest */
    struct ctxi_queue queue;
    bool *stored; /* [object_count] */
    bool *used;   /* [object_count], since the hand came by */
};

static void *create(const struct ctxi_stream *stream, uint32_t capacity, struct ctxi_blocks *blocks)
{
    struct sieve *sieve = ctxi_blocks_take(blocks, 1, sizeof *sieve);
    struct ctxi_links *links = ctxi_blocks_take(blocks, stream->object_count, sizeof *links);

    if (!sieve || !links)
        return NULL;
    sieve->capacity = capacity;
    sieve->hand = CTXI_NOBODY;
    sieve->queue = ctxi_queue_of(links);
    sieve->stored = ctxi_blocks_take(blocks, stream->object_count, sizeof *sieve->stored);
    sieve->used = ctxi_blocks_take(blocks, stream->object_count, sizeof *sieve->used);
    return sieve->stored && sieve->used ? sieve : NULL;
}

static void evict(struct sieve *sieve)
{
    struct ctxi_queue *queue = &sieve->queue;
    uint32_t object = sieve->hand == CTXI_NOBODY ? queue->oldest : sieve->hand;

    while (sieve->used[object]) {
        sieve->used[object] = false;
        object = queue->links[object].newer;
        if (object == CTXI_NOBODY)
            object = queue->oldest;
    }
    sieve->hand = queue->links[object].newer;
    ctxi_queue_remove(queue, object);
    sieve->stored[object] = false;
}

static bool use(void *cache, uint32_t object)
{
    struct sieve *sieve = cache;

    if (sieve->stored[object]) {
        sieve->used[object] = true;
        return true;
    }
    if (sieve->queue.count == sieve->capacity)
        evict(sieve);
    ctxi_queue_add(&sieve->queue, object);
    sieve->stored[object] = true;
    return false;
}

const struct ctxi_policy ctxi_policy_sieve = {
    "sieve",
    "Zhang et al., SIEVE is simpler than LRU: an efficient turn-key eviction algorithm for web "
    "caches, "
    "NSDI 2024",
    create,
    use,
};
