/*
 * led.h: what a batch (many.c) is made of: calls that must not wait (call.c), and calls whose loads are run
 * together by a bulk loader (led.c).
 */
#ifndef CTXI_CACHE_LED_H
#define CTXI_CACHE_LED_H

#include <limits.h>

#include "ctxcache/call.h"

#define CTXI_WOULD_WAIT (INT_MIN + 1) /* no status: another call is loading this key */

struct ctxi_asked;

/*
 * The calls of call.h, the whole way. With `hasty` CTXI_WOULD_WAIT instead of waiting: nothing was done
 * nor counted. What the short way found out is in *asked; NULL: nothing.
 */
int ctxi_call_ref(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                  const ctx_cache_options *options, ctx_cache_ref *out_ref, ctx_cache_info *info,
                  bool hasty, const struct ctxi_asked *asked);
int ctxi_call_copy(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                   const ctx_cache_options *options, void *buffer, size_t buffer_size,
                   ctx_cache_info *info, bool hasty, const struct ctxi_asked *asked);

/* One call of a batch that leads a flight, and its load. Of one thread. */
struct ctxi_led;
struct ctxi_reads;

/*
 * Begins to lead, if the key is neither there nor being loaded; NULL: it is, or the call has another
 * obstacle, which it will find again when it goes alone. *reads is the record that all loads of the
 * batch share, made by the first; the caller owns it.
 */
struct ctxi_led *ctxi_led_begin(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                                size_t arg_count, struct ctxi_reads **reads);

/* Runs the bulk loader for all of them, with no lock held, and judges what came of it. `loads` and
 * `args` have room for `count`. */
void ctxi_led_run(struct ctxi_led *const *led, size_t count, struct ctx_cache_load **loads,
                  const ctx_value **args, ctx_cache_bulk_loader *loader);

/* Stores the result, ends the flight, and counts: the call's status. Once. */
int ctxi_led_land(struct ctxi_led *led);

/* Its answer, after that; the reference goes to *ref. */
int ctxi_led_copy(struct ctxi_led *led, void *buffer, size_t buffer_size);
void ctxi_led_ref(struct ctxi_led *led, ctx_cache_ref *ref);

/* Lets go; a load that did not land is abandoned. NULL is allowed. */
void ctxi_led_free(struct ctxi_led *led);

#endif
