/*
 * function.h: the identity of memoized functions, one registry for the process.
 *
 * A registration is found by (name, version) compared in full. Its id is part of every key and
 * never reused, so a name that was retired and registered anew shares nothing with what was cached
 * before.
 */
#ifndef CTXI_CACHE_FUNCTION_H
#define CTXI_CACHE_FUNCTION_H

#include "ctxcache/function.h"
#include "ctxcache/variable.h"

/*
 * One registration. Everything but refs is fixed while anyone holds it. Held by the registry until
 * retired, and by each entry and flight.
 */
struct ctxi_fn;

/*
 * The registration of `fn`, made at its first call; borrowed: it lives until fn is retired, which
 * may not happen during a call. CTX_ERR_INVALID (no name, no loader), CTX_ERR_LIMIT,
 * CTX_ERR_CONFLICT, CTX_ERR_NOMEM. After the first call: two loads and a compare, no lock.
 */
int ctxi_fn_identify(ctx_cache_fn *fn, struct ctxi_fn **out_fn);

struct ctxi_fn *ctxi_fn_ref(struct ctxi_fn *fn);
void ctxi_fn_unref(struct ctxi_fn *fn);

uint64_t ctxi_fn_id(const struct ctxi_fn *fn);
const char *ctxi_fn_name(const struct ctxi_fn *fn);
int ctxi_fn_load(const struct ctxi_fn *fn, ctx_cache_load *load, const ctx_value *args,
                 size_t arg_count);

/* Takes and releases the registry's lock around fork(). */
void ctxi_fn_fork_prepare(void);
void ctxi_fn_fork_done(void);

#endif
