/*
 * Configuration: what is accepted, what is refused, and that the refusal names the field.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "support/alloc.h"
#include "support/cache_kit.h"

PROBE(price);
static CTX_VAR(tenant);
static CTX_VAR(currency);

/* Refused, with a sentence that begins with the field. */
static void expect_problem(const ctx_cache_config *config, const char *field)
{
    const char *problem = ctx_cache_config_problem(config);
    ctx_cache *cache = (ctx_cache *)&cache;

    cr_assert_not_null(problem, "%s was not refused", field);
    cr_assert_eq(strncmp(problem, field, strlen(field)), 0, "\"%s\" does not begin with %s",
                 problem, field);
    cr_assert_eq(problem[strlen(field)], ':');
    cr_assert_eq(ctx_cache_new(config, &cache), CTX_ERR_INVALID);
    cr_assert_null(cache);
}

static void expect_good(const ctx_cache_config *config)
{
    const char *problem = ctx_cache_config_problem(config);
    ctx_cache *cache = NULL;

    cr_assert_null(problem, "%s", problem);
    cr_assert_eq(ctx_cache_new(config, &cache), CTX_OK);
    cr_assert_not_null(cache);
    cr_assert_eq(ask(cache, price, 1).status, CTX_OK);
    ctx_cache_destroy(cache);
}

static ctx_cache_config good_config(void)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = 10;
    return config;
}

Test(config, zero_is_a_good_default)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    expect_good(&config);
}

Test(config, null_is_refused)
{
    ctx_cache_config config = good_config();
    ctx_cache *cache = (ctx_cache *)&cache;

    cr_assert_not_null(ctx_cache_config_problem(NULL));
    cr_assert_eq(ctx_cache_new(NULL, &cache), CTX_ERR_INVALID);
    cr_assert_null(cache);
    cr_assert_eq(ctx_cache_new(&config, NULL), CTX_ERR_INVALID);
}

Test(config, a_size_below_the_first_version_is_refused)
{
    ctx_cache_config config = good_config();

    config.size = offsetof(ctx_cache_config, curve_keys) - 1;
    expect_problem(&config, "size");
    config.size = offsetof(ctx_cache_config, curve_keys) - 8;
    expect_problem(&config, "size");
    config.size = 0;
    expect_problem(&config, "size");
}

/* Of a program that was built before there were curves: what lies behind it is not looked at. */
Test(config, the_size_of_the_first_version_is_accepted)
{
    ctx_cache_config config = good_config();

    config.size = offsetof(ctx_cache_config, curve_keys);
    config.curve_keys = UINT32_MAX;
    config.curve_rate = 17;
    expect_good(&config);
}

Test(config, a_curve_has_bounds)
{
    ctx_cache_config config = good_config();

    config.curve_keys = CTX_CACHE_CURVE_KEYS_MAX;
    config.curve_partitions = CTX_CACHE_CURVE_PARTITIONS_MAX;
    config.curve_rate = 1;
    expect_good(&config);
    config.curve_keys++;
    expect_problem(&config, "curve_keys");
    config.curve_keys = 0;
    expect_problem(&config, "curve_keys");
    config.curve_rate = 0;
    expect_problem(&config, "curve_keys");
    config.curve_keys = 1;
    config.curve_partitions++;
    expect_problem(&config, "curve_partitions");
    config.curve_partitions = 0;
    expect_good(&config);
    config.curve_rate = 1.001;
    expect_problem(&config, "curve_rate");
    config.curve_rate = CTX_CACHE_CURVE_RATE_MIN;
    expect_good(&config);
    config.curve_rate = 0.99 * CTX_CACHE_CURVE_RATE_MIN;
    expect_problem(&config, "curve_rate");
    config.curve_rate = 1e-30;
    expect_problem(&config, "curve_rate");
    config.curve_rate = -0.1;
    expect_problem(&config, "curve_rate");
    config.curve_rate = NAN;
    expect_problem(&config, "curve_rate");
}

struct newer_config {
    ctx_cache_config config;
    uint64_t tail[2];
};

Test(config, a_newer_struct_with_a_zero_tail_is_accepted)
{
    struct newer_config newer = {good_config(), {0, 0}};

    newer.config.size = sizeof newer;
    expect_good(&newer.config);
}

Test(config, a_newer_struct_that_asks_for_more_is_refused)
{
    struct newer_config newer = {good_config(), {0, 1}};

    newer.config.size = sizeof newer;
    expect_problem(&newer.config, "size");
    newer.tail[1] = (uint64_t)1 << 63;
    expect_problem(&newer.config, "size");
}

Test(config, a_name_has_up_to_63_bytes)
{
    ctx_cache_config config = good_config();
    char name[65];
    ctx_cache *cache;

    memset(name, 'n', sizeof name);
    name[64] = 0;
    config.name = name;
    expect_problem(&config, "name");
    name[63] = 0;
    cache = cache_with(&config);
    name[0] = 'x';
    cr_assert_eq(strlen(ctx_cache_name(cache)), 63);
    cr_assert_eq(ctx_cache_name(cache)[0], 'n');
    ctx_cache_destroy(cache);
}

Test(config, the_name_is_cache_by_default)
{
    ctx_cache *cache = cache_of(1, NULL);

    cr_assert_str_eq(ctx_cache_name(cache), "cache");
    ctx_cache_destroy(cache);
}

Test(config, a_capacity_in_bytes_has_a_least)
{
    ctx_cache_config config = good_config();

    config.capacity_bytes = CTX_CACHE_BYTES_MIN - 1;
    expect_problem(&config, "capacity_bytes");
    config.capacity_bytes = 1;
    expect_problem(&config, "capacity_bytes");
    config.capacity_bytes = CTX_CACHE_BYTES_MIN;
    expect_good(&config);
}

Test(config, vary_must_be_whole)
{
    ctx_cache_config config = good_config();
    ctx_var *vary[17];

    config.vary_count = 1;
    expect_problem(&config, "vary");
    for (int i = 0; i < 17; i++)
        vary[i] = tenant;
    config.vary = vary;
    config.vary_count = 0;
    expect_problem(&config, "vary_count");
    config.vary_count = 17;
    expect_problem(&config, "vary_count");
    config.vary_count = SIZE_MAX;
    expect_problem(&config, "vary_count");
    config.vary_count = 2;
    expect_problem(&config, "vary");
    vary[1] = NULL;
    expect_problem(&config, "vary");
}

Test(config, ignore_must_be_whole)
{
    ctx_cache_config config = good_config();
    ctx_var *vary[] = {tenant}, *ignore[17];

    config.ignore_count = 1;
    expect_problem(&config, "ignore");
    for (int i = 0; i < 17; i++)
        ignore[i] = currency;
    config.ignore = ignore;
    config.ignore_count = 17;
    expect_problem(&config, "ignore_count");
    config.ignore_count = 1;
    expect_good(&config);
    ignore[0] = NULL;
    expect_problem(&config, "ignore");
    ignore[0] = tenant;
    config.vary = vary;
    config.vary_count = 1;
    expect_problem(&config, "ignore");
}

Test(config, unknown_modes_and_flags_are_refused)
{
    ctx_cache_config config = good_config();

    config.unset = 3;
    expect_problem(&config, "unset");
    config.unset = 0;
    config.audit = 3;
    expect_problem(&config, "audit");
    config.audit = 0;
    config.flags = 16;
    expect_problem(&config, "flags");
    config.flags = UINT32_MAX;
    expect_problem(&config, "flags");
    config.flags = 15;
    expect_good(&config);
    config.reserved = 1;
    expect_problem(&config, "reserved");
}

Test(config, a_key_limit_beyond_reason_is_refused)
{
    ctx_cache_config config = good_config();

    config.key_limit = UINT64_MAX;
    expect_problem(&config, "key_limit");
}

Test(config, an_allocator_must_be_whole)
{
    ctx_cache_config config = good_config();
    struct support_alloc counted;

    support_alloc_init(&counted);
    config.allocator = &counted.allocator;
    expect_good(&config);
    cr_assert_eq(atomic_load(&counted.live_blocks), 0);
    counted.allocator.size = 0;
    expect_problem(&config, "allocator");
    counted.allocator.size = sizeof(ctx_allocator);
    counted.allocator.release = NULL;
    expect_problem(&config, "allocator");
    support_alloc_init(&counted);
    counted.allocator.allocate = NULL;
    expect_problem(&config, "allocator");
}

Test(config, the_process_allocator_must_be_whole)
{
    struct support_alloc counted;

    support_alloc_init(&counted);
    counted.allocator.release = NULL;
    cr_assert_eq(ctx_set_allocator(&counted.allocator), CTX_ERR_INVALID);
    support_alloc_init(&counted);
    counted.allocator.allocate = NULL;
    cr_assert_eq(ctx_set_allocator(&counted.allocator), CTX_ERR_INVALID);
    support_alloc_init(&counted);
    counted.allocator.size = sizeof(ctx_allocator) - 1;
    cr_assert_eq(ctx_set_allocator(&counted.allocator), CTX_ERR_INVALID);
    cr_assert_eq(ctx_set_allocator(NULL), CTX_OK);
}

Test(config, all_memory_comes_from_the_allocator_given)
{
    ctx_cache_config config = good_config();
    struct support_alloc counted;
    ctx_cache *cache;

    support_alloc_init(&counted);
    config.allocator = &counted.allocator;
    cache = cache_with(&config);
    for (int i = 0; i < 100; i++)
        ask(cache, price, i);
    cr_assert_gt(atomic_load(&counted.live_bytes), 10 * sizeof(int64_t));
    ctx_cache_destroy(cache);
    cr_assert_eq(atomic_load(&counted.live_bytes), 0);
}

Test(config, a_struct_of_the_callers_may_end)
{
    ctx_cache *cache;
    {
        struct support_alloc *counted = malloc(sizeof *counted);
        ctx_allocator *allocator = malloc(sizeof *allocator);
        ctx_cache_config *config = malloc(sizeof *config);

        support_alloc_init(counted);
        *allocator = counted->allocator;
        *config = good_config();
        config->allocator = allocator;
        cache = cache_with(config);
        memset(allocator, 0xa5, sizeof *allocator);
        memset(config, 0xa5, sizeof *config);
        free(allocator);
        free(config);
        for (int i = 0; i < 100; i++)
            ask(cache, price, i);
        ctx_cache_destroy(cache);
        cr_assert_eq(atomic_load(&counted->live_bytes), 0);
        free(counted);
    }
}

Test(config, destroying_nothing_is_allowed)
{
    ctx_cache_destroy(NULL);
}
