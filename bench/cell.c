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

struct cell *group_add(struct group *group, const struct cell_kind *kind, const char *workload,
                       const char *competitor, unsigned threads)
{
    struct cell *cell = &group->cells[group->cell_count++];

    *cell = (struct cell){
        .kind = kind,
        .threads = threads,
        .samples = die_calloc(CELL_ROUNDS_MAX, sizeof *cell->samples),
        .result = {.section = group->section,
                   .competitor = competitor,
                   .threads = threads,
                   .mops = NAN,
                   .scaling = NAN,
                   .hit_ratio = NAN,
                   .bytes_per_entry = NAN,
                   .overhead_per_entry = NAN,
                   .heap_per_entry = NAN,
                   .latency = {NAN, NAN, NAN, NAN, NAN, 0}},
    };
    snprintf(cell->result.workload, sizeof cell->result.workload, "%s", workload);
    return cell;
}

void group_close(struct group *group)
{
    for (size_t i = 0; i < group->cell_count; i++)
        free(group->cells[i].samples);
    free(group->cells);
    *group = (struct group){0};
}

static int by_noise(const void *left, const void *right)
{
    double a = ((const struct sample *)left)->noise, b = ((const struct sample *)right)->noise;

    return (a > b) - (a < b);
}

static size_t count_quiet(const struct cell *cell)
{
    size_t quiet = 0;

    for (size_t i = 0; i < cell->count; i++)
        quiet += cell->samples[i].noise <= CELL_NOISE_MAX;
    return quiet;
}

/* Of the quiet samples; on a busy machine of the quietest third. */
static void summarize_samples(struct cell *cell)
{
    struct result *result = &cell->result;
    size_t quiet = count_quiet(cell), third = (cell->count + 2) / 3;
    double *kept;

    result->disturbed = quiet < third;
    result->samples = result->disturbed ? third : quiet;
    result->dropped = cell->count - result->samples;
    qsort(cell->samples, cell->count, sizeof *cell->samples, by_noise);
    kept = die_calloc(result->samples, sizeof *kept);
    for (size_t i = 0; i < result->samples; i++)
        kept[i] = cell->samples[i].ns;
    result->ns_per_op = stats_summarize(kept, result->samples);
    result->mops = 1e3 * cell->threads / result->ns_per_op.median;
    free(kept);
}

void cell_summarize(struct cell *cell)
{
    if (cell->count > 0)
        summarize_samples(cell);
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
