/*
 * fork(): the store's locks are held across it, so that the child finds them free and what they
 * guard whole. The locks are leaves, and their order does not matter.
 */
#include <pthread.h>

#include "context/registry.h"
#include "context/token.h"
#include "context/watch.h"

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

static __attribute__((constructor)) void register_handlers(void)
{
    (void)pthread_atfork(lock_all, unlock_all, unlock_all); /* fails only without any memory */
}
