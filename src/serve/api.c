/* api.c: the questions as JSON over HTTP, and their description. */
#include "serve/exchange.h"

#include "live/prometheus.h"
#include "query/context.h"
#include "query/request.h"

#include <stdio.h>
#include <stdlib.h>

#ifndef PT_VERSION
#define PT_VERSION "0.1.0"
#endif

enum { MOST_WAIT_MS = 60000 };

static unsigned status_of(int code, bool answered) {
    switch (code) {
    case PT_OK: return MHD_HTTP_OK;
    case PT_EUSAGE: return MHD_HTTP_BAD_REQUEST;
    case PT_ENOTFOUND: return answered ? MHD_HTTP_NOT_FOUND : MHD_HTTP_SERVICE_UNAVAILABLE;
    case PT_EAMBIGUOUS: return MHD_HTTP_CONFLICT;
    default: return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

static void ask(pt_exchange *e, pt_live *live, u64 ticket) {
    json_t *answer = NULL;
    pt_error error = {0};
    int code = pt_live_ask(live, e->command, e->params, ticket, &answer, &error);
    unsigned status = status_of(code, answer != NULL);
    if (answer && (!code || json_object_get(answer, "error"))) {
        pt_exchange_json(e, status, answer);
    } else {
        json_decref(answer);
        pt_exchange_fail(e, status, error.message);
    }
}

static enum MHD_Result add_argument(void *payload, enum MHD_ValueKind kind, const char *key, size_t key_size,
                                    const char *value, size_t value_size) {
    pt_exchange *e = payload;
    pt_error error = {0};
    (void)kind;
    if (e->status) return MHD_NO;
    if (strlen(key) != key_size || (value && strlen(value) != value_size)) {
        pt_exchange_fail(e, MHD_HTTP_BAD_REQUEST, "a parameter holds a zero byte");
        return MHD_NO;
    }
    if (pt_request_set(e->params, key, value ? value : "", &error))
        pt_exchange_fail(e, MHD_HTTP_BAD_REQUEST, error.message);
    return e->status ? MHD_NO : MHD_YES;
}

/* Which parameters a command takes; others would be ignored, and so they are refused. */
static bool takes(const pt_query_info *info, const char *parameter) {
#define IS(text) (strcmp(parameter, (text)) == 0)
#define OF(text) (strcmp(info->name, (text)) == 0)
    bool one = info->most && info->most < PT_WORDS;
    if (IS("target")) return info->most;
    if (IS("second")) return info->most >= 2 && info->most < PT_WORDS;
    if (IS("level")) return OF("find-cycles") || OF("context");
    if (IS("kind")) return OF("list") || OF("search") || OF("unused");
    if (IS("cursor")) return OF("list");
    if (IS("depth")) return OF("blast-radius") || OF("neighbourhood");
    if (IS("budget") || IS("format")) return OF("context") || OF("explore");
    if (IS("sites")) return OF("callers") || OF("callees") || OF("uses") || OF("used-by");
    if (IS("all")) return (one && !OF("search") && !OF("entities-in")) || OF("context");
    if (IS("candidates")) return one || OF("unused");
#undef IS
#undef OF
    return true;
}

static void question(pt_exchange *e, const char *command) {
    u32 wait = PT_HTTP_WAIT_MS;
    snprintf(e->command, sizeof e->command, "%s", command);
    e->params = json_object();
    pt_http_library(e->http)->get_connection_values_n(e->connection, MHD_GET_ARGUMENT_KIND, add_argument, e);
    if (e->status) return;
    if (e->is_post) {
        json_error_t why;
        json_t *body = json_loadb(e->body.data ? e->body.data : "", e->body.count, JSON_REJECT_DUPLICATES, &why);
        if (!json_is_object(body)) {
            pt_exchange_fail(e, MHD_HTTP_BAD_REQUEST, body ? "the body has to be a JSON object" : why.text);
            json_decref(body);
            return;
        }
        json_object_update(e->params, body);
        json_decref(body);
    }
    const json_t *given = json_object_get(e->params, "wait");
    double milliseconds = given ? json_number_value(given) : wait;
    if ((given && !json_is_number(given)) || milliseconds < 0 || milliseconds > MOST_WAIT_MS ||
        milliseconds != (u32)milliseconds) {
        pt_exchange_fail(e, MHD_HTTP_BAD_REQUEST, "wait is a whole number of milliseconds, at most 60000");
        return;
    }
    wait = (u32)milliseconds;
    json_object_del(e->params, "wait");
    const char *key;
    json_t *value;
    json_object_foreach(e->params, key, value) {
        char message[200];
        bool empty = (strcmp(key, "target") == 0 || strcmp(key, "second") == 0) && json_is_string(value) &&
                     !json_string_length(value);
        if (takes(pt_query_find(command), key) && !empty) continue;
        if (empty) snprintf(message, sizeof message, "%s is empty", key);
        else snprintf(message, sizeof message, "%s takes no parameter %.100s", command, key);
        pt_exchange_fail(e, MHD_HTTP_BAD_REQUEST, message);
        return;
    }
    pt_query asked = {0};
    pt_error error = {0};
    if (pt_request_read(&asked, command, e->params, &error)) {
        pt_exchange_fail(e, MHD_HTTP_BAD_REQUEST, error.message);
        return;
    }
    pt_exchange_later(e, wait, ask);
}

static json_t *commands(void) {
    u32 count;
    const pt_query_info *list = pt_query_list(&count);
    json_t *rows = json_array();
    for (u32 i = 0; i < count; i++)
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "command", list[i].name, "arguments",
                                              list[i].arguments, "help", list[i].help));
    return json_pack("{s:o}", "commands", rows);
}

static void metrics(pt_exchange *e) {
    size_t length = 0;
    json_t *status = pt_server_status(pt_http_server(e->http));
    FILE *out = open_memstream(&e->text, &length);
    if (out) {
        pt_prometheus(out, status);
        (void)fclose(out);
        e->status = MHD_HTTP_OK;
        e->type = "text/plain; version=0.0.4; charset=utf-8";
    } else {
        pt_exchange_fail(e, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
    }
    json_decref(status);
}

bool pt_api_posts(const char *path) { return strncmp(path, "/api/v1/", 8) == 0 && pt_query_find(path + 8); }

bool pt_api(pt_exchange *e) {
    const char *path = e->path;
    if (strcmp(path, "/metrics") == 0 && !e->is_post) return metrics(e), true;
    if (strncmp(path, "/api/v1", 7) != 0) return false;
    path += 7;
    bool plain = !*path || strcmp(path, "/") == 0 || strcmp(path, "/openapi.json") == 0 ||
                 strcmp(path, "/status") == 0 || strcmp(path, "/history") == 0;
    if (plain && e->is_post) {
        pt_exchange_fail(e, MHD_HTTP_METHOD_NOT_ALLOWED, "GET is taken here");
    } else if (!*path || strcmp(path, "/") == 0) {
        pt_exchange_json(e, MHD_HTTP_OK, commands());
    } else if (strcmp(path, "/openapi.json") == 0) {
        pt_exchange_json(e, MHD_HTTP_OK, pt_api_openapi());
    } else if (strcmp(path, "/status") == 0) {
        pt_exchange_json(e, MHD_HTTP_OK, pt_server_status(pt_http_server(e->http)));
    } else if (strcmp(path, "/history") == 0) {
        json_t *history = pt_live_history(pt_server_live(pt_http_server(e->http)));
        json_object_set_new(history, "updates", pt_http_updates(e->http));
        pt_exchange_json(e, MHD_HTTP_OK, history);
    } else {
        const pt_query_info *info = *path == '/' ? pt_query_find(path + 1) : NULL;
        if (!info) return false;
        question(e, info->name);
    }
    return true;
}

/* OpenAPI. */

/* No JSON of ours holds a zero byte. */
static json_t *text_schema(void) { return json_pack("{s:s, s:s}", "type", "string", "pattern", "^[^\\u0000]*$"); }
static json_t *reference(const char *name) {
    char at[64];
    snprintf(at, sizeof at, "#/components/schemas/%s", name);
    return json_pack("{s:s}", "$ref", at);
}
static json_t *response(const char *description, const char *schema) {
    return json_pack("{s:s, s:{s:{s:o}}}", "description", description, "content", "application/json", "schema",
                     reference(schema));
}

static json_t *choices_of(const char *const *names, u32 count) {
    json_t *list = json_array();
    for (u32 i = 0; i < count; i++) json_array_append_new(list, json_string(names[i]));
    return list;
}

static json_t *parameter_schema(const pt_query_info *info, char type, const char *name) {
    static const char *const formats[] = {"text", "markdown", "json", "compact"},
                             *const cycles[] = {"module", "type", "call"},
                             *const levels[] = {"menu", "signatures", "bodies"};
    json_t *schema =
        type == 'n'   ? json_pack("{s:s, s:i, s:I}", "type", "integer", "minimum", 0, "maximum", (json_int_t)UINT32_MAX)
        : type == 'b' ? json_pack("{s:s}", "type", "boolean")
                      : text_schema();
    bool of_cycles = strcmp(info->name, "find-cycles") == 0;
    if (strcmp(name, "target") == 0 || strcmp(name, "second") == 0)
        json_object_set_new(schema, "pattern", json_string("^[^\\u0000]+$"));
    if (strcmp(name, "format") == 0) json_object_set_new(schema, "enum", choices_of(formats, 4));
    if (strcmp(name, "level") == 0) json_object_set_new(schema, "enum", choices_of(of_cycles ? cycles : levels, 3));
    if (strcmp(name, "wait") == 0) json_object_set_new(schema, "maximum", json_integer(60000));
    if (strcmp(name, "budget") == 0) {
        json_object_set_new(schema, "minimum", json_integer(PT_CONTEXT_LEAST));
        json_object_set_new(schema, "maximum", json_integer(PT_CONTEXT_MOST));
    }
    if (strcmp(name, "kind") == 0) {
        const char *kinds[PT_KIND_PRIMITIVE];
        for (u8 k = 0; k < PT_KIND_PRIMITIVE; k++) kinds[k] = pt_kind_name(k);
        json_object_set_new(schema, "enum", choices_of(kinds, PT_KIND_PRIMITIVE));
    }
    return schema;
}

static json_t *operation_of(const pt_query_info *info, bool posts) {
    json_t *parameters = json_array(), *properties = json_object(), *required = json_array();
    const char *name;
    char type;
    for (u32 i = 0; (name = pt_request_parameter(i, &type)); i++) {
        bool target = strcmp(name, "target") == 0, second = strcmp(name, "second") == 0;
        if (!takes(info, name)) continue;
        bool needed = (target && info->needed) || (second && info->needed > 1);
        if (posts) {
            json_object_set_new(properties, name, parameter_schema(info, type, name));
            if (needed) json_array_append_new(required, json_string(name));
        } else {
            json_array_append_new(parameters, json_pack("{s:s, s:s, s:b, s:o}", "name", name, "in", "query", "required",
                                                        needed, "schema", parameter_schema(info, type, name)));
        }
    }
    json_t *responses = json_pack("{s:o, s:o, s:o, s:o, s:o}", "200", response("The answer.", "answer"), "400",
                                  response("Parameters that do not fit.", "failure"), "404",
                                  response("No such item; `suggestions` may be there.", "failure"), "409",
                                  response("Several items have that name: `candidates`.", "failure"), "503",
                                  response("Nothing is indexed yet.", "failure"));
    char id[80];
    snprintf(id, sizeof id, "%s%s", posts ? "post_" : "", info->name);
    json_t *operation = json_pack("{s:s, s:s, s:o}", "summary", info->help, "operationId", id, "responses", responses);
    if (posts) {
        json_t *schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", json_incref(properties),
                                   "additionalProperties", 0);
        if (json_array_size(required)) json_object_set(schema, "required", required);
        json_object_set_new(
            operation, "requestBody",
            json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content", "application/json", "schema", schema));
    } else {
        json_object_set(operation, "parameters", parameters);
    }
    json_decref(parameters);
    json_decref(properties);
    json_decref(required);
    return operation;
}

json_t *pt_api_openapi(void) {
    static const char *const plain[][2] = {{"/api/v1", "What can be asked."},
                                           {"/api/v1/status", "The daemon's state."},
                                           {"/api/v1/history", "Durations of the last hour by minute, and the last "
                                                               "batches."}};
    u32 count;
    const pt_query_info *list = pt_query_list(&count);
    json_t *paths = json_object();
    for (u32 i = 0; i < PT_COUNT_OF(plain); i++)
        json_object_set_new(paths, plain[i][0],
                            json_pack("{s:{s:s, s:s, s:{s:o}}}", "get", "summary", plain[i][1], "operationId",
                                      plain[i][0] + 5, "responses", "200", response(plain[i][1], "object")));
    for (u32 i = 0; i < count; i++) {
        char path[96];
        snprintf(path, sizeof path, "/api/v1/%s", list[i].name);
        json_object_set_new(
            paths, path,
            json_pack("{s:o, s:o}", "get", operation_of(&list[i], false), "post", operation_of(&list[i], true)));
    }
    json_t *answer = json_pack(
        "{s:s, s:s, s:[s,s,s,s,s,s], s:{s:{s:s}, s:{s:s}, s:{s:s, s:i}, s:{s:s}, s:{s:s, s:i}, s:{s:s, s:{s:s}}, "
        "s:{s:s}, s:{s:s}, "
        "s:{s:s}}}",
        "description", "What every answer has; docs/schema of the project says what its rows are.", "type", "object",
        "required", "query", "target", "generation", "complete", "truncated", "results", "properties", "query", "type",
        "string", "store", "type", "string", "generation", "type", "integer", "minimum", 1, "complete", "type",
        "boolean", "pending", "type", "integer", "minimum", 0, "stale", "type", "array", "items", "type", "string",
        "unresolved", "type", "object", "truncated", "type", "boolean", "results", "type", "array");
    json_t *failure =
        json_pack("{s:s, s:[s], s:{s:{s:s}, s:{s:s}, s:{s:s}}}", "type", "object", "required", "error", "properties",
                  "error", "type", "string", "candidates", "type", "array", "suggestions", "type", "array");
    return json_pack("{s:s, s:{s:s, s:s}, s:o, s:{s:{s:o, s:o, s:{s:s}}}}", "openapi", "3.1.0", "info", "title",
                     "Parseltongue", "version", PT_VERSION, "paths", paths, "components", "schemas", "answer", answer,
                     "failure", failure, "object", "type", "object");
}
