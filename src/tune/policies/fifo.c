/*
 * First in, first out: the one that was stored first goes, however often it was used. A ring: when it is
 * full, the next place is that of the oldest.
 */
#include "tune/policy.h"

struct fifo {
    uint32_t capacity, count, next;
    uint32_t *ring; /* [capacity] objects */
    bool *stored;   /* [object_count] */
};

static void *create(const struct ctxi_stream *stream, uint32_t capacity, struct ctxi_blocks *blocks)
{
    struct fifo *fifo = ctxi_blocks_take(blocks, 1, sizeof *fifo);

    if (!fifo)
        return NULL;
    fifo->capacity = capacity;
    fifo->ring = ctxi_blocks_take(blocks, capacity, sizeof *fifo->ring);
    fifo->stored = ctxi_blocks_take(blocks, stream->object_count, sizeof *fifo->stored);
    return fifo->ring && fifo->stored ? fifo : NULL;
}

static bool use(void *cache, uint32_t object)
{
    struct fifo *fifo = cache;

    if (fifo->stored[object])
        return true;
    if (fifo->count == fifo->capacity)
        fifo->stored[fifo->ring[fifo->next]] = false;
    else
        fifo->count++;
    fifo->ring[fifo->next] = object;
    fifo->stored[object] = true;
    fifo->next = fifo->next + 1 < fifo->capacity ? fifo->next + 1 : 0;
    return false;
}

const struct ctxi_policy ctxi_policy_fifo = {
    "fifo",
    "Belady, A study of replacement algorithms for a virtual-storage computer, IBM Systems Journal "
    "1966",
    create,
    use,
};
