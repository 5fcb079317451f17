/*
 * Every allocation of the adapter for libuv fails in turn, once and from then on for ever: a hand-over
 * answers 0 or UV_ENOMEM, a callback that was handed over comes, and when the loop is closed nothing is
 * left but what the store keeps for ever, however its handles were closed.
 *
 * Each scenario runs in a thread of its own, with a loop of its own. The threads of libuv's pool stay:
 * only where threads keep no blocks (context/block.h) is it known what is theirs.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "context/registry.h"
#include "context/token.h"
#include "support/alloc.h"
#include "support/cache_kit.h"
#include "support/uv_kit.h"

static struct support_alloc alloc;
static int handed, came; /* hand-overs that were accepted; callbacks that must come, and came */

/* True if it was accepted; else it must have been for want of memory. */
static bool done(int error)
{
    CHECK(error == 0 || error == UV_ENOMEM);
    handed += error == 0;
    return error == 0;
}

/* Reads, and leaves something behind if there is memory. */
static void come(void)
{
    came++;
    now();
    (void)ctx_set(tenant, "changed");
}

/* ---- handles ------------------------------------------------------------------------------ */

static uv_timer_t timers[20];
static uv_idle_t idle;
static uv_async_t async;

static void on_timeout(uv_timer_t *timer)
{
    come();
    uv_close((uv_handle_t *)timer, NULL); /* libuv's own: what was captured is left to the loop */
}

static void on_idle(uv_idle_t *handle)
{
    come();
    close_handle(handle);
}

static void on_async(uv_async_t *handle)
{
    come();
    close_handle(handle);
}

static void handles(void)
{
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(uv_timer_init(&loop, &timers[i]), 0);
        if (!done(ctx_uv_timer_start(&timers[i], on_timeout, 0, (uint64_t)i % 2)))
            close_handle(&timers[i]);
    }
    CHECK_EQ(uv_idle_init(&loop, &idle), 0);
    if (!done(ctx_uv_idle_start(&idle, on_idle)))
        close_handle(&idle);
    if (done(ctx_uv_async_init(&loop, &async, on_async)))
        uv_async_send(&async);
}

static void on_close(uv_handle_t *handle)
{
    (void)handle;
    come();
}

static void closes(void)
{
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(uv_timer_init(&loop, &timers[i]), 0);
        if (!done(ctx_uv_close((uv_handle_t *)&timers[i], on_close)))
            close_handle(&timers[i]);
    }
}

/* ---- tasks and work ----------------------------------------------------------------------- */

static void grandchild(void *unused)
{
    (void)unused;
    come();
}

static void child(void *unused)
{
    (void)unused;
    come();
    done(ctx_uv_spawn(&loop, grandchild, NULL));
}

static void tasks(void)
{
    for (int i = 0; i < 3; i++)
        done(ctx_uv_spawn(&loop, child, NULL));
}

static void forsaken_tasks(void)
{
    tasks();
    handed = 0; /* they never run */
    uv_walk(&loop, (uv_walk_cb)uv_close, NULL);
}

static uv_work_t request;

static void work(uv_work_t *unused)
{
    (void)unused;
    now();
    (void)ctx_set(tenant, "set by the worker");
}

static void after_work(uv_work_t *unused, int status)
{
    (void)unused;
    CHECK_EQ(status, 0);
    come();
}

static void works(void)
{
    done(ctx_uv_queue_work(&loop, &request, work, after_work));
}

/* ---- contexts that are named -------------------------------------------------------------- */

static void named(void)
{
    ctx_context *context;

    if (ctx_context_new(&context) != CTX_OK)
        return;
    CHECK_EQ(uv_timer_init(&loop, &timers[0]), 0);
    if (!done(CTX_UV_IN(context, ctx_uv_timer_start(&timers[0], on_timeout, 0, 1))))
        close_handle(&timers[0]);
    done(CTX_UV_IN(context, ctx_uv_spawn(&loop, grandchild, NULL)));
    ctx_context_unref(context);
}

static void failed(void *user, int status)
{
    (void)user;
    CHECK(status == CTX_ERR_NOMEM || status == CTX_ERR_ENTERED);
}

static void observed(void)
{
    int error = ctx_uv_on_failure(&loop, failed, NULL);

    CHECK(error == 0 || error == UV_ENOMEM);
    handles();
}

/* ---- cached calls ------------------------------------------------------------------------- */

PROBE(price);

static ctx_cache *cache;

static void on_answer(void *unused, int status, ctx_cache_ref *ref, const ctx_cache_info *info)
{
    (void)unused, (void)info;
    CHECK(status == CTX_OK || status == CTX_ERR_NOMEM || status == CTX_ERR_ABANDONED);
    CHECK_EQ(ref->data != NULL, status == CTX_OK);
    come();
}

static void call(int64_t key)
{
    int status = ctx_uv_cache_call(&loop, cache, price, on_answer, NULL, key);

    CHECK(status == CTX_OK || status == CTX_ERR_NOMEM);
    handed += status == CTX_OK;
}

/* A miss, one who joins it, a hit, and some that the end of the loop finds open. */
static void calls(void)
{
    ctx_var *const vary[] = {tenant};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = 10;
    config.vary = vary;
    config.vary_count = 1;
    if (ctx_set(tenant, "acme") != CTX_OK || ctx_cache_new(&config, &cache) != CTX_OK)
        return;
    call(1);
    call(1);
    run();
    call(1);
    call(2);
    call(2);
    CHECK_EQ(ctx_uv_loop_close(&loop), 0);
    CHECK_EQ(uv_loop_init(&loop), 0);
    ctx_cache_destroy(cache);
}

/* ---- running them ------------------------------------------------------------------------- */

static const struct scenario {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"handles", handles},   {"closes", closes},
    {"tasks", tasks},       {"forsaken tasks", forsaken_tasks},
    {"work", works},        {"named", named},
    {"observed", observed}, {"calls", calls},
};

enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

static void *run_scenario(void *scenario)
{
    handed = came = 0;
    CHECK_EQ(uv_loop_init(&loop), 0);
    (void)ctx_set(tenant, counted_value(&held));
    ((const struct scenario *)scenario)->run();
    (void)ctx_set(tenant, "later");
    run();
    CHECK_EQ(came, handed);
    CHECK_EQ(ctx_uv_loop_close(&loop), 0);
    return NULL;
}

static uint64_t left(void)
{
    return atomic_load(&alloc.live_bytes) - ctxi_tokens_bytes() - ctxi_registry_bytes();
}

/* The worker keeps what it had in the last cache until it comes to another: always to this one. */
static void use_a_cache(uv_work_t *unused)
{
    ctx_cache *own = cache_of(1, NULL);

    (void)unused;
    CHECK_EQ(ask(own, price, 1).status, CTX_OK);
    ctx_cache_destroy(own);
}

static void settle_worker(void)
{
    CHECK_EQ(uv_loop_init(&loop), 0);
    CHECK_EQ(uv_queue_work(&loop, &request, use_a_cache, NULL), 0);
    run();
    CHECK_EQ(uv_loop_close(&loop), 0);
}

/* What the process knows of functions, and its worker keeps, once all were met. */
static uint64_t known;

static void expect_nothing_left(void)
{
    CHECK(!is_held());
#ifdef CTX_DEBUG
    CHECK_EQ(left(), known);
#endif
}

/* How many allocations failed. */
static uint64_t run_in_thread(const struct scenario *scenario)
{
    pthread_t thread;
    uint64_t failures;

    CHECK_EQ(pthread_create(&thread, NULL, run_scenario, (void *)scenario), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    failures = atomic_load(&alloc.failed);
    support_alloc_recover(&alloc);
    settle_worker();
    return failures;
}

/* Fails each allocation of the scenario in turn; returns how many there were. */
static uint64_t fail_each(const struct scenario *scenario, bool for_ever)
{
    for (uint64_t nth = 0;; nth++) {
        uint64_t failures;

        support_alloc_fail(&alloc, nth, for_ever);
        failures = run_in_thread(scenario);
        expect_nothing_left();
        if (!failures)
            return nth;
    }
}

int main(void)
{
    setenv("UV_THREADPOOL_SIZE", "1", 1); /* it keeps the context that it made for itself */
    support_alloc_init(&alloc);
    CHECK_EQ(ctx_set_allocator(&alloc.allocator), CTX_OK);
    run_in_thread(&scenarios[SCENARIOS - 1]);
    known = left();
    for (size_t i = 0; i < SCENARIOS; i++) {
        uint64_t once = fail_each(&scenarios[i], false);
        uint64_t for_ever = fail_each(&scenarios[i], true);

        printf("%-16s %4" PRIu64 " allocations failed in turn, %4" PRIu64 " for ever\n",
               scenarios[i].name, once, for_ever);
    }
    return 0;
}
