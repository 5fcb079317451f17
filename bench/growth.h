/*
 * growth.h: the parts of the growth section that are not measured in rounds. Each makes the cells of
 * a group and measures them one after the other, with one thread.
 */
#ifndef BENCH_GROWTH_H
#define BENCH_GROWTH_H

#include "cell.h"
#include "contender.h"

#define GROWTH_TENANTS 64

/* Every insert of `entries` into a cache without limits is timed. */
bool growth_inserts(const struct contender *contender);
void growth_measure_inserts(struct group *group, const struct plan *plan, size_t entries);

/* A tenant's `entries` are dropped at once. */
bool growth_invalidates(const struct contender *contender);
void growth_measure_invalidation(struct group *group, const struct plan *plan, size_t entries);

#endif
