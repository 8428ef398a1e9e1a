#include "workspace/source.h"

#include "base/hash.h"
#include "workspace/ignore.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE = 64 << 20 };

typedef struct entry {
    const char *path; /* arena */
    u64 offset;
    u32 length;
    const char *link; /* SYMLINK: the other path */
} entry;

typedef struct overlay {
    const char *path, *text; /* arena */
    u32 length;
} overlay;

struct pt_source {
    bool is_dump, ignore_tried;
    char *root;
    pt_ignore *ignore;
    /* of a dump */
    const char *data;
    u64 size;
    pt_arena arena;
    PT_VEC(entry) entries; /* sorted by path */
    PT_VEC(overlay) overlays;
    u32 skipped;
};

bool pt_source_is_dump(const pt_source *s) { return s->is_dump; }
const char *pt_source_root(const pt_source *s) { return s->root; }
u32 pt_source_skipped(const pt_source *s) { return s->skipped; }

int pt_source_open_folder(pt_source **out, const char *root, pt_error *error) {
    *out = NULL;
    char *absolute = realpath(root, NULL);
    struct stat status;
    if (!absolute || stat(absolute, &status) != 0 || !S_ISDIR(status.st_mode)) {
        free(absolute);
        return pt_fail(error, PT_EIO, "%s: %s", root, absolute ? "not a folder" : strerror(errno));
    }
    pt_source *s = pt_calloc(1, sizeof *s);
    if (s) s->root = pt_strndup(absolute, strlen(absolute));
    free(absolute);
    if (!s || !s->root) return pt_free(s), pt_fail(error, PT_ENOMEM, "out of memory");
    *out = s;
    return PT_OK;
}

void pt_source_close(pt_source *s) {
    if (!s) return;
    pt_ignore_close(s->ignore);
    pt_file_unmap(s->data, s->size);
    pt_arena_free(&s->arena);
    pt_vec_free(&s->entries);
    pt_vec_free(&s->overlays);
    pt_free(s->root);
    pt_free(s);
}

/* Dumps. */

static bool is_rule(pt_str line) {
    u32 n = 0;
    while (n < line.length && line.data[n] == '=') n++;
    return n >= 40 && pt_str_trim((pt_str){line.data + n, line.length - n}).length == 0;
}

static pt_str next_line(const char *data, u64 size, u64 *at) {
    const char *start = data + *at, *newline = memchr(start, '\n', (size_t)(size - *at));
    u64 length = newline ? (u64)(newline - start) : size - *at;
    *at += length + (newline != NULL);
    if (length && start[length - 1] == '\r') length--;
    return (pt_str){start, (u32)PT_MIN(length, (u64)UINT32_MAX)};
}

static int by_path(const void *a, const void *b) {
    const entry *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : x->offset < y->offset ? -1 : x->offset > y->offset;
}

static entry *find(pt_source *s, const char *path) {
    u32 low = 0, high = s->entries.count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        int order = strcmp(s->entries.data[middle].path, path);
        if (order == 0) return &s->entries.data[middle];
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

static bool safe_path(const char *path) {
    return path[0] && path[0] != '/' && strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0 && strlen(path) < 1024;
}

static void add(pt_source *s, pt_str path, u64 offset, u64 length, pt_str link) {
    entry e = {.offset = offset, .length = (u32)PT_MIN(length, (u64)UINT32_MAX)};
    char *copy = pt_arena_copy(&s->arena, path.data, path.length);
    if (!copy) return;
    for (char *c = copy; *c; c++)
        if (*c == '\\') *c = '/';
    while (*copy == '/') copy++; /* an absolute path names a place in the dump */
    pt_path_normalize(copy);
    e.path = copy;
    if (link.length) {
        char *target = pt_arena_alloc(&s->arena, path.length + link.length + 4);
        if (!target) return;
        const char *slash = strrchr(copy, '/');
        size_t folder = slash && link.data[0] != '/' ? (size_t)(slash - copy) + 1 : 0;
        memcpy(target, copy, folder);
        memcpy(target + folder, link.data, link.length);
        pt_path_normalize(target);
        e.link = target;
    }
    if (safe_path(copy) && length <= MAX_FILE) pt_vec_push(&s->entries, e);
    else s->skipped++;
}

static void scan(pt_source *s) {
    bool ruled = false, known = false, after_rule = false;
    pt_str path = {0};
    u64 content = 0, at = 0, rule_start = 0;
    while (at < s->size) {
        u64 line_start = at;
        pt_str line = next_line(s->data, s->size, &at);
        if (is_rule(line)) {
            after_rule = true;
            rule_start = line_start;
            continue;
        }
        bool file = pt_str_starts(line, PT_STR("FILE: ")), symlink = pt_str_starts(line, PT_STR("SYMLINK: "));
        if ((file || symlink) && !known) known = true, ruled = after_rule;
        bool counts = file || symlink;
        u64 end = line_start;
        if (counts && ruled) {
            u64 look = at;
            counts = after_rule && look < s->size && is_rule(next_line(s->data, s->size, &look));
            end = rule_start;
            if (counts) at = look;
        }
        after_rule = false;
        if (!counts) continue;
        if (path.length) { /* the line break before the rule ends the content, it is not part of it when doubled */
            u64 length = end - content;
            if (length >= 2 && s->data[end - 1] == '\n' && s->data[end - 2] == '\n') length--;
            add(s, path, content, length, (pt_str){0});
        }
        path = (pt_str){0};
        if (file) {
            path = pt_str_trim((pt_str){line.data + 6, line.length - 6});
            content = at;
        } else {
            pt_str rest = {line.data + 9, line.length - 9};
            for (u32 i = 0; i + 4 <= rest.length; i++)
                if (memcmp(rest.data + i, " -> ", 4) == 0) {
                    add(s, pt_str_trim((pt_str){rest.data, i}), 0, 0,
                        pt_str_trim((pt_str){rest.data + i + 4, rest.length - i - 4}));
                    break;
                }
        }
    }
    if (path.length) {
        u64 length = s->size - content;
        if (length >= 2 && s->data[s->size - 1] == '\n' && s->data[s->size - 2] == '\n') length--;
        add(s, path, content, length, (pt_str){0});
    }
}

/* Standard input goes to a temporary file that has no name, then is mapped like any other. */
static int spool(char *path, size_t size, pt_error *error) {
    const char *folder = getenv("TMPDIR");
    snprintf(path, size, "%s/parseltongue-dump-XXXXXX", folder && *folder ? folder : "/tmp");
    int fd = mkstemp(path);
    if (fd < 0) return pt_fail(error, PT_EIO, "%s: %s", path, strerror(errno));
    static const u32 CHUNK = 1 << 16;
    char *chunk = pt_malloc(CHUNK);
    int code = chunk ? PT_OK : pt_fail(error, PT_ENOMEM, "standard input: out of memory");
    while (!code) {
        ssize_t got = read(STDIN_FILENO, chunk, CHUNK);
        if (got == 0) break;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) code = pt_fail(error, PT_EIO, "standard input: %s", strerror(errno));
        for (ssize_t done = 0; !code && done < got;) {
            ssize_t wrote = write(fd, chunk + done, (size_t)(got - done));
            if (wrote < 0 && errno != EINTR) code = pt_fail(error, PT_EIO, "%s: %s", path, strerror(errno));
            else if (wrote > 0) done += wrote;
        }
    }
    pt_free(chunk);
    close(fd);
    if (code) unlink(path);
    return code;
}

int pt_source_open_dump(pt_source **out, const char *path, pt_error *error) {
    *out = NULL;
    char spooled[4096];
    const void *data = NULL;
    bool from_stdin = strcmp(path, "-") == 0;
    pt_source *s = pt_calloc(1, sizeof *s);
    if (!s || !(s->root = pt_strndup(path, strlen(path))))
        return pt_free(s), pt_fail(error, PT_ENOMEM, "out of memory");
    s->is_dump = true;
    int code = from_stdin ? spool(spooled, sizeof spooled, error) : PT_OK;
    if (!code) code = pt_file_map(&data, &s->size, from_stdin ? spooled : path, error);
    if (!code && from_stdin) unlink(spooled);
    s->data = data;
    if (!code && s->size) scan(s);
    if (!code && pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
    if (!code && !s->entries.count)
        code = pt_fail(error, PT_ECORRUPT, "%s: no `FILE: path` line found: not a code dump",
                       from_stdin ? "standard input" : path);
    if (code) return pt_source_close(s), code;
    qsort(s->entries.data, s->entries.count, sizeof(entry), by_path);
    u32 kept = 0;
    for (u32 i = 0; i < s->entries.count; i++) {
        if (kept && strcmp(s->entries.data[kept - 1].path, s->entries.data[i].path) == 0) s->skipped++;
        else s->entries.data[kept++] = s->entries.data[i];
    }
    s->entries.count = kept;
    *out = s;
    return PT_OK;
}

static entry *follow(pt_source *s, const char *path) {
    entry *e = find(s, path);
    for (u32 hops = 0; e && e->link && hops < 8; hops++) e = find(s, e->link);
    return e && !e->link ? e : NULL;
}

static int full_path(char *out, size_t size, const pt_source *s, const char *path) {
    if (strcmp(path, ".") == 0) return (size_t)snprintf(out, size, "%s", s->root) >= size ? PT_EIO : PT_OK;
    int n = path[0] == '/' ? snprintf(out, size, "%s", path) : snprintf(out, size, "%s/%s", s->root, path);
    return n < 0 || (size_t)n >= size ? PT_EIO : PT_OK;
}

int pt_source_overlay(pt_source *s, const char *path, pt_str text, pt_error *error) {
    overlay o = {pt_arena_copy(&s->arena, path, strlen(path)), pt_arena_copy(&s->arena, text.data, text.length),
                 text.length};
    if (!o.path || !o.text || !pt_vec_push(&s->overlays, o))
        return pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
    return PT_OK;
}

static const overlay *overlaid(const pt_source *s, const char *path) {
    for (u32 i = 0; i < s->overlays.count; i++)
        if (strcmp(s->overlays.data[i].path, path) == 0) return &s->overlays.data[i];
    return NULL;
}

/* Fresh memory with the readable bytes behind its end that the lexer wants. */
static char *with_slack(const char *data, u32 length) {
    char *copy = pt_malloc((size_t)length + 16);
    if (!copy) return NULL;
    memcpy(copy, data, length);
    memset(copy + length, 0, 16);
    return copy;
}

int pt_source_read(pt_source *s, char **text, u32 *length, pt_file_stamp *stamp, const char *path, pt_error *error) {
    *text = NULL;
    *length = 0;
    *stamp = (pt_file_stamp){0};
    if (s->is_dump) {
        entry *e = follow(s, path);
        if (!e) return pt_fail(error, PT_ENOTFOUND, "%s: not in the dump", path);
        *text = with_slack(s->data + e->offset, e->length);
        if (!*text) return pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
        *length = e->length;
        stamp->size = e->length;
        return PT_OK;
    }
    const overlay *o = overlaid(s, path);
    if (o) {
        *text = with_slack(o->text, o->length);
        if (!*text) return pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
        *length = o->length;
        stamp->size = o->length;
        return PT_OK;
    }
    char full[PATH_MAX];
    if (full_path(full, sizeof full, s, path)) return pt_fail(error, PT_EIO, "%s: path too long", path);
    return pt_file_read_stamped(text, length, stamp, full, MAX_FILE, error);
}

int pt_source_stat(pt_source *s, pt_file_stamp *stamp, const char *path) {
    char full[PATH_MAX];
    if (s->is_dump) {
        entry *e = follow(s, path);
        *stamp = (pt_file_stamp){e ? e->length : 0, 0};
        return e ? PT_OK : PT_ENOTFOUND;
    }
    const overlay *o = overlaid(s, path);
    if (o) return *stamp = (pt_file_stamp){o->length, 0}, PT_OK;
    return full_path(full, sizeof full, s, path) ? PT_ENOTFOUND : pt_file_stat(stamp, full);
}

bool pt_source_is_file(pt_source *s, const char *path) {
    pt_file_stamp stamp;
    return pt_source_stat(s, &stamp, path) == PT_OK;
}

typedef struct listing {
    char *name;
    bool is_folder;
} listing;

static int by_name(const void *a, const void *b) {
    return strcmp(((const listing *)a)->name, ((const listing *)b)->name);
}

static bool ignored(pt_source *s, const char *full, bool is_folder) {
    if (!s->ignore_tried) s->ignore_tried = true, s->ignore = pt_ignore_open(s->root);
    if (!s->ignore) return false;
    char path[PATH_MAX + 2];
    snprintf(path, sizeof path, "%s%s", full, is_folder ? "/" : "");
    return pt_ignore_matches(s->ignore, path);
}

static int list_folder(pt_source *s, const char *folder, void (*visit)(void *, const char *, bool), void *payload) {
    char full[PATH_MAX], path[PATH_MAX + 300];
    PT_VEC(listing) found = {0};
    if (full_path(full, sizeof full, s, folder)) return PT_OK;
    DIR *dir = opendir(full);
    if (!dir) return PT_OK;
    for (struct dirent *d; (d = readdir(dir));) {
        if (d->d_name[0] == '.') continue;
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", full, d->d_name);
        bool is_folder = d->d_type == DT_DIR, is_file = d->d_type == DT_REG;
        if (d->d_type == DT_LNK || d->d_type == DT_UNKNOWN) {
            if (stat(path, &status) != 0) continue;
            is_file = S_ISREG(status.st_mode);
            is_folder = d->d_type == DT_UNKNOWN && S_ISDIR(status.st_mode);
        }
        if (!is_folder && !is_file) continue;
        if (is_folder && strcmp(d->d_name, "target") == 0) {
            char tag[PATH_MAX + 320];
            snprintf(tag, sizeof tag, "%s/CACHEDIR.TAG", path);
            bool build = access(tag, F_OK) == 0;
            snprintf(tag, sizeof tag, "%s/Cargo.toml", full);
            if (build || access(tag, F_OK) == 0) continue;
        }
        if (ignored(s, path, is_folder)) continue;
        listing l = {pt_strndup(d->d_name, strlen(d->d_name)), is_folder};
        if (l.name && !pt_vec_push(&found, l)) pt_free(l.name);
    }
    closedir(dir);
    if (found.count) qsort(found.data, found.count, sizeof(listing), by_name);
    for (u32 i = 0; i < found.count; i++) {
        visit(payload, found.data[i].name, found.data[i].is_folder);
        pt_free(found.data[i].name);
    }
    pt_vec_free(&found);
    return pt_alloc_failed() ? PT_ENOMEM : PT_OK;
}

int pt_source_list(pt_source *s, const char *folder, void (*visit)(void *, const char *, bool), void *payload) {
    if (!s->is_dump) return list_folder(s, folder, visit, payload);
    size_t n = strcmp(folder, ".") == 0 ? 0 : strlen(folder);
    char name[1024], last[1024] = "";
    for (u32 i = 0; i < s->entries.count; i++) {
        const char *path = s->entries.data[i].path;
        if (n && (strncmp(path, folder, n) != 0 || path[n] != '/')) continue;
        const char *rest = path + n + (n != 0), *slash = strchr(rest, '/');
        size_t length = slash ? (size_t)(slash - rest) : strlen(rest);
        if (length >= sizeof name || rest[0] == '.') continue;
        memcpy(name, rest, length);
        name[length] = 0;
        if (slash && strcmp(name, last) == 0) continue;
        if (slash) memcpy(last, name, length + 1);
        if (slash && strcmp(name, "target") == 0) continue;
        visit(payload, name, slash != NULL);
    }
    return PT_OK;
}
