/*
 * A curve as a drawing with a table, as CSV and as one JSON object.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "csv.h"
#include "curve.h"
#include "die.h"
#include "draw.h"
#include "json.h"
#include "ranks.h"
#include "report/text.h"
#include "traces.h"
#include "tune/whole.h"
#include "wording.h"

#define POINTS_FILED  200
#define TENANTS_SHOWN 10

/* Of a trace that is one. */
#define SAMPLE_SAYS                                                                                \
    "All numbers are estimates for the whole\ncache; intervals are those of hit ratios."

/* Buckets of one curve that are to be shown. */
struct points {
    size_t *buckets, count;
};

/* `filed`: for other programs, so many of them. */
static struct points choose_points(const struct curve_result *result,
                                   const struct ctxi_curve *curve, bool filed)
{
    const struct capacities *wanted = result->capacities;
    size_t room = wanted->count > POINTS_FILED ? wanted->count : POINTS_FILED;
    struct points points = {die_calloc(room, sizeof *points.buckets), wanted->count};

    for (size_t i = 0; i < wanted->count; i++)
        points.buckets[i] = ctxi_curve_bucket(curve, wanted->values[i]);
    if (wanted->count == 0)
        points.count = filed ? draw_points(curve, POINTS_FILED, points.buckets)
                             : draw_steps(curve, points.buckets);
    return points;
}

/* As it was asked for, if the curve ends before; else what the bucket is exact for. */
static uint64_t capacity_of(const struct curve_result *result, const struct ctxi_curve *curve,
                            const struct points *points, size_t i)
{
    if (result->capacities->count > 0 && curve->bits == 0)
        return result->capacities->values[i];
    return ctxi_curve_capacity(curve, points->buckets[i]);
}

static double ratio_of(const struct ctxi_curve *curve, uint64_t hits)
{
    return curve->requests > 0 ? (double)hits / (double)curve->requests : 0;
}

/* How the curve was sampled. */
static const struct curve_sample *sample_of(const struct curve_result *result,
                                            const struct ctxi_curve *curve)
{
    static const struct curve_sample none;

    if (curve == result->overall)
        return &result->sample;
    return result->tenant_samples ? &result->tenant_samples[curve - result->tenants] : &none;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void json_point(FILE *file, const struct curve_result *result,
                       const struct ctxi_curve *curve, uint64_t capacity, size_t bucket)
{
    const struct ctxi_estimate *estimate = sample_of(result, curve)->estimate;

    fprintf(file, "{\"capacity\": %" PRIu64 ", \"hits\": %" PRIu64 ", ", capacity,
            curve->hits[bucket]);
    json_number(file, "hit_ratio", ratio_of(curve, curve->hits[bucket]));
    if (estimate)
        fprintf(file, ", \"low\": %" PRIu64 ", \"high\": %" PRIu64, estimate->low[bucket],
                estimate->high[bucket]);
    if (curve->hit_bytes)
        fprintf(file, ", \"hit_bytes\": %" PRIu64, curve->hit_bytes[bucket]);
    if (curve->saved_ns)
        fprintf(file, ", \"saved_ns\": %" PRIu64, curve->saved_ns[bucket]);
    fputs("}", file);
}

static void json_curve(FILE *file, const struct curve_result *result,
                       const struct ctxi_curve *curve, const char *indent)
{
    struct points points = choose_points(result, curve, true);

    fprintf(file, "\"requests\": %" PRIu64 ", \"distinct\": %" PRIu64 ", ", curve->requests,
            curve->objects);
    json_number(file, "ceiling", ratio_of(curve, ctxi_curve_ceiling(curve)));
    fprintf(file, ",\n%s\"points\": [", indent);
    for (size_t i = 0; i < points.count; i++) {
        fprintf(file, "%s\n%s  ", i > 0 ? "," : "", indent);
        json_point(file, result, curve, capacity_of(result, curve, &points, i), points.buckets[i]);
    }
    fputs("]", file);
    free(points.buckets);
}

static void json_sample(FILE *file, const struct curve_sample *sample)
{
    fputs("\"sample\": {", file);
    json_number(file, "rate", sample->rate);
    fprintf(file, ", \"keys\": %" PRIu32 ", \"enough\": %s}", sample->keys,
            sample->enough ? "true" : "false");
}

static void json_tenant(FILE *file, const struct curve_result *result, uint32_t tenant)
{
    const struct ctxi_curve *curve = &result->tenants[tenant];
    const struct curve_sample *sample = sample_of(result, curve);

    json_string(file, "tenant", ctxi_tenants_name(result->trace->tenants, tenant));
    fputs(", ", file);
    if (sample->estimate) {
        json_sample(file, sample);
        fputs(", ", file);
    }
    if (curve_sample_refused(sample))
        fprintf(file, "\"requests\": %" PRIu64 ", \"refused\": \"too few sampled keys\"",
                curve->requests);
    else
        json_curve(file, result, curve, "   ");
}

void curve_print_json(FILE *file, const struct curve_result *result)
{
    size_t knee = ctxi_curve_knee(result->overall);

    fprintf(file, "{\"unit\": \"%s\", ", result->bytes ? "bytes" : "entries");
    json_number(file, "rate", result->trace->rate);
    fprintf(file, ", \"dropped\": %" PRIu64, result->trace->recorded.lost);
    fputs(",\n", file);
    if (result->sample.estimate) {
        fputc(' ', file);
        json_sample(file, &result->sample);
        fputs(",\n", file);
    }
    if (result->sample.enough)
        fprintf(file, " \"knee\": {\"capacity\": %" PRIu64 ", \"hits\": %" PRIu64 "},\n",
                ctxi_curve_capacity(result->overall, knee), result->overall->hits[knee]);
    fputc(' ', file);
    json_curve(file, result, result->overall, " ");
    if (result->tenants)
        fputs(",\n \"tenants\": [", file);
    for (uint32_t i = 0; result->tenants && i < result->trace->tenant_count; i++) {
        fputs(i > 0 ? ",\n  {" : "\n  {", file);
        json_tenant(file, result, i);
        fputs("}", file);
    }
    fputs(result->tenants ? "]}\n" : "}\n", file);
}

/* ---- CSV ---------------------------------------------------------------------------------- */

static void csv_rows(FILE *file, const struct curve_result *result, const struct ctxi_curve *curve,
                     const char *scope, const char *tenant)
{
    struct points points = choose_points(result, curve, true);

    for (size_t i = 0; i < points.count; i++) {
        size_t bucket = points.buckets[i];
        const struct ctxi_estimate *estimate = sample_of(result, curve)->estimate;

        fprintf(file, "%s,", scope);
        csv_string(file, tenant);
        fprintf(file, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.6g,%.6g",
                capacity_of(result, curve, &points, i), curve->requests, curve->hits[bucket],
                ratio_of(curve, curve->hits[bucket]), ratio_of(curve, ctxi_curve_ceiling(curve)));
        if (estimate)
            fprintf(file, ",%" PRIu64 ",%" PRIu64 "\n", estimate->low[bucket],
                    estimate->high[bucket]);
        else
            fputs(",,\n", file);
    }
    free(points.buckets);
}

static void csv_tenant(FILE *file, const struct curve_result *result, uint32_t tenant)
{
    const struct ctxi_curve *curve = &result->tenants[tenant];
    const char *name = ctxi_tenants_name(result->trace->tenants, tenant);

    if (!curve_sample_refused(sample_of(result, curve))) {
        csv_rows(file, result, curve, "tenant", name);
        return;
    }
    fputs("refused,", file);
    csv_string(file, name);
    fprintf(file, ",,%" PRIu64 ",,,,,\n", curve->requests);
}

void curve_print_csv(FILE *file, const struct curve_result *result)
{
    traces_say_sample(stderr, result->trace, CURVE_COMMAND, SAMPLE_SAYS);
    fputs("scope,tenant,capacity,requests,hits,hit_ratio,ceiling,low,high\n", file);
    csv_rows(file, result, result->overall, "all", "");
    for (uint32_t i = 0; result->tenants && i < result->trace->tenant_count; i++)
        csv_tenant(file, result, i);
}

/* ---- the table ---------------------------------------------------------------------------- */

static void table_head(FILE *file, const struct curve_result *result)
{
    fprintf(file, "%16s%12s%8s%10s", result->bytes ? "bytes" : "capacity", "hits", "hit %",
            "at most");
    if (result->sample.estimate)
        fprintf(file, "%20s", "95 % interval");
    if (result->overall->hit_bytes)
        fprintf(file, "%8s", "byte %");
    if (result->overall->saved_ns)
        fprintf(file, "%14s", "saved");
    fputc('\n', file);
}

static void table_interval(FILE *file, const struct ctxi_curve *curve,
                           const struct ctxi_estimate *estimate, size_t bucket)
{
    fprintf(file, "%10.2f -%8.2f", 100 * ratio_of(curve, estimate->low[bucket]),
            100 * ratio_of(curve, estimate->high[bucket]));
}

static void table_row(FILE *file, const struct curve_result *result, uint64_t capacity,
                      size_t bucket)
{
    const struct ctxi_curve *curve = result->overall;
    char saved[TEXT_NUMBER];

    fprintf(file, "%16" PRIu64 "%12" PRIu64 "%8.2f%10.2f", capacity, curve->hits[bucket],
            100 * ratio_of(curve, curve->hits[bucket]),
            100 * ratio_of(curve, ctxi_curve_ceiling(curve)));
    if (result->sample.estimate)
        table_interval(file, curve, result->sample.estimate, bucket);
    if (curve->hit_bytes)
        fprintf(file, "%8.2f",
                curve->bytes > 0 ? 100 * (double)curve->hit_bytes[bucket] / (double)curve->bytes
                                 : 0);
    if (curve->saved_ns)
        wording_right(file, 14, text_seconds((double)curve->saved_ns[bucket] / 1e9, saved));
    fputc('\n', file);
}

/* The share of the trace's keys that would do; a hash takes some more or fewer of them. */
static void table_enough(FILE *file, const struct ctxi_trace *trace)
{
    double rate = 1.04 * CTXI_SHARDS_ENOUGH / trace->object_count;

    fprintf(file, "Fewer than %d sampled keys: no advice from that. It may be far off. ",
            CTXI_SHARDS_ENOUGH);
    if (rate < 0.01)
        fprintf(file, "At least\n--sample %.1g would do, or --samples %d.\n", rate + 0.0005,
                CTXI_SHARDS_ENOUGH);
    else if (rate < 1)
        fprintf(file, "At least\n--sample %.2f would do, or --samples %d.\n",
                ceil(100 * rate) / 100, CTXI_SHARDS_ENOUGH);
    else if (ctxi_is_sample(trace->rate))
        fputs("The trace has\nno more: record more of the keys.\n", file);
    else
        fputs("Without\n--sample and --samples it would be exact.\n", file);
}

static void table_sample(FILE *file, const struct curve_result *result)
{
    const struct curve_sample *sample = &result->sample;

    fprintf(file, "\nFrom %" PRIu32 " sampled key%s", sample->keys, wording_s(sample->keys));
    if (sample->rate < 1)
        fprintf(file, ", one in %.4g; of 100 intervals 95 hold", 1 / sample->rate);
    fputs(sample->rate < 1 ? ".\n" : ", all that there are.\n", file);
    if (!sample->enough)
        table_enough(file, result->trace);
}

static void table_tenant(FILE *file, const struct curve_result *result, uint32_t tenant)
{
    const struct ctxi_curve *curve = &result->tenants[tenant];
    const struct curve_sample *sample = sample_of(result, curve);
    static const double parts[] = {0.5, 0.9, 0.99};
    size_t buckets[3];

    wording_name(file, ctxi_tenants_name(result->trace->tenants, tenant));
    fprintf(file, "%12" PRIu64, curve->requests);
    if (curve_sample_refused(sample)) {
        fprintf(file, "   %" PRIu32 " sampled keys: too few to say more\n", sample->keys);
        return;
    }
    fprintf(file, "%10" PRIu64 "%10.2f", curve->objects,
            100 * ratio_of(curve, ctxi_curve_ceiling(curve)));
    for (size_t i = 0; i < 3; i++) {
        buckets[i] =
            ctxi_curve_reaching(curve, (uint64_t)(parts[i] * (double)ctxi_curve_ceiling(curve)));
        fprintf(file, "%12" PRIu64, ctxi_curve_capacity(curve, buckets[i]));
    }
    if (sample->estimate)
        table_interval(file, curve, sample->estimate, buckets[1]);
    fputc('\n', file);
}

static void table_tenants(FILE *file, const struct curve_result *result)
{
    uint32_t count = result->trace->tenant_count;
    struct rank *ranks = ranks_of(result->tenants, count);

    fprintf(file, "\n%-20s%12s%10s%10s   capacity for 50, 90, 99 %% of that, alone%s\n", "tenant",
            "requests", "objects", "at most",
            result->tenant_samples ? "; 95 % interval at 90 %" : "");
    for (uint32_t row = 0; row < TENANTS_SHOWN && row < count; row++)
        table_tenant(file, result, ranks[row].tenant);
    if (count > TENANTS_SHOWN)
        fprintf(file, "and %" PRIu32 " others: --json and --csv have all\n", count - TENANTS_SHOWN);
    free(ranks);
}

void curve_print_table(FILE *file, const struct curve_result *result)
{
    const struct ctxi_curve *curve = result->overall;
    size_t knee = result->sample.enough ? ctxi_curve_knee(curve) : 0;
    struct points points = choose_points(result, curve, false);

    fprintf(file, "%s: %s%" PRIu64 " get%s of %s%" PRIu64 " object%s\n", result->path,
            ctxi_is_sample(result->trace->rate) ? "about " : "", curve->requests,
            wording_s(curve->requests),
            result->sample.estimate && result->sample.rate < 1 ? "about " : "", curve->objects,
            wording_s(curve->objects));
    traces_say_sample(file, result->trace, NULL, SAMPLE_SAYS);
    fputc('\n', file);
    draw_curve(file, curve, knee, result->bytes ? "bytes of values" : "entries");
    fputc('\n', file);
    table_head(file, result);
    for (size_t i = 0; i < points.count; i++)
        table_row(file, result, capacity_of(result, curve, &points, i), points.buckets[i]);
    if (knee > 0)
        fprintf(file,
                "\nK, the knee: %" PRIu64
                " with %.2f %%. Beyond it more capacity is worth less than "
                "on average.",
                ctxi_curve_capacity(curve, knee), 100 * ratio_of(curve, curve->hits[knee]));
    fputs("\nAt most: every object must be loaded once.\n", file);
    if (result->sample.estimate)
        table_sample(file, result);
    if (result->tenants)
        table_tenants(file, result);
    free(points.buckets);
}
