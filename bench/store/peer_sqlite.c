/* peer_sqlite.c: the graph as two SQLite tables without rowids, one a direction; one range statement a node.
 *
 * Loaded in the order of the keys, without a journal, synced at the end; then WAL, never checkpointed. 256 MB of page cache
 * and as much of the file mapped as the library allows. The questions share one read transaction. */
#include "peer.h"

#include <sqlite3.h>
#include <sys/stat.h>

typedef struct store {
    sqlite3 *db;
    sqlite3_stmt *who, *in, *file, *drop_file, *drop_out, *drop_in, *add_out, *add_in;
    bool whole;
} store;

static void must(const store *s, int code, const char *what) {
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) peer_stop(what, sqlite3_errmsg(s->db));
}

static void run(const store *s, const char *sql) { must(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL), sql); }

static sqlite3_stmt *prepared(const store *s, const char *sql) {
    sqlite3_stmt *statement = NULL;
    must(s, sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), sql);
    return statement;
}

static void step(const store *s, sqlite3_stmt *statement, u32 a, u32 b) {
    sqlite3_bind_int64(statement, 1, a);
    sqlite3_bind_int64(statement, 2, b);
    must(s, sqlite3_step(statement), "step");
    sqlite3_reset(statement);
}

static void open_store(store *s, const char *path) {
    must(s, sqlite3_open(path, &s->db), path);
    run(s, "PRAGMA cache_size=-262144; PRAGMA mmap_size=1099511627776;");
}

static void load(store *s, const peer_graph *graph, u32 nodes) {
    run(s,
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=NORMAL;"
        "CREATE TABLE out_edges(node INTEGER NOT NULL, word INTEGER NOT NULL, PRIMARY KEY(node, word)) WITHOUT ROWID;"
        "CREATE TABLE in_edges(node INTEGER NOT NULL, word INTEGER NOT NULL, PRIMARY KEY(node, word)) WITHOUT ROWID;"
        "BEGIN");
    /* The questions' table first: Debian's library maps no more than the first 2 GB of a file. */
    for (u32 way = 2; way-- > 0;) {
        const peer_rows *rows = way ? &graph->in : &graph->out;
        sqlite3_stmt *add =
            prepared(s, way ? "INSERT INTO in_edges VALUES(?1, ?2)" : "INSERT INTO out_edges VALUES(?1, ?2)");
        for (u32 n = 0; n < nodes; n++)
            for (u32 i = rows->start[n]; i < rows->start[n + 1]; i++) step(s, add, n, rows->words[i]);
        sqlite3_finalize(add);
    }
    run(s, "COMMIT; PRAGMA journal_mode=WAL;");
}

/* All that is needed before the first question. */
static void open_loaded(store *s, const char *path) {
    open_store(s, path);
    run(s, "PRAGMA wal_autocheckpoint=0");
    s->who =
        prepared(s, "SELECT word FROM in_edges WHERE node = ?1 AND word >= 268435456 AND word < 536870912 LIMIT 64");
    s->in = prepared(s, "SELECT word FROM in_edges WHERE node = ?1 AND word >= 268435456");
    s->file = prepared(s, "SELECT node, word FROM out_edges WHERE node >= ?1 AND node < ?2");
    s->drop_file = prepared(s, "DELETE FROM out_edges WHERE node >= ?1 AND node < ?2");
    s->drop_out = prepared(s, "DELETE FROM out_edges WHERE node = ?1 AND word = ?2");
    s->drop_in = prepared(s, "DELETE FROM in_edges WHERE node = ?1 AND word = ?2");
    s->add_out = prepared(s, "INSERT INTO out_edges VALUES(?1, ?2)");
    s->add_in = prepared(s, "INSERT INTO in_edges VALUES(?1, ?2)");
}

static void close_store(store *s) {
    for (sqlite3_stmt *statement; (statement = sqlite3_next_stmt(s->db, NULL));) sqlite3_finalize(statement);
    sqlite3_close(s->db);
}

static u32 who_implements(void *peer, u32 trait, u32 *ids) {
    const store *s = peer;
    u32 count = 0;
    sqlite3_bind_int64(s->who, 1, trait);
    while (sqlite3_step(s->who) == SQLITE_ROW) ids[count++] = generate_node((u32)sqlite3_column_int64(s->who, 0));
    sqlite3_reset(s->who);
    return count;
}

static void in_edges(void *peer, u32 node, peer_walk *walk) {
    const store *s = peer;
    sqlite3_bind_int64(s->in, 1, node);
    while (sqlite3_step(s->in) == SQLITE_ROW) peer_visit(walk, generate_node((u32)sqlite3_column_int64(s->in, 0)));
    sqlite3_reset(s->in);
}

static void read_file(const store *s, const peer_save *save, peer_edges *edges) {
    edges->count = 0;
    sqlite3_bind_int64(s->file, 1, save->first);
    sqlite3_bind_int64(s->file, 2, save->end);
    while (sqlite3_step(s->file) == SQLITE_ROW)
        peer_push(edges, (u32)sqlite3_column_int64(s->file, 0), (u32)sqlite3_column_int64(s->file, 1));
    sqlite3_reset(s->file);
}

static void drop(void *peer, peer_edge edge) {
    const store *s = peer;
    peer_edge turned = peer_turned(edge);
    if (!s->whole) step(s, s->drop_out, edge.node, edge.word); /* else they go in one statement */
    step(s, s->drop_in, turned.node, turned.word);
}

static void add(void *peer, peer_edge edge) {
    const store *s = peer;
    peer_edge turned = peer_turned(edge);
    step(s, s->add_out, edge.node, edge.word);
    step(s, s->add_in, turned.node, turned.word);
}

static void saves(store *s, peer_saver *saver, u32 count) {
    peer_edges stored = {0};
    for (u32 way = 0; way < 4; way++) {
        peer_series times = {0};
        bool full = way & 1;
        s->whole = way < 2;
        run(s, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
        for (u32 i = 0; i < count; i++) {
            const peer_save *save = peer_next_save(saver);
            u64 start = peer_now();
            run(s, "BEGIN IMMEDIATE");
            read_file(s, save, &stored);
            if (s->whole) step(s, s->drop_file, save->first, save->end);
            peer_apply(s, &stored, &save->new, s->whole, drop, add);
            run(s, "COMMIT");
            peer_note(&times, peer_now() - start);
            if (!peer_same(&stored, &save->old)) peer_stop("save", "the store is not what it was made");
        }
        peer_tell_save(!way,
                       way == 0   ? "file, synchronous=NORMAL"
                       : way == 1 ? "file, synchronous=FULL"
                       : way == 2 ? "difference, synchronous=NORMAL"
                                  : "difference, synchronous=FULL",
                       full ? "power loss" : "the process", &times);
    }
    if (count) {
        read_file(s, &saver->next, &stored);
        if (!peer_same(&stored, &saver->next.new)) peer_stop("save", "the last one is not in the store");
    }
    printf("]");
    free(stored.data);
}

static u64 on_disk(const char *path) {
    static const char *const ends[] = {"", "-wal", "-shm"};
    u64 bytes = 0;
    for (u32 i = 0; i < 3; i++) {
        char name[4096];
        struct stat status;
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        if (stat(name, &status) == 0) bytes += (u64)status.st_size;
    }
    return bytes;
}

int main(int argc, char **argv) {
    peer_options o = peer_read_options(argc, argv);
    generator g;
    generator_init(&g, generate_nodes_for(o.triplets), o.triplets, o.seed);
    char path[4000];
    snprintf(path, sizeof path, "%s/peer.sqlite", o.folder);
    peer_graph graph = peer_make_graph(&g, true);
    peer_begin("sqlite", &o, &g, &graph);
    store s = {0};
    u64 start = peer_now();
    open_store(&s, path);
    load(&s, &graph, g.nodes);
    close_store(&s);
    printf(",\"version\":\"%s\",\"load_s\":%.3f,\"bytes_kind\":\"disk\",\"bytes\":%llu", sqlite3_libversion(),
           (double)(peer_now() - start) / 1e9, (unsigned long long)on_disk(path));
    peer_free_graph(&graph);
    start = peer_now();
    open_loaded(&s, path);
    (void)who_implements(&s, 0, (u32[PEER_FIRST]){0});
    printf(",\"open_ns\":%llu", (unsigned long long)(peer_now() - start));
    peer_tell_memory("loaded");
    run(&s, "BEGIN");
    peer_ask(&g, &o, &s, who_implements, in_edges, NULL);
    run(&s, "COMMIT");
    peer_tell_memory("asked");
    peer_saver saver = peer_saver_create(&g, &o);
    saves(&s, &saver, o.saves);
    printf(",\"bytes_saved\":%llu", (unsigned long long)on_disk(path));
    peer_saver_free(&saver);
    close_store(&s);
    return peer_end();
}
