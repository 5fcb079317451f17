/*
 * Cached calls of loops: one load for all who ask, each answered on its own loop and in its own context,
 * however the load ends, and the loop.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>

#include "support/alloc.h"
#include "support/cache_kit.h"
#include "support/gate.h"
#include "support/uv_kit.h"

static CTX_VAR(request); /* what the cache does not vary on, and the loader may not read */

PROBE(price);
PROBE(rate);

static ctx_cache *cache;
static struct gate gate = GATE_INIT;

static void open_all(void)
{
    open_loop();
    cache = cache_of(100, tenant);
    become("acme");
}

static void close_all(void)
{
    close_loop();
    check_equations(cache);
    ctx_cache_destroy(cache);
}

TestSuite(uv_cache, .init = open_all, .fini = close_all);

/* Loads of price wait at the gate. */
static void hold_loads(void)
{
    price_probe.during = probe_pass_gate;
    price_probe.arg = &gate;
}

/* ---- answers ------------------------------------------------------------------------------ */

enum { MANY = 50 };

static struct said {
    int status, count;
    int64_t serial;
    uint32_t outcome;
    char tenant[16];
    int64_t request;
} answers[MANY];
static int answered;

static void on_answer(void *user, int status, ctx_cache_ref *ref, const ctx_cache_info *info)
{
    struct said *said = user;

    said->status = status;
    said->count++;
    said->serial = status == CTX_OK ? *(const int64_t *)ref->data : 0;
    said->outcome = info->outcome;
    snprintf(said->tenant, sizeof said->tenant, "%s", now());
    if (ctx_get_i64(request, &said->request) != CTX_OK)
        said->request = -1;
    answered++;
    (void)ctx_set(tenant, "changed"); /* some tests have no memory here */
    (void)ctx_set(request, -2);
}

static void call(int number, int64_t key)
{
    ctx_set(request, number);
    cr_assert_eq(ctx_uv_cache_call(&loop, cache, price, on_answer, &answers[number], key), CTX_OK);
}

static void expect(int number, int status, int64_t serial, const char *of)
{
    cr_assert_eq(answers[number].count, 1);
    cr_assert_eq(answers[number].status, status);
    cr_assert_eq(answers[number].serial, serial);
    cr_assert_str_eq(answers[number].tenant, of);
    cr_assert_eq(answers[number].request, number);
}

Test(uv_cache, a_miss_is_loaded_and_then_is_a_hit)
{
    call(0, 42);
    become("later");
    run();
    expect(0, CTX_OK, 1, "acme");
    cr_assert_eq(answers[0].outcome, CTX_CACHE_MISS);
    become("acme");
    call(1, 42);
    cr_assert_eq(answered, 1); /* never inside the call */
    become("later");
    run();
    expect(1, CTX_OK, 1, "acme");
    cr_assert_eq(answers[1].outcome, CTX_CACHE_HIT);
    cr_assert_eq(price_probe.loads, 1);
}

Test(uv_cache, many_callers_of_one_key_are_one_load)
{
    hold_loads();
    for (int i = 0; i < MANY; i++)
        call(i, 42);
    become("later");
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert_eq(answered, 0);
    gate_open(&gate);
    run();
    for (int i = 0; i < MANY; i++)
        expect(i, CTX_OK, 1, "acme");
    cr_assert_eq(price_probe.loads, 1);
    cr_assert_eq(answers[MANY - 1].outcome, CTX_CACHE_JOINED);
    cr_assert_eq(stats_of(cache).joined, MANY - 1);
}

Test(uv_cache, tenants_never_share)
{
    static const char *const names[] = {"a", "b", "c"};

    hold_loads();
    for (int i = 0; i < 30; i++) {
        become(names[i % 3]);
        call(i, 42 + i / 3 % 2);
    }
    gate_open(&gate);
    become("later");
    run();
    cr_assert_eq(price_probe.loads, 6);
    for (int i = 0; i < 30; i++) {
        expect(i, CTX_OK, answers[i].serial, names[i % 3]);
        for (int j = 0; j < i; j++)
            cr_assert_eq(answers[i].serial == answers[j].serial, (i - j) % 6 == 0);
    }
}

static void keep_ref(void *user, int status, ctx_cache_ref *ref, const ctx_cache_info *info)
{
    (void)info;
    cr_assert_eq(status, CTX_OK);
    *(ctx_cache_ref *)user = *ref;
    *ref = (ctx_cache_ref)CTX_CACHE_REF_INIT;
}

Test(uv_cache, a_ref_that_is_moved_out_stays)
{
    ctx_cache_ref kept[2];

    for (int i = 0; i < 2; i++) {
        cr_assert_eq(ctx_uv_cache_call(&loop, cache, price, keep_ref, &kept[i], 42), CTX_OK);
        run();
    }
    cr_assert_eq(ctx_cache_clear(cache), CTX_OK);
    cr_assert_eq(*(const int64_t *)kept[0].data, 1);
    cr_assert_eq(*(const int64_t *)kept[1].data, 1);
    ctx_cache_ref_release(&kept[0]);
    ctx_cache_ref_release(&kept[1]);
}

Test(uv_cache, there_may_be_none)
{
    price_probe.negative = true;
    call(0, 42);
    run();
    become("acme");
    call(1, 42);
    run();
    expect(0, CTX_ABSENT, 0, "acme");
    expect(1, CTX_ABSENT, 0, "acme");
    cr_assert_eq(price_probe.loads, 1);
}

static void call_again(void *user, int status, ctx_cache_ref *ref, const ctx_cache_info *info)
{
    on_answer(user, status, ref, info);
    become("nested");
    call(1, 42);
}

Test(uv_cache, an_answer_may_call_again)
{
    ctx_set(request, 0);
    cr_assert_eq(ctx_uv_cache_call(&loop, cache, price, call_again, &answers[0], 42), CTX_OK);
    run();
    expect(0, CTX_OK, 1, "acme");
    expect(1, CTX_OK, 2, "nested");
}

Test(uv_cache, a_call_without_arguments)
{
    cr_assert_eq(ctx_uv_cache_call(&loop, cache, price, on_answer, &answers[0]), CTX_OK);
    run();
    cr_assert_eq(answers[0].status, CTX_OK);
}

/* ---- loads -------------------------------------------------------------------------------- */

static int read_context(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                        size_t count)
{
    (void)load;
    CHECK_EQ(count, 2);
    CHECK_EQ(args[0].as.i64, 42);
    CHECK(strcmp(args[1].as.string.data, "eu") == 0);
    snprintf(probe->arg, 16, "%s", now());
    return CTX_OK;
}

Test(uv_cache, the_loader_has_the_callers_context_and_arguments)
{
    char place[] = "eu", seen_by_loader[16];

    price_probe.during = read_context;
    price_probe.arg = seen_by_loader;
    cr_assert_eq(ctx_uv_cache_call(&loop, cache, price, on_answer, &answers[0], 42, place), CTX_OK);
    strcpy(place, "us");
    become("later");
    run();
    cr_assert_eq(answers[0].status, CTX_OK);
    cr_assert_str_eq(seen_by_loader, "acme");
}

static int fail(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)
{
    probe_pass_gate(probe, load, args, count);
    return -7;
}

Test(uv_cache, a_failure_is_everybodys_and_is_not_stored)
{
    price_probe.during = fail;
    price_probe.arg = &gate;
    for (int i = 0; i < 5; i++)
        call(i, 42);
    gate_open(&gate);
    run();
    for (int i = 0; i < 5; i++)
        expect(i, -7, 0, "acme");
    cr_assert_eq(price_probe.loads, 1);
    price_probe.during = NULL;
    become("acme");
    call(5, 42);
    run();
    expect(5, CTX_OK, 2, "acme");
}

static int read_request(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                        size_t count)
{
    int64_t number;

    CHECK_EQ(ctx_get_i64(request, &number), CTX_OK);
    return probe_pass_gate(probe, load, args, count);
}

Test(uv_cache, what_was_read_undeclared_is_loaded_by_each_for_itself)
{
    price_probe.during = read_request;
    price_probe.arg = &gate;
    for (int i = 0; i < 5; i++)
        call(i, 42);
    gate_open(&gate);
    run();
    cr_assert_eq(price_probe.loads, 5);
    for (int i = 0; i < 5; i++) {
        expect(i, CTX_OK, answers[i].serial, "acme");
        for (int j = 0; j < i; j++)
            cr_assert_neq(answers[i].serial, answers[j].serial);
    }
}

static int exit_loader(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                       size_t count)
{
    struct said *said = probe->arg;

    (void)load, (void)args, (void)count;
    said->count = 0;
    return -9;
}

Test(uv_cache, one_of_each_kind_at_once)
{
    rate_probe.during = exit_loader;
    rate_probe.arg = &answers[2];
    call(0, 1);
    call(1, 2);
    ctx_set(request, 2);
    cr_assert_eq(ctx_uv_cache_call(&loop, cache, rate, on_answer, &answers[2], 1), CTX_OK);
    run();
    cr_assert_eq(answers[0].serial + answers[1].serial, 3);
    expect(2, -9, 0, "acme");
}

/* ---- others who ask ----------------------------------------------------------------------- */

Test(uv_cache, a_blocking_call_joins_a_load_of_the_loop)
{
    struct caller caller = {0};

    hold_loads();
    call(0, 42);
    gate_await(&gate, 1);
    caller_start(&caller, cache, price, 42);
    caller_await_waiting(&caller);
    gate_open(&gate);
    run();
    cr_assert_eq(caller_join(&caller).serial, 1);
    expect(0, CTX_OK, 1, "acme");
    cr_assert_eq(price_probe.loads, 1);
}

/* A loader that asks, blocking, for the price of the same key. */
static int ask_price(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)
{
    (void)probe, (void)load, (void)count;
    gate_pass(&gate);
    return ask(cache, price, args[0].as.i64).status;
}

Test(uv_cache, loaders_that_ask_for_what_is_queued_behind_them_do_not_wait_for_it)
{
    enum { THREADS = 4 };

    setenv("UV_THREADPOOL_SIZE", "4", 1);
    rate_probe.during = ask_price;
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(ctx_uv_cache_call(&loop, cache, rate, on_answer, &answers[i], i), CTX_OK);
    gate_await(&gate, THREADS); /* the whole pool */
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(ctx_uv_cache_call(&loop, cache, price, on_answer, &answers[THREADS + i], i),
                     CTX_OK);
    gate_open(&gate);
    uv_run(&loop, UV_RUN_DEFAULT);
    for (int i = 0; i < 2 * THREADS; i++)
        cr_assert_eq(answers[i].status, CTX_OK);
}

Test(uv_cache, a_loop_joins_the_load_of_a_blocking_call)
{
    struct caller caller = {0};

    hold_loads();
    caller_start(&caller, cache, price, 42);
    gate_await(&gate, 1);
    for (int i = 0; i < 5; i++)
        call(i, 42);
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert_eq(answered, 0);
    gate_open(&gate);
    run();
    cr_assert_eq(caller_join(&caller).serial, 1);
    for (int i = 0; i < 5; i++)
        expect(i, CTX_OK, 1, "acme");
    cr_assert_eq(price_probe.loads, 1);
}

static void *run_loop(void *other)
{
    CHECK_EQ(uv_run(other, UV_RUN_DEFAULT), 0);
    CHECK_EQ(ctx_uv_loop_close(other), 0);
    return NULL;
}

Test(uv_cache, two_loops_share_one_load)
{
    uv_loop_t other;
    pthread_t thread;

    hold_loads();
    cr_assert_eq(uv_loop_init(&other), 0);
    for (int i = 0; i < 10; i++) {
        ctx_set(request, i);
        cr_assert_eq(ctx_uv_cache_call(i % 2 ? &other : &loop, cache, price, on_answer, &answers[i],
                                       42),
                     CTX_OK);
    }
    gate_open(&gate);
    run();
    cr_assert_eq(pthread_create(&thread, NULL, run_loop, &other), 0);
    pthread_join(thread, NULL);
    for (int i = 0; i < 10; i++)
        expect(i, CTX_OK, 1, "acme");
    cr_assert_eq(price_probe.loads, 1);
}

/* ---- deadlines ---------------------------------------------------------------------------- */

static void call_within(int number, int64_t key, uint64_t wait_ns)
{
    ctx_cache_options options = CTX_CACHE_OPTIONS_INIT;
    ctx_value args[] = {ctx_i64(key)};

    options.wait_ns = wait_ns;
    ctx_set(request, number);
    cr_assert_eq(ctx_uv_cache_call_v(&loop, cache, price, args, 1, &options, on_answer,
                                     &answers[number]),
                 CTX_OK);
}

static void open_gate(uv_timer_t *timer)
{
    gate_open(&gate);
    close_handle(timer);
}

Test(uv_cache, who_waits_too_long_is_told_and_the_others_are_answered)
{
    uv_timer_t timer;

    hold_loads();
    call_within(0, 42, 1000000); /* it leads: its deadline is for waiting on others */
    call_within(1, 42, 3000000000000);
    call_within(2, 42, 1000000);
    call_within(3, 42, 2000000);
    while (answered < 2)
        uv_run(&loop, UV_RUN_ONCE);
    expect(2, CTX_ERR_TIMEOUT, 0, "acme");
    expect(3, CTX_ERR_TIMEOUT, 0, "acme");
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, open_gate, 0, 0);
    run();
    expect(0, CTX_OK, 1, "acme");
    expect(1, CTX_OK, 1, "acme");
    cr_assert_eq(price_probe.loads, 1);
}

/* ---- refusals ----------------------------------------------------------------------------- */

static void unset(void *unused)
{
    (void)unused;
    cr_assert_eq(ctx_uv_cache_call(&loop, cache, price, on_answer, &answers[0], 42), CTX_ERR_UNSET);
}

Test(uv_cache, an_unset_tenant_is_refused_at_once)
{
    ctx_context *empty;

    cr_assert_eq(ctx_context_new(&empty), CTX_OK);
    cr_assert_eq(ctx_run(empty, unset, NULL), CTX_OK);
    ctx_context_unref(empty);
    run();
    cr_assert_eq(answered, 0);
    cr_assert_eq(price_probe.loads, 0);
}

Test(uv_cache, bad_input_is_refused)
{
    ctx_cache_options options = CTX_CACHE_OPTIONS_INIT;
    ctx_value args[] = {ctx_i64(1)};

    cr_assert_eq(ctx_uv_cache_call(NULL, cache, price, on_answer, NULL, 1), CTX_ERR_INVALID);
    cr_assert_eq(ctx_uv_cache_call(&loop, NULL, price, on_answer, NULL, 1), CTX_ERR_INVALID);
    cr_assert_eq(ctx_uv_cache_call(&loop, cache, NULL, on_answer, NULL, 1), CTX_ERR_INVALID);
    cr_assert_eq(ctx_uv_cache_call(&loop, cache, price, NULL, NULL, 1), CTX_ERR_INVALID);
    cr_assert_eq(ctx_uv_cache_call_v(&loop, cache, price, NULL, 1, NULL, on_answer, NULL),
                 CTX_ERR_INVALID);
    options.size = 3;
    cr_assert_eq(ctx_uv_cache_call_v(&loop, cache, price, args, 1, &options, on_answer, NULL),
                 CTX_ERR_INVALID);
    cr_assert_eq(CTX_UV_IN(NULL, ctx_uv_cache_call(&loop, cache, price, on_answer, NULL, 1)),
                 CTX_ERR_INVALID);
}

/* ---- a context that is named -------------------------------------------------------------- */

Test(uv_cache, a_named_context_is_the_tenant_and_the_callbacks)
{
    ctx_context *session = context_with("globex");

    for (int i = 0; i < 2; i++) {
        cr_assert_eq(CTX_UV_IN(session,
                               ctx_uv_cache_call(&loop, cache, price, on_answer, &answers[i], 42)),
                     CTX_OK);
        run();
        cr_assert_eq(answers[i].status, CTX_OK);
        cr_assert_str_eq(answers[i].tenant, i ? "changed" : "globex");
    }
    cr_assert_str_eq(now_in(session), "changed");
    cr_assert_eq(price_probe.loads, 2);
    ctx_context_unref(session);
}

static void call_in_itself(void *session)
{
    cr_assert_eq(CTX_UV_IN(session,
                           ctx_uv_cache_call(&loop, cache, price, on_answer, &answers[0], 42)),
                 CTX_OK);
}

Test(uv_cache, the_name_may_be_that_of_the_context_around)
{
    ctx_context *session = context_with("globex");

    cr_assert_eq(ctx_run(session, call_in_itself, session), CTX_OK);
    run();
    cr_assert_str_eq(answers[0].tenant, "globex");
    cr_assert_eq(ctx_enter(session), CTX_OK);
    cr_assert_eq(ctx_set(tenant, "inner"), CTX_OK);
    {
        ctx_context *inner = context_with("inner");

        cr_assert_eq(ctx_enter(inner), CTX_OK);
        cr_assert_eq(CTX_UV_IN(session, ctx_uv_cache_call(&loop, cache, price, on_answer, NULL, 1)),
                     CTX_ERR_ENTERED);
        cr_assert_eq(ctx_exit(inner), CTX_OK);
        ctx_context_unref(inner);
    }
    cr_assert_eq(ctx_exit(session), CTX_OK);
    ctx_context_unref(session);
}

/* The answer comes all the same, and in no context. */
Test(uv_cache, a_named_context_that_is_entered_when_the_answer_comes)
{
    ctx_context *session = context_with("globex");

    cr_assert_eq(CTX_UV_IN(session,
                           ctx_uv_cache_call(&loop, cache, price, on_answer, &answers[0], 42)),
                 CTX_OK);
    cr_assert_eq(ctx_enter(session), CTX_OK); /* around the loop itself */
    run();
    cr_assert_eq(ctx_exit(session), CTX_OK);
    cr_assert_eq(answers[0].status, CTX_OK);
    cr_assert_str_eq(answers[0].tenant, "unset");
    cr_assert_str_eq(now_in(session), "globex");
    cr_assert_eq(ctx_uv_failures(&loop), 1);
    cr_assert_eq(ctx_uv_loop_close(&loop), 0);
    ctx_context_unref(session);
    open_loop();
}

/* ---- the end of a loop -------------------------------------------------------------------- */

static void refuse_more(void *user, int status, ctx_cache_ref *ref, const ctx_cache_info *info)
{
    on_answer(user, status, ref, info);
    cr_assert_eq(ctx_uv_cache_call(&loop, cache, price, on_answer, NULL, 1), CTX_ERR_ABANDONED);
}

/* Whoever asks for one of these keys leads, or finds it, and need not wait. */
static void expect_nobody_loads(int64_t first, int64_t last)
{
    price_probe.during = NULL;
    for (int64_t key = first; key <= last; key++) {
        ctx_value args[] = {ctx_i64(key)};

        cr_assert_eq(ask_within_v(cache, price, args, 1, 1).status, CTX_OK);
    }
}

static void *open_gate_in_thread(void *unused)
{
    usleep(20000);
    gate_open(&gate);
    return unused;
}

Test(uv_cache, all_calls_of_a_loop_that_is_closed_are_answered)
{
    struct caller caller = {0};
    pthread_t thread;

    call(0, 1);
    run();
    cr_assert_eq(answers[0].status, CTX_OK);
    hold_loads();
    become("acme");
    caller_start(&caller, cache, price, 2);
    gate_await(&gate, 1);
    hold();
    become("acme");
    call(1, 1); /* a hit */
    call(2, 2); /* joined that of another thread */
    call_within(3, 2, 3000000000000);
    for (int i = 4; i < 20; i++)
        call(i, i); /* leading: on workers, or behind them */
    call(20, 4);    /* joined one of ours */
    ctx_set(request, 21);
    cr_assert_eq(ctx_uv_cache_call(&loop, cache, price, refuse_more, &answers[21], 4), CTX_OK);
    gate_await(&gate, 3);
    cr_assert_eq(pthread_create(&thread, NULL, open_gate_in_thread, NULL), 0);
    cr_assert_eq(ctx_uv_loop_close(&loop), 0);
    for (int i = 1; i < 22; i++)
        expect(i, CTX_ERR_ABANDONED, 0, "acme");
    pthread_join(thread, NULL);
    cr_assert_eq(caller_join(&caller).status, CTX_OK);
    expect_nobody_loads(1, 20);
    open_loop();
}

Test(uv_cache, also_what_has_landed_and_nobody_has_looked_at)
{
    struct caller caller = {0};
    uv_timer_t closing;

    hold_loads();
    caller_start(&caller, cache, price, 42);
    gate_await(&gate, 1);
    for (int i = 0; i < 3; i++)
        call(i, 42);
    gate_open(&gate);
    cr_assert_eq(caller_join(&caller).status, CTX_OK); /* the landings are part of its call */
    uv_timer_init(&loop, &closing);
    close_handle(&closing); /* is in nobody's way */
    cr_assert_eq(ctx_uv_loop_close(&loop), 0);
    for (int i = 0; i < 3; i++)
        expect(i, CTX_ERR_ABANDONED, 0, "acme");
    open_loop();
}

/* They are told to load for themselves, and do not. */
Test(uv_cache, also_who_would_have_to_load)
{
    struct caller caller = {0};

    price_probe.during = read_request;
    price_probe.arg = &gate;
    ctx_set(request, 0);
    caller_start(&caller, cache, price, 42);
    gate_await(&gate, 1);
    for (int i = 0; i < 3; i++)
        call(i, 42);
    gate_open(&gate);
    cr_assert_eq(caller_join(&caller).status, CTX_OK);
    cr_assert_eq(ctx_uv_loop_close(&loop), 0);
    for (int i = 0; i < 3; i++)
        expect(i, CTX_ERR_ABANDONED, 0, "acme");
    cr_assert_eq(price_probe.loads, 1);
    expect_nobody_loads(42, 42);
    open_loop();
}

static void on_timeout(uv_timer_t *timer)
{
    close_handle(timer);
}

Test(uv_cache, a_loop_with_a_strangers_handle_or_task_is_busy_and_goes_on)
{
    uv_timer_t timer;

    hold_loads();
    call(0, 42);
    call(1, 42);
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, on_timeout, 1, 0);
    cr_assert_eq(ctx_uv_loop_close(&loop), UV_EBUSY);
    cr_assert_eq(answered, 0);
    gate_open(&gate);
    run();
    expect(0, CTX_OK, 1, "acme");
    expect(1, CTX_OK, 1, "acme");
}

static void close_any(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

Test(uv_cache, calls_whose_handles_a_stranger_closed_are_answered_in_the_end)
{
    hold_loads();
    call(0, 42);
    call(1, 42);
    uv_walk(&loop, close_any, NULL);
    ctx_set(request, 2);
    become("acme");
    cr_assert_eq(ctx_uv_cache_call(&loop, cache, price, on_answer, &answers[2], 42),
                 CTX_ERR_ABANDONED);
    gate_open(&gate);
    run();
    expect(0, CTX_OK, 1, "acme");
    cr_assert_eq(answered, 1);
    cr_assert_eq(ctx_uv_loop_close(&loop), 0);
    expect(1, CTX_ERR_ABANDONED, 0, "acme");
    open_loop();
}

/* ---- no memory ---------------------------------------------------------------------------- */

static struct support_alloc alloc;

static int ask_once(int number)
{
    int status;

    ctx_set(request, number);
    status = ctx_uv_cache_call(&loop, cache, price, on_answer, &answers[number], 42);
    cr_assert(status == CTX_OK || status == CTX_ERR_NOMEM);
    return status == CTX_OK;
}

/* A miss, one who joins it, a hit. How many of them were accepted; each of these is answered. */
static void ask_without_memory(uint64_t nth, bool for_ever)
{
    int accepted;

    answered = 0;
    support_alloc_fail(&alloc, nth, for_ever);
    accepted = ask_once(0) + ask_once(1);
    run();
    accepted += ask_once(2);
    run();
    cr_assert_eq(answered, accepted);
    for (int i = 0; i < 3; i++)
        cr_assert(answers[i].status == CTX_OK || answers[i].status == CTX_ERR_NOMEM ||
                  answers[i].status == CTX_ERR_ABANDONED);
}

Test(uv_cache, out_of_memory_at_any_moment)
{
    ctx_cache_destroy(cache);
    cr_assert_eq(ctx_uv_loop_close(&loop), 0);
    support_alloc_init(&alloc);
    cr_assert_eq(ctx_set_allocator(&alloc.allocator), CTX_OK);
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        uint64_t failed = 1;

        for (uint64_t nth = 0; failed; nth++) {
            open_loop();
            become("acme");
            cache = cache_of(100, tenant);
            ask_without_memory(nth, for_ever);
            failed = atomic_load(&alloc.failed);
            support_alloc_recover(&alloc);
            cr_assert_eq(ctx_uv_loop_close(&loop), 0);
            ctx_cache_destroy(cache);
        }
    }
    open_all();
}
