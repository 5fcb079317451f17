/*
 * draw.h: a curve in text, and which of its points are worth a row.
 */
#ifndef BENCH_DRAW_H
#define BENCH_DRAW_H

#include <stdio.h>

#include "curve/curve.h"

/* Hit ratios by capacity in this unit, on a scale of powers; `knee` is marked, 0: it is not. */
void draw_curve(FILE *file, const struct ctxi_curve *curve, size_t knee, const char *unit);

/*
 * Up to `most` buckets of the curve, at equal ratios of their capacities, from the smallest that has one
 * to the smallest that hits all there is. Returns how many; they grow.
 */
size_t draw_points(const struct ctxi_curve *curve, size_t most, size_t *out_buckets);

/*
 * Buckets for a table that is read: the smallest with 10, 20... 99 and 100 % of the hits there are, so that each
 * row has more of them than the one before. Returns how many; they grow.
 */
#define DRAW_STEPS 14
size_t draw_steps(const struct ctxi_curve *curve, size_t out_buckets[DRAW_STEPS]);

#endif
