/*
 * What the store offers the cache: lookups, memos, counted changes, records of reads.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>
#include <pthread.h>

#include "context/store.h"

static CTX_VAR(tenant);
static CTX_VAR(locale);
static CTX_VAR_DEFAULT(currency, CTX_VALUE_STRING("EUR"));

static int make_seven(void *user, ctx_value *out_value)
{
    ++*(int *)user;
    *out_value = ctx_i64(7);
    return CTX_OK;
}

static int made;
static CTX_VAR_FACTORY(seven, make_seven, &made);

static ctx_context *current(void)
{
    ctx_context *context;

    cr_assert_eq(ctxi_current_make(&context), CTX_OK);
    cr_assert_eq(ctxi_current(), context);
    return context;
}

/* ---- lookups ------------------------------------------------------------------------------ */

Test(lookup, finds_what_is_set)
{
    ctx_value value;

    ctx_set(tenant, 5);
    cr_assert_eq(ctxi_lookup(current(), tenant, false, &value), CTX_OK);
    cr_assert_eq(value.as.i64, 5);
    cr_assert_eq(ctxi_lookup(current(), locale, false, &value), CTX_ERR_UNSET);
    cr_assert_eq(ctxi_lookup(NULL, tenant, false, &value), CTX_ERR_UNSET);
}

Test(lookup, counts_defaults_only_if_asked)
{
    ctx_value value;

    cr_assert_eq(ctxi_lookup(current(), currency, false, &value), CTX_ERR_UNSET);
    cr_assert_eq(ctxi_lookup(current(), currency, true, &value), CTX_OK);
    cr_assert_str_eq(value.as.string.data, "EUR");
    cr_assert_eq(ctxi_lookup(NULL, currency, true, &value), CTX_OK);
}

Test(lookup, makes_and_keeps_the_value_of_a_factory)
{
    ctx_value value;

    cr_assert_eq(ctxi_lookup(current(), seven, true, &value), CTX_OK);
    cr_assert_eq(ctxi_lookup(current(), seven, true, &value), CTX_OK);
    cr_assert_eq(value.as.i64, 7);
    cr_assert_eq(made, 1);
    cr_assert_eq(ctxi_lookup(current(), seven, false, &value), CTX_ERR_UNSET);
}

Test(lookup, is_not_noted)
{
    struct ctxi_reads *reads = ctxi_reads_new(NULL);
    ctx_value value;

    ctxi_reads_unref(ctxi_reads_attach(current(), reads));
    ctx_set(tenant, 5);
    cr_assert_eq(ctxi_lookup(current(), tenant, false, &value), CTX_OK);
    ctxi_reads_each(reads, (void (*)(void *, uint32_t))abort, NULL);
    ctxi_reads_unref(reads);
}

/* ---- memos -------------------------------------------------------------------------------- */

static const struct ctxi_memo *remembered(uint64_t owner)
{
    return ctxi_memo_find(current(), owner);
}

static void keep(uint64_t owner)
{
    struct ctxi_memo memo = {owner, owner + 1, owner + 2};

    ctxi_memo_keep(current(), &memo);
}

Test(memo, is_found_again)
{
    cr_assert_null(remembered(1));
    keep(1);
    keep(2);
    cr_assert_eq(remembered(1)->partition, 2);
    cr_assert_eq(remembered(2)->seed, 4);
    cr_assert_null(remembered(9)); /* the place of 1 */
}

Test(memo, a_newer_one_may_take_its_place)
{
    keep(1);
    keep(9);
    cr_assert_null(remembered(1));
    cr_assert_eq(remembered(9)->partition, 10);
}

Test(memo, is_forgotten_at_set_and_reset_of_a_partition_variable)
{
    ctx_token token;

    cr_assert_eq(ctxi_var_hold(tenant, true), CTX_OK);
    keep(1);
    ctx_set(tenant, "acme", &token);
    cr_assert_null(remembered(1));
    keep(1);
    ctx_reset(tenant, token);
    cr_assert_null(remembered(1));
    ctxi_var_unhold(tenant);
}

Test(memo, is_forgotten_at_set_of_a_number_over_a_number)
{
    cr_assert_eq(ctxi_var_hold(tenant, true), CTX_OK);
    ctx_set(tenant, 1);
    keep(1);
    ctx_set(tenant, 2);
    cr_assert_null(remembered(1));
    ctxi_var_unhold(tenant);
}

Test(memo, stays_at_set_of_any_other_variable)
{
    ctx_token token;

    cr_assert_eq(ctxi_var_hold(locale, false), CTX_OK);
    keep(1);
    ctx_set(locale, "de", &token);
    ctx_reset(locale, token);
    cr_assert_not_null(remembered(1));
}

Test(memo, stays_when_a_reset_is_refused)
{
    cr_assert_eq(ctxi_var_hold(tenant, true), CTX_OK);
    keep(1);
    cr_assert_eq(ctx_reset(tenant, CTX_TOKEN_NONE), CTX_ERR_INVALID);
    cr_assert_not_null(remembered(1));
}

Test(memo, does_not_follow_a_copy)
{
    ctx_context *copy;

    keep(1);
    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    cr_assert_null(ctxi_memo_find(copy, 1));
    ctx_context_unref(copy);
}

/* Keeps a memo, and is told whether the run before it has left one. */
static void keep_in_run(void *remembers)
{
    *(bool *)remembers = remembered(1) != NULL;
    keep(1);
}

static void keep_and_change(void *remembers)
{
    keep_in_run(remembers);
    ctx_set(locale, "it");
}

static bool second_run_remembers(void (*fn)(void *arg))
{
    ctx_bound *bound;
    bool remembers = false;

    cr_assert_eq(ctx_bind(fn, &remembers, &bound), CTX_OK);
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    cr_assert_not(remembers);
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    ctx_bound_free(bound);
    return remembers;
}

Test(memo, survives_a_run_of_a_bound_function_that_changes_nothing)
{
    cr_assert(second_run_remembers(keep_in_run));
    cr_assert_not(second_run_remembers(keep_and_change));
}

Test(changes, grow_with_set_and_reset_of_a_partition_variable)
{
    uint64_t before = ctxi_context_moment(current());
    ctx_token token;

    ctx_set(locale, "de");
    cr_assert_eq(ctxi_context_moment(current()), before);
    cr_assert_eq(ctxi_var_hold(locale, true), CTX_OK);
    ctx_set(locale, "en", &token);
    cr_assert_gt(ctxi_context_moment(current()), before);
    before = ctxi_context_moment(current());
    ctx_reset(locale, token);
    cr_assert_gt(ctxi_context_moment(current()), before);
}

/* ---- records of reads --------------------------------------------------------------------- */

struct ids {
    uint32_t ids[8];
    size_t count;
};

static void collect(void *user, uint32_t id)
{
    struct ids *ids = user;

    cr_assert_lt(ids->count, 8);
    ids->ids[ids->count++] = id;
}

static struct ids noted(const struct ctxi_reads *reads)
{
    struct ids ids = {{0}, 0};

    ctxi_reads_each(reads, collect, &ids);
    return ids;
}

/* A record attached to the current context, which has the reference then. */
static struct ctxi_reads *audit(void)
{
    struct ctxi_reads *reads = ctxi_reads_new(NULL);

    cr_assert_not_null(reads);
    cr_assert_null(ctxi_reads_attach(current(), reads));
    ctxi_reads_unref(reads);
    return reads;
}

static bool only(const struct ctxi_reads *reads, const ctx_var *var)
{
    struct ids ids = noted(reads);

    return ids.count == 1 && ids.ids[0] == ctxi_var_id(var) && !ctxi_reads_all(reads);
}

static bool none(const struct ctxi_reads *reads)
{
    return noted(reads).count == 0 && !ctxi_reads_all(reads);
}

static bool has(const struct ctxi_reads *reads, uint32_t id)
{
    struct ids ids = noted(reads);

    for (size_t i = 0; i < ids.count; i++)
        if (ids.ids[i] == id)
            return true;
    return false;
}

Test(reads, nobody_audits_at_first)
{
    cr_assert_null(ctxi_reads_current());
    current();
    cr_assert_null(ctxi_reads_current());
}

Test(reads, every_get_is_noted)
{
    struct ctxi_reads *reads = audit();
    ctx_value value;
    int64_t number;

    cr_assert(none(reads));
    ctx_get(tenant, &value);
    cr_assert(only(reads, tenant));
    ctx_get_i64(tenant, &number);
    cr_assert(only(reads, tenant));
    ctx_get_or(locale, ctx_null(), &value);
    cr_assert_eq(noted(reads).count, 2);
    ctx_set(currency, "USD");
    cr_assert_eq(noted(reads).count, 2);
    ctx_get(currency, &value);
    cr_assert_eq(noted(reads).count, 3);
}

Test(reads, a_default_is_noted_by_every_get)
{
    struct ctxi_reads *reads;
    ctx_value value;
    const char *text;

    ctx_set(tenant, "acme");
    reads = audit();
    cr_assert_eq(ctx_get(currency, &value), CTX_OK);
    cr_assert(only(reads, currency));
    ctxi_reads_unref(ctxi_reads_attach(current(), NULL));
    reads = audit();
    cr_assert_eq(ctx_get_string(currency, &text), CTX_OK);
    cr_assert(only(reads, currency));
    ctxi_reads_unref(ctxi_reads_attach(current(), NULL));
    reads = audit();
    cr_assert_eq(ctx_get_or(currency, ctx_null(), &value), CTX_OK);
    cr_assert_eq(value.type, CTX_NULL);
    cr_assert(only(reads, currency));
}

Test(reads, inspection_of_another_context_is_noted_here)
{
    struct ctxi_reads *reads = audit();
    ctx_context *other;
    ctx_value value;
    bool there;

    cr_assert_eq(ctx_context_new(&other), CTX_OK);
    ctx_context_get(other, tenant, &value);
    cr_assert(only(reads, tenant));
    ctx_context_contains(other, locale, &there);
    cr_assert_eq(noted(reads).count, 2);
    ctx_context_unref(other);
}

static int nothing(void *user, ctx_var *var, ctx_value value)
{
    (void)user, (void)var, (void)value;
    return 0;
}

Test(reads, counting_reads_everything)
{
    struct ctxi_reads *reads = audit();
    size_t n;

    ctx_context_count(current(), &n);
    cr_assert(ctxi_reads_all(reads));
}

Test(reads, iterating_reads_everything)
{
    struct ctxi_reads *reads = audit();

    ctx_context_each(current(), nothing, NULL);
    cr_assert(ctxi_reads_all(reads));
}

Test(reads, are_visited_in_order_of_ids)
{
    struct ctxi_reads *reads = ctxi_reads_new(NULL);

    ctxi_reads_note_id(reads, 130);
    ctxi_reads_note_id(reads, 1);
    ctxi_reads_note_id(reads, 64);
    ctxi_reads_note_id(reads, 65);
    ctxi_reads_note_id(reads, 64);
    cr_assert_eq(noted(reads).count, 4);
    cr_assert_eq(noted(reads).ids[0], 1);
    cr_assert_eq(noted(reads).ids[1], 64);
    cr_assert_eq(noted(reads).ids[2], 65);
    cr_assert_eq(noted(reads).ids[3], 130);
    ctxi_reads_unref(reads);
}

Test(reads, there_is_room_for_many_ids)
{
    struct ctxi_reads *reads = ctxi_reads_new(NULL);

    ctxi_reads_note_id(reads, 1023);
    cr_assert_not(ctxi_reads_all(reads));
    cr_assert_eq(noted(reads).ids[0], 1023);
    ctxi_reads_unref(reads);
}

Test(reads, an_id_without_room_reads_everything)
{
    struct ctxi_reads *reads = ctxi_reads_new(NULL);

    ctxi_reads_note_id(reads, 1u << 20);
    cr_assert(ctxi_reads_all(reads));
    ctxi_reads_unref(reads);
}

Test(reads, of_nobody_are_not_noted)
{
    ctxi_reads_note(NULL, tenant);
    ctxi_reads_note_all(NULL);
    ctxi_reads_note_id(NULL, 1);
    ctxi_reads_unref(NULL);
    cr_assert_null(ctxi_reads_ref(NULL));
    cr_assert_eq(ctxi_var_id(tenant), 0);
}

Test(reads, attaching_gives_back_what_was_attached)
{
    struct ctxi_reads *outer = ctxi_reads_new(NULL), *inner = ctxi_reads_new(outer);
    ctx_value value;

    cr_assert_null(ctxi_reads_attach(current(), outer));
    cr_assert_eq(ctxi_reads_attach(current(), inner), outer);
    ctx_get(tenant, &value);
    cr_assert_eq(ctxi_reads_attach(current(), outer), inner);
    cr_assert(only(inner, tenant));
    cr_assert(none(outer));
    ctxi_reads_unref(inner);
    ctxi_reads_unref(inner);
    ctxi_reads_unref(outer);
    cr_assert_eq(ctxi_reads_attach(current(), NULL), outer);
    ctxi_reads_unref(outer);
    ctxi_reads_unref(outer);
}

Test(reads, know_which_load_they_are_inside_of)
{
    struct ctxi_reads *outer = ctxi_reads_new(NULL), *middle = ctxi_reads_new(outer),
                      *inner = ctxi_reads_new(middle), *other = ctxi_reads_new(NULL);

    cr_assert(ctxi_reads_inside(inner, outer));
    cr_assert(ctxi_reads_inside(inner, middle));
    cr_assert(ctxi_reads_inside(inner, inner));
    cr_assert_not(ctxi_reads_inside(outer, inner));
    cr_assert_not(ctxi_reads_inside(inner, other));
    cr_assert_not(ctxi_reads_inside(NULL, outer));
    cr_assert_not(ctxi_reads_inside(inner, NULL));
    cr_assert_not(ctxi_reads_inside(NULL, NULL));
    ctxi_reads_unref(outer);
    ctxi_reads_unref(middle);
    ctxi_reads_unref(inner);
    ctxi_reads_unref(other);
}

static void get_tenant(void *unused)
{
    ctx_value value;

    (void)unused;
    ctx_get(tenant, &value);
}

Test(reads, an_entered_context_takes_them_over_until_it_is_left)
{
    struct ctxi_reads *reads = audit();
    ctx_context *other;

    cr_assert_eq(ctx_context_new(&other), CTX_OK);
    cr_assert_eq(ctx_run(other, get_tenant, NULL), CTX_OK);
    cr_assert(only(reads, tenant));
    ctxi_reads_unref(ctxi_reads_attach(current(), NULL));
    cr_assert_eq(ctx_enter(other), CTX_OK);
    cr_assert_null(ctxi_reads_current());
    cr_assert_eq(ctx_exit(other), CTX_OK);
    ctx_context_unref(other);
}

/* A context with a record of its own, entered inside a load. */
static ctx_context *with_record(struct ctxi_reads *own)
{
    ctx_context *other;

    cr_assert_eq(ctx_context_new(&other), CTX_OK);
    cr_assert_null(ctxi_reads_attach(other, own));
    return other;
}

/* Where the load has ended that it was of, nobody depends on it any more. */
Test(reads, of_a_load_that_has_ended_are_of_where_one_is_or_of_nobody)
{
    struct ctxi_reads *own = ctxi_reads_new(NULL), *reads;
    ctx_context *other = with_record(own);

    ctxi_reads_end(own);
    reads = audit();
    cr_assert_eq(ctx_run(other, get_tenant, NULL), CTX_OK);
    cr_assert(only(reads, tenant));
    ctxi_reads_unref(ctxi_reads_attach(current(), NULL));
    cr_assert_eq(ctx_run(other, get_tenant, NULL), CTX_OK);
    cr_assert(none(own));
    ctxi_reads_unref(own);
    ctx_context_unref(other);
}

Test(reads, of_an_inner_load_go_out_at_once_but_for_what_it_ignores)
{
    struct ctxi_reads *outer = ctxi_reads_new(NULL), *inner = ctxi_reads_new(outer);

    ctxi_reads_note_id(inner, 3);
    cr_assert(none(outer), "not every record does that");
    ctxi_reads_spread(inner, (uint64_t)1 << (5 - 1), false);
    ctxi_reads_note_id(inner, 4);
    ctxi_reads_note_id(inner, 5);
    ctxi_reads_note_id(inner, 70);
    cr_assert_not(has(outer, 5));
    cr_assert(has(inner, 3) && has(inner, 4) && has(inner, 5) && has(inner, 70));
    ctxi_reads_spread(inner, 0, true);
    ctxi_reads_note_id(inner, 71); /* may be ignored */
    ctxi_reads_end(inner);
    ctxi_reads_note_id(inner, 5);
    cr_assert(has(outer, 4) && has(outer, 5) && has(outer, 70));
    cr_assert_not(has(outer, 3) || has(outer, 71));
    ctxi_reads_note_all(inner);
    cr_assert(ctxi_reads_all(outer));
    cr_assert_not(ctxi_reads_all(inner));
    ctxi_reads_unref(inner);
    ctxi_reads_unref(outer);
}

Test(reads, of_a_load_that_runs_elsewhere_go_on_and_are_added_here)
{
    struct ctxi_reads *own = ctxi_reads_new(NULL), *reads = audit();
    ctx_context *other = with_record(own);

    cr_assert_eq(ctx_enter(other), CTX_OK);
    get_tenant(NULL);
    cr_assert(only(own, tenant));
    cr_assert(none(reads));
    cr_assert_eq(ctx_exit(other), CTX_OK);
    cr_assert(only(reads, tenant), "whoever was in there may have brought it along");
    ctxi_reads_unref(own);
    ctx_context_unref(other);
}

Test(reads, of_everything_elsewhere_are_of_everything_here)
{
    struct ctxi_reads *own = ctxi_reads_new(NULL), *reads = audit();
    ctx_context *other = with_record(own);

    ctxi_reads_note_all(own);
    cr_assert_eq(ctx_run(other, get_tenant, NULL), CTX_OK);
    cr_assert(ctxi_reads_all(reads));
    ctxi_reads_unref(own);
    ctx_context_unref(other);
}

Test(reads, a_load_that_ends_in_a_context_with_another_record_read_everything)
{
    struct ctxi_reads *own = ctxi_reads_new(NULL), *reads = ctxi_reads_new(NULL);
    ctx_context *other = with_record(own);
    struct ctxi_loading loading;

    cr_assert_eq(ctxi_loading_begin(&loading, reads), CTX_OK);
    cr_assert_eq(ctx_enter(other), CTX_OK);
    get_tenant(NULL);
    ctxi_loading_end(&loading);
    cr_assert(ctxi_reads_all(reads));
    cr_assert_eq(ctx_exit(other), CTX_OK);
    ctxi_reads_unref(own);
    ctxi_reads_unref(reads);
    ctx_context_unref(other);
}

Test(reads, a_copy_carries_them_along)
{
    struct ctxi_reads *reads = ctxi_reads_ref(audit());
    ctx_context *copy;

    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    ctxi_reads_unref(ctxi_reads_attach(current(), NULL));
    cr_assert_eq(ctx_run(copy, get_tenant, NULL), CTX_OK);
    cr_assert(only(reads, tenant));
    ctx_context_unref(copy);
    ctxi_reads_unref(reads);
}

Test(reads, a_copy_of_another_context_made_inside_carries_them_along)
{
    struct ctxi_reads *reads = ctxi_reads_ref(audit());
    ctx_context *other, *copy;

    cr_assert_eq(ctx_context_new(&other), CTX_OK);
    cr_assert_eq(ctx_context_copy(other, &copy), CTX_OK);
    ctxi_reads_unref(ctxi_reads_attach(current(), NULL));
    cr_assert_eq(ctx_run(copy, get_tenant, NULL), CTX_OK);
    cr_assert(only(reads, tenant));
    ctx_context_unref(other);
    ctx_context_unref(copy);
    ctxi_reads_unref(reads);
}

Test(reads, a_bound_function_carries_them_along)
{
    struct ctxi_reads *reads = ctxi_reads_ref(audit());
    ctx_bound *bound;

    cr_assert_eq(ctx_bind(get_tenant, NULL, &bound), CTX_OK);
    ctxi_reads_unref(ctxi_reads_attach(current(), NULL));
    cr_assert_eq(ctx_bound_run(bound), CTX_OK);
    cr_assert(only(reads, tenant));
    ctx_bound_free(bound);
    ctxi_reads_unref(reads);
}

static void *get_in_thread(void *unused)
{
    get_tenant(NULL);
    return unused;
}

Test(reads, a_thread_carries_them_along)
{
    struct ctxi_reads *reads = audit();
    pthread_t thread;

    cr_assert_eq(ctx_thread_create(&thread, NULL, get_in_thread, NULL), CTX_OK);
    pthread_join(thread, NULL);
    cr_assert(only(reads, tenant));
}

Test(reads, of_a_task_count)
{
    struct ctxi_reads *reads = audit();

    cr_assert_eq(ctx_run_task(get_tenant, NULL, NULL, NULL), CTX_OK);
    cr_assert(only(reads, tenant));
}

static void look_around(void *unused, enum ctx_task_left what, ctx_var *var, ctx_value value)
{
    (void)unused, (void)what;
    cr_assert_eq(ctx_get(var, &value), CTX_ERR_UNSET);
}

static void leave_something(void *unused)
{
    (void)unused;
    ctx_set(tenant, "left");
}

Test(reads, looking_at_what_a_task_left_is_none)
{
    struct ctxi_reads *reads = audit();

    cr_assert_eq(ctx_run_task(leave_something, NULL, look_around, NULL), CTX_OK);
    cr_assert(none(reads));
}

Test(reads, of_a_task_of_a_bound_function_are_those_of_where_it_runs)
{
    struct ctxi_reads *bound_in = ctxi_reads_ref(audit()), *reads;
    ctx_bound *bound;

    cr_assert_eq(ctx_bind(get_tenant, NULL, &bound), CTX_OK);
    ctxi_reads_unref(ctxi_reads_attach(current(), NULL));
    ctxi_reads_end(bound_in);
    reads = audit();
    cr_assert_eq(ctx_bound_run_task(bound, NULL, NULL), CTX_OK);
    cr_assert(none(bound_in));
    cr_assert(only(reads, tenant));
    ctxi_reads_unref(ctxi_reads_attach(current(), NULL));
    cr_assert_eq(ctx_bound_run_task(bound, NULL, NULL), CTX_OK);
    cr_assert(none(bound_in), "nobody depends on it any more");
    ctx_bound_free(bound);
    ctxi_reads_unref(bound_in);
}

Test(reads, of_a_task_bound_in_a_load_that_goes_on_are_missed_by_neither)
{
    struct ctxi_reads *bound_in = ctxi_reads_ref(audit()), *reads;
    ctx_bound *bound;

    cr_assert_eq(ctx_bind(get_tenant, NULL, &bound), CTX_OK);
    ctxi_reads_unref(ctxi_reads_attach(current(), NULL));
    reads = audit();
    cr_assert_eq(ctx_bound_run_task(bound, NULL, NULL), CTX_OK);
    cr_assert(only(bound_in, tenant));
    cr_assert(ctxi_reads_all(reads));
    ctx_bound_free(bound);
    ctxi_reads_unref(bound_in);
}

static void leave_own_context(void *unused)
{
    (void)unused;
    cr_assert_eq(ctx_exit(current()), CTX_OK);
}

Test(reads, past_the_context_of_a_task_count_as_reading_everything)
{
    struct ctxi_reads *reads = audit();

    cr_assert_eq(ctx_run_task(leave_own_context, NULL, NULL, NULL), CTX_OK);
    cr_assert(ctxi_reads_all(reads));
}

Test(reads, do_not_follow_a_swap)
{
    struct ctxi_reads *reads = audit();
    ctx_context *other, *previous;

    cr_assert_eq(ctx_context_new(&other), CTX_OK);
    cr_assert_eq(ctx_swap(other, &previous), CTX_OK);
    get_tenant(NULL);
    cr_assert(none(reads));
    ctx_context_unref(previous);
}

Test(reads, a_factory_reads_what_it_reads)
{
    struct ctxi_reads *reads = audit();
    ctx_value value;

    ctx_get(seven, &value);
    cr_assert(only(reads, seven));
}
