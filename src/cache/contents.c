#include "cache/contents.h"

#include <assert.h>

#include "cache/cache.h"
#include "cache/function.h"
#include "cache/recency.h"
#include "cache/reclaim.h"

/*
 * While there are dead entries, each one that is stored removes up to 8 of them, looking at up to 32
 * slots: they are all gone after an eighth of their number, or a 32nd of all entries, in new ones.
 */
#define DROPS_PER_STORE 8
#define LOOKS_PER_STORE 32
#define LOOKS_FOR_ROOM                                                                             \
    256 /* for a dead one, before a live one has to leave for a capacity in bytes */

/* All there is but entries and their slots: without what is there because of readers. */
static size_t table_bytes(const ctx_cache *cache)
{
    return sizeof *cache + cache->memory.bytes - cache->readers.retired_bytes -
           cache->index.left_bytes - ctxi_partitions_excess_bytes(&cache->partitions) -
           cache->arena.place_bytes;
}

/* Slots that are pointers are counted as they are allocated, others with the entries in them. */
size_t ctxi_cache_used_bytes(const ctx_cache *cache)
{
    return table_bytes(cache) + cache->entry_bytes +
           ctxi_arena_overhead(&cache->arena, cache->stats.entries + cache->dead);
}

static struct ctxi_entry *entry_at(const ctx_cache *cache, uint32_t number)
{
    return ctxi_arena_at(&cache->arena, number);
}

uint64_t ctxi_contents_hash_of(const ctx_cache *cache, const struct ctxi_entry *entry)
{
    return ctxi_key_hash(entry->key, ctxi_entry_key_size(entry),
                         ctxi_partition_seed(&cache->partitions, ctxi_key_partition(entry->key)));
}

/* ---- finding ------------------------------------------------------------------------------ */

enum ctxi_found ctxi_contents_find(const ctx_cache *cache, const struct ctxi_key *key,
                                   const uint64_t *now, struct ctxi_hold *out_found)
{
    uint32_t number;
    struct ctxi_entry *entry = ctxi_index_find(&cache->index, &cache->arena, key, &number);
    uint64_t expires;

    *out_found = CTXI_HOLD_NONE;
    if (!entry)
        return CTXI_NOT_FOUND;
    *out_found = (struct ctxi_hold){entry, number};
    expires = ctxi_entry_expires(entry);
    if (expires == CTXI_NEVER)
        return CTXI_FOUND;
    if (!now)
        return CTXI_NEED_CLOCK;
    return expires <= *now ? CTXI_EXPIRED : CTXI_FOUND;
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

/* An entry goes. */
static void take_off_sizes(struct ctxi_sizes_of_entries *sizes, struct ctxi_entry *entry)
{
    size_t room;
    const struct ctxi_adopted *adopted = ctxi_entry_place(entry, &room);

    sizes->keys -= ctxi_entry_key_size(entry);
    if (entry->flags & CTXI_ENTRY_ADOPTED)
        sizes->adopted -= adopted->weight;
    else
        sizes->values -= room;
}

static enum ctx_cache_cause cause_of_death(const struct ctxi_partition *partition, uint64_t id)
{
    return id == partition->cleared_id ? CTX_CACHE_CLEARED : CTX_CACHE_INVALIDATED;
}

/* Counts it out, and says why it is gone: a dead one was counted when it died. */
static enum ctx_cache_cause count_removed(ctx_cache *cache, struct ctxi_partition *partition,
                                          uint64_t id, size_t charge, enum ctx_cache_cause cause)
{
    if (id != partition->id) {
        cache->dead--;
        return cause_of_death(partition, id);
    }
    count_out(&cache->stats, cause, 1, charge);
    count_out(&partition->stats, cause, 1, charge);
    return cause;
}

/* Its entry was asked for when the one before was evicted. */
void ctxi_contents_foresee(ctx_cache *cache)
{
    struct ctxi_foreseen *foreseen = &cache->foreseen;
    uint32_t oldest = ctxi_recency_oldest(&cache->arena);

    if (cache->stats.entries < cache->max_entries || oldest == foreseen->number)
        return;
    *foreseen =
        (struct ctxi_foreseen){oldest, ctxi_contents_hash_of(cache, entry_at(cache, oldest))};
    __builtin_prefetch(ctxi_index_start(&cache->index, foreseen->hash));
}

/* The next one after that; the entry that comes after it will most likely sit in its place. */
static void fetch_oldest(const ctx_cache *cache)
{
    uint32_t oldest = ctxi_recency_oldest(&cache->arena);
    const unsigned char *entry;

    if (!oldest)
        return;
    entry = ctxi_arena_at(&cache->arena, oldest);
    __builtin_prefetch(entry, 1);
    __builtin_prefetch(entry + CTXI_LINE, 1);
    __builtin_prefetch(ctxi_arena_link(&cache->arena, oldest), 1);
}

/* What was foreseen is it no more: its slot may become another entry's. */
static uint64_t take_hash(ctx_cache *cache, const struct ctxi_entry *entry, uint32_t number)
{
    if (cache->foreseen.number != number)
        return ctxi_contents_hash_of(cache, entry);
    cache->foreseen.number = 0;
    return cache->foreseen.hash;
}

static void add_to_batch(const ctx_cache *cache, uint32_t number, struct ctxi_batch *batch)
{
    ctxi_arena_link(&cache->arena, number)->next = 0;
    if (batch->removed)
        ctxi_arena_link(&cache->arena, batch->last)->next = number;
    else
        batch->removed = number;
    batch->last = number;
}

void ctxi_contents_remove(ctx_cache *cache, uint32_t number, enum ctx_cache_cause cause,
                          struct ctxi_batch *batch)
{
    struct ctxi_entry *entry = entry_at(cache, number);
    uint64_t id = ctxi_key_partition(entry->key);
    struct ctxi_partition *partition =
        ctxi_partition_in(&cache->partitions, ctxi_partition_slot(id));
    size_t charge = ctxi_entry_charge(cache, entry, number);

    CTXI_ASSERT_HELD(&cache->lock);
    assert(partition); /* an entry that is in the cache has one */
    cause = count_removed(cache, partition, id, charge, cause);
    ctxi_index_remove(&cache->index, &cache->readers, &cache->memory,
                      take_hash(cache, entry, number), number);
    ctxi_recency_remove(&cache->arena, number, cause);
    cache->entry_bytes -= charge;
    take_off_sizes(&cache->contents_bytes, entry);
    ctxi_partition_lose(&cache->partitions, &cache->memory, partition);
    if (cache->config.on_remove ||
        !ctxi_entry_forsake_locked(cache, (struct ctxi_hold){entry, number}))
        add_to_batch(cache, number, batch);
}

bool ctxi_contents_erase(ctx_cache *cache, const struct ctxi_key *key, const uint64_t *now,
                         enum ctx_cache_cause cause, struct ctxi_batch *batch)
{
    struct ctxi_hold found;

    switch (ctxi_contents_find(cache, key, now, &found)) {
    case CTXI_FOUND:
        ctxi_contents_remove(cache, found.number, cause, batch);
        return true;
    case CTXI_EXPIRED:
    case CTXI_NEED_CLOCK:
        ctxi_contents_remove(cache, found.number, CTX_CACHE_EXPIRED, batch);
        break;
    case CTXI_NOT_FOUND:
        break;
    }
    return false;
}

void ctxi_contents_drop(ctx_cache *cache, struct ctxi_partition *partition,
                        enum ctx_cache_cause cause)
{
    ctx_cache_stats *stats = &partition->stats;
    uint64_t count = stats->entries, bytes = stats->bytes;

    CTXI_ASSERT_HELD(&cache->lock);
    if (cause == CTX_CACHE_CLEARED)
        partition->cleared_id = partition->id;
    cache->dead += count;
    count_out(stats, cause, count, bytes);
    count_out(&cache->stats, cause, count, bytes);
    if (!ctxi_partition_renew(&cache->partitions, partition) && !partition->retired)
        ctxi_partition_retire(&cache->partitions, &cache->memory, partition);
}

/* ---- sweeping ----------------------------------------------------------------------------- */

static bool is_dead(const ctx_cache *cache, const struct ctxi_entry *entry)
{
    uint64_t id = ctxi_key_partition(entry->key);

    return ctxi_partition_in(&cache->partitions, ctxi_partition_slot(id))->id != id;
}

/* Removes the entry if it is dead or expired. */
static bool sweep_one(ctx_cache *cache, uint32_t number, const uint64_t *now,
                      struct ctxi_batch *batch)
{
    const struct ctxi_entry *entry = entry_at(cache, number);

    if (!is_dead(cache, entry) && !(now && ctxi_entry_expires(entry) <= *now))
        return false;
    ctxi_contents_remove(cache, number, CTX_CACHE_EXPIRED, batch); /* or what it died of */
    return true;
}

size_t ctxi_contents_sweep(ctx_cache *cache, struct ctxi_sweep *sweep, struct ctxi_batch *batch)
{
    size_t dropped = 0, slots = cache->arena.touched;

    for (; slots && dropped < sweep->drops && sweep->looks; slots--, sweep->looks--) {
        cache->hand = ctxi_arena_next(&cache->arena, cache->hand);
        if (!cache->hand) /* the end: begin again */
            cache->hand = ctxi_arena_next(&cache->arena, 0);
        if (cache->hand && ctxi_recency_has(&cache->arena, cache->hand))
            dropped += sweep_one(cache, cache->hand, sweep->now, batch);
    }
    return dropped;
}

/* ---- making room -------------------------------------------------------------------------- */

/* Frees something that costs bytes but no live entry; false if nothing such was found. */
static bool free_waste(ctx_cache *cache, struct ctxi_batch *batch)
{
    struct ctxi_sweep sweep = {NULL, 1, LOOKS_FOR_ROOM};

    return (cache->dead && ctxi_contents_sweep(cache, &sweep, batch)) ||
           ctxi_partition_free_idle(&cache->partitions, &cache->memory);
}

static bool is_too_big(const ctx_cache *cache)
{
    return cache->max_bytes != CTX_CACHE_UNBOUNDED &&
           ctxi_cache_used_bytes(cache) > cache->max_bytes;
}

void ctxi_contents_trim_idle(ctx_cache *cache)
{
    while (is_too_big(cache) && ctxi_partition_free_idle(&cache->partitions, &cache->memory))
        continue;
}

void ctxi_contents_trim(ctx_cache *cache, struct ctxi_batch *batch)
{
    for (;;) {
        bool too_many = cache->stats.entries > cache->max_entries;
        bool too_big = is_too_big(cache);
        uint32_t oldest;

        if (!too_many && !too_big)
            return;
        if (!too_many && free_waste(cache, batch))
            continue;
        oldest = ctxi_recency_oldest(&cache->arena);
        if (!oldest)
            return;
        ctxi_contents_remove(cache, oldest, CTX_CACHE_EVICTED, batch); /* a dead one is not one */
        fetch_oldest(cache);
    }
}

/* ---- storing ------------------------------------------------------------------------------ */

/*
 * How large an entry may be: when all others, and the partitions that nothing else uses, are gone, and the
 * index is as small as it can be. Without a limit in bytes, so large that a sum is still a number.
 */
static uint64_t room_for_one(const ctx_cache *cache)
{
    uint64_t fixed;

    if (cache->max_bytes == CTX_CACHE_UNBOUNDED)
        return CTX_CACHE_UNBOUNDED / 2;
    fixed = table_bytes(cache) - cache->partitions.block_bytes + ctxi_partition_bytes(0) -
            ctxi_index_excess_bytes(&cache->index) + ctxi_arena_overhead(&cache->arena, 1);
    return fixed < cache->max_bytes ? cache->max_bytes - fixed : 0;
}

/*
 * Nothing fits into a cache that is being destroyed: a callback that is run by the destruction may try.
 * Nor while so much waits for a thread that stands still that no more may.
 */
static bool fits(const ctx_cache *cache, size_t charge)
{
    return !cache->closed && !cache->limbo.stalled && cache->max_entries > 0 &&
           charge <= room_for_one(cache);
}

bool ctxi_contents_fits(const ctx_cache *cache, struct ctxi_hold hold)
{
    CTXI_ASSERT_HELD(&cache->lock);
    return fits(cache, ctxi_entry_charge(cache, hold.entry, hold.number));
}

/* An entry comes. */
static void add_sizes(struct ctxi_sizes_of_entries *sizes, struct ctxi_entry *entry)
{
    size_t room;
    const struct ctxi_adopted *adopted = ctxi_entry_place(entry, &room);

    sizes->keys += ctxi_entry_key_size(entry);
    if (entry->flags & CTXI_ENTRY_ADOPTED)
        sizes->adopted += adopted->weight;
    else
        sizes->values += room;
}

/* From now on a clock must be looked at. Relaxed: who finds such an entry without it goes and does. */
static void note_expiry(ctx_cache *cache)
{
    atomic_store_explicit(&cache->expiring, true, memory_order_relaxed);
    atomic_store_explicit(&cache->straight, false, memory_order_relaxed);
}

static void link_entry(ctx_cache *cache, struct ctxi_partition *partition, uint64_t hash,
                       struct ctxi_hold hold, size_t charge)
{
    ctxi_entry_ref_unseen(hold.entry);
    hold.entry->flags &= (uint8_t)~CTXI_ENTRY_PROMISED;
    if (ctxi_entry_expires(hold.entry) != CTXI_NEVER)
        note_expiry(cache);
    ctxi_index_add(&cache->index, &cache->readers, &cache->memory, hash, hold.number);
    ctxi_recency_add(&cache->arena, hold.number);
    ctxi_partition_gain(&cache->partitions, partition);
    add_sizes(&cache->contents_bytes, hold.entry);
    cache->entry_bytes += charge;
}

void ctxi_contents_renounce(ctx_cache *cache, struct ctxi_hold hold)
{
    CTXI_ASSERT_HELD(&cache->lock);
    if (hold.entry && hold.entry->flags & CTXI_ENTRY_PROMISED) {
        hold.entry->flags &= (uint8_t)~CTXI_ENTRY_PROMISED;
        ctxi_index_unpromise(&cache->index);
        ctxi_cache_ref(cache);
    }
}

#ifndef NDEBUG
static bool has_key_of(const ctx_cache *cache, const struct ctxi_entry *entry, uint64_t hash)
{
    const struct ctxi_key key = {entry->key, ctxi_entry_key_size(entry), hash};
    uint32_t number;

    return ctxi_index_find(&cache->index, &cache->arena, &key, &number) != NULL;
}
#endif

static void count_in(ctx_cache_stats *stats, size_t charge)
{
    stats->stored++;
    stats->entries++;
    stats->bytes += charge;
}

bool ctxi_contents_store(ctx_cache *cache, struct ctxi_partition *partition, uint64_t hash,
                         struct ctxi_hold hold, struct ctxi_batch *batch)
{
    struct ctxi_sweep sweep = {NULL, DROPS_PER_STORE, LOOKS_PER_STORE};
    size_t charge = ctxi_entry_charge(cache, hold.entry, hold.number);

    CTXI_ASSERT_HELD(&cache->lock);
    assert(!has_key_of(cache, hold.entry, hash));
    if (!fits(cache, charge))
        return false;
    link_entry(cache, partition, hash, hold, charge);
    count_in(&cache->stats, charge);
    count_in(&partition->stats, charge);
    if (cache->dead)
        ctxi_contents_sweep(cache, &sweep, batch);
    ctxi_contents_trim(cache, batch);
    batch->crowded = ctxi_reclaim_is_crowded(cache);
    return ctxi_recency_has(&cache->arena, hold.number); /* else it had to make room itself */
}

/* ---- letting go --------------------------------------------------------------------------- */

/* What one turn of the loop below has, let go however it ends. */
struct told {
    ctx_cache *cache;
    struct ctxi_hold hold;
    enum ctx_cache_cause cause;
    const struct ctxi_fn *fn; /* lives as long as there is an entry of it */
};

static void tell(const struct told *told)
{
    const ctx_cache_config *config = &told->cache->config;
    size_t size;
    const void *value = ctxi_entry_value(told->hold.entry, &size);
    bool negative = told->hold.entry->flags & CTXI_ENTRY_NEGATIVE;
    ctx_cache_removal removal = {sizeof removal, told->cause, ctxi_fn_name(told->fn),
                                 negative ? NULL : value, size};

    if (config->on_remove)
        config->on_remove(config->on_remove_user, &removal);
}

static void let_go(struct told *told)
{
    ctxi_entry_forsake(told->cache, told->hold);
}

/* A callback that ends its thread, or throws, unwinds out of the loop below: go on with the rest.
 */
static void finish_rest(struct ctxi_batch **rest)
{
    if ((*rest)->removed)
        ctxi_batch_finish(*rest);
}

/* The first of the batch. Its links are nobody else's, but where they are changes under the lock. */
static struct told take_first(struct ctxi_batch *batch)
{
    ctx_cache *cache = batch->cache;
    uint32_t number = batch->removed;
    const struct ctxi_numbers *link;
    struct told told;

    ctxi_lock_acquire(&cache->lock);
    link = ctxi_arena_link(&cache->arena, number);
    told.cache = cache;
    told.hold = (struct ctxi_hold){entry_at(cache, number), number};
    told.cause = (enum ctx_cache_cause)(link->prev - CTXI_OUT);
    told.fn = ctxi_fn_used(&cache->fn_uses, ctxi_key_fn(told.hold.entry->key));
    batch->removed = link->next;
    ctxi_lock_release(&cache->lock);
    return told;
}

void ctxi_batch_finish(struct ctxi_batch *batch)
{
    __attribute__((cleanup(finish_rest))) struct ctxi_batch *rest = batch;

    while (rest->removed) {
        __attribute__((cleanup(let_go))) struct told told = take_first(rest);

        tell(&told);
    }
    if (batch->crowded) {
        batch->crowded = false;
        ctxi_reclaim_await(batch->cache);
    }
}
