#include "live/watch.h"

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

struct pt_watch {
    int descriptor;
    char *root;
    PT_VEC(char *) folders; /* by watch descriptor: path below the root, "" the root itself, NULL: none */
    u32 watched, unwatched;
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
        if (is_folder) add(w, rest, depth + 1, tell);
        else if (tell && matters(e->d_name)) tell->changed(tell->payload, rest);
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
    pt_free(w->root);
    pt_free(w);
}

static void one(pt_watch *w, const struct inotify_event *e, const telling *tell) {
    char below[PATH_MAX], path[PATH_MAX];
    if (e->mask & IN_Q_OVERFLOW) {
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
    /* a file that was only made is told when it is closed; a link is whole when it is made */
    if (e->mask & IN_CREATE) {
        struct stat status;
        if (snprintf(path, sizeof path, "%s/%s", w->root, below) >= (int)sizeof path || lstat(path, &status) != 0 ||
            S_ISREG(status.st_mode))
            if (!(e->mask & ~(u32)IN_CREATE)) return;
    }
    if (matters(e->name)) tell->changed(tell->payload, below);
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
