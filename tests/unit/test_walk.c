/* Walks against what a naive hand would do. */
#include "support.h"

#include "graph/walk.h"

enum { NODES = 40 };
/* A graph of nodes and edges alone: what walks read of it. */
static struct {
    pt_graph graph;
    pt_shard shard;
    pt_graph_node nodes[NODES];
    u8 walk_flags[NODES];
    u32 out_offsets[NODES + 1], in_offsets[NODES + 1], none[NODES + 1];
    pt_word out[NODES * NODES], in[NODES * NODES];
    u8 kind[NODES][NODES];         /* 1 + kind, 0: no edge */
    bool is_settled[NODES][NODES]; /* of calls */
} w;

static u8 code_of(u32 from, u32 to) {
    if (!w.kind[from][to]) return PT_CODE_COUNT;
    bool settled = w.kind[from][to] == 1 + PT_EDGE_CALLS && w.is_settled[from][to];
    return settled ? (u8)PT_CODE_SETTLED_CALLS : (u8)(w.kind[from][to] - 1);
}
static void rows(bool flags) {
    u32 out = 0, in = 0;
    for (u32 n = 0; n < NODES; n++) {
        w.out_offsets[n] = out, w.in_offsets[n] = in;
        w.walk_flags[n] = pt_walk_flags_of(&w.nodes[n]);
        for (u8 code = 0; code < PT_CODE_COUNT; code++)
            for (u32 m = 0; m < NODES; m++) {
                if (code_of(n, m) == code) w.out[out++] = pt_word_make(code, false, m);
                if (code_of(m, n) == code) w.in[in++] = pt_word_make(code, false, m);
            }
    }
    w.out_offsets[NODES] = out, w.in_offsets[NODES] = in;
    w.shard = (pt_shard){.nodes = w.nodes,
                         .walk_flags = flags ? w.walk_flags : NULL, /* they may be missing */
                         .offsets = {w.out_offsets, w.in_offsets, w.none, w.none},
                         .words = {w.out, w.in, w.out, w.in},
                         .node_count = NODES};
    w.graph = (pt_graph){.shards = &w.shard, .shard_count = 1, .node_count = NODES, .base_nodes = NODES};
    w.graph.info.local_nodes = NODES;
}
static void random_graph(u64 *random, u32 edges) {
    memset(w.kind, 0, sizeof w.kind);
    for (u32 n = 0; n < NODES; n++) {
        w.nodes[n] = (pt_graph_node){.kind = PT_KIND_FN, .parent = PT_NONE};
        if (next_random(random) % 10 == 0) w.nodes[n].flags |= PT_NODE_EXTERNAL;
        if (next_random(random) % 4 == 0) w.nodes[n].flags |= PT_NODE_TRAIT_IMPL;
    }
    static const u8 kinds[] = {PT_EDGE_CONTAINS, PT_EDGE_CALLS,     PT_EDGE_CALLS,
                               PT_EDGE_USES,     PT_EDGE_OVERRIDES, PT_EDGE_HAS};
    for (u32 e = 0; e < edges; e++)
        w.kind[next_random(random) % NODES][next_random(random) % NODES] =
            (u8)(1 + kinds[next_random(random) % PT_COUNT_OF(kinds)]);
    for (u32 n = 0; n < NODES; n++)
        for (u32 m = 0; m < NODES; m++) w.is_settled[n][m] = next_random(random) % 3 == 0;
    rows(next_random(random) % 2);
}

/* Depths by repeated sweeps over all pairs. */
static void naive_blast(u32 *depth, u32 start, u32 limit) {
    for (u32 n = 0; n < NODES; n++) depth[n] = PT_NONE;
    depth[start] = 0;
    for (u32 d = 0; d < limit; d++)
        for (u32 n = 0; n < NODES; n++) {
            if (depth[n] != d || (d && (w.nodes[n].flags & PT_NODE_EXTERNAL))) continue;
            for (u32 m = 0; m < NODES; m++)
                if (w.kind[m][n] && w.kind[m][n] != 1 + PT_EDGE_CONTAINS && depth[m] == PT_NONE) depth[m] = d + 1;
            if (!(w.nodes[n].flags & PT_NODE_TRAIT_IMPL)) continue;
            for (u32 t = 0; t < NODES; t++)
                if (w.kind[n][t] == 1 + PT_EDGE_OVERRIDES && !(w.nodes[t].flags & PT_NODE_EXTERNAL))
                    for (u32 m = 0; m < NODES; m++)
                        if (w.kind[m][t] == 1 + PT_EDGE_CALLS && !w.is_settled[m][t] && depth[m] == PT_NONE)
                            depth[m] = d + 1;
        }
}

static void blast(void **state) {
    (void)state;
    u64 random = seed_of_run("blast");
    pt_walker walker = {0};
    for (u32 round = 0; round < 400; round++) {
        random_graph(&random, 20 + (u32)(next_random(&random) % 100));
        if (!round) assert_int_equal(pt_walker_create(&walker, &w.graph), PT_OK);
        u32 start = (u32)(next_random(&random) % NODES), limit = 1 + round % 6, depth[NODES], reached = 0;
        pt_walk_blast(&walker, &w.graph, start, limit, false);
        naive_blast(depth, start, limit);
        for (u32 n = 0; n < NODES; n++) reached += depth[n] != PT_NONE;
        assert_int_equal(walker.count, reached);
        assert_int_equal(walker.queue[0], start);
        for (u32 i = 0; i < walker.count; i++) {
            assert_int_equal(walker.depth[i], depth[walker.queue[i]]);
            if (i) assert_int_equal(walker.depth[walker.parent[i]] + 1, walker.depth[i]);
        }
    }
    pt_walker_free(&walker);
}

static void ways(void **state) {
    (void)state;
    u64 random = seed_of_run("ways");
    for (u32 round = 0; round < 400; round++) {
        pt_walker walker;
        random_graph(&random, 20 + (u32)(next_random(&random) % 60));
        assert_int_equal(pt_walker_create(&walker, &w.graph), PT_OK);
        u32 from = (u32)(next_random(&random) % NODES), to = (u32)(next_random(&random) % NODES), depth[NODES];
        for (u32 n = 0; n < NODES; n++) depth[n] = n == from ? 0 : PT_NONE;
        for (u32 d = 0; d < NODES; d++)
            for (u32 n = 0; n < NODES; n++)
                for (u32 m = 0; depth[n] == d && m < NODES; m++)
                    if (w.kind[n][m] && w.kind[n][m] != 1 + PT_EDGE_CONTAINS && depth[m] == PT_NONE) depth[m] = d + 1;
        bool found = pt_walk_path(&walker, &w.graph, from, to, false);
        assert_int_equal(found, depth[to] != PT_NONE);
        if (found) {
            u32 steps = 0, last = to;
            assert_int_equal(walker.queue[walker.count - 1], to);
            for (u32 at = walker.parent[walker.count - 1]; at != PT_NONE; at = walker.parent[at], steps++) {
                assert_true(w.kind[walker.queue[at]][last] > 0);
                last = walker.queue[at];
            }
            assert_int_equal(last, from);
            assert_int_equal(steps, depth[to]);
        }
        pt_walker_free(&walker);
    }
}

static void components(void **state) {
    (void)state;
    u64 random = seed_of_run("components");
    pt_walker scratch = {0};
    for (u32 round = 0; round < 600; round++) {
        bool reach[NODES][NODES] = {{false}};
        u32 nodes = 1 + (u32)(next_random(&random) % NODES), offsets[NODES + 1] = {0}, targets[NODES * 4],
            component[NODES], found, edges = 0;
        for (u32 n = 0; n < nodes; n++) {
            for (u32 k = (u32)(next_random(&random) % 4); k; k--) {
                u32 to = (u32)(next_random(&random) % nodes);
                targets[edges++] = to;
                reach[n][to] = true;
            }
            offsets[n + 1] = edges;
        }
        for (u32 k = 0; k < nodes; k++)
            for (u32 i = 0; i < nodes; i++)
                for (u32 j = 0; j < nodes; j++) reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
        assert_int_equal(pt_components(component, &found, offsets, targets, nodes, &scratch), PT_OK);
        bool used[NODES] = {false};
        for (u32 i = 0; i < nodes; i++) {
            bool alone = true;
            for (u32 j = 0; j < nodes; j++) {
                bool same = i != j && reach[i][j] && reach[j][i];
                alone = alone && !same;
                if (i != j) assert_int_equal(same, component[i] != PT_NONE && component[i] == component[j]);
            }
            assert_int_equal(alone, component[i] == PT_NONE);
            if (component[i] != PT_NONE) assert_true(component[i] < found), used[component[i]] = true;
        }
        for (u32 c = 0; c < found; c++) assert_true(used[c]);
    }
    pt_walker_free(&scratch);
}

/* A chain of a million nodes: no recursion. */
static void long_chain(void **state) {
    (void)state;
    enum { LONG = 1000000 };
    u32 *offsets = malloc((LONG + 1) * sizeof(u32)), *targets = malloc(LONG * sizeof(u32)),
        *component = malloc(LONG * sizeof(u32)), found;
    for (u32 i = 0; i < LONG; i++) offsets[i] = i, targets[i] = (i + 1) % LONG;
    offsets[LONG] = LONG;
    pt_walker walker = {0};
    assert_int_equal(pt_components(component, &found, offsets, targets, LONG, &walker), PT_OK);
    void *kept = walker.scratch;
    assert_int_equal(pt_components(component, &found, offsets, targets, LONG, &walker), PT_OK);
    assert_ptr_equal(walker.scratch, kept); /* nothing is allocated once it is large enough */
    pt_walker_free(&walker);
    assert_int_equal(found, 1);
    free(offsets), free(targets), free(component);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(blast), cmocka_unit_test(ways), cmocka_unit_test(components),
                                       cmocka_unit_test(long_chain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
