#include "lifetime.h"

#include <pthread.h>
#include <unistd.h>

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

void lifetime_begin(struct lifetime *life, long seconds)
{
    *life = (struct lifetime){.parent = getppid()};
    sigemptyset(&life->signals);
    for (size_t i = 0; i < sizeof ending_signals / sizeof *ending_signals; i++)
        sigaddset(&life->signals, ending_signals[i]);
    pthread_sigmask(SIG_BLOCK, &life->signals, NULL);
    /* A shell starts background jobs with SIGINT ignored, and an ignored signal may get lost. */
    for (size_t i = 0; i < sizeof ending_signals / sizeof *ending_signals; i++)
        signal(ending_signals[i], SIG_DFL);
    signal(SIGPIPE, SIG_IGN);

    if (seconds > 0) {
        clock_gettime(CLOCK_MONOTONIC, &life->end);
        life->end.tv_sec += seconds;
    }
}

static bool time_is_up(const struct lifetime *life)
{
    struct timespec now;

    if (life->end.tv_sec == 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > life->end.tv_sec ||
           (now.tv_sec == life->end.tv_sec && now.tv_nsec >= life->end.tv_nsec);
}

bool lifetime_outlived(struct lifetime *life)
{
    if (!life->over)
        life->over = time_is_up(life) || getppid() != life->parent;
    return life->over;
}

bool lifetime_over(struct lifetime *life, long milliseconds)
{
    const struct timespec wait = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    if (!life->over)
        life->over = sigtimedwait(&life->signals, NULL, &wait) > 0;
    return lifetime_outlived(life);
}

void lifetime_release_signals(struct lifetime *life)
{
    pthread_sigmask(SIG_UNBLOCK, &life->signals, NULL);
}
