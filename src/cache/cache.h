/*
 * cache.h: the struct that a ctx_cache is, for the files of this folder.
 */
#ifndef CTXI_CACHE_CACHE_H
#define CTXI_CACHE_CACHE_H

#include <stdalign.h>
#include <stdatomic.h>

#include "base/lock.h"
#include "base/recent.h"
#include "base/sys.h"
#include "cache/flight.h"
#include "cache/function.h"
#include "cache/index.h"
#include "cache/partition.h"
#include "cache/reader.h"
#include "cache/recency.h"
#include "cache/reclaim.h"
#include "ctxcache/stats.h"

_Static_assert(CTXI_RECENT_NS <= CTX_CACHE_CLOCK_LAG_NS, "what the header says");

struct ctxi_reads;
struct ctxi_live;

/* Who may look on at the requests of a cache; observe.h. */
enum ctxi_observer { CTXI_OBSERVER_RECORDING, CTXI_OBSERVER_CURVE, CTXI_OBSERVER_COUNT };

struct ctxi_observers {
    /* Guards what is below. Taken under the cache's lock, too; nothing is taken under it. */
    struct ctxi_lock lock;
    struct ctxi_recording *recording; /* NULL: there is none (recording.h) */
    struct ctxi_recording *ending;    /* those that were taken from there and are not freed yet */
    bool recording_starts;            /* somebody is making one */
    /* 0: this one does not look on. Read without the lock, too, as `observed` is. */
    _Atomic uint64_t thresholds[CTXI_OBSERVER_COUNT];
};

/* The sizes of what is in entries, summed up. */
struct ctxi_sizes_of_entries {
    size_t keys, values, adopted;
};

struct ctx_cache {
    /* Fixed at creation; read by every hit. */
    alignas(
        CTXI_LINE) uint64_t serial; /* the owner of what contexts remember; never 0, never reused */
    size_t vary_count, ignore_count;
    ctx_cache_config config; /* pointers in it that we do not own are not used */

    /* Read by every hit, changed when they grow. */
    struct ctxi_index index;
    struct ctxi_partitions partitions;
    struct ctxi_arena arena;
    /* True once an entry with an expiry was stored: until then no call reads the clock to look. */
    atomic_bool expiring;
    atomic_bool straight; /* whether entries are like those that hit.c finds the straight way */
    /* Requests whose key hash is below it are shown; observe.h. 0: nobody looks on. Changed under
     * observers.lock. */
    _Atomic uint64_t observed;
    /* The id of the only partition when vary is empty, 0: not known. Checked before it is used, hence
     * relaxed. */
    _Atomic uint64_t whole;

    /* Fixed at creation. */
    ctx_allocator allocator;
    char name[CTX_NAME_MAX + 1];
    ctx_var *vary[CTX_CACHE_VARY_MAX]; /* held; in order of their ids */
    ctx_var *ignore[CTX_CACHE_VARY_MAX];
    struct ctxi_live *live; /* the curve of itself; NULL: none. See live.h */
    uint64_t declared; /* a bit for each of these two whose id is 64 or less, id 1 the lowest */
    struct ctxi_reads
        *warned; /* what entries marked `undeclared` depend on; bits are only ever set */

    /* Lines of their own; see reader.h. */
    struct ctxi_readers readers;

    /*
     * One of the owner until destroyed, one of each flight, and of each entry that somebody holds and
     * that is not in the cache. The last one frees the struct.
     */
    alignas(CTXI_LINE) atomic_size_t refs;

    /*
     * Guards everything below but the last few, and index, partitions, arena and readers but for what their headers say
     * of readers. No callback of the user runs under it but the allocator's; locks that may be taken
     * under it: waits_lock (flight.c). Whoever looks at the order of use or at statistics, or changes
     * what is in the cache, takes it by ctxi_cache_lock().
     */
    struct ctxi_lock lock;
    bool closed;   /* destroyed: nothing is stored any more */
    uint32_t hand; /* the slot where the next sweep goes on */
    uint64_t max_entries, max_bytes;
    /*
     * The entries: index and order of use hold exactly the same ones. stats.entries counts those that
     * are live; dead are those whose partition has another id since. stats.entries <= max_entries and
     * used bytes, which are without what waits for readers, <= max_bytes after each store.
     */
    uint64_t dead;
    struct ctxi_sizes_of_entries contents_bytes; /* of all entries, dead ones included */
    size_t entry_bytes; /* the charges of all entries, dead ones included */
    struct ctxi_foreseen foreseen;
    struct ctxi_seat spare; /* of the entry evicted last, if nobody can see it; none when cleared */
    struct ctxi_limbo limbo;   /* entries that were removed, until no reader can see them */
    struct ctxi_pages pages;   /* large blocks of index and arena */
    struct ctxi_memory memory; /* of index, partitions and tables */
    struct ctxi_fn_uses fn_uses;
    struct ctxi_flights flights;
    ctx_cache_stats stats;

    /* Not guarded by it. */
    struct ctxi_link registered; /* fork.c; guarded by its lock */
    struct ctxi_observers observers;
    void *block; /* the memory that the struct lies in; fixed at creation */
};

/* Takes the lock, and carries out what readers have recorded: order and statistics are exact. */
static inline void ctxi_cache_lock(ctx_cache *cache)
{
    ctxi_lock_acquire(&cache->lock);
    ctxi_recency_drain(cache);
}

static inline void ctxi_cache_unlock(ctx_cache *cache)
{
    ctxi_lock_release(&cache->lock);
}

ctx_cache *ctxi_cache_ref(ctx_cache *cache);
void ctxi_cache_unref(ctx_cache *cache);

/* Nanoseconds by the cache's clock. Never under a lock. */
uint64_t ctxi_cache_now(const ctx_cache *cache);

/*
 * The same, or what it was at most CTX_CACHE_CLOCK_LAG_NS ago. Only the clock that is ours is not asked
 * each time.
 */
static inline uint64_t ctxi_cache_recent(const ctx_cache *cache)
{
    return cache->config.clock == ctxi_monotonic_ns ? ctxi_recent_ns() : ctxi_cache_now(cache);
}

/*
 * That in *now, and its address; but NULL, without reading the clock, if no entry ever had an
 * expiry. One that was stored this moment makes a search answer CTXI_NEED_CLOCK: then call it
 * again.
 */
static inline const uint64_t *ctxi_cache_clock(const ctx_cache *cache, uint64_t *now)
{
    /* relaxed: whoever misses that it became true just now gets CTXI_NEED_CLOCK */
    if (__builtin_expect(!atomic_load_explicit(&cache->expiring, memory_order_relaxed), 1))
        return NULL;
    *now = ctxi_cache_recent(cache);
    return now;
}

/* What the capacity in bytes is compared with. Guarded by lock. */
size_t ctxi_cache_used_bytes(const ctx_cache *cache);

#endif
