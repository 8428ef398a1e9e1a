#include "mcp/local.h"

#include "diff/diff.h"

static int ask(void *payload, const char *command, json_t *params, json_t **answer, pt_error *error) {
    const pt_mcp_local *l = payload;
    if (strcmp(command, "diff") == 0) {
        const pt_index_options *o = pt_live_index(l->live);
        return pt_diff_ask(answer, o->path, o->std_interface, params, error);
    }
    int code = pt_live_ask(l->live, command, params, l->ticket, answer, error);
    json_decref(params);
    if (!*answer) return code;
    json_t *own = json_copy(*answer); /* a kept answer's rows are shared; lists of them are replaced, not changed */
    json_decref(*answer);
    *answer = own;
    return own || code ? code : pt_fail(error, PT_ENOMEM, "out of memory");
}

pt_mcp_host pt_mcp_local_host(pt_mcp_local *local) { return (pt_mcp_host){.ask = ask, .payload = local}; }

int pt_mcp_local_call(pt_live *live, u64 ticket, const char *name, const json_t *arguments, json_t **result,
                      pt_error *error) {
    pt_mcp_local local = {live, ticket};
    pt_mcp_host host = pt_mcp_local_host(&local);
    return pt_mcp_call(&host, name, arguments, result, error);
}
