/*
 * Records are carried out in the order of their stamps: a merge of the rings, each of which is in
 * order. The idea of buffering hits and carrying them out in batches is that of BP-Wrapper (Ding,
 * Jiang and Zhang, ICDE 2009).
 */
#include "cache/recency.h"

#include "cache/cache.h"
#include "cache/reader.h"

#define BATCH         16 /* records */
#define LONELY_ENOUGH 16 /* drains in a row with one thread's records, and it is alone again */

/* Hits of one partition in a row, to be counted together. */
struct run {
    uint32_t place;
    uint64_t hits, negative;
};

static void count_run(ctx_cache *cache, struct run *run)
{
    struct ctxi_partition *partition = ctxi_partition_in(&cache->partitions, run->place);

    cache->stats.calls += run->hits;
    cache->stats.hits += run->hits;
    cache->stats.negative_hits += run->negative;
    if (partition) {
        partition->stats.calls += run->hits;
        partition->stats.hits += run->hits;
        partition->stats.negative_hits += run->negative;
    }
    run->hits = run->negative = 0;
}

/* Records carried out together: all their links are on their way before the first is needed. */
struct batch {
    uint32_t count;
    uint32_t numbers[BATCH];
    struct ctxi_numbers *links[BATCH];
};

static inline void add(ctx_cache *cache, struct batch *batch, struct run *run,
                       const struct ctxi_record *record)
{
    struct ctxi_numbers *link = ctxi_arena_link(&cache->arena, record->number);
    uint32_t place = record->place & ~CTXI_RECORD_NEGATIVE;

    __builtin_prefetch(link, 1);
    batch->numbers[batch->count] = record->number;
    batch->links[batch->count++] = link;
    if (place != run->place) {
        count_run(cache, run);
        run->place = place;
    }
    run->hits++;
    run->negative += (record->place & CTXI_RECORD_NEGATIVE) != 0;
}

static inline void fetch_neighbours(const struct ctxi_arena *arena, const struct ctxi_numbers *link)
{
    if (link->prev != 0 && link->prev < CTXI_OUT) {
        __builtin_prefetch(ctxi_arena_link(arena, link->prev), 1);
        __builtin_prefetch(ctxi_arena_link(arena, link->next), 1);
    }
}

static void finish(ctx_cache *cache, struct batch *batch)
{
    const struct ctxi_arena *arena = &cache->arena;

    for (uint32_t i = 0; i < batch->count; i++)
        fetch_neighbours(arena, batch->links[i]);
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->links[i]->prev < CTXI_OUT) /* else it was removed meanwhile */
            ctxi_recency_touch(arena, batch->numbers[i]);
    batch->count = 0;
}

/* The records of one ring from `at` up to `end`. */
static void carry_out(ctx_cache *cache, const struct ctxi_reader *reader, uint32_t at, uint32_t end,
                      struct batch *batch, struct run *run)
{
    for (; at != end; at++) {
        add(cache, batch, run, &reader->records[at % CTXI_RECORDS]);
        if (batch->count == BATCH)
            finish(cache, batch);
    }
}

static void set_tail(struct ctxi_reader *reader, uint32_t tail)
{
    atomic_store_explicit(&reader->tail, tail, memory_order_release); /* READER-3 */
}

static struct ctxi_reader *reader_of(struct ctxi_link *link)
{
    return CTXI_CONTAINER(link, struct ctxi_reader, link);
}

static uint32_t head_of(const struct ctxi_reader *reader)
{
    return atomic_load_explicit(&reader->head, memory_order_acquire); /* READER-3 */
}

static uint32_t tail_of(const struct ctxi_reader *reader)
{
    return atomic_load_explicit(&reader->tail, memory_order_relaxed); /* written under the lock */
}

/* ---- one thread recorded ------------------------------------------------------------------ */

/*
 * False: another has recorded, too. What the one wrote since need not be the next, so `recorder` is
 * looked at again after the head of its ring.
 */
static bool drain_one(ctx_cache *cache, uint32_t id, struct batch *batch, struct run *run)
{
    struct ctxi_link *list = &cache->readers.list;

    for (struct ctxi_link *link = list->next; link != list; link = link->next)
        if (reader_of(link)->id == id) {
            struct ctxi_reader *reader = reader_of(link);
            uint32_t end = head_of(reader);

            if (atomic_load_explicit(&cache->readers.recorder, memory_order_relaxed) != id)
                return false;
            carry_out(cache, reader, tail_of(reader), end, batch, run);
            set_tail(reader, end);
            return true;
        }
    return true;
}

/* ---- many did ----------------------------------------------------------------------------- */

static uint64_t stamp_at(const struct ctxi_reader *reader, uint32_t at)
{
    return reader->records[at % CTXI_RECORDS].stamp;
}

/* The rings that have something, a list by next_active; and how many they are. */
struct rings {
    struct ctxi_reader *first;
    uint32_t count;
};

/*
 * Notes up to where each ring is to be carried out: not beyond `now`, which was read before any head
 * is. For what is in a ring, and came after something that is not in another one yet, is later than
 * that.
 */
static struct rings find_rings(struct ctxi_link *list, uint64_t now)
{
    struct rings rings = {NULL, 0};

    for (struct ctxi_link *link = list->next; link != list; link = link->next) {
        struct ctxi_reader *reader = reader_of(link);
        uint32_t end = head_of(reader);

        reader->at = tail_of(reader);
        while (end != reader->at && ctxi_stamp_before(now, stamp_at(reader, end - 1)))
            end--;
        reader->end = end;
        if (end != reader->at) {
            reader->next_active = rings.first;
            rings.first = reader;
            rings.count++;
        }
    }
    return rings;
}

/* The ring whose next record is the oldest of all; *out_limit: the oldest of the others, or `now`. */
static struct ctxi_reader **oldest_ring(struct ctxi_reader **at, uint64_t now, uint64_t *out_limit)
{
    struct ctxi_reader **found = at;
    uint64_t oldest = stamp_at(*at, (*at)->at);

    *out_limit = now;
    for (at = &(*at)->next_active; *at; at = &(*at)->next_active) {
        uint64_t stamp = stamp_at(*at, (*at)->at);

        if (ctxi_stamp_before(stamp, oldest)) {
            *out_limit = oldest;
            oldest = stamp;
            found = at;
        } else if (ctxi_stamp_before(stamp, *out_limit)) {
            *out_limit = stamp;
        }
    }
    return found;
}

static void merge(ctx_cache *cache, struct rings *rings, uint64_t now, struct batch *batch,
                  struct run *run)
{
    while (rings->first) {
        uint64_t limit;
        struct ctxi_reader **at = oldest_ring(&rings->first, now, &limit), *reader = *at;
        uint32_t end = reader->at + 1;

        while (end != reader->end && !ctxi_stamp_before(limit, stamp_at(reader, end)))
            end++;
        carry_out(cache, reader, reader->at, end, batch, run);
        reader->at = end;
        if (end == reader->end) {
            set_tail(reader, end);
            *at = reader->next_active;
        }
    }
}

/*
 * When one thread alone has recorded for long, it is put on trial: it goes on reading the clock, until
 * a grace, begun later, has ended (reclaim.c). Then nobody who still saw "many" can be about to write
 * a record, later than the time that the one is to bear from then on.
 */
static void consider_loneliness(struct ctxi_readers *readers, const struct ctxi_reader *reader)
{
    if (++readers->lonely <= LONELY_ENOUGH)
        return;
    readers->lonely = 0;
    readers->unsettled = CTXI_UNSETTLED;
    /* relaxed: nothing else is said by it */
    atomic_store_explicit(&readers->recorder, reader->id | CTXI_ID_TRIAL, memory_order_relaxed);
}

static void drain_all(ctx_cache *cache, bool many, struct batch *batch, struct run *run)
{
    struct ctxi_readers *readers = &cache->readers;
    uint64_t now = ctxi_ticks_first() >> CTXI_STAMP_SHIFT;
    struct rings rings = find_rings(&readers->list, now);

    if (rings.count > 1)
        readers->lonely = 0;
    else if (many && rings.count)
        consider_loneliness(readers, rings.first);
    merge(cache, &rings, now, batch, run);
}

void ctxi_recency_drain(ctx_cache *cache)
{
    uint32_t id = atomic_load_explicit(&cache->readers.recorder, memory_order_relaxed);
    struct run run = {0, 0, 0};
    struct batch batch;

    CTXI_ASSERT_HELD(&cache->lock);
    batch.count = 0;
    if (id & CTXI_ID_TRIAL || (id != CTXI_ID_NONE && !drain_one(cache, id, &batch, &run)))
        drain_all(cache, id == CTXI_ID_MANY, &batch, &run);
    finish(cache, &batch);
    if (run.hits)
        count_run(cache, &run);
}
