#include "live/server.h"

#include "live/monitor.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

enum {
    REQUEST_LIMIT = 1 << 20,
    IN_WORK = 64,
    CONNECTIONS = 2048,
    UNREAD_LIMIT = 32 << 20,
    UNREAD_PAUSE = 1 << 20, /* then what was asked waits until the client has read */
    RUNNING = 2,            /* questions of one connection that are worked on at a time */
    DESCRIPTORS = 8192,
    DEFAULT_WAIT_MS = 12,
    LOG_LIMIT = 1 << 20,
    LOOK_AFTER_MS = 5000,
    POLL_MS = 2000,
    GRACE_MS = 1000 /* for clients to read their answers, at the end */
};

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

/* The log. */

static void say(server *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(server *s, const char *format, ...) {
    char stamp[32];
    struct tm parts;
    time_t now = time(NULL);
    va_list arguments;
    localtime_r(&now, &parts);
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &parts);
    for (u32 to = 0; to < 2; to++) {
        FILE *out = to ? (s->o.foreground ? stderr : NULL) : s->log;
        if (!out) continue;
        fprintf(out, "%s ", stamp);
        va_start(arguments, format);
        vfprintf(out, format, arguments);
        va_end(arguments);
        fputc('\n', out);
        fflush(out);
    }
    if (s->log && ftell(s->log) > LOG_LIMIT) { /* one old one is kept */
        char old[4100];
        snprintf(old, sizeof old, "%s.1", s->o.paths.log);
        fclose(s->log);
        rename(s->o.paths.log, old);
        s->log = fopen(s->o.paths.log, "ae");
    }
}

/* Connections. */

static void release(connection *c) {
    if (--c->references) return;
    pt_buffer_free(&c->in);
#ifndef __clang_analyzer__ /* it does not count references */
    free(c);
#endif
}
static void on_closed(uv_handle_t *handle) {
    connection *c = (connection *)handle;
    server *s = c->s;
    if (c->before) c->before->after = c->after;
    else s->connections = c->after;
    if (c->after) c->after->before = c->before;
    s->connection_count--;
    release(c);
}
static void pump(connection *c);
static void close_connection(connection *c) {
    if (c->closing) return;
    c->closing = true;
    pump(c);
    uv_close((uv_handle_t *)&c->pipe, on_closed);
}

static size_t unread(connection *c) { return uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe); }
static void resume(connection *c);

typedef struct writing {
    uv_write_t write; /* first */
    connection *c;
    char *text;
} writing;
static void on_written(uv_write_t *write, int status) {
    writing *w = (writing *)write;
    connection *c = w->c;
    free(w->text);
    free(w);
    if (status < 0 || (c->over && !c->in_work && !unread(c))) close_connection(c);
    else if (!c->closing) pump(c), resume(c);
    release(c);
}

/* Sends one line; the text is taken. */
static void send_text(connection *c, char *text) {
    writing *w = c->closing || !text ? NULL : calloc(1, sizeof *w);
    if (!w) {
        free(text);
        return;
    }
    size_t length = strlen(text);
    text[length] = '\n'; /* in place of its end */
    *w = (writing){.c = c, .text = text};
    uv_buf_t buffer = uv_buf_init(text, (unsigned)length + 1);
    c->references++;
    if (uv_write(&w->write, (uv_stream_t *)&c->pipe, &buffer, 1, on_written) != 0) {
        free(text);
        free(w);
        c->references--;
        close_connection(c);
        return;
    }
    if (unread(c) > UNREAD_LIMIT) {
        say(c->s, "a client that does not read is let go");
        close_connection(c);
    }
}

/* The object is taken. NULL: it holds what JSON cannot say. */
static char *line_of(json_t *line) {
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    json_decref(line);
    return text;
}
static char *error_line(json_t *id, int number, const char *message, json_t *data) {
    json_t *text = json_string(message); /* NULL when it is no UTF-8 */
    if (!text) text = json_string("failed");
    json_t *failure = json_pack("{s:i, s:o}", "code", number, "message", text);
    if (data) json_object_set(failure, "data", data);
    return line_of(json_pack("{s:s, s:O?, s:o}", "jsonrpc", "2.0", "id", id, "error", failure));
}
static char *result_line(json_t *id, json_t *result) {
    return line_of(json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result ? result : json_null()));
}
static void send_error(connection *c, json_t *id, int number, const char *message, json_t *data) {
    send_text(c, error_line(id, number, message, data));
}
static void send_result(connection *c, json_t *id, json_t *result) {
    char *text = result_line(id, result);
    send_text(c, text ? text : error_line(id, -32603, "the answer holds text that is no UTF-8", NULL));
}

/* Requests. */

static void take_input(connection *c);

static void on_request_freed(uv_handle_t *timer) {
    request *r = timer->data;
    connection *c = r->c;
    json_decref(r->id);
    json_decref(r->params);
    free(r->text);
    free(r);
    c->in_work--;
    if (!c->closing) {
        resume(c);
        if (c->over && !c->in_work && !unread(c)) close_connection(c);
    }
    release(c);
}
static void finish(request *r) {
    if (r->waiting) {
        if (r->before) r->before->after = r->after;
        else r->c->s->waiting = r->after;
        if (r->after) r->after->before = r->before;
        r->waiting = false;
    }
    uv_close((uv_handle_t *)&r->timer, on_request_freed);
}

static void on_work(uv_work_t *work) {
    request *r = (request *)work;
    json_t *found = NULL;
    pt_error error = {0};
    int code = pt_live_ask(r->c->s->live, r->method, r->params, r->ticket, &found, &error);
    if (code) {
        r->text = error_line(r->id, -32000 + code, error.message, found);
        json_decref(found);
    } else {
        r->text = result_line(r->id, found);
    }
    if (!r->text) r->text = error_line(r->id, -32603, "the answer holds text that is no UTF-8", NULL);
}
static void on_answered(uv_work_t *work, int status) {
    request *r = (request *)work;
    connection *c = r->c;
    (void)status;
    c->running--;
    send_text(c, r->text);
    r->text = NULL;
    c->references++;
    finish(r);
    pump(c);
    release(c);
}

/* Begins what is ready, as far as the client reads what it was told. */
static void pump(connection *c) {
    while (c->ready && (c->closing || (c->running < RUNNING && unread(c) < UNREAD_PAUSE))) {
        request *r = c->ready;
        c->ready = r->after;
        if (!c->ready) c->ready_last = NULL;
        r->after = NULL;
        if (c->closing) {
            finish(r);
        } else if (uv_queue_work(&c->s->loop, &r->work, on_work, on_answered) != 0) {
            send_error(c, r->id, -32603, "no thread can be had", NULL);
            finish(r);
        } else {
            c->running++;
        }
    }
}
static void answer(request *r) {
    server *s = r->c->s;
    if (r->waiting) {
        if (r->before) r->before->after = r->after;
        else s->waiting = r->after;
        if (r->after) r->after->before = r->before;
        r->waiting = false;
    }
    uv_timer_stop(&r->timer);
    if (r->since_us && !r->is_index) pt_live_waited(s->live, pt_now_us() - r->since_us);
    if (r->is_index) {
        pt_error error = {0};
        json_t *report = pt_live_report(s->live, &error);
        if (report) send_result(r->c, r->id, report);
        else send_error(r->c, r->id, -32000 + error.code, error.message, NULL);
        finish(r);
        return;
    }
    r->before = r->after = NULL;
    if (r->c->ready_last) r->c->ready_last->after = r;
    else r->c->ready = r;
    r->c->ready_last = r;
    pump(r->c);
}
static void on_waited(uv_timer_t *timer) { answer(timer->data); }

static void stop(server *s, const char *why);

static void begin(connection *c, json_t *id, const char *method, json_t *params) {
    server *s = c->s;
    if (strcmp(method, "ping") == 0) {
        send_result(c, id, json_string("pong"));
        return;
    }
    if (strcmp(method, "status") == 0) {
        send_result(c, id, pt_server_status(s));
        return;
    }
    if (strcmp(method, "subscribe") == 0 || strcmp(method, "unsubscribe") == 0) {
        c->subscribed = method[0] == 's';
        send_result(c, id, json_boolean(c->subscribed));
        return;
    }
    if (strcmp(method, "serve") == 0 && s->o.front) {
        pt_error error = {0};
        json_t *told = NULL;
        int code = s->o.front->start(&s->front, s, &s->loop, params, &told, &error);
        if (code) {
            send_error(c, id, -32000 + code, error.message, NULL);
        } else {
            say(s, "serving %s", json_string_value(json_object_get(told, "url")));
            send_result(c, id, told);
        }
        return;
    }
    if (strcmp(method, "stop") == 0) {
        send_result(c, id, json_true());
        stop(s, "asked to");
        return;
    }
    bool is_index = strcmp(method, "index") == 0;
    if (!is_index && !pt_query_find(method)) {
        send_error(c, id, -32601, "no such method", NULL);
        return;
    }
    u32 wait = DEFAULT_WAIT_MS;
    const json_t *given = params ? json_object_get(params, "wait") : NULL;
    if (given && (!json_is_integer(given) || json_integer_value(given) < 0 || json_integer_value(given) > 3600000)) {
        send_error(c, id, -32602, "wait is a number of milliseconds, at most an hour's", NULL);
        return;
    }
    if (given) wait = (u32)json_integer_value(given);
    if (given) json_object_del(params, "wait");
    request *r = calloc(1, sizeof *r);
    if (!r) {
        send_error(c, id, -32603, "out of memory", NULL);
        return;
    }
    *r = (request){.c = c, .id = json_incref(id), .params = json_incref(params), .is_index = is_index};
    snprintf(r->method, sizeof r->method, "%s", method);
    uv_timer_init(&s->loop, &r->timer);
    r->timer.data = r;
    c->references++;
    c->in_work++;
    pt_live_notice(s->live);
    r->ticket = is_index ? pt_live_refresh(s->live) : pt_live_ticket(s->live);
    if (pt_live_covers(s->live, r->ticket) || (!wait && !is_index)) {
        answer(r);
        return;
    }
    r->waiting = true;
    r->since_us = pt_now_us();
    r->after = s->waiting;
    if (r->after) r->after->before = r;
    s->waiting = r;
    if (!is_index) uv_timer_start(&r->timer, on_waited, wait, 0);
}

/* Jobs of a front. */

static void on_job_freed(uv_handle_t *timer) { free(timer->data); }
static void on_job(uv_work_t *work) {
    job *j = (job *)work;
    j->doing(j->payload, j->s->live, j->ticket);
}
static void on_job_done(uv_work_t *work, int status) {
    job *j = (job *)work;
    (void)status;
    j->done(j->payload);
    uv_close((uv_handle_t *)&j->timer, on_job_freed);
}
static void begin_job(job *j) {
    if (j->waiting) {
        if (j->before) j->before->after = j->after;
        else j->s->jobs = j->after;
        if (j->after) j->after->before = j->before;
        j->waiting = false;
        pt_live_waited(j->s->live, pt_now_us() - j->since_us);
    }
    uv_timer_stop(&j->timer);
    if (uv_queue_work(&j->s->loop, &j->work, on_job, on_job_done) == 0) return;
    on_job(&j->work); /* no thread can be had: here, then */
    on_job_done(&j->work, 0);
}
static void on_job_waited(uv_timer_t *timer) { begin_job(timer->data); }

void pt_server_fresh(server *s, u32 wait_ms, void (*work)(void *payload, pt_live *live, u64 ticket),
                     void (*done)(void *payload), void *payload) {
    s->last_activity_ms = uv_now(&s->loop);
    job *j = calloc(1, sizeof *j);
    if (!j) { /* as stale as it may be */
        work(payload, s->live, pt_live_ticket(s->live));
        done(payload);
        return;
    }
    *j = (job){.s = s, .doing = work, .done = done, .payload = payload};
    uv_timer_init(&s->loop, &j->timer);
    j->timer.data = j;
    pt_live_notice(s->live);
    j->ticket = pt_live_ticket(s->live);
    if (pt_live_covers(s->live, j->ticket) || !wait_ms || s->stopping) {
        begin_job(j);
        return;
    }
    j->waiting = true;
    j->since_us = pt_now_us();
    j->after = s->jobs;
    if (j->after) j->after->before = j;
    s->jobs = j;
    uv_timer_start(&j->timer, on_job_waited, wait_ms, 0);
}

pt_live *pt_server_live(server *s) { return s->live; }
json_t *pt_server_status(server *s) {
    pt_live_notice(s->live);
    json_t *status = pt_live_status(s->live);
    json_object_set_new_nocheck(status, "connections", json_integer(s->connection_count));
    return status;
}

static void one_line(connection *c, const char *line, size_t length) {
    json_error_t why;
    json_t *message = json_loadb(line, length, JSON_REJECT_DUPLICATES, &why), *null = json_null();
    c->s->last_activity_ms = uv_now(&c->s->loop);
    if (!message) {
        char text[300];
        snprintf(text, sizeof text, "not JSON: %s", why.text);
        send_error(c, null, -32700, text, NULL);
        return;
    }
    json_t *id = json_object_get(message, "id"), *params = json_object_get(message, "params");
    const char *method = json_string_value(json_object_get(message, "method")),
               *version = json_string_value(json_object_get(message, "jsonrpc"));
    bool has_id = json_is_string(id) || json_is_integer(id) || json_is_null(id);
    if (!json_is_object(message) || !version || strcmp(version, "2.0") != 0 || !method || (id && !has_id))
        send_error(c, has_id ? id : null, -32600, "not a JSON-RPC 2.0 request; batches are not taken", NULL);
    else if (params && !json_is_object(params))
        send_error(c, has_id ? id : null, -32602, "params have to be an object", NULL);
    else if (id) begin(c, id, method, params); /* without one it is a notification: there are none to us */
    json_decref(message);
}

static void take_input(connection *c) {
    u32 used = 0;
    c->references++; /* a line may close it */
    while (!c->closing && !c->s->stopping && c->in_work < IN_WORK && unread(c) < UNREAD_PAUSE && used < c->in.count) {
        char *end = memchr(c->in.data + used, '\n', c->in.count - used);
        if (!end) break;
        size_t length = (size_t)(end - c->in.data) - used;
        if (length && c->in.data[used + length - 1] == '\r') length--;
        if (length) one_line(c, c->in.data + used, length);
        used = (u32)(end - c->in.data) + 1;
    }
    if (used) {
        memmove(c->in.data, c->in.data + used, c->in.count - used);
        c->in.count -= used;
    }
    if (!c->closing && c->in.count > REQUEST_LIMIT && !memchr(c->in.data, '\n', c->in.count)) {
        send_error(c, NULL, -32600, "a request of more than 1 MB", NULL);
        c->over = true;
        uv_read_stop((uv_stream_t *)&c->pipe);
        c->in.count = 0;
    }
    release(c);
}

static void on_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *out) {
    connection *c = (connection *)handle;
    (void)wanted;
    *out = uv_buf_init(c->chunk, sizeof c->chunk);
}
static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer) {
    connection *c = (connection *)stream;
    if (got == UV_EOF) { /* what it asked is answered still */
        c->over = true;
        uv_read_stop(stream);
        if (!c->in_work && !unread(c)) close_connection(c);
        return;
    }
    if (got < 0) {
        close_connection(c);
        return;
    }
    pt_alloc_clear();
    pt_buffer_add(&c->in, buffer->base, (size_t)got);
    if (pt_alloc_failed()) {
        close_connection(c);
        return;
    }
    c->references++; /* a line may close it */
    take_input(c);
    if (!c->closing && !c->over && (c->in_work >= IN_WORK || unread(c) >= UNREAD_PAUSE)) {
        c->paused = true;
        uv_read_stop(stream);
    }
    release(c);
}
static void resume(connection *c) {
    c->references++;
    take_input(c);
    if (!c->closing && !c->over && c->paused && c->in_work < IN_WORK && unread(c) < UNREAD_PAUSE) {
        c->paused = false;
        uv_read_start((uv_stream_t *)&c->pipe, on_buffer, on_read);
    }
    release(c);
}

static void on_refused(uv_handle_t *handle) { free(handle); }
static void on_connection(uv_stream_t *listener, int status) {
    server *s = listener->data;
    connection *c = status < 0 ? NULL : calloc(1, sizeof *c);
    if (!c) return;
    uv_pipe_init(&s->loop, &c->pipe, 0);
    if (uv_accept(listener, (uv_stream_t *)&c->pipe) != 0 || s->connection_count >= CONNECTIONS || s->stopping) {
        uv_close((uv_handle_t *)&c->pipe, on_refused);
        return;
    }
    c->s = s;
    c->references = 1;
    c->after = s->connections;
    if (c->after) c->after->before = c;
    s->connections = c;
    s->connection_count++;
    uv_read_start((uv_stream_t *)&c->pipe, on_buffer, on_read);
}

/* What happens in the workspace. */

static void updated(void *payload, const pt_live_update *u) { /* on the indexing thread */
    server *s = payload;
    told_update t = {.update = *u};
    snprintf(t.first, sizeof t.first, "%s", u->first);
    snprintf(t.message, sizeof t.message, "%s", u->message);
    snprintf(t.whole, sizeof t.whole, "%s", u->whole);
    uv_mutex_lock(&s->mutex);
    if (!s->stopping && pt_vec_push(&s->updates, t)) uv_async_send(&s->async);
    uv_mutex_unlock(&s->mutex);
}

/* To the service manager that started us, if one did: sd_notify(3), its protocol. */
static void notify(const char *state) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path ? strlen(path) : 0;
    if (!length || length >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@')) return;
    memcpy(to.sun_path, path, length);
    if (path[0] == '@') to.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(fd);
}

static void tell_ready(server *s) {
    if (!s->ready_told) notify("READY=1");
    if (s->o.ready >= 0 && !s->ready_told) {
        (void)!write(s->o.ready, "ready\n", 6);
        close(s->o.ready);
    }
    s->ready_told = true;
}

static void on_updates(uv_async_t *async) {
    server *s = async->data;
    uv_mutex_lock(&s->mutex);
    told_update *list = s->updates.data;
    u32 count = s->updates.count;
    s->updates.data = NULL;
    s->updates.count = s->updates.capacity = 0;
    uv_mutex_unlock(&s->mutex);
    for (u32 i = 0; i < count; i++) {
        const pt_live_update *u = &list[i].update;
        if (u->code) say(s, "failed: %s", list[i].message);
        else
            say(s, "generation %llu: %u files%s%s, %u resolved, %llu nodes, %llu edges, %llu us%s%s",
                (unsigned long long)u->generation, u->files, list[i].first[0] ? ", " : "", list[i].first, u->resolved,
                (unsigned long long)u->nodes, (unsigned long long)u->edges, (unsigned long long)u->us,
                list[i].whole[0] ? "; everything anew: " : "", list[i].whole);
        json_t *params =
            json_pack("{s:I, s:i, s:o, s:i, s:i, s:o, s:I, s:I, s:I, s:o?}", "generation", (json_int_t)u->generation,
                      "files", (int)u->files, "file", pt_json_text(list[i].first), "read", (int)u->read, "resolved",
                      (int)u->resolved, "whole", list[i].whole[0] ? pt_json_text(list[i].whole) : json_null(), "nodes",
                      (json_int_t)u->nodes, "edges", (json_int_t)u->edges, "us", (json_int_t)u->us, "error",
                      u->code ? pt_json_text(list[i].message) : json_null());
        for (connection *c = s->connections, *next; c; c = next) {
            next = c->after;
            if (c->subscribed)
                send_text(
                    c, line_of(json_pack("{s:s, s:s, s:O}", "jsonrpc", "2.0", "method", "update", "params", params)));
        }
        if (s->front && !s->stopping) s->o.front->update(s->front, params);
        json_decref(params);
    }
    pt_free(list);
    tell_ready(s);
    for (request *r = s->waiting, *next; r; r = next) {
        next = r->after;
        if (pt_live_covers(s->live, r->ticket)) answer(r);
    }
    for (job *j = s->jobs, *next; j; j = next) {
        next = j->after;
        if (pt_live_covers(s->live, j->ticket)) begin_job(j);
    }
}

static void on_event(uv_poll_t *poll, int status, int events) {
    server *s = poll->data;
    (void)events;
    s->last_activity_ms = uv_now(&s->loop);
    if (status == 0) pt_live_notice(s->live);
}

static void on_signal(uv_signal_t *signal, int number) { stop(signal->data, number == SIGTERM ? "SIGTERM" : "SIGINT"); }

static bool is_still(const char *path, const struct stat *was) {
    struct stat now;
    return stat(path, &now) == 0 && now.st_ino == was->st_ino && now.st_dev == was->st_dev;
}
static void on_look_after(uv_timer_t *timer) {
    server *s = timer->data;
    u64 idle = uv_now(&s->loop) - s->last_activity_ms;
    if (!is_still(s->o.live.index.path, &s->workspace)) stop(s, "the workspace is gone");
    else if (!is_still(s->o.paths.socket, &s->socket)) stop(s, "the socket is gone");
    else if (s->o.idle_minutes && !s->connection_count && idle > (u64)s->o.idle_minutes * 60000) stop(s, "idle");
}
/* What begins or ceases to be beyond its limit. */
static void tell_triggers(server *s) {
    json_t *now = pt_live_triggers(s->live), *t;
    size_t i;
    bool on[PT_TRIGGERS] = {0};
    json_array_foreach(now, i, t) {
        const char *name = json_string_value(json_object_get(t, "name"));
        for (u32 k = 0; k < PT_TRIGGERS; k++) {
            if (strcmp(pt_trigger_at(k)->name, name) != 0) continue;
            on[k] = true;
            if (!s->on[k])
                say(s, "warning: %s: %.1f ms, the limit is %.1f: %s", json_string_value(json_object_get(t, "what")),
                    (double)json_integer_value(json_object_get(t, "p99_us")) / 1000,
                    pt_trigger_at(k)->limit_us / 1000.0, json_string_value(json_object_get(t, "advice")));
        }
    }
    for (u32 k = 0; k < PT_TRIGGERS; k++)
        if (s->on[k] && !on[k]) say(s, "%s: within its limit again", pt_trigger_at(k)->what);
    memcpy(s->on, on, sizeof on);
    json_decref(now);
}

static void on_poll(uv_timer_t *timer) {
    server *s = timer->data;
    pt_live_look(s->live);
    tell_triggers(s);
}

static void on_grace(uv_timer_t *timer) {
    for (connection *c = ((server *)timer->data)->connections; c; c = c->after) close_connection(c);
}

static void stop(server *s, const char *why) {
    if (s->stopping) return;
    uv_mutex_lock(&s->mutex); /* the indexing thread wakes us no more */
    s->stopping = true;
    uv_mutex_unlock(&s->mutex);
    say(s, "stopping: %s", why);
    notify("STOPPING=1");
    /* nobody new; the lock tells the next daemon when we are done; a socket of somebody else is theirs */
    if (is_still(s->o.paths.socket, &s->socket)) unlink(s->o.paths.socket);
    uv_close((uv_handle_t *)&s->listener, NULL);
    uv_close((uv_handle_t *)&s->look_after, NULL);
    uv_timer_start(&s->poll, on_grace, GRACE_MS, 0);
    uv_unref((uv_handle_t *)&s->poll);
    for (request *r = s->waiting, *next; r; r = next) {
        next = r->after;
        answer(r); /* from what there is */
    }
    for (job *j = s->jobs, *next; j; j = next) {
        next = j->after;
        begin_job(j);
    }
    if (s->front) s->o.front->stop(s->front);
    for (connection *c = s->connections; c; c = c->after) { /* each ends when it has its answers */
        c->over = true;
        uv_read_stop((uv_stream_t *)&c->pipe);
        if (!c->in_work && !unread(c)) close_connection(c);
    }
    uv_close((uv_handle_t *)&s->watch, NULL);
    uv_close((uv_handle_t *)&s->async, NULL);
    uv_close((uv_handle_t *)&s->terminate, NULL);
    uv_close((uv_handle_t *)&s->interrupt, NULL);
}

int pt_server_run(const pt_server_options *options, pt_error *error) {
    server *s = calloc(1, sizeof *s);
    if (!s) return pt_fail(error, PT_ENOMEM, "out of memory");
    s->o = *options;
    s->o.live.updated = updated;
    s->o.live.payload = s;
    s->log = fopen(s->o.paths.log, "ae");
    signal(SIGPIPE, SIG_IGN);
    struct rlimit descriptors; /* connections must not take what the index needs to read files */
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_cur < DESCRIPTORS) {
        descriptors.rlim_cur = PT_MIN((rlim_t)DESCRIPTORS, descriptors.rlim_max);
        (void)setrlimit(RLIMIT_NOFILE, &descriptors);
    }
    uv_loop_init(&s->loop);
    uv_mutex_init(&s->mutex);
    uv_async_init(&s->loop, &s->async, on_updates);
    s->async.data = s;
    int code = pt_live_open(&s->live, &s->o.live, error);
    if (!code && stat(s->o.live.index.path, &s->workspace) != 0)
        code = pt_fail(error, PT_EIO, "%s: gone", s->o.live.index.path);
    if (!code) {
        unlink(s->o.paths.socket); /* of a daemon that died: the lock is ours */
        uv_pipe_init(&s->loop, &s->listener, 0);
        s->listener.data = s;
        int bound = uv_pipe_bind(&s->listener, s->o.paths.socket);
        /* no umask: the indexing thread makes files; the folder is its owner's alone until then */
        if (!bound && chmod(s->o.paths.socket, 0600) != 0) bound = UV_EACCES;
        if (!bound) bound = uv_listen((uv_stream_t *)&s->listener, 512, on_connection);
        if (bound || stat(s->o.paths.socket, &s->socket) != 0)
            code = pt_fail(error, PT_EIO, "%s: %s", s->o.paths.socket, bound ? uv_strerror(bound) : "gone");
        if (code) uv_close((uv_handle_t *)&s->listener, NULL);
    }
    if (!code) {
        uv_poll_init(&s->loop, &s->watch, pt_live_descriptor(s->live));
        s->watch.data = s;
        uv_poll_start(&s->watch, UV_READABLE, on_event);
        uv_signal_init(&s->loop, &s->terminate);
        uv_signal_init(&s->loop, &s->interrupt);
        s->terminate.data = s->interrupt.data = s;
        uv_signal_start(&s->terminate, on_signal, SIGTERM);
        uv_signal_start(&s->interrupt, on_signal, SIGINT);
        uv_timer_init(&s->loop, &s->look_after);
        uv_timer_init(&s->loop, &s->poll);
        s->look_after.data = s->poll.data = s;
        uv_timer_start(&s->look_after, on_look_after, LOOK_AFTER_MS, LOOK_AFTER_MS);
        json_t *status = pt_live_status(s->live);
        json_int_t unwatched = json_integer_value(json_object_get(status, "folders_unwatched"));
        if (json_integer_value(json_object_get(status, "generation")))
            tell_ready(s); /* there is something to answer from */
        json_decref(status);
        if (unwatched) {
            say(s, "%lld folders cannot be watched (fs.inotify.max_user_watches): looked through every %d s",
                (long long)unwatched, POLL_MS / 1000);
        }
        uv_timer_start(&s->poll, on_poll, POLL_MS, POLL_MS);
        say(s, "serving %s, store %s, process %ld", s->o.live.index.path, s->o.live.index.store, (long)getpid());
        s->last_activity_ms = uv_now(&s->loop);
        uv_run(&s->loop, UV_RUN_DEFAULT); /* until nobody waits for anything */
        on_grace(&s->poll);
        uv_close((uv_handle_t *)&s->poll, NULL);
    } else if (s->o.ready >= 0) {
        dprintf(s->o.ready, "%s\n", error ? error->message : "failed");
        close(s->o.ready);
    }
    pt_live_close(s->live);
    uv_mutex_lock(&s->mutex);
    pt_vec_free(&s->updates);
    uv_mutex_unlock(&s->mutex);
    if (code && !uv_is_closing((uv_handle_t *)&s->async)) uv_close((uv_handle_t *)&s->async, NULL);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
    uv_mutex_destroy(&s->mutex);
    if (!code) say(s, "stopped");
    if (s->log) fclose(s->log);
    free(s);
    return code;
}
