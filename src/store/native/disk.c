#include "store/native/disk.h"

#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(const char *path, const char *what, pt_error *error) {
    int cause = errno;
    return pt_fail(error,
                   cause == ENOENT   ? PT_ENOTFOUND
                   : cause == ENOMEM ? PT_ENOMEM
                                     : PT_EIO,
                   "%s: %s: %s", path, what, strerror(cause));
}
static int failed_file(const char *what, pt_error *error) {
    return pt_fail(error, PT_EIO, "the store's file: %s: %s", what, strerror(errno));
}

static int real_open(pt_disk *disk, int *file, const char *path, bool make, pt_error *error) {
    (void)disk;
    *file = open(path, O_WRONLY | O_CLOEXEC | (make ? O_CREAT | O_EXCL : 0), 0644);
    return *file < 0 ? failed(path, make ? "cannot be made" : "cannot be opened", error) : PT_OK;
}

static int real_write(pt_disk *disk, int file, u64 offset, const void *bytes, u64 size, pt_error *error) {
    (void)disk;
    for (const char *at = bytes; size;) {
        ssize_t wrote = pwrite(file, at, size, (off_t)offset);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return failed_file("cannot be written", error);
        at += wrote, offset += (u64)wrote, size -= (u64)wrote;
    }
    return PT_OK;
}

static int real_truncate(pt_disk *disk, int file, u64 size, pt_error *error) {
    (void)disk;
    return ftruncate(file, (off_t)size) != 0 ? failed_file("cannot be cut", error) : PT_OK;
}

static int real_sync(pt_disk *disk, int file, pt_error *error) {
    (void)disk;
    return fdatasync(file) != 0 ? failed_file("cannot be synced", error) : PT_OK;
}

static pt_disk_stamp stamp_of(const struct stat *s) {
    return (pt_disk_stamp){(u64)s->st_dev, (u64)s->st_ino, (u64)s->st_size,
                           (i64)s->st_mtim.tv_sec * 1000000000 + s->st_mtim.tv_nsec,
                           (i64)s->st_ctim.tv_sec * 1000000000 + s->st_ctim.tv_nsec};
}

static int real_stamp(pt_disk *disk, int file, pt_disk_stamp *out, pt_error *error) {
    struct stat status;
    (void)disk;
    if (fstat(file, &status) != 0) return failed_file("cannot be looked at", error);
    *out = stamp_of(&status);
    return PT_OK;
}

static void real_close(pt_disk *disk, int file) {
    (void)disk;
    if (file >= 0) close(file);
}

static int real_rename(pt_disk *disk, const char *from, const char *to, pt_error *error) {
    (void)disk;
    return rename(from, to) != 0 ? failed(to, "cannot be put in place", error) : PT_OK;
}

static int real_unlink(pt_disk *disk, const char *path, pt_error *error) {
    (void)disk;
    return unlink(path) != 0 ? failed(path, "cannot be removed", error) : PT_OK;
}

static int real_sync_folder(pt_disk *disk, const char *path, pt_error *error) {
    (void)disk;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return failed(path, "cannot be opened", error);
    int code = fsync(folder) != 0 && errno != EINVAL ? failed(path, "cannot be synced", error) : PT_OK;
    close(folder);
    return code;
}

static int real_make_folder(pt_disk *disk, const char *path, pt_error *error) {
    struct stat status;
    (void)disk;
    if (mkdir(path, 0755) == 0) return PT_OK;
    if (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) return PT_OK;
    return failed(path, "cannot be made", error);
}

static int real_remove_folder(pt_disk *disk, const char *path, pt_error *error) {
    (void)disk;
    return rmdir(path) != 0 ? failed(path, "cannot be removed", error) : PT_OK;
}

static int real_map(pt_disk *disk, const void **data, u64 *size, pt_disk_stamp *stamp, const char *path,
                    pt_error *error) {
    struct stat status;
    (void)disk;
    *data = NULL;
    *size = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC), code = PT_OK;
    if (file < 0) return failed(path, "cannot be opened", error);
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) code = failed(path, "cannot be looked at", error);
    else if (stamp) *stamp = stamp_of(&status);
    if (!code && status.st_size > 0) {
        void *memory = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, file, 0);
        if (memory == MAP_FAILED) code = failed(path, "cannot be mapped", error);
        else *data = memory, *size = (u64)status.st_size;
    }
    close(file);
    return code;
}

static void real_unmap(pt_disk *disk, const void *data, u64 size) {
    (void)disk;
    if (data) munmap((void *)(uintptr_t)data, (size_t)size);
}

static int real_read(pt_disk *disk, void **data, u64 *size, const char *path, u64 offset, pt_error *error) {
    struct stat status;
    (void)disk;
    *data = NULL;
    *size = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC), code = PT_OK;
    if (file < 0) return failed(path, "cannot be opened", error);
    if (fstat(file, &status) != 0) code = failed(path, "cannot be looked at", error);
    u64 want = !code && (u64)status.st_size > offset ? (u64)status.st_size - offset : 0, have = 0;
    char *memory = code ? NULL : pt_malloc((size_t)want + 1);
    if (!code && !memory) code = pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
    while (!code && have < want) {
        ssize_t got = pread(file, memory + have, want - have, (off_t)(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) code = failed(path, "cannot be read", error);
        if (got <= 0) break;
        have += (u64)got;
    }
    close(file);
    if (code) return pt_free(memory), code;
    *data = memory;
    *size = have;
    return PT_OK;
}

static int real_list(pt_disk *disk, const char *path, void (*visit)(void *, const char *), void *payload,
                     pt_error *error) {
    (void)disk;
    DIR *folder = opendir(path);
    if (!folder) return failed(path, "cannot be listed", error);
    for (struct dirent *e; (e = readdir(folder));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) visit(payload, e->d_name);
    closedir(folder);
    return PT_OK;
}

/* flock: of the file, gone with the last process that has it open, whatever becomes of its number. */
static int real_lock(pt_disk *disk, int *lock, const char *path, pt_error *error) {
    (void)disk;
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*lock < 0) return failed(path, "cannot be opened", error);
    int code = PT_OK;
    if (flock(*lock, LOCK_EX | LOCK_NB) != 0)
        code = errno == EWOULDBLOCK ? pt_fail(error, PT_EBUSY, "%s: another process writes this store", path)
                                    : failed(path, "cannot be locked", error);
    struct stat held, named; /* whoever held it before may have removed the file: then it locks nobody out */
    if (!code && (fstat(*lock, &held) != 0 || stat(path, &named) != 0 || held.st_ino != named.st_ino ||
                  held.st_dev != named.st_dev))
        code = pt_fail(error, PT_EBUSY, "%s: another process writes this store", path);
    if (code) {
        close(*lock);
        *lock = -1;
    }
    return code;
}

static void real_unlock(pt_disk *disk, int lock) {
    (void)disk;
    if (lock >= 0) close(lock);
}

pt_disk *pt_disk_real(void) {
    static pt_disk real = {real_open,   real_write,  real_truncate,    real_sync,        real_stamp,         real_close,
                           real_rename, real_unlink, real_sync_folder, real_make_folder, real_remove_folder, real_map,
                           real_unmap,  real_read,   real_list,        real_lock,        real_unlock};
    return &real;
}
