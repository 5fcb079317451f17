/*
 * loop.h: what the adapter keeps for a loop. Included by whatever keeps something for one.
 *
 * It is made when there is something to keep, and gone when there is not: so a loop that libuv closes
 * leaves nothing behind. Whoever holds it keeps it by ctxi_uv_loop_hold().
 */
#ifndef CTXI_UV_LOOP_H
#define CTXI_UV_LOOP_H

#include "adapters/uv/table.h"
#include "ctxcache/allocator.h"
#include "ctxcache/uv.h"

struct ctxi_uv_tasks;
struct ctxi_uv_call;
struct ctxi_uv_landings;

struct ctxi_uv_loop {
    /* Under the lock of the process (lock.h). */
    struct ctxi_uv_loop *next; /* in its bucket */

    /* Of the loop's thread. */
    uv_loop_t *loop;
    unsigned holds;                /* callbacks under way, and calls that need it for their time */
    struct ctxi_uv_table captures; /* capture.h */
    struct ctxi_uv_tasks *tasks;   /* those that wait (tasks.c); or NULL */
    struct ctxi_uv_call *calls;    /* cached calls that are open (calls.c) */
    struct ctxi_uv_landings *landings; /* of those that have joined another's load; or NULL */
    unsigned loads;                    /* of calls, that workers have */
    unsigned waits;                    /* calls that have joined */
    unsigned closing;                  /* groups of handles of ours that close */
    bool ending;                       /* no call is begun any more */
    uint64_t failures;
    ctx_uv_failure_cb *on_failure;
    void *on_failure_user;
};

/* What there is for the loop; NULL: nothing. */
struct ctxi_uv_loop *ctxi_uv_loop_find(uv_loop_t *loop);

/* The same, made if need be, and held until the release, which lets it go when nothing is in it. NULL:
 * no memory. */
struct ctxi_uv_loop *ctxi_uv_loop_hold(uv_loop_t *loop);
void ctxi_uv_loop_release(struct ctxi_uv_loop *kept);

/* One of `closing` has closed. */
void ctxi_uv_loop_closed_one(struct ctxi_uv_loop *kept);

/* A callback is about to run in no context, and why. */
void ctxi_uv_loop_failed(struct ctxi_uv_loop *kept, int status);

#endif
