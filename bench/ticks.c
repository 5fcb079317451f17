#include "ticks.h"

#include <math.h>
#include <stdbool.h>

double ticks_step(double span, size_t count)
{
    double each = span / (double)count, ten = pow(10, floor(log10(each)));
    double times = each / ten * (1 - 1e-9);

    return ten * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

size_t ticks_linear(double least, double most, size_t count, double out[TICKS_MAX])
{
    double step = most > least ? ticks_step(most - least, count) : 1;
    double first = ceil(least / step - 1e-9);
    size_t got = 0;

    for (; got < TICKS_MAX && (first + (double)got) * step <= most + step * 1e-9; got++)
        out[got] = (first + (double)got) * step;
    return got;
}

/* A hair of room, for logarithms are rounded. */
static bool is_within(double number, double least, double most)
{
    return number >= least * (1 - 1e-9) && number <= most * (1 + 1e-9);
}

size_t ticks_powers(double base, double least, double most, size_t count, double out[TICKS_MAX])
{
    static const double times[] = {1, 2, 5};
    int first = (int)ceil(log(least) / log(base) - 1e-9);
    int last = (int)floor(log(most) / log(base) + 1e-9);
    int stride = last >= first ? (last - first) / (int)count + 1 : 1;
    size_t got = 0;

    if (last - first >= 2 || base != 10) {
        for (int i = first; i <= last && got < TICKS_MAX; i += stride)
            out[got++] = pow(base, i);
        return got;
    }
    for (int i = first - 1; i <= last; i++)
        for (size_t j = 0; j < sizeof times / sizeof *times; j++)
            if (got < TICKS_MAX && is_within(pow(base, i) * times[j], least, most))
                out[got++] = pow(base, i) * times[j];
    return got;
}
