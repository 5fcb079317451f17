/*
 * The curve that a cache keeps of itself: equal to exact curves where everything is sampled, near them
 * where it is not, silent where it has seen too little, and in memory that is fixed.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cache/live.h"
#include "support/alloc.h"
#include "support/cache_kit.h"
#include "support/clock.h"
#include "support/hash_bits.h"
#include "support/scale.h"
#include "support/stream_kit.h"
#include "tune/distances.h"

PROBE(price);
static CTX_VAR(tenant);
static struct support_alloc counted;
static ctx_var *vary;

static void setup(void)
{
    vary = tenant;
    support_alloc_init(&counted);
    ctx_set(tenant, 0);
}

static void teardown(void)
{
    cr_assert_eq(atomic_load(&counted.live_bytes), 0);
}

TestSuite(cache_curve, .init = setup, .fini = teardown, .timeout = 120);

/* With all hashes forced equal all keys are one to a sampler. */
#define NEED_HASHES()                                                                              \
    if (hash_bits() < 64)                                                                          \
    cr_skip_test("a sample of keys needs hashes that differ")

static ctx_cache_config config_of(uint64_t entries, uint32_t keys, double rate)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = entries;
    config.vary = &vary;
    config.vary_count = 1;
    config.allocator = &counted.allocator;
    config.seed = 1;
    config.curve_keys = keys;
    config.curve_rate = rate;
    return config;
}

static ctx_cache_curve *curve_of(ctx_cache *cache)
{
    ctx_cache_curve *curve;

    cr_assert_eq(ctx_cache_curve_read(cache, &curve), CTX_OK);
    return curve;
}

static ctx_cache_curve_facts facts_of(const ctx_cache_curve *curve, size_t which)
{
    ctx_cache_curve_facts facts = CTX_CACHE_CURVE_FACTS_INIT;

    cr_assert_eq(ctx_cache_curve_describe(curve, which, &facts), CTX_OK);
    return facts;
}

static uint64_t hits_at(const ctx_cache_curve *curve, size_t which, uint64_t capacity)
{
    ctx_cache_point point;

    cr_assert_eq(ctx_cache_curve_at(curve, which, capacity, &point), CTX_OK);
    return (uint64_t)llround(point.hit_ratio * (double)facts_of(curve, which).requests);
}

/* The hits of capacities 1, 2 and on, as digits; after the last one nothing more is hit. */
static void expect_hits(ctx_cache *cache, const char *digits)
{
    ctx_cache_curve *curve = curve_of(cache);
    size_t count = strlen(digits);
    uint64_t last = count ? (uint64_t)(digits[count - 1] - '0') : 0;

    for (size_t i = 0; i < count; i++)
        cr_expect_eq(hits_at(curve, 0, i + 1), (uint64_t)(digits[i] - '0'), "capacity %zu: %d",
                     i + 1, (int)hits_at(curve, 0, i + 1));
    cr_expect_eq(hits_at(curve, 0, UINT64_MAX), last);
    ctx_cache_curve_free(curve);
}

/* ---- equal to exact curves ---------------------------------------------------------------- */

static void run_stream(ctx_cache *cache, const struct ctxi_stream *stream)
{
    for (size_t i = 0; i < stream->request_count; i++) {
        ctx_set(tenant, stream->request_tenants ? (int64_t)stream->request_tenants[i] : 0);
        if (ctxi_stream_op(stream, i) == CTXI_OP_PUT)
            cr_assert_eq(put_serial(cache, price, stream->objects[i], 1), CTX_OK);
        else
            cr_assert_eq(ask(cache, price, (int64_t)stream->objects[i]).status, CTX_OK);
    }
}

/* At each of its points. */
static void expect_curve(const ctx_cache_curve *curve, size_t which, const struct ctxi_curve *exact)
{
    size_t count = ctx_cache_curve_points(curve, which, NULL, 0);
    ctx_cache_point *points = calloc(count, sizeof *points);
    ctx_cache_curve_facts facts = facts_of(curve, which);

    cr_assert_eq(facts.requests, exact->requests);
    cr_assert_eq(ctx_cache_curve_points(curve, which, points, count), count);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq((uint64_t)llround(points[i].hit_ratio * (double)facts.requests),
                     ctxi_curve_hits(exact, points[i].capacity));
        cr_assert_eq(points[i].low, points[i].hit_ratio);
        cr_assert_eq(points[i].high, points[i].hit_ratio);
    }
    cr_assert_eq((uint64_t)llround(facts.ceiling * (double)facts.requests),
                 ctxi_curve_ceiling(exact));
    cr_assert(facts.is_enough);
    cr_assert_eq(facts.rate, 1);
    free(points);
}

static struct ctxi_curves *exact_of(const struct ctxi_stream *stream, uint64_t shared)
{
    struct ctxi_curves *exact;

    cr_assert_eq(ctxi_curves_compute(stream, CTXI_CURVES_TENANTS, shared, ctxi_process_allocator(),
                                     &exact),
                 CTX_OK);
    return exact;
}

/* Whatever the capacity is that the cache has itself: hits, misses and evictions make one curve. */
Test(cache_curve, everything_sampled_is_exact)
{
    struct support_rng rng = support_rng_seeded(support_seed("cache_curve"));

    NEED_HASHES();
    for (long round = 0; round < scaled(20); round++) {
        struct drawing drawing = {.requests = 3000,
                                  .objects = 1 + (uint32_t)support_rng_below(&rng, 600),
                                  .tenants = 1,
                                  .puts = round % 2 == 0};
        struct drawn drawn = draw_stream(&rng, &drawing);
        ctx_cache_config config = config_of(1 + support_rng_below(&rng, 300), 600, 1);
        ctx_cache *cache = cache_with(&config);
        struct ctxi_curves *exact = exact_of(&drawn.stream, 0);
        ctx_cache_curve *curve;

        run_stream(cache, &drawn.stream);
        curve = curve_of(cache);
        cr_assert_eq(ctx_cache_curve_count(curve), 1);
        expect_curve(curve, 0, &exact->overall);
        ctx_cache_curve_free(curve);
        ctx_cache_destroy(cache);
        ctxi_curves_free(exact);
        drawn_free(&drawn);
    }
}

/* Whoever else looks on changes nothing. */
Test(cache_curve, beside_a_recording_it_is_the_same)
{
    struct support_rng rng = support_rng_seeded(support_seed("cache_curve"));
    struct drawing drawing = {.requests = 5000, .objects = 300, .tenants = 1};
    struct drawn drawn = draw_stream(&rng, &drawing);
    ctx_cache_config config = config_of(100, 8192, 1);
    ctx_cache_record_options options = CTX_CACHE_RECORD_OPTIONS_INIT;
    struct ctxi_curves *exact = exact_of(&drawn.stream, 0);
    ctx_cache_curve *curve;
    ctx_cache *cache;

    NEED_HASHES();
    cache = cache_with(&config);
    options.path = "/dev/null";
    options.flags = CTX_CACHE_RECORD_OVERWRITE;
    cr_assert_eq(ctx_cache_record_start(cache, &options), CTX_OK);
    run_stream(cache, &drawn.stream);
    cr_assert_eq(ctx_cache_record_stop(cache, NULL), CTX_OK);
    curve = curve_of(cache);
    expect_curve(curve, 0, &exact->overall);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
    ctxi_curves_free(exact);
    drawn_free(&drawn);
}

/* Which of the curves is that of a tenant; 0: none. Reads it in the tenant's context. */
static size_t which_of(const ctx_cache_curve *curve)
{
    for (size_t i = 1; i < ctx_cache_curve_count(curve); i++)
        if (facts_of(curve, i).is_current)
            return i;
    return 0;
}

enum { TENANTS = 5 };

Test(cache_curve, those_of_partitions_are_those_of_their_own_requests)
{
    struct support_rng rng = support_rng_seeded(support_seed("cache_curve"));
    struct drawing drawing = {.requests = 6000, .objects = 400, .tenants = TENANTS};
    struct drawn drawn = draw_stream(&rng, &drawing);
    struct ctxi_curves *exact = exact_of(&drawn.stream, 120);
    ctx_cache_config config = config_of(50, 8192, 1);
    ctx_cache *cache;

    NEED_HASHES();
    config.curve_partitions = TENANTS;
    cache = cache_with(&config);
    run_stream(cache, &drawn.stream);
    for (int64_t i = 0; i < TENANTS; i++) {
        ctx_cache_curve *curve;

        ctx_set(tenant, i);
        curve = curve_of(cache);
        expect_curve(curve, 0, &exact->overall);
        cr_assert_eq(ctx_cache_curve_count(curve), TENANTS + 2, "they, the whole, and the others");
        cr_assert_neq(which_of(curve), 0);
        expect_curve(curve, which_of(curve), &exact->tenants[i]);
        cr_assert_eq(facts_of(curve, TENANTS + 1).requests, 0);
        cr_assert_eq(facts_of(curve, TENANTS + 1).partition, 0);
        for (size_t k = 2; k <= TENANTS; k++)
            cr_assert_geq(facts_of(curve, k - 1).requests, facts_of(curve, k).requests);
        ctx_cache_curve_free(curve);
    }
    ctx_cache_destroy(cache);
    ctxi_curves_free(exact);
    drawn_free(&drawn);
}

/* What the others have is what is left. */
Test(cache_curve, the_others_have_one_together)
{
    struct support_rng rng = support_rng_seeded(support_seed("cache_curve"));
    struct drawing drawing = {.requests = 4000, .objects = 300, .tenants = TENANTS};
    struct drawn drawn = draw_stream(&rng, &drawing);
    ctx_cache_config config = config_of(50, 8192, 1);
    uint64_t sum = 0;
    ctx_cache_curve *curve;
    ctx_cache *cache;

    NEED_HASHES();
    config.curve_partitions = 2;
    cache = cache_with(&config);
    run_stream(cache, &drawn.stream);
    curve = curve_of(cache);
    cr_assert_eq(ctx_cache_curve_count(curve), 4);
    for (size_t i = 1; i < 4; i++)
        sum += facts_of(curve, i).requests;
    cr_assert_leq(sum, facts_of(curve, 0).requests);
    cr_assert_gt(facts_of(curve, 3).requests, 0);
    cr_assert_eq(facts_of(curve, 3).partition, 0);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
    drawn_free(&drawn);
}

/* ---- what counts -------------------------------------------------------------------------- */

static ctx_cache *full_of(uint64_t entries)
{
    ctx_cache_config config = config_of(entries, 100, 1);

    return cache_with(&config);
}

static void ask_all(ctx_cache *cache, const char *letters)
{
    for (; *letters; letters++)
        cr_assert_geq(ask(cache, price, (int64_t)*letters).status, CTX_OK);
}

Test(cache_curve, a_key_again_and_again_is_at_hand)
{
    ctx_cache *cache = full_of(10);

    NEED_HASHES();
    ask_all(cache, "aaaabbbaaba");
    expect_hits(cache, "69");
    ask_all(cache, "");
    expect_hits(cache, "69");
    ctx_cache_destroy(cache);
}

Test(cache_curve, peeks_do_not_count_and_gets_do)
{
    ctx_cache *cache = full_of(2);

    NEED_HASHES();
    ask_all(cache, "abc");
    peek(cache, price, (int64_t)'c');
    expect_hits(cache, "0");
    cr_assert_eq(look(cache, price, (int64_t)'c').status, CTX_OK);
    expect_hits(cache, "1");
    /* evicted: a larger cache has it, and it is used there */
    cr_assert_eq(look(cache, price, (int64_t)'a').status, CTX_ABSENT);
    expect_hits(cache, "112");
    cr_assert_eq(look(cache, price, (int64_t)'z').status, CTX_ABSENT);
    cr_assert_eq(look(cache, price, (int64_t)'z').status, CTX_ABSENT);
    expect_hits(cache, "112");
    ctx_cache_destroy(cache);
}

Test(cache_curve, what_was_invalidated_misses_at_every_capacity)
{
    ctx_cache *cache = full_of(10);

    NEED_HASHES();
    ask_all(cache, "ab");
    cr_assert_eq(ctx_cache_invalidate(cache, price, (int64_t)'a'), CTX_OK);
    ask_all(cache, "a");
    expect_hits(cache, "0");
    ask_all(cache, "a");
    expect_hits(cache, "1");
    cr_assert_eq(ctx_cache_invalidate_partition(cache), CTX_OK);
    ask_all(cache, "a");
    expect_hits(cache, "1");
    cr_assert_eq(ctx_cache_clear(cache), CTX_OK);
    ask_all(cache, "a");
    expect_hits(cache, "1");
    cr_assert_eq(ctx_cache_retire_partition(cache), CTX_OK);
    ask_all(cache, "aa");
    expect_hits(cache, "2");
    ctx_cache_destroy(cache);
}

Test(cache_curve, what_has_expired_misses_at_every_capacity)
{
    ctx_cache_config config = config_of(10, 100, 1);
    struct fake_clock clock = {0};
    ctx_cache *cache;

    NEED_HASHES();
    config.clock = fake_clock_read;
    config.clock_user = &clock;
    config.ttl_ns = 100;
    cache = cache_with(&config);
    ask_all(cache, "aba");
    expect_hits(cache, "01");
    fake_clock_advance(&clock, 100);
    ask_all(cache, "ab");
    cr_assert_eq(look(cache, price, (int64_t)'b').status, CTX_OK);
    expect_hits(cache, "12");
    fake_clock_advance(&clock, 100);
    cr_assert_eq(look(cache, price, (int64_t)'b').status, CTX_ABSENT);
    expect_hits(cache, "12");
    ctx_cache_destroy(cache);
}

static int fail(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    return 7;
}

Test(cache_curve, what_is_not_stored_is_not_hit)
{
    ctx_cache *cache = full_of(10);

    NEED_HASHES();
    price_probe.during = fail;
    ask_all(cache, "aa");
    price_probe.during = NULL;
    expect_hits(cache, "0");
    ask_all(cache, "aa");
    expect_hits(cache, "1");
    ctx_cache_destroy(cache);
    cache = full_of(0);
    ask_all(cache, "aaaa");
    expect_hits(cache, "0");
    ctx_cache_destroy(cache);
}

Test(cache_curve, batches_count_as_their_calls)
{
    ctx_cache *one = full_of(5), *many = full_of(5);
    struct support_rng rng = support_rng_seeded(support_seed("cache_curve"));
    ctx_cache_curve *left, *right;

    NEED_HASHES();
    for (int i = 0; i < 200; i++) {
        ctx_value args[20];
        int64_t serials[20];
        int statuses[20];

        for (size_t k = 0; k < 20; k++) {
            args[k] = ctx_i64((int64_t)support_rng_below(&rng, 1 + support_rng_below(&rng, 12)));
            ask_v(one, price, &args[k], 1);
        }
        cr_assert_eq(ctx_cache_call_many_copy_v(many, price, args, 1, 20, NULL, serials,
                                                sizeof serials[0], statuses),
                     CTX_OK);
    }
    left = curve_of(one);
    right = curve_of(many);
    for (uint64_t c = 1; c < 14; c++)
        cr_expect_eq(hits_at(left, 0, c), hits_at(right, 0, c), "capacity %d", (int)c);
    cr_assert_gt(hits_at(left, 0, 13), hits_at(left, 0, 1));
    ctx_cache_curve_free(left);
    ctx_cache_curve_free(right);
    ctx_cache_destroy(one);
    ctx_cache_destroy(many);
}

/* A capacity in bytes: as many keys of one size as the cache had, if it had as many bytes. */
Test(cache_curve, bytes_are_those_that_the_capacity_counts)
{
    ctx_cache_config config = config_of(0, 8192, 1);
    ctx_cache_curve_facts facts;
    ctx_cache_point point;
    ctx_cache_curve *curve;
    uint64_t needed;
    ctx_cache *cache;

    NEED_HASHES();
    config.capacity_bytes = 1 << 20;
    cache = cache_with(&config);
    for (int round = 0; round < 3; round++)
        for (int64_t key = 0; key < 3000; key++)
            ask(cache, price, key);
    needed = stats_of(cache).bytes;
    cr_assert_eq(stats_of(cache).evicted, 0);
    curve = curve_of(cache);
    facts = facts_of(curve, 0);
    cr_assert(facts.in_bytes);
    cr_assert_float_eq(facts.ceiling, 2. / 3, 1e-3);
    cr_assert_eq(ctx_cache_curve_at(curve, 0, needed * 51 / 50, &point), CTX_OK);
    cr_assert_float_eq(point.hit_ratio, 2. / 3, 1e-3);
    cr_assert_eq(ctx_cache_curve_at(curve, 0, needed * 49 / 50, &point), CTX_OK);
    cr_assert_eq(point.hit_ratio, 0, "a loop that does not fit hits nothing");
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

static uint64_t advised(ctx_cache *cache)
{
    ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
    ctx_cache_curve *curve = curve_of(cache);

    cr_assert_eq(ctx_cache_advise(curve, &advice), CTX_OK);
    cr_assert(advice.in_bytes);
    ctx_cache_curve_free(curve);
    return advice.reach_95.capacity;
}

/* What the tables of an empty cache take is not what an entry takes. */
Test(cache_curve, bytes_are_those_of_a_cache_in_use)
{
    ctx_cache_config config = config_of(0, 8192, 1);
    uint64_t full;
    ctx_cache *cache;

    NEED_HASHES();
    config.capacity_bytes = 1 << 20;
    cache = cache_with(&config);
    for (int round = 0; round < 3; round++)
        for (int64_t key = 0; key < 7000; key++)
            ask(cache, price, key);
    full = advised(cache);
    cr_assert_eq(ctx_cache_clear(cache), CTX_OK);
    cr_assert_float_eq((double)advised(cache), (double)full, 0.05 * (double)full);
    for (int64_t key = 0; key < 3000; key++) {
        ask(cache, price, key);
        if (key % 500 == 0)
            cr_assert_float_eq((double)advised(cache), (double)full, 0.05 * (double)full);
    }
    cr_assert_eq(ctx_cache_resize(cache, 0, 100 << 10), CTX_OK);
    for (int64_t key = 0; key < 3000; key++)
        ask(cache, price, key);
    cr_assert_float_eq((double)advised(cache), (double)full, 0.05 * (double)full);
    ctx_cache_destroy(cache);
}

/* ---- a sample ----------------------------------------------------------------------------- */

/* Zipf 0.8 or so, by the inverse of a power; the same each time. */
static int64_t draw(struct support_rng *rng, double keys)
{
    double u = (double)(support_rng_next(rng) >> 11) * 0x1p-53;

    return (int64_t)(pow(u, 5) * keys);
}

/* Deterministic: by the seed of the cache and that of the stream. */
Test(cache_curve, a_sample_is_near_the_exact_curve)
{
    enum { KEYS = 100000 };
    ctx_cache_config config = config_of(1000, 8192, 1);
    size_t count = (size_t)scaled(600000);
    uint32_t *objects = calloc(count, sizeof *objects);
    struct support_rng rng = support_rng_seeded(5);
    struct ctxi_stream stream = {.request_count = count,
                                 .object_count = KEYS,
                                 .tenant_count = 1,
                                 .objects = objects};
    struct ctxi_curves *exact;
    double error = 0, held = 0;
    uint64_t points = 0;
    ctx_cache_curve *curve;
    ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
    ctx_cache *cache;

    NEED_HASHES();
    cache = cache_with(&config);
    for (size_t i = 0; i < count; i++) {
        objects[i] = (uint32_t)draw(&rng, KEYS);
        ask(cache, price, (int64_t)objects[i]);
    }
    exact = exact_of(&stream, 0);
    curve = curve_of(cache);
    for (uint64_t c = 64; c < 64000; c += 64, points++) {
        double ratio = (double)ctxi_curve_hits(&exact->overall, c) / (double)count;
        ctx_cache_point point;

        cr_assert_eq(ctx_cache_curve_at(curve, 0, c, &point), CTX_OK);
        error += fabs(point.hit_ratio - ratio);
        held += point.low <= ratio + 1e-3 && ratio <= point.high + 1e-3;
    }
    fprintf(stderr, "mean absolute error %.5f, %.0f %% of intervals hold\n", error / (double)points,
            100 * held / (double)points);
    cr_assert_lt(error / (double)points, 0.005 * (count < 100000 ? 3 : 1));
    cr_assert_gt(held / (double)points, 0.85);
    cr_assert_eq(ctx_cache_advise(curve, &advice), CTX_OK);
    cr_assert_leq(advice.reach_90.capacity, advice.reach_95.capacity);
    cr_assert_leq(advice.reach_95.capacity, advice.reach_99.capacity);
    cr_assert_geq(advice.reach_95.hit_ratio, 0.95 * advice.ceiling - 1e-9);
    cr_assert_geq(advice.near_best.hit_ratio, advice.ceiling - 0.01 - 1e-9);
    cr_assert_gt(advice.knee.capacity, 0);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
    ctxi_curves_free(exact);
    free(objects);
}

enum { MOST_REQUESTS = 1000000 };

/* The first requests of a recorded trace through a real cache; hash seeds are fixed. */
static void expect_near(const char *name, const char *columns)
{
    char why[512];
    struct ctxi_trace *trace = recorded_trace(name, columns, why);
    ctx_cache_config config = config_of(1, 8192, 1);
    struct ctxi_stream stream;
    struct ctxi_curves *exact;
    ctx_cache_curve *curve;
    ctx_cache *cache;
    double error = 0;

    NEED_HASHES();
    if (!trace)
        cr_skip_test("%s", why);
    stream = ctxi_stream_of(trace);
    if (stream.request_count > MOST_REQUESTS)
        stream.request_count = MOST_REQUESTS;
    config.capacity_entries += stream.object_count / 10;
    cache = cache_with(&config);
    run_stream(cache, &stream);
    curve = curve_of(cache);
    exact = exact_of(&stream, 0);
    for (uint64_t i = 1; i <= 100; i++) {
        ctx_cache_point point;

        cr_assert_eq(ctx_cache_curve_at(curve, 0, stream.object_count * i / 100, &point), CTX_OK);
        error += fabs(point.hit_ratio - (double)ctxi_curve_hits(&exact->overall, point.capacity) /
                                            (double)stream.request_count);
    }
    fprintf(stderr, "%s, %zu requests: mean absolute error %.5f\n", name, stream.request_count,
            error / 100);
    cr_assert_leq(error / 100, 0.005);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
    ctxi_curves_free(exact);
    ctxi_trace_free(trace);
}

Test(cache_curve, orm_busy)
{
    expect_near("orm-busy.trace.xz", NULL);
}

Test(cache_curve, p3)
{
    expect_near("p3.lis.gz", NULL);
}

Test(cache_curve, sprite)
{
    expect_near("sprite.trace.gz", NULL);
}

Test(cache_curve, lora_a)
{
    expect_near("lora-a.csv.gz", LORA_COLUMNS);
}

Test(cache_curve, with_too_few_keys_there_is_no_advice)
{
    ctx_cache_config config = config_of(1000, 8192, 0.5);
    ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
    ctx_cache_split split = CTX_CACHE_SPLIT_INIT;
    ctx_cache_curve_facts facts;
    ctx_cache_curve *curve;
    ctx_cache *cache;

    NEED_HASHES();
    config.curve_partitions = 1;
    cache = cache_with(&config);
    for (int64_t key = 0; key < 15000; key++)
        ask(cache, price, key);
    curve = curve_of(cache);
    facts = facts_of(curve, 0);
    cr_assert_lt(facts.sampled_keys, facts.wanted_keys);
    cr_assert_eq(facts.wanted_keys, 8192);
    cr_assert(!facts.is_enough);
    advice.ceiling = 1;
    cr_assert_eq(ctx_cache_advise(curve, &advice), CTX_ABSENT);
    cr_assert_eq(advice.ceiling, 0);
    cr_assert_eq(ctx_cache_quotas(curve, 100, NULL, 0, &split), CTX_ABSENT);
    cr_assert_eq(split.count, 0);
    ctx_cache_curve_free(curve);
    for (int64_t key = 14000; key < 18000; key++)
        ask(cache, price, key);
    curve = curve_of(cache);
    facts = facts_of(curve, 0);
    cr_assert_eq(facts.sampled_keys, 8192);
    cr_assert_lt(facts.rate, 0.5, "it fell");
    cr_assert_float_eq((double)facts.keys, 18000, 900);
    cr_assert_eq(ctx_cache_advise(curve, &advice), CTX_OK);
    cr_assert_eq(ctx_cache_quotas(curve, 100, NULL, 0, &split), CTX_OK);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

/* ---- exact advice ------------------------------------------------------------------------- */

/* So many hits, each of which a cache of `distance` entries has and none that is smaller. */
static void hit_at(ctx_cache *cache, int64_t distance, int64_t hits)
{
    static int64_t fresh;

    for (int64_t i = 0; i < distance + hits; i++)
        ask(cache, price, fresh + i % distance);
    fresh += distance;
}

/* 1000 hits of 1075 requests: 800 at 1, 900 at 2, 950 at 5, 970 at 10, 980 at 12, 990 at 20, all at 25. */
static ctx_cache *cache_of_steps(uint32_t partitions)
{
    ctx_cache_config config = config_of(100, 8192, 1);
    ctx_cache *cache;

    config.curve_partitions = partitions;
    cache = cache_with(&config);
    hit_at(cache, 1, 800);
    hit_at(cache, 2, 100);
    hit_at(cache, 5, 50);
    hit_at(cache, 10, 20);
    hit_at(cache, 12, 10);
    hit_at(cache, 20, 10);
    hit_at(cache, 25, 10);
    return cache;
}

Test(cache_curve, advice_is_the_smallest_capacity_that_does_it)
{
    ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
    ctx_cache_curve *curve;
    ctx_cache *cache;

    NEED_HASHES();
    cache = cache_of_steps(0);
    curve = curve_of(cache);
    cr_assert_eq(ctx_cache_advise(curve, &advice), CTX_OK);
    cr_expect_float_eq(advice.ceiling, 1000. / 1075, 1e-12);
    cr_expect_eq(advice.reach_90.capacity, 2);
    cr_expect_float_eq(advice.reach_90.hit_ratio, 900. / 1075, 1e-12);
    cr_expect_eq(advice.reach_95.capacity, 5);
    cr_expect_eq(advice.reach_99.capacity, 20);
    cr_expect_eq(advice.near_best.capacity, 20);
    cr_expect_eq(advice.knee.capacity, 2);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

Test(cache_curve, the_knee_is_where_the_curve_bends)
{
    ctx_cache *cache = full_of(100);
    ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
    ctx_cache_curve *curve;

    NEED_HASHES();
    hit_at(cache, 1, 100);
    hit_at(cache, 6, 800);
    hit_at(cache, 50, 100);
    curve = curve_of(cache);
    cr_assert_eq(ctx_cache_advise(curve, &advice), CTX_OK);
    cr_expect_eq(advice.knee.capacity, 6);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

static void expect_reach(const ctx_cache_curve *curve, size_t which, double hits, uint64_t capacity)
{
    ctx_cache_point point;

    cr_expect_eq(ctx_cache_curve_reach(curve, which, hits / 1075, &point),
                 capacity ? CTX_OK : CTX_ABSENT);
    cr_expect_eq(point.capacity, capacity, "%g hits: %d", hits, (int)point.capacity);
    cr_expect(!capacity || point.hit_ratio >= hits / 1075 - 1e-9);
}

/* Of the whole and of one partition, which are the same here. */
Test(cache_curve, the_capacity_that_reaches_a_ratio)
{
    ctx_cache_curve *curve;
    ctx_cache *cache;

    NEED_HASHES();
    cache = cache_of_steps(1);
    curve = curve_of(cache);
    for (size_t which = 0; which < 2; which++) {
        expect_reach(curve, which, 0, 1);
        expect_reach(curve, which, 800, 1);
        expect_reach(curve, which, 801, 2);
        expect_reach(curve, which, 980, 12);
        expect_reach(curve, which, 1000, 25);
        expect_reach(curve, which, 1001, 0);
        expect_reach(curve, which, 1075, 0);
    }
    expect_reach(curve, 2, 0, 0); /* the others: nobody */
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

/* Where next to nothing can be hit, all of it is near the best. */
Test(cache_curve, no_advice_is_a_capacity_of_nothing)
{
    ctx_cache *cache = full_of(1000);
    ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
    ctx_cache_curve *curve;

    NEED_HASHES();
    for (int64_t key = 0; key < 90; key++)
        ask(cache, price, key);
    curve = curve_of(cache);
    advice.ceiling = 1;
    cr_assert_eq(ctx_cache_advise(curve, &advice), CTX_ABSENT, "nothing was hit");
    cr_assert_eq(advice.ceiling, 0);
    ctx_cache_curve_free(curve);
    for (int64_t key = 90; key < 1000; key++)
        ask(cache, price, key % 99);
    ctx_cache_destroy(cache);
    cache = full_of(1000);
    for (int64_t key = 0; key < 99; key++)
        ask(cache, price, key);
    ask(cache, price, 98);
    for (int64_t key = 100; key < 101; key++)
        ask(cache, price, key);
    curve = curve_of(cache);
    cr_assert_eq(ctx_cache_advise(curve, &advice), CTX_OK);
    cr_assert_lt(advice.ceiling, 0.01);
    cr_assert_eq(advice.near_best.capacity, 1);
    cr_assert_eq(advice.reach_90.capacity, 1);
    cr_assert_eq(advice.knee.capacity, 1);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

/* ---- partitions that are forgotten -------------------------------------------------------- */

/* Each tenant is back long after its entries are gone, and then so is it. */
Test(cache_curve, too_small_for_its_tenants_there_is_no_advice)
{
    enum { MANY = 5000 };
    ctx_cache_config config = config_of(100, 65536, 1);

    NEED_HASHES();
    for (int large = 0; large < 2; large++) {
        ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
        ctx_cache_split split = CTX_CACHE_SPLIT_INIT;
        ctx_cache_curve_facts facts, others;
        ctx_cache_point point;
        ctx_cache_curve *curve;
        ctx_cache *cache;

        config.curve_partitions = 1;
        config.capacity_entries = large ? 2 * MANY : 100;
        cache = cache_with(&config);
        for (int64_t i = 0; i < 50000; i++) {
            ctx_set(tenant, i % 10 ? i / 2 % MANY : -1); /* this one is never forgotten */
            ask(cache, price, i % 2);
        }
        curve = curve_of(cache);
        facts = facts_of(curve, 0);
        others = facts_of(curve, 2);
        cr_assert_eq(facts.is_enough, large);
        cr_assert_eq(others.is_enough, large);
        cr_assert_eq(others.forgotten, facts.forgotten);
        cr_assert_eq(facts_of(curve, 1).forgotten, 0);
        cr_assert_eq(ctx_cache_advise(curve, &advice), large ? CTX_OK : CTX_ABSENT);
        cr_assert_eq(ctx_cache_quotas(curve, 1000, NULL, 0, &split), large ? CTX_OK : CTX_ABSENT);
        cr_assert_eq(ctx_cache_curve_reach(curve, 0, 0, &point), large ? CTX_OK : CTX_ABSENT);
        cr_assert_eq(facts.forgotten > 0, !large);
        cr_assert_eq(advice.reach_95.capacity > MANY, large);
        ctx_cache_curve_free(curve);
        ctx_cache_destroy(cache);
    }
}

/* One request in 200, and not one more. Those that the user retires are not among them. */
Test(cache_curve, so_many_partitions_may_be_forgotten)
{
    ctx_cache_config config = config_of(1, 65536, 1);
    ctx_cache_curve_facts facts;
    ctx_cache_curve *curve;
    ctx_cache *cache;

    NEED_HASHES();
    cache = cache_with(&config);
    for (int64_t i = 0; i < 1100; i++)
        ask_all((ctx_set(tenant, i), cache), "a");
    cr_assert_eq(ctx_cache_retire_partition(cache), CTX_OK);
    curve = curve_of(cache);
    facts = facts_of(curve, 0);
    ctx_cache_curve_free(curve);
    cr_assert_gt(facts.forgotten, 50);
    cr_assert_lt(facts.forgotten, 100);
    cr_assert(!facts.is_enough);
    for (uint64_t i = facts.requests; i < 200 * facts.forgotten - 1; i++)
        ask(cache, price, 1);
    curve = curve_of(cache);
    cr_assert_eq(facts_of(curve, 0).forgotten, facts.forgotten);
    cr_assert(!facts_of(curve, 0).is_enough);
    ctx_cache_curve_free(curve);
    ask(cache, price, 1);
    curve = curve_of(cache);
    cr_assert(facts_of(curve, 0).is_enough);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

/* ---- partitions --------------------------------------------------------------------------- */

static void ask_as(ctx_cache *cache, int64_t who, int64_t keys, int64_t calls)
{
    ctx_set(tenant, who);
    for (int64_t i = 0; i < calls; i++)
        ask(cache, price, i % keys);
}

Test(cache_curve, a_busier_partition_takes_the_place_of_another)
{
    ctx_cache_config config = config_of(1000, 8192, 1);
    ctx_cache_curve *curve;
    ctx_cache *cache;
    uint64_t all;

    NEED_HASHES();
    config.curve_partitions = 2;
    cache = cache_with(&config);
    ask_as(cache, 1, 10, 100);
    ask_as(cache, 2, 10, 500);
    ask_as(cache, 3, 10, 150); /* not twice as many */
    curve = curve_of(cache);
    cr_assert_eq(which_of(curve), 0);
    cr_assert_eq(facts_of(curve, 3).requests, 150);
    ctx_cache_curve_free(curve);
    ask_as(cache, 3, 10, 1000);
    curve = curve_of(cache);
    cr_assert_eq(which_of(curve), 1);
    cr_assert_eq(ctx_cache_curve_count(curve), 4);
    all = facts_of(curve, 1).requests + facts_of(curve, 2).requests + facts_of(curve, 3).requests;
    cr_assert_eq(facts_of(curve, 2).requests, 500);
    cr_assert_eq(all, facts_of(curve, 0).requests - 100, "those of the one that is gone are gone");
    cr_assert_gt(hits_at(curve, 1, 10), hits_at(curve, 1, 9));
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

/* By then all other samples are of so few keys that most of its own are not shown any more. */
Test(cache_curve, one_that_comes_late_says_at_which_rate)
{
    ctx_cache_config config = config_of(50000, 800, 1);
    ctx_cache_curve_facts facts;
    ctx_cache_curve *curve;
    ctx_cache *cache;

    NEED_HASHES();
    config.curve_partitions = 1;
    cache = cache_with(&config);
    ask_as(cache, 1, 20000, 20000);
    ask_as(cache, 2, 20000, 20000);
    ask_as(cache, 3, 5000, 100000);
    curve = curve_of(cache);
    facts = facts_of(curve, 1);
    cr_assert_lt(facts.rate, 0.1);
    cr_assert(!facts.is_enough);
    cr_assert_float_eq((double)facts.keys, 5000, 2000);
    cr_assert_eq(hits_at(curve, 1, 2000), 0, "a loop over 5000");
    cr_assert_gt(hits_at(curve, 1, 9000), 0);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

Test(cache_curve, a_partition_that_ends_is_not_shown)
{
    ctx_cache_config config = config_of(1000, 8192, 1);
    uint64_t number;
    ctx_cache_curve *curve;
    ctx_cache *cache;

    NEED_HASHES();
    config.curve_partitions = 2;
    cache = cache_with(&config);
    ask_as(cache, 1, 10, 100);
    ask_as(cache, 2, 10, 200);
    curve = curve_of(cache);
    number = facts_of(curve, which_of(curve)).partition;
    ctx_cache_curve_free(curve);
    cr_assert_eq(ctx_cache_invalidate_partition(cache), CTX_OK);
    ask_as(cache, 2, 10, 10);
    curve = curve_of(cache);
    cr_assert_eq(facts_of(curve, which_of(curve)).partition, number, "it is the same one");
    cr_assert_eq(facts_of(curve, which_of(curve)).requests, 210);
    cr_assert_eq(hits_at(curve, which_of(curve), 10), 190, "and missed each key twice");
    ctx_cache_curve_free(curve);
    cr_assert_eq(ctx_cache_retire_partition(cache), CTX_OK);
    curve = curve_of(cache);
    cr_assert_eq(which_of(curve), 0);
    cr_assert_eq(ctx_cache_curve_count(curve), 3);
    ctx_cache_curve_free(curve);
    ask_as(cache, 2, 10, 500);
    curve = curve_of(cache);
    cr_assert_eq(which_of(curve), 1);
    cr_assert_neq(facts_of(curve, 1).partition, number, "another one of the same values");
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

/* Its requests are its own for ever, also when there is nobody any more to say how many they were. */
Test(cache_curve, requests_of_one_that_ended_are_not_the_others)
{
    ctx_cache_config config = config_of(1000, 8192, 1);
    ctx_cache_curve *curve;
    ctx_cache *cache;

    NEED_HASHES();
    config.curve_partitions = 2;
    cache = cache_with(&config);
    ask_as(cache, 2, 10, 100);
    ask_as(cache, 1, 10, 300);
    cr_assert_eq(ctx_cache_retire_partition(cache), CTX_OK);
    curve = curve_of(cache);
    cr_assert_eq(ctx_cache_curve_count(curve), 3);
    cr_assert_eq(facts_of(curve, 0).requests, 400);
    cr_assert_eq(facts_of(curve, 1).requests, 100);
    cr_assert_leq(facts_of(curve, 2).requests, 10, "%d", (int)facts_of(curve, 2).requests);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

static double shown(ctx_cache *cache)
{
    return (double)atomic_load(&cache->live->below) * 0x1p-64;
}

/* What is sampled falls to what the curves want: of partitions, those that are there. */
Test(cache_curve, the_rate_falls_by_itself)
{
    ctx_cache_config config = config_of(60000, 640, 1);
    ctx_cache *cache;

    NEED_HASHES();
    for (uint32_t partitions = 0; partitions < 3; partitions += 2) {
        config.curve_partitions = partitions;
        cache = cache_with(&config);
        cr_assert_gt(shown(cache), 0.99);
        if (partitions)
            ask_as(cache, 2, 20, 20);
        ask_as(cache, 1, 20000, 20000);
        if (partitions) {
            cr_assert_gt(shown(cache), 0.99, "one with few keys wants all of them");
            ctx_set(tenant, 2);
            cr_assert_eq(ctx_cache_retire_partition(cache), CTX_OK);
            ctx_set(tenant, 1);
            for (int64_t key = 20000; key < 30000; key++)
                ask(cache, price, key);
        }
        cr_assert_float_eq(shown(cache), partitions ? 640. / 30000 : 640. / 20000, 0.005);
        cr_assert_eq(cache->live->below, cache->live->whole.threshold);
        cr_assert_eq(atomic_load(&cache->observed), cache->live->below);
        ctx_cache_destroy(cache);
    }
}

/* Nobody tells one that comes then of the keys that are not sampled any more; it must not think so. */
Test(cache_curve, one_that_is_the_first_in_its_place_says_at_which_rate)
{
    ctx_cache_config config = config_of(60000, 640, 1);
    ctx_cache_curve_facts facts;
    ctx_cache_curve *curve;
    ctx_cache *cache;

    NEED_HASHES();
    config.curve_partitions = 2;
    cache = cache_with(&config);
    ask_as(cache, 1, 20000, 20000);
    ask_as(cache, 2, 5000, 10000);
    ask_as(cache, 3, 5000, 5000);
    curve = curve_of(cache);
    for (size_t which = 2; which < 4; which++) {
        facts = facts_of(curve, which);
        cr_assert_lt(facts.rate, 0.1);
        cr_assert(!facts.is_enough);
        cr_assert_float_eq((double)facts.keys, 5000, 2000);
    }
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

/* A few keys of a tenant foretell nothing: its quota says so. */
Test(cache_curve, a_quota_from_few_keys_says_so)
{
    ctx_cache_config config = config_of(1000, 8192, 0.5);
    ctx_cache_split split = CTX_CACHE_SPLIT_INIT;
    ctx_cache_quota quotas[3];
    ctx_cache_curve *curve;
    ctx_cache *cache;

    NEED_HASHES();
    config.curve_partitions = 2;
    cache = cache_with(&config);
    ask_as(cache, 1, 20000, 40000);
    ask_as(cache, 2, 20, 2000);
    curve = curve_of(cache);
    cr_assert_eq(ctx_cache_quotas(curve, 1000, quotas, 3, &split), CTX_OK);
    cr_assert_eq(split.count, 3);
    cr_expect(quotas[0].is_enough);
    cr_expect(!quotas[1].is_enough);
    cr_expect_lt(quotas[2].requests, 20, "before each had its curve");
    cr_expect(!quotas[2].is_enough);
    cr_expect_eq(split.unsure, 2);
    cr_expect_float_eq(split.unsure_requests, 2000. / 42000, 1e-3);
    ctx_cache_curve_free(curve);
    ask_as(cache, 2, 10000, 20000);
    curve = curve_of(cache);
    cr_assert_eq(ctx_cache_quotas(curve, 1000, quotas, 3, &split), CTX_OK);
    cr_expect(quotas[1].is_enough);
    cr_expect_eq(split.unsure, 1);
    cr_expect_lt(split.unsure_requests, 1e-3);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

/* A loop that does not fit, and one who asks for little: sharing starves the latter. */
static void ask_unequally(ctx_cache *cache)
{
    for (int64_t i = 0; i < scaled(60000); i++) {
        ctx_set(tenant, 1);
        ask(cache, price, i % 3000);
        ctx_set(tenant, 2);
        ask(cache, price, i % 200);
        ctx_set(tenant, 3 + i % 50);
        ask(cache, price, i % 2);
    }
}

Test(cache_curve, quotas_beside_sharing)
{
    ctx_cache_config config = config_of(1000, 8192, 1);
    ctx_cache_quota quotas[4];
    ctx_cache_split split = CTX_CACHE_SPLIT_INIT;
    ctx_cache_curve *curve;
    ctx_cache *cache;
    uint64_t sum = 0;

    NEED_HASHES();
    config.curve_partitions = 2;
    cache = cache_with(&config);
    ask_unequally(cache);
    curve = curve_of(cache);
    for (uint64_t total = 0; total < 5000; total += 97) {
        cr_assert_eq(ctx_cache_quotas(curve, total, quotas, 4, &split), CTX_OK);
        cr_assert_eq(split.count, 3);
        sum = quotas[0].capacity + quotas[1].capacity + quotas[2].capacity;
        cr_assert_leq(sum, total);
        for (size_t i = 0; i < 3; i++) {
            ctx_cache_point point;

            cr_assert_eq(ctx_cache_curve_at(curve, i + 1, quotas[i].capacity, &point), CTX_OK);
            cr_assert_eq(quotas[i].hit_ratio, point.hit_ratio);
            cr_assert_eq(quotas[i].partition, facts_of(curve, i + 1).partition);
        }
        cr_assert_eq(split.sharing_is_better, split.low <= split.shared_hit_ratio + 1e-9);
    }
    cr_assert_eq(ctx_cache_quotas(curve, 383, quotas, 1, &split), CTX_OK);
    cr_assert_gt(split.hit_ratio, split.shared_hit_ratio + 0.25, "%f %f", split.hit_ratio,
                 split.shared_hit_ratio);
    cr_assert(!split.sharing_is_better);
    cr_assert_eq(ctx_cache_quotas(curve, 4000, quotas, 1, &split), CTX_OK);
    cr_assert(split.sharing_is_better, "%.12f %.12f", split.hit_ratio, split.shared_hit_ratio);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

/* Each tenant's hits in one list for all, as exact curves count them. */
Test(cache_curve, what_partitions_hit_when_they_share)
{
    struct support_rng rng = support_rng_seeded(support_seed("cache_curve"));
    struct drawing drawing = {.requests = 6000, .objects = 400, .tenants = TENANTS};
    struct drawn drawn = draw_stream(&rng, &drawing);
    ctx_cache_config config = config_of(50, 8192, 1);
    ctx_cache *cache;

    NEED_HASHES();
    config.curve_partitions = TENANTS;
    cache = cache_with(&config);
    run_stream(cache, &drawn.stream);
    for (int64_t i = 0; i < TENANTS; i++)
        for (uint64_t total = 15; total < 500; total = 2 * total + 1) {
            struct ctxi_curves *exact = exact_of(&drawn.stream, total);
            ctx_cache_split split = CTX_CACHE_SPLIT_INIT;
            ctx_cache_quota quotas[TENANTS];
            ctx_cache_curve *curve;
            size_t which;

            ctx_set(tenant, i);
            curve = curve_of(cache);
            which = which_of(curve);
            cr_assert_eq(ctx_cache_quotas(curve, total, quotas, TENANTS, &split), CTX_OK);
            cr_expect_float_eq(quotas[which - 1].shared_hit_ratio,
                               (double)exact->shared_hits[i] / (double)quotas[which - 1].requests,
                               1e-9);
            ctxi_curves_free(exact);
            ctx_cache_curve_free(curve);
        }
    ctx_cache_destroy(cache);
    drawn_free(&drawn);
}

/* ---- memory ------------------------------------------------------------------------------- */

static uint64_t curve_bytes(ctx_cache *cache)
{
    ctx_cache_memory_use use = CTX_CACHE_MEMORY_INIT;

    cr_assert_eq(ctx_cache_memory(cache, &use), CTX_OK);
    return use.curve;
}

/* A cache gets its curve after it was made: what else it takes depends on how blocks are aligned. */
static uint64_t bytes_of(uint32_t keys, uint32_t partitions, bool in_bytes)
{
    ctx_cache_config config = config_of(in_bytes ? 0 : 100, 0, 0);
    ctx_cache *cache;
    uint64_t before, said;

    config.capacity_bytes = in_bytes ? 1 << 20 : 0;
    cache = cache_with(&config);
    cr_assert_eq(curve_bytes(cache), 0);
    cache->config.curve_keys = keys;
    cache->config.curve_partitions = partitions;
    before = atomic_load(&counted.live_bytes);
    cr_assert_eq(ctxi_live_init(cache), CTX_OK);
    said = curve_bytes(cache);
    cr_assert_eq(atomic_load(&counted.live_bytes) - before, said);
    ctx_cache_destroy(cache);
    return said;
}

Test(cache_curve, its_memory_is_said_to_the_byte_and_bounded)
{
    for (int in_bytes = 0; in_bytes < 2; in_bytes++) {
        uint64_t whole = bytes_of(CTX_CACHE_CURVE_KEYS_DEFAULT, 0, in_bytes);
        uint64_t more = bytes_of(CTX_CACHE_CURVE_KEYS_DEFAULT, 2, in_bytes);

        fprintf(stderr, "%d bytes, with two partitions %d\n", (int)whole, (int)more);
        cr_assert_lt(whole, more);
        cr_assert_leq(more, 1 << 20);
        bytes_of(1, CTX_CACHE_CURVE_PARTITIONS_MAX, in_bytes);
        bytes_of(CTX_CACHE_CURVE_KEYS_MAX, 1, in_bytes);
    }
}

/* It says nothing of what the cache holds, and never grows. */
Test(cache_curve, its_memory_is_outside_of_the_capacity)
{
    ctx_cache_config config = config_of(0, 1000, 1), plain = config_of(0, 0, 0);
    ctx_cache *cache, *without;
    uint64_t bytes;

    config.capacity_bytes = plain.capacity_bytes = 64 << 10;
    config.curve_partitions = 3;
    cache = cache_with(&config);
    without = cache_with(&plain);
    bytes = curve_bytes(cache);
    for (int64_t key = 0; key < 5000; key++) {
        ctx_set(tenant, key % 7);
        ask(cache, price, key % 2500);
        ask(without, price, key % 2500);
    }
    cr_assert_eq(curve_bytes(cache), bytes);
    /* how blocks are aligned may cost one of them an entry or two */
    cr_assert_leq(stats_of(without).entries, stats_of(cache).entries + 2);
    ctx_cache_destroy(cache);
    ctx_cache_destroy(without);
}

Test(cache_curve, out_of_memory_at_any_moment)
{
    ctx_cache_config config = config_of(100, 50, 1);
    ctx_cache_quota quotas[4];
    ctx_cache_split split = CTX_CACHE_SPLIT_INIT;
    ctx_cache_curve *curve = NULL;
    ctx_cache *cache = NULL;
    uint64_t nth = 0;
    int r;

    config.curve_partitions = 2;
    for (r = CTX_ERR_NOMEM; r != CTX_OK; nth++) {
        support_alloc_fail(&counted, nth, false);
        r = ctx_cache_new(&config, &cache);
        cr_assert(r == CTX_OK || (r == CTX_ERR_NOMEM && atomic_load(&counted.live_bytes) == 0));
    }
    cr_assert_gt(nth, 20);
    support_alloc_recover(&counted);
    ask_as(cache, 1, 20, 200);
    ask_as(cache, 2, 20, 300);
    for (nth = 0, r = CTX_ERR_NOMEM; r != CTX_OK; nth++) {
        uint64_t before = atomic_load(&counted.live_bytes);

        support_alloc_fail(&counted, nth, false);
        r = ctx_cache_curve_read(cache, &curve);
        cr_assert_eq(r == CTX_OK, curve != NULL);
        cr_assert(r == CTX_OK || (r == CTX_ERR_NOMEM && before == counted.live_bytes));
    }
    cr_assert_gt(nth, 10);
    for (nth = 0, r = CTX_ERR_NOMEM; r != CTX_OK; nth++) {
        support_alloc_fail(&counted, nth, false);
        r = ctx_cache_quotas(curve, 30, quotas, 4, &split);
        cr_assert(r == CTX_OK || r == CTX_ERR_NOMEM);
    }
    cr_assert_gt(nth, 3);
    ctx_cache_destroy(cache);
    cr_assert_eq(ctx_cache_curve_count(curve), 4, "it outlives its cache");
    ctx_cache_curve_free(curve);
}

/* ---- who asks wrongly --------------------------------------------------------------------- */

Test(cache_curve, a_cache_without_one_has_none)
{
    ctx_cache_config config = config_of(10, 0, 0);
    ctx_cache *cache = cache_with(&config);
    ctx_cache_curve *curve = (ctx_cache_curve *)&curve;

    cr_assert_eq(ctx_cache_curve_read(cache, &curve), CTX_ABSENT);
    cr_assert_null(curve);
    ctx_cache_destroy(cache);
}

Test(cache_curve, an_empty_one_says_nothing)
{
    ctx_cache_config config = config_of(10, 10, 1);
    ctx_cache *cache = cache_with(&config);
    ctx_cache_curve *curve = curve_of(cache);
    ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
    ctx_cache_point points[2];

    cr_assert_eq(ctx_cache_curve_points(curve, 0, points, 2), 1);
    cr_assert_eq(points[0].capacity, 0);
    cr_assert_eq(points[0].high, 0);
    cr_assert_eq(ctx_cache_advise(curve, &advice), CTX_ABSENT);
    cr_assert_eq(advice.ceiling, 0);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

Test(cache_curve, arguments_outside_of_what_is_documented)
{
    ctx_cache_config config = config_of(10, 10, 1);
    ctx_cache *cache = cache_with(&config);
    ctx_cache_curve *curve = curve_of(cache), *none = (ctx_cache_curve *)&none;
    ctx_cache_curve_facts facts = CTX_CACHE_CURVE_FACTS_INIT;
    ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
    ctx_cache_split split = CTX_CACHE_SPLIT_INIT;
    ctx_cache_point point;

    cr_assert_eq(ctx_cache_curve_read(NULL, &none), CTX_ERR_INVALID);
    cr_assert_null(none);
    cr_assert_eq(ctx_cache_curve_read(cache, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_curve_count(NULL), 0);
    cr_assert_eq(ctx_cache_curve_describe(curve, 1, &facts), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_curve_describe(NULL, 0, &facts), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_curve_describe(curve, 0, NULL), CTX_ERR_INVALID);
    facts.size--;
    cr_assert_eq(ctx_cache_curve_describe(curve, 0, &facts), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_curve_points(curve, 1, &point, 1), 0);
    cr_assert_eq(ctx_cache_curve_points(curve, 0, NULL, 1), 0);
    cr_assert_eq(ctx_cache_curve_at(curve, 1, 1, &point), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_curve_at(curve, 0, 1, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_curve_reach(curve, 1, 0.5, &point), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_curve_reach(NULL, 0, 0.5, &point), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_curve_reach(curve, 0, 0.5, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_curve_reach(curve, 0, 1.01, &point), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_curve_reach(curve, 0, -0.01, &point), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_curve_reach(curve, 0, NAN, &point), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_advise(NULL, &advice), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_advise(curve, NULL), CTX_ERR_INVALID);
    advice.size = 8;
    cr_assert_eq(ctx_cache_advise(curve, &advice), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_quotas(curve, 1, NULL, 1, &split), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_quotas(curve, 1, NULL, 0, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_quotas(NULL, 1, NULL, 0, &split), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_quotas(curve, 1, NULL, 0, &split), CTX_ABSENT, "no partitions");
    split.size = 8;
    cr_assert_eq(ctx_cache_quotas(curve, 1, NULL, 0, &split), CTX_ERR_INVALID);
    ctx_cache_curve_free(NULL);
    ctx_cache_curve_free(curve);
    ctx_cache_destroy(cache);
}

/* Where no partition is the current one, the curves can be read all the same. */
Test(cache_curve, without_a_tenant_no_curve_is_the_current_one)
{
    ctx_cache_config config = config_of(10, 100, 1);
    ctx_context *empty;
    ctx_cache_curve *curve;
    ctx_cache *cache;

    config.curve_partitions = 1;
    cache = cache_with(&config);
    ask_all(cache, "aa");
    cr_assert_eq(ctx_context_new(&empty), CTX_OK);
    cr_assert_eq(ctx_enter(empty), CTX_OK);
    curve = curve_of(cache);
    cr_assert_eq(which_of(curve), 0);
    cr_assert_eq(facts_of(curve, 1).requests, 2);
    ctx_cache_curve_free(curve);
    cr_assert_eq(ctx_exit(empty), CTX_OK);
    ctx_context_unref(empty);
    ctx_cache_destroy(cache);
}
