/*
 * The hand-written LRU of peers/uthash_lru.c. The tenant is a parameter of every call.
 */
#include "contender.h"
#include "die.h"
#include "peers/uthash_lru.h"

static void *open_cache(const struct cache_setup *setup)
{
    struct uthash_lru *lru = uthash_lru_new(setup->capacity);

    if (!lru)
        die("uthash+mutex: out of memory");
    return lru;
}

static void close_cache(void *lru)
{
    uthash_lru_free(lru);
}

static inline void call_one(void *lru, struct key_view key, struct value *out_value)
{
    if (!uthash_lru_call(lru, key, uthash_lru_hash(key), out_value))
        die("uthash+mutex: out of memory");
}

static uint64_t call(void *lru, const struct calls *calls)
{
    return calls_by_key(lru, calls, call_one);
}

static double bytes_per_entry(void *lru)
{
    return (double)uthash_lru_bytes(lru) / (double)uthash_lru_count(lru);
}

const struct contender contender_uthash = {
    .name = "uthash+mutex",
    .about = "the LRU that one writes by hand: uthash and its list, one mutex",
    .exact_lru = true,
    .open = open_cache,
    .close = close_cache,
    .call = call,
    .bytes_per_entry = bytes_per_entry,
};
