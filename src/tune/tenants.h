/*
 * tenants.h: the table of tenants of a trace, filled while it is read. Included by reader.c, the
 * formats and load.c; who only asks for names needs trace.h.
 */
#ifndef CTXI_TUNE_TENANTS_H
#define CTXI_TUNE_TENANTS_H

#include "tune/trace.h"

/* Between the columns of one key or tenant: a character that separates, and no text has. In names of
 * tenants it is shown as '|'. */
#define CTXI_JOINT '\x1f'

/* CTX_ERR_NOMEM. */
int ctxi_tenants_new(struct ctxi_tenants **out_tenants);

/* NULL is allowed. */
void ctxi_tenants_free(struct ctxi_tenants *tenants);

/*
 * The number of the tenant that `id` stands for; a new one is added under the name, or if that is
 * NULL, under its id in decimal. CTX_ERR_NOMEM, CTX_ERR_LIMIT (2^32 - 1 of them).
 */
int ctxi_tenants_find(struct ctxi_tenants *tenants, uint64_t id, const char *name, size_t name_size,
                      uint32_t *out_number);

#endif
