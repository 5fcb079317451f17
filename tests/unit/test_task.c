/*
 * Tasks: what a job leaves behind on its thread is told and dropped.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "context/map.h"
#include "context/store.h"
#include "support/alloc.h"
#include "support/object.h"
#include "support/rng.h"
#include "support/scale.h"
#include "support/unwind.h"

static CTX_VAR(tenant);
static CTX_VAR(user);

/* What was told, as a line: "tenant=acme, user:=ada, entered". */
static char told[1024];

static void note(void *unused, enum ctx_task_left what, ctx_var *var, ctx_value value)
{
    static const char *const words[] = {"", "=", ":=", "entered", "astray", "scope"};
    size_t used = strlen(told);

    (void)unused;
    cr_assert_eq(what <= CTX_TASK_CHANGED, var != NULL);
    snprintf(told + used, sizeof told - used, "%s%s%s%s", used ? ", " : "",
             var ? ctx_var_name(var) : "", words[what],
             value.type == CTX_STRING ? value.as.string.data : "");
}

static const char *now(ctx_var *var)
{
    const char *text;
    int status = ctx_get_string(var, &text);

    return status == CTX_OK ? text : status == CTX_ERR_UNSET ? "unset" : ctx_status_name(status);
}

/* Runs fn as a task in a thread that is "acme", which it must be afterwards too. */
static void expect(void (*fn)(void *arg), void *arg, const char *wanted)
{
    ctx_context *base = ctxi_current();

    told[0] = '\0';
    cr_assert_eq(ctx_run_task(fn, arg, note, NULL), CTX_OK);
    cr_assert_str_eq(told, wanted);
    cr_assert_eq(ctxi_current(), base);
    cr_assert_str_eq(now(tenant), "acme");
    cr_assert_str_eq(now(user), "unset");
}

static ctx_context *new_context(void)
{
    ctx_context *context;

    cr_assert_eq(ctx_context_new(&context), CTX_OK);
    return context;
}

static void become_acme(void)
{
    cr_assert_eq(ctx_set(tenant, "acme"), CTX_OK);
}

TestSuite(task, .init = become_acme);

/* ---- values ------------------------------------------------------------------------------- */

static void tidy(void *unused)
{
    ctx_token token;

    (void)unused;
    cr_assert_str_eq(now(tenant), "acme");
    CTX_SCOPED(tenant, "bolt");
    ctx_set(user, "ada", &token);
    cr_assert_str_eq(now(tenant), "bolt");
    cr_assert_eq(ctx_reset(user, token), CTX_OK);
}

Test(task, that_resets_what_it_set_leaves_nothing)
{
    expect(tidy, NULL, "");
}

static void set_user(void *unused)
{
    (void)unused;
    ctx_set(user, "ada");
}

static void set_both(void *unused)
{
    (void)unused;
    ctx_set(tenant, "bolt");
    ctx_set(user, "ada");
}

Test(task, what_it_set_and_changed_is_told_and_dropped)
{
    expect(set_user, NULL, "user=ada");
    expect(set_both, NULL, "tenant:=bolt, user=ada");
}

static void set_the_same(void *unused)
{
    (void)unused;
    become_acme();
}

Test(task, a_value_that_it_set_to_the_same_is_told)
{
    expect(set_the_same, NULL, "tenant:=acme");
}

static void reset_out_of_order(void *unused)
{
    ctx_token first, second;

    (void)unused;
    ctx_set(tenant, "bolt", &first);
    ctx_set(tenant, "cord", &second);
    cr_assert_eq(ctx_reset(tenant, first), CTX_OK);
    cr_assert_eq(ctx_reset(tenant, second), CTX_OK);
}

Test(task, a_value_that_came_back_by_a_late_reset_is_told)
{
    expect(reset_out_of_order, NULL, "tenant:=bolt");
}

static int make_list(void *unused, ctx_value *out_value)
{
    (void)unused;
    *out_value = ctx_string("made");
    return CTX_OK;
}

static CTX_VAR_FACTORY(list, make_list, NULL);

static void use_default(void *unused)
{
    (void)unused;
    cr_assert_str_eq(now(list), "made");
}

static void set_over_default(void *unused)
{
    use_default(unused);
    ctx_set(list, "own");
}

Test(task, a_default_of_a_factory_is_not_told)
{
    expect(use_default, NULL, "");
    expect(set_over_default, NULL, "list=own");
    cr_assert_str_eq(now(list), "made");
    expect(set_over_default, NULL, "list=own");
}

Test(task, of_a_thread_without_context_leaves_it_without)
{
    ctx_context *own;

    cr_assert_eq(ctx_swap(NULL, &own), CTX_OK);
    told[0] = '\0';
    cr_assert_eq(ctx_run_task(set_both, NULL, note, NULL), CTX_OK);
    cr_assert_str_eq(told, "tenant=bolt, user=ada");
    cr_assert_null(ctxi_current());
    ctx_context_unref(own);
}

Test(task, drops_also_what_nobody_asks_for)
{
    cr_assert_eq(ctx_run_task(set_both, NULL, NULL, NULL), CTX_OK);
    cr_assert_str_eq(now(tenant), "acme");
    cr_assert_str_eq(now(user), "unset");
}

static void keep_own(void *out)
{
    set_both(NULL);
    cr_assert_eq(ctx_current(out), CTX_OK);
}

Test(task, its_context_may_be_kept_with_what_was_left)
{
    ctx_context *kept;
    ctx_value value;

    expect(keep_own, &kept, "tenant:=bolt, user=ada");
    cr_assert_eq(ctx_context_get(kept, tenant, &value), CTX_OK);
    cr_assert_str_eq(value.as.string.data, "bolt");
    ctx_context_unref(kept);
}

static void nest(void *unused)
{
    (void)unused;
    ctx_set(user, "outer");
    cr_assert_eq(ctx_run_task(set_both, NULL, note, NULL), CTX_OK);
    cr_assert_str_eq(now(tenant), "acme");
    cr_assert_str_eq(now(user), "outer");
}

Test(task, may_run_in_a_task)
{
    expect(nest, NULL, "tenant:=bolt, user:=ada, user=outer");
}

Test(task, null_and_failed_scopes_are_refused)
{
    cr_assert_eq(ctx_run_task(NULL, NULL, note, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_bound_run_task(NULL, note, NULL), CTX_ERR_INVALID);
    CTX_SCOPED(NULL, "a scope that fails");
    told[0] = '\0';
    cr_assert_eq(ctx_run_task(set_both, NULL, note, NULL), CTX_ERR_NOMEM);
    cr_assert_str_eq(told, "");
    cr_assert_str_eq(now(tenant), "CTX_ERR_NOMEM");
}

/* ---- contexts ----------------------------------------------------------------------------- */

static void enter_and_forget(void *contexts)
{
    ctx_context **of = contexts;

    for (int i = 0; i < 2; i++) {
        cr_assert_eq(ctx_enter(of[i]), CTX_OK);
        ctx_set(tenant, "bolt");
    }
}

Test(task, contexts_that_it_did_not_leave_are_left)
{
    ctx_context *entered[] = {new_context(), new_context()};

    expect(enter_and_forget, entered, "entered, entered");
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(ctx_enter(entered[i]), CTX_OK);
        cr_assert_eq(ctx_exit(entered[i]), CTX_OK);
        ctx_context_unref(entered[i]);
    }
}

static void set_enter_and_forget(void *context)
{
    ctx_set(user, "ada");
    cr_assert_eq(ctx_enter(context), CTX_OK);
    ctx_set(user, "bob");
}

Test(task, values_below_a_forgotten_context_are_told)
{
    ctx_context *entered = new_context();

    expect(set_enter_and_forget, entered, "user=ada, entered");
    ctx_context_unref(entered);
}

/* Swaps the context that *context is in, and leaves in it the one that was swapped out. */
static void swap_away(void *context)
{
    ctx_context **other = context;

    ctx_set(user, "ada");
    cr_assert_eq(ctx_swap(*other, other), CTX_OK);
    ctx_set(tenant, "bolt");
}

Test(task, a_context_swapped_in_is_dropped)
{
    ctx_context *other = new_context(), *kept = ctx_context_ref(other);
    ctx_value value;

    expect(swap_away, &other, "astray");
    cr_assert_eq(ctx_context_get(other, user, &value), CTX_OK); /* suspended, and ours */
    cr_assert_str_eq(value.as.string.data, "ada");
    cr_assert_eq(ctx_enter(kept), CTX_OK);
    cr_assert_eq(ctx_exit(kept), CTX_OK);
    ctx_context_unref(other);
    ctx_context_unref(kept);
}

Test(task, swapped_out_for_nothing_is_found_astray)
{
    ctx_context *other = NULL;

    expect(swap_away, &other, "astray");
    ctx_context_unref(other);
}

static void swap_and_come_back(void *unused)
{
    ctx_context *own, *other;

    (void)unused;
    cr_assert_eq(ctx_swap(NULL, &own), CTX_OK);
    ctx_set(user, "of a coroutine");
    cr_assert_eq(ctx_swap(own, &other), CTX_OK);
    ctx_context_unref(other);
}

Test(task, may_swap_and_come_back)
{
    expect(swap_and_come_back, NULL, "");
}

static void leave_own(void *unused)
{
    (void)unused;
    cr_assert_eq(ctx_exit(ctxi_current()), CTX_OK);
    cr_assert_null(ctxi_current());
    ctx_set(tenant, "bolt");
}

Test(task, that_leaves_its_own_context_is_told)
{
    expect(leave_own, NULL, "astray");
}

static void reach_for(void *base)
{
    ctx_context *previous;
    size_t count;

    cr_assert_eq(ctx_exit(base), CTX_ERR_NOT_CURRENT);
    cr_assert_eq(ctx_enter(base), CTX_ERR_ENTERED);
    cr_assert_eq(ctx_swap(base, &previous), CTX_ERR_ENTERED);
    cr_assert_eq(ctx_context_count(base, &count), CTX_ERR_ENTERED);
}

Test(task, cannot_reach_what_the_thread_was_in)
{
    ctx_context *base;

    cr_assert_eq(ctx_current(&base), CTX_OK);
    expect(reach_for, base, "");
    ctx_context_unref(base);
}

Test(task, leaves_the_whole_chain_as_it_was)
{
    ctx_context *top = new_context(), *other = NULL;

    cr_assert_eq(ctx_enter(top), CTX_OK);
    ctx_set(tenant, "top");
    told[0] = '\0';
    cr_assert_eq(ctx_run_task(swap_away, &other, note, NULL), CTX_OK);
    cr_assert_str_eq(told, "astray");
    cr_assert_str_eq(now(tenant), "top");
    cr_assert_eq(ctx_exit(top), CTX_OK);
    cr_assert_str_eq(now(tenant), "acme");
    ctx_context_unref(top);
    ctx_context_unref(other);
}

/* ---- scopes ------------------------------------------------------------------------------- */

static void fail_a_scope(void *unused)
{
    ctx_scope scope = ctx_scope_begin(NULL, ctx_null());

    (void)unused;
    cr_assert_neq(ctx_scope_status(&scope), CTX_OK);
    cr_assert_str_eq(now(tenant), "CTX_ERR_NOMEM");
}

Test(task, a_scope_that_failed_is_over)
{
    expect(fail_a_scope, NULL, "scope");
    expect(tidy, NULL, "");
}

static void end_elsewhere(void *other)
{
    CTX_SCOPED(tenant, "bolt");
    cr_assert_eq(ctx_swap(NULL, other), CTX_OK);
}

Test(task, a_scope_that_lost_its_context_does_not_blind_the_thread)
{
    ctx_context *other;

    expect(end_elsewhere, &other, "astray, scope");
    ctx_context_unref(other);
}

static ctx_scope outlived;

static void begin_to_fail(void *unused)
{
    (void)unused;
    outlived = ctx_scope_begin(NULL, ctx_null());
}

Test(task, a_scope_that_ends_after_it_does_nothing)
{
    expect(begin_to_fail, NULL, "scope");
    ctx_scope_end(&outlived);
    cr_assert_str_eq(now(tenant), "acme");
}

/* ---- the report --------------------------------------------------------------------------- */

static void make_a_mess(void *context, enum ctx_task_left what, ctx_var *var, ctx_value value)
{
    cr_assert_null(ctxi_current());
    cr_assert_str_eq(now(tenant), "unset");
    note(NULL, what, var, value);
    ctx_set(tenant, "of the report");
    cr_assert_eq(ctx_enter(context), CTX_OK);
    ctx_scope_begin(NULL, ctx_null());
}

Test(task, a_report_reads_nothing_and_its_own_mess_is_dropped)
{
    ctx_context *context = new_context(), *base = ctxi_current();

    told[0] = '\0';
    cr_assert_eq(ctx_run_task(set_user, NULL, make_a_mess, context), CTX_OK);
    cr_assert_str_eq(told, "user=ada");
    cr_assert_eq(ctxi_current(), base);
    cr_assert_str_eq(now(tenant), "acme");
    cr_assert_eq(ctx_enter(context), CTX_OK);
    cr_assert_eq(ctx_exit(context), CTX_OK);
    ctx_context_unref(context);
}

static void set_when_released(struct counted *object)
{
    (void)object;
    ctx_set(tenant, "of a release");
}

static void leave_object(void *object)
{
    ctx_set(user, counted_value(object));
}

Test(task, what_is_set_by_what_is_dropped_is_dropped)
{
    static struct counted object = {.on_release = set_when_released};
    ctx_bound *bound;

    expect(leave_object, &object, "user=");
    cr_assert_eq(counted_held(&object), 0);
    cr_assert_eq(ctx_bind(leave_object, &object, &bound), CTX_OK);
    cr_assert_eq(ctx_bound_run_task(bound, note, NULL), CTX_OK);
    cr_assert_eq(counted_held(&object), 0);
    cr_assert_str_eq(now(tenant), "acme");
    ctx_bound_free(bound);
}

/* ---- other ends --------------------------------------------------------------------------- */

static void set_and_exit(void *unused)
{
    set_both(NULL);
    pthread_exit(unused);
}

static void set_and_wait(void *unused)
{
    (void)unused;
    set_both(NULL);
    may_unwind_here();
    for (;;)
        pause();
}

/* Runs last in the thread: how the task has left it. */
static void look(void *seen)
{
    strcpy(seen, now(tenant));
}

struct ending {
    void (*fn)(void *arg);
    char seen[32];
};

static void *run_in_thread(void *arg)
{
    struct ending *ending = arg;

    become_acme();
    pthread_cleanup_push(look, ending->seen);
    ctx_run_task(ending->fn, NULL, note, NULL);
    pthread_cleanup_pop(0);
    return NULL;
}

static void end_by(void (*fn)(void *arg), bool cancel)
{
    struct ending ending = {fn, ""};
    pthread_t thread;

    told[0] = '\0';
    cr_assert_eq(pthread_create(&thread, NULL, run_in_thread, &ending), 0);
    if (cancel)
        pthread_cancel(thread);
    pthread_join(thread, NULL);
    cr_assert_str_eq(told, "tenant:=bolt, user=ada");
    cr_assert_str_eq(ending.seen, "acme");
}

Test(task, ended_by_the_end_of_its_thread_is_told_and_dropped)
{
    end_by(set_and_exit, false);
    end_by(set_and_wait, true);
}

/* ---- bound functions ---------------------------------------------------------------------- */

static void expect_acme(void *unused)
{
    (void)unused;
    cr_assert_str_eq(now(tenant), "acme");
    set_both(NULL);
}

Test(task, of_a_bound_function_is_compared_with_what_was_captured)
{
    ctx_bound *bound;

    cr_assert_eq(ctx_bind(expect_acme, NULL, &bound), CTX_OK);
    ctx_set(tenant, "thread");
    for (int i = 0; i < 3; i++) {
        told[0] = '\0';
        cr_assert_eq(ctx_bound_run_task(bound, note, NULL), CTX_OK);
        cr_assert_str_eq(told, "tenant:=bolt, user=ada");
        cr_assert_str_eq(now(tenant), "thread");
    }
    ctx_bound_free(bound);
}

static void free_and_set(void *bound)
{
    ctx_bound_free(*(ctx_bound **)bound);
    set_both(NULL);
}

Test(task, may_free_the_function_that_it_is_of)
{
    ctx_bound *bound;

    cr_assert_eq(ctx_bind(free_and_set, &bound, &bound), CTX_OK);
    told[0] = '\0';
    cr_assert_eq(ctx_bound_run_task(bound, note, NULL), CTX_OK);
    cr_assert_str_eq(told, "tenant:=bolt, user=ada");
}

/* ---- memory ------------------------------------------------------------------------------- */

static struct support_alloc alloc;
static ctx_context *shared;

static void use_alloc(void)
{
    support_alloc_init(&alloc);
    cr_assert_eq(ctx_set_allocator(&alloc.allocator), CTX_OK);
    become_acme();
}

TestSuite(task_memory, .init = use_alloc);

/* The reset finds a map that is shared, and no memory to copy it. */
static void reset_without_memory(void *unused)
{
    ctx_token token;

    (void)unused;
    ctx_set(tenant, "bolt");
    ctx_set(user, "ada", &token);
    cr_assert_eq(ctx_copy(&shared), CTX_OK);
    support_alloc_fail(&alloc, 0, true);
    cr_assert_eq(ctx_reset(user, token), CTX_OK);
    cr_assert_str_eq(now(user), "unset");
}

Test(task_memory, is_not_needed_to_look_tell_and_drop)
{
    expect(reset_without_memory, NULL, "tenant:=bolt");
    support_alloc_recover(&alloc);
    expect(tidy, NULL, "");
    ctx_context_unref(shared);
}

static void read_only(void *unused)
{
    (void)unused;
    cr_assert_str_eq(now(tenant), "acme");
}

Test(task_memory, is_not_needed_for_a_bound_function_that_ran_before)
{
    ctx_bound *bound;

    cr_assert_eq(ctx_bind(read_only, NULL, &bound), CTX_OK);
    cr_assert_eq(ctx_bound_run_task(bound, note, NULL), CTX_OK);
    support_alloc_fail(&alloc, 0, true);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(ctx_bound_run_task(bound, note, NULL), CTX_OK);
    support_alloc_recover(&alloc);
    ctx_bound_free(bound);
}

Test(task_memory, what_the_thread_lacked_it_for_is_compared_as_it_is)
{
    ctx_token token;

    ctx_set(tenant, "bolt", &token);
    cr_assert_eq(ctx_copy(&shared), CTX_OK);
    support_alloc_fail(&alloc, 0, true);
    cr_assert_eq(ctx_reset(tenant, token), CTX_OK);
    support_alloc_recover(&alloc);
    expect(set_user, NULL, "user=ada");
    expect(tidy, NULL, "");
    expect(set_both, NULL, "tenant:=bolt, user=ada");
    ctx_context_unref(shared);
}

/* ---- maps of every shape ------------------------------------------------------------------ */

enum { VARS = 1100 };

static ctx_var vars[VARS];
static bool was_set[VARS], left[VARS];

static void note_var(void *unused, enum ctx_task_left what, ctx_var *var, ctx_value value)
{
    size_t i = (size_t)(var - vars);

    (void)unused;
    cr_assert(i < VARS);
    cr_assert_not(left[i]);
    cr_assert_eq(what, was_set[i] ? CTX_TASK_CHANGED : CTX_TASK_SET);
    cr_assert_eq(value.as.i64, -(int64_t)i);
    left[i] = true;
}

struct steps {
    struct support_rng *rng;
    size_t limit; /* of the variables that are set */
    bool set[VARS];
};

/* Sets some for good, and others only for a while. */
static void set_at_random(void *arg)
{
    struct steps *steps = arg;

    memset(steps->set, 0, sizeof steps->set);
    for (uint64_t n = support_rng_below(steps->rng, 6); n > 0; n--) {
        size_t i = support_rng_below(steps->rng, steps->limit);
        ctx_token token;

        if (support_rng_below(steps->rng, 2)) {
            ctx_set(&vars[i], -(int64_t)i);
            steps->set[i] = true;
        } else {
            ctx_set(&vars[i], 1, &token);
            ctx_reset(&vars[i], token);
        }
    }
}

Test(task, whatever_was_set_is_told_in_maps_of_every_shape)
{
    static const size_t limits[] = {3, 4, 5, 30, 33, 200, VARS};
    struct support_rng rng = support_rng_seeded(support_seed("task"));
    struct steps steps = {.rng = &rng};

    for (size_t i = 0; i < VARS; i++) {
        vars[i].name = "one of many";
        cr_assert_eq(ctxi_var_hold(&vars[i], false), CTX_OK);
    }
    for (long round = 0; round < scaled(2000); round++) {
        size_t there = limits[support_rng_below(&rng, 7)];

        if (round % 100 == 0) { /* the thread has some */
            ctx_context *own = NULL;

            cr_assert_eq(ctx_swap(NULL, &own), CTX_OK);
            ctx_context_unref(own);
            memset(was_set, 0, sizeof was_set);
            for (uint64_t n = support_rng_below(&rng, 2 * there); n > 0; n--) {
                size_t i = support_rng_below(&rng, there);

                ctx_set(&vars[i], 1);
                was_set[i] = true;
            }
        }
        memset(left, 0, sizeof left);
        steps.limit = limits[support_rng_below(&rng, 7)];
        cr_assert_eq(ctx_run_task(set_at_random, &steps, note_var, NULL), CTX_OK);
        cr_assert_arr_eq(left, steps.set, sizeof left);
    }
}

/* ---- what is looked at -------------------------------------------------------------------- */

static void put(struct ctxi_node **root, uint32_t id)
{
    ctx_value value = ctx_i64(1);
    struct ctxi_cell *cell = ctxi_cell_new(&vars[id - 1], &value, false);
    struct ctxi_node *leaf;

    cr_assert_not_null(cell);
    cr_assert_eq(ctxi_map_own(root, id, &leaf), CTX_OK);
    ctxi_cell_unref(ctxi_leaf_swap(leaf, id, cell));
}

static void note_visit(void *visits, struct ctxi_cell *cell)
{
    ++((int *)visits)[cell->var - vars];
}

Test(task, nothing_is_looked_at_but_what_was_set)
{
    struct support_rng rng = support_rng_seeded(support_seed("look"));
    static const uint32_t limits[] = {3, 30, 200, VARS};

    for (long round = 0; round < scaled(1000); round++) {
        uint32_t there = limits[support_rng_below(&rng, 4)];
        int visits[VARS] = {0}, wanted[VARS] = {0};
        struct ctxi_node *before = NULL, *after;

        for (uint64_t n = support_rng_below(&rng, there); n > 0; n--)
            put(&before, 1 + (uint32_t)support_rng_below(&rng, there));
        after = ctxi_map_ref(before);
        there = limits[support_rng_below(&rng, 4)];
        for (uint64_t n = support_rng_below(&rng, 4); n > 0; n--) {
            uint32_t id = 1 + (uint32_t)support_rng_below(&rng, there);

            put(&after, id);
            wanted[id - 1] = 1;
        }
        ctxi_map_each_other(after, before, note_visit, visits);
        cr_assert_arr_eq(visits, wanted, sizeof visits);
        ctxi_map_unref(before);
        ctxi_map_unref(after);
    }
}
