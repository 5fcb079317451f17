/*
 * context_contender.h: one who competes in the context section.
 */
#ifndef BENCH_CONTEXT_CONTENDER_H
#define BENCH_CONTEXT_CONTENDER_H

#include <stddef.h>

enum context_operation {
    CONTEXT_GET,
    CONTEXT_GET_DEFAULT,
    CONTEXT_SET_RESET,
    CONTEXT_SET,
    CONTEXT_COPY,
    CONTEXT_RUN,
    CONTEXT_COPY_RUN_SET,
    CONTEXT_BIND_RUN,
    CONTEXT_OPERATIONS
};

/* Functions that fail say why and end the program. */
struct context_contender {
    const char *name, *about;
    const char *package; /* NULL, or what this program was built without: then it does nothing */
    /* On the main thread: makes that many variables, and frees them. */
    void (*prepare)(unsigned variables);
    void (*finish)(void);
    /* On a worker: makes a context in which all variables are set and enters it, and leaves it. */
    void (*enter)(void);
    void (*leave)(void);
    /* On a worker that entered: does the operation `count` times. NULL: cannot do it. */
    void (*operations[CONTEXT_OPERATIONS])(size_t count);
};

extern const struct context_contender context_ctxcache, context_floor, context_floor_inline,
    context_cpython;

#endif
