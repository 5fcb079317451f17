/*
 * contents.h: what is in a cache: finding, storing, removing, making room. The one place where
 * index, recency, partitions and statistics of entries change together. All under the cache's lock.
 */
#ifndef CTXI_CACHE_CONTENTS_H
#define CTXI_CACHE_CONTENTS_H

#include "cache/entry.h"
#include "cache/partition.h"

/*
 * Entries that were removed under the lock and whose removal somebody is to be told of: a list by the
 * `next` of their links. Begin with CTXI_BATCH; it ends itself at the end of its block, which must come
 * after the release of the lock.
 */
struct ctxi_batch {
    ctx_cache *cache;
    uint32_t removed; /* 0: none */
    uint32_t last;
    bool
        crowded; /* something was stored, and so much waits for readers that the caller is to wait */
};

#define CTXI_BATCH(name, of_cache)                                                                 \
    __attribute__((cleanup(ctxi_batch_finish))) struct ctxi_batch name = {of_cache, 0, 0, false}

/*
 * Runs removal callbacks and drops the cache's references; waits for readers if need be (reclaim.h); the
 * batch is then empty. No lock held.
 */
void ctxi_batch_finish(struct ctxi_batch *batch);

/* What a search found. */
enum ctxi_found {
    CTXI_FOUND,
    CTXI_NOT_FOUND,
    CTXI_EXPIRED,   /* there is one, but it counts as none: to be removed */
    CTXI_NEED_CLOCK /* an entry that expires, and `now` is NULL: read the clock, search again */
};

/* The entry for `key`, at *now (NULL: the clock was not read); none if not found. Changes nothing. */
enum ctxi_found ctxi_contents_find(const ctx_cache *cache, const struct ctxi_key *key,
                                   const uint64_t *now, struct ctxi_hold *out_found);

/* The hash of an entry's key. */
uint64_t ctxi_contents_hash_of(const ctx_cache *cache, const struct ctxi_entry *entry);

/* Removes what is under `key`; true if a search would have found it. */
bool ctxi_contents_erase(ctx_cache *cache, const struct ctxi_key *key, const uint64_t *now,
                         enum ctx_cache_cause cause, struct ctxi_batch *batch);

/* Whether it may be stored, be there room for it or not. */
bool ctxi_contents_fits(const ctx_cache *cache, struct ctxi_hold hold);

/*
 * Stores a finished entry, whose key begins with the partition's id and is not there, as the newest; makes
 * room. The cache takes a reference of its own. False: it is not there, for it is larger than the whole
 * capacity, or than what the partitions in use leave of it, or too much waits for a thread that stands
 * still.
 */
bool ctxi_contents_store(ctx_cache *cache, struct ctxi_partition *partition, uint64_t hash,
                         struct ctxi_hold hold, struct ctxi_batch *batch);

/* Whoever holds an entry that was not stored may keep it for long: the index need not expect it, and from
 * now on it holds the cache itself. */
void ctxi_contents_renounce(ctx_cache *cache, struct ctxi_hold hold);

/*
 * The entry that will be evicted next unless it is used before, and its hash, so that a load may have all
 * lines that its eviction needs on their way. number 0: not looked for yet.
 */
struct ctxi_foreseen {
    uint32_t number;
    uint64_t hash;
};

/* Looks for it, if the cache is full. */
void ctxi_contents_foresee(ctx_cache *cache);

/* Removes one entry. A dead one keeps the cause that it died of. */
void ctxi_contents_remove(ctx_cache *cache, uint32_t number, enum ctx_cache_cause cause,
                          struct ctxi_batch *batch);

/* All entries of the partition become dead, and loads that run are fenced, O(1). */
void ctxi_contents_drop(ctx_cache *cache, struct ctxi_partition *partition,
                        enum ctx_cache_cause cause);

/*
 * A walk over all slots, to remove what is dead, and what is expired if `now` is not NULL: goes on
 * where the last one stopped, drops at most `drops` entries, looks at no more than `looks` slots and at
 * none twice. Returns how many it dropped.
 */
struct ctxi_sweep {
    const uint64_t *now;
    size_t drops, looks;
};

size_t ctxi_contents_sweep(ctx_cache *cache, struct ctxi_sweep *sweep, struct ctxi_batch *batch);

/* Frees idle partitions while the capacity in bytes is not kept: no entry leaves for their sake. */
void ctxi_contents_trim_idle(ctx_cache *cache);

/* Removes least recently used entries until the capacity is kept. */
void ctxi_contents_trim(ctx_cache *cache, struct ctxi_batch *batch);

#endif
