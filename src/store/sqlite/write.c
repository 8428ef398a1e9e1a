/* write.c: what a commit or a batch writes into the tables of sqlite.c. */
#include "store/sqlite/sqlite.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { PART = 8 << 20, KEYS = 256, BATCHES_MOST = 64 << 20, WAL_MOST = 64 << 20 };

/* Commit. */

static int step_reset(pt_sqlite_store *s, sqlite3_stmt *q, pt_error *error) {
    int step = sqlite3_step(q);
    s->rows++;
    sqlite3_reset(q);
    return step == SQLITE_DONE ? PT_OK : pt_sqlite_error(s, step, error);
}

static int put_file(pt_sqlite_store *s, sqlite3_stmt *put, const pt_kept_file *f, pt_error *error) {
    sqlite3_bind_text(put, 1, f->path, -1, SQLITE_STATIC);
    sqlite3_bind_int(put, 2, (int)f->edition);
    sqlite3_bind_int64(put, 3, (i64)f->stamp.size);
    sqlite3_bind_int64(put, 4, f->stamp.mtime_ns);
    sqlite3_bind_blob(put, 5, &f->hash, sizeof f->hash, SQLITE_STATIC);
    sqlite3_bind_blob64(put, 6, f->facts, f->facts_size, SQLITE_STATIC);
    return step_reset(s, put, error);
}

static int write_files(pt_sqlite_store *s, const pt_batch *b, pt_error *error) {
    sqlite3_stmt *put = NULL, *drop = NULL, *list = NULL;
    int code = pt_sqlite_prepare(s, &put, "INSERT OR REPLACE INTO files VALUES(?, ?, ?, ?, ?, ?)", error);
    if (!code) code = pt_sqlite_prepare(s, &drop, "DELETE FROM files WHERE rowid = ?", error);
    if (!code) code = pt_sqlite_prepare(s, &list, "SELECT rowid, path, edition FROM files", error);
    PT_VEC(i64) gone = {0};
    int step = SQLITE_DONE;
    while (!code && (step = sqlite3_step(list)) == SQLITE_ROW) {
        const char *path = (const char *)sqlite3_column_text(list, 1);
        u32 edition = (u32)sqlite3_column_int(list, 2), low = 0, high = b->file_count;
        bool found = false;
        while (low < high && !found) { /* files are sorted by (path, edition) */
            u32 middle = (low + high) / 2;
            int order = strcmp(b->files[middle].path, path);
            if (!order) order = b->files[middle].edition < edition ? -1 : b->files[middle].edition > edition;
            if (order < 0) low = middle + 1;
            else if (order > 0) high = middle;
            else found = true;
        }
        if (!found) pt_vec_push(&gone, sqlite3_column_int64(list, 0));
    }
    /* an error here may have ended the transaction: nothing may be written after it */
    if (!code && step != SQLITE_DONE) code = pt_sqlite_error(s, step, error);
    for (u32 i = 0; !code && i < gone.count; i++) {
        sqlite3_bind_int64(drop, 1, gone.data[i]);
        code = step_reset(s, drop, error);
    }
    for (u32 i = 0; !code && i < b->file_count; i++) {
        const pt_kept_file *f = &b->files[i];
        if (!f->unchanged) code = put_file(s, put, f, error);
    }
    pt_vec_free(&gone);
    sqlite3_finalize(put);
    sqlite3_finalize(drop);
    sqlite3_finalize(list);
    return code;
}

/* An item's path is made of those above it, whose impls may be named otherwise now. */
static bool same_node(const pt_graph *a, const pt_graph *b, u32 n, pt_buffer *path, pt_buffer *other) {
    const pt_graph_node *x = pt_node_at(a, n), *y = pt_node_at(b, n);
    if (!pt_hash128_equal(x->hash, y->hash) || x->kind != y->kind || x->flags != y->flags) return false;
    if (x->kind == PT_KIND_DEAD) return true;
    if (strcmp(pt_graph_string(a, x->name), pt_graph_string(b, y->name)) != 0) return false;
    pt_buffer_clear(path);
    pt_buffer_clear(other);
    pt_graph_path(a, path, n);
    pt_graph_path(b, other, n);
    return pt_str_equal(pt_buffer_view(path), pt_buffer_view(other));
}

/* The row of a node as the graph has it, or none. */
static int put_node(pt_sqlite_store *s, sqlite3_stmt *put, sqlite3_stmt *drop, const pt_graph *g, u32 n,
                    pt_buffer *path, pt_error *error) {
    const pt_graph_node *x = pt_node_at(g, n);
    if (x->kind == PT_KIND_DEAD) {
        sqlite3_bind_int64(drop, 1, n);
        return step_reset(s, drop, error);
    }
    pt_buffer_clear(path);
    pt_graph_path(g, path, n);
    if (pt_alloc_failed()) return pt_fail(error, PT_ENOMEM, "%s: out of memory", s->path);
    sqlite3_bind_int64(put, 1, n);
    sqlite3_bind_blob(put, 2, &x->hash, sizeof x->hash, SQLITE_STATIC);
    sqlite3_bind_int(put, 3, x->kind);
    sqlite3_bind_int(put, 4, x->flags);
    sqlite3_bind_text(put, 5, pt_graph_string(g, x->name), -1, SQLITE_STATIC);
    sqlite3_bind_text(put, 6, path->data, (int)path->count, SQLITE_STATIC);
    return step_reset(s, put, error);
}

static int write_nodes(pt_sqlite_store *s, const pt_graph *g, const pt_graph *old, pt_error *error) {
    sqlite3_stmt *put = NULL, *drop = NULL;
    pt_buffer path = {0}, other = {0};
    int code = pt_sqlite_prepare(s, &put, "INSERT OR REPLACE INTO nodes VALUES(?, ?, ?, ?, ?, ?)", error);
    if (!code) code = pt_sqlite_prepare(s, &drop, "DELETE FROM nodes WHERE id = ?", error);
    for (u32 n = g->node_count; !code && old && n < old->node_count; n++) {
        sqlite3_bind_int64(drop, 1, n);
        code = step_reset(s, drop, error);
    }
    for (u32 n = 0; !code && n < g->node_count; n++) {
        if (old && n < old->node_count && same_node(old, g, n, &path, &other)) continue;
        code = put_node(s, put, drop, g, n, &path, error);
    }
    pt_buffer_free(&path);
    pt_buffer_free(&other);
    sqlite3_finalize(put);
    sqlite3_finalize(drop);
    return code;
}

/* Rows of keys, put by the hundred: a statement opens its table once, however many rows it has. */
typedef struct key_writer {
    pt_sqlite_store *s;
    sqlite3_stmt *many, *one;
    u32 count;
    i64 keys[KEYS];
} key_writer;

static int key_writer_open(key_writer *k, pt_sqlite_store *s, const char *table, pt_error *error) {
    pt_buffer sql = {0};
    *k = (key_writer){.s = s};
    pt_buffer_format(&sql, "INSERT INTO %s VALUES(?)", table);
    int code = sql.data ? pt_sqlite_prepare(s, &k->one, sql.data, error) : pt_fail(error, PT_ENOMEM, "out of memory");
    for (u32 i = 1; i < KEYS; i++) pt_buffer_text(&sql, ",(?)");
    if (!code) code = pt_sqlite_prepare(s, &k->many, sql.data, error);
    pt_buffer_free(&sql);
    return code;
}

static int key_writer_flush(key_writer *k, pt_error *error) {
    int code = PT_OK;
    if (k->count == KEYS) {
        for (u32 i = 0; i < KEYS; i++) sqlite3_bind_int64(k->many, (int)i + 1, k->keys[i]);
        code = step_reset(k->s, k->many, error);
        k->s->rows += KEYS - 1;
    } else {
        for (u32 i = 0; !code && i < k->count; i++) {
            sqlite3_bind_int64(k->one, 1, k->keys[i]);
            code = step_reset(k->s, k->one, error);
        }
    }
    k->count = 0;
    return code;
}

static int key_writer_put(key_writer *k, i64 key, pt_error *error) {
    k->keys[k->count++] = key;
    return k->count == KEYS ? key_writer_flush(k, error) : PT_OK;
}

static int by_word(const void *a, const void *b) {
    pt_word x = *(const pt_word *)a, y = *(const pt_word *)b;
    return x < y ? -1 : x > y;
}
/* Lists of a snapshot come in pieces, each in order. */
static void sort_words(pt_word *words, u32 count) {
    for (u32 i = 1; i < count; i++)
        if (words[i] < words[i - 1]) {
            qsort(words, count, sizeof *words, by_word);
            return;
        }
}

/* Keys that differ, by a merge of the old list and the new one of each node: all of them on the first commit. */
static int write_changes(pt_sqlite_store *s, const pt_graph *g, const pt_graph *old, const char *table, pt_direction d,
                         pt_error *error) {
    sqlite3_stmt *drop = NULL;
    key_writer put;
    PT_VEC(pt_word) now = {0}, before = {0};
    char sql[96];
    snprintf(sql, sizeof sql, "DELETE FROM %s WHERE key = ?", table);
    int code = key_writer_open(&put, s, table, error);
    if (!code) code = pt_sqlite_prepare(s, &drop, sql, error);
    u32 nodes = PT_MAX(g->node_count, old ? old->node_count : 0);
    for (u32 n = 0; !code && n < nodes; n++) {
        now.count = before.count = 0;
        pt_run run;
        if (n < g->node_count)
            for (run = pt_graph_list(g, n, d); pt_run_next(&run);)
                for (u32 i = 0; i < run.count; i++) pt_vec_push(&now, run.words[i]);
        if (old && n < old->node_count)
            for (run = pt_graph_list(old, n, d); pt_run_next(&run);)
                for (u32 i = 0; i < run.count; i++) pt_vec_push(&before, run.words[i]);
        sort_words(now.data, now.count);
        sort_words(before.data, before.count);
        /* a list that lost its end would take edges out, or put them in twice */
        if (pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "%s: out of memory", s->path);
        u64 node = (u64)n << 32;
        for (u32 i = 0, k = 0; !code && (i < now.count || k < before.count);) {
            if (k >= before.count || (i < now.count && now.data[i] < before.data[k])) {
                code = key_writer_put(&put, (i64)(node | now.data[i++]), error);
            } else if (i >= now.count || before.data[k] < now.data[i]) {
                sqlite3_bind_int64(drop, 1, (i64)(node | before.data[k++]));
                code = step_reset(s, drop, error);
            } else {
                i++, k++;
            }
        }
    }
    if (!code) code = key_writer_flush(&put, error);
    pt_vec_free(&now);
    pt_vec_free(&before);
    sqlite3_finalize(put.one);
    sqlite3_finalize(put.many);
    sqlite3_finalize(drop);
    return code;
}

static int write_keys(pt_sqlite_store *s, const pt_graph *g, const pt_graph *old, pt_error *error) {
    static const char *const tables[] = {"edges", "edges_by_target", "candidates", "candidates_by_target"};
    int code = PT_OK;
    for (int d = PT_OUT; !code && d <= PT_CANDIDATE_IN; d++)
        code = write_changes(s, g, old, tables[d], (pt_direction)d, error);
    return code;
}

/* An image in place of the one that is there, and of what came since. */
static int write_image(pt_sqlite_store *s, const char *image, u64 size, pt_error *error) {
    sqlite3_stmt *put = NULL;
    int code = pt_sqlite_run(s, "DELETE FROM image; DELETE FROM batches", error);
    if (!code) code = pt_sqlite_prepare(s, &put, "INSERT INTO image VALUES(?, ?)", error);
    for (u64 at = 0, part = 0; !code && at < size; at += PART, part++) {
        sqlite3_bind_int64(put, 1, (i64)part);
        sqlite3_bind_blob64(put, 2, image + at, PT_MIN((u64)PART, size - at), SQLITE_STATIC);
        code = step_reset(s, put, error);
    }
    sqlite3_finalize(put);
    return code;
}

/* The image as what readers see from now on; it is taken, and `*image` is NULL then. */
static int show(pt_sqlite_store *s, void **image, u64 size, const pt_graph_info *info, pt_error *error) {
    pt_graph *g = NULL;
    int code = pt_graph_open(&g, *image, size, true, false, error);
    if (code) return code;
    *image = NULL;
    pt_graph_base base = pt_graph_base_of(g);
    base.graph.info = *info;
    return s->writer ? pt_graph_writer_rebase(s->writer, &base, NULL, 0, error)
                     : pt_graph_writer_create(&s->writer, &base, error);
}

static int is_lost(const pt_sqlite_store *s, pt_error *error) {
    return s->lost
               ? pt_fail(error, PT_EIO, "%s: an earlier failure left memory behind the disk: open it again", s->path)
               : PT_OK;
}

int pt_sqlite_commit(pt_store *store, const pt_batch *b, pt_error *error) {
    pt_sqlite_store *s = (pt_sqlite_store *)store;
    const pt_graph *old = b->previous && s->writer ? pt_graph_writer_latest(s->writer) : b->previous;
    u64 size;
    void *own = NULL; /* the image, when it is not the graph's */
    const char *image = pt_graph_image(b->graph, &size);
    int code = is_lost(s, error);
    s->rows = 0;
    if (!code && !image) { /* a snapshot in parts */
        code = pt_fold_image(&own, &size, b->graph, error);
        image = own;
    } else if (!code && s->stays) { /* it is the caller's, and goes */
        own = pt_malloc_large((size_t)size);
        if (own) memcpy(own, image, (size_t)size);
        else code = pt_fail(error, PT_ENOMEM, "%s: out of memory", s->path);
    }
    /* in a store that holds nothing yet a rollback journal has nothing to save: each page is written once, not to the
     * WAL and again (where another process is in the way, it stays WAL) */
    bool first = !old && b->graph->info.generation <= 1;
    if (!code && first) sqlite3_exec(s->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    if (!code) code = pt_sqlite_run(s, "BEGIN IMMEDIATE", error);
    if (code) {
        pt_free(own);
        return code;
    }
    if (!old)
        code = pt_sqlite_run(s,
                             "DELETE FROM edges; DELETE FROM edges_by_target; DELETE FROM candidates; DELETE FROM "
                             "candidates_by_target; DELETE FROM nodes",
                             error);
    if (!code) code = write_files(s, b, error);
    if (!code) code = write_nodes(s, b->graph, old, error);
    if (!code) code = write_keys(s, b->graph, old, error);
    if (!code) code = write_image(s, image, size, error);
    if (!code) code = pt_sqlite_set_meta(s, "generation", b->graph->info.generation, error);
    if (!code) code = pt_sqlite_set_meta(s, "fingerprint", b->fingerprint, error);
    /* a path or a list that lost its end is in no row but on its way into one */
    if (!code && pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "%s: out of memory", s->path);
    if (!code) code = pt_sqlite_run(s, "COMMIT", error);
    if (code) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        pt_free(own);
        return code;
    }
    s->image_bytes = size;
    s->batch_bytes = 0;
    if (first) sqlite3_exec(s->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    if (s->stays && (code = show(s, &own, size, &b->graph->info, error))) s->lost = true;
    pt_free(own);
    return code;
}

/* Append. */

typedef struct changed_keys {
    PT_VEC(i64) put[4], gone[4]; /* by pt_direction */
} changed_keys;

static int by_key(const void *a, const void *b) {
    i64 x = *(const i64 *)a, y = *(const i64 *)b;
    return x < y ? -1 : x > y;
}

typedef PT_VEC(pt_word) word_list;
typedef PT_VEC(u32) u32_list;
static void list_of(word_list *out, const pt_graph *g, u32 node, pt_direction d) {
    out->count = 0;
    if (node >= g->node_count) return;
    for (pt_run run = pt_graph_list(g, node, d); pt_run_next(&run);)
        for (u32 i = 0; i < run.count; i++) pt_vec_push(out, run.words[i]);
    sort_words(out->data, out->count);
}

/* What differs in the lists of one node, and so in those of the other ends. */
static void compare_lists(changed_keys *k, const pt_graph *before, const pt_graph *after, u32 node, word_list *x,
                          word_list *y) {
    static const pt_direction outs[] = {PT_OUT, PT_CANDIDATE_OUT}, ins[] = {PT_IN, PT_CANDIDATE_IN};
    for (u32 side = 0; side < 2; side++) {
        list_of(x, before, node, outs[side]);
        list_of(y, after, node, outs[side]);
        for (u32 i = 0, j = 0; i < x->count || j < y->count;) {
            bool goes = j >= y->count || (i < x->count && x->data[i] < y->data[j]),
                 comes = i >= x->count || (j < y->count && y->data[j] < x->data[i]);
            pt_word w = goes ? x->data[i] : y->data[j];
            i += !comes, j += !goes;
            if (!goes && !comes) continue;
            i64 own = (i64)((u64)node << 32 | w), mirror = (i64)((u64)pt_word_node(w) << 32 | pt_word_mirror(w, node));
            if (goes) {
                pt_vec_push(&k->gone[outs[side]], own);
                pt_vec_push(&k->gone[ins[side]], mirror);
            } else {
                pt_vec_push(&k->put[outs[side]], own);
                pt_vec_push(&k->put[ins[side]], mirror);
            }
        }
    }
}

static int by_id(const void *a, const void *b) {
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

static int append_keys(pt_sqlite_store *s, const pt_delta *delta, const pt_graph *before, const pt_graph *after,
                       pt_error *error) {
    static const char *const tables[] = {"edges", "edges_by_target", "candidates", "candidates_by_target"};
    changed_keys keys = {0};
    u32_list nodes = {0};
    word_list x = {0}, y = {0};
    for (u32 i = 0; i < delta->rows_count; i++) pt_vec_push(&nodes, delta->rows[i].node);
    for (u32 i = 0; i < delta->nodes_count; i++) pt_vec_push(&nodes, delta->nodes[i].id);
    if (nodes.count) qsort(nodes.data, nodes.count, sizeof(u32), by_id);
    for (u32 i = 0; i < nodes.count; i++)
        if (!i || nodes.data[i] != nodes.data[i - 1]) compare_lists(&keys, before, after, nodes.data[i], &x, &y);
    int code = pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "%s: out of memory", s->path) : PT_OK;
    for (u32 d = 0; d < 4; d++) {
        sqlite3_stmt *q = NULL;
        char sql[96];
        for (u32 puts = 0; puts < 2; puts++) {
            i64 *list = puts ? keys.put[d].data : keys.gone[d].data;
            u32 count = puts ? keys.put[d].count : keys.gone[d].count;
            if (code || !count) continue;
            qsort(list, count, sizeof(i64), by_key);
            snprintf(sql, sizeof sql, puts ? "INSERT INTO %s VALUES(?)" : "DELETE FROM %s WHERE key = ?", tables[d]);
            code = pt_sqlite_prepare(s, &q, sql, error);
            for (u32 i = 0; !code && i < count; i++) {
                sqlite3_bind_int64(q, 1, list[i]);
                code = step_reset(s, q, error);
            }
            sqlite3_finalize(q);
            q = NULL;
        }
        pt_vec_free(&keys.put[d]);
        pt_vec_free(&keys.gone[d]);
    }
    pt_vec_free(&nodes);
    pt_vec_free(&x);
    pt_vec_free(&y);
    return code;
}

/* Nodes of the batch, and what stands below those that are called otherwise now: its path is another one. */
static bool changed_nodes(u32_list *out, const pt_delta *delta, const pt_graph *before, const pt_graph *after) {
    for (u32 i = 0; i < delta->nodes_count; i++) {
        u32 first = out->count, node = delta->nodes[i].id;
        pt_vec_push(out, node);
        const pt_graph_node *now = pt_node_at(after, node),
                            *was = node < before->node_count ? pt_node_at(before, node) : NULL;
        bool same = !was || was->kind == PT_KIND_DEAD || now->kind == PT_KIND_DEAD ||
                    (was->parent == now->parent &&
                     strcmp(pt_graph_string(before, was->name), pt_graph_string(after, now->name)) == 0 &&
                     strcmp(pt_graph_string(before, was->path), pt_graph_string(after, now->path)) == 0);
        for (u32 at = first; !same && at < out->count; at++)
            for (pt_run run = pt_graph_kind(after, out->data[at], PT_OUT, PT_EDGE_CONTAINS); pt_run_next(&run);)
                for (u32 k = 0; k < run.count; k++) pt_vec_push(out, pt_word_node(run.words[k]));
    }
    if (out->count) qsort(out->data, out->count, sizeof(u32), by_id);
    return !pt_alloc_failed();
}

static int append_nodes(pt_sqlite_store *s, const pt_delta *delta, const pt_graph *before, const pt_graph *after,
                        pt_error *error) {
    sqlite3_stmt *put = NULL, *drop = NULL;
    pt_buffer path = {0};
    u32_list nodes = {0};
    int code = PT_OK;
    if (!delta->nodes_count) return code;
    if (!changed_nodes(&nodes, delta, before, after)) code = pt_fail(error, PT_ENOMEM, "%s: out of memory", s->path);
    if (!code) code = pt_sqlite_prepare(s, &put, "INSERT OR REPLACE INTO nodes VALUES(?, ?, ?, ?, ?, ?)", error);
    if (!code) code = pt_sqlite_prepare(s, &drop, "DELETE FROM nodes WHERE id = ?", error);
    for (u32 i = 0; !code && i < nodes.count; i++)
        if (!i || nodes.data[i] != nodes.data[i - 1]) code = put_node(s, put, drop, after, nodes.data[i], &path, error);
    pt_vec_free(&nodes);
    pt_buffer_free(&path);
    sqlite3_finalize(put);
    sqlite3_finalize(drop);
    return code;
}

static int append_files(pt_sqlite_store *s, const pt_append *b, pt_error *error) {
    sqlite3_stmt *put = NULL, *drop = NULL;
    int code = pt_sqlite_prepare(s, &put, "INSERT OR REPLACE INTO files VALUES(?, ?, ?, ?, ?, ?)", error);
    if (!code) code = pt_sqlite_prepare(s, &drop, "DELETE FROM files WHERE path = ? AND edition = ?", error);
    for (u32 i = 0; !code && i < b->file_count; i++) {
        const pt_kept_file *f = &b->files[i];
        sqlite3_stmt *q = f->facts ? put : drop;
        if (f->unchanged) continue;
        if (f->facts) {
            code = put_file(s, put, f, error);
            continue;
        }
        sqlite3_bind_text(q, 1, f->path, -1, SQLITE_STATIC);
        sqlite3_bind_int(q, 2, (int)f->edition);
        code = step_reset(s, q, error);
    }
    sqlite3_finalize(put);
    sqlite3_finalize(drop);
    return code;
}

static int append_batch(pt_sqlite_store *s, u64 generation, const void *block, u64 size, pt_error *error) {
    sqlite3_stmt *put = NULL;
    int code = pt_sqlite_prepare(s, &put, "INSERT INTO batches VALUES(?, ?)", error);
    if (!code) {
        sqlite3_bind_int64(put, 1, (i64)generation);
        sqlite3_bind_blob64(put, 2, block, size, SQLITE_STATIC);
        code = step_reset(s, put, error);
    }
    sqlite3_finalize(put);
    return code;
}

static void shorten_wal(pt_sqlite_store *s) {
    char path[4100];
    struct stat status;
    snprintf(path, sizeof path, "%s-wal", s->path);
    if (stat(path, &status) == 0 && status.st_size > WAL_MOST)
        sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

int pt_sqlite_append(pt_store *store, const pt_append *b, pt_error *error) {
    pt_sqlite_store *s = (pt_sqlite_store *)store;
    pt_delta_builder builder = {0};
    pt_block_part parts[PT_DELTA_SECTION_COUNT - 1];
    pt_delta delta;
    pt_error ignored;
    void *block = NULL;
    u64 size = 0;
    int code = is_lost(s, error);
    s->rows = 0;
    pt_alloc_clear();
    if (!code && !s->writer) code = pt_fail(error, PT_ENOTFOUND, "%s: an empty store", s->path);
    if (!code && s->batch_bytes > s->image_bytes + BATCHES_MOST) (void)pt_sqlite_fold(s, &ignored);
    const pt_graph *before = code ? NULL : pt_graph_writer_latest(s->writer);
    if (!code) code = b->make(b->payload, &builder, before, error);
    if (!code) {
        pt_delta_parts(parts, &builder);
        if (pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "out of memory");
        else code = pt_block_make(&block, &size, PT_BLOCK_DELTA, parts, PT_COUNT_OF(parts), error);
    }
    pt_delta_builder_free(&builder);
    if (!code) code = pt_delta_open(&delta, block, size, false, error);
    if (!code) code = pt_graph_writer_prepare(s->writer, &delta, error);
    if (code) {
        pt_free(block);
        return code;
    }
    const pt_graph *after = pt_graph_writer_prepared(s->writer);
    code = pt_sqlite_run(s, "BEGIN IMMEDIATE", error);
    bool begun = !code;
    if (!code) code = append_nodes(s, &delta, before, after, error);
    if (!code) code = append_keys(s, &delta, before, after, error);
    if (!code) code = append_files(s, b, error);
    if (!code) code = append_batch(s, after->info.generation, block, size, error);
    if (!code) code = pt_sqlite_set_meta(s, "generation", after->info.generation, error);
    if (!code && pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "%s: out of memory", s->path);
    if (!code) code = pt_sqlite_run(s, "COMMIT", error);
    if (code) {
        if (begun) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        pt_graph_writer_discard(s->writer);
    } else {
        pt_graph_writer_publish(s->writer);
        s->batch_bytes += size;
        shorten_wal(s);
    }
    pt_free(block);
    return code;
}

int pt_sqlite_fold(pt_sqlite_store *s, pt_error *error) {
    const pt_graph *latest = pt_graph_writer_latest(s->writer);
    pt_graph_info info = latest->info;
    void *image = NULL;
    u64 size;
    pt_alloc_clear();
    int code = pt_fold_image(&image, &size, latest, error);
    if (!code) code = pt_sqlite_run(s, "BEGIN IMMEDIATE", error);
    if (code) {
        pt_free(image);
        return code;
    }
    code = write_image(s, image, size, error);
    if (!code) code = pt_sqlite_run(s, "COMMIT", error);
    if (code) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    if (!code) {
        s->image_bytes = size;
        s->batch_bytes = 0;
        if ((code = show(s, &image, size, &info, error))) s->lost = true;
    }
    pt_free(image);
    return code;
}
