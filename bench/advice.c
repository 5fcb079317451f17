#include "advice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ctxcache.h>

#include "base/alloc.h"
#include "curve/shares.h"
#include "die.h"
#include "tune/floors.h"
#include "tune/whole.h"

const char *const advice_split_names[ADVICE_SPLITS] = {"shared", "floors", "lookahead",
                                                       "greedy", "equal",  "proportional"};

const char *const advice_split_abouts[ADVICE_SPLITS] = {
    [ADVICE_SHARED] = "one LRU cache for all, as it comes",
    [ADVICE_FLOORS] = "the same, and nobody falls below half of its lookahead quota",
    [ADVICE_LOOKAHEAD] = "quotas by lookahead (Qureshi and Patt 2006)",
    [ADVICE_GREEDY] = "quotas one entry at a time, to whom it is worth most",
    [ADVICE_EQUAL] = "the same quota for all",
    [ADVICE_PROPORTIONAL] = "quotas by the number of requests",
};

double advice_ratio(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

static void check(int r, const char *what)
{
    if (r != CTX_OK)
        die("%s: %s", what, ctx_strerror(r));
}

static struct ctxi_curves *compute(const struct ctxi_stream *stream, unsigned flags,
                                   uint64_t shared)
{
    struct ctxi_curves *curves;

    check(ctxi_curves_compute(stream, flags, shared, ctxi_process_allocator(), &curves),
          "the curve");
    return curves;
}

/* ---- how large ---------------------------------------------------------------------------- */

static void add_step(struct advice *advice, const char *name, size_t bucket)
{
    struct advice_step *step = &advice->steps[advice->step_count++];

    step->name = name;
    step->bucket = bucket;
}

/* The smallest capacity with this part of all gets as hits, and a hair less for rounding. */
static size_t reaching_ratio(const struct ctxi_curve *curve, double ratio)
{
    return ctxi_curve_reaching(curve, (uint64_t)ceil(ratio * (double)curve->requests - 1e-6));
}

static void find_steps(struct advice *advice, double want)
{
    static const struct {
        const char *name;
        double part;
    } parts[] = {{"reach_90", 0.90}, {"reach_95", 0.95}, {"reach_99", 0.99}};
    const struct ctxi_curve *curve = &advice->curves->overall;
    double ceiling = advice_ratio(ctxi_curve_ceiling(curve), curve->requests);

    add_step(advice, "knee", ctxi_curve_knee(curve));
    snprintf(advice->steps[0].about, sizeof advice->steps[0].about, "the knee");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        add_step(advice, parts[i].name, reaching_ratio(curve, parts[i].part * ceiling));
        snprintf(advice->steps[i + 1].about, sizeof advice->steps[i + 1].about,
                 "%.0f %% of what can be hit", 100 * parts[i].part);
    }
    add_step(advice, "within_1_point", reaching_ratio(curve, ceiling - 0.01));
    snprintf(advice->steps[4].about, sizeof advice->steps[4].about, "within one point of the best");
    advice->want = want;
    advice->want_missed = want > ceiling;
    if (want <= 0 || advice->want_missed)
        return;
    add_step(advice, "want", reaching_ratio(curve, want));
    snprintf(advice->steps[5].about, sizeof advice->steps[5].about, "a hit ratio of %g", want);
}

/* ---- for whom ----------------------------------------------------------------------------- */

static void divide(struct advice *advice, enum advice_split split)
{
    const struct ctxi_curve *curves = advice->curves->tenants;
    uint32_t count = advice->curves->tenant_count;
    uint64_t *shares = advice->shares[split];
    const ctx_allocator *allocator = ctxi_process_allocator();

    if (split == ADVICE_LOOKAHEAD)
        check(ctxi_shares_lookahead(curves, count, advice->total, NULL, allocator, shares),
              "shares");
    else if (split == ADVICE_GREEDY)
        check(ctxi_shares_greedy(curves, count, advice->total, NULL, allocator, shares), "shares");
    else if (split == ADVICE_EQUAL)
        ctxi_shares_equal(count, advice->total, shares);
    else
        ctxi_shares_proportional(curves, count, advice->total, shares);
    for (uint32_t i = 0; i < count; i++)
        advice->hits[split][i] = ctxi_curve_hits(&curves[i], shares[i]);
}

static uint64_t sum_of(const uint64_t *values, uint32_t count)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

/* Half of what lookahead would give each: enough to live on, and the other half is for who needs it. */
static void find_floors(struct advice *advice, const struct ctxi_stream *stream)
{
    uint32_t count = advice->curves->tenant_count;
    uint64_t *hits = advice->hits[ADVICE_FLOORS], *shares = advice->shares[ADVICE_FLOORS];
    uint64_t *floors = die_calloc(count, sizeof *floors);

    for (uint32_t i = 0; i < count; i++) {
        shares[i] = advice->shares[ADVICE_LOOKAHEAD][i] / 2;
        floors[i] =
            ctxi_is_sample(stream->rate) ? (uint64_t)((double)shares[i] * stream->rate) : shares[i];
    }
    check(ctxi_floors_run(stream, ctxi_sample_entries(stream->rate, advice->total), floors,
                          ctxi_process_allocator(), hits),
          "floors");
    for (uint32_t i = 0; i < count; i++)
        hits[i] = ctxi_whole_count(stream->rate, hits[i]);
    free(floors);
}

static void find_splits(struct advice *advice, const struct ctxi_stream *stream)
{
    uint32_t count = advice->curves->tenant_count;

    for (enum advice_split split = 0; split < ADVICE_SPLITS; split++) {
        if (split == ADVICE_GREEDY && ctxi_is_sample(stream->rate))
            continue; /* entries of which the sample has none are worth nothing to it */
        advice->hits[split] = die_calloc(count, sizeof *advice->hits[split]);
        if (split != ADVICE_SHARED)
            advice->shares[split] = die_calloc(count, sizeof *advice->shares[split]);
        if (split > ADVICE_FLOORS)
            divide(advice, split);
    }
    memcpy(advice->hits[ADVICE_SHARED], advice->curves->shared_hits,
           count * sizeof *advice->curves->shared_hits);
    find_floors(advice, stream);
    advice->best = ADVICE_LOOKAHEAD;
    for (enum advice_split split = 0; split < ADVICE_SPLITS; split++) {
        if (!advice->hits[split])
            continue;
        advice->split_hits[split] = sum_of(advice->hits[split], count);
        if (split > ADVICE_FLOORS && advice->split_hits[split] > advice->split_hits[advice->best])
            advice->best = split;
    }
}

/* ---- without the tenant in the key -------------------------------------------------------- */

struct named {
    uint64_t key;
    uint32_t object;
};

static int by_key(const void *left, const void *right)
{
    const struct named *a = left, *b = right;

    return (a->key > b->key) - (a->key < b->key);
}

/* Numbers for the keys alone: merged[object]. Returns how many. */
static uint32_t merge_objects(const struct ctxi_trace *trace, uint32_t *merged)
{
    struct named *named = die_calloc(trace->object_count, sizeof *named);
    uint32_t count = 0;

    for (uint32_t i = 0; i < trace->object_count; i++)
        named[i] = (struct named){trace->object_keys[i], i};
    qsort(named, trace->object_count, sizeof *named, by_key);
    for (uint32_t i = 0; i < trace->object_count; i++) {
        count += i == 0 || named[i].key != named[i - 1].key;
        merged[named[i].object] = count - 1;
    }
    free(named);
    return count;
}

static void find_merged(struct advice *advice, struct ctxi_stream stream)
{
    uint32_t *merged = die_calloc(stream.object_count, sizeof *merged);
    uint32_t *objects = die_calloc(stream.request_count, sizeof *objects);
    struct ctxi_curves *curves;

    stream.object_count = merge_objects(advice->trace, merged);
    for (size_t i = 0; i < stream.request_count; i++)
        objects[i] = merged[stream.objects[i]];
    stream.objects = objects;
    stream.tenant_count = 1;
    stream.request_tenants = stream.object_tenants = NULL;
    curves = compute(&stream, 0, 0);
    advice->merged_objects = curves->overall.objects;
    advice->merged_hits = ctxi_curve_hits(&curves->overall, advice->total);
    advice->merged_ceiling = ctxi_curve_ceiling(&curves->overall);
    ctxi_curves_free(curves);
    free(objects);
    free(merged);
}

/* ---- all of it ---------------------------------------------------------------------------- */

void advice_find(struct advice *advice, const char *path, const struct ctxi_trace *trace,
                 uint64_t total, double want)
{
    struct ctxi_stream stream = ctxi_stream_of(trace);

    *advice = (struct advice){.path = path, .trace = trace, .has_tenants = trace->tenant_count > 1};
    advice->curves = compute(&stream, CTXI_CURVES_TENANTS, total);
    find_steps(advice, want);
    advice->total = total;
    if (total == 0) {
        advice->total = ctxi_curve_capacity(&advice->curves->overall, advice->steps[0].bucket);
        if (advice->has_tenants) {
            ctxi_curves_free(advice->curves);
            advice->curves = compute(&stream, CTXI_CURVES_TENANTS, advice->total);
        }
    }
    if (advice->has_tenants && advice->total > 0) {
        find_splits(advice, &stream);
        if (!trace->apart)
            find_merged(advice, stream);
    }
    if (trace->sizes && trace->loads_ns)
        advice->bytes = compute(&stream, CTXI_CURVES_BYTES, 0);
}

void advice_free(struct advice *advice)
{
    for (enum advice_split split = 0; split < ADVICE_SPLITS; split++) {
        free(advice->shares[split]);
        free(advice->hits[split]);
    }
    ctxi_curves_free(advice->curves);
    ctxi_curves_free(advice->bytes);
}
