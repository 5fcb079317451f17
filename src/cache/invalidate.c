/*
 * invalidate.c: dropping many entries at once, and the upkeep that follows.
 *
 * A partition is dropped by giving it another id: its entries are dead from then on, its
 * running loads fenced. Dead entries leave in small steps: with each entry stored, in
 * ctx_cache_maintain(), and here in ctx_cache_clear().
 */
#include "cache/cache.h"
#include "cache/contents.h"
#include "cache/request.h"
#include "ctxcache/flight.h"

#define STEP_SIZE 256 /* slots looked at while the lock is held once */
#define LOOKS_PER_STEP                                                                             \
    16 /* entries that ctx_cache_maintain() looks at for each that it may drop                     \
        */

/* ---- one partition ------------------------------------------------------------------------ */

static int drop_current_partition(ctx_cache *cache, bool retire)
{
    __attribute__((cleanup(ctxi_request_close))) struct ctxi_request request;
    struct ctxi_partition *partition;
    int r;

    ctxi_request_start(&request, cache);
    if (!cache)
        return CTX_ERR_INVALID;
    r = ctxi_request_open(&request, NULL, NULL, 0, false);
    if (r == CTX_OK)
        r = ctxi_request_lock(&request, &partition);
    if (r != CTX_OK)
        return request.missing ? CTX_OK : r; /* nothing to drop */
    ctxi_contents_drop(cache, partition, CTX_CACHE_INVALIDATED);
    if (retire && !partition->retired)
        ctxi_partition_retire(&cache->partitions, &cache->memory, partition);
    ctxi_cache_unlock(cache);
    return CTX_OK;
}

int ctx_cache_invalidate_partition(ctx_cache *cache)
{
    return drop_current_partition(cache, false);
}

int ctx_cache_retire_partition(ctx_cache *cache)
{
    return drop_current_partition(cache, true);
}

/* ---- everything --------------------------------------------------------------------------- */

/* Removes what is dead among the next STEP_SIZE slots; false: nothing dead is left. */
static bool bury_some(ctx_cache *cache, const uint64_t *now, size_t drops, size_t *out_dropped)
{
    CTXI_BATCH(batch, cache);
    struct ctxi_sweep sweep = {now, drops, STEP_SIZE};
    bool more;

    ctxi_cache_lock(cache);
    *out_dropped = cache->dead ? ctxi_contents_sweep(cache, &sweep, &batch) : 0;
    ctxi_reclaim(cache);
    more = cache->dead > 0;
    ctxi_cache_unlock(cache);
    return more;
}

static void bury_all(ctx_cache *cache)
{
    size_t dropped;

    while (bury_some(cache, NULL, SIZE_MAX, &dropped))
        continue;
}

/*
 * All at one moment. The dead of earlier invalidations go first, so that each entry keeps the cause
 * that it died of: a partition remembers one id that was cleared.
 */
static void drop_all(ctx_cache *cache)
{
    CTXI_BATCH(batch, cache);
    struct ctxi_sweep sweep = {NULL, SIZE_MAX, SIZE_MAX};

    ctxi_cache_lock(cache);
    if (cache->dead)
        ctxi_contents_sweep(cache, &sweep, &batch);
    for (uint32_t slot = 0; slot < cache->partitions.slot_count; slot++)
        if (cache->partitions.slots[slot])
            ctxi_contents_drop(cache, cache->partitions.slots[slot], CTX_CACHE_CLEARED);
    ctxi_seat_give_spare(cache);
    ctxi_cache_unlock(cache);
}

int ctx_cache_clear(ctx_cache *cache)
{
    if (!cache)
        return CTX_ERR_INVALID;
    bury_all(cache);
    drop_all(cache);
    bury_all(cache);
    return CTX_OK;
}

/* ---- upkeep ------------------------------------------------------------------------------- */

/* Removes up to `steps` dead entries, and what is found expired on the way. */
static size_t bury(ctx_cache *cache, const uint64_t *now, size_t steps)
{
    size_t dropped = 0, more = 0;

    while (dropped < steps && bury_some(cache, now, steps - dropped, &more))
        dropped += more;
    return dropped < steps ? dropped + more : dropped;
}

/* How many slots are to be looked at: all of them at most, once. */
static size_t looks_for(ctx_cache *cache, size_t steps)
{
    size_t looks = steps > SIZE_MAX / LOOKS_PER_STEP ? SIZE_MAX : steps * LOOKS_PER_STEP, all;

    ctxi_lock_acquire(&cache->lock);
    all = cache->arena.touched;
    ctxi_lock_release(&cache->lock);
    return looks < all ? looks : all;
}

/* Among the next `looks` slots. Returns how many it dropped. */
static size_t sweep_some(ctx_cache *cache, const uint64_t *now, size_t drops, size_t looks)
{
    CTXI_BATCH(batch, cache);
    struct ctxi_sweep sweep = {now, drops, looks};
    size_t dropped;

    ctxi_cache_lock(cache);
    dropped = ctxi_contents_sweep(cache, &sweep, &batch);
    ctxi_reclaim(cache);
    ctxi_cache_unlock(cache);
    return dropped;
}

/* Removes up to `steps` entries that are found expired. */
static size_t sweep_expired(ctx_cache *cache, const uint64_t *now, size_t steps)
{
    size_t left = looks_for(cache, steps), dropped = 0;

    while (left && dropped < steps) {
        size_t looks = left < STEP_SIZE ? left : STEP_SIZE;

        dropped += sweep_some(cache, now, steps - dropped, looks);
        left -= looks;
    }
    return dropped;
}

size_t ctx_cache_maintain(ctx_cache *cache, size_t steps)
{
    const uint64_t *clock;
    uint64_t now;
    size_t dropped;

    if (!cache)
        return 0;
    (void)ctx_cache_expire(cache, NULL);
    clock = ctxi_cache_clock(cache, &now);
    dropped = bury(cache, clock, steps);
    return clock && dropped < steps ? dropped + sweep_expired(cache, clock, steps - dropped)
                                    : dropped;
}
