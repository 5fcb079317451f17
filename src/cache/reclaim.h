/*
 * reclaim.h: giving back what a reader may still be looking at: slots of entries that were removed,
 * numbers of partitions that are gone, blocks that were replaced.
 *
 * What becomes unreachable waits here for a grace (reader.h) that begins later, and then for a drain:
 * no section can see it any more, and no record names it. Guarded by the cache's lock.
 *
 * The slot of an entry does not wait if no other thread has a reader, and the records of this one are
 * carried out: then nobody can be looking at it, and the next entry takes memory that is still warm.
 */
#ifndef CTXI_CACHE_RECLAIM_H
#define CTXI_CACHE_RECLAIM_H

#include "cache/entry.h"

/* Lists of numbers of slots, by the `next` of their links. */
struct ctxi_limbo {
    uint32_t fresh;   /* become unreachable; 0: none */
    uint32_t waiting; /* the same, before the grace that is under way; 0: none */
    size_t count;     /* of the fresh ones */
    size_t bytes;     /* that they have outside of their slots */
};

/*
 * The entry is in no list, and nobody holds it. `unseen`: no other thread has a reader, and all records were
 * carried out since the lock was taken.
 */
void ctxi_reclaim_entry(ctx_cache *cache, struct ctxi_hold hold, bool unseen);

/* Gives back what can be, and goes on with the rest. Cheap when there is little to do. */
void ctxi_reclaim(ctx_cache *cache);

/* Gives back everything: nobody reads any more, and nobody ever will. */
void ctxi_reclaim_all(ctx_cache *cache);

#endif
