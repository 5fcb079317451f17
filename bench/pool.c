#define _GNU_SOURCE /* pthread_setaffinity_np, RUSAGE_THREAD */
#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "clock.h"
#include "die.h"

#define TICK_NS 1e7 /* the unit of /proc/stat: USER_HZ is 100 on Linux */

struct worker {
    struct pool *pool;
    unsigned index;
    int processor;
    pthread_t thread;
    uint64_t start, end;
    bool preempted;
    uint64_t waited_ns;
};

struct pool {
    unsigned count;
    struct worker *workers;
    atomic_uint at_start; /* workers that reached the start line; they spin there */
    pthread_mutex_t mutex;
    pthread_cond_t posted, finished;
    /* Guarded by mutex. */
    const struct task *task;
    uint64_t task_number;
    unsigned active, running;
    bool quit;
};

/* ---- what disturbs a sample --------------------------------------------------------------- */

static long involuntary_switches(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

/* The number in the n-th word, from 0, of a file's first line; 0 where there is none. */
static uint64_t read_number(const char *path, unsigned n)
{
    FILE *file = fopen(path, "r");
    char line[256], *at = line;
    bool got;

    if (!file)
        return 0;
    got = fgets(line, sizeof line, file);
    fclose(file);
    if (!got)
        return 0;
    while (n-- > 0) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return strtoull(at, NULL, 10);
}

/* How long this thread has been ready to run without a processor. */
static uint64_t run_delay_ns(void)
{
    return read_number("/proc/thread-self/schedstat", 1);
}

/* Ticks that the hypervisor gave to somebody else, over all processors. */
static uint64_t stolen_ticks(void)
{
    return read_number("/proc/stat", 8);
}

/* ---- workers ------------------------------------------------------------------------------ */

static void wait_for_all(struct pool *pool, unsigned workers)
{
    atomic_fetch_add_explicit(&pool->at_start, 1, memory_order_acq_rel);
    for (unsigned spins = 0; atomic_load_explicit(&pool->at_start, memory_order_acquire) < workers;)
        if (++spins % 1024 == 0)
            sched_yield();
}

static void do_task(struct worker *worker, const struct task *task, unsigned active)
{
    if (task->ready)
        task->ready(task->arg, worker->index);

    long switches = involuntary_switches();
    uint64_t delay = run_delay_ns();

    wait_for_all(worker->pool, active);
    worker->start = clock_ns();
    task->work(task->arg, worker->index);
    worker->end = clock_ns();
    worker->preempted = involuntary_switches() > switches;
    worker->waited_ns = run_delay_ns() - delay;

    if (task->leave)
        task->leave(task->arg, worker->index);
}

static void pin(int processor)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)processor, &set);
    /* Refused, in some containers: then the thread runs where it may. */
    (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    struct pool *pool = worker->pool;
    uint64_t done = 0;

    pin(worker->processor);
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (!pool->quit && pool->task_number == done)
            pthread_cond_wait(&pool->posted, &pool->mutex);
        if (pool->quit)
            break;
        done = pool->task_number;
        if (worker->index >= pool->active)
            continue;

        const struct task *task = pool->task;
        unsigned active = pool->active;

        pthread_mutex_unlock(&pool->mutex);
        do_task(worker, task, active);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->running == 0)
            pthread_cond_signal(&pool->finished);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* ---- the pool ----------------------------------------------------------------------------- */

unsigned pool_processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    return (unsigned)CPU_COUNT(&set);
}

static void assign_processors(struct pool *pool)
{
    cpu_set_t set;
    unsigned worker = 0;

    if (sched_getaffinity(0, sizeof set, &set) != 0)
        die("cannot ask which processors there are");
    for (int cpu = 0; cpu < CPU_SETSIZE && worker < pool->count; cpu++)
        if (CPU_ISSET((size_t)cpu, &set))
            pool->workers[worker++].processor = cpu;
}

struct pool *pool_new(unsigned workers)
{
    struct pool *pool = die_calloc(1, sizeof *pool);

    pool->count = workers;
    pool->workers = die_calloc(workers, sizeof *pool->workers);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->posted, NULL);
    pthread_cond_init(&pool->finished, NULL);
    assign_processors(pool);
    for (unsigned i = 0; i < workers; i++) {
        struct worker *worker = &pool->workers[i];

        worker->pool = pool;
        worker->index = i;
        if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
            die("cannot create a thread");
    }
    return pool;
}

void pool_free(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->quit = true;
    pthread_cond_broadcast(&pool->posted);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->count; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->posted);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->workers);
    free(pool);
}

/*
 * What counts is a worker that was preempted and then waited, or a hypervisor that took a processor
 * away. Waiting without preemption is no disturbance: a contended mutex wakes its waiters so.
 */
static double disturbance_ns(const struct pool *pool, unsigned workers, double stolen_ns)
{
    double most = stolen_ns;

    for (unsigned i = 0; i < workers; i++)
        if (pool->workers[i].preempted && (double)pool->workers[i].waited_ns > most)
            most = (double)pool->workers[i].waited_ns;
    return most;
}

struct timing pool_run(struct pool *pool, unsigned workers, const struct task *task)
{
    uint64_t stolen = stolen_ticks();
    uint64_t start = UINT64_MAX, end = 0;

    pthread_mutex_lock(&pool->mutex);
    atomic_store_explicit(&pool->at_start, 0, memory_order_relaxed); /* published by the mutex */
    pool->task = task;
    pool->active = pool->running = workers;
    pool->task_number++;
    pthread_cond_broadcast(&pool->posted);
    while (pool->running > 0)
        pthread_cond_wait(&pool->finished, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);

    for (unsigned i = 0; i < workers; i++) {
        if (pool->workers[i].start < start)
            start = pool->workers[i].start;
        if (pool->workers[i].end > end)
            end = pool->workers[i].end;
    }

    double ns = (double)(end - start);
    double stolen_ns = (double)(stolen_ticks() - stolen) * TICK_NS;

    return (struct timing){ns, disturbance_ns(pool, workers, stolen_ns) / ns};
}
