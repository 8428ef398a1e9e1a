#include "mcp/tools.h"

#include "query/context.h"
#include "query/render.h"
#include "query/tokens.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_TOKENS = 100000 };

typedef struct argument {
    const char *name, *parameter; /* parameter: of the question; NULL: of ours */
    char type;                    /* s text, n number, l texts, each on a line */
    bool required;
    const char *description; /* NULL: the name says it */
    const char *choices;     /* separated by |, NULL: any */
} argument;
typedef struct tool {
    const char *name, *command, *description;
    argument arguments[4];
} tool;

/* A list of tools is in a model's sight before its first question: at most 4 KB (a test holds it). */
static const tool tools[] = {
    {"explore",
     "explore",
     "Call this first, instead of grep or reading files, for any question about this Rust code base. Takes a name, "
     "path, FILE:LINE or plain words (`who implements Foo`, `what breaks if I change foo::bar`, `how does A reach B`). "
     "Answers from a graph that is current with every save, with file:line and source.",
     {{"question", "target", 's', true, NULL, NULL}}},
    {"context",
     "context",
     "Before you edit: items with source, callers, callees, types, impls, tests.",
     {{"items", "target", 'l', true, "names or FILE:LINE", NULL},
      {"level", "level", 's', false, NULL, "menu|signatures|bodies"}}},
    {"callers",
     NULL,
     "Every place that calls or refers to an item, or that it calls.",
     {{"item", "target", 's', true, NULL, NULL},
      {"direction", NULL, 's', false, NULL, "callers|callees|used-by|uses"},
      {"cursor", NULL, 's', false, NULL, NULL}}},
    {"who_implements",
     "who-implements",
     "Types that implement a trait, derives and blanket impls included.",
     {{"trait", "target", 's', true, NULL, NULL}, {"cursor", NULL, 's', false, NULL, NULL}}},
    {"blast_radius",
     "blast-radius",
     "Before you change a signature: what is affected, the way there, tests, a risk band.",
     {{"item", "target", 's', true, NULL, NULL},
      {"depth", "depth", 'n', false, NULL, NULL},
      {"cursor", NULL, 's', false, NULL, NULL}}},
    {"find_cycles",
     "find-cycles",
     "Cycles of modules, types or calls.",
     {{"level", "level", 's', false, NULL, "module|type|call"}, {"cursor", NULL, 's', false, NULL, NULL}}},
    {"search",
     "search",
     "Items by name, fuzzy, with signatures.",
     {{"pattern", "target", 's', true, NULL, NULL},
      {"kind", "kind", 's', false, NULL, NULL},
      {"cursor", NULL, 's', false, NULL, NULL}}},
    {"diff_impact",
     "diff",
     "Since a git revision (HEAD: uncommitted work): changes, what breaks, whom it reaches, tests to run.",
     {{"since", "target", 's', true, NULL, NULL},
      {"until", "second", 's', false, NULL, NULL},
      {"cursor", NULL, 's', false, NULL, NULL}}},
};

static json_t *property_of(const argument *a) {
    json_t *p = json_object();
    json_object_set_new(p, "type", json_string(a->type == 'n' ? "integer" : a->type == 'l' ? "array" : "string"));
    if (a->type == 'l') {
        json_object_set_new(p, "items", json_pack("{s:s}", "type", "string"));
        json_object_set_new(p, "minItems", json_integer(1));
    }
    if (a->description) json_object_set_new(p, "description", json_string(a->description));
    if (a->choices) {
        json_t *list = json_array();
        for (const char *at = a->choices; *at;) {
            size_t n = strcspn(at, "|");
            json_array_append_new(list, json_stringn(at, n));
            at += n + (at[n] == '|');
        }
        json_object_set_new(p, "enum", list);
    }
    return p;
}

static const argument max_tokens = {"max_tokens", NULL, 'n', false, NULL, NULL};

json_t *pt_mcp_tools(void) {
    json_t *list = json_array();
    for (u32 i = 0; i < PT_COUNT_OF(tools); i++) {
        const tool *t = &tools[i];
        json_t *properties = json_object(), *required = json_array();
        for (u32 k = 0; k < PT_COUNT_OF(t->arguments) && t->arguments[k].name; k++) {
            json_object_set_new(properties, t->arguments[k].name, property_of(&t->arguments[k]));
            if (t->arguments[k].required) json_array_append_new(required, json_string(t->arguments[k].name));
        }
        json_object_set_new(properties, "max_tokens", property_of(&max_tokens));
        json_t *input =
            json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties, "additionalProperties", 0);
        if (json_array_size(required)) json_object_set(input, "required", required);
        json_decref(required);
        json_t *output = json_pack("{s:s, s:{s:{s:s}}, s:[s]}", "type", "object", "properties", "results", "type",
                                   "array", "required", "results");
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:{s:b}}", "name", t->name, "description",
                                              t->description, "inputSchema", input, "outputSchema", output,
                                              "annotations", "readOnlyHint", 1));
    }
    return list;
}

static const argument *argument_of(const tool *t, const char *name) {
    if (strcmp(name, max_tokens.name) == 0) return &max_tokens;
    for (u32 i = 0; i < PT_COUNT_OF(t->arguments) && t->arguments[i].name; i++)
        if (strcmp(t->arguments[i].name, name) == 0) return &t->arguments[i];
    return NULL;
}

static bool is_choice(const char *choices, const char *text) {
    size_t length = strlen(text);
    for (const char *at = choices; *at;) {
        size_t n = strcspn(at, "|");
        if (n == length && memcmp(at, text, n) == 0) return true;
        at += n + (at[n] == '|');
    }
    return false;
}

typedef struct call {
    const tool *tool;
    const char *command;
    json_t *params; /* of the question */
    u32 budget, offset;
} call;

/* Arguments into the parameters of a question. */
static int read_arguments(call *c, const json_t *arguments, pt_error *error) {
    const tool *t = c->tool;
    const char *key;
    json_t *value;
    if (arguments && !json_is_object(arguments)) return pt_fail(error, PT_EUSAGE, "arguments have to be an object");
    json_object_foreach((json_t *)(uintptr_t)arguments, key, value) {
        const argument *a = argument_of(t, key);
        if (!a) return pt_fail(error, PT_EUSAGE, "%s takes no argument %s", t->name, key);
        if (json_is_string(value) && strlen(json_string_value(value)) != json_string_length(value))
            return pt_fail(error, PT_EUSAGE, "%s holds a zero byte", key);
        if (json_is_null(value) && !a->required) continue;
        if (a->type == 's' && !json_is_string(value)) return pt_fail(error, PT_EUSAGE, "%s has to be a string", key);
        if (a->choices && !is_choice(a->choices, json_string_value(value)))
            return pt_fail(error, PT_EUSAGE, "%s has to be one of %s", key, a->choices);
        if (a->type == 'n' &&
            (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > MOST_TOKENS))
            return pt_fail(error, PT_EUSAGE, "%s has to be a whole number from 1 to %d", key, MOST_TOKENS);
        if (a == &max_tokens) {
            c->budget = (u32)json_integer_value(value);
        } else if (strcmp(key, "cursor") == 0) {
            char *end;
            unsigned long from = strtoul(json_string_value(value), &end, 10);
            if (*end || end == json_string_value(value) || from > 1000000)
                return pt_fail(error, PT_EUSAGE, "cursor is what `next` of an answer said");
            c->offset = (u32)from;
        } else if (strcmp(key, "direction") == 0) {
            c->command = json_string_value(value);
        } else if (a->type == 'l') {
            pt_buffer lines = {0};
            size_t i;
            json_t *line;
            if (json_is_string(value)) pt_buffer_text(&lines, json_string_value(value)); /* models do that */
            else if (!json_is_array(value)) return pt_fail(error, PT_EUSAGE, "%s has to be a list of strings", key);
            json_array_foreach(value, i, line) {
                if (!json_is_string(line) || strlen(json_string_value(line)) != json_string_length(line)) {
                    pt_buffer_free(&lines);
                    return pt_fail(error, PT_EUSAGE, "%s has to be a list of strings", key);
                }
                if (i) pt_buffer_char(&lines, '\n');
                pt_buffer_text(&lines, json_string_value(line));
            }
            json_object_set_new(c->params, a->parameter, json_string(lines.data ? lines.data : ""));
            pt_buffer_free(&lines);
        } else {
            json_object_set(c->params, a->parameter, value);
        }
    }
    for (u32 i = 0; i < PT_COUNT_OF(t->arguments) && t->arguments[i].name; i++)
        if (t->arguments[i].required && !json_object_get(c->params, t->arguments[i].parameter))
            return pt_fail(error, PT_EUSAGE, "%s wants %s", t->name, t->arguments[i].name);
    if (c->budget < PT_CONTEXT_LEAST) return pt_fail(error, PT_EUSAGE, "max_tokens: at least %d", PT_CONTEXT_LEAST);
    return PT_OK;
}

static json_t *told(const char *text, json_t *structured, bool is_error) {
    json_t *result = json_pack("{s:[{s:s, s:o}], s:b}", "content", "type", "text", "text",
                               text && *text ? json_string(text) : json_string("failed"), "isError", is_error);
    if (structured) json_object_set_new(result, "structuredContent", structured);
    return result;
}

/* Rows before the cursor go; says where the next page begins. */
static void page(const call *c, json_t *answer, u32 shown) {
    char next[16];
    bool more = json_is_true(json_object_get(answer, "truncated"));
    if (!shown || !more || c->command == NULL) return;
    snprintf(next, sizeof next, "%u", c->offset + shown);
    json_object_set_new(answer, "next", json_string(next));
}

/* Both forms of an answer, each within the budget, of the same rows. */
static json_t *present(const call *c, json_t *answer, pt_error *error) {
    pt_buffer text = {0};
    json_t *rows, *result = NULL;
    bool pages = argument_of(c->tool, "cursor") != NULL;
    pt_render_brief(answer);
    rows = json_object_get(answer, "results");
    size_t had = json_array_size(rows);
    if (c->offset) {
        json_t *rest = json_array();
        for (size_t i = c->offset; i < had; i++) json_array_append(rest, json_array_get(rows, i));
        json_object_set_new(answer, "results", rest);
        had = json_array_size(rest);
    }
    if (pages) json_object_set_new(answer, "next", json_string("1000000")); /* room for it */
    /* what counts its tokens was cut as compact JSON where it was found */
    bool counts = !pages && json_object_get(answer, "tokens");
    bool fits = counts || pt_render_within(&text, answer, PT_FORMAT_COMPACT, c->budget);
    json_int_t most = json_integer_value(json_object_get(answer, "tokens"));
    pt_buffer_clear(&text);
    if (fits) pt_render(&text, answer, PT_FORMAT_TEXT);
    json_int_t now = pt_tokens_bound(text.data ? text.data : "", text.count);
    if (fits && now > c->budget) {
        fits = pt_render_within(&text, answer, PT_FORMAT_TEXT, c->budget);
        now = json_integer_value(json_object_get(answer, "tokens"));
    }
    if (most && PT_MAX(most, now) != json_integer_value(json_object_get(answer, "tokens"))) { /* of the longer one */
        json_object_set_new(answer, "tokens", json_integer(PT_MAX(most, now)));
        pt_buffer_clear(&text);
        pt_render(&text, answer, PT_FORMAT_TEXT);
    }
    if (had && !json_array_size(json_object_get(answer, "results"))) fits = false; /* not one row */
    if (pages) json_object_del(answer, "next");
    if (pages) page(c, answer, (u32)json_array_size(json_object_get(answer, "results")));
    if (fits && !pt_alloc_failed()) {
        json_t *structured = pt_render_compact(answer);
        if (!json_object_get(structured, "generation")) json_object_set_new(structured, "generation", json_integer(0));
        if (!json_object_get(structured, "complete")) json_object_set_new(structured, "complete", json_true());
        result = pt_alloc_failed() ? NULL : told(text.data, structured, false);
        if (!result) json_decref(structured);
    } else if (!fits) {
        pt_set_error(error, PT_EUSAGE, "max_tokens: %u are too few for this answer", c->budget);
    }
    if (!result && !error->code) pt_set_error(error, PT_ENOMEM, "out of memory");
    pt_buffer_free(&text);
    return result;
}

int pt_mcp_call(const pt_mcp_host *host, const char *name, const json_t *arguments, json_t **result, pt_error *error) {
    call c = {.budget = PT_CONTEXT_BUDGET, .params = json_object()};
    json_t *answer = NULL;
    *result = NULL;
    pt_alloc_clear();
    for (u32 i = 0; i < PT_COUNT_OF(tools); i++)
        if (strcmp(tools[i].name, name) == 0) c.tool = &tools[i];
    if (!c.tool) {
        json_decref(c.params);
        return pt_fail(error, PT_ENOTFOUND, "Unknown tool: %s", name);
    }
    c.command = c.tool->command ? c.tool->command : "callers";
    int code = read_arguments(&c, arguments, error);
    if (!code) {
        bool counted = strcmp(c.command, "context") == 0 || strcmp(c.command, "explore") == 0;
        if (counted) {
            json_object_set_new(c.params, "budget", json_integer(c.budget));
            json_object_set_new(c.params, "format", json_string("compact"));
        } else {
            json_object_set_new(c.params, "limit", json_integer(c.offset + c.budget / PT_TOKENS_A_COMPACT_ROW));
            json_object_set_new(c.params, "sites", json_integer(PT_SITES_SHOWN));
        }
        code = host->ask(host->payload, c.command, json_incref(c.params), &answer, error);
    }
    if (!code) {
        *result = present(&c, answer, error);
    }
    if (!*result) { /* the model is told, with what it may have meant */
        pt_buffer text = {0};
        if (answer && json_object_get(answer, "error")) pt_render(&text, answer, PT_FORMAT_TEXT);
        else pt_buffer_format(&text, "%s\n", error->message);
        u32 tokens = pt_tokens_bound(text.data ? text.data : "", text.count);
        if (tokens > c.budget && text.count) { /* suggestions may be long */
            text.count = (u32)((u64)text.count * c.budget / tokens / 2);
            while (text.count && ((u8)text.data[text.count] & 0xc0) == 0x80) text.count--;
            text.data[text.count] = 0;
        }
        *result = told(text.data, NULL, true);
        pt_buffer_free(&text);
    }
    json_decref(answer);
    json_decref(c.params);
    return *result ? PT_OK : pt_fail(error, PT_ENOMEM, "out of memory");
}
