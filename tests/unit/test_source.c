/* Sources: folders, and dumps in all their forms. */
#include "support.h"

#include "workspace/source.h"

static char folder[64];
static int set_up(void **state) {
    (void)state;
    make_folder(folder);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    remove_folder(folder);
    return 0;
}

static pt_source *dump(const char *text) {
    char path[128];
    pt_source *s;
    pt_error error = {0};
    put(folder, "dump.txt", text);
    snprintf(path, sizeof path, "%s/dump.txt", folder);
    if (pt_source_open_dump(&s, path, &error)) return NULL;
    assert_true(pt_source_is_dump(s));
    return s;
}

static void is(pt_source *s, const char *path, const char *want) {
    char *text;
    u32 length;
    pt_file_stamp stamp;
    pt_error error = {0};
    int code = pt_source_read(s, &text, &length, &stamp, path, &error);
    if (!want) {
        assert_int_not_equal(code, PT_OK);
        assert_false(pt_source_is_file(s, path));
        return;
    }
    if (code) fail_msg("%s: %s", path, error.message);
    if (length != strlen(want) || memcmp(text, want, length) != 0)
        fail_msg("%s is \"%.*s\", not \"%s\"", path, (int)length, text, want);
    for (u32 i = 0; i < 16; i++) assert_int_equal(text[length + i], 0);
    assert_true(pt_source_is_file(s, path));
    pt_free(text);
}

#define RULE "================================================\n"

static void separated(void **state) {
    (void)state;
    pt_source *s = dump("Directory structure:\n  a.rs\n\n" RULE "FILE: a.rs\n" RULE "fn a() {}\n\n" RULE
                        "FILE: src/b.rs\n" RULE "line\nFILE: c.rs\nmore\n");
    assert_non_null(s);
    is(s, "a.rs", "fn a() {}\n");
    is(s, "src/b.rs", "line\nFILE: c.rs\nmore\n");
    is(s, "c.rs", NULL);
    is(s, "./src/../a.rs", NULL);
    pt_source_close(s);
}

static void bare(void **state) {
    (void)state;
    pt_source *s = dump("preamble\nFILE: a.rs\nfn a() {}\nFILE: src/b.rs\nfn b() {}\n");
    assert_non_null(s);
    is(s, "a.rs", "fn a() {}\n");
    is(s, "src/b.rs", "fn b() {}\n");
    pt_source_close(s);
}

static void links(void **state) {
    (void)state;
    pt_source *s = dump(RULE "FILE: src/a.rs\n" RULE "fn a() {}\n" RULE "SYMLINK: src/b.rs -> a.rs\n" RULE RULE
                             "SYMLINK: c.rs -> src/a.rs\n" RULE RULE "SYMLINK: d.rs -> absent.rs\n" RULE RULE
                             "SYMLINK: e.rs -> f.rs\n" RULE RULE "SYMLINK: f.rs -> e.rs\n" RULE);
    assert_non_null(s);
    is(s, "src/b.rs", "fn a() {}\n");
    is(s, "c.rs", "fn a() {}\n");
    is(s, "d.rs", NULL);
    is(s, "e.rs", NULL);
    pt_source_close(s);
}

static void bad_entries(void **state) {
    (void)state;
    pt_source *s = dump(RULE "FILE: a.rs\n" RULE "one\n" RULE "FILE: a.rs\n" RULE "two\n" RULE "FILE: ../x.rs\n" RULE
                             "out\n" RULE "FILE: a/../../y.rs\n" RULE "out\n");
    assert_non_null(s);
    is(s, "a.rs", "one\n");
    is(s, "../x.rs", NULL);
    is(s, "../y.rs", NULL);
    assert_true(pt_source_skipped(s) >= 2);
    pt_source_close(s);
    assert_null(dump(""));
    assert_null(dump("nothing here\n"));
    assert_null(dump(RULE));
}

typedef struct seen {
    char text[512];
} seen;
static void remember(void *payload, const char *name, bool is_folder) {
    seen *s = payload;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%s%s ", name, is_folder ? "/" : "");
}
static void lists(pt_source *s, const char *path, const char *want) {
    seen found = {""};
    assert_int_equal(pt_source_list(s, path, remember, &found), PT_OK);
    assert_string_equal(found.text, want);
}

static void listing_of_a_dump(void **state) {
    (void)state;
    pt_source *s = dump("FILE: b.rs\n1\nFILE: src/z.rs\n2\nFILE: src/a/x.rs\n3\nFILE: src/a/y.rs\n4\nFILE: a.rs\n5\n");
    assert_non_null(s);
    lists(s, ".", "a.rs b.rs src/ ");
    lists(s, "src", "a/ z.rs ");
    lists(s, "absent", "");
    pt_source_close(s);
}

static void a_folder(void **state) {
    (void)state;
    pt_source *s;
    pt_error error = {0};
    put(folder, "w/src/lib.rs", "fn a() {}\n");
    put(folder, "w/b.rs", "");
    put(folder, "w/.hidden/c.rs", "");
    put(folder, "w/target/CACHEDIR.TAG", "");
    put(folder, "w/x/target/kept.rs", "");
    char path[128], link[160];
    snprintf(path, sizeof path, "%s/w", folder);
    snprintf(link, sizeof link, "%s/loop", path);
    assert_int_equal(symlink(".", link), 0);
    assert_int_equal(pt_source_open_folder(&s, path, &error), PT_OK);
    assert_false(pt_source_is_dump(s));
    lists(s, ".", "b.rs src/ x/ ");
    lists(s, "x", "target/ ");
    is(s, "src/lib.rs", "fn a() {}\n");
    is(s, "b.rs", "");
    is(s, "src", NULL);
    is(s, "absent.rs", NULL);
    pt_source_close(s);
    assert_int_equal(pt_source_open_folder(&s, "/nowhere/at/all", &error), PT_EIO);
}

/* Any text cut and mixed from a dump's parts: an answer, never a crash. */
static void any_dump(void **state) {
    (void)state;
    static const char *const parts[] = {RULE,
                                        "FILE: a.rs\n",
                                        "FILE: b/c.rs\n",
                                        "fn a() {}\n",
                                        "SYMLINK: x.rs -> a.rs\n",
                                        "FILE:\n",
                                        "FILE: \r\n",
                                        "=",
                                        "\n",
                                        "SYMLINK: -> \n",
                                        "FILE: ../a.rs\n",
                                        "SYMLINK: a.rs -> a.rs\n",
                                        "FILE: /\n",
                                        "FILE: a.rs"};
    u64 random = seed_of_run("any_dump");
    for (u32 round = 0; round < 1500; round++) {
        char text[2000] = "";
        for (u32 i = 0, n = (u32)(next_random(&random) % 14); i < n; i++)
            strcat(text, parts[next_random(&random) % PT_COUNT_OF(parts)]);
        pt_source *s = dump(text);
        if (!s) continue;
        char *read;
        u32 length;
        pt_file_stamp stamp;
        seen found = {""};
        if (pt_source_read(s, &read, &length, &stamp, "a.rs", NULL) == PT_OK) pt_free(read);
        if (pt_source_read(s, &read, &length, &stamp, "x.rs", NULL) == PT_OK) pt_free(read);
        pt_source_list(s, ".", remember, &found);
        pt_source_close(s);
    }
}

static void paths(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"a/./b", "a/b"},     {"a//b", "a/b"},  {"a/../b", "b"},
                                          {"a/b/../../c", "c"}, {"../a", "../a"}, {"a/../../b", "../b"},
                                          {"./a", "a"},         {"/a/../b", "/b"}};
    for (u32 i = 0; i < PT_COUNT_OF(rows); i++) {
        char path[64];
        strcpy(path, rows[i][0]);
        pt_path_normalize(path);
        assert_string_equal(path, rows[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separated),
        cmocka_unit_test(bare),
        cmocka_unit_test(links),
        cmocka_unit_test(bad_entries),
        cmocka_unit_test(listing_of_a_dump),
        cmocka_unit_test(a_folder),
        cmocka_unit_test(any_dump),
        cmocka_unit_test(paths),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
