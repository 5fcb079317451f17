/*
 * capture.h: callbacks of the user that a loop will call, from their hand-over to their run. Included
 * by the files that have twins.
 *
 * A twin gives libuv a function of ours in place of the user's. That function finds the user's by the
 * address of the handle or request, enters its context and calls it.
 */
#ifndef CTXI_UV_CAPTURE_H
#define CTXI_UV_CAPTURE_H

#include "adapters/uv/loop.h"
#include "adapters/uv/place.h"

/* Any function; called only after it was cast back to what it is. */
typedef void ctxi_uv_fn(void);
#define CTXI_UV_FN(function) ((ctxi_uv_fn *)(function))

/* What is known of one callback. One object has one at a time: a handle that closes has no other. */
struct ctxi_uv_capture {
    struct ctxi_uv_link link;
    ctxi_uv_fn *ours;     /* what libuv calls, which knows what `callback` is */
    ctxi_uv_fn *callback; /* the user's */
    uv_alloc_cb alloc;    /* beside it, for who reads */
    struct ctxi_uv_place place;
};

/* ---- handing over ------------------------------------------------------------------------- */

/* Between the capture and libuv's answer. */
struct ctxi_uv_hand {
    struct ctxi_uv_loop *kept;
    struct ctxi_uv_capture *capture;
};

/* For a twin that is given NULL as its handle; ctxi_uv_hand_over() refuses. */
#define CTXI_UV_LOOP_OF(handle) ((handle) ? (handle)->loop : NULL)

/* Whether the handle is active. Some kinds ignore a start then, callback and all, and so must we. */
static inline bool ctxi_uv_ignores_start(const void *handle)
{
    return handle && uv_is_active(handle);
}

/*
 * Captures, for `callback` of `object`. 0, and ctxi_uv_handed() must follow; UV_ENOMEM, UV_EINVAL
 * (something is NULL).
 */
int ctxi_uv_hand_over(struct ctxi_uv_hand *hand, uv_loop_t *loop, const void *object,
                      ctxi_uv_fn *ours, ctxi_uv_fn *callback, enum ctxi_uv_runs runs);

/* Keeps it, in place of what was there for that object, if libuv's answer is 0; and gives that back. */
int ctxi_uv_handed(struct ctxi_uv_hand *hand, int answer);

/* Lets go of what is there for the object. */
void ctxi_uv_forget(uv_loop_t *loop, const void *object);

/*
 * The same, if it is for that function of ours, and libuv's answer to stopping it is 0; and gives that
 * back. libuv stops what has stopped, and what closes: the callback of a close is still to come.
 */
int ctxi_uv_stopped(uv_loop_t *loop, const void *object, ctxi_uv_fn *ours, int answer);

/* The same for everything of a loop. */
void ctxi_uv_captures_drop(struct ctxi_uv_loop *kept);

/* What is known of `object` for that function of ours; NULL: nothing. */
struct ctxi_uv_capture *ctxi_uv_capture_of(struct ctxi_uv_loop *kept, const void *object,
                                           ctxi_uv_fn *ours);

/* ---- running ------------------------------------------------------------------------------ */

/* One run of one callback: between its begin and its end the callback is to be called. */
struct ctxi_uv_run {
    struct ctxi_uv_loop *kept;
    ctxi_uv_fn *callback; /* NULL: none is known, and there is nothing to end */
    uv_alloc_cb alloc;
    struct ctxi_uv_stay stay;
};

/*
 * Enters the context. _once lets go of the capture first, so that the callback may hand over its like
 * again, or free the object; _again keeps it for the next run.
 */
struct ctxi_uv_run ctxi_uv_run_once(uv_loop_t *loop, const void *object, ctxi_uv_fn *ours);
struct ctxi_uv_run ctxi_uv_run_again(uv_loop_t *loop, const void *object, ctxi_uv_fn *ours);

/* _again, with what was found before; `capture` may be NULL. */
struct ctxi_uv_run ctxi_uv_run_begin(struct ctxi_uv_loop *kept, struct ctxi_uv_capture *capture);
void ctxi_uv_run_end(struct ctxi_uv_run *run);

/* For the variable that a run is: however the callback is left, the context is, too. */
#define CTXI_UV_ENDS __attribute__((cleanup(ctxi_uv_run_end)))

#endif
