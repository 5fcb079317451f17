#include "cache/flight.h"

#include <errno.h>
#include <time.h>

#include "base/sys.h"
#include "cache/cache.h"
#include "cache/function.h"
#include "context/store.h"

/* Written by the thread itself alone. */
struct ctxi_waiter {
    struct ctxi_flight *waits_for; /* under waits_lock */
    struct ctxi_flight *leads;     /* a list of all the flights that it leads, by led_before */
};

static __thread struct ctxi_waiter self __attribute__((tls_model("initial-exec")));

/*
 * Guards every waits_for, and the leader of each flight that somebody waits for, so that a chain
 * waiter -> flight -> leader -> flight ... can be followed through any number of caches. A flight
 * on the chain lives because its waiter holds it; its leader's thread lives because a leader must
 * take this lock to end a flight with waiters. Taken under a cache's lock; nothing is taken under
 * it.
 */
static struct ctxi_lock waits_lock = CTXI_LOCK_INIT;

void ctxi_waits_fork_prepare(void)
{
    ctxi_lock_acquire(&waits_lock);
}

void ctxi_waits_fork_done(void)
{
    ctxi_lock_release(&waits_lock);
}

/* ---- the table ---------------------------------------------------------------------------- */

/*
 * uthash frees a table that becomes empty, and would make it anew with every miss of a quiet cache.
 * So one member that no key equals, and that nobody leads, is always there.
 */
int ctxi_flights_init(ctx_cache *cache)
{
    struct ctxi_memory *table_memory = &cache->flights_memory;
    struct ctxi_flight *sentinel = ctxi_memory_take(table_memory, sizeof *sentinel);
    bool table_full = false;

    if (!sentinel)
        return CTX_ERR_NOMEM;
    memset(sentinel, 0, sizeof *sentinel);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, cache->flights, sentinel->key, 0, 0, sentinel);
    if (table_full)
        ctxi_memory_give(table_memory, sentinel, sizeof *sentinel);
    cache->flights_bytes = table_memory->bytes;
    return table_full ? CTX_ERR_NOMEM : CTX_OK;
}

void ctxi_flights_fini(ctx_cache *cache)
{
    struct ctxi_memory *table_memory = &cache->flights_memory;
    struct ctxi_flight *sentinel = cache->flights; /* the last one: flights hold the cache */

    if (!sentinel)
        return;
    HASH_DEL(cache->flights, sentinel);
    ctxi_memory_give(table_memory, sentinel, sizeof *sentinel);
}

bool ctxi_flight_is_fenced(const struct ctxi_flight *flight)
{
    return flight->fenced || flight->cache->closed || flight->partition->retired ||
           flight->partition_id != flight->partition->id;
}

static void make_unjoinable(struct ctxi_flight *flight)
{
    struct ctxi_memory *table_memory = &flight->cache->flights_memory;

    if (flight->joinable)
        HASH_DEL(flight->cache->flights, flight);
    flight->joinable = false;
}

struct ctxi_flight *ctxi_flight_find(ctx_cache *cache, const struct ctxi_key *key)
{
    struct ctxi_flight *found;

    CTXI_ASSERT_HELD(&cache->lock);
    HASH_FIND_BYHASHVALUE(hh, cache->flights, key->bytes, key->size, (unsigned)key->hash, found);
    if (found && ctxi_flight_is_fenced(found)) {
        make_unjoinable(found);
        return NULL;
    }
    return found;
}

void ctxi_flight_fence(struct ctxi_flight *flight)
{
    flight->fenced = true;
    make_unjoinable(flight);
}

/* ---- life --------------------------------------------------------------------------------- */

static int init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    int r = pthread_condattr_init(&attributes);

    if (r)
        return r;
    r = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (!r)
        r = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return r;
}

static size_t flight_size(const struct ctxi_flight *flight)
{
    return offsetof(struct ctxi_flight, key) + flight->key_size;
}

static struct ctxi_flight *new_flight(ctx_cache *cache, const struct ctxi_key *key)
{
    struct ctxi_flight *flight =
        ctxi_alloc(&cache->allocator, offsetof(struct ctxi_flight, key) + key->size);

    if (!flight)
        return NULL;
    memset(flight, 0, sizeof *flight);
    flight->hash = key->hash;
    flight->key_size = key->size;
    memcpy(flight->key, key->bytes, key->size);
    if (init_condition(&flight->ended_cond)) {
        ctxi_free(&cache->allocator, flight, flight_size(flight));
        return NULL;
    }
    return flight;
}

static bool add_to_table(ctx_cache *cache, struct ctxi_flight *flight)
{
    struct ctxi_memory *table_memory = &cache->flights_memory;
    bool table_full = false;

    HASH_ADD_KEYPTR_BYHASHVALUE(hh, cache->flights, flight->key, flight->key_size,
                                (unsigned)flight->hash, flight);
    return !table_full;
}

int ctxi_flight_begin(ctx_cache *cache, struct ctxi_partition *partition, struct ctxi_fn *fn,
                      const struct ctxi_key *key, struct ctxi_reads *reads, bool alone,
                      struct ctxi_flight **out_flight)
{
    struct ctxi_flight *flight = new_flight(cache, key);

    CTXI_ASSERT_HELD(&cache->lock);
    if (!flight)
        return CTX_ERR_NOMEM;
    if (!alone && !add_to_table(cache, flight)) {
        pthread_cond_destroy(&flight->ended_cond);
        ctxi_free(&cache->allocator, flight, flight_size(flight));
        return CTX_ERR_NOMEM;
    }
    flight->joinable = !alone;
    flight->fenced = alone;
    flight->cache = ctxi_cache_ref(cache);
    flight->fn = ctxi_fn_ref(fn);
    flight->partition = partition;
    ctxi_partition_pin(&cache->partitions, partition);
    flight->partition_id = partition->id;
    flight->reads = ctxi_reads_ref(reads);
    flight->leader = &self;
    flight->led_before = self.leads;
    self.leads = flight;
    flight->refs = 1;
    *out_flight = flight;
    return CTX_OK;
}

/* All but the partition's id, which changes when its entries are dropped. */
static bool has_rest_of(const struct ctxi_flight *flight, const struct ctxi_key *key)
{
    const size_t id = sizeof(uint64_t);

    return flight->key_size == key->size &&
           memcmp(flight->key + id, key->bytes + id, key->size - id) == 0;
}

bool ctxi_flight_is_mine(const struct ctxi_partition *partition, const struct ctxi_key *key)
{
    const struct ctxi_flight *flight = self.leads;

    while (flight && (flight->partition != partition || !has_rest_of(flight, key)))
        flight = flight->led_before;
    return flight != NULL;
}

static void stop_leading(const struct ctxi_flight *flight)
{
    struct ctxi_flight **link = &self.leads;

    while (*link && *link != flight)
        link = &(*link)->led_before;
    if (*link)
        *link = flight->led_before;
}

/* The caller holds its cache by a reference of its own, so that the lock survives. */
void ctxi_flight_leave(struct ctxi_flight *flight, struct ctxi_hold *out_garbage)
{
    ctx_cache *cache = flight->cache;

    CTXI_ASSERT_HELD(&cache->lock);
    *out_garbage = CTXI_HOLD_NONE;
    if (--flight->refs)
        return;
    *out_garbage = flight->result.hold;
    ctxi_partition_unpin(&cache->partitions, &cache->memory, flight->partition);
    ctxi_contents_trim_idle(cache);
    ctxi_fn_unref(flight->fn);
    ctxi_reads_unref(flight->reads);
    pthread_cond_destroy(&flight->ended_cond);
    ctxi_free(&cache->allocator, flight, flight_size(flight));
    ctxi_cache_unref(cache);
}

void ctxi_flight_end(struct ctxi_flight *flight, const struct ctxi_result *result,
                     struct ctxi_hold *out_garbage)
{
    CTXI_ASSERT_HELD(&flight->cache->lock);
    stop_leading(flight);
    make_unjoinable(flight);
    flight->result = *result;
    flight->ended = true;
    if (flight->waiters) {
        ctxi_lock_acquire(&waits_lock);
        flight->leader = NULL;
        ctxi_lock_release(&waits_lock);
        pthread_cond_broadcast(&flight->ended_cond);
    } else {
        flight->leader = NULL;
    }
    ctxi_flight_leave(flight, out_garbage);
}

/* ---- waiting ------------------------------------------------------------------------------ */

/* Whether waiting for `flight` would wait for ourselves. waits_lock is held. */
static int find_circle(const struct ctxi_flight *flight)
{
    const struct ctxi_reads *reads = ctxi_reads_current();
    const struct ctxi_flight *next = flight;

    if (flight->leader == &self || ctxi_reads_inside(reads, flight->reads))
        return CTX_ERR_RECURSION;
    while (next->leader && (next = next->leader->waits_for))
        if (next->leader == &self || ctxi_reads_inside(reads, next->reads))
            return CTX_ERR_DEADLOCK;
    return CTX_OK;
}

static int begin_wait(struct ctxi_flight *flight)
{
    int r;

    ctxi_lock_acquire(&waits_lock);
    r = find_circle(flight);
    if (r == CTX_OK)
        self.waits_for = flight;
    ctxi_lock_release(&waits_lock);
    if (r == CTX_OK) {
        flight->waiters++;
        flight->refs++;
    }
    return r;
}

static void end_wait(struct ctxi_flight *flight)
{
    ctxi_lock_acquire(&waits_lock);
    self.waits_for = NULL;
    ctxi_lock_release(&waits_lock);
    flight->waiters--;
}

/* The state of a wait, undone by its cleanup when the thread is cancelled in the middle. */
struct waiting {
    struct ctxi_flight *flight; /* NULL: ended in the ordinary way */
};

static void cancel_wait(struct waiting *waiting)
{
    struct ctxi_flight *flight = waiting->flight;
    struct ctxi_hold garbage;
    ctx_cache *cache;

    if (!flight)
        return;
    cache = flight->cache;
    ctxi_lock_taken(&cache->lock); /* the wait took the mutex again before it unwound */
    end_wait(flight);
    ctxi_flight_leave(flight, &garbage);
    ctxi_lock_release(&cache->lock);
    ctxi_entry_unref(cache, garbage);
}

static struct timespec deadline_after(uint64_t wait_ns)
{
    uint64_t now = ctxi_monotonic_ns(NULL);
    uint64_t end = wait_ns > INT64_MAX - now ? INT64_MAX : now + wait_ns;

    return (struct timespec){(time_t)(end / 1000000000u), (long)(end % 1000000000u)};
}

static int wait_until_ended(struct ctxi_flight *flight, uint64_t wait_ns)
{
    __attribute__((cleanup(cancel_wait))) struct waiting waiting = {flight};
    struct ctxi_lock *lock = &flight->cache->lock;
    struct timespec deadline = {0};
    int r = 0;

    if (wait_ns)
        deadline = deadline_after(wait_ns);
    while (!flight->ended && r != ETIMEDOUT) {
        ctxi_lock_yielded(lock);
        r = wait_ns ? pthread_cond_timedwait(&flight->ended_cond, &lock->mutex, &deadline)
                    : pthread_cond_wait(&flight->ended_cond, &lock->mutex);
        ctxi_lock_taken(lock);
    }
    waiting.flight = NULL;
    return flight->ended ? CTX_OK : CTX_ERR_TIMEOUT;
}

int ctxi_flight_wait(struct ctxi_flight *flight, uint64_t wait_ns)
{
    int r = begin_wait(flight);

    CTXI_ASSERT_HELD(&flight->cache->lock);
    if (r != CTX_OK)
        return r;
    r = wait_until_ended(flight, wait_ns);
    end_wait(flight);
    return r;
}

/* ---- fork --------------------------------------------------------------------------------- */

/*
 * In the child only this thread exists: whoever else waited does so no more, and a flight led by
 * another thread will never end. What such threads held is not given back.
 */
void ctxi_flights_after_fork(ctx_cache *cache)
{
    struct ctxi_flight *flight, *next;

    HASH_ITER(hh, cache->flights, flight, next)
    {
        if (!flight->leader)
            continue; /* the table's sentinel */
        flight->waiters = 0;
        flight->refs = 1;
        (void)init_condition(&flight->ended_cond); /* its old state counts waiters that are gone */
        if (flight->leader != &self)
            make_unjoinable(flight);
    }
}
