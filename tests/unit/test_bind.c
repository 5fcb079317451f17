/*
 * Bound functions, and threads that start with a context.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>
#include <errno.h>
#include <pthread.h>

#include "support/alloc.h"
#include "support/object.h"

static CTX_VAR(tenant);

static const char *now(void)
{
    const char *text;

    return ctx_get_string(tenant, &text) == CTX_OK ? text : "unset";
}

static void note(void *out)
{
    strcpy(out, now());
    ctx_set(tenant, "changed by a run");
}

static ctx_bound *bind(void (*fn)(void *arg), void *arg)
{
    ctx_bound *bound;

    cr_assert_eq(ctx_bind(fn, arg, &bound), CTX_OK);
    return bound;
}

Test(bind, runs_in_the_context_of_its_making)
{
    char seen[32] = "";
    ctx_bound *bound;

    ctx_set(tenant, "acme");
    bound = bind(note, seen);
    ctx_set(tenant, "later");
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    cr_assert_str_eq(seen, "acme");
    cr_assert_str_eq(now(), "later");
    ctx_bound_free(bound);
}

Test(bind, no_run_sees_what_another_set)
{
    char seen[32] = "";
    ctx_bound *bound;

    ctx_set(tenant, "acme");
    bound = bind(note, seen);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(ctx_bound_run(bound), CTX_OK);
        cr_assert_str_eq(seen, "acme");
    }
    ctx_bound_free(bound);
}

Test(bind, without_a_context_runs_in_an_empty_one)
{
    char seen[32] = "";
    ctx_bound *bound = bind(note, seen);

    ctx_set(tenant, "acme");
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    cr_assert_str_eq(seen, "unset");
    ctx_bound_free(bound);
}

struct nested {
    ctx_bound *bound;
    int depth;
};

static void run_nested(void *arg)
{
    struct nested *nested = arg;

    cr_assert_str_eq(now(), "acme");
    ctx_set(tenant, "mine");
    if (--nested->depth > 0)
        cr_assert_eq(ctx_bound_run(nested->bound), CTX_OK);
    cr_assert_str_eq(now(), "mine");
}

Test(bind, runs_may_nest)
{
    struct nested nested = {NULL, 5};

    ctx_set(tenant, "acme");
    nested.bound = bind(run_nested, &nested);
    cr_assert_eq(ctx_bound_run(nested.bound), CTX_OK);
    cr_assert_eq(nested.depth, 0);
    ctx_bound_free(nested.bound);
}

static void keep_current(void *out)
{
    ctx_set(tenant, "kept");
    cr_assert_eq(ctx_current(out), CTX_OK);
}

Test(bind, a_context_kept_by_a_run_is_left_alone_by_later_ones)
{
    ctx_context *first, *second;
    ctx_bound *bound;
    ctx_value value;

    bound = bind(keep_current, &first);
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    ctx_bound_free(bound);
    bound = bind(keep_current, &second);
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    cr_assert_neq(first, second);
    cr_assert_eq(ctx_context_get(first, tenant, &value), CTX_OK);
    cr_assert_str_eq(value.as.string.data, "kept");
    ctx_context_unref(first);
    ctx_context_unref(second);
    ctx_bound_free(bound);
}

static ctx_token kept;

static void use_kept_token(void *out)
{
    *(int *)out = ctx_reset(tenant, kept);
    cr_assert_eq(ctx_set(tenant, "run", &kept), CTX_OK);
}

Test(bind, a_token_of_one_run_is_used_in_the_next)
{
    int status = 0;
    ctx_bound *bound = bind(use_kept_token, &status);

    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    cr_assert_eq(status, CTX_ERR_INVALID);
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    cr_assert_eq(status, CTX_ERR_TOKEN_USED);
    ctx_bound_free(bound);
}

static void swap_away(void *out)
{
    cr_assert_eq(ctx_swap(NULL, out), CTX_OK);
}

Test(bind, a_run_may_be_swapped_out)
{
    ctx_context *suspended, *again;
    ctx_bound *bound;

    ctx_set(tenant, "acme");
    bound = bind(swap_away, &suspended);
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    cr_assert_str_eq(now(), "unset");
    ctx_bound_free(bound);
    cr_assert_eq(ctx_swap(suspended, &again), CTX_OK);
    cr_assert_null(again);
    cr_assert_str_eq(now(), "acme");
}

static void swap_and_give_up(void *unused)
{
    ctx_context *suspended;

    (void)unused;
    cr_assert_eq(ctx_swap(NULL, &suspended), CTX_OK);
    ctx_context_unref(suspended);
}

Test(bind, a_run_that_is_given_up_frees_what_it_was_on_top_of)
{
    static struct counted object;
    ctx_bound *bound;

    ctx_set(tenant, counted_value(&object));
    bound = bind(swap_and_give_up, NULL);
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    ctx_bound_free(bound);
    cr_assert_eq(counted_held(&object), 0);
}

static void free_itself(void *arg)
{
    ctx_bound **bound = arg;

    ctx_bound_free(*bound);
    cr_assert_str_eq(now(), "acme");
}

Test(bind, may_be_freed_by_its_own_run)
{
    ctx_bound *bound;

    ctx_set(tenant, "acme");
    bound = bind(free_itself, &bound);
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
}

Test(bind, free_lets_go_of_the_values)
{
    static struct counted object;
    ctx_token token;
    ctx_bound *bound;
    char seen[32];

    ctx_set(tenant, counted_value(&object), &token);
    bound = bind(note, seen);
    ctx_reset(tenant, token);
    cr_assert_eq(counted_held(&object), 1);
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    ctx_bound_free(bound);
    cr_assert_eq(counted_held(&object), 0);
}

Test(bind, null_arguments_are_invalid)
{
    char seen[32];
    ctx_bound *bound = bind(note, seen);

    cr_assert_eq(ctx_bind(note, seen, NULL), CTX_ERR_INVALID);
    ctx_bound_free(bound);
    cr_assert_eq(ctx_bind(NULL, seen, &bound), CTX_ERR_INVALID);
    cr_assert_null(bound);
    cr_assert_eq(ctx_bound_run(NULL), CTX_ERR_INVALID);
    ctx_bound_call(NULL);
    ctx_bound_free(NULL);
    cr_assert_eq(ctx_bound_failures(NULL), 0);
}

/* ---- callbacks of any shape --------------------------------------------------------------- */

Test(bind, a_context_alone_is_entered_and_left)
{
    ctx_bound_entry entry;
    ctx_bound *bound;

    ctx_set(tenant, "acme");
    cr_assert_eq(ctx_capture(&bound), CTX_OK);
    ctx_set(tenant, "later");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(ctx_bound_enter(bound, &entry), CTX_OK);
        cr_assert_str_eq(now(), "acme");
        ctx_set(tenant, "changed");
        ctx_bound_exit(&entry);
        cr_assert_str_eq(now(), "later");
    }
    cr_assert_eq(ctx_bound_run(bound), CTX_ERR_INVALID); /* it has no function */
    ctx_bound_free(bound);
}

Test(bind, entries_may_overlap_in_any_order)
{
    ctx_bound_entry outer, inner;
    ctx_bound *bound;

    ctx_set(tenant, "acme");
    cr_assert_eq(ctx_capture(&bound), CTX_OK);
    cr_assert_eq(ctx_bound_enter(bound, &outer), CTX_OK);
    ctx_set(tenant, "outer");
    cr_assert_eq(ctx_bound_enter(bound, &inner), CTX_OK);
    cr_assert_str_eq(now(), "acme");
    ctx_bound_exit(&outer); /* leaves what is on top of it, too */
    ctx_bound_exit(&inner);
    cr_assert_str_eq(now(), "acme");
    ctx_bound_free(bound);
}

Test(bind, may_be_freed_between_enter_and_exit)
{
    static struct counted object;
    ctx_bound_entry outer, inner;
    ctx_bound *bound;
    ctx_token token;

    ctx_set(tenant, counted_value(&object), &token);
    cr_assert_eq(ctx_capture(&bound), CTX_OK);
    ctx_reset(tenant, token);
    cr_assert_eq(ctx_bound_enter(bound, &outer), CTX_OK);
    cr_assert_eq(ctx_bound_enter(bound, &inner), CTX_OK);
    ctx_bound_free(bound);
    ctx_bound_exit(&inner);
    cr_assert_eq(counted_held(&object), 1);
    ctx_bound_exit(&outer);
    cr_assert_eq(counted_held(&object), 0);
}

Test(bind, a_run_that_changed_nothing_leaves_its_context_to_the_next)
{
    ctx_context *first, *second;
    ctx_bound_entry entry;
    ctx_bound *bound;

    ctx_set(tenant, "acme");
    cr_assert_eq(ctx_capture(&bound), CTX_OK);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(ctx_bound_enter(bound, &entry), CTX_OK);
        cr_assert_eq(ctx_current(i ? &second : &first), CTX_OK);
        ctx_context_unref(i ? second : first);
        cr_assert_str_eq(now(), "acme");
        ctx_bound_exit(&entry);
    }
    cr_assert_eq(first, second);
    ctx_bound_free(bound);
}

Test(bind, null_entries_are_invalid)
{
    ctx_bound_entry entry;
    ctx_bound *bound;

    cr_assert_eq(ctx_capture(NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_bound_enter(NULL, &entry), CTX_ERR_INVALID);
    cr_assert_eq(ctx_capture(&bound), CTX_OK);
    cr_assert_eq(ctx_bound_enter(bound, NULL), CTX_ERR_INVALID);
    {
        CTX_SCOPED(NULL, "a scope that fails");
        cr_assert_eq(ctx_bound_enter(bound, &entry), CTX_ERR_NOMEM);
    }
    ctx_bound_free(bound);
}

static void read_only(void *unused)
{
    (void)unused;
    cr_assert_str_eq(now(), "acme");
}

Test(bind, runs_one_after_another_need_no_memory)
{
    static struct support_alloc alloc;
    ctx_bound *bound;
    ctx_value value;

    support_alloc_init(&alloc);
    cr_assert_eq(ctx_set_allocator(&alloc.allocator), CTX_OK);
    ctx_set(tenant, "acme");
    bound = bind(read_only, NULL);
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    support_alloc_fail(&alloc, 0, true);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    support_alloc_recover(&alloc);
    cr_assert_eq(ctx_get(tenant, &value), CTX_OK);
    ctx_bound_free(bound);
}

static void set_flag(void *ran)
{
    *(bool *)ran = true;
}

Test(bind, a_failed_call_is_counted_and_does_not_run)
{
    bool ran = false;
    ctx_bound *bound = bind(set_flag, &ran);

    {
        CTX_SCOPED(NULL, "a scope that fails");
        ctx_bound_call(bound);
    }
    cr_assert_not(ran);
    cr_assert_eq(ctx_bound_failures(bound), 1);
    ctx_bound_call(bound);
    cr_assert(ran);
    cr_assert_eq(ctx_bound_failures(bound), 1);
    ctx_bound_free(bound);
}

static void *run_in_thread(void *bound)
{
    for (int i = 0; i < 100; i++)
        ctx_bound_call(bound);
    return NULL;
}

static _Atomic int right;

static void check_and_change(void *unused)
{
    (void)unused;
    if (strcmp(now(), "acme") == 0)
        atomic_fetch_add(&right, 1);
    ctx_set(tenant, "changed");
}

Test(bind, runs_on_many_threads_at_once)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    ctx_bound *bound;

    ctx_set(tenant, "acme");
    bound = bind(check_and_change, NULL);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, run_in_thread, bound), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(right, THREADS * 100);
    cr_assert_eq(ctx_bound_failures(bound), 0);
    ctx_bound_free(bound);
}

static void exit_thread(void *unused)
{
    ctx_set(tenant, "about to exit");
    pthread_exit(unused);
}

static void *run_once(void *bound)
{
    ctx_bound_run(bound);
    return NULL;
}

Test(bind, a_run_that_ends_its_thread_leaves_the_context)
{
    static struct counted object;
    pthread_t thread;
    ctx_bound *bound;
    ctx_token token;

    ctx_set(tenant, counted_value(&object), &token);
    bound = bind(exit_thread, NULL);
    ctx_reset(tenant, token);
    cr_assert_eq(pthread_create(&thread, NULL, run_once, bound), 0);
    pthread_join(thread, NULL);
    ctx_bound_free(bound);
    cr_assert_eq(counted_held(&object), 0);
}

/* ---- threads ------------------------------------------------------------------------------ */

static void *note_in_thread(void *out)
{
    note(out);
    return out;
}

Test(thread, starts_in_a_copy_of_the_current_context)
{
    char seen[32] = "";
    pthread_t thread;
    void *result;

    ctx_set(tenant, "acme");
    cr_assert_eq(ctx_thread_create(&thread, NULL, note_in_thread, seen), CTX_OK);
    cr_assert_eq(pthread_join(thread, &result), 0);
    cr_assert_eq(result, seen);
    cr_assert_str_eq(seen, "acme");
    cr_assert_str_eq(now(), "acme");
}

static void *exit_with(void *value)
{
    ctx_set(tenant, "about to exit");
    pthread_exit(value);
}

Test(thread, lets_go_of_its_context_when_it_exits)
{
    static struct counted object;
    pthread_t thread;
    ctx_token token;
    void *result;

    ctx_set(tenant, counted_value(&object), &token);
    cr_assert_eq(ctx_thread_create(&thread, NULL, exit_with, &object), CTX_OK);
    ctx_reset(tenant, token);
    cr_assert_eq(pthread_join(thread, &result), 0);
    cr_assert_eq(result, &object);
    cr_assert_eq(counted_held(&object), 0);
}

Test(thread, null_arguments_are_invalid)
{
    pthread_t thread;

    cr_assert_eq(ctx_thread_create(NULL, NULL, exit_with, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_thread_create(&thread, NULL, NULL, NULL), CTX_ERR_INVALID);
}

Test(thread, a_refusal_of_the_system_is_told)
{
    static struct counted object;
    pthread_attr_t attributes;
    pthread_t thread;
    ctx_token token;

    cr_assert_eq(pthread_attr_init(&attributes), 0);
    cr_assert_eq(pthread_attr_setstacksize(&attributes, (size_t)1 << 46), 0);
    ctx_set(tenant, counted_value(&object), &token);
    errno = 0;
    cr_assert_eq(ctx_thread_create(&thread, &attributes, exit_with, NULL), CTX_ERR_SYSTEM);
    cr_assert_neq(errno, 0);
    ctx_reset(tenant, token);
    cr_assert_eq(counted_held(&object), 0);
    pthread_attr_destroy(&attributes);
}
