/*
 * Records are carried out in the order of their stamps: a merge of the rings, each of which is in
 * order. The idea of buffering hits and carrying them out in batches is that of BP-Wrapper (Ding,
 * Jiang and Zhang, ICDE 2009).
 */
#include "cache/recency.h"

#include "cache/cache.h"
#include "cache/reader.h"

#define AHEAD         4 /* links fetched before they are needed; their neighbours half as long before */
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

/* The link of a record soon to come, then those of its neighbours: where they are now, most likely. */
static void fetch(const struct ctxi_arena *arena, const struct ctxi_reader *reader, uint32_t from,
                  uint32_t end)
{
    if (end - from > AHEAD) {
        uint32_t number = reader->records[(from + AHEAD) % CTXI_RECORDS].number;

        __builtin_prefetch(ctxi_arena_link(arena, number), 1);
    }
    if (end - from > AHEAD / 2) {
        uint32_t number = reader->records[(from + AHEAD / 2) % CTXI_RECORDS].number;
        const struct ctxi_numbers *link = ctxi_arena_link(arena, number);

        if (link->prev < CTXI_OUT) {
            __builtin_prefetch(ctxi_arena_link(arena, link->prev), 1);
            __builtin_prefetch(ctxi_arena_link(arena, link->next), 1);
        }
    }
}

static void carry_out(ctx_cache *cache, const struct ctxi_record *record, struct run *run)
{
    uint32_t place = record->place & ~CTXI_RECORD_NEGATIVE;

    if (place != run->place) {
        count_run(cache, run);
        run->place = place;
    }
    run->hits++;
    run->negative += (record->place & CTXI_RECORD_NEGATIVE) != 0;
    if (ctxi_recency_has(&cache->arena, record->number)) /* else it was removed meanwhile */
        ctxi_recency_touch(&cache->arena, record->number);
}

/* The records of one ring from `tail` up to `end`. */
static void carry_out_some(ctx_cache *cache, struct ctxi_reader *reader, uint32_t end,
                           struct run *run)
{
    uint32_t at = atomic_load_explicit(&reader->tail, memory_order_relaxed);

    for (; at != end; at++) {
        fetch(&cache->arena, reader, at, end);
        carry_out(cache, &reader->records[at % CTXI_RECORDS], run);
    }
    atomic_store_explicit(&reader->tail, end, memory_order_release); /* READER-3 */
}

static struct ctxi_reader *reader_of(struct ctxi_link *link)
{
    return CTXI_CONTAINER(link, struct ctxi_reader, link);
}

static uint32_t head_of(const struct ctxi_reader *reader)
{
    return atomic_load_explicit(&reader->head, memory_order_acquire); /* READER-3 */
}

/* ---- one thread recorded ------------------------------------------------------------------ */

static void drain_one(ctx_cache *cache, uint32_t id, struct run *run)
{
    struct ctxi_link *list = &cache->readers.list;

    for (struct ctxi_link *link = list->next; link != list; link = link->next)
        if (reader_of(link)->id == id) {
            carry_out_some(cache, reader_of(link), head_of(reader_of(link)), run);
            return;
        }
}

/* ---- many did ----------------------------------------------------------------------------- */

static uint64_t stamp_at(const struct ctxi_reader *reader, uint32_t at)
{
    return reader->records[at % CTXI_RECORDS].stamp;
}

static uint32_t tail_of(const struct ctxi_reader *reader)
{
    return atomic_load_explicit(&reader->tail, memory_order_relaxed); /* written under the lock */
}

/*
 * Notes up to where each ring is to be carried out: not beyond `now`, which was read before any head
 * is. For what is in a ring, and came after something that is not in another one yet, is later than
 * that. Returns how many rings have something.
 */
static uint32_t note_ends(struct ctxi_link *list, uint64_t now)
{
    uint32_t count = 0;

    for (struct ctxi_link *link = list->next; link != list; link = link->next) {
        struct ctxi_reader *reader = reader_of(link);
        uint32_t end = head_of(reader);

        while (end != tail_of(reader) && ctxi_stamp_before(now, stamp_at(reader, end - 1)))
            end--;
        reader->end = end;
        count += end != tail_of(reader);
    }
    return count;
}

/* The ring whose next record is the oldest of all; *out_limit: the oldest of the others. NULL: none. */
static struct ctxi_reader *oldest_ring(struct ctxi_link *list, uint64_t now, uint64_t *out_limit)
{
    struct ctxi_reader *first = NULL;
    uint64_t oldest = now;

    *out_limit = now;
    for (struct ctxi_link *link = list->next; link != list; link = link->next) {
        struct ctxi_reader *reader = reader_of(link);
        uint64_t stamp;

        if (tail_of(reader) == reader->end)
            continue;
        stamp = stamp_at(reader, tail_of(reader));
        if (!first || ctxi_stamp_before(stamp, oldest)) {
            *out_limit = oldest;
            oldest = stamp;
            first = reader;
        } else if (ctxi_stamp_before(stamp, *out_limit)) {
            *out_limit = stamp;
        }
    }
    return first;
}

static void merge(ctx_cache *cache, uint64_t now, struct run *run)
{
    struct ctxi_link *list = &cache->readers.list;
    struct ctxi_reader *reader;
    uint64_t limit;

    while ((reader = oldest_ring(list, now, &limit))) {
        uint32_t end = tail_of(reader) + 1;

        while (end != reader->end && !ctxi_stamp_before(limit, stamp_at(reader, end)))
            end++;
        carry_out_some(cache, reader, end, run);
    }
}

/*
 * When one thread alone has recorded for long, nobody is named any more, and the next to record is
 * alone again. A call that still saw "many" may be about to write a record; so all rings go on being
 * merged until a grace, begun later, has ended (reclaim.c).
 */
static void consider_loneliness(struct ctxi_readers *readers)
{
    if (++readers->lonely <= LONELY_ENOUGH)
        return;
    readers->lonely = 0;
    readers->unsettled = CTXI_UNSETTLED;
    /* relaxed, like all of it */
    atomic_store_explicit(&readers->recorder, ctxi_stamp_now() << 16 | CTXI_ID_NONE,
                          memory_order_relaxed);
}

static void drain_all(ctx_cache *cache, bool many, struct run *run)
{
    struct ctxi_readers *readers = &cache->readers;
    uint64_t now = ctxi_stamp_now();
    uint32_t count = note_ends(&readers->list, now);

    merge(cache, now, run);
    if (count > 1)
        readers->lonely = 0;
    else if (many && count)
        consider_loneliness(readers);
}

void ctxi_recency_drain(ctx_cache *cache)
{
    uint64_t word = atomic_load_explicit(&cache->readers.recorder, memory_order_relaxed);
    uint32_t id = word & CTXI_ID_MASK;
    struct run run = {0, 0, 0};

    CTXI_ASSERT_HELD(&cache->lock);
    if (id == CTXI_ID_MANY || cache->readers.unsettled)
        drain_all(cache, id == CTXI_ID_MANY, &run);
    else if (id != CTXI_ID_NONE)
        drain_one(cache, id, &run);
    if (run.hits)
        count_run(cache, &run);
}
