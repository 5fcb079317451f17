/*
 * The cache section, and the section that compares it with caches that are recorded: their workloads, and
 * which of them are measured in turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"
#include "scene_cells.h"

/* How many different keys. */
enum amount {
    ONE_KEY,
    SOME_KEYS, /* --keys */
    MORE_KEYS, /* CACHE_MORE times as many, with room for --capacity */
    LARGE_KEYS /* --large-keys */
};

#define CACHE_MORE 10

#define RECORD_GROUP   7 /* the first one of that section, whose recipes are the last ones */
#define RECORD_RECIPES 2

struct recipe {
    const char *workload, *about;
    size_t group; /* those with one number are measured in turns, and stand together here */
    double weight;
    enum scene_state state;
    enum amount amount;
    enum key_kind kind;
    enum distribution distribution;
};

static const struct recipe recipes[] = {
    {"W1", "hits: Zipf 0.99, 64 tenants, all keys in the cache", 0, 8, RESIDENT, SOME_KEYS,
     KEY_TENANT, DRAW_ZIPF},
    {"W6", "W1's calls, partitioned by tenant and locale, each request in its context", 0, 4,
     RESIDENT, SOME_KEYS, KEY_LOCALE, DRAW_ZIPF},
    {"W2", "hits in memory: --large-keys, all equally popular", 1, 8, RESIDENT, LARGE_KEYS,
     KEY_TENANT, DRAW_UNIFORM},
    {"W3", "get or load: 10 times --keys, Zipf 0.99, room for --capacity", 2, 8, SMALL, MORE_KEYS,
     KEY_TENANT, DRAW_ZIPF},
    {"W4", "W1 with a string argument of 40 bytes", 3, 5, RESIDENT, SOME_KEYS, KEY_TENANT_TEXT,
     DRAW_ZIPF},
    {"W5", "hits of one key", 4, 3, RESIDENT, ONE_KEY, KEY_TENANT, DRAW_UNIFORM},
    {"hit-plain", "W1 without tenants: a cache that varies on nothing", 5, 2, RESIDENT, SOME_KEYS,
     KEY_PLAIN, DRAW_ZIPF},
    {"miss", "an empty cache is filled with --keys, each loaded once", 6, 2, FRESH, SOME_KEYS,
     KEY_TENANT, DRAW_ZIPF},
    {"record-zipf", "W1", RECORD_GROUP, 8, RESIDENT, SOME_KEYS, KEY_TENANT, DRAW_ZIPF},
    {"record-one", "W5", RECORD_GROUP + 1, 3, RESIDENT, ONE_KEY, KEY_TENANT, DRAW_UNIFORM},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- groups ------------------------------------------------------------------------------- */

static size_t keys_of(const struct recipe *recipe, const struct plan *plan)
{
    switch (recipe->amount) {
    case ONE_KEY:
        return 1;
    case SOME_KEYS:
        return plan->keys;
    case MORE_KEYS:
        return plan->keys * CACHE_MORE;
    default:
        return plan->large_keys;
    }
}

static struct scene_setup setup_of(const struct recipe *recipe, const struct plan *plan)
{
    size_t keys = keys_of(recipe, plan);
    bool tenants = recipe->kind != KEY_PLAIN && recipe->amount != ONE_KEY;

    return (struct scene_setup){
        .state = recipe->state,
        .distribution = recipe->distribution,
        .cache = {.capacity = recipe->state == SMALL ? plan->capacity : keys,
                  .keys = keys,
                  .tenants = tenants ? WORKLOAD_TENANTS : 1,
                  .threads = plan->threads[plan->thread_count - 1],
                  .kind = recipe->kind,
                  .seed = plan->seed},
        .per_request = plan->per_request,
    };
}

static size_t count_cells(const struct group *group, const struct plan *plan)
{
    size_t count = 0;

    for (size_t i = 0; i < COUNT(recipes); i++)
        if (recipes[i].group == group->number)
            count += scene_cells_count(recipes[i].workload, plan);
    return count;
}

/* The group owns scenes, one for each of its recipes that the plan wants. */
static void open_group(struct group *group, const struct plan *plan)
{
    struct scene *scene = die_calloc(COUNT(recipes), sizeof *scene);

    group->own = scene;
    group_open(group, count_cells(group, plan));
    for (size_t i = 0; i < COUNT(recipes); i++) {
        if (recipes[i].group != group->number || scene_cells_count(recipes[i].workload, plan) == 0)
            continue;

        struct scene_setup setup = setup_of(&recipes[i], plan);

        scene_open(scene, recipes[i].workload, &setup, plan);
        scene_cells_add(group, scene++, plan);
    }
}

static void close_group(struct group *group)
{
    struct scene *scenes = group->own;

    scene_cells_close(group);
    for (size_t i = 0; i < COUNT(recipes) && scenes[i].streams; i++)
        scene_close(&scenes[i]);
    free(scenes);
    group_close(group);
}

/* ---- the section -------------------------------------------------------------------------- */

static bool describe_in(const char *section, size_t number, struct group *out_group)
{
    *out_group = (struct group){.section = section, .number = number};
    for (size_t i = 0; i < COUNT(recipes); i++)
        if (recipes[i].group == number) {
            if (out_group->weight == 0)
                snprintf(out_group->workload, sizeof out_group->workload, "%s",
                         recipes[i].workload);
            out_group->weight += recipes[i].weight;
        }
    return out_group->weight > 0;
}

static bool describe(size_t number, struct group *out_group)
{
    return number < RECORD_GROUP && describe_in("cache", number, out_group);
}

static bool describe_recorded(size_t number, struct group *out_group)
{
    return describe_in("record", number + RECORD_GROUP, out_group);
}

static bool has_workload(const char *name)
{
    for (size_t i = 0; i < COUNT(recipes); i++)
        if (strcmp(recipes[i].workload, name) == 0)
            return true;
    return false;
}

static const char *workload_name(size_t number, const char **out_about)
{
    if (number >= COUNT(recipes) - RECORD_RECIPES)
        return NULL;
    *out_about = recipes[number].about;
    return recipes[number].workload;
}

static const char *recorded_name(size_t number, const char **out_about)
{
    if (number >= RECORD_RECIPES)
        return NULL;
    number += COUNT(recipes) - RECORD_RECIPES;
    *out_about = recipes[number].about;
    return recipes[number].workload;
}

static const char *competitor_name(size_t number, const char **out_about)
{
    const struct contender *contender = contender_at(number);

    if (!contender)
        return NULL;
    *out_about = contender->about;
    return contender->name;
}

static const char *missing_package(size_t number)
{
    const struct contender *contender = contender_at(number);

    return contender_present(contender) ? NULL : contender->package;
}

const struct section section_cache = {
    .name = "cache",
    .describe = describe,
    .has_workload = has_workload,
    .workload = workload_name,
    .competitor = competitor_name,
    .missing_package = missing_package,
    .count = count_cells,
    .open = open_group,
    .complete = scene_cells_complete,
    .close = close_group,
};

/* The same for caches that somebody records. */
const struct section section_record = {
    .name = "record",
    .on_demand = true,
    .describe = describe_recorded,
    .has_workload = has_workload,
    .workload = recorded_name,
    .competitor = competitor_name,
    .count = count_cells,
    .open = open_group,
    .complete = scene_cells_complete,
    .close = close_group,
};
