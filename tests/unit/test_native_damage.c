/* The native store under damage: told, or harmless; never a crash, never other data, never made worse. */
#include "support.h"

#include "native_damage.h"

/* Everything is read through before it is believed: what whoever asks for `verify` opens with. */
enum { WHOLE = 8 };

static damage_store base, short_one; /* short_one: nothing in its log */
static u32 violations;
static char what[200];

static void violated(const char *why, const char *message) {
    if (violations++ < 40) fprintf(stderr, "%s: %s: %s\n", what, why, message);
}
static int no_violations(void **state) {
    (void)state;
    u32 found = violations;
    violations = 0;
    assert_int_equal(found, 0);
    return 0;
}

typedef struct files {
    u32 count;
    bool wrong;
} files;
static int same_file(void *payload, const pt_kept_file *f) {
    files *x = payload;
    const damage_kept *want = &base.kept[DAMAGE_STATES - 1];
    const pt_kept_file *w = &want->files[x->count];
    if (x->count++ >= want->count) return x->wrong = true, PT_OK;
    x->wrong = x->wrong || strcmp(f->path, w->path) != 0 || f->edition != w->edition ||
               f->stamp.size != w->stamp.size || f->stamp.mtime_ns != w->stamp.mtime_ns ||
               !pt_hash128_equal(f->hash, w->hash) || f->facts_size != w->facts_size ||
               memcmp(f->facts, w->facts, w->facts_size) != 0;
    return PT_OK;
}

/* Told by PT_ECORRUPT, or exactly the right data. `trusting`: nothing but verify has to notice. True: told. */
static bool told_or_right(simulated_disk *disk, int mode, bool trusting) {
    pt_disk *process = simulated_disk_process(disk);
    pt_store *store = NULL;
    pt_graph *graph = NULL;
    pt_error error = {0};
    u64 digest = mode & PT_STORE_WRITE ? simulated_disk_digest(disk) : 0;
    bool told = false;
    pt_alloc_clear();
    int code = pt_native_open_on(&store, process, "/w/store", mode, &error);
    if (code) {
        told = true;
        if (code != PT_ECORRUPT) violated("opening: not PT_ECORRUPT", error.message);
        if (!error.message[0]) violated("opening: without a word", "");
        if (digest && simulated_disk_digest(disk) != digest)
            violated("refused, and changed all the same", error.message);
    } else {
        code = pt_native_verify(store, crash_tell, NULL, &error);
        if (code && (code != PT_ECORRUPT || !error.message[0])) violated("verify: not PT_ECORRUPT", error.message);
        told = code;
        if (!told || !trusting) { /* what verify calls sound is right, and so is what was looked at on opening */
            pt_store_stats stats;
            store->engine->stats(store, &stats, &error);
            if (stats.generation != DAMAGE_STATES || stats.fingerprint != 1000 + DAMAGE_STATES - 1)
                violated("another generation or fingerprint", "");
            size_t length;
            if (store->engine->load_graph(store, &graph, &error)) violated("load_graph", error.message);
            else {
                char *text = crash_export(graph, &length);
                if (length != base.length || memcmp(text, base.text, length) != 0) violated("another graph", "");
                free(text);
            }
            pt_graph_close(graph);
            files x = {0, false};
            code = store->engine->each_file(store, true, same_file, &x, &error);
            if (code == PT_ECORRUPT && error.message[0]) told = true;
            else if (code) violated("each_file: not PT_ECORRUPT", error.message);
            else if (x.wrong || x.count != base.kept[DAMAGE_STATES - 1].count) violated("other kept files", "");
        }
        pt_store_close(store);
    }
    u32 wrong = 0;
    (void)pt_native_salvage_on(process, "/w/store", damage_whole, &wrong, &error);
    if (wrong) violated("salvage gives facts that are not whole", "");
    simulated_disk_kill(disk, process);
    if (disk->misuse || disk->map_count || disk->open_file_count || disk->lock_count)
        violated("something was left open", "");
    return told;
}

static int count_whole_file(void *payload, const pt_kept_file *f) {
    u32 wrong = 0;
    (void)damage_whole(&wrong, f);
    *(u32 *)payload += !wrong;
    return PT_OK;
}
static void sound(void **state) {
    (void)state;
    snprintf(what, sizeof what, "sound");
    for (u32 i = 0; i < base.count; i++)
        printf("%s: %llu bytes\n", base.files[i].path, (unsigned long long)base.files[i].size);
    simulated_disk *disk = simulated_disk_clone(base.disk);
    assert_false(told_or_right(disk, PT_STORE_READ, false));
    assert_false(told_or_right(disk, PT_STORE_WRITE, false));
    pt_error error = {0};
    u32 files_whole = 0;
    pt_disk *process = simulated_disk_process(disk);
    assert_int_equal(pt_native_salvage_on(process, "/w/store", count_whole_file, &files_whole, &error), PT_OK);
    assert_int_equal(files_whole, base.kept[DAMAGE_STATES - 1].count);
    simulated_disk_free(disk);
}

/* Every byte of every file; every bit of the manifest and of headers. `touched`: with another stamp, as any write has. */
static void flips(bool touched) {
    simulated_disk *disk = simulated_disk_clone(base.disk);
    u32 told = 0, all = 0;
    for (u32 i = 0; i < base.count; i++) {
        const damage_file *f = &base.files[i];
        for (u64 at = 0; at < f->size; at++)
            for (u32 bit = 0; bit < 8; bit++) {
                bool each_bit = f->kind == 0 || at < 64;
                if (!each_bit && bit) break;
                u8 *bytes, mask = each_bit ? (u8)(1u << bit) : (u8)(1 + at * 37 % 255);
                u64 size;
                snprintf(what, sizeof what, "%s: byte %llu ^ %02x%s", f->path, (unsigned long long)at, mask,
                         touched ? "" : ", same stamp");
                assert_true(simulated_disk_bytes(disk, f->path, &bytes, &size));
                if (!bytes) abort();
                bytes[at] ^= mask;
                simulated_inode *inode = simulated_at(disk, f->path);
                i64 before = inode->modified;
                if (touched) inode->modified++;
                all++;
                told += told_or_right(disk, PT_STORE_READ | (touched ? 0 : WHOLE), !touched);
                if ((at + bit) % 16 == 0) {
                    simulated_disk *copy = simulated_disk_clone(disk);
                    (void)told_or_right(copy, PT_STORE_WRITE | (touched ? 0 : WHOLE), !touched);
                    simulated_disk_free(copy);
                }
                assert_true(simulated_disk_bytes(disk, f->path, &bytes, &size));
                if (!bytes) abort();
                bytes[at] ^= mask;
                inode->modified = before;
            }
    }
    simulated_disk_free(disk);
    printf("%u of %u flips told\n", told, all);
    assert_true(told > all * 9 / 10);
}
static void every_byte(void **state) {
    (void)state;
    flips(true);
}
static void every_byte_with_the_same_stamp(void **state) {
    (void)state;
    flips(false);
}

static void cut_short(void **state) {
    (void)state;
    for (u32 i = 0; i < base.count; i++) {
        const damage_file *f = &base.files[i];
        for (u64 size = 0; size < f->size; size++) {
            simulated_disk *disk = simulated_disk_clone(base.disk);
            snprintf(what, sizeof what, "%s: cut to %llu bytes", f->path, (unsigned long long)size);
            simulated_disk_put(disk, f->path, f->data, size);
            bool told = told_or_right(disk, size % 4 ? PT_STORE_READ : PT_STORE_WRITE, false);
            if (!told && f->kind != 100) violated("not told", "");
            simulated_disk_free(disk);
        }
    }
}

static void missing_and_swapped(void **state) {
    (void)state;
    pt_error error = {0};
    for (u32 i = 0; i < base.count; i++)
        for (u32 k = 0; k < base.count; k++)
            for (int mode = PT_STORE_READ; mode <= PT_STORE_WRITE; mode++) {
                const damage_file *f = &base.files[i], *g = &base.files[k];
                simulated_disk *disk = simulated_disk_clone(base.disk);
                if (i == k) {
                    pt_disk *process = simulated_disk_process(disk);
                    snprintf(what, sizeof what, "%s missing", f->path);
                    assert_int_equal(process->unlink(process, f->path, &error), PT_OK);
                    if (f->kind == 0) { /* no store there any more */
                        pt_store *store = NULL;
                        if (mode == PT_STORE_READ) {
                            assert_int_equal(pt_native_open_on(&store, process, "/w/store", mode, &error),
                                             PT_ENOTFOUND);
                            assert_true(error.message[0]);
                        }
                    } else if (!told_or_right(disk, mode, false) && f->kind != 100) violated("not told", "");
                } else {
                    snprintf(what, sizeof what, "%s in place of %s", g->path, f->path);
                    simulated_disk_put(disk, f->path, g->data, g->size);
                    if ((k + i) % 2) simulated_disk_put(disk, g->path, f->data, f->size);
                    bool harmless = f->kind == 100 && (g->kind == 100 || (k + i) % 2 == 0);
                    if (!told_or_right(disk, mode, false) && !harmless) violated("not told", "");
                }
                simulated_disk_free(disk);
            }
}

/* A backup's manifest beside newer files: refused, and nothing is removed. */
static void an_older_manifest(void **state) {
    (void)state;
    for (int mode = PT_STORE_READ; mode <= PT_STORE_WRITE; mode++) {
        simulated_disk *disk = simulated_disk_clone(base.disk);
        snprintf(what, sizeof what, "an older manifest, mode %d", mode);
        simulated_disk_put(disk, "/w/store/manifest", base.old_manifest, base.old_size);
        if (!told_or_right(disk, mode, false)) violated("not told", "");
        simulated_disk_free(disk);
    }
}

static void strangers_and_later_versions(void **state) {
    (void)state;
    for (int mode = PT_STORE_READ; mode <= PT_STORE_WRITE; mode++)
        for (u32 round = 0; round < 3; round++) {
            simulated_disk *disk = simulated_disk_clone(base.disk);
            u8 *bytes;
            u64 size;
            snprintf(what, sizeof what, "stranger %u, mode %d", round, mode);
            if (round == 0) simulated_disk_put(disk, "/w/store/manifest", "{\"name\": \"photos\"}\n", 19);
            else if (round == 1) simulated_disk_put(disk, "/w/store/manifest", "", 0);
            else {
                assert_true(simulated_disk_bytes(disk, "/w/store/manifest", &bytes, &size));
                if (!bytes) abort();
                bytes[4] = PT_NATIVE_VERSION + 1;
            }
            if (!told_or_right(disk, mode, false)) violated("not told", "");
            simulated_disk_free(disk);
        }
}

/* Words changed at random under right checksums: whatever opens can be asked everything. */
static void mended(void **state) {
    (void)state;
    u64 random = seed_of_run("mended");
    u32 opened = 0, wrong = 0, rounds = 4000;
    for (u32 round = 0; round < rounds; round++) {
        const damage_store *d = round % 3 ? &base : &short_one;
        const damage_file *f = &d->files[round % d->count];
        if (f->kind == 100) continue;
        simulated_disk *disk = simulated_disk_clone(d->disk);
        u8 *copy = malloc(f->size);
        memcpy(copy, f->data, f->size);
        snprintf(what, sizeof what, "%s mended, round %u", f->path, round);
        damage_words(copy, f->size, f->kind == 0 ? 24 : 24 * (round / d->count % 2), &random);
        damage_put_mended(disk, f, copy, f->size);
        opened += damage_survive(disk, round % 2 ? PT_STORE_READ : PT_STORE_WRITE, round, &wrong) == PT_OK;
        if (wrong) violated("mended", "refused without a word, or salvaged what is not whole"), wrong = 0;
        free(copy);
        simulated_disk_free(disk);
    }
    printf("%u of %u opened\n", opened, rounds);
    assert_true(opened > 0);
}

int main(void) {
    damage_make(&base, false);
    damage_make(&short_one, true);
#define CASE(name) cmocka_unit_test_teardown(name, no_violations)
    const struct CMUnitTest tests[] = {CASE(sound),
                                       CASE(every_byte),
                                       CASE(every_byte_with_the_same_stamp),
                                       CASE(cut_short),
                                       CASE(missing_and_swapped),
                                       CASE(an_older_manifest),
                                       CASE(strangers_and_later_versions),
                                       CASE(mended)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    damage_free(&base);
    damage_free(&short_one);
    return failed;
}
