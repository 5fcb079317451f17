#include "curve/shares.h"

#include <stdbool.h>

#include "ctxcache/status.h"
#include "curve/blocks.h"

void ctxi_shares_equal(uint32_t count, uint64_t total, uint64_t *out_shares)
{
    for (uint32_t i = 0; i < count; i++)
        out_shares[i] = total / count + (i < total % count);
}

void ctxi_shares_proportional(const struct ctxi_curve *curves, uint32_t count, uint64_t total,
                              uint64_t *out_shares)
{
    double requests = 0;

    for (uint32_t i = 0; i < count; i++)
        requests += (double)curves[i].requests;
    for (uint32_t i = 0; i < count; i++)
        out_shares[i] =
            requests > 0 ? (uint64_t)((double)total * (double)curves[i].requests / requests) : 0;
}

uint64_t ctxi_shares_hits(const struct ctxi_curve *curves, uint32_t count, const uint64_t *shares)
{
    uint64_t hits = 0;

    for (uint32_t i = 0; i < count; i++)
        hits += ctxi_curve_hits(&curves[i], shares[i]);
    return hits;
}

/* ---- who is next -------------------------------------------------------------------------- */

/* One tenant, and the corners of its curve that are worth a step: for greedy shares every bucket is
 * one, for lookahead those of the hull. */
struct tenant {
    const struct ctxi_curve *curve;
    uint64_t share, hits; /* now */
    uint32_t *corners;    /* buckets, in order; NULL: all */
    size_t at, end;       /* the next corner, and where they end */
    double slope;         /* hits for each unit up to the next corner; 0: none is left */
};

struct division {
    struct tenant *tenants;
    uint32_t *heap; /* [count] tenants, the one with the steepest slope first */
    uint32_t count;
    uint64_t left; /* of the total */
};

static size_t corner_of(const struct tenant *tenant)
{
    return tenant->corners ? tenant->corners[tenant->at] : tenant->at;
}

static double slope_to(const struct tenant *tenant, size_t bucket)
{
    uint64_t hits = tenant->curve->hits[bucket];

    if (hits <= tenant->hits)
        return 0;
    return (double)(hits - tenant->hits) /
           (double)(ctxi_curve_capacity(tenant->curve, bucket) - tenant->share);
}

static void find_slope(struct tenant *tenant)
{
    tenant->slope = tenant->at < tenant->end ? slope_to(tenant, corner_of(tenant)) : 0;
}

static bool is_before(const struct division *division, uint32_t a, uint32_t b)
{
    double left = division->tenants[a].slope, right = division->tenants[b].slope;

    return left > right || (left == right && a < b);
}

static void sink(struct division *division, uint32_t at)
{
    uint32_t *heap = division->heap, tenant = heap[at];

    for (uint32_t child = 2 * at + 1; child < division->count; child = 2 * at + 1) {
        if (child + 1 < division->count && is_before(division, heap[child + 1], heap[child]))
            child++;
        if (!is_before(division, heap[child], tenant))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = tenant;
}

/* ---- the hull ----------------------------------------------------------------------------- */

/* Whether `middle` lies on or below the line from the corner before it to `bucket`. */
static bool is_hidden(const struct tenant *tenant, size_t before, size_t middle, size_t bucket)
{
    const struct ctxi_curve *curve = tenant->curve;
    uint64_t c = before ? ctxi_curve_capacity(curve, before) : tenant->share;
    uint64_t h = before ? curve->hits[before] : tenant->hits;
    double up = (double)(curve->hits[middle] - h), far = (double)(curve->hits[bucket] - h);

    return up * (double)(ctxi_curve_capacity(curve, bucket) - c) <=
           far * (double)(ctxi_curve_capacity(curve, middle) - c);
}

/* The corners that lie within `most` more than the share now (Andrew's monotone chain). */
static void find_corners(struct tenant *tenant, uint64_t most)
{
    size_t first = ctxi_curve_bucket(tenant->curve, tenant->share) + 1;
    size_t last = ctxi_curve_bucket(tenant->curve, tenant->share + most);
    size_t count = 0;

    for (size_t bucket = first; bucket <= last; bucket++) {
        while (count > 0 && is_hidden(tenant, count > 1 ? tenant->corners[count - 2] : 0,
                                      tenant->corners[count - 1], bucket))
            count--;
        tenant->corners[count++] = (uint32_t)bucket;
    }
    tenant->at = 0;
    tenant->end = count;
    find_slope(tenant);
}

/* ---- dividing ----------------------------------------------------------------------------- */

static void step(struct division *division, struct tenant *tenant, uint64_t cost)
{
    tenant->share += cost;
    tenant->hits = tenant->curve->hits[corner_of(tenant)];
    tenant->at++;
    division->left -= cost;
    find_slope(tenant);
}

/* The next step of the first in the heap, or what it can still afford. */
static void serve(struct division *division, struct tenant *tenant)
{
    uint64_t cost = ctxi_curve_capacity(tenant->curve, corner_of(tenant)) - tenant->share;

    if (cost <= division->left)
        step(division, tenant, cost);
    else if (tenant->corners)
        find_corners(tenant, division->left);
    else
        tenant->slope = 0;
}

static void divide(struct division *division)
{
    for (uint32_t i = division->count; i-- > 0;)
        sink(division, i);
    while (division->left > 0 && division->tenants[division->heap[0]].slope > 0) {
        serve(division, &division->tenants[division->heap[0]]);
        sink(division, 0);
    }
}

/* ---- making ------------------------------------------------------------------------------- */

static bool begin(struct division *division, struct tenant *tenant, uint32_t *corners)
{
    if (tenant->share > division->left)
        return false;
    division->left -= tenant->share;
    tenant->hits = ctxi_curve_hits(tenant->curve, tenant->share);
    tenant->corners = corners;
    tenant->at = ctxi_curve_bucket(tenant->curve, tenant->share) + 1;
    tenant->end = tenant->curve->count;
    return true;
}

/* CTX_ERR_INVALID: the floors are more than there is. */
static int fill(struct division *division, const struct ctxi_curve *curves, const uint64_t *floors,
                uint32_t *corners)
{
    for (uint32_t i = 0; i < division->count; i++) {
        struct tenant *tenant = &division->tenants[i];

        division->heap[i] = i;
        tenant->curve = &curves[i];
        tenant->share = floors ? floors[i] : 0;
        if (!begin(division, tenant, corners))
            return CTX_ERR_INVALID;
        if (corners)
            corners += curves[i].count;
    }
    for (uint32_t i = 0; i < division->count; i++)
        if (corners)
            find_corners(&division->tenants[i], division->left);
        else
            find_slope(&division->tenants[i]);
    return CTX_OK;
}

static size_t count_buckets(const struct ctxi_curve *curves, uint32_t count)
{
    size_t buckets = 0;

    for (uint32_t i = 0; i < count; i++)
        buckets += curves[i].count;
    return buckets;
}

static int divide_total(const struct ctxi_curve *curves, uint32_t count, uint64_t total,
                        const uint64_t *floors, bool lookahead, const ctx_allocator *allocator,
                        uint64_t *out_shares)
{
    struct ctxi_blocks blocks = ctxi_blocks_of(allocator);
    struct division division = {.count = count, .left = total};
    uint32_t *corners = NULL;
    int r = CTX_ERR_NOMEM;

    division.tenants = ctxi_blocks_take(&blocks, count, sizeof *division.tenants);
    division.heap = ctxi_blocks_take(&blocks, count, sizeof *division.heap);
    if (lookahead)
        corners = ctxi_blocks_take(&blocks, count_buckets(curves, count), sizeof *corners);
    if (division.tenants && division.heap && (corners || !lookahead))
        r = fill(&division, curves, floors, corners);
    if (r == CTX_OK && count > 0)
        divide(&division);
    for (uint32_t i = 0; r == CTX_OK && i < count; i++)
        out_shares[i] = division.tenants[i].share;
    ctxi_blocks_free(&blocks);
    return r;
}

int ctxi_shares_greedy(const struct ctxi_curve *curves, uint32_t count, uint64_t total,
                       const uint64_t *floors, const ctx_allocator *allocator, uint64_t *out_shares)
{
    return divide_total(curves, count, total, floors, false, allocator, out_shares);
}

int ctxi_shares_lookahead(const struct ctxi_curve *curves, uint32_t count, uint64_t total,
                          const uint64_t *floors, const ctx_allocator *allocator,
                          uint64_t *out_shares)
{
    return divide_total(curves, count, total, floors, true, allocator, out_shares);
}
