#include "draw.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define WIDTH  64
#define HEIGHT 16

static uint64_t last_capacity(const struct ctxi_curve *curve)
{
    return ctxi_curve_capacity(curve, ctxi_curve_reaching(curve, ctxi_curve_ceiling(curve)));
}

/* The capacity at `part` of the scale, 0 to 1. */
static uint64_t capacity_at(uint64_t last, double part)
{
    return (uint64_t)(pow((double)last, part) + 0.5);
}

size_t draw_points(const struct ctxi_curve *curve, size_t most, size_t *out_buckets)
{
    uint64_t last = last_capacity(curve);
    size_t count = 0;

    for (size_t i = 0; i < most && last > 0; i++) {
        double part = most > 1 ? (double)i / (double)(most - 1) : 1;
        size_t bucket = ctxi_curve_bucket(curve, i + 1 < most ? capacity_at(last, part) : last);

        if (bucket > 0 && (count == 0 || bucket > out_buckets[count - 1]))
            out_buckets[count++] = bucket;
    }
    return count;
}

size_t draw_steps(const struct ctxi_curve *curve, size_t out_buckets[DRAW_STEPS])
{
    static const unsigned percents[DRAW_STEPS] = {10, 20, 30, 40, 50, 60, 70,
                                                  80, 85, 90, 95, 97, 99, 100};
    uint64_t most = ctxi_curve_ceiling(curve);
    size_t count = 0;

    for (size_t i = 0; i < DRAW_STEPS && most > 0; i++) {
        double hits = ceil((double)most * percents[i] / 100);
        size_t bucket = ctxi_curve_reaching(curve, (uint64_t)hits);

        if (bucket > 0 && (count == 0 || bucket > out_buckets[count - 1]))
            out_buckets[count++] = bucket;
    }
    return count;
}

/* ---- the drawing -------------------------------------------------------------------------- */

static int row_of(const struct ctxi_curve *curve, uint64_t hits)
{
    uint64_t most = ctxi_curve_ceiling(curve);

    return most > 0 ? (int)((double)hits / (double)most * (HEIGHT - 1) + 0.5) : 0;
}

/* rows[HEIGHT - 1] is the ceiling. */
static void fill(const struct ctxi_curve *curve, char rows[HEIGHT][WIDTH + 1])
{
    uint64_t last = last_capacity(curve);

    memset(rows, ' ', (size_t)HEIGHT * (WIDTH + 1));
    for (int row = 0; row < HEIGHT; row++)
        rows[row][WIDTH] = '\0';
    for (int column = 0; column < WIDTH; column++) {
        uint64_t capacity = capacity_at(last, (double)column / (WIDTH - 1));
        int top = row_of(curve, ctxi_curve_hits(curve, capacity));

        for (int row = 0; row < top; row++)
            rows[row][column] = '.';
        rows[top][column] = '*';
    }
}

static void mark(const struct ctxi_curve *curve, size_t knee, char rows[HEIGHT][WIDTH + 1])
{
    double last = (double)last_capacity(curve);
    double part = last > 1 ? log((double)ctxi_curve_capacity(curve, knee)) / log(last) : 1;

    rows[row_of(curve, curve->hits[knee])][(int)(part * (WIDTH - 1) + 0.5)] = 'K';
}

static void draw_axis(FILE *file, uint64_t last, const char *unit)
{
    char left[24], right[24], middle[24];
    uint64_t half = capacity_at(last, 0.5);

    snprintf(left, sizeof left, "%d", 1);
    snprintf(middle, sizeof middle, "%" PRIu64, half);
    snprintf(right, sizeof right, "%" PRIu64, last);
    fprintf(file, "        +");
    for (int column = 0; column < WIDTH; column++)
        fputc('-', file);
    fprintf(file, "\n         %-*s%-*s%*s\n", WIDTH / 2, left, WIDTH / 4, middle, WIDTH / 4, right);
    fprintf(file, "         capacity, %s (logarithmic)\n", unit);
}

void draw_curve(FILE *file, const struct ctxi_curve *curve, size_t knee, const char *unit)
{
    char rows[HEIGHT][WIDTH + 1];
    double ceiling =
        curve->requests > 0 ? (double)ctxi_curve_ceiling(curve) / (double)curve->requests : 0;

    if (last_capacity(curve) == 0)
        return;
    fill(curve, rows);
    if (knee > 0)
        mark(curve, knee, rows);
    fputs("  hit %\n", file);
    for (int row = HEIGHT; row-- > 0;)
        if (row % 3 == 0)
            fprintf(file, "%7.2f |%s%s\n", 100 * ceiling * row / (HEIGHT - 1), rows[row],
                    row == HEIGHT - 1 ? " at most" : "");
        else
            fprintf(file, "        |%s\n", rows[row]);
    draw_axis(file, last_capacity(curve), unit);
}
