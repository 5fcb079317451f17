/*
 * curve_line.h: a curve by capacity in a plot.
 */
#ifndef BENCH_REPORT_CURVE_LINE_H
#define BENCH_REPORT_CURVE_LINE_H

#include "curve/curve.h"
#include "report/plot.h"

/* The smallest capacity that hits all that can be hit. */
uint64_t curve_end(const struct ctxi_curve *curve);

/* Capacities from 1 to `most`, in powers. */
struct plot_axis curve_axis_x(uint64_t most, size_t ticks, const char *title);

/* Ratios from 0 to 1, in percent. */
struct plot_axis curve_axis_y(size_t ticks, const char *title);

/* `values` are some of the curve's own, hits for instance, times `factor`. */
void curve_line(const struct plot *plot, const struct ctxi_curve *curve, const uint64_t *values,
                double factor);

/* Calls say() for up to `most` points along x, for what the pointer shows there. */
void curve_hovers(const struct plot *plot, const struct ctxi_curve *curve, const uint64_t *values,
                  double factor, size_t most,
                  void (*say)(const struct ctxi_curve *curve, size_t bucket, char *out,
                              size_t size));

#endif
