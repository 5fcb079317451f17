#include "exchange.h"

#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct exchange *exchange_new(struct connection *connection)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);

    if (exchange)
        exchange->connection = connection;
    return exchange;
}

void exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return;
    ctx_cache_ref_release(&exchange->ref);
    free(exchange->owned);
    free(exchange);
}

/* As HTTP wants it; made anew once a second. */
static const char *date(void)
{
    static char text[40];
    static time_t made;
    time_t now = time(NULL);
    struct tm parts;

    if (now != made && gmtime_r(&now, &parts)) {
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        made = now;
    }
    return text;
}

/* "Name: value\r\n", or nothing if there is no value. */
static int write_field(char *out, size_t size, const char *name, const char *value)
{
    return value && *value ? snprintf(out, size, "%s: %s\r\n", name, value) : 0;
}

/* All of it is ours or was found to be plain, and fits. */
static size_t write_head(struct exchange *exchange)
{
    char *out = exchange->head;
    size_t room = sizeof exchange->head;
    const char *stay = exchange->is_1_0 ? "keep-alive" : NULL;
    int size = snprintf(out, room,
                        "HTTP/1.1 %u %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
                        exchange->code, http_status_str((enum http_status)exchange->code), date(),
                        exchange->type, exchange->body_size);

    const char *const fields[][2] = {
        {"X-Cache", exchange->x_cache},
        {"X-Request-Id", exchange->request_id},
        {"Allow", exchange->allow},
        {"Connection", exchange->last ? "close" : stay},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        size += write_field(out + size, room - (size_t)size, fields[i][0], fields[i][1]);
    size += snprintf(out + size, room - (size_t)size, "\r\n");
    return (size_t)size;
}

unsigned exchange_buffers(struct exchange *exchange, uv_buf_t buffers[2])
{
    buffers[0] = uv_buf_init(exchange->head, (unsigned)write_head(exchange));
    if (exchange->without_body || exchange->body_size == 0)
        return 1;
    buffers[1] = uv_buf_init((char *)(uintptr_t)exchange->body, (unsigned)exchange->body_size);
    return 2;
}
