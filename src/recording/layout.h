/*
 * layout.h: a recording of what a cache was asked for, byte by byte. Numbers are little-endian.
 *
 * A file is a header, blocks, and a block of no requests that says that nothing is missing.
 *
 * Header:
 *      0  8  "\x8e" "ctxrec\n"
 *      8  4  version: 1
 *     12  4  bytes of the whole header
 *     16  8  flags: 0
 *     24  8  threshold: requests whose key hash is below it were recorded; 2^64 - 1: all
 *     32  8  when it began, nanoseconds since 1970
 *     40  8  capacity of the cache in entries, 2^64 - 1: none
 *     48  8  the same in bytes
 *     56  1  length of the cache's name; the name
 *         1  how many variables it varies on; of each the length of its name, a byte, and the name
 *         8  XXH3 of all before it
 *
 * Block:
 *      0  8  XXH3 of all the rest of the block
 *      8  4  its number, from 0
 *     12  4  bytes of requests, at most CTXI_BLOCK_MAX
 *     16  4  how many requests they are
 *     20  4  0
 *     24  8  requests that were lost so far, before any of these or between them
 *     32  8  the time before its first request, nanoseconds since the beginning
 *     40  8  the time of its last request
 *     48  8  bytes that the cache's capacity counted when the block ended: index, partitions, entries
 *     56  8  those of entries among them, which are what requests weigh
 *     64  8  how many entries those are
 *     72     requests
 *
 * Request:
 *         3  a word: bits 0-2 what it was, enum ctxi_recorded_what; 3: STEP; 4: NEW; 5: WEIGHT; 6-23: place
 *            STEP: nanoseconds since the request before it, a varint
 *            NEW: 5 bytes, bit 0: TENANT; 1-39: the tag of the key
 *                TENANT: 2 bytes, bit 0: NAMED; 1-15: the place of the tenant
 *                    NAMED: its 8 bytes, and the number of its partition, a varint
 *            WEIGHT: bytes that the entry costs from now on, a varint
 *            of a miss and a lost one: 2 bytes: what the load took, bits 0-9 << bits 10-15, nanoseconds
 *
 * A varint is 7 bits a byte, the lowest first; bit 7: another follows.
 *
 * Keys and tenants are 64 bits of SipHash, with keys that are never written. Both sides keep a table of
 * keys and one of tenants: a request names the place of its key. NEW puts another key there, of the tenant
 * of the NEW before it, or with TENANT of the one at the place that is named, which NAMED writes first.
 * Places are in sets of eight, and the highest bits of a key say which set is its own: with the tag that makes
 * 54 bits of the 64, which is what a reader knows a key by. A tenant that comes back as another partition is
 * the same tenant, with another number.
 *
 * The weight of such a key is the one that was written last for a miss and a put, and 1 for all others, of
 * which it is not known. At first the last tenant is 0, and the last weight 1. So each block depends on all
 * those before it, and either side needs memory for the two tables, however long a recording is.
 */
#ifndef CTXI_RECORDING_LAYOUT_H
#define CTXI_RECORDING_LAYOUT_H

#include <stdint.h>

#define CTXI_RECORDING_MAGIC                                                                       \
    "\x8e"                                                                                         \
    "ctxrec\n"
#define CTXI_RECORDING_VERSION 1

#define CTXI_RECORDING_HEADER     56 /* bytes before the names */
#define CTXI_RECORDING_NAME_MAX   255
#define CTXI_RECORDING_VARS_MAX   255
#define CTXI_RECORDING_HEADER_MAX 65536

#define CTXI_BLOCK_HEADER 72
#define CTXI_BLOCK_MAX    65536 /* bytes of requests */

#define CTXI_REQUEST_WORD 3
#define CTXI_REQUEST_TAG  5
#define CTXI_VARINT_MAX   10
#define CTXI_REQUEST_MAX  (3 + 10 + 5 + 2 + 8 + 10 + 10 + 2)

#define CTXI_REQUEST_WHAT   7u
#define CTXI_REQUEST_STEP   8u
#define CTXI_REQUEST_NEW    16u
#define CTXI_REQUEST_WEIGHT 32u
#define CTXI_REQUEST_SHIFT  6 /* of the place */

#define CTXI_TAG_TENANT   1u
#define CTXI_TENANT_NAMED 1u

#define CTXI_KEY_WAYS     8 /* places in a set */
#define CTXI_KEY_SET_BITS 15
#define CTXI_KEY_TAG_BITS 39
#define CTXI_KEY_PLACES   (CTXI_KEY_WAYS << CTXI_KEY_SET_BITS)

#define CTXI_TENANT_SET_BITS 12
#define CTXI_TENANT_PLACES   (8 << CTXI_TENANT_SET_BITS)

#define CTXI_NUMBER_GONE UINT64_MAX /* of tenants that were gone before they were named */

#define CTXI_LOAD_BITS 10 /* of what a load took */

enum ctxi_recorded_what {
    CTXI_RECORDED_HIT,
    CTXI_RECORDED_MISS, /* and what was loaded is in the cache */
    CTXI_RECORDED_LOST, /* a miss of which nothing is in the cache */
    CTXI_RECORDED_PUT,
    CTXI_RECORDED_DELETE,
    CTXI_RECORDED_COUNT
};

/* Whether it says what the key's entry weighs. */
static inline int ctxi_recorded_weighs(unsigned what)
{
    return what == CTXI_RECORDED_MISS || what == CTXI_RECORDED_PUT;
}

/* Whether it says what a load took. */
static inline int ctxi_recorded_loads(unsigned what)
{
    return what == CTXI_RECORDED_MISS || what == CTXI_RECORDED_LOST;
}

/* One request. */
struct ctxi_recorded {
    enum ctxi_recorded_what what;
    uint64_t key, tenant;
    uint64_t time_ns; /* since the beginning */
    uint64_t weight;  /* of the key's entry as it was stored last, 1 if that is not known */
    uint64_t load_ns; /* of a miss and a lost one; as exact as the layout is */
    uint64_t number;  /* of the tenant's partition, if this is read and names the tenant; else 0 */
};

/* What is said of the cache when a block ends. */
struct ctxi_recorded_state {
    uint64_t dropped;                 /* requests that were lost so far */
    uint64_t used_bytes, entry_bytes; /* all that the capacity counts; what entries weigh of it */
    uint64_t entries;
};

/* What is said of the cache and the sample. */
struct ctxi_recording_about {
    uint64_t threshold;
    uint64_t started_ns;
    uint64_t max_entries, max_bytes;
    const char *name;
    const char *variables[CTXI_RECORDING_VARS_MAX];
    uint32_t variable_count;
};

#endif
