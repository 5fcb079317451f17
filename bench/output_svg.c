/*
 * One picture: the median time of a hit in W1, a bar for each competitor, a block for each number of
 * threads. Colours follow the viewer's light or dark scheme.
 */
#include <math.h>
#include <string.h>

#include "markup.h"
#include "output.h"
#include "ticks.h"

#define WIDTH        760
#define LEFT         170 /* names stand left of this, bars begin here */
#define BARS         490 /* the longest bar */
#define TOP          76
#define ROW          24
#define BAR          16
#define BLOCK        34 /* a block's heading */
#define FOOT         64
#define LINEAR_MOST  12 /* longest to shortest bar; beyond, the scale is logarithmic */
#define GRID_LINES   10 /* at most */
#define MACHINE_LINE 512
#define MACHINE_CUT  112 /* characters in a line of the foot */

static const char style[] =
    "<style>\n"
    "text { font-family: system-ui, sans-serif; font-size: 13px; fill: #1f2328 }\n"
    ".back { fill: #ffffff } .grid { stroke: #d0d7de } .bar { fill: #8c959f }\n"
    ".ours { fill: #0969da } .floor { fill: #c8d1da }\n"
    ".title { font-size: 17px; font-weight: 600 } .block { font-weight: 600 }\n"
    ".note { font-size: 11px; fill: #59636e }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "text { fill: #f0f6fc } .back { fill: #0d1117 } .grid { stroke: #3d444d }\n"
    ".bar { fill: #768390 } .ours { fill: #4493f8 } .floor { fill: #444c56 }\n"
    ".note { fill: #9198a1 }\n"
    "}\n"
    "</style>\n";

/* How long a bar is, and where the lines of the grid are. */
struct scale {
    bool logarithmic;
    double least, most; /* ns at the left and at the right end */
};

static bool is_shown(const struct result *result)
{
    return strcmp(result->section, "cache") == 0 && strcmp(result->workload, SVG_WORKLOAD) == 0;
}

static struct scale choose_scale(const struct report *report)
{
    double least = INFINITY, most = 0;

    for (size_t i = 0; i < report->count; i++)
        if (is_shown(&report->results[i])) {
            least = fmin(least, report->results[i].ns_per_op.median);
            most = fmax(most, report->results[i].ns_per_op.median);
        }
    if (most > least * LINEAR_MOST)
        return (struct scale){true, pow(10, floor(log10(least))), pow(10, ceil(log10(most)))};
    return (struct scale){false, 0, most};
}

static double place(const struct scale *scale, double ns)
{
    double part = scale->logarithmic ? log(ns / scale->least) / log(scale->most / scale->least)
                                     : ns / scale->most;

    return part * BARS;
}

static void put_text(FILE *file, double x, double y, const char *class, const char *anchor,
                     const char *text)
{
    fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">", x, y, class,
            anchor);
    markup_text(file, text);
    fputs("</text>\n", file);
}

static void put_grid_line(FILE *file, const struct scale *scale, double ns, double bottom)
{
    double x = LEFT + place(scale, ns);
    char text[32];

    fprintf(file, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%.1f\" class=\"grid\"/>\n", x, TOP,
            x, bottom);
    snprintf(text, sizeof text, "%.0f ns", ns);
    put_text(file, x, bottom + 16, "note", "middle", text);
}

static void put_grid(FILE *file, const struct scale *scale, double bottom)
{
    double step = ticks_step(scale->most, GRID_LINES);
    int lines = scale->logarithmic ? (int)lround(log10(scale->most / scale->least))
                                   : (int)(scale->most / step);

    for (int i = 0; i <= lines; i++)
        put_grid_line(file, scale, scale->logarithmic ? scale->least * pow(10, i) : i * step,
                      bottom);
}

static void put_bar(FILE *file, const struct scale *scale, const struct result *result, double y)
{
    const char *name = result->competitor;
    const char *class = strncmp(name, "ctxcache", 8) == 0 ? "ours"
                        : strcmp(name, "floor") == 0      ? "floor"
                                                          : "bar";
    double length = fmax(place(scale, result->ns_per_op.median), 1);
    char text[48];

    put_text(file, LEFT - 10, y + BAR - 4, "name", "end", name);
    fprintf(file,
            "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\" class=\"%s\"/>\n",
            LEFT, y, length, BAR, class);
    snprintf(text, sizeof text, "%.0f%s", result->ns_per_op.median, result->disturbed ? " *" : "");
    put_text(file, LEFT + length + 6, y + BAR - 4, "value", "start", text);
}

/* All blocks; returns where they end. Without a file it only counts. */
static double put_blocks(FILE *file, const struct report *report, const struct scale *scale)
{
    unsigned threads = 0;
    double y = TOP;

    for (size_t i = 0; i < report->count; i++) {
        const struct result *result = &report->results[i];
        char text[32];

        if (!is_shown(result))
            continue;
        if (result->threads != threads) {
            threads = result->threads;
            snprintf(text, sizeof text, "%u %s", threads, threads == 1 ? "thread" : "threads");
            if (file)
                put_text(file, LEFT - 10, y + BLOCK - 12, "block", "end", text);
            y += BLOCK;
        }
        if (file)
            put_bar(file, scale, result, y);
        y += ROW;
    }
    return y;
}

static void put_foot(FILE *file, const struct report *report, double y)
{
    char machine[MACHINE_LINE], line[MACHINE_CUT + 1];

    output_machine(report, machine, sizeof machine);
    for (size_t i = 0; i * MACHINE_CUT < strlen(machine); i++) {
        snprintf(line, sizeof line, "%s", machine + i * MACHINE_CUT);
        put_text(file, 20, y + 15 * (double)i, "note", "start", line);
    }
}

void output_svg(FILE *file, const struct report *report)
{
    struct scale scale = choose_scale(report);
    double bottom = put_blocks(NULL, report, &scale);

    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" width=\"%d\" "
            "role=\"img\">\n<title>Time of a cache hit by competitor</title>\n%s"
            "<rect width=\"%d\" height=\"%.0f\" rx=\"6\" class=\"back\"/>\n",
            WIDTH, bottom + FOOT, WIDTH, style, WIDTH, bottom + FOOT);
    put_text(file, 20, 32, "title", "start", "Time of a cache hit in each thread, ns (median)");
    put_text(file, 20, 54, "note", "start",
             scale.logarithmic ? "shorter is better; the scale is logarithmic; " SVG_WORKLOAD
                                 ": Zipf 0.99, 64 tenants, values of 64 bytes copied out"
                               : "shorter is better; " SVG_WORKLOAD
                                 ": Zipf 0.99, 64 tenants, values of 64 bytes copied out");
    put_grid(file, &scale, bottom);
    put_blocks(file, report, &scale);
    put_foot(file, report, bottom + 40);
    fputs("</svg>\n", file);
}
