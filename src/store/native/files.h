/* files.h: the files of a native store: their names, the manifest, blocks written and mapped. */
#ifndef PT_NATIVE_FILES_H
#define PT_NATIVE_FILES_H

#include "store/native/disk.h"
#include "store/native/format.h"

enum { PT_NATIVE_PATH = 4200 };
typedef struct pt_manifest {
    pt_manifest_header head;
    PT_VEC(pt_manifest_file) files;
} pt_manifest;

/* Path of a file of the store; `kind` 0: the name `name`. */
void pt_native_path(char out[PT_NATIVE_PATH], const char *folder, u32 kind, u32 shard, u64 number);
void pt_native_path_named(char out[PT_NATIVE_PATH], const char *folder, const char *name);
/* Is it the name of a file that a store makes (not manifest or lock)? */
bool pt_native_owns(const char *name, u32 *kind, u32 *shard, u64 *number);

/* PT_ENOTFOUND: there is none. PT_ECORRUPT: damaged, foreign, of a later version. */
int pt_manifest_read(pt_manifest *out, pt_disk *disk, const char *folder, pt_error *error);
/* Replaces the manifest; on failure the old one stands, or (when only the last sync failed) either of them. */
int pt_manifest_write(pt_manifest *manifest, pt_disk *disk, const char *folder, pt_error *error);
void pt_manifest_free(pt_manifest *manifest);
/* The n-th entry of a kind, or NULL. */
const pt_manifest_file *pt_manifest_find(const pt_manifest *manifest, u32 kind, u32 index);
int pt_manifest_copy(pt_manifest *out, const pt_manifest *from, pt_error *error);

/* How fast a checkpoint may write. */
typedef struct pt_throttle {
    u64 bytes_per_second; /* 0: as fast as it goes */
    bool *stop;           /* set: give up with PT_EBUSY; may be NULL */
} pt_throttle;
/* Writes, syncs and closes a new file of one block. `entry` has kind, shard and number; the rest is filled in. */
int pt_native_write_block(pt_manifest_file *entry, pt_disk *disk, const char *folder, u16 type,
                          const pt_block_part *parts, u32 count, const pt_throttle *throttle, pt_error *error);

/* A mapped file, shared by all bases that need it. One thread counts. */
typedef struct pt_native_file {
    u32 references;
    pt_disk *disk;
    const void *data;
    u64 size;
    u32 kind, shard;
    u64 number;
    bool sure; /* it is the file that was written: its contents need no look */
} pt_native_file;
/* Maps a file and checks its header against the manifest, all of it when `whole` is set or when it is not the file that
 * was written (stamp). PT_ENOTFOUND: it is gone, another manifest may be there by now. */
int pt_native_map(pt_native_file **out, pt_disk *disk, const char *folder, const pt_manifest_file *entry, u16 type,
                  bool whole, pt_error *error);
void pt_native_unmap(pt_native_file *file);

#endif
