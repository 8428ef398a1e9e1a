/* writer.h: one writer, many readers. The writer prepares the next snapshot from a batch and publishes it by one store;
 * a reader enters, reads the snapshot of that moment for as long as it likes, and leaves. Readers never wait, and the
 * writer never waits for them: what a batch replaced is freed once every reader that was inside then has left (epochs:
 * Fraser, Practical Lock-Freedom, 2004, 5.2.3). A reader that does not leave delays memory, nothing else. */
#ifndef PT_WRITER_H
#define PT_WRITER_H

#include "graph/overlay.h"

typedef struct pt_graph_writer pt_graph_writer;

/* A snapshot without overlay to begin with, and how to let go of it; `release` may be NULL. */
typedef struct pt_graph_base {
    pt_graph graph;
    void (*release)(void *payload);
    void *payload;
} pt_graph_base;
/* A graph that pt_graph_open gave, taken: closed when the base is let go of. */
pt_graph_base pt_graph_base_of(pt_graph *graph);

/* Takes the base, also when it fails. */
int pt_graph_writer_create(pt_graph_writer **out, const pt_graph_base *base, pt_error *error);
/* Every reader must have left. */
void pt_graph_writer_destroy(pt_graph_writer *writer);

/* The snapshot after a batch, which nobody sees yet. PT_ECORRUPT: the batch does not fit; PT_ELIMIT: a new base is due;
 * then as with PT_ENOMEM nothing changed. */
int pt_graph_writer_prepare(pt_graph_writer *writer, const pt_delta *delta, pt_error *error);
/* Reading a log again, before the first reader: as prepare and publish, but nothing is copied that nobody has seen. After
 * a failure the writer is good for pt_graph_writer_destroy only. */
int pt_graph_writer_replay(pt_graph_writer *writer, const pt_delta *delta, pt_error *error);
const pt_graph *pt_graph_writer_prepared(const pt_graph_writer *writer);
void pt_graph_writer_publish(pt_graph_writer *writer);
void pt_graph_writer_discard(pt_graph_writer *writer);
/* Another base, whose generation some batch of the current one had, and the batches since. Published at once; on failure
 * the state stays as it is and the base is let go of. */
int pt_graph_writer_rebase(pt_graph_writer *writer, const pt_graph_base *base, const pt_delta *deltas, u32 count,
                           pt_error *error);
/* What it stands on, until the next rebase. */
const pt_graph_base *pt_graph_writer_base(const pt_graph_writer *writer);
/* What was published last: for the writer's own thread. */
const pt_graph *pt_graph_writer_latest(const pt_graph_writer *writer);

typedef struct pt_writer_stats {
    u64 held, used; /* bytes of the overlay */
    u64 waiting;    /* bytes that wait for readers to leave */
    u32 patches;    /* nodes that have something in the overlay */
} pt_writer_stats;
void pt_graph_writer_stats(const pt_graph_writer *writer, pt_writer_stats *out);

/* Readers: one a thread. At most PT_READERS at a time; PT_ELIMIT. */
enum { PT_READERS = 256 };
typedef struct pt_reader pt_reader;
int pt_reader_open(pt_reader **out, pt_graph_writer *writer, pt_error *error);
void pt_reader_close(pt_reader *reader);
/* The latest snapshot, valid until pt_reader_leave. Not nested. */
const pt_graph *pt_reader_enter(pt_reader *reader);
void pt_reader_leave(pt_reader *reader);

#endif
