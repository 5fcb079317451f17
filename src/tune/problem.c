#include "tune/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctxcache/status.h"

int ctxi_problem_say(struct ctxi_problem *problem, int status, const char *format, ...)
{
    va_list arguments;

    if (!problem)
        return status;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    return status;
}

int ctxi_problem_nomem(struct ctxi_problem *problem)
{
    return ctxi_problem_say(problem, CTX_ERR_NOMEM, "out of memory");
}

struct ctxi_shown ctxi_show(const char *text, size_t size)
{
    static const char dots[] = "...";
    struct ctxi_shown shown;
    size_t room = sizeof shown.text - sizeof dots;
    size_t kept = size < room ? size : room;

    for (size_t i = 0; i < kept; i++) {
        unsigned char c = (unsigned char)text[i];

        shown.text[i] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
    }
    memcpy(shown.text + kept, size > room ? dots : "", size > room ? sizeof dots : 1);
    return shown;
}
