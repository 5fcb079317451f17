/*
 * versioned.h: reading and writing structs that begin with their own size. A caller built against
 * another version of the header hands us a shorter or a longer struct.
 */
#ifndef CTXI_BASE_VERSIONED_H
#define CTXI_BASE_VERSIONED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies a caller's struct of `size` bytes into ours of `known` bytes; what the caller does not
 * know becomes zero. False if it is shorter than the first version (`oldest` bytes), or longer than
 * ours with a tail that is not zero: it asks for what we cannot do.
 */
bool ctxi_versioned_read(void *ours, size_t known, size_t oldest, const void *theirs, size_t size);

/* Copies our struct out to a caller's of `size` bytes, keeping the size that it said; false if that
 * is shorter than the first version. What we do not know becomes zero. */
bool ctxi_versioned_write(void *theirs, size_t size, size_t oldest, const void *ours, size_t known);

#endif
