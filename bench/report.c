/*
 * ctxbench report: what curve, advise, compare and replay find of a trace, as one page to look at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aside.h"
#include "commands.h"
#include "die.h"
#include "report/findings.h"
#include "report/page.h"
#include "result.h"
#include "traces.h"

#define REPORT_COMMAND "ctxbench report"

struct settings {
    struct trace_settings trace;
    const char *output; /* "-": standard output */
    uint64_t total;     /* 0: the knee */
    bool help;
};

#define FIELD(name) offsetof(struct settings, name)

static const struct option options[] = {
    TRACE_OPTIONS,
    {"--output", "FILE", "where the page goes; - is the standard output", OPTION_TEXT,
     FIELD(output), 0, 0},
    {"-o", "FILE", "the same", OPTION_TEXT, FIELD(output), 0, 0},
    {"--total", "N", "entries of the cache that the page is about (as many as the knee has)",
     OPTION_WHOLE, FIELD(total), 1, 4294967295.0},
    {"--help", NULL, "print this", OPTION_FLAG, FIELD(help), 0, 0},
};

#define OPTION_COUNT (sizeof options / sizeof *options)

static int print_help(void)
{
    puts("Usage: " REPORT_COMMAND " TRACE -o out.html [options]\n\n"
         "Writes one HTML page, which needs nothing besides itself: the curve, tenants, policies,\n"
         "hits over time, quotas and the work that hits save, each with its table.\n\nOptions:");
    options_print(options, OPTION_COUNT);
    traces_print_formats();
    return 0;
}

static bool check_settings(const struct settings *settings)
{
    return traces_check(&settings->trace, REPORT_COMMAND) &&
           (settings->output || options_wrong(REPORT_COMMAND, "where to? name a file, -o out.html, "
                                                              "or -o - for the standard output"));
}

/* ---- the line that was typed -------------------------------------------------------------- */

static void put_word(FILE *file, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./,:=+@%-";

    fputc(' ', file);
    if (*word && word[strspn(word, plain)] == '\0') {
        fputs(word, file);
        return;
    }
    fputc('\'', file);
    for (; *word; word++)
        fputs(*word == '\'' ? "'\\''" : (char[]){*word, '\0'}, file);
    fputc('\'', file);
}

/* As a shell would read it; to be freed. */
static char *line_of(int argc, char **argv)
{
    char *line = NULL;
    size_t size;
    FILE *file = open_memstream(&line, &size);

    if (file) {
        fputs("ctxbench", file);
        for (int i = 0; i < argc; i++)
            put_word(file, argv[i]);
    }
    if (!file || fclose(file) != 0)
        die("out of memory");
    return line;
}

/* ---- writing it --------------------------------------------------------------------------- */

static bool is_stdout(const struct settings *settings)
{
    return strcmp(settings->output, "-") == 0;
}

static int fail(const struct settings *settings)
{
    fprintf(stderr,
            REPORT_COMMAND ": cannot write %s: %s; name a file in a folder that is there and may "
                           "be written to, or -o - for the standard output\n",
            settings->output, strerror(errno));
    return 1;
}

/* The page is made in memory, so that its file is never half of it. */
static int write_page(const struct settings *settings, const struct findings *findings,
                      const char *line)
{
    char *page = NULL;
    size_t size;
    FILE *file = open_memstream(&page, &size);
    int status = 0;

    if (file)
        page_write(file, findings, line);
    if (!file || fclose(file) != 0)
        die("out of memory");
    if (is_stdout(settings)) {
        fwrite(page, 1, size, stdout);
        status = result_end(REPORT_COMMAND, NULL, stdout);
    } else if (!aside_write(settings->output, page, size)) {
        status = fail(settings);
    } else {
        fprintf(stderr, REPORT_COMMAND ": written to %s\n", settings->output);
    }
    free(page);
    return status;
}

static int run(const struct settings *settings, const char *line)
{
    struct ctxi_trace *trace;
    struct findings findings;
    int status;

    if (!is_stdout(settings) && !aside_check(settings->output))
        return fail(settings);
    if ((status = traces_load(&settings->trace, REPORT_COMMAND, &trace)) != 0)
        return status;
    findings_make(&findings, settings->trace.path, trace, settings->total);
    status = write_page(settings, &findings, line);
    findings_free(&findings);
    ctxi_trace_free(trace);
    return status;
}

int command_report(int argc, char **argv)
{
    struct settings settings = {.total = 0};
    char *line;
    int status;

    if (!options_read(options, OPTION_COUNT, REPORT_COMMAND, argc, argv, 1, &settings))
        return 2;
    if (settings.help)
        return print_help();
    if (!check_settings(&settings))
        return 2;
    line = line_of(argc, argv);
    status = run(&settings, line);
    free(line);
    return status;
}
