#include "report/plot.h"

#include <math.h>
#include <stdlib.h>

#include "markup.h"
#include "ticks.h"

#define LINE_WIDTH 1000 /* units of a line's own scale, about the pixels of a wide screen */
#define LINE_ERROR 0.3  /* of these, which nobody sees */

/* ---- where things are --------------------------------------------------------------------- */

static double part_of(const struct plot_axis *axis, double value)
{
    double part = axis->logarithmic
                      ? log(fmax(value, axis->least) / axis->least) / log(axis->most / axis->least)
                      : (value - axis->least) / (axis->most - axis->least);

    return fmin(fmax(part, 0), 1);
}

double plot_x(const struct plot *plot, double value)
{
    return 100 * part_of(&plot->x, value);
}

double plot_y(const struct plot *plot, double value)
{
    return plot->height * (1 - part_of(&plot->y, value));
}

/* ---- frame and axes ----------------------------------------------------------------------- */

void plot_begin(const struct plot *plot, const char *id, const char *label)
{
    const struct plot_margins *around = &plot->margins;

    fprintf(plot->file,
            "<div class=\"plot\" style=\"padding:%dpx %dpx %dpx %dpx\"><svg id=\"%s\" "
            "xmlns=\"http://www.w3.org/2000/svg\" width=\"100%%\" height=\"%d\" role=\"img\" "
            "aria-label=\"",
            around->top, around->right, around->bottom, around->left, id, plot->height);
    markup_text(plot->file, label);
    fputs("\">\n", plot->file);
}

void plot_end(const struct plot *plot)
{
    fputs("</svg></div>\n", plot->file);
}

static size_t ticks_of(const struct plot_axis *axis, double out[TICKS_MAX])
{
    if (!axis->logarithmic)
        return ticks_linear(axis->least, axis->most, axis->tick_count, out);
    return ticks_powers(axis->base > 0 ? axis->base : 10, axis->least, axis->most, axis->tick_count,
                        out);
}

void plot_axis_x(const struct plot *plot)
{
    double ticks[TICKS_MAX];
    size_t count = ticks_of(&plot->x, ticks);
    char text[TEXT_NUMBER];

    for (size_t i = 0; i < count; i++) {
        double x = plot_x(plot, ticks[i]);

        plot_down(plot, ticks[i], 0, plot->height, "grid");
        plot_text(plot, x, 0, plot->height + 17, x > 97 ? "end" : "middle", "tick",
                  plot->x.text(ticks[i], text));
    }
    if (plot->x.title)
        plot_text(plot, 50, 0, plot->height + 37, "middle", "axis", plot->x.title);
}

void plot_axis_y(const struct plot *plot)
{
    double ticks[TICKS_MAX];
    size_t count = ticks_of(&plot->y, ticks);
    char text[TEXT_NUMBER];

    for (size_t i = 0; i < count; i++) {
        plot_across(plot, ticks[i], ticks[i] > plot->y.least ? "grid" : "base");
        plot_text(plot, 0, -7, plot_y(plot, ticks[i]) + 4, "end", "tick",
                  plot->y.text(ticks[i], text));
    }
    if (plot->y.title)
        plot_text(plot, 0, -plot->margins.left, -14, "start", "axis", plot->y.title);
}

/* ---- marks -------------------------------------------------------------------------------- */

/* Relative steps in tenths of a unit, which take fewest bytes. */
static void put_steps(FILE *file, const struct point *points, size_t count)
{
    long x = lround(10 * points[0].x), y = lround(10 * points[0].y);

    fprintf(file, "M%g %gl", (double)x / 10, (double)y / 10);
    for (size_t i = 1; i < count; i++) {
        long next_x = lround(10 * points[i].x), next_y = lround(10 * points[i].y);

        fprintf(file, "%s%g %g", i > 1 ? " " : "", (double)(next_x - x) / 10,
                (double)(next_y - y) / 10);
        x = next_x;
        y = next_y;
    }
}

void plot_line(const struct plot *plot, struct point *points, size_t count, const char *class,
               bool area)
{
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        points[i] =
            (struct point){plot_x(plot, points[i].x) * LINE_WIDTH / 100, plot_y(plot, points[i].y)};
    count = thin(points, count, LINE_ERROR);
    fprintf(plot->file,
            "<svg width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "preserveAspectRatio=\"none\">",
            plot->height, LINE_WIDTH, plot->height);
    if (area) {
        fprintf(plot->file, "<path class=\"area %s\" d=\"", class);
        put_steps(plot->file, points, count);
        fprintf(plot->file, "V%dH%.1fZ\"/>", plot->height, points[0].x);
    }
    fprintf(plot->file, "<path class=\"line %s\" d=\"", class);
    put_steps(plot->file, points, count);
    fputs("\"/></svg>\n", plot->file);
}

void plot_across(const struct plot *plot, double y, const char *class)
{
    double at = plot_y(plot, y);

    fprintf(plot->file, "<line class=\"%s\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
            class, at, at);
}

void plot_down(const struct plot *plot, double x, double from_px, double to_px, const char *class)
{
    double at = plot_x(plot, x);

    fprintf(plot->file,
            "<line class=\"%s\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%.1f\" y2=\"%.1f\"/>\n", class, at,
            at, from_px, to_px);
}

void plot_shape(const struct plot *plot, enum plot_shape shape, double x, double y_px,
                const char *class)
{
    static const char *const paths[] = {
        [PLOT_DIAMOND] = "M0-6.5L6.5 0L0 6.5L-6.5 0Z", [PLOT_TICK] = "M0-8V8"};
    double at = plot_x(plot, x);

    if (shape == PLOT_DOT || shape == PLOT_RING)
        fprintf(plot->file, "<circle class=\"mark %s\" cx=\"%.2f%%\" cy=\"%.1f\" r=\"5\"/>\n",
                class, at, y_px);
    else
        fprintf(plot->file,
                "<svg x=\"%.2f%%\" y=\"%.1f\"><path class=\"mark %s\" d=\"%s\"/></svg>\n", at, y_px,
                class, paths[shape]);
}

void plot_bar(const struct plot *plot, double from, double to, double y_px, double height,
              const char *class)
{
    double left = plot_x(plot, fmin(from, to)), right = plot_x(plot, fmax(from, to));

    fprintf(plot->file,
            "<rect class=\"%s\" x=\"%.2f%%\" width=\"%.2f%%\" y=\"%.1f\" height=\"%.1f\"/>\n",
            class, left, right - left, y_px, height);
}

void plot_text(const struct plot *plot, double x_percent, int dx, double y_px, const char *anchor,
               const char *class, const char *text)
{
    fprintf(plot->file, "<text class=\"%s\" x=\"%.2f%%\" dx=\"%d\" y=\"%.1f\" text-anchor=\"%s\">",
            class, x_percent, dx, y_px, anchor);
    markup_text(plot->file, text);
    fputs("</text>\n", plot->file);
}

void plot_hover(const struct plot *plot, double from_percent, double to_percent, double x_percent,
                double y_px, const char *text)
{
    fprintf(plot->file, "<g class=\"at\"><rect x=\"%.2f%%\" width=\"%.2f%%\" height=\"%d\"/>",
            from_percent, to_percent - from_percent, plot->height);
    if (isfinite(y_px))
        fprintf(plot->file,
                "<line x1=\"%.2f%%\" x2=\"%.2f%%\" y2=\"%d\"/>"
                "<circle cx=\"%.2f%%\" cy=\"%.1f\" r=\"4\"/>",
                x_percent, x_percent, plot->height, x_percent, y_px);
    fputs("<title>", plot->file);
    markup_text(plot->file, text);
    fputs("</title></g>\n", plot->file);
}
