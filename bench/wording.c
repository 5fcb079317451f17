#include "wording.h"

#include <string.h>

#include "utf8.h"

#define LINE     90
#define ELLIPSIS "\u2026"

static size_t size_of(const char *character)
{
    int size = utf8_size(character);

    return size > 0 ? (size_t)size : 1;
}

/* Bytes of the first characters, `most` of them or all; *out_count: how many these are. */
static size_t take(const char *text, size_t most, size_t *out_count)
{
    size_t bytes = 0;

    for (*out_count = 0; text[bytes] && *out_count < most; ++*out_count)
        bytes += size_of(text + bytes);
    return bytes;
}

void wording_name(FILE *file, const char *name)
{
    size_t count, bytes = take(name, WORDING_NAME, &count);
    const char *end = "";

    if (name[bytes]) {
        bytes = take(name, WORDING_NAME - 1, &count);
        count++;
        end = ELLIPSIS;
    }
    fprintf(file, "%.*s%s%*s", (int)bytes, name, end, (int)(WORDING_NAME - count), "");
}

void wording_right(FILE *file, int width, const char *text)
{
    size_t count;

    take(text, SIZE_MAX, &count);
    fprintf(file, "%*s%s", width > (int)count ? width - (int)count : 0, "", text);
}

void wording_wrap(FILE *file, const char *text)
{
    while (strlen(text) > LINE) {
        int length = LINE;

        while (length > 0 && text[length] != ' ')
            length--;
        fprintf(file, "%.*s\n", length > 0 ? length : LINE, text);
        text += length > 0 ? length + 1 : LINE;
    }
    fprintf(file, "%s\n", text);
}
