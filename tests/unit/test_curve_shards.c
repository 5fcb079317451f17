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
    struct ctxi_shards_options options = {.rate = rate, .max_keys = max_keys, .weighted = weighted};
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

/* How many of a hundred intervals for the hit ratio hold, of who has nothing but the sample. */
static int held_by_the_sample_alone(const struct ctxi_stream *stream,
                                    const struct ctxi_curve *exact, bool guessed, uint64_t seed)
{
    struct ctxi_shards_options options = {.rate = 0.1,
                                          .max_keys = stream->object_count,
                                          .guessed = guessed};
    struct ctxi_shards shards;
    struct ctxi_estimate *estimate;
    uint64_t sampled = 0;
    int held = 0;

    cr_assert_eq(ctxi_shards_init(&shards, &options, ctxi_process_allocator()), CTX_OK);
    observe(&shards, stream, seed);
    for (size_t i = 0; i < stream->request_count; i++)
        sampled += ctxi_shards_wants(&shards, hash_of(stream->objects[i], seed));
    estimate = estimate_of(&shards, 10 * sampled);
    for (uint64_t i = 1; i <= 100; i++) {
        size_t b = ctxi_curve_bucket(&estimate->curve, stream->object_count * i / 100);
        uint64_t capacity = ctxi_curve_capacity(&estimate->curve, b);
        double hits = (double)ctxi_curve_hits(exact, capacity) / (double)exact->requests *
                      (double)estimate->curve.requests;

        held += (double)estimate->low[b] <= hits && hits <= (double)estimate->high[b];
    }
    ctxi_estimate_free(estimate);
    ctxi_shards_fini(&shards);
    return held;
}

/* Who does not know how many requests there were is less sure, and says so. */
Test(curve_shards, requests_that_are_guessed)
{
    enum { SEEDS = 10 };
    struct support_rng rng = support_rng_seeded(11);
    struct drawing drawing = {.requests = 300000, .objects = 60000, .tenants = 1};
    struct drawn drawn = draw_stream(&rng, &drawing);
    struct ctxi_curves *exact;
    int held = 0, mistaken = 0;

    /* One request in forty is for the first key, half of all are for one key in eight. */
    for (size_t i = 0; i < drawing.requests; i++) {
        double drawn_at = (double)support_rng_below(&rng, 1000000) / 1e6;

        drawn.objects[i] = (uint32_t)(drawing.objects * drawn_at * drawn_at * drawn_at);
    }
    cr_assert_eq(ctxi_curves_compute(&drawn.stream, 0, 0, ctxi_process_allocator(), &exact),
                 CTX_OK);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        held += held_by_the_sample_alone(&drawn.stream, &exact->overall, true, seed << 32);
        mistaken += held_by_the_sample_alone(&drawn.stream, &exact->overall, false, seed << 32);
    }
    fprintf(stderr, "guessed: %d of %d intervals hold, %d if they were known\n", held, 100 * SEEDS,
            mistaken);
    /* A sample without the first key, as nine in ten are, cannot know of it. */
    cr_assert_geq(held, 80 * SEEDS);
    cr_assert_lt(mistaken, held - 5 * SEEDS);
    ctxi_curves_free(exact);
    drawn_free(&drawn);
}

enum { COVERED = 400, COVERED_KEYS = 5000 };

/* How often a key is asked for, all in a row: most of them once, which makes its misses another matter. */
static uint64_t times_of(uint32_t key)
{
    return key % 10 ? 1 : 100;
}

/*
 * All that can be hit is hit by one entry, so that the upper bound there is that of the groups alone: it is
 * below the truth in 2.5 of 100 samples. Of so many it is 10, give or take 3.1 (binomial); with the quantile
 * for 91 % instead of 97.5 %, 36. Seeds are fixed.
 */
Test(curve_shards, bounds_hold_as_often_as_they_say)
{
    uint64_t requests = 0;
    int missed = 0;

    for (uint32_t key = 0; key < COVERED_KEYS; key++)
        requests += times_of(key);
    for (uint64_t seed = 1; seed <= COVERED; seed++) {
        struct ctxi_shards shards = shards_of(0.1, COVERED_KEYS, false);
        struct ctxi_estimate *estimate;

        for (uint32_t key = 0; key < COVERED_KEYS; key++) {
            uint64_t hash = hash_of(key, seed << 32);

            ctxi_shards_observe(&shards, hash, 1);
            if (times_of(key) > 1)
                ctxi_shards_count_again(&shards, hash, times_of(key) - 1);
        }
        estimate = estimate_of(&shards, requests);
        cr_assert_eq(estimate->curve.count, 2);
        missed += estimate->high[1] < requests - COVERED_KEYS;
        ctxi_estimate_free(estimate);
        ctxi_shards_fini(&shards);
    }
    fprintf(stderr, "%d of %d bounds do not hold\n", missed, COVERED);
    cr_assert_geq(missed, 2);
    cr_assert_leq(missed, 20);
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
    struct ctxi_shards_options options = {.rate = 1,
                                          .max_keys = CTXI_SHARDS_ENOUGH,
                                          .weighted = true};
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
    static const struct ctxi_shards_options wrong[] = {{.rate = 0, .max_keys = 10},
                                                       {.rate = 1.5, .max_keys = 10},
                                                       {.rate = NAN, .max_keys = 10},
                                                       {.rate = 1, .max_keys = 0},
                                                       {.rate = 1, .max_keys = 1u << 28},
                                                       {.rate = 1, .max_keys = 10, .bits = 8}};
    struct ctxi_shards shards;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(ctxi_shards_init(&shards, &wrong[i], ctxi_process_allocator()),
                     CTX_ERR_INVALID);
}

/* ---- what is no request, and what stores nothing ------------------------------------------ */

/* The hits of so many requests, by capacity; the last one is the ceiling. */
static void expect_hits(const struct ctxi_shards *shards, uint64_t requests, const uint64_t *hits,
                        size_t count)
{
    struct ctxi_estimate *estimate = estimate_of(shards, requests);

    for (size_t c = 0; c < count; c++)
        cr_expect_eq(ctxi_curve_hits(&estimate->curve, c), hits[c], "capacity %zu: %llu", c,
                     (unsigned long long)ctxi_curve_hits(&estimate->curve, c));
    ctxi_estimate_free(estimate);
}

Test(curve_shards, a_put_is_a_use_but_no_request)
{
    struct ctxi_shards shards = shards_of(1, 10, false);

    ctxi_shards_put(&shards, 1, 1);
    ctxi_shards_put(&shards, 2, 1);
    cr_expect_eq(ctxi_shards_count(&shards, 1, 1).distance, 2);
    ctxi_shards_put(&shards, 2, 1);
    ctxi_shards_put(&shards, 1, 1);
    cr_expect_eq(ctxi_shards_count(&shards, 2, 1).distance, 2);
    expect_hits(&shards, 2, (uint64_t[]){0, 0, 2, 2}, 4);
    ctxi_shards_fini(&shards);
}

Test(curve_shards, what_stored_nothing_is_found_by_nobody)
{
    struct ctxi_shards shards = shards_of(1, 10, false);

    cr_expect_eq(ctxi_shards_count_lost(&shards, 1).distance, CTXI_SHARDS_NOWHERE);
    cr_expect_eq(ctxi_shards_keys(&shards), 0);
    cr_expect_eq(ctxi_shards_count_lost(&shards, 1).distance, CTXI_SHARDS_NOWHERE);
    ctxi_shards_count(&shards, 1, 1);
    ctxi_shards_count(&shards, 2, 1);
    cr_expect_eq(ctxi_shards_count_lost(&shards, 1).distance, 2, "a larger cache has it yet");
    expect_hits(&shards, 5, (uint64_t[]){0, 0, 1, 1}, 4);
    cr_expect_eq(ctxi_shards_count(&shards, 2, 1).distance, 2, "and it is the newest there");
    ctxi_shards_fini(&shards);
}

Test(curve_shards, what_was_forgotten_is_found_by_nobody)
{
    struct ctxi_shards shards = shards_of(1, 2, true);

    ctxi_shards_count(&shards, 5, 10);
    ctxi_shards_count(&shards, 6, 20);
    ctxi_shards_forget(&shards, 6);
    ctxi_shards_forget(&shards, 6);
    ctxi_shards_forget(&shards, 7);
    cr_expect_eq(ctxi_shards_count_same(&shards, 5).distance, 10, "it is the newest again");
    cr_expect_eq(ctxi_shards_count(&shards, 6, 30).distance, CTXI_SHARDS_NOWHERE);
    cr_expect_eq(ctxi_shards_count_same(&shards, 5).distance, 40);
    ctxi_shards_forget(&shards, 6);
    ctxi_shards_count(&shards, 1, 1); /* takes the room of 6, which is on no stack */
    cr_expect_eq(ctxi_shards_keys(&shards), 2);
    for (int i = 0; i < 1000; i++) /* compacts with a hole */
        ctxi_shards_count(&shards, 1, 1);
    ctxi_shards_forget(&shards, 5);
    for (int i = 0; i < 1000; i++)
        ctxi_shards_count(&shards, 1, 1);
    cr_expect_eq(ctxi_shards_count(&shards, 5, 1).distance, CTXI_SHARDS_NOWHERE);
    ctxi_shards_fini(&shards);
}

/* Counting again is counting, only quicker; and after a reset nothing is left of it. */
Test(curve_shards, again_and_anew)
{
    struct ctxi_shards slow = shards_of(1, 100, true), quick = shards_of(1, 100, true);
    struct ctxi_estimate *one, *other;

    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < 200; i++) {
            ctxi_shards_count(&slow, i % 7 * 100, 5 + (uint32_t)i % 7);
            ctxi_shards_count(&quick, i % 7 * 100, 5 + (uint32_t)i % 7);
            for (uint64_t k = 0; k < i % 3; k++)
                ctxi_shards_count_same(&slow, i % 7 * 100);
            if (i % 3)
                ctxi_shards_count_again(&quick, i % 7 * 100, i % 3);
        }
        one = estimate_of(&slow, 399);
        other = estimate_of(&quick, 399);
        cr_assert_eq(one->curve.count, other->curve.count);
        cr_assert_arr_eq(one->curve.hits, other->curve.hits,
                         one->curve.count * sizeof *one->curve.hits);
        cr_assert_eq(ctxi_shards_count_again(&quick, 99, 1).requests, 0);
        ctxi_estimate_free(one);
        ctxi_estimate_free(other);
        for (uint64_t i = 0; i < 1000; i++) /* lowers the threshold */
            ctxi_shards_count(&quick, i << 50, 1);
        cr_assert_lt(ctxi_shards_rate(&quick), 1);
        ctxi_shards_reset(&slow, UINT64_MAX);
        ctxi_shards_reset(&quick, UINT64_MAX);
        cr_assert_eq(ctxi_shards_rate(&quick), 1);
        cr_assert_eq(ctxi_shards_keys(&quick), 0);
    }
    ctxi_shards_fini(&slow);
    ctxi_shards_fini(&quick);
}

/* A copy says what the sampler said when it was copied; fewer bits say it at fewer capacities. */
Test(curve_shards, copies_and_coarse_scales)
{
    struct ctxi_shards_options options = {.rate = 1, .max_keys = 1000, .bits = 4};
    struct ctxi_shards fine = shards_of(1, 1000, false), coarse, copy;
    struct ctxi_estimate *estimate, *copied;
    struct support_rng rng = support_rng_seeded(support_seed("curve_shards"));

    cr_assert_eq(ctxi_shards_init(&coarse, &options, ctxi_process_allocator()), CTX_OK);
    for (int i = 0; i < 20000; i++) {
        uint64_t key = support_rng_below(&rng, 1 + support_rng_below(&rng, 900));

        ctxi_shards_count(&fine, hash_of((uint32_t)key, 3), 1);
        ctxi_shards_count(&coarse, hash_of((uint32_t)key, 3), 1);
    }
    cr_assert_lt(ctxi_shards_bytes(&coarse), ctxi_shards_bytes(&fine) / 2);
    cr_assert_eq(ctxi_shards_copy_init(&copy, &coarse, ctxi_process_allocator()), CTX_OK);
    ctxi_shards_copy(&copy, &coarse);
    ctxi_shards_reset(&coarse, UINT64_MAX);
    copied = estimate_of(&copy, 20000);
    estimate = estimate_of(&fine, 20000);
    for (size_t b = 0; b < copied->curve.count; b++)
        if (ctxi_curve_capacity(&copied->curve, b) < 1u << 12)
            cr_assert_eq(copied->curve.hits[b],
                         ctxi_curve_hits(&estimate->curve, ctxi_curve_capacity(&copied->curve, b)));
    cr_assert_eq(copied->curve.objects, estimate->curve.objects);
    ctxi_estimate_free(copied);
    ctxi_estimate_free(estimate);
    ctxi_shards_fini(&copy);
    ctxi_shards_fini(&coarse);
    ctxi_shards_fini(&fine);
}

Test(curve_shards, out_of_memory_at_any_moment)
{
    struct support_alloc memory;
    struct ctxi_shards_options options = {.rate = 1, .max_keys = 100, .weighted = true};
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
