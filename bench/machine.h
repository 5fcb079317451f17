/*
 * machine.h: on what, and with what, a result was measured.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdint.h>

struct machine {
    char cpu[128], kernel[160];
    const char *compiler, *flags;
    unsigned cores; /* that this process may use */
    uint64_t seed;
};

void machine_read(struct machine *machine, uint64_t seed);

#endif
