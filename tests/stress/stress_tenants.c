/*
 * The leak oracle: no caller ever gets an answer that was computed for another tenant.
 *
 * Loaders stamp their value with the tenant that they read from the context. Four threads make
 * millions of mixed calls for a thousand tenants, through refs, copies, nested caches, puts and
 * gets, in contexts that are set, scoped, copied, bound and kept, while partitions are dropped and
 * retired; every answer is compared with the tenant of its caller. Then the same with all hashes
 * equal.
 *
 * The number of calls is the first argument, or CTX_TEST_CALLS.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "support/barrier.h"
#include "support/cache_kit.h"
#include "support/hash_bits.h"
#include "support/rng.h"
#include "support/scale.h"
#include "support/stamped.h"

enum { THREADS = 4, TENANTS = 1000, KEYS = 12, HELD = 16, CONTEXTS = 32, OPS_PER_TENANT = 8 };

enum function { COPIED, ADOPTED, NESTED, UNDECLARED };

static CTX_VAR(tenant);

static ctx_cache *by_tenant; /* what everybody should do */
static ctx_cache *outer;     /* varies on tenant, its loader calls by_tenant */
static ctx_cache *blind;     /* varies on nothing; only the audit stands between the tenants */
static struct support_barrier start;

/* ---- loaders ------------------------------------------------------------------------------ */

static int64_t current_tenant(void)
{
    int64_t id = -2;

    CHECK_EQ(ctx_get_i64(tenant, &id), CTX_OK);
    return id;
}

static int load_copied(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    struct stamped s = stamped_of(current_tenant(), COPIED, args[0].as.i64);

    (void)count, (void)user;
    return ctx_cache_load_copy(load, &s, sizeof s);
}

static int load_adopted(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)count, (void)user;
    return stamped_adopt(load, stamped_of(current_tenant(), ADOPTED, args[0].as.i64));
}

static CTX_CACHE_FN(copied, load_copied);
static CTX_CACHE_FN(adopted, load_adopted);

/* Asks the inner cache, never reading the tenant itself, and passes its stamp on. */
static int load_through(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    struct stamped s;
    int r = ctx_cache_call_copy_v(by_tenant, copied, args, count, NULL, &s, sizeof s, NULL);

    if (r != CTX_OK)
        return r;
    s.function = (int64_t)(intptr_t)user;
    s.check = stamped_checksum(&s);
    return ctx_cache_load_copy(load, &s, sizeof s);
}

static CTX_CACHE_FN_VERSION(nested, 1, load_through, (void *)NESTED);
static CTX_CACHE_FN_VERSION(undeclared, 1, load_through, (void *)UNDECLARED);

/* ---- one thread --------------------------------------------------------------------------- */

struct worker {
    pthread_t thread;
    struct support_rng rng;
    long calls;
    int64_t tenant; /* what the context holds now */
    struct {
        ctx_cache_ref ref;
        int64_t tenant, function, key;
    } held[HELD];
    ctx_context *contexts[CONTEXTS];
    int64_t context_tenant[CONTEXTS];
};

static uint64_t pick(struct worker *w, uint64_t bound)
{
    return support_rng_below(&w->rng, bound);
}

/* Few are asked for often: the smaller of three numbers. */
static int64_t skewed(struct worker *w, uint64_t bound)
{
    uint64_t least = bound;

    for (int i = 0; i < 3; i++) {
        uint64_t n = pick(w, bound);

        least = n < least ? n : least;
    }
    return (int64_t)least;
}

/* Keeps it for a while, and looks at what was kept before it is let go. */
static void hold(struct worker *w, ctx_cache_ref *ref, int64_t function, int64_t key)
{
    size_t slot = pick(w, HELD);

    if (w->held[slot].ref.data)
        stamped_verify(w->held[slot].ref.data, w->held[slot].tenant, w->held[slot].function,
                       w->held[slot].key);
    ctx_cache_ref_release(&w->held[slot].ref);
    w->held[slot].ref = *ref;
    w->held[slot].tenant = w->tenant;
    w->held[slot].function = function;
    w->held[slot].key = key;
}

static void call(struct worker *w, ctx_cache *cache, ctx_cache_fn *fn, int64_t function,
                 int64_t key)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    CHECK_EQ(ctx_cache_call(cache, fn, &ref, key), CTX_OK);
    CHECK_EQ(ref.size, sizeof(struct stamped));
    stamped_verify(ref.data, w->tenant, function, key);
    if (pick(w, 4))
        ctx_cache_ref_release(&ref);
    else
        hold(w, &ref, function, key);
}

static void call_copy(struct worker *w, int64_t key)
{
    struct stamped s;
    ctx_value arg = ctx_i64(key);

    CHECK_EQ(ctx_cache_call_copy_v(by_tenant, adopted, &arg, 1, NULL, &s, sizeof s, NULL), CTX_OK);
    stamped_verify(&s, w->tenant, ADOPTED, key);
}

static void get(struct worker *w, int64_t key)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    int status = pick(w, 2) ? ctx_cache_get(by_tenant, copied, &ref, key)
                            : ctx_cache_peek(by_tenant, copied, &ref, key);

    CHECK(status == CTX_OK || status == CTX_ABSENT);
    if (status == CTX_OK)
        stamped_verify(ref.data, w->tenant, COPIED, key);
    ctx_cache_ref_release(&ref);
}

static void put(struct worker *w, int64_t key)
{
    struct stamped s = stamped_of(w->tenant, COPIED, key);

    CHECK_EQ(ctx_cache_put(by_tenant, copied, &s, sizeof s, key), CTX_OK);
}

static void invalidate(struct worker *w, int64_t key)
{
    int status = ctx_cache_invalidate(by_tenant, copied, key);

    (void)w;
    CHECK(status == CTX_OK || status == CTX_ABSENT);
}

static void one_call(struct worker *w)
{
    int64_t key = skewed(w, KEYS);
    uint64_t what = pick(w, 1000);

    if (what < 400)
        call(w, by_tenant, copied, COPIED, key);
    else if (what < 550)
        call(w, by_tenant, adopted, ADOPTED, key);
    else if (what < 650)
        call_copy(w, key);
    else if (what < 750)
        call(w, outer, nested, NESTED, key);
    else if (what < 800)
        call(w, blind, undeclared, UNDECLARED, key);
    else if (what < 900)
        get(w, key);
    else if (what < 950)
        put(w, key);
    else if (what < 990)
        invalidate(w, key);
    else if (what < 997)
        CHECK_EQ(ctx_cache_invalidate_partition(pick(w, 2) ? by_tenant : outer), CTX_OK);
    else
        CHECK_EQ(ctx_cache_retire_partition(pick(w, 2) ? by_tenant : outer), CTX_OK);
    w->calls--;
}

static void some_calls(void *worker)
{
    for (int i = 0; i < OPS_PER_TENANT; i++)
        one_call(worker);
}

/* ---- ways to become a tenant -------------------------------------------------------------- */

static void as_set(struct worker *w)
{
    CHECK_EQ(ctx_set(tenant, w->tenant), CTX_OK);
    some_calls(w);
}

static void as_scoped(struct worker *w)
{
    int64_t before = w->tenant;

    CHECK_EQ(ctx_set(tenant, before), CTX_OK);
    {
        CTX_SCOPED(tenant, (before + 1) % TENANTS);
        w->tenant = (before + 1) % TENANTS;
        some_calls(w);
    }
    w->tenant = before;
    some_calls(w);
}

static void as_bound(struct worker *w)
{
    ctx_bound *bound;
    int64_t before = w->tenant;

    CHECK_EQ(ctx_set(tenant, before), CTX_OK);
    CHECK_EQ(ctx_bind(some_calls, w, &bound), CTX_OK);
    CHECK_EQ(ctx_set(tenant, (before + 7) % TENANTS), CTX_OK);
    CHECK_EQ(ctx_bound_run(bound), CTX_OK);
    ctx_bound_free(bound);
}

/* In a context that was made long ago and remembers a partition that may be gone. */
static void as_kept(struct worker *w)
{
    size_t slot = pick(w, CONTEXTS);

    if (w->contexts[slot] && pick(w, 8) == 0) {
        ctx_context_unref(w->contexts[slot]);
        w->contexts[slot] = NULL;
    }
    if (!w->contexts[slot]) {
        CHECK_EQ(ctx_set(tenant, w->tenant), CTX_OK);
        CHECK_EQ(ctx_copy(&w->contexts[slot]), CTX_OK);
        w->context_tenant[slot] = w->tenant;
    }
    w->tenant = w->context_tenant[slot];
    CHECK_EQ(ctx_run(w->contexts[slot], some_calls, w), CTX_OK);
}

static void *work(void *arg)
{
    static void (*const ways[])(struct worker *) = {as_set, as_scoped, as_bound, as_kept, as_kept};
    struct worker *w = arg;

    support_barrier_wait(&start);
    while (w->calls > 0) {
        w->tenant = skewed(w, TENANTS);
        ways[pick(w, sizeof ways / sizeof *ways)](w);
    }
    for (size_t i = 0; i < HELD; i++)
        ctx_cache_ref_release(&w->held[i].ref);
    for (size_t i = 0; i < CONTEXTS; i++)
        ctx_context_unref(w->contexts[i]);
    return NULL;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void report(const char *how, long calls)
{
    ctx_cache_stats s = stats_of(by_tenant), b = stats_of(blind);

    check_equations(by_tenant);
    check_equations(outer);
    check_equations(blind);
    CHECK_EQ(b.entries, 0); /* each of its answers depends on the tenant */
    CHECK_EQ(b.stored, 0);
    CHECK(s.hits > 0 && s.misses > 0 && s.evicted > 0 && s.invalidated > 0);
    printf("stress_tenants, %s: %ld calls, no foreign stamp (hits %" PRIu64 ", misses %" PRIu64
           ", joined %" PRIu64 ", evicted %" PRIu64 ", partitions %" PRIu64 ")\n",
           how, calls, s.hits, s.misses, s.joined, s.evicted, s.partitions);
}

static void run(const char *how, long calls, uint64_t capacity)
{
    static struct worker workers[THREADS];
    uint64_t seed = support_seed("stress_tenants");

    by_tenant = cache_of(capacity, tenant);
    outer = cache_of(capacity / 4 + 1, tenant);
    blind = cache_of(capacity, NULL);
    support_barrier_init(&start, THREADS);
    for (uint64_t i = 0; i < THREADS; i++) {
        memset(&workers[i], 0, sizeof workers[i]);
        workers[i].rng = support_rng_seeded(seed + i);
        workers[i].calls = calls / THREADS;
        CHECK_EQ(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    report(how, calls);
    ctx_cache_destroy(by_tenant);
    ctx_cache_destroy(outer);
    ctx_cache_destroy(blind);
    support_barrier_fini(&start);
    CHECK_EQ(atomic_load(&stamped_created), atomic_load(&stamped_destroyed));
}

/* In a process of its own, for hashes must not change once there was a cache. */
static void run_colliding(long calls)
{
    int status = 0;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        hash_bits_force(0);
        run("all hashes equal", calls, 40);
        exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

static long calls_wanted(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : getenv("CTX_TEST_CALLS");

    return text ? strtol(text, NULL, 10) : scaled(10000000);
}

int main(int argc, char **argv)
{
    long calls = calls_wanted(argc, argv);

    run_colliding(calls);
    if (hash_bits() >= 16)
        run("hashes as they are", calls, 4000);
    return 0;
}
