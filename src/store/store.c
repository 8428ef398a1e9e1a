#include "store/store.h"

#include "graph/fold.h"

#include <stdio.h>
#include <sys/random.h>

static const pt_store_engine *const engines[] = {&pt_native_engine, &pt_sqlite_engine, NULL};

const pt_store_engine *const *pt_store_engines(void) { return engines; }

int pt_store_parse(const pt_store_engine **engine, const char **location, const char *uri, pt_error *error) {
    const char *colon = strchr(uri, ':');
    char names[256] = "";
    for (u32 i = 0; engines[i]; i++) {
        size_t n = strlen(engines[i]->name);
        if (colon && (size_t)(colon - uri) == n && strncmp(uri, engines[i]->name, n) == 0 && colon[1]) {
            *engine = engines[i];
            *location = colon + 1;
            return PT_OK;
        }
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s:", i ? ", " : "", engines[i]->name);
    }
    return pt_fail(error, PT_EUSAGE, "%s: not a store URI; this build has %s", uri, names);
}

int pt_store_open(pt_store **out, const char *uri, int mode, pt_error *error) {
    const pt_store_engine *engine;
    const char *location;
    *out = NULL;
    int code = pt_store_parse(&engine, &location, uri, error);
    return code ? code : engine->open(out, location, mode, error);
}

void pt_store_close(pt_store *store) {
    if (store) store->engine->close(store);
}

typedef struct kept_list {
    PT_VEC(pt_kept_file) files;
    pt_arena arena;
} kept_list;
static int keep_file(void *payload, const pt_kept_file *file) {
    kept_list *l = payload;
    pt_kept_file f = *file;
    char *facts = f.facts ? pt_arena_alloc(&l->arena, f.facts_size) : NULL;
    f.path = pt_arena_copy(&l->arena, file->path, strlen(file->path));
    if (!f.path || (f.facts && !facts)) return PT_ENOMEM;
    if (facts) memcpy(facts, file->facts, f.facts_size);
    f.facts = facts;
    f.unchanged = false;
    return pt_vec_push(&l->files, f) ? PT_OK : PT_ENOMEM;
}

int pt_store_copy(pt_store *from, const char *to_uri, pt_error *error) {
    kept_list list = {0};
    pt_store *to = NULL;
    pt_graph *there = NULL, *held = NULL, *whole = NULL;
    pt_store_stats stats;
    void *image = NULL;
    u64 size;
    int code = from->engine->load_graph(from, &held, error);
    if (!code) code = from->engine->stats(from, &stats, error);
    if (!code) code = from->engine->each_file(from, true, keep_file, &list, error);
    if (!code)
        code = pt_fold_image(&image, &size, held, error); /* what came since its base is part of the base there */
    if (!code) code = pt_graph_open(&whole, image, size, true, false, error);
    if (!code) code = pt_store_open(&to, to_uri, PT_STORE_WRITE | PT_STORE_FULL, error);
    if (!code) {
        code = to->engine->load_graph(to, &there, NULL);
        code = !code                  ? pt_fail(error, PT_EUSAGE, "%s: a graph is there already", to_uri)
               : code == PT_ENOTFOUND ? PT_OK
                                      : pt_fail(error, code, "%s: something else is there", to_uri);
    }
    if (!code) {
        pt_batch batch = {whole, NULL, list.files.data, list.files.count, stats.fingerprint};
        code = to->engine->commit(to, &batch, error);
    }
    pt_graph_close(there);
    pt_graph_close(whole);
    pt_graph_close(held);
    pt_store_close(to);
    pt_vec_free(&list.files);
    pt_arena_free(&list.arena);
    return code;
}

void pt_store_make_uuid(char out[40]) {
    u8 b[16] = {0};
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b) {
        u64 now = pt_now_ns();
        memcpy(b, &now, sizeof now);
    }
    b[6] = (u8)((b[6] & 0x0f) | 0x40);
    b[8] = (u8)((b[8] & 0x3f) | 0x80);
    snprintf(out, 40, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
             b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
