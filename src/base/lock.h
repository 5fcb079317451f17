/*
 * lock.h: a mutex that knows, in debug builds, whether the caller holds it.
 */
#ifndef CTXI_BASE_LOCK_H
#define CTXI_BASE_LOCK_H

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>

struct ctxi_lock {
    pthread_mutex_t mutex;
#ifdef CTX_DEBUG
    pthread_t holder; /* meaningful while held */
    bool held;
#endif
};

#define CTXI_LOCK_INIT                                                                             \
    {                                                                                              \
        .mutex = PTHREAD_MUTEX_INITIALIZER                                                         \
    }

static inline int ctxi_lock_init(struct ctxi_lock *lock)
{
    *lock = (struct ctxi_lock){0};
    return pthread_mutex_init(&lock->mutex, NULL);
}

static inline void ctxi_lock_fini(struct ctxi_lock *lock)
{
    pthread_mutex_destroy(&lock->mutex);
}

/* The mutex is ours: by locking it, or at the return of a wait on a condition. */
static inline void ctxi_lock_taken(struct ctxi_lock *lock)
{
#ifdef CTX_DEBUG
    lock->holder = pthread_self();
    lock->held = true;
#else
    (void)lock;
#endif
}

/* The mutex is about to be given up. */
static inline void ctxi_lock_yielded(struct ctxi_lock *lock)
{
#ifdef CTX_DEBUG
    lock->held = false;
#else
    (void)lock;
#endif
}

/* Lets another thread of the same core go on. */
static inline void ctxi_lock_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* False: somebody holds it. */
static inline bool ctxi_lock_try(struct ctxi_lock *lock)
{
    if (pthread_mutex_trylock(&lock->mutex) != 0)
        return false;
    ctxi_lock_taken(lock);
    return true;
}

#define CTXI_LOCK_LOOKS 64 /* before it sleeps: what is done under these locks is short */

static inline void ctxi_lock_acquire(struct ctxi_lock *lock)
{
    for (int looks = 0; looks < CTXI_LOCK_LOOKS; looks++) {
        if (ctxi_lock_try(lock))
            return;
        ctxi_lock_pause();
    }
    pthread_mutex_lock(&lock->mutex);
    ctxi_lock_taken(lock);
}

static inline void ctxi_lock_release(struct ctxi_lock *lock)
{
    ctxi_lock_yielded(lock);
    pthread_mutex_unlock(&lock->mutex);
}

#ifdef CTX_DEBUG
#define CTXI_ASSERT_HELD(lock) assert((lock)->held &&pthread_equal((lock)->holder, pthread_self()))
#else
#define CTXI_ASSERT_HELD(lock) ((void)(lock))
#endif

#endif
