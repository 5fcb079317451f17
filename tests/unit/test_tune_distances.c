/*
 * Exact curves against a list that is too simple to be wrong, run once for every capacity, and against
 * the counts of recorded traces.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "ctxcache/status.h"
#include "curve/axis.h"
#include "support/alloc.h"
#include "support/scale.h"
#include "support/stream_kit.h"
#include "tune/distances.h"
#include "tune/whole.h"

enum { MOST = 256, ALL = -1 };

/* ---- the list ----------------------------------------------------------------------------- */

struct tally {
    uint64_t hits, bytes, saved;
};

/* Objects, the newest first. */
static struct {
    uint32_t items[MOST];
    size_t count;
} list;

static uint32_t size_of(const struct ctxi_stream *stream, uint32_t object, bool bytes)
{
    for (size_t i = 0; bytes && stream->sizes; i++)
        if (stream->objects[i] == object)
            return stream->sizes[i];
    return 1;
}

static bool take(uint32_t object)
{
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i] == object) {
            memmove(list.items + i, list.items + i + 1, (--list.count - i) * sizeof list.items[0]);
            return true;
        }
    return false;
}

static void put(const struct ctxi_stream *stream, uint32_t object, uint64_t capacity, bool bytes)
{
    uint64_t sum = 0;

    memmove(list.items + 1, list.items, list.count++ * sizeof list.items[0]);
    list.items[0] = object;
    for (size_t i = 0; i < list.count; i++) {
        sum += size_of(stream, list.items[i], bytes);
        if (sum > capacity)
            list.count = i;
    }
}

/* An LRU cache of this capacity, of all requests or of one tenant's. */
static struct tally run_list(const struct ctxi_stream *stream, int tenant, uint64_t capacity,
                             bool bytes)
{
    struct tally tally = {0, 0, 0};

    list.count = 0;
    for (size_t i = 0; i < stream->request_count; i++) {
        uint8_t op = ctxi_stream_op(stream, i);
        bool hit;

        if (tenant != ALL && stream->request_tenants[i] != (uint32_t)tenant)
            continue;
        hit = take(stream->objects[i]);
        if (op == CTXI_OP_DELETE)
            continue;
        put(stream, stream->objects[i], capacity, bytes);
        if (!hit || op != CTXI_OP_GET)
            continue;
        tally.hits++;
        tally.bytes += stream->sizes ? stream->sizes[i] : 1;
        tally.saved += stream->loads_ns ? stream->loads_ns[i] : 0;
    }
    return tally;
}

/* ---- comparing ---------------------------------------------------------------------------- */

static struct ctxi_curves *curves_of(const struct ctxi_stream *stream, unsigned flags,
                                     uint64_t shared)
{
    struct ctxi_curves *curves;

    cr_assert_eq(ctxi_curves_compute(stream, flags, shared, ctxi_process_allocator(), &curves),
                 CTX_OK);
    return curves;
}

static void compare(const struct ctxi_stream *stream, const struct ctxi_curve *curve, int tenant,
                    size_t bucket, bool bytes)
{
    uint64_t capacity = ctxi_curve_capacity(curve, bucket);
    struct tally expected = run_list(stream, tenant, capacity, bytes);

    cr_assert_eq(curve->hits[bucket], expected.hits,
                 "tenant %d, capacity %zu: %zu hits, the list has %zu", tenant, (size_t)capacity,
                 (size_t)curve->hits[bucket], (size_t)expected.hits);
    cr_assert_eq(ctxi_curve_hits(curve, capacity), expected.hits);
    if (curve->hit_bytes)
        cr_assert_eq(curve->hit_bytes[bucket], expected.bytes);
    if (curve->saved_ns)
        cr_assert_eq(curve->saved_ns[bucket], expected.saved);
}

static void compare_all(const struct ctxi_stream *stream, unsigned flags, size_t first, size_t step)
{
    bool bytes = flags & CTXI_CURVES_BYTES;
    struct ctxi_curves *curves = curves_of(stream, flags, 5);

    for (size_t b = first; b < curves->overall.count; b += step)
        compare(stream, &curves->overall, ALL, b, bytes);
    for (uint32_t t = 0; curves->tenants && t < stream->tenant_count; t++)
        for (size_t b = first; b < curves->tenants[t].count; b += step)
            compare(stream, &curves->tenants[t], (int)t, b, bytes);
    ctxi_curves_free(curves);
}

static struct drawing small_drawing(struct support_rng *rng)
{
    return (struct drawing){.requests = 1 + support_rng_below(rng, 600),
                            .objects = 1 + (uint32_t)support_rng_below(rng, 90),
                            .tenants = 1 + (uint32_t)support_rng_below(rng, 5)};
}

Test(tune_distances, every_capacity_overall_and_per_tenant)
{
    struct support_rng rng = support_rng_seeded(support_seed("tune_distances"));

    for (long round = 0; round < scaled(150); round++) {
        struct drawing drawing = small_drawing(&rng);
        struct drawn drawn;

        drawing.loads = round % 3 == 0;
        drawn = draw_stream(&rng, &drawing);
        compare_all(&drawn.stream, 0, 0, 1);
        compare_all(&drawn.stream, CTXI_CURVES_TENANTS, 0, 1);
        drawn_free(&drawn);
    }
}

Test(tune_distances, puts_and_deletes)
{
    struct support_rng rng = support_rng_seeded(support_seed("tune_distances"));

    for (long round = 0; round < scaled(150); round++) {
        struct drawing drawing = small_drawing(&rng);
        struct drawn drawn;

        drawing.deletes = round % 3 > 0;
        drawing.puts = round % 3 < 2;
        drawn = draw_stream(&rng, &drawing);
        compare_all(&drawn.stream, CTXI_CURVES_TENANTS, 0, 1);
        drawn_free(&drawn);
    }
}

Test(tune_distances, bytes)
{
    struct support_rng rng = support_rng_seeded(support_seed("tune_distances"));

    for (long round = 0; round < scaled(30); round++) {
        struct drawing drawing = small_drawing(&rng);
        struct drawn drawn;

        drawing.sizes = true;
        drawing.loads = drawing.puts = round % 2 == 0;
        drawn = draw_stream(&rng, &drawing);
        compare_all(&drawn.stream, CTXI_CURVES_TENANTS | CTXI_CURVES_BYTES, 50, 7);
        drawn_free(&drawn);
    }
}

/* ---- samples ------------------------------------------------------------------------------ */

/* Every point is the list's of (c - 1) * R + 1 entries, and a request stands for 1 / R. */
static void compare_sample(const struct ctxi_stream *stream, const struct ctxi_curve *curve,
                           int tenant)
{
    double rate = stream->rate;

    for (size_t b = 0; b + 1 < curve->count; b += 3) {
        uint64_t capacity = ctxi_curve_capacity(curve, b);
        uint64_t entries =
            capacity > 0 ? (uint64_t)floor((double)(capacity - 1) * rate + 1 + 1e-6) : 0;
        struct tally expected = run_list(stream, tenant, entries, false);

        cr_assert_eq(curve->hits[b], (uint64_t)floor((double)expected.hits / rate + 0.5),
                     "tenant %d, capacity %zu", tenant, (size_t)capacity);
        if (curve->saved_ns)
            cr_assert_eq(curve->saved_ns[b], (uint64_t)floor((double)expected.saved / rate + 0.5));
    }
    cr_assert_eq(ctxi_curve_ceiling(curve),
                 (uint64_t)floor((double)run_list(stream, tenant, MOST, false).hits / rate + 0.5));
}

Test(tune_distances, a_sample_stands_for_the_whole)
{
    static const double rates[] = {0.5, 0.1, 0.37, 0.003};
    struct support_rng rng = support_rng_seeded(support_seed("tune_distances"));

    for (long round = 0; round < scaled(40); round++) {
        struct drawing drawing = small_drawing(&rng);
        struct ctxi_curves *curves;
        struct drawn drawn;
        uint64_t shared = 0;

        drawing.loads = round % 3 == 0;
        drawing.puts = drawing.deletes = round % 3 == 1;
        drawn = draw_stream(&rng, &drawing);
        drawn.stream.rate = rates[round % 4];
        curves = curves_of(&drawn.stream, CTXI_CURVES_TENANTS, 300);
        compare_sample(&drawn.stream, &curves->overall, ALL);
        for (uint32_t t = 0; t < drawing.tenants; t++) {
            compare_sample(&drawn.stream, &curves->tenants[t], (int)t);
            shared += curves->shared_hits[t];
        }
        cr_assert_float_eq((double)shared, (double)ctxi_curve_hits(&curves->overall, 300),
                           drawing.tenants);
        cr_assert_eq(curves->overall.objects,
                     ctxi_whole_count(drawn.stream.rate, drawn.stream.object_count));
        ctxi_curves_free(curves);
        drawn_free(&drawn);
    }
}

/* In bytes an object's own place is the mean of all: of equal ones, its own. */
Test(tune_distances, a_sample_in_bytes)
{
    enum { SIZE = 100 };
    struct support_rng rng = support_rng_seeded(support_seed("tune_distances"));
    struct drawing drawing = {.requests = 3000, .objects = 200, .tenants = 1, .sizes = true};
    struct drawn drawn = draw_stream(&rng, &drawing);
    struct ctxi_curves *entries, *bytes;

    for (size_t i = 0; i < drawing.requests; i++)
        drawn.sizes[i] = SIZE;
    drawn.stream.rate = 0.25;
    entries = curves_of(&drawn.stream, 0, 0);
    bytes = curves_of(&drawn.stream, CTXI_CURVES_BYTES, 0);
    cr_assert_eq(bytes->overall.bytes, SIZE * bytes->overall.requests);
    for (uint64_t capacity = 1; capacity <= 1000; capacity += 4) {
        /* the scale in bytes is exact to 2^-12 */
        uint64_t size = capacity * SIZE + capacity * SIZE / 2048 + 1;

        cr_assert_eq(ctxi_curve_hits(&bytes->overall, size),
                     ctxi_curve_hits(&entries->overall, capacity), "capacity %zu",
                     (size_t)capacity);
    }
    cr_assert_eq(ctxi_curve_hits(&bytes->overall, SIZE - 1), 0);
    ctxi_curves_free(entries);
    ctxi_curves_free(bytes);
    drawn_free(&drawn);
}

Test(tune_distances, rates_at_the_ends)
{
    cr_assert_eq(ctxi_whole_count(0, 7), 7);
    cr_assert_eq(ctxi_whole_count(1, 7), 7);
    cr_assert_eq(ctxi_sample_entries(1, 7), 7);
    cr_assert_eq(ctxi_sample_entries(0.1, 0), 0);
    cr_assert_eq(ctxi_sample_entries(0x1p-64, UINT64_MAX), 2);
    cr_assert_eq(ctxi_sample_entries(0.001, 999), 1);
    cr_assert_eq(ctxi_sample_entries(0.1, 1), 1);
    cr_assert_eq(ctxi_sample_entries(0.1, 1000), 100);
    cr_assert_eq(ctxi_sample_entries(0.1, 1001), 101);
    cr_assert_leq(ctxi_whole_count(0x1p-64, UINT64_MAX), UINT64_C(1) << 62);
}

/* ---- sharing ------------------------------------------------------------------------------ */

/* Every tenant's hits in one cache for all; together they are the overall curve's. */
Test(tune_distances, shared_hits)
{
    struct support_rng rng = support_rng_seeded(support_seed("tune_distances"));
    struct drawing drawing = {.requests = 5000, .objects = 200, .tenants = 7};
    struct drawn drawn = draw_stream(&rng, &drawing);

    for (uint64_t capacity = 0; capacity < 220; capacity += 13) {
        struct ctxi_curves *curves = curves_of(&drawn.stream, CTXI_CURVES_TENANTS, capacity);
        uint64_t sum = 0, requests = 0;

        for (uint32_t t = 0; t < 7; t++) {
            sum += curves->shared_hits[t];
            requests += curves->tenants[t].requests;
        }
        cr_assert_eq(sum, ctxi_curve_hits(&curves->overall, capacity));
        cr_assert_eq(requests, 5000);
        ctxi_curves_free(curves);
    }
    drawn_free(&drawn);
}

Test(tune_distances, nothing_at_all)
{
    struct ctxi_stream nothing = {.tenant_count = 1};
    struct ctxi_curves *curves = curves_of(&nothing, CTXI_CURVES_TENANTS | CTXI_CURVES_BYTES, 1);

    cr_assert_eq(ctxi_curve_hits(&curves->overall, 100), 0);
    cr_assert_eq(ctxi_curve_ceiling(&curves->tenants[0]), 0);
    cr_assert_eq(ctxi_curve_knee(&curves->overall), 0);
    ctxi_curves_free(curves);
    nothing.object_count = CTXI_AXIS_OBJECTS_MAX;
    cr_assert_eq(ctxi_curves_compute(&nothing, 0, 0, ctxi_process_allocator(), &curves),
                 CTX_ERR_LIMIT);
    cr_assert_null(curves);
}

/* ---- what is asked of a curve ------------------------------------------------------------- */

Test(tune_curve, scales_are_exact_at_their_bounds)
{
    struct support_rng rng = support_rng_seeded(support_seed("tune_curve"));

    for (unsigned bits = 0; bits <= 12; bits += 3)
        for (int i = 0; i < 20000; i++) {
            uint64_t c = support_rng_next(&rng) >> (4 + support_rng_below(&rng, 58));
            uint64_t bucket = ctxi_scale_bucket(bits, c), bound = ctxi_scale_bound(bits, bucket);

            cr_assert_geq(bound, c);
            cr_assert_eq(ctxi_scale_bucket(bits, bound), bucket);
            cr_assert_eq(ctxi_scale_bucket(bits, bound + 1), bucket + 1);
            if (bits > 0)
                cr_assert_leq(bound - c, c >> bits);
        }
}

/* Ten hits at 1, fifty more at 4, forty at 10: the corner at 4 is the knee. */
Test(tune_curve, knee_and_reach)
{
    uint64_t hits[13] = {0, 10, 10, 10, 60, 60, 60, 60, 60, 60, 100, 100, 100};
    struct ctxi_curve curve = {.hits = hits, .count = 13, .requests = 200};

    cr_assert_eq(ctxi_curve_knee(&curve), 4);
    cr_assert_eq(ctxi_curve_ceiling(&curve), 100);
    cr_assert_eq(ctxi_curve_reaching(&curve, 0), 0);
    cr_assert_eq(ctxi_curve_reaching(&curve, 10), 1);
    cr_assert_eq(ctxi_curve_reaching(&curve, 11), 4);
    cr_assert_eq(ctxi_curve_reaching(&curve, 100), 10);
    cr_assert_eq(ctxi_curve_reaching(&curve, 101), 12);
    cr_assert_eq(ctxi_curve_hits(&curve, 1000), 100);
}

/* ---- recorded traces ---------------------------------------------------------------------- */

struct expected {
    uint64_t capacity, hits;
};

/* The known counts; and, for tenants, the sum of requests and the ceiling. */
static void expect_counts(const char *name, const char *columns, const struct expected counts[3])
{
    char why[512];
    struct ctxi_trace *trace = recorded_trace(name, columns, why);
    struct ctxi_stream stream;
    struct ctxi_curves *curves;
    uint64_t ceilings = 0;

    if (!trace)
        cr_skip_test("%s", why);
    stream = ctxi_stream_of(trace);
    curves = curves_of(&stream, CTXI_CURVES_TENANTS, counts[1].capacity);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(ctxi_curve_hits(&curves->overall, counts[i].capacity), counts[i].hits);
    for (uint32_t t = 0; t < trace->tenant_count; t++)
        ceilings += ctxi_curve_ceiling(&curves->tenants[t]);
    cr_assert_eq(ceilings, ctxi_curve_ceiling(&curves->overall));
    cr_assert_eq(ceilings, trace->request_count - trace->object_count);
    ctxi_curves_free(curves);
    ctxi_trace_free(trace);
}

Test(tune_distances, orm_busy)
{
    expect_counts("orm-busy.trace.xz", NULL,
                  (const struct expected[]){{763, 3851698}, {7635, 4400401}, {38175, 4836084}});
}

Test(tune_distances, p3)
{
    expect_counts("p3.lis.gz", NULL,
                  (const struct expected[]){{7625, 62270}, {76254, 657527}, {381272, 2914912}});
}

Test(tune_distances, sprite)
{
    expect_counts("sprite.trace.gz", NULL,
                  (const struct expected[]){{71, 22102}, {708, 115925}, {3538, 126309}});
}

Test(tune_distances, lora_a)
{
    expect_counts("lora-a.csv.gz", LORA_COLUMNS,
                  (const struct expected[]){{41, 5382}, {408, 5714}, {2040, 5900}});
}

/* Every tenant of a recorded trace alone: its curve is that of a stream of its own. */
Test(tune_distances, a_tenant_is_a_stream_of_its_own)
{
    char why[512];
    struct ctxi_trace *trace = recorded_trace("lora-a.csv.gz", LORA_COLUMNS, why);
    struct ctxi_stream stream;
    struct ctxi_curves *curves;
    uint32_t *own;

    if (!trace)
        cr_skip_test("%s", why);
    stream = ctxi_stream_of(trace);
    curves = curves_of(&stream, CTXI_CURVES_TENANTS, 1);
    own = calloc(stream.request_count, sizeof *own);
    cr_assert_not_null(own);
    for (uint32_t t = 0; t < trace->tenant_count; t += 17) {
        struct ctxi_stream alone = {.object_count = stream.object_count, .tenant_count = 1};
        struct ctxi_curves *expected;

        for (size_t i = 0; i < stream.request_count; i++)
            if (stream.request_tenants[i] == t)
                own[alone.request_count++] = stream.objects[i];
        alone.objects = own;
        expected = curves_of(&alone, 0, 0);
        for (uint64_t c = 0; c < curves->tenants[t].count; c++)
            cr_assert_eq(ctxi_curve_hits(&curves->tenants[t], c),
                         ctxi_curve_hits(&expected->overall, c));
        ctxi_curves_free(expected);
    }
    free(own);
    ctxi_curves_free(curves);
    ctxi_trace_free(trace);
}

/* ---- out of memory ------------------------------------------------------------------------ */

Test(tune_distances, out_of_memory_at_any_moment)
{
    struct support_rng rng = support_rng_seeded(support_seed("tune_distances"));
    struct drawing drawing = {.requests = 500,
                              .objects = 60,
                              .tenants = 3,
                              .sizes = true,
                              .loads = true,
                              .deletes = true};
    struct drawn drawn = draw_stream(&rng, &drawing);
    struct support_alloc memory;
    struct ctxi_curves *curves;

    support_alloc_init(&memory);
    for (unsigned kind = 0; kind < 8; kind++)
        for (uint64_t nth = 0;; nth++) {
            int r;

            drawn.stream.rate = kind < 4 ? 1 : 0.1;
            support_alloc_fail(&memory, nth, nth % 2 == 0);
            r = ctxi_curves_compute(&drawn.stream, kind % 4, 9, &memory.allocator, &curves);
            cr_assert_eq(r == CTX_OK, curves != NULL);
            ctxi_curves_free(curves);
            cr_assert_eq(atomic_load(&memory.live_bytes), 0);
            if (r == CTX_OK) {
                cr_assert_gt(nth, 5);
                break;
            }
            cr_assert_eq(r, CTX_ERR_NOMEM);
        }
    drawn_free(&drawn);
}
