/*
 * byte_order.h: integers as they lie in files, whatever the machine's own order is.
 */
#ifndef CTXI_BASE_BYTE_ORDER_H
#define CTXI_BASE_BYTE_ORDER_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t ctxi_le32(const unsigned char *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t ctxi_le64(const unsigned char *b)
{
    return ctxi_le32(b) | (uint64_t)ctxi_le32(b + 4) << 32;
}

static inline uint32_t ctxi_be32(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | (uint32_t)b[3];
}

/* The lowest `size` bytes of a number, and where they end. */
static inline unsigned char *ctxi_put_le(unsigned char *out, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (unsigned char)(number >> 8 * i);
    return out + size;
}

#endif
