/*
 * curve.h: what a cache would hit with another capacity, and so how large it should be, and for whom.
 *
 * With `curve_keys` in its configuration a cache keeps a miss-ratio curve of the calls that it answers: for
 * every capacity, what an exact LRU list of it would have hit. The curve is made of a sample of keys, all
 * uses of one key in so many, whose distances in the list are exact, in memory that is fixed (SHARDS:
 * Waldspurger, Park, Garthwaite and Ahmad, FAST 2015); so each ratio comes with an interval that holds
 * it in 95 of 100 cases.
 *
 * What is foretold are the hits of the same requests once more, from an empty cache. A cache that is warm
 * hits more, up to above the ceiling: the first request for each key counts as a miss here.
 *
 *     ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
 *     config.capacity_entries = 10000;
 *     config.curve_keys = CTX_CACHE_CURVE_KEYS_DEFAULT;
 *     config.curve_rate = 0.1;      // there are some 100,000 keys: see below
 *     config.curve_partitions = 8;  // for ctx_cache_quotas()
 *     ...
 *     ctx_cache_curve *curve;
 *     ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
 *     if (ctx_cache_curve_read(cache, &curve) == CTX_OK) {
 *         if (ctx_cache_advise(curve, &advice) == CTX_OK) {
 *             uint64_t capacity = advice.reach_95.capacity;
 *             ctx_cache_resize(cache, advice.in_bytes ? 0 : capacity, advice.in_bytes ? capacity : 0);
 *         }
 *         ctx_cache_curve_free(curve);
 *     }
 *
 * The rate. There is advice once 8192 keys are sampled (or all, at a rate of 1), so set `curve_rate` to
 * about 10,000 divided by the number of distinct keys, and to 1 if there are fewer than 10,000. The default
 * of 0.01 is for a million keys: with fewer than some 820,000 it never gives advice. A rate that is too high
 * costs time alone: it falls by itself when there is no room for more keys. With `curve_partitions` the time
 * is that of the highest rate among the curves, and the one of a partition with few keys does not fall.
 *
 * Units. Capacities are entries; with a capacity in bytes in the configuration they are bytes, as
 * `capacity_bytes` counts them: the weights of entries, times what index and partitions took for each byte
 * of entry when entries last took half of what they ever took, or more. The index grows in steps of two, so a
 * capacity that is far from the one of then may be off by up to 10 %, beside the interval, which does not
 * know of that. Hit ratios are parts of the requests, 0 to 1.
 *
 * What counts. Requests are calls and gets that found something, ran the loader or waited for another's
 * load (`hits + misses + joined - timeouts` in stats.h), since the cache was made. Calls that wait for
 * a load hit at any capacity. Puts are uses and no requests. What was invalidated, expired, cleared or
 * retired misses at every capacity when it is next asked for, and so does what is not stored; so a cache
 * without any capacity learns nothing. An entry that was evicted might have expired in a larger cache by
 * the time that it was next asked for: with a time-to-live the curve is what it is without it, there.
 *
 * Forgotten partitions. A cache that is too small for its many partitions forgets those without an entry, and
 * does not know their keys again: what a larger cache would hit looks new. So there is no advice once more
 * than one request in 200 came after a partition was forgotten: that many hits at least may be missing,
 * half a point. Make the cache larger, by half and again, until each partition that comes back keeps an entry.
 * What was counted stays counted: there is advice when it is no more than one request in 200 again, or soon
 * in a cache that is made anew with that capacity.
 * Partitions that never come back, one for each session for instance, cannot be told from those: the points
 * of the curve are there all the same.
 *
 * Cost. A hit pays one compare, and if its key is sampled a bit in the record of its use, of which whoever
 * carries records out makes the curve, some 50 to 100 ns for each: no lock is added to any call, nobody
 * waits, and nothing is lost. bench/README.md in the sources has figures: with 100,000 keys a hit takes
 * 3 % longer at a rate of 0.02, 9 % at 0.05, 13 % at 0.1, 20 % with eight partitions besides; with 8,000
 * keys at a rate of 1 it takes 34 ns without a curve, and 86 with it. Memory is outside of the capacity,
 * fixed at creation, below 1 MiB for the default number of keys and up to two partitions;
 * ctx_cache_memory() tells it.
 *
 * Privacy. What is kept are numbers of requests, and hashes of keys with the cache's seed: no keys, no values
 * of variables. A partition is known by its number, the one that ctx_cache_each_partition() shows.
 *
 * Order. Uses are counted in the order of use of the cache, as cache.h promises it.
 */
#ifndef CTXCACHE_CURVE_H
#define CTXCACHE_CURVE_H

#include "cache.h"

CTX_BEGIN_DECLS

/* The curves of a cache at one moment. Nothing changes it; any thread may read it. */
typedef struct ctx_cache_curve ctx_cache_curve;

/* One capacity. This struct never grows. */
typedef struct ctx_cache_point {
    uint64_t capacity;
    double hit_ratio, low, high; /* with the interval around it */
} ctx_cache_point;

/*
 * Reads the curves. On CTX_OK *out_curve is the caller's to ctx_cache_curve_free(), and outlives the cache
 * unless that has an allocator of the user's that does not; else NULL. CTX_ABSENT: the cache keeps
 * none; CTX_ERR_NOMEM, CTX_ERR_INVALID. The cache's lock is held for 10 to 100 microseconds, to copy; hits go
 * on meanwhile. The rest takes about a millisecond, of the caller's alone.
 */
CTX_API int ctx_cache_curve_read(ctx_cache *cache, ctx_cache_curve **out_curve);

/* NULL is allowed. */
CTX_API void ctx_cache_curve_free(ctx_cache_curve *curve);

/*
 * Which of the curves: 0 is that of the whole cache. With `curve_partitions` those of partitions come next,
 * most requests first, and last one of all other requests: those of other partitions, and what was asked
 * before a partition had its curve; so it may be there when no other partition is. How many there are; 0
 * for NULL.
 *
 * A partition has a curve since it was among those with most requests; one that has twice the requests of
 * the least of them takes its place, and that curve is lost. One whose partition is forgotten or retired is
 * not shown.
 */
CTX_API size_t ctx_cache_curve_count(const ctx_cache_curve *curve);

/* What is to be said of a curve beside its points. */
typedef struct ctx_cache_curve_facts {
    size_t size; /* sizeof(ctx_cache_curve_facts), set by the caller: CTX_CACHE_CURVE_FACTS_INIT */
    uint64_t partition; /* its number (ctx_cache_partition.id); 0: of the whole, or of the others */
    uint64_t requests;
    uint64_t keys;         /* distinct ones, estimated */
    uint64_t sampled_keys; /* now */
    uint64_t wanted_keys;  /* for advice: so many sampled, or all that there are (a rate of 1) */
    double rate;           /* part of the keys that is sampled now */
    double ceiling;  /* the hit ratio that no cache can exceed: keys miss once, and if removed */
    bool is_enough;  /* sampled_keys >= wanted_keys, or rate 1; and few are `forgotten` */
    bool is_current; /* of the partition of the context that the curves were read in */
    bool in_bytes;
    /* How often a partition that had requests was forgotten, since the cache was made: it had no entry left, and
     * more than 1024 others had none either, or the capacity in bytes had no room for it. 0 for a partition. */
    uint64_t forgotten;
} ctx_cache_curve_facts;

#define CTX_CACHE_CURVE_FACTS_INIT                                                                 \
    {                                                                                              \
        sizeof(ctx_cache_curve_facts), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0                             \
    }

/* CTX_ERR_INVALID: NULL, a size this version cannot fill, or there is no such curve. */
CTX_API int ctx_cache_curve_describe(const ctx_cache_curve *curve, size_t which,
                                     ctx_cache_curve_facts *out_facts);

/*
 * The points of a curve, by capacity from 0 on: every capacity up to a hundred or so, then in steps of one
 * percent or less (of six for partitions), up to the smallest that hits all that can be hit. Writes the
 * first `room` of them (out_points may be NULL if that is 0), and returns how many there are; 0: no such
 * curve.
 */
CTX_API size_t ctx_cache_curve_points(const ctx_cache_curve *curve, size_t which,
                                      ctx_cache_point *out_points, size_t room);

/* What a capacity hits: that of the nearest point below, whose capacity is written. CTX_ERR_INVALID. */
CTX_API int ctx_cache_curve_at(const ctx_cache_curve *curve, size_t which, uint64_t capacity,
                               ctx_cache_point *out_point);

/*
 * The smallest capacity, over 0, that hits so many of the requests: the nearest point above. CTX_ABSENT (and
 * zeros): none does, or the curve is not is_enough. CTX_ERR_INVALID: also a ratio that is not 0 to 1.
 */
CTX_API int ctx_cache_curve_reach(const ctx_cache_curve *curve, size_t which, double hit_ratio,
                                  ctx_cache_point *out_point);

/* How large the whole cache should be. */
typedef struct ctx_cache_advice {
    size_t size; /* sizeof(ctx_cache_advice), set by the caller: CTX_CACHE_ADVICE_INIT */
    ctx_cache_point reach_90; /* the smallest capacity with 90 % of the hits that can be had */
    ctx_cache_point reach_95, reach_99;
    ctx_cache_point
        near_best; /* the smallest within one point of the ceiling: 0.01 below at most */
    /* Where more begins to be worth less: farthest above the line from nothing to the end of the curve
     * (Kneedle: Satopaa, Albrecht, Irwin and Raghavan, ICDCSW 2011). */
    ctx_cache_point knee;
    double ceiling;
    bool in_bytes;
} ctx_cache_advice;

#define CTX_CACHE_ADVICE_INIT                                                                      \
    {                                                                                              \
        sizeof(ctx_cache_advice), {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0},          \
            {0, 0, 0, 0}, 0, 0                                                                     \
    }

/*
 * No capacity in it is 0. CTX_ABSENT (and zeros): see is_enough in ctx_cache_curve_facts,
 * - too few keys have been sampled for advice that is worth its name: give it time, or a higher curve_rate,
 *   about 10,000 divided by `keys` there;
 * - or partitions come and go, see `forgotten` there and "Forgotten partitions" above: give it more capacity;
 * - or nothing can be hit, a ceiling of 0: no capacity would help, for all that has been seen.
 * CTX_ERR_INVALID.
 */
CTX_API int ctx_cache_advise(const ctx_cache_curve *curve, ctx_cache_advice *out_advice);

/* What one partition would have of a capacity. This struct never grows. */
typedef struct ctx_cache_quota {
    uint64_t partition; /* its number; 0: all others together */
    bool is_current;    /* see ctx_cache_curve_facts */
    bool is_enough;     /* so too; if not, neither this capacity nor its ratios are worth much */
    uint64_t requests;  /* since it has a curve */
    uint64_t capacity;  /* that it would have for itself */
    double hit_ratio;   /* with that, and the interval */
    double low, high;
    double shared_hit_ratio; /* in one LRU cache for all */
} ctx_cache_quota;

/* Quotas beside sharing. */
typedef struct ctx_cache_split {
    size_t size;   /* sizeof(ctx_cache_split), set by the caller: CTX_CACHE_SPLIT_INIT */
    size_t count;  /* of quotas there are */
    size_t unsure; /* how many of these are not is_enough */
    /* The part of the requests that is theirs; if it is not small, do not divide by these quotas yet. */
    double unsure_requests;
    double hit_ratio, low, high; /* of all together with quotas */
    /* In one LRU cache for all, as it is: the sum over the partitions' samples, so that it compares with
     * hit_ratio. ctx_cache_curve_at(curve, 0, total) says it from all sampled keys: it is nearer. */
    double shared_hit_ratio;
    bool
        sharing_is_better; /* quotas may hit no more than that: `low` is not above shared_hit_ratio */
} ctx_cache_split;

#define CTX_CACHE_SPLIT_INIT                                                                       \
    {                                                                                              \
        sizeof(ctx_cache_split), 0, 0, 0, 0, 0, 0, 0, 0                                            \
    }

/*
 * How `total` is best divided among the partitions that have a curve, and all others together: the lookahead
 * of utility-based cache partitioning (Qureshi and Patt, MICRO 2006). The quotas, in the order of the
 * curves, sum to `total` at most; what is left over nobody would hit more with. Writes the first `room`
 * of them (out_quotas may be NULL if that is 0) and what comes of it to *out_split. The library does
 * not enforce quotas: a cache for each does.
 *
 * CTX_ABSENT (and zeros): what it is in ctx_cache_advise(), or no partition has a curve.
 * CTX_ERR_NOMEM, CTX_ERR_INVALID.
 */
CTX_API int ctx_cache_quotas(const ctx_cache_curve *curve, uint64_t total,
                             ctx_cache_quota *out_quotas, size_t room, ctx_cache_split *out_split);

CTX_END_DECLS

#endif
