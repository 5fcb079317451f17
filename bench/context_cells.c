/*
 * The context section: single operations with 1, 16 and 1000 variables set. A group is an
 * operation, so that its cost with few variables and with many is measured in turns, too.
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
};

static const struct recipe recipes[CONTEXT_OPERATIONS] = {
    [CONTEXT_GET] = {"get", "read a variable that is set"},
    [CONTEXT_GET_DEFAULT] = {"get-default", "read one that is not, and has a default"},
    [CONTEXT_SET_RESET] = {"set-reset", "set with a token, then reset"},
    [CONTEXT_SET] = {"set", "set without a token"},
    [CONTEXT_COPY] = {"copy", "copy the current context, free the copy"},
    [CONTEXT_RUN] = {"run", "enter a context, call a function, leave"},
    [CONTEXT_COPY_RUN_SET] = {"copy-run-set", "copy, set a variable in the copy, free it"},
    [CONTEXT_BIND_RUN] = {"bind-run", "bind a function, run it, free it"},
};

static const unsigned variable_counts[] = {1, 16, 1000};

#ifndef BENCH_WITH_PYTHON
const struct context_contender context_cpython = {
    .name = "cpython",
    .about = "contextvars, called from C; one thread at a time",
    .package = "python3-dev",
};
#endif

static const struct context_contender *const contenders[] = {
    &context_floor,
    &context_floor_inline,
    &context_ctxcache,
    &context_cpython,
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct context_cell {
    const struct context_contender *contender;
    enum context_operation operation;
    unsigned variables;
    size_t operations; /* for each worker */
};

/* ---- one sample --------------------------------------------------------------------------- */

static void begin(struct cell *cell, size_t turn)
{
    struct context_cell *own = cell->own;

    (void)turn;
    own->contender->prepare(own->variables);
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

static void end(struct cell *cell, double ns, double noise)
{
    struct context_cell *own = cell->own;

    (void)noise;
    own->contender->finish();
    if (cell->purpose == SAMPLE_WARM)
        own->operations = (size_t)((double)own->operations * SAMPLE_NS / (ns + 1)) + 1;
}

static size_t operations(const struct cell *cell)
{
    const struct context_cell *own = cell->own;

    return own->operations * cell->threads;
}

static const struct cell_kind context_kind = {begin, end, ready, work, leave, operations, false};

/* ---- groups ------------------------------------------------------------------------------- */

static void name_workload(char out_name[CELL_NAME_SIZE], size_t operation, unsigned variables)
{
    snprintf(out_name, CELL_NAME_SIZE, "%s/%u", recipes[operation].workload, variables);
}

/* Calls visit() for each cell that the plan leaves of the group; returns how many there are. */
static size_t each_cell(const struct group *group, const struct plan *plan,
                        void (*visit)(struct group *group, const struct context_cell *cell,
                                      unsigned threads))
{
    size_t found = 0, most = COUNT(variable_counts) * plan->thread_count * COUNT(contenders);

    for (size_t i = 0; i < most; i++) {
        size_t row = i / COUNT(contenders);
        struct context_cell cell = {
            .contender = contenders[i % COUNT(contenders)],
            .operation = (enum context_operation)group->number,
            .variables = variable_counts[row / plan->thread_count],
            .operations = FIRST_OPERATIONS,
        };
        char workload[CELL_NAME_SIZE];

        name_workload(workload, group->number, cell.variables);
        if (!cell.contender->operations[cell.operation] ||
            !plan_wants(plan->competitors, cell.contender->name) ||
            !plan_wants(plan->workloads, workload))
            continue;
        found++;
        if (visit)
            visit((struct group *)group, &cell, plan->threads[row % plan->thread_count]);
    }
    return found;
}

static void add_cell(struct group *group, const struct context_cell *wanted, unsigned threads)
{
    struct context_cell *own = die_calloc(1, sizeof *own);
    char workload[CELL_NAME_SIZE];

    name_workload(workload, wanted->operation, wanted->variables);

    struct cell *cell = group_add(group, &context_kind, workload, wanted->contender->name, threads);

    *own = *wanted;
    cell->own = own;
    cell->result.variables = own->variables;
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
    (void)group;
}

static void close_group(struct group *group)
{
    for (size_t i = 0; i < group->cell_count; i++)
        free(group->cells[i].own);
    group_close(group);
}

/* ---- the section -------------------------------------------------------------------------- */

static bool describe(size_t number, struct group *out_group)
{
    if (number >= COUNT(recipes))
        return false;
    *out_group = (struct group){.section = "context", .weight = 3, .number = number};
    snprintf(out_group->workload, sizeof out_group->workload, "%s", recipes[number].workload);
    return true;
}

static bool has_workload(const char *name)
{
    const char *only[] = {name, NULL};
    char workload[CELL_NAME_SIZE];

    for (size_t i = 0; i < COUNT(recipes) * COUNT(variable_counts); i++) {
        name_workload(workload, i / COUNT(variable_counts),
                      variable_counts[i % COUNT(variable_counts)]);
        if (plan_wants(only, workload))
            return true;
    }
    return false;
}

static const char *workload_name(size_t number, const char **out_about)
{
    if (number >= COUNT(recipes))
        return NULL;
    *out_about = recipes[number].about;
    return recipes[number].workload;
}

static const char *competitor_name(size_t number, const char **out_about)
{
    if (number >= COUNT(contenders))
        return NULL;
    *out_about = contenders[number]->about;
    return contenders[number]->name;
}

static const char *missing_package(size_t number)
{
    return contenders[number]->package;
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
