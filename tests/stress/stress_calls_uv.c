/*
 * Claim: cached calls of several loops, and blocking ones of threads beside them, answer each caller
 * once, with a value of its own tenant and key, whichever of them loads it; also where deadlines pass,
 * entries are invalidated meanwhile, and loops are closed with calls open. In the end nothing is open.
 */
#include <ctxcache.h>
#include <ctxcache/uv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "support/check.h"
#include "support/scale.h"

enum { LOOPS = 2, BLOCKING = 2, TENANTS = 3, KEYS = 5, AT_ONCE = 16 };

static CTX_VAR(tenant);

static ctx_cache *cache;
static _Atomic bool ended;
static _Atomic long loads, asked, answered, abandoned, blocked;

/* What a value says of itself. */
struct value {
    int64_t tenant, key;
};

static int load(ctx_cache_load *into, const ctx_value *args, size_t count, void *unused)
{
    struct value value = {-1, args[0].as.i64};

    (void)unused;
    CHECK_EQ(count, 1);
    CHECK_EQ(ctx_get_i64(tenant, &value.tenant), CTX_OK);
    if (atomic_fetch_add(&loads, 1) % 16 == 0)
        return -7;
    return ctx_cache_load_copy(into, &value, sizeof value);
}

static CTX_CACHE_FN(report, load);

static void expect(int status, const ctx_cache_ref *ref, int64_t of, int64_t key)
{
    const struct value *value = ref->data;

    if (status == CTX_OK) {
        CHECK_EQ(value->tenant, of);
        CHECK_EQ(value->key, key);
    } else {
        CHECK(status == -7 || status == CTX_ERR_TIMEOUT || status == CTX_ERR_ABANDONED);
    }
}

/* ---- loops -------------------------------------------------------------------------------- */

struct loop {
    uv_loop_t loop;
    pthread_t thread;
    unsigned random;
    long left, open;
};

struct request {
    struct loop *of;
    int64_t tenant, key;
    bool done;
};

static unsigned draw(unsigned *random)
{
    *random = *random * 1103515245 + 12345;
    return *random >> 16;
}

static void ask(struct request *request);

static void on_answer(void *user, int status, ctx_cache_ref *ref, const ctx_cache_info *info)
{
    struct request *request = user;
    int64_t here;

    (void)info;
    CHECK(!request->done);
    request->done = true;
    CHECK_EQ(ctx_get_i64(tenant, &here), CTX_OK);
    CHECK_EQ(here, request->tenant);
    expect(status, ref, request->tenant, request->key);
    CHECK_EQ(ctx_set(tenant, -1), CTX_OK);
    atomic_fetch_add(&answered, 1);
    request->of->open--;
    if (status == CTX_ERR_ABANDONED)
        atomic_fetch_add(&abandoned, 1);
    else if (request->of->left > 0)
        ask(request);
}

/* A new request in the place of one that is done, for any tenant. */
static void ask(struct request *request)
{
    ctx_cache_options options = CTX_CACHE_OPTIONS_INIT;
    struct loop *of = request->of;
    ctx_value args[1];

    request->tenant = draw(&of->random) % TENANTS;
    request->key = draw(&of->random) % KEYS;
    request->done = false;
    options.wait_ns = draw(&of->random) % 8 ? 0 : 1000;
    args[0] = ctx_i64(request->key);
    CHECK_EQ(ctx_set(tenant, request->tenant), CTX_OK);
    if (draw(&of->random) % 4 == 0)
        CHECK_EQ(ctx_cache_invalidate_partition(cache), CTX_OK);
    CHECK_EQ(ctx_uv_cache_call_v(&of->loop, cache, report, args, 1, &options, on_answer, request),
             CTX_OK);
    atomic_fetch_add(&asked, 1);
    of->left--;
    of->open++;
}

/* Some of the loops are closed with calls open. */
static void *run(void *arg)
{
    struct loop *of = arg;
    struct request requests[AT_ONCE];

    for (int round = 0; round < 20; round++) {
        CHECK_EQ(uv_loop_init(&of->loop), 0);
        of->left = scaled(1000);
        for (int i = 0; i < AT_ONCE; i++) {
            requests[i].of = of;
            ask(&requests[i]);
        }
        while (of->open > 0 && (round % 2 || of->left > 0))
            uv_run(&of->loop, UV_RUN_ONCE);
        of->left = 0;
        while (ctx_uv_loop_close(&of->loop) == UV_EBUSY)
            uv_run(&of->loop, UV_RUN_ONCE);
        CHECK_EQ(of->open, 0);
    }
    return NULL;
}

/* ---- threads that block ------------------------------------------------------------------- */

static void *block(void *number)
{
    unsigned random = (unsigned)(uintptr_t)number;

    while (!atomic_load(&ended)) {
        ctx_cache_ref ref = CTX_CACHE_REF_INIT;
        int64_t of = draw(&random) % TENANTS, key = draw(&random) % KEYS;
        int status;

        CHECK_EQ(ctx_set(tenant, of), CTX_OK);
        atomic_fetch_add(&blocked, 1);
        status = ctx_cache_call(cache, report, &ref, key);
        expect(status, &ref, of, key);
        ctx_cache_ref_release(&ref);
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------- */

static ctx_cache *new_cache(void)
{
    ctx_var *const vary[] = {tenant};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_cache *made;

    config.capacity_entries = 8; /* fewer than there are: loads go on */
    config.vary = vary;
    config.vary_count = 1;
    CHECK_EQ(ctx_cache_new(&config, &made), CTX_OK);
    return made;
}

int main(void)
{
    static struct loop loops[LOOPS];
    pthread_t blocking[BLOCKING];

    cache = new_cache();
    for (uintptr_t i = 0; i < BLOCKING; i++)
        CHECK_EQ(pthread_create(&blocking[i], NULL, block, (void *)i), 0);
    for (unsigned i = 0; i < LOOPS; i++) {
        loops[i].random = 100 + i;
        CHECK_EQ(pthread_create(&loops[i].thread, NULL, run, &loops[i]), 0);
    }
    for (int i = 0; i < LOOPS; i++)
        CHECK_EQ(pthread_join(loops[i].thread, NULL), 0);
    atomic_store(&ended, true);
    for (int i = 0; i < BLOCKING; i++)
        CHECK_EQ(pthread_join(blocking[i], NULL), 0);
    CHECK_EQ(asked, answered);
    CHECK(abandoned > 0);
    CHECK(loads < asked + blocked);
    ctx_cache_destroy(cache);
    printf("%ld calls of %d loops, %ld of them abandoned; %ld loads\n", asked, LOOPS, abandoned,
           loads);
    return 0;
}
