/*
 * Entering and leaving. The thread that moves `entry` from idle to entered owns the context until
 * it moves it back; only the top of a chain is ever changed.
 */
#include "context/enter.h"

#include <sched.h>

#include "context/watch.h"

/* Written by the child of a fork(), while it has one thread. */
static uint32_t process;

void ctxi_enter_forked(void)
{
    process += CTXI_ENTRY_PROCESS; /* wraps around */
}

/* An entry without the readers of another process. */
static uint32_t present(uint32_t entry)
{
    uint32_t of = entry & ~(CTXI_ENTRY_PROCESS - 1);

    return of == process ? entry : (entry & CTXI_ENTRY_MASK) | process;
}

static bool has_readers(uint32_t entry)
{
    return (present(entry) & (CTXI_ENTRY_PROCESS - 1)) >= CTXI_ENTRY_READER;
}

/*
 * ENTRY-1 acquire; partners: give_back(), ctxi_reading_end(). What the last owner did is seen by the
 * next. A reader holds it up for a moment only: nothing of the user runs while one is counted.
 */
static bool take(ctx_context *context, uint32_t from)
{
    uint32_t seen = atomic_load_explicit(&context->entry, memory_order_relaxed);

    while ((seen & CTXI_ENTRY_MASK) == from) {
        if (has_readers(seen)) {
            sched_yield();
            seen = atomic_load_explicit(&context->entry, memory_order_relaxed);
        } else if (atomic_compare_exchange_weak_explicit(&context->entry, &seen, CTXI_ENTERED,
                                                         memory_order_acquire,
                                                         memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

/* ENTRY-1 release; partners: take(), ctxi_reading_begin(). Nobody reads what is entered. */
static void give_back(ctx_context *context, uint32_t as)
{
    atomic_store_explicit(&context->entry, as, memory_order_release);
}

bool ctxi_in_chain(const ctx_context *context)
{
    const ctx_context *at = ctxi_thread.current;

    while (at && at != context)
        at = at->previous;
    return at != NULL;
}

bool ctxi_is_kept_above(const ctx_context *context)
{
    const ctx_context *at = ctxi_thread.current;

    while (at && at != context && !at->keeps)
        at = at->previous;
    return at && at->keeps && at != context;
}

/* Counts one more reader, unless some thread has entered it. */
static bool count_reader(ctx_context *context)
{
    uint32_t seen = atomic_load_explicit(&context->entry, memory_order_relaxed);

    do {
        if ((seen & CTXI_ENTRY_MASK) == CTXI_ENTERED)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&context->entry, &seen,
                                                    present(seen) + CTXI_ENTRY_READER,
                                                    memory_order_acquire, memory_order_relaxed));
    return true;
}

int ctxi_reading_begin(struct ctxi_reading *reading, ctx_context *context)
{
    reading->counted = NULL;
    if (!context)
        return CTX_ERR_INVALID;
    if (ctxi_scope_failed())
        return CTX_ERR_NOMEM;
    if (ctxi_in_chain(context))
        return CTX_OK;
    if (!count_reader(context))
        return CTX_ERR_ENTERED;
    reading->counted = context;
    if (!context->scopes_failed)
        return CTX_OK;
    ctxi_reading_end(reading);
    return CTX_ERR_NOMEM;
}

void ctxi_reading_end(struct ctxi_reading *reading)
{
    if (reading->counted)
        atomic_fetch_sub_explicit(&reading->counted->entry, CTXI_ENTRY_READER,
                                  memory_order_release);
    reading->counted = NULL;
}

static void make_current(ctx_context *context)
{
    ctxi_thread.current = context;
    ctxi_thread.switches++;
}

/*
 * The record of reads of the context below is that of the one on top, as long as it is on top. But one that
 * another load goes on collecting in stays: neither of the two may miss what is read.
 */
static void inherit_reads(ctx_context *context, const ctx_context *below)
{
    const struct ctxi_reads *own = context->front.reads;

    if (!below || !below->front.reads || below->front.reads == own)
        return;
    context->keeps = own && !ctxi_reads_has_ended(own);
    if (context->keeps)
        return;
    context->reads_below = ctxi_reads_attach(context, below->front.reads);
    context->inherits = true;
}

static void disinherit_reads(ctx_context *context, const ctx_context *previous)
{
    if (context->keeps && previous && previous->front.reads)
        ctxi_reads_add(previous->front.reads, context->front.reads);
    context->keeps = false;
    if (!context->inherits)
        return;
    ctxi_reads_unref(context->front.reads);
    context->front.reads = context->reads_below;
    context->reads_below = NULL;
    context->inherits = false;
}

/* Puts a context that was taken on top, with one reference for the thread. */
static void push(ctx_context *context)
{
    context->previous = ctxi_thread.current;
    inherit_reads(context, context->previous);
    make_current(context);
    ctxi_watch_notify(CTX_WATCH_ENTER, context);
}

/* Makes a context idle; gives back what it was on top of. */
static ctx_context *step_out(ctx_context *context)
{
    ctx_context *previous = context->previous;

    context->previous = NULL;
    disinherit_reads(context, previous);
    give_back(context, CTXI_IDLE);
    return previous;
}

/* Leaves the top; the thread's reference to it goes to the caller. */
static ctx_context *pop_keeping(void)
{
    ctx_context *top = ctxi_thread.current;

    if (top->loading) /* the load goes on below, where nothing is recorded */
        ctxi_reads_note_all(top->front.reads);
    make_current(step_out(top));
    ctxi_watch_notify(CTX_WATCH_EXIT, top);
    return top;
}

static void pop(void)
{
    ctx_context_unref(pop_keeping());
}

void ctxi_enter_own(ctx_context *context)
{
    atomic_store_explicit(&context->entry, CTXI_ENTERED, memory_order_relaxed); /* nobody looks */
    push(context);
}

size_t ctxi_leave_above(const ctx_context *context)
{
    size_t left = 0;

    for (; ctxi_thread.current && ctxi_thread.current != context; left++)
        pop();
    return left;
}

ctx_context *ctxi_set_aside(void)
{
    ctx_context *aside = ctxi_thread.current;

    if (aside) {
        make_current(NULL);
        ctxi_watch_notify(CTX_WATCH_SWAP, NULL);
    }
    return aside;
}

void ctxi_take_back(ctx_context *const *aside)
{
    ctxi_leave_above(NULL);
    ctxi_thread.scopes_failed = 0;
    if (*aside) {
        make_current(*aside);
        ctxi_watch_notify(CTX_WATCH_SWAP, *aside);
    }
}

int ctxi_apart_begin(struct ctxi_apart *apart, ctx_context *context)
{
    int status;

    *apart = (struct ctxi_apart){ctxi_set_aside(), ctxi_thread.scopes_failed, true};
    ctxi_thread.scopes_failed = 0;
    status = context ? ctx_enter(context) : CTX_OK;
    if (status != CTX_OK)
        ctxi_apart_end(apart);
    return status;
}

void ctxi_apart_end(struct ctxi_apart *apart)
{
    if (!apart->began)
        return;
    apart->began = false;
    ctxi_take_back(&apart->aside);
    ctxi_thread.scopes_failed = apart->scopes_failed;
}

/* Whoever leaves it before its end reads past the record of the load around, as in a load itself. */
void ctxi_enter_apart(ctx_context *context, const ctx_context *aside)
{
    inherit_reads(context, aside);
    if (context->keeps) /* nobody will add what it reads: it is not below */
        ctxi_reads_note_all(aside->front.reads);
    context->loading = context->front.reads != NULL;
    ctxi_enter_own(context);
}

bool ctxi_leave_keeping(ctx_context *context)
{
    if (!ctxi_in_chain(context))
        return false;
    while (ctxi_thread.current != context)
        pop();
    pop_keeping();
    return true;
}

void ctxi_leave_through(ctx_context *context)
{
    if (ctxi_leave_keeping(context))
        ctx_context_unref(context);
}

void ctxi_chain_release(ctx_context *top)
{
    while (top) {
        ctx_context *previous = step_out(top);

        ctx_context_unref(top);
        top = previous;
    }
}

void ctxi_leave_all(void)
{
    while (ctxi_thread.current) {
        ctx_context *top = ctxi_thread.current;

        make_current(NULL);
        ctxi_chain_release(top); /* may call users back, and they may make a new current one */
    }
}

int ctxi_current_make(ctx_context **out_context)
{
    ctx_context *context = ctxi_thread.current;

    *out_context = context;
    if (context)
        return CTX_OK;
    if (ctxi_thread_arm() != CTX_OK || !(context = ctxi_context_make()))
        return CTX_ERR_NOMEM;
    atomic_store_explicit(&context->entry, CTXI_ENTERED, memory_order_relaxed); /* nobody looks */
    make_current(context);
    *out_context = context;
    return CTX_OK;
}

int ctx_current(ctx_context **out_context)
{
    int status;

    if (!out_context)
        return CTX_ERR_INVALID;
    status = ctxi_current_make(out_context);
    if (status == CTX_OK)
        ctx_context_ref(*out_context);
    return status;
}

int ctx_enter(ctx_context *context)
{
    if (!context)
        return CTX_ERR_INVALID;
    if (ctxi_thread_arm() != CTX_OK)
        return CTX_ERR_NOMEM;
    if (!take(context, CTXI_IDLE))
        return CTX_ERR_ENTERED;
    push(ctx_context_ref(context));
    return CTX_OK;
}

int ctx_exit(ctx_context *context)
{
    if (!context)
        return CTX_ERR_INVALID;
    if (context != ctxi_thread.current)
        return CTX_ERR_NOT_CURRENT;
    pop();
    return CTX_OK;
}

int ctx_enter_own(ctx_context *context)
{
    if (!context)
        return CTX_ERR_INVALID;
    if (ctxi_thread_arm() != CTX_OK)
        return CTX_ERR_NOMEM;
    if (!ctxi_refs_sole(&context->refs) ||
        (atomic_load_explicit(&context->entry, memory_order_relaxed) & CTXI_ENTRY_MASK) !=
            CTXI_IDLE)
        return CTX_ERR_ENTERED;
    ctxi_enter_own(context);
    return CTX_OK;
}

void ctx_exit_through(ctx_context *context)
{
    ctxi_leave_through(context);
}

static void end_run(ctx_context **context)
{
    ctxi_leave_through(*context);
}

int ctx_run(ctx_context *context, void (*fn)(void *arg), void *arg)
{
    int status = fn ? ctx_enter(context) : CTX_ERR_INVALID;

    if (status == CTX_OK) {
        __attribute__((cleanup(end_run), unused)) ctx_context *entered = context;

        fn(arg);
    }
    return status;
}

/* Whoever goes on with a chain, on whichever thread, finds the scopes in it that failed. */
static void swap_failed_scopes(ctx_context *top, ctx_context *next)
{
    if (top) {
        top->scopes_failed = (uint32_t)ctxi_thread.scopes_failed;
        ctxi_thread.scopes_failed -= top->scopes_failed;
    }
    if (next) {
        ctxi_thread.scopes_failed += next->scopes_failed;
        next->scopes_failed = 0;
    }
}

int ctx_swap(ctx_context *next, ctx_context **out_previous)
{
    ctx_context *top;

    if (!out_previous)
        return CTX_ERR_INVALID;
    *out_previous = NULL;
    if (next && ctxi_thread_arm() != CTX_OK)
        return CTX_ERR_NOMEM;
    if (next && !take(next, CTXI_SUSPENDED) && !take(next, CTXI_IDLE))
        return CTX_ERR_ENTERED;
    top = ctxi_thread.current;
    swap_failed_scopes(top, next);
    make_current(next);
    *out_previous = top;
    if (top)
        give_back(top, CTXI_SUSPENDED);
    ctxi_watch_notify(CTX_WATCH_SWAP, next);
    return CTX_OK;
}
