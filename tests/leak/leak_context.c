/*
 * Every allocation of the context store fails in turn, once and from then on for ever: each call
 * answers CTX_OK or CTX_ERR_NOMEM, a failed one changes nothing, and in the end nothing is left but
 * what the store keeps for ever (the registry of variables, and token slots).
 *
 * Each scenario runs in a thread of its own, so that what the thread keeps is counted too.
 */
#include <ctxcache.h>
#include <inttypes.h>
#include <pthread.h>

#include "context/registry.h"
#include "context/store.h"
#include "context/token.h"
#include "support/alloc.h"
#include "support/check.h"
#include "support/object.h"

enum { MANY = 70, FRESH = 40000 };

static struct support_alloc alloc;
static CTX_VAR(a);
static CTX_VAR(b);
static ctx_var many[MANY];
static ctx_var fresh[FRESH];
static size_t fresh_used;
static struct counted object;

/* True if the call succeeded; else it must have been for want of memory. */
static bool done(int status)
{
    CHECK(status == CTX_OK || status == CTX_ERR_NOMEM);
    return status == CTX_OK;
}

static bool is_set(ctx_var *var)
{
    ctx_value value;
    int status = ctx_get(var, &value);

    CHECK(status == CTX_OK || status == CTX_ERR_UNSET);
    return status == CTX_OK;
}

static int64_t number(ctx_var *var)
{
    int64_t value;

    CHECK_EQ(ctx_get_i64(var, &value), CTX_OK);
    return value;
}

/* Does what must succeed, with memory; then failures go on from the first allocation. */
static void with_memory(void (*prepare)(void))
{
    uint64_t from = atomic_load(&alloc.fail_from);
    bool all = atomic_load(&alloc.fail_all);

    support_alloc_recover(&alloc);
    prepare();
    support_alloc_fail(&alloc, from, all);
}

/* ---- variables ---------------------------------------------------------------------------- */

static void new_variables(void)
{
    ctx_value fallbacks[] = {ctx_string("a default of some length"), counted_value(&object)};

    for (size_t i = 0; i < 2; i++) {
        ctx_var_config config = CTX_VAR_CONFIG_INIT;
        ctx_var *var;

        config.name = "dynamic";
        config.fallback = &fallbacks[i];
        if (done(ctx_var_new(&config, &var)))
            CHECK(is_set(var));
        else
            CHECK(!var);
        ctx_var_free(var);
        CHECK_EQ(counted_held(&object), 0);
    }
}

static void dynamic_variable_outlived(void)
{
    ctx_var_config config = CTX_VAR_CONFIG_INIT;
    ctx_var *var;

    config.name = "dynamic";
    if (!done(ctx_var_new(&config, &var)))
        return;
    done(ctx_set(var, "kept by the context"));
    if (done(ctxi_var_hold(var, true)))
        ctxi_var_unhold(var);
    ctx_var_free(var);
}

static void first_sets(void)
{
    for (int i = 0; i < 64; i++) {
        ctx_var *var = &fresh[fresh_used++];

        bool set;

        var->name = "fresh";
        set = done(ctx_set(var, i));
        CHECK_EQ(is_set(var), set);
    }
}

/* Holds variables until the registry has grown, or could not. */
static void first_holds(void)
{
    size_t before = ctxi_registry_bytes();
    bool held = true;

    while (held && ctxi_registry_bytes() == before) {
        ctx_var *var = &fresh[fresh_used++];

        CHECK(fresh_used <= FRESH);
        var->name = "fresh";
        held = done(ctxi_var_hold(var, false));
        CHECK_EQ(ctxi_var_id(var) != 0, held);
    }
}

/* ---- set ---------------------------------------------------------------------------------- */

static void set_each_type(void)
{
    char text[500];
    ctx_value values[] = {ctx_null(),         ctx_i64(1), ctx_string("acme"),
                          ctx_bytes("\1", 1), ctx_null(), counted_value(&object)};

    memset(text, 'x', sizeof text);
    values[4] = ctx_string_n(text, sizeof text);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        bool before = is_set(a), set = done(ctx_set(a, values[i]));

        CHECK_EQ(is_set(a), set || before);
    }
    CHECK(counted_held(&object) <= 1);
}

static void failed_set_keeps_the_value(void)
{
    ctx_token token = {&token, 1};

    if (!done(ctx_set(a, 1)))
        return;
    if (done(ctx_set(a, 2, &token))) {
        CHECK_EQ(number(a), 2);
        CHECK_EQ(ctx_reset(a, token), CTX_OK);
    } else {
        CHECK(!token.slot);
    }
    CHECK_EQ(number(a), 1);
}

static void set_many(void)
{
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(ctx_set(&many[i], i), CTX_OK);
}

static void sets_in_a_shared_tree(void)
{
    ctx_context *copy;

    with_memory(set_many);
    if (!done(ctx_copy(&copy)))
        return;
    for (int i = 0; i < MANY; i += 9) {
        bool set = done(ctx_set(&many[i], -1));

        CHECK_EQ(number(&many[i]), set ? -1 : i);
    }
    for (int i = 0; i < MANY; i++) {
        ctx_value value;

        CHECK_EQ(ctx_context_get(copy, &many[i], &value), CTX_OK);
        CHECK_EQ(value.as.i64, i);
    }
    ctx_context_unref(copy);
}

static void growing_map(void)
{
    size_t set = 0, count;
    ctx_context *current;

    for (int i = 0; i < MANY; i++)
        set += done(ctx_set(&many[i], i));
    if (!done(ctx_current(&current)))
        return;
    CHECK_EQ(ctx_context_count(current, &count), CTX_OK);
    CHECK_EQ(count, set);
    ctx_context_unref(current);
}

/* ---- reset: never fails ------------------------------------------------------------------- */

static ctx_token tokens[MANY];
static ctx_context *shared;

static void set_many_and_share(void)
{
    for (int i = 0; i < MANY; i++) {
        CHECK_EQ(ctx_set(&many[i], i), CTX_OK);
        CHECK_EQ(ctx_set(&many[i], counted_value(&object), &tokens[i]), CTX_OK);
    }
    CHECK_EQ(ctx_copy(&shared), CTX_OK);
}

static void resets_in_a_shared_tree(void)
{
    ctx_context *copy;
    size_t count;

    with_memory(set_many_and_share);
    for (int i = 0; i < MANY; i++) {
        CHECK_EQ(ctx_reset(&many[i], tokens[i]), CTX_OK);
        CHECK_EQ(number(&many[i]), i);
        if (i % 16 == 0)
            done(ctx_set(a, i));
    }
    if (done(ctx_copy(&copy))) {
        CHECK_EQ(ctx_context_count(copy, &count), CTX_OK);
        CHECK_EQ(count, (size_t)MANY + is_set(a));
        ctx_context_unref(copy);
    }
    CHECK_EQ(ctx_context_count(shared, &count), CTX_OK);
    CHECK_EQ(count, MANY);
    CHECK(counted_held(&object) >= MANY);
    ctx_context_unref(shared);
}

static void end_with_pending_resets(void)
{
    with_memory(set_many_and_share);
    for (int i = 0; i < MANY; i += 2)
        CHECK_EQ(ctx_reset(&many[i], tokens[i]), CTX_OK);
    ctx_context_unref(shared);
}

/* ---- contexts ----------------------------------------------------------------------------- */

static void contexts(void)
{
    ctx_context *made, *copy, *current;

    if (done(ctx_context_new(&made))) {
        if (done(ctx_context_copy(made, &copy)))
            ctx_context_unref(copy);
        else
            CHECK(!copy);
        ctx_context_unref(made);
    } else {
        CHECK(!made);
    }
    if (done(ctx_current(&current)))
        ctx_context_unref(current);
}

static void set_inside(void *unused)
{
    (void)unused;
    done(ctx_set(a, 1));
    done(ctx_set(a, 2, &tokens[0]));
}

static void entering(void)
{
    ctx_context *context, *previous;

    if (!done(ctx_context_new(&context)))
        return;
    if (done(ctx_run(context, set_inside, NULL)))
        CHECK_EQ(ctxi_current() != context, true);
    if (done(ctx_enter(context))) {
        done(ctx_set(b, 1));
        CHECK_EQ(ctx_exit(context), CTX_OK);
    }
    CHECK(!is_set(b));
    if (done(ctx_swap(context, &previous)))
        set_inside(NULL); /* and the thread ends in it */
    else
        ctx_context_unref(context);
    ctx_context_unref(previous);
}

static int visit(void *user, ctx_var *var, ctx_value value)
{
    (void)var, (void)value;
    ++*(int *)user;
    return 0;
}

static void walking(void)
{
    ctx_context *current;
    int visits = 0;

    with_memory(set_many_and_share);
    CHECK_EQ(ctx_reset(&many[0], tokens[0]), CTX_OK);
    if (done(ctx_current(&current))) {
        bool walked = done(ctx_context_each(current, visit, &visits));

        CHECK_EQ(visits, walked ? MANY : 0);
        ctx_context_unref(current);
    }
    ctx_context_unref(shared);
}

/* ---- defaults, scopes --------------------------------------------------------------------- */

static int make_object(void *user, ctx_value *out_value)
{
    struct counted *made = user;

    atomic_fetch_add(&made->retained, 1);
    *out_value = counted_value(made);
    return CTX_OK;
}

static CTX_VAR_FACTORY(made_by_factory, make_object, &object);

static void factory(void)
{
    ctx_value value;

    if (!done(ctx_get(made_by_factory, &value)))
        CHECK_EQ(counted_held(&object), 0);
    done(ctx_set(a, 1));
}

static void scopes(void)
{
    bool outer;

    {
        CTX_SCOPED_AS(scope, a, "outer");
        outer = done(ctx_scope_status(&scope));
        CHECK_EQ(ctxi_scope_failed(), !outer);
        {
            CTX_SCOPED_AS(inner, a, "inner");
            ctx_value value;
            int status = ctx_get(a, &value);

            if (outer && done(ctx_scope_status(&inner)))
                CHECK_EQ(status, CTX_OK);
            else
                CHECK_EQ(status, CTX_ERR_NOMEM);
        }
    }
    CHECK(!ctxi_scope_failed());
    CHECK(!is_set(a));
}

/* ---- bound functions, tasks, threads ------------------------------------------------------- */

static void bound_functions(void)
{
    ctx_bound *bound;

    done(ctx_set(a, "captured"));
    if (!done(ctx_bind(set_inside, NULL, &bound))) {
        CHECK(!bound);
        return;
    }
    for (int i = 0; i < 3; i++) {
        done(ctx_bound_run(bound));
        ctx_bound_call(bound);
    }
    CHECK(ctx_bound_failures(bound) <= 3);
    ctx_bound_free(bound);
}

static void count_left(void *left, enum ctx_task_left what, ctx_var *var, ctx_value value)
{
    CHECK(what == CTX_TASK_SET && var == b && value.as.i64 == 7);
    ++*(int *)left;
}

static void leave_b(void *was_set)
{
    *(bool *)was_set = done(ctx_set(b, 7));
}

static void tasks(void)
{
    bool set = false;
    int left = 0;
    ctx_bound *bound;

    done(ctx_set(a, "there before"));
    done(ctx_run_task(leave_b, &set, count_left, &left));
    CHECK_EQ(left, set);
    if (done(ctx_bind(leave_b, &set, &bound))) {
        set = false;
        left = 0;
        done(ctx_bound_run_task(bound, count_left, &left));
        CHECK_EQ(left, set);
        ctx_bound_free(bound);
    }
    CHECK(!is_set(b));
}

static void *start(void *arg)
{
    *(bool *)arg = true;
    set_inside(NULL);
    return arg;
}

static void threads(void)
{
    pthread_t thread;
    bool ran = false, created;

    done(ctx_set(a, "captured"));
    created = done(ctx_thread_create(&thread, NULL, start, &ran));
    if (created)
        pthread_join(thread, NULL);
    CHECK_EQ(ran, created);
}

/* ---- what the cache uses ------------------------------------------------------------------ */

static void memos_and_reads(void)
{
    struct ctxi_memo memo = {1, 2, 3};
    struct ctxi_reads *outer = ctxi_reads_new(NULL), *inner = ctxi_reads_new(outer);
    ctx_context *current, *copy;

    if (done(ctxi_current_make(&current))) {
        ctxi_memo_keep(current, &memo);
        ctxi_reads_unref(ctxi_reads_attach(current, inner));
        is_set(a);
        if (done(ctx_copy(&copy)))
            ctx_context_unref(copy);
    }
    ctxi_reads_unref(outer);
    ctxi_reads_unref(inner);
}

/* ---- running them ------------------------------------------------------------------------- */

static const struct scenario {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"new variables", new_variables},
    {"dynamic variable outlived", dynamic_variable_outlived},
    {"first sets", first_sets},
    {"first holds", first_holds},
    {"set each type", set_each_type},
    {"failed set keeps the value", failed_set_keeps_the_value},
    {"sets in a shared tree", sets_in_a_shared_tree},
    {"growing map", growing_map},
    {"resets in a shared tree", resets_in_a_shared_tree},
    {"end with pending resets", end_with_pending_resets},
    {"contexts", contexts},
    {"entering", entering},
    {"walking", walking},
    {"factory", factory},
    {"scopes", scopes},
    {"bound functions", bound_functions},
    {"tasks", tasks},
    {"threads", threads},
    {"memos and reads", memos_and_reads},
};

static void *run(void *scenario)
{
    ((const struct scenario *)scenario)->run();
    return NULL;
}

static void run_in_thread(const struct scenario *scenario)
{
    pthread_t thread;

    CHECK_EQ(pthread_create(&thread, NULL, run, (void *)scenario), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* Fails each allocation of the scenario in turn; returns how many there were. */
static uint64_t fail_each(const struct scenario *scenario, bool for_ever)
{
    for (uint64_t nth = 0;; nth++) {
        uint64_t failed;

        support_alloc_fail(&alloc, nth, for_ever);
        run_in_thread(scenario);
        failed = atomic_load(&alloc.failed);
        support_alloc_recover(&alloc);
        CHECK_EQ(atomic_load(&alloc.live_bytes), ctxi_tokens_bytes() + ctxi_registry_bytes());
        CHECK_EQ(counted_held(&object), 0);
        if (!failed)
            return nth;
    }
}

int main(void)
{
    support_alloc_init(&alloc);
    CHECK_EQ(ctx_set_allocator(&alloc.allocator), CTX_OK);
    for (int i = 0; i < MANY; i++) { /* the lowest ids, so that the map grows level by level */
        many[i].name = "many";
        CHECK_EQ(ctxi_var_hold(&many[i], false), CTX_OK);
    }
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        uint64_t once = fail_each(&scenarios[i], false);
        uint64_t for_ever = fail_each(&scenarios[i], true);

        printf("%-28s %4" PRIu64 " allocations failed in turn, %4" PRIu64 " for ever\n",
               scenarios[i].name, once, for_ever);
    }
    return 0;
}
