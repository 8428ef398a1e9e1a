/* std_interface.c: the interface of core, alloc and std as one mapped file, made at build time.
 *
 * Format, little-endian, everything aligned to 8:
 *   header  {magic "PTSI", version, extractor version, file count, prepared count, 3 x root file, total size u64, XXH3-64 of the rest}
 *   records file_count x {path offset u64, path length u32, edition u32, block offset u64, block size u32, text length u32,
 *           text offset u64 (0: no text), is_expansion u32, reserved u32}
 *   prepared count x pt_prepared
 *   bytes   paths, facts blocks, texts of files that export macros
 * File 0.. are in the order the world numbered them, so pt_prepared's file numbers hold as they are when std is
 * loaded first. Crates are core (0), alloc (1), std (2): `__crate_of_N` in expansions relies on it. */
#include "base/file.h"
#include "resolve/world.h"

#include <stdio.h>

enum { MAGIC = 0x49535450, VERSION = 1, CRATES = 3 };

typedef struct header {
    u32 magic, version, extractor, file_count, prepared_count, roots[CRATES];
    u64 size, checksum;
} header;
typedef struct record {
    u64 path;
    u32 path_length, edition;
    u64 block;
    u32 block_size, text_length;
    u64 text;
    u32 is_expansion, reserved;
} record;

static const char *const names[CRATES] = {"core", "alloc", "std"};

/* `prefix` keeps std's paths apart from a workspace's own core/ or alloc/. */
static void add_std_crates(pt_world *w, const u32 *roots, const char *prefix) {
    for (u32 i = 0; i < CRATES; i++) {
        char identity[64];
        snprintf(identity, sizeof identity, "pt1\n%s\n1\nlib\n", names[i]);
        u32 name = pt_intern(w->names, pt_str_of(names[i]));
        pt_crate c = {.name = name,
                      .label = name,
                      .package = PT_NONE,
                      .target = PT_NONE,
                      .edition = 2021,
                      .is_external = true,
                      .prelude = PT_NO_DEF,
                      .hash = pt_hash128_bytes(identity, strlen(identity))};
        u32 crate = pt_world_add_crate(w, c);
        if (crate == PT_NONE) return;
        for (u32 k = 0; k < i; k++)
            pt_vec_push(&w->crates.data[crate].externs,
                        (pt_extern_name){w->crates.data[k].name, w->crates.data[k].root});
        pt_vec_push(&w->crates.data[crate].externs, (pt_extern_name){name, w->crates.data[crate].root});
    }
    w->std_crate_count = CRATES;
    for (u32 i = 0; i < CRATES; i++) {
        if (roots[i] == PT_NONE || !w->files.data[roots[i]].facts.header) continue;
        char folder[64];
        snprintf(folder, sizeof folder, "%s%s/src", prefix, names[i]);
        u32 instance = pt_world_mount(w, roots[i], i, w->crates.data[i].root,
                                      pt_arena_copy(&w->arena, folder, strlen(folder)), PT_NO_DEF);
        if (instance == PT_NONE) continue;
        w->defs.data[w->crates.data[i].root].instance = instance;
        pt_world_mount_modules(w, instance);
    }
    for (u32 i = 0; i < CRATES; i++) w->crates.data[i].prelude = pt_world_prelude(w, 2021, i < 2);
    pt_world_expand(w);
}

static bool exports_macros(const pt_file *f) {
    for (u32 i = 0; i < f->facts.header->item_count; i++)
        if (f->facts.items[i].kind == PT_KIND_MACRO && (f->facts.items[i].attributes & PT_ATTR_MACRO_EXPORT))
            return true;
    return false;
}

static u64 put(pt_buffer *out, const void *bytes, u64 length, u64 slack) {
    static const char zeros[32];
    u64 at = out->count;
    pt_buffer_add(out, bytes, length);
    pt_buffer_add(out, zeros, slack);
    while (out->count % 8) pt_buffer_char(out, 0);
    return at;
}

static int write_interface(pt_world *w, const u32 *roots, const char *path, pt_error *error) {
    pt_buffer out = {0};
    (void)pt_vec_reserve(&out, 64u << 20);
    PT_VEC(pt_prepared) prepared = {0};
    for (u32 i = 0; i < w->expansions.count; i++) {
        const pt_instance *in = &w->instances.data[w->expansions.data[i]];
        const pt_def *call = pt_def_at(w, in->call);
        pt_vec_push(&prepared, (pt_prepared){w->instances.data[call->instance].file, call->item, in->file, 0, 0});
    }
    header h = {MAGIC, VERSION, PT_EXTRACTOR_VERSION, w->files.count, prepared.count, {roots[0], roots[1], roots[2]},
                0,     0};
    put(&out, &h, sizeof h, 0);
    u32 records_at = out.count;
    record *records = pt_calloc(w->files.count, sizeof *records);
    if (records) put(&out, records, (u64)w->files.count * sizeof *records, 0);
    put(&out, prepared.data, (u64)prepared.count * sizeof(pt_prepared), 0);
    for (u32 i = 0; records && i < w->files.count; i++) {
        const pt_file *f = &w->files.data[i];
        if (f->read_code || !f->block) continue;
        records[i] = (record){.path = put(&out, f->path, strlen(f->path), 1),
                              .path_length = (u32)strlen(f->path),
                              .edition = f->edition,
                              .block_size = f->block_size,
                              .is_expansion = f->is_expansion};
        records[i].block = put(&out, f->block, f->block_size, 0);
        if (f->text && exports_macros(f)) {
            records[i].text_length = f->text_length;
            records[i].text = put(&out, f->text, f->text_length, 16);
        }
    }
    int code = PT_OK;
    if (!records || pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
    if (!code) {
        memcpy(out.data + records_at, records, (size_t)w->files.count * sizeof *records);
        h.size = out.count;
        h.checksum = pt_hash_bytes(out.data + sizeof h, out.count - sizeof h);
        memcpy(out.data, &h, sizeof h);
        code = pt_file_write(path, out.data, out.count, error);
    }
    pt_free(records);
    pt_vec_free(&prepared);
    pt_buffer_free(&out);
    return code;
}

int pt_world_make_std(pt_world *w, const char *out_path, pt_error *error) {
    u32 roots[CRATES];
    const char *folders[CRATES];
    for (u32 i = 0; i < CRATES; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/src/lib.rs", names[i]);
        if (!pt_source_is_file(w->source, path))
            return pt_fail(error, PT_ENOTFOUND, "%s/%s: not there; is rust-src's library folder meant?",
                           pt_source_root(w->source), path);
        roots[i] = pt_world_add_file(w, path, 2021);
        snprintf(path, sizeof path, "%s/src", names[i]);
        folders[i] = pt_arena_copy(&w->arena, path, strlen(path));
    }
    int code = pt_world_read_closure(w, NULL, roots, folders, CRATES);
    if (code) return pt_fail(error, code, "%s: %s", pt_source_root(w->source), pt_error_text(code));
    add_std_crates(w, roots, "");
    return write_interface(w, roots, out_path, error);
}

int pt_world_load_std(pt_world *w, const char *path, pt_error *error) {
    const void *map;
    u64 size;
    int code = pt_file_map(&map, &size, path, error);
    if (code) return code;
    w->std_map = map;
    w->std_map_size = size;
    const header *h = map;
    const char *base = map;
    if (size < sizeof *h || h->magic != MAGIC || h->version != VERSION || h->extractor != PT_EXTRACTOR_VERSION ||
        h->size != size ||
        sizeof *h + (u64)h->file_count * sizeof(record) + (u64)h->prepared_count * sizeof(pt_prepared) > size)
        return pt_fail(error, PT_ECORRUPT, "%s: not an interface file of this version; build it again", path);
    const record *records = (const record *)(const void *)(base + sizeof *h);
    u64 at = (sizeof *h + (u64)h->file_count * sizeof(record) + 7) & ~(u64)7;
    const pt_prepared *prepared = (const pt_prepared *)(const void *)(base + at);
    for (u32 i = 0; i < h->file_count; i++) {
        const record *r = &records[i];
        if (r->path + r->path_length >= size || r->block + r->block_size > size || r->text + r->text_length > size ||
            r->block % 8)
            return pt_fail(error, PT_ECORRUPT, "%s: record %u points outside", path, i);
        if (!r->block_size) {
            pt_vec_push(&w->files, (pt_file){.path = "", .read_code = PT_ENOTFOUND, .is_mapped = true});
            continue;
        }
        u32 index = w->files.count;
        if (r->is_expansion) {
            pt_file made = {.path = base + r->path, .edition = (u16)r->edition, .is_expansion = true};
            pt_vec_push(&w->files, made);
        } else {
            char name[4096];
            snprintf(name, sizeof name, "std:/%s", base + r->path);
            pt_world_add_file(w, name, (u16)r->edition);
        }
        if (w->files.count == index) return pt_fail(error, PT_ENOMEM, "out of memory");
        pt_file *f = &w->files.data[index];
        f->is_mapped = true;
        pt_world_add_block(w, f, (void *)(uintptr_t)(base + r->block), r->block_size);
        if (f->read_code == PT_ENOMEM) return pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
        if (f->read_code) return pt_fail(error, PT_ECORRUPT, "%s: facts of %s cannot be read", path, base + r->path);
        if (r->text) f->text = (char *)(uintptr_t)(base + r->text), f->text_length = r->text_length;
    }
    w->std_file_count = w->files.count;
    for (u32 i = 0; i < h->prepared_count; i++) pt_vec_push(&w->prepared, prepared[i]);
    if (pt_alloc_failed()) return pt_fail(error, PT_ENOMEM, "%s: out of memory", path); /* numbers would not hold */
    add_std_crates(w, h->roots, "std:/");
    w->std_def_count = w->defs.count;
    w->imports.count = 0; /* what std itself could not resolve is none of the workspace's concern */
    w->calls.count = 0;
    return pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory") : PT_OK;
}
