#include "ranks.h"

#include <stdlib.h>

#include "die.h"

static int most_first(const void *left, const void *right)
{
    const struct rank *a = left, *b = right;

    if (a->requests != b->requests)
        return a->requests < b->requests ? 1 : -1;
    return (a->tenant > b->tenant) - (a->tenant < b->tenant);
}

void ranks_sort(struct rank *ranks, uint32_t count)
{
    qsort(ranks, count, sizeof *ranks, most_first);
}

struct rank *ranks_of(const struct ctxi_curve *curves, uint32_t count)
{
    struct rank *ranks = die_calloc(count, sizeof *ranks);

    for (uint32_t i = 0; i < count; i++)
        ranks[i] = (struct rank){curves[i].requests, i};
    ranks_sort(ranks, count);
    return ranks;
}
