#include "json.h"

#include <math.h>

/* Bytes of the character at the beginning, if it is one of UTF-8 beyond ASCII; else 0. */
static int utf8_size(const unsigned char *text)
{
    int size = text[0] >= 0xc2 && text[0] < 0xe0   ? 2
               : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
               : text[0] >= 0xf0 && text[0] < 0xf5 ? 4
                                                   : 0;
    unsigned second = text[0] && text[1] ? text[1] : 0;

    for (int i = 1; i < size; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    /* Longer than need be, half of a pair, or beyond the last one. */
    if ((text[0] == 0xe0 && second < 0xa0) || (text[0] == 0xed && second > 0x9f) ||
        (text[0] == 0xf0 && second < 0x90) || (text[0] == 0xf4 && second > 0x8f))
        return 0;
    return size;
}

void json_string(FILE *file, const char *name, const char *text)
{
    fprintf(file, "\"%s\": \"", name);
    while (*text) {
        unsigned char c = (unsigned char)*text;
        int size = utf8_size((const unsigned char *)text);

        if (size > 0)
            fprintf(file, "%.*s", size, text);
        else if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            fprintf(file, "\\u%04x", c);
        else
            fputc(c, file);
        text += size > 0 ? size : 1;
    }
    fputc('"', file);
}

void json_number(FILE *file, const char *name, double number)
{
    if (isfinite(number))
        fprintf(file, "\"%s\": %.6g", name, number);
    else
        fprintf(file, "\"%s\": null", name);
}
