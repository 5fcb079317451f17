/*
 * columns.h: which columns of a table are what. Included by format_csv.c.
 *
 * Columns are named by the first line of the file, or by the option `columns`, in one of two forms:
 *
 *   time,tenant,key,size,op             what the columns are, in their order; "-" passes one over
 *   tenant=shop,key=type+id,time_ms=3   by the name in the first line, or by number from 1; a key or a
 *                                       tenant may be made of several columns
 *
 * What there is: key, tenant, op (get, put, delete, and the words of memcached for them), size in bytes,
 * time and load (what a hit saves). time and load are in seconds, with a fraction if need be; time_ms,
 * load_us, time_ns and so on are in other units; a time may also be a date, "2024-11-15 16:57:50".
 */
#ifndef CTXI_TUNE_COLUMNS_H
#define CTXI_TUNE_COLUMNS_H

#include "tune/row.h"
#include "tune/trace.h"

enum ctxi_role {
    CTXI_ROLE_KEY,
    CTXI_ROLE_TENANT,
    CTXI_ROLE_OP,
    CTXI_ROLE_SIZE,
    CTXI_ROLE_TIME,
    CTXI_ROLE_LOAD,
    CTXI_ROLE_COUNT
};

#define CTXI_ROLE_COLUMNS 16 /* that one key or tenant may be made of */

struct ctxi_columns {
    size_t row_count; /* columns in every row */
    struct ctxi_role_columns {
        size_t count; /* 0: the trace has none; key has at least 1, op to load at most 1 */
        size_t at[CTXI_ROLE_COLUMNS];
        uint64_t unit_ns; /* of time and load */
    } roles[CTXI_ROLE_COUNT];
};

/*
 * Finds out what the columns are, from the first row and the option, which may be NULL. *out_header:
 * whether the first row is names, not a request. NULL in *problem is not allowed here. CTX_ERR_INVALID.
 */
int ctxi_columns_bind(const char *option, const struct ctxi_row *first,
                      struct ctxi_columns *columns, bool *out_header, struct ctxi_problem *problem);

/* The number that a column of this role has, as a trace says it; false: it is none. */
bool ctxi_columns_number(const struct ctxi_columns *columns, enum ctxi_role role,
                         struct ctxi_text text, uint64_t *out);

/* An enum ctxi_op by its word; false: there is no such operation. */
bool ctxi_columns_op(struct ctxi_text text, uint8_t *out);

#endif
