#include "report/curve_line.h"

#include <math.h>
#include <stdlib.h>

#include "die.h"
#include "draw.h"

#define SAMPLES    1000 /* of a line, before it is thinned */
#define HOVERS_MAX 64
#define HOVER_TEXT 256

uint64_t curve_end(const struct ctxi_curve *curve)
{
    return ctxi_curve_capacity(curve, ctxi_curve_reaching(curve, ctxi_curve_ceiling(curve)));
}

struct plot_axis curve_axis_x(uint64_t most, size_t ticks, const char *title)
{
    return (struct plot_axis){.least = 1,
                              .most = fmax((double)most, 2),
                              .logarithmic = true,
                              .tick_count = ticks,
                              .text = text_short,
                              .title = title};
}

struct plot_axis curve_axis_y(size_t ticks, const char *title)
{
    return (
        struct plot_axis){.most = 1, .tick_count = ticks, .text = text_hundredths, .title = title};
}

static struct point point_at(const struct ctxi_curve *curve, const uint64_t *values, double factor,
                             size_t bucket)
{
    return (struct point){(double)ctxi_curve_capacity(curve, bucket),
                          (double)values[bucket] * factor};
}

/* To the right of its end a curve is flat, and so is one without an end. */
void curve_line(const struct plot *plot, const struct ctxi_curve *curve, const uint64_t *values,
                double factor)
{
    size_t *buckets = die_calloc(SAMPLES, sizeof *buckets);
    struct point *points = die_calloc(SAMPLES + 1, sizeof *points);
    size_t count = draw_points(curve, SAMPLES, buckets);

    for (size_t i = 0; i < count; i++)
        points[i] = point_at(curve, values, factor, buckets[i]);
    if (count == 0)
        points[count++].x = plot->x.least;
    points[count] = point_at(curve, values, factor, curve->count - 1);
    points[count].x = plot->x.most;
    plot_line(plot, points, count + 1, "", true);
    free(points);
    free(buckets);
}

void curve_hovers(const struct plot *plot, const struct ctxi_curve *curve, const uint64_t *values,
                  double factor, size_t most,
                  void (*say)(const struct ctxi_curve *curve, size_t bucket, char *out,
                              size_t size))
{
    size_t buckets[HOVERS_MAX];
    size_t count = draw_points(curve, most < HOVERS_MAX ? most : HOVERS_MAX, buckets);
    double from = 0;

    for (size_t i = 0; i < count; i++) {
        struct point point = point_at(curve, values, factor, buckets[i]);
        double x = plot_x(plot, point.x), to = 100;
        char text[HOVER_TEXT];

        if (i + 1 < count)
            to = (x + plot_x(plot, (double)ctxi_curve_capacity(curve, buckets[i + 1]))) / 2;
        say(curve, buckets[i], text, sizeof text);
        plot_hover(plot, from, to, x, plot_y(plot, point.y), text);
        from = to;
    }
}
