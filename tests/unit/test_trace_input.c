/*
 * Where traces come from: files that are compressed, cut off, damaged, or not there.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "ctxcache/status.h"
#include "support/trace_kit.h"

/* ---- a trace, compressed ------------------------------------------------------------------ */

#define LINES 30000

static char text[LINES * 12];
static size_t text_size;
static unsigned char packed[2 * sizeof text];

static void write_text(void)
{
    text_size = 0;
    for (int i = 0; i < LINES; i++)
        text_size += (size_t)sprintf(text + text_size, "k%d\n", i * 7919 % 10007);
}

TestSuite(trace_input, .init = write_text);

static size_t pack_gzip(const void *bytes, size_t size, unsigned char *out, size_t room)
{
    z_stream z = {.next_in = (z_const Bytef *)bytes, .avail_in = (uInt)size};

    cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = out;
    z.avail_out = (uInt)room;
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static size_t pack_xz(const void *bytes, size_t size, unsigned char *out, size_t room)
{
    size_t used = 0;

    cr_assert_eq(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, bytes, size, out, &used, room),
                 LZMA_OK);
    return used;
}

static size_t pack_zstd(const void *bytes, size_t size, unsigned char *out, size_t room)
{
    size_t used = ZSTD_compress(out, room, bytes, size, 3);

    cr_assert(!ZSTD_isError(used));
    return used;
}

static const struct packer {
    const char *name;
    size_t (*pack)(const void *bytes, size_t size, unsigned char *out, size_t room);
} packers[] = {{"gzip", pack_gzip}, {"xz", pack_xz}, {"zstd", pack_zstd}};

#define EACH_PACKER(p)                                                                             \
    const struct packer *p = packers;                                                              \
    (p) < packers + 3;                                                                             \
    (p)++

/* ---- whole files -------------------------------------------------------------------------- */

Test(trace_input, compressed_or_not_is_all_the_same)
{
    struct reading plain = read_bytes(text, text_size, NULL);

    cr_assert_eq(plain.status, CTX_OK, "%s", plain.problem.text);
    cr_assert_eq(plain.count, LINES);
    for (EACH_PACKER(p)) {
        size_t size = p->pack(text, text_size, packed, sizeof packed);
        struct reading r = read_bytes(packed, size, NULL);

        cr_assert_eq(r.status, CTX_OK, "%s: %s", p->name, r.problem.text);
        cr_assert(readings_equal(&plain, &r), "%s", p->name);
        reading_free(&r);
    }
    reading_free(&plain);
}

Test(trace_input, files_may_have_several_compressed_parts)
{
    struct reading plain = read_bytes(text, text_size, NULL);
    size_t half = text_size / 2;

    for (EACH_PACKER(p)) {
        size_t size = p->pack(text, half, packed, sizeof packed);
        struct reading r;

        size += p->pack("", 0, packed + size, sizeof packed - size);
        size += p->pack(text + half, text_size - half, packed + size, sizeof packed - size);
        r = read_bytes(packed, size, NULL);
        cr_assert_eq(r.status, CTX_OK, "%s: %s", p->name, r.problem.text);
        cr_assert(readings_equal(&plain, &r), "%s", p->name);
        reading_free(&r);
    }
    reading_free(&plain);
}

Test(trace_input, a_batch_may_be_of_any_size)
{
    const char *path = trace_file(text, text_size);
    struct reading all = read_path(path, NULL, LINES + 1);
    const size_t batches[] = {1, 2, 1000, LINES - 1, LINES};

    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        struct reading r = read_path(path, NULL, batches[i]);

        cr_assert(r.status == CTX_OK && readings_equal(&all, &r), "batches of %zu", batches[i]);
        reading_free(&r);
    }
    reading_free(&all);
}

/* Lines that lie anywhere in relation to the buffer, and are found whole. */
Test(trace_input, lines_lie_across_buffers)
{
    for (size_t length = 1000; length < 1010; length++) {
        size_t lines = 3 * 262144 / length, size = lines * (length + 1);
        char *bytes = malloc(size);
        struct reading r;

        memset(bytes, 'x', size);
        for (size_t i = 1; i <= lines; i++)
            bytes[i * (length + 1) - 1] = '\n';
        r = read_bytes(bytes, size, NULL);
        cr_assert_eq(r.count, lines);
        for (size_t i = 1; i < lines; i++)
            cr_assert_eq(r.requests[i].key, r.requests[0].key);
        reading_free(&r);
        free(bytes);
    }
}

/* ---- cut off, and damaged ----------------------------------------------------------------- */

static void expect_cut(const char *name, const unsigned char *bytes, size_t size,
                       const struct reading *whole)
{
    static const struct ctxi_trace_options strict = {.format = "keys"},
                                           lenient = {.format = "keys", .lenient = true};
    struct reading r = read_bytes(bytes, size, &strict), loose = read_bytes(bytes, size, &lenient);
    bool nothing = loose.count == 0;

    cr_assert_eq(r.status, CTX_ERR_INVALID, "%s cut to %zu", name, size);
    cr_assert(strstr(r.problem.text, "data was expected to go on") ||
                  strstr(r.problem.text, "cut off"),
              "%s cut to %zu: %s", name, size, r.problem.text);
    cr_assert(strstr(r.problem.text, name) || nothing, "%s", r.problem.text);
    cr_assert_eq(loose.status, nothing ? CTX_ERR_INVALID : CTX_OK, "%s", loose.problem.text);
    cr_assert(nothing || loose.skipped == 1);
    cr_assert_leq(loose.count, whole->count);
    for (size_t i = 0; i < loose.count; i++)
        cr_assert_eq(loose.requests[i].key, whole->requests[i].key);
    reading_free(&r);
    reading_free(&loose);
}

/* A line that is cut would be another key: no reader may take it for one. */
Test(trace_input, cut_off_anywhere_nothing_false_is_read)
{
    struct reading whole = read_bytes(text, text_size, NULL);

    for (EACH_PACKER(p)) {
        size_t size = p->pack(text, text_size, packed, sizeof packed);

        for (size_t cut = 6; cut < size; cut += cut < 100 || size - cut < 100 ? 1 : size / 97)
            expect_cut(p->name, packed, cut, &whole);
    }
    reading_free(&whole);
}

Test(trace_input, damaged_data_is_said_to_be)
{
    for (EACH_PACKER(p)) {
        size_t size = p->pack(text, text_size, packed, sizeof packed);
        struct ctxi_trace_options lenient = {.format = "keys", .lenient = true};
        struct reading r;

        for (size_t i = size / 2; i < size / 2 + 50; i++)
            packed[i] ^= 0x55;
        r = read_bytes(packed, size, &lenient);
        cr_assert_eq(r.status, CTX_ERR_INVALID, "%s", p->name);
        cr_assert(strstr(r.problem.text, "data is damaged ("), "%s", r.problem.text);
        cr_assert(strstr(r.problem.text, ": offset ") && strstr(r.problem.text, p->name));
        reading_free(&r);
    }
}

Test(trace_input, what_follows_compressed_data_is_not_passed_over)
{
    for (EACH_PACKER(p)) {
        size_t size = p->pack(text, text_size, packed, sizeof packed);
        struct reading r;

        memcpy(packed + size, "and more of it", 14);
        r = read_bytes(packed, size + 14, NULL);
        cr_assert_eq(r.status, CTX_ERR_INVALID, "%s", p->name);
        cr_assert(strstr(r.problem.text, "data is damaged ("), "%s", r.problem.text);
        reading_free(&r);
    }
}

Test(trace_input, empty_also_when_it_is_compressed)
{
    for (EACH_PACKER(p)) {
        size_t size = p->pack("", 0, packed, sizeof packed);
        struct reading r = read_bytes(packed, size, NULL);

        cr_assert_eq(r.status, CTX_ERR_INVALID, "%s", p->name);
        cr_assert(strstr(r.problem.text, "a request was expected, but it is empty"));
    }
}

/* ---- where it comes from ------------------------------------------------------------------ */

Test(trace_input, files_that_cannot_be_read)
{
    struct reading absent = read_path("/nowhere/trace", NULL, 1), folder = read_path("/", NULL, 1);

    cr_assert_eq(absent.status, CTX_ERR_SYSTEM);
    cr_assert_str_eq(absent.problem.text,
                     "/nowhere/trace: cannot be read: No such file or directory");
    cr_assert_eq(folder.status, CTX_ERR_SYSTEM);
    cr_assert_str_eq(folder.problem.text, "/: cannot be read: Is a directory");
    errno = 0;
    read_path("/nowhere/trace", NULL, 1);
    cr_assert_eq(errno, ENOENT);
}

Test(trace_input, a_problem_need_not_be_heard)
{
    struct ctxi_trace_reader *reader;
    struct ctxi_trace *trace;

    cr_assert_eq(ctxi_trace_open("/nowhere", NULL, &reader, NULL), CTX_ERR_SYSTEM);
    cr_assert_null(reader);
    cr_assert_eq(ctxi_trace_load("/nowhere", NULL, &trace, NULL), CTX_ERR_SYSTEM);
    cr_assert_null(trace);
    ctxi_trace_close(NULL);
    ctxi_trace_free(NULL);
}

Test(trace_input, nothing_is_read_after_an_error)
{
    const char *path = trace_file("1\n2\nx\n4\n", 8);
    struct ctxi_trace_options options = {.format = "lirs"};
    struct ctxi_trace_reader *reader;
    struct ctxi_request requests[8];
    struct ctxi_problem problem;
    size_t got;

    cr_assert_eq(ctxi_trace_open(path, &options, &reader, &problem), CTX_OK);
    cr_assert_eq(ctxi_trace_read(reader, requests, 8, &got, &problem), CTX_ERR_INVALID);
    cr_assert_eq(got, 2);
    cr_assert_eq(ctxi_trace_read(reader, requests, 8, &got, &problem), CTX_ERR_INVALID);
    cr_assert_eq(got, 0);
    cr_assert(strstr(problem.text, "could not be read before"));
    ctxi_trace_close(reader);
}

/* A pipe, as the standard input: read as it comes, and of no known size. */
Test(trace_input, the_standard_input)
{
    int ends[2];
    struct ctxi_trace_reader *reader;
    struct ctxi_request requests[8];
    struct ctxi_problem problem;
    uint64_t bytes, total;
    size_t got;

    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "a\nb\n", 4), 4);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    cr_assert_eq(ctxi_trace_open("-", NULL, &reader, &problem), CTX_OK, "%s", problem.text);
    cr_assert_eq(ctxi_trace_read(reader, requests, 8, &got, &problem), CTX_OK);
    cr_assert_eq(got, 2);
    ctxi_trace_reader_progress(reader, &bytes, &total);
    cr_assert(bytes == 4 && total == 0);
    ctxi_trace_close(reader);
}

Test(trace_input, progress_is_in_bytes_of_the_file)
{
    size_t size = pack_gzip(text, text_size, packed, sizeof packed);
    struct ctxi_trace_reader *reader;
    struct ctxi_request request;
    uint64_t bytes, total;
    size_t got = 1;

    cr_assert_eq(ctxi_trace_open(trace_file(packed, size), NULL, &reader, NULL), CTX_OK);
    while (got == 1)
        cr_assert_eq(ctxi_trace_read(reader, &request, 1, &got, NULL), CTX_OK);
    ctxi_trace_reader_progress(reader, &bytes, &total);
    cr_assert(bytes == size && total == size);
    ctxi_trace_close(reader);
}
