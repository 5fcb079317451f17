/*
 * Caches of nine policies against naive models of the same papers, examples worked out by hand, and
 * counts of recorded traces that others have found with their own simulators.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/alloc.h"
#include "ctxcache/status.h"
#include "support/alloc.h"
#include "support/naive_caches.h"
#include "support/scale.h"
#include "support/stream_kit.h"
#include "tune/policy.h"

static uint64_t hits_of(const struct ctxi_policy *policy, const struct ctxi_stream *stream,
                        uint64_t capacity)
{
    uint64_t hits;

    cr_assert_eq(ctxi_policy_run(policy, stream, capacity, ctxi_process_allocator(), &hits),
                 CTX_OK);
    return hits;
}

static void compare_with_models(const struct ctxi_stream *stream, size_t capacity)
{
    for (size_t i = 0; ctxi_policies[i]; i++) {
        uint64_t hits = hits_of(ctxi_policies[i], stream, capacity);
        uint64_t expected = naive_hits(ctxi_policies[i]->name, stream, capacity);

        cr_assert_eq(hits, expected, "%s at %zu: %zu hits, the model has %zu",
                     ctxi_policies[i]->name, capacity, (size_t)hits, (size_t)expected);
    }
}

/* ---- models ------------------------------------------------------------------------------- */

Test(tune_policies, every_policy_is_its_model)
{
    struct support_rng rng = support_rng_seeded(support_seed("tune_policies"));

    for (long round = 0; round < scaled(60); round++) {
        struct drawing drawing = {.requests = 400,
                                  .objects = 2 + (uint32_t)support_rng_below(&rng, 60),
                                  .tenants = 1,
                                  .puts = round % 4 == 1,
                                  .deletes = round % 4 == 2};
        struct drawn drawn = draw_stream(&rng, &drawing);

        for (size_t capacity = 1; capacity <= drawing.objects; capacity += 1 + capacity / 8)
            compare_with_models(&drawn.stream, capacity);
        drawn_free(&drawn);
    }
}

/* Where regions of a hundredth or a tenth have more than one entry. */
Test(tune_policies, every_policy_is_its_model_with_large_regions)
{
    struct support_rng rng = support_rng_seeded(support_seed("tune_policies"));
    struct drawing drawing = {.requests = 6000, .objects = 800, .tenants = 1};
    struct drawn drawn = draw_stream(&rng, &drawing);

    compare_with_models(&drawn.stream, 99);
    compare_with_models(&drawn.stream, 100);
    compare_with_models(&drawn.stream, 219);
    compare_with_models(&drawn.stream, 450);
    drawn_free(&drawn);
}

/* ---- bounds ------------------------------------------------------------------------------- */

static uint64_t repeats(const struct ctxi_stream *stream)
{
    bool seen[512] = {false};
    uint64_t count = 0;

    for (size_t i = 0; i < stream->request_count; i++) {
        count += seen[stream->objects[i]];
        seen[stream->objects[i]] = true;
    }
    return count;
}

Test(tune_policies, small_capacities_are_sound)
{
    struct support_rng rng = support_rng_seeded(support_seed("tune_policies"));
    struct drawing drawing = {.requests = 5000, .objects = 150, .tenants = 1};
    struct drawn drawn = draw_stream(&rng, &drawing);
    uint64_t most = repeats(&drawn.stream), one = hits_of(&ctxi_policy_lru, &drawn.stream, 1);

    for (uint64_t capacity = 1; capacity <= 100; capacity++) {
        uint64_t best = hits_of(&ctxi_policy_opt, &drawn.stream, capacity);

        for (size_t i = 0; ctxi_policies[i]; i++) {
            uint64_t hits = hits_of(ctxi_policies[i], &drawn.stream, capacity);

            cr_assert_leq(hits, best, "%s hits more than opt", ctxi_policies[i]->name);
            cr_assert_gt(hits, capacity > 20 ? most / 50 : 0, "%s at %zu hits nearly nothing",
                         ctxi_policies[i]->name, (size_t)capacity);
        }
    }
    for (size_t i = 0; ctxi_policies[i]; i++) {
        cr_assert_eq(hits_of(ctxi_policies[i], &drawn.stream, 1), one, "%s",
                     ctxi_policies[i]->name);
        cr_assert_eq(hits_of(ctxi_policies[i], &drawn.stream, 150), most, "%s",
                     ctxi_policies[i]->name);
        cr_assert_eq(hits_of(ctxi_policies[i], &drawn.stream, UINT64_MAX), most);
    }
    drawn_free(&drawn);
}

Test(tune_policies, nothing_and_no_capacity)
{
    struct ctxi_stream nothing = {.tenant_count = 1};
    struct drawn drawn = stream_of_letters("AA");
    uint64_t hits = 7;

    cr_assert_eq(hits_of(&ctxi_policy_arc, &nothing, 5), 0);
    cr_assert_eq(ctxi_policy_run(&ctxi_policy_lru, &drawn.stream, 0, ctxi_process_allocator(),
                                 &hits),
                 CTX_ERR_INVALID);
    cr_assert_eq(hits, 0);
    cr_assert_null(ctxi_policy_find("mru"));
    cr_assert_eq(ctxi_policy_find("s3-fifo"), &ctxi_policy_s3fifo);
    drawn_free(&drawn);
}

/* ---- by hand ------------------------------------------------------------------------------ */

static void expect_letters(const struct ctxi_policy *policy, uint64_t capacity, const char *letters,
                           uint64_t expected)
{
    struct drawn drawn = stream_of_letters(letters);
    uint64_t hits = hits_of(policy, &drawn.stream, capacity);

    cr_assert_eq(hits, expected, "%s: %zu hits of %s, not %zu", policy->name, (size_t)hits, letters,
                 (size_t)expected);
    drawn_free(&drawn);
}

/* Room for three, one of it small. At D, A goes to main and B is forgotten but remembered; B and C come
 * back to main at once; A, used twice there, survives D, and B does not. */
Test(tune_policies, s3fifo_by_hand)
{
    expect_letters(&ctxi_policy_s3fifo, 3, "AAABCDABCADB", 4);
    expect_letters(&ctxi_policy_s3fifo, 3, "AAABCDABCADBA", 5);
}

/* A window of one. C and then D fall out of it, and are used less than A, which stays. B and then A are
 * protected, of which there is room for one. */
Test(tune_policies, wtinylfu_by_hand)
{
    expect_letters(&ctxi_policy_wtinylfu, 3, "AAABCDCBAC", 5);
    expect_letters(&ctxi_policy_wtinylfu, 3, "AAABCDCBACD", 5);
}

/* B leaves T1 for C, comes back from B1, so that one place is wanted for T1 and A must go; A comes back
 * from B2, and takes that away again. */
Test(tune_policies, arc_by_hand)
{
    expect_letters(&ctxi_policy_arc, 2, "ABACBCACB", 3);
}

/* One LIR object at a time: A, C when it is used again, D when it comes back while the stack has it. */
Test(tune_policies, lirs_by_hand)
{
    expect_letters(&ctxi_policy_lirs, 3, "ABACCDABDCDB", 6);
}

/* A loop one longer than the cache: LRU, FIFO and CLOCK hit nothing, OPT nearly all. */
Test(tune_policies, a_loop_by_hand)
{
    expect_letters(&ctxi_policy_lru, 3, "ABCDABCDABCD", 0);
    expect_letters(&ctxi_policy_fifo, 3, "ABCDABCDABCD", 0);
    expect_letters(&ctxi_policy_clock, 3, "ABCDABCDABCD", 0);
    expect_letters(&ctxi_policy_opt, 3, "ABCDABCDABCD", 6);
}

/* The example of the paper's figure: what is used survives the hand, once. */
Test(tune_policies, sieve_by_hand)
{
    expect_letters(&ctxi_policy_sieve, 3, "ABCADAEAB", 3);
}

/* ---- recorded traces ---------------------------------------------------------------------- */

struct expected {
    uint64_t capacity, lru, fifo, opt;
};

static void expect_counts(const char *name, const char *columns, const struct expected counts[3])
{
    char why[512];
    struct ctxi_trace *trace = recorded_trace(name, columns, why);
    struct ctxi_stream stream;

    if (!trace)
        cr_skip_test("%s", why);
    stream = ctxi_stream_of(trace);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(hits_of(&ctxi_policy_lru, &stream, counts[i].capacity), counts[i].lru);
        cr_assert_eq(hits_of(&ctxi_policy_fifo, &stream, counts[i].capacity), counts[i].fifo);
        cr_assert_eq(hits_of(&ctxi_policy_opt, &stream, counts[i].capacity), counts[i].opt);
    }
    ctxi_trace_free(trace);
}

Test(tune_policies, orm_busy)
{
    expect_counts("orm-busy.trace.xz", NULL,
                  (const struct expected[]){{763, 3851698, 3796950, 4141226},
                                            {7635, 4400401, 4339522, 4665403},
                                            {38175, 4836084, 4783966, 4906669}});
}

Test(tune_policies, p3)
{
    expect_counts("p3.lis.gz", NULL,
                  (const struct expected[]){{7625, 62270, 62564, 418109},
                                            {76254, 657527, 689737, 2159821},
                                            {381272, 2914912, 2837272, 3149753}});
}

Test(tune_policies, sprite)
{
    expect_counts("sprite.trace.gz", NULL,
                  (const struct expected[]){{71, 22102, 22994, 56929},
                                            {708, 115925, 109814, 122435},
                                            {3538, 126309, 125449, 126921}});
}

Test(tune_policies, lora_a)
{
    expect_counts("lora-a.csv.gz", LORA_COLUMNS,
                  (const struct expected[]){{41, 5382, 5275, 5804},
                                            {408, 5714, 5675, 5921},
                                            {2040, 5900, 5881, 5921}});
}

/* ---- out of memory ------------------------------------------------------------------------ */

Test(tune_policies, out_of_memory_at_any_moment)
{
    struct drawn drawn = stream_of_letters("ABCADAEABFGHIAB");
    struct support_alloc memory;

    support_alloc_init(&memory);
    for (size_t i = 0; ctxi_policies[i]; i++)
        for (uint64_t nth = 0;; nth++) {
            uint64_t hits;
            int r;

            support_alloc_fail(&memory, nth, false);
            r = ctxi_policy_run(ctxi_policies[i], &drawn.stream, 3, &memory.allocator, &hits);
            cr_assert_eq(atomic_load(&memory.live_bytes), 0);
            if (r == CTX_OK) {
                cr_assert_gt(nth, 1);
                break;
            }
            cr_assert_eq(r, CTX_ERR_NOMEM);
        }
    drawn_free(&drawn);
}
