/* peer_igraph.c: the graph as an igraph_t, in memory; the kind of an edge stands beside it, by the edge's id.
 *
 * Loading is the edge list and igraph_create. A save deletes and adds edges, for which igraph makes its indexes anew. */
#include "peer.h"

#include <igraph.h>

enum { SAVES = 10 }; /* each costs as much as the graph is large */

typedef struct store {
    igraph_t graph;
    igraph_vector_int_t ids;
    unsigned char *kinds; /* kind and inferred: a word's first five bits */
} store;

static void must(igraph_error_t code, const char *what) {
    if (code) peer_stop(what, igraph_strerror(code));
}

static void load(store *s, const peer_graph *graph, u32 nodes) {
    igraph_vector_int_t edges;
    must(igraph_vector_int_init(&edges, 2 * (igraph_integer_t)graph->triplets), "edge list");
    s->kinds = peer_alloc(graph->triplets, 1);
    for (u32 n = 0; n < nodes; n++)
        for (u32 i = graph->out.start[n]; i < graph->out.start[n + 1]; i++) {
            VECTOR(edges)[2 * (igraph_integer_t)i] = n;
            VECTOR(edges)[2 * (igraph_integer_t)i + 1] = generate_node(graph->out.words[i]);
            s->kinds[i] = (unsigned char)(graph->out.words[i] >> 27);
        }
    must(igraph_create(&s->graph, &edges, nodes, IGRAPH_DIRECTED), "create");
    igraph_vector_int_destroy(&edges);
    must(igraph_vector_int_init(&s->ids, 0), "ids");
}

static u32 who_implements(void *peer, u32 trait, u32 *ids) {
    store *s = peer;
    u32 found = 0;
    must(igraph_incident(&s->graph, &s->ids, trait, IGRAPH_IN), "incident");
    igraph_integer_t count = igraph_vector_int_size(&s->ids);
    for (igraph_integer_t i = 0; i < count && found < PEER_FIRST; i++) {
        igraph_integer_t id = VECTOR(s->ids)[i];
        if (s->kinds[id] >> 1 == GENERATE_IMPLEMENTS) ids[found++] = (u32)IGRAPH_FROM(&s->graph, id);
    }
    return found;
}

static void in_edges(void *peer, u32 node, peer_walk *walk) {
    store *s = peer;
    must(igraph_incident(&s->graph, &s->ids, node, IGRAPH_IN), "incident");
    igraph_integer_t count = igraph_vector_int_size(&s->ids);
    for (igraph_integer_t i = 0; i < count; i++) {
        igraph_integer_t id = VECTOR(s->ids)[i];
        if (s->kinds[id] >> 1 != GENERATE_CONTAINS) peer_visit(walk, (u32)IGRAPH_FROM(&s->graph, id));
    }
}

static int by_edge(const void *a, const void *b) { return peer_compare(*(const peer_edge *)a, *(const peer_edge *)b); }

/* The ids of a file's edges, and in `edges` what they are. */
static void read_file(store *s, const peer_save *save, igraph_vector_int_t *all, peer_edges *edges) {
    edges->count = 0;
    igraph_vector_int_clear(all);
    for (u32 n = save->first; n < save->end; n++) {
        must(igraph_incident(&s->graph, &s->ids, n, IGRAPH_OUT), "incident");
        must(igraph_vector_int_append(all, &s->ids), "append");
        for (igraph_integer_t i = 0; i < igraph_vector_int_size(&s->ids); i++) {
            igraph_integer_t id = VECTOR(s->ids)[i];
            peer_push(edges, n, (u32)s->kinds[id] << 27 | (u32)IGRAPH_TO(&s->graph, id));
        }
    }
    if (edges->count) qsort(edges->data, edges->count, sizeof(peer_edge), by_edge);
}

static void save_file(store *s, const peer_save *save, igraph_vector_int_t *all, peer_edges *stored) {
    const unsigned char gone = 255;
    read_file(s, save, all, stored);
    igraph_integer_t before = igraph_ecount(&s->graph), kept = 0;
    for (igraph_integer_t i = 0; i < igraph_vector_int_size(all); i++) s->kinds[VECTOR(*all)[i]] = gone;
    must(igraph_delete_edges(&s->graph, igraph_ess_vector(all)), "delete");
    /* Edges keep their order and are numbered anew. */
    for (igraph_integer_t i = 0; i < before; i++)
        if (s->kinds[i] != gone) s->kinds[kept++] = s->kinds[i];
    s->kinds = realloc(s->kinds, (size_t)kept + save->new.count + 1);
    if (!s->kinds) peer_stop("realloc", "out of memory");
    must(igraph_vector_int_resize(all, 2 * (igraph_integer_t)save->new.count), "resize");
    for (u32 i = 0; i < save->new.count; i++) {
        VECTOR(*all)[2 * i] = save->new.data[i].node;
        VECTOR(*all)[2 * i + 1] = generate_node(save->new.data[i].word);
        s->kinds[kept++] = (unsigned char)(save->new.data[i].word >> 27);
    }
    must(igraph_add_edges(&s->graph, all, NULL), "add");
}

int main(int argc, char **argv) {
    peer_options o = peer_read_options(argc, argv);
    generator g;
    generator_init(&g, generate_nodes_for(o.triplets), o.triplets, o.seed);
    peer_graph graph = peer_make_graph(&g, true);
    peer_begin("igraph", &o, &g, &graph);
    u64 before = peer_status("RssAnon"), start = peer_now();
    store s = {0};
    load(&s, &graph, g.nodes);
    double seconds = (double)(peer_now() - start) / 1e9;
    malloc_trim(0);
    const char *version = NULL;
    (void)igraph_version(&version, NULL, NULL, NULL);
    printf(",\"version\":\"%s\",\"load_s\":%.3f,\"bytes_kind\":\"memory\",\"bytes\":%llu,\"open_ns\":null", version,
           seconds, (unsigned long long)(peer_status("RssAnon") - before));
    peer_free_graph(&graph);
    peer_tell_memory("loaded");
    peer_ask(&g, &o, &s, who_implements, in_edges, NULL);
    peer_tell_memory("asked");
    peer_saver saver = peer_saver_create(&g, &o);
    peer_series times = {0};
    peer_edges stored = {0};
    igraph_vector_int_t all;
    must(igraph_vector_int_init(&all, 0), "ids");
    for (u32 i = 0; i < o.saves && i < SAVES; i++) {
        const peer_save *save = peer_next_save(&saver);
        start = peer_now();
        save_file(&s, save, &all, &stored);
        peer_note(&times, peer_now() - start);
        if (!peer_same(&stored, &save->old)) peer_stop("save", "the graph is not what it was made");
        read_file(&s, save, &all, &stored);
        if (!peer_same(&stored, &save->new)) peer_stop("save", "it is not in the graph");
    }
    peer_tell_save(true, "file", "nothing", &times);
    printf("]");
    free(stored.data);
    free(s.kinds);
    peer_saver_free(&saver);
    igraph_vector_int_destroy(&all);
    igraph_vector_int_destroy(&s.ids);
    igraph_destroy(&s.graph);
    return peer_end();
}
