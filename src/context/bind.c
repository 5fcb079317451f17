#include "ctxcache/bind.h"

#include <errno.h>

#include "context/block.h"
#include "context/bound.h"
#include "context/enter.h"

static ctx_context marks[2];
#define TAKEN  (&marks[0])
#define CLOSED (&marks[1])

static int bind(void (*fn)(void *arg), void *arg, ctx_bound **out_bound)
{
    ctx_bound *bound = ctxi_block_zalloc(sizeof *bound);

    if (!bound)
        return CTX_ERR_NOMEM;
    atomic_init(&bound->refs, 1);
    bound->fn = fn;
    bound->arg = arg;
    if (ctx_copy(&bound->snapshot) != CTX_OK) {
        ctxi_block_free(bound, sizeof *bound);
        return CTX_ERR_NOMEM;
    }
    bound->root = bound->snapshot->root;
    bound->reads = bound->snapshot->front.reads;
    *out_bound = bound;
    return CTX_OK;
}

int ctx_bind(void (*fn)(void *arg), void *arg, ctx_bound **out_bound)
{
    if (!out_bound)
        return CTX_ERR_INVALID;
    *out_bound = NULL;
    return fn ? bind(fn, arg, out_bound) : CTX_ERR_INVALID;
}

int ctx_capture(ctx_bound **out_bound)
{
    if (!out_bound)
        return CTX_ERR_INVALID;
    *out_bound = NULL;
    return bind(NULL, NULL, out_bound);
}

static void drop(ctx_bound *bound)
{
    if (!ctxi_refs_down(&bound->refs))
        return;
    ctx_context_unref(bound->snapshot);
    ctxi_block_free(bound, sizeof *bound);
}

/* BOUND-1 acq_rel; partner: itself. Whoever takes the spare sees what the one who put it did. */
static ctx_context *exchange_spare(ctx_bound *bound, ctx_context *context)
{
    return atomic_exchange_explicit(&bound->spare, context, memory_order_acq_rel);
}

/* Brings the spare back, or NULL if it is gone; the last thing that a run does with its bound. */
static void put_spare(ctx_bound *bound, ctx_context *context)
{
    ctx_context *expected = TAKEN;

    if (atomic_compare_exchange_strong_explicit(&bound->spare, &expected, context,
                                                memory_order_acq_rel, memory_order_acquire))
        return;
    ctx_context_unref(context);
    drop(bound);
}

void ctx_bound_free(ctx_bound *bound)
{
    ctx_context *spare = bound ? exchange_spare(bound, CLOSED) : TAKEN;

    if (spare == TAKEN)
        return;
    ctx_context_unref(spare);
    drop(bound);
}

int ctxi_bound_take(ctx_bound *bound, ctx_bound_entry *entry)
{
    int status = CTX_OK;

    if (ctxi_scope_failed() || ctxi_thread_arm() != CTX_OK)
        return CTX_ERR_NOMEM;
    entry->bound = bound;

    entry->context = exchange_spare(bound, TAKEN);
    entry->spare = entry->context != TAKEN;
    if (!entry->spare)
        ctxi_refs_up(&bound->refs);
    if (!entry->context || !entry->spare)
        status = ctxi_context_clone(bound->snapshot, &entry->context);
    if (status == CTX_OK)
        return CTX_OK;
    if (entry->spare)
        put_spare(bound, NULL);
    else
        drop(bound);
    return status;
}

int ctx_bound_enter(ctx_bound *bound, ctx_bound_entry *out_entry)
{
    int status;

    if (!bound || !out_entry)
        return CTX_ERR_INVALID;
    status = ctxi_bound_take(bound, out_entry);
    if (status == CTX_OK)
        ctxi_enter_own(out_entry->context);
    return status;
}

/* Whether nobody else refers to it any more, be it as a coroutine that was swapped out. */
static bool ours_alone(ctx_context *context)
{
    return ctxi_refs_sole(&context->refs) &&
           (atomic_load_explicit(&context->entry, memory_order_relaxed) & CTXI_ENTRY_MASK) ==
               CTXI_IDLE;
}

/* Whether it holds what the snapshot does, and nothing besides: most runs change nothing. */
static bool is_unchanged(const ctx_context *context, const ctx_bound *bound)
{
    return context->root == bound->root && !context->pending && !context->tokens.oldest &&
           context->front.reads == bound->reads;
}

/* Whether it can be the next run's. */
static bool renew(ctx_context *context, const ctx_bound *bound)
{
    return ours_alone(context) && (is_unchanged(context, bound) ||
                                   ctxi_context_refill(context, bound->snapshot) == CTX_OK);
}

void ctx_bound_exit(ctx_bound_entry *entry)
{
    ctx_bound *bound = entry ? entry->bound : NULL;
    ctx_context *context;

    if (!bound)
        return;
    entry->bound = NULL; /* a second end finds nothing */
    context = ctxi_leave_keeping(entry->context) ? entry->context : NULL;

    if (context && !(entry->spare && renew(context, bound))) {
        ctx_context_unref(context);
        context = NULL;
    }
    if (entry->spare)
        put_spare(bound, context);
    else
        drop(bound);
}

int ctx_bound_run(ctx_bound *bound)
{
    ctx_bound_entry begun;
    int status = bound && bound->fn ? ctx_bound_enter(bound, &begun) : CTX_ERR_INVALID;

    if (status == CTX_OK) {
        __attribute__((cleanup(ctx_bound_exit), unused)) ctx_bound_entry entry = begun;

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
