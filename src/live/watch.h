/* watch.h: what changes below a folder, told by inotify: files closed after writing, moved, removed; new folders are
 * watched first and looked through then, so that nothing falls between. Folders that an index does not look into (hidden
 * ones but `.cargo`, `target` with its CACHEDIR.TAG, what git ignores is watched but harmless) are left out. One thread
 * uses a watch. */
#ifndef PT_WATCH_H
#define PT_WATCH_H

#include "base/alloc.h"

typedef struct pt_watch pt_watch;

/* PT_EIO: not a folder, or no inotify. Folders beyond the system's limit of watches are left out; pt_watch_unwatched. */
int pt_watch_open(pt_watch **out, const char *root, pt_error *error);
void pt_watch_close(pt_watch *watch);
/* Readable when something happened. */
int pt_watch_descriptor(const pt_watch *watch);
/* Hands over what happened since: paths relative to the root; NULL: events were lost, anything may have changed. Paths that
 * cannot matter to an index (neither sources nor manifests nor ignore files) are not told. Does not wait. */
void pt_watch_read(pt_watch *watch, void (*changed)(void *payload, const char *path), void *payload);
/* A file that matters whatever its name is; where no watch reaches it (a link's target, outside the root, in a folder left
 * out: `far`), pt_watch_look finds its changes against the size and time given. */
void pt_watch_also(pt_watch *watch, const char *path, u64 size, i64 mtime_ns, bool far);
/* Looks at the far files. */
void pt_watch_look(pt_watch *watch, void (*changed)(void *payload, const char *path), void *payload);
u32 pt_watch_folders(const pt_watch *watch);
/* Folders that could not be watched; changes in them are found by looking again now and then. */
u32 pt_watch_unwatched(const pt_watch *watch);

#endif
