/*
 * records.h: traces of binary records that are all of one size. Included by their formats.
 */
#ifndef CTXI_TUNE_RECORDS_H
#define CTXI_TUNE_RECORDS_H

#include "base/byte_order.h"
#include "tune/format.h"

/* Calls decode() for each; it answers CTX_OK, CTX_ABSENT (no request, go on) or an error. */
int ctxi_records_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                      size_t *got, size_t record_size,
                      int (*decode)(struct ctxi_trace_reader *reader, const unsigned char *record,
                                    struct ctxi_request *request));

#endif
