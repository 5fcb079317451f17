/*
 * ticks.h: a clock for ordering what threads did, cheaper than reading the time: the processor's own
 * counter where it is known to run evenly, CLOCK_MONOTONIC elsewhere.
 *
 * Two readings, one of which happened before the other, are in that order, on whichever processors
 * they were taken: the counter is not read before earlier loads of the same thread have their values.
 * The unit means nothing.
 */
#ifndef CTXI_BASE_TICKS_H
#define CTXI_BASE_TICKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sys.h"

#if defined(__x86_64__)

/* Whether the counter is invariant and rdtscp exists; set before main(). */
extern bool ctxi_ticks_counter __attribute__((visibility("hidden")));

static inline uint64_t ctxi_ticks(void)
{
    unsigned processor;

    return ctxi_ticks_counter ? __builtin_ia32_rdtscp(&processor) : ctxi_monotonic_ns(0);
}

/* The same, but it may be read before what comes before it, by as much as the processor works ahead. */
static inline uint64_t ctxi_ticks_roughly(void)
{
    return ctxi_ticks_counter ? __builtin_ia32_rdtsc() : ctxi_monotonic_ns(0);
}

/* The same, read before anything is loaded that comes after it. */
static inline uint64_t ctxi_ticks_first(void)
{
    uint64_t ticks = ctxi_ticks();

    __builtin_ia32_lfence();
    return ticks;
}

#else

static inline uint64_t ctxi_ticks(void)
{
    return ctxi_monotonic_ns(0);
}

static inline uint64_t ctxi_ticks_roughly(void)
{
    return ctxi_monotonic_ns(0);
}

static inline uint64_t ctxi_ticks_first(void)
{
    return ctxi_monotonic_ns(0); /* a call, behind which nothing is loaded before it */
}

#endif

#endif
