/* fuzz_image.h: from Rust text to a graph by the whole pipeline, in memory. */
#ifndef PT_FUZZ_IMAGE_H
#define PT_FUZZ_IMAGE_H

#include "fuzz.h"
#include "live/index.h"

/* The text becomes src/lib.rs of a code dump; it may hold further FILE: lines. NULL: not indexed. */
static inline pt_graph *fuzz_graph_of(const u8 *data, size_t size, u32 threads) {
    static const char head[] = "FILE: Cargo.toml\n[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"
                               "FILE: src/lib.rs\n";
    char path[64];
    char *dump = malloc(sizeof head + size);
    if (!dump) abort();
    memcpy(dump, head, sizeof head - 1);
    if (size) memcpy(dump + sizeof head - 1, data, size);
    int fd = fuzz_file(path, sizeof path, dump, sizeof head - 1 + size);
    free(dump);
    pt_index_options options = {.path = path, .threads = threads};
    pt_index_report report;
    pt_graph *graph = NULL;
    pt_error error = {0};
    int code = pt_index(&graph, &report, &options, &error);
    close(fd);
    LAW(code == PT_OK || error.message[0], "code %d", code);
    return graph;
}

#endif
