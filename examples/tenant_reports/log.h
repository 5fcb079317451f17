/*
 * log.h: lines about what is done for a request.
 *
 *     r-17 tenant=acme user=eve: query of 2025
 *
 * Whoever writes a line says what happens; which request, which tenant and which user it happens for
 * is found in the context, on whichever thread that is.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

/* Nothing is written unless it is asked for. Before there are threads. */
void log_open(bool wanted);

/* One line on stderr, cut off at some 500 bytes. */
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

#endif
