/*
 * calls.h: cached calls of a loop that wait for their answer. Included by loop.c, which ends them, and
 * by the files that make and answer them.
 *
 * A call begins a flight, or joins one. If it leads, a worker runs the load and the call is answered
 * after it (calls.c). If it joined, some thread lands it in a list, and wakes the loop (landings.c). If
 * the value was there, the answer is a task of the loop (tasks.c).
 */
#ifndef CTXI_UV_CALLS_H
#define CTXI_UV_CALLS_H

#include "adapters/uv/loop.h"
#include "adapters/uv/place.h"

enum ctxi_uv_call_state {
    CTXI_UV_FOUND,  /* its answer is a task */
    CTXI_UV_LOADS,  /* its flight is libuv's work */
    CTXI_UV_JOINED, /* it waits for another's load; or has landed, and the loop has not looked yet */
};

struct ctxi_uv_call {
    /* Of the loop's thread. */
    struct ctxi_uv_call *next,
        **at; /* of the open calls; where the pointer to this one is, or NULL */
    struct ctxi_uv_loop *kept;
    enum ctxi_uv_call_state state;
    struct ctxi_uv_place place;
    ctx_uv_cache_cb *callback; /* NULL: it was answered */
    void *user;
    ctx_cache *cache;
    ctx_cache_flight flight; /* that it leads, or has joined */
    uv_work_t work;

    /* The worker's while it loads; who lands it writes them before it is in the list. */
    int status;
    ctx_cache_ref ref;
    ctx_cache_info info;

    /* Under the lock of the process. */
    struct ctxi_uv_landings
        *landings; /* fixed when it joins; NULL: forsaken, by a loop that ended */
    struct ctxi_uv_call *next_landed;
    bool landed; /* it is in the list */
};

/* Answers with what it holds, on the loop's thread; then the call is gone. */
void ctxi_uv_call_answer(struct ctxi_uv_call *call);

/* Runs the load of the flight that it leads on a worker. */
void ctxi_uv_call_load(struct ctxi_uv_call *call);

/*
 * For a loop that is about to be closed: answers all that are open with CTX_ERR_ABANDONED, and runs the
 * loop until loads under way have ended. UV_EBUSY: the loop has handles or tasks that are not ours, and
 * nothing was done.
 */
int ctxi_uv_calls_end(struct ctxi_uv_loop *kept);

/* ---- landings ----------------------------------------------------------------------------- */

/* Ready to hear of landings. UV_ENOMEM, UV_ECANCELED (a stranger closes our handles), or libuv's. */
int ctxi_uv_landings_open(struct ctxi_uv_loop *kept);

/* What the cache calls; `user` is the call. Any thread. */
void ctxi_uv_land(void *user, int status, ctx_cache_ref *ref, ctx_cache_flight flight,
                  const ctx_cache_info *info);

/* The call has joined: sees to its deadline. */
void ctxi_uv_landings_await(struct ctxi_uv_call *call);

/* Nobody waits for the call any more, which was answered: whoever lands it lets go of it. */
void ctxi_uv_landings_forsake(struct ctxi_uv_call *call);

/* Closes them if no call waits. */
void ctxi_uv_landings_close_if_idle(struct ctxi_uv_loop *kept);

/* Frees them, after the loop was closed, if a stranger closed their handles. */
void ctxi_uv_landings_drop(struct ctxi_uv_loop *kept);

/* Whether a handle is one of theirs. */
bool ctxi_uv_landings_own(const struct ctxi_uv_loop *kept, const uv_handle_t *handle);

#endif
