#include "live/session.h"

#include "graph/writer.h"
#include "resolve/questions.h"
#include "resolve/relink.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct pt_session {
    pt_source *source;
    pt_workspace *workspace;
    pt_package_sources packages;
    pt_world *w;
    pt_graph_ids ids;
    pt_item_resolver *resolver;
    pt_extractor *extractor;
    PT_VEC(u32) stale; /* files that are, or were */
    u64 gone;          /* definitions that went: they leave their numbers unused */
};

static int renumber(pt_session *s, const pt_graph *built, pt_store *store, pt_error *error) {
    struct pt_graph_writer *writer =
        store->engine->append && store->engine->writer ? store->engine->writer(store) : NULL;
    if (!writer) return pt_fail(error, PT_ELIMIT, "%s takes whole states only", store->engine->name);
    pt_reader *reader;
    int code = pt_reader_open(&reader, writer, error); /* a checkpoint beside us may put another base below */
    if (code) return code;
    code = pt_graph_ids_move(&s->ids, built, pt_reader_enter(reader), error);
    pt_reader_leave(reader);
    pt_reader_close(reader);
    return code;
}

int pt_session_create(pt_session **out, pt_source *source, pt_workspace *workspace, pt_package_sources *packages,
                      pt_world *world, pt_graph_ids *ids, const pt_graph *built, pt_store *store, pt_error *error) {
    pt_session *s = *out = pt_calloc(1, sizeof *s);
    if (!s) {
        pt_world_destroy(world);
        pt_package_sources_free(packages);
        pt_workspace_destroy(workspace);
        pt_source_close(source);
        pt_graph_ids_free(ids);
        return pt_fail(error, PT_ENOMEM, "out of memory");
    }
    *s = (pt_session){source, workspace, *packages, world, *ids, NULL, NULL, {0}, 0};
    *packages = (pt_package_sources){0};
    *ids = (pt_graph_ids){0};
    int code = renumber(s, built, store, error);
    if (!code) code = pt_world_begin_following(world);
    if (!code) code = pt_item_resolver_create(&s->resolver, world, error);
    if (!code && !(s->extractor = pt_extractor_create())) code = pt_fail(error, PT_ENOMEM, "out of memory");
    if (code) {
        pt_session_destroy(s);
        *out = NULL;
    }
    return code;
}

void pt_session_destroy(pt_session *s) {
    if (!s) return;
    pt_item_resolver_destroy(s->resolver);
    pt_extractor_destroy(s->extractor);
    pt_graph_ids_free(&s->ids);
    pt_vec_free(&s->stale);
    pt_world_destroy(s->w);
    pt_package_sources_free(&s->packages);
    pt_workspace_destroy(s->workspace);
    pt_source_close(s->source);
    pt_free(s);
}

static bool is_source(const char *path) {
    size_t n = strlen(path);
    return n > 3 && strcmp(path + n - 3, ".rs") == 0;
}

/* Cargo finds targets by where their files are: below the folder of a package. */
static bool may_be_target(const pt_session *s, const char *path) {
    static const char *const folders[] = {"tests/", "benches/", "examples/", "src/bin/"};
    static const char *const files[] = {"src/main.rs", "src/lib.rs", "build.rs"};
    for (u32 i = 0; i < s->workspace->packages.count; i++) {
        const char *folder = s->workspace->packages.data[i].folder, *below = path;
        size_t length = strlen(folder);
        if (length && strcmp(folder, ".") != 0) {
            if (strncmp(path, folder, length) != 0 || path[length] != '/') continue;
            below += length + 1;
        }
        for (u32 k = 0; k < PT_COUNT_OF(files); k++)
            if (strcmp(below, files[k]) == 0) return true;
        for (u32 k = 0; k < PT_COUNT_OF(folders); k++) {
            size_t n = strlen(folders[k]);
            if (strncmp(below, folders[k], n) != 0) continue;
            const char *slash = strchr(below + n, '/'); /* a file of its own, or main.rs of a folder */
            if (!slash || strcmp(slash, "/main.rs") == 0) return true;
        }
    }
    return false;
}

/* Does a manifest name it: a target that was not there yet? */
static bool is_named(const pt_session *s, const char *path) {
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    bool named = false;
    for (u32 i = 0; i < s->workspace->packages.count && !named; i++) {
        char manifest[4200];
        const char *folder = s->workspace->packages.data[i].folder;
        snprintf(manifest, sizeof manifest, "%s%sCargo.toml", folder, *folder ? "/" : "");
        pt_file_stamp stamp;
        pt_error ignored;
        char *text;
        u32 length;
        if (pt_source_read(s->source, &text, &length, &stamp, manifest, &ignored)) continue;
        named = strstr(text, name) != NULL; /* zero bytes stand behind it */
        pt_free(text);
    }
    return named;
}

/* All files of the world with a path: one, unless it belongs to targets of several editions. */
static int follow_path(pt_session *s, pt_changes *changes, const char *path, pt_error *error) {
    static const u16 editions[] = {2015, 2018, 2021, 2024};
    u32 file = PT_NONE, found = 0;
    for (u32 i = 0; i < PT_COUNT_OF(editions); i++) {
        u32 index = pt_world_file(s->w, path, editions[i]);
        if (index != PT_NONE) file = index, found++;
    }
    if (!found && !is_source(path)) return pt_fail(error, PT_ELIMIT, "%s changed", path);
    if (!found && (s->workspace->loose.count || may_be_target(s, path)))
        return pt_fail(error, PT_ELIMIT, "%s is new", path);
    if (!found || (found == 1 && s->w->files.data[file].is_away)) {
        bool wanted = pt_world_file_came(s->w, changes, path);
        if (!wanted && !found && is_named(s, path)) return pt_fail(error, PT_ELIMIT, "%s is new", path);
        return PT_OK; /* if no module wants it, it is nobody's */
    }
    if (found > 1) return pt_fail(error, PT_ELIMIT, "%s is of several editions", path);
    if (file < s->w->external_file_count) return pt_fail(error, PT_ELIMIT, "%s belongs to a dependency", path);
    pt_file_stamp stamp;
    pt_error why;
    char *text;
    u32 length, size;
    void *block;
    int code = pt_source_read(s->source, &text, &length, &stamp, path, &why);
    if (code == PT_ENOMEM) return pt_fail(error, code, "out of memory");
    if (code && pt_source_is_file(s->source, path)) return pt_fail(error, PT_ELIMIT, "%s can't be read", path);
    if (code) {
        pt_world_file_went(s->w, changes, file);
        return changes->whole ? pt_fail(error, PT_ELIMIT, "%s: %s", path, changes->whole) : PT_OK;
    }
    pt_file *known = &s->w->files.data[file];
    pt_hash128 hash = pt_hash128_bytes(text, length);
    if (!known->read_code && known->facts.header && stamp.size == known->stamp.size &&
        stamp.mtime_ns == known->stamp.mtime_ns &&
        pt_hash128_equal(hash, known->facts.header->text_hash)) { /* known already */
        known->is_stale = false;
        pt_free(text);
        return PT_OK;
    }
    code = pt_extract(&block, &size, s->extractor, text, length, s->w->files.data[file].edition, PT_TEXT_ITEMS);
    if (code) {
        pt_free(text);
        return code == PT_ENOMEM ? pt_fail(error, code, "out of memory")
                                 : pt_fail(error, PT_ELIMIT, "%s is too large", path);
    }
    if (!((const pt_facts_header *)block)->balanced && known->good_text) { /* until its braces are balanced again */
        known->is_stale = true;
        known->stale_hash = hash;
        bool listed = false;
        for (u32 i = 0; i < s->stale.count && !listed; i++) listed = s->stale.data[i] == file;
        if (!listed) pt_vec_push(&s->stale, file);
        pt_free(text);
        pt_free(block);
        return PT_OK;
    }
    code = pt_world_follow(s->w, changes, file, text, length, stamp, block, size);
    if (code) return pt_fail(error, code, "out of memory");
    return changes->whole ? pt_fail(error, PT_ELIMIT, "%s: %s", path, changes->whole) : PT_OK;
}

static int by_place(const void *a, const void *b, void *world) {
    const pt_world *w = world;
    const pt_def *x = &w->defs.data[*(const u32 *)a], *y = &w->defs.data[*(const u32 *)b];
    if (x->instance != y->instance) return x->instance < y->instance ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

static int by_number(const void *a, const void *b) {
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

typedef PT_VEC(u32) number_list;
static void sort_numbers(number_list *v) {
    u32 kept = 0;
    if (v->count) qsort(v->data, v->count, sizeof(u32), by_number);
    for (u32 i = 0; i < v->count; i++)
        if (!kept || v->data[kept - 1] != v->data[i]) v->data[kept++] = v->data[i];
    v->count = kept;
}

typedef struct ripple {
    pt_session *s;
    number_list defs, keys; /* to resolve; questions that are not asked for yet */
} ripple;
static void ask_again(void *payload, u32 def, bool own) {
    ripple *r = payload;
    if (r->s->w->defs.data[def].flags & PT_DEF_ABSENT) return;
    pt_vec_push(&r->defs, def);
    /* what others see of it may be another, too */
    if (own) pt_vec_push(&r->keys, pt_question(PT_ASK_INTERFACE, def, 0));
}

/* What has to be resolved again: what was edited, and who asked what has another answer now; by instance, each once. */
static void spread(ripple *r, const pt_changes *changes) {
    pt_world *w = r->s->w;
    number_list asked = {0};
    for (u32 i = 0; i < changes->defs.count; i++) {
        const pt_changed_def *c = &changes->defs.data[i];
        if (w->defs.data[c->def].kind == PT_KIND_METHOD && pt_item_resolver_method(r->s->resolver, c->def))
            pt_vec_push(&r->keys, pt_question(PT_ASK_NAMESAKES, w->defs.data[c->def].name, 0));
        if (c->other & (PT_OTHER_TEXT | PT_OTHER_INTERFACE | PT_DEF_ADDED) &&
            !(w->defs.data[c->def].flags & PT_DEF_ABSENT))
            pt_vec_push(&r->defs, c->def);
    }
    for (u32 i = 0; i < changes->keys.count; i++) pt_vec_push(&r->keys, changes->keys.data[i]);
    while (r->keys.count && !pt_alloc_failed()) {
        number_list now = {0};
        sort_numbers(&r->keys);
        for (u32 i = 0; i < r->keys.count; i++)
            if (!asked.count || !bsearch(&r->keys.data[i], asked.data, asked.count, sizeof(u32), by_number))
                pt_vec_push(&now, r->keys.data[i]);
        for (u32 i = 0; i < now.count; i++) pt_vec_push(&asked, now.data[i]);
        sort_numbers(&asked);
        r->keys.count = 0;
        pt_questions_askers(w->questions, now.data, now.count, ask_again, r);
        pt_vec_free(&now);
    }
    pt_vec_free(&asked);
    sort_numbers(&r->defs);
    if (r->defs.count) qsort_r(r->defs.data, r->defs.count, sizeof(u32), by_place, w);
}

/* What external paths are thought to be, by what is said of them, before and after. */
typedef struct kind_watch {
    number_list said; /* by what is resolved again or went */
    u8 *before;
    u32 count;
} kind_watch;

static void add_keys(number_list *out, const pt_questions *q, u32 def) {
    u32 index = def - q->first_def;
    if (index >= q->runs.count) return;
    const pt_asked_run r = q->runs.data[index];
    const u32 *keys = pt_asked_keys(q, r);
    for (u32 k = 0; k < r.count; k++) pt_vec_push(out, keys[k]);
}

static void watch_kinds(kind_watch *k, pt_session *s, const pt_changes *changes, const ripple *r) {
    k->count = pt_interner_count(s->w->external_paths);
    k->before = pt_malloc((size_t)k->count + 1);
    for (u32 i = 1; k->before && i < k->count; i++) k->before[i] = pt_def_kind(s->w, i | PT_EXTERNAL_BIT);
    for (u32 i = 0; i < r->defs.count; i++) add_keys(&k->said, s->w->questions, r->defs.data[i]);
    for (u32 i = 0; i < changes->defs.count; i++)
        if (changes->defs.data[i].other & PT_DEF_REMOVED)
            add_keys(&k->said, s->w->questions, changes->defs.data[i].def);
}

static void compare_kinds(kind_watch *k, pt_session *s, pt_changes *changes, const ripple *r) {
    number_list now = {0}, lost = {0};
    for (u32 i = 0; i < r->defs.count; i++) add_keys(&now, s->w->questions, r->defs.data[i]);
    sort_numbers(&now);
    sort_numbers(&k->said);
    for (u32 i = 0; i < k->said.count; i++)
        if (!now.count || !bsearch(&k->said.data[i], now.data, now.count, sizeof(u32), by_number))
            pt_vec_push(&lost, k->said.data[i]);
    for (u32 i = 0; i < changes->defs.count; i++)
        if (changes->defs.data[i].other & PT_DEF_REMOVED)
            pt_questions_set(s->w->questions, changes->defs.data[i].def, NULL, 0, 0);
    if (lost.count) pt_world_unsay_kinds(s->w, lost.data, lost.count);
    for (u32 i = 1; k->before && i < k->count; i++)
        if (k->before[i] != pt_def_kind(s->w, i | PT_EXTERNAL_BIT)) pt_vec_push(&changes->kinds, i | PT_EXTERNAL_BIT);
    pt_vec_free(&now);
    pt_vec_free(&lost);
}

typedef struct making {
    pt_session *s;
    const pt_changes *changes;
    const pt_item_sites *sites;
    pt_graph_info after;
} making;

static int make(void *payload, pt_delta_builder *out, const pt_graph *before, pt_error *error) {
    making *m = payload;
    int code =
        pt_graph_amend(out, &m->s->ids, m->s->w, before, m->changes, m->sites, before->info.generation + 1, error);
    m->after = out->head.info;
    return code;
}

static int append(pt_session *s, pt_session_report *report, pt_store *store, const pt_changes *changes,
                  const pt_item_sites *sites, pt_error *error) {
    PT_VEC(pt_kept_file) files = {0};
    number_list kept = {0};
    for (u32 i = 0; i < changes->files.count; i++) pt_vec_push(&kept, changes->files.data[i].file);
    for (u32 i = 0; i < changes->new_files.count; i++) pt_vec_push(&kept, changes->new_files.data[i]);
    for (u32 i = 0; i < changes->gone_files.count; i++) pt_vec_push(&kept, changes->gone_files.data[i]);
    sort_numbers(&kept);
    for (u32 i = 0; i < kept.count; i++) {
        const pt_file *f = &s->w->files.data[kept.data[i]];
        if (f->is_away) pt_vec_push(&files, (pt_kept_file){.path = f->path, .edition = f->edition});
        else
            pt_vec_push(&files, (pt_kept_file){f->path, f->edition, f->stamp, f->facts.header->text_hash, f->block,
                                               f->block_size, false});
    }
    making m = {s, changes, sites, {0}};
    pt_append batch = {make, &m, files.data, files.count};
    int code =
        pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory") : store->engine->append(store, &batch, error);
    pt_vec_free(&files);
    pt_vec_free(&kept);
    report->generation = m.after.generation;
    report->nodes = m.after.local_nodes + (u64)m.after.external_nodes;
    report->edges = m.after.edges;
    return code;
}

static int as_it_was(pt_session_report *report, pt_store *store, pt_error *error) {
    pt_store_stats stats;
    int code = store->engine->stats(store, &stats, error);
    report->generation = stats.generation;
    report->nodes = stats.nodes;
    report->edges = stats.edges;
    return code;
}

enum { MOST_UNSEEN = 16, UNSEEN_MS = 25 };

static bool is_empty(pt_session *s, const char *path) {
    pt_file_stamp stamp;
    return pt_source_stat(s->source, &stamp, path) == PT_OK && stamp.size == 0;
}

/* A file that was saved while the batch ran, found out because its text was needed: it belongs to the batch. */
static int take_unseen(pt_session *s, pt_changes *changes, pt_error *error) {
    const pt_file *f = &s->w->files.data[s->w->lacking];
    for (u32 i = 0; i < changes->files.count; i++)
        if (changes->files.data[i].file == s->w->lacking)
            return pt_fail(error, PT_ELIMIT, "%s was saved twice", f->path);
    char path[4096];
    snprintf(path, sizeof path, "%s", f->path);
    /* whoever writes it has not closed it yet: nothing is what stands there between two moments of most savers */
    for (u32 waited = 0; waited < UNSEEN_MS && is_empty(s, path); waited++) {
        struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
    }
    return follow_path(s, changes, path, error);
}

/* From what changed to what its items assert now. */
static int resolve(pt_session *s, pt_session_report *report, pt_changes *changes, pt_item_sites *sites,
                   pt_error *error) {
    int code = PT_EBUSY;
    for (u32 round = 0; code == PT_EBUSY && round < MOST_UNSEEN; round++) {
        u64 mark = pt_now_us();
        ripple r = {.s = s};
        kind_watch kinds = {0};
        code = round ? take_unseen(s, changes, error) : PT_OK;
        if (!code && pt_world_relink(s->w, changes)) code = pt_fail(error, PT_ENOMEM, "out of memory");
        if (!code && changes->whole) code = pt_fail(error, PT_ELIMIT, "%s", changes->whole);
        report->relink_us += pt_now_us() - mark;
        mark = pt_now_us();
        if (!code) spread(&r, changes);
        if (!code && r.defs.count > 1000 + s->w->questions->runs.count / 8)
            code = pt_fail(error, PT_ELIMIT, "%u items would have to be resolved again", r.defs.count);
        report->items = r.defs.count;
        pt_item_sites_free(sites);
        *sites = (pt_item_sites){0};
        if (!code) watch_kinds(&kinds, s, changes, &r);
        if (!code) code = pt_resolve_items(sites, s->resolver, r.defs.data, r.defs.count, error);
        if (!code) compare_kinds(&kinds, s, changes, &r);
        pt_vec_free(&kinds.said);
        pt_free(kinds.before);
        pt_vec_free(&r.defs);
        pt_vec_free(&r.keys);
        report->resolve_us += pt_now_us() - mark;
    }
    return code == PT_EBUSY ? PT_ELIMIT : code;
}

int pt_session_batch(pt_session *s, pt_session_report *report, pt_store *store, const char *const *paths, u32 count,
                     pt_error *error) {
    pt_changes changes = {0};
    pt_item_sites sites = {0};
    u64 mark = pt_now_us();
    int code = PT_OK;
    *report = (pt_session_report){0};
    pt_alloc_clear();
    for (u32 i = 0; !code && i < count; i++)
        if (!i || strcmp(paths[i - 1], paths[i]) != 0) code = follow_path(s, &changes, paths[i], error);
    report->read_us = pt_now_us() - mark;
    if (!code) code = resolve(s, report, &changes, &sites, error);
    report->files = changes.files.count + changes.new_files.count;
    report->bodies = (u32)sites.found.bodies;
    report->sites = sites.found.sites.count;
    mark = pt_now_us();
    bool nothing = !changes.defs.count && !changes.files.count && !changes.new_files.count && !changes.gone_files.count;
    if (!code && nothing) code = as_it_was(report, store, error); /* a file that is nobody's */
    else if (!code) code = append(s, report, store, &changes, &sites, error);
    report->commit_us = pt_now_us() - mark;
    for (u32 i = 0; i < changes.defs.count; i++) s->gone += (changes.defs.data[i].other & PT_DEF_REMOVED) != 0;
    pt_world_drop_texts(s->w);
    pt_item_sites_free(&sites);
    pt_changes_free(&changes);
    return code;
}

bool pt_session_rest(pt_session *s, const char *folder, u64 least) {
    u64 definitions = s->w->defs.count - s->w->external_def_count;
    pt_error ignored; /* a full disk: then it stays in memory */
    if (s->gone > definitions / 4 + 1024) return false;
    if (pt_world_warm_bytes(s->w) > least + pt_cold_size(s->w->cold) / 8) (void)pt_world_chill(s->w, folder, &ignored);
    pt_alloc_clear();
    pt_world_forget_pages(s->w);
    return true;
}

u32 pt_session_stale(pt_session *s, const char **paths, u32 most) {
    u32 count = 0, kept = 0;
    for (u32 i = 0; i < s->stale.count; i++) {
        const pt_file *f = &s->w->files.data[s->stale.data[i]];
        if (!f->is_stale || f->is_away) continue;
        s->stale.data[kept++] = s->stale.data[i];
        if (count < most) paths[count++] = f->path;
    }
    s->stale.count = kept;
    return count;
}

void pt_session_memory(const pt_session *s, pt_memory_row *rows) {
    pt_world_memory(s->w, rows);
    rows[PT_WORLD_MEMORY_ROWS] = (pt_memory_row){
        "ids of the graph", (u64)s->ids.node_of.capacity * sizeof(u32) + (u64)s->ids.anchor_of.capacity * sizeof(u32) +
                                (u64)s->ids.node_of_external.capacity * sizeof(u32) +
                                (u64)s->ids.file_of.capacity * sizeof(u32)};
}
