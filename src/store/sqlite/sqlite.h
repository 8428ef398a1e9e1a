/* sqlite.h: what the SQLite engine's files share: sqlite.c opens and reads (and says what is where), write.c writes. */
#ifndef PT_SQLITE_H
#define PT_SQLITE_H

#include "graph/fold.h"
#include "graph/writer.h"
#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>

typedef struct pt_sqlite_store {
    pt_store base;
    sqlite3 *db;
    char *path;
    bool writes;
    bool stays;              /* PT_STORE_BACKGROUND: the state is kept in a writer */
    bool lost;               /* memory is behind the disk */
    pt_graph_writer *writer; /* NULL: nothing was committed yet, or it does not stay */
    u64 rows;
    u64 image_bytes, batch_bytes;
} pt_sqlite_store;

int pt_sqlite_error(pt_sqlite_store *s, int code, pt_error *error);
int pt_sqlite_run(pt_sqlite_store *s, const char *sql, pt_error *error);
int pt_sqlite_prepare(pt_sqlite_store *s, sqlite3_stmt **out, const char *sql, pt_error *error);
int pt_sqlite_number(pt_sqlite_store *s, i64 *out, const char *sql, pt_error *error);
int pt_sqlite_set_meta(pt_sqlite_store *s, const char *key, u64 value, pt_error *error);

/* Image and batches as a writer: PT_ENOTFOUND, nothing was committed yet. */
int pt_sqlite_load(pt_sqlite_store *s, pt_graph_writer **writer, pt_error *error);
int pt_sqlite_commit(pt_store *store, const pt_batch *batch, pt_error *error);
int pt_sqlite_append(pt_store *store, const pt_append *batch, pt_error *error);
/* Batches become the image's. On failure all is as it was. */
int pt_sqlite_fold(pt_sqlite_store *s, pt_error *error);

#endif
