/*
 * Looking into contexts: get, contains, count, each.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>
#include <stdio.h>

#include "support/object.h"

enum { MANY = 2000 };

static CTX_VAR(a);
static CTX_VAR(b);
static CTX_VAR_DEFAULT(currency, CTX_VALUE_STRING("EUR"));
static ctx_var many[MANY];

static ctx_context *current(void)
{
    ctx_context *context;

    cr_assert_eq(ctx_current(&context), CTX_OK);
    ctx_context_unref(context); /* the thread has its own reference */
    return context;
}

static size_t count(ctx_context *context)
{
    size_t n;

    cr_assert_eq(ctx_context_count(context, &n), CTX_OK);
    return n;
}

static bool contains(ctx_context *context, ctx_var *var)
{
    bool there;

    cr_assert_eq(ctx_context_contains(context, var, &there), CTX_OK);
    return there;
}

static void set_many(void)
{
    for (int i = 0; i < MANY; i++) {
        many[i].name = "many";
        cr_assert_eq(ctx_set(&many[i], i), CTX_OK);
    }
}

Test(inspect, get_finds_what_is_set)
{
    ctx_value value;

    ctx_set(a, 1);
    cr_assert_eq(ctx_context_get(current(), a, &value), CTX_OK);
    cr_assert_eq(value.as.i64, 1);
    cr_assert_eq(ctx_context_get(current(), b, &value), CTX_ERR_UNSET);
    cr_assert_eq(value.type, CTX_NULL);
}

Test(inspect, defaults_do_not_count)
{
    ctx_value value;

    cr_assert_eq(ctx_context_get(current(), currency, &value), CTX_ERR_UNSET);
    cr_assert_not(contains(current(), currency));
    cr_assert_eq(count(current()), 0);
}

Test(inspect, a_stored_null_counts)
{
    ctx_value value;

    ctx_set(a, ctx_null());
    cr_assert(contains(current(), a));
    cr_assert_eq(ctx_context_get(current(), a, &value), CTX_OK);
    cr_assert_eq(count(current()), 1);
}

Test(inspect, the_count_follows_set_and_reset)
{
    ctx_token first, second;

    ctx_set(a, 1, &first);
    cr_assert_eq(count(current()), 1);
    ctx_set(a, 2, &second);
    cr_assert_eq(count(current()), 1);
    ctx_set(b, 1);
    cr_assert_eq(count(current()), 2);
    ctx_reset(a, first);
    cr_assert_eq(count(current()), 1);
    ctx_reset(a, second);
    cr_assert_eq(count(current()), 2);
}

Test(inspect, a_copy_has_the_count)
{
    ctx_context *copy;

    set_many();
    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    cr_assert_eq(count(copy), MANY);
    ctx_set(a, 1);
    cr_assert_eq(count(copy), MANY);
    cr_assert_eq(count(current()), MANY + 1);
    ctx_context_unref(copy);
}

struct seen {
    int64_t next;
    int stop_after;
};

static int expect_next(void *user, ctx_var *var, ctx_value value)
{
    struct seen *seen = user;

    cr_assert_eq(var, &many[seen->next]);
    cr_assert_eq(value.as.i64, seen->next);
    return ++seen->next == seen->stop_after ? 77 : 0;
}

Test(each, visits_every_variable_once_in_a_fixed_order)
{
    struct seen seen = {0, 0};

    set_many();
    cr_assert_eq(ctx_context_each(current(), expect_next, &seen), 0);
    cr_assert_eq(seen.next, MANY);
    seen.next = 0;
    cr_assert_eq(ctx_context_each(current(), expect_next, &seen), 0);
}

Test(each, stops_when_it_is_told)
{
    struct seen seen = {0, 100};

    set_many();
    cr_assert_eq(ctx_context_each(current(), expect_next, &seen), 77);
    cr_assert_eq(seen.next, 100);
}

static int change_all(void *user, ctx_var *var, ctx_value value)
{
    int *visits = user;

    cr_assert_eq(value.as.i64, var - many);
    ++*visits;
    for (int i = 0; i < 20; i++)
        cr_assert_eq(ctx_set(&many[i], -1), CTX_OK);
    cr_assert_eq(ctx_set(a, 1), CTX_OK);
    return 0;
}

Test(each, sees_the_context_as_it_was_at_the_start)
{
    int visits = 0;

    for (int i = 0; i < 20; i++) {
        many[i].name = "many";
        ctx_set(&many[i], i);
    }
    cr_assert_eq(ctx_context_each(current(), change_all, &visits), 0);
    cr_assert_eq(visits, 20);
    cr_assert_eq(count(current()), 21);
}

static int end_context(void *user, ctx_var *var, ctx_value value)
{
    ctx_context **context = user;

    (void)var;
    ctx_context_unref(*context);
    *context = NULL;
    cr_assert_eq(value.as.object.kind, &counted_class);
    cr_assert_eq(counted_held(value.as.object.pointer), 1);
    return 0;
}

static void hold(void *object)
{
    ctx_set(a, counted_value(object));
}

Test(each, the_walk_outlives_the_context)
{
    static struct counted object;
    ctx_context *context;

    cr_assert_eq(ctx_context_new(&context), CTX_OK);
    cr_assert_eq(ctx_run(context, hold, &object), CTX_OK);
    cr_assert_eq(ctx_context_each(context, end_context, &context), 0);
    cr_assert_null(context);
    cr_assert_eq(counted_held(&object), 0);
}

static int never(void *user, ctx_var *var, ctx_value value)
{
    (void)user, (void)var, (void)value;
    return 1;
}

Test(each, visits_nothing_in_an_empty_context)
{
    cr_assert_eq(ctx_context_each(current(), never, NULL), 0);
}

Test(inspect, null_arguments_are_invalid)
{
    ctx_value value;
    size_t n;
    bool there;

    cr_assert_eq(ctx_context_get(NULL, a, &value), CTX_ERR_INVALID);
    cr_assert_eq(ctx_context_get(current(), NULL, &value), CTX_ERR_INVALID);
    cr_assert_eq(ctx_context_get(current(), a, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_context_contains(NULL, a, &there), CTX_ERR_INVALID);
    cr_assert_eq(ctx_context_contains(current(), NULL, &there), CTX_ERR_INVALID);
    cr_assert_eq(ctx_context_contains(current(), a, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_context_count(NULL, &n), CTX_ERR_INVALID);
    cr_assert_eq(ctx_context_count(current(), NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_context_each(NULL, never, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_context_each(current(), NULL, NULL), CTX_ERR_INVALID);
}
