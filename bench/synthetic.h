/*
 * synthetic.h: streams of requests made up from a seed, the same on every machine.
 */
#ifndef BENCH_SYNTHETIC_H
#define BENCH_SYNTHETIC_H

#include <stdbool.h>
#include <stdint.h>

#include "random.h"
#include "zipf.h"

enum synthetic_kind {
    SYNTHETIC_ZIPF, /* objects of a tenant by Zipf's law: what caches are made for */
    SYNTHETIC_SCAN, /* each object once: what no cache helps */
    SYNTHETIC_LOOP, /* all objects of a tenant in order, over and over: what LRU is worst at */
    SYNTHETIC_MIXED /* seven requests in ten by Zipf's law, two of a loop, one of a scan */
};

struct synthetic_plan {
    enum synthetic_kind kind;
    uint64_t requests, objects, tenants, seed;
    double zipf;        /* exponent for the objects of a tenant */
    double tenant_skew; /* exponent for the tenants */
};

/* One request. Objects that are scanned are numbered on from `objects` of the plan. */
struct synthetic_request {
    uint32_t tenant;
    uint64_t object;  /* of all tenants: no two tenants have the same */
    uint32_t size;    /* 64 bytes to 64 KiB, always the same for an object */
    uint32_t load_us; /* 100 us to 51 ms, always the same for an object */
};

struct synthetic {
    struct synthetic_plan plan;
    struct random random;
    struct zipf tenants, objects; /* ranks of tenants; ranks of the objects of one tenant */
    uint64_t *loops;              /* [tenants] where the loop of each is */
    uint64_t scanned;             /* objects that were scanned, of all tenants */
};

/* Every tenant gets objects / tenants objects, at least 1. Out of memory ends the program. */
void synthetic_init(struct synthetic *synthetic, const struct synthetic_plan *plan);
void synthetic_fini(struct synthetic *synthetic);

void synthetic_next(struct synthetic *synthetic, struct synthetic_request *out);

#endif
