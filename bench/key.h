/*
 * key.h: the full key of an answer, and what of it is part of the key in a workload.
 */
#ifndef BENCH_KEY_H
#define BENCH_KEY_H

#include <stddef.h>
#include <stdint.h>

#define KEY_LOCALE_SIZE 8  /* bytes of a locale, filled up with NULs */
#define KEY_TENANT_SIZE 16 /* bytes of a tenant's name with its NUL: every name has 15 */
#define KEY_TEXT_SIZE   40 /* bytes of a string argument, without its NUL */

/* What an answer depends on. */
enum key_kind {
    KEY_PLAIN,       /* the argument alone; all are tenant 0's */
    KEY_TENANT,      /* tenant and argument */
    KEY_TENANT_TEXT, /* tenant and string argument */
    KEY_LOCALE,      /* locale, tenant and argument */
    KEY_KINDS
};

/* Laid out so that the key of every kind is one range of bytes. Different tenants use the same
 * arguments. All members are always set; of the union the one that the kind names. */
struct key {
    char locale[KEY_LOCALE_SIZE];
    char tenant[KEY_TENANT_SIZE];
    union {
        int64_t arg;
        char text[KEY_TEXT_SIZE]; /* ends without a NUL */
    };
};

/* A key as those see it who take opaque bytes. */
struct key_view {
    const void *bytes;
    size_t size;
    const struct key *key; /* what the bytes are part of, for the loader */
    enum key_kind kind;
};

static inline size_t key_size(enum key_kind kind)
{
    switch (kind) {
    case KEY_PLAIN:
        return sizeof(int64_t);
    case KEY_TENANT:
        return KEY_TENANT_SIZE + sizeof(int64_t);
    case KEY_TENANT_TEXT:
        return KEY_TENANT_SIZE + KEY_TEXT_SIZE;
    default:
        return KEY_LOCALE_SIZE + KEY_TENANT_SIZE + sizeof(int64_t);
    }
}

static inline struct key_view key_view(const struct key *key, enum key_kind kind)
{
    size_t offset = kind == KEY_PLAIN    ? offsetof(struct key, arg)
                    : kind == KEY_LOCALE ? 0
                                         : offsetof(struct key, tenant);

    return (struct key_view){(const char *)key + offset, key_size(kind), key, kind};
}

#endif
