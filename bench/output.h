/*
 * output.h: results as a table for people, as Markdown, as a picture, and as JSON for programs.
 */
#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include <stdio.h>

#include "cell.h"
#include "machine.h"

/* A competitor that was asked for and is not there. */
struct absence {
    const char *competitor, *package;
};

#define ABSENCES_MAX 32

struct report {
    const struct machine *machine;
    const struct plan *plan;
    const struct result *results;
    size_t count;
    const struct absence *absences;
    size_t absence_count;
};

void output_table(FILE *file, const struct report *report);
void output_markdown(FILE *file, const struct report *report);
void output_json(FILE *file, const struct report *report);

/* The time of a hit in this workload by everybody, with every number of threads. */
#define SVG_WORKLOAD "W1"
void output_svg(FILE *file, const struct report *report);

/* The line that says what was measured on, without a newline, up to `size` bytes. */
void output_machine(const struct report *report, char *out, size_t size);

/* A line on stderr that is written over and over, if stderr is a terminal; NULL wipes it. */
void output_progress(const char *text);

#endif
