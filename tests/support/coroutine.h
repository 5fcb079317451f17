/*
 * coroutine.h: coroutines on stacks of their own (POSIX ucontext), each with a context of its own that
 * is swapped in and out with it. Any thread may resume one that is not running. The sanitizers are told
 * of each change of stacks.
 */
#ifndef SUPPORT_COROUTINE_H
#define SUPPORT_COROUTINE_H

#include <stdbool.h>

struct coroutine;

/* Starts at its first resume, in a copy of the context that is current now. */
struct coroutine *coroutine_new(void (*fn)(struct coroutine *self, void *arg), void *arg);

/* Runs it until it yields or ends; false: it has ended. */
bool coroutine_resume(struct coroutine *coroutine);

/* From inside it: goes back to who resumed it. */
void coroutine_yield(struct coroutine *self);

/* One that has ended, or never began. */
void coroutine_free(struct coroutine *coroutine);

#endif
