#include "mcp/protocol.h"

#define META "io.modelcontextprotocol/"
enum {
    PARSE_ERROR = -32700,
    INVALID_REQUEST = -32600,
    METHOD_NOT_FOUND = -32601,
    INVALID_PARAMS = -32602,
    INTERNAL_ERROR = -32603,
    UNSUPPORTED_VERSION = -32022,
    RESOURCE_NOT_FOUND = -32002, /* of the legacy era */
    TTL_MS = 3600000             /* the lists change with the program alone */
};

static const char *const legacy_versions[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};

static const char instructions[] = "A live graph of this Rust code base: who calls, implements, uses what, held "
                                   "against rustc, current with every save. Call "
                                   "`explore` first, with a name or a plain question; `context` before you edit; "
                                   "`blast_radius` before you change a signature. "
                                   "Items are paths or any unambiguous end of one (`Parser::new`), `<Type as "
                                   "Trait>::member`, or FILE:LINE. Answers say what is "
                                   "not known: `unresolved` sites, `stale` files, `complete`.";

static json_t *failure(const json_t *id, int code, const char *message, json_t *data) {
    json_t *text = json_string(message); /* NULL: no UTF-8 */
    json_t *e = json_pack("{s:i, s:o}", "code", code, "message", text ? text : json_string("failed"));
    if (data) json_object_set_new(e, "data", data);
    return json_pack("{s:s, s:O*, s:o}", "jsonrpc", "2.0", "id", id, "error", e); /* no id: it could not be read */
}

json_t *pt_mcp_not_json(const char *why) { return failure(NULL, PARSE_ERROR, why, NULL); }

static json_t *server_info(const pt_mcp *m) {
    return json_pack("{s:s, s:s, s:s}", "name", "parseltongue", "title", "Parseltongue", "version", m->version);
}

static json_t *capabilities(void) { return json_pack("{s:{}, s:{}, s:{}}", "tools", "resources", "prompts"); }

/* The result is taken. */
static json_t *success(const pt_mcp *m, const json_t *id, json_t *result, bool modern, bool cacheable) {
    if (modern) {
        json_object_set_new(result, "resultType", json_string("complete"));
        json_t *meta = json_object_get(result, "_meta");
        if (!meta) json_object_set_new(result, "_meta", meta = json_object());
        json_object_set_new(meta, META "serverInfo", server_info(m));
        if (cacheable) {
            json_object_set_new(result, "ttlMs", json_integer(TTL_MS));
            json_object_set_new(result, "cacheScope", json_string("public"));
        }
    }
    return json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result);
}

/* Is it a request of the modern era, and in order? NULL: so it is, or it is a legacy one (`*modern` tells); else the reply. */
static json_t *check_era(const json_t *id, const json_t *params, bool *modern) {
    const json_t *meta = json_object_get(params, "_meta"), *version = json_object_get(meta, META "protocolVersion");
    *modern = version != NULL;
    if (!version) return NULL;
    if (!json_is_string(version)) return failure(id, INVALID_PARAMS, META "protocolVersion has to be a string", NULL);
    if (strcmp(json_string_value(version), PT_MCP_MODERN) != 0)
        return failure(id, UNSUPPORTED_VERSION, "Unsupported protocol version",
                       json_pack("{s:[s], s:s}", "supported", PT_MCP_MODERN, "requested", json_string_value(version)));
    if (!json_is_object(json_object_get(meta, META "clientCapabilities")))
        return failure(id, INVALID_PARAMS, "_meta lacks " META "clientCapabilities", NULL);
    return NULL;
}

static json_t *initialize(pt_mcp *m, const json_t *id, const json_t *params) {
    const char *asked = json_string_value(json_object_get(params, "protocolVersion"));
    if (!asked) return failure(id, INVALID_PARAMS, "initialize wants a protocolVersion", NULL);
    m->legacy = legacy_versions[0];
    for (u32 i = 0; i < PT_COUNT_OF(legacy_versions); i++)
        if (strcmp(asked, legacy_versions[i]) == 0) m->legacy = legacy_versions[i];
    return success(m, id,
                   json_pack("{s:s, s:o, s:o, s:s}", "protocolVersion", m->legacy, "capabilities", capabilities(),
                             "serverInfo", server_info(m), "instructions", instructions),
                   false, false);
}

static json_t *call_tool(pt_mcp *m, const json_t *id, const json_t *params, bool modern) {
    const char *name = json_string_value(json_object_get(params, "name"));
    const json_t *arguments = json_object_get(params, "arguments");
    json_t *result = NULL;
    pt_error error = {0};
    if (!name) return failure(id, INVALID_PARAMS, "tools/call wants the name of a tool", NULL);
    if (arguments && !json_is_object(arguments))
        return failure(id, INVALID_PARAMS, "arguments have to be an object", NULL);
    int code = m->host.call ? m->host.call(m->host.payload, name, arguments, &result, &error)
                            : pt_mcp_call(&m->host, name, arguments, &result, &error);
    if (code) return failure(id, code == PT_ENOTFOUND ? INVALID_PARAMS : INTERNAL_ERROR, error.message, NULL);
    bool structured = modern || strcmp(m->legacy, "2025-06-18") >= 0; /* versions are dates */
    if (!structured) json_object_del(result, "structuredContent");
    return success(m, id, result, modern, false);
}

static json_t *one_list(const pt_mcp *m, const json_t *id, const json_t *params, bool modern, const char *key,
                        json_t *list) {
    if (json_object_get(params, "cursor")) { /* there is one page */
        json_decref(list);
        return failure(id, INVALID_PARAMS, "no such cursor", NULL);
    }
    return success(m, id, json_pack("{s:o}", key, list), modern, true);
}

json_t *pt_mcp_answer(pt_mcp *m, const json_t *message) {
    const json_t *id = json_object_get(message, "id"), *params = json_object_get(message, "params");
    const char *method = json_string_value(json_object_get(message, "method")),
               *version = json_string_value(json_object_get(message, "jsonrpc"));
    bool modern, has_id = json_is_string(id) || json_is_integer(id);
    if (!json_is_object(message) || !version || strcmp(version, "2.0") != 0 || (id && !has_id))
        return failure(has_id ? id : NULL, INVALID_REQUEST, "not a JSON-RPC 2.0 message of MCP; batches are not taken",
                       NULL);
    if (!method) /* a response: we ask nothing */
        return json_object_get(message, "result") || json_object_get(message, "error")
                   ? NULL
                   : failure(has_id ? id : NULL, INVALID_REQUEST, "a message without a method", NULL);
    if (!id) return NULL; /* a notification */
    if (params && !json_is_object(params)) return failure(id, INVALID_PARAMS, "params have to be an object", NULL);
    json_t *refused = check_era(id, params, &modern);
    if (refused) return refused;
#define IS(text) (strcmp(method, (text)) == 0)
    if (!modern) {
        if (IS("initialize")) return initialize(m, id, params);
        if (IS("ping")) return success(m, id, json_object(), false, false);
        if (!m->legacy)
            return failure(
                id, INVALID_PARAMS,
                "params._meta lacks " META "protocolVersion (" PT_MCP_MODERN "), and there was no initialize", NULL);
    } else if (IS("server/discover")) {
        return success(m, id,
                       json_pack("{s:[s], s:o, s:s}", "supportedVersions", PT_MCP_MODERN, "capabilities",
                                 capabilities(), "instructions", instructions),
                       true, true);
    }
    if (IS("tools/list")) return one_list(m, id, params, modern, "tools", pt_mcp_tools());
    if (IS("tools/call")) return call_tool(m, id, params, modern);
    if (IS("resources/list")) return one_list(m, id, params, modern, "resources", json_array());
    if (IS("resources/templates/list")) return one_list(m, id, params, modern, "resourceTemplates", json_array());
    if (IS("prompts/list")) return one_list(m, id, params, modern, "prompts", json_array());
    if (IS("resources/read"))
        return failure(id, modern ? INVALID_PARAMS : RESOURCE_NOT_FOUND, "there are no resources", NULL);
    if (modern && IS("subscriptions/listen"))
        return failure(id, INVALID_PARAMS, "subscriptions/listen wants notifications", NULL);
    if (IS("prompts/get")) return failure(id, INVALID_PARAMS, "there are no prompts", NULL);
#undef IS
    return failure(id, METHOD_NOT_FOUND, "no such method", NULL);
}

bool pt_mcp_asks(const json_t *message) {
    const char *method = json_string_value(json_object_get(message, "method"));
    return method && strcmp(method, "tools/call") == 0 && json_object_get(message, "id");
}

bool pt_mcp_listens(const json_t *message, json_t **acknowledged) {
    const json_t *id = json_object_get(message, "id"), *params = json_object_get(message, "params");
    const char *method = json_string_value(json_object_get(message, "method")),
               *version = json_string_value(json_object_get(message, "jsonrpc"));
    bool modern = false;
    if (!method || strcmp(method, "subscriptions/listen") != 0 || !version || strcmp(version, "2.0") != 0 ||
        !(json_is_string(id) || json_is_integer(id)) || !json_is_object(json_object_get(params, "notifications")))
        return false;
    json_t *refused = check_era(id, params, &modern);
    json_decref(refused);
    if (refused || !modern) return false;
    /* nothing of ours changes while we run: no kind of notification is honoured */
    *acknowledged = json_pack("{s:s, s:s, s:{s:{s:O}, s:{}}}", "jsonrpc", "2.0", "method",
                              "notifications/subscriptions/acknowledged", "params", "_meta", META "subscriptionId", id,
                              "notifications");
    return *acknowledged != NULL;
}

json_t *pt_mcp_closed(const pt_mcp *m, const json_t *id) {
    return success(m, id, json_pack("{s:{s:O}}", "_meta", META "subscriptionId", id), true, false);
}

const char *pt_mcp_legacy(const char *version) {
    if (!version) version = "2025-03-26";
    for (u32 i = 0; i < PT_COUNT_OF(legacy_versions); i++)
        if (strcmp(version, legacy_versions[i]) == 0) return legacy_versions[i];
    return NULL;
}

const json_t *pt_mcp_cancels(const json_t *message) {
    const char *method = json_string_value(json_object_get(message, "method"));
    if (!method || strcmp(method, "notifications/cancelled") != 0 || json_object_get(message, "id")) return NULL;
    return json_object_get(json_object_get(message, "params"), "requestId");
}
