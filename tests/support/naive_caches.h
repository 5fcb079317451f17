/*
 * naive_caches.h: caches of every policy that are too simple to be wrong: arrays, searched from end to
 * end, as the papers describe them.
 */
#ifndef SUPPORT_NAIVE_CACHES_H
#define SUPPORT_NAIVE_CACHES_H

#include "tune/stream.h"

/* The hits among the gets of a stream. Puts are uses; deletes count as nothing. An unknown policy ends
 * the program. */
uint64_t naive_hits(const char *policy, const struct ctxi_stream *stream, size_t capacity);

#endif
