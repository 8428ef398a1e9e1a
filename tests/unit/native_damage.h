/* native_damage.h: a small native store with real facts on a simulated disk, for whoever damages it: what it holds, bytes
 * whose checksums are made right again, everything asked of what opens. Nothing of cmocka: a fuzzer includes it too. */
#ifndef PT_NATIVE_DAMAGE_H
#define PT_NATIVE_DAMAGE_H

#include "native_crash.h"

#include "facts/facts.h"
#include "graph/walk.h"

#include <ftw.h>

enum { DAMAGE_FILES = 16, DAMAGE_STATES = 5 };
typedef struct damage_kept {
    pt_kept_file files[8];
    u32 count;
} damage_kept;
typedef struct damage_file {
    char path[64];
    u32 kind, shard; /* kind 0: the manifest, 100: the lock */
    u64 number;
    u8 *data;
    u64 size;
} damage_file;
typedef struct damage_store {
    simulated_disk *disk; /* closed cleanly; clones of it are damaged */
    damage_kept kept[DAMAGE_STATES];
    char *text; /* the export of the last state */
    size_t length;
    damage_file files[DAMAGE_FILES];
    u32 count;
    u8 *old_manifest; /* of the checkpoint before */
    u64 old_size;
} damage_store;

static inline const char *damage_dump(u32 k) {
    static char text[2048];
    snprintf(text, sizeof text,
             "FILE: Cargo.toml\n[package]\nname = \"d\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"
             "FILE: src/lib.rs\n%spub mod a;\npub mod z;\npub trait T { fn t(&self) -> u32; }\npub fn f() -> u32 { "
             "a::g() + lost%s() }\n"
             "FILE: src/z.rs\npub const Z: u8 = 1;\nFILE: src/a.rs\npub struct S;\nimpl crate::T for S { fn t(&self) "
             "-> u32 { %s } }\n#[cfg(unix)] pub fn g() -> u32 "
             "{ %s }\nfn e%u() {}\n%s%s",
             k % 2 ? "// moved\n" : "", k % 2 ? "" : "_too", k % 3 ? "crate::f()" : "g()", k ? "h()" : "1", k,
             k ? "fn h() -> u32 { 2 }\n" : "", k >= 2 ? "fn broken( { }\n" : "");
    return text;
}
static inline int damage_remove(const char *path, const struct stat *status, int type, struct FTW *ftw) {
    (void)status, (void)type, (void)ftw;
    return remove(path);
}
static inline int damage_keep(void *payload, const pt_kept_file *f) {
    damage_kept *k = payload;
    if (k->count == PT_COUNT_OF(k->files)) abort();
    pt_kept_file copy = *f;
    u64 *facts = simulated_memory(malloc((size_t)f->facts_size + 8));
    memcpy(facts, f->facts, f->facts_size);
    copy.path = simulated_text(f->path);
    copy.facts = facts;
    copy.unchanged = false;
    k->files[k->count++] = copy;
    return PT_OK;
}
static inline void damage_must(int code, const pt_error *error) {
    if (!code) return;
    fprintf(stderr, "damage: %s\n", error->message);
    abort();
}
static inline void damage_collect(void *payload, const char *path, u8 *data, u64 size) {
    damage_store *d = payload;
    const char *name = strrchr(path, '/') + 1;
    if (strncmp(path, "/w/store/", 9) != 0) return;
    damage_file *f = &d->files[d->count++];
    if (d->count > DAMAGE_FILES) abort();
    *f = (damage_file){.size = size, .data = simulated_memory(malloc(size + 1))};
    if (size) memcpy(f->data, data, size);
    snprintf(f->path, sizeof f->path, "%s", path);
    if (strcmp(name, "lock") == 0) f->kind = 100;
    else (void)pt_native_owns(name, &f->kind, &f->shard, &f->number);
}
/* `folded`: a checkpoint at the end too, so that the log is empty. */
static inline void damage_make(damage_store *d, bool folded) {
    char folder[] = "/tmp/pt-unit-XXXXXX", uri[96];
    pt_error error = {0};
    pt_store *store = NULL;
    *d = (damage_store){.disk = simulated_disk_new()};
    if (!mkdtemp(folder)) abort();
    simulated_disk_put(d->disk, "/w/beside", "x", 1);
    pt_disk *process = simulated_disk_process(d->disk);
    damage_must(pt_native_open_on(&store, process, "/w/store", PT_STORE_WRITE, &error), &error);
    for (u32 k = 0; k < DAMAGE_STATES; k++) {
        pt_store *real = NULL;
        u8 *bytes;
        snprintf(uri, sizeof uri, "native:%s/graph", folder);
        pt_graph *graph = crash_graph_of(damage_dump(k), uri);
        damage_must(pt_store_open(&real, uri, PT_STORE_READ, &error), &error);
        damage_must(real->engine->each_file(real, true, damage_keep, &d->kept[k], &error), &error);
        pt_store_close(real);
        for (u32 i = 0; k && i < d->kept[k].count; i++) /* so that what is kept stands in several files */
            for (u32 j = 0; j < d->kept[k - 1].count; j++)
                d->kept[k].files[i].unchanged =
                    d->kept[k].files[i].unchanged ||
                    (strcmp(d->kept[k].files[i].path, d->kept[k - 1].files[j].path) == 0 &&
                     pt_hash128_equal(d->kept[k].files[i].hash, d->kept[k - 1].files[j].hash));
        graph->info.generation = k + 1;
        pt_batch batch = {graph, k ? graph : NULL, d->kept[k].files, d->kept[k].count, 1000 + k};
        damage_must(store->engine->commit(store, &batch, &error), &error);
        if (k == 1 || k == 2 || (folded && k == DAMAGE_STATES - 1))
            damage_must(pt_native_checkpoint((pt_native_store *)store, &error), &error);
        if (k == 1) {
            simulated_disk_bytes(d->disk, "/w/store/manifest", &bytes, &d->old_size);
            d->old_manifest = simulated_memory(malloc(d->old_size));
            if (!bytes) abort();
            memcpy(d->old_manifest, bytes, d->old_size);
        }
        if (k == DAMAGE_STATES - 1) d->text = crash_export(graph, &d->length);
        pt_graph_close(graph);
    }
    pt_store_close(store);
    nftw(folder, damage_remove, 16, FTW_DEPTH | FTW_PHYS);
    simulated_disk_settle(d->disk);
    simulated_disk_each(d->disk, damage_collect, d);
}
static inline void damage_free(damage_store *d) {
    for (u32 k = 0; k < DAMAGE_STATES; k++)
        for (u32 i = 0; i < d->kept[k].count; i++) {
            free((void *)(uintptr_t)d->kept[k].files[i].path);
            free((void *)(uintptr_t)d->kept[k].files[i].facts);
        }
    for (u32 i = 0; i < d->count; i++) free(d->files[i].data);
    free(d->old_manifest);
    free(d->text);
    simulated_disk_free(d->disk);
}

/* Checksums made right: of a block, of a manifest, of a log with the chain of its records. */
static inline void damage_mend(u32 kind, u8 *data, u64 size) {
    if (kind == 0) {
        pt_manifest_header h;
        if (size < sizeof h) return;
        memcpy(&h, data, sizeof h);
        h.magic = PT_MANIFEST_MAGIC;
        h.version = PT_NATIVE_VERSION;
        h.size = size;
        h.file_count = (u32)((size - sizeof h) / sizeof(pt_manifest_file));
        memcpy(data, &h, sizeof h);
        h.checksum = pt_hash_bytes(data + 24, size - 24);
        memcpy(data, &h, sizeof h);
    } else if (kind == PT_FILE_LOG) {
        pt_log_header h;
        if (size < sizeof h) return;
        memcpy(&h, data, sizeof h);
        h.magic = PT_LOG_MAGIC;
        h.version = PT_NATIVE_VERSION;
        h.checksum = pt_hash_bytes(&h, offsetof(pt_log_header, checksum));
        memcpy(data, &h, sizeof h);
        u64 chain = h.salt;
        for (u64 at = sizeof h; size - at >= sizeof(pt_log_record);) {
            pt_log_record r;
            memcpy(&r, data + at, sizeof r);
            r.magic = PT_RECORD_MAGIC;
            if (r.size > size - at - sizeof r) break;
            chain = r.chain = XXH3_64bits_withSeed(data + at + sizeof r, r.size, chain);
            memcpy(data + at, &r, sizeof r);
            u64 whole = sizeof r + ((r.size + 7) & ~(u64)7);
            if (whole > size - at) break;
            at += whole;
        }
    } else if (kind <= PT_FILE_FACTS) {
        static const u16 types[] = {0, PT_BLOCK_TABLES, PT_BLOCK_OUT, PT_BLOCK_IN, PT_BLOCK_FACTS};
        pt_block_header h;
        if (size < sizeof h) return;
        memcpy(&h, data, sizeof h);
        h.magic = PT_BLOCK_MAGIC;
        h.version = PT_BLOCK_VERSION;
        h.type = types[kind];
        h.size = size;
        h.checksum = pt_hash_bytes(data + sizeof h, size - sizeof h);
        memcpy(data, &h, sizeof h);
    }
}
/* Puts other bytes in place of a file, checksums mended: its own, and what the manifest says of it. */
static inline void damage_put_mended(simulated_disk *disk, const damage_file *f, u8 *data, u64 size) {
    u8 *bytes;
    u64 count;
    damage_mend(f->kind, data, size);
    simulated_disk_put(disk, f->path, data, size);
    if (f->kind == 0 || f->kind > PT_FILE_FACTS || size < sizeof(pt_block_header)) return;
    if (!simulated_disk_bytes(disk, "/w/store/manifest", &bytes, &count)) abort();
    for (u64 at = sizeof(pt_manifest_header); at + sizeof(pt_manifest_file) <= count; at += sizeof(pt_manifest_file)) {
        pt_manifest_file e;
        memcpy(&e, bytes + at, sizeof e);
        if (e.kind == f->kind && e.shard == f->shard && e.number == f->number) {
            e.size = size;
            e.checksum = ((const pt_block_header *)(const void *)data)->checksum;
            memcpy(bytes + at, &e, sizeof e);
        }
    }
    damage_mend(0, bytes, count);
}

/* Everything that is asked of a graph. */
static inline void damage_ask(const pt_graph *g, u64 seed) {
    pt_walker walker;
    pt_buffer path = {0};
    pt_node_list named = {0};
    size_t length = 0;
    char *text = NULL;
    pt_error error = {0};
    FILE *out = open_memstream(&text, &length);
    if (!out) abort();
    (void)pt_export(out, g, "jsonl", true, &error);
    fclose(out);
    free(text);
    for (u32 n = 0; n < PT_MIN(g->node_count, 64u); n++) {
        if (!pt_node_alive(g, n)) continue;
        pt_buffer_clear(&path);
        pt_graph_path(g, &path, n);
        (void)pt_graph_module(g, n);
    }
    if (g->node_count && pt_walker_create(&walker, g) == PT_OK) {
        for (u32 i = 0; i < 4; i++) {
            u32 from = (u32)simulated_below(&seed, g->node_count), to = (u32)simulated_below(&seed, g->node_count);
            pt_walk_blast(&walker, g, from, 1 + i * 80, i & 1);
            pt_walk_path(&walker, g, from, to, i & 1);
        }
        pt_walker_free(&walker);
    }
    static const char *const names[] = {"f", "g", "h", "S", "t", "", "nobody"};
    for (u32 i = 0; i < PT_COUNT_OF(names); i++) {
        named.count = 0;
        pt_graph_named(g, names[i], &named);
    }
    pt_unresolved_list open = {0};
    pt_graph_open_sites(g, NULL, &open);
    pt_graph_open_sites(g, "lost", &open);
    pt_vec_free(&open);
    pt_vec_free(&named);
    pt_buffer_free(&path);
}
static inline int damage_touch(void *payload, const pt_kept_file *f) {
    u64 *sum = payload;
    *sum += strlen(f->path);
    for (u32 i = 0; i < f->facts_size; i++) *sum += ((const u8 *)f->facts)[i];
    return PT_OK;
}
static inline int damage_whole(void *payload, const pt_kept_file *f) {
    pt_facts facts;
    u32 *wrong = payload;
    *wrong += pt_facts_open(&facts, f->facts, f->facts_size, true, NULL) != PT_OK ||
              !pt_hash128_equal(facts.header->text_hash, f->hash);
    return PT_OK;
}
/* Opens a store whose bytes somebody made and asks everything. What is refused says why; nothing leaves its bounds.
 * Returns how opening went. `*wrong`: how much was not as promised. */
static inline int damage_survive(simulated_disk *disk, int mode, u64 seed, u32 *wrong) {
    pt_disk *process = simulated_disk_process(disk);
    pt_store *store = NULL;
    pt_graph *graph = NULL;
    pt_error error = {0};
    u64 sum = 0;
    int opened = pt_native_open_on(&store, process, "/w/store", mode, &error), code = opened;
    *wrong += code && !error.message[0];
    if (!code) {
        int loaded = store->engine->load_graph(store, &graph, &error);
        if (!loaded) damage_ask(graph, seed);
        pt_graph_close(graph);
        error.message[0] = 0;
        code = store->engine->each_file(store, true, damage_touch, &sum, &error);
        *wrong += code && !error.message[0];
        error.message[0] = 0;
        code = pt_native_verify(store, crash_tell, NULL, &error);
        *wrong += code && !error.message[0];
        if (mode & PT_STORE_WRITE && seed % 4 == 0) (void)pt_native_checkpoint((pt_native_store *)store, &error);
        pt_store_close(store);
    }
    (void)pt_native_salvage_on(process, "/w/store", damage_whole, wrong, &error);
    simulated_disk_kill(disk, process);
    return opened;
}

/* Some words of the bytes become small, near, huge or another word. */
static inline void damage_words(u8 *data, u64 size, u64 from, u64 *random) {
    u64 changes = 1 + simulated_below(random, 4);
    if (size < from + 4) return;
    for (u64 i = 0; i < changes; i++) {
        u64 at = from + simulated_below(random, size - from - 3), other = simulated_below(random, size - 3);
        u32 value, width = (u32)simulated_below(random, 4);
        if (width) at = PT_MAX(from, at & ~(u64)3);
        memcpy(&value, data + at, 4);
        switch (simulated_below(random, 6)) {
        case 0: value += (u32)simulated_below(random, 9) - 4; break;
        case 1: value = (u32)simulated_below(random, 64); break;
        case 2: value = UINT32_MAX - (u32)simulated_below(random, 3); break;
        case 3: value ^= 1u << simulated_below(random, 32); break;
        case 4: memcpy(&value, data + (other & ~(u64)3), 4); break;
        default: value = 1u << simulated_below(random, 32);
        }
        memcpy(data + at, &value, width ? 4 : 1);
    }
}

#endif
