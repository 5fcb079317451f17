/*
 * Growing without limit: what the single insert costs while a cache grows to millions of entries,
 * tables included. Everybody begins with a heap that has given back what the one before freed, and
 * pays for fresh pages, as a program that grows does.
 */
#include <malloc.h>
#include <stdlib.h>

#include "die.h"
#include "growth.h"

bool growth_inserts(const struct contender *contender)
{
    return contender_present(contender);
}

static void measure_one(struct cell *cell, const struct contender *contender,
                        const struct cache_setup *setup, struct calls calls)
{
    struct latency *latency = die_calloc(1, sizeof *latency);
    struct result *result = &cell->result;

    latency->every = 1;
    calls.latency = latency;
    malloc_trim(0);

    void *cache = contender->open(setup);
    uint64_t loads = workload_loads;

    if (contender->call(cache, &calls) != calls_checksum(&calls))
        die("insert: %s gave a wrong answer", contender->name);
    result->hit_ratio = 1 - (double)(workload_loads - loads) / (double)calls_count(&calls);
    if (workload_loads - loads != calls_count(&calls))
        die("insert: %s did not load every key once", contender->name);
    result->bytes_per_entry = contender->bytes_per_entry(cache);
    result->overhead_per_entry =
        result->bytes_per_entry - (double)(key_size(setup->kind) + sizeof(struct value));
    result->latency = latency_summarize(latency);
    result->ns_per_op = (struct summary){.median = result->latency.p50,
                                         .min = result->latency.least,
                                         .max = result->latency.most};
    result->samples = 1;
    contender->close(cache);
    free(latency);
}

void growth_measure_inserts(struct group *group, const struct plan *plan, size_t entries)
{
    struct population population, wanted = {.keys = entries,
                                            .tenants = GROWTH_TENANTS,
                                            .kind = KEY_TENANT,
                                            .distribution = DRAW_UNIFORM};
    struct cache_setup setup = {.capacity = CONTENDER_UNBOUNDED,
                                .keys = entries,
                                .tenants = GROWTH_TENANTS,
                                .threads = 1,
                                .kind = KEY_TENANT,
                                .seed = plan->seed};
    struct random random = {plan->seed};
    struct stream walk;

    population_init(&population, &wanted, &random);
    stream_walk(&walk, &population, plan->per_request, 0, 1);
    for (size_t i = 0; i < group->cell_count; i++)
        measure_one(&group->cells[i], group->cells[i].own, &setup, stream_part(&walk, 0, 1));
    stream_fini(&walk);
    population_fini(&population);
}
