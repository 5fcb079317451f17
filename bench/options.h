/*
 * options.h: reading a command's options from a table, which --help is printed from, too.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_FLAG,   /* bool */
    OPTION_WHOLE,  /* uint64_t from least to most */
    OPTION_NUMBER, /* double from least to most */
    OPTION_TEXT,   /* const char * */
    OPTION_LIST,   /* const char **: the parts between commas, NULL at the end; to be freed with
                      options_list_free() */
    OPTION_OPERAND /* const char *: what is not an option and no option's value; has no name */
};

struct option {
    const char *name;     /* "--seed"; NULL for an operand, of which there is at most one */
    const char *argument; /* what --help calls it; NULL for a flag */
    const char *help;     /* lines after the first begin with a newline */
    enum option_kind kind;
    size_t offset; /* of the field in the command's struct, which holds the default before */
    double least, most;
};

/*
 * Reads argv[first..]. False: one line on stderr says what is wrong, "<command>: <what>".
 */
bool options_read(const struct option *options, size_t count, const char *command, int argc,
                  char **argv, int first, void *out);

void options_print(const struct option *options, size_t count);

void options_list_free(const char **list);

/* Says "<command>: <what>" and where help is, in one line on stderr. Returns false. */
bool options_wrong(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Text as a whole number, decimal; false if it is anything else. */
bool options_whole(const char *text, uint64_t *out);

#endif
