/*
 * A reset never fails for want of memory: here every allocation fails, the map is shared with a
 * copy, and the outcome must be the same.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>

#include "context/handle.h"
#include "context/store.h"
#include "support/alloc.h"
#include "support/object.h"

enum { MANY = 100 };

static struct support_alloc alloc;
static CTX_VAR(a);
static CTX_VAR(b);
static CTX_VAR_DEFAULT(with_default, CTX_VALUE_I64(5));
static ctx_var many[MANY];

static void no_memory(void)
{
    support_alloc_fail(&alloc, 0, true);
}

static void memory(void)
{
    support_alloc_recover(&alloc);
}

static void setup(void)
{
    support_alloc_init(&alloc);
    cr_assert_eq(ctx_set_allocator(&alloc.allocator), CTX_OK);
}

TestSuite(pending, .init = setup);

static int64_t get(ctx_var *var)
{
    int64_t value;

    return ctx_get_i64(var, &value) == CTX_OK ? value : -1;
}

static int64_t get_in(ctx_context *context, ctx_var *var)
{
    ctx_value value;

    return ctx_context_get(context, var, &value) == CTX_OK ? value.as.i64 : -1;
}

static size_t count(void)
{
    size_t n;

    cr_assert_eq(ctx_context_count(ctxi_current(), &n), CTX_OK);
    return n;
}

/* Copies until this thread's stock of memory is used up as well; frees all when it is full. */
static size_t exhaust(ctx_context **held, size_t most)
{
    size_t n = 0;

    while (n < most && ctx_context_new(&held[n]) == CTX_OK)
        n++;
    cr_assert_lt(n, most);
    return n;
}

/* A context of a = 1, b = 2, shared with *out_copy, with tokens of both; then memory ends. */
static void prepare(ctx_token tokens[2], ctx_context **out_copy)
{
    cr_assert_eq(ctx_set(a, 1, &tokens[0]), CTX_OK);
    cr_assert_eq(ctx_set(b, 2, &tokens[1]), CTX_OK);
    cr_assert_eq(ctx_copy(out_copy), CTX_OK);
    no_memory();
}

Test(pending, the_reset_is_seen)
{
    ctx_token tokens[2];
    ctx_context *copy;

    prepare(tokens, &copy);
    cr_assert_eq(ctx_reset(a, tokens[0]), CTX_OK);
    cr_assert_not_null(ctxi_current()->pending);
    cr_assert_eq(get(a), -1);
    cr_assert_eq(get(b), 2);
    cr_assert_eq(count(), 1);
    cr_assert_eq(get_in(copy, a), 1);
    cr_assert_eq(get_in(ctxi_current(), a), -1);
    cr_assert_eq(ctx_reset(a, tokens[0]), CTX_ERR_TOKEN_USED);
    ctx_context_unref(copy);
}

/* The map is aside meanwhile: neither may a default stand before a value, nor the other way round. */
Test(pending, a_default_is_seen_only_without_a_value)
{
    ctx_token token, token_a;
    ctx_context *copy;

    cr_assert_eq(ctx_set(with_default, 7, &token), CTX_OK);
    cr_assert_eq(ctx_set(a, 1, &token_a), CTX_OK);
    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    no_memory();
    cr_assert_eq(ctx_reset(a, token_a), CTX_OK);
    cr_assert_not_null(ctxi_current()->pending);
    cr_assert_eq(get(with_default), 7);
    cr_assert_eq(ctx_reset(with_default, token), CTX_OK);
    cr_assert_eq(get(with_default), 5);
    ctx_context_unref(copy);
}

Test(pending, several_resets_are_seen)
{
    ctx_token tokens[2];
    ctx_context *copy;

    prepare(tokens, &copy);
    cr_assert_eq(ctx_reset(a, tokens[0]), CTX_OK);
    cr_assert_eq(ctx_reset(b, tokens[1]), CTX_OK);
    cr_assert_eq(get(a), -1);
    cr_assert_eq(get(b), -1);
    cr_assert_eq(count(), 0);
    ctx_context_unref(copy);
}

Test(pending, a_second_reset_of_a_variable_replaces_the_first)
{
    ctx_token first, second;
    ctx_context *copy;

    ctx_set(b, 5);
    cr_assert_eq(ctx_set(a, 1, &first), CTX_OK);
    cr_assert_eq(ctx_set(a, 2, &second), CTX_OK);
    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    no_memory();
    cr_assert_eq(ctx_reset(a, first), CTX_OK);
    cr_assert_eq(get(a), -1);
    cr_assert_eq(count(), 1);
    cr_assert_eq(ctx_reset(a, second), CTX_OK);
    cr_assert_eq(get(a), 1);
    cr_assert_eq(get(b), 5);
    cr_assert_eq(count(), 2);
    memory();
    cr_assert_eq(ctx_set(b, 6), CTX_OK);
    cr_assert_null(ctxi_current()->pending);
    cr_assert_eq(get(a), 1);
    cr_assert_eq(get(b), 6);
    ctx_context_unref(copy);
}

Test(pending, a_later_set_makes_up_for_it)
{
    ctx_token tokens[2];
    ctx_context *copy;

    prepare(tokens, &copy);
    cr_assert_eq(ctx_reset(a, tokens[0]), CTX_OK);
    cr_assert_eq(ctx_set(b, 7), CTX_ERR_NOMEM);
    cr_assert_eq(get(b), 2);
    memory();
    cr_assert_eq(ctx_set(b, 7), CTX_OK);
    cr_assert_null(ctxi_current()->pending);
    cr_assert_eq(get(a), -1);
    cr_assert_eq(get(b), 7);
    cr_assert_eq(get_in(copy, a), 1);
    cr_assert_eq(get_in(copy, b), 2);
    ctx_context_unref(copy);
}

Test(pending, a_later_reset_makes_up_for_it)
{
    ctx_token tokens[2];
    ctx_context *copy;

    prepare(tokens, &copy);
    cr_assert_eq(ctx_reset(a, tokens[0]), CTX_OK);
    memory();
    cr_assert_eq(ctx_reset(b, tokens[1]), CTX_OK);
    cr_assert_null(ctxi_current()->pending);
    cr_assert_eq(get(a), -1);
    cr_assert_eq(get(b), -1);
    ctx_context_unref(copy);
}

Test(pending, once_the_copy_is_gone_no_memory_is_needed)
{
    ctx_token tokens[2];
    ctx_context *copy;

    prepare(tokens, &copy);
    cr_assert_eq(ctx_reset(a, tokens[0]), CTX_OK);
    ctx_context_unref(copy);
    cr_assert_eq(ctx_reset(b, tokens[1]), CTX_OK);
    cr_assert_null(ctxi_current()->pending);
    cr_assert_eq(get(a), -1);
    cr_assert_eq(get(b), -1);
}

Test(pending, a_copy_has_the_outcome)
{
    ctx_token tokens[2];
    ctx_context *copy, *later;
    size_t n;

    prepare(tokens, &copy);
    cr_assert_eq(ctx_reset(a, tokens[0]), CTX_OK);
    cr_assert_eq(ctx_copy(&later), CTX_ERR_NOMEM);
    cr_assert_null(later);
    support_alloc_fail(&alloc, 1, true); /* the copy itself, but no node */
    cr_assert_eq(ctx_copy(&later), CTX_ERR_NOMEM);
    cr_assert_null(later);
    memory();
    cr_assert_eq(ctx_copy(&later), CTX_OK);
    cr_assert_eq(get_in(later, a), -1);
    cr_assert_eq(get_in(later, b), 2);
    cr_assert_eq(ctx_context_count(later, &n), CTX_OK);
    cr_assert_eq(n, 1);
    ctx_context_unref(copy);
    ctx_context_unref(later);
}

static int expect_b(void *user, ctx_var *var, ctx_value value)
{
    cr_assert_eq(var, b);
    cr_assert_eq(value.as.i64, 2);
    ++*(int *)user;
    return 0;
}

Test(pending, a_walk_sees_the_outcome)
{
    ctx_token tokens[2];
    ctx_context *copy;
    int visits = 0;

    prepare(tokens, &copy);
    cr_assert_eq(ctx_reset(a, tokens[0]), CTX_OK);
    cr_assert_eq(ctx_context_each(ctxi_current(), expect_b, &visits), CTX_ERR_NOMEM);
    cr_assert_eq(visits, 0);
    memory();
    cr_assert_eq(ctx_context_each(ctxi_current(), expect_b, &visits), CTX_OK);
    cr_assert_eq(visits, 1);
    ctx_context_unref(copy);
}

Test(pending, a_value_borrowed_after_it_is_good)
{
    ctx_token token;
    ctx_context *copy;
    const char *text;

    ctx_set(a, "before");
    cr_assert_eq(ctx_set(a, "after", &token), CTX_OK);
    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    no_memory();
    cr_assert_eq(ctx_reset(a, token), CTX_OK);
    cr_assert_eq(ctx_get_string(a, &text), CTX_OK);
    cr_assert_str_eq(text, "before");
    memory();
    cr_assert_eq(ctx_set(b, 1), CTX_OK);
    cr_assert_str_eq(text, "before");
    ctx_context_unref(copy);
}

static void hold(void *arg)
{
    ctx_token *token = arg;
    static struct counted object;

    ctx_set(a, counted_value(&object));
    cr_assert_eq(ctx_set(a, counted_value(&object), token), CTX_OK);
    cr_assert_eq(counted_held(&object), 2);
}

static void reset_and_count(void *token)
{
    cr_assert_eq(ctx_reset(a, *(ctx_token *)token), CTX_OK);
    cr_assert_not_null(ctxi_current()->pending);
}

Test(pending, the_end_of_the_context_releases_all)
{
    ctx_context *context, *copy;
    ctx_token token;
    ctx_value value;

    cr_assert_eq(ctx_context_new(&context), CTX_OK);
    cr_assert_eq(ctx_run(context, hold, &token), CTX_OK);
    cr_assert_eq(ctx_context_copy(context, &copy), CTX_OK);
    no_memory();
    cr_assert_eq(ctx_run(context, reset_and_count, &token), CTX_OK);
    cr_assert_eq(ctx_context_get(context, a, &value), CTX_OK);
    cr_assert_eq(counted_held(value.as.object.pointer), 2);
    ctx_context_unref(context);
    cr_assert_eq(counted_held(value.as.object.pointer), 1);
    ctx_context_unref(copy);
    cr_assert_eq(counted_held(value.as.object.pointer), 0);
}

Test(pending, memos_are_forgotten_as_ever)
{
    ctx_token tokens[2];
    ctx_context *copy;
    struct ctxi_memo memo = {1, 2, 3};

    cr_assert_eq(ctxi_var_hold(a, true), CTX_OK);
    prepare(tokens, &copy);
    memory();
    ctxi_memo_keep(ctxi_current(), &memo);
    no_memory();
    cr_assert_eq(ctx_reset(a, tokens[0]), CTX_OK);
    cr_assert_null(ctxi_memo_find(ctxi_current(), 1));
    ctx_context_unref(copy);
}

Test(pending, in_a_tree_some_leaves_may_be_made_up_for_before_others)
{
    ctx_token tokens[MANY];
    ctx_context *copy, *held[1000];
    size_t n;

    for (int i = 0; i < MANY; i++) {
        many[i].name = "many";
        cr_assert_eq(ctx_set(&many[i], i, &tokens[i]), CTX_OK);
    }
    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    no_memory();
    n = exhaust(held, 1000);
    for (int i = 0; i < MANY; i += 2)
        cr_assert_eq(ctx_reset(&many[i], tokens[i]), CTX_OK);
    cr_assert_not_null(ctxi_current()->pending);
    support_alloc_fail(&alloc, 3, true); /* the root and two of four leaves */
    cr_assert_eq(ctx_set(a, 1), CTX_ERR_NOMEM);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(get(&many[i]), i % 2 ? i : -1);
    cr_assert_eq(count(), MANY / 2);
    memory();
    cr_assert_eq(ctx_set(a, 1), CTX_OK);
    cr_assert_null(ctxi_current()->pending);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(get(&many[i]), i % 2 ? i : -1);
        cr_assert_eq(get_in(copy, &many[i]), i);
    }
    while (n > 0)
        ctx_context_unref(held[--n]);
    ctx_context_unref(copy);
}
