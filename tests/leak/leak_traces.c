/*
 * Traces in every format, good, malformed, cut off and compressed, read in batches and as a whole, to the
 * end and given up in the middle: nothing is left behind.
 */
#include <string.h>
#include <zlib.h>

#include "ctxcache/status.h"
#include "support/check.h"
#include "support/trace_kit.h"

/* A recording of 24 requests. */
#define RECORDING                                                                                  \
    "\216\143\164\170\162\145\143\012\001\000\000\000\117\000\000\000\000\000\000\000"             \
    "\000\000\000\000\377\377\377\377\377\377\377\377\362\271\362\214\221\241\353\030"             \
    "\003\000\000\000\000\000\000\000\377\377\377\377\377\377\377\377\006\162\145\160"             \
    "\154\141\171\001\006\164\145\156\141\156\164\371\276\100\032\246\324\200\120\236"             \
    "\065\103\174\256\073\320\131\000\000\000\000\310\000\000\000\030\000\000\000\000"             \
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\202"             \
    "\026\002\000\000\000\000\000\071\360\365\202\255\010\153\044\340\055\357\161\305"             \
    "\353\143\234\035\046\323\171\305\070\037\013\021\362\327\121\355\001\327\251\341"             \
    "\313\164\332\242\253\340\322\343\313\340\000\021\344\066\217\165\017\234\304\160"             \
    "\305\163\000\021\020\017\057\135\164\021\370\340\313\167\000\021\202\146\117\206"             \
    "\336\025\077\160\305\171\000\021\006\002\173\177\234\337\144\340\313\155\000\023"             \
    "\204\123\317\175\170\024\266\160\305\021\150\110\271\177\154\310\160\340\313\155"             \
    "\000\021\336\365\321\066\036\153\304\160\305\166\000\021\356\155\251\133\022\217"             \
    "\132\340\313\171\000\004\360\365\001\362\327\175\000\001\344\066\152\000\003\020"             \
    "\017\001\202\146\163\000\001\006\002\166\000\001\204\123\167\000\001\150\110\164"             \
    "\000\001\336\365\151\000\001\356\155\176\000\003\360\365\004\362\327\001\344\066"             \
    "\171\000\001\020\017\206\000\122\202\247\375\105\012\024\256\001\000\000\000\000"             \
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\202"             \
    "\026\002\000\000\000\000\000\202\026\002\000\000\000\000\000"

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
