/* One writer and many readers: what a reader is inside of never changes, and memory comes back once it has left. */
#include "support.h"

#include <pthread.h>

#include "graph/fold.h"
#include "graph/writer.h"
#include "graph_model.h"

enum { READERS = 8, BATCHES = 2500, MARKED = 4, TEN_SECONDS_OF_MS = 10000 };

static u32 released;
static void release_counted(void *graph) {
    released++;
    pt_graph_close(graph);
}
static pt_graph_writer *writer_on(pt_graph *g) {
    pt_graph_writer *w = NULL;
    pt_error error = {0};
    const pt_graph_base base = {*g, release_counted, g};
    if (pt_graph_writer_create(&w, &base, &error)) fail_msg("%s", error.message);
    return w;
}
static void commit(pt_graph_writer *w, const pt_delta *d) {
    pt_error error = {0};
    if (pt_graph_writer_prepare(w, d, &error)) fail_msg("%s", error.message);
    pt_graph_writer_publish(w);
}
static u64 waiting(const pt_graph_writer *w) {
    pt_writer_stats stats;
    pt_graph_writer_stats(w, &stats);
    return stats.waiting;
}
static u64 used(const pt_graph_writer *w) {
    pt_writer_stats stats;
    pt_graph_writer_stats(w, &stats);
    return stats.used;
}

/* A batch that changes nothing. */
static void empty_batch(pt_graph_writer *w) {
    pt_delta_builder b = batch_after(pt_graph_writer_latest(w));
    model_batch batch = {0};
    pack_batch(&batch, &b);
    commit(w, &batch.delta);
    free_batch(&batch);
}

/* The model with the number of a batch on it: some nodes bear it, and so does the whole. */
static void mark(model *m, u32 number) {
    m->bodies = number;
    for (u32 i = 0; i < MODEL_NODES; i++)
        if (m->nodes[i].there && m->nodes[i].identity <= MARKED) m->nodes[i].interface = number;
}
static model_batch next_batch(pt_graph_writer *w, model *m, u64 *random, u32 number) {
    const pt_graph *latest = pt_graph_writer_latest(w);
    edit_once(m, random);
    if (one_in(random, 3)) edit_once(m, random);
    while (count_nodes(m) > 40) remove_node(m, any_node(m, random));
    while (count_nodes(m) < 12) add_node(m, random);
    mark(m, number);
    pt_graph *after = model_graph(m, latest->info.generation + 1, NULL);
    model_batch batch = batch_between(latest, after, latest->info.generation + 1);
    pt_graph_close(after);
    return batch;
}

/* Readers. */

typedef struct crowd {
    pt_graph_writer *writer;
    u32 stop, entered;
    const char *broken; /* a law that did not hold */
} crowd;
static void need(crowd *c, bool holds, const char *what) {
    if (!holds) __atomic_store_n(&c->broken, what, __ATOMIC_RELAXED);
}

static bool listed(const pt_graph *g, u32 node, pt_direction d, pt_word word) {
    for (pt_run run = pt_graph_code(g, node, d, pt_word_code(word)); pt_run_next(&run);)
        for (u32 i = 0; i < run.count; i++)
            if (run.words[i] == word) return true;
    return false;
}

static void look(crowd *c, const pt_graph *g, u64 *random) {
    u64 degrees[4] = {0};
    u32 local = 0, external = 0;
    for (u32 n = 0; n < g->node_count; n++) {
        const pt_graph_node *x = pt_node_at(g, n);
        for (u32 d = 0; d < 4; d++) degrees[d] += pt_graph_degree(g, n, (pt_direction)d);
        if (x->kind == PT_KIND_DEAD) continue;
        if (x->flags & PT_NODE_EXTERNAL) external++;
        else local++;
        if (x->hash.high <= MARKED) need(c, x->interface_hash == g->info.bodies, "a node of another batch");
    }
    need(c, degrees[PT_OUT] == g->info.edges && degrees[PT_IN] == g->info.edges, "edges are counted");
    need(c, degrees[PT_CANDIDATE_OUT] == g->info.candidates && degrees[PT_CANDIDATE_IN] == g->info.candidates,
         "candidates are counted");
    need(c, local == g->info.local_nodes && external == g->info.external_nodes, "nodes are counted");
    for (u32 i = 0; i < 4; i++) {
        u32 n = pick(random, g->node_count);
        pt_direction d = (pt_direction)pick(random, 4);
        for (pt_run run = pt_graph_list(g, n, d); pt_run_next(&run);)
            for (u32 k = 0; k < run.count; k++)
                need(c, listed(g, pt_word_node(run.words[k]), (pt_direction)(d ^ 1), pt_word_mirror(run.words[k], n)),
                     "an edge has a mirror");
        const pt_graph_node *x = pt_node_at(g, n);
        if (x->kind == PT_KIND_DEAD || x->kind == PT_KIND_IMPL || !x->name) continue;
        pt_node_list found = {0};
        bool among = false;
        pt_graph_named(g, pt_graph_string(g, x->name), &found);
        for (u32 k = 0; k < found.count; k++) among = among || found.data[k] == n;
        need(c, among, "a node is found by its name");
        pt_vec_free(&found);
    }
}

static void *read_on(void *payload) {
    crowd *c = payload;
    pt_reader *reader = NULL;
    u64 random = (u64)(uintptr_t)&reader, last = 0, held_sum = 0;
    if (pt_reader_open(&reader, c->writer, NULL)) return need(c, false, "a reader's place"), NULL;
    for (u32 turn = 0; !__atomic_load_n(&c->stop, __ATOMIC_RELAXED); turn++) {
        const pt_graph *g = pt_reader_enter(reader);
        need(c, g->info.generation >= last, "generations ascend");
        last = g->info.generation;
        bool stay = turn % 16 == 0;
        if (stay) held_sum = graph_sum(g);
        look(c, g, &random);
        if (stay) need(c, graph_sum(g) == held_sum, "a snapshot stays what it is");
        pt_reader_leave(reader);
        __atomic_fetch_add(&c->entered, 1, __ATOMIC_RELAXED);
    }
    pt_reader_close(reader);
    return NULL;
}

/* Enters once, and looks at the same snapshot until the end. */
static void *stay_inside(void *payload) {
    crowd *c = payload;
    pt_reader *reader = NULL;
    if (pt_reader_open(&reader, c->writer, NULL)) return need(c, false, "a reader's place"), NULL;
    const pt_graph *g = pt_reader_enter(reader);
    u64 sum = graph_sum(g), generation = g->info.generation;
    __atomic_fetch_add(&c->entered, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
        need(c, graph_sum(g) == sum && g->info.generation == generation, "an old snapshot stays what it was");
        usleep(2000);
    }
    need(c, graph_sum(g) == sum && g->info.generation == generation, "an old snapshot stays what it was");
    pt_reader_close(reader);
    return NULL;
}
static void await(const u32 *count, u32 wanted) {
    for (u32 i = 0; i < TEN_SECONDS_OF_MS && __atomic_load_n(count, __ATOMIC_ACQUIRE) < wanted; i++) usleep(1000);
    assert_true(__atomic_load_n(count, __ATOMIC_ACQUIRE) >= wanted);
}

static void readers_and_a_writer(void **state) {
    (void)state;
    u64 random = seed_of_run("readers and a writer");
    static model m;
    make_model(&m, &random, 24);
    mark(&m, 0);
    released = 0;
    pt_graph_writer *w = writer_on(model_graph(&m, 1, NULL));
    crowd crowd_of = {.writer = w}, old = {.writer = w};
    pthread_t threads[READERS], stayer;
    PT_VEC(model_batch) since = {0};
    pt_graph *base = NULL;
    u32 rebased = 0;
    assert_int_equal(pthread_create(&stayer, NULL, stay_inside, &old), 0);
    await(&old.entered, 1); /* inside of the first snapshot, on the first base */
    for (u32 i = 0; i < READERS; i++) assert_int_equal(pthread_create(&threads[i], NULL, read_on, &crowd_of), 0);
    for (u32 number = 1; number <= BATCHES; number++) {
        model_batch batch = next_batch(w, &m, &random, number);
        assert_int_equal(pt_graph_writer_prepare(w, &batch.delta, NULL), PT_OK);
        if (number % 7 == 0) { /* thought better of it */
            pt_graph_writer_discard(w);
            assert_int_equal(pt_graph_writer_prepare(w, &batch.delta, NULL), PT_OK);
        }
        pt_graph_writer_publish(w);
        if (base) pt_vec_push(&since, batch);
        else free_batch(&batch);
        if (number % 500 == 100) { /* a checkpoint, written while batches go on */
            void *image;
            u64 size;
            pt_error error = {0};
            assert_int_equal(pt_fold_image(&image, &size, pt_graph_writer_latest(w), &error), PT_OK);
            if (pt_graph_open(&base, image, size, true, true, &error)) fail_msg("%s", error.message);
        }
        if (number % 500 == 130) {
            pt_delta deltas[64];
            const pt_graph_base with = {*base, release_counted, base};
            u64 sum = graph_sum(pt_graph_writer_latest(w));
            for (u32 i = 0; i < since.count; i++) deltas[i] = since.data[i].delta;
            assert_int_equal(pt_graph_writer_rebase(w, &with, deltas, since.count, NULL), PT_OK);
            assert_true(graph_sum(pt_graph_writer_latest(w)) == sum);
            for (u32 i = 0; i < since.count; i++) free_batch(&since.data[i]);
            since.count = 0;
            base = NULL;
            rebased++;
            assert_int_equal(released, 0); /* the stayer holds the first, and with it all that came after */
        }
    }
    assert_int_equal(rebased, BATCHES / 500);
    await(&crowd_of.entered, 200);
    __atomic_store_n(&crowd_of.stop, 1, __ATOMIC_RELAXED);
    for (u32 i = 0; i < READERS; i++) pthread_join(threads[i], NULL);
    if (crowd_of.broken) fail_msg("%s", crowd_of.broken);
    empty_batch(w);
    assert_true(waiting(w) > 0);
    __atomic_store_n(&old.stop, 1, __ATOMIC_RELAXED);
    pthread_join(stayer, NULL);
    if (old.broken) fail_msg("%s", old.broken);
    assert_true(waiting(w) > 0);
    empty_batch(w);
    assert_int_equal(waiting(w), 0);
    assert_int_equal(released, rebased);
    pt_error error = {0};
    if (pt_graph_validate(pt_graph_writer_latest(w), &error)) fail_msg("%s", error.message);
    printf("%u batches, %u readings beside them\n", (u32)BATCHES, crowd_of.entered);
    pt_graph_writer_destroy(w);
    assert_int_equal(released, rebased + 1);
    pt_vec_free(&since);
}

/* A reader that stays costs memory, all of which comes back; what a batch takes meanwhile is printed. */
static void a_long_stay(void **state) {
    (void)state;
    u64 random = seed_of_run("a long stay");
    static model m;
    make_model(&m, &random, 24);
    pt_graph_writer *w = writer_on(model_graph(&m, 1, NULL));
    pt_reader *reader = NULL;
    assert_int_equal(pt_reader_open(&reader, w, NULL), PT_OK);
    u64 early = 0, late = 0, last = 0, sum = graph_sum(pt_reader_enter(reader));
    enum { TURNS = 3000, PART = 500 };
    for (u32 i = 0; i < TURNS; i++) {
        u64 start = pt_now_ns();
        empty_batch(w);
        u64 took = pt_now_ns() - start;
        if (i < PART) early += took;
        if (i >= TURNS - PART) late += took;
        assert_true(waiting(w) > last);
        last = waiting(w);
    }
    printf("a long stay: %llu ns a batch at first, %llu at last\n", (unsigned long long)early / PART,
           (unsigned long long)late / PART);
    assert_true(graph_sum(pt_graph_writer_latest(w)) == sum);
    pt_reader_leave(reader);
    empty_batch(w);
    assert_int_equal(waiting(w), 0);
    pt_reader_close(reader);
    pt_graph_writer_destroy(w);
}

static void places(void **state) {
    (void)state;
    static model m;
    u64 random = 1;
    make_model(&m, &random, 3);
    pt_graph_writer *w = writer_on(model_graph(&m, 1, NULL));
    static pt_reader *readers[PT_READERS];
    pt_error error = {0};
    pt_reader *one_more = NULL;
    for (u32 i = 0; i < PT_READERS; i++) assert_int_equal(pt_reader_open(&readers[i], w, NULL), PT_OK);
    assert_int_equal(pt_reader_open(&one_more, w, &error), PT_ELIMIT);
    assert_null(one_more);
    assert_true(error.message[0] != 0);
    const pt_graph *g = pt_reader_enter(readers[77]);
    pt_reader_close(readers[77]); /* leaves as well */
    assert_int_equal(pt_reader_open(&one_more, w, &error), PT_OK);
    assert_ptr_equal(pt_reader_enter(one_more), g);
    empty_batch(w);
    assert_true(waiting(w) > 0);
    pt_reader_leave(one_more);
    assert_ptr_not_equal(pt_reader_enter(one_more), g);
    pt_reader_leave(one_more);
    empty_batch(w);
    assert_int_equal(waiting(w), 0);
    for (u32 i = 0; i < PT_READERS; i++) pt_reader_close(i == 77 ? one_more : readers[i]);
    pt_reader_close(NULL);
    pt_graph_writer_destroy(w);
    pt_graph_writer_destroy(NULL);
}

/* A base that does not carry the batches: let go of, and nothing else happened. */
static void wrong_base(void **state) {
    (void)state;
    static model m, other;
    u64 random = seed_of_run("wrong base");
    make_model(&m, &random, 20);
    pt_graph_writer *w = writer_on(model_graph(&m, 1, NULL));
    model_batch batch = next_batch(w, &m, &random, 1);
    commit(w, &batch.delta);
    u64 sum = graph_sum(pt_graph_writer_latest(w)), bytes = used(w);
    const pt_graph *latest = pt_graph_writer_latest(w);
    for (u32 way = 0; way < 2; way++) {
        make_model(&other, &random, 21);
        pt_graph *g = model_graph(way ? &m : &other, way ? 2 : 1, NULL); /* another graph; a later generation */
        const pt_graph_base with = {*g, release_counted, g};
        pt_error error = {0};
        released = 0;
        assert_int_equal(pt_graph_writer_rebase(w, &with, &batch.delta, 1, &error), PT_ECORRUPT);
        assert_true(error.message[0] != 0);
        assert_int_equal(released, 1);
        assert_ptr_equal(pt_graph_writer_latest(w), latest);
        assert_true(graph_sum(latest) == sum);
        assert_int_equal(used(w), bytes);
    }
    assert_int_equal(pt_graph_writer_prepare(w, &batch.delta, NULL), PT_ECORRUPT); /* it is there already */
    empty_batch(w);
    free_batch(&batch);
    pt_graph_writer_destroy(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(readers_and_a_writer), cmocka_unit_test(a_long_stay),
                                       cmocka_unit_test(places), cmocka_unit_test(wrong_base)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
