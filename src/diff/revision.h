/* revision.h: a state of a workspace: a git revision, read from its objects without a checkout, or the files as they are now;
 * and the graph made of it.
 *
 * Its Rust files, manifests and lock files become a code dump in memory (workspace/source.h), which is indexed like any other;
 * both sides of a comparison are made so, so that nothing differs but what was written. Sources of dependencies are not read.
 * Needs libgit2, loaded when asked for. */
#ifndef PT_REVISION_H
#define PT_REVISION_H

#include "graph/graph.h"

typedef struct pt_revision_file {
    const char *path; /* relative to the workspace */
    pt_str text;
} pt_revision_file;
typedef struct pt_revision {
    char name[128]; /* as asked for; "working tree" */
    pt_graph *graph;
    PT_VEC(pt_revision_file) files; /* sorted by path */
    pt_arena arena;
} pt_revision;

/* `revision` NULL: the working tree. PT_EUSAGE: no such revision, or the workspace is in no repository. Closed in any case. */
int pt_revision_open(pt_revision *out, const char *workspace, const char *revision, const char *std_interface,
                     pt_error *error);
void pt_revision_close(pt_revision *revision);
/* Lines first .. last of a file; empty when there are none. */
pt_str pt_revision_lines(const pt_revision *revision, const char *path, u32 first, u32 last);

#endif
