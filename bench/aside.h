/*
 * aside.h: a file that is written beside its name and takes its place when it is whole, so that nobody ever
 * sees half of it.
 */
#ifndef BENCH_ASIDE_H
#define BENCH_ASIDE_H

#include <stdbool.h>
#include <stddef.h>

/* What is no regular file, a device for instance, is written to straight. All return false with errno. */

/* Whether it could be written now; leaves nothing behind. */
bool aside_check(const char *name);

bool aside_write(const char *name, const char *text, size_t size);

#endif
