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

/* One thread that may lead and wait; lives as long as the thread, at a fixed address. */
struct ctxi_waiter;

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
    bool has_cond; /* somebody has waited */
    size_t waiters;
    size_t refs; /* the leader until it ended, and each waiter */

    struct ctxi_flight *led_before; /* the next in its leader's list of flights; of that thread */

    /* Written under the cache's lock, and where others wait for this flight under waits_lock too.
     */
    struct ctxi_waiter *leader; /* NULL when ended */
    /* Of the load: who joins inside another load is charged with it. The leader's call holds it until
     * it ended; whom it ended with waiters, the flight itself. */
    struct ctxi_reads *reads;

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
};

void ctxi_flights_init(struct ctxi_flights *flights, const ctx_allocator *allocator);

/* All that follow are called with the cache's lock held. */

/* The flight that a call for `key` may join: running, and not fenced; else NULL. */
struct ctxi_flight *ctxi_flight_find(ctx_cache *cache, const struct ctxi_key *key);

/* Whether this thread is loading this very key of the partition, be it in a flight that nobody may
 * join any more, and whatever the partition's id was. */
bool ctxi_flight_is_mine(const struct ctxi_partition *partition, const struct ctxi_key *key);

/*
 * Begins one, led by this thread. With `alone` nobody joins it and what it loads is not stored: for
 * a call that may not share an answer; otherwise no other may be found for the key. CTX_ERR_NOMEM.
 */
int ctxi_flight_begin(ctx_cache *cache, struct ctxi_partition *partition,
                      const struct ctxi_key *key, struct ctxi_reads *reads, bool alone,
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

/* Ends it: takes over `result`, NULL if it is not shared, and wakes everybody. The leader must not use it
 * again. */
void ctxi_flight_end(struct ctxi_flight *flight, const struct ctxi_result *result,
                     struct ctxi_hold *out_garbage);

/*
 * Waits for it to end, at most wait_ns (0: for ever), releasing the lock meanwhile and holding it
 * again at return. CTX_OK (it has ended) and CTX_ERR_TIMEOUT: the caller owes ctxi_flight_leave();
 * CTX_ERR_RECURSION, CTX_ERR_DEADLOCK, CTX_ERR_NOMEM: it did not wait and owes nothing. A thread
 * cancelled here leaves the flight and releases the lock.
 */
int ctxi_flight_wait(struct ctxi_flight *flight, uint64_t wait_ns);

/* *out_garbage, where it is set, is to be given to ctxi_entry_unref() after the lock. */
void ctxi_flight_leave(struct ctxi_flight *flight, struct ctxi_hold *out_garbage);

/* After fork(), in the child: the flights of threads that are no more are gone. */
void ctxi_flights_after_fork(ctx_cache *cache);

/* Takes and releases waits_lock around fork(). */
void ctxi_waits_fork_prepare(void);
void ctxi_waits_fork_done(void);

#endif
