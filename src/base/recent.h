/*
 * recent.h: the time by CLOCK_MONOTONIC, or what it was a moment ago: a thread remembers what it read last,
 * and while the processor's counter has not gone on by much it need not read it again.
 *
 * What is returned is never in the future, never less than it was before on this thread, and at most
 * CTXI_RECENT_NS old at the moment of the call.
 */
#ifndef CTXI_BASE_RECENT_H
#define CTXI_BASE_RECENT_H

#include "base/ticks.h"

#define CTXI_RECENT_NS UINT64_C(50000)

#if defined(__x86_64__)

/*
 * Of one thread. `ticks` was read before `ns`, so `ns` was the time, or later, when the counter stood
 * there; and `span` is so small that it passes in less than CTXI_RECENT_NS: see recent.c.
 */
struct ctxi_recent {
    uint64_t ticks, ns;
    uint64_t span;                /* ticks for which ns may be used; 0: not known yet */
    uint64_t from_ticks, from_ns; /* where measuring the rate of the counter began */
};

extern __thread struct ctxi_recent ctxi_recent
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

uint64_t ctxi_recent_read(void);

static inline uint64_t ctxi_recent_ns(void)
{
    const struct ctxi_recent *recent = &ctxi_recent;

    /* without a counter that is known to run evenly there is no span */
    if (__builtin_expect(recent->span && __builtin_ia32_rdtsc() - recent->ticks < recent->span, 1))
        return recent->ns;
    return ctxi_recent_read();
}

#else

static inline uint64_t ctxi_recent_ns(void)
{
    return ctxi_monotonic_ns(0);
}

#endif

#endif
