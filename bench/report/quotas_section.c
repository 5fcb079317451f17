/*
 * One cache for all tenants beside ways to divide it: all in all, and for each tenant.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "markup.h"
#include "report/curve_line.h"
#include "report/differences.h"
#include "report/sections.h"
#include "report/table.h"

#define ROW       26
#define NAME_ROOM 140
#define NAME_GAP  10
#define NAME_MOST 100 /* characters; the browser cuts off what has no room */

static const enum advice_split shown[] = {ADVICE_SHARED, ADVICE_LOOKAHEAD, ADVICE_FLOORS};

#define SHOWN (sizeof shown / sizeof *shown)

/* ---- all in all --------------------------------------------------------------------------- */

static double split_ratio(const struct advice *advice, enum advice_split split)
{
    return advice_ratio(advice->split_hits[split], advice->curves->overall.requests);
}

static void put_splits(FILE *file, const struct advice *advice)
{
    struct difference rows[ADVICE_SPLITS];
    double range[2] = {0, 0}, zero = split_ratio(advice, ADVICE_SHARED);
    size_t count = 0;
    char text[TEXT_NUMBER];

    for (enum advice_split split = ADVICE_FLOORS; split < ADVICE_SPLITS; split++)
        if (advice->hits[split])
            rows[count++] =
                (struct difference){advice_split_names[split], split_ratio(advice, split), false};
    differences_widen(range, zero, rows, count);
    fprintf(file,
            "<figure class=\"narrow\"><figcaption><b>All tenants, %s</b>"
            "<span>shared %.2f %%</span></figcaption>\n",
            text_entries(advice->total, text), 100 * zero);
    differences_put(file, "chart-splits", "Hits of ways to divide the cache beside sharing it",
                    zero, range, rows, count);
    fputs("</figure>\n", file);
}

static void put_splits_table(FILE *file, const struct advice *advice)
{
    static const char *const heads[] = {"way to divide", "hits", "hit %"};

    table_begin(file, "Ways to divide the cache", heads, sizeof heads / sizeof *heads);
    for (enum advice_split split = 0; split < ADVICE_SPLITS; split++) {
        char name[128];

        if (!advice->hits[split])
            continue;
        snprintf(name, sizeof name, "%s: %s", advice_split_names[split],
                 advice_split_abouts[split]);
        table_row(file, name);
        table_whole(file, advice->split_hits[split]);
        table_percent(file, advice->split_hits[split], advice->curves->overall.requests);
        table_row_end(file);
    }
    table_end(file);
}

/* ---- tenant by tenant --------------------------------------------------------------------- */

static double row_ratio(const struct findings *findings, uint32_t row, enum advice_split split)
{
    return advice_ratio(fold_sum(&findings->fold, row, findings->advice.hits[split]),
                        fold_curve(&findings->fold, row)->requests);
}

/* The most that any cache hits of these: of others, the sum over each. */
static uint64_t row_ceiling(const struct findings *findings, uint32_t row)
{
    return ctxi_curve_ceiling(fold_curve(&findings->fold, row));
}

/* How wide it is depends on its letters, so that is left to who draws them. */
static void put_name(const struct plot *plot, const char *name, double top)
{
    fprintf(plot->file,
            "<foreignObject x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%d\"><div class=\"name\">",
            -NAME_ROOM, top, NAME_ROOM - NAME_GAP, ROW);
    markup_short(plot->file, name, NAME_MOST);
    fputs("</div></foreignObject>\n", plot->file);
}

static void put_tenant(const struct plot *plot, const struct findings *findings, uint32_t row)
{
    static const struct {
        enum plot_shape shape;
        const char *class;
    } marks[SHOWN] = {{PLOT_DOT, "soft"}, {PLOT_DIAMOND, ""}, {PLOT_TICK, "tick-mark"}};
    double top = (double)row * ROW, y = top + ROW / 2.0, ratios[SHOWN];
    double most =
        advice_ratio(row_ceiling(findings, row), fold_curve(&findings->fold, row)->requests);
    char room[FOLD_NAME], hover[256];
    const char *name = fold_name(&findings->fold, row, room);

    put_name(plot, name, top);
    plot_bar(plot, 0, most, y - 1.5, 3, "track");
    for (size_t i = 0; i < SHOWN; i++) {
        ratios[i] = row_ratio(findings, row, shown[i]);
        plot_shape(plot, marks[i].shape, ratios[i], y, marks[i].class);
    }
    snprintf(hover, sizeof hover,
             "%.80s\nshared %.2f %%, quota %.2f %%, floor %.2f %%\nat most %.2f %%", name,
             100 * ratios[0], 100 * ratios[1], 100 * ratios[2], 100 * most);
    fprintf(plot->file, "<svg y=\"%.1f\" height=\"%d\">", top, ROW);
    plot_hover(plot, 0, 100, 0, NAN, hover);
    fputs("</svg>\n", plot->file);
}

static void put_legend(FILE *file)
{
    fputs("<ul class=\"legend\">"
          "<li><svg width=\"12\" height=\"16\"><circle class=\"mark soft\" cx=\"6\" cy=\"8\" "
          "r=\"5\"/></svg>shared</li>"
          "<li><svg width=\"14\" height=\"16\"><path class=\"mark\" d=\"M7 1.5L13.5 8L7 14.5L.5 "
          "8Z\"/>"
          "</svg>quota by lookahead</li>"
          "<li><svg width=\"6\" height=\"16\"><path class=\"mark tick-mark\" d=\"M3 0V16\"/></svg>"
          "shared, with a floor</li>"
          "<li><svg width=\"26\" height=\"16\"><rect class=\"track\" y=\"6.5\" width=\"26\" "
          "height=\"3\"/></svg>at most</li></ul>\n",
          file);
}

static void put_tenants(FILE *file, const struct findings *findings)
{
    uint32_t rows = findings->fold.rows;
    struct plot plot = {.file = file,
                        .x = curve_axis_y(5, "hits, % of the tenant's gets"),
                        .y = {.most = 1},
                        .height = (int)rows * ROW,
                        .margins = {6, 14, 46, NAME_ROOM}};

    put_legend(file);
    plot_begin(&plot, "chart-quotas",
               "Hit ratio of each tenant in a shared cache, with a quota, and with a floor");
    plot_axis_x(&plot);
    plot_down(&plot, 0, 0, plot.height, "base");
    for (uint32_t row = 0; row < rows; row++)
        put_tenant(&plot, findings, row);
    plot_end(&plot);
}

static void put_tenants_table(FILE *file, const struct findings *findings)
{
    static const char *const heads[] = {"tenant", "gets",          "at most, %",   "quota",
                                        "floor",  "shared, hit %", "quota, hit %", "floors, hit %"};
    const struct advice *advice = &findings->advice;
    char room[FOLD_NAME];

    table_begin(file, "Quotas and floors, in entries, and what each tenant hits", heads,
                sizeof heads / sizeof *heads);
    for (uint32_t row = 0; row < findings->fold.rows; row++) {
        uint64_t requests = fold_curve(&findings->fold, row)->requests;

        table_row(file, fold_name(&findings->fold, row, room));
        table_whole(file, requests);
        table_percent(file, row_ceiling(findings, row), requests);
        table_whole(file, fold_sum(&findings->fold, row, advice->shares[ADVICE_LOOKAHEAD]));
        table_whole(file, fold_sum(&findings->fold, row, advice->shares[ADVICE_FLOORS]));
        for (size_t i = 0; i < SHOWN; i++)
            table_percent(file, fold_sum(&findings->fold, row, advice->hits[shown[i]]), requests);
        table_row_end(file);
    }
    table_end(file);
}

void section_quotas(FILE *file, const struct findings *findings)
{
    const struct advice *advice = &findings->advice;
    char text[ADVICE_SENTENCES];

    section_begin(file, "quotas", "One cache for all, or a quota for each?");
    if (!advice->hits[ADVICE_SHARED]) {
        section_say(file, advice->has_tenants ? "Without a hit there is nothing to divide."
                                              : "One tenant has nobody to share a cache with.");
        section_end(file);
        return;
    }
    advice_verdict(advice, text, sizeof text);
    section_say(file, "%s", text);
    put_splits(file, advice);
    put_splits_table(file, advice);
    put_tenants(file, findings);
    put_tenants_table(file, findings);
    advice_say_merged(advice, text, sizeof text);
    section_say(file, "%s", text);
    section_end(file);
}
