/*
 * curve.c: reading the curves that a cache keeps. Under the lock they are copied; what takes longer, the
 * hits of each capacity and their intervals, is worked out by the caller alone.
 */
#include "cache/curve.h"

#include <stdlib.h>

#include "base/versioned.h"
#include "cache/contents.h"
#include "cache/request.h"

#define CAPACITY_MAX 0x1p63

/* ---- making ------------------------------------------------------------------------------- */

/* For the whole and all that are watched, the others included. */
static size_t room_for(const struct ctxi_live *live)
{
    return live->watched_max ? 1 + (size_t)live->watched_max + 1 : 1;
}

static const struct ctxi_shards *source_of(const struct ctxi_live *live, size_t i)
{
    return i == 0 ? &live->whole : &live->watched[i - 1].shards;
}

static int make_copies(ctx_cache_curve *curve, const struct ctxi_live *live)
{
    int r = CTX_OK;

    for (size_t i = 0; r == CTX_OK && i < curve->room; i++) {
        struct ctxi_told *told = &curve->curves[i];

        r = ctxi_shards_copy_init(&told->copy, source_of(live, i), &curve->allocator);
        if (r == CTX_OK && i > 0) {
            told->shared = ctxi_blocks_take(&curve->blocks, 1, sizeof *told->shared);
            r = told->shared ? CTX_OK : CTX_ERR_NOMEM;
        }
    }
    return r;
}

/* All the memory that reading needs under the lock. NULL: there is none. */
static ctx_cache_curve *make(const ctx_cache *cache)
{
    struct ctxi_blocks blocks = ctxi_blocks_of(&cache->allocator);
    ctx_cache_curve *curve = ctxi_blocks_take(&blocks, 1, sizeof *curve);

    if (!curve)
        return NULL;
    memcpy(&curve->allocator, &cache->allocator, sizeof curve->allocator);
    curve->blocks = blocks;
    curve->blocks.allocator = &curve->allocator;
    curve->room = room_for(cache->live);
    curve->curves = ctxi_blocks_take(&curve->blocks, curve->room, sizeof *curve->curves);
    if (curve->curves && make_copies(curve, cache->live) == CTX_OK)
        return curve;
    ctx_cache_curve_free(curve);
    return NULL;
}

static void free_copy(struct ctxi_told *told)
{
    if (told->copy.sampled)
        ctxi_shards_fini(&told->copy);
}

void ctx_cache_curve_free(ctx_cache_curve *curve)
{
    struct ctxi_blocks blocks;
    ctx_allocator allocator;

    if (!curve)
        return;
    for (size_t i = 0; curve->curves && i < curve->room; i++) {
        free_copy(&curve->curves[i]);
        ctxi_estimate_free(curve->curves[i].estimate);
    }
    memcpy(&allocator, &curve->allocator, sizeof allocator);
    blocks = curve->blocks;
    blocks.allocator = &allocator;
    ctxi_blocks_free(&blocks);
}

/* ---- under the lock ----------------------------------------------------------------------- */

static void copy_one(struct ctxi_told *told, const struct ctxi_shards *shards)
{
    ctxi_shards_copy(&told->copy, shards);
    told->sampled_keys = ctxi_shards_keys(shards);
    told->rate = ctxi_shards_rate(shards);
    told->is_shown = true;
}

static void copy_watched(const ctx_cache *cache, struct ctxi_told *told,
                         const struct ctxi_watched *watched, const struct ctxi_partition *current)
{
    told->wanted_keys = CTXI_SHARDS_ENOUGH / CTXI_LIVE_PART;
    if (!ctxi_live_is_there(cache, watched))
        return;
    copy_one(told, &watched->shards);
    *told->shared = *watched->shared;
    told->number = watched->number;
    told->requests = ctxi_live_requests_of(cache, watched);
    if (!watched->number) /* one that has a curve has not been forgotten */
        told->forgotten = cache->partitions.forgotten;
    told->is_current = current && current->number == watched->number;
}

/* Entries are not all that a capacity in bytes counts. */
static double scale_of(const struct ctxi_live *live)
{
    return live->entry_bytes ? (double)live->used_bytes / (double)live->entry_bytes : 1;
}

/* The lock is held, and all records are carried out. */
static void copy_all(ctx_cache_curve *curve, ctx_cache *cache, const struct ctxi_partition *current)
{
    struct ctxi_live *live = cache->live;

    ctxi_live_settle(live);
    ctxi_live_weigh(cache);
    curve->in_bytes = live->weighted;
    curve->scale = scale_of(live);
    copy_one(&curve->curves[0], &live->whole);
    curve->curves[0].wanted_keys = CTXI_SHARDS_ENOUGH;
    curve->curves[0].requests = ctxi_live_requests(cache);
    curve->curves[0].forgotten = cache->partitions.forgotten;
    for (size_t i = 1; i < curve->room; i++)
        if (i <= live->watched_count || i == curve->room - 1)
            copy_watched(cache, &curve->curves[i], &live->watched[i - 1], current);
}

static void read_all(ctx_cache_curve *curve, ctx_cache *cache)
{
    __attribute__((cleanup(ctxi_request_close))) struct ctxi_request request;
    struct ctxi_partition *partition = NULL;
    int r;

    ctxi_request_start(&request, cache);
    r = ctxi_request_open(&request, NULL, NULL, 0, false);
    if (r == CTX_OK)
        r = ctxi_request_lock(&request, &partition);
    if (r != CTX_OK) { /* no partition is the current one */
        partition = NULL;
        ctxi_cache_lock(cache);
    }
    copy_all(curve, cache, partition);
    ctxi_cache_unlock(cache);
}

/* ---- after it ----------------------------------------------------------------------------- */

static int by_requests(const void *left, const void *right)
{
    const struct ctxi_told *a = left, *b = right;

    return (a->requests < b->requests) - (a->requests > b->requests);
}

/* What is shown comes first: the whole, partitions by their requests, and the others. */
static void arrange(ctx_cache_curve *curve)
{
    size_t last = curve->room - 1;

    curve->count = 1;
    for (size_t i = 1; i < last; i++) {
        struct ctxi_told one = curve->curves[i];

        if (!one.is_shown)
            continue;
        curve->curves[i] = curve->curves[curve->count];
        curve->curves[curve->count++] = one;
    }
    if (curve->count > 2)
        qsort(curve->curves + 1, curve->count - 1, sizeof *curve->curves, by_requests);
    if (last > 0 && curve->count > 1) {
        struct ctxi_told others = curve->curves[last];

        curve->curves[last] = curve->curves[curve->count];
        curve->curves[curve->count++] = others;
    }
}

static int estimate_all(ctx_cache_curve *curve)
{
    int r = CTX_OK;

    for (size_t i = 0; i < curve->room; i++) {
        struct ctxi_told *told = &curve->curves[i];

        if (r == CTX_OK && i < curve->count)
            r = ctxi_shards_estimate(&told->copy, told->requests, &curve->allocator,
                                     &told->estimate);
        free_copy(told);
    }
    return r;
}

int ctx_cache_curve_read(ctx_cache *cache, ctx_cache_curve **out_curve)
{
    ctx_cache_curve *curve;
    int r;

    if (out_curve)
        *out_curve = NULL;
    if (!cache || !out_curve)
        return CTX_ERR_INVALID;
    if (!cache->live)
        return CTX_ABSENT;
    curve = make(cache);
    if (!curve)
        return CTX_ERR_NOMEM;
    read_all(curve, cache);
    arrange(curve);
    r = estimate_all(curve);
    if (r == CTX_OK)
        *out_curve = curve;
    else
        ctx_cache_curve_free(curve);
    return r;
}

/* ---- points ------------------------------------------------------------------------------- */

uint64_t ctxi_told_scaled(const ctx_cache_curve *curve, uint64_t capacity)
{
    double scaled = (double)capacity * curve->scale;

    if (!curve->in_bytes)
        return capacity;
    return scaled < CAPACITY_MAX ? (uint64_t)scaled : UINT64_MAX;
}

uint64_t ctxi_told_capacity(const ctx_cache_curve *curve, uint64_t capacity)
{
    double scaled = (double)capacity / curve->scale;

    if (!curve->in_bytes)
        return capacity;
    return scaled < CAPACITY_MAX ? (uint64_t)scaled : UINT64_MAX;
}

ctx_cache_point ctxi_told_point(const ctx_cache_curve *curve, const struct ctxi_told *told,
                                size_t bucket)
{
    const struct ctxi_estimate *estimate = told->estimate;
    double all = (double)told->requests;
    uint64_t capacity = ctxi_curve_capacity(&estimate->curve, bucket);

    if (bucket == 0)
        return (ctx_cache_point){0, 0, 0, 0};
    return (ctx_cache_point){
        ctxi_told_scaled(curve, capacity),
        ctxi_told_ratio((double)estimate->curve.hits[bucket], all),
        ctxi_told_ratio((double)estimate->low[bucket], all),
        ctxi_told_ratio((double)estimate->high[bucket], all),
    };
}

size_t ctx_cache_curve_count(const ctx_cache_curve *curve)
{
    return curve ? curve->count : 0;
}

int ctx_cache_curve_describe(const ctx_cache_curve *curve, size_t which,
                             ctx_cache_curve_facts *out_facts)
{
    const struct ctxi_told *told = ctxi_told_at(curve, which);
    ctx_cache_curve_facts ours = CTX_CACHE_CURVE_FACTS_INIT;

    if (!told || !out_facts || out_facts->size < sizeof ours)
        return CTX_ERR_INVALID;
    ours.partition = told->number;
    ours.requests = told->requests;
    ours.keys = told->estimate->curve.objects;
    ours.sampled_keys = told->sampled_keys;
    ours.wanted_keys = told->wanted_keys;
    ours.rate = told->rate;
    ours.ceiling =
        ctxi_told_ratio((double)ctxi_curve_ceiling(&told->estimate->curve), (double)told->requests);
    ours.is_enough = ctxi_told_is_enough(told);
    ours.is_current = told->is_current;
    ours.in_bytes = curve->in_bytes;
    ours.forgotten = told->forgotten;
    ctxi_versioned_write(out_facts, out_facts->size, sizeof ours, &ours, sizeof ours);
    return CTX_OK;
}

size_t ctx_cache_curve_points(const ctx_cache_curve *curve, size_t which,
                              ctx_cache_point *out_points, size_t room)
{
    const struct ctxi_told *told = ctxi_told_at(curve, which);

    if (!told || (room && !out_points))
        return 0;
    for (size_t b = 0; b < told->estimate->curve.count && b < room; b++)
        out_points[b] = ctxi_told_point(curve, told, b);
    return told->estimate->curve.count;
}

int ctx_cache_curve_at(const ctx_cache_curve *curve, size_t which, uint64_t capacity,
                       ctx_cache_point *out_point)
{
    const struct ctxi_told *told = ctxi_told_at(curve, which);

    if (!told || !out_point)
        return CTX_ERR_INVALID;
    *out_point = ctxi_told_point(curve, told,
                                 ctxi_curve_bucket(&told->estimate->curve,
                                                   ctxi_told_capacity(curve, capacity)));
    return CTX_OK;
}
