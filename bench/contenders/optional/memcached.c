/*
 * memcached, which a program asks over a socket: one of our own, over a unix socket, with a
 * connection for each thread. The tenant is a part of every key.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmemcached/memcached.h>

#include "contender.h"
#include "die.h"
#include "peers/optional/memcached_server.h"

#define NAME_MOST ((sizeof(struct key) * 4 + 2) / 3)

struct cache {
    struct memcached_server *server;
    memcached_st **connections; /* [threads], each opened by the worker of this number */
    unsigned threads;
};

/* Base64url, not padded: memcached's keys are text without spaces. Returns the length. */
static size_t make_name(const void *bytes, size_t size, char *out_name)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *byte = bytes;
    size_t length = 0;
    unsigned bits = 0, held = 0;

    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | byte[i];
        for (held += 8; held >= 6; held -= 6)
            out_name[length++] = digits[bits >> (held - 6) & 63];
    }
    if (held > 0)
        out_name[length++] = digits[bits << (6 - held) & 63];
    return length;
}

static void check(memcached_return_t status, const char *what, const memcached_st *connection)
{
    if (status != MEMCACHED_SUCCESS)
        die("memcached: %s: %s", what, memcached_strerror(connection, status));
}

/* ---- the cache ---------------------------------------------------------------------------- */

static memcached_st *connect_to(const struct memcached_server *server)
{
    memcached_st *connection = memcached_create(NULL);

    if (!connection)
        die("memcached: out of memory");
    check(memcached_server_add_unix_socket(connection, memcached_server_socket(server)), "socket",
          connection);
    return connection;
}

static void *open_cache(const struct cache_setup *setup)
{
    struct cache *cache = die_calloc(1, sizeof *cache);
    size_t entries = setup->capacity < setup->keys ? setup->capacity : setup->keys;
    size_t name_size = (key_size(setup->kind) * 4 + 2) / 3;

    cache->threads = setup->threads;
    cache->connections = die_calloc(setup->threads, sizeof *cache->connections);
    cache->server = memcached_server_start(entries, name_size + sizeof(struct value) + 4);
    return cache;
}

static void close_cache(void *opened)
{
    struct cache *cache = opened;

    for (unsigned i = 0; i < cache->threads; i++)
        if (cache->connections[i])
            memcached_free(cache->connections[i]);
    memcached_server_stop(cache->server);
    free(cache->connections);
    free(cache);
}

/* ---- calls -------------------------------------------------------------------------------- */

static bool fetch(memcached_st *connection, const char *name, size_t length,
                  struct value *out_value)
{
    memcached_return_t status;
    size_t size;
    uint32_t flags;
    char *answer = memcached_get(connection, name, length, &size, &flags, &status);

    if (status == MEMCACHED_NOTFOUND)
        return false;
    check(status, "get", connection);
    if (size != sizeof *out_value)
        die("memcached: get: a value of %zu bytes", size);
    memcpy(out_value, answer, sizeof *out_value);
    free(answer);
    return true;
}

static void call_one(void *connection, struct key_view key, struct value *out_value)
{
    char name[NAME_MOST];
    size_t length = make_name(key.bytes, key.size, name);

    if (fetch(connection, name, length, out_value))
        return;
    key_load(key, out_value);

    memcached_return_t status =
        memcached_set(connection, name, length, (const char *)out_value, sizeof *out_value, 0, 0);

    /* Where it finds nothing to evict at once, it does not store. */
    if (status != MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE)
        check(status, "set", connection);
}

static uint64_t call(void *opened, const struct calls *calls)
{
    struct cache *cache = opened;
    memcached_st **connection = &cache->connections[calls->worker];

    if (!*connection)
        *connection = connect_to(cache->server);
    return calls_by_key(*connection, calls, call_one);
}

/* ---- memory ------------------------------------------------------------------------------- */

struct counts {
    double items, bytes, hash_bytes;
};

static memcached_return_t read_count(const memcached_instance_st *server, const char *name,
                                     size_t name_length, const char *text, size_t length,
                                     void *into)
{
    struct counts *counts = into;
    struct {
        const char *name;
        double *count;
    } wanted[] = {{"curr_items", &counts->items},
                  {"bytes", &counts->bytes},
                  {"hash_bytes", &counts->hash_bytes}};
    char number[32];

    (void)server;
    snprintf(number, sizeof number, "%.*s", (int)length, text);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strlen(wanted[i].name) == name_length && memcmp(wanted[i].name, name, name_length) == 0)
            *wanted[i].count = strtod(number, NULL);
    return MEMCACHED_SUCCESS;
}

/* As memcached counts it: its entries, without what their chunks have to spare, and its table. */
static double bytes_per_entry(void *opened)
{
    struct cache *cache = opened;
    memcached_st *connection = connect_to(cache->server);
    struct counts counts = {0};

    check(memcached_stat_execute(connection, NULL, read_count, &counts), "stats", connection);
    memcached_free(connection);
    return (counts.bytes + counts.hash_bytes) / counts.items;
}

/* The others would take minutes: they begin with millions of calls, or load all keys each time. */
static const char *const workloads[] = {"W1", "W3", "W4", "W5", NULL};

const struct contender contender_memcached = {
    .name = "memcached",
    .about = "over a unix socket, a connection for each thread",
    .workloads = workloads,
    .slowness = 64,
    .package = "memcached libmemcached-dev",
    .present = memcached_server_present,
    .open = open_cache,
    .close = close_cache,
    .call = call,
    .bytes_per_entry = bytes_per_entry,
};
