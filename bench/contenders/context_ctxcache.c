/*
 * ctxcache's context store. The variable that is read and set is static, as a program's variables
 * are; those that fill the context beside it are made at run time.
 */
#include <stdlib.h>

#include <ctxcache.h>

#include "context_contender.h"
#include "die.h"

static CTX_VAR(measured);
static CTX_VAR_DEFAULT(with_default, CTX_VALUE_I64(7));

static ctx_var **others;
static unsigned other_count;

static __thread ctx_context *entered;

static void check(int status, const char *what)
{
    if (status != CTX_OK)
        die("ctxcache: %s: %s", what, ctx_strerror(status));
}

/* ---- contexts ----------------------------------------------------------------------------- */

static void prepare(unsigned variables)
{
    other_count = variables - 1;
    others = die_calloc(other_count, sizeof *others);
    for (unsigned i = 0; i < other_count; i++) {
        ctx_var_config config = CTX_VAR_CONFIG_INIT;

        config.name = "other";
        check(ctx_var_new(&config, &others[i]), "ctx_var_new()");
    }
}

static void finish(void)
{
    for (unsigned i = 0; i < other_count; i++)
        ctx_var_free(others[i]);
    free(others);
}

static void enter(void)
{
    ctx_token token;

    check(ctx_context_new(&entered), "ctx_context_new()");
    check(ctx_enter(entered), "ctx_enter()");
    check(ctx_set(measured, (int64_t)42), "ctx_set()");
    for (unsigned i = 0; i < other_count; i++)
        check(ctx_set(others[i], (int64_t)i), "ctx_set()");
    /* A variable that was set before, though it is not now, as it is in a program. */
    check(ctx_set(with_default, 8, &token), "ctx_set()");
    check(ctx_reset(with_default, token), "ctx_reset()");
}

static void leave(void)
{
    check(ctx_exit(entered), "ctx_exit()");
    ctx_context_unref(entered);
}

/* ---- operations --------------------------------------------------------------------------- */

static void get_variable(ctx_var *var, size_t count)
{
    int status = CTX_OK;
    int64_t value;

    for (size_t i = 0; i < count; i++) {
        status |= ctx_get_i64(var, &value);
        __asm__ volatile("" : : "r"(value));
    }
    check(status, "ctx_get_i64()");
}

static void get(size_t count)
{
    get_variable(measured, count);
}

static void get_default(size_t count)
{
    get_variable(with_default, count);
}

static void set_reset(size_t count)
{
    int status = CTX_OK;

    for (size_t i = 0; i < count; i++) {
        ctx_token token;

        status |= ctx_set(measured, (int64_t)i, &token);
        status |= ctx_reset(measured, token);
    }
    check(status, "ctx_set() and ctx_reset()");
}

static void set(size_t count)
{
    int status = CTX_OK;

    for (size_t i = 0; i < count; i++)
        status |= ctx_set(measured, (int64_t)i);
    check(status, "ctx_set()");
}

static void copy(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ctx_context *context;

        check(ctx_copy(&context), "ctx_copy()");
        ctx_context_unref(context);
    }
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static void set_measured(void *arg)
{
    check(ctx_set(measured, *(int64_t *)arg), "ctx_set()");
}

static void run(size_t count)
{
    ctx_context *context;
    int status = CTX_OK;

    check(ctx_copy(&context), "ctx_copy()");
    for (size_t i = 0; i < count; i++)
        status |= ctx_run(context, do_nothing, NULL);
    check(status, "ctx_run()");
    ctx_context_unref(context);
}

static void copy_run_set(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ctx_context *context;
        int64_t value = (int64_t)i;

        check(ctx_copy(&context), "ctx_copy()");
        check(ctx_run(context, set_measured, &value), "ctx_run()");
        ctx_context_unref(context);
    }
}

static void bind_run(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ctx_bound *bound;

        check(ctx_bind(do_nothing, NULL, &bound), "ctx_bind()");
        check(ctx_bound_run(bound), "ctx_bound_run()");
        ctx_bound_free(bound);
    }
}

/* An entered context, and another that is entered on top of it and left. */
static void switch_context(size_t count)
{
    ctx_context *context;
    int status = CTX_OK;

    check(ctx_copy(&context), "ctx_copy()");
    for (size_t i = 0; i < count; i++) {
        status |= ctx_enter(context);
        status |= ctx_exit(context);
    }
    check(status, "ctx_enter() and ctx_exit()");
    ctx_context_unref(context);
}

static void swap_context(size_t count)
{
    ctx_context *context, *previous;
    int status = CTX_OK;

    check(ctx_copy(&context), "ctx_copy()");
    for (size_t i = 0; i < count; i++) {
        status |= ctx_swap(context, &previous);
        status |= ctx_swap(previous, &context);
    }
    check(status, "ctx_swap()");
    ctx_context_unref(context);
}

const struct context_contender context_ctxcache = {
    .name = "ctxcache",
    .about = "the context store",
    .prepare = prepare,
    .finish = finish,
    .enter = enter,
    .leave = leave,
    .operations = {[CONTEXT_GET] = get,
                   [CONTEXT_GET_DEFAULT] = get_default,
                   [CONTEXT_SET_RESET] = set_reset,
                   [CONTEXT_SET] = set,
                   [CONTEXT_COPY] = copy,
                   [CONTEXT_RUN] = run,
                   [CONTEXT_COPY_RUN_SET] = copy_run_set,
                   [CONTEXT_BIND_RUN] = bind_run,
                   [ASYNC_SWITCH] = switch_context,
                   [ASYNC_SWAP] = swap_context},
};
