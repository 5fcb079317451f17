/*
 * curve.h: what ctx_cache_curve_read() makes of the curves that a cache keeps (live.h): the struct that a
 * ctx_cache_curve is, for curve.c, which reads it, and advice.c, which advises by it.
 */
#ifndef CTXI_CACHE_CURVE_H
#define CTXI_CACHE_CURVE_H

#include "cache/live.h"
#include "ctxcache/curve.h"

/* One of the curves, at the moment of reading. */
struct ctxi_told {
    uint64_t number; /* of the partition; 0: the whole, or the others */
    uint64_t requests;
    uint32_t sampled_keys, wanted_keys;
    double rate;
    uint64_t forgotten; /* partitions, of those whose requests these are */
    bool is_current;
    bool is_shown;              /* false: of a partition that is gone */
    struct ctxi_shared *shared; /* what it hits where all share; NULL for the whole */
    struct ctxi_shards copy;    /* until it is estimated */
    struct ctxi_estimate *estimate;
};

/* Fixed once it was read. */
struct ctx_cache_curve {
    ctx_allocator allocator;
    struct ctxi_blocks blocks; /* of this struct and its arrays */
    bool in_bytes;
    double scale; /* of the capacities: bytes of the cache for each that the curves count; else 1 */
    size_t count, room;
    struct ctxi_told *curves; /* [count] of [room]: the whole, partitions, others */
};

/* NULL: there is no such one. */
static inline const struct ctxi_told *ctxi_told_at(const ctx_cache_curve *curve, size_t which)
{
    return curve && which < curve->count ? &curve->curves[which] : NULL;
}

/* So few of the requests may come after a partition was forgotten: each of these may have been a hit, and
 * so may all others for the keys of that partition. */
#define CTXI_TOLD_FORGETS 200

static inline bool ctxi_told_is_enough(const struct ctxi_told *told)
{
    return (told->rate >= 1 || told->sampled_keys >= told->wanted_keys) &&
           told->forgotten <= told->requests / CTXI_TOLD_FORGETS;
}

/* Whether there is anything to advise by. */
static inline bool ctxi_told_can_advise(const struct ctxi_told *told)
{
    return ctxi_told_is_enough(told) && ctxi_curve_ceiling(&told->estimate->curve) > 0;
}

/* A point of one of them. */
ctx_cache_point ctxi_told_point(const ctx_cache_curve *curve, const struct ctxi_told *told,
                                size_t bucket);

/* A capacity of a caller's, as the curves count them. */
uint64_t ctxi_told_capacity(const ctx_cache_curve *curve, uint64_t capacity);

/* One of theirs, as a caller counts. */
uint64_t ctxi_told_scaled(const ctx_cache_curve *curve, uint64_t capacity);

static inline double ctxi_told_ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

#endif
