#include "store/native/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const prefixes[] = {"", "tables", "out", "in", "facts", "log"};

void pt_native_path(char out[PT_NATIVE_PATH], const char *folder, u32 kind, u32 shard, u64 number) {
    if (kind == PT_FILE_OUT || kind == PT_FILE_IN)
        snprintf(out, PT_NATIVE_PATH, "%s/%s-%u-%llu", folder, prefixes[kind], shard, (unsigned long long)number);
    else snprintf(out, PT_NATIVE_PATH, "%s/%s-%llu", folder, prefixes[kind], (unsigned long long)number);
}
void pt_native_path_named(char out[PT_NATIVE_PATH], const char *folder, const char *name) {
    snprintf(out, PT_NATIVE_PATH, "%s/%s", folder, name);
}

bool pt_native_owns(const char *name, u32 *kind, u32 *shard, u64 *number) {
    for (u32 k = PT_FILE_TABLES; k <= PT_FILE_LOG; k++) {
        size_t n = strlen(prefixes[k]);
        char again[64], *end;
        if (strncmp(name, prefixes[k], n) != 0 || name[n] != '-') continue;
        *kind = k;
        *shard = 0;
        const char *at = name + n + 1;
        if (k == PT_FILE_OUT || k == PT_FILE_IN) {
            *shard = (u32)strtoul(at, &end, 10);
            if (*end != '-') return false;
            at = end + 1;
        }
        *number = strtoull(at, &end, 10);
        if (k == PT_FILE_OUT || k == PT_FILE_IN)
            snprintf(again, sizeof again, "%s-%u-%llu", prefixes[k], *shard, (unsigned long long)*number);
        else snprintf(again, sizeof again, "%s-%llu", prefixes[k], (unsigned long long)*number);
        return strcmp(name, again) == 0;
    }
    return strcmp(name, "manifest.new") == 0 ? (*kind = 0, true) : false;
}

/* The manifest. */

enum { SEALED = 24 }; /* bytes before what its checksum covers */

int pt_manifest_read(pt_manifest *out, pt_disk *disk, const char *folder, pt_error *error) {
    char path[PT_NATIVE_PATH];
    void *data;
    u64 size;
    *out = (pt_manifest){0};
    pt_native_path_named(path, folder, "manifest");
    int code = disk->read(disk, &data, &size, path, 0, error);
    if (code) return code;
    pt_manifest_header h;
    if (size < sizeof h || (memcpy(&h, data, sizeof h), h.magic != PT_MANIFEST_MAGIC))
        code = pt_fail(error, PT_ECORRUPT,
                       "%s: not a manifest of a store; `parseltongue index --rebuild` makes it anew", path);
    else if (h.version > PT_NATIVE_VERSION)
        code = pt_fail(error, PT_ECORRUPT, "%s: made by a later version (%u, this program knows %u): left as it is",
                       path, h.version, PT_NATIVE_VERSION);
    else if (h.version != PT_NATIVE_VERSION || h.size != size || h.file_count > size / sizeof(pt_manifest_file) ||
             size != sizeof h + h.file_count * sizeof(pt_manifest_file) ||
             pt_hash_bytes((const char *)data + SEALED, (size_t)size - SEALED) != h.checksum ||
             !memchr(h.uuid, 0, sizeof h.uuid))
        code = pt_fail(error, PT_ECORRUPT, "%s: damaged; `parseltongue doctor --repair` rebuilds the store", path);
    if (!code && !pt_vec_reserve(&out->files, (u64)h.file_count + 1)) code = pt_fail(error, PT_ENOMEM, "out of memory");
    if (!code) {
        out->head = h;
        out->files.count = h.file_count;
        memcpy(out->files.data, (const char *)data + sizeof h, h.file_count * sizeof(pt_manifest_file));
    }
    pt_free(data);
    return code;
}

int pt_manifest_write(pt_manifest *m, pt_disk *disk, const char *folder, pt_error *error) {
    char path[PT_NATIVE_PATH], final[PT_NATIVE_PATH];
    pt_buffer b = {0};
    int file = -1;
    pt_native_path_named(path, folder, "manifest.new");
    pt_native_path_named(final, folder, "manifest");
    m->head.magic = PT_MANIFEST_MAGIC;
    m->head.version = PT_NATIVE_VERSION;
    m->head.file_count = m->files.count;
    m->head.size = sizeof m->head + m->files.count * sizeof(pt_manifest_file);
    pt_buffer_add(&b, &m->head, sizeof m->head);
    pt_buffer_add(&b, m->files.data, m->files.count * sizeof(pt_manifest_file));
    if (b.count != m->head.size) return pt_buffer_free(&b), pt_fail(error, PT_ENOMEM, "out of memory");
    m->head.checksum = pt_hash_bytes(b.data + SEALED, b.count - SEALED);
    memcpy(b.data, &m->head, SEALED);
    pt_error ignored;
    (void)disk->unlink(disk, path, &ignored); /* of a writer that died */
    int code = disk->open(disk, &file, path, true, error);
    if (!code) code = disk->write(disk, file, 0, b.data, b.count, error);
    if (!code) code = disk->sync(disk, file, error);
    if (file >= 0) disk->close(disk, file);
    pt_buffer_free(&b);
    if (!code) code = disk->rename(disk, path, final, error);
    if (!code) code = disk->sync_folder(disk, folder, error);
    return code;
}

void pt_manifest_free(pt_manifest *m) { pt_vec_free(&m->files); }

const pt_manifest_file *pt_manifest_find(const pt_manifest *m, u32 kind, u32 index) {
    for (u32 i = 0; i < m->files.count; i++)
        if (m->files.data[i].kind == kind && index-- == 0) return &m->files.data[i];
    return NULL;
}

int pt_manifest_copy(pt_manifest *out, const pt_manifest *from, pt_error *error) {
    *out = (pt_manifest){.head = from->head};
    if (!pt_vec_reserve(&out->files, (u64)from->files.count + 1)) return pt_fail(error, PT_ENOMEM, "out of memory");
    if (from->files.count) memcpy(out->files.data, from->files.data, from->files.count * sizeof(pt_manifest_file));
    out->files.count = from->files.count;
    return PT_OK;
}

/* Blocks. */

enum { BUFFER = 1 << 20 };
typedef struct writing {
    pt_disk *disk;
    int file;
    u64 at, start_ns;
    const pt_throttle *throttle;
    char *buffer;
    u32 used;
} writing;

static int flush(writing *w, pt_error *error) {
    if (w->throttle && w->throttle->stop && __atomic_load_n(w->throttle->stop, __ATOMIC_RELAXED))
        return pt_fail(error, PT_EBUSY, "the checkpoint was told to stop");
    int code = w->used ? w->disk->write(w->disk, w->file, w->at, w->buffer, w->used, error) : PT_OK;
    w->at += w->used;
    w->used = 0;
    if (!code && w->throttle && w->throttle->bytes_per_second) {
        u64 due = w->start_ns + w->at * 1000000000 / w->throttle->bytes_per_second, now = pt_now_ns();
        if (due > now) {
            struct timespec pause = {(time_t)((due - now) / 1000000000), (long)((due - now) % 1000000000)};
            nanosleep(&pause, NULL);
        }
    }
    return code;
}

static int into_file(void *payload, const void *bytes, u64 size, pt_error *error) {
    writing *w = payload;
    int code = PT_OK;
    for (const char *at = bytes; !code && size;) {
        u32 n = (u32)PT_MIN(size, (u64)(BUFFER - w->used));
        memcpy(w->buffer + w->used, at, n);
        w->used += n, at += n, size -= n;
        if (w->used == BUFFER) code = flush(w, error);
    }
    return code;
}

int pt_native_write_block(pt_manifest_file *e, pt_disk *disk, const char *folder, u16 type, const pt_block_part *parts,
                          u32 count, const pt_throttle *throttle, pt_error *error) {
    char path[PT_NATIVE_PATH];
    writing w = {.disk = disk, .file = -1, .throttle = throttle, .start_ns = pt_now_ns(), .buffer = pt_malloc(BUFFER)};
    pt_disk_stamp stamp = {0};
    pt_native_path(path, folder, e->kind, e->shard, e->number);
    if (!w.buffer) return pt_fail(error, PT_ENOMEM, "out of memory");
    int code = disk->open(disk, &w.file, path, true, error);
    bool made = !code;
    if (!code) code = pt_block_write(&e->size, &e->checksum, type, parts, count, into_file, &w, error);
    if (!code) code = flush(&w, error);
    if (!code) code = disk->sync(disk, w.file, error);
    if (!code) code = disk->stamp(disk, w.file, &stamp, error);
    if (w.file >= 0) disk->close(disk, w.file);
    pt_free(w.buffer);
    e->device = stamp.device, e->inode = stamp.inode;
    e->modified_ns = stamp.modified_ns, e->changed_ns = stamp.changed_ns;
    pt_error ignored;
    if (code && made) (void)disk->unlink(disk, path, &ignored);
    return code;
}

int pt_native_map(pt_native_file **out, pt_disk *disk, const char *folder, const pt_manifest_file *e, u16 type,
                  bool whole, pt_error *error) {
    char path[PT_NATIVE_PATH];
    pt_disk_stamp stamp;
    *out = NULL;
    pt_native_path(path, folder, e->kind, e->shard, e->number);
    pt_native_file *f = pt_calloc(1, sizeof *f);
    if (!f) return pt_fail(error, PT_ENOMEM, "out of memory");
    *f = (pt_native_file){.references = 1, .disk = disk, .kind = e->kind, .shard = e->shard, .number = e->number};
    int code = disk->map(disk, &f->data, &f->size, &stamp, path, error);
    bool same = !code && stamp.device == e->device && stamp.inode == e->inode && stamp.modified_ns == e->modified_ns &&
                stamp.changed_ns == e->changed_ns;
    f->sure = same;
    if (!code) code = pt_block_open(f->data, f->size, type, whole || !same, path, error);
    if (!code && ((const pt_block_header *)f->data)->checksum != e->checksum)
        code = pt_fail(error, PT_ECORRUPT, "%s: not the file the manifest names", path);
    if (code) {
        pt_native_unmap(f);
        return code;
    }
    *out = f;
    return PT_OK;
}

void pt_native_unmap(pt_native_file *f) {
    if (!f || --f->references) return;
    f->disk->unmap(f->disk, f->data, f->size);
    pt_free(f);
}
