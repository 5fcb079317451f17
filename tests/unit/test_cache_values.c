/*
 * Values: how loaders give them, how long refs hold them, and that each adopted one is destroyed
 * exactly once, whatever becomes of it.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "support/cache_kit.h"
#include "support/check.h"
#include "support/clock.h"
#include "support/gate.h"

static CTX_VAR(tenant);
static CTX_VAR(locale);

static ctx_cache *cache;

static void setup(void)
{
    cache = cache_of(3, tenant);
    ctx_set(tenant, "acme");
}

static void teardown(void)
{
    if (cache)
        check_equations(cache);
    ctx_cache_destroy(cache);
}

TestSuite(values, .init = setup, .fini = teardown);

/* ---- what a loader may give --------------------------------------------------------------- */

/* What the loader `script` does; set by each test. */
static int (*script_step)(ctx_cache_load *load, const ctx_value *args);

static int load_script(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)count, (void)user;
    return script_step(load, args);
}

static CTX_CACHE_FN(script, load_script);

static void expect_value(int64_t key, const void *bytes, size_t size)
{
    for (int round = 0; round < 2; round++) {
        ctx_cache_ref ref = CTX_CACHE_REF_INIT;

        cr_assert_eq(ctx_cache_call(cache, script, &ref, key), CTX_OK);
        cr_assert_eq(ref.size, size);
        cr_assert_eq((uintptr_t)ref.data % _Alignof(max_align_t), 0);
        if (size)
            cr_assert_arr_eq(ref.data, bytes, size);
        ctx_cache_ref_release(&ref);
    }
}

static int reserve_abc(ctx_cache_load *load, const ctx_value *args)
{
    void *buffer;
    int r = ctx_cache_load_reserve(load, 3, &buffer);

    (void)args;
    if (r == CTX_OK)
        memcpy(buffer, "abc", 3);
    return r;
}

Test(values, a_reserved_value_is_written_in_place)
{
    script_step = reserve_abc;
    expect_value(1, "abc", 3);
}

static int copy_nothing(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    return ctx_cache_load_copy(load, NULL, 0);
}

static int reserve_nothing(ctx_cache_load *load, const ctx_value *args)
{
    void *buffer;

    (void)args;
    return ctx_cache_load_reserve(load, 0, &buffer);
}

Test(values, a_value_may_be_empty)
{
    script_step = copy_nothing;
    expect_value(1, NULL, 0);
    script_step = reserve_nothing;
    expect_value(2, NULL, 0);
    cr_assert_eq(stats_of(cache).entries, 2);
}

static int give_three_times(ctx_cache_load *load, const ctx_value *args)
{
    void *buffer;

    (void)args;
    ctx_cache_load_copy(load, "first", 5);
    ctx_cache_load_reserve(load, 100, &buffer);
    memset(buffer, 'x', 100);
    return ctx_cache_load_copy(load, "last", 4);
}

Test(values, the_last_value_given_counts)
{
    script_step = give_three_times;
    expect_value(1, "last", 4);
}

static int copy_badly(ctx_cache_load *load, const ctx_value *args)
{
    void *buffer = &buffer;

    (void)args;
    CHECK_EQ(ctx_cache_load_copy(load, NULL, 5), CTX_ERR_INVALID);
    CHECK_EQ(ctx_cache_load_reserve(load, SIZE_MAX, &buffer), CTX_ERR_NOMEM);
    CHECK(!buffer);
    buffer = &buffer;
    CHECK_EQ(ctx_cache_load_reserve(load, SIZE_MAX - 64, &buffer), CTX_ERR_NOMEM);
    CHECK(!buffer);
    CHECK_EQ(ctx_cache_load_reserve(load, 5, NULL), CTX_ERR_INVALID);
    CHECK_EQ(ctx_cache_load_adopt(load, NULL, 5, NULL, NULL), CTX_ERR_INVALID);
    CHECK_EQ(ctx_cache_load_adopt(load, &buffer, 5, NULL, NULL), CTX_ERR_INVALID);
    return ctx_cache_load_copy(load, "good", 4);
}

Test(values, a_refused_gift_spoils_nothing)
{
    script_step = copy_badly;
    expect_value(1, "good", 4);
}

static int be_negative(ctx_cache_load *load, const ctx_value *args)
{
    if (args[0].as.i64 == 2)
        ctx_cache_load_copy(load, "ignored", 7);
    ctx_cache_load_negative(load);
    return CTX_OK;
}

Test(values, there_is_none_is_an_answer_that_is_stored)
{
    script_step = be_negative;
    for (int64_t key = 1; key <= 2; key++) {
        struct answer a = ask(cache, script, key);

        cr_assert_eq(a.status, CTX_ABSENT);
        cr_assert_eq(a.info.outcome, CTX_CACHE_MISS);
        cr_assert(a.info.negative);
        cr_assert(a.info.stored);
        a = ask(cache, script, key);
        cr_assert_eq(a.status, CTX_ABSENT);
        cr_assert_eq(a.info.outcome, CTX_CACHE_HIT);
        cr_assert(a.info.negative);
    }
    cr_assert_eq(stats_of(cache).negative_hits, 2);
    cr_assert_eq(stats_of(cache).loads_ok, 2);
    check_sums(cache);
}

Test(values, a_get_tells_there_is_none_from_not_there)
{
    struct answer a;

    script_step = be_negative;
    a = look(cache, script, 1);
    cr_assert_eq(a.status, CTX_ABSENT);
    cr_assert_not(a.info.negative);
    ask(cache, script, 1);
    a = look(cache, script, 1);
    cr_assert_eq(a.status, CTX_ABSENT);
    cr_assert(a.info.negative);
    cr_assert_eq(a.info.outcome, CTX_CACHE_HIT);
    cr_assert(peek(cache, script, 1).info.negative);
    cr_assert_eq(stats_of(cache).absent, 1);
    cr_assert_eq(stats_of(cache).negative_hits, 1);
    check_sums(cache);
}

static int fail_after_giving(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    ctx_cache_load_copy(load, "never", 5);
    return 13;
}

Test(values, what_a_failed_loader_gave_is_dropped)
{
    script_step = fail_after_giving;
    cr_assert_eq(ask(cache, script, 1).status, 13);
    cr_assert_eq(look(cache, script, 1).status, CTX_ABSENT);
}

/* ---- copying calls ------------------------------------------------------------------------ */

static int copy_int(ctx_cache_load *load, const ctx_value *args)
{
    int32_t n = (int32_t)args[0].as.i64 * 10;

    return ctx_cache_load_copy(load, &n, sizeof n);
}

Test(values, a_copying_call_copies)
{
    ctx_value key = ctx_i64(4);

    script_step = copy_int;
    for (int round = 0; round < 2; round++) {
        int32_t out = 0;

        cr_assert_eq(ctx_cache_call_copy_v(cache, script, &key, 1, NULL, &out, sizeof out, NULL),
                     CTX_OK);
        cr_assert_eq(out, 40);
    }
    cr_assert_eq(stats_of(cache).hits, 1);
}

Test(values, a_copying_call_of_another_size_is_refused_without_writing)
{
    ctx_value key = ctx_i64(4);
    int64_t out = 99;
    char small = 'c';

    script_step = copy_int;
    cr_assert_eq(ctx_cache_call_copy_v(cache, script, &key, 1, NULL, &out, sizeof out, NULL),
                 CTX_ERR_TYPE);
    cr_assert_eq(ctx_cache_call_copy_v(cache, script, &key, 1, NULL, &small, 1, NULL),
                 CTX_ERR_TYPE);
    cr_assert_eq(ctx_cache_call_copy_v(cache, script, &key, 1, NULL, NULL, 0, NULL), CTX_ERR_TYPE);
    cr_assert_eq(out, 99);
    cr_assert_eq(small, 'c');
    cr_assert_eq(ctx_cache_call_copy_v(cache, script, &key, 1, NULL, NULL, 4, NULL),
                 CTX_ERR_INVALID);
    check_equations(cache);
}

Test(values, a_copying_call_writes_nothing_but_on_ok)
{
    ctx_value key = ctx_i64(4);
    int32_t out = 99;

    script_step = fail_after_giving;
    cr_assert_eq(ctx_cache_call_copy_v(cache, script, &key, 1, NULL, &out, sizeof out, NULL), 13);
    script_step = be_negative;
    cr_assert_eq(ctx_cache_call_copy_v(cache, script, &key, 1, NULL, &out, sizeof out, NULL),
                 CTX_ABSENT);
    cr_assert_eq(out, 99);
}

/* ---- refs --------------------------------------------------------------------------------- */

static ctx_cache_ref hold(int64_t key)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    script_step = reserve_abc;
    cr_assert_eq(ctx_cache_call(cache, script, &ref, key), CTX_OK);
    return ref;
}

static void expect_held(ctx_cache_ref *ref)
{
    cr_assert_eq(ref->size, 3);
    cr_assert_arr_eq(ref->data, "abc", 3);
    ctx_cache_ref_release(ref);
    cr_assert_null(ref->data);
    cr_assert_eq(ref->size, 0);
}

Test(values, a_ref_outlives_eviction)
{
    ctx_cache_ref ref = hold(1);

    for (int64_t key = 2; key < 10; key++)
        ctx_cache_put(cache, script, "xyz", 3, key);
    expect_held(&ref);
}

Test(values, a_ref_outlives_invalidation_of_every_kind)
{
    ctx_cache_ref ref = hold(1);
    cr_assert_eq(ctx_cache_invalidate(cache, script, 1), CTX_OK);
    expect_held(&ref);
    ref = hold(1);
    cr_assert_eq(ctx_cache_invalidate_partition(cache), CTX_OK);
    ctx_cache_maintain(cache, 100);
    expect_held(&ref);
    ref = hold(1);
    cr_assert_eq(ctx_cache_retire_partition(cache), CTX_OK);
    ctx_cache_maintain(cache, 100);
    expect_held(&ref);
    ref = hold(1);
    cr_assert_eq(ctx_cache_clear(cache), CTX_OK);
    expect_held(&ref);
    ref = hold(1);
    cr_assert_eq(ctx_cache_put(cache, script, "new", 3, 1), CTX_OK);
    expect_held(&ref);
}

Test(values, a_ref_outlives_the_cache)
{
    ctx_cache_ref first = hold(1), second = hold(1), third = hold(2);

    ctx_cache_destroy(cache);
    cache = NULL;
    expect_held(&first);
    expect_held(&third);
    expect_held(&second);
}

static void *release_ref(void *ref)
{
    ctx_cache_ref_release(ref);
    return NULL;
}

Test(values, a_ref_may_be_released_by_another_thread)
{
    ctx_cache_ref ref = hold(1);
    pthread_t thread;

    ctx_cache_destroy(cache);
    cache = NULL;
    pthread_create(&thread, NULL, release_ref, &ref);
    pthread_join(thread, NULL);
    cr_assert_null(ref.data);
}

Test(values, releasing_nothing_does_nothing)
{
    ctx_cache_ref empty = CTX_CACHE_REF_INIT;

    ctx_cache_ref_release(NULL);
    ctx_cache_ref_release(&empty);
    empty = hold(1);
    ctx_cache_ref_release(&empty);
    ctx_cache_ref_release(&empty);
}

Test(values, refs_of_one_entry_are_one_value)
{
    ctx_cache_ref a = hold(1), b = hold(1);

    cr_assert_eq(a.data, b.data);
    ctx_cache_ref_release(&a);
    expect_held(&b);
}

/* ---- adopted values are destroyed exactly once -------------------------------------------- */

static _Atomic int made, destroyed;

static void destroy_value(void *value, size_t size, void *user)
{
    CHECK_EQ(size, 8);
    CHECK(user == &made);
    CHECK_EQ(*(int64_t *)value, 0x1234);
    *(int64_t *)value = -1;
    free(value);
    atomic_fetch_add(&destroyed, 1);
}

static int adopt_one(ctx_cache_load *load)
{
    int64_t *value = malloc(sizeof *value);

    *value = 0x1234;
    atomic_fetch_add(&made, 1);
    return ctx_cache_load_adopt(load, value, sizeof *value, destroy_value, &made);
}

static int adopt(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    return adopt_one(load);
}

static void expect_destroyed(int count)
{
    cr_assert_eq(atomic_load(&destroyed), count);
    cr_assert_leq(atomic_load(&destroyed), atomic_load(&made));
}

static struct answer ask_adopted(int64_t key)
{
    return ask(cache, script, key);
}

Test(values, an_adopted_value_lives_as_long_as_it_is_cached)
{
    script_step = adopt;
    ask_adopted(1);
    ask_adopted(1);
    expect_destroyed(0);
    for (int64_t key = 2; key <= 4; key++)
        ask_adopted(key);
    expect_destroyed(1);
    ctx_cache_destroy(cache);
    cache = NULL;
    expect_destroyed(4);
}

Test(values, an_adopted_value_lives_as_long_as_a_ref_to_it)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    script_step = adopt;
    cr_assert_eq(ctx_cache_call(cache, script, &ref, 1), CTX_OK);
    cr_assert_eq(ref.size, 8);
    ctx_cache_destroy(cache);
    cache = NULL;
    expect_destroyed(0);
    cr_assert_eq(*(const int64_t *)ref.data, 0x1234);
    ctx_cache_ref_release(&ref);
    expect_destroyed(1);
}

static int adopt_no_store(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    ctx_cache_load_no_store(load);
    return adopt_one(load);
}

Test(values, an_adopted_value_that_is_not_stored_is_destroyed)
{
    script_step = adopt_no_store;
    ask_adopted(1);
    expect_destroyed(1);
}

static int adopt_and_fail(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    adopt_one(load);
    return 7;
}

Test(values, an_adopted_value_of_a_failed_loader_is_destroyed)
{
    script_step = adopt_and_fail;
    ask_adopted(1);
    expect_destroyed(1);
}

static int adopt_and_exit(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    adopt_one(load);
    pthread_exit(NULL);
}

static void *ask_on_thread(void *unused)
{
    ask_adopted(1);
    return unused;
}

Test(values, an_adopted_value_of_a_dead_loader_is_destroyed)
{
    pthread_t thread;

    script_step = adopt_and_exit;
    ctx_thread_create(&thread, NULL, ask_on_thread, NULL);
    pthread_join(thread, NULL);
    expect_destroyed(1);
}

static int adopt_three(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    adopt_one(load);
    adopt_one(load);
    return adopt_one(load);
}

Test(values, an_adopted_value_that_is_given_up_for_another_is_destroyed)
{
    script_step = adopt_three;
    ask_adopted(1);
    expect_destroyed(2);
    ctx_cache_clear(cache);
    expect_destroyed(3);
}

static int adopt_then_negative(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    adopt_one(load);
    ctx_cache_load_negative(load);
    return CTX_OK;
}

Test(values, an_adopted_value_that_is_denied_is_destroyed)
{
    script_step = adopt_then_negative;
    cr_assert_eq(ask_adopted(1).status, CTX_ABSENT);
    expect_destroyed(1);
}

static int adopt_and_read_locale(ctx_cache_load *load, const ctx_value *args)
{
    ctx_value v;

    (void)args;
    ctx_get(locale, &v);
    return adopt_one(load);
}

Test(values, an_adopted_value_that_the_audit_refuses_is_destroyed)
{
    script_step = adopt_and_read_locale;
    cr_assert_eq(ask_adopted(1).info.reason, CTX_CACHE_UNDECLARED);
    expect_destroyed(1);
}

static int adopt_and_change_tenant(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    ctx_set(tenant, "bolt");
    return adopt_one(load);
}

Test(values, an_adopted_value_of_a_changed_partition_is_destroyed)
{
    script_step = adopt_and_change_tenant;
    cr_assert_eq(ask_adopted(1).info.reason, CTX_CACHE_CHANGED);
    expect_destroyed(1);
}

static int adopt_and_invalidate(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    ctx_cache_clear(cache);
    return adopt_one(load);
}

Test(values, an_adopted_value_that_was_fenced_is_destroyed)
{
    script_step = adopt_and_invalidate;
    cr_assert_eq(ask_adopted(1).info.reason, CTX_CACHE_FENCED);
    expect_destroyed(1);
}

static int adopt_heavy(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    ctx_cache_load_weight(load, 1 << 20);
    return adopt_one(load);
}

Test(values, an_adopted_value_that_is_too_large_is_destroyed)
{
    struct answer a;

    ctx_cache_resize(cache, 0, 100000);
    script_step = adopt_heavy;
    a = ask_adopted(1);
    cr_assert_eq(a.status, CTX_OK);
    cr_assert_eq(a.info.reason, CTX_CACHE_TOO_LARGE);
    expect_destroyed(1);
}

Test(values, an_adopted_value_of_a_cache_that_stores_nothing_is_destroyed)
{
    ctx_cache_resize(cache, 0, 0);
    script_step = adopt;
    ask_adopted(1);
    ask_adopted(1);
    expect_destroyed(2);
}

Test(values, an_adopted_value_that_is_replaced_is_destroyed)
{
    script_step = adopt;
    ask_adopted(1);
    ctx_cache_put(cache, script, "x", 1, 1);
    expect_destroyed(1);
}

Test(values, an_adopted_value_that_is_invalidated_is_destroyed)
{
    script_step = adopt;
    ask_adopted(1);
    ctx_cache_invalidate(cache, script, 1);
    expect_destroyed(1);
    ask_adopted(1);
    ctx_cache_invalidate_partition(cache);
    ctx_cache_maintain(cache, 10);
    expect_destroyed(2);
    ask_adopted(1);
    ctx_cache_retire_partition(cache);
    ctx_cache_maintain(cache, 10);
    expect_destroyed(3);
}

static int adopt_in_bypass(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    return adopt_one(load);
}

Test(values, an_adopted_value_of_a_bypass_is_destroyed)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = locale;

    ctx_cache_destroy(cache);
    config.capacity_entries = 10;
    config.vary = &vary;
    config.vary_count = 1;
    config.unset = CTX_CACHE_UNSET_BYPASS;
    cache = cache_with(&config);
    script_step = adopt_in_bypass;
    cr_assert_eq(ask_adopted(1).status, CTX_OK);
    expect_destroyed(1);
}

static struct gate adopt_gate = GATE_INIT;

static int adopt_at_gate(ctx_cache_load *load, const ctx_value *args)
{
    (void)args;
    gate_pass(&adopt_gate);
    return adopt_one(load);
}

Test(values, an_adopted_value_shared_by_waiters_is_destroyed_once)
{
    struct caller leader = {0}, waiter = {0};

    script_step = adopt_at_gate;
    caller_start(&leader, cache, script, 1);
    gate_await(&adopt_gate, 1);
    caller_start(&waiter, cache, script, 1);
    caller_await_waiting(&waiter);
    ctx_cache_destroy(cache);
    cache = NULL;
    gate_open(&adopt_gate);
    caller_join(&leader);
    caller_join(&waiter);
    cr_assert_eq(waiter.answer.serial, 0x1234);
    expect_destroyed(1);
}

static int put_status; /* of what the destructor below put last */

/* The destructor may call the cache: no lock is held. */
static void destroy_and_call(void *value, size_t size, void *user)
{
    (void)size, (void)user;
    free(value);
    if (cache) {
        put_status = put_serial(cache, script, 50, 50);
        look(cache, script, 50);
    }
    atomic_fetch_add(&destroyed, 1);
}

static int adopt_calling(ctx_cache_load *load, const ctx_value *args)
{
    int64_t *value = malloc(sizeof *value);

    *value = args[0].as.i64;
    return ctx_cache_load_adopt(load, value, sizeof *value, destroy_and_call, NULL);
}

Test(values, a_destructor_may_call_the_cache)
{
    script_step = adopt_calling;
    for (int64_t key = 1; key <= 10; key++)
        ask(cache, script, key);
    cr_assert_geq(atomic_load(&destroyed), 7);
    cr_assert_eq(look(cache, script, 50).serial, 50);
}

Test(values, what_a_destructor_puts_while_its_cache_ends_is_not_stored)
{
    script_step = adopt_calling;
    ask(cache, script, 1);
    ctx_cache_destroy(cache);
    cache = NULL;
    cr_assert_eq(atomic_load(&destroyed), 1);
    cr_assert_eq(put_status, CTX_ABSENT);
}
