/*
 * differences.h: hit ratios beside that of one they are compared with, as bars to the left and right of it.
 */
#ifndef BENCH_REPORT_DIFFERENCES_H
#define BENCH_REPORT_DIFFERENCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct difference {
    const char *name;
    double ratio;
    bool is_bound; /* nobody can have it, but it is good to know */
};

/* Makes the range, in points, wide enough for these. It begins as nothing. */
void differences_widen(double range[2], double zero, const struct difference *rows, size_t count);

/* `id` and `label` are the chart's; `zero` is what all are compared with. */
void differences_put(FILE *file, const char *id, const char *label, double zero,
                     const double range[2], const struct difference *rows, size_t count);

#endif
