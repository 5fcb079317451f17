/*
 * load.h: one run of a loader: what it gives, what it says of it, and what it reads meanwhile.
 */
#ifndef CTXI_CACHE_LOAD_H
#define CTXI_CACHE_LOAD_H

#include "cache/entry.h"
#include "cache/request.h"

struct ctxi_reads;

/* Lives in the call that runs the loader. */
struct ctx_cache_load {
    struct ctxi_request *request;
    struct ctxi_hold hold; /* the value so far, one reference; entry NULL: none yet */
    struct ctxi_seat seat; /* for it; what is left of that goes back when the load lands */
    uint64_t ttl_ns;       /* 0: never expires */
    size_t weight;
    bool weighted;
    bool no_store;
    bool negative;
    int failure;             /* of ctx_cache_load_fail(); CTX_OK: it did not say so */
    uint64_t started, ended; /* the cache's clock */
};

void ctxi_load_init(struct ctx_cache_load *load, struct ctxi_request *request);

/* Takes a seat for what the load is likely to give. The lock is held. */
void ctxi_load_take_seat(struct ctx_cache_load *load);

/* Lets go of a value that was not taken. */
void ctxi_load_fini(struct ctx_cache_load *load);

/*
 * Calls the loader in the current context, `reads` collecting what it reads. CTX_OK, with
 * load->hold finished: charged, and with its expiry; CTX_ERR_NO_VALUE; CTX_ERR_NOMEM; or what the
 * loader returned.
 */
int ctxi_load_run(struct ctx_cache_load *load, const ctx_value *args, size_t arg_count,
                  struct ctxi_reads *reads);

/*
 * The same for `count` loads of one function by a bulk loader; each then has its own status in
 * load->failure, and its share of the time.
 */
void ctxi_load_run_many(struct ctx_cache_load *const *loads, const ctx_value *const *args,
                        size_t arg_count, size_t count, ctx_cache_bulk_loader *loader,
                        struct ctxi_reads *reads);

/* Makes load->hold ready to be stored, as ctxi_load_run() does; load->ended is its time of birth.
 */
int ctxi_load_finish(struct ctx_cache_load *load);

#endif
