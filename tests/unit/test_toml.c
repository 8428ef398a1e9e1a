/* TOML: what Cargo's files use, what the specification forbids, and hostile input. */
#include "support.h"

#include "workspace/toml.h"

static pt_arena arena;
static pt_toml *root;

static int parse(const char *text, pt_error *error) {
    pt_arena_free(&arena);
    return pt_toml_parse(&root, &arena, pt_str_of(text), "test.toml", error);
}
static void good(const char *text) {
    pt_error error = {0};
    if (parse(text, &error)) fail_msg("%s: %s", text, error.message);
}
static void is(const pt_toml *table, const char *key, const char *want) {
    pt_str have = pt_toml_string(table, key, PT_STR("(none)"));
    if (!pt_str_equal(have, pt_str_of(want))) fail_msg("%s is %.*s, not %s", key, (int)have.length, have.data, want);
}

static void manifests(void **state) {
    (void)state;
    good("# a crate\n[package]\nname = \"a-b\" # here\nversion.workspace = true\n\n[dependencies]\nx = \"1\"\ny = { "
         "path = \"../y\", features = [\"p\", 'q',], optional = true }\n"
         "[dependencies.z]\npackage = \"zed\"\n[target.'cfg(unix)'.dependencies]\nw = \"*\"\n[[bin]]\nname = "
         "\"one\"\n[[bin]]\nname = \"two\"\n");
    const pt_toml *package = pt_toml_get(root, "package"), *dependencies = pt_toml_get(root, "dependencies");
    is(package, "name", "a-b");
    assert_true(pt_toml_boolean(pt_toml_get(package, "version"), "workspace", false));
    is(dependencies, "x", "1");
    is(pt_toml_get(dependencies, "y"), "path", "../y");
    assert_true(pt_toml_boolean(pt_toml_get(dependencies, "y"), "optional", false));
    is(pt_toml_get(dependencies, "z"), "package", "zed");
    is(pt_toml_get(pt_toml_get(pt_toml_get(root, "target"), "cfg(unix)"), "dependencies"), "w", "*");
    const pt_toml *features = pt_toml_get(pt_toml_get(dependencies, "y"), "features");
    assert_int_equal(features->type, PT_TOML_ARRAY);
    assert_true(pt_str_equal(features->child->text, PT_STR("p")) &&
                pt_str_equal(features->child->next->text, PT_STR("q")));
    const pt_toml *bins = pt_toml_get(root, "bin");
    assert_int_equal(bins->type, PT_TOML_ARRAY);
    is(bins->child, "name", "one");
    is(bins->child->next, "name", "two");
    assert_null(pt_toml_get(root, "absent"));
    assert_null(pt_toml_get(NULL, "absent"));
    is(root, "package", "(none)");
}

static void strings(void **state) {
    (void)state;
    good("a = \"x\\n\\t\\\"\\\\\\u00e9\\U0001F600\"\nb = 'c:\\d'\nc = \"\"\"\none\n  two \\\n   three\"\"\"\nd = "
         "'''\nraw \\ '' x'''\n\"e f\" = \"g\"\n'h.i' = \"j\"\nk . l = \"m\"\nn = \"\"\nq = \"\"\"a\"\"b\"\"\"\n");
    is(root, "a", "x\n\t\"\\é😀");
    is(root, "b", "c:\\d");
    is(root, "c", "one\n  two three");
    is(root, "d", "raw \\ '' x");
    is(root, "e f", "g");
    is(root, "h.i", "j");
    is(pt_toml_get(root, "k"), "l", "m");
    is(root, "n", "");
    is(root, "q", "a\"\"b");
}

static void values(void **state) {
    (void)state;
    static const char *const valid[] = {"",
                                        "\n",
                                        "# only a comment",
                                        "a = 1",
                                        "a = -1_000",
                                        "a = 0xFF",
                                        "a = 1.5e-3",
                                        "a = inf",
                                        "a = nan",
                                        "a = 1979-05-27T07:32:00Z",
                                        "a = 07:32:00",
                                        "a = true",
                                        "a = []",
                                        "a = [1, 2,]",
                                        "a = [\n 1, # one\n 2\n]",
                                        "a = [[1], [2, 3]]",
                                        "a = {}",
                                        "a = { b = { c = 1 } }",
                                        "a.b.c = 1\na.b.d = 2",
                                        "[a]\n[a.b]\n[c]",
                                        "[a.b]\n[a]",
                                        "[[a]]\n[[a]]\n[a.b]\n",
                                        "\357\273\277a = 1",
                                        "a = 1\r\nb = 2\r\n",
                                        "1 = 2",
                                        "a-b_c = 1",
                                        "\"\" = 1"};
    for (u32 i = 0; i < PT_COUNT_OF(valid); i++) good(valid[i]);
}

static void errors(void **state) {
    (void)state;
    static const char *const invalid[] = {
        "a",
        "a =",
        "= 1",
        "a = 1 b = 2",
        "a = \"x",
        "a = 'x\n'",
        "a = \"x\ny\"",
        "a = [1, 2",
        "a = { b = 1",
        "[a",
        "[a]]",
        "[[a]",
        "[]",
        "a = 1\na = 2",
        "[a]\n[a]",
        "a = 1\n[a]",
        "[a]\nb = 1\n[a.b]",
        "a = \"\\q\"",
        "a = \"\\u12\"",
        "a = \"\\uD800\"",
        "a = [1 2]",
        "a.b = 1\na = 2",
        "[[a]]\n[a]",
        "a = tru",
        "a b = 1",
        "[a] b = 1",
        "a = 'x' y",
        "a..b = 1",
        "\x01",
    };
    for (u32 i = 0; i < PT_COUNT_OF(invalid); i++) {
        pt_error error = {0};
        int code = parse(invalid[i], &error);
        if (code != PT_ECORRUPT) fail_msg("%s: %d", invalid[i], code);
        assert_non_null(strstr(error.message, "test.toml:"));
    }
    pt_error error = {0};
    parse("a = 1\nb = 2\nc = ?\n", &error);
    assert_non_null(strstr(error.message, "test.toml:3"));
}

static void hostile(void **state) {
    (void)state;
    char deep[20001];
    memset(deep, '[', 20000), deep[20000] = 0;
    pt_error error = {0};
    char text[20100];
    snprintf(text, sizeof text, "a = %s", deep);
    assert_int_equal(parse(text, &error), PT_ECORRUPT);
    for (u32 i = 0; i < 6000; i++) memcpy(deep + i * 3, "{a=", 3);
    deep[18000] = 0;
    snprintf(text, sizeof text, "a = %s", deep);
    assert_int_equal(parse(text, &error), PT_ECORRUPT);
    for (u32 i = 0; i < 5000; i++) memcpy(deep + i * 2, "a.", 2);
    deep[10000] = 0;
    snprintf(text, sizeof text, "%sb = 1", deep);
    parse(text, &error);
    u64 random = seed_of_run("hostile");
    static const char alphabet[] = "ab.=[]{}\"'\\\n#1-_ ,tu\r\t\x80\xc3\xa9";
    for (u32 round = 0; round < 30000; round++) {
        u32 n = (u32)(next_random(&random) % 30);
        for (u32 i = 0; i < n; i++) text[i] = alphabet[next_random(&random) % (sizeof alphabet - 1)];
        text[n] = 0;
        int code = parse(text, &error);
        assert_true(code == PT_OK || code == PT_ECORRUPT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifests), cmocka_unit_test(strings), cmocka_unit_test(values),
        cmocka_unit_test(errors),    cmocka_unit_test(hostile),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pt_arena_free(&arena);
    return failed;
}
