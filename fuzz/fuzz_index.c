/* fuzz_index: any text through the whole pipeline (dump, manifest, facts, macros, resolution, graph): what comes out
 * obeys every law of a graph, and two threads give the same export as one. */
#include "export/export.h"
#include "fuzz_image.h"

static char *export_of(const pt_graph *graph, size_t *length) {
    char *text = NULL;
    pt_error error = {0};
    FILE *out = open_memstream(&text, length);
    if (!out) abort();
    LAW(pt_export(out, graph, "jsonl", true, &error) == PT_OK, "%s", error.message);
    (void)fclose(out);
    return text;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    pt_error error = {0};
    pt_alloc_clear();
    pt_graph *graph = fuzz_graph_of(data, size, 1);
    if (!graph) return 0;
    LAW(pt_graph_validate(graph, &error) == PT_OK, "%s", error.message);
    if (size % 4 == 0) {
        size_t length, again_length;
        pt_graph *again = fuzz_graph_of(data, size, 2);
        LAW(again, "two threads fail where one does not");
        char *one = export_of(graph, &length), *two = export_of(again, &again_length);
        LAW(length == again_length && memcmp(one, two, length) == 0, "two threads give another graph");
        free(one);
        free(two);
        pt_graph_close(again);
    }
    pt_graph_close(graph);
    return 0;
}
