/*
 * Traces of binary records: oracleGeneral, and the words of cache2k's ORM traces.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctxcache/status.h"
#include "support/rng.h"
#include "support/trace_kit.h"

static const struct ctxi_trace_options as_orm = {.format = "orm"},
                                       as_oracle = {.format = "oracleGeneral"};

static void put_le(unsigned char *out, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (unsigned char)(number >> 8 * i);
}

static void put_record(unsigned char *out, uint32_t time, uint64_t id, uint32_t size, int64_t next)
{
    put_le(out, time, 4);
    put_le(out + 4, id, 8);
    put_le(out + 12, size, 4);
    put_le(out + 16, (uint64_t)next, 8);
}

/* Three requests for two objects, the first of which comes back. */
static void put_three(unsigned char out[72])
{
    put_record(out, 10, 0x1122334455667788u, 4096, 3);
    put_record(out + 24, 10, 7, 0, -1);
    put_record(out + 48, 12, 0x1122334455667788u, UINT32_MAX, INT64_MAX);
}

/* ---- oracleGeneral ------------------------------------------------------------------------ */

Test(trace_binary, oracle_records)
{
    unsigned char bytes[72];
    struct reading r;

    put_three(bytes);
    r = read_bytes(bytes, sizeof bytes, NULL);
    cr_assert_eq(r.status, CTX_OK, "%s", r.problem.text);
    cr_assert_str_eq(r.format, "oracleGeneral");
    cr_assert_eq(r.has, (unsigned)(CTXI_TRACE_TIMES | CTXI_TRACE_SIZES));
    cr_assert_eq(r.count, 3);
    cr_assert(r.requests[0].key == 0x1122334455667788u && r.requests[1].key == 7 &&
              r.requests[2].key == r.requests[0].key);
    cr_assert(r.requests[0].size == 4096 && r.requests[1].size == 0 &&
              r.requests[2].size == UINT32_MAX);
    cr_assert(r.requests[0].time_ns == 10000000000u && r.requests[2].time_ns == 12000000000u);
    cr_assert_eq(r.tenant_count, 1);
    reading_free(&r);
}

/* Cut at every byte: whole records are read, and what is left over is said, or counted. */
Test(trace_binary, oracle_cut_anywhere)
{
    const struct ctxi_trace_options lenient = {.format = "oracleGeneral", .lenient = true};
    unsigned char bytes[72];

    put_three(bytes);
    for (size_t size = 25; size <= sizeof bytes; size++) {
        struct reading strict = read_bytes(bytes, size, &as_oracle);
        struct reading loose = read_bytes(bytes, size, &lenient);
        bool whole = size % 24 == 0;
        char said[100];

        snprintf(said, sizeof said,
                 ": offset %zu: the rest of a record was expected after %zu of its 24 bytes",
                 size / 24 * 24, size % 24);
        cr_assert_eq(strict.status, whole ? CTX_OK : CTX_ERR_INVALID);
        cr_assert(whole || strstr(strict.problem.text, said), "%s", strict.problem.text);
        cr_assert_eq(strict.count, size / 24);
        cr_assert_eq(loose.status, CTX_OK);
        cr_assert_eq(loose.skipped, whole ? 0 : 1);
        cr_assert(readings_equal(&strict, &loose));
        reading_free(&strict);
        reading_free(&loose);
    }
}

Test(trace_binary, oracle_is_told_by_what_comes_next)
{
    unsigned char bytes[72];
    struct reading r;

    put_three(bytes);
    put_le(bytes + 24 + 16, 1, 8); /* the second request cannot be followed by itself */
    r = read_bytes(bytes, sizeof bytes, NULL);
    cr_assert_eq(r.status, CTX_ERR_INVALID);
    put_three(bytes);
    put_le(bytes + 48, 9, 4); /* time goes on */
    r = read_bytes(bytes, sizeof bytes, NULL);
    cr_assert_eq(r.status, CTX_ERR_INVALID);
    r = read_bytes(bytes, sizeof bytes, &as_oracle);
    cr_assert_eq(r.status, CTX_OK);
    reading_free(&r);
}

/* ---- ORM ---------------------------------------------------------------------------------- */

Test(trace_binary, orm_words)
{
    const unsigned char bytes[] = {0x88, 0, 2, 1, 0x07, 0xff, 0xff, 0xff,
                                   0x88, 0, 2, 1, 0,    0,    2,    1};
    struct reading r = read_bytes(bytes, sizeof bytes, &as_orm);

    cr_assert_eq(r.status, CTX_OK, "%s", r.problem.text);
    cr_assert_eq(r.has, (unsigned)CTXI_TRACE_TENANTS);
    cr_assert_eq(r.count, 4);
    cr_assert(r.requests[0].tenant == 17 && r.requests[0].key == 0x201);
    cr_assert(r.requests[1].tenant == 0 && r.requests[1].key == 0x7ffffff);
    cr_assert(r.requests[3].tenant == 0 && r.requests[3].key == 0x201);
    cr_assert(r.requests[2].tenant_number == 0 && r.requests[3].tenant_number == 1);
    cr_assert_eq(r.tenant_count, 2);
    cr_assert_str_eq(r.tenants[0], "17");
    cr_assert_str_eq(r.tenants[1], "0");
    reading_free(&r);
    r = read_bytes(bytes, 15, &as_orm);
    cr_assert_eq(r.status, CTX_ERR_INVALID);
    cr_assert_eq(r.count, 3);
    cr_assert(strstr(r.problem.text,
                     ": offset 12: the rest of a record was expected after 3 of its 4 bytes"));
    reading_free(&r);
}

/* Every second request for what was asked for just before. */
static void fill_words(unsigned char *bytes, size_t words)
{
    struct support_rng rng = support_rng_seeded(1);

    for (size_t i = 0; i < words; i++) {
        if (i % 2 == 0)
            put_le(bytes + 4 * i, support_rng_next(&rng), 4);
        else
            memcpy(bytes + 4 * i, bytes + 4 * i - 4, 4);
    }
}

Test(trace_binary, orm_is_told_by_its_name_and_its_repetitions)
{
    enum { WORDS = 1000 };
    static unsigned char bytes[4 * WORDS];
    char path[] = "/tmp/ctxcache-XXXXXX.trace";
    int fd = mkstemps(path, 6);
    struct reading r;

    cr_assert_geq(fd, 0);
    fill_words(bytes, WORDS);
    cr_assert_eq(write(fd, bytes, sizeof bytes), (ssize_t)sizeof bytes);
    close(fd);
    r = read_path(path, NULL, 100);
    unlink(path);
    cr_assert_eq(r.status, CTX_OK, "%s", r.problem.text);
    cr_assert_str_eq(r.format, "orm");
    cr_assert_eq(r.count, WORDS);
    reading_free(&r);
    r = read_bytes(bytes, sizeof bytes, NULL); /* under another name */
    cr_assert_eq(r.status, CTX_ERR_INVALID);
    cr_assert(strstr(r.problem.text, "a trace in a known format was expected"));
}

/* ---- garbage ------------------------------------------------------------------------------ */

Test(trace_binary, garbage_is_no_trace)
{
    struct support_rng rng = support_rng_seeded(support_seed("garbage_is_no_trace"));
    unsigned char bytes[4096];

    for (int round = 0; round < 200; round++) {
        size_t size = 48 + support_rng_below(&rng, sizeof bytes - 48);
        struct reading r;

        for (size_t i = 0; i < size; i++)
            bytes[i] = (unsigned char)support_rng_next(&rng);
        bytes[0] = 0; /* so that it is neither text nor compressed */
        r = read_bytes(bytes, size, NULL);
        cr_assert_eq(r.status, CTX_ERR_INVALID);
        cr_assert(strstr(r.problem.text, ": a trace in a known format was expected"));
    }
}
