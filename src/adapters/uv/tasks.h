/*
 * tasks.h: the tasks of a loop that wait. Included by loop.c, which ends them, and by
 * calls.c, whose answers are tasks, too.
 */
#ifndef CTXI_UV_TASKS_H
#define CTXI_UV_TASKS_H

#include "adapters/uv/loop.h"

/* A task of ours, which sees to its context itself. UV_ENOMEM, UV_ECANCELED. */
int ctxi_uv_tasks_add(struct ctxi_uv_loop *kept, void (*fn)(void *arg), void *arg);

/* Takes the one with that argument out again, if it waits. */
void ctxi_uv_tasks_remove(struct ctxi_uv_loop *kept, const void *arg);

/* Whether a handle is the tasks', and no user's task is among them. */
bool ctxi_uv_tasks_own(const struct ctxi_uv_loop *kept, const uv_handle_t *handle);

/* Those that will never run, of a loop that is closed. */
void ctxi_uv_tasks_drop(struct ctxi_uv_loop *kept);

#endif
