/*
 * Tasks of a loop: when they run, and in which context.
 */
#include <criterion/criterion.h>

#include "support/uv_kit.h"

TestSuite(uv_tasks, .init = open_loop, .fini = close_loop);

static void task(void *unused)
{
    (void)unused;
    note_and_change();
}

static void spawn(void (*fn)(void *arg), void *arg)
{
    cr_assert_eq(ctx_uv_spawn(&loop, fn, arg), 0);
}

Test(uv_tasks, siblings_do_not_see_each_other)
{
    become("one");
    spawn(task, NULL);
    spawn(task, NULL);
    become("two");
    spawn(task, NULL);
    become("later");
    cr_assert_str_eq(seen, ""); /* never inside the call */
    run();
    cr_assert_str_eq(seen, "one one two");
    cr_assert_str_eq(now(), "later");
}

static void spawn_another(void *left)
{
    note();
    if (--*(int *)left == 0)
        return;
    become("child");
    spawn(spawn_another, left);
    become("later");
}

Test(uv_tasks, a_child_has_a_copy_of_its_parents_context)
{
    int left = 3;

    become("parent");
    spawn(spawn_another, &left);
    run();
    cr_assert_str_eq(seen, "parent child child");
}

static void spawn_for_ever(void *iterations)
{
    ++*(int *)iterations;
    spawn(spawn_for_ever, iterations);
}

static void close_any(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* It would not return if tasks ran as soon as they are there. */
Test(uv_tasks, one_spawned_in_a_task_waits_for_the_next_iteration)
{
    int iterations = 0;

    spawn(spawn_for_ever, &iterations);
    spawn(spawn_for_ever, &iterations);
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert_eq(iterations, 2);
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert_eq(iterations, 4);
    uv_walk(&loop, close_any, NULL);
}

Test(uv_tasks, may_run_in_a_context_that_is_named)
{
    ctx_context *session = context_with("session");

    cr_assert_eq(CTX_UV_IN(session, ctx_uv_spawn(&loop, task, NULL)), 0);
    cr_assert_eq(CTX_UV_IN(session, ctx_uv_spawn(&loop, task, NULL)), 0);
    run();
    cr_assert_str_eq(seen, "session changed");
    ctx_context_unref(session);
}

Test(uv_tasks, one_that_has_run_lets_go)
{
    hold();
    spawn(task, NULL);
    unhold();
    cr_assert(is_held());
    run();
    cr_assert_not(is_held());
    spawn(task, NULL); /* and so again */
    run();
    cr_assert_eq(uv_loop_close(&loop), 0); /* nothing of ours is in the way */
    open_loop();
}

Test(uv_tasks, a_loop_is_busy_while_they_wait)
{
    spawn(task, NULL);
    cr_assert_eq(ctx_uv_loop_close(&loop), UV_EBUSY);
    run();
    cr_assert_str_eq(seen, "unset");
}

Test(uv_tasks, end_with_a_handle_that_somebody_closes)
{
    hold();
    spawn(task, NULL);
    unhold();
    uv_walk(&loop, close_any, NULL);
    cr_assert_eq(ctx_uv_spawn(&loop, task, NULL), UV_ECANCELED);
    run();
    cr_assert_str_eq(seen, "");
    cr_assert(is_held());
    cr_assert_eq(ctx_uv_loop_close(&loop), 0);
    cr_assert_not(is_held());
    open_loop();
}

static void close_all(void *unused)
{
    uv_walk(&loop, close_any, unused);
    note();
}

Test(uv_tasks, go_on_after_one_that_closes_every_handle)
{
    spawn(close_all, NULL);
    spawn(task, NULL);
    run();
    cr_assert_str_eq(seen, "unset unset");
}

Test(uv_tasks, null_is_invalid)
{
    ctx_context *session = context_with("session");

    cr_assert_eq(ctx_uv_spawn(NULL, task, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_spawn(&loop, NULL, NULL), UV_EINVAL);
    cr_assert_eq(CTX_UV_IN(NULL, ctx_uv_spawn(&loop, task, NULL)), UV_EINVAL);
    ctx_context_unref(session);
}

/* The result of a hand-over of its own, in another context. */
static void *spawn_in(ctx_context *context)
{
    cr_assert_eq(CTX_UV_IN(context, ctx_uv_spawn(&loop, task, NULL)), 0);
    return NULL;
}

Test(uv_tasks, a_name_within_the_arguments_of_another_leaves_that_alone)
{
    ctx_context *outer = context_with("outer"), *inner = context_with("inner");

    become("acme");
    cr_assert_eq(CTX_UV_IN(outer, ctx_uv_spawn(&loop, task, spawn_in(inner))), 0);
    cr_assert_eq(ctx_uv_spawn(&loop, task, NULL), 0);
    run();
    cr_assert_str_eq(seen, "inner outer acme");
    ctx_context_unref(outer);
    ctx_context_unref(inner);
}
