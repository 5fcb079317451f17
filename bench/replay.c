/*
 * ctxbench replay: a recorded trace through the library itself, at one capacity or several.
 */
#include "replay.h"

#include <inttypes.h>
#include <stdlib.h>

#include <ctxcache.h>

#include "commands.h"
#include "die.h"
#include "result.h"
#include "traces.h"

struct settings {
    struct trace_settings trace;
    const char **capacities; /* as they were typed */
    uint64_t tenants_shown;
    const char *output; /* NULL: standard output */
    bool json, csv, help;
};

#define FIELD(name) offsetof(struct settings, name)

static const struct option options[] = {
    TRACE_OPTIONS,
    {"--capacity", "N[,N]", "entries in the cache; a run for each", OPTION_LIST, FIELD(capacities),
     0, 0},
    {"--tenants", "N", "rows of tenants in the table (10); --json and --csv have all", OPTION_WHOLE,
     FIELD(tenants_shown), 0, 1000000},
    {"--json", NULL, "print one JSON object, not a table", OPTION_FLAG, FIELD(json), 0, 0},
    {"--csv", NULL, "print CSV, not a table", OPTION_FLAG, FIELD(csv), 0, 0},
    {"--output", "FILE", "write the result there, not to stdout", OPTION_TEXT, FIELD(output), 0, 0},
    {"--help", NULL, "print this", OPTION_FLAG, FIELD(help), 0, 0},
};

#define OPTION_COUNT (sizeof options / sizeof *options)

static int print_help(void)
{
    puts("Usage: " REPLAY_COMMAND " TRACE --capacity N[,N] [options]\n\n"
         "Replays a trace through the library, with its keys as arguments and its tenants as the\n"
         "variable that partitions the cache.\n\nOptions:");
    options_print(options, OPTION_COUNT);
    traces_print_formats();
    return 0;
}

static size_t count_capacities(const struct settings *settings)
{
    size_t count = 0;

    while (settings->capacities && settings->capacities[count])
        count++;
    return count;
}

static bool check_settings(const struct settings *settings)
{
    uint64_t capacity;

    if (!traces_check(&settings->trace, REPLAY_COMMAND))
        return false;
    if (!settings->capacities)
        return options_wrong(REPLAY_COMMAND, "which --capacity?");
    for (size_t i = 0; settings->capacities[i]; i++)
        if (!options_whole(settings->capacities[i], &capacity) || capacity == 0 ||
            capacity > UINT32_MAX)
            return options_wrong(REPLAY_COMMAND,
                                 "--capacity wants whole numbers from 1 to 4294967295, not '%s'",
                                 settings->capacities[i]);
    if (settings->json && settings->csv)
        return options_wrong(REPLAY_COMMAND, "--json and --csv are two forms of one result");
    return true;
}

static int write_result(FILE *file, const struct settings *settings, const struct replay *replay)
{
    if (!result_begin(file))
        return result_failed(REPLAY_COMMAND, settings->output);
    if (settings->json)
        replay_print_json(file, replay);
    else if (settings->csv)
        replay_print_csv(file, replay);
    else
        replay_print_table(file, replay, settings->tenants_shown);
    return result_end(REPLAY_COMMAND, settings->output, file);
}

static int run(const struct settings *settings)
{
    FILE *file = result_open(REPLAY_COMMAND, settings->output);
    size_t count = count_capacities(settings);
    struct ctxi_trace *trace;
    struct replay replay;
    int status;

    if (!file)
        return 1;
    if ((status = traces_load(&settings->trace, REPLAY_COMMAND, &trace)) != 0)
        return status;
    replay_init(&replay, settings->trace.path, trace, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t capacity = 0;

        options_whole(settings->capacities[i], &capacity);
        replay_run(&replay, &replay.results[i], capacity);
    }
    status = write_result(file, settings, &replay);
    replay_fini(&replay);
    ctxi_trace_free(trace);
    return status;
}

int command_replay(int argc, char **argv)
{
    struct settings settings = {.tenants_shown = 10};
    int status = 2;

    if (options_read(options, OPTION_COUNT, REPLAY_COMMAND, argc, argv, 1, &settings)) {
        if (settings.help)
            status = print_help();
        else if (check_settings(&settings))
            status = run(&settings);
    }
    options_list_free(settings.capacities);
    return status;
}
