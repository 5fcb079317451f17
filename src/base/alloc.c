#include "base/alloc.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/versioned.h"

static void *malloc_allocate(void *user, size_t bytes)
{
    (void)user;
    return malloc(bytes);
}

static void malloc_release(void *user, void *block, size_t bytes)
{
    (void)user;
    (void)bytes;
    free(block);
}

#define MALLOC_INIT                                                                                \
    {                                                                                              \
        sizeof(ctx_allocator), malloc_allocate, malloc_release, NULL                               \
    }

static const ctx_allocator malloc_allocator = MALLOC_INIT;
/* Written by ctx_set_allocator() alone, before a second thread exists. */
static ctx_allocator process_allocator = MALLOC_INIT;

const ctx_allocator *ctxi_process_allocator(void)
{
    return &process_allocator;
}

int ctx_set_allocator(const ctx_allocator *allocator)
{
    ctx_allocator wanted;

    if (!allocator) {
        process_allocator = malloc_allocator;
        return CTX_OK;
    }
    if (!ctxi_versioned_read(&wanted, sizeof wanted, sizeof wanted, allocator, allocator->size) ||
        !wanted.allocate || !wanted.release)
        return CTX_ERR_INVALID;
    process_allocator = wanted;
    return CTX_OK;
}

void *ctxi_alloc(const ctx_allocator *allocator, size_t bytes)
{
    return allocator->allocate(allocator->user, bytes);
}

void *ctxi_zalloc(const ctx_allocator *allocator, size_t bytes)
{
    void *block;

    if (ctxi_alloc_is_malloc(allocator))
        return calloc(
            1, bytes); /* what the system gives is zeroed already, and not there until used */
    block = ctxi_alloc(allocator, bytes);
    return block ? memset(block, 0, bytes) : NULL;
}

void ctxi_free(const ctx_allocator *allocator, void *block, size_t bytes)
{
    if (block)
        allocator->release(allocator->user, block, bytes);
}

bool ctxi_alloc_is_malloc(const ctx_allocator *allocator)
{
    return allocator->allocate == malloc_allocate;
}

size_t ctxi_alloc_charge(const ctx_allocator *allocator, void *block, size_t bytes)
{
    /* glibc keeps the size of a block in the word before it. */
    return ctxi_alloc_is_malloc(allocator) ? malloc_usable_size(block) + sizeof(size_t) : bytes;
}
