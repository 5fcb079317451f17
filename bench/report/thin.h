/*
 * thin.h: a line with as few points as it can have without looking another one.
 */
#ifndef BENCH_REPORT_THIN_H
#define BENCH_REPORT_THIN_H

#include <stddef.h>

struct point {
    double x, y;
};

/*
 * Takes points away, in place, as long as none of them is farther than `error` from the line that is left
 * (Douglas and Peucker, Cartographica 1973). The ends stay. Returns how many are left.
 */
size_t thin(struct point *points, size_t count, double error);

#endif
