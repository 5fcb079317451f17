/*
 * ctxbench throughput: how fast single operations are, with one thread and with more.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ctxcache.h>

#include "cell.h"
#include "clock.h"
#include "commands.h"
#include "die.h"
#include "options.h"
#include "output.h"
#include "pool.h"
#include "rounds.h"
#include "workload.h"

#define COMMAND    "ctxbench throughput"
#define GROUPS_MAX 64

static const struct section *const sections[] = {&section_context, &section_cache, &section_growth};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct settings {
    struct plan plan;
    const char **threads;
    uint64_t rounds;
    double seconds;
    const char *output, *svg;
    bool json, markdown, help, version;
};

#define FIELD(name) offsetof(struct settings, name)

static const struct option options[] = {
    {"--section", "NAME", "context, cache, growth, or all: the first two (the default)",
     OPTION_LIST, FIELD(plan.sections), 0, 0},
    {"--workload", "NAME[,NAME]", "only these workloads; get wants get/1, get/16 and get/1000",
     OPTION_LIST, FIELD(plan.workloads), 0, 0},
    {"--competitor", "NAME[,NAME]", "only these competitors", OPTION_LIST, FIELD(plan.competitors),
     0, 0},
    {"--threads", "N[,N]", "numbers of threads, up to one for each processor (1,2)", OPTION_LIST,
     FIELD(threads), 0, 0},
    {"--seconds", "S",
     "about how long the whole run takes (120): the time is shared out\n"
     "among the workloads, but each gets 3 rounds at least",
     OPTION_NUMBER, FIELD(seconds), 0.001, 86400},
    {"--rounds", "N", "exactly N rounds for each workload, whatever --seconds says", OPTION_WHOLE,
     FIELD(rounds), 1, CELL_ROUNDS_MAX},
    {"--keys", "N", "different keys in the cache section (100000)", OPTION_WHOLE, FIELD(plan.keys),
     WORKLOAD_TENANTS, 2500000},
    {"--large-keys", "N", "different keys in W2 (40 times --keys)", OPTION_WHOLE,
     FIELD(plan.large_keys), WORKLOAD_TENANTS, WORKLOAD_KEYS_MAX},
    {"--growth-keys", "N", "the most entries in the growth section (10000000)", OPTION_WHOLE,
     FIELD(plan.growth_keys), 1000, WORKLOAD_KEYS_MAX},
    {"--capacity", "N", "entries in W3's cache, which is asked for 10 times --keys (--keys)",
     OPTION_WHOLE, FIELD(plan.capacity), 1, WORKLOAD_KEYS_MAX},
    {"--request", "N", "calls in a row for one tenant before the next one's turn (100)",
     OPTION_WHOLE, FIELD(plan.per_request), 1, 10000},
    {"--seed", "N", "seed of all keys and hashes (1)", OPTION_WHOLE, FIELD(plan.seed), 0,
     9007199254740992.0},
    {"--json", NULL, "print one JSON object, not a table", OPTION_FLAG, FIELD(json), 0, 0},
    {"--markdown", NULL, "print the tables as Markdown", OPTION_FLAG, FIELD(markdown), 0, 0},
    {"--svg", "FILE", "write a picture of W1 there, too", OPTION_TEXT, FIELD(svg), 0, 0},
    {"--output", "FILE", "write the result there, not to stdout", OPTION_TEXT, FIELD(output), 0, 0},
    {"--help", NULL, "print this", OPTION_FLAG, FIELD(help), 0, 0},
    {"--version", NULL, "print the version of ctxcache", OPTION_FLAG, FIELD(version), 0, 0},
};

/* ---- help --------------------------------------------------------------------------------- */

static void print_names(const char *title,
                        const char *(*name_of)(size_t number, const char **out_about))
{
    const char *name, *about;

    printf("\n%s\n", title);
    for (size_t i = 0; (name = name_of(i, &about)); i++)
        printf("  %-24s%s\n", name, about);
}

static void print_help(void)
{
    puts("Usage: " COMMAND " [options]\n\n"
         "Measures single operations of ctxcache beside those of its competitors, in one process\n"
         "and in turns: every round takes one sample of each. All get the same calls, made from\n"
         "one seed before anything is timed. Prints medians with the smallest and the largest\n"
         "sample; samples in which a worker waited for its processor are left out, and counted.\n"
         "Nothing here passes or fails by its speed, but a wrong answer, or an LRU cache that\n"
         "evicts differently from another, ends the run with status 1.\n\nOptions:");
    options_print(options, COUNT(options));
    print_names("Workloads of the context section, each with 1, 16 and 1000 variables set:",
                section_context.workload);
    print_names("Its competitors:", section_context.competitor);
    print_names("Workloads of the cache section:", section_cache.workload);
    print_names("Its competitors:", section_cache.competitor);
    print_names(
        "Workloads of the growth section (its competitors: floor, ctxcache, uthash+mutex, or\n"
        "those of the cache section that --competitor names):",
        section_growth.workload);
    puts("\nFor example, one comparison in a few seconds:\n"
         "  " COMMAND " --workload W1 --competitor ctxcache,uthash+mutex --seconds 5");
}

/* ---- what was asked for ------------------------------------------------------------------- */

static bool is_workload(const char *name)
{
    for (size_t s = 0; s < COUNT(sections); s++)
        if (sections[s]->has_workload(name))
            return true;
    return false;
}

static bool is_competitor(const char *name)
{
    const char *other, *about;

    for (size_t s = 0; s < COUNT(sections); s++)
        for (size_t i = 0; (other = sections[s]->competitor(i, &about)); i++)
            if (strcmp(name, other) == 0)
                return true;
    return false;
}

static bool is_section(const char *name)
{
    for (size_t s = 0; s < COUNT(sections); s++)
        if (strcmp(name, sections[s]->name) == 0)
            return true;
    return strcmp(name, "all") == 0;
}

static bool check_names(const char **list, const char *what, bool (*is_known)(const char *name))
{
    for (; list && *list; list++)
        if (!is_known(*list))
            return options_wrong(COMMAND, "there is no %s '%s'", what, *list);
    return true;
}

static int ascending(const void *left, const void *right)
{
    unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;

    return (a > b) - (a < b);
}

static bool read_threads(struct settings *settings)
{
    struct plan *plan = &settings->plan;
    unsigned processors = pool_processors();

    if (!settings->threads) {
        plan->threads[plan->thread_count++] = 1;
        if (processors > 1)
            plan->threads[plan->thread_count++] = 2;
        return true;
    }
    for (const char **name = settings->threads; *name; name++) {
        uint64_t threads;

        if (!options_whole(*name, &threads) || threads < 1 || threads > processors)
            return options_wrong(COMMAND, "--threads wants numbers from 1 to %u, not '%s'",
                                 processors, *name);
        if (plan->thread_count == PLAN_THREADS_MAX)
            return options_wrong(COMMAND, "--threads takes at most %d numbers", PLAN_THREADS_MAX);
        plan->threads[plan->thread_count++] = (unsigned)threads;
    }
    qsort(plan->threads, plan->thread_count, sizeof *plan->threads, ascending);
    for (size_t i = 1; i < plan->thread_count; i++)
        if (plan->threads[i] == plan->threads[i - 1])
            return options_wrong(COMMAND, "--threads names %u twice", plan->threads[i]);
    return true;
}

static bool wants_section(const struct plan *plan, const struct section *section)
{
    bool all = !plan->sections || plan_wants(plan->sections, "all");

    return (all && !section->on_demand) ||
           (plan->sections && plan_wants(plan->sections, section->name));
}

/* The groups of the plan, in order; returns how many. */
static size_t list_groups(const struct plan *plan, struct group *out_groups,
                          const struct section **out_sections)
{
    size_t count = 0;

    for (size_t s = 0; s < COUNT(sections); s++) {
        struct group group;

        for (size_t i = 0; sections[s]->describe(i, &group); i++) {
            if (!wants_section(plan, sections[s]) || sections[s]->count(&group, plan) == 0)
                continue;
            out_sections[count] = sections[s];
            out_groups[count++] = group;
        }
    }
    return count;
}

static bool is_listed(const char *name, const struct absence *absences, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, absences[i].competitor) == 0)
            return true;
    return false;
}

/* Competitors that the plan wants and that are not there, each once. */
static size_t list_absences(const struct plan *plan, struct absence out_absences[ABSENCES_MAX])
{
    size_t count = 0;

    for (size_t s = 0; s < COUNT(sections); s++) {
        const char *name, *about, *package;

        if (!sections[s]->missing_package || !wants_section(plan, sections[s]))
            continue;
        for (size_t i = 0; count < ABSENCES_MAX && (name = sections[s]->competitor(i, &about)); i++)
            if (plan_wants(plan->competitors, name) && !is_listed(name, out_absences, count) &&
                (package = sections[s]->missing_package(i)))
                out_absences[count++] = (struct absence){name, package};
    }
    return count;
}

static void say_nothing_left(const struct plan *plan)
{
    struct absence absences[ABSENCES_MAX];

    if (list_absences(plan, absences) > 0)
        options_wrong(COMMAND, "%s cannot be measured: %s is not installed", absences[0].competitor,
                      absences[0].package);
    else
        options_wrong(COMMAND, "these options together leave nothing to measure");
}

static bool read_settings(struct settings *settings, int argc, char **argv)
{
    struct plan *plan = &settings->plan;

    if (!options_read(options, COUNT(options), COMMAND, argc, argv, 1, settings))
        return false;
    if (!check_names(plan->sections, "section", is_section) ||
        !check_names(plan->workloads, "workload", is_workload) ||
        !check_names(plan->competitors, "competitor", is_competitor) || !read_threads(settings))
        return false;
    if (settings->svg &&
        (!plan_wants(plan->workloads, SVG_WORKLOAD) || !wants_section(plan, &section_cache)))
        return options_wrong(COMMAND,
                             "--svg shows " SVG_WORKLOAD ", which these options leave out");
    if (settings->json && settings->markdown)
        return options_wrong(COMMAND, "--json and --markdown are two forms of one result");
    if (plan->large_keys == 0)
        plan->large_keys = plan->keys * 40;
    if (plan->capacity == 0)
        plan->capacity = plan->keys;
    if (plan->capacity >= plan->keys * 10)
        return options_wrong(COMMAND,
                             "--capacity must be below 10 times --keys (%" PRIu64
                             "), or W3 has nothing to evict",
                             plan->keys);
    return true;
}

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

static int cannot_write(const char *name)
{
    fprintf(stderr, COMMAND ": cannot write %s: %s\n", name ? name : "the result", strerror(errno));
    return 1;
}

/* Opened before anything is measured, so that a name that cannot be written is refused at once.
 * What an older run left stays until there is something to take its place. */
static FILE *open_result(const char *name)
{
    return name ? fopen(name, "a") : stdout;
}

/* A pipe or a device has nothing to cut off. */
static bool begin_result(FILE *file)
{
    return file == stdout || ftruncate(fileno(file), 0) == 0 || errno == EINVAL;
}

static bool end_result(FILE *file)
{
    return fflush(file) == 0 && !ferror(file) && (file == stdout || fclose(file) == 0);
}

static int write_result(FILE *file, const struct settings *settings, const struct report *report)
{
    if (!begin_result(file))
        return cannot_write(settings->output);
    if (settings->json)
        output_json(file, report);
    else if (settings->markdown)
        output_markdown(file, report);
    else
        output_table(file, report);
    return end_result(file) ? 0 : cannot_write(settings->output);
}

static int write_picture(FILE *file, const struct settings *settings, const struct report *report)
{
    if (!begin_result(file))
        return cannot_write(settings->svg);
    output_svg(file, report);
    return end_result(file) ? 0 : cannot_write(settings->svg);
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
                            .absence_count = list_absences(&settings->plan, absences)};
    int status = 0;

    machine_read(&machine, settings->plan.seed);
    if (picture)
        status = write_picture(picture, settings, &report);
    return write_result(file, settings, &report) | status;
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

static int run_settings(const struct settings *settings)
{
    struct run run = {.group_count = 0};
    FILE *file, *picture = NULL;
    int status;

    run.group_count = list_groups(&settings->plan, run.groups, run.sections);
    if (run.group_count == 0) {
        say_nothing_left(&settings->plan);
        return 2;
    }
    if (!(file = open_result(settings->output)))
        return cannot_write(settings->output);
    if (settings->svg && !(picture = open_result(settings->svg)))
        return cannot_write(settings->svg);
    measure_all(&run, settings);
    status = write_report(file, picture, settings, &run);
    free(run.results);
    return status;
}

int command_throughput(int argc, char **argv)
{
    struct settings settings = {
        .plan = {.keys = 100000, .growth_keys = 10000000, .per_request = 100, .seed = 1},
        .seconds = 120,
    };
    int status = 0;

    if (!read_settings(&settings, argc, argv))
        status = 2;
    else if (settings.help)
        print_help();
    else if (settings.version)
        printf("ctxbench %s\n", ctx_version());
    else
        status = run_settings(&settings);
    options_list_free(settings.threads);
    options_list_free(settings.plan.sections);
    options_list_free(settings.plan.workloads);
    options_list_free(settings.plan.competitors);
    return status;
}
