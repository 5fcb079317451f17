/*
 * tasks.h: the tasks of a loop that wait. Included by loop.c, which ends them.
 */
#ifndef CTXI_UV_TASKS_H
#define CTXI_UV_TASKS_H

#include "adapters/uv/loop.h"

/* Those that will never run, of a loop that is closed. */
void ctxi_uv_tasks_drop(struct ctxi_uv_loop *kept);

#endif
