/* store.h: what keeps a graph and the facts it came from: a versioned vtable an engine fills in.
 *
 * A store is opened by URI (`native:FOLDER`, `sqlite:FILE`). One process writes at a time; any number read, and see the
 * state of their opening or a later one. A commit is applied whole or not at all; its graph's generation is greater than
 * the store's. A store that is corrupt, foreign or of a later version is told by PT_ECORRUPT and never
 * changed; only pt_store_reset, asked for by the user, replaces it.
 *
 * To add an engine: fill a pt_store_engine, list it in store.c, add it to tests/unit/test_store.c. */
#ifndef PT_STORE_H
#define PT_STORE_H

#include "graph/delta.h"

enum { PT_STORE_MAGIC = 0x54535450 /* "PTST" */, PT_STORE_ABI = 2 };
/* PT_STORE_FULL: a commit is on the disk when it returns; without it a power cut may take the last commits, never the
 * order or the wholeness of those before. */
/* PT_STORE_WHOLE: everything is read through before it is believed, whatever its stamps say.
 * PT_STORE_BACKGROUND: for whoever stays: what a commit leaves to tidy up is done beside it, at a rate that leaves the disk
 * to others. */
enum { PT_STORE_READ = 0, PT_STORE_WRITE = 1, PT_STORE_FULL = 2, PT_STORE_BACKGROUND = 4, PT_STORE_WHOLE = 8 };

typedef struct pt_store pt_store;

/* Facts of one file to keep. */
typedef struct pt_kept_file {
    const char *path;
    u32 edition;
    pt_file_stamp stamp;
    pt_hash128 hash;
    const void *facts;
    u32 facts_size;
    bool unchanged; /* the store has them already */
} pt_kept_file;

typedef struct pt_batch {
    const pt_graph *graph;     /* the state after the batch */
    const pt_graph *previous;  /* the state the store holds, for a diff; NULL: unknown, everything is written */
    const pt_kept_file *files; /* all files of the state */
    u32 file_count;
    u64 fingerprint; /* of the workspace's manifests */
} pt_batch;

/* A batch by whoever knows what changed. */
typedef struct pt_append {
    /* Makes the batch that follows `before`, the latest snapshot, which stays the latest until the end of the append. */
    int (*make)(void *payload, pt_delta_builder *out, const pt_graph *before, pt_error *error);
    void *payload;
    const pt_kept_file *files; /* those that changed; without facts: that went */
    u32 file_count;
} pt_append;

typedef struct pt_store_stats {
    u64 bytes, generation, nodes, edges, files;
    u64 fingerprint;
    u64 rows_written; /* by the last commit */
    char uuid[40];
} pt_store_stats;

typedef struct pt_store_engine {
    u32 magic, abi;
    const char *name;
    /* required */
    int (*open)(pt_store **out, const char *location, int mode, pt_error *error);
    void (*close)(pt_store *store);
    int (*commit)(pt_store *store, const pt_batch *batch, pt_error *error);
    /* Closed with pt_graph_close, before the store. PT_ENOTFOUND: empty store. */
    int (*load_graph)(pt_store *store, pt_graph **out, pt_error *error);
    int (*each_file)(pt_store *store, bool with_facts, int (*visit)(void *payload, const pt_kept_file *file),
                     void *payload, pt_error *error);
    int (*stats)(pt_store *store, pt_store_stats *out, pt_error *error);
    int (*reset)(const char *location, pt_error *error); /* removes the store's own files, nothing else */
    int (*edges)(pt_store *store, u32 node, pt_direction direction, int kind, int (*visit)(void *payload, pt_word word),
                 void *payload, pt_error *error);
    /* optional: answered inside the engine; NULL where it can't */
    int (*reach)(pt_store *store, u32 node, u32 depth, int (*visit)(void *payload, u32 node, u32 depth), void *payload,
                 pt_error *error);
    int (*checkpoint)(pt_store *store, pt_error *error);
    /* As commit, without a graph that was built anew: costs what the batch is long. */
    int (*append)(pt_store *store, const pt_append *batch, pt_error *error);
    /* Reads everything through and holds it against every law; `tell` says what was found sound, and how much. */
    int (*verify)(pt_store *store, void (*tell)(void *payload, const char *what, u64 count), void *payload,
                  pt_error *error);
    /* The writer whose readers see every commit at once; NULL while the store is empty. The store's own. */
    struct pt_graph_writer *(*writer)(pt_store *store);
    /* Nothing is to be done for a while: memory that can be read again may go. */
    void (*relax)(pt_store *store);
    /* Of a store that may be damaged: the files whose facts are provably whole. Changes nothing. */
    int (*salvage)(const char *location, int (*visit)(void *payload, const pt_kept_file *file), void *payload,
                   pt_error *error);
} pt_store_engine;

struct pt_store {
    const pt_store_engine *engine;
};

/* Engines built in, NULL-terminated. */
const pt_store_engine *const *pt_store_engines(void);
/* Splits a URI; PT_EUSAGE names the engines there are. */
int pt_store_parse(const pt_store_engine **engine, const char **location, const char *uri, pt_error *error);
int pt_store_open(pt_store **out, const char *uri, int mode, pt_error *error);
void pt_store_close(pt_store *store);
/* What a store holds, into another one, which has to be new or empty: graph, facts, fingerprint; it gets a uuid and generations
 * of its own. PT_EUSAGE: something is there already. */
int pt_store_copy(pt_store *from, const char *to_uri, pt_error *error);
/* A random UUID (version 4), as text: 36 characters. */
void pt_store_make_uuid(char out[40]);

extern const pt_store_engine pt_native_engine, pt_sqlite_engine;

#endif
