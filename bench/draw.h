/*
 * draw.h: a curve in text, and which of its points are worth a row.
 */
#ifndef BENCH_DRAW_H
#define BENCH_DRAW_H

#include <stdio.h>

#include "curve/curve.h"

/* Hit ratios by capacity, on a scale of powers; `knee` is marked, 0: it is not. */
void draw_curve(FILE *file, const struct ctxi_curve *curve, size_t knee);

/*
 * Up to `most` buckets of the curve, at equal ratios of their capacities, from the smallest that has one
 * to the smallest that hits all there is. Returns how many; they grow.
 */
size_t draw_points(const struct ctxi_curve *curve, size_t most, size_t *out_buckets);

#endif
