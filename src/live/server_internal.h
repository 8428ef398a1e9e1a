/* server_internal.h: what the daemon's files share: server.c runs the loop, server_connections.c reads and answers. */
#ifndef PT_SERVER_INTERNAL_H
#define PT_SERVER_INTERNAL_H

#include "live/server.h"

#include "live/monitor.h"

#include <stdio.h>
#include <sys/stat.h>

typedef pt_server server;
typedef struct request request;
typedef struct connection {
    uv_pipe_t pipe; /* first */
    server *s;
    struct connection *before, *after;
    pt_buffer in;
    u32 in_work, references; /* references: requests, and being open */
    u32 running;
    request *ready, *ready_last; /* not begun, in their order */
    bool subscribed, closing, paused, over;
    char chunk[16 << 10];
} connection;

struct request {
    uv_work_t work; /* first */
    uv_timer_t timer;
    struct request *before, *after; /* among those that wait, or that are ready */
    connection *c;
    json_t *id, *params;
    char *text; /* the answer's line */
    char method[48];
    u64 ticket, since_us; /* since_us: when it began to wait, 0 it did not */
    bool waiting, is_index;
};

/* What a front asked to be done once it is fresh. */
typedef struct job {
    uv_work_t work; /* first */
    uv_timer_t timer;
    struct job *before, *after; /* among those that wait */
    server *s;
    void (*doing)(void *payload, pt_live *live, u64 ticket);
    void (*done)(void *payload);
    void *payload;
    u64 ticket, since_us;
    bool waiting;
} job;

typedef struct told_update {
    pt_live_update update;
    char first[256], message[1024], whole[256];
} told_update;

struct pt_server {
    pt_server_options o;
    uv_loop_t loop;
    uv_pipe_t listener;
    uv_poll_t watch;
    uv_async_t async;
    uv_signal_t terminate, interrupt;
    uv_timer_t look_after, poll;
    pt_live *live;
    connection *connections;
    request *waiting;
    job *jobs; /* that wait */
    void *front;
    u32 connection_count;
    u64 last_activity_ms;
    bool stopping, ready_told;
    bool on[PT_TRIGGERS]; /* told in the log */
    FILE *log;
    uv_mutex_t mutex; /* of updates */
    PT_VEC(told_update) updates;
    struct stat socket, workspace;
};

/* server.c */
void pt_server_say(server *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pt_server_stop(server *s, const char *why);

/* server_connections.c */
void pt_server_accept(uv_stream_t *listener, int status);
void pt_connection_close(connection *c);
size_t pt_connection_unread(connection *c);
/* Sends one line; the text is taken. */
void pt_connection_send(connection *c, char *text);
/* The object as a line, taken. NULL: it holds what JSON cannot say. */
char *pt_line_of(json_t *line);
/* What waited is fresh, or does not wait any more. */
void pt_request_go(request *r);
void pt_job_go(job *j);

#endif
