#include "support/alloc.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

static bool refused(struct support_alloc *alloc)
{
    uint64_t call = atomic_fetch_add(&alloc->calls, 1);
    uint64_t from = atomic_load(&alloc->fail_from);

    if (call != from && !(call > from && atomic_load(&alloc->fail_all)))
        return false;
    atomic_fetch_add(&alloc->failed, 1);
    return true;
}

static void *allocate(void *user, size_t bytes)
{
    struct support_alloc *alloc = user;
    void *block = refused(alloc) ? NULL : malloc(bytes);

    if (!block)
        return NULL;
    atomic_fetch_add(&alloc->live_bytes, bytes);
    atomic_fetch_add(&alloc->live_blocks, 1);
    return block;
}

/* A size that is too large is told here, exactly so under ASan; one that is too small leaves bytes
 * that count as live. */
static void release(void *user, void *block, size_t bytes)
{
    struct support_alloc *alloc = user;

    if (malloc_usable_size(block) < bytes) {
        fprintf(stderr, "release of %p: %zu bytes given back, less were taken\n", block, bytes);
        abort();
    }
    atomic_fetch_sub(&alloc->live_bytes, bytes);
    atomic_fetch_sub(&alloc->live_blocks, 1);
    free(block);
}

void support_alloc_init(struct support_alloc *alloc)
{
    alloc->allocator = (ctx_allocator){sizeof(ctx_allocator), allocate, release, alloc};
    atomic_init(&alloc->live_bytes, 0);
    atomic_init(&alloc->live_blocks, 0);
    support_alloc_recover(alloc);
}

void support_alloc_fail(struct support_alloc *alloc, uint64_t nth, bool for_ever)
{
    atomic_store(&alloc->calls, 0);
    atomic_store(&alloc->failed, 0);
    atomic_store(&alloc->fail_all, for_ever);
    atomic_store(&alloc->fail_from, nth);
}

void support_alloc_recover(struct support_alloc *alloc)
{
    support_alloc_fail(alloc, UINT64_MAX, false);
}
