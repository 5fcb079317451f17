/*
 * pool.h: worker threads that do one piece of timed work together.
 */
#ifndef BENCH_POOL_H
#define BENCH_POOL_H

#include <stdint.h>

struct pool;

/* One piece of work. Each function is called on every worker; ready() and leave() are not timed and
 * may be NULL. All workers start work() at the same moment. */
struct task {
    void (*ready)(void *arg, unsigned worker);
    void (*work)(void *arg, unsigned worker);
    void (*leave)(void *arg, unsigned worker);
    void *arg;
};

struct timing {
    double ns;    /* from the first worker's start to the last one's end */
    double noise; /* the share of it that a worker waited for its processor */
};

/* How many processors this process may use. */
unsigned pool_processors(void);

/* `workers` threads, each pinned to a processor of its own where the system allows it. */
struct pool *pool_new(unsigned workers);
void pool_free(struct pool *pool);

/* Runs the task on the first `workers` of them and waits for the end. */
struct timing pool_run(struct pool *pool, unsigned workers, const struct task *task);

#endif
