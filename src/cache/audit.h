/*
 * audit.h: whether a load read variables that its key does not cover, and what an answer adds to
 * the reads of the load around it.
 *
 * Every load has a record of the variables that it reads (context/store.h). When an answer leaves a
 * cache, found or loaded, the load around it, if there is one, is charged with what the answer
 * depends on: the variables of vary, and what was read beyond them and beyond ignore. So an outer
 * cache that varies on nothing cannot swallow a tenant's answer.
 */
#ifndef CTXI_CACHE_AUDIT_H
#define CTXI_CACHE_AUDIT_H

#include "context/store.h"
#include "ctxcache/cache.h"

/* A record for a load of the cache; what is noted in it, and `ignore` does not cover, reaches the load around
 * at once. NULL: no memory. */
struct ctxi_reads *ctxi_audit_new_reads(const ctx_cache *cache);

/* Charges the load around this call, if any, with the variables of vary. */
void ctxi_audit_charge_vary(const ctx_cache *cache);

/* Charges it with all of `reads` that ignore does not cover. */
void ctxi_audit_charge_reads(const ctx_cache *cache, const struct ctxi_reads *reads);

/* Charges the load in which the one of `reads` began, if any, with the same. */
void ctxi_audit_charge_outer(const ctx_cache *cache, const struct ctxi_reads *reads);

/* Charges it with what the cache's entries marked `undeclared` depend on. */
void ctxi_audit_charge_warned(const ctx_cache *cache);

/*
 * Whether `reads` has a variable that is neither in vary nor in ignore; its name, or "*" if
 * everything was read, goes to out_name.
 */
bool ctxi_audit_undeclared(const ctx_cache *cache, const struct ctxi_reads *reads,
                           char out_name[CTX_NAME_MAX + 1]);

/* Adds the undeclared of `reads` to what the cache's entries marked `undeclared` depend on. */
void ctxi_audit_remember(ctx_cache *cache, const struct ctxi_reads *reads);

#endif
