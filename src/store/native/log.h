/* log.h: the batches since the base: written, read again, cut where they end. */
#ifndef PT_NATIVE_LOG_H
#define PT_NATIVE_LOG_H

#include "store/native/files.h"

typedef struct pt_log {
    int file; /* -1: not open for writing */
    u64 number;
    u64 size;   /* bytes that count */
    u64 synced; /* of them known to be on the disk */
    u64 chain;
    u64 salt;
    bool broken; /* a write or sync failed: nothing can be appended any more */
} pt_log;

/* A new log, synced; the folder is not. */
int pt_log_make(pt_log *out, pt_disk *disk, const char *folder, const char *uuid, u64 number, u64 generation,
                pt_error *error);
/* Appends one record; with `sync` it is on the disk when this returns. On failure the log is cut back to what it was, or
 * broken where that fails too. */
int pt_log_append(pt_log *log, pt_disk *disk, const void *payload, u64 size, bool sync, pt_error *error);
int pt_log_sync(pt_log *log, pt_disk *disk, pt_error *error);
void pt_log_close(pt_log *log, pt_disk *disk);

/* The bytes of a log, and where its records are. */
typedef struct pt_log_view {
    void *data;
    u64 size, valid; /* valid: up to the end of the last record that counts */
    u64 generation, chain, salt;
    struct {
        u64 offset, size;
    } * records; /* payloads */
    u32 count;
} pt_log_view;
/* Reads a log; `uuid` "": of any store. `sure`: so many bytes have to be sound (PT_ECORRUPT if not); `last`: what follows them may be anything.
 * PT_ENOTFOUND: it is gone. */
int pt_log_read(pt_log_view *out, pt_disk *disk, const char *folder, const char *uuid, u64 number, u64 sure, bool last,
                pt_error *error);
void pt_log_view_free(pt_log_view *view);
/* Opens the last log for appending behind what counts; the rest is cut off. */
int pt_log_resume(pt_log *out, const pt_log_view *view, pt_disk *disk, const char *folder, u64 number, pt_error *error);

#endif
