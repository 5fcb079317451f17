/*
 * What once went wrong with caches, beside what loaders read: functions that changed in place,
 * partitions that were forgotten, callbacks that ended their thread, capacities that were not kept.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cache/partition.h"
#include "support/cache_kit.h"
#include "support/check.h"
#include "support/clock.h"
#include "support/gate.h"
#include "support/object.h"
#include "support/scale.h"
#include "support/unwind.h"

/* A wait that is longer tells a hang; nothing that goes well waits for it. */
#define HANG_NS 20000000000u

static CTX_VAR(tenant);

PROBE(price);

/* Defines what the loader of `price` does. */
#define DURING(name)                                                                               \
    static int name(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)

#define UNUSED_DURING (void)probe, (void)load, (void)args, (void)count

static ctx_cache *cache; /* of the test that runs */

/* ---- a function that changes in place ------------------------------------------------------ */

static struct probe later_probe;

static int later_load(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)user;
    return probe_load(load, args, count, &later_probe);
}

Test(regress_function, a_version_raised_in_place_is_loaded_anew)
{
    cache = cache_of(10, NULL);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    price->version = 2;
    cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    ctx_cache_destroy(cache);
}

Test(regress_function, a_loader_changed_in_place_with_the_version_is_the_one_that_runs)
{
    cache = cache_of(10, NULL);
    ask(cache, price, 1);
    price->version = 2;
    price->loader = later_load;
    cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(atomic_load(&later_probe.loads), 1);
    cr_assert_eq(atomic_load(&price_probe.loads), 1);
    ctx_cache_destroy(cache);
}

Test(regress_function, a_loader_changed_in_place_alone_is_a_conflict)
{
    cache = cache_of(10, NULL);
    ask(cache, price, 1);
    price->loader = later_load;
    cr_assert_eq(ask(cache, price, 1).status, CTX_ERR_CONFLICT);
    ctx_cache_destroy(cache);
}

Test(regress_function, a_user_pointer_changed_in_place_alone_is_a_conflict)
{
    cache = cache_of(10, NULL);
    ask(cache, price, 1);
    price->user = &later_probe;
    cr_assert_eq(ask(cache, price, 1).status, CTX_ERR_CONFLICT);
    ctx_cache_destroy(cache);
}

/* ---- partitions ---------------------------------------------------------------------------- */

static int encode_status;

static int encode_or_refuse(const void *object, ctx_encoder *encoder)
{
    (void)object;
    return encode_status ? encode_status : ctx_encode(encoder, ctx_i64(1));
}

static const ctx_object_class refusing_class = {sizeof refusing_class, "refusing", NULL, NULL,
                                                encode_or_refuse};

Test(regress_partition, invalidation_hands_on_the_absent_of_an_encoder)
{
    int object = 0;

    cache = cache_of(10, tenant);
    ctx_set(tenant, ctx_object(&object, &refusing_class));
    ask(cache, price, 1);
    encode_status = CTX_ABSENT;
    cr_assert_eq(ctx_cache_invalidate_partition(cache), CTX_ABSENT);
    cr_assert_eq(ctx_cache_retire_partition(cache), CTX_ABSENT);
    encode_status = 0;
    cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_HIT);
    ctx_cache_destroy(cache);
}

Test(regress_partition, refused_calls_count_whether_the_context_remembers_the_partition_or_not)
{
    struct counted object = {0};
    ctx_value no_key = counted_value(&object);

    cache = cache_of(10, tenant);
    ctx_set(tenant, "acme");
    cr_assert_eq(ask(cache, price, no_key).status, CTX_ERR_ENCODE);
    cr_assert_eq(partition_of(cache).refused, 1);
    cr_assert_eq(ask(cache, price, no_key).status, CTX_ERR_ENCODE);
    cr_assert_eq(partition_of(cache).refused, 2);
    check_sums(cache);
    ctx_cache_destroy(cache);
}

/* ---- removal callbacks --------------------------------------------------------------------- */

static struct fake_clock clock_now;
static bool callback_due;
static struct answer from_callback;

static ctx_cache *cache_expiring(void (*on_remove)(void *user, const ctx_cache_removal *removal))
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    atomic_store(&clock_now.now_ns, 1);
    config.capacity_entries = 10;
    config.ttl_ns = 10;
    config.clock = fake_clock_read;
    config.clock_user = &clock_now;
    config.wait_ns = HANG_NS;
    config.on_remove = on_remove;
    return cache_with(&config);
}

/* Whether the one callback of interest is this one. */
static bool is_due(const ctx_cache_removal *removal)
{
    bool due = callback_due && removal->cause == CTX_CACHE_EXPIRED;

    if (due)
        callback_due = false;
    return due;
}

static void end_thread(void *user, const ctx_cache_removal *removal)
{
    (void)user;
    if (!is_due(removal))
        return;
    may_unwind_here();
    pthread_exit(NULL);
}

static void *ask_for_1(void *unused)
{
    ask(cache, price, 1);
    callback_due = true; /* not reached: the callback ends the thread */
    return unused;
}

Test(regress_removal, a_callback_that_ends_its_thread_leaves_the_expired_key_usable)
{
    pthread_t thread;

    cache = cache_expiring(end_thread);
    ask(cache, price, 1);
    fake_clock_advance(&clock_now, 100);
    callback_due = true;
    cr_assert_eq(pthread_create(&thread, NULL, ask_for_1, NULL), 0);
    pthread_join(thread, NULL);
    cr_assert_not(callback_due);
    cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_HIT);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

static void ask_again(void *user, const ctx_cache_removal *removal)
{
    (void)user;
    if (is_due(removal))
        from_callback = ask(cache, price, 1);
}

Test(regress_removal, a_callback_of_an_expired_entry_may_load_that_key)
{
    cache = cache_expiring(ask_again);
    ask(cache, price, 1);
    fake_clock_advance(&clock_now, 100);
    callback_due = true;
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    cr_assert_eq(from_callback.status, CTX_OK);
    cr_assert_eq(from_callback.serial, 2);
    ctx_cache_destroy(cache);
}

/* ---- the capacity in bytes ----------------------------------------------------------------- */

enum { LONG_NAME = 2900, NESTED = 400 };

static ctx_cache *cache_of_bytes(uint64_t capacity)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;

    config.capacity_bytes = capacity;
    config.vary = &vary;
    config.vary_count = 1;
    return cache_with(&config);
}

DURING(fail)
{
    UNUSED_DURING;
    return -5;
}

static void use_short(int number)
{
    CTX_SCOPED(tenant, number);
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
}

static void fail_short(int number)
{
    CTX_SCOPED(tenant, number);
    cr_assert_eq(ask(cache, price, 1).status, -5);
}

static void fail_long(int number)
{
    char name[LONG_NAME + 16];

    memset(name, 'x', LONG_NAME);
    snprintf(name + LONG_NAME, sizeof name - LONG_NAME, "%d", number);
    {
        CTX_SCOPED(tenant, name);
        cr_assert_eq(ask(cache, price, 1).status, -5);
    }
}

/* Many tenants that store nothing leave room for one that does. */
static void expect_room_after(uint64_t capacity, void (*use)(int number), size_t name_size)
{
    struct answer a;

    cache = cache_of_bytes(capacity);
    price_probe.during = fail;
    for (int i = 0; i < scaled(5000); i++)
        use(i);
    cr_assert_leq(stats_of(cache).bytes, capacity + ctxi_partition_bytes(name_size + 16));
    price_probe.during = NULL;
    {
        CTX_SCOPED(tenant, "one");
        a = ask(cache, price, 1);
        cr_assert(a.info.stored);
        cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_HIT);
        cr_assert_eq(look(cache, price, 1).serial, a.serial);
    }
    cr_assert_leq(stats_of(cache).bytes, capacity);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

Test(regress_capacity, gets_of_many_tenants_that_find_nothing_leave_room)
{
    expect_room_after(4096, use_short, 8);
    expect_room_after(16384, use_short, 8);
}

Test(regress_capacity, failed_loads_of_many_tenants_leave_room)
{
    expect_room_after(4096, fail_short, 8);
    expect_room_after(16384, fail_short, 8);
}

Test(regress_capacity, failed_loads_of_many_tenants_with_long_names_leave_room)
{
    expect_room_after(4096, fail_long, LONG_NAME + 16);
    expect_room_after(16384, fail_long, LONG_NAME + 16);
}

/* Loads within loads, each of another tenant: what they hold cannot be freed. */
DURING(load_for_next_tenant)
{
    int64_t depth = args[0].as.i64;
    struct answer a;

    UNUSED_DURING;
    if (!depth)
        return CTX_OK;
    {
        CTX_SCOPED(tenant, depth);
        a = ask(cache, price, depth - 1);
        cr_assert_eq(a.status, CTX_OK);
        cr_assert_eq(look(cache, price, depth - 1).status, a.info.stored ? CTX_OK : CTX_ABSENT);
        if (!a.info.stored)
            cr_assert_eq(a.info.reason, CTX_CACHE_TOO_LARGE);
    }
    return CTX_OK;
}

Test(regress_capacity, stored_means_there_although_loads_hold_the_whole_capacity)
{
    cache = cache_of_bytes(4096);
    price_probe.during = load_for_next_tenant;
    CTX_SCOPED(tenant, 1000);
    cr_assert_eq(ask(cache, price, NESTED).status, CTX_OK);
    cr_assert_gt(stats_of(cache).not_stored_too_large, 0);
    price_probe.during = NULL;
    cr_assert(ask(cache, price, 1000).info.stored);
    cr_assert_eq(look(cache, price, 1000).status, CTX_OK);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

/* ---- loads that call themselves ------------------------------------------------------------ */

static int inner_status;

/* The calls go no deeper than this shows. */
static int ask_inside(const struct probe *probe)
{
    if (atomic_load(&probe->loads) == 1)
        inner_status = ask(cache, price, 1).status;
    return CTX_OK;
}

DURING(invalidate_and_ask)
{
    UNUSED_DURING;
    ctx_cache_invalidate(cache, price, 1);
    return ask_inside(probe);
}

DURING(clear_and_ask)
{
    UNUSED_DURING;
    ctx_cache_clear(cache);
    return ask_inside(probe);
}

Test(regress_flight, a_load_that_invalidates_its_key_and_calls_it_recurses)
{
    cache = cache_of(10, NULL);
    price_probe.during = invalidate_and_ask;
    cr_assert_eq(ask(cache, price, 1).status, CTX_OK);
    cr_assert_eq(inner_status, CTX_ERR_RECURSION);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

Test(regress_flight, a_load_that_clears_the_cache_and_calls_its_key_recurses)
{
    cache = cache_of(10, NULL);
    price_probe.during = clear_and_ask;
    cr_assert_eq(ask(cache, price, 1).status, CTX_OK);
    cr_assert_eq(inner_status, CTX_ERR_RECURSION);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

/* ---- a circle through a thread that a load started ----------------------------------------- */

static struct gate first_may_go = GATE_INIT, second_may_go = GATE_INIT;
static struct caller first = {.wait_ns = HANG_NS}, second = {.wait_ns = HANG_NS};
static struct caller child = {.wait_ns = HANG_NS};

/* Load 1 starts a thread that asks for 2, and joins it; load 2 asks for 1. */
DURING(close_circle)
{
    UNUSED_DURING;
    if (args[0].as.i64 == 1) {
        gate_pass(&first_may_go);
        caller_start(&child, cache, price, 2);
        caller_join(&child);
        return CTX_OK;
    }
    gate_pass(&second_may_go);
    return ask_within_v(cache, price, (const ctx_value[]){ctx_i64(1)}, 1, HANG_NS).status;
}

Test(regress_flight, a_thread_of_a_load_that_asks_for_what_waits_for_that_load_is_a_deadlock)
{
    cache = cache_of(10, NULL);
    price_probe.during = close_circle;
    caller_start(&first, cache, price, 1);
    gate_await(&first_may_go, 1);
    caller_start(&second, cache, price, 2);
    gate_open(&second_may_go);
    gate_await(&second_may_go, 1);
    caller_await_waiting(&second);
    gate_open(&first_may_go);
    cr_assert_eq(caller_join(&first).status, CTX_OK);
    cr_assert_eq(caller_join(&second).status, CTX_OK);
    cr_assert_eq(child.answer.status, CTX_ERR_DEADLOCK);
    cr_assert_eq(child.answer.info.outcome, CTX_CACHE_REFUSED);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

/* ---- the buffer of a load ------------------------------------------------------------------ */

static void *allocate_dirty(void *user, size_t bytes)
{
    void *block = malloc(bytes);

    (void)user;
    return block ? memset(block, 0xaa, bytes) : NULL;
}

static void release(void *user, void *block, size_t bytes)
{
    (void)user, (void)bytes;
    free(block);
}

static int load_untouched(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    void *buffer;

    (void)args, (void)count, (void)user;
    return ctx_cache_load_reserve(load, 300, &buffer);
}

static CTX_CACHE_FN(untouched, load_untouched);

Test(regress_load, a_reserved_buffer_is_zero_whatever_its_memory_held)
{
    static const unsigned char zeros[300];
    const ctx_allocator dirty = {sizeof dirty, allocate_dirty, release, NULL};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_cache_ref ref;

    config.capacity_entries = 10;
    config.allocator = &dirty;
    cache = cache_with(&config);
    cr_assert_eq(ctx_cache_call(cache, untouched, &ref, 1), CTX_OK);
    cr_assert_eq(ref.size, sizeof zeros);
    cr_assert_arr_eq(ref.data, zeros, sizeof zeros);
    ctx_cache_ref_release(&ref);
    ctx_cache_destroy(cache);
}

/* ---- loads that leave their context --------------------------------------------------------- */

static ctx_context *visited;

DURING(leave_visited)
{
    UNUSED_DURING;
    return ctx_exit(visited);
}

static void ask_price(void *unused)
{
    (void)unused;
    ask(cache, price, 1);
}

static int load_in_visited(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)count, (void)user;
    cr_assert_eq(ctx_run(visited, ask_price, NULL), CTX_OK);
    return ctx_cache_load_copy(load, &args[0].as.i64, sizeof args[0].as.i64);
}

static CTX_CACHE_FN(visiting, load_in_visited);

/* It had taken over the record of the load around, and has none when the inner load ends. */
Test(regress_load, a_load_may_leave_a_context_that_was_entered_in_the_load_around)
{
    ctx_cache_ref ref;

    cache = cache_of(10, NULL);
    price_probe.during = leave_visited;
    cr_assert_eq(ctx_context_new(&visited), CTX_OK);
    cr_assert_eq(ctx_cache_call(cache, visiting, &ref, 1), CTX_OK);
    ctx_cache_ref_release(&ref);
    cr_assert_eq(price_probe.loads, 1);
    ctx_context_unref(visited);
    ctx_cache_destroy(cache);
}
