/*
 * contents.h: what is in a cache: finding, storing, removing, making room. The one place where
 * index, recency, partitions and statistics of entries change together. All under the cache's lock.
 */
#ifndef CTXI_CACHE_CONTENTS_H
#define CTXI_CACHE_CONTENTS_H

#include "cache/entry.h"
#include "cache/partition.h"

/*
 * Entries that were removed under the lock, to be told of and let go after it. Begin with
 * CTXI_BATCH; it ends itself at the end of its block, which must come after the release of the
 * lock.
 */
struct ctxi_batch {
    struct ctxi_link removed;
};

#define CTXI_BATCH(name)                                                                           \
    __attribute__((cleanup(ctxi_batch_finish))) struct ctxi_batch name = {                         \
        {&(name).removed, &(name).removed}}

/* Runs removal callbacks and drops the cache's references; the batch is then empty. No lock held.
 */
void ctxi_batch_finish(struct ctxi_batch *batch);

/* A key with its hash; the bytes are those of key.h. */
struct ctxi_key {
    const unsigned char *bytes;
    size_t size;
    uint64_t hash;
};

/* What a search found. */
enum ctxi_found {
    CTXI_FOUND,
    CTXI_NOT_FOUND,
    CTXI_NEED_CLOCK /* an entry that expires, and `now` is NULL: read the clock, search again */
};

/* The live entry for `key`, not expired at *now (NULL: the clock was not read). Changes nothing. */
enum ctxi_found ctxi_contents_find(const ctx_cache *cache, const struct ctxi_partition *partition,
                                   const struct ctxi_key *key, const uint64_t *now,
                                   struct ctxi_entry **out_entry);

/* Removes what is under `key` although no search finds it, an expired or a dead entry; false: nothing. */
bool ctxi_contents_bury(ctx_cache *cache, const struct ctxi_key *key, struct ctxi_batch *batch);

/* Removes what is under `key`; true if a search would have found it. */
bool ctxi_contents_erase(ctx_cache *cache, const struct ctxi_partition *partition,
                         const struct ctxi_key *key, const uint64_t *now,
                         enum ctx_cache_cause cause, struct ctxi_batch *batch);

/*
 * Stores a finished entry, whose key and hash are set, as the newest; replaces one with the same
 * key; makes room. The cache takes a reference of its own. False: it is not there, for it is larger
 * than the whole capacity, or than what the partitions in use leave of it.
 */
bool ctxi_contents_store(ctx_cache *cache, struct ctxi_partition *partition,
                         struct ctxi_entry *entry, struct ctxi_batch *batch);

/* Removes one entry. A dead one keeps the cause that it died of. */
void ctxi_contents_remove(struct ctxi_entry *entry, enum ctx_cache_cause cause,
                          struct ctxi_batch *batch);

/* All live entries of the partition become dead, and loads that run are fenced, O(1). */
void ctxi_contents_drop(ctx_cache *cache, struct ctxi_partition *partition,
                        enum ctx_cache_cause cause);

/* Removes up to `count` dead entries; returns how many. */
size_t ctxi_contents_reclaim(ctx_cache *cache, size_t count, struct ctxi_batch *batch);

/* Frees idle partitions while the capacity in bytes is not kept: no entry leaves for their sake. */
void ctxi_contents_trim_idle(ctx_cache *cache);

/* Removes least recently used entries until the capacity is kept. */
void ctxi_contents_trim(ctx_cache *cache, struct ctxi_batch *batch);

#endif
