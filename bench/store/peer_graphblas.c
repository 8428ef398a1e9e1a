/* peer_graphblas.c: the graph as a SuiteSparse:GraphBLAS matrix, in memory: row = target, column = source, value = a bit for
 * each kind. Contains is a matrix of its own, as walks leave it out. One thread, as the other peers have.
 *
 * A walk is vxm with the complemented mask of what was visited; who_implements looks through a row. A save removes the
 * elements of the file's sources and sets the new ones: zombies and pending tuples, which the next question has to clear;
 * measured alone and with that. `inferred` is not kept. */
#include "peer.h"

#include <GraphBLAS.h>

enum { SETTLED = 20 }; /* each costs as much as the graph is large */

typedef struct store {
    GrB_Matrix in, contains;
    GrB_Vector frontier, visited;
    GxB_Iterator rows;
} store;

static void must(GrB_Info info, const char *what) {
    if (info < 0) peer_stop(what, "GraphBLAS failed");
}

static GrB_Matrix matrix(const peer_graph *graph, u32 nodes, bool contains) {
    GrB_Matrix made = NULL;
    u64 count = 0;
    GrB_Index *row = peer_alloc(graph->triplets, sizeof *row), *column = peer_alloc(graph->triplets, sizeof *column);
    u16 *bits = peer_alloc(graph->triplets, sizeof *bits);
    for (u32 n = 0; n < nodes; n++)
        for (u32 i = graph->in.start[n]; i < graph->in.start[n + 1]; i++) {
            u32 kind = generate_kind(graph->in.words[i]);
            if ((kind == GENERATE_CONTAINS) != contains) continue;
            row[count] = n;
            column[count] = generate_node(graph->in.words[i]);
            bits[count++] = (u16)(1u << kind);
        }
    must(GrB_Matrix_new(&made, GrB_UINT16, nodes, nodes), "new");
    must(GrB_Matrix_build_UINT16(made, row, column, bits, count, GrB_BOR_UINT16), "build");
    must(GrB_Matrix_wait(made, GrB_MATERIALIZE), "wait");
    free(row);
    free(column);
    free(bits);
    return made;
}

static void load(store *s, const peer_graph *graph, u32 nodes) {
    s->in = matrix(graph, nodes, false);
    s->contains = matrix(graph, nodes, true);
    must(GrB_Vector_new(&s->frontier, GrB_BOOL, nodes), "new");
    must(GrB_Vector_new(&s->visited, GrB_BOOL, nodes), "new");
    must(GxB_Iterator_new(&s->rows), "iterator");
    must(GxB_rowIterator_attach(s->rows, s->in, NULL), "attach");
}

static u32 who_implements(void *peer, u32 trait, u32 *ids) {
    const store *s = peer;
    u32 found = 0;
    GrB_Info info = GxB_rowIterator_seekRow(s->rows, trait);
    if (info == GxB_EXHAUSTED || GxB_rowIterator_getRowIndex(s->rows) != trait) return 0;
    for (; info == GrB_SUCCESS && found < PEER_FIRST; info = GxB_rowIterator_nextCol(s->rows))
        if (GxB_Iterator_get_UINT16(s->rows) & 1u << GENERATE_IMPLEMENTS)
            ids[found++] = (u32)GxB_rowIterator_getColIndex(s->rows);
    return found;
}

static u32 blast(void *peer, u32 node, u32 depth) {
    const store *s = peer;
    GrB_Index count = 1;
    must(GrB_Vector_clear(s->frontier), "clear");
    must(GrB_Vector_clear(s->visited), "clear");
    must(GrB_Vector_setElement_BOOL(s->frontier, true, node), "set");
    must(GrB_Vector_setElement_BOOL(s->visited, true, node), "set");
    for (u32 level = 0; level < depth && count < PEER_LIMIT; level++) {
        must(GrB_vxm(s->frontier, s->visited, NULL, GxB_ANY_PAIR_BOOL, s->frontier, s->in, GrB_DESC_RSC), "vxm");
        must(GrB_Vector_assign_BOOL(s->visited, s->frontier, NULL, true, GrB_ALL, 0, GrB_DESC_S), "assign");
        must(GrB_Vector_nvals(&count, s->visited), "count");
    }
    return (u32)count - 1;
}

static void save_file(const store *s, const peer_save *save) {
    for (u32 i = 0; i < save->old.count; i++) {
        peer_edge edge = peer_turned(save->old.data[i]);
        bool contains = generate_kind(edge.word) == GENERATE_CONTAINS;
        must(GrB_Matrix_removeElement(contains ? s->contains : s->in, edge.node, generate_node(edge.word)), "remove");
    }
    for (u32 i = 0; i < save->new.count; i++) {
        peer_edge edge = peer_turned(save->new.data[i]);
        bool contains = generate_kind(edge.word) == GENERATE_CONTAINS;
        u32 bits = 0;
        /* An element is all kinds between two nodes; one that is set twice is set to the same. */
        for (u32 k = i; k < save->new.count && save->new.data[k].node == save->new.data[i].node; k++)
            if (generate_node(save->new.data[k].word) == edge.node) bits |= 1u << generate_kind(save->new.data[k].word);
        for (u32 k = i; k-- && save->new.data[k].node == save->new.data[i].node;)
            if (generate_node(save->new.data[k].word) == edge.node) bits |= 1u << generate_kind(save->new.data[k].word);
        if (!contains) bits &= ~(1u << GENERATE_CONTAINS);
        must(GrB_Matrix_setElement_UINT16(contains ? s->contains : s->in,
                                          (u16)(contains ? 1u << GENERATE_CONTAINS : bits), edge.node,
                                          generate_node(edge.word)),
             "set");
    }
}

static void settle(const store *s) {
    must(GrB_Matrix_wait(s->in, GrB_MATERIALIZE), "wait");
    must(GrB_Matrix_wait(s->contains, GrB_MATERIALIZE), "wait");
}

static void check(const store *s, const peer_edges *edges) {
    for (u32 i = 0; i < edges->count; i++) {
        peer_edge edge = peer_turned(edges->data[i]);
        u32 kind = generate_kind(edge.word);
        u16 bits = 0;
        must(GrB_Matrix_extractElement_UINT16(&bits, kind == GENERATE_CONTAINS ? s->contains : s->in, edge.node,
                                              generate_node(edge.word)),
             "extract");
        if (!(bits & 1u << kind)) peer_stop("save", "the matrix is not what it was made");
    }
}

int main(int argc, char **argv) {
    peer_options o = peer_read_options(argc, argv);
    generator g;
    generator_init(&g, generate_nodes_for(o.triplets), o.triplets, o.seed);
    peer_graph graph = peer_make_graph(&g, true);
    must(GrB_init(GrB_NONBLOCKING), "init");
    must(GxB_Global_Option_set_INT32(GxB_GLOBAL_NTHREADS, 1), "threads");
    peer_begin("graphblas", &o, &g, &graph);
    store s = {0};
    size_t bytes = 0, more = 0;
    u64 start = peer_now();
    load(&s, &graph, g.nodes);
    double seconds = (double)(peer_now() - start) / 1e9;
    must(GxB_Matrix_memoryUsage(&bytes, s.in), "usage");
    must(GxB_Matrix_memoryUsage(&more, s.contains), "usage");
    printf(",\"version\":\"%d.%d.%d\",\"load_s\":%.3f,\"bytes_kind\":\"memory\",\"bytes\":%llu,\"open_ns\":null",
           GxB_IMPLEMENTATION_MAJOR, GxB_IMPLEMENTATION_MINOR, GxB_IMPLEMENTATION_SUB, seconds,
           (unsigned long long)(bytes + more));
    peer_free_graph(&graph);
    peer_tell_memory("loaded");
    peer_ask(&g, &o, &s, who_implements, NULL, blast);
    peer_tell_memory("asked");
    peer_saver saver = peer_saver_create(&g, &o);
    for (u32 way = 0; way < 2; way++) {
        peer_series times = {0};
        for (u32 i = 0; i < (way ? PEER_MIN(o.saves, (u32)SETTLED) : o.saves); i++) {
            const peer_save *save = peer_next_save(&saver);
            start = peer_now();
            save_file(&s, save);
            if (way) settle(&s);
            peer_note(&times, peer_now() - start);
        }
        settle(&s);
        if (o.saves) check(&s, &saver.next.new);
        peer_tell_save(!way, way ? "file, settled" : "file, pending", "nothing", &times);
    }
    printf("]");
    peer_saver_free(&saver);
    GxB_Iterator_free(&s.rows);
    GrB_Vector_free(&s.frontier);
    GrB_Vector_free(&s.visited);
    GrB_Matrix_free(&s.in);
    GrB_Matrix_free(&s.contains);
    GrB_finalize();
    return peer_end();
}
