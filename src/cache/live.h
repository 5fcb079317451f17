/*
 * live.h: the curve that a cache keeps of itself, from a sample of its keys (curve/shards.h). Included by
 * who makes and ends a cache, by who shows or carries out requests, and by who reads the curve.
 *
 * Requests come in two ways, both under the cache's lock and in the order of use. What is done under the
 * lock is shown as observe.h says. A hit without the lock sets a bit in its record, if its key is sampled
 * (CTXI_RECORD_SAMPLED), and who carries out the record tells it here (recency.c). So records are the buffer
 * of the samples, too: a hit takes no lock for them, none is lost, none has to wait for more than its
 * record does, and what is in the curve is what is in the statistics at any moment.
 *
 * Partitions with many requests are watched: each has a small curve of its own, and all that are not
 * have one together. A partition is watched if there is room, or if it has TWICE the requests of the
 * watched one that has least; statistics count requests exactly, so there is nothing to guess. Of what is
 * watched it is also counted how far away it was in the list of all: what it hits where all share.
 *
 * Keys of another partition, or of a partition after it was invalidated, have other hashes (its id is in
 * their seed): they are new, and what was is never asked for again.
 */
#ifndef CTXI_CACHE_LIVE_H
#define CTXI_CACHE_LIVE_H

#include "cache/observe.h"
#include "curve/blocks.h"
#include "curve/shards.h"

/* Of the curve of a partition: part of the keys, and the bits of its scale. */
#define CTXI_LIVE_PART       8
#define CTXI_LIVE_BITS       4
#define CTXI_LIVE_BUCKETS    ((size_t)(44 - CTXI_LIVE_BITS + 1) << CTXI_LIVE_BITS)
#define CTXI_LIVE_KEYS_LEAST 64 /* sampled for a partition */

/* What partitions hit when all share: requests by distance in the list of all. */
struct ctxi_shared {
    double cold; /* nowhere in it */
    double far[CTXI_LIVE_BUCKETS];
};

struct ctxi_watched {
    uint64_t number; /* of the partition (partition.h); 0: none, or all the others */
    uint64_t before; /* its requests when this began */
    uint64_t latest; /* and when it was last asked for */
    bool begun;      /* it has been told of requests; before, its sampler wants nothing */
    struct ctxi_shards shards;
    struct ctxi_shared *shared;
};

/* All of it guarded by the cache's lock, but for `below`. */
struct ctxi_live {
    /* Keys with a hash below it are sampled by some of the curves. Relaxed: it only falls, and one who
     * sees the old one tells of a key that nobody counts. */
    _Atomic uint64_t below;
    bool weighted;
    struct ctxi_shards whole;

    /* With a capacity in bytes, which is more than entries: both when entries last took at least half of what
     * they ever took. Tables stay when entries go, so a cache with few would tell of nothing but its tables. */
    size_t entry_bytes, used_bytes;
    size_t most_entry_bytes;

    /* Hits of one entry in a row are counted when another comes. It is the newest of all that is sampled. */
    uint32_t last; /* its number; 0: it was no hit, or counted in full */
    uint64_t last_hash;
    struct ctxi_watched *last_watched; /* or NULL */
    uint64_t repeats;

    uint32_t watched_max; /* partitions; 0: no curves of partitions, and no others */
    uint32_t watched_count;
    uint32_t skipped;             /* requests since it was last looked who has least */
    uint64_t *ids;                /* [watched_max] of the partitions, as they were last seen */
    struct ctxi_watched *watched; /* [watched_max + 1], the last for all others */
    uint64_t ended; /* requests of partitions while they were watched, that are not now */

    struct ctxi_blocks blocks; /* of this struct and its arrays */
    size_t bytes;              /* of these, and of all samplers */
};

/* Makes the one that the configuration wants, or none. CTX_ERR_NOMEM. */
int ctxi_live_init(ctx_cache *cache);

/* Ends it, if there is one. */
void ctxi_live_fini(ctx_cache *cache);

/* A request that was made under the lock. */
void ctxi_live_see(ctx_cache *cache, const struct ctxi_seen *seen);

/* A hit whose record says that it is sampled. */
void ctxi_live_hit(ctx_cache *cache, uint32_t number);

/* Notes what the cache takes for its entries, if that is to be said of a cache in use. */
void ctxi_live_weigh(ctx_cache *cache);

/* Counts what is not counted yet. */
void ctxi_live_settle(struct ctxi_live *live);

/* Whether what is watched is still there; the others are. */
bool ctxi_live_is_there(const ctx_cache *cache, const struct ctxi_watched *watched);

/* Requests of the whole cache, and of one that is watched and still there since it is. */
uint64_t ctxi_live_requests(const ctx_cache *cache);
uint64_t ctxi_live_requests_of(const ctx_cache *cache, const struct ctxi_watched *watched);

/* Whether hits of this key are to be told. Any thread. */
static inline bool ctxi_live_wants(const struct ctxi_live *live, uint64_t hash)
{
    return live && hash < atomic_load_explicit(&live->below, memory_order_relaxed);
}

#endif
