/*
 * record_kit.h: recordings for tests: begun and ended, and what is in them.
 */
#ifndef SUPPORT_RECORD_KIT_H
#define SUPPORT_RECORD_KIT_H

#include <ctxcache.h>
#include <stdbool.h>
#include <stddef.h>

#include "recording/layout.h"

/* Begins one to a file that is gone when the process is, and returns its path. A refusal ends the program. */
const char *record_to_file(ctx_cache *cache, double rate, size_t buffer_bytes);

/* Ends it; it must have gone well, and the file is as long as it says. */
ctx_cache_record_stats record_end(ctx_cache *cache, const char *path);

/* A whole file; to be freed. */
unsigned char *file_bytes(const char *path, size_t *out_size);

/* Everything that is in a recording, up to where it is cut off or damaged; to be given to recorded_free(). */
struct recorded_file {
    struct ctxi_recording_about about; /* without names */
    char name[256];
    struct ctxi_recorded *requests;
    size_t count;
    struct ctxi_recorded_state state; /* as its last block says */
    bool is_whole;
};

struct recorded_file recorded_read(const char *path);
void recorded_free(struct recorded_file *file);

/* What an LRU cache of a recording makes of its requests: too simple to be wrong. */
struct lru_model {
    uint64_t *keys; /* the newest first */
    size_t count, capacity;
};

void lru_model_init(struct lru_model *model, size_t capacity);
void lru_model_fini(struct lru_model *model);

/* Carries a request out; whether its key was there. */
bool lru_model_see(struct lru_model *model, const struct ctxi_recorded *request);

#endif
