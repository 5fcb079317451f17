#include "cache/led.h"

#include "cache/call.h"

struct ctxi_led {
    struct ctxi_call call;
    struct ctxi_verdict verdict;
    int status; /* of the load */
};

/* Whether the call has begun a flight. */
static bool begin_to_lead(struct ctxi_led *led, ctx_cache *cache, ctx_cache_fn *fn)
{
    struct ctxi_call *call = &led->call;
    struct ctxi_request *request = &call->request;
    struct ctxi_partition *partition;
    struct ctxi_hold found;
    uint64_t now;
    const uint64_t *clock = ctxi_cache_clock(cache, &now);

    if (ctxi_request_open(request, fn, call->args, call->arg_count, true) != CTX_OK ||
        ctxi_call_prepare(call) != CTX_OK || ctxi_request_lock(request, &partition) != CTX_OK)
        return false;
    if (ctxi_contents_find(cache, &request->key, clock, &found) == CTXI_NOT_FOUND &&
        !ctxi_flight_find(cache, &request->key) &&
        !ctxi_flight_is_mine(cache, partition, &request->key, true) &&
        ctxi_flight_begin(cache, partition, &request->key, call->reads, 0, &call->flight) ==
            CTX_OK) {
        ctxi_call_hold_cache(call);
        ctxi_load_take_seat(&call->load);
    }
    ctxi_cache_unlock(cache);
    return call->flight != NULL;
}

struct ctxi_led *ctxi_led_begin(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                                size_t arg_count, struct ctxi_reads **reads)
{
    struct ctxi_led *led = ctxi_alloc(&cache->allocator, sizeof *led);

    if (!led)
        return NULL;
    ctxi_call_start(&led->call, cache);
    (void)ctxi_call_open(&led->call, cache, fn, args, arg_count, NULL, NULL); /* all are good */
    led->status = CTX_ERR_ABANDONED;
    led->call.reads = *reads ? ctxi_reads_ref(*reads) : NULL;
    if (!begin_to_lead(led, cache, fn)) {
        ctxi_led_free(led);
        return NULL;
    }
    if (!*reads)
        *reads = ctxi_reads_ref(led->call.reads);
    return led;
}

void ctxi_led_run(struct ctxi_led *const *led, size_t count, struct ctx_cache_load **loads,
                  const ctx_value **args, ctx_cache_bulk_loader *loader)
{
    const struct ctxi_call *first = &led[0]->call;

    for (size_t i = 0; i < count; i++) {
        loads[i] = &led[i]->call.load;
        args[i] = led[i]->call.args;
    }
    ctxi_load_run_many(loads, args, first->arg_count, count, loader, first->reads);
    ctxi_audit_charge_reads(first->request.cache, first->reads);
    for (size_t i = 0; i < count; i++) {
        led[i]->status = led[i]->call.load.failure;
        ctxi_call_take(&led[i]->call, led[i]->status, &led[i]->verdict);
    }
}

int ctxi_led_land(struct ctxi_led *led)
{
    return ctxi_call_land(&led->call, led->status, &led->verdict);
}

int ctxi_led_copy(struct ctxi_led *led, void *buffer, size_t buffer_size)
{
    return ctxi_call_copy_out(led->call.hold.entry, buffer, buffer_size);
}

void ctxi_led_ref(struct ctxi_led *led, ctx_cache_ref *ref)
{
    ctxi_ref_take(ref, led->call.request.cache, &led->call.hold);
}

void ctxi_led_free(struct ctxi_led *led)
{
    struct ctxi_call *call = led ? &led->call : NULL;
    ctx_allocator allocator;

    if (!led)
        return;
    if (call->flight)
        ctxi_audit_charge_reads(call->request.cache, call->reads);
    ctxi_call_abandon(call);
    memcpy(&allocator, &call->request.cache->allocator, sizeof allocator);
    ctxi_call_close(call);
    ctxi_free(&allocator, led, sizeof *led);
}
