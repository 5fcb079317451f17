/*
 * Work on other threads, and contexts that are named.
 */
#include "programs.h"

/* ---- run_in_executor ---------------------------------------------------------------------- */

struct job {
    uv_work_t request; /* the first member */
    const char *what, *user;
};

static struct waiter jobs;

static void run_job(uv_work_t *request)
{
    say("%s: %s", ((struct job *)request)->what, text_of(user));
    must(ctx_set(user, "worker"));
}

static void after_job(uv_work_t *request, int status)
{
    (void)request;
    must(status);
    say("after: %s", text_of(user));
    ended(&jobs);
}

static void handle(void *arg)
{
    struct job *job = arg;

    must(ctx_set(user, job->user));
    must(ctx_uv_queue_work(&loop, &job->request, run_job, after_job));
}

static void executor_ends(void *unused)
{
    (void)unused;
    say("main: %s", text_of(user));
}

static void executor_goes_on(void *unused)
{
    static struct job ann = {.what = "job of ann", .user = "ann"};
    static struct job bob = {.what = "job of bob", .user = "bob"};

    (void)unused;
    await(&jobs, 2, executor_ends, NULL);
    must(soon(handle, &ann));
    must(soon(handle, &bob));
}

static void after_nobody(uv_work_t *request, int status)
{
    (void)request;
    must(status);
    ended(&jobs);
}

/* libuv's own function is run_in_executor() without copy_context().run. */
void executor(void *unused)
{
    static struct job nobody = {.what = "job of nobody"};

    (void)unused;
    await(&jobs, 1, executor_goes_on, NULL);
    must(uv_queue_work(&loop, &nobody.request, run_job, after_nobody));
}

/* ---- context= ----------------------------------------------------------------------------- */

static ctx_context *shared;
static struct waiter task, last;

static void add(void *what)
{
    must(ctx_set(number, number_of(number) + 1));
    say("%s: %lld", (const char *)what, (long long)number_of(number));
}

static void add_last(void *what)
{
    add(what);
    ended(&last);
}

static void add_soon(void *what)
{
    add(what);
    must(CTX_UV_IN(shared, later(1, add_last, (void *)"later", NULL)));
}

static void add_again(void *what)
{
    add(what);
    ended(&task);
}

/* A task with a context that is named names it for what goes on after an await, too. */
static void add_twice(void *what)
{
    add(what);
    must(CTX_UV_IN(shared, later(1, add_again, what, NULL)));
}

static void explicit_ends(void *unused)
{
    ctx_value value;

    (void)unused;
    must(ctx_run(shared, add, (void *)"run"));
    must(ctx_context_get(shared, number, &value));
    say("context: %lld", (long long)value.as.i64);
    say("main: %lld", (long long)number_of(number));
    ctx_context_unref(shared);
}

static void explicit_goes_on(void *unused)
{
    (void)unused;
    must(CTX_UV_IN(shared, soon(add_soon, (void *)"soon")));
    await(&last, 1, explicit_ends, NULL);
}

void explicit_context(void *unused)
{
    (void)unused;
    must(ctx_set(number, 10));
    must(ctx_copy(&shared));
    must(ctx_set(number, 0));
    must(CTX_UV_IN(shared, soon(add_twice, (void *)"task")));
    await(&task, 1, explicit_goes_on, NULL);
}
