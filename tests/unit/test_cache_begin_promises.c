/*
 * Calls that do not block: promises that no other test would miss.
 */
#include <criterion/criterion.h>

#include "ctxcache/task.h"
#include "support/alloc.h"
#include "support/begin_kit.h"
#include "support/cache_kit.h"
#include "support/check.h"

PROBE(price);
static CTX_VAR(tenant);
static CTX_VAR(locale);

static ctx_cache *cache, *outer, *inner;

static void setup(void)
{
    cache = cache_of(100, tenant);
    outer = cache_of(100, NULL);
    inner = cache_of(100, NULL);
    ctx_set(tenant, "acme");
    ctx_set(locale, "de");
}

static void teardown(void)
{
    check_equations(cache);
    ctx_cache_destroy(cache);
    ctx_cache_destroy(outer);
    ctx_cache_destroy(inner);
}

TestSuite(promises, .init = setup, .fini = teardown, .timeout = 120);

static int begin_in(ctx_cache *in, struct begun *begun, int64_t key, uint32_t flags)
{
    return begun_begin(in, price, begun, key, flags);
}

/* ---- what an outer load depends on --------------------------------------------------------- */

static struct begun of_outer, of_inner;
static uint32_t inner_flags;

static void read_locale(void *arg)
{
    const char *text;

    (void)arg;
    ctx_get_string(locale, &text);
}

static void read_locale_landing(void)
{
    read_locale(NULL);
}

static void begin_inner(void *arg)
{
    begin_in(arg, &of_inner, 1, inner_flags);
}

static void begin_outer_and_inner(ctx_cache *in)
{
    begin_in(outer, &of_outer, 1, 0);
    inside(of_outer.flight, begin_inner, in);
}

static enum ctx_cache_reason end_outer(void)
{
    give(of_outer.flight, 1);
    return finish(of_outer.flight).reason;
}

Test(promises, the_outer_depends_on_what_the_inner_read)
{
    begin_outer_and_inner(inner);
    inside(of_inner.flight, read_locale, NULL);
    give(of_inner.flight, 1);
    finish(of_inner.flight);
    cr_assert_eq(end_outer(), CTX_CACHE_UNDECLARED);
}

Test(promises, also_if_it_came_to_nothing)
{
    begin_outer_and_inner(inner);
    inside(of_inner.flight, read_locale, NULL);
    cr_assert_eq(ctx_cache_abandon(of_inner.flight), CTX_OK);
    cr_assert_eq(end_outer(), CTX_CACHE_UNDECLARED);
}

static int end_inner(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    give(of_inner.flight, 1);
    finish(of_inner.flight);
    return CTX_OK;
}

Test(promises, who_finishes_depends_on_what_was_read)
{
    begin_in(inner, &of_inner, 1, 0);
    inside(of_inner.flight, read_locale, NULL);
    price_probe.during = end_inner;
    cr_assert_eq(ask(outer, price, 9).info.reason, CTX_CACHE_UNDECLARED);
}

Test(promises, who_joined_depends_on_what_was_read)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct begun lead = {0};
    ctx_cache *warns;

    config.capacity_entries = 10;
    config.audit = CTX_CACHE_AUDIT_WARN;
    warns = cache_with(&config);
    begin_in(warns, &lead, 1, 0);
    begin_outer_and_inner(warns);
    cr_assert_eq(of_inner.status, CTX_JOINED);
    inside(lead.flight, read_locale, NULL);
    give(lead.flight, 1);
    finish(lead.flight);
    cr_assert_eq(of_inner.landed, CTX_OK);
    cr_assert_eq(end_outer(), CTX_CACHE_UNDECLARED);
    ctx_cache_destroy(warns);
}

Test(promises, a_landing_in_the_background_is_of_the_load_too)
{
    struct begun lead = {0};

    inner_flags = CTX_CACHE_BACKGROUND;
    of_inner.then = read_locale_landing;
    begin_in(inner, &lead, 1, 0);
    begin_outer_and_inner(inner);
    give(lead.flight, 1);
    finish(lead.flight);
    cr_assert_eq(of_inner.landed, CTX_OK);
    cr_assert_eq(end_outer(), CTX_CACHE_UNDECLARED);
}

static ctx_bound *bound;

static void nothing(void *arg)
{
    (void)arg;
}

static void bind_nothing(void *arg)
{
    (void)arg;
    CHECK_EQ(ctx_bind(nothing, NULL, &bound), CTX_OK);
}

static int run_bound_task(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                          size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    return ctx_bound_run_task(bound, NULL, NULL);
}

Test(promises, a_load_that_has_ended_keeps_no_record)
{
    begin_in(inner, &of_inner, 1, 0);
    inside(of_inner.flight, bind_nothing, NULL);
    give(of_inner.flight, 1);
    finish(of_inner.flight);
    price_probe.during = run_bound_task;
    cr_assert(ask(outer, price, 9).info.stored);
    ctx_bound_free(bound);
}

Test(promises, nor_one_that_was_given_up)
{
    begin_in(inner, &of_inner, 1, 0);
    inside(of_inner.flight, bind_nothing, NULL);
    cr_assert_eq(ctx_cache_abandon(of_inner.flight), CTX_OK);
    price_probe.during = run_bound_task;
    cr_assert(ask(outer, price, 9).info.stored);
    ctx_bound_free(bound);
}

/* ---- the partition ------------------------------------------------------------------------ */

static ctx_cache_info info_of_empty;

static void finish_with_nothing_set(void *arg)
{
    const struct begun *begun = arg;

    give(begun->flight, 1);
    info_of_empty = finish(begun->flight);
}

static void enter_empty(void *arg)
{
    ctx_context *empty;

    CHECK_EQ(ctx_context_new(&empty), CTX_OK);
    CHECK_EQ(ctx_run(empty, finish_with_nothing_set, arg), CTX_OK);
    ctx_context_unref(empty);
}

Test(promises, who_unsets_the_tenant_inside_the_load_has_changed_it)
{
    struct begun lead = {0};

    begin_in(cache, &lead, 1, 0);
    inside(lead.flight, enter_empty, &lead);
    cr_assert_eq(info_of_empty.reason, CTX_CACHE_CHANGED);
}

static void count_all(void *arg)
{
    ctx_context *current;

    CHECK_EQ(ctx_current(&current), CTX_OK);
    CHECK_EQ(ctx_context_count(current, arg), CTX_OK);
    ctx_context_unref(current);
}

Test(promises, a_refresh_has_the_partition_and_nothing_else)
{
    struct begun refresh = {0};
    size_t count = 0;

    begin_in(cache, &refresh, 1, CTX_CACHE_REFRESH);
    inside(refresh.flight, count_all, &count);
    cr_assert_eq(count, 1);
    ctx_cache_abandon(refresh.flight);
}

/* ---- giving up while others land ------------------------------------------------------------ */

static struct begun first, second;
static int given_up;

static void give_up_second(void)
{
    given_up = ctx_cache_give_up(second.flight);
}

Test(promises, whose_load_has_ended_cannot_give_up)
{
    struct begun lead = {0};

    first.then = give_up_second;
    begin_in(cache, &lead, 1, 0);
    begin_in(cache, &first, 1, 0);
    begin_in(cache, &second, 1, 0);
    give(lead.flight, 1);
    finish(lead.flight);
    cr_assert_eq(given_up, CTX_ERR_FLIGHT);
    cr_assert_eq(first.landings, 1);
    cr_assert_eq(second.landings, 1);
    cr_assert_eq(second.landed, CTX_OK);
    cr_assert_eq(stats_of(cache).timeouts, 0);
}

static void begin_within(struct begun *begun, uint64_t wait_ns)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    ctx_value arg = ctx_i64(1);

    options.landing = begun_land;
    options.user = begun;
    options.wait_ns = wait_ns;
    begun->status =
        ctx_cache_begin_v(cache, price, &arg, 1, &options, &begun->ref, &begun->flight, NULL);
    cr_assert_eq(begun->status, CTX_JOINED);
}

Test(promises, nor_whose_time_is_up)
{
    struct begun lead = {0};

    first.then = give_up_second;
    begin_in(cache, &lead, 1, 0);
    begin_within(&first, 1);
    begin_within(&second, 1);
    while (!first.landings)
        cr_assert_eq(ctx_cache_expire(cache, NULL), CTX_OK);
    cr_assert_eq(given_up, CTX_ERR_FLIGHT);
    cr_assert_eq(second.landings, 1);
    cr_assert_eq(stats_of(cache).timeouts, 2);
    ctx_cache_abandon(lead.flight);
}

Test(promises, a_deadline_beyond_all_time_never_passes)
{
    struct begun lead = {0};
    uint64_t next = 0;

    begin_in(cache, &lead, 1, 0);
    begin_within(&first, UINT64_MAX - 1);
    cr_assert_eq(ctx_cache_expire(cache, &next), CTX_OK);
    cr_assert_eq(next, UINT64_MAX);
    cr_assert_eq(first.landings, 0);
    ctx_cache_abandon(lead.flight);
}

/* ---- what is told ------------------------------------------------------------------------- */

Test(promises, all_who_may_not_share_lead_at_once)
{
    struct begun lead = {0};

    begin_in(inner, &lead, 1, 0);
    begin_in(inner, &first, 1, 0);
    begin_in(inner, &second, 1, 0);
    inside(lead.flight, read_locale, NULL);
    give(lead.flight, 1);
    finish(lead.flight);
    cr_assert_eq(first.landed, CTX_LEAD);
    cr_assert_eq(second.landed, CTX_LEAD);
    ctx_cache_abandon(first.flight);
    ctx_cache_abandon(second.flight);
}

Test(promises, who_does_not_want_to_wait_is_told_in_the_info_too)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    struct begun lead = {0};
    ctx_value arg = ctx_i64(1);
    ctx_cache_flight flight;
    ctx_cache_ref ref;

    begin_in(cache, &lead, 1, 0);
    cr_assert_eq(ctx_cache_begin_v(cache, price, &arg, 1, NULL, &ref, &flight, &info),
                 CTX_ERR_BUSY);
    cr_assert_eq(info.outcome, CTX_CACHE_REFUSED);
    ctx_cache_abandon(lead.flight);
}

static uint64_t time_now = 1000;

static uint64_t read_time(void *user)
{
    (void)user;
    return time_now;
}

Test(promises, a_load_takes_as_long_as_it_was_under_way)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct begun lead = {0};
    ctx_cache *timed;

    config.capacity_entries = 10;
    config.clock = read_time;
    timed = cache_with(&config);
    begin_in(timed, &lead, 1, 0);
    time_now += 50;
    give(lead.flight, 1);
    cr_assert_eq(finish(lead.flight).load_ns, 50);
    ctx_cache_destroy(timed);
}

Test(promises, a_bypass_outlives_its_cache)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    static CTX_VAR(never);
    struct begun lead = {0};
    ctx_cache *lax;

    config.capacity_entries = 10;
    config.vary = (ctx_var *[]){never};
    config.vary_count = 1;
    config.unset = CTX_CACHE_UNSET_BYPASS;
    lax = cache_with(&config);
    cr_assert_eq(begin_in(lax, &lead, 1, 0), CTX_LEAD);
    ctx_cache_destroy(lax);
    give(lead.flight, 1);
    cr_assert_eq(finish(lead.flight).outcome, CTX_CACHE_BYPASS);
}

/* ---- circles ------------------------------------------------------------------------------ */

struct nested {
    struct begun *begun;
    int64_t key;
};

static void begin_nested(void *arg)
{
    const struct nested *nested = arg;

    begin_in(cache, nested->begun, nested->key, 0);
}

static int wait_in(const struct begun *lead, struct begun *begun, int64_t key)
{
    struct nested nested = {begun, key};

    inside(lead->flight, begin_nested, &nested);
    return begun->status;
}

/* 0 waits for 1, 2 and 3, one of which waits for 4: whichever it is, 4 may not wait for 0. */
static void check_branch(int64_t branch)
{
    struct begun lead[5] = {{0}}, wait[5] = {{0}};

    for (int key = 0; key < 5; key++)
        cr_assert_eq(begin_in(cache, &lead[key], key, 0), CTX_LEAD);
    for (int64_t key = 1; key <= 3; key++)
        cr_assert_eq(wait_in(&lead[0], &wait[key], key), CTX_JOINED);
    cr_assert_eq(wait_in(&lead[branch], &wait[0], 4), CTX_JOINED);
    cr_assert_eq(wait_in(&lead[4], &wait[4], 0), CTX_ERR_DEADLOCK);
    for (int key = 0; key < 5; key++)
        ctx_cache_abandon(lead[key].flight);
}

Test(promises, every_branch_is_followed)
{
    for (int64_t branch = 1; branch <= 3; branch++)
        check_branch(branch);
}

/* ---- values that nobody has set ------------------------------------------------------------- */

static CTX_VAR_DEFAULT(currency, CTX_VALUE_STRING("EUR"));

static ctx_cache *cache_by(ctx_var *vary, enum ctx_cache_unset unset, uint32_t flags)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = 10;
    config.vary = &vary;
    config.vary_count = 1;
    config.unset = unset;
    config.flags = flags;
    return cache_with(&config);
}

static struct {
    ctx_var *var;
    bool is_set;
} looked;

static void look_in(void *arg)
{
    ctx_context *current;

    (void)arg;
    CHECK_EQ(ctx_current(&current), CTX_OK);
    CHECK_EQ(ctx_context_contains(current, looked.var, &looked.is_set), CTX_OK);
    ctx_context_unref(current);
}

static void set_dollars(void *arg)
{
    (void)arg;
    ctx_set(currency, "USD");
}

Test(promises, a_background_load_has_the_default_that_counted)
{
    ctx_cache *by_currency = cache_by(currency, CTX_CACHE_UNSET_ERROR, CTX_CACHE_COUNT_DEFAULTS);
    struct begun lead = {0};

    looked.var = currency;
    cr_assert_eq(begin_in(by_currency, &lead, 1, CTX_CACHE_BACKGROUND), CTX_LEAD);
    inside(lead.flight, look_in, NULL);
    cr_assert(looked.is_set);
    give(lead.flight, 1);
    cr_assert(finish(lead.flight).stored, "who has not set it may finish it");
    cr_assert_eq(begin_in(by_currency, &lead, 2, CTX_CACHE_BACKGROUND), CTX_LEAD);
    inside(lead.flight, set_dollars, NULL);
    give(lead.flight, 1);
    cr_assert_eq(finish(lead.flight).reason, CTX_CACHE_CHANGED);
    ctx_cache_destroy(by_currency);
}

Test(promises, unset_that_is_shared_is_unset_in_the_background)
{
    ctx_cache *lax = cache_by(currency, CTX_CACHE_UNSET_SHARED, 0);
    struct begun lead = {0};

    looked.var = currency;
    cr_assert_eq(begin_in(lax, &lead, 1, CTX_CACHE_BACKGROUND), CTX_LEAD);
    inside(lead.flight, look_in, NULL);
    cr_assert_not(looked.is_set);
    give(lead.flight, 1);
    cr_assert(finish(lead.flight).stored);
    cr_assert_eq(begin_in(lax, &lead, 2, 0), CTX_LEAD);
    give(lead.flight, 1);
    ctx_set(currency, "USD");
    cr_assert_eq(finish(lead.flight).reason, CTX_CACHE_CHANGED,
                 "who has set it stands in another partition");
    ctx_cache_destroy(lax);
}

/* ---- statuses of the user ------------------------------------------------------------------- */

static int refuse_as_lead(const void *object, ctx_encoder *encoder)
{
    (void)encoder;
    return *(const int *)object;
}

Test(promises, only_the_library_says_that_somebody_leads)
{
    static const int claims[] = {CTX_LEAD, CTX_JOINED, INT32_MIN + 1, INT32_MIN + 2};
    const ctx_object_class kind = {sizeof kind, "claim", NULL, NULL, refuse_as_lead};

    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        int claim = claims[i];
        ctx_value arg = ctx_object(&claim, &kind);
        ctx_cache_flight flight;
        ctx_cache_ref ref;

        cr_assert_eq(ctx_cache_begin_v(cache, price, &arg, 1, NULL, &ref, &flight, NULL),
                     CTX_ERR_INVALID);
        cr_assert_eq(flight.id, 0);
    }
}

/* ---- memory of the process ------------------------------------------------------------------ */

/* In a process that has used nothing yet: numbers and contexts are not of the cache's allocator. */
Test(scarce, out_of_the_processs_memory_at_any_moment, .timeout = 120)
{
    static struct support_alloc counted;
    struct begun lead = {0}, joiner = {0};
    uint64_t nth;

    support_alloc_init(&counted);
    cr_assert_eq(ctx_set_allocator(&counted.allocator), CTX_OK);
    cache = cache_of(10, NULL);
    cr_assert_eq(ask(cache, price, 9).status, CTX_OK);
    for (nth = 0; lead.status != CTX_LEAD; nth++) {
        support_alloc_fail(&counted, nth, false);
        begin_in(cache, &lead, 1, CTX_CACHE_KEEP_ARGS);
        cr_assert(lead.status == CTX_LEAD || lead.status == CTX_ERR_NOMEM);
        cr_assert_eq(lead.status == CTX_LEAD, lead.flight.id != 0);
    }
    cr_assert_geq(nth, 4);
    for (nth = 0; joiner.status != CTX_JOINED; nth++) {
        support_alloc_fail(&counted, nth, false);
        begin_in(cache, &joiner, 1, CTX_CACHE_KEEP_ARGS);
        cr_assert(joiner.status == CTX_JOINED || joiner.status == CTX_ERR_NOMEM);
    }
    support_alloc_recover(&counted);
    give(lead.flight, 1);
    finish(lead.flight);
    cr_assert_eq(joiner.landed, CTX_OK);
    check_equations(cache);
    ctx_cache_destroy(cache);
}
