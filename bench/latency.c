#include "latency.h"

#include <math.h>

#include "clock.h"

#define CLOCK_TRIES 10000

/* Below 2^STEP_BITS a step is one nanosecond; above, the leading bits after the first. */
static size_t step_of(uint64_t ns)
{
    if (ns >> LATENCY_STEP_BITS == 0)
        return (size_t)ns;

    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - LATENCY_STEP_BITS;

    return ((size_t)shift << LATENCY_STEP_BITS) + (size_t)(ns >> shift);
}

/* The longest time that falls into the step. */
static uint64_t end_of(size_t step)
{
    if (step >> (LATENCY_STEP_BITS + 1) == 0)
        return step;

    unsigned shift = (unsigned)(step >> LATENCY_STEP_BITS) - 1;
    uint64_t lead = step - ((size_t)shift << LATENCY_STEP_BITS);

    return ((lead + 1) << shift) - 1;
}

/* The shortest time that `share` of the calls did not exceed; NAN without calls. */
static double percentile(const struct latency *latency, double share)
{
    double wanted = ceil(share * (double)latency->total);
    uint64_t seen = 0;

    for (size_t i = 0; i < LATENCY_STEPS; i++) {
        seen += latency->counts[i];
        if (seen > 0 && (double)seen >= wanted)
            return (double)end_of(i);
    }
    return NAN;
}

uint64_t latency_clock_ns(void)
{
    static uint64_t shortest;

    if (shortest == 0) {
        struct latency tries = {.total = 0};

        for (size_t i = 0; i < CLOCK_TRIES; i++) {
            uint64_t start = clock_ns();

            tries.counts[step_of(clock_ns() - start)]++;
            tries.total++;
        }
        shortest = (uint64_t)percentile(&tries, 0.5);
    }
    return shortest;
}

void latency_record(struct latency *latency, uint64_t ns)
{
    uint64_t clock = latency_clock_ns();

    ns = ns > clock ? ns - clock : 0;
    latency->total++;
    latency->counts[step_of(ns)]++;
    if (ns > latency->most)
        latency->most = ns;
}

void latency_merge(struct latency *into, const struct latency *from)
{
    into->total += from->total;
    if (from->most > into->most)
        into->most = from->most;
    for (size_t i = 0; i < LATENCY_STEPS; i++)
        into->counts[i] += from->counts[i];
}

struct latency_summary latency_summarize(const struct latency *latency)
{
    return (struct latency_summary){
        .least = percentile(latency, 0),
        .p50 = percentile(latency, 0.5),
        .p99 = percentile(latency, 0.99),
        .p999 = percentile(latency, 0.999),
        .most = latency->total ? (double)latency->most : NAN,
        .calls = latency->total,
    };
}
