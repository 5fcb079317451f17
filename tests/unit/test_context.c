/*
 * Contexts: copies, entering, leaving, running, swapping.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>
#include <pthread.h>

#include "context/store.h"
#include "support/object.h"

static CTX_VAR(a);
static CTX_VAR(b);

static ctx_context *new_context(void)
{
    ctx_context *context;

    cr_assert_eq(ctx_context_new(&context), CTX_OK);
    return context;
}

static ctx_context *copy_current(void)
{
    ctx_context *context;

    cr_assert_eq(ctx_copy(&context), CTX_OK);
    return context;
}

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

static void set_a(void *value)
{
    cr_assert_eq(ctx_set(a, *(int64_t *)value), CTX_OK);
}

/* ---- copies ------------------------------------------------------------------------------- */

Test(copy, has_the_values_and_is_independent)
{
    ctx_context *copy;

    ctx_set(a, 42);
    copy = copy_current();
    cr_assert_eq(ctx_run(copy, set_a, &(int64_t){100}), CTX_OK);
    cr_assert_eq(get_in(copy, a), 100);
    cr_assert_eq(get(a), 42);
    ctx_context_unref(copy);
}

Test(copy, of_a_thread_without_context_is_empty)
{
    ctx_context *copy = copy_current();
    size_t count = 1;

    cr_assert_eq(ctx_context_count(copy, &count), CTX_OK);
    cr_assert_eq(count, 0);
    cr_assert_null(ctxi_current());
    ctx_context_unref(copy);
}

Test(copy, of_a_copy)
{
    ctx_context *first, *second;

    ctx_set(a, 1);
    first = copy_current();
    cr_assert_eq(ctx_context_copy(first, &second), CTX_OK);
    cr_assert_eq(ctx_run(first, set_a, &(int64_t){2}), CTX_OK);
    cr_assert_eq(get_in(first, a), 2);
    cr_assert_eq(get_in(second, a), 1);
    ctx_context_unref(first);
    ctx_context_unref(second);
}

Test(copy, outlives_its_source)
{
    static struct counted object;
    ctx_context *source = new_context(), *copy;

    cr_assert_eq(ctx_enter(source), CTX_OK);
    ctx_set(a, counted_value(&object));
    copy = copy_current();
    cr_assert_eq(ctx_exit(source), CTX_OK);
    ctx_context_unref(source);
    cr_assert_eq(counted_held(&object), 1);
    ctx_context_unref(copy);
    cr_assert_eq(counted_held(&object), 0);
}

Test(copy, null_arguments_are_invalid)
{
    ctx_context *context = new_context(), *copy = context;

    cr_assert_eq(ctx_copy(NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_context_new(NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_context_copy(context, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_context_copy(NULL, &copy), CTX_ERR_INVALID);
    cr_assert_null(copy);
    ctx_context_unref(context);
}

/* ---- references --------------------------------------------------------------------------- */

Test(reference, null_is_allowed)
{
    cr_assert_null(ctx_context_ref(NULL));
    ctx_context_unref(NULL);
}

Test(reference, the_last_one_releases_the_values)
{
    static struct counted object;
    ctx_context *context = new_context();

    cr_assert_eq(ctx_enter(context), CTX_OK);
    ctx_set(a, counted_value(&object));
    cr_assert_eq(ctx_exit(context), CTX_OK);
    cr_assert_eq(ctx_context_ref(context), context);
    ctx_context_unref(context);
    cr_assert_eq(counted_held(&object), 1);
    ctx_context_unref(context);
    cr_assert_eq(counted_held(&object), 0);
}

Test(reference, an_entered_context_stays_alive)
{
    ctx_context *context = new_context();

    cr_assert_eq(ctx_enter(context), CTX_OK);
    ctx_context_unref(context);
    ctx_set(a, 3);
    cr_assert_eq(get(a), 3);
    cr_assert_eq(ctx_exit(context), CTX_OK);
    cr_assert_eq(get(a), -1);
}

Test(current, is_made_and_stays)
{
    ctx_context *first, *second;

    cr_assert_eq(ctx_current(&first), CTX_OK);
    cr_assert_eq(ctx_current(&second), CTX_OK);
    cr_assert_eq(first, second);
    ctx_set(a, 1);
    cr_assert_eq(get_in(first, a), 1);
    ctx_context_unref(first);
    ctx_context_unref(second);
    cr_assert_eq(ctx_current(NULL), CTX_ERR_INVALID);
}

static void *read_in_thread(void *out)
{
    *(int64_t *)out = get(a);
    return NULL;
}

Test(current, of_a_new_thread_is_empty)
{
    pthread_t thread;
    int64_t seen = 0;

    ctx_set(a, 1);
    cr_assert_eq(pthread_create(&thread, NULL, read_in_thread, &seen), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(seen, -1);
}

static struct counted held;

static void *hold_in_thread(void *unused)
{
    ctx_context *entered = new_context();

    ctx_set(a, counted_value(&held));
    cr_assert_eq(ctx_enter(entered), CTX_OK);
    ctx_context_unref(entered);
    ctx_set(b, counted_value(&held));
    return unused;
}

Test(current, the_end_of_a_thread_releases_all_it_entered)
{
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, hold_in_thread, NULL), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(atomic_load(&held.retained), 2);
    cr_assert_eq(counted_held(&held), 0);
}

static pthread_key_t late_key;

/* Runs when a thread ends, after the store's own destructor or before, and uses the store. */
static void late(void *rounds)
{
    int *left = rounds;

    ctx_set(a, counted_value(&held));
    if (--*left > 0)
        pthread_setspecific(late_key, left);
}

static void *end_late(void *rounds)
{
    ctx_set(b, 1);
    pthread_setspecific(late_key, rounds);
    return NULL;
}

Test(current, a_thread_may_use_it_while_it_ends)
{
    pthread_t thread;
    int rounds = 3;

    cr_assert_eq(pthread_key_create(&late_key, late), 0);
    cr_assert_eq(pthread_create(&thread, NULL, end_late, &rounds), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(rounds, 0);
    cr_assert_eq(atomic_load(&held.retained), 3);
    cr_assert_eq(counted_held(&held), 0);
}

static void *take_current(void *out)
{
    ctx_set(a, 5);
    cr_assert_eq(ctx_current(out), CTX_OK);
    return NULL;
}

Test(current, of_an_ended_thread_may_be_entered)
{
    ctx_context *context;
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, take_current, &context), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(ctx_enter(context), CTX_OK);
    cr_assert_eq(get(a), 5);
    cr_assert_eq(ctx_exit(context), CTX_OK);
    ctx_context_unref(context);
}

static void use_up_keys(void)
{
    pthread_key_t key;

    while (pthread_key_create(&key, NULL) == 0) {
    }
}

Test(current, cannot_be_made_where_the_end_of_the_thread_is_not_heard_of)
{
    ctx_context *context = new_context(), *other;

    use_up_keys();
    cr_assert_eq(ctx_set(a, 1), CTX_ERR_NOMEM);
    cr_assert_eq(ctx_current(&other), CTX_ERR_NOMEM);
    cr_assert_eq(ctx_enter(context), CTX_ERR_NOMEM);
    cr_assert_eq(ctx_run(context, set_a, NULL), CTX_ERR_NOMEM);
    cr_assert_eq(ctx_swap(context, &other), CTX_ERR_NOMEM);
    cr_assert_eq(get(a), -1);
    ctx_context_unref(context);
}

static void *set_and_reset(void *unused)
{
    ctx_token token;

    cr_assert_eq(ctx_set(a, 1, &token), CTX_OK);
    cr_assert_eq(ctx_reset(a, token), CTX_OK);
    cr_assert_eq(ctx_set(a, counted_value(&held)), CTX_OK);
    return unused;
}

Test(current, is_there_all_the_same_in_a_thread_that_was_given_one)
{
    pthread_t thread;

    use_up_keys();
    cr_assert_eq(ctx_thread_create(&thread, NULL, set_and_reset, NULL), CTX_OK);
    pthread_join(thread, NULL);
    cr_assert_eq(atomic_load(&held.retained), 1);
    cr_assert_eq(counted_held(&held), 0);
}

/* ---- entering and leaving ----------------------------------------------------------------- */

Test(enter, nests)
{
    ctx_context *outer = new_context(), *inner = new_context();

    ctx_set(a, 1);
    cr_assert_eq(ctx_enter(outer), CTX_OK);
    cr_assert_eq(get(a), -1);
    ctx_set(a, 2);
    cr_assert_eq(ctx_enter(inner), CTX_OK);
    ctx_set(a, 3);
    cr_assert_eq(ctx_exit(inner), CTX_OK);
    cr_assert_eq(get(a), 2);
    cr_assert_eq(ctx_exit(outer), CTX_OK);
    cr_assert_eq(get(a), 1);
    cr_assert_eq(get_in(inner, a), 3);
    ctx_context_unref(outer);
    ctx_context_unref(inner);
}

Test(enter, refuses_one_that_this_thread_entered)
{
    ctx_context *outer = new_context(), *inner = new_context(), *current;

    cr_assert_eq(ctx_enter(outer), CTX_OK);
    cr_assert_eq(ctx_enter(outer), CTX_ERR_ENTERED);
    cr_assert_eq(ctx_enter(inner), CTX_OK);
    cr_assert_eq(ctx_enter(outer), CTX_ERR_ENTERED);
    cr_assert_eq(ctx_current(&current), CTX_OK);
    cr_assert_eq(current, inner);
    cr_assert_eq(ctx_exit(inner), CTX_OK);
    cr_assert_eq(ctx_exit(outer), CTX_OK);
    ctx_context_unref(current);
    ctx_context_unref(inner);
    ctx_context_unref(outer);
}

Test(enter, refuses_the_implicit_context)
{
    ctx_context *context;

    cr_assert_eq(ctx_current(&context), CTX_OK);
    cr_assert_eq(ctx_enter(context), CTX_ERR_ENTERED);
    ctx_context_unref(context);
}

Test(enter, may_be_repeated_after_leaving)
{
    ctx_context *context = new_context();

    for (int i = 0; i < 3; i++) {
        cr_assert_eq(ctx_enter(context), CTX_OK);
        cr_assert_eq(get(a), i - 1);
        ctx_set(a, i);
        cr_assert_eq(ctx_exit(context), CTX_OK);
    }
    ctx_context_unref(context);
}

struct entry {
    ctx_context *context;
    int enter;
    int read;
    int copy;
};

static void *enter_in_thread(void *arg)
{
    struct entry *entry = arg;
    ctx_context *copy;
    size_t count;

    entry->enter = ctx_enter(entry->context);
    entry->read = ctx_context_count(entry->context, &count);
    entry->copy = ctx_context_copy(entry->context, &copy);
    if (entry->copy != CTX_OK)
        cr_assert_null(copy);
    ctx_context_unref(copy);
    if (entry->enter == CTX_OK)
        ctx_exit(entry->context);
    return NULL;
}

static struct entry elsewhere(ctx_context *context)
{
    struct entry entry = {context, 1, 1, 1};
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, enter_in_thread, &entry), 0);
    pthread_join(thread, NULL);
    return entry;
}

Test(enter, refuses_one_that_another_thread_entered)
{
    ctx_context *context = new_context();
    struct entry entry;

    cr_assert_eq(ctx_enter(context), CTX_OK);
    entry = elsewhere(context);
    cr_assert_eq(entry.enter, CTX_ERR_ENTERED);
    cr_assert_eq(entry.read, CTX_ERR_ENTERED);
    cr_assert_eq(entry.copy, CTX_ERR_ENTERED);
    cr_assert_eq(ctx_exit(context), CTX_OK);
    entry = elsewhere(context);
    cr_assert_eq(entry.enter, CTX_OK);
    cr_assert_eq(entry.read, CTX_OK);
    cr_assert_eq(entry.copy, CTX_OK);
    ctx_context_unref(context);
}

Test(enter, null_is_invalid)
{
    cr_assert_eq(ctx_enter(NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_exit(NULL), CTX_ERR_INVALID);
}

Test(exit, of_one_that_is_not_current_has_no_effect)
{
    ctx_context *outer = new_context(), *inner = new_context();

    cr_assert_eq(ctx_exit(outer), CTX_ERR_NOT_CURRENT);
    cr_assert_eq(ctx_enter(outer), CTX_OK);
    cr_assert_eq(ctx_enter(inner), CTX_OK);
    cr_assert_eq(ctx_exit(outer), CTX_ERR_NOT_CURRENT);
    ctx_set(a, 1);
    cr_assert_eq(ctx_exit(inner), CTX_OK);
    cr_assert_eq(ctx_exit(outer), CTX_OK);
    cr_assert_eq(get_in(inner, a), 1);
    cr_assert_eq(ctx_exit(outer), CTX_ERR_NOT_CURRENT);
    ctx_context_unref(inner);
    ctx_context_unref(outer);
}

Test(exit, through_a_context_leaves_what_is_on_top_of_it)
{
    ctx_context *outer = new_context(), *inner = new_context();

    ctx_set(a, 1);
    cr_assert_eq(ctx_enter(outer), CTX_OK);
    cr_assert_eq(ctx_enter(inner), CTX_OK);
    ctx_exit_through(outer);
    cr_assert_eq(get(a), 1);
    ctx_exit_through(outer); /* not in it any more */
    ctx_exit_through(NULL);
    cr_assert_eq(get(a), 1);
    cr_assert_eq(ctx_enter(inner), CTX_OK); /* both are idle again */
    cr_assert_eq(ctx_enter(outer), CTX_OK);
    ctx_exit_through(inner);
    ctx_context_unref(inner);
    ctx_context_unref(outer);
}

/* ---- enter_own ---------------------------------------------------------------------------- */

Test(enter_own, ends_the_context_when_it_is_left)
{
    static struct counted object;
    ctx_context *copy;
    ctx_token token;

    ctx_set(a, counted_value(&object), &token);
    copy = copy_current();
    ctx_reset(a, token);
    cr_assert_eq(ctx_enter_own(copy), CTX_OK);
    cr_assert_eq(counted_held(&object), 1);
    cr_assert_eq(ctx_exit(copy), CTX_OK);
    cr_assert_eq(counted_held(&object), 0);
}

Test(enter_own, leaves_it_to_who_took_a_reference_meanwhile)
{
    ctx_context *copy = copy_current(), *kept;

    cr_assert_eq(ctx_enter_own(copy), CTX_OK);
    ctx_set(a, 7);
    cr_assert_eq(ctx_current(&kept), CTX_OK);
    ctx_exit_through(copy);
    cr_assert_eq(get_in(kept, a), 7);
    cr_assert_eq(ctx_run(kept, set_a, &(int64_t){8}), CTX_OK);
    ctx_context_unref(kept);
}

Test(enter_own, refuses_what_is_entered_or_shared)
{
    ctx_context *context = new_context(), *shared = ctx_context_ref(context);

    cr_assert_eq(ctx_enter_own(NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_enter_own(context), CTX_ERR_ENTERED);
    ctx_context_unref(shared);
    cr_assert_eq(ctx_enter(context), CTX_OK);
    cr_assert_eq(ctx_enter_own(context), CTX_ERR_ENTERED);
    cr_assert_eq(ctx_exit(context), CTX_OK);
    cr_assert_eq(ctx_enter_own(context), CTX_OK);
    ctx_exit_through(context);
}

/* ---- run ---------------------------------------------------------------------------------- */

Test(run, keeps_changes_in_the_context)
{
    ctx_context *context = new_context();

    cr_assert_eq(ctx_run(context, set_a, &(int64_t){7}), CTX_OK);
    cr_assert_eq(get_in(context, a), 7);
    cr_assert_eq(get(a), -1);
    ctx_context_unref(context);
}

static void run_again(void *context)
{
    cr_assert_eq(ctx_run(context, set_a, &(int64_t){1}), CTX_ERR_ENTERED);
}

Test(run, refuses_one_that_is_entered)
{
    ctx_context *context = new_context();

    cr_assert_eq(ctx_run(context, run_again, context), CTX_OK);
    cr_assert_eq(get_in(context, a), -1);
    ctx_context_unref(context);
}

Test(run, null_is_invalid)
{
    ctx_context *context = new_context();

    cr_assert_eq(ctx_run(NULL, set_a, &(int64_t){1}), CTX_ERR_INVALID);
    cr_assert_eq(ctx_run(context, NULL, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_enter(context), CTX_OK);
    cr_assert_eq(ctx_exit(context), CTX_OK);
    ctx_context_unref(context);
}

static void enter_and_forget(void *context)
{
    cr_assert_eq(ctx_enter(context), CTX_OK);
}

Test(run, leaves_what_was_entered_inside_and_forgotten)
{
    ctx_context *outer = new_context(), *inner = new_context();

    ctx_set(a, 1);
    cr_assert_eq(ctx_run(outer, enter_and_forget, inner), CTX_OK);
    cr_assert_eq(get(a), 1);
    cr_assert_eq(ctx_run(outer, set_a, &(int64_t){5}), CTX_OK);
    cr_assert_eq(ctx_run(inner, set_a, &(int64_t){5}), CTX_OK);
    ctx_context_unref(inner);
    ctx_context_unref(outer);
}

static void leave_early(void *context)
{
    cr_assert_eq(ctx_exit(context), CTX_OK);
    cr_assert_eq(get(a), 1);
}

Test(run, may_be_left_from_inside)
{
    ctx_context *context = new_context();

    ctx_set(a, 1);
    cr_assert_eq(ctx_run(context, leave_early, context), CTX_OK);
    cr_assert_eq(get(a), 1);
    ctx_context_unref(context);
}

static void *run_and_exit(void *context)
{
    ctx_run(context, pthread_exit, NULL);
    return NULL;
}

Test(run, leaves_when_the_thread_exits)
{
    ctx_context *context = new_context();
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, run_and_exit, context), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(ctx_run(context, set_a, &(int64_t){5}), CTX_OK);
    ctx_context_unref(context);
}

static void wait_for_cancel(void *unused)
{
    (void)unused;
    for (;;)
        pthread_testcancel();
}

static void *run_until_cancelled(void *context)
{
    ctx_run(context, wait_for_cancel, NULL);
    return NULL;
}

Test(run, leaves_when_the_thread_is_cancelled)
{
    ctx_context *context = new_context();
    pthread_t thread;
    void *result;

    cr_assert_eq(pthread_create(&thread, NULL, run_until_cancelled, context), 0);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    cr_assert_eq(result, PTHREAD_CANCELED);
    cr_assert_eq(ctx_run(context, set_a, &(int64_t){5}), CTX_OK);
    ctx_context_unref(context);
}

/* ---- swap --------------------------------------------------------------------------------- */

static ctx_context *swap(ctx_context *next)
{
    ctx_context *previous;

    cr_assert_eq(ctx_swap(next, &previous), CTX_OK);
    return previous;
}

Test(swap, exchanges_whole_chains)
{
    ctx_context *inner = new_context(), *coroutine = new_context(), *suspended;

    ctx_set(a, 1);
    cr_assert_eq(ctx_enter(inner), CTX_OK);
    ctx_set(a, 2);
    suspended = swap(ctx_context_ref(coroutine));
    cr_assert_eq(suspended, inner);
    cr_assert_eq(get(a), -1);
    ctx_set(a, 3);
    suspended = swap(suspended);
    cr_assert_eq(suspended, coroutine);
    cr_assert_eq(get(a), 2);
    cr_assert_eq(ctx_exit(inner), CTX_OK);
    cr_assert_eq(get(a), 1);
    ctx_context_unref(suspended);
    cr_assert_eq(get_in(coroutine, a), 3);
    ctx_context_unref(coroutine);
    ctx_context_unref(inner);
}

Test(swap, of_nothing_gives_nothing)
{
    cr_assert_null(swap(NULL));
    ctx_set(a, 1);
    {
        ctx_context *context = swap(NULL);

        cr_assert_not_null(context);
        cr_assert_null(ctxi_current());
        cr_assert_eq(get(a), -1);
        ctx_context_unref(context);
    }
}

Test(swap, a_suspended_one_cannot_be_entered)
{
    ctx_context *context;

    ctx_set(a, 1);
    context = swap(NULL);
    cr_assert_eq(ctx_enter(context), CTX_ERR_ENTERED);
    cr_assert_null(swap(context));
    cr_assert_eq(get(a), 1);
}

Test(swap, refuses_what_is_entered)
{
    ctx_context *outer = new_context(), *inner = new_context(), *previous = inner;

    cr_assert_eq(ctx_enter(outer), CTX_OK);
    cr_assert_eq(ctx_enter(inner), CTX_OK);
    cr_assert_eq(ctx_swap(inner, &previous), CTX_ERR_ENTERED);
    cr_assert_null(previous);
    cr_assert_eq(ctx_swap(outer, &previous), CTX_ERR_ENTERED);
    cr_assert_eq(ctxi_current(), inner);
    cr_assert_eq(ctx_swap(NULL, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_exit(inner), CTX_OK);
    cr_assert_eq(ctx_exit(outer), CTX_OK);
    ctx_context_unref(inner);
    ctx_context_unref(outer);
}

Test(swap, a_suspended_one_may_be_read)
{
    ctx_context *context;

    ctx_set(a, 1);
    context = swap(NULL);
    cr_assert_eq(get_in(context, a), 1);
    ctx_context_unref(context);
}

Test(swap, giving_up_a_suspended_chain_frees_all_of_it)
{
    static struct counted object;
    ctx_context *inner = new_context(), *suspended;

    ctx_set(a, counted_value(&object));
    cr_assert_eq(ctx_enter(inner), CTX_OK);
    ctx_set(a, counted_value(&object));
    suspended = swap(NULL);
    ctx_context_unref(inner);
    cr_assert_eq(counted_held(&object), 2);
    ctx_context_unref(suspended);
    cr_assert_eq(counted_held(&object), 0);
}

Test(swap, giving_up_a_chain_sets_those_below_free)
{
    ctx_context *below = new_context(), *top = new_context(), *suspended;

    cr_assert_eq(ctx_enter(below), CTX_OK);
    cr_assert_eq(ctx_enter(top), CTX_OK);
    suspended = swap(NULL);
    ctx_context_unref(top);
    cr_assert_eq(ctx_enter(below), CTX_ERR_ENTERED);
    ctx_context_unref(suspended);
    cr_assert_eq(ctx_enter(below), CTX_OK);
    cr_assert_eq(ctx_exit(below), CTX_OK);
    ctx_context_unref(below);
}

static void *swap_in_thread(void *suspended)
{
    ctx_context *top = suspended;

    cr_assert_null(swap(top));
    cr_assert_eq(get(a), 2);
    cr_assert_eq(ctx_exit(top), CTX_OK);
    cr_assert_eq(get(a), 1);
    ctx_set(a, 10);
    return swap(NULL);
}

Test(swap, a_chain_may_go_on_in_another_thread)
{
    ctx_context *inner = new_context();
    pthread_t thread;
    void *bottom;

    ctx_set(a, 1);
    cr_assert_eq(ctx_enter(inner), CTX_OK);
    ctx_set(a, 2);
    cr_assert_eq(pthread_create(&thread, NULL, swap_in_thread, swap(NULL)), 0);
    pthread_join(thread, &bottom);
    cr_assert_null(swap(bottom));
    cr_assert_eq(get(a), 10);
    ctx_context_unref(inner);
}

static int read_elsewhere(ctx_context *context)
{
    return elsewhere(context).read;
}

Test(swap, one_below_a_chain_is_readable_where_the_chain_is)
{
    ctx_context *below = new_context(), *top = new_context(), *suspended;
    size_t count;

    cr_assert_eq(ctx_enter(below), CTX_OK);
    cr_assert_eq(ctx_enter(top), CTX_OK);
    cr_assert_eq(ctx_context_count(below, &count), CTX_OK);
    cr_assert_eq(read_elsewhere(below), CTX_ERR_ENTERED);
    suspended = swap(NULL);
    cr_assert_eq(ctx_context_count(below, &count), CTX_ERR_ENTERED);
    ctx_context_unref(suspended);
    ctx_context_unref(top);
    ctx_context_unref(below);
}
