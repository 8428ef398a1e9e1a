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
    bool found = false;
    for (pt_run calls = pt_graph_kind(g, made, PT_OUT, PT_EDGE_CALLS); pt_run_next(&calls);)
        for (u32 i = 0; i < calls.count; i++) found = found || pt_word_node(calls.words[i]) == go;
    assert_true(found);
    const pt_graph_site *s = pt_graph_sites(g, made, PT_EDGE_CALLS, go, false, &count);
    assert_non_null(s);
    assert_int_equal(count, 1);
    assert_int_equal(pt_node_at(g, pt_graph_module(g, go))->kind, PT_KIND_CRATE);
    assert_int_equal(pt_node_at(g, pt_graph_module(g, node_of(g, "tiny::other::Thing::new")))->kind, PT_KIND_MODULE);
    assert_null(pt_graph_sites(g, go, PT_EDGE_CALLS, made, false, &count));
    u32 lists = 0, kinds = 0, degrees = 0, settled = 0;
    for (u32 n = 0; n < g->node_count; n++) {
        for (pt_run run = pt_graph_list(g, n, PT_OUT); pt_run_next(&run);) lists += run.count;
        for (u8 kind = 0; kind < PT_EDGE_KIND_COUNT; kind++) kinds += pt_graph_kind_count(g, n, PT_OUT, kind);
        for (pt_run run = pt_graph_code(g, n, PT_OUT, PT_CODE_SETTLED_CALLS); pt_run_next(&run);) settled += run.count;
        degrees += pt_graph_degree(g, n, PT_IN);
    }
    assert_int_equal(lists, g->info.edges);
    assert_int_equal(kinds, g->info.edges);
    assert_int_equal(degrees, g->info.edges);
    assert_true(settled > 0); /* go calls Thing's speak */
    pt_graph_close(g);
}

/* Names: found, ascending; each told once. */
static bool count_name(void *payload, u32 name, u32 letters) {
    u32 *counts = payload;
    (void)name, (void)letters;
    counts[0]++;
    return counts[0] < counts[1];
}
static void names(void **state) {
    (void)state;
    pt_graph *g = build();
    pt_node_list found = {0};
    pt_graph_named(g, "twin", &found); /* two, told apart by cfg */
    assert_int_equal(found.count, 2);
    assert_true(found.data[0] < found.data[1]);
    pt_graph_named(g, "speak", &found); /* appended: the trait's and the impl's */
    assert_int_equal(found.count, 4);
    pt_graph_named(g, "nobody", &found);
    assert_int_equal(found.count, 4);
    u32 counts[2] = {0, PT_NONE};
    pt_graph_each_name(g, count_name, counts);
    assert_int_equal(counts[0], g->name_count);
    counts[0] = 0, counts[1] = 3;
    pt_graph_each_name(g, count_name, counts);
    assert_int_equal(counts[0], 3);
    pt_unresolved_list all = {0}, some = {0};
    pt_graph_open_sites(g, NULL, &all);
    assert_int_equal(all.count, g->info.unresolved);
    for (u32 i = 0; i < all.count; i++) {
        some.count = 0;
        pt_graph_open_sites(g, pt_graph_string(g, all.data[i].name), &some);
        u32 same = 0;
        for (u32 k = 0; k < all.count; k++) same += pt_same_text(g, all.data[i].name, all.data[k].name);
        assert_int_equal(some.count, same);
    }
    assert_true(all.count > 0);
    pt_vec_free(&found);
    pt_vec_free(&all);
    pt_vec_free(&some);
    pt_graph_close(g);
}

static void same_twice(void **state) {
    (void)state;
    pt_graph *a = build(), *b = build();
    u64 size, other;
    const void *image = pt_graph_image(a, &size), *again = pt_graph_image(b, &other);
    assert_non_null(image);
    assert_int_equal(size, other);
    assert_memory_equal(image, again, size);
    pt_graph_close(a);
    pt_graph_close(b);
}

static int open_anew(pt_graph **out, u8 *image, u64 size, bool mended) {
    pt_block_header *h = (pt_block_header *)(void *)image;
    if (mended) h->checksum = pt_hash_bytes(image + sizeof *h, size - sizeof *h);
    pt_error error = {0};
    int code = pt_graph_open(out, image, size, false, true, &error);
    assert_true(code == PT_OK || code == PT_ECORRUPT);
    assert_true(code == PT_OK || (error.message[0] && !*out));
    return code;
}

static void damaged(void **state) {
    (void)state;
    pt_graph *g = build();
    u64 size;
    const void *image = pt_graph_image(g, &size);
    u8 *copy = pt_malloc(size);
    u32 lawful_ones = 0, refused = 0;
    for (u32 mended = 0; mended < 2; mended++)
        for (u64 at = 0; at < size; at += mended ? 1 : 1 + (at > 4096 ? 6 : 0)) {
            pt_graph *opened = NULL;
            memcpy(copy, image, size);
            copy[at] ^= (u8)(1u << (at % 8));
            int code = open_anew(&opened, copy, size, mended);
            if (!mended && at != offsetof(pt_block_header, reserved) && at - 1 != offsetof(pt_block_header, reserved) &&
                at - 2 != offsetof(pt_block_header, reserved) && at - 3 != offsetof(pt_block_header, reserved))
                assert_int_equal(code, PT_ECORRUPT);
            if (code) {
                refused++;
                continue;
            }
            lawful_ones++;
            assert_int_equal(pt_graph_validate(opened, NULL), PT_OK);
            pt_buffer b = {0};
            for (u32 n = 0; n < opened->node_count; n++) {
                pt_graph_path(opened, &b, n);
                (void)pt_graph_module(opened, n);
                assert_int_equal(pt_walk_flags_at(opened, n), pt_walk_flags_of(pt_node_at(opened, n)));
            }
            pt_buffer_free(&b);
            pt_graph_close(opened);
        }
    assert_true(lawful_ones > 1000 && refused > 1000);
    const u64 table = sizeof(pt_block_header) + (PT_SECTION_COUNT - 1) * sizeof(pt_block_section);
    for (u64 at = 0; at < table; at++) /* where everything lies: every bit */
        for (u32 bit = 0; bit < 8; bit++) {
            pt_graph *opened = NULL;
            memcpy(copy, image, size);
            copy[at] ^= (u8)(1u << bit);
            if (!open_anew(&opened, copy, size, true)) pt_graph_close(opened);
        }
    for (u64 cut = 0; cut < size; cut += 97) {
        pt_graph *opened = NULL;
        u8 *part = pt_malloc(cut ? cut : 1);
        memcpy(part, image, cut);
        assert_int_equal(pt_graph_open(&opened, part, cut, false, true, NULL), PT_ECORRUPT);
        pt_free(part);
    }
    pt_free(copy);
    pt_graph_close(g);
}

/* Sections may be missing: those of no elements need not be there, others must. */
static void missing_sections(void **state) {
    (void)state;
    pt_graph *g = build();
    u64 size;
    const void *image = pt_graph_image(g, &size);
    const pt_block_header *h = image;
    const pt_block_section *s = (const void *)(h + 1);
    u32 without = 0;
    for (u32 left_out = 0; left_out < h->section_count; left_out++) {
        pt_block_part parts[PT_SECTION_COUNT];
        u32 count = 0;
        void *made;
        u64 made_size;
        pt_graph *opened = NULL;
        for (u32 i = 0; i < h->section_count; i++)
            if (i != left_out)
                parts[count++] =
                    (pt_block_part){s[i].id, s[i].element_size, (const char *)image + s[i].offset, s[i].count};
        assert_int_equal(pt_block_make(&made, &made_size, PT_BLOCK_IMAGE, parts, count, NULL), PT_OK);
        int code = open_anew(&opened, made, made_size, false);
        bool may = !s[left_out].count || s[left_out].id == PT_SECTION_walk_flags ||
                   s[left_out].id == PT_SECTION_unresolved || s[left_out].id == PT_SECTION_names ||
                   s[left_out].id == PT_SECTION_by_name || s[left_out].id == PT_SECTION_errors ||
                   s[left_out].id == PT_SECTION_problems || s[left_out].id == PT_SECTION_features;
        if (!may && !code) fail_msg("opens without section %u", s[left_out].id);
        if (!s[left_out].count && code) fail_msg("does not open without section %u", s[left_out].id);
        without += !code;
        if (!code) pt_graph_close(opened);
        pt_free(made);
    }
    assert_true(without > 0);
    pt_graph_close(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(lawful), cmocka_unit_test(names), cmocka_unit_test(same_twice),
                                       cmocka_unit_test(damaged), cmocka_unit_test(missing_sections)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
