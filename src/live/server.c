#include "live/server_internal.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    DESCRIPTORS = 8192,
    LOG_LIMIT = 1 << 20,
    LOOK_AFTER_MS = 5000,
    POLL_MS = 2000,
    GRACE_MS = 1000 /* for clients to read their answers, at the end */
};

/* The log. */

void pt_server_say(server *s, const char *format, ...) {
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
        if (u->code) pt_server_say(s, "failed: %s", list[i].message);
        else
            pt_server_say(s, "generation %llu: %u files%s%s, %u resolved, %llu nodes, %llu edges, %llu us%s%s",
                          (unsigned long long)u->generation, u->files, list[i].first[0] ? ", " : "", list[i].first,
                          u->resolved, (unsigned long long)u->nodes, (unsigned long long)u->edges,
                          (unsigned long long)u->us, list[i].whole[0] ? "; everything anew: " : "", list[i].whole);
        json_t *params =
            json_pack("{s:I, s:i, s:o, s:i, s:i, s:o, s:I, s:I, s:I, s:o?}", "generation", (json_int_t)u->generation,
                      "files", (int)u->files, "file", pt_json_text(list[i].first), "read", (int)u->read, "resolved",
                      (int)u->resolved, "whole", list[i].whole[0] ? pt_json_text(list[i].whole) : json_null(), "nodes",
                      (json_int_t)u->nodes, "edges", (json_int_t)u->edges, "us", (json_int_t)u->us, "error",
                      u->code ? pt_json_text(list[i].message) : json_null());
        for (connection *c = s->connections, *next; c; c = next) {
            next = c->after;
            if (c->subscribed)
                pt_connection_send(c, pt_line_of(json_pack("{s:s, s:s, s:O}", "jsonrpc", "2.0", "method", "update",
                                                           "params", params)));
        }
        if (s->front && !s->stopping) s->o.front->update(s->front, params);
        json_decref(params);
    }
    pt_free(list);
    tell_ready(s);
    for (request *r = s->waiting, *next; r; r = next) {
        next = r->after;
        if (pt_live_covers(s->live, r->ticket)) pt_request_go(r);
    }
    for (job *j = s->jobs, *next; j; j = next) {
        next = j->after;
        if (pt_live_covers(s->live, j->ticket)) pt_job_go(j);
    }
}

static void on_event(uv_poll_t *poll, int status, int events) {
    server *s = poll->data;
    (void)events;
    s->last_activity_ms = uv_now(&s->loop);
    if (status == 0) pt_live_notice(s->live);
}

static void on_signal(uv_signal_t *signal, int number) {
    pt_server_stop(signal->data, number == SIGTERM ? "SIGTERM" : "SIGINT");
}

static bool is_still(const char *path, const struct stat *was) {
    struct stat now;
    return stat(path, &now) == 0 && now.st_ino == was->st_ino && now.st_dev == was->st_dev;
}
static void on_look_after(uv_timer_t *timer) {
    server *s = timer->data;
    u64 idle = uv_now(&s->loop) - s->last_activity_ms;
    if (!is_still(s->o.live.index.path, &s->workspace)) pt_server_stop(s, "the workspace is gone");
    else if (!is_still(s->o.paths.socket, &s->socket)) pt_server_stop(s, "the socket is gone");
    else if (s->o.idle_minutes && !s->connection_count && idle > (u64)s->o.idle_minutes * 60000)
        pt_server_stop(s, "idle");
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
                pt_server_say(s, "warning: %s: %.1f ms, the limit is %.1f: %s",
                              json_string_value(json_object_get(t, "what")),
                              (double)json_integer_value(json_object_get(t, "p99_us")) / 1000,
                              pt_trigger_at(k)->limit_us / 1000.0, json_string_value(json_object_get(t, "advice")));
        }
    }
    for (u32 k = 0; k < PT_TRIGGERS; k++)
        if (s->on[k] && !on[k]) pt_server_say(s, "%s: within its limit again", pt_trigger_at(k)->what);
    memcpy(s->on, on, sizeof on);
    json_decref(now);
}

static void on_poll(uv_timer_t *timer) {
    server *s = timer->data;
    pt_live_look(s->live);
    tell_triggers(s);
}

static void on_grace(uv_timer_t *timer) {
    for (connection *c = ((server *)timer->data)->connections; c; c = c->after) pt_connection_close(c);
}

void pt_server_stop(server *s, const char *why) {
    if (s->stopping) return;
    uv_mutex_lock(&s->mutex); /* the indexing thread wakes us no more */
    s->stopping = true;
    uv_mutex_unlock(&s->mutex);
    pt_server_say(s, "stopping: %s", why);
    notify("STOPPING=1");
    /* nobody new; the lock tells the next daemon when we are done; a socket of somebody else is theirs */
    if (is_still(s->o.paths.socket, &s->socket)) unlink(s->o.paths.socket);
    uv_close((uv_handle_t *)&s->listener, NULL);
    uv_close((uv_handle_t *)&s->look_after, NULL);
    uv_timer_start(&s->poll, on_grace, GRACE_MS, 0);
    uv_unref((uv_handle_t *)&s->poll);
    for (request *r = s->waiting, *next; r; r = next) {
        next = r->after;
        pt_request_go(r); /* from what there is */
    }
    for (job *j = s->jobs, *next; j; j = next) {
        next = j->after;
        pt_job_go(j);
    }
    if (s->front) s->o.front->stop(s->front);
    for (connection *c = s->connections; c; c = c->after) { /* each ends when it has its answers */
        c->over = true;
        uv_read_stop((uv_stream_t *)&c->pipe);
        if (!c->in_work && !pt_connection_unread(c)) pt_connection_close(c);
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
        if (!bound) bound = uv_listen((uv_stream_t *)&s->listener, 512, pt_server_accept);
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
            pt_server_say(s, "%lld folders cannot be watched (fs.inotify.max_user_watches): looked through every %d s",
                          (long long)unwatched, POLL_MS / 1000);
        }
        uv_timer_start(&s->poll, on_poll, POLL_MS, POLL_MS);
        pt_server_say(s, "serving %s, store %s, process %ld", s->o.live.index.path, s->o.live.index.store,
                      (long)getpid());
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
    if (!code) pt_server_say(s, "stopped");
    if (s->log) fclose(s->log);
    free(s);
    return code;
}
