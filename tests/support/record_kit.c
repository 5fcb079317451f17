#include "support/record_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "recording/decode.h"
#include "support/check.h"
#include "support/trace_kit.h"

/* Whenever the writer gets a processor: more than any test asks for. */
#define ROOM_FOR_ALL ((size_t)1 << 26)

const char *record_to_file(ctx_cache *cache, double rate, size_t buffer_bytes)
{
    ctx_cache_record_options options = CTX_CACHE_RECORD_OPTIONS_INIT;

    options.path = trace_file("", 0);
    options.rate = rate;
    options.buffer_bytes = buffer_bytes ? buffer_bytes : ROOM_FOR_ALL;
    options.flags = CTX_CACHE_RECORD_OVERWRITE;
    CHECK_EQ(ctx_cache_record_start(cache, &options), CTX_OK);
    return options.path;
}

ctx_cache_record_stats record_end(ctx_cache *cache, const char *path)
{
    ctx_cache_record_stats stats = CTX_CACHE_RECORD_STATS_INIT;
    struct stat file;

    CHECK_EQ(ctx_cache_record_stop(cache, &stats), CTX_OK);
    CHECK_EQ(stat(path, &file), 0);
    CHECK_EQ((uint64_t)file.st_size, stats.bytes);
    CHECK_EQ(stats.error, 0);
    return stats;
}

unsigned char *file_bytes(const char *path, size_t *out_size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes;
    long size = -1;

    CHECK(file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0);
    rewind(file);
    bytes = malloc((size_t)size + 1);
    CHECK(bytes && fread(bytes, 1, (size_t)size, file) == (size_t)size);
    fclose(file);
    *out_size = (size_t)size;
    return bytes;
}

/* ---- reading ------------------------------------------------------------------------------ */

static void add(struct recorded_file *file, const struct ctxi_recorded *request)
{
    if ((file->count & (file->count - 1)) == 0) {
        size_t room = file->count ? file->count * 2 : 1;
        struct ctxi_recorded *grown = realloc(file->requests, room * sizeof *grown);

        CHECK(grown);
        file->requests = grown;
    }
    file->requests[file->count++] = *request;
}

/* Reads a block at `at`, and returns where the next one is; NULL: there is none. */
static const unsigned char *read_block(struct recorded_file *file, struct ctxi_decoder *decoder,
                                       const unsigned char *at, const unsigned char *end)
{
    struct ctxi_recorded request;
    struct ctxi_block block;
    const char *problem;

    if ((size_t)(end - at) < CTXI_BLOCK_HEADER || !ctxi_decode_block_header(at, &block) ||
        (size_t)(end - at) < CTXI_BLOCK_HEADER + block.size || !ctxi_block_is_sound(at, &block))
        return NULL;
    ctxi_decoder_begin_block(decoder, &block, at + CTXI_BLOCK_HEADER);
    while (ctxi_decode(decoder, &request, &problem)) {
        CHECK(request.time_ns >= block.first_ns && request.time_ns <= block.last_ns);
        add(file, &request);
    }
    CHECK(!problem);
    file->state = block.state;
    file->is_whole = block.count == 0;
    return at + CTXI_BLOCK_HEADER + block.size;
}

struct recorded_file recorded_read(const char *path)
{
    struct ctxi_decoder *decoder = ctxi_decoder_new(ctxi_process_allocator());
    char *names = malloc(CTXI_RECORDING_HEADER_MAX);
    struct recorded_file file = {.count = 0};
    const char *problem;
    size_t size;
    unsigned char *bytes = file_bytes(path, &size);
    const unsigned char *at = bytes;

    CHECK(decoder && names);
    at += ctxi_decode_header(bytes, size, &file.about, names, &problem);
    CHECK(at != bytes);
    snprintf(file.name, sizeof file.name, "%s", file.about.name);
    file.about.name = NULL;
    while (at && !file.is_whole)
        at = read_block(&file, decoder, at, bytes + size);
    CHECK(!file.is_whole || at == bytes + size);
    free(names);
    free(bytes);
    ctxi_decoder_free(decoder);
    return file;
}

void recorded_free(struct recorded_file *file)
{
    free(file->requests);
}

/* ---- a model ------------------------------------------------------------------------------ */

void lru_model_init(struct lru_model *model, size_t capacity)
{
    model->keys = malloc((capacity + 1) * sizeof *model->keys);
    CHECK(model->keys);
    model->count = 0;
    model->capacity = capacity;
}

void lru_model_fini(struct lru_model *model)
{
    free(model->keys);
}

static void take_out(struct lru_model *model, size_t at)
{
    model->count--;
    memmove(model->keys + at, model->keys + at + 1, (model->count - at) * sizeof *model->keys);
}

bool lru_model_see(struct lru_model *model, const struct ctxi_recorded *request)
{
    size_t at = 0;
    bool was_there;

    while (at < model->count && model->keys[at] != request->key)
        at++;
    was_there = at < model->count;
    if (was_there)
        take_out(model, at);
    if (request->what == CTXI_RECORDED_DELETE ||
        (request->what == CTXI_RECORDED_LOST && !was_there))
        return was_there;
    memmove(model->keys + 1, model->keys, model->count * sizeof *model->keys);
    model->keys[0] = request->key;
    if (++model->count > model->capacity)
        model->count--;
    return was_there;
}
