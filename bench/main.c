/*
 * ctxbench: the program. `ctxbench --help` lists its commands.
 */
#include <stdio.h>
#include <string.h>

#include <ctxcache.h>

#include "commands.h"

struct command {
    const char *name, *about;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    {"advise", "how large a cache should be, by a recorded trace, and for whom", command_advise},
    {"compare", "what caches of other policies would hit of a recorded trace", command_compare},
    {"curve", "what LRU caches of all capacities hit of a recorded trace", command_curve},
    {"generate", "make a trace up: Zipf, scan, loop or mixed, with tenants", command_generate},
    {"replay", "run a recorded trace through the library: hits, misses, time", command_replay},
    {"report", "all that is known of a recorded trace, as one page to look at", command_report},
    {"throughput", "measure single operations beside their competitors", command_throughput},
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static int print_help(void)
{
    puts("Usage: ctxbench COMMAND [options]\n\nCommands:");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-22s%s\n", commands[i].name, commands[i].about);
    puts("\nctxbench COMMAND --help tells more; ctxbench --version prints the version.");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("ctxbench: which command? (see ctxbench --help)\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return print_help();
    if (strcmp(argv[1], "--version") == 0) {
        printf("ctxbench %s\n", ctx_version());
        return 0;
    }
    fprintf(stderr, "ctxbench: there is no command '%s' (see ctxbench --help)\n", argv[1]);
    return 2;
}
