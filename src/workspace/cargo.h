/* cargo.h: packages, targets and dependencies of a workspace, read from its manifests alone.
 *
 * Nothing of the workspace is run. A folder with a root manifest is that workspace (members, globs, excludes,
 * path dependencies below the root); a folder without one is the union of the crates below it, linked by path
 * dependencies; a folder without any manifest has loose files (see pt_workspace.loose).
 * Reference: The Cargo Book, "Workspaces", "The Manifest Format", "Specifying Dependencies". */
#ifndef PT_CARGO_H
#define PT_CARGO_H

#include "workspace/source.h"

struct pt_toml;

typedef enum pt_target_kind {
    PT_TARGET_LIB,
    PT_TARGET_BIN,
    PT_TARGET_EXAMPLE,
    PT_TARGET_TEST,
    PT_TARGET_BENCH,
    PT_TARGET_BUILD
} pt_target_kind;
const char *pt_target_kind_name(u8 kind);

typedef enum pt_dependency_kind { PT_DEPENDENCY_NORMAL, PT_DEPENDENCY_DEV, PT_DEPENDENCY_BUILD } pt_dependency_kind;

typedef struct pt_dependency {
    const char *name;        /* as code names it: `-` is `_` */
    const char *package;     /* the package's name */
    const char *path;        /* folder relative to the root, or NULL */
    u8 kind;                 /* pt_dependency_kind */
    u32 target_package;      /* index when the package is in this workspace, else PT_NONE */
    const char *requirement; /* as written: "1.2", "*" where there is none */
    const char *features;    /* asked for, each followed by a comma; "default" among them unless it is switched off */
    bool is_optional;
    const char *version; /* of the sources that were found, else NULL; see dependencies.h */
    const char *folder;
} pt_dependency;

typedef struct pt_target {
    const char *name; /* as code names it */
    const char *path; /* root file, relative to the workspace root */
    u32 package;
    u8 kind; /* pt_target_kind */
    bool is_proc_macro;
    u16 edition;
} pt_target;

typedef struct pt_package {
    const char *name;    /* as Cargo names it */
    const char *version; /* "0.0.0" when the manifest has none */
    const char *folder;  /* relative to the root, "." for the root itself */
    u16 edition;
    bool is_member;
    u32 library;                        /* target index of its library, or PT_NONE */
    PT_VEC(pt_dependency) dependencies; /* sorted by (name, kind) */
    PT_VEC(const char *) features;      /* default features, closed over: options of --cfg host */
    const char *usual;                  /* the same between commas; NULL where it has no defaults */
    PT_VEC(const char *) asked; /* "dependency/feature" of any of its features: it is held in all configurations */
} pt_package;

typedef struct pt_locked {
    const char *name, *version, *checksum; /* checksum: "" where there is none */
} pt_locked;

typedef struct pt_workspace {
    pt_arena arena;
    PT_VEC(pt_package) packages;    /* sorted by folder */
    PT_VEC(pt_target) targets;      /* by package, then kind, then name */
    PT_VEC(pt_locked) locked;       /* Cargo.lock, sorted by name */
    PT_VEC(const char *) manifests; /* files read: manifests and the lock file */
    PT_VEC(const char *) problems;  /* sentences for doctor: manifests that could not be read ... */
    PT_VEC(const char *) loose;     /* .rs files of a folder without any manifest, sorted */
} pt_workspace;

/* The features that entries of a manifest's dependency table ask for, as pt_dependency.features; `from` may be NULL. */
const char *pt_asked_features(pt_arena *arena, const struct pt_toml *entry, const struct pt_toml *from);
/* Reads the workspace of `source`. A broken member manifest is a problem, a broken root manifest an error. */
int pt_workspace_read(pt_workspace **out, pt_source *source, pt_error *error);
void pt_workspace_destroy(pt_workspace *workspace);
/* The version of a locked package (the highest when there are several), or NULL. */
const char *pt_workspace_locked_version(const pt_workspace *workspace, const char *name);

#endif
