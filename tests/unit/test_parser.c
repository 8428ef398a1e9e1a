/* The parser: kinds of trees, recovery, and every fixture. */
#include "support.h"

#include "facts/facts.h"

#include <dirent.h>
#include <jansson.h>

static pt_lexemes lexed;
static pt_tree tree;
static char *text;

static void parse_as(const char *source, pt_parse_as as, u32 edition) {
    free(text);
    text = padded(source, strlen(source));
    pt_lex(&lexed, text, (u32)strlen(source), edition);
    assert_int_equal(pt_parse(&tree, &lexed, 0, lexed.tokens.count - 1, as, edition), PT_OK);
    assert_true(tree.nodes.count > 1);
    assert_int_equal(tree.nodes.data[1].kind, PT_N_FILE);
    for (u32 i = 2; i < tree.nodes.count;
         i++) { /* children come later or earlier, but in range and forward in the text */
        const pt_node *n = &tree.nodes.data[i];
        assert_true(n->kind < PT_N_KIND_COUNT && n->child < tree.nodes.count && n->next < tree.nodes.count);
        assert_true(n->token <= n->end && n->end <= lexed.tokens.count);
    }
}

/* The kinds of the root's children. */
static void expect_items(const char *source, u32 count, const u8 *kinds) {
    parse_as(source, PT_PARSE_FILE, 2021);
    u32 node = tree.nodes.data[1].child;
    for (u32 i = 0; i < count; i++, node = tree.nodes.data[node].next) {
        while (node && !pt_kind_is_item(tree.nodes.data[node].kind)) node = tree.nodes.data[node].next;
        if (!node || tree.nodes.data[node].kind != kinds[i])
            fail_msg("%s: item %u is %s, not %s", source, i, pt_node_kind_names[tree.nodes.data[node].kind],
                     pt_node_kind_names[kinds[i]]);
    }
    while (node && !pt_kind_is_item(tree.nodes.data[node].kind)) node = tree.nodes.data[node].next;
    assert_int_equal(node, 0);
}
#define ITEMS(source, ...) expect_items(source, sizeof((const u8[]){__VA_ARGS__}), (const u8[]){__VA_ARGS__})
#define CLEAN(source, ...) (ITEMS(source, __VA_ARGS__), assert_int_equal(tree.errors.count, 0))

static void item_kinds(void **state) {
    (void)state;
    CLEAN("mod a; mod b { fn f() {} }", PT_N_MODULE, PT_N_MODULE);
    CLEAN("struct A; struct B(u8); struct C<T> where T: X { a: T } union U { a: u8 } enum E { A, B(u8), C { x: u8 } = "
          "3 }",
          PT_N_STRUCT, PT_N_STRUCT, PT_N_STRUCT, PT_N_UNION, PT_N_ENUM);
    CLEAN(
        "trait T: A + 'static { type X: B; const C: u8 = 1; fn f(&self); } trait Alias = A + B; unsafe auto trait S {}",
        PT_N_TRAIT, PT_N_TRAIT_ALIAS, PT_N_TRAIT);
    CLEAN("impl<T: A> B<T> for C<T> where T: D { fn f() {} } impl !Send for X {} impl dyn A {}", PT_N_IMPL, PT_N_IMPL,
          PT_N_IMPL);
    CLEAN("fn f() {} pub async unsafe extern \"C\" fn g<'a, const N: usize>(a: &'a [u8; N]) -> impl A + 'a where u8: B "
          "{ }",
          PT_N_FN, PT_N_FN);
    CLEAN("const A: u8 = 1; const _: () = {}; static mut B: u8 = 2; type C<T> = Vec<T>;", PT_N_CONST, PT_N_CONST,
          PT_N_STATIC, PT_N_TYPE_ALIAS);
    CLEAN("use a::{b, c::*, d as e}; use ::f; extern crate g as h; extern \"C\" { fn i(); static J: u8; }", PT_N_USE,
          PT_N_USE, PT_N_EXTERN_CRATE, PT_N_EXTERN_BLOCK);
    CLEAN("macro_rules! m { () => {} } m!{} a::b!(c); macro n($x:expr) { $x }", PT_N_MACRO_RULES, PT_N_MACRO_CALL,
          PT_N_MACRO_CALL, PT_N_MACRO_DEF);
}

static void contextual_keywords(void **state) {
    (void)state;
    CLEAN("fn union() {} fn auto() {} struct macro_rules; fn default() { let union = 1; union + 1; }", PT_N_FN, PT_N_FN,
          PT_N_STRUCT, PT_N_FN);
    CLEAN("impl A { default fn f() {} default const X: u8 = 1; }", PT_N_IMPL);
    CLEAN("fn raw() { let raw = 1; &raw; &raw const x; }", PT_N_FN);
}

static void bodies(void **state) {
    (void)state;
    static const char *const clean[] = {
        "let x: u8 = 1; let (a, b) = c else { return };",
        "if let Some(x) = a && b { } else if c { } else { }",
        "match x { 1 | 2 if a => b, 3..=4 => {} _ => c }",
        "for (i, x) in a.iter().enumerate() { break 'a 1; }",
        "'a: loop { continue 'a }",
        "while let Some(x) = y.pop() {}",
        "a.b.c::<D>(e)?.await[0].1.0 = |x: u8| -> u8 { x };",
        "x as u8 + y; (x as usize) << 1; a < b; (a) < b",
        "S { a, b: c, ..d }; if x == (S { a }) {}",
        "&mut *x; &&x; -1; !a; *b",
        "a..b; ..; ..=c; d..",
        "return; return x",
        "async move { x }; unsafe { y }",
        "let Foo::Bar { a, ref mut b, .. } = c; let [a, .., b] = c; let &x = y; let n @ 1..=3 = z;",
        "struct Local; fn inner() {} Local",
        "let f = |a, b| a + b; move || x",
        "vec![1, 2]; println!(\"{}\", a)",
        "<T as A>::B::c(); <[u8]>::len(); a::<b>::c",
        "if a {} else {} - 1;",
        "x.0.1",
        "loop {}.x",
        "match a {}",
        "#[cfg(a)] let x = 1; #[allow(b)] { c }",
        "b\"x\"; 'c'; 1.5; r#\"\"#",
    };
    for (u32 i = 0; i < PT_COUNT_OF(clean); i++) {
        parse_as(clean[i], PT_PARSE_STATEMENTS, 2021);
        if (tree.errors.count)
            fail_msg("%s: %s at %u", clean[i], tree.errors.data[0].message, tree.errors.data[0].offset);
        assert_int_equal(tree.nodes.data[tree.nodes.data[1].child].kind, PT_N_BLOCK);
    }
}

static void names(void **state) {
    (void)state;
    ITEMS("pub(crate) struct Größe<T> { a: T }", PT_N_STRUCT);
    u32 node = tree.nodes.data[1].child;
    assert_true(pt_str_equal(pt_tree_name(&tree, node), PT_STR("Größe")));
    assert_int_not_equal(pt_tree_child(&tree, node, PT_N_GENERICS), 0);
    assert_int_equal(pt_tree_child(&tree, node, PT_N_WHERE), 0);
}

static void recovery(void **state) {
    (void)state;
    static const char *const broken[] = {"struct A { a: , }", "fn a() { let x = ; }", "impl for {}", "@@@",
                                         "enum E { A(, ) }",  "fn f() -> { }",        "let x = 1;"};
    for (u32 i = 0; i < PT_COUNT_OF(broken); i++) {
        char source[256];
        snprintf(source, sizeof source, "fn before() {}\n%s\nfn after() { x() }", broken[i]);
        parse_as(source, PT_PARSE_FILE, 2021);
        assert_true(tree.errors.count > 0);
        bool before = false, after = false;
        for (u32 n = 2; n < tree.nodes.count; n++) {
            if (tree.nodes.data[n].kind != PT_N_FN) continue;
            before = before || pt_str_equal(pt_tree_name(&tree, n), PT_STR("before"));
            after = after || pt_str_equal(pt_tree_name(&tree, n), PT_STR("after"));
        }
        if (!before || !after) fail_msg("%s: an item was lost", source);
    }
}

static void fragments(void **state) {
    (void)state;
    static const struct {
        const char *text, *kind;
        u32 end;
    } rows[] = {{"a + b, c", "expr", 3},    {"Vec<u8> x", "ty", 4},     {"a::b<c> d", "path", 6},
                {"Some(x) => y", "pat", 4}, {"fn f() {} g", "item", 6}, {", a", "expr", PT_NONE}};
    for (u32 i = 0; i < PT_COUNT_OF(rows); i++) {
        free(text);
        text = padded(rows[i].text, strlen(rows[i].text));
        pt_lex(&lexed, text, (u32)strlen(rows[i].text), 2021);
        u32 end = pt_fragment_end(&tree, &(u8){0}, &lexed, 0, lexed.tokens.count - 1, pt_str_of(rows[i].kind), 2021);
        if (end != rows[i].end) fail_msg("%s of %s ends at %u, not %u", rows[i].kind, rows[i].text, end, rows[i].end);
    }
}

/* Random rearrangements of real tokens: never a crash, never an endless loop. */
static void any_tokens(void **state) {
    (void)state;
    static const char *const words[] = {"fn ",  "a",     "(",      ")",      "{",      "}",
                                        "<",    ">",     "::",     "impl ",  "for ",   "struct ",
                                        "let ", "=",     ";",      ",",      "match ", "=>",
                                        "|",    "&",     "'a ",    "#[",     "]",      "[",
                                        "if ",  "else ", "where ", "pub ",   "use ",   "*",
                                        "as ",  "dyn ",  "1",      "\"s\"",  "!",      "macro_rules! m ",
                                        "-> ",  "..",    ":",      "trait ", "enum ",  "$",
                                        "?",    ".",     "async ", "unsafe "};
    u64 random = seed_of_run("any_tokens");
    for (u32 round = 0; round < 6000; round++) {
        char source[600] = "";
        for (u32 i = 0, n = (u32)(next_random(&random) % 40); i < n; i++)
            strcat(source, words[next_random(&random) % PT_COUNT_OF(words)]);
        parse_as(source, (pt_parse_as)(round % 4), round % 8 < 4 ? 2021 : 2015);
    }
}

/* Every fixture: its items are those its .items.json tells. */
static u32 fixtures_in(const char *folder, bool clean) {
    char path[600];
    u32 files = 0, wrong = 0;
    snprintf(path, sizeof path, "%s/tests/fixtures/%s", PT_SOURCE_DIR, folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    pt_extractor *x = pt_extractor_create();
    for (struct dirent *d; (d = readdir(dir));) {
        size_t n = strlen(d->d_name);
        char *source;
        u32 length, size;
        void *block;
        pt_error error = {0};
        pt_facts facts;
        if (n < 4 || strcmp(d->d_name + n - 3, ".rs") != 0) continue;
        snprintf(path, sizeof path, "%s/tests/fixtures/%s/%s", PT_SOURCE_DIR, folder, d->d_name);
        assert_int_equal(pt_file_read(&source, &length, path, 64 << 20, &error), PT_OK);
        const char *told = strstr(source, "// edition: ");
        u32 edition = told ? (u32)strtoul(told + 12, NULL, 10) : 2021;
        assert_int_equal(pt_extract(&block, &size, x, source, length, edition, PT_TEXT_ITEMS), PT_OK);
        if (pt_facts_open(&facts, block, size, true, &error)) fail_msg("%s: %s", d->d_name, error.message);
        /* forms behind feature gates that are read as far as they go */
        bool gated = strstr("unstable_forms.rs frontmatter.rs shebang_attribute_far.rs", d->d_name) != NULL;
        if (clean && !gated && facts.header->error_count)
            wrong++, printf("%s:%u: %.*s\n", d->d_name, facts.errors[0].line,
                            (int)pt_facts_string(&facts, facts.errors[0].message).length,
                            pt_facts_string(&facts, facts.errors[0].message).data);
        snprintf(path + strlen(path) - 2, 16, "items.json");
        json_t *want = json_load_file(path, 0, NULL);
        u32 at = 0;
        for (size_t i = 0; want && i < json_array_size(want); i++) {
            json_t *item = json_array_get(want, i);
            const char *kind = json_string_value(json_object_get(item, "kind")),
                       *name = json_string_value(json_object_get(item, "name"));
            u32 line = (u32)json_integer_value(json_object_get(item, "line")), k = 0;
            for (; k < facts.header->item_count; k++)
                if ((!line || facts.items[k].line == line) && strcmp(pt_kind_name(facts.items[k].kind), kind) == 0 &&
                    (!name || pt_str_equal(pt_facts_string(&facts, facts.items[k].name), pt_str_of(name))))
                    break;
            if (k == facts.header->item_count)
                wrong++, printf("%s:%u: %s %s is missing\n", d->d_name, line, kind, name ? name : "");
            at++;
        }
        json_decref(want);
        files++;
        pt_free(block);
        pt_free(source);
    }
    closedir(dir);
    pt_extractor_destroy(x);
    assert_int_equal(wrong, 0);
    return files;
}

static void fixtures(void **state) {
    (void)state;
    assert_true(fixtures_in("syntax", true) > 50);
    assert_true(fixtures_in("broken", false) > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(item_kinds), cmocka_unit_test(contextual_keywords),
        cmocka_unit_test(bodies),     cmocka_unit_test(names),
        cmocka_unit_test(recovery),   cmocka_unit_test(fragments),
        cmocka_unit_test(any_tokens), cmocka_unit_test(fixtures),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(text);
    pt_tree_free(&tree);
    pt_lexemes_free(&lexed);
    return failed;
}
