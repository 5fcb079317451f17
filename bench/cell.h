/*
 * cell.h: one row of the result: a workload, a competitor, a number of threads.
 *
 * The cells of a group are measured in turns, round by round, so that whatever happens to the
 * machine happens to all of them. The sections (cache_cells.c, context_cells.c) make the groups,
 * rounds.c measures them.
 */
#ifndef BENCH_CELL_H
#define BENCH_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "latency.h"
#include "stats.h"

#define CELL_ROUNDS_MAX  1000
#define CELL_NOISE_MAX   0.02 /* of a sample that is quiet */
#define CELL_NAME_SIZE   32
#define PLAN_THREADS_MAX 16

/* What is printed. A double that does not apply is NAN. */
struct result {
    const char *section;
    char workload[CELL_NAME_SIZE];
    const char *competitor;
    unsigned threads;
    unsigned variables; /* context section: how many are set; else 0 */
    struct summary ns_per_op;
    double mops;    /* of all threads together, from the median */
    double scaling; /* mops over that of the same with 1 thread */
    double hit_ratio;
    double bytes_per_entry;    /* all memory of the cache; async section: of a task that waits */
    double overhead_per_entry; /* the same without key and value */
    double heap_per_entry;     /* what malloc gave out for it: a check of the former */
    struct latency_summary latency;
    size_t samples, dropped;
    bool disturbed; /* not all of those were quiet */
};

struct sample {
    double ns;    /* per operation and thread */
    double noise; /* struct timing */
};

struct cell;
struct pool;

enum sample_purpose {
    SAMPLE_WARM,  /* the first round: not recorded */
    SAMPLE_WHOLE, /* timed as a whole */
    SAMPLE_SINGLE /* single calls are timed, and so the whole is not recorded */
};

/* What a section does for a sample. */
struct cell_kind {
    /* On the main thread; `turn` counts the cell's samples, from 0. end() is told how long work()
     * took, and how disturbed it was (struct timing). */
    void (*begin)(struct cell *cell, size_t turn);
    void (*end)(struct cell *cell, double ns, double noise);
    /* On each worker; work() alone is timed. */
    void (*ready)(void *cell, unsigned worker);
    void (*work)(void *cell, unsigned worker);
    void (*leave)(void *cell, unsigned worker);
    /* How many operations all workers together do in this round. */
    size_t (*operations)(const struct cell *cell);
    bool single; /* takes samples of single calls, too */
};

struct cell {
    const struct cell_kind *kind; /* NULL: not measured in rounds */
    unsigned threads;
    enum sample_purpose purpose; /* of the sample that is being taken */
    size_t turns;                /* samples begun */
    size_t count;                /* samples recorded */
    struct sample *samples;
    struct result result;
    void *own; /* the section's */
};

/* The cells that are measured in turns: those of one workload, or of a few that belong together. */
struct group {
    const char *section;
    char workload[CELL_NAME_SIZE];
    double weight; /* its share of the time */
    struct cell *cells;
    size_t cell_count;
    size_t number; /* the section's own */
    void *own;     /* the section's */
};

/* What was asked for. A list has NULL at its end; a list that is NULL wants everything. */
struct plan {
    const char **sections, **workloads, **competitors;
    unsigned threads[PLAN_THREADS_MAX]; /* ascending */
    size_t thread_count;
    uint64_t keys, large_keys, growth_keys, capacity, per_request, seed;
};

bool plan_wants(const char *const *list, const char *name);

struct section {
    const char *name;
    bool on_demand; /* measured only if --section names it */
    /* The names and weights of its groups, in order; false: there is none with this number. */
    bool (*describe)(size_t number, struct group *out_group);
    /* Names and meanings of workloads and competitors, for --help; NULL: no more. */
    const char *(*workload)(size_t number, const char **out_about);
    const char *(*competitor)(size_t number, const char **out_about);
    /* What is to be installed for that competitor; NULL: it is there. May itself be NULL. */
    const char *(*missing_package)(size_t number);
    /* Whether this may stand after --workload. */
    bool (*has_workload)(const char *name);
    /* How many cells the plan leaves of this group. */
    size_t (*count)(const struct group *group, const struct plan *plan);
    /* Makes the cells with all they need. */
    void (*open)(struct group *group, const struct plan *plan);
    /* Instead of rounds_run(), with its arguments; NULL: in rounds. */
    void (*measure)(struct group *group, struct pool *pool, uint64_t rounds, double seconds);
    /* After the last round: fills in the section's part of the results, and checks them. */
    void (*complete)(struct group *group);
    void (*close)(struct group *group);
};

extern const struct section section_context, section_cache, section_record, section_growth,
    section_async;

/* For the sections: memory for cells, one more cell, and freeing them. */
void group_open(struct group *group, size_t cells_most);
struct cell *group_add(struct group *group, const struct cell_kind *kind, const char *workload,
                       const char *competitor, unsigned threads);
void group_close(struct group *group);

/* Fills in what follows from the samples, which it reorders (nothing, if there are none: then the
 * section has filled in the time), and then what follows from other cells. */
void cell_summarize(struct cell *cell);
void group_scale(struct group *group);

#endif
