#include "scene.h"

#include <stdio.h>
#include <stdlib.h>

#include "die.h"
#include "heap.h"

#define SETTLING_CALLS 4 /* for each entry of a cache that evicts */

/* ---- streams ------------------------------------------------------------------------------ */

static void make_walks(struct scene *scene, const struct plan *plan)
{
    for (size_t t = 0; t < plan->thread_count; t++)
        for (unsigned i = 0; i < plan->threads[t]; i++)
            stream_walk(&scene->streams[scene->stream_count++], &scene->population,
                        scene->setup.per_request, i, plan->threads[t]);
}

static void make_draws(struct scene *scene, const struct plan *plan, struct random *random)
{
    while (scene->stream_count < plan->threads[plan->thread_count - 1])
        stream_draw(&scene->streams[scene->stream_count++], &scene->population,
                    (size_t)SCENE_SLICES * SCENE_CALLS, scene->setup.per_request, random);
}

static void make_filling(struct scene *scene, struct random *random)
{
    const struct scene_setup *setup = &scene->setup;

    if (setup->state == RESIDENT)
        stream_walk(&scene->filling, &scene->population, setup->per_request, 0, 1);
    else if (setup->state == SMALL)
        stream_draw(&scene->filling, &scene->population, setup->cache.capacity * SETTLING_CALLS,
                    setup->per_request, random);
}

const struct stream *scene_streams(const struct scene *scene, const struct plan *plan, size_t t)
{
    size_t first = 0;

    if (scene->setup.state == FRESH)
        for (size_t before = 0; before < t; before++)
            first += plan->threads[before];
    return scene->streams + first;
}

/* ---- caches ------------------------------------------------------------------------------- */

void *scene_open_filled(const struct scene *scene, const struct contender *contender,
                        unsigned workers)
{
    void *cache = contender->open(&scene->setup.cache);
    struct calls calls = stream_part(&scene->filling, 0, 1);
    uint64_t expected = calls_checksum(&calls);

    for (calls.worker = 0; calls.worker < workers; calls.worker++)
        if (contender->call(cache, &calls) != expected)
            die("%s: %s gave a wrong answer", scene->workload, contender->name);
    return cache;
}

void scene_settle(struct scene *scene, size_t contender)
{
    struct resident *resident = &scene->residents[contender];
    double before = heap_bytes();

    resident->cache = scene_open_filled(scene, contender_at(contender), 1);
    resident->heap_growth = (heap_bytes() - before) / (double)scene->setup.cache.keys;
}

bool scene_competes(const char *workload, const struct contender *contender,
                    const struct plan *plan)
{
    bool is_named = plan->competitors && plan_wants(plan->competitors, contender->name);

    return plan_wants(plan->workloads, workload) &&
           (is_named || (!plan->competitors && !contender->on_demand)) &&
           plan_wants(contender->workloads, workload) && contender_present(contender);
}

/* ---- opening and closing ------------------------------------------------------------------ */

void scene_open(struct scene *scene, const char *workload, const struct scene_setup *setup,
                const struct plan *plan)
{
    const struct cache_setup *cache = &setup->cache;
    struct population wanted = {.keys = cache->keys,
                                .tenants = cache->tenants,
                                .kind = cache->kind,
                                .distribution = setup->distribution};
    struct random random = {plan->seed};

    *scene = (struct scene){.setup = *setup};
    snprintf(scene->workload, sizeof scene->workload, "%s", workload);
    population_init(&scene->population, &wanted, &random);
    scene->streams = die_calloc((size_t)PLAN_THREADS_MAX * cache->threads, sizeof *scene->streams);
    if (setup->state == FRESH)
        make_walks(scene, plan);
    else
        make_draws(scene, plan, &random);
    make_filling(scene, &random);
}

void scene_close(struct scene *scene)
{
    for (size_t c = 0; contender_at(c); c++)
        if (scene->residents[c].cache)
            contender_at(c)->close(scene->residents[c].cache);
    for (size_t i = 0; i < scene->stream_count; i++)
        stream_fini(&scene->streams[i]);
    free(scene->streams);
    stream_fini(&scene->filling);
    population_fini(&scene->population);
}
