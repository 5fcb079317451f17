/*
 * Single flight: one load per key, shared by who asks meanwhile; its failures, deadlines, deaths,
 * recursions and circles. Threads meet at gates; no test depends on time.
 */
#include <criterion/criterion.h>

#include "support/cache_kit.h"
#include "support/check.h"
#include "support/gate.h"

PROBE(price);
static CTX_VAR(tenant);

enum { WAITERS = 3 };

static ctx_cache *cache;
static struct gate gate = GATE_INIT;
static struct caller leader, waiter[WAITERS];

static void setup(void)
{
    cache = cache_of(100, tenant);
    ctx_set(tenant, "acme");
    price_probe.during = probe_pass_gate;
    price_probe.arg = &gate;
}

static void teardown(void)
{
    check_equations(cache);
    ctx_cache_destroy(cache);
}

TestSuite(flight, .init = setup, .fini = teardown);

/* A load of key 1 runs and is held at the gate. */
static void start_leader(void)
{
    caller_start(&leader, cache, price, 1);
    gate_await(&gate, 1);
}

static void start_waiters(int count)
{
    for (int i = 0; i < count; i++) {
        caller_start(&waiter[i], cache, price, 1);
        caller_await_waiting(&waiter[i]);
    }
}

static void join_all(int waiters)
{
    caller_join(&leader);
    for (int i = 0; i < waiters; i++)
        caller_join(&waiter[i]);
}

/* ---- sharing ------------------------------------------------------------------------------ */

Test(flight, one_load_answers_all_who_ask_meanwhile)
{
    start_leader();
    start_waiters(WAITERS);
    gate_open(&gate);
    join_all(WAITERS);
    cr_assert_eq(leader.answer.info.outcome, CTX_CACHE_MISS);
    cr_assert(leader.answer.info.stored);
    for (int i = 0; i < WAITERS; i++) {
        cr_assert_eq(waiter[i].answer.status, CTX_OK);
        cr_assert_eq(waiter[i].answer.serial, 1);
        cr_assert_eq(waiter[i].answer.info.outcome, CTX_CACHE_JOINED);
        cr_assert(waiter[i].answer.info.stored);
    }
    cr_assert_eq(atomic_load(&price_probe.loads), 1);
    cr_assert_eq(stats_of(cache).joined, WAITERS);
    cr_assert_eq(stats_of(cache).misses, 1);
    cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_HIT);
    check_sums(cache);
}

Test(flight, two_tenants_never_share_one)
{
    struct caller other = {0};

    start_leader();
    ctx_set(tenant, "bolt");
    caller_start(&other, cache, price, 1);
    gate_await(&gate, 2); /* it loads for itself */
    gate_open(&gate);
    join_all(0);
    caller_join(&other);
    cr_assert_neq(leader.answer.serial, other.answer.serial);
    cr_assert_eq(other.answer.info.outcome, CTX_CACHE_MISS);
}

Test(flight, two_keys_load_at_the_same_time)
{
    struct caller other = {0};

    start_leader();
    caller_start(&other, cache, price, 2);
    gate_await(&gate, 2);
    gate_open(&gate);
    join_all(0);
    caller_join(&other);
    cr_assert_eq(atomic_load(&price_probe.loads), 2);
}

Test(flight, two_functions_load_at_the_same_time)
{
    static ctx_cache_fn tax[] = {{"tax", 1, 0, probe_load, &price_probe, 0, 0}};
    struct caller other = {0};

    start_leader();
    caller_start(&other, cache, tax, 1);
    gate_await(&gate, 2);
    gate_open(&gate);
    join_all(0);
    caller_join(&other);
    cr_assert_neq(leader.answer.serial, other.answer.serial);
}

Test(flight, a_cache_that_stores_nothing_still_shares_loads)
{
    ctx_cache_resize(cache, 0, 0);
    start_leader();
    start_waiters(2);
    gate_open(&gate);
    join_all(2);
    cr_assert_eq(atomic_load(&price_probe.loads), 1);
    cr_assert_eq(waiter[1].answer.info.outcome, CTX_CACHE_JOINED);
    cr_assert_not(waiter[1].answer.info.stored);
    cr_assert_eq(stats_of(cache).entries, 0);
}

Test(flight, a_get_and_a_peek_do_not_wait)
{
    start_leader();
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
    cr_assert_eq(peek(cache, price, 1).status, CTX_ABSENT);
    gate_open(&gate);
    join_all(0);
}

static int hold_and_no_store(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                             size_t count)
{
    ctx_cache_load_no_store(load);
    return probe_pass_gate(probe, load, args, count);
}

Test(flight, a_result_that_is_not_stored_answers_those_who_wait)
{
    price_probe.during = hold_and_no_store;
    start_leader();
    start_waiters(2);
    gate_open(&gate);
    join_all(2);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(waiter[i].answer.serial, 1);
        cr_assert_eq(waiter[i].answer.info.reason, CTX_CACHE_NO_STORE);
        cr_assert_not(waiter[i].answer.info.stored);
    }
    cr_assert_eq(stats_of(cache).entries, 0);
    cr_assert_eq(stats_of(cache).not_stored_no_store, 1);
}

Test(flight, a_negative_answer_is_shared)
{
    price_probe.negative = true;
    start_leader();
    start_waiters(1);
    gate_open(&gate);
    join_all(1);
    cr_assert_eq(leader.answer.status, CTX_ABSENT);
    cr_assert_eq(waiter[0].answer.status, CTX_ABSENT);
    cr_assert(waiter[0].answer.info.negative);
    cr_assert_eq(waiter[0].answer.info.outcome, CTX_CACHE_JOINED);
    cr_assert_eq(atomic_load(&price_probe.loads), 1);
}

/* ---- failure ------------------------------------------------------------------------------ */

static int hold_and_fail(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                         size_t count)
{
    probe_pass_gate(probe, load, args, count);
    return -4321;
}

Test(flight, a_failure_reaches_leader_and_waiters_unchanged_and_is_not_stored)
{
    price_probe.during = hold_and_fail;
    start_leader();
    start_waiters(WAITERS);
    gate_open(&gate);
    join_all(WAITERS);
    cr_assert_eq(leader.answer.status, -4321);
    cr_assert_eq(leader.answer.info.reason, CTX_CACHE_FAILED);
    for (int i = 0; i < WAITERS; i++) {
        cr_assert_eq(waiter[i].answer.status, -4321);
        cr_assert_eq(waiter[i].answer.info.outcome, CTX_CACHE_JOINED);
        cr_assert_eq(waiter[i].answer.info.reason, CTX_CACHE_FAILED);
    }
    cr_assert_eq(stats_of(cache).loads_failed, 1);
    cr_assert_eq(stats_of(cache).entries, 0);
    price_probe.during = NULL;
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    check_sums(cache);
}

static int return_arg(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                      size_t count)
{
    (void)probe, (void)load, (void)count;
    return (int)args[0].as.i64;
}

Test(flight, any_code_of_a_loader_comes_back_unchanged)
{
    static const int codes[] = {1,         -1,        CTX_ERR_NOMEM, CTX_ERR_DEADLOCK, 30500,
                                INT32_MAX, INT32_MIN, CTX_ERR_UNSET, CTX_ERR_TIMEOUT};

    price_probe.during = return_arg;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        for (int again = 0; again < 2; again++) {
            struct answer a = ask(cache, price, codes[i]);

            cr_assert_eq(a.status, codes[i]);
            cr_assert_eq(a.info.outcome, CTX_CACHE_MISS);
        }
    cr_assert_eq(stats_of(cache).entries, 0);
    check_sums(cache);
}

static int give_nothing(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)load, (void)args, (void)count, (void)user;
    return CTX_OK;
}

Test(flight, a_loader_without_a_value_is_a_failure)
{
    static CTX_CACHE_FN(forgetful, give_nothing);

    cr_assert_eq(ask(cache, forgetful, 1).status, CTX_ERR_NO_VALUE);
    cr_assert_eq(ask(cache, forgetful, 1).info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(stats_of(cache).loads_failed, 2);
    check_sums(cache);
}

static int fail_first(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                      size_t count)
{
    bool first = atomic_load(&probe->loads) == 1;

    probe_pass_gate(probe, load, args, count);
    return first ? -4321 : CTX_OK;
}

static void use_flags(uint32_t flags)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;

    ctx_cache_destroy(cache);
    config.capacity_entries = 100;
    config.vary = &vary;
    config.vary_count = 1;
    config.flags = flags;
    cache = cache_with(&config);
}

Test(flight, with_retry_a_waiter_loads_again)
{
    use_flags(CTX_CACHE_RETRY);
    price_probe.during = fail_first;
    start_leader();
    start_waiters(WAITERS);
    gate_open(&gate);
    join_all(WAITERS);
    cr_assert_eq(leader.answer.status, -4321);
    for (int i = 0; i < WAITERS; i++) {
        cr_assert_eq(waiter[i].answer.status, CTX_OK);
        cr_assert_eq(waiter[i].answer.serial, 2);
    }
    cr_assert_eq(atomic_load(&price_probe.loads), 2);
    check_sums(cache);
}

Test(flight, with_retry_failures_still_end)
{
    use_flags(CTX_CACHE_RETRY);
    price_probe.during = hold_and_fail;
    start_leader();
    start_waiters(WAITERS);
    gate_open(&gate);
    join_all(WAITERS);
    for (int i = 0; i < WAITERS; i++)
        cr_assert_eq(waiter[i].answer.status, -4321);
    cr_assert_leq(atomic_load(&price_probe.loads), WAITERS + 1);
    check_sums(cache);
}

/* ---- deadlines ---------------------------------------------------------------------------- */

Test(flight, a_waiter_gives_up_and_disturbs_nobody)
{
    struct answer impatient;

    start_leader();
    start_waiters(1);
    impatient = ask_within_v(cache, price, (ctx_value[]){ctx_i64(1)}, 1, 1);
    cr_assert_eq(impatient.status, CTX_ERR_TIMEOUT);
    cr_assert_eq(impatient.info.outcome, CTX_CACHE_JOINED);
    cr_assert_not(impatient.info.stored);
    cr_assert_eq(stats_of(cache).timeouts, 1);
    gate_open(&gate);
    join_all(1);
    cr_assert_eq(leader.answer.serial, 1);
    cr_assert_eq(waiter[0].answer.serial, 1);
    cr_assert_eq(atomic_load(&price_probe.loads), 1);
    check_sums(cache);
}

Test(flight, the_last_waiter_may_give_up)
{
    start_leader();
    for (int i = 0; i < 3; i++)
        cr_assert_eq(ask_within_v(cache, price, (ctx_value[]){ctx_i64(1)}, 1, 1000000).status,
                     CTX_ERR_TIMEOUT);
    gate_open(&gate);
    join_all(0);
    cr_assert(leader.answer.info.stored);
}

Test(flight, the_cache_may_set_the_deadline)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    ctx_cache_destroy(cache);
    config.capacity_entries = 10;
    config.wait_ns = 1;
    cache = cache_with(&config);
    start_leader();
    cr_assert_eq(ask(cache, price, 1).status, CTX_ERR_TIMEOUT);
    waiter[0].wait_ns = UINT64_MAX; /* a call's own deadline counts more */
    start_waiters(1);
    gate_open(&gate);
    join_all(1);
    cr_assert_eq(waiter[0].answer.serial, 1);
}

Test(flight, the_leader_has_no_deadline)
{
    leader.wait_ns = 1;
    start_leader();
    gate_open(&gate);
    join_all(0);
    cr_assert_eq(leader.answer.status, CTX_OK);
}

/* ---- leaders that die --------------------------------------------------------------------- */

static int hold_and_exit_thread(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                                size_t count)
{
    probe_pass_gate(probe, load, args, count);
    if (atomic_load(&probe->loads) == 1)
        pthread_exit(NULL);
    return CTX_OK;
}

static void expect_waiters_abandoned(void)
{
    for (int i = 0; i < WAITERS; i++) {
        cr_assert_eq(waiter[i].answer.status, CTX_ERR_ABANDONED);
        cr_assert_eq(waiter[i].answer.info.outcome, CTX_CACHE_JOINED);
    }
    cr_assert_eq(stats_of(cache).loads_failed, 1);
    cr_assert_eq(stats_of(cache).entries, 0);
    check_sums(cache);
    price_probe.during = NULL;
    cr_assert_eq(ask(cache, price, 1).serial, 2);
}

Test(flight, a_leader_that_exits_wakes_its_waiters)
{
    price_probe.during = hold_and_exit_thread;
    start_leader();
    start_waiters(WAITERS);
    gate_open(&gate);
    join_all(WAITERS);
    expect_waiters_abandoned();
}

Test(flight, a_leader_that_is_cancelled_wakes_its_waiters)
{
    start_leader();
    start_waiters(WAITERS);
    pthread_cancel(leader.thread);
    join_all(WAITERS);
    expect_waiters_abandoned();
}

Test(flight, a_leader_that_dies_alone_leaves_the_key_free)
{
    start_leader();
    pthread_cancel(leader.thread);
    join_all(0);
    cr_assert_eq(stats_of(cache).loads_failed, 1);
    price_probe.during = NULL;
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    check_sums(cache);
}

Test(flight, with_retry_a_waiter_takes_over_from_a_dead_leader)
{
    use_flags(CTX_CACHE_RETRY);
    price_probe.during = hold_and_exit_thread;
    start_leader();
    start_waiters(WAITERS);
    gate_open(&gate);
    join_all(WAITERS);
    for (int i = 0; i < WAITERS; i++)
        cr_assert_eq(waiter[i].answer.serial, 2);
}

Test(flight, a_cancelled_waiter_disturbs_nobody)
{
    start_leader();
    start_waiters(2);
    pthread_cancel(waiter[0].thread);
    caller_join(&waiter[0]);
    gate_open(&gate);
    caller_join(&leader);
    caller_join(&waiter[1]);
    cr_assert_eq(waiter[1].answer.serial, 1);
    cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_HIT);
}

static int exit_in_bypass(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                          size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    pthread_exit(NULL);
}

static void *bypass_and_exit(void *unused)
{
    ask(cache, price, 1);
    return unused;
}

Test(flight, a_thread_that_exits_in_a_bypass_is_counted)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;
    pthread_t thread;

    ctx_cache_destroy(cache);
    config.capacity_entries = 10;
    config.vary = &vary;
    config.vary_count = 1;
    config.unset = CTX_CACHE_UNSET_BYPASS;
    cache = cache_with(&config);
    price_probe.during = exit_in_bypass;
    pthread_create(&thread, NULL, bypass_and_exit, NULL);
    pthread_join(thread, NULL);
    cr_assert_eq(stats_of(cache).bypasses, 1);
    cr_assert_eq(stats_of(cache).loads_failed, 1);
}

static int lead_inner_and_exit(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                               size_t count)
{
    (void)load, (void)count;
    if (args[0].as.i64 < 5)
        return ask(cache, price, args[0].as.i64 + 1).status;
    if (atomic_load(&probe->loads) == 5)
        pthread_exit(NULL);
    return CTX_OK;
}

Test(flight, a_thread_that_exits_five_loads_deep_frees_all_five_keys)
{
    price_probe.during = lead_inner_and_exit;
    caller_start(&leader, cache, price, 1);
    caller_join(&leader);
    cr_assert_eq(stats_of(cache).loads_failed, 5);
    for (int key = 5; key >= 1; key--)
        cr_assert_eq(ask(cache, price, key).status, CTX_OK);
    check_sums(cache);
}

/* ---- recursion ---------------------------------------------------------------------------- */

static int ask_the_same(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                        size_t count)
{
    struct answer *inner = probe->arg;

    (void)load, (void)args, (void)count;
    *inner = ask(cache, price, 1);
    return CTX_OK;
}

Test(flight, the_same_key_on_the_same_thread_is_recursion)
{
    struct answer inner, outer;

    price_probe.during = ask_the_same;
    price_probe.arg = &inner;
    outer = ask(cache, price, 1);
    cr_assert_eq(inner.status, CTX_ERR_RECURSION);
    cr_assert_eq(inner.info.outcome, CTX_CACHE_REFUSED);
    cr_assert_eq(outer.status, CTX_OK);
    cr_assert_eq(atomic_load(&price_probe.loads), 1);
    cr_assert_eq(stats_of(cache).refused, 1);
    check_sums(cache);
}

static int ask_around(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                      size_t count)
{
    (void)probe, (void)load, (void)count;
    return ask(cache, price, args[0].as.i64 % 4 + 1).status; /* 1 -> 2 -> 3 -> 4 -> 1 */
}

Test(flight, recursion_through_other_keys_is_found)
{
    price_probe.during = ask_around;
    cr_assert_eq(ask(cache, price, 1).status, CTX_ERR_RECURSION);
    cr_assert_eq(atomic_load(&price_probe.loads), 4);
    cr_assert_eq(stats_of(cache).loads_failed, 4);
    check_sums(cache);
}

static ctx_cache *second;
PROBE(tax);

static int ask_second(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                      size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    return ask(second, tax, 1).status;
}

static int ask_first(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    return ask(cache, price, 1).status;
}

Test(flight, recursion_through_another_cache_is_found)
{
    second = cache_of(10, tenant);
    price_probe.during = ask_second;
    tax_probe.during = ask_first;
    cr_assert_eq(ask(cache, price, 1).status, CTX_ERR_RECURSION);
    ctx_cache_destroy(second);
}

static int ask_as_bolt(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                       size_t count)
{
    ctx_token token;
    int status;

    (void)load, (void)args, (void)count;
    if (atomic_load(&probe->loads) > 1)
        return CTX_OK;
    ctx_set(tenant, "bolt", &token);
    status = ask(cache, price, 1).status;
    ctx_reset(tenant, token);
    return status;
}

Test(flight, the_same_arguments_for_another_tenant_are_no_recursion)
{
    price_probe.during = ask_as_bolt;
    cr_assert_eq(ask(cache, price, 1).status, CTX_OK);
    cr_assert_eq(atomic_load(&price_probe.loads), 2);
}

static int bound_status;

static void ask_bound(void *unused)
{
    (void)unused;
    bound_status = ask(cache, price, 1).status;
}

static void *call_bound(void *bound)
{
    ctx_bound_call(bound);
    return NULL;
}

static int bind_and_run(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                        size_t count)
{
    ctx_bound *bound;
    pthread_t thread;

    (void)load, (void)args, (void)count;
    CHECK_EQ(ctx_bind(ask_bound, NULL, &bound), CTX_OK);
    if (probe->arg) {
        CHECK_EQ(pthread_create(&thread, NULL, call_bound, bound), 0);
        pthread_join(thread, NULL);
    } else {
        ctx_bound_run(bound);
    }
    ctx_bound_free(bound);
    return CTX_OK;
}

Test(flight, a_function_bound_inside_the_load_recurses)
{
    price_probe.during = bind_and_run;
    price_probe.arg = NULL;
    cr_assert_eq(ask(cache, price, 1).status, CTX_OK);
    cr_assert_eq(bound_status, CTX_ERR_RECURSION);
}

Test(flight, a_function_bound_inside_the_load_recurses_on_another_thread)
{
    price_probe.during = bind_and_run;
    price_probe.arg = &price_probe;
    cr_assert_eq(ask(cache, price, 1).status, CTX_OK);
    cr_assert_eq(bound_status, CTX_ERR_RECURSION);
}

static int start_and_join(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                          size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    caller_start(&waiter[0], cache, price, 1);
    caller_join(&waiter[0]);
    return CTX_OK;
}

Test(flight, a_thread_started_inside_the_load_recurses)
{
    price_probe.during = start_and_join;
    cr_assert_eq(ask(cache, price, 1).status, CTX_OK);
    cr_assert_eq(waiter[0].answer.status, CTX_ERR_RECURSION);
}

/* The thread asks for another key, whose load asks for the first one. */
static int start_deeper(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                        size_t count)
{
    (void)probe, (void)load, (void)count;
    if (args[0].as.i64 == 2)
        return ask(cache, price, 1).status;
    caller_start(&waiter[0], cache, price, 2);
    caller_join(&waiter[0]);
    return CTX_OK;
}

Test(flight, a_load_on_a_thread_started_inside_the_load_recurses)
{
    price_probe.during = start_deeper;
    cr_assert_eq(ask(cache, price, 1).status, CTX_OK);
    cr_assert_eq(waiter[0].answer.status, CTX_ERR_RECURSION);
}

/* ---- circles across threads --------------------------------------------------------------- */

enum { RING_MAX = 3 };

/* Load n waits until all loads run, then asks for the key of the next one. */
struct ring {
    int count;
    struct gate all;
    ctx_cache *caches[RING_MAX];
    _Atomic int deadlocks, answers, others;
    struct caller caller[RING_MAX];
};

static struct ring ring = {.all = GATE_INIT};

static int load_ring(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    int64_t mine = args[0].as.i64, next = (mine + 1) % ring.count;
    struct answer a;

    (void)count, (void)user;
    gate_pass(&ring.all);
    a = ask(ring.caches[next], user, next);
    if (a.status == CTX_ERR_DEADLOCK)
        atomic_fetch_add(&ring.deadlocks, 1);
    else if (a.status == CTX_OK)
        atomic_fetch_add(&ring.answers, 1);
    else
        atomic_fetch_add(&ring.others, 1);
    mine++;
    return ctx_cache_load_copy(load, &mine, sizeof mine);
}

static ctx_cache_fn circle[] = {{"circle", 1, 0, load_ring, circle, 0, 0}};

static void run_ring(int count, ctx_cache *const *caches)
{
    ring.count = count;
    for (int i = 0; i < count; i++)
        ring.caches[i] = caches[i];
    for (int i = 0; i < count; i++)
        caller_start(&ring.caller[i], caches[i], circle, i);
    gate_await(&ring.all, count);
    gate_open(&ring.all);
    for (int i = 0; i < count; i++)
        cr_assert_eq(caller_join(&ring.caller[i]).status, CTX_OK);
    cr_assert_eq(atomic_load(&ring.deadlocks), 1, "exactly one gets it");
    cr_assert_eq(atomic_load(&ring.answers), count - 1);
    cr_assert_eq(atomic_load(&ring.others), 0);
}

Test(flight, a_circle_of_two_threads_is_found_by_one)
{
    run_ring(2, (ctx_cache *[]){cache, cache});
    check_sums(cache);
}

Test(flight, a_circle_of_three_threads_is_found_by_one)
{
    run_ring(3, (ctx_cache *[]){cache, cache, cache});
}

Test(flight, a_circle_across_two_caches_is_found_by_one)
{
    second = cache_of(10, tenant);
    run_ring(2, (ctx_cache *[]){cache, second});
    check_equations(second);
    ctx_cache_destroy(second);
}

Test(flight, a_circle_of_three_threads_across_two_caches_is_found_by_one)
{
    second = cache_of(10, tenant);
    run_ring(3, (ctx_cache *[]){cache, second, cache});
    ctx_cache_destroy(second);
}

static int ask_leader_key(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                          size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    return ask(cache, price, 1).status;
}

/* Waiting for a load that waits for nobody is no circle, however long the chain. */
Test(flight, a_chain_is_not_a_circle)
{
    start_leader();
    tax_probe.during = ask_leader_key;
    for (int i = 0; i < WAITERS; i++) {
        caller_start(&waiter[i], cache, tax, i);
        caller_await_waiting(&waiter[i]);
    }
    gate_open(&gate);
    join_all(WAITERS);
    for (int i = 0; i < WAITERS; i++)
        cr_assert_eq(waiter[i].answer.status, CTX_OK);
}

/* ---- batches ------------------------------------------------------------------------------ */

static struct gate loading = GATE_INIT;

static int load_at_the_gate(ctx_cache_load *const *load, const ctx_value *const *args,
                            size_t arg_count, size_t count, void *probe)
{
    CHECK_EQ(count, 2);
    gate_pass(&loading);
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(probe_load(load[i], args[i], arg_count, probe), CTX_OK);
    return CTX_OK;
}

/* Asks for a key that the batch is loading; only its answer ends the load that the batch waits for. */
static void *ask_then_open(void *unused)
{
    (void)unused;
    gate_await(&loading, 1);
    ctx_set(tenant, "acme");
    caller_start(&waiter[0], cache, price, 2);
    caller_await_waiting(&waiter[0]);
    gate_open(&loading);
    caller_join(&waiter[0]);
    gate_open(&gate);
    return NULL;
}

/* Else two batches that lead each other's keys would never end. */
Test(flight, a_batch_that_has_to_wait_first_gives_what_it_loaded)
{
    const ctx_value args[] = {ctx_i64(1), ctx_i64(2), ctx_i64(3)};
    ctx_cache_options options = CTX_CACHE_OPTIONS_INIT;
    int64_t serials[3];
    int statuses[3];
    pthread_t other;

    start_leader();
    price_probe.during = NULL;
    options.bulk_loader = load_at_the_gate;
    cr_assert_eq(pthread_create(&other, NULL, ask_then_open, NULL), 0);
    cr_assert_eq(ctx_cache_call_many_copy_v(cache, price, args, 1, 3, &options, serials,
                                            sizeof serials[0], statuses),
                 CTX_OK);
    pthread_join(other, NULL);
    caller_join(&leader);
    cr_assert_eq(serials[0], leader.answer.serial);
    cr_assert_eq(serials[1], waiter[0].answer.serial);
    cr_assert_eq(waiter[0].answer.info.outcome, CTX_CACHE_JOINED);
    cr_assert_eq(atomic_load(&price_probe.loads), 3);
}

/* ---- loads and refs ----------------------------------------------------------------------- */

Test(flight, destroy_waits_for_nothing)
{
    ctx_cache *ended = cache;

    start_leader();
    start_waiters(1);
    cache = cache_of(1, NULL); /* for the teardown */
    ctx_cache_destroy(ended);
    gate_open(&gate);
    join_all(1);
    cr_assert_eq(leader.answer.status, CTX_OK);
    cr_assert_eq(leader.answer.info.reason, CTX_CACHE_FENCED);
    cr_assert_not(leader.answer.info.stored);
    cr_assert_eq(waiter[0].answer.serial, 1);
}
