/* native_crash.h: what crash tests of the native store share: versions of a small crate as graphs in memory, a model of
 * what a store may hold after a crash, and runs of commits, checkpoints and crashes held against it.
 *
 * Nothing of cmocka: benches and fuzzers include it too. A broken promise is printed with the run's name and counted. */
#ifndef PT_NATIVE_CRASH_H
#define PT_NATIVE_CRASH_H

#include "simulated_disk.h"

#include "export/export.h"
#include "live/index.h"
#include "store/native/native.h"

#include <sys/mman.h>
#include <unistd.h>

/* --- versions of a crate ------------------------------------------------------------------------------------------ */
enum { CRASH_VERSIONS = 20, CRASH_LARGE = 13 };
typedef struct crash_version {
    pt_graph *graph;
    char *text; /* the canonical export */
    size_t length;
} crash_version;
static crash_version crash_versions[CRASH_VERSIONS];

static inline char *crash_export(const pt_graph *graph, size_t *length) {
    char *text = NULL;
    pt_error error = {0};
    FILE *out = open_memstream(&text, length);
    if (!out) abort();
    if (pt_export(out, graph, "jsonl", true, &error)) {
        fprintf(stderr, "export: %s\n", error.message);
        abort();
    }
    fclose(out);
    return text;
}

/* A code dump as a graph that no store knows. */
static inline pt_graph *crash_graph_of(const char *dump, const char *store) {
    char path[64];
    int file = memfd_create("dump", MFD_CLOEXEC);
    if (file < 0 || write(file, dump, strlen(dump)) != (ssize_t)strlen(dump)) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    pt_index_options options = {.path = path, .threads = 1, .no_dependencies = true, .store = store};
    pt_index_report report;
    pt_graph *graph = NULL;
    pt_error error = {0};
    if (pt_index(&graph, &report, &options, &error)) {
        fprintf(stderr, "index: %s\n", error.message);
        abort();
    }
    close(file);
    return graph;
}

/* Version k: bodies, functions, files, a place that moves, a syntax error, lines that shift; one has far more items. */
static inline char *crash_dump(u32 k) {
    static char *text;
    static size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out) abort();
    bool third = k % 4 >= 2, in_a = k % 3 == 0, broken = k % 7 == 5;
    fprintf(out, "FILE: Cargo.toml\n[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    fprintf(out, "FILE: src/lib.rs\n");
    for (u32 i = 0; i < k % 3; i++) fprintf(out, "// a line\n");
    fprintf(out, "//! Version %u.\npub mod a;\npub mod b;\n%spub use a::Thing;\n", k, third ? "pub mod c;\n" : "");
    fprintf(out,
            "pub trait Speak { fn speak(&self) -> u32; fn twice(&self) -> u32 { self.speak() * 2 } }\n"
            "impl Speak for Thing { fn speak(&self) -> u32 { self.value + %s } }\n"
            "/// Only in version %u.\npub fn only_%u() -> u32 { go(&Thing::new()) }\n"
            "pub fn go(t: &Thing) -> u32 { t.speak() + %s + unknown_%u() }\n",
            k % 2 ? "helper()" : "1", k, k, k % 2 ? "b::helper_0()" : "t.twice()", k % 5);
    if (k % 2) fprintf(out, "fn helper() -> u32 { b::helper_0() }\n");
    if (k == CRASH_LARGE)
        for (u32 i = 0; i < 120; i++) fprintf(out, "pub fn many_%u() -> u32 { go(&Thing::new()) }\n", i);
    const char *moved =
        "pub struct Moved(pub crate::a::Thing);\nimpl crate::Speak for Moved { fn speak(&self) -> u32 { "
        "self.0.speak() } }\n";
    fprintf(out,
            "FILE: src/a.rs\nuse crate::Speak;\n#[derive(Clone, Debug)]\npub struct Thing { pub value: u32 }\n"
            "impl Thing { pub fn new() -> Thing { Thing { value: %u } } }\n%s",
            k, in_a ? moved : "");
    fprintf(out, "FILE: src/b.rs\nuse crate::Speak;\n");
    for (u32 i = 0; i < 1 + k % 6; i++)
        fprintf(out, "pub fn helper_%u() -> u32 { %s }\n", i, i ? "helper_0()" : "crate::a::Thing::new().value");
    if (broken) fprintf(out, "fn broken( { }\n");
    fprintf(out, "%s", in_a ? "" : moved);
    if (third)
        fprintf(out,
                "FILE: src/c.rs\npub enum E { A, B(crate::Thing), C%u { t: Vec<crate::Thing> } }\n"
                "pub fn last(e: E) -> u32 { crate::only_%u() }\n",
                k, k);
    fclose(out);
    return text;
}
static inline void crash_make_versions(void) {
    if (crash_versions[0].graph) return;
    for (u32 k = 0; k < CRASH_VERSIONS; k++) {
        char *dump = crash_dump(k);
        crash_versions[k].graph = crash_graph_of(dump, NULL);
        free(dump);
        crash_versions[k].text = crash_export(crash_versions[k].graph, &crash_versions[k].length);
    }
}
static inline void crash_free_versions(void) {
    for (u32 k = 0; k < CRASH_VERSIONS; k++) {
        pt_graph_close(crash_versions[k].graph);
        free(crash_versions[k].text);
        crash_versions[k] = (crash_version){0};
    }
}

/* --- kept files of a commit: bytes that depend on its number ---------------------------------------------------------- */
enum { CRASH_KEPT = 8, CRASH_FACTS = 400 };
typedef struct crash_kept {
    pt_kept_file files[CRASH_KEPT];
    char paths[CRASH_KEPT][24];
    u64 facts[CRASH_KEPT][CRASH_FACTS / 8];
    u32 count;
} crash_kept;
/* `before`: the commit the store holds, 0 none; what is the same there is marked so. */
static inline void crash_kept_of(crash_kept *out, u64 id, u64 before) {
    out->count = id ? (u32)(id % (CRASH_KEPT + 1)) : 0;
    for (u32 i = 0; i < out->count; i++) {
        u64 of = id >> (i % 4), random = of * 131 + i;
        u64 size = simulated_below(&random, CRASH_FACTS);
        snprintf(out->paths[i], sizeof out->paths[i], "src/f%u.rs", i / 2);
        u8 *facts = (u8 *)out->facts[i];
        for (u64 k = 0; k < size; k++) facts[k] = (u8)simulated_next(&random);
        if (size) facts[0] = 1; /* no block of facts.h */
        bool same = before && i < before % (CRASH_KEPT + 1) && before >> (i % 4) == of;
        out->files[i] = (pt_kept_file){
            out->paths[i], i % 2 ? 2021 : 2018, {of + 7, (i64)(of * 1000 + 3)}, {of, of * 3 + i}, facts, (u32)size,
            same};
    }
}

/* --- the model ------------------------------------------------------------------------------------------------------ */
enum { CRASH_HISTORY = 256, CRASH_MESSAGE = 1200 };
typedef struct crash_commit {
    u64 id, generation; /* id: the fingerprint, never given twice; 0: the empty store */
    u32 version;
    bool acknowledged;
} crash_commit;
typedef struct crash_counts {
    u64 runs, crashes, commits, checkpoints, mutations, violations;
    u64 before, at,
        in_flight;         /* state found: an older one than the last acknowledged, that one, one that was under way */
    u64 lost_acknowledged; /* against the promise */
    u64 modes[SIMULATED_MODES];
} crash_counts;

typedef struct crash_run {
    simulated_disk *disk;
    pt_disk *process;
    pt_native_store *store; /* NULL: closed */
    char name[160];
    bool full, background;
    u64 log_cap;
    /* what happened so far, the oldest first; at least one entry */
    crash_commit history[CRASH_HISTORY];
    u32 count;
    u64 next_id;
    u32 current; /* the last acknowledged one */
    u32 floor;   /* the oldest that a power cut may leave */
    crash_counts *counts;
    bool quiet;
} crash_run;

static inline bool crash_violated(crash_run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool crash_violated(crash_run *r, const char *format, ...) {
    va_list list;
    va_start(list, format);
    if (r->counts->violations++ < 20) {
        fprintf(stderr, "%s: ", r->name);
        vfprintf(stderr, format, list);
        fputc('\n', stderr);
    }
    va_end(list);
    return false;
}

/* The background has its calls, too. */
static inline bool crash_stopped(crash_run *r) {
    pthread_mutex_lock(&r->disk->mutex);
    bool stopped = r->disk->stopped;
    pthread_mutex_unlock(&r->disk->mutex);
    return stopped;
}
static inline void crash_heal(crash_run *r) {
    pthread_mutex_lock(&r->disk->mutex);
    simulated_disk_heal(r->disk);
    pthread_mutex_unlock(&r->disk->mutex);
}

static inline void crash_begin(crash_run *r, crash_counts *counts, bool full, bool background, u64 log_cap) {
    crash_make_versions();
    *r = (crash_run){.disk = simulated_disk_new(),
                     .full = full,
                     .background = background,
                     .log_cap = log_cap,
                     .count = 1,
                     .next_id = 1,
                     .counts = counts};
    r->history[0].acknowledged = true;
    simulated_disk_put(r->disk, "/w/beside", "x", 1); /* the folder around the store is there for good */
    counts->runs++;
}

/* Everything a store shows, held against a commit of the history. Nothing in the background may run. */
static inline bool crash_holds(crash_run *r, pt_store *store, const crash_commit *c, const char *when);

typedef struct crash_files {
    const crash_kept *want;
    u32 count;
    bool wrong;
} crash_files;
static inline int crash_file(void *payload, const pt_kept_file *f) {
    crash_files *x = payload;
    u32 i = x->count++;
    if (i >= x->want->count) return x->wrong = true, PT_OK;
    const pt_kept_file *want = &x->want->files[i];
    x->wrong = x->wrong || strcmp(f->path, want->path) != 0 || f->edition != want->edition ||
               f->stamp.size != want->stamp.size || f->stamp.mtime_ns != want->stamp.mtime_ns ||
               !pt_hash128_equal(f->hash, want->hash) || f->facts_size != want->facts_size ||
               (want->facts_size && memcmp(f->facts, want->facts, want->facts_size) != 0);
    return PT_OK;
}
static inline void crash_tell(void *payload, const char *what, u64 count) { (void)payload, (void)what, (void)count; }

static inline bool crash_holds_graph(crash_run *r, const pt_graph *graph, const crash_commit *c, const char *when) {
    size_t length;
    bool flag = pt_alloc_failed(); /* what the store left there stays for the store's next call */
    pt_alloc_clear();
    char *text = crash_export(graph, &length);
    if (flag) pt_alloc_set_failed();
    const crash_version *v = &crash_versions[c->version];
    bool same = length == v->length && memcmp(text, v->text, length) == 0;
    free(text);
    return same || crash_violated(r, "%s: the graph is not that of commit %llu", when, (unsigned long long)c->id);
}
static inline bool crash_holds(crash_run *r, pt_store *store, const crash_commit *c, const char *when) {
    static _Thread_local crash_kept want;
    pt_error error = {0};
    pt_store_stats stats = {0};
    pt_graph *graph = NULL;
    bool good = true;
    if (store->engine->stats(store, &stats, &error)) good = crash_violated(r, "%s: stats: %s", when, error.message);
    if (stats.fingerprint != c->id || stats.generation != c->generation)
        good = crash_violated(r, "%s: fingerprint %llu, generation %llu in place of %llu, %llu", when,
                              (unsigned long long)stats.fingerprint, (unsigned long long)stats.generation,
                              (unsigned long long)c->id, (unsigned long long)c->generation);
    int code = store->engine->load_graph(store, &graph, &error);
    if (!c->id) {
        if (code != PT_ENOTFOUND) good = crash_violated(r, "%s: a graph in an empty store, code %d", when, code);
    } else if (code) good = crash_violated(r, "%s: load_graph: %s", when, error.message);
    else good = crash_holds_graph(r, graph, c, when) && good;
    pt_graph_close(graph);
    crash_kept_of(&want, c->id, 0);
    crash_files files = {&want, 0, false};
    code = store->engine->each_file(store, true, crash_file, &files, &error);
    if (code) good = crash_violated(r, "%s: each_file: %s", when, error.message);
    else if (files.wrong || files.count != want.count)
        good = crash_violated(r, "%s: kept files are not those of commit %llu", when, (unsigned long long)c->id);
    return good;
}

/* The entry of the history that a store shows; -1: none. */
static inline int crash_which(crash_run *r, pt_store *store) {
    pt_store_stats stats = {0};
    if (store->engine->stats(store, &stats, NULL)) return -1;
    for (u32 i = r->count; i-- > 0;)
        if (r->history[i].id == stats.fingerprint) return (int)i;
    return -1;
}

/* What was in the manifest that is in place for certain cannot be lost any more. */
static inline void crash_raise(crash_run *r) {
    const pt_native_store *s = r->store;
    if (!s || !s->writer) return;
    for (u32 i = r->floor; i <= r->current; i++)
        if (r->history[i].acknowledged && r->history[i].generation == s->manifest.head.generation) r->floor = i;
    if (r->full) r->floor = r->current;
}

static inline void crash_settings(crash_run *r, pt_store *store) {
    pt_native_store *s = (pt_native_store *)store;
    s->log_cap = r->log_cap;
    s->background = r->background;
}
/* Opens for writing. */
static inline int crash_open(crash_run *r, pt_error *error) {
    pt_store *store = NULL;
    int code = pt_native_open_on(&store, r->process, "/w/store", PT_STORE_WRITE | (r->full ? PT_STORE_FULL : 0), error);
    if (code) return code;
    crash_settings(r, store);
    r->store = (pt_native_store *)store;
    return PT_OK;
}
static inline void crash_close(crash_run *r) {
    if (!r->store) return;
    pt_store_close(&r->store->base);
    r->store = NULL;
}
static inline void crash_join(crash_run *r) {
    if (!r->store) return;
    pt_native_join(r->store, false);
    crash_raise(r);
}

/* One commit of a version; `anew`: without a state before. */
static inline int crash_commit_version(crash_run *r, u32 version, bool anew, pt_error *error) {
    static _Thread_local crash_kept kept;
    if (r->count == CRASH_HISTORY) abort();
    crash_commit *before = &r->history[r->current];
    crash_commit c = {r->next_id++, before->generation + 1, version, false};
    pt_graph graph = *crash_versions[version].graph;
    graph.info.generation = c.generation;
    crash_kept_of(&kept, c.id, before->id);
    const pt_graph *previous = !anew && before->id ? crash_versions[before->version].graph : NULL;
    pt_batch batch = {&graph, previous, kept.files, kept.count, c.id};
    r->history[r->count++] = c; /* from now on it may be found */
    int code = r->store->base.engine->commit(&r->store->base, &batch, error);
    if (!code) {
        r->history[r->count - 1].acknowledged = true;
        r->current = r->count - 1;
        r->counts->commits++;
        if (!r->background) crash_raise(r);
        else if (r->full) r->floor = r->current;
    }
    return code;
}

/* The state found becomes the only one. */
static inline void crash_settle(crash_run *r, u32 found) {
    r->history[0] = r->history[found];
    r->history[0].acknowledged = true;
    r->count = 1;
    r->current = r->floor = 0;
}

/* After a crash: opens (for reading first where `look` says so), holds what is there against the history, goes on from it.
 * `low`: the oldest entry that may be found. */
static inline bool crash_recover(crash_run *r, u32 low, bool look) {
    pt_error error = {0};
    u32 last = r->current;
    if (look) {
        pt_store *reader = NULL;
        int code = pt_native_open_on(&reader, r->process, "/w/store", PT_STORE_READ, &error);
        if (code == PT_ENOTFOUND) {
            if (r->history[low].id) {
                r->counts->lost_acknowledged++;
                return crash_violated(r, "the store is gone (reading): %s", error.message);
            }
        } else if (code) return crash_violated(r, "cannot be read: %s", error.message);
        else {
            int found = crash_which(r, reader);
            bool good = found >= (int)low ? crash_holds(r, reader, &r->history[found], "reading") : true;
            if (found < (int)low) {
                r->counts->lost_acknowledged++;
                crash_violated(r, "reading: entry %d found, at least %u was promised", found, low), good = false;
            }
            pt_store_close(reader);
            if (!good) return false;
        }
    }
    int code = crash_open(r, &error);
    if (code) return crash_violated(r, "cannot be opened: %s", error.message);
    int found = crash_which(r, &r->store->base);
    if (found < (int)low) {
        r->counts->lost_acknowledged++;
        return crash_violated(r, "entry %d found, at least %u of %u was promised", found, low, r->count);
    }
    if ((u32)found < last) r->counts->before++;
    else if ((u32)found == last) r->counts->at++;
    else r->counts->in_flight++;
    bool good = crash_holds(r, &r->store->base, &r->history[found], "writing");
    code = pt_native_verify(&r->store->base, crash_tell, NULL, &error);
    if (code) good = crash_violated(r, "verify: %s", error.message);
    crash_settle(r, (u32)found);
    return good;
}

/* One step of a run. Codes do not matter: after the crash point everything fails. */
static inline void crash_step(crash_run *r, u64 *random) {
    pt_error error = {0};
    u64 pick = simulated_below(random, 24);
    if (!r->store) {
        if (crash_open(r, &error) && !crash_stopped(r)) crash_violated(r, "opening: %s", error.message);
        return;
    }
    if (pick < 17 || !r->history[r->current].id) {
        u32 version = (u32)simulated_below(random, CRASH_VERSIONS);
        bool anew = simulated_below(random, 12) == 0;
        if (crash_commit_version(r, version, anew, &error) && !crash_stopped(r))
            crash_violated(r, "commit: %s", error.message);
    } else if (pick < 19) {
        if (pt_native_checkpoint(r->store, &error) == PT_OK) r->counts->checkpoints++;
        else if (!crash_stopped(r)) crash_violated(r, "checkpoint: %s", error.message);
        crash_raise(r);
    } else if (pick < 21) {
        crash_join(r);
    } else {
        crash_join(r);
        if (!crash_stopped(r) && pick == 21)
            crash_holds(r, &r->store->base, &r->history[r->current], "before the crash");
        crash_close(r);
        if (!crash_stopped(r)) r->floor = r->current; /* a clean close */
    }
}

/* Some steps until the crash point `n` (or none) and `steps` are over, then a crash, then recovery; `modes`: which. */
static inline bool crash_once(crash_run *r, u64 *random, u64 n, u32 steps, int mode) {
    u64 before = r->counts->violations;
    if (!r->process) r->process = simulated_disk_process(r->disk);
    if (n != UINT64_MAX) simulated_disk_crash_at(r->disk, n);
    for (u32 i = 0; i < steps && !crash_stopped(r) && r->counts->violations == before; i++) crash_step(r, random);
    if (r->background && simulated_coin(random)) crash_join(r);
    /* what was not closed dies with the process; its memory goes all the same */
    if (!crash_stopped(r)) simulated_disk_crash_at(r->disk, 0);
    crash_close(r);
    if (r->counts->violations != before) return false;
    u64 seed = simulated_next(random);
    if (mode < 0) mode = (int)simulated_disk_crash(r->disk, seed);
    else simulated_disk_crash_as(r->disk, seed, (simulated_mode)mode);
    r->counts->crashes++;
    r->counts->modes[mode]++;
    u32 low = mode == SIMULATED_KILL ? r->current : r->floor;
    if (simulated_below(random, 3) == 0) { /* and another one while it is opened again */
        pt_error error = {0};
        r->process = simulated_disk_process(r->disk);
        simulated_disk_crash_at(r->disk, simulated_below(random, 12));
        (void)crash_open(r, &error);
        if (!crash_stopped(r)) simulated_disk_crash_at(r->disk, 0);
        bool opened = r->store != NULL;
        int found = opened ? crash_which(r, &r->store->base) : -1;
        if (opened && found < (int)low)
            return crash_violated(r, "entry %d found, at least %u was promised", found, low);
        crash_close(r);
        if (mode == SIMULATED_KILL && !opened) low = r->floor;
        if (opened) low = (u32)found; /* what a writer saw stays */
        mode = (int)simulated_disk_crash(r->disk, simulated_next(random));
        r->counts->crashes++;
        r->counts->modes[mode]++;
    }
    if (r->disk->misuse)
        return crash_violated(r, "%llu calls on files that were not open", (unsigned long long)r->disk->misuse);
    if (r->disk->map_count) return crash_violated(r, "%u maps left behind", r->disk->map_count);
    r->process = simulated_disk_process(r->disk);
    return crash_recover(r, low, simulated_coin(random));
}

static inline void crash_end(crash_run *r) {
    crash_close(r);
    if (r->disk->misuse)
        crash_violated(r, "%llu calls on files that were not open", (unsigned long long)r->disk->misuse);
    if (r->disk->open_file_count || r->disk->lock_count || r->disk->map_count)
        crash_violated(r, "left behind: %u files, %u locks, %u maps", r->disk->open_file_count, r->disk->lock_count,
                       r->disk->map_count);
    r->counts->mutations += simulated_disk_count(r->disk, SIMULATED_MUTATING);
    simulated_disk_free(r->disk);
}

/* A whole run from one seed: up to `crashes` in a row. */
static inline void crash_random_run(crash_counts *counts, u64 seed, u32 crashes) {
    static const u64 caps[] = {1, 3000, 9000, 40000, 1 << 20};
    u64 state = seed, *random = &state;
    crash_run r;
    bool full = simulated_coin(random), background = simulated_below(random, 3) == 0;
    u64 cap = caps[simulated_below(random, PT_COUNT_OF(caps))];
    crash_begin(&r, counts, full, background, cap);
    r.disk->harsh = simulated_coin(random);
    if (simulated_below(random, 8) == 0) r.disk->clock_step = 0;
    snprintf(r.name, sizeof r.name, "seed %llu (%s, log_cap %llu%s%s)", (unsigned long long)seed,
             full ? "full" : "normal", (unsigned long long)cap, background ? ", background" : "",
             r.disk->harsh ? ", harsh" : "");
    for (u32 i = 0; i < crashes; i++) {
        u32 steps = 1 + (u32)simulated_below(random, 24);
        u64 n = simulated_below(random, 4) ? simulated_below(random, 12 * steps) : UINT64_MAX;
        if (!crash_once(&r, random, n, steps, -1)) break;
    }
    crash_end(&r);
}

#endif
