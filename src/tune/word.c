#include "tune/word.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- numbers ------------------------------------------------------------------------------ */

/* Takes the digits at the beginning, up to `most` of them; false: there are none, or too many. */
static bool take_digits(struct ctxi_text *text, size_t most, uint64_t *out)
{
    size_t i = 0;

    *out = 0;
    for (; i < text->size && text->at[i] >= '0' && text->at[i] <= '9'; i++) {
        if (i >= most || __builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, (uint64_t)(text->at[i] - '0'), out))
            return false;
    }
    text->at += i;
    text->size -= i;
    return i > 0;
}

bool ctxi_text_u64(struct ctxi_text text, uint64_t *out)
{
    return take_digits(&text, SIZE_MAX, out) && text.size == 0;
}

static bool take_char(struct ctxi_text *text, char wanted)
{
    if (text->size == 0 || text->at[0] != wanted)
        return false;
    text->at++;
    text->size--;
    return true;
}

/* Takes ".25" as parts of the unit; what is smaller than a nanosecond is dropped. */
static bool take_fraction(struct ctxi_text *text, uint64_t unit_ns, uint64_t *out)
{
    size_t i = 0;

    *out = 0;
    if (!take_char(text, '.'))
        return true;
    for (; i < text->size && text->at[i] >= '0' && text->at[i] <= '9'; i++)
        *out += (uint64_t)(text->at[i] - '0') * (unit_ns /= 10);
    text->at += i;
    text->size -= i;
    return true;
}

/* By way of a double, as it was most likely written: "1e-05". */
static bool exponent_ns(struct ctxi_text text, uint64_t unit_ns, uint64_t *out)
{
    char copy[40], *end;
    double number;

    if (text.size >= sizeof copy)
        return false;
    memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';
    number = strtod(copy, &end) * (double)unit_ns;
    if (end != copy + text.size || !(number >= 0 && number < 0x1p64))
        return false;
    *out = (uint64_t)number;
    return true;
}

bool ctxi_text_ns(struct ctxi_text text, uint64_t unit_ns, uint64_t *out)
{
    struct ctxi_text rest = text;
    uint64_t whole, fraction;

    if (!take_digits(&rest, SIZE_MAX, &whole) || !take_fraction(&rest, unit_ns, &fraction))
        return false;
    if (rest.size > 0)
        return (rest.at[0] == 'e' || rest.at[0] == 'E') && exponent_ns(text, unit_ns, out);
    return !__builtin_mul_overflow(whole, unit_ns, out) &&
           !__builtin_add_overflow(*out, fraction, out);
}

/* ---- dates -------------------------------------------------------------------------------- */

/* Takes a number of exactly `digits` digits from `least` to `most`. */
static bool take_field(struct ctxi_text *text, size_t digits, uint64_t least, uint64_t most,
                       uint64_t *out)
{
    size_t before = text->size;

    return take_digits(text, digits, out) && before - text->size == digits && *out >= least &&
           *out <= most;
}

/* Days from 1970-01-01; a year begins in March, so that the odd day is its last one. */
static uint64_t days_of(uint64_t year, uint64_t month, uint64_t day)
{
    uint64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;

    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 719469;
}

static bool take_day(struct ctxi_text *text, uint64_t *out_days)
{
    uint64_t year, month, day;

    if (!take_field(text, 4, 1970, 2500, &year) || !take_char(text, '-') ||
        !take_field(text, 2, 1, 12, &month) || !take_char(text, '-') ||
        !take_field(text, 2, 1, 31, &day))
        return false;
    *out_days = days_of(year, month, day);
    return true;
}

static bool take_seconds(struct ctxi_text *text, uint64_t *out_seconds)
{
    uint64_t hour, minute, second;

    if (!take_field(text, 2, 0, 23, &hour) || !take_char(text, ':') ||
        !take_field(text, 2, 0, 59, &minute) || !take_char(text, ':') ||
        !take_field(text, 2, 0, 60, &second))
        return false;
    *out_seconds = (hour * 60 + minute) * 60 + second;
    return true;
}

bool ctxi_text_date(struct ctxi_text text, uint64_t *out)
{
    const uint64_t second = 1000000000u;
    uint64_t days, seconds, fraction;

    if (!take_day(&text, &days) || !(take_char(&text, ' ') || take_char(&text, 'T')) ||
        !take_seconds(&text, &seconds) || !take_fraction(&text, second, &fraction))
        return false;
    take_char(&text, 'Z');
    *out = (days * 86400 + seconds) * second + fraction;
    return text.size == 0;
}

/* ---- names -------------------------------------------------------------------------------- */

bool ctxi_text_is(struct ctxi_text text, const char *word)
{
    return strlen(word) == text.size && strncasecmp(text.at, word, text.size) == 0;
}

struct ctxi_text ctxi_text_until(struct ctxi_text *text, char end)
{
    const char *found = text->size > 0 ? memchr(text->at, end, text->size) : NULL;
    struct ctxi_text piece = {text->at, found ? (size_t)(found - text->at) : text->size};
    size_t taken = piece.size + (found != NULL);

    text->at += taken;
    text->size -= taken;
    return piece;
}
