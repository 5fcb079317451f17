/*
 * uthash_lru.h: the cache that C programmers write by hand: uthash, whose list of insertion order
 * serves as recency, under one mutex. It loads outside the lock.
 */
#ifndef BENCH_PEERS_UTHASH_LRU_H
#define BENCH_PEERS_UTHASH_LRU_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "workload.h"

struct uthash_lru;

/* NULL: no memory. */
struct uthash_lru *uthash_lru_new(size_t capacity);
void uthash_lru_free(struct uthash_lru *lru);

/* Instead of uthash's own Jenkins hash: a faster one, so that the comparison is about caches. */
static inline unsigned uthash_lru_hash(struct key_view key)
{
    return (unsigned)XXH3_64bits(key.bytes, key.size);
}

/* Get or load, the value copied out; `hash` is the key's. All keys of a cache are of one size.
 * False: no memory. Any thread. */
bool uthash_lru_call(struct uthash_lru *lru, struct key_view key, unsigned hash,
                     struct value *out_value);

/* Entries, and the memory that they, the table and malloc's headers take. */
size_t uthash_lru_count(struct uthash_lru *lru);
size_t uthash_lru_bytes(struct uthash_lru *lru);

#endif
