#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "variables.h"

static bool log_wanted;

void log_open(bool wanted)
{
    log_wanted = wanted;
}

static const char *name_of(ctx_var *var)
{
    const char *name;

    return ctx_get_string(var, &name) == CTX_OK ? name : "-";
}

/* One write for a line: lines of several threads do not mix. */
void log_line(const char *format, ...)
{
    char line[512];
    va_list args;

    if (!log_wanted)
        return;
    int size = snprintf(line, sizeof line, "%s tenant=%s user=%s: ", name_of(request_id),
                        name_of(tenant), name_of(user));
    va_start(args, format);
    size += vsnprintf(line + size, sizeof line - (size_t)size, format, args);
    va_end(args);
    if (size > (int)sizeof line - 1)
        size = (int)sizeof line - 1;
    line[size] = '\n';
    if (write(STDERR_FILENO, line, (size_t)size + 1) < 0)
        log_wanted = false;
}
