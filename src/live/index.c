#include "live/index.h"
#include "resolve/questions.h"

#include "base/parallel.h"
#include "graph/fold.h"
#include "workspace/dependencies.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct known_file {
    char *path;
    u32 edition;
    pt_file_stamp stamp;
    void *facts;
    u32 size;
    bool taken;
    bool doubted; /* from a damaged store: good when the file's bytes are those it was read from */
} known_file;

typedef struct known_set {
    PT_VEC(known_file) files; /* sorted by (path, edition) */
    const char *root;         /* of what is doubted */
    const pt_index_options *options;
    u32 salvaged;
    pt_error *error;
} known_set;

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }
/* Size and time of a file say nothing when it is known to have changed: two saves may share both. */
static bool is_doubted(const known_set *k, const char *path) {
    const pt_index_options *o = k->options;
    return o->repair || o->doubt_all ||
           (o->changed_count && bsearch(&path, o->changed, o->changed_count, sizeof *o->changed, by_text));
}

static int remember(void *payload, const pt_kept_file *f) {
    known_set *k = payload;
    known_file copy = {pt_strndup(f->path, strlen(f->path)),
                       f->edition,
                       f->stamp,
                       pt_malloc(f->facts_size),
                       f->facts_size,
                       false,
                       is_doubted(k, f->path)};
    pt_facts facts;
    bool held = copy.path && copy.facts;
    if (held) memcpy(copy.facts, f->facts, f->facts_size);
    /* facts of another version, or damaged: the file is read again */
    if (held && pt_facts_open(&facts, copy.facts, copy.size, true, NULL) == PT_OK && pt_vec_push(&k->files, copy))
        return PT_OK;
    pt_free(copy.path);
    pt_free(copy.facts);
    return pt_alloc_failed() ? pt_fail(k->error, PT_ENOMEM, "%s: out of memory", f->path) : PT_OK;
}

static known_file *look_up(known_set *k, const char *path, u32 edition) {
    u32 low = 0, high = k->files.count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        int order = strcmp(k->files.data[middle].path, path);
        if (!order) order = k->files.data[middle].edition < edition ? -1 : k->files.data[middle].edition > edition;
        if (!order) return &k->files.data[middle];
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

/* Are these the facts of the bytes that stand in the file now? */
static bool is_of(const char *root, const known_file *f) {
    char path[4096], *text;
    u32 length;
    snprintf(path, sizeof path, "%s/%s", root, f->path);
    if (pt_file_read(&text, &length, path, 256 << 20, NULL)) return false;
    pt_hash128 hash = pt_hash128_bytes(text, length);
    pt_free(text);
    return pt_hash128_equal(hash, ((const pt_facts_header *)f->facts)->text_hash);
}

static bool find_known(void *payload, const char *path, u32 edition, pt_file_stamp *stamp, void **block, u32 *size) {
    known_file *f = look_up(payload, path, edition);
    if (!f || f->stamp.size != stamp->size || f->stamp.mtime_ns != stamp->mtime_ns || !stamp->mtime_ns) return false;
    known_set *k = payload;
    if (f->doubted && !is_of(k->root, f)) return false;
    if (__atomic_exchange_n(&f->taken, true, __ATOMIC_RELAXED)) return false;
    if (f->doubted) __atomic_add_fetch(&k->salvaged, 1, __ATOMIC_RELAXED);
    *block = f->facts;
    *size = f->size;
    return true;
}

static int by_known(const void *a, const void *b) {
    const known_file *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : x->edition < y->edition ? -1 : x->edition > y->edition;
}

static void forget(known_set *k) {
    for (u32 i = 0; i < k->files.count; i++) {
        pt_free(k->files.data[i].path);
        if (!k->files.data[i].taken) pt_free(k->files.data[i].facts);
    }
    pt_vec_free(&k->files);
}

/* What of the manifests the graph depends on. */
static u64 fingerprint_of(const pt_workspace *w, const char *std_interface) {
    pt_buffer b = {0};
    pt_buffer_format(&b, "%u\n%s\n", PT_EXTRACTOR_VERSION, std_interface ? "std" : "");
    for (u32 i = 0; i < w->packages.count; i++) {
        const pt_package *p = &w->packages.data[i];
        pt_buffer_format(&b, "p %s %s %s %u\n", p->name, p->version, p->folder, p->edition);
        for (u32 d = 0; d < p->dependencies.count; d++)
            pt_buffer_format(&b, "d %s %s %u %u %s\n", p->dependencies.data[d].name, p->dependencies.data[d].package,
                             p->dependencies.data[d].kind, p->dependencies.data[d].target_package,
                             p->dependencies.data[d].version ? p->dependencies.data[d].version : "");
        for (u32 f = 0; f < p->asked.count; f++) pt_buffer_format(&b, "a %s\n", p->asked.data[f]);
        for (u32 f = 0; f < p->features.count; f++) pt_buffer_format(&b, "f %s\n", p->features.data[f]);
    }
    for (u32 i = 0; i < w->targets.count; i++)
        pt_buffer_format(&b, "t %s %s %u %u\n", w->targets.data[i].name, w->targets.data[i].path,
                         w->targets.data[i].kind, w->targets.data[i].edition);
    for (u32 i = 0; i < w->loose.count; i++) pt_buffer_format(&b, "l %s\n", w->loose.data[i]);
    for (u32 i = 0; i < w->problems.count; i++) pt_buffer_format(&b, "x %s\n", w->problems.data[i]);
    u64 h = pt_hash_bytes(b.data, b.count) & 0x7fffffffffffffffu;
    pt_buffer_free(&b);
    return h;
}

void pt_index_stale(pt_index_list *stale, const pt_graph *g, const char *root) {
    char path[4096];
    for (u32 i = 0; i < g->file_count; i++) {
        const pt_graph_file *f = pt_file_at(g, i);
        if (!f->path) continue;
        pt_file_stamp stamp;
        snprintf(path, sizeof path, "%s/%s", root, pt_graph_string(g, f->path));
        bool there = pt_file_stat(&stamp, path) == PT_OK;
        if (f->unreadable ? there && (stamp.size != f->size || stamp.mtime_ns != f->mtime_ns)
                          : !there || stamp.size != f->size || stamp.mtime_ns != f->mtime_ns)
            pt_vec_push(stale, i);
    }
}

json_t *pt_index_report_json(const pt_index_report *r, const char *store) {
    json_t *ms = json_object(), *out = json_object();
    const struct {
        const char *name;
        u64 us;
    } stages[] = {{"discover", r->discover_us}, {"dependencies", r->dependencies_us},
                  {"read", r->read_us},         {"resolve", r->resolve_us},
                  {"graph", r->graph_us},       {"commit", r->commit_us},
                  {"total", r->total_us}};
    for (u32 i = 0; i < PT_COUNT_OF(stages); i++)
        json_object_set_new_nocheck(ms, stages[i].name, json_real((double)(stages[i].us - stages[i].us % 10) / 1000));
    const struct {
        const char *name;
        u64 value;
    } numbers[] = {{"packages", r->packages},
                   {"targets", r->targets},
                   {"files", r->files},
                   {"files_read", r->files_read},
                   {"lines", r->lines},
                   {"bytes", r->bytes},
                   {"definitions", r->definitions},
                   {"expansions", r->expansions},
                   {"bodies", r->bodies},
                   {"nodes", r->nodes},
                   {"edges", r->edges},
                   {"candidates", r->candidates},
                   {"sites", r->sites},
                   {"unresolved", r->unresolved},
                   {"unread", r->unread},
                   {"problems", r->problems},
                   {"dependencies", r->dependencies},
                   {"dependencies_absent", r->dependencies_absent},
                   {"rows_written", r->rows_written}};
    json_object_set_new_nocheck(out, "query", json_string("index"));
    json_object_set_new(out, "store", store ? json_string(store) : json_null());
    json_object_set_new_nocheck(out, "generation", json_integer((json_int_t)r->generation));
    json_object_set_new_nocheck(out, "up_to_date", json_boolean(r->up_to_date));
    json_object_set_new_nocheck(out, "rebuilt", json_boolean(r->rebuilt));
    for (u32 i = 0; i < PT_COUNT_OF(numbers); i++)
        json_object_set_new_nocheck(out, numbers[i].name, json_integer((json_int_t)numbers[i].value));
    json_object_set_new_nocheck(out, "ms", ms);
    return out;
}

static int by_kept(const void *a, const void *b) {
    const pt_kept_file *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : x->edition < y->edition ? -1 : x->edition > y->edition;
}

static int commit(pt_store *store, pt_graph *graph, const pt_graph *previous, const pt_world *w, u64 fingerprint,
                  pt_error *error) {
    PT_VEC(pt_kept_file) files = {0};
    for (u32 i = w->external_file_count; i < w->files.count; i++) {
        const pt_file *f = &w->files.data[i];
        if (f->is_expansion || f->read_code || !f->block) continue;
        pt_kept_file k = {f->path,  f->edition,    f->stamp,    f->facts.header->text_hash,
                          f->block, f->block_size, f->is_cached};
        pt_vec_push(&files, k);
    }
    if (files.count) qsort(files.data, files.count, sizeof(pt_kept_file), by_kept);
    pt_batch batch = {graph, previous, files.data, files.count, fingerprint};
    int code =
        pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory") : store->engine->commit(store, &batch, error);
    pt_vec_free(&files);
    return code;
}

/* Where what was read of dependencies is kept for all workspaces; false: nowhere. */
static bool cache_folder(char *out, size_t size) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0] == '/') return snprintf(out, size, "%s/parseltongue/segments", cache) < (int)size;
    if (home && home[0] == '/') return snprintf(out, size, "%s/.cache/parseltongue/segments", home) < (int)size;
    return false;
}

static void tell(const pt_index_options *o, const char *stage, u32 done, u32 total) {
    if (o->progress) o->progress(o->payload, stage, done, total);
}

int pt_index_prepare_folder(const char *uri, pt_error *error) {
    const char *location = strchr(uri, ':');
    char folder[4096], ignore[4200];
    snprintf(folder, sizeof folder, "%s", location ? location + 1 : uri);
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder) return PT_OK;
    *slash = 0;
    if (mkdir(folder, 0755) == 0) { /* its name goes to the disk before what is in it */
        char *end = strrchr(folder, '/');
        int parent = -1;
        if (end && end != folder) {
            *end = 0;
            parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            *end = '/';
        }
        if (parent >= 0) {
            (void)fsync(parent);
            close(parent);
        }
    } else return access(folder, W_OK) == 0 ? PT_OK : pt_fail(error, PT_EIO, "%s: cannot be made or written", folder);
    const char *name = strrchr(folder, '/');
    if (!name || strcmp(name + 1, ".parseltongue") != 0) return PT_OK;
    snprintf(ignore, sizeof ignore, "%s/.gitignore", folder);
    return pt_file_write(ignore, "*\n", 2, error);
}

/* Is what was built now another state than the one that is committed? A file may have been saved since. */
static bool differs(const pt_graph *before, const pt_graph *after, pt_error *error) {
    pt_delta_builder d;
    u64 changed = 0;
    int code = pt_delta_between(&d, &changed, before, after, after->info.generation, error);
    bool same = !code && !changed && !d.files.count && !d.anchors.count && !d.positions.count && !d.head.replaced;
    pt_delta_builder_free(&d);
    return !same;
}

int pt_index(pt_graph **graph, pt_index_report *report, const pt_index_options *o, pt_error *error) {
    pt_source *source = NULL;
    pt_workspace *workspace = NULL;
    pt_world *world = NULL;
    pt_store *store = NULL;
    pt_graph *previous = NULL, *built = NULL;
    pt_sites sites = {0};
    pt_graph_ids ids = {0};
    pt_package_sources packages = {0};
    char cache[4096];
    known_set known = {.error = error, .options = o};
    pt_store_stats stats = {0};
    u64 start = pt_now_us(), mark = start;
    u32 threads = o->threads ? o->threads : pt_processor_count();
    struct stat status;
    *report = (pt_index_report){0};
    if (o->session) *o->session = NULL;
    if (graph) *graph = NULL;
    pt_alloc_clear();
    tell(o, "discover", 0, 0);
    bool dump = strcmp(o->path, "-") == 0 || (stat(o->path, &status) == 0 && S_ISREG(status.st_mode));
    int code = dump ? pt_source_open_dump(&source, o->path, error) : pt_source_open_folder(&source, o->path, error);
    if (!code) code = pt_workspace_read(&workspace, source, error);
    if (code) goto end;
    report->packages = workspace->packages.count;
    report->targets = workspace->targets.count;
    report->problems = workspace->problems.count;
    if (!o->no_dependencies) code = pt_find_packages(&packages, workspace, source, error);
    if (code) goto end;
    u64 fingerprint = fingerprint_of(workspace, o->std_interface);
    known.root = pt_source_root(source);
    if (o->store || o->opened) {
        int mode = PT_STORE_WRITE | (o->full ? PT_STORE_FULL : 0);
        if (!o->opened) code = pt_index_prepare_folder(o->store, error);
        if (!code && o->repair) {
            const pt_store_engine *engine;
            const char *location;
            code = pt_store_parse(&engine, &location, o->store, error);
            /* what cannot be read at all gives nothing: the sources are there */
            if (!code && engine->salvage && engine->salvage(location, remember, &known, NULL) == PT_ENOMEM)
                code = pt_fail(error, PT_ENOMEM, "out of memory");
            if (known.files.count) qsort(known.files.data, known.files.count, sizeof(known_file), by_known);
            if (!code) code = engine->reset(location, error);
            report->rebuilt = true;
        }
        if (o->opened) store = o->opened;
        else if (!code) code = pt_store_open(&store, o->store, mode, error);
        if (!code) code = store->engine->stats(store, &stats, error);
        if (!code && stats.generation) code = store->engine->load_graph(store, &previous, error);
        if (!code && stats.generation && !dump && !o->rebuild && !o->force && !o->only_session &&
            stats.fingerprint == fingerprint) {
            pt_index_list stale = {0};
            pt_index_stale(&stale, previous, pt_source_root(source));
            bool same = !pt_alloc_failed() && stale.count == 0 && previous->info.extractor == PT_EXTRACTOR_VERSION;
            pt_vec_free(&stale);
            if (same) {
                report->up_to_date = true;
                report->files = previous->info.files;
                report->nodes = previous->info.local_nodes + (u64)previous->info.external_nodes;
                report->edges = previous->info.edges;
                report->generation = stats.generation;
                report->total_us = report->discover_us = pt_now_us() - start;
                if (graph) { /* the store's own goes with the store */
                    void *image;
                    u64 size;
                    code = pt_fold_image(&image, &size, previous, error);
                    if (!code && (code = pt_graph_open(graph, image, size, true, false, error)) != PT_OK)
                        pt_free(image);
                }
                goto end;
            }
        }
        if (!code && stats.generation && !o->rebuild)
            code = store->engine->each_file(store, true, remember, &known, error);
        if (code == PT_ECORRUPT && o->rebuild) { /* asked for: the store's own files go, nothing else */
            const pt_store_engine *engine;
            const char *location;
            pt_graph_close(previous);
            previous = NULL;
            pt_store_close(store);
            store = NULL;
            code = pt_store_parse(&engine, &location, o->store, error);
            if (!code) code = engine->reset(location, error);
            if (!code) code = pt_store_open(&store, o->store, mode, error);
            stats = (pt_store_stats){0};
            report->rebuilt = true;
        }
        if (code) goto end;
    }
    code = pt_world_create(&world, source, workspace, threads, error);
    if (!code && o->session) {
        world->is_kept = true;
        world->questions = pt_calloc(1, sizeof *world->questions);
    }
    if (!code && o->std_interface) code = pt_world_load_std(world, o->std_interface, error);
    report->discover_us = pt_now_us() - mark;
    mark = pt_now_us();
    tell(o, "dependencies", 0, 0);
    if (!code && o->std_interface && !o->no_dependencies)
        code = pt_world_load_dependencies(world, &packages, cache_folder(cache, sizeof cache) ? cache : NULL, error);
    if (code) goto end;
    for (u32 i = 0; i < world->dependencies.count; i++)
        report->dependencies += world->dependencies.data[i].crate != PT_NONE;
    for (u32 i = 0; i < workspace->packages.count; i++)
        for (u32 d = 0; d < workspace->packages.data[i].dependencies.count; d++) {
            const pt_dependency *x = &workspace->packages.data[i].dependencies.data[d];
            report->dependencies_absent += x->target_package == PT_NONE && !x->version;
        }
    report->dependencies_us = pt_now_us() - mark;
    mark = pt_now_us();
    tell(o, "read", 0, 0);
    pt_known_facts facts = {find_known, &known};
    if (!code) code = pt_world_load(world, o->rebuild || !known.files.count ? NULL : &facts, error);
    if (code) goto end;
    report->read_us = pt_now_us() - mark;
    mark = pt_now_us();
    for (u32 i = world->external_file_count; i < world->files.count; i++) {
        if (world->files.data[i].is_expansion) continue;
        report->files++;
        report->files_read += !world->files.data[i].is_cached;
    }
    report->definitions = world->defs.count - world->external_def_count;
    report->expansions = world->expansions.count;
    tell(o, "resolve", 0, 0);
    code = pt_resolve_world(&sites, world, error);
    report->resolve_us = pt_now_us() - mark;
    mark = pt_now_us();
    tell(o, "graph", 0, 0);
    report->items = world->defs.count - world->external_def_count;
    report->bodies = sites.bodies; /* the build lets go of the sites, and nobody reads texts any more */
    report->sites = sites.site_count;
    report->unresolved = sites.open_count;
    pt_world_drop_texts(world);
    if (!code) code = pt_graph_build(&built, o->session ? &ids : NULL, world, &sites, stats.generation + 1, error);
    if (code) goto end;
    report->bytes = built->info.source_bytes;
    report->lines = built->info.source_lines;
    report->unread = built->info.unread;
    report->nodes = built->node_count;
    report->edges = built->info.edges;
    report->candidates = built->info.candidates;
    report->graph_us = pt_now_us() - mark;
    mark = pt_now_us();
    pt_sites_free(&sites);
    if (store && (!o->only_session || !previous || differs(previous, built, error))) {
        tell(o, "commit", 0, 0);
        code = commit(store, built, previous, world, fingerprint, error);
        if (!code) code = store->engine->stats(store, &stats, error);
        /* it is committed: what could not be tidied up is tried again by the next commit */
        if (!code && store->engine->checkpoint) (void)store->engine->checkpoint(store, NULL);
        report->rows_written = stats.rows_written;
    }
    if (!code && o->session && o->opened) {
        pt_error ignored; /* without it the next batch is as dear as this one */
        if (pt_session_create(o->session, source, workspace, &packages, world, &ids, built, store, &ignored))
            *o->session = NULL;
        source = NULL;
        workspace = NULL;
        world = NULL;
    }
    report->salvaged = known.salvaged;
    report->generation = built->info.generation;
    report->commit_us = pt_now_us() - mark;
    report->total_us = pt_now_us() - start;
    if (!code && graph) *graph = built, built = NULL;
end:
    pt_sites_free(&sites);
    pt_graph_ids_free(&ids);
    pt_graph_close(built);
    pt_graph_close(previous);
    if (!o->opened) pt_store_close(store);
    pt_world_destroy(world);
    pt_package_sources_free(&packages);
    pt_workspace_destroy(workspace);
    pt_source_close(source);
    forget(&known);
    return code;
}
