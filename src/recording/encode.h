/*
 * encode.h: requests become the blocks of a recording. Included by the cache, and by tests.
 */
#ifndef CTXI_RECORDING_ENCODE_H
#define CTXI_RECORDING_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/keyed.h"
#include "ctxcache/allocator.h"
#include "recording/layout.h"

/* What keys and tenants are hidden with: numbers of them that nobody can undo, or try out. */
struct ctxi_recording_secrets {
    struct ctxi_secret key, tenant;
};

/* Written by one thread. Its size is fixed. */
struct ctxi_encoder;

/* What is to be known of a tenant outside the process. */
struct ctxi_tenant_name {
    uint64_t digest; /* what makes it the same; it is mixed before it is written */
    uint64_t number; /* of its partition, which is written as it is */
};

/*
 * `name_tenant` gives that for what requests say, when it is needed, which is not for each of them. NULL:
 * there is no memory.
 */
struct ctxi_encoder *
ctxi_encoder_new(const ctx_allocator *allocator, const struct ctxi_recording_secrets *secrets,
                 struct ctxi_tenant_name (*name_tenant)(void *user, uint64_t tenant), void *user);

/* NULL is allowed. */
void ctxi_encoder_free(struct ctxi_encoder *encoder);

/* The header's bytes at `out`, where CTXI_RECORDING_HEADER_MAX are free, and how many they are. */
size_t ctxi_encode_header(unsigned char *out, const struct ctxi_recording_about *about);

/*
 * Adds a request to the block, which is not full. Times do not go back. True: the block is full now, and must
 * be ended.
 */
bool ctxi_encode(struct ctxi_encoder *encoder, const struct ctxi_recorded *request);

/* Requests in the block. */
uint32_t ctxi_encoder_count(const struct ctxi_encoder *encoder);

/*
 * Ends the block, and begins another. Its bytes, of which there are *out_size, are valid until the next
 * request is added. One without requests ends the recording.
 */
const unsigned char *ctxi_encoder_end_block(struct ctxi_encoder *encoder,
                                            const struct ctxi_recorded_state *state,
                                            size_t *out_size);

#endif
