/*
 * cache.h: making, configuring, resizing and ending a cache; invalidation.
 *
 * The promise: a cached answer is returned only to a caller whose function, arguments and partition
 * values are equal, byte for byte, to those that computed it. Full keys are compared, never hashes
 * alone, and an unset partition variable fails closed.
 *
 * The order of use is exactly that of one list, although hits take no lock: of two calls that do not
 * overlap, on whichever threads, the later one is the later use; of two that do, either may be. No use is
 * lost, and what is evicted is what is at the end of that list. With one bounded exception: while hits of
 * several threads do overlap, and for some ten thousand calls after, or 64 looks at the order (by a miss,
 * or for statistics), a use may be taken for up to 28 calls of its own thread older than it is, and so come
 * before uses of other threads that it was after.
 *
 * Every function here may be called from any thread, without a lock of the caller's.
 */
#ifndef CTXCACHE_CACHE_H
#define CTXCACHE_CACHE_H

#include "allocator.h"
#include "context.h"
#include "function.h"

CTX_BEGIN_DECLS

typedef struct ctx_cache ctx_cache;

/*
 * What a call does when a variable that the cache varies on is not set in the current context. CTX_NULL,
 * which is what a NULL string becomes, is set: a value like any other, shared by all who set it. So
 * look at a header or a getenv() for NULL before you make it the tenant.
 */
enum ctx_cache_unset {
    CTX_CACHE_UNSET_ERROR = 0,  /* CTX_ERR_UNSET; the loader does not run */
    CTX_CACHE_UNSET_BYPASS = 1, /* the loader runs, nothing is looked up or stored */
    CTX_CACHE_UNSET_SHARED = 2  /* "unset" is one more value: all such callers share */
};

/* What becomes of a result whose loader read a variable that is neither in vary nor in ignore. */
enum ctx_cache_audit {
    CTX_CACHE_AUDIT_REFUSE = 0, /* returned, not stored, counted; the info names the variable */
    CTX_CACHE_AUDIT_WARN = 1,   /* stored and counted; the observer is called */
    CTX_CACHE_AUDIT_OFF = 2     /* not looked at */
};

enum ctx_cache_flags {
    CTX_CACHE_COUNT_DEFAULTS = 1,   /* a variable's default counts as set */
    CTX_CACHE_RETRY = 2,            /* after a failed load one waiter loads again, not all fail */
    CTX_CACHE_BYPASS_LONG_KEYS = 4, /* a key over key_limit: load, do not store; not an error */
    /* A cache of some megabytes asks the system for huge pages, 2 MB at a time, unless this is set, or an
     * allocator: then all memory is the allocator's. */
    CTX_CACHE_SMALL_PAGES = 8
};

/* Why a value left the cache. */
enum ctx_cache_cause {
    CTX_CACHE_EVICTED = 1,     /* least recently used, and room was needed */
    CTX_CACHE_EXPIRED = 2,     /* its time-to-live passed */
    CTX_CACHE_INVALIDATED = 3, /* by key or by partition; or its partition was retired */
    CTX_CACHE_REPLACED = 4,    /* a put, or a later load, stored the same key */
    CTX_CACHE_CLEARED = 5      /* ctx_cache_clear() or ctx_cache_destroy() */
};

/* What a removal callback is told; everything is borrowed for the time of the callback. */
typedef struct ctx_cache_removal {
    size_t size; /* sizeof the struct of the library that calls */
    enum ctx_cache_cause cause;
    const char *fn_name;
    const void *value; /* NULL for a negative entry */
    size_t value_size;
} ctx_cache_removal;

#define CTX_CACHE_UNBOUNDED            UINT64_MAX
#define CTX_CACHE_VARY_MAX             16
#define CTX_CACHE_ARGS_MAX             16
#define CTX_CACHE_CLOCK_LAG_NS         50000 /* how late expiry may be by the default clock; see ttl_ns */
#define CTX_CACHE_BYTES_MIN            4096 /* the smallest capacity_bytes: tables need some */
#define CTX_CACHE_CURVE_KEYS_DEFAULT   8192
#define CTX_CACHE_CURVE_KEYS_MAX       65536
#define CTX_CACHE_CURVE_RATE_DEFAULT   0.01
#define CTX_CACHE_CURVE_RATE_MIN       1e-6 /* of a billion keys, a thousand */
#define CTX_CACHE_CURVE_PARTITIONS_MAX 64
#define CTX_CACHE_WAITING_MIN                                                                      \
    262144 /* so many bytes may always wait until nobody reads them; see capacity_bytes */

/*
 * Start from CTX_CACHE_CONFIG_INIT; zero is the default everywhere. The struct only grows at its
 * end: a larger one whose unknown tail is zero is accepted, so old binaries and new ones keep
 * working.
 */
typedef struct ctx_cache_config {
    size_t size;      /* sizeof(ctx_cache_config) */
    const char *name; /* for messages, copied; NULL: "cache" */

    /*
     * How much it holds; both limits apply. 0 entries with 0 bytes: pass through, nothing is stored
     * (but loads of one key are still shared). capacity_entries 0 with a limit in bytes, or
     * CTX_CACHE_UNBOUNDED: no limit by count. capacity_bytes 0: no limit in bytes; else at least
     * CTX_CACHE_BYTES_MIN, and it covers keys, values, entries, index and partitions: of what is in the
     * cache, not of what refs or running loads hold.
     *
     * What left is given back when no thread can be in the middle of a hit on it, mostly at once. Until
     * then it waits, outside of the capacity, and bounded itself: while more waits than
     * CTX_CACHE_WAITING_MIN bytes, or an eighth of capacity_bytes (0: of what the entries take) where
     * that is more, nothing is added but what threads are storing at that moment, one value each. An
     * entry that waits takes 32 bytes at least, so their number is bounded, too. A call that stores and
     * leaves that much behind waits for the thread that was interrupted in the middle of its hit; if
     * that one does not go on for about a second it is taken to stand still: until it goes on nobody
     * waits for it, hits go on, and results are returned, but not stored (CTX_CACHE_TOO_LARGE).
     */
    uint64_t capacity_entries;
    uint64_t capacity_bytes;

    /* The variables that partition it, frozen here; order does not matter. At most 16. */
    ctx_var *const *vary;
    size_t vary_count;
    /* Variables that loaders may read although results do not depend on them. At most 16. */
    ctx_var *const *ignore;
    size_t ignore_count;

    uint32_t unset; /* enum ctx_cache_unset */
    uint32_t audit; /* enum ctx_cache_audit */
    uint32_t flags; /* enum ctx_cache_flags */
    uint32_t reserved;

    /* Entries expire this long after their load ended; 0: never. With the default clock a call that
     * begins up to CTX_CACHE_CLOCK_LAG_NS later may still find one: most calls do not read it. */
    uint64_t ttl_ns;
    uint64_t wait_ns;   /* how long a call waits for another's load of its key; 0: for ever */
    uint64_t key_limit; /* bytes of one encoded key or partition; 0: 65536. Never truncated */

    /* Nanoseconds that never go back; NULL: CLOCK_MONOTONIC. Called with no lock held, by each call if
     * an entry ever had a time-to-live. Waiting is always in real time. */
    uint64_t (*clock)(void *user);
    void *clock_user;

    const ctx_allocator *allocator; /* copied; NULL: the process's, as for what threads keep */

    /* Nonzero: the seed of all hashing, for repeatable tests. Zero: random, per cache. */
    uint64_t seed;

    /* Called exactly once for each value that was stored and has left, with no lock held; it may
     * call this cache. NULL: nobody. */
    void (*on_remove)(void *user, const ctx_cache_removal *removal);
    void *on_remove_user;

    /* Called, with no lock held, when the audit finds an undeclared read (REFUSE and WARN).
     * `variable` is its name, borrowed; "*" when the loader counted or iterated a context. */
    void (*on_undeclared)(void *user, ctx_cache *cache, const char *fn_name, const char *variable);
    void *on_undeclared_user;

    /*
     * A curve of itself, for curve.h: the most sampled keys that it is made of; 0: none is kept. At most
     * CTX_CACHE_CURVE_KEYS_MAX. Advice wants CTX_CACHE_CURVE_KEYS_DEFAULT of them, or all that there are:
     * with less than that here, there is advice only as long as the cache is asked for fewer distinct keys
     * than this, and with a curve_rate of 1.
     *
     * curve_rate is the part of all keys that is sampled at most, CTX_CACHE_CURVE_RATE_MIN up to 1; it
     * falls by itself as keys come. Set it to about 10,000 divided by the number of distinct keys, and to 1
     * if there are fewer. 0 means CTX_CACHE_CURVE_RATE_DEFAULT, which costs least, and is enough from a
     * million keys on.
     *
     * curve_partitions of the partitions, those with most requests, get a curve of their own, each from an
     * eighth of the keys; at most CTX_CACHE_CURVE_PARTITIONS_MAX. 0: none, and no ctx_cache_quotas().
     */
    uint32_t curve_keys;
    uint32_t curve_partitions;
    double curve_rate;
} ctx_cache_config;

#define CTX_CACHE_CONFIG_INIT                                                                      \
    {                                                                                              \
        sizeof(ctx_cache_config), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   \
            0, 0, 0, 0                                                                             \
    }

/*
 * NULL if ctx_cache_new() would accept the config; else a constant sentence that names the field
 * and says what it wants, "capacity_bytes: at least CTX_CACHE_BYTES_MIN, or 0 for no limit in
 * bytes".
 */
CTX_API const char *ctx_cache_config_problem(const ctx_cache_config *config);

/*
 * Makes a cache. On CTX_OK *out_cache is the caller's to ctx_cache_destroy(); on any error NULL.
 * CTX_ERR_INVALID (ask ctx_cache_config_problem()), CTX_ERR_NOMEM, CTX_ERR_SYSTEM (no randomness
 * for the seed, or no lock; errno says why).
 */
CTX_API int ctx_cache_new(const ctx_cache_config *config, ctx_cache **out_cache);

/*
 * Ends it: removes every entry (callbacks run here, and what they put is not stored) and frees what nobody
 * uses. Waits for nothing but a recording's file (record.h), which it ends: refs stay valid, loads that run
 * answer their callers and are not stored, and the last of them frees the rest. Apart from calls that load
 * or wait for a load, none may be under way, and none may begin but in those callbacks. NULL is allowed.
 */
CTX_API void ctx_cache_destroy(ctx_cache *cache);

/*
 * Changes the capacity (the meaning of the fields in ctx_cache_config) and evicts down to it, least
 * recently used first. CTX_ERR_INVALID; CTX_ERR_NOMEM never: a table that cannot shrink stays.
 */
CTX_API int ctx_cache_resize(ctx_cache *cache, uint64_t capacity_entries, uint64_t capacity_bytes);

/*
 * Invalidation. Each also fences the loads that are running: a load that began before answers its
 * own callers, is not stored, and later callers do not join it.
 */

/* Everything, in every partition. O(entries), in steps that let other calls through. */
CTX_API int ctx_cache_clear(ctx_cache *cache);

/*
 * All entries of the current context's partition, O(1) whatever its size: they are never returned
 * again; their memory and callbacks follow, a few with each later call, or in ctx_cache_maintain().
 * CTX_OK, also if there was nothing; CTX_ERR_UNSET if a partition variable is not set (in any unset
 * mode but SHARED); CTX_ERR_NOMEM; CTX_ERR_LIMIT (values longer than key_limit).
 */
CTX_API int ctx_cache_invalidate_partition(ctx_cache *cache);

/*
 * The same, and the partition itself ends: a later caller with equal values gets a new partition
 * with a new identity and fresh statistics. For a tenant that is deleted. Errors as above.
 */
CTX_API int ctx_cache_retire_partition(ctx_cache *cache);

/*
 * Upkeep that calls otherwise do a little of each: drops up to `steps` entries. First invalidated ones,
 * until none are left; then expired ones, where it looks at no more than 16 entries for each that it may
 * still drop, and at none twice. Between a few hundred looks it lets other calls through. Gives back
 * memory that is free by now. Returns how many it dropped; fewer than `steps`: nothing invalidated is left,
 * and the next call goes on looking for expired ones where this one stopped.
 */
CTX_API size_t ctx_cache_maintain(ctx_cache *cache, size_t steps);

/* The name from the configuration; valid until ctx_cache_destroy(). */
CTX_API const char *ctx_cache_name(const ctx_cache *cache);

CTX_END_DECLS

#endif
