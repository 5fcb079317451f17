#include "peers/optional/rocksdb_cache.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include <rocksdb/cache.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

using rocksdb::Cache;
using rocksdb::Slice;

struct rocksdb_cache {
    std::shared_ptr<Cache> cache;
    bool hashed; /* knows a key by its hash */
    size_t value_size;
};

namespace
{

/*
 * What an entry counts against the capacity: about the bytes that it takes, because the number of
 * shards that RocksDB chooses follows from a capacity in bytes. As nothing else is charged, room
 * for n entries is room for n.
 */
const size_t entry_charge = 160;

/* The key as the cache takes it. Lives no longer than the key that it was made of. */
class name
{
    XXH128_hash_t hash;

  public:
    Slice slice;

    name(const rocksdb_cache *cache, const void *key, size_t size)
        : slice(static_cast<const char *>(key), size)
    {
        if (cache->hashed) {
            hash = XXH3_128bits(key, size);
            slice = Slice(reinterpret_cast<const char *>(&hash), sizeof hash);
        }
    }
    name(const name &) = delete;
    name &operator=(const name &) = delete;
};

/* The block that a cache holds: the value and, where the cache knows but a hash, the key. */
char *make_block(const rocksdb_cache *cache, const void *key, size_t key_size, const void *value)
{
    auto block =
        static_cast<char *>(std::malloc(cache->value_size + (cache->hashed ? key_size : 0)));

    if (block) {
        std::memcpy(block, value, cache->value_size);
        if (cache->hashed)
            std::memcpy(block + cache->value_size, key, key_size);
    }
    return block;
}

bool is_for(const rocksdb_cache *cache, const char *block, const void *key, size_t key_size)
{
    return !cache->hashed || std::memcmp(block + cache->value_size, key, key_size) == 0;
}

void free_block(const Slice &, void *block)
{
    std::free(block);
}

std::shared_ptr<Cache> make_lru(size_t capacity)
{
    rocksdb::LRUCacheOptions options;

    options.capacity = capacity * entry_charge;
    options.metadata_charge_policy = rocksdb::kDontChargeCacheMetadata;
    return rocksdb::NewLRUCache(options);
}

std::shared_ptr<Cache> make_hyper_clock(size_t capacity)
{
    rocksdb::HyperClockCacheOptions options(capacity * entry_charge, entry_charge);

    options.metadata_charge_policy = rocksdb::kDontChargeCacheMetadata;
    return options.MakeSharedCache();
}

} // namespace

rocksdb_cache *rocksdb_cache_new(rocksdb_policy policy, size_t capacity, size_t value_size)
try {
    bool hashed = policy == ROCKSDB_HYPER_CLOCK;

    return new rocksdb_cache{hashed ? make_hyper_clock(capacity) : make_lru(capacity), hashed,
                             value_size};
} catch (const std::bad_alloc &) {
    return nullptr;
}

void rocksdb_cache_free(rocksdb_cache *cache)
{
    delete cache;
}

bool rocksdb_cache_find(rocksdb_cache *cache, const void *key, size_t key_size, void *out_value)
{
    name name(cache, key, key_size);
    Cache::Handle *handle = cache->cache->Lookup(name.slice);

    if (!handle)
        return false;

    auto block = static_cast<const char *>(cache->cache->Value(handle));
    bool found = is_for(cache, block, key, key_size);

    if (found)
        std::memcpy(out_value, block, cache->value_size);
    cache->cache->Release(handle);
    return found;
}

bool rocksdb_cache_insert(rocksdb_cache *cache, const void *key, size_t key_size, const void *value)
try {
    char *block = make_block(cache, key, key_size, value);

    /* A limit that is not strict makes no insertion fail. */
    return block &&
           cache->cache->Insert(name(cache, key, key_size).slice, block, entry_charge, free_block)
               .ok();
} catch (const std::bad_alloc &) {
    return false;
}

size_t rocksdb_cache_count(rocksdb_cache *cache)
{
    return cache->cache->GetUsage() / entry_charge; /* its own count of entries stays 0 */
}
