/*
 * stats.h: what a cache did, as a whole and for each partition.
 */
#ifndef CTXCACHE_STATS_H
#define CTXCACHE_STATS_H

#include "cache.h"

CTX_BEGIN_DECLS

/*
 * Counts since creation. They are exact at every moment, for these equations hold whenever they are
 * read (a call is counted when it ends):
 *
 *   calls = hits + misses + joined + bypasses + refused
 *   misses + bypasses = loads_ok + loads_failed + absent
 *   bypasses = bypass_unset + bypass_key
 *
 * and the sum over all partitions, with those that are gone and the calls that never had one, is
 * that of the cache.
 */
typedef struct ctx_cache_stats {
    size_t size; /* sizeof(ctx_cache_stats), set by the caller: CTX_CACHE_STATS_INIT */

    uint64_t calls;
    uint64_t hits;     /* negative_hits among them */
    uint64_t misses;   /* calls that ran the loader, and gets that found nothing */
    uint64_t joined;   /* calls that waited for another's load, however it ended */
    uint64_t bypasses; /* calls that ran the loader past the cache */
    uint64_t refused;  /* calls that got an error before any load */

    uint64_t negative_hits;
    uint64_t absent;       /* gets that found nothing */
    uint64_t loads_ok;     /* a value, or "there is none" */
    uint64_t loads_failed; /* failed, abandoned, or without a value */
    uint64_t load_ns;      /* time in loaders, by the cache's clock */
    uint64_t timeouts;     /* among joined */

    uint64_t bypass_unset, bypass_key; /* see enum ctx_cache_reason */
    /* Loads that went well and were not stored: */
    uint64_t not_stored_no_store, not_stored_undeclared, not_stored_changed, not_stored_fenced,
        not_stored_too_large;
    uint64_t undeclared_reads; /* loads that read an undeclared variable, stored (WARN) or not */

    /* Values that left, by enum ctx_cache_cause: */
    uint64_t evicted, expired, invalidated, replaced, cleared;

    uint64_t stored;  /* values put in, by loads and puts */
    uint64_t entries; /* in the cache now: stored - (all that left) */
    /* Of a partition: its entries, with keys and overhead. Of the cache: all that its capacity counts,
     * which is also index, partitions, and what was invalidated but has not left yet; it never stays above
     * the capacity. What left and waits is not among it (ctx_cache_memory() tells), nor what refs hold. */
    uint64_t bytes;
    uint64_t partitions; /* that exist now; 1 for a partition */
} ctx_cache_stats;

#define CTX_CACHE_STATS_INIT                                                                       \
    {                                                                                              \
        sizeof(ctx_cache_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
            0, 0, 0, 0, 0, 0, 0                                                                    \
    }

/* The whole cache. CTX_ERR_INVALID (NULL, or a size this version cannot read). */
CTX_API int ctx_cache_stats_read(ctx_cache *cache, ctx_cache_stats *out_stats);

/*
 * The partition of the current context. CTX_ABSENT (and zeros) if it has not been used, or has been
 * forgotten: a partition without entries is kept while it is among the 1024 last used such ones.
 * CTX_ERR_UNSET, CTX_ERR_NOMEM, CTX_ERR_LIMIT, CTX_ERR_ENCODE as in a call; CTX_ERR_INVALID.
 */
CTX_API int ctx_cache_partition_stats(ctx_cache *cache, ctx_cache_stats *out_stats);

/*
 * Where the bytes of a cache are. What threads keep for it (21 KB for each that uses it) is not among
 * them, nor is what the values that were adopted really take: that is what loaders said of it.
 */
typedef struct ctx_cache_memory_use {
    size_t size;      /* sizeof(ctx_cache_memory_use), set by the caller: CTX_CACHE_MEMORY_INIT */
    uint64_t total;   /* the sum of all that follow, but for `count` */
    uint64_t count;   /* entries, those included that were invalidated and have not left yet */
    uint64_t keys;    /* of these, as they are encoded: 16 bytes and the arguments */
    uint64_t values;  /* their values */
    uint64_t adopted; /* the same for values that live elsewhere: their weights */
    uint64_t headers; /* what an entry takes beside them: its head, and rounding */
    uint64_t recency; /* the order of use */
    uint64_t index;   /* the hash table, with room to grow */
    uint64_t partitions;
    uint64_t free;  /* for entries to come */
    uint64_t fixed; /* the cache itself, its functions, and loads that are running */
    uint64_t
        waiting; /* what left, until no thread can be in the middle of reading it; see cache.h */
    uint64_t
        curve; /* the curve that it keeps of itself; the same from beginning to end (curve.h) */
} ctx_cache_memory_use;

#define CTX_CACHE_MEMORY_INIT                                                                      \
    {                                                                                              \
        sizeof(ctx_cache_memory_use), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0                        \
    }

/* CTX_ERR_INVALID (NULL, or a size this version cannot read). */
CTX_API int ctx_cache_memory(ctx_cache *cache, ctx_cache_memory_use *out_use);

/* One partition, as ctx_cache_each_partition() shows it; everything is borrowed for the visit. */
typedef struct ctx_cache_partition {
    uint64_t id; /* never reused */
    size_t count;
    ctx_var *const *vars;    /* the variables of vary, in the cache's own order */
    const ctx_value *values; /* an object appears as CTX_BYTES, its encoding */
    const bool *is_set;      /* false where the variable was unset (CTX_CACHE_UNSET_SHARED) */
    const ctx_cache_stats *stats;
} ctx_cache_partition;

/*
 * Calls visit() for each partition, with no lock held. A return other than 0 stops and is returned.
 * A partition that ends meanwhile is passed over. CTX_ERR_NOMEM, CTX_ERR_INVALID.
 */
CTX_API int ctx_cache_each_partition(ctx_cache *cache,
                                     int (*visit)(void *user, const ctx_cache_partition *partition),
                                     void *user);

CTX_END_DECLS

#endif
