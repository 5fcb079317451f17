/*
 * A whole trace as arrays: equal to what a naive numbering of the requests gives, also when memory
 * runs out at any moment.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctxcache/status.h"
#include "support/alloc.h"
#include "support/rng.h"
#include "support/scale.h"
#include "support/trace_kit.h"

/* ---- a random table, and its text --------------------------------------------------------- */

struct line {
    unsigned tenant, key, size, time, load, op;
};

static const char *const ops[] = {"get", "put", "delete"};

static char *write_lines(const struct line *lines, size_t count, size_t *out_size)
{
    char *text = malloc(64 + count * 80);
    size_t size = (size_t)sprintf(text, "tenant,key,size,time_ns,load_ns,op\n");

    for (size_t i = 0; i < count; i++)
        size += (size_t)sprintf(text + size, "t%u,k%u,%u,%u,%u,%s\n", lines[i].tenant, lines[i].key,
                                lines[i].size, lines[i].time, lines[i].load, ops[lines[i].op]);
    *out_size = size;
    return text;
}

static void draw_lines(struct line *lines, size_t count, unsigned tenants, unsigned keys,
                       struct support_rng *rng)
{
    for (size_t i = 0; i < count; i++)
        lines[i] = (struct line){.tenant = (unsigned)support_rng_below(rng, tenants),
                                 .key = (unsigned)support_rng_below(rng, keys),
                                 .size = (unsigned)support_rng_next(rng),
                                 .time = (unsigned)support_rng_next(rng),
                                 .load = (unsigned)support_rng_next(rng),
                                 .op = (unsigned)support_rng_below(rng, 3)};
}

/* ---- the same, numbered naively ----------------------------------------------------------- */

static size_t first_with_tenant(const struct line *lines, size_t at)
{
    size_t first = 0;

    while (lines[first].tenant != lines[at].tenant)
        first++;
    return first;
}

static size_t first_with_object(const struct line *lines, size_t at)
{
    size_t first = 0;

    while (lines[first].tenant != lines[at].tenant || lines[first].key != lines[at].key)
        first++;
    return first;
}

static void expect_request(const struct ctxi_trace *trace, const struct line *lines, size_t i)
{
    char name[16];
    uint32_t object = trace->objects[i], tenant = trace->request_tenants[i];

    snprintf(name, sizeof name, "t%u", lines[i].tenant);
    cr_assert_eq(object, trace->objects[first_with_object(lines, i)]);
    cr_assert_eq(tenant, trace->request_tenants[first_with_tenant(lines, i)]);
    cr_assert_eq(trace->object_tenants[object], tenant);
    cr_assert_str_eq(ctxi_tenants_name(trace->tenants, tenant), name);
    cr_assert(trace->sizes[i] == lines[i].size && trace->times_ns[i] == lines[i].time &&
              trace->loads_ns[i] == lines[i].load && trace->ops[i] == lines[i].op);
}

static void expect_lines(const struct ctxi_trace *trace, const struct line *lines, size_t count)
{
    uint32_t objects = 0, tenants = 0;

    cr_assert_eq(trace->request_count, count);
    for (size_t i = 0; i < count; i++) {
        if (first_with_object(lines, i) == i)
            cr_assert_eq(trace->objects[i], objects++);
        if (first_with_tenant(lines, i) == i)
            cr_assert_eq(trace->request_tenants[i], tenants++);
        expect_request(trace, lines, i);
    }
    cr_assert(trace->object_count == objects && trace->tenant_count == tenants);
    cr_assert_eq(ctxi_tenants_count(trace->tenants), tenants);
}

static void check_model(unsigned count, unsigned tenants, unsigned keys, struct support_rng *rng)
{
    struct line *lines = malloc(count * sizeof *lines);
    struct ctxi_trace *trace;
    struct ctxi_problem problem;
    size_t size;
    char *text;
    const char *path;

    draw_lines(lines, count, tenants, keys, rng);
    text = write_lines(lines, count, &size);
    path = trace_file(text, size);
    cr_assert_eq(ctxi_trace_load(path, NULL, &trace, &problem), CTX_OK, "%s", problem.text);
    expect_lines(trace, lines, count);
    ctxi_trace_free(trace);
    trace_file_close(path);
    free(text);
    free(lines);
}

Test(trace_load, numbers_are_those_of_a_naive_model, .timeout = 300)
{
    struct support_rng rng = support_rng_seeded(support_seed("trace_load"));

    check_model(1, 1, 1, &rng);
    check_model(1000, 3, 50, &rng);
    check_model((unsigned)scaled(10000), 700, 3, &rng);
    check_model((unsigned)scaled(20000), 10, 1000000, &rng); /* nearly all are new: tables grow */
}

/* ---- what is not there is NULL ------------------------------------------------------------ */

Test(trace_load, arrays_that_a_trace_does_not_have)
{
    struct ctxi_trace *trace;

    cr_assert_eq(ctxi_trace_load(trace_file("5\n6\n5\n", 6), NULL, &trace, NULL), CTX_OK);
    cr_assert(trace->request_count == 3 && trace->object_count == 2 && trace->tenant_count == 1);
    cr_assert(trace->objects[0] == 0 && trace->objects[1] == 1 && trace->objects[2] == 0);
    cr_assert(trace->object_keys[0] == 5 && trace->object_keys[1] == 6);
    cr_assert(!trace->request_tenants && !trace->object_tenants && !trace->sizes &&
              !trace->times_ns && !trace->loads_ns && !trace->ops);
    cr_assert_str_eq(ctxi_tenants_name(trace->tenants, 0), "");
    ctxi_trace_free(trace);
}

Test(trace_load, equal_keys_of_two_tenants_are_two_objects)
{
    const unsigned char words[] = {0x08, 0, 0, 1, 0x10, 0, 0, 1, 0x08, 0, 0, 1};
    struct ctxi_trace_options options = {.format = "orm"};
    struct ctxi_trace *trace;

    cr_assert_eq(ctxi_trace_load(trace_file(words, 12), &options, &trace, NULL), CTX_OK);
    cr_assert(trace->object_count == 2 && trace->tenant_count == 2);
    cr_assert(trace->objects[0] == 0 && trace->objects[1] == 1 && trace->objects[2] == 0);
    cr_assert_eq(trace->object_keys[0], trace->object_keys[1]);
    ctxi_trace_free(trace);
}

static void count_calls(void *user, uint64_t requests, uint64_t bytes, uint64_t total)
{
    uint64_t *calls = user;

    cr_assert(requests > 0 && bytes <= total);
    ++*calls;
}

Test(trace_load, progress_and_skipped_records_are_told)
{
    uint64_t calls = 0;
    struct ctxi_trace_options options = {.format = "lirs",
                                         .lenient = true,
                                         .progress = count_calls,
                                         .progress_user = &calls};
    struct ctxi_trace *trace;

    cr_assert_eq(ctxi_trace_load(trace_file("5\nx\n5\n", 6), &options, &trace, NULL), CTX_OK);
    cr_assert(trace->request_count == 2 && trace->skipped == 1);
    cr_assert_eq(calls, 1);
    ctxi_trace_free(trace);
}

Test(trace_load, an_error_in_the_middle_leaves_nothing)
{
    struct ctxi_trace_options options = {.format = "lirs"};
    struct ctxi_trace *trace;
    struct ctxi_problem problem;

    cr_assert_eq(ctxi_trace_load(trace_file("5\nx\n5\n", 6), &options, &trace, &problem),
                 CTX_ERR_INVALID);
    cr_assert_null(trace);
    cr_assert(strstr(problem.text, ":2: a block number"));
}

/* ---- out of memory ------------------------------------------------------------------------ */

/* Fails the n-th allocation, for every n, once and from then on. */
Test(trace_load, out_of_memory_at_any_moment, .timeout = 300)
{
    static struct support_alloc counted;
    struct support_rng rng = support_rng_seeded(7);
    enum { COUNT = 20000 };
    struct line *lines = malloc(COUNT * sizeof *lines);
    size_t size;
    char *text;
    const char *path;

    draw_lines(lines, COUNT, 40, 100000, &rng);
    text = write_lines(lines, COUNT, &size);
    path = trace_file(text, size);
    support_alloc_init(&counted);
    cr_assert_eq(ctx_set_allocator(&counted.allocator), CTX_OK);
    for (int for_ever = 0; for_ever < 2; for_ever++)
        for (uint64_t nth = 0;; nth++) {
            struct ctxi_problem problem;
            struct ctxi_trace *trace;
            int status;

            support_alloc_fail(&counted, nth, for_ever);
            status = ctxi_trace_load(path, NULL, &trace, &problem);
            support_alloc_recover(&counted);
            if (status == CTX_OK) {
                cr_assert_gt(nth, 40);
                cr_assert_eq(trace->request_count, COUNT);
                ctxi_trace_free(trace);
                break;
            }
            cr_assert_eq(status, CTX_ERR_NOMEM);
            cr_assert_null(trace);
            cr_assert_str_eq(problem.text, "out of memory");
            cr_assert_eq(atomic_load(&counted.live_bytes), 0);
        }
    cr_assert_eq(atomic_load(&counted.live_bytes), 0);
    free(text);
    free(lines);
}
