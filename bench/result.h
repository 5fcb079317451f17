/*
 * result.h: what a command's result is and where it goes: its options, and the file it is written to.
 */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include <stdbool.h>
#include <stdio.h>

#include "options.h"

struct result_settings {
    const char *output; /* NULL: standard output */
    bool json, csv;     /* neither: a table */
};

/* Rows for a command's table of options; `type` is its struct, which has them as `result`. */
#define RESULT_OPTION(name, argument, help, kind, type, field)                                     \
    {                                                                                              \
        name, argument, help, kind, offsetof(type, result.field), 0, 0                             \
    }
#define RESULT_OPTIONS(type)                                                                       \
    RESULT_OPTION("--json", NULL, "print one JSON object, not a table", OPTION_FLAG, type, json),  \
        RESULT_OPTION("--csv", NULL, "print CSV, not a table", OPTION_FLAG, type, csv),            \
        RESULT_OPTION("--output", "FILE", "write the result there, not to stdout", OPTION_TEXT,    \
                      type, output)

/* Whether one form was asked for; else a line on stderr says so. */
bool result_check(const struct result_settings *settings, const char *command);

/*
 * Opened before anything is measured, so that a name that cannot be written is refused at once: a line
 * on stderr, and NULL. What an older run left stays until there is something to take its place. NULL as
 * the name is the standard output.
 */
FILE *result_open(const char *command, const char *name);

/* Cuts off what an older run left. */
bool result_begin(FILE *file);

/* Says that it cannot be written, and why. Returns 1, the exit status. */
int result_failed(const char *command, const char *name);

/* Closes it. The exit status: 0, or 1 if not all of it could be written, which is said. */
int result_end(const char *command, const char *name, FILE *file);

#endif
