/* sqlite.c: the SQLite engine.
 *
 * Schema, version 5 (PRAGMA application_id 0x50745374 "PtSt", user_version 5):
 *
 *   meta(key, value)                       uuid, generation, fingerprint
 *   files(path, edition, size, mtime, hash, facts)   facts: a block of facts/facts.h
 *   nodes(id, hash, kind, flags, name, path)         hash: 16 bytes, sig_hash
 *   edges(key), edges_by_target(key)       key: node << 32 | word of graph/graph.h (kind:4 | inferred:1 | node:27)
 *   candidates(key), candidates_by_target(key)                       likewise
 *   image(part, data)                      the graph image in parts of 8 MB, read by every command
 *   batches(generation, data)              what came since the image: blocks of graph/delta.h, each leading to its generation
 *   kinds(kind, name)                      the names of the kinds of edges; calls that are settled have a code of their own
 *   triplets                               a view: source, kind, target, inferred, candidate, of edges and candidates
 *
 * A row of edges is one integer and the table's own key: rows are appended in order, without a search and without
 * an index to build. All of a node's edges, or those of a kind, are a range of keys (docs/decisions/0007).
 *
 * A daemon's batch (append) writes the rows that it changes and one row of batches; the tables are those of the latest state, the
 * image is older. Image and batches are folded into an image when nothing happens, when the store closes, and before batches
 * take more than the image and 64 MB (write.c). A commit writes the image anew and leaves no batches.
 *
 * Integer ids are the graph's, one space in every engine; hashes are kept once. Journal: WAL, synchronous NORMAL or FULL
 * (a power cut may take the last commit, the sources rebuild it), no automatic checkpoint: a commit ends with one
 * when the WAL is above 64 MB or the store closes. */
#include "store/sqlite/sqlite.h"

#include "facts/facts.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { APPLICATION = 0x50745374, SCHEMA = 5, FOLD_SHARE = 8 };

int pt_sqlite_error(pt_sqlite_store *s, int code, pt_error *error) {
    int primary = code & 0xff;
    int kind = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ? PT_ECORRUPT
               : primary == SQLITE_BUSY || primary == SQLITE_LOCKED  ? PT_EBUSY
               : primary == SQLITE_NOMEM                             ? PT_ENOMEM
                                                                     : PT_EIO;
    return pt_fail(error, kind, "%s: %s%s", s->path, sqlite3_errmsg(s->db),
                   kind == PT_ECORRUPT ? "; `parseltongue index --rebuild` makes it anew" : "");
}

int pt_sqlite_run(pt_sqlite_store *s, const char *sql, pt_error *error) {
    int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? PT_OK : pt_sqlite_error(s, code, error);
}

int pt_sqlite_prepare(pt_sqlite_store *s, sqlite3_stmt **out, const char *sql, pt_error *error) {
    int code = sqlite3_prepare_v2(s->db, sql, -1, out, NULL);
    return code == SQLITE_OK ? PT_OK : pt_sqlite_error(s, code, error);
}

int pt_sqlite_number(pt_sqlite_store *s, i64 *out, const char *sql, pt_error *error) {
    sqlite3_stmt *q;
    int code = pt_sqlite_prepare(s, &q, sql, error);
    *out = 0;
    if (code) return code;
    int step = sqlite3_step(q);
    if (step == SQLITE_ROW) *out = sqlite3_column_int64(q, 0);
    else if (step != SQLITE_DONE) code = pt_sqlite_error(s, step, error);
    sqlite3_finalize(q);
    return code;
}

static void sqlite_close(pt_store *store) {
    pt_sqlite_store *s = (pt_sqlite_store *)store;
    pt_error ignored; /* then the next one reads batches too */
    if (s->db && s->writer && s->batch_bytes && !s->lost) (void)pt_sqlite_fold(s, &ignored);
    pt_graph_writer_destroy(s->writer);
    if (s->db && s->writes) sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_close(s->db);
    pt_free(s->path);
    pt_free(s);
}

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE files(path TEXT NOT NULL, edition INTEGER NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL, "
    "hash BLOB NOT NULL, facts BLOB NOT NULL, PRIMARY KEY(path, edition));"
    "CREATE TABLE nodes(id INTEGER PRIMARY KEY, hash BLOB NOT NULL, kind INTEGER NOT NULL, flags INTEGER NOT NULL, "
    "name TEXT NOT NULL, path TEXT NOT NULL);"
    "CREATE TABLE edges(key INTEGER PRIMARY KEY); CREATE TABLE edges_by_target(key INTEGER PRIMARY KEY);"
    "CREATE TABLE candidates(key INTEGER PRIMARY KEY); CREATE TABLE candidates_by_target(key INTEGER PRIMARY KEY);"
    "CREATE TABLE kinds(kind INTEGER PRIMARY KEY, name TEXT NOT NULL);"
    "CREATE VIEW triplets(source, kind, target, inferred, candidate) AS "
    "SELECT key >> 32, key >> 28 & 15, key & 134217727, key >> 27 & 1, 0 FROM edges UNION ALL "
    "SELECT key >> 32, key >> 28 & 15, key & 134217727, 0, 1 FROM candidates;"
    "CREATE TABLE image(part INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE batches(generation INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "PRAGMA application_id=1349800820; PRAGMA user_version=5;";

static int set_meta_text(pt_sqlite_store *s, const char *key, const char *value, pt_error *error) {
    sqlite3_stmt *q;
    int code = pt_sqlite_prepare(s, &q, "INSERT OR REPLACE INTO meta VALUES(?, ?)", error);
    if (code) return code;
    sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 2, value, -1, SQLITE_STATIC);
    int step = sqlite3_step(q);
    if (step != SQLITE_DONE) code = pt_sqlite_error(s, step, error);
    sqlite3_finalize(q);
    return code;
}
int pt_sqlite_set_meta(pt_sqlite_store *s, const char *key, u64 value, pt_error *error) {
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return set_meta_text(s, key, text, error);
}

static int sqlite_open(pt_store **out, const char *location, int mode, pt_error *error) {
    pt_sqlite_store *s = pt_calloc(1, sizeof *s);
    *out = NULL;
    if (!s || !(s->path = pt_strndup(location, strlen(location))))
        return pt_free(s), pt_fail(error, PT_ENOMEM, "out of memory");
    s->base.engine = &pt_sqlite_engine;
    s->writes = mode & PT_STORE_WRITE;
    const char *level = mode & PT_STORE_FULL ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL";
    if (!s->writes && access(location, F_OK) != 0) {
        sqlite_close(&s->base);
        return pt_fail(error, PT_ENOTFOUND, "%s: no store there; run `parseltongue index` first", location);
    }
    int code = sqlite3_open_v2(location, &s->db,
                               (s->writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) |
                                   SQLITE_OPEN_NOMUTEX, /* a store is used by one thread at a time */
                               NULL);
    i64 application = 0, version = 0, tables = 0;
    if (code != SQLITE_OK) code = pt_sqlite_error(s, code, error);
    else {
        sqlite3_busy_timeout(s->db, 5000);
        sqlite3_extended_result_codes(s->db, 1);
        code = pt_sqlite_number(s, &tables, "SELECT count(*) FROM sqlite_schema", error);
        if (!code) code = pt_sqlite_number(s, &application, "PRAGMA application_id", error);
        if (!code) code = pt_sqlite_number(s, &version, "PRAGMA user_version", error);
    }
    if (!code && s->writes && tables == 0 && application == 0) {
        char uuid[40];
        pt_store_make_uuid(uuid);
        code = pt_sqlite_run(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;", error);
        if (!code) code = pt_sqlite_run(s, schema, error);
        if (!code) code = set_meta_text(s, "uuid", uuid, error);
        for (u32 k = 0; !code && k < PT_CODE_COUNT; k++) {
            char sql[128];
            snprintf(sql, sizeof sql, "INSERT INTO kinds VALUES(%u, '%s')", k,
                     pt_edge_kind_name(pt_word_kind(pt_word_make((u8)k, false, 0))));
            code = pt_sqlite_run(s, sql, error);
        }
        if (!code) code = pt_sqlite_run(s, "COMMIT", error);
    } else if (!code && application != APPLICATION) {
        code = tables || application
                   ? pt_fail(error, PT_ECORRUPT, "%s: an SQLite file of something else: left as it is", location)
                   : pt_fail(error, PT_ENOTFOUND, "%s: an empty store; run `parseltongue index` first", location);
    } else if (!code && version > SCHEMA) {
        code = pt_fail(error, PT_ECORRUPT,
                       "%s: made by a later version (schema %lld, this program knows %d): left as it is", location,
                       (long long)version, SCHEMA);
    } else if (!code && version < SCHEMA) {
        code = pt_fail(error, PT_ECORRUPT,
                       "%s: made by an earlier version (schema %lld); `parseltongue index --rebuild` makes it anew",
                       location, (long long)version);
    }
    if (!code)
        code = pt_sqlite_run(s,
                             s->writes ? "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0; PRAGMA "
                                         "cache_size=-16384; PRAGMA mmap_size=1073741824; PRAGMA temp_store=MEMORY"
                                       : "PRAGMA mmap_size=1073741824",
                             error);
    if (!code && s->writes) code = pt_sqlite_run(s, level, error);
    if (!code && s->writes && mode & PT_STORE_BACKGROUND) {
        s->stays = true;
        code = pt_sqlite_load(s, &s->writer, error);
        if (code == PT_ENOTFOUND) code = PT_OK; /* nothing was committed yet */
    }
    if (code) return sqlite_close(&s->base), code;
    *out = &s->base;
    return PT_OK;
}

static int sqlite_reset(const char *location, pt_error *error) {
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (u32 i = 0; i < PT_COUNT_OF(endings); i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s%s", location, endings[i]);
        if (access(path, F_OK) == 0 && unlink(path) != 0) return pt_fail(error, PT_EIO, "%s: cannot be removed", path);
    }
    return PT_OK;
}

static int sqlite_checkpoint(pt_store *store, pt_error *error) {
    pt_sqlite_store *s = (pt_sqlite_store *)store;
    int code = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return code == SQLITE_OK || code == SQLITE_BUSY ? PT_OK : pt_sqlite_error(s, code, error);
}

/* Reading. */

/* The image, in a transaction of the caller's. */
static int load_image(pt_sqlite_store *s, pt_graph **out, pt_error *error) {
    i64 total, at = 0;
    *out = NULL;
    int code = pt_sqlite_number(s, &total, "SELECT coalesce(sum(length(data)), 0) FROM image", error);
    if (!code && !total)
        code = pt_fail(error, PT_ENOTFOUND, "%s: an empty store; run `parseltongue index` first", s->path);
    char *image = code ? NULL : pt_malloc_large((size_t)total);
    if (!code && !image) code = pt_fail(error, PT_ENOMEM, "out of memory");
    for (i64 part = 0; !code && at < total; part++) { /* straight from the pages: one copy */
        sqlite3_blob *blob = NULL;
        int opened = sqlite3_blob_open(s->db, "main", "image", "data", part, 0, &blob);
        int n = opened == SQLITE_OK ? sqlite3_blob_bytes(blob) : 0;
        if (opened == SQLITE_OK && (n <= 0 || at + n > total)) opened = SQLITE_CORRUPT;
        if (opened == SQLITE_OK) opened = sqlite3_blob_read(blob, image + at, n, 0);
        sqlite3_blob_close(blob);
        if (opened != SQLITE_OK) code = pt_sqlite_error(s, opened, error);
        at += n;
    }
    if (!code && pt_block_open(image, (u64)total, PT_BLOCK_IMAGE, true, s->path, NULL))
        code = pt_fail(error, PT_ECORRUPT,
                       "%s: the graph in it is damaged; `parseltongue index --rebuild` makes it anew", s->path);
    if (!code) code = pt_graph_open(out, image, (u64)total, true, false, error);
    if (code) pt_free(image);
    s->image_bytes = (u64)total;
    return code;
}

/* What came since the image, into a writer. */
static int replay(pt_sqlite_store *s, pt_graph_writer *writer, pt_error *error) {
    sqlite3_stmt *q;
    int code = pt_sqlite_prepare(s, &q, "SELECT data FROM batches ORDER BY generation", error), step = SQLITE_DONE;
    s->batch_bytes = 0;
    while (!code && (step = sqlite3_step(q)) == SQLITE_ROW) {
        pt_delta delta;
        u64 size = (u64)sqlite3_column_bytes(q, 0);
        void *block = pt_malloc((size_t)size + 8); /* blobs are not aligned */
        if (!block) {
            code = pt_fail(error, PT_ENOMEM, "out of memory");
            break;
        }
        if (size) memcpy(block, sqlite3_column_blob(q, 0), (size_t)size);
        code = pt_delta_open(&delta, block, size, true, error);
        if (!code) code = pt_graph_writer_replay(writer, &delta, error);
        if (code == PT_ECORRUPT || code == PT_ELIMIT)
            code = pt_fail(error, PT_ECORRUPT,
                           "%s: a batch in it is damaged; `parseltongue index --rebuild` makes it anew", s->path);
        pt_free(block);
        s->batch_bytes += size;
    }
    if (!code && step != SQLITE_DONE) code = pt_sqlite_error(s, step, error);
    sqlite3_finalize(q);
    return code;
}

/* One state, whatever is committed meanwhile: the image as `*image` while there are no batches, else both as a writer. */
static int load_state(pt_sqlite_store *s, pt_graph **image, pt_graph_writer **writer, pt_error *error) {
    i64 batches = 0;
    *image = NULL;
    *writer = NULL;
    int code = pt_sqlite_run(s, "BEGIN", error);
    if (code) return code;
    code = load_image(s, image, error);
    if (!code) code = pt_sqlite_number(s, &batches, "SELECT count(*) FROM batches", error);
    if (!code && (batches || s->stays)) {
        pt_graph_base base = pt_graph_base_of(*image);
        *image = NULL; /* the writer's */
        code = pt_graph_writer_create(writer, &base, error);
        if (!code) code = replay(s, *writer, error);
    }
    int ended =
        pt_sqlite_run(s, "COMMIT", code ? NULL : error); /* left open, it would be in the way of the next commit */
    if (!code) code = ended;
    if (code) {
        pt_graph_close(*image);
        pt_graph_writer_destroy(*writer);
        *image = NULL;
        *writer = NULL;
    }
    return code;
}

int pt_sqlite_load(pt_sqlite_store *s, pt_graph_writer **writer, pt_error *error) {
    pt_graph *none;
    return load_state(s, &none, writer, error);
}

static int sqlite_load_graph(pt_store *store, pt_graph **out, pt_error *error) {
    pt_sqlite_store *s = (pt_sqlite_store *)store;
    *out = NULL;
    if (s->writer) { /* what it shows stays until the next commit */
        pt_graph *g = pt_malloc(sizeof *g);
        if (!g) return pt_fail(error, PT_ENOMEM, "out of memory");
        *g = *pt_graph_writer_latest(s->writer);
        g->owned = NULL; /* all of it is the store's */
        g->owned_shards = NULL;
        *out = g;
        return PT_OK;
    }
    if (s->stays) return pt_fail(error, PT_ENOTFOUND, "%s: an empty store", s->path);
    pt_graph_writer *writer;
    int code = load_state(s, out, &writer, error);
    if (code || !writer) return code;
    void *image = NULL; /* a daemon writes there, or did until it was killed */
    u64 size;
    code = pt_fold_image(&image, &size, pt_graph_writer_latest(writer), error);
    if (!code) code = pt_graph_open(out, image, size, true, false, error);
    if (code) pt_free(image);
    pt_graph_writer_destroy(writer);
    return code;
}

static int sqlite_each_file(pt_store *store, bool with_facts, int (*visit)(void *, const pt_kept_file *), void *payload,
                            pt_error *error) {
    pt_sqlite_store *s = (pt_sqlite_store *)store;
    sqlite3_stmt *q;
    int code = pt_sqlite_prepare(
        s, &q,
        with_facts ? "SELECT path, edition, size, mtime, hash, facts FROM files ORDER BY path, edition"
                   : "SELECT path, edition, size, mtime, hash FROM files ORDER BY path, edition",
        error);
    if (code) return code;
    int step = SQLITE_DONE;
    while (!code && (step = sqlite3_step(q)) == SQLITE_ROW) {
        pt_kept_file f = {.path = (const char *)sqlite3_column_text(q, 0),
                          .edition = (u32)sqlite3_column_int(q, 1),
                          .stamp = {(u64)sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3)}};
        if (sqlite3_column_bytes(q, 4) == (int)sizeof f.hash) memcpy(&f.hash, sqlite3_column_blob(q, 4), sizeof f.hash);
        if (with_facts) f.facts = sqlite3_column_blob(q, 5), f.facts_size = (u32)sqlite3_column_bytes(q, 5);
        code = visit(payload, &f);
    }
    if (!code && step != SQLITE_DONE) code = pt_sqlite_error(s, step, error);
    sqlite3_finalize(q);
    return code;
}

static int sqlite_stats(pt_store *store, pt_store_stats *out, pt_error *error) {
    pt_sqlite_store *s = (pt_sqlite_store *)store;
    *out = (pt_store_stats){.rows_written = s->rows};
    sqlite3_stmt *q;
    int code = pt_sqlite_prepare(s, &q, "SELECT key, value FROM meta", error);
    if (code) return code;
    int step;
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        const char *key = (const char *)sqlite3_column_text(q, 0), *value = (const char *)sqlite3_column_text(q, 1);
        if (!key || !value) continue;
        if (strcmp(key, "uuid") == 0) snprintf(out->uuid, sizeof out->uuid, "%s", value);
        else if (strcmp(key, "generation") == 0) out->generation = strtoull(value, NULL, 10);
        else if (strcmp(key, "fingerprint") == 0) out->fingerprint = strtoull(value, NULL, 10);
    }
    if (step != SQLITE_DONE) code = pt_sqlite_error(s, step, error);
    sqlite3_finalize(q);
    if (code) return code;
    static const char *const endings[] = {"", "-wal"};
    for (u32 i = 0; i < PT_COUNT_OF(endings); i++) {
        char path[4096];
        struct stat status;
        snprintf(path, sizeof path, "%s%s", s->path, endings[i]);
        if (stat(path, &status) == 0) out->bytes += (u64)status.st_size;
    }
    return PT_OK;
}

static int sqlite_edges(pt_store *store, u32 node, pt_direction d, int kind, int (*visit)(void *, pt_word),
                        void *payload, pt_error *error) {
    pt_sqlite_store *s = (pt_sqlite_store *)store;
    static const char *const queries[] = {
        "SELECT key FROM edges WHERE key BETWEEN ?1 AND ?2 ORDER BY key",
        "SELECT key FROM edges_by_target WHERE key BETWEEN ?1 AND ?2 ORDER BY key",
        "SELECT key FROM candidates WHERE key BETWEEN ?1 AND ?2 ORDER BY key",
        "SELECT key FROM candidates_by_target WHERE key BETWEEN ?1 AND ?2 ORDER BY key"};
    sqlite3_stmt *q;
    int code = pt_sqlite_prepare(s, &q, queries[d], error), step = SQLITE_DONE;
    if (code) return code;
    for (u32 range = 0; !code && range < (kind == PT_EDGE_CALLS ? 2u : 1u); range++) { /* calls have two codes */
        u64 first = (u64)node << 32 | (kind < 0 ? 0 : (u64)(range ? PT_CODE_SETTLED_CALLS : kind) << 28);
        sqlite3_bind_int64(q, 1, (i64)first);
        sqlite3_bind_int64(q, 2, (i64)(first + (kind < 0 ? (1ull << 32) : (1ull << 28)) - 1));
        while (!code && (step = sqlite3_step(q)) == SQLITE_ROW)
            code = visit(payload, (pt_word)((u64)sqlite3_column_int64(q, 0) & 0xffffffffu));
        if (!code && step != SQLITE_DONE) code = pt_sqlite_error(s, step, error);
        sqlite3_reset(q);
    }
    sqlite3_finalize(q);
    return code;
}

/* Backwards reach inside SQL. Depth is kept out of the recursion's identity (UNION on (node, depth) expands nodes
 * again and again): each level is one statement over a temporary table of what was seen. */
static int sqlite_reach(pt_store *store, u32 node, u32 depth, int (*visit)(void *, u32, u32), void *payload,
                        pt_error *error) {
    pt_sqlite_store *s = (pt_sqlite_store *)store;
    char sql[1024];
    int code = pt_sqlite_run(
        s,
        "DROP TABLE IF EXISTS temp.reached; CREATE TEMP TABLE reached(id INTEGER PRIMARY KEY, depth INTEGER NOT NULL)",
        error);
    snprintf(sql, sizeof sql, "INSERT INTO temp.reached VALUES(%u, 0)", node);
    if (!code) code = pt_sqlite_run(s, sql, error);
    for (u32 d = 1; !code && d <= depth; d++) {
        /* who refers to what was reached last; and, from an impl's member, who refers to the trait member it
         * overrides, when that trait is the workspace's (flag 1: external) */
        snprintf(
            sql, sizeof sql,
            "INSERT OR IGNORE INTO temp.reached "
            "SELECT e.key & 134217727, %u FROM temp.reached r JOIN nodes n ON n.id = r.id JOIN edges_by_target e ON "
            "e.key BETWEEN r.id << 32 AND (r.id << 32) + 4294967295 WHERE r.depth = %u AND (e.key >> 28 & 15) <> %d "
            "AND ((n.flags & %d) = 0 OR r.depth = 0) "
            "UNION SELECT e.key & 134217727, %u FROM temp.reached r JOIN edges o ON o.key BETWEEN (r.id << 32) + %lld "
            "AND (r.id << 32) + %lld JOIN nodes t ON t.id = (o.key & 134217727) AND (t.flags & %d) = 0 "
            "JOIN edges_by_target e ON e.key BETWEEN (t.id << 32) + %lld AND (t.id << 32) + %lld "
            "WHERE r.depth = %u",
            d, d - 1, PT_EDGE_CONTAINS, PT_NODE_EXTERNAL, d, (long long)PT_EDGE_OVERRIDES << 28,
            ((long long)(PT_EDGE_OVERRIDES + 1) << 28) - 1, PT_NODE_EXTERNAL, (long long)PT_EDGE_CALLS << 28,
            ((long long)(PT_EDGE_CALLS + 1) << 28) - 1, d - 1);
        code = pt_sqlite_run(s, sql, error);
    }
    sqlite3_stmt *q;
    if (!code)
        code = pt_sqlite_prepare(s, &q, "SELECT id, depth FROM temp.reached WHERE depth > 0 ORDER BY depth, id", error);
    if (code) return code;
    int step = SQLITE_DONE;
    while (!code && (step = sqlite3_step(q)) == SQLITE_ROW)
        code = visit(payload, (u32)sqlite3_column_int64(q, 0), (u32)sqlite3_column_int(q, 1));
    if (!code && step != SQLITE_DONE) code = pt_sqlite_error(s, step, error);
    sqlite3_finalize(q);
    return code;
}

static pt_graph_writer *sqlite_writer(pt_store *store) { return ((pt_sqlite_store *)store)->writer; }

static void sqlite_relax(pt_store *store) {
    pt_sqlite_store *s = (pt_sqlite_store *)store;
    pt_error ignored; /* what cannot be done now is done the next time */
    if (s->writer && !s->lost && s->batch_bytes > s->image_bytes / FOLD_SHARE) (void)pt_sqlite_fold(s, &ignored);
    if (s->writes) (void)sqlite_checkpoint(store, &ignored);
}

/* Verify and salvage. */

static int same_rows(pt_sqlite_store *s, const pt_graph *g, const char *table, pt_direction d, u64 *total,
                     pt_error *error) {
    sqlite3_stmt *q;
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT key FROM %s ORDER BY key", table);
    int code = pt_sqlite_prepare(s, &q, sql, error), step = SQLITE_DONE;
    for (u32 n = 0; !code && n < g->node_count; n++)
        for (pt_run run = pt_graph_list(g, n, d); !code && pt_run_next(&run);)
            for (u32 i = 0; !code && i < run.count; i++, ++*total) {
                step = sqlite3_step(q);
                if (step != SQLITE_ROW || (u64)sqlite3_column_int64(q, 0) != ((u64)n << 32 | run.words[i]))
                    code = step == SQLITE_ROW || step == SQLITE_DONE
                               ? pt_fail(error, PT_ECORRUPT, "%s: table %s is not what the graph says", s->path, table)
                               : pt_sqlite_error(s, step, error);
            }
    if (!code && (step = sqlite3_step(q)) != SQLITE_DONE)
        code = step == SQLITE_ROW
                   ? pt_fail(error, PT_ECORRUPT, "%s: table %s has rows the graph has not", s->path, table)
                   : pt_sqlite_error(s, step, error);
    sqlite3_finalize(q);
    return code;
}

static int same_nodes(pt_sqlite_store *s, const pt_graph *g, pt_error *error) {
    sqlite3_stmt *q;
    pt_buffer path = {0};
    int code = pt_sqlite_prepare(s, &q, "SELECT id, hash, kind, flags, name, path FROM nodes ORDER BY id", error),
        step = SQLITE_DONE;
    for (u32 n = 0; !code && n < g->node_count; n++) {
        const pt_graph_node *x = pt_node_at(g, n);
        if (x->kind == PT_KIND_DEAD) continue;
        pt_buffer_clear(&path);
        pt_graph_path(g, &path, n);
        step = sqlite3_step(q);
        const char *name = step == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 4) : NULL,
                   *told = step == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 5) : NULL;
        bool same = name && told && path.data && sqlite3_column_int64(q, 0) == n &&
                    sqlite3_column_bytes(q, 1) == (int)sizeof x->hash &&
                    memcmp(sqlite3_column_blob(q, 1), &x->hash, sizeof x->hash) == 0 &&
                    sqlite3_column_int(q, 2) == x->kind && sqlite3_column_int(q, 3) == x->flags &&
                    strcmp(name, pt_graph_string(g, x->name)) == 0 && strcmp(told, path.data) == 0;
        if (!same)
            code = step == SQLITE_ROW || step == SQLITE_DONE
                       ? pt_fail(error, PT_ECORRUPT, "%s: table nodes is not what the graph says: node %u, %s", s->path,
                                 n, path.data ? path.data : "")
                       : pt_sqlite_error(s, step, error);
    }
    if (!code && (step = sqlite3_step(q)) != SQLITE_DONE)
        code = step == SQLITE_ROW ? pt_fail(error, PT_ECORRUPT, "%s: table nodes has rows the graph has not", s->path)
                                  : pt_sqlite_error(s, step, error);
    pt_buffer_free(&path);
    sqlite3_finalize(q);
    return code;
}

typedef struct facts_check {
    pt_sqlite_store *s;
    u64 count;
    pt_error *error;
} facts_check;
static int check_facts(void *payload, const pt_kept_file *f) {
    facts_check *c = payload;
    u32 magic = 0;
    pt_facts facts;
    c->count++;
    if (f->facts_size >= sizeof magic) memcpy(&magic, f->facts, sizeof magic);
    if (magic != PT_FACTS_MAGIC) return PT_OK;  /* kept by some other program */
    void *copy = pt_malloc(f->facts_size + 8u); /* blobs are not aligned */
    if (!copy) return pt_fail(c->error, PT_ENOMEM, "out of memory");
    memcpy(copy, f->facts, f->facts_size);
    int code = pt_facts_open(&facts, copy, f->facts_size, true, c->error);
    pt_free(copy);
    return code ? pt_fail(c->error, PT_ECORRUPT, "%s: what is kept of %s is damaged", c->s->path, f->path) : PT_OK;
}

static int sqlite_verify(pt_store *store, void (*tell)(void *, const char *, u64), void *payload, pt_error *error) {
    pt_sqlite_store *s = (pt_sqlite_store *)store;
    static const char *const tables[] = {"edges", "edges_by_target", "candidates", "candidates_by_target"};
    sqlite3_stmt *q;
    pt_graph *g = NULL;
    u64 edges = 0;
    int code = pt_sqlite_prepare(s, &q, "PRAGMA integrity_check", error);
    if (code) return code;
    int step = sqlite3_step(q);
    const char *said = step == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : NULL;
    if (!said) code = pt_sqlite_error(s, step, error);
    else if (strcmp(said, "ok") != 0) code = pt_fail(error, PT_ECORRUPT, "%s: %s", s->path, said);
    sqlite3_finalize(q);
    i64 count;
    if (!code) code = pt_sqlite_number(s, &count, "PRAGMA page_count", error);
    if (!code) tell(payload, "pages of the database, its own check passed", (u64)count);
    facts_check c = {s, 0, error};
    if (!code) code = sqlite_each_file(store, true, check_facts, &c, error);
    if (!code) tell(payload, "source files whose facts are whole", c.count);
    if (!code) code = sqlite_load_graph(store, &g, error);
    if (code || !g) return code == PT_ENOTFOUND ? PT_OK : code;
    if (!code) code = pt_graph_validate(g, error);
    if (!code) tell(payload, "nodes, every reference inside", g->node_count);
    if (!code) code = same_nodes(s, g, error);
    if (!code) tell(payload, "rows of nodes, the same as in the graph", g->info.local_nodes + g->info.external_nodes);
    for (u32 d = 0; !code && d < PT_COUNT_OF(tables); d++)
        code = same_rows(s, g, tables[d], (pt_direction)d, &edges, error);
    if (!code) tell(payload, "rows of edges, the same as in the graph, each with its mirror", edges);
    pt_graph_close(g);
    return code;
}

static int sqlite_salvage(const char *location, int (*visit)(void *, const pt_kept_file *), void *payload,
                          pt_error *error) {
    pt_store *store;
    int code = sqlite_open(&store, location, PT_STORE_READ, error);
    if (code) return code;
    code = sqlite_each_file(store, true, visit, payload, error); /* up to the first damaged page */
    sqlite_close(store);
    return code;
}

const pt_store_engine pt_sqlite_engine = {.magic = PT_STORE_MAGIC,
                                          .abi = PT_STORE_ABI,
                                          .name = "sqlite",
                                          .open = sqlite_open,
                                          .close = sqlite_close,
                                          .commit = pt_sqlite_commit,
                                          .load_graph = sqlite_load_graph,
                                          .each_file = sqlite_each_file,
                                          .stats = sqlite_stats,
                                          .reset = sqlite_reset,
                                          .edges = sqlite_edges,
                                          .reach = sqlite_reach,
                                          .checkpoint = sqlite_checkpoint,
                                          .append = pt_sqlite_append,
                                          .writer = sqlite_writer,
                                          .relax = sqlite_relax,
                                          .verify = sqlite_verify,
                                          .salvage = sqlite_salvage};
