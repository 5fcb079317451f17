#include "utf8.h"

int utf8_size(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    int size = c[0] >= 0xc2 && c[0] < 0xe0   ? 2
               : c[0] >= 0xe0 && c[0] < 0xf0 ? 3
               : c[0] >= 0xf0 && c[0] < 0xf5 ? 4
                                             : 0;
    unsigned second = c[0] && c[1] ? c[1] : 0;

    for (int i = 1; i < size; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    /* Longer than need be, half of a pair, or beyond the last one. */
    if ((c[0] == 0xe0 && second < 0xa0) || (c[0] == 0xed && second > 0x9f) ||
        (c[0] == 0xf0 && second < 0x90) || (c[0] == 0xf4 && second > 0x8f))
        return 0;
    return size;
}
