/*
 * result.h: the file that a command writes its result to.
 */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include <stdbool.h>
#include <stdio.h>

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
