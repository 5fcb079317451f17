/*
 * text.h: numbers as people read them. Each writes into `out` and returns it.
 */
#ifndef BENCH_REPORT_TEXT_H
#define BENCH_REPORT_TEXT_H

#include <stdint.h>

#define TEXT_NUMBER 40

const char *text_whole(uint64_t number, char out[TEXT_NUMBER]);    /* 4,124 */
const char *text_entries(uint64_t number, char out[TEXT_NUMBER]);  /* 1 entry */
const char *text_percent(double ratio, char out[TEXT_NUMBER]);     /* 84.61 */
const char *text_short(double number, char out[TEXT_NUMBER]);      /* 20k */
const char *text_bytes(double bytes, char out[TEXT_NUMBER]);       /* 32 MiB */
const char *text_seconds(double seconds, char out[TEXT_NUMBER]);   /* 3.2 h */
const char *text_hundredths(double number, char out[TEXT_NUMBER]); /* 0.85 is 85 */
const char *text_signed(double number, char out[TEXT_NUMBER]);     /* +5 */
const char *text_points(double number, char out[TEXT_NUMBER]);     /* +0.85 */

#endif
