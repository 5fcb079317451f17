#include "context/watch.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"

/*
 * One watcher. `stamp` is odd while there is one, and grows with each that comes or goes; who calls
 * reads it before and after the rest, so that it never calls one with the data of another.
 */
struct slot {
    _Atomic uint32_t stamp;
    _Atomic(ctx_watcher *) watcher;
    _Atomic(void *) user;
};

_Atomic int ctxi_watch_count;

/* Guards writing. A leaf: nothing is called under it. */
static struct ctxi_lock watch_lock = CTXI_LOCK_INIT;
static struct slot slots[CTX_WATCH_MAX];

void ctxi_watch_lock(void)
{
    ctxi_lock_acquire(&watch_lock);
}

void ctxi_watch_unlock(void)
{
    ctxi_lock_release(&watch_lock);
}

/* WATCH-1 acquire; partner: the releases in add() and ctx_unwatch(), in the order of token.c. */
static bool read_slot(struct slot *slot, ctx_watcher **out_watcher, void **out_user)
{
    uint32_t stamp = atomic_load_explicit(&slot->stamp, memory_order_acquire);

    *out_watcher = atomic_load_explicit(&slot->watcher, memory_order_acquire);
    *out_user = atomic_load_explicit(&slot->user, memory_order_acquire);
    return stamp % 2 == 1 && atomic_load_explicit(&slot->stamp, memory_order_acquire) == stamp;
}

void ctxi_watch_call(enum ctx_watch_event event, ctx_context *context)
{
    for (size_t i = 0; i < CTX_WATCH_MAX; i++) {
        ctx_watcher *watcher;
        void *user;

        if (read_slot(&slots[i], &watcher, &user))
            watcher(user, event, context);
    }
}

/* An id names the slot, and which of the watchers that the slot has had. */
static int id_of(size_t i, uint32_t stamp)
{
    return (int)(((uint64_t)(stamp / 2) * CTX_WATCH_MAX + i) & INT32_MAX);
}

static int add(size_t i, ctx_watcher *watcher, void *user)
{
    uint32_t stamp = atomic_load_explicit(&slots[i].stamp, memory_order_relaxed) + 1;

    CTXI_ASSERT_HELD(&watch_lock);
    atomic_store_explicit(&slots[i].watcher, watcher, memory_order_release);
    atomic_store_explicit(&slots[i].user, user, memory_order_release);
    atomic_store_explicit(&slots[i].stamp, stamp, memory_order_release);
    atomic_fetch_add_explicit(&ctxi_watch_count, 1, memory_order_relaxed);
    return id_of(i, stamp);
}

int ctx_watch(ctx_watcher *watcher, void *user, int *out_id)
{
    int status = CTX_ERR_LIMIT;

    if (!watcher || !out_id)
        return CTX_ERR_INVALID;
    ctxi_watch_lock();
    for (size_t i = 0; i < CTX_WATCH_MAX && status != CTX_OK; i++) {
        if (atomic_load_explicit(&slots[i].stamp, memory_order_relaxed) % 2 == 1)
            continue;
        *out_id = add(i, watcher, user);
        status = CTX_OK;
    }
    ctxi_watch_unlock();
    return status;
}

int ctx_unwatch(int id)
{
    struct slot *slot;
    uint32_t stamp;
    int status = CTX_ERR_INVALID;

    if (id < 0)
        return CTX_ERR_INVALID;
    slot = &slots[id % CTX_WATCH_MAX];
    ctxi_watch_lock();
    stamp = atomic_load_explicit(&slot->stamp, memory_order_relaxed);
    if (stamp % 2 == 1 && id_of((size_t)id % CTX_WATCH_MAX, stamp) == id) {
        atomic_store_explicit(&slot->stamp, stamp + 1, memory_order_release);
        atomic_fetch_sub_explicit(&ctxi_watch_count, 1, memory_order_relaxed);
        status = CTX_OK;
    }
    ctxi_watch_unlock();
    return status;
}
