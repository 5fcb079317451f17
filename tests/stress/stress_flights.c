/*
 * Single flight under pressure: one load per key however many ask at once; waiters that run out of
 * time; leaders that fail, exit and are cancelled; and storms of nested loads over few keys, which
 * always end, with a documented status for each call.
 *
 * The number of rounds is the first argument, or CTX_TEST_CALLS.
 */
#include <inttypes.h>

#include "support/barrier.h"
#include "support/cache_kit.h"
#include "support/check.h"
#include "support/rng.h"
#include "support/scale.h"
#include "support/unwind.h"

enum { THREADS = 4 };

static ctx_cache *cache, *second;
static struct support_barrier barrier;
static long rounds;
static uint64_t seed;

static void run_threads(void *(*body)(void *index))
{
    pthread_t threads[THREADS];

    support_barrier_init(&barrier, THREADS);
    for (intptr_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, body, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    support_barrier_fini(&barrier);
}

/* ---- one load per key --------------------------------------------------------------------- */

PROBE(shared);

static int64_t got[THREADS];

static int yield_a_little(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                          size_t count)
{
    (void)probe, (void)load, (void)count;
    for (int64_t i = args[0].as.i64 % 20; i > 0; i--)
        sched_yield();
    return CTX_OK;
}

/* All ask for the same new key at the same moment, and get the value of the same load. */
static void *ask_together(void *index)
{
    intptr_t me = (intptr_t)index;

    for (long key = 1; key <= rounds; key++) {
        support_barrier_wait(&barrier);
        got[me] = ask(cache, shared, key).serial;
        support_barrier_wait(&barrier);
        if (me == 0) {
            CHECK_EQ(atomic_load(&shared_probe.loads), key);
            for (int i = 0; i < THREADS; i++)
                CHECK_EQ(got[i], key);
        }
    }
    return NULL;
}

static void one_load_per_key(void)
{
    ctx_cache_stats s;

    cache = cache_of(100, NULL);
    shared_probe.during = yield_a_little;
    run_threads(ask_together);
    s = stats_of(cache);
    CHECK_EQ(s.misses, (uint64_t)rounds);
    CHECK_EQ(s.calls, (uint64_t)rounds * THREADS);
    CHECK_EQ(s.hits + s.joined, (uint64_t)rounds * (THREADS - 1));
    check_sums(cache);
    ctx_cache_destroy(cache);
    printf("stress_flights: %ld keys, one load each (joined %" PRIu64 ")\n", rounds, s.joined);
}

/* ---- deadlines, failures and deaths ------------------------------------------------------- */

enum { MORTAL_KEYS = 5 };

static int load_mortal(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    _Atomic uint64_t *loads = user;
    uint64_t mine = atomic_fetch_add(loads, 1);
    int64_t value = args[0].as.i64 + 1;

    (void)count;
    for (uint64_t i = mine % 7; i > 0; i--)
        sched_yield();
    if (mine % 5 == 1)
        return 55;
    if (mine % 50 == 2)
        pthread_exit(NULL);
    if (mine % 50 == 3) {
        pthread_cancel(pthread_self());
        may_unwind_here();
        pthread_testcancel();
    }
    if (mine % 4 == 0)
        ctx_cache_load_no_store(load);
    return ctx_cache_load_copy(load, &value, sizeof value);
}

static _Atomic uint64_t mortal_loads;
static CTX_CACHE_FN_VERSION(mortal, 1, load_mortal, &mortal_loads);
static _Atomic long mortal_left, mortal_count[4];

static void *ask_mortal(void *index)
{
    struct support_rng rng =
        support_rng_seeded(seed + (uint64_t)atomic_load(&mortal_left) + (uint64_t)(intptr_t)index);

    while (atomic_fetch_sub(&mortal_left, 1) > 0) {
        int64_t key = (int64_t)support_rng_below(&rng, MORTAL_KEYS);
        ctx_value arg = ctx_i64(key);
        uint64_t wait_ns = support_rng_below(&rng, 3) ? 0 : 1 + support_rng_below(&rng, 100000);
        struct answer a = ask_within_v(cache, mortal, &arg, 1, wait_ns);

        CHECK(a.status == CTX_OK || a.status == 55 || a.status == CTX_ERR_TIMEOUT ||
              a.status == CTX_ERR_ABANDONED);
        CHECK(a.status != CTX_OK || a.serial == key + 1);
        CHECK(a.status != CTX_ERR_TIMEOUT || wait_ns);
        atomic_fetch_add(&mortal_count[a.status == CTX_OK            ? 0
                                       : a.status == 55              ? 1
                                       : a.status == CTX_ERR_TIMEOUT ? 2
                                                                     : 3],
                         1);
        if (support_rng_below(&rng, 3) == 0)
            ctx_cache_invalidate(cache, mortal, key);
    }
    return index;
}

/* A thread that dies is replaced until all calls are made. */
static void *keep_asking(void *index)
{
    while (atomic_load(&mortal_left) > 0) {
        pthread_t thread;

        CHECK_EQ(pthread_create(&thread, NULL, ask_mortal, index), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
    return NULL;
}

static void mortal_leaders(uint32_t flags)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = 3;
    config.flags = flags;
    cache = cache_with(&config);
    atomic_store(&mortal_left, rounds * 10);
    for (int i = 0; i < 4; i++)
        atomic_store(&mortal_count[i], 0);
    run_threads(keep_asking);
    check_sums(cache);
    ctx_cache_destroy(cache);
    printf("stress_flights%s: answers %ld, failures %ld, timeouts %ld, abandoned %ld\n",
           flags ? ", retry" : "", atomic_load(&mortal_count[0]), atomic_load(&mortal_count[1]),
           atomic_load(&mortal_count[2]), atomic_load(&mortal_count[3]));
}

/* ---- storms ------------------------------------------------------------------------------- */

enum { STORM_KEYS = 5, STORM_DEPTH = 4 };

static _Atomic long storm_recursions, storm_deadlocks, storm_values;
static __thread int storm_depth;
static __thread struct support_rng storm_rng;

static void ask_in_storm(void);

/* Asks for a few other keys, whatever comes of it, and gives a value of its own. */
static int load_storm(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    int64_t value = args[0].as.i64 + 1;

    (void)count, (void)user;
    storm_depth++;
    for (uint64_t n = support_rng_below(&storm_rng, 3); storm_depth < STORM_DEPTH && n > 0; n--)
        ask_in_storm();
    if (support_rng_below(&storm_rng, 4) == 0)
        sched_yield();
    storm_depth--;
    return ctx_cache_load_copy(load, &value, sizeof value);
}

static CTX_CACHE_FN(storm, load_storm);

static void ask_in_storm(void)
{
    int64_t key = (int64_t)support_rng_below(&storm_rng, STORM_KEYS);
    ctx_cache *which = support_rng_below(&storm_rng, 2) ? cache : second;
    struct answer a = ask(which, storm, key);

    CHECK(a.status == CTX_OK ||
          (storm_depth && (a.status == CTX_ERR_RECURSION || a.status == CTX_ERR_DEADLOCK)));
    CHECK(a.status != CTX_OK || a.serial == key + 1);
    atomic_fetch_add(a.status == CTX_OK              ? &storm_values
                     : a.status == CTX_ERR_RECURSION ? &storm_recursions
                                                     : &storm_deadlocks,
                     1);
    if (support_rng_below(&storm_rng, 2))
        ctx_cache_invalidate(which, storm, key);
}

static void *be_in_storm(void *index)
{
    storm_rng = support_rng_seeded(seed + (uint64_t)(intptr_t)index);
    storm_depth = 0;
    support_barrier_wait(&barrier);
    for (long i = 0; i < rounds * 2; i++)
        ask_in_storm();
    return NULL;
}

static void storms(void)
{
    cache = cache_of(2, NULL);
    second = cache_of(0, NULL);
    run_threads(be_in_storm);
    check_sums(cache);
    check_sums(second);
    ctx_cache_destroy(cache);
    ctx_cache_destroy(second);
    CHECK(atomic_load(&storm_recursions) > 0);
    printf("stress_flights: storms ended: values %ld, recursions %ld, deadlocks %ld\n",
           atomic_load(&storm_values), atomic_load(&storm_recursions),
           atomic_load(&storm_deadlocks));
}

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : getenv("CTX_TEST_CALLS");

    rounds = text ? strtol(text, NULL, 10) : scaled(50000);
    seed = support_seed("stress_flights");
    alarm(600); /* a hang is a failure */
    one_load_per_key();
    mortal_leaders(0);
    mortal_leaders(CTX_CACHE_RETRY);
    storms();
    return 0;
}
