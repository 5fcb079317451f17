/*
 * Recorded request streams through the cache: its hits are exactly those of an LRU list, as counted
 * by others with their own simulators.
 *
 * The traces are no part of the project. They are looked for in the folder that CTX_TRACES names,
 * ../shared/traces by default; a test whose trace is not there is skipped, and says so.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/cache_kit.h"
#include "support/hash_bits.h"
#include "support/scale.h"
#include "tune/trace.h"

static CTX_VAR(tenant);

static int load_one(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)args, (void)count, (void)user;
    return ctx_cache_load_copy(load, "1", 1);
}

static CTX_CACHE_FN(request, load_one);

static ctx_cache *cache;

static void ask_for(ctx_value key)
{
    char byte;

    cr_assert_eq(ctx_cache_call_copy_v(cache, request, &key, 1, NULL, &byte, 1, NULL), CTX_OK);
}

/* ---- recorded traces ---------------------------------------------------------------------- */

/* What others have counted, and hits of an LRU list at three capacities. */
struct expected {
    size_t requests;
    uint32_t objects, tenants;
    struct {
        uint64_t capacity, hits;
    } runs[3];
};

static void replay(const struct ctxi_trace *trace)
{
    uint32_t current = 0;

    ctx_set(tenant, current);
    for (size_t i = 0; i < trace->request_count; i++) {
        if (trace->request_tenants && trace->request_tenants[i] != current) {
            current = trace->request_tenants[i];
            ctx_set(tenant, current);
        }
        ask_for(ctx_i64((int64_t)trace->object_keys[trace->objects[i]]));
    }
}

static void expect_hits(const struct ctxi_trace *trace, uint64_t capacity, uint64_t hits)
{
    ctx_cache_stats s;

    cache = cache_of(capacity, tenant);
    replay(trace);
    s = stats_of(cache);
    cr_assert_eq(s.hits, hits, "capacity %zu: %zu hits, an LRU list has %zu", (size_t)capacity,
                 (size_t)s.hits, (size_t)hits);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

/* The path of a trace; skips the test if it is not there. */
static void find_trace(const char *name, char *path, size_t size)
{
    const char *folder = getenv("CTX_TRACES");

    snprintf(path, size, "%s/%s", folder ? folder : "../shared/traces", name);
    if (access(path, R_OK) != 0)
        cr_skip_test("%s is not there (CTX_TRACES names its folder)", path);
}

static void expect_trace(const char *name, const char *columns, struct expected expected)
{
    struct ctxi_trace_options options = {.columns = columns};
    struct ctxi_problem problem;
    struct ctxi_trace *trace;
    char path[400];

    find_trace(name, path, sizeof path);
    cr_assert_eq(ctxi_trace_load(path, &options, &trace, &problem), CTX_OK, "%s", problem.text);
    cr_assert_eq(trace->request_count, expected.requests);
    cr_assert_eq(trace->object_count, expected.objects);
    cr_assert_eq(trace->tenant_count, expected.tenants);
    for (size_t i = 0; i < 3; i++)
        expect_hits(trace, expected.runs[i].capacity, expected.runs[i].hits);
    ctxi_trace_free(trace);
}

static void skip_if_slow(void)
{
    if (hash_bits() < 16)
        cr_skip_test("millions of keys with colliding hashes take too long");
    if (scaled(10) < 10)
        cr_skip_test("millions of requests are too many for an instrumented build");
}

/* ---- tests -------------------------------------------------------------------------------- */

/* Worked out by hand: LRU is at its worst one short of the loop, and perfect at its length. */
Test(traces, a_loop)
{
    enum { LENGTH = 100, ROUNDS = 10 };
    static uint32_t objects[LENGTH * ROUNDS];
    static uint64_t keys[LENGTH];
    struct ctxi_trace loop = {.request_count = LENGTH * ROUNDS,
                              .objects = objects,
                              .object_keys = keys};

    for (uint32_t i = 0; i < LENGTH * ROUNDS; i++)
        keys[objects[i] = i % LENGTH] = i % LENGTH;
    expect_hits(&loop, LENGTH - 1, 0);
    expect_hits(&loop, LENGTH, LENGTH * (ROUNDS - 1));
}

Test(traces, sprite, .timeout = 600)
{
    expect_trace("sprite.trace.gz", NULL,
                 (struct expected){133996, 7075, 1, {{71, 22102}, {708, 115925}, {3538, 126309}}});
}

Test(traces, lora_a, .timeout = 600)
{
    expect_trace("lora-a.csv.gz",
                 "time=gmt_create,tenant=groupId,load=exec_time_seconds,"
                 "key=predict_type+checkpoint_model_version_id+num_lora+num_inference_steps+"
                 "num_images_per_prompt",
                 (struct expected){10000, 4079, 1681, {{41, 5382}, {408, 5714}, {2040, 5900}}});
}

Test(traces, p3, .timeout = 600)
{
    skip_if_slow();
    expect_trace(
        "p3.lis.gz", NULL,
        (struct expected){3912296, 762543, 1, {{7625, 62270}, {76254, 657527}, {381272, 2914912}}});
}

Test(traces, orm_busy, .timeout = 600)
{
    skip_if_slow();
    expect_trace(
        "orm-busy.trace.xz", NULL,
        (struct expected){5000000, 76349, 30, {{763, 3851698}, {7635, 4400401}, {38175, 4836084}}});
}
