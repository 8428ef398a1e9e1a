/* Which item is which after an edit, and what of it is other. */
#include "support.h"

#include "facts/match.h"

typedef struct side {
    void *block;
    pt_facts facts;
} side;

static void open_side(side *s, const char *text) {
    u32 size;
    pt_extractor *x = pt_extractor_create();
    char *copy = padded(text, strlen(text));
    int code = pt_extract(&s->block, &size, x, copy, (u32)strlen(text), 2021, PT_TEXT_ITEMS);
    free(copy);
    pt_extractor_destroy(x);
    assert_int_equal(code, PT_OK);
    assert_int_equal(pt_facts_open(&s->facts, s->block, size, true, NULL), PT_OK);
}

/* The items of the new text as text: their name, that of the old item or `+`, and what is other. */
static void expect(const char *old, const char *new, const char *wanted) {
    side a, b;
    char told[2048] = "";
    open_side(&a, old);
    open_side(&b, new);
    pt_item_match *m = calloc(b.facts.header->item_count + 1, sizeof *m);
    assert_true(pt_facts_match(m, &a.facts, &b.facts));
    for (u32 i = 0; i < b.facts.header->item_count; i++) {
        pt_str name = pt_facts_string(&b.facts, b.facts.items[i].name);
        size_t n = strlen(told);
        snprintf(told + n, sizeof told - n, "%s%.*s%s%s%s%s%s", n ? " " : "", (int)name.length, name.data,
                 m[i].old == PT_NONE ? "+" : "", m[i].other & PT_OTHER_TEXT ? "t" : "",
                 m[i].other & PT_OTHER_DOC ? "d" : "", m[i].other & PT_OTHER_INTERFACE ? "i" : "",
                 m[i].other & PT_OTHER_DERIVES ? "D" : "");
        if (m[i].old == PT_NONE) continue;
        assert_int_equal(a.facts.items[m[i].old].kind, b.facts.items[i].kind);
        for (u32 k = 0; k < i; k++) assert_true(m[k].old != m[i].old); /* no item is two */
    }
    assert_string_equal(told, wanted);
    free(m);
    pt_free(a.block);
    pt_free(b.block);
}

static void kinds_of_edits(void **state) {
    (void)state;
    expect("fn a() {}\nfn b() {}\n", "fn a() {}\nfn b() {}\n", "a b");
    expect("fn a() {}\nfn b() {}\n", "\n// moved\nfn a() {}\nfn b() {}\n", "a b");
    expect("fn a() {}\nfn b() {}\n", "fn a() { 1; }\nfn b() {}\n", "at b");
    expect("fn a() {}\nfn b() {}\n", "fn a() {}\nfn c() {}\nfn b() {}\n", "a c+ b");
    expect("fn a() {}\nfn b() {}\n", "fn b() {}\n", "b");
    expect("fn a() {}\nfn b() {}\n", "fn b() {}\nfn a() {}\n", "b a");
    expect("fn a() {}\n", "pub fn a() {}\n", "ati");
    expect("fn a() {}\n", "fn a(x: u8) {}\n", "ati");
    expect("fn a() {}\n", " fn a() {}\n", "at"); /* its column */
    expect("fn a() {}\n", "/// Says.\nfn a() {}\n", "ad");
    expect("fn a() {}\n", "#[cfg(unix)] fn a() {}\n", "a+"); /* a predicate is part of who it is */
    expect("struct S;\n", "#[derive(Clone)] struct S;\n", "StiD");
    expect("#[derive(Clone)] struct S;\n", "#[derive(Debug)] struct S;\n", "StiD");
    /* edges stand at derives: where they stand is of the item's text, what is around them is not */
    expect("#[derive(Clone)] struct S;\n", "#[derive( Clone)] struct S;\n", "St");
    expect("#[derive(Clone)]\nstruct S;\n", " #[derive(Clone)]\nstruct S;\n", "St");
    expect("#[derive(Clone)]\nstruct S;\n", "// said\n#[derive(Clone)]\nstruct S;\n", "S");
}

static void inside_of_items(void **state) {
    (void)state;
    expect("impl S { fn a() {} fn b() {} }\n", "impl S { fn a() { 1; } fn c() {} fn b() {} }\n", "t at c+ bt");
    expect("mod m { fn a() {} }\nmod n { fn a() {} }\n", "mod n { fn a() {} }\nmod m { fn a() {} }\n", "n a m a");
    /* an impl of another header is another, with all that is in it */
    expect("impl S { fn a() {} }\n", "impl T for S { fn a() {} }\n", "+ a+");
}

static void twins(void **state) {
    (void)state;
    /* equal in all but their text: the same text first, then in their order */
    expect("fn a() { 1 }\nfn a() { 2 }\n", "fn a() { 2 }\nfn a() { 1 }\n", "a a");
    expect("fn a() { 1 }\nfn a() { 2 }\n", "fn a() { 0 }\nfn a() { 1 }\nfn a() { 2 }\n", "a+ a a");
    expect("use a::b;\nuse c::d;\n", "use c::d;\n", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(kinds_of_edits), cmocka_unit_test(inside_of_items),
                                       cmocka_unit_test(twins)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
