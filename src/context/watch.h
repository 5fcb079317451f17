/*
 * watch.h: telling the watchers. Included by whatever changes which context is current.
 */
#ifndef CTXI_CONTEXT_WATCH_H
#define CTXI_CONTEXT_WATCH_H

#include <stdatomic.h>

#include "ctxcache/watch.h"

/* How many watchers there are. Relaxed: a change that races with ctx_watch() may come before it. */
extern _Atomic int ctxi_watch_count __attribute__((visibility("hidden")));

void ctxi_watch_call(enum ctx_watch_event event, ctx_context *context);

static inline void ctxi_watch_notify(enum ctx_watch_event event, ctx_context *context)
{
    if (__builtin_expect(atomic_load_explicit(&ctxi_watch_count, memory_order_relaxed) > 0, 0))
        ctxi_watch_call(event, context);
}

/* For fork(). */
void ctxi_watch_lock(void);
void ctxi_watch_unlock(void);

#endif
