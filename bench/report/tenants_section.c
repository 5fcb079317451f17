/*
 * Tenant by tenant: a small curve for each, all on the same scales.
 */
#include <inttypes.h>
#include <math.h>

#include "markup.h"
#include "report/curve_line.h"
#include "report/sections.h"
#include "report/table.h"

#define HEIGHT    96
#define HOVERS    16
#define NAME_MOST 100

static void say_point(const struct ctxi_curve *curve, size_t bucket, char *out, size_t size)
{
    char entries[TEXT_NUMBER];

    snprintf(out, size, "%s\n%.2f %% hits",
             text_entries(ctxi_curve_capacity(curve, bucket), entries),
             100 * advice_ratio(curve->hits[bucket], curve->requests));
}

/* Where all scales end. */
static uint64_t longest(const struct fold *fold)
{
    uint64_t most = 0;

    for (uint32_t row = 0; row < fold->rows; row++) {
        uint64_t end = curve_end(fold_curve(fold, row));

        most = end > most ? end : most;
    }
    return most;
}

static void put_caption(FILE *file, const char *name, const struct ctxi_curve *curve, uint64_t all)
{
    char requests[TEXT_NUMBER];

    fputs("<figcaption><b title=\"", file);
    markup_short(file, name, NAME_MOST);
    fputs("\">", file);
    markup_short(file, name, NAME_MOST);
    fprintf(file, "</b><span>%s gets, %.1f %%</span></figcaption>\n",
            text_short((double)curve->requests, requests),
            100 * advice_ratio(curve->requests, all));
}

static void put_panel(FILE *file, const struct findings *findings, uint32_t row, uint64_t most)
{
    const struct ctxi_curve *curve = fold_curve(&findings->fold, row);
    struct plot plot = {.file = file,
                        .x = curve_axis_x(most, 4, NULL),
                        .y = curve_axis_y(2, NULL),
                        .height = HEIGHT,
                        .margins = {6, 10, 22, 30}};
    double ceiling = advice_ratio(ctxi_curve_ceiling(curve), curve->requests);
    double factor = 1 / fmax((double)curve->requests, 1);
    char room[FOLD_NAME], label[256], id[32];
    const char *name = fold_name(&findings->fold, row, room);

    snprintf(label, sizeof label, "Hit ratio by capacity of %.80s alone: at most %.2f %%", name,
             100 * ceiling);
    snprintf(id, sizeof id, "chart-tenant-%" PRIu32, row);
    fputs("<figure>\n", file);
    put_caption(file, name, curve, findings->advice.curves->overall.requests);
    plot_begin(&plot, id, label);
    plot_axis_x(&plot);
    plot_axis_y(&plot);
    plot_across(&plot, ceiling, "ceiling");
    curve_line(&plot, curve, curve->hits, factor);
    curve_hovers(&plot, curve, curve->hits, factor, HOVERS, say_point);
    plot_end(&plot);
    fputs("</figure>\n", file);
}

static void put_row(FILE *file, const struct fold *fold, uint32_t row)
{
    static const double parts[] = {0.5, 0.9, 0.99};
    const struct ctxi_curve *curve = fold_curve(fold, row);
    uint64_t ceiling = ctxi_curve_ceiling(curve);
    char room[FOLD_NAME];

    table_row(file, fold_name(fold, row, room));
    table_whole(file, curve->requests);
    table_whole(file, curve->objects);
    table_percent(file, ceiling, curve->requests);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        table_whole(file,
                    ctxi_curve_capacity(
                        curve, ctxi_curve_reaching(curve, (uint64_t)(parts[i] * (double)ceiling))));
    table_row_end(file);
}

void section_tenants(FILE *file, const struct findings *findings)
{
    static const char *const heads[] = {"tenant",           "gets",     "objects", "at most, %",
                                        "for 50 % of that", "for 90 %", "for 99 %"};
    const struct fold *fold = &findings->fold;
    uint64_t most = longest(fold);

    section_begin(file, "tenants", "What each tenant needs");
    if (!findings->advice.has_tenants) {
        section_say(file, "This trace has one tenant, or does not tell tenants apart.");
        section_end(file);
        return;
    }
    section_say(
        file,
        "A curve for the requests of each tenant alone, as if it had a cache to itself. "
        "Across: capacity in entries, logarithmic; up: hits, %% of its gets; broken line: the "
        "most that any cache can hit. All have the same scales.%s",
        fold->others > 0 ? " The last one is all others together." : "");
    fputs("<div class=\"panels\">\n", file);
    for (uint32_t row = 0; row < fold->rows; row++)
        put_panel(file, findings, row, most);
    fputs("</div>\n", file);
    table_begin(file, "Tenants, and the capacity that each would need alone", heads,
                sizeof heads / sizeof *heads);
    for (uint32_t row = 0; row < fold->rows; row++)
        put_row(file, fold, row);
    table_end(file);
    section_end(file);
}
