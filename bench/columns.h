/*
 * columns.h: the numbers of a result's row, for the table and for Markdown.
 */
#ifndef BENCH_COLUMNS_H
#define BENCH_COLUMNS_H

#include "output.h"

#define COLUMN_TEXT 24

struct column {
    const char *title;
    int width, decimals;
    enum {
        EVERYWHERE,
        OF_MEMORY, /* where something takes memory */
        OF_CACHES  /* where there is a cache */
    } where;
    /* NAN: does not apply. */
    double (*value)(const struct report *report, const struct result *result);
};

extern const struct column columns[];
extern const size_t column_count;

bool column_applies(const struct column *column, const struct result *result);

/* The number as text, "-" where it does not apply. */
const char *column_text(const struct column *column, const struct report *report,
                        const struct result *result, char out[COLUMN_TEXT]);

#endif
