/*
 * Watchers: what they hear, how many there are, and how they end.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>

static CTX_VAR(a);

struct heard {
    int count;
    enum ctx_watch_event event;
    ctx_context *context;
    ctx_context *current; /* what was current when the watcher ran */
};

static void hear(void *user, enum ctx_watch_event event, ctx_context *context)
{
    struct heard *heard = user;

    heard->count++;
    heard->event = event;
    heard->context = context;
    if (event != CTX_WATCH_SWAP || context) {
        cr_assert_eq(ctx_current(&heard->current), CTX_OK);
        ctx_context_unref(heard->current);
    }
}

static int watch(struct heard *heard)
{
    int id;

    cr_assert_eq(ctx_watch(hear, heard, &id), CTX_OK);
    return id;
}

static ctx_context *new_context(void)
{
    ctx_context *context;

    cr_assert_eq(ctx_context_new(&context), CTX_OK);
    return context;
}

Test(watch, hears_enter_and_exit)
{
    struct heard heard = {0};
    ctx_context *context = new_context(), *below;

    cr_assert_eq(ctx_current(&below), CTX_OK);
    watch(&heard);
    cr_assert_eq(ctx_enter(context), CTX_OK);
    cr_assert_eq(heard.count, 1);
    cr_assert_eq(heard.event, CTX_WATCH_ENTER);
    cr_assert_eq(heard.context, context);
    cr_assert_eq(heard.current, context);
    cr_assert_eq(ctx_exit(context), CTX_OK);
    cr_assert_eq(heard.count, 2);
    cr_assert_eq(heard.event, CTX_WATCH_EXIT);
    cr_assert_eq(heard.context, context);
    cr_assert_eq(heard.current, below);
    ctx_context_unref(context);
    ctx_context_unref(below);
}

Test(watch, hears_swap)
{
    struct heard heard = {0};
    ctx_context *context = new_context(), *previous;

    watch(&heard);
    cr_assert_eq(ctx_swap(context, &previous), CTX_OK);
    cr_assert_eq(heard.event, CTX_WATCH_SWAP);
    cr_assert_eq(heard.context, context);
    cr_assert_eq(ctx_swap(NULL, &previous), CTX_OK);
    cr_assert_eq(heard.count, 2);
    cr_assert_null(heard.context);
    ctx_context_unref(previous);
}

static void set_something(void *unused)
{
    (void)unused;
    ctx_set(a, 1);
}

Test(watch, hears_run_and_bound_run)
{
    struct heard heard = {0};
    ctx_context *context = new_context();
    ctx_bound *bound;

    cr_assert_eq(ctx_bind(set_something, NULL, &bound), CTX_OK);
    watch(&heard);
    cr_assert_eq(ctx_run(context, set_something, NULL), CTX_OK);
    cr_assert_eq(heard.count, 2);
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    cr_assert_eq(heard.count, 4);
    ctx_bound_free(bound);
    ctx_context_unref(context);
}

Test(watch, does_not_hear_set_and_reset)
{
    struct heard heard = {0};
    ctx_token token;

    watch(&heard);
    ctx_set(a, 1, &token);
    ctx_reset(a, token);
    cr_assert_eq(heard.count, 0);
}

Test(watch, a_refused_change_is_not_heard)
{
    struct heard heard = {0};
    ctx_context *context = new_context();

    watch(&heard);
    cr_assert_eq(ctx_enter(context), CTX_OK);
    cr_assert_eq(ctx_enter(context), CTX_ERR_ENTERED);
    cr_assert_eq(heard.count, 1);
    cr_assert_eq(ctx_exit(context), CTX_OK);
    ctx_context_unref(context);
}

Test(watch, ends)
{
    struct heard first = {0}, second = {0};
    ctx_context *context = new_context();
    int id = watch(&first);

    watch(&second);
    cr_assert_eq(ctx_unwatch(id), CTX_OK);
    cr_assert_eq(ctx_enter(context), CTX_OK);
    cr_assert_eq(first.count, 0);
    cr_assert_eq(second.count, 1);
    cr_assert_eq(ctx_exit(context), CTX_OK);
    ctx_context_unref(context);
}

Test(watch, there_are_at_most_so_many)
{
    struct heard heard = {0};
    int ids[CTX_WATCH_MAX], one_more = -7;
    ctx_context *context = new_context();

    for (int i = 0; i < CTX_WATCH_MAX; i++)
        ids[i] = watch(&heard);
    cr_assert_eq(ctx_watch(hear, &heard, &one_more), CTX_ERR_LIMIT);
    cr_assert_eq(ctx_enter(context), CTX_OK);
    cr_assert_eq(heard.count, CTX_WATCH_MAX);
    cr_assert_eq(ctx_unwatch(ids[3]), CTX_OK);
    cr_assert_eq(ctx_watch(hear, &heard, &one_more), CTX_OK);
    cr_assert_eq(ctx_exit(context), CTX_OK);
    ctx_context_unref(context);
}

Test(watch, an_id_that_ended_is_invalid)
{
    struct heard heard = {0};
    int id = watch(&heard), next;

    cr_assert_eq(ctx_unwatch(id), CTX_OK);
    cr_assert_eq(ctx_unwatch(id), CTX_ERR_INVALID);
    next = watch(&heard);
    cr_assert_neq(next, id);
    cr_assert_eq(ctx_unwatch(id), CTX_ERR_INVALID);
    cr_assert_eq(ctx_unwatch(next), CTX_OK);
}

Test(watch, null_and_unknown_ids_are_invalid)
{
    int id;

    cr_assert_eq(ctx_watch(NULL, NULL, &id), CTX_ERR_INVALID);
    cr_assert_eq(ctx_watch(hear, NULL, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_unwatch(-1), CTX_ERR_INVALID);
    cr_assert_eq(ctx_unwatch(0), CTX_ERR_INVALID);
    cr_assert_eq(ctx_unwatch(12345), CTX_ERR_INVALID);
}
