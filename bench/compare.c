/*
 * ctxbench compare: what caches of other policies would hit of a trace.
 */
#include <inttypes.h>
#include <string.h>

#include "commands.h"
#include "comparison.h"
#include "json.h"
#include "result.h"
#include "traces.h"
#include "wording.h"

#define COMPARE_COMMAND "ctxbench compare"

struct settings {
    struct trace_settings trace;
    struct result_settings result;
    const char **typed_capacities, **typed_policies;
    struct comparison comparison; /* without capacities: chosen by the trace */
    bool help;
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

static bool add_policy(struct comparison *comparison, const struct ctxi_policy *policy)
{
    for (size_t i = 0; i < comparison->policy_count; i++)
        if (comparison->policies[i] == policy)
            return options_wrong(COMPARE_COMMAND, "--policy names %s twice", policy->name);
    comparison->policies[comparison->policy_count++] = policy;
    return true;
}

static bool read_policies(struct settings *settings)
{
    if (!settings->typed_policies)
        comparison_add_all(&settings->comparison);
    for (size_t i = 0; settings->typed_policies && settings->typed_policies[i]; i++) {
        const struct ctxi_policy *policy = ctxi_policy_find(settings->typed_policies[i]);

        if (!policy)
            return options_wrong(COMPARE_COMMAND, "there is no policy '%s'",
                                 settings->typed_policies[i]);
        if (!add_policy(&settings->comparison, policy))
            return false;
    }
    return true;
}

static bool check_settings(struct settings *settings)
{
    return traces_check(&settings->trace, COMPARE_COMMAND) &&
           result_check(&settings->result, COMPARE_COMMAND) && read_policies(settings) &&
           capacities_read(&settings->comparison.capacities, COMPARE_COMMAND,
                           settings->typed_capacities);
}

static void say_what_is_left_out(const struct ctxi_trace *trace)
{
    if (trace->ops && memchr(trace->ops, CTXI_OP_DELETE, trace->request_count))
        fputs(COMPARE_COMMAND ": the deletes of this trace are passed over\n", stderr);
    if (trace->sizes)
        fputs(COMPARE_COMMAND ": the sizes of this trace are not used: every object counts 1\n",
              stderr);
}

/* ---- output ------------------------------------------------------------------------------- */

static double ratio_of(const struct comparison *comparison, uint64_t hits)
{
    return comparison->requests > 0 ? (double)hits / (double)comparison->requests : 0;
}

static void print_json(FILE *file, const struct comparison *comparison)
{
    size_t capacities = comparison->capacities.count;
    size_t count = comparison->policy_count * capacities;

    fputs("{", file);
    json_number(file, "rate", comparison->trace->rate);
    fprintf(file, ", \"dropped\": %" PRIu64, comparison->trace->recorded.lost);
    fprintf(file, ", \"requests\": %" PRIu64 ", \"distinct\": %" PRIu32 ", ", comparison->requests,
            comparison->trace->object_count);
    json_number(file, "ceiling", ratio_of(comparison, comparison->ceiling));
    fputs(",\n \"results\": [\n", file);
    for (size_t i = 0; i < count; i++) {
        fputs("  {", file);
        json_string(file, "policy", comparison->policies[i / capacities]->name);
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

    traces_say_sample(stderr, comparison->trace, COMPARE_COMMAND, TRACES_SAMPLE_RUN);
    fputs("policy,capacity,requests,hits,misses,hit_ratio,ceiling\n", file);
    for (size_t i = 0; i < comparison->policy_count * capacities; i++)
        fprintf(file, "%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.6g,%.6g\n",
                comparison->policies[i / capacities]->name,
                comparison->capacities.values[i % capacities], comparison->requests,
                comparison->hits[i], comparison->requests - comparison->hits[i],
                ratio_of(comparison, comparison->hits[i]),
                ratio_of(comparison, comparison->ceiling));
}

static void print_table(FILE *file, const struct comparison *comparison, const char *path)
{
    size_t capacities = comparison->capacities.count;

    fprintf(file,
            "%s: %" PRIu64 " get%s of %" PRIu32 " object%s; no cache hits more than %.2f %%\n",
            path, comparison->requests, wording_s(comparison->requests),
            comparison->trace->object_count, wording_s(comparison->trace->object_count),
            100 * ratio_of(comparison, comparison->ceiling));
    traces_say_sample(file, comparison->trace, NULL, TRACES_SAMPLE_RUN);
    fprintf(file, "\n%-14s", "hit % at");
    for (size_t i = 0; i < capacities; i++)
        fprintf(file, "%12" PRIu64, comparison->capacities.values[i]);
    for (size_t p = 0; p < comparison->policy_count; p++) {
        fprintf(file, "\n%-14s", comparison->policies[p]->name);
        for (size_t i = 0; i < capacities; i++)
            fprintf(file, "%12.2f",
                    100 * ratio_of(comparison, comparison->hits[p * capacities + i]));
    }
    fputs("\n\nctxcache is lru; the others show what another policy would change. opt knows the "
          "future:\n"
          "the most that is possible if every miss stores.\n",
          file);
}

static int write_result(FILE *file, const struct settings *settings)
{
    const struct comparison *comparison = &settings->comparison;

    if (!result_begin(file))
        return result_failed(COMPARE_COMMAND, settings->result.output);
    if (settings->result.json)
        print_json(file, comparison);
    else if (settings->result.csv)
        print_csv(file, comparison);
    else
        print_table(file, comparison, settings->trace.path);
    return result_end(COMPARE_COMMAND, settings->result.output, file);
}

static int run(struct settings *settings)
{
    FILE *file = result_open(COMPARE_COMMAND, settings->result.output);
    struct comparison *comparison = &settings->comparison;
    struct ctxi_trace *trace;
    int status;

    if (!file)
        return 1;
    if ((status = traces_load(&settings->trace, COMPARE_COMMAND, &trace)) != 0)
        return status;
    comparison->trace = trace;
    if (comparison->capacities.count == 0)
        comparison_choose_capacities(comparison);
    say_what_is_left_out(trace);
    comparison_run(comparison);
    status = write_result(file, settings);
    ctxi_trace_free(trace);
    return status;
}

int command_compare(int argc, char **argv)
{
    struct settings settings = {.help = false};
    int status = 2;

    if (options_read(options, OPTION_COUNT, COMPARE_COMMAND, argc, argv, 1, &settings)) {
        if (settings.help)
            status = print_help();
        else if (check_settings(&settings))
            status = run(&settings);
    }
    comparison_free(&settings.comparison);
    options_list_free(settings.typed_capacities);
    options_list_free(settings.typed_policies);
    return status;
}
