/*
 * Invalidation: what is gone is gone, what is not stays, and loads that began before are fenced:
 * they answer their own callers, are not stored, and nobody joins them later.
 */
#include <criterion/criterion.h>

#include "support/cache_kit.h"
#include "support/gate.h"

PROBE(price);
static CTX_VAR(tenant);

static ctx_cache *cache;
static struct gate first_gate = GATE_INIT;
static struct caller leader, waiter;

static void setup(void)
{
    cache = cache_of(100, tenant);
    ctx_set(tenant, "acme");
}

static void teardown(void)
{
    check_equations(cache);
    ctx_cache_destroy(cache);
}

TestSuite(invalidation, .init = setup, .fini = teardown);

static void fill(const char *name, int from, int to)
{
    ctx_set(tenant, name);
    for (int key = from; key <= to; key++)
        cr_assert_eq(ask(cache, price, key).info.outcome, CTX_CACHE_MISS);
}

static int count_present(const char *name, int from, int to)
{
    int present = 0;

    ctx_set(tenant, name);
    for (int key = from; key <= to; key++)
        present += look(cache, price, key).status == CTX_OK;
    return present;
}

Test(invalidation, by_key_removes_that_key)
{
    fill("acme", 1, 3);
    cr_assert_eq(ctx_cache_invalidate(cache, price, 2), CTX_OK);
    cr_assert_eq(count_present("acme", 1, 3), 2);
    cr_assert_eq(look(cache, price, 2).status, CTX_ABSENT);
    cr_assert_eq(ctx_cache_invalidate(cache, price, 2), CTX_ABSENT);
    cr_assert_eq(ctx_cache_invalidate(cache, price, 99), CTX_ABSENT);
    cr_assert_eq(stats_of(cache).invalidated, 1);
    check_sums(cache);
}

Test(invalidation, by_key_touches_one_tenant_only)
{
    fill("acme", 1, 3);
    fill("bolt", 1, 3);
    cr_assert_eq(ctx_cache_invalidate(cache, price, 2), CTX_OK);
    cr_assert_eq(count_present("acme", 1, 3), 3);
    cr_assert_eq(count_present("bolt", 1, 3), 2);
}

Test(invalidation, by_partition_leaves_the_others)
{
    fill("acme", 1, 10);
    fill("bolt", 1, 10);
    cr_assert_eq(ctx_cache_invalidate_partition(cache), CTX_OK);
    cr_assert_eq(stats_of(cache).entries, 10);
    cr_assert_eq(stats_of(cache).invalidated, 10);
    cr_assert_eq(partition_of(cache).entries, 0);
    cr_assert_eq(count_present("bolt", 1, 10), 0);
    cr_assert_eq(count_present("acme", 1, 10), 10);
    check_sums(cache);
}

Test(invalidation, a_dropped_key_is_loaded_and_found_again)
{
    fill("acme", 1, 10);
    ctx_cache_invalidate_partition(cache);
    fill("acme", 1, 10);
    cr_assert_eq(count_present("acme", 1, 10), 10);
    cr_assert_eq(ask(cache, price, 1).serial, 11);
    while (ctx_cache_maintain(cache, 1))
        ;
    cr_assert_eq(count_present("acme", 1, 10), 10);
    check_sums(cache);
}

Test(invalidation, by_partition_with_nothing_there_is_ok)
{
    cr_assert_eq(ctx_cache_invalidate_partition(cache), CTX_OK);
    cr_assert_eq(ctx_cache_retire_partition(cache), CTX_OK);
    cr_assert_eq(stats_of(cache).invalidated, 0);
}

/* Dropped entries hold no place that a live one could have. */
Test(invalidation, dropped_entries_push_nobody_out)
{
    ctx_cache_resize(cache, 20, 0);
    fill("bolt", 1, 10);
    fill("acme", 1, 10);
    ctx_cache_invalidate_partition(cache);
    fill("acme", 11, 20);
    cr_assert_eq(count_present("bolt", 1, 10), 10);
    cr_assert_eq(stats_of(cache).evicted, 0);
    check_sums(cache);
}

Test(invalidation, clear_empties_every_partition)
{
    fill("acme", 1, 10);
    fill("bolt", 1, 10);
    cr_assert_eq(ctx_cache_clear(cache), CTX_OK);
    cr_assert_eq(stats_of(cache).entries, 0);
    cr_assert_eq(stats_of(cache).cleared, 20);
    cr_assert_eq(count_present("acme", 1, 10), 0);
    cr_assert_eq(count_present("bolt", 1, 10), 0);
    check_sums(cache);
}

Test(invalidation, maintenance_gives_dropped_memory_back)
{
    uint64_t full, empty;

    fill("acme", 1, 100);
    full = stats_of(cache).bytes;
    ctx_cache_invalidate_partition(cache);
    while (ctx_cache_maintain(cache, 10))
        ;
    empty = stats_of(cache).bytes;
    cr_assert_lt(empty, full);
    cr_assert_eq(ctx_cache_maintain(cache, 10), 0);
}

Test(invalidation, null_is_invalid)
{
    cr_assert_eq(ctx_cache_clear(NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_invalidate_partition(NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_retire_partition(NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_invalidate_v(NULL, price, NULL, 0), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_invalidate_v(cache, NULL, NULL, 0), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_invalidate_v(cache, price, NULL, 1), CTX_ERR_INVALID);
}

/* ---- fences ------------------------------------------------------------------------------- */

/* Only the first load is held. */
static int hold_first(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                      size_t count)
{
    (void)load, (void)args, (void)count;
    if (atomic_load(&probe->loads) == 1)
        gate_pass(&first_gate);
    return CTX_OK;
}

/*
 * A load runs, one waits for it, then `fence` happens. Both are answered by the old load, which is
 * not stored; who comes after the fence loads anew, and that is what is found afterwards.
 */
static void expect_fenced_by(int (*fence)(void), int status)
{
    struct answer later;

    price_probe.during = hold_first;
    caller_start(&leader, cache, price, 1);
    gate_await(&first_gate, 1);
    caller_start(&waiter, cache, price, 1);
    caller_await_waiting(&waiter);
    cr_assert_eq(fence(), status);
    later = ask(cache, price, 1);
    cr_assert_eq(later.info.outcome, CTX_CACHE_MISS, "it joined a load from before the fence");
    cr_assert_eq(later.serial, 2);
    cr_assert(later.info.stored);
    gate_open(&first_gate);
    caller_join(&leader);
    caller_join(&waiter);
    cr_assert_eq(leader.answer.serial, 1);
    cr_assert_eq(leader.answer.info.reason, CTX_CACHE_FENCED);
    cr_assert_not(leader.answer.info.stored);
    cr_assert_eq(waiter.answer.serial, 1);
    cr_assert_eq(waiter.answer.info.outcome, CTX_CACHE_JOINED);
    cr_assert_eq(waiter.answer.info.reason, CTX_CACHE_FENCED);
    cr_assert_not(waiter.answer.info.stored);
    cr_assert_eq(ask(cache, price, 1).serial, 2, "an answer from before the fence was stored");
    cr_assert_eq(stats_of(cache).not_stored_fenced, 1);
}

static int invalidate_key(void)
{
    return ctx_cache_invalidate(cache, price, 1);
}

Test(invalidation, by_key_fences_a_running_load)
{
    expect_fenced_by(invalidate_key, CTX_OK);
}

static int invalidate_partition(void)
{
    return ctx_cache_invalidate_partition(cache);
}

Test(invalidation, by_partition_fences_a_running_load)
{
    expect_fenced_by(invalidate_partition, CTX_OK);
}

static int retire(void)
{
    return ctx_cache_retire_partition(cache);
}

Test(invalidation, retiring_fences_a_running_load)
{
    expect_fenced_by(retire, CTX_OK);
}

static int clear(void)
{
    return ctx_cache_clear(cache);
}

Test(invalidation, clearing_fences_a_running_load)
{
    expect_fenced_by(clear, CTX_OK);
}

static int put_and_invalidate(void)
{
    cr_assert_eq(put_serial(cache, price, 1, 50), CTX_OK);
    return ctx_cache_invalidate(cache, price, 1);
}

Test(invalidation, a_put_that_is_gone_again_fences_a_running_load)
{
    expect_fenced_by(put_and_invalidate, CTX_OK);
}

Test(invalidation, a_put_fences_a_running_load)
{
    price_probe.during = hold_first;
    caller_start(&leader, cache, price, 1);
    gate_await(&first_gate, 1);
    cr_assert_eq(put_serial(cache, price, 1, 50), CTX_OK);
    cr_assert_eq(ask(cache, price, 1).serial, 50);
    gate_open(&first_gate);
    caller_join(&leader);
    cr_assert_eq(leader.answer.serial, 1);
    cr_assert_eq(leader.answer.info.reason, CTX_CACHE_FENCED);
    cr_assert_eq(ask(cache, price, 1).serial, 50);
    check_sums(cache);
}

Test(invalidation, a_fence_of_another_key_or_tenant_does_nothing)
{
    price_probe.during = hold_first;
    caller_start(&leader, cache, price, 1);
    gate_await(&first_gate, 1);
    ctx_cache_invalidate(cache, price, 2);
    put_serial(cache, price, 3, 50);
    ctx_set(tenant, "bolt");
    ctx_cache_invalidate(cache, price, 1);
    ctx_cache_invalidate_partition(cache);
    ctx_cache_retire_partition(cache);
    gate_open(&first_gate);
    caller_join(&leader);
    cr_assert(leader.answer.info.stored);
    ctx_set(tenant, "acme");
    cr_assert_eq(ask(cache, price, 1).serial, 1);
}

static int clear_inside(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                        size_t count)
{
    (void)load, (void)args, (void)count;
    return atomic_load(&probe->loads) == 1 ? ctx_cache_clear(cache) : CTX_OK;
}

Test(invalidation, a_loader_may_fence_itself)
{
    struct answer a;

    price_probe.during = clear_inside;
    a = ask(cache, price, 1);
    cr_assert_eq(a.status, CTX_OK);
    cr_assert_eq(a.info.reason, CTX_CACHE_FENCED);
    cr_assert(ask(cache, price, 1).info.stored);
}

static int put_inside(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                      size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    return put_serial(cache, price, 1, 50);
}

Test(invalidation, a_loader_may_put_its_own_key)
{
    struct answer a;

    price_probe.during = put_inside;
    a = ask(cache, price, 1);
    cr_assert_eq(a.serial, 1);
    cr_assert_eq(a.info.reason, CTX_CACHE_FENCED);
    cr_assert_eq(ask(cache, price, 1).serial, 50);
}

/* The second load is fenced too, the third is not; none of them is mistaken for another. */
static struct gate gates[2] = {GATE_INIT, GATE_INIT};

static int hold_first_two(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                          size_t count)
{
    int64_t serial = atomic_load(&probe->loads);

    (void)load, (void)args, (void)count;
    if (serial <= 2)
        gate_pass(&gates[serial - 1]);
    return CTX_OK;
}

Test(invalidation, loads_from_before_two_fences_stay_apart)
{
    struct caller second = {0};

    price_probe.during = hold_first_two;
    caller_start(&leader, cache, price, 1);
    gate_await(&gates[0], 1);
    ctx_cache_invalidate_partition(cache);
    caller_start(&second, cache, price, 1);
    gate_await(&gates[1], 1);
    cr_assert_eq(ctx_cache_invalidate(cache, price, 1), CTX_OK);
    cr_assert_eq(ask(cache, price, 1).serial, 3);
    gate_open(&gates[1]);
    caller_join(&second);
    gate_open(&gates[0]);
    caller_join(&leader);
    cr_assert_eq(leader.answer.serial, 1);
    cr_assert_eq(second.answer.serial, 2);
    cr_assert_eq(ask(cache, price, 1).serial, 3);
    cr_assert_eq(stats_of(cache).not_stored_fenced, 2);
}
