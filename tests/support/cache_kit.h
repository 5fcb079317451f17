/*
 * cache_kit.h: what the tests of the cache share: a function whose loads are counted, calls that
 * return all of their answer, threads that call, and the equations of the statistics.
 */
#ifndef SUPPORT_CACHE_KIT_H
#define SUPPORT_CACHE_KIT_H

#include <ctxcache.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

/* ---- a memoized function under test ------------------------------------------------------- */

/*
 * Its value is the serial number of the load that made it, so two answers are equal exactly if one
 * load made both. during() runs before the value is given; any code but CTX_OK becomes the load's.
 * With `negative` there is no value: the answer is that there is none.
 */
struct probe {
    _Atomic int64_t loads;
    int (*during)(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count);
    void *arg;
    bool negative;
};

int probe_load(ctx_cache_load *load, const ctx_value *args, size_t count, void *probe);

/* PROBE(price); defines the function `price` and its `price_probe`. */
#define PROBE(name)                                                                                \
    static struct probe name##_probe;                                                              \
    static CTX_CACHE_FN_VERSION(name, 1, probe_load, &name##_probe)

/* For probe.during: passes the gate that probe.arg points at. */
int probe_pass_gate(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count);

/* ---- calls -------------------------------------------------------------------------------- */

/* All of one answer; serial is 0 where there was no value. */
struct answer {
    int status;
    int64_t serial;
    ctx_cache_info info;
};

struct answer ask_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t count);
struct answer ask_within_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t count,
                           uint64_t wait_ns);
struct answer look_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t count);
struct answer peek_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t count);

/* ask(cache, fn, 42, "eu") calls; look() is a get, peek() a peek. */
#define ask(cache, ...)  ask_v(cache, CTXI_FIRST(__VA_ARGS__, 0), CTXI_REST(__VA_ARGS__))
#define look(cache, ...) look_v(cache, CTXI_FIRST(__VA_ARGS__, 0), CTXI_REST(__VA_ARGS__))
#define peek(cache, ...) peek_v(cache, CTXI_FIRST(__VA_ARGS__, 0), CTXI_REST(__VA_ARGS__))

/* Stores a serial number by hand. */
int put_serial(ctx_cache *cache, ctx_cache_fn *fn, int64_t key, int64_t serial);

/* ---- caches ------------------------------------------------------------------------------- */

/* A cache that varies on `vary` (NULL: nothing) and holds `capacity` entries. */
ctx_cache *cache_of(uint64_t capacity, ctx_var *vary);

/* One of this configuration; a refused one ends the program. */
ctx_cache *cache_with(const ctx_cache_config *config);

ctx_cache_stats stats_of(ctx_cache *cache);

/* The statistics of the current partition, zeros if it has none. */
ctx_cache_stats partition_of(ctx_cache *cache);

/* The equations of stats.h, for the cache and for each partition. */
void check_equations(ctx_cache *cache);

/* And the sum over the partitions; for caches that never lost one and were never called without. */
void check_sums(ctx_cache *cache);

/* ---- calls on other threads --------------------------------------------------------------- */

/* One call on a thread of its own, in a copy of the context that is current at its start. */
struct caller {
    ctx_cache *cache;
    ctx_cache_fn *fn;
    int64_t key;
    uint64_t wait_ns;
    struct answer answer;
    pthread_t thread;
    _Atomic pid_t tid;
};

void caller_start(struct caller *caller, ctx_cache *cache, ctx_cache_fn *fn, int64_t key);

/* Waits until it waits for another's load; only while every other thread stands still. */
void caller_await_waiting(struct caller *caller);

struct answer caller_join(struct caller *caller);

#endif
