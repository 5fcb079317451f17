/*
 * Calls that do not block, attacked: what one load of another's leaves behind must not get past the audit, and
 * who ends, lands or waits in an unusual place gets the answer that the headers promise.
 */
#include <criterion/criterion.h>

#include "ctxcache/task.h"
#include "support/begin_kit.h"
#include "support/cache_kit.h"
#include "support/check.h"

PROBE(price);
PROBE(rate);
static CTX_VAR(tenant);

static ctx_cache *cache, *outer, *rates;

static void setup(void)
{
    cache = cache_of(100, NULL);
    outer = cache_of(100, NULL);
    rates = cache_of(100, tenant);
    ctx_set(tenant, "acme");
}

static void teardown(void)
{
    ctx_cache_destroy(cache);
    ctx_cache_destroy(outer);
    ctx_cache_destroy(rates);
}

TestSuite(attacked, .init = setup, .fini = teardown, .timeout = 120);

static int begin_in(ctx_cache *in, struct begun *begun, int64_t key, uint32_t flags)
{
    return begun_begin(in, price, begun, key, flags);
}

/* ---- the audit ---------------------------------------------------------------------------- */

static struct begun of_outer, of_inner;

static void begin_inner(void *arg)
{
    (void)arg;
    cr_assert_eq(begin_in(cache, &of_inner, 1, 0), CTX_LEAD);
}

static int64_t letter_of_tenant(void)
{
    const char *who = "?";

    ctx_get_string(tenant, &who);
    return who[0];
}

/* A callback of the inner load, which goes on with the outer one when the inner has ended. */
static void end_inner_and_read(void *arg)
{
    (void)arg;
    give(of_inner.flight, 1);
    finish(of_inner.flight);
    give(of_outer.flight, letter_of_tenant());
}

static void end_inner_and_call(void *arg)
{
    (void)arg;
    give(of_inner.flight, 1);
    finish(of_inner.flight);
    give(of_outer.flight, ask(rates, rate, 1).serial);
}

static void read_while_inner_goes_on(void *arg)
{
    (void)arg;
    give(of_outer.flight, letter_of_tenant());
}

static void check_refused(void (*in_inner)(void *arg))
{
    of_outer = of_inner = (struct begun){0};
    cr_assert_eq(begin_in(outer, &of_outer, 1, 0), CTX_LEAD);
    inside(of_outer.flight, begin_inner, NULL);
    inside(of_inner.flight, in_inner, NULL);
    cr_assert_eq(finish(of_outer.flight).reason, CTX_CACHE_UNDECLARED);
    ctx_cache_abandon(of_inner.flight);
}

Test(attacked, what_is_read_where_an_inner_load_has_ended_is_the_outers)
{
    check_refused(end_inner_and_read);
}

Test(attacked, what_is_asked_of_a_cache_where_an_inner_load_has_ended_is_the_outers)
{
    check_refused(end_inner_and_call);
}

Test(attacked, what_is_given_to_the_outer_inside_of_the_inner_is_the_outers)
{
    check_refused(read_while_inner_goes_on);
}

/* ---- contexts after the end --------------------------------------------------------------- */

static ctx_context *kept;

static void keep_current(void)
{
    CHECK_EQ(ctx_current(&kept), CTX_OK);
}

static void nothing(void *arg)
{
    (void)arg;
}

Test(attacked, the_contexts_of_flight_and_landing_may_be_entered_when_it_has_ended)
{
    struct begun lead = {0}, joiner = {.then = keep_current};
    ctx_context *context;

    begin_in(cache, &lead, 1, 0);
    begin_in(cache, &joiner, 1, 0);
    cr_assert_eq(ctx_cache_flight_context(lead.flight, &context), CTX_OK);
    give(lead.flight, 1);
    finish(lead.flight);
    cr_expect_eq(ctx_run(context, nothing, NULL), CTX_OK, "the flight's");
    cr_expect_eq(ctx_run(kept, nothing, NULL), CTX_OK, "the landing's");
    ctx_context_unref(context);
    ctx_context_unref(kept);
}

/* ---- statuses that are not failures -------------------------------------------------------- */

Test(attacked, a_status_of_the_library_is_handed_on_like_any_other)
{
    static const int statuses[] = {CTX_LEAD, CTX_JOINED};

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct begun lead = {0}, joiner = {0};

        begin_in(cache, &lead, 1, 0);
        begin_in(cache, &joiner, 1, 0);
        ctx_cache_finish(lead.flight, statuses[i], NULL, NULL);
        cr_expect_eq(joiner.landings, 1, "%s", ctx_status_name(statuses[i]));
        cr_expect_neq(joiner.landed, CTX_LEAD, "it leads nothing");
    }
}

/* ---- arguments ---------------------------------------------------------------------------- */

Test(attacked, an_argument_that_is_too_long_is_not_copied)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    ctx_value arg = ctx_bytes("abc", SIZE_MAX);
    ctx_cache_flight flight;
    ctx_cache_ref ref;

    options.flags = CTX_CACHE_KEEP_ARGS;
    cr_assert_eq(ctx_cache_begin_v(cache, price, &arg, 1, &options, &ref, &flight, NULL),
                 CTX_ERR_LIMIT);
}

/* ---- circles ------------------------------------------------------------------------------ */

static struct begun foreign;
static int asked;

static int end_foreign(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                       size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    if (foreign.flight.id) {
        give(foreign.flight, 1);
        finish(foreign.flight);
    }
    return CTX_OK;
}

static void ask_for_one(void)
{
    ctx_value arg = ctx_i64(1);

    asked = ask_within_v(outer, price, &arg, 1, 1000000000).status;
}

Test(attacked, a_landing_that_blocks_on_the_load_below_it_is_refused)
{
    struct begun lead = {0}, joiner = {.then = ask_for_one};

    foreign = (struct begun){0};
    begin_in(cache, &foreign, 7, 0);
    begin_in(cache, &joiner, 7, 0);
    begin_in(outer, &lead, 1, CTX_CACHE_KEEP_ARGS);
    price_probe.during = end_foreign;
    cr_assert_eq(ctx_cache_flight_run(lead.flight, NULL, NULL), CTX_OK);
    cr_assert(asked == CTX_ERR_RECURSION || asked == CTX_ERR_DEADLOCK, "%s",
              ctx_status_name(asked));
}

static struct begun begun_in_landing;

static void begin_for_one(void)
{
    begin_in(outer, &begun_in_landing, 1, 0);
}

Test(attacked, a_landing_may_join_the_blocking_load_below_it)
{
    struct begun joiner = {.then = begin_for_one};

    foreign = (struct begun){0};
    begin_in(cache, &foreign, 7, 0);
    begin_in(cache, &joiner, 7, 0);
    price_probe.during = end_foreign;
    cr_assert_eq(ask(outer, price, 1).status, CTX_OK);
    cr_assert_eq(begun_in_landing.status, CTX_JOINED, "%s",
                 ctx_status_name(begun_in_landing.status));
    cr_assert_eq(begun_in_landing.landed, CTX_OK);
}

static int swap_and_ask(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                        size_t count)
{
    ctx_context *other, *before;

    (void)probe, (void)load, (void)args, (void)count;
    CHECK_EQ(ctx_context_new(&other), CTX_OK);
    CHECK_EQ(ctx_swap(other, &before), CTX_OK);
    ask_for_one();
    CHECK_EQ(ctx_swap(before, &other), CTX_OK);
    ctx_context_unref(other);
    return CTX_OK;
}

Test(attacked, a_load_that_is_run_asks_for_its_own_key_from_another_context)
{
    struct begun lead = {0};

    begin_in(outer, &lead, 1, CTX_CACHE_KEEP_ARGS);
    price_probe.during = swap_and_ask;
    cr_assert_eq(ctx_cache_flight_run(lead.flight, NULL, NULL), CTX_OK);
    cr_assert_eq(asked, CTX_ERR_RECURSION, "%s", ctx_status_name(asked));
}

/* ---- where it is finished ----------------------------------------------------------------- */

static ctx_cache_info in_task;

static void finish_in_task(void *arg)
{
    const struct begun *begun = arg;

    give(begun->flight, 1);
    in_task = finish(begun->flight);
}

static void run_task(void *arg)
{
    CHECK_EQ(ctx_run_task(finish_in_task, arg, NULL, NULL), CTX_OK);
}

/* Nobody can tell what the context is like, which is entered outside of the task. */
Test(attacked, a_task_in_the_flights_context_finishes_nothing_that_is_stored)
{
    struct begun lead = {0};

    begin_in(rates, &lead, 1, 0);
    inside(lead.flight, run_task, &lead);
    cr_assert_not(in_task.stored);
    cr_assert_eq(in_task.reason, CTX_CACHE_CHANGED);
}

/* ---- refresh ------------------------------------------------------------------------------ */

Test(attacked, a_refresh_that_does_not_fit_leaves_what_was_there)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct begun refresh = {0};
    ctx_cache_load *load;
    ctx_cache *small;
    void *room;

    config.capacity_bytes = CTX_CACHE_BYTES_MIN;
    small = cache_with(&config);
    cr_assert_eq(put_serial(small, price, 1, 5), CTX_OK);
    cr_assert_eq(begin_in(small, &refresh, 1, CTX_CACHE_REFRESH), CTX_LEAD);
    cr_assert_eq(ctx_cache_flight_load(refresh.flight, &load), CTX_OK);
    cr_assert_eq(ctx_cache_load_reserve(load, 1 << 20, &room), CTX_OK);
    cr_assert_eq(finish(refresh.flight).reason, CTX_CACHE_TOO_LARGE);
    cr_expect_eq(look(small, price, 1).serial, 5);
    ctx_cache_destroy(small);
}

/* ---- defaults of factories ---------------------------------------------------------------- */

static int make_session(void *user, ctx_value *out_value)
{
    static int64_t made;

    (void)user;
    *out_value = ctx_i64(++made);
    return CTX_OK;
}

static CTX_VAR_FACTORY(session, make_session, NULL);

static int64_t session_here(void)
{
    int64_t value = -1;

    CHECK_EQ(ctx_get_i64(session, &value), CTX_OK);
    return value;
}

static int64_t session_of_load;

static void see_session(void *arg)
{
    (void)arg;
    session_of_load = session_here();
}

Test(attacked, a_load_has_the_default_that_its_partition_was_found_by)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct begun lead = {0};
    ctx_cache *sessions;

    config.capacity_entries = 10;
    config.vary = (ctx_var *[]){session};
    config.vary_count = 1;
    config.flags = CTX_CACHE_COUNT_DEFAULTS;
    sessions = cache_with(&config);
    cr_assert_eq(begin_in(sessions, &lead, 1, 0), CTX_LEAD);
    inside(lead.flight, see_session, NULL);
    cr_expect_eq(session_of_load, session_here());
    give(lead.flight, 1);
    cr_expect(finish(lead.flight).stored);
    ctx_cache_destroy(sessions);
}

/* ---- deadlines ---------------------------------------------------------------------------- */

static void begin_once_more(void)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    ctx_value arg = ctx_i64(1);

    options.landing = begun_land;
    options.user = &begun_in_landing;
    options.wait_ns = 3600000000000;
    cr_assert_eq(ctx_cache_begin_v(cache, price, &arg, 1, &options, &begun_in_landing.ref,
                                   &begun_in_landing.flight, NULL),
                 CTX_JOINED);
}

Test(attacked, the_next_deadline_is_also_that_of_who_began_in_a_landing)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    struct begun lead = {0}, joiner = {.then = begin_once_more};
    ctx_value arg = ctx_i64(1);
    uint64_t next = 0;

    begin_in(cache, &lead, 1, 0);
    options.landing = begun_land;
    options.user = &joiner;
    options.wait_ns = 1;
    ctx_cache_begin_v(cache, price, &arg, 1, &options, &joiner.ref, &joiner.flight, NULL);
    while (!joiner.landings)
        cr_assert_eq(ctx_cache_expire(cache, &next), CTX_OK);
    cr_expect_neq(next, UINT64_MAX);
    ctx_cache_abandon(lead.flight);
}
