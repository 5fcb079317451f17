/*
 * prefetch.h: asks for a line of memory that is about to be written, so that no other processor has it
 * when it is.
 */
#ifndef CTXI_BASE_PREFETCH_H
#define CTXI_BASE_PREFETCH_H

/* Compilers take the instruction for one that not every x86-64 has; where it is missing it does nothing. */
static inline void ctxi_prefetch_write(const void *address)
{
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)address));
#else
    __builtin_prefetch(address, 1);
#endif
}

#endif
