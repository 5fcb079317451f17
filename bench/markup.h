/*
 * markup.h: text inside HTML and SVG.
 */
#ifndef BENCH_MARKUP_H
#define BENCH_MARKUP_H

#include <stddef.h>
#include <stdio.h>

/* As content, or between the quotes of an attribute, whatever the text is. Bytes that are not UTF-8 are
 * written as the characters of Latin-1, and those that no document may have as '?'. */
void markup_text(FILE *file, const char *text);

/* The same of its first `most` characters, and an ellipsis if these are not all. */
void markup_short(FILE *file, const char *text, size_t most);

#endif
