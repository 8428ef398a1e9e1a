/* file.h: whole files in, whole files out. */
#ifndef PT_FILE_H
#define PT_FILE_H

#include "base/base.h"

typedef struct pt_file_stamp {
    u64 size;
    i64 mtime_ns;
} pt_file_stamp;

/* Reads `path` whole into fresh memory (`*data` terminated, freed by the caller with pt_free). Files above
 * `limit` bytes give PT_ELIMIT; anything but a regular file gives PT_EIO. */
int pt_file_read(char **data, u32 *length, const char *path, u64 limit, pt_error *error);
/* The same with size and time from before the first byte was read: whoever writes meanwhile leaves others behind. `stamp` may be
 * NULL. */
int pt_file_read_stamped(char **data, u32 *length, pt_file_stamp *stamp, const char *path, u64 limit, pt_error *error);
/* Size and modification time; PT_ENOTFOUND when there is no such file. */
int pt_file_stat(pt_file_stamp *stamp, const char *path);
/* Maps a file read-only; an empty file gives *data NULL. Unmapped with pt_file_unmap. */
int pt_file_map(const void **data, u64 *length, const char *path, pt_error *error);
void pt_file_unmap(const void *data, u64 length);
/* The pages of a mapped file that were read may go: reading them again brings them back. */
void pt_file_forget(const void *data, u64 length);
/* Writes by temporary file, sync and rename, so that a reader sees the old or the new whole. */
int pt_file_write(const char *path, const void *data, u64 length, pt_error *error);
/* "." and ".." and double slashes removed by text alone, in place. */
void pt_path_normalize(char *path);

#endif
