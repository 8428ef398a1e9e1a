/* live.h: a workspace that is kept up to date: a watch, a thread that indexes what changed, snapshots that answer.
 *
 * Freshness: a question takes a ticket when it comes: everything the watch had told by then. It is answered from the first
 * snapshot that covers its ticket, or, after the time it is willing to wait, from the latest one, with `complete` false,
 * `pending` (files not in it yet) and their names in `stale`. One save or a thousand that came while an index ran are
 * one batch; while git holds `.git/index.lock` (at most two seconds) a batch waits for the end of the checkout. */
#ifndef PT_LIVE_H
#define PT_LIVE_H

#include "live/index.h"
#include "query/request.h"

typedef struct pt_live pt_live;

/* What one batch did. */
typedef struct pt_live_update {
    u64 generation, nodes, edges, us; /* us: from the first event to the snapshot */
    u32 files;                        /* that changed */
    u32 read, resolved;               /* files read; items whose signature or body was resolved */
    const char *whole;                /* why everything was made anew; "": it was not, the batch cost what it changed */
    const char *first;                /* one of them, relative to the workspace; "" at the start */
    int code;                         /* PT_OK, or why the state stayed what it was */
    const char *message;
} pt_live_update;

typedef struct pt_live_options {
    pt_index_options index; /* path: the workspace; store: URI. Texts have to outlive the pt_live */
    u32 cache;              /* answers to keep; 0: none */
    /* Called on the indexing thread after each batch. */
    void (*updated)(void *payload, const pt_live_update *update);
    void *payload;
} pt_live_options;

/* Opens the store for writing, serves what is in it, and begins to index. PT_EBUSY: another process writes this store. */
int pt_live_open(pt_live **out, const pt_live_options *options, pt_error *error);
/* What it was opened with. */
const pt_index_options *pt_live_index(const pt_live *live);
/* Finishes the batch in work and closes the store. */
void pt_live_close(pt_live *live);

/* Of the watching thread: readable when something happened; takes notice of it. */
int pt_live_descriptor(const pt_live *live);
void pt_live_notice(pt_live *live);
/* What a question that comes now has to see: call pt_live_notice first, on the watching thread. */
u64 pt_live_ticket(pt_live *live);
bool pt_live_covers(pt_live *live, u64 ticket);
/* A look at everything even if nothing is known to have changed; the ticket it covers. */
u64 pt_live_refresh(pt_live *live);
/* Now and then, on the watching thread: looks where no watch reaches. */
void pt_live_look(pt_live *live);

/* Answers a question from the latest snapshot, on any thread. `*answer` as of pt_query_run. PT_ENOTFOUND with no answer:
 * nothing is indexed yet. */
int pt_live_ask(pt_live *live, const char *command, const json_t *params, u64 ticket, json_t **answer, pt_error *error);
/* What the last batch did, as `index --json` tells it; NULL, and why, when it failed. */
json_t *pt_live_report(pt_live *live, pt_error *error);
/* State, sizes, times: a new object. */
json_t *pt_live_status(pt_live *live);
/* docs/schema/history.json, without `updates`: durations of the last hour, minute by minute. A new object. */
json_t *pt_live_history(pt_live *live);
/* What does not keep up (monitor.h), with advice: a new array, empty when all is well. */
json_t *pt_live_triggers(pt_live *live);
/* A question waited so long for its ticket. */
void pt_live_waited(pt_live *live, u64 us);

#endif
