/*
 * traces.h: the trace that a command works on: its options, and reading it with a progress line.
 */
#ifndef BENCH_TRACES_H
#define BENCH_TRACES_H

#include <stdbool.h>
#include <stdio.h>

#include "options.h"
#include "tune/trace.h"

struct trace_settings {
    const char *path; /* NULL: none was named */
    const char *format, *columns;
    bool lenient;
};

/* Rows for a command's table of options. The command's struct begins with its trace_settings. */
#define TRACE_OPTION(name, argument, help, kind, field)                                            \
    {                                                                                              \
        name, argument, help, kind, offsetof(struct trace_settings, field), 0, 0                   \
    }
#define TRACE_OPTIONS                                                                              \
    TRACE_OPTION(NULL, "TRACE",                                                                    \
                 "a file with requests, also .gz, .xz or .zst; - is the standard input",           \
                 OPTION_OPERAND, path),                                                            \
        TRACE_OPTION("--format", "NAME", "what the trace is, if it is not found out", OPTION_TEXT, \
                     format),                                                                      \
        TRACE_OPTION("--columns", "LIST",                                                          \
                     "the columns of a CSV or TSV in their order, time,tenant,key,size,op,load\n"  \
                     "(- passes one over), or by name or number: key=type+id,tenant=3. time\n"     \
                     "and load are in seconds; time_ms, load_us and so on are not",                \
                     OPTION_TEXT, columns),                                                        \
        TRACE_OPTION("--lenient", NULL, "pass over what is malformed or cut off, and count it",    \
                     OPTION_FLAG, lenient)

/* The formats, for --help. */
void traces_print_formats(void);

/* Whether a trace was named, and its format is one; else a line on stderr says so. */
bool traces_check(const struct trace_settings *settings, const char *command);

/*
 * Reads the whole trace. 0, and *out_trace is to be given to ctxi_trace_free(); else the exit status, and
 * a line on stderr has said what is wrong: 2 for a trace that is malformed, 1 for one that cannot be
 * read. What a lenient reader has skipped is said, too, what a recording lacks, and that text was taken for keys,
 * as any may be.
 */
int traces_load(const struct trace_settings *settings, const char *command,
                struct ctxi_trace **out_trace);

/*
 * What must be known of a trace that is a sample of the keys: a line that says so, and then `what`, in one or
 * more. Nothing of a whole one. As CSV has no place for it, it is said on stderr there, of a `command`; else
 * that is NULL.
 */
#define TRACES_SAMPLE_RUN                                                                          \
    "A cache of N entries is run over it\nwith as many times fewer; requests and hits are those "  \
    "of the sample."
void traces_say_sample(FILE *file, const struct ctxi_trace *trace, const char *command,
                       const char *what);

/* How many requests a recording lost: a sentence without its end; false: none. */
#define TRACES_MISSING 128
bool traces_missing(const struct ctxi_trace *trace, char *out, size_t size);

/* What bytes are, for who shows capacities in bytes: a clause of a recording, false of any other trace. */
#define TRACES_BYTES 160
bool traces_bytes(const struct ctxi_trace *trace, char *out, size_t size);

/* The same as a line on stderr, if there is something to say. */
void traces_say_bytes(const char *command, const struct ctxi_trace *trace);

#endif
