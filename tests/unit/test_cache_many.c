/*
 * Batches: results, statistics and order of use are those of the calls one after another, whatever is
 * there, whatever fails, and whoever loads what is missing.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "support/alloc.h"
#include "support/cache_kit.h"
#include "support/check.h"
#include "support/rng.h"
#include "support/scale.h"

#define KEYS  60
#define BATCH 40
#define WIDTH sizeof(struct result)

static CTX_VAR(tenant);
static CTX_VAR(other);

/* What the function comes to: it bears who it is for. */
struct result {
    int64_t key;
    char tenant[16];
};

static int loads, bulk_loads;

static struct result result_of(int64_t key)
{
    struct result result = {key, ""};
    const char *name;

    cr_assert_eq(ctx_get_string(tenant, &name), CTX_OK);
    snprintf(result.tenant, sizeof result.tenant, "%s", name);
    return result;
}

/* Some keys fail, and some have no value. */
static int give(ctx_cache_load *load, int64_t key)
{
    struct result result = result_of(key);

    if (key % 13 == 5)
        return -7;
    if (key % 11 == 3) {
        ctx_cache_load_negative(load);
        return CTX_OK;
    }
    return ctx_cache_load_copy(load, &result, sizeof result);
}

static int load_one(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)count, (void)user;
    loads++;
    return give(load, args[0].as.i64);
}

static CTX_CACHE_FN(thing, load_one);

static int load_many(ctx_cache_load *const *load, const ctx_value *const *args, size_t arg_count,
                     size_t count, void *user)
{
    (void)user;
    cr_assert_eq(arg_count, 1);
    bulk_loads++;
    for (size_t i = 0; i < count; i++) {
        int r = give(load[i], args[i][0].as.i64);

        loads++;
        for (size_t j = 0; j < i; j++)
            cr_assert_neq(args[i][0].as.i64, args[j][0].as.i64, "one key twice");
        if (r != CTX_OK)
            ctx_cache_load_fail(load[i], r);
    }
    return CTX_OK;
}

static ctx_cache_options bulk(ctx_cache_bulk_loader *loader)
{
    ctx_cache_options options = CTX_CACHE_OPTIONS_INIT;

    options.bulk_loader = loader;
    return options;
}

/* ---- against calls one after another ------------------------------------------------------- */

/* The same calls in two caches. */
static ctx_cache *batched, *single;

static void setup(void)
{
    batched = cache_of(25, tenant);
    single = cache_of(25, tenant);
    ctx_set(tenant, "acme");
}

static void teardown(void)
{
    check_equations(batched);
    ctx_cache_destroy(batched);
    ctx_cache_destroy(single);
}

TestSuite(many, .init = setup, .fini = teardown);

static void expect_same_contents(void)
{
    ctx_cache_stats a = stats_of(batched), b = stats_of(single);

    cr_assert_eq(a.calls, b.calls);
    cr_assert_eq(a.hits, b.hits);
    cr_assert_eq(a.misses, b.misses);
    cr_assert_eq(a.negative_hits, b.negative_hits);
    cr_assert_eq(a.evicted, b.evicted);
    cr_assert_eq(a.loads_failed, b.loads_failed);
    cr_assert_eq(a.entries, b.entries);
    for (int64_t key = 0; key < KEYS; key++) {
        ctx_cache_ref x = CTX_CACHE_REF_INIT, y = CTX_CACHE_REF_INIT;

        cr_assert_eq(ctx_cache_peek(batched, thing, &x, key),
                     ctx_cache_peek(single, thing, &y, key), "key %d", (int)key);
        ctx_cache_ref_release(&x);
        ctx_cache_ref_release(&y);
    }
}

/* One batch, by refs or by copies. */
static void compare(const int64_t *keys, size_t count, const ctx_cache_options *options, bool refs)
{
    struct result copies[BATCH], expected;
    ctx_cache_ref held[BATCH];
    ctx_value args[BATCH];
    int statuses[BATCH], first = CTX_OK, r;

    for (size_t i = 0; i < count; i++)
        args[i] = ctx_i64(keys[i]);
    r = refs ? ctx_cache_call_many_v(batched, thing, args, 1, count, options, held, statuses)
             : ctx_cache_call_many_copy_v(batched, thing, args, 1, count, options, copies, WIDTH,
                                          statuses);
    for (size_t i = 0; i < count; i++) {
        int status =
            ctx_cache_call_copy_v(single, thing, &args[i], 1, NULL, &expected, WIDTH, NULL);

        cr_assert_eq(statuses[i], status, "call %zu of key %d", i, (int)keys[i]);
        if (first == CTX_OK && status != CTX_ABSENT)
            first = status;
        if (status == CTX_OK)
            cr_assert_eq(memcmp(refs ? held[i].data : &copies[i], &expected, WIDTH), 0);
        if (refs) {
            cr_assert_eq(held[i].data != NULL, status == CTX_OK);
            ctx_cache_ref_release(&held[i]);
        }
    }
    cr_assert_eq(r, first);
}

static void compare_at_random(const ctx_cache_options *options)
{
    struct support_rng rng = support_rng_seeded(support_seed("many"));
    static const char *const names[] = {"acme", "bolt"};

    for (int64_t round = 0; round < scaled(2000); round++) {
        int64_t keys[BATCH];
        size_t count = support_rng_below(&rng, BATCH + 1);

        for (size_t i = 0; i < count; i++)
            keys[i] = (int64_t)support_rng_below(&rng, KEYS);
        ctx_set(tenant, names[support_rng_below(&rng, 2)]);
        compare(keys, count, options, round % 2);
        if (round % 20 == 0)
            expect_same_contents();
        if (round % 100 == 50) {
            ctx_cache_invalidate_partition(batched);
            ctx_cache_invalidate_partition(single);
        }
    }
    expect_same_contents();
}

Test(many, are_like_one_after_another, .timeout = 60)
{
    compare_at_random(NULL);
}

Test(many, are_like_one_after_another_with_a_bulk_loader, .timeout = 60)
{
    ctx_cache_options options = bulk(load_many);

    compare_at_random(&options);
    cr_assert_gt(bulk_loads, 0);
}

Test(many, all_that_is_missing_is_loaded_at_once)
{
    const int64_t keys[] = {0, 1, 2, 1, 4, 0};
    ctx_cache_options options = bulk(load_many);

    compare(keys, 6, &options, true);
    cr_assert_eq(bulk_loads, 1);
    compare(keys, 6, &options, false);
    cr_assert_eq(bulk_loads, 1);
    cr_assert_eq(stats_of(batched).misses, 4);
    cr_assert_eq(stats_of(batched).hits, 8);
}

/* ---- what a bulk loader may do ------------------------------------------------------------- */

static int fail_all(ctx_cache_load *const *load, const ctx_value *const *args, size_t arg_count,
                    size_t count, void *user)
{
    (void)arg_count, (void)user;
    return count > 1 ? give(load[0], args[0][0].as.i64) == CTX_OK ? -9 : -8 : -9;
}

Test(many, a_bulk_loader_that_fails_fails_those_without_a_value)
{
    const ctx_value args[] = {ctx_i64(1), ctx_i64(2), ctx_i64(4)};
    ctx_cache_options options = bulk(fail_all);
    struct result results[3];
    int statuses[3];

    cr_assert_eq(ctx_cache_call_many_copy_v(batched, thing, args, 1, 3, &options, results, WIDTH,
                                            statuses),
                 -9);
    cr_assert_eq(statuses[0], CTX_OK);
    cr_assert_eq(statuses[1], -9);
    cr_assert_eq(statuses[2], -9);
    cr_assert_eq(stats_of(batched).entries, 1);
}

static int give_nothing(ctx_cache_load *const *load, const ctx_value *const *args, size_t arg_count,
                        size_t count, void *user)
{
    (void)load, (void)args, (void)arg_count, (void)count, (void)user;
    return CTX_OK;
}

Test(many, a_bulk_loader_that_gives_nothing_is_found_out)
{
    const ctx_value args[] = {ctx_i64(1), ctx_i64(2)};
    ctx_cache_options options = bulk(give_nothing);
    struct result results[2];
    int statuses[2];

    cr_assert_eq(ctx_cache_call_many_copy_v(batched, thing, args, 1, 2, &options, results, WIDTH,
                                            statuses),
                 CTX_ERR_NO_VALUE);
    cr_assert_eq(statuses[1], CTX_ERR_NO_VALUE);
    cr_assert_eq(stats_of(batched).entries, 0);
}

static int read_other(ctx_cache_load *const *load, const ctx_value *const *args, size_t arg_count,
                      size_t count, void *user)
{
    int64_t ignored;

    (void)ctx_get_i64(other, &ignored);
    return load_many(load, args, arg_count, count, user);
}

Test(many, an_undeclared_read_keeps_all_of_them_out)
{
    const ctx_value args[] = {ctx_i64(1), ctx_i64(2)};
    ctx_cache_options options = bulk(read_other);
    struct result results[2];

    ctx_set(other, (int64_t)1);
    cr_assert_eq(ctx_cache_call_many_copy_v(batched, thing, args, 1, 2, &options, results, WIDTH,
                                            NULL),
                 CTX_OK);
    cr_assert_eq(results[1].key, 2);
    cr_assert_eq(stats_of(batched).entries, 0);
    cr_assert_eq(stats_of(batched).not_stored_undeclared, 2);
}

static int switch_tenant(ctx_cache_load *const *load, const ctx_value *const *args,
                         size_t arg_count, size_t count, void *user)
{
    int r = load_many(load, args, arg_count, count, user);

    ctx_set(tenant, "bolt");
    return r;
}

Test(many, a_tenant_changed_while_loading_is_not_stored)
{
    const ctx_value args[] = {ctx_i64(1), ctx_i64(2)};
    ctx_cache_options options = bulk(switch_tenant);
    struct result results[2];

    ctx_cache_call_many_copy_v(batched, thing, args, 1, 2, &options, results, WIDTH, NULL);
    cr_assert_eq(stats_of(batched).entries, 0);
    cr_assert_eq(stats_of(batched).not_stored_changed, 2);
    cr_assert_str_eq(results[0].tenant, "acme");
}

/* A loader that changes the tenant in the middle of a batch: the rest is for the new one. */
static int load_and_switch(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    int r = load_one(load, args, count, user);

    if (args[0].as.i64 == 2)
        ctx_set(tenant, "bolt");
    return r;
}

static CTX_CACHE_FN(switching, load_and_switch);

Test(many, no_answer_of_the_old_tenant_after_a_change_within_the_batch)
{
    const ctx_value args[] = {ctx_i64(1), ctx_i64(2), ctx_i64(1), ctx_i64(4)};
    struct result results[4];

    cr_assert_eq(ctx_cache_call_many_copy_v(batched, switching, args, 1, 4, NULL, results, WIDTH,
                                            NULL),
                 CTX_OK);
    cr_assert_str_eq(results[0].tenant, "acme");
    cr_assert_str_eq(results[2].tenant, "bolt");
    cr_assert_str_eq(results[3].tenant, "bolt");
}

/* ---- bad input ----------------------------------------------------------------------------- */

Test(many, nothing_is_nothing)
{
    cr_assert_eq(ctx_cache_call_many_copy_v(batched, thing, NULL, 1, 0, NULL, NULL, 8, NULL),
                 CTX_OK);
    cr_assert_eq(ctx_cache_call_many_v(batched, thing, NULL, 1, 0, NULL, NULL, NULL), CTX_OK);
}

Test(many, bad_arguments_are_refused)
{
    const ctx_value args[32] = {ctx_i64(1)};
    ctx_cache_ref refs[2];
    ctx_cache_options options = CTX_CACHE_OPTIONS_INIT;
    int statuses[2], buffer[2];

    cr_assert_eq(ctx_cache_call_many_v(NULL, thing, args, 1, 2, NULL, refs, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_call_many_v(batched, NULL, args, 1, 2, NULL, refs, NULL),
                 CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_call_many_v(batched, thing, NULL, 1, 2, NULL, refs, NULL),
                 CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_call_many_v(batched, thing, args, 1, 2, NULL, NULL, NULL),
                 CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_call_many_copy_v(batched, thing, args, 1, 2, NULL, NULL, 4, NULL),
                 CTX_ERR_INVALID);
    options.size = 1;
    cr_assert_eq(ctx_cache_call_many_copy_v(batched, thing, args, 1, 2, &options, buffer, 4, NULL),
                 CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_call_many_copy_v(batched, thing, args, 17, 1, NULL, buffer, 4, statuses),
                 CTX_ERR_LIMIT);
    cr_assert_eq(statuses[0], CTX_ERR_LIMIT);
    cr_assert_eq(ctx_cache_call_many_copy_v(batched, thing, args, 1, 1, NULL, buffer, 4, statuses),
                 CTX_ERR_TYPE);
}

Test(many, an_unset_tenant_fails_closed)
{
    const ctx_value args[] = {ctx_i64(1), ctx_i64(2)};
    ctx_context *empty = NULL;
    struct result results[2];
    int statuses[2];

    cr_assert_eq(ctx_context_new(&empty), CTX_OK);
    {
        ctx_context *before = NULL;

        cr_assert_eq(ctx_swap(empty, &before), CTX_OK);
        cr_assert_eq(ctx_cache_call_many_copy_v(batched, thing, args, 1, 2, NULL, results, WIDTH,
                                                statuses),
                     CTX_ERR_UNSET);
        cr_assert_eq(statuses[1], CTX_ERR_UNSET);
        cr_assert_eq(ctx_swap(before, &empty), CTX_OK);
        ctx_context_unref(empty);
    }
    cr_assert_eq(loads, 0);
}
