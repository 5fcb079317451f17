/*
 * Loops: several of them, on several threads, closed in every way; contexts that cannot be entered.
 */
#include <criterion/criterion.h>
#include <pthread.h>

#include "support/alloc.h"
#include "support/uv_kit.h"

TestSuite(uv_loops, .init = open_loop);

static uv_timer_t timer, other_timer;

static void on_timeout(uv_timer_t *handle)
{
    note_and_change();
    close_handle(handle);
}

static void start(uv_loop_t *on, uv_timer_t *handle, const char *name)
{
    uv_timer_init(on, handle);
    become(name);
    cr_assert_eq(ctx_uv_timer_start(handle, on_timeout, 0, 0), 0);
}

/* ---- several ------------------------------------------------------------------------------ */

Test(uv_loops, two_on_one_thread)
{
    uv_loop_t second;

    cr_assert_eq(uv_loop_init(&second), 0);
    start(&loop, &timer, "first");
    start(&second, &other_timer, "second");
    become("later");
    cr_assert_eq(uv_run(&second, UV_RUN_DEFAULT), 0);
    run();
    cr_assert_str_eq(seen, "second first");
    cr_assert_eq(ctx_uv_loop_close(&second), 0);
    close_loop();
}

static void *run_there(void *unused)
{
    become("of the thread");
    run();
    CHECK(strcmp(now(), "of the thread") == 0);
    start(&loop, &timer, "started there");
    return unused;
}

Test(uv_loops, may_change_threads)
{
    pthread_t thread;

    start(&loop, &timer, "main");
    cr_assert_eq(pthread_create(&thread, NULL, run_there, NULL), 0);
    pthread_join(thread, NULL);
    close_loop();
    cr_assert_str_eq(seen, "main started there");
}

static void *use_and_close(void *unused)
{
    become("there");
    run();
    CHECK_EQ(ctx_uv_loop_close(&loop), 0);
    return unused;
}

Test(uv_loops, what_one_thread_remembers_another_may_have_closed)
{
    pthread_t thread;

    for (int i = 0; i < 3; i++) {
        start(&loop, &timer, "acme");
        cr_assert_eq(pthread_create(&thread, NULL, use_and_close, NULL), 0);
        pthread_join(thread, NULL);
        open_loop(); /* at the same address */
    }
    close_loop();
    cr_assert_str_eq(seen, "acme acme acme");
}

static void on_own_timeout(uv_timer_t *handle)
{
    CHECK(strcmp(now(), handle->data) == 0);
    become("changed");
    close_handle(handle);
}

static void *own_loop(void *name)
{
    uv_timer_t of_mine;
    uv_loop_t mine;

    for (int i = 0; i < 50; i++) {
        CHECK_EQ(uv_loop_init(&mine), 0);
        uv_timer_init(&mine, &of_mine);
        become(name);
        of_mine.data = name;
        CHECK_EQ(ctx_uv_timer_start(&of_mine, on_own_timeout, 0, 0), 0);
        become("later");
        CHECK_EQ(uv_run(&mine, UV_RUN_DEFAULT), 0);
        CHECK_EQ(ctx_uv_loop_close(&mine), 0);
    }
    return NULL;
}

Test(uv_loops, made_and_closed_on_many_threads)
{
    enum { THREADS = 4 };
    static char names[THREADS][2] = {"a", "b", "c", "d"};
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, own_loop, names[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    close_loop();
}

/* ---- the end ------------------------------------------------------------------------------ */

Test(uv_loops, are_busy_while_handles_are_open)
{
    start(&loop, &timer, "acme");
    cr_assert_eq(ctx_uv_loop_close(&loop), UV_EBUSY);
    close_loop();
    cr_assert_str_eq(seen, "acme"); /* the refusal changed nothing */
}

static void close_inside(uv_timer_t *handle)
{
    close_handle(handle);
    cr_assert_eq(ctx_uv_loop_close(&loop), UV_EBUSY);
    note();
}

Test(uv_loops, are_not_closed_in_a_callback)
{
    uv_timer_init(&loop, &timer);
    cr_assert_eq(ctx_uv_timer_start(&timer, close_inside, 0, 0), 0);
    close_loop();
    cr_assert_str_eq(seen, "unset");
}

Test(uv_loops, null_is_invalid)
{
    cr_assert_eq(ctx_uv_loop_close(NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_on_failure(NULL, NULL, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_failures(NULL), 0);
    close_loop();
}

/* ---- contexts that cannot be entered ------------------------------------------------------ */

static int told[8];
static int told_count;

static void on_failure(void *user, int status)
{
    cr_assert_eq(user, &told);
    cr_assert_str_eq(now(), "unset");
    told[told_count++] = status;
}

/* A thread that has entered a context until it is let go. */
struct occupant {
    pthread_t thread;
    ctx_context *context;
    uv_sem_t entered, leave;
};

static void *occupy_until_told(void *arg)
{
    struct occupant *occupant = arg;

    CHECK_EQ(ctx_enter(occupant->context), CTX_OK);
    uv_sem_post(&occupant->entered);
    uv_sem_wait(&occupant->leave);
    CHECK_EQ(ctx_exit(occupant->context), CTX_OK);
    return NULL;
}

static void occupy(struct occupant *occupant, ctx_context *context)
{
    occupant->context = context;
    uv_sem_init(&occupant->entered, 0);
    uv_sem_init(&occupant->leave, 0);
    cr_assert_eq(pthread_create(&occupant->thread, NULL, occupy_until_told, occupant), 0);
    uv_sem_wait(&occupant->entered);
}

static void vacate(struct occupant *occupant)
{
    uv_sem_post(&occupant->leave);
    pthread_join(occupant->thread, NULL);
    uv_sem_destroy(&occupant->entered);
    uv_sem_destroy(&occupant->leave);
}

Test(uv_loops, a_callback_whose_context_is_entered_elsewhere_runs_in_none)
{
    ctx_context *session = context_with("session");
    struct occupant occupant;

    become("main");
    cr_assert_eq(ctx_uv_on_failure(&loop, on_failure, &told), 0);
    uv_timer_init(&loop, &timer);
    cr_assert_eq(CTX_UV_IN(session, ctx_uv_timer_start(&timer, on_timeout, 0, 0)), 0);
    occupy(&occupant, session);
    run();
    cr_assert_str_eq(seen, "unset");
    cr_assert_str_eq(now(), "main"); /* what the callback set is gone */
    cr_assert_eq(ctx_uv_failures(&loop), 1);
    cr_assert_eq(told_count, 1);
    cr_assert_eq(told[0], CTX_ERR_ENTERED);
    vacate(&occupant);
    cr_assert_str_eq(now_in(session), "session");
    ctx_context_unref(session);
    cr_assert_eq(ctx_uv_loop_close(&loop), 0);
    cr_assert_eq(ctx_uv_failures(&loop), 0);
}

static void task(void *unused)
{
    (void)unused;
    note_and_change();
}

Test(uv_loops, a_task_whose_context_is_entered_runs_in_none)
{
    ctx_context *session = context_with("session");

    cr_assert_eq(CTX_UV_IN(session, ctx_uv_spawn(&loop, task, NULL)), 0);
    cr_assert_eq(ctx_enter(session), CTX_OK); /* around the loop itself */
    run();
    cr_assert_eq(ctx_exit(session), CTX_OK);
    cr_assert_str_eq(seen, "unset");
    cr_assert_eq(ctx_uv_failures(&loop), 1);
    ctx_context_unref(session);
    cr_assert_eq(ctx_uv_loop_close(&loop), 0);
}

static char seen_by_worker[32];

static void work(uv_work_t *unused)
{
    (void)unused;
    snprintf(seen_by_worker, sizeof seen_by_worker, "%s", now());
}

static void after_work(uv_work_t *unused, int status)
{
    (void)unused;
    cr_assert_eq(status, 0);
    note();
}

Test(uv_loops, work_whose_context_is_entered_elsewhere_runs_in_none)
{
    ctx_context *session = context_with("session");
    struct occupant occupant;
    uv_work_t request;

    cr_assert_eq(ctx_uv_on_failure(&loop, on_failure, &told), 0);
    occupy(&occupant, session);
    cr_assert_eq(CTX_UV_IN(session, ctx_uv_queue_work(&loop, &request, work, after_work)), 0);
    run();
    cr_assert_str_eq(seen_by_worker, "unset");
    cr_assert_str_eq(seen, "unset");
    cr_assert_eq(ctx_uv_failures(&loop), 2); /* on the worker and after it, both told here */
    cr_assert_eq(told_count, 2);
    vacate(&occupant);
    ctx_context_unref(session);
    cr_assert_eq(ctx_uv_loop_close(&loop), 0);
}

/* ---- no memory ---------------------------------------------------------------------------- */

static struct support_alloc alloc;

static int start_once(void)
{
    return ctx_uv_timer_start(&timer, on_timeout, 1000, 0);
}

static int start_often(void)
{
    return ctx_uv_timer_start(&timer, on_timeout, 1000, 1);
}

static uv_async_t async;

static void on_async(uv_async_t *handle)
{
    (void)handle;
}

static int init_async(void)
{
    int error = ctx_uv_async_init(&loop, &async, on_async);

    if (error == 0)
        close_handle(&async);
    return error;
}

static uv_work_t request;

static int queue_work(void)
{
    return ctx_uv_queue_work(&loop, &request, work, after_work);
}

static int spawn(void)
{
    return ctx_uv_spawn(&loop, task, NULL);
}

static void on_close(uv_handle_t *handle)
{
    (void)handle;
}

static int close_timer(void)
{
    int error = ctx_uv_close((uv_handle_t *)&other_timer, on_close);

    cr_assert_eq(error != 0, !uv_is_closing((uv_handle_t *)&other_timer));
    return error;
}

static int observe(void)
{
    return ctx_uv_on_failure(&loop, on_failure, &told);
}

static uv_fs_t stat_request;

static void on_stat(uv_fs_t *of)
{
    uv_fs_req_cleanup(of);
}

static int stat_root(void)
{
    return ctx_uv_fs_stat(&loop, &stat_request, "/", on_stat);
}

/* Fails each allocation of `step` in turn: it says so, and nothing is held. */
static void fail_each(int (*step)(void), bool for_ever)
{
    for (uint64_t nth = 0;; nth++) {
        uint64_t failed;
        int error;

        open_loop();
        uv_timer_init(&loop, &timer);
        uv_timer_init(&loop, &other_timer);
        hold();
        support_alloc_fail(&alloc, nth, for_ever);
        error = step();
        failed = atomic_load(&alloc.failed);
        support_alloc_recover(&alloc);
        unhold();
        cr_assert_eq(error, failed ? UV_ENOMEM : 0);
        cr_assert(!failed || !is_held());
        close_handle(&timer);
        if (!uv_is_closing((uv_handle_t *)&other_timer))
            close_handle(&other_timer);
        close_loop();
        if (!failed)
            return;
    }
}

Test(uv_loops, a_hand_over_without_memory_is_refused_and_leaves_nothing)
{
    int (*steps[])(void) = {start_once, start_often, init_async, queue_work,
                            spawn,      close_timer, stat_root,  observe};

    CHECK_EQ(ctx_uv_loop_close(&loop), 0);
    support_alloc_init(&alloc);
    cr_assert_eq(ctx_set_allocator(&alloc.allocator), CTX_OK);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        fail_each(steps[i], false);
        fail_each(steps[i], true);
    }
}

enum { MANY = 100 };

static bool small_alone;

static void *allocate(void *unused, size_t bytes)
{
    (void)unused;
    return small_alone && bytes > 255 ? NULL : malloc(bytes);
}

static void release(void *unused, void *block, size_t bytes)
{
    (void)unused, (void)bytes;
    free(block);
}

Test(uv_loops, a_table_that_cannot_grow_is_as_good)
{
    static const ctx_allocator of_small_blocks = {sizeof of_small_blocks, allocate, release, NULL};
    static uv_timer_t timers[MANY];

    cr_assert_eq(ctx_set_allocator(&of_small_blocks), CTX_OK);
    become("acme");
    small_alone = true;
    for (int i = 0; i < MANY; i++)
        start(&loop, &timers[i], "acme");
    close_loop();
    cr_assert_eq(strlen(seen), MANY * 5 - 1);
}
