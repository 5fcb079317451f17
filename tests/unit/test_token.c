/*
 * Tokens and reset: CPython's order of checks, reuse, order, strict variables, age.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>
#include <pthread.h>

#include "support/object.h"

static CTX_VAR(a);
static CTX_VAR(b);
static CTX_VAR_STRICT(transaction);

static ctx_token set_token(ctx_var *var, int64_t value)
{
    ctx_token token;

    cr_assert_eq(ctx_set(var, value, &token), CTX_OK);
    return token;
}

static void assert_i64(ctx_var *var, int64_t expected)
{
    int64_t value;

    cr_assert_eq(ctx_get_i64(var, &value), CTX_OK);
    cr_assert_eq(value, expected);
}

static void assert_unset(ctx_var *var)
{
    ctx_value value;

    cr_assert_eq(ctx_get(var, &value), CTX_ERR_UNSET);
}

Test(reset, restores_the_value_before)
{
    ctx_token token;

    ctx_set(a, 1);
    token = set_token(a, 2);
    cr_assert_eq(ctx_reset(a, token), CTX_OK);
    assert_i64(a, 1);
}

Test(reset, restores_unset)
{
    ctx_token token = set_token(a, 2);

    cr_assert_eq(ctx_reset(a, token), CTX_OK);
    assert_unset(a);
}

Test(reset, restores_a_stored_null)
{
    ctx_token token;
    ctx_value value;

    ctx_set(a, ctx_null());
    token = set_token(a, 2);
    cr_assert_eq(ctx_reset(a, token), CTX_OK);
    cr_assert_eq(ctx_get(a, &value), CTX_OK);
    cr_assert_eq(value.type, CTX_NULL);
}

Test(reset, a_token_works_once)
{
    ctx_token token = set_token(a, 2);

    cr_assert_eq(ctx_reset(a, token), CTX_OK);
    ctx_set(a, 3);
    cr_assert_eq(ctx_reset(a, token), CTX_ERR_TOKEN_USED);
    assert_i64(a, 3);
}

Test(reset, a_copy_of_a_used_token_is_used)
{
    ctx_token token = set_token(a, 2), copy = token;

    cr_assert_eq(ctx_reset(a, token), CTX_OK);
    cr_assert_eq(ctx_reset(a, copy), CTX_ERR_TOKEN_USED);
}

Test(reset, a_used_token_stays_used_when_its_memory_is_used_again)
{
    ctx_token token = set_token(a, 2);

    cr_assert_eq(ctx_reset(a, token), CTX_OK);
    for (int i = 0; i < 1000; i++) {
        ctx_token next = set_token(a, i);

        cr_assert_eq(ctx_reset(a, token), CTX_ERR_TOKEN_USED);
        cr_assert_eq(ctx_reset(a, next), CTX_OK);
    }
}

Test(reset, another_variable_is_refused_and_the_token_stays_good)
{
    ctx_token token = set_token(a, 2);

    cr_assert_eq(ctx_reset(b, token), CTX_ERR_TOKEN_VAR);
    assert_i64(a, 2);
    cr_assert_eq(ctx_reset(a, token), CTX_OK);
    assert_unset(a);
}

struct attempt {
    ctx_var *var;
    ctx_token token;
    int status;
};

static void try_reset(void *arg)
{
    struct attempt *attempt = arg;

    attempt->status = ctx_reset(attempt->var, attempt->token);
}

Test(reset, another_context_is_refused_and_the_token_stays_good)
{
    struct attempt attempt = {a, set_token(a, 2), CTX_OK};
    ctx_context *copy;

    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    cr_assert_eq(ctx_run(copy, try_reset, &attempt), CTX_OK);
    cr_assert_eq(attempt.status, CTX_ERR_TOKEN_CONTEXT);
    cr_assert_eq(ctx_reset(a, attempt.token), CTX_OK);
    ctx_context_unref(copy);
}

static void *reset_in_thread(void *arg)
{
    try_reset(arg);
    return NULL;
}

Test(reset, a_thread_without_context_is_another_context)
{
    struct attempt attempt = {a, set_token(a, 2), CTX_OK};
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, reset_in_thread, &attempt), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(attempt.status, CTX_ERR_TOKEN_CONTEXT);
    cr_assert_eq(ctx_reset(a, attempt.token), CTX_OK);
}

Test(reset, used_is_told_before_variable_and_context)
{
    struct attempt attempt = {b, set_token(a, 2), CTX_OK};
    ctx_context *copy;

    cr_assert_eq(ctx_reset(a, attempt.token), CTX_OK);
    cr_assert_eq(ctx_reset(b, attempt.token), CTX_ERR_TOKEN_USED);
    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    cr_assert_eq(ctx_run(copy, try_reset, &attempt), CTX_OK);
    cr_assert_eq(attempt.status, CTX_ERR_TOKEN_USED);
    ctx_context_unref(copy);
}

Test(reset, variable_is_told_before_context)
{
    struct attempt attempt = {b, set_token(a, 2), CTX_OK};
    ctx_context *copy;

    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    cr_assert_eq(ctx_run(copy, try_reset, &attempt), CTX_OK);
    cr_assert_eq(attempt.status, CTX_ERR_TOKEN_VAR);
    ctx_context_unref(copy);
}

Test(reset, no_token_and_no_variable_are_invalid)
{
    ctx_token token = set_token(a, 2);

    cr_assert_eq(ctx_reset(a, CTX_TOKEN_NONE), CTX_ERR_INVALID);
    cr_assert_eq(ctx_reset(NULL, token), CTX_ERR_INVALID);
    cr_assert_eq(ctx_reset(a, token), CTX_OK);
}

/* CPython: var.set(1), t1 = var.set(2), t2 = var.set(3), var.reset(t1), var.reset(t2) leaves 2. */
Test(reset, out_of_order_as_in_cpython)
{
    ctx_token first, second;

    ctx_set(a, 1);
    first = set_token(a, 2);
    second = set_token(a, 3);
    cr_assert_eq(ctx_reset(a, first), CTX_OK);
    assert_i64(a, 1);
    cr_assert_eq(ctx_reset(a, second), CTX_OK);
    assert_i64(a, 2);
}

Test(reset, out_of_order_may_end_with_a_value_that_began_unset)
{
    ctx_token first = set_token(a, 1), second = set_token(a, 2);

    cr_assert_eq(ctx_reset(a, first), CTX_OK);
    assert_unset(a);
    cr_assert_eq(ctx_reset(a, second), CTX_OK);
    assert_i64(a, 1);
}

Test(strict, refuses_an_older_token_first)
{
    ctx_token first = set_token(transaction, 1), second = set_token(transaction, 2);

    cr_assert_eq(ctx_reset(transaction, first), CTX_ERR_ORDER);
    assert_i64(transaction, 2);
    cr_assert_eq(ctx_reset(transaction, second), CTX_OK);
    cr_assert_eq(ctx_reset(transaction, first), CTX_OK);
    assert_unset(transaction);
}

Test(strict, tokens_of_other_variables_do_not_matter)
{
    ctx_token first = set_token(transaction, 1), second = set_token(a, 2);

    cr_assert_eq(ctx_reset(transaction, first), CTX_OK);
    cr_assert_eq(ctx_reset(a, second), CTX_OK);
}

Test(strict, sets_without_token_do_not_matter)
{
    ctx_token first = set_token(transaction, 1);

    ctx_set(transaction, 2);
    cr_assert_eq(ctx_reset(transaction, first), CTX_OK);
    assert_unset(transaction);
}

Test(strict, order_is_told_last)
{
    struct attempt attempt = {transaction, set_token(transaction, 1), CTX_OK};
    ctx_context *copy;

    set_token(transaction, 2);
    cr_assert_eq(ctx_reset(a, attempt.token), CTX_ERR_TOKEN_VAR);
    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    cr_assert_eq(ctx_run(copy, try_reset, &attempt), CTX_OK);
    cr_assert_eq(attempt.status, CTX_ERR_TOKEN_CONTEXT);
    ctx_context_unref(copy);
}

static void set_and_keep(void *token)
{
    *(ctx_token *)token = set_token(a, 1);
}

Test(token, of_a_context_that_is_gone_is_used)
{
    ctx_context *context;
    ctx_token token;

    cr_assert_eq(ctx_context_new(&context), CTX_OK);
    cr_assert_eq(ctx_run(context, set_and_keep, &token), CTX_OK);
    cr_assert_eq(ctx_reset(a, token), CTX_ERR_TOKEN_CONTEXT);
    ctx_context_unref(context);
    cr_assert_eq(ctx_reset(a, token), CTX_ERR_TOKEN_USED);
}

Test(token, is_good_after_its_context_was_left_and_entered_again)
{
    ctx_context *context;
    struct attempt attempt = {a, CTX_TOKEN_NONE, CTX_OK};
    bool contains;

    cr_assert_eq(ctx_context_new(&context), CTX_OK);
    cr_assert_eq(ctx_run(context, set_and_keep, &attempt.token), CTX_OK);
    cr_assert_eq(ctx_run(context, try_reset, &attempt), CTX_OK);
    cr_assert_eq(attempt.status, CTX_OK);
    cr_assert_eq(ctx_context_contains(context, a, &contains), CTX_OK);
    cr_assert_not(contains);
    ctx_context_unref(context);
}

Test(token, does_not_follow_a_copy)
{
    ctx_token token = set_token(a, 1);
    struct attempt attempt = {a, token, CTX_OK};
    ctx_context *copy;

    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    cr_assert_eq(ctx_run(copy, try_reset, &attempt), CTX_OK);
    cr_assert_eq(attempt.status, CTX_ERR_TOKEN_CONTEXT);
    ctx_context_unref(copy);
}

Test(token, the_newest_ones_are_remembered_and_older_ones_dropped)
{
    static struct counted object;
    ctx_token oldest, second;

    ctx_set(a, counted_value(&object));
    oldest = set_token(a, 0);
    second = set_token(a, 1);
    for (int i = 2; i < CTX_TOKENS_MAX; i++)
        set_token(a, i);
    cr_assert_eq(counted_held(&object), 1);
    set_token(a, CTX_TOKENS_MAX);
    cr_assert_eq(counted_held(&object), 0);
    cr_assert_eq(ctx_reset(a, oldest), CTX_ERR_TOKEN_USED);
    cr_assert_eq(ctx_reset(a, second), CTX_OK);
    assert_i64(a, 0);
}

Test(token, many_unused_ones_are_given_back_in_any_order)
{
    enum { COUNT = 1000 };
    static ctx_token tokens[COUNT];

    for (int i = 0; i < COUNT; i++)
        tokens[i] = set_token(i % 2 ? a : b, i);
    for (int i = 0; i < COUNT; i += 3)
        cr_assert_eq(ctx_reset(i % 2 ? a : b, tokens[i]), CTX_OK);
    for (int i = COUNT - 1; i >= 0; i--)
        cr_assert_eq(ctx_reset(i % 2 ? a : b, tokens[i]), i % 3 ? CTX_OK : CTX_ERR_TOKEN_USED);
}
