#include "mcp/stdio.h"
#include "query/json_text.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { MESSAGE_LIMIT = 4 << 20, WAITING_LIMIT = 1024, PROGRESS_MS = 1000 };

typedef struct waiting {
    json_t *message;
    const char *legacy; /* pt_mcp.legacy when it came */
} waiting;

typedef struct serving {
    pt_mcp mcp; /* the reader's */
    int in, out;
    const char *doing;
    pthread_mutex_t lock; /* of what follows; jansson's counts are not the threads' */
    pthread_cond_t change;
    PT_VEC(waiting) queue;
    json_t *id, *token; /* of the request in work: the reader's own copies */
    bool cancelled, over;
    _Atomic bool broken;
    u64 progress;
    pthread_mutex_t writing;
    PT_VEC(waiting) listening; /* ids of open subscriptions: the reader's */
} serving;

/* The line is taken. */
static void say(serving *s, json_t *line) {
    char *text = line ? pt_json_dump(line) : NULL;
    json_decref(line);
    if (!text) return;
    size_t length = strlen(text);
    text[length++] = '\n'; /* in place of its end */
    pthread_mutex_lock(&s->writing);
    for (size_t at = 0; at < length && !s->broken;) {
        ssize_t n = write(s->out, text + at, length - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) { /* a descriptor that somebody made non-blocking */
            struct pollfd room = {.fd = s->out, .events = POLLOUT};
            poll(&room, 1, -1);
            continue;
        }
        if (n <= 0) s->broken = true;
        else at += (size_t)n;
    }
    pthread_mutex_unlock(&s->writing);
    free(text);
}

static void *answer_all(void *payload) {
    serving *s = payload;
    for (;;) {
        pthread_mutex_lock(&s->lock);
        while (!s->queue.count && !s->over) pthread_cond_wait(&s->change, &s->lock);
        if (!s->queue.count || s->broken) break;
        json_t *message = s->queue.data[0].message;
        pt_mcp mcp = {s->mcp.host, s->mcp.version, s->queue.data[0].legacy};
        memmove(s->queue.data, s->queue.data + 1, --s->queue.count * sizeof(waiting));
        json_t *token = json_object_get(json_object_get(json_object_get(message, "params"), "_meta"), "progressToken");
        s->id = json_deep_copy(json_object_get(message, "id"));
        s->token = json_is_string(token) || json_is_integer(token) ? json_deep_copy(token) : NULL;
        s->cancelled = false;
        s->progress = 0;
        pthread_mutex_unlock(&s->lock);
        json_t *reply = pt_mcp_answer(&mcp, message);
        json_decref(message);
        pthread_mutex_lock(&s->lock); /* progress stops before the answer */
        bool cancelled = s->cancelled;
        json_decref(s->id);
        json_decref(s->token);
        s->id = s->token = NULL;
        pthread_mutex_unlock(&s->lock);
        if (cancelled) json_decref(reply);
        else say(s, reply);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void cancel(serving *s, const json_t *id) {
    pthread_mutex_lock(&s->lock);
    if (s->id && json_equal(s->id, id)) s->cancelled = true;
    for (u32 i = 0; i < s->queue.count; i++)
        if (json_equal(json_object_get(s->queue.data[i].message, "id"), id)) {
            json_decref(s->queue.data[i].message);
            memmove(s->queue.data + i, s->queue.data + i + 1, (--s->queue.count - i) * sizeof(waiting));
            break;
        }
    pthread_mutex_unlock(&s->lock);
    for (u32 i = 0; i < s->listening.count; i++)
        if (json_equal(s->listening.data[i].message, id)) {
            json_decref(s->listening.data[i].message);
            s->listening.data[i] = s->listening.data[--s->listening.count];
            break;
        }
}

static void one_line(serving *s, const char *line, size_t length) {
    json_error_t why;
    json_t *message = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &why),
           *acknowledged = NULL;
    if (!message) {
        char text[300];
        snprintf(text, sizeof text, "not JSON: %s", why.text);
        say(s, pt_mcp_not_json(text));
        return;
    }
    const json_t *cancelled = pt_mcp_cancels(message);
    if (cancelled) {
        cancel(s, cancelled);
    } else if (pt_mcp_listens(message, &acknowledged)) {
        say(s, acknowledged);
        pt_vec_push(&s->listening, (waiting){json_deep_copy(json_object_get(message, "id")), NULL});
    } else if (!pt_mcp_asks(message)) { /* nobody waits behind a question */
        say(s, pt_mcp_answer(&s->mcp, message));
    } else {
        pthread_mutex_lock(&s->lock);
        bool taken = s->queue.count < WAITING_LIMIT && pt_vec_push(&s->queue, (waiting){message, s->mcp.legacy});
        pthread_cond_signal(&s->change);
        pthread_mutex_unlock(&s->lock);
        if (taken) return; /* it is the other thread's now */
        json_t *id = json_object_get(message, "id");
        if (id)
            say(s, json_pack("{s:s, s:O, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id, "error", "code", -32603, "message",
                             "too many requests wait"));
    }
    json_decref(message);
}

static void tell_progress(serving *s) {
    json_t *line = NULL;
    pthread_mutex_lock(&s->lock);
    if (s->token && !s->cancelled)
        line = json_pack("{s:s, s:s, s:{s:o, s:I, s:s}}", "jsonrpc", "2.0", "method", "notifications/progress",
                         "params", "progressToken", json_deep_copy(s->token), "progress", (json_int_t)++s->progress,
                         "message", s->doing);
    if (line) say(s, line); /* under the lock: none after the answer */
    pthread_mutex_unlock(&s->lock);
}

int pt_mcp_stdio(const pt_mcp *mcp, int in, int out, const char *doing, pt_error *error) {
    serving s = {.mcp = *mcp, .in = in, .out = out, .doing = doing};
    pt_buffer input = {0};
    pthread_t worker;
    pthread_mutex_init(&s.lock, NULL);
    pthread_mutex_init(&s.writing, NULL);
    pthread_cond_init(&s.change, NULL);
    signal(SIGPIPE, SIG_IGN);
    json_object_seed(0); /* before there are two threads */
    if (pthread_create(&worker, NULL, answer_all, &s) != 0) return pt_fail(error, PT_ENOMEM, "no thread can be had");
    bool skipping = false; /* a line that is too long */
    for (u64 told_us = pt_now_us(); !s.broken;) {
        struct pollfd ready = {.fd = in, .events = POLLIN};
        int got = poll(&ready, 1, PROGRESS_MS);
        if (got < 0 && errno != EINTR) break;
        if (pt_now_us() - told_us >= PROGRESS_MS * 1000) {
            told_us = pt_now_us();
            tell_progress(&s);
        }
        if (got <= 0) continue;
        if (!pt_vec_reserve(&input, (u64)input.count + (64 << 10))) break;
        ssize_t n = read(in, input.data + input.count, (64 << 10) - 1);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n <= 0) break;
        u32 looked = input.count, used = 0;
        input.count += (u32)n;
        for (char *end; (end = memchr(input.data + looked, '\n', input.count - looked));) {
            u32 length = (u32)(end - input.data) - used;
            if (!skipping && length && input.data[used + length - 1] == '\r') length--;
            if (!skipping && length) one_line(&s, input.data + used, length);
            skipping = false;
            used = looked = (u32)(end - input.data) + 1;
        }
        memmove(input.data, input.data + used, input.count - used);
        input.count -= used;
        if (input.count > MESSAGE_LIMIT) {
            if (!skipping) say(&s, pt_mcp_not_json("a message of more than 4 MB"));
            skipping = true;
            input.count = 0;
        }
    }
    pthread_mutex_lock(&s.lock);
    s.over = true;
    pthread_cond_signal(&s.change);
    pthread_mutex_unlock(&s.lock);
    pthread_join(worker, NULL);
    for (u32 i = 0; i < s.listening.count; i++) {
        say(&s, pt_mcp_closed(&s.mcp, s.listening.data[i].message));
        json_decref(s.listening.data[i].message);
    }
    for (u32 i = 0; i < s.queue.count; i++) json_decref(s.queue.data[i].message);
    pt_vec_free(&s.listening);
    pt_vec_free(&s.queue);
    pt_buffer_free(&input);
    pthread_mutex_destroy(&s.lock);
    pthread_mutex_destroy(&s.writing);
    pthread_cond_destroy(&s.change);
    return PT_OK;
}
