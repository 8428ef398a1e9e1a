/* index.h: one pass from sources to a committed graph. */
#ifndef PT_INDEX_H
#define PT_INDEX_H

#include "graph/build.h"
#include "live/session.h"
#include "store/store.h"

#include <jansson.h>

typedef struct pt_index_options {
    const char *path;          /* workspace, crate, folder, or dump file; "-": dump on standard input */
    const char *store;         /* URI, or NULL: not kept, only built */
    const char *std_interface; /* path of std's interface file, or NULL: none */
    u32 threads;               /* 0: as many as processors */
    bool no_dependencies;      /* dependencies are told by their paths as written; their sources are not read */
    pt_store *opened;          /* an open store to use instead of `store`, and to leave open */
    /* Files that are known to have changed (sorted; relative to the workspace), whatever their size and time say. */
    const char *const *changed;
    u32 changed_count;
    bool doubt_all; /* any file may have changed so */
    bool force;     /* do not look whether everything is up to date: it is known not to be */
    bool repair;    /* as rebuild, but what is provably whole of the store spares reading */
    bool full;      /* the commit is on the disk before this returns */
    bool rebuild;   /* replace a store that cannot be read; read every file anew */
    /* Where what the next batch goes on from is put, NULL when there is nothing; only with `opened`. May be NULL. */
    pt_session **session;
    bool only_session; /* the store is up to date: nothing is committed */
    void (*progress)(void *payload, const char *stage, u32 done, u32 total);
    void *payload;
} pt_index_options;

typedef struct pt_index_report {
    u32 packages, targets, files, files_read, definitions, expansions, problems, unread;
    u64 items, bodies, bytes, lines, sites, unresolved, nodes, edges, candidates;
    u64 discover_us, dependencies_us, read_us, resolve_us, graph_us, commit_us, total_us;
    u64 rows_written, generation;
    u32 dependencies, dependencies_absent; /* loaded; direct ones whose sources were not found */
    bool up_to_date;                       /* nothing had changed: the store was left as it is */
    bool rebuilt;                          /* an unreadable store was replaced */
    u32 salvaged;                          /* files whose facts were taken from a damaged store */
} pt_index_report;

/* Indexes. `*graph` (may be NULL) is the result, closed by the caller. PT_ECORRUPT: the store can't be used. */
int pt_index(pt_graph **graph, pt_index_report *report, const pt_index_options *options, pt_error *error);
/* The report as `index --json` tells it: a new object. */
json_t *pt_index_report_json(const pt_index_report *report, const char *store);
/* Makes the folder a store's files go into; `.parseltongue` gets a .gitignore of its own. */
int pt_index_prepare_folder(const char *store, pt_error *error);
/* Files of a stored graph whose size or time differs from what was indexed, and those that are gone: their
 * indices appended to `stale`. `root` is the workspace's folder. */
typedef PT_VEC(u32) pt_index_list;
void pt_index_stale(pt_index_list *stale, const pt_graph *graph, const char *root);

#endif
