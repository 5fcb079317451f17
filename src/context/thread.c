#include "context/thread.h"

#include <pthread.h>

#include "context/block.h"
#include "context/enter.h"
#include "context/registry.h"
#include "context/token.h"
#include "context/watch.h"

__thread struct ctxi_thread ctxi_thread
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

_Static_assert(sizeof(struct ctxi_thread) <= 128, "static thread-local space is scarce");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

/*
 * The thread ends. What it drops may run callbacks that use the store once more, and so may the
 * destructors of other keys afterwards: either arms the thread again, and we are called again.
 */
static void thread_ended(void *state)
{
    (void)state;
    ctxi_thread.armed = false;
    ctxi_leave_all();
    ctxi_slots_flush();
    ctxi_blocks_flush();
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, thread_ended) == 0;
}

/* Relaxed: neighbours in time get different ones, that is all. */
static uint8_t next_part(void)
{
    static _Atomic uint32_t given;

    return atomic_fetch_add_explicit(&given, 1, memory_order_relaxed) % CTXI_SPREAD_PARTS;
}

int ctxi_thread_arm_slow(void)
{
    pthread_once(&once, make_key);
    if (!key_made || pthread_setspecific(key, &ctxi_thread) != 0)
        return CTX_ERR_NOMEM;
    ctxi_thread.armed = true;
    ctxi_thread.part = next_part();
    return CTX_OK;
}

/*
 * fork(): the store's locks are held across it, so that the child finds them free and what they
 * guard whole. They are leaves, so their order among themselves and to other locks does not matter.
 * This is here because a program that uses the static library has this file in it.
 */
static void lock_all(void)
{
    ctxi_registry_lock();
    ctxi_slots_lock();
    ctxi_watch_lock();
}

static void unlock_all(void)
{
    ctxi_watch_unlock();
    ctxi_slots_unlock();
    ctxi_registry_unlock();
}

static void in_child(void)
{
    ctxi_enter_forked();
    unlock_all();
}

static __attribute__((constructor)) void register_fork_handlers(void)
{
    (void)pthread_atfork(lock_all, unlock_all, in_child); /* fails only where nothing starts */
}

/* ---- moments ------------------------------------------------------------------------------ */

/* Relaxed: nobody concludes anything from the order of the numbers. */
uint64_t ctxi_moment_draw_slow(void)
{
    static _Atomic uint64_t taken = 1;
    uint64_t block = atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);

    ctxi_thread.next_moment = block << CTXI_MOMENT_BITS | 1;
    return ctxi_thread.next_moment++;
}
