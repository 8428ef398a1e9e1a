/* client.h: where the daemon of a workspace is, and how to ask it: newline-delimited JSON-RPC 2.0 over a Unix socket. */
#ifndef PT_CLIENT_H
#define PT_CLIENT_H

#include "base/alloc.h"

#include <jansson.h>

enum { PT_DAEMON_PATH = 256 };
/* Places of the daemon of a workspace (its absolute path): short names, as a socket's path may have 107 bytes at most. The
 * folder of socket and lock is its owner's alone; it is made, with that of the log, when `make` says so. */
typedef struct pt_daemon_paths {
    char socket[PT_DAEMON_PATH], lock[PT_DAEMON_PATH];
    char log[4096]; /* below XDG_STATE_HOME */
} pt_daemon_paths;
/* PT_ENOTFOUND: not there and not made: no daemon ever ran. */
int pt_daemon_find(pt_daemon_paths *out, const char *workspace, bool make, pt_error *error);
/* Takes the daemon's lock: *descriptor holds it until it is closed or the process ends. PT_EBUSY: another one runs. */
int pt_daemon_lock(int *descriptor, const char *path, pt_error *error);

/* True when nobody holds it; makes nothing. */
bool pt_daemon_is_gone(const char *lock);

typedef struct pt_client pt_client;
/* PT_ENOTFOUND: nobody listens there. */
int pt_client_connect(pt_client **out, const char *socket, pt_error *error);
void pt_client_close(pt_client *client);
/* One call: `params` is taken (NULL: none). `*result` is a new reference: what the method gave, or, with a code of base.h and
 * a message, the answer that tells more (NULL when there is none). */
int pt_client_call(pt_client *client, const char *method, json_t *params, json_t **result, pt_error *error);
/* The params of the next notification. PT_EIO: the daemon went. */
int pt_client_next(pt_client *client, json_t **params, pt_error *error);

#endif
