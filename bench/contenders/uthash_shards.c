/*
 * The same list 16 times, each under its own mutex; the leading bits of the hash say which, the
 * trailing ones are uthash's. Each evicts by itself, so together they are not one exact LRU cache:
 * an entry may go although an older one is in another shard.
 */
#include <stdlib.h>

#include "contender.h"
#include "die.h"
#include "peers/uthash_lru.h"

#define SHARD_BITS 4
#define SHARDS     (1u << SHARD_BITS)

struct shards {
    struct uthash_lru *lists[SHARDS];
};

/* Where all keys are to fit, a shard with more than its share of them must not evict. */
static void *open_shards(const struct cache_setup *setup)
{
    struct shards *shards = die_calloc(1, sizeof *shards);
    bool evicts = setup->capacity < setup->keys;

    for (size_t i = 0; i < SHARDS; i++) {
        shards->lists[i] =
            uthash_lru_new(evicts ? (setup->capacity + SHARDS - 1) / SHARDS : setup->capacity);
        if (!shards->lists[i])
            die("uthash-16-shards: out of memory");
    }
    return shards;
}

static void close_shards(void *opened)
{
    struct shards *shards = opened;

    for (size_t i = 0; i < SHARDS; i++)
        uthash_lru_free(shards->lists[i]);
    free(shards);
}

static inline void call_one(void *opened, struct key_view key, struct value *out_value)
{
    struct shards *shards = opened;
    unsigned hash = uthash_lru_hash(key);

    if (!uthash_lru_call(shards->lists[hash >> (32 - SHARD_BITS)], key, hash, out_value))
        die("uthash-16-shards: out of memory");
}

static uint64_t call(void *shards, const struct calls *calls)
{
    return calls_by_key(shards, calls, call_one);
}

static double bytes_per_entry(void *opened)
{
    struct shards *shards = opened;
    size_t bytes = 0, count = 0;

    for (size_t i = 0; i < SHARDS; i++) {
        bytes += uthash_lru_bytes(shards->lists[i]);
        count += uthash_lru_count(shards->lists[i]);
    }
    return (double)bytes / (double)count;
}

const struct contender contender_uthash_shards = {
    .name = "uthash-16-shards",
    .about = "the same list in 16 shards, each with its own mutex: not one exact LRU",
    .open = open_shards,
    .close = close_shards,
    .call = call,
    .bytes_per_entry = bytes_per_entry,
};
