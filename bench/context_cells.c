/*
 * The context section: single operations with 1, 16 and 1000 variables set.
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

static const struct context_contender *const contenders[] = {
    &context_floor,
    &context_floor_inline,
    &context_ctxcache,
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct context_cell {
    const struct context_contender *contender;
    enum context_operation operation;
    size_t operations; /* for each worker */
};

/* ---- one sample --------------------------------------------------------------------------- */

static void begin(struct cell *cell, size_t round)
{
    (void)cell;
    (void)round;
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

static void end(struct cell *cell, size_t round, double ns)
{
    struct context_cell *own = cell->own;

    if (round == 0)
        own->operations = (size_t)((double)own->operations * SAMPLE_NS / (ns + 1)) + 1;
}

static size_t operations(const struct cell *cell)
{
    const struct context_cell *own = cell->own;

    return own->operations * cell->threads;
}

static const struct cell_kind context_kind = {begin, end, ready, work, leave, operations};

/* ---- groups ------------------------------------------------------------------------------- */

static enum context_operation operation_of(const struct group *group)
{
    return (enum context_operation)(group->number / COUNT(variable_counts));
}

static bool competes(const struct group *group, const struct context_contender *contender,
                     const struct plan *plan)
{
    return plan_wants(plan->competitors, contender->name) &&
           contender->operations[operation_of(group)];
}

static void add_cell(struct group *group, const struct context_contender *contender,
                     unsigned threads)
{
    struct context_cell *own = die_calloc(1, sizeof *own);

    *own = (struct context_cell){contender, operation_of(group), FIRST_OPERATIONS};
    group_add(group, &context_kind, contender->name, threads)->own = own;
}

static void open_group(struct group *group, const struct plan *plan)
{
    group_open(group, COUNT(contenders) * plan->thread_count);
    for (size_t c = 0; c < COUNT(contenders); c++) {
        contenders[c]->prepare(group->variables);
        for (size_t t = 0; competes(group, contenders[c], plan) && t < plan->thread_count; t++)
            add_cell(group, contenders[c], plan->threads[t]);
    }
}

static void complete_group(struct group *group)
{
    (void)group;
}

static void close_group(struct group *group)
{
    for (size_t i = 0; i < group->cell_count; i++)
        free(group->cells[i].own);
    for (size_t c = 0; c < COUNT(contenders); c++)
        contenders[c]->finish();
    group_close(group);
}

/* ---- the section -------------------------------------------------------------------------- */

static bool describe(size_t number, struct group *out_group)
{
    unsigned variables = variable_counts[number % COUNT(variable_counts)];

    *out_group =
        (struct group){.section = "context", .variables = variables, .weight = 1, .number = number};
    if (number >= COUNT(recipes) * COUNT(variable_counts))
        return false;
    snprintf(out_group->workload, sizeof out_group->workload, "%s/%u",
             recipes[operation_of(out_group)].workload, variables);
    return true;
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

static size_t count_cells(const struct group *group, const struct plan *plan)
{
    size_t count = 0;

    for (size_t c = 0; c < COUNT(contenders); c++)
        count += competes(group, contenders[c], plan);
    return count * plan->thread_count;
}

const struct section section_context = {
    .name = "context",
    .describe = describe,
    .workload = workload_name,
    .competitor = competitor_name,
    .count = count_cells,
    .open = open_group,
    .complete = complete_group,
    .close = close_group,
};
