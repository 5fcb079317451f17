/*
 * curve.h: how many hits an LRU cache of each capacity has, and what can be asked of that. Included by
 * whoever makes such curves (distances, shards), divides a capacity by them (shares), or shows them.
 *
 * A capacity is a number of entries, or of bytes: what the curve was made for.
 */
#ifndef CTXI_CURVE_CURVE_H
#define CTXI_CURVE_CURVE_H

#include <stddef.h>
#include <stdint.h>

#include "curve/scale.h"

struct ctxi_curve {
    /* hits[b]: with capacity ctxi_curve_capacity(curve, b); hits[0] is 0, and no capacity has more
     * than the last. So do the two others, which may be NULL. */
    uint64_t *hits;
    uint64_t *hit_bytes; /* the sizes of what was hit */
    uint64_t *saved_ns;  /* the time that loading it would have taken */
    size_t count;        /* buckets; at least 1 */
    unsigned bits;       /* of their scale (scale.h) */

    uint64_t requests; /* gets: what hits are counted of */
    uint64_t bytes;    /* of all gets; 0 without hit_bytes */
    uint64_t load_ns;  /* of all gets; 0 without saved_ns */
    uint64_t objects;  /* distinct ones */
};

/* The largest capacity that bucket `b` speaks of. */
static inline uint64_t ctxi_curve_capacity(const struct ctxi_curve *curve, size_t b)
{
    return ctxi_scale_bound(curve->bits, b);
}

/* The bucket that says what a capacity hits: the last one whose capacity is not larger. */
size_t ctxi_curve_bucket(const struct ctxi_curve *curve, uint64_t capacity);

static inline uint64_t ctxi_curve_hits(const struct ctxi_curve *curve, uint64_t capacity)
{
    return curve->hits[ctxi_curve_bucket(curve, capacity)];
}

/* The most that any cache can hit, for every object must be loaded once. */
static inline uint64_t ctxi_curve_ceiling(const struct ctxi_curve *curve)
{
    return curve->hits[curve->count - 1];
}

/* The smallest bucket with at least so many hits; the last one if none has. */
size_t ctxi_curve_reaching(const struct ctxi_curve *curve, uint64_t hits);

/*
 * The knee: the point that lies farthest above the line from nothing to the end of the curve, as in
 * Kneedle (Satopaa et al., ICDCSW 2011) without smoothing, for a curve is never noise. The end is the
 * smallest capacity that hits all that can be hit.
 */
size_t ctxi_curve_knee(const struct ctxi_curve *curve);

/* Histograms become sums: hits[b] of bucket b alone on entry, of all up to b afterwards. */
void ctxi_curve_sum(struct ctxi_curve *curve);

#endif
