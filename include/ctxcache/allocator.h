/*
 * allocator.h: where the library takes its memory from.
 *
 * Every allocation may fail. A failure is CTX_ERR_NOMEM from the call that met it, or a benign loss
 * where the header of that call says so; it never leaves anything half-done.
 */
#ifndef CTXCACHE_ALLOCATOR_H
#define CTXCACHE_ALLOCATOR_H

#include <stddef.h>

#include "status.h"

CTX_BEGIN_DECLS

/*
 * A user's allocator. Both functions may be called from any thread, also while a lock of the
 * library is held: they must not call the library back, throw, or be a cancellation point.
 */
typedef struct ctx_allocator {
    size_t size; /* sizeof(ctx_allocator): lets the struct grow */
    /* `bytes` > 0 bytes, aligned for any type (as malloc does), or NULL. */
    void *(*allocate)(void *user, size_t bytes);
    /* Takes back what allocate() gave, with the same `bytes`; `block` is never NULL. */
    void (*release)(void *user, void *block, size_t bytes);
    void *user;
} ctx_allocator;

/*
 * Sets the allocator of the context store and of every cache created without one of its own. Call
 * it once, before any other function of the library and before a second thread exists; the struct
 * is copied. NULL goes back to malloc and free.
 *
 * CTX_OK           set
 * CTX_ERR_INVALID  size is not one this version knows, or a function is NULL
 */
CTX_API int ctx_set_allocator(const ctx_allocator *allocator);

/*
 * Memory from that allocator, for code that extends the library: a thread keeps a few small blocks,
 * so that making and giving back costs little. `bytes` > 0, not zeroed; NULL: no memory. What is given
 * back, NULL or not, is given back with the size that was asked for. Any thread.
 */
CTX_API void *ctx_allocate(size_t bytes);
CTX_API void ctx_release(void *block, size_t bytes);

CTX_END_DECLS

#endif
