/*
 * Traces in every format, good, malformed, cut off and compressed, read in batches and as a whole, to the
 * end and given up in the middle: nothing is left behind.
 */
#include <string.h>
#include <zlib.h>

#include "ctxcache/status.h"
#include "support/check.h"
#include "support/trace_kit.h"

/* A recording of 24 requests, of a cache with a capacity in bytes. */
#define RECORDING                                                                                  \
    "\216\143\164\170\162\145\143\012\001\000\000\000\116\000\000\000\000\000\000\000"             \
    "\000\000\000\000\377\377\377\377\377\377\377\377\000\100\174\031\060\252\353\030"             \
    "\377\377\377\377\377\377\377\377\000\000\020\000\000\000\000\000\005\143\141\143"             \
    "\150\145\001\006\164\145\156\141\156\164\044\100\257\073\206\115\257\117\334\051"             \
    "\164\277\137\054\260\351\000\000\000\000\205\000\000\000\014\000\000\000\000\000"             \
    "\000\000\007\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\200\000"             \
    "\131\142\000\000\000\000\060\165\000\000\000\000\000\000\040\116\000\000\000\000"             \
    "\000\000\144\000\000\000\000\000\000\000\020\164\030\307\144\040\312\125\101\173"             \
    "\144\136\251\136\254\377\113\173\001\030\344\114\200\243\303\107\147\346\177\011"             \
    "\044\241\211\011\333\072\312\301\037\246\211\002\030\156\144\200\243\303\107\274"             \
    "\106\246\223\112\030\102\261\200\243\303\107\101\151\012\014\163\321\232\372\111"             \
    "\165\075\227\356\330\232\003\010\102\261\200\243\303\107\010\156\144\200\243\303"             \
    "\107\010\344\114\200\243\303\107\010\164\030\200\243\303\107\010\344\114\200\243"             \
    "\303\107\010\156\144\200\243\303\107\010\102\261\200\243\303\107\010\102\261\200"             \
    "\243\303\107\003\331\107\342\276\312\262\253\001\000\000\000\177\000\000\000\014"             \
    "\000\000\000\000\000\000\000\007\000\000\000\000\000\000\000\200\000\131\142\000"             \
    "\000\000\000\200\322\242\315\000\000\000\000\060\165\000\000\000\000\000\000\040"             \
    "\116\000\000\000\000\000\000\144\000\000\000\000\000\000\000\051\344\114\200\243"             \
    "\303\107\170\350\007\051\102\261\200\243\303\107\214\001\356\012\071\316\120\200"             \
    "\243\303\107\162\237\311\020\111\310\001\356\016\071\076\227\200\243\303\107\027"             \
    "\236\125\253\000\100\173\240\001\350\013\011\076\227\200\243\303\107\350\013\011"             \
    "\316\120\200\243\303\107\356\016\011\102\261\200\243\303\107\356\012\011\344\114"             \
    "\200\243\303\107\350\007\011\102\261\200\243\303\107\356\012\011\316\120\200\243"             \
    "\303\107\356\016\011\076\227\200\243\303\107\350\013\011\076\227\200\243\303\107"             \
    "\350\013\140\316\246\046\223\254\141\006\002\000\000\000\000\000\000\000\000\000"             \
    "\000\000\000\000\000\000\007\000\000\000\000\000\000\000\200\322\242\315\000\000"             \
    "\000\000\200\322\242\315\000\000\000\000\060\165\000\000\000\000\000\000\040\116"             \
    "\000\000\000\000\000\000\144\000\000\000\000\000\000\000"

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
    {NULL, NULL, RECORDING, sizeof RECORDING - 1},
    {NULL, NULL, RECORDING, 200},
    {NULL, NULL, RECORDING, 40},
    {"recorded", NULL, "x", 0},
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
