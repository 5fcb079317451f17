/*
 * Tasks: what the thread was in is set aside, so that whatever happens in the task happens in a
 * chain of its own, which is dropped as a whole. Nothing here needs memory once the task runs.
 */
#include "ctxcache/task.h"

#include "context/bound.h"
#include "context/enter.h"
#include "context/pending.h"
#include "context/registry.h"

struct task {
    ctx_bound_entry entry; /* of a bound function; its `bound` is NULL: of none */
    ctx_context *context;  /* to run in; the task has a reference of its own */
    ctx_context *before;   /* with the content that it began with; NULL: with none */
    ctx_task_report *report;
    void *user;
};

static void tell(const struct task *task, enum ctx_task_left what, size_t times)
{
    while (times-- > 0)
        task->report(task->user, what, NULL, ctx_null());
}

/* Tells of a cell that the task's context did not begin with; a pending reset may have undone it. */
static void tell_cell(void *user, struct ctxi_cell *cell)
{
    const struct task *task = user;
    uint32_t id = ctxi_var_id_now(cell->var);
    const struct ctxi_cell *now = ctxi_context_find(task->context, id);
    const struct ctxi_cell *was = task->before ? ctxi_context_find(task->before, id) : NULL;

    if (now != was && ctxi_cell_counts(now))
        task->report(task->user, ctxi_cell_counts(was) ? CTX_TASK_CHANGED : CTX_TASK_SET, cell->var,
                     now->value);
}

/* The map with a cell for whatever the context may hold. */
static const struct ctxi_node *map_of(const ctx_context *context)
{
    return context->pending ? context->pending_root : context->root;
}

/* Only what was set in between is looked at. No set can unset what was there at the beginning. */
static void tell_values(struct task *task)
{
    ctxi_map_each_other(map_of(task->context), task->before ? map_of(task->before) : NULL,
                        tell_cell, task);
}

/* While the report runs, nothing is below what it enters, and so no record of a load follows it there:
 * to enter anything counts as reading everything. */
struct away {
    ctx_context *aside;
    uint64_t switches;
};

static struct away go_away(void)
{
    ctx_context *aside = ctxi_set_aside();

    return (struct away){aside, ctxi_context_switches()};
}

static void come_back(struct away *away)
{
    bool stayed = ctxi_context_switches() == away->switches;

    ctxi_take_back(&away->aside);
    if (!stayed)
        ctxi_reads_note_all(ctxi_reads_current());
}

/* The function has ended, in whichever way. The task's context stays entered while the report runs:
 * nobody can change it. */
static void end_task(struct task *task)
{
    uint64_t scopes_failed = ctxi_thread.scopes_failed;
    size_t left = ctxi_leave_above(task->context);
    bool there = ctxi_thread.current == task->context;

    ctxi_thread.scopes_failed = 0;
    if (there)
        task->context->loading = false; /* it is left in order */
    if (!task->report)
        return;
    __attribute__((cleanup(come_back), unused)) struct away away = go_away();
    if (there) {
        tell_values(task);
        tell(task, CTX_TASK_ENTERED, left);
    } else {
        tell(task, CTX_TASK_ASTRAY, 1);
    }
    if (scopes_failed)
        tell(task, CTX_TASK_SCOPE, 1);
}

static void drop(struct task *task)
{
    ctx_context_unref(task->context); /* the thread has another, if it is in it */
    if (task->entry.bound)
        ctx_bound_exit(&task->entry);
    else
        ctxi_leave_through(task->context);
}

/* What is dropped may call users back, who find the thread in nothing; then it is back where it was. */
static void run(const struct task *begun, void (*fn)(void *arg), void *arg)
{
    __attribute__((cleanup(ctxi_take_back), unused)) ctx_context *aside = ctxi_set_aside();
    __attribute__((cleanup(drop), unused)) struct task dropped = *begun;
    __attribute__((cleanup(end_task), unused)) struct task task = *begun;

    ctxi_enter_apart(ctx_context_ref(task.context), aside);
    fn(arg);
}

int ctx_run_task(void (*fn)(void *arg), void *arg, ctx_task_report *report, void *user)
{
    struct task task = {{NULL, NULL, false}, NULL, ctxi_thread.current, report, user};
    int status = fn ? CTX_OK : CTX_ERR_INVALID;

    if (status == CTX_OK && ctxi_thread_arm() != CTX_OK)
        status = CTX_ERR_NOMEM;
    if (status == CTX_OK)
        status = ctx_copy(&task.context);
    if (status == CTX_OK)
        run(&task, fn, arg);
    return status;
}

int ctx_bound_run_task(ctx_bound *bound, ctx_task_report *report, void *user)
{
    struct task task = {{bound, NULL, false}, NULL, NULL, report, user};
    int status = bound && bound->fn ? ctxi_bound_take(bound, &task.entry) : CTX_ERR_INVALID;

    if (status == CTX_OK) {
        task.context = task.entry.context;
        task.before = bound->snapshot;
        run(&task, bound->fn, bound->arg);
    }
    return status;
}
