/*
 * stats.h: what a row of samples comes to.
 */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stddef.h>

struct summary {
    double median, min, max;
};

/* Of `count` > 0 numbers, which it sorts. The median of an even count is the mean of the middle
 * two. */
struct summary stats_summarize(double *numbers, size_t count);

#endif
