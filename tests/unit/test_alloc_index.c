/* Whole stages when memory is out: the workspace reader, and a pass from sources to a committed graph. Each run one
 * allocation further on fails; the run says so, leaves no memory behind and a store that the next run can use. */
#include "support.h"

#include "base/hash.h"
#include "base/parallel.h"
#include "live/index.h"

#include <sqlite3.h>

/* clang-format off */
#define KIT_MANIFEST                                                                                   \
    "[package]\nname = \"the-kit\"\nversion.workspace = true\nedition = \"2018\"\n"                       \
    "[features]\ndefault = [\"fast\"]\nfast = [\"deep\", \"dep:serde\"]\ndeep = []\n"                      \
    "[dependencies]\nserde = { version = \"1\", optional = true }\n[dev-dependencies]\nlog = \"0.4\"\n"
#define APP_MANIFEST                                                                                   \
    "[package]\nname = \"app\"\nversion = \"1.2.3\"\nedition = \"2021\"\n"                                \
    "[dependencies]\nkit = { path = \"../kit\", package = \"the-kit\" }\nserde.workspace = true\n"         \
    "[[bin]]\nname = \"app-two\"\npath = \"src/two.rs\"\n[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n"
#define ROOT_MANIFEST                                                                                  \
    "[workspace]\nmembers = [\"app\", \"k*\"]\nexclude = [\"kept-out\"]\n"                                 \
    "[workspace.package]\nversion = \"0.3.0\"\n[workspace.dependencies]\nserde = \"1\"\n"
#define LOCK "version = 3\n[[package]]\nname = \"serde\"\nversion = \"1.0.100\"\n[[package]]\nname = \"app\"\nversion = \"1.2.3\"\n"

static const char kit_lib[] =
    "//! A kit.\n"
    "#![allow(dead_code)]\n"
    "#[macro_use]\n"
    "mod macros;\n"
    "pub mod shapes;\n"
    "mod deep { pub mod down { pub(crate) fn bottom() -> u8 { super::super::shapes::one() } } pub use self::down::*; }\n"
    "pub use shapes::{Area, Circle, Square as Quad};\n"
    "pub use shapes::*;\n"
    "use std::collections::HashMap;\n"
    "use std::fmt;\n"
    "/// Holds what is drawn.\n"
    "#[derive(Clone, Debug, Default)]\n"
    "pub struct Board<T: Area = Circle> where T: Clone { pub items: Vec<T>, names: HashMap<String, usize> }\n"
    "impl<T: Area + Clone> Board<T> {\n"
    "    pub const LIMIT: usize = 16;\n"
    "    pub fn new() -> Self { Board { items: Vec::new(), names: HashMap::new() } }\n"
    "    pub fn add(&mut self, item: T) -> Result<usize, Full> {\n"
    "        if self.items.len() >= Self::LIMIT { return Err(Full::At(self.items.len())); }\n"
    "        self.items.push(item);\n"
    "        Ok(self.items.len())\n"
    "    }\n"
    "    pub fn total(&self) -> f64 { self.items.iter().map(|i| i.area()).sum::<f64>() + square!(2.0) }\n"
    "    pub fn biggest(&self) -> Option<&T> { let mut best = None; for i in &self.items { best = Some(i); } best }\n"
    "}\n"
    "pub enum Full { At(usize), Named { name: String, at: u32 }, No }\n"
    "impl fmt::Display for Full {\n"
    "    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {\n"
    "        match self { Full::At(n) => write!(f, \"{} {}\", n, deep::bottom()), Full::Named { name, .. } => f.write_str(name), _ => Ok(()) }\n"
    "    }\n"
    "}\n"
    "impl From<fmt::Error> for Full { fn from(_: fmt::Error) -> Full { Full::No } }\n"
    "#[cfg(unix)]\n"
    "pub fn page() -> usize { os::size() }\n"
    "#[cfg(not(unix))]\n"
    "pub fn page() -> usize { 4096 }\n"
    "#[cfg(unix)]\n"
    "mod os { pub fn size() -> usize { super::page() + extern_thing::call() } }\n"
    "makers! { make_one => shapes::Circle, make_two => shapes::Square }\n"
    "unknown_items! { pub struct Guess { a: u8 } impl Guess { pub fn a(&self) -> u8 { self.a } } }\n"
    "pub fn either(b: &Board) -> u32 { let c = make_one(); c.grow().unwrap_or(0) + page() as u32 + b.missing() }\n"
    "pub async fn wait(x: impl Area + 'static, y: &dyn Area) -> f64 { other(x.area()).await + y.area() }\n"
    "async fn other(x: f64) -> f64 { x }\n"
    "fn broken( { }\n";
static const char kit_macros[] =
    "macro_rules! square { ($x:expr) => { $x * $x }; }\n"
    "macro_rules! makers {\n"
    "    ($($name:ident => $of:path),* $(,)?) => { $(pub fn $name() -> $of { <$of>::start() })* mod made { pub mod inner; } };\n"
    "}\n";
static const char kit_shapes[] =
    "use super::Full;\n"
    "pub trait Area: Sized { type Unit; const SIDES: u32 = 0; fn area(&self) -> f64; fn twice(&self) -> f64 { self.area() * 2.0 } }\n"
    "pub trait Grow<By = u32>: Area { fn grow(&self) -> Result<By, Full>; }\n"
    "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n"
    "pub struct Circle(pub u32);\n"
    "#[derive(Clone, Default)]\n"
    "#[cfg_attr(feature = \"fast\", derive(Debug))]\n"
    "pub struct Square { pub side: u32 }\n"
    "impl Circle { pub fn start() -> Circle { Circle(1) } }\n"
    "impl Square { pub fn start() -> Square { Square { side: Circle::start().0, ..Default::default() } } }\n"
    "impl Area for Circle { type Unit = f64; fn area(&self) -> f64 { 3.0 * self.0 as f64 } }\n"
    "impl Area for Square { type Unit = f64; const SIDES: u32 = 4; fn area(&self) -> f64 { f64::from(self.side) } }\n"
    "impl<T: Area + Clone> Grow for T { fn grow(&self) -> Result<u32, Full> { let s = self.clone(); Ok(s.twice() as u32) } }\n"
    "impl<'a> std::ops::Add<&'a Square> for Square { type Output = Square; fn add(self, o: &'a Square) -> Square { Square { side: self.side + o.side } } }\n"
    "pub fn sum(all: Vec<Square>) -> Square { all.iter().fold(Square::start(), |a, b| a + b) }\n"
    "pub(crate) fn one() -> u8 { static ONE: u8 = 1; ONE }\n";
static const char kit_inner[] = "pub type Pair<T> = (T, T);\npub union Both { pub a: u32, pub b: f32 }\npub fn pair() -> Pair<u8> { (1, 2) }\n";
static const char app_main[] =
    "mod args;\n"
    "use kit::{Area as _, Board, Circle};\n"
    "use serde::Serialize;\n"
    "#[derive(Serialize)]\n"
    "struct Told { total: f64 }\n"
    "fn main() -> Result<(), Box<dyn std::error::Error>> {\n"
    "    let mut board: Board<Circle> = Board::new();\n"
    "    for n in args::numbers() { board.add(Circle(n)).ok(); }\n"
    "    let told = Told { total: board.total() };\n"
    "    println!(\"{} {}\", told.total, board.items[0].area());\n"
    "    Ok(())\n"
    "}\n";
static const char app_args[] =
    "pub fn numbers() -> impl Iterator<Item = u32> { std::env::args().filter_map(|a| a.parse::<u32>().ok()) }\n"
    "#[cfg(test)]\nmod tests { use super::*; #[test] fn none() { assert_eq!(numbers().count(), 0); } }\n";
/* clang-format on */

static char folder[64], sources[128], dump[128];

static int set_up(void **state) {
    (void)state;
    make_folder(folder);
    snprintf(sources, sizeof sources, "%s/w", folder);
    snprintf(dump, sizeof dump, "%s/dump.txt", folder);
    put(folder, "w/Cargo.toml", ROOT_MANIFEST);
    put(folder, "w/Cargo.lock", LOCK);
    put(folder, "w/kit/Cargo.toml", KIT_MANIFEST);
    put(folder, "w/kit/src/lib.rs", kit_lib);
    put(folder, "w/kit/src/macros.rs", kit_macros);
    put(folder, "w/kit/src/shapes.rs", kit_shapes);
    put(folder, "w/kit/src/made/inner.rs", kit_inner);
    put(folder, "w/kept-out/Cargo.toml", TINY_MANIFEST);
    put(folder, "w/knot/Cargo.toml", "[package]\nversion = \"1\"\n");
    put(folder, "w/app/Cargo.toml", APP_MANIFEST);
    put(folder, "w/app/src/main.rs", app_main);
    put(folder, "w/app/src/args.rs", app_args);
    put(folder, "w/app/src/two.rs", "include!(\"args.rs\");\nfn main() { numbers(); }\n");
    put(folder, "w/app/tests/all.rs", "#[test]\nfn adds() { assert!(kit::make_one().0 == 1); }\n");
    put(folder, "w/app/build.rs", "fn main() {}\n");
    put(folder, "dump.txt",
        "FILE: Cargo.toml\n" TINY_MANIFEST "FILE: src/lib.rs\n" TINY_LIB "SYMLINK: l.rs -> src/lib.rs\n");
    put(folder, "loose/one.rs", "mod two;\npub fn one() { two::two() }\n");
    put(folder, "loose/two.rs", "pub fn two() {}\n");
    put(folder, "loose/lib.rs", TINY_OTHER);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    pt_alloc_fail_after(-1);
    remove_folder(folder);
    return 0;
}

/* What SQLite allocates itself goes another way: its failures are counted down here. */
static sqlite3_mem_methods sqlite_memory;
static i64 sqlite_left = -1;
static bool in_sqlite; /* whose allocations fail; SQLite can do without some of its own */
static bool sqlite_fails(void) { return sqlite_left >= 0 && sqlite_left-- == 0; }
static void *sqlite_allocate(int size) { return sqlite_fails() ? NULL : sqlite_memory.xMalloc(size); }
static void *sqlite_resize(void *old, int size) { return sqlite_fails() ? NULL : sqlite_memory.xRealloc(old, size); }
static void count_sqlite_allocations(void) {
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory), SQLITE_OK);
    sqlite3_mem_methods counted = sqlite_memory;
    counted.xMalloc = sqlite_allocate;
    counted.xRealloc = sqlite_resize;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &counted), SQLITE_OK);
}

/* What came of a run whose n-th allocation fails. */
typedef struct outcome {
    int code;
    bool reached; /* there was such an allocation */
    pt_error error;
} outcome;
static void told(const outcome *o, const char *name, u32 n) {
    if (o->code > 0) fail_msg("%s: allocation %u: %d is no error code", name, n, o->code);
    if (o->code && !o->error.message[0]) fail_msg("%s: allocation %u: %d without a message", name, n, o->code);
    if (o->code && o->code != PT_ENOMEM) fail_msg("%s: allocation %u: %d %s", name, n, o->code, o->error.message);
    if (!o->code && o->reached && !in_sqlite) fail_msg("%s: allocation %u: nothing told", name, n);
    if (o->code && !o->reached) fail_msg("%s: after allocation %u: %s", name, n, o->error.message);
}

/* The workspace reader. */

static u32 read_workspace(const char *path, bool is_dump, i64 n, outcome *o) {
    pt_source *source = NULL;
    pt_workspace *w = NULL;
    u32 told_of = 0;
    *o = (outcome){0};
    pt_alloc_clear();
    pt_alloc_fail_after(n);
    o->code = is_dump ? pt_source_open_dump(&source, path, &o->error) : pt_source_open_folder(&source, path, &o->error);
    if (!o->code) o->code = pt_workspace_read(&w, source, &o->error);
    o->reached = n >= 0 && pt_alloc_fail_met();
    pt_alloc_fail_after(-1);
    pt_alloc_clear();
    if (o->code) assert_null(w);
    if (w) told_of = w->packages.count * 10000 + w->targets.count * 100 + w->loose.count + w->problems.count * 10;
    pt_workspace_destroy(w);
    pt_source_close(source);
    return told_of;
}

static void count_down_reading(const char *name, const char *path, bool is_dump) {
    outcome o;
    u32 wanted = read_workspace(path, is_dump, -1, &o);
    assert_int_equal(o.code, PT_OK);
    for (u32 n = 0;; n++) {
        u32 got = read_workspace(path, is_dump, n, &o);
        told(&o, name, n);
        if (!o.code) assert_int_equal(got, wanted); /* the last one */
        if (!o.reached) {
            printf("%s: %u allocations\n", name, n);
            return;
        }
    }
}
static void reading(void **state) {
    (void)state;
    char loose[128];
    snprintf(loose, sizeof loose, "%s/loose", folder);
    count_down_reading("read workspace", sources, false);
    count_down_reading("read folder of crates", folder, false);
    count_down_reading("read loose files", loose, false);
    count_down_reading("read dump", dump, true);
}

/* The whole pass. */

static pt_graph *index_once(const pt_index_options *options, i64 n, outcome *o) {
    pt_graph *g = NULL;
    pt_index_report report;
    *o = (outcome){0};
    pt_alloc_clear();
    if (in_sqlite) sqlite_left = n;
    else pt_alloc_fail_after(n);
    o->code = pt_index(&g, &report, options, &o->error);
    o->reached = n >= 0 && (in_sqlite ? sqlite_left < 0 : pt_alloc_fail_met());
    pt_alloc_fail_after(sqlite_left = -1);
    pt_alloc_clear();
    if (o->code) assert_null(g);
    else assert_non_null(g);
    return g;
}

/* All but the number of the generation, and the checksum over it. */
static bool same_graph(const pt_graph *a, const pt_graph *b) {
    u64 sizes[2];
    const char *images[2] = {pt_graph_image(a, &sizes[0]), pt_graph_image(b, &sizes[1])};
    pt_graph_info infos[2] = {a->info, b->info};
    infos[0].generation = infos[1].generation = 0;
    if (!images[0] || !images[1] || sizes[0] != sizes[1] || memcmp(&infos[0], &infos[1], sizeof infos[0]) != 0)
        return false;
    const pt_block_header *h = (const void *)images[0];
    u64 table = h->section_count * sizeof(pt_block_section);
    u64 behind =
        ((const pt_block_section *)(const void *)(h + 1))->offset + sizeof(pt_graph_info); /* the first section */
    return memcmp(images[0] + sizeof *h, images[1] + sizeof *h, table) == 0 &&
           memcmp(images[0] + behind, images[1] + behind, sizes[0] - behind) == 0;
}

/* All rows of a store but the image and the generation. */
static u64 rows_of(const char *path) {
    static const char *const tables[] = {
        "files", "nodes", "edges", "edges_by_target", "candidates", "candidates_by_target", "kinds", "sqlite_schema"};
    sqlite3 *db;
    u64 sum = 0;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    for (u32 t = 0; t < PT_COUNT_OF(tables); t++) {
        char sql[64];
        sqlite3_stmt *q;
        snprintf(sql, sizeof sql, "SELECT * FROM %s", tables[t]);
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
        while (sqlite3_step(q) == SQLITE_ROW) {
            u64 row = t; /* a sum of rows: the order they were put in is nothing */
            for (int c = 0; c < sqlite3_column_count(q); c++) {
                const void *value = sqlite3_column_blob(q, c);
                row = pt_hash_u64(row ^ pt_hash_bytes(value ? value : "", (size_t)sqlite3_column_bytes(q, c)));
            }
            sum += row;
        }
        sqlite3_finalize(q);
    }
    sqlite3_close(db);
    return sum;
}

static void copy_file(const char *to, const char *from) {
    pt_error error;
    char *data;
    u32 length;
    assert_int_equal(pt_file_read(&data, &length, from, 1 << 30, &error), PT_OK);
    assert_int_equal(pt_file_write(to, data, length, &error), PT_OK);
    pt_free(data);
}

/* Allocation `first` fails and each `stride`-th after it, one a run. `from`: the store that each run finds, "" for none
 * yet, NULL for runs without a store. */
static void count_down(const char *name, pt_index_options options, const char *from, u32 first, u32 stride) {
    char path[160], uri[176];
    outcome o;
    options.store = NULL;
    pt_graph *wanted = index_once(&options, -1, &o);
    if (o.code) fail_msg("%s: %s", name, o.error.message);
    snprintf(path, sizeof path, "%s/store", folder);
    snprintf(uri, sizeof uri, "sqlite:%s", path);
    u64 wanted_rows = 0;
    if (from) {
        outcome fresh;
        options.store = uri;
        pt_sqlite_engine.reset(path, NULL);
        pt_graph_close(index_once(&options, -1, &fresh));
        wanted_rows = rows_of(path);
    }
    u32 steps = 0;
    for (u32 n = first;; n += stride, steps++) {
        if (from) {
            pt_sqlite_engine.reset(path, NULL);
            if (*from) copy_file(path, from);
        }
        pt_graph *g = index_once(&options, n, &o);
        told(&o, name, n);
        if (g && !same_graph(g, wanted)) fail_msg("%s: allocation %u: another graph", name, n);
        pt_graph_close(g);
        if (from) {
            outcome again;
            g = index_once(&options, -1, &again);
            if (!g) fail_msg("%s: after allocation %u: %s", name, n, again.error.message);
            if (!same_graph(g, wanted)) fail_msg("%s: after allocation %u: another graph in the store", name, n);
            pt_graph_close(g);
            u64 rows = rows_of(path);
            if (rows != wanted_rows) fail_msg("%s: after allocation %u: other rows in the store", name, n);
        }
        if (!o.reached) {
            printf("%s: %u allocations, %u runs: each %u-th from %u\n", name, n, steps, stride, first);
            break;
        }
    }
    pt_graph_close(wanted);
}

/* Waits for the other worker, so that each has one item; then the one that is not the caller fails. */
static void fail_beside(void *payload, u32 item, u32 worker) {
    u32 *arrived = payload;
    (void)item;
    __atomic_fetch_add(arrived, 1, __ATOMIC_SEQ_CST);
    for (u32 i = 0; i < 5000 && __atomic_load_n(arrived, __ATOMIC_SEQ_CST) < 2; i++) usleep(1000);
    if (worker) pt_alloc_set_failed();
}
static void a_failure_of_any_thread_is_the_callers(void **state) {
    (void)state;
    u32 arrived = 0;
    pt_alloc_clear();
    assert_int_equal(pt_parallel(2, 2, fail_beside, &arrived), PT_ENOMEM);
    assert_true(pt_alloc_failed());
    pt_alloc_clear();
}

static void indexing(void **state) {
    (void)state;
    char loose[128];
    snprintf(loose, sizeof loose, "%s/loose", folder);
    count_down("index", (pt_index_options){.path = sources, .threads = 1}, NULL, 0, 1);
    count_down("index dump", (pt_index_options){.path = dump, .threads = 1}, NULL, 0, 1);
    count_down("index loose files", (pt_index_options){.path = loose, .threads = 1}, NULL, 0, 1);
    /* which thread meets the failure is chance; that it is told of is not */
    count_down("index by 3 threads", (pt_index_options){.path = sources, .threads = 3}, NULL, 0, 1);
}

/* PT_STRIDE=1 lets every allocation fail. */
static u32 stride_of_run(u32 usual) {
    const char *wanted = getenv("PT_STRIDE");
    return wanted && atoi(wanted) > 0 ? (u32)atoi(wanted) : usual;
}
static u32 first_of(u64 *random, u32 stride) { return (u32)(next_random(random) % stride); }

static void indexing_into_a_store(void **state) {
    (void)state;
    u64 random = seed_of_run("index into a store");
    u32 stride = stride_of_run(11);
    char kept[160], uri[176];
    pt_index_options o = {.path = sources, .threads = 1};
    outcome result;
    snprintf(kept, sizeof kept, "%s/kept", folder);
    snprintf(uri, sizeof uri, "sqlite:%s", kept);
    count_down("index into a new store", o, "", first_of(&random, stride), stride);
    o.store = uri;
    pt_graph_close(index_once(&o, -1, &result));
    assert_int_equal(result.code, PT_OK);
    count_down("index, nothing changed", o, kept, 0, 1);
    put(folder, "w/kit/src/made/inner.rs",
        "pub fn pair() -> super::super::Full { crate::page(); super::super::Full::No }\n");
    put(folder, "w/app/src/extra.rs", "pub fn extra() {}\n");
    put(folder, "w/app/src/args.rs",
        "#[path = \"extra.rs\"] mod extra;\npub fn numbers() -> Vec<u32> { extra::extra(); vec![1] }\n");
    count_down("index what changed", o, kept, first_of(&random, stride), stride);
    o.rebuild = true;
    count_down("rebuild", o, kept, first_of(&random, 5 * stride), 5 * stride);
}

static void indexing_while_sqlite_fails(void **state) {
    (void)state; /* last: it finds the store that indexing_into_a_store kept */
    u64 random = seed_of_run("index, SQLite fails");
    u32 stride = stride_of_run(97);
    char kept[160];
    pt_index_options o = {.path = sources, .threads = 1};
    snprintf(kept, sizeof kept, "%s/kept", folder);
    in_sqlite = true;
    count_down("SQLite, a new store", o, "", first_of(&random, stride), stride);
    count_down("SQLite, what changed", o, kept, first_of(&random, stride), stride);
    in_sqlite = false;
}

/* std's interface lies beside the programs, in the folder above this one. */
static void indexing_with_std(void **state) {
    (void)state;
    u64 random = seed_of_run("index with std");
    u32 stride = stride_of_run(397);
    char interface[4200];
    ssize_t n = readlink("/proc/self/exe", interface, 4096);
    assert_true(n > 0);
    interface[n] = 0;
    for (u32 i = 0; i < 2; i++) *strrchr(interface, '/') = 0;
    strcat(interface, "/std-interface.bin");
    if (access(interface, R_OK) != 0) skip();
    pt_index_options o = {.path = sources, .threads = 1, .std_interface = interface};
    count_down("index with std", o, NULL, first_of(&random, stride), stride);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading),           cmocka_unit_test(a_failure_of_any_thread_is_the_callers),
        cmocka_unit_test(indexing),          cmocka_unit_test(indexing_into_a_store),
        cmocka_unit_test(indexing_with_std), cmocka_unit_test(indexing_while_sqlite_fails),
    };
    count_sqlite_allocations();
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
