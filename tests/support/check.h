/*
 * check.h: a check that ends the process with status 1, for programs with a main of their own, for
 * threads, and for support code. Tests of Criterion use cr_assert() in their main thread.
 */
#ifndef SUPPORT_CHECK_H
#define SUPPORT_CHECK_H

#include <stdio.h>
#include <unistd.h>

#define CHECK(condition)                                                                           \
    ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition, 0, 0))

/* Equality of two integers, that shows both. */
#define CHECK_EQ(a, b)                                                                             \
    ((a) == (b) ? (void)0                                                                          \
                : check_failed(__FILE__, __LINE__, #a " == " #b, (long long)(a), (long long)(b)))

static inline void check_failed(const char *file, int line, const char *what, long long left,
                                long long right)
{
    fprintf(stderr, "%s:%d: failed: %s (%lld, %lld)\n", file, line, what, left, right);
    fflush(NULL);
    _exit(1);
}

#endif
