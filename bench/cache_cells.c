/*
 * The cache section: hits, misses and evictions, for everybody the same calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "contender.h"
#include "die.h"

#define SLICES      32    /* a stream has that many rounds of calls, then it begins again */
#define SLICE_CALLS 32768 /* for each worker */
#define WARM_PARTS  2     /* the first half of a slice warms up, the rest is timed */

enum cache_state {
    RESIDENT, /* everything is in the cache before the first round */
    FRESH,    /* each sample fills a new cache with all keys */
    SMALL     /* the cache holds fewer entries than there are keys, and is kept over the rounds */
};

struct recipe {
    const char *workload, *about;
    enum cache_state state;
    bool tenants;
};

static const struct recipe recipes[] = {
    {"hit", "all keys are in the cache", RESIDENT, true},
    {"hit-plain", "the same without tenants: a cache that varies on nothing", RESIDENT, false},
    {"miss", "an empty cache is filled, each key loaded once", FRESH, true},
    {"evict", "get or load, with fewer entries than keys", SMALL, true},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What the cells of a group share. */
struct cache_group {
    const struct recipe *recipe;
    struct cache_setup setup;
    struct population population;
    /* One for each worker; FRESH: for each number of threads one for each worker. */
    struct stream *streams;
    size_t stream_count;
    void *resident[CONTENDERS_MAX]; /* RESIDENT: the cache of each contender */
};

/* What a worker is to do in this round, and what came of it. */
struct share {
    struct calls warm, timed;
    uint64_t sum, loads;
};

struct cache_cell {
    struct cache_group *group;
    const struct contender *contender;
    const struct stream *streams; /* one a worker */
    void *cache;
    struct share *shares;  /* one a worker */
    uint64_t calls, loads; /* of all recorded rounds, warming up not counted */
};

/* ---- one sample --------------------------------------------------------------------------- */

static void deal(struct cache_cell *own, struct share *share, const struct stream *stream,
                 size_t round, unsigned worker)
{
    bool fresh = own->group->recipe->state == FRESH;
    struct calls slice =
        fresh ? stream_part(stream, 0, 1) : stream_part(stream, round % SLICES, SLICES);
    size_t warm_end = slice.first + (fresh ? 0 : (slice.end - slice.first) / WARM_PARTS);

    *share = (struct share){
        .warm = {.stream = stream, .first = slice.first, .end = warm_end, .worker = worker},
        .timed = {.stream = stream, .first = warm_end, .end = slice.end, .worker = worker},
    };
}

static void begin(struct cell *cell, size_t round)
{
    struct cache_cell *own = cell->own;

    for (unsigned i = 0; i < cell->threads; i++)
        deal(own, &own->shares[i], &own->streams[i], round, i);
    if (own->group->recipe->state == FRESH)
        own->cache = own->contender->open(&own->group->setup);
}

static void ready(void *cell, unsigned worker)
{
    struct cache_cell *own = ((struct cell *)cell)->own;
    struct share *share = &own->shares[worker];

    own->contender->call(own->cache, &share->warm);
    share->loads = workload_loads;
}

static void work(void *cell, unsigned worker)
{
    struct cache_cell *own = ((struct cell *)cell)->own;
    struct share *share = &own->shares[worker];

    share->sum = own->contender->call(own->cache, &share->timed);
}

static void leave(void *cell, unsigned worker)
{
    struct cache_cell *own = ((struct cell *)cell)->own;
    struct share *share = &own->shares[worker];

    share->loads = workload_loads - share->loads;
}

static void end(struct cell *cell, size_t round, double ns)
{
    struct cache_cell *own = cell->own;

    (void)ns;
    for (unsigned i = 0; i < cell->threads; i++) {
        struct share *share = &own->shares[i];

        if (share->sum != calls_checksum(&share->timed))
            die("%s: %s gave a wrong answer", own->group->recipe->workload, own->contender->name);
        if (round > 0) {
            own->calls += calls_count(&share->timed);
            own->loads += share->loads;
        }
    }
    if (own->group->recipe->state == FRESH) {
        cell->result.bytes_per_entry = own->contender->bytes_per_entry(own->cache);
        own->contender->close(own->cache);
        own->cache = NULL;
    }
}

static size_t operations(const struct cell *cell)
{
    const struct cache_cell *own = cell->own;
    size_t count = 0;

    for (unsigned i = 0; i < cell->threads; i++)
        count += calls_count(&own->shares[i].timed);
    return count;
}

static const struct cell_kind cache_kind = {begin, end, ready, work, leave, operations};

/* ---- opening a group ---------------------------------------------------------------------- */

static void make_walks(struct cache_group *own, const struct plan *plan)
{
    for (size_t t = 0; t < plan->thread_count; t++)
        for (unsigned i = 0; i < plan->threads[t]; i++)
            stream_walk(&own->streams[own->stream_count++], &own->population, plan->per_request, i,
                        plan->threads[t]);
}

static void make_draws(struct cache_group *own, const struct plan *plan, struct random *random)
{
    while (own->stream_count < plan->threads[plan->thread_count - 1])
        stream_draw(&own->streams[own->stream_count++], &own->population,
                    (size_t)SLICES * SLICE_CALLS, plan->per_request, random);
}

/* The streams of the cells with the t-th number of threads. */
static const struct stream *streams_of(const struct cache_group *own, const struct plan *plan,
                                       size_t t)
{
    size_t first = 0;

    if (own->recipe->state == FRESH)
        for (size_t before = 0; before < t; before++)
            first += plan->threads[before];
    return own->streams + first;
}

/* A cache that holds the whole population already. */
static void *open_filled(const struct cache_group *own, const struct contender *contender,
                         const struct plan *plan)
{
    void *cache = contender->open(&own->setup);
    struct stream everything;

    stream_walk(&everything, &own->population, plan->per_request, 0, 1);

    struct calls calls = stream_part(&everything, 0, 1);

    if (contender->call(cache, &calls) != calls_checksum(&calls))
        die("%s: %s gave a wrong answer", own->recipe->workload, contender->name);
    stream_fini(&everything);
    return cache;
}

static bool competes(const struct recipe *recipe, const struct contender *contender,
                     const struct plan *plan)
{
    return plan_wants(plan->workloads, recipe->workload) &&
           plan_wants(plan->competitors, contender->name) &&
           (!contender->workloads || plan_wants(contender->workloads, recipe->workload)) &&
           contender_present(contender);
}

static void add_cell(struct group *group, const struct plan *plan, size_t contender, size_t t)
{
    struct cache_group *own = group->own;
    struct cell *cell =
        group_add(group, &cache_kind, contender_at(contender)->name, plan->threads[t]);
    struct cache_cell *cache_cell = die_calloc(1, sizeof *cache_cell);

    *cache_cell = (struct cache_cell){
        .group = own,
        .contender = contender_at(contender),
        .streams = streams_of(own, plan, t),
        .shares = die_calloc(plan->threads[t], sizeof *cache_cell->shares),
    };
    if (own->recipe->state == RESIDENT)
        cache_cell->cache = own->resident[contender];
    else if (own->recipe->state == SMALL)
        cache_cell->cache = contender_at(contender)->open(&own->setup);
    cell->own = cache_cell;
}

static void open_group(struct group *group, const struct plan *plan)
{
    struct cache_group *own = die_calloc(1, sizeof *own);
    struct random random = {plan->seed};

    group->own = own;
    own->recipe = &recipes[group->number];
    own->setup = (struct cache_setup){
        .capacity = own->recipe->state == SMALL ? plan->capacity : plan->keys,
        .keys = plan->keys,
        .tenants = own->recipe->tenants ? WORKLOAD_TENANTS : 1,
        .threads = plan->threads[plan->thread_count - 1],
        .kind = own->recipe->tenants ? KEY_TENANT : KEY_PLAIN,
        .seed = plan->seed,
    };
    population_init(&own->population,
                    &(struct population){.keys = plan->keys,
                                         .tenants = own->setup.tenants,
                                         .kind = own->setup.kind},
                    &random);
    own->streams = die_calloc((size_t)PLAN_THREADS_MAX * plan->threads[plan->thread_count - 1],
                              sizeof *own->streams);
    if (own->recipe->state == FRESH)
        make_walks(own, plan);
    else
        make_draws(own, plan, &random);
    group_open(group, CONTENDERS_MAX * plan->thread_count);
    for (size_t c = 0; contender_at(c); c++)
        if (own->recipe->state == RESIDENT && competes(own->recipe, contender_at(c), plan))
            own->resident[c] = open_filled(own, contender_at(c), plan);
    for (size_t t = 0; t < plan->thread_count; t++)
        for (size_t c = 0; contender_at(c); c++)
            if (competes(own->recipe, contender_at(c), plan))
                add_cell(group, plan, c, t);
}

/* ---- completing and closing it ------------------------------------------------------------ */

/* One thread makes the same calls in the same order to everybody: exact LRU leaves no choice. */
static void check_loads(const struct group *group)
{
    const struct recipe *recipe = &recipes[group->number];
    const struct cell *first = NULL;

    for (size_t i = 0; i < group->cell_count; i++) {
        const struct cell *cell = &group->cells[i];
        const struct cache_cell *own = cell->own;

        if ((recipe->state == RESIDENT && own->loads != 0) ||
            (recipe->state == FRESH && own->loads != own->calls))
            die("%s: %s loaded %llu times in %llu calls", recipe->workload, own->contender->name,
                (unsigned long long)own->loads, (unsigned long long)own->calls);
        if (cell->threads != 1 || !own->contender->exact_lru)
            continue;
        first = first ? first : cell;

        const struct cache_cell *other = first->own;

        if (own->loads != other->loads || own->calls != other->calls)
            die("%s: in the same %llu calls by one thread %s loaded %llu times and %s %llu times; "
                "exact LRU caches must agree",
                recipe->workload, (unsigned long long)own->calls, other->contender->name,
                (unsigned long long)other->loads, own->contender->name,
                (unsigned long long)own->loads);
    }
}

static void complete_group(struct group *group)
{
    check_loads(group);
    for (size_t i = 0; i < group->cell_count; i++) {
        struct cell *cell = &group->cells[i];
        const struct cache_cell *own = cell->own;

        cell->result.hit_ratio = 1 - (double)own->loads / (double)own->calls;
        if (own->cache)
            cell->result.bytes_per_entry = own->contender->bytes_per_entry(own->cache);
    }
}

static void close_group(struct group *group)
{
    struct cache_group *own = group->own;

    for (size_t i = 0; i < group->cell_count; i++) {
        struct cache_cell *cell = group->cells[i].own;

        if (own->recipe->state == SMALL)
            cell->contender->close(cell->cache);
        free(cell->shares);
        free(cell);
    }
    for (size_t c = 0; contender_at(c); c++)
        if (own->resident[c])
            contender_at(c)->close(own->resident[c]);
    for (size_t i = 0; i < own->stream_count; i++)
        stream_fini(&own->streams[i]);
    free(own->streams);
    population_fini(&own->population);
    free(own);
    group_close(group);
}

/* ---- the section -------------------------------------------------------------------------- */

static bool describe(size_t number, struct group *out_group)
{
    if (number >= COUNT(recipes))
        return false;
    *out_group = (struct group){.section = "cache", .weight = 6, .number = number};
    snprintf(out_group->workload, sizeof out_group->workload, "%s", recipes[number].workload);
    return true;
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
    if (number >= COUNT(recipes))
        return NULL;
    *out_about = recipes[number].about;
    return recipes[number].workload;
}

static const char *competitor_name(size_t number, const char **out_about)
{
    if (!contender_at(number))
        return NULL;
    *out_about = contender_at(number)->about;
    return contender_at(number)->name;
}

static size_t count_cells(const struct group *group, const struct plan *plan)
{
    size_t count = 0;

    for (size_t c = 0; contender_at(c); c++)
        count += competes(&recipes[group->number], contender_at(c), plan);
    return count * plan->thread_count;
}

const struct section section_cache = {
    .name = "cache",
    .describe = describe,
    .has_workload = has_workload,
    .workload = workload_name,
    .competitor = competitor_name,
    .count = count_cells,
    .open = open_group,
    .complete = complete_group,
    .close = close_group,
};
