/* server.h: the daemon: one workspace, one Unix socket (mode 0600), newline-delimited JSON-RPC 2.0.
 *
 * Methods: every command of query/query.h (params: query/request.h, and `wait`: milliseconds to wait for saves that are on
 * their way, 12 without it); `status`; `index` (a batch now; its end is the answer); `subscribe` (each batch is told by a
 * notification `update`); `ping`; `stop`. Errors of ours are -32000 + the code of base.h, with the answer, if any, as `data`.
 *
 * Limits: a request of 1 MB, 64 of one connection in work (then it is not read until some are answered), 2,048 connections
 * (the next one is closed at once); two questions of a connection are worked on at a time, and it is not read while 1 MB of its
 * answers is unread (above 32 MB it is closed). When the daemon ends, clients have a second to read. */
#ifndef PT_SERVER_H
#define PT_SERVER_H

#include "live/client.h"
#include "live/live.h"

typedef struct pt_server_options {
    pt_live_options live; /* `updated` is the server's */
    pt_daemon_paths paths;
    u32 idle_minutes; /* ends when nobody asked and nothing changed for so long; 0: never */
    int ready;        /* a line is written to it once questions are answered, and it is closed; -1: none */
    bool foreground;  /* log to standard error too */
} pt_server_options;

/* Serves until it is told to stop, by signal, request or idleness. The lock of the paths is held by the caller. */
int pt_server_run(const pt_server_options *options, pt_error *error);

#endif
