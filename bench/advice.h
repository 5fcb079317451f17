/*
 * advice.h: what a trace says about how large a cache should be, and for whom: found by advice.c, shown
 * by advice_output.c, for `ctxbench advise`. Other commands may show it, too.
 */
#ifndef BENCH_ADVICE_H
#define BENCH_ADVICE_H

#include <stdbool.h>
#include <stdio.h>

#include "tune/distances.h"
#include "tune/trace.h"

#define ADVISE_COMMAND "ctxbench advise"
#define ADVICE_STEPS   6

/* Of a trace that is a sample. */
#define ADVICE_SAMPLE                                                                              \
    "All numbers are estimates for the whole\ncache; ctxbench curve has intervals for them."

/* A capacity, why it is named, and what it hits. */
struct advice_step {
    const char *name; /* of JSON and CSV */
    char about[64];
    size_t bucket; /* of the overall curve */
};

/* Ways to give a capacity to tenants. */
enum advice_split {
    ADVICE_SHARED, /* one LRU cache for all */
    ADVICE_FLOORS, /* the same, but each tenant keeps its floor */
    ADVICE_LOOKAHEAD,
    ADVICE_GREEDY,
    ADVICE_EQUAL,
    ADVICE_PROPORTIONAL,
    ADVICE_SPLITS
};

extern const char *const advice_split_names[ADVICE_SPLITS];
extern const char *const advice_split_abouts[ADVICE_SPLITS]; /* what each is */

struct advice {
    const char *path;
    const struct ctxi_trace *trace;
    struct ctxi_curves *curves;
    struct advice_step steps[ADVICE_STEPS];
    size_t step_count;
    double want;      /* a hit ratio; 0: none */
    bool want_missed; /* no capacity has it */

    /* For this capacity, if there are several tenants. */
    uint64_t total;
    bool has_tenants;
    uint64_t *shares[ADVICE_SPLITS]; /* [tenant_count] each; NULL for shared; floors: the floors */
    uint64_t *hits[ADVICE_SPLITS];   /* [tenant_count] each; NULL: greedy, of a sample */
    uint64_t split_hits[ADVICE_SPLITS];
    enum advice_split best; /* of the walls, those after ADVICE_FLOORS */

    /* If the tenant did not partition: equal keys of different tenants as one object. Upper bounds. Not
     * known, and 0, of a trace whose tenants have their keys apart. */
    uint64_t merged_objects, merged_hits, merged_ceiling;

    struct ctxi_curves *bytes; /* in bytes; NULL unless there are sizes and load times */
};

/* `total` 0: the knee. `want` is a hit ratio; 0: none. Out of memory ends the program. */
void advice_find(struct advice *advice, const char *path, const struct ctxi_trace *trace,
                 uint64_t total, double want);
void advice_free(struct advice *advice);

/* Part of whole, 0 if there is nothing. */
double advice_ratio(uint64_t part, uint64_t whole);

/* Whether there is too little to advise on, and then why: a line. NULL: there is enough. */
const char *advice_too_little(const struct advice *advice);

/* Sentences without line breaks: what to set, if there is enough; whether to split, and what leaving
 * the tenant out of the key would gain. Only if there are hits to share. */
#define ADVICE_SENTENCES 512
void advice_recommend(const struct advice *advice, char *out, size_t size);
void advice_verdict(const struct advice *advice, char *out, size_t size);
void advice_say_merged(const struct advice *advice, char *out, size_t size);

void advice_print_json(FILE *file, const struct advice *advice);
void advice_print_csv(FILE *file, const struct advice *advice);
void advice_print_table(FILE *file, const struct advice *advice);

#endif
