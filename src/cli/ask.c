#include "cli/ask.h"

#include "query/request.h"

#include <stdio.h>

int pt_cli_open(pt_cli_store *out, const options *o, const char *workspace, pt_error *error) {
    *out = (pt_cli_store){0};
    pt_default_store(out->uri, sizeof out->uri, workspace, false, NULL);
    if (o->store) snprintf(out->uri, sizeof out->uri, "%s", o->store);
    int code = pt_store_open(&out->store, out->uri, PT_STORE_READ, error);
    if (!code) code = out->store->engine->load_graph(out->store, &out->graph, error);
    if (!code) code = out->store->engine->stats(out->store, &out->stats, error);
    if (!code && !o->stale_ok && !out->graph->info.dump)
        pt_index_stale(&out->stale, out->graph, pt_graph_string(out->graph, out->graph->info.root));
    if (code) pt_cli_close(out);
    return code == PT_ENOTFOUND ? PT_EIO : code;
}

void pt_cli_close(pt_cli_store *opened) {
    pt_vec_free(&opened->stale);
    pt_graph_close(opened->graph);
    pt_store_close(opened->store);
    *opened = (pt_cli_store){0};
}

int pt_cli_ask(const options *o, const char *workspace, const pt_query *asked, json_t **answer, u64 *us,
               pt_error *error) {
    u64 start = pt_now_us();
    int code;
    *answer = NULL;
    json_t *params = o->stale_ok ? NULL : pt_request_write(asked);
    if (params && o->has_wait) json_object_set_new(params, "wait", json_integer(o->wait));
    /* params: none for arguments that JSON cannot say */
    if (params && pt_cli_ask_daemon(o, workspace, asked->command, params, &code, answer, error)) {
        if (us) *us = pt_now_us() - start;
        return code == PT_ENOTFOUND && !*answer ? PT_EIO : code;
    }
    pt_cli_store opened;
    code = pt_cli_open(&opened, o, workspace, error);
    if (code) return code;
    pt_query q = *asked;
    q.graph = opened.graph;
    q.store = o->engine && strcmp(o->engine, "store") == 0 ? opened.store : NULL;
    q.store_uri = opened.uri;
    q.uuid = opened.stats.uuid;
    q.stale = opened.stale.data;
    q.stale_count = opened.stale.count;
    q.store_bytes = opened.stats.bytes;
    start = pt_now_us();
    code = pt_query_run(&q, answer, error);
    if (us) *us = pt_now_us() - start;
    pt_cli_close(&opened);
    return code;
}

int pt_cli_migrate(const options *o) {
    pt_error error = {0};
    pt_store *from = NULL;
    if (o->argument_count != 2)
        return fprintf(stderr, "parseltongue: usage: parseltongue migrate FROM-URI TO-URI\n"), EXIT_USAGE;
    int code = pt_store_open(&from, o->arguments[0], PT_STORE_READ, &error);
    if (!code) code = pt_store_copy(from, o->arguments[1], &error);
    pt_store_close(from);
    if (code) return pt_cli_fail(o, code == PT_ENOTFOUND ? PT_EIO : code, error.message);
    if (!o->quiet) printf("%s holds what %s holds\n", o->arguments[1], o->arguments[0]);
    return EXIT_ANSWERED;
}
