#include "cache/contents.h"

#include <assert.h>

#include "cache/cache.h"
#include "cache/function.h"

#define RECLAIM_PER_STORE                                                                          \
    8 /* dead entries removed with each one stored: a dropped partition of any                     \
       * size is gone after an eighth of its size in new entries */

size_t ctxi_cache_used_bytes(const ctx_cache *cache)
{
    return sizeof *cache + cache->flights_bytes + cache->memory.bytes + cache->entry_bytes;
}

static bool is_live(const struct ctxi_entry *entry)
{
    return entry->generation == entry->partition->generation;
}

/* ---- finding ------------------------------------------------------------------------------ */

enum ctxi_found ctxi_contents_find(const ctx_cache *cache, const struct ctxi_partition *partition,
                                   const struct ctxi_key *key, const uint64_t *now,
                                   struct ctxi_entry **out_entry)
{
    struct ctxi_entry *entry = ctxi_index_find(&cache->index, key->hash, key->bytes, key->size);

    *out_entry = NULL;
    if (!entry || entry->partition != partition || !is_live(entry))
        return CTXI_NOT_FOUND;
    if (entry->expires != CTXI_NEVER) {
        if (!now)
            return CTXI_NEED_CLOCK;
        if (entry->expires <= *now)
            return CTXI_NOT_FOUND;
    }
    *out_entry = entry;
    return CTXI_FOUND;
}

bool ctxi_contents_bury(ctx_cache *cache, const struct ctxi_key *key, struct ctxi_batch *batch)
{
    struct ctxi_entry *entry = ctxi_index_find(&cache->index, key->hash, key->bytes, key->size);

    if (entry)
        ctxi_contents_remove(entry, CTX_CACHE_EXPIRED, batch);
    return entry != NULL;
}

/* ---- removing ----------------------------------------------------------------------------- */

static uint64_t *counter_of(ctx_cache_stats *stats, enum ctx_cache_cause cause)
{
    switch (cause) {
    case CTX_CACHE_EVICTED:
        return &stats->evicted;
    case CTX_CACHE_EXPIRED:
        return &stats->expired;
    case CTX_CACHE_INVALIDATED:
        return &stats->invalidated;
    case CTX_CACHE_REPLACED:
        return &stats->replaced;
    case CTX_CACHE_CLEARED:
        break;
    }
    return &stats->cleared;
}

/* Takes `count` live entries of `bytes` bytes out of the statistics of cache or partition. */
static void count_out(ctx_cache_stats *stats, enum ctx_cache_cause cause, uint64_t count,
                      uint64_t bytes)
{
    *counter_of(stats, cause) += count;
    stats->entries -= count;
    stats->bytes -= bytes;
}

static enum ctx_cache_cause cause_of_death(const struct ctxi_entry *entry)
{
    return entry->generation == entry->partition->cleared_generation ? CTX_CACHE_CLEARED
                                                                     : CTX_CACHE_INVALIDATED;
}

void ctxi_contents_remove(struct ctxi_entry *entry, enum ctx_cache_cause cause,
                          struct ctxi_batch *batch)
{
    ctx_cache *cache = entry->cache;
    struct ctxi_partition *partition = entry->partition;

    CTXI_ASSERT_HELD(&cache->lock);
    assert(partition); /* an entry that is in the cache has one */
    if (is_live(entry)) {
        entry->cause = (uint8_t)cause;
        count_out(&cache->stats, cause, 1, entry->charge);
        count_out(&partition->stats, cause, 1, entry->charge);
    } else {
        entry->cause = (uint8_t)cause_of_death(entry);
    }
    ctxi_index_remove(&cache->index, entry);
    ctxi_recency_remove(entry);
    ctxi_list_remove(&entry->member);
    cache->entry_bytes -= entry->charge;
    entry->partition = NULL;
    ctxi_list_push_back(&batch->removed, &entry->recency);
    ctxi_partition_lose(&cache->partitions, &cache->memory, partition);
}

bool ctxi_contents_erase(ctx_cache *cache, const struct ctxi_partition *partition,
                         const struct ctxi_key *key, const uint64_t *now,
                         enum ctx_cache_cause cause, struct ctxi_batch *batch)
{
    struct ctxi_entry *entry;

    if (ctxi_contents_find(cache, partition, key, now, &entry) != CTXI_FOUND) {
        ctxi_contents_bury(cache, key, batch);
        return false;
    }
    ctxi_contents_remove(entry, cause, batch);
    return true;
}

void ctxi_contents_drop(ctx_cache *cache, struct ctxi_partition *partition,
                        enum ctx_cache_cause cause)
{
    ctx_cache_stats *stats = &partition->stats;
    uint64_t count = stats->entries, bytes = stats->bytes;

    CTXI_ASSERT_HELD(&cache->lock);
    if (cause == CTX_CACHE_CLEARED)
        partition->cleared_generation = partition->generation;
    partition->generation++;
    ctxi_list_splice_back(&cache->graveyard, &partition->members);
    count_out(stats, cause, count, bytes);
    count_out(&cache->stats, cause, count, bytes);
}

size_t ctxi_contents_reclaim(ctx_cache *cache, size_t count, struct ctxi_batch *batch)
{
    size_t done = 0;

    while (done < count && !ctxi_list_empty(&cache->graveyard)) {
        struct ctxi_link *oldest = cache->graveyard.next;

        ctxi_contents_remove(CTXI_CONTAINER(oldest, struct ctxi_entry, member),
                             CTX_CACHE_INVALIDATED, batch);
        done++;
    }
    return done;
}

/* ---- making room -------------------------------------------------------------------------- */

/* Frees something that costs bytes but no live entry; false if there is nothing such. */
static bool free_waste(ctx_cache *cache, struct ctxi_batch *batch)
{
    return ctxi_contents_reclaim(cache, 1, batch) ||
           ctxi_partition_free_idle(&cache->partitions, &cache->memory);
}

void ctxi_contents_trim_idle(ctx_cache *cache)
{
    while (ctxi_cache_used_bytes(cache) > cache->max_bytes &&
           ctxi_partition_free_idle(&cache->partitions, &cache->memory))
        continue;
}

void ctxi_contents_trim(ctx_cache *cache, struct ctxi_batch *batch)
{
    for (;;) {
        bool too_many = cache->stats.entries > cache->max_entries;
        bool too_big = ctxi_cache_used_bytes(cache) > cache->max_bytes;
        struct ctxi_entry *oldest;

        if (!too_many && !too_big)
            return;
        if (!too_many && free_waste(cache, batch))
            continue;
        oldest = ctxi_recency_oldest(&cache->recency);
        if (!oldest)
            return;
        ctxi_contents_remove(oldest, CTX_CACHE_EVICTED, batch); /* a dead one is not an eviction */
    }
}

/* ---- storing ------------------------------------------------------------------------------ */

/* The table may take a quarter of a capacity in bytes, so that a small one is not all table. */
static uint64_t index_bytes_max(const ctx_cache *cache)
{
    return cache->max_bytes / 4;
}

/* Whether the entry fits when all others, and the partitions that nothing else uses, are gone. */
static bool fits(const ctx_cache *cache, const struct ctxi_entry *entry)
{
    const struct ctxi_partitions *partitions = &cache->partitions;
    uint64_t tables = cache->flights_bytes + cache->memory.bytes - partitions->block_bytes;
    uint64_t fixed = sizeof *cache + tables + ctxi_partition_bytes(0);

    return cache->max_entries > 0 && fixed <= cache->max_bytes &&
           entry->charge <= cache->max_bytes - fixed;
}

static void link_entry(ctx_cache *cache, struct ctxi_partition *partition, struct ctxi_entry *entry)
{
    ctxi_entry_ref(entry);
    entry->partition = partition;
    entry->generation = partition->generation;
    if (entry->expires != CTXI_NEVER)
        /* relaxed: who finds such an entry without a clock reading goes and takes one */
        atomic_store_explicit(&cache->expiring, true, memory_order_relaxed);
    ctxi_index_add(&cache->index, &cache->memory, entry, index_bytes_max(cache));
    ctxi_recency_add(&cache->recency, entry);
    ctxi_list_push_back(&partition->members, &entry->member);
    ctxi_partition_gain(&cache->partitions, partition);
    cache->entry_bytes += entry->charge;
}

static void count_in(ctx_cache_stats *stats, const struct ctxi_entry *entry)
{
    stats->stored++;
    stats->entries++;
    stats->bytes += entry->charge;
}

bool ctxi_contents_store(ctx_cache *cache, struct ctxi_partition *partition,
                         struct ctxi_entry *entry, struct ctxi_batch *batch)
{
    struct ctxi_entry *old;

    CTXI_ASSERT_HELD(&cache->lock);
    if (!fits(cache, entry))
        return false;
    old = ctxi_index_find(&cache->index, entry->hash, entry->key, entry->key_size);
    if (old)
        ctxi_contents_remove(old, CTX_CACHE_REPLACED, batch);
    link_entry(cache, partition, entry);
    count_in(&cache->stats, entry);
    count_in(&partition->stats, entry);
    ctxi_contents_reclaim(cache, RECLAIM_PER_STORE, batch);
    ctxi_contents_trim(cache, batch);
    return entry->partition != NULL; /* else it had to make room itself */
}

/* ---- letting go --------------------------------------------------------------------------- */

static void tell(const struct ctxi_entry *entry, const void *value)
{
    const ctx_cache_config *config = &entry->cache->config;
    ctx_cache_removal removal = {sizeof removal, entry->cause, ctxi_fn_name(entry->fn),
                                 entry->negative ? NULL : value, entry->value_size};

    if (config->on_remove)
        config->on_remove(config->on_remove_user, &removal);
}

static void let_go(struct ctxi_entry **entry)
{
    ctxi_entry_unref(*entry);
}

/* A callback that ends its thread, or throws, unwinds out of the loop below: go on with the rest.
 */
static void finish_rest(struct ctxi_batch **rest)
{
    if (!ctxi_list_empty(&(*rest)->removed))
        ctxi_batch_finish(*rest);
}

void ctxi_batch_finish(struct ctxi_batch *batch)
{
    __attribute__((cleanup(finish_rest))) struct ctxi_batch *rest = batch;
    struct ctxi_link *link;

    while ((link = ctxi_list_pop_front(&rest->removed))) {
        __attribute__((cleanup(let_go))) struct ctxi_entry *entry =
            CTXI_CONTAINER(link, struct ctxi_entry, recency);

        tell(entry, ctxi_entry_value(entry));
    }
}
