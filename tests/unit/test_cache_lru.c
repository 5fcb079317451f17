/*
 * Who is evicted: exactly the least recently used entry of the whole cache.
 */
#include <criterion/criterion.h>

#include "support/cache_kit.h"

PROBE(price);
static CTX_VAR(tenant);

/* Which of the keys 1..9 are there, as decimal digits in order; looks without touching. */
static long present(ctx_cache *cache)
{
    long digits = 0;

    for (int key = 1; key <= 9; key++)
        if (peek(cache, price, key).status != CTX_ABSENT)
            digits = digits * 10 + key;
    return digits;
}

static void ask_each(ctx_cache *cache, const char *keys)
{
    for (; *keys; keys++)
        cr_assert_eq(ask(cache, price, *keys - '0').status, CTX_OK);
}

Test(lru, the_oldest_goes_first)
{
    ctx_cache *cache = cache_of(3, NULL);

    ask_each(cache, "1234");
    cr_assert_eq(present(cache), 234);
    ask_each(cache, "5");
    cr_assert_eq(present(cache), 345);
    cr_assert_eq(stats_of(cache).evicted, 2);
    check_sums(cache);
    ctx_cache_destroy(cache);
}

Test(lru, a_hit_makes_it_the_newest)
{
    ctx_cache *cache = cache_of(3, NULL);

    ask_each(cache, "12314");
    cr_assert_eq(present(cache), 134);
    ctx_cache_destroy(cache);
}

Test(lru, a_get_is_a_use)
{
    ctx_cache *cache = cache_of(3, NULL);

    ask_each(cache, "123");
    cr_assert_eq(look(cache, price, 1).status, CTX_OK);
    ask_each(cache, "4");
    cr_assert_eq(present(cache), 134);
    ctx_cache_destroy(cache);
}

Test(lru, a_peek_is_not_a_use)
{
    ctx_cache *cache = cache_of(3, NULL);
    ctx_cache_stats before, after;

    ask_each(cache, "123");
    before = stats_of(cache);
    cr_assert_eq(peek(cache, price, 1).status, CTX_OK);
    cr_assert_eq(peek(cache, price, 9).status, CTX_ABSENT);
    after = stats_of(cache);
    cr_assert_arr_eq(&before, &after, sizeof before);
    ask_each(cache, "4");
    cr_assert_eq(present(cache), 234);
    ctx_cache_destroy(cache);
}

Test(lru, a_put_is_the_newest)
{
    ctx_cache *cache = cache_of(3, NULL);

    ask_each(cache, "123");
    put_serial(cache, price, 1, 77);
    ask_each(cache, "4");
    cr_assert_eq(present(cache), 134);
    put_serial(cache, price, 5, 78);
    cr_assert_eq(present(cache), 145);
    cr_assert_eq(look(cache, price, 1).serial, 77);
    check_sums(cache);
    ctx_cache_destroy(cache);
}

Test(lru, a_copying_call_is_a_use)
{
    ctx_cache *cache = cache_of(3, NULL);
    ctx_value one = ctx_i64(1);
    int64_t serial;

    ask_each(cache, "123");
    cr_assert_eq(ctx_cache_call_copy_v(cache, price, &one, 1, NULL, &serial, sizeof serial, NULL),
                 CTX_OK);
    ask_each(cache, "4");
    cr_assert_eq(present(cache), 134);
    ctx_cache_destroy(cache);
}

Test(lru, one_order_holds_over_all_partitions)
{
    ctx_cache *cache = cache_of(3, tenant);

    ctx_set(tenant, "acme");
    ask_each(cache, "12");
    ctx_set(tenant, "bolt");
    ask_each(cache, "1");
    ctx_set(tenant, "acme");
    ask_each(cache, "1");
    ctx_set(tenant, "coil");
    ask_each(cache, "1");
    cr_assert_eq(present(cache), 1);
    ctx_set(tenant, "acme");
    cr_assert_eq(present(cache), 1);
    ctx_set(tenant, "bolt");
    cr_assert_eq(present(cache), 1);
    ask_each(cache, "2"); /* pushes out bolt's own first */
    cr_assert_eq(present(cache), 2);
    ask_each(cache, "3");
    cr_assert_eq(present(cache), 23);
    ctx_set(tenant, "acme");
    cr_assert_eq(present(cache), 0);
    check_sums(cache);
    ctx_cache_destroy(cache);
}

Test(lru, capacity_one_holds_the_last)
{
    ctx_cache *cache = cache_of(1, NULL);

    for (int i = 0; i < 3; i++) {
        ask_each(cache, "1");
        ask_each(cache, "2");
        cr_assert_eq(present(cache), 2);
    }
    cr_assert_eq(stats_of(cache).hits, 0);
    ask_each(cache, "2");
    cr_assert_eq(stats_of(cache).hits, 1);
    ctx_cache_destroy(cache);
}

Test(lru, capacity_zero_passes_through)
{
    ctx_cache *cache = cache_of(0, NULL);

    for (int i = 1; i <= 3; i++) {
        struct answer a = ask(cache, price, 1);

        cr_assert_eq(a.status, CTX_OK);
        cr_assert_eq(a.serial, i);
        cr_assert_eq(a.info.outcome, CTX_CACHE_MISS);
        cr_assert_not(a.info.stored);
    }
    cr_assert_eq(stats_of(cache).misses, 3);
    cr_assert_eq(stats_of(cache).entries, 0);
    cr_assert_eq(stats_of(cache).stored, 0);
    cr_assert_eq(put_serial(cache, price, 1, 7), CTX_ABSENT);
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
    check_sums(cache);
    ctx_cache_destroy(cache);
}

Test(lru, unbounded_evicts_nothing)
{
    ctx_cache *cache = cache_of(CTX_CACHE_UNBOUNDED, NULL);

    for (int i = 1; i <= 3000; i++)
        ask(cache, price, i);
    for (int i = 1; i <= 3000; i++)
        cr_assert_eq(ask(cache, price, i).serial, i);
    cr_assert_eq(stats_of(cache).entries, 3000);
    ctx_cache_destroy(cache);
}

static int fail_on_5(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)
{
    (void)probe, (void)load, (void)count;
    return args[0].as.i64 == 5 ? 55 : CTX_OK;
}

Test(lru, a_failed_load_evicts_nobody)
{
    ctx_cache *cache = cache_of(3, NULL);

    price_probe.during = fail_on_5;
    ask_each(cache, "123");
    cr_assert_eq(ask(cache, price, 5).status, 55);
    cr_assert_eq(present(cache), 123);
    ctx_cache_destroy(cache);
}

static int no_store_on_5(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                         size_t count)
{
    (void)probe, (void)count;
    if (args[0].as.i64 == 5)
        ctx_cache_load_no_store(load);
    return CTX_OK;
}

Test(lru, a_result_that_is_not_stored_evicts_nobody)
{
    ctx_cache *cache = cache_of(3, NULL);

    price_probe.during = no_store_on_5;
    ask_each(cache, "1235");
    cr_assert_eq(present(cache), 123);
    ctx_cache_destroy(cache);
}

static int load_negative(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)args, (void)count, (void)user;
    ctx_cache_load_negative(load);
    return CTX_OK;
}

static CTX_CACHE_FN(nothing, load_negative);

Test(lru, a_negative_entry_has_its_place_too)
{
    ctx_cache *cache = cache_of(2, NULL);

    cr_assert_eq(ask(cache, nothing, 1).status, CTX_ABSENT);
    ask_each(cache, "1");
    cr_assert_eq(ask(cache, nothing, 1).info.outcome, CTX_CACHE_HIT);
    ask_each(cache, "2");
    cr_assert_eq(present(cache), 2);
    cr_assert_eq(ask(cache, nothing, 1).info.outcome, CTX_CACHE_HIT);
    ctx_cache_destroy(cache);
}

Test(lru, shrinking_evicts_the_oldest)
{
    ctx_cache *cache = cache_of(9, NULL);

    ask_each(cache, "1234567891");
    cr_assert_eq(ctx_cache_resize(cache, 3, 0), CTX_OK);
    cr_assert_eq(present(cache), 189);
    cr_assert_eq(stats_of(cache).evicted, 6);
    cr_assert_eq(ctx_cache_resize(cache, 0, 0), CTX_OK);
    cr_assert_eq(present(cache), 0);
    check_sums(cache);
    ctx_cache_destroy(cache);
}

Test(lru, growing_keeps_all_and_makes_room)
{
    ctx_cache *cache = cache_of(2, NULL);

    ask_each(cache, "123");
    cr_assert_eq(ctx_cache_resize(cache, 5, 0), CTX_OK);
    ask_each(cache, "456");
    cr_assert_eq(present(cache), 23456);
    cr_assert_eq(ctx_cache_resize(cache, CTX_CACHE_UNBOUNDED, 0), CTX_OK);
    ask_each(cache, "17");
    cr_assert_eq(present(cache), 1234567);
    ctx_cache_destroy(cache);
}

Test(lru, resizing_to_nonsense_is_refused_and_changes_nothing)
{
    ctx_cache *cache = cache_of(3, NULL);

    ask_each(cache, "123");
    cr_assert_eq(ctx_cache_resize(cache, 1, 100), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_resize(NULL, 1, 0), CTX_ERR_INVALID);
    cr_assert_eq(present(cache), 123);
    ask_each(cache, "4");
    cr_assert_eq(present(cache), 234);
    ctx_cache_destroy(cache);
}

static int fib(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)
{
    ctx_cache *cache = probe->arg;
    int64_t n = args[0].as.i64;

    (void)load, (void)count;
    if (n < 2)
        return CTX_OK;
    cr_assert_eq(ask(cache, price, n - 1).status, CTX_OK);
    cr_assert_eq(ask(cache, price, n - 2).status, CTX_OK);
    return CTX_OK;
}

Test(lru, recursion_on_other_keys_works_through_capacity_four)
{
    ctx_cache *cache = cache_of(4, NULL);

    price_probe.during = fib;
    price_probe.arg = cache;
    cr_assert_eq(ask(cache, price, 300).status, CTX_OK);
    cr_assert_eq(atomic_load(&price_probe.loads), 301);
    cr_assert_eq(stats_of(cache).hits, 298);
    cr_assert_eq(stats_of(cache).entries, 4);
    check_sums(cache);
    ctx_cache_destroy(cache);
}

/* ---- the same from several threads, one call at a time ------------------------------------ */

struct turn {
    ctx_cache *cache;
    int64_t key;
};

static void *take_turn(void *arg)
{
    struct turn *turn = arg;

    ask(turn->cache, price, turn->key);
    return NULL;
}

Test(lru, calls_from_many_threads_keep_one_order)
{
    ctx_cache *cache = cache_of(3, NULL);
    static const char keys[] = "1231415926535897932384626433832795";

    for (const char *k = keys; *k; k++) {
        struct turn turn = {cache, *k - '0'};
        pthread_t thread;

        cr_assert_eq(pthread_create(&thread, NULL, take_turn, &turn), 0);
        pthread_join(thread, NULL);
    }
    /* Worked out by hand: the last three different keys. */
    cr_assert_eq(present(cache), 579);
    check_sums(cache);
    ctx_cache_destroy(cache);
}
