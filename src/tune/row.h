/*
 * row.h: lines of comma- or tab-separated values (RFC 4180, but a row is one line). Included by
 * format_csv.c and columns.c.
 */
#ifndef CTXI_TUNE_ROW_H
#define CTXI_TUNE_ROW_H

#include "tune/word.h"

#define CTXI_ROW_FIELDS 256

struct ctxi_row {
    size_t count;
    struct ctxi_text fields[CTXI_ROW_FIELDS]; /* in the line, or in the scratch */
};

/*
 * Splits a line. `scratch` has room for as many bytes as the line has: fields that had quotes in
 * quotes are written there. NULL if all is well, else what was expected.
 */
const char *ctxi_row_split(struct ctxi_text line, char delimiter, char *scratch,
                           struct ctxi_row *row);

#endif
