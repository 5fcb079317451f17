/*
 * ctxbench curve: what LRU caches of all capacities hit of a trace, in one pass.
 */
#include "curve.h"

#include <inttypes.h>
#include <stdlib.h>

#include <ctxcache.h>

#include "base/alloc.h"
#include "commands.h"
#include "die.h"
#include "result.h"
#include "traces.h"
#include "tune/distances.h"
#include "tune/whole.h"

struct settings {
    struct trace_settings trace;
    struct result_settings result;
    const char **typed_capacities;
    struct capacities capacities;
    double rate;      /* 0: no sampling by rate */
    uint64_t samples; /* 0: no sampling by size */
    bool tenants, bytes, help;
};

#define SAMPLES_MOST 134217728 /* as many keys as a sampler takes */

#define FIELD(name) offsetof(struct settings, name)

static const struct option options[] = {
    TRACE_OPTIONS,
    {"--capacity", "N[,N]", "these points alone, not some over the whole curve", OPTION_LIST,
     FIELD(typed_capacities), 0, 0},
    {"--tenants", NULL, "a curve of each tenant's own requests, too", OPTION_FLAG, FIELD(tenants),
     0, 0},
    {"--bytes", NULL, "capacities are bytes, by the sizes of the trace", OPTION_FLAG, FIELD(bytes),
     0, 0},
    {"--sample", "R",
     "from a sample of the keys, R of them, at most 1 (SHARDS); of a trace that is\n"
     "a sample already, R of those that it has",
     OPTION_NUMBER, FIELD(rate), 1e-9, 1},
    {"--samples", "N",
     "from a sample of N keys, in memory that does not grow; with --tenants, N\n"
     "of each",
     OPTION_WHOLE, FIELD(samples), 1, SAMPLES_MOST},
    RESULT_OPTIONS(struct settings),
    {"--help", NULL, "print this", OPTION_FLAG, FIELD(help), 0, 0},
};

#define OPTION_COUNT (sizeof options / sizeof *options)

static int print_help(void)
{
    puts("Usage: " CURVE_COMMAND " TRACE [options]\n\n"
         "Counts the hits of LRU caches of all capacities, exactly, in one pass. A sample is for\n"
         "caches that run; its curve comes with an interval.\n\nOptions:");
    options_print(options, OPTION_COUNT);
    traces_print_formats();
    return 0;
}

static bool check_settings(struct settings *settings)
{
    if (!traces_check(&settings->trace, CURVE_COMMAND) ||
        !result_check(&settings->result, CURVE_COMMAND))
        return false;
    if (settings->rate > 0 && settings->samples > 0)
        return options_wrong(CURVE_COMMAND, "--sample and --samples are two ways to sample");
    return capacities_read(&settings->capacities, CURVE_COMMAND, settings->typed_capacities);
}

static int write_result(const struct settings *settings, FILE *file,
                        const struct curve_result *result)
{
    if (!result_begin(file))
        return result_failed(CURVE_COMMAND, settings->result.output);
    if (settings->result.json)
        curve_print_json(file, result);
    else if (settings->result.csv)
        curve_print_csv(file, result);
    else
        curve_print_table(file, result);
    return result_end(CURVE_COMMAND, settings->result.output, file);
}

static void check(int r)
{
    if (r != CTX_OK)
        die("the curve: %s", ctx_strerror(r));
}

/* ---- exact -------------------------------------------------------------------------------- */

static int run_exact(const struct settings *settings, const struct ctxi_stream *stream, FILE *file,
                     struct curve_result *result)
{
    unsigned flags =
        (settings->tenants ? CTXI_CURVES_TENANTS : 0u) | (settings->bytes ? CTXI_CURVES_BYTES : 0u);
    struct ctxi_curves *curves;
    int status;

    check(ctxi_curves_compute(stream, flags, 0, ctxi_process_allocator(), &curves));
    result->overall = &curves->overall;
    result->tenants = curves->tenants;
    result->sample.enough = true;
    status = write_result(settings, file, result);
    ctxi_curves_free(curves);
    return status;
}

/* ---- from a sample ------------------------------------------------------------------------ */

/* The curves of tenants, as arrays of exact ones are. */
static struct ctxi_curve *curves_of(const struct curve_sample *samples, uint32_t count)
{
    struct ctxi_curve *curves = die_calloc(count, sizeof *curves);

    for (uint32_t t = 0; t < count; t++)
        curves[t] = samples[t].estimate->curve;
    return curves;
}

static int run_sampled(const struct settings *settings, FILE *file, struct curve_result *result)
{
    struct curve_sampling sampling = {settings->rate,
                                      settings->samples ? (uint32_t)settings->samples
                                                        : SAMPLES_MOST,
                                      settings->bytes};
    uint32_t tenants = result->trace->tenant_count;
    struct ctxi_curve *curves = NULL;
    int status;

    result->sample = curve_sample_all(result->trace, &sampling);
    result->overall = &result->sample.estimate->curve;
    if (settings->tenants) {
        result->tenant_samples = curve_sample_tenants(result->trace, &sampling);
        result->tenants = curves = curves_of(result->tenant_samples, tenants);
    }
    status = write_result(settings, file, result);
    free(curves);
    curve_samples_free(result->tenant_samples, tenants);
    curve_sample_free(&result->sample);
    return status;
}

static int run(const struct settings *settings)
{
    FILE *file = result_open(CURVE_COMMAND, settings->result.output);
    struct curve_result result = {.path = settings->trace.path,
                                  .capacities = &settings->capacities,
                                  .bytes = settings->bytes};
    struct ctxi_trace *trace;
    struct ctxi_stream stream;
    int status;

    if (!file)
        return 1;
    if ((status = traces_load(&settings->trace, CURVE_COMMAND, &trace)) != 0)
        return status;
    result.trace = trace;
    stream = ctxi_stream_of(trace);
    if (settings->bytes && !trace->sizes)
        fputs(CURVE_COMMAND ": this trace has no sizes: every object counts 1\n", stderr);
    if (settings->bytes)
        traces_say_bytes(CURVE_COMMAND, trace);
    if (settings->rate > 0 || settings->samples > 0 || ctxi_is_sample(trace->rate))
        status = run_sampled(settings, file, &result);
    else
        status = run_exact(settings, &stream, file, &result);
    ctxi_trace_free(trace);
    return status;
}

int command_curve(int argc, char **argv)
{
    struct settings settings = {.rate = 0};
    int status = 2;

    if (options_read(options, OPTION_COUNT, CURVE_COMMAND, argc, argv, 1, &settings)) {
        if (settings.help)
            status = print_help();
        else if (check_settings(&settings))
            status = run(&settings);
    }
    capacities_free(&settings.capacities);
    options_list_free(settings.typed_capacities);
    return status;
}
