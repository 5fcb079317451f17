/*
 * Claim: whatever runs where, each callback of libuv sees the context in which it was handed over and
 * nothing that any other has set: with several loops on threads of their own, whose work runs on one
 * pool of threads, and which wake each other.
 */
#include <ctxcache.h>
#include <ctxcache/uv.h>
#include <pthread.h>
#include <stdatomic.h>

#include "support/check.h"
#include "support/scale.h"

enum { LOOPS = 3, CHAINS = 8 };

static CTX_VAR(owner);

struct loop {
    uv_loop_t loop;
    uv_async_t wake;
    pthread_t thread;
    int64_t number;
    long left;         /* jobs to begin */
    int running;       /* chains that go on */
    bool ending;       /* this one has nothing more to send */
    _Atomic int woken; /* by others, at least once since the last look */
};

/* One chain of callbacks: a timer, work on the pool, a task, and again. */
struct chain {
    struct loop *of;
    uv_timer_t timer;
    uv_work_t work;
    int64_t id;
    int64_t by_worker;
};

static struct loop loops[LOOPS];
static struct chain chains[LOOPS][CHAINS];
static _Atomic int loops_running;
static _Atomic long jobs;

/* This callback belongs to `id`; and it leaves something behind. */
static void expect(int64_t id)
{
    int64_t here;

    CHECK_EQ(ctx_get_i64(owner, &here), CTX_OK);
    CHECK_EQ(here, id);
    CHECK_EQ(ctx_set(owner, -1), CTX_OK);
}

/* What is handed over next belongs to `id`. */
static void become(int64_t id)
{
    CHECK_EQ(ctx_set(owner, id), CTX_OK);
}

static void wake_all(void)
{
    for (int i = 0; i < LOOPS; i++) {
        atomic_store(&loops[i].woken, 1);
        uv_async_send(&loops[i].wake);
    }
}

static void on_timeout(uv_timer_t *timer);

static void begin(struct chain *chain)
{
    struct loop *of = chain->of;

    if (of->left-- > 0) {
        become(++chain->id);
        CHECK_EQ(ctx_uv_timer_start(&chain->timer, on_timeout, 0, 0), 0);
        become(-2);
        return;
    }
    CHECK_EQ(ctx_uv_close((uv_handle_t *)&chain->timer, NULL), 0);
    if (--of->running == 0 && atomic_fetch_sub(&loops_running, 1) == 1)
        wake_all(); /* the last one: nobody sends any more */
}

static void task(void *arg)
{
    struct chain *chain = arg;

    expect(chain->id);
    atomic_fetch_add(&jobs, 1);
    begin(chain);
}

static void work(uv_work_t *request)
{
    struct chain *chain = request->data;

    expect(chain->id);
    chain->by_worker = chain->id;
    uv_async_send(&loops[chain->id % LOOPS].wake); /* any loop's */
}

static void after_work(uv_work_t *request, int status)
{
    struct chain *chain = request->data;

    CHECK_EQ(status, 0);
    CHECK_EQ(chain->by_worker, chain->id);
    expect(chain->id);
    become(chain->id);
    CHECK_EQ(ctx_uv_spawn(&chain->of->loop, task, chain), 0);
    become(-3);
}

static void on_timeout(uv_timer_t *timer)
{
    struct chain *chain = timer->data;

    expect(chain->id);
    become(chain->id);
    CHECK_EQ(ctx_uv_queue_work(&chain->of->loop, &chain->work, work, after_work), 0);
    become(-4);
}

/* Whoever sends, it is the loop's. The last ones to send say so before. */
static void on_wake(uv_async_t *wake)
{
    struct loop *of = wake->data;

    expect(-10 - of->number);
    if (atomic_load(&loops_running) == 0 && atomic_load(&of->woken))
        CHECK_EQ(ctx_uv_close((uv_handle_t *)wake, NULL), 0);
}

static void *run(void *arg)
{
    struct loop *of = arg;

    CHECK_EQ(uv_run(&of->loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(ctx_uv_failures(&of->loop), 0);
    return NULL;
}

/* Made here, run there. */
static void make(struct loop *of, int64_t number, long jobs_of_each)
{
    of->number = number;
    of->left = jobs_of_each;
    of->running = CHAINS;
    CHECK_EQ(uv_loop_init(&of->loop), 0);
    become(-10 - number);
    CHECK_EQ(ctx_uv_async_init(&of->loop, &of->wake, on_wake), 0);
    of->wake.data = of;
    for (int i = 0; i < CHAINS; i++) {
        struct chain *chain = &chains[number][i];

        chain->of = of;
        chain->id = (number * CHAINS + i) * 1000000;
        chain->work.data = chain;
        CHECK_EQ(uv_timer_init(&of->loop, &chain->timer), 0);
        chain->timer.data = chain;
        begin(chain);
    }
}

int main(void)
{
    long each = scaled(20000);

    atomic_store(&loops_running, LOOPS);
    for (int i = 0; i < LOOPS; i++)
        make(&loops[i], i, each);
    for (int i = 0; i < LOOPS; i++)
        CHECK_EQ(pthread_create(&loops[i].thread, NULL, run, &loops[i]), 0);
    for (int i = 0; i < LOOPS; i++)
        CHECK_EQ(pthread_join(loops[i].thread, NULL), 0);
    for (int i = 0; i < LOOPS; i++)
        CHECK_EQ(ctx_uv_loop_close(&loops[i].loop), 0);
    CHECK_EQ(atomic_load(&jobs), LOOPS * each);
    printf("%ld jobs on %d loops\n", atomic_load(&jobs), LOOPS);
    return 0;
}
