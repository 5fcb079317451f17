/*
 * sys.h: the two things that the library asks of the operating system besides memory and threads.
 */
#ifndef CTXI_BASE_SYS_H
#define CTXI_BASE_SYS_H

#include <stdint.h>

/* CLOCK_MONOTONIC in nanoseconds; the shape of ctx_cache_config.clock. */
uint64_t ctxi_monotonic_ns(void *unused);

/* 64 random bits from the kernel. 0, or an errno. */
int ctxi_random_u64(uint64_t *out);

#endif
