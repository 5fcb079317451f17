/*
 * pool.c: a bounded pool of worker threads. A job runs in the context of whoever submitted it, carried
 * over the queue by ctx_bind(). Some jobs do not reset what they set: that is told and dropped, so that
 * no worker begins its next job as the tenant of the last one.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxcache.h>

enum { WORKERS = 3, ROOM = 8, JOBS = 900 };

static CTX_VAR(tenant);
static atomic_int done, mistaken, changed, still_someone;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER, not_empty = PTHREAD_COND_INITIALIZER;
static ctx_bound *jobs[ROOM]; /* a ring: job_count of them, from first_job on */
static size_t first_job, job_count;

/* Waits for room. The job NULL ends the worker that gets it. */
static void put(ctx_bound *job)
{
    pthread_mutex_lock(&lock);
    while (job_count == ROOM)
        pthread_cond_wait(&not_full, &lock);
    jobs[(first_job + job_count++) % ROOM] = job;
    pthread_cond_signal(&not_empty);
    pthread_mutex_unlock(&lock);
}

static ctx_bound *take(void)
{
    ctx_bound *job;

    pthread_mutex_lock(&lock);
    while (job_count == 0)
        pthread_cond_wait(&not_empty, &lock);
    job = jobs[first_job];
    first_job = (first_job + 1) % ROOM;
    job_count--;
    pthread_cond_signal(&not_full);
    pthread_mutex_unlock(&lock);
    return job;
}

/* A server would write to its log which job it was. */
static void on_left(void *user, enum ctx_task_left what, ctx_var *var, ctx_value value)
{
    (void)user, (void)value;
    changed += var == tenant && what == CTX_TASK_CHANGED;
}

static void *work(void *unused)
{
    const char *name;

    for (ctx_bound *job; (job = take()); ctx_bound_free(job)) {
        mistaken += ctx_bound_run_task(job, on_left, NULL) != CTX_OK;
        still_someone += ctx_get_string(tenant, &name) != CTX_ERR_UNSET;
    }
    return unused;
}

static void serve(void *submitter)
{
    const char *name = "nobody";

    mistaken += ctx_get_string(tenant, &name) != CTX_OK || strcmp(name, submitter) != 0;
    if (++done % 10 == 0)
        ctx_set(tenant, "somebody else"); /* and never reset */
}

int main(void)
{
    static char *const names[] = {"acme", "bolt", "cord"};
    pthread_t workers[WORKERS];

    for (int i = 0; i < WORKERS; i++)
        if (pthread_create(&workers[i], NULL, work, NULL) != 0)
            return EXIT_FAILURE;
    for (int i = 0; i < JOBS; i++) {
        CTX_SCOPED(tenant, names[i % 3]);
        ctx_bound *job;
        if (ctx_bind(serve, names[i % 3], &job) != CTX_OK)
            return EXIT_FAILURE;
        put(job);
    }
    for (int i = 0; i < WORKERS; i++)
        put(NULL);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    printf("%d jobs on %d workers, %d for another than their submitter\n", done, WORKERS, mistaken);
    printf("%d left a tenant behind, %d workers were still that\n", changed, still_someone);
    return mistaken || still_someone || changed != JOBS / 10 ? EXIT_FAILURE : EXIT_SUCCESS;
}
