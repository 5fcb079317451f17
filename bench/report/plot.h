/*
 * plot.h: one chart in SVG. Along x everything is in percent of the width, so that a chart is as wide as
 * the screen has room for while its text keeps its size, without script; along y it is in pixels.
 */
#ifndef BENCH_REPORT_PLOT_H
#define BENCH_REPORT_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "report/text.h"
#include "report/thin.h"

struct plot_axis {
    double least, most; /* at its ends; most is above least, and least above 0 if logarithmic */
    bool logarithmic;
    size_t tick_count; /* at most so many steps, or powers if logarithmic */
    double base;       /* of which these are powers; 0: 10 */
    const char *(*text)(double value, char out[TEXT_NUMBER]);
    const char *title; /* NULL: none */
};

/* Pixels around the area for what stands beside the axes. */
struct plot_margins {
    int top, right, bottom, left;
};

struct plot {
    FILE *file;
    struct plot_axis x, y;
    int height;
    struct plot_margins margins;
};

enum plot_shape { PLOT_DOT, PLOT_RING, PLOT_DIAMOND, PLOT_TICK };

/* Where a value is: percent from the left, pixels from the top. What is beyond an end is there. */
double plot_x(const struct plot *plot, double value);
double plot_y(const struct plot *plot, double value);

/* `label` says what the chart shows to who cannot see it. */
void plot_begin(const struct plot *plot, const char *id, const char *label);
void plot_end(const struct plot *plot);

/* Numbers and lines across. */
void plot_axis_x(const struct plot *plot);
void plot_axis_y(const struct plot *plot);

/* A line through values, in their order, thinned by what can be seen; the points are changed. `area`
 * fills what is under it, too. */
void plot_line(const struct plot *plot, struct point *points, size_t count, const char *class,
               bool area);

/* A line across at this height, and one down at this place. */
void plot_across(const struct plot *plot, double y, const char *class);
void plot_down(const struct plot *plot, double x, double from_px, double to_px, const char *class);

void plot_shape(const struct plot *plot, enum plot_shape shape, double x, double y_px,
                const char *class);

/* A bar from one value along x to another, in whichever order. */
void plot_bar(const struct plot *plot, double from, double to, double y_px, double height,
              const char *class);

/* Text at `dx` pixels from a place; anchor is start, middle or end. */
void plot_text(const struct plot *plot, double x_percent, int dx, double y_px, const char *anchor,
               const char *class, const char *text);

/* What is shown when the pointer is over the strip between two places; then a line and a dot at a value,
 * too. y NAN: the strip alone. */
void plot_hover(const struct plot *plot, double from_percent, double to_percent, double x_percent,
                double y_px, const char *text);

#endif
