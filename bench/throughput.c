/*
 * ctxbench throughput: how fast single operations are, with one thread and with more.
 */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <ctxcache.h>

#include "clock.h"
#include "commands.h"
#include "die.h"
#include "options.h"
#include "output.h"
#include "pool.h"
#include "result.h"
#include "rounds.h"
#include "sections.h"
#include "settings.h"

/* ---- measuring ---------------------------------------------------------------------------- */

struct run {
    struct group groups[GROUPS_MAX];
    const struct section *sections[GROUPS_MAX];
    size_t group_count;
    struct result *results;
    size_t result_count;
};

static void measure_group(struct run *run, size_t number, const struct settings *settings,
                          struct pool *pool, double seconds)
{
    struct group *group = &run->groups[number];
    const struct section *section = run->sections[number];

    section->open(group, &settings->plan);
    if (section->measure)
        section->measure(group, pool, settings->rounds, seconds);
    else
        rounds_run(group, pool, settings->rounds, seconds);
    section->complete(group);
    for (size_t i = 0; i < group->cell_count; i++)
        cell_summarize(&group->cells[i]);
    group_scale(group);
    for (size_t i = 0; i < group->cell_count; i++)
        run->results[run->result_count++] = group->cells[i].result;
    section->close(group);
}

/* `left` seconds, or NAN: as many rounds as were asked for, however long they take. */
static void show_progress(const struct run *run, size_t number, double left)
{
    char line[120];
    int size = snprintf(line, sizeof line, "[%zu/%zu] %s %s", number + 1, run->group_count,
                        run->groups[number].section, run->groups[number].workload);

    if (!isnan(left))
        snprintf(line + size, sizeof line - (size_t)size, ", about %.0f s left", left);
    output_progress(line);
}

/* Time that a group leaves unused goes to those after it. */
static void measure(struct run *run, const struct settings *settings)
{
    struct pool *pool = pool_new(settings->plan.threads[settings->plan.thread_count - 1]);
    double weight_left = 0, seconds_left = settings->seconds;

    for (size_t i = 0; i < run->group_count; i++)
        weight_left += run->groups[i].weight;
    for (size_t i = 0; i < run->group_count; i++) {
        double weight = run->groups[i].weight;
        uint64_t start = clock_ns();

        show_progress(run, i, settings->rounds ? NAN : seconds_left);
        measure_group(run, i, settings, pool, seconds_left * weight / weight_left);
        seconds_left -= (double)(clock_ns() - start) / 1e9;
        seconds_left = seconds_left > 0 ? seconds_left : 0;
        weight_left -= weight;
    }
    output_progress(NULL);
    pool_free(pool);
}

/* The heap keeps what is freed, as that of a long-lived server would in effect: otherwise each new
 * cache pays for fresh pages, and the kernel is measured. */
static void keep_heap(void)
{
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
}

static void measure_all(struct run *run, const struct settings *settings)
{
    size_t cells = 0;

    for (size_t i = 0; i < run->group_count; i++)
        cells += run->sections[i]->count(&run->groups[i], &settings->plan);
    run->results = die_calloc(cells, sizeof *run->results);
    keep_heap();
    latency_clock_ns();
    measure(run, settings);
}

/* ---- writing ------------------------------------------------------------------------------ */

static int write_result(FILE *file, const struct settings *settings, const struct report *report)
{
    if (!result_begin(file))
        return result_failed(COMMAND, settings->output);
    if (settings->json)
        output_json(file, report);
    else if (settings->markdown)
        output_markdown(file, report);
    else
        output_table(file, report);
    return result_end(COMMAND, settings->output, file);
}

static int write_picture(FILE *file, const struct settings *settings, const struct report *report)
{
    if (!result_begin(file))
        return result_failed(COMMAND, settings->svg);
    output_svg(file, report);
    return result_end(COMMAND, settings->svg, file);
}

static int write_report(FILE *file, FILE *picture, const struct settings *settings,
                        const struct run *run)
{
    struct machine machine;
    struct absence absences[ABSENCES_MAX];
    struct report report = {.machine = &machine,
                            .plan = &settings->plan,
                            .results = run->results,
                            .count = run->result_count,
                            .absences = absences,
                            .absence_count = sections_absences(&settings->plan, absences)};
    int status = 0;

    machine_read(&machine, settings->plan.seed);
    if (picture)
        status = write_picture(picture, settings, &report);
    return write_result(file, settings, &report) | status;
}

/* ---- the command -------------------------------------------------------------------------- */

static void say_nothing_left(const struct plan *plan)
{
    struct absence absences[ABSENCES_MAX];

    if (sections_absences(plan, absences) > 0)
        options_wrong(COMMAND, "%s cannot be measured: %s is not installed", absences[0].competitor,
                      absences[0].package);
    else
        options_wrong(COMMAND, "these options together leave nothing to measure");
}

static int run_settings(const struct settings *settings)
{
    struct run run = {.group_count = 0};
    FILE *file, *picture = NULL;
    int status;

    run.group_count = sections_groups(&settings->plan, run.groups, run.sections);
    if (run.group_count == 0) {
        say_nothing_left(&settings->plan);
        return 2;
    }
    if (!(file = result_open(COMMAND, settings->output)))
        return 1;
    if (settings->svg && !(picture = result_open(COMMAND, settings->svg)))
        return 1;
    measure_all(&run, settings);
    status = write_report(file, picture, settings, &run);
    free(run.results);
    return status;
}

int command_throughput(int argc, char **argv)
{
    struct settings settings;
    int status = 0;

    if (!settings_read(&settings, argc, argv))
        status = 2;
    else if (settings.help)
        settings_help();
    else if (settings.version)
        printf("ctxbench %s\n", ctx_version());
    else
        status = run_settings(&settings);
    settings_free(&settings);
    return status;
}
