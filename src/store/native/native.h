/* native.h: the native engine's own side, for its modules, tests and benches. Format: format.h. */
#ifndef PT_NATIVE_H
#define PT_NATIVE_H

#include "graph/writer.h"
#include "store/native/log.h"
#include "store/store.h"

#include <pthread.h>

typedef struct pt_native_store {
    pt_store base;
    pt_disk *disk;
    char *folder;
    bool writes, full; /* full: every commit is synced */
    bool lost;         /* the state in memory is behind the disk: to be opened again */
    int lock;          /* -1: none */
    pt_manifest manifest;
    pt_graph_writer *writer; /* NULL: the store is empty */
    pt_log log;
    u64 fingerprint, rows;
    u64 log_cap;  /* bytes of log that start a checkpoint, */
    u64 work_cap; /* and bytes of batches in it, facts left out */
    u64 work;     /* of the log */
    u64 rate;     /* bytes a second that a checkpoint may write; 0: all */
    bool verify;  /* read everything through on opening */
    /* a checkpoint in the background */
    pthread_mutex_t mutex; /* holds: commit, the ends of a checkpoint */
    pthread_t thread;
    bool background, started, running, stop;
    int checkpoint_code;
    pt_error checkpoint_error;
} pt_native_store;

/* As the engine's open, on any disk. `mode`: PT_STORE_READ or PT_STORE_WRITE, with PT_STORE_FULL. */
int pt_native_open_on(pt_store **out, pt_disk *disk, const char *folder, int mode, pt_error *error);
/* Appends a batch (a block of type PT_BLOCK_DELTA) and shows it. The mutex is held. */
int pt_native_append(pt_native_store *store, const void *block, u64 size, pt_error *error);
int pt_native_reset_on(pt_disk *disk, const char *folder, pt_error *error);

/* base.c */
/* Opens the base a manifest names, as a snapshot without overlay. */
int pt_native_base_open(pt_graph_base *out, pt_disk *disk, const char *folder, const pt_manifest *manifest, bool whole,
                        pt_error *error);
/* Its pages may go from memory until they are read again. */
void pt_native_base_relax(const pt_graph_base *base);
/* Writes the files of a base: all of `graph`, or, where `old` is the base below the graph's overlay, those shards that
 * changed. Entries are appended to next->files, numbers taken from next->head. */
int pt_native_base_write(pt_manifest *next, pt_disk *disk, const char *folder, const pt_graph *graph,
                         const pt_manifest *old, const pt_throttle *throttle, pt_error *error);
/* Removes the files of the store that its manifest does not name. */
void pt_native_sweep(pt_disk *disk, const char *folder, const pt_manifest *manifest);

/* kept.c */
typedef struct pt_kept_entry {
    pt_kept_file file; /* path and facts point into what the table holds */
    u32 order;         /* a greater one replaces a smaller one */
    bool removed;
} pt_kept_entry;
typedef struct pt_kept_table {
    PT_VEC(pt_kept_entry) entries; /* sorted by (path, edition), the last word on each */
    PT_VEC(pt_native_file *) files;
    PT_VEC(pt_log_view) logs;
    u64 dead; /* bytes of facts that were replaced or removed */
} pt_kept_table;
/* `exact`: of every log so many bytes as the manifest says. */
int pt_kept_load(pt_kept_table *out, pt_disk *disk, const char *folder, const pt_manifest *manifest, bool exact,
                 pt_error *error);
/* Appends what one block says; `order` above all so far. Blocks that do not fit their own bounds: PT_ECORRUPT. */
int pt_kept_add(pt_kept_table *table, const void *block, u32 order, const char *name, pt_error *error);
void pt_kept_finish(pt_kept_table *table); /* sorts, keeps the last word */
void pt_kept_free(pt_kept_table *table);
int pt_native_gone(const pt_native_store *store, pt_error *error);
int pt_native_load_kept(pt_kept_table *table, const pt_native_store *store, pt_error *error);
/* Files to keep as parts of a block; NULL facts: removed. Freed with pt_kept_parts_free. */
typedef struct pt_kept_parts {
    pt_kept_info info;
    PT_VEC(pt_kept_record) records;
    pt_buffer text;
    PT_VEC(pt_block_part) pieces; /* of kept_facts */
    PT_VEC(u64) tails;            /* the last bytes of blocks whose size is no multiple of 8 */
    PT_VEC(pt_block_part) parts;
} pt_kept_parts;
int pt_kept_put(pt_kept_parts *parts, const pt_kept_file *file, pt_error *error);
int pt_kept_end(pt_kept_parts *parts, u64 fingerprint, pt_error *error);
void pt_kept_parts_free(pt_kept_parts *parts);

/* checkpoint.c: everything so far into a new base; the store's mutex is taken inside. */
int pt_native_checkpoint(pt_native_store *store, pt_error *error);
int pt_native_checkpoint_held(pt_native_store *store, pt_error *error); /* the mutex is held, no other one runs */
/* A new base from a graph that was built anew. The mutex is held. */
int pt_native_replace(pt_native_store *store, const pt_batch *batch, pt_error *error);
/* Starts one in the background unless one runs. */
void pt_native_start_checkpoint(pt_native_store *store);
/* Waits for the one in the background; `stop`: tells it to give up. */
void pt_native_join(pt_native_store *store, bool stop);

/* verify.c */
int pt_native_verify(pt_store *store, void (*tell)(void *payload, const char *what, u64 count), void *payload,
                     pt_error *error);
int pt_native_salvage_on(pt_disk *disk, const char *folder, int (*visit)(void *payload, const pt_kept_file *file),
                         void *payload, pt_error *error);

#endif
