/*
 * ticks.h: which numbers stand beside an axis.
 */
#ifndef BENCH_TICKS_H
#define BENCH_TICKS_H

#include <stddef.h>

#define TICKS_MAX 16

/* The least of 1, 2 or 5 times a power of ten that makes at most `count` steps of a span. */
double ticks_step(double span, size_t count);

/* Multiples of that step from `least` to `most`. Returns how many. */
size_t ticks_linear(double least, double most, size_t count, double out[TICKS_MAX]);

/* Powers of `base`, or if there are too many, every second or third of them, at most `count`; where there
 * are fewer than three, twice and five times a power, too. `least` is above 0. */
size_t ticks_powers(double base, double least, double most, size_t count, double out[TICKS_MAX]);

#endif
