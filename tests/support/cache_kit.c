#include "support/cache_kit.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/gate.h"

int probe_load(ctx_cache_load *load, const ctx_value *args, size_t count, void *probe)
{
    struct probe *self = probe;
    int64_t serial = atomic_fetch_add(&self->loads, 1) + 1;
    int status = self->during ? self->during(self, load, args, count) : CTX_OK;

    if (status != CTX_OK)
        return status;
    if (!self->negative)
        return ctx_cache_load_copy(load, &serial, sizeof serial);
    ctx_cache_load_negative(load);
    return CTX_OK;
}

int probe_pass_gate(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)
{
    (void)load, (void)args, (void)count;
    gate_pass(probe->arg);
    return CTX_OK;
}

/* Takes the serial number out of the ref, and lets go of it. */
static void take_serial(struct answer *answer, ctx_cache_ref *ref)
{
    if (answer->status == CTX_OK) {
        CHECK_EQ(ref->size, sizeof answer->serial);
        CHECK_EQ((uintptr_t)ref->data % _Alignof(max_align_t), 0);
        memcpy(&answer->serial, ref->data, sizeof answer->serial);
        CHECK(answer->serial != 0);
    } else {
        CHECK(!ref->data && !ref->size && !ref->pin);
    }
    ctx_cache_ref_release(ref);
    CHECK(!ref->data && !ref->size && !ref->pin);
}

/* A ref full of rubbish: whatever a call answers, it must write it. */
static ctx_cache_ref dirty_ref(void)
{
    ctx_cache_ref ref;

    memset(&ref, 0xa5, sizeof ref);
    return ref;
}

struct answer ask_within_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t count,
                           uint64_t wait_ns)
{
    struct answer answer = {0, 0, CTX_CACHE_INFO_INIT};
    ctx_cache_options options = CTX_CACHE_OPTIONS_INIT;
    ctx_cache_ref ref = dirty_ref();

    options.wait_ns = wait_ns;
    answer.status = ctx_cache_call_v(cache, fn, args, count, &options, &ref, &answer.info);
    take_serial(&answer, &ref);
    return answer;
}

struct answer ask_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t count)
{
    return ask_within_v(cache, fn, args, count, 0);
}

struct answer look_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t count)
{
    struct answer answer = {0, 0, CTX_CACHE_INFO_INIT};
    ctx_cache_ref ref = dirty_ref();

    answer.status = ctx_cache_get_v(cache, fn, args, count, &ref, &answer.info);
    take_serial(&answer, &ref);
    return answer;
}

struct answer peek_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t count)
{
    struct answer answer = {0, 0, CTX_CACHE_INFO_INIT};
    ctx_cache_ref ref = dirty_ref();

    answer.status = ctx_cache_peek_v(cache, fn, args, count, &ref, &answer.info);
    take_serial(&answer, &ref);
    return answer;
}

int put_serial(ctx_cache *cache, ctx_cache_fn *fn, int64_t key, int64_t serial)
{
    return ctx_cache_put(cache, fn, &serial, sizeof serial, key);
}

/* ---- caches ------------------------------------------------------------------------------- */

ctx_cache *cache_with(const ctx_cache_config *config)
{
    ctx_cache *cache = NULL;
    int status = ctx_cache_new(config, &cache);

    if (status != CTX_OK) {
        const char *problem = ctx_cache_config_problem(config);
        fprintf(stderr, "ctx_cache_new: %s\n", problem ? problem : ctx_strerror(status));
    }
    CHECK_EQ(status, CTX_OK);
    CHECK(cache);
    return cache;
}

ctx_cache *cache_of(uint64_t capacity, ctx_var *vary)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = capacity;
    config.vary = vary ? &vary : NULL;
    config.vary_count = vary ? 1 : 0;
    return cache_with(&config);
}

ctx_cache_stats stats_of(ctx_cache *cache)
{
    ctx_cache_stats stats = CTX_CACHE_STATS_INIT;

    CHECK_EQ(ctx_cache_stats_read(cache, &stats), CTX_OK);
    return stats;
}

ctx_cache_stats partition_of(ctx_cache *cache)
{
    ctx_cache_stats stats = CTX_CACHE_STATS_INIT;
    int status = ctx_cache_partition_stats(cache, &stats);

    CHECK(status == CTX_OK || status == CTX_ABSENT);
    return stats;
}

static void check_one(const ctx_cache_stats *s)
{
    CHECK_EQ(s->calls, s->hits + s->misses + s->joined + s->bypasses + s->refused);
    CHECK_EQ(s->misses + s->bypasses, s->loads_ok + s->loads_failed + s->absent);
    CHECK_EQ(s->bypasses, s->bypass_unset + s->bypass_key);
    CHECK_EQ(s->entries,
             s->stored - s->evicted - s->expired - s->invalidated - s->replaced - s->cleared);
    CHECK(s->negative_hits <= s->hits);
    CHECK(s->timeouts <= s->joined);
}

#define FIELD_COUNT (sizeof(ctx_cache_stats) / sizeof(uint64_t))

_Static_assert(sizeof(ctx_cache_stats) % sizeof(uint64_t) == 0, "all fields have one size");

struct sum {
    uint64_t field[FIELD_COUNT];
    uint64_t last_id;
};

static int add_partition(void *user, const ctx_cache_partition *partition)
{
    struct sum *sum = user;
    uint64_t field[FIELD_COUNT];

    check_one(partition->stats);
    memcpy(field, partition->stats, sizeof field);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        sum->field[i] += field[i];
    return 0;
}

void check_equations(ctx_cache *cache)
{
    ctx_cache_stats whole = stats_of(cache);
    struct sum sum = {{0}, 0};

    check_one(&whole);
    CHECK_EQ(ctx_cache_each_partition(cache, add_partition, &sum), CTX_OK);
}

void check_sums(ctx_cache *cache)
{
    ctx_cache_stats whole = stats_of(cache), parts = CTX_CACHE_STATS_INIT;
    struct sum sum = {{0}, 0};

    check_one(&whole);
    CHECK_EQ(ctx_cache_each_partition(cache, add_partition, &sum), CTX_OK);
    memcpy(&parts, sum.field, sizeof parts);
    CHECK(parts.bytes <= whole.bytes);
    parts.bytes = whole.bytes;
    parts.size = whole.size;
    CHECK(memcmp(&parts, &whole, sizeof whole) == 0);
}

/* ---- calls on other threads --------------------------------------------------------------- */

static void *run_caller(void *arg)
{
    struct caller *caller = arg;
    ctx_value key = ctx_i64(caller->key);

    atomic_store(&caller->tid, thread_tid());
    caller->answer = ask_within_v(caller->cache, caller->fn, &key, 1, caller->wait_ns);
    return NULL;
}

void caller_start(struct caller *caller, ctx_cache *cache, ctx_cache_fn *fn, int64_t key)
{
    caller->cache = cache;
    caller->fn = fn;
    caller->key = key;
    atomic_store(&caller->tid, 0);
    CHECK_EQ(ctx_thread_create(&caller->thread, NULL, run_caller, caller), CTX_OK);
}

void caller_await_waiting(struct caller *caller)
{
    while (!atomic_load(&caller->tid))
        sched_yield();
    await_asleep(atomic_load(&caller->tid));
}

struct answer caller_join(struct caller *caller)
{
    CHECK_EQ(pthread_join(caller->thread, NULL), 0);
    return caller->answer;
}
