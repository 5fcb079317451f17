/*
 * gate.h: making threads meet, without a clock. A gate holds whoever passes until it is opened, and
 * tells how many have arrived. Waiting longer than a minute means a hang and fails the program.
 */
#ifndef SUPPORT_GATE_H
#define SUPPORT_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int arrived;
    bool open;
};

#define GATE_INIT                                                                                  \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false                              \
    }

/* Arrives, and waits until the gate is open. A point of cancellation. */
void gate_pass(struct gate *gate);

/* Waits until `count` have arrived since the beginning. */
void gate_await(struct gate *gate, int count);

void gate_open(struct gate *gate);

/* This thread, for await_asleep(). */
pid_t thread_tid(void);

/*
 * Waits until the thread sleeps in the kernel and goes on sleeping. The caller sees to it that what
 * it waits for is the only thing it can wait for.
 */
void await_asleep(pid_t tid);

#endif
