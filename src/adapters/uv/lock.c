#include "adapters/uv/lock.h"

#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void ctxi_uv_lock(void)
{
    pthread_mutex_lock(&mutex);
}

void ctxi_uv_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

/* The child of a fork() finds it as the thread that forks leaves it: free. */
__attribute__((constructor)) static void survive_fork(void)
{
    (void)pthread_atfork(ctxi_uv_lock, ctxi_uv_unlock, ctxi_uv_unlock);
}
