#include "contenders/ctxcache_cache.h"

#include <stdlib.h>

CTX_VAR(bench_tenant);
CTX_VAR(bench_locale);

/* A context in which this tenant and its locale are set. */
static ctx_context *make_context(uint32_t tenant)
{
    ctx_context *context;

    ctxcache_check(ctx_context_new(&context), "ctx_context_new()");
    ctxcache_check(ctx_enter(context), "ctx_enter()");
    ctxcache_check(ctx_set(bench_tenant, workload_tenant(tenant)), "setting the tenant");
    ctxcache_check(ctx_set(bench_locale, workload_locale(tenant)), "setting the locale");
    ctxcache_check(ctx_exit(context), "ctx_exit()");
    return context;
}

static void make_contexts(struct ctxcache *cache, unsigned threads)
{
    cache->context_count = (size_t)threads * cache->tenants;
    cache->contexts = die_calloc(cache->context_count, sizeof(ctx_context *));
    for (size_t i = 0; i < cache->context_count; i++)
        cache->contexts[i] = make_context((uint32_t)(i % cache->tenants));
}

static void *open_with(const struct cache_setup *setup, uint32_t curve_keys, uint32_t partitions)
{
    static const size_t vary_counts[KEY_KINDS] = {0, 1, 1, 2};
    ctx_var *const vary[] = {bench_tenant, bench_locale};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct ctxcache *cache = die_calloc(1, sizeof *cache);

    *cache = (struct ctxcache){.kind = setup->kind, .tenants = setup->tenants};
    config.name = "bench";
    config.capacity_entries =
        setup->capacity == CONTENDER_UNBOUNDED ? CTX_CACHE_UNBOUNDED : setup->capacity;
    config.vary = setup->kind == KEY_PLAIN ? NULL : vary;
    config.vary_count = vary_counts[setup->kind];
    config.seed = random_mix(setup->seed) | 1;
    config.curve_keys = curve_keys;
    config.curve_partitions = partitions;
    ctxcache_check(ctx_cache_new(&config, &cache->cache), "ctx_cache_new()");
    if (setup->kind == KEY_LOCALE)
        make_contexts(cache, setup->threads);
    return cache;
}

void *ctxcache_open(const struct cache_setup *setup)
{
    return open_with(setup, 0, 0);
}

void *ctxcache_open_with_curve(const struct cache_setup *setup, uint32_t partitions)
{
    return open_with(setup, CTX_CACHE_CURVE_KEYS_DEFAULT, partitions);
}

void ctxcache_close(void *opened)
{
    struct ctxcache *cache = opened;

    for (size_t i = 0; i < cache->context_count; i++)
        ctx_context_unref(cache->contexts[i]);
    ctx_cache_destroy(cache->cache);
    free(cache->contexts);
    free(cache);
}

double ctxcache_bytes_per_entry(void *opened)
{
    struct ctxcache *cache = opened;
    ctx_cache_stats stats = CTX_CACHE_STATS_INIT;

    ctxcache_check(ctx_cache_stats_read(cache->cache, &stats), "ctx_cache_stats_read()");
    return (double)stats.bytes / (double)stats.entries;
}

void ctxcache_forget_tenant(void *opened, uint32_t tenant)
{
    struct ctxcache *cache = opened;
    CTX_SCOPED(bench_tenant, workload_tenant(tenant));

    ctxcache_check(ctx_cache_invalidate_partition(cache->cache),
                   "ctx_cache_invalidate_partition()");
}
