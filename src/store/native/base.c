/* base.c: the base's files: opened as a snapshot, written from one. */
#include "graph/fold.h"
#include "store/native/native.h"

#include <stdlib.h>
#include <sys/mman.h>

#define SCATTERED_BASE (4ull << 30)

typedef struct native_base {
    pt_native_file **files;
    u32 count;
    pt_shard *shards;
} native_base;

static void release(void *payload) {
    native_base *b = payload;
    for (u32 i = 0; b->files && i < b->count; i++) pt_native_unmap(b->files[i]);
    pt_free(b->files);
    pt_free(b->shards);
    pt_free(b);
}

static const pt_manifest_file *shard_file(const pt_manifest *m, u32 kind, u32 shard) {
    for (u32 i = 0; i < m->files.count; i++)
        if (m->files.data[i].kind == kind && m->files.data[i].shard == shard) return &m->files.data[i];
    return NULL;
}

/* `*sure`: cleared when the file is not the one that was written, so that its contents have to be looked through. */
static int map_one(native_base *b, pt_disk *disk, const char *folder, const pt_manifest_file *e, u16 type, bool whole,
                   bool *sure, pt_error *error) {
    if (!e) return pt_fail(error, PT_ECORRUPT, "%s: the manifest misses a file of the base", folder);
    pt_native_file *f;
    int code = pt_native_map(&f, disk, folder, e, type, whole, error);
    if (code) return code;
    b->files[b->count++] = f;
    *sure = *sure && f->sure;
    return PT_OK;
}

/* Of a base this large the records of nodes and their out-edges are read at random places, few of them: mapping what lies
 * around each would make all of it resident. In-edges and flags are what walks go through: they stay as they are. */
static void scatter(const native_base *b) {
    for (u32 i = 0; i < b->count; i++) {
        const pt_native_file *f = b->files[i];
        if (f->kind != PT_FILE_OUT) continue;
        const pt_shard *s = &b->shards[f->shard];
        uintptr_t flags = (uintptr_t)s->walk_flags & ~(uintptr_t)4095;
        madvise((void *)(uintptr_t)f->data, (size_t)f->size, MADV_RANDOM);
        if (s->walk_flags) madvise((void *)flags, s->node_count, MADV_NORMAL);
    }
}

int pt_native_base_open(pt_graph_base *out, pt_disk *disk, const char *folder, const pt_manifest *m, bool whole,
                        pt_error *error) {
    u32 shards = (m->head.node_count + PT_SHARD_NODES - 1) >> PT_SHARD_BITS;
    bool sure = !whole;
    *out = (pt_graph_base){.release = release};
    native_base *b = out->payload = pt_calloc(1, sizeof *b);
    if (!b) return pt_fail(error, PT_ENOMEM, "out of memory");
    b->files = pt_calloc((size_t)shards * 2 + 1, sizeof *b->files);
    b->shards = pt_calloc((size_t)shards + 1, sizeof *b->shards);
    int code = b->files && b->shards ? PT_OK : pt_fail(error, PT_ENOMEM, "out of memory");
    pt_graph *g = &out->graph;
    if (!code)
        code = map_one(b, disk, folder, pt_manifest_find(m, PT_FILE_TABLES, 0), PT_BLOCK_TABLES, whole, &sure, error);
    if (!code) code = pt_graph_take_tables(g, b->files[0]->data, folder, error);
    for (u32 i = 0; !code && i < shards; i++) {
        pt_shard *s = &b->shards[i];
        code = map_one(b, disk, folder, shard_file(m, PT_FILE_OUT, i), PT_BLOCK_OUT, whole, &sure, error);
        if (!code) code = pt_shard_take_out(s, b->files[b->count - 1]->data, folder, error);
        if (!code) code = map_one(b, disk, folder, shard_file(m, PT_FILE_IN, i), PT_BLOCK_IN, whole, &sure, error);
        if (!code) code = pt_shard_take_in(s, b->files[b->count - 1]->data, folder, error);
        if (!code && s->node_count != PT_MIN(m->head.node_count - (i << PT_SHARD_BITS), (u32)PT_SHARD_NODES))
            code = pt_fail(error, PT_ECORRUPT, "%s: shard %u has %u nodes", folder, i, s->node_count);
    }
    u64 bytes = 0;
    for (u32 i = 0; !code && i < b->count; i++) bytes += b->files[i]->size;
    if (!code && bytes > SCATTERED_BASE && disk == pt_disk_real()) scatter(b);
    /* what the manifest says of ids is nowhere else: every node alive has one */
    if (!code &&
        (m->head.node_count > PT_NODE_LIMIT || (u64)g->info.local_nodes + g->info.external_nodes > m->head.node_count))
        code = pt_fail(error, PT_ECORRUPT, "%s: the manifest's number of nodes is not that of the base", folder);
    if (!code && g->info.generation != m->head.generation)
        code = pt_fail(error, PT_ECORRUPT, "%s: tables of another generation", folder);
    g->shards = b->shards;
    g->shard_count = shards;
    g->node_count = g->base_nodes = m->head.node_count;
    if (!code && !sure) code = pt_graph_check(g, error);
    if (code) release(b);
    return code;
}

void pt_native_base_relax(const pt_graph_base *base) {
    const native_base *b = base->payload;
    for (u32 i = 0; i < b->count; i++)
        if (b->files[i]->disk == pt_disk_real()) pt_file_forget(b->files[i]->data, b->files[i]->size);
}

int pt_native_base_write(pt_manifest *next, pt_disk *disk, const char *folder, const pt_graph *g,
                         const pt_manifest *old, const pt_throttle *throttle, pt_error *error) {
    int code = PT_OK;
    pt_manifest_file e = {.kind = PT_FILE_TABLES, .number = next->head.next_number++};
    pt_folded_tables tables = {0};
    pt_block_part parts[PT_TABLE_PARTS];
    code = pt_fold_tables(&tables, parts, g, error);
    if (!code) code = pt_native_write_block(&e, disk, folder, PT_BLOCK_TABLES, parts, PT_TABLE_PARTS, throttle, error);
    pt_folded_tables_free(&tables);
    if (!code && !pt_vec_push(&next->files, e)) code = pt_fail(error, PT_ENOMEM, "out of memory");
    for (u32 first = 0, shard = 0; !code && first < g->node_count; first += PT_SHARD_NODES, shard++) {
        u32 count = PT_MIN(g->node_count - first, (u32)PT_SHARD_NODES);
        bool dirty[2] = {true, true};
        if (old && first + count <= g->base_nodes) pt_fold_dirty(g, first, count, &dirty[0], &dirty[1]);
        for (u32 side = 0; !code && side < 2; side++) {
            const pt_manifest_file *clean =
                dirty[side] ? NULL : shard_file(old, side ? PT_FILE_IN : PT_FILE_OUT, shard);
            if (clean) {
                e = *clean;
            } else {
                pt_folded_rows rows = {0};
                pt_block_part side_parts[PT_OUT_PARTS];
                e = (pt_manifest_file){
                    .kind = side ? PT_FILE_IN : PT_FILE_OUT, .shard = shard, .number = next->head.next_number++};
                code = side ? pt_fold_in(&rows, side_parts, g, first, count, error)
                            : pt_fold_out(&rows, side_parts, g, first, count, error);
                if (!code)
                    code = pt_native_write_block(&e, disk, folder, side ? PT_BLOCK_IN : PT_BLOCK_OUT, side_parts,
                                                 side ? PT_IN_PARTS : PT_OUT_PARTS, throttle, error);
                pt_folded_rows_free(&rows);
            }
            if (!code && !pt_vec_push(&next->files, e)) code = pt_fail(error, PT_ENOMEM, "out of memory");
        }
    }
    next->head.generation = g->info.generation;
    next->head.node_count = g->node_count;
    return code;
}

typedef struct sweep {
    pt_disk *disk;
    const char *folder;
    const pt_manifest *manifest;
    PT_VEC(char *) names;
} sweep;
static void look(void *payload, const char *name) {
    sweep *s = payload;
    u32 kind, shard;
    u64 number;
    if (!pt_native_owns(name, &kind, &shard, &number)) return;
    for (u32 i = 0; i < s->manifest->files.count; i++) {
        const pt_manifest_file *e = &s->manifest->files.data[i];
        if (e->kind == kind && e->shard == shard && e->number == number) return;
    }
    char *copy = pt_strndup(name, strlen(name));
    if (!copy || !pt_vec_push(&s->names, copy)) pt_free(copy);
}

void pt_native_sweep(pt_disk *disk, const char *folder, const pt_manifest *m) {
    sweep s = {disk, folder, m, {0}};
    char path[PT_NATIVE_PATH];
    pt_error ignored; /* what cannot be removed now is tried again by the next writer */
    (void)disk->list(disk, folder, look, &s, &ignored);
    for (u32 i = 0; i < s.names.count; i++) {
        pt_native_path_named(path, folder, s.names.data[i]);
        (void)disk->unlink(disk, path, &ignored);
        pt_free(s.names.data[i]);
    }
    pt_vec_free(&s.names);
}
