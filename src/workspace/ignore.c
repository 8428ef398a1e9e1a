#include "workspace/ignore.h"

#include "base/alloc.h"

#include <dlfcn.h>
#include <git2.h>
#include <stdio.h>
#include <unistd.h>

/* libgit2 pulls in TLS libraries and costs milliseconds to load: it is opened by name, and only for a tree
 * that has ignore rules. */
struct pt_ignore {
    void *library;
    git_repository *repository;
    char work_tree[4096];
    __typeof__(&git_libgit2_init) init;
    __typeof__(&git_libgit2_shutdown) shutdown;
    __typeof__(&git_repository_open_ext) open_ext;
    __typeof__(&git_repository_free) release;
    __typeof__(&git_repository_workdir) workdir;
    __typeof__(&git_ignore_path_is_ignored) is_ignored;
};

static bool in_work_tree(const char *root) {
    char path[4096];
    snprintf(path, sizeof path, "%s", root);
    for (;;) {
        char probe[4200];
        snprintf(probe, sizeof probe, "%s/.git", path);
        if (access(probe, F_OK) == 0) return true;
        char *slash = strrchr(path, '/');
        if (!slash || slash == path) return false;
        *slash = 0;
    }
}

pt_ignore *pt_ignore_open(const char *root) {
    if (!in_work_tree(root)) return NULL;
    static const char *const names[] = {"libgit2.so.1.5", "libgit2.so.1.9", "libgit2.so.1.8",
                                        "libgit2.so.1.7", "libgit2.so.1.6", "libgit2.so"};
    pt_ignore *g = pt_calloc(1, sizeof *g);
    if (!g) return NULL;
    for (u32 i = 0; i < PT_COUNT_OF(names) && !g->library; i++) g->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!g->library) return pt_free(g), NULL;
#define LOAD(field, symbol) g->field = (__typeof__(g->field))(uintptr_t)dlsym(g->library, symbol)
    LOAD(init, "git_libgit2_init");
    LOAD(shutdown, "git_libgit2_shutdown");
    LOAD(open_ext, "git_repository_open_ext");
    LOAD(release, "git_repository_free");
    LOAD(workdir, "git_repository_workdir");
    LOAD(is_ignored, "git_ignore_path_is_ignored");
#undef LOAD
    if (!g->init || !g->shutdown || !g->open_ext || !g->release || !g->workdir || !g->is_ignored)
        return dlclose(g->library), pt_free(g), NULL;
    g->init();
    const char *work_tree = g->open_ext(&g->repository, root, 0, NULL) == 0 ? g->workdir(g->repository) : NULL;
    if (!work_tree) return pt_ignore_close(g), NULL;
    snprintf(g->work_tree, sizeof g->work_tree, "%s", work_tree);
    return g;
}

void pt_ignore_close(pt_ignore *g) {
    if (!g) return;
    if (g->repository) g->release(g->repository);
    g->shutdown();
    dlclose(g->library);
    pt_free(g);
}

bool pt_ignore_matches(pt_ignore *g, const char *path) {
    size_t n = strlen(g->work_tree);
    int ignored = 0;
    if (strncmp(path, g->work_tree, n) != 0) return false;
    return g->is_ignored(&ignored, g->repository, path + n) == 0 && ignored;
}
