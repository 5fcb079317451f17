/*
 * What the library's ctx_cache_record_start() writes: blocks of packed requests, in the layout of
 * recording/layout.h.
 *
 * A call, a get and a put are requests, be it that they were found or not; a key that was invalidated or
 * found expired is deleted. Keys are numbers that mean nothing outside of the recording; the partition is in
 * the hash of a key, so that equal arguments of two tenants have different numbers. A tenant has the name of
 * its partition's number, of the first one if it came back as others.
 *
 * A recording that ends between two blocks was not ended, by a process that was killed or a disk that was
 * full: it is read up to there. One that is cut off inside a block, or damaged, needs a lenient reader.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "recording/decode.h"
#include "tune/format.h"

#define GONE "gone" /* of tenants whose number nobody could tell any more */

struct recorded {
    struct ctxi_decoder *decoder;
    size_t taken; /* bytes of the block that is being decoded; 0: none is */
    uint32_t blocks;
    uint64_t most_bytes; /* that entries weighed at the end of any block */
    bool ended;          /* by the last block, or where nothing after it can be read */
};

static bool recorded_matches(const struct ctxi_head *head)
{
    return ctxi_is_recording(head->bytes, head->size);
}

static int recorded_open(struct ctxi_trace_reader *reader, const struct ctxi_trace_options *options)
{
    const ctx_allocator *allocator = ctxi_process_allocator();
    struct recorded *state = ctxi_zalloc(allocator, sizeof *state);
    struct ctxi_recording_about about;
    const char *problem = NULL;
    size_t size = 0;
    char *names;

    (void)options;
    if (!state)
        return ctxi_problem_nomem(reader->problem);
    reader->state = state;
    names = ctxi_alloc(allocator, CTXI_RECORDING_HEADER_MAX);
    state->decoder = ctxi_decoder_new(allocator);
    if (names && state->decoder)
        size = ctxi_decode_header(reader->input.at, reader->input.left, &about, names, &problem);
    ctxi_free(allocator, names, CTXI_RECORDING_HEADER_MAX);
    if (!names || !state->decoder)
        return ctxi_problem_nomem(reader->problem);
    if (size == 0)
        return ctxi_problem_say(reader->problem, CTX_ERR_INVALID, "%s: offset 0: %s",
                                reader->input.path, problem);
    if (about.threshold < UINT64_MAX)
        reader->rate = (double)about.threshold * 0x1p-64;
    if (about.max_entries < UINT64_MAX)
        reader->capacity = about.max_entries;
    reader->recorded.of_bytes = about.max_bytes != UINT64_MAX;
    reader->nothing = "nothing was asked for between start and stop";
    ctxi_input_take(&reader->input, size);
    return CTX_OK;
}

static void recorded_close(struct ctxi_trace_reader *reader)
{
    struct recorded *state = reader->state;

    ctxi_decoder_free(state->decoder);
    ctxi_free(ctxi_process_allocator(), state, sizeof *state);
}

/* ---- blocks ------------------------------------------------------------------------------- */

/* Whatever is behind this is not looked at. */
static int pass_over_rest(struct ctxi_trace_reader *reader, int status)
{
    struct recorded *state = reader->state;

    state->ended = true;
    state->taken = 0;
    ctxi_input_take(&reader->input, reader->input.left);
    return status == CTX_ABSENT ? CTX_OK : status;
}

/* Nothing behind this can be read: what comes needs what is here. */
static int stop_here(struct ctxi_trace_reader *reader, int status)
{
    reader->recorded.ends_early = true;
    reader->nothing = "the recording ends before its first request: it was not ended";
    return pass_over_rest(reader, status);
}

/* Between two blocks that is where a writer was killed; not if the file was unpacked, and more was there. */
static int stop_at_cut(struct ctxi_trace_reader *reader)
{
    char what[120];

    if (reader->input.left == 0 && !reader->input.cut)
        return stop_here(reader, CTX_OK);
    snprintf(what, sizeof what,
             "%" PRIu32 " blocks; the recording was not ended (--lenient reads up to there)",
             ((struct recorded *)reader->state)->blocks);
    return stop_here(reader, ctxi_reader_truncated(reader, what));
}

/* What the cache was like when the block ended. */
static void note_state(struct ctxi_trace_reader *reader, const struct ctxi_recorded_state *now)
{
    struct recorded *state = reader->state;
    struct ctxi_recorded_facts *facts = &reader->recorded;

    facts->lost = now->dropped;
    if (now->entry_bytes < state->most_bytes || !now->entry_bytes || !now->entries)
        return;
    state->most_bytes = now->entry_bytes;
    facts->mean_weight = (double)now->entry_bytes / (double)now->entries;
    if (facts->of_bytes)
        facts->used_per_weight = (double)now->used_bytes / (double)now->entry_bytes;
}

/* Makes the next block the one that is decoded, or ends. */
static int next_block(struct ctxi_trace_reader *reader)
{
    struct recorded *state = reader->state;
    struct ctxi_input *input = &reader->input;
    struct ctxi_block block;
    int status = ctxi_input_want(input, CTXI_BLOCK_HEADER, reader->problem);

    if (status != CTX_OK)
        return status;
    if (input->left < CTXI_BLOCK_HEADER)
        return stop_at_cut(reader);
    if (!ctxi_decode_block_header(input->at, &block) || block.number != state->blocks)
        return stop_here(reader, ctxi_reader_malformed(reader, "block %" PRIu32 " was expected",
                                                       state->blocks));
    status = ctxi_input_want(input, CTXI_BLOCK_HEADER + block.size, reader->problem);
    if (status != CTX_OK)
        return status;
    if (input->left < CTXI_BLOCK_HEADER + block.size)
        return stop_at_cut(reader);
    if (!ctxi_block_is_sound(input->at, &block))
        return stop_here(reader,
                         ctxi_reader_malformed(reader,
                                               "the checksum of block %" PRIu32 " does not fit it",
                                               state->blocks));
    state->blocks++;
    state->taken = CTXI_BLOCK_HEADER + block.size;
    state->ended = block.count == 0;
    note_state(reader, &block.state);
    ctxi_decoder_begin_block(state->decoder, &block, input->at + CTXI_BLOCK_HEADER);
    return CTX_OK;
}

/* The last block was read. */
static int end_recording(struct ctxi_trace_reader *reader)
{
    int status = ctxi_input_want(&reader->input, 1, reader->problem);

    if (status != CTX_OK || reader->input.left == 0)
        return status;
    return pass_over_rest(reader,
                          ctxi_reader_malformed(reader,
                                                "nothing was expected after the last block"));
}

static void end_block(struct ctxi_trace_reader *reader)
{
    struct recorded *state = reader->state;

    ctxi_input_take(&reader->input, state->taken);
    state->taken = 0;
}

/* ---- requests ----------------------------------------------------------------------------- */

static enum ctxi_op op_of(enum ctxi_recorded_what what)
{
    switch (what) {
    case CTXI_RECORDED_PUT:
        return CTXI_OP_PUT;
    case CTXI_RECORDED_DELETE:
        return CTXI_OP_DELETE;
    default:
        return CTXI_OP_GET;
    }
}

static int give(struct ctxi_trace_reader *reader, const struct ctxi_recorded *recorded,
                struct ctxi_request *request)
{
    char name[24];
    int size;

    *request = (struct ctxi_request){.key = recorded->key,
                                     .time_ns = recorded->time_ns,
                                     .load_ns = recorded->load_ns,
                                     .size = (uint32_t)recorded->weight,
                                     .op = (uint8_t)op_of(recorded->what)};
    if (recorded->number == CTXI_NUMBER_GONE)
        return ctxi_reader_tenant(reader, request, recorded->tenant, GONE, sizeof GONE - 1);
    if (!recorded->number)
        return ctxi_reader_tenant(reader, request, recorded->tenant, NULL, 0);
    size = snprintf(name, sizeof name, "%" PRIu64, recorded->number);
    return ctxi_reader_tenant(reader, request, recorded->tenant, name, (size_t)size);
}

/* As many requests of the block as there is room for. */
static int read_block(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                      size_t *got)
{
    struct recorded *state = reader->state;
    struct ctxi_recorded recorded;
    const char *problem = NULL;

    while (*got < count && ctxi_decode(state->decoder, &recorded, &problem)) {
        int status = give(reader, &recorded, &requests[*got]);

        if (status != CTX_OK)
            return status;
        ++*got;
    }
    if (problem)
        return stop_here(reader, ctxi_reader_malformed(reader, "in block %" PRIu32 ": %s",
                                                       state->blocks - 1, problem));
    if (*got == count)
        return CTX_OK;
    end_block(reader);
    return state->ended ? end_recording(reader) : CTX_OK;
}

static int recorded_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests,
                         size_t count, size_t *got)
{
    struct recorded *state = reader->state;
    int status = CTX_OK;

    while (status == CTX_OK && *got < count) {
        if (state->taken > 0)
            status = read_block(reader, requests, count, got);
        else if (state->ended)
            break;
        else
            status = next_block(reader);
    }
    return status;
}

const struct ctxi_trace_format ctxi_format_recorded = {
    .name = "recorded",
    .about = "binary, written by ctx_cache_record_start()",
    .has = CTXI_TRACE_TENANTS | CTXI_TRACE_TIMES | CTXI_TRACE_SIZES | CTXI_TRACE_LOADS |
           CTXI_TRACE_OPS | CTXI_TRACE_APART,
    .matches = recorded_matches,
    .open = recorded_open,
    .close = recorded_close,
    .read = recorded_read,
};
