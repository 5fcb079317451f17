/*
 * Callbacks and tasks on libuv's loop: as libuv calls them, and handed over through ctxcache/uv.h in a context
 * of three variables. Each worker has a loop and handles of its own.
 */
#include <math.h>
#include <stdlib.h>

#include <ctxcache.h>
#include <ctxcache/uv.h>

#include "context_contender.h"
#include "die.h"
#include "heap.h"

#define VARIABLES 3

static CTX_VAR(user);
static CTX_VAR(tenant);
static CTX_VAR(trace);

static ctx_var *variables[VARIABLES];

static unsigned size; /* of handles, or tasks */

/* A worker's. */
static __thread struct {
    uv_loop_t loop;
    uv_idle_t *idles;   /* that run; NULL: none yet */
    uv_timer_t *timers; /* NULL: none yet */
    ctx_context *context;
    size_t calls; /* of callbacks and tasks, since enter() */
} own;

static void check(int status, const char *what)
{
    if (status < 0)
        die("libuv: %s: %s", what, uv_strerror(status));
}

static void check_context(int status)
{
    if (status != CTX_OK)
        die("ctxcache: %s", ctx_strerror(status));
}

/* ---- loops and handles -------------------------------------------------------------------- */

static void prepare(unsigned wanted)
{
    size = wanted;
    variables[0] = user;
    variables[1] = tenant;
    variables[2] = trace;
}

static void finish(void)
{
}

/* All values are integers of their own. */
static void set_variables(int64_t value)
{
    int status = CTX_OK;

    for (int i = 0; i < VARIABLES; i++)
        status |= ctx_set(variables[i], value + i);
    check_context(status);
}

static void enter(void)
{
    check(uv_loop_init(&own.loop), "uv_loop_init()");
    own.idles = NULL;
    own.timers = NULL;
    own.calls = 0;
    check_context(ctx_context_new(&own.context));
    check_context(ctx_enter(own.context));
    set_variables(42);
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    check(ctx_uv_close(handle, NULL), "ctx_uv_close()");
}

static void leave(void)
{
    if (ctx_uv_failures(&own.loop) > 0)
        die("ctxcache: a callback ran in no context");
    uv_walk(&own.loop, close_handle, NULL);
    check(uv_run(&own.loop, UV_RUN_DEFAULT), "uv_run()");
    check(ctx_uv_loop_close(&own.loop), "ctx_uv_loop_close()");
    free(own.idles);
    free(own.timers);
    check_context(ctx_exit(own.context));
    ctx_context_unref(own.context);
}

/* Runs the loop until so many more callbacks were called. */
static void run_until(size_t calls)
{
    while (own.calls < calls)
        check(uv_run(&own.loop, UV_RUN_NOWAIT), "uv_run()");
    if (own.calls != calls)
        die("libuv: %zu callbacks came, not %zu", own.calls, calls);
}

/* ---- callbacks ---------------------------------------------------------------------------- */

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
    own.calls++;
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
    own.calls++;
}

typedef int idle_start(uv_idle_t *idle, uv_idle_cb callback);
typedef int timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout, uint64_t repeat);

static inline void start_idles(idle_start *start)
{
    own.idles = die_calloc(size, sizeof *own.idles);
    for (unsigned i = 0; i < size; i++) {
        check(uv_idle_init(&own.loop, &own.idles[i]), "uv_idle_init()");
        check(start(&own.idles[i], on_idle), "uv_idle_start()");
    }
}

static void make_timers(void)
{
    own.timers = die_calloc(size, sizeof *own.timers);
    for (unsigned i = 0; i < size; i++)
        check(uv_timer_init(&own.loop, &own.timers[i]), "uv_timer_init()");
}

/* Handles are made while the worker warms up. */
static inline void callback(size_t count, idle_start *start)
{
    if (!own.idles)
        start_idles(start);
    run_until((own.calls + count + size - 1) / size * size);
}

static inline void once(size_t count, timer_start *start)
{
    if (!own.timers)
        make_timers();
    for (size_t done = 0; done < count; done += size) {
        for (unsigned i = 0; i < size; i++)
            check(start(&own.timers[i], on_timer, 0, 0), "uv_timer_start()");
        run_until(own.calls + size);
    }
}

static void callback_bare(size_t count)
{
    callback(count, uv_idle_start);
}

static void callback_bound(size_t count)
{
    callback(count, ctx_uv_idle_start);
}

static void once_bare(size_t count)
{
    once(count, uv_timer_start);
}

static void once_bound(size_t count)
{
    once(count, ctx_uv_timer_start);
}

/* ---- tasks -------------------------------------------------------------------------------- */

static void run_task(void *unused)
{
    (void)unused;
    own.calls++;
}

static void spawn(int64_t value)
{
    (void)value;
    check(ctx_uv_spawn(&own.loop, run_task, NULL), "ctx_uv_spawn()");
}

/* As a server that reads a request, and starts a task for it. */
static void spawn_own(int64_t value)
{
    ctx_context *request;

    check_context(ctx_copy(&request));
    check_context(ctx_enter_own(request));
    set_variables(value);
    spawn(value);
    check_context(ctx_exit(request));
}

static void spawn_all(void (*spawn_one)(int64_t value))
{
    for (unsigned i = 0; i < size; i++)
        spawn_one(i);
}

static inline void tasks(size_t count, void (*spawn_one)(int64_t value))
{
    for (size_t done = 0; done < count; done += size) {
        spawn_all(spawn_one);
        run_until(own.calls + size);
    }
}

static void task(size_t count)
{
    tasks(count, spawn);
}

static void task_own(size_t count)
{
    tasks(count, spawn_own);
}

static double waiting_bytes(enum context_operation operation)
{
    double before, bytes;

    if (operation != ASYNC_TASK && operation != ASYNC_TASK_OWN)
        return NAN;
    enter();
    before = heap_bytes();
    spawn_all(operation == ASYNC_TASK ? spawn : spawn_own);
    bytes = heap_bytes() - before;
    run_until(size);
    leave();
    return bytes / size;
}

const struct context_contender context_libuv = {
    .name = "libuv",
    .about = "callbacks that libuv calls, in no context",
    .prepare = prepare,
    .finish = finish,
    .enter = enter,
    .leave = leave,
    .operations = {[ASYNC_CALLBACK] = callback_bare, [ASYNC_ONCE] = once_bare},
};

const struct context_contender context_ctxcache_uv = {
    .name = "ctxcache-uv",
    .about = "the same through ctxcache/uv.h",
    .prepare = prepare,
    .finish = finish,
    .enter = enter,
    .leave = leave,
    .operations = {[ASYNC_CALLBACK] = callback_bound,
                   [ASYNC_ONCE] = once_bound,
                   [ASYNC_TASK] = task,
                   [ASYNC_TASK_OWN] = task_own},
    .waiting_bytes = waiting_bytes,
};
