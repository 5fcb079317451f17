/*
 * trace.h: recorded streams of requests, read in batches with bounded memory, or whole. Included by
 * whoever reads a trace or computes over one: ctxbench, and the tests.
 *
 * An object is the pair (tenant, key). Both are 64 bits: a number where the format has numbers, else
 * the 64-bit XXH3 of the text. So two texts may be taken for one: with a million of them, the chance
 * that any two are is one in thirty million.
 */
#ifndef CTXI_TUNE_TRACE_H
#define CTXI_TUNE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ctxi_op {
    CTXI_OP_GET = 0,   /* asks for the object; what a cache answers with a hit or a miss */
    CTXI_OP_PUT = 1,   /* stores the object: a use of it, neither hit nor miss */
    CTXI_OP_DELETE = 2 /* the object is gone: the next get of it cannot hit */
};

struct ctxi_request {
    uint64_t key;
    uint64_t tenant;        /* 0 where the format has none */
    uint64_t time_ns;       /* since whatever the trace counts from; 0 where it has none */
    uint64_t load_ns;       /* what a hit saves; 0 where the trace has none */
    uint32_t size;          /* bytes, 1 where the format has none */
    uint32_t tenant_number; /* 0, 1, 2... in the order of appearance; a name is in the table */
    uint8_t op;             /* enum ctxi_op */
};

/* What a trace holds besides its requests; or-ed together. */
enum ctxi_trace_has {
    CTXI_TRACE_TENANTS = 1,
    CTXI_TRACE_TIMES = 2,
    CTXI_TRACE_SIZES = 4,
    CTXI_TRACE_LOADS = 8,
    CTXI_TRACE_OPS = 16,
    CTXI_TRACE_APART = 32 /* keys of two tenants are never equal, whatever they were */
};

/* What is wrong, for people: "trace.csv:17: a size was expected, not 'x'". No newline. */
struct ctxi_problem {
    char text[512];
};

/* ---- tenants ------------------------------------------------------------------------------ */

/* Tenants by number, 0 to count - 1, and their names. A trace without tenants has one, called "". */
struct ctxi_tenants;

uint32_t ctxi_tenants_count(const struct ctxi_tenants *tenants);

/* The text of the trace; a number in decimal. Control characters are shown as '?'. Valid as long as
 * the table. */
const char *ctxi_tenants_name(const struct ctxi_tenants *tenants, uint32_t number);

/* ---- reading in batches ------------------------------------------------------------------- */

struct ctxi_trace_options {
    const char *format;  /* a name of ctxi_trace_format_name(); NULL: found out */
    const char *columns; /* of CSV and TSV, see columns.h; NULL: by the names in the first line */
    bool lenient;        /* what is malformed or cut off is skipped and counted */

    /* Called by ctxi_trace_load() between batches. `total` bytes of the file, 0: not known. */
    void (*progress)(void *user, uint64_t requests, uint64_t bytes, uint64_t total);
    void *progress_user;
};

/* What a recording of a live cache says of itself. Of any other trace all is 0. */
struct ctxi_recorded_facts {
    uint64_t lost;   /* requests that were made and are not in it, for want of room */
    bool ends_early; /* nobody ended it, or what comes next cannot be read */
    bool of_bytes;   /* its cache had a capacity in bytes */
    double
        used_per_weight; /* bytes that capacity_bytes counts, for each byte that entries weigh, when the
                               cache had most of them; 0: not known, or not of such a cache */
    double mean_weight; /* of its entries, at that moment; 0: not known */
};

struct ctxi_trace_reader;

/* The names of the formats, by number from 0; NULL: there are no more. And what each is. */
const char *ctxi_trace_format_name(size_t number);
const char *ctxi_trace_format_about(size_t number);

/*
 * Opens a trace, plain or compressed by gzip, xz or zstd; "-" is the standard input. `options` may be
 * NULL. On CTX_OK *out_reader is the caller's to ctxi_trace_close(). CTX_ERR_INVALID (what is there
 * is no such trace, or the options are wrong), CTX_ERR_SYSTEM (errno says why), CTX_ERR_NOMEM: *out_reader is
 * NULL, and *problem says it in words.
 */
int ctxi_trace_open(const char *path, const struct ctxi_trace_options *options,
                    struct ctxi_trace_reader **out_reader, struct ctxi_problem *problem);

/*
 * Reads up to `count` requests. Fewer than that, with CTX_OK: the trace has ended. On an error, which
 * are those of ctxi_trace_open(), the *out_got requests before it are good, and nothing more can be read.
 */
int ctxi_trace_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                    size_t *out_got, struct ctxi_problem *problem);

/* NULL is allowed. */
void ctxi_trace_close(struct ctxi_trace_reader *reader);

/* The format, by its name; of what it holds, enum ctxi_trace_has. */
const char *ctxi_trace_reader_format(const struct ctxi_trace_reader *reader);
unsigned ctxi_trace_reader_has(const struct ctxi_trace_reader *reader);

/* The share of all keys whose requests are in it, over 0; 1: the trace is whole. whole.h says what that means. */
double ctxi_trace_reader_rate(const struct ctxi_trace_reader *reader);

/* The tenants that were read so far. Valid until ctxi_trace_close(). */
const struct ctxi_tenants *ctxi_trace_reader_tenants(const struct ctxi_trace_reader *reader);

/* What is known of a recording so far; when it has been read, all of it. Valid until ctxi_trace_close(). */
const struct ctxi_recorded_facts *
ctxi_trace_reader_recorded(const struct ctxi_trace_reader *reader);

/* Records that a lenient reader has skipped so far. */
uint64_t ctxi_trace_reader_skipped(const struct ctxi_trace_reader *reader);

/* Bytes of the file that were read, and its size; 0: not known. */
void ctxi_trace_reader_progress(const struct ctxi_trace_reader *reader, uint64_t *out_bytes,
                                uint64_t *out_total);

/* ---- a whole trace ------------------------------------------------------------------------ */

/*
 * All requests as arrays, objects and tenants by dense numbers. What a trace does not have is NULL,
 * and then every request has what the comment says.
 */
struct ctxi_trace {
    size_t request_count;
    uint32_t *objects;         /* [request_count], numbers in the order of appearance */
    uint32_t *request_tenants; /* [request_count], numbers; NULL: all 0 */
    uint32_t *sizes;           /* [request_count], bytes; NULL: all 1 */
    uint64_t *times_ns;        /* [request_count]; NULL: not known */
    uint64_t *loads_ns;        /* [request_count]; NULL: not known */
    uint8_t *ops;              /* [request_count], enum ctxi_op; NULL: all CTXI_OP_GET */

    uint32_t object_count;
    uint64_t *object_keys;    /* [object_count], as in ctxi_request */
    uint32_t *object_tenants; /* [object_count], numbers; NULL: all 0 */

    uint32_t tenant_count; /* at least 1 */
    struct ctxi_tenants *tenants;

    double rate;        /* as ctxi_trace_reader_rate() */
    bool apart;         /* CTXI_TRACE_APART */
    uint64_t skipped;   /* records that a lenient reader skipped */
    const char *format; /* its name */
    uint64_t
        capacity; /* entries of the cache that it is a recording of; 0: not known, or no limit */

    /* Of a recording `sizes` are made of weights: weights.h. */
    struct ctxi_recorded_facts recorded;
};

/*
 * Reads a whole trace. On CTX_OK *out_trace is the caller's to ctxi_trace_free(). Errors as for
 * ctxi_trace_open(), and CTX_ERR_LIMIT: more than 2^32 - 1 objects.
 */
int ctxi_trace_load(const char *path, const struct ctxi_trace_options *options,
                    struct ctxi_trace **out_trace, struct ctxi_problem *problem);

/* NULL is allowed. */
void ctxi_trace_free(struct ctxi_trace *trace);

#endif
