/*
 * whole.h: from a sample of the keys, with all their requests, to all of them. Included by whoever works on
 * a trace that may be a sample.
 *
 * At rate R, a stack distance d in the sample stands for one of (d - 1) / R + 1 objects, and a request for
 * 1 / R requests (SHARDS: Waldspurger et al., FAST 2015): what was used since is thinned out, and the
 * object's own place is not. So a cache of c entries hits as one of (c - 1) * R + 1 does in the sample.
 */
#ifndef CTXI_TUNE_WHOLE_H
#define CTXI_TUNE_WHOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "curve/blocks.h"
#include "curve/curve.h"

/* 0, and all from 1 on, are no samples. */
static inline bool ctxi_is_sample(double rate)
{
    return rate > 0 && rate < 1;
}

/* How things are counted: at which rate, and what the object's own place is: 1 entry, or its bytes. */
struct ctxi_whole {
    double rate;
    uint64_t own;
};

/* How many a number of requests or objects stands for. */
uint64_t ctxi_whole_count(double rate, uint64_t count);

/* The capacity that is to be tried on a sample, whose distances are whole numbers; at least 1 if the other is. */
uint64_t ctxi_sample_capacity(struct ctxi_whole whole, uint64_t capacity);

/* The same in entries, of what may be a sample. */
static inline uint64_t ctxi_sample_entries(double rate, uint64_t entries)
{
    return ctxi_sample_capacity((struct ctxi_whole){rate, 1}, entries);
}

/*
 * Makes the curve of a sample that of the whole, on a scale with so many bits and in memory of `blocks`.
 * False: there is none.
 */
bool ctxi_whole_curve(struct ctxi_whole whole, struct ctxi_curve *curve, unsigned bits,
                      struct ctxi_blocks *blocks);

#endif
