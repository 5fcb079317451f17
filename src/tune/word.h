/*
 * word.h: pieces of a line: numbers, times, names. Included by whoever takes lines apart.
 */
#ifndef CTXI_TUNE_WORD_H
#define CTXI_TUNE_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text inside a line, not ended by a NUL. */
struct ctxi_text {
    const char *at;
    size_t size;
};

/* Digits alone; false if it is anything else, or 2^64 or more. */
bool ctxi_text_u64(struct ctxi_text text, uint64_t *out);

/*
 * A number of units, with a fraction ("12.5") or an exponent ("1e-05") if it has one, in nanoseconds;
 * false if it is anything else, negative, or too large.
 */
bool ctxi_text_ns(struct ctxi_text text, uint64_t unit_ns, uint64_t *out);

/*
 * "2024-11-15 16:57:50.25", also with a 'T' between and a 'Z' behind: nanoseconds since 1970, UTC;
 * false for anything else, and for years after 2500.
 */
bool ctxi_text_date(struct ctxi_text text, uint64_t *out);

/* Whether they are the same but for upper and lower case. */
bool ctxi_text_is(struct ctxi_text text, const char *word);

/* Cuts off what stands before the first `end`, which is passed over; all of it if there is none. */
struct ctxi_text ctxi_text_until(struct ctxi_text *text, char end);

#endif
