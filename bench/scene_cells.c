#include "scene_cells.h"

#include <stdlib.h>
#include <string.h>

#include "die.h"

#define WARM_PARTS 2 /* the first half of a slice warms up, the rest is timed */

/* What a worker is to do in this round, and what came of it. */
struct share {
    struct calls warm, timed;
    uint64_t sum, loads;
    struct latency latency;
};

struct scene_cell {
    const struct scene *scene;
    const struct contender *contender;
    const struct resident *resident; /* RESIDENT */
    const struct stream *streams;    /* one a worker */
    void *cache;                     /* FRESH: while a sample lasts */
    struct share *shares;            /* one a worker */
    uint64_t calls, loads;           /* of all recorded rounds, warming up not counted */
    struct latency quiet, any;       /* single calls of all quiet samples, and of all samples */
};

/* ---- one sample --------------------------------------------------------------------------- */

/* The part that is left of calls which take so much longer. */
static struct calls shortened(struct calls calls, unsigned slowness)
{
    size_t requests = calls.end - calls.first;

    if (slowness > 1)
        calls.end = calls.first + (requests + slowness - 1) / slowness;
    return calls;
}

static void deal(const struct scene_cell *own, unsigned worker, size_t turn)
{
    const struct stream *stream = &own->streams[worker];
    struct share *share = &own->shares[worker];
    bool fresh = own->scene->setup.state == FRESH;
    struct calls slice =
        fresh ? stream_part(stream, 0, 1) : stream_part(stream, turn % SCENE_SLICES, SCENE_SLICES);

    slice.worker = worker;
    if (!fresh)
        slice = shortened(slice, own->contender->slowness);
    share->warm = share->timed = slice;
    share->warm.end = slice.first + (fresh ? 0 : (slice.end - slice.first) / WARM_PARTS);
    share->timed.first = share->warm.end;
}

static void begin(struct cell *cell, size_t turn)
{
    struct scene_cell *own = cell->own;

    for (unsigned i = 0; i < cell->threads; i++) {
        struct share *share = &own->shares[i];

        deal(own, i, turn);
        if (cell->purpose == SAMPLE_SINGLE) {
            share->latency = (struct latency){.every = LATENCY_EVERY};
            share->timed.latency = &share->latency;
        }
    }
    if (own->scene->setup.state == FRESH)
        own->cache = own->contender->open(&own->scene->setup.cache);
}

static void ready(void *cell, unsigned worker)
{
    struct scene_cell *own = ((struct cell *)cell)->own;
    struct share *share = &own->shares[worker];

    own->contender->call(own->cache, &share->warm);
    share->loads = workload_loads;
}

static void work(void *cell, unsigned worker)
{
    struct scene_cell *own = ((struct cell *)cell)->own;
    struct share *share = &own->shares[worker];

    share->sum = own->contender->call(own->cache, &share->timed);
}

static void leave(void *cell, unsigned worker)
{
    struct scene_cell *own = ((struct cell *)cell)->own;
    struct share *share = &own->shares[worker];

    share->loads = workload_loads - share->loads;
}

static void collect(struct scene_cell *own, const struct cell *cell, const struct share *share,
                    double noise)
{
    if (share->sum != calls_checksum(&share->timed))
        die("%s: %s gave a wrong answer", own->scene->workload, own->contender->name);
    if (cell->purpose == SAMPLE_WARM)
        return;
    own->calls += calls_count(&share->timed);
    own->loads += share->loads;
    if (cell->purpose == SAMPLE_SINGLE) {
        latency_merge(&own->any, &share->latency);
        if (noise <= CELL_NOISE_MAX)
            latency_merge(&own->quiet, &share->latency);
    }
}

static void end(struct cell *cell, double ns, double noise)
{
    struct scene_cell *own = cell->own;

    (void)ns;
    for (unsigned i = 0; i < cell->threads; i++)
        collect(own, cell, &own->shares[i], noise);
    if (own->scene->setup.state == FRESH) {
        cell->result.bytes_per_entry = own->contender->bytes_per_entry(own->cache);
        own->contender->close(own->cache);
        own->cache = NULL;
    }
}

static size_t operations(const struct cell *cell)
{
    const struct scene_cell *own = cell->own;
    size_t count = 0;

    for (unsigned i = 0; i < cell->threads; i++)
        count += calls_count(&own->shares[i].timed);
    return count;
}

static const struct cell_kind scene_kind = {begin, end, ready, work, leave, operations, true};

/* ---- making cells ------------------------------------------------------------------------- */

size_t scene_cells_count(const char *workload, const struct plan *plan)
{
    size_t count = 0;

    for (size_t c = 0; contender_at(c); c++)
        count += scene_competes(workload, contender_at(c), plan);
    return count * plan->thread_count;
}

static void add_cell(struct group *group, const struct scene *scene, const struct plan *plan,
                     size_t number, size_t t)
{
    const struct contender *contender = contender_at(number);
    struct cell *cell =
        group_add(group, &scene_kind, scene->workload, contender->name, plan->threads[t]);
    struct scene_cell *own = die_calloc(1, sizeof *own);

    own->scene = scene;
    own->contender = contender;
    own->streams = scene_streams(scene, plan, t);
    own->shares = die_calloc(cell->threads, sizeof *own->shares);
    if (scene->setup.state == RESIDENT) {
        own->resident = &scene->residents[number];
        own->cache = own->resident->cache;
    } else if (scene->setup.state == SMALL) {
        own->cache = scene_open_filled(scene, contender, cell->threads);
    }
    cell->own = own;
}

void scene_cells_add(struct group *group, struct scene *scene, const struct plan *plan)
{
    for (size_t c = 0; contender_at(c); c++)
        if (scene->setup.state == RESIDENT &&
            scene_competes(scene->workload, contender_at(c), plan))
            scene_settle(scene, c);
    for (size_t t = 0; t < plan->thread_count; t++)
        for (size_t c = 0; contender_at(c); c++)
            if (scene_competes(scene->workload, contender_at(c), plan))
                add_cell(group, scene, plan, c, t);
}

/* ---- completing and closing them ---------------------------------------------------------- */

static void check_loads(const struct scene_cell *own)
{
    enum scene_state state = own->scene->setup.state;

    if ((state == RESIDENT && own->loads != 0) || (state == FRESH && own->loads != own->calls))
        die("%s: %s loaded %llu times in %llu calls", own->scene->workload, own->contender->name,
            (unsigned long long)own->loads, (unsigned long long)own->calls);
}

/* One thread makes the same calls in the same order to everybody: exact LRU leaves no choice. */
static void check_exact(const struct scene_cell *own, const struct scene_cell *other)
{
    if (own->loads != other->loads || own->calls != other->calls)
        die("%s: one thread loaded %llu times in %llu calls of %s, and %llu times in %llu of %s; "
            "exact LRU caches must agree",
            own->scene->workload, (unsigned long long)own->loads, (unsigned long long)own->calls,
            own->contender->name, (unsigned long long)other->loads,
            (unsigned long long)other->calls, other->contender->name);
}

static bool is_comparable(const struct cell *cell)
{
    const struct scene_cell *own = cell->own;

    return cell->threads == 1 && own->contender->exact_lru && own->contender->slowness <= 1;
}

static void check_group(const struct group *group)
{
    const struct cell *first = NULL;

    for (size_t i = 0; i < group->cell_count; i++) {
        const struct cell *cell = &group->cells[i];
        const struct scene_cell *own = cell->own;

        check_loads(own);
        if (!is_comparable(cell))
            continue;
        if (!first || ((const struct scene_cell *)first->own)->scene != own->scene)
            first = cell;
        check_exact(own, first->own);
    }
}

static void complete_cell(struct cell *cell)
{
    const struct scene_cell *own = cell->own;
    struct result *result = &cell->result;
    size_t payload = key_size(own->scene->setup.cache.kind) + sizeof(struct value);

    result->hit_ratio = 1 - (double)own->loads / (double)own->calls;
    result->latency = latency_summarize(own->quiet.total ? &own->quiet : &own->any);
    if (own->cache)
        result->bytes_per_entry = own->contender->bytes_per_entry(own->cache);
    result->overhead_per_entry = result->bytes_per_entry - (double)payload;
    if (own->resident)
        result->heap_per_entry = own->resident->heap_growth;
}

void scene_cells_complete(struct group *group)
{
    check_group(group);
    for (size_t i = 0; i < group->cell_count; i++)
        complete_cell(&group->cells[i]);
}

void scene_cells_close(struct group *group)
{
    for (size_t i = 0; i < group->cell_count; i++) {
        struct scene_cell *own = group->cells[i].own;

        if (own->scene->setup.state == SMALL)
            own->contender->close(own->cache);
        free(own->shares);
        free(own);
    }
}
