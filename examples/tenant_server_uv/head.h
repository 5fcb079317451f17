/*
 * head.h: what a request says before its body: method, address, and the header fields that somebody here
 * looks at.
 */
#ifndef HEAD_H
#define HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "limits.h"

enum field {
    FIELD_HOST,
    FIELD_TENANT,
    FIELD_CURRENCY,
    FIELD_LOCALE,
    FIELD_ACCEPT_LANGUAGE,
    FIELD_REQUEST_ID,
    FIELD_USER,
    FIELD_EXPECT,
    FIELD_COUNT,
    FIELD_OTHER = FIELD_COUNT
};

/* Filled piece by piece, as the bytes come. */
struct head {
    unsigned method;    /* enum http_method */
    char *path, *query; /* in `url`, once it is whole; no query: "" */
    size_t url_size;
    char url[URL_MAX + 1];

    /* Fields that were there have their bit. */
    unsigned seen;
    char values[FIELD_COUNT][FIELD_MAX + 1];

    /* The field that is being read. */
    enum field field;
    bool in_value;
    size_t name_size, value_size;
    char name[FIELD_NAME_MAX + 1];
};

void head_begin(struct head *head);

/* Each answers 0, or the HTTP code with which the request has to be refused. */
unsigned head_url(struct head *head, const char *piece, size_t size);
unsigned head_field_name(struct head *head, const char *piece, size_t size);
unsigned head_field_value(struct head *head, const char *piece, size_t size);
unsigned head_end(struct head *head, bool is_connect, bool wants_host);

/* The value of a field, or NULL. */
const char *head_field(const struct head *head, enum field field);

#endif
