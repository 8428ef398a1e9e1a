/* server_connections.c: clients of the socket: lines in, questions on threads of the pool, lines out. */
#include "live/server_internal.h"
#include "query/json_text.h"

#include <stdlib.h>

enum {
    REQUEST_LIMIT = 1 << 20,
    IN_WORK = 64,
    CONNECTIONS = 2048,
    UNREAD_LIMIT = 32 << 20,
    UNREAD_PAUSE = 1 << 20, /* then what was asked waits until the client has read */
    RUNNING = 2,            /* questions of one connection that are worked on at a time */
    DEFAULT_WAIT_MS = 12
};

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
void pt_connection_close(connection *c) {
    if (c->closing) return;
    c->closing = true;
    pump(c);
    uv_close((uv_handle_t *)&c->pipe, on_closed);
}

size_t pt_connection_unread(connection *c) { return uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe); }
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
    if (status < 0 || (c->over && !c->in_work && !pt_connection_unread(c))) pt_connection_close(c);
    else if (!c->closing) pump(c), resume(c);
    release(c);
}

void pt_connection_send(connection *c, char *text) {
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
        pt_connection_close(c);
        return;
    }
    if (pt_connection_unread(c) > UNREAD_LIMIT) {
        pt_server_say(c->s, "a client that does not read is let go");
        pt_connection_close(c);
    }
}

char *pt_line_of(json_t *line) {
    char *text = line ? pt_json_dump(line) : NULL;
    json_decref(line);
    return text;
}
static char *error_line(json_t *id, int number, const char *message, json_t *data) {
    json_t *text = json_string(message); /* NULL when it is no UTF-8 */
    if (!text) text = json_string("failed");
    json_t *failure = json_pack("{s:i, s:o}", "code", number, "message", text);
    if (data) json_object_set(failure, "data", data);
    return pt_line_of(json_pack("{s:s, s:O?, s:o}", "jsonrpc", "2.0", "id", id, "error", failure));
}
static char *result_line(json_t *id, json_t *result) {
    return pt_line_of(
        json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result ? result : json_null()));
}
static void send_error(connection *c, json_t *id, int number, const char *message, json_t *data) {
    pt_connection_send(c, error_line(id, number, message, data));
}
static void send_result(connection *c, json_t *id, json_t *result) {
    char *text = result_line(id, result);
    pt_connection_send(c, text ? text : error_line(id, -32603, "the answer holds text that is no UTF-8", NULL));
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
        if (c->over && !c->in_work && !pt_connection_unread(c)) pt_connection_close(c);
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
    const server *s = r->c->s;
    int code;
    if (strcmp(r->method, "tool") == 0) {
        const char *name = json_string_value(json_object_get(r->params, "name"));
        code = name ? s->o.tool(s->live, r->ticket, name, json_object_get(r->params, "arguments"), &found, &error)
                    : pt_fail(&error, PT_EUSAGE, "tool: which one? name says it");
    } else {
        code = pt_live_ask(s->live, r->method, r->params, r->ticket, &found, &error);
    }
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
    pt_connection_send(c, r->text);
    r->text = NULL;
    c->references++;
    finish(r);
    pump(c);
    release(c);
}

/* Begins what is ready, as far as the client reads what it was told. */
static void pump(connection *c) {
    while (c->ready && (c->closing || (c->running < RUNNING && pt_connection_unread(c) < UNREAD_PAUSE))) {
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
void pt_request_go(request *r) {
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
static void on_waited(uv_timer_t *timer) { pt_request_go(timer->data); }

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
            pt_server_say(s, "serving %s", json_string_value(json_object_get(told, "url")));
            send_result(c, id, told);
        }
        return;
    }
    if (strcmp(method, "stop") == 0) {
        send_result(c, id, json_true());
        pt_server_stop(s, "asked to");
        return;
    }
    bool is_index = strcmp(method, "index") == 0;
    bool is_tool = strcmp(method, "tool") == 0 && s->o.tool;
    if (!is_index && !is_tool && !pt_query_find(method)) {
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
        pt_request_go(r);
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
void pt_job_go(job *j) {
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
static void on_job_waited(uv_timer_t *timer) { pt_job_go(timer->data); }

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
        pt_job_go(j);
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
void pt_server_active(server *s) { s->last_activity_ms = uv_now(&s->loop); }
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
    while (!c->closing && !c->s->stopping && c->in_work < IN_WORK && pt_connection_unread(c) < UNREAD_PAUSE &&
           used < c->in.count) {
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
        if (!c->in_work && !pt_connection_unread(c)) pt_connection_close(c);
        return;
    }
    if (got < 0) {
        pt_connection_close(c);
        return;
    }
    pt_alloc_clear();
    pt_buffer_add(&c->in, buffer->base, (size_t)got);
    if (pt_alloc_failed()) {
        pt_connection_close(c);
        return;
    }
    c->references++; /* a line may close it */
    take_input(c);
    if (!c->closing && !c->over && (c->in_work >= IN_WORK || pt_connection_unread(c) >= UNREAD_PAUSE)) {
        c->paused = true;
        uv_read_stop(stream);
    }
    release(c);
}
static void resume(connection *c) {
    c->references++;
    take_input(c);
    if (!c->closing && !c->over && c->paused && c->in_work < IN_WORK && pt_connection_unread(c) < UNREAD_PAUSE) {
        c->paused = false;
        uv_read_start((uv_stream_t *)&c->pipe, on_buffer, on_read);
    }
    release(c);
}

static void on_refused(uv_handle_t *handle) { free(handle); }
void pt_server_accept(uv_stream_t *listener, int status) {
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
