/* fuzz_http: bytes that come to the daemon's HTTP port. The first byte says what the rest is: a connection's bytes as they are, the
 * path and query of a GET, the body of a question, a message of MCP. A whole server runs in this process; each input is a connection
 * of its own, which ends, and the server answers the next one. */
#include "fuzz.h"
#include "live/server.h"
#include "mcp/local.h"
#include "serve/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

/* A request that never ends is given up soon: the server waits longer for the rest of it. */
enum { READY_TRIES = 2000, PATIENCE_MS = 2000, RAW_PATIENCE_MS = 10 };

static char folder[] = "/tmp/pt-fuzz-http-XXXXXX", store[64];
static pt_daemon_paths paths;
static u16 port;

static void put(const char *name, const char *text) {
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f)) abort();
}

static void *serve(void *ignored) {
    pt_error error = {0};
    pt_server_options options = {.paths = paths, .ready = -1, .front = &pt_http_front, .tool = pt_mcp_local_call};
    options.live.cache = 16;
    options.live.index = (pt_index_options){.path = folder, .store = store, .threads = 1, .no_dependencies = true};
    (void)ignored;
    int code = pt_server_run(&options, &error);
    LAW(!code, "%s", error.message);
    return NULL;
}

static void remove_all(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    (void)!system(command); /* NOLINT: our own folder */
}

static void begin(void) {
    char source[64];
    pthread_t thread;
    if (!mkdtemp(folder)) abort();
    snprintf(source, sizeof source, "%s/src", folder);
    snprintf(store, sizeof store, "native:%s/.parseltongue/graph", folder);
    if (mkdir(source, 0700) != 0) abort();
    put("Cargo.toml", "[package]\nname = \"fuzz\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    put("src/lib.rs",
        "pub trait Shape { fn area(&self) -> f64; }\npub struct Circle(f64);\n"
        "impl Shape for Circle { fn area(&self) -> f64 { self.0 } }\npub fn total(s: &Circle) -> f64 { s.area() }\n");
    snprintf(paths.socket, sizeof paths.socket, "%s/s", folder);
    snprintf(paths.lock, sizeof paths.lock, "%s/l", folder);
    snprintf(paths.log, sizeof paths.log, "%s/log", folder);
    atexit(remove_all);
    if (pthread_create(&thread, NULL, serve, NULL) != 0) abort();
    for (u32 i = 0; i < READY_TRIES && !port; i++) {
        pt_client *client = NULL;
        json_t *told = NULL;
        pt_error error = {0};
        usleep(5000);
        if (pt_client_connect(&client, paths.socket, &error)) continue;
        bool ready = !pt_client_call(client, "status", NULL, &told, &error) &&
                     json_integer_value(json_object_get(told, "generation"));
        json_decref(told);
        told = NULL;
        if (ready && !pt_client_call(client, "serve", json_object(), &told, &error))
            port = (u16)json_integer_value(json_object_get(told, "port"));
        json_decref(told);
        pt_client_close(client);
    }
    if (!port) abort();
}

/* Sends the bytes, reads to the end; the first bytes of what came, at most `room` - 1. */
static size_t talk(const char *bytes, size_t length, char *first, size_t room, u32 patience_ms) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {patience_ms / 1000, (suseconds_t)(patience_ms % 1000) * 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) abort();
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (length) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n <= 0) break;
        bytes += n, length -= (size_t)n;
    }
    shutdown(fd, SHUT_WR);
    size_t have = 0;
    char chunk[4096];
    for (ssize_t n; (n = recv(fd, chunk, sizeof chunk, 0)) > 0;) {
        size_t more = PT_MIN((size_t)n, room - 1 - have);
        memcpy(first + have, chunk, more);
        have += more;
    }
    first[have] = 0;
    close(fd);
    return have;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    char head[4096];
    pt_buffer request = {0};
    if (!port) begin();
    if (size < 1 || size > 60000) return 0;
    u8 what = data[0] % 4;
    data++, size--;
    if (what == 1) {
        pt_buffer_text(&request, "GET /");
        for (size_t i = 0; i < size; i++) pt_buffer_char(&request, data[i] <= ' ' ? '+' : (char)data[i]);
        pt_buffer_format(&request, " HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n", port);
    } else if (what) {
        size_t n = 0; /* the first line names the question */
        while (n < size && n < 40 && data[n] > ' ' && data[n] < 0x7f) n++;
        if (what == 2) pt_buffer_format(&request, "POST /api/v1/%.*s HTTP/1.1\r\n", (int)n, (const char *)data);
        else
            pt_buffer_text(&request, "POST /mcp HTTP/1.1\r\nMCP-Protocol-Version: 2025-11-25\r\nAccept: "
                                     "application/json, text/event-stream\r\n");
        size_t from = what == 2 ? PT_MIN(n + 1, size) : 0;
        pt_buffer_format(
            &request,
            "Host: localhost:%u\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
            port, size - from);
        pt_buffer_add(&request, data + from, size - from);
    } else {
        pt_buffer_add(&request, data, size);
    }
    talk(request.data ? request.data : "", request.count, head, sizeof head, what ? PATIENCE_MS : RAW_PATIENCE_MS);
    pt_buffer_free(&request);
    LAW(!head[0] || strncmp(head, "HTTP/1.", 7) == 0, "%s", head);
    LAW(strncmp(head + 8, " 500", 4) != 0, "%s", head);
    /* it is there still, for a question of somebody else */
    char ping[128];
    int n =
        snprintf(ping, sizeof ping, "GET /api/v1 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n", port);
    talk(ping, (size_t)n, head, sizeof head, PATIENCE_MS);
    LAW(strncmp(head, "HTTP/1.1 200", 12) == 0, "%s", head);
    return 0;
}
