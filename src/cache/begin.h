/*
 * begin.h: calls that do not block. One is begun (begin.c); if the key is not there, it leads a flight that
 * no thread leads, or is parked at another's until that ends, and is then landed (landing.c).
 */
#ifndef CTXI_CACHE_BEGIN_H
#define CTXI_CACHE_BEGIN_H

#include "cache/call.h"
#include "cache/kept.h"
#include "ctxcache/flight.h"

/* Where it is. It may be ended by who moves it from LEADING to ENDING, or, under the lock, from PARKED. */
enum ctxi_begun_state {
    CTXI_BEGUN_BEGINNING, /* its number is not known to anybody yet */
    CTXI_BEGUN_LEADING,
    CTXI_BEGUN_RUNNING, /* leading, and its loader runs */
    CTXI_BEGUN_PARKED,
    CTXI_BEGUN_LANDING,
    CTXI_BEGUN_ENDING
};

/*
 * One call that does not block. Its call and load are of whoever has the right to end it, one thread at a
 * time; the rest is fixed when it has begun. It lives until it has ended and nobody works with it any more.
 */
struct ctxi_begun {
    struct ctxi_call call;
    struct ctxi_parking parking; /* under the cache's lock */
    struct ctxi_numbered *number;
    uint64_t id;
    uint32_t forks;     /* that there had been when it began */
    atomic_size_t refs; /* its own until it has ended, and one of each who works with it */
    /* BEGUN-1: release by who leaves the call and load alone; acquire by who takes them up. */
    atomic_int state;
    bool bypass;             /* it leads no flight: nothing is stored */
    bool expired;            /* its deadline passed; under the cache's lock */
    ctx_context *context;    /* of the load */
    ctx_context *landing_in; /* of the landing; NULL: it has none */
    struct ctxi_kept args;
    ctx_cache_landing *landing;
    void *user;
    uint32_t flags;                /* enum ctx_cache_begin_flag */
    ctx_cache_flight *tell_number; /* to the caller, as long as it begins */
};

/* One more who works with it, and one less. No lock held. */
struct ctxi_begun *ctxi_begun_ref(struct ctxi_begun *begun);
void ctxi_begun_unref(struct ctxi_begun *begun);

/* Gives up its own reference: it has ended, and its number means nothing any more. */
void ctxi_begun_end(struct ctxi_begun *begun);

/* From now on it leads; its call has found that it is to. */
void ctxi_begun_lead(struct ctxi_begun *begun);

/* Whether no thread has begun to run its load: whoever blocks might be keeping one from it. */
bool ctxi_begun_is_queued(const struct ctxi_begun *begun);

/* Whether the contexts that matter have the values of the partition still: that of the load, and the
 * current one, in which it is finished. NULL in *out_changed: nobody can tell. */
bool ctxi_begun_unchanged(const struct ctxi_begun *begun, const struct ctxi_partition *partition,
                          const ctx_var **out_changed);

/* ---- landing ------------------------------------------------------------------------------ */

/* CTX_JOINED: it is parked, and may be landed as soon as the lock is released, which is held; CTX_ERR_BUSY:
 * it does not want to; CTX_ERR_RECURSION, CTX_ERR_DEADLOCK. */
int ctxi_begun_park(struct ctxi_begun *begun, struct ctxi_flight *flight);

/* Lands all whose parkings are in the list. No lock held. */
void ctxi_begun_land_all(struct ctxi_link *landing);

/* ---- numbers ------------------------------------------------------------------------------ */

/* Makes all that may fail and must not, once it leads or is parked; its request is open. CTX_ERR_NOMEM, and
 * what copying values comes to. */
int ctxi_begun_furnish(struct ctxi_begun *begun);

/* Whether it began in a process whose child this one is. */
bool ctxi_begun_is_inherited(const struct ctxi_begun *begun);

/* Gives it a number. CTX_ERR_NOMEM. */
int ctxi_begun_number(struct ctxi_begun *begun);

/* The one with that number, with a reference for the caller; NULL: it has ended, or never was. */
struct ctxi_begun *ctxi_begun_find(uint64_t id);

/* Takes and releases the lock of numbers around fork(). */
void ctxi_begun_fork_prepare(void);
void ctxi_begun_fork_done(void);
void ctxi_begun_after_fork(void);

#endif
