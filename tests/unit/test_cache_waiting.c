/*
 * A thread that is interrupted in the middle of a hit holds up what is to be given back: here it stands
 * inside a section for as long as a test wants. What waits for it takes nothing from the capacity, and is
 * bounded itself.
 */
#include <criterion/criterion.h>
#include <sched.h>

#include "cache/cache.h"
#include "support/alloc.h"
#include "support/cache_kit.h"
#include "support/check.h"
#include "support/gate.h"
#include "support/rng.h"

enum { CAPACITY = 16384, VALUE_MAX = 64, TENANTS = 8, KEYS = 200 };

PROBE(price);
static CTX_VAR(tenant);
static struct support_alloc counted;
static ctx_cache *cache;
static struct gate gate = GATE_INIT;
static pthread_t reader;

static ctx_cache *make(uint64_t entries, uint64_t bytes)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;

    support_alloc_init(&counted);
    config.vary = &vary;
    config.vary_count = 1;
    config.allocator = &counted.allocator;
    config.capacity_entries = entries;
    config.capacity_bytes = bytes;
    return cache_with(&config);
}

static void *stand_inside(void *unused)
{
    struct ctxi_reader *own = ctxi_reader_of(cache, cache->serial);

    cr_assert(own);
    ctxi_section_enter(own);
    gate_pass(&gate);
    ctxi_section_leave(own);
    return unused;
}

static void park(void)
{
    CHECK_EQ(pthread_create(&reader, NULL, stand_inside, NULL), 0);
    gate_await(&gate, 1);
}

static void unpark(void)
{
    gate_open(&gate);
    pthread_join(reader, NULL);
}

static void finish(void)
{
    check_equations(cache);
    ctx_cache_destroy(cache);
    cr_assert_eq(atomic_load(&counted.live_bytes), 0);
}

static uint64_t live(void)
{
    return atomic_load(&counted.live_bytes);
}

static uint64_t waiting(void)
{
    ctx_cache_memory_use use = CTX_CACHE_MEMORY_INIT;

    cr_assert_eq(ctx_cache_memory(cache, &use), CTX_OK);
    return use.waiting;
}

static int put(int64_t key, size_t size)
{
    static const char value[65536];

    return ctx_cache_put(cache, price, value, size, key);
}

static size_t below(struct support_rng *rng, size_t bound)
{
    return (size_t)support_rng_below(rng, bound);
}

/* ---- what waits costs no room -------------------------------------------------------------- */

/* What else there is to do, and what makes tables grow and shrink. */
static uint64_t disturb(struct support_rng *rng, uint64_t capacity)
{
    switch (below(rng, 12)) {
    case 0:
        capacity = CAPACITY + below(rng, 100000);
        cr_assert_eq(ctx_cache_resize(cache, CTX_CACHE_UNBOUNDED, capacity), CTX_OK);
        return capacity;
    case 1:
        cr_assert_eq(ctx_cache_resize(cache, CTX_CACHE_UNBOUNDED, CAPACITY), CTX_OK);
        return CAPACITY;
    case 2:
        cr_assert_eq(ctx_cache_invalidate_partition(cache), CTX_OK);
        return capacity;
    case 3:
        cr_assert_eq(ctx_cache_retire_partition(cache), CTX_OK);
        return capacity;
    default:
        return capacity;
    }
}

static void expect_room_for_all(uint64_t capacity, uint64_t limit)
{
    struct support_rng rng = support_rng_seeded(support_seed("waiting"));

    while (waiting() < limit) {
        ctx_set(tenant, (int64_t)below(&rng, TENANTS));
        capacity = disturb(&rng, capacity);
        cr_assert_eq(put((int64_t)below(&rng, KEYS), below(&rng, VALUE_MAX)), CTX_OK,
                     "refused at %zu of %zu bytes, while %zu wait", (size_t)stats_of(cache).bytes,
                     (size_t)capacity, (size_t)waiting());
        cr_assert_leq(stats_of(cache).bytes, capacity);
    }
}

Test(waiting, a_value_that_fits_is_stored_whatever_readers_do)
{
    cache = make(0, CAPACITY);
    park();
    expect_room_for_all(CAPACITY, CTX_CACHE_WAITING_MIN * 3 / 4);
    unpark();
    finish();
}

Test(waiting, so_it_is_where_the_capacity_was_in_entries)
{
    cache = make(1000, 0);
    for (int64_t key = 0; key < 1000; key++)
        ctx_set(tenant, key % TENANTS), put(key, 48);
    park();
    cr_assert_eq(ctx_cache_resize(cache, CTX_CACHE_UNBOUNDED, CAPACITY), CTX_OK);
    cr_assert_leq(stats_of(cache).bytes, CAPACITY);
    expect_room_for_all(CAPACITY, CTX_CACHE_WAITING_MIN * 3 / 4);
    unpark();
    finish();
}

Test(waiting, the_smallest_capacity_stores_too)
{
    cache = make(0, CTX_CACHE_BYTES_MIN);
    ctx_set(tenant, "acme");
    park();
    for (int64_t key = 0; waiting() < CTX_CACHE_WAITING_MIN / 2; key++) {
        cr_assert_eq(put(key, 8), CTX_OK);
        cr_assert_leq(stats_of(cache).bytes, CTX_CACHE_BYTES_MIN);
    }
    unpark();
    finish();
}

Test(waiting, tables_of_many_tenants_that_ended_meanwhile_go_back)
{
    cache = make(0, CAPACITY);
    ctx_set(tenant, "one that stays");
    cr_assert_eq(put(0, 8), CTX_OK);
    park();
    for (int64_t id = 0; id < 1000; id++) {
        ctx_set(tenant, id);
        cr_assert_eq(put(0, 8), CTX_OK);
        cr_assert_eq(ctx_cache_retire_partition(cache), CTX_OK);
    }
    cr_assert_gt(cache->partitions.slot_count, 1000);
    unpark();
    ctx_set(tenant, "one that stays");
    for (int64_t key = 0; key < 200; key++)
        cr_assert_eq(put(key, 8), CTX_OK);
    cr_assert_leq(cache->partitions.slot_count, 64);
    finish();
}

/* What one tenant that stays keeps large is no sign of a reader. */
Test(waiting, tables_that_cannot_shrink_do_not_count_as_waiting)
{
    enum { MANY = 12000 };

    cache = make(2 * MANY, 0);
    for (int64_t id = 0; id < MANY; id++) {
        ctx_set(tenant, id);
        cr_assert_eq(put(0, 8), CTX_OK);
    }
    for (int64_t id = 0; id < MANY - 1; id++) {
        ctx_set(tenant, id);
        cr_assert_eq(ctx_cache_retire_partition(cache), CTX_OK);
    }
    while (ctx_cache_maintain(cache, MANY))
        ;
    ctx_set(tenant, (int64_t)MANY - 1);
    for (int64_t key = 0; key < 100; key++)
        cr_assert_eq(put(key, 8), CTX_OK);
    cr_assert_gt(cache->partitions.slot_count, MANY);
    finish();
}

/* ---- it is bounded ------------------------------------------------------------------------- */

/* Stores until nothing is stored any more; `most` is what may be taken at any time. */
static int64_t store_until_refused(size_t size, uint64_t most)
{
    int64_t key = 0;

    while (put(key, size) == CTX_OK) {
        cr_assert_leq(live(), most, "%zu bytes taken, %zu allowed", (size_t)live(), (size_t)most);
        cr_assert_lt(key, 1000000, "what waits has no bound");
        key++;
    }
    return key;
}

/* Nothing is stored, nothing grows; what is there is found; and it is over when the reader goes on. */
static void expect_stalled(int64_t key, size_t size, int64_t stored)
{
    uint64_t before = live();
    struct answer answer;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    for (int64_t i = 0; i < 1000; i++)
        cr_assert_eq(put(key + i, size), CTX_ABSENT);
    answer = ask(cache, price, key);
    cr_assert_eq(answer.status, CTX_OK);
    cr_assert_eq(answer.info.reason, CTX_CACHE_TOO_LARGE);
    cr_assert_eq(ctx_cache_get(cache, price, &ref, stored), CTX_OK);
    ctx_cache_ref_release(&ref);
    cr_assert_leq(live(), before + 1024); /* an index spare or two */
    unpark();
    cr_assert_eq(put(key, size), CTX_OK);
    cr_assert_lt(waiting(), CTX_CACHE_WAITING_MIN);
}

Test(waiting, a_thread_that_stands_still_makes_memory_grow_so_far)
{
    int64_t key;

    cache = make(0, CAPACITY);
    ctx_set(tenant, "acme");
    park();
    key = store_until_refused(100, CAPACITY + CTX_CACHE_WAITING_MIN + 8192);
    cr_assert_gt(waiting(), CTX_CACHE_WAITING_MIN);
    expect_stalled(key, 100, key - 1);
    finish();
}

Test(waiting, so_far_too_where_the_capacity_is_in_entries)
{
    enum { ENTRIES = 500, SIZE = 20000 };
    const uint64_t all = ENTRIES * (SIZE + 200);
    int64_t key;

    cache = make(ENTRIES, 0);
    ctx_set(tenant, "acme");
    park();
    key = store_until_refused(SIZE, all + all / 8 + 65536);
    expect_stalled(key, SIZE, key - 1);
    finish();
}

/* Loads that are not stored leave nothing behind that would have to wait. */
Test(waiting, what_never_was_in_the_cache_does_not_wait)
{
    cache = make(0, CAPACITY);
    ctx_set(tenant, "acme");
    park();
    for (int64_t key = 0; key < 100; key++)
        cr_assert_eq(put(key, 60000), CTX_ABSENT);
    cr_assert_lt(waiting(), 4096);
    unpark();
    finish();
}

/* ---- who stores waits for it --------------------------------------------------------------- */

static int put_many(void)
{
    int refused = 0;

    ctx_set(tenant, "acme");
    for (int64_t key = 0; key < 10000; key++)
        refused += put(key, 100) != CTX_OK;
    return refused;
}

static void *store_many(void *out_refused)
{
    *(int *)out_refused = put_many();
    return NULL;
}

Test(waiting, a_reader_that_goes_on_in_time_costs_no_result)
{
    pthread_t storer;
    int refused = -1;

    cache = make(0, CAPACITY);
    park();
    CHECK_EQ(pthread_create(&storer, NULL, store_many, &refused), 0);
    while (waiting() <= CTX_CACHE_WAITING_MIN)
        sched_yield();
    unpark();
    pthread_join(storer, NULL);
    cr_assert_eq(refused, 0);
    finish();
}
