#include "cache/fork.h"

#include "cache/begin.h"
#include "cache/cache.h"
#include "cache/flight.h"
#include "cache/function.h"
#include "cache/recording.h"

/*
 * Guards the list of caches, and `installed`. Lock order: this, then the lock of attachments
 * (reader.c), then each cache's lock in the order of the list, then the locks that may be taken under a
 * cache's: that of its observers, functions and waits; and that of flights by number.
 */
static struct ctxi_lock registry_lock = CTXI_LOCK_INIT;
static struct ctxi_link registry = {&registry, &registry};
static bool installed;

static ctx_cache *cache_of(struct ctxi_link *link)
{
    return CTXI_CONTAINER(link, ctx_cache, registered);
}

static void prepare(void)
{
    ctxi_lock_acquire(&registry_lock);
    ctxi_readers_fork_prepare();
    for (struct ctxi_link *link = registry.next; link != &registry; link = link->next)
        ctxi_lock_acquire(&cache_of(link)->lock);
    for (struct ctxi_link *link = registry.next; link != &registry; link = link->next)
        ctxi_lock_acquire(&cache_of(link)->observers.lock);
    ctxi_fn_fork_prepare();
    ctxi_waits_fork_prepare();
    ctxi_begun_fork_prepare();
}

static void release_all(void)
{
    ctxi_begun_fork_done();
    ctxi_waits_fork_done();
    ctxi_fn_fork_done();
    for (struct ctxi_link *link = registry.prev; link != &registry; link = link->prev)
        ctxi_lock_release(&cache_of(link)->observers.lock);
    for (struct ctxi_link *link = registry.prev; link != &registry; link = link->prev)
        ctxi_lock_release(&cache_of(link)->lock);
    ctxi_readers_fork_done();
    ctxi_lock_release(&registry_lock);
}

static void in_child(void)
{
    ctxi_fence_init();
    for (struct ctxi_link *link = registry.next; link != &registry; link = link->next) {
        ctxi_readers_after_fork(cache_of(link));
        ctxi_recording_after_fork(cache_of(link));
        ctxi_flights_after_fork(cache_of(link));
    }
    ctxi_waits_after_fork();
    ctxi_begun_after_fork();
    release_all();
}

int ctxi_fork_register(ctx_cache *cache)
{
    ctxi_lock_acquire(&registry_lock);
    if (!installed)
        installed = pthread_atfork(prepare, release_all, in_child) == 0;
    if (installed)
        ctxi_list_push_back(&registry, &cache->registered);
    ctxi_lock_release(&registry_lock);
    return installed ? CTX_OK : CTX_ERR_NOMEM;
}

void ctxi_fork_unregister(ctx_cache *cache)
{
    ctxi_lock_acquire(&registry_lock);
    ctxi_list_remove(&cache->registered);
    ctxi_lock_release(&registry_lock);
}
