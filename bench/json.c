#include "json.h"

#include <math.h>

#include "utf8.h"

void json_string(FILE *file, const char *name, const char *text)
{
    fprintf(file, "\"%s\": \"", name);
    while (*text) {
        unsigned char c = (unsigned char)*text;
        int size = utf8_size(text);

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
