/* source.h: where files come from: a folder on disk, or a code dump read as if it were one.
 *
 * A dump is a preamble, then for each file a line of `=` signs, `FILE: path`, a line of `=`, the content; or
 * bare `FILE: path` lines. Which of the two is told by the first FILE line: once one stands between
 * separators, only such lines count, so that a FILE: line inside content does not fool it. `SYMLINK: a -> b`
 * entries name a file that has the content of another. A dump is mapped, not loaded: it may be larger than
 * memory. From standard input it is spooled to an unlinked temporary file first.
 *
 * Paths are relative to the root, with `/`; they may start with `..` on disk. */
#ifndef PT_SOURCE_H
#define PT_SOURCE_H

#include "base/alloc.h"
#include "base/file.h"

typedef struct pt_source pt_source;

/* Opens a folder. PT_EIO when it can't be read. */
int pt_source_open_folder(pt_source **out, const char *root, pt_error *error);
/* Opens a dump; "-" is standard input. PT_ECORRUPT when no file is in it. */
int pt_source_open_dump(pt_source **out, const char *path, pt_error *error);
void pt_source_close(pt_source *source);
bool pt_source_is_dump(const pt_source *source);
/* Absolute root of a folder; the name of a dump. */
const char *pt_source_root(const pt_source *source);

/* Reads one file; freed with pt_free; 16 zero bytes stand behind it. Files above 64 MB give PT_ELIMIT. */
int pt_source_read(pt_source *source, char **text, u32 *length, pt_file_stamp *stamp, const char *path,
                   pt_error *error);
bool pt_source_is_file(pt_source *source, const char *path);
int pt_source_stat(pt_source *source, pt_file_stamp *stamp, const char *path);
/* Calls visit(payload, name, is_folder) for each entry of a folder, sorted by name. Hidden names, `target`
 * folders with a CACHEDIR.TAG or below a manifest, and what git ignores are left out; a link to a folder is
 * not followed. Returns 0 also when there is no such folder. */
int pt_source_list(pt_source *source, const char *folder,
                   void (*visit)(void *payload, const char *name, bool is_folder), void *payload);
/* From now on a file of a folder has this text, whatever is on disk; the text is copied. Not in listings. */
int pt_source_overlay(pt_source *source, const char *path, pt_str text, pt_error *error);
/* Entries of a dump that were no files: bad paths, dangling links, duplicates (the first counts). */
u32 pt_source_skipped(const pt_source *source);

#endif
