/*
 * csv.h: what stands between the commas of a CSV file.
 */
#ifndef BENCH_CSV_H
#define BENCH_CSV_H

#include <stdio.h>

/* Quoted, for it may be anything. */
void csv_string(FILE *file, const char *text);

#endif
