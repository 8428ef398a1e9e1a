/* verify.c: everything read through; and, of a store that is damaged, what is provably whole. */
#include "facts/facts.h"
#include "store/native/native.h"

static int check_facts(const pt_kept_file *f, pt_error *error) {
    pt_facts facts;
    /* blocks that some other program keeps under this name are none of facts.h: their checksum was the file's */
    if (f->facts_size < sizeof(u32) || *(const u32 *)f->facts != PT_FACTS_MAGIC) return PT_OK;
    int code = pt_facts_open(&facts, f->facts, f->facts_size, true, error);
    return code ? pt_fail(error, PT_ECORRUPT, "%s: what is kept of it is damaged", f->path) : PT_OK;
}

int pt_native_verify(pt_store *store, void (*tell)(void *, const char *, u64), void *payload, pt_error *error) {
    pt_native_store *s = (pt_native_store *)store;
    static const u16 types[] = {0, PT_BLOCK_TABLES, PT_BLOCK_OUT, PT_BLOCK_IN, PT_BLOCK_FACTS};
    u64 bytes = 0, files = 0, batches = 0;
    int code = PT_OK;
    for (u32 i = 0; !code && i < s->manifest.files.count; i++) {
        const pt_manifest_file *e = &s->manifest.files.data[i];
        if (e->kind == PT_FILE_LOG) continue;
        if (e->kind >= PT_COUNT_OF(types) || !e->kind)
            return pt_fail(error, PT_ECORRUPT, "%s: the manifest names a file of no known kind", s->folder);
        pt_native_file *f;
        code = pt_native_map(&f, s->disk, s->folder, e, types[e->kind], true, error);
        if (code == PT_ENOTFOUND) code = pt_native_gone(s, error);
        if (code) break;
        bytes += f->size;
        files++;
        pt_native_unmap(f);
    }
    if (!code) tell(payload, "files read through, their checksums right", files);
    pt_kept_table kept = {0};
    if (!code && s->writer) code = pt_native_load_kept(&kept, s, error);
    for (u32 i = 0; i < kept.logs.count; i++) batches += kept.logs.data[i].count, bytes += kept.logs.data[i].valid;
    if (!code) tell(payload, "batches in the log, their chain unbroken", batches);
    for (u32 i = 0; !code && i < kept.entries.count; i++) code = check_facts(&kept.entries.data[i].file, error);
    if (!code) tell(payload, "source files whose facts are whole", kept.entries.count);
    pt_kept_free(&kept);
    if (code || !s->writer) return code;
    const pt_graph *g = pt_graph_writer_latest(s->writer);
    code = pt_graph_validate(g, error);
    if (code) return code;
    tell(payload, "nodes, every reference inside", g->node_count);
    tell(payload, "edges in both directions, each with its mirror, every list sorted",
         g->info.edges + g->info.candidates);
    tell(payload, "bytes", bytes);
    return PT_OK;
}

typedef struct salvage {
    pt_disk *disk;
    const char *folder;
    PT_VEC(pt_manifest_file) found;
} salvage;
static void find(void *payload, const char *name) {
    salvage *s = payload;
    pt_manifest_file e = {0};
    if (pt_native_owns(name, &e.kind, &e.shard, &e.number) && (e.kind == PT_FILE_FACTS || e.kind == PT_FILE_LOG))
        pt_vec_push(&s->found, e);
}

int pt_native_salvage_on(pt_disk *disk, const char *folder, int (*visit)(void *, const pt_kept_file *), void *payload,
                         pt_error *error) {
    salvage s = {disk, folder, {0}};
    pt_kept_table table = {0};
    char path[PT_NATIVE_PATH];
    pt_error ignored;
    int code = disk->list(disk, folder, find, &s, error);
    /* facts, then logs, the older first: files are numbered in the order of their making */
    for (u32 kind = PT_FILE_FACTS, order = 0; !code && kind <= PT_FILE_LOG; kind++) {
        for (u64 last = 0;;) {
            const pt_manifest_file *next = NULL;
            for (u32 i = 0; i < s.found.count; i++)
                if (s.found.data[i].kind == kind && s.found.data[i].number >= last &&
                    (!next || s.found.data[i].number < next->number))
                    next = &s.found.data[i];
            if (!next) break;
            last = next->number + 1;
            pt_native_path(path, folder, kind, 0, next->number);
            if (kind == PT_FILE_FACTS) {
                pt_native_file *f = pt_calloc(1, sizeof *f);
                if (!f) continue;
                *f = (pt_native_file){.references = 1, .disk = disk};
                /* its own checksum may be wrong: each block of facts has one of its own */
                if (disk->map(disk, &f->data, &f->size, NULL, path, &ignored) != PT_OK || f->size < 64 ||
                    pt_block_open(f->data, f->size, PT_BLOCK_FACTS, false, path, &ignored) != PT_OK ||
                    !pt_vec_reserve(&table.files, (u64)table.files.count + 1) ||
                    pt_kept_add(&table, f->data, order++, path, &ignored) != PT_OK)
                    pt_native_unmap(f);
                else table.files.data[table.files.count++] = f;
            } else {
                pt_log_view v = {0};
                pt_manifest m;
                char uuid[40] = "";
                if (pt_manifest_read(&m, disk, folder, &ignored) == PT_OK) memcpy(uuid, m.head.uuid, sizeof uuid);
                pt_manifest_free(&m);
                (void)pt_log_read(&v, disk, folder, uuid, next->number, 0, true, &ignored);
                if (!pt_vec_push(&table.logs, v)) pt_log_view_free(&v);
                else
                    for (u32 k = 0; k < v.count; k++)
                        if (pt_block_open((char *)v.data + v.records[k].offset, v.records[k].size, PT_BLOCK_DELTA,
                                          false, path, &ignored) == PT_OK)
                            (void)pt_kept_add(&table, (char *)v.data + v.records[k].offset, order++, path, &ignored);
            }
        }
    }
    pt_kept_finish(&table);
    for (u32 i = 0; !code && i < table.entries.count; i++) {
        const pt_kept_file *f = &table.entries.data[i].file;
        pt_facts facts;
        if (f->facts_size && pt_facts_open(&facts, f->facts, f->facts_size, true, NULL) == PT_OK &&
            pt_hash128_equal(facts.header->text_hash, f->hash))
            code = visit(payload, f);
    }
    pt_vec_free(&s.found);
    pt_kept_free(&table);
    return code;
}
