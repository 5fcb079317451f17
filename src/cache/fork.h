/*
 * fork.h: every cache of the process, so that fork() finds all locks free and leaves the child
 * usable.
 */
#ifndef CTXI_CACHE_FORK_H
#define CTXI_CACHE_FORK_H

#include "ctxcache/cache.h"

/* CTX_ERR_NOMEM: the handlers could not be installed (the first time only). */
int ctxi_fork_register(ctx_cache *cache);

/* One that is not registered is allowed. */
void ctxi_fork_unregister(ctx_cache *cache);

#endif
