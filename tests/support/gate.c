#include "support/gate.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "support/check.h"
#include "support/unwind.h"

enum { HANG_SECONDS = 60, ASLEEP_SAMPLES = 8 };

static void unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

static struct timespec hang_deadline(void)
{
    struct timespec deadline;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += HANG_SECONDS;
    return deadline;
}

static void wait_change(struct gate *gate, const struct timespec *deadline)
{
    int r = pthread_cond_timedwait(&gate->changed, &gate->mutex, deadline);

    CHECK_EQ(r, 0);
}

void gate_pass(struct gate *gate)
{
    struct timespec deadline = hang_deadline();

    pthread_mutex_lock(&gate->mutex);
    pthread_cleanup_push(unlock, &gate->mutex);
    gate->arrived++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open) {
        may_unwind_here();
        wait_change(gate, &deadline);
    }
    pthread_cleanup_pop(1);
}

void gate_await(struct gate *gate, int count)
{
    struct timespec deadline = hang_deadline();

    pthread_mutex_lock(&gate->mutex);
    while (gate->arrived < count)
        wait_change(gate, &deadline);
    pthread_mutex_unlock(&gate->mutex);
}

void gate_open(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}

pid_t thread_tid(void)
{
    return (pid_t)syscall(SYS_gettid);
}

/* The letter of the thread's state: the field after the name, which is in parentheses. */
static char thread_state(pid_t tid)
{
    char path[64], line[512] = "";
    FILE *file;
    char *end;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
    file = fopen(path, "r");
    if (!file)
        return 0;
    if (!fgets(line, sizeof line, file))
        line[0] = 0;
    fclose(file);
    end = strrchr(line, ')');
    if (!end || !end[1])
        return 0;
    return end[2];
}

void await_asleep(pid_t tid)
{
    const struct timespec pause = {0, 1000000};
    int asleep = 0;

    for (long waited = 0; asleep < ASLEEP_SAMPLES; waited++) {
        char state = thread_state(tid);

        CHECK(state); /* it ended instead */
        asleep = state == 'S' ? asleep + 1 : 0;
        nanosleep(&pause, NULL);
        CHECK(waited < HANG_SECONDS * 1000L);
    }
}
