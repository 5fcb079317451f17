#include "cache/live.h"

#include <string.h>

#include "cache/contents.h"

#define TWICE  2
#define PAUSES 16 /* requests of unwatched partitions between two looks who has least */

/* ---- making ------------------------------------------------------------------------------- */

static struct ctxi_shards_options options_of(const ctx_cache_config *config, bool of_partition)
{
    uint32_t keys = config->curve_keys, part = keys / CTXI_LIVE_PART;

    if (of_partition)
        keys = part > CTXI_LIVE_KEYS_LEAST ? part : CTXI_LIVE_KEYS_LEAST;
    return (struct ctxi_shards_options){
        .rate = config->curve_rate > 0 ? config->curve_rate : CTX_CACHE_CURVE_RATE_DEFAULT,
        .max_keys = keys,
        .weighted = config->capacity_bytes > 0,
        .bits = of_partition ? CTXI_LIVE_BITS : 0,
    };
}

static int make_watched(struct ctxi_live *live, const ctx_cache_config *config,
                        struct ctxi_watched *watched)
{
    struct ctxi_shards_options options = options_of(config, true);
    int r;

    watched->shared = ctxi_blocks_take(&live->blocks, 1, sizeof *watched->shared);
    if (!watched->shared)
        return CTX_ERR_NOMEM;
    r = ctxi_shards_init(&watched->shards, &options, live->blocks.allocator);
    if (r == CTX_OK)
        live->bytes += ctxi_shards_bytes(&watched->shards);
    return r;
}

/* Everything that `live` has but its own memory. What it could not get is NULL. */
static int fill(struct ctxi_live *live, const ctx_cache_config *config)
{
    struct ctxi_shards_options options = options_of(config, false);
    size_t count = config->curve_partitions;
    int r = ctxi_shards_init(&live->whole, &options, live->blocks.allocator);

    if (r == CTX_OK && count > 0) {
        live->ids = ctxi_blocks_take(&live->blocks, count, sizeof *live->ids);
        live->watched = ctxi_blocks_take(&live->blocks, count + 1, sizeof *live->watched);
        r = live->ids && live->watched ? CTX_OK : CTX_ERR_NOMEM;
    }
    if (r != CTX_OK || count == 0)
        return r;
    live->watched_max = (uint32_t)count;
    for (size_t i = 0; r == CTX_OK && i <= count; i++)
        r = make_watched(live, config, &live->watched[i]);
    return r;
}

/* Keys that nobody wants any more are not shown any more. Who forks has this lock already, and carries
 * out records all the same: then it is done when the threshold falls next. */
static void set_below(ctx_cache *cache, uint64_t below)
{
    if (!ctxi_lock_try(&cache->observers.lock))
        return;
    atomic_store_explicit(&cache->live->below, below, memory_order_relaxed);
    ctxi_observers_set(cache, CTXI_OBSERVER_CURVE, below);
    ctxi_lock_release(&cache->observers.lock);
}

static uint64_t threshold_of(const struct ctxi_shards *shards)
{
    return atomic_load_explicit(&shards->threshold, memory_order_relaxed);
}

int ctxi_live_init(ctx_cache *cache)
{
    struct ctxi_blocks blocks = ctxi_blocks_of(&cache->allocator);
    struct ctxi_live *live;
    int r;

    if (!cache->config.curve_keys)
        return CTX_OK;
    live = ctxi_blocks_take(&blocks, 1, sizeof *live);
    if (!live)
        return CTX_ERR_NOMEM;
    live->blocks = blocks;
    live->weighted = cache->config.capacity_bytes > 0;
    cache->live = live;
    r = fill(live, &cache->config);
    if (r != CTX_OK)
        return r;
    live->bytes += live->blocks.bytes + ctxi_shards_bytes(&live->whole);
    set_below(cache, threshold_of(&live->whole));
    return CTX_OK;
}

void ctxi_live_fini(ctx_cache *cache)
{
    struct ctxi_live *live = cache->live;
    struct ctxi_blocks blocks;

    if (!live)
        return;
    cache->live = NULL;
    if (live->whole.sampled)
        ctxi_shards_fini(&live->whole);
    for (uint32_t i = 0; live->watched_max && i <= live->watched_max; i++)
        if (live->watched[i].shards.sampled)
            ctxi_shards_fini(&live->watched[i].shards);
    blocks = live->blocks;
    ctxi_blocks_free(&blocks);
}

/* ---- requests ----------------------------------------------------------------------------- */

static uint64_t requests_in(const ctx_cache_stats *stats)
{
    return stats->hits + stats->misses + stats->joined - stats->timeouts;
}

static struct ctxi_watched *others_of(const struct ctxi_live *live)
{
    return &live->watched[live->watched_max];
}

/* NULL: it is gone. */
static const struct ctxi_partition *partition_of(const ctx_cache *cache,
                                                 const struct ctxi_watched *watched)
{
    const struct ctxi_live *live = cache->live;
    uint32_t slot = ctxi_partition_slot(live->ids[watched - live->watched]);
    const struct ctxi_partition *partition = ctxi_partition_in(&cache->partitions, slot);

    return partition && partition->number == watched->number && !partition->retired ? partition
                                                                                    : NULL;
}

bool ctxi_live_is_there(const ctx_cache *cache, const struct ctxi_watched *watched)
{
    return watched == others_of(cache->live) || partition_of(cache, watched);
}

uint64_t ctxi_live_requests(const ctx_cache *cache)
{
    return requests_in(&cache->stats);
}

/* Of a partition that is watched, whether it is there or not: then as far as it is known. */
static uint64_t requests_watched(const ctx_cache *cache, const struct ctxi_watched *watched)
{
    const struct ctxi_partition *partition = partition_of(cache, watched);

    return (partition ? requests_in(&partition->stats) : watched->latest) - watched->before;
}

/* Of the others: what is left of all. */
uint64_t ctxi_live_requests_of(const ctx_cache *cache, const struct ctxi_watched *watched)
{
    const struct ctxi_live *live = cache->live;
    uint64_t rest = ctxi_live_requests(cache) - live->ended;

    if (watched != others_of(live))
        return requests_watched(cache, watched);
    for (uint32_t i = 0; i < live->watched_count; i++)
        rest -= requests_watched(cache, &live->watched[i]);
    return rest;
}

/* ---- who is watched ----------------------------------------------------------------------- */

/* An empty one. What no other curve wanted any more is not shown any more: this one cannot have it, and must
 * not say that it has. */
static struct ctxi_watched *begin(const struct ctxi_live *live, struct ctxi_watched *watched)
{
    ctxi_shards_reset(&watched->shards, atomic_load_explicit(&live->below, memory_order_relaxed));
    watched->begun = true;
    return watched;
}

static struct ctxi_watched *watch(struct ctxi_live *live, struct ctxi_watched *watched,
                                  const struct ctxi_partition *partition)
{
    begin(live, watched);
    live->ids[watched - live->watched] = partition->id;
    watched->number = partition->number;
    watched->before = watched->latest = requests_in(&partition->stats);
    return watched;
}

/* Instead of another one, of which nothing is left but the number of its requests. */
static struct ctxi_watched *watch_instead(ctx_cache *cache, struct ctxi_watched *watched,
                                          const struct ctxi_partition *partition)
{
    cache->live->ended += requests_watched(cache, watched);
    memset(watched->shared, 0, sizeof *watched->shared);
    return watch(cache->live, watched, partition);
}

/* The watched one with the fewest requests, since ever; one that is gone has none. */
static struct ctxi_watched *least_watched(const ctx_cache *cache, uint64_t *out_requests)
{
    const struct ctxi_live *live = cache->live;
    struct ctxi_watched *least = NULL;

    for (uint32_t i = 0; i < live->watched_count; i++) {
        const struct ctxi_partition *partition = partition_of(cache, &live->watched[i]);
        uint64_t requests = partition ? requests_in(&partition->stats) : 0;

        if (!least || requests < *out_requests) {
            least = &live->watched[i];
            *out_requests = requests;
        }
    }
    return least;
}

/* It has an id that no watched one was seen with: a new one, for all that its number says. */
static struct ctxi_watched *find_by_number(ctx_cache *cache, uint64_t id)
{
    struct ctxi_live *live = cache->live;
    const struct ctxi_partition *partition = ctxi_partition_at(&cache->partitions, id);
    struct ctxi_watched *least;
    uint64_t requests = 0;

    if (!partition || partition->retired)
        return others_of(live);
    for (uint32_t i = 0; i < live->watched_count; i++)
        if (live->watched[i].number == partition->number) {
            live->ids[i] = id;
            return &live->watched[i];
        }
    if (live->watched_count < live->watched_max)
        return watch(live, &live->watched[live->watched_count++], partition);
    if (live->skipped++ % PAUSES)
        return others_of(live);
    least = least_watched(cache, &requests);
    if (requests_in(&partition->stats) / TWICE <= requests)
        return others_of(live);
    return watch_instead(cache, least, partition);
}

/* How many requests it had, for when it is gone. */
static struct ctxi_watched *note_requests(const ctx_cache *cache, struct ctxi_watched *watched)
{
    const struct ctxi_partition *partition = partition_of(cache, watched);

    if (partition)
        watched->latest = requests_in(&partition->stats);
    return watched;
}

/* NULL: there are no curves of partitions. */
static struct ctxi_watched *watched_of(ctx_cache *cache, uint64_t id)
{
    const struct ctxi_live *live = cache->live;
    struct ctxi_watched *found;

    if (!live->watched_max)
        return NULL;
    for (uint32_t i = 0; i < live->watched_count; i++)
        if (live->ids[i] == id)
            return note_requests(cache, &live->watched[i]);
    found = find_by_number(cache, id);
    return found->begun ? found : begin(live, found);
}

/* ---- counting ----------------------------------------------------------------------------- */

static void count_shared(struct ctxi_watched *watched, struct ctxi_sighting sighting)
{
    size_t bucket;

    if (sighting.distance == CTXI_SHARDS_NOWHERE) {
        watched->shared->cold += sighting.requests;
        return;
    }
    bucket = ctxi_scale_bucket(CTXI_LIVE_BITS, sighting.distance);
    watched->shared->far[bucket < CTXI_LIVE_BUCKETS ? bucket : CTXI_LIVE_BUCKETS - 1] +=
        sighting.requests;
}

void ctxi_live_settle(struct ctxi_live *live)
{
    struct ctxi_sighting sighting;

    if (!live->repeats)
        return;
    sighting = ctxi_shards_count_again(&live->whole, live->last_hash, live->repeats);
    if (live->last_watched) {
        count_shared(live->last_watched, sighting);
        ctxi_shards_count_again(&live->last_watched->shards, live->last_hash, live->repeats);
    }
    live->repeats = 0;
}

static uint32_t weight_of(const struct ctxi_seen *seen)
{
    return seen->weight < UINT32_MAX ? (uint32_t)seen->weight : UINT32_MAX;
}

static struct ctxi_sighting tell(struct ctxi_shards *shards, const struct ctxi_seen *seen)
{
    switch (seen->what) {
    case CTXI_SEEN_HIT:
        return ctxi_shards_count_same(shards, seen->hash);
    case CTXI_SEEN_MISS:
        return ctxi_shards_count(shards, seen->hash, weight_of(seen));
    case CTXI_SEEN_LOST:
        return ctxi_shards_count_lost(shards, seen->hash);
    case CTXI_SEEN_PUT:
        ctxi_shards_put(shards, seen->hash, weight_of(seen));
        break;
    case CTXI_SEEN_DELETE:
        ctxi_shards_forget(shards, seen->hash);
        break;
    }
    return (struct ctxi_sighting){0, CTXI_SHARDS_NOWHERE};
}

/* After a sampler may have lowered its threshold: the largest of all that are in use. */
static void lower(ctx_cache *cache)
{
    const struct ctxi_live *live = cache->live;
    uint64_t below = threshold_of(&live->whole);

    for (uint32_t i = 0; live->watched_max && i <= live->watched_max; i++) {
        const struct ctxi_watched *watched = &live->watched[i];

        if (watched->begun && ctxi_live_is_there(cache, watched) &&
            threshold_of(&watched->shards) > below)
            below = threshold_of(&watched->shards);
    }
    if (below < atomic_load_explicit(&live->below, memory_order_relaxed))
        set_below(cache, below);
}

/* One of a sampled key, to the whole curve and to that of whom it belongs to, which is returned. */
static struct ctxi_watched *see(ctx_cache *cache, const struct ctxi_seen *seen)
{
    struct ctxi_live *live = cache->live;
    struct ctxi_watched *watched;
    uint64_t whole = threshold_of(&live->whole);
    uint64_t own = 0;

    ctxi_live_settle(live);
    live->last = 0;
    watched = watched_of(cache, seen->partition);
    if (watched) {
        own = threshold_of(&watched->shards);
        count_shared(watched, tell(&live->whole, seen));
        (void)tell(&watched->shards, seen);
    } else {
        (void)tell(&live->whole, seen);
    }
    if (threshold_of(&live->whole) != whole || (watched && threshold_of(&watched->shards) != own))
        lower(cache);
    return watched;
}

void ctxi_live_weigh(ctx_cache *cache)
{
    struct ctxi_live *live = cache->live;
    size_t bytes = cache->entry_bytes;

    if (bytes > live->most_entry_bytes)
        live->most_entry_bytes = bytes;
    if (!live->weighted || bytes < live->most_entry_bytes / 2)
        return;
    live->entry_bytes = bytes;
    live->used_bytes = ctxi_cache_used_bytes(cache);
}

void ctxi_live_see(ctx_cache *cache, const struct ctxi_seen *seen)
{
    CTXI_ASSERT_HELD(&cache->lock);
    if (!ctxi_live_wants(cache->live, seen->hash))
        return;
    ctxi_live_weigh(cache);
    see(cache, seen);
}

void ctxi_live_hit(ctx_cache *cache, uint32_t number)
{
    struct ctxi_live *live = cache->live;
    struct ctxi_seen seen = {.what = CTXI_SEEN_HIT};
    const struct ctxi_entry *entry;

    CTXI_ASSERT_HELD(&cache->lock);
    if (number == live->last) {
        live->repeats++;
        return;
    }
    entry = ctxi_arena_at(&cache->arena, number);
    seen.partition = ctxi_key_partition(entry->key);
    seen.hash = ctxi_contents_hash_of(cache, entry);
    live->last_watched = see(cache, &seen);
    live->last_hash = seen.hash;
    live->last = number;
}
