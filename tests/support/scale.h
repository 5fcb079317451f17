/*
 * scale.h: how much work a test does. Sanitizers and valgrind cost a factor of ten and more, so
 * under them counts shrink; what is checked stays the same.
 */
#ifndef SUPPORT_SCALE_H
#define SUPPORT_SCALE_H

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SUPPORT_SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SUPPORT_SLOW 1
#endif
#endif
#ifndef SUPPORT_SLOW
#define SUPPORT_SLOW 0
#endif

/* `full` in an ordinary build, a tenth of it under a sanitizer or with CTX_TEST_SLOW set. */
static inline long scaled(long full)
{
    return SUPPORT_SLOW || getenv("CTX_TEST_SLOW") ? full / 10 : full;
}

#endif
