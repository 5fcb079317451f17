#include "die.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("ctxbench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void *die_calloc(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);

    if (!block)
        die("out of memory (%zu items of %zu bytes); less may fit: fewer keys, requests or objects",
            count, size);
    return block;
}
