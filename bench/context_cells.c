/*
 * The context section: single operations with 1, 16 and 1000 variables set; and the async section: what it
 * takes that a context follows the work. A group is an operation, so that its cost with few variables,
 * handles or tasks and with many is measured in turns, too.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cell.h"
#include "context_contender.h"
#include "die.h"

#define FIRST_OPERATIONS 4096
#define SAMPLE_NS        2e6 /* what a sample is to take; round 0 finds the number of operations */
#define WARM_PARTS       8   /* so much less is done, untimed, before each sample */

struct recipe {
    const char *workload, *about;
    const unsigned *sizes; /* of variables, handles or tasks; up to a 0 */
};

static const unsigned variables[] = {1, 16, 1000, 0}, three_variables[] = {3, 0};
static const unsigned handles[] = {64, 10000, 0}, tasks[] = {100000, 0};

static const struct recipe recipes[CONTEXT_OPERATIONS] = {
    [CONTEXT_GET] = {"get", "read a variable that is set", variables},
    [CONTEXT_GET_DEFAULT] = {"get-default", "read one that is not, and has a default", variables},
    [CONTEXT_SET_RESET] = {"set-reset", "set with a token, then reset", variables},
    [CONTEXT_SET] = {"set", "set without a token", variables},
    [CONTEXT_COPY] = {"copy", "copy the current context, free the copy", variables},
    [CONTEXT_RUN] = {"run", "enter a context, call a function, leave", variables},
    [CONTEXT_COPY_RUN_SET] = {"copy-run-set", "copy, set a variable in the copy, free it",
                              variables},
    [CONTEXT_BIND_RUN] = {"bind-run", "bind a function, run it, free it", variables},
    [ASYNC_SWITCH] = {"switch", "enter a context and leave it; 3 variables set", three_variables},
    [ASYNC_SWAP] = {"swap", "swap a context in, and back; 3 variables set", three_variables},
    [ASYNC_CALLBACK] = {"callback", "one run of a callback that comes in every iteration: handles",
                        handles},
    [ASYNC_ONCE] = {"once", "start a timer, run its callback: handles", handles},
    [ASYNC_TASK] = {"task", "spawn a task, run it; all have the same 3 variables: tasks", tasks},
    [ASYNC_TASK_OWN] = {"task-own", "set 3 variables, spawn a task that has them, run it: tasks",
                        tasks},
};

#ifndef BENCH_WITH_PYTHON
const struct context_contender context_cpython = {
    .name = "cpython",
    .about = "contextvars, called from C; one thread at a time",
    .package = "python3-dev",
};
#endif

#ifndef BENCH_WITH_UV
const struct context_contender context_libuv = {
    .name = "libuv",
    .about = "callbacks that libuv calls, in no context",
    .package = "libuv1-dev",
};
const struct context_contender context_ctxcache_uv = {
    .name = "ctxcache-uv",
    .about = "the same through ctxcache/uv.h",
    .package = "libuv1-dev",
};
#endif

/* The context section has the first ones. */
static const struct context_contender *const contenders[] = {
    &context_floor,   &context_floor_inline, &context_ctxcache,
    &context_cpython, &context_libuv,        &context_ctxcache_uv,
};

#define IN_CONTEXT 4

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct context_cell {
    const struct context_contender *contender;
    enum context_operation operation;
    unsigned size;
    size_t operations; /* for each worker */
};

static bool is_async(size_t operation)
{
    return operation >= ASYNC_FIRST;
}

/* ---- one sample --------------------------------------------------------------------------- */

static void begin(struct cell *cell, size_t turn)
{
    struct context_cell *own = cell->own;

    (void)turn;
    own->contender->prepare(own->size);
}

static void ready(void *cell, unsigned worker)
{
    struct context_cell *own = ((struct cell *)cell)->own;

    (void)worker;
    own->contender->enter();
    own->contender->operations[own->operation](own->operations / WARM_PARTS);
}

static void work(void *cell, unsigned worker)
{
    struct context_cell *own = ((struct cell *)cell)->own;

    (void)worker;
    own->contender->operations[own->operation](own->operations);
}

static void leave(void *cell, unsigned worker)
{
    struct context_cell *own = ((struct cell *)cell)->own;

    (void)worker;
    own->contender->leave();
}

/* Handles and tasks are called in turns, all of them. */
static size_t whole_turns(const struct context_cell *own, size_t count)
{
    size_t turn = is_async(own->operation) ? own->size : 1;

    return (count + turn - 1) / turn * turn;
}

static void end(struct cell *cell, double ns, double noise)
{
    struct context_cell *own = cell->own;

    (void)noise;
    own->contender->finish();
    if (cell->purpose == SAMPLE_WARM)
        own->operations =
            whole_turns(own, (size_t)((double)own->operations * SAMPLE_NS / (ns + 1)) + 1);
}

static size_t operations(const struct cell *cell)
{
    const struct context_cell *own = cell->own;

    return own->operations * cell->threads;
}

static const struct cell_kind context_kind = {begin, end, ready, work, leave, operations, false};

/* ---- groups ------------------------------------------------------------------------------- */

static void name_workload(char out_name[CELL_NAME_SIZE], size_t operation, unsigned size)
{
    snprintf(out_name, CELL_NAME_SIZE, "%s/%u", recipes[operation].workload, size);
}

static bool competes(const struct context_contender *contender, size_t operation, unsigned size,
                     const struct plan *plan)
{
    char workload[CELL_NAME_SIZE];

    name_workload(workload, operation, size);
    return contender->operations[operation] && plan_wants(plan->competitors, contender->name) &&
           plan_wants(plan->workloads, workload);
}

/* Calls visit() for each cell that the plan leaves of the group; returns how many there are. */
static size_t each_cell(const struct group *group, const struct plan *plan,
                        void (*visit)(struct group *group, const struct context_cell *cell,
                                      unsigned threads))
{
    size_t found = 0, rows = plan->thread_count * COUNT(contenders);

    for (const unsigned *size = recipes[group->number].sizes; *size; size++)
        for (size_t i = 0; i < rows; i++) {
            struct context_cell cell = {
                .contender = contenders[i % COUNT(contenders)],
                .operation = (enum context_operation)group->number,
                .size = *size,
                .operations = FIRST_OPERATIONS,
            };

            if (!competes(cell.contender, group->number, *size, plan))
                continue;
            found++;
            if (visit)
                visit((struct group *)group, &cell, plan->threads[i / COUNT(contenders)]);
        }
    return found;
}

static void add_cell(struct group *group, const struct context_cell *wanted, unsigned threads)
{
    struct context_cell *own = die_calloc(1, sizeof *own);
    char workload[CELL_NAME_SIZE];

    name_workload(workload, wanted->operation, wanted->size);

    struct cell *cell = group_add(group, &context_kind, workload, wanted->contender->name, threads);

    *own = *wanted;
    own->operations = whole_turns(own, own->operations);
    cell->own = own;
    cell->result.variables = is_async(own->operation) ? 0 : own->size;
}

static size_t count_cells(const struct group *group, const struct plan *plan)
{
    return each_cell(group, plan, NULL);
}

static void open_group(struct group *group, const struct plan *plan)
{
    group_open(group, count_cells(group, plan));
    each_cell(group, plan, add_cell);
}

static void complete_group(struct group *group)
{
    for (size_t i = 0; i < group->cell_count; i++) {
        const struct context_cell *own = group->cells[i].own;

        if (!own->contender->waiting_bytes)
            continue;
        own->contender->prepare(own->size);
        group->cells[i].result.bytes_per_entry = own->contender->waiting_bytes(own->operation);
        own->contender->finish();
    }
}

static void close_group(struct group *group)
{
    for (size_t i = 0; i < group->cell_count; i++)
        free(group->cells[i].own);
    group_close(group);
}

/* ---- the sections ------------------------------------------------------------------------- */

/* What both say, of the operations up to `end`, and of the competitors. */
static bool describe_in(const char *section, size_t operation, size_t end, struct group *out_group)
{
    if (operation >= end)
        return false;
    *out_group = (struct group){.section = section, .weight = 3, .number = operation};
    snprintf(out_group->workload, sizeof out_group->workload, "%s", recipes[operation].workload);
    return true;
}

static bool has_workload_in(const char *name, size_t first, size_t end)
{
    const char *only[] = {name, NULL};
    char workload[CELL_NAME_SIZE];

    for (size_t i = first; i < end; i++)
        for (const unsigned *size = recipes[i].sizes; *size; size++) {
            name_workload(workload, i, *size);
            if (plan_wants(only, workload))
                return true;
        }
    return false;
}

static const char *workload_in(size_t operation, size_t end, const char **out_about)
{
    if (operation >= end)
        return NULL;
    *out_about = recipes[operation].about;
    return recipes[operation].workload;
}

static const char *competitor_in(size_t number, size_t end, const char **out_about)
{
    if (number >= end)
        return NULL;
    *out_about = contenders[number]->about;
    return contenders[number]->name;
}

static const char *missing_package(size_t number)
{
    return contenders[number]->package;
}

static bool describe(size_t number, struct group *out_group)
{
    return describe_in("context", number, ASYNC_FIRST, out_group);
}

static bool has_workload(const char *name)
{
    return has_workload_in(name, 0, ASYNC_FIRST);
}

static const char *workload_name(size_t number, const char **out_about)
{
    return workload_in(number, ASYNC_FIRST, out_about);
}

static const char *competitor_name(size_t number, const char **out_about)
{
    return competitor_in(number, IN_CONTEXT, out_about);
}

static bool describe_async(size_t number, struct group *out_group)
{
    return describe_in("async", ASYNC_FIRST + number, CONTEXT_OPERATIONS, out_group);
}

static bool has_async_workload(const char *name)
{
    return has_workload_in(name, ASYNC_FIRST, CONTEXT_OPERATIONS);
}

static const char *async_workload_name(size_t number, const char **out_about)
{
    return workload_in(ASYNC_FIRST + number, CONTEXT_OPERATIONS, out_about);
}

static const char *async_competitor_name(size_t number, const char **out_about)
{
    return competitor_in(number, COUNT(contenders), out_about);
}

const struct section section_context = {
    .name = "context",
    .describe = describe,
    .has_workload = has_workload,
    .workload = workload_name,
    .competitor = competitor_name,
    .missing_package = missing_package,
    .count = count_cells,
    .open = open_group,
    .complete = complete_group,
    .close = close_group,
};

const struct section section_async = {
    .name = "async",
    .on_demand = true,
    .describe = describe_async,
    .has_workload = has_async_workload,
    .workload = async_workload_name,
    .competitor = async_competitor_name,
    .missing_package = missing_package,
    .count = count_cells,
    .open = open_group,
    .complete = complete_group,
    .close = close_group,
};
