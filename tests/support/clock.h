/*
 * clock.h: a clock that stands still until a test moves it. The shape of ctx_cache_config.clock.
 */
#ifndef SUPPORT_CLOCK_H
#define SUPPORT_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

struct fake_clock {
    _Atomic uint64_t now_ns;
};

static inline uint64_t fake_clock_read(void *clock)
{
    return atomic_load(&((struct fake_clock *)clock)->now_ns);
}

static inline void fake_clock_advance(struct fake_clock *clock, uint64_t ns)
{
    atomic_fetch_add(&clock->now_ns, ns);
}

#endif
