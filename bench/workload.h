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
#include <string.h>

#include "key.h"
#include "latency.h"
#include "random.h"
#include "zipf.h"

#define WORKLOAD_TENANTS  64
#define WORKLOAD_ZIPF     0.99
#define WORKLOAD_KEYS_MAX 100000000

/* An answer of 64 bytes; the first word proves to whom it belongs. */
struct value {
    uint64_t words[8];
};

enum distribution { DRAW_ZIPF, DRAW_UNIFORM };

struct population {
    size_t keys;
    unsigned tenants;
    enum key_kind kind;
    enum distribution distribution;
    uint32_t *id_of_rank; /* [keys] a shuffle, so that popular keys lie anywhere */
    struct zipf ranks;    /* Zipf: of the keys */
    char *texts;          /* KEY_TENANT_TEXT: string arguments by number, each with its NUL */
};

/* Of the members above: keys, tenants, kind and distribution are read from `wanted`. */
void population_init(struct population *population, const struct population *wanted,
                     struct random *random);
void population_fini(struct population *population);

struct request {
    uint32_t tenant;
    uint32_t first; /* of its calls in `args`; they end where the next request's begin */
};

struct stream {
    enum key_kind kind;
    const char *texts; /* the population's, which must stay */
    size_t request_count;
    struct request *requests; /* [request_count + 1], the last one closes the one before */
    int64_t *args;            /* or the numbers of string arguments */
};

/* A part of a stream: requests from `first` up to, not including, `end`. */
struct calls {
    const struct stream *stream;
    size_t first, end;
    unsigned worker;         /* which of the threads makes them, from 0 */
    struct latency *latency; /* where single calls are recorded, or NULL: they are not timed */
};

/* `length` calls drawn as the population wants, `per_request` in a row for one tenant. */
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

/* The name of a tenant, KEY_TENANT_SIZE bytes with its NUL, and its locale, a string in
 * KEY_LOCALE_SIZE bytes; constant once a population with so many tenants was made. */
const char *workload_tenant(uint32_t tenant);
const char *workload_locale(uint32_t tenant);

/*
 * The expensive function that is cached: the answer for this tenant (KEY_TENANT_SIZE bytes) and
 * argument, or string argument (KEY_TEXT_SIZE bytes). Counts in workload_loads.
 */
void workload_load(const char *tenant, int64_t arg, struct value *out_value);
void workload_load_text(const char *tenant, const char *text, struct value *out_value);

/* How often this thread loaded. */
extern __thread uint64_t workload_loads;

/* ---- keys of calls ------------------------------------------------------------------------ */

/* The i-th call's string argument, with its NUL. */
static inline const char *stream_text(const struct stream *stream, size_t i)
{
    return stream->texts + stream->args[i] * (KEY_TEXT_SIZE + 1);
}

/* What all calls of a request have in common, and the argument of one call. */
static inline void key_begin(struct key *key, uint32_t tenant)
{
    memcpy(key->locale, workload_locale(tenant), sizeof key->locale);
    memcpy(key->tenant, workload_tenant(tenant), sizeof key->tenant);
}

static inline void key_argument(struct key *key, const struct stream *stream, size_t i,
                                enum key_kind kind)
{
    if (kind == KEY_TENANT_TEXT)
        memcpy(key->text, stream_text(stream, i), sizeof key->text);
    else
        key->arg = stream->args[i];
}

/* The loader for opaque keys. */
static inline void key_load(struct key_view view, struct value *out_value)
{
    if (view.kind == KEY_TENANT_TEXT)
        workload_load_text(view.key->tenant, view.key->text, out_value);
    else
        workload_load(view.key->tenant, view.key->arg, out_value);
}

#endif
