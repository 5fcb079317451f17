/*
 * ctxbench replay: a recorded trace through the library itself, at one capacity or several.
 */
#include "replay.h"

#include <inttypes.h>
#include <stdlib.h>

#include <ctxcache.h>

#include "capacities.h"
#include "commands.h"
#include "die.h"
#include "result.h"
#include "traces.h"
#include "tune/whole.h"

struct settings {
    struct trace_settings trace;
    struct result_settings result;
    const char **typed_capacities;
    struct capacities capacities;
    struct replay_record record;
    uint64_t tenants_shown;
    bool help;
};

#define FIELD(name) offsetof(struct settings, name)

static const struct option options[] = {
    TRACE_OPTIONS,
    {"--capacity", "N[,N]", "entries in the cache; a run for each", OPTION_LIST,
     FIELD(typed_capacities), 0, 0},
    {"--record", "FILE", "record what the cache is asked for, at one capacity", OPTION_TEXT,
     FIELD(record.path), 0, 0},
    {"--record-rate", "R", "the share of the keys that are recorded, at most 1 (1)", OPTION_NUMBER,
     FIELD(record.rate), 1e-9, 1},
    {"--tenants", "N", "rows of tenants in the table (10); --json and --csv have all", OPTION_WHOLE,
     FIELD(tenants_shown), 0, 1000000},
    RESULT_OPTIONS(struct settings),
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

static bool check_settings(struct settings *settings)
{
    const struct capacities *capacities = &settings->capacities;

    if (!traces_check(&settings->trace, REPLAY_COMMAND) ||
        !result_check(&settings->result, REPLAY_COMMAND) ||
        !capacities_read(&settings->capacities, REPLAY_COMMAND, settings->typed_capacities))
        return false;
    if (capacities->count == 0)
        return options_wrong(REPLAY_COMMAND, "which --capacity?");
    if (settings->record.rate > 0 && !settings->record.path)
        return options_wrong(REPLAY_COMMAND, "--record-rate goes with --record");
    if (settings->record.path && capacities->count > 1)
        return options_wrong(REPLAY_COMMAND, "--record goes with one --capacity");
    for (size_t i = 0; i < capacities->count; i++)
        if (capacities->values[i] > UINT32_MAX)
            return options_wrong(REPLAY_COMMAND, "--capacity is at most 4294967295");
    return true;
}

static int write_result(FILE *file, const struct settings *settings, const struct replay *replay)
{
    if (!result_begin(file))
        return result_failed(REPLAY_COMMAND, settings->result.output);
    if (settings->result.json)
        replay_print_json(file, replay);
    else if (settings->result.csv)
        replay_print_csv(file, replay);
    else
        replay_print_table(file, replay, settings->tenants_shown);
    return result_end(REPLAY_COMMAND, settings->result.output, file);
}

static int run(const struct settings *settings)
{
    FILE *file = result_open(REPLAY_COMMAND, settings->result.output);
    const struct capacities *capacities = &settings->capacities;
    struct ctxi_trace *trace;
    struct replay replay;
    int status;

    if (!file)
        return 1;
    if ((status = traces_load(&settings->trace, REPLAY_COMMAND, &trace)) != 0)
        return status;
    if (settings->record.path && ctxi_is_sample(trace->rate)) {
        ctxi_trace_free(trace);
        options_wrong(REPLAY_COMMAND, "--record wants a whole trace, and this is a sample");
        return 2;
    }
    replay_init(&replay, settings->trace.path, trace, capacities->count);
    for (size_t i = 0; i < capacities->count; i++)
        replay_run(&replay, &replay.results[i], capacities->values[i],
                   settings->record.path ? &settings->record : NULL);
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
    capacities_free(&settings.capacities);
    options_list_free(settings.typed_capacities);
    return status;
}
