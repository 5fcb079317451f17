/*
 * The time a moment ago, and expiry by it: few readings of the clock, and never more than said too late.
 * The clock of this program is its own, which counts who reads it.
 */
#include <criterion/criterion.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/recent.h"
#include "support/cache_kit.h"
#include "support/clock.h"

enum { MANY = 100000, LONG_NS = 30000000 };

PROBE(price);
static __thread uint64_t readings;

/* In place of the C library's, for the library, too. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
int clock_gettime(clockid_t id, struct timespec *time)
{
    readings++;
    return (int)syscall(SYS_clock_gettime, id, time);
}

/* The time itself; not counted. */
static uint64_t now_ns(void)
{
    struct timespec now;

    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool has_counter(void)
{
#if defined(__x86_64__)
    return ctxi_ticks_counter;
#else
    return false;
#endif
}

/* So long that the rate of the counter is known. */
static void warm_up(void)
{
    for (uint64_t end = now_ns() + 3000000; now_ns() < end;)
        ctxi_recent_ns();
}

/* ---- the time ------------------------------------------------------------------------------ */

Test(recent, is_never_older_than_it_says_nor_in_the_future)
{
    uint64_t end = now_ns() + LONG_NS, last = 0;

    for (uint64_t before = 0; before < end;) {
        uint64_t recent;

        before = now_ns();
        recent = ctxi_recent_ns();
        cr_assert_geq(recent + CTXI_RECENT_NS, before);
        cr_assert_leq(recent, now_ns());
        cr_assert_geq(recent, last);
        last = recent;
    }
}

Test(recent, hardly_reads_the_clock)
{
    uint64_t calls = 0;

    if (!has_counter())
        cr_skip("there is no counter to go by");
    warm_up();
    readings = 0;
    for (uint64_t end = now_ns() + LONG_NS; now_ns() < end;)
        for (int i = 0; i < 100; i++, calls++)
            ctxi_recent_ns();
    cr_assert_gt(readings, 0, "a counter that stands still");
    cr_assert_lt(readings, calls / 2, "%zu readings in %zu calls", (size_t)readings, (size_t)calls);
}

/* ---- expiry by it -------------------------------------------------------------------------- */

static ctx_cache *cache_expiring_after(uint64_t ttl_ns)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = 100;
    config.ttl_ns = ttl_ns;
    return cache_with(&config);
}

/* How many hits of many read the clock. */
static uint64_t hits_that_read(ctx_cache *cache)
{
    uint64_t count = 0;

    ask(cache, price, 1);
    for (int i = 0; i < MANY; i++) {
        readings = 0;
        cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_HIT);
        count += readings > 0;
    }
    return count;
}

Test(recent, a_hit_without_a_time_to_live_reads_no_clock)
{
    ctx_cache *cache = cache_expiring_after(0);

    if (!has_counter())
        cr_skip("the order of use needs the clock");
    cr_assert_eq(hits_that_read(cache), 0);
    ctx_cache_destroy(cache);
}

Test(recent, a_hit_with_one_mostly_reads_none)
{
    ctx_cache *cache = cache_expiring_after(UINT64_C(3600) * 1000000000);
    uint64_t count;

    if (!has_counter())
        cr_skip("there is no counter to go by");
    warm_up();
    count = hits_that_read(cache);
    cr_assert_lt(count, MANY / 2, "%zu of %d", (size_t)count, MANY);
    ctx_cache_destroy(cache);
}

/* Whatever the scheduler does, a call that begins so late is a miss. */
Test(recent, an_entry_expires_in_time)
{
    const uint64_t ttl_ns = 2000000;
    ctx_cache *cache = cache_expiring_after(ttl_ns);

    for (int round = 0; round < 10; round++) {
        uint64_t end, before;
        int status;

        cr_assert_eq(put_serial(cache, price, 1, round + 1), CTX_OK);
        end = now_ns() + ttl_ns;
        do {
            before = now_ns();
            status = look(cache, price, 1).status;
            cr_assert(status == CTX_ABSENT || before < end + CTX_CACHE_CLOCK_LAG_NS,
                      "found %zu ns after its end", (size_t)(before - end));
        } while (status == CTX_OK);
    }
    ctx_cache_destroy(cache);
}

static uint64_t asked;

static uint64_t count_and_read(void *clock)
{
    asked++;
    return fake_clock_read(clock);
}

Test(recent, a_clock_of_the_user_is_asked_each_time)
{
    static struct fake_clock clock = {1000};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_cache *cache;

    config.capacity_entries = 100;
    config.ttl_ns = 100;
    config.clock = count_and_read;
    config.clock_user = &clock;
    cache = cache_with(&config);
    ask(cache, price, 1);
    asked = 0;
    for (int i = 0; i < 100; i++)
        cr_assert_eq(ask(cache, price, 1).info.outcome, CTX_CACHE_HIT);
    cr_assert_eq(asked, 100);
    fake_clock_advance(&clock, 100);
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
    ctx_cache_destroy(cache);
}
