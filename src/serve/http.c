#include "serve/http.h"

#include "base/hash.h"
#include "serve/exchange.h"
#include "query/json_text.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BODY_LIMIT = 1 << 20,
    HEADER_LIMIT = 32 << 10,
    CONNECTIONS = 256,
    STREAMS = 32,
    UPDATES_KEPT = 64,
    STREAM_UNREAD = 1 << 20,
    REQUEST_MS = 15000, /* from a connection's being idle to a whole request */
    ANSWER_MS = 60000,
    SWEEP_MS = 1000,
    KEEP_ALIVE_MS = 15000,
    STOP_TRIES = 20,
    STOP_MS = 50,
    FIRST_PORT = 20000,
    PORTS = 20000 /* a workspace has its own among these, if it is free */
};

/* A connection, for as long as it is open. */
typedef struct client {
    pt_http *http;
    struct MHD_Connection *connection;
    struct client *before, *after;
    u64 since_ms; /* when what it does now began */
    bool busy, streams;
} client;

/* An answer without end: server-sent events. */
struct pt_stream {
    pt_http *http;
    struct MHD_Connection *connection;
    pt_stream *before, *after;
    pt_buffer unread;
    json_t *listens; /* NULL: batches are told */
    bool suspended, over;
};

struct pt_http {
    pt_mhd mhd;
    pt_server *server;
    uv_loop_t *loop;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer, sweep;
    client *clients;
    pt_stream *streams;
    json_t *updates; /* the last UPDATES_KEPT batches since HTTP is served */
    u32 stream_count, working, open_handles, stop_tries;
    u64 kept_alive_ms;
    bool running, again, stopping;
    char address[64], token[256];
    u16 port;
};

pt_server *pt_http_server(const pt_http *h) { return h->server; }
const pt_mhd *pt_http_library(const pt_http *h) { return &h->mhd; }

/* The loop. */

static void on_timer(uv_timer_t *timer);
static void kick(pt_http *h) {
    h->again = true;
    if (h->running || !h->daemon) return;
    h->running = true;
    for (u32 i = 0; i < 1000 && h->again; i++) {
        h->again = false;
        h->mhd.run(h->daemon);
    }
    h->running = false;
    MHD_UNSIGNED_LONG_LONG wait;
    if (h->mhd.get_timeout(h->daemon, &wait) == MHD_YES && !uv_is_closing((uv_handle_t *)&h->timer))
        uv_timer_start(&h->timer, on_timer, wait, 0);
}
static void on_timer(uv_timer_t *timer) { kick(timer->data); }
static void on_ready(uv_poll_t *poll, int status, int events) {
    (void)status, (void)events;
    kick(poll->data);
}

/* Answers. */

void pt_exchange_json(pt_exchange *e, unsigned status, json_t *value) {
    free(e->text);
    e->text = value ? pt_json_dump(value) : NULL;
    e->status = e->text ? status : MHD_HTTP_INTERNAL_SERVER_ERROR;
    if (!e->text) e->text = strdup("{\"error\":\"the answer cannot be told as JSON\"}");
    json_decref(value);
}

void pt_exchange_fail(pt_exchange *e, unsigned status, const char *message) {
    json_t *text = json_string(message);
    pt_exchange_json(e, status, json_pack("{s:o}", "error", text ? text : json_string("failed")));
}

const char *pt_exchange_header(const pt_exchange *e, const char *name) {
    return e->http->mhd.lookup_connection_value(e->connection, MHD_HEADER_KIND, name);
}

typedef struct later {
    pt_exchange *e;
    void (*work)(pt_exchange *e, pt_live *live, u64 ticket);
} later;
static void do_later(void *payload, pt_live *live, u64 ticket) {
    later *l = payload;
    l->work(l->e, live, ticket);
}
static void later_done(void *payload) {
    later *l = payload;
    pt_exchange *e = l->e;
    pt_http *h = e->http;
    free(l);
    h->working--;
    e->done = true;
    e->suspended = false;
    h->mhd.resume_connection(e->connection);
    kick(h);
}
void pt_exchange_later(pt_exchange *e, u32 wait_ms, void (*work)(pt_exchange *e, pt_live *live, u64 ticket)) {
    later *l = calloc(1, sizeof *l);
    if (!l) {
        pt_exchange_fail(e, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
        return;
    }
    *l = (later){e, work};
    e->suspended = true;
    e->http->working++;
    e->http->mhd.suspend_connection(e->connection);
    pt_server_fresh(e->http->server, wait_ms, do_later, later_done, l);
}

/* Streams. */

static ssize_t read_stream(void *payload, uint64_t at, char *out, size_t most) {
    pt_stream *s = payload;
    (void)at;
    if (s->unread.count) {
        size_t n = PT_MIN((size_t)s->unread.count, most);
        memcpy(out, s->unread.data, n);
        memmove(s->unread.data, s->unread.data + n, s->unread.count - n);
        s->unread.count -= (u32)n;
        return (ssize_t)n;
    }
    if (s->over) return MHD_CONTENT_READER_END_OF_STREAM;
    s->suspended = true;
    s->http->mhd.suspend_connection(s->connection);
    return 0;
}
static void free_stream(void *payload) {
    pt_stream *s = payload;
    if (s->before) s->before->after = s->after;
    else s->http->streams = s->after;
    if (s->after) s->after->before = s->before;
    s->http->stream_count--;
    json_decref(s->listens);
    pt_buffer_free(&s->unread);
    free(s);
}
static void stream_text(pt_stream *s, const char *text) {
    if (text && (!s->over || s->http->stopping)) pt_buffer_text(&s->unread, text);
    if (s->unread.count > STREAM_UNREAD) s->over = true; /* it does not read */
    if (!s->suspended) return;
    s->suspended = false;
    s->http->mhd.resume_connection(s->connection);
    s->http->again = true;
}

json_t *pt_http_updates(const pt_http *h) { return json_copy(h->updates); }

static void update(void *front, const json_t *batch) {
    pt_http *h = front;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    json_t *told = json_copy((json_t *)(uintptr_t)batch);
    json_object_set_new(told, "at", json_integer((json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000));
    json_array_append(h->updates, told);
    if (json_array_size(h->updates) > UPDATES_KEPT) json_array_remove(h->updates, 0);
    char *text = h->streams ? pt_json_dump(told) : NULL;
    pt_buffer event = {0};
    if (!text) {
        json_decref(told);
        return;
    }
    pt_buffer_format(&event, "event: update\nid: %lld\ndata: %s\n\n",
                     (long long)json_integer_value(json_object_get(told, "generation")), text);
    for (pt_stream *s = h->streams; s; s = s->after)
        if (!s->listens) stream_text(s, event.data);
    pt_buffer_free(&event);
    free(text);
    json_decref(told);
    kick(h);
}

/* Requests. */

/* The page's own code, its own answers, nothing of elsewhere, and in no frame. */
static void add_page_headers(const pt_http *h, struct MHD_Response *r, const pt_asset *asset) {
    h->mhd.add_response_header(r, "Content-Type", asset->type);
    h->mhd.add_response_header(r, "Content-Security-Policy",
                               "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src "
                               "'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    h->mhd.add_response_header(r, "Referrer-Policy", "no-referrer");
}

static enum MHD_Result send_answer(pt_exchange *e) {
    pt_http *h = e->http;
    struct MHD_Response *r = NULL;
    if (e->streams) {
        pt_stream *s = h->stream_count < STREAMS && !h->stopping ? calloc(1, sizeof *s) : NULL;
        if (!s) {
            e->streams = false;
            pt_exchange_fail(e, MHD_HTTP_SERVICE_UNAVAILABLE, "too many streams are open");
        } else {
            *s = (pt_stream){.http = h, .connection = e->connection, .after = h->streams, .listens = e->listens};
            e->listens = NULL;
            if (s->after) s->after->before = s;
            h->streams = s;
            h->stream_count++;
            if (e->text) pt_buffer_text(&s->unread, e->text);
            r = h->mhd.create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, s, free_stream);
            if (!r) return free_stream(s), MHD_NO;
            h->mhd.add_response_header(r, "Content-Type", "text/event-stream");
            h->mhd.add_response_header(r, "X-Accel-Buffering", "no");
        }
    }
    if (!e->streams) {
        size_t length = e->text ? strlen(e->text) : 0;
        if (e->asset)
            r = h->mhd.create_response_from_buffer(e->asset->size, (void *)(uintptr_t)e->asset->data,
                                                   MHD_RESPMEM_PERSISTENT);
        else
            r = h->mhd.create_response_from_buffer(length, length ? e->text : (void *)(uintptr_t) "",
                                                   length ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
        if (!r) return MHD_NO;
        if (e->asset) add_page_headers(h, r, e->asset);
        if (length) e->text = NULL;
        if (length && !e->asset) h->mhd.add_response_header(r, "Content-Type", e->type ? e->type : "application/json");
        if (e->status == MHD_HTTP_METHOD_NOT_ALLOWED)
            h->mhd.add_response_header(r, "Allow",
                                       strcmp(e->path, "/mcp") == 0 ? "POST"
                                       : pt_api_posts(e->path)      ? "GET, HEAD, POST"
                                                                    : "GET, HEAD");
        if (e->status == MHD_HTTP_UNAUTHORIZED) h->mhd.add_response_header(r, "WWW-Authenticate", "Bearer");
    }
    h->mhd.add_response_header(r, "Cache-Control", "no-store");
    h->mhd.add_response_header(r, "X-Content-Type-Options", "nosniff");
    if (e->too_large || h->stopping) h->mhd.add_response_header(r, "Connection", "close");
    enum MHD_Result queued = h->mhd.queue_response(e->connection, e->status, r);
    h->mhd.destroy_response(r);
    return queued;
}

/* Is it this server that a Host or an Origin names? */
static bool names_us(const pt_http *h, const char *text, bool origin) {
    static const char *const local[] = {"127.0.0.1", "localhost", "[::1]"};
    char port[16];
    if (origin) {
        if (strncmp(text, "http://", 7) != 0) return false;
        text += 7;
    }
    snprintf(port, sizeof port, ":%u", h->port);
    for (u32 i = 0; i <= PT_COUNT_OF(local); i++) {
        const char *name = i < PT_COUNT_OF(local) ? local[i] : h->address;
        size_t n = strlen(name);
        if (n && strncasecmp(text, name, n) == 0 && (strcmp(text + n, port) == 0 || (!origin && !text[n]))) return true;
    }
    return false;
}

static bool same_token(const char *given, const char *token) {
    size_t n = strlen(given), m = strlen(token);
    u8 differs = n != m;
    for (size_t i = 0; i < m; i++) differs |= (u8)(token[i] ^ given[n ? i % n : 0]);
    return !differs && n;
}

typedef struct framing {
    u32 hosts, origins, lengths, codings;
} framing;
static enum MHD_Result count_header(void *payload, enum MHD_ValueKind kind, const char *key, size_t key_size,
                                    const char *value, size_t value_size) {
    framing *f = payload;
    (void)kind, (void)key_size, (void)value, (void)value_size;
    f->hosts += strcasecmp(key, "Host") == 0;
    f->origins += strcasecmp(key, "Origin") == 0;
    f->lengths += strcasecmp(key, "Content-Length") == 0;
    f->codings += strcasecmp(key, "Transfer-Encoding") == 0;
    return MHD_YES;
}

/* What a request is refused for before it is read: true, and the answer. */
static bool refused(pt_exchange *e) {
    const pt_http *h = e->http;
    const char *host = pt_exchange_header(e, "Host"), *origin = pt_exchange_header(e, "Origin"),
               *length = pt_exchange_header(e, "Content-Length"), *token = pt_exchange_header(e, "Authorization");
    framing f = {0};
    h->mhd.get_connection_values_n(e->connection, MHD_HEADER_KIND, count_header, &f);
    if (f.hosts > 1 || f.origins > 1 ||
        f.lengths + f.codings > 1) { /* RFC 9112, 3.2 and 6.3: two may read it differently */
        e->too_large = true;
        pt_exchange_fail(e, MHD_HTTP_BAD_REQUEST, "Host, Origin or the body's length are told twice");
    } else if (!host || (!h->token[0] && !names_us(h, host, false)))
        pt_exchange_fail(e, host ? MHD_HTTP_FORBIDDEN : MHD_HTTP_BAD_REQUEST, "Host does not name this server");
    else if (origin && !names_us(h, origin, true))
        pt_exchange_fail(e, MHD_HTTP_FORBIDDEN, "pages of elsewhere are not answered");
    else if (h->token[0] && !pt_dashboard_asset(e->path) && /* it holds nothing of the workspace */
             (!token || strncasecmp(token, "Bearer ", 7) != 0 || !same_token(token + 7, h->token)))
        pt_exchange_fail(e, MHD_HTTP_UNAUTHORIZED, "the token is missing or another one");
    else if (length && strtoull(length, NULL, 10) > BODY_LIMIT) {
        e->too_large = true;
        pt_exchange_fail(e, MHD_HTTP_CONTENT_TOO_LARGE, "a body of more than 1 MB");
    }
    return e->status != 0;
}

static void route(pt_exchange *e) {
    bool mcp = strcmp(e->path, "/mcp") == 0;
    const pt_asset *asset = pt_dashboard_asset(e->path);
    if (e->too_large) pt_exchange_fail(e, MHD_HTTP_CONTENT_TOO_LARGE, "a body of more than 1 MB");
    else if (mcp && e->is_post) pt_http_mcp(e);
    else if (mcp) pt_exchange_fail(e, MHD_HTTP_METHOD_NOT_ALLOWED, "MCP is spoken by POST");
    else if (asset && e->is_post) pt_exchange_fail(e, MHD_HTTP_METHOD_NOT_ALLOWED, "GET is taken here");
    else if (asset) {
        e->asset = asset;
        e->status = MHD_HTTP_OK;
    } else if (strcmp(e->path, "/events") == 0 && !e->is_post) {
        e->streams = true;
        e->status = MHD_HTTP_OK;
        e->text = strdup(": each batch is told\n\n");
    } else if (!pt_api(e)) {
        pt_exchange_fail(e, MHD_HTTP_NOT_FOUND, "nothing is there; /api/v1 lists what is");
    }
}

static client *client_of(pt_exchange *e) {
    const union MHD_ConnectionInfo *info =
        e->http->mhd.get_connection_info(e->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static enum MHD_Result on_request(void *payload, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *body, size_t *body_size, void **state) {
    pt_http *h = payload;
    pt_exchange *e = *state;
    (void)version;
    if (!e) {
        *state = e = calloc(1, sizeof *e);
        if (!e) return MHD_NO;
        e->http = h;
        e->connection = connection;
        e->is_post = strcmp(method, "POST") == 0;
        bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
        if (strlen(url) >= sizeof e->path) pt_exchange_fail(e, MHD_HTTP_URI_TOO_LONG, "the path is too long");
        else snprintf(e->path, sizeof e->path, "%s", url);
        if (!e->status && !refused(e) && !e->is_post && !reads) /* DELETE of /mcp too: there are no sessions */
            pt_exchange_fail(e, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and POST are taken");
        if (e->status && (e->is_post || e->too_large)) { /* what it sends is not awaited */
            e->too_large = true;
            return send_answer(e);
        }
        return MHD_YES;
    }
    if (*body_size) {
        if (e->body.count + *body_size > BODY_LIMIT) e->too_large = true;
        else pt_buffer_add(&e->body, body, *body_size);
        *body_size = 0;
        return MHD_YES;
    }
    if (!e->begun) {
        client *c = client_of(e);
        e->begun = true;
        if (c) c->busy = true, c->since_ms = uv_now(h->loop);
        if (!e->status) route(e);
        if (c) c->streams = e->streams || e->suspended;
        if (e->suspended) return MHD_YES; /* it goes on when it is done */
    } else {                              /* it is: from now on the client reads */
        client *c = client_of(e);
        if (c) c->streams = e->streams, c->since_ms = uv_now(h->loop);
    }
    return send_answer(e);
}

static void on_completed(void *payload, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why) {
    pt_exchange *e = *state;
    (void)payload, (void)connection, (void)why;
    if (!e) return;
    client *c = client_of(e);
    if (c) c->busy = c->streams = false, c->since_ms = uv_now(e->http->loop);
    pt_buffer_free(&e->body);
    json_decref(e->params);
    json_decref(e->listens);
    free(e->text);
    free(e);
    *state = NULL;
}

static void on_connection(void *payload, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what) {
    pt_http *h = payload;
    client *c = *context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = c = calloc(1, sizeof *c);
        if (!c) return;
        *c = (client){.http = h, .connection = connection, .after = h->clients, .since_ms = uv_now(h->loop)};
        if (c->after) c->after->before = c;
        h->clients = c;
    } else if (c) {
        if (c->before) c->before->after = c->after;
        else h->clients = c->after;
        if (c->after) c->after->before = c->before;
        free(c);
        *context = NULL;
    }
}

/* Does nothing come any more? Of a stream that waits for news, whose connection is not looked at by the library; and of who went
 * in the middle of a request, for whose rest it would wait. */
static bool has_gone(const pt_http *h, struct MHD_Connection *connection, int *descriptor) {
    char byte;
    const union MHD_ConnectionInfo *info = h->mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (!info) return false;
    *descriptor = info->connect_fd;
    ssize_t got = recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

/* Who sends a byte now and then, or does not read, is let go; streams are kept alive. */
static void on_sweep(uv_timer_t *timer) {
    pt_http *h = timer->data;
    u64 now = uv_now(h->loop);
    for (client *c = h->clients; c; c = c->after) {
        int fd;
        if (!c->streams && !c->busy && has_gone(h, c->connection, &fd)) {
            (void)shutdown(fd, SHUT_RDWR);
            continue;
        }
        if (c->streams || now - c->since_ms < (c->busy ? ANSWER_MS : REQUEST_MS)) continue;
        const union MHD_ConnectionInfo *info =
            h->mhd.get_connection_info(c->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info) (void)shutdown(info->connect_fd, SHUT_RDWR);
    }
    for (pt_stream *s = h->streams; s; s = s->after) {
        int fd;
        if (!s->suspended || !has_gone(h, s->connection, &fd)) continue;
        s->over = true;
        stream_text(s, NULL);
    }
    if (h->stream_count) pt_server_active(h->server);
    if (now - h->kept_alive_ms >= KEEP_ALIVE_MS) {
        h->kept_alive_ms = now;
        for (pt_stream *s = h->streams; s; s = s->after) stream_text(s, ":\n\n");
    }
    kick(h);
}

/* Start and stop. */

static int load(pt_mhd *m, pt_error *error) {
    static const char *const names[] = {"libmicrohttpd.so.12", "libmicrohttpd.so"};
    for (u32 i = 0; i < PT_COUNT_OF(names) && !m->library; i++) m->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    bool whole = m->library != NULL;
#define X(name) \
    if (whole) whole = (m->name = (__typeof__(m->name))(uintptr_t)dlsym(m->library, "MHD_" #name)) != NULL;
    PT_MHD_FUNCTIONS(X)
#undef X
    return whole ? PT_OK
                 : pt_fail(error, PT_EIO, "libmicrohttpd is not installed (Debian: apt install libmicrohttpd12)");
}

static int open_socket(pt_http *h, u16 port, pt_error *error) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool six = inet_pton(AF_INET, h->address, &v4.sin_addr) != 1;
    if (six && inet_pton(AF_INET6, h->address, &v6.sin6_addr) != 1)
        return (void)pt_fail(error, PT_EUSAGE, "%s: not an address like 127.0.0.1 or ::1", h->address), -1;
    int on = 1, fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return (void)pt_fail(error, PT_EIO, "no socket can be had"), -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr *at = six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    socklen_t size = six ? sizeof v6 : sizeof v4;
    if (bind(fd, at, size) != 0 || listen(fd, 256) != 0 || getsockname(fd, at, &size) != 0) {
        pt_set_error(error, errno == EADDRINUSE ? PT_EBUSY : PT_EIO, "%s port %u: %s", h->address, port,
                     strerror(errno));
        close(fd);
        return -1;
    }
    h->port = ntohs(six ? v6.sin6_port : v4.sin_port);
    return fd;
}

static json_t *told_of(const pt_http *h) {
    char url[128];
    snprintf(url, sizeof url, strchr(h->address, ':') ? "http://[%s]:%u" : "http://%s:%u", h->address, h->port);
    return json_pack("{s:s, s:i}", "url", url, "port", (int)h->port);
}

static void discard(pt_http *h) {
    if (h->mhd.library) dlclose(h->mhd.library);
    json_decref(h->updates);
    free(h);
}

static int start(void **front, pt_server *server, uv_loop_t *loop, const json_t *params, json_t **told,
                 pt_error *error) {
    const char *address = json_string_value(json_object_get(params, "address")),
               *token = json_string_value(json_object_get(params, "token")),
               *workspace = json_string_value(json_object_get(params, "workspace"));
    json_int_t port = json_integer_value(json_object_get(params, "port"));
    pt_http *h = *front;
    if (!address) address = h ? h->address : "127.0.0.1";
    if (json_object_get(params, "token") && (!token || !*token))
        return pt_fail(error, PT_EUSAGE, "the token is empty"); /* never: no token */
    if (port < 0 || port > 65535) return pt_fail(error, PT_EUSAGE, "--port %lld: at most 65535", (long long)port);
    if (h) {
        if (strcmp(address, h->address) != 0 || (port && port != h->port) || (token && strcmp(token, h->token) != 0))
            return pt_fail(error, PT_EBUSY, "HTTP is served on %s port %u already; `daemon stop` ends it", h->address,
                           h->port);
        *told = told_of(h);
        return PT_OK;
    }
    bool loopback = strcmp(address, "127.0.0.1") == 0 || strcmp(address, "::1") == 0;
    if (!loopback && (!token || strlen(token) < 16))
        return pt_fail(error, PT_EUSAGE, "%s is no loopback address: it wants a token of at least 16 characters",
                       address);
    if (!(h = calloc(1, sizeof *h))) return pt_fail(error, PT_ENOMEM, "out of memory");
    if (strlen(address) >= sizeof h->address || (token && strlen(token) >= sizeof h->token)) {
        free(h);
        return pt_fail(error, PT_EUSAGE, "the address or the token is too long");
    }
    h->server = server;
    h->loop = loop;
    h->updates = json_array();
    snprintf(h->address, sizeof h->address, "%s", address);
    snprintf(h->token, sizeof h->token, "%s", token ? token : "");
    int code = load(&h->mhd, error), fd = -1;
    u16 own = (u16)(FIRST_PORT + (workspace ? pt_hash_bytes(workspace, strlen(workspace)) % PORTS : 0));
    if (!code) fd = open_socket(h, port ? (u16)port : own, error);
    if (!code && fd < 0 && !port && error->code == PT_EBUSY) fd = open_socket(h, 0, error);
    if (!code && fd < 0) code = error->code;
    if (!code) {
        h->daemon = h->mhd.start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, h,
                                        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
                                        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_CONNECTION_LIMIT,
                                        (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_LIMIT,
                                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(REQUEST_MS / 1000), MHD_OPTION_END);
        const union MHD_DaemonInfo *info =
            h->daemon ? h->mhd.get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
        if (!h->daemon) close(fd);
        if (!info) code = pt_fail(error, PT_EIO, "HTTP cannot be served");
        else if (uv_poll_init(loop, &h->poll, info->epoll_fd) != 0) {
            h->mhd.stop_daemon(h->daemon);
            code = pt_fail(error, PT_EIO, "HTTP cannot be served");
        }
    }
    if (code) {
        discard(h);
        return code;
    }
    uv_timer_init(loop, &h->timer);
    uv_timer_init(loop, &h->sweep);
    h->poll.data = h->timer.data = h->sweep.data = h;
    h->open_handles = 3;
    uv_poll_start(&h->poll, UV_READABLE, on_ready);
    uv_timer_start(&h->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    *front = h;
    *told = told_of(h);
    return PT_OK;
}

static void on_handle_closed(uv_handle_t *handle) {
    pt_http *h = handle->data;
    if (--h->open_handles == 0) discard(h);
}

/* Once nothing is in work and clients had a second to read. */
static void on_stop(uv_timer_t *timer) {
    pt_http *h = timer->data;
    kick(h);
    if (h->working || (h->clients && h->stop_tries++ < STOP_TRIES)) return;
    struct MHD_Daemon *daemon = h->daemon;
    h->daemon = NULL;
    uv_poll_stop(&h->poll);
    h->mhd.stop_daemon(daemon);
    uv_close((uv_handle_t *)&h->poll, on_handle_closed);
    uv_close((uv_handle_t *)&h->timer, on_handle_closed);
    uv_close((uv_handle_t *)&h->sweep, on_handle_closed);
}

static void stop(void *front) {
    pt_http *h = front;
    if (h->stopping) return;
    h->stopping = true;
    int fd = h->mhd.quiesce_daemon(h->daemon);
    if (fd >= 0) close(fd);
    for (pt_stream *s = h->streams; s; s = s->after) {
        char *closed = s->listens ? pt_http_mcp_closed(s->listens) : NULL;
        s->over = true;
        stream_text(s, closed);
        free(closed);
    }
    for (client *c = h->clients; c; c = c->after) { /* who is between two requests has had its answers */
        const union MHD_ConnectionInfo *info =
            c->busy ? NULL : h->mhd.get_connection_info(c->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info) (void)shutdown(info->connect_fd, SHUT_RDWR);
    }
    uv_timer_start(&h->sweep, on_stop, 0, STOP_MS);
}

const pt_server_front pt_http_front = {.start = start, .update = update, .stop = stop};
