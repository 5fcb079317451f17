#include "cache/reclaim.h"

#include <pthread.h>
#include <time.h>

#include "cache/cache.h"
#include "cache/function.h"

/* So many entries are worth a grace, which makes other processors fence: a share of all, and some. */
#define ENTRIES_WORTH 64
#define ENTRIES_SHARE 256
#define BYTES_SHARE   32 /* or so much: this part of a capacity in bytes */
#define GRACES_MAX    2  /* in one call */
#define BOUND_WORTH   4  /* or so much: this part of what may wait */
#define BOUND_SHARE   8  /* what may wait is this part of the capacity */

/* ---- what waits --------------------------------------------------------------------------- */

size_t ctxi_reclaim_table_bytes(const ctx_cache *cache)
{
    return cache->readers.retired_bytes + cache->index.left_bytes +
           ctxi_partitions_waiting_bytes(&cache->partitions);
}

size_t ctxi_reclaim_bytes(const ctx_cache *cache)
{
    return ctxi_reclaim_table_bytes(cache) + cache->limbo.bytes;
}

/* Whether that is more than `part` of what may wait while something is stored. */
static bool is_more_than(const ctx_cache *cache, size_t bytes, unsigned part)
{
    uint64_t whole =
        cache->max_bytes == CTX_CACHE_UNBOUNDED ? cache->entry_bytes : cache->max_bytes;

    return bytes > CTX_CACHE_WAITING_MIN / part && bytes > whole / BOUND_SHARE / part;
}

static bool is_over(const ctx_cache *cache)
{
    return is_more_than(cache, ctxi_reclaim_bytes(cache), 1);
}

/* ---- entries ------------------------------------------------------------------------------ */

static uint32_t fn_id_of(const struct ctxi_entry *entry)
{
    return ctxi_key_fn(entry->key);
}

/* What the entry's memory is: its slot, the link of that, and its block if it has one. */
static size_t bytes_of(const ctx_cache *cache, struct ctxi_hold hold)
{
    size_t slot = ctxi_arena_size_of(&cache->arena, hold.number) + sizeof(struct ctxi_numbers);

    return hold.entry->flags & CTXI_ENTRY_OUTSIDE ? slot + ctxi_entry_outside(hold.entry)->charge
                                                  : slot;
}

/* An entry that never was in the cache has no cause of removal. */
static bool was_never_found(const ctx_cache *cache, struct ctxi_hold hold)
{
    return ctxi_arena_link(&cache->arena, hold.number)->prev == CTXI_OUT;
}

static bool was_evicted(const ctx_cache *cache, uint32_t number)
{
    return ctxi_arena_link(&cache->arena, number)->prev == CTXI_OUT + CTX_CACHE_EVICTED;
}

void ctxi_reclaim_entry(ctx_cache *cache, struct ctxi_hold hold, bool unseen)
{
    struct ctxi_limbo *limbo = &cache->limbo;
    size_t bytes = bytes_of(cache, hold);

    CTXI_ASSERT_HELD(&cache->lock);
    if (unseen && was_evicted(cache, hold.number) && ctxi_seat_keep(cache, hold))
        return;
    ctxi_fn_unuse(&cache->fn_uses, &cache->memory, fn_id_of(hold.entry));
    if (hold.entry->flags & CTXI_ENTRY_PROMISED)
        ctxi_index_unpromise(&cache->index);
    if (unseen || was_never_found(cache, hold)) {
        ctxi_entry_free(cache, hold.number);
        return;
    }
    ctxi_arena_link(&cache->arena, hold.number)->next = limbo->fresh;
    limbo->fresh = hold.number;
    limbo->fresh_count++;
    limbo->count++;
    limbo->fresh_bytes += bytes;
    limbo->bytes += bytes;
}

static void free_list(ctx_cache *cache, uint32_t number)
{
    while (number) {
        uint32_t next = ctxi_arena_link(&cache->arena, number)->next;

        ctxi_entry_free(cache, number);
        number = next;
    }
}

static void free_waiting(ctx_cache *cache)
{
    ctxi_recency_drain_whole(cache);
    free_list(cache, cache->limbo.waiting);
    cache->limbo.waiting = 0;
    cache->limbo.count = cache->limbo.fresh_count;
    cache->limbo.bytes = cache->limbo.fresh_bytes;
    if (cache->arena.free_ids)
        ctxi_arena_shrink(&cache->arena, &cache->readers, &cache->memory);
    ctxi_readers_free_waiting(&cache->readers, &cache->memory);
    ctxi_index_free_waiting(&cache->index, &cache->memory);
    ctxi_partitions_free_waiting(&cache->partitions, &cache->readers, &cache->memory);
    if (cache->readers.unsettled == CTXI_SETTLING) {
        ctxi_stamp_settle(&cache->readers);
        cache->readers.unsettled = CTXI_SETTLED;
    }
}

/* ---- graces ------------------------------------------------------------------------------- */

/* Whether there is anything that waits for the next grace. */
static bool is_any(const ctx_cache *cache)
{
    return cache->limbo.fresh_count || cache->readers.retired_count || cache->readers.unsettled ||
           cache->index.left_blocks || cache->partitions.rest_count;
}

/* Whether it is enough, or nobody is there to fence for. */
static bool is_worth_it(const ctx_cache *cache)
{
    const struct ctxi_limbo *limbo = &cache->limbo;

    return limbo->fresh_count >= ENTRIES_WORTH + cache->arena.used / ENTRIES_SHARE ||
           limbo->fresh_bytes > cache->max_bytes / BYTES_SHARE ||
           is_more_than(cache, limbo->fresh_bytes, BOUND_WORTH) || cache->readers.retired_count ||
           cache->readers.unsettled || cache->index.left_blocks ||
           ctxi_partitions_rest_long(&cache->partitions) || ctxi_readers_are_own(&cache->readers);
}

static bool begin(ctx_cache *cache)
{
    struct ctxi_limbo *limbo = &cache->limbo;

    if (!ctxi_readers_begin_grace(&cache->readers))
        return false;
    limbo->waiting = limbo->fresh;
    limbo->fresh = 0;
    limbo->fresh_count = limbo->fresh_bytes = 0;
    if (cache->readers.unsettled)
        cache->readers.unsettled = CTXI_SETTLING;
    ctxi_partitions_begin_wait(&cache->partitions);
    ctxi_index_begin_wait(&cache->index);
    return true;
}

static void go_on(ctx_cache *cache)
{
    if (cache->arena.free_ids)
        ctxi_arena_shrink(&cache->arena, &cache->readers, &cache->memory);
    if (cache->readers.grace_begun) {
        if (!ctxi_readers_grace_ended(&cache->readers))
            return;
        free_waiting(cache);
    }
    /* what is given back may make tables smaller, which are then to be given back themselves */
    for (int turns = 0; turns < GRACES_MAX && is_any(cache); turns++) {
        if (!is_worth_it(cache) || !begin(cache))
            return;
        if (!ctxi_readers_grace_ended(&cache->readers))
            return;
        free_waiting(cache);
    }
}

void ctxi_reclaim(ctx_cache *cache)
{
    CTXI_ASSERT_HELD(&cache->lock);
    go_on(cache);
    if (cache->limbo.stalled && !is_over(cache))
        cache->limbo.stalled = false;
}

void ctxi_reclaim_all(ctx_cache *cache)
{
    free_list(cache, cache->limbo.waiting);
    free_list(cache, cache->limbo.fresh);
    cache->limbo = (struct ctxi_limbo){0};
    ctxi_readers_free_all(&cache->readers, &cache->memory);
}

/* ---- waiting for readers ------------------------------------------------------------------ */

#define NAP_MIN  20000   /* nanoseconds */
#define NAP_MAX  1000000 /* the same */
#define NAPS_MAX 1000    /* about a second in all */

bool ctxi_reclaim_is_crowded(ctx_cache *cache)
{
    CTXI_ASSERT_HELD(&cache->lock);
    if (__builtin_expect(!is_over(cache), 1))
        return false;
    ctxi_reclaim(cache);
    return is_over(cache) && !cache->limbo.stalled && !cache->closed;
}

/* The same again; whose patience has ended says that the cache is stalled. */
static bool is_still_crowded(ctx_cache *cache, bool has_patience)
{
    bool crowded;

    ctxi_lock_acquire(&cache->lock);
    crowded = ctxi_reclaim_is_crowded(cache);
    if (crowded && !has_patience)
        cache->limbo.stalled = true;
    ctxi_lock_release(&cache->lock);
    return crowded && has_patience;
}

/* Longer each time: the processor may be what the reader needs. */
static void nap(int before)
{
    long ns = before < 6 ? (long)NAP_MIN << before : NAP_MAX;

    nanosleep(&(struct timespec){0, ns}, NULL);
}

void ctxi_reclaim_await(ctx_cache *cache)
{
    int state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state); /* what comes after must happen */
    for (int naps = 0; is_still_crowded(cache, naps < NAPS_MAX); naps++)
        nap(naps);
    pthread_setcancelstate(state, &state);
}
