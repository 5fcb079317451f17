/*
 * ctxbench advise: how large a cache should be, by a recorded trace, and for whom.
 */
#include <ctxcache.h>

#include "advice.h"
#include "commands.h"
#include "result.h"
#include "traces.h"

struct settings {
    struct trace_settings trace;
    struct result_settings result;
    uint64_t total; /* 0: the knee */
    double want;    /* 0: none */
    bool help;
};

#define FIELD(name) offsetof(struct settings, name)

static const struct option options[] = {
    TRACE_OPTIONS,
    {"--total", "N", "entries to divide among the tenants (as many as the knee has)", OPTION_WHOLE,
     FIELD(total), 1, 4294967295.0},
    {"--want", "RATIO", "name the smallest capacity with this hit ratio, too: 0.95 is 95 %",
     OPTION_NUMBER, FIELD(want), 0, 100},
    RESULT_OPTIONS(struct settings),
    {"--help", NULL, "print this", OPTION_FLAG, FIELD(help), 0, 0},
};

#define OPTION_COUNT (sizeof options / sizeof *options)

static int print_help(void)
{
    puts("Usage: " ADVISE_COMMAND " TRACE [--total N] [--want RATIO] [options]\n\n"
         "Names capacities that are worth considering, and ways to divide one among tenants.\n\n"
         "Options:");
    options_print(options, OPTION_COUNT);
    traces_print_formats();
    return 0;
}

static bool check_settings(const struct settings *settings)
{
    if (!traces_check(&settings->trace, ADVISE_COMMAND) ||
        !result_check(&settings->result, ADVISE_COMMAND))
        return false;
    return settings->want <= 1 ||
           options_wrong(ADVISE_COMMAND, "--want is a part of the gets, 0 to 1: %g %% is --want %g",
                         settings->want, settings->want / 100);
}

static int write_result(const struct settings *settings, FILE *file, const struct advice *advice)
{
    if (!result_begin(file))
        return result_failed(ADVISE_COMMAND, settings->result.output);
    if (settings->result.json)
        advice_print_json(file, advice);
    else if (settings->result.csv)
        advice_print_csv(file, advice);
    else
        advice_print_table(file, advice);
    return result_end(ADVISE_COMMAND, settings->result.output, file);
}

static int run(const struct settings *settings)
{
    FILE *file = result_open(ADVISE_COMMAND, settings->result.output);
    struct ctxi_trace *trace;
    struct advice advice;
    int status;

    if (!file)
        return 1;
    if ((status = traces_load(&settings->trace, ADVISE_COMMAND, &trace)) != 0)
        return status;
    advice_find(&advice, settings->trace.path, trace, settings->total, settings->want);
    if (advice.bytes)
        traces_say_bytes(ADVISE_COMMAND, trace);
    status = write_result(settings, file, &advice);
    advice_free(&advice);
    ctxi_trace_free(trace);
    return status;
}

int command_advise(int argc, char **argv)
{
    struct settings settings = {.total = 0};

    if (!options_read(options, OPTION_COUNT, ADVISE_COMMAND, argc, argv, 1, &settings))
        return 2;
    if (settings.help)
        return print_help();
    return check_settings(&settings) ? run(&settings) : 2;
}
