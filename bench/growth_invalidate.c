/*
 * Dropping all entries of one tenant, in a cache that holds nothing else. The call alone is timed,
 * not what a cache may leave to later calls.
 */
#include <stdlib.h>

#include "clock.h"
#include "die.h"
#include "growth.h"

#define FEW_TIMES  5 /* for many entries, */
#define MANY_TIMES 100
#define MANY_FROM  100000 /* that is */

bool growth_invalidates(const struct contender *contender)
{
    return contender_present(contender) && contender->forget_tenant;
}

static double time_one(const struct contender *contender, const struct cache_setup *setup,
                       const struct calls *calls)
{
    void *cache = contender->open(setup);

    if (contender->call(cache, calls) != calls_checksum(calls))
        die("invalidate: %s gave a wrong answer", contender->name);

    uint64_t start = clock_ns();

    contender->forget_tenant(cache, 0);

    uint64_t ns = clock_ns() - start, loads = workload_loads;

    contender->call(cache, calls);
    if (workload_loads - loads != calls_count(calls))
        die("invalidate: %s kept an entry", contender->name);
    contender->close(cache);
    return ns > latency_clock_ns() ? (double)(ns - latency_clock_ns()) : 0;
}

/* The first time is not recorded: it runs code that no cache has seen. */
static void measure_one(struct cell *cell, const struct contender *contender,
                        const struct cache_setup *setup, const struct calls *calls)
{
    size_t times = setup->keys >= MANY_FROM ? FEW_TIMES : MANY_TIMES;

    for (size_t i = 0; i <= times; i++) {
        double ns = time_one(contender, setup, calls);

        if (i > 0)
            cell->samples[cell->count++] = (struct sample){.ns = ns};
    }
}

void growth_measure_invalidation(struct group *group, const struct plan *plan, size_t entries)
{
    struct population population,
        wanted = {.keys = entries, .tenants = 1, .kind = KEY_TENANT, .distribution = DRAW_UNIFORM};
    struct cache_setup setup = {.capacity = CONTENDER_UNBOUNDED,
                                .keys = entries,
                                .tenants = 1,
                                .threads = 1,
                                .kind = KEY_TENANT,
                                .seed = plan->seed};
    struct random random = {plan->seed};
    struct stream walk;

    population_init(&population, &wanted, &random);
    stream_walk(&walk, &population, plan->per_request, 0, 1);

    struct calls calls = stream_part(&walk, 0, 1);

    for (size_t i = 0; i < group->cell_count; i++)
        measure_one(&group->cells[i], group->cells[i].own, &setup, &calls);
    stream_fini(&walk);
    population_fini(&population);
}
