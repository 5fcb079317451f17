/*
 * A capacity in bytes: what is counted, that it is kept after every call, and that it matches what
 * the allocator really gave.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "support/alloc.h"
#include "support/cache_kit.h"
#include "support/check.h"
#include "support/hash_bits.h"
#include "support/rng.h"
#include "support/scale.h"

static CTX_VAR(tenant);
static struct support_alloc counted;
static ctx_cache *cache;

/* Values of the size that the second argument says. */
static int load_sized(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    void *buffer;
    size_t size = count > 1 ? (size_t)args[1].as.i64 : 8;
    int r = ctx_cache_load_reserve(load, size, &buffer);

    (void)user;
    if (r == CTX_OK && size)
        memset(buffer, 'v', size);
    return r;
}

static CTX_CACHE_FN(sized, load_sized);

static void setup(void)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;

    support_alloc_init(&counted);
    config.vary = &vary;
    config.vary_count = 1;
    config.allocator = &counted.allocator;
    config.capacity_bytes = 1 << 20;
    cache = cache_with(&config);
    ctx_set(tenant, "acme");
}

static void teardown(void)
{
    check_equations(cache);
    ctx_cache_destroy(cache);
    cr_assert_eq(atomic_load(&counted.live_bytes), 0);
}

TestSuite(memory, .init = setup, .fini = teardown);

static ctx_cache_info call(int64_t key, int64_t size)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    cr_assert_eq(ctx_cache_call_info(cache, sized, &ref, &info, key, size), CTX_OK);
    cr_assert_eq(ref.size, (size_t)size);
    ctx_cache_ref_release(&ref);
    return info;
}

static uint64_t live(void)
{
    return atomic_load(&counted.live_bytes);
}

/* Within 5 %, and never less than what is really taken. */
static void expect_honest(void)
{
    uint64_t said = stats_of(cache).bytes, real = live();

    cr_assert_leq(said, real + real / 20, "%zu bytes said, %zu taken", (size_t)said, (size_t)real);
    cr_assert_geq(said + said / 20, real, "%zu bytes said, %zu taken", (size_t)said, (size_t)real);
}

Test(memory, what_is_reported_matches_the_allocator)
{
    const int64_t count = hash_bits() < 16 ? 1000 : 5000;

    for (int64_t key = 0; key < count; key++) {
        call(key, key % 300);
        if (key % 100 == 0 && key >= 1000)
            expect_honest();
    }
    expect_honest();
}

Test(memory, what_is_reported_matches_with_many_partitions)
{
    for (int64_t i = 0; i < 900; i++) {
        ctx_set(tenant, i);
        call(1, 50);
    }
    expect_honest();
    for (int64_t i = 0; i < 900; i++) {
        ctx_set(tenant, i);
        ctx_cache_retire_partition(cache);
    }
    ctx_cache_maintain(cache, 10000);
    cr_assert_lt(live(), 200000);
    expect_honest();
}

Test(memory, what_is_reported_follows_removal)
{
    for (int64_t key = 0; key < 2000; key++)
        call(key, 100);
    ctx_cache_clear(cache);
    expect_honest();
}

Test(memory, the_capacity_is_kept_after_every_call)
{
    const int64_t calls = hash_bits() < 16 ? 3000 : scaled(50000);
    struct support_rng rng = support_rng_seeded(support_seed("memory"));

    ctx_cache_resize(cache, 0, 100000);
    for (int64_t i = 0; i < calls; i++) {
        int64_t key = (int64_t)support_rng_below(&rng, 50);

        ctx_set(tenant, (int64_t)support_rng_below(&rng, 10));
        call(key, key * 37 % 2000);
        cr_assert_leq(stats_of(cache).bytes, 100000);
    }
    cr_assert_gt(stats_of(cache).evicted, 100);
    cr_assert_gt(stats_of(cache).hits, 10);
}

/* One entry and its share of the tables costs so much that few fit; yet none is lost for nothing.
 */
Test(memory, the_capacity_is_used)
{
    for (int64_t key = 0; key < 3000; key++)
        call(key, 1000);
    cr_assert_gt(stats_of(cache).bytes, (1 << 20) * 9 / 10);
    cr_assert_gt(stats_of(cache).entries, 700);
}

Test(memory, the_smallest_capacity_holds_something)
{
    ctx_cache_resize(cache, 0, CTX_CACHE_BYTES_MIN);
    cr_assert(call(1, 8).stored);
    cr_assert_eq(call(1, 8).outcome, CTX_CACHE_HIT);
    cr_assert_leq(stats_of(cache).bytes, CTX_CACHE_BYTES_MIN);
}

Test(memory, what_is_larger_than_all_is_returned_not_stored_and_evicts_nobody)
{
    ctx_cache_info info;

    for (int64_t key = 0; key < 10; key++)
        call(key, 100);
    info = call(99, 2 << 20);
    cr_assert_eq(info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(info.reason, CTX_CACHE_TOO_LARGE);
    cr_assert_not(info.stored);
    cr_assert_eq(stats_of(cache).not_stored_too_large, 1);
    cr_assert_eq(stats_of(cache).entries, 10);
    cr_assert_eq(stats_of(cache).evicted, 0);
}

Test(memory, a_put_that_is_too_large_removes_the_old_value)
{
    static char large[2 << 20];

    call(1, 100);
    cr_assert_eq(ctx_cache_put(cache, sized, large, sizeof large, 1, 100), CTX_ABSENT);
    cr_assert_eq(stats_of(cache).entries, 0);
    cr_assert_eq(ctx_cache_put(cache, sized, large, 100, 1, 100), CTX_OK);
}

Test(memory, both_limits_apply)
{
    ctx_cache_resize(cache, 3, 1 << 20);
    for (int64_t key = 0; key < 10; key++)
        call(key, 10);
    cr_assert_eq(stats_of(cache).entries, 3);
    ctx_cache_resize(cache, 1000, 20000);
    for (int64_t key = 0; key < 100; key++)
        call(key, 1000);
    cr_assert_leq(stats_of(cache).bytes, 20000);
    cr_assert_lt(stats_of(cache).entries, 20);
}

Test(memory, eviction_by_bytes_takes_the_oldest)
{
    uint64_t there = 0;
    int64_t oldest = -1;

    for (int64_t key = 0; key < 3000; key++)
        call(key, 1000);
    for (int64_t key = 0; key < 3000; key++) {
        bool is = ctx_cache_peek(cache, sized, &(ctx_cache_ref){0}, key, 7) == CTX_OK;
        ctx_cache_ref ref = CTX_CACHE_REF_INIT;

        cr_assert_not(is);
        is = ctx_cache_peek(cache, sized, &ref, key, (int64_t)1000) == CTX_OK;
        ctx_cache_ref_release(&ref);
        if (is && oldest < 0)
            oldest = key;
        cr_assert_eq(is, oldest >= 0, "a newer entry was evicted before an older one");
        there += is;
    }
    cr_assert_eq(there, stats_of(cache).entries);
}

static void destroy_block(void *value, size_t size, void *user)
{
    (void)size, (void)user;
    free(value);
}

static int load_heavy(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)count, (void)user;
    ctx_cache_load_weight(load, (size_t)args[0].as.i64);
    return ctx_cache_load_adopt(load, malloc(8), 8, destroy_block, NULL);
}

static CTX_CACHE_FN(heavy, load_heavy);

static void call_heavy(int64_t weight)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    cr_assert_eq(ctx_cache_call(cache, heavy, &ref, weight), CTX_OK);
    cr_assert_eq(ref.size, 8);
    ctx_cache_ref_release(&ref);
}

Test(memory, an_adopted_value_is_charged_its_weight)
{
    uint64_t before = stats_of(cache).bytes, after;

    call_heavy(500000);
    after = stats_of(cache).bytes;
    cr_assert_geq(after - before, 500000);
    cr_assert_leq(after - before, 510000);
    call_heavy(500001);
    call_heavy(500002);
    cr_assert_leq(stats_of(cache).bytes, 1 << 20);
    cr_assert_eq(stats_of(cache).evicted, 1);
}

Test(memory, a_weight_beyond_all_numbers_is_too_large)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    cr_assert_eq(ctx_cache_call_info(cache, heavy, &ref, &info, (int64_t)-1), CTX_OK);
    cr_assert_eq(info.reason, CTX_CACHE_TOO_LARGE);
    ctx_cache_ref_release(&ref);
    cr_assert_leq(stats_of(cache).bytes, 1 << 20);
    call(1, 8);
    cr_assert_eq(stats_of(cache).entries, 1);
}

Test(memory, a_ref_holds_its_own_memory_only)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    for (int64_t key = 0; key < 1000; key++)
        call(key, 500);
    cr_assert_eq(ctx_cache_call(cache, sized, &ref, 5, 500), CTX_OK);
    ctx_cache_clear(cache);
    ctx_cache_maintain(cache, 10000);
    ctx_cache_resize(cache, 0, CTX_CACHE_BYTES_MIN);
    cr_assert_lt(live(), 20000);
    cr_assert_leq(stats_of(cache).bytes, CTX_CACHE_BYTES_MIN);
    ctx_cache_ref_release(&ref);
}

Test(memory, keys_are_charged)
{
    static char text[50000];
    uint64_t before = stats_of(cache).bytes;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    cr_assert_eq(ctx_cache_call(cache, sized, &ref, ctx_bytes(text, sizeof text)), CTX_OK);
    ctx_cache_ref_release(&ref);
    cr_assert_geq(stats_of(cache).bytes - before, sizeof text);
    expect_honest();
}

Test(memory, long_partition_values_are_charged)
{
    static char text[50000];

    ctx_set(tenant, ctx_bytes(text, sizeof text));
    call(1, 8);
    expect_honest();
    cr_assert_geq(stats_of(cache).bytes, sizeof text);
}

Test(memory, partitions_that_cost_more_than_the_capacity_do_not_stay)
{
    static char text[3000];

    ctx_cache_resize(cache, 0, 100000);
    for (int64_t i = 0; i < 500; i++) {
        memcpy(text, &i, sizeof i);
        ctx_set(tenant, ctx_bytes(text, sizeof text));
        call(1, 8);
        cr_assert_leq(stats_of(cache).bytes, 100000);
    }
    expect_honest();
}

/* With malloc the cost of a block is more than what was asked for. */
Test(memory, malloc_is_charged_what_it_really_takes)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_cache *plain;
    uint64_t before, after;
    int64_t one = 1;

    config.capacity_entries = 10000;
    plain = cache_with(&config);
    for (int64_t key = 0; key < 64; key++)
        ctx_cache_put(plain, sized, &one, sizeof one, key);
    before = stats_of(plain).bytes;
    for (int64_t key = 64; key < 96; key++)
        ctx_cache_put(plain, sized, &one, sizeof one, key);
    after = stats_of(plain).bytes;
    cr_assert_geq(after - before, 32 * (8 + 16));
    ctx_cache_destroy(plain);
}

/* ---- what is held without being in the cache ---------------------------------------------- */

static int load_unstored(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)count, (void)user;
    ctx_cache_load_no_store(load);
    return ctx_cache_load_copy(load, &args[0].as.i64, sizeof args[0].as.i64);
}

static CTX_CACHE_FN(unstored, load_unstored);

/* A slot for each, but no place in the index. */
Test(memory, refs_of_results_that_were_not_stored_hardly_count)
{
    enum { HELD = 1000, SLOT = 24 };
    static ctx_cache_ref held[HELD];
    uint64_t before = stats_of(cache).bytes;

    for (int64_t key = 0; key < HELD; key++)
        cr_assert_eq(ctx_cache_call(cache, unstored, &held[key], key), CTX_OK);
    cr_assert_leq(stats_of(cache).bytes, before + HELD * SLOT);
    for (int64_t key = 0; key < HELD; key++)
        ctx_cache_ref_release(&held[key]);
}

/* ---- slots that are taken before the size is known ----------------------------------------- */

/* Of 8 bytes, of 200, none at all, a failure after a buffer was taken: each after each other. */
static int load_changeable(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    void *buffer;
    int r;

    (void)count, (void)user;
    if (args[0].as.i64 % 4 == 2) {
        ctx_cache_load_negative(load);
        return CTX_OK;
    }
    r = ctx_cache_load_reserve(load, args[0].as.i64 % 4 ? 200 : 8, &buffer);
    return r == CTX_OK && args[0].as.i64 % 4 == 3 ? -7 : r;
}

static CTX_CACHE_FN(changeable, load_changeable);

static void call_changeable(ctx_cache *of, struct support_rng *rng, int64_t calls)
{
    while (calls-- > 0) {
        int64_t key = (int64_t)support_rng_below(rng, 1000);
        ctx_cache_ref ref;

        if (key % 3 == 0)
            (void)ctx_cache_call(of, sized, &ref, key, 64);
        else
            (void)ctx_cache_call(of, changeable, &ref, key);
        ctx_cache_ref_release(&ref);
    }
}

/* What is live after each of so many rounds: the least and the most. */
struct live {
    uint64_t least, most;
};

static struct live live_in_rounds(ctx_cache *of, const struct support_alloc *own,
                                  struct support_rng *rng, int rounds)
{
    struct live live = {UINT64_MAX, 0};

    while (rounds-- > 0) {
        uint64_t now;

        call_changeable(of, rng, 200);
        check_equations(of);
        ctx_cache_clear(of);
        now = atomic_load(&own->live_bytes);
        live.least = now < live.least ? now : live.least;
        live.most = now > live.most ? now : live.most;
    }
    return live;
}

/* Tables breathe, by a thousand bytes or so; but what is lost in each round adds up. */
Test(memory, a_slot_that_does_not_fit_the_value_is_not_lost)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct support_rng rng = support_rng_seeded(support_seed("changeable"));
    struct support_alloc own;
    struct live before;
    ctx_cache *small;

    support_alloc_init(&own);
    config.capacity_entries = 20;
    config.allocator = &own.allocator;
    small = cache_with(&config);
    call_changeable(small, &rng, 5000);
    before = live_in_rounds(small, &own, &rng, 50);
    live_in_rounds(small, &own, &rng, 50);
    cr_assert_leq(live_in_rounds(small, &own, &rng, 50).least, before.most);
    ctx_cache_destroy(small);
    cr_assert_eq(atomic_load(&own.live_bytes), 0);
}
