/*
 * How many ticks there are in a nanosecond is measured again and again, over windows of a millisecond.
 * At the beginning of one the clock is read before the counter, at its end after it: the time that passed
 * on the clock includes the time that the counter ran, so the rate is never taken to be higher than it is,
 * whatever happens in between. A long window is not used: the system may have slept, which only
 * one of the two may have noticed.
 */
#include "base/recent.h"

#if defined(__x86_64__)

#define SPAN_NS    (CTXI_RECENT_NS / 5 * 4) /* the rest is for a clock that is being adjusted */
#define WINDOW_MIN 1000000                  /* nanoseconds */
#define WINDOW_MAX 100000000

__thread struct ctxi_recent ctxi_recent
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Rounds down. */
static uint64_t span_of(uint64_t ticks, uint64_t ns)
{
    return ticks / ((ns + SPAN_NS - 1) / SPAN_NS);
}

static void end_window(struct ctxi_recent *recent)
{
    uint64_t ns = recent->ns - recent->from_ns;

    if (ns <= WINDOW_MAX && recent->ticks > recent->from_ticks)
        recent->span = span_of(recent->ticks - recent->from_ticks, ns);
    recent->from_ns = recent->ns;
    recent->from_ticks = ctxi_ticks();
}

uint64_t ctxi_recent_read(void)
{
    struct ctxi_recent *recent = &ctxi_recent;

    if (!ctxi_ticks_counter)
        return ctxi_monotonic_ns(0);
    recent->ticks = ctxi_ticks();
    recent->ns = ctxi_monotonic_ns(0);
    if (recent->ns - recent->from_ns >= WINDOW_MIN)
        end_window(recent);
    return recent->ns;
}

#else

typedef int ctxi_recent_needs_nothing; /* a file must declare something */

#endif
