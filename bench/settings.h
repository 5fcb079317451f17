/*
 * settings.h: what the command line of `ctxbench throughput` asks for.
 */
#ifndef BENCH_SETTINGS_H
#define BENCH_SETTINGS_H

#include "cell.h"

#define COMMAND "ctxbench throughput"

struct settings {
    struct plan plan;
    const char **threads; /* as they were typed; plan.threads has the numbers */
    uint64_t rounds;      /* 0: as many as fit into the seconds */
    double seconds;
    const char *output, *svg; /* names of files; NULL: standard output, and no picture */
    bool json, markdown, help, version;
};

/* False: one line on stderr says what is wrong. To be freed in both cases. */
bool settings_read(struct settings *settings, int argc, char **argv);
void settings_free(struct settings *settings);

void settings_help(void);

#endif
