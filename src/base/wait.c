#include "base/wait.h"

#include "base/sys.h"

int ctxi_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    int r = pthread_condattr_init(&attributes);

    if (r)
        return r;
    r = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (!r)
        r = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return r;
}

struct timespec ctxi_deadline_after(uint64_t wait_ns)
{
    uint64_t now = ctxi_monotonic_ns(NULL);
    uint64_t end = wait_ns > INT64_MAX - now ? INT64_MAX : now + wait_ns;

    return (struct timespec){(time_t)(end / 1000000000u), (long)(end % 1000000000u)};
}
