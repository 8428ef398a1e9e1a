/* Facts: a pure function of the text; blocks from outside are checked. */
#include "support.h"

#include "facts/facts.h"

static const char sample[] = "//! Doc.\nuse a::{b as c, d::*, self};\n#[derive(Clone, x::Debug)]\npub struct S<T: A> { "
                             "pub a: Vec<T>, b: u8 }\n/// First line.\n/// Second.\n#[cfg(unix)]\n"
                             "pub async fn f(&self) -> impl X { g() }\nimpl<T> Tr<T> for S<T> where T: A { const C: u8 "
                             "= 1; type D = u8; fn m() {} }\nmacro_rules! m { () => {} }\nm!();\nfn bad( { }\n";

static void *extract(const char *text, size_t length, u32 *size) {
    void *block = NULL;
    char *copy = padded(text, length);
    pt_extractor *x = pt_extractor_create();
    assert_int_equal(pt_extract(&block, size, x, copy, (u32)length, 2021, PT_TEXT_ITEMS), PT_OK);
    pt_extractor_destroy(x);
    free(copy);
    return block;
}

static const pt_item *find(const pt_facts *f, const char *name) {
    for (u32 i = 0; i < f->header->item_count; i++)
        if (pt_str_equal(pt_facts_string(f, f->items[i].name), pt_str_of(name))) return &f->items[i];
    fail_msg("no item %s", name);
    return NULL;
}

static void contents(void **state) {
    (void)state;
    u32 size;
    pt_facts f;
    pt_error error = {0};
    void *block = extract(sample, sizeof sample - 1, &size);
    if (pt_facts_open(&f, block, size, true, &error)) fail_msg("%s", error.message);
    const pt_item *s = find(&f, "S"), *fn = find(&f, "f"), *m = find(&f, "m");
    assert_int_equal(s->kind, PT_KIND_STRUCT);
    assert_int_equal(s->derive_count, 2);
    assert_int_equal(s->visibility, PT_VIS_PUB);
    assert_int_equal(fn->line, 8);
    assert_true(pt_str_equal(pt_facts_string(&f, fn->doc), PT_STR("First line.")));
    assert_true(pt_str_equal(pt_facts_string(&f, fn->cfg), PT_STR("unix")));
    assert_true(fn->flags & PT_F_ASYNC && fn->flags & PT_F_HAS_SELF && fn->flags & PT_F_HAS_BODY);
    assert_true(fn->body_start < fn->body_end && sample[fn->body_start] == '{' && sample[fn->body_end - 1] == '}');
    assert_true(m->kind == PT_KIND_FN || m->kind == PT_KIND_METHOD || m->kind == PT_KIND_MACRO);
    assert_true(f.header->use_count == 3 && f.header->error_count > 0);
    for (u32 i = 0; i < f.header->item_count; i++) {
        const pt_item *t = &f.items[i];
        assert_true(t->start <= t->end && t->end <= f.header->text_length && t->subtree_end > i &&
                    t->subtree_end <= f.header->item_count);
        assert_true(t->parent == PT_NONE || (t->parent < i && f.items[t->parent].subtree_end >= t->subtree_end));
    }
    pt_free(block);
}

static void odd_texts(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",   "\n",       "\xef\xbb\xbf", "#!/bin/sh\nfn a() {}", "\xff\xfe",      "#![cfg(a)]", "}", "/*", "\"",
        "fn", "use a::{", "#[",           "mod a { mod b {",      "macro_rules! m"};
    for (u32 i = 0; i < PT_COUNT_OF(texts); i++) {
        u32 size;
        pt_facts f;
        pt_error error = {0};
        void *block = extract(texts[i], strlen(texts[i]), &size);
        if (pt_facts_open(&f, block, size, true, &error)) fail_msg("%s: %s", texts[i], error.message);
        pt_free(block);
    }
}

/* Reads everything that checked facts refer to. */
static u64 read_all(const pt_facts *f) {
    u64 sum = 0;
    const pt_facts_header *h = f->header;
    for (u32 i = 0; i < h->string_count; i++) {
        pt_str s = pt_facts_string(f, i);
        for (u32 k = 0; k < s.length; k++) sum += (u8)s.data[k];
    }
    for (u32 i = 0; i < h->item_count; i++)
        sum += pt_facts_string(f, f->items[i].name).length + pt_facts_string(f, f->items[i].signature).length +
               pt_facts_string(f, f->items[i].cfg).length + f->nodes[f->items[i].tree].kind;
    for (u32 i = 0; i < h->node_count; i++) sum += f->nodes[f->nodes[i].child].kind + f->nodes[f->nodes[i].next].kind;
    for (u32 i = 0; i < h->use_count; i++)
        for (u32 k = 0; k < f->uses[i].segment_count; k++)
            sum += pt_facts_string(f, f->segments[f->uses[i].first_segment + k]).length;
    for (u32 i = 0; i < h->derive_count; i++)
        for (u32 k = 0; k < f->derives[i].segment_count; k++)
            sum += pt_facts_string(f, f->segments[f->derives[i].first_segment + k]).length;
    for (u32 i = 0; i < h->error_count; i++) sum += pt_facts_string(f, f->errors[i].message).length;
    return sum;
}

/* Every byte changed: refused, or the changed header field is harmless. With the checksum mended, the references
 * themselves are checked. */
static void damaged(void **state) {
    (void)state;
    u32 size;
    u64 sum = 0;
    pt_facts f;
    void *block = extract(sample, sizeof sample - 1, &size);
    u8 *copy = pt_malloc(size);
    for (u32 mended = 0; mended < 1; mended++)
        for (u32 at = 0; at < size; at++)
            for (u32 flip = 0; flip < 2; flip++) {
                memcpy(copy, block, size);
                copy[at] ^= flip ? 0x80 : 0x01;
                pt_facts_header *h = (pt_facts_header *)(void *)copy;
                if (mended) h->checksum = pt_hash_bytes(copy + sizeof *h, size - sizeof *h);
                int code = pt_facts_open(&f, copy, size, true, NULL);
                assert_true(code == PT_OK || code == PT_ECORRUPT);
                if (!mended && at >= sizeof *h) assert_int_equal(code, PT_ECORRUPT);
                if (code == PT_OK) sum += read_all(&f);
            }
    for (u32 cut = 0; cut < size; cut += 3) {
        u8 *part = pt_malloc(cut ? cut : 1);
        memcpy(part, block, cut);
        assert_int_equal(pt_facts_open(&f, part, cut, true, NULL), PT_ECORRUPT);
        pt_free(part);
    }
    assert_true(sum > 0);
    pt_free(copy);
    pt_free(block);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(contents), cmocka_unit_test(odd_texts),
                                       cmocka_unit_test(damaged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
