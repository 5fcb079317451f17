/*
 * CTX_SCOPED: ends with its block, and fails closed.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>
#include <pthread.h>

#include "context/store.h"
#include "support/alloc.h"

static CTX_VAR(tenant);
static CTX_VAR(other);
static CTX_VAR_DEFAULT(with_default, CTX_VALUE_STRING("outer"));
static CTX_VAR_STRICT(transaction);

static const char *now(ctx_var *var)
{
    const char *text;

    return ctx_get_string(var, &text) == CTX_OK ? text : "unset";
}

Test(scope, ends_with_its_block)
{
    {
        CTX_SCOPED(tenant, "acme");
        cr_assert_str_eq(now(tenant), "acme");
    }
    cr_assert_str_eq(now(tenant), "unset");
}

Test(scope, restores_what_was_there)
{
    ctx_set(tenant, "outer");
    {
        CTX_SCOPED(tenant, "acme");
        cr_assert_str_eq(now(tenant), "acme");
    }
    cr_assert_str_eq(now(tenant), "outer");
}

Test(scope, nests)
{
    CTX_SCOPED(tenant, "one");
    {
        CTX_SCOPED(tenant, "two");
        CTX_SCOPED(other, "more");
        cr_assert_str_eq(now(tenant), "two");
        cr_assert_str_eq(now(other), "more");
    }
    cr_assert_str_eq(now(tenant), "one");
    cr_assert_str_eq(now(other), "unset");
}

Test(scope, two_of_a_strict_variable_end_in_order)
{
    {
        CTX_SCOPED(transaction, "one");
        CTX_SCOPED(transaction, "two");
        cr_assert_str_eq(now(transaction), "two");
    }
    cr_assert_str_eq(now(transaction), "unset");
}

static int leave_early(bool early)
{
    CTX_SCOPED(tenant, "acme");
    if (early)
        return 1;
    return 2;
}

Test(scope, ends_at_early_return)
{
    cr_assert_eq(leave_early(true), 1);
    cr_assert_str_eq(now(tenant), "unset");
    cr_assert_eq(leave_early(false), 2);
    cr_assert_str_eq(now(tenant), "unset");
}

Test(scope, ends_at_break_and_goto)
{
    for (int i = 0; i < 3; i++) {
        CTX_SCOPED(tenant, "acme");
        if (i == 1)
            break;
    }
    cr_assert_str_eq(now(tenant), "unset");
    {
        CTX_SCOPED(tenant, "acme");
        goto out;
    }
out:
    cr_assert_str_eq(now(tenant), "unset");
}

Test(scope, a_second_end_does_nothing)
{
    ctx_scope scope;

    ctx_set(tenant, "before");
    scope = ctx_scope_begin(tenant, ctx_string("acme"));
    ctx_scope_end(&scope);
    ctx_set(tenant, "after");
    ctx_scope_end(&scope);
    ctx_scope_end(NULL);
    cr_assert_str_eq(now(tenant), "after");
}

Test(scope, one_that_was_reset_by_hand_ends_without_effect)
{
    ctx_scope scope;

    ctx_set(tenant, "before");
    scope = ctx_scope_begin(tenant, ctx_string("acme"));
    cr_assert_eq(ctx_reset(tenant, scope.token), CTX_OK);
    ctx_set(tenant, "after");
    ctx_scope_end(&scope);
    cr_assert_str_eq(now(tenant), "after");
}

Test(scope, tells_its_status)
{
    CTX_SCOPED_AS(good, tenant, "acme");
    cr_assert_eq(ctx_scope_status(&good), CTX_OK);
    CTX_SCOPED_AS(bad, NULL, "acme");
    cr_assert_eq(ctx_scope_status(&bad), CTX_ERR_INVALID);
}

static pthread_t cancelled;
static ctx_context *seen;

static void *cancel_inside(void *unused)
{
    cr_assert_eq(ctx_current(&seen), CTX_OK);
    CTX_SCOPED(tenant, "acme");
    pthread_cancel(pthread_self());
    pthread_testcancel();
    return unused;
}

static void *exit_inside(void *unused)
{
    cr_assert_eq(ctx_current(&seen), CTX_OK);
    CTX_SCOPED(tenant, "acme");
    pthread_exit(unused);
}

static void assert_ended(void *(*body)(void *unused))
{
    bool there;

    cr_assert_eq(pthread_create(&cancelled, NULL, body, NULL), 0);
    pthread_join(cancelled, NULL);
    cr_assert_eq(ctx_context_contains(seen, tenant, &there), CTX_OK);
    cr_assert_not(there);
    ctx_context_unref(seen);
}

Test(scope, ends_at_cancellation)
{
    assert_ended(cancel_inside);
}

Test(scope, ends_at_the_exit_of_the_thread)
{
    assert_ended(exit_inside);
}

/* ---- a scope that cannot set its value ---------------------------------------------------- */

static int visit(void *user, ctx_var *var, ctx_value value)
{
    (void)user, (void)var, (void)value;
    return 1;
}

static void run_nothing(void *ran)
{
    *(bool *)ran = true;
}

static void *start_nothing(void *unused)
{
    return unused;
}

Test(failed_scope, nothing_can_be_read)
{
    ctx_value value = ctx_i64(1);
    const char *text;
    ctx_context *idle;
    size_t n;
    bool there;

    ctx_set(tenant, "outer");
    cr_assert_eq(ctx_context_new(&idle), CTX_OK);
    {
        CTX_SCOPED(NULL, "acme");
        cr_assert(ctxi_scope_failed());
        cr_assert_eq(ctx_get(tenant, &value), CTX_ERR_NOMEM);
        cr_assert_eq(value.type, CTX_NULL);
        cr_assert_eq(ctx_get_or(tenant, ctx_i64(1), &value), CTX_ERR_NOMEM);
        cr_assert_eq(ctx_get_string(tenant, &text), CTX_ERR_NOMEM);
        cr_assert_eq(ctx_get_string(with_default, &text), CTX_ERR_NOMEM);
        cr_assert_eq(ctx_context_get(idle, tenant, &value), CTX_ERR_NOMEM);
        cr_assert_eq(ctx_context_contains(idle, tenant, &there), CTX_ERR_NOMEM);
        cr_assert_eq(ctx_context_count(idle, &n), CTX_ERR_NOMEM);
        cr_assert_eq(ctx_context_each(idle, visit, NULL), CTX_ERR_NOMEM);
        cr_assert_eq(ctxi_lookup(ctxi_current(), tenant, false, &value), CTX_ERR_NOMEM);
    }
    cr_assert_not(ctxi_scope_failed());
    cr_assert_str_eq(now(tenant), "outer");
    ctx_context_unref(idle);
}

Test(failed_scope, nothing_can_be_handed_on)
{
    ctx_context *idle, *copy;
    ctx_bound *bound, *before;
    pthread_t thread;
    bool ran = false;

    cr_assert_eq(ctx_context_new(&idle), CTX_OK);
    cr_assert_eq(ctx_bind(run_nothing, &ran, &before), CTX_OK);
    CTX_SCOPED(NULL, "acme");
    cr_assert_eq(ctx_copy(&copy), CTX_ERR_NOMEM);
    cr_assert_null(copy);
    cr_assert_eq(ctx_context_copy(idle, &copy), CTX_ERR_NOMEM);
    cr_assert_eq(ctx_bind(run_nothing, &ran, &bound), CTX_ERR_NOMEM);
    cr_assert_null(bound);
    cr_assert_eq(ctx_bound_run(before), CTX_ERR_NOMEM);
    cr_assert_eq(ctx_thread_create(&thread, NULL, start_nothing, NULL), CTX_ERR_NOMEM);
    cr_assert_not(ran);
    ctx_bound_free(before);
    ctx_context_unref(idle);
}

Test(failed_scope, an_inner_one_that_succeeds_does_not_help)
{
    CTX_SCOPED(NULL, "acme");
    {
        CTX_SCOPED(tenant, "inner");
        cr_assert_str_eq(now(tenant), "unset");
    }
    cr_assert(ctxi_scope_failed());
}

Test(failed_scope, all_of_them_must_end)
{
    ctx_scope first = ctx_scope_begin(NULL, ctx_null());
    ctx_scope second = ctx_scope_begin(NULL, ctx_null());

    ctx_scope_end(&first);
    ctx_scope_end(&first);
    cr_assert(ctxi_scope_failed());
    ctx_scope_end(&second);
    cr_assert_not(ctxi_scope_failed());
}

Test(failed_scope, goes_with_what_is_swapped_out)
{
    ctx_context *suspended, *meanwhile, *copy;

    ctx_set(tenant, "acme");
    {
        CTX_SCOPED(NULL, "fails");
        cr_assert_eq(ctx_swap(NULL, &suspended), CTX_OK);
        ctx_set(tenant, "bolt");
        cr_assert_str_eq(now(tenant), "bolt");
        cr_assert_eq(ctx_context_copy(suspended, &copy), CTX_ERR_NOMEM);
        cr_assert_eq(ctx_swap(suspended, &meanwhile), CTX_OK);
        cr_assert(ctxi_scope_failed());
        ctx_context_unref(meanwhile);
    }
    cr_assert_str_eq(now(tenant), "acme");
}

static void *resume(void *suspended)
{
    ctx_context *none;
    ctx_value value;

    ctx_swap(suspended, &none);
    return (void *)(intptr_t)(ctx_get(tenant, &value) == CTX_ERR_NOMEM);
}

Test(failed_scope, that_was_swapped_out_holds_on_another_thread)
{
    ctx_context *suspended;
    pthread_t thread;
    void *held;

    ctx_set(tenant, "acme");
    CTX_SCOPED(NULL, "fails");
    cr_assert_eq(ctx_swap(NULL, &suspended), CTX_OK);
    cr_assert_eq(pthread_create(&thread, NULL, resume, suspended), 0);
    pthread_join(thread, &held);
    cr_assert_not_null(held);
}

Test(failed_scope, without_a_context_stays_around_what_is_swapped_in)
{
    ctx_context *context, *none;

    cr_assert_eq(ctx_context_new(&context), CTX_OK);
    {
        CTX_SCOPED(NULL, "fails");
        cr_assert_eq(ctx_swap(context, &none), CTX_OK);
        cr_assert(ctxi_scope_failed());
        cr_assert_eq(ctx_swap(NULL, &context), CTX_OK);
    }
    cr_assert_not(ctxi_scope_failed());
    cr_assert_eq(ctx_swap(context, &none), CTX_OK);
    cr_assert_not(ctxi_scope_failed());
}

Test(failed_scope, comes_from_a_failed_allocation)
{
    static struct support_alloc alloc;

    support_alloc_init(&alloc);
    cr_assert_eq(ctx_set_allocator(&alloc.allocator), CTX_OK);
    support_alloc_fail(&alloc, 0, true);
    {
        CTX_SCOPED_AS(scope, tenant, "acme");
        cr_assert_eq(ctx_scope_status(&scope), CTX_ERR_NOMEM);
        cr_assert(ctxi_scope_failed());
        support_alloc_recover(&alloc);
        cr_assert_str_eq(now(tenant), "unset");
    }
    cr_assert_not(ctxi_scope_failed());
}

static void *fail_elsewhere(void *unused)
{
    CTX_SCOPED(NULL, "acme");
    pthread_exit(unused);
}

Test(failed_scope, is_of_its_thread_alone)
{
    pthread_t thread;

    ctx_set(tenant, "here");
    cr_assert_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
    cr_assert_str_eq(now(tenant), "here");
    pthread_join(thread, NULL);
}
