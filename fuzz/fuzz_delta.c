/* fuzz_delta: a batch from outside, its checksum made right: refused, or what follows is a lawful snapshot that can be
 * read, folded and undone. Other bytes decide what becomes of a small graph, step by step. */
#include "../tests/unit/graph_model.h"
#include "fuzz.h"
#include "graph/fold.h"
#include "graph/writer.h"

enum { BASES = 4, STEPS = 2 }; /* steps: batches that stand in the overlay of a base already */

/* Snapshots that batches are tried on; kept for the whole run, as nothing is ever published on them. */
static struct {
    model model;
    pt_graph_writer *writer;
    u64 sum;
} bases[BASES];

static void close_graph(void *graph) { pt_graph_close(graph); }
static pt_graph_writer *writer_on(pt_graph *g) {
    pt_graph_writer *w = NULL;
    pt_error error = {0};
    const pt_graph_base base = {*g, close_graph, g};
    LAW(pt_graph_writer_create(&w, &base, &error) == PT_OK, "%s", error.message);
    return w;
}

/* The model goes on; the writer follows. */
static void follow(pt_graph_writer *w, model *m, u64 *random) {
    pt_error error = {0};
    u64 generation = pt_graph_writer_latest(w)->info.generation + 1;
    edit_model(m, random);
    pt_graph *after = model_graph(m, generation, random);
    model_batch batch = batch_between(pt_graph_writer_latest(w), after, generation);
    LAW(pt_graph_writer_prepare(w, &batch.delta, &error) == PT_OK, "%s", error.message);
    pt_graph_writer_publish(w);
    LAW(pt_graph_validate(pt_graph_writer_latest(w), &error) == PT_OK, "%s", error.message);
    LAW(graph_sum(pt_graph_writer_latest(w)) == graph_sum(after), "another graph than the one built anew");
    free_batch(&batch);
    pt_graph_close(after);
}

static void make_bases(void) {
    if (bases[0].writer) return;
    for (u32 i = 0; i < BASES; i++) {
        u64 random = i;
        make_model(&bases[i].model, &random, 4 + 8 * i);
        bases[i].writer = writer_on(model_graph(&bases[i].model, 16 * (u64)i, &random));
        for (u32 step = 0; step < STEPS; step++) follow(bases[i].writer, &bases[i].model, &random);
        bases[i].sum = graph_sum(pt_graph_writer_latest(bases[i].writer));
    }
}

static bool is_block(const u8 *data, size_t size) {
    static const u32 magic = PT_BLOCK_MAGIC;
    return size >= sizeof(pt_block_header) && memcmp(data, &magic, sizeof magic) == 0;
}

static u64 in_use(const pt_graph_writer *w) {
    pt_writer_stats stats;
    pt_graph_writer_stats(w, &stats);
    return stats.used;
}

static void try_on(u32 index, const pt_delta *d) {
    pt_graph_writer *w = bases[index].writer;
    pt_error error = {0};
    u64 used = in_use(w);
    int code = pt_graph_writer_prepare(w, d, &error);
    if (code == PT_OK) {
        const pt_graph *g = pt_graph_writer_prepared(w);
        void *image = NULL;
        u64 size;
        pt_graph *flat = NULL;
        LAW(pt_graph_validate(g, &error) == PT_OK, "%s", error.message);
        graph_lines l = {.any = true}, m = {.any = true};
        say_graph(&l, g);
        LAW(pt_fold_image(&image, &size, g, &error) == PT_OK, "%s", error.message);
        LAW(pt_graph_open(&flat, image, size, false, true, &error) == PT_OK, "%s", error.message);
        say_graph(&m, flat);
        LAW(l.sum == m.sum, "folded, it is another graph");
        pt_graph_close(flat);
        pt_free(image);
        pt_buffer_free(&l.text);
        pt_buffer_free(&m.text);
        pt_graph_writer_discard(w);
    } else {
        LAW((code == PT_ECORRUPT || code == PT_ELIMIT) && error.message[0], "code %d", code);
    }
    LAW(in_use(w) == used, "%llu bytes in use, %llu before", (unsigned long long)in_use(w), (unsigned long long)used);
    LAW(graph_sum(pt_graph_writer_latest(w)) == bases[index].sum, "what was published changed");
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t most, unsigned seed) {
    if (is_block(data, size)) {
        if (seed % 16 == 0) return LLVMFuzzerMutate(data, size, most);
        fuzz_change_words(data, size, 8, seed);
        return size;
    }
    if (seed % 2) return LLVMFuzzerMutate(data, size, most);
    /* a sound batch to begin with */
    static model m;
    u64 random = seed;
    pt_alloc_clear();
    make_bases();
    u32 index = pick(&random, BASES);
    const pt_graph *latest = pt_graph_writer_latest(bases[index].writer);
    m = bases[index].model;
    edit_once(&m, &random);
    if (one_in(&random, 2)) edit_model(&m, &random);
    pt_graph *after = model_graph(&m, latest->info.generation + 1, &random);
    model_batch batch = batch_between(latest, after, latest->info.generation + 1);
    if (batch.size <= most) memcpy(data, batch.block, size = (size_t)batch.size);
    free_batch(&batch);
    pt_graph_close(after);
    return size;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    pt_error error = {0};
    pt_alloc_clear();
    make_bases();
    if (!is_block(data, size)) {
        static model m;
        u64 random = size ? data[0] : 0;
        make_model(&m, &random, pick(&random, 30));
        pt_graph_writer *w = writer_on(model_graph(&m, 1, &random));
        for (size_t i = 0; i < PT_MIN(size, (size_t)12); i++) {
            random += pt_hash_u64(data[i]);
            follow(w, &m, &random);
        }
        pt_graph_writer_destroy(w);
        return 0;
    }
    u8 *block = malloc(size); /* aligned, and not a byte more */
    if (!block) abort();
    memcpy(block, data, size);
    pt_block_header *h = (void *)block;
    h->version = PT_BLOCK_VERSION;
    h->type = PT_BLOCK_DELTA;
    h->size = size;
    h->checksum = pt_hash_bytes(block + sizeof *h, size - sizeof *h);
    pt_delta d;
    int code = pt_delta_open(&d, block, size, true, &error);
    if (code == PT_OK) try_on((u32)(d.info->previous_generation / 16 % BASES), &d);
    else LAW(code == PT_ECORRUPT && error.message[0], "code %d", code);
    free(block);
    return 0;
}
