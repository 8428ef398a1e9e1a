#include "store/native/log.h"

#include <stdio.h>
#include <sys/random.h>

static u64 padded(u64 size) { return (size + 7) & ~(u64)7; }
static u64 chain_of(const void *payload, u64 size, u64 before) {
    return XXH3_64bits_withSeed(payload, (size_t)size, before);
}

int pt_log_make(pt_log *out, pt_disk *disk, const char *folder, const char *uuid, u64 number, u64 generation,
                pt_error *error) {
    char path[PT_NATIVE_PATH];
    u64 salt;
    *out = (pt_log){.file = -1, .number = number};
    if (getrandom(&salt, sizeof salt, 0) != (ssize_t)sizeof salt) salt = pt_now_ns();
    pt_log_header h = {.magic = PT_LOG_MAGIC, .version = PT_NATIVE_VERSION, .generation = generation, .salt = salt};
    snprintf(h.uuid, sizeof h.uuid, "%.31s", uuid);
    h.checksum = pt_hash_bytes(&h, offsetof(pt_log_header, checksum));
    pt_native_path(path, folder, PT_FILE_LOG, 0, number);
    int code = disk->open(disk, &out->file, path, true, error);
    bool made = !code;
    if (!code) code = disk->write(disk, out->file, 0, &h, sizeof h, error);
    if (!code) code = disk->sync(disk, out->file, error);
    out->size = out->synced = sizeof h;
    out->chain = out->salt = salt;
    if (code) {
        pt_error ignored;
        pt_log_close(out, disk);
        if (made) (void)disk->unlink(disk, path, &ignored);
    }
    return code;
}

int pt_log_append(pt_log *l, pt_disk *disk, const void *payload, u64 size, bool sync, pt_error *error) {
    if (l->broken || l->file < 0)
        return pt_fail(error, PT_EIO, "the store's log cannot be written since an earlier failure");
    u64 whole = sizeof(pt_log_record) + padded(size);
    char *bytes = pt_malloc((size_t)whole); /* one write: a record is seldom torn */
    if (!bytes) return pt_fail(error, PT_ENOMEM, "out of memory");
    pt_log_record r = {PT_RECORD_MAGIC, 0, size, chain_of(payload, size, l->chain)};
    memcpy(bytes, &r, sizeof r);
    memcpy(bytes + sizeof r, payload, (size_t)size);
    memset(bytes + sizeof r + size, 0, (size_t)(padded(size) - size));
    int code = disk->write(disk, l->file, l->size, bytes, whole, error);
    pt_free(bytes);
    bool synced = false;
    if (!code && sync) {
        code = disk->sync(disk, l->file, error);
        synced = !code;
        /* what a failed sync left on the disk nobody knows: this file is given up */
        if (code) l->broken = true;
    }
    if (code) {
        pt_error ignored;
        if (disk->truncate(disk, l->file, l->size, &ignored)) l->broken = true;
        return code;
    }
    l->size += whole;
    l->chain = r.chain;
    if (synced) l->synced = l->size;
    return PT_OK;
}

int pt_log_sync(pt_log *l, pt_disk *disk, pt_error *error) {
    if (l->file < 0 || l->synced == l->size) return PT_OK;
    int code = l->broken ? pt_fail(error, PT_EIO, "the store's log cannot be written since an earlier failure")
                         : disk->sync(disk, l->file, error);
    if (code) l->broken = true;
    else l->synced = l->size;
    return code;
}

void pt_log_close(pt_log *l, pt_disk *disk) {
    if (l->file >= 0) disk->close(disk, l->file);
    l->file = -1;
}

int pt_log_read(pt_log_view *v, pt_disk *disk, const char *folder, const char *uuid, u64 number, u64 sure, bool last,
                pt_error *error) {
    char path[PT_NATIVE_PATH];
    *v = (pt_log_view){0};
    pt_native_path(path, folder, PT_FILE_LOG, 0, number);
    int code = disk->read(disk, &v->data, &v->size, path, 0, error);
    if (code) return code;
    pt_log_header h;
    if (v->size < sizeof h) return pt_fail(error, PT_ECORRUPT, "%s: cut short", path);
    memcpy(&h, v->data, sizeof h);
    if (h.magic != PT_LOG_MAGIC || pt_hash_bytes(&h, offsetof(pt_log_header, checksum)) != h.checksum)
        return pt_fail(error, PT_ECORRUPT, "%s: its header is damaged", path);
    if (h.version != PT_NATIVE_VERSION) return pt_fail(error, PT_ECORRUPT, "%s: of version %u", path, h.version);
    if (*uuid && strncmp(h.uuid, uuid, sizeof h.uuid - 1) != 0)
        return pt_fail(error, PT_ECORRUPT, "%s: of another store", path);
    v->generation = h.generation;
    v->chain = v->salt = h.salt;
    v->valid = sizeof h;
    if (!last) { /* behind what is sure may stand a batch that was given up */
        if (v->size < sure) return pt_fail(error, PT_ECORRUPT, "%s: cut short", path);
        v->size = sure;
    }
    if (v->size < sizeof h) return pt_fail(error, PT_ECORRUPT, "%s: cut short", path);
    u32 room = 0;
    for (u64 at = sizeof h; v->size - at >= sizeof(pt_log_record);) {
        pt_log_record r;
        memcpy(&r, (char *)v->data + at, sizeof r);
        if (r.magic != PT_RECORD_MAGIC || r.size > v->size - at - sizeof r) break;
        const char *payload = (char *)v->data + at + sizeof r;
        if (padded(r.size) > v->size - at - sizeof r || chain_of(payload, r.size, v->chain) != r.chain) break;
        if (v->count == room && !pt_vec_grow((void **)&v->records, &room, (u64)v->count + 1, sizeof *v->records))
            return pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
        v->records[v->count].offset = at + sizeof r;
        v->records[v->count++].size = r.size;
        v->chain = r.chain;
        at += sizeof r + padded(r.size);
        v->valid = at;
    }
    if (v->valid < sure || (!last && v->valid != v->size))
        return pt_fail(error, PT_ECORRUPT,
                       "%s: damaged at byte %llu; `parseltongue doctor --repair` rebuilds the store", path,
                       (unsigned long long)v->valid);
    return PT_OK;
}

void pt_log_view_free(pt_log_view *v) {
    pt_free(v->data);
    pt_free(v->records);
    *v = (pt_log_view){0};
}

int pt_log_resume(pt_log *out, const pt_log_view *v, pt_disk *disk, const char *folder, u64 number, pt_error *error) {
    char path[PT_NATIVE_PATH];
    *out = (pt_log){.file = -1, .number = number, .size = v->valid, .chain = v->chain, .salt = v->salt};
    pt_native_path(path, folder, PT_FILE_LOG, 0, number);
    int code = disk->open(disk, &out->file, path, false, error);
    if (!code && v->valid != v->size) code = disk->truncate(disk, out->file, v->valid, error);
    /* what counts from here on is on the disk: what was read may have been in memory only */
    if (!code) code = disk->sync(disk, out->file, error);
    if (code) pt_log_close(out, disk);
    else out->synced = out->size;
    return code;
}
