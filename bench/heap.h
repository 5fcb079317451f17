/*
 * heap.h: how much memory is in use.
 */
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include <malloc.h>

/* What malloc has given out in all threads, its own words included. */
static inline double heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();

    return (double)(info.uordblks + info.hblkhd);
}

#endif
