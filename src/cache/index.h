/*
 * index.h: finds an entry by its key. A hash table with chains: a table that cannot grow is slower,
 * never a failed call. Guarded by the cache's lock.
 */
#ifndef CTXI_CACHE_INDEX_H
#define CTXI_CACHE_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "cache/memory.h"

struct ctxi_entry;

/* Every entry in the index stands in the chain of buckets[hash & (bucket_count - 1)], once. */
struct ctxi_index {
    struct ctxi_entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t entry_count;
};

/* CTX_ERR_NOMEM. The same memory goes to every call. */
int ctxi_index_init(struct ctxi_index *index, struct ctxi_memory *memory);
void ctxi_index_fini(struct ctxi_index *index, struct ctxi_memory *memory);

/* The entry whose whole key is equal; NULL: none. */
struct ctxi_entry *ctxi_index_find(const struct ctxi_index *index, uint64_t hash, const void *key,
                                   size_t key_size);

/* Adds an entry whose key is not there; grows if that takes no more than `bytes_max` for the table.
 */
void ctxi_index_add(struct ctxi_index *index, struct ctxi_memory *memory, struct ctxi_entry *entry,
                    uint64_t bytes_max);

void ctxi_index_remove(struct ctxi_index *index, struct ctxi_entry *entry);

/* Gives memory back when the table is far too large for what is in it. */
void ctxi_index_shrink(struct ctxi_index *index, struct ctxi_memory *memory);

/* The bytes of the table itself. */
size_t ctxi_index_bytes(const struct ctxi_index *index);

#endif
