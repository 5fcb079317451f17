/*
 * Over time: what a cache of the advised capacity hits in each piece of the trace.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "report/curve_line.h"
#include "report/sections.h"
#include "report/table.h"
#include "tune/whole.h"

#define HEIGHT 220

static double hit_ratio(const struct replay *replay, size_t piece)
{
    return advice_ratio(replay->results[0].piece_hits[piece], replay->pieces[piece].requests);
}

static double most_ratio(const struct replay *replay, size_t piece)
{
    return advice_ratio(replay->pieces[piece].reachable, replay->pieces[piece].requests);
}

static void put_line(const struct plot *plot, const struct replay *replay, const char *class,
                     bool area, double (*ratio)(const struct replay *replay, size_t piece))
{
    struct point points[2 * REPLAY_PIECES];
    size_t count = 0;

    for (size_t i = 0; i < REPLAY_PIECES; i++) {
        if (replay->pieces[i].requests == 0)
            continue;
        for (size_t end = 0; end < 2; end++)
            points[count++] = (struct point){(double)replay_piece_start(replay->trace, i + end),
                                             ratio(replay, i)};
    }
    plot_line(plot, points, count, class, area);
}

/* "1,000 to 1,999" */
static void say_range(const struct replay *replay, size_t piece, char *out, size_t size)
{
    char from[TEXT_NUMBER], to[TEXT_NUMBER];

    snprintf(out, size, "%s to %s", text_whole(replay_piece_start(replay->trace, piece) + 1, from),
             text_whole(replay_piece_start(replay->trace, piece + 1), to));
}

static bool is_empty(const struct replay *replay, size_t piece)
{
    return replay_piece_start(replay->trace, piece) == replay_piece_start(replay->trace, piece + 1);
}

static void put_hovers(const struct plot *plot, const struct replay *replay)
{
    for (size_t i = 0; i < REPLAY_PIECES; i++) {
        double from = plot_x(plot, (double)replay_piece_start(replay->trace, i));
        double to = plot_x(plot, (double)replay_piece_start(replay->trace, i + 1));
        char range[2 * TEXT_NUMBER + 8], text[160];

        if (is_empty(replay, i))
            continue;
        say_range(replay, i, range, sizeof range);
        snprintf(text, sizeof text, "requests %s\n%.2f %% hits, at most %.2f %%", range,
                 100 * hit_ratio(replay, i), 100 * most_ratio(replay, i));
        plot_hover(plot, from, to, (from + to) / 2, plot_y(plot, hit_ratio(replay, i)), text);
    }
}

static void put_chart(FILE *file, const struct replay *replay)
{
    struct plot plot = {.file = file,
                        .x = {.most = (double)replay->trace->request_count,
                              .tick_count = 6,
                              .text = text_short,
                              .title = "requests of the trace, in their order"},
                        .y = curve_axis_y(5, "hits, % of gets in each piece"),
                        .height = HEIGHT,
                        .margins = {36, 14, 46, 36}};
    char label[160];

    snprintf(label, sizeof label, "Hit ratio of an LRU cache of %" PRIu64 " entries over the trace",
             replay->results[0].capacity);
    plot_begin(&plot, "chart-time", label);
    plot_axis_x(&plot);
    plot_axis_y(&plot);
    put_line(&plot, replay, "", true, hit_ratio);
    put_line(&plot, replay, "ceiling", false, most_ratio);
    put_hovers(&plot, replay);
    plot_end(&plot);
}

static void put_table(FILE *file, const struct replay *replay)
{
    static const char *const heads[] = {"requests", "gets", "hits", "hit %", "at most, %"};

    table_begin(file, "Hits by piece of the trace", heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < REPLAY_PIECES; i++) {
        const struct replay_demand *piece = &replay->pieces[i];
        char range[2 * TEXT_NUMBER + 8];

        if (is_empty(replay, i))
            continue;
        say_range(replay, i, range, sizeof range);
        table_row(file, range);
        table_whole(file, piece->requests);
        table_whole(file, replay->results[0].piece_hits[i]);
        table_percent(file, replay->results[0].piece_hits[i], piece->requests);
        table_percent(file, piece->reachable, piece->requests);
        table_row_end(file);
    }
    table_end(file);
}

/* The library against the curve: two ways to the same number. */
static void say_lead(FILE *file, const struct findings *findings)
{
    const struct replay_result *result = &findings->replay.results[0];
    uint64_t foretold = ctxi_curve_hits(&findings->advice.curves->overall, result->capacity);
    uint64_t found = ctxi_whole_count(findings->trace->rate, result->total.hits);
    char capacity[TEXT_NUMBER], hits[TEXT_NUMBER], promised[TEXT_NUMBER];

    text_whole(foretold, promised);
    section_say(
        file,
        "The trace was replayed through the library itself with %s, from an empty "
        "cache, and cut into %d pieces. It hit %s times%s, %s%s. Broken line: gets for what "
        "had been asked for before, which is the most that any cache can hit.",
        text_entries(result->capacity, capacity), REPLAY_PIECES,
        text_whole(result->total.hits, hits),
        ctxi_is_sample(findings->trace->rate) ? " in the sample" : "",
        found == foretold ? "exactly as the curve says" : "the curve says ",
        found == foretold ? "" : promised);
}

void section_time(FILE *file, const struct findings *findings)
{
    section_begin(file, "time", "Hits over time");
    if (findings->replay.result_count > 0) {
        say_lead(file, findings);
        put_chart(file, &findings->replay);
        put_table(file, &findings->replay);
    } else {
        section_say(file, "Without a hit there is nothing to show over time.");
    }
    section_end(file);
}
