/*
 * contender.h: one who competes in the cache section.
 *
 * To add one:
 *
 *   1. Write contenders/<name>.c, which defines `const struct contender contender_<name>`. If its
 *      cache takes opaque keys, write the get-or-load of one key (key_caller), and let calls_by_key()
 *      make the calls; see contenders/uthash.c, which is as short as it can be.
 *   2. Name it in contenders.c, and declare it below.
 *   3. If it needs a package that not everybody has: its files go to contenders/optional and
 *      peers/optional and begin with its name, the Makefile's BENCH_OPTIONAL says which pkg-config
 *      modules decide (it defines BENCH_WITH_<NAME>, and compiles and links with what pkg-config
 *      says), contenders.c says under #ifndef BENCH_WITH_<NAME> what is to be installed, and
 *      .ci/deps has the package in `peers`. What can be missing only at run time, a server to talk
 *      to, says so in present().
 *
 * Whoever gives a wrong answer, or loads where nothing was to be loaded, ends the run.
 */
#ifndef BENCH_CONTENDER_H
#define BENCH_CONTENDER_H

#include "clock.h"
#include "latency.h"
#include "workload.h"

struct cache_setup {
    size_t capacity;    /* entries; CONTENDER_UNBOUNDED: no limit */
    size_t keys;        /* how many different keys will be asked for */
    unsigned tenants;   /* how many different ones */
    unsigned threads;   /* at most so many call at once, see struct calls */
    enum key_kind kind; /* of all keys */
    uint64_t seed;      /* of its hash, if it has one */
};

#define CONTENDER_UNBOUNDED SIZE_MAX
#define CONTENDERS_MAX      32

/* Functions that fail say why and end the program. */
struct contender {
    const char *name;
    const char *about;            /* for --help */
    const char *const *workloads; /* those it answers, NULL at the end; NULL: all */
    /* Evicts by one exact LRU order over the whole cache: with one thread it must load exactly as
     * often as the others. */
    bool exact_lru;
    /* How many times fewer calls a sample has, for one whose calls take microseconds; 0 is 1. */
    unsigned slowness;
    bool on_demand;        /* measured only if --competitor names it */
    const char *package;   /* what is to be installed for it; NULL: it is always there */
    bool (*present)(void); /* whether it can be measured here; NULL: yes */

    void *(*open)(const struct cache_setup *setup);
    void (*close)(void *cache);
    /* Makes the calls, get or load; returns the sum of the first words of the answers. Called by
     * several threads at once; while a resident workload is filled, by one. */
    uint64_t (*call)(void *cache, const struct calls *calls);
    /* All memory of the cache, its keys and values included, for each entry that is in it. */
    double (*bytes_per_entry)(void *cache);
    /* Drops all entries of a tenant, and nobody else's; NULL: only one by one. */
    void (*forget_tenant)(void *cache, uint32_t tenant);
};

/* All there are, in the order of the table; NULL: no more. */
const struct contender *contender_at(size_t number);
bool contender_present(const struct contender *contender);

extern const struct contender contender_ctxcache, contender_ctxcache_ref, contender_ctxcache_many,
    contender_ctxcache_curve, contender_ctxcache_curves, contender_ctxcache_recorded,
    contender_ctxcache_sampled, contender_uthash, contender_uthash_shards, contender_floor,
    contender_glib, contender_rocksdb_lru, contender_rocksdb_clock, contender_cpython,
    contender_memcached;

/* ---- for contenders ----------------------------------------------------------------------- */

/* A copied answer counts as used: the compiler must have written all of it. */
static inline void use_value(const struct value *value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

/* Where `latency` is not NULL, every so manyth call is timed by itself. */
static inline uint64_t call_begins(const struct latency *latency, size_t number)
{
    return latency && number % latency->every == 0 ? clock_ns() : 0;
}

static inline void call_ended(struct latency *latency, uint64_t start)
{
    if (start)
        latency_record(latency, clock_ns() - start);
}

/* Get, or load with key_load() and store: the answer goes to *out_value. */
typedef void key_caller(void *cache, struct key_view key, struct value *out_value);

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE uint64_t call_request(void *cache, const struct calls *calls, size_t request,
                                    key_caller *one, enum key_kind kind, struct latency *latency)
{
    const struct stream *stream = calls->stream;
    struct value value;
    struct key key;
    uint64_t sum = 0;

    key_begin(&key, stream->requests[request].tenant);
    for (size_t i = stream->requests[request].first; i < stream->requests[request + 1].first; i++) {
        uint64_t start = call_begins(latency, i);

        key_argument(&key, stream, i, kind);
        one(cache, key_view(&key, kind), &value);
        call_ended(latency, start);
        use_value(&value);
        sum += value.words[0];
    }
    return sum;
}

ALWAYS_INLINE uint64_t call_requests(void *cache, const struct calls *calls, key_caller *one,
                                     enum key_kind kind)
{
    uint64_t sum = 0;

    for (size_t r = calls->first; r < calls->end; r++)
        sum += calls->latency ? call_request(cache, calls, r, one, kind, calls->latency)
                              : call_request(cache, calls, r, one, kind, NULL);
    return sum;
}

/* Makes the calls with one(), which is inlined if its definition is seen; the size of the key is a
 * constant there. */
ALWAYS_INLINE uint64_t calls_by_key(void *cache, const struct calls *calls, key_caller *one)
{
    switch (calls->stream->kind) {
    case KEY_PLAIN:
        return call_requests(cache, calls, one, KEY_PLAIN);
    case KEY_TENANT:
        return call_requests(cache, calls, one, KEY_TENANT);
    case KEY_TENANT_TEXT:
        return call_requests(cache, calls, one, KEY_TENANT_TEXT);
    default:
        return call_requests(cache, calls, one, KEY_LOCALE);
    }
}

#endif
