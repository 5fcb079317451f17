/*
 * How large: the curve of all requests, with what is worth considering marked on it.
 */
#include <inttypes.h>
#include <math.h>

#include "draw.h"
#include "markup.h"
#include "report/curve_line.h"
#include "report/sections.h"
#include "report/table.h"

#define MARKS    4  /* of the steps of the advice, the first ones */
#define FLAG     18 /* pixels from one flag to the next */
#define HEIGHT   300
#define AT_LEAST 0.9 /* a ceiling above has its text below the line */

static const char *const short_names[MARKS] = {"knee", "90 %", "95 %", "99 %"};

struct step {
    uint64_t capacity, hits;
    double ratio;
};

static struct step step_of(const struct advice *advice, size_t number)
{
    const struct ctxi_curve *curve = &advice->curves->overall;
    size_t bucket = advice->steps[number].bucket;

    return (struct step){ctxi_curve_capacity(curve, bucket), curve->hits[bucket],
                         advice_ratio(curve->hits[bucket], curve->requests)};
}

/* ---- in words ----------------------------------------------------------------------------- */

static void say_lead(FILE *file, const struct advice *advice)
{
    const struct ctxi_curve *curve = &advice->curves->overall;
    const char *too_little = advice_too_little(advice);
    char text[ADVICE_SENTENCES], ceiling[TEXT_NUMBER];

    text_percent(advice_ratio(ctxi_curve_ceiling(curve), curve->requests), ceiling);
    if (curve_end(curve) == 0) {
        section_say(file, "Nothing is asked for twice here, so no cache of any size has a hit.");
        return;
    }
    advice_recommend(advice, text, sizeof text);
    section_say(file,
                "%s No cache hits more than %s %%: what is asked for the first time is always a "
                "miss.",
                too_little ? too_little : text, ceiling);
}

static void put_tile(FILE *file, const struct advice *advice, size_t number)
{
    struct step step = step_of(advice, number);
    char capacity[TEXT_NUMBER];

    fprintf(file, "<li><span>%s</span><b>%s</b><span>%.2f %% hits</span></li>\n",
            advice->steps[number].about, text_whole(step.capacity, capacity), 100 * step.ratio);
}

/* ---- the chart ---------------------------------------------------------------------------- */

static void put_ceiling(const struct plot *plot, double ceiling)
{
    double y = plot_y(plot, ceiling);
    char text[2 * TEXT_NUMBER], percent[TEXT_NUMBER];

    fprintf(plot->file, "<rect class=\"cold\" width=\"100%%\" height=\"%.1f\"/>\n", y);
    plot_across(plot, ceiling, "ceiling");
    snprintf(text, sizeof text, "at most %s %%", text_percent(ceiling, percent));
    plot_text(plot, 0, 8, ceiling > AT_LEAST ? y + 16 : y - 7, "start", "note halo", text);
}

/* How many of the marks lie left of this one, or come first at the same place. */
static size_t rank_of(const struct advice *advice, size_t number)
{
    uint64_t here = step_of(advice, number).capacity;
    size_t rank = 0;

    for (size_t i = 0; i < MARKS; i++) {
        uint64_t there = step_of(advice, i).capacity;

        rank += there < here || (there == here && i < number);
    }
    return rank;
}

/* A flag above the area, its pole, and the mark on the curve. From left to right poles grow, so that
 * none runs through a flag. */
static void put_mark(const struct plot *plot, const struct advice *advice, size_t number)
{
    struct step step = step_of(advice, number);
    double x = plot_x(plot, (double)step.capacity), y = plot_y(plot, step.ratio);
    double flag = -30 - FLAG * (double)rank_of(advice, number);
    char text[2 * TEXT_NUMBER], capacity[TEXT_NUMBER];

    plot_down(plot, (double)step.capacity, flag - 8, y, "pole");
    snprintf(text, sizeof text, "%s: %s", short_names[number], text_whole(step.capacity, capacity));
    plot_text(plot, x, x > 50 ? -6 : 6, flag, x > 50 ? "end" : "start",
              number == 0 ? "flag halo strong" : "flag halo", text);
    plot_shape(plot, number == 0 ? PLOT_DIAMOND : PLOT_RING, (double)step.capacity, y,
               number == 0 ? "full" : "");
}

static void say_point(const struct ctxi_curve *curve, size_t bucket, char *out, size_t size)
{
    uint64_t capacity = ctxi_curve_capacity(curve, bucket);
    double ratio = advice_ratio(curve->hits[bucket], curve->requests);
    char entries[TEXT_NUMBER];

    snprintf(out, size, "%s (%.1f %% of the objects)\n%.2f %% hits, %.2f %% misses",
             text_entries(capacity, entries), 100 * advice_ratio(capacity, curve->objects),
             100 * ratio, 100 - 100 * ratio);
}

static void put_chart(FILE *file, const struct advice *advice)
{
    const struct ctxi_curve *curve = &advice->curves->overall;
    struct plot plot = {.file = file,
                        .x = curve_axis_x(curve_end(curve), 8, "capacity, entries (logarithmic)"),
                        .y = curve_axis_y(5, "hits, % of gets"),
                        .height = HEIGHT,
                        .margins = {40 + MARKS * FLAG, 14, 46, 36}};
    double ceiling = advice_ratio(ctxi_curve_ceiling(curve), curve->requests);
    struct step knee = step_of(advice, 0);
    char label[256];

    snprintf(label, sizeof label,
             "Hit ratio of LRU caches by capacity: %.2f %% at the knee, %" PRIu64
             " entries; at most %.2f %%, from %" PRIu64 " entries on",
             100 * knee.ratio, knee.capacity, 100 * ceiling, curve_end(curve));
    plot_begin(&plot, "chart-curve", label);
    plot_axis_x(&plot);
    plot_axis_y(&plot);
    put_ceiling(&plot, ceiling);
    curve_line(&plot, curve, curve->hits, 1 / fmax((double)curve->requests, 1));
    curve_hovers(&plot, curve, curve->hits, 1 / fmax((double)curve->requests, 1), 64, say_point);
    for (size_t i = MARKS; i-- > 0;)
        put_mark(&plot, advice, i);
    plot_end(&plot);
}

/* ---- the tables --------------------------------------------------------------------------- */

static void put_row(FILE *file, const struct ctxi_curve *curve, size_t bucket)
{
    uint64_t capacity = ctxi_curve_capacity(curve, bucket), hits = curve->hits[bucket];

    table_whole(file, hits);
    table_percent(file, hits, curve->requests);
    table_percent(file, curve->requests - hits, curve->requests);
    table_percent(file, capacity, curve->objects);
}

static void put_points(FILE *file, const struct ctxi_curve *curve)
{
    static const char *const heads[] = {"capacity", "hits", "hit %", "miss %", "% of objects"};
    size_t buckets[DRAW_STEPS], count = draw_steps(curve, buckets);
    char capacity[TEXT_NUMBER];

    table_begin(file, "Points of the curve", heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < count; i++) {
        table_row(file, text_whole(ctxi_curve_capacity(curve, buckets[i]), capacity));
        put_row(file, curve, buckets[i]);
        table_row_end(file);
    }
    table_end(file);
}

static void put_steps(FILE *file, const struct advice *advice)
{
    static const char *const heads[] = {"advice", "capacity", "hits",
                                        "hit %",  "miss %",   "% of objects"};
    const struct ctxi_curve *curve = &advice->curves->overall;

    table_begin(file, "Capacities worth considering", heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < advice->step_count; i++) {
        table_row(file, advice->steps[i].about);
        table_whole(file, step_of(advice, i).capacity);
        put_row(file, curve, advice->steps[i].bucket);
        table_row_end(file);
    }
    table_end(file);
}

void section_curve(FILE *file, const struct findings *findings)
{
    const struct advice *advice = &findings->advice;

    section_begin(file, "curve", "How large should the cache be?");
    say_lead(file, advice);
    if (curve_end(&advice->curves->overall) > 0) {
        fputs("<ul class=\"tiles\">\n", file);
        for (size_t i = 0; i < MARKS; i++)
            put_tile(file, advice, i);
        fputs("</ul>\n", file);
        put_chart(file, advice);
        put_steps(file, advice);
        put_points(file, &advice->curves->overall);
    }
    section_end(file);
}
