/*
 * Time-to-live: an expired entry is never returned.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/cache_kit.h"
#include "support/check.h"
#include "support/clock.h"

PROBE(price);
static CTX_VAR(tenant);
static struct fake_clock now;

static ctx_cache *cache_expiring_after(uint64_t ttl_ns)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    atomic_store(&now.now_ns, 1000);
    config.capacity_entries = 100;
    config.ttl_ns = ttl_ns;
    config.clock = fake_clock_read;
    config.clock_user = &now;
    return cache_with(&config);
}

Test(ttl, an_entry_expires_when_its_time_has_passed)
{
    ctx_cache *cache = cache_expiring_after(100);

    cr_assert_eq(ask(cache, price, 1).serial, 1);
    fake_clock_advance(&now, 99);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    fake_clock_advance(&now, 1);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    cr_assert_eq(stats_of(cache).expired, 1);
    cr_assert_eq(stats_of(cache).hits, 1);
    check_sums(cache);
    ctx_cache_destroy(cache);
}

Test(ttl, a_hit_does_not_prolong_it)
{
    ctx_cache *cache = cache_expiring_after(100);

    ask(cache, price, 1);
    for (int i = 0; i < 3; i++) {
        fake_clock_advance(&now, 30);
        cr_assert_eq(ask(cache, price, 1).serial, 1);
    }
    fake_clock_advance(&now, 30);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    ctx_cache_destroy(cache);
}

Test(ttl, no_reader_returns_an_expired_entry)
{
    ctx_cache *cache = cache_expiring_after(100);
    ctx_cache_stats before, after;

    ask(cache, price, 1);
    fake_clock_advance(&now, 100);
    before = stats_of(cache);
    cr_assert_eq(peek(cache, price, 1).status, CTX_ABSENT);
    after = stats_of(cache);
    cr_assert_arr_eq(&before, &after, sizeof before);
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
    cr_assert_eq(stats_of(cache).absent, 1);
    check_sums(cache);
    ctx_cache_destroy(cache);
}

Test(ttl, zero_means_never)
{
    ctx_cache *cache = cache_expiring_after(0);

    ask(cache, price, 1);
    fake_clock_advance(&now, UINT64_MAX / 2);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    ctx_cache_destroy(cache);
}

Test(ttl, a_time_beyond_the_end_of_the_clock_is_never)
{
    ctx_cache *cache = cache_expiring_after(UINT64_MAX);

    ask(cache, price, 1);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    fake_clock_advance(&now, UINT64_MAX - 2000);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    ctx_cache_destroy(cache);
}

static int spend_50(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    fake_clock_advance(&now, 50);
    return CTX_OK;
}

Test(ttl, time_counts_from_the_end_of_the_load)
{
    ctx_cache *cache = cache_expiring_after(100);
    struct answer a;

    price_probe.during = spend_50;
    a = ask(cache, price, 1);
    cr_assert_eq(a.info.load_ns, 50);
    cr_assert_eq(stats_of(cache).load_ns, 50);
    fake_clock_advance(&now, 99);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    fake_clock_advance(&now, 1);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    ctx_cache_destroy(cache);
}

static int ttl_of_argument(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                           size_t count)
{
    (void)probe, (void)count;
    ctx_cache_load_ttl(load, args[0].as.u64);
    return CTX_OK;
}

Test(ttl, a_load_may_give_its_own)
{
    ctx_cache *cache = cache_expiring_after(100);

    price_probe.during = ttl_of_argument;
    ask(cache, price, 10u);
    ask(cache, price, 1000u);
    ask(cache, price, 0u);
    fake_clock_advance(&now, 10);
    cr_assert_eq(look(cache, price, 10u).status, CTX_ABSENT);
    fake_clock_advance(&now, 989);
    cr_assert_eq(look(cache, price, 1000u).status, CTX_OK);
    fake_clock_advance(&now, 1);
    cr_assert_eq(look(cache, price, 1000u).status, CTX_ABSENT);
    fake_clock_advance(&now, 1000000000);
    cr_assert_eq(look(cache, price, 0u).status, CTX_OK);
    ctx_cache_destroy(cache);
}

Test(ttl, a_load_may_give_one_where_the_cache_has_none)
{
    ctx_cache *cache = cache_expiring_after(0);

    price_probe.during = ttl_of_argument;
    ask(cache, price, 10u);
    fake_clock_advance(&now, 10);
    cr_assert_eq(ask(cache, price, 10u).serial, 2);
    ctx_cache_destroy(cache);
}

/* ---- set after the value, where there is no room for it yet ------------------------------- */

static int destroyed;

static void destroy_name(void *value, size_t size, void *user)
{
    (void)size, (void)user;
    free(value);
    destroyed++;
}

/* The kind of value is the argument: copied, empty, adopted, none. */
static int give_then_limit(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    int64_t kind = args[0].as.i64;

    (void)count, (void)user;
    if (kind == 0)
        CHECK_EQ(ctx_cache_load_copy(load, "copied", 7), CTX_OK);
    else if (kind == 1)
        CHECK_EQ(ctx_cache_load_copy(load, NULL, 0), CTX_OK);
    else if (kind == 2)
        CHECK_EQ(ctx_cache_load_adopt(load, strdup("adopted"), 8, destroy_name, NULL), CTX_OK);
    else
        ctx_cache_load_negative(load);
    ctx_cache_load_ttl(load, 100);
    return CTX_OK;
}

static CTX_CACHE_FN(limited, give_then_limit);

static void expect_value(ctx_cache *cache, int64_t kind)
{
    static const char *const expected[] = {"copied", "", "adopted"};
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    cr_assert_eq(ctx_cache_call(cache, limited, &ref, kind), kind < 3 ? CTX_OK : CTX_ABSENT);
    if (kind < 3) {
        cr_assert_eq(ref.size, kind == 1 ? 0 : strlen(expected[kind]) + 1);
        cr_assert_eq(memcmp(ref.data, expected[kind], ref.size), 0);
    }
    ctx_cache_ref_release(&ref);
}

Test(ttl, a_load_may_give_the_value_before_its_time)
{
    ctx_cache *cache = cache_expiring_after(0);

    for (int64_t kind = 0; kind < 4; kind++)
        expect_value(cache, kind);
    cr_assert_eq(destroyed, 0, "an adopted value has moved and lives on");
    fake_clock_advance(&now, 99);
    for (int64_t kind = 0; kind < 4; kind++)
        expect_value(cache, kind);
    cr_assert_eq(stats_of(cache).misses, 4);
    fake_clock_advance(&now, 1);
    for (int64_t kind = 0; kind < 4; kind++)
        expect_value(cache, kind);
    cr_assert_eq(stats_of(cache).expired, 4);
    ctx_cache_destroy(cache);
    cr_assert_eq(destroyed, 2);
}

Test(ttl, a_put_may_give_its_own)
{
    ctx_cache *cache = cache_expiring_after(100);
    ctx_value key[] = {ctx_i64(1), ctx_i64(2)};
    int64_t serial = 7;

    cr_assert_eq(ctx_cache_put_v(cache, price, &key[0], 1, &serial, sizeof serial, 10), CTX_OK);
    cr_assert_eq(ctx_cache_put_v(cache, price, &key[1], 1, &serial, sizeof serial, 0), CTX_OK);
    fake_clock_advance(&now, 10);
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
    fake_clock_advance(&now, 89);
    cr_assert_eq(look(cache, price, 2).status, CTX_OK);
    fake_clock_advance(&now, 1);
    cr_assert_eq(look(cache, price, 2).status, CTX_ABSENT);
    ctx_cache_destroy(cache);
}

Test(ttl, a_put_over_an_entry_starts_anew)
{
    ctx_cache *cache = cache_expiring_after(100);

    ask(cache, price, 1);
    fake_clock_advance(&now, 60);
    put_serial(cache, price, 1, 7);
    fake_clock_advance(&now, 60);
    cr_assert_eq(look(cache, price, 1).serial, 7);
    ctx_cache_destroy(cache);
}

Test(ttl, a_negative_entry_expires)
{
    ctx_cache *cache = cache_expiring_after(100);

    price_probe.negative = true;
    cr_assert_eq(ask(cache, price, 1).status, CTX_ABSENT);
    fake_clock_advance(&now, 99);
    cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_HIT);
    fake_clock_advance(&now, 1);
    cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_MISS);
    check_sums(cache);
    ctx_cache_destroy(cache);
}

/* Calls maintain until it has looked everywhere; returns how many it dropped. */
static size_t maintain_all(ctx_cache *cache)
{
    size_t dropped = 0;

    for (int round = 0; round < 100; round++)
        dropped += ctx_cache_maintain(cache, 64);
    return dropped;
}

Test(ttl, maintenance_drops_what_has_expired_and_nothing_else)
{
    ctx_cache *cache = cache_expiring_after(100);

    for (int i = 1; i <= 50; i++)
        ask(cache, price, i);
    cr_assert_eq(maintain_all(cache), 0);
    fake_clock_advance(&now, 50);
    for (int i = 51; i <= 60; i++)
        ask(cache, price, i);
    fake_clock_advance(&now, 50);
    cr_assert_eq(maintain_all(cache), 50);
    cr_assert_eq(stats_of(cache).expired, 50);
    cr_assert_eq(stats_of(cache).entries, 10);
    for (int i = 51; i <= 60; i++)
        cr_assert_eq(look(cache, price, i).serial, i);
    check_sums(cache);
    ctx_cache_destroy(cache);
}

Test(ttl, maintenance_drops_no_more_than_asked)
{
    ctx_cache *cache = cache_expiring_after(100);

    for (int i = 1; i <= 50; i++)
        ask(cache, price, i);
    fake_clock_advance(&now, 100);
    for (int round = 0; round < 1000 && stats_of(cache).entries; round++)
        cr_assert_leq(ctx_cache_maintain(cache, 3), 3);
    cr_assert_eq(stats_of(cache).entries, 0);
    cr_assert_eq(ctx_cache_maintain(cache, 0), 0);
    cr_assert_eq(ctx_cache_maintain(NULL, 10), 0);
    ctx_cache_destroy(cache);
}

/* How many entries were there at each callback that follows what was removed under one lock. */
static ctx_cache *watched;
static uint64_t seen, most_at_once;

static void watch_removal(void *user, const ctx_cache_removal *removal)
{
    uint64_t entries = stats_of(watched).entries;

    (void)user, (void)removal;
    if (seen - entries > most_at_once)
        most_at_once = seen - entries;
    seen = entries;
}

/* Callbacks run without the lock: what they find gone went while it was held once. */
Test(ttl, maintenance_lets_others_through)
{
    enum { COUNT = 5000, AT_ONCE = 256 };
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = COUNT;
    config.ttl_ns = 100;
    config.clock = fake_clock_read;
    config.clock_user = &now;
    config.on_remove = watch_removal;
    watched = cache_with(&config);
    for (int i = 0; i < COUNT; i++)
        ask(watched, price, i);
    fake_clock_advance(&now, 100);
    seen = COUNT;
    cr_assert_eq(ctx_cache_maintain(watched, COUNT), COUNT);
    cr_assert_eq(stats_of(watched).entries, 0);
    cr_assert_leq(most_at_once, AT_ONCE);
    ctx_cache_destroy(watched);
}

/* 16 looks for each entry that it may drop, and where it stopped the next one goes on. */
Test(ttl, maintenance_looks_at_no_more_than_it_says)
{
    enum { COUNT = 1600, STEPS = 10, CALLS = COUNT / (16 * STEPS) };
    ctx_cache *cache = cache_expiring_after(100);
    ctx_value last = ctx_i64(COUNT);
    int calls = 1;

    ctx_cache_resize(cache, COUNT, 0);
    for (int64_t key = 1; key < COUNT; key++)
        put_serial(cache, price, key, key);
    cr_assert_eq(ctx_cache_put_v(cache, price, &last, 1, &calls, sizeof calls, 10), CTX_OK);
    fake_clock_advance(&now, 10); /* the last slot of all has expired */
    while (!ctx_cache_maintain(cache, STEPS) && calls <= CALLS + 1)
        calls++;
    cr_assert_eq(stats_of(cache).expired, 1);
    cr_assert_geq(calls, CALLS);
    cr_assert_leq(calls, CALLS + 1); /* slot number 0 is one, too */
    ctx_cache_destroy(cache);
}

Test(ttl, the_default_clock_is_monotonic_time)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_cache *cache;

    config.capacity_entries = 10;
    config.ttl_ns = 1; /* any later reading of the clock is past it */
    cache = cache_with(&config);
    ask(cache, price, 1);
    for (int i = 0; i < 1000000 && peek(cache, price, 1).status == CTX_OK; i++)
        ;
    cr_assert_eq(peek(cache, price, 1).status, CTX_ABSENT);
    ctx_cache_destroy(cache);
}

Test(ttl, an_expired_entry_of_one_tenant_says_nothing_of_another)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;
    ctx_cache *cache;

    config.capacity_entries = 10;
    config.ttl_ns = 100;
    config.clock = fake_clock_read;
    config.clock_user = &now;
    config.vary = &vary;
    config.vary_count = 1;
    cache = cache_with(&config);
    ctx_set(tenant, "acme");
    ask(cache, price, 1);
    fake_clock_advance(&now, 50);
    ctx_set(tenant, "bolt");
    ask(cache, price, 1);
    fake_clock_advance(&now, 50);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    ctx_set(tenant, "acme");
    cr_assert_eq(ask(cache, price, 1).serial, 3);
    ctx_cache_destroy(cache);
}
