/*
 * workload.h: what all competitors are asked for, and what they must answer.
 *
 * A population is a set of keys, spread evenly over tenants and drawn with Zipf's distribution. A
 * stream is a list of requests, made before anything is timed; a request is a run of calls for one
 * tenant, as a server has it. All competitors get the same streams.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"

#define WORKLOAD_TENANTS     64
#define WORKLOAD_TENANT_SIZE 16 /* bytes of a tenant's name with its NUL: every name has 15 */
#define WORKLOAD_ZIPF        0.99
#define WORKLOAD_KEYS_MAX    100000000

/* The full key of an answer. Different tenants use the same arguments. */
struct key {
    char tenant[WORKLOAD_TENANT_SIZE];
    int64_t arg;
};

/* An answer of 64 bytes; the first word proves to whom it belongs. */
struct value {
    uint64_t words[8];
};

struct population {
    size_t keys;
    unsigned tenants;
    uint32_t *id_of_rank; /* [keys] a shuffle, so that popular keys lie anywhere */
    double *cumulative;   /* [keys] the probability of this rank or a more popular one */
};

void population_init(struct population *population, size_t keys, unsigned tenants,
                     struct random *random);
void population_fini(struct population *population);

struct request {
    uint32_t tenant;
    uint32_t first; /* of its calls in `args`; they end where the next request's begin */
};

struct stream {
    size_t request_count;
    struct request *requests; /* [request_count + 1], the last one closes the one before */
    int64_t *args;
};

/* A part of a stream: requests from `first` up to, not including, `end`. */
struct calls {
    const struct stream *stream;
    size_t first, end;
};

/* `length` calls drawn by popularity, `per_request` in a row for one tenant. */
void stream_draw(struct stream *stream, const struct population *population, size_t length,
                 size_t per_request, struct random *random);

/* Every key of part `part` of `parts` once; parts are disjoint and make up the population. */
void stream_walk(struct stream *stream, const struct population *population, size_t per_request,
                 unsigned part, unsigned parts);

void stream_fini(struct stream *stream);

/* Part `part` of `parts`, of about equal size. */
struct calls stream_part(const struct stream *stream, size_t part, size_t parts);

size_t calls_count(const struct calls *calls);

/* The sum of the first words of all answers to these calls. */
uint64_t calls_checksum(const struct calls *calls);

/* The name of a tenant, 15 bytes and NUL; constant. */
const char *workload_tenant(uint32_t tenant);

/*
 * The expensive function that is cached: the answer for this tenant (WORKLOAD_TENANT_SIZE bytes)
 * and argument. Counts in workload_loads.
 */
void workload_load(const char *tenant, int64_t arg, struct value *out_value);

/* How often this thread loaded. */
extern __thread uint64_t workload_loads;

#endif
