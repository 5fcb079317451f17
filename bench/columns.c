#include "columns.h"

#include <math.h>
#include <string.h>

static double median(const struct report *report, const struct result *result)
{
    (void)report;
    return result->ns_per_op.median;
}

static double least(const struct report *report, const struct result *result)
{
    (void)report;
    return result->ns_per_op.min;
}

static double most(const struct report *report, const struct result *result)
{
    (void)report;
    return result->ns_per_op.max;
}

static double mops(const struct report *report, const struct result *result)
{
    (void)report;
    return result->mops;
}

static double scaling(const struct report *report, const struct result *result)
{
    (void)report;
    return result->scaling;
}

/* How many times the median of the named competitor in the same row this one takes. */
static double times(const struct report *report, const struct result *result, const char *name)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct result *other = &report->results[i];

        if (other->section == result->section && strcmp(other->workload, result->workload) == 0 &&
            other->threads == result->threads && strcmp(other->competitor, name) == 0)
            return result->ns_per_op.median / other->ns_per_op.median;
    }
    return NAN;
}

static double times_floor(const struct report *report, const struct result *result)
{
    return times(report, result, "floor");
}

static double times_ctxcache(const struct report *report, const struct result *result)
{
    return times(report, result, "ctxcache");
}

static double p99(const struct report *report, const struct result *result)
{
    (void)report;
    return result->latency.p99;
}

static double p999(const struct report *report, const struct result *result)
{
    (void)report;
    return result->latency.p999;
}

static double hits(const struct report *report, const struct result *result)
{
    (void)report;
    return result->hit_ratio;
}

static double bytes(const struct report *report, const struct result *result)
{
    (void)report;
    return result->bytes_per_entry;
}

static double overhead(const struct report *report, const struct result *result)
{
    (void)report;
    return result->overhead_per_entry;
}

const struct column columns[] = {
    {"ns/op", 8, 1, EVERYWHERE, median},
    {"min", 7, 1, EVERYWHERE, least},
    {"max", 7, 1, EVERYWHERE, most},
    {"Mop/s", 7, 1, EVERYWHERE, mops},
    {"scaling", 7, 2, EVERYWHERE, scaling},
    {"x floor", 7, 2, EVERYWHERE, times_floor},
    {"x ctxcache", 10, 2, EVERYWHERE, times_ctxcache},
    {"p99", 7, 0, OF_CACHES, p99},
    {"p99.9", 8, 0, OF_CACHES, p999},
    {"hits", 6, 3, OF_CACHES, hits},
    {"B/entry", 7, 0, OF_MEMORY, bytes},
    {"overhead", 8, 0, OF_CACHES, overhead},
};

const size_t column_count = sizeof columns / sizeof *columns;

bool column_applies(const struct column *column, const struct result *result)
{
    if (strcmp(result->section, "context") == 0)
        return column->where == EVERYWHERE;
    return column->where != OF_CACHES || strcmp(result->section, "async") != 0;
}

const char *column_text(const struct column *column, const struct report *report,
                        const struct result *result, char out[COLUMN_TEXT])
{
    double number = column->value(report, result);

    if (isnan(number))
        return "-";
    snprintf(out, COLUMN_TEXT, "%.*f", column->decimals, number);
    return out;
}
