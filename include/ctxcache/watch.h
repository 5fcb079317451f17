/*
 * watch.h: hearing of every change of a thread's current context (CPython 3.14 has the same idea).
 */
#ifndef CTXCACHE_WATCH_H
#define CTXCACHE_WATCH_H

#include "context.h"

CTX_BEGIN_DECLS

enum ctx_watch_event {
    CTX_WATCH_ENTER = 1, /* `context` has become current */
    CTX_WATCH_EXIT = 2,  /* `context` was left; what was below it is current again */
    CTX_WATCH_SWAP = 3   /* `context` (NULL: none) was swapped in */
};

#define CTX_WATCH_MAX 8 /* watchers at a time in the whole process */

typedef void ctx_watcher(void *user, enum ctx_watch_event event, ctx_context *context);

/*
 * Calls `watcher` after every change, on the thread that made it, for all threads of the process.
 * While nobody watches, a change costs one load more. The watcher must not enter or leave contexts.
 * CTX_ERR_INVALID (NULL), CTX_ERR_LIMIT (CTX_WATCH_MAX are there); *out_id names it.
 */
CTX_API int ctx_watch(ctx_watcher *watcher, void *user, int *out_id);

/*
 * Ends it: changes that begin later call it no more; one under way on another thread may still be
 * in it. CTX_ERR_INVALID if there is no such watcher.
 */
CTX_API int ctx_unwatch(int id);

CTX_END_DECLS

#endif
