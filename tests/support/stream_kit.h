/*
 * stream_kit.h: streams of requests for tests: drawn at random, or recorded ones of others.
 */
#ifndef SUPPORT_STREAM_KIT_H
#define SUPPORT_STREAM_KIT_H

#include <stdbool.h>

#include "support/rng.h"
#include "tune/stream.h"

/* A stream and its arrays. */
struct drawn {
    struct ctxi_stream stream;
    uint32_t *objects, *request_tenants, *object_tenants, *sizes;
    uint64_t *loads_ns;
    uint8_t *ops;
};

struct drawing {
    size_t requests;
    uint32_t objects, tenants;
    bool sizes, loads, puts, deletes;
};

/* Requests for popular objects, scans and loops, in turns. An object belongs to one tenant, and keeps its
 * size. To be given to drawn_free(). */
struct drawn draw_stream(struct support_rng *rng, const struct drawing *drawing);
void drawn_free(struct drawn *drawn);

/* One with these letters as objects, of one tenant. */
struct drawn stream_of_letters(const char *letters);

/* A recorded trace of the folder that CTX_TRACES names, ../shared/traces by default. NULL: it is not
 * there, or too large for an instrumented build, and *out_why says so. */
struct ctxi_trace *recorded_trace(const char *name, const char *columns, char out_why[512]);

#define LORA_COLUMNS                                                                               \
    "tenant=groupId,key=predict_type+checkpoint_model_version_id+num_lora+num_inference_steps+"    \
    "num_images_per_prompt,load=exec_time_seconds"

#endif
