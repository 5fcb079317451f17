#include "cache/flight.h"

#include <errno.h>

#include "base/wait.h"
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

void ctxi_flights_init(struct ctxi_flights *flights, const ctx_allocator *allocator)
{
    *flights = (struct ctxi_flights){.mask = CTXI_FLIGHT_CHAINS - 1};
    flights->memory.allocator = allocator;
}

static struct ctxi_flight **chains_of(struct ctxi_flights *flights)
{
    return flights->chains ? flights->chains : flights->few;
}

static struct ctxi_flight **chain_of(struct ctxi_flights *flights, uint64_t hash)
{
    return &chains_of(flights)[hash & flights->mask];
}

static void link_flight(struct ctxi_flights *flights, struct ctxi_flight *flight)
{
    struct ctxi_flight **chain = chain_of(flights, flight->hash);

    flight->next = *chain;
    *chain = flight;
}

static size_t chains_bytes(size_t count)
{
    return count * sizeof(struct ctxi_flight *);
}

/* Gives `old` back, unless it is `few`. */
static void give_chains(struct ctxi_flights *flights, struct ctxi_flight **old, size_t count)
{
    if (old != flights->few)
        ctxi_memory_give(&flights->memory, old, chains_bytes(count));
}

static void grow(struct ctxi_flights *flights)
{
    size_t before = flights->mask + 1, count = 2 * before;
    struct ctxi_flight **old = chains_of(flights);
    struct ctxi_flight **chains = ctxi_memory_take(&flights->memory, chains_bytes(count));

    if (!chains)
        return;
    memset(chains, 0, chains_bytes(count));
    flights->chains = chains;
    flights->mask = count - 1;
    for (size_t i = 0; i < before; i++)
        while (old[i]) {
            struct ctxi_flight *flight = old[i];

            old[i] = flight->next;
            link_flight(flights, flight);
        }
    give_chains(flights, old, before);
}

static void shrink(struct ctxi_flights *flights)
{
    give_chains(flights, chains_of(flights), flights->mask + 1);
    flights->chains = NULL;
    flights->mask = CTXI_FLIGHT_CHAINS - 1;
}

static void add_to_table(struct ctxi_flights *flights, struct ctxi_flight *flight)
{
    if (flights->count > flights->mask)
        grow(flights);
    link_flight(flights, flight);
    flights->count++;
    flight->joinable = true;
}

static void make_unjoinable(struct ctxi_flight *flight)
{
    struct ctxi_flights *flights = &flight->cache->flights;
    struct ctxi_flight **at;

    if (!flight->joinable)
        return;
    for (at = chain_of(flights, flight->hash); *at != flight; at = &(*at)->next)
        continue;
    *at = flight->next;
    flight->joinable = false;
    if (!--flights->count && flights->chains)
        shrink(flights);
}

static bool has_key(const struct ctxi_flight *flight, const struct ctxi_key *key)
{
    return flight->hash == key->hash && flight->key_size == key->size &&
           memcmp(flight->key, key->bytes, key->size) == 0;
}

bool ctxi_flight_is_fenced(const struct ctxi_flight *flight)
{
    return flight->fenced || flight->cache->closed || flight->partition->retired ||
           flight->partition_id != flight->partition->id;
}

struct ctxi_flight *ctxi_flight_find(ctx_cache *cache, const struct ctxi_key *key)
{
    struct ctxi_flights *flights = &cache->flights;
    struct ctxi_flight *found;

    CTXI_ASSERT_HELD(&cache->lock);
    if (!flights->count)
        return NULL;
    for (found = *chain_of(flights, key->hash); found && !has_key(found, key);)
        found = found->next;
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

static size_t flight_size(const struct ctxi_flight *flight)
{
    return offsetof(struct ctxi_flight, key) + flight->key_size;
}

/* A thread keeps the memory of the last few for those that come. */
static struct ctxi_flight *new_flight(const struct ctxi_key *key)
{
    size_t size = offsetof(struct ctxi_flight, key) + key->size;
    struct ctxi_flight *flight = ctxi_thread_block_take(size);

    if (!flight)
        return NULL;
    memset(flight, 0, offsetof(struct ctxi_flight, ended_cond));
    flight->hash = key->hash;
    flight->key_size = key->size;
    memcpy(flight->key, key->bytes, key->size);
    return flight;
}

int ctxi_flight_begin(ctx_cache *cache, struct ctxi_partition *partition,
                      const struct ctxi_key *key, struct ctxi_reads *reads, bool alone,
                      struct ctxi_flight **out_flight)
{
    struct ctxi_flight *flight = new_flight(key);

    CTXI_ASSERT_HELD(&cache->lock);
    if (!flight)
        return CTX_ERR_NOMEM;
    flight->cache = cache;
    flight->partition = partition;
    ctxi_partition_pin(&cache->partitions, partition);
    flight->partition_id = partition->id;
    flight->reads = reads;
    flight->leader = &self;
    flight->led_before = self.leads;
    self.leads = flight;
    flight->refs = 1;
    flight->fenced = alone;
    if (!alone)
        add_to_table(&cache->flights, flight);
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

static void free_flight(struct ctxi_flight *flight)
{
    if (flight->has_cond)
        pthread_cond_destroy(&flight->ended_cond);
    ctxi_thread_block_give(flight, flight_size(flight));
}

void ctxi_flight_leave(struct ctxi_flight *flight, struct ctxi_hold *out_garbage)
{
    ctx_cache *cache = flight->cache;

    CTXI_ASSERT_HELD(&cache->lock);
    *out_garbage = CTXI_HOLD_NONE;
    if (--flight->refs)
        return;
    if (flight->reads) { /* it was shared; else there never was a result */
        *out_garbage = flight->result.hold;
        ctxi_reads_unref(flight->reads);
    }
    ctxi_partition_unpin(&cache->partitions, &cache->memory, flight->partition);
    ctxi_contents_trim_idle(cache);
    free_flight(flight);
}

/* What it came to stays for those who wait, and those who follow chains of them. */
static void share(struct ctxi_flight *flight, const struct ctxi_result *result)
{
    flight->result = *result;
    (void)ctxi_reads_ref(flight->reads);
    ctxi_lock_acquire(&waits_lock);
    flight->leader = NULL;
    ctxi_lock_release(&waits_lock);
    pthread_cond_broadcast(&flight->ended_cond);
}

void ctxi_flight_end(struct ctxi_flight *flight, const struct ctxi_result *result,
                     struct ctxi_hold *out_garbage)
{
    CTXI_ASSERT_HELD(&flight->cache->lock);
    stop_leading(flight);
    make_unjoinable(flight);
    flight->ended = true;
    if (result)
        share(flight, result);
    else
        flight->reads = NULL;
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

    if (!flight->has_cond && ctxi_condition_init(&flight->ended_cond))
        return CTX_ERR_NOMEM;
    flight->has_cond = true;
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

static int wait_until_ended(struct ctxi_flight *flight, uint64_t wait_ns)
{
    __attribute__((cleanup(cancel_wait))) struct waiting waiting = {flight};
    struct ctxi_lock *lock = &flight->cache->lock;
    struct timespec deadline = {0};
    int r = 0;

    if (wait_ns)
        deadline = ctxi_deadline_after(wait_ns);
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
    struct ctxi_flights *flights = &cache->flights;

    for (size_t i = 0; i <= flights->mask; i++) {
        struct ctxi_flight *flight = chains_of(flights)[i], *next;

        for (; flight; flight = next) {
            next = flight->next;
            flight->waiters = 0;
            flight->refs = 1;
            flight->has_cond = false; /* its state counts waiters that are gone */
            if (flight->leader != &self)
                make_unjoinable(flight);
        }
    }
}
