#include "report/differences.h"

#include <math.h>

#include "report/plot.h"

#define ROW       22
#define BAR       10
#define NAME_ROOM 88
#define TEXT_ROOM 104 /* of the numbers on the right */

static double points_over(double zero, const struct difference *row)
{
    return 100 * (row->ratio - zero);
}

void differences_widen(double range[2], double zero, const struct difference *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        range[0] = fmin(range[0], points_over(zero, &rows[i]));
        range[1] = fmax(range[1], points_over(zero, &rows[i]));
    }
}

static void put_row(const struct plot *plot, double zero, const struct difference *row, double top)
{
    double over = points_over(zero, row), text_y = top + ROW / 2.0 + 4;
    const char *class = row->is_bound ? "bar bound" : over >= 0 ? "bar more" : "bar less";
    char text[TEXT_NUMBER], hover[160];

    plot_text(plot, 0, -8, text_y, "end", row->is_bound ? "name soft" : "name", row->name);
    plot_bar(plot, 0, over, top + (ROW - BAR) / 2.0, BAR, class);
    snprintf(text, sizeof text, "%.2f", 100 * row->ratio);
    plot_text(plot, 100, 50, text_y, "end", "value", text);
    text_points(over, text);
    plot_text(plot, 100, TEXT_ROOM, text_y, "end", "value soft", text);
    snprintf(hover, sizeof hover, "%s: %.2f %% hits, %s points", row->name, 100 * row->ratio,
             text_points(over, text));
    fprintf(plot->file, "<svg y=\"%.1f\" height=\"%d\">", top, ROW);
    plot_hover(plot, 0, 100, 0, NAN, hover);
    fputs("</svg>\n", plot->file);
}

void differences_put(FILE *file, const char *id, const char *label, double zero,
                     const double range[2], const struct difference *rows, size_t count)
{
    struct plot plot = {.file = file,
                        .x = {.least = range[0],
                              .most = fmax(range[1], range[0] + 1),
                              .tick_count = 4,
                              .text = text_signed,
                              .title = "points"},
                        .y = {.most = 1},
                        .height = (int)count * ROW,
                        .margins = {4, TEXT_ROOM, 42, NAME_ROOM}};

    plot_begin(&plot, id, label);
    plot_axis_x(&plot);
    plot_down(&plot, 0, 0, plot.height, "base");
    for (size_t i = 0; i < count; i++)
        put_row(&plot, zero, &rows[i], (double)i * ROW);
    plot_end(&plot);
}
