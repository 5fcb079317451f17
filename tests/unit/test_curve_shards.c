/*
 * The sampler: equal to exact curves where it samples everything, to a naive model of the paper where it
 * does not, and near exact curves on streams that are long enough.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "ctxcache/status.h"
#include "curve/shards.h"
#include "support/alloc.h"
#include "support/scale.h"
#include "support/stream_kit.h"
#include "tune/distances.h"

static uint64_t hash_of(uint32_t object, uint64_t seed)
{
    struct support_rng rng = support_rng_seeded(seed + object);

    return support_rng_next(&rng);
}

static struct ctxi_shards shards_of(double rate, uint32_t max_keys, bool weighted)
{
    struct ctxi_shards_options options = {rate, max_keys, weighted};
    struct ctxi_shards shards;

    cr_assert_eq(ctxi_shards_init(&shards, &options, ctxi_process_allocator()), CTX_OK);
    return shards;
}

static void observe(struct ctxi_shards *shards, const struct ctxi_stream *stream, uint64_t seed)
{
    for (size_t i = 0; i < stream->request_count; i++)
        ctxi_shards_observe(shards, hash_of(stream->objects[i], seed),
                            stream->sizes ? stream->sizes[i] : 1);
}

static struct ctxi_estimate *estimate_of(const struct ctxi_shards *shards, uint64_t requests)
{
    struct ctxi_estimate *estimate;

    cr_assert_eq(ctxi_shards_estimate(shards, requests, ctxi_process_allocator(), &estimate),
                 CTX_OK);
    return estimate;
}

/* ---- everything sampled ------------------------------------------------------------------- */

static void expect_exact(const struct drawn *drawn, bool bytes)
{
    struct ctxi_shards shards = shards_of(1, drawn->stream.object_count, bytes);
    struct ctxi_estimate *estimate;
    struct ctxi_curves *exact;

    observe(&shards, &drawn->stream, 1);
    estimate = estimate_of(&shards, drawn->stream.request_count);
    cr_assert_eq(ctxi_curves_compute(&drawn->stream, bytes ? CTXI_CURVES_BYTES : 0, 0,
                                     ctxi_process_allocator(), &exact),
                 CTX_OK);
    /* Both are exact where both have a bound. */
    for (size_t b = 0; b < estimate->curve.count; b++) {
        uint64_t capacity = ctxi_curve_capacity(&estimate->curve, b);

        cr_assert_eq(estimate->curve.hits[b], ctxi_curve_hits(&exact->overall, capacity));
        cr_assert_eq(estimate->low[b], estimate->curve.hits[b]);
        cr_assert_eq(estimate->high[b], estimate->curve.hits[b]);
    }
    cr_assert_eq(ctxi_curve_ceiling(&estimate->curve), ctxi_curve_ceiling(&exact->overall));
    cr_assert(ctxi_shards_is_enough(&shards));
    ctxi_curves_free(exact);
    ctxi_estimate_free(estimate);
    ctxi_shards_fini(&shards);
}

Test(curve_shards, everything_sampled_is_exact)
{
    struct support_rng rng = support_rng_seeded(support_seed("curve_shards"));

    for (long round = 0; round < scaled(30); round++) {
        struct drawing drawing = {.requests = 3000,
                                  .objects = 1 + (uint32_t)support_rng_below(&rng, 600),
                                  .tenants = 1,
                                  .sizes = round % 2 == 0};
        struct drawn drawn = draw_stream(&rng, &drawing);

        expect_exact(&drawn, drawing.sizes);
        drawn_free(&drawn);
    }
}

/* ---- the model ---------------------------------------------------------------------------- */

enum { KEYS = 512, FAR = 1 << 16, GROUPS = 8 };

/* Sampled hashes, the newest first; requests by scaled distance. */
static struct {
    uint64_t hashes[KEYS], threshold;
    size_t count;
    double far[FAR][GROUPS], cold[GROUPS];
} model;

static size_t model_group(uint64_t hash)
{
    return (hash * 0x9e3779b97f4a7c15u) >> 61;
}

static double model_rate(void)
{
    return model.threshold == UINT64_MAX ? 1 : (double)model.threshold * 0x1p-64;
}

static void model_remove(size_t place)
{
    memmove(model.hashes + place, model.hashes + place + 1,
            (--model.count - place) * sizeof model.hashes[0]);
}

static void model_insert(uint64_t hash)
{
    memmove(model.hashes + 1, model.hashes, model.count++ * sizeof model.hashes[0]);
    model.hashes[0] = hash;
}

/* A key more than there may be: the one with the largest hash goes. Whether it was the newest. */
static bool model_shrink(void)
{
    size_t largest = 0;

    for (size_t i = 0; i < model.count; i++)
        if (model.hashes[i] > model.hashes[largest])
            largest = i;
    model.threshold = model.hashes[largest];
    model_remove(largest);
    return largest == 0;
}

static void model_observe(uint64_t hash, size_t max_keys)
{
    size_t place = 0;

    if (hash >= model.threshold)
        return;
    while (place < model.count && model.hashes[place] != hash)
        place++;
    if (place < model.count) {
        double scaled = (double)place / model_rate() + 1;

        model.far[scaled < FAR ? (size_t)(scaled + 0.5) : FAR - 1][model_group(hash)] +=
            1 / model_rate();
        model_remove(place);
        model_insert(hash);
        return;
    }
    model_insert(hash);
    if (model.count > max_keys && model_shrink())
        return;
    model.cold[model_group(hash)] += 1 / model_rate();
}

struct groups {
    double of[GROUPS];
};

/* Requests by group that are further away than `capacity`, up to `further`. */
static void model_add(struct groups *misses, size_t capacity, size_t further)
{
    for (size_t i = capacity + 1; i <= further && i < FAR; i++)
        for (size_t g = 0; g < GROUPS; g++)
            misses->of[g] += model.far[i][g];
}

static double moment(const struct groups *a, const struct groups *b)
{
    double sum_a = 0, sum_b = 0, products = 0;

    for (size_t g = 0; g < GROUPS; g++) {
        sum_a += a->of[g];
        sum_b += b->of[g];
        products += a->of[g] * b->of[g];
    }
    return products - sum_a * sum_b / GROUPS;
}

/* The textbook's regression of misses on requests, if it explains half of them, corrected to the requests
 * that there were. NAN: it explains just half, and rounding decides. */
static double model_hits(const struct groups *misses, const struct groups *all, double requests)
{
    double both = moment(misses, all), x = moment(all, all), lacking = requests, hits = requests;
    double half = 0.5 * x * moment(misses, misses);

    for (size_t g = 0; g < GROUPS; g++) {
        lacking -= all->of[g];
        hits -= misses->of[g];
    }
    if (fabs(half - both * both) < 1e-9 * half)
        return NAN;
    if (both > 0 && both * both > half)
        hits -= fmin(both / x, 1) * lacking;
    return fmin(fmax(hits, 0), requests);
}

static void compare_with_model(const struct ctxi_shards *shards, uint64_t requests)
{
    struct ctxi_estimate *estimate = estimate_of(shards, requests);
    const struct ctxi_curve *curve = &estimate->curve;
    struct groups misses, all;
    size_t further = FAR;
    double above = (double)requests;

    memcpy(misses.of, model.cold, sizeof misses.of);
    all = misses;
    model_add(&all, 0, FAR);
    for (size_t b = curve->count - 1; b > 0; b--) {
        double hits;

        model_add(&misses, ctxi_curve_capacity(curve, b), further);
        further = ctxi_curve_capacity(curve, b);
        hits = model_hits(&misses, &all, (double)requests);
        above = isnan(hits) ? (double)curve->hits[b] : fmin(above, hits);
        cr_assert(fabs((double)curve->hits[b] - above) < 1, "%zu, the model has %g",
                  (size_t)curve->hits[b], above);
        cr_assert_leq(estimate->low[b], curve->hits[b]);
        cr_assert_geq(estimate->high[b], curve->hits[b]);
    }
    ctxi_estimate_free(estimate);
}

Test(curve_shards, fixed_rate_and_fixed_size_are_the_model)
{
    struct support_rng rng = support_rng_seeded(support_seed("curve_shards"));

    for (long round = 0; round < scaled(40); round++) {
        struct drawing drawing = {.requests = 5000, .objects = 400, .tenants = 1};
        struct drawn drawn = draw_stream(&rng, &drawing);
        double rate = round % 2 == 0 ? 1 : 0.3;
        uint32_t max_keys = round % 4 == 1 ? KEYS - 1 : 1 + (uint32_t)support_rng_below(&rng, 80);
        uint64_t seed = support_rng_next(&rng), before = UINT64_MAX;
        struct ctxi_shards shards = shards_of(rate, max_keys, false);

        memset(&model, 0, sizeof model);
        model.threshold = rate < 1 ? (uint64_t)(rate * 0x1p64) : UINT64_MAX;
        for (size_t i = 0; i < 5000; i++) {
            uint64_t hash = hash_of(drawn.objects[i], seed);

            ctxi_shards_observe(&shards, hash, 1);
            model_observe(hash, max_keys);
            cr_assert_eq(atomic_load(&shards.threshold), model.threshold);
            cr_assert_leq(model.threshold, before);
            cr_assert_eq(ctxi_shards_keys(&shards), model.count);
            before = model.threshold;
        }
        compare_with_model(&shards, 5000);
        ctxi_shards_fini(&shards);
        drawn_free(&drawn);
    }
}

/* ---- how near ----------------------------------------------------------------------------- */

/* How far the curve is off, on average over a hundred capacities, and how many of the intervals hold. */
struct error {
    double mean;
    int held;
};

static struct error error_of(const struct ctxi_stream *stream, uint32_t max_keys, uint64_t seed)
{
    struct ctxi_shards shards = shards_of(1, max_keys, false);
    struct ctxi_estimate *estimate;
    struct ctxi_curves *exact;
    struct error error = {0, 0};

    observe(&shards, stream, seed);
    estimate = estimate_of(&shards, stream->request_count);
    cr_assert_eq(ctxi_curves_compute(stream, 0, 0, ctxi_process_allocator(), &exact), CTX_OK);
    for (uint64_t i = 1; i <= 100; i++) {
        size_t b = ctxi_curve_bucket(&estimate->curve, stream->object_count * i / 100);
        uint64_t capacity = ctxi_curve_capacity(&estimate->curve, b);
        double hits = (double)ctxi_curve_hits(&exact->overall, capacity);

        error.mean += fabs((double)estimate->curve.hits[b] - hits) / 100;
        error.held += (double)estimate->low[b] <= hits && hits <= (double)estimate->high[b];
    }
    error.mean /= (double)stream->request_count;
    ctxi_curves_free(exact);
    ctxi_estimate_free(estimate);
    ctxi_shards_fini(&shards);
    return error;
}

/* Seeds are fixed: the error is a matter of chance, and this is no test of chance. */
Test(curve_shards, near_the_exact_curve)
{
    struct support_rng rng = support_rng_seeded(11);
    struct drawing drawing = {.requests = 1000000, .objects = 60000, .tenants = 1};
    struct drawn drawn = draw_stream(&rng, &drawing);

    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct error error = error_of(&drawn.stream, CTXI_SHARDS_ENOUGH, seed << 32);

        fprintf(stderr, "drawn: mean absolute error %.5f, %d %% of intervals hold\n", error.mean,
                error.held);
        cr_assert_lt(error.mean, 0.01);
        cr_assert_geq(error.held, 90);
    }
    drawn_free(&drawn);
}

static void expect_near(const char *name, const char *columns)
{
    char why[512];
    struct ctxi_trace *trace = recorded_trace(name, columns, why);
    struct ctxi_stream stream;
    double mean = 0, most = 0;
    int held = 0;

    if (!trace)
        cr_skip_test("%s", why);
    stream = ctxi_stream_of(trace);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct error error = error_of(&stream, CTXI_SHARDS_ENOUGH, seed << 32);

        mean += error.mean / 5;
        held += error.held;
        most = fmax(most, error.mean);
    }
    fprintf(stderr, "%s: mean absolute error %.5f, at most %.5f; %.0f %% of intervals hold\n", name,
            mean, most, held / 5.0);
    cr_assert_leq(mean, 0.005);
    cr_assert_leq(most, 0.01);
    cr_assert_geq(held, 5 * 90);
    ctxi_trace_free(trace);
}

Test(curve_shards, orm_busy)
{
    expect_near("orm-busy.trace.xz", NULL);
}

Test(curve_shards, p3)
{
    expect_near("p3.lis.gz", NULL);
}

Test(curve_shards, sprite)
{
    expect_near("sprite.trace.gz", NULL);
}

Test(curve_shards, lora_a)
{
    expect_near("lora-a.csv.gz", LORA_COLUMNS);
}

/* ---- limits ------------------------------------------------------------------------------- */

Test(curve_shards, memory_is_fixed_and_small)
{
    struct support_alloc memory;
    struct ctxi_shards_options options = {1, CTXI_SHARDS_ENOUGH, true};
    struct ctxi_shards shards;
    uint64_t before;

    support_alloc_init(&memory);
    cr_assert_eq(ctxi_shards_init(&shards, &options, &memory.allocator), CTX_OK);
    before = atomic_load(&memory.live_bytes);
    cr_assert_eq(before, ctxi_shards_bytes(&shards));
    cr_assert_leq(before, 1 << 20);
    for (uint32_t i = 0; i < 200000; i++)
        ctxi_shards_observe(&shards, hash_of(i % 70000, 5), i % 1000);
    cr_assert_eq(atomic_load(&memory.live_bytes), before);
    cr_assert_eq(ctxi_shards_keys(&shards), CTXI_SHARDS_ENOUGH);
    cr_assert(ctxi_shards_is_enough(&shards));
    ctxi_shards_fini(&shards);
    cr_assert_eq(atomic_load(&memory.live_bytes), 0);
}

Test(curve_shards, few_keys_are_not_enough)
{
    struct ctxi_shards shards = shards_of(1, CTXI_SHARDS_ENOUGH - 1, false);

    cr_assert(ctxi_shards_is_enough(&shards), "all there is is enough");
    for (uint32_t i = 0; i < 20000; i++)
        ctxi_shards_observe(&shards, hash_of(i, 5), 1);
    cr_assert_eq(ctxi_shards_keys(&shards), CTXI_SHARDS_ENOUGH - 1);
    cr_assert_not(ctxi_shards_is_enough(&shards));
    ctxi_shards_fini(&shards);
    shards = shards_of(0.01, 100000, false);
    for (uint32_t i = 0; i < 20000; i++)
        ctxi_shards_observe(&shards, hash_of(i, 5), 1);
    cr_assert_not(ctxi_shards_is_enough(&shards));
    ctxi_shards_fini(&shards);
}

Test(curve_shards, distances_beyond_all_buckets_are_counted)
{
    struct ctxi_shards shards = shards_of(1, 4, true);
    struct ctxi_estimate *estimate;

    /* Rates get so small that distances end in the last bucket. */
    for (uint32_t i = 0; i < 3000000; i++)
        ctxi_shards_observe(&shards, hash_of(i, 5), UINT32_MAX);
    for (int i = 0; i < 3; i++)
        for (uint32_t j = 0; j < 3000000; j++)
            if (ctxi_shards_wants(&shards, hash_of(j, 5)))
                ctxi_shards_count(&shards, hash_of(j, 5), UINT32_MAX);
    estimate = estimate_of(&shards, 12000000);
    cr_assert_geq(ctxi_curve_ceiling(&estimate->curve), 1);
    ctxi_estimate_free(estimate);
    ctxi_shards_fini(&shards);
}

Test(curve_shards, wrong_options)
{
    static const struct ctxi_shards_options wrong[] = {
        {0, 10, false}, {1.5, 10, false}, {NAN, 10, false}, {1, 0, false}, {1, 1u << 28, false}};
    struct ctxi_shards shards;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(ctxi_shards_init(&shards, &wrong[i], ctxi_process_allocator()),
                     CTX_ERR_INVALID);
}

Test(curve_shards, out_of_memory_at_any_moment)
{
    struct support_alloc memory;
    struct ctxi_shards_options options = {1, 100, true};
    struct ctxi_shards shards;
    struct ctxi_estimate *estimate;
    uint64_t nth = 0;

    support_alloc_init(&memory);
    for (int r = CTX_ERR_NOMEM; r != CTX_OK; nth++) {
        support_alloc_fail(&memory, nth, false);
        r = ctxi_shards_init(&shards, &options, &memory.allocator);
        cr_assert(r == CTX_OK || (r == CTX_ERR_NOMEM && atomic_load(&memory.live_bytes) == 0));
    }
    cr_assert_gt(nth, 5);
    nth = 0;
    for (int r = CTX_ERR_NOMEM; r != CTX_OK; nth++) {
        support_alloc_fail(&memory, nth, false);
        r = ctxi_shards_estimate(&shards, 10, &memory.allocator, &estimate);
        cr_assert_eq(r == CTX_OK, estimate != NULL);
    }
    cr_assert_gt(nth, 3);
    ctxi_estimate_free(estimate);
    ctxi_shards_fini(&shards);
    cr_assert_eq(atomic_load(&memory.live_bytes), 0);
}
