/*
 * json.h: the members of a JSON object, "name": value, without what stands between them.
 */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include <stdio.h>

/* The text is UTF-8; bytes that are not are written as the characters of Latin-1. */
void json_string(FILE *file, const char *name, const char *text);

/* null if it is not finite. */
void json_number(FILE *file, const char *name, double number);

#endif
