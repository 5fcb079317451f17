/*
 * What once went wrong with contexts: loaders that reached another tenant's values unseen, scopes
 * that were not taken back, and variables that passed for others.
 */
#include <criterion/criterion.h>
#include <pthread.h>

#include "support/cache_kit.h"
#include "support/check.h"

static CTX_VAR(tenant);
static CTX_VAR(other);
static CTX_VAR_STRICT(transaction);
static CTX_VAR_DEFAULT(region, CTX_VALUE_STRING("public"));

PROBE(price);

/* Defines what the loader of `price` does. */
#define DURING(name)                                                                               \
    static int name(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)

#define UNUSED_DURING (void)probe, (void)load, (void)args, (void)count

static const char *now(ctx_var *var)
{
    const char *text;

    return ctx_get_string(var, &text) == CTX_OK ? text : "unset";
}

/* ---- loaders that end in another tenant's context ------------------------------------------ */

static ctx_context *acme; /* where the tenant, or the region, is that of acme */

DURING(stay_in_acme)
{
    UNUSED_DURING;
    CHECK_EQ(ctx_enter(acme), CTX_OK);
    return CTX_OK;
}

DURING(swap_to_acme)
{
    ctx_context *previous;

    UNUSED_DURING;
    CHECK_EQ(ctx_swap(ctx_context_ref(acme), &previous), CTX_OK);
    ctx_context_unref(previous);
    return CTX_OK;
}

struct visit {
    ctx_cache *cache;
    struct answer answer;
};

static void *run_visit(void *arg)
{
    struct visit *visit = arg;

    visit->answer = ask(visit->cache, price, 1);
    return NULL;
}

/* A call on a plain thread, which has no context at all. */
static struct answer ask_without_context(ctx_cache *cache)
{
    struct visit visit = {cache, {0, 0, CTX_CACHE_INFO_INIT}};
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, run_visit, &visit), 0);
    pthread_join(thread, NULL);
    return visit.answer;
}

static void expect_not_shared(ctx_cache *cache)
{
    struct answer a = ask_without_context(cache), b;

    cr_assert_eq(a.status, CTX_OK);
    cr_assert_eq(a.info.outcome, CTX_CACHE_MISS);
    cr_assert_not(a.info.stored);
    cr_assert_eq(a.info.reason, CTX_CACHE_CHANGED);
    price_probe.during = NULL;
    b = ask_without_context(cache);
    cr_assert_eq(b.info.outcome, CTX_CACHE_MISS);
    cr_assert_neq(b.serial, a.serial);
    cr_assert(b.info.stored);
    check_sums(cache);
    ctx_cache_destroy(cache);
    ctx_context_unref(acme);
}

static ctx_cache *cache_leniently_by(ctx_var *var, uint32_t unset, uint32_t flags)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = 10;
    config.vary = &var;
    config.vary_count = 1;
    config.unset = unset;
    config.flags = flags;
    ctx_set(var, "acme");
    cr_assert_eq(ctx_copy(&acme), CTX_OK);
    return cache_with(&config);
}

Test(regress_stray_load, what_unset_callers_share_is_not_loaded_in_a_context_left_entered)
{
    ctx_cache *cache = cache_leniently_by(tenant, CTX_CACHE_UNSET_SHARED, 0);

    price_probe.during = stay_in_acme;
    expect_not_shared(cache);
}

Test(regress_stray_load, what_unset_callers_share_is_not_loaded_in_a_context_swapped_in)
{
    ctx_cache *cache = cache_leniently_by(tenant, CTX_CACHE_UNSET_SHARED, 0);

    price_probe.during = swap_to_acme;
    expect_not_shared(cache);
}

Test(regress_stray_load, what_a_default_stands_for_is_not_loaded_in_a_context_left_entered)
{
    ctx_cache *cache = cache_leniently_by(region, 0, CTX_CACHE_COUNT_DEFAULTS);

    price_probe.during = stay_in_acme;
    expect_not_shared(cache);
}

Test(regress_stray_load, what_a_default_stands_for_is_not_loaded_in_a_context_swapped_in)
{
    ctx_cache *cache = cache_leniently_by(region, 0, CTX_CACHE_COUNT_DEFAULTS);

    price_probe.during = swap_to_acme;
    expect_not_shared(cache);
}

/* ---- ways around the read audit ------------------------------------------------------------ */

/* Returned, not stored, and named; the cache varies on nothing. */
static void expect_caught(ctx_cache *cache, const char *variable)
{
    struct answer a = ask(cache, price, 1);

    CHECK_EQ(a.status, CTX_OK);
    CHECK(!a.info.stored);
    CHECK_EQ(a.info.reason, CTX_CACHE_UNDECLARED);
    CHECK_EQ(strcmp(a.info.variable, variable), 0);
    CHECK_EQ(look(cache, price, 1).status, CTX_ABSENT);
}

static void *get_in_copy(void *copy)
{
    ctx_value value;

    CHECK_EQ(ctx_context_get(copy, tenant, &value), CTX_OK);
    return NULL;
}

static int see_one(void *seen, ctx_var *var, ctx_value value)
{
    (void)var, (void)value;
    ++*(int *)seen;
    return 0;
}

static void *walk_copy(void *copy)
{
    int seen = 0;

    CHECK_EQ(ctx_context_each(copy, see_one, &seen), CTX_OK);
    CHECK_EQ(seen, 1);
    return NULL;
}

static void *count_copy(void *copy)
{
    size_t count;

    CHECK_EQ(ctx_context_count(copy, &count), CTX_OK);
    CHECK_EQ(count, 1);
    return NULL;
}

/* probe.arg: what a plain thread, which nobody audits, does with a copy of the load's context. */
struct reader {
    void *(*read)(void *copy);
};

DURING(let_a_thread_read_a_copy)
{
    struct reader *reader = probe->arg;
    ctx_context *copy;
    pthread_t thread;

    UNUSED_DURING;
    CHECK_EQ(ctx_copy(&copy), CTX_OK);
    CHECK_EQ(pthread_create(&thread, NULL, reader->read, copy), 0);
    pthread_join(thread, NULL);
    ctx_context_unref(copy);
    return CTX_OK;
}

static void expect_thread_caught(void *(*read)(void *copy), const char *variable)
{
    ctx_cache *cache = cache_of(10, NULL);
    struct reader reader = {read};
    CTX_SCOPED(tenant, "acme");

    price_probe.during = let_a_thread_read_a_copy;
    price_probe.arg = &reader;
    expect_caught(cache, variable);
    ctx_cache_destroy(cache);
}

Test(regress_audit, a_plain_thread_that_gets_from_a_copy_reads_for_the_load)
{
    expect_thread_caught(get_in_copy, "tenant");
}

Test(regress_audit, a_plain_thread_that_walks_over_a_copy_reads_for_the_load)
{
    expect_thread_caught(walk_copy, "*");
}

Test(regress_audit, a_plain_thread_that_counts_a_copy_reads_for_the_load)
{
    expect_thread_caught(count_copy, "*");
}

DURING(look_below)
{
    ctx_context *top;

    UNUSED_DURING;
    CHECK_EQ(ctx_current(&top), CTX_OK);
    CHECK_EQ(ctx_exit(top), CTX_OK);
    CHECK_EQ(strcmp(now(tenant), "acme"), 0);
    CHECK_EQ(ctx_enter(top), CTX_OK);
    ctx_context_unref(top);
    return CTX_OK;
}

static void expect_everything_caught(void *cache)
{
    expect_caught(cache, "*");
}

Test(regress_audit, a_load_that_leaves_a_context_it_did_not_enter_reads_everything)
{
    ctx_cache *cache = cache_of(10, NULL);
    ctx_context *top;
    CTX_SCOPED(tenant, "acme");

    price_probe.during = look_below;
    cr_assert_eq(ctx_context_new(&top), CTX_OK);
    cr_assert_eq(ctx_run(top, expect_everything_caught, cache), CTX_OK);
    ctx_context_unref(top);
    ctx_cache_destroy(cache);
}

/* ---- scopes -------------------------------------------------------------------------------- */

Test(regress_scope, ends_although_more_tokens_were_forgotten_than_a_context_remembers)
{
    {
        CTX_SCOPED(tenant, "acme");
        for (int i = 0; i < CTX_TOKENS_MAX; i++) {
            ctx_token forgotten;

            cr_assert_eq(ctx_set(other, i, &forgotten), CTX_OK);
        }
        cr_assert_str_eq(now(tenant), "acme");
    }
    cr_assert_str_eq(now(tenant), "unset");
}

Test(regress_scope, ends_in_its_own_context_when_the_block_leaves_another_entered)
{
    ctx_context *left;

    cr_assert_eq(ctx_context_new(&left), CTX_OK);
    {
        CTX_SCOPED(tenant, "acme");
        cr_assert_eq(ctx_enter(left), CTX_OK);
        ctx_set(tenant, "globex");
    }
    cr_assert_str_eq(now(tenant), "globex");
    cr_assert_eq(ctx_exit(left), CTX_OK);
    cr_assert_str_eq(now(tenant), "unset");
    ctx_context_unref(left);
}

Test(regress_scope, of_a_strict_variable_ends_although_a_newer_token_is_unused)
{
    {
        CTX_SCOPED(transaction, "one");
        ctx_token unused;

        cr_assert_eq(ctx_set(transaction, "two", &unused), CTX_OK);
    }
    cr_assert_str_eq(now(transaction), "unset");
}

/* What a thread reads after a scope ended in another context than it began in, and later. */
struct swapped {
    int at_once, after_return;
};

static void *swap_in_scope(void *arg)
{
    struct swapped *swapped = arg;
    ctx_context *away, *none;
    ctx_value value;

    {
        CTX_SCOPED(tenant, "acme");
        CHECK_EQ(ctx_swap(NULL, &away), CTX_OK);
    }
    swapped->at_once = ctx_get(tenant, &value);
    CHECK_EQ(ctx_swap(away, &none), CTX_OK);
    CHECK(!none);
    swapped->after_return = ctx_get(tenant, &value);
    return NULL;
}

Test(regress_scope, that_ends_after_its_context_was_swapped_out_fails_closed)
{
    struct swapped swapped = {0, 0};
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, swap_in_scope, &swapped), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(swapped.at_once, CTX_ERR_NOMEM);
    cr_assert_eq(swapped.after_return, CTX_ERR_NOMEM);
}

/* ---- copies of a variable ------------------------------------------------------------------ */

Test(regress_variable, a_copy_of_a_variable_in_use_cannot_be_set)
{
    ctx_var copy;

    ctx_set(tenant, "acme");
    copy = *tenant;
    cr_assert_eq(ctx_set(&copy, "globex"), CTX_ERR_INVALID);
    cr_assert_str_eq(now(tenant), "acme");
}

Test(regress_variable, a_copy_of_a_variable_in_use_cannot_partition_a_cache)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_cache *cache;
    ctx_var copy, *vary = &copy;

    ctx_set(tenant, "acme");
    copy = *tenant;
    config.capacity_entries = 10;
    config.vary = &vary;
    config.vary_count = 1;
    cr_assert_eq(ctx_cache_new(&config, &cache), CTX_ERR_INVALID);
    cr_assert_null(cache);
}
