/*
 * observe.h: showing the requests that a cache answers to whoever looks on: a recording, or a curve that
 * the cache keeps of itself.
 *
 * Who looks on takes a sample by key: all requests whose key hash is below a threshold, for keys that are
 * below it, are below it each time. `observed` of struct ctx_cache is the largest threshold, 0 if nobody
 * looks on; it lies in a line that every hit reads anyway, so a cache that nobody looks at pays a load and
 * a compare. Below it, what a request was is handed to ctxi_observed(), out of the way of a hit.
 *
 * A request is shown when the order of use changes for it: a hit when it is found, a miss when its load
 * lands. What answers without the content of the cache (a bypass, a refusal) and what leaves no trace in
 * it (a peek) is not shown.
 *
 * Order: a thread shows its requests in the order in which it made them, and what is done under the
 * cache's lock is shown under it.
 *
 * Included by who answers requests, and by who looks on.
 */
#ifndef CTXI_CACHE_OBSERVE_H
#define CTXI_CACHE_OBSERVE_H

#include "cache/cache.h"

enum ctxi_seen_what {
    CTXI_SEEN_HIT,   /* found; or another's load was waited for, and it stored what it came to */
    CTXI_SEEN_MISS,  /* not found, loaded and stored */
    CTXI_SEEN_LOST,  /* not found, and nothing was stored: a get, a load that failed */
    CTXI_SEEN_PUT,   /* stored without having been asked for */
    CTXI_SEEN_DELETE /* what is under the key, if anything, is gone: invalidated or expired */
};

struct ctxi_seen {
    enum ctxi_seen_what what;
    uint64_t hash;      /* of the key; the seed of the partition is in it */
    uint64_t partition; /* its id */
    uint64_t weight;    /* MISS, PUT: bytes that the capacity counts for the entry; else 0 */
    uint64_t load_ns;   /* MISS, LOST: what the load took; 0: there was none */
};

/* Whether a request for this key is to be shown. */
static inline bool ctxi_is_observed(const ctx_cache *cache, uint64_t hash)
{
    /* relaxed: who begins to look on sees what comes then, sooner or later */
    return __builtin_expect(hash < atomic_load_explicit(&cache->observed, memory_order_relaxed), 0);
}

/* Shows one that is. The lock is held; so this thread's reader is looked for, and not made. */
void ctxi_observed(ctx_cache *cache, const struct ctxi_seen *seen);

/* The same for a hit that was found without the lock. */
void ctxi_observed_hit(ctx_cache *cache, struct ctxi_reader *reader, uint64_t hash,
                       uint64_t partition);

/* Shows a request, if it is to be shown, whose weight and load are not known, or nothing. The lock is held. */
static inline void ctxi_observe(ctx_cache *cache, enum ctxi_seen_what what, uint64_t hash,
                                uint64_t partition)
{
    if (ctxi_is_observed(cache, hash))
        ctxi_observed(cache, &(struct ctxi_seen){what, hash, partition, 0, 0});
}

/* Makes this thread's reader, if somebody looks on, for a request that would not need one. No lock held. */
static inline void ctxi_observe_prepare(ctx_cache *cache)
{
    /* relaxed: as above */
    if (__builtin_expect(atomic_load_explicit(&cache->observed, memory_order_relaxed) != 0, 0))
        (void)ctxi_reader_of(cache, cache->serial);
}

/* ---- who looks on ------------------------------------------------------------------------- */

/*
 * From now on this one sees requests below `threshold`, or not any more, if it is 0. It sees others as
 * well, if another's threshold is larger. observers.lock is held.
 */
void ctxi_observers_set(ctx_cache *cache, enum ctxi_observer who, uint64_t threshold);

#endif
