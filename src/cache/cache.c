/*
 * cache.c: configuring, making, resizing and ending a cache.
 */
#include "cache/cache.h"

#include <errno.h>

#include "base/sys.h"
#include "base/versioned.h"
#include "cache/contents.h"
#include "cache/flight.h"
#include "cache/fork.h"
#include "cache/hit.h"
#include "cache/live.h"
#include "context/store.h"
#include "ctxcache/record.h"

#define KEY_LIMIT_DEFAULT 65536
#define CONFIG_OLDEST     offsetof(ctx_cache_config, curve_keys) /* of version 0.1 */

/* ---- configuration ------------------------------------------------------------------------ */

static bool has_null(ctx_var *const *vars, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!vars[i])
            return true;
    return false;
}

static bool has_twice(ctx_var *const *vars, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (vars[i] == vars[j])
                return true;
    return false;
}

static const char *variables_problem(const ctx_cache_config *config)
{
    if (config->vary_count > CTX_CACHE_VARY_MAX)
        return "vary_count: at most CTX_CACHE_VARY_MAX variables";
    if (config->vary && !config->vary_count)
        return "vary_count: is 0 although vary is not NULL";
    if (config->ignore && !config->ignore_count)
        return "ignore_count: is 0 although ignore is not NULL";
    if (config->vary_count && !config->vary)
        return "vary: is NULL although vary_count is not 0";
    if (has_null(config->vary, config->vary_count))
        return "vary: holds a NULL";
    if (has_twice(config->vary, config->vary_count))
        return "vary: holds a variable twice";
    if (config->ignore_count > CTX_CACHE_VARY_MAX)
        return "ignore_count: at most CTX_CACHE_VARY_MAX variables";
    if (config->ignore_count && !config->ignore)
        return "ignore: is NULL although ignore_count is not 0";
    if (has_null(config->ignore, config->ignore_count))
        return "ignore: holds a NULL";
    for (size_t i = 0; i < config->ignore_count; i++)
        for (size_t j = 0; j < config->vary_count; j++)
            if (config->ignore[i] == config->vary[j])
                return "ignore: holds a variable that is in vary";
    return NULL;
}

static const char *curve_problem(const ctx_cache_config *config)
{
    if (config->curve_keys > CTX_CACHE_CURVE_KEYS_MAX)
        return "curve_keys: at most CTX_CACHE_CURVE_KEYS_MAX";
    if (config->curve_partitions > CTX_CACHE_CURVE_PARTITIONS_MAX)
        return "curve_partitions: at most CTX_CACHE_CURVE_PARTITIONS_MAX";
    if (config->curve_rate != 0 &&
        !(config->curve_rate >= CTX_CACHE_CURVE_RATE_MIN && config->curve_rate <= 1))
        return "curve_rate: CTX_CACHE_CURVE_RATE_MIN up to 1, or 0 for "
               "CTX_CACHE_CURVE_RATE_DEFAULT";
    if (!config->curve_keys && (config->curve_partitions || config->curve_rate > 0))
        return "curve_keys: is 0 although curve_partitions or curve_rate is not";
    return NULL;
}

static const char *allocator_problem(const ctx_allocator *allocator)
{
    ctx_allocator ours;

    if (!allocator)
        return NULL;
    if (!ctxi_versioned_read(&ours, sizeof ours, sizeof ours, allocator, allocator->size))
        return "allocator: its size is not one that this version knows";
    if (!ours.allocate || !ours.release)
        return "allocator: allocate or release is NULL";
    return NULL;
}

/* Of a config that is as long as ours. */
static const char *problem_of(const ctx_cache_config *config)
{
    const uint32_t flags = CTX_CACHE_COUNT_DEFAULTS | CTX_CACHE_RETRY | CTX_CACHE_BYPASS_LONG_KEYS |
                           CTX_CACHE_SMALL_PAGES;
    const char *problem;

    if (config->name && strlen(config->name) > CTX_NAME_MAX)
        return "name: longer than CTX_NAME_MAX";
    if (config->capacity_bytes && config->capacity_bytes < CTX_CACHE_BYTES_MIN)
        return "capacity_bytes: at least CTX_CACHE_BYTES_MIN, or 0 for no limit in bytes";
    if ((problem = variables_problem(config)))
        return problem;
    if (config->unset > CTX_CACHE_UNSET_SHARED)
        return "unset: not one of enum ctx_cache_unset";
    if (config->audit > CTX_CACHE_AUDIT_OFF)
        return "audit: not one of enum ctx_cache_audit";
    if (config->flags & ~flags)
        return "flags: has a bit that is not in enum ctx_cache_flags";
    if (config->reserved)
        return "reserved: must be 0";
    if (config->key_limit > UINT32_MAX / 2)
        return "key_limit: at most 2^31 - 1 bytes";
    if ((problem = curve_problem(config)))
        return problem;
    return allocator_problem(config->allocator);
}

static const char *read_config(const ctx_cache_config *theirs, ctx_cache_config *ours)
{
    if (!theirs)
        return "config: is NULL";
    if (!ctxi_versioned_read(ours, sizeof *ours, CONFIG_OLDEST, theirs, theirs->size))
        return "size: not that of a ctx_cache_config that this version knows; "
               "start from CTX_CACHE_CONFIG_INIT";
    return problem_of(ours);
}

const char *ctx_cache_config_problem(const ctx_cache_config *config)
{
    ctx_cache_config ours;

    return read_config(config, &ours);
}

static void set_capacity(ctx_cache *cache, uint64_t entries, uint64_t bytes)
{
    cache->max_entries = !entries && bytes ? CTX_CACHE_UNBOUNDED : entries;
    cache->max_bytes = bytes ? bytes : CTX_CACHE_UNBOUNDED;
}

/* ---- making ------------------------------------------------------------------------------- */

static atomic_uint_fast64_t last_serial;

/* Holds one more variable for the cache. */
static int hold(ctx_cache *cache, ctx_var **vars, size_t *count, ctx_var *var, bool partitions)
{
    int r = ctxi_var_hold(var, partitions);

    if (r != CTX_OK)
        return r;
    vars[(*count)++] = var;
    if (ctxi_var_id(var) <= 64)
        cache->declared |= (uint64_t)1 << (ctxi_var_id(var) - 1);
    return CTX_OK;
}

/* Sorted by id: the order of the configuration does not matter. */
static void sort_variables(ctx_var **vars, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        ctx_var *var = vars[i];
        size_t j = i;

        for (; j > 0 && ctxi_var_id(vars[j - 1]) > ctxi_var_id(var); j--)
            vars[j] = vars[j - 1];
        vars[j] = var;
    }
}

static int hold_variables(ctx_cache *cache, const ctx_cache_config *config)
{
    int r = CTX_OK;

    for (size_t i = 0; r == CTX_OK && i < config->vary_count; i++)
        r = hold(cache, cache->vary, &cache->vary_count, config->vary[i], true);
    for (size_t i = 0; r == CTX_OK && i < config->ignore_count; i++)
        r = hold(cache, cache->ignore, &cache->ignore_count, config->ignore[i], false);
    sort_variables(cache->vary, cache->vary_count);
    return r;
}

static void copy_config(ctx_cache *cache, const ctx_cache_config *config)
{
    const char *name = config->name ? config->name : "cache";

    memcpy(cache->name, name, strlen(name));
    cache->config = *config;
    cache->config.name = cache->name;
    cache->config.allocator = &cache->allocator;
    cache->config.vary = cache->vary;
    cache->config.ignore = cache->ignore;
    if (!cache->config.clock)
        cache->config.clock = ctxi_monotonic_ns;
    if (!cache->config.key_limit)
        cache->config.key_limit = KEY_LIMIT_DEFAULT;
    set_capacity(cache, config->capacity_entries, config->capacity_bytes);
}

/* Whatever the allocator aligns to. */
#define BLOCK_BYTES (sizeof(ctx_cache) + CTXI_LINE)

static ctx_cache *allocate(const ctx_allocator *allocator)
{
    unsigned char *block = ctxi_alloc(allocator, BLOCK_BYTES);
    ctx_cache *cache;

    if (!block)
        return NULL;
    cache = (ctx_cache *)(void *)(block + CTXI_LINE - (uintptr_t)block % CTXI_LINE);
    memset(cache, 0, sizeof *cache);
    cache->block = block;
    return cache;
}

/* Everything empty: what destruction can take apart at any point of creation. */
static void set_empty(ctx_cache *cache, const ctx_allocator *allocator)
{
    memcpy(&cache->allocator, allocator, sizeof cache->allocator);
    cache->serial = atomic_fetch_add_explicit(&last_serial, 1, memory_order_relaxed) + 1;
    atomic_init(&cache->refs, 1);
    atomic_init(&cache->expiring, false);
    atomic_init(&cache->straight, false);
    atomic_init(&cache->observed, 0);
    atomic_init(&cache->whole, 0);
    ctxi_readers_init(&cache->readers);
    ctxi_list_init(&cache->registered);
    cache->memory.allocator = &cache->allocator;
    ctxi_flights_init(&cache->flights, &cache->allocator);
    cache->stats.size = sizeof cache->stats;
}

/* With a capacity in bytes memory must go back entry by entry, not when a chunk of slots is empty. */
static size_t inline_max(const ctx_cache_config *config)
{
    return config->capacity_bytes ? 0 : CTXI_INLINE_MAX;
}

static int fill(ctx_cache *cache, const ctx_cache_config *config)
{
    uint64_t seed = config->seed;
    int error = seed ? 0 : ctxi_random_u64(&seed);
    int r;

    ctxi_partitions_init(&cache->partitions, seed);
    if (error) {
        errno = error;
        return CTX_ERR_SYSTEM;
    }
    copy_config(cache, config);
    /* relaxed: nobody else has the cache yet */
    atomic_store_explicit(&cache->straight, cache->config.key_limit >= CTXI_STRAIGHT_KEY_LIMIT,
                          memory_order_relaxed);
    if (!(config->flags & CTX_CACHE_SMALL_PAGES) && ctxi_alloc_is_malloc(&cache->allocator))
        cache->memory.pages = &cache->pages; /* else the user's allocator has everything */
    cache->warned = ctxi_reads_new(NULL);
    if (cache->warned)
        ctxi_reads_share(cache->warned);
    r = cache->warned ? hold_variables(cache, config) : CTX_ERR_NOMEM;
    if (r == CTX_OK)
        r = ctxi_arena_init(&cache->arena, &cache->memory, inline_max(config));
    if (r == CTX_OK)
        r = ctxi_index_init(&cache->index, &cache->memory);
    if (r == CTX_OK)
        r = ctxi_live_init(cache);
    if (r == CTX_OK)
        r = ctxi_fork_register(cache);
    return r;
}

static bool make_locks(ctx_cache *cache)
{
    if (ctxi_lock_init(&cache->lock))
        return false;
    if (!ctxi_lock_init(&cache->observers.lock))
        return true;
    ctxi_lock_fini(&cache->lock);
    return false;
}

int ctx_cache_new(const ctx_cache_config *config, ctx_cache **out_cache)
{
    ctx_cache_config ours;
    ctx_allocator allocator;
    ctx_cache *cache;
    int r;

    if (!out_cache)
        return CTX_ERR_INVALID;
    *out_cache = NULL;
    if (read_config(config, &ours))
        return CTX_ERR_INVALID;
    allocator = *ctxi_process_allocator();
    if (ours.allocator)
        ctxi_versioned_read(&allocator, sizeof allocator, sizeof allocator, ours.allocator,
                            ours.allocator->size);
    cache = allocate(&allocator);
    if (!cache)
        return CTX_ERR_NOMEM;
    set_empty(cache, &allocator);
    if (!make_locks(cache)) {
        ctxi_free(&allocator, cache->block, BLOCK_BYTES);
        return CTX_ERR_SYSTEM;
    }
    r = fill(cache, &ours);
    if (r == CTX_OK)
        *out_cache = cache;
    else
        ctx_cache_destroy(cache);
    return r;
}

/* ---- ending ------------------------------------------------------------------------------- */

ctx_cache *ctxi_cache_ref(ctx_cache *cache)
{
    /* relaxed: the caller has a reference, or the owner's right to call */
    atomic_fetch_add_explicit(&cache->refs, 1, memory_order_relaxed);
    return cache;
}

static void unhold_variables(ctx_cache *cache)
{
    for (size_t i = 0; i < cache->vary_count; i++)
        ctxi_var_unhold(cache->vary[i]);
    for (size_t i = 0; i < cache->ignore_count; i++)
        ctxi_var_unhold(cache->ignore[i]);
}

void ctxi_cache_unref(ctx_cache *cache)
{
    ctx_allocator allocator;

    if (atomic_fetch_sub_explicit(&cache->refs, 1, memory_order_acq_rel) != 1)
        return;
    ctxi_fork_unregister(cache);
    ctxi_reclaim_all(cache);
    ctxi_live_fini(cache);
    ctxi_partitions_fini(&cache->partitions, &cache->memory);
    if (cache->index.segment_count)
        ctxi_index_fini(&cache->index, &cache->memory);
    ctxi_arena_fini(&cache->arena, &cache->memory);
    if (cache->warned)
        ctxi_reads_unref(cache->warned);
    unhold_variables(cache);
    ctxi_lock_fini(&cache->observers.lock);
    ctxi_lock_fini(&cache->lock);
    allocator = cache->allocator;
    ctxi_free(&allocator, cache->block, BLOCK_BYTES);
}

void ctx_cache_destroy(ctx_cache *cache)
{
    if (!cache)
        return;
    (void)ctx_cache_record_stop(cache, NULL);
    ctxi_lock_acquire(&cache->lock);
    cache->closed = true;
    ctxi_lock_release(&cache->lock);
    if (cache->index.segment_count)
        ctx_cache_clear(cache);
    ctxi_readers_detach(cache);
    ctxi_readers_free_useless();
    ctxi_cache_unref(cache);
}

/* ---- the rest ----------------------------------------------------------------------------- */

uint64_t ctxi_cache_now(const ctx_cache *cache)
{
    return cache->config.clock(cache->config.clock_user);
}

const char *ctx_cache_name(const ctx_cache *cache)
{
    return cache ? cache->name : NULL;
}

int ctx_cache_resize(ctx_cache *cache, uint64_t capacity_entries, uint64_t capacity_bytes)
{
    CTXI_BATCH(batch, cache);

    if (!cache || (capacity_bytes && capacity_bytes < CTX_CACHE_BYTES_MIN))
        return CTX_ERR_INVALID;
    ctxi_cache_lock(cache);
    set_capacity(cache, capacity_entries, capacity_bytes);
    ctxi_contents_trim(cache, &batch);
    ctxi_seat_give_spare(cache);
    ctxi_reclaim(cache);
    ctxi_cache_unlock(cache);
    return CTX_OK;
}
