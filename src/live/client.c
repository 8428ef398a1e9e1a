#include "live/client.h"

#include "base/hash.h"
#include "query/json_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A folder that is ours and nobody else's. */
static bool private_folder(const char *path, bool make) {
    struct stat status;
    if (make && mkdir(path, 0700) != 0 && errno != EEXIST) return false;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == getuid() && !(status.st_mode & 077);
}

int pt_daemon_find(pt_daemon_paths *out, const char *workspace, bool make, pt_error *error) {
    char folder[PT_DAEMON_PATH], state[3800];
    const char *runtime = getenv("XDG_RUNTIME_DIR"), *home = getenv("HOME"), *kept = getenv("XDG_STATE_HOME");
    unsigned long long key = pt_hash_bytes(workspace, strlen(workspace));
    bool found = false;
    /* 16 digits, ".sock" and an end have to fit into a socket's address */
    if (runtime && runtime[0] == '/' &&
        strlen(runtime) + sizeof "/parseltongue/" + 22 < sizeof((struct sockaddr_un *)0)->sun_path) {
        snprintf(folder, sizeof folder, "%s/parseltongue", runtime);
        found = private_folder(folder, make);
    }
    if (!found) {
        snprintf(folder, sizeof folder, "/tmp/parseltongue-%u", (unsigned)getuid());
        if (!private_folder(folder, make) && !make) return pt_fail(error, PT_ENOTFOUND, "no daemon runs");
        if (!private_folder(folder, make))
            return pt_fail(error, PT_EIO, "%s: not a folder of yours alone; remove it, or set XDG_RUNTIME_DIR", folder);
    }
    snprintf(out->socket, sizeof out->socket, "%s/%016llx.sock", folder, key);
    snprintf(out->lock, sizeof out->lock, "%s/%016llx.lock", folder, key);
    if (kept && kept[0] == '/') snprintf(state, sizeof state, "%s", kept);
    else snprintf(state, sizeof state, "%s/.local/state", home && home[0] == '/' ? home : "/tmp");
    snprintf(out->log, sizeof out->log, "%s/parseltongue/%016llx.log", state, key);
    for (char *at = out->log + 1; make && (at = strchr(at, '/')); at++) { /* every folder above it */
        *at = 0;
        mkdir(out->log, 0700);
        *at = '/';
    }
    return PT_OK;
}

int pt_daemon_lock(int *descriptor, const char *path, pt_error *error) {
    for (u32 i = 0; i < 100; i++) {
        struct stat ours, named;
        *descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (*descriptor < 0) return pt_fail(error, PT_EIO, "%s: %s", path, strerror(errno));
        bool locked = flock(*descriptor, LOCK_EX | LOCK_NB) == 0;
        /* a daemon that ends removes the file: what we locked has to be what bears the name */
        if (locked && fstat(*descriptor, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino)
            return PT_OK;
        close(*descriptor);
        *descriptor = -1;
        if (!locked) break;
    }
    return pt_fail(error, PT_EBUSY, "a daemon runs for this workspace already");
}

bool pt_daemon_is_gone(const char *path) {
    int lock = open(path, O_RDWR | O_CLOEXEC);
    if (lock < 0) return true;
    bool gone = flock(lock, LOCK_SH | LOCK_NB) == 0;
    close(lock);
    return gone;
}

struct pt_client {
    int socket;
    u64 id;
    pt_buffer in;
    u32 used; /* of in: what was handed out */
};

int pt_client_connect(pt_client **out, const char *path, pt_error *error) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *out = NULL;
    if (strlen(path) >= sizeof address.sun_path) return pt_fail(error, PT_EIO, "%s: too long for a socket", path);
    strcpy(address.sun_path, path);
    pt_client *c = pt_calloc(1, sizeof *c);
    if (!c) return pt_fail(error, PT_ENOMEM, "out of memory");
    c->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->socket < 0 || connect(c->socket, (struct sockaddr *)&address, sizeof address) != 0) {
        int cause = errno;
        pt_client_close(c);
        return pt_fail(error, cause == ENOENT || cause == ECONNREFUSED ? PT_ENOTFOUND : PT_EIO, "%s: %s", path,
                       strerror(cause));
    }
    *out = c;
    return PT_OK;
}

void pt_client_close(pt_client *c) {
    if (!c) return;
    if (c->socket >= 0) close(c->socket);
    pt_buffer_free(&c->in);
    pt_free(c);
}

static int gone(pt_error *error) { return pt_fail(error, PT_EIO, "the daemon went away"); }

/* The next line, parsed. */
static int next_line(pt_client *c, json_t **out, pt_error *error) {
    *out = NULL;
    for (u32 looked = c->used;;) {
        char *end = c->in.data ? memchr(c->in.data + looked, '\n', c->in.count - looked) : NULL;
        if (end) {
            *out = json_loadb(c->in.data + c->used, (size_t)(end - c->in.data) - c->used, JSON_DECODE_ANY, NULL);
            c->used = (u32)(end - c->in.data) + 1;
            if (c->used == c->in.count) c->used = 0, pt_buffer_clear(&c->in);
            return *out ? PT_OK : pt_fail(error, PT_EIO, "the daemon said something that is no JSON");
        }
        looked = c->in.count;
        if (!pt_vec_reserve(&c->in, (u64)c->in.count + (64 << 10))) return pt_fail(error, PT_ENOMEM, "out of memory");
        ssize_t got = recv(c->socket, c->in.data + c->in.count, (64 << 10) - 1, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return gone(error);
        c->in.count += (u32)got;
    }
}

int pt_client_call(pt_client *c, const char *method, json_t *params, json_t **result, pt_error *error) {
    *result = NULL;
    json_t *request = json_pack("{s:s, s:I, s:s, s:o*}", "jsonrpc", "2.0", "id", (json_int_t)++c->id, "method", method,
                                "params", params);
    char *text = request ? pt_json_dump(request) : NULL;
    json_decref(request);
    if (!text) return pt_fail(error, PT_ENOMEM, "out of memory");
    size_t length = strlen(text);
    text[length++] = '\n'; /* in place of its end */
    bool sent = true;
    for (size_t at = 0; sent && at < length;) {
        ssize_t n = send(c->socket, text + at, length - at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        sent = n > 0;
        at += sent ? (size_t)n : 0;
    }
    free(text);
    if (!sent) return gone(error);
    for (;;) {
        json_t *reply;
        int code = next_line(c, &reply, error);
        if (code) return code;
        if (json_integer_value(json_object_get(reply, "id")) != (json_int_t)c->id) { /* a notification */
            json_decref(reply);
            continue;
        }
        json_t *failure = json_object_get(reply, "error");
        if (failure) {
            const char *message = json_string_value(json_object_get(failure, "message"));
            json_int_t number = json_integer_value(json_object_get(failure, "code"));
            code = number < -32000 && number > -32032 ? (int)(number + 32000) : PT_EIO;
            *result = json_incref(json_object_get(failure, "data"));
            pt_set_error(error, code, "%s", message ? message : "the daemon failed");
        } else {
            *result = json_incref(json_object_get(reply, "result"));
        }
        json_decref(reply);
        return code;
    }
}

int pt_client_next(pt_client *c, json_t **params, pt_error *error) {
    for (;;) {
        json_t *line;
        int code = next_line(c, &line, error);
        if (code) return code;
        *params = json_object_get(line, "id") ? NULL : json_incref(json_object_get(line, "params"));
        json_decref(line);
        if (*params) return PT_OK;
    }
}
