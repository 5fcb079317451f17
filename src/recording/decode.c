#include "recording/decode.h"

#include <string.h>

#include "base/alloc.h"
#include "base/byte_order.h"
#include "base/hash.h"

/* A place of the table of keys. */
struct key_place {
    uint64_t key; /* the highest bits of it that are known, and TAKEN; 0: empty */
    uint64_t tenant;
};

#define TAKEN 1u /* below the bits that are known */

struct ctxi_decoder {
    const ctx_allocator *allocator;

    /* What is left of the block. */
    const unsigned char *at, *end;
    uint32_t left; /* requests */
    const char *problem;

    /* What the writer knew, too; see layout.h. */
    uint64_t time_ns;
    uint64_t last_tenant;
    uint32_t last_weight;
    struct key_place keys[CTXI_KEY_PLACES];
    uint32_t weights[CTXI_KEY_PLACES];
    uint64_t tenants[CTXI_TENANT_PLACES];
};

struct ctxi_decoder *ctxi_decoder_new(const ctx_allocator *allocator)
{
    struct ctxi_decoder *decoder = ctxi_zalloc(allocator, sizeof *decoder);

    if (!decoder)
        return NULL;
    decoder->allocator = allocator;
    decoder->last_weight = 1;
    return decoder;
}

void ctxi_decoder_free(struct ctxi_decoder *decoder)
{
    if (decoder)
        ctxi_free(decoder->allocator, decoder, sizeof *decoder);
}

/* ---- the header --------------------------------------------------------------------------- */

bool ctxi_is_recording(const unsigned char *bytes, size_t size)
{
    return size >= 8 && memcmp(bytes, CTXI_RECORDING_MAGIC, 8) == 0;
}

/* Copies a name, ended by a zero, and moves all three on. False: it is cut off. */
static bool take_name(const unsigned char **at, const unsigned char *end, char **names,
                      const char **out_name)
{
    size_t length;

    if (*at == end || (length = **at) > (size_t)(end - *at) - 1)
        return false;
    memcpy(*names, *at + 1, length);
    (*names)[length] = '\0';
    *out_name = *names;
    *names += length + 1;
    *at += length + 1;
    return true;
}

static bool take_names(const unsigned char *at, const unsigned char *end,
                       struct ctxi_recording_about *about, char *names)
{
    if (!take_name(&at, end, &names, &about->name) || at == end)
        return false;
    about->variable_count = *at++;
    for (uint32_t i = 0; i < about->variable_count; i++)
        if (!take_name(&at, end, &names, &about->variables[i]))
            return false;
    return at == end;
}

size_t ctxi_decode_header(const unsigned char *bytes, size_t size,
                          struct ctxi_recording_about *out_about, char *names,
                          const char **out_problem)
{
    size_t whole = size >= CTXI_RECORDING_HEADER ? ctxi_le32(bytes + 12) : 0;

    *out_problem = "the rest of the header was expected";
    if (size < CTXI_RECORDING_HEADER)
        return 0;
    *out_problem = "a recording of another version";
    if (!ctxi_is_recording(bytes, size) || ctxi_le32(bytes + 8) != CTXI_RECORDING_VERSION)
        return 0;
    *out_problem = "the header is damaged";
    if (whole < CTXI_RECORDING_HEADER + 8 || whole > CTXI_RECORDING_HEADER_MAX)
        return 0;
    if (whole > size) {
        *out_problem = "the rest of the header was expected";
        return 0;
    }
    out_about->threshold = ctxi_le64(bytes + 24);
    out_about->started_ns = ctxi_le64(bytes + 32);
    out_about->max_entries = ctxi_le64(bytes + 40);
    out_about->max_bytes = ctxi_le64(bytes + 48);
    if (ctxi_le64(bytes + whole - 8) != ctxi_digest(bytes, whole - 8) ||
        !take_names(bytes + CTXI_RECORDING_HEADER, bytes + whole - 8, out_about, names))
        return 0;
    *out_problem = "a threshold over 0 was expected";
    return out_about->threshold > 0 ? whole : 0;
}

/* ---- blocks ------------------------------------------------------------------------------- */

bool ctxi_decode_block_header(const unsigned char *bytes, struct ctxi_block *out_block)
{
    *out_block = (struct ctxi_block){.checksum = ctxi_le64(bytes),
                                     .number = ctxi_le32(bytes + 8),
                                     .size = ctxi_le32(bytes + 12),
                                     .count = ctxi_le32(bytes + 16),
                                     .first_ns = ctxi_le64(bytes + 32),
                                     .last_ns = ctxi_le64(bytes + 40),
                                     .state = {.dropped = ctxi_le64(bytes + 24),
                                               .used_bytes = ctxi_le64(bytes + 48),
                                               .entry_bytes = ctxi_le64(bytes + 56),
                                               .entries = ctxi_le64(bytes + 64)}};
    return out_block->size <= CTXI_BLOCK_MAX &&
           out_block->count <= out_block->size / CTXI_REQUEST_WORD && ctxi_le32(bytes + 20) == 0;
}

bool ctxi_block_is_sound(const unsigned char *bytes, const struct ctxi_block *block)
{
    return block->checksum == ctxi_digest(bytes + 8, CTXI_BLOCK_HEADER - 8 + block->size);
}

void ctxi_decoder_begin_block(struct ctxi_decoder *decoder, const struct ctxi_block *block,
                              const unsigned char *requests)
{
    decoder->at = requests;
    decoder->end = requests + block->size;
    decoder->left = block->count;
    decoder->time_ns = block->first_ns;
}

/* ---- requests ----------------------------------------------------------------------------- */

/* What is missing is 0, and said once the request has been read. */
static uint64_t take(struct ctxi_decoder *decoder, size_t size)
{
    uint64_t number = 0;

    if (size > (size_t)(decoder->end - decoder->at)) {
        decoder->problem = "the rest of a request was expected";
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        number |= (uint64_t)decoder->at[i] << 8 * i;
    decoder->at += size;
    return number;
}

static uint64_t take_varint(struct ctxi_decoder *decoder)
{
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t byte = take(decoder, 1);

        number |= (byte & 127) << shift;
        if (byte < 128)
            return number;
    }
    decoder->problem = "a number of at most 64 bits was expected";
    return 0;
}

/* Its number, if it is named. */
static uint64_t take_tenant(struct ctxi_decoder *decoder)
{
    uint64_t named = take(decoder, 2), number = 0;
    uint64_t *place = &decoder->tenants[named >> 1];

    if (named & CTXI_TENANT_NAMED) {
        *place = take(decoder, 8);
        number = take_varint(decoder);
    }
    decoder->last_tenant = *place;
    return number;
}

/* The number of its tenant, if that is named. */
static uint64_t take_new(struct ctxi_decoder *decoder, uint32_t what, uint32_t place)
{
    uint64_t tag = take(decoder, CTXI_REQUEST_TAG);
    uint64_t key = (uint64_t)(place / CTXI_KEY_WAYS) << CTXI_KEY_TAG_BITS | tag >> 1;
    uint64_t number = tag & CTXI_TAG_TENANT ? take_tenant(decoder) : 0;

    decoder->keys[place].key = key << (64 - CTXI_KEY_SET_BITS - CTXI_KEY_TAG_BITS) | TAKEN;
    decoder->keys[place].tenant = decoder->last_tenant;
    decoder->weights[place] = ctxi_recorded_weighs(what) ? decoder->last_weight : 1;
    return number;
}

static void take_weight(struct ctxi_decoder *decoder, uint32_t place)
{
    uint64_t weight = take_varint(decoder);

    if (weight > UINT32_MAX)
        decoder->problem = "a weight of at most 32 bits was expected";
    decoder->weights[place] = decoder->last_weight = (uint32_t)weight;
}

static uint64_t take_load(struct ctxi_decoder *decoder)
{
    uint64_t load = take(decoder, 2), shift = load >> CTXI_LOAD_BITS;

    return (load & ((1u << CTXI_LOAD_BITS) - 1)) << shift;
}

static void take_request(struct ctxi_decoder *decoder, struct ctxi_recorded *request)
{
    uint32_t word = (uint32_t)take(decoder, CTXI_REQUEST_WORD), place = word >> CTXI_REQUEST_SHIFT;
    uint32_t what = word & CTXI_REQUEST_WHAT;

    if (word & CTXI_REQUEST_STEP)
        decoder->time_ns += take_varint(decoder);
    request->number = word & CTXI_REQUEST_NEW ? take_new(decoder, what, place) : 0;
    if (word & CTXI_REQUEST_WEIGHT)
        take_weight(decoder, place);
    request->load_ns = ctxi_recorded_loads(what) ? take_load(decoder) : 0;
    request->what = (enum ctxi_recorded_what)what;
    request->key = decoder->keys[place].key;
    request->tenant = decoder->keys[place].tenant;
    request->weight = decoder->weights[place];
    request->time_ns = decoder->time_ns;
    if (what >= CTXI_RECORDED_COUNT)
        decoder->problem = "a request of a kind that there is was expected";
    if (!request->key)
        decoder->problem = "a key that was named before was expected";
}

bool ctxi_decode(struct ctxi_decoder *decoder, struct ctxi_recorded *out_request,
                 const char **out_problem)
{
    *out_problem = NULL;
    if (decoder->left == 0) {
        if (decoder->at != decoder->end)
            *out_problem = "as many requests as the block says were expected";
        return false;
    }
    decoder->problem = NULL;
    decoder->left--;
    take_request(decoder, out_request);
    *out_problem = decoder->problem;
    return !decoder->problem;
}
