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

const char *text_percent(double ratio, char out[TEXT_NUMBER])
{
    snprintf(out, TEXT_NUMBER, "%.2f", 100 * ratio);
    return out;
}

/* The number in the largest unit that makes it 1 or more, with up to two decimals. */
static const char *in_units(double number, double step, const char *const *units, char *out)
{
    while (fabs(number) >= step * (1 - 1e-9) && units[1]) {
        number /= step;
        units++;
    }
    snprintf(out, TEXT_NUMBER, "%.3g%s", number, *units);
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

    while (i < last && fabs(seconds) < units[i].size * (1 - 1e-9))
        i++;
    snprintf(out, TEXT_NUMBER, "%.3g %s", seconds / units[i].size, units[i].unit);
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
