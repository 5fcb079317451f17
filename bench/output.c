#include "output.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include <ctxcache.h>

#include "workload.h"

/* ---- table -------------------------------------------------------------------------------- */

/* The median of the named competitor in the same workload with as many threads; NAN: none. */
static double median_of(const struct report *report, const struct result *like, const char *name)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct result *other = &report->results[i];

        if (other->section == like->section && strcmp(other->workload, like->workload) == 0 &&
            other->threads == like->threads && strcmp(other->competitor, name) == 0)
            return other->ns_per_op.median;
    }
    return NAN;
}

static void print_cell(FILE *file, int width, int decimals, double number)
{
    if (isnan(number))
        fprintf(file, " %*s", width, "-");
    else
        fprintf(file, " %*.*f", width, decimals, number);
}

static void print_row(FILE *file, const struct report *report, const struct result *result)
{
    const struct summary *ns = &result->ns_per_op;
    char range[40];

    snprintf(range, sizeof range, "%.1f-%.1f", ns->min, ns->max);
    fprintf(file, "%-17s %2u  %-13s %8.1f %17s", result->workload, result->threads,
            result->competitor, ns->median, range);
    print_cell(file, 7, 1, result->mops);
    print_cell(file, 7, 2, result->scaling);
    print_cell(file, 8, 2, ns->median / median_of(report, result, "floor"));
    print_cell(file, 10, 2, ns->median / median_of(report, result, "ctxcache"));
    if (strcmp(result->section, "cache") == 0) {
        print_cell(file, 6, 3, result->hit_ratio);
        print_cell(file, 7, 0, result->bytes_per_entry);
    }
    fprintf(file, " %5zu%s\n", result->samples, result->disturbed ? " *" : "");
}

static void print_heading(FILE *file, const struct plan *plan, const char *section)
{
    bool cache = strcmp(section, "cache") == 0;

    if (cache)
        fprintf(file,
                "\ncache: %" PRIu64 " keys (evict: room for %" PRIu64
                "), Zipf %.2f, %d tenants, %" PRIu64
                " calls in a row for one,\nvalues of %zu bytes copied out\n",
                plan->keys, plan->capacity, WORKLOAD_ZIPF, WORKLOAD_TENANTS, plan->per_request,
                sizeof(struct value));
    else
        fprintf(file, "\ncontext: workload/variables set\n");
    fprintf(file, "%-17s %2s  %-13s %8s %17s %7s %7s %8s %10s%s %5s\n", "workload", "th",
            "competitor", "ns/op", "min-max", "Mop/s", "scaling", "x floor", "x ctxcache",
            cache ? "   hits B/entry" : "", "n");
}

static void print_notes(FILE *file, const struct report *report)
{
    size_t dropped = 0;
    bool disturbed = false;

    for (size_t i = 0; i < report->count; i++) {
        dropped += report->results[i].dropped;
        disturbed |= report->results[i].disturbed;
    }
    fputs("\nns/op: median time of one operation in each thread; n: samples.\n"
          "x floor, x ctxcache: how many times that competitor's time this one takes.\n",
          file);
    if (dropped)
        fprintf(file, "%zu samples were dropped: a worker waited for its processor.\n", dropped);
    if (disturbed)
        fputs("* the machine was busy: of the disturbed samples the quietest third was kept.\n",
              file);
}

void output_table(FILE *file, const struct report *report)
{
    const struct machine *machine = report->machine;
    const char *section = "";

    fprintf(file, "ctxbench %s, %s (%u processors), %s, %s (%s), seed %" PRIu64 "\n", ctx_version(),
            machine->cpu, machine->cores, machine->kernel, machine->compiler, machine->flags,
            machine->seed);
    for (size_t i = 0; i < report->count; i++) {
        if (strcmp(report->results[i].section, section) != 0) {
            section = report->results[i].section;
            print_heading(file, report->plan, section);
        }
        print_row(file, report, &report->results[i]);
    }
    print_notes(file, report);
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void json_string(FILE *file, const char *name, const char *text)
{
    fprintf(file, "\"%s\": \"", name);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            fprintf(file, "\\u%04x", c);
        else
            fputc(c, file);
    }
    fputc('"', file);
}

static void json_number(FILE *file, const char *name, double number)
{
    if (isfinite(number))
        fprintf(file, "\"%s\": %.6g", name, number);
    else
        fprintf(file, "\"%s\": null", name);
}

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
    fprintf(file, ",\n   \"samples\": %zu, \"dropped\": %zu, \"disturbed\": %s}", result->samples,
            result->dropped, result->disturbed ? "true" : "false");
}

void output_json(FILE *file, const struct report *report)
{
    const struct plan *plan = report->plan;

    json_machine(file, report->machine);
    fprintf(file,
            " \"keys\": %" PRIu64 ", \"capacity\": %" PRIu64 ", \"calls_per_request\": %" PRIu64
            ", \"tenants\": %d, \"zipf\": %g,\n \"results\": [\n",
            plan->keys, plan->capacity, plan->per_request, WORKLOAD_TENANTS, WORKLOAD_ZIPF);
    for (size_t i = 0; i < report->count; i++) {
        json_result(file, &report->results[i]);
        fputs(i + 1 < report->count ? ",\n" : "\n", file);
    }
    fputs("]}\n", file);
}

/* ---- progress ----------------------------------------------------------------------------- */

void output_progress(const char *text)
{
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K%s", text ? text : "");
    fflush(stderr);
}
