/*
 * Threads hit, miss, put and invalidate while recordings begin and end, threads come and go, processes fork
 * and caches are destroyed under a recording. What is in each file is whole, and together with what was
 * dropped it is all that was asked for, as far as nobody asked at its beginning and end.
 *
 * The number of recordings is the first argument, or CTX_TEST_CALLS.
 */
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cache_kit.h"
#include "support/check.h"
#include "support/fork_alloc.h"
#include "support/record_kit.h"
#include "support/rng.h"
#include "support/scale.h"
#include "support/trace_kit.h"

enum { THREADS = 3, TENANTS = 4, KEYS = 300, CAPACITY = 200 };

static CTX_VAR(tenant);
PROBE(price);

static ctx_cache *cache;
static _Atomic bool stop;

static void use(ctx_cache *of, struct support_rng *rng, long calls)
{
    for (long i = 0; i < calls; i++) {
        int64_t key = (int64_t)support_rng_below(rng, KEYS);

        if (i % 16 == 0)
            CHECK_EQ(ctx_set(tenant, (int64_t)support_rng_below(rng, TENANTS)), CTX_OK);
        switch (support_rng_below(rng, 32)) {
        case 0:
            put_serial(of, price, key, 1);
            break;
        case 1:
            ctx_cache_invalidate(of, price, key);
            break;
        case 2:
            look(of, price, key);
            break;
        default:
            CHECK_EQ(ask(of, price, key).status, CTX_OK);
            break;
        }
    }
}

/* ---- recordings that come and go ---------------------------------------------------------- */

static void *be_busy(void *seed)
{
    struct support_rng rng = support_rng_seeded((uint64_t)(intptr_t)seed);

    while (!atomic_load(&stop))
        use(cache, &rng, 100);
    return NULL;
}

/* A thread that is there for a moment only. */
static void *be_brief(void *seed)
{
    struct support_rng rng = support_rng_seeded((uint64_t)(intptr_t)seed);

    use(cache, &rng, 50);
    return NULL;
}

static void fork_once(void)
{
    int status = 0;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        struct support_rng rng = support_rng_seeded(1);

        alarm(120);
        use(cache, &rng, 100);
        CHECK_EQ(ctx_cache_record_stop(cache, NULL), CTX_ABSENT);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

static void check_file(const char *path, const ctx_cache_record_stats *stats)
{
    struct recorded_file file = recorded_read(path);

    CHECK(file.is_whole);
    CHECK_EQ(file.count, stats->recorded);
    CHECK_EQ(file.state.dropped, stats->dropped);
    recorded_free(&file);
    trace_file_close(path);
}

static void record_once(uint64_t seed)
{
    const char *path =
        record_to_file(cache, seed % 3 ? 0 : 0.3, seed % 2 ? 0 : CTX_CACHE_RECORD_BUFFER_MIN);
    ctx_cache_record_stats stats = CTX_CACHE_RECORD_STATS_INIT;
    struct support_rng rng = support_rng_seeded(seed);
    pthread_t brief;

    CHECK_EQ(pthread_create(&brief, NULL, be_brief, (void *)(intptr_t)seed), 0);
    use(cache, &rng, (long)support_rng_below(&rng, 2000));
    CHECK_EQ(ctx_cache_record_stats_read(cache, &stats), CTX_OK);
    if (seed % 4 == 0)
        fork_once();
    pthread_join(brief, NULL);
    stats = record_end(cache, path);
    check_file(path, &stats);
}

static void record_again_and_again(uint64_t seed, long recordings)
{
    pthread_t threads[THREADS];

    cache = cache_of(CAPACITY, tenant);
    for (uint64_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, be_busy, (void *)(intptr_t)(seed + i)), 0);
    for (long i = 0; i < recordings; i++)
        record_once(seed + (uint64_t)i);
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

/* ---- who begins and who ends, at the same time -------------------------------------------- */

static void *toggle(void *unused)
{
    ctx_cache_record_options options = CTX_CACHE_RECORD_OPTIONS_INIT;

    (void)unused;
    options.path = "/dev/null";
    options.flags = CTX_CACHE_RECORD_OVERWRITE;
    for (long i = 0; i < scaled(100); i++) {
        int r = ctx_cache_record_start(cache, &options);
        struct support_rng rng = support_rng_seeded((uint64_t)i);

        CHECK(r == CTX_OK || r == CTX_ERR_BUSY);
        use(cache, &rng, 10);
        r = ctx_cache_record_stop(cache, NULL);
        CHECK(r == CTX_OK || r == CTX_ABSENT);
    }
    return NULL;
}

static void begin_and_end_together(void)
{
    pthread_t threads[THREADS];

    cache = cache_of(CAPACITY, tenant);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, toggle, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(ctx_cache_record_stop(cache, NULL), CTX_ABSENT);
    ctx_cache_destroy(cache);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void *use_some(void *seed)
{
    struct support_rng rng = support_rng_seeded((uint64_t)(intptr_t)seed);

    use(cache, &rng, 3000);
    return NULL;
}

/* With nobody at work at its beginning and end, what is recorded and what is dropped is everything. */
static void count_everything(uint64_t seed)
{
    pthread_t threads[THREADS];
    ctx_cache_record_stats stats;
    struct recorded_file file;
    const char *path;
    uint64_t asked = 0;

    cache = cache_of(CAPACITY, tenant);
    path = record_to_file(cache, 0, seed % 2 ? 0 : CTX_CACHE_RECORD_BUFFER_MIN);
    for (uint64_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, use_some, (void *)(intptr_t)(seed + i)), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    stats = record_end(cache, path);
    file = recorded_read(path);
    for (size_t i = 0; i < file.count; i++)
        asked += file.requests[i].what != CTXI_RECORDED_PUT &&
                 file.requests[i].what != CTXI_RECORDED_DELETE;
    CHECK(asked <= stats_of(cache).calls);
    if (stats.dropped == 0)
        CHECK_EQ(asked, stats_of(cache).calls);
    CHECK_EQ(file.state.dropped, stats.dropped);
    recorded_free(&file);
    trace_file_close(path);
    ctx_cache_destroy(cache);
}

/* Destroyed while it is recorded, after many threads have used it that live on. */
static void destroy_recorded(uint64_t seed)
{
    struct support_rng rng = support_rng_seeded(seed);
    const char *path;
    struct recorded_file file;

    cache = cache_of(CAPACITY, tenant);
    path = record_to_file(cache, 0, 0);
    use(cache, &rng, 1000);
    ctx_cache_destroy(cache);
    file = recorded_read(path);
    CHECK(file.is_whole);
    CHECK(file.count >= 900);
    recorded_free(&file);
    trace_file_close(path);
}

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : getenv("CTX_TEST_CALLS");
    long recordings = text ? strtol(text, NULL, 10) : scaled(60);
    uint64_t seed = support_seed("stress_record");

    support_fork_alloc_install();
    record_again_and_again(seed, recordings);
    begin_and_end_together();
    for (uint64_t i = 0; i < (uint64_t)scaled(20); i++) {
        count_everything(seed + i);
        destroy_recorded(seed + i);
    }
    printf("stress_record: %ld recordings, each of them whole\n", recordings);
    return 0;
}
