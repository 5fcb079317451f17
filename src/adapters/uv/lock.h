/*
 * lock.h: the one lock of the adapter, for what belongs to no loop: the list of loops, requests
 * that workers look for, cached calls that any thread lands. Held for a few steps; nothing is called
 * under it but the allocator and uv_async_send().
 */
#ifndef CTXI_UV_LOCK_H
#define CTXI_UV_LOCK_H

void ctxi_uv_lock(void);
void ctxi_uv_unlock(void);

#endif
