/*
 * ranks.h: tenants in the order in which a table shows them, those that ask most first.
 */
#ifndef BENCH_RANKS_H
#define BENCH_RANKS_H

#include <stdint.h>

#include "curve/curve.h"

struct rank {
    uint64_t requests;
    uint32_t tenant;
};

/* As many requests: the one with the lower number first. */
void ranks_sort(struct rank *ranks, uint32_t count);

/* All tenants that have these curves, sorted; to be freed. Out of memory ends the program. */
struct rank *ranks_of(const struct ctxi_curve *curves, uint32_t count);

#endif
