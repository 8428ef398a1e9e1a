/* interface_file.c: writes, checks and maps interface files; their bytes stand at the top of interface_format.h. */
#include "resolve/interface_format.h"

#include "base/file.h"

#include <stdio.h>

enum { MAGIC = 0x49535450, VERSION = 2, MAX_FILES = 1 << 20 };

typedef pt_interface_header header;
typedef pt_interface_record record;

/* Macros are read from text: where one is defined, or called between items. */
static bool needs_text(const pt_file *f) {
    for (u32 i = 0; i < f->facts.header->item_count; i++)
        if (f->facts.items[i].kind == PT_KIND_MACRO || f->facts.items[i].kind == PT_KIND_MACRO_CALL) return true;
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

int pt_interface_write(pt_world *w, const u32 *roots, u32 root_count, pt_str info, const char *path, pt_error *error) {
    pt_buffer out = {0};
    PT_VEC(pt_prepared) prepared = {0};
    for (u32 i = 0; i < w->expansions.count; i++) {
        const pt_instance *in = &w->instances.data[w->expansions.data[i]];
        const pt_def *call = pt_def_at(w, in->call);
        pt_vec_push(&prepared, (pt_prepared){w->instances.data[call->instance].file, call->item, in->file, 0, 0});
    }
    header h = {.magic = MAGIC,
                .version = VERSION,
                .extractor = PT_EXTRACTOR_VERSION,
                .file_count = w->files.count,
                .prepared_count = prepared.count,
                .info_length = info.length};
    for (u32 i = 0; i < PT_INTERFACE_ROOTS; i++) h.roots[i] = i < root_count ? roots[i] : PT_NONE;
    put(&out, &h, sizeof h, 0);
    u32 records_at = out.count;
    record *records = pt_calloc((size_t)w->files.count + 1, sizeof *records);
    if (records) put(&out, records, (u64)w->files.count * sizeof *records, 0);
    put(&out, prepared.data, (u64)prepared.count * sizeof(pt_prepared), 0);
    h.info = put(&out, info.data, info.length, 1);
    for (u32 i = 0; records && i < w->files.count; i++) {
        const pt_file *f = &w->files.data[i];
        if (f->read_code || !f->block) continue;
        records[i] = (record){.path = put(&out, f->path, strlen(f->path), 1),
                              .path_length = (u32)strlen(f->path),
                              .edition = f->edition,
                              .block_size = f->block_size,
                              .is_expansion = f->is_expansion};
        records[i].block = put(&out, f->block, f->block_size, 0);
        if (f->text && needs_text(f)) {
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

/* Does [at, at + length) lie inside, text terminated or not? */
static bool inside(u64 at, u64 length, u64 size) { return at <= size && length <= size - at; }

static int verify(const char *base, u64 size, const char *path, bool check, pt_error *error) {
    const header *h = (const void *)base;
    u64 records_end = sizeof *h + (u64)(size < sizeof *h ? 0 : h->file_count) * sizeof(record);
    if (size < sizeof *h || h->magic != MAGIC || h->version != VERSION || h->extractor != PT_EXTRACTOR_VERSION ||
        h->size != size || h->file_count > MAX_FILES || h->info_length >= size ||
        !inside(h->info, h->info_length + 1ull, size) ||
        !inside(records_end, (u64)h->prepared_count * sizeof(pt_prepared) + 8, size))
        return pt_fail(error, PT_ECORRUPT, "%s: not an interface file of this version; make it again", path);
    if (check && pt_hash_bytes(base + sizeof *h, size - sizeof *h) != h->checksum)
        return pt_fail(error, PT_ECORRUPT, "%s: damaged; make it again", path);
    for (u32 i = 0; i < PT_INTERFACE_ROOTS; i++)
        if (h->roots[i] != PT_NONE && h->roots[i] >= h->file_count)
            return pt_fail(error, PT_ECORRUPT, "%s: a root points outside", path);
    const record *records = (const void *)(base + sizeof *h);
    for (u32 i = 0; i < h->file_count; i++) {
        const record *r = &records[i];
        pt_facts facts;
        if (!r->block_size) continue;
        if (!inside(r->path, r->path_length + 1ull, size) || base[r->path + r->path_length] ||
            !inside(r->block, r->block_size, size) || r->block % 8 ||
            (r->text && !inside(r->text, r->text_length + (u64)PT_TEXT_SLACK, size)))
            return pt_fail(error, PT_ECORRUPT, "%s: record %u points outside", path, i);
        if (!check) continue;
        if (pt_facts_open(&facts, base + r->block, r->block_size, true, NULL))
            return pt_fail(error, PT_ECORRUPT, "%s: facts of %s cannot be read", path, base + r->path);
        bool ended = true; /* the lexer wants zeros behind a text */
        for (u32 k = 0; r->text && k < PT_TEXT_SLACK; k++) ended = ended && !base[r->text + r->text_length + k];
        if (r->text && (r->text_length != facts.header->text_length || !ended))
            return pt_fail(error, PT_ECORRUPT, "%s: the text of %s is not the one it was noted from", path,
                           base + r->path);
    }
    const pt_prepared *prepared = (const void *)(base + ((records_end + 7) & ~(u64)7));
    for (u32 i = 0; i < h->prepared_count; i++)
        if (prepared[i].file >= h->file_count || prepared[i].expansion >= h->file_count ||
            !records[prepared[i].expansion].block_size)
            return pt_fail(error, PT_ECORRUPT, "%s: an expansion points outside", path);
    return PT_OK;
}

int pt_interface_load(pt_world *w, pt_interface *out, const char *path, const char *prefix, bool check,
                      pt_error *error) {
    const void *map;
    u64 size;
    *out = (pt_interface){.first_file = w->files.count};
    int code = pt_file_map(&map, &size, path, error);
    if (code) return code;
    const char *base = map;
    code = verify(base, size, path, check, error);
    if (code) return pt_file_unmap(map, size), code;
    if (!pt_vec_push(&w->maps, (pt_mapped_file){map, size}))
        return pt_file_unmap(map, size), pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
    const header *h = map;
    const record *records = (const void *)(base + sizeof *h);
    u64 at = (sizeof *h + (u64)h->file_count * sizeof(record) + 7) & ~(u64)7;
    const pt_prepared *prepared = (const void *)(base + at);
    u32 first = w->files.count;
    for (u32 i = 0; i < h->file_count; i++) {
        const record *r = &records[i];
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
            snprintf(name, sizeof name, "%s%s", prefix, base + r->path);
            pt_world_add_file(w, name, (u16)r->edition);
        }
        if (w->files.count == index) return pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
        pt_file *f = &w->files.data[index];
        f->is_mapped = true;
        pt_world_add_block(w, f, (void *)(uintptr_t)(base + r->block), r->block_size);
        if (f->read_code == PT_ENOMEM) return pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
        if (f->read_code) return pt_fail(error, PT_ECORRUPT, "%s: facts of %s cannot be read", path, base + r->path);
        if (r->text) f->text = (char *)(uintptr_t)(base + r->text), f->text_length = r->text_length;
    }
    for (u32 i = 0; i < h->prepared_count; i++) {
        pt_prepared p = prepared[i];
        p.file += first;
        p.expansion += first;
        pt_vec_push(&w->prepared, p);
    }
    for (u32 i = 0; i < PT_INTERFACE_ROOTS; i++) out->roots[i] = h->roots[i] == PT_NONE ? PT_NONE : first + h->roots[i];
    out->info = (pt_str){base + h->info, h->info_length};
    /* a file that is missing would shift the numbers of all behind it */
    return pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "%s: out of memory", path) : PT_OK;
}
