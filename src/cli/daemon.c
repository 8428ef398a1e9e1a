/* daemon.c: the commands that start, stop and ask the daemon of a workspace. */
#include "cli/cli.h"
#include "cli/print.h"

#include "base/file.h"
#include "live/server.h"
#include "mcp/local.h"
#include "serve/http.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_TRIES = 10, STOP_TRIES = 6000, GONE_TRIES = 200, IDLE_MINUTES = 180, CACHED_ANSWERS = 256 };

bool pt_cli_ask_daemon(const options *o, const char *workspace, const char *method, json_t *params, int *code,
                       json_t **answer, pt_error *error) {
    pt_daemon_paths paths;
    pt_client *client = NULL;
    *answer = NULL;
    if (o->no_daemon || o->store || o->engine || pt_daemon_find(&paths, workspace, false, NULL) ||
        pt_client_connect(&client, paths.socket, NULL)) {
        json_decref(params);
        return false;
    }
    *code = pt_client_call(client, method, params, answer, error);
    pt_client_close(client);
    /* it ended while we asked: once it is gone there is none to ask */
    for (u32 i = 0; *code == PT_EIO && !*answer && i < GONE_TRIES; i++) {
        if (pt_daemon_is_gone(paths.lock)) {
            *error = (pt_error){0};
            return false;
        }
        struct timespec pause = {0, 10000000};
        nanosleep(&pause, NULL);
    }
    return true;
}

/* In the child: serves; never returns to the caller's output. */
static int serve(const options *o, const char *workspace, const pt_daemon_paths *paths, int ready, bool foreground,
                 pt_error *error) {
    char store[PATH_MAX + 64], std_path[PATH_MAX + 64];
    int lock, code = pt_daemon_lock(&lock, paths->lock, error);
    if (code) {
        if (ready >= 0) dprintf(ready, "%s\n", error->message);
        return code;
    }
    pt_default_store(store, sizeof store, workspace, false, NULL);
    if (o->store) snprintf(store, sizeof store, "%s", o->store);
    bool has_std = pt_find_std(std_path, sizeof std_path, o);
    pt_server_options served = {.paths = *paths,
                                .idle_minutes = o->has_idle ? o->idle : IDLE_MINUTES,
                                .ready = ready,
                                .front = &pt_http_front,
                                .tool = pt_mcp_local_call,
                                .foreground = foreground};
    served.live.cache = o->has_cache ? o->cache : CACHED_ANSWERS;
    served.live.index = (pt_index_options){.path = workspace,
                                           .store = store,
                                           .std_interface = has_std ? std_path : NULL,
                                           .threads = o->threads,
                                           .no_dependencies = o->no_dependencies,
                                           .full = o->durability && strcmp(o->durability, "full") == 0};
    code = pt_server_run(&served, error);
    unlink(paths->lock);
    close(lock);
    return code;
}

/* Is there something it can answer from? */
static bool answers(const pt_daemon_paths *paths) {
    pt_client *client;
    json_t *status = NULL;
    if (pt_client_connect(&client, paths->socket, NULL)) return false;
    bool ready = pt_client_call(client, "status", NULL, &status, NULL) == PT_OK &&
                 (json_integer_value(json_object_get(status, "generation")) ||
                  json_integer_value(json_object_get(status, "batches")));
    json_decref(status);
    pt_client_close(client);
    return ready;
}

/* A daemon of its own, and the line that it says once it serves or cannot: none when it ended before. */
static int spawn(const options *o, const char *workspace, const pt_daemon_paths *paths, char *line, size_t size,
                 pt_error *error) {
    int ends[2];
    size_t have = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) return pt_fail(error, PT_EIO, "no pipe can be had");
    for (int i = 0; i < 2; i++) { /* out of the way of the standard files, which may be closed */
        int high = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
        if (high < 0) return pt_fail(error, PT_EIO, "no pipe can be had");
        close(ends[i]);
        ends[i] = high;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) return pt_fail(error, PT_EIO, "no process can be had");
    if (child == 0) { /* a session of its own, nobody's terminal, nobody's folder; its parent ends at once */
        close(ends[0]);
        setsid();
        if (fork() != 0) _exit(0);
        int null = open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; fd++) dup2(null, fd);
        /* what the caller had open is not kept open by us: locks, pipes */
        if (ends[1] > 3) close_range(3, (unsigned)ends[1] - 1, 0);
        close_range((unsigned)ends[1] + 1, ~0u, 0);
        (void)!chdir("/");
        _exit(serve(o, workspace, paths, ends[1], false, error) ? 1 : 0);
    }
    close(ends[1]);
    waitpid(child, NULL, 0);
    for (ssize_t got; have + 1 < size;) {
        got = read(ends[0], line + have, size - 1 - have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        have += (size_t)got;
    }
    close(ends[0]);
    line[have] = 0;
    line[strcspn(line, "\n")] = 0;
    return PT_OK;
}

/* One runs already: it may have begun just now, or be about to end. */
static bool comes_to_answer(const pt_daemon_paths *paths) {
    for (u32 i = 0; i < STOP_TRIES; i++) {
        struct timespec pause = {0, 10000000};
        if (answers(paths)) return true;
        if (pt_daemon_is_gone(paths->lock)) return false;
        nanosleep(&pause, NULL);
    }
    return false;
}

int pt_cli_start_daemon(const options *o, const char *workspace, bool *ran, pt_error *error) {
    pt_daemon_paths paths;
    int code = pt_daemon_find(&paths, workspace, true, error);
    for (u32 tries = 0; !code && tries < START_TRIES; tries++) {
        char line[sizeof error->message];
        code = spawn(o, workspace, &paths, line, sizeof line, error);
        if (code) break;
        bool ready = strcmp(line, "ready") == 0;
        if (!ready && !strstr(line, "runs for this workspace already"))
            return pt_fail(error, PT_EIO, "%s", line[0] ? line : "the daemon ended before it was ready; see its log");
        if (ready || comes_to_answer(&paths)) {
            if (ran) *ran = !ready;
            return PT_OK;
        }
        if (!pt_daemon_is_gone(paths.lock)) break; /* else it has ended meanwhile: this one takes its place */
    }
    return code
               ? code
               : pt_fail(error, PT_EBUSY, "a daemon runs for this workspace already, and does not answer; see its log");
}

static int start(const options *o, const char *workspace) {
    bool ran = false;
    pt_error error = {0};
    int code = pt_cli_start_daemon(o, workspace, &ran, &error);
    if (code) return pt_cli_fail(o, code, error.message);
    if (!o->quiet && ran) printf("the daemon runs already\n");
    else if (!o->quiet) printf("the daemon serves %s\n", workspace);
    return EXIT_ANSWERED;
}

static int stop(const options *o, const pt_daemon_paths *paths, bool told) {
    pt_client *client;
    json_t *answer = NULL;
    pt_error error = {0};
    bool asked = false;
    if (pt_daemon_is_gone(paths->lock)) {
        if (!o->quiet && told) printf("no daemon runs\n");
        return EXIT_ANSWERED;
    }
    for (u32 i = 0; i < STOP_TRIES && !pt_daemon_is_gone(paths->lock); i++) { /* it finishes its batch */
        struct timespec pause = {0, 10000000};
        if (!asked && !pt_client_connect(&client, paths->socket, &error)) { /* one that just began listens soon */
            asked = pt_client_call(client, "stop", NULL, &answer, &error) == PT_OK;
            json_decref(answer);
            pt_client_close(client);
        }
        nanosleep(&pause, NULL);
    }
    if (!pt_daemon_is_gone(paths->lock)) return pt_cli_fail(o, PT_EBUSY, "the daemon does not end");
    if (!o->quiet && told) printf("stopped\n");
    return EXIT_ANSWERED;
}

static void print_timing(const char *title, const char *name, const json_t *t) {
    printf("%-10s %-20s %8lld times  p50 %8.2f ms  p99 %8.2f ms  p999 %8.2f ms\n", title, name,
           (long long)json_integer_value(json_object_get(t, "count")),
           (double)json_integer_value(json_object_get(t, "p50_us")) / 1000,
           (double)json_integer_value(json_object_get(t, "p99_us")) / 1000,
           (double)json_integer_value(json_object_get(t, "p999_us")) / 1000);
}

static void print_timings(const char *title, const json_t *timings) {
    const char *name;
    json_t *t;
    json_object_foreach((json_t *)(uintptr_t)timings, name, t) print_timing(title, name, t);
}

static int status(const options *o, const char *workspace) {
    json_t *answer;
    pt_error error = {0};
    int code = PT_OK;
    options any = *o;
    any.store = any.engine = NULL;
    any.no_daemon = false;
    if (!pt_cli_ask_daemon(&any, workspace, "status", NULL, &code, &answer, &error)) {
        if (o->json) puts("{\"running\":false}");
        else puts("no daemon runs");
        return EXIT_NO_ITEM;
    }
    if (code) return pt_cli_fail(o, code, error.message);
    if (o->json) {
        json_object_set_new(answer, "running", json_true());
        code = pt_print_json(answer);
    } else {
#define NUMBER(key) ((long long)json_integer_value(json_object_get(answer, key)))
        printf("%-10s %s\n%-10s process %lld, up %lld s, %lld connections\n", "workspace",
               json_string_value(json_object_get(answer, "workspace")), "daemon", NUMBER("pid"), NUMBER("uptime_s"),
               NUMBER("connections"));
        printf("%-10s %s, generation %lld, %lld bytes\n", "store", json_string_value(json_object_get(answer, "store")),
               NUMBER("generation"), NUMBER("store_bytes"));
        printf("%-10s %lld files, %lld nodes, %lld edges\n", "graph", NUMBER("files"), NUMBER("nodes"),
               NUMBER("edges"));
        const json_t *memory = json_object_get(answer, "memory");
        const char *why = json_string_value(json_object_get(answer, "error")),
                   *whole = json_string_value(json_object_get(answer, "whole"));
        printf("%-10s %.1f MB resident, %.1f of it no file's\n", "memory",
               (double)json_integer_value(json_object_get(memory, "resident")) / 1e6,
               (double)json_integer_value(json_object_get(memory, "anonymous")) / 1e6);
        printf("%-10s %lld, %lld of them cost what they changed%s%s\n", "batches", NUMBER("batches"),
               NUMBER("batches_incremental"), whole ? "; the last other one: " : "", whole ? whole : "");
        printf("%-10s %s%s%lld changes pending, %lld folders watched, %lld not\n", "state",
               json_is_true(json_object_get(answer, "complete")) ? "complete, " : "not complete, ",
               json_is_true(json_object_get(answer, "indexing")) ? "indexing, " : "", NUMBER("pending"),
               NUMBER("folders_watched"), NUMBER("folders_unwatched"));
        if (why) printf("%-10s %s\n", "error", why);
#undef NUMBER
        print_timings("batch", json_object_get(answer, "stages"));
        print_timings("question", json_object_get(answer, "questions"));
        const json_t *waits = json_object_get(answer, "waits");
        if (json_integer_value(json_object_get(waits, "count"))) print_timing("wait", "for a save", waits);
        pt_print_triggers(stdout, json_object_get(answer, "triggers"), pt_use_color(o, stdout));
    }
    json_decref(answer);
    return pt_exit_code(code);
}

int pt_cli_daemon(const options *o) {
    char workspace[PATH_MAX];
    pt_daemon_paths paths;
    pt_error error = {0};
    const char *action = o->argument_count == 1 ? o->arguments[0] : "";
    pt_find_workspace(workspace, sizeof workspace, o);
    bool makes = strcmp(action, "start") == 0 || strcmp(action, "run") == 0 || strcmp(action, "restart") == 0;
    int code = pt_daemon_find(&paths, workspace, makes, &error);
    if (code == PT_ENOTFOUND && strcmp(action, "stop") == 0) {
        if (!o->quiet) printf("no daemon runs\n");
        return EXIT_ANSWERED;
    }
    if (code == PT_ENOTFOUND && strcmp(action, "status") == 0) return status(o, workspace);
    if (code) return pt_cli_fail(o, code, error.message);
    if (strcmp(action, "start") == 0) return start(o, workspace);
    if (strcmp(action, "stop") == 0) return stop(o, &paths, true);
    if (strcmp(action, "status") == 0) return status(o, workspace);
    if (strcmp(action, "restart") == 0) {
        int ended = stop(o, &paths, false);
        return ended ? ended : start(o, workspace);
    }
    if (strcmp(action, "run") == 0) {
        code = serve(o, workspace, &paths, -1, !o->quiet, &error);
        return code ? pt_cli_fail(o, code, error.message) : EXIT_ANSWERED;
    }
    return fprintf(stderr, "parseltongue: usage: parseltongue daemon start|stop|status|run|restart\n"), EXIT_USAGE;
}

/* The first line of a file, which only its owner should be able to read. */
static int read_token(char *out, size_t size, const char *path, pt_error *error) {
    char *text;
    u32 length;
    struct stat status;
    if (stat(path, &status) == 0 && status.st_mode & 077)
        return pt_fail(error, PT_EUSAGE, "%s: others can read it; chmod 600", path);
    int code = pt_file_read(&text, &length, path, 4096, error);
    if (code) return code == PT_ENOTFOUND ? PT_EIO : code;
    size_t n = strcspn(text, "\r\n");
    bool fits = n > 0 && n < size && n < length + (size_t)1;
    for (size_t i = 0; i < n && fits; i++) fits = text[i] > ' ' && text[i] < 127; /* what a header can say */
    if (fits) snprintf(out, size, "%.*s", (int)n, text);
    pt_free(text);
    return fits ? PT_OK
                : pt_fail(error, PT_EUSAGE, "%s: its first line has to be 1 to %zu visible ASCII characters", path,
                          size - 1);
}

int pt_cli_serve(const options *o) {
    char workspace[PATH_MAX], token[256] = "";
    json_t *answer = NULL;
    pt_error error = {0};
    if (o->argument_count) return fprintf(stderr, "parseltongue: usage: parseltongue serve [--port N]\n"), EXIT_USAGE;
    pt_find_workspace(workspace, sizeof workspace, o);
    int code = o->token_file ? read_token(token, sizeof token, o->token_file, &error) : PT_OK;
    if (!code) code = pt_cli_start_daemon(o, workspace, NULL, &error);
    if (code) return pt_cli_fail(o, code, error.message);
    json_t *params = json_pack("{s:s, s:i}", "workspace", workspace, "port", (int)o->port);
    if (o->address) json_object_set_new(params, "address", json_string(o->address));
    if (o->token_file) json_object_set_new(params, "token", json_string(token));
    options any = *o;
    any.no_daemon = false;
    any.store = any.engine = NULL;
    if (!pt_cli_ask_daemon(&any, workspace, "serve", params, &code, &answer, &error))
        return pt_cli_fail(o, PT_EIO, "the daemon ended");
    if (code) return json_decref(answer), pt_cli_fail(o, code, error.message);
    if (o->json) code = pt_print_json(answer);
    else if (!o->quiet) printf("serving %s\n", json_string_value(json_object_get(answer, "url")));
    json_decref(answer);
    return pt_exit_code(code);
}

int pt_cli_watch(const options *o) {
    char workspace[PATH_MAX];
    pt_daemon_paths paths;
    pt_client *client = NULL;
    json_t *answer = NULL;
    pt_error error = {0};
    if (o->argument_count) return fprintf(stderr, "parseltongue: usage: parseltongue watch\n"), EXIT_USAGE;
    pt_find_workspace(workspace, sizeof workspace, o);
    int code = pt_daemon_find(&paths, workspace, false, &error);
    if (!code) code = pt_client_connect(&client, paths.socket, &error);
    if (code == PT_ENOTFOUND) return pt_cli_fail(o, PT_EIO, "no daemon runs; `parseltongue daemon start` starts one");
    if (!code) code = pt_client_call(client, "subscribe", NULL, &answer, &error);
    json_decref(answer);
    if (code) return pt_client_close(client), pt_cli_fail(o, code, error.message);
    for (json_t *update; !code && !(code = pt_client_next(client, &update, &error)); json_decref(update)) {
        if (o->json) {
            code = pt_print_json(update);
        } else {
            const char *why = json_string_value(json_object_get(update, "error")),
                       *file = json_string_value(json_object_get(update, "file"));
#define NUMBER(key) ((long long)json_integer_value(json_object_get(update, key)))
            if (why) printf("failed: %s\n", why);
            else
                printf("%s%s: generation %lld, %lld nodes, %lld edges, %lld resolved, %lld us\n",
                       file && *file ? file : "start", NUMBER("files") > 1 ? " ..." : "", NUMBER("generation"),
                       NUMBER("nodes"), NUMBER("edges"), NUMBER("resolved"), NUMBER("us"));
#undef NUMBER
        }
        if (fflush(stdout) != 0) break; /* nobody reads any more */
    }
    pt_client_close(client);
    return code == PT_EIO ? EXIT_ANSWERED : pt_exit_code(code); /* the daemon ended: so do we */
}
