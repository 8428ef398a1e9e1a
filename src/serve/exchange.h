/* exchange.h: what the files of the HTTP front share: one request and its answer. */
#ifndef PT_EXCHANGE_H
#define PT_EXCHANGE_H

#include "live/server.h"

#include "serve/dashboard.h"

#include <microhttpd.h>

/* The functions of libmicrohttpd that we call: it is loaded when HTTP is asked for, since its own libraries (TLS) would cost
 * every command milliseconds. */
/* clang-format off */
#define PT_MHD_FUNCTIONS(X)                                                                                         \
    X(start_daemon) X(stop_daemon) X(quiesce_daemon) X(run) X(get_timeout) X(get_daemon_info) X(get_connection_info) \
    X(get_connection_values_n) X(lookup_connection_value) X(create_response_from_buffer)                               \
    X(create_response_from_callback) X(add_response_header) X(queue_response) X(destroy_response)                    \
    X(suspend_connection) X(resume_connection)
/* clang-format on */
typedef struct pt_mhd {
    void *library;
#define X(name) __typeof__(&MHD_##name) name;
    PT_MHD_FUNCTIONS(X)
#undef X
} pt_mhd;

typedef struct pt_http pt_http;
typedef struct pt_exchange pt_exchange;
typedef struct pt_stream pt_stream;

struct pt_exchange {
    pt_http *http;
    struct MHD_Connection *connection;
    char path[256];
    bool is_post, read_whole, too_large, begun, done, suspended;
    pt_buffer body;
    /* what is asked */
    char command[48];
    json_t *params;
    /* the answer: */
    unsigned status;
    char *text;            /* freed with free() */
    const char *type;      /* NULL: application/json */
    const pt_asset *asset; /* instead of text: a file of the dashboard */
    bool streams;          /* as server-sent events: `text` is the first, the stream stays open */
    json_t *listens;       /* id of the MCP subscription that the stream is */
};

enum { PT_HTTP_WAIT_MS = 12, PT_HTTP_MCP_WAIT_MS = 2000 };

/* Sets the answer; the value is taken. */
void pt_exchange_json(pt_exchange *e, unsigned status, json_t *value);
void pt_exchange_fail(pt_exchange *e, unsigned status, const char *message);
/* Runs `work` once the snapshot is fresh, on another thread; it sets the answer. */
void pt_exchange_later(pt_exchange *e, u32 wait_ms, void (*work)(pt_exchange *e, pt_live *live, u64 ticket));
const char *pt_exchange_header(const pt_exchange *e, const char *name);
pt_server *pt_http_server(const pt_http *http);
const pt_mhd *pt_http_library(const pt_http *http);
/* The last batches, the oldest first, with `at` in milliseconds of the Unix epoch: a new list. */
json_t *pt_http_updates(const pt_http *http);

/* Routes below /api/v1 and /metrics: false, nothing there. */
bool pt_api(pt_exchange *e);
bool pt_api_posts(const char *path); /* is POST taken there? */
json_t *pt_api_openapi(void);
/* /mcp */
void pt_http_mcp(pt_exchange *e);
/* The event that ends the stream of an MCP subscription: freed with free(). */
char *pt_http_mcp_closed(const json_t *id);

#endif
