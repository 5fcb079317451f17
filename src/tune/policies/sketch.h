/*
 * sketch.h: how often objects were used lately, nearly, in little memory: the TinyLFU histogram (Einziger,
 * Friedman and Manes, ACM TOS 2017). Included by wtinylfu.c and its tests.
 *
 * A counting Bloom filter with minimal increment: an object has four counters, of which only the
 * smallest are raised, and the smallest is its count, never too low, at most 15. After a sample of ten
 * times the capacity all are halved, so that what was popular once is forgotten. The paper's doorkeeper,
 * which saves memory, is left out.
 */
#ifndef CTXI_TUNE_POLICIES_SKETCH_H
#define CTXI_TUNE_POLICIES_SKETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "tune/blocks.h"

#define CTXI_SKETCH_MOST 15

struct ctxi_sketch {
    uint8_t *counters; /* [mask + 1] */
    uint64_t mask;
    uint64_t uses, sample; /* since counters were halved, half of those before; when they are */
};

/* False: no memory. */
bool ctxi_sketch_init(struct ctxi_sketch *sketch, uint32_t capacity, struct ctxi_blocks *blocks);

void ctxi_sketch_use(struct ctxi_sketch *sketch, uint32_t object);

unsigned ctxi_sketch_uses(const struct ctxi_sketch *sketch, uint32_t object);

#endif
