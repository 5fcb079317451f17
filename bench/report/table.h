/*
 * table.h: the numbers under a chart, folded away on a screen and open in print.
 */
#ifndef BENCH_REPORT_TABLE_H
#define BENCH_REPORT_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* `heads` are the titles of `count` columns; the first one has names, the others numbers. */
void table_begin(FILE *file, const char *summary, const char *const *heads, size_t count);
void table_end(FILE *file);

/* A row and its first cell. */
void table_row(FILE *file, const char *name);
void table_row_end(FILE *file);

void table_whole(FILE *file, uint64_t number);
void table_text(FILE *file, const char *text);

/* Percent of part in whole; a dash if there is nothing. */
void table_percent(FILE *file, uint64_t part, uint64_t whole);

#endif
