/* dependencies.h: where the sources of dependencies lie, and which of them a requirement means.
 *
 * Looked at, in this order: folders that .cargo/config.toml names as `directory` of a source, the workspace's vendor/,
 * Cargo's registry sources ($CARGO_HOME or ~/.cargo), Debian's packaged crates. Nothing is fetched, nothing is run.
 * Of several versions the one in Cargo.lock that meets the requirement counts; without it the highest that does.
 * Reference: The Cargo Book, "Specifying Dependencies", "Source Replacement". */
#ifndef PT_DEPENDENCIES_H
#define PT_DEPENDENCIES_H

#include "workspace/cargo.h"

typedef struct pt_source_package {
    const char *name, *folder; /* folder: absolute */
    const char *version;       /* NULL: its manifest was not asked yet */
    bool is_registry;          /* of Cargo's registry: its sources are those of its checksum */
} pt_source_package;

typedef struct pt_package_sources {
    pt_arena arena;
    PT_VEC(pt_source_package) packages; /* sorted by name; in the order of the places they were found in */
} pt_package_sources;

typedef struct pt_feature {
    const char *name, *members; /* members: each followed by a comma */
} pt_feature;

/* What a dependency's manifest says of its library. */
typedef struct pt_package_interface {
    const char *name, *version, *library, *root; /* library: as code names it; root: file, relative to the folder */
    u16 edition;
    bool is_proc_macro;
    PT_VEC(pt_dependency) dependencies; /* normal ones */
    PT_VEC(pt_feature) features;
} pt_package_interface;

/* Lists what there is and fills `version` and `folder` of each dependency that is not in the workspace. */
int pt_find_packages(pt_package_sources *out, pt_workspace *workspace, pt_source *source, pt_error *error);
void pt_package_sources_free(pt_package_sources *sources);
/* The package that a requirement means, or NULL. */
const pt_source_package *pt_choose_package(pt_package_sources *sources, const pt_workspace *workspace, const char *name,
                                           const char *requirement);
/* Reads the manifest of a package; strings live in `arena`, both vectors are freed by the caller. */
int pt_read_interface(pt_package_interface *out, pt_arena *arena, const pt_source_package *package, pt_error *error);
/* Does a version meet a requirement (`1.2`, `^1`, `~0.3`, `>=1, <3`, `=1.0.0`, `1.*`)? */
bool pt_version_matches(const char *requirement, const char *version);
/* Order of two versions as semver has it. */
int pt_version_compare(const char *a, const char *b);

#endif
