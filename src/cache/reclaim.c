#include "cache/reclaim.h"

#include "cache/cache.h"
#include "cache/function.h"

/* So many entries are worth a grace, which makes other processors fence: a share of all, and some. */
#define ENTRIES_WORTH 64
#define ENTRIES_SHARE 256
#define BYTES_SHARE   32 /* or so much: this part of a capacity in bytes */

static uint32_t fn_id_of(const struct ctxi_entry *entry)
{
    return ctxi_key_fn(entry->key);
}

static bool was_evicted(const ctx_cache *cache, uint32_t number)
{
    return ctxi_arena_link(&cache->arena, number)->prev == CTXI_OUT + CTX_CACHE_EVICTED;
}

void ctxi_reclaim_entry(ctx_cache *cache, struct ctxi_hold hold, bool unseen)
{
    struct ctxi_limbo *limbo = &cache->limbo;

    CTXI_ASSERT_HELD(&cache->lock);
    if (unseen && was_evicted(cache, hold.number) && ctxi_seat_keep(cache, hold))
        return;
    ctxi_fn_unuse(&cache->fn_uses, &cache->memory, fn_id_of(hold.entry));
    if (hold.entry->flags & CTXI_ENTRY_PROMISED)
        ctxi_index_unpromise(&cache->index);
    if (unseen) {
        ctxi_entry_free(cache, hold.number);
        return;
    }
    ctxi_arena_link(&cache->arena, hold.number)->next = limbo->fresh;
    limbo->fresh = hold.number;
    limbo->count++;
    if (hold.entry->flags & CTXI_ENTRY_OUTSIDE)
        limbo->bytes += ctxi_entry_outside(hold.entry)->charge;
}

static void free_list(ctx_cache *cache, uint32_t number)
{
    while (number) {
        uint32_t next = ctxi_arena_link(&cache->arena, number)->next;

        ctxi_entry_free(cache, number);
        number = next;
    }
}

static void free_waiting(ctx_cache *cache)
{
    ctxi_recency_drain(cache);
    free_list(cache, cache->limbo.waiting);
    cache->limbo.waiting = 0;
    if (cache->arena.free_ids)
        ctxi_arena_shrink(&cache->arena, &cache->readers, &cache->memory);
    ctxi_readers_free_waiting(&cache->readers, &cache->memory);
    ctxi_index_free_waiting(&cache->index, &cache->memory);
    ctxi_partitions_free_waiting(&cache->partitions, &cache->readers, &cache->memory);
    if (cache->readers.unsettled == CTXI_SETTLING) {
        ctxi_stamp_settle(&cache->readers);
        cache->readers.unsettled = CTXI_SETTLED;
    }
}

/* Whether there is anything, and enough of it or nobody to fence for. */
static bool is_worth_it(const ctx_cache *cache)
{
    const struct ctxi_limbo *limbo = &cache->limbo;

    return limbo->count >= ENTRIES_WORTH + cache->arena.used / ENTRIES_SHARE ||
           limbo->bytes > cache->max_bytes / BYTES_SHARE || cache->readers.retired_count ||
           cache->readers.unsettled || cache->index.left_blocks ||
           ctxi_partitions_rest_long(&cache->partitions) ||
           ((limbo->count || cache->partitions.rest_count) &&
            ctxi_readers_are_own(&cache->readers));
}

static bool begin(ctx_cache *cache)
{
    struct ctxi_limbo *limbo = &cache->limbo;

    if (!ctxi_readers_begin_grace(&cache->readers))
        return false;
    limbo->waiting = limbo->fresh;
    limbo->fresh = 0;
    limbo->count = limbo->bytes = 0;
    if (cache->readers.unsettled)
        cache->readers.unsettled = CTXI_SETTLING;
    ctxi_partitions_begin_wait(&cache->partitions);
    ctxi_index_begin_wait(&cache->index);
    return true;
}

void ctxi_reclaim(ctx_cache *cache)
{
    CTXI_ASSERT_HELD(&cache->lock);
    if (cache->arena.free_ids)
        ctxi_arena_shrink(&cache->arena, &cache->readers, &cache->memory);
    if (cache->readers.grace_begun) {
        if (!ctxi_readers_grace_ended(&cache->readers))
            return;
        free_waiting(cache);
    }
    if (is_worth_it(cache) && begin(cache) && ctxi_readers_grace_ended(&cache->readers))
        free_waiting(cache);
}

void ctxi_reclaim_all(ctx_cache *cache)
{
    free_list(cache, cache->limbo.waiting);
    free_list(cache, cache->limbo.fresh);
    cache->limbo = (struct ctxi_limbo){0};
    ctxi_readers_free_all(&cache->readers, &cache->memory);
}
