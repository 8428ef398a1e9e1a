/* Graph images: lawful when built, refused when damaged. */
#include "support.h"

#include "live/index.h"

static char folder[64];

static pt_graph *build(void) {
    pt_graph *g = NULL;
    pt_index_report report;
    pt_error error = {0};
    pt_index_options o = {.path = folder, .threads = 2};
    if (pt_index(&g, &report, &o, &error)) fail_msg("%s", error.message);
    return g;
}
static int set_up(void **state) {
    (void)state;
    make_folder(folder);
    put_tiny(folder);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    remove_folder(folder);
    return 0;
}

static u32 node_of(const pt_graph *g, const char *path) {
    pt_buffer b = {0};
    u32 found = PT_NONE;
    for (u32 n = 0; n < g->node_count && found == PT_NONE; n++) {
        pt_buffer_clear(&b);
        pt_graph_path(g, &b, n);
        if (b.data && strcmp(b.data, path) == 0) found = n;
    }
    pt_buffer_free(&b);
    if (found == PT_NONE) fail_msg("no node %s", path);
    return found;
}

static void lawful(void **state) {
    (void)state;
    pt_graph *g = build();
    pt_error error = {0};
    if (pt_graph_validate(g, &error)) fail_msg("%s", error.message);
    u32 go = node_of(g, "tiny::go"), made = node_of(g, "tiny::made"), count;
    pt_run calls = pt_graph_kind(g, made, PT_OUT, PT_EDGE_CALLS);
    bool found = false;
    for (u32 i = 0; i < calls.count; i++) found = found || pt_word_node(calls.words[i]) == go;
    assert_true(found);
    const pt_graph_site *s = pt_graph_sites(g, made, PT_EDGE_CALLS, go, false, &count);
    assert_non_null(s);
    assert_int_equal(count, 1);
    assert_int_equal(g->nodes[pt_graph_module(g, go)].kind, PT_KIND_CRATE);
    assert_int_equal(g->nodes[pt_graph_module(g, node_of(g, "tiny::other::Thing::new"))].kind, PT_KIND_MODULE);
    assert_null(pt_graph_sites(g, go, PT_EDGE_CALLS, made, false, &count));
    u32 lists = 0;
    for (u32 n = 0; n < g->node_count; n++) lists += pt_graph_list(g, n, PT_OUT).count;
    assert_int_equal(lists, g->header->counts[PT_SECTION_out]);
    pt_graph_close(g);
}

static void same_twice(void **state) {
    (void)state;
    pt_graph *a = build(), *b = build();
    assert_int_equal(a->header->size, b->header->size);
    assert_memory_equal(a->header, b->header, a->header->size);
    pt_graph_close(a);
    pt_graph_close(b);
}

static void damaged(void **state) {
    (void)state;
    pt_graph *g = build();
    u64 size = g->header->size;
    u8 *copy = pt_malloc(size);
    for (u32 mended = 0; mended < 2; mended++)
        for (u64 at = 0; at < size; at += mended ? 1 : 1 + (at > 4096 ? 6 : 0)) {
            pt_graph *opened = NULL;
            memcpy(copy, g->header, size);
            copy[at] ^= (u8)(1u << (at % 8));
            pt_graph_header *h = (pt_graph_header *)(void *)copy;
            if (mended) {
                if (at < sizeof *h && at >= offsetof(pt_graph_header, offsets)) continue; /* told by lengths, below */
                h->checksum = pt_hash_bytes(copy + sizeof *h, size - sizeof *h);
            }
            int code = pt_graph_open(&opened, copy, size, false, true, NULL);
            assert_true(code == PT_OK || code == PT_ECORRUPT);
            if (!mended && at >= sizeof *h) assert_int_equal(code, PT_ECORRUPT);
            if (!code && pt_graph_validate(opened, NULL) == PT_OK) {
                pt_buffer b = {0};
                for (u32 n = 0; n < opened->node_count; n++) pt_graph_path(opened, &b, n);
                pt_buffer_free(&b);
            }
            if (!code) pt_graph_close(opened);
        }
    for (u64 at = offsetof(pt_graph_header, offsets); at < sizeof(pt_graph_header); at++)
        for (u32 bit = 0; bit < 8; bit++) {
            pt_graph *opened = NULL;
            memcpy(copy, g->header, size);
            copy[at] ^= (u8)(1u << bit);
            int code = pt_graph_open(&opened, copy, size, false, true, NULL);
            assert_true(code == PT_OK || code == PT_ECORRUPT);
            if (!code) pt_graph_close(opened);
        }
    for (u64 cut = 0; cut < size; cut += 97) {
        pt_graph *opened = NULL;
        u8 *part = pt_malloc(cut + 8);
        memcpy(part, g->header, cut);
        assert_int_equal(pt_graph_open(&opened, part, cut, false, true, NULL), PT_ECORRUPT);
        pt_free(part);
    }
    pt_free(copy);
    pt_graph_close(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(lawful), cmocka_unit_test(same_twice),
                                       cmocka_unit_test(damaged)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
