/*
 * What a call says of itself, its options, and bad input of every kind.
 */
#include <criterion/criterion.h>

#include "support/cache_kit.h"
#include "support/clock.h"

PROBE(price);
static CTX_VAR(tenant);

static ctx_cache *cache;

static void setup(void)
{
    cache = cache_of(10, NULL);
}

static void teardown(void)
{
    check_equations(cache);
    ctx_cache_destroy(cache);
}

TestSuite(info, .init = setup, .fini = teardown);

/* ---- outcomes ----------------------------------------------------------------------------- */

Test(info, a_miss_then_a_hit)
{
    struct answer a = ask(cache, price, 1);

    cr_assert_eq(a.info.size, sizeof a.info);
    cr_assert_eq(a.info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(a.info.reason, CTX_CACHE_STORED);
    cr_assert(a.info.stored);
    cr_assert_not(a.info.negative);
    cr_assert_str_eq(a.info.variable, "");
    a = ask(cache, price, 1);
    cr_assert_eq(a.info.outcome, CTX_CACHE_HIT);
    cr_assert(a.info.stored);
    cr_assert_eq(a.info.load_ns, 0);
}

Test(info, a_get_that_finds_nothing_is_a_miss)
{
    struct answer a = look(cache, price, 1);

    cr_assert_eq(a.status, CTX_ABSENT);
    cr_assert_eq(a.info.outcome, CTX_CACHE_MISS);
    cr_assert_not(a.info.stored);
}

static int say_no_store(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                        size_t count)
{
    (void)probe, (void)args, (void)count;
    ctx_cache_load_no_store(load);
    return CTX_OK;
}

Test(info, nothing_of_an_earlier_call_remains)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    size_t size = sizeof info;

    memset(&info, 0xff, sizeof info);
    info.size = size;
    cr_assert_eq(ctx_cache_call_info(cache, price, &ref, &info, 1), CTX_OK);
    cr_assert_eq(info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(info.reason, CTX_CACHE_STORED);
    cr_assert(info.stored);
    cr_assert_not(info.negative);
    cr_assert_str_eq(info.variable, "");
    ctx_cache_ref_release(&ref);
}

Test(info, not_storing_on_request_is_said)
{
    struct answer a;

    price_probe.during = say_no_store;
    a = ask(cache, price, 1);
    cr_assert_eq(a.status, CTX_OK);
    cr_assert_eq(a.info.reason, CTX_CACHE_NO_STORE);
    cr_assert_not(a.info.stored);
}

static int fail(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    return 3;
}

Test(info, a_failure_is_said)
{
    struct answer a;

    price_probe.during = fail;
    a = ask(cache, price, 1);
    cr_assert_eq(a.status, 3);
    cr_assert_eq(a.info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(a.info.reason, CTX_CACHE_FAILED);
    cr_assert_not(a.info.stored);
}

/* ---- options and info of other sizes ------------------------------------------------------ */

struct newer_info {
    ctx_cache_info info;
    uint64_t tail[2];
};

Test(info, a_newer_info_gets_a_zero_tail)
{
    struct newer_info newer = {CTX_CACHE_INFO_INIT, {7, 7}};
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    newer.info.size = sizeof newer;
    cr_assert_eq(ctx_cache_call_info(cache, price, &ref, &newer.info, 1), CTX_OK);
    ctx_cache_ref_release(&ref);
    cr_assert_eq(newer.info.size, sizeof newer);
    cr_assert_eq(newer.info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(newer.tail[0], 0);
    cr_assert_eq(newer.tail[1], 0);
}

Test(info, an_info_below_the_first_version_is_refused_and_not_written)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    ctx_value key = ctx_i64(1);

    info.size = sizeof info - 1;
    info.outcome = 77;
    cr_assert_eq(ctx_cache_call_info(cache, price, &ref, &info, 1), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_get_v(cache, price, &key, 1, &ref, &info), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_peek_v(cache, price, &key, 1, &ref, &info), CTX_ERR_INVALID);
    info.size = 0;
    cr_assert_eq(ctx_cache_call_info(cache, price, &ref, &info, 1), CTX_ERR_INVALID);
    cr_assert_eq(info.outcome, 77);
    cr_assert_eq(atomic_load(&price_probe.loads), 0);
}

struct newer_options {
    ctx_cache_options options;
    uint64_t tail;
};

static int call_with(const ctx_cache_options *options)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    ctx_value key = ctx_i64(1);
    int status = ctx_cache_call_v(cache, price, &key, 1, options, &ref, NULL);

    ctx_cache_ref_release(&ref);
    return status;
}

Test(info, options_of_other_sizes)
{
    struct newer_options newer = {CTX_CACHE_OPTIONS_INIT, 0};

    cr_assert_eq(call_with(NULL), CTX_OK);
    cr_assert_eq(call_with(&newer.options), CTX_OK);
    newer.options.size = sizeof newer;
    cr_assert_eq(call_with(&newer.options), CTX_OK);
    newer.tail = 1;
    cr_assert_eq(call_with(&newer.options), CTX_ERR_INVALID);
    newer.options.size = offsetof(ctx_cache_options, bulk_loader); /* the first version */
    cr_assert_eq(call_with(&newer.options), CTX_OK);
    newer.options.size--;
    cr_assert_eq(call_with(&newer.options), CTX_ERR_INVALID);
    newer.options.size = 0;
    cr_assert_eq(call_with(&newer.options), CTX_ERR_INVALID);
}

struct newer_stats {
    ctx_cache_stats stats;
    uint64_t tail;
};

Test(info, statistics_of_other_sizes)
{
    struct newer_stats newer = {CTX_CACHE_STATS_INIT, 7};

    ask(cache, price, 1);
    newer.stats.size = sizeof newer;
    cr_assert_eq(ctx_cache_stats_read(cache, &newer.stats), CTX_OK);
    cr_assert_eq(newer.stats.size, sizeof newer);
    cr_assert_eq(newer.stats.misses, 1);
    cr_assert_eq(newer.tail, 0);
    newer.tail = 7;
    cr_assert_eq(ctx_cache_partition_stats(cache, &newer.stats), CTX_OK);
    cr_assert_eq(newer.tail, 0);
    newer.stats.size = sizeof newer.stats - 1;
    cr_assert_eq(ctx_cache_stats_read(cache, &newer.stats), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_partition_stats(cache, &newer.stats), CTX_ERR_INVALID);
    newer.stats.size = 0;
    cr_assert_eq(ctx_cache_stats_read(cache, &newer.stats), CTX_ERR_INVALID);
}

/* ---- nulls -------------------------------------------------------------------------------- */

Test(info, null_where_a_pointer_is_needed_is_invalid)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    ctx_cache_stats stats = CTX_CACHE_STATS_INIT;
    ctx_value key = ctx_i64(1);
    int64_t out;

    cr_assert_eq(ctx_cache_call_v(NULL, price, &key, 1, NULL, &ref, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_call_v(cache, NULL, &key, 1, NULL, &ref, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_call_v(cache, price, NULL, 1, NULL, &ref, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_call_v(cache, price, &key, 1, NULL, NULL, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_call_copy_v(NULL, price, &key, 1, NULL, &out, sizeof out, NULL),
                 CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_call_copy_v(cache, price, &key, 1, NULL, NULL, sizeof out, NULL),
                 CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_get_v(NULL, price, &key, 1, &ref, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_get_v(cache, NULL, &key, 1, &ref, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_get_v(cache, price, NULL, 1, &ref, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_get_v(cache, price, &key, 1, NULL, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_peek_v(NULL, price, &key, 1, &ref, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_peek_v(cache, price, NULL, 1, &ref, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_put_v(NULL, price, &key, 1, "", 1, 0), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_put_v(cache, NULL, &key, 1, "", 1, 0), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_put_v(cache, price, &key, 1, NULL, 1, 0), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_put_v(cache, price, NULL, 1, "", 1, 0), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_stats_read(NULL, &stats), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_stats_read(cache, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_partition_stats(NULL, &stats), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_partition_stats(cache, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_each_partition(cache, NULL, NULL), CTX_ERR_INVALID);
    cr_assert_eq(stats_of(cache).entries, 0);
    cr_assert_eq(atomic_load(&price_probe.loads), 0);
}

static int visit_nothing(void *user, const ctx_cache_partition *partition)
{
    (void)user, (void)partition;
    return 0;
}

Test(info, each_partition_of_nothing_is_invalid)
{
    cr_assert_eq(ctx_cache_each_partition(NULL, visit_nothing, NULL), CTX_ERR_INVALID);
}

Test(info, no_arguments_need_no_array)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    cr_assert_eq(ctx_cache_call_v(cache, price, NULL, 0, NULL, &ref, NULL), CTX_OK);
    ctx_cache_ref_release(&ref);
    cr_assert_eq(ask(cache, price).info.outcome, CTX_CACHE_HIT);
    cr_assert_eq(ctx_cache_put_v(cache, price, NULL, 0, NULL, 0, 0), CTX_OK);
    cr_assert_eq(ctx_cache_invalidate_v(cache, price, NULL, 0), CTX_OK);
}

/* ---- puts --------------------------------------------------------------------------------- */

Test(info, a_put_is_found_and_is_no_call)
{
    cr_assert_eq(put_serial(cache, price, 1, 42), CTX_OK);
    cr_assert_eq(stats_of(cache).calls, 0);
    cr_assert_eq(stats_of(cache).stored, 1);
    cr_assert_eq(ask(cache, price, 1).serial, 42);
    cr_assert_eq(atomic_load(&price_probe.loads), 0);
    check_sums(cache);
}

Test(info, a_put_copies_its_bytes)
{
    int64_t serial = 5;
    ctx_value key = ctx_i64(1);

    ctx_cache_put_v(cache, price, &key, 1, &serial, sizeof serial, 0);
    serial = 6;
    cr_assert_eq(ask(cache, price, 1).serial, 5);
}

Test(info, a_put_goes_to_the_current_partition)
{
    ctx_cache *tenants = cache_of(10, tenant);

    ctx_set(tenant, "acme");
    put_serial(tenants, price, 1, 42);
    ctx_set(tenant, "bolt");
    cr_assert_eq(look(tenants, price, 1).status, CTX_ABSENT);
    put_serial(tenants, price, 1, 43);
    ctx_set(tenant, "acme");
    cr_assert_eq(look(tenants, price, 1).serial, 42);
    check_sums(tenants);
    ctx_cache_destroy(tenants);
}

/* ---- peeks leave no trace ----------------------------------------------------------------- */

Test(info, a_peek_makes_no_partition_and_counts_nothing)
{
    ctx_cache *tenants = cache_of(10, tenant);
    ctx_cache_stats s;

    for (int i = 0; i < 50; i++) {
        ctx_set(tenant, i);
        cr_assert_eq(peek(tenants, price, 1).status, CTX_ABSENT);
    }
    s = stats_of(tenants);
    cr_assert_eq(s.partitions, 0);
    cr_assert_eq(s.calls, 0);
    ctx_cache_destroy(tenants);
}

Test(info, reading_statistics_makes_no_partition)
{
    ctx_cache *tenants = cache_of(10, tenant);
    ctx_cache_stats s = CTX_CACHE_STATS_INIT;

    ctx_set(tenant, "acme");
    s.calls = 99;
    cr_assert_eq(ctx_cache_partition_stats(tenants, &s), CTX_ABSENT);
    cr_assert_eq(s.calls, 0);
    cr_assert_eq(stats_of(tenants).partitions, 0);
    ctx_cache_destroy(tenants);
}
