/* disk.h: the few things the native store asks of a file system, so that tests can put a simulated one in its place.
 *
 * What holds on any disk, and no more: bytes written to a file may be lost, torn at any byte or reach the platter in
 * any order until `sync` of that file returned; a name made, renamed or removed in a folder may be undone until
 * `sync_folder` of that folder returned. A rename is never half done. After a failed `sync` nothing is known of the
 * file's bytes. Paths are whole paths. Every function returns PT_OK or a negative code and fills `error`:
 * PT_ENOTFOUND no such file, PT_EBUSY the lock is held, PT_EIO everything else, with the path and what to do. */
#ifndef PT_DISK_H
#define PT_DISK_H

#include "base/base.h"

/* Who a file is: it stays the same as long as nobody writes to the file, whoever reads it. */
typedef struct pt_disk_stamp {
    u64 device, inode, size;
    i64 modified_ns, changed_ns;
} pt_disk_stamp;

typedef struct pt_disk pt_disk;
struct pt_disk {
    /* Opens a file for writing; `make`: it must not exist yet. */
    int (*open)(pt_disk *disk, int *file, const char *path, bool make, pt_error *error);
    /* Writes all bytes at an offset. After a failure any part of them may stand there. */
    int (*write)(pt_disk *disk, int file, u64 offset, const void *bytes, u64 size, pt_error *error);
    int (*truncate)(pt_disk *disk, int file, u64 size, pt_error *error);
    int (*sync)(pt_disk *disk, int file, pt_error *error);
    int (*stamp)(pt_disk *disk, int file, pt_disk_stamp *out, pt_error *error);
    void (*close)(pt_disk *disk, int file);
    int (*rename)(pt_disk *disk, const char *from, const char *to, pt_error *error);
    int (*unlink)(pt_disk *disk, const char *path, pt_error *error);
    int (*sync_folder)(pt_disk *disk, const char *path, pt_error *error);
    int (*make_folder)(pt_disk *disk, const char *path, pt_error *error);   /* PT_OK also when it is there */
    int (*remove_folder)(pt_disk *disk, const char *path, pt_error *error); /* an empty one */
    /* The whole file, read-only, as it is now; stays readable when the file is unlinked. NULL and 0 for an empty one. */
    int (*map)(pt_disk *disk, const void **data, u64 *size, pt_disk_stamp *stamp, const char *path, pt_error *error);
    void (*unmap)(pt_disk *disk, const void *data, u64 size);
    /* A copy of the bytes [offset, end of file) in fresh memory (pt_free). For files that grow while they are read. */
    int (*read)(pt_disk *disk, void **data, u64 *size, const char *path, u64 offset, pt_error *error);
    /* Names in a folder, without order, "." and ".." left out. */
    int (*list)(pt_disk *disk, const char *path, void (*visit)(void *payload, const char *name), void *payload,
                pt_error *error);
    /* One writer: PT_EBUSY while another process holds the lock. It goes with the process. */
    int (*lock)(pt_disk *disk, int *lock, const char *path, pt_error *error);
    void (*unlock)(pt_disk *disk, int lock);
};

/* The file system of this machine. */
pt_disk *pt_disk_real(void);

#endif
