/*
 * die.h: the one way a bench ends early: a line on stderr and exit status 1.
 */
#ifndef BENCH_DIE_H
#define BENCH_DIE_H

#include <stddef.h>

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* calloc() that dies instead of returning NULL. `count` may be 0. */
void *die_calloc(size_t count, size_t size);

#endif
