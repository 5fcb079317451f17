#include "head.h"

#include <http_parser.h>
#include <string.h>
#include <strings.h>

/* In the order of enum field. */
static const char *const field_names[FIELD_COUNT] = {"Host",     "X-Tenant",        "X-Currency",
                                                     "X-Locale", "Accept-Language", "X-Request-Id",
                                                     "X-User",   "Expect"};

void head_begin(struct head *head)
{
    head->url_size = 0;
    head->seen = 0;
    head->field = FIELD_OTHER;
    head->in_value = false;
    head->name_size = 0;
}

static bool append(char *text, size_t *size, size_t most, const char *piece, size_t piece_size)
{
    if (piece_size > most - *size)
        return false;
    memcpy(text + *size, piece, piece_size);
    *size += piece_size;
    text[*size] = '\0';
    return true;
}

unsigned head_url(struct head *head, const char *piece, size_t size)
{
    return append(head->url, &head->url_size, URL_MAX, piece, size) ? 0 : 414;
}

/* A name that is too long is none of ours. One with a space (before the colon, mostly) may be one of ours to
 * somebody on the way here. */
unsigned head_field_name(struct head *head, const char *piece, size_t size)
{
    if (head->in_value) {
        head->in_value = false;
        head->name_size = 0;
    }
    if (memchr(piece, ' ', size))
        return 400;
    if (!append(head->name, &head->name_size, FIELD_NAME_MAX, piece, size)) {
        head->name_size = FIELD_NAME_MAX;
        head->name[0] = '\0';
    }
    return 0;
}

static enum field find_field(const char *name)
{
    int field = 0;

    while (field < FIELD_COUNT && strcasecmp(name, field_names[field]) != 0)
        field++;
    return (enum field)field;
}

/* A field that is there twice says two things, and who is the tenant must not depend on which one is read.
 * Of languages there may be several lists; the first is enough. */
static unsigned begin_value(struct head *head)
{
    head->in_value = true;
    head->value_size = 0;
    head->field = find_field(head->name);
    if (head->field == FIELD_OTHER)
        return 0;
    if (head->seen & 1u << head->field) {
        bool is_list = head->field == FIELD_ACCEPT_LANGUAGE;
        head->field = FIELD_OTHER;
        return is_list ? 0 : 400;
    }
    head->seen |= 1u << head->field;
    head->values[head->field][0] = '\0';
    return 0;
}

unsigned head_field_value(struct head *head, const char *piece, size_t size)
{
    unsigned code = head->in_value ? 0 : begin_value(head);

    if (code || head->field == FIELD_OTHER)
        return code;
    return append(head->values[head->field], &head->value_size, FIELD_MAX, piece, size) ? 0 : 431;
}

/* Path and query within the address, which may have a scheme and a host before them. */
unsigned head_end(struct head *head, bool is_connect, bool wants_host)
{
    static char nothing[] = "";
    struct http_parser_url parts;

    if (wants_host && !head_field(head, FIELD_HOST))
        return 400;
    if (head_field(head, FIELD_EXPECT))
        return 417;
    http_parser_url_init(&parts);
    if (http_parser_parse_url(head->url, head->url_size, is_connect, &parts) != 0)
        return 400;
    head->path = head->query = nothing;
    if (parts.field_set & 1u << UF_QUERY) {
        head->query = head->url + parts.field_data[UF_QUERY].off;
        head->query[parts.field_data[UF_QUERY].len] = '\0';
    }
    if (parts.field_set & 1u << UF_PATH) {
        head->path = head->url + parts.field_data[UF_PATH].off;
        head->path[parts.field_data[UF_PATH].len] = '\0';
    }
    return 0;
}

const char *head_field(const struct head *head, enum field field)
{
    return head->seen & 1u << field ? head->values[field] : NULL;
}
