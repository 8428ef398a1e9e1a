#include "lsp/lsp.h"

#include "facts/kinds.h"
#include "lsp/documents.h"
#include "query/json_text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

enum {
    MESSAGE_LIMIT = 16 << 20,
    HEAD_LIMIT = 8192,
    SYMBOLS = 200,
    METHOD_NOT_FOUND = -32601,
    INVALID_REQUEST = -32600,
    INVALID_PARAMS = -32602,
    NOT_INITIALIZED = -32002,
    PARSE_ERROR = -32700
};

typedef struct lsp {
    const pt_lsp_host *host;
    pt_documents documents;
    bool initialized, shut_down, over;
    int out;
} lsp;

static const char *text_of(const json_t *row, const char *key) {
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}
static u32 number_of(const json_t *row, const char *key) { return (u32)json_integer_value(json_object_get(row, key)); }

static json_t *ask(lsp *l, const char *command, const char *target) {
    json_t *answer = NULL, *params = json_pack("{s:s, s:b}", "target", target, "all", 1);
    pt_error error = {0};
    if (!params) return NULL;
    if (strcmp(command, "search") == 0 || strcmp(command, "entities-in") == 0 || strcmp(command, "explain") == 0)
        json_object_del(params, "all");
    if (strcmp(command, "search") == 0) json_object_set_new(params, "limit", json_integer(SYMBOLS));
    int code = l->host->ask(l->host->payload, command, params, &answer, &error);
    if (!code) return answer;
    json_decref(answer);
    return NULL;
}

/* Places. */

static json_t *range_of(lsp *l, const pt_document_view *v, u32 line, u32 first, u32 end_line, u32 end) {
    return json_pack("{s:{s:i, s:i}, s:{s:i, s:i}}", "start", "line", (int)line, "character",
                     (int)pt_document_column(&l->documents, v, line, first), "end", "line", (int)end_line, "character",
                     (int)pt_document_column(&l->documents, v, end_line, end));
}

static const char *last_name(const char *path) {
    const char *name = path;
    for (const char *at = path; *at; at++)
        if (at[0] == ':' && at[1] == ':') name = at + 2;
    return name;
}

/* Where a name stands in a line of the graph's, from a column (from 1; 0: anywhere) on. NULL: no file. */
static json_t *location(lsp *l, const char *file, u32 line, u32 column, const char *name) {
    pt_document_view v;
    u32 first, end;
    if (!*file || !line) return NULL;
    pt_document_look(&v, &l->documents, file);
    u32 shown = pt_document_shown_line(&v, line);
    pt_document_word(&v, shown, column ? column - 1 : 0, name, &first, &end);
    json_t *found = json_pack("{s:o, s:o}", "uri", pt_document_uri(&l->documents, file), "range",
                              range_of(l, &v, shown, first, shown, end));
    pt_document_forget(&v);
    return found;
}

typedef struct spot {
    char path[4096];
    u32 line, first, end; /* the graph's line; the word, in characters */
    char word[256];
} spot;

/* The word that a request points to; false: nothing that the graph knows of. */
static bool spot_of(lsp *l, const json_t *params, spot *out) {
    const json_t *position = json_object_get(params, "position");
    const char *uri = text_of(json_object_get(params, "textDocument"), "uri");
    pt_document_view v;
    if (!position || !pt_document_path(out->path, sizeof out->path, &l->documents, uri)) return false;
    u32 line = number_of(position, "line");
    pt_document_look(&v, &l->documents, out->path);
    out->line = line < v.lines ? pt_document_saved_line(&v, line) : 0;
    u32 at = out->line ? pt_document_characters(&l->documents, &v, line, number_of(position, "character")) : 0;
    bool found = out->line && pt_document_word_at(&v, line, at, &out->first, &out->end);
    if (found) { /* its text */
        const char *text = v.text;
        for (u32 i = line; i && (text = strchr(text, '\n')); i--) text++;
        for (u32 i = 0; text && i < out->first; i++)
            for (text++; ((u8)*text & 0xc0) == 0x80;) text++;
        size_t n = 0;
        for (u32 i = out->first; text && i < out->end && n + 8 < sizeof out->word; i++) do
                out->word[n] = text[n], n++;
            while (((u8)text[n] & 0xc0) == 0x80);
        out->word[n] = 0;
    }
    pt_document_forget(&v);
    return found;
}

/* Items that are meant at a place: what is referred to there, else what is defined there. */
static json_t *items_at(lsp *l, const spot *s) {
    json_t *items = json_array(), *row;
    char target[4200];
    size_t i;
    snprintf(target, sizeof target, "%s:%u", s->path, s->line);
    json_t *answer = ask(l, "explain", target);
    json_array_foreach(json_object_get(answer, "results"), i, row) {
        u32 column = number_of(row, "col");
        bool here = strcmp(text_of(row, "file"), s->path) == 0 && number_of(row, "line") == s->line &&
                    column > s->first && column <= s->end && *text_of(row, "to");
        bool known = false;
        size_t k;
        json_t *item;
        json_array_foreach(items, k, item) known = known || strcmp(json_string_value(item), text_of(row, "to")) == 0;
        if (here && !known) json_array_append(items, json_object_get(row, "to"));
    }
    json_decref(answer);
    if (json_array_size(items)) return items;
    answer = ask(l, "entities-in", s->path);
    json_array_foreach(json_object_get(answer, "results"), i,
                       row) if (number_of(row, "line") <= s->line && number_of(row, "end_line") >= s->line &&
                                number_of(row, "line") + 3 > s->line &&
                                strcmp(last_name(text_of(row, "path")), s->word) == 0)
        json_array_append(items, json_object_get(row, "path"));
    json_decref(answer);
    return items;
}

static void add(json_t *list, json_t *value) {
    if (value) json_array_append_new(list, value);
}

static void definitions(lsp *l, json_t *out, const char *item) {
    json_t *answer = ask(l, "where-defined", item), *row;
    size_t i;
    json_array_foreach(json_object_get(answer, "results"), i,
                       row) if (strcmp(text_of(row, "path"), item) == 0 || !strstr(item, "::"))
        add(out, location(l, text_of(row, "file"), number_of(row, "line"), 0, last_name(text_of(row, "path"))));
    json_decref(answer);
}

/* For each item at the place. */
static json_t *each_item(lsp *l, const json_t *params, void (*visit)(lsp *l, json_t *out, const char *item)) {
    json_t *out = json_array(), *items, *item;
    spot s;
    size_t i;
    if (!spot_of(l, params, &s)) return out;
    items = items_at(l, &s);
    json_array_foreach(items, i, item) visit(l, out, json_string_value(item));
    json_decref(items);
    return out;
}

static void references(lsp *l, json_t *out, const char *item) {
    json_t *answer = ask(l, "used-by", item), *row, *site;
    size_t i, k;
    json_array_foreach(json_object_get(answer, "results"), i, row) json_array_foreach(json_object_get(row, "sites"), k,
                                                                                      site)
        add(out, location(l, text_of(site, "file"), number_of(site, "line"), number_of(site, "col"), last_name(item)));
    json_decref(answer);
}

static void implementations(lsp *l, json_t *out, const char *item) {
    json_t *answer = ask(l, "who-implements", item), *row;
    size_t i;
    json_array_foreach(json_object_get(answer, "results"), i, row)
        add(out, location(l, text_of(row, "file"), number_of(row, "line"), number_of(row, "col"),
                          last_name(text_of(row, "type"))));
    json_decref(answer);
    answer = ask(l, "used-by", item); /* members of impls, of a trait's */
    json_array_foreach(json_object_get(answer, "results"), i, row) if (strcmp(text_of(row, "edge"), "overrides") == 0)
        add(out, location(l, text_of(row, "file"), number_of(row, "line"), 0, last_name(text_of(row, "path"))));
    json_decref(answer);
}

/* Symbols. */

static int symbol_kind(const char *kind) {
    switch (pt_kind_of_name(kind)) {
    case PT_KIND_CRATE: return 4;
    case PT_KIND_MODULE: return 2;
    case PT_KIND_STRUCT:
    case PT_KIND_UNION: return 23;
    case PT_KIND_ENUM: return 10;
    case PT_KIND_VARIANT: return 22;
    case PT_KIND_FIELD: return 8;
    case PT_KIND_TRAIT:
    case PT_KIND_TRAIT_ALIAS: return 11;
    case PT_KIND_IMPL: return 19;
    case PT_KIND_METHOD: return 6;
    case PT_KIND_CONST:
    case PT_KIND_ASSOC_CONST: return 14;
    case PT_KIND_STATIC: return 13;
    case PT_KIND_TYPE_ALIAS:
    case PT_KIND_ASSOC_TYPE: return 26;
    default: return 12;
    }
}

static json_t *workspace_symbols(lsp *l, const json_t *params) {
    json_t *out = json_array(), *answer = ask(l, "search", text_of(params, "query")), *row;
    size_t i;
    json_array_foreach(json_object_get(answer, "results"), i, row) {
        const char *path = text_of(row, "path"), *name = last_name(path);
        json_t *where = location(l, text_of(row, "file"), number_of(row, "line"), 0, name);
        if (where)
            add(out,
                json_pack("{s:s, s:i, s:o, s:s%}", "name", name, "kind", symbol_kind(text_of(row, "kind")), "location",
                          where, "containerName", path, name > path + 1 ? (size_t)(name - path - 2) : (size_t)0));
    }
    json_decref(answer);
    return out;
}

static json_t *whole_range(lsp *l, const pt_document_view *v, const json_t *row) {
    u32 first = pt_document_shown_line(v, number_of(row, "line")), end = number_of(row, "end_line");
    return range_of(l, v, first, 0, PT_MAX(first, pt_document_shown_line(v, end ? end : number_of(row, "line"))), 1000);
}

static json_t *name_range(lsp *l, const pt_document_view *v, const json_t *row) {
    u32 line = pt_document_shown_line(v, number_of(row, "line")), first, end;
    bool is_impl = strcmp(text_of(row, "kind"), "impl") == 0;
    pt_document_word(v, line, 0, is_impl ? "impl" : last_name(text_of(row, "path")), &first, &end);
    return range_of(l, v, line, first, line, end);
}

static json_t *document_symbols(lsp *l, const json_t *params) {
    enum { DEPTH = 64 };
    char path[4096];
    json_t *out = json_array(), *row;
    struct {
        json_t *children;
        u32 end;
    } stack[DEPTH] = {{out, UINT32_MAX}};
    u32 depth = 1;
    size_t i;
    if (!pt_document_path(path, sizeof path, &l->documents, text_of(json_object_get(params, "textDocument"), "uri")))
        return out;
    json_t *answer = ask(l, "entities-in", path);
    pt_document_view v;
    pt_document_look(&v, &l->documents, path);
    json_array_foreach(json_object_get(answer, "results"), i, row) {
        if (strcmp(text_of(row, "kind"), "crate") == 0) continue;
        const char *name = text_of(row, "signature");
        if (strcmp(text_of(row, "kind"), "impl") != 0 || !*name) name = last_name(text_of(row, "path"));
        u32 end = number_of(row, "end_line");
        while (depth > 1 && (stack[depth - 1].end < end || stack[depth - 1].end < number_of(row, "line"))) depth--;
        json_t *children = json_array();
        add(stack[depth - 1].children,
            json_pack("{s:s, s:s, s:i, s:o, s:o, s:o}", "name", *name ? name : "?", "detail", text_of(row, "signature"),
                      "kind", symbol_kind(text_of(row, "kind")), "range", whole_range(l, &v, row), "selectionRange",
                      name_range(l, &v, row), "children", children));
        if (depth < DEPTH) stack[depth].children = children, stack[depth++].end = end;
    }
    pt_document_forget(&v);
    json_decref(answer);
    return out;
}

/* Hierarchies: an item's `data` is its path. */

static json_t *hierarchy_item(lsp *l, const json_t *row) {
    const char *path = text_of(row, "path"), *file = text_of(row, "file");
    pt_document_view v;
    if (!*file) return NULL;
    pt_document_look(&v, &l->documents, file);
    json_t *item =
        json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:s}", "name", last_name(path), "kind",
                  symbol_kind(text_of(row, "kind")), "detail", path, "uri", pt_document_uri(&l->documents, file),
                  "range", whole_range(l, &v, row), "selectionRange", name_range(l, &v, row), "data", path);
    pt_document_forget(&v);
    return item;
}

static void hierarchy_of(lsp *l, json_t *out, const char *item) {
    json_t *answer = ask(l, "where-defined", item), *row;
    size_t i;
    json_array_foreach(json_object_get(answer, "results"), i, row) if (strcmp(text_of(row, "path"), item) == 0)
        add(out, hierarchy_item(l, row));
    json_decref(answer);
}

static json_t *calls(lsp *l, const json_t *params, bool incoming) {
    const char *item = text_of(json_object_get(params, "item"), "data");
    json_t *out = json_array(), *answer = ask(l, incoming ? "callers" : "callees", item), *row, *site;
    size_t i, k;
    json_array_foreach(json_object_get(answer, "results"), i, row) {
        json_t *other = hierarchy_item(l, row), *ranges = json_array();
        json_array_foreach(json_object_get(row, "sites"), k, site) {
            const char *name = last_name(incoming ? item : text_of(row, "path"));
            json_t *where = location(l, text_of(site, "file"), number_of(site, "line"), number_of(site, "col"), name);
            if (where) json_array_append(ranges, json_object_get(where, "range"));
            json_decref(where);
        }
        if (other) add(out, json_pack("{s:o, s:O}", incoming ? "from" : "to", other, "fromRanges", ranges));
        json_decref(ranges);
    }
    json_decref(answer);
    return out;
}

static json_t *types(lsp *l, const json_t *params, bool above) {
    json_t *out = json_array(), *row;
    json_t *answer = ask(l, above ? "traits-of" : "who-implements", text_of(json_object_get(params, "item"), "data"));
    size_t i;
    json_array_foreach(json_object_get(answer, "results"), i, row) {
        const char *path = text_of(row, above ? "trait" : "type");
        if (strstr(path, "::")) hierarchy_of(l, out, path);
    }
    json_decref(answer);
    return out;
}

/* Lenses. */

static json_t *lenses(lsp *l, const json_t *params) {
    static const char *const kinds[] = {"fn", "method", "trait", "struct", "enum"};
    char path[4096];
    json_t *out = json_array(), *row;
    size_t i;
    if (!pt_document_path(path, sizeof path, &l->documents, text_of(json_object_get(params, "textDocument"), "uri")))
        return out;
    json_t *answer = ask(l, "entities-in", path);
    pt_document_view v;
    pt_document_look(&v, &l->documents, path);
    json_array_foreach(json_object_get(answer, "results"), i, row) {
        bool wanted = false;
        for (u32 k = 0; k < PT_COUNT_OF(kinds); k++) wanted = wanted || strcmp(kinds[k], text_of(row, "kind")) == 0;
        if (wanted && !json_is_true(json_object_get(row, "test")))
            add(out, json_pack("{s:o, s:O}", "range", name_range(l, &v, row), "data", json_object_get(row, "path")));
    }
    pt_document_forget(&v);
    json_decref(answer);
    return out;
}

static json_t *resolved_lens(lsp *l, const json_t *lens) {
    const char *item = text_of(lens, "data");
    json_t *callers = ask(l, "callers", item), *blast = ask(l, "blast-radius", item),
           *out = json_copy((json_t *)(uintptr_t)lens);
    size_t count = json_array_size(json_object_get(callers, "results"));
    char title[96];
    snprintf(title, sizeof title, "%zu caller%s, blast radius %u", count, count == 1 ? "" : "s",
             number_of(json_object_get(blast, "summary"), "affected"));
    json_object_set_new(out, "command", json_pack("{s:s, s:s}", "title", title, "command", ""));
    json_decref(callers);
    json_decref(blast);
    return out;
}

/* Messages. */

static void say(lsp *l, json_t *message) {
    char head[64], *text = message ? pt_json_dump(message) : NULL;
    json_decref(message);
    if (!text) return;
    size_t length = strlen(text), n = (size_t)snprintf(head, sizeof head, "Content-Length: %zu\r\n\r\n", length);
    const char *parts[] = {head, text};
    const size_t sizes[] = {n, length};
    for (u32 i = 0; i < 2; i++)
        for (size_t at = 0; at < sizes[i] && !l->over;) {
            ssize_t wrote = write(l->out, parts[i] + at, sizes[i] - at);
            if (wrote < 0 && errno == EINTR) continue;
            if (wrote <= 0) l->over = true;
            else at += (size_t)wrote;
        }
    free(text);
}

static void fail(lsp *l, const json_t *id, int code, const char *why) {
    say(l, json_pack("{s:s, s:O?, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id, "error", "code", code, "message", why));
}

static json_t *initialize(lsp *l, const json_t *params) {
    const json_t *encodings =
        json_object_get(json_object_get(json_object_get(params, "capabilities"), "general"), "positionEncodings");
    json_t *one;
    size_t i;
    l->documents.utf16 = true;
    json_array_foreach(encodings, i, one) if (json_is_string(one) && strcmp(json_string_value(one), "utf-32") == 0)
        l->documents.utf16 = false;
    l->initialized = true;
    return json_pack("{s:{s:s, s:{s:b, s:i}, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:{s:b}}, s:{s:s, s:s}}",
                     "capabilities", "positionEncoding", l->documents.utf16 ? "utf-16" : "utf-32", "textDocumentSync",
                     "openClose", 1, "change", 1, "workspaceSymbolProvider", 1, "documentSymbolProvider", 1,
                     "definitionProvider", 1, "referencesProvider", 1, "implementationProvider", 1,
                     "callHierarchyProvider", 1, "typeHierarchyProvider", 1, "codeLensProvider", "resolveProvider", 1,
                     "serverInfo", "name", "parseltongue", "version", l->host->version);
}

static json_t *references_at(lsp *l, const json_t *params) {
    json_t *out = each_item(l, params, references);
    if (json_is_true(json_object_get(json_object_get(params, "context"), "includeDeclaration"))) {
        json_t *defined = each_item(l, params, definitions);
        json_array_extend(out, defined);
        json_decref(defined);
    }
    return out;
}

/* NULL: no such method. */
static json_t *answer_of(lsp *l, const char *method, const json_t *params) {
#define IS(text) (strcmp(method, (text)) == 0)
    if (IS("workspace/symbol")) return workspace_symbols(l, params);
    if (IS("textDocument/documentSymbol")) return document_symbols(l, params);
    if (IS("textDocument/definition")) return each_item(l, params, definitions);
    if (IS("textDocument/references")) return references_at(l, params);
    if (IS("textDocument/implementation")) return each_item(l, params, implementations);
    if (IS("textDocument/prepareCallHierarchy") || IS("textDocument/prepareTypeHierarchy"))
        return each_item(l, params, hierarchy_of);
    if (IS("callHierarchy/incomingCalls")) return calls(l, params, true);
    if (IS("callHierarchy/outgoingCalls")) return calls(l, params, false);
    if (IS("typeHierarchy/supertypes")) return types(l, params, true);
    if (IS("typeHierarchy/subtypes")) return types(l, params, false);
    if (IS("textDocument/codeLens")) return lenses(l, params);
    if (IS("codeLens/resolve")) return resolved_lens(l, params);
    return NULL;
}

static void notified(lsp *l, const char *method, const json_t *params) {
    char path[4096];
    const json_t *document = json_object_get(params, "textDocument");
    if (IS("exit")) l->over = true;
    if (!document || !pt_document_path(path, sizeof path, &l->documents, text_of(document, "uri"))) return;
    if (IS("textDocument/didOpen")) pt_document_set(&l->documents, path, text_of(document, "text"));
    if (IS("textDocument/didClose")) pt_document_set(&l->documents, path, NULL);
    if (IS("textDocument/didChange")) { /* whole texts: that is what we ask for */
        const json_t *changes = json_object_get(params, "contentChanges");
        const json_t *last = json_array_get(changes, json_array_size(changes) ? json_array_size(changes) - 1 : 0);
        if (last && !json_object_get(last, "range")) pt_document_set(&l->documents, path, text_of(last, "text"));
    }
#undef IS
}

static void one_message(lsp *l, const char *text, size_t length) {
    json_error_t why;
    json_t *message = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    const json_t *id = json_object_get(message, "id"), *params = json_object_get(message, "params");
    const char *method = text_of(message, "method");
    bool has_id = json_is_string(id) || json_is_integer(id);
    if (!message) {
        fail(l, NULL, PARSE_ERROR, why.text);
    } else if (!id) {
        if (*method && (l->initialized || strcmp(method, "exit") == 0)) notified(l, method, params);
    } else if (!has_id || !*method) {
        if (!json_object_get(message, "result") && !json_object_get(message, "error"))
            fail(l, has_id ? id : NULL, INVALID_REQUEST, "not a request");
    } else if (params && !json_is_object(params)) {
        fail(l, id, INVALID_PARAMS, "params have to be an object");
    } else if (strcmp(method, "initialize") == 0) {
        say(l, json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", initialize(l, params)));
    } else if (!l->initialized || l->shut_down) {
        fail(l, id, l->shut_down ? INVALID_REQUEST : NOT_INITIALIZED,
             l->shut_down ? "shut down" : "initialize comes first");
    } else if (strcmp(method, "shutdown") == 0) {
        l->shut_down = true;
        say(l, json_pack("{s:s, s:O, s:n}", "jsonrpc", "2.0", "id", id, "result"));
    } else {
        json_t *result = answer_of(l, method, params);
        if (result) say(l, json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result));
        else fail(l, id, METHOD_NOT_FOUND, "no such method");
    }
    json_decref(message);
}

/* The length that the head of a message says, and where its body begins; false: the head is not whole yet. */
static bool head_of(const pt_buffer *in, size_t *length, size_t *body, bool *wrong) {
    *wrong = in->count > HEAD_LIMIT;
    const char *end = in->data ? memmem(in->data, PT_MIN(in->count, (u32)HEAD_LIMIT), "\r\n\r\n", 4) : NULL;
    if (!end) return false;
    *wrong = true;
    for (const char *at = in->data; at < end;) {
        const char *next = memmem(at, (size_t)(end + 2 - at), "\r\n", 2);
        if (strncasecmp(at, "Content-Length:", 15) == 0) {
            char *stop;
            errno = 0;
            *length = strtoul(at + 15, &stop, 10);
            *wrong = errno || stop == at + 15 || *length > MESSAGE_LIMIT;
        }
        at = next ? next + 2 : end;
    }
    *body = (size_t)(end - in->data) + 4;
    return true;
}

int pt_lsp_serve(const pt_lsp_host *host, int in, int out, bool *clean, pt_error *error) {
    lsp l = {.host = host, .documents = {.root = host->root}, .out = out};
    pt_buffer input = {0};
    int code = PT_OK;
    signal(SIGPIPE, SIG_IGN);
    while (!l.over && !code) {
        size_t length = 0, body = 0;
        bool wrong = false;
        while (!l.over && head_of(&input, &length, &body, &wrong) && !wrong && input.count - body >= length) {
            one_message(&l, input.data + body, length);
            memmove(input.data, input.data + body + length, input.count - body - length);
            input.count -= (u32)(body + length);
            input.data[input.count] = 0;
        }
        if (wrong) code = pt_fail(error, PT_EUSAGE, "a message without a Content-Length, or of more than 16 MB");
        if (l.over || code) break;
        if (!pt_vec_reserve(&input, (u64)input.count + (64 << 10))) code = pt_fail(error, PT_ENOMEM, "out of memory");
        ssize_t got = code ? 0 : read(in, input.data + input.count, (64 << 10) - 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        input.count += (u32)got;
        input.data[input.count] = 0;
    }
    *clean = l.shut_down;
    pt_documents_free(&l.documents);
    pt_buffer_free(&input);
    return code;
}
