/*
 * cache.h: the struct that a ctx_cache is, for the files of this folder.
 */
#ifndef CTXI_CACHE_CACHE_H
#define CTXI_CACHE_CACHE_H

#include <stdatomic.h>

#include "base/lock.h"
#include "cache/index.h"
#include "cache/partition.h"
#include "cache/recency.h"
#include "ctxcache/stats.h"

struct ctxi_flight;
struct ctxi_reads;

struct ctx_cache {
    /* Fixed at creation. */
    uint64_t serial; /* the owner of what contexts remember; never 0, never reused */
    ctx_allocator allocator;
    ctx_cache_config config; /* pointers in it that we do not own are not used */
    char name[CTX_NAME_MAX + 1];
    ctx_var *vary[CTX_CACHE_VARY_MAX]; /* held; in order of their ids */
    ctx_var *ignore[CTX_CACHE_VARY_MAX];
    size_t vary_count, ignore_count;
    struct ctxi_reads
        *warned; /* what entries marked `undeclared` depend on; bits are only ever set */

    /*
     * One of the owner until destroyed, one of each entry and each flight, wherever they are. The
     * last one frees the struct.
     */
    atomic_size_t refs;
    /* True once an entry with an expiry was stored: until then no call reads the clock to look. */
    atomic_bool expiring;
    /* The id of the only partition when vary is empty, 0: not known. Read before the lock is taken
     * and checked under it, hence relaxed. Its slot is always 0: there is never a second one. */
    _Atomic uint64_t whole;

    /* Everything below is guarded by lock. No callback of the user runs under it but the
     * allocator's; locks that may be taken under it: waits_lock (flight.c). */
    struct ctxi_lock lock;
    bool closed; /* destroyed: nothing is stored any more */
    uint64_t max_entries, max_bytes;
    /*
     * The entries: index, recency list and partitions' members (or the graveyard) hold exactly the
     * same ones. stats.entries counts those that are live; stats.entries <= max_entries and
     * used bytes <= max_bytes whenever the lock is free.
     */
    struct ctxi_index index;
    struct ctxi_recency recency;
    struct ctxi_link graveyard; /* dead entries: their partition's generation has moved on */
    size_t entry_bytes;         /* the charges of all entries, dead ones included */
    size_t sweep;               /* the bucket where ctx_cache_maintain() goes on */
    struct ctxi_memory memory;  /* of index and partitions */
    struct ctxi_partitions partitions;
    struct ctxi_flight *flights;       /* a uthash table: loads that may be joined, by key */
    struct ctxi_memory flights_memory; /* of that table */
    size_t flights_bytes; /* the same when nothing is loading: a table that loads made larger never
                           * shrinks, and must not eat up a small capacity */
    ctx_cache_stats stats;

    struct ctxi_link registered; /* fork.c; guarded by its lock */
};

ctx_cache *ctxi_cache_ref(ctx_cache *cache);
void ctxi_cache_unref(ctx_cache *cache);

/* Nanoseconds by the cache's clock. Never under a lock. */
uint64_t ctxi_cache_now(const ctx_cache *cache);

/*
 * The same in *now, and its address; but NULL, without reading the clock, if no entry ever had an
 * expiry. One that was stored this moment makes a search answer CTXI_NEED_CLOCK: then call it
 * again.
 */
const uint64_t *ctxi_cache_clock(const ctx_cache *cache, uint64_t *now);

/* What the capacity in bytes is compared with. Guarded by lock. */
size_t ctxi_cache_used_bytes(const ctx_cache *cache);

#endif
