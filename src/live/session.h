/* session.h: what an index leaves behind, so that the next batch of saves costs what it changes: the world, which follows
 * its files, and the ids that its definitions have in the snapshot. One thread uses it. */
#ifndef PT_SESSION_H
#define PT_SESSION_H

#include "graph/amend.h"
#include "resolve/memory.h"
#include "store/store.h"
#include "workspace/dependencies.h"

typedef struct pt_session pt_session;

typedef struct pt_session_report {
    u32 files, bodies, sites; /* read; resolved; found in them */
    u32 items;                /* resolved: signatures and bodies */
    u64 read_us, relink_us, resolve_us, commit_us;
    u64 generation, nodes, edges, rows_written;
} pt_session_report;

/* Takes source, workspace, packages and world (kept, resolved), also when it fails; `built` is the graph made of the world, with
 * `ids` (taken), which was committed to `store` last. PT_ELIMIT: the engine takes no batches by themselves. */
int pt_session_create(pt_session **out, pt_source *source, pt_workspace *workspace, pt_package_sources *packages,
                      pt_world *world, pt_graph_ids *ids, const pt_graph *built, pt_store *store, pt_error *error);
void pt_session_destroy(pt_session *session);

/* These files (relative to the workspace, sorted) were saved: the store and its readers have the state after it when this
 * returns. After anything but PT_OK the session is good for pt_session_destroy only; PT_ELIMIT: everything has to be made
 * anew, `error` says why. */
int pt_session_batch(pt_session *session, pt_session_report *report, pt_store *store, const char *const *paths,
                     u32 count, pt_error *error);

/* Files whose text is not balanced now, so that their last one that was is what counts: at most `most` paths. */
u32 pt_session_stale(pt_session *session, const char **paths, u32 most);
/* Nothing is to be done for a while: what is seldom read is put aside, into a file without a name in `folder`, and memory
 * goes back to the system. Less than `least` bytes, and an eighth of what lies there already, are not worth it. False: so much in it is dead that it should be made anew. Not while a batch runs. */
bool pt_session_rest(pt_session *session, const char *folder, u64 least);
/* What it holds: PT_WORLD_MEMORY_ROWS + 1 rows. Not while a batch runs. */
void pt_session_memory(const pt_session *session, pt_memory_row *rows);

#endif
