/* The watch of a folder: what is saved below it is told, whatever way it came. */
#include "support.h"

#include "live/watch.h"

static char folder[64];
static pt_watch *watch;
static PT_VEC(char *) told;
static bool lost;

static void hear(void *payload, const char *path) {
    (void)payload;
    if (!path) lost = true;
    else assert_true(pt_vec_push(&told, pt_strndup(path, strlen(path))));
}
static void forget(void) {
    for (u32 i = 0; i < told.count; i++) pt_free(told.data[i]);
    told.count = 0;
    lost = false;
}
/* inotify has an event queued before the call that made it returns: nothing to wait for. */
static void listen_now(void) {
    forget();
    pt_watch_read(watch, hear, NULL);
}
static bool heard(const char *path) {
    for (u32 i = 0; i < told.count; i++)
        if (strcmp(told.data[i], path) == 0) return true;
    return false;
}

static const char *at(const char *name) {
    static char paths[4][256];
    static u32 turn;
    char *out = paths[turn++ % 4];
    snprintf(out, sizeof paths[0], "%s/%s", folder, name);
    return out;
}

static int set_up(void **state) {
    (void)state;
    pt_error error = {0};
    make_folder(folder);
    put(folder, "w/src/lib.rs", "x");
    put(folder, "w/src/deep/er/m.rs", "x");
    put(folder, "w/.git/HEAD", "x");
    put(folder, "w/.cargo/config.toml", "x");
    put(folder, "w/target/CACHEDIR.TAG", "x");
    put(folder, "w/target/debug/x.rs", "x");
    put(folder, "w/src/target/x.rs", "x");
    if (pt_watch_open(&watch, at("w"), &error)) fail_msg("%s", error.message);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    forget();
    pt_vec_free(&told);
    pt_watch_close(watch);
    watch = NULL;
    remove_folder(folder);
    return 0;
}

static void nothing_at_first(void **state) {
    (void)state;
    listen_now();
    assert_int_equal(told.count, 0);
    assert_int_equal(pt_watch_folders(watch), 6); /* the root, src, deep, er, .cargo, src/target */
    assert_int_equal(pt_watch_unwatched(watch), 0);
}

static void saves(void **state) {
    (void)state;
    put(folder, "w/src/lib.rs", "y");
    put(folder, "w/src/deep/er/m.rs", "y");
    put(folder, "w/Cargo.toml", "y");
    put(folder, "w/.cargo/config.toml", "y");
    put(folder, "w/.gitignore", "y");
    put(folder, "w/src/new.rs", "y");
    put(folder, "w/src/target/x.rs", "y");
    put(folder, "w/notes.md", "y");
    put(folder, "w/.git/x.rs", "y");
    put(folder, "w/target/debug/x.rs", "y");
    listen_now();
    static const char *const want[] = {"src/lib.rs", "src/deep/er/m.rs", "Cargo.toml",     ".cargo/config.toml",
                                       ".gitignore", "src/new.rs",       "src/target/x.rs"};
    for (u32 i = 0; i < PT_COUNT_OF(want); i++)
        if (!heard(want[i])) fail_msg("%s", want[i]);
    for (u32 i = 0; i < told.count; i++)
        if (strstr(told.data[i], ".git/") || strncmp(told.data[i], "target/", 7) == 0 || strstr(told.data[i], ".md"))
            fail_msg("%s", told.data[i]);
    assert_false(lost);
    listen_now();
    assert_int_equal(told.count, 0);
}

static void renames_and_deletes(void **state) {
    (void)state;
    put(folder, "w/src/.tmp", "y");
    listen_now();
    assert_int_equal(rename(at("w/src/.tmp"), at("w/src/lib.rs")), 0);
    listen_now();
    assert_true(heard("src/lib.rs"));
    assert_int_equal(rename(at("w/src/lib.rs"), at("w/src/other.rs")), 0);
    listen_now();
    assert_true(heard("src/lib.rs") && heard("src/other.rs"));
    unlink(at("w/src/other.rs"));
    listen_now();
    assert_true(heard("src/other.rs"));
    assert_int_equal(symlink("deep/er/m.rs", at("w/src/lib.rs")), 0);
    listen_now();
    assert_true(heard("src/lib.rs"));
    assert_int_equal(link(at("w/src/deep/er/m.rs"), at("w/src/hard.rs")), 0);
    listen_now();
    assert_true(heard("src/hard.rs"));
    assert_int_equal(chmod(at("w/src/hard.rs"), 0), 0);
    listen_now();
    assert_true(heard("src/hard.rs"));
}

static void new_folders(void **state) {
    (void)state;
    put(folder, "w/a/b/c/d.rs", "x"); /* they are there before anybody looks */
    listen_now();
    assert_true(heard("a/b/c/d.rs"));
    put(folder, "w/a/b/c/d.rs", "y");
    put(folder, "w/a/b/e/f.rs", "y");
    listen_now();
    assert_true(heard("a/b/c/d.rs") && heard("a/b/e/f.rs"));
    mkdir(at("w/a/.hidden"), 0755);
    put(folder, "w/a/.hidden/x.rs", "y");
    listen_now();
    assert_int_equal(told.count, 0);
}

static void moved_folders(void **state) {
    (void)state;
    u32 folders = pt_watch_folders(watch);
    assert_int_equal(rename(at("w/src/deep"), at("w/src/moved")), 0);
    listen_now();
    assert_true(heard("src/deep") && heard("src/moved/er/m.rs"));
    put(folder, "w/src/moved/er/m.rs", "y");
    listen_now();
    assert_true(heard("src/moved/er/m.rs") && !heard("src/deep/er/m.rs"));
    assert_int_equal(pt_watch_folders(watch), folders);
    assert_int_equal(rename(at("w/src/moved"), at("outside")), 0);
    listen_now();
    assert_true(heard("src/moved"));
    put(folder, "outside/more/n.rs", "y");
    assert_int_equal(rename(at("outside"), at("w/src/back")), 0);
    listen_now();
    assert_true(heard("src/back/er/m.rs") && heard("src/back/more/n.rs"));
    remove_folder(at("w/src/back"));
    listen_now();
    assert_true(heard("src/back"));
    assert_int_equal(pt_watch_folders(watch), folders - 2);
    put(folder, "w/src/back/er/m.rs", "y");
    listen_now();
    assert_true(heard("src/back/er/m.rs"));
}

static void many_events(void **state) {
    (void)state;
    char name[64];
    for (u32 i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "w/src/n%u.rs", i);
        put(folder, name, "x");
    }
    listen_now();
    for (u32 i = 0; i < 3000 && !lost; i++) {
        snprintf(name, sizeof name, "src/n%u.rs", i);
        if (!heard(name)) fail_msg("%s", name);
    }
}

/* More than the system keeps: the watch says so, and knows folders that came meanwhile. */
static void lost_events(void **state) {
    (void)state;
    unsigned limit = 0;
    FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    if (!f || fscanf(f, "%u", &limit) != 1 || limit > 100000) limit = 0;
    if (f) fclose(f);
    if (!limit) skip();
    for (u32 i = 0; i < limit; i++) put(folder, i % 2 ? "w/src/a.rs" : "w/src/b.rs", "x");
    put(folder, "w/src/late/x.rs", "x");
    listen_now();
    assert_true(lost);
    put(folder, "w/src/late/x.rs", "y");
    listen_now();
    assert_true(heard("src/late/x.rs"));
}

static void nothing_to_watch(void **state) {
    (void)state;
    pt_watch *w;
    pt_error error = {0};
    assert_int_equal(pt_watch_open(&w, at("nowhere"), &error), PT_EIO);
    assert_null(w);
    assert_int_equal(pt_watch_open(&w, at("w/src/lib.rs"), &error), PT_EIO);
    assert_null(w);
    assert_non_null(strstr(error.message, "lib.rs"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_at_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(saves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(renames_and_deletes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(new_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(moved_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lost_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_to_watch, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
