/*
 * place.h: where a callback will run. Included by whatever keeps callbacks.
 */
#ifndef CTXI_UV_PLACE_H
#define CTXI_UV_PLACE_H

#include "ctxcache/bind.h"

/* What was captured: one of three. All NULL: nothing (any more). */
struct ctxi_uv_place {
    ctx_context *own;   /* a copy, for the one run to come */
    ctx_context *named; /* by CTX_UV_IN(): to be entered itself */
    ctx_bound *bound;   /* for runs without number, each in a copy of its own */
};

enum ctxi_uv_runs {
    CTXI_UV_ONCE,
    CTXI_UV_OFTEN,
};

/* Captures the current context, or takes the one that CTX_UV_IN() names. UV_ENOMEM, UV_EINVAL (it
 * names NULL). */
int ctxi_uv_place_take(struct ctxi_uv_place *place, enum ctxi_uv_runs runs);

/* Another place for what `place` is about to be used for, captured at the same time. UV_ENOMEM. */
int ctxi_uv_place_take_beside(struct ctxi_uv_place *place, const struct ctxi_uv_place *other);

/* A copy that was for one run is for any number from now on. CTX_ERR_NOMEM, and then it is as before. */
int ctxi_uv_place_prolong(struct ctxi_uv_place *place);

/* Whether its only run is over. */
static inline bool ctxi_uv_place_is_spent(const struct ctxi_uv_place *place)
{
    return !place->own && !place->named && !place->bound;
}

/* Lets go of it. */
void ctxi_uv_place_drop(struct ctxi_uv_place *place);

/* One run. */
struct ctxi_uv_stay {
    enum {
        CTXI_UV_IN_CONTEXT,
        CTXI_UV_IN_BOUND,
        CTXI_UV_NOWHERE,
    } where;
    union {
        ctx_context *context; /* that was entered */
        ctx_bound_entry bound;
        ctx_context *previous; /* what was swapped out for no context */
    } as;
};

/*
 * Enters. Where that cannot be done the thread is in no context at all until the stay ends, and the
 * answer says why. After the only run of a place with a copy of its own there is nothing in it.
 */
int ctxi_uv_stay_begin(struct ctxi_uv_stay *stay, struct ctxi_uv_place *place);
void ctxi_uv_stay_end(struct ctxi_uv_stay *stay);

/*
 * For a thread of a pool, around a stay: what it was in before is out of reach of the callback, and back
 * afterwards, also after a ctx_swap() without its counterpart.
 */
ctx_context *ctxi_uv_set_aside(void);
void ctxi_uv_come_back(ctx_context **before);

/* For the variable that a stay is: however its callback is left, the context is, too. */
#define CTXI_UV_STAY_ENDS __attribute__((cleanup(ctxi_uv_stay_end)))

#endif
