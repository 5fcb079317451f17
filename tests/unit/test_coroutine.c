/*
 * ctx_swap() under real coroutines, on stacks of their own.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>

#include "context/store.h"
#include "support/cache_kit.h"
#include "support/coroutine.h"
#include "support/object.h"

static CTX_VAR(tenant);

static const char *now(void)
{
    const char *text;

    return ctx_get_string(tenant, &text) == CTX_OK ? text : "unset";
}

/* Yields what it sees, sets what it is called, and yields that for ever. */
struct generator {
    struct coroutine *coroutine;
    const char *name;
    const char *yields;
    int left; /* yields to come */
};

static void generate(struct coroutine *self, void *arg)
{
    struct generator *generator = arg;

    generator->yields = now();
    coroutine_yield(self);
    ctx_set(tenant, generator->name);
    while (generator->left-- > 0) {
        generator->yields = now();
        coroutine_yield(self);
    }
}

static struct generator *start(struct generator *generator)
{
    generator->coroutine = coroutine_new(generate, generator);
    return generator;
}

static const char *next(struct generator *generator)
{
    cr_assert(coroutine_resume(generator->coroutine));
    return generator->yields;
}

static void finish(struct generator *generator)
{
    while (coroutine_resume(generator->coroutine))
        continue;
    coroutine_free(generator->coroutine);
}

Test(coroutine, keeps_its_context_and_leaves_its_callers_alone)
{
    struct generator generator = {.name = "own", .left = 5};

    ctx_set(tenant, "caller");
    start(&generator);
    ctx_set(tenant, "later");
    cr_assert_str_eq(next(&generator), "caller");
    for (int i = 0; i < 3; i++) {
        cr_assert_str_eq(next(&generator), "own");
        cr_assert_str_eq(now(), "later");
    }
    finish(&generator);
    cr_assert_str_eq(now(), "later");
}

Test(coroutine, two_do_not_see_each_other)
{
    struct generator a = {.name = "a", .left = 5}, b = {.name = "b", .left = 5};

    start(&a);
    start(&b);
    cr_assert_str_eq(next(&a), "unset");
    cr_assert_str_eq(next(&a), "a");
    cr_assert_str_eq(next(&b), "unset");
    for (int i = 0; i < 3; i++) {
        cr_assert_str_eq(next(&b), "b");
        cr_assert_str_eq(next(&a), "a");
        cr_assert_null(ctxi_current());
    }
    finish(&a);
    finish(&b);
}

static void resume_inside(void *generator)
{
    ctx_set(tenant, "of the run");
    cr_assert_str_eq(next(generator), "own");
    cr_assert_str_eq(now(), "of the run");
}

Test(coroutine, may_be_resumed_from_any_context)
{
    struct generator generator = {.name = "own", .left = 5};
    ctx_context *context;

    start(&generator);
    next(&generator);
    cr_assert_eq(ctx_context_new(&context), CTX_OK);
    cr_assert_eq(ctx_run(context, resume_inside, &generator), CTX_OK);
    cr_assert_eq(ctx_run_task(resume_inside, &generator, NULL, NULL), CTX_OK);
    finish(&generator);
    ctx_context_unref(context);
}

static void resume_another(struct coroutine *self, void *generator)
{
    ctx_set(tenant, "outer");
    cr_assert_str_eq(next(generator), "own");
    cr_assert_str_eq(now(), "outer");
    coroutine_yield(self);
    cr_assert_str_eq(next(generator), "own");
    cr_assert_str_eq(now(), "outer");
}

Test(coroutine, may_resume_another)
{
    struct generator inner = {.name = "own", .left = 5};
    struct coroutine *outer = coroutine_new(resume_another, &inner);

    start(&inner);
    next(&inner);
    cr_assert(coroutine_resume(outer));
    cr_assert_str_eq(now(), "unset");
    cr_assert_str_eq(next(&inner), "own");
    cr_assert_not(coroutine_resume(outer));
    finish(&inner);
    coroutine_free(outer);
}

static void *go_on(void *generator)
{
    ctx_set(tenant, "of the thread");
    return strcmp(next(generator), "own") == 0 && strcmp(now(), "of the thread") == 0 ? generator
                                                                                      : NULL;
}

Test(coroutine, may_go_on_in_another_thread)
{
    struct generator generator = {.name = "own", .left = 5};
    pthread_t thread;
    void *right;

    start(&generator);
    next(&generator);
    cr_assert_eq(pthread_create(&thread, NULL, go_on, &generator), 0);
    pthread_join(thread, &right);
    cr_assert_not_null(right);
    cr_assert_str_eq(next(&generator), "own");
    finish(&generator);
}

static void hold(struct coroutine *self, void *object)
{
    CTX_SCOPED(tenant, counted_value(object));
    coroutine_yield(self);
}

Test(coroutine, holds_its_values_until_its_scopes_end)
{
    static struct counted object;
    struct coroutine *coroutine = coroutine_new(hold, &object);

    cr_assert(coroutine_resume(coroutine));
    cr_assert_eq(counted_held(&object), 1);
    cr_assert_not(coroutine_resume(coroutine));
    cr_assert_eq(counted_held(&object), 0);
    coroutine_free(coroutine);
}

/* ---- loads that wait in a coroutine ------------------------------------------------------- */

struct call {
    struct coroutine *coroutine;
    ctx_cache *cache;
    const char *tenant;
    struct answer answer;
};

static struct call *calling; /* the one that runs */

static int wait_in_load(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                        size_t count)
{
    struct call *own = calling;

    (void)probe, (void)load, (void)args, (void)count;
    cr_assert_str_eq(now(), own->tenant);
    coroutine_yield(own->coroutine);
    cr_assert_str_eq(now(), own->tenant);
    return CTX_OK;
}

PROBE(price);

static void call_price(struct coroutine *self, void *arg)
{
    struct call *call = arg;

    (void)self;
    CTX_SCOPED(tenant, call->tenant);
    call->answer = ask(call->cache, price, 1);
}

static bool go_on_with(struct call *call)
{
    calling = call;
    if (!call->coroutine)
        call->coroutine = coroutine_new(call_price, call);
    return coroutine_resume(call->coroutine);
}

static void expect_kept(ctx_cache *cache, const struct call *call)
{
    CTX_SCOPED(tenant, call->tenant);
    cr_assert_eq(call->answer.status, CTX_OK);
    cr_assert(call->answer.info.stored);
    cr_assert_eq(ask(cache, price, 1).serial, call->answer.serial);
}

Test(coroutine, loads_of_one_thread_may_end_in_any_order)
{
    ctx_cache *cache = cache_of(100, tenant);
    struct call calls[3] = {{.tenant = "a"}, {.tenant = "b"}, {.tenant = "c"}};

    price_probe.during = wait_in_load;
    for (int i = 0; i < 3; i++) {
        calls[i].cache = cache;
        cr_assert(go_on_with(&calls[i]));
    }
    cr_assert_not(go_on_with(&calls[1]));
    cr_assert_not(go_on_with(&calls[0]));
    cr_assert_not(go_on_with(&calls[2]));
    cr_assert_eq(price_probe.loads, 3);
    for (int i = 0; i < 3; i++) {
        expect_kept(cache, &calls[i]);
        coroutine_free(calls[i].coroutine);
    }
    check_sums(cache);
    ctx_cache_destroy(cache);
}

Test(coroutine, cannot_wait_for_a_load_that_its_own_thread_is_in)
{
    ctx_cache *cache = cache_of(100, tenant);
    struct call loads = {.cache = cache, .tenant = "a"}, joins = loads;

    price_probe.during = wait_in_load;
    cr_assert(go_on_with(&loads));
    cr_assert_not(go_on_with(&joins));
    cr_assert_eq(joins.answer.status, CTX_ERR_RECURSION);
    cr_assert_not(go_on_with(&loads));
    expect_kept(cache, &loads);
    coroutine_free(loads.coroutine);
    coroutine_free(joins.coroutine);
    ctx_cache_destroy(cache);
}
