/*
 * scene.h: what the competitors in one cache workload share: keys, streams of calls, and the caches
 * that are filled once and serve every round and every number of threads.
 */
#ifndef BENCH_SCENE_H
#define BENCH_SCENE_H

#include "cell.h"
#include "contender.h"

#define SCENE_SLICES 32    /* a stream has that many rounds of calls, then it begins again */
#define SCENE_CALLS  32768 /* of a slice, for each worker */

enum scene_state {
    RESIDENT, /* everything is in the cache before the first round */
    FRESH,    /* each sample fills a new cache with all keys */
    SMALL     /* fewer entries than keys: full before the first round, and kept over the rounds */
};

struct scene_setup {
    enum scene_state state;
    enum distribution distribution;
    struct cache_setup cache;
    size_t per_request;
};

/* A cache of its own for each competitor (RESIDENT), and what it cost. */
struct resident {
    void *cache;        /* NULL: there is none */
    double heap_growth; /* bytes that malloc gave out until it was filled, for each entry */
};

/* Made and freed by one thread; constant while it is measured, but for what caches do inside. */
struct scene {
    char workload[CELL_NAME_SIZE];
    struct scene_setup setup;
    struct population population;
    struct stream
        *streams; /* one for each worker; FRESH: for each number of threads one for each */
    size_t stream_count;
    struct stream filling; /* RESIDENT: every key; SMALL: enough to fill a cache and settle it */
    struct resident residents[CONTENDERS_MAX];
};

void scene_open(struct scene *scene, const char *workload, const struct scene_setup *setup,
                const struct plan *plan);
void scene_close(struct scene *scene);

/* A cache on which the calls of `filling` were made, by each of `workers` in turn. */
void *scene_open_filled(const struct scene *scene, const struct contender *contender,
                        unsigned workers);

/* Fills the residents[] of a contender. */
void scene_settle(struct scene *scene, size_t contender);

/* The streams of the workers, if there are plan->threads[t] of them. */
const struct stream *scene_streams(const struct scene *scene, const struct plan *plan, size_t t);

/* Whether this one is to be measured in that workload. */
bool scene_competes(const char *workload, const struct contender *contender,
                    const struct plan *plan);

#endif
