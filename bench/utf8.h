/*
 * utf8.h: where characters end in text that may be anything.
 */
#ifndef BENCH_UTF8_H
#define BENCH_UTF8_H

/* Bytes of the character at the beginning, if it is one of UTF-8 beyond ASCII; else 0. */
int utf8_size(const char *text);

#endif
