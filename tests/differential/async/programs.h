/*
 * programs.h: the programs of programs.py, each once more in C. main() starts one as a task in an empty
 * context, and runs the loop.
 */
#ifndef DIFFERENTIAL_ASYNC_PROGRAMS_H
#define DIFFERENTIAL_ASYNC_PROGRAMS_H

#include "kit.h"

/* The variables of all of them. */
extern ctx_var *const user, *const number;

typedef void program_fn(void *unused);

/* tasks.c */
program_fn classic, handlers, create_task, gather, nested, token;
/* callbacks.c */
program_fn call_soon, call_later, repeated, reader, signals;
/* elsewhere.c */
program_fn executor, explicit_context;
/* early.c */
program_fn cancellation, cancelled_job, exceptions;

/* trees.c: reads its program from standard input. */
program_fn tree;

#endif
