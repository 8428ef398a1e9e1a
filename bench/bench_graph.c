/* bench_graph: questions inside the process, over the graph of a store; run.py calls it and prints the table.
 *   bench-graph STORE-URI [--seed N] [--nodes N] [--rounds N]
 * Prints one JSON object. Every question is timed by itself, the clock's own cost (`clock_ns`) included. The order is
 * random, so that one question does not warm the cache for the next; --seed repeats it. */
#include "base/alloc.h"
#include "graph/walk.h"
#include "query/item.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIRST = 64, BLAST_DEPTH = 3, SEARCHES = 300 };

typedef struct series {
    PT_VEC(u64) ns;
} series;

static u64 random_state;
static volatile u64 sink; /* keeps results alive */

static u32 random_below(u32 limit) {
    random_state += 0x9e3779b97f4a7c15u;
    return (u32)(((pt_hash_u64(random_state) >> 32) * limit) >> 32);
}

static int by_value(const void *a, const void *b) {
    u64 x = *(const u64 *)a, y = *(const u64 *)b;
    return x < y ? -1 : x > y;
}

static double at(const series *s, u32 percent) {
    return s->ns.count ? (double)s->ns.data[(u64)(s->ns.count - 1) * percent / 100] : 0;
}

/* Sorts, prints and frees. */
static void tell(const char *name, series *s) {
    if (s->ns.count) qsort(s->ns.data, s->ns.count, sizeof(u64), by_value);
    printf(",\"%s\":{\"count\":%u,\"p50_us\":%.3f,\"p99_us\":%.3f,\"max_us\":%.3f}", name, s->ns.count, at(s, 50) / 1e3,
           at(s, 99) / 1e3, at(s, 100) / 1e3);
    pt_vec_free(&s->ns);
}

static void shuffle(u32 *list, u32 count) {
    for (u32 i = count; i > 1; i--) {
        u32 j = random_below(i), keep = list[i - 1];
        list[i - 1] = list[j];
        list[j] = keep;
    }
}

/* Every trait: its implementors' ids, the first 64, when they are touched for the first time and again; then with each
 * one's record read. */
static void who_implements(const pt_graph *g, u32 rounds) {
    PT_VEC(u32) traits = {0};
    series cold = {0}, ids = {0}, records = {0};
    u64 found = 0;
    for (u32 n = 0; n < g->node_count; n++)
        if (pt_node_at(g, n)->kind == PT_KIND_TRAIT) pt_vec_push(&traits, n);
    for (u32 round = 0; round <= rounds; round++)
        for (u32 way = 0; way < (round ? 2u : 1u); way++) {
            shuffle(traits.data, traits.count);
            for (u32 i = 0; i < traits.count; i++) {
                u64 sum = 0, start = pt_now_ns();
                u32 left = FIRST;
                for (pt_run run = pt_graph_kind(g, traits.data[i], PT_IN, PT_EDGE_IMPLEMENTS);
                     left && pt_run_next(&run);)
                    for (u32 k = 0; k < run.count && left; k++, left--) {
                        u32 node = pt_word_node(run.words[k]);
                        sum += way ? pt_node_at(g, node)->name : node;
                    }
                u64 took = pt_now_ns() - start;
                sink += sum;
                if (!round) found += pt_graph_kind_count(g, traits.data[i], PT_IN, PT_EDGE_IMPLEMENTS);
                if (way) pt_vec_push(&records.ns, took);
                else if (round) pt_vec_push(&ids.ns, took);
                else pt_vec_push(&cold.ns, took);
            }
        }
    printf(",\"traits\":%u,\"implementors\":%llu", traits.count, (unsigned long long)found);
    tell("who_implements_first", &cold);
    tell("who_implements", &ids);
    tell("who_implements_records", &records);
    pt_vec_free(&traits);
}

/* A node of the workspace, of which there is one: in a graph that was edited they are not the first ones. */
static u32 random_local(const pt_graph *g) {
    u32 node;
    do node = random_below(g->node_count);
    while (!pt_node_local(g, node));
    return node;
}

static void blast_radius(const pt_graph *g, u32 wanted) {
    series times = {0};
    pt_walker walker;
    u64 visited = 0, total = 0, most = 0;
    if (!g->info.local_nodes || pt_walker_create(&walker, g)) return;
    for (u32 i = 0; i < wanted; i++) {
        u32 node = random_local(g);
        u64 start = pt_now_ns();
        pt_walk_blast(&walker, g, node, BLAST_DEPTH, false);
        u64 took = pt_now_ns() - start;
        visited += walker.count;
        most = PT_MAX(most, walker.count);
        total += took;
        pt_vec_push(&times.ns, took);
    }
    printf(",\"blast_ns_a_node\":%.2f,\"blast_nodes\":%.1f,\"blast_most_nodes\":%llu",
           visited ? (double)total / (double)visited : 0, (double)visited / (double)PT_MAX(wanted, 1u),
           (unsigned long long)most);
    tell("blast", &times);
    pt_walker_free(&walker);
}

static bool keep_name(void *payload, u32 name, u32 letters) {
    pt_node_list *names = payload;
    (void)letters;
    return pt_vec_push(names, name);
}

/* Names of the graph itself: whole, their first three letters, and with a letter left out. */
static void searches(const pt_graph *g) {
    series kinds[3] = {0}, items = {0};
    pt_buffer path = {0};
    pt_node_list names = {0};
    pt_graph_each_name(g, keep_name, &names);
    for (u32 i = 0; i < SEARCHES && names.count; i++)
        for (u32 way = 0; way < 3; way++) {
            char pattern[256];
            snprintf(pattern, sizeof pattern, "%s", pt_graph_string(g, names.data[random_below(names.count)]));
            size_t n = strlen(pattern);
            if (way == 1 && n > 3) pattern[3] = 0;
            if (way == 2 && n > 3) memmove(pattern + n / 2, pattern + n / 2 + 1, n - n / 2);
            pt_matches found = {0};
            u64 start = pt_now_ns();
            pt_search_names(&found, g, pattern, 20);
            pt_vec_push(&kinds[way].ns, pt_now_ns() - start);
            sink += found.count;
            pt_vec_free(&found);
        }
    for (u32 i = 0; i < SEARCHES && g->info.local_nodes; i++) {
        pt_items found = {0};
        pt_buffer_clear(&path);
        pt_graph_path(g, &path, random_local(g));
        u64 start = pt_now_ns();
        (void)pt_find_items(&found, g, path.data ? path.data : "", 0, true, NULL);
        pt_vec_push(&items.ns, pt_now_ns() - start);
        pt_items_free(&found);
    }
    tell("search_name", &kinds[0]);
    tell("search_prefix", &kinds[1]);
    tell("search_typo", &kinds[2]);
    tell("find_item", &items);
    pt_buffer_free(&path);
    pt_vec_free(&names);
}

int main(int argc, char **argv) {
    const char *uri = NULL;
    u32 seed = 1, nodes = 2000, rounds = 5;
    for (int i = 1; i < argc; i++) {
        u32 *number = strcmp(argv[i], "--seed") == 0     ? &seed
                      : strcmp(argv[i], "--nodes") == 0  ? &nodes
                      : strcmp(argv[i], "--rounds") == 0 ? &rounds
                                                         : NULL;
        if (number && i + 1 < argc) *number = (u32)strtoul(argv[++i], NULL, 10);
        else if (!number && !uri) uri = argv[i];
        else uri = NULL, argc = 0;
    }
    if (!uri) return fprintf(stderr, "usage: bench-graph STORE-URI [--seed N] [--nodes N] [--rounds N]\n"), 2;
    pt_error error = {0};
    pt_store *store = NULL;
    pt_graph *graph = NULL;
    u64 start = pt_now_ns();
    int code = pt_store_open(&store, uri, PT_STORE_READ, &error);
    if (!code) code = store->engine->load_graph(store, &graph, &error);
    u64 opened = pt_now_ns() - start;
    if (code) {
        fprintf(stderr, "bench-graph: %s\n", error.message);
        pt_store_close(store);
        return 4;
    }
    random_state = seed;
    start = pt_now_ns();
    for (u32 i = 0; i < 10000; i++) sink += pt_now_ns();
    double clock_ns = (double)(pt_now_ns() - start) / 10000;
    pt_store_stats stats = {0};
    u64 bytes;
    /* a graph that is no image: what its store takes */
    if (!pt_graph_image(graph, &bytes) && !store->engine->stats(store, &stats, NULL)) bytes = stats.bytes;
    printf("{\"seed\":%u,\"nodes\":%u,\"triplets\":%llu,\"image_bytes\":%llu,\"open_us\":%.1f,\"clock_ns\":%.1f", seed,
           graph->info.local_nodes + graph->info.external_nodes, (unsigned long long)graph->info.edges,
           (unsigned long long)bytes, (double)opened / 1e3, clock_ns);
    who_implements(graph, rounds);
    blast_radius(graph, nodes);
    searches(graph);
    puts("}");
    pt_graph_close(graph);
    pt_store_close(store);
    return fflush(stdout) != 0;
}
