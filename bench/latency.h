/*
 * latency.h: how long single calls take. A histogram whose steps are a 32nd of the value or finer,
 * so that a percentile of a million calls needs no memory for each.
 */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LATENCY_EVERY 16 /* of so many calls one is timed, as a rule */

#define LATENCY_STEP_BITS 5 /* steps for each power of two: 2^5 */
#define LATENCY_STEPS     (64u << LATENCY_STEP_BITS)

/* Owned by one thread while it records. */
struct latency {
    unsigned every;       /* of so many calls one is timed */
    uint64_t total, most; /* how many; the longest, ns */
    uint64_t counts[LATENCY_STEPS];
};

/* Nanoseconds, NAN without calls. */
struct latency_summary {
    double least, p50, p99, p999, most;
    uint64_t calls;
};

/* One call that lasted `ns`, of which latency_clock_ns() is subtracted. */
void latency_record(struct latency *latency, uint64_t ns);

void latency_merge(struct latency *into, const struct latency *from);

struct latency_summary latency_summarize(const struct latency *latency);

/* What reading the clock twice takes by itself, measured at the first call, which must be made
 * before there are threads. */
uint64_t latency_clock_ns(void);

#endif
