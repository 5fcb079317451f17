/*
 * memo.h: freeing what a context remembers (store.h has the rest). Included by whatever ends
 * contexts.
 */
#ifndef CTXI_CONTEXT_MEMO_H
#define CTXI_CONTEXT_MEMO_H

#include "context/store.h"

void ctxi_memos_free(ctx_context *context);

#endif
