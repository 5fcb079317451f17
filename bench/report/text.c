#include "report/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *text_whole(uint64_t number, char out[TEXT_NUMBER])
{
    char digits[TEXT_NUMBER];
    int count = snprintf(digits, sizeof digits, "%" PRIu64, number);
    size_t at = 0;

    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

const char *text_entries(uint64_t number, char out[TEXT_NUMBER])
{
    size_t length = strlen(text_whole(number, out));

    snprintf(out + length, TEXT_NUMBER - length, number == 1 ? " entry" : " entries");
    return out;
}

const char *text_percent(double ratio, char out[TEXT_NUMBER])
{
    snprintf(out, TEXT_NUMBER, "%.2f", 100 * ratio);
    return out;
}

/* With up to three digits, but all that stand before the point. */
static int three_digits(double number, char *out)
{
    double size = fabs(number);
    int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    int length = snprintf(out, TEXT_NUMBER / 2, "%.*f", decimals, number);

    while (decimals > 0 && length > 0 && (out[length - 1] == '0' || out[length - 1] == '.'))
        if (out[--length] == '.')
            break;
    out[length] = '\0';
    return length;
}

/* The number in the largest unit that makes it 1 or more. */
static const char *in_units(double number, double step, const char *const *units, char *out)
{
    int length;

    for (; number >= step * 0.9995 && units[1]; units++)
        number /= step;
    length = three_digits(number, out);
    snprintf(out + length, (size_t)(TEXT_NUMBER - length), "%s", *units);
    return out;
}

const char *text_short(double number, char out[TEXT_NUMBER])
{
    static const char *const units[] = {"", "k", "M", "G", "T", NULL};

    return in_units(number, 1000, units, out);
}

const char *text_bytes(double bytes, char out[TEXT_NUMBER])
{
    static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB", NULL};

    return in_units(bytes, 1024, units, out);
}

const char *text_seconds(double seconds, char out[TEXT_NUMBER])
{
    static const struct {
        double size;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}, {1e-3, "ms"}, {1e-6, "\u00b5s"}};
    size_t i = 0, last = sizeof units / sizeof *units - 1;
    int length;

    while (i < last && fabs(seconds) < units[i].size * (1 - 1e-9))
        i++;
    length = three_digits(seconds / units[i].size, out);
    snprintf(out + length, (size_t)(TEXT_NUMBER - length), " %s", units[i].unit);
    return out;
}

const char *text_hundredths(double number, char out[TEXT_NUMBER])
{
    snprintf(out, TEXT_NUMBER, "%.3g", 100 * number);
    return out;
}

/* A sign that is as wide as a plus; nothing before what is shown as 0. */
static const char *with_sign(double number, const char *format, char *out)
{
    char digits[TEXT_NUMBER / 2];
    bool zero;

    snprintf(digits, sizeof digits, format, fabs(number));
    zero = strspn(digits, "0.") == strlen(digits);
    snprintf(out, TEXT_NUMBER, "%s%s", zero ? "" : number < 0 ? "\u2212" : "+", digits);
    return out;
}

const char *text_signed(double number, char out[TEXT_NUMBER])
{
    return with_sign(number, "%.3g", out);
}

const char *text_points(double number, char out[TEXT_NUMBER])
{
    return with_sign(number, "%.2f", out);
}
