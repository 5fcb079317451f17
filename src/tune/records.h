/*
 * records.h: traces of binary records that are all of one size. Included by their formats.
 */
#ifndef CTXI_TUNE_RECORDS_H
#define CTXI_TUNE_RECORDS_H

#include "tune/format.h"

/* Calls decode() for each; it answers CTX_OK, CTX_ABSENT (no request, go on) or an error. */
int ctxi_records_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                      size_t *got, size_t record_size,
                      int (*decode)(struct ctxi_trace_reader *reader, const unsigned char *record,
                                    struct ctxi_request *request));

/* Integers as they lie in a record. */
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

#endif
