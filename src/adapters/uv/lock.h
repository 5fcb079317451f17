/*
 * lock.h: the one lock of the adapter, for what belongs to no loop: the list of loops, and requests
 * that workers look for. Held for a few steps; nothing is called under it but the allocator.
 */
#ifndef CTXI_UV_LOCK_H
#define CTXI_UV_LOCK_H

void ctxi_uv_lock(void);
void ctxi_uv_unlock(void);

#endif
