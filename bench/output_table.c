/*
 * Results as a table, and the same as Markdown.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <ctxcache.h>

#include "columns.h"
#include "workload.h"

#define MACHINE_LINE 512

void output_machine(const struct report *report, char *out, size_t size)
{
    const struct machine *machine = report->machine;

    snprintf(out, size, "ctxbench %s, %s (%u processors), %s, %s (%s), seed %" PRIu64,
             ctx_version(), machine->cpu, machine->cores, machine->kernel, machine->compiler,
             machine->flags, machine->seed);
}

/* What the cache section's workloads have in common. */
static void print_sizes(FILE *file, const struct plan *plan)
{
    fprintf(file,
            "%" PRIu64 " keys (W2: %" PRIu64 "; W3: %" PRIu64 ", room for %" PRIu64
            "), %d tenants, %" PRIu64 " calls\nin a row for one, values of %zu bytes copied out",
            plan->keys, plan->large_keys, plan->keys * 10, plan->capacity, WORKLOAD_TENANTS,
            plan->per_request, sizeof(struct value));
}

/* ---- table -------------------------------------------------------------------------------- */

static void print_row(FILE *file, const struct report *report, const struct result *result)
{
    char text[COLUMN_TEXT];

    fprintf(file, "%-18s %2u  %-16s", result->workload, result->threads, result->competitor);
    for (size_t i = 0; i < column_count; i++)
        if (column_applies(&columns[i], result))
            fprintf(file, " %*s", columns[i].width, column_text(&columns[i], report, result, text));
    fprintf(file, " %5zu%s\n", result->samples, result->disturbed ? " *" : "");
}

static void print_heading(FILE *file, const struct report *report, const struct result *result)
{
    fprintf(file, "\n%s: ", result->section);
    if (strcmp(result->section, "context") == 0)
        fputs("workload/variables set", file);
    else if (strcmp(result->section, "growth") == 0)
        fputs("hit/entries x tenants, invalidate/entries", file);
    else if (strcmp(result->section, "async") == 0)
        fputs("workload/variables set, handles or tasks", file);
    else
        print_sizes(file, report->plan);
    fprintf(file, "\n%-18s %2s  %-16s", "workload", "th", "competitor");
    for (size_t i = 0; i < column_count; i++)
        if (column_applies(&columns[i], result))
            fprintf(file, " %*s", columns[i].width, columns[i].title);
    fprintf(file, " %5s\n", "n");
}

static void print_notes(FILE *file, const struct report *report)
{
    size_t dropped = 0;
    bool disturbed = false;

    for (size_t i = 0; i < report->count; i++) {
        dropped += report->results[i].dropped;
        disturbed |= report->results[i].disturbed;
    }
    fputs(
        "\nns/op: median time of one operation in each thread, of n samples; min, max: of those.\n"
        "x floor, x ctxcache: how many times that competitor's time this one takes.\n"
        "p99, p99.9: of single calls, in ns, the clock's own time subtracted. B/entry: all "
        "memory,\n"
        "of a task as well; overhead: the same without key and value.\n",
        file);
    if (dropped)
        fprintf(file, "%zu samples were dropped: a worker waited for its processor.\n", dropped);
    if (disturbed)
        fputs("* the machine was busy: of the disturbed samples the quietest third was kept.\n",
              file);
    for (size_t i = 0; i < report->absence_count; i++)
        fprintf(file, "not measured: %s (%s is not installed; make bench-peers installs it)\n",
                report->absences[i].competitor, report->absences[i].package);
}

void output_table(FILE *file, const struct report *report)
{
    const char *section = "";
    char machine[MACHINE_LINE];

    output_machine(report, machine, sizeof machine);
    fprintf(file, "%s\n", machine);
    for (size_t i = 0; i < report->count; i++) {
        if (strcmp(report->results[i].section, section) != 0) {
            section = report->results[i].section;
            print_heading(file, report, &report->results[i]);
        }
        print_row(file, report, &report->results[i]);
    }
    print_notes(file, report);
}

/* ---- Markdown ----------------------------------------------------------------------------- */

/* A table for each workload; operations of the context section share one, whatever the number of
 * variables. */
static bool begins_table(const struct result *result, const struct result *before)
{
    size_t base = strcspn(result->workload, "/");

    return !before || strcmp(result->section, before->section) != 0 ||
           strcspn(before->workload, "/") != base ||
           strncmp(result->workload, before->workload, base) != 0;
}

static void mark_heading(FILE *file, const struct result *result)
{
    fprintf(file, "\n**%.*s**\n\n| workload | threads | competitor |",
            (int)strcspn(result->workload, "/"), result->workload);
    for (size_t i = 0; i < column_count; i++)
        if (column_applies(&columns[i], result))
            fprintf(file, " %s |", columns[i].title);
    fputs(" n |\n| --- | ---: | --- |", file);
    for (size_t i = 0; i < column_count; i++)
        if (column_applies(&columns[i], result))
            fputs(" ---: |", file);
    fputs(" ---: |\n", file);
}

static void mark_row(FILE *file, const struct report *report, const struct result *result)
{
    char text[COLUMN_TEXT];

    fprintf(file, "| %s | %u | %s |", result->workload, result->threads, result->competitor);
    for (size_t i = 0; i < column_count; i++)
        if (column_applies(&columns[i], result))
            fprintf(file, " %s |", column_text(&columns[i], report, result, text));
    fprintf(file, " %zu%s |\n", result->samples, result->disturbed ? " \\*" : "");
}

void output_markdown(FILE *file, const struct report *report)
{
    char machine[MACHINE_LINE];

    output_machine(report, machine, sizeof machine);
    fprintf(file, "%s. Cache: ", machine);
    print_sizes(file, report->plan);
    fputs(".\n", file);
    for (size_t i = 0; i < report->count; i++) {
        if (begins_table(&report->results[i], i > 0 ? &report->results[i - 1] : NULL))
            mark_heading(file, &report->results[i]);
        mark_row(file, report, &report->results[i]);
    }
    print_notes(file, report);
}

/* ---- progress ----------------------------------------------------------------------------- */

void output_progress(const char *text)
{
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K%s", text ? text : "");
    fflush(stderr);
}
