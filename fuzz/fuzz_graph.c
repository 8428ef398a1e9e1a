/* fuzz_graph: a graph image from outside, its checksum made right: what is taken for valid can be walked, searched and
 * asked every question. Seeds are Rust text, which becomes the image of its graph. */
#include "export/export.h"
#include "fuzz_image.h"
#include "query/query.h"

static bool is_image(const u8 *data, size_t size) {
    static const u32 magic = PT_BLOCK_MAGIC;
    return size >= sizeof(pt_block_header) && memcmp(data, &magic, sizeof magic) == 0;
}

static void ask(const pt_graph *g, const pt_query_info *info, const char *first, const char *second, bool sound) {
    pt_error error = {0};
    json_t *answer = NULL;
    pt_query q = {.graph = g,
                  .command = info->name,
                  .target = info->needed > 0 ? first : NULL,
                  .second = info->needed > 1 ? second : NULL,
                  .store_uri = "fuzz:",
                  .uuid = "",
                  .all = true,
                  .candidates = true,
                  .limit = 50,
                  .level = strcmp(info->name, "context") == 0 ? "bodies" : "type"};
    int code = pt_query_run(&q, &answer, &error);
    LAW(answer || code == PT_ENOMEM, "%s %s: no answer, code %d", info->name, first, code);
    if (answer) {
        char *text = json_dumps(answer, JSON_COMPACT);
        LAW(text || !sound, "%s %s: an answer that is no JSON", info->name, first);
        free(text);
    }
    json_decref(answer);
}

/* `sound`: made by us, so that its texts are UTF-8. */
static void walk(const pt_graph *g, u32 seed, bool sound) {
    pt_buffer path = {0}, other = {0};
    pt_walker walker;
    u32 nodes = g->node_count, state = seed, count;
    for (u32 n = 0; n < PT_MIN(nodes, 512u); n++) {
        pt_buffer_clear(&path);
        pt_graph_path(g, &path, n);
        (void)pt_graph_module(g, n);
        for (pt_run out = pt_graph_list(g, n, PT_OUT); pt_run_next(&out);)
            for (u32 i = 0; i < out.count; i++) {
                const pt_graph_site *site =
                    pt_graph_sites(g, n, pt_word_kind(out.words[i]), pt_word_node(out.words[i]), false, &count);
                for (u32 s = 0; s < count; s++) (void)pt_graph_site_line(g, &site[s]);
            }
    }
    if (nodes && pt_walker_create(&walker, g) == PT_OK) {
        for (u32 i = 0; i < 8; i++) {
            u32 from = fuzz_random(&state) % nodes, to = fuzz_random(&state) % nodes;
            pt_walk_blast(&walker, g, from, 1 + i, i % 2);
            LAW(walker.count <= nodes, "%u reached of %u", walker.count, nodes);
            pt_walk_path(&walker, g, from, to, i % 2);
            LAW(walker.count <= nodes + 1, "%u reached of %u", walker.count, nodes);
        }
        pt_walker_free(&walker);
    }
    const pt_query_info *list = pt_query_list(&count);
    for (u32 i = 0; i < 3 && nodes; i++) {
        pt_buffer_clear(&path);
        pt_buffer_clear(&other);
        pt_graph_path(g, &path, fuzz_random(&state) % nodes);
        pt_graph_path(g, &other, fuzz_random(&state) % nodes);
        ask(g, &list[fuzz_random(&state) % count], path.data ? path.data : "", other.data ? other.data : "", sound);
    }
    static const char *const formats[] = {"jsonl", "dot", "graphml", "mermaid"};
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    pt_error error = {0};
    if (!out) abort();
    (void)pt_export(out, g, formats[fuzz_random(&state) % 4], true, &error);
    (void)fclose(out);
    free(text);
    pt_buffer_free(&path);
    pt_buffer_free(&other);
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t most, unsigned seed) {
    if (is_image(data, size)) {
        if (seed % 16 == 0) return LLVMFuzzerMutate(data, size, most);
        fuzz_change_words(data, size, 8, seed);
        return size;
    }
    pt_alloc_clear();
    pt_graph *graph = seed % 2 ? fuzz_graph_of(data, size, 1) : NULL;
    u64 length = 0;
    const void *image = graph ? pt_graph_image(graph, &length) : NULL;
    if (image && length <= most) memcpy(data, image, size = (size_t)length);
    else size = LLVMFuzzerMutate(data, size, most);
    pt_graph_close(graph);
    return size;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    pt_error error = {0};
    pt_graph *graph = NULL;
    pt_alloc_clear();
    if (!is_image(data, size)) {
        graph = fuzz_graph_of(data, size, 1);
        if (!graph) return 0;
        LAW(pt_graph_validate(graph, &error) == PT_OK, "%s", error.message);
        walk(graph, (u32)size, true);
        pt_graph_close(graph);
        return 0;
    }
    u8 *image = malloc(size); /* aligned, and not a byte more */
    if (!image) abort();
    memcpy(image, data, size);
    pt_block_header *h = (void *)image;
    h->version = PT_BLOCK_VERSION;
    h->type = PT_BLOCK_IMAGE;
    h->size = size;
    h->checksum = pt_hash_bytes(image + sizeof *h, size - sizeof *h);
    int code = pt_graph_open(&graph, image, size, false, true, &error);
    if (code == PT_OK) walk(graph, (u32)h->checksum, false);
    else LAW(!graph && error.message[0], "code %d", code);
    pt_graph_close(graph);
    free(image);
    return 0;
}
