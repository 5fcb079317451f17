/*
 * thread.h: what the store keeps for each thread. Included by the files of the store that touch the
 * current context or the thread's caches.
 *
 * The state is a small static thread-local, so that a thread that never uses the library costs
 * nothing and finding it costs one load. What must be given back when the thread ends hangs on a
 * pthread key that ctxi_thread_arm() sets; until then nothing may be left in the state.
 */
#ifndef CTXI_CONTEXT_THREAD_H
#define CTXI_CONTEXT_THREAD_H

#include "ctxcache/context.h"

#define CTXI_BLOCK_CLASSES 5
#define CTXI_SPREAD_PARTS  4
#define CTXI_MOMENT_BITS   16 /* a thread takes so many at a time */

/* A scope that could not set its value, until it ends: in a context, which takes it along when it is
 * swapped; in none; and one that cannot be taken back (scope.h). */
#define CTXI_FAILED_SCOPE (uint64_t)1
#define CTXI_FAILED_BARE  ((uint64_t)1 << 32)
#define CTXI_FAILED_LOST  ((uint64_t)1 << 63)

struct ctxi_block;
struct ctxi_slot;

struct ctxi_thread {
    ctx_context *current;    /* entered, and this thread owns one reference to it; or NULL */
    uint64_t switches;       /* grows whenever `current` becomes another */
    uint64_t next_moment;    /* to be drawn; none are left when its lowest bits are 0 */
    uint64_t scopes_failed;  /* 0, or nothing may be read: the sum of the three below */
    uint32_t slot_count;     /* of `slots` */
    struct ctxi_slot *slots; /* token slots to use next; only while armed */
    bool armed;              /* the end of this thread will be heard of */
    uint8_t part;            /* of every count that is spread (spread.h) */
    uint8_t block_counts[CTXI_BLOCK_CLASSES];
    struct ctxi_block *blocks[CTXI_BLOCK_CLASSES]; /* free memory; only while armed */
};

extern __thread struct ctxi_thread ctxi_thread
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* A number that nobody has drawn before, in the whole process; never 0. */
uint64_t ctxi_moment_draw_slow(void);

static inline uint64_t ctxi_moment_draw(void)
{
    if (__builtin_expect(ctxi_thread.next_moment % (1u << CTXI_MOMENT_BITS) != 0, 1))
        return ctxi_thread.next_moment++;
    return ctxi_moment_draw_slow();
}

int ctxi_thread_arm_slow(void);

/* Makes sure that the end of this thread will be heard of. CTX_ERR_NOMEM. */
static inline int ctxi_thread_arm(void)
{
    return __builtin_expect(ctxi_thread.armed, 1) ? CTX_OK : ctxi_thread_arm_slow();
}

#endif
