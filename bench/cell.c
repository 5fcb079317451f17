#include "cell.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"

/* "get" in the list wants "get/1", "get/16" and so on. */
bool plan_wants(const char *const *list, const char *name)
{
    size_t base = strcspn(name, "/");

    if (!list)
        return true;
    for (; *list; list++)
        if (strcmp(*list, name) == 0 || (strlen(*list) == base && strncmp(*list, name, base) == 0))
            return true;
    return false;
}

void group_open(struct group *group, size_t cells_most)
{
    group->cells = die_calloc(cells_most, sizeof *group->cells);
    group->cell_count = 0;
}

struct cell *group_add(struct group *group, const struct cell_kind *kind, const char *competitor,
                       unsigned threads)
{
    struct cell *cell = &group->cells[group->cell_count++];

    *cell = (struct cell){
        .kind = kind,
        .threads = threads,
        .samples = die_calloc(CELL_ROUNDS_MAX, sizeof *cell->samples),
        .noisy = die_calloc(CELL_ROUNDS_MAX, sizeof *cell->noisy),
        .result = {.section = group->section,
                   .competitor = competitor,
                   .threads = threads,
                   .scaling = NAN,
                   .hit_ratio = NAN,
                   .bytes_per_entry = NAN},
    };
    snprintf(cell->result.workload, sizeof cell->result.workload, "%s", group->workload);
    return cell;
}

void group_close(struct group *group)
{
    for (size_t i = 0; i < group->cell_count; i++) {
        free(group->cells[i].samples);
        free(group->cells[i].noisy);
    }
    free(group->cells);
    *group = (struct group){0};
}

/* Moves the quiet samples to the front; returns how many there are. */
static size_t keep_quiet(const struct cell *cell)
{
    size_t kept = 0;

    for (size_t i = 0; i < cell->count; i++)
        if (!cell->noisy[i])
            cell->samples[kept++] = cell->samples[i];
    return kept;
}

static size_t count_quiet(const struct cell *cell)
{
    size_t quiet = 0;

    for (size_t i = 0; i < cell->count; i++)
        quiet += !cell->noisy[i];
    return quiet;
}

void cell_summarize(struct cell *cell)
{
    struct result *result = &cell->result;

    result->disturbed = count_quiet(cell) * 3 < cell->count;
    result->samples = result->disturbed ? cell->count : keep_quiet(cell);
    result->dropped = cell->count - result->samples;
    result->ns_per_op = stats_summarize(cell->samples, result->samples);
    result->mops = 1e3 * cell->threads / result->ns_per_op.median;
}

void group_scale(struct group *group)
{
    for (size_t i = 0; i < group->cell_count; i++) {
        struct result *result = &group->cells[i].result;

        for (size_t j = 0; j < group->cell_count; j++) {
            const struct result *alone = &group->cells[j].result;

            if (result->threads > 1 && alone->threads == 1 &&
                strcmp(alone->workload, result->workload) == 0 &&
                strcmp(alone->competitor, result->competitor) == 0)
                result->scaling = result->mops / alone->mops;
        }
    }
}
