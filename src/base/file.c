#include "base/file.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int pt_file_read(char **data, u32 *length, const char *path, u64 limit, pt_error *error) {
    return pt_file_read_stamped(data, length, NULL, path, limit, error);
}

static pt_file_stamp stamp_of(const struct stat *status) {
    return (pt_file_stamp){(u64)status->st_size, (i64)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec};
}

int pt_file_read_stamped(char **data, u32 *length, pt_file_stamp *stamp, const char *path, u64 limit, pt_error *error) {
    *data = NULL;
    *length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return pt_fail(error, errno == ENOENT ? PT_ENOTFOUND : PT_EIO, "%s: %s", path, strerror(errno));
    struct stat status;
    int code = PT_OK;
    char *memory = NULL;
    size_t have = 0;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        code = pt_fail(error, PT_EIO, "%s: not a regular file", path);
    } else if ((u64)status.st_size > limit || (u64)status.st_size > UINT32_MAX - 16) {
        code = pt_fail(error, PT_ELIMIT, "%s: %lld bytes, above the limit of %llu", path, (long long)status.st_size,
                       (unsigned long long)limit);
    } else {
        size_t want = (size_t)status.st_size;
        if (stamp) *stamp = stamp_of(&status);
        memory = pt_malloc(want + 16); /* readers may look a few bytes past the end */
        if (!memory) code = pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
        while (memory && have < want) {
            ssize_t got = read(fd, memory + have, want - have);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) {
                code = pt_fail(error, PT_EIO, "%s: %s", path, strerror(errno));
                break;
            }
            if (got == 0) break; /* the file shrank while it was read: what there is counts */
            have += (size_t)got;
        }
    }
    close(fd);
    if (code || !memory) return pt_free(memory), code;
    memset(memory + have, 0, 16);
    *data = memory;
    *length = (u32)have;
    return PT_OK;
}

int pt_file_stat(pt_file_stamp *stamp, const char *path) {
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) return PT_ENOTFOUND;
    *stamp = stamp_of(&status);
    return PT_OK;
}

int pt_file_map(const void **data, u64 *length, const char *path, pt_error *error) {
    *data = NULL;
    *length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return pt_fail(error, errno == ENOENT ? PT_ENOTFOUND : PT_EIO, "%s: %s", path, strerror(errno));
    struct stat status;
    int code = PT_OK;
    if (fstat(fd, &status) != 0) code = pt_fail(error, PT_EIO, "%s: %s", path, strerror(errno));
    else if (status.st_size > 0) {
        void *memory = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (memory == MAP_FAILED) code = pt_fail(error, PT_EIO, "%s: cannot be mapped: %s", path, strerror(errno));
        else *data = memory, *length = (u64)status.st_size;
    }
    close(fd);
    return code;
}

void pt_file_unmap(const void *data, u64 length) {
    if (data) munmap((void *)(uintptr_t)data, (size_t)length);
}

void pt_file_forget(const void *data, u64 length) {
    if (data) madvise((void *)(uintptr_t)data, (size_t)length, MADV_DONTNEED);
}

static int write_all(int fd, const char *bytes, u64 length) {
    while (length) {
        ssize_t wrote = write(fd, bytes, length);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return -1;
        bytes += wrote;
        length -= (u64)wrote;
    }
    return 0;
}

int pt_file_write(const char *path, const void *data, u64 length, pt_error *error) {
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid()) >= (int)sizeof temporary)
        return pt_fail(error, PT_EIO, "%s: path too long", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return pt_fail(error, PT_EIO, "%s: %s", temporary, strerror(errno));
    bool failed = write_all(fd, data, length) != 0 || fsync(fd) != 0;
    int cause = errno;
    failed = close(fd) != 0 || failed;
    if (!failed && rename(temporary, path) == 0) return PT_OK;
    if (!failed) cause = errno;
    unlink(temporary);
    return pt_fail(error, PT_EIO, "%s: %s", path, strerror(cause));
}

void pt_path_normalize(char *path) {
    bool absolute = path[0] == '/';
    char *out = path, *start = path + (absolute ? 1 : 0);
    out = start;
    for (char *at = start; *at;) {
        char *end = strchr(at, '/');
        size_t length = end ? (size_t)(end - at) : strlen(at);
        if (length == 0 || (length == 1 && at[0] == '.')) {
        } else if (length == 2 && at[0] == '.' && at[1] == '.' && out > start &&
                   !(out - start >= 2 && out[-1] == '.' && out[-2] == '.' && (out - start == 2 || out[-3] == '/'))) {
            while (out > start && out[-1] != '/') out--;
            if (out > start) out--;
        } else {
            if (out > start) *out++ = '/';
            memmove(out, at, length);
            out += length;
        }
        if (!end) break;
        at = end + 1;
    }
    *out = 0;
    if (!path[0]) strcpy(path, absolute ? "/" : ".");
}
