/* http_mcp.c: the Model Context Protocol over HTTP: a message a POST. Modern requests say in headers what their body says; the
 * legacy era is served without sessions, by the version that the header names. */
#include "serve/exchange.h"

#include "mcp/local.h"
#include "mcp/protocol.h"
#include "query/json_text.h"

#include <stdio.h>
#include <stdlib.h>

#ifndef PT_VERSION
#define PT_VERSION "0.1.0"
#endif

enum { HEADER_MISMATCH = -32020, METHOD_NOT_FOUND = -32601, INVALID_PARAMS = -32602 };
#define VERSION_KEY "io.modelcontextprotocol/protocolVersion"

static int digit_of(char c) {
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* Is a header's value, without white space around it, the text: as it is, or as =?base64?...?= ? */
static bool says(const char *header, const char *text, bool encoded) {
    if (!header) return false;
    while (*header == ' ' || *header == '\t') header++;
    size_t n = strlen(header), length = strlen(text), out = 0;
    while (n && (header[n - 1] == ' ' || header[n - 1] == '\t')) n--;
    if (!encoded || n < 11 || strncmp(header, "=?base64?", 9) != 0 || strncmp(header + n - 2, "?=", 2) != 0)
        return n == length && memcmp(header, text, n) == 0;
    u32 bits = 0, have = 0;
    for (size_t i = 9; i < n - 2 && header[i] != '='; i++) {
        int digit = digit_of(header[i]);
        if (digit < 0) return false;
        bits = bits << 6 | (u32)digit;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        if (out >= length || (u8)text[out] != (u8)(bits >> have)) return false;
        out++;
    }
    return out == length;
}

static json_t *refusal(const json_t *message, int code, const char *text) {
    json_t *id = json_object_get(message, "id");
    return json_pack("{s:s, s:O*, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id, "error", "code", code, "message", text);
}

/* Header and body have to agree; NULL: they do. */
static json_t *mismatch(const pt_exchange *e, const json_t *message) {
    const json_t *params = json_object_get(message, "params");
    const char *method = json_string_value(json_object_get(message, "method")),
               *version = json_string_value(json_object_get(json_object_get(params, "_meta"), VERSION_KEY)),
               *name = json_string_value(json_object_get(params, "name")),
               *header = pt_exchange_header(e, "MCP-Protocol-Version");
    if (!version) {
        if (!says(header, PT_MCP_MODERN, false)) return NULL; /* of the legacy era */
        return refusal(message, INVALID_PARAMS, "params._meta lacks " VERSION_KEY);
    }
    if (!says(header, version, false))
        return refusal(message, HEADER_MISMATCH, "MCP-Protocol-Version does not say what _meta says");
    if (strcmp(version, PT_MCP_MODERN) != 0 || !method) return NULL; /* another error's matter */
    const char *told = pt_exchange_header(e, "Mcp-Method");
    if (!told || strcmp(told, method) != 0)
        return refusal(message, HEADER_MISMATCH, "Mcp-Method does not say the method");
    if (strcmp(method, "resources/read") == 0) name = json_string_value(json_object_get(params, "uri"));
    bool named = strcmp(method, "tools/call") == 0 || strcmp(method, "prompts/get") == 0 ||
                 strcmp(method, "resources/read") == 0;
    if (named && name && !says(pt_exchange_header(e, "Mcp-Name"), name, true))
        return refusal(message, HEADER_MISMATCH, "Mcp-Name does not say the name");
    return NULL;
}

static void work(pt_exchange *e, pt_live *live, u64 ticket) {
    pt_mcp_local local = {live, ticket};
    pt_mcp mcp = {
        .host = pt_mcp_local_host(&local), .version = PT_VERSION, .legacy = e->command[0] ? e->command : NULL};
    json_t *reply = pt_mcp_answer(&mcp, e->params);
    int error = (int)json_integer_value(json_object_get(json_object_get(reply, "error"), "code"));
    bool modern = !e->command[0];
    if (!reply) { /* a notification */
        e->status = MHD_HTTP_ACCEPTED;
        return;
    }
    pt_exchange_json(e,
                     !error                      ? MHD_HTTP_OK
                     : !modern                   ? MHD_HTTP_OK
                     : error == METHOD_NOT_FOUND ? MHD_HTTP_NOT_FOUND
                                                 : MHD_HTTP_BAD_REQUEST,
                     reply);
}

/* An event of a stream: freed with free(); the value is taken. */
static char *event_of(json_t *value) {
    char *text = value ? pt_json_dump(value) : NULL, *event = NULL;
    size_t length = text ? strlen(text) + 16 : 0;
    json_decref(value);
    if (text && (event = malloc(length))) snprintf(event, length, "data: %s\n\n", text);
    free(text);
    return event;
}

char *pt_http_mcp_closed(const json_t *id) {
    pt_mcp mcp = {.version = PT_VERSION};
    return event_of(pt_mcp_closed(&mcp, id));
}

void pt_http_mcp(pt_exchange *e) {
    json_error_t why;
    const char *accept = pt_exchange_header(e, "Accept"), *version = pt_exchange_header(e, "MCP-Protocol-Version");
    json_t *acknowledged = NULL, *wrong;
    if (accept && !strstr(accept, "application/json") && !strstr(accept, "*/*") && !strstr(accept, "application/*")) {
        pt_exchange_fail(e, MHD_HTTP_NOT_ACCEPTABLE, "Accept has to list application/json and text/event-stream");
        return;
    }
    e->params = json_loadb(e->body.data ? e->body.data : "", e->body.count,
                           JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &why);
    if (!e->params) {
        pt_exchange_json(e, MHD_HTTP_BAD_REQUEST, pt_mcp_not_json(why.text));
    } else if ((wrong = mismatch(e, e->params))) {
        pt_exchange_json(e, MHD_HTTP_BAD_REQUEST, wrong);
    } else if (pt_mcp_listens(e->params, &acknowledged)) {
        e->listens = json_deep_copy(json_object_get(e->params, "id"));
        e->text = event_of(acknowledged);
        e->streams = true;
        e->status = MHD_HTTP_OK;
    } else {
        const json_t *params = json_object_get(e->params, "params");
        bool modern = json_object_get(json_object_get(params, "_meta"), VERSION_KEY) != NULL;
        const char *legacy = modern ? "" : pt_mcp_legacy(version);
        if (!legacy) {
            pt_exchange_json(e, MHD_HTTP_BAD_REQUEST,
                             refusal(e->params, -32000, "MCP-Protocol-Version is not one we speak"));
            return;
        }
        snprintf(e->command, sizeof e->command, "%s", legacy);
        pt_exchange_later(e, PT_HTTP_MCP_WAIT_MS, work);
    }
}
