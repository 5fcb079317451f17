/*
 * Everything at once: hits, misses, puts, invalidation, expiry, resizing, clearing, refs that are
 * held, threads that are cancelled in the middle of loads. What is read is whole and alive, and at
 * the end every value that was made has been destroyed, once.
 *
 * The number of operations is the first argument, or CTX_TEST_CALLS.
 */
#include <inttypes.h>

#include "support/barrier.h"
#include "support/cache_kit.h"
#include "support/clock.h"
#include "support/rng.h"
#include "support/scale.h"
#include "support/stamped.h"
#include "support/unwind.h"

enum { THREADS = 4, TENANTS = 8, KEYS = 200, CAPACITY = 300, HELD = 32, TTL = 1000 };

static CTX_VAR(tenant);
static ctx_cache *cache;
static struct fake_clock now;
static struct support_barrier start;
static _Atomic int64_t told; /* removal callbacks */

/* ---- loaders ------------------------------------------------------------------------------ */

static int load(ctx_cache_load *l, const ctx_value *args, size_t count, void *user)
{
    int64_t id = -2, key = args[0].as.i64;

    (void)count, (void)user;
    CHECK_EQ(ctx_get_i64(tenant, &id), CTX_OK);
    may_unwind_here();
    pthread_testcancel();
    fake_clock_advance(&now, 1);
    if (key % 50 == 49)
        return 77;
    if (key % 50 == 48)
        ctx_cache_load_no_store(l);
    if (key % 50 == 47)
        ctx_cache_load_ttl(l, 5);
    CHECK_EQ(stamped_adopt(l, stamped_of(id, 0, key)), CTX_OK);
    may_unwind_here();
    pthread_testcancel();
    return CTX_OK;
}

static CTX_CACHE_FN(report, load);

/* ---- one thread --------------------------------------------------------------------------- */

struct held {
    ctx_cache_ref ref;
    int64_t tenant, key;
};

struct worker {
    pthread_t thread;
    struct support_rng rng;
    long calls; /* left to make; -1: until cancelled */
    int64_t tenant;
    struct held held[HELD];
};

static uint64_t pick(struct worker *w, uint64_t bound)
{
    return support_rng_below(&w->rng, bound);
}

static void let_go(struct held *held)
{
    if (held->ref.data)
        stamped_verify(held->ref.data, held->tenant, 0, held->key);
    ctx_cache_ref_release(&held->ref);
}

static void call(struct worker *w, int64_t key)
{
    struct held *slot = &w->held[pick(w, HELD)];
    struct held fresh = {CTX_CACHE_REF_INIT, w->tenant, key};
    int status = ctx_cache_call(cache, report, &fresh.ref, key);

    /* A victim that is cancelled in its load leaves its waiters without an answer. */
    CHECK(status == (key % 50 == 49 ? 77 : CTX_OK) || status == CTX_ERR_ABANDONED);
    if (status != CTX_OK)
        return;
    stamped_verify(fresh.ref.data, w->tenant, 0, key);
    let_go(slot);
    *slot = fresh;
}

static void get(struct worker *w, int64_t key)
{
    struct held fresh = {CTX_CACHE_REF_INIT, w->tenant, key};
    int status = pick(w, 2) ? ctx_cache_get(cache, report, &fresh.ref, key)
                            : ctx_cache_peek(cache, report, &fresh.ref, key);

    CHECK(status == CTX_OK || status == CTX_ABSENT);
    let_go(&fresh);
}

static void put(struct worker *w, int64_t key)
{
    struct stamped s = stamped_of(w->tenant, 0, key);

    if (key % 50 != 49)
        CHECK_EQ(ctx_cache_put(cache, report, &s, sizeof s, key), CTX_OK);
}

static void disturb(struct worker *w, int64_t key)
{
    switch (pick(w, 40)) {
    case 0:
        CHECK_EQ(ctx_cache_resize(cache, 1 + pick(w, CAPACITY), 0), CTX_OK);
        break;
    case 1:
        CHECK_EQ(ctx_cache_resize(cache, CTX_CACHE_UNBOUNDED, 16384 + pick(w, 100000)), CTX_OK);
        break;
    case 2:
        CHECK_EQ(ctx_cache_invalidate_partition(cache), CTX_OK);
        break;
    case 3:
        CHECK_EQ(ctx_cache_retire_partition(cache), CTX_OK);
        break;
    case 4:
        ctx_cache_maintain(cache, pick(w, 100));
        break;
    case 5:
        if (pick(w, 10) == 0)
            CHECK_EQ(ctx_cache_clear(cache), CTX_OK);
        break;
    case 6:
        fake_clock_advance(&now, TTL / 2);
        break;
    case 7:
        check_equations(cache);
        break;
    default:
        ctx_cache_invalidate(cache, report, key);
        break;
    }
}

static void one_call(struct worker *w)
{
    int64_t key = (int64_t)pick(w, KEYS);
    uint64_t what = pick(w, 100);

    if (pick(w, 10) == 0) {
        w->tenant = (int64_t)pick(w, TENANTS);
        CHECK_EQ(ctx_set(tenant, w->tenant), CTX_OK);
    }
    if (what < 65)
        call(w, key);
    else if (what < 85)
        get(w, key);
    else if (what < 90)
        put(w, key);
    else
        disturb(w, key);
}

static void finish(void *worker)
{
    struct worker *w = worker;

    for (int i = 0; i < HELD; i++)
        let_go(&w->held[i]);
}

static void *work(void *arg)
{
    struct worker *w = arg;

    pthread_cleanup_push(finish, w);
    CHECK_EQ(ctx_set(tenant, w->tenant), CTX_OK);
    support_barrier_wait(&start);
    while (w->calls-- > 0)
        one_call(w);
    pthread_cleanup_pop(1);
    return NULL;
}

/* ---- threads that are cancelled ----------------------------------------------------------- */

static void *be_victim(void *arg)
{
    struct worker *w = arg;

    pthread_cleanup_push(finish, w);
    CHECK_EQ(ctx_set(tenant, w->tenant), CTX_OK);
    while (w->calls < 0)
        call(w, (int64_t)pick(w, KEYS));
    pthread_cleanup_pop(1);
    return NULL;
}

static _Atomic bool stop;

static void *cancel_victims(void *seed)
{
    static struct worker victim;
    uint64_t first = *(uint64_t *)seed;
    intptr_t cancelled = 0;

    while (!atomic_load(&stop)) {
        void *result;

        victim = (struct worker){.rng = support_rng_seeded(first + (uint64_t)cancelled),
                                 .calls = -1,
                                 .tenant = cancelled % TENANTS};
        CHECK_EQ(pthread_create(&victim.thread, NULL, be_victim, &victim), 0);
        for (uint64_t i = 0; i < first % 50; i++)
            sched_yield();
        CHECK_EQ(pthread_cancel(victim.thread), 0);
        CHECK_EQ(pthread_join(victim.thread, &result), 0);
        CHECK(result == PTHREAD_CANCELED);
        cancelled++;
    }
    return (void *)cancelled;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void count_removal(void *user, const ctx_cache_removal *removal)
{
    const struct stamped *s = removal->value;

    (void)user;
    CHECK_EQ(s->check, stamped_checksum(s));
    atomic_fetch_add(&told, 1);
}

static void make_cache(void)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;

    config.capacity_entries = CAPACITY;
    config.vary = &vary;
    config.vary_count = 1;
    config.ttl_ns = TTL;
    config.clock = fake_clock_read;
    config.clock_user = &now;
    config.on_remove = count_removal;
    cache = cache_with(&config);
}

static void check_end(long calls, intptr_t cancelled)
{
    ctx_cache_stats s;

    CHECK_EQ(ctx_cache_clear(cache), CTX_OK);
    check_equations(cache);
    s = stats_of(cache);
    CHECK_EQ(s.entries, 0);
    CHECK_EQ((uint64_t)atomic_load(&told), s.stored);
    CHECK(s.hits > 0 && s.expired > 0 && s.evicted > 0 && s.invalidated > 0);
    ctx_cache_destroy(cache);
    CHECK_EQ(atomic_load(&stamped_created), atomic_load(&stamped_destroyed));
    CHECK_EQ((uint64_t)atomic_load(&told), s.stored);
    printf("stress_cache: %ld operations, %ld threads cancelled; hits %" PRIu64 ", misses %" PRIu64
           ", joined %" PRIu64 ", evicted %" PRIu64 ", expired %" PRIu64 ", fenced %" PRIu64 "\n",
           calls, (long)cancelled, s.hits, s.misses, s.joined, s.evicted, s.expired,
           s.not_stored_fenced);
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS];
    const char *text = argc > 1 ? argv[1] : getenv("CTX_TEST_CALLS");
    long calls = text ? strtol(text, NULL, 10) : scaled(6000000);
    uint64_t seed = support_seed("stress_cache");
    pthread_t canceller;
    void *cancelled;

    make_cache();
    support_barrier_init(&start, THREADS);
    for (uint64_t i = 0; i < THREADS; i++) {
        workers[i].rng = support_rng_seeded(seed + i);
        workers[i].calls = calls / THREADS;
        CHECK_EQ(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    CHECK_EQ(pthread_create(&canceller, NULL, cancel_victims, &seed), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    atomic_store(&stop, true);
    pthread_join(canceller, &cancelled);
    support_barrier_fini(&start);
    check_end(calls, (intptr_t)cancelled);
    return 0;
}
