/*
 * context_contender.h: one who competes in the context section, or in the async section.
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

    ASYNC_SWITCH,
    ASYNC_SWAP,
    ASYNC_CALLBACK,
    ASYNC_ONCE,
    ASYNC_TASK,
    ASYNC_TASK_OWN,

    CONTEXT_OPERATIONS,
    ASYNC_FIRST = ASYNC_SWITCH
};

/* Functions that fail say why and end the program. */
struct context_contender {
    const char *name, *about;
    const char *package; /* NULL, or what this program was built without: then it does nothing */
    /* On the main thread: makes that many variables, and frees them; or is told how many handles, or
     * tasks, there are to be. */
    void (*prepare)(unsigned size);
    void (*finish)(void);
    /* On a worker: makes a context in which all variables are set and enters it, and leaves it. */
    void (*enter)(void);
    void (*leave)(void);
    /* On a worker that entered: does the operation `count` times, rounded up to so many as there are of
     * handles or tasks. NULL: cannot do it. */
    void (*operations[CONTEXT_OPERATIONS])(size_t count);
    /* On the main thread after prepare(): what the operation takes of the heap for each of those, while
     * they wait; NAN: nothing waits. NULL: never. */
    double (*waiting_bytes)(enum context_operation operation);
};

extern const struct context_contender context_ctxcache, context_floor, context_floor_inline,
    context_cpython, context_libuv, context_ctxcache_uv;

#endif
