/*
 * The traces of an ORM's cache that were published with cache2k (headissue GmbH, Jens Wilke): a
 * big-endian word of 32 bits a request. The upper 5 bits are the object's type, the tenant here; below
 * are its id and an index, which together are the key.
 */
#include "tune/records.h"

#include <string.h>

#define RECORD_SIZE ((size_t)4)
#define KEY_BITS    27
#define NEARBY      ((size_t)64) /* requests among which a trace is expected to repeat itself */

static bool repeats(const unsigned char *bytes, size_t at)
{
    size_t first = at > NEARBY * RECORD_SIZE ? at - NEARBY * RECORD_SIZE : 0;

    for (size_t i = first; i < at; i += RECORD_SIZE)
        if (ctxi_be32(bytes + i) == ctxi_be32(bytes + at))
            return true;
    return false;
}

/* Nothing in a file says that it is one. So its name must, and one request in eight must be for what
 * was asked for a moment before; zeros, of which other files have many, do not count. */
static bool orm_matches(const struct ctxi_head *head)
{
    size_t repeated = 0, words = head->size / RECORD_SIZE;

    if (head->text || !strstr(head->path, ".trace"))
        return false;
    for (size_t at = 0; at + RECORD_SIZE <= head->size; at += RECORD_SIZE)
        if (ctxi_be32(head->bytes + at) != 0 && repeats(head->bytes, at))
            repeated++;
    return repeated > 0 && repeated >= words / 8;
}

static int decode(struct ctxi_trace_reader *reader, const unsigned char *record,
                  struct ctxi_request *request)
{
    uint32_t word = ctxi_be32(record);

    *request = (struct ctxi_request){.key = word & (((uint32_t)1 << KEY_BITS) - 1), .size = 1};
    return ctxi_reader_tenant(reader, request, word >> KEY_BITS, NULL, 0);
}

static int orm_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                    size_t *got)
{
    return ctxi_records_read(reader, requests, count, got, RECORD_SIZE, decode);
}

const struct ctxi_trace_format ctxi_format_orm = {
    .name = "orm",
    .about = "binary, 4 bytes a request: type, id and index (cache2k)",
    .has = CTXI_TRACE_TENANTS,
    .matches = orm_matches,
    .read = orm_read,
};
