/*
 * call.h: one call, and the steps of it (call.c) that calls of other shapes are made of: those whose loads
 * are run together (led.c), and those that do not block (begin.c).
 */
#ifndef CTXI_CACHE_CALL_H
#define CTXI_CACHE_CALL_H

#include "cache/audit.h"
#include "cache/cache.h"
#include "cache/flight.h"
#include "cache/function.h"
#include "cache/hit.h"
#include "cache/info.h"
#include "cache/load.h"
#include "context/store.h"

struct ctxi_begun;

/* One call, closed however it ends; on the stack of the caller's thread, or in a struct that says so. */
struct ctxi_call {
    struct ctxi_request request;
    const ctx_value *args;
    size_t arg_count;
    uint64_t wait_ns;
    ctx_cache_info info;
    struct ctxi_hold hold;      /* the answer: one reference */
    struct ctx_cache_load load; /* that this call runs */
    struct ctxi_reads *reads;   /* of that load, or of the one joined, or NULL */
    struct ctxi_flight *flight; /* that this call leads and has not ended, or NULL */
    ctx_cache *held;          /* a reference that lets the cache outlive its destruction, or NULL */
    struct ctxi_begun *begun; /* that this is the call of: it may not block. NULL: it may */
    bool alone;               /* may not share the answer of another's load */
    bool hasty;               /* may not wait for another's load */
    bool refresh;             /* to be loaded although it is there */
};

/* What speaks against sharing what a load came to, found when the loader has returned. */
struct ctxi_verdict {
    char undeclared[CTX_NAME_MAX + 1]; /* a variable that it read and should not have; or "" */
    enum ctx_cache_reason reason;      /* CTX_CACHE_UNDECLARED, _CHANGED, or _STORED: nothing */
};

/* Begins as nothing to close: its request must be closable before it is opened. */
void ctxi_call_start(struct ctxi_call *call, ctx_cache *cache);
void ctxi_call_close(struct ctxi_call *call);

/* Sets it up. CTX_ERR_INVALID; then it is not even counted. */
int ctxi_call_open(struct ctxi_call *call, ctx_cache *cache, ctx_cache_fn *fn,
                   const ctx_value *args, size_t arg_count, const ctx_cache_options *options,
                   const ctx_cache_info *info);

/*
 * The whole call: its status. One that may not block does not run the loader, nor waits: CTX_LEAD, with a
 * flight that has begun, or, for a bypass, none; CTX_JOINED: it is parked (flight.h), and belongs to whoever
 * ends the flight.
 */
int ctxi_call_answer(struct ctxi_call *call, ctx_cache *cache, ctx_cache_fn *fn,
                     const struct ctxi_asked *asked);

/* Its second half, once it is open: finds the answer, or who is to load it. */
int ctxi_call_find_or_load(struct ctxi_call *call);

/* Counts it as one without an answer; returns `status`. */
int ctxi_call_refuse(struct ctxi_call *call, int status);

/* A record of reads, and a context to hang it on. CTX_ERR_NOMEM. */
int ctxi_call_prepare(struct ctxi_call *call);

/* Lets the cache outlive its destruction until the call is closed. */
void ctxi_call_hold_cache(struct ctxi_call *call);

/* The load has ended with `status`: what it gave is the call's, and what speaks against storing it. */
void ctxi_call_take(struct ctxi_call *call, int status, struct ctxi_verdict *verdict);

/* Stores the result, ends the flight, counts, and lands who is parked: the call's status. */
int ctxi_call_land(struct ctxi_call *call, int status, const struct ctxi_verdict *verdict);

/* Ends the flight, if there is one, without a result. What was read is not charged to anybody. */
void ctxi_call_abandon(struct ctxi_call *call);

/* Ends a bypass whose load came to `status`: counts it, and the value is the call's. Returns its status. */
int ctxi_call_end_bypass(struct ctxi_call *call, int status);

/* Takes over what a flight that it waited for came to; CTXI_LOAD_AGAIN: nothing that is for this call. The
 * lock is held. */
#define CTXI_LOAD_AGAIN (INT_MIN + 2) /* no status */
int ctxi_call_take_result(struct ctxi_call *call, struct ctxi_flight *flight);

/* Counts a call that gave up waiting for the flight. The lock is held. */
void ctxi_call_count_timeout(struct ctxi_call *call, struct ctxi_flight *flight);

int ctxi_call_copy_out(struct ctxi_entry *entry, void *buffer, size_t buffer_size);

#endif
