/*
 * Traces that are lines of text without columns: keys, LIRS, ARC. What is found out about them, what
 * is read, and what is said of lines that are wrong.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctxcache/status.h"
#include "support/trace_kit.h"

#define KEYS_MAX 16

static const struct ctxi_trace_options as_keys = {.format = "keys"}, as_lirs = {.format = "lirs"},
                                       as_arc = {.format = "arc"};

static struct reading read_text(const char *text, const struct ctxi_trace_options *options)
{
    return read_bytes(text, strlen(text), options);
}

/* Numbers up to a 0. */
static void expect_keys(const char *text, const char *format, const uint64_t keys[KEYS_MAX])
{
    struct reading r = read_text(text, NULL);
    size_t count = 0;

    cr_assert_eq(r.status, CTX_OK, "%s", r.problem.text);
    cr_assert_str_eq(r.format, format);
    for (; count < KEYS_MAX && keys[count]; count++)
        cr_assert(count < r.count && r.requests[count].key == keys[count] &&
                  r.requests[count].size == 1);
    cr_assert_eq(r.count, count);
    cr_assert_eq(r.skipped, 0);
    cr_assert_eq(r.has, 0u);
    cr_assert_eq(r.tenant_count, 1);
    cr_assert_str_eq(r.tenants[0], "");
    reading_free(&r);
}

/* Strict: the error, after `good` requests. Lenient: one record skipped, `lenient` requests read. */
static void expect_wrong(const char *text, const struct ctxi_trace_options *options, size_t good,
                         size_t lenient, const char *said)
{
    struct ctxi_trace_options allow = *options;
    struct reading r = read_text(text, options);

    cr_assert_eq(r.status, CTX_ERR_INVALID);
    cr_assert_eq(r.count, good, "%zu good ones, not %zu", r.count, good);
    cr_assert(strstr(r.problem.text, said), "'%s' is not in '%s'", said, r.problem.text);
    cr_assert(!strchr(r.problem.text, '\n'));
    reading_free(&r);
    allow.lenient = true;
    r = read_text(text, &allow);
    cr_assert_eq(r.status, CTX_OK, "%s", r.problem.text);
    cr_assert_eq(r.count, lenient);
    cr_assert_eq(r.skipped, 1);
    reading_free(&r);
}

/* ---- keys --------------------------------------------------------------------------------- */

Test(trace_text, keys_are_told_apart_by_all_of_their_text)
{
    struct reading r = read_text("apple\nbanana\n\napple\nappl\nApple\nban ana\n", NULL);

    cr_assert_eq(r.status, CTX_OK, "%s", r.problem.text);
    cr_assert_str_eq(r.format, "keys");
    cr_assert_eq(r.count, 6);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++)
            cr_assert_eq(r.requests[i].key == r.requests[j].key, i == 2 && j == 0);
    reading_free(&r);
}

Test(trace_text, ends_of_lines_are_no_part_of_a_key)
{
    struct reading unix_ends = read_text("a\nb\na\n", NULL);
    struct reading dos_ends = read_text("a\r\nb\r\na\r\n", NULL);
    struct reading no_end = read_text("a\nb\na", NULL);

    cr_assert_eq(unix_ends.count, 3);
    cr_assert(readings_equal(&unix_ends, &dos_ends));
    cr_assert(readings_equal(&unix_ends, &no_end));
    reading_free(&unix_ends);
    reading_free(&dos_ends);
    reading_free(&no_end);
}

Test(trace_text, a_key_may_be_any_bytes_when_the_format_is_told)
{
    const char bytes[] = "a\0b\n\xff\xfe\n\x01\na\0b\na\n";
    struct reading r = read_bytes(bytes, sizeof bytes - 1, &as_keys);

    cr_assert_eq(r.status, CTX_OK, "%s", r.problem.text);
    cr_assert_eq(r.count, 5);
    cr_assert_eq(r.requests[0].key, r.requests[3].key);
    cr_assert_neq(r.requests[0].key, r.requests[4].key);
    reading_free(&r);
}

/* ---- lines that are too long -------------------------------------------------------------- */

static char *long_line(size_t size, const char *behind)
{
    char *text = malloc(size + strlen(behind) + 1);

    memset(text, 'x', size);
    strcpy(text + size, behind);
    return text;
}

Test(trace_text, a_line_may_have_64_KiB)
{
    char *text = long_line(65536, "\nb\n");
    struct reading r = read_text(text, NULL);

    cr_assert_eq(r.status, CTX_OK, "%s", r.problem.text);
    cr_assert_eq(r.count, 2);
    reading_free(&r);
    free(text);
}

Test(trace_text, longer_ones_are_refused_wherever_they_end)
{
    const size_t sizes[] = {65537, 65536 * 2, 262143, 262144, 262145, 1000000};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = long_line(sizes[i], "\nb\nc\n");

        expect_wrong(text, &as_keys, 0, 2, ":1: a line of at most 65536 bytes was expected");
        free(text);
    }
}

Test(trace_text, a_last_line_that_is_too_long_is_refused_too)
{
    char *text = long_line(300000, "");
    struct ctxi_trace_options lenient = {.format = "keys", .lenient = true};
    struct reading r = read_text(text, &lenient);

    cr_assert_eq(r.count, 0);
    cr_assert_eq(r.skipped, 1);
    cr_assert_eq(r.status, CTX_ERR_INVALID);
    cr_assert(strstr(r.problem.text, "a request was expected before the end"));
    reading_free(&r);
    free(text);
}

/* ---- LIRS --------------------------------------------------------------------------------- */

Test(trace_text, lirs_numbers_are_keys)
{
    expect_keys("7\n*\n8\n\n7\n18446744073709551615\n*\n", "lirs",
                (const uint64_t[KEYS_MAX]){7, 8, 7, UINT64_MAX});
    expect_keys("7\r\n*\r\n8\r\n", "lirs", (const uint64_t[KEYS_MAX]){7, 8});
    expect_keys("12", "lirs", (const uint64_t[KEYS_MAX]){12});
}

Test(trace_text, lirs_refuses_what_is_no_number)
{
    const char *said = "a block number or '*' was expected, not";

    expect_wrong("x\n2\n", &as_lirs, 0, 1, ":1: ");
    expect_wrong("1\n2\n3x\n4\n", &as_lirs, 2, 3, said);
    expect_wrong("1\n2\n3x\n4\n", &as_lirs, 2, 3, ":3: ");
    expect_wrong("1\n-2\n", &as_lirs, 1, 1, "'-2'");
    expect_wrong("1\n 2\n", &as_lirs, 1, 1, said);
    expect_wrong("1\n18446744073709551616\n", &as_lirs, 1, 1, said);
    expect_wrong("1\n**\n", &as_lirs, 1, 1, said);
    expect_wrong("1\n1.5\n", &as_lirs, 1, 1, said);
}

Test(trace_text, what_is_said_is_one_short_line)
{
    char *text = long_line(2000, "\x01\t\n1\n");
    struct reading r = read_text(text, &as_lirs);

    cr_assert_eq(r.status, CTX_ERR_INVALID);
    cr_assert_lt(strlen(r.problem.text), 200);
    cr_assert(strstr(r.problem.text, "...'"));
    reading_free(&r);
    free(text);
}

/* ---- ARC ---------------------------------------------------------------------------------- */

Test(trace_text, arc_lines_stand_for_ranges)
{
    expect_keys("10 3 0 0\n\n5 0 0 1\n7 2 0 2\n", "arc",
                (const uint64_t[KEYS_MAX]){10, 11, 12, 7, 8});
    expect_keys("10 3 0 0\r\n7 2 0 2\r\n", "arc", (const uint64_t[KEYS_MAX]){10, 11, 12, 7, 8});
    expect_keys("9 1 5 6 ", "arc", (const uint64_t[KEYS_MAX]){9});
}

Test(trace_text, arc_refuses_other_lines)
{
    const char *said = ": 'start count ignored number' was expected, with a count up to 1048576";

    expect_wrong("1 1 0\n2 1 0 1\n", &as_arc, 0, 1, said);
    expect_wrong("1 2 0 0\n2 1 0 1 9\n3 1 0 2\n", &as_arc, 2, 3, ":2: ");
    expect_wrong("1 1 0 0\n2 x 0 1\n", &as_arc, 1, 1, "'2 x 0 1'");
    expect_wrong("1 1 0 0\n2 1048577 0 1\n", &as_arc, 1, 1, said);
    expect_wrong("1 1 0 0\n2  1 0 1\n", &as_arc, 1, 1, said);
    expect_wrong("1 1 0 0\n2\t1\t0\t1\n", &as_arc, 1, 1, said);
}

Test(trace_text, a_range_goes_on_in_the_next_batch)
{
    const char *path = trace_file("5 1000 0 0\n7 1 0 1\n", 19);
    struct reading one = read_path(path, NULL, 1), many = read_path(path, NULL, 4096);

    cr_assert_eq(one.count, 1001);
    cr_assert_eq(one.requests[999].key, 1004);
    cr_assert(readings_equal(&one, &many));
    reading_free(&one);
    reading_free(&many);
}

/* ---- nothing ------------------------------------------------------------------------------ */

Test(trace_text, a_trace_has_a_request)
{
    const struct ctxi_trace_options *all[] = {NULL, &as_keys, &as_lirs, &as_arc};

    for (size_t i = 0; i < 4; i++) {
        struct reading r = read_text("", all[i]);

        cr_assert_eq(r.status, CTX_ERR_INVALID);
        cr_assert(strstr(r.problem.text, ": offset 0: a request was expected, but it is empty"));
        if (i > 0) {
            r = read_text("\n\n\n", all[i]);
            cr_assert_eq(r.status, CTX_ERR_INVALID);
            cr_assert(strstr(r.problem.text, "a request was expected before the end"));
        }
        reading_free(&r);
    }
}

Test(trace_text, formats_have_names)
{
    struct ctxi_trace_options nonsense = {.format = "parquet"};
    struct reading r = read_text("1\n", &nonsense);
    size_t count = 0;

    cr_assert_eq(r.status, CTX_ERR_INVALID);
    cr_assert_str_eq(r.problem.text, "there is no format 'parquet'");
    while (ctxi_trace_format_name(count)) {
        cr_assert_not_null(ctxi_trace_format_about(count));
        count++;
    }
    cr_assert_geq(count, 6);
    cr_assert_null(ctxi_trace_format_about(count));
}
