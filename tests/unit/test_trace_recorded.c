/*
 * Recordings as traces: the reader gives what was encoded, knows where a file is cut off or damaged, and
 * gives everything before.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/byte_order.h"
#include "base/hash.h"
#include "ctxcache/status.h"
#include "recording/decode.h"
#include "recording/encode.h"
#include "support/rng.h"
#include "support/scale.h"
#include "support/trace_kit.h"
#include "tune/stream.h"

TestSuite(recorded, .timeout = 120);

/* The example of the reference implementation: eight bytes from 0 on, the key sixteen from 0 on. */
Test(recorded, keys_are_hidden_by_siphash)
{
    const struct ctxi_secret secret = {
        {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};

    cr_assert_eq(ctxi_keyed(UINT64_C(0x0706050403020100), &secret, 2, 4),
                 UINT64_C(0x93f5f5799a932462));
}

/* ---- files -------------------------------------------------------------------------------- */

/* A file in memory, and where its blocks end. */
struct made {
    unsigned char *bytes;
    size_t size, room;
    size_t header;                  /* its size */
    size_t block_ends[64], blocks;  /* offsets; with the last one, of no requests */
    size_t counts[64];              /* of requests up to there */
    struct ctxi_recorded *requests; /* that went in */
    size_t request_count;
    struct ctxi_recorded_state state; /* that blocks end with from now on */
};

static void append(struct made *made, const unsigned char *bytes, size_t size)
{
    if (made->size + size > made->room) {
        made->room = 2 * (made->size + size);
        made->bytes = realloc(made->bytes, made->room);
        cr_assert(made->bytes);
    }
    if (size)
        memcpy(made->bytes + made->size, bytes, size);
    made->size += size;
}

/* Tenant 5 is partition 1005. */
static struct ctxi_tenant_name same(void *user, uint64_t tenant)
{
    (void)user;
    return (struct ctxi_tenant_name){tenant, tenant + 1000};
}

static struct ctxi_encoder *begin_of(struct made *made, uint64_t threshold, uint64_t max_bytes)
{
    const struct ctxi_recording_about about = {.threshold = threshold,
                                               .max_bytes = max_bytes,
                                               .name = "made",
                                               .variables = {"tenant"},
                                               .variable_count = 1};
    const struct ctxi_recording_secrets secrets = {{{1, 2}}, {{3, 4}}};
    unsigned char *header = malloc(CTXI_RECORDING_HEADER_MAX);

    cr_assert(header);
    memset(made, 0, sizeof *made);
    made->header = ctxi_encode_header(header, &about);
    append(made, header, made->header);
    free(header);
    return ctxi_encoder_new(ctxi_process_allocator(), &secrets, same, NULL);
}

static struct ctxi_encoder *begin(struct made *made, uint64_t threshold)
{
    return begin_of(made, threshold, UINT64_MAX);
}

static void append_block(struct made *made, struct ctxi_encoder *encoder)
{
    size_t size;
    const unsigned char *block = ctxi_encoder_end_block(encoder, &made->state, &size);

    append(made, block, size);
}

static void end_block(struct made *made, struct ctxi_encoder *encoder)
{
    append_block(made, encoder);
    made->block_ends[made->blocks] = made->size;
    made->counts[made->blocks++] = made->request_count;
}

static struct ctxi_recorded draw(struct support_rng *rng, uint64_t keys, uint64_t time_ns)
{
    struct ctxi_recorded request = {.what = (enum ctxi_recorded_what)
                                        support_rng_below(rng, CTXI_RECORDED_COUNT),
                                    .key = support_rng_below(rng, keys),
                                    .time_ns = time_ns};

    request.tenant = request.key % 7 + 1;
    if (request.what == CTXI_RECORDED_MISS || request.what == CTXI_RECORDED_PUT)
        request.weight = support_rng_below(rng, 5) * 1000 + 1;
    if (request.what == CTXI_RECORDED_MISS)
        request.load_ns = support_rng_below(rng, 1024);
    return request;
}

static struct made make(uint64_t seed, size_t requests, uint64_t keys, size_t in_block)
{
    struct support_rng rng = support_rng_seeded(seed);
    struct made made;
    struct ctxi_encoder *encoder = begin(&made, UINT64_MAX);
    uint64_t time_ns = 0;

    cr_assert(encoder);
    made.requests = calloc(requests, sizeof *made.requests);
    for (size_t i = 0; i < requests; i++) {
        bool is_full;

        time_ns += support_rng_below(&rng, 3) * support_rng_below(&rng, 1000000);
        made.requests[i] = draw(&rng, keys, time_ns);
        is_full = ctxi_encode(encoder, &made.requests[i]);

        made.request_count++;
        if (made.request_count % in_block == 0 || is_full)
            end_block(&made, encoder);
    }
    if (ctxi_encoder_count(encoder))
        end_block(&made, encoder);
    end_block(&made, encoder);
    ctxi_encoder_free(encoder);
    return made;
}

static void made_free(struct made *made)
{
    free(made->bytes);
    free(made->requests);
}

/* ---- everything --------------------------------------------------------------------------- */

static enum ctxi_op op_of(const struct ctxi_recorded *request)
{
    return request->what == CTXI_RECORDED_PUT      ? CTXI_OP_PUT
           : request->what == CTXI_RECORDED_DELETE ? CTXI_OP_DELETE
                                                   : CTXI_OP_GET;
}

/* Keys and tenants are other numbers, but equal exactly where they were; weights are of the last store. */
static void check_request(const struct made *made, const struct reading *reading, size_t i,
                          uint64_t keys)
{
    static struct {
        uint64_t key, tenant, weight;
        bool is_known;
    } seen[1 << 20];
    const struct ctxi_recorded *in = &made->requests[i];
    const struct ctxi_request *out = &reading->requests[i];

    if (i == 0)
        memset(seen, 0, sizeof *seen * keys);
    if (!seen[in->key].is_known) {
        seen[in->key].is_known = true;
        seen[in->key].key = out->key;
        seen[in->key].tenant = out->tenant;
        seen[in->key].weight = 1;
    }
    if (in->weight)
        seen[in->key].weight = in->weight;
    cr_assert_eq(out->key, seen[in->key].key, "request %zu", i);
    cr_assert_eq(out->tenant, seen[in->key].tenant, "request %zu", i);
    cr_assert_eq(out->size, seen[in->key].weight, "request %zu", i);
    cr_assert_eq(out->op, op_of(in));
    cr_assert_eq(out->time_ns, in->time_ns);
    cr_assert_eq(out->load_ns, in->load_ns);
}

/* A header of this threshold, and one request. */
static struct made make_sample(uint64_t threshold)
{
    const struct ctxi_recorded request = {.key = 1, .tenant = 1};
    struct made made;
    struct ctxi_encoder *encoder = begin(&made, threshold);

    cr_assert(encoder);
    ctxi_encode(encoder, &request);
    end_block(&made, encoder);
    end_block(&made, encoder);
    ctxi_encoder_free(encoder);
    return made;
}

static void expect_rate(const void *bytes, size_t size, double rate, bool apart)
{
    const char *path = trace_file(bytes, size);
    struct ctxi_trace_reader *reader;
    struct ctxi_trace *trace;

    cr_assert_eq(ctxi_trace_open(path, NULL, &reader, NULL), CTX_OK);
    cr_assert_eq(ctxi_trace_reader_rate(reader), rate);
    cr_assert_eq((ctxi_trace_reader_has(reader) & CTXI_TRACE_APART) != 0, apart);
    ctxi_trace_close(reader);
    cr_assert_eq(ctxi_trace_load(path, NULL, &trace, NULL), CTX_OK);
    cr_assert_eq(trace->rate, rate);
    cr_assert_eq(trace->apart, apart);
    cr_assert_eq(ctxi_stream_of(trace).rate, rate);
    ctxi_trace_free(trace);
    trace_file_close(path);
}

Test(recorded, which_share_of_the_keys_it_has)
{
    static const struct {
        uint64_t threshold;
        double rate;
    } known[] = {{UINT64_MAX, 1}, {UINT64_C(1) << 61, 0.125}, {1, 0x1p-64}};
    struct reading reading;
    struct made made;

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        made = make_sample(known[i].threshold);
        expect_rate(made.bytes, made.size, known[i].rate, true);
        made_free(&made);
    }
    expect_rate("tenant,key\na,1\n", 15, 1, false);
    made = make_sample(0); /* of no key, and yet there is a request */
    reading = read_bytes(made.bytes, made.size, NULL);
    cr_assert_eq(reading.status, CTX_ERR_INVALID);
    cr_assert(strstr(reading.problem.text, "a threshold over 0"), "%s", reading.problem.text);
    reading_free(&reading);
    made_free(&made);
}

Test(recorded, what_goes_in_comes_out)
{
    uint64_t seed = support_seed("test_trace_recorded");

    for (uint64_t keys = 10; keys < 100000; keys *= 20) {
        struct made made = make(seed, 50000, keys, 20000);
        struct reading reading = read_bytes(made.bytes, made.size, NULL);

        cr_assert_eq(reading.status, CTX_OK, "%s", reading.problem.text);
        cr_assert_str_eq(reading.format, "recorded");
        cr_assert_eq(reading.count, made.request_count);
        cr_assert_eq(reading.tenant_count, 7);
        for (size_t i = 0; i < reading.count; i++)
            check_request(&made, &reading, i, keys);
        reading_free(&reading);
        made_free(&made);
    }
}

/* More keys than the table has places: a key that comes back is the same key. */
Test(recorded, a_key_that_was_forgotten_is_the_same_when_it_comes_back)
{
    const uint64_t keys = (uint64_t)CTXI_KEY_PLACES * 2;
    struct made made;
    struct ctxi_encoder *encoder = begin(&made, UINT64_MAX);
    struct ctxi_decoder *decoder = ctxi_decoder_new(ctxi_process_allocator());
    uint64_t *first = calloc(keys, sizeof *first), wrong = 0;

    cr_assert(encoder && decoder && first);
    for (uint64_t i = 0; i < 2 * keys;) {
        struct ctxi_block block;
        struct ctxi_recorded request;
        const unsigned char *bytes;
        const char *problem;
        size_t size;
        uint64_t from = i;

        for (bool is_full = false; i < 2 * keys && !is_full; i++)
            is_full =
                ctxi_encode(encoder, &(struct ctxi_recorded){.key = i % keys, .tenant = i % 3 + 1});
        bytes = ctxi_encoder_end_block(encoder, &made.state, &size);
        cr_assert(ctxi_decode_block_header(bytes, &block));
        ctxi_decoder_begin_block(decoder, &block, bytes + CTXI_BLOCK_HEADER);
        for (; ctxi_decode(decoder, &request, &problem); from++) {
            if (from < keys)
                first[from] = request.key;
            else
                wrong += first[from - keys] != request.key;
        }
        cr_assert_eq(from, i);
    }
    cr_assert_eq(wrong, 0);
    free(first);
    ctxi_decoder_free(decoder);
    ctxi_encoder_free(encoder);
    made_free(&made);
}

Test(recorded, packed_it_is_the_same)
{
    struct made made = make(1, 1000, 50, 100);
    uLongf size = compressBound((uLong)made.size);
    unsigned char *packed = malloc(size + 64);
    struct reading plain = read_bytes(made.bytes, made.size, NULL), unpacked;
    z_stream stream;

    memset(&stream, 0, sizeof stream);
    cr_assert_eq(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = made.bytes;
    stream.avail_in = (uInt)made.size;
    stream.next_out = packed;
    stream.avail_out = (uInt)size + 64;
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    unpacked = read_bytes(packed, stream.total_out, NULL);
    deflateEnd(&stream);
    cr_assert_eq(unpacked.status, CTX_OK);
    cr_assert(readings_equal(&plain, &unpacked));
    reading_free(&plain);
    reading_free(&unpacked);
    free(packed);
    made_free(&made);
}

/* ---- what is not whole -------------------------------------------------------------------- */

static const struct ctxi_trace_options lenient = {.lenient = true};

/* Every byte, or if each reading takes long, now and then one. */
static size_t step(void)
{
    return scaled(10) == 10 ? 1 : 7;
}

/* Requests of the blocks that end at or before `size`. */
static size_t whole_requests(const struct made *made, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < made->blocks && made->block_ends[i] <= size; i++)
        count = made->counts[i];
    return count;
}

static bool is_between_blocks(const struct made *made, size_t size)
{
    bool is = size == made->header;

    for (size_t i = 0; i < made->blocks; i++)
        is |= size == made->block_ends[i];
    return is;
}

static void expect_prefix(const struct reading *whole, const struct reading *part, size_t count)
{
    struct reading prefix = *whole;

    cr_assert_eq(part->count, count);
    prefix.count = count;
    cr_assert(readings_equal(&prefix, part));
}

Test(recorded, cut_off_anywhere_it_reads_up_to_there)
{
    struct made made = make(2, 200, 30, 50);
    struct reading whole = read_bytes(made.bytes, made.size, NULL);

    cr_assert_eq(whole.status, CTX_OK);
    for (size_t size = made.header; size < made.size; size += step()) {
        struct reading part = read_bytes(made.bytes, size, NULL);
        struct reading mild = read_bytes(made.bytes, size, &lenient);
        size_t count = whole_requests(&made, size);

        bool between = is_between_blocks(&made, size);

        cr_assert_eq(part.status, between && count ? CTX_OK : CTX_ERR_INVALID, "cut at %zu", size);
        cr_assert(part.status == CTX_OK || strstr(part.problem.text, "was not ended"),
                  "cut at %zu: %s", size, part.problem.text);
        cr_assert_eq(strstr(part.problem.text, "--lenient") != NULL, !between, "cut at %zu", size);
        expect_prefix(&whole, &part, count);
        expect_prefix(&whole, &mild, count);
        cr_assert_eq(mild.status, count ? CTX_OK : CTX_ERR_INVALID);
        cr_assert_eq(mild.skipped, between ? 0 : 1);
        reading_free(&part);
        reading_free(&mild);
    }
    for (size_t size = 8; size < made.header; size++) {
        struct reading part = read_bytes(made.bytes, size, NULL);

        cr_assert_eq(part.status, CTX_ERR_INVALID, "cut at %zu", size);
        cr_assert_eq(part.count, 0);
        cr_assert(strstr(part.problem.text, "the rest of the header"), "%s", part.problem.text);
        reading_free(&part);
    }
    reading_free(&whole);
    made_free(&made);
}

static struct ctxi_trace *load(const struct made *made, size_t size,
                               const struct ctxi_trace_options *options)
{
    const char *path = trace_file(made->bytes, size);
    struct ctxi_problem problem = {""};
    struct ctxi_trace *trace;

    cr_assert_eq(ctxi_trace_load(path, options, &trace, &problem), CTX_OK, "%s", problem.text);
    trace_file_close(path);
    return trace;
}

/* A process that was killed, and a disk that was full, leave what can be read without being lenient. */
Test(recorded, one_that_nobody_ended_says_so)
{
    struct made made = make(8, 200, 30, 50);
    struct ctxi_trace *whole = load(&made, made.size, NULL),
                      *killed = load(&made, made.block_ends[2], NULL),
                      *cut = load(&made, made.block_ends[2] - 1, &lenient);

    cr_assert_not(whole->recorded.ends_early);
    cr_assert(killed->recorded.ends_early);
    cr_assert(cut->recorded.ends_early);
    cr_assert_eq(whole->request_count, 200);
    cr_assert_eq(killed->request_count, 150);
    cr_assert_eq(cut->request_count, 100);
    ctxi_trace_free(whole);
    ctxi_trace_free(killed);
    ctxi_trace_free(cut);
    made_free(&made);
}

/* Of a packed one it is not known where its writer came to: there was more. */
Test(recorded, one_whose_packing_is_cut_off_is_an_error)
{
    struct made made = make(8, 200, 30, 50);
    unsigned char packed[16384];
    z_stream stream;
    struct reading reading;

    memset(&stream, 0, sizeof stream);
    cr_assert_eq(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = made.bytes;
    stream.avail_in = (uInt)made.block_ends[2];
    stream.next_out = packed;
    stream.avail_out = sizeof packed;
    cr_assert_eq(deflate(&stream, Z_FULL_FLUSH), Z_OK);
    cr_assert_eq(stream.avail_in, 0);
    reading = read_bytes(packed, stream.total_out, NULL);
    deflateEnd(&stream);
    cr_assert_eq(reading.status, CTX_ERR_INVALID);
    cr_assert_eq(reading.count, 150);
    cr_assert(strstr(reading.problem.text, "the gzip data was expected to go on"), "%s",
              reading.problem.text);
    reading_free(&reading);
    made_free(&made);
}

Test(recorded, one_without_requests_says_why)
{
    struct made made;
    struct ctxi_encoder *encoder = begin(&made, UINT64_MAX);
    struct reading reading;

    end_block(&made, encoder);
    ctxi_encoder_free(encoder);
    reading = read_bytes(made.bytes, made.size, NULL);
    cr_assert_eq(reading.status, CTX_ERR_INVALID);
    cr_assert(strstr(reading.problem.text, ": nothing was asked for between start and stop"), "%s",
              reading.problem.text);
    reading_free(&reading);
    reading = read_bytes(made.bytes, made.header, NULL);
    cr_assert_eq(reading.status, CTX_ERR_INVALID);
    cr_assert(strstr(reading.problem.text, ": the recording ends before its first request"), "%s",
              reading.problem.text);
    reading_free(&reading);
    made_free(&made);
}

/* ---- what it says of itself --------------------------------------------------------------- */

/* A tenant that comes back as another partition keeps its name, be its place forgotten meanwhile or not. */
Test(recorded, tenants_have_the_numbers_of_partitions)
{
    const uint64_t tenants = 2 * (uint64_t)CTXI_TENANT_PLACES;
    struct made made;
    struct ctxi_encoder *encoder = begin(&made, UINT64_MAX);
    struct ctxi_trace *trace;

    for (uint64_t i = 0; i < 2 * tenants; i++) {
        const struct ctxi_recorded request = {.key = i % tenants, .tenant = i % tenants + 1};

        if (ctxi_encode(encoder, &request))
            append_block(&made, encoder);
    }
    append_block(&made, encoder);
    append_block(&made, encoder);
    ctxi_encoder_free(encoder);
    trace = load(&made, made.size, NULL);
    cr_assert_eq(trace->tenant_count, tenants);
    for (uint32_t i = 0; i < trace->tenant_count; i++)
        cr_assert_eq(strtoul(ctxi_tenants_name(trace->tenants, i), NULL, 10), i + 1 + 1000);
    ctxi_trace_free(trace);
    made_free(&made);
}

enum { COLD = 1, WARM, STAYS }; /* keys: first missed, first hit and then put, never stored */

/* One block for each state; in the first there are these requests. */
static struct ctxi_trace *load_states(const struct ctxi_recorded_state *states, size_t count,
                                      uint64_t max_bytes)
{
    static const struct ctxi_recorded requests[] = {
        {.what = CTXI_RECORDED_MISS, .key = COLD, .weight = 100},
        {.what = CTXI_RECORDED_HIT, .key = WARM},
        {.what = CTXI_RECORDED_HIT, .key = STAYS},
        {.what = CTXI_RECORDED_PUT, .key = WARM, .weight = 300},
        {.what = CTXI_RECORDED_HIT, .key = COLD}};
    struct made made;
    struct ctxi_encoder *encoder = begin_of(&made, UINT64_MAX, max_bytes);
    struct ctxi_trace *trace;

    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        ctxi_encode(encoder, &requests[i]);
    for (size_t i = 0; i < count; i++) {
        made.state = states[i];
        end_block(&made, encoder);
        ctxi_encode(encoder, &requests[4]);
    }
    end_block(&made, encoder);
    end_block(&made, encoder);
    ctxi_encoder_free(encoder);
    trace = load(&made, made.size, NULL);
    made_free(&made);
    return trace;
}

static void expect_sizes(const struct ctxi_trace *trace, const uint32_t *sizes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(trace->sizes[i], sizes[i], "request %zu has %u", i, trace->sizes[i]);
}

Test(recorded, what_is_missing_and_what_bytes_cost)
{
    static const struct ctxi_recorded_state states[] = {
        {.dropped = 1, .used_bytes = 5000, .entry_bytes = 1000, .entries = 10},
        {.dropped = 7, .used_bytes = 3000, .entry_bytes = 2000, .entries = 8},
        {.dropped = 7, .used_bytes = 800}}; /* of the rest, too */
    static const uint32_t weights[] = {100, 300, 250, 300, 100, 100},
                          sizes[] = {150, 450, 375, 450, 150, 150};
    struct ctxi_trace *trace = load_states(states, 3, 1 << 20);

    cr_assert_eq(trace->recorded.lost, 7);
    cr_assert(trace->recorded.of_bytes);
    cr_assert_eq(trace->recorded.used_per_weight, 1.5, "that of the moment with most in it");
    expect_sizes(trace, sizes, 6);
    ctxi_trace_free(trace);
    trace = load_states(states, 3, UINT64_MAX);
    cr_assert_not(trace->recorded.of_bytes);
    cr_assert_eq(trace->recorded.used_per_weight, 0);
    expect_sizes(trace, weights, 6);
    ctxi_trace_free(trace);
}

/* ---- damage ------------------------------------------------------------------------------- */

Test(recorded, a_flipped_bit_is_found)
{
    struct made made = make(3, 200, 30, 50);
    struct reading whole = read_bytes(made.bytes, made.size, NULL);

    for (size_t at = 8; at < made.size; at += step()) {
        struct reading part;

        made.bytes[at] ^= (unsigned char)(1 << at % 8);
        part = read_bytes(made.bytes, made.size, NULL);
        cr_assert_eq(part.status, CTX_ERR_INVALID, "byte %zu", at);
        expect_prefix(&whole, &part, at < made.header ? 0 : whole_requests(&made, at));
        reading_free(&part);
        made.bytes[at] ^= (unsigned char)(1 << at % 8);
    }
    reading_free(&whole);
    made_free(&made);
}

/* A writer that is wrong, although what it wrote arrived. */
Test(recorded, a_request_that_makes_no_sense_is_the_end)
{
    struct made made = make(6, 100, 30, 50);
    unsigned char *block = made.bytes + made.block_ends[0];
    struct reading part, mild;

    block[CTXI_BLOCK_HEADER] |= CTXI_REQUEST_WHAT;
    ctxi_put_le(block, ctxi_digest(block + 8, made.block_ends[1] - made.block_ends[0] - 8), 8);
    part = read_bytes(made.bytes, made.size, NULL);
    mild = read_bytes(made.bytes, made.size, &lenient);
    cr_assert_eq(part.status, CTX_ERR_INVALID);
    cr_assert(strstr(part.problem.text, "in block 1: a request of a kind"), "%s",
              part.problem.text);
    cr_assert_eq(mild.status, CTX_OK);
    cr_assert_eq(mild.skipped, 1);
    cr_assert_eq(part.count, 50);
    cr_assert_eq(mild.count, 50);
    reading_free(&part);
    reading_free(&mild);
    made_free(&made);
}

Test(recorded, nothing_comes_after_the_end)
{
    struct made made = make(4, 100, 30, 50);
    struct reading reading;

    append(&made, (const unsigned char *)"x", 1);
    reading = read_bytes(made.bytes, made.size, NULL);
    cr_assert_eq(reading.status, CTX_ERR_INVALID);
    cr_assert_eq(reading.count, 100);
    reading_free(&reading);
    made_free(&made);
}

Test(recorded, blocks_that_are_missing_or_out_of_order_are_found)
{
    struct made made = make(5, 200, 30, 50);
    size_t first = made.block_ends[0], second = made.block_ends[1];
    struct reading reading;

    memmove(made.bytes + first, made.bytes + second, made.size - second);
    reading = read_bytes(made.bytes, made.size - (second - first), NULL);
    cr_assert_eq(reading.status, CTX_ERR_INVALID);
    cr_assert_eq(reading.count, 50);
    cr_assert(strstr(reading.problem.text, "block 1 was expected"), "%s", reading.problem.text);
    reading_free(&reading);
    made_free(&made);
}
