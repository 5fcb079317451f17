/*
 * weights.h: from what a recording says of entries to what capacities count for them. Included by load.c.
 *
 * A recording says of a miss and of a put what the entry weighs, and nothing of a hit: an entry that was there
 * when it began, or of a key whose place was given to another, has no weight until it is stored again. Its
 * size is then the weight before, or the next one, or if there is none the mean of all entries. And where a capacity in bytes was recorded, all sizes are what it counts
 * besides, for the index and partitions: each byte that entries weigh stands for `used_per_weight`.
 */
#ifndef CTXI_TUNE_WEIGHTS_H
#define CTXI_TUNE_WEIGHTS_H

#include "tune/trace.h"

#define CTXI_WEIGHT_UNKNOWN 1 /* less than any entry weighs */

/* For the whole trace, if it is such a recording. CTX_OK, CTX_ERR_NOMEM. */
int ctxi_weights_to_sizes(struct ctxi_trace *trace);

#endif
