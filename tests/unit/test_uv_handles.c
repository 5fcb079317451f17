/*
 * Handles of libuv: in which context their callbacks run, and how long what was captured is kept.
 */
#include <criterion/criterion.h>
#include <pthread.h>

#include "support/uv_kit.h"

TestSuite(uv_handles, .init = open_loop, .fini = close_loop);

/* ---- timers ------------------------------------------------------------------------------- */

static uv_timer_t timer;
static int left;

static void on_timeout(uv_timer_t *handle)
{
    note_and_change();
    if (--left <= 0)
        close_handle(handle);
}

static void on_timeout_stay(uv_timer_t *handle)
{
    (void)handle;
    note_and_change();
}

static void start(uv_timer_cb callback, uint64_t repeat)
{
    uv_timer_init(&loop, &timer);
    cr_assert_eq(ctx_uv_timer_start(&timer, callback, 0, repeat), 0);
}

Test(uv_handles, a_timer_runs_in_the_context_of_its_start)
{
    become("acme");
    start(on_timeout, 0);
    become("later");
    run();
    cr_assert_str_eq(seen, "acme");
    cr_assert_str_eq(now(), "later");
}

Test(uv_handles, a_start_without_any_context_captures_an_empty_one)
{
    start(on_timeout, 0);
    become("later");
    run();
    cr_assert_str_eq(seen, "unset");
}

Test(uv_handles, no_run_of_a_timer_sees_what_another_set)
{
    become("acme");
    left = 3;
    start(on_timeout, 1);
    run();
    cr_assert_str_eq(seen, "acme acme acme");
}

static void start_anew(uv_timer_t *handle)
{
    note();
    become("chained");
    cr_assert_eq(ctx_uv_timer_start(handle, on_timeout, 0, 0), 0);
    become("too late");
}

Test(uv_handles, a_start_in_a_callback_captures_what_is_current_there)
{
    become("acme");
    start(start_anew, 0);
    run();
    cr_assert_str_eq(seen, "acme chained");
}

Test(uv_handles, a_timer_lets_go_after_its_only_run)
{
    hold();
    start(on_timeout_stay, 0);
    unhold();
    cr_assert(is_held());
    run();
    cr_assert_not(is_held());
    close_handle(&timer);
}

Test(uv_handles, a_timer_started_anew_or_stopped_lets_go)
{
    hold();
    start(on_timeout, 1000);
    unhold();
    become("second");
    cr_assert_eq(ctx_uv_timer_start(&timer, on_timeout_stay, 0, 1000), 0);
    cr_assert_not(is_held());
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert_str_eq(seen, "second");
    hold();
    cr_assert_eq(ctx_uv_timer_start(&timer, on_timeout_stay, 0, 1000), 0);
    unhold();
    cr_assert(is_held());
    cr_assert_eq(ctx_uv_timer_stop(&timer), 0);
    cr_assert_not(is_held());
    close_handle(&timer);
}

Test(uv_handles, a_refused_start_keeps_the_first)
{
    become("acme");
    start(on_timeout, 0);
    become("refused");
    cr_assert_eq(ctx_uv_timer_start(&timer, NULL, 0, 0), UV_EINVAL);
    cr_assert_eq(ctx_uv_timer_start(NULL, on_timeout, 0, 0), UV_EINVAL);
    run();
    cr_assert_str_eq(seen, "acme");
}

static void become_repeating(uv_timer_t *handle)
{
    if (++left == 1) {
        uv_timer_set_repeat(handle, 1);
        become("again");
        cr_assert_eq(ctx_uv_timer_again(handle), 0);
    }
    note_and_change();
    if (left == 3)
        close_handle(handle);
}

Test(uv_handles, again_hands_the_callback_over_anew)
{
    become("acme");
    start(become_repeating, 0);
    run();
    cr_assert_str_eq(seen, "again again again");
}

Test(uv_handles, a_single_run_that_is_told_to_repeat_leaves_the_next_alone)
{
    become("acme");
    left = 3;
    start(on_timeout, 0);
    uv_timer_set_repeat(&timer, 1); /* before it ran */
    become("later");
    run();
    cr_assert_str_eq(seen, "acme acme acme");
}

Test(uv_handles, again_of_a_timer_that_is_over_is_refused)
{
    become("acme");
    start(on_timeout_stay, 0);
    cr_assert_eq(ctx_uv_timer_again(&timer), 0); /* it does not repeat: nothing happens */
    run();
    uv_timer_set_repeat(&timer, 1);
    cr_assert_eq(ctx_uv_timer_again(&timer), UV_EINVAL);
    cr_assert_eq(ctx_uv_timer_again(NULL), UV_EINVAL);
    cr_assert_eq(uv_timer_again(&timer), 0); /* libuv's own: stops itself */
    run();
    cr_assert_str_eq(seen, "acme");
    close_handle(&timer);
}

/* ---- a context that is named -------------------------------------------------------------- */

Test(uv_handles, a_named_context_keeps_what_its_runs_set)
{
    ctx_context *session = context_with("session");

    become("acme");
    left = 2;
    uv_timer_init(&loop, &timer);
    cr_assert_eq(CTX_UV_IN(session, ctx_uv_timer_start(&timer, on_timeout, 0, 1)), 0);
    run();
    cr_assert_str_eq(seen, "session changed");
    cr_assert_str_eq(now_in(session), "changed");
    cr_assert_str_eq(now(), "acme");
    ctx_context_unref(session);
}

Test(uv_handles, a_name_is_for_one_hand_over_alone)
{
    static uv_timer_t other;
    ctx_context *session = context_with("session");

    become("acme");
    uv_timer_init(&loop, &other);
    cr_assert_eq(CTX_UV_IN(session, ctx_uv_timer_start(&other, NULL, 0, 0)), UV_EINVAL);
    start(on_timeout, 0);
    run();
    cr_assert_str_eq(seen, "acme");
    close_handle(&other);
    ctx_context_unref(session);
}

Test(uv_handles, a_name_may_be_that_of_the_context_around)
{
    ctx_context *session = context_with("session");

    cr_assert_eq(ctx_enter(session), CTX_OK);
    uv_timer_init(&loop, &timer);
    cr_assert_eq(CTX_UV_IN(session, ctx_uv_timer_start(&timer, on_timeout, 0, 0)), 0);
    become("later");
    cr_assert_eq(ctx_exit(session), CTX_OK);
    ctx_context_unref(session); /* the hand-over has its own reference */
    run();
    cr_assert_str_eq(seen, "later");
}

Test(uv_handles, to_name_null_is_an_error)
{
    uv_timer_init(&loop, &timer);
    cr_assert_eq(CTX_UV_IN(NULL, ctx_uv_timer_start(&timer, on_timeout, 0, 0)), UV_EINVAL);
    cr_assert_eq(ctx_uv_timer_start(&timer, on_timeout, 0, 0), 0);
}

/* ---- in each iteration -------------------------------------------------------------------- */

static uv_idle_t idle;
static uv_prepare_t prepare;
static uv_check_t check;

static void on_idle(uv_idle_t *handle)
{
    (void)handle;
    note_and_change();
}

static void on_prepare(uv_prepare_t *handle)
{
    (void)handle;
    note_and_change();
}

/* The last of an iteration. Without the others it would not be called again. */
static void on_check(uv_check_t *handle)
{
    note_and_change();
    if (--left > 0)
        return;
    cr_assert_eq(ctx_uv_idle_stop(&idle), 0);
    cr_assert_eq(ctx_uv_prepare_stop(&prepare), 0);
    cr_assert_eq(ctx_uv_check_stop(handle), 0);
}

Test(uv_handles, each_iteration_runs_in_copies_of_its_own)
{
    uv_idle_init(&loop, &idle);
    uv_prepare_init(&loop, &prepare);
    uv_check_init(&loop, &check);
    left = 2;
    become("idle");
    cr_assert_eq(ctx_uv_idle_start(&idle, on_idle), 0);
    become("prepare");
    cr_assert_eq(ctx_uv_prepare_start(&prepare, on_prepare), 0);
    become("check");
    cr_assert_eq(ctx_uv_check_start(&check, on_check), 0);
    become("later");
    run();
    cr_assert_str_eq(seen, "idle prepare check idle prepare check");
    close_handle(&idle);
    close_handle(&prepare);
    close_handle(&check);
}

Test(uv_handles, starting_what_is_active_does_nothing)
{
    uv_idle_init(&loop, &idle);
    uv_prepare_init(&loop, &prepare);
    uv_check_init(&loop, &check);
    become("first");
    cr_assert_eq(ctx_uv_idle_start(&idle, on_idle), 0);
    cr_assert_eq(ctx_uv_prepare_start(&prepare, on_prepare), 0);
    cr_assert_eq(ctx_uv_check_start(&check, on_check), 0);
    become("second");
    cr_assert_eq(ctx_uv_idle_start(&idle, on_idle), 0);
    cr_assert_eq(ctx_uv_prepare_start(&prepare, on_prepare), 0);
    cr_assert_eq(ctx_uv_check_start(&check, on_check), 0);
    run();
    cr_assert_str_eq(seen, "first first first");
    close_handle(&idle);
    close_handle(&prepare);
    close_handle(&check);
}

Test(uv_handles, a_loop_calls_nothing_that_is_null)
{
    uv_idle_init(&loop, &idle);
    uv_prepare_init(&loop, &prepare);
    uv_check_init(&loop, &check);
    cr_assert_eq(ctx_uv_idle_start(&idle, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_idle_start(NULL, on_idle), UV_EINVAL);
    cr_assert_eq(ctx_uv_idle_stop(NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_prepare_start(&prepare, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_prepare_start(NULL, on_prepare), UV_EINVAL);
    cr_assert_eq(ctx_uv_prepare_stop(NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_check_start(&check, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_check_start(NULL, on_check), UV_EINVAL);
    cr_assert_eq(ctx_uv_check_stop(NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_timer_stop(NULL), UV_EINVAL);
    close_handle(&idle);
    close_handle(&prepare);
    close_handle(&check);
}

/* ---- wake-ups ----------------------------------------------------------------------------- */

static uv_async_t async;

static void on_async(uv_async_t *handle)
{
    note_and_change();
    if (--left <= 0)
        close_handle(handle);
    else
        uv_async_send(handle);
}

static void *send_as_another(void *handle)
{
    become("sender");
    CHECK_EQ(uv_async_send(handle), 0);
    return NULL;
}

Test(uv_handles, a_wake_up_runs_in_the_context_of_its_making)
{
    pthread_t thread;

    left = 2;
    become("acme");
    cr_assert_eq(ctx_uv_async_init(&loop, &async, on_async), 0);
    become("later");
    cr_assert_eq(pthread_create(&thread, NULL, send_as_another, &async), 0);
    run();
    pthread_join(thread, NULL);
    cr_assert_str_eq(seen, "acme acme");
}

Test(uv_handles, a_wake_up_without_a_callback)
{
    hold();
    cr_assert_eq(ctx_uv_async_init(&loop, &async, NULL), 0);
    unhold();
    cr_assert_not(is_held());
    cr_assert_eq(uv_async_send(&async), 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    close_handle(&async);
    cr_assert_eq(ctx_uv_async_init(NULL, &async, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_async_init(&loop, NULL, on_async), UV_EINVAL);
}

/* ---- file descriptors --------------------------------------------------------------------- */

static uv_poll_t poller;
static int ends[2];

static void open_poll(void)
{
    cr_assert_eq(uv_pipe(ends, 0, 0), 0);
    cr_assert_eq(uv_poll_init(&loop, &poller, ends[0]), 0);
    cr_assert_eq(write(ends[1], "x", 1), 1);
}

static void close_poll(void)
{
    close_handle(&poller);
    run();
    close(ends[0]);
    close(ends[1]);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    cr_assert_eq(status, 0);
    cr_assert_eq(events, UV_READABLE);
    note_and_change();
    if (--left <= 0)
        cr_assert_eq(ctx_uv_poll_stop(handle), 0);
}

Test(uv_handles, a_descriptor_is_polled_in_the_context_of_the_start)
{
    open_poll();
    left = 2;
    become("acme");
    cr_assert_eq(ctx_uv_poll_start(&poller, UV_READABLE, on_readable), 0);
    become("later");
    run();
    cr_assert_str_eq(seen, "acme acme");
    close_poll();
}

Test(uv_handles, to_poll_for_nothing_is_to_stop)
{
    open_poll();
    hold();
    cr_assert_eq(ctx_uv_poll_start(&poller, UV_READABLE, on_readable), 0);
    unhold();
    cr_assert(is_held());
    cr_assert_eq(ctx_uv_poll_start(&poller, 0, on_readable), 0);
    cr_assert_not(is_held());
    run();
    cr_assert_str_eq(seen, "");
    cr_assert_eq(ctx_uv_poll_start(&poller, UV_READABLE, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_poll_start(NULL, 0, on_readable), UV_EINVAL);
    cr_assert_eq(ctx_uv_poll_stop(NULL), UV_EINVAL);
    close_poll();
}

/* ---- closing ------------------------------------------------------------------------------ */

static void on_close(uv_handle_t *handle)
{
    note_and_change();
    free(handle);
}

static uv_timer_t *new_timer(void)
{
    uv_timer_t *made = malloc(sizeof *made);

    cr_assert_not_null(made);
    uv_timer_init(&loop, made);
    return made;
}

Test(uv_handles, a_close_runs_in_its_own_context)
{
    uv_timer_t *freed = new_timer();

    become("timer");
    cr_assert_eq(ctx_uv_timer_start(freed, on_timeout, 0, 0), 0);
    become("close");
    cr_assert_eq(ctx_uv_close((uv_handle_t *)freed, on_close), 0);
    become("later");
    run();
    cr_assert_str_eq(seen, "close");
}

Test(uv_handles, a_close_lets_go_of_what_was_captured)
{
    hold();
    start(on_timeout, 1000);
    unhold();
    cr_assert(is_held());
    close_handle(&timer);
    cr_assert_not(is_held());
    cr_assert_eq(ctx_uv_close(NULL, on_close), UV_EINVAL);
}

Test(uv_handles, a_close_may_be_named_and_then_lets_go)
{
    ctx_context *session = context_with("session");
    uv_timer_t *freed = new_timer();

    cr_assert_eq(CTX_UV_IN(session, ctx_uv_close((uv_handle_t *)freed, on_close)), 0);
    run();
    cr_assert_str_eq(seen, "session");
    cr_assert_str_eq(now_in(session), "changed");
    ctx_context_unref(session);
}

Test(uv_handles, memory_of_a_handle_that_libuv_closed_may_be_used_again)
{
    hold();
    start(on_timeout, 1000);
    unhold();
    uv_close((uv_handle_t *)&timer, NULL);
    run();
    cr_assert(is_held()); /* nobody told us */
    become("acme");
    start(on_timeout, 0);
    cr_assert_not(is_held());
    run();
    cr_assert_str_eq(seen, "acme");
}

Test(uv_handles, what_libuv_closed_is_let_go_with_the_loop)
{
    hold();
    start(on_timeout, 1000);
    unhold();
    uv_close((uv_handle_t *)&timer, NULL);
}

static void on_tick(uv_idle_t *handle)
{
    (void)handle;
}

static void on_close_stay(uv_handle_t *handle)
{
    (void)handle;
    note_and_change();
}

/* libuv stops what closes without a word: who tidies up twice still learns of the close. */
Test(uv_handles, to_stop_what_closes_leaves_its_close_alone)
{
    static uv_idle_t ticker;
    static uv_tcp_t tcp;
    static uv_fs_poll_t watch;

    start(on_timeout, 1000);
    uv_idle_init(&loop, &ticker);
    cr_assert_eq(ctx_uv_idle_start(&ticker, on_tick), 0);
    uv_tcp_init(&loop, &tcp);
    uv_fs_poll_init(&loop, &watch);
    become("acme");
    cr_assert_eq(ctx_uv_close((uv_handle_t *)&timer, on_close_stay), 0);
    cr_assert_eq(ctx_uv_close((uv_handle_t *)&ticker, on_close_stay), 0);
    cr_assert_eq(ctx_uv_close((uv_handle_t *)&tcp, on_close_stay), 0);
    cr_assert_eq(ctx_uv_close((uv_handle_t *)&watch, on_close_stay), 0);
    become("later");
    cr_assert_eq(ctx_uv_timer_stop(&timer), 0);
    cr_assert_eq(ctx_uv_idle_stop(&ticker), 0);
    cr_assert_eq(ctx_uv_read_stop((uv_stream_t *)&tcp), 0);
    cr_assert_eq(ctx_uv_fs_poll_stop(&watch), 0);
    run();
    cr_assert_str_eq(seen, "acme acme acme acme");
}

/* ---- many at once ------------------------------------------------------------------------- */

enum { MANY = 5000 };

static uv_timer_t timers[MANY];
static int came;

static void on_one_of_many(uv_timer_t *handle)
{
    int64_t number;

    cr_assert_eq(ctx_get_i64(tenant, &number), CTX_OK);
    cr_assert_eq(number, handle - timers);
    ctx_set(tenant, -1);
    came++;
    close_handle(handle);
}

Test(uv_handles, thousands_each_find_their_own)
{
    for (int i = 0; i < MANY; i++) {
        uv_timer_init(&loop, &timers[i]);
        ctx_set(tenant, i);
        cr_assert_eq(ctx_uv_timer_start(&timers[i], on_one_of_many, (uint64_t)i % 7,
                                        (uint64_t)i % 2),
                     0);
    }
    run();
    cr_assert_eq(came, MANY);
}
