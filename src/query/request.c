#include "query/request.h"

#include <stddef.h>

typedef struct field {
    const char *name;
    char type; /* s text, n number, b flag */
    size_t offset;
} field;
static const field fields[] = {
    {"target", 's', offsetof(pt_query, target)},         {"second", 's', offsetof(pt_query, second)},
    {"level", 's', offsetof(pt_query, level)},           {"kind", 's', offsetof(pt_query, kind)},
    {"cursor", 's', offsetof(pt_query, cursor)},         {"cfg", 's', offsetof(pt_query, cfg)},
    {"limit", 'n', offsetof(pt_query, limit)},           {"depth", 'n', offsetof(pt_query, depth)},
    {"budget", 'n', offsetof(pt_query, budget)},         {"format", 's', offsetof(pt_query, format)},
    {"candidates", 'b', offsetof(pt_query, candidates)}, {"all", 'b', offsetof(pt_query, all)},
};

int pt_request_read(pt_query *q, const char *command, const json_t *params, pt_error *error) {
    const pt_query_info *info = pt_query_find(command);
    const char *key;
    json_t *value;
    if (!info) return pt_fail(error, PT_EUSAGE, "%s: no such command", command);
    q->command = info->name;
    if (params && !json_is_object(params)) return pt_fail(error, PT_EUSAGE, "%s: params have to be an object", command);
    json_object_foreach((json_t *)(uintptr_t)params, key, value) {
        const field *f = NULL;
        for (u32 i = 0; i < PT_COUNT_OF(fields); i++)
            if (strcmp(fields[i].name, key) == 0) f = &fields[i];
        if (!f) return pt_fail(error, PT_EUSAGE, "%s: no such parameter: %s", command, key);
        void *at = (char *)q + f->offset;
        bool fits = f->type == 's'   ? json_is_string(value)
                    : f->type == 'b' ? json_is_boolean(value)
                                     : json_is_integer(value) && json_integer_value(value) >= 0 &&
                                           json_integer_value(value) <= UINT32_MAX;
        if (!fits)
            return pt_fail(error, PT_EUSAGE, "%s: %s has to be a %s", command, key,
                           f->type == 's'   ? "string"
                           : f->type == 'b' ? "boolean"
                                            : "number");
        if (f->type == 's') *(const char **)at = json_string_value(value);
        else if (f->type == 'b') *(bool *)at = json_is_true(value);
        else *(u32 *)at = (u32)json_integer_value(value);
    }
    u32 given = q->second ? 2 : q->target ? 1 : 0;
    if (q->second && !q->target) return pt_fail(error, PT_EUSAGE, "%s: a second argument without a first", command);
    if (given < info->needed || given > (info->most >= PT_WORDS ? 1 : info->most))
        return pt_fail(error, PT_EUSAGE, "%s: takes %s", command, *info->arguments ? info->arguments : "no arguments");
    return PT_OK;
}

json_t *pt_request_write(const pt_query *q) {
    json_t *out = json_object();
    for (u32 i = 0; out && i < PT_COUNT_OF(fields); i++) {
        const void *at = (const char *)q + fields[i].offset;
        json_t *value = NULL;
        if (fields[i].type == 's' && *(const char *const *)at) {
            value = json_string(*(const char *const *)at);
            if (!value) { /* no UTF-8, or no memory */
                json_decref(out);
                return NULL;
            }
        }
        if (fields[i].type == 'n' && *(const u32 *)at) value = json_integer(*(const u32 *)at);
        if (fields[i].type == 'b' && *(const bool *)at) value = json_true();
        if (value) json_object_set_new_nocheck(out, fields[i].name, value);
    }
    return out;
}
