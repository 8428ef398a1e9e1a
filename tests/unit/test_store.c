/* The contract of a store, held against every engine built in. */
#include "support.h"

#include "export/export.h"
#include "live/index.h"

static char folder[64];
static pt_graph *first, *second;
static const pt_store_engine *engine;
static char location[128], uri[200];

static pt_graph *build(void) {
    pt_graph *g = NULL;
    pt_index_report report;
    pt_error error = {0};
    pt_index_options o = {.path = folder, .threads = 1};
    if (pt_index(&g, &report, &o, &error)) fail_msg("%s", error.message);
    return g;
}
static int set_up_all(void **state) {
    (void)state;
    make_folder(folder);
    put_tiny(folder);
    first = build();
    put(folder, "src/other.rs",
        "pub struct Thing { pub value: u32 }\nimpl Thing { pub fn new() -> Thing { Thing { value: crate::go(&Thing { "
        "value: 2 }) } } }\n");
    second = build();
    return 0;
}
static int tear_down_all(void **state) {
    (void)state;
    pt_graph_close(first);
    pt_graph_close(second);
    remove_folder(folder);
    return 0;
}
static int set_up(void **state) {
    (void)state;
    static u32 number;
    snprintf(location, sizeof location, "%s/store%u", folder, number++);
    snprintf(uri, sizeof uri, "%s:%s", engine->name, location);
    return 0;
}

static pt_store *open_store(int mode) {
    pt_store *s = NULL;
    pt_error error = {0};
    if (pt_store_open(&s, uri, mode, &error)) fail_msg("%s: %s", uri, error.message);
    assert_ptr_equal(s->engine, engine);
    return s;
}
static const u64 blocks[4] = {1, 2, 3, 4};
static void commit(pt_store *s, const pt_graph *g, const pt_graph *previous, u32 files) {
    pt_error error = {0};
    pt_kept_file kept[3] = {{"a.rs", 2021, {8, 100}, {1, 2}, blocks, 8, false},
                            {"b.rs", 2018, {16, 200}, {3, 4}, blocks, 16, false},
                            {"b.rs", 2021, {24, 300}, {5, 6}, blocks, 24, false}};
    pt_store_stats stats;
    pt_graph next = *g; /* each commit is the next generation */
    assert_int_equal(s->engine->stats(s, &stats, &error), PT_OK);
    next.info.generation = stats.generation + 1;
    pt_batch batch = {&next, previous, kept, files, 0x7777};
    if (s->engine->commit(s, &batch, &error)) fail_msg("%s", error.message);
}

typedef struct words {
    pt_word list[4096];
    u32 count;
} words;
static int keep(void *payload, pt_word word) {
    words *w = payload;
    assert_true(w->count < PT_COUNT_OF(w->list));
    w->list[w->count++] = word;
    return PT_OK;
}
static int by_word(const void *a, const void *b) {
    pt_word x = *(const pt_word *)a, y = *(const pt_word *)b;
    return x < y ? -1 : x > y;
}
/* All that a graph says, without ids. */
static char *told_by(const pt_graph *g) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    pt_error error = {0};
    if (pt_export(out, g, "jsonl", true, &error)) fail_msg("%s", error.message);
    fclose(out);
    return text;
}
static void same_graph(const pt_graph *a, const pt_graph *b) {
    char *left = told_by(a), *right = told_by(b);
    assert_string_equal(left, right);
    free(left);
    free(right);
}
static void holds(pt_store *s, const pt_graph *wanted) {
    pt_graph *g = NULL;
    pt_error error = {0};
    static words w;
    if (s->engine->load_graph(s, &g, &error)) fail_msg("%s", error.message);
    same_graph(g, wanted);
    if (pt_graph_validate(g, &error)) fail_msg("%s", error.message);
    for (u32 n = 0; n < g->node_count; n++) /* the engine speaks of the same ids as its graph */
        for (int d = PT_OUT; d <= PT_CANDIDATE_IN; d++) {
            static words mine;
            w.count = mine.count = 0;
            assert_int_equal(s->engine->edges(s, n, (pt_direction)d, -1, keep, &w, &error), PT_OK);
            assert_int_equal(w.count, pt_graph_degree(g, n, (pt_direction)d));
            for (pt_run run = pt_graph_list(g, n, (pt_direction)d); pt_run_next(&run);) /* pieces, each in order */
                for (u32 i = 0; i < run.count; i++) keep(&mine, run.words[i]);
            qsort(mine.list, mine.count, sizeof(pt_word), by_word);
            qsort(w.list, w.count, sizeof(pt_word), by_word);
            assert_memory_equal(w.list, mine.list, w.count * sizeof(pt_word));
            w.count = 0;
            assert_int_equal(s->engine->edges(s, n, (pt_direction)d, PT_EDGE_CALLS, keep, &w, &error), PT_OK);
            assert_int_equal(w.count, pt_graph_kind_count(g, n, (pt_direction)d, PT_EDGE_CALLS));
        }
    pt_graph_close(g);
}
static void tell(void *payload, const char *what, u64 count) {
    assert_true(what[0]);
    *(u64 *)payload += count + 1;
}
static void sound(pt_store *s) {
    pt_error error = {0};
    u64 told = 0;
    if (s->engine->verify(s, tell, &told, &error)) fail_msg("%s", error.message);
    assert_true(told > 0);
}

static void the_vtable(void **state) {
    (void)state;
    assert_int_equal(engine->magic, PT_STORE_MAGIC);
    assert_int_equal(engine->abi, PT_STORE_ABI);
    assert_true(engine->open && engine->close && engine->commit && engine->load_graph && engine->each_file &&
                engine->stats && engine->reset && engine->edges && engine->verify && engine->salvage);
    const pt_store_engine *found;
    const char *where;
    assert_int_equal(pt_store_parse(&found, &where, uri, NULL), PT_OK);
    assert_ptr_equal(found, engine);
    assert_string_equal(where, location);
    pt_error error = {0};
    assert_int_equal(pt_store_parse(&found, &where, "tape:x", &error), PT_EUSAGE);
    assert_non_null(strstr(error.message, engine->name));
    assert_int_equal(pt_store_parse(&found, &where, "nothing", &error), PT_EUSAGE);
    pt_store_close(NULL);
}

static void nothing_there(void **state) {
    (void)state;
    pt_store *s = NULL;
    pt_graph *g = NULL;
    assert_int_equal(pt_store_open(&s, uri, PT_STORE_READ, NULL), PT_ENOTFOUND);
    assert_int_not_equal(access(location, F_OK), 0);
    s = open_store(PT_STORE_WRITE);
    assert_int_equal(engine->load_graph(s, &g, NULL), PT_ENOTFOUND);
    pt_store_close(s);
}

static int count_files(void *payload, const pt_kept_file *f) {
    u32 *count = payload;
    static const char *const paths[] = {"a.rs", "b.rs", "b.rs"};
    static const u32 editions[] = {2021, 2018, 2021};
    u32 i = (*count)++;
    assert_string_equal(f->path, paths[i]);
    assert_int_equal(f->edition, editions[i]);
    assert_int_equal(f->stamp.size, 8 * (i + 1));
    assert_int_equal(f->stamp.mtime_ns, 100 * (i + 1));
    assert_int_equal(f->hash.low, 2 * i + 1);
    if (f->facts) {
        assert_int_equal(f->facts_size, 8 * (i + 1));
        assert_memory_equal(f->facts, blocks, f->facts_size);
    }
    return PT_OK;
}
static int stop_never(void *payload, const pt_kept_file *f) {
    (void)f;
    ++*(u32 *)payload;
    return PT_OK;
}

static void commit_and_load(void **state) {
    (void)state;
    pt_store *s = open_store(PT_STORE_WRITE);
    commit(s, first, NULL, 3);
    holds(s, first);
    commit(s, second, first, 2);
    holds(s, second);
    commit(s, first, NULL, 3); /* without knowing what was there */
    holds(s, first);
    sound(s);
    if (engine->checkpoint) assert_int_equal(engine->checkpoint(s, NULL), PT_OK);
    pt_store_close(s);
    s = open_store(PT_STORE_READ);
    holds(s, first);
    sound(s);
    pt_store_close(s);
}

typedef struct follows {
    const pt_graph *after;
} follows;
static int lead_to(void *payload, pt_delta_builder *out, const pt_graph *before, pt_error *error) {
    const follows *f = payload;
    return pt_delta_between(out, NULL, before, f->after, before->info.generation + 1, error);
}
static int append(pt_store *s, const pt_graph *after, bool with_b, pt_error *error) {
    follows f = {after};
    pt_kept_file files[] = {{"a.rs", 2021, {9, 101}, {1, 3}, blocks, 8, false},
                            {"b.rs", 2018, {16, 200}, {3, 4}, with_b ? blocks : NULL, with_b ? 16 : 0, false}};
    return s->engine->append(s, &(pt_append){lead_to, &f, files, 2}, error);
}
static int count_file(void *payload, const pt_kept_file *f) {
    *(u32 *)payload += strcmp(f->path, "b.rs") == 0 && f->edition == 2018 ? 100u : 1u;
    return PT_OK;
}

/* Batches: each is there at once, for whoever reads the store beside, and after a death without an end. */
static void append_and_reopen(void **state) {
    (void)state;
    if (!engine->append) skip();
    pt_error error = {0};
    pt_store *s = open_store(PT_STORE_WRITE | PT_STORE_BACKGROUND), *reader;
    assert_int_equal(append(s, first, true, &error), PT_ENOTFOUND); /* nothing to follow */
    assert_null(engine->writer(s));
    commit(s, first, NULL, 3);
    assert_non_null(engine->writer(s));
    for (u32 round = 0; round < 9; round++) {
        const pt_graph *now = round % 2 ? first : second;
        u32 files = 0;
        pt_store_stats stats;
        if (append(s, now, round % 2, &error)) fail_msg("%s", error.message);
        holds(s, now);
        assert_int_equal(engine->stats(s, &stats, &error), PT_OK);
        assert_int_equal(stats.generation, round + 2);
        assert_int_equal(engine->each_file(s, false, count_file, &files, &error), PT_OK);
        assert_int_equal(files, round % 2 ? 102 : 2);
        reader = open_store(PT_STORE_READ);
        holds(reader, now);
        sound(reader);
        pt_store_close(reader);
        if (round == 4 && engine->relax) engine->relax(s);
        if (round % 3 == 2) { /* closed, and gone on with */
            pt_store_close(s);
            s = open_store(PT_STORE_WRITE | PT_STORE_BACKGROUND);
            holds(s, now);
            sound(s);
        }
    }
    commit(s, first, second, 2); /* a whole state behind batches */
    holds(s, first);
    if (append(s, second, true, &error)) fail_msg("%s", error.message);
    pt_store_close(s);
    s = open_store(PT_STORE_WRITE); /* somebody who does not stay */
    holds(s, second);
    commit(s, first, NULL, 3);
    pt_store_close(s);
    s = open_store(PT_STORE_READ);
    holds(s, first);
    sound(s);
    pt_store_close(s);
}

/* Each allocation of a batch fails once: it is there or it is not, and the next one follows what is. */
static void append_without_memory(void **state) {
    (void)state;
    if (!engine->append) skip();
    pt_error error = {0};
    pt_store *s = open_store(PT_STORE_WRITE | PT_STORE_BACKGROUND);
    commit(s, first, NULL, 3);
    bool now_second = false;
    u32 failed = 0;
    for (i64 n = 0; n < 4000; n += n < 200 ? 1 : 17) {
        pt_alloc_clear();
        pt_alloc_fail_after(n);
        int code = append(s, now_second ? first : second, true, &error);
        bool met = pt_alloc_fail_met();
        pt_alloc_fail_after(-1);
        pt_alloc_clear();
        if (code) {
            if (code != PT_ENOMEM) fail_msg("%lld: %s", (long long)n, error.message);
            failed++;
        } else {
            now_second = !now_second;
        }
        if (n % 10 == 0 || !met) {
            holds(s, now_second ? second : first);
            sound(s);
        }
        if (!met) break;
    }
    assert_true(failed > 10);
    pt_store_close(s);
    s = open_store(PT_STORE_READ);
    holds(s, now_second ? second : first);
    sound(s);
    pt_store_close(s);
}

/* To and fro, reopened in between, at both levels: ids are used again and again. */
static void there_and_back(void **state) {
    (void)state;
    for (u32 round = 0; round < 12; round++) {
        const pt_graph *now = round % 2 ? second : first, *before = round % 2 ? first : second;
        pt_store *s = open_store(PT_STORE_WRITE | (round % 3 ? PT_STORE_FULL : 0));
        commit(s, now, round ? before : NULL, 1 + round % 3);
        holds(s, now);
        if (round % 4 == 3 && engine->checkpoint) assert_int_equal(engine->checkpoint(s, NULL), PT_OK);
        holds(s, now);
        pt_store_close(s);
        s = open_store(PT_STORE_READ);
        u32 count = 0;
        holds(s, now);
        sound(s);
        assert_int_equal(engine->each_file(s, true, count_files, &count, NULL), PT_OK);
        assert_int_equal(count, 1 + round % 3);
        pt_store_close(s);
    }
}

static void salvages(void **state) {
    (void)state;
    pt_store *s = open_store(PT_STORE_WRITE);
    commit(s, first, NULL, 3);
    pt_store_close(s);
    u32 count = 0;
    pt_error error = {0};
    /* these blocks are no facts: an engine that looks into them gives none, one that does not gives all */
    assert_int_equal(engine->salvage(location, stop_never, &count, &error), PT_OK);
    assert_true(count == 0 || count == 3);
}

static int stop(void *payload, const pt_kept_file *f) {
    (void)f;
    ++*(u32 *)payload;
    return PT_ELIMIT;
}

static void files(void **state) {
    (void)state;
    pt_store *s = open_store(PT_STORE_WRITE);
    for (u32 kept = 3; kept > 0; kept--) {
        u32 count = 0;
        commit(s, first, kept == 3 ? NULL : first, kept);
        assert_int_equal(engine->each_file(s, true, count_files, &count, NULL), PT_OK);
        assert_int_equal(count, kept);
        count = 0;
        assert_int_equal(engine->each_file(s, false, count_files, &count, NULL), PT_OK);
        assert_int_equal(count, kept);
    }
    u32 count = 0;
    assert_int_equal(engine->each_file(s, true, stop, &count, NULL), PT_ELIMIT);
    assert_int_equal(count, 1);
    pt_store_close(s);
}

static void statistics(void **state) {
    (void)state;
    pt_store *s = open_store(PT_STORE_WRITE);
    pt_store_stats before, after;
    commit(s, first, NULL, 3);
    assert_int_equal(engine->stats(s, &before, NULL), PT_OK);
    assert_int_equal(before.generation, 1);
    assert_int_equal(before.fingerprint, 0x7777);
    assert_true(before.bytes > 0 && before.rows_written > 0);
    assert_int_equal(strlen(before.uuid), 36);
    commit(s, first, first, 3);
    assert_int_equal(engine->stats(s, &after, NULL), PT_OK);
    assert_string_equal(before.uuid, after.uuid);
    assert_int_equal(after.generation, 2);
    assert_true(after.rows_written < before.rows_written / 2);
    pt_store_close(s);
}

static void read_only(void **state) {
    (void)state;
    pt_store *s = open_store(PT_STORE_WRITE);
    commit(s, first, NULL, 3);
    pt_store_close(s);
    s = open_store(PT_STORE_READ);
    pt_kept_file kept = {"a.rs", 2021, {8, 100}, {1, 2}, blocks, 8, false};
    pt_batch batch = {second, first, &kept, 1, 1};
    assert_int_not_equal(engine->commit(s, &batch, NULL), PT_OK);
    holds(s, first);
    pt_store_close(s);
}

static void readers_see_whole_states(void **state) {
    (void)state;
    pt_store *writer = open_store(PT_STORE_WRITE);
    commit(writer, first, NULL, 3);
    pt_store *reader = open_store(PT_STORE_READ);
    holds(reader, first);
    commit(writer, second, first, 3);
    pt_graph *g = NULL; /* the state of its opening, or that of now */
    assert_int_equal(engine->load_graph(reader, &g, NULL), PT_OK);
    char *told = told_by(g), *old = told_by(first), *new = told_by(second);
    assert_true(strcmp(told, old) == 0 || strcmp(told, new) == 0);
    free(told), free(old), free(new);
    pt_graph_close(g);
    pt_store_close(reader);
    reader = open_store(PT_STORE_READ);
    holds(reader, second);
    if (engine->checkpoint) assert_int_equal(engine->checkpoint(writer, NULL), PT_OK);
    holds(reader, second);
    pt_store_close(reader);
    pt_store_close(writer);
}

static void second_writer(void **state) {
    (void)state;
    pt_store *one = open_store(PT_STORE_WRITE), *two = NULL;
    commit(one, first, NULL, 3);
    int code = pt_store_open(&two, uri, PT_STORE_WRITE, NULL);
    assert_true(code == PT_OK || code == PT_EBUSY);
    if (!code) {
        commit(two, second, NULL, 3);
        holds(two, second);
        pt_store_close(two);
    }
    holds(one, code ? first : second);
    pt_store_close(one);
}

static void reset(void **state) {
    (void)state;
    pt_store *s = open_store(PT_STORE_WRITE);
    pt_store_stats before, after;
    commit(s, first, NULL, 3);
    engine->stats(s, &before, NULL);
    pt_store_close(s);
    char beside[160];
    snprintf(beside, sizeof beside, "%s.notes", location);
    FILE *notes = fopen(beside, "w");
    fclose(notes);
    assert_int_equal(engine->reset(location, NULL), PT_OK);
    assert_int_not_equal(access(location, F_OK), 0);
    assert_int_equal(access(beside, F_OK), 0);
    assert_int_equal(engine->reset(location, NULL), PT_OK);
    s = open_store(PT_STORE_WRITE);
    commit(s, second, NULL, 3);
    engine->stats(s, &after, NULL);
    assert_string_not_equal(before.uuid, after.uuid);
    pt_store_close(s);
}

/* Bytes changed anywhere in the file: told or harmless, never a crash. */
static void corrupt(void **state) {
    (void)state;
    pt_store *s = open_store(PT_STORE_WRITE);
    commit(s, first, NULL, 3);
    pt_store_close(s);
    char *whole;
    u32 length;
    if (pt_file_read(&whole, &length, location, 1u << 30, NULL)) return; /* an engine of several files */
    u64 random = seed_of_run("corrupt");
    u32 told = 0;
    for (u32 round = 0; round < 150; round++) {
        char *copy = padded(whole, length);
        for (u32 i = 0, n = 1 + round % 20; i < n; i++)
            copy[next_random(&random) % (round % 3 ? length : 4096)] ^= (char)(1 + next_random(&random) % 255);
        u32 size = round % 10 == 9 ? (u32)(next_random(&random) % length) : length;
        FILE *out = fopen(location, "wb");
        fwrite(copy, 1, size, out);
        fclose(out);
        free(copy);
        pt_graph *g = NULL;
        pt_error error = {0};
        u32 count = 0;
        int code = pt_store_open(&s, uri, PT_STORE_READ, &error);
        if (!code) {
            code = engine->load_graph(s, &g, &error);
            if (!code) same_graph(g, first);
            pt_graph_close(g);
            engine->each_file(s, true, stop, &count, NULL);
            pt_store_close(s);
        }
        if (code) told++, assert_true(error.message[0]);
    }
    assert_true(told > 10);
    pt_free(whole);
}

int main(void) {
    int failed = 0;
    set_up_all(NULL);
    for (u32 i = 0; pt_store_engines()[i]; i++) {
        engine = pt_store_engines()[i];
        printf("engine %s\n", engine->name);
#define CASE(name) cmocka_unit_test_setup(name, set_up)
        const struct CMUnitTest tests[] = {CASE(the_vtable),
                                           CASE(nothing_there),
                                           CASE(commit_and_load),
                                           CASE(there_and_back),
                                           CASE(salvages),
                                           CASE(files),
                                           CASE(statistics),
                                           CASE(read_only),
                                           CASE(readers_see_whole_states),
                                           CASE(second_writer),
                                           CASE(reset),
                                           CASE(corrupt),
                                           CASE(append_and_reopen),
                                           CASE(append_without_memory)};
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    tear_down_all(NULL);
    return failed;
}
