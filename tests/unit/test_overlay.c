/* Snapshots by batches against graphs built anew: equal up to ids, lawful, and of no more memory than they need. */
#include "support.h"

#include "graph/fold.h"
#include "graph/writer.h"
#include "graph_model.h"

static void close_graph(void *graph) { pt_graph_close(graph); }
static pt_graph_writer *writer_on(pt_graph *g) {
    pt_graph_writer *w = NULL;
    pt_error error = {0};
    const pt_graph_base base = {*g, close_graph, g};
    if (pt_graph_writer_create(&w, &base, &error)) fail_msg("%s", error.message);
    return w;
}

static void lawful(const pt_graph *g) {
    pt_error error = {0};
    if (pt_graph_validate(g, &error)) fail_msg("%s", error.message);
}
static void same(const pt_graph *a, const pt_graph *b, const char *what, u32 step) {
    if (graph_sum(a) == graph_sum(b)) return;
    print_difference(a, b);
    fail_msg("%s, step %u: another graph", what, step);
}
static void commit(pt_graph_writer *w, const pt_delta *d) {
    pt_error error = {0};
    if (pt_graph_writer_prepare(w, d, &error)) fail_msg("%s", error.message);
    pt_graph_writer_publish(w);
}

static pt_graph *folded(const pt_graph *g) {
    void *image;
    u64 size;
    pt_graph *out = NULL;
    pt_error error = {0};
    int code = pt_fold_image(&image, &size, g, &error);
    if (!code) code = pt_graph_open(&out, image, size, true, true, &error);
    if (code) fail_msg("folded: %s", error.message);
    if (!out) abort();
    assert_int_equal(out->node_count, g->node_count);
    assert_int_equal(out->anchor_count, g->anchor_count);
    assert_int_equal(out->file_count, g->file_count);
    assert_int_equal(out->string_count, g->string_count);
    assert_int_equal(out->info.generation, g->info.generation);
    return out;
}

/* Memory: what a snapshot reaches in its overlay, piece by piece. */

static u64 piece(size_t size) {
    pt_slab probe = {0};
    assert_non_null(pt_slab_alloc(&probe, size));
    u64 used = probe.used;
    pt_slab_destroy(&probe);
    return used;
}
typedef struct pieces {
    const pt_graph *graph;
    u64 bytes;
    u64 sizes[PT_SLAB_LARGEST / 16 + 1]; /* what a size takes, 0 not asked yet */
} pieces;
static void reach(pieces *p, size_t size) {
    if (size > PT_SLAB_LARGEST) {
        p->bytes += size;
        return;
    }
    u64 *known = &p->sizes[(size + 15) / 16];
    if (!*known) *known = piece(size);
    p->bytes += *known;
}
static int reach_record(void *payload, u32 id, void *item) {
    pieces *p = payload;
    (void)id;
    assert_non_null(item);
    reach(p, sizeof(pt_graph_anchor));
    return PT_OK;
}
static int reach_file(void *payload, u32 id, void *item) {
    (void)id;
    assert_non_null(item);
    reach(payload, sizeof(pt_graph_file));
    return PT_OK;
}
static int reach_patch(void *payload, u32 id, void *item) {
    pieces *all = payload;
    const pt_patch *p = item;
    reach(all, sizeof *p);
    if (p->node) reach(all, sizeof *p->node);
    if (p->position) reach(all, sizeof *p->position); /* pt_delta_between gives one to every new node */
    else assert_true(id < all->graph->base_nodes);
    for (u32 i = 0; i < 2; i++) {
        const pt_out_row *r = p->rows[i];
        if (r && r->count)
            reach(all, sizeof *r + (2 * (size_t)r->count + 1) * sizeof(u32) + r->site_count * sizeof(pt_graph_site));
        const pt_in_list *l = p->in[i];
        u32 count = 0;
        if (l && l->capacity) reach(all, sizeof *l + l->capacity * sizeof(pt_slice));
        for (u32 s = 0; l && s < l->pieces; s++) {
            assert_true(l->slices[s].count > 0 && l->slices[s].count <= PT_SLICE_WORDS);
            count += l->slices[s].count;
            if (l->slices[s].capacity) reach(all, 8 + l->slices[s].capacity * sizeof(pt_word));
        }
        if (l) assert_int_equal(l->count, count);
    }
    if (p->open && p->open->count) reach(all, sizeof *p->open + p->open->count * sizeof(pt_graph_unresolved));
    return PT_OK;
}
static void reach_map(pieces *p, const pt_radix_inner *root) {
    if (root) reach(p, sizeof *root);
    for (u32 i = 0; root && i < PT_RADIX_WIDTH; i++) {
        const pt_radix_inner *middle = root->below[i];
        if (middle) reach(p, sizeof *middle);
        for (u32 k = 0; middle && k < PT_RADIX_WIDTH; k++) {
            const pt_radix_leaf *leaf = middle->below[k];
            if (leaf) reach(p, sizeof *leaf + leaf->capacity * sizeof(void *));
        }
    }
}
/* Every byte in use belongs to the snapshot: nothing was lost, nothing given back too early. No reader is inside. */
static void nothing_lost(const pt_graph_writer *w) {
    static pieces p;
    pt_writer_stats stats;
    const pt_graph *g = pt_graph_writer_latest(w);
    pt_graph_writer_stats(w, &stats);
    assert_int_equal(stats.waiting, 0);
    p.graph = g;
    p.bytes = 0;
    reach(&p, sizeof(pt_graph) + sizeof(pt_overlay));
    const pt_overlay *o = g->overlay;
    if (o) {
        reach_map(&p, o->nodes);
        reach_map(&p, o->anchors);
        reach_map(&p, o->files);
        (void)pt_radix_each(o->nodes, reach_patch, &p);
        (void)pt_radix_each(o->anchors, reach_record, &p);
        (void)pt_radix_each(o->files, reach_file, &p);
        for (u32 k = 0; k < 2; k++) {
            const pt_name_index *x = k ? &o->open : &o->names;
            for (u32 i = 0; i < x->count; i++)
                reach(&p, sizeof(pt_name_run) + x->runs[i]->count * sizeof(pt_name_entry));
        }
        if (o->errors) reach(&p, o->error_count * sizeof(pt_graph_error));
        if (o->problems) reach(&p, o->problem_count * sizeof(u32));
        if (o->features) reach(&p, o->feature_count * sizeof(u32));
    }
    assert_int_equal(stats.used, p.bytes);
    assert_true(stats.used <= stats.held || stats.held == 0);
}

/* Random edits. */

typedef PT_VEC(model_batch) batches;
static void drop(batches *list, u32 from) {
    for (u32 i = from; i < list->count; i++) free_batch(&list->data[i]);
    list->count = from;
}

static void chain(u64 *random, u32 nodes, u32 steps) {
    static model m;
    make_model(&m, random, nodes);
    pt_graph_writer *w = writer_on(model_graph(&m, 1, random));
    pt_reader *reader = NULL;
    pt_graph *base = NULL; /* folded, with what came after it */
    batches since = {0};
    const pt_graph *held = NULL;
    u64 held_sum = 0;
    assert_int_equal(pt_reader_open(&reader, w, NULL), PT_OK);
    for (u32 step = 0; step < steps; step++) {
        const pt_graph *latest = pt_graph_writer_latest(w);
        u64 generation = latest->info.generation + 1 + pick(random, 3), before = graph_sum(latest);
        edit_model(&m, random);
        pt_graph *after = model_graph(&m, generation, random);
        model_batch batch = batch_between(latest, after, generation);
        pt_writer_stats then, now;
        if (one_in(random, 4)) { /* another time perhaps */
            pt_graph_writer_stats(w, &then);
            assert_int_equal(pt_graph_writer_prepare(w, &batch.delta, NULL), PT_OK);
            same(pt_graph_writer_prepared(w), after, "prepared", step);
            pt_graph_writer_discard(w);
            pt_graph_writer_stats(w, &now);
            assert_null(pt_graph_writer_prepared(w));
            assert_ptr_equal(pt_graph_writer_latest(w), latest);
            assert_int_equal(now.used, then.used);
            assert_int_equal(now.patches, then.patches);
            assert_int_equal(now.waiting, then.waiting);
            assert_int_equal(graph_sum(latest), before);
        }
        commit(w, &batch.delta);
        if (base && !pt_vec_push(&since, batch)) abort();
        if (!base) free_batch(&batch);
        latest = pt_graph_writer_latest(w);
        assert_int_equal(latest->info.generation, generation);
        lawful(latest);
        same(latest, after, "published", step);
        if (!held) nothing_lost(w);

        model_batch nothing = batch_between(latest, after, generation + 1);
        assert_int_equal(nothing.changed, 0);
        assert_int_equal(nothing.delta.nodes_count + nothing.delta.rows_count, 0);
        assert_int_equal(nothing.delta.files_count, 0);
        free_batch(&nothing);

        if (one_in(random, 8) && !base) {
            base = folded(latest);
            same(base, after, "folded", step);
        } else if (one_in(random, 6) && base) {
            pt_error error = {0};
            const pt_graph_base with = {*base, close_graph, base};
            pt_delta deltas[64];
            assert_true(since.count <= PT_COUNT_OF(deltas));
            for (u32 i = 0; i < since.count; i++) deltas[i] = since.data[i].delta;
            if (pt_graph_writer_rebase(w, &with, deltas, since.count, &error)) fail_msg("%s", error.message);
            drop(&since, 0);
            base = NULL;
            assert_int_equal(pt_graph_writer_latest(w)->info.generation, generation);
            lawful(pt_graph_writer_latest(w));
            same(pt_graph_writer_latest(w), after, "on another base", step);
            if (!held) nothing_lost(w);
        }
        if (held && one_in(random, 4)) {
            assert_int_equal(graph_sum(held), held_sum);
            pt_reader_leave(reader);
            held = NULL;
        } else if (!held && one_in(random, 6)) {
            held = pt_reader_enter(reader);
            assert_ptr_equal(held, pt_graph_writer_latest(w));
            held_sum = graph_sum(held);
        }
        pt_graph_close(after);
    }
    if (held) assert_int_equal(graph_sum(held), held_sum);
    pt_reader_close(reader);
    pt_graph_close(base);
    drop(&since, 0);
    pt_vec_free(&since);
    pt_graph_writer_destroy(w);
}

static void chains(void **state) {
    (void)state;
    u64 random = seed_of_run("chains");
    static const u32 sizes[] = {0, 5, 12, 40, 120, 400};
    for (u32 i = 0; i < PT_COUNT_OF(sizes); i++) chain(&random, sizes[i], 50);
    for (u32 i = 0; i < 12; i++) chain(&random, 5 + pick(&random, 60), 50);
}

/* Two graphs that have little or nothing in common. */
static void strangers(void **state) {
    (void)state;
    u64 random = seed_of_run("strangers");
    static model a, b;
    for (u32 round = 0; round < 40; round++) {
        make_model(&a, &random, pick(&random, 60));
        make_model(&b, &random, pick(&random, 60));
        if (round % 2) b.identities = 0;
        else
            for (u32 i = 0; i < MODEL_NODES; i++) b.nodes[i].identity += 1000000;
        pt_graph *after = model_graph(&b, 2, &random);
        pt_graph_writer *w = writer_on(model_graph(&a, 1, &random));
        model_batch batch = batch_between(pt_graph_writer_latest(w), after, 2);
        commit(w, &batch.delta);
        lawful(pt_graph_writer_latest(w));
        same(pt_graph_writer_latest(w), after, "strangers", round);
        nothing_lost(w);
        free_batch(&batch);
        pt_graph_close(after);
        pt_graph_writer_destroy(w);
    }
}

/* Lines that move change positions and anchors; no node and no row. */
static void moved_lines(void **state) {
    (void)state;
    u64 random = seed_of_run("moved lines");
    static model m;
    u32 positions = 0, anchors = 0;
    for (u32 round = 0; round < 20; round++) {
        make_model(&m, &random, 20 + pick(&random, 100));
        pt_graph_writer *w = writer_on(model_graph(&m, 1, NULL));
        for (u32 step = 2; step < 6; step++) {
            u32 file = any_file(&m, &random);
            shift_lines(&m, file, 1 + pick(&random, 200), 1 + pick(&random, 20));
            m.files[file].file.hash.low++;
            pt_graph *after = model_graph(&m, step, NULL);
            model_batch batch = batch_between(pt_graph_writer_latest(w), after, step);
            assert_int_equal(batch.changed, 0);
            assert_int_equal(batch.delta.nodes_count, 0);
            assert_int_equal(batch.delta.rows_count, 0);
            assert_int_equal(batch.delta.strings_count, 0);
            assert_int_equal(batch.delta.files_count, 1);
            positions += batch.delta.positions_count;
            anchors += batch.delta.anchors_count;
            commit(w, &batch.delta);
            same(pt_graph_writer_latest(w), after, "moved lines", step);
            lawful(pt_graph_writer_latest(w));
            free_batch(&batch);
            pt_graph_close(after);
        }
        pt_graph_writer_destroy(w);
    }
    assert_true(positions > 100 && anchors > 100);
}

/* There and back again many times: memory stays what it is. */
static void there_and_back(void **state) {
    (void)state;
    u64 random = seed_of_run("there and back");
    static model m;
    make_model(&m, &random, 120);
    pt_graph *a = model_graph(&m, 1, &random);
    pt_graph_writer *w = writer_on(model_graph(&m, 1, &random));
    for (u32 i = 0; i < 6; i++) edit_model(&m, &random);
    pt_graph *b = model_graph(&m, 2, &random);
    pt_writer_stats early = {0}, late;
    u32 nodes = 0;
    for (u32 i = 0; i < 128; i++) {
        const pt_graph *latest = pt_graph_writer_latest(w);
        if (i == 8) nodes = latest->node_count;
        model_batch batch = batch_between(latest, i % 2 ? a : b, latest->info.generation + 1);
        assert_true(batch.changed > 0);
        commit(w, &batch.delta);
        free_batch(&batch);
        if (i == 63) pt_graph_writer_stats(w, &early);
    }
    same(pt_graph_writer_latest(w), a, "there and back", 128);
    nothing_lost(w);
    pt_graph_writer_stats(w, &late);
    /* nodes that come again get new ids: the dead ones stay, a patch each */
    u64 dead = pt_graph_writer_latest(w)->node_count - nodes;
    assert_true(late.used - early.used <= 65536 + dead * 512);
    pt_graph_close(a);
    pt_graph_close(b);
    pt_graph_writer_destroy(w);
}

/* A hub. */

enum { HUB_NODES = 100001 };
/* Node 0 is used by the others: all of them, or every second one. */
static pt_graph *hub_graph(bool all) {
    u32 edges = 0;
    pt_graph_node *nodes = calloc(HUB_NODES, sizeof *nodes);
    pt_graph_position *positions = calloc(HUB_NODES, sizeof *positions);
    u32 *out_offsets = calloc(HUB_NODES + 1, sizeof(u32)), *in_offsets = calloc(HUB_NODES + 1, sizeof(u32)),
        *none = calloc(HUB_NODES + 1, sizeof(u32)), *sites = calloc(HUB_NODES + 1, sizeof(u32));
    pt_word *out = calloc(HUB_NODES, sizeof *out), *in = calloc(HUB_NODES, sizeof *in);
    const pt_graph_file file = {.path = 1};
    for (u32 n = 0; n < HUB_NODES; n++) {
        nodes[n] = (pt_graph_node){.hash = {pt_hash_u64(n), n}, .parent = PT_NONE, .kind = PT_KIND_FN};
        out_offsets[n] = edges;
        if (n && (all || n % 2)) {
            out[edges] = pt_word_make(PT_EDGE_USES, false, 0);
            in[edges++] = pt_word_make(PT_EDGE_USES, false, n);
        }
        in_offsets[n + 1] = n ? in_offsets[1] : 0;
    }
    out_offsets[HUB_NODES] = edges;
    for (u32 n = 1; n <= HUB_NODES; n++) in_offsets[n] = edges;
    const pt_graph_info info = {.generation = 1, .edges = edges, .local_nodes = HUB_NODES, .files = 1};
#define PART(name, type, data, count) \
    { PT_SECTION_##name, sizeof(type), data, count }
    const pt_block_part parts[] = {PART(info, pt_graph_info, &info, 1),
                                   PART(nodes, pt_graph_node, nodes, HUB_NODES),
                                   PART(positions, pt_graph_position, positions, HUB_NODES),
                                   PART(out_offsets, u32, out_offsets, HUB_NODES + 1),
                                   PART(out, pt_word, out, edges),
                                   PART(candidate_out_offsets, u32, none, HUB_NODES + 1),
                                   PART(site_offsets, u32, sites, edges + 1),
                                   PART(candidate_site_offsets, u32, none, 1),
                                   PART(in_offsets, u32, in_offsets, HUB_NODES + 1),
                                   PART(in, pt_word, in, edges),
                                   PART(candidate_in_offsets, u32, none, HUB_NODES + 1),
                                   PART(files, pt_graph_file, &file, 1),
                                   PART(strings, char, "\0a.rs", 6)};
#undef PART
    void *image;
    u64 size;
    pt_graph *g = NULL;
    pt_error error = {0};
    int code = pt_block_make(&image, &size, PT_BLOCK_IMAGE, parts, PT_COUNT_OF(parts), &error);
    if (!code) code = pt_graph_open(&g, image, size, true, true, &error);
    if (code) fail_msg("%s", error.message);
    free(nodes), free(positions), free(out_offsets), free(in_offsets), free(none), free(sites), free(out), free(in);
    return g;
}

/* The node uses node 0, or nothing any more. */
static void use_hub(pt_delta_builder *b, u32 node, bool uses) {
    pt_vec_push(&b->rows, (pt_delta_row){.node = node, .which = PT_ROW_OUT, .out_count = uses});
    if (uses) {
        pt_vec_push(&b->words, pt_word_make(PT_EDGE_USES, false, 0));
        pt_vec_push(&b->site_counts, 0);
    }
    b->head.info.edges += uses ? 1u : (u64)-1;
}
static void hub_is(const pt_graph *g, const bool *uses) {
    u32 node = 0, count = 0;
    for (pt_run run = pt_graph_list(g, 0, PT_IN); pt_run_next(&run);)
        for (u32 i = 0; i < run.count; i++, count++) {
            for (node++; node < HUB_NODES && !uses[node];) node++;
            assert_true(node < HUB_NODES);
            assert_int_equal(run.words[i], pt_word_make(PT_EDGE_USES, false, node));
        }
    for (node++; node < HUB_NODES; node++) assert_false(uses[node]);
    assert_int_equal(pt_graph_degree(g, 0, PT_IN), count);
    assert_int_equal(pt_graph_kind_count(g, 0, PT_IN, PT_EDGE_USES), count);
}

static void hub(u64 *random, bool all, u32 rounds, u32 spread) {
    enum { MOST_COPIED = 48 << 10 };
    static bool uses[HUB_NODES];
    pt_graph_writer *w = writer_on(hub_graph(all));
    pt_writer_stats warm = {0}, before, prepared, after;
    u64 most = 0;
    for (u32 n = 0; n < HUB_NODES; n++) uses[n] = n && (all || n % 2);
    for (u32 round = 0; round < rounds; round++) {
        u32 node = 1 + pick(random, spread);
        pt_delta_builder b = batch_after(pt_graph_writer_latest(w));
        model_batch batch = {0};
        use_hub(&b, node, uses[node] = !uses[node]);
        pack_batch(&batch, &b);
        pt_graph_writer_stats(w, &before);
        assert_int_equal(pt_graph_writer_prepare(w, &batch.delta, NULL), PT_OK);
        pt_graph_writer_stats(w, &prepared);
        pt_graph_writer_publish(w);
        pt_graph_writer_stats(w, &after);
        free_batch(&batch);
        most = PT_MAX(most, prepared.used - before.used); /* what the batch wrote */
        assert_true(prepared.used - before.used <= MOST_COPIED);
        /* what stays: patches of the source and its row, and slices that were split; not a list a change */
        assert_true(after.used <= before.used || after.used - before.used <= (round ? MOST_COPIED / 4 : MOST_COPIED));
        if (round % 128 == 0) hub_is(pt_graph_writer_latest(w), uses);
        if (round == rounds / 2) warm = after;
    }
    hub_is(pt_graph_writer_latest(w), uses);
    lawful(pt_graph_writer_latest(w));
    nothing_lost(w);
    pt_graph_writer_stats(w, &after);
    printf("hub: %llu bytes copied at most, %llu in use, %llu held\n", (unsigned long long)most,
           (unsigned long long)after.used, (unsigned long long)after.held);
    assert_true(after.held - warm.held <= (u64)rounds / 2 * 512 + (1 << 20));
    pt_graph_writer_destroy(w);
}
static void hubs(void **state) {
    (void)state;
    u64 random = seed_of_run("hubs");
    hub(&random, true, 1500, HUB_NODES - 1);
    hub(&random, false, 1500, HUB_NODES - 1);
    hub(&random, false, 4000, 3000); /* one part of it again and again */
}

/* Many edges of a hub in one batch: all go, all come, in pieces. */
static void whole_hub(void **state) {
    (void)state;
    u64 random = seed_of_run("whole hub");
    static bool uses[HUB_NODES];
    pt_graph_writer *w = writer_on(hub_graph(true));
    for (u32 n = 1; n < HUB_NODES; n++) uses[n] = true;
    for (u32 round = 0; round < 8; round++) {
        pt_delta_builder b = batch_after(pt_graph_writer_latest(w));
        model_batch batch = {0};
        u32 of = round < 2 ? 1 : 1 + pick(&random, 4); /* the first two: none is left, all come back */
        for (u32 n = 1; n < HUB_NODES; n++)
            if (of == 1 || one_in(&random, of)) use_hub(&b, n, uses[n] = !uses[n]);
        pack_batch(&batch, &b);
        commit(w, &batch.delta);
        free_batch(&batch);
        hub_is(pt_graph_writer_latest(w), uses);
        nothing_lost(w);
    }
    lawful(pt_graph_writer_latest(w));
    pt_graph *flat = folded(pt_graph_writer_latest(w));
    hub_is(flat, uses);
    pt_graph_close(flat);
    pt_graph_writer_destroy(w);
}

/* Nodes whose neighbours are all in the overlay: their page is copied once a batch, not for each of them. */
static void full_pages(void **state) {
    (void)state;
    pt_graph_writer *w = writer_on(hub_graph(true));
    pt_writer_stats before, prepared;
    u64 cost[2];
    for (u32 round = 0; round < 2; round++) { /* the second finds every id of its pages there */
        pt_delta_builder b = batch_after(pt_graph_writer_latest(w));
        model_batch batch = {0};
        for (u32 n = 0; n < 16384; n++) pt_vec_push(&b.positions, (pt_delta_position){n, {round + 1, round + 2, 3}});
        pack_batch(&batch, &b);
        pt_graph_writer_stats(w, &before);
        assert_int_equal(pt_graph_writer_prepare(w, &batch.delta, NULL), PT_OK);
        pt_graph_writer_stats(w, &prepared);
        pt_graph_writer_publish(w);
        free_batch(&batch);
        cost[round] = prepared.used - before.used;
    }
    printf("full pages: %llu bytes written when they fill, %llu when they are full\n", (unsigned long long)cost[0],
           (unsigned long long)cost[1]);
    assert_true(cost[1] <= 2 * cost[0]);
    lawful(pt_graph_writer_latest(w));
    pt_graph_writer_destroy(w);
}

/* Memory that is out. */

static void no_memory(void **state) {
    (void)state;
    u64 random = seed_of_run("no memory");
    static model m;
    u32 failures = 0;
    for (u32 round = 0; round < 6; round++) {
        make_model(&m, &random, 10 + pick(&random, 200));
        pt_graph *before = model_graph(&m, 1, NULL);
        static model changed;
        changed = m;
        for (u32 i = 0; i < 3; i++) edit_model(&changed, &random);
        pt_graph *after = model_graph(&changed, 2, &random);
        u64 sums[2] = {graph_sum(before), graph_sum(after)};
        for (u32 way = 0; way < 2; way++) /* a writer that is new, one that has lists and pages already */
            for (i64 n = 0;; n++) {
                pt_graph_writer *w = writer_on(model_graph(&m, 1, NULL));
                pt_error error = {0};
                pt_writer_stats then, now;
                if (way) { /* the same again: a batch that changes nothing, and one that is not published */
                    model_batch none = batch_between(pt_graph_writer_latest(w), before, 2);
                    commit(w, &none.delta);
                    free_batch(&none);
                }
                model_batch batch = batch_between(pt_graph_writer_latest(w), after, 3);
                if (way) {
                    assert_int_equal(pt_graph_writer_prepare(w, &batch.delta, NULL), PT_OK);
                    pt_graph_writer_discard(w);
                }
                const pt_graph *latest = pt_graph_writer_latest(w);
                pt_graph_writer_stats(w, &then);
                pt_alloc_clear();
                pt_alloc_fail_after(n);
                int code = pt_graph_writer_prepare(w, &batch.delta, &error);
                bool met = pt_alloc_fail_met();
                pt_alloc_fail_after(-1);
                pt_alloc_clear();
                if (code) {
                    failures++;
                    assert_int_equal(code, PT_ENOMEM);
                    assert_true(error.message[0] != 0);
                    assert_true(met);
                    pt_graph_writer_stats(w, &now);
                    assert_int_equal(now.used, then.used);
                    assert_int_equal(now.patches, then.patches);
                    assert_null(pt_graph_writer_prepared(w));
                    assert_ptr_equal(pt_graph_writer_latest(w), latest);
                    assert_int_equal(graph_sum(latest), sums[0]);
                    lawful(latest);
                    if (pt_graph_writer_prepare(w, &batch.delta, &error)) fail_msg("%s", error.message);
                }
                pt_graph_writer_publish(w);
                assert_int_equal(graph_sum(pt_graph_writer_latest(w)), sums[1]);
                lawful(pt_graph_writer_latest(w));
                nothing_lost(w);
                free_batch(&batch);
                pt_graph_writer_destroy(w);
                if (!met) break;
            }
        pt_graph_close(before);
        pt_graph_close(after);
    }
    assert_true(failures > 100);
}

static u32 released;
static void release_counted(void *graph) {
    released++;
    pt_graph_close(graph);
}

/* The other ways in: a diff, a fold, a writer made, another base. */
static void no_memory_elsewhere(void **state) {
    (void)state;
    u64 random = seed_of_run("no memory elsewhere");
    static model m, next;
    make_model(&m, &random, 60);
    next = m;
    for (u32 i = 0; i < 3; i++) edit_model(&next, &random);
    pt_graph *before = model_graph(&m, 1, NULL), *after = model_graph(&next, 2, &random);
    model_batch whole = batch_between(before, after, 2);
    u32 failures[4] = {0};
    for (u32 way = 0; way < 4; way++)
        for (i64 n = 0;; n++) {
            pt_error error = {0};
            pt_delta_builder b = {0};
            void *image = NULL;
            u64 size = 0;
            pt_graph_writer *w = way < 2 ? NULL : writer_on(model_graph(&m, 1, NULL)), *fresh = NULL;
            pt_graph *other = model_graph(&m, 1, NULL);
            const pt_graph_base base = {*other, release_counted, other};
            if (w) commit(w, &whole.delta);
            const pt_graph *latest = w ? pt_graph_writer_latest(w) : NULL;
            released = 0;
            pt_alloc_clear();
            pt_alloc_fail_after(n);
            int code = way == 0   ? pt_delta_between(&b, NULL, before, after, 2, &error)
                       : way == 1 ? pt_graph_writer_create(&fresh, &base, &error)
                       : way == 2 ? pt_fold_image(&image, &size, latest, &error)
                                  : pt_graph_writer_rebase(w, &base, &whole.delta, 1, &error);
            bool met = pt_alloc_fail_met();
            pt_alloc_fail_after(-1);
            pt_alloc_clear();
            if (code) {
                failures[way]++;
                assert_int_equal(code, PT_ENOMEM);
                assert_true(met && error.message[0]);
                if (way == 1 || way == 3) assert_int_equal(released, 1);
                if (way == 3) {
                    assert_ptr_equal(pt_graph_writer_latest(w), latest);
                    same(latest, after, "no other base", (u32)n);
                }
                assert_null(fresh);
            } else {
                model_batch got = {0};
                if (way == 0) { /* what it says when it says it fits */
                    pack_batch(&got, &b);
                    assert_int_equal(got.size, whole.size);
                    assert_memory_equal(got.block, whole.block, got.size);
                    free_batch(&got);
                }
                if (way == 2) {
                    pt_graph *opened = NULL;
                    assert_int_equal(pt_graph_open(&opened, image, size, false, true, NULL), PT_OK);
                    same(opened, after, "folded", (u32)n);
                    pt_graph_close(opened);
                }
                if (way == 3) same(pt_graph_writer_latest(w), after, "another base", (u32)n);
            }
            pt_delta_builder_free(&b);
            pt_free(image);
            pt_graph_writer_destroy(fresh);
            pt_graph_writer_destroy(w);
            if (way == 1 || way == 3) assert_int_equal(released, 1);
            else pt_graph_close(other);
            if (!met) break;
        }
    for (u32 way = 0; way < 4; way++) assert_true(failures[way] > 0);
    free_batch(&whole);
    pt_graph_close(before);
    pt_graph_close(after);
}

/* Batches by hand that must not leave an unlawful snapshot behind: refused, or harmless. */

static void no_open_sites_of_the_dead(const pt_graph *g, const char *what) {
    pt_unresolved_list open = {0};
    pt_graph_open_sites_unsorted(g, NULL, &open);
    for (u32 i = 0; i < open.count; i++)
        if (!pt_node_alive(g, open.data[i].from)) fail_msg("%s: an unresolved site of a removed node", what);
    pt_vec_free(&open);
}
/* Was it taken? What was taken is published. */
static bool taken(pt_graph_writer *w, pt_delta_builder *b, const char *what) {
    model_batch batch = {0};
    pt_error error = {0};
    pack_batch(&batch, b);
    int code = pt_graph_writer_prepare(w, &batch.delta, &error);
    if (code && code != PT_ECORRUPT) fail_msg("%s: %d %s", what, code, error.message);
    if (!code) {
        if (pt_graph_validate(pt_graph_writer_prepared(w), &error)) fail_msg("%s: %s", what, error.message);
        no_open_sites_of_the_dead(pt_graph_writer_prepared(w), what);
    }
    pt_graph_writer_publish(w);
    free_batch(&batch);
    return !code;
}
static const pt_delta_node gone = {.node = {.parent = PT_NONE, .file = PT_NONE, .kind = PT_KIND_DEAD}};
static void remove_in(pt_delta_builder *b, u32 node) {
    pt_delta_node x = gone;
    x.id = node;
    pt_vec_push(&b->nodes, x);
    b->head.info.local_nodes--;
}

enum { OUTER, INNER, ALONE }; /* ids of the small graph: INNER lies in OUTER, ALONE has an unresolved site */
static pt_graph_writer *small_writer(void) {
    static model m;
    memset(&m, 0, sizeof m);
    m.files[0] = (model_file){{.path = MODEL_NAMES}, true};
    for (u32 i = OUTER; i <= ALONE; i++) {
        m.nodes[i] = (model_node){.identity = ++m.identities, .name = i + 1, .parent = PT_NONE, .there = true};
        m.nodes[i].kind = PT_KIND_MODULE;
        m.anchors[i] = (model_anchor){i, 0, 10 * i, true};
    }
    m.nodes[INNER].parent = OUTER;
    m.open[m.open_count++] = (pt_graph_unresolved){.name = 9, .from = ALONE, .anchor = ALONE, .line = 2};
    return writer_on(model_graph(&m, 1, NULL));
}

static void removed_nodes(void **state) {
    (void)state;
    pt_graph_writer *w = small_writer();
    pt_delta_builder b = batch_after(pt_graph_writer_latest(w));
    remove_in(&b, ALONE); /* and no row: what becomes of its site? */
    if (!taken(w, &b, "removed without a row")) {
        b = batch_after(pt_graph_writer_latest(w));
        remove_in(&b, ALONE);
        pt_vec_push(&b.rows, (pt_delta_row){.node = ALONE, .which = PT_ROW_OUT | PT_ROW_CANDIDATES | PT_ROW_OPEN});
        assert_true(taken(w, &b, "removed with a row"));
    }
    b = batch_after(pt_graph_writer_latest(w));
    pt_vec_push(&b.rows, (pt_delta_row){.node = ALONE, .which = PT_ROW_OPEN, .open_count = 1});
    pt_vec_push(&b.open, (pt_graph_unresolved){.name = 1, .from = ALONE});
    assert_false(taken(w, &b, "an unresolved site of who was removed before"));
    b = batch_after(pt_graph_writer_latest(w));
    pt_vec_push(&b.rows, (pt_delta_row){.node = ALONE, .which = PT_ROW_OUT, .out_count = 1});
    pt_vec_push(&b.words, pt_word_make(PT_EDGE_USES, false, INNER));
    pt_vec_push(&b.site_counts, 0);
    b.head.info.edges++;
    assert_false(taken(w, &b, "an edge of who was removed before"));
    b = batch_after(pt_graph_writer_latest(w));
    pt_vec_push(&b.rows, (pt_delta_row){.node = INNER, .which = PT_ROW_OUT, .out_count = 1});
    pt_vec_push(&b.words, pt_word_make(PT_EDGE_USES, false, ALONE));
    pt_vec_push(&b.site_counts, 0);
    b.head.info.edges++;
    assert_false(taken(w, &b, "an edge to who was removed before"));
    pt_graph_writer_destroy(w);
}

static void parents(void **state) {
    (void)state;
    pt_graph_writer *w = small_writer();
    pt_delta_builder b = batch_after(pt_graph_writer_latest(w));
    pt_delta_node x = {*pt_node_at(pt_graph_writer_latest(w), OUTER), OUTER, 0};
    x.node.parent = INNER;
    pt_vec_push(&b.nodes, x);
    assert_false(taken(w, &b, "each in the other"));
    b = batch_after(pt_graph_writer_latest(w));
    remove_in(&b, OUTER);
    pt_vec_push(&b.rows, (pt_delta_row){.node = OUTER, .which = PT_ROW_OUT});
    b.head.info.edges--;
    assert_false(taken(w, &b, "who is around is removed"));
    /* the same in two steps: the edge first */
    b = batch_after(pt_graph_writer_latest(w));
    pt_vec_push(&b.rows, (pt_delta_row){.node = OUTER, .which = PT_ROW_OUT});
    b.head.info.edges--;
    (void)taken(w, &b, "contains no longer");
    b = batch_after(pt_graph_writer_latest(w));
    remove_in(&b, OUTER);
    (void)taken(w, &b, "who was around is removed");
    pt_graph_writer_destroy(w);
}

/* Places no longer used are not in the way of those that stay: one module's `use`s, several on one line. */
static void unused_places(void **state) {
    (void)state;
    for (u32 way = 0; way < 4; way++) {
        static model m;
        memset(&m, 0, sizeof m);
        m.files[0] = (model_file){{.path = MODEL_NAMES}, true};
        for (u32 i = 0; i < 6; i++) {
            m.nodes[i] = (model_node){.identity = ++m.identities, .name = i + 1, .parent = PT_NONE, .there = true};
            m.nodes[i].kind = PT_KIND_MODULE;
            if (!i) continue;
            u32 line = way & 1 && i > 2 ? 40 : 10 * i; /* the last three on one line, or not */
            m.anchors[i] = (model_anchor){0, 0, line, true};
            model_edge e = {.from = 0, .to = way & 2 ? 6 - i : i, .site_count = 1, .code = PT_EDGE_USES};
            e.sites[0].anchor = i;
            m.edges[m.edge_count++] = e;
        }
        pt_graph_writer *w = writer_on(model_graph(&m, 1, NULL));
        for (u32 step = 2; step < 12; step++) {
            if (step % 4 == 2) { /* the first one goes */
                for (u32 i = 1; i < 6; i++)
                    if (m.anchors[i].there) {
                        remove_anchor(&m, i);
                        break;
                    }
            } else {
                shift_lines(&m, 0, 1, 7);
            }
            pt_graph *after = model_graph(&m, step, NULL);
            model_batch batch = batch_between(pt_graph_writer_latest(w), after, step);
            if (step % 4 != 2 && batch.delta.rows_count)
                fail_msg("way %u, step %u: lines moved, and rows changed", way, step);
            commit(w, &batch.delta);
            free_batch(&batch);
            batch = batch_between(pt_graph_writer_latest(w), after, step + 1);
            if (batch.changed || batch.delta.anchors_count) fail_msg("way %u, step %u: equal graphs differ", way, step);
            same(pt_graph_writer_latest(w), after, "unused places", step);
            free_batch(&batch);
            pt_graph_close(after);
        }
        pt_graph_writer_destroy(w);
    }
}

/* Unresolved sites of one name at the same line and column of two files. */
static void sites_of_two_files(void **state) {
    (void)state;
    static model m;
    memset(&m, 0, sizeof m);
    m.nodes[0] = (model_node){.identity = 1, .name = 1, .parent = PT_NONE, .kind = PT_KIND_MODULE, .there = true};
    for (u32 i = 0; i < 2; i++) {
        m.files[i] = (model_file){{.path = MODEL_NAMES + i}, true};
        m.anchors[i] = (model_anchor){0, i, 5, true};
        m.open[i] = (pt_graph_unresolved){.name = 2, .anchor = i, .line = 3, .column = 4};
    }
    m.open_count = 2;
    pt_graph *before = model_graph(&m, 1, NULL);
    model_anchor keep = m.anchors[0]; /* the same places, found in another order */
    m.anchors[0] = m.anchors[1], m.anchors[1] = keep;
    pt_graph *after = model_graph(&m, 2, NULL);
    model_batch batch = batch_between(before, after, 2);
    assert_int_equal(batch.changed, 0);
    free_batch(&batch);
    pt_graph_close(before);
    pt_graph_close(after);
}

/* Batches that do not fit. */

static void mend(void *block, u64 size) {
    pt_block_header *h = block;
    h->checksum = pt_hash_bytes((const char *)block + sizeof *h, size - sizeof *h);
}

typedef struct verdicts {
    u32 accepted, refused;
} verdicts;
/* A block that may be anything: refused, or a lawful snapshot. The block is consumed. */
static void try_block(verdicts *v, pt_graph_writer *w, void *block, u64 size, u64 sum, const char *what, u64 at) {
    pt_delta d;
    pt_error error = {0};
    pt_writer_stats before, after;
    pt_graph_writer_stats(w, &before);
    int code = pt_delta_open(&d, block, size, true, &error);
    if (!code) code = pt_graph_writer_prepare(w, &d, &error);
    if (code) {
        v->refused++;
        if (code != PT_ECORRUPT && code != PT_ELIMIT) fail_msg("%s %llu: code %d", what, (unsigned long long)at, code);
        assert_true(error.message[0] != 0);
        assert_null(pt_graph_writer_prepared(w));
    } else {
        const pt_graph *g = pt_graph_writer_prepared(w);
        v->accepted++;
        if (pt_graph_validate(g, &error)) fail_msg("%s %llu accepted: %s", what, (unsigned long long)at, error.message);
        no_open_sites_of_the_dead(g, what);
        graph_lines l = {.any = true};
        say_graph(&l, g);
        pt_buffer_free(&l.text);
        pt_graph_writer_discard(w);
    }
    pt_graph_writer_stats(w, &after);
    assert_int_equal(before.used, after.used);
    if (at % 64 == 0) assert_int_equal(graph_sum(pt_graph_writer_latest(w)), sum);
    free(block);
}
static void *copy_block(const model_batch *b) {
    void *copy = malloc(b->size);
    assert_non_null(copy);
    memcpy(copy, b->block, b->size);
    return copy;
}

static void corrupt(void **state) {
    (void)state;
    u64 random = seed_of_run("corrupt");
    static model m;
    verdicts flipped = {0}, unmended = {0}, words = {0}, cut = {0};
    for (u32 round = 0; round < 6; round++) {
        make_model(&m, &random, 6 + pick(&random, 14));
        pt_graph_writer *w = writer_on(model_graph(&m, 1, &random));
        model_batch batch = {0};
        for (u32 step = 2; step < 5; step++) { /* the last one is tried on what the others left */
            for (u32 i = 0; i < 2; i++) edit_model(&m, &random);
            pt_graph *after = model_graph(&m, step, &random);
            if (step > 2) commit(w, &batch.delta);
            free_batch(&batch);
            batch = batch_between(pt_graph_writer_latest(w), after, step);
            pt_graph_close(after);
        }
        u64 sum = graph_sum(pt_graph_writer_latest(w));
        for (u64 at = 0; at < batch.size; at++) {
            u8 *block = copy_block(&batch);
            block[at] ^= (u8)(1u << (at + round) % 8);
            if (at % 16 == 0 && at >= sizeof(pt_block_header))
                try_block(&unmended, w, copy_block(&batch), batch.size, sum, "byte", at);
            mend(block, batch.size);
            try_block(&flipped, w, block, batch.size, sum, "byte", at);
        }
        for (u32 i = 0; i < 2500; i++) {
            u8 *block = copy_block(&batch);
            for (u32 k = 1 + pick(&random, 3); k; k--) {
                u64 at = 32 + (u64)pick(&random, (u32)batch.size - 36) / 4 * 4;
                u32 value;
                memcpy(&value, block + at, 4);
                switch (pick(&random, 6)) {
                case 0: value += pick(&random, 9) - 4; break;
                case 1: value = pick(&random, 64); break;
                case 2: value = UINT32_MAX - pick(&random, 3); break;
                case 3: value ^= 1u << pick(&random, 32); break;
                case 4: memcpy(&value, block + 32 + (u64)pick(&random, (u32)batch.size - 36) / 4 * 4, 4); break;
                default: value = 1u << pick(&random, 32);
                }
                memcpy(block + at, &value, 4);
            }
            mend(block, batch.size);
            try_block(&words, w, block, batch.size, sum, "words, turn", i);
        }
        for (u64 size = 0; size < batch.size; size += 7) {
            u8 *block = malloc(size + 1), *exact = realloc(block, size ? size : 1);
            memcpy(exact, batch.block, size);
            try_block(&cut, w, exact, size, sum, "cut to", size);
        }
        commit(w, &batch.delta);
        lawful(pt_graph_writer_latest(w));
        nothing_lost(w);
        free_batch(&batch);
        pt_graph_writer_destroy(w);
    }
    printf("corrupt: bytes %u refused, %u lawful; words %u, %u\n", flipped.refused, flipped.accepted, words.refused,
           words.accepted);
    assert_true(flipped.refused > 1000 && flipped.accepted > 1000 && words.refused > 1000 && words.accepted > 100);
    assert_int_equal(unmended.refused + cut.accepted, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains),
        cmocka_unit_test(strangers),
        cmocka_unit_test(moved_lines),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(hubs),
        cmocka_unit_test(whole_hub),
        cmocka_unit_test(full_pages),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(no_memory_elsewhere),
        cmocka_unit_test(removed_nodes),
        cmocka_unit_test(parents),
        cmocka_unit_test(unused_places),
        cmocka_unit_test(sites_of_two_files),
        cmocka_unit_test(corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
