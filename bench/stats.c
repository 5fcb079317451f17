#include "stats.h"

#include <stdlib.h>

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

struct summary stats_summarize(double *numbers, size_t count)
{
    size_t middle = count / 2;

    qsort(numbers, count, sizeof *numbers, ascending);
    return (struct summary){
        .median = count % 2 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2,
        .min = numbers[0],
        .max = numbers[count - 1],
    };
}
