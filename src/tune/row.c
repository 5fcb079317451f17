#include "tune/row.h"

#include <string.h>

/* Takes a field that begins with a quote; doubled ones in it become one. */
static const char *take_quoted(struct ctxi_text *line, char delimiter, char **scratch,
                               struct ctxi_text *field)
{
    struct ctxi_text rest = {line->at + 1, line->size - 1};

    *field = (struct ctxi_text){*scratch, 0};
    for (;;) {
        const char *quote = rest.size > 0 ? memchr(rest.at, '"', rest.size) : NULL;
        size_t size = quote ? (size_t)(quote - rest.at) : 0;

        if (!quote)
            return "a closing quote was expected";
        memcpy(*scratch, rest.at, size);
        *scratch += size;
        rest.at += size + 1;
        rest.size -= size + 1;
        if (rest.size == 0 || rest.at[0] != '"')
            break;
        *(*scratch)++ = '"';
        rest.at++;
        rest.size--;
    }
    field->size = (size_t)(*scratch - field->at);
    if (rest.size > 0 && rest.at[0] != delimiter)
        return "a separator was expected after a closing quote";
    *line = rest;
    return NULL;
}

static void take_plain(struct ctxi_text *line, char delimiter, struct ctxi_text *field)
{
    size_t size = 0;

    while (size < line->size && line->at[size] != delimiter)
        size++;
    *field = (struct ctxi_text){line->at, size};
    line->at += size;
    line->size -= size;
}

const char *ctxi_row_split(struct ctxi_text line, char delimiter, char *scratch,
                           struct ctxi_row *row)
{
    for (row->count = 0; row->count < CTXI_ROW_FIELDS;) {
        struct ctxi_text *field = &row->fields[row->count++];
        const char *flaw = NULL;

        if (line.size > 0 && line.at[0] == '"')
            flaw = take_quoted(&line, delimiter, &scratch, field);
        else
            take_plain(&line, delimiter, field);
        if (flaw || line.size == 0)
            return flaw;
        line.at++; /* the separator */
        line.size--;
    }
    return "at most 256 columns were expected";
}
