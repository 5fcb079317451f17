#include "ctxcache/bind.h"

#include <errno.h>

#include "context/block.h"
#include "context/enter.h"

struct ctx_bound {
    ctxi_refs refs; /* the maker's, and one for each run under way */
    void (*fn)(void *arg);
    void *arg;
    ctx_context *snapshot; /* never entered, never changed */
    /* A context to run in, with the content of the snapshot; NULL while a run has it. */
    _Atomic(ctx_context *) spare;
    _Atomic uint64_t failures;
};

int ctx_bind(void (*fn)(void *arg), void *arg, ctx_bound **out_bound)
{
    ctx_bound *bound;

    if (!out_bound)
        return CTX_ERR_INVALID;
    *out_bound = NULL;
    if (!fn)
        return CTX_ERR_INVALID;
    bound = ctxi_block_zalloc(sizeof *bound);
    if (!bound)
        return CTX_ERR_NOMEM;
    atomic_init(&bound->refs, 1);
    bound->fn = fn;
    bound->arg = arg;
    if (ctx_copy(&bound->snapshot) != CTX_OK) {
        ctxi_block_free(bound, sizeof *bound);
        return CTX_ERR_NOMEM;
    }
    *out_bound = bound;
    return CTX_OK;
}

/* BOUND-1 acq_rel; partner: itself. Whoever takes the spare sees what the one who put it did. */
static ctx_context *exchange_spare(ctx_bound *bound, ctx_context *context)
{
    return atomic_exchange_explicit(&bound->spare, context, memory_order_acq_rel);
}

void ctx_bound_free(ctx_bound *bound)
{
    if (!bound || !ctxi_refs_down(&bound->refs))
        return;
    ctx_context_unref(exchange_spare(bound, NULL));
    ctx_context_unref(bound->snapshot);
    ctxi_block_free(bound, sizeof *bound);
}

/* One run of a bound function; the references are the run's. */
struct run {
    ctx_bound *bound;
    ctx_context *context;
};

/* Takes a context for the run. CTX_ERR_NOMEM. */
static int begin_run(struct run *run)
{
    int status = CTX_OK;

    if (ctxi_scope_failed() || ctxi_thread_arm() != CTX_OK)
        return CTX_ERR_NOMEM;
    run->context = exchange_spare(run->bound, NULL);
    if (!run->context)
        status = ctxi_context_clone(run->bound->snapshot, &run->context);
    if (status == CTX_OK) {
        ctxi_refs_up(&run->bound->refs);
        ctxi_enter_own(ctx_context_ref(run->context));
    }
    return status;
}

/* Whether nobody else refers to it any more, be it as a coroutine that was swapped out. */
static bool ours_alone(ctx_context *context)
{
    return ctxi_refs_sole(&context->refs) &&
           (atomic_load_explicit(&context->entry, memory_order_relaxed) & CTXI_ENTRY_MASK) ==
               CTXI_IDLE;
}

/* Leaves the context, and keeps it for the next run if it can. */
static void end_run(struct run *run)
{
    ctx_context *context = run->context;

    ctxi_leave_through(context);
    if (ours_alone(context) && ctxi_context_refill(context, run->bound->snapshot) == CTX_OK)
        context = exchange_spare(run->bound, context);
    ctx_context_unref(context);
    ctx_bound_free(run->bound);
}

int ctx_bound_run(ctx_bound *bound)
{
    struct run begun = {bound, NULL};
    int status = bound ? begin_run(&begun) : CTX_ERR_INVALID;

    if (status == CTX_OK) {
        __attribute__((cleanup(end_run), unused)) struct run run = begun;

        bound->fn(bound->arg);
    }
    return status;
}

void ctx_bound_call(void *bound)
{
    ctx_bound *what = bound;

    if (what && ctx_bound_run(what) != CTX_OK)
        atomic_fetch_add_explicit(&what->failures, 1, memory_order_relaxed);
}

uint64_t ctx_bound_failures(const ctx_bound *bound)
{
    return bound ? atomic_load_explicit(&bound->failures, memory_order_relaxed) : 0;
}

/* What a thread starts with. */
struct start {
    ctx_context *context;
    void *(*fn)(void *arg);
    void *arg;
};

static void end_thread(ctx_context **context)
{
    ctxi_leave_through(*context);
}

/*
 * The context is left here, not at the end of the thread's state, so that no thread needs memory
 * before it runs: where the state cannot be made, it is again tried at the next use.
 */
static void *thread_main(void *arg)
{
    struct start start = *(struct start *)arg;

    ctxi_block_free(arg, sizeof start);
    (void)ctxi_thread_arm();
    ctxi_enter_own(start.context);
    __attribute__((cleanup(end_thread), unused)) ctx_context *entered = start.context;
    return start.fn(start.arg);
}

static int new_start(void *(*fn)(void *arg), void *arg, struct start **out_start)
{
    struct start *start = ctxi_block_alloc(sizeof *start);

    if (!start)
        return CTX_ERR_NOMEM;
    *start = (struct start){NULL, fn, arg};
    if (ctx_copy(&start->context) != CTX_OK) {
        ctxi_block_free(start, sizeof *start);
        return CTX_ERR_NOMEM;
    }
    *out_start = start;
    return CTX_OK;
}

int ctx_thread_create(pthread_t *thread, const pthread_attr_t *attributes,
                      void *(*start)(void *arg), void *arg)
{
    struct start *begin;
    int status = thread && start ? new_start(start, arg, &begin) : CTX_ERR_INVALID;
    int error;

    if (status != CTX_OK)
        return status;
    error = pthread_create(thread, attributes, thread_main, begin);
    if (error == 0)
        return CTX_OK;
    ctx_context_unref(begin->context);
    ctxi_block_free(begin, sizeof *begin);
    errno = error;
    return CTX_ERR_SYSTEM;
}
