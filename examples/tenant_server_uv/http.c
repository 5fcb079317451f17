#include "http.h"

static struct http *of(http_parser *parser)
{
    return parser->data;
}

/* What a callback of the parser returns: -1 ends it. */
static int refuse(struct http *http, unsigned code)
{
    http->refused = code;
    return code ? -1 : 0;
}

static int on_begin(http_parser *parser)
{
    struct http *http = of(parser);

    http->in_message = true;
    http->in_head = true;
    http->body_size = 0;
    head_begin(&http->head);
    return 0;
}

static int on_url(http_parser *parser, const char *piece, size_t size)
{
    return refuse(of(parser), head_url(&of(parser)->head, piece, size));
}

static int on_field(http_parser *parser, const char *piece, size_t size)
{
    struct http *http = of(parser);

    return http->in_head ? refuse(http, head_field_name(&http->head, piece, size)) : 0;
}

static int on_value(http_parser *parser, const char *piece, size_t size)
{
    struct http *http = of(parser);

    return http->in_head ? refuse(http, head_field_value(&http->head, piece, size)) : 0;
}

static int on_head(http_parser *parser)
{
    struct http *http = of(parser);
    bool is_1_0 = parser->http_major == 1 && parser->http_minor == 0;

    if (parser->http_major != 1)
        return refuse(http, 505);
    if (parser->content_length != UINT64_MAX && parser->content_length > BODY_MAX)
        return refuse(http, 413);
    http->in_head = false;
    http->head.method = parser->method;
    return refuse(http, head_end(&http->head, parser->method == HTTP_CONNECT, !is_1_0));
}

static int on_body(http_parser *parser, const char *piece, size_t size)
{
    struct http *http = of(parser);

    (void)piece;
    http->body_size += size;
    return refuse(http, http->body_size > BODY_MAX ? 413 : 0);
}

/* No protocol is changed to here, so after a request that wants one the connection ends. */
static int on_complete(http_parser *parser)
{
    struct http *http = of(parser);

    http->in_message = false;
    http->complete = true;
    http->keep_alive = http_should_keep_alive(parser) && !parser->upgrade;
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings callbacks = {
    .on_message_begin = on_begin,
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

void http_limit(void)
{
    http_parser_set_max_header_size(HEADERS_MAX);
}

void http_begin(struct http *http)
{
    http_parser_init(&http->parser, HTTP_REQUEST);
    http->parser.data = http;
    http->refused = 0;
    http->in_message = false;
    head_begin(&http->head);
}

enum http_result http_feed(struct http *http, const char *data, size_t size, size_t *used)
{
    http->complete = false;
    http_parser_pause(&http->parser, 0);
    *used = http_parser_execute(&http->parser, &callbacks, data, size);
    if (http->complete)
        return HTTP_COMPLETE;
    if (HTTP_PARSER_ERRNO(&http->parser) == HPE_OK)
        return HTTP_MORE;
    if (http->refused == 0)
        http->refused = HTTP_PARSER_ERRNO(&http->parser) == HPE_HEADER_OVERFLOW ? 431 : 400;
    http->in_message = false;
    return HTTP_REFUSED;
}
