#include "live/watch.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ATTRIB | IN_DELETE_SELF |
             IN_MOVE_SELF,
    DEPTH = 128
};

typedef struct also_file {
    char *path;
    u64 size;
    i64 mtime_ns;
    bool far;
} also_file;

struct pt_watch {
    int descriptor;
    char *root;
    PT_VEC(char *) folders; /* by watch descriptor: path below the root, "" the root itself, NULL: none */
    u32 watched, unwatched;
    PT_VEC(also_file) also; /* sorted */
};

static bool matters(const char *name) {
    size_t n = strlen(name);
    return (n > 3 && strcmp(name + n - 3, ".rs") == 0) || strcmp(name, "Cargo.toml") == 0 ||
           strcmp(name, "Cargo.lock") == 0 || strcmp(name, ".gitignore") == 0 || strcmp(name, ".ignore") == 0 ||
           strcmp(name, "config.toml") == 0;
}

static bool left_out(const char *path, const char *name) {
    char tag[PATH_MAX];
    if (name[0] == '.') return strcmp(name, ".cargo") != 0;
    if (strcmp(name, "target") != 0) return false;
    return snprintf(tag, sizeof tag, "%s/CACHEDIR.TAG", path) >= (int)sizeof tag || access(tag, F_OK) == 0;
}

/* Its place among the others, or where it belongs. */
static bool find_also(const pt_watch *w, const char *path, u32 *at) {
    u32 low = 0, high = w->also.count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        int order = strcmp(w->also.data[middle].path, path);
        if (!order) return *at = middle, true;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return *at = low, false;
}

void pt_watch_also(pt_watch *w, const char *path, u64 size, i64 mtime_ns, bool far) {
    u32 at;
    if (find_also(w, path, &at)) {
        w->also.data[at].size = size;
        w->also.data[at].mtime_ns = mtime_ns;
        w->also.data[at].far = w->also.data[at].far || far;
        return;
    }
    also_file f = {pt_strndup(path, strlen(path)), size, mtime_ns, far};
    if (!f.path || !pt_vec_push(&w->also, f)) {
        pt_free(f.path);
        return;
    }
    memmove(w->also.data + at + 1, w->also.data + at, (w->also.count - 1 - at) * sizeof f);
    w->also.data[at] = f;
}

/* A link changes when its target does, wherever that is. */
static void also_link(pt_watch *w, const char *path, const char *below) {
    pt_file_stamp stamp = {0};
    (void)pt_file_stat(&stamp, path);
    pt_watch_also(w, below, stamp.size, stamp.mtime_ns, true);
}

void pt_watch_look(pt_watch *w, void (*changed)(void *, const char *), void *payload) {
    char path[PATH_MAX];
    for (u32 i = 0; i < w->also.count; i++) {
        also_file *f = &w->also.data[i];
        pt_file_stamp stamp = {0};
        if (!f->far || snprintf(path, sizeof path, "%s/%s", w->root, f->path) >= (int)sizeof path) continue;
        if (pt_file_stat(&stamp, path)) stamp = (pt_file_stamp){0};
        if (stamp.size == f->size && stamp.mtime_ns == f->mtime_ns) continue;
        f->size = stamp.size;
        f->mtime_ns = stamp.mtime_ns;
        changed(payload, f->path);
    }
}

typedef struct telling {
    void (*changed)(void *payload, const char *path);
    void *payload;
} telling;

/* Watches a folder and those in it; with `tell`, files that stand in them are told: they came before the watch did. */
static void add(pt_watch *w, const char *below, u32 depth, const telling *tell) {
    char path[PATH_MAX], inner[PATH_MAX];
    if (snprintf(path, sizeof path, "%s%s%s", w->root, *below ? "/" : "", below) >= (int)sizeof path || depth > DEPTH) {
        w->unwatched++;
        return;
    }
    int wd = inotify_add_watch(w->descriptor, path, EVENTS | IN_ONLYDIR | IN_EXCL_UNLINK);
    if (wd < 0) {
        if (errno != ENOENT && errno != ENOTDIR) w->unwatched++;
        return;
    }
    if (!pt_vec_reserve(&w->folders, (u64)wd + 1)) return;
    while (w->folders.count <= (u32)wd) w->folders.data[w->folders.count++] = NULL;
    if (!w->folders.data[wd]) w->watched++;
    pt_free(w->folders.data[wd]); /* the same folder under a new name keeps its descriptor */
    w->folders.data[wd] = pt_strndup(below, strlen(below));
    DIR *folder = opendir(path);
    if (!folder) return;
    for (struct dirent *e; (e = readdir(folder));) {
        struct stat status;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        bool is_folder = e->d_type == DT_DIR;
        if (snprintf(inner, sizeof inner, "%s/%s", path, e->d_name) >= (int)sizeof inner) continue;
        if (e->d_type == DT_UNKNOWN) is_folder = lstat(inner, &status) == 0 && S_ISDIR(status.st_mode);
        if (is_folder && left_out(inner, e->d_name)) continue;
        const char *rest = inner + strlen(w->root) + 1;
        u32 at;
        if (is_folder) {
            add(w, rest, depth + 1, tell);
            continue;
        }
        bool asked = matters(e->d_name) || find_also(w, rest, &at);
        if (asked && e->d_type == DT_LNK) also_link(w, inner, rest);
        if (asked && tell) tell->changed(tell->payload, rest);
    }
    closedir(folder);
}

int pt_watch_open(pt_watch **out, const char *root, pt_error *error) {
    *out = NULL;
    pt_watch *w = pt_calloc(1, sizeof *w);
    if (!w || !(w->root = pt_strndup(root, strlen(root))))
        return pt_free(w), pt_fail(error, PT_ENOMEM, "out of memory");
    w->descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->descriptor < 0) {
        pt_watch_close(w);
        return pt_fail(error, PT_EIO, "%s: cannot be watched: %s", root, strerror(errno));
    }
    add(w, "", 0, NULL);
    if (!w->watched) {
        pt_watch_close(w);
        return pt_fail(error, PT_EIO, "%s: cannot be watched", root);
    }
    *out = w;
    return PT_OK;
}

void pt_watch_close(pt_watch *w) {
    if (!w) return;
    if (w->descriptor >= 0) close(w->descriptor);
    for (u32 i = 0; i < w->folders.count; i++) pt_free(w->folders.data[i]);
    pt_vec_free(&w->folders);
    for (u32 i = 0; i < w->also.count; i++) pt_free(w->also.data[i].path);
    pt_vec_free(&w->also);
    pt_free(w->root);
    pt_free(w);
}

static void one(pt_watch *w, const struct inotify_event *e, const telling *tell) {
    char below[PATH_MAX], path[PATH_MAX];
    if (e->mask & IN_Q_OVERFLOW) { /* folders that came meanwhile are not known, names of moved ones are old */
        add(w, "", 0, NULL);
        tell->changed(tell->payload, NULL);
        return;
    }
    if (e->wd < 0 || (u32)e->wd >= w->folders.count || !w->folders.data[e->wd]) return;
    const char *folder = w->folders.data[e->wd];
    if (e->mask & IN_IGNORED) { /* the folder is gone, or was */
        pt_free(w->folders.data[e->wd]);
        w->folders.data[e->wd] = NULL;
        w->watched--;
        return;
    }
    if (!e->len) return;
    if (snprintf(below, sizeof below, "%s%s%s", folder, *folder ? "/" : "", e->name) >= (int)sizeof below) return;
    if (e->mask & IN_ISDIR) {
        if (snprintf(path, sizeof path, "%s/%s", w->root, below) >= (int)sizeof path || left_out(path, e->name)) return;
        if (e->mask & (IN_CREATE | IN_MOVED_TO)) add(w, below, 1, tell);
        /* what went with a folder: its files are not told one by one */
        if (e->mask & (IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) tell->changed(tell->payload, below);
        return;
    }
    u32 at;
    if (!matters(e->name) && !find_also(w, below, &at)) return;
    /* a file that was only made is told when it is closed; a link, hard ones too, is whole when it is made */
    if (e->mask & IN_CREATE) {
        struct stat status;
        if (snprintf(path, sizeof path, "%s/%s", w->root, below) >= (int)sizeof path || lstat(path, &status) != 0)
            return;
        if (S_ISREG(status.st_mode) && status.st_nlink == 1 && !status.st_size) return;
        if (S_ISLNK(status.st_mode) || status.st_nlink > 1) also_link(w, path, below);
    } else if (e->mask & IN_MOVED_TO) {
        struct stat status;
        if (snprintf(path, sizeof path, "%s/%s", w->root, below) < (int)sizeof path && lstat(path, &status) == 0 &&
            S_ISLNK(status.st_mode))
            also_link(w, path, below);
    }
    tell->changed(tell->payload, below);
}

void pt_watch_read(pt_watch *w, void (*changed)(void *, const char *), void *payload) {
    union {
        struct inotify_event event;
        char bytes[64 << 10];
    } buffer;
    telling tell = {changed, payload};
    for (;;) {
        ssize_t got = read(w->descriptor, buffer.bytes, sizeof buffer.bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return;
        for (char *at = buffer.bytes; at < buffer.bytes + got;) {
            const struct inotify_event *e = (const void *)at;
            one(w, e, &tell);
            at += sizeof *e + e->len;
        }
    }
}

int pt_watch_descriptor(const pt_watch *w) { return w->descriptor; }
u32 pt_watch_folders(const pt_watch *w) { return w->watched; }
u32 pt_watch_unwatched(const pt_watch *w) { return w->unwatched; }
