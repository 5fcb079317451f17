/*
 * Partitions: what separates two tenants, how the context remembers one, and how they end. Every
 * test here asks one question in many ways: can a caller get an answer of another partition?
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "support/alloc.h"
#include "support/cache_kit.h"
#include "support/hash_bits.h"
#include "support/scale.h"

PROBE(price);
static CTX_VAR(tenant);
static CTX_VAR(currency);
static CTX_VAR_DEFAULT(plan, CTX_VALUE_STRING("free"));

static ctx_cache *cache;

static void setup(void)
{
    cache = cache_of(1000, tenant);
}

static void teardown(void)
{
    check_equations(cache);
    ctx_cache_destroy(cache);
}

TestSuite(partitions, .init = setup, .fini = teardown);

static ctx_cache *cache_of_two(ctx_var *first, ctx_var *second, uint32_t unset)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary[] = {first, second};

    config.capacity_entries = 1000;
    config.vary = vary;
    config.vary_count = 2;
    config.unset = unset;
    return cache_with(&config);
}

/* The answer for the tenant of this moment. */
static int64_t serial_for(ctx_value value)
{
    struct answer a;

    cr_assert_eq(ctx_set_v(tenant, value, NULL), CTX_OK);
    a = ask(cache, price, 1);
    cr_assert_eq(a.status, CTX_OK, "%s", ctx_strerror(a.status));
    return a.serial;
}

/* ---- what separates ----------------------------------------------------------------------- */

Test(partitions, equal_values_share_and_others_do_not)
{
    cr_assert_eq(serial_for(ctx_string("acme")), 1);
    cr_assert_eq(serial_for(ctx_string("bolt")), 2);
    cr_assert_eq(serial_for(ctx_string("acme")), 1);
    cr_assert_eq(serial_for(ctx_string("bolt")), 2);
    check_sums(cache);
}

Test(partitions, a_value_of_another_type_is_another_partition)
{
    const ctx_value values[] = {
        ctx_i64(1),        ctx_u64(1),    ctx_f64(1.0),   ctx_bool(true),   ctx_string("1"),
        ctx_bytes("1", 1), ctx_null(),    ctx_string(""), ctx_bytes("", 0), ctx_string_n("1\0", 2),
        ctx_f64(0.0),      ctx_f64(-0.0), ctx_i64(0),     ctx_bool(false),
    };
    const int64_t count = sizeof values / sizeof *values;

    for (int round = 0; round < 2; round++)
        for (int64_t i = 0; i < count; i++)
            cr_assert_eq(serial_for(values[i]), i + 1, "value %ld", (long)i);
    cr_assert_eq(stats_of(cache).partitions, (uint64_t)count);
    check_sums(cache);
}

Test(partitions, the_callers_buffer_may_change)
{
    char name[] = "acme";

    cr_assert_eq(serial_for(ctx_string(name)), 1);
    name[0] = 'A';
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    cr_assert_eq(serial_for(ctx_string(name)), 2);
    cr_assert_eq(serial_for(ctx_string("acme")), 1);
}

static struct answer ask_two(ctx_cache *two, const char *a, const char *b)
{
    ctx_set(tenant, a);
    ctx_set(currency, b);
    return ask(two, price, 1);
}

Test(partitions, where_one_value_ends_matters)
{
    ctx_cache *two = cache_of_two(tenant, currency, 0);

    cr_assert_eq(ask_two(two, "a", "bc").serial, 1);
    cr_assert_eq(ask_two(two, "ab", "c").serial, 2);
    cr_assert_eq(ask_two(two, "abc", "").serial, 3);
    cr_assert_eq(ask_two(two, "", "abc").serial, 4);
    cr_assert_eq(ask_two(two, NULL, "abc").serial, 5);
    cr_assert_eq(ask_two(two, "a", "bc").serial, 1);
    check_sums(two);
    ctx_cache_destroy(two);
}

Test(partitions, exchanged_values_are_another_partition)
{
    ctx_cache *two = cache_of_two(tenant, currency, 0);

    cr_assert_eq(ask_two(two, "x", "y").serial, 1);
    cr_assert_eq(ask_two(two, "y", "x").serial, 2);
    cr_assert_eq(ask_two(two, "x", "y").serial, 1);
    ctx_cache_destroy(two);
}

struct seen {
    size_t count;
    ctx_var *vars[2];
    char text[2][16];
};

static int see(void *user, const ctx_cache_partition *partition)
{
    struct seen *seen = user;

    seen->count++;
    if (partition->count != 2)
        return 1;
    for (size_t i = 0; i < 2; i++) {
        seen->vars[i] = partition->vars[i];
        snprintf(seen->text[i], sizeof seen->text[i], "%s", partition->values[i].as.string.data);
    }
    return 0;
}

Test(partitions, the_order_of_vary_does_not_matter)
{
    ctx_cache *one = cache_of_two(tenant, currency, 0);
    ctx_cache *other = cache_of_two(currency, tenant, 0);
    struct seen a = {0}, b = {0};

    ask_two(one, "acme", "EUR");
    ask_two(other, "acme", "EUR");
    cr_assert_eq(ctx_cache_each_partition(one, see, &a), 0);
    cr_assert_eq(ctx_cache_each_partition(other, see, &b), 0);
    cr_assert_eq(a.count, 1);
    cr_assert_eq(b.count, 1);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(a.vars[i], b.vars[i]);
        cr_assert_str_eq(a.text[i], b.text[i]);
        cr_assert_str_eq(a.text[i], a.vars[i] == tenant ? "acme" : "EUR");
    }
    ctx_cache_destroy(one);
    ctx_cache_destroy(other);
}

Test(partitions, sixteen_variables_all_count)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var_config var = CTX_VAR_CONFIG_INIT;
    ctx_var *vary[16];
    ctx_cache *wide;

    var.name = "one_of_many";
    for (int i = 0; i < 16; i++) {
        cr_assert_eq(ctx_var_new(&var, &vary[i]), CTX_OK);
        ctx_set(vary[i], i);
    }
    config.capacity_entries = 100;
    config.vary = vary;
    config.vary_count = 16;
    wide = cache_with(&config);
    cr_assert_eq(ask(wide, price, 1).serial, 1);
    for (int i = 0; i < 16; i++) {
        ctx_token token;

        ctx_set(vary[i], 100, &token);
        cr_assert_eq(ask(wide, price, 1).serial, i + 2);
        cr_assert_eq(ctx_reset(vary[i], token), CTX_OK);
        cr_assert_eq(ask(wide, price, 1).serial, 1);
    }
    ctx_cache_destroy(wide);
    for (int i = 0; i < 16; i++)
        ctx_var_free(vary[i]);
}

Test(partitions, a_cache_that_varies_on_nothing_has_one)
{
    ctx_cache *plain = cache_of(10, NULL);

    ctx_set(tenant, "acme");
    cr_assert_eq(ask(plain, price, 1).serial, 1);
    ctx_set(tenant, "bolt");
    cr_assert_eq(ask(plain, price, 1).serial, 1);
    cr_assert_eq(stats_of(plain).partitions, 1);
    check_sums(plain);
    ctx_cache_destroy(plain);
}

Test(partitions, the_list_of_the_configuration_is_copied)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary[] = {tenant};
    ctx_cache *own;

    config.capacity_entries = 10;
    config.vary = vary;
    config.vary_count = 1;
    own = cache_with(&config);
    vary[0] = currency;
    ctx_set(tenant, "acme");
    cr_assert_eq(ask(own, price, 1).serial, 1);
    ctx_set(tenant, "bolt");
    cr_assert_eq(ask(own, price, 1).serial, 2);
    ctx_cache_destroy(own);
}

/* ---- objects as values -------------------------------------------------------------------- */

static int encode_id(const void *object, ctx_encoder *encoder)
{
    int64_t id = *(const int64_t *)object;

    return id < 0 ? (int)id : ctx_encode(encoder, ctx_i64(id));
}

static const ctx_object_class session_class = {sizeof(ctx_object_class), "session", NULL, NULL,
                                               encode_id};
static const ctx_object_class opaque_class = {sizeof(ctx_object_class), "opaque", NULL, NULL, NULL};

Test(partitions, an_object_partitions_by_its_encoding)
{
    int64_t a = 7, b = 7, c = 8;

    cr_assert_eq(serial_for(ctx_object(&a, &session_class)), 1);
    cr_assert_eq(serial_for(ctx_object(&b, &session_class)), 1);
    cr_assert_eq(serial_for(ctx_object(&c, &session_class)), 2);
    cr_assert_eq(serial_for(ctx_i64(7)), 3);
}

static void expect_refused(int status)
{
    struct answer a = ask(cache, price, 1);

    cr_assert_eq(a.status, status);
    cr_assert_eq(a.info.outcome, CTX_CACHE_REFUSED);
    cr_assert_eq(atomic_load(&price_probe.loads), 0);
    cr_assert_eq(look(cache, price, 1).status, status);
    cr_assert_eq(peek(cache, price, 1).status, status);
    cr_assert_eq(put_serial(cache, price, 1, 5), status);
    cr_assert_eq(ctx_cache_invalidate(cache, price, 1), status);
    cr_assert_eq(ctx_cache_invalidate_partition(cache), status);
    cr_assert_eq(ctx_cache_retire_partition(cache), status);
    cr_assert_eq(stats_of(cache).entries, 0);
}

Test(partitions, an_object_without_encoder_is_refused)
{
    int64_t id = 7;

    ctx_set(tenant, ctx_object(&id, &opaque_class));
    expect_refused(CTX_ERR_ENCODE);
}

Test(partitions, an_encoders_own_code_comes_back_unchanged)
{
    int64_t id = -77;

    ctx_set(tenant, ctx_object(&id, &session_class));
    expect_refused(-77);
}

Test(partitions, values_over_key_limit_are_refused_never_cut)
{
    static char text[70000];

    memset(text, 'x', sizeof text);
    ctx_set(tenant, ctx_bytes(text, 66000));
    expect_refused(CTX_ERR_LIMIT);
    ctx_set(tenant, ctx_bytes(text, 60000));
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    text[59999] = 'y';
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    ctx_set(tenant, ctx_bytes(text, 60000));
    cr_assert_eq(ask(cache, price, 1).serial, 2);
}

/* ---- what the context remembers ----------------------------------------------------------- */

Test(partitions, set_and_reset_forget_the_remembered_one)
{
    ctx_token outer, inner;

    ctx_set(tenant, "acme", &outer);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    ctx_set(tenant, "bolt", &inner);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    ctx_reset(tenant, inner);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    ctx_reset(tenant, outer);
    cr_assert_eq(ask(cache, price, 1).status, CTX_ERR_UNSET);
}

Test(partitions, a_scope_ends_with_its_partition)
{
    ctx_set(tenant, "acme");
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    {
        CTX_SCOPED(tenant, "bolt");
        cr_assert_eq(ask(cache, price, 1).serial, 2);
        {
            CTX_SCOPED(tenant, "acme");
            cr_assert_eq(ask(cache, price, 1).serial, 1);
        }
        cr_assert_eq(ask(cache, price, 1).serial, 2);
    }
    cr_assert_eq(ask(cache, price, 1).serial, 1);
}

Test(partitions, a_copy_remembers_for_itself)
{
    ctx_context *copy;

    cr_assert_eq(serial_for(ctx_string("acme")), 1);
    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    cr_assert_eq(ctx_enter(copy), CTX_OK);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    cr_assert_eq(serial_for(ctx_string("bolt")), 2);
    cr_assert_eq(ctx_exit(copy), CTX_OK);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    cr_assert_eq(ctx_enter(copy), CTX_OK);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    cr_assert_eq(ctx_exit(copy), CTX_OK);
    ctx_context_unref(copy);
}

static void ask_into(void *serial)
{
    *(int64_t *)serial = ask(cache, price, 1).serial;
}

Test(partitions, entering_another_context_changes_partition)
{
    ctx_context *acme, *bolt;
    int64_t serial = 0;

    ctx_set(tenant, "acme");
    ctx_copy(&acme);
    ctx_set(tenant, "bolt");
    ctx_copy(&bolt);
    for (int i = 0; i < 3; i++) {
        ctx_run(acme, ask_into, &serial);
        cr_assert_eq(serial, 1);
        ctx_run(bolt, ask_into, &serial);
        cr_assert_eq(serial, 2);
        cr_assert_eq(ask(cache, price, 1).serial, 2);
    }
    ctx_context_unref(acme);
    ctx_context_unref(bolt);
}

Test(partitions, a_new_context_at_an_old_address_remembers_nothing)
{
    for (int i = 0; i < 50; i++) {
        ctx_context *context;
        int64_t serial = 0;

        ctx_set(tenant, i);
        cr_assert_eq(ctx_copy(&context), CTX_OK);
        ctx_run(context, ask_into, &serial);
        cr_assert_eq(serial, i + 1);
        ctx_context_unref(context);
    }
}

Test(partitions, a_swapped_in_context_has_its_own)
{
    ctx_context *bolt, *mine, *back;

    cr_assert_eq(serial_for(ctx_string("acme")), 1);
    ctx_copy(&bolt);
    cr_assert_eq(ctx_swap(bolt, &mine), CTX_OK);
    cr_assert_eq(serial_for(ctx_string("bolt")), 2);
    cr_assert_eq(ctx_swap(mine, &back), CTX_OK);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    cr_assert_eq(ctx_swap(back, &mine), CTX_OK);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    cr_assert_eq(ctx_swap(mine, &back), CTX_OK);
    ctx_context_unref(back);
}

Test(partitions, a_bound_function_keeps_the_partition_of_its_binding)
{
    ctx_bound *bound;
    int64_t serial = 0;

    cr_assert_eq(serial_for(ctx_string("acme")), 1);
    ctx_bind(ask_into, &serial, &bound);
    cr_assert_eq(serial_for(ctx_string("bolt")), 2);
    ctx_bound_run(bound);
    cr_assert_eq(serial, 1);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    ctx_bound_free(bound);
}

static void *ask_on_thread(void *status)
{
    *(int *)status = ask(cache, price, 1).status;
    return NULL;
}

Test(partitions, a_plain_thread_has_no_tenant)
{
    pthread_t thread;
    int status = 0;

    ctx_set(tenant, "acme");
    ask(cache, price, 1);
    pthread_create(&thread, NULL, ask_on_thread, &status);
    pthread_join(thread, NULL);
    cr_assert_eq(status, CTX_ERR_UNSET);
    ctx_thread_create(&thread, NULL, ask_on_thread, &status);
    pthread_join(thread, NULL);
    cr_assert_eq(status, CTX_OK);
}

Test(partitions, two_caches_remember_apart)
{
    ctx_cache *by_currency = cache_of(10, currency);

    ctx_set(tenant, "acme");
    ctx_set(currency, "EUR");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(ask(cache, price, 1).serial, 1);
        cr_assert_eq(ask(by_currency, price, 1).serial, 2);
    }
    ctx_set(tenant, "bolt");
    cr_assert_eq(ask(by_currency, price, 1).serial, 2);
    cr_assert_eq(ask(cache, price, 1).serial, 3);
    ctx_set(currency, "USD");
    cr_assert_eq(ask(cache, price, 1).serial, 3);
    cr_assert_eq(ask(by_currency, price, 1).serial, 4);
    ctx_cache_destroy(by_currency);
}

Test(partitions, many_caches_in_one_context_stay_apart)
{
    enum { CACHES = 40 };
    ctx_cache *many[CACHES];

    ctx_set(tenant, "acme");
    for (int i = 0; i < CACHES; i++)
        many[i] = cache_of(10, tenant);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < CACHES; i++)
            cr_assert_eq(ask(many[i], price, 1).serial, i + 1);
    ctx_set(tenant, "bolt");
    for (int i = 0; i < CACHES; i++)
        cr_assert_eq(ask(many[i], price, 1).serial, CACHES + i + 1);
    for (int i = 0; i < CACHES; i++)
        ctx_cache_destroy(many[i]);
}

Test(partitions, a_cache_at_the_address_of_a_dead_one_is_not_mistaken_for_it)
{
    for (int i = 0; i < 20; i++) {
        ctx_cache *young = cache_of(10, i % 2 ? tenant : currency);

        ctx_set(tenant, "acme");
        ctx_set(currency, i);
        cr_assert_eq(ask(young, price, 1).serial, 2 * i + 1);
        ctx_set(currency, -1);
        ctx_set(tenant, i);
        cr_assert_eq(ask(young, price, 1).serial, 2 * i + 2);
        ctx_cache_destroy(young);
    }
}

Test(partitions, setting_an_unrelated_variable_changes_nothing)
{
    cr_assert_eq(serial_for(ctx_string("acme")), 1);
    ctx_set(currency, "EUR");
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    cr_assert_eq(stats_of(cache).partitions, 1);
}

/* ---- variables that end ------------------------------------------------------------------- */

static ctx_var *dynamic_var(void)
{
    ctx_var_config config = CTX_VAR_CONFIG_INIT;
    ctx_var *var;

    config.name = "dynamic";
    cr_assert_eq(ctx_var_new(&config, &var), CTX_OK);
    return var;
}

Test(partitions, a_freed_variable_lives_as_long_as_its_cache)
{
    ctx_var *old = dynamic_var(), *young;
    ctx_cache *held = cache_of(10, old);

    ctx_set(old, "acme");
    cr_assert_eq(ask(held, price, 1).serial, 1);
    ctx_var_free(old);
    young = dynamic_var();
    ctx_set(young, "bolt");
    cr_assert_eq(ask(held, price, 1).serial, 1);
    cr_assert_eq(stats_of(held).partitions, 1);
    ctx_cache_destroy(held);
    ctx_var_free(young);
}

Test(partitions, a_young_variable_never_inherits_the_partitions_of_an_old_one)
{
    for (int i = 0; i < 20; i++) {
        ctx_var *var = dynamic_var();
        ctx_cache *own = cache_of(10, var);

        cr_assert_eq(ask(own, price, 1).status, CTX_ERR_UNSET);
        ctx_set(var, i);
        cr_assert_eq(ask(own, price, 1).serial, i + 1);
        ctx_cache_destroy(own);
        ctx_var_free(var);
    }
}

/* ---- partitions that end ------------------------------------------------------------------ */

static int keep_id(void *id, const ctx_cache_partition *partition)
{
    *(uint64_t *)id = partition->id;
    return 0;
}

static uint64_t only_partition_id(void)
{
    uint64_t id = 0;

    cr_assert_eq(ctx_cache_each_partition(cache, keep_id, &id), 0);
    return id;
}

Test(partitions, a_retired_one_comes_back_as_a_new_one)
{
    uint64_t first, second;

    cr_assert_eq(serial_for(ctx_string("acme")), 1);
    first = only_partition_id();
    cr_assert_eq(ctx_cache_retire_partition(cache), CTX_OK);
    cr_assert_eq(stats_of(cache).partitions, 0);
    cr_assert_eq(partition_of(cache).calls, 0);
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    second = only_partition_id();
    cr_assert_neq(first, second);
    cr_assert_eq(partition_of(cache).calls, 2);
}

Test(partitions, retiring_one_leaves_the_others)
{
    serial_for(ctx_string("acme"));
    serial_for(ctx_string("bolt"));
    cr_assert_eq(ctx_cache_retire_partition(cache), CTX_OK);
    cr_assert_eq(serial_for(ctx_string("acme")), 1);
    cr_assert_eq(serial_for(ctx_string("bolt")), 3);
}

Test(partitions, another_context_does_not_remember_a_retired_one)
{
    ctx_context *other;
    int64_t serial = 0;

    ctx_set(tenant, "acme");
    ctx_copy(&other);
    ctx_run(other, ask_into, &serial);
    cr_assert_eq(serial, 1);
    ctx_cache_retire_partition(cache);
    ctx_run(other, ask_into, &serial);
    cr_assert_eq(serial, 2);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    ctx_context_unref(other);
}

/* Contexts that remember a partition each; then the partitions are pushed out by thousands of
 * others that may sit in the same places. */
Test(partitions, a_context_that_remembers_a_forgotten_one_never_gets_its_successor)
{
    enum { CONTEXTS = 20, STRANGERS = 5000 };
    ctx_context *contexts[CONTEXTS];
    ctx_cache *small = cache = (ctx_cache_destroy(cache), cache_of(4, tenant));
    int64_t last;

    for (int i = 0; i < CONTEXTS; i++) {
        int64_t serial;

        ctx_set(tenant, i);
        ctx_copy(&contexts[i]);
        ctx_run(contexts[i], ask_into, &serial);
        cr_assert_eq(serial, i + 1);
    }
    for (int i = 0; i < STRANGERS; i++) {
        ctx_set(tenant, 1000 + i);
        cr_assert_eq(ask(small, price, 1).info.outcome, CTX_CACHE_MISS);
    }
    last = atomic_load(&price_probe.loads);
    for (int i = 0; i < CONTEXTS; i++) {
        int64_t serial;

        ctx_run(contexts[i], ask_into, &serial);
        cr_assert_eq(serial, last + i + 1, "context %d got the answer of load %ld", i,
                     (long)serial);
        ctx_context_unref(contexts[i]);
    }
}

Test(partitions, an_empty_one_keeps_its_statistics_for_a_while)
{
    serial_for(ctx_string("acme"));
    ctx_cache_clear(cache);
    for (int i = 0; i < 500; i++)
        serial_for(ctx_i64(i));
    ctx_set(tenant, "acme");
    cr_assert_eq(partition_of(cache).calls, 1);
}

Test(partitions, one_with_an_entry_is_never_forgotten)
{
    ctx_cache *big = (ctx_cache_destroy(cache), cache_of(20000, tenant));

    cache = big;
    cr_assert_eq(serial_for(ctx_string("acme")), 1);
    for (int i = 0; i < 3000; i++) {
        ctx_set(tenant, i);
        ask(big, price, 1);
        ctx_cache_invalidate(big, price, 1);
    }
    ctx_set(tenant, "acme");
    cr_assert_eq(partition_of(big).calls, 1);
    cr_assert_eq(ask(big, price, 1).serial, 1);
    cr_assert_eq(stats_of(big).entries, 1);
    cr_assert_leq(stats_of(big).partitions, 1025);
}

Test(partitions, the_sum_of_partitions_and_those_gone_is_the_cache)
{
    ctx_cache_stats before;

    serial_for(ctx_string("acme"));
    before = partition_of(cache);
    ctx_cache_retire_partition(cache);
    cr_assert_eq(before.calls, 1);
    cr_assert_eq(stats_of(cache).calls, 1);
    cr_assert_eq(stats_of(cache).invalidated, 1);
    cr_assert_eq(stats_of(cache).entries, 0);
}

/* Live bytes after `count` tenants that call once each. */
static size_t bytes_after(struct support_alloc *counted, ctx_cache *small, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) {
        ctx_set(tenant, i);
        cr_assert_eq(ask(small, price, 1).info.outcome, CTX_CACHE_MISS);
    }
    return atomic_load(&counted->live_bytes);
}

Test(partitions, one_shot_tenants_do_not_grow_memory, .timeout = 120)
{
    const int64_t many = hash_bits() < 16 ? 5000 : scaled(200000);
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct support_alloc counted;
    ctx_var *vary = tenant;
    ctx_cache *small;
    size_t early, late;

    support_alloc_init(&counted);
    config.capacity_entries = 100;
    config.vary = &vary;
    config.vary_count = 1;
    config.allocator = &counted.allocator;
    small = cache_with(&config);
    /* so many that uthash has settled on the size of the table that finds them */
    early = bytes_after(&counted, small, 0, 20000);
    late = bytes_after(&counted, small, 20000, 20000 + many);
    cr_assert_leq(late, early + early / 20, "grew from %zu to %zu bytes", early, late);
    cr_assert_leq(stats_of(small).partitions, 1024 + 100 + 1);
    check_equations(small);
    ctx_cache_destroy(small);
    cr_assert_eq(atomic_load(&counted.live_bytes), 0);
}

Test(partitions, one_shot_tenants_do_not_grow_a_context)
{
    struct support_alloc counted;
    size_t early, late;

    support_alloc_init(&counted);
    cr_assert_eq(ctx_set_allocator(&counted.allocator), CTX_OK);
    {
        ctx_cache *small = cache_of(10, tenant);

        early = bytes_after(&counted, small, 0, 2000);
        late = bytes_after(&counted, small, 2000, 2000 + scaled(20000));
        ctx_cache_destroy(small);
    }
    cr_assert_leq(late, early + early / 20, "grew from %zu to %zu bytes", early, late);
    ctx_set_allocator(NULL);
}

/* ---- reading the partitions --------------------------------------------------------------- */

static int stop_at_third(void *user, const ctx_cache_partition *partition)
{
    (void)partition;
    return ++*(int *)user == 3 ? 99 : 0;
}

Test(partitions, a_visit_stops_where_it_is_told)
{
    int visited = 0;

    for (int i = 0; i < 10; i++)
        serial_for(ctx_i64(i));
    cr_assert_eq(ctx_cache_each_partition(cache, stop_at_third, &visited), 99);
    cr_assert_eq(visited, 3);
}

static int retire_all(void *user, const ctx_cache_partition *partition)
{
    (void)partition;
    for (int i = 0; i < 10; i++) {
        ctx_set(tenant, i);
        ctx_cache_retire_partition(cache);
    }
    ++*(int *)user;
    return 0;
}

Test(partitions, a_visit_may_end_the_partitions)
{
    int visited = 0;

    for (int i = 0; i < 10; i++)
        serial_for(ctx_i64(i));
    cr_assert_eq(ctx_cache_each_partition(cache, retire_all, &visited), 0);
    cr_assert_eq(visited, 1);
}

static int expect_session(void *user, const ctx_cache_partition *partition)
{
    cr_assert_eq(partition->count, 1);
    cr_assert_eq(partition->vars[0], tenant);
    cr_assert(partition->is_set[0]);
    cr_assert_eq(partition->values[0].type, CTX_BYTES);
    cr_assert_eq(partition->stats->calls, 1);
    ++*(int *)user;
    return 0;
}

Test(partitions, an_object_appears_as_its_encoding)
{
    int64_t id = 5;
    int visited = 0;

    serial_for(ctx_object(&id, &session_class));
    cr_assert_eq(ctx_cache_each_partition(cache, expect_session, &visited), 0);
    cr_assert_eq(visited, 1);
}

static int expect_null_session(void *user, const ctx_cache_partition *partition)
{
    (void)user;
    return partition->values[0].type == CTX_BYTES && partition->is_set[0] ? 0 : 1;
}

Test(partitions, a_null_object_is_a_value_like_another)
{
    cr_assert_eq(serial_for(ctx_object(NULL, &session_class)), 1);
    cr_assert_eq(ctx_cache_each_partition(cache, expect_null_session, NULL), 0);
    cr_assert_eq(serial_for(ctx_null()), 2);
    cr_assert_eq(serial_for(ctx_object(NULL, &session_class)), 1);
}

/* An object may change in place, without a set: what counts is what it says now. */
Test(partitions, an_object_that_changes_in_place_changes_partition)
{
    int64_t id = 7;

    cr_assert_eq(serial_for(ctx_object(&id, &session_class)), 1);
    id = 8;
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    id = 7;
    cr_assert_eq(ask(cache, price, 1).serial, 1);
}

static int expect_typed(void *user, const ctx_cache_partition *partition)
{
    const ctx_value *v = partition->values;
    unsigned *seen = user;

    switch (v->type) {
    case CTX_I64:
        *seen |= v->as.i64 == -5 ? 1u : 0u;
        break;
    case CTX_STRING:
        *seen |= v->as.string.size == 3 && !memcmp(v->as.string.data, "a\0b", 4) ? 2u : 0u;
        break;
    case CTX_F64:
        *seen |= v->as.f64 == 2.5 ? 4u : 0u;
        break;
    case CTX_BOOL:
        *seen |= v->as.boolean ? 8u : 0u;
        break;
    case CTX_BYTES:
        *seen |= v->as.bytes.size == 2 && !memcmp(v->as.bytes.data, "\1\2", 2) ? 16u : 0u;
        break;
    case CTX_NULL:
        *seen |= partition->is_set[0] ? 32u : 0u;
        break;
    case CTX_U64:
        *seen |= v->as.u64 == UINT64_MAX ? 64u : 0u;
        break;
    default:
        break;
    }
    return 0;
}

Test(partitions, values_appear_as_they_were_set)
{
    unsigned seen = 0;

    serial_for(ctx_i64(-5));
    serial_for(ctx_string_n("a\0b", 3));
    serial_for(ctx_f64(2.5));
    serial_for(ctx_bool(true));
    serial_for(ctx_bytes("\1\2", 2));
    serial_for(ctx_null());
    serial_for(ctx_u64(UINT64_MAX));
    cr_assert_eq(ctx_cache_each_partition(cache, expect_typed, &seen), 0);
    cr_assert_eq(seen, 127);
}

Test(partitions, ids_are_never_reused)
{
    uint64_t last = 0;

    for (int i = 0; i < 100; i++) {
        uint64_t id;

        serial_for(ctx_i64(i));
        id = only_partition_id();
        cr_assert_neq(id, 0);
        cr_assert_neq(id, last);
        last = id;
        ctx_cache_retire_partition(cache);
    }
}

/* ---- changing the tenant in the middle of a call ------------------------------------------ */

static int encode_and_become_bolt(const void *object, ctx_encoder *encoder)
{
    (void)object;
    ctx_set(tenant, "bolt");
    return ctx_encode(encoder, ctx_i64(1));
}

static const ctx_object_class turncoat_class = {sizeof(ctx_object_class), "turncoat", NULL, NULL,
                                                encode_and_become_bolt};

/* The value is the first letter of the tenant that the loader saw. */
static int load_stamp(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    const char *name = "?";

    (void)args, (void)count, (void)user;
    ctx_get_string(tenant, &name);
    return ctx_cache_load_copy(load, name, 1);
}

static CTX_CACHE_FN(stamp, load_stamp);

static char stamp_for(const char *name, ctx_value arg)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    char letter = 0;

    ctx_set(tenant, name);
    if (ctx_cache_call(cache, stamp, &ref, arg) == CTX_OK)
        letter = *(const char *)ref.data;
    ctx_cache_ref_release(&ref);
    return letter;
}

Test(partitions, an_encoder_that_changes_the_tenant_poisons_nothing)
{
    int object = 0;
    ctx_value turncoat = ctx_object(&object, &turncoat_class);

    stamp_for("acme", turncoat);
    cr_assert_eq(stats_of(cache).entries, 0, "stored, though the tenant changed during the call");
    stamp_for("bolt", turncoat);
    cr_assert_eq(stamp_for("bolt", turncoat), 'b');
}

static int make_plan(void *user, ctx_value *out_value)
{
    (void)user;
    ctx_set(tenant, "bolt");
    *out_value = ctx_string("gold");
    return CTX_OK;
}

static CTX_VAR_FACTORY(made_plan, make_plan, NULL);

Test(partitions, a_default_factory_that_changes_the_tenant_poisons_nothing)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    for (int order = 0; order < 2; order++) {
        ctx_var *vary[] = {order ? tenant : made_plan, order ? made_plan : tenant};

        ctx_cache_destroy(cache);
        config.capacity_entries = 100;
        config.vary = vary;
        config.vary_count = 2;
        config.flags = CTX_CACHE_COUNT_DEFAULTS;
        cache = cache_with(&config);
        stamp_for("acme", ctx_i64(order));
        ctx_set(made_plan, "gold");
        cr_assert_eq(stamp_for("acme", ctx_i64(order)), 'a');
        cr_assert_eq(stamp_for("bolt", ctx_i64(order)), 'b');
    }
}

/*
 * A context whose tenant changes while its partition is read must not remember the partition of the
 * tenant before.
 */
static char stamp_now(int64_t key)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    char letter = 0;

    if (ctx_cache_call(cache, stamp, &ref, key) == CTX_OK)
        letter = *(const char *)ref.data;
    ctx_cache_ref_release(&ref);
    return letter;
}

static void use_cache_of_two(ctx_var *first, ctx_var *second, uint32_t flags)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary[] = {first, second};

    ctx_cache_destroy(cache);
    config.capacity_entries = 100;
    config.vary = vary;
    config.vary_count = 2;
    config.flags = flags;
    cache = cache_with(&config);
}

Test(partitions, a_change_while_the_partition_is_read_is_not_remembered)
{
    use_cache_of_two(tenant, made_plan, CTX_CACHE_COUNT_DEFAULTS);
    {
        CTX_SCOPED(made_plan, "gold");
        cr_assert_eq(stamp_for("acme", ctx_i64(1)), 'a');
        cr_assert_eq(stamp_for("bolt", ctx_i64(1)), 'b');
    }
    stamp_for("acme", ctx_i64(1)); /* the factory makes it bolt's context on the way */
    cr_assert_eq(stamp_now(1), 'b', "bolt was given the answer of acme");
}

static int encode_and_set_tenant(const void *object, ctx_encoder *encoder)
{
    ctx_set(tenant, (const char *)object);
    return ctx_encode(encoder, ctx_i64(1));
}

static const ctx_object_class setting_class = {sizeof(ctx_object_class), "setting", NULL, NULL,
                                               encode_and_set_tenant};

Test(partitions, a_change_by_the_encoder_of_a_partition_value_is_not_remembered)
{
    char acme[] = "acme", bolt[] = "bolt";

    use_cache_of_two(tenant, currency, 0);
    ctx_set(currency, ctx_object(acme, &setting_class));
    cr_assert_eq(stamp_for("acme", ctx_i64(1)), 'a');
    cr_assert(stats_of(cache).entries == 1);
    ctx_set(currency, ctx_object(bolt, &setting_class));
    stamp_for("acme", ctx_i64(1));
    cr_assert_eq(stamp_now(1), 'b', "bolt was given the answer of acme");
}

static bool treacherous;

static uint64_t clock_that_becomes_bolt(void *unused)
{
    (void)unused;
    if (treacherous)
        ctx_set(tenant, "bolt");
    return 1;
}

Test(partitions, a_clock_that_changes_the_tenant_poisons_nothing)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;

    ctx_cache_destroy(cache);
    config.capacity_entries = 100;
    config.vary = &vary;
    config.vary_count = 1;
    config.ttl_ns = 1000;
    config.clock = clock_that_becomes_bolt;
    cache = cache_with(&config);
    for (int64_t key = 1; key <= 3; key++) {
        treacherous = true;
        stamp_for("acme", ctx_i64(key));
        treacherous = false;
        cr_assert_eq(stamp_for("acme", ctx_i64(key)), 'a');
        cr_assert_eq(stamp_for("bolt", ctx_i64(key)), 'b');
    }
}

/* ---- defaults ----------------------------------------------------------------------------- */

static ctx_cache *cache_counting_defaults(ctx_var *var)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = 100;
    config.vary = &var;
    config.vary_count = 1;
    config.flags = CTX_CACHE_COUNT_DEFAULTS;
    return cache_with(&config);
}

Test(partitions, a_default_does_not_count_as_set)
{
    ctx_cache *by_plan = cache_of(10, plan);
    struct answer a = ask(by_plan, price, 1);

    cr_assert_eq(a.status, CTX_ERR_UNSET);
    cr_assert_str_eq(a.info.variable, "plan");
    ctx_set(plan, "free");
    cr_assert_eq(ask(by_plan, price, 1).status, CTX_OK);
    ctx_cache_destroy(by_plan);
}

Test(partitions, a_default_counts_if_the_cache_says_so)
{
    ctx_cache *by_plan = cache_counting_defaults(plan);

    cr_assert_eq(ask(by_plan, price, 1).serial, 1);
    ctx_set(plan, "free");
    cr_assert_eq(ask(by_plan, price, 1).serial, 1);
    ctx_set(plan, "gold");
    cr_assert_eq(ask(by_plan, price, 1).serial, 2);
    cr_assert_eq(stats_of(by_plan).partitions, 2);
    ctx_cache_destroy(by_plan);
}

Test(partitions, a_variable_without_default_stays_unset_when_defaults_count)
{
    ctx_cache *strict = cache_counting_defaults(tenant);

    cr_assert_eq(ask(strict, price, 1).status, CTX_ERR_UNSET);
    ctx_cache_destroy(strict);
}

static int count_up(void *user, ctx_value *out_value)
{
    *out_value = ctx_i64(++*(int64_t *)user);
    return CTX_OK;
}

static int64_t made;
static CTX_VAR_FACTORY(session, count_up, &made);

Test(partitions, a_factorys_default_is_one_partition_per_context)
{
    ctx_cache *by_session = cache_counting_defaults(session);
    ctx_context *other;
    ctx_context_new(&other);

    cr_assert_eq(ask(by_session, price, 1).serial, 1);
    cr_assert_eq(ask(by_session, price, 1).serial, 1);
    ctx_enter(other);
    cr_assert_eq(ask(by_session, price, 1).serial, 2);
    cr_assert_eq(ask(by_session, price, 1).serial, 2);
    ctx_exit(other);
    cr_assert_eq(ask(by_session, price, 1).serial, 1);
    ctx_context_unref(other);
    ctx_cache_destroy(by_session);
}

static int fail_to_make(void *user, ctx_value *out_value)
{
    (void)user;
    *out_value = ctx_null();
    return -123;
}

static CTX_VAR_FACTORY(broken, fail_to_make, NULL);

Test(partitions, a_factorys_failure_comes_back_unchanged)
{
    ctx_cache *by_broken = cache_counting_defaults(broken);
    struct answer a = ask(by_broken, price, 1);

    cr_assert_eq(a.status, -123);
    cr_assert_eq(a.info.outcome, CTX_CACHE_REFUSED);
    cr_assert_eq(atomic_load(&price_probe.loads), 0);
    ctx_cache_destroy(by_broken);
}
