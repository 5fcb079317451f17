/*
 * The growth section: how costs grow with the number of entries and tenants. It takes gigabytes and
 * minutes, and so is measured only when it is asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"
#include "growth.h"
#include "rounds.h"
#include "scene_cells.h"

enum growth_work { INSERT, HIT, INVALIDATE, WORKS };

static const char *const names[WORKS] = {"insert", "hit", "invalidate"};
static const char *const abouts[WORKS] = {
    "each of --growth-keys inserts into a cache without limits, timed by itself",
    "hits, all keys equally popular: entries x tenants",
    "drop all entries of a tenant, of which there are so many",
};

/* Who is measured unless --competitor says otherwise. */
static const char *defaults[] = {"floor", "ctxcache", "uthash+mutex", NULL};

struct recipe {
    enum growth_work work;
    unsigned tenants;
    size_t entries;     /* 0: --growth-keys */
    size_t per_request; /* 0: --request. With very many tenants each has few keys, and must not be
                           asked for all of them in a row. */
};

static const struct recipe recipes[] = {
    {INSERT, GROWTH_TENANTS, 0, 0},
    {HIT, GROWTH_TENANTS, 1000, 0},
    {HIT, GROWTH_TENANTS, 10000, 0},
    {HIT, GROWTH_TENANTS, 100000, 0},
    {HIT, GROWTH_TENANTS, 1000000, 0},
    {HIT, GROWTH_TENANTS, 10000000, 0},
    {HIT, 1, 1000000, 10},
    {HIT, 100, 1000000, 10},
    {HIT, 10000, 1000000, 10},
    {HIT, 100000, 1000000, 10},
    {INVALIDATE, 1, 10, 0},
    {INVALIDATE, 1, 1000000, 0},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct growth_group {
    const struct recipe *recipe;
    struct plan plan; /* of this section: one thread, and the competitors that are measured here */
    struct scene scene; /* HIT */
};

static void name_workload(char out_name[CELL_NAME_SIZE], const struct recipe *recipe)
{
    const char *name = names[recipe->work];

    if (recipe->work == INSERT)
        snprintf(out_name, CELL_NAME_SIZE, "%s", name);
    else if (recipe->work == HIT)
        snprintf(out_name, CELL_NAME_SIZE, "%s/%zux%u", name, recipe->entries, recipe->tenants);
    else
        snprintf(out_name, CELL_NAME_SIZE, "%s/%zu", name, recipe->entries);
}

static struct plan own_plan(const struct plan *plan)
{
    struct plan own = *plan;

    own.thread_count = 1;
    own.threads[0] = 1;
    if (!own.competitors)
        own.competitors = defaults;
    return own;
}

static bool competes(const struct recipe *recipe, const char *workload,
                     const struct contender *contender, const struct plan *plan)
{
    return scene_competes(workload, contender, plan) &&
           (recipe->work == INSERT ? growth_inserts(contender)
            : recipe->work == HIT  ? true
                                   : growth_invalidates(contender));
}

static size_t count_cells(const struct group *group, const struct plan *plan)
{
    const struct recipe *recipe = &recipes[group->number];
    struct plan own = own_plan(plan);
    size_t count = 0;

    if (recipe->entries > plan->growth_keys)
        return 0;
    for (size_t c = 0; contender_at(c); c++)
        count += competes(recipe, group->workload, contender_at(c), &own);
    return count;
}

/* ---- opening, measuring, closing ---------------------------------------------------------- */

static struct scene_setup setup_of(const struct recipe *recipe, const struct plan *plan)
{
    return (struct scene_setup){
        .state = RESIDENT,
        .distribution = DRAW_UNIFORM,
        .cache = {.capacity = recipe->entries,
                  .keys = recipe->entries,
                  .tenants = recipe->tenants,
                  .threads = 1,
                  .kind = KEY_TENANT,
                  .seed = plan->seed},
        .per_request = recipe->per_request ? recipe->per_request : plan->per_request,
    };
}

static void open_group(struct group *group, const struct plan *plan)
{
    const struct recipe *recipe = &recipes[group->number];
    struct growth_group *own = die_calloc(1, sizeof *own);

    group->own = own;
    *own = (struct growth_group){.recipe = recipe, .plan = own_plan(plan)};
    group_open(group, count_cells(group, plan));
    if (recipe->work == HIT) {
        struct scene_setup setup = setup_of(recipe, plan);

        scene_open(&own->scene, group->workload, &setup, &own->plan);
        scene_cells_add(group, &own->scene, &own->plan);
        return;
    }
    for (size_t c = 0; contender_at(c); c++)
        if (competes(recipe, group->workload, contender_at(c), &own->plan))
            group_add(group, NULL, group->workload, contender_at(c)->name, 1)->own =
                (void *)contender_at(c);
}

static void measure_group(struct group *group, struct pool *pool, uint64_t rounds, double seconds)
{
    struct growth_group *own = group->own;
    size_t entries = own->recipe->entries ? own->recipe->entries : own->plan.growth_keys;

    if (own->recipe->work == INSERT)
        growth_measure_inserts(group, &own->plan, entries);
    else if (own->recipe->work == INVALIDATE)
        growth_measure_invalidation(group, &own->plan, entries);
    else
        rounds_run(group, pool, rounds, seconds);
}

static void complete_group(struct group *group)
{
    const struct growth_group *own = group->own;

    if (own->recipe->work == HIT)
        scene_cells_complete(group);
}

static void close_group(struct group *group)
{
    struct growth_group *own = group->own;

    if (own->recipe->work == HIT) {
        scene_cells_close(group);
        scene_close(&own->scene);
    }
    free(own);
    group_close(group);
}

/* ---- the section -------------------------------------------------------------------------- */

static bool describe(size_t number, struct group *out_group)
{
    if (number >= COUNT(recipes))
        return false;
    *out_group = (struct group){.section = "growth", .weight = 1, .number = number};
    name_workload(out_group->workload, &recipes[number]);
    return true;
}

static bool has_workload(const char *name)
{
    const char *only[] = {name, NULL};
    char workload[CELL_NAME_SIZE];

    for (size_t i = 0; i < COUNT(recipes); i++) {
        name_workload(workload, &recipes[i]);
        if (plan_wants(only, workload))
            return true;
    }
    return false;
}

static const char *workload_name(size_t number, const char **out_about)
{
    if (number >= WORKS)
        return NULL;
    *out_about = abouts[number];
    return names[number];
}

/* Those of the cache section. */
static const char *no_competitor(size_t number, const char **out_about)
{
    (void)number, (void)out_about;
    return NULL;
}

const struct section section_growth = {
    .name = "growth",
    .on_demand = true,
    .describe = describe,
    .has_workload = has_workload,
    .workload = workload_name,
    .competitor = no_competitor,
    .count = count_cells,
    .open = open_group,
    .measure = measure_group,
    .complete = complete_group,
    .close = close_group,
};
