#include "base/sys.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>
#include <time.h>

uint64_t ctxi_monotonic_ns(void *unused)
{
    struct timespec now;

    (void)unused;
    clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: the clock exists, the pointer is good */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int read_random(uint64_t *out)
{
    for (;;) {
        ssize_t got = getrandom(out, sizeof *out, 0);

        if (got == (ssize_t)sizeof *out)
            return 0;
        if (got < 0 && errno != EINTR)
            return errno;
    }
}

/* getrandom() is a cancellation point, and who makes a cache holds what would be lost. */
int ctxi_random_u64(uint64_t *out)
{
    int before, error;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    error = read_random(out);
    pthread_setcancelstate(before, &before);
    return error;
}
