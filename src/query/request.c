#include "query/request.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

typedef struct field {
    const char *name;
    char type; /* s text, n number, b flag */
    size_t offset;
} field;
static const field fields[] = {
    {"target", 's', offsetof(pt_query, target)}, {"second", 's', offsetof(pt_query, second)},
    {"level", 's', offsetof(pt_query, level)},   {"kind", 's', offsetof(pt_query, kind)},
    {"cursor", 's', offsetof(pt_query, cursor)}, {"cfg", 's', offsetof(pt_query, cfg)},
    {"limit", 'n', offsetof(pt_query, limit)},   {"depth", 'n', offsetof(pt_query, depth)},
    {"sites", 'n', offsetof(pt_query, sites)},   {"budget", 'n', offsetof(pt_query, budget)},
    {"format", 's', offsetof(pt_query, format)}, {"candidates", 'b', offsetof(pt_query, candidates)},
    {"all", 'b', offsetof(pt_query, all)},
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
        double number = json_number_value(value); /* 5.0 is 5 */
        bool fits = f->type == 's' ? json_is_string(value)
                    : f->type == 'b'
                        ? json_is_boolean(value)
                        : json_is_number(value) && number >= 0 && number <= UINT32_MAX && number == (u32)number;
        if (!fits)
            return pt_fail(error, PT_EUSAGE, "%s: %s has to be a %s", command, key,
                           f->type == 's'   ? "string"
                           : f->type == 'b' ? "boolean"
                                            : "number");
        if (f->type == 's') *(const char **)at = json_string_value(value);
        else if (f->type == 'b') *(bool *)at = json_is_true(value);
        else *(u32 *)at = (u32)number;
    }
    u32 given = q->second ? 2 : q->target ? 1 : 0;
    if (q->second && !q->target) return pt_fail(error, PT_EUSAGE, "%s: a second argument without a first", command);
    if (given < info->needed || given > (info->most >= PT_WORDS ? 1 : info->most))
        return pt_fail(error, PT_EUSAGE, "%s: takes %s", command, *info->arguments ? info->arguments : "no arguments");
    return PT_OK;
}

const char *pt_request_parameter(u32 index, char *type) {
    if (index == PT_COUNT_OF(fields)) *type = 'n';
    else if (index < PT_COUNT_OF(fields)) *type = fields[index].type;
    return index < PT_COUNT_OF(fields) ? fields[index].name : index == PT_COUNT_OF(fields) ? "wait" : NULL;
}

int pt_request_set(json_t *params, const char *key, const char *text, pt_error *error) {
    const char *name;
    char type = 0, *end = NULL;
    for (u32 i = 0; (name = pt_request_parameter(i, &type)); i++)
        if (strcmp(name, key) == 0) break;
    if (!name) return pt_fail(error, PT_EUSAGE, "no such parameter: %s", key);
    json_t *value = NULL;
    if (type == 's') {
        value = json_string(text);
        if (!value) return pt_fail(error, PT_EUSAGE, "%s is no UTF-8", key);
    } else if (type == 'n') {
        errno = 0;
        unsigned long number = strtoul(text, &end, 10);
        if (*end || end == text || errno || number > UINT32_MAX || !(text[0] >= '0' && text[0] <= '9'))
            return pt_fail(error, PT_EUSAGE, "%s has to be a number", key);
        value = json_integer((json_int_t)number);
    } else {
        bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
        if (!yes && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
            return pt_fail(error, PT_EUSAGE, "%s has to be true or false", key);
        value = json_boolean(yes);
    }
    if (json_object_set_new(params, key, value)) return pt_fail(error, PT_ENOMEM, "out of memory");
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
