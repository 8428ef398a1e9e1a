/* peer_lmdb.c: the graph as two LMDB databases, one a direction: the node is the key, its words are sorted duplicates of
 * fixed size, read a page at a time.
 *
 * Loaded in the order of the keys without syncing, synced at the end. The questions share one read transaction. */
#include "peer.h"

#include <lmdb.h>
#include <sys/stat.h>

typedef struct store {
    MDB_env *env;
    MDB_dbi out, in;
    MDB_txn *txn;
    MDB_cursor *rows;
} store;

static void must(int code, const char *what) {
    if (code) peer_stop(what, mdb_strerror(code));
}

static void open_store(store *s, const char *path, u64 triplets, bool make) {
    unsigned flags = MDB_INTEGERKEY | MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP | (make ? (unsigned)MDB_CREATE : 0);
    must(mdb_env_create(&s->env), "create");
    must(mdb_env_set_maxdbs(s->env, 2), "databases");
    must(mdb_env_set_mapsize(s->env, triplets * 256 + (1u << 30)), "map size");
    must(mdb_env_open(s->env, path, MDB_NOSUBDIR | MDB_NORDAHEAD | (make ? (unsigned)MDB_NOSYNC : 0), 0644), path);
    must(mdb_txn_begin(s->env, NULL, make ? 0 : MDB_RDONLY, &s->txn), "begin");
    must(mdb_dbi_open(s->txn, "out", flags, &s->out), "out");
    must(mdb_dbi_open(s->txn, "in", flags, &s->in), "in");
    must(mdb_txn_commit(s->txn), "commit");
}

static void load(store *s, const peer_graph *graph, u32 nodes) {
    for (u32 way = 0; way < 2; way++) {
        const peer_rows *rows = way ? &graph->in : &graph->out;
        for (u32 n = 0; n < nodes;) {
            MDB_cursor *cursor;
            must(mdb_txn_begin(s->env, NULL, 0, &s->txn), "begin");
            must(mdb_cursor_open(s->txn, way ? s->in : s->out, &cursor), "cursor");
            /* What a transaction may hold in memory is bounded. */
            for (u32 from = rows->start[n]; n < nodes && rows->start[n] - from < 4000000; n++)
                for (u32 i = rows->start[n]; i < rows->start[n + 1]; i++) {
                    MDB_val key = {sizeof n, &n}, value = {sizeof(u32), &rows->words[i]};
                    must(mdb_cursor_put(cursor, &key, &value, i == rows->start[n] ? MDB_APPEND : MDB_APPENDDUP), "put");
                }
            mdb_cursor_close(cursor);
            must(mdb_txn_commit(s->txn), "commit");
        }
    }
    must(mdb_env_sync(s->env, 1), "sync");
}

/* Sets `words` to the first page of a node's words; 0 when there are none. */
static u32 first_page(MDB_cursor *cursor, u32 node, const u32 **words) {
    MDB_val key = {sizeof node, &node}, value;
    if (mdb_cursor_get(cursor, &key, &value, MDB_SET)) return 0;
    /* Leaves the value alone when it is the only one. */
    if (mdb_cursor_get(cursor, &key, &value, MDB_GET_MULTIPLE)) return 0;
    *words = value.mv_data;
    return (u32)(value.mv_size / sizeof(u32));
}

static u32 next_page(MDB_cursor *cursor, const u32 **words) {
    MDB_val key, value;
    if (mdb_cursor_get(cursor, &key, &value, MDB_NEXT_MULTIPLE)) return 0;
    *words = value.mv_data;
    return (u32)(value.mv_size / sizeof(u32));
}

static u32 who_implements(void *peer, u32 trait, u32 *ids) {
    const store *s = peer;
    const u32 *words;
    u32 found = 0;
    for (u32 count = first_page(s->rows, trait, &words); count; count = next_page(s->rows, &words))
        for (u32 i = 0; i < count; i++) {
            u32 kind = generate_kind(words[i]);
            if (kind > GENERATE_IMPLEMENTS || found == PEER_FIRST) return found;
            if (kind == GENERATE_IMPLEMENTS) ids[found++] = generate_node(words[i]);
        }
    return found;
}

static void in_edges(void *peer, u32 node, peer_walk *walk) {
    const store *s = peer;
    const u32 *words;
    for (u32 count = first_page(s->rows, node, &words); count; count = next_page(s->rows, &words))
        for (u32 i = 0; i < count; i++)
            if (generate_kind(words[i]) != GENERATE_CONTAINS) peer_visit(walk, generate_node(words[i]));
}

static void read_file(const store *s, const peer_save *save, peer_edges *edges) {
    MDB_cursor *cursor;
    const u32 *words;
    edges->count = 0;
    must(mdb_cursor_open(s->txn, s->out, &cursor), "cursor");
    for (u32 n = save->first; n < save->end; n++)
        for (u32 count = first_page(cursor, n, &words); count; count = next_page(cursor, &words))
            for (u32 i = 0; i < count; i++) peer_push(edges, n, words[i]);
    mdb_cursor_close(cursor);
}

static void drop(void *peer, peer_edge edge) {
    const store *s = peer;
    peer_edge turned = peer_turned(edge);
    MDB_val node = {sizeof(u32), &edge.node}, word = {sizeof(u32), &edge.word};
    MDB_val back = {sizeof(u32), &turned.node}, back_word = {sizeof(u32), &turned.word};
    must(mdb_del(s->txn, s->out, &node, &word), "delete");
    must(mdb_del(s->txn, s->in, &back, &back_word), "delete");
}

static void add(void *peer, peer_edge edge) {
    const store *s = peer;
    peer_edge turned = peer_turned(edge);
    MDB_val node = {sizeof(u32), &edge.node}, word = {sizeof(u32), &edge.word};
    MDB_val back = {sizeof(u32), &turned.node}, back_word = {sizeof(u32), &turned.word};
    must(mdb_put(s->txn, s->out, &node, &word, 0), "put");
    must(mdb_put(s->txn, s->in, &back, &back_word, 0), "put");
}

static void saves(store *s, peer_saver *saver, u32 count) {
    peer_edges stored = {0};
    for (u32 way = 0; way < 4; way++) {
        peer_series times = {0};
        bool sync = way & 1, whole = way < 2;
        must(mdb_env_set_flags(s->env, MDB_NOSYNC, !sync), "flags");
        /* What was not synced before is not for this way to pay. */
        must(mdb_env_sync(s->env, 1), "sync");
        for (u32 i = 0; i < count; i++) {
            const peer_save *save = peer_next_save(saver);
            u64 start = peer_now();
            must(mdb_txn_begin(s->env, NULL, 0, &s->txn), "begin");
            read_file(s, save, &stored);
            peer_apply(s, &stored, &save->new, whole, drop, add);
            must(mdb_txn_commit(s->txn), "commit");
            peer_note(&times, peer_now() - start);
            if (!peer_same(&stored, &save->old)) peer_stop("save", "the store is not what it was made");
        }
        peer_tell_save(!way,
                       way == 0   ? "file, NOSYNC"
                       : way == 1 ? "file, sync"
                       : way == 2 ? "difference, NOSYNC"
                                  : "difference, sync",
                       sync ? "power loss" : "the process", &times);
    }
    if (count) {
        must(mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->txn), "begin");
        read_file(s, &saver->next, &stored);
        if (!peer_same(&stored, &saver->next.new)) peer_stop("save", "the last one is not in the store");
        mdb_txn_abort(s->txn);
    }
    printf("]");
    free(stored.data);
}

static u64 on_disk(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? (u64)status.st_size : 0;
}

int main(int argc, char **argv) {
    peer_options o = peer_read_options(argc, argv);
    generator g;
    generator_init(&g, generate_nodes_for(o.triplets), o.triplets, o.seed);
    char path[4000];
    snprintf(path, sizeof path, "%s/peer.lmdb", o.folder);
    peer_graph graph = peer_make_graph(&g, true);
    peer_begin("lmdb", &o, &g, &graph);
    store s = {0};
    u64 start = peer_now();
    open_store(&s, path, o.triplets, true);
    load(&s, &graph, g.nodes);
    mdb_env_close(s.env);
    printf(",\"version\":\"%d.%d.%d\",\"load_s\":%.3f,\"bytes_kind\":\"disk\",\"bytes\":%llu", MDB_VERSION_MAJOR,
           MDB_VERSION_MINOR, MDB_VERSION_PATCH, (double)(peer_now() - start) / 1e9, (unsigned long long)on_disk(path));
    peer_free_graph(&graph);
    start = peer_now();
    open_store(&s, path, o.triplets, false);
    must(mdb_txn_begin(s.env, NULL, MDB_RDONLY, &s.txn), "begin");
    must(mdb_cursor_open(s.txn, s.in, &s.rows), "cursor");
    (void)who_implements(&s, 0, (u32[PEER_FIRST]){0});
    printf(",\"open_ns\":%llu", (unsigned long long)(peer_now() - start));
    peer_tell_memory("loaded");
    peer_ask(&g, &o, &s, who_implements, in_edges, NULL);
    peer_tell_memory("asked");
    mdb_cursor_close(s.rows);
    mdb_txn_abort(s.txn);
    peer_saver saver = peer_saver_create(&g, &o);
    saves(&s, &saver, o.saves);
    printf(",\"bytes_saved\":%llu", (unsigned long long)on_disk(path));
    peer_saver_free(&saver);
    mdb_env_close(s.env);
    return peer_end();
}
