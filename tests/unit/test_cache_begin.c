/*
 * Calls that do not block: begun here, ended there. Their rules are those of calls that do, and both kinds
 * meet in one flight.
 */
#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/alloc.h"
#include "support/cache_kit.h"
#include "support/check.h"
#include "support/gate.h"
#include "support/object.h"

PROBE(price);
static CTX_VAR(tenant);
static CTX_VAR(locale);
static CTX_VAR(trace);

static ctx_cache *cache;

static void setup(void)
{
    cache = cache_of(100, tenant);
    ctx_set(tenant, "acme");
}

static void teardown(void)
{
    check_equations(cache);
    ctx_cache_destroy(cache);
}

TestSuite(begin, .init = setup, .fini = teardown);

/* ---- one begun call ----------------------------------------------------------------------- */

/* What is known of one: how it began, and how it was landed. */
struct begun {
    int status; /* of the beginning */
    ctx_cache_flight flight;
    ctx_cache_ref ref;
    ctx_cache_info info;
    int landings, landed; /* how often, with what */
    int64_t value;
    ctx_cache_flight landed_as;
    ctx_cache_info landed_info;
    char tenant[16], locale[16]; /* as seen by the landing */
    void (*then)(struct begun *begun);
    void *arg;
};

static void see(ctx_var *var, char *out)
{
    const char *text = "unset";

    ctx_get_string(var, &text);
    strcpy(out, text);
}

static void land(void *user, int status, ctx_cache_ref *ref, ctx_cache_flight flight,
                 const ctx_cache_info *info)
{
    struct begun *begun = user;

    begun->landings++;
    begun->landed = status;
    begun->value = status == CTX_OK ? *(const int64_t *)ref->data : 0;
    begun->landed_as = flight;
    begun->landed_info = *info;
    see(tenant, begun->tenant);
    see(locale, begun->locale);
    if (begun->then)
        begun->then(begun);
}

static ctx_cache_begin_options options_of(struct begun *begun, uint32_t flags, uint64_t wait_ns)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;

    options.flags = flags;
    options.wait_ns = wait_ns;
    options.landing = land;
    options.user = begun;
    return options;
}

static int begin_in(ctx_cache *in, struct begun *begun, int64_t key, uint32_t flags,
                    uint64_t wait_ns)
{
    ctx_cache_begin_options options = options_of(begun, flags, wait_ns);
    ctx_value arg = ctx_i64(key);

    begun->info = (ctx_cache_info)CTX_CACHE_INFO_INIT;
    begun->status =
        ctx_cache_begin_v(in, price, &arg, 1, &options, &begun->ref, &begun->flight, &begun->info);
    return begun->status;
}

static int begin(struct begun *begun, int64_t key)
{
    return begin_in(cache, begun, key, 0, 0);
}

/* Gives the load a value, without ending the flight. On any thread, in any process. */
static void give(ctx_cache_flight flight, int64_t value)
{
    ctx_cache_load *load;

    CHECK_EQ(ctx_cache_flight_load(flight, &load), CTX_OK);
    CHECK_EQ(ctx_cache_load_copy(load, &value, sizeof value), CTX_OK);
}

static ctx_cache_info finish(ctx_cache_flight flight, int64_t value)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT;

    give(flight, value);
    CHECK_EQ(ctx_cache_finish(flight, CTX_OK, NULL, &info), CTX_OK);
    return info;
}

/* Runs fn(arg) in the flight's context. */
static void inside(ctx_cache_flight flight, void (*fn)(void *arg), void *arg)
{
    ctx_context *context;

    cr_assert_eq(ctx_cache_flight_context(flight, &context), CTX_OK);
    cr_assert_eq(ctx_run(context, fn, arg), CTX_OK);
    ctx_context_unref(context);
}

static void read_tenant(void *arg)
{
    const char *text;

    (void)arg;
    cr_assert_eq(ctx_get_string(tenant, &text), CTX_OK);
}

static void read_locale(void *arg)
{
    const char *text;

    (void)arg;
    (void)ctx_get_string(locale, &text);
}

static void be_bolt(void *arg)
{
    (void)arg;
    ctx_set(tenant, "bolt");
}

/* ---- a flight ----------------------------------------------------------------------------- */

Test(begin, what_is_there_is_answered_at_once)
{
    struct begun begun = {0};

    put_serial(cache, price, 1, 77);
    cr_assert_eq(begin(&begun, 1), CTX_OK);
    cr_assert_eq(*(const int64_t *)begun.ref.data, 77);
    cr_assert_eq(begun.flight.id, 0);
    cr_assert_eq(begun.info.outcome, CTX_CACHE_HIT);
    cr_assert_eq(begun.landings, 0);
    ctx_cache_ref_release(&begun.ref);
    cr_assert_eq(stats_of(cache).hits, 1);
}

Test(begin, what_is_not_is_to_be_loaded_and_is_there_after)
{
    struct begun begun = {0};
    ctx_cache_ref ref;
    ctx_cache_info info = CTX_CACHE_INFO_INIT;

    cr_assert_eq(begin(&begun, 1), CTX_LEAD);
    cr_assert_neq(begun.flight.id, 0);
    cr_assert_null(begun.ref.data);
    cr_assert_eq(stats_of(cache).calls, 0, "a call is counted when it ends");
    give(begun.flight, 5);
    cr_assert_eq(ctx_cache_finish(begun.flight, CTX_OK, &ref, &info), CTX_OK);
    cr_assert_eq(*(const int64_t *)ref.data, 5);
    cr_assert_eq(info.outcome, CTX_CACHE_MISS);
    cr_assert(info.stored);
    ctx_cache_ref_release(&ref);
    cr_assert_eq(ask(cache, price, 1).serial, 5);
    cr_assert_eq(begun.landings, 0, "who leads is not landed");
    cr_assert_eq(stats_of(cache).misses, 1);
    cr_assert_eq(stats_of(cache).loads_ok, 1);
    check_sums(cache);
}

Test(begin, a_failure_is_handed_on_unchanged_and_not_stored)
{
    struct begun first = {0}, second = {0};
    ctx_cache_info info = CTX_CACHE_INFO_INIT;

    begin(&first, 1);
    cr_assert_eq(begin(&second, 1), CTX_JOINED);
    give(first.flight, 5);
    cr_assert_eq(ctx_cache_finish(first.flight, -77, NULL, &info), -77);
    cr_assert_eq(info.reason, CTX_CACHE_FAILED);
    cr_assert_eq(second.landed, -77);
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
    begin(&first, 1);
    cr_assert_eq(ctx_cache_finish(first.flight, CTX_OK, NULL, NULL), CTX_ERR_NO_VALUE);
    cr_assert_eq(stats_of(cache).loads_failed, 2);
}

Test(begin, there_may_be_none)
{
    struct begun begun = {0}, second = {0};
    ctx_cache_load *load;

    begin(&begun, 1);
    begin(&second, 1);
    cr_assert_eq(ctx_cache_flight_load(begun.flight, &load), CTX_OK);
    ctx_cache_load_negative(load);
    cr_assert_eq(ctx_cache_finish(begun.flight, CTX_OK, NULL, NULL), CTX_ABSENT);
    cr_assert_eq(second.landed, CTX_ABSENT);
    cr_assert(second.landed_info.negative);
    cr_assert_eq(begin(&begun, 1), CTX_ABSENT);
    cr_assert(begun.info.negative);
}

Test(begin, the_load_may_say_what_loaders_may_say)
{
    struct begun begun = {0};
    ctx_cache_load *load;
    ctx_cache_info info = CTX_CACHE_INFO_INIT;

    begin(&begun, 1);
    give(begun.flight, 5);
    cr_assert_eq(ctx_cache_flight_load(begun.flight, &load), CTX_OK);
    ctx_cache_load_no_store(load);
    cr_assert_eq(ctx_cache_finish(begun.flight, CTX_OK, NULL, &info), CTX_OK);
    cr_assert_eq(info.reason, CTX_CACHE_NO_STORE);
    begin(&begun, 1);
    cr_assert_eq(ctx_cache_flight_load(begun.flight, &load), CTX_OK);
    give(begun.flight, 5);
    ctx_cache_load_fail(load, -9);
    cr_assert_eq(ctx_cache_finish(begun.flight, CTX_OK, NULL, NULL), -9);
}

/* ---- joining ------------------------------------------------------------------------------ */

Test(begin, one_load_answers_all_each_in_its_own_context)
{
    struct begun leader = {0}, joiners[3] = {{0}};

    cr_assert_eq(begin(&leader, 1), CTX_LEAD);
    for (int i = 0; i < 3; i++) {
        ctx_set(locale, i == 1 ? "de" : "fr");
        cr_assert_eq(begin(&joiners[i], 1), CTX_JOINED);
        cr_assert_neq(joiners[i].flight.id, leader.flight.id);
    }
    ctx_set(locale, "it");
    ctx_set(tenant, "bolt");
    cr_assert_eq(joiners[0].landings, 0);
    ctx_set(tenant, "acme");
    finish(leader.flight, 5);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(joiners[i].landings, 1);
        cr_assert_eq(joiners[i].landed, CTX_OK);
        cr_assert_eq(joiners[i].value, 5);
        cr_assert_eq(joiners[i].landed_as.id, joiners[i].flight.id);
        cr_assert_eq(joiners[i].landed_info.outcome, CTX_CACHE_JOINED);
        cr_assert(joiners[i].landed_info.stored);
        cr_assert_str_eq(joiners[i].tenant, "acme");
        cr_assert_str_eq(joiners[i].locale, i == 1 ? "de" : "fr");
    }
    cr_assert_eq(stats_of(cache).joined, 3);
    cr_assert_eq(stats_of(cache).misses, 1);
    check_sums(cache);
}

Test(begin, two_tenants_never_share_a_flight)
{
    struct begun acme = {0}, bolt = {0}, more = {0};

    begin(&acme, 1);
    ctx_set(tenant, "bolt");
    cr_assert_eq(begin(&bolt, 1), CTX_LEAD);
    cr_assert_eq(begin(&more, 1), CTX_JOINED);
    ctx_set(tenant, "acme");
    finish(acme.flight, 1);
    cr_assert_eq(more.landings, 0);
    ctx_set(tenant, "bolt");
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
    finish(bolt.flight, 2);
    cr_assert_eq(more.value, 2);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    ctx_set(tenant, "acme");
    cr_assert_eq(ask(cache, price, 1).serial, 1);
}

Test(begin, blocking_callers_join_it)
{
    struct caller waiter = {0};
    struct begun leader = {0};

    begin(&leader, 1);
    caller_start(&waiter, cache, price, 1);
    caller_await_waiting(&waiter);
    finish(leader.flight, 5);
    cr_assert_eq(caller_join(&waiter).serial, 5);
    cr_assert_eq(waiter.answer.info.outcome, CTX_CACHE_JOINED);
    cr_assert_eq(atomic_load(&price_probe.loads), 0);
}

Test(begin, nobody_blocks_for_a_load_that_may_be_queued_for_them)
{
    struct begun leader = {0}, joiner = {0};

    begin_in(cache, &leader, 1, CTX_CACHE_KEEP_ARGS, 0);
    cr_assert_eq(begin(&joiner, 1), CTX_JOINED);
    cr_assert_eq(ask(cache, price, 1).serial, 1, "it loads for itself");
    cr_assert_eq(ask(cache, price, 1).info.reason, CTX_CACHE_FENCED,
                 "beside, so nothing is stored");
    cr_assert_eq(
        ask_within_v(cache, price, &(ctx_value){.type = CTX_I64, .as.i64 = 1}, 1, 1).status,
        CTX_ERR_TIMEOUT, "who has a deadline waits");
    cr_assert_eq(ctx_cache_flight_run(leader.flight, NULL, NULL), CTX_OK);
    cr_assert_eq(joiner.value, 3);
    cr_assert_eq(ask(cache, price, 1).serial, 3);
}

Test(begin, it_joins_a_blocking_load)
{
    static struct gate gate = GATE_INIT;
    struct caller leader = {0};
    struct begun joiner = {0};

    price_probe.during = probe_pass_gate;
    price_probe.arg = &gate;
    caller_start(&leader, cache, price, 1);
    gate_await(&gate, 1);
    ctx_set(locale, "de");
    cr_assert_eq(begin(&joiner, 1), CTX_JOINED);
    gate_open(&gate);
    caller_join(&leader);
    cr_assert_eq(joiner.landings, 1);
    cr_assert_eq(joiner.value, leader.answer.serial);
    cr_assert_str_eq(joiner.locale, "de");
}

Test(begin, who_does_not_want_to_wait_is_told)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    struct begun leader = {0};
    ctx_cache_flight flight;
    ctx_cache_ref ref;

    begin(&leader, 1);
    cr_assert_eq(ctx_cache_begin(cache, price, &options, &ref, &flight, 1), CTX_ERR_BUSY);
    cr_assert_eq(ctx_cache_begin(cache, price, NULL, &ref, &flight, 1), CTX_ERR_BUSY);
    cr_assert_eq(flight.id, 0);
    finish(leader.flight, 5);
    cr_assert_eq(ctx_cache_begin(cache, price, NULL, &ref, &flight, 1), CTX_OK);
    ctx_cache_ref_release(&ref);
    cr_assert_eq(stats_of(cache).calls, 2, "the busy ones were not counted");
}

static ctx_cache_ref kept;

static void keep(void *user, int status, ctx_cache_ref *ref, ctx_cache_flight flight,
                 const ctx_cache_info *info)
{
    (void)user, (void)flight, (void)info;
    cr_assert_eq(status, CTX_OK);
    kept = *ref;
    *ref = (ctx_cache_ref)CTX_CACHE_REF_INIT;
}

Test(begin, a_landing_may_keep_its_ref)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    struct begun leader = {0};
    ctx_cache_flight flight;
    ctx_cache_ref ref;

    options.landing = keep;
    begin(&leader, 1);
    cr_assert_eq(ctx_cache_begin(cache, price, &options, &ref, &flight, 1), CTX_JOINED);
    finish(leader.flight, 5);
    ctx_cache_clear(cache);
    cr_assert_eq(*(const int64_t *)kept.data, 5);
    ctx_cache_ref_release(&kept);
}

static void call_again(struct begun *begun)
{
    struct begun *another = begun->arg;

    cr_assert_eq(begin(another, 1), CTX_OK);
    ctx_cache_ref_release(&another->ref);
    cr_assert_eq(begin(another, 2), CTX_LEAD);
    finish(another->flight, 6);
}

Test(begin, a_landing_may_call_the_cache)
{
    struct begun leader = {0}, another = {0}, joiner = {.then = call_again, .arg = &another};

    begin(&leader, 1);
    begin(&joiner, 1);
    finish(leader.flight, 5);
    cr_assert_eq(ask(cache, price, 2).serial, 6);
}

/* ---- ending ------------------------------------------------------------------------------- */

Test(begin, what_has_ended_says_so)
{
    struct begun leader = {0}, joiner = {0};
    ctx_cache_flight none = CTX_CACHE_FLIGHT_NONE, never = {UINT64_MAX};
    ctx_context *context = (ctx_context *)&leader;
    ctx_cache_load *load = (ctx_cache_load *)&leader;
    ctx_cache_ref ref;

    begin(&leader, 1);
    begin(&joiner, 1);
    cr_assert_eq(ctx_cache_finish(joiner.flight, CTX_OK, &ref, NULL), CTX_ERR_FLIGHT, "it waits");
    cr_assert_eq(ctx_cache_flight_context(joiner.flight, &context), CTX_ERR_FLIGHT);
    cr_assert_null(context);
    finish(leader.flight, 5);
    cr_assert_eq(ctx_cache_finish(leader.flight, CTX_OK, &ref, NULL), CTX_ERR_FLIGHT);
    cr_assert_eq(ctx_cache_abandon(leader.flight), CTX_ERR_FLIGHT);
    cr_assert_eq(ctx_cache_abandon(joiner.flight), CTX_ERR_FLIGHT);
    cr_assert_eq(ctx_cache_flight_load(leader.flight, &load), CTX_ERR_FLIGHT);
    cr_assert_null(load);
    cr_assert_eq(ctx_cache_flight_run(leader.flight, NULL, NULL), CTX_ERR_FLIGHT);
    begin(&leader, 2);
    cr_assert_eq(ctx_cache_abandon(leader.flight), CTX_OK);
    cr_assert_eq(ctx_cache_finish(leader.flight, CTX_OK, NULL, NULL), CTX_ERR_FLIGHT);
    cr_assert_eq(ctx_cache_abandon(leader.flight), CTX_ERR_FLIGHT);
    cr_assert_eq(ctx_cache_finish(none, CTX_OK, NULL, NULL), CTX_ERR_FLIGHT);
    cr_assert_eq(ctx_cache_abandon(never), CTX_ERR_FLIGHT);
}

Test(begin, abandoned_leaves_nobody_waiting)
{
    struct caller waiter = {0};
    struct begun leader = {0}, joiner = {0};

    begin(&leader, 1);
    begin(&joiner, 1);
    caller_start(&waiter, cache, price, 1);
    caller_await_waiting(&waiter);
    cr_assert_eq(ctx_cache_abandon(leader.flight), CTX_OK);
    cr_assert_eq(joiner.landed, CTX_ERR_ABANDONED);
    cr_assert_eq(caller_join(&waiter).status, CTX_ERR_ABANDONED);
    cr_assert_eq(stats_of(cache).loads_failed, 1);
    cr_assert_eq(begin(&leader, 1), CTX_LEAD);
    finish(leader.flight, 5);
}

Test(begin, who_gives_up_disturbs_nobody)
{
    struct begun leader = {0}, joiners[3] = {{0}};

    begin(&leader, 1);
    for (int i = 0; i < 3; i++)
        begin(&joiners[i], 1);
    cr_assert_eq(ctx_cache_give_up(joiners[1].flight), CTX_OK);
    cr_assert_eq(ctx_cache_give_up(joiners[1].flight), CTX_ERR_FLIGHT);
    finish(leader.flight, 5);
    cr_assert_eq(joiners[0].value, 5);
    cr_assert_eq(joiners[1].landings, 0);
    cr_assert_eq(joiners[2].value, 5);
    cr_assert_eq(stats_of(cache).timeouts, 1);
    cr_assert_eq(stats_of(cache).joined, 3);
}

Test(begin, deadlines_pass)
{
    struct begun leader = {0}, soon = {0}, late = {0}, never = {0}, sooner = {0};
    const uint64_t hour = 3600000000000u;
    uint64_t next = 0;

    cr_assert_eq(ctx_cache_expire(cache, &next), CTX_OK);
    cr_assert_eq(next, UINT64_MAX);
    begin(&leader, 1);
    begin_in(cache, &late, 1, 0, hour);
    begin_in(cache, &soon, 1, 0, 2);
    begin(&never, 1);
    begin_in(cache, &sooner, 1, 0, 1);
    cr_assert_eq(soon.landings, 0);
    cr_assert_eq(ctx_cache_expire(cache, &next), CTX_OK);
    cr_assert_eq(soon.landed, CTX_ERR_TIMEOUT);
    cr_assert_eq(sooner.landed, CTX_ERR_TIMEOUT);
    cr_assert_eq(late.landings + never.landings, 0);
    cr_assert(next > hour / 2 && next <= hour);
    cr_assert_eq(stats_of(cache).timeouts, 2);
    cr_assert_eq(ctx_cache_give_up(soon.flight), CTX_ERR_FLIGHT);
    finish(leader.flight, 5);
    cr_assert_eq(late.value, 5);
    cr_assert_eq(never.value, 5);
    cr_assert_eq(soon.landings, 1);
    cr_assert_eq(ctx_cache_expire(cache, &next), CTX_OK);
    cr_assert_eq(next, UINT64_MAX);
}

Test(begin, the_cache_has_a_deadline_and_upkeep_sees_to_it)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct begun leader = {0}, joiner = {0};
    ctx_cache *hasty;

    config.capacity_entries = 10;
    config.wait_ns = 1;
    hasty = cache_with(&config);
    begin_in(hasty, &leader, 1, 0, 0);
    cr_assert_eq(begin_in(hasty, &joiner, 1, 0, 0), CTX_JOINED);
    ctx_cache_maintain(hasty, 1);
    cr_assert_eq(joiner.landed, CTX_ERR_TIMEOUT);
    cr_assert_eq(joiner.landed_info.outcome, CTX_CACHE_JOINED);
    finish(leader.flight, 1);
    check_equations(hasty);
    ctx_cache_destroy(hasty);
}

static struct begun *leads_too;

static void lead_and_finish(struct begun *begun)
{
    if (begun->landed != CTX_LEAD)
        return;
    finish(begun->flight, (int64_t)(intptr_t)begun->arg);
}

Test(begin, one_retries_where_failures_are_retried)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct begun leader = {0}, joiners[3] = {{0}};
    ctx_cache *again;
    int leads = 0;

    config.capacity_entries = 10;
    config.flags = CTX_CACHE_RETRY;
    again = cache_with(&config);
    begin_in(again, &leader, 1, 0, 0);
    for (int i = 0; i < 3; i++)
        begin_in(again, &joiners[i], 1, 0, 0);
    cr_assert_eq(ctx_cache_finish(leader.flight, -7, NULL, NULL), -7);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(joiners[i].landings, i == 0 ? 1 : 0);
        if (joiners[i].landed == CTX_LEAD)
            leads_too = &joiners[i], leads++;
    }
    cr_assert_eq(leads, 1);
    cr_assert_eq(leads_too->landed_as.id, leads_too->flight.id);
    finish(leads_too->flight, 9);
    cr_assert_eq(joiners[1].value, 9);
    cr_assert_eq(joiners[2].value, 9);
    check_equations(again);
    ctx_cache_destroy(again);
}

/* ---- fences ------------------------------------------------------------------------------- */

static void check_fenced(int fence)
{
    struct begun old = {0}, joiner = {0}, new = {0};
    ctx_cache_info info;

    begin(&old, 1);
    begin(&joiner, 1);
    if (fence == 0)
        ctx_cache_invalidate(cache, price, 1);
    else if (fence == 1)
        ctx_cache_invalidate_partition(cache);
    else
        ctx_cache_clear(cache);
    cr_assert_eq(begin(&new, 1), CTX_LEAD, "later ones do not join");
    info = finish(old.flight, 1);
    cr_assert_eq(info.reason, CTX_CACHE_FENCED);
    cr_assert_not(info.stored);
    cr_assert_eq(joiner.value, 1, "who joined before is answered");
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
    cr_assert(finish(new.flight, 2).stored);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    ctx_cache_clear(cache);
}

Test(begin, an_invalidation_fences_it)
{
    for (int fence = 0; fence < 3; fence++)
        check_fenced(fence);
}

Test(begin, a_put_fences_it)
{
    struct begun begun = {0};

    begin(&begun, 1);
    put_serial(cache, price, 1, 7);
    cr_assert_eq(finish(begun.flight, 1).reason, CTX_CACHE_FENCED);
    cr_assert_eq(ask(cache, price, 1).serial, 7);
}

Test(begin, it_outlives_its_cache)
{
    ctx_cache *gone = cache_of(10, NULL);
    struct begun leader = {0}, joiner = {0}, other = {0}, waiting = {0};

    begin_in(gone, &leader, 1, 0, 0);
    begin_in(gone, &joiner, 1, 0, 0);
    begin_in(gone, &other, 2, 0, 0);
    begin_in(gone, &waiting, 2, 0, 0);
    ctx_cache_destroy(gone);
    cr_assert_eq(finish(leader.flight, 1).reason, CTX_CACHE_FENCED);
    cr_assert_eq(joiner.value, 1);
    cr_assert_eq(ctx_cache_give_up(waiting.flight), CTX_OK);
    cr_assert_eq(ctx_cache_abandon(other.flight), CTX_OK);
}

/* ---- the audit ---------------------------------------------------------------------------- */

Test(begin, what_its_load_may_read_does_no_harm)
{
    struct begun begun = {0};

    begin(&begun, 1);
    inside(begun.flight, read_tenant, NULL);
    cr_assert(finish(begun.flight, 1).stored);
}

Test(begin, what_its_load_read_undeclared_is_not_stored_nor_shared)
{
    struct begun leader = {0}, joiner = {.then = lead_and_finish, .arg = (void *)2};
    ctx_cache_info info;

    begin(&leader, 1);
    begin(&joiner, 1);
    inside(leader.flight, read_locale, NULL);
    info = finish(leader.flight, 1);
    cr_assert_eq(info.reason, CTX_CACHE_UNDECLARED);
    cr_assert_str_eq(info.variable, "locale");
    cr_assert_eq(joiner.landed, CTX_LEAD, "it loads for itself");
    cr_assert_eq(joiner.value, 0);
    cr_assert_eq(ctx_cache_abandon(joiner.flight), CTX_ERR_FLIGHT, "and has");
    cr_assert_eq(ask(cache, price, 1).serial, 2, "which read nothing that it may not");
    cr_assert_eq(stats_of(cache).undeclared_reads, 1);
    cr_assert_eq(stats_of(cache).misses, 2);
}

static ctx_bound *step;

static void bind_read_locale(void *arg)
{
    (void)arg;
    cr_assert_eq(ctx_bind(read_locale, NULL, &step), CTX_OK);
}

static void *run_step(void *arg)
{
    (void)arg;
    CHECK_EQ(ctx_bound_run(step), CTX_OK);
    return NULL;
}

Test(begin, callbacks_bound_by_its_load_report_their_reads_too)
{
    struct begun begun = {0};
    pthread_t thread;

    begin(&begun, 1);
    inside(begun.flight, bind_read_locale, NULL);
    pthread_create(&thread, NULL, run_step, NULL);
    pthread_join(thread, NULL);
    ctx_bound_free(step);
    cr_assert_eq(finish(begun.flight, 1).reason, CTX_CACHE_UNDECLARED);
}

/* The flight's own, also when another load is in the middle of it. */
static int run_step_in_load(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                            size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    return ctx_bound_run(step);
}

Test(begin, also_when_they_run_in_the_middle_of_another_load)
{
    struct begun begun = {0};

    begin(&begun, 1);
    inside(begun.flight, bind_read_locale, NULL);
    price_probe.during = run_step_in_load;
    cr_assert_eq(ask(cache, price, 2).info.reason, CTX_CACHE_UNDECLARED);
    ctx_bound_free(step);
    cr_assert_eq(finish(begun.flight, 1).reason, CTX_CACHE_UNDECLARED);
}

Test(begin, a_changed_partition_is_not_stored)
{
    struct begun begun = {0}, joiner = {0};
    ctx_cache_info info;

    begin(&begun, 1);
    begin(&joiner, 1);
    inside(begun.flight, be_bolt, NULL);
    info = finish(begun.flight, 1);
    cr_assert_eq(info.reason, CTX_CACHE_CHANGED);
    cr_assert_str_eq(info.variable, "tenant");
    cr_assert_eq(joiner.landed, CTX_LEAD);
    cr_assert_eq(ctx_cache_abandon(joiner.flight), CTX_OK);
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
}

Test(begin, who_stands_in_another_tenants_context_finishes_nothing)
{
    struct begun begun = {0};

    begin(&begun, 1);
    ctx_set(tenant, "bolt");
    cr_assert_eq(finish(begun.flight, 1).reason, CTX_CACHE_CHANGED);
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
    ctx_set(tenant, "acme");
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
}

static void *finish_elsewhere(void *arg)
{
    const struct begun *begun = arg;

    CHECK(finish(begun->flight, 5).stored);
    return NULL;
}

Test(begin, any_thread_may_finish_it)
{
    struct begun begun = {0};
    pthread_t thread;

    begin(&begun, 1);
    pthread_create(&thread, NULL, finish_elsewhere, &begun);
    pthread_join(thread, NULL);
    cr_assert_eq(ask(cache, price, 1).serial, 5);
}

static void finish_inside(void *arg)
{
    struct begun *begun = arg;

    begun->info = finish(begun->flight, 5);
}

static void be_bolt_and_finish(void *arg)
{
    ctx_set(tenant, "bolt");
    finish_inside(arg);
}

/* In a copy: the flight's own context is as it was. */
static void finish_in_a_copy(void *arg)
{
    ctx_context *copy;

    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    cr_assert_eq(ctx_run(copy, be_bolt_and_finish, arg), CTX_OK);
    ctx_context_unref(copy);
}

static void finish_above(void *arg)
{
    ctx_context *above;

    cr_assert_eq(ctx_context_new(&above), CTX_OK);
    cr_assert_eq(ctx_run(above, finish_inside, arg), CTX_OK);
    ctx_context_unref(above);
}

static void unset_and_finish_above(void *arg)
{
    ctx_set(tenant, "bolt");
    finish_above(arg);
}

static ctx_cache_info finished_by(void (*fn)(void *arg))
{
    struct begun begun = {0};

    begin(&begun, 1);
    inside(begun.flight, fn, &begun);
    return begun.info;
}

Test(begin, it_may_be_finished_inside)
{
    cr_assert(finished_by(finish_inside).stored);
    ctx_cache_clear(cache);
    cr_assert_eq(finished_by(be_bolt_and_finish).reason, CTX_CACHE_CHANGED);
    cr_assert_eq(finished_by(finish_in_a_copy).reason, CTX_CACHE_CHANGED);
    cr_assert_eq(finished_by(unset_and_finish_above).reason, CTX_CACHE_CHANGED);
}

static struct gate occupied = GATE_INIT;

static void occupy(void *arg)
{
    (void)arg;
    gate_pass(&occupied);
}

static void *occupy_context(void *context)
{
    CHECK_EQ(ctx_run(context, occupy, NULL), CTX_OK);
    return NULL;
}

Test(begin, nobody_can_tell_what_another_thread_does_in_its_context)
{
    struct begun begun = {0};
    ctx_context *context;
    ctx_cache_info info;
    pthread_t thread;

    begin_in(cache, &begun, 1, CTX_CACHE_KEEP_ARGS, 0);
    cr_assert_eq(ctx_cache_flight_context(begun.flight, &context), CTX_OK);
    pthread_create(&thread, NULL, occupy_context, context);
    gate_await(&occupied, 1);
    cr_assert_eq(ctx_cache_flight_run(begun.flight, NULL, NULL), CTX_ERR_ENTERED);
    info = finish(begun.flight, 1);
    cr_assert_eq(info.reason, CTX_CACHE_CHANGED);
    cr_assert_str_eq(info.variable, "*");
    gate_open(&occupied);
    pthread_join(thread, NULL);
    ctx_context_unref(context);
}

/* ---- loads inside loads ------------------------------------------------------------------- */

static struct begun inner_begun, inner_joiner;
static ctx_cache *inner;

/* The loader of an outer cache: begins in an inner one, and answers with what that gives. */
static int load_outer(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    int64_t value = 0;

    (void)args, (void)count, (void)user;
    if (begin_in(inner, &inner_begun, 1, 0, 0) == CTX_LEAD) {
        give(inner_begun.flight, 5);
        CHECK_EQ(ctx_cache_finish(inner_begun.flight, CTX_OK, &ref, NULL), CTX_OK);
        value = *(const int64_t *)ref.data;
        ctx_cache_ref_release(&ref);
    } else {
        value = *(const int64_t *)inner_begun.ref.data;
        ctx_cache_ref_release(&inner_begun.ref);
    }
    return ctx_cache_load_copy(load, &value, sizeof value);
}

static CTX_CACHE_FN(outer_price, load_outer);

Test(begin, an_outer_load_depends_on_what_it_began)
{
    ctx_cache *outer = cache_of(10, NULL);

    inner = cache;
    for (int hit = 0; hit < 2; hit++) {
        struct answer answer = ask(outer, outer_price, 1);

        cr_assert_eq(answer.info.reason, CTX_CACHE_UNDECLARED, "%d", hit);
        cr_assert_str_eq(answer.info.variable, "tenant");
    }
    ctx_cache_destroy(outer);
}

/* Finishes, inside a load of the outer cache, what began outside of it. */
static int finish_foreign(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    ctx_cache_ref ref;
    int r;

    (void)args, (void)count, (void)user;
    give(inner_begun.flight, 5);
    CHECK_EQ(ctx_cache_finish(inner_begun.flight, CTX_OK, &ref, NULL), CTX_OK);
    r = ctx_cache_load_copy(load, ref.data, ref.size);
    ctx_cache_ref_release(&ref);
    return r;
}

static CTX_CACHE_FN(foreign_price, finish_foreign);

Test(begin, who_finishes_in_a_load_what_began_elsewhere_depends_on_it)
{
    ctx_cache *outer = cache_of(10, NULL);

    begin(&inner_begun, 1);
    cr_assert_eq(ask(outer, foreign_price, 1).info.reason, CTX_CACHE_UNDECLARED);
    ctx_cache_destroy(outer);
}

static void read_in_landing(struct begun *begun)
{
    (void)begun;
    read_locale(NULL);
}

/* A load whose end lands somebody who reads: that is not the load's business. */
static int lead_inner(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    int64_t value = 1;

    (void)args, (void)count, (void)user;
    finish(inner_begun.flight, 5);
    return ctx_cache_load_copy(load, &value, sizeof value);
}

static CTX_CACHE_FN(landing_price, lead_inner);

Test(begin, a_landing_is_no_part_of_the_load_that_it_interrupts)
{
    ctx_set(locale, "de");
    begin(&inner_begun, 1);
    inner_joiner.then = read_in_landing;
    begin(&inner_joiner, 1);
    cr_assert(ask(cache, landing_price, 1).info.stored);
    cr_assert_str_eq(inner_joiner.locale, "de");
}

/* ---- recursion and circles ---------------------------------------------------------------- */

static int inside_status;

static void begin_one(void *arg)
{
    struct begun begun = {0};

    (void)arg;
    inside_status = begin(&begun, 1);
}

static void call_one(void *arg)
{
    (void)arg;
    inside_status = ask(cache, price, 1).status;
}

Test(begin, a_load_that_asks_for_its_own_key_is_refused)
{
    struct begun begun = {0};

    begin(&begun, 1);
    inside(begun.flight, begin_one, NULL);
    cr_assert_eq(inside_status, CTX_ERR_RECURSION);
    inside(begun.flight, call_one, NULL);
    cr_assert_eq(inside_status, CTX_ERR_RECURSION);
    ctx_cache_invalidate(cache, price, 1);
    inside(begun.flight, begin_one, NULL);
    cr_assert_eq(inside_status, CTX_ERR_RECURSION, "also if nobody may join it");
    ctx_cache_invalidate_partition(cache);
    inside(begun.flight, begin_one, NULL);
    cr_assert_eq(inside_status, CTX_ERR_RECURSION);
    finish(begun.flight, 1);
    cr_assert_eq(begin(&begun, 1), CTX_LEAD);
    finish(begun.flight, 1);
}

/* Begun in the context of another's load. */
struct nested {
    struct begun *begun;
    int64_t key;
    ctx_cache_flight in;
};

static void begin_nested(void *arg)
{
    const struct nested *nested = arg;

    begin(nested->begun, nested->key);
}

static int begin_inside(ctx_cache_flight flight, struct begun *begun, int64_t key)
{
    struct nested nested = {begun, key, flight};

    inside(flight, begin_nested, &nested);
    return begun->status;
}

Test(begin, a_circle_of_those_who_wait_is_refused)
{
    struct begun lead[3] = {{0}}, wait[4] = {{0}};

    for (int key = 0; key < 3; key++)
        cr_assert_eq(begin(&lead[key], key), CTX_LEAD);
    cr_assert_eq(begin_inside(lead[0].flight, &wait[0], 1), CTX_JOINED);
    cr_assert_eq(begin_inside(lead[0].flight, &wait[1], 2), CTX_JOINED, "it may wait for two");
    cr_assert_eq(begin_inside(lead[1].flight, &wait[2], 2), CTX_JOINED);
    cr_assert_eq(begin_inside(lead[2].flight, &wait[3], 0), CTX_ERR_DEADLOCK);
    cr_assert_eq(begin_inside(lead[2].flight, &wait[3], 1), CTX_ERR_DEADLOCK);
    finish(lead[2].flight, 2);
    cr_assert_eq(wait[1].value, 2);
    cr_assert_eq(wait[2].value, 2);
    cr_assert_eq(begin_inside(lead[1].flight, &wait[3], 0), CTX_ERR_DEADLOCK);
    cr_assert_eq(ctx_cache_give_up(wait[0].flight), CTX_OK);
    cr_assert_eq(begin_inside(lead[1].flight, &wait[3], 0), CTX_JOINED, "it waits no more");
    finish(lead[0].flight, 0);
    finish(lead[1].flight, 1);
}

/* A blocking load waits for a flight, whose load waits for it. */
static int wait_for_two(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                        size_t count)
{
    (void)load, (void)count;
    if (args[0].as.i64 != 1)
        return CTX_OK;
    gate_pass(probe->arg);
    return ask(cache, price, 2).status;
}

Test(begin, a_circle_through_a_blocking_load_is_refused)
{
    static struct gate gate = GATE_INIT;
    struct caller blocking = {0};
    struct begun lead = {0}, wait = {0};

    begin(&lead, 2);
    price_probe.during = wait_for_two;
    price_probe.arg = &gate;
    caller_start(&blocking, cache, price, 1);
    gate_await(&gate, 1);
    gate_open(&gate);
    caller_await_waiting(&blocking);
    cr_assert_eq(begin_inside(lead.flight, &wait, 1), CTX_ERR_DEADLOCK);
    finish(lead.flight, 2);
    cr_assert_eq(caller_join(&blocking).status, CTX_OK);
}

Test(begin, and_a_blocking_load_that_would_close_one)
{
    static struct gate gate = GATE_INIT;
    struct caller blocking = {0};
    struct begun lead = {0}, wait = {0};

    begin(&lead, 2);
    price_probe.during = wait_for_two;
    price_probe.arg = &gate;
    caller_start(&blocking, cache, price, 1);
    gate_await(&gate, 1);
    cr_assert_eq(begin_inside(lead.flight, &wait, 1), CTX_JOINED);
    gate_open(&gate);
    cr_assert_eq(caller_join(&blocking).status, CTX_ERR_DEADLOCK);
    cr_assert_eq(wait.landed, CTX_ERR_DEADLOCK);
    finish(lead.flight, 2);
}

/* ---- running the loader elsewhere --------------------------------------------------------- */

static struct {
    int64_t number;
    char text[32];
    unsigned char bytes[3];
    char seen_by[16];
    int inside; /* what ending it inside comes to */
    ctx_cache_flight flight;
    bool reads_locale;
} loaded;

static int load_mixed(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)count, (void)user;
    loaded.number = args[0].as.i64;
    strcpy(loaded.text, args[1].as.string.data);
    memcpy(loaded.bytes, args[2].as.bytes.data, sizeof loaded.bytes);
    see(tenant, loaded.seen_by);
    if (loaded.reads_locale)
        read_locale(NULL);
    loaded.inside = ctx_cache_finish(loaded.flight, CTX_OK, NULL, NULL);
    return ctx_cache_load_copy(load, &loaded.number, sizeof loaded.number);
}

static CTX_CACHE_FN(mixed, load_mixed);

static void *run_flight(void *arg)
{
    ctx_cache_info *info = arg;

    CHECK_EQ(ctx_cache_flight_run(loaded.flight, NULL, info), CTX_OK);
    return NULL;
}

static ctx_cache_info run_mixed(void)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    char text[] = "three", bytes[] = {1, 2, 3};
    ctx_value args[3] = {ctx_i64(3), ctx_string(text), ctx_bytes(bytes, sizeof bytes)};
    ctx_cache_ref ref;
    pthread_t thread;

    options.flags = CTX_CACHE_KEEP_ARGS;
    cr_assert_eq(ctx_cache_begin_v(cache, mixed, args, 3, &options, &ref, &loaded.flight, NULL),
                 CTX_LEAD);
    memset(text, 'x', sizeof text);
    memset(bytes, 9, sizeof bytes);
    pthread_create(&thread, NULL, run_flight, &info);
    pthread_join(thread, NULL);
    return info;
}

Test(begin, a_worker_runs_the_loader_with_the_arguments_that_were)
{
    ctx_cache_info info = run_mixed();

    cr_assert_eq(loaded.number, 3);
    cr_assert_str_eq(loaded.text, "three");
    cr_assert_eq(memcmp(loaded.bytes, "\1\2\3", 3), 0);
    cr_assert_str_eq(loaded.seen_by, "acme", "in the context in which it began");
    cr_assert_eq(loaded.inside, CTX_ERR_BUSY, "it cannot be ended while it runs");
    cr_assert(info.stored);
    cr_assert_eq(info.outcome, CTX_CACHE_MISS);
}

Test(begin, and_is_audited_there)
{
    loaded.reads_locale = true;
    cr_assert_eq(run_mixed().reason, CTX_CACHE_UNDECLARED);
}

Test(begin, without_arguments_that_were_kept_it_cannot)
{
    struct begun begun = {0};

    begin(&begun, 1);
    cr_assert_eq(ctx_cache_flight_run(begun.flight, NULL, NULL), CTX_ERR_INVALID);
    cr_assert(finish(begun.flight, 1).stored, "the flight went on");
}

Test(begin, no_arguments_can_be_kept_too)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    ctx_cache_flight flight;
    ctx_cache_ref ref;

    options.flags = CTX_CACHE_KEEP_ARGS;
    cr_assert_eq(ctx_cache_begin(cache, price, &options, &ref, &flight), CTX_LEAD);
    cr_assert_eq(ctx_cache_flight_run(flight, &ref, NULL), CTX_OK);
    cr_assert_eq(*(const int64_t *)ref.data, 1);
    ctx_cache_ref_release(&ref);
}

static int encode_as_one(const void *object, ctx_encoder *encoder)
{
    (void)object;
    return ctx_encode(encoder, ctx_i64(1));
}

Test(begin, objects_among_the_arguments_are_retained)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    struct counted object = {0};
    ctx_object_class encoded_class = counted_class;
    ctx_value arg = ctx_object(&object, &encoded_class);
    ctx_cache_flight flight;
    ctx_cache_ref ref;

    encoded_class.encode = encode_as_one;
    options.flags = CTX_CACHE_KEEP_ARGS;
    cr_assert_eq(ctx_cache_begin_v(cache, price, &arg, 1, &options, &ref, &flight, NULL), CTX_LEAD);
    cr_assert_eq(counted_held(&object), 1);
    cr_assert_eq(ctx_cache_flight_run(flight, NULL, NULL), CTX_OK);
    cr_assert_eq(counted_held(&object), 0);
}

/* ---- past the cache ----------------------------------------------------------------------- */

Test(begin, an_unset_partition_fails_closed)
{
    ctx_context *empty;
    struct begun begun = {0};

    cr_assert_eq(ctx_context_new(&empty), CTX_OK);
    cr_assert_eq(ctx_enter(empty), CTX_OK);
    cr_assert_eq(begin(&begun, 1), CTX_ERR_UNSET);
    cr_assert_str_eq(begun.info.variable, "tenant");
    cr_assert_eq(begun.info.outcome, CTX_CACHE_REFUSED);
    cr_assert_eq(ctx_exit(empty), CTX_OK);
    ctx_context_unref(empty);
    cr_assert_eq(stats_of(cache).refused, 1);
}

Test(begin, a_bypass_is_led_and_not_stored)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct begun first = {0}, second = {0};
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    ctx_cache *lax;

    config.capacity_entries = 10;
    config.vary = (ctx_var *[]){trace};
    config.vary_count = 1;
    config.unset = CTX_CACHE_UNSET_BYPASS;
    lax = cache_with(&config);
    cr_assert_eq(begin_in(lax, &first, 1, 0, 0), CTX_LEAD);
    cr_assert_eq(begin_in(lax, &second, 1, 0, 0), CTX_LEAD, "nobody joins it");
    give(first.flight, 5);
    cr_assert_eq(ctx_cache_finish(first.flight, CTX_OK, NULL, &info), CTX_OK);
    cr_assert_eq(info.outcome, CTX_CACHE_BYPASS);
    cr_assert_eq(info.reason, CTX_CACHE_WAS_UNSET);
    cr_assert_eq(ctx_cache_abandon(second.flight), CTX_OK);
    cr_assert_eq(stats_of(lax).bypasses, 2);
    cr_assert_eq(stats_of(lax).loads_failed, 1);
    cr_assert_eq(stats_of(lax).stored, 0);
    check_equations(lax);
    ctx_cache_destroy(lax);
}

/* ---- in the background -------------------------------------------------------------------- */

static void see_all(void *arg)
{
    struct begun *begun = arg;
    size_t count;
    ctx_context *current;

    see(tenant, begun->tenant);
    see(locale, begun->locale);
    cr_assert_eq(ctx_current(&current), CTX_OK);
    cr_assert_eq(ctx_context_count(current, &count), CTX_OK);
    cr_assert_eq(count, 1);
    ctx_context_unref(current);
}

Test(begin, a_background_load_has_the_partition_and_nothing_else)
{
    struct begun begun = {0}, joiner = {0};

    ctx_set(locale, "de");
    cr_assert_eq(begin_in(cache, &begun, 1, CTX_CACHE_BACKGROUND, 0), CTX_LEAD);
    cr_assert_eq(begin_in(cache, &joiner, 1, CTX_CACHE_BACKGROUND, 0), CTX_JOINED);
    inside(begun.flight, see_all, &begun);
    cr_assert_str_eq(begun.tenant, "acme");
    cr_assert_str_eq(begun.locale, "unset");
    cr_assert_eq(finish(begun.flight, 1).reason, CTX_CACHE_UNDECLARED, "counting reads everything");
    cr_assert_str_eq(joiner.tenant, "acme");
    cr_assert_str_eq(joiner.locale, "unset");
    ctx_cache_abandon(joiner.flight);
}

Test(begin, a_refresh_takes_the_place_of_what_goes_on_answering)
{
    struct begun refresh = {0}, joiner = {0};

    put_serial(cache, price, 1, 1);
    cr_assert_eq(begin_in(cache, &refresh, 1, CTX_CACHE_REFRESH, 0), CTX_LEAD);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    cr_assert_eq(begin_in(cache, &joiner, 1, CTX_CACHE_REFRESH, 0), CTX_JOINED);
    cr_assert(finish(refresh.flight, 2).stored);
    cr_assert_eq(joiner.value, 2);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    cr_assert_eq(stats_of(cache).replaced, 1);
    cr_assert_eq(stats_of(cache).entries, 1);
}

Test(begin, a_refresh_that_fails_leaves_what_was_there)
{
    struct begun refresh = {0};

    put_serial(cache, price, 1, 1);
    begin_in(cache, &refresh, 1, CTX_CACHE_REFRESH, 0);
    cr_assert_eq(ctx_cache_finish(refresh.flight, -7, NULL, NULL), -7);
    begin_in(cache, &refresh, 1, CTX_CACHE_REFRESH, 0);
    cr_assert_eq(ctx_cache_abandon(refresh.flight), CTX_OK);
    begin_in(cache, &refresh, 1, CTX_CACHE_REFRESH, 0);
    ctx_cache_invalidate(cache, price, 1);
    cr_assert_eq(finish(refresh.flight, 3).reason, CTX_CACHE_FENCED);
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
}

Test(begin, a_refresh_of_nothing_is_a_load)
{
    struct begun refresh = {0}, joiner = {0};

    cr_assert_eq(begin_in(cache, &refresh, 1, CTX_CACHE_REFRESH, 0), CTX_LEAD);
    cr_assert_eq(begin(&joiner, 1), CTX_JOINED);
    finish(refresh.flight, 2);
    cr_assert_eq(joiner.value, 2);
}

/* ---- memory, fork, bad input -------------------------------------------------------------- */

Test(begin, out_of_memory_at_any_moment)
{
    static struct support_alloc counted;
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct begun leader = {0}, joiner = {0};
    uint64_t nth;
    ctx_cache *scarce;

    support_alloc_init(&counted);
    config.capacity_entries = 10;
    config.allocator = &counted.allocator;
    scarce = cache_with(&config);
    cr_assert_eq(ask(scarce, price, 9).status, CTX_OK);
    for (nth = 0; leader.status != CTX_LEAD; nth++) {
        support_alloc_fail(&counted, nth, false);
        begin_in(scarce, &leader, 1, CTX_CACHE_KEEP_ARGS, 0);
        cr_assert(leader.status == CTX_LEAD || leader.status == CTX_ERR_NOMEM);
        cr_assert_eq(leader.status == CTX_LEAD, leader.flight.id != 0);
    }
    cr_assert_geq(nth, 2);
    for (nth = 0; joiner.status != CTX_JOINED; nth++) {
        support_alloc_fail(&counted, nth, false);
        begin_in(scarce, &joiner, 1, CTX_CACHE_KEEP_ARGS, 0);
        cr_assert(joiner.status == CTX_JOINED || joiner.status == CTX_ERR_NOMEM);
    }
    support_alloc_recover(&counted);
    cr_assert_eq(ctx_cache_flight_run(leader.flight, NULL, NULL), CTX_OK);
    cr_assert_eq(joiner.landed, CTX_OK);
    check_equations(scarce);
    ctx_cache_destroy(scarce);
    cr_assert_eq(atomic_load(&counted.live_bytes), 0);
}

Test(begin, a_child_has_the_flights_of_its_parent_and_nobody_joins_them)
{
    struct begun leader = {0}, joiner = {0}, another = {0};
    int status;
    pid_t child;

    begin(&leader, 1);
    begin(&joiner, 1);
    child = fork();
    if (child == 0) {
        CHECK_EQ(begin(&another, 1), CTX_LEAD);
        CHECK(finish(another.flight, 2).stored);
        CHECK_EQ(finish(leader.flight, 1).reason, CTX_CACHE_FENCED);
        CHECK_EQ(joiner.value, 1);
        execlp("true", "true",
               (char *)NULL); /* a leak checker shall not look at the runner's memory */
        _exit(127);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    finish(leader.flight, 1);
    cr_assert_eq(joiner.value, 1);
}

Test(begin, bad_input_is_refused)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    ctx_cache_info small = {.size = 4};
    struct begun begun = {0};
    ctx_value arg = ctx_i64(1), bad = {.type = 99};
    ctx_cache_flight flight;
    ctx_cache_ref ref;

#define BEGIN(c, f, a, n, o, r, fl, i) ctx_cache_begin_v(c, f, a, n, o, r, fl, i)
    cr_assert_eq(BEGIN(NULL, price, &arg, 1, NULL, &ref, &flight, NULL), CTX_ERR_INVALID);
    cr_assert_eq(BEGIN(cache, NULL, &arg, 1, NULL, &ref, &flight, NULL), CTX_ERR_INVALID);
    cr_assert_eq(BEGIN(cache, price, NULL, 1, NULL, &ref, &flight, NULL), CTX_ERR_INVALID);
    cr_assert_eq(BEGIN(cache, price, &arg, 1, NULL, NULL, &flight, NULL), CTX_ERR_INVALID);
    cr_assert_eq(BEGIN(cache, price, &arg, 1, NULL, &ref, NULL, NULL), CTX_ERR_INVALID);
    cr_assert_eq(BEGIN(cache, price, &arg, 1, NULL, &ref, &flight, &small), CTX_ERR_INVALID);
    cr_assert_eq(BEGIN(cache, price, &bad, 1, NULL, &ref, &flight, NULL), CTX_ERR_INVALID);
    cr_assert_eq(BEGIN(cache, price, &arg, 17, NULL, &ref, &flight, NULL), CTX_ERR_LIMIT);
    options.flags = CTX_CACHE_KEEP_ARGS;
    cr_assert_eq(BEGIN(cache, price, &bad, 1, &options, &ref, &flight, NULL), CTX_ERR_INVALID);
    cr_assert_eq(BEGIN(cache, price, &arg, 17, &options, &ref, &flight, NULL), CTX_ERR_LIMIT);
    options.flags = 1u << 20;
    cr_assert_eq(BEGIN(cache, price, &arg, 1, &options, &ref, &flight, NULL), CTX_ERR_INVALID);
    options.flags = 0;
    options.size = 8;
    cr_assert_eq(BEGIN(cache, price, &arg, 1, &options, &ref, &flight, NULL), CTX_ERR_INVALID);
    cr_assert_eq(flight.id, 0);
    begin(&begun, 1);
    cr_assert_eq(ctx_cache_flight_context(begun.flight, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_flight_load(begun.flight, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_finish(begun.flight, CTX_OK, &ref, &small), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_expire(NULL, NULL), CTX_ERR_INVALID);
    finish(begun.flight, 1);
}
