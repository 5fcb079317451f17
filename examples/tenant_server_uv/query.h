/*
 * query.h: numbers in the query of an address, "year=2025&quarter=1".
 */
#ifndef QUERY_H
#define QUERY_H

#include <stdbool.h>
#include <stdint.h>

/* Reads `name` into *number, which stays as it is if it is not there. False: it is not a number from `least`
 * to `most`, in digits alone; or it is there twice. */
bool query_number(const char *query, const char *name, int64_t least, int64_t most,
                  int64_t *number);

#endif
