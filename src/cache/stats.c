#include "cache/stats.h"

#include "base/versioned.h"
#include "cache/audit.h"
#include "cache/live.h"
#include "cache/request.h"

/* Whether a caller's struct is one that this version can fill. */
static bool writable(const ctx_cache_stats *stats)
{
    return stats && stats->size >= sizeof *stats;
}

static void write_stats(ctx_cache_stats *theirs, const ctx_cache_stats *ours)
{
    ctxi_versioned_write(theirs, theirs->size, sizeof *ours, ours, sizeof *ours);
}

int ctx_cache_stats_read(ctx_cache *cache, ctx_cache_stats *out_stats)
{
    ctx_cache_stats ours;

    if (!cache || !writable(out_stats))
        return CTX_ERR_INVALID;
    ctxi_cache_lock(cache);
    ours = cache->stats;
    ours.bytes = ctxi_cache_used_bytes(cache);
    ours.partitions = cache->partitions.count;
    ctxi_cache_unlock(cache);
    write_stats(out_stats, &ours);
    return CTX_OK;
}

/* ---- memory ------------------------------------------------------------------------------- */

#define MEMORY_OLDEST offsetof(ctx_cache_memory_use, curve) /* of version 0.1 */

static ctx_cache_memory_use memory_of(const ctx_cache *cache)
{
    const struct ctxi_sizes_of_entries *sizes = &cache->contents_bytes;
    const struct ctxi_arena *arena = &cache->arena;
    ctx_cache_memory_use use = CTX_CACHE_MEMORY_INIT;
    size_t tables = cache->memory.bytes - ctxi_reclaim_table_bytes(cache);

    use.count = cache->stats.entries + cache->dead;
    use.keys = sizes->keys;
    use.values = sizes->values;
    use.adopted = sizes->adopted;
    use.recency = use.count * sizeof(struct ctxi_numbers);
    use.waiting = ctxi_reclaim_bytes(cache);
    use.free = arena->free_bytes + (arena->used - cache->limbo.count - use.count) *
                                       sizeof(struct ctxi_numbers); /* held, or still to come */
    use.headers =
        arena->memory.bytes - cache->limbo.bytes - use.keys - use.values - use.recency - use.free;
    use.index = ctxi_index_bytes(&cache->index);
    use.partitions = ctxi_partitions_bytes(&cache->partitions);
    use.fixed = sizeof *cache + cache->flights.memory.bytes + tables - use.index - use.partitions;
    use.curve = cache->live ? cache->live->bytes : 0;
    use.total = use.keys + use.values + use.adopted + use.headers + use.recency + use.index +
                use.partitions + use.free + use.fixed + use.waiting + use.curve;
    return use;
}

int ctx_cache_memory(ctx_cache *cache, ctx_cache_memory_use *out_use)
{
    ctx_cache_memory_use ours;

    if (!cache || !out_use || out_use->size < MEMORY_OLDEST)
        return CTX_ERR_INVALID;
    ctxi_cache_lock(cache);
    ours = memory_of(cache);
    ctxi_cache_unlock(cache);
    ctxi_versioned_write(out_use, out_use->size, MEMORY_OLDEST, &ours, sizeof ours);
    return CTX_OK;
}

/* ---- one partition ------------------------------------------------------------------------ */

static ctx_cache_stats partition_stats(const struct ctxi_partition *partition)
{
    ctx_cache_stats stats = partition->stats;

    stats.size = sizeof stats;
    stats.partitions = 1;
    return stats;
}

int ctx_cache_partition_stats(ctx_cache *cache, ctx_cache_stats *out_stats)
{
    __attribute__((cleanup(ctxi_request_close))) struct ctxi_request request;
    ctx_cache_stats ours = CTX_CACHE_STATS_INIT;
    struct ctxi_partition *partition;
    int r;

    ctxi_request_start(&request, cache);
    if (!cache || !writable(out_stats))
        return CTX_ERR_INVALID;
    r = ctxi_request_open(&request, NULL, NULL, 0, false);
    if (r == CTX_OK)
        r = ctxi_request_lock(&request, &partition);
    if (r == CTX_OK) {
        ours = partition_stats(partition);
        ctxi_cache_unlock(cache);
    }
    write_stats(out_stats, &ours);
    return r;
}

/* ---- all partitions ----------------------------------------------------------------------- */

/* The ids of all partitions at one moment, to be visited without the lock. */
struct ids {
    uint64_t *ids;
    size_t count, capacity;
};

static int list_ids(ctx_cache *cache, struct ids *list)
{
    int r = CTX_OK;

    ctxi_cache_lock(cache);
    list->count = 0;
    list->capacity = cache->partitions.slot_count;
    list->ids = NULL;
    if (list->capacity)
        list->ids = ctxi_alloc(&cache->allocator, list->capacity * sizeof *list->ids);
    if (list->capacity && !list->ids)
        r = CTX_ERR_NOMEM;
    for (size_t slot = 0; r == CTX_OK && slot < list->capacity; slot++)
        if (cache->partitions.slots[slot] && !cache->partitions.slots[slot]->retired)
            list->ids[list->count++] = cache->partitions.slots[slot]->id;
    ctxi_cache_unlock(cache);
    return r;
}

/* Pins the partition, with its statistics of this moment; NULL: it is gone. */
static struct ctxi_partition *pin(ctx_cache *cache, uint64_t id, ctx_cache_stats *out_stats)
{
    struct ctxi_partition *partition;

    ctxi_cache_lock(cache);
    partition = ctxi_partition_at(&cache->partitions, id);
    if (partition) {
        ctxi_partition_pin(&cache->partitions, partition);
        *out_stats = partition_stats(partition);
    }
    ctxi_cache_unlock(cache);
    return partition;
}

/* What one visit holds. */
struct pinned {
    ctx_cache *cache;
    struct ctxi_partition *partition;
};

static void unpin(struct pinned *pinned)
{
    ctx_cache *cache = pinned->cache;

    if (!pinned->partition)
        return;
    ctxi_cache_lock(cache);
    ctxi_partition_unpin(&cache->partitions, &cache->memory, pinned->partition);
    ctxi_cache_unlock(cache);
}

typedef int visitor(void *user, const ctx_cache_partition *partition);

static int visit_one(ctx_cache *cache, uint64_t id, visitor *visit, void *user)
{
    ctx_cache_stats stats;
    __attribute__((cleanup(unpin))) struct pinned pinned = {cache, pin(cache, id, &stats)};
    ctx_value values[CTX_CACHE_VARY_MAX];
    bool is_set[CTX_CACHE_VARY_MAX];
    ctx_cache_partition view = {0, cache->vary_count, cache->vary, values, is_set, &stats};
    const unsigned char *cursor;

    if (!pinned.partition)
        return 0;
    view.id = pinned.partition->number;
    cursor = pinned.partition->encoded; /* fixed: read without the lock */
    for (size_t i = 0; i < cache->vary_count; i++)
        ctxi_decode_value(&cursor, &values[i], &is_set[i]);
    return visit(user, &view);
}

struct listed {
    ctx_cache *cache;
    struct ids list;
};

static void free_ids(struct listed *listed)
{
    ctxi_free(&listed->cache->allocator, listed->list.ids,
              listed->list.capacity * sizeof *listed->list.ids);
}

int ctx_cache_each_partition(ctx_cache *cache, visitor *visit, void *user)
{
    int r;

    if (!cache || !visit)
        return CTX_ERR_INVALID;
    __attribute__((cleanup(free_ids))) struct listed listed = {cache, {NULL, 0, 0}};
    ctxi_audit_charge_vary(cache);
    r = list_ids(cache, &listed.list);
    for (size_t i = 0; r == CTX_OK && i < listed.list.count; i++)
        r = visit_one(cache, listed.list.ids[i], visit, user);
    return r;
}
