/*
 * Statistics: each field in a scenario of its own, and the equations after every step.
 */
#include <criterion/criterion.h>
#include <stddef.h>

#include "support/cache_kit.h"
#include "support/clock.h"
#include "support/hash_bits.h"

PROBE(price);
static CTX_VAR(tenant);
static CTX_VAR(locale);
static struct fake_clock now;

static ctx_cache *cache;

static void setup(void)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;

    config.capacity_entries = 5;
    config.vary = &vary;
    config.vary_count = 1;
    config.clock = fake_clock_read;
    config.clock_user = &now;
    config.key_limit = 200;
    cache = cache_with(&config);
    ctx_set(tenant, "acme");
}

static void teardown(void)
{
    ctx_cache_destroy(cache);
}

TestSuite(stats, .init = setup, .fini = teardown);

/* How a load is to go, by the first argument. */
enum plan { GO_WELL, FAIL, NO_STORE, READ_LOCALE, CHANGE_TENANT, CLEAR, BE_NEGATIVE, TAKE_TIME };

static int follow_plan(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                       size_t count)
{
    ctx_value v;

    (void)count;
    probe->negative = args[0].as.i64 == BE_NEGATIVE;
    switch ((enum plan)args[0].as.i64) {
    case FAIL:
        return 5;
    case NO_STORE:
        ctx_cache_load_no_store(load);
        break;
    case READ_LOCALE:
        ctx_get(locale, &v);
        break;
    case CHANGE_TENANT:
        ctx_set(tenant, "bolt");
        break;
    case CLEAR:
        ctx_cache_clear(cache);
        break;
    case TAKE_TIME:
        fake_clock_advance(&now, 1000);
        break;
    case GO_WELL:
    case BE_NEGATIVE:
        break;
    }
    return CTX_OK;
}

static void go(enum plan plan, int key)
{
    price_probe.during = follow_plan;
    ask(cache, price, (int64_t)plan, key);
    ctx_set(tenant, "acme");
    check_sums(cache);
}

Test(stats, begin_at_zero)
{
    ctx_cache_stats s = stats_of(cache);

    cr_assert_eq(s.calls, 0);
    cr_assert_eq(s.entries, 0);
    cr_assert_eq(s.partitions, 0);
    cr_assert_gt(s.bytes, 0);
    check_sums(cache);
}

Test(stats, count_each_class_of_call)
{
    ctx_cache_stats s;

    go(GO_WELL, 1);
    go(GO_WELL, 1);
    go(GO_WELL, 1);
    go(FAIL, 1);
    go(FAIL, 1);
    go(BE_NEGATIVE, 1);
    go(BE_NEGATIVE, 1);
    look(cache, price, 77);
    look(cache, price, (int64_t)GO_WELL, 1);
    s = stats_of(cache);
    cr_assert_eq(s.calls, 9);
    cr_assert_eq(s.hits, 4);
    cr_assert_eq(s.negative_hits, 1);
    cr_assert_eq(s.misses, 5);
    cr_assert_eq(s.absent, 1);
    cr_assert_eq(s.loads_ok, 2);
    cr_assert_eq(s.loads_failed, 2);
    cr_assert_eq(s.stored, 2);
    cr_assert_eq(s.entries, 2);
    check_sums(cache);
}

Test(stats, count_why_results_were_not_stored)
{
    ctx_cache_stats s;

    go(NO_STORE, 1);
    go(READ_LOCALE, 1);
    go(READ_LOCALE, 1);
    go(CHANGE_TENANT, 1);
    go(CLEAR, 1);
    s = stats_of(cache);
    cr_assert_eq(s.not_stored_no_store, 1);
    cr_assert_eq(s.not_stored_undeclared, 2);
    cr_assert_eq(s.undeclared_reads, 2);
    cr_assert_eq(s.not_stored_changed, 1);
    cr_assert_eq(s.not_stored_fenced, 1);
    cr_assert_eq(s.not_stored_too_large, 0);
    cr_assert_eq(s.loads_ok, 5);
    cr_assert_eq(s.stored, 0);
}

Test(stats, count_a_pass_through_as_too_large)
{
    ctx_cache_resize(cache, 0, 0);
    go(GO_WELL, 1);
    cr_assert_eq(stats_of(cache).not_stored_too_large, 1);
    cr_assert_eq(stats_of(cache).loads_ok, 1);
}

Test(stats, sum_the_time_of_loads)
{
    go(TAKE_TIME, 1);
    go(TAKE_TIME, 2);
    go(TAKE_TIME, 2);
    cr_assert_eq(stats_of(cache).load_ns, 2000);
    cr_assert_eq(partition_of(cache).load_ns, 2000);
}

Test(stats, count_causes_of_leaving)
{
    ctx_cache_stats s;

    for (int key = 1; key <= 7; key++)
        go(GO_WELL, key);
    ctx_cache_invalidate(cache, price, (int64_t)GO_WELL, 7);
    ctx_cache_put(cache, price, "", 0, (int64_t)GO_WELL, 6);
    ctx_cache_clear(cache);
    check_sums(cache);
    s = stats_of(cache);
    cr_assert_eq(s.evicted, 2);
    cr_assert_eq(s.invalidated, 1);
    cr_assert_eq(s.replaced, 1);
    cr_assert_eq(s.cleared, 4);
    cr_assert_eq(s.stored, 8);
    cr_assert_eq(s.entries, 0);
}

Test(stats, an_eviction_counts_for_the_partition_that_loses)
{
    go(GO_WELL, 1);
    ctx_set(tenant, "bolt");
    for (int key = 1; key <= 5; key++)
        ask(cache, price, (int64_t)GO_WELL, key);
    cr_assert_eq(partition_of(cache).evicted, 0);
    cr_assert_eq(partition_of(cache).entries, 5);
    ctx_set(tenant, "acme");
    cr_assert_eq(partition_of(cache).evicted, 1);
    cr_assert_eq(partition_of(cache).entries, 0);
    check_sums(cache);
}

Test(stats, count_refused_calls)
{
    char text[300];

    memset(text, 'x', sizeof text);
    ask(cache, price, ctx_bytes(text, sizeof text));
    look(cache, price, ctx_bytes(text, sizeof text));
    cr_assert_eq(stats_of(cache).refused, 2);
    cr_assert_eq(stats_of(cache).calls, 2);
    check_equations(cache);
}

Test(stats, a_caller_without_a_cache_is_nobodys_call)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    cr_assert_eq(ctx_cache_call_v(cache, price, NULL, 0, NULL, NULL, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_call_v(cache, NULL, NULL, 0, NULL, &ref, NULL), CTX_ERR_INVALID);
    check_equations(cache);
}

Test(stats, partitions_are_told_apart)
{
    ctx_cache_stats acme, bolt;

    go(GO_WELL, 1);
    ctx_set(tenant, "bolt");
    ask(cache, price, (int64_t)GO_WELL, 1);
    ask(cache, price, (int64_t)GO_WELL, 1);
    bolt = partition_of(cache);
    ctx_set(tenant, "acme");
    acme = partition_of(cache);
    cr_assert_eq(acme.calls, 1);
    cr_assert_eq(bolt.calls, 2);
    cr_assert_eq(bolt.hits, 1);
    cr_assert_eq(acme.partitions, 1);
    cr_assert_gt(acme.bytes, 0);
    cr_assert_eq(stats_of(cache).partitions, 2);
    check_sums(cache);
}

/* ---- memory -------------------------------------------------------------------------------- */

static ctx_cache_memory_use memory_of(ctx_cache *of)
{
    ctx_cache_memory_use use = CTX_CACHE_MEMORY_INIT;

    cr_assert_eq(ctx_cache_memory(of, &use), CTX_OK);
    cr_assert_eq(use.total, use.keys + use.values + use.adopted + use.headers + use.recency +
                                use.index + use.partitions + use.free + use.fixed + use.waiting +
                                use.curve);
    cr_assert_lt(use.total, UINT64_C(1) << 40); /* nothing below zero */
    return use;
}

Test(memory_use, says_where_the_bytes_are)
{
    ctx_cache *of = cache_of(100000, NULL);
    ctx_cache_memory_use empty = memory_of(of), full;
    int64_t value[8] = {0};

    for (int64_t key = 0; key < 5000; key++)
        cr_assert_eq(ctx_cache_put(of, price, value, sizeof value, key), CTX_OK);
    full = memory_of(of);
    cr_assert_eq(empty.count, 0);
    cr_assert_eq(full.count, 5000);
    cr_assert_eq(full.values, 5000 * sizeof value);
    cr_assert_eq(full.keys, 5000 * 24);
    cr_assert_eq(full.recency, 5000 * 8);
    cr_assert_lt(full.headers, 5000 * 10);
    if (hash_bits() >= 16) /* else all entries are behind one bucket, and the others empty */
        cr_assert_lt(full.index, 5000 * 22);
    ctx_cache_destroy(of);
}

Test(memory_use, filled_and_cleared_a_hundred_times_a_cache_does_not_grow)
{
    ctx_cache *of = cache_of(100000, NULL);
    uint64_t once = 0;

    for (int round = 0; round < 100; round++) {
        for (int64_t key = 0; key < 500; key++)
            cr_assert_eq(ctx_cache_put(of, price, &key, sizeof key, key), CTX_OK);
        if (round == 1)
            once = memory_of(of).total;
        cr_assert_leq(memory_of(of).total, once ? once + once / 10 : UINT64_MAX);
        cr_assert_eq(ctx_cache_clear(of), CTX_OK);
    }
    cr_assert_lt(memory_of(of).total, once / 2);
    ctx_cache_destroy(of);
}

/* Of a program that was built before there were curves. */
Test(memory_use, the_struct_of_the_first_version_is_filled)
{
    ctx_cache *of = cache_of(10, NULL);
    ctx_cache_memory_use use = CTX_CACHE_MEMORY_INIT;

    use.size = offsetof(ctx_cache_memory_use, curve);
    use.curve = 17;
    cr_assert_eq(ctx_cache_memory(of, &use), CTX_OK);
    cr_assert_eq(use.total, memory_of(of).total);
    cr_assert_eq(use.curve, 17, "what lies behind it is not written");
    ctx_cache_destroy(of);
}

Test(memory_use, of_nothing_is_refused)
{
    ctx_cache *of = cache_of(10, NULL);
    ctx_cache_memory_use use = CTX_CACHE_MEMORY_INIT;

    cr_assert_eq(ctx_cache_memory(NULL, &use), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_memory(of, NULL), CTX_ERR_INVALID);
    use.size = 8;
    cr_assert_eq(ctx_cache_memory(of, &use), CTX_ERR_INVALID);
    ctx_cache_destroy(of);
}
