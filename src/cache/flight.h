/*
 * flight.h: single flight: one running load per key, shared by all who ask for the key meanwhile,
 * and the search for circles among those who wait.
 *
 * A flight is made by its leader under the cache's lock, found there by others, and ended once, by
 * the leader: with a result, or abandoned when the leader's thread dies or its loader throws.
 */
#ifndef CTXI_CACHE_FLIGHT_H
#define CTXI_CACHE_FLIGHT_H

#include <pthread.h>

#include "cache/contents.h"
#include "cache/memory.h"
#include "ctxcache/call.h"

struct ctxi_reads;

/* One thread that may lead; lives as long as the thread, at a fixed address. */
struct ctxi_leader;

/*
 * One wait for a flight, of a thread or of a call that is parked. Only such waits can be part of a circle,
 * and are in the list, as are made inside a load, or by a thread that leads one. Under waits_lock.
 */
struct ctxi_wait {
    struct ctxi_link link; /* in none: it is not in the list */
    struct ctxi_flight *flight;
    const struct ctxi_leader *thread; /* that is blocked; NULL: none is */
    const struct ctxi_reads
        *inside; /* of the load that it was made in, or NULL; outlives the wait */
    bool blocks; /* a thread, which need not lead */
};

/* A call that waits for a flight and blocks nobody (begin.h). Guarded by the cache's lock. */
struct ctxi_parking {
    struct ctxi_flight *flight; /* it holds a reference to it; NULL: not parked */
    struct ctxi_link link; /* in the flight's list; when that has ended, in one of who lands them */
    struct ctxi_link by_deadline; /* in cache->flights.deadlines, unless it has none */
    uint64_t deadline_ns;         /* by ctxi_monotonic_ns() */
    struct ctxi_wait wait;
};

/* What a load came to; the same for the leader and for all who joined. */
struct ctxi_result {
    int status;
    struct ctxi_hold hold; /* on CTX_OK and CTX_ABSENT: one reference */
    enum ctx_cache_reason reason;
    bool stored;
    /* False: it depends on more than the key says. It answers the leader's caller and nobody else;
     * who joined loads for itself, and is not joined either. */
    bool shareable;
    char variable[CTX_NAME_MAX + 1];
};

struct ctxi_flight {
    /* Fixed. The leader's call holds the cache, and so does each waiter's. */
    ctx_cache *cache;
    struct ctxi_partition *partition; /* pinned */
    uint64_t partition_id;            /* its id at the start: the fence */
    uint64_t hash;
    size_t key_size;

    /* Guarded by the cache's lock. */
    struct ctxi_flight *next; /* in its chain, while joinable */
    bool joinable;            /* in cache->flights; at most one flight of a key is */
    bool fenced;              /* its key was invalidated or put since it began */
    bool ended;
    bool has_cond;           /* somebody has waited */
    size_t waiters;          /* threads */
    size_t refs;             /* the leader until it ended, and each who waits or is parked */
    struct ctxi_link parked; /* struct ctxi_parking, in order of their coming */
    struct ctxi_link apart;  /* led by no thread: in cache->flights.apart */
    struct ctxi_begun
        *may_queue; /* that leads, and may be waiting for a thread to run it; or NULL */

    struct ctxi_flight *led_before; /* the next in its leader's list of flights; of that thread */

    /* Written under the cache's lock, and where others wait for this flight under waits_lock too.
     */
    const struct ctxi_leader *leader; /* NULL when ended */
    /* Of the load: who joins inside another load is charged with it. The leader's call holds it until
     * it ended; whom it ended with waiters, the flight itself. */
    struct ctxi_reads *reads;

    /* Of the search for circles that is under way; under waits_lock. */
    uint64_t search;
    struct ctxi_flight *to_search;

    /* Of those that somebody waits for. */
    pthread_cond_t ended_cond; /* if has_cond */
    struct ctxi_result result; /* written before `ended` */

    unsigned char key[];
};

#define CTXI_FLIGHT_CHAINS 8 /* a power of two */

/*
 * The flights of a cache that may be joined, in chains by the hash of their key. Chains are doubled when
 * more loads run, and are as many as at first again when none does; a table that finds no memory for it
 * is slower, no more. Guarded by the cache's lock.
 */
struct ctxi_flights {
    struct ctxi_flight **chains; /* NULL: `few` */
    size_t mask;                 /* how many there are, less one */
    size_t count;
    struct ctxi_memory memory; /* of `chains` */
    struct ctxi_flight *few[CTXI_FLIGHT_CHAINS];
    struct ctxi_link apart;     /* the flights that no thread leads */
    struct ctxi_link deadlines; /* the parked that have one, the next one first */
};

void ctxi_flights_init(struct ctxi_flights *flights, const ctx_allocator *allocator);

/* All that follow are called with the cache's lock held. */

/* The flight that a call for `key` may join: running, and not fenced; else NULL. */
struct ctxi_flight *ctxi_flight_find(ctx_cache *cache, const struct ctxi_key *key);

/* Whether the load that this thread is in, or, if the call `blocks`, any that it leads, is loading this very
 * key of the partition, be it in a flight that nobody may join any more, and whatever the partition's id
 * was. */
bool ctxi_flight_is_mine(const ctx_cache *cache, const struct ctxi_partition *partition,
                         const struct ctxi_key *key, bool blocks);

/* From now on, until it ends, this thread leads one that was begun apart: its loader runs here. */
void ctxi_flight_lead_here(struct ctxi_flight *flight);

enum ctxi_flight_kind {
    CTXI_FLIGHT_ALONE =
        1, /* nobody joins it and what it loads is not stored: for a call that may not
                            * share an answer; otherwise no other may be found for the key */
    CTXI_FLIGHT_APART = 2 /* no thread leads it; otherwise this one does */
};

/* Begins one, of a kind. CTX_ERR_NOMEM. */
int ctxi_flight_begin(ctx_cache *cache, struct ctxi_partition *partition,
                      const struct ctxi_key *key, struct ctxi_reads *reads, unsigned kind,
                      struct ctxi_flight **out_flight);

/* Whether anybody but its leader asks what it came to. */
static inline bool ctxi_flight_is_shared(const struct ctxi_flight *flight)
{
    return flight->refs > 1;
}

/* Nobody joins it from now on, and what it loads is not stored. */
void ctxi_flight_fence(struct ctxi_flight *flight);

/* True if what it loads must not be stored: it was fenced, or its partition was dropped. */
bool ctxi_flight_is_fenced(const struct ctxi_flight *flight);

/* Ends it: takes over `result`, NULL if it is not shared, and wakes everybody; whom to land, once the lock
 * is released, goes to out_landing. The leader must not use it again. */
void ctxi_flight_end(struct ctxi_flight *flight, const struct ctxi_result *result,
                     struct ctxi_link *out_landing, struct ctxi_hold *out_garbage);

/*
 * Waits for it to end, at most wait_ns (0: for ever), releasing the lock meanwhile and holding it
 * again at return. CTX_OK (it has ended) and CTX_ERR_TIMEOUT: the caller owes ctxi_flight_leave();
 * CTX_ERR_RECURSION, CTX_ERR_DEADLOCK, CTX_ERR_NOMEM: it did not wait and owes nothing. A thread
 * cancelled here leaves the flight and releases the lock.
 */
int ctxi_flight_wait(struct ctxi_flight *flight, uint64_t wait_ns);

/*
 * Parks a call until the flight ends, at most wait_ns (0: for ever). CTX_OK: the caller owes
 * ctxi_flight_unpark() before and ctxi_flight_leave() after the flight's end. CTX_ERR_RECURSION,
 * CTX_ERR_DEADLOCK: it is not parked.
 */
int ctxi_flight_park(struct ctxi_flight *flight, struct ctxi_parking *parking, uint64_t wait_ns);
void ctxi_flight_unpark(struct ctxi_parking *parking);

/* The parking whose deadline comes first; NULL: there is none. */
struct ctxi_parking *ctxi_flight_next_deadline(const ctx_cache *cache);

/* *out_garbage, where it is set, is to be given to ctxi_entry_unref() after the lock. */
void ctxi_flight_leave(struct ctxi_flight *flight, struct ctxi_hold *out_garbage);

/* After fork(), in the child: the flights of threads that are no more are gone, and so are their waits. */
void ctxi_flights_after_fork(ctx_cache *cache);
void ctxi_waits_after_fork(void);

/* Takes and releases waits_lock around fork(). */
void ctxi_waits_fork_prepare(void);
void ctxi_waits_fork_done(void);

#endif
