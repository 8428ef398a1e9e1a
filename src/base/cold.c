#define _GNU_SOURCE
#include "base/cold.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BUFFER = 1 << 20 };

struct pt_cold {
    int fd, failed; /* failed: errno */
    u64 size;       /* written and buffered */
    char *map;
    u32 buffered;
    char buffer[BUFFER];
};

int pt_cold_create(pt_cold **out, const char *folder, pt_error *error) {
    char path[4200];
    *out = NULL;
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) { /* not every file system can */
        snprintf(path, sizeof path, "%s/.cold-XXXXXX", folder);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0) unlink(path);
    }
    if (fd < 0) return pt_fail(error, PT_EIO, "%s: no file can be made: %s", folder, strerror(errno));
    pt_cold *c = pt_malloc(sizeof *c);
    if (!c) return close(fd), pt_fail(error, PT_ENOMEM, "out of memory");
    c->fd = fd;
    c->failed = 0;
    c->size = 0;
    c->map = NULL;
    c->buffered = 0;
    *out = c;
    return PT_OK;
}

void pt_cold_destroy(pt_cold *c) {
    if (!c) return;
    if (c->map) pt_file_unmap(c->map, c->size);
    if (c->fd >= 0) close(c->fd);
    pt_free(c);
}

static void put(pt_cold *c, const char *bytes, u64 length) {
    while (length && !c->failed) {
        ssize_t wrote = write(c->fd, bytes, length);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) c->failed = wrote ? errno : ENOSPC;
        else bytes += wrote, length -= (u64)wrote;
    }
}

static void flush(pt_cold *c) {
    put(c, c->buffer, c->buffered);
    c->buffered = 0;
}

u64 pt_cold_add(pt_cold *c, const void *bytes, u64 length, u32 slack) {
    u64 at = c->size, padded = (length + slack + 7) & ~7ull;
    if (padded > BUFFER - c->buffered) flush(c);
    if (padded > BUFFER) {
        static const char zeros[4096];
        put(c, bytes, length);
        for (u64 left = padded - length; left;) {
            u64 now = PT_MIN(left, (u64)sizeof zeros);
            put(c, zeros, now);
            left -= now;
        }
    } else {
        if (length) memcpy(c->buffer + c->buffered, bytes, length);
        memset(c->buffer + c->buffered + length, 0, padded - length);
        c->buffered += (u32)padded;
    }
    c->size += padded;
    return at;
}

int pt_cold_map(pt_cold *c, pt_error *error) {
    flush(c);
    if (!c->failed && c->size) {
        void *map = mmap(NULL, c->size, PROT_READ, MAP_SHARED, c->fd, 0);
        if (map == MAP_FAILED) c->failed = errno;
        else c->map = map;
    }
    close(c->fd);
    c->fd = -1;
    return c->failed ? pt_fail(error, PT_EIO, "a file without a name: %s", strerror(c->failed)) : PT_OK;
}

const void *pt_cold_at(const pt_cold *c, u64 offset) { return c->map + offset; }
u64 pt_cold_size(const pt_cold *c) { return c ? c->size : 0; }

bool pt_cold_has(const pt_cold *c, const void *memory) {
    return c && c->map && (const char *)memory >= c->map && (const char *)memory < c->map + c->size;
}

void pt_cold_free(const pt_cold *c, void *memory) {
    if (!pt_cold_has(c, memory)) pt_free(memory);
}

void pt_cold_forget(const pt_cold *c) {
    if (c && c->map) pt_file_forget(c->map, c->size);
}
