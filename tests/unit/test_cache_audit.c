/*
 * The read audit: what a loader read besides the key. A caching layer that forgets one way of
 * reading hands one tenant's answer to another; so there is one test for each way that we know.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "support/cache_kit.h"
#include "support/gate.h"

static CTX_VAR(tenant);
static CTX_VAR(locale);
static CTX_VAR_DEFAULT(plan, CTX_VALUE_STRING("free"));

PROBE(outer);
PROBE(middle);
PROBE(inner);

static ctx_cache *plain; /* varies on nothing */

static void setup(void)
{
    plain = cache_of(100, NULL);
    ctx_set(tenant, "acme");
    ctx_set(locale, "de");
}

static void teardown(void)
{
    check_equations(plain);
    ctx_cache_destroy(plain);
}

TestSuite(audit, .init = setup, .fini = teardown);

static ctx_cache *cache_auditing(ctx_var *vary, ctx_var *ignore, uint32_t audit)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = 100;
    config.vary = vary ? &vary : NULL;
    config.vary_count = vary ? 1 : 0;
    config.ignore = ignore ? &ignore : NULL;
    config.ignore_count = ignore ? 1 : 0;
    config.audit = audit;
    return cache_with(&config);
}

/* Returned, not stored, counted, and named. */
static void expect_caught_in(ctx_cache *cache, const char *variable)
{
    ctx_cache_stats before = stats_of(cache), after;
    struct answer a = ask(cache, outer, 1);

    after = stats_of(cache);
    cr_assert_eq(a.status, CTX_OK);
    cr_assert_eq(a.info.outcome, CTX_CACHE_MISS);
    cr_assert_not(a.info.stored, "the read was not noticed");
    cr_assert_eq(a.info.reason, CTX_CACHE_UNDECLARED);
    cr_assert_str_eq(a.info.variable, variable);
    cr_assert_eq(after.undeclared_reads, before.undeclared_reads + 1);
    cr_assert_eq(after.not_stored_undeclared, before.not_stored_undeclared + 1);
    cr_assert_eq(after.entries, before.entries);
    cr_assert_eq(look(cache, outer, 1).status, CTX_ABSENT);
}

static void expect_caught(const char *variable)
{
    expect_caught_in(plain, variable);
}

static void expect_stored_in(ctx_cache *cache)
{
    uint64_t before = stats_of(cache).undeclared_reads;
    struct answer a = ask(cache, outer, 1);

    cr_assert_eq(a.status, CTX_OK);
    cr_assert(a.info.stored);
    cr_assert_eq(a.info.reason, CTX_CACHE_STORED);
    cr_assert_str_eq(a.info.variable, "");
    cr_assert_eq(stats_of(cache).undeclared_reads, before);
    cr_assert_eq(ask(cache, outer, 1).info.outcome, CTX_CACHE_HIT);
}

/* Defines what the loader of `outer` does, as probe_<name>. */
#define DURING(name)                                                                               \
    static int name(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)

#define UNUSED_DURING (void)probe, (void)load, (void)args, (void)count

/* ---- every way to read -------------------------------------------------------------------- */

DURING(read_get)
{
    ctx_value v;

    UNUSED_DURING;
    ctx_get(locale, &v);
    return CTX_OK;
}

Test(audit, get_is_a_read)
{
    outer_probe.during = read_get;
    expect_caught("locale");
    expect_caught("locale");
}

DURING(read_get_or)
{
    ctx_value v;

    UNUSED_DURING;
    ctx_get_or(locale, ctx_null(), &v);
    return CTX_OK;
}

Test(audit, get_with_a_default_is_a_read)
{
    outer_probe.during = read_get_or;
    expect_caught("locale");
}

DURING(read_string)
{
    const char *text;

    UNUSED_DURING;
    ctx_get_string(locale, &text);
    return CTX_OK;
}

Test(audit, a_typed_get_is_a_read)
{
    outer_probe.during = read_string;
    expect_caught("locale");
}

DURING(read_wrong_type)
{
    int64_t n;

    UNUSED_DURING;
    ctx_get_i64(locale, &n);
    return CTX_OK;
}

Test(audit, a_get_of_the_wrong_type_is_a_read)
{
    outer_probe.during = read_wrong_type;
    expect_caught("locale");
}

static CTX_VAR(never_set);

DURING(read_unset)
{
    ctx_value v;

    UNUSED_DURING;
    ctx_get(never_set, &v);
    return CTX_OK;
}

Test(audit, finding_a_variable_unset_is_a_read)
{
    outer_probe.during = read_unset;
    expect_caught("never_set");
}

DURING(read_default)
{
    ctx_value v;

    UNUSED_DURING;
    ctx_get(plan, &v);
    return CTX_OK;
}

Test(audit, reading_a_default_is_a_read)
{
    outer_probe.during = read_default;
    expect_caught("plan");
}

static void read_current(void (*read)(ctx_context *context))
{
    ctx_context *context;

    ctx_current(&context);
    read(context);
    ctx_context_unref(context);
}

static void context_get(ctx_context *context)
{
    ctx_value v;

    ctx_context_get(context, locale, &v);
}

DURING(read_context_get)
{
    UNUSED_DURING;
    read_current(context_get);
    return CTX_OK;
}

Test(audit, inspecting_with_get_is_a_read)
{
    outer_probe.during = read_context_get;
    expect_caught("locale");
}

static void context_contains(ctx_context *context)
{
    bool there;

    ctx_context_contains(context, locale, &there);
}

DURING(read_contains)
{
    UNUSED_DURING;
    read_current(context_contains);
    return CTX_OK;
}

Test(audit, asking_whether_it_is_there_is_a_read)
{
    outer_probe.during = read_contains;
    expect_caught("locale");
}

static void context_count(ctx_context *context)
{
    size_t count;

    ctx_context_count(context, &count);
}

DURING(read_count)
{
    UNUSED_DURING;
    read_current(context_count);
    return CTX_OK;
}

Test(audit, counting_reads_everything)
{
    outer_probe.during = read_count;
    expect_caught("*");
}

static int visit_nothing(void *user, ctx_var *var, ctx_value value)
{
    (void)user, (void)var, (void)value;
    return 0;
}

static void context_each(ctx_context *context)
{
    ctx_context_each(context, visit_nothing, NULL);
}

DURING(read_each)
{
    UNUSED_DURING;
    read_current(context_each);
    return CTX_OK;
}

Test(audit, iterating_reads_everything)
{
    ctx_cache *tenants = cache_of(10, tenant);

    outer_probe.during = read_each;
    expect_caught("*");
    expect_caught_in(tenants, "*");
    ctx_cache_destroy(tenants);
}

/* ---- reading through another context ------------------------------------------------------ */

static void get_locale(void *unused)
{
    ctx_value v;

    (void)unused;
    ctx_get(locale, &v);
}

DURING(read_in_copy)
{
    ctx_context *copy;

    UNUSED_DURING;
    ctx_copy(&copy);
    ctx_run(copy, get_locale, NULL);
    ctx_context_unref(copy);
    return CTX_OK;
}

Test(audit, reading_in_a_copy_is_a_read)
{
    outer_probe.during = read_in_copy;
    expect_caught("locale");
}

DURING(inspect_copy)
{
    ctx_context *copy;

    UNUSED_DURING;
    ctx_copy(&copy);
    context_get(copy);
    ctx_context_unref(copy);
    return CTX_OK;
}

Test(audit, inspecting_a_copy_is_a_read)
{
    outer_probe.during = inspect_copy;
    expect_caught("locale");
}

static ctx_context *earlier; /* copied before the load */

DURING(run_earlier)
{
    UNUSED_DURING;
    cr_assert_eq(ctx_run(earlier, get_locale, NULL), CTX_OK);
    return CTX_OK;
}

Test(audit, reading_in_a_context_made_before_the_load_is_a_read)
{
    ctx_copy(&earlier);
    outer_probe.during = run_earlier;
    expect_caught("locale");
    expect_caught("locale");
    ctx_context_unref(earlier);
}

DURING(inspect_earlier)
{
    UNUSED_DURING;
    context_get(earlier);
    return CTX_OK;
}

Test(audit, inspecting_a_context_made_before_the_load_is_a_read)
{
    ctx_copy(&earlier);
    outer_probe.during = inspect_earlier;
    expect_caught("locale");
    ctx_context_unref(earlier);
}

DURING(enter_earlier)
{
    UNUSED_DURING;
    cr_assert_eq(ctx_enter(earlier), CTX_OK);
    get_locale(NULL);
    cr_assert_eq(ctx_exit(earlier), CTX_OK);
    return CTX_OK;
}

Test(audit, entering_another_context_and_reading_there_is_a_read)
{
    ctx_copy(&earlier);
    outer_probe.during = enter_earlier;
    expect_caught("locale");
    ctx_context_unref(earlier);
}

DURING(copy_earlier)
{
    ctx_context *copy;

    UNUSED_DURING;
    cr_assert_eq(ctx_context_copy(earlier, &copy), CTX_OK);
    ctx_run(copy, get_locale, NULL);
    ctx_context_unref(copy);
    return CTX_OK;
}

Test(audit, reading_in_a_copy_of_an_earlier_context_is_a_read)
{
    ctx_copy(&earlier);
    outer_probe.during = copy_earlier;
    expect_caught("locale");
    ctx_context_unref(earlier);
}

static void run_in_run(void *unused)
{
    ctx_context *copy;

    (void)unused;
    ctx_copy(&copy);
    ctx_run(copy, get_locale, NULL);
    ctx_context_unref(copy);
}

DURING(run_twice_deep)
{
    UNUSED_DURING;
    ctx_run(earlier, run_in_run, NULL);
    return CTX_OK;
}

Test(audit, a_copy_made_in_an_entered_context_carries_the_audit)
{
    ctx_copy(&earlier);
    outer_probe.during = run_twice_deep;
    expect_caught("locale");
    ctx_context_unref(earlier);
}

Test(audit, a_context_left_again_is_audited_no_more)
{
    struct answer a;

    ctx_copy(&earlier);
    outer_probe.during = run_earlier;
    ask(plain, outer, 1);
    outer_probe.during = NULL;
    ctx_run(earlier, get_locale, NULL);
    a = ask(plain, outer, 2);
    cr_assert(a.info.stored);
    ctx_run(earlier, get_locale, NULL);
    cr_assert_eq(stats_of(plain).undeclared_reads, 1);
    ctx_context_unref(earlier);
}

static ctx_bound *bound_before;

DURING(run_bound_before)
{
    UNUSED_DURING;
    cr_assert_eq(ctx_bound_run(bound_before), CTX_OK);
    return CTX_OK;
}

Test(audit, reading_in_a_function_bound_before_the_load_is_a_read)
{
    ctx_bind(get_locale, NULL, &bound_before);
    outer_probe.during = run_bound_before;
    expect_caught("locale");
    expect_caught("locale");
    ctx_bound_free(bound_before);
}

DURING(bind_and_run)
{
    ctx_bound *bound;

    UNUSED_DURING;
    ctx_bind(get_locale, NULL, &bound);
    ctx_bound_run(bound);
    ctx_bound_free(bound);
    return CTX_OK;
}

Test(audit, reading_in_a_function_bound_inside_is_a_read)
{
    outer_probe.during = bind_and_run;
    expect_caught("locale");
}

static void *call_bound(void *bound)
{
    ctx_bound_call(bound);
    return NULL;
}

DURING(bind_to_thread)
{
    ctx_bound *bound;
    pthread_t thread;

    UNUSED_DURING;
    ctx_bind(get_locale, NULL, &bound);
    pthread_create(&thread, NULL, call_bound, bound);
    pthread_join(thread, NULL);
    ctx_bound_free(bound);
    return CTX_OK;
}

Test(audit, a_function_bound_inside_and_run_on_another_thread_is_a_read)
{
    outer_probe.during = bind_to_thread;
    expect_caught("locale");
}

static void *read_on_thread(void *unused)
{
    get_locale(unused);
    return NULL;
}

DURING(thread_reads)
{
    pthread_t thread;

    UNUSED_DURING;
    ctx_thread_create(&thread, NULL, read_on_thread, NULL);
    pthread_join(thread, NULL);
    return CTX_OK;
}

Test(audit, a_thread_started_inside_is_a_reader)
{
    outer_probe.during = thread_reads;
    expect_caught("locale");
}

static void *thread_in_thread(void *unused)
{
    pthread_t thread;

    ctx_thread_create(&thread, NULL, read_on_thread, unused);
    pthread_join(thread, NULL);
    return NULL;
}

DURING(thread_starts_thread)
{
    pthread_t thread;

    UNUSED_DURING;
    ctx_thread_create(&thread, NULL, thread_in_thread, NULL);
    pthread_join(thread, NULL);
    return CTX_OK;
}

Test(audit, a_thread_of_a_thread_is_a_reader)
{
    outer_probe.during = thread_starts_thread;
    expect_caught("locale");
}

static struct gate after_load = GATE_INIT;
static pthread_t survivor;

static void *read_after_load(void *unused)
{
    gate_pass(&after_load);
    get_locale(unused);
    return NULL;
}

DURING(leave_a_thread)
{
    UNUSED_DURING;
    ctx_thread_create(&survivor, NULL, read_after_load, NULL);
    return CTX_OK;
}

Test(audit, a_thread_that_outlives_the_load_disturbs_nothing)
{
    outer_probe.during = leave_a_thread;
    cr_assert(ask(plain, outer, 1).info.stored);
    gate_open(&after_load);
    pthread_join(survivor, NULL);
    outer_probe.during = NULL;
    cr_assert(ask(plain, outer, 2).info.stored);
    cr_assert_eq(stats_of(plain).undeclared_reads, 0);
}

DURING(run_task)
{
    UNUSED_DURING;
    cr_assert_eq(ctx_run_task(get_locale, NULL, NULL, NULL), CTX_OK);
    return CTX_OK;
}

Test(audit, reading_in_a_task_is_a_read)
{
    outer_probe.during = run_task;
    expect_caught("locale");
}

DURING(run_bound_task)
{
    UNUSED_DURING;
    cr_assert_eq(ctx_bound_run_task(bound_before, NULL, NULL), CTX_OK);
    return CTX_OK;
}

Test(audit, reading_in_a_task_of_a_function_bound_before_the_load_is_a_read)
{
    ctx_bind(get_locale, NULL, &bound_before);
    outer_probe.during = run_bound_task;
    expect_caught("locale");
    expect_caught("locale");
    ctx_bound_free(bound_before);
}

static void leave_the_task(void *unused)
{
    ctx_context *own;

    cr_assert_eq(ctx_current(&own), CTX_OK);
    cr_assert_eq(ctx_exit(own), CTX_OK);
    cr_assert_eq(ctx_run(earlier, get_locale, unused), CTX_OK);
    ctx_context_unref(own);
}

DURING(run_task_that_leaves)
{
    UNUSED_DURING;
    cr_assert_eq(ctx_run_task(leave_the_task, NULL, NULL, NULL), CTX_OK);
    return CTX_OK;
}

Test(audit, leaving_the_context_of_a_task_reads_everything)
{
    ctx_copy(&earlier);
    outer_probe.during = run_task_that_leaves;
    expect_caught("*");
    ctx_context_unref(earlier);
}

static void set_locale(void *unused)
{
    (void)unused;
    ctx_set(locale, "en");
}

static void report_elsewhere(void *context, enum ctx_task_left what, ctx_var *var, ctx_value value)
{
    (void)what, (void)var, (void)value;
    cr_assert_eq(ctx_run(context, get_locale, NULL), CTX_OK);
}

DURING(report_task)
{
    UNUSED_DURING;
    cr_assert_eq(ctx_run_task(set_locale, NULL, report_elsewhere, earlier), CTX_OK);
    return CTX_OK;
}

Test(audit, a_report_of_a_task_that_enters_a_context_reads_everything)
{
    ctx_copy(&earlier);
    outer_probe.during = report_task;
    expect_caught("*");
    ctx_context_unref(earlier);
}

DURING(stay_in_earlier)
{
    UNUSED_DURING;
    cr_assert_eq(ctx_enter(earlier), CTX_OK);
    get_locale(NULL);
    return CTX_OK;
}

Test(audit, a_loader_that_stays_in_another_context_is_still_audited)
{
    struct answer a;

    ctx_copy(&earlier);
    outer_probe.during = stay_in_earlier;
    a = ask(plain, outer, 1);
    cr_assert_eq(ctx_exit(earlier), CTX_OK);
    cr_assert_not(a.info.stored);
    outer_probe.during = NULL;
    cr_assert(ask(plain, outer, 2).info.stored);
    ctx_run(earlier, get_locale, NULL);
    cr_assert(ask(plain, outer, 3).info.stored);
    ctx_context_unref(earlier);
}

/* ---- what is not undeclared --------------------------------------------------------------- */

DURING(read_tenant)
{
    ctx_value v;

    UNUSED_DURING;
    ctx_get(tenant, &v);
    return CTX_OK;
}

Test(audit, a_partition_variable_may_be_read)
{
    ctx_cache *tenants = cache_of(10, tenant);

    outer_probe.during = read_tenant;
    expect_stored_in(tenants);
    ctx_cache_destroy(tenants);
}

Test(audit, an_ignored_variable_may_be_read)
{
    ctx_cache *ignoring = cache_auditing(NULL, locale, CTX_CACHE_AUDIT_REFUSE);

    outer_probe.during = read_get;
    expect_stored_in(ignoring);
    ctx_cache_destroy(ignoring);
}

Test(audit, ignoring_one_variable_does_not_ignore_another)
{
    ctx_cache *ignoring = cache_auditing(NULL, locale, CTX_CACHE_AUDIT_REFUSE);

    outer_probe.during = read_tenant;
    expect_caught_in(ignoring, "tenant");
    ctx_cache_destroy(ignoring);
}

Test(audit, ignoring_does_not_cover_reading_everything)
{
    ctx_cache *ignoring = cache_auditing(tenant, locale, CTX_CACHE_AUDIT_REFUSE);

    outer_probe.during = read_each;
    expect_caught_in(ignoring, "*");
    ctx_cache_destroy(ignoring);
}

DURING(write_only)
{
    ctx_token token;

    UNUSED_DURING;
    ctx_set(locale, "fr", &token);
    return ctx_reset(locale, token);
}

Test(audit, setting_and_resetting_is_not_reading)
{
    outer_probe.during = write_only;
    expect_stored_in(plain);
}

Test(audit, reads_before_and_after_the_load_do_not_count)
{
    get_locale(NULL);
    expect_stored_in(plain);
    get_locale(NULL);
    cr_assert(ask(plain, outer, 2).info.stored);
}

DURING(read_and_fail)
{
    UNUSED_DURING;
    get_locale(NULL);
    return 9;
}

Test(audit, a_failed_load_leaves_no_trace_for_the_next)
{
    outer_probe.during = read_and_fail;
    cr_assert_eq(ask(plain, outer, 1).status, 9);
    outer_probe.during = NULL;
    expect_stored_in(plain);
}

Test(audit, off_does_not_look)
{
    ctx_cache *off = cache_auditing(NULL, NULL, CTX_CACHE_AUDIT_OFF);

    outer_probe.during = read_get;
    expect_stored_in(off);
    ctx_cache_destroy(off);
}

/* ---- warnings ----------------------------------------------------------------------------- */

struct observed {
    int calls;
    ctx_cache *cache;
    char fn[64], variable[64];
};

static void observe(void *user, ctx_cache *cache, const char *fn_name, const char *variable)
{
    struct observed *o = user;

    o->calls++;
    o->cache = cache;
    snprintf(o->fn, sizeof o->fn, "%s", fn_name);
    snprintf(o->variable, sizeof o->variable, "%s", variable);
    look(cache, outer, 99); /* no lock is held */
}

static ctx_cache *cache_observed(uint32_t audit, struct observed *observed)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = 100;
    config.audit = audit;
    config.on_undeclared = observe;
    config.on_undeclared_user = observed;
    return cache_with(&config);
}

static void expect_observed(const struct observed *o, ctx_cache *cache, const char *variable)
{
    cr_assert_eq(o->calls, 1);
    cr_assert_eq(o->cache, cache);
    cr_assert_str_eq(o->fn, "outer");
    cr_assert_str_eq(o->variable, variable);
}

Test(audit, warn_stores_counts_and_tells_the_observer)
{
    struct observed o = {0};
    ctx_cache *warning = cache_observed(CTX_CACHE_AUDIT_WARN, &o);
    struct answer a;

    outer_probe.during = read_get;
    a = ask(warning, outer, 1);
    cr_assert(a.info.stored);
    cr_assert_eq(stats_of(warning).undeclared_reads, 1);
    cr_assert_eq(stats_of(warning).not_stored_undeclared, 0);
    expect_observed(&o, warning, "locale");
    cr_assert_eq(ask(warning, outer, 1).info.outcome, CTX_CACHE_HIT);
    cr_assert_eq(o.calls, 1);
    check_equations(warning);
    ctx_cache_destroy(warning);
}

Test(audit, refuse_tells_the_observer_too)
{
    struct observed o = {0};
    ctx_cache *refusing = cache_observed(CTX_CACHE_AUDIT_REFUSE, &o);

    outer_probe.during = read_get;
    expect_caught_in(refusing, "locale");
    expect_observed(&o, refusing, "locale");
    ctx_cache_destroy(refusing);
}

Test(audit, the_observer_hears_of_reading_everything)
{
    struct observed o = {0};
    ctx_cache *refusing = cache_observed(CTX_CACHE_AUDIT_REFUSE, &o);

    outer_probe.during = read_count;
    ask(refusing, outer, 1);
    expect_observed(&o, refusing, "*");
    ctx_cache_destroy(refusing);
}

Test(audit, off_tells_nobody)
{
    struct observed o = {0};
    ctx_cache *off = cache_observed(CTX_CACHE_AUDIT_OFF, &o);

    outer_probe.during = read_get;
    ask(off, outer, 1);
    cr_assert_eq(o.calls, 0);
    ctx_cache_destroy(off);
}

/* ---- through inner caches ----------------------------------------------------------------- */

static ctx_cache *inner_cache; /* varies on tenant */

static void with_inner_cache(void)
{
    setup();
    inner_cache = cache_of(100, tenant);
}

static void without_inner_cache(void)
{
    check_equations(inner_cache);
    ctx_cache_destroy(inner_cache);
    teardown();
}

TestSuite(nested_audit, .init = with_inner_cache, .fini = without_inner_cache);

DURING(call_inner)
{
    UNUSED_DURING;
    cr_assert_eq(ask(inner_cache, inner, 1).status, CTX_OK);
    return CTX_OK;
}

Test(nested_audit, an_inner_miss_reads_the_inner_partition)
{
    outer_probe.during = call_inner;
    expect_caught("tenant");
}

Test(nested_audit, an_inner_hit_reads_the_inner_partition)
{
    ask(inner_cache, inner, 1);
    outer_probe.during = call_inner;
    expect_caught("tenant");
    expect_caught("tenant");
    cr_assert_eq(atomic_load(&inner_probe.loads), 1);
}

Test(nested_audit, an_outer_cache_with_the_same_partition_may_store)
{
    ctx_cache *tenants = cache_of(10, tenant);

    outer_probe.during = call_inner;
    expect_stored_in(tenants);
    ctx_cache_destroy(tenants);
}

static ctx_cache_ref discarded;

DURING(get_inner)
{
    UNUSED_DURING;
    ctx_cache_get(inner_cache, inner, &discarded, 1);
    ctx_cache_ref_release(&discarded);
    return CTX_OK;
}

Test(nested_audit, an_inner_get_reads_whether_it_finds_or_not)
{
    outer_probe.during = get_inner;
    expect_caught("tenant");
    ask(inner_cache, inner, 1);
    expect_caught("tenant");
}

DURING(peek_inner)
{
    UNUSED_DURING;
    ctx_cache_peek(inner_cache, inner, &discarded, 1);
    ctx_cache_ref_release(&discarded);
    return CTX_OK;
}

Test(nested_audit, an_inner_peek_reads_whether_it_finds_or_not)
{
    outer_probe.during = peek_inner;
    expect_caught("tenant");
    ask(inner_cache, inner, 1);
    expect_caught("tenant");
}

DURING(copy_inner)
{
    ctx_value one = ctx_i64(1);
    int64_t serial;

    UNUSED_DURING;
    return ctx_cache_call_copy_v(inner_cache, inner, &one, 1, NULL, &serial, sizeof serial, NULL);
}

Test(nested_audit, an_inner_copying_call_reads)
{
    outer_probe.during = copy_inner;
    expect_caught("tenant");
    expect_caught("tenant");
}

DURING(read_partition_stats)
{
    UNUSED_DURING;
    partition_of(inner_cache);
    return CTX_OK;
}

Test(nested_audit, reading_the_inner_partitions_statistics_reads)
{
    outer_probe.during = read_partition_stats;
    expect_caught("tenant");
}

DURING(inner_fails)
{
    UNUSED_DURING;
    return ask(inner_cache, inner, 1).status == 4 ? CTX_OK : -1;
}

DURING(fail_with_4)
{
    UNUSED_DURING;
    return 4;
}

Test(nested_audit, an_inner_failure_that_is_answered_for_still_reads)
{
    inner_probe.during = fail_with_4;
    outer_probe.during = inner_fails;
    expect_caught("tenant");
}

/* The loader that gives strangers a default: its answer depends on the tenant being unset. */
DURING(unset_means_anonymous)
{
    UNUSED_DURING;
    return ask(inner_cache, inner, 1).status == CTX_ERR_UNSET ? CTX_OK : -1;
}

static void *ask_without_context(void *answer)
{
    outer_probe.during = unset_means_anonymous;
    *(struct answer *)answer = ask(plain, outer, 1);
    return NULL;
}

Test(nested_audit, an_inner_refusal_reads_the_variable_that_was_unset)
{
    struct answer a;
    pthread_t thread;

    pthread_create(&thread, NULL, ask_without_context, &a);
    pthread_join(thread, NULL);
    cr_assert_eq(a.status, CTX_OK);
    cr_assert_not(a.info.stored, "what strangers get would be everybody's answer");
    cr_assert_eq(a.info.reason, CTX_CACHE_UNDECLARED);
    cr_assert_str_eq(a.info.variable, "tenant");
}

static ctx_cache *cache_with_policy(uint32_t unset)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;

    config.capacity_entries = 10;
    config.vary = &vary;
    config.vary_count = 1;
    config.unset = unset;
    return cache_with(&config);
}

static void *call_without_context(void *answer)
{
    outer_probe.during = call_inner;
    *(struct answer *)answer = ask(plain, outer, 1);
    return NULL;
}

static void expect_unset_caught(uint32_t policy)
{
    struct answer a;
    pthread_t thread;

    ctx_cache_destroy(inner_cache);
    inner_cache = cache_with_policy(policy);
    for (int i = 0; i < 2; i++) {
        pthread_create(&thread, NULL, call_without_context, &a);
        pthread_join(thread, NULL);
        cr_assert_not(a.info.stored);
        cr_assert_str_eq(a.info.variable, "tenant");
    }
}

Test(nested_audit, an_inner_bypass_reads_the_variable_that_was_unset)
{
    expect_unset_caught(CTX_CACHE_UNSET_BYPASS);
}

Test(nested_audit, an_inner_shared_partition_reads_the_variable_that_was_unset)
{
    expect_unset_caught(CTX_CACHE_UNSET_SHARED);
}

Test(nested_audit, an_inner_cache_that_stores_nothing_reads)
{
    ctx_cache_destroy(inner_cache);
    inner_cache = cache_of(0, tenant);
    outer_probe.during = call_inner;
    expect_caught("tenant");
}

static ctx_cache *middle_cache;

DURING(call_middle)
{
    UNUSED_DURING;
    cr_assert_eq(ask(middle_cache, middle, 1).status, CTX_OK);
    return CTX_OK;
}

Test(nested_audit, reads_pass_through_a_middle_cache)
{
    middle_cache = cache_of(10, tenant);
    middle_probe.during = call_inner;
    outer_probe.during = call_middle;
    expect_caught("tenant");
    cr_assert_eq(ask(middle_cache, middle, 1).info.outcome, CTX_CACHE_HIT);
    expect_caught("tenant");
    ctx_cache_destroy(middle_cache);
}

/* The middle cache varies on tenant, the load below it reads the locale as well. */
Test(nested_audit, an_undeclared_read_of_an_inner_load_is_the_outers_too)
{
    ctx_cache *tenants = cache_of(10, tenant);

    inner_probe.during = read_get;
    outer_probe.during = call_inner;
    expect_caught_in(tenants, "locale");
    expect_caught_in(tenants, "locale");
    ctx_cache_destroy(tenants);
}

Test(nested_audit, what_an_inner_cache_ignores_is_ignored_outside)
{
    ctx_cache_destroy(inner_cache);
    inner_cache = cache_auditing(tenant, locale, CTX_CACHE_AUDIT_REFUSE);
    inner_probe.during = read_get;
    outer_probe.during = call_inner;
    expect_caught("tenant");
}

/* Whatever the middle cache was told to put up with, an outer one was not. */
static void expect_caught_through(uint32_t middle_audit)
{
    middle_cache = cache_auditing(NULL, NULL, middle_audit);
    middle_probe.during = call_inner;
    outer_probe.during = call_middle;
    expect_caught("tenant");
    cr_assert_eq(ask(middle_cache, middle, 1).info.outcome, CTX_CACHE_HIT);
    expect_caught("tenant");
    ctx_cache_destroy(middle_cache);
}

Test(nested_audit, a_warning_middle_cache_hides_nothing)
{
    expect_caught_through(CTX_CACHE_AUDIT_WARN);
}

Test(nested_audit, a_middle_cache_that_does_not_look_hides_nothing)
{
    expect_caught_through(CTX_CACHE_AUDIT_OFF);
}

DURING(get_from_middle)
{
    ctx_cache_ref ref;

    UNUSED_DURING;
    cr_assert_eq(ctx_cache_get(middle_cache, middle, &ref, 1), CTX_OK);
    ctx_cache_ref_release(&ref);
    return CTX_OK;
}

/* The entry is there, and depends on more than the key that finds it. */
Test(nested_audit, a_get_from_a_warning_cache_hides_nothing)
{
    middle_cache = cache_auditing(NULL, NULL, CTX_CACHE_AUDIT_WARN);
    middle_probe.during = call_inner;
    cr_assert_eq(ask(middle_cache, middle, 1).status, CTX_OK);
    outer_probe.during = get_from_middle;
    expect_caught("tenant");
    ctx_cache_destroy(middle_cache);
}

Test(nested_audit, an_inner_read_of_everything_is_the_outers_too)
{
    ctx_cache *tenants = cache_of(10, tenant);

    inner_probe.during = read_each;
    outer_probe.during = call_inner;
    expect_caught_in(tenants, "*");
    ctx_cache_destroy(tenants);
}

static int inner_thread_status;

static void *inner_on_thread(void *unused)
{
    (void)unused;
    inner_thread_status = ask(inner_cache, inner, 1).status;
    return NULL;
}

DURING(call_inner_on_thread)
{
    pthread_t thread;

    UNUSED_DURING;
    ctx_thread_create(&thread, NULL, inner_on_thread, NULL);
    pthread_join(thread, NULL);
    return inner_thread_status;
}

Test(nested_audit, an_inner_call_on_a_thread_started_inside_reads)
{
    outer_probe.during = call_inner_on_thread;
    expect_caught("tenant");
    expect_caught("tenant");
}

static int encode_by_reading(const void *object, ctx_encoder *encoder)
{
    const char *text = "";

    (void)object;
    ctx_get_string(locale, &text);
    return ctx_encode(encoder, ctx_string(text));
}

static int reader;
static const ctx_object_class reading_class = {sizeof(ctx_object_class), "reading", NULL, NULL,
                                               encode_by_reading};

DURING(inner_argument_reads)
{
    UNUSED_DURING;
    cr_assert_eq(ask(inner_cache, inner, ctx_object(&reader, &reading_class)).status, CTX_OK);
    return CTX_OK;
}

Test(nested_audit, what_an_argument_of_an_inner_call_reads_is_read)
{
    ctx_cache *tenants = cache_of(10, tenant);

    outer_probe.during = inner_argument_reads;
    expect_caught_in(tenants, "locale");
    expect_caught_in(tenants, "locale");
    ctx_cache_destroy(tenants);
}

/* ---- joining a load of another thread ----------------------------------------------------- */

static struct gate inner_gate = GATE_INIT;

static void *lead_inner(void *caller)
{
    struct caller *c = caller;

    atomic_store(&c->tid, thread_tid());
    c->answer = ask(inner_cache, inner, 1);
    return NULL;
}

/* A load of the inner cache runs elsewhere and is held; the outer load of the test joins it. */
Test(nested_audit, an_inner_join_reads_the_inner_partition)
{
    struct caller leader = {0}, joiner = {0};

    inner_probe.during = probe_pass_gate;
    inner_probe.arg = &inner_gate;
    cr_assert_eq(ctx_thread_create(&leader.thread, NULL, lead_inner, &leader), CTX_OK);
    gate_await(&inner_gate, 1);
    outer_probe.during = call_inner;
    caller_start(&joiner, plain, outer, 1);
    caller_await_waiting(&joiner);
    gate_open(&inner_gate);
    pthread_join(leader.thread, NULL);
    caller_join(&joiner);
    cr_assert_eq(atomic_load(&inner_probe.loads), 1);
    cr_assert_eq(joiner.answer.status, CTX_OK);
    cr_assert_not(joiner.answer.info.stored);
    cr_assert_str_eq(joiner.answer.info.variable, "tenant");
}

/* The value is the first letter of the locale, which the cache does not vary on. */
static struct gate locale_gate = GATE_INIT;

static int load_locale(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    const char *text = "?";

    (void)args, (void)count, (void)user;
    ctx_get_string(locale, &text);
    gate_pass(&locale_gate);
    return ctx_cache_load_copy(load, text, 1);
}

static CTX_CACHE_FN(greeting, load_locale);

struct greeted {
    const char *locale;
    char letter;
    _Atomic pid_t tid;
    pthread_t thread;
};

static void *greet(void *arg)
{
    struct greeted *g = arg;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    ctx_set(locale, g->locale);
    atomic_store(&g->tid, thread_tid());
    if (ctx_cache_call(plain, greeting, &ref, 1) == CTX_OK)
        g->letter = *(const char *)ref.data;
    ctx_cache_ref_release(&ref);
    return NULL;
}

/*
 * Two callers whose keys are equal, because the cache does not know that the loader reads the
 * locale. The second waits for the load of the first; once the audit knows, it must not be given
 * what was computed for another.
 */
Test(audit, a_waiter_gets_no_answer_that_depends_on_what_it_does_not_share)
{
    struct greeted german = {.locale = "de"}, french = {.locale = "fr"};

    pthread_create(&german.thread, NULL, greet, &german);
    gate_await(&locale_gate, 1);
    pthread_create(&french.thread, NULL, greet, &french);
    while (!atomic_load(&french.tid))
        sched_yield();
    await_asleep(atomic_load(&french.tid));
    gate_open(&locale_gate);
    pthread_join(german.thread, NULL);
    pthread_join(french.thread, NULL);
    cr_assert_eq(german.letter, 'd');
    cr_assert_eq(french.letter, 'f', "it was given '%c'", french.letter);
}

/* ---- the loader and the partition's own variables ----------------------------------------- */

DURING(change_tenant)
{
    UNUSED_DURING;
    return ctx_set(tenant, "bolt");
}

Test(audit, a_loader_that_changes_the_partition_is_returned_not_stored)
{
    ctx_cache *tenants = cache_of(10, tenant);
    struct answer a;

    outer_probe.during = change_tenant;
    a = ask(tenants, outer, 1);
    cr_assert_eq(a.status, CTX_OK);
    cr_assert_eq(a.serial, 1);
    cr_assert_not(a.info.stored);
    cr_assert_eq(a.info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(a.info.reason, CTX_CACHE_CHANGED);
    cr_assert_str_eq(a.info.variable, "tenant");
    cr_assert_eq(stats_of(tenants).not_stored_changed, 1);
    cr_assert_eq(stats_of(tenants).entries, 0);
    check_sums(tenants);
    ctx_cache_destroy(tenants);
}

static ctx_token tenant_token;

DURING(unset_tenant)
{
    UNUSED_DURING;
    return ctx_reset(tenant, tenant_token);
}

Test(audit, a_loader_that_resets_the_partition_is_returned_not_stored)
{
    ctx_cache *tenants = cache_of(10, tenant);
    struct answer a;

    ctx_set(tenant, "acme", &tenant_token);
    outer_probe.during = unset_tenant;
    ctx_set(locale, "x");
    a = ask(tenants, outer, 1);
    cr_assert_eq(a.status, CTX_OK);
    /* Before the set it was "acme" too: equal values are the same partition. */
    cr_assert(a.info.stored);
    ctx_cache_destroy(tenants);
}

DURING(change_and_restore)
{
    ctx_token token;

    UNUSED_DURING;
    ctx_set(tenant, "bolt", &token);
    return ctx_reset(tenant, token);
}

Test(audit, a_partition_variable_set_and_restored_is_stored)
{
    ctx_cache *tenants = cache_of(10, tenant);

    outer_probe.during = change_and_restore;
    expect_stored_in(tenants);
    ctx_cache_destroy(tenants);
}

DURING(change_to_equal)
{
    UNUSED_DURING;
    return ctx_set(tenant, "acme");
}

Test(audit, a_partition_variable_set_to_an_equal_value_is_stored)
{
    ctx_cache *tenants = cache_of(10, tenant);

    outer_probe.during = change_to_equal;
    expect_stored_in(tenants);
    ctx_cache_destroy(tenants);
}

static void become_bolt(void *unused)
{
    (void)unused;
    ctx_set(tenant, "bolt");
}

DURING(change_elsewhere)
{
    ctx_context *copy;

    UNUSED_DURING;
    ctx_copy(&copy);
    ctx_run(copy, become_bolt, NULL);
    ctx_context_unref(copy);
    return CTX_OK;
}

Test(audit, a_change_in_another_context_changes_nothing_here)
{
    ctx_cache *tenants = cache_of(10, tenant);

    outer_probe.during = change_elsewhere;
    expect_stored_in(tenants);
    ctx_cache_destroy(tenants);
}

DURING(become_and_stay)
{
    UNUSED_DURING;
    return ctx_enter(earlier);
}

Test(audit, a_loader_that_ends_in_another_tenants_context_is_not_stored)
{
    ctx_cache *tenants = cache_of(10, tenant);
    struct answer a;

    ctx_set(tenant, "bolt");
    ctx_copy(&earlier);
    ctx_set(tenant, "acme");
    outer_probe.during = become_and_stay;
    a = ask(tenants, outer, 1);
    cr_assert_eq(ctx_exit(earlier), CTX_OK);
    cr_assert_eq(a.status, CTX_OK);
    cr_assert_not(a.info.stored);
    ctx_context_unref(earlier);
    ctx_cache_destroy(tenants);
}

DURING(swap_tenant)
{
    ctx_context *back;

    UNUSED_DURING;
    ctx_context_ref(earlier);
    cr_assert_eq(ctx_swap(earlier, &back), CTX_OK);
    earlier = back;
    return CTX_OK;
}

Test(audit, a_loader_that_swaps_in_another_tenant_is_not_stored)
{
    ctx_cache *tenants = cache_of(10, tenant);
    ctx_context *bolt;
    struct answer a;

    ctx_set(tenant, "bolt");
    ctx_copy(&bolt);
    earlier = bolt;
    ctx_set(tenant, "acme");
    outer_probe.during = swap_tenant;
    a = ask(tenants, outer, 1);
    cr_assert_eq(a.status, CTX_OK);
    cr_assert_not(a.info.stored);
    cr_assert_eq(ctx_swap(earlier, &bolt), CTX_OK);
    cr_assert_eq(look(tenants, outer, 1).status, CTX_ABSENT);
    ctx_context_unref(bolt);
    ctx_context_unref(bolt);
    ctx_cache_destroy(tenants);
}

DURING(put_and_change)
{
    UNUSED_DURING;
    cr_assert_eq(put_serial(inner_cache, outer, 7, 70), CTX_OK);
    ctx_set(tenant, "bolt");
    cr_assert_eq(put_serial(inner_cache, outer, 7, 71), CTX_OK);
    return CTX_OK;
}

Test(nested_audit, puts_inside_a_load_go_to_the_partition_of_their_moment)
{
    outer_probe.during = put_and_change;
    ask(inner_cache, outer, 1);
    ctx_set(tenant, "acme");
    cr_assert_eq(look(inner_cache, outer, 7).serial, 70);
    ctx_set(tenant, "bolt");
    cr_assert_eq(look(inner_cache, outer, 7).serial, 71);
}
