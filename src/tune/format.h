/*
 * format.h: what a format of traces has to offer, and what it is offered. Included by reader.c,
 * formats.c and the format_*.c.
 */
#ifndef CTXI_TUNE_FORMAT_H
#define CTXI_TUNE_FORMAT_H

#include "ctxcache/status.h"
#include "tune/input.h"
#include "tune/problem.h"
#include "tune/tenants.h"
#include "tune/trace.h"

struct ctxi_trace_reader {
    const struct ctxi_trace_format *format;
    void *state; /* of the format; NULL: it has none */
    struct ctxi_input input;
    struct ctxi_tenants *tenants;
    unsigned has;      /* enum ctxi_trace_has */
    double rate;       /* 1, if the format does not know better when it is opened */
    uint64_t capacity; /* as in struct ctxi_trace */
    bool lenient;
    struct ctxi_recorded_facts recorded;
    const char *nothing; /* what it is when there is no request before the end; NULL: an error */
    uint64_t skipped;
    uint64_t requests;            /* that were read */
    uint64_t line;                /* that was read last, from 1; 0: the format has no lines */
    int status;                   /* of the first failure; nothing is read after it */
    struct ctxi_problem *problem; /* of the call that is under way; may be NULL */
};

/* The beginning of a trace, from which its format is found out. */
struct ctxi_head {
    const unsigned char *bytes;
    size_t size;
    bool whole; /* there is nothing behind it */
    bool text;  /* no control characters but tabs and ends of lines */
    const char *path;
    const struct ctxi_trace_options *options;
};

struct ctxi_trace_format {
    const char *name, *about;
    unsigned has; /* a format that knows better sets reader->has when it is opened */
    /* Whether it may be this. The first format in the table that says so is chosen. */
    bool (*matches)(const struct ctxi_head *head);
    /* NULL: there is nothing to do. What they return is what ctxi_trace_open() returns. */
    int (*open)(struct ctxi_trace_reader *reader, const struct ctxi_trace_options *options);
    void (*close)(struct ctxi_trace_reader *reader);
    /* As ctxi_trace_read(); *got is 0 before. */
    int (*read)(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                size_t *got);
};

extern const struct ctxi_trace_format ctxi_format_csv, ctxi_format_keys, ctxi_format_arc,
    ctxi_format_lirs, ctxi_format_oracle, ctxi_format_orm, ctxi_format_recorded;

/* By its name, or by the head of a trace; NULL: there is none. */
const struct ctxi_trace_format *ctxi_format_named(const char *name);
const struct ctxi_trace_format *ctxi_format_matching(const struct ctxi_head *head);

/*
 * A record that is not what it should be: says where, and what was expected. CTX_ERR_INVALID; or, if
 * the reader is lenient, CTX_ABSENT: it is counted, and the format goes on with the next one.
 */
int ctxi_reader_malformed(struct ctxi_trace_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a trace that ends in the middle of a record, of which `what` is there. */
int ctxi_reader_truncated(struct ctxi_trace_reader *reader, const char *what);

/* Fills in the tenant. `name` may be NULL: the id in decimal. */
int ctxi_reader_tenant(struct ctxi_trace_reader *reader, struct ctxi_request *request, uint64_t id,
                       const char *name, size_t name_size);

#endif
