/*
 * options.h: options of the command line, numbers but for --path.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stddef.h>

struct number_option {
    const char *name;
    long least, most;
    long *value;
};

/*
 * --NAME N for each of `numbers`, --path FILE, and --help, which prints `usage`.
 * At most 16 numbers. EXIT_SUCCESS: go on; else the exit status, with -1 for "helped".
 */
int options_parse(int argc, char **argv, const struct number_option *numbers, size_t count,
                  const char **path, const char *usage);

#endif
