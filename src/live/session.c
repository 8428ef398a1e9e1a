#include "live/session.h"

#include "graph/writer.h"
#include "resolve/questions.h"
#include "resolve/relink.h"

#include <stdlib.h>

struct pt_session {
    pt_source *source;
    pt_workspace *workspace;
    pt_package_sources packages;
    pt_world *w;
    pt_graph_ids ids;
    pt_item_resolver *resolver;
    pt_extractor *extractor;
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
    *s = (pt_session){source, workspace, *packages, world, *ids, NULL, NULL};
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

/* All files of the world with a path: one, unless it belongs to targets of several editions. */
static int follow_path(pt_session *s, pt_changes *changes, const char *path, pt_error *error) {
    static const u16 editions[] = {2015, 2018, 2021, 2024};
    u32 file = PT_NONE, found = 0;
    for (u32 i = 0; i < PT_COUNT_OF(editions); i++) {
        u32 index = pt_world_file(s->w, path, editions[i]);
        if (index != PT_NONE) file = index, found++;
    }
    if (!found && !is_source(path)) return pt_fail(error, PT_ELIMIT, "%s changed", path);
    if (!found) return pt_fail(error, PT_ELIMIT, "%s is new", path);
    if (found > 1) return pt_fail(error, PT_ELIMIT, "%s is of several editions", path);
    if (file < s->w->external_file_count) return pt_fail(error, PT_ELIMIT, "%s belongs to a dependency", path);
    pt_file_stamp stamp;
    pt_error why;
    char *text;
    u32 length, size;
    void *block;
    int code = pt_source_read(s->source, &text, &length, &stamp, path, &why);
    if (code == PT_ENOMEM) return pt_fail(error, code, "out of memory");
    if (code) return pt_fail(error, PT_ELIMIT, "%s can't be read any more", path);
    code = pt_extract(&block, &size, s->extractor, text, length, s->w->files.data[file].edition, PT_TEXT_ITEMS);
    if (code) {
        pt_free(text);
        return code == PT_ENOMEM ? pt_fail(error, code, "out of memory")
                                 : pt_fail(error, PT_ELIMIT, "%s is too large", path);
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
        if (c->other & PT_DEF_REMOVED) pt_questions_set(w->questions, c->def, NULL, 0, 0);
        if (w->defs.data[c->def].kind == PT_KIND_METHOD) pt_item_resolver_method(r->s->resolver, c->def);
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
    for (u32 i = 0; i < changes->files.count; i++) {
        const pt_file *f = &s->w->files.data[changes->files.data[i].file];
        pt_vec_push(&files, (pt_kept_file){f->path, f->edition, f->stamp, f->facts.header->text_hash, f->block,
                                           f->block_size, false});
    }
    making m = {s, changes, sites, {0}};
    pt_append batch = {make, &m, files.data, files.count};
    int code =
        pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory") : store->engine->append(store, &batch, error);
    pt_vec_free(&files);
    report->generation = m.after.generation;
    report->nodes = m.after.local_nodes + (u64)m.after.external_nodes;
    report->edges = m.after.edges;
    return code;
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
    report->files = changes.files.count;
    report->read_us = pt_now_us() - mark;
    mark = pt_now_us();
    if (!code && pt_world_relink(s->w, &changes)) code = pt_fail(error, PT_ENOMEM, "out of memory");
    if (!code && changes.whole) code = pt_fail(error, PT_ELIMIT, "%s", changes.whole);
    report->relink_us = pt_now_us() - mark;
    mark = pt_now_us();
    ripple r = {.s = s};
    if (!code) spread(&r, &changes);
    if (!code && r.defs.count > 1000 + s->w->questions->runs.count / 8)
        code = pt_fail(error, PT_ELIMIT, "%u items would have to be resolved again", r.defs.count);
    report->items = r.defs.count;
    if (!code) code = pt_resolve_items(&sites, s->resolver, r.defs.data, r.defs.count, error);
    if (code == PT_EBUSY) code = PT_ELIMIT;
    report->bodies = (u32)sites.found.bodies;
    report->sites = sites.found.sites.count;
    report->resolve_us = pt_now_us() - mark;
    mark = pt_now_us();
    if (!code) code = append(s, report, store, &changes, &sites, error);
    report->commit_us = pt_now_us() - mark;
    pt_world_drop_texts(s->w);
    pt_vec_free(&r.defs);
    pt_vec_free(&r.keys);
    pt_item_sites_free(&sites);
    pt_changes_free(&changes);
    return code;
}
