/*
 * Results as one JSON object. What bench/README.md promises of it stays; members may join.
 */
#include <inttypes.h>

#include <ctxcache.h>

#include "json.h"
#include "output.h"
#include "workload.h"

static void json_machine(FILE *file, const struct machine *machine)
{
    fputs("{\"machine\": {", file);
    json_string(file, "cpu", machine->cpu);
    fprintf(file, ", \"cores\": %u, ", machine->cores);
    json_string(file, "kernel", machine->kernel);
    fputs(", ", file);
    json_string(file, "compiler", machine->compiler);
    fputs(", ", file);
    json_string(file, "flags", machine->flags);
    fputs(", ", file);
    json_string(file, "version", ctx_version());
    fprintf(file, ", \"seed\": %" PRIu64 "},\n", machine->seed);
}

static void json_latency(FILE *file, const struct latency_summary *latency)
{
    fputs("\"latency_ns\": {", file);
    json_number(file, "p50", latency->p50);
    fputs(", ", file);
    json_number(file, "p99", latency->p99);
    fputs(", ", file);
    json_number(file, "p999", latency->p999);
    fputs(", ", file);
    json_number(file, "max", latency->most);
    fprintf(file, ", \"calls\": %" PRIu64 "}", latency->calls);
}

static void json_absences(FILE *file, const struct report *report)
{
    fputs(" \"not_measured\": [", file);
    for (size_t i = 0; i < report->absence_count; i++) {
        fputs(i > 0 ? ", {" : "{", file);
        json_string(file, "competitor", report->absences[i].competitor);
        fputs(", ", file);
        json_string(file, "package", report->absences[i].package);
        fputs("}", file);
    }
    fputs("],\n", file);
}

static void json_result(FILE *file, const struct result *result)
{
    fputs("  {", file);
    json_string(file, "section", result->section);
    fputs(", ", file);
    json_string(file, "workload", result->workload);
    fprintf(file, ", \"threads\": %u, ", result->threads);
    json_string(file, "competitor", result->competitor);
    if (result->variables)
        fprintf(file, ", \"variables\": %u", result->variables);
    fputs(",\n   \"ns_per_op\": {", file);
    json_number(file, "median", result->ns_per_op.median);
    fputs(", ", file);
    json_number(file, "min", result->ns_per_op.min);
    fputs(", ", file);
    json_number(file, "max", result->ns_per_op.max);
    fputs("},\n   ", file);
    json_number(file, "mops", result->mops);
    fputs(", ", file);
    json_number(file, "scaling", result->scaling);
    fputs(", ", file);
    json_number(file, "hit_ratio", result->hit_ratio);
    fputs(", ", file);
    json_number(file, "bytes_per_entry", result->bytes_per_entry);
    fputs(", ", file);
    json_number(file, "overhead_per_entry", result->overhead_per_entry);
    fputs(", ", file);
    json_number(file, "heap_per_entry", result->heap_per_entry);
    fputs(",\n   ", file);
    json_latency(file, &result->latency);
    fprintf(file, ",\n   \"samples\": %zu, \"dropped\": %zu, \"disturbed\": %s}", result->samples,
            result->dropped, result->disturbed ? "true" : "false");
}

void output_json(FILE *file, const struct report *report)
{
    const struct plan *plan = report->plan;

    json_machine(file, report->machine);
    fprintf(file,
            " \"keys\": %" PRIu64 ", \"large_keys\": %" PRIu64 ", \"capacity\": %" PRIu64
            ", \"calls_per_request\": %" PRIu64
            ", \"tenants\": %d, \"zipf\": %g, \"clock_ns\": %" PRIu64 ",\n",
            plan->keys, plan->large_keys, plan->capacity, plan->per_request, WORKLOAD_TENANTS,
            WORKLOAD_ZIPF, latency_clock_ns());
    json_absences(file, report);
    fputs(" \"results\": [\n", file);
    for (size_t i = 0; i < report->count; i++) {
        json_result(file, &report->results[i]);
        fputs(i + 1 < report->count ? ",\n" : "\n", file);
    }
    fputs("]}\n", file);
}
