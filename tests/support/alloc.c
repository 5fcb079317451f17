#include "support/alloc.h"

#include <stdio.h>
#include <stdlib.h>

/* Before each block: what was asked for. 16 bytes keep the block aligned for any type. */
union header {
    struct {
        size_t bytes;
        uint64_t mark;
    } is;
    max_align_t align;
};

static const uint64_t live_mark = 0x6c69766520626c6bu;
static const uint64_t dead_mark = 0x6465616420626c6bu;

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
    union header *header = refused(alloc) ? NULL : malloc(sizeof *header + bytes);

    if (!header)
        return NULL;
    header->is.bytes = bytes;
    header->is.mark = live_mark;
    atomic_fetch_add(&alloc->live_bytes, bytes);
    atomic_fetch_add(&alloc->live_blocks, 1);
    return header + 1;
}

static void release(void *user, void *block, size_t bytes)
{
    struct support_alloc *alloc = user;
    union header *header = (union header *)block - 1;

    if (header->is.mark != live_mark || header->is.bytes != bytes) {
        fprintf(stderr, "release of %p: %zu bytes given back, %zu were taken%s\n", block, bytes,
                header->is.bytes, header->is.mark == dead_mark ? "; freed before" : "");
        abort();
    }
    header->is.mark = dead_mark;
    atomic_fetch_sub(&alloc->live_bytes, bytes);
    atomic_fetch_sub(&alloc->live_blocks, 1);
    free(header);
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
