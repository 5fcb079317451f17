#include "recording/encode.h"

#include <string.h>

#include "base/alloc.h"
#include "base/byte_order.h"
#include "base/hash.h"
#include "base/keyed.h"

/*
 * A place of the table of keys: [tag: 39][taken: 1][used: 24], 0 if it is empty. `used` is when the key was
 * used last, in steps of AGE_STEP requests; who has not been used for longest goes. That is this side's own
 * affair: the reader is told which place. All eight of a set are in one line.
 */
typedef uint64_t key_place;

#define AGE_BITS  24
#define AGE_MASK  ((UINT64_C(1) << AGE_BITS) - 1)
#define AGE_SHIFT 8 /* requests in a step, as a power of two */
#define TAKEN     (UINT64_C(1) << AGE_BITS)

#define TENANT_WAYS 8

struct ctxi_encoder {
    /* Fixed. */
    const ctx_allocator *allocator;
    void *memory; /* that it lies in */
    struct ctxi_recording_secrets secrets;
    struct ctxi_tenant_name (*name_tenant)(void *user, uint64_t tenant);
    void *user;

    /* What the reader knows, too. */
    uint64_t time_ns;
    uint64_t last_tenant; /* of a new key */
    uint32_t last_weight; /* that was written */

    /* The block. */
    unsigned char *out; /* where the next request goes */
    uint64_t first_ns;
    uint32_t number, count;

    uint64_t asked; /* requests, of all blocks */
    struct {
        uint64_t tenant;              /* that was asked for last */
        struct ctxi_tenant_name name; /* its digest is mixed; 0: none was */
    } known;

    unsigned char block[CTXI_BLOCK_HEADER + CTXI_BLOCK_MAX];
    uint64_t tag_bytes[1 << CTXI_KEY_SET_BITS]; /* of a set, the lowest byte of each tag */
    _Alignas(64) key_place keys[CTXI_KEY_PLACES];
    uint32_t weights[CTXI_KEY_PLACES];
    uint64_t tenants[CTXI_TENANT_PLACES];
    unsigned char tenant_next[1 << CTXI_TENANT_SET_BITS]; /* of a set, the place that goes next */
};

#define LINE 64

/* Whatever the allocator aligns to. */
static size_t memory_bytes(void)
{
    return sizeof(struct ctxi_encoder) + LINE;
}

static void begin_block(struct ctxi_encoder *encoder)
{
    encoder->out = encoder->block + CTXI_BLOCK_HEADER;
    encoder->first_ns = encoder->time_ns;
    encoder->count = 0;
}

struct ctxi_encoder *
ctxi_encoder_new(const ctx_allocator *allocator, const struct ctxi_recording_secrets *secrets,
                 struct ctxi_tenant_name (*name_tenant)(void *user, uint64_t tenant), void *user)
{
    unsigned char *memory = ctxi_zalloc(allocator, memory_bytes());
    struct ctxi_encoder *encoder;

    if (!memory)
        return NULL;
    encoder = (struct ctxi_encoder *)(void *)(memory + LINE - (uintptr_t)memory % LINE);
    encoder->allocator = allocator;
    encoder->memory = memory;
    encoder->secrets = *secrets;
    encoder->name_tenant = name_tenant;
    encoder->user = user;
    encoder->last_weight = 1;
    begin_block(encoder);
    return encoder;
}

void ctxi_encoder_free(struct ctxi_encoder *encoder)
{
    if (encoder)
        ctxi_free(encoder->allocator, encoder->memory, memory_bytes());
}

/* ---- the header --------------------------------------------------------------------------- */

static unsigned char *put_name(unsigned char *out, const char *name)
{
    size_t length = strlen(name);

    *out++ = (unsigned char)length;
    for (size_t i = 0; i < length; i++)
        *out++ = (unsigned char)name[i];
    return out;
}

size_t ctxi_encode_header(unsigned char *out, const struct ctxi_recording_about *about)
{
    unsigned char *at = out + CTXI_RECORDING_HEADER;
    const uint64_t fields[] = {0, about->threshold, about->started_ns, about->max_entries,
                               about->max_bytes};
    static const unsigned char magic[8] = CTXI_RECORDING_MAGIC; /* without the NUL */
    size_t size;

    at = put_name(at, about->name);
    *at++ = (unsigned char)about->variable_count;
    for (uint32_t i = 0; i < about->variable_count; i++)
        at = put_name(at, about->variables[i]);
    size = (size_t)(at - out);
    memcpy(out, magic, sizeof magic);
    ctxi_put_le(out + 8, CTXI_RECORDING_VERSION, 4);
    ctxi_put_le(out + 12, size + 8, 4);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        ctxi_put_le(out + 16 + 8 * i, fields[i], 8);
    ctxi_put_le(at, ctxi_digest(out, size), 8);
    return size + 8;
}

/* ---- tables ------------------------------------------------------------------------------- */

static uint64_t tag_of(uint64_t key)
{
    return key >> (64 - CTXI_KEY_SET_BITS - CTXI_KEY_TAG_BITS) &
           ((UINT64_C(1) << CTXI_KEY_TAG_BITS) - 1);
}

#define EACH_BYTE UINT64_C(0x0101010101010101)

/*
 * The place in the set that has the tag, or CTXI_KEY_WAYS. Eight bytes of tags are compared at once; what is
 * equal there, or seems so behind one that is, is looked at.
 */
static uint32_t way_of(const struct ctxi_encoder *encoder, uint32_t set, uint64_t tag)
{
    const key_place *places = encoder->keys + (size_t)set * CTXI_KEY_WAYS;
    uint64_t differ = encoder->tag_bytes[set] ^ (tag & 255) * EACH_BYTE;
    uint64_t zeros = (differ - EACH_BYTE) & ~differ & EACH_BYTE << 7;

    for (; zeros; zeros &= zeros - 1) {
        uint32_t way = (uint32_t)__builtin_ctzll(zeros) / 8;

        if (places[way] >> AGE_BITS == (tag << 1 | 1)) /* TAKEN */
            return way;
    }
    return CTXI_KEY_WAYS;
}

/* The one that is empty, or has not been used for longest. */
static uint32_t victim_of(const key_place *set, uint64_t now)
{
    uint64_t oldest = 0;
    uint32_t victim = 0;

    for (uint32_t way = 0; way < CTXI_KEY_WAYS; way++) {
        uint64_t age = (now - set[way]) & AGE_MASK;

        if (!set[way])
            return way;
        if (age > oldest) {
            oldest = age;
            victim = way;
        }
    }
    return victim;
}

/* A new key takes a place. */
static uint32_t take_way(struct ctxi_encoder *encoder, uint32_t set, uint64_t tag, uint64_t now)
{
    uint32_t way = victim_of(encoder->keys + (size_t)set * CTXI_KEY_WAYS, now);
    uint64_t *bytes = &encoder->tag_bytes[set];

    *bytes = (*bytes & ~(UINT64_C(255) << 8 * way)) | (tag & 255) << 8 * way;
    return way;
}

/* The place of a tenant; true in *out_named if it is to be written. */
static uint32_t tenant_place(struct ctxi_encoder *encoder, uint64_t tenant, bool *out_named)
{
    uint32_t set = (uint32_t)(tenant >> (64 - CTXI_TENANT_SET_BITS));
    uint32_t first = set * TENANT_WAYS, way = 0;

    /* 0 is what an empty place has, for the reader, too */
    while (way < TENANT_WAYS && encoder->tenants[first + way] != tenant)
        way++;
    *out_named = way == TENANT_WAYS;
    if (*out_named) {
        way = encoder->tenant_next[set]++ % TENANT_WAYS;
        encoder->tenants[first + way] = tenant;
    }
    return first + way;
}

/* ---- requests ----------------------------------------------------------------------------- */

static unsigned char *put_varint(unsigned char *out, uint64_t number)
{
    for (; number >= 128; number >>= 7)
        *out++ = (unsigned char)(number | 128);
    *out++ = (unsigned char)number;
    return out;
}

/* The outside name of the request's tenant, mixed. */
static struct ctxi_tenant_name outside_tenant(struct ctxi_encoder *encoder, uint64_t tenant)
{
    struct ctxi_tenant_name *name = &encoder->known.name;

    if (tenant != encoder->known.tenant || !name->digest) {
        encoder->known.tenant = tenant;
        *name = encoder->name_tenant(encoder->user, tenant);
        name->digest = ctxi_keyed(name->digest, &encoder->secrets.tenant, 2, 4);
    }
    return *name;
}

/* The tag of a new key, and its tenant if that is another than that of the new key before it. */
static unsigned char *put_new(struct ctxi_encoder *encoder, unsigned char *out, uint64_t tag,
                              uint64_t tenant)
{
    struct ctxi_tenant_name name = outside_tenant(encoder, tenant);
    bool named;
    uint32_t place;

    if (name.digest == encoder->last_tenant)
        return ctxi_put_le(out, tag << 1, CTXI_REQUEST_TAG);
    encoder->last_tenant = name.digest;
    out = ctxi_put_le(out, tag << 1 | CTXI_TAG_TENANT, CTXI_REQUEST_TAG);
    place = tenant_place(encoder, name.digest, &named);
    out = ctxi_put_le(out, place << 1 | (named ? CTXI_TENANT_NAMED : 0), 2);
    return named ? put_varint(ctxi_put_le(out, name.digest, 8), name.number) : out;
}

/* As many of the highest bits as are kept, and how far they were shifted. */
static unsigned char *put_load(unsigned char *out, uint64_t load_ns)
{
    uint32_t shift = 0;

    while (load_ns >> CTXI_LOAD_BITS) {
        load_ns >>= 1;
        shift++;
    }
    return ctxi_put_le(out, load_ns | shift << CTXI_LOAD_BITS, 2);
}

/* What follows the word but for what a new key has; its bits go into *word. */
static unsigned char *put_weight(struct ctxi_encoder *encoder, unsigned char *out,
                                 const struct ctxi_recorded *request, uint32_t place,
                                 uint32_t *word)
{
    uint32_t weight = request->weight < UINT32_MAX ? (uint32_t)request->weight : UINT32_MAX;

    if (!ctxi_recorded_weighs(request->what) || encoder->weights[place] == weight)
        return out;
    encoder->weights[place] = weight;
    encoder->last_weight = weight;
    *word |= CTXI_REQUEST_WEIGHT;
    return put_varint(out, weight);
}

/* Everything behind the word. */
static unsigned char *put_rest(struct ctxi_encoder *encoder, unsigned char *out,
                               const struct ctxi_recorded *request, uint64_t tag, uint32_t *word)
{
    uint32_t place = *word >> CTXI_REQUEST_SHIFT;

    if (request->time_ns > encoder->time_ns) {
        *word |= CTXI_REQUEST_STEP;
        out = put_varint(out, request->time_ns - encoder->time_ns);
        encoder->time_ns = request->time_ns;
    }
    if (*word & CTXI_REQUEST_NEW) {
        out = put_new(encoder, out, tag, request->tenant);
        encoder->weights[place] = ctxi_recorded_weighs(request->what) ? encoder->last_weight : 1;
    }
    out = put_weight(encoder, out, request, place, word);
    if (ctxi_recorded_loads(request->what))
        out = put_load(out, request->load_ns);
    return out;
}

static size_t payload_size(const struct ctxi_encoder *encoder)
{
    return (size_t)(encoder->out - encoder->block) - CTXI_BLOCK_HEADER;
}

bool ctxi_encode(struct ctxi_encoder *encoder, const struct ctxi_recorded *request)
{
    uint64_t key = ctxi_keyed(request->key, &encoder->secrets.key, 1, 3), tag = tag_of(key);
    uint32_t set = (uint32_t)(key >> (64 - CTXI_KEY_SET_BITS));
    uint64_t now = encoder->asked++ >> AGE_SHIFT & AGE_MASK;
    uint32_t way = way_of(encoder, set, tag), word = request->what;
    unsigned char *out = encoder->out;

    if (way == CTXI_KEY_WAYS) {
        way = take_way(encoder, set, tag, now);
        word |= CTXI_REQUEST_NEW;
    }
    encoder->keys[(size_t)set * CTXI_KEY_WAYS + way] = tag << (AGE_BITS + 1) | TAKEN | now;
    word |= (set * CTXI_KEY_WAYS + way) << CTXI_REQUEST_SHIFT;
    out += CTXI_REQUEST_WORD;
    if (word & CTXI_REQUEST_NEW || request->what != CTXI_RECORDED_HIT ||
        request->time_ns > encoder->time_ns)
        out = put_rest(encoder, out, request, tag, &word);
    ctxi_put_le(encoder->out, word, CTXI_REQUEST_WORD);
    encoder->out = out;
    encoder->count++;
    return payload_size(encoder) > CTXI_BLOCK_MAX - CTXI_REQUEST_MAX;
}

/* ---- blocks ------------------------------------------------------------------------------- */

uint32_t ctxi_encoder_count(const struct ctxi_encoder *encoder)
{
    return encoder->count;
}

const unsigned char *ctxi_encoder_end_block(struct ctxi_encoder *encoder,
                                            const struct ctxi_recorded_state *state,
                                            size_t *out_size)
{
    unsigned char *block = encoder->block;
    size_t size = CTXI_BLOCK_HEADER + payload_size(encoder);

    ctxi_put_le(block + 8, encoder->number++, 4);
    ctxi_put_le(block + 12, payload_size(encoder), 4);
    ctxi_put_le(block + 16, encoder->count, 4);
    ctxi_put_le(block + 20, 0, 4);
    ctxi_put_le(block + 24, state->dropped, 8);
    ctxi_put_le(block + 32, encoder->first_ns, 8);
    ctxi_put_le(block + 40, encoder->time_ns, 8);
    ctxi_put_le(block + 48, state->used_bytes, 8);
    ctxi_put_le(block + 56, state->entry_bytes, 8);
    ctxi_put_le(block + 64, state->entries, 8);
    ctxi_put_le(block, ctxi_digest(block + 8, size - 8), 8);
    begin_block(encoder);
    *out_size = size;
    return block;
}
