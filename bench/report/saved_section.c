/*
 * Work saved: the time that hits spare, by size if the trace has sizes, else by entries.
 */
#include <math.h>
#include <stdio.h>

#include "draw.h"
#include "report/curve_line.h"
#include "report/sections.h"
#include "report/table.h"
#include "traces.h"

#define HEIGHT   220
#define MEBIBYTE 1048576.0

/* A power of two below the smallest capacity with a hit. */
static double first_capacity(const struct ctxi_curve *curve)
{
    uint64_t first = ctxi_curve_capacity(curve, ctxi_curve_reaching(curve, 1));

    return exp2(floor(log2(fmax((double)first, 1))));
}

static struct plot_axis axis_of_bytes(const struct ctxi_curve *curve)
{
    double least = first_capacity(curve);

    return (struct plot_axis){.least = least,
                              .most = fmax((double)curve_end(curve), 2 * least),
                              .logarithmic = true,
                              .tick_count = 6,
                              .base = 4,
                              .text = text_bytes,
                              .title = "capacity, bytes of values (logarithmic)"};
}

static void say_saved(const struct ctxi_curve *curve, size_t bucket, const char *capacity,
                      char *out, size_t size)
{
    char saved[TEXT_NUMBER];

    snprintf(out, size, "%s\n%s saved, %.2f %% of all loads", capacity,
             text_seconds((double)curve->saved_ns[bucket] / 1e9, saved),
             100 * advice_ratio(curve->saved_ns[bucket], curve->load_ns));
}

static void say_bytes(const struct ctxi_curve *curve, size_t bucket, char *out, size_t size)
{
    char text[TEXT_NUMBER];

    say_saved(curve, bucket, text_bytes((double)ctxi_curve_capacity(curve, bucket), text), out,
              size);
}

static void say_entries(const struct ctxi_curve *curve, size_t bucket, char *out, size_t size)
{
    char entries[TEXT_NUMBER];

    text_entries(ctxi_curve_capacity(curve, bucket), entries);
    say_saved(curve, bucket, entries, out, size);
}

/* The text is where the curve is not yet: on the left. */
static void put_ceiling(const struct plot *plot, double seconds)
{
    double y = plot_y(plot, seconds);
    char text[TEXT_NUMBER], saved[TEXT_NUMBER + 16];

    plot_across(plot, seconds, "ceiling");
    snprintf(saved, sizeof saved, "at most %s", text_seconds(seconds, text));
    plot_text(plot, 0, 8, y < 20 ? y + 16 : y - 7, "start", "note halo", saved);
}

static void put_chart(FILE *file, const struct ctxi_curve *curve, bool bytes)
{
    double all = (double)curve->load_ns / 1e9;
    struct plot plot = {.file = file,
                        .x = bytes ? axis_of_bytes(curve)
                                   : curve_axis_x(curve_end(curve), 8,
                                                  "capacity, entries (logarithmic)"),
                        .y = {.most = fmax(all, 1e-9),
                              .tick_count = 5,
                              .text = text_short,
                              .title = "time saved, seconds of loads"},
                        .height = HEIGHT,
                        .margins = {36, 14, 46, 46}};

    plot_begin(&plot, "chart-saved", "Time of loads that hits save, by capacity");
    plot_axis_x(&plot);
    plot_axis_y(&plot);
    put_ceiling(&plot, (double)curve->saved_ns[curve->count - 1] / 1e9);
    curve_line(&plot, curve, curve->saved_ns, 1e-9);
    curve_hovers(&plot, curve, curve->saved_ns, 1e-9, 48, bytes ? say_bytes : say_entries);
    plot_end(&plot);
}

static void put_table(FILE *file, const struct ctxi_curve *curve, bool bytes)
{
    const char *const heads[] = {bytes ? "of values" : "entries", "hit %", "saved",
                                 "% of all loads",
                                 bytes ? "saved by a MiB more" : "saved by an entry more"};
    size_t buckets[DRAW_STEPS], count = draw_steps(curve, buckets);
    double unit = bytes ? MEBIBYTE : 1, before = 0, before_size = 0;

    table_begin(file, "Time saved by capacity", heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < count; i++) {
        double saved = (double)curve->saved_ns[buckets[i]] / 1e9;
        uint64_t capacity = ctxi_curve_capacity(curve, buckets[i]);
        double size = (double)capacity / unit;
        char text[TEXT_NUMBER];

        table_row(file, bytes ? text_bytes((double)capacity, text) : text_whole(capacity, text));
        table_percent(file, curve->hits[buckets[i]], curve->requests);
        table_text(file, text_seconds(saved, text));
        table_percent(file, curve->saved_ns[buckets[i]], curve->load_ns);
        table_text(file, text_seconds((saved - before) / (size - before_size), text));
        table_row_end(file);
        before = saved;
        before_size = size;
    }
    table_end(file);
}

void section_saved(FILE *file, const struct findings *findings)
{
    const struct advice *advice = &findings->advice;
    bool bytes = advice->bytes;
    const struct ctxi_curve *curve = bytes ? &advice->bytes->overall : &advice->curves->overall;
    char all[TEXT_NUMBER], saved[TEXT_NUMBER], about[TRACES_BYTES];

    section_begin(file, "saved", "Work saved");
    if (curve->load_ns == 0 || ctxi_curve_ceiling(curve) == 0) {
        section_say(file, curve->load_ns > 0 ? "Without a hit no work is saved."
                                             : "This trace does not say how long loads took.");
        section_end(file);
        return;
    }
    section_say(file, "All loads of the trace took %s; the largest cache saves %s of that. %s",
                text_seconds((double)curve->load_ns / 1e9, all),
                text_seconds((double)curve->saved_ns[curve->count - 1] / 1e9, saved),
                bytes ? "The table says what the next mebibyte is worth."
                      : "With sizes in the trace, this would say what a mebibyte saves.");
    if (bytes && traces_bytes(advice->trace, about, sizeof about))
        section_say(file, "In this recording %s.", about);
    put_chart(file, curve, bytes);
    put_table(file, curve, bytes);
    section_end(file);
}
