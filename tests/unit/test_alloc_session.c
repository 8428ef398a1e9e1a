/* A batch that follows a save when memory is out: each run one allocation further on fails. The batch says so, leaves no
 * memory behind, and a store whose state is that before or that after. */
#include "support.h"

#include "live/index.h"

static const char manifest[] = "[package]\nname = \"kit\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
static const char lib_before[] =
    "mod shape;\npub use shape::*;\nmacro_rules! make { ($n:ident) => { pub struct $n; impl $n { pub fn go(&self) {} } "
    "}; }\n"
    "make!(One);\npub trait Area { fn area(&self) -> u32; fn twice(&self) -> u32 { self.area() * 2 } }\n"
    "impl Area for Square { fn area(&self) -> u32 { self.side } }\n"
    "pub fn total(s: &Square) -> u32 { s.twice() + s.area() + late() }\npub type Short = Square;\n"
    "#[derive(Clone)]\npub struct Board { all: Vec<Square> }\npub fn gone() {}\n";
static const char lib_after[] =
    "mod shape;\nmod more;\npub use shape::*;\nuse more::*;\n"
    "macro_rules! make { ($n:ident) => { pub struct $n; impl $n { pub fn go(&self) {} pub fn on(&self) {} } }; }\n"
    "make!(One);\nmake!(Two);\npub trait Area: Clone { fn area(&self) -> u32; fn twice(&self) -> u32 { self.area() * 2 "
    "} }\n"
    "impl Area for Square { fn area(&self) -> u32 { self.side + 1 } }\nimpl<T: Area> Named for T {}\n"
    "pub fn total(s: &Square, by: u32) -> u32 { s.twice() + s.area() + late() + by; Two.on(); s.named() }\n"
    "pub type Short = Board;\nimpl std::fmt::Display for Short { }\n"
    "#[derive(Clone, Debug)]\npub struct Board { all: Vec<Square>, more: u8 }\npub fn late() -> u32 { 1 }\nfn "
    "broken = ;\n";
static const char shape[] =
    "#[derive(Clone)]\npub struct Square { pub side: u32 }\npub fn corner() { crate::total(&Square { side: 1 }); }\n";
static const char more[] =
    "use super::*;\npub trait Named { fn named(&self) -> u32 { 3 } }\npub fn inner() { gone(); late(); }\n";

static char folder[64], sources[128], kept[128], uri[160];

static int set_up(void **state) {
    (void)state;
    make_folder(folder);
    snprintf(sources, sizeof sources, "%s/w", folder);
    snprintf(kept, sizeof kept, "%s/store", folder);
    snprintf(uri, sizeof uri, "native:%s", kept);
    put(folder, "w/Cargo.toml", manifest);
    put(folder, "w/src/shape.rs", shape);
    put(folder, "w/src/more.rs", more);
    put(folder, "w/src/lib.rs", lib_before);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    pt_alloc_fail_after(-1);
    remove_folder(folder);
    return 0;
}

/* What a state is known by. */
typedef struct numbers {
    u64 nodes, edges, sites, unresolved;
} numbers;

static numbers latest(pt_store *store) {
    pt_graph *g;
    assert_int_equal(store->engine->load_graph(store, &g, NULL), PT_OK);
    assert_int_equal(pt_graph_validate(g, NULL), PT_OK);
    numbers n = {g->info.local_nodes + (u64)g->info.external_nodes, g->info.edges, g->info.sites, g->info.unresolved};
    pt_graph_close(g);
    return n;
}
static bool same(numbers a, numbers b) { return memcmp(&a, &b, sizeof a) == 0; }

static void index_now(pt_store *store, pt_session **session) {
    pt_index_report report;
    pt_error error = {0};
    pt_index_options o = {
        .path = sources, .opened = store, .threads = 1, .force = true, .doubt_all = true, .session = session};
    if (pt_index(NULL, &report, &o, &error)) fail_msg("%s", error.message);
}

/* A store of the state before, and what goes on from it. */
static void begin(pt_store **store, pt_session **session, bool rests) {
    pt_error error = {0};
    pt_native_engine.reset(kept, NULL);
    put(folder, "w/src/lib.rs", lib_before);
    if (pt_store_open(store, uri, PT_STORE_WRITE, &error)) fail_msg("%s", error.message);
    index_now(*store, session);
    assert_non_null(*session);
    if (rests) assert_true(pt_session_rest(*session, folder, 0));
}

static void each_allocation_fails_once(void **state) {
    bool rests = *state != NULL; /* what is seldom read was put aside before */
    static const char *const paths[] = {"src/lib.rs"};
    pt_store *store;
    pt_session *session;
    pt_session_report report;
    pt_error error = {0};
    begin(&store, &session, rests);
    numbers before = latest(store);
    put(folder, "w/src/lib.rs", lib_after);
    if (pt_session_batch(session, &report, store, paths, 1, &error)) fail_msg("%s", error.message);
    numbers after = latest(store);
    assert_false(same(before, after));
    pt_session_destroy(session);
    index_now(store, NULL); /* the law: it is what an index gives */
    assert_true(same(latest(store), after));
    pt_store_close(store);
    u32 n = 0;
    for (bool reached = true; reached; n++) {
        begin(&store, &session, rests);
        put(folder, "w/src/lib.rs", lib_after);
        error = (pt_error){0};
        pt_alloc_clear();
        pt_alloc_fail_after(n);
        int code = pt_session_batch(session, &report, store, paths, 1, &error);
        reached = pt_alloc_fail_met();
        pt_alloc_fail_after(-1);
        pt_alloc_clear();
        numbers now = latest(store);
        if (code > 0 || (code && !error.message[0])) fail_msg("allocation %u: %d %s", n, code, error.message);
        if (code && code != PT_ENOMEM && code != PT_ELIMIT) fail_msg("allocation %u: %d %s", n, code, error.message);
        if (code && !reached) fail_msg("after allocation %u: %s", n, error.message);
        if (!code && !same(now, after)) fail_msg("allocation %u: told nothing, and another state", n);
        if (code && !same(now, before) && !same(now, after)) fail_msg("allocation %u: a state between two", n);
        pt_session_destroy(session);
        index_now(store, &session); /* as the daemon goes on */
        if (!same(latest(store), after)) fail_msg("after allocation %u: another graph", n);
        pt_session_destroy(session);
        pt_store_close(store);
    }
    printf("a batch: %u allocations\n", n);
}

/* Putting aside fails at each allocation: nothing is lost, and the batch after it is the same. */
static void rest_fails_at_each_allocation(void **state) {
    (void)state;
    static const char *const paths[] = {"src/lib.rs"};
    pt_store *store;
    pt_session *session;
    pt_session_report report;
    pt_error error = {0};
    numbers first = {0};
    u32 n = 0;
    for (bool reached = true; reached; n++) {
        begin(&store, &session, n % 2);
        pt_alloc_clear();
        pt_alloc_fail_after(n);
        bool fresh = pt_session_rest(session, folder, 0);
        reached = pt_alloc_fail_met();
        pt_alloc_fail_after(-1);
        assert_true(fresh);
        assert_false(pt_alloc_failed());
        put(folder, "w/src/lib.rs", lib_after);
        if (pt_session_batch(session, &report, store, paths, 1, &error)) fail_msg("%s", error.message);
        assert_true(pt_session_rest(session, folder, 0)); /* over what was put aside before */
        numbers now = latest(store);
        if (n && !same(now, first)) fail_msg("allocation %u: another graph", n);
        first = now;
        pt_session_destroy(session);
        pt_store_close(store);
    }
    assert_true(n > 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_fails_once),
                                       cmocka_unit_test_prestate(each_allocation_fails_once, folder),
                                       cmocka_unit_test(rest_fails_at_each_allocation)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
