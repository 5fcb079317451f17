#include "settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "pool.h"
#include "sections.h"
#include "workload.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define FIELD(name) offsetof(struct settings, name)

static const struct option options[] = {
    {"--section", "NAME",
     "context, cache, record, growth, async, or all: the first two (the default)", OPTION_LIST,
     FIELD(plan.sections), 0, 0},
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

void settings_help(void)
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
    print_names("Workloads of the async section:", section_async.workload);
    print_names("Its competitors:", section_async.competitor);
    puts("\nFor example, one comparison in a few seconds:\n"
         "  " COMMAND " --workload W1 --competitor ctxcache,uthash+mutex --seconds 5");
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool is_workload(const char *name)
{
    for (size_t s = 0; section_at(s); s++)
        if (section_at(s)->has_workload(name))
            return true;
    return false;
}

static bool is_competitor(const char *name)
{
    const char *other, *about;

    for (size_t s = 0; section_at(s); s++)
        for (size_t i = 0; (other = section_at(s)->competitor(i, &about)); i++)
            if (strcmp(name, other) == 0)
                return true;
    return false;
}

static bool is_section(const char *name)
{
    for (size_t s = 0; section_at(s); s++)
        if (strcmp(name, section_at(s)->name) == 0)
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

bool settings_read(struct settings *settings, int argc, char **argv)
{
    struct plan *plan = &settings->plan;

    *settings = (struct settings){
        .plan = {.keys = 100000, .growth_keys = 10000000, .per_request = 100, .seed = 1},
        .seconds = 120,
    };
    if (!options_read(options, COUNT(options), COMMAND, argc, argv, 1, settings))
        return false;
    if (!check_names(plan->sections, "section", is_section) ||
        !check_names(plan->workloads, "workload", is_workload) ||
        !check_names(plan->competitors, "competitor", is_competitor) || !read_threads(settings))
        return false;
    if (settings->svg &&
        (!plan_wants(plan->workloads, SVG_WORKLOAD) || !section_wanted(&section_cache, plan)))
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

void settings_free(struct settings *settings)
{
    options_list_free(settings->threads);
    options_list_free(settings->plan.sections);
    options_list_free(settings->plan.workloads);
    options_list_free(settings->plan.competitors);
}
