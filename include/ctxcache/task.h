/*
 * task.h: work that leaves its thread as it found it, for pools.
 *
 * A pooled thread that begins its next job with the tenant of the last one would be served that
 * tenant's answers. So a task runs in a copy of a context, in O(1), and whatever it sets and does not
 * reset is told and dropped: when it returns, and also when it ends by a C++ exception,
 * pthread_exit() or cancellation. The thread is then in what it was in before, or in nothing, as
 * before. What a task may leave behind:
 */
#ifndef CTXCACHE_TASK_H
#define CTXCACHE_TASK_H

#include "bind.h"

CTX_BEGIN_DECLS

enum ctx_task_left {
    CTX_TASK_SET = 1,     /* `var` had no value when the task began, and has `value` now */
    CTX_TASK_CHANGED = 2, /* `var` had another one; or the same, and was set to it once more */
    CTX_TASK_ENTERED = 3, /* a context was entered and not left; once for each */
    CTX_TASK_ASTRAY = 4,  /* its own context is not current any more, see below */
    CTX_TASK_SCOPE = 5    /* a CTX_SCOPED failed and did not end, or ended in another context */
};

/*
 * A task is astray after a ctx_swap() without its counterpart or a ctx_exit() too many. Values are not
 * told then: they are wherever its context is. A scope that is told of would have kept the thread from
 * reading anything (scope.h).
 *
 * A report is called on the task's thread after the task has ended, once for each thing that it left
 * behind; `var` is NULL but for the first two, whose `value` is borrowed for the call. It runs in no
 * context: it reads nothing, and what it sets is dropped like the rest. To enter a context there
 * counts, inside a load, as reading everything. It must not end by an exception of its own while one
 * of the task is on its way.
 */
typedef void ctx_task_report(void *user, enum ctx_task_left what, ctx_var *var, ctx_value value);

/*
 * Runs fn(arg) in a copy of the current context, and tells `report` (NULL: nobody) what it left
 * behind. Until fn has ended, the contexts that the thread was in are out of its reach, so that it
 * cannot leave them: it sees what they hold through its copy, they count as entered, and the thread's
 * chain begins with the copy. The copy may be kept with ctx_current(), as any context; then what the
 * task left is in there, and not in the thread. Inside a load, what fn reads counts for that load.
 *
 * A value that was reset, or that a CTX_SCOPED took back, is not told; nor is what a default's factory
 * made. Costs a copy, and a comparison of what was set and reset; of nothing, if nothing was. Do not
 * longjmp() out of it: the thread stays in the copy then, and what it was in before is lost.
 *
 * CTX_OK           fn ran
 * CTX_ERR_NOMEM    it did not (also inside a CTX_SCOPED that failed). Once it runs, no memory is
 *                  needed to look, tell and drop
 * CTX_ERR_INVALID  fn is NULL
 */
CTX_API int ctx_run_task(void (*fn)(void *arg), void *arg, ctx_task_report *report, void *user);

/*
 * The same for a bound function: what it left is what differs from the context that was captured.
 * Like ctx_bound_run(), but that nothing below is in reach. CTX_ERR_INVALID: `bound` is NULL, or a
 * context alone.
 */
CTX_API int ctx_bound_run_task(ctx_bound *bound, ctx_task_report *report, void *user);

CTX_END_DECLS

#endif
