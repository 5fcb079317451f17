/*
 * advice.c: how large a cache should be, and what dividing it would bring, by the curves that it told.
 */
#include "base/versioned.h"
#include "cache/curve.h"
#include "curve/shares.h"

#define NEAR_BEST 0.01 /* of all requests, below the ceiling */
#define ROUNDING  1e-9 /* that sums of ratios may be off by */

/* ---- how large ---------------------------------------------------------------------------- */

/* The smallest capacity with so many hits, and one at least: no capacity at all is nobody's advice. The
 * library does not link libm. */
static ctx_cache_point reaching(const ctx_cache_curve *curve, const struct ctxi_told *told,
                                double hits)
{
    uint64_t whole = hits > 1 ? (uint64_t)hits : 1;

    whole += (double)whole < hits;
    return ctxi_told_point(curve, told, ctxi_curve_reaching(&told->estimate->curve, whole));
}

int ctx_cache_curve_reach(const ctx_cache_curve *curve, size_t which, double hit_ratio,
                          ctx_cache_point *out_point)
{
    const struct ctxi_told *told = ctxi_told_at(curve, which);
    double hits;

    if (!told || !out_point || !(hit_ratio >= 0 && hit_ratio <= 1))
        return CTX_ERR_INVALID;
    *out_point = (ctx_cache_point){0, 0, 0, 0};
    /* of a ratio that a point has, as many hits as the point */
    hits = hit_ratio * (double)told->requests * (1 - ROUNDING);
    if (!ctxi_told_can_advise(told) || hits > (double)ctxi_curve_ceiling(&told->estimate->curve))
        return CTX_ABSENT;
    *out_point = reaching(curve, told, hits);
    return CTX_OK;
}

int ctx_cache_advise(const ctx_cache_curve *curve, ctx_cache_advice *out_advice)
{
    const struct ctxi_told *told = ctxi_told_at(curve, 0);
    ctx_cache_advice ours = CTX_CACHE_ADVICE_INIT;
    double most;
    int r = CTX_ABSENT;

    if (!told || !out_advice || out_advice->size < sizeof ours)
        return CTX_ERR_INVALID;
    most = (double)ctxi_curve_ceiling(&told->estimate->curve);
    if (ctxi_told_can_advise(told)) {
        ours.reach_90 = reaching(curve, told, 0.90 * most);
        ours.reach_95 = reaching(curve, told, 0.95 * most);
        ours.reach_99 = reaching(curve, told, 0.99 * most);
        ours.near_best = reaching(curve, told, most - NEAR_BEST * (double)told->requests);
        ours.knee = ctxi_told_point(curve, told, ctxi_curve_knee(&told->estimate->curve));
        ours.ceiling = ctxi_told_ratio(most, (double)told->requests);
        ours.in_bytes = curve->in_bytes;
        r = CTX_OK;
    }
    ctxi_versioned_write(out_advice, out_advice->size, sizeof ours, &ours, sizeof ours);
    return r;
}

/* ---- for whom ----------------------------------------------------------------------------- */

/* What each would have; the whole stands before them. */
struct division {
    const ctx_cache_curve *curve;
    const struct ctxi_told *told; /* [count] */
    size_t count;
    uint64_t total; /* as the curves count */
    struct ctxi_curve *curves;
    uint64_t *shares;
};

/* Hits of one in a cache of this capacity that all share. */
static double shared_hits(const struct ctxi_told *told, uint64_t capacity)
{
    double misses = told->shared->cold, all = (double)told->requests;
    uint64_t bucket = ctxi_scale_bucket(CTXI_LIVE_BITS, capacity);

    if (ctxi_scale_bound(CTXI_LIVE_BITS, bucket) <= capacity)
        bucket++;
    for (; bucket < CTXI_LIVE_BUCKETS; bucket++)
        misses += told->shared->far[bucket];
    return misses < all ? all - misses : 0;
}

static ctx_cache_quota quota_of(const struct division *division, size_t i)
{
    const struct ctxi_told *told = &division->told[i];
    size_t bucket = ctxi_curve_bucket(&told->estimate->curve, division->shares[i]);
    ctx_cache_point point = ctxi_told_point(division->curve, told, bucket);

    return (ctx_cache_quota){
        .partition = told->number,
        .is_current = told->is_current,
        .is_enough = ctxi_told_is_enough(told),
        .requests = told->requests,
        .capacity = ctxi_told_scaled(division->curve, division->shares[i]),
        .hit_ratio = point.hit_ratio,
        .low = point.low,
        .high = point.high,
        .shared_hit_ratio =
            ctxi_told_ratio(shared_hits(told, division->total), (double)told->requests),
    };
}

static void sum_up(const struct division *division, ctx_cache_split *split)
{
    double requests = 0, unsure = 0, hits = 0, low = 0, high = 0, shared = 0;

    for (size_t i = 0; i < division->count; i++) {
        ctx_cache_quota quota = quota_of(division, i);
        double all = (double)quota.requests;

        split->unsure += !quota.is_enough;
        unsure += quota.is_enough ? 0 : all;
        requests += all;
        hits += quota.hit_ratio * all;
        low += quota.low * all;
        high += quota.high * all;
        shared += quota.shared_hit_ratio * all;
    }
    split->count = division->count;
    split->unsure_requests = ctxi_told_ratio(unsure, requests);
    split->hit_ratio = ctxi_told_ratio(hits, requests);
    split->low = ctxi_told_ratio(low, requests);
    split->high = ctxi_told_ratio(high, requests);
    split->shared_hit_ratio = ctxi_told_ratio(shared, requests);
    split->sharing_is_better = split->low <= split->shared_hit_ratio + ROUNDING;
}

static int divide(struct division *division, struct ctxi_blocks *blocks)
{
    division->curves = ctxi_blocks_take(blocks, division->count, sizeof *division->curves);
    division->shares = ctxi_blocks_take(blocks, division->count, sizeof *division->shares);
    if (!division->curves || !division->shares)
        return CTX_ERR_NOMEM;
    for (size_t i = 0; i < division->count; i++)
        division->curves[i] = division->told[i].estimate->curve;
    return ctxi_shares_lookahead(division->curves, (uint32_t)division->count, division->total, NULL,
                                 blocks->allocator, division->shares);
}

static int find_quotas(const ctx_cache_curve *curve, uint64_t total, ctx_cache_quota *out_quotas,
                       size_t room, ctx_cache_split *split)
{
    struct ctxi_blocks blocks = ctxi_blocks_of(&curve->allocator);
    struct division division = {.curve = curve,
                                .told = curve->curves + 1,
                                .count = curve->count - 1,
                                .total = ctxi_told_capacity(curve, total)};
    int r = divide(&division, &blocks);

    for (size_t i = 0; r == CTX_OK && i < division.count && i < room; i++)
        out_quotas[i] = quota_of(&division, i);
    if (r == CTX_OK)
        sum_up(&division, split);
    ctxi_blocks_free(&blocks);
    return r;
}

int ctx_cache_quotas(const ctx_cache_curve *curve, uint64_t total, ctx_cache_quota *out_quotas,
                     size_t room, ctx_cache_split *out_split)
{
    ctx_cache_split ours = CTX_CACHE_SPLIT_INIT;
    int r = CTX_ABSENT;

    if (!curve || !out_split || out_split->size < sizeof ours || (room && !out_quotas))
        return CTX_ERR_INVALID;
    if (curve->count > 1 && ctxi_told_can_advise(&curve->curves[0]))
        r = find_quotas(curve, total, out_quotas, room, &ours);
    ctxi_versioned_write(out_split, out_split->size, sizeof ours, &ours, sizeof ours);
    return r;
}
