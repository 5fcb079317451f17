/*
 * sketch.h: how often objects were used lately, nearly, in little memory: the TinyLFU histogram (Einziger,
 * Friedman and Manes, ACM TOS 2017). Included by wtinylfu.c and its tests.
 *
 * A counting Bloom filter with minimal increment: an object has four counters, of which only the
 * smallest are raised, and the smallest is its count, never too low, at most 15. After a sample of ten
 * times the capacity, rounded up to a power of two as the counters are, all are halved, so that what was
 * popular once is forgotten. The paper's doorkeeper, which saves memory, is left out, as the authors'
 * simulator leaves it out by default. What the paper does not say is as there, too: a use that raises
 * nothing is not part of the sample, and what is left of it after halving is the sum of the counters.
 */
#ifndef CTXI_TUNE_POLICIES_SKETCH_H
#define CTXI_TUNE_POLICIES_SKETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "curve/blocks.h"

#define CTXI_SKETCH_MOST 15

struct ctxi_sketch {
    uint8_t *counters; /* [row_mask + 1][4 rows] */
    uint64_t row_mask;
    uint64_t uses, sample; /* that are in the counters; when these are halved */
};

/* False: no memory. */
bool ctxi_sketch_init(struct ctxi_sketch *sketch, uint32_t capacity, struct ctxi_blocks *blocks);

void ctxi_sketch_use(struct ctxi_sketch *sketch, uint32_t object);

unsigned ctxi_sketch_uses(const struct ctxi_sketch *sketch, uint32_t object);

#endif
