/*
 * scale.h: how much work a test does. Sanitizers and valgrind cost a factor of ten and more, so
 * under them counts shrink; what is checked stays the same.
 */
#ifndef SUPPORT_SCALE_H
#define SUPPORT_SCALE_H

#include <stdlib.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SUPPORT_ASAN 1
#else
#define SUPPORT_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define SUPPORT_TSAN 1
#else
#define SUPPORT_TSAN 0
#endif

/* `full` in an ordinary build, a tenth of it under a sanitizer or with CTX_TEST_SLOW set. */
static inline long scaled(long full)
{
    return SUPPORT_ASAN || SUPPORT_TSAN || getenv("CTX_TEST_SLOW") ? full / 10 : full;
}

#endif
