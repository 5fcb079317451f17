/*
 * ctxcache, in the two forms that a program uses: the typed wrapper that copies a small result out,
 * and a ref. The tenant is set once for each request and appears nowhere below it.
 */
#include <stdlib.h>
#include <string.h>

#include <ctxcache.h>

#include "contender.h"
#include "die.h"

static CTX_VAR(bench_tenant);

static void check(int status, const char *what)
{
    if (status != CTX_OK)
        die("ctxcache: %s: %s", what, ctx_strerror(status));
}

/* ---- the functions that are memoized ------------------------------------------------------ */

static struct value tenant_answer(int64_t arg)
{
    const char *tenant;
    struct value value;

    check(ctx_get_string(bench_tenant, &tenant), "the tenant in the loader");
    workload_load(tenant, arg, &value);
    return value;
}

static struct value plain_answer(int64_t arg)
{
    struct value value;

    workload_load(workload_tenant(0), arg, &value);
    return value;
}

static int tenant_report(ctx_cache_load *load, int64_t arg)
{
    const char *tenant;
    void *room;

    check(ctx_get_string(bench_tenant, &tenant), "the tenant in the loader");
    check(ctx_cache_load_reserve(load, sizeof(struct value), &room), "room for the value");
    workload_load(tenant, arg, room);
    return CTX_OK;
}

static int plain_report(ctx_cache_load *load, int64_t arg)
{
    void *room;

    check(ctx_cache_load_reserve(load, sizeof(struct value), &room), "room for the value");
    workload_load(workload_tenant(0), arg, room);
    return CTX_OK;
}

CTX_CACHE_WRAP(cached_tenant_answer, struct value, tenant_answer, int64_t)
CTX_CACHE_WRAP(cached_plain_answer, struct value, plain_answer, int64_t)
CTX_CACHE_WRAP_REF(cached_tenant_report, tenant_report, int64_t)
CTX_CACHE_WRAP_REF(cached_plain_report, plain_report, int64_t)

/* ---- the cache ---------------------------------------------------------------------------- */

struct cache {
    ctx_cache *cache;
    bool tenants;
};

static void *open_cache(const struct cache_setup *setup)
{
    ctx_var *const vary[] = {bench_tenant};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct cache *cache = die_calloc(1, sizeof *cache);

    config.name = "bench";
    config.capacity_entries = setup->capacity;
    config.vary = setup->tenants ? vary : NULL;
    config.vary_count = setup->tenants ? 1 : 0;
    config.seed = random_mix(setup->seed) | 1;
    cache->tenants = setup->tenants;
    check(ctx_cache_new(&config, &cache->cache), "ctx_cache_new()");
    return cache;
}

static void close_cache(void *opened)
{
    struct cache *cache = opened;

    ctx_cache_destroy(cache->cache);
    free(cache);
}

static double bytes_per_entry(void *opened)
{
    struct cache *cache = opened;
    ctx_cache_stats stats = CTX_CACHE_STATS_INIT;

    check(ctx_cache_stats_read(cache->cache, &stats), "ctx_cache_stats_read()");
    return (double)stats.bytes / (double)stats.entries;
}

/* ---- calls -------------------------------------------------------------------------------- */

typedef int copied_twin(ctx_cache *cache, int64_t arg, struct value *out_value);
typedef int ref_twin(ctx_cache *cache, int64_t arg, ctx_cache_ref *out_ref);

static inline uint64_t copy_request(ctx_cache *cache, copied_twin *twin, const int64_t *args,
                                    size_t count)
{
    struct value value;
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        check(twin(cache, args[i], &value), "a call");
        use_value(&value);
        sum += value.words[0];
    }
    return sum;
}

static inline uint64_t ref_request(ctx_cache *cache, ref_twin *twin, const int64_t *args,
                                   size_t count)
{
    struct value value;
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        ctx_cache_ref ref = CTX_CACHE_REF_INIT;

        check(twin(cache, args[i], &ref), "a call");
        memcpy(&value, ref.data, sizeof value);
        ctx_cache_ref_release(&ref);
        use_value(&value);
        sum += value.words[0];
    }
    return sum;
}

static uint64_t copied_request(const struct cache *cache, const int64_t *args, size_t count)
{
    return cache->tenants ? copy_request(cache->cache, cached_tenant_answer, args, count)
                          : copy_request(cache->cache, cached_plain_answer, args, count);
}

static uint64_t referred_request(const struct cache *cache, const int64_t *args, size_t count)
{
    return cache->tenants ? ref_request(cache->cache, cached_tenant_report, args, count)
                          : ref_request(cache->cache, cached_plain_report, args, count);
}

typedef uint64_t request_handler(const struct cache *cache, const int64_t *args, size_t count);

static inline uint64_t serve(const struct cache *cache, const struct calls *calls,
                             request_handler *handle)
{
    const struct stream *stream = calls->stream;
    uint64_t sum = 0;

    for (size_t r = calls->first; r < calls->end; r++) {
        const struct request *request = &stream->requests[r];
        size_t count = request[1].first - request->first;

        if (cache->tenants) {
            CTX_SCOPED(bench_tenant, workload_tenant(request->tenant));
            sum += handle(cache, stream->args + request->first, count);
        } else {
            sum += handle(cache, stream->args + request->first, count);
        }
    }
    return sum;
}

static uint64_t call_copied(void *opened, const struct calls *calls)
{
    return serve(opened, calls, copied_request);
}

static uint64_t call_referred(void *opened, const struct calls *calls)
{
    return serve(opened, calls, referred_request);
}

const struct contender contender_ctxcache = {
    .name = "ctxcache",
    .about = "the typed wrapper, which copies the value out",
    .open = open_cache,
    .close = close_cache,
    .call = call_copied,
    .bytes_per_entry = bytes_per_entry,
};

const struct contender contender_ctxcache_ref = {
    .name = "ctxcache-ref",
    .about = "a ref, copied from and released",
    .open = open_cache,
    .close = close_cache,
    .call = call_referred,
    .bytes_per_entry = bytes_per_entry,
};
