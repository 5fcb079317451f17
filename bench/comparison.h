/*
 * comparison.h: a trace through caches of several policies at several capacities, for `ctxbench compare`
 * and `ctxbench report`. Every object counts 1, and deletes are passed over. Of a trace that is a sample,
 * capacities are those of the whole cache, and requests and hits are the sample's.
 */
#ifndef BENCH_COMPARISON_H
#define BENCH_COMPARISON_H

#include "capacities.h"
#include "tune/policy.h"
#include "tune/trace.h"

#define POLICIES_MAX 32

struct comparison {
    /* Filled in before: the trace; who is compared; at what. */
    const struct ctxi_trace *trace;
    const struct ctxi_policy *policies[POLICIES_MAX];
    size_t policy_count;
    struct capacities capacities;

    uint64_t requests, ceiling; /* gets; how many of them any cache can hit at most */
    uint64_t *hits;             /* [policy_count * capacities.count], by policy first */
};

/* All policies that there are. */
void comparison_add_all(struct comparison *comparison);

/* At 1, 5, 10, 20 and 50 % of the trace's objects. */
void comparison_choose_capacities(struct comparison *comparison);

/* Runs them all. Out of memory ends the program. */
void comparison_run(struct comparison *comparison);
void comparison_free(struct comparison *comparison);

static inline uint64_t comparison_hits(const struct comparison *comparison, size_t policy,
                                       size_t capacity)
{
    return comparison->hits[policy * comparison->capacities.count + capacity];
}

#endif
