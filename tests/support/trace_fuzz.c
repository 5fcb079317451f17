#include "support/trace_fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctxcache/status.h"
#include "support/trace_kit.h"

/* By abort(), which fuzzers notice. */
#define MUST(condition) must(condition, #condition)

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "This does not hold: %s\n", what);
    abort();
}

enum { FEW = 7, MANY = 512 }; /* requests in a batch */

static bool begins_with(struct reading all, const struct reading *first)
{
    if (all.count < first->count)
        return false;
    all.count = first->count;
    return readings_equal(&all, first);
}

static void check_problem(const struct reading *reading)
{
    if (reading->status == CTX_OK)
        return;
    MUST(reading->status == CTX_ERR_INVALID);
    MUST(reading->problem.text[0] != '\0');
    MUST(!strpbrk(reading->problem.text, "\n\r"));
}

static void check_lenient(const struct reading *strict, const struct reading *lenient)
{
    MUST(begins_with(*lenient, strict));
    if (strict->status == CTX_OK)
        MUST(lenient->status == CTX_OK && lenient->skipped == 0 && readings_equal(strict, lenient));
    else
        MUST(lenient->status != CTX_OK || lenient->skipped > 0);
}

int trace_fuzz(const uint8_t *bytes, size_t size, const char *format, const char *columns)
{
    struct ctxi_trace_options strict = {.format = format, .columns = columns}, lenient = strict;
    const char *path = trace_file(bytes, size);
    struct reading few, many, all;

    lenient.lenient = true;
    few = read_path(path, &strict, FEW);
    many = read_path(path, &strict, MANY);
    all = read_path(path, &lenient, MANY);
    trace_file_close(path);
    check_problem(&few);
    check_problem(&all);
    if (few.count >= READING_MAX) {
        MUST(begins_with(many.count > few.count ? many : few,
                         many.count > few.count ? &few : &many));
    } else {
        MUST(few.status == many.status);
        MUST(readings_equal(&few, &many));
        check_lenient(&many, &all);
    }
    reading_free(&few);
    reading_free(&many);
    reading_free(&all);
    return 0;
}
