/*
 * The oracleGeneral traces of libCacheSim: little-endian records of 24 bytes,
 *
 *   u32 time in seconds | u64 object | u32 size | i64 number of the next request for it, -1: none
 *
 * Requests are numbered from 0 or from 1; the number is not needed here, and tells the format.
 */
#include "tune/records.h"

#define RECORD_SIZE  24
#define RECORDS_SEEN 1000

/* What follows a request has a larger number, and not more than a file can have; -2 is "not known". */
static bool next_is_plausible(uint64_t next, uint64_t number)
{
    return next == UINT64_MAX || next == UINT64_MAX - 1 || next == INT64_MAX ||
           (next > number && next < (uint64_t)1 << 48);
}

static bool oracle_matches(const struct ctxi_head *head)
{
    size_t count = head->size / RECORD_SIZE;
    uint32_t last = 0;

    if (head->text || count == 0)
        return false;
    for (size_t i = 0; i < count && i < RECORDS_SEEN; i++) {
        const unsigned char *record = head->bytes + i * RECORD_SIZE;
        uint32_t time = ctxi_le32(record);

        if (time < last || !next_is_plausible(ctxi_le64(record + 16), i))
            return false;
        last = time;
    }
    return true;
}

static int decode(struct ctxi_trace_reader *reader, const unsigned char *record,
                  struct ctxi_request *request)
{
    (void)reader;
    *request = (struct ctxi_request){.time_ns = (uint64_t)ctxi_le32(record) * 1000000000u,
                                     .key = ctxi_le64(record + 4),
                                     .size = ctxi_le32(record + 12)};
    return CTX_OK;
}

static int oracle_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests,
                       size_t count, size_t *got)
{
    return ctxi_records_read(reader, requests, count, got, RECORD_SIZE, decode);
}

const struct ctxi_trace_format ctxi_format_oracle = {
    .name = "oracleGeneral",
    .about = "binary, 24 bytes a request (libCacheSim)",
    .has = CTXI_TRACE_TIMES | CTXI_TRACE_SIZES,
    .matches = oracle_matches,
    .read = oracle_read,
};
