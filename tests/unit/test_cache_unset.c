/*
 * A partition variable that is not set: fail closed, pass by, or share, as configured.
 */
#include <criterion/criterion.h>

#include "support/cache_kit.h"

PROBE(price);
static CTX_VAR(tenant);
static CTX_VAR(currency);

static ctx_cache *cache_unset(uint32_t unset)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary[] = {tenant, currency};

    config.capacity_entries = 100;
    config.vary = vary;
    config.vary_count = 2;
    config.unset = unset;
    return cache_with(&config);
}

Test(unset, by_default_the_loader_does_not_run)
{
    ctx_cache *cache = cache_unset(CTX_CACHE_UNSET_ERROR);
    struct answer a = ask(cache, price, 1);

    cr_assert_eq(a.status, CTX_ERR_UNSET);
    cr_assert_eq(a.info.outcome, CTX_CACHE_REFUSED);
    cr_assert_not(a.info.stored);
    cr_assert_eq(atomic_load(&price_probe.loads), 0);
    cr_assert_eq(stats_of(cache).refused, 1);
    cr_assert_eq(stats_of(cache).partitions, 0);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

Test(unset, the_info_names_the_variable)
{
    ctx_cache *cache = cache_unset(CTX_CACHE_UNSET_ERROR);

    ctx_set(tenant, "acme");
    cr_assert_str_eq(ask(cache, price, 1).info.variable, "currency");
    cr_assert_str_eq(look(cache, price, 1).info.variable, "currency");
    cr_assert_str_eq(peek(cache, price, 1).info.variable, "currency");
    ctx_set(currency, "EUR");
    cr_assert_str_eq(ask(cache, price, 1).info.variable, "");
    cr_assert_str_eq(look(cache, price, 1).info.variable, "");
    ctx_cache_destroy(cache);
}

Test(unset, every_entry_point_fails_closed)
{
    ctx_cache *cache = cache_unset(CTX_CACHE_UNSET_ERROR);
    ctx_cache_stats stats = CTX_CACHE_STATS_INIT;

    ctx_set(tenant, "acme");
    cr_assert_eq(look(cache, price, 1).status, CTX_ERR_UNSET);
    cr_assert_eq(peek(cache, price, 1).status, CTX_ERR_UNSET);
    cr_assert_eq(put_serial(cache, price, 1, 5), CTX_ERR_UNSET);
    cr_assert_eq(ctx_cache_invalidate(cache, price, 1), CTX_ERR_UNSET);
    cr_assert_eq(ctx_cache_invalidate_partition(cache), CTX_ERR_UNSET);
    cr_assert_eq(ctx_cache_retire_partition(cache), CTX_ERR_UNSET);
    cr_assert_eq(ctx_cache_partition_stats(cache, &stats), CTX_ERR_UNSET);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

Test(unset, a_variable_that_was_reset_is_unset_again)
{
    ctx_cache *cache = cache_of(10, tenant);
    ctx_token token;

    ctx_set(tenant, "acme", &token);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    ctx_reset(tenant, token);
    cr_assert_eq(ask(cache, price, 1).status, CTX_ERR_UNSET);
    cr_assert_eq(look(cache, price, 1).status, CTX_ERR_UNSET);
    ctx_cache_destroy(cache);
}

Test(unset, a_stored_null_is_set)
{
    ctx_cache *cache = cache_of(10, tenant);

    ctx_set(tenant, ctx_null());
    cr_assert_eq(ask(cache, price, 1).status, CTX_OK);
    ctx_cache_destroy(cache);
}

Test(unset, bypass_runs_the_loader_each_time_and_stores_nothing)
{
    ctx_cache *cache = cache_unset(CTX_CACHE_UNSET_BYPASS);

    ctx_set(tenant, "acme");
    for (int i = 1; i <= 3; i++) {
        struct answer a = ask(cache, price, 1);

        cr_assert_eq(a.status, CTX_OK);
        cr_assert_eq(a.serial, i);
        cr_assert_eq(a.info.outcome, CTX_CACHE_BYPASS);
        cr_assert_eq(a.info.reason, CTX_CACHE_WAS_UNSET);
        cr_assert_str_eq(a.info.variable, "currency");
        cr_assert_not(a.info.stored);
    }
    cr_assert_eq(stats_of(cache).bypass_unset, 3);
    cr_assert_eq(stats_of(cache).loads_ok, 3);
    cr_assert_eq(stats_of(cache).stored, 0);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

Test(unset, bypass_never_finds_what_a_tenant_stored)
{
    ctx_cache *cache = cache_unset(CTX_CACHE_UNSET_BYPASS);
    ctx_token token;

    ctx_set(tenant, "acme");
    ctx_set(currency, "EUR", &token);
    cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_MISS);
    ctx_reset(currency, token);
    cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_BYPASS);
    cr_assert_eq(ask(cache, price, 1).serial, 3);
    cr_assert_neq(look(cache, price, 1).status, CTX_OK);
    cr_assert_neq(peek(cache, price, 1).status, CTX_OK);
    cr_assert_neq(put_serial(cache, price, 1, 77), CTX_OK);
    cr_assert_eq(stats_of(cache).entries, 1);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

static int fail_with_5(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                       size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    return 5;
}

Test(unset, a_bypassing_loaders_failure_comes_back_unchanged)
{
    ctx_cache *cache = cache_unset(CTX_CACHE_UNSET_BYPASS);
    struct answer a;

    price_probe.during = fail_with_5;
    a = ask(cache, price, 1);
    cr_assert_eq(a.status, 5);
    cr_assert_eq(a.info.outcome, CTX_CACHE_BYPASS);
    cr_assert_eq(stats_of(cache).loads_failed, 1);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

static int bypass_deeper(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                         size_t count)
{
    (void)load, (void)args, (void)count;
    if (atomic_load(&probe->loads) < 5)
        return ask(probe->arg, price, 1).status;
    return CTX_OK;
}

Test(unset, a_bypassing_loader_may_call_itself)
{
    ctx_cache *cache = cache_unset(CTX_CACHE_UNSET_BYPASS);

    price_probe.during = bypass_deeper;
    price_probe.arg = cache;
    cr_assert_eq(ask(cache, price, 1).status, CTX_OK);
    cr_assert_eq(atomic_load(&price_probe.loads), 5);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

Test(unset, shared_makes_unset_one_more_value)
{
    ctx_cache *cache = cache_unset(CTX_CACHE_UNSET_SHARED);

    cr_assert_eq(ask(cache, price, 1).serial, 1);
    ctx_set(tenant, "acme");
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    ctx_set(currency, ctx_null());
    cr_assert_eq(ask(cache, price, 1).serial, 3);
    ctx_set(currency, "");
    cr_assert_eq(ask(cache, price, 1).serial, 4);
    cr_assert_eq(stats_of(cache).partitions, 4);
    check_sums(cache);
    ctx_cache_destroy(cache);
}

Test(unset, shared_tells_which_variable_is_unset)
{
    ctx_cache *cache = cache_unset(CTX_CACHE_UNSET_SHARED);
    ctx_token token;

    ctx_set(tenant, "x", &token);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    ctx_reset(tenant, token);
    ctx_set(currency, "x");
    cr_assert_eq(ask(cache, price, 1).serial, 2, "the value of one variable answered for another");
    ctx_cache_destroy(cache);
}

static void *ask_shared(void *answer)
{
    struct caller *caller = answer;

    caller->answer = ask(caller->cache, price, 1);
    return NULL;
}

Test(unset, shared_is_shared_by_threads_without_context)
{
    ctx_cache *cache = cache_unset(CTX_CACHE_UNSET_SHARED);
    struct caller caller = {.cache = cache};
    pthread_t thread;

    cr_assert_eq(ask(cache, price, 1).serial, 1);
    pthread_create(&thread, NULL, ask_shared, &caller);
    pthread_join(thread, NULL);
    cr_assert_eq(caller.answer.serial, 1);
    cr_assert_eq(caller.answer.info.outcome, CTX_CACHE_HIT);
    ctx_cache_destroy(cache);
}

static int see_unset(void *user, const ctx_cache_partition *partition)
{
    for (size_t i = 0; i < partition->count; i++)
        if (!partition->is_set[i])
            ++*(int *)user;
    return 0;
}

Test(unset, a_shared_partition_shows_what_was_unset)
{
    ctx_cache *cache = cache_unset(CTX_CACHE_UNSET_SHARED);
    int unset = 0;

    ctx_set(tenant, "acme");
    ask(cache, price, 1);
    cr_assert_eq(ctx_cache_each_partition(cache, see_unset, &unset), 0);
    cr_assert_eq(unset, 1);
    cr_assert_eq(ctx_cache_invalidate_partition(cache), CTX_OK);
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
    ctx_cache_destroy(cache);
}

Test(unset, bypass_cannot_invalidate_or_retire_a_partition)
{
    ctx_cache *cache = cache_unset(CTX_CACHE_UNSET_BYPASS);

    cr_assert_eq(ctx_cache_invalidate_partition(cache), CTX_ERR_UNSET);
    cr_assert_eq(ctx_cache_retire_partition(cache), CTX_ERR_UNSET);
    ctx_cache_destroy(cache);
}
