#include "base/ticks.h"

#if defined(__x86_64__)

#include <cpuid.h>

#define FEATURES   0x80000001u
#define POWER      0x80000007u
#define HAS_RDTSCP (1u << 27) /* FEATURES, edx */
#define IS_EVEN    (1u << 8)  /* POWER, edx: the rate does not depend on the processor's state */

bool ctxi_ticks_counter;

static bool has(unsigned leaf, unsigned bit)
{
    unsigned a, b, c, d;

    return __get_cpuid(leaf, &a, &b, &c, &d) && (d & bit);
}

__attribute__((constructor)) static void find_counter(void)
{
    ctxi_ticks_counter = has(FEATURES, HAS_RDTSCP) && has(POWER, IS_EVEN);
}

#endif
