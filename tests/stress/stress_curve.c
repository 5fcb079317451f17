/*
 * A curve that is kept while threads hit, miss, put and invalidate is that of the requests that there were,
 * whoever reads it meanwhile, retires partitions, or destroys the cache: requests are all counted, none
 * of a partition is counted for another, and what is read is a curve.
 */
#include <stdio.h>

#include "support/barrier.h"
#include "support/cache_kit.h"
#include "support/check.h"
#include "support/hash_bits.h"
#include "support/rng.h"
#include "support/scale.h"

enum { THREADS = 4, KEYS = 300, TENANTS = 6, WATCHED = 3 };

PROBE(price);
static CTX_VAR(tenant);
static ctx_cache *cache;
static struct support_barrier start;
static _Atomic int at_work;

static void make_cache(double rate, bool in_bytes)
{
    ctx_var *vary = tenant;
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = in_bytes ? 0 : 100;
    config.capacity_bytes = in_bytes ? 24 << 10 : 0;
    config.vary = &vary;
    config.vary_count = 1;
    config.curve_keys = 500; /* fewer than there are: the threshold falls */
    config.curve_rate = rate;
    config.curve_partitions = WATCHED;
    cache = cache_with(&config);
}

/* ---- reading ------------------------------------------------------------------------------ */

static ctx_cache_curve_facts check_one(const ctx_cache_curve *curve, size_t which)
{
    static const size_t most = 64;
    ctx_cache_point points[64];
    ctx_cache_curve_facts facts = CTX_CACHE_CURVE_FACTS_INIT;
    size_t count = ctx_cache_curve_points(curve, which, points, most);
    double before = 0;

    CHECK_EQ(ctx_cache_curve_describe(curve, which, &facts), CTX_OK);
    for (size_t i = 0; i < count && i < most; i++) {
        CHECK(points[i].hit_ratio >= before && points[i].hit_ratio <= facts.ceiling);
        CHECK(points[i].low <= points[i].hit_ratio && points[i].hit_ratio <= points[i].high);
        before = points[i].hit_ratio;
    }
    return facts;
}

static uint64_t read_curves(void)
{
    ctx_cache_curve *curve;
    ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
    ctx_cache_split split = CTX_CACHE_SPLIT_INIT;
    uint64_t requests, sum = 0;

    CHECK_EQ(ctx_cache_curve_read(cache, &curve), CTX_OK);
    requests = check_one(curve, 0).requests;
    for (size_t i = 1; i < ctx_cache_curve_count(curve); i++)
        sum += check_one(curve, i).requests;
    CHECK(sum <= requests);
    CHECK(ctx_cache_advise(curve, &advice) >= CTX_OK);
    CHECK(ctx_cache_quotas(curve, 100, NULL, 0, &split) >= CTX_OK);
    ctx_cache_curve_free(curve);
    return requests;
}

/* ---- working ------------------------------------------------------------------------------ */

static void work(struct support_rng *rng, int64_t turn)
{
    ctx_value key = ctx_i64((int64_t)support_rng_below(rng, 1 + support_rng_below(rng, KEYS)));

    switch (support_rng_below(rng, 200)) {
    case 0:
        put_serial(cache, price, key.as.i64, turn + 1);
        break;
    case 1:
        ctx_cache_invalidate(cache, price, key.as.i64);
        break;
    case 2:
        look(cache, price, key.as.i64);
        break;
    default:
        CHECK_EQ(ask_v(cache, price, &key, 1).status, CTX_OK);
    }
}

static void *work_much(void *seed)
{
    struct support_rng rng = support_rng_seeded((uintptr_t)seed);
    long rounds = scaled(300);

    support_barrier_wait(&start);
    for (long i = 0; i < rounds; i++) {
        CTX_SCOPED(tenant, (int64_t)support_rng_below(&rng, TENANTS));
        for (int64_t turn = 0; turn < 200; turn++)
            work(&rng, turn);
    }
    atomic_fetch_sub(&at_work, 1);
    return NULL;
}

/* Until nobody works any more; now and then a tenant ends. */
static void *disturb(void *unused)
{
    uint64_t before = 0;

    support_barrier_wait(&start);
    for (int64_t i = 0; atomic_load(&at_work) > 0; i++) {
        uint64_t requests = read_curves();

        CHECK(requests >= before);
        before = requests;
        CTX_SCOPED(tenant, i % TENANTS);
        if (i % 5 == 0)
            CHECK_EQ(ctx_cache_retire_partition(cache), CTX_OK);
        else if (i % 5 == 1)
            CHECK_EQ(ctx_cache_invalidate_partition(cache), CTX_OK);
        else if (i % 29 == 2)
            CHECK_EQ(ctx_cache_clear(cache), CTX_OK);
    }
    return unused;
}

static uint64_t run(double rate, bool in_bytes, uint64_t seed)
{
    pthread_t threads[THREADS + 1];
    ctx_cache_stats stats;
    uint64_t requests;

    make_cache(rate, in_bytes);
    atomic_store(&at_work, THREADS);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, work_much, (void *)(uintptr_t)(seed + i)), 0);
    CHECK_EQ(pthread_create(&threads[THREADS], NULL, disturb, NULL), 0);
    for (int i = 0; i <= THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    requests = read_curves();
    stats = stats_of(cache);
    CHECK_EQ(requests, stats.hits + stats.misses + stats.joined - stats.timeouts);
    check_equations(cache);
    ctx_cache_destroy(cache);
    return requests;
}

int main(void)
{
    uint64_t seed = support_seed("stress_curve"), requests = 0;

    support_barrier_init(&start, THREADS + 1);
    for (int i = 0; i < 2; i++) {
        requests += run(1, i % 2 == 0, seed + 10u * (unsigned)i);
        requests += run(0.1, i % 2 != 0, seed + 10u * (unsigned)i + 5);
    }
    support_barrier_fini(&start);
    printf("stress_curve: %llu requests, all in the curve\n", (unsigned long long)requests);
    return 0;
}
