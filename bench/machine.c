#include "machine.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "pool.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* A build may say its flags itself; else what the compiler tells of them. */
#ifndef CTXBENCH_FLAGS
#ifdef __OPTIMIZE__
#define OPTIMIZED "optimized"
#else
#define OPTIMIZED "NOT OPTIMIZED"
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED ", SANITIZED"
#else
#define SANITIZED ""
#endif
#ifdef __AVX2__
#define TARGET ", AVX2"
#else
#define TARGET ", baseline instructions"
#endif
#define CTXBENCH_FLAGS OPTIMIZED TARGET SANITIZED
#endif

/* The value of the first line "model name : ..." there is; not every architecture has one. */
static int read_cpu_model(char *out, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];
    int found = 0;

    while (file && !found && fgets(line, sizeof line, file)) {
        char *value = strchr(line, ':');

        if (!value || strncmp(line, "model name", 10) != 0)
            continue;
        value += 1 + strspn(value + 1, " \t");
        value[strcspn(value, "\n")] = '\0';
        snprintf(out, size, "%s", value);
        found = 1;
    }
    if (file)
        fclose(file);
    return found;
}

void machine_read(struct machine *machine, uint64_t seed)
{
    struct utsname names;

    *machine = (struct machine){.compiler = COMPILER,
                                .flags = CTXBENCH_FLAGS,
                                .cores = pool_processors(),
                                .seed = seed};
    if (uname(&names) != 0)
        return;
    snprintf(machine->kernel, sizeof machine->kernel, "%s %s", names.sysname, names.release);
    if (!read_cpu_model(machine->cpu, sizeof machine->cpu))
        snprintf(machine->cpu, sizeof machine->cpu, "%s", names.machine);
}
