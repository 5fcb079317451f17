/*
 * ctxcache, asked for BATCH answers at once: the arguments of a request come in a row, as a loop over
 * the rows of a page has them. An answer is there when its batch is, so that is what a call takes
 * where single calls are timed.
 */
#include "contenders/ctxcache_cache.h"

#define BATCH 16

static struct value batch_answer(int64_t arg)
{
    const char *tenant;
    struct value value;

    ctxcache_check(ctx_get_string(bench_tenant, &tenant), "the tenant in the loader");
    workload_load(tenant, arg, &value);
    return value;
}

CTX_CACHE_WRAP(cached_batch_answer, struct value, batch_answer, int64_t)

static uint64_t ask_batch(ctx_cache *cache, const int64_t *args, size_t count)
{
    struct value values[BATCH];
    ctx_value rows[BATCH];
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        rows[i] = ctx_i64(args[i]);
    ctxcache_check(ctx_cache_call_many_copy_v(cache, cached_batch_answer_fn, rows, 1, count, NULL,
                                              values, sizeof *values, NULL),
                   "a batch");
    for (size_t i = 0; i < count; i++) {
        use_value(&values[i]);
        sum += values[i].words[0];
    }
    return sum;
}

static uint64_t ask_request(ctx_cache *cache, const struct calls *calls, size_t request)
{
    const struct stream *stream = calls->stream;
    size_t first = stream->requests[request].first, end = stream->requests[request + 1].first;
    uint64_t sum = 0;

    for (size_t i = first; i < end; i += BATCH) {
        uint64_t start = calls->latency ? clock_ns() : 0;

        sum += ask_batch(cache, stream->args + i, end - i < BATCH ? end - i : BATCH);
        call_ended(calls->latency, start);
    }
    return sum;
}

static uint64_t call(void *opened, const struct calls *calls)
{
    struct ctxcache *cache = opened;
    uint64_t sum = 0;

    for (size_t r = calls->first; r < calls->end; r++) {
        CTX_SCOPED(bench_tenant, workload_tenant(calls->stream->requests[r].tenant));
        sum += ask_request(cache->cache, calls, r);
    }
    return sum;
}

static const char *const workloads[] = {"W1", "W2", NULL};

const struct contender contender_ctxcache_many = {
    .name = "ctxcache-many",
    .about = "16 calls at once, ctx_cache_call_many_copy_v() (W1 and W2 alone)",
    .workloads = workloads,
    .exact_lru = true,
    .open = ctxcache_open,
    .close = ctxcache_close,
    .call = call,
    .bytes_per_entry = ctxcache_bytes_per_entry,
    .forget_tenant = ctxcache_forget_tenant,
};
