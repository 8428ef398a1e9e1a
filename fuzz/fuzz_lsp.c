/* fuzz_lsp: what an editor may send, frames and all: every reply is framed JSON, and it ends. */
#include "fuzz_ask.h"
#include "lsp/lsp.h"

#include <fcntl.h>

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
    if (!graph) graph = fuzz_small_graph();
    int in = fuzz_file(path, sizeof path, data, size), out = memfd_create("out", MFD_CLOEXEC);
    lseek(in, 0, SEEK_SET);
    const pt_lsp_host host = {fuzz_ask, graph, "/nowhere", "0"};
    int code = pt_lsp_serve(&host, in, out, &clean, &error);
    LAW(code == PT_OK || error.message[0], "code %d", code);
    check(out);
    close(in);
    close(out);
    return 0;
}
