/*
 * hashtable.h: uthash, set up to take its memory from an allocator and to survive its failure.
 * Included by what keeps a table: function.h and partition.h.
 *
 * A function that changes a table declares `struct ctxi_memory *table_memory` and, where it adds,
 * `bool table_full = false`, which is true afterwards if the element was not added.
 */
#ifndef CTXI_CACHE_HASHTABLE_H
#define CTXI_CACHE_HASHTABLE_H

#include "cache/memory.h"

#define HASH_NONFATAL_OOM            1
#define uthash_malloc(bytes)         ctxi_memory_take(table_memory, bytes)
#define uthash_free(block, bytes)    ctxi_memory_give(table_memory, block, bytes)
#define uthash_nonfatal_oom(element) (table_full = true)

#include <uthash.h>

/* Small tables must fit a small capacity. uthash takes these where it makes a table. */
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#define HASH_INITIAL_NUM_BUCKETS      4U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 2U

#endif
