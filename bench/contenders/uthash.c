/*
 * The hand-written LRU of peers/uthash_lru.c. The tenant is a parameter of every call.
 */
#include <stdlib.h>
#include <string.h>

#include "contender.h"
#include "die.h"
#include "peers/uthash_lru.h"

struct cache {
    struct uthash_lru *lru;
    bool tenants;
};

static void *open_cache(const struct cache_setup *setup)
{
    struct cache *cache = die_calloc(1, sizeof *cache);

    cache->tenants = setup->tenants;
    cache->lru = uthash_lru_new(setup->capacity);
    if (!cache->lru)
        die("uthash+mutex: out of memory");
    return cache;
}

static void close_cache(void *opened)
{
    struct cache *cache = opened;

    uthash_lru_free(cache->lru);
    free(cache);
}

static uint64_t call_tenants(struct uthash_lru *lru, const struct calls *calls)
{
    const struct stream *stream = calls->stream;
    struct value value;
    struct key key;
    uint64_t sum = 0;

    for (size_t r = calls->first; r < calls->end; r++) {
        memcpy(key.tenant, workload_tenant(stream->requests[r].tenant), sizeof key.tenant);
        for (size_t i = stream->requests[r].first; i < stream->requests[r + 1].first; i++) {
            key.arg = stream->args[i];
            if (!uthash_lru_call(lru, &key, &value))
                die("uthash+mutex: out of memory");
            use_value(&value);
            sum += value.words[0];
        }
    }
    return sum;
}

static uint64_t call_plain(struct uthash_lru *lru, const struct calls *calls)
{
    const struct stream *stream = calls->stream;
    struct value value;
    uint64_t sum = 0;

    for (size_t i = stream->requests[calls->first].first; i < stream->requests[calls->end].first;
         i++) {
        if (!uthash_lru_call_plain(lru, stream->args[i], &value))
            die("uthash+mutex: out of memory");
        use_value(&value);
        sum += value.words[0];
    }
    return sum;
}

static uint64_t call(void *opened, const struct calls *calls)
{
    struct cache *cache = opened;

    return cache->tenants ? call_tenants(cache->lru, calls) : call_plain(cache->lru, calls);
}

static double bytes_per_entry(void *opened)
{
    struct cache *cache = opened;

    return (double)uthash_lru_bytes(cache->lru) / (double)uthash_lru_count(cache->lru);
}

const struct contender contender_uthash = {
    .name = "uthash+mutex",
    .about = "the LRU that one writes by hand: uthash and its list, one mutex",
    .open = open_cache,
    .close = close_cache,
    .call = call,
    .bytes_per_entry = bytes_per_entry,
};
