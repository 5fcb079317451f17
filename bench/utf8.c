#include "utf8.h"

int utf8_size(const char *bytes)
{
    const unsigned char *text = (const unsigned char *)bytes;
    int size = text[0] >= 0xc2 && text[0] < 0xe0   ? 2
               : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
               : text[0] >= 0xf0 && text[0] < 0xf5 ? 4
                                                   : 0;
    unsigned second = text[0] && text[1] ? text[1] : 0;

    for (int i = 1; i < size; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    /* Longer than need be, half of a pair, or beyond the last one. */
    if ((text[0] == 0xe0 && second < 0xa0) || (text[0] == 0xed && second > 0x9f) ||
        (text[0] == 0xf0 && second < 0x90) || (text[0] == 0xf4 && second > 0x8f))
        return 0;
    return size;
}
