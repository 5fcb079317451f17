/*
 * uthash_lru.h: the cache that C programmers write by hand: uthash, whose list of insertion order
 * serves as recency, under one mutex. It loads outside the lock.
 */
#ifndef BENCH_PEERS_UTHASH_LRU_H
#define BENCH_PEERS_UTHASH_LRU_H

#include "workload.h"

struct uthash_lru;

/* NULL: no memory. */
struct uthash_lru *uthash_lru_new(size_t capacity);
void uthash_lru_free(struct uthash_lru *lru);

/* Get or load, the value copied out. All keys of a cache are of one size. False: no memory. Any
 * thread. */
bool uthash_lru_call(struct uthash_lru *lru, struct key_view key, struct value *out_value);

/* Entries, and the memory that they, the table and malloc's headers take. */
size_t uthash_lru_count(struct uthash_lru *lru);
size_t uthash_lru_bytes(struct uthash_lru *lru);

#endif
