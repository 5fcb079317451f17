/*
 * Removal callbacks: once for each value that was stored and left, with its cause, with no lock
 * held.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "support/cache_kit.h"
#include "support/clock.h"
#include "support/gate.h"

PROBE(price);
static CTX_VAR(tenant);

static ctx_cache *cache;
static struct fake_clock now;

enum { SERIALS = 64 };

/* By serial number: how often it left, and why last. */
static int left[SERIALS];
static enum ctx_cache_cause why[SERIALS];
static int negatives_left, all_left;

static void on_remove(void *user, const ctx_cache_removal *removal)
{
    int64_t serial;

    cr_assert_eq(user, &now);
    cr_assert_eq(removal->size, sizeof *removal);
    cr_assert_str_eq(removal->fn_name, "price");
    all_left++;
    if (!removal->value) {
        negatives_left++;
        return;
    }
    cr_assert_eq(removal->value_size, sizeof serial);
    memcpy(&serial, removal->value, sizeof serial);
    cr_assert(serial > 0 && serial < SERIALS);
    left[serial]++;
    why[serial] = removal->cause;
}

static ctx_cache *cache_telling(void (*callback)(void *, const ctx_cache_removal *))
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;

    config.capacity_entries = 3;
    config.vary = &vary;
    config.vary_count = 1;
    config.ttl_ns = 100;
    config.clock = fake_clock_read;
    config.clock_user = &now;
    config.on_remove = callback;
    config.on_remove_user = &now;
    return cache_with(&config);
}

static void setup(void)
{
    cache = cache_telling(on_remove);
    ctx_set(tenant, "acme");
}

static void teardown(void)
{
    if (cache)
        check_equations(cache);
    ctx_cache_destroy(cache);
}

TestSuite(removal, .init = setup, .fini = teardown);

static void expect_left(int64_t serial, enum ctx_cache_cause cause)
{
    cr_assert_eq(left[serial], 1, "value %ld left %d times", (long)serial, left[serial]);
    cr_assert_eq(why[serial], cause, "value %ld left because of %d", (long)serial,
                 (int)why[serial]);
}

Test(removal, eviction)
{
    for (int key = 1; key <= 4; key++)
        ask(cache, price, key);
    cr_assert_eq(all_left, 1);
    expect_left(1, CTX_CACHE_EVICTED);
}

Test(removal, shrinking_evicts)
{
    for (int key = 1; key <= 3; key++)
        ask(cache, price, key);
    ctx_cache_resize(cache, 1, 0);
    cr_assert_eq(all_left, 2);
    expect_left(1, CTX_CACHE_EVICTED);
    expect_left(2, CTX_CACHE_EVICTED);
}

Test(removal, expiry)
{
    ask(cache, price, 1);
    fake_clock_advance(&now, 100);
    ask(cache, price, 1);
    expect_left(1, CTX_CACHE_EXPIRED);
    fake_clock_advance(&now, 100);
    while (stats_of(cache).entries)
        ctx_cache_maintain(cache, 10);
    expect_left(2, CTX_CACHE_EXPIRED);
}

Test(removal, invalidation_by_key)
{
    ask(cache, price, 1);
    ctx_cache_invalidate(cache, price, 1);
    expect_left(1, CTX_CACHE_INVALIDATED);
    ctx_cache_invalidate(cache, price, 1);
    cr_assert_eq(all_left, 1);
}

Test(removal, invalidation_by_partition)
{
    ask(cache, price, 1);
    ask(cache, price, 2);
    ctx_cache_invalidate_partition(cache);
    ctx_cache_maintain(cache, 10);
    expect_left(1, CTX_CACHE_INVALIDATED);
    expect_left(2, CTX_CACHE_INVALIDATED);
}

Test(removal, dropped_entries_follow_with_later_calls)
{
    ask(cache, price, 1);
    ask(cache, price, 2);
    ctx_cache_invalidate_partition(cache);
    for (int i = 0; i < 20; i++)
        ask(cache, price, 3 + i % 2);
    cr_assert_eq(all_left, 2);
    expect_left(1, CTX_CACHE_INVALIDATED);
    expect_left(2, CTX_CACHE_INVALIDATED);
}

Test(removal, retirement)
{
    ask(cache, price, 1);
    ctx_cache_retire_partition(cache);
    ctx_cache_maintain(cache, 10);
    expect_left(1, CTX_CACHE_INVALIDATED);
}

Test(removal, replacement)
{
    ask(cache, price, 1);
    put_serial(cache, price, 1, 50);
    expect_left(1, CTX_CACHE_REPLACED);
    put_serial(cache, price, 1, 51);
    expect_left(50, CTX_CACHE_REPLACED);
}

Test(removal, clearing)
{
    ask(cache, price, 1);
    ctx_set(tenant, "bolt");
    ask(cache, price, 1);
    ctx_cache_clear(cache);
    expect_left(1, CTX_CACHE_CLEARED);
    expect_left(2, CTX_CACHE_CLEARED);
    cr_assert_eq(stats_of(cache).cleared, 2);
}

Test(removal, destruction)
{
    ask(cache, price, 1);
    ctx_cache_destroy(cache);
    cache = NULL;
    expect_left(1, CTX_CACHE_CLEARED);
}

Test(removal, destruction_tells_of_dropped_entries_too)
{
    ask(cache, price, 1);
    ask(cache, price, 2);
    ctx_cache_invalidate_partition(cache);
    ctx_cache_destroy(cache);
    cache = NULL;
    expect_left(1, CTX_CACHE_INVALIDATED);
    expect_left(2, CTX_CACHE_INVALIDATED);
}

Test(removal, a_negative_entry_has_no_value)
{
    price_probe.negative = true;
    ask(cache, price, 1);
    ctx_cache_invalidate(cache, price, 1);
    cr_assert_eq(negatives_left, 1);
}

static int fail_or_no_store(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                            size_t count)
{
    (void)probe, (void)count;
    if (args[0].as.i64 == 1)
        return 5;
    ctx_cache_load_no_store(load);
    return CTX_OK;
}

Test(removal, what_was_never_stored_never_leaves)
{
    price_probe.during = fail_or_no_store;
    ask(cache, price, 1);
    ask(cache, price, 2);
    ctx_cache_clear(cache);
    cr_assert_eq(all_left, 0);
}

Test(removal, a_value_leaves_although_a_ref_still_holds_it)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    ctx_cache_call(cache, price, &ref, 1);
    ctx_cache_clear(cache);
    expect_left(1, CTX_CACHE_CLEARED);
    ctx_cache_ref_release(&ref);
    cr_assert_eq(left[1], 1);
}

/* ---- callbacks that call -------------------------------------------------------------------- */

static int depth;

static void call_again(void *user, const ctx_cache_removal *removal)
{
    (void)user, (void)removal;
    all_left++;
    if (depth || !cache)
        return;
    depth++;
    ask(cache, price, 100 + all_left);
    put_serial(cache, price, 101, 7);
    look(cache, price, 101);
    ctx_cache_invalidate(cache, price, 101);
    ctx_cache_invalidate_partition(cache);
    ctx_cache_maintain(cache, 10);
    ctx_cache_resize(cache, 2, 0);
    stats_of(cache);
    partition_of(cache);
    depth--;
}

Test(removal, a_callback_may_call_the_cache)
{
    uint64_t gone;
    ctx_cache_stats s;

    ctx_cache_destroy(cache);
    all_left = 0;
    cache = cache_telling(call_again);
    for (int key = 1; key <= 50; key++)
        ask(cache, price, key);
    ctx_cache_clear(cache);
    s = stats_of(cache);
    while (ctx_cache_maintain(cache, 10))
        ;
    gone = s.evicted + s.expired + s.invalidated + s.replaced + s.cleared;
    cr_assert_eq((uint64_t)all_left, gone);
    check_sums(cache);
}

static void clear_again(void *user, const ctx_cache_removal *removal)
{
    (void)user, (void)removal;
    all_left++;
    if (cache)
        ctx_cache_clear(cache);
}

Test(removal, a_callback_may_clear_the_cache)
{
    ctx_cache_destroy(cache);
    all_left = 0;
    cache = cache_telling(clear_again);
    for (int key = 1; key <= 8; key++)
        ask(cache, price, key);
    ctx_cache_clear(cache);
    cr_assert_eq(all_left, 8);
    cr_assert_eq(stats_of(cache).entries, 0);
}

static void become_bolt(void *user, const ctx_cache_removal *removal)
{
    (void)user, (void)removal;
    ctx_set(tenant, "bolt");
}

/* An eviction happens in the middle of acme's call; the callback makes the thread bolt's. */
Test(removal, a_callback_that_changes_the_tenant_poisons_nothing)
{
    ctx_cache_destroy(cache);
    cache = cache_telling(become_bolt);
    for (int key = 1; key <= 4; key++) {
        ctx_set(tenant, "acme");
        cr_assert_eq(ask(cache, price, key).serial, key);
    }
    cr_assert_eq(look(cache, price, 4).status, CTX_ABSENT);
    ctx_set(tenant, "acme");
    cr_assert_eq(look(cache, price, 4).serial, 4);
}

static void exit_thread(void *user, const ctx_cache_removal *removal)
{
    (void)user, (void)removal;
    if (++all_left == 1)
        pthread_exit(NULL);
}

static void *overflow(void *unused)
{
    ctx_cache_clear(cache);
    return unused;
}

Test(removal, a_callback_that_ends_its_thread_loses_no_other)
{
    pthread_t thread;

    ctx_cache_destroy(cache);
    all_left = 0;
    cache = cache_telling(exit_thread);
    for (int key = 1; key <= 3; key++)
        ask(cache, price, key);
    ctx_thread_create(&thread, NULL, overflow, NULL);
    pthread_join(thread, NULL);
    ctx_cache_destroy(cache);
    cache = NULL;
    cr_assert_eq(all_left, 3);
}
