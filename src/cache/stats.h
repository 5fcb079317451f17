/*
 * stats.h: counting. Statistics are plain numbers guarded by the cache's lock.
 */
#ifndef CTXI_CACHE_STATS_H
#define CTXI_CACHE_STATS_H

#include "cache/cache.h"

/* Adds to a field of the cache and of the partition (NULL: the call never had one). */
#define CTXI_COUNT(cache, partition, field, n)                                                     \
    do {                                                                                           \
        struct ctxi_partition *ctxi_counted = (partition);                                         \
        CTXI_ASSERT_HELD(&(cache)->lock);                                                          \
        (cache)->stats.field += (n);                                                               \
        if (ctxi_counted)                                                                          \
            ctxi_counted->stats.field += (n);                                                      \
    } while (0)

static inline void ctxi_count_hit(ctx_cache *cache, struct ctxi_partition *partition,
                                  const struct ctxi_entry *entry)
{
    CTXI_COUNT(cache, partition, calls, 1);
    CTXI_COUNT(cache, partition, hits, 1);
    if (entry->flags & CTXI_ENTRY_NEGATIVE)
        CTXI_COUNT(cache, partition, negative_hits, 1);
}

#endif
