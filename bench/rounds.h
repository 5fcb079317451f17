/*
 * rounds.h: measuring the cells of a group in turns.
 */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include "cell.h"
#include "pool.h"

/* `rounds` rounds after the one that warms up; or, if that is 0, as many as fit into `seconds`, but
 * at least ROUNDS_LEAST. */
#define ROUNDS_LEAST 3
#define ROUNDS_MOST  301

/* After the first of so many rounds there is one in which single calls are timed. */
#define ROUNDS_SINGLE 4

void rounds_run(struct group *group, struct pool *pool, uint64_t rounds, double seconds);

#endif
