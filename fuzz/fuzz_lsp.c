/* fuzz_lsp: what an editor may send, frames and all: every reply is framed JSON, and it ends. */
#include "fuzz_image.h"
#include "lsp/lsp.h"
#include "query/request.h"

#include <fcntl.h>

static const char source[] =
    "pub trait Shape { fn area(&self) -> f64; }\npub struct Circle(f64);\n"
    "impl Shape for Circle { fn area(&self) -> f64 { self.0 } }\npub fn total(c: &Circle) -> f64 { c.area() }\n";

static int ask(void *payload, const char *command, json_t *params, json_t **answer, pt_error *error) {
    pt_query q = {.graph = payload, .store_uri = "fuzz:", .uuid = "fuzz"};
    pt_alloc_clear();
    int code = pt_request_read(&q, command, params, error);
    if (!code) code = pt_query_run(&q, answer, error);
    json_decref(params);
    return code;
}

static void check(int fd) {
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    if (!text || pread(fd, text, (size_t)size, 0) != size) abort();
    for (char *at = text; at < text + size;) {
        size_t length = 0;
        int head = 0;
        LAW(sscanf(at, "Content-Length: %zu\r\n\r\n%n", &length, &head) == 1 && head, "%s", at);
        json_t *reply = json_loadb(at + head, length, 0, NULL);
        LAW(reply, "%s", at);
        json_decref(reply);
        at += (size_t)head + length;
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    static pt_graph *graph;
    char path[64];
    bool clean;
    pt_error error = {0};
    if (!graph) graph = fuzz_graph_of((const u8 *)source, sizeof source - 1, 1);
    if (!graph) abort();
    int in = fuzz_file(path, sizeof path, data, size), out = memfd_create("out", MFD_CLOEXEC);
    lseek(in, 0, SEEK_SET);
    const pt_lsp_host host = {ask, graph, "/nowhere", "0"};
    int code = pt_lsp_serve(&host, in, out, &clean, &error);
    LAW(code == PT_OK || error.message[0], "code %d", code);
    check(out);
    close(in);
    close(out);
    return 0;
}
