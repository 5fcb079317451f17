/*
 * RocksDB's LRUCache and HyperClockCache. The tenant is a parameter of every call.
 */
#include <malloc.h>
#include <stdlib.h>

#include "contender.h"
#include "die.h"
#include "peers/optional/rocksdb_cache.h"

#define TWIN_MOST 131072 /* entries */

struct cache {
    struct rocksdb_cache *cache;
    enum rocksdb_policy policy;
    struct cache_setup setup;
};

/* Where all keys are to stay, some room more: a hash fills the shards unevenly. */
static struct rocksdb_cache *make(enum rocksdb_policy policy, const struct cache_setup *setup)
{
    size_t capacity =
        setup->capacity < setup->keys ? setup->capacity : setup->keys + setup->keys / 8;
    struct rocksdb_cache *cache = rocksdb_cache_new(policy, capacity, sizeof(struct value));

    if (!cache)
        die("rocksdb: out of memory");
    return cache;
}

static void *open_cache(enum rocksdb_policy policy, const struct cache_setup *setup)
{
    struct cache *cache = die_calloc(1, sizeof *cache);

    *cache = (struct cache){make(policy, setup), policy, *setup};
    return cache;
}

static void *open_lru(const struct cache_setup *setup)
{
    return open_cache(ROCKSDB_LRU, setup);
}

static void *open_hyper_clock(const struct cache_setup *setup)
{
    return open_cache(ROCKSDB_HYPER_CLOCK, setup);
}

static void close_cache(void *opened)
{
    struct cache *cache = opened;

    rocksdb_cache_free(cache->cache);
    free(cache);
}

static inline void insert(struct rocksdb_cache *cache, struct key_view key,
                          const struct value *value)
{
    if (!rocksdb_cache_insert(cache, key.bytes, key.size, value))
        die("rocksdb: out of memory");
}

static inline void call_one(void *cache, struct key_view key, struct value *out_value)
{
    if (rocksdb_cache_find(cache, key.bytes, key.size, out_value))
        return;
    key_load(key, out_value);
    insert(cache, key, out_value);
}

static uint64_t call(void *opened, const struct calls *calls)
{
    struct cache *cache = opened;

    return calls_by_key(cache->cache, calls, call_one);
}

/* ---- memory ------------------------------------------------------------------------------- */

static size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/*
 * What a second cache of the same kind takes for each entry, while no other thread runs. Where the
 * first is large, this one is smaller by a power of two: tables are as full in both.
 */
static double twin_bytes(const struct cache *cache, size_t count)
{
    struct cache_setup setup = cache->setup;
    struct key key = {.tenant = "tenant"};
    struct value value = {{0}};

    for (; count > TWIN_MOST; count /= 2, setup.keys /= 2)
        if (setup.capacity != CONTENDER_UNBOUNDED)
            setup.capacity /= 2;

    size_t before = heap_bytes();
    struct rocksdb_cache *twin = make(cache->policy, &setup);

    for (size_t i = 0; i < count; i++) {
        key.arg = (int64_t)i;
        insert(twin, key_view(&key, setup.kind), &value);
    }

    double bytes = (double)(heap_bytes() - before) / (double)rocksdb_cache_count(twin);

    rocksdb_cache_free(twin);
    return bytes;
}

/*
 * RocksDB counts but a part of what it takes: so malloc is asked by how much its blocks grow when
 * another cache is filled. Measured once for caches that do not differ.
 */
static double bytes_per_entry(void *opened)
{
    static struct {
        size_t capacity, count;
        enum key_kind kind;
        double bytes;
    } known[2];
    const struct cache *cache = opened;
    size_t count = rocksdb_cache_count(cache->cache), policy = cache->policy;

    if (known[policy].capacity != cache->setup.capacity || known[policy].count != count ||
        known[policy].kind != cache->setup.kind) {
        known[policy].capacity = cache->setup.capacity;
        known[policy].count = count;
        known[policy].kind = cache->setup.kind;
        known[policy].bytes = twin_bytes(cache, count);
    }
    return known[policy].bytes;
}

const struct contender contender_rocksdb_lru = {
    .name = "rocksdb-lru",
    .about = "RocksDB's LRUCache: shards, a mutex for each",
    .open = open_lru,
    .close = close_cache,
    .call = call,
    .bytes_per_entry = bytes_per_entry,
};

const struct contender contender_rocksdb_clock = {
    .name = "rocksdb-clock",
    .about = "RocksDB's HyperClockCache: no locks, CLOCK instead of LRU",
    .open = open_hyper_clock,
    .close = close_cache,
    .call = call,
    .bytes_per_entry = bytes_per_entry,
};
