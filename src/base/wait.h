/*
 * wait.h: waiting for something until a time by CLOCK_MONOTONIC.
 */
#ifndef CTXI_BASE_WAIT_H
#define CTXI_BASE_WAIT_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* A condition whose deadlines are by that clock. 0, or an errno. */
int ctxi_condition_init(pthread_cond_t *condition);

/* So many nanoseconds from now, or the last moment that there is. */
struct timespec ctxi_deadline_after(uint64_t wait_ns);

#endif
