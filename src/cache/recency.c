/*
 * Records are carried out in the order of their stamps: a merge of the rings, each of which is in
 * order. The idea of buffering hits and carrying them out in batches is that of BP-Wrapper (Ding,
 * Jiang and Zhang, ICDE 2009).
 */
#include "cache/recency.h"

#include "base/prefetch.h"
#include "cache/cache.h"
#include "cache/live.h"
#include "cache/reader.h"

#define BATCH         256 /* records */
#define LONELY_ENOUGH 16  /* drains in a row with one thread's records, and it is alone again */
#define CROWD_PROOFS  2   /* overlaps that one drain finds, and there is a crowd */
#define CROWD_DRAINS  64  /* that it lasts, before it is looked at again */

/* Hits of one partition in a row, all negative or none, to be counted together. */
struct run {
    uint32_t place; /* as in a record */
    uint64_t hits;
};

static void count_in(ctx_cache_stats *stats, const struct run *run)
{
    stats->calls += run->hits;
    stats->hits += run->hits;
    if (run->place & CTXI_RECORD_NEGATIVE)
        stats->negative_hits += run->hits;
}

static void count_run(ctx_cache *cache, struct run *run)
{
    struct ctxi_partition *partition =
        ctxi_partition_in(&cache->partitions, run->place & ~CTXI_RECORD_NEGATIVE);

    count_in(&cache->stats, run);
    if (partition)
        count_in(&partition->stats, run);
    run->hits = 0;
}

/*
 * Uses that are carried out together. What counts of an entry is its last use, so they are looked at from the
 * last one on: each entry leaves the list at its last use, and is TAKEN; those before find it so. Then
 * all that were taken become the beginning of the list. Neighbours are written, never read, so nothing
 * waits for their lines; the links themselves are on their way since they were added.
 */
struct batch {
    const struct ctxi_places *places; /* of the arena */
    uint32_t count, last;             /* the number that was added last; 0: none */
    uint32_t numbers[BATCH];
    struct ctxi_numbers *links[BATCH];
};

#define TAKEN                                                                                      \
    (CTXI_OUT - 1) /* `prev` of an entry that left the list for its beginning; no number */

/* A second use in a row of one entry changes nothing. */
static inline void add_use(struct batch *batch, uint32_t number)
{
    struct ctxi_numbers *link = ctxi_places_link(batch->places, number);

    ctxi_prefetch_write(link);
    batch->last = number;
    batch->numbers[batch->count] = number;
    batch->links[batch->count++] = link;
}

/* Takes entries out of the list, those used last first, and moves them to the end of the batch's arrays in
 * the order of their use. Returns how many they are. */
static uint32_t take(struct batch *batch)
{
    uint32_t taken = 0;

    for (uint32_t i = batch->count; i-- > 0;) {
        struct ctxi_numbers *link = batch->links[i];
        struct ctxi_numbers old = *link;

        if (old.prev >= TAKEN) /* or it was removed meanwhile */
            continue;
        ctxi_places_link(batch->places, old.prev)->next = old.next;
        ctxi_places_link(batch->places, old.next)->prev = old.prev;
        link->prev = TAKEN;
        taken++;
        batch->links[batch->count - taken] = link;
        batch->numbers[batch->count - taken] = batch->numbers[i];
    }
    return taken;
}

/* Number 0 stands between the newest and the oldest. */
static void finish(struct batch *batch)
{
    uint32_t first = batch->count - take(batch), number = 0, next;
    struct ctxi_numbers *newer = ctxi_places_link(batch->places, 0);

    next = newer->next;
    for (uint32_t i = batch->count; i-- > first;) {
        newer->next = batch->numbers[i];
        batch->links[i]->prev = number;
        newer = batch->links[i];
        number = batch->numbers[i];
    }
    newer->next = next;
    ctxi_places_link(batch->places, next)->prev = number;
    batch->count = 0;
}

/* Whoever is watched from now on has had the hits before. */
static uint32_t tell_live(ctx_cache *cache, const struct ctxi_record *record, struct run *run)
{
    count_run(cache, run);
    ctxi_live_hit(cache, record->number);
    return record->place & ~CTXI_RECORD_SAMPLED;
}

static inline void carry_out_one(ctx_cache *cache, const struct ctxi_record *record,
                                 struct batch *batch, struct run *run)
{
    uint32_t place = record->place;

    if (__builtin_expect(place != run->place, 0)) {
        if (place & CTXI_RECORD_SAMPLED)
            place = tell_live(cache, record, run);
        else
            count_run(cache, run);
        run->place = place;
    }
    run->hits++;
    if (record->number == batch->last)
        return;
    add_use(batch, record->number);
    if (batch->count == BATCH)
        finish(batch);
}

/* The records of one ring from `at` up to `end`, without times, and what was left out of blocks. */
static void carry_out(ctx_cache *cache, const struct ctxi_reader *reader, uint32_t at, uint32_t end,
                      struct batch *batch, struct run *run)
{
    for (; at != end; at++) {
        const struct ctxi_record *record = &reader->ring[at % CTXI_RING].record;

        if (at % CTXI_RING_BLOCK != 0 && record->number)
            carry_out_one(cache, record, batch, run);
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

static uint32_t block_of(uint32_t position)
{
    return position / CTXI_RING_BLOCK * CTXI_RING_BLOCK;
}

static uint64_t stamp_at(const struct ctxi_reader *reader, uint32_t at)
{
    return reader->ring[block_of(at) % CTXI_RING].stamp;
}

/* The rings that have something, a list by next_active. */
struct rings {
    struct ctxi_reader *first;
    uint32_t count;
    uint32_t proofs; /* that calls of different threads overlap: records of one moment */
};

/*
 * Notes up to where each ring is to be carried out: not beyond `now`, which was read before any head
 * is. For what is in a ring, and came after something that is not in another one yet, is later than
 * that.
 */
static struct rings find_rings(struct ctxi_link *list, uint64_t now)
{
    struct rings rings = {NULL, 0, 0};

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

/* Where the next block begins, or what is to be carried out ends. */
static uint32_t next_block(const struct ctxi_reader *reader, uint32_t at)
{
    uint32_t next = block_of(at) + CTXI_RING_BLOCK;

    return reader->end - at < next - at ? reader->end : next;
}

/* The ring whose next record is the oldest of all; *out_limit: the oldest of the others, or `now`. */
static struct ctxi_reader **oldest_ring(struct rings *rings, uint64_t now, uint64_t *out_limit)
{
    struct ctxi_reader **at = &rings->first, **found = at;
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
        struct ctxi_reader **at = oldest_ring(rings, now, &limit), *reader = *at;
        uint32_t end = next_block(reader, reader->at);

        while (end != reader->end && !ctxi_stamp_before(limit, stamp_at(reader, end)))
            end = next_block(reader, end);
        rings->proofs += limit != now && stamp_at(reader, end - 1) == limit;
        carry_out(cache, reader, reader->at, end, batch, run);
        reader->at = end;
        if (end == reader->end) {
            set_tail(reader, end);
            *at = reader->next_active;
        }
    }
}

/* Changes what records are stamped by. Relaxed: nothing else is said by it. */
static void set_recorder(struct ctxi_readers *readers, uint32_t id)
{
    atomic_store_explicit(&readers->recorder, id, memory_order_relaxed);
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
    set_recorder(readers, reader->id | CTXI_ID_TRIAL);
}

/*
 * A crowd begins. Within one unit of time nothing can be handed from a thread to another, so two records
 * of one are of calls that overlap: calls come so fast that a bounded disorder is worth it (cache.h).
 */
static void consider_crowd(struct ctxi_readers *readers, uint32_t proofs)
{
    if (proofs < CROWD_PROOFS)
        return;
    readers->crowd += CTXI_ID_CROWD;
    if (readers->crowd == 0)
        readers->crowd = CTXI_ID_CROWD;
    readers->crowd_left = CROWD_DRAINS;
    set_recorder(readers, readers->crowd);
}

/* The time up to which records are carried out: if there is one ring alone, there is nothing to wait for. */
static uint64_t time_of_drain(const struct ctxi_readers *readers)
{
    const struct ctxi_link *first = readers->list.next;

    return first->next == &readers->list ? UINT64_MAX : ctxi_ticks_first() >> CTXI_STAMP_SHIFT;
}

static void drain_all(ctx_cache *cache, uint32_t id, struct batch *batch, struct run *run)
{
    struct ctxi_readers *readers = &cache->readers;
    uint64_t now = time_of_drain(readers);
    struct rings rings = find_rings(&readers->list, now);
    const struct ctxi_reader *only = rings.count == 1 ? rings.first : NULL;

    if (rings.count > 1)
        readers->lonely = 0;
    merge(cache, &rings, now, batch, run);
    if (id >= CTXI_ID_CROWD && --readers->crowd_left == 0)
        set_recorder(readers, CTXI_ID_MANY);
    else if (id == CTXI_ID_MANY && only)
        consider_loneliness(readers, only);
    else if (id == CTXI_ID_MANY)
        consider_crowd(readers, rings.proofs);
}

/* Whether one thread is named. */
static bool is_name(uint32_t id)
{
    return id != CTXI_ID_NONE && id < CTXI_ID_TRIAL;
}

static void start(struct batch *batch, struct run *run, const ctx_cache *cache)
{
    batch->places = ctxi_arena_places(&cache->arena);
    batch->count = batch->last = 0;
    *run = (struct run){0, 0};
}

static void end(struct batch *batch, struct run *run, ctx_cache *cache)
{
    finish(batch);
    if (run->hits)
        count_run(cache, run);
}

void ctxi_recency_drain(ctx_cache *cache)
{
    uint32_t id = atomic_load_explicit(&cache->readers.recorder, memory_order_relaxed);
    struct batch batch;
    struct run run;

    CTXI_ASSERT_HELD(&cache->lock);
    if (id == CTXI_ID_NONE)
        return;
    start(&batch, &run, cache);
    if (!is_name(id) || !drain_one(cache, id, &batch, &run))
        drain_all(cache, id, &batch, &run);
    end(&batch, &run, cache);
}

/* Whether some ring has kept what it had. */
static bool is_any_left(struct ctxi_link *list)
{
    for (struct ctxi_link *link = list->next; link != list; link = link->next)
        if ((int32_t)(reader_of(link)->must - tail_of(reader_of(link))) > 0)
            return true;
    return false;
}

void ctxi_recency_drain_whole(ctx_cache *cache)
{
    struct ctxi_link *list = &cache->readers.list;
    struct rings rings;
    struct batch batch;
    struct run run;

    for (struct ctxi_link *link = list->next; link != list; link = link->next)
        reader_of(link)->must = head_of(reader_of(link));
    ctxi_recency_drain(cache);
    if (!is_any_left(list))
        return;
    start(&batch, &run, cache);
    rings = find_rings(list, UINT64_MAX);
    merge(cache, &rings, UINT64_MAX, &batch, &run);
    end(&batch, &run, cache);
}
