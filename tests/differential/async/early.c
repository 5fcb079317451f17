/*
 * What ends early: by being cancelled, or by failing. A failure is a status that the waiter is told.
 */
#include "programs.h"

#include <stdio.h>
#include <stdlib.h>

static struct waiter waiting;

/* ---- cancel() ----------------------------------------------------------------------------- */

/* A task that sleeps until it is cancelled, and then goes on in its own context. */
static struct {
    struct later *alarm;
    struct waiter woken;
} sleeper;

static void clean(void *unused)
{
    (void)unused;
    say("cleaned: %s", text_of(user));
    ended(&waiting);
}

static void on_cancelled(void *unused)
{
    (void)unused;
    say("cancelled: %s", text_of(user));
    must(ctx_set(user, "cleaning"));
    must(later(1, clean, NULL, NULL));
}

static void never(void *unused)
{
    (void)unused;
    say("slept for an hour");
}

static void sleep_long(void *name)
{
    must(ctx_set(user, (const char *)name));
    must(later(3600 * 1000, never, NULL, &sleeper.alarm));
    await(&sleeper.woken, 1, on_cancelled, NULL);
}

static void cancellation_ends(void *unused)
{
    (void)unused;
    say("main: %s", text_of(user));
}

static void cancel(void *unused)
{
    (void)unused;
    must(ctx_set(user, "changed"));
    cancel_later(sleeper.alarm);
    ended(&sleeper.woken);
    await(&waiting, 1, cancellation_ends, NULL);
}

void cancellation(void *unused)
{
    (void)unused;
    must(ctx_set(user, "main"));
    must(soon(sleep_long, (void *)"ann"));
    must(soon(cancel, NULL));
}

/* ---- a job that waits for a thread -------------------------------------------------------- */

static uv_sem_t gate;
static uv_work_t blocking, queued;

static void block(uv_work_t *request)
{
    (void)request;
    uv_sem_wait(&gate);
}

static void must_not_run(uv_work_t *request)
{
    (void)request;
    say("must not run");
}

static void after(uv_work_t *request, int status)
{
    if (request == &queued && status == UV_ECANCELED)
        say("cancelled: %s", text_of(user));
    if (request == &queued)
        uv_sem_post(&gate);
    ended(&waiting);
}

static void queue(void *name)
{
    must(ctx_set(user, (const char *)name));
    must(ctx_uv_queue_work(&loop, &queued, must_not_run, after));
}

static void cancelled_job_ends(void *unused)
{
    uv_sem_destroy(&gate);
    cancellation_ends(unused);
}

static void cancel_queued(void *unused)
{
    (void)unused;
    must(uv_cancel((uv_req_t *)&queued));
    await(&waiting, 2, cancelled_job_ends, NULL);
}

void cancelled_job(void *unused)
{
    (void)unused;
    must(setenv("UV_THREADPOOL_SIZE", "1", 1));
    must(uv_sem_init(&gate, 0));
    must(ctx_set(user, "main"));
    must(ctx_uv_queue_work(&loop, &blocking, block, after));
    must(soon(queue, (void *)"ann"));
    must(soon(cancel_queued, NULL));
}

/* ---- exceptions --------------------------------------------------------------------------- */

struct outcome {
    const char *name;
    bool failed;
    char answer[8]; /* who answered, or failed */
};

static struct outcome ann = {.name = "ann"}, bob = {.name = "bob"}, cid = {.name = "cid"};
static struct outcome job = {.name = "job"};

static void begin(struct outcome *outcome)
{
    must(ctx_set(user, outcome->name));
}

static void end(struct outcome *outcome, bool failed)
{
    outcome->failed = failed;
    snprintf(outcome->answer, sizeof outcome->answer, "%s", text_of(user));
}

static void fail_late(void *outcome)
{
    say("fails: %s", text_of(user));
    end(outcome, true);
    ended(&waiting);
}

static void fail(void *outcome)
{
    begin(outcome);
    must(later(1, fail_late, outcome, NULL));
}

static void succeed_late(void *outcome)
{
    end(outcome, false);
    ended(&waiting);
}

static void succeed(void *outcome)
{
    begin(outcome);
    must(later(3, succeed_late, outcome, NULL));
}

static void fail_elsewhere(uv_work_t *request)
{
    (void)request;
    begin(&job);
    end(&job, true);
}

static void tell(const struct outcome *outcome)
{
    say("%s %s %s", text_of(user), outcome->failed ? "caught" : "was answered", outcome->answer);
}

static void after_failure(uv_work_t *request, int status)
{
    (void)request;
    must(status);
    tell(&job);
}

static void exceptions_end(void *unused)
{
    static uv_work_t request;

    (void)unused;
    tell(&bob);
    tell(&cid);
    must(ctx_uv_queue_work(&loop, &request, fail_elsewhere, after_failure));
}

static void exceptions_go_on(void *unused)
{
    (void)unused;
    tell(&ann);
    await(&waiting, 2, exceptions_end, NULL);
    must(soon(fail, &bob));
    must(soon(succeed, &cid));
}

void exceptions(void *unused)
{
    (void)unused;
    must(ctx_set(user, "main"));
    await(&waiting, 1, exceptions_go_on, NULL);
    must(soon(fail, &ann));
}
