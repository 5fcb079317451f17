/*
 * capacities.h: the capacities that a command is asked for, --capacity N[,N], or has to choose itself.
 */
#ifndef BENCH_CAPACITIES_H
#define BENCH_CAPACITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capacities {
    uint64_t *values; /* [count], whole numbers over 0 */
    size_t count;
};

/* Whether they are numbers; else a line on stderr says what is wrong. `typed` may be NULL: none. To be
 * given to capacities_free() in any case. */
bool capacities_read(struct capacities *capacities, const char *command, const char **typed);

/* 1, 5, 10, 20 and 50 % of so many objects, none of them 0 and none twice. */
void capacities_choose(struct capacities *capacities, uint64_t objects);

void capacities_free(struct capacities *capacities);

#endif
