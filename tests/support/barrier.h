/*
 * barrier.h: lets threads start a race at the same moment.
 */
#ifndef SUPPORT_BARRIER_H
#define SUPPORT_BARRIER_H

#include <pthread.h>
#include <stdlib.h>

struct support_barrier {
    pthread_barrier_t barrier;
};

static inline void support_barrier_init(struct support_barrier *barrier, unsigned threads)
{
    if (pthread_barrier_init(&barrier->barrier, NULL, threads) != 0)
        abort();
}

/* Returns in all threads once the last of them has come; may be used again at once. */
static inline void support_barrier_wait(struct support_barrier *barrier)
{
    pthread_barrier_wait(&barrier->barrier);
}

static inline void support_barrier_fini(struct support_barrier *barrier)
{
    pthread_barrier_destroy(&barrier->barrier);
}

#endif
