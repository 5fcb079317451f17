/*
 * Advice as text, as CSV and as one JSON object.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "csv.h"
#include "curve/shards.h"
#include "draw.h"
#include "json.h"
#include "ranks.h"
#include "report/text.h"
#include "traces.h"
#include "tune/whole.h"
#include "wording.h"

#define TENANTS_SHOWN 10
#define GETS_ENOUGH   100
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
    fprintf(file, ", \"dropped\": %" PRIu64, advice->trace->recorded.lost);
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

const char *advice_too_little(const struct advice *advice)
{
    const struct ctxi_curve *curve = overall(advice);

    if (curve->requests < GETS_ENOUGH)
        return "Fewer than 100 gets are too few to advise on.";
    if (ctxi_curve_ceiling(curve) == 0)
        return "Nothing is asked for twice, so no cache of any size has a hit.";
    return NULL;
}

/* Returns how long it is. */
static size_t say_knee(const struct advice *advice, char *out, size_t size)
{
    const struct ctxi_curve *curve = overall(advice);
    size_t knee = advice->steps[0].bucket;
    char entries[TEXT_NUMBER];

    snprintf(
        out, size,
        " If memory is dear, %s, the knee: %.2f %%. Beyond it a further entry is worth less than "
        "the average one.",
        text_entries(ctxi_curve_capacity(curve, knee), entries),
        100 * ratio_of(advice, curve->hits[knee]));
    return strlen(out);
}

void advice_recommend(const struct advice *advice, char *out, size_t size)
{
    const struct ctxi_curve *curve = overall(advice);
    size_t enough = advice->steps[2].bucket, length;
    uint64_t capacity = ctxi_curve_capacity(curve, enough), now = advice->trace->capacity;
    char entries[TEXT_NUMBER];

    snprintf(out, size,
             "Set %s, %.3g %% of the objects: that hits %.2f %% of the gets, %.3g %% of what can "
             "be hit.",
             text_entries(capacity, entries), 100 * advice_ratio(capacity, curve->objects),
             100 * ratio_of(advice, curve->hits[enough]),
             100 * advice_ratio(curve->hits[enough], ctxi_curve_ceiling(curve)));
    length = strlen(out);
    if (advice->steps[0].bucket < enough)
        length += say_knee(advice, out + length, size - length);
    if (now > 0)
        snprintf(out + length, size - length,
                 " The recording is of a cache with %s: %.2f %%, from empty.",
                 text_entries(now, entries), 100 * ratio_of(advice, ctxi_curve_hits(curve, now)));
}

/* Points of the hit ratio from one number of hits to a larger one. */
static double points_more(const struct advice *advice, uint64_t from, uint64_t to)
{
    return to > from ? 100 * ratio_of(advice, to - from) : 0;
}

void advice_say_merged(const struct advice *advice, char *out, size_t size)
{
    const struct ctxi_curve *curve = overall(advice);
    char entries[TEXT_NUMBER], merged[TEXT_NUMBER], objects[TEXT_NUMBER];

    if (advice->trace->apart) {
        snprintf(out, size,
                 "What a cache would gain that does not vary on the tenant is not known: a "
                 "recording does not tell which keys of different tenants are equal.");
        return;
    }
    snprintf(
        out, size,
        "If the cache did not vary on the tenant, equal keys of different tenants would be one "
        "entry: at most %.2f points more hits at %s, and %.2f points without a limit (%s objects "
        "instead of %s). An upper bound: it holds if their values are the same.",
        points_more(advice, advice->split_hits[ADVICE_SHARED], advice->merged_hits),
        text_entries(advice->total, entries),
        points_more(advice, ctxi_curve_ceiling(curve), advice->merged_ceiling),
        text_whole(advice->merged_objects, merged), text_whole(curve->objects, objects));
}

static void print_steps(FILE *file, const struct advice *advice)
{
    const struct ctxi_curve *curve = overall(advice);
    double ceiling = ratio_of(advice, ctxi_curve_ceiling(curve));
    char saved[TEXT_NUMBER];

    fprintf(file, "%-32s%12s%8s%10s%12s", "", "capacity", "hit %", "at most", "of objects");
    fprintf(file, curve->saved_ns ? "%14s\n" : "\n", "saved");
    for (size_t i = 0; i < advice->step_count; i++) {
        size_t bucket = advice->steps[i].bucket;
        uint64_t capacity = ctxi_curve_capacity(curve, bucket);

        fprintf(file, "%-32s%12" PRIu64 "%8.2f%10.2f%10.2f %%", advice->steps[i].about, capacity,
                100 * ratio_of(advice, curve->hits[bucket]), 100 * ceiling,
                100 * advice_ratio(capacity, curve->objects));
        if (curve->saved_ns)
            wording_right(file, 14, text_seconds((double)curve->saved_ns[bucket] / 1e9, saved));
        fputc('\n', file);
    }
    if (advice->want_missed)
        fprintf(file, "No capacity has a hit ratio of %g: none has more than %.4f, the ceiling.\n",
                advice->want, floor(1e4 * ceiling) / 1e4);
    fputs(
        "The knee is the point farthest above the line between the ends (Kneedle, Satopaa et al.\n"
        "2011): beyond it a further entry is worth less than the average one. At most: every "
        "object\n"
        "must be loaded once.\n",
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
    size_t points[DRAW_STEPS], count = draw_steps(curve, points);
    double saved = 0, before = 0;
    char text[TEXT_NUMBER];

    fprintf(file, "\n%14s%9s%14s%16s%24s\n", "of values", "hit %", "saved", "of all loads",
            "saved by a MiB more");
    for (size_t i = 0; i < count; i++) {
        double now = (double)curve->saved_ns[points[i]] / 1e9;
        double bytes = (double)ctxi_curve_capacity(curve, points[i]);

        wording_right(file, 14, text_bytes(bytes, text));
        fprintf(file, "%9.2f", 100 * advice_ratio(curve->hits[points[i]], curve->requests));
        wording_right(file, 14, text_seconds(now, text));
        fprintf(file, "%14.2f %%", 100 * advice_ratio(curve->saved_ns[points[i]], curve->load_ns));
        wording_right(file, 24, text_seconds((now - saved) / (bytes - before) * MEBIBYTE, text));
        fputc('\n', file);
        saved = now;
        before = bytes;
    }
    fprintf(file, "All loads of the trace took %s.\n",
            text_seconds((double)curve->load_ns / 1e9, text));
}

static void print_head(FILE *file, const struct advice *advice)
{
    const struct ctxi_curve *curve = overall(advice);
    uint32_t tenants = advice->trace->tenant_count;
    const char *about = ctxi_is_sample(advice->trace->rate) ? "about " : "";

    fprintf(file, "%s: %s%" PRIu64 " get%s of %s%" PRIu64 " object%s of %" PRIu32 " tenant%s\n",
            advice->path, about, curve->requests, wording_s(curve->requests), about, curve->objects,
            wording_s(curve->objects), tenants, wording_s(tenants));
    traces_say_sample(file, advice->trace, NULL, ADVICE_SAMPLE);
    if (!is_enough(advice))
        fprintf(file, "Fewer than %d sampled keys: it may be far off.\n", CTXI_SHARDS_ENOUGH);
    fputc('\n', file);
}

void advice_print_table(FILE *file, const struct advice *advice)
{
    const struct ctxi_curve *curve = overall(advice);
    const char *too_little = advice_too_little(advice);
    char text[ADVICE_SENTENCES];

    print_head(file, advice);
    if (too_little) {
        fprintf(file, "%s\n", too_little);
        return;
    }
    advice_recommend(advice, text, sizeof text);
    wording_wrap(file, text);
    fputc('\n', file);
    draw_curve(file, curve, advice->steps[0].bucket, "entries");
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
