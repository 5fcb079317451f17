/*
 * replay.h: a trace through the real library, and what came of it.
 */
#ifndef BENCH_REPLAY_H
#define BENCH_REPLAY_H

#include <stdio.h>

#include "tune/trace.h"

#define REPLAY_COMMAND "ctxbench replay"

/* The trace in pieces of as many records each, as good as that goes, to see how hits come and go. */
#define REPLAY_PIECES 60

/* What was asked for, by everybody, by one tenant or in one piece. Requests are gets; puts and deletes are carried
 * out and not counted. */
struct replay_demand {
    uint64_t requests, bytes;
    /* Of these, for an object that had been asked for or put before, and was not deleted since: no cache
     * can hit more. */
    uint64_t reachable, reachable_bytes;
};

/* What the cache made of it. */
struct replay_answer {
    uint64_t hits, hit_bytes, evictions;
    uint64_t sample_ns,
        samples; /* of requests that were timed one by one, less the clock's own time */
};

struct replay_result {
    uint64_t capacity;
    struct replay_answer total; /* the sum of all tenants */
    struct replay_answer *tenants;
    uint64_t piece_hits[REPLAY_PIECES];
    double ns_per_call; /* over the whole trace: puts, deletes and changes of tenant are in it */
};

struct replay {
    const char *path;
    const struct ctxi_trace *trace;
    struct replay_demand demand;
    struct replay_demand *demands; /* [trace->tenant_count] */
    struct replay_demand pieces[REPLAY_PIECES];
    struct replay_result *results; /* [result_count] */
    size_t result_count;
};

/* Counts what is asked for, and makes room for results. Out of memory ends the program. */
void replay_init(struct replay *replay, const char *path, const struct ctxi_trace *trace,
                 size_t result_count);
void replay_fini(struct replay *replay);

/* Where what the cache sees is recorded, and of which share of the keys. */
struct replay_record {
    const char *path;
    double rate;
};

/*
 * One run through a new cache of this capacity, with one thread; if the trace is a sample, of the share of it
 * that the sample has. `record` may be NULL. What fails ends the program.
 */
void replay_run(struct replay *replay, struct replay_result *result, uint64_t capacity,
                const struct replay_record *record);

/* The record that a piece begins with; of piece REPLAY_PIECES, how many records there are. */
size_t replay_piece_start(const struct ctxi_trace *trace, size_t piece);

void replay_answer_add(struct replay_answer *sum, const struct replay_answer *one);

/* NAN if there was nothing to divide by. */
double replay_ratio(uint64_t part, uint64_t whole);
double replay_ns(const struct replay_answer *answer);

void replay_print_json(FILE *file, const struct replay *replay);
void replay_print_csv(FILE *file, const struct replay *replay);

/* A table for people; of the tenants only those with most requests, the others together. */
void replay_print_table(FILE *file, const struct replay *replay, size_t tenants_shown);

#endif
