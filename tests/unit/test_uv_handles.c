/*
 * Handles of libuv that call again and again, or once: in which context, and until when.
 */
#include <criterion/criterion.h>

#include "support/object.h"
#include "support/uv_kit.h"

static uv_loop_t loop;

static void open_loop(void)
{
    cr_assert_eq(uv_loop_init(&loop), 0);
}

static void close_loop(void)
{
    run(&loop);
    cr_assert_eq(ctx_uv_failures(&loop), 0);
    cr_assert_eq(ctx_uv_loop_close(&loop), 0);
}

TestSuite(uv_handles, .init = open_loop, .fini = close_loop);

static void close_now(void *handle)
{
    cr_assert_eq(ctx_uv_close(handle, NULL), 0);
}

/* ---- timers ------------------------------------------------------------------------------- */

static uv_timer_t timer;
static int left;

static void on_timeout(uv_timer_t *handle)
{
    note_and_change();
    if (--left <= 0)
        close_now(handle);
}

Test(uv_handles, a_timer_runs_in_the_context_of_its_start)
{
    uv_timer_init(&loop, &timer);
    become("acme");
    cr_assert_eq(ctx_uv_timer_start(&timer, on_timeout, 0, 0), 0);
    become("later");
    run(&loop);
    cr_assert_str_eq(seen, "acme");
    cr_assert_str_eq(now(), "later");
}

Test(uv_handles, no_run_of_a_timer_sees_what_another_set)
{
    uv_timer_init(&loop, &timer);
    become("acme");
    left = 3;
    cr_assert_eq(ctx_uv_timer_start(&timer, on_timeout, 0, 1), 0);
    run(&loop);
    cr_assert_str_eq(seen, "acme acme acme");
}

static void start_anew(uv_timer_t *handle)
{
    note();
    become("chained");
    cr_assert_eq(ctx_uv_timer_start(handle, on_timeout, 0, 0), 0);
    become("too late");
}

Test(uv_handles, a_timer_started_in_its_callback_captures_what_is_current_there)
{
    uv_timer_init(&loop, &timer);
    become("acme");
    cr_assert_eq(ctx_uv_timer_start(&timer, start_anew, 0, 0), 0);
    run(&loop);
    cr_assert_str_eq(seen, "acme chained");
}

Test(uv_handles, a_timer_started_anew_forgets_the_first_start)
{
    static struct counted object;
    ctx_token token;

    uv_timer_init(&loop, &timer);
    ctx_set(tenant, counted_value(&object), &token);
    cr_assert_eq(ctx_uv_timer_start(&timer, on_timeout, 1000000, 0), 0);
    ctx_reset(tenant, token);
    cr_assert_eq(counted_held(&object), 1);
    become("second");
    cr_assert_eq(ctx_uv_timer_start(&timer, on_timeout, 0, 0), 0);
    cr_assert_eq(counted_held(&object), 0);
    run(&loop);
    cr_assert_str_eq(seen, "second");
}
