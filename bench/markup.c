#include "markup.h"

#include <string.h>

#include "utf8.h"

/* Writes one character; returns its bytes. */
static size_t put_one(FILE *file, const char *text)
{
    static const char special[] = "&<>\"'";
    int size = utf8_size(text);
    unsigned char c = (unsigned char)*text;

    if (size > 0)
        fprintf(file, "%.*s", size, text);
    else if ((c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0))
        fputc('?', file);
    else if (c >= 0xa0 || strchr(special, c))
        fprintf(file, "&#%u;", c);
    else
        fputc(c, file);
    return size > 0 ? (size_t)size : 1;
}

void markup_text(FILE *file, const char *text)
{
    while (*text)
        text += put_one(file, text);
}

void markup_short(FILE *file, const char *text, size_t most)
{
    for (; *text && most > 0; most--)
        text += put_one(file, text);
    if (*text)
        fputs("\u2026", file);
}
