/*
 * rocksdb_cache.h: RocksDB's block caches, which can be used without RocksDB's database, for C.
 *
 * Both come with their defaults. LRUCache has a mutex for each shard and inserts in the middle of
 * its list; HyperClockCache takes no lock and knows clock bits instead of an order. So neither is
 * an exact LRU.
 */
#ifndef BENCH_PEERS_ROCKSDB_CACHE_H
#define BENCH_PEERS_ROCKSDB_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rocksdb_policy {
    ROCKSDB_LRU,        /* takes keys of any length */
    ROCKSDB_HYPER_CLOCK /* takes 16 bytes: a hash of the key, which is kept beside the value */
};

struct rocksdb_cache;

/* Room for so many values of one size. NULL: no memory. */
struct rocksdb_cache *rocksdb_cache_new(enum rocksdb_policy policy, size_t capacity,
                                        size_t value_size);
void rocksdb_cache_free(struct rocksdb_cache *cache);

/* Any thread. True: found, and the value copied out. */
bool rocksdb_cache_find(struct rocksdb_cache *cache, const void *key, size_t key_size,
                        void *out_value);

/* Any thread; copies key and value. False: no memory. */
bool rocksdb_cache_insert(struct rocksdb_cache *cache, const void *key, size_t key_size,
                          const void *value);

size_t rocksdb_cache_count(struct rocksdb_cache *cache);

#ifdef __cplusplus
}
#endif

#endif
