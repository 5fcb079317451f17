#include "support/fork_alloc.h"

#include "support/scale.h"

#if SUPPORT_ASAN
#include <pthread.h>
#include <stdlib.h>

#include "ctxcache/allocator.h"

/* Taken last of all: the library allocates while it holds its own locks. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void acquire(void)
{
    pthread_mutex_lock(&lock);
}

static void release(void)
{
    pthread_mutex_unlock(&lock);
}

/* The first to be registered is the last to be taken: before the library's own, also an initializer. */
static __attribute__((constructor(101))) void register_handlers(void)
{
    if (pthread_atfork(acquire, release, release) != 0)
        abort();
}

static void *allocate(void *user, size_t bytes)
{
    void *block;

    (void)user;
    acquire();
    block = malloc(bytes);
    release();
    return block;
}

static void give_back(void *user, void *block, size_t bytes)
{
    (void)user, (void)bytes;
    acquire();
    free(block);
    release();
}

void support_fork_alloc_install(void)
{
    const ctx_allocator allocator = {sizeof allocator, allocate, give_back, NULL};

    if (ctx_set_allocator(&allocator) != CTX_OK)
        abort();
}
#else
void support_fork_alloc_install(void)
{
}
#endif
