/*
 * fork() while other threads load, wait, hit and invalidate: every child finds a cache that works,
 * in which no tenant sees another's value, and ends by itself.
 *
 * The number of children is the first argument, or CTX_TEST_CALLS.
 */
#include <sys/wait.h>

#include "support/cache_kit.h"
#include "support/fork_alloc.h"
#include "support/rng.h"
#include "support/scale.h"
#include "support/stamped.h"

enum { THREADS = 3, TENANTS = 5, KEYS = 20 };

static CTX_VAR(tenant);
static ctx_cache *cache;
static _Atomic bool stop;

static int load(ctx_cache_load *l, const ctx_value *args, size_t count, void *user)
{
    int64_t id = -2;
    struct stamped s;

    (void)count, (void)user;
    CHECK_EQ(ctx_get_i64(tenant, &id), CTX_OK);
    sched_yield(); /* others join meanwhile */
    s = stamped_of(id, 0, args[0].as.i64);
    return ctx_cache_load_copy(l, &s, sizeof s);
}

static CTX_CACHE_FN(report, load);

static void use(int64_t id, int64_t key)
{
    struct stamped s;
    ctx_value arg = ctx_i64(key);

    CHECK_EQ(ctx_set(tenant, id), CTX_OK);
    CHECK_EQ(ctx_cache_call_copy_v(cache, report, &arg, 1, NULL, &s, sizeof s, NULL), CTX_OK);
    stamped_verify(&s, id, 0, key);
}

static void *be_busy(void *seed)
{
    struct support_rng rng = support_rng_seeded((uint64_t)(intptr_t)seed);

    while (!atomic_load(&stop)) {
        int64_t key = (int64_t)support_rng_below(&rng, KEYS);

        use((int64_t)support_rng_below(&rng, TENANTS), key);
        if (support_rng_below(&rng, 3) == 0)
            ctx_cache_invalidate(cache, report, key);
        if (support_rng_below(&rng, 50) == 0)
            ctx_cache_retire_partition(cache);
    }
    return NULL;
}

/* What dead threads held is not given back in a child, which a leak checker must not mind. */
static _Noreturn void be_child(void)
{
    alarm(120);
    for (int64_t id = 0; id < TENANTS; id++)
        for (int64_t key = 0; key < KEYS; key++)
            use(id, key);
    CHECK_EQ(ctx_cache_invalidate_partition(cache), CTX_OK);
    check_equations(cache);
    CHECK_EQ(ctx_cache_clear(cache), CTX_OK);
    ctx_cache_destroy(cache);
    if (SUPPORT_ASAN)
        _exit(0);
    exit(0);
}

static void fork_once(void)
{
    int status = 0;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0)
        be_child();
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : getenv("CTX_TEST_CALLS");
    long children = text ? strtol(text, NULL, 10) : SUPPORT_TSAN ? 10 : scaled(500);
    uint64_t seed = support_seed("stress_fork");
    pthread_t threads[THREADS];

    support_fork_alloc_install();
    cache = cache_of(50, tenant);
    for (uint64_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, be_busy, (void *)(intptr_t)(seed + i)), 0);
    for (long i = 0; i < children; i++)
        fork_once();
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    check_equations(cache);
    ctx_cache_destroy(cache);
    printf("stress_fork: %ld children, each with a cache that works\n", children);
    return 0;
}
