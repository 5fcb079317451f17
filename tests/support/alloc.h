/*
 * alloc.h: an allocator for tests that counts what is live, checks the sizes it is given back, and
 * fails on demand. Any thread.
 */
#ifndef SUPPORT_ALLOC_H
#define SUPPORT_ALLOC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ctxcache/allocator.h"

struct support_alloc {
    ctx_allocator allocator; /* hand this to the library; its `user` is this struct */
    _Atomic uint64_t calls;  /* allocations asked for since the last support_alloc_fail() */
    _Atomic uint64_t failed; /* how many of them were refused */
    _Atomic uint64_t live_bytes;
    _Atomic uint64_t live_blocks;
    _Atomic uint64_t fail_from; /* the first call to refuse, counted from 0 */
    _Atomic bool fail_all;      /* and every later one, or that one alone */
};

/* Never fails until it is told to. The struct must outlive what it allocates. */
void support_alloc_init(struct support_alloc *alloc);

/* Counts calls from 0 again and refuses call `nth`; with `for_ever` every later one too. */
void support_alloc_fail(struct support_alloc *alloc, uint64_t nth, bool for_ever);

/* Refuses nothing from now on. */
void support_alloc_recover(struct support_alloc *alloc);

#endif
