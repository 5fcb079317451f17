/*
 * scale.h: which bucket of a histogram a capacity belongs to, and which is the largest that does.
 *
 * With 0 bits every capacity is a bucket of its own. With n bits that is so below 2^n; from there on
 * every power of two is divided into 2^n buckets, so that a bucket is at most 2^-n wide, relative to
 * its capacities. Either way a curve is exact at the bounds of its buckets.
 */
#ifndef CTXI_CURVE_SCALE_H
#define CTXI_CURVE_SCALE_H

#include <stdint.h>

static inline uint64_t ctxi_scale_bucket(unsigned bits, uint64_t capacity)
{
    unsigned octave;

    if (bits == 0 || capacity >> bits == 0)
        return capacity;
    octave = 63u - (unsigned)__builtin_clzll(capacity) - bits;
    return ((uint64_t)octave << bits) + (capacity >> octave);
}

/* The largest capacity in a bucket. */
static inline uint64_t ctxi_scale_bound(unsigned bits, uint64_t bucket)
{
    uint64_t octave;

    if (bits == 0 || bucket >> bits == 0)
        return bucket;
    octave = (bucket >> bits) - 1;
    return ((bucket - (octave << bits) + 1) << octave) - 1;
}

#endif
