/*
 * ctxbench compare: what caches of other policies would hit of a trace.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ctxcache.h>

#include "base/alloc.h"
#include "capacities.h"
#include "commands.h"
#include "die.h"
#include "json.h"
#include "output.h"
#include "result.h"
#include "traces.h"
#include "tune/policy.h"

#define COMPARE_COMMAND "ctxbench compare"
#define POLICIES_MAX    32

struct settings {
    struct trace_settings trace;
    struct result_settings result;
    const char **typed_capacities, **typed_policies;
    struct capacities capacities; /* of the command line; none: chosen by the trace */
    bool help;
    const struct ctxi_policy *policies[POLICIES_MAX];
    size_t policy_count;
};

#define FIELD(name) offsetof(struct settings, name)

static const struct option options[] = {
    TRACE_OPTIONS,
    {"--capacity", "N[,N]", "entries in the cache (1, 5, 10, 20 and 50 % of the objects)",
     OPTION_LIST, FIELD(typed_capacities), 0, 0},
    {"--policy", "NAME[,..]", "these alone, not all", OPTION_LIST, FIELD(typed_policies), 0, 0},
    RESULT_OPTIONS(struct settings),
    {"--help", NULL, "print this", OPTION_FLAG, FIELD(help), 0, 0},
};

#define OPTION_COUNT (sizeof options / sizeof *options)

/* A trace through every policy at every capacity. */
struct comparison {
    const struct settings *settings;
    const struct ctxi_trace *trace;
    struct capacities capacities;
    uint64_t requests, ceiling; /* gets; how many of them any cache can hit at most */
    uint64_t *hits;             /* [policy_count * capacities.count] */
};

static int print_help(void)
{
    puts("Usage: " COMPARE_COMMAND " TRACE [--capacity N[,N]] [options]\n\n"
         "Counts what caches of other policies would hit. Every object has size 1; deletes are\n"
         "passed over.\n\nOptions:");
    options_print(options, OPTION_COUNT);
    puts("\nPolicies:");
    for (size_t i = 0; ctxi_policies[i]; i++)
        printf("  %-24s%s\n", ctxi_policies[i]->name, ctxi_policies[i]->paper);
    traces_print_formats();
    return 0;
}

static bool add_policy(struct settings *settings, const struct ctxi_policy *policy)
{
    for (size_t i = 0; i < settings->policy_count; i++)
        if (settings->policies[i] == policy)
            return options_wrong(COMPARE_COMMAND, "--policy names %s twice", policy->name);
    settings->policies[settings->policy_count++] = policy;
    return true;
}

static bool read_policies(struct settings *settings)
{
    for (size_t i = 0; !settings->typed_policies && ctxi_policies[i]; i++)
        add_policy(settings, ctxi_policies[i]);
    for (size_t i = 0; settings->typed_policies && settings->typed_policies[i]; i++) {
        const struct ctxi_policy *policy = ctxi_policy_find(settings->typed_policies[i]);

        if (!policy)
            return options_wrong(COMPARE_COMMAND, "there is no policy '%s'",
                                 settings->typed_policies[i]);
        if (!add_policy(settings, policy))
            return false;
    }
    return true;
}

static bool check_settings(struct settings *settings)
{
    return traces_check(&settings->trace, COMPARE_COMMAND) &&
           result_check(&settings->result, COMPARE_COMMAND) && read_policies(settings) &&
           capacities_read(&settings->capacities, COMPARE_COMMAND, settings->typed_capacities);
}

/* ---- comparing ---------------------------------------------------------------------------- */

static void count_requests(struct comparison *comparison, const struct ctxi_stream *stream)
{
    bool *seen = die_calloc(stream->object_count, sizeof *seen);

    for (size_t i = 0; i < stream->request_count; i++) {
        uint8_t op = ctxi_stream_op(stream, i);

        comparison->requests += op == CTXI_OP_GET;
        comparison->ceiling += op == CTXI_OP_GET && seen[stream->objects[i]];
        seen[stream->objects[i]] |= op != CTXI_OP_DELETE;
    }
    free(seen);
}

static void say_what_is_left_out(const struct ctxi_stream *stream)
{
    if (stream->ops && memchr(stream->ops, CTXI_OP_DELETE, stream->request_count))
        fputs(COMPARE_COMMAND ": the deletes of this trace are passed over\n", stderr);
    if (stream->sizes)
        fputs(COMPARE_COMMAND ": the sizes of this trace are not used: every object counts 1\n",
              stderr);
}

static void compare(struct comparison *comparison, const struct ctxi_stream *stream)
{
    size_t capacities = comparison->capacities.count;

    for (size_t i = 0; i < comparison->settings->policy_count * capacities; i++) {
        const struct ctxi_policy *policy = comparison->settings->policies[i / capacities];
        uint64_t capacity = comparison->capacities.values[i % capacities];
        char line[80];
        int r;

        snprintf(line, sizeof line, "%s, capacity %" PRIu64, policy->name, capacity);
        output_progress(line);
        r = ctxi_policy_run(policy, stream, capacity, ctxi_process_allocator(),
                            &comparison->hits[i]);
        output_progress(NULL);
        if (r != CTX_OK)
            die("%s at capacity %" PRIu64 ": %s", policy->name, capacity, ctx_strerror(r));
    }
}

/* ---- output ------------------------------------------------------------------------------- */

static double ratio_of(const struct comparison *comparison, uint64_t hits)
{
    return comparison->requests > 0 ? (double)hits / (double)comparison->requests : 0;
}

static void print_json(FILE *file, const struct comparison *comparison)
{
    size_t capacities = comparison->capacities.count;
    size_t count = comparison->settings->policy_count * capacities;

    fprintf(file, "{\"requests\": %" PRIu64 ", \"distinct\": %" PRIu32 ", ", comparison->requests,
            comparison->trace->object_count);
    json_number(file, "ceiling", ratio_of(comparison, comparison->ceiling));
    fputs(",\n \"results\": [\n", file);
    for (size_t i = 0; i < count; i++) {
        fputs("  {", file);
        json_string(file, "policy", comparison->settings->policies[i / capacities]->name);
        fprintf(file,
                ", \"capacity\": %" PRIu64 ", \"hits\": %" PRIu64 ", \"misses\": %" PRIu64 ", ",
                comparison->capacities.values[i % capacities], comparison->hits[i],
                comparison->requests - comparison->hits[i]);
        json_number(file, "hit_ratio", ratio_of(comparison, comparison->hits[i]));
        fputs(i + 1 < count ? "},\n" : "}\n", file);
    }
    fputs("]}\n", file);
}

static void print_csv(FILE *file, const struct comparison *comparison)
{
    size_t capacities = comparison->capacities.count;

    fputs("policy,capacity,requests,hits,misses,hit_ratio,ceiling\n", file);
    for (size_t i = 0; i < comparison->settings->policy_count * capacities; i++)
        fprintf(file, "%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.6g,%.6g\n",
                comparison->settings->policies[i / capacities]->name,
                comparison->capacities.values[i % capacities], comparison->requests,
                comparison->hits[i], comparison->requests - comparison->hits[i],
                ratio_of(comparison, comparison->hits[i]),
                ratio_of(comparison, comparison->ceiling));
}

static void print_table(FILE *file, const struct comparison *comparison)
{
    size_t capacities = comparison->capacities.count;

    fprintf(file,
            "%s: %" PRIu64 " gets of %" PRIu32 " objects; no cache hits more than %.2f %%\n\n",
            comparison->settings->trace.path, comparison->requests, comparison->trace->object_count,
            100 * ratio_of(comparison, comparison->ceiling));
    fprintf(file, "%-14s", "hit % at");
    for (size_t i = 0; i < capacities; i++)
        fprintf(file, "%12" PRIu64, comparison->capacities.values[i]);
    for (size_t p = 0; p < comparison->settings->policy_count; p++) {
        fprintf(file, "\n%-14s", comparison->settings->policies[p]->name);
        for (size_t i = 0; i < capacities; i++)
            fprintf(file, "%12.2f",
                    100 * ratio_of(comparison, comparison->hits[p * capacities + i]));
    }
    fputs("\n\nopt knows the future: the most that is possible if every miss stores\n", file);
}

static int write_result(FILE *file, const struct comparison *comparison)
{
    const struct settings *settings = comparison->settings;

    if (!result_begin(file))
        return result_failed(COMPARE_COMMAND, settings->result.output);
    if (settings->result.json)
        print_json(file, comparison);
    else if (settings->result.csv)
        print_csv(file, comparison);
    else
        print_table(file, comparison);
    return result_end(COMPARE_COMMAND, settings->result.output, file);
}

static int run(struct settings *settings)
{
    FILE *file = result_open(COMPARE_COMMAND, settings->result.output);
    struct comparison comparison = {.settings = settings};
    struct ctxi_trace *trace;
    struct ctxi_stream stream;
    int status;

    if (!file)
        return 1;
    if ((status = traces_load(&settings->trace, COMPARE_COMMAND, &trace)) != 0)
        return status;
    if (settings->capacities.count == 0)
        capacities_choose(&settings->capacities, trace->object_count);
    stream = ctxi_stream_of(trace);
    comparison.trace = trace;
    comparison.capacities = settings->capacities;
    comparison.hits =
        die_calloc(settings->policy_count * settings->capacities.count, sizeof *comparison.hits);
    say_what_is_left_out(&stream);
    count_requests(&comparison, &stream);
    compare(&comparison, &stream);
    status = write_result(file, &comparison);
    free(comparison.hits);
    ctxi_trace_free(trace);
    return status;
}

int command_compare(int argc, char **argv)
{
    struct settings settings = {.policy_count = 0};
    int status = 2;

    if (options_read(options, OPTION_COUNT, COMPARE_COMMAND, argc, argv, 1, &settings)) {
        if (settings.help)
            status = print_help();
        else if (check_settings(&settings))
            status = run(&settings);
    }
    capacities_free(&settings.capacities);
    options_list_free(settings.typed_capacities);
    options_list_free(settings.typed_policies);
    return status;
}
