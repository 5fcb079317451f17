/*
 * Traces in every format, good, malformed, cut off and compressed, read in batches and as a whole, to the
 * end and given up in the middle: nothing is left behind.
 */
#include <string.h>
#include <zlib.h>

#include "ctxcache/status.h"
#include "support/check.h"
#include "support/trace_kit.h"

static const struct {
    const char *format, *columns, *bytes;
    size_t size; /* 0: up to the NUL */
} cases[] = {
    {NULL, NULL, "time,tenant,key,size,load,op\n1,a,k,3,0.5,get\n2,b,\"k\"\"\",3,0.5,put\n", 0},
    {NULL, "tenant=1+2,key=3", "a,b,c\nd,e,f\n", 0},
    {NULL, NULL, "time,key\n1,a\nx,b\n", 0},
    {NULL, NULL, "colour\ttaste\n1\t2\n", 0},
    {"csv", "key=9", "1,2\n", 0},
    {"keys", NULL, "apple\nbanana\n", 0},
    {"arc", NULL, "1 3 0 0\n2 2 0 1\nx\n", 0},
    {"lirs", NULL, "1\n*\n2\n1\n", 0},
    {"lirs", NULL, "1\nx\n", 0},
    {"orm", NULL, "\x08\0\0\x01\x10\0\0\x01\x08\0\0\x01\x08", 13},
    {"oracleGeneral", NULL, "abcdefghijklmnopqrstuvwxyz", 0},
    {"parquet", NULL, "x", 0},
    {NULL, NULL, "\0\1\2\3", 4},
};

static void read_every_way(const void *bytes, size_t size, const struct ctxi_trace_options *options)
{
    const char *path = trace_file(bytes, size);
    struct ctxi_trace_reader *reader;
    struct ctxi_request request;
    struct ctxi_problem problem;
    struct ctxi_trace *trace;
    size_t got;

    for (size_t batch = 1; batch <= 100; batch *= 10) {
        struct reading reading = read_path(path, options, batch);

        reading_free(&reading);
    }
    if (ctxi_trace_load(path, options, &trace, &problem) == CTX_OK)
        ctxi_trace_free(trace);
    if (ctxi_trace_open(path, options, &reader, &problem) == CTX_OK) {
        ctxi_trace_read(reader, &request, 1, &got, &problem);
        ctxi_trace_close(reader);
    }
    trace_file_close(path);
}

static size_t pack(const char *bytes, size_t size, unsigned char *out, size_t room)
{
    z_stream z = {.next_in = (z_const Bytef *)bytes, .avail_in = (uInt)size};

    CHECK_EQ(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = out;
    z.avail_out = (uInt)room;
    CHECK_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static void run_case(size_t i, bool lenient)
{
    struct ctxi_trace_options options = {.format = cases[i].format,
                                         .columns = cases[i].columns,
                                         .lenient = lenient};
    size_t size = cases[i].size ? cases[i].size : strlen(cases[i].bytes);
    unsigned char packed[512];
    size_t packed_size = pack(cases[i].bytes, size, packed, sizeof packed);

    read_every_way(cases[i].bytes, size, &options);
    read_every_way(packed, packed_size, &options);
    read_every_way(packed, packed_size - 9, &options);
    packed[packed_size - 9] ^= 1;
    read_every_way(packed, packed_size, &options);
}

int main(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_case(i, false);
        run_case(i, true);
    }
    return 0;
}
