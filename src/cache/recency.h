/*
 * recency.h: the order of use, exactly: one list over the whole cache, newest first. Guarded by the
 * cache's lock.
 */
#ifndef CTXI_CACHE_RECENCY_H
#define CTXI_CACHE_RECENCY_H

#include "cache/entry.h"

/* Exactly the entries of the index, each once. */
struct ctxi_recency {
    struct ctxi_link list;
};

static inline void ctxi_recency_init(struct ctxi_recency *recency)
{
    ctxi_list_init(&recency->list);
}

static inline void ctxi_recency_add(struct ctxi_recency *recency, struct ctxi_entry *entry)
{
    ctxi_list_push_front(&recency->list, &entry->recency);
}

static inline void ctxi_recency_remove(struct ctxi_entry *entry)
{
    ctxi_list_remove(&entry->recency);
}

/* The entry was used: it is the newest now. */
static inline void ctxi_recency_touch(struct ctxi_recency *recency, struct ctxi_entry *entry)
{
    ctxi_recency_remove(entry);
    ctxi_recency_add(recency, entry);
}

/* The least recently used entry; NULL if there is none. */
static inline struct ctxi_entry *ctxi_recency_oldest(struct ctxi_recency *recency)
{
    return ctxi_list_empty(&recency->list)
               ? NULL
               : CTXI_CONTAINER(recency->list.prev, struct ctxi_entry, recency);
}

#endif
