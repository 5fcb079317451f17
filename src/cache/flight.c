#include "cache/flight.h"

#include <errno.h>

#include "base/wait.h"
#include "cache/cache.h"
#include "cache/function.h"
#include "context/store.h"

/* Of the thread itself alone. */
struct ctxi_leader {
    struct ctxi_flight *leads; /* a list of all the flights that it leads, by led_before */
};

static __thread struct ctxi_leader self __attribute__((tls_model("initial-exec")));

/* Leads the flights that no thread leads, and never waits. */
static const struct ctxi_leader nobody;

/*
 * Guards the list of waits, and the leader of each flight that somebody waits for, so that what a flight
 * waits for can be followed through any number of caches. A flight that is waited for lives because who
 * waits holds it; its leader's thread lives because a leader must take this lock to end such a flight.
 * Taken under a cache's lock; nothing is taken under it.
 */
static struct ctxi_lock waits_lock = CTXI_LOCK_INIT;
static struct ctxi_link waits = {&waits, &waits};
static uint64_t searches; /* made so far */

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
    ctxi_list_init(&flights->apart);
    ctxi_list_init(&flights->deadlines);
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
    ctxi_list_init(&flight->parked);
    ctxi_list_init(&flight->apart);
    flight->hash = key->hash;
    flight->key_size = key->size;
    memcpy(flight->key, key->bytes, key->size);
    return flight;
}

static void lead_here(struct ctxi_flight *flight)
{
    flight->leader = &self;
    flight->led_before = self.leads;
    self.leads = flight;
}

static void lead_apart(struct ctxi_flight *flight)
{
    flight->leader = &nobody;
    ctxi_list_push_back(&flight->cache->flights.apart, &flight->apart);
}

void ctxi_flight_lead_here(struct ctxi_flight *flight)
{
    CTXI_ASSERT_HELD(&flight->cache->lock);
    ctxi_lock_acquire(&waits_lock);
    lead_here(flight);
    ctxi_lock_release(&waits_lock);
}

int ctxi_flight_begin(ctx_cache *cache, struct ctxi_partition *partition,
                      const struct ctxi_key *key, struct ctxi_reads *reads, unsigned kind,
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
    if (kind & CTXI_FLIGHT_APART)
        lead_apart(flight);
    else
        lead_here(flight);
    flight->refs = 1;
    flight->fenced = kind & CTXI_FLIGHT_ALONE;
    if (!flight->fenced)
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

static bool loads(const struct ctxi_flight *flight, const struct ctxi_partition *partition,
                  const struct ctxi_key *key)
{
    return flight->partition == partition && has_rest_of(flight, key);
}

/* Of those that no thread leads. */
static bool is_of_our_load(const ctx_cache *cache, const struct ctxi_partition *partition,
                           const struct ctxi_key *key)
{
    const struct ctxi_reads *reads = ctxi_reads_current();
    const struct ctxi_link *head = &cache->flights.apart;

    for (const struct ctxi_link *at = head->next; reads && at != head; at = at->next) {
        const struct ctxi_flight *flight = CTXI_CONTAINER(at, struct ctxi_flight, apart);

        if (loads(flight, partition, key) && ctxi_reads_inside(reads, flight->reads))
            return true;
    }
    return false;
}

bool ctxi_flight_is_mine(const ctx_cache *cache, const struct ctxi_partition *partition,
                         const struct ctxi_key *key, bool blocks)
{
    const struct ctxi_flight *flight = self.leads;

    while (flight && !(loads(flight, partition, key) &&
                       (blocks || ctxi_reads_inside(ctxi_reads_current(), flight->reads))))
        flight = flight->led_before;
    return flight || is_of_our_load(cache, partition, key);
}

static void stop_leading(struct ctxi_flight *flight)
{
    struct ctxi_flight **link = &self.leads;

    ctxi_list_remove(&flight->apart);
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
    if (flight->has_cond)
        pthread_cond_broadcast(&flight->ended_cond);
}

/* Who is parked goes on to be landed; the flight stays until each has left. */
static void unpark_all(struct ctxi_flight *flight, struct ctxi_link *out_landing)
{
    struct ctxi_link *link;

    while ((link = ctxi_list_pop_front(&flight->parked))) {
        struct ctxi_parking *parking = CTXI_CONTAINER(link, struct ctxi_parking, link);

        ctxi_flight_unpark(parking);
        ctxi_list_push_back(out_landing, link);
    }
}

void ctxi_flight_end(struct ctxi_flight *flight, const struct ctxi_result *result,
                     struct ctxi_link *out_landing, struct ctxi_hold *out_garbage)
{
    CTXI_ASSERT_HELD(&flight->cache->lock);
    stop_leading(flight);
    make_unjoinable(flight);
    flight->ended = true;
    if (result)
        share(flight, result);
    else
        flight->reads = NULL;
    unpark_all(flight, out_landing);
    ctxi_flight_leave(flight, out_garbage);
}

/* ---- waiting ------------------------------------------------------------------------------ */

/* Whether who waits, which we are, is inside its load, or, being blocked, leads it. */
static bool is_ours(const struct ctxi_flight *flight, const struct ctxi_wait *us)
{
    return flight->leader && ((us->blocks && flight->leader == &self) ||
                              ctxi_reads_inside(us->inside, flight->reads));
}

/* Whether the load of `flight`, which has not ended, has to wait for that wait. */
static bool is_made_by(const struct ctxi_wait *wait, const struct ctxi_flight *flight)
{
    return wait->thread == flight->leader || ctxi_reads_inside(wait->inside, flight->reads);
}

/* Whether waiting for `flight` would wait for ourselves: follows all that its load waits for, and what the
 * loads of these wait for, and so on. waits_lock is held. */
static int find_circle(struct ctxi_flight *flight, const struct ctxi_wait *us)
{
    struct ctxi_flight *next = flight;

    if (is_ours(flight, us))
        return CTX_ERR_RECURSION;
    flight->search = ++searches;
    flight->to_search = NULL;
    for (; next; next = next->to_search)
        for (struct ctxi_link *at = waits.next; next->leader && at != &waits; at = at->next) {
            const struct ctxi_wait *wait = CTXI_CONTAINER(at, struct ctxi_wait, link);
            struct ctxi_flight *found = wait->flight;

            if (!found->leader || found->search == searches || !is_made_by(wait, next))
                continue;
            if (is_ours(found, us))
                return CTX_ERR_DEADLOCK;
            found->search = searches;
            found->to_search = next->to_search;
            next->to_search = found;
        }
    return CTX_OK;
}

/* Whoever is in no load, and blocks none, is in no circle: nobody can be waiting for it. */
static int note_wait(struct ctxi_wait *wait, struct ctxi_flight *flight, bool blocks)
{
    int r = CTX_OK;

    *wait = (struct ctxi_wait){.flight = flight,
                               .thread = blocks && self.leads ? &self : NULL,
                               .inside = ctxi_reads_current(),
                               .blocks = blocks};
    ctxi_list_init(&wait->link);
    if (!wait->thread && !wait->inside)
        return CTX_OK;
    ctxi_lock_acquire(&waits_lock);
    r = find_circle(flight, wait);
    if (r == CTX_OK)
        ctxi_list_push_back(&waits, &wait->link);
    ctxi_lock_release(&waits_lock);
    return r;
}

static void forget_wait(struct ctxi_wait *wait)
{
    if (!wait->thread && !wait->inside)
        return;
    ctxi_lock_acquire(&waits_lock);
    ctxi_list_remove(&wait->link);
    ctxi_lock_release(&waits_lock);
}

static int begin_wait(struct ctxi_flight *flight, struct ctxi_wait *wait)
{
    int r;

    if (!flight->has_cond && ctxi_condition_init(&flight->ended_cond))
        return CTX_ERR_NOMEM;
    flight->has_cond = true;
    r = note_wait(wait, flight, true);
    if (r == CTX_OK) {
        flight->waiters++;
        flight->refs++;
    }
    return r;
}

static void end_wait(struct ctxi_wait *wait)
{
    forget_wait(wait);
    wait->flight->waiters--;
}

/* The state of a wait, undone by its cleanup when the thread is cancelled in the middle. */
struct waiting {
    struct ctxi_wait *wait; /* NULL: ended in the ordinary way */
};

static void cancel_wait(struct waiting *waiting)
{
    struct ctxi_hold garbage;
    ctx_cache *cache;

    if (!waiting->wait)
        return;
    cache = waiting->wait->flight->cache;
    ctxi_lock_taken(&cache->lock); /* the wait took the mutex again before it unwound */
    end_wait(waiting->wait);
    ctxi_flight_leave(waiting->wait->flight, &garbage);
    ctxi_lock_release(&cache->lock);
    ctxi_entry_unref(cache, garbage);
}

static int wait_until_ended(struct ctxi_wait *wait, uint64_t wait_ns)
{
    __attribute__((cleanup(cancel_wait))) struct waiting waiting = {wait};
    struct ctxi_flight *flight = wait->flight;
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
    waiting.wait = NULL;
    return flight->ended ? CTX_OK : CTX_ERR_TIMEOUT;
}

int ctxi_flight_wait(struct ctxi_flight *flight, uint64_t wait_ns)
{
    struct ctxi_wait wait;
    int r = begin_wait(flight, &wait);

    CTXI_ASSERT_HELD(&flight->cache->lock);
    if (r != CTX_OK)
        return r;
    r = wait_until_ended(&wait, wait_ns);
    end_wait(&wait);
    return r;
}

/* ---- parking ------------------------------------------------------------------------------ */

static struct ctxi_parking *with_deadline(const struct ctxi_link *link)
{
    return CTXI_CONTAINER(link, struct ctxi_parking, by_deadline);
}

/* Most have the same time to wait, and so come in order. */
static void note_deadline(struct ctxi_flights *flights, struct ctxi_parking *parking,
                          uint64_t wait_ns)
{
    uint64_t now = wait_ns ? ctxi_monotonic_ns(NULL) : 0;
    struct ctxi_link *before = flights->deadlines.prev;

    parking->deadline_ns = wait_ns && wait_ns < UINT64_MAX - now ? now + wait_ns : UINT64_MAX;
    ctxi_list_init(&parking->by_deadline);
    if (parking->deadline_ns == UINT64_MAX)
        return;
    while (before != &flights->deadlines &&
           with_deadline(before)->deadline_ns > parking->deadline_ns)
        before = before->prev;
    ctxi_list_push_front(before, &parking->by_deadline);
}

int ctxi_flight_park(struct ctxi_flight *flight, struct ctxi_parking *parking, uint64_t wait_ns)
{
    int r = note_wait(&parking->wait, flight, false);

    CTXI_ASSERT_HELD(&flight->cache->lock);
    if (r != CTX_OK)
        return r;
    parking->flight = flight;
    flight->refs++;
    ctxi_list_init(&parking->link);
    ctxi_list_push_back(&flight->parked, &parking->link);
    note_deadline(&flight->cache->flights, parking, wait_ns);
    return CTX_OK;
}

void ctxi_flight_unpark(struct ctxi_parking *parking)
{
    CTXI_ASSERT_HELD(&parking->flight->cache->lock);
    ctxi_list_remove(&parking->link);
    ctxi_list_remove(&parking->by_deadline);
    forget_wait(&parking->wait);
}

struct ctxi_parking *ctxi_flight_next_deadline(const ctx_cache *cache)
{
    const struct ctxi_link *deadlines = &cache->flights.deadlines;

    CTXI_ASSERT_HELD(&cache->lock);
    return ctxi_list_empty(deadlines) ? NULL : with_deadline(deadlines->next);
}

/* ---- fork --------------------------------------------------------------------------------- */

/*
 * In the child only this thread exists: whoever else waited does so no more, and a flight led by
 * another thread will never end. What such threads held is not given back. What no thread leads may be
 * ended in the child, too; but nobody joins it, for it may be that nobody will.
 */
static size_t parked_at(const struct ctxi_flight *flight)
{
    size_t count = 0;

    for (const struct ctxi_link *at = flight->parked.next; at != &flight->parked; at = at->next)
        count++;
    return count;
}

static void survive(struct ctxi_flight *flight)
{
    flight->waiters = 0;
    flight->refs = 1 + parked_at(flight);
    flight->has_cond = false; /* its state counts waiters that are gone */
    if (flight->leader != &self)
        make_unjoinable(flight);
}

void ctxi_flights_after_fork(ctx_cache *cache)
{
    struct ctxi_flights *flights = &cache->flights;
    struct ctxi_link *apart = &flights->apart;

    for (size_t i = 0; i <= flights->mask; i++) {
        struct ctxi_flight *flight = chains_of(flights)[i], *next;

        for (; flight; flight = next) {
            next = flight->next;
            survive(flight);
        }
    }
    for (struct ctxi_link *at = apart->next; at != apart; at = at->next) {
        struct ctxi_flight *flight = CTXI_CONTAINER(at, struct ctxi_flight, apart);

        survive(flight);
        flight->fenced = true; /* others load the key beside it */
    }
}

/* Of threads that are no more; waits_lock is held. */
void ctxi_waits_after_fork(void)
{
    for (struct ctxi_link *at = waits.next, *next; at != &waits; at = next) {
        next = at->next;
        if (CTXI_CONTAINER(at, struct ctxi_wait, link)->blocks)
            ctxi_list_remove(at);
    }
}
