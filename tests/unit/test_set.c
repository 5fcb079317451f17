/*
 * Setting: what is copied and retained, what is refused, and callbacks that use the store.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>

#include "context/store.h"
#include "support/object.h"

static CTX_VAR(name);
static CTX_VAR(other);

Test(set, strings_are_copied)
{
    char text[] = "acme";
    const char *kept;

    ctx_set(name, text);
    memcpy(text, "evil", 4);
    cr_assert_eq(ctx_get_string(name, &kept), CTX_OK);
    cr_assert_str_eq(kept, "acme");
}

Test(set, long_strings_are_copied_whole)
{
    static char text[100000];
    const char *kept;

    memset(text, 'x', sizeof text - 1);
    cr_assert_eq(ctx_set(name, text), CTX_OK);
    text[0] = 'y';
    cr_assert_eq(ctx_get_string(name, &kept), CTX_OK);
    cr_assert_eq(strlen(kept), sizeof text - 1);
    cr_assert_eq(kept[0], 'x');
}

Test(set, a_string_of_known_size_gets_its_nul)
{
    const char *kept;

    ctx_set(name, ctx_string_n("acme corp", 4));
    cr_assert_eq(ctx_get_string(name, &kept), CTX_OK);
    cr_assert_str_eq(kept, "acme");
}

Test(set, a_string_may_be_set_from_its_own_value)
{
    const char *kept;

    ctx_set(name, "acme");
    cr_assert_eq(ctx_get_string(name, &kept), CTX_OK);
    ctx_set(name, kept);
    cr_assert_eq(ctx_get_string(name, &kept), CTX_OK);
    cr_assert_str_eq(kept, "acme");
}

Test(set, bytes_are_copied)
{
    unsigned char bytes[] = {1, 2, 3};
    ctx_value kept;

    ctx_set(name, ctx_bytes(bytes, sizeof bytes));
    bytes[0] = 9;
    cr_assert_eq(ctx_get(name, &kept), CTX_OK);
    cr_assert_eq(((const unsigned char *)kept.as.bytes.data)[0], 1);
}

static int64_t number(void)
{
    int64_t value = -1;

    cr_assert_eq(ctx_get_i64(name, &value), CTX_OK);
    return value;
}

static int set_while_visited(void *seen, ctx_var *var, ctx_value value)
{
    ctx_value now;

    ctx_set(name, (int64_t)100);
    cr_assert_eq(var, name);
    cr_assert_eq(ctx_get(name, &now), CTX_OK);
    cr_assert_eq(now.as.i64, 100);
    *(int64_t *)seen = value.as.i64;
    return 0;
}

/* A number over a number may change where it is; nobody else may see that. */
static void number_over_number(void)
{
    ctx_context *current, *copy;
    ctx_value value;
    ctx_token token;
    int64_t seen = 0;

    ctx_set(name, (int64_t)1);
    ctx_set(name, (int64_t)2);
    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    ctx_set(name, (int64_t)3);
    ctx_set(name, (int64_t)4);
    cr_assert_eq(ctx_context_get(copy, name, &value), CTX_OK);
    cr_assert_eq(value.as.i64, 2);
    ctx_context_unref(copy);
    ctx_set(name, (int64_t)5, &token);
    ctx_set(name, (int64_t)6);
    cr_assert_eq(number(), 6);
    cr_assert_eq(ctx_reset(name, token), CTX_OK);
    cr_assert_eq(number(), 4);
    cr_assert_eq(ctx_current(&current), CTX_OK);
    cr_assert_eq(ctx_context_each(current, set_while_visited, &seen), 0);
    cr_assert_eq(seen, 4);
    cr_assert_eq(number(), 100);
    ctx_context_unref(current);
}

Test(set, a_number_over_a_number_is_seen_here_alone)
{
    number_over_number();
}

Test(set, a_number_over_a_number_is_seen_here_alone_in_a_tree)
{
    static ctx_var many[100];
    size_t before, count;

    for (size_t i = 0; i < 100; i++) {
        ctx_token token;

        many[i].name = "many";
        ctx_set(&many[i], (int64_t)i, &token);
        ctx_reset(&many[i], token);
    }
    ctx_context_count(ctxi_current(), &before);
    number_over_number();
    ctx_context_count(ctxi_current(), &count);
    cr_assert_eq(count, before + 1);
}

Test(set, a_number_over_a_number_may_be_of_another_type)
{
    ctx_value value;

    ctx_set(name, (int64_t)-1);
    ctx_set(name, ctx_bool(true));
    cr_assert_eq(ctx_get(name, &value), CTX_OK);
    cr_assert_eq(value.type, CTX_BOOL);
    cr_assert_eq(value.as.u64, 1); /* nothing is left of what was there */
    ctx_set(name, 0.5);
    ctx_set(name, ctx_null());
    cr_assert_eq(ctx_get(name, &value), CTX_OK);
    cr_assert_eq(value.type, CTX_NULL);
    ctx_set(name, "acme");
    ctx_set(name, (int64_t)7);
    cr_assert_eq(number(), 7);
}

Test(set, objects_are_retained_and_released)
{
    static struct counted object;

    ctx_set(name, counted_value(&object));
    cr_assert_eq(counted_held(&object), 1);
    ctx_set(name, 1);
    cr_assert_eq(counted_held(&object), 0);
    cr_assert_eq(atomic_load(&object.retained), 1);
}

Test(set, an_object_is_kept_by_a_token_that_can_bring_it_back)
{
    static struct counted object;
    ctx_token token;

    ctx_set(name, counted_value(&object));
    ctx_set(name, 1, &token);
    cr_assert_eq(counted_held(&object), 1);
    cr_assert_eq(ctx_reset(name, token), CTX_OK);
    cr_assert_eq(counted_held(&object), 1);
    ctx_set(name, 2);
    cr_assert_eq(counted_held(&object), 0);
}

Test(set, a_class_without_retain_and_release_is_fine)
{
    static const ctx_object_class kind = {sizeof kind, "kind", NULL, NULL, NULL};
    static int thing;
    void *pointer;

    cr_assert_eq(ctx_set(name, ctx_object(&thing, &kind)), CTX_OK);
    cr_assert_eq(ctx_get_object(name, &kind, &pointer), CTX_OK);
    cr_assert_eq(pointer, &thing);
    ctx_set(name, 1);
}

Test(set, refuses_what_is_not_a_value)
{
    ctx_value value = ctx_i64(1);
    ctx_token token = {&value, 3};

    cr_assert_eq(ctx_set_v(NULL, value, &token), CTX_ERR_INVALID);
    cr_assert_null(token.slot);
    value.type = 8;
    cr_assert_eq(ctx_set_v(name, value, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_set(name, ctx_object(&value, NULL)), CTX_ERR_INVALID);
    value = ctx_string("x");
    value.as.string.data = NULL;
    cr_assert_eq(ctx_set(name, value), CTX_ERR_INVALID);
    value = ctx_bytes("x", 1);
    value.as.bytes.data = NULL;
    cr_assert_eq(ctx_set(name, value), CTX_ERR_INVALID);
    cr_assert_eq(ctx_get(name, &value), CTX_ERR_UNSET);
}

Test(set, a_typed_value_without_address_and_size_is_null)
{
    ctx_value value = ctx_null();

    value.type = CTX_STRING;
    cr_assert_eq(ctx_set(name, value), CTX_OK);
    cr_assert_eq(ctx_get(name, &value), CTX_OK);
    cr_assert_eq(value.type, CTX_NULL);
    value.type = CTX_BYTES;
    cr_assert_eq(ctx_set(name, value), CTX_OK);
    cr_assert_eq(ctx_get(name, &value), CTX_OK);
    cr_assert_eq(value.type, CTX_NULL);
}

Test(set, a_string_of_impossible_size_is_out_of_memory)
{
    ctx_value value = ctx_string_n("x", SIZE_MAX);

    cr_assert_eq(ctx_set(name, value), CTX_ERR_NOMEM);
    value = ctx_bytes("x", SIZE_MAX);
    cr_assert_eq(ctx_set(name, value), CTX_ERR_NOMEM);
    cr_assert_eq(ctx_get(name, &value), CTX_ERR_UNSET);
}

Test(set, changes_the_current_context_alone)
{
    ctx_context *copy;
    ctx_value value;

    ctx_set(name, 1);
    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    ctx_set(name, 2);
    cr_assert_eq(ctx_context_get(copy, name, &value), CTX_OK);
    cr_assert_eq(value.as.i64, 1);
    ctx_context_unref(copy);
}

/* ---- callbacks ---------------------------------------------------------------------------- */

static void read_and_set(struct counted *object)
{
    ctx_value value;

    (void)object;
    cr_assert_eq(ctx_get(name, &value), CTX_OK);
    cr_assert_eq(value.type, CTX_I64); /* what replaced the object is there already */
    cr_assert_eq(ctx_set(other, 11), CTX_OK);
}

Test(callback, a_release_sees_the_new_value_and_may_set)
{
    static struct counted object = {.on_release = read_and_set};
    int64_t value;

    ctx_set(name, counted_value(&object));
    ctx_set(name, 5);
    cr_assert_eq(ctx_get_i64(other, &value), CTX_OK);
    cr_assert_eq(value, 11);
    cr_assert_eq(counted_held(&object), 0);
}

static void set_same(struct counted *object)
{
    (void)object;
    cr_assert_eq(ctx_set(name, 99), CTX_OK);
}

Test(callback, a_retain_may_set_the_same_variable)
{
    static struct counted object = {.on_retain = set_same};
    ctx_value value;

    cr_assert_eq(ctx_set(name, counted_value(&object)), CTX_OK);
    cr_assert_eq(ctx_get(name, &value), CTX_OK);
    cr_assert_eq(value.type, CTX_OBJECT);
}

Test(callback, a_release_may_set_the_same_variable)
{
    static struct counted object = {.on_release = set_same};
    int64_t value;

    ctx_set(name, counted_value(&object));
    ctx_set(name, 5);
    cr_assert_eq(ctx_get_i64(name, &value), CTX_OK);
    cr_assert_eq(value, 99);
}

static ctx_token stale;

static void use_stale(struct counted *object)
{
    object->arg = ctx_reset(name, stale) == CTX_ERR_TOKEN_USED ? object : NULL;
}

Test(callback, a_token_is_used_already_while_its_reset_releases)
{
    static struct counted object = {.on_release = use_stale};

    ctx_set(name, counted_value(&object), &stale);
    cr_assert_eq(ctx_reset(name, stale), CTX_OK);
    cr_assert_not_null(object.arg);
}

static void set_in_current(struct counted *object)
{
    (void)object;
    cr_assert_eq(ctx_set(other, 1), CTX_OK);
}

static void hold_object(void *object)
{
    cr_assert_eq(ctx_set(name, counted_value(object)), CTX_OK);
}

Test(callback, the_end_of_a_context_may_call_back)
{
    static struct counted object = {.on_release = set_in_current};
    ctx_context *context;
    int64_t value;

    cr_assert_eq(ctx_context_new(&context), CTX_OK);
    cr_assert_eq(ctx_run(context, hold_object, &object), CTX_OK);
    ctx_context_unref(context);
    cr_assert_eq(ctx_get_i64(other, &value), CTX_OK);
    cr_assert_eq(value, 1);
}
