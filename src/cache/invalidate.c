/*
 * invalidate.c: dropping many entries at once, and the upkeep that follows.
 *
 * A partition is dropped by moving its generation on: its entries are dead from then on, its
 * running loads fenced. Dead entries leave in small steps: with each entry stored, in
 * ctx_cache_maintain(), and here in ctx_cache_clear().
 */
#include "cache/cache.h"
#include "cache/contents.h"
#include "cache/request.h"

#define STEP_SIZE 256 /* entries removed while the lock is held once */
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
    if (retire)
        ctxi_partition_retire(&cache->partitions, &cache->memory, partition);
    ctxi_lock_release(&cache->lock);
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

/* Removes up to STEP_SIZE dead entries; false if there are none left. */
static bool bury_some(ctx_cache *cache)
{
    CTXI_BATCH(batch);
    bool more;

    ctxi_lock_acquire(&cache->lock);
    ctxi_contents_reclaim(cache, STEP_SIZE, &batch);
    more = !ctxi_list_empty(&cache->graveyard);
    ctxi_lock_release(&cache->lock);
    return more;
}

/*
 * All at one moment. The dead of earlier invalidations go first, so that each entry keeps the cause
 * that it died of: a partition remembers one cleared generation.
 */
static void drop_all(ctx_cache *cache)
{
    CTXI_BATCH(batch);

    ctxi_lock_acquire(&cache->lock);
    ctxi_contents_reclaim(cache, SIZE_MAX, &batch);
    for (size_t slot = 0; slot < cache->partitions.slot_count; slot++)
        if (cache->partitions.slots[slot])
            ctxi_contents_drop(cache, cache->partitions.slots[slot], CTX_CACHE_CLEARED);
    ctxi_lock_release(&cache->lock);
}

int ctx_cache_clear(ctx_cache *cache)
{
    if (!cache)
        return CTX_ERR_INVALID;
    while (bury_some(cache))
        continue;
    drop_all(cache);
    while (bury_some(cache))
        continue;
    return CTX_OK;
}

/* ---- upkeep ------------------------------------------------------------------------------- */

/* What one walk may still do. */
struct walk {
    uint64_t now;
    size_t drops, looks; /* left */
    size_t dropped;
};

/* Removes expired entries of one bucket; false if the walk ended in the middle of it. */
static bool sweep_bucket(ctx_cache *cache, size_t bucket, struct walk *walk,
                         struct ctxi_batch *batch)
{
    struct ctxi_entry *entry, *next;

    for (entry = cache->index.buckets[bucket]; entry; entry = next) {
        next = entry->hash_next;
        if (walk->dropped == walk->drops)
            return false;
        walk->looks -= walk->looks > 0;
        if (entry->expires <= walk->now) {
            ctxi_contents_remove(entry, CTX_CACHE_EXPIRED, batch);
            walk->dropped++;
        }
    }
    walk->looks -= walk->looks > 0;
    return true;
}

/* The same from where the last walk ended, and once round the table at most. */
static size_t sweep(ctx_cache *cache, size_t steps, uint64_t now)
{
    CTXI_BATCH(batch);
    size_t looks = steps > SIZE_MAX / LOOKS_PER_STEP ? SIZE_MAX : steps * LOOKS_PER_STEP;
    struct walk walk = {now, steps, looks, 0};

    ctxi_lock_acquire(&cache->lock);
    for (size_t i = cache->index.bucket_count; i > 0 && walk.looks > 0; i--) {
        size_t bucket = cache->sweep & (cache->index.bucket_count - 1);

        if (!sweep_bucket(cache, bucket, &walk, &batch))
            break;
        cache->sweep = bucket + 1;
    }
    ctxi_lock_release(&cache->lock);
    return walk.dropped;
}

size_t ctx_cache_maintain(ctx_cache *cache, size_t steps)
{
    CTXI_BATCH(batch);
    const uint64_t *clock;
    uint64_t now;
    size_t dropped;

    if (!cache)
        return 0;
    clock = ctxi_cache_clock(cache, &now);
    ctxi_lock_acquire(&cache->lock);
    dropped = ctxi_contents_reclaim(cache, steps, &batch);
    ctxi_lock_release(&cache->lock);
    return clock && dropped < steps ? dropped + sweep(cache, steps - dropped, now) : dropped;
}
