/*
 * fence.h: a fence whose cost is all on one side. A thread that does something very often announces
 * it by a plain store; the one who wants to know, rarely, makes all running threads fence at that
 * moment (membarrier, Linux 4.14). Where the kernel cannot, both sides fence.
 *
 *   often                           rarely
 *     store "I am inside"             store "this is gone"
 *     ctxi_fence_often()              ctxi_fence_rarely()
 *     load what may be gone           load who is inside
 *
 * After these, it cannot be that both loads miss the other's store.
 */
#ifndef CTXI_BASE_FENCE_H
#define CTXI_BASE_FENCE_H

#include <stdatomic.h>
#include <stdbool.h>

/* Whether the kernel does it for us. Set by ctxi_fence_init(); never taken back. */
extern bool ctxi_fence_is_asymmetric __attribute__((visibility("hidden")));

/* Before the first use of either side, and in the child of a fork; any number of times. */
void ctxi_fence_init(void);

#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic ignored                                                                     \
    "-Wtsan" /* it does not see fences; the edges it needs are elsewhere */
#endif

static inline void ctxi_fence_often(void)
{
    if (__builtin_expect(ctxi_fence_is_asymmetric, 1))
        atomic_signal_fence(memory_order_seq_cst);
    else
        atomic_thread_fence(memory_order_seq_cst);
}

/* False: it did not happen, and nothing may be concluded from what is loaded after. */
bool ctxi_fence_rarely(void);

#endif
