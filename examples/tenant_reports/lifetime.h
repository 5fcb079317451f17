/*
 * lifetime.h: when a server has to end, asked for by the main thread while it builds and waits.
 */
#ifndef LIFETIME_H
#define LIFETIME_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct lifetime {
    sigset_t signals;
    pid_t parent;
    struct timespec end; /* CLOCK_MONOTONIC; tv_sec 0: none */
    bool over;
};

/*
 * Blocks SIGINT, SIGTERM and SIGHUP for this thread and those it starts, so that they only ever
 * arrive in lifetime_over() and every end is an orderly one. `seconds` 0: no limit in time.
 */
void lifetime_begin(struct lifetime *life, long seconds);

/*
 * Waits up to `milliseconds` for the end: one of the signals, the time limit, or the end of the
 * process that started us. Once true it stays true.
 */
bool lifetime_over(struct lifetime *life, long milliseconds);

/* For an event loop: from now on signals arrive at handlers, and what is left here is to ask now and then
 * for the other two. */
void lifetime_release_signals(struct lifetime *life);
bool lifetime_outlived(struct lifetime *life);

#endif
