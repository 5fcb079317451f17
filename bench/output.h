/*
 * output.h: results as a table for people and as JSON for programs.
 */
#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include <stdio.h>

#include "cell.h"
#include "machine.h"

struct report {
    const struct machine *machine;
    const struct plan *plan;
    const struct result *results;
    size_t count;
};

void output_table(FILE *file, const struct report *report);
void output_json(FILE *file, const struct report *report);

/* A line on stderr that is written over and over, if stderr is a terminal; NULL wipes it. */
void output_progress(const char *text);

#endif
