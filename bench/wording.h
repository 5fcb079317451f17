/*
 * wording.h: words in the columns of a table and in sentences: names that may be longer than their column, and
 * nouns beside a number. Included by the forms of the commands.
 *
 * A column is as wide as it has characters, not bytes; what is no UTF-8 counts one for each byte.
 */
#ifndef BENCH_WORDING_H
#define BENCH_WORDING_H

#include <stdint.h>
#include <stdio.h>

#define WORDING_NAME 20 /* characters: a number of 64 bits is whole */

/* A name in a column of WORDING_NAME; one that is longer ends in an ellipsis. */
void wording_name(FILE *file, const char *name);

/* At the right of a column. */
void wording_right(FILE *file, int width, const char *text);

/* In lines of up to 90 characters. */
void wording_wrap(FILE *file, const char *text);

/* What a noun ends in beside this number. */
static inline const char *wording_s(uint64_t number)
{
    return number == 1 ? "" : "s";
}

#endif
