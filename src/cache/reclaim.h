/*
 * reclaim.h: giving back what a reader may still be looking at: slots of entries that were removed,
 * numbers of partitions that are gone, blocks that were replaced.
 *
 * What becomes unreachable waits here for a grace (reader.h) that begins later, and then for a drain:
 * no section can see it any more, and no record names it. Guarded by the cache's lock.
 *
 * What waits is outside of the capacity, for it says nothing of what the cache holds, and bounded by
 * itself: CTX_CACHE_WAITING_MIN bytes, or an eighth of the capacity (of what the entries take, if that
 * is not in bytes). Who stores, and leaves more behind, waits until it is less, without a lock: for a
 * thread that was interrupted in the middle of a hit, as one would wait for the holder of a lock. If that
 * thread does not go on for long the cache is *stalled*: until it has, nobody waits, and nothing is stored.
 * So memory grows beyond the bound by no more than one store of each thread.
 *
 * The slot of an entry does not wait if no other thread has a reader, and the records of this one are
 * carried out: then nobody can be looking at it, and the next entry takes memory that is still warm.
 */
#ifndef CTXI_CACHE_RECLAIM_H
#define CTXI_CACHE_RECLAIM_H

#include "cache/entry.h"

/* Lists of numbers of slots, by the `next` of their links. */
struct ctxi_limbo {
    uint32_t fresh;            /* become unreachable; 0: none */
    uint32_t waiting;          /* the same, before the grace that is under way; 0: none */
    size_t fresh_count, count; /* of the fresh ones; of all */
    size_t fresh_bytes, bytes; /* of their slots, links and blocks */
    bool stalled;              /* see above */
};

/*
 * The entry is in no list, and nobody holds it. `unseen`: no other thread has a reader, and all records were
 * carried out since the lock was taken. Such a one, and one that never was in the cache, is given back at
 * once.
 */
void ctxi_reclaim_entry(ctx_cache *cache, struct ctxi_hold hold, bool unseen);

/* Gives back what can be, and goes on with the rest. Cheap when there is little to do. */
void ctxi_reclaim(ctx_cache *cache);

/* Gives back everything: nobody reads any more, and nobody ever will. */
void ctxi_reclaim_all(ctx_cache *cache);

/* Bytes of tables that wait, and of all that waits. */
size_t ctxi_reclaim_table_bytes(const ctx_cache *cache);
size_t ctxi_reclaim_bytes(const ctx_cache *cache);

/* Whether who stores is to wait: more waits than may, also after what could be given back now was. */
bool ctxi_reclaim_is_crowded(ctx_cache *cache);

/* Waits until it is not so any more; or, after about a second, until it is stalled. No lock held. */
void ctxi_reclaim_await(ctx_cache *cache);

#endif
