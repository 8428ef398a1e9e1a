/* peer_native: our own store on the synthetic graphs, through its own code: the base written and opened, questions,
 * saves at both levels; then what only it has: one node of a hundred in the overlay, questions while saves commit, and
 * questions while a checkpoint runs in the background (--checkpoint 1). */
#include "peer.h"

#include "graph/fold.h"
#include "graph/walk.h"
#include "store/native/native.h"

#include <unistd.h>

enum { RESTART_SAVES = 50, PACE_US = 2000 };

static pt_error why;
static void must(int code, const char *what) {
    if (code) peer_stop(what, why.message);
}

/* --- the base --- */

typedef struct native_peer {
    pt_native_store *store;
    pt_reader *reader;
    const pt_graph *graph; /* what the reader is in */
    pt_walker walker;
} native_peer;

static void write_shard(pt_manifest *m, const char *folder, const generator *g, const peer_graph *graph, u32 shard) {
    u32 words[GENERATE_MAX], first = shard << PT_SHARD_BITS, count = PEER_MIN(g->nodes - first, (u32)PT_SHARD_NODES);
    u32 *offsets = peer_alloc(count + 1ull, 4), *in_offsets = peer_alloc(count + 1ull, 4);
    u32 *none = peer_alloc(count + 1ull, 4), used = 0, room = 1 << 24;
    pt_graph_node *nodes = peer_alloc(count, sizeof *nodes);
    pt_graph_position *positions = peer_alloc(count, sizeof *positions);
    u8 *flags = peer_alloc(count, 1);
    u32 *out = peer_alloc(room, 4);
    for (u32 i = 0; i < count; i++) {
        u32 n = generate_out(g, first + i, words);
        if (used + n > room) {
            out = realloc(out, (room *= 2) * sizeof *out);
            if (!out) peer_stop("realloc", "out of memory");
        }
        memcpy(out + used, words, n * sizeof *words);
        used += n;
        offsets[i + 1] = used;
        nodes[i] = (pt_graph_node){.hash = {generate_mix(first + i), first + i},
                                   .parent = PT_NONE,
                                   .file = PT_NONE,
                                   .kind = generate_is_trait(g, first + i) ? PT_KIND_TRAIT : PT_KIND_FN};
    }
    u32 from = first ? graph->in.start[first] : 0;
    for (u32 i = 0; i <= count; i++) in_offsets[i] = graph->in.start[first + i] - from;
    u32 *no_sites = peer_alloc(used + 1ull, 4);
    const pt_block_part out_parts[] = {{PT_SECTION_nodes, sizeof *nodes, nodes, count},
                                       {PT_SECTION_positions, sizeof *positions, positions, count},
                                       {PT_SECTION_out_offsets, 4, offsets, count + 1ull},
                                       {PT_SECTION_out, 4, out, used},
                                       {PT_SECTION_candidate_out_offsets, 4, none, count + 1ull},
                                       {PT_SECTION_candidate_out, 4, NULL, 0},
                                       {PT_SECTION_site_offsets, 4, no_sites, used + 1ull},
                                       {PT_SECTION_candidate_site_offsets, 4, none, 1},
                                       {PT_SECTION_walk_flags, 1, flags, count}};
    const pt_block_part in_parts[] = {{PT_SECTION_in_offsets, 4, in_offsets, count + 1ull},
                                      {PT_SECTION_in, 4, graph->in.words + from, in_offsets[count]},
                                      {PT_SECTION_candidate_in_offsets, 4, none, count + 1ull},
                                      {PT_SECTION_candidate_in, 4, NULL, 0}};
    pt_manifest_file e = {.kind = PT_FILE_OUT, .shard = shard, .number = m->head.next_number++};
    must(pt_native_write_block(&e, pt_disk_real(), folder, PT_BLOCK_OUT, out_parts, PT_COUNT_OF(out_parts), NULL, &why),
         "out");
    pt_vec_push(&m->files, e);
    e = (pt_manifest_file){.kind = PT_FILE_IN, .shard = shard, .number = m->head.next_number++};
    must(pt_native_write_block(&e, pt_disk_real(), folder, PT_BLOCK_IN, in_parts, PT_COUNT_OF(in_parts), NULL, &why),
         "in");
    pt_vec_push(&m->files, e);
    free(offsets), free(in_offsets), free(none), free(nodes), free(positions), free(flags), free(out), free(no_sites);
}

static void write_base(const char *folder, const generator *g, const peer_graph *graph) {
    pt_manifest m = {
        .head = {
            .uuid = "00000000-0000-4000-8000-000000000000", .generation = 1, .next_number = 1, .node_count = g->nodes}};
    pt_disk *disk = pt_disk_real();
    must(disk->make_folder(disk, folder, &why), "folder");
    for (u32 shard = 0; (u64)shard << PT_SHARD_BITS < g->nodes; shard++) write_shard(&m, folder, g, graph, shard);
    pt_graph_info info = {.generation = 1, .edges = graph->triplets, .local_nodes = g->nodes};
    const pt_block_part tables[] = {{PT_SECTION_info, sizeof info, &info, 1}, {PT_SECTION_strings, 1, "", 1}};
    pt_manifest_file e = {.kind = PT_FILE_TABLES, .number = m.head.next_number++};
    must(pt_native_write_block(&e, disk, folder, PT_BLOCK_TABLES, tables, PT_COUNT_OF(tables), NULL, &why), "tables");
    pt_vec_push(&m.files, e);
    pt_kept_parts kept = {0};
    must(pt_kept_end(&kept, 0, &why), "facts");
    e = (pt_manifest_file){.kind = PT_FILE_FACTS, .number = m.head.next_number++};
    must(pt_native_write_block(&e, disk, folder, PT_BLOCK_FACTS, kept.parts.data, kept.parts.count, NULL, &why),
         "facts");
    pt_kept_parts_free(&kept);
    pt_vec_push(&m.files, e);
    pt_log log;
    must(pt_log_make(&log, disk, folder, m.head.uuid, m.head.next_number++, 1, &why), "log");
    e = (pt_manifest_file){.kind = PT_FILE_LOG, .number = log.number, .size = log.size};
    pt_vec_push(&m.files, e);
    pt_log_close(&log, disk);
    must(disk->sync_folder(disk, folder, &why), "folder");
    must(pt_manifest_write(&m, disk, folder, &why), "manifest");
    pt_manifest_free(&m);
}

/* Bytes a triplet of every section: of all shards. */
static void tell_sections(const pt_native_store *s, u64 triplets) {
    static const char *const names[] = {"",
#define X(name, type) #name,
                                        PT_GRAPH_SECTIONS(X)
#undef X
    };
    u64 bytes[PT_SECTION_COUNT] = {0};
    for (u32 i = 0; i < s->manifest.files.count; i++) {
        static const u16 types[] = {0, PT_BLOCK_TABLES, PT_BLOCK_OUT, PT_BLOCK_IN};
        const pt_manifest_file *e = &s->manifest.files.data[i];
        pt_native_file *f;
        if (e->kind >= PT_COUNT_OF(types)) continue;
        must(pt_native_map(&f, s->disk, s->folder, e, types[e->kind], false, &why), "map");
        const pt_block_header *h = f->data;
        const pt_block_section *section = (const void *)(h + 1);
        for (u32 k = 0; k < h->section_count; k++)
            if (section[k].id < PT_SECTION_COUNT) bytes[section[k].id] += section[k].count * section[k].element_size;
        pt_native_unmap(f);
    }
    printf(",\"bytes_a_triplet\":{");
    bool first = true;
    for (u32 i = 1; i < PT_SECTION_COUNT; i++) {
        if (!bytes[i]) continue;
        printf("%s\"%s\":%.3f", first ? "" : ",", names[i], (double)bytes[i] / (double)triplets);
        first = false;
    }
    putchar('}');
}

/* --- questions --- */

static u32 who(void *peer, u32 trait, u32 *ids) {
    native_peer *p = peer;
    u32 count = 0;
    for (pt_run run = pt_graph_kind(p->graph, trait, PT_IN, PT_EDGE_IMPLEMENTS);
         count < PEER_FIRST && pt_run_next(&run);)
        for (u32 i = 0; i < run.count && count < PEER_FIRST; i++) ids[count++] = pt_word_node(run.words[i]);
    return count;
}
static u32 reach(void *peer, u32 node, u32 depth) {
    native_peer *p = peer;
    pt_walk_blast(&p->walker, p->graph, node, depth, false);
    return p->walker.count - 1;
}

static void enter(native_peer *p) { p->graph = pt_reader_enter(p->reader); }

/* The questions a reader repeats while something else goes on: each in a snapshot of its own. */
typedef struct asking {
    const generator *g;
    native_peer *p;
    bool stop;
    peer_series who, blast;
    u64 visited, took;
} asking;
static void *ask_on(void *payload) {
    asking *a = payload;
    u64 random = generate_mix(77);
    u32 ids[PEER_FIRST];
    while (!__atomic_load_n(&a->stop, __ATOMIC_RELAXED)) {
        u32 trait = generate_below(&random, a->g->traits) * GENERATE_TRAIT_STEP,
            node = generate_below(&random, a->g->nodes);
        u64 start = peer_now();
        enter(a->p);
        peer_sink += who(a->p, trait, ids);
        pt_reader_leave(a->p->reader);
        peer_note(&a->who, peer_now() - start);
        start = peer_now();
        enter(a->p);
        u32 reached = reach(a->p, node, 3);
        pt_reader_leave(a->p->reader);
        u64 ns = peer_now() - start;
        a->visited += reached;
        a->took += ns;
        peer_note(&a->blast, ns);
        if (a->who.count % 64 == 0) usleep(100);
    }
    return NULL;
}
static void tell_asking(const char *name, asking *a) {
    printf(",\"%s\":{\"ns_a_node\":%.2f,\"p99_who_ns\":%llu,\"p99_blast_ns\":%llu", name,
           a->visited ? (double)a->took / (double)a->visited : 0.0,
           (unsigned long long)(peer_sort(&a->who), peer_at(&a->who, 99)),
           (unsigned long long)(peer_sort(&a->blast), peer_at(&a->blast, 99)));
    peer_tell("who_implements", &a->who);
    peer_tell("blast_3", &a->blast);
    putchar('}');
}

/* --- saves --- */

static u64 commit(native_peer *p, const peer_save *save) {
    pt_delta_builder b = {0};
    pt_block_part parts[PT_DELTA_SECTION_COUNT];
    void *block;
    u64 size;
    u32 i = 0, k = 0;
    u64 start = peer_now();
    pthread_mutex_lock(&p->store->mutex);
    const pt_graph *latest = pt_graph_writer_latest(p->store->writer);
    b.head.info = latest->info;
    b.head.info.generation++;
    b.head.previous_generation = latest->info.generation;
    b.head.string_base = latest->string_count;
    b.head.previous_nodes = b.head.node_count = latest->node_count;
    for (u32 n = save->first; n < save->end; n++) {
        u32 old = i, new = k;
        while (i < save->old.count && save->old.data[i].node == n) i++;
        while (k < save->new.count && save->new.data[k].node == n) k++;
        bool same = i - old == k - new && (i == old || memcmp(save->old.data + old, save->new.data + new,
                                                              (i - old) * sizeof(peer_edge)) == 0);
        if (same) continue;
        pt_vec_push(&b.rows, (pt_delta_row){.node = n, .which = PT_ROW_OUT, .out_count = k - new});
        for (u32 e = new; e < k; e++) {
            pt_vec_push(&b.words, save->new.data[e].word);
            pt_vec_push(&b.site_counts, 0);
        }
        b.head.info.edges += (u64)(k - new) - (i - old);
    }
    pt_delta_parts(parts, &b);
    must(pt_block_make(&block, &size, PT_BLOCK_DELTA, parts, PT_DELTA_SECTION_COUNT - 1, &why), "block");
    must(pt_native_append(p->store, block, size, &why), "append");
    pthread_mutex_unlock(&p->store->mutex);
    u64 took = peer_now() - start;
    pt_free(block);
    pt_delta_builder_free(&b);
    return took;
}

static void saves(native_peer *p, peer_saver *saver, u32 count, bool full, bool first) {
    peer_series times = {0};
    p->store->full = full;
    for (u32 i = 0; i < count; i++) peer_note(&times, commit(p, peer_next_save(saver)));
    p->store->full = false;
    peer_tell_save(first, "difference", full ? "power loss" : "process crash", &times);
}

static void tell_overlay(const native_peer *p) {
    pt_writer_stats stats;
    pt_graph_writer_stats(p->store->writer, &stats);
    printf(",\"overlay\":{\"nodes\":%u,\"bytes\":%llu}", stats.patches, (unsigned long long)stats.used);
}

static void open_store(native_peer *p, const char *folder, int mode) {
    pt_store *store;
    must(pt_native_open_on(&store, pt_disk_real(), folder, mode, &why), "open");
    p->store = (pt_native_store *)store;
    p->store->log_cap = p->store->work_cap = UINT64_MAX; /* checkpoints are made when the bench wants them */
    must(pt_reader_open(&p->reader, p->store->writer, &why), "reader");
    enter(p);
}
static void close_store(native_peer *p) {
    pt_reader_close(p->reader);
    pt_native_engine.close(&p->store->base);
}

int main(int argc, char **argv) {
    bool checkpoint = false, overlay = true;
    for (int i = 1; i + 1 < argc; i += 2) /* ours, before those of all peers */
        if (strcmp(argv[i], "--checkpoint") == 0 || strcmp(argv[i], "--overlay") == 0) {
            bool on = strcmp(argv[i + 1], "0") != 0;
            if (argv[i][2] == 'c') checkpoint = on;
            else overlay = on;
            memmove(argv + i, argv + i + 2, (size_t)(argc - i - 2) * sizeof *argv);
            argc -= 2;
            i -= 2;
        }
    peer_options o = peer_read_options(argc, argv);
    generator g;
    generator_init(&g, generate_nodes_for(o.triplets), o.triplets, o.seed);
    char folder[4000];
    snprintf(folder, sizeof folder, "%s/native", o.folder);
    peer_graph graph = peer_make_graph(&g, false);
    peer_begin("native", &o, &g, &graph);
    u64 triplets = graph.triplets, start = peer_now();
    /* in.start was moved on by the filling: entry n + 1 is where node n ends */
    write_base(folder, &g, &graph);
    printf(",\"load_s\":%.3f,\"bytes_kind\":\"disk\"", (double)(peer_now() - start) / 1e9);
    peer_free_graph(&graph);
    native_peer p = {0};
    /* a store as a crash leaves it: a log to be read again */
    open_store(&p, folder, PT_STORE_WRITE);
    pt_store_stats stats;
    must(pt_native_engine.stats(&p.store->base, &stats, &why), "stats");
    printf(",\"bytes\":%llu", (unsigned long long)stats.bytes);
    tell_sections(p.store, triplets);
    close_store(&p);
    start = peer_now();
    open_store(&p, folder, PT_STORE_READ);
    u32 ids[PEER_FIRST];
    peer_sink += who(&p, 0, ids);
    printf(",\"open_ns\":%llu", (unsigned long long)(peer_now() - start));
    peer_tell_memory("loaded");
    if (pt_walker_create(&p.walker, p.graph)) peer_stop("walker", "out of memory");
    u64 sum =
        0; /* in-edges once through, as a daemon that runs for a while has them: 20 GB were just written past them */
    for (u32 n = 0; n < p.graph->shard_count && triplets > 500000000; n++)
        for (u32 e = 0; e < p.graph->shards[n].offsets[PT_IN][p.graph->shards[n].node_count]; e += 1024)
            sum += p.graph->shards[n].words[PT_IN][e];
    peer_sink += sum;
    peer_ask(&g, &o, &p, who, NULL, reach);
    peer_tell_memory("asked");
    close_store(&p);
    peer_saver saver = peer_saver_create(&g, &o);
    open_store(&p, folder, PT_STORE_WRITE);
    for (u32 i = 0; i < 20; i++) commit(&p, peer_next_save(&saver)); /* the first pages of the arena */
    saves(&p, &saver, o.saves, false, true);
    saves(&p, &saver, o.saves, true, false);
    putchar(']');
    u64 log_bytes = p.store->log.size;
    close_store(&p);
    start = peer_now();
    open_store(&p, folder, PT_STORE_READ);
    peer_sink += who(&p, 0, ids);
    printf(",\"restart_ns\":%llu,\"restart_batches\":%u,\"restart_log\":%llu", (unsigned long long)(peer_now() - start),
           20 + 2 * o.saves, (unsigned long long)log_bytes);
    close_store(&p);
    open_store(&p, folder, PT_STORE_WRITE);
    pt_reader_leave(p.reader);
    pthread_t thread;
    asking a = {.g = &g, .p = &p};
    pthread_create(&thread, NULL, ask_on, &a);
    usleep(1500000);
    a.stop = true;
    pthread_join(thread, NULL);
    tell_asking("idle", &a);
    if (overlay) {
        /* one node of a hundred has new edges; then a save every two milliseconds while questions are asked */
        peer_series times = {0};
        u64 files = g.files / 100 + 1;
        for (u64 i = 0; i < files; i++) peer_note(&times, commit(&p, peer_next_save(&saver)));
        printf(",\"overlay_saves\":{\"files\":%llu", (unsigned long long)files);
        peer_tell("commit", &times);
        putchar('}');
        tell_overlay(&p);
        a = (asking){.g = &g, .p = &p};
        pthread_create(&thread, NULL, ask_on, &a);
        u64 until = peer_now() + 3000000000u;
        while (peer_now() < until) {
            peer_note(&times, commit(&p, peer_next_save(&saver)));
            usleep(PACE_US);
        }
        a.stop = true;
        pthread_join(thread, NULL);
        tell_asking("with_overlay", &a);
        printf(",\"with_overlay_saves\":{\"every_us\":%d", PACE_US);
        peer_tell("commit", &times);
        putchar('}');
        peer_tell_memory("overlay");
    }
    if (checkpoint) {
        a = (asking){.g = &g, .p = &p};
        p.store->rate = 64 << 20; /* the most a checkpoint in the background takes from the disk, bytes a second */
        pthread_create(&thread, NULL, ask_on, &a);
        usleep(1000000);
        a.stop = true;
        pthread_join(thread, NULL);
        tell_asking("before_checkpoint", &a);
        a = (asking){.g = &g, .p = &p};
        pthread_create(&thread, NULL, ask_on, &a);
        start = peer_now();
        pt_native_start_checkpoint(p.store);
        u32 while_it_ran = 0;
        while (__atomic_load_n(&p.store->running, __ATOMIC_ACQUIRE)) {
            commit(&p, peer_next_save(&saver));
            while_it_ran++;
            usleep(PACE_US);
        }
        double took = (double)(peer_now() - start) / 1e9;
        pt_native_join(p.store, false);
        if (p.store->checkpoint_code) peer_stop("checkpoint", p.store->checkpoint_error.message);
        a.stop = true;
        pthread_join(thread, NULL);
        tell_asking("during_checkpoint", &a);
        printf(",\"checkpoint_s\":%.3f,\"saves_during_checkpoint\":%u", took, while_it_ran);
        tell_overlay(&p);
    }
    close_store(&p);
    pt_walker_free(&p.walker);
    peer_saver_free(&saver);
    return peer_end();
}
