/*
 * CLOCK, or second chance: a hand goes round a ring of what is stored. Who was used since it came by the
 * last time is passed over, once; the first that was not goes, and the new one takes its place. A new
 * one has not been used: storing is no use.
 */
#include "tune/policy.h"

struct clock {
    uint32_t capacity, count, hand;
    uint32_t *ring; /* [capacity] objects */
    bool *stored;   /* [object_count] */
    bool *used;     /* [object_count], since the hand came by */
};

static void *create(const struct ctxi_stream *stream, uint32_t capacity, struct ctxi_blocks *blocks)
{
    struct clock *clock = ctxi_blocks_take(blocks, 1, sizeof *clock);

    if (!clock)
        return NULL;
    clock->capacity = capacity;
    clock->ring = ctxi_blocks_take(blocks, capacity, sizeof *clock->ring);
    clock->stored = ctxi_blocks_take(blocks, stream->object_count, sizeof *clock->stored);
    clock->used = ctxi_blocks_take(blocks, stream->object_count, sizeof *clock->used);
    return clock->ring && clock->stored && clock->used ? clock : NULL;
}

static void advance(struct clock *clock)
{
    clock->hand = clock->hand + 1 < clock->capacity ? clock->hand + 1 : 0;
}

/* Moves the hand to a place that is, or becomes, free. */
static void find_place(struct clock *clock)
{
    if (clock->count < clock->capacity) {
        clock->count++;
        return;
    }
    while (clock->used[clock->ring[clock->hand]]) {
        clock->used[clock->ring[clock->hand]] = false;
        advance(clock);
    }
    clock->stored[clock->ring[clock->hand]] = false;
}

static bool use(void *cache, uint32_t object)
{
    struct clock *clock = cache;

    if (clock->stored[object]) {
        clock->used[object] = true;
        return true;
    }
    find_place(clock);
    clock->ring[clock->hand] = object;
    clock->stored[object] = true;
    advance(clock);
    return false;
}

const struct ctxi_policy ctxi_policy_clock = {
    "clock",
    "Corbato, A paging experiment with the Multics system, MIT 1968",
    create,
    use,
};
