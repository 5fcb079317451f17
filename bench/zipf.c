#include "zipf.h"

#include <math.h>
#include <stdlib.h>

#include "die.h"

void zipf_init(struct zipf *zipf, size_t count, double exponent)
{
    double sum = 0;

    zipf->count = count;
    zipf->cumulative = die_calloc(count, sizeof *zipf->cumulative);
    for (size_t i = 0; i < count; i++) {
        sum += pow((double)i + 1, -exponent);
        zipf->cumulative[i] = sum;
    }
    for (size_t i = 0; i < count; i++)
        zipf->cumulative[i] /= sum;
}

void zipf_fini(struct zipf *zipf)
{
    free(zipf->cumulative);
}

size_t zipf_draw(const struct zipf *zipf, struct random *random)
{
    double at = random_unit(random);
    size_t low = 0, high = zipf->count - 1;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (zipf->cumulative[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
