#include "diff/revision.h"

#include "live/index.h"
#include "workspace/source.h"

#include <dlfcn.h>
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { DEPTH = 64 };

/* What of libgit2 is called. */
/* clang-format off */
#define GIT_FUNCTIONS(X)                                                                                            \
    X(libgit2_init) X(libgit2_shutdown) X(repository_open_ext) X(repository_free) X(repository_workdir)              \
    X(revparse_single) X(object_peel) X(object_free) X(tree_walk) X(tree_entry_name) X(tree_entry_filemode)          \
    X(tree_entry_id) X(blob_lookup) X(blob_rawcontent) X(blob_rawsize) X(blob_free) X(error_last)
/* clang-format on */
typedef struct git {
    void *library;
#define X(name) __typeof__(&git_##name) name;
    GIT_FUNCTIONS(X)
#undef X
} git;

static int load(git *g, pt_error *error) {
    static const char *const names[] = {"libgit2.so.1.5", "libgit2.so.1.9", "libgit2.so.1.8",
                                        "libgit2.so.1.7", "libgit2.so.1.6", "libgit2.so"};
    for (u32 i = 0; i < PT_COUNT_OF(names) && !g->library; i++) g->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    bool whole = g->library != NULL;
#define X(name) \
    if (whole) whole = (g->name = (__typeof__(g->name))(uintptr_t)dlsym(g->library, "git_" #name)) != NULL;
    GIT_FUNCTIONS(X)
#undef X
    return whole ? PT_OK : pt_fail(error, PT_EIO, "libgit2 is not installed (Debian: apt install libgit2-1.5)");
}

/* Is it one of those that make a graph? */
static bool is_wanted(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t n = strlen(name);
    return (n > 3 && strcmp(name + n - 3, ".rs") == 0) || strcmp(name, "Cargo.toml") == 0 ||
           strcmp(name, "Cargo.lock") == 0;
}

static void take(pt_revision *r, const char *path, const void *text, size_t length) {
    char *copy = pt_arena_copy(&r->arena, path, strlen(path)), *content = pt_arena_copy(&r->arena, text, length);
    if (copy && content && length < UINT32_MAX)
        pt_vec_push(&r->files, (pt_revision_file){copy, {content, (u32)length}});
}

/* The tree of a revision. */

typedef struct walk {
    const git *g;
    git_repository *repository;
    pt_revision *r;
    const char *below; /* the workspace's folder in the repository, "" or ending with `/` */
} walk;

static int visit_entry(const char *folder, const git_tree_entry *entry, void *payload) {
    walk *w = payload;
    char path[4096];
    git_filemode_t mode = w->g->tree_entry_filemode(entry);
    size_t n = strlen(w->below);
    snprintf(path, sizeof path, "%s%s", folder, w->g->tree_entry_name(entry));
    if (mode == GIT_FILEMODE_TREE) { /* on the way to the workspace, or below it; else it is passed over */
        size_t length = strlen(path);
        if (length + 1 < sizeof path) path[length++] = '/', path[length] = 0;
        return strncmp(w->below, path, length) == 0 || strncmp(path, w->below, n) == 0 ? 0 : 1;
    }
    if ((mode != GIT_FILEMODE_BLOB && mode != GIT_FILEMODE_BLOB_EXECUTABLE) || strncmp(path, w->below, n) != 0)
        return 0;
    if (!is_wanted(path + n)) return 0;
    git_blob *blob = NULL;
    if (w->g->blob_lookup(&blob, w->repository, w->g->tree_entry_id(entry)) != 0) return -1;
    take(w->r, path + n, w->g->blob_rawcontent(blob), (size_t)w->g->blob_rawsize(blob));
    w->g->blob_free(blob);
    return 0;
}

static int read_revision(pt_revision *r, const char *workspace, const char *revision, pt_error *error) {
    git g = {0};
    git_repository *repository = NULL;
    git_object *object = NULL, *tree = NULL;
    char below[4096] = "";
    int code = load(&g, error);
    if (code) {
        if (g.library) dlclose(g.library);
        return code;
    }
    g.libgit2_init();
    if (g.repository_open_ext(&repository, workspace, 0, NULL) != 0) {
        code = pt_fail(error, PT_EUSAGE, "%s is in no git repository", workspace);
    } else if (g.revparse_single(&object, repository, revision) != 0 ||
               g.object_peel(&tree, object, GIT_OBJECT_TREE) != 0) {
        const git_error *why = g.error_last();
        code = pt_fail(error, PT_EUSAGE, "%s: %s", revision, why && why->message ? why->message : "no such revision");
    } else {
        const char *root = g.repository_workdir(repository);
        char *real = root ? realpath(root, NULL) : NULL;
        size_t n = real ? strlen(real) : 0;
        if (real && strncmp(workspace, real, n) == 0 && workspace[n] == '/')
            snprintf(below, sizeof below, "%s/", workspace + n + 1);
        free(real);
        walk w = {&g, repository, r, below};
        if (g.tree_walk((git_tree *)tree, GIT_TREEWALK_PRE, visit_entry, &w) != 0)
            code = pt_fail(error, PT_EIO, "%s: its objects cannot be read", revision);
    }
    if (tree) g.object_free(tree);
    if (object) g.object_free(object);
    if (repository) g.repository_free(repository);
    g.libgit2_shutdown();
    dlclose(g.library);
    return code;
}

/* The files as they are. */

typedef struct listing {
    pt_revision *r;
    pt_source *source;
    const char *folder;
    u32 depth;
} listing;

static void visit_file(void *payload, const char *name, bool is_folder) {
    listing *l = payload;
    char path[4096];
    snprintf(path, sizeof path, "%s%s%s", l->folder, *l->folder ? "/" : "", name);
    if (is_folder) {
        listing inner = {l->r, l->source, path, l->depth + 1};
        if (l->depth < DEPTH) pt_source_list(l->source, path, visit_file, &inner);
        return;
    }
    char *text;
    u32 length;
    pt_file_stamp stamp;
    if (!is_wanted(path) || pt_source_read(l->source, &text, &length, &stamp, path, NULL)) return;
    take(l->r, path, text, length);
    pt_free(text);
}

static int read_files(pt_revision *r, const char *workspace, pt_error *error) {
    pt_source *source;
    int code = pt_source_open_folder(&source, workspace, error);
    if (code) return code;
    listing l = {r, source, "", 0};
    pt_source_list(source, "", visit_file, &l);
    pt_source_close(source);
    return PT_OK;
}

/* The graph. */

static int by_path(const void *a, const void *b) {
    const pt_revision_file *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static bool write_all(int fd, const char *text, size_t length) {
    for (size_t at = 0; at < length;) {
        ssize_t n = write(fd, text + at, length - at);
        if (n <= 0) return false;
        at += (size_t)n;
    }
    return true;
}

static int make_graph(pt_revision *r, const char *std_interface, pt_error *error) {
    static const char line[] = "================================================\n";
    char path[64];
    pt_buffer head = {0};
    pt_index_report report;
    int fd = memfd_create("revision", MFD_CLOEXEC);
    bool written = fd >= 0;
    for (u32 i = 0; i < r->files.count && written; i++) {
        const pt_revision_file *f = &r->files.data[i];
        pt_buffer_clear(&head);
        pt_buffer_format(&head, "%s%sFILE: %s\n%s", i ? "\n" : "", line, f->path, line);
        written = head.data && write_all(fd, head.data, head.count) && write_all(fd, f->text.data, f->text.length);
    }
    pt_buffer_free(&head);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    pt_index_options options = {.path = path, .std_interface = std_interface, .no_dependencies = true};
    int code = !written ? pt_fail(error, PT_EIO, "%s: no room for it in memory", r->name)
                        : pt_index(&r->graph, &report, &options, error);
    if (fd >= 0) close(fd);
    return code;
}

int pt_revision_open(pt_revision *r, const char *workspace, const char *revision, const char *std_interface,
                     pt_error *error) {
    *r = (pt_revision){0};
    snprintf(r->name, sizeof r->name, "%s", revision ? revision : "working tree");
    int code = revision ? read_revision(r, workspace, revision, error) : read_files(r, workspace, error);
    if (!code && pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "out of memory");
    if (!code && !r->files.count) code = pt_fail(error, PT_EUSAGE, "%s holds no Rust below this folder", r->name);
    if (!code) qsort(r->files.data, r->files.count, sizeof(pt_revision_file), by_path);
    return code ? code : make_graph(r, std_interface, error);
}

void pt_revision_close(pt_revision *r) {
    pt_graph_close(r->graph);
    pt_vec_free(&r->files);
    pt_arena_free(&r->arena);
    *r = (pt_revision){0};
}

pt_str pt_revision_lines(const pt_revision *r, const char *path, u32 first, u32 last) {
    pt_revision_file key = {path, {0}};
    const pt_revision_file *f =
        r->files.count ? bsearch(&key, r->files.data, r->files.count, sizeof key, by_path) : NULL;
    if (!f || !first || last < first) return (pt_str){0};
    const char *at = f->text.data, *end = at + f->text.length, *from = NULL;
    for (u32 line = 1; at < end; line++) {
        if (line == first) from = at;
        const char *next = memchr(at, '\n', (size_t)(end - at));
        at = next ? next + 1 : end;
        if (line == last) return (pt_str){from, (u32)(at - from)};
    }
    return (pt_str){0};
}
