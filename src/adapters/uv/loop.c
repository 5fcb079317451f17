#include "adapters/uv/loop.h"

#include <stdatomic.h>
#include <string.h>

#include "adapters/uv/calls.h"
#include "adapters/uv/capture.h"
#include "adapters/uv/lock.h"
#include "adapters/uv/tasks.h"

enum { BUCKETS = 64 }; /* processes have a few loops */

/* Under the lock. */
static struct ctxi_uv_loop *loops[BUCKETS];

/*
 * How many were taken out of the list. What a thread remembers is good as long as none was, so that
 * finding takes no lock. Relaxed: a thread that uses a loop knows, by whatever told it that it may, of
 * all that was done with loops at that address before.
 */
static _Atomic uint64_t removals;

static __thread struct {
    uv_loop_t *loop;
    struct ctxi_uv_loop *kept;
    uint64_t removals;
} last __attribute__((tls_model("initial-exec")));

static struct ctxi_uv_loop **bucket_of(const uv_loop_t *loop)
{
    return &loops[((uintptr_t)loop >> 4) % BUCKETS];
}

static struct ctxi_uv_loop *remember(uv_loop_t *loop, struct ctxi_uv_loop *kept, uint64_t seen)
{
    last.loop = loop;
    last.kept = kept;
    last.removals = seen;
    return kept;
}

struct ctxi_uv_loop *ctxi_uv_loop_find(uv_loop_t *loop)
{
    uint64_t seen = atomic_load_explicit(&removals, memory_order_relaxed);
    struct ctxi_uv_loop *kept;

    if (last.loop == loop && last.removals == seen)
        return last.kept;
    ctxi_uv_lock();
    kept = *bucket_of(loop);
    while (kept && kept->loop != loop)
        kept = kept->next;
    ctxi_uv_unlock();
    return kept ? remember(loop, kept, seen) : NULL;
}

static struct ctxi_uv_loop *add(uv_loop_t *loop)
{
    struct ctxi_uv_loop *kept = ctx_allocate(sizeof *kept);
    struct ctxi_uv_loop **bucket = bucket_of(loop);

    if (!kept)
        return NULL;
    memset(kept, 0, sizeof *kept);
    kept->loop = loop;
    ctxi_uv_table_init(&kept->captures);
    ctxi_uv_lock();
    kept->next = *bucket;
    *bucket = kept;
    ctxi_uv_unlock();
    return remember(loop, kept, atomic_load_explicit(&removals, memory_order_relaxed));
}

static void drop(struct ctxi_uv_loop *kept)
{
    struct ctxi_uv_loop **at = bucket_of(kept->loop);

    ctxi_uv_lock();
    while (*at != kept)
        at = &(*at)->next;
    *at = kept->next;
    atomic_fetch_add_explicit(&removals, 1, memory_order_relaxed);
    ctxi_uv_unlock();
    ctx_release(kept, sizeof *kept);
}

struct ctxi_uv_loop *ctxi_uv_loop_hold(uv_loop_t *loop)
{
    struct ctxi_uv_loop *kept = ctxi_uv_loop_find(loop);

    if (!kept)
        kept = add(loop);
    if (kept)
        kept->holds++;
    return kept;
}

/* What is left of it would be of no use. */
static bool is_empty(const struct ctxi_uv_loop *kept)
{
    return kept->captures.count == 0 && !kept->tasks && !kept->calls && !kept->landings &&
           kept->loads == 0 && kept->closing == 0 && kept->failures == 0 && !kept->on_failure;
}

void ctxi_uv_loop_release(struct ctxi_uv_loop *kept)
{
    if (--kept->holds == 0 && is_empty(kept))
        drop(kept);
}

void ctxi_uv_loop_closed_one(struct ctxi_uv_loop *kept)
{
    kept->holds++;
    kept->closing--;
    ctxi_uv_loop_release(kept);
}

void ctxi_uv_loop_failed(struct ctxi_uv_loop *kept, int status)
{
    kept->failures++;
    if (kept->on_failure)
        kept->on_failure(kept->on_failure_user, status);
}

uint64_t ctx_uv_failures(uv_loop_t *loop)
{
    struct ctxi_uv_loop *kept = ctxi_uv_loop_find(loop);

    return kept ? kept->failures : 0;
}

int ctx_uv_on_failure(uv_loop_t *loop, ctx_uv_failure_cb *fn, void *user)
{
    struct ctxi_uv_loop *kept;

    if (!loop)
        return UV_EINVAL;
    kept = ctxi_uv_loop_hold(loop);
    if (!kept)
        return UV_ENOMEM;
    kept->on_failure = fn;
    kept->on_failure_user = user;
    ctxi_uv_loop_release(kept);
    return 0;
}

int ctx_uv_loop_close(uv_loop_t *loop)
{
    struct ctxi_uv_loop *kept;
    int error;

    if (!loop)
        return UV_EINVAL;
    kept = ctxi_uv_loop_find(loop);
    if (kept && kept->holds > 0)
        return UV_EBUSY;
    if (kept && (error = ctxi_uv_calls_end(kept)) != 0)
        return error;
    error = uv_loop_close(loop);
    if (error != 0 || !kept)
        return error;
    ctxi_uv_captures_drop(kept);
    ctxi_uv_tasks_drop(kept);
    ctxi_uv_landings_drop(kept);
    drop(kept);
    return 0;
}
