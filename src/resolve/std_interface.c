/* std_interface.c: the interface of core, alloc and std, made at build time (interface_file.h).
 *
 * Crates are core (0), alloc (1), std (2): `__crate_of_N` in expansions relies on it, and on std being loaded first. */
#include "resolve/interface_file.h"

#include <stdio.h>

enum { CRATES = PT_INTERFACE_ROOTS };

static const char *const names[CRATES] = {"core", "alloc", "std"};

/* `prefix` keeps std's paths apart from a workspace's own core/ or alloc/. */
static void add_std_crates(pt_world *w, const u32 *roots, const char *prefix) {
    for (u32 i = 0; i < CRATES; i++) {
        char identity[64];
        snprintf(identity, sizeof identity, "pt1\n%s\n1\nlib\n", names[i]);
        u32 name = pt_intern(w->names, pt_str_of(names[i]));
        pt_crate c = {.name = name,
                      .label = name,
                      .package = PT_NONE,
                      .target = PT_NONE,
                      .edition = 2021,
                      .is_external = true,
                      .prelude = PT_NO_DEF,
                      .hash = pt_hash128_bytes(identity, strlen(identity))};
        u32 crate = pt_world_add_crate(w, c);
        if (crate == PT_NONE) return;
        for (u32 k = 0; k < i; k++)
            pt_vec_push(&w->crates.data[crate].externs,
                        (pt_extern_name){w->crates.data[k].name, w->crates.data[k].root});
        pt_vec_push(&w->crates.data[crate].externs, (pt_extern_name){name, w->crates.data[crate].root});
    }
    w->std_crate_count = CRATES;
    for (u32 i = 0; i < CRATES; i++) {
        if (roots[i] == PT_NONE || !w->files.data[roots[i]].facts.header) continue;
        char folder[64];
        snprintf(folder, sizeof folder, "%s%s/src", prefix, names[i]);
        u32 instance = pt_world_mount(w, roots[i], i, w->crates.data[i].root,
                                      pt_arena_copy(&w->arena, folder, strlen(folder)), PT_NO_DEF);
        if (instance == PT_NONE) continue;
        w->defs.data[w->crates.data[i].root].instance = instance;
        pt_world_mount_modules(w, instance);
    }
    for (u32 i = 0; i < CRATES; i++) w->crates.data[i].prelude = pt_world_prelude(w, 2021, i < 2);
    pt_world_expand(w);
}

int pt_world_make_std(pt_world *w, const char *out_path, pt_error *error) {
    u32 roots[CRATES];
    const char *folders[CRATES];
    for (u32 i = 0; i < CRATES; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/src/lib.rs", names[i]);
        if (!pt_source_is_file(w->source, path))
            return pt_fail(error, PT_ENOTFOUND, "%s/%s: not there; is rust-src's library folder meant?",
                           pt_source_root(w->source), path);
        roots[i] = pt_world_add_file(w, path, 2021);
        snprintf(path, sizeof path, "%s/src", names[i]);
        folders[i] = pt_arena_copy(&w->arena, path, strlen(path));
    }
    int code = pt_world_read_closure(w, NULL, roots, folders, CRATES);
    if (code) return pt_fail(error, code, "%s: %s", pt_source_root(w->source), pt_error_text(code));
    add_std_crates(w, roots, "");
    return pt_interface_write(w, roots, CRATES, (pt_str){"", 0}, out_path, error);
}

int pt_world_load_std(pt_world *w, const char *path, pt_error *error) {
    pt_interface std;
    int code = pt_interface_load(w, &std, path, "std:/", false, error);
    if (code) return code;
    w->has_std = true;
    w->external_file_count = w->files.count;
    add_std_crates(w, std.roots, "std:/");
    w->external_def_count = w->defs.count;
    w->imports.count = 0; /* what std itself could not resolve is none of the workspace's concern */
    w->calls.count = 0;
    return pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory") : PT_OK;
}
