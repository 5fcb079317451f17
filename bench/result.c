#include "result.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool result_check(const struct result_settings *settings, const char *command)
{
    if (settings->json && settings->csv)
        return options_wrong(command, "--json and --csv are two forms of one result");
    return true;
}

int result_failed(const char *command, const char *name)
{
    fprintf(stderr, "%s: cannot write %s: %s%s\n", command, name ? name : "the result",
            strerror(errno),
            name ? "; name a file in a folder that is there and may be written to" : "");
    return 1;
}

FILE *result_open(const char *command, const char *name)
{
    FILE *file = name ? fopen(name, "a") : stdout;

    if (!file)
        result_failed(command, name);
    return file;
}

/* A pipe or a device has nothing to cut off. */
bool result_begin(FILE *file)
{
    return file == stdout || ftruncate(fileno(file), 0) == 0 || errno == EINVAL;
}

/* A write that failed a while ago is tried again, so that errno tells why. */
static bool is_written(FILE *file)
{
    if (!ferror(file))
        return fflush(file) == 0;
    clearerr(file);
    (void)fputc('\n', file);
    (void)fflush(file);
    return false;
}

int result_end(const char *command, const char *name, FILE *file)
{
    bool written = is_written(file) && (file == stdout || fclose(file) == 0);

    return written ? 0 : result_failed(command, name);
}
