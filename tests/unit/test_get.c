/*
 * Reading: values, call-site defaults, defaults, factories, types.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>
#include <float.h>

#include "support/object.h"

static CTX_VAR(plain);
static CTX_VAR_DEFAULT(currency, CTX_VALUE_STRING("EUR"));
static CTX_VAR_DEFAULT(nothing, CTX_VALUE_NULL);

static int64_t i64_of(ctx_var *var)
{
    int64_t value = -1;

    cr_assert_eq(ctx_get_i64(var, &value), CTX_OK);
    return value;
}

Test(get, without_value_and_default_it_is_unset)
{
    ctx_value value = ctx_i64(7);

    cr_assert_eq(ctx_get(plain, &value), CTX_ERR_UNSET);
    cr_assert_eq(value.type, CTX_NULL);
    ctx_set(currency, "USD"); /* a context that holds something else */
    cr_assert_eq(ctx_get(plain, &value), CTX_ERR_UNSET);
}

Test(get, a_value_comes_before_both_defaults)
{
    ctx_value value;

    ctx_set(currency, "USD");
    cr_assert_eq(ctx_get_or(currency, ctx_string("GBP"), &value), CTX_OK);
    cr_assert_str_eq(value.as.string.data, "USD");
    cr_assert_eq(ctx_get(currency, &value), CTX_OK);
    cr_assert_str_eq(value.as.string.data, "USD");
}

Test(get, the_call_site_default_comes_before_the_variables_own)
{
    ctx_value value;

    cr_assert_eq(ctx_get_or(currency, ctx_string("GBP"), &value), CTX_OK);
    cr_assert_str_eq(value.as.string.data, "GBP");
    cr_assert_eq(ctx_get(currency, &value), CTX_OK);
    cr_assert_str_eq(value.as.string.data, "EUR");
}

static const char *currency_now(void)
{
    const char *text = "?";

    cr_assert_eq(ctx_get_string(currency, &text), CTX_OK);
    return text;
}

Test(get, the_default_is_what_there_is_without_a_value)
{
    ctx_context *other;
    ctx_token token;

    cr_assert_str_eq(currency_now(), "EUR"); /* without a context */
    ctx_set(plain, 1);
    cr_assert_str_eq(currency_now(), "EUR"); /* without an id */
    ctx_set(currency, "USD", &token);
    cr_assert_eq(ctx_copy(&other), CTX_OK);
    ctx_reset(currency, token);
    cr_assert_str_eq(currency_now(), "EUR"); /* no more */
    ctx_enter(other);
    cr_assert_str_eq(currency_now(), "USD");
    ctx_exit(other);
    cr_assert_str_eq(currency_now(), "EUR"); /* here */
    ctx_context_unref(other);
}

Test(get, a_call_site_default_of_null_is_a_default)
{
    ctx_value value = ctx_i64(7);

    cr_assert_eq(ctx_get_or(plain, ctx_null(), &value), CTX_OK);
    cr_assert_eq(value.type, CTX_NULL);
}

Test(get, a_stored_null_is_not_unset)
{
    ctx_value value = ctx_i64(7);

    ctx_set(plain, ctx_null());
    cr_assert_eq(ctx_get(plain, &value), CTX_OK);
    cr_assert_eq(value.type, CTX_NULL);
    value = ctx_i64(7);
    cr_assert_eq(ctx_get_or(plain, ctx_i64(1), &value), CTX_OK);
    cr_assert_eq(value.type, CTX_NULL);
}

Test(get, a_stored_null_object_is_not_unset)
{
    static const ctx_object_class kind = {sizeof kind, "kind", NULL, NULL, NULL};
    void *pointer = &pointer;

    ctx_set(plain, ctx_object(NULL, &kind));
    cr_assert_eq(ctx_get_object(plain, &kind, &pointer), CTX_OK);
    cr_assert_null(pointer);
}

Test(get, a_default_of_null_is_a_value)
{
    ctx_value value = ctx_i64(7);

    cr_assert_eq(ctx_get(nothing, &value), CTX_OK);
    cr_assert_eq(value.type, CTX_NULL);
}

Test(get, each_type_comes_back_as_it_was_set)
{
    bool flag = false;
    int64_t i = 0;
    uint64_t u = 0;
    double f = 0;
    const char *text = NULL;

    ctx_set(plain, ctx_bool(true));
    cr_assert_eq(ctx_get_bool(plain, &flag), CTX_OK);
    cr_assert(flag);
    ctx_set(plain, INT64_MIN);
    cr_assert_eq(ctx_get_i64(plain, &i), CTX_OK);
    cr_assert_eq(i, INT64_MIN);
    ctx_set(plain, UINT64_MAX);
    cr_assert_eq(ctx_get_u64(plain, &u), CTX_OK);
    cr_assert_eq(u, UINT64_MAX);
    ctx_set(plain, DBL_MIN);
    cr_assert_eq(ctx_get_f64(plain, &f), CTX_OK);
    cr_assert(f == DBL_MIN);
    ctx_set(plain, "acme");
    cr_assert_eq(ctx_get_string(plain, &text), CTX_OK);
    cr_assert_str_eq(text, "acme");
}

Test(get, bytes_come_back_with_their_size)
{
    ctx_value value;

    ctx_set(plain, ctx_bytes("a\0b", 3));
    cr_assert_eq(ctx_get(plain, &value), CTX_OK);
    cr_assert_eq(value.type, CTX_BYTES);
    cr_assert_eq(value.as.bytes.size, 3);
    cr_assert_arr_eq(value.as.bytes.data, "a\0b", 3);
}

Test(get, empty_strings_and_bytes_are_not_null)
{
    ctx_value value;

    ctx_set(plain, "");
    cr_assert_eq(ctx_get(plain, &value), CTX_OK);
    cr_assert_eq(value.type, CTX_STRING);
    cr_assert_str_eq(value.as.string.data, "");
    ctx_set(plain, ctx_bytes("", 0));
    cr_assert_eq(ctx_get(plain, &value), CTX_OK);
    cr_assert_eq(value.type, CTX_BYTES);
    cr_assert_not_null(value.as.bytes.data);
}

Test(get, another_type_is_an_error_and_writes_nothing)
{
    bool flag = true;
    int64_t i = 5;
    uint64_t u = 5;
    double f = 5;
    const char *text = "before";
    void *pointer = &i;

    ctx_set(plain, 1u);
    cr_assert_eq(ctx_get_bool(plain, &flag), CTX_ERR_TYPE);
    cr_assert_eq(ctx_get_i64(plain, &i), CTX_ERR_TYPE);
    cr_assert_eq(ctx_get_f64(plain, &f), CTX_ERR_TYPE);
    cr_assert_eq(ctx_get_string(plain, &text), CTX_ERR_TYPE);
    cr_assert_eq(ctx_get_object(plain, &counted_class, &pointer), CTX_ERR_TYPE);
    ctx_set(plain, 1);
    cr_assert_eq(ctx_get_u64(plain, &u), CTX_ERR_TYPE);
    cr_assert(flag && i == 5 && u == 5 && f == 5 && pointer == &i);
    cr_assert_str_eq(text, "before");
}

Test(get, an_object_of_another_class_is_an_error)
{
    static const ctx_object_class other = {sizeof other, "other", NULL, NULL, NULL};
    static struct counted object;
    void *pointer = NULL;

    ctx_set(plain, counted_value(&object));
    cr_assert_eq(ctx_get_object(plain, &other, &pointer), CTX_ERR_TYPE);
    cr_assert_eq(ctx_get_object(plain, &counted_class, &pointer), CTX_OK);
    cr_assert_eq(pointer, &object);
}

Test(get, null_is_a_null_string_and_no_other_type)
{
    const char *text = "before";
    int64_t i = 5;

    ctx_set(plain, (const char *)NULL);
    cr_assert_eq(ctx_get_string(plain, &text), CTX_OK);
    cr_assert_null(text);
    cr_assert_eq(ctx_get_i64(plain, &i), CTX_ERR_TYPE);
}

Test(get, unset_is_told_before_the_type)
{
    int64_t i;

    cr_assert_eq(ctx_get_i64(plain, &i), CTX_ERR_UNSET);
}

Test(get, null_arguments_are_invalid)
{
    ctx_value value;
    int64_t i;
    void *pointer;

    cr_assert_eq(ctx_get(NULL, &value), CTX_ERR_INVALID);
    cr_assert_eq(ctx_get(plain, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_get_or(NULL, ctx_null(), &value), CTX_ERR_INVALID);
    cr_assert_eq(ctx_get_or(plain, ctx_null(), NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_get_bool(plain, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_get_i64(NULL, &i), CTX_ERR_INVALID);
    cr_assert_eq(ctx_get_u64(plain, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_get_f64(plain, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_get_string(plain, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_get_object(plain, NULL, &pointer), CTX_ERR_INVALID);
    cr_assert_eq(ctx_get_object(plain, &counted_class, NULL), CTX_ERR_INVALID);
}

Test(get, a_borrowed_string_stays_while_other_variables_change)
{
    const char *text;

    ctx_set(plain, "acme");
    cr_assert_eq(ctx_get_string(plain, &text), CTX_OK);
    for (int i = 0; i < 100; i++) {
        ctx_context *copy;

        cr_assert_eq(ctx_copy(&copy), CTX_OK);
        ctx_set(currency, "USD");
        ctx_set(nothing, i);
        ctx_context_unref(copy);
    }
    cr_assert_str_eq(text, "acme");
}

/* ---- factories ---------------------------------------------------------------------------- */

static int made;

static int make_number(void *user, ctx_value *out_value)
{
    *out_value = ctx_i64(*(int64_t *)user + made++);
    return CTX_OK;
}

static int64_t first = 100;
static CTX_VAR_FACTORY(number, make_number, &first);

static void get_other(void *out)
{
    *(int64_t *)out = i64_of(number);
}

Test(factory, is_called_once_per_context)
{
    ctx_context *other;
    int64_t there;

    cr_assert_eq(i64_of(number), 100);
    cr_assert_eq(i64_of(number), 100);
    cr_assert_eq(ctx_context_new(&other), CTX_OK);
    cr_assert_eq(ctx_run(other, get_other, &there), CTX_OK);
    cr_assert_eq(there, 101);
    cr_assert_eq(i64_of(number), 100);
    cr_assert_eq(made, 2);
    ctx_context_unref(other);
}

Test(factory, its_value_does_not_count_as_set)
{
    ctx_context *context;
    ctx_value value;
    size_t count;
    bool contains;

    i64_of(number);
    ctx_set(plain, 1);
    cr_assert_eq(ctx_current(&context), CTX_OK);
    cr_assert_eq(ctx_context_contains(context, number, &contains), CTX_OK);
    cr_assert_not(contains);
    cr_assert_eq(ctx_context_get(context, number, &value), CTX_ERR_UNSET);
    cr_assert_eq(ctx_context_count(context, &count), CTX_OK);
    cr_assert_eq(count, 1);
    ctx_context_unref(context);
}

static int count_visits(void *user, ctx_var *var, ctx_value value)
{
    (void)value;
    cr_assert_eq(var, plain);
    ++*(int *)user;
    return 0;
}

Test(factory, its_value_is_not_visited)
{
    ctx_context *context;
    int visits = 0;

    i64_of(number);
    ctx_set(plain, 1);
    cr_assert_eq(ctx_current(&context), CTX_OK);
    cr_assert_eq(ctx_context_each(context, count_visits, &visits), 0);
    cr_assert_eq(visits, 1);
    ctx_context_unref(context);
}

Test(factory, its_value_does_not_stand_before_a_call_site_default)
{
    ctx_value value;

    i64_of(number);
    cr_assert_eq(ctx_get_or(number, ctx_i64(5), &value), CTX_OK);
    cr_assert_eq(value.as.i64, 5);
}

Test(factory, a_call_site_default_keeps_it_from_running)
{
    ctx_value value;

    cr_assert_eq(ctx_get_or(number, ctx_i64(5), &value), CTX_OK);
    cr_assert_eq(made, 0);
}

Test(factory, a_reset_brings_its_value_back)
{
    ctx_token token;
    ctx_context *context;
    bool contains;

    i64_of(number);
    ctx_set(number, 7, &token);
    cr_assert_eq(ctx_reset(number, token), CTX_OK);
    cr_assert_eq(i64_of(number), 100);
    cr_assert_eq(ctx_current(&context), CTX_OK);
    ctx_context_contains(context, number, &contains);
    cr_assert_not(contains);
    ctx_context_unref(context);
}

static struct counted session;

static int make_session(void *user, ctx_value *out_value)
{
    (void)user;
    atomic_fetch_add(&session.retained, 1); /* the reference that it is made with */
    *out_value = counted_value(&session);
    return CTX_OK;
}

static CTX_VAR_FACTORY(session_var, make_session, NULL);

static void get_session(void *unused)
{
    void *pointer;

    (void)unused;
    cr_assert_eq(ctx_get_object(session_var, &counted_class, &pointer), CTX_OK);
    cr_assert_eq(pointer, &session);
}

Test(factory, the_context_owns_the_object_that_it_made)
{
    ctx_context *context;

    cr_assert_eq(ctx_context_new(&context), CTX_OK);
    cr_assert_eq(ctx_run(context, get_session, NULL), CTX_OK);
    cr_assert_eq(counted_held(&session), 1);
    ctx_context_unref(context);
    cr_assert_eq(counted_held(&session), 0);
}

static int fail(void *user, ctx_value *out_value)
{
    (void)out_value;
    return *(int *)user;
}

static int failure = 42;
static CTX_VAR_FACTORY(failing, fail, &failure);

Test(factory, its_code_becomes_the_result)
{
    ctx_value value = ctx_i64(1);

    cr_assert_eq(ctx_get(failing, &value), 42);
    cr_assert_eq(value.type, CTX_NULL);
    failure = -5;
    cr_assert_eq(ctx_get(failing, &value), -5);
}

static int make_nonsense(void *user, ctx_value *out_value)
{
    (void)user;
    out_value->type = 99;
    return CTX_OK;
}

static CTX_VAR_FACTORY(nonsense, make_nonsense, NULL);

Test(factory, a_value_of_unknown_type_is_invalid)
{
    ctx_value value;

    cr_assert_eq(ctx_get(nonsense, &value), CTX_ERR_INVALID);
}

static int set_itself(void *user, ctx_value *out_value)
{
    ctx_var **self = user;

    *out_value = ctx_i64(1);
    return ctx_set_v(*self, ctx_i64(2), NULL);
}

static ctx_var *itself;
static CTX_VAR_FACTORY(setting, set_itself, &itself);

Test(factory, a_value_that_it_has_set_itself_stays)
{
    itself = setting;
    cr_assert_eq(i64_of(setting), 2);
    cr_assert_eq(i64_of(setting), 2);
}

static int use_another(void *user, ctx_value *out_value)
{
    (void)user;
    ctx_set(plain, 3);
    *out_value = ctx_i64(i64_of(number) + i64_of(plain));
    return CTX_OK;
}

static CTX_VAR_FACTORY(dependent, use_another, NULL);

Test(factory, may_read_and_set_other_variables)
{
    cr_assert_eq(i64_of(dependent), 103);
    cr_assert_eq(i64_of(plain), 3);
}
