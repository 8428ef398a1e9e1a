/* mcp.c: `parseltongue mcp` and `parseltongue lsp`: their questions go to the workspace's daemon, which they start when there is
 * none. */
#include "cli/ask.h"
#include "diff/diff.h"
#include "live/client.h"
#include "lsp/lsp.h"
#include "mcp/stdio.h"
#include "query/request.h"

#include <stdio.h>
#include <unistd.h>

#ifndef PT_VERSION
#define PT_VERSION "0.1.0"
#endif

enum {
    TRIES = 3,
    AGAIN_US = 5000000,
    WAIT_MS = 2000 /* for saves on their way: who edits by model can wait for what was just written */
};

typedef struct asker {
    options o;
    char workspace[PATH_MAX];
    pt_client *client;
    bool alone;    /* asked for: the store answers */
    u64 failed_us; /* when no daemon could be had; it is tried again after a while */
} asker;

static int connect_daemon(asker *a, pt_error *error) {
    pt_daemon_paths paths;
    int code = pt_daemon_find(&paths, a->workspace, true, error);
    if (!code) code = pt_client_connect(&a->client, paths.socket, error);
    if (code != PT_ENOTFOUND) return code;
    code = pt_cli_start_daemon(&a->o, a->workspace, NULL, error);
    return code ? code : pt_client_connect(&a->client, paths.socket, error);
}

static int ask_store(asker *a, const char *command, const json_t *params, json_t **answer, pt_error *error) {
    pt_query asked = {0};
    int code = pt_request_read(&asked, command, params, error);
    options o = a->o;
    o.no_daemon = true;
    return code ? code : pt_cli_ask(&o, a->workspace, &asked, answer, NULL, error);
}

/* The daemon's answer; `*alone`: there is none to ask. `params` is taken. */
static int ask_daemon(asker *a, const char *method, json_t *params, json_t **answer, bool *alone, pt_error *error) {
    int code = PT_EIO;
    *answer = NULL;
    *alone = a->alone || (a->failed_us && pt_now_us() - a->failed_us < AGAIN_US);
    json_object_set_new(params, "wait", json_integer(a->o.has_wait ? a->o.wait : WAIT_MS));
    for (u32 i = 0; i < TRIES && !*alone; i++) {
        *error = (pt_error){0};
        if (!a->client && (code = connect_daemon(a, error))) { /* what there is answers, or says why there is nothing */
            fprintf(stderr, "parseltongue: no daemon: %s\n", error->message);
            a->failed_us = pt_now_us();
            *alone = true;
            break;
        }
        a->failed_us = 0;
        code = pt_client_call(a->client, method, json_incref(params), answer, error);
        if (code != PT_EIO || *answer) break;
        pt_client_close(a->client); /* it ended: another one may have its place */
        a->client = NULL;
    }
    json_decref(params);
    return code;
}

static int ask(void *payload, const char *command, json_t *params, json_t **answer, pt_error *error) {
    asker *a = payload;
    bool alone;
    *answer = NULL;
    if (strcmp(command, "diff") == 0) { /* of git's objects: no daemon is asked */
        char std_path[PATH_MAX + 64];
        bool has_std = pt_find_std(std_path, sizeof std_path, &a->o);
        return pt_diff_ask(answer, a->workspace, has_std ? std_path : NULL, params, error);
    }
    int code = ask_daemon(a, command, json_copy(params), answer, &alone, error);
    if (alone) code = ask_store(a, command, params, answer, error);
    json_decref(params);
    return code;
}

/* Tools are answered, and cut, where the graph is; what the daemon does not do is done here, or said why not. */
static int call_tool(void *payload, const char *name, const json_t *arguments, json_t **result, pt_error *error) {
    asker *a = payload;
    pt_mcp_host here = {.ask = ask, .payload = a};
    bool alone;
    if (strcmp(name, "diff_impact") != 0) {
        int code = ask_daemon(a, "tool", json_pack("{s:s, s:O*}", "name", name, "arguments", arguments), result, &alone,
                              error);
        if (!code && *result) return PT_OK;
        json_decref(*result);
        *error = (pt_error){0};
    }
    return pt_mcp_call(&here, name, arguments, result, error);
}

int pt_cli_mcp(const options *o) {
    asker a = {.o = *o};
    pt_mcp mcp = {.host = {ask, &a, call_tool}, .version = PT_VERSION};
    pt_error error = {0};
    if (o->argument_count) return fprintf(stderr, "parseltongue: usage: parseltongue mcp\n"), EXIT_USAGE;
    pt_find_workspace(a.workspace, sizeof a.workspace, o);
    a.o.json = false; /* standard output is the protocol's */
    a.o.quiet = true;
    a.alone = o->no_daemon || o->store || o->engine;
    int code = pt_mcp_stdio(&mcp, STDIN_FILENO, STDOUT_FILENO, "waiting for the index", &error);
    pt_client_close(a.client);
    return code ? pt_cli_fail(&a.o, code, error.message) : EXIT_ANSWERED;
}

int pt_cli_lsp(const options *o) {
    asker a = {.o = *o};
    pt_lsp_host host = {ask, &a, a.workspace, PT_VERSION};
    pt_error error = {0};
    bool clean = false;
    if (o->argument_count) return fprintf(stderr, "parseltongue: usage: parseltongue lsp\n"), EXIT_USAGE;
    pt_find_workspace(a.workspace, sizeof a.workspace, o);
    a.o.json = false;
    a.o.quiet = true;
    a.alone = o->no_daemon || o->store || o->engine;
    int code = pt_lsp_serve(&host, STDIN_FILENO, STDOUT_FILENO, &clean, &error);
    pt_client_close(a.client);
    if (code) return pt_cli_fail(&a.o, code, error.message);
    return clean ? EXIT_ANSWERED : EXIT_INTERNAL; /* as the protocol has it */
}
