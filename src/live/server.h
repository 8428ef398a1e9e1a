/* server.h: the daemon: one workspace, one Unix socket (mode 0600), newline-delimited JSON-RPC 2.0.
 *
 * Methods: every command of query/query.h (params: query/request.h, and `wait`: milliseconds to wait for saves that are on
 * their way, 12 without it); `status`; `index` (a batch now; its end is the answer); `subscribe` (each batch is told by a
 * notification `update`); `serve` (opens the front: HTTP); `tool` (a tool of mcp/tools.h: params `name`, `arguments`, `wait`; what is cut is cut here); `ping`; `stop`. Errors of ours are -32000 + the code of base.h, with the answer, if any, as `data`.
 *
 * Limits: a request of 1 MB, 64 of one connection in work (then it is not read until some are answered), 2,048 connections
 * (the next one is closed at once); two questions of a connection are worked on at a time, and it is not read while 1 MB of its
 * answers is unread (above 32 MB it is closed). When the daemon ends, clients have a second to read. */
#ifndef PT_SERVER_H
#define PT_SERVER_H

#include "live/client.h"
#include "live/live.h"

#include <uv.h>

typedef struct pt_server pt_server;

/* Another way in beside the socket. All is called on the server's thread. */
typedef struct pt_server_front {
    /* Begins to serve, on the server's loop, as `params` (of the method `serve`) say; `*told` says where: a new object. Called
     * again for each `serve`: `*front` is what the first call left there. */
    int (*start)(void **front, pt_server *server, uv_loop_t *loop, const json_t *params, json_t **told,
                 pt_error *error);
    void (*update)(void *front, const json_t *update); /* a batch, as `subscribe` tells it */
    /* No more requests; what is open is answered. It frees itself, and leaves nothing on the loop. */
    void (*stop)(void *front);
} pt_server_front;

/* Once all saves known now are in the snapshot, or after `wait_ms`: `work` on a thread of the pool, then `done`. */
void pt_server_fresh(pt_server *server, u32 wait_ms, void (*work)(void *payload, pt_live *live, u64 ticket),
                     void (*done)(void *payload), void *payload);
/* Somebody is there: the daemon is not idle. */
void pt_server_active(pt_server *server);
/* As the method `status`: a new object. */
json_t *pt_server_status(pt_server *server);
pt_live *pt_server_live(pt_server *server);

typedef struct pt_server_options {
    pt_live_options live; /* `updated` is the server's */
    pt_daemon_paths paths;
    u32 idle_minutes;             /* ends when nobody asked and nothing changed for so long; 0: never */
    int ready;                    /* a line is written to it once questions are answered, and it is closed; -1: none */
    bool foreground;              /* log to standard error too */
    const pt_server_front *front; /* NULL: the socket alone */
    /* What the method `tool` does (params: name, arguments, wait), on a thread of the pool; NULL: there is none. */
    int (*tool)(pt_live *live, u64 ticket, const char *name, const json_t *arguments, json_t **result, pt_error *error);
} pt_server_options;

/* Serves until it is told to stop, by signal, request or idleness. The lock of the paths is held by the caller. */
int pt_server_run(const pt_server_options *options, pt_error *error);

#endif
