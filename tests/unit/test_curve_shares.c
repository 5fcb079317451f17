/*
 * Dividing a capacity: lookahead as the paper has it, step by step; never better than the optimum, which
 * dynamic programming finds; equal to it where curves are concave. And one cache with floors against a
 * naive list.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/alloc.h"
#include "ctxcache/status.h"
#include "curve/shares.h"
#include "support/alloc.h"
#include "support/scale.h"
#include "support/stream_kit.h"
#include "tune/distances.h"
#include "tune/floors.h"

enum { TENANTS = 5, SIZE = 40, TOTAL_MAX = 120 };

static uint64_t hits[TENANTS][SIZE + 1];
static struct ctxi_curve curves[TENANTS];

/* Steps of any height, or the same in falling order, which is a concave curve. */
static void draw_curves(struct support_rng *rng, bool concave)
{
    for (int t = 0; t < TENANTS; t++) {
        size_t count = support_rng_below(rng, SIZE + 1);
        uint64_t step = 60;

        for (size_t c = 1; c <= count; c++) {
            if (concave)
                step = step * (50 + support_rng_below(rng, 51)) / 100;
            else
                step = support_rng_below(rng, 4) == 0 ? support_rng_below(rng, 100) : 0;
            hits[t][c] = hits[t][c - 1] + step;
        }
        curves[t] = (struct ctxi_curve){.hits = hits[t],
                                        .count = count + 1,
                                        .requests = support_rng_below(rng, 1000)};
    }
}

static uint64_t sum_of(const uint64_t *values, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

/* The most hits that any division of `total` has. */
static uint64_t optimum(uint64_t total)
{
    uint64_t best[TOTAL_MAX + 1] = {0};

    for (int t = 0; t < TENANTS; t++)
        for (uint64_t all = total + 1; all-- > 0;) {
            uint64_t most = 0;

            for (uint64_t share = 0; share <= all; share++) {
                uint64_t sum = best[all - share] + ctxi_curve_hits(&curves[t], share);

                most = sum > most ? sum : most;
            }
            best[all] = most;
        }
    return best[total];
}

/* The lookahead algorithm of the paper: all tenants, all numbers of units, the steepest. */
static void naive_lookahead(uint64_t left, const uint64_t *floors, uint64_t *shares)
{
    for (int t = 0; t < TENANTS; t++) {
        shares[t] = floors ? floors[t] : 0;
        left -= shares[t];
    }
    while (left > 0) {
        double steepest = 0;
        uint64_t units = 0;
        int who = 0;

        for (int t = 0; t < TENANTS; t++)
            for (uint64_t k = 1; k <= left && shares[t] + k < curves[t].count; k++) {
                double slope = (double)(hits[t][shares[t] + k] - hits[t][shares[t]]) / (double)k;

                if (slope > steepest || (slope == steepest && t == who && slope > 0)) {
                    steepest = slope;
                    units = k;
                    who = t;
                }
            }
        if (units == 0)
            return;
        shares[who] += units;
        left -= units;
    }
}

Test(curve_shares, lookahead_is_that_of_the_paper)
{
    struct support_rng rng = support_rng_seeded(support_seed("curve_shares"));

    for (long round = 0; round < scaled(3000); round++) {
        uint64_t total = support_rng_below(&rng, TOTAL_MAX + 1), floors[TENANTS], expected[TENANTS];
        uint64_t shares[TENANTS];
        bool with_floors = round % 3 == 0;

        draw_curves(&rng, round % 2 == 0);
        for (int t = 0; t < TENANTS; t++)
            floors[t] = support_rng_below(&rng, total / TENANTS + 1);
        naive_lookahead(total, with_floors ? floors : NULL, expected);
        cr_assert_eq(ctxi_shares_lookahead(curves, TENANTS, total, with_floors ? floors : NULL,
                                           ctxi_process_allocator(), shares),
                     CTX_OK);
        for (int t = 0; t < TENANTS; t++)
            cr_assert_eq(shares[t], expected[t], "round %ld, tenant %d: %zu, not %zu", round, t,
                         (size_t)shares[t], (size_t)expected[t]);
    }
}

Test(curve_shares, never_better_than_the_optimum_and_equal_where_curves_are_concave)
{
    struct support_rng rng = support_rng_seeded(support_seed("curve_shares"));

    for (long round = 0; round < scaled(600); round++) {
        uint64_t total = support_rng_below(&rng, TOTAL_MAX + 1), best, shares[4][TENANTS];
        bool concave = round % 2 == 0;

        draw_curves(&rng, concave);
        best = optimum(total);
        cr_assert_eq(ctxi_shares_lookahead(curves, TENANTS, total, NULL, ctxi_process_allocator(),
                                           shares[0]),
                     CTX_OK);
        cr_assert_eq(ctxi_shares_greedy(curves, TENANTS, total, NULL, ctxi_process_allocator(),
                                        shares[1]),
                     CTX_OK);
        ctxi_shares_equal(TENANTS, total, shares[2]);
        ctxi_shares_proportional(curves, TENANTS, total, shares[3]);
        for (int i = 0; i < 4; i++) {
            cr_assert_leq(sum_of(shares[i], TENANTS), total);
            cr_assert_leq(ctxi_shares_hits(curves, TENANTS, shares[i]), best);
        }
        cr_assert_eq(sum_of(shares[2], TENANTS), total);
        if (concave) {
            cr_assert_eq(ctxi_shares_hits(curves, TENANTS, shares[0]), best);
            cr_assert_eq(ctxi_shares_hits(curves, TENANTS, shares[1]), best);
        }
    }
}

/* A cliff: nothing up to 9, a hundred hits from 10 on. Greedy does not see it. */
Test(curve_shares, lookahead_sees_what_greedy_does_not)
{
    uint64_t shares[TENANTS];

    memset(hits, 0, sizeof hits);
    for (int t = 0; t < TENANTS; t++) {
        for (int c = 10; c <= SIZE; c++)
            hits[t][c] = 100;
        curves[t] = (struct ctxi_curve){.hits = hits[t], .count = SIZE + 1, .requests = 100};
    }
    ctxi_shares_greedy(curves, TENANTS, 35, NULL, ctxi_process_allocator(), shares);
    cr_assert_eq(ctxi_shares_hits(curves, TENANTS, shares), 0);
    ctxi_shares_lookahead(curves, TENANTS, 35, NULL, ctxi_process_allocator(), shares);
    cr_assert_eq(ctxi_shares_hits(curves, TENANTS, shares), 300);
    cr_assert_eq(optimum(35), 300);
}

Test(curve_shares, floors_that_are_too_high)
{
    uint64_t floors[TENANTS] = {10, 10, 10, 10, 10}, shares[TENANTS];
    struct support_rng rng = support_rng_seeded(1);

    draw_curves(&rng, true);
    cr_assert_eq(ctxi_shares_lookahead(curves, TENANTS, 49, floors, ctxi_process_allocator(),
                                       shares),
                 CTX_ERR_INVALID);
    cr_assert_eq(ctxi_shares_greedy(curves, TENANTS, 50, floors, ctxi_process_allocator(), shares),
                 CTX_OK);
    for (int t = 0; t < TENANTS; t++)
        cr_assert_eq(shares[t], 10);
}

/* In bytes curves have wide buckets: what is handed out is what the last corners cost. */
Test(curve_shares, curves_in_bytes)
{
    struct support_rng rng = support_rng_seeded(support_seed("curve_shares"));
    struct drawing drawing = {.requests = 4000, .objects = 200, .tenants = 6, .sizes = true};
    struct drawn drawn = draw_stream(&rng, &drawing);
    struct ctxi_curves *of_bytes;
    uint64_t shares[6];

    cr_assert_eq(ctxi_curves_compute(&drawn.stream, CTXI_CURVES_TENANTS | CTXI_CURVES_BYTES, 0,
                                     ctxi_process_allocator(), &of_bytes),
                 CTX_OK);
    for (uint64_t total = 0; total < 6000; total += 511) {
        uint64_t equal[6];

        cr_assert_eq(ctxi_shares_lookahead(of_bytes->tenants, 6, total, NULL,
                                           ctxi_process_allocator(), shares),
                     CTX_OK);
        ctxi_shares_equal(6, total, equal);
        cr_assert_leq(sum_of(shares, 6), total);
        cr_assert_geq(ctxi_shares_hits(of_bytes->tenants, 6, shares) + 400,
                      ctxi_shares_hits(of_bytes->tenants, 6, equal));
    }
    ctxi_curves_free(of_bytes);
    drawn_free(&drawn);
}

/* On the trace that has real tenants: never far from the best that is known. */
Test(curve_shares, orm_busy)
{
    char why[512];
    struct ctxi_trace *trace = recorded_trace("orm-busy.trace.xz", NULL, why);
    struct ctxi_stream stream;
    struct ctxi_curves *exact;
    uint64_t shares[3][64], sums[3];

    if (!trace)
        cr_skip_test("%s", why);
    stream = ctxi_stream_of(trace);
    cr_assert_eq(ctxi_curves_compute(&stream, CTXI_CURVES_TENANTS, 0, ctxi_process_allocator(),
                                     &exact),
                 CTX_OK);
    for (uint64_t total = 763; total < 70000; total *= 3) {
        uint32_t count = exact->tenant_count;

        cr_assert_eq(ctxi_shares_lookahead(exact->tenants, count, total, NULL,
                                           ctxi_process_allocator(), shares[0]),
                     CTX_OK);
        ctxi_shares_equal(count, total, shares[1]);
        ctxi_shares_proportional(exact->tenants, count, total, shares[2]);
        for (int i = 0; i < 3; i++) {
            cr_assert_leq(sum_of(shares[i], count), total);
            sums[i] = ctxi_shares_hits(exact->tenants, count, shares[i]);
        }
        cr_assert_geq(sums[0], sums[1]);
        cr_assert_geq(sums[0], sums[2]);
    }
    ctxi_curves_free(exact);
    ctxi_trace_free(trace);
}

/* ---- one cache with floors ---------------------------------------------------------------- */

static void naive_floors(const struct ctxi_stream *stream, size_t capacity, const uint64_t *floors,
                         uint64_t *out_hits)
{
    uint32_t list[512]; /* the newest last */
    uint64_t counts[8] = {0};
    size_t count = 0;

    memset(out_hits, 0, stream->tenant_count * sizeof *out_hits);
    for (size_t i = 0; i < stream->request_count; i++) {
        uint32_t object = stream->objects[i], tenant = stream->request_tenants[i];
        size_t at = 0, victim = 0;

        while (at < count && list[at] != object)
            at++;
        if (at < count) {
            out_hits[tenant]++;
            memmove(list + at, list + at + 1, (--count - at) * sizeof *list);
            list[count++] = object;
            continue;
        }
        if (count == capacity) {
            while (victim < count && counts[stream->object_tenants[list[victim]]] <=
                                         floors[stream->object_tenants[list[victim]]])
                victim++;
            /* all are at their floors: the oldest of its own, if there is one */
            for (size_t own = 0; victim == count && own < count; own++)
                if (stream->object_tenants[list[own]] == tenant)
                    victim = own;
            if (victim == count)
                continue;
            counts[stream->object_tenants[list[victim]]]--;
            memmove(list + victim, list + victim + 1, (--count - victim) * sizeof *list);
        }
        counts[tenant]++;
        list[count++] = object;
    }
}

Test(tune_floors, one_cache_with_floors_is_the_list)
{
    struct support_rng rng = support_rng_seeded(support_seed("tune_floors"));

    for (long round = 0; round < scaled(200); round++) {
        struct drawing drawing = {.requests = 1500,
                                  .objects = 80,
                                  .tenants = 1 + (uint32_t)support_rng_below(&rng, 7)};
        struct drawn drawn = draw_stream(&rng, &drawing);
        uint64_t capacity = 1 + support_rng_below(&rng, 60);
        uint64_t floors[8] = {0}, found[8], expected[8];

        for (uint32_t t = 0; t < drawing.tenants; t++)
            floors[t] = support_rng_below(&rng, capacity / drawing.tenants + 1);
        if (round % 5 == 0)
            floors[0] += capacity - sum_of(floors, drawing.tenants);
        naive_floors(&drawn.stream, capacity, floors, expected);
        cr_assert_eq(ctxi_floors_run(&drawn.stream, capacity, floors, ctxi_process_allocator(),
                                     found),
                     CTX_OK);
        for (uint32_t t = 0; t < drawing.tenants; t++)
            cr_assert_eq(found[t], expected[t], "round %ld, tenant %u: %zu, not %zu", round, t,
                         (size_t)found[t], (size_t)expected[t]);
        drawn_free(&drawn);
    }
}

/* Without floors it is plain sharing, which the curve knows, too. */
Test(tune_floors, no_floors_are_plain_sharing)
{
    struct support_rng rng = support_rng_seeded(support_seed("tune_floors"));
    struct drawing drawing = {.requests = 5000, .objects = 200, .tenants = 6};
    struct drawn drawn = draw_stream(&rng, &drawing);
    struct ctxi_curves *exact;
    uint64_t found[6];

    cr_assert_eq(ctxi_curves_compute(&drawn.stream, CTXI_CURVES_TENANTS, 50,
                                     ctxi_process_allocator(), &exact),
                 CTX_OK);
    cr_assert_eq(ctxi_floors_run(&drawn.stream, 50, NULL, ctxi_process_allocator(), found), CTX_OK);
    for (int t = 0; t < 6; t++)
        cr_assert_eq(found[t], exact->shared_hits[t]);
    ctxi_curves_free(exact);
    drawn_free(&drawn);
}

/* ---- out of memory ------------------------------------------------------------------------ */

Test(curve_shares, out_of_memory_at_any_moment)
{
    struct support_rng rng = support_rng_seeded(3);
    struct drawing drawing = {.requests = 300, .objects = 50, .tenants = 3};
    struct drawn drawn = draw_stream(&rng, &drawing);
    uint64_t out[TENANTS], floors[TENANTS] = {0};
    struct support_alloc memory;

    support_alloc_init(&memory);
    draw_curves(&rng, true);
    for (int what = 0; what < 3; what++)
        for (uint64_t nth = 0;; nth++) {
            int r;

            support_alloc_fail(&memory, nth, false);
            r = what == 0
                    ? ctxi_shares_lookahead(curves, TENANTS, 50, floors, &memory.allocator, out)
                : what == 1 ? ctxi_shares_greedy(curves, TENANTS, 50, NULL, &memory.allocator, out)
                            : ctxi_floors_run(&drawn.stream, 9, floors, &memory.allocator, out);
            cr_assert_eq(atomic_load(&memory.live_bytes), 0);
            if (r == CTX_OK) {
                cr_assert_gt(nth, 1);
                break;
            }
            cr_assert_eq(r, CTX_ERR_NOMEM);
        }
    cr_assert_eq(ctxi_floors_run(&drawn.stream, 0, NULL, &memory.allocator, out), CTX_ERR_INVALID);
    floors[1] = 10;
    cr_assert_eq(ctxi_floors_run(&drawn.stream, 9, floors, &memory.allocator, out),
                 CTX_ERR_INVALID);
    drawn_free(&drawn);
}
