/*
 * unsaid.h: what a recording does not say of hits, from what it says of misses and puts. Included by load.c.
 *
 * It says of a miss and of a put what the entry weighs, and of a miss what the load took; nothing of a hit. Of a
 * hit both are those of the object's request before, or else of the next one, or if there is none the mean
 * of all: an entry may have been there when the recording began.
 *
 * And where a capacity in bytes was recorded, all sizes are what it counts besides, for the index and
 * partitions: each byte that entries weigh stands for `used_per_weight`.
 */
#ifndef CTXI_TUNE_UNSAID_H
#define CTXI_TUNE_UNSAID_H

#include "tune/trace.h"

#define CTXI_WEIGHT_UNKNOWN 1 /* less than any entry weighs */

/* For the whole trace, if it is such a recording. CTX_OK, CTX_ERR_NOMEM. */
int ctxi_unsaid_fill(struct ctxi_trace *trace);

#endif
