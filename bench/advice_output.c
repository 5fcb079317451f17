/*
 * Advice as text, as CSV and as one JSON object.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "csv.h"
#include "curve/shards.h"
#include "draw.h"
#include "json.h"
#include "ranks.h"
#include "traces.h"
#include "tune/whole.h"
#include "wording.h"

#define TENANTS_SHOWN 10
#define MEBIBYTE      1048576.0

static const struct ctxi_curve *overall(const struct advice *advice)
{
    return &advice->curves->overall;
}

static double ratio_of(const struct advice *advice, uint64_t hits)
{
    return advice_ratio(hits, overall(advice)->requests);
}

/* Whether a sample has as many keys as one for advice should have. */
static bool is_enough(const struct advice *advice)
{
    return !ctxi_is_sample(advice->trace->rate) ||
           advice->trace->object_count >= CTXI_SHARDS_ENOUGH;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void json_steps(FILE *file, const struct advice *advice)
{
    const struct ctxi_curve *curve = overall(advice);

    fputs(" \"capacities\": [", file);
    for (size_t i = 0; i < advice->step_count; i++) {
        size_t bucket = advice->steps[i].bucket;

        fputs(i > 0 ? ",\n  {" : "\n  {", file);
        json_string(file, "advice", advice->steps[i].name);
        fprintf(file, ", \"capacity\": %" PRIu64 ", \"hits\": %" PRIu64 ", ",
                ctxi_curve_capacity(curve, bucket), curve->hits[bucket]);
        json_number(file, "hit_ratio", ratio_of(advice, curve->hits[bucket]));
        if (curve->saved_ns)
            fprintf(file, ", \"saved_ns\": %" PRIu64, curve->saved_ns[bucket]);
        fputs("}", file);
    }
    fprintf(file, "],\n \"want_reached\": %s", advice->want_missed ? "false" : "true");
}

static void json_splits(FILE *file, const struct advice *advice)
{
    fprintf(file, ",\n \"total\": %" PRIu64 ", \"splits\": [", advice->total);
    for (enum advice_split split = 0; split < ADVICE_SPLITS; split++) {
        if (!advice->hits[split])
            continue;
        fputs(split > 0 ? ",\n  {" : "\n  {", file);
        json_string(file, "split", advice_split_names[split]);
        fprintf(file, ", \"hits\": %" PRIu64 ", ", advice->split_hits[split]);
        json_number(file, "hit_ratio", ratio_of(advice, advice->split_hits[split]));
        fputs("}", file);
    }
    fputs("],\n \"tenants\": [", file);
    for (uint32_t i = 0; i < advice->trace->tenant_count; i++) {
        fputs(i > 0 ? ",\n  {" : "\n  {", file);
        json_string(file, "tenant", ctxi_tenants_name(advice->trace->tenants, i));
        fprintf(file,
                ", \"requests\": %" PRIu64 ", \"quota\": %" PRIu64 ", \"floor\": %" PRIu64
                ", \"hits\": {",
                advice->curves->tenants[i].requests, advice->shares[ADVICE_LOOKAHEAD][i],
                advice->shares[ADVICE_FLOORS][i]);
        for (enum advice_split split = 0; split < ADVICE_SPLITS; split++)
            if (advice->hits[split])
                fprintf(file, "%s\"%s\": %" PRIu64, split > 0 ? ", " : "",
                        advice_split_names[split], advice->hits[split][i]);
        fputs("}}", file);
    }
    fputs("]", file);
    if (!advice->trace->apart)
        fprintf(file,
                ",\n \"without_tenant\": {\"upper_bound\": true, \"distinct\": %" PRIu64
                ", \"hits\": %" PRIu64 ", \"reachable\": %" PRIu64 "}",
                advice->merged_objects, advice->merged_hits, advice->merged_ceiling);
}

static void json_saved(FILE *file, const struct advice *advice)
{
    const struct ctxi_curve *curve = &advice->bytes->overall;
    size_t points[8], count = draw_points(curve, 8, points);

    fputs(",\n \"saved\": [", file);
    for (size_t i = 0; i < count; i++)
        fprintf(file,
                "%s\n  {\"bytes\": %" PRIu64 ", \"hits\": %" PRIu64 ", \"saved_ns\": %" PRIu64 "}",
                i > 0 ? "," : "", ctxi_curve_capacity(curve, points[i]), curve->hits[points[i]],
                curve->saved_ns[points[i]]);
    fputs("]", file);
}

void advice_print_json(FILE *file, const struct advice *advice)
{
    const struct ctxi_curve *curve = overall(advice);

    fputs("{", file);
    json_number(file, "rate", advice->trace->rate);
    if (ctxi_is_sample(advice->trace->rate))
        fprintf(file, ", \"enough\": %s", is_enough(advice) ? "true" : "false");
    fprintf(file, ", \"requests\": %" PRIu64 ", \"distinct\": %" PRIu64 ", ", curve->requests,
            curve->objects);
    json_number(file, "ceiling", ratio_of(advice, ctxi_curve_ceiling(curve)));
    fputs(",\n", file);
    json_steps(file, advice);
    if (advice->hits[ADVICE_SHARED])
        json_splits(file, advice);
    if (advice->bytes)
        json_saved(file, advice);
    fputs("}\n", file);
}

/* ---- CSV ---------------------------------------------------------------------------------- */

void advice_print_csv(FILE *file, const struct advice *advice)
{
    const struct ctxi_curve *curve = overall(advice);

    traces_say_sample(stderr, advice->trace, ADVISE_COMMAND, ADVICE_SAMPLE);
    fputs("advice,tenant,capacity,requests,hits,hit_ratio\n", file);
    for (size_t i = 0; i < advice->step_count; i++) {
        uint64_t hits = curve->hits[advice->steps[i].bucket];

        fprintf(file, "%s,,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.6g\n", advice->steps[i].name,
                ctxi_curve_capacity(curve, advice->steps[i].bucket), curve->requests, hits,
                ratio_of(advice, hits));
    }
    for (enum advice_split split = 0; advice->hits[ADVICE_SHARED] && split < ADVICE_SPLITS;
         split++) {
        if (!advice->hits[split])
            continue;
        fprintf(file, "%s,,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.6g\n", advice_split_names[split],
                advice->total, curve->requests, advice->split_hits[split],
                ratio_of(advice, advice->split_hits[split]));
        for (uint32_t i = 0; advice->shares[split] && i < advice->trace->tenant_count; i++) {
            uint64_t requests = advice->curves->tenants[i].requests;

            fprintf(file, "%s,", advice_split_names[split]);
            csv_string(file, ctxi_tenants_name(advice->trace->tenants, i));
            fprintf(file, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.6g\n", advice->shares[split][i],
                    requests, advice->hits[split][i],
                    advice_ratio(advice->hits[split][i], requests));
        }
    }
}

/* ---- text --------------------------------------------------------------------------------- */

void advice_verdict(const struct advice *advice, char *out, size_t size)
{
    uint64_t shared = advice->split_hits[ADVICE_SHARED], best = advice->split_hits[advice->best];

    if (shared >= best)
        snprintf(out, size,
                 "No split hits more than plain sharing: leave the cache in one piece. If some "
                 "tenants need protection from others, give them floors, not walls.");
    else
        snprintf(out, size, "The %s quotas hit %.2f points more than plain sharing.",
                 advice_split_names[advice->best], 100 * ratio_of(advice, best - shared));
}

/* Points of the hit ratio from one number of hits to a larger one. */
static double points_more(const struct advice *advice, uint64_t from, uint64_t to)
{
    return to > from ? 100 * ratio_of(advice, to - from) : 0;
}

void advice_say_merged(const struct advice *advice, char *out, size_t size)
{
    const struct ctxi_curve *curve = overall(advice);

    if (advice->trace->apart) {
        snprintf(out, size,
                 "What leaving the tenant out of `vary` would gain is not known: a recording does "
                 "not tell which keys of different tenants are equal.");
        return;
    }
    snprintf(out, size,
             "If the tenant were left out of `vary`, equal keys of different tenants would be one "
             "entry: at most %.2f points more hits at %" PRIu64
             " entries, and %.2f points without a limit (%" PRIu64 " objects instead of %" PRIu64
             "). An upper bound: it holds if their values are the same.",
             points_more(advice, advice->split_hits[ADVICE_SHARED], advice->merged_hits),
             advice->total, points_more(advice, ctxi_curve_ceiling(curve), advice->merged_ceiling),
             advice->merged_objects, curve->objects);
}

static void print_steps(FILE *file, const struct advice *advice)
{
    const struct ctxi_curve *curve = overall(advice);

    fprintf(file, "%-32s%12s%8s%10s%12s", "", "capacity", "hit %", "at most", "of objects");
    fprintf(file, curve->saved_ns ? "%16s\n" : "\n", "saved seconds");
    for (size_t i = 0; i < advice->step_count; i++) {
        size_t bucket = advice->steps[i].bucket;
        uint64_t capacity = ctxi_curve_capacity(curve, bucket);

        fprintf(file, "%-32s%12" PRIu64 "%8.2f%10.2f%10.2f %%", advice->steps[i].about, capacity,
                100 * ratio_of(advice, curve->hits[bucket]),
                100 * ratio_of(advice, ctxi_curve_ceiling(curve)),
                100 * advice_ratio(capacity, curve->objects));
        if (curve->saved_ns)
            fprintf(file, "%16.1f", (double)curve->saved_ns[bucket] / 1e9);
        fputc('\n', file);
    }
    if (advice->want_missed)
        fputs("No capacity has the hit ratio that was asked for.\n", file);
    fputs(
        "The knee is the point farthest above the line between the ends (Kneedle, Satopaa et al.\n"
        "2011). At most: every object must be loaded once.\n",
        file);
}

static void print_splits(FILE *file, const struct advice *advice)
{
    char text[ADVICE_SENTENCES];

    fprintf(file, "\n%" PRIu64 " entries for %" PRIu32 " tenants\n  %-14s%12s%9s\n", advice->total,
            advice->trace->tenant_count, "", "hits", "hit %");
    for (enum advice_split split = 0; split < ADVICE_SPLITS; split++)
        if (advice->hits[split])
            fprintf(file, "  %-14s%12" PRIu64 "%9.2f   %s\n", advice_split_names[split],
                    advice->split_hits[split], 100 * ratio_of(advice, advice->split_hits[split]),
                    advice_split_abouts[split]);
    advice_verdict(advice, text, sizeof text);
    wording_wrap(file, text);
}

static void print_tenant(FILE *file, const struct advice *advice, uint32_t tenant)
{
    const struct ctxi_curve *curve = &advice->curves->tenants[tenant];
    static const enum advice_split shown[] = {ADVICE_SHARED, ADVICE_LOOKAHEAD, ADVICE_FLOORS};

    fputs("  ", file);
    wording_name(file, ctxi_tenants_name(advice->trace->tenants, tenant));
    fprintf(file, "%11" PRIu64 "%9.2f%10" PRIu64 "%10" PRIu64, curve->requests,
            100 * advice_ratio(ctxi_curve_ceiling(curve), curve->requests),
            advice->shares[ADVICE_LOOKAHEAD][tenant], advice->shares[ADVICE_FLOORS][tenant]);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        fprintf(file, "%9.2f", 100 * advice_ratio(advice->hits[shown[i]][tenant], curve->requests));
    fputc('\n', file);
}

static void print_tenants(FILE *file, const struct advice *advice)
{
    uint32_t count = advice->trace->tenant_count;
    struct rank *ranks = ranks_of(advice->curves->tenants, count);

    fprintf(file, "\n  %-20s%11s%9s%10s%10s%9s%9s%9s\n", "tenant", "requests", "at most", "quota",
            "floor", "shared", "quota", "floors");
    for (uint32_t i = 0; i < count && i < TENANTS_SHOWN; i++)
        print_tenant(file, advice, ranks[i].tenant);
    if (count > TENANTS_SHOWN)
        fprintf(file, "  and %" PRIu32 " others: --json and --csv have all\n",
                count - TENANTS_SHOWN);
    free(ranks);
}

static void print_merged(FILE *file, const struct advice *advice)
{
    char text[ADVICE_SENTENCES];

    advice_say_merged(advice, text, sizeof text);
    fputc('\n', file);
    wording_wrap(file, text);
}

static void print_saved(FILE *file, const struct advice *advice)
{
    const struct ctxi_curve *curve = &advice->bytes->overall;
    size_t points[12], count = draw_points(curve, 12, points);
    double saved = 0, mebibytes = 0;

    fprintf(file, "\n%14s%9s%16s%24s\n", "MiB", "hit %", "saved seconds", "ms more per MiB more");
    for (size_t i = 0; i < count; i++) {
        double now = (double)curve->saved_ns[points[i]] / 1e6;
        double size = (double)ctxi_curve_capacity(curve, points[i]) / MEBIBYTE;

        fprintf(file, "%14.4f%9.2f%16.1f%24.3f\n", size,
                100 * advice_ratio(curve->hits[points[i]], curve->requests), now / 1e3,
                (now - saved) / (size - mebibytes));
        saved = now;
        mebibytes = size;
    }
    fprintf(file, "All loads of the trace took %.1f seconds.\n", (double)curve->load_ns / 1e9);
}

void advice_print_table(FILE *file, const struct advice *advice)
{
    const struct ctxi_curve *curve = overall(advice);

    const char *about = ctxi_is_sample(advice->trace->rate) ? "about " : "";

    fprintf(file, "%s: %s%" PRIu64 " gets of %s%" PRIu64 " objects of %" PRIu32 " tenants\n",
            advice->path, about, curve->requests, about, curve->objects,
            advice->trace->tenant_count);
    traces_say_sample(file, advice->trace, NULL, ADVICE_SAMPLE);
    if (!is_enough(advice))
        fprintf(file, "Fewer than %d sampled keys: it may be far off.\n", CTXI_SHARDS_ENOUGH);
    fputc('\n', file);
    draw_curve(file, curve, advice->steps[0].bucket);
    fputc('\n', file);
    print_steps(file, advice);
    if (advice->hits[ADVICE_SHARED]) {
        print_splits(file, advice);
        print_tenants(file, advice);
        print_merged(file, advice);
    }
    if (advice->bytes)
        print_saved(file, advice);
    else if (curve->saved_ns)
        fputs("\nWith sizes in the trace, this would say what a mebibyte saves.\n", file);
}
