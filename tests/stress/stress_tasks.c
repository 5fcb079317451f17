/*
 * Claim: no job of a pool begins with anything that another one left on its thread, and what it leaves
 * is told to its report, whatever it does.
 *
 * Threads take the same bound functions, so that one runs on several threads at once, and run them as
 * tasks. A job sets, enters, leaves or swaps at random, hands its own context to other threads while it
 * ends, fails in scopes, or ends its thread. Each thread is in a context of its own, or in none.
 */
#include <ctxcache.h>
#include <pthread.h>
#include <stdatomic.h>

#include "context/store.h"
#include "support/check.h"
#include "support/rng.h"
#include "support/scale.h"

enum { THREADS = 4, TENANTS = 8 };

static CTX_VAR(tenant);
static CTX_VAR(user);
static CTX_VAR(trace);

static ctx_bound *bounds[TENANTS];

/* A context that some job has left suspended; whoever finds it goes on with it. */
static _Atomic(ctx_context *) handed_on;

/* What the task that runs on this thread will leave, and has been told to have left. */
static _Thread_local struct job {
    struct support_rng *rng;
    int wanted[CTX_TASK_SCOPE + 1];
    int told[CTX_TASK_SCOPE + 1];
} job;

static int64_t seen(ctx_var *var)
{
    int64_t value = -1;
    int status = ctx_get_i64(var, &value);

    CHECK(status == CTX_OK || status == CTX_ERR_UNSET);
    return value;
}

static void note(void *unused, enum ctx_task_left what, ctx_var *var, ctx_value value)
{
    CHECK(!unused);
    CHECK(!ctxi_current());
    CHECK_EQ(var != NULL, what <= CTX_TASK_CHANGED);
    CHECK(!var || value.as.i64 == 1000);
    job.told[what]++;
}

/* ---- what a job may do -------------------------------------------------------------------- */

static void nothing(void)
{
}

static void set_all(void)
{
    CHECK_EQ(ctx_set(tenant, 1000), CTX_OK);
    CHECK_EQ(ctx_set(user, 1000), CTX_OK);
    job.wanted[CTX_TASK_CHANGED] = 1;
    job.wanted[CTX_TASK_SET] = 1;
}

static void set_for_a_while(void)
{
    ctx_token token;

    CTX_SCOPED(tenant, 2000);
    CHECK_EQ(ctx_set(user, 2000, &token), CTX_OK);
    CHECK_EQ(ctx_reset(user, token), CTX_OK);
}

static void enter(void)
{
    ctx_context *context;

    CHECK_EQ(ctx_context_new(&context), CTX_OK);
    CHECK_EQ(ctx_enter(context), CTX_OK);
    ctx_context_unref(context);
    CHECK_EQ(ctx_set(tenant, 3000), CTX_OK);
    job.wanted[CTX_TASK_ENTERED]++;
}

static void leave(void)
{
    CHECK_EQ(ctx_exit(ctxi_current()), CTX_OK);
    CHECK_EQ(ctx_set(tenant, 4000), CTX_OK);
    job.wanted[CTX_TASK_ASTRAY] = 1;
}

/* Goes on with what another job was in, and hands its own on. */
static void swap(void)
{
    ctx_context *own;

    CHECK_EQ(ctx_set(user, 5000), CTX_OK);
    CHECK_EQ(ctx_swap(atomic_exchange(&handed_on, NULL), &own), CTX_OK);
    ctx_context_unref(atomic_exchange(&handed_on, own));
    job.wanted[CTX_TASK_ASTRAY] = 1;
}

static void fail(void)
{
    ctx_value value;

    ctx_scope_begin(NULL, ctx_null());
    CHECK_EQ(ctx_get(tenant, &value), CTX_ERR_NOMEM);
    job.wanted[CTX_TASK_SCOPE] = 1;
}

static void end_thread(void)
{
    set_all();
    pthread_exit(NULL);
}

static void (*const deeds[])(void) = {nothing, set_all, set_for_a_while, enter, leave,
                                      swap,    fail,    end_thread};

static void run_job(void *expected)
{
    uint64_t deed = support_rng_below(job.rng, sizeof deeds / sizeof *deeds);

    CHECK_EQ(seen(tenant), *(int64_t *)expected);
    CHECK_EQ(seen(user), -1);
    CHECK_EQ(seen(trace), *(int64_t *)expected);
    if (support_rng_below(job.rng, 50) == 0 || deeds[deed] != end_thread)
        deeds[deed]();
}

/* ---- the threads -------------------------------------------------------------------------- */

struct worker {
    struct support_rng rng;
    long jobs; /* to come */
    int64_t own;
    ctx_context *context; /* it is in this one; NULL: in none */
};

static void check_clean(void *arg)
{
    const struct worker *worker = arg;

    CHECK(ctxi_current() == worker->context);
    CHECK(!ctxi_scope_failed());
    CHECK_EQ(seen(tenant), worker->own);
    for (int what = CTX_TASK_SET; what <= CTX_TASK_SCOPE; what++)
        CHECK_EQ(job.told[what], job.wanted[what]);
}

static void *work(void *arg)
{
    struct worker *worker = arg;

    if (worker->own >= 0)
        CHECK_EQ(ctx_set(tenant, worker->own), CTX_OK);
    worker->context = ctxi_current();
    pthread_cleanup_push(check_clean, worker);
    while (worker->jobs-- > 0) {
        job = (struct job){.rng = &worker->rng};
        CHECK_EQ(ctx_bound_run_task(bounds[support_rng_below(&worker->rng, TENANTS)], note, NULL),
                 CTX_OK);
        check_clean(worker);
    }
    pthread_cleanup_pop(0);
    return NULL;
}

/* A thread that a job has ended is replaced. */
static void *employ(void *worker)
{
    while (((struct worker *)worker)->jobs > 0) {
        pthread_t thread;

        CHECK_EQ(pthread_create(&thread, NULL, work, worker), 0);
        pthread_join(thread, NULL);
    }
    return NULL;
}

int main(void)
{
    static int64_t names[TENANTS];
    uint64_t seed = support_seed("stress_tasks");
    struct worker workers[THREADS];
    pthread_t threads[THREADS];

    for (int64_t i = 0; i < TENANTS; i++) {
        names[i] = i;
        CTX_SCOPED(tenant, i);
        CTX_SCOPED(trace, i);
        CHECK_EQ(ctx_bind(run_job, &names[i], &bounds[i]), CTX_OK);
    }
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.rng = support_rng_seeded(seed + (uint64_t)i),
                                     .jobs = scaled(200000),
                                     .own = i % 2 ? 100 + i : -1};
        CHECK_EQ(pthread_create(&threads[i], NULL, employ, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < TENANTS; i++)
        ctx_bound_free(bounds[i]);
    ctx_context_unref(handed_on);
    return 0;
}
