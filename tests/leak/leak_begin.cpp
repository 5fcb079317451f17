/*
 * C++ exceptions in calls that do not block: out of loaders that a worker runs, and out of landings. They
 * reach whoever ends the flight, everybody else is answered all the same, and nothing is left behind; nor is
 * anything of flights that outlive their cache.
 */
#include <ctxcache.hpp>

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "support/check.h"

namespace
{

CTX_VAR(tenant);

std::atomic<size_t> live;

void *allocate(void *, size_t bytes)
{
    live += bytes;
    return std::malloc(bytes);
}

void release(void *, void *block, size_t bytes)
{
    live -= bytes;
    std::free(block);
}

const ctx_allocator counting = {sizeof(ctx_allocator), allocate, release, nullptr};

ctx_cache *cache;
bool may_throw = true;

int load(ctx_cache_load *l, const ctx_value *, size_t, void *)
{
    if (may_throw)
        throw std::runtime_error("loader");
    return ctx_cache_load_copy(l, "four", 5);
}

ctx_cache_fn report[1] = {{"report", 1, 0, load, nullptr, 0, 0}};

/* What became of one that waits. */
struct wait {
    int landings = 0, status = 0;
    bool throws = false;
};

void land(void *user, int status, ctx_cache_ref *, ctx_cache_flight, const ctx_cache_info *)
{
    wait *w = static_cast<wait *>(user);

    w->landings++;
    w->status = status;
    if (w->throws)
        throw std::runtime_error("landing");
}

int begin(wait *w, ctx_cache_flight *out_flight)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    options.flags = CTX_CACHE_KEEP_ARGS;
    options.landing = land;
    options.user = w;
    return ctx_cache_begin(cache, report, &options, &ref, out_flight, "a text that is kept", 7);
}

void make_cache()
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;

    config.capacity_entries = 10;
    config.vary = &vary;
    config.vary_count = 1;
    config.allocator = &counting;
    CHECK(ctx_cache_new(&config, &cache) == CTX_OK);
    CHECK(ctx_set(tenant, "acme") == CTX_OK);
}

void end_cache()
{
    ctx_cache_destroy(cache);
    CHECK(live == 0);
}

template <class F> bool throws(F f)
{
    try {
        f();
    } catch (const std::runtime_error &) {
        return true;
    }
    return false;
}

void a_loader_that_throws_abandons_its_flight()
{
    ctx_cache_flight leader, joiner;
    wait waits[2];

    make_cache();
    CHECK(begin(&waits[0], &leader) == CTX_LEAD);
    CHECK(begin(&waits[1], &joiner) == CTX_JOINED);
    CHECK(throws([&] { ctx_cache_flight_run(leader, nullptr, nullptr); }));
    CHECK(waits[1].landings == 1 && waits[1].status == CTX_ERR_ABANDONED);
    CHECK(ctx_cache_abandon(leader) == CTX_ERR_FLIGHT);
    CHECK(begin(&waits[0], &leader) == CTX_LEAD);
    may_throw = false;
    CHECK(ctx_cache_flight_run(leader, nullptr, nullptr) == CTX_OK);
    may_throw = true;
    end_cache();
}

void a_landing_that_throws_keeps_nobody_from_landing(bool expires)
{
    ctx_cache_flight leader, joiner;
    wait first, waits[3];

    make_cache();
    may_throw = false;
    CHECK(begin(&first, &leader) == CTX_LEAD);
    waits[1].throws = true;
    for (wait &w : waits)
        CHECK(begin(&w, &joiner) == CTX_JOINED);
    if (expires)
        CHECK(throws([&] { ctx_cache_abandon(leader); }));
    else
        CHECK(throws([&] { ctx_cache_flight_run(leader, nullptr, nullptr); }));
    for (wait &w : waits)
        CHECK(w.landings == 1 && w.status == (expires ? CTX_ERR_ABANDONED : CTX_OK));
    CHECK(ctx_cache_finish(leader, CTX_OK, nullptr, nullptr) == CTX_ERR_FLIGHT);
    may_throw = true;
    end_cache();
}

/* A blocking call whose loader lets others join, one of whom throws. */
int join_own(ctx_cache_load *l, const ctx_value *, size_t, void *user)
{
    return ctx_cache_load_copy(l, user, 1);
}

ctx_cache_fn joined[1] = {{"joined", 1, 0, join_own, const_cast<char *>("x"), 0, 0}};

void an_exception_of_a_landing_reaches_a_context_that_is_whole()
{
    ctx_cache_flight leader, joiner;
    wait first, second;
    const char *who = "";

    make_cache();
    second.throws = true;
    CHECK(begin(&first, &leader) == CTX_LEAD);
    CHECK(begin(&second, &joiner) == CTX_JOINED);
    CHECK(throws([&] { ctx_cache_finish(leader, -3, nullptr, nullptr); }));
    CHECK(second.status == -3);
    CHECK(ctx_get_string(tenant, &who) == CTX_OK && std::string(who) == "acme");
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    CHECK(ctx_cache_call(cache, joined, &ref, 1) == CTX_OK);
    ctx_cache_ref_release(&ref);
    end_cache();
}

void flights_outlive_their_cache()
{
    ctx_cache_flight leader, joiner, given_up;
    wait waits[3];

    make_cache();
    CHECK(begin(&waits[0], &leader) == CTX_LEAD);
    CHECK(begin(&waits[1], &joiner) == CTX_JOINED);
    CHECK(begin(&waits[2], &given_up) == CTX_JOINED);
    ctx_cache_destroy(cache);
    CHECK(live > 0);
    CHECK(ctx_cache_give_up(given_up) == CTX_OK);
    CHECK(ctx_cache_abandon(leader) == CTX_OK);
    CHECK(waits[1].status == CTX_ERR_ABANDONED);
    CHECK(waits[2].landings == 0);
    CHECK(live == 0);
}

} // namespace

int main()
{
    alarm(300);
    a_loader_that_throws_abandons_its_flight();
    a_landing_that_throws_keeps_nobody_from_landing(false);
    a_landing_that_throws_keeps_nobody_from_landing(true);
    an_exception_of_a_landing_reaches_a_context_that_is_whole();
    flights_outlive_their_cache();
    return 0;
}
