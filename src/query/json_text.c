#include "query/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 4096 };

typedef struct writer {
    char *data;
    size_t count, capacity;
    bool failed;
} writer;

static bool reserve(writer *w, size_t more) {
    if (w->failed) return false;
    if (w->capacity - w->count >= more) return true;
    size_t capacity = PT_MAX(w->capacity * 2, w->count + more + 256);
    char *data = pt_realloc(w->data, capacity);
    if (!data) {
        w->failed = true;
        return false;
    }
    w->data = data;
    w->capacity = capacity;
    return true;
}
static void add(writer *w, const char *bytes, size_t n) {
    if (!n || !reserve(w, n)) return;
    memcpy(w->data + w->count, bytes, n);
    w->count += n;
}
static void add_char(writer *w, char c) {
    if (reserve(w, 1)) w->data[w->count++] = c;
}

/* Length of a well-formed character of several bytes (RFC 3629), 0: it is none. */
static size_t character(const u8 *t, size_t left) {
    size_t n = t[0] >= 0xf0 ? 4 : t[0] >= 0xe0 ? 3 : 2;
    if (t[0] < 0xc2 || t[0] > 0xf4 || left < n) return 0;
    for (size_t i = 1; i < n; i++)
        if ((t[i] & 0xc0) != 0x80) return 0;
    if ((t[0] == 0xe0 && t[1] < 0xa0) || (t[0] == 0xed && t[1] > 0x9f) || (t[0] == 0xf0 && t[1] < 0x90) ||
        (t[0] == 0xf4 && t[1] > 0x8f))
        return 0;
    return n;
}

static void text(writer *w, const char *text, size_t length) {
    const u8 *t = (const u8 *)text;
    add_char(w, '"');
    for (size_t at = 0; at < length && !w->failed;) {
        size_t end = at;
        while (end < length && t[end] >= 0x20 && t[end] < 0x80 && t[end] != '"' && t[end] != '\\') end++;
        if (end > at) add(w, text + at, end - at);
        at = end;
        if (at == length) break;
        if (t[at] >= 0x80) {
            size_t n = character(t + at, length - at);
            if (!n) w->failed = true;
            else add(w, text + at, n);
            at += n;
            continue;
        }
        char escaped[8] = {'\\', 0};
        static const char plain[] = "\"\\\b\f\n\r\t", marks[] = "\"\\bfnrt";
        const char *found = t[at] ? strchr(plain, t[at]) : NULL;
        if (found) escaped[1] = marks[found - plain];
        else snprintf(escaped, sizeof escaped, "\\u%04X", t[at]);
        add(w, escaped, found ? 2 : 6);
        at++;
    }
    add_char(w, '"');
}

static void value_text(writer *w, const json_t *value, u32 depth) {
    char number[32];
    if (depth > DEEPEST) w->failed = true;
    if (w->failed) return;
    switch (json_typeof(value)) {
    case JSON_OBJECT: {
        bool first = true;
        add_char(w, '{');
        for (void *at = json_object_iter((json_t *)(uintptr_t)value); at;
             at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
            if (!first) add_char(w, ',');
            first = false;
            text(w, json_object_iter_key(at), json_object_iter_key_len(at));
            add_char(w, ':');
            value_text(w, json_object_iter_value(at), depth + 1);
        }
        add_char(w, '}');
        break;
    }
    case JSON_ARRAY:
        add_char(w, '[');
        for (size_t i = 0, n = json_array_size(value); i < n; i++) {
            if (i) add_char(w, ',');
            value_text(w, json_array_get(value, i), depth + 1);
        }
        add_char(w, ']');
        break;
    case JSON_STRING: text(w, json_string_value(value), json_string_length(value)); break;
    case JSON_INTEGER: {
        char *at = number + sizeof number;
        json_int_t n = json_integer_value(value);
        u64 left = n < 0 ? 0 - (u64)n : (u64)n;
        do *--at = (char)('0' + left % 10);
        while (left /= 10);
        if (n < 0) *--at = '-';
        add(w, at, (size_t)(number + sizeof number - at));
        break;
    }
    case JSON_REAL: { /* rare, and its digits are Jansson's matter */
        char *real = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        if (real) add(w, real, strlen(real));
        else w->failed = true;
        free(real);
        break;
    }
    case JSON_TRUE: add(w, "true", 4); break;
    case JSON_FALSE: add(w, "false", 5); break;
    default: add(w, "null", 4);
    }
}

bool pt_json_write(pt_buffer *out, const json_t *value) {
    writer w = {.failed = !value};
    if (value) value_text(&w, value, 0);
    if (!w.failed) pt_buffer_add(out, w.data, w.count);
    free(w.data);
    return !w.failed;
}

char *pt_json_dump(const json_t *value) {
    writer w = {.failed = !value};
    if (value) value_text(&w, value, 0);
    add(&w, "\0", 2); /* the end, and room for a mark */
    if (!w.failed) return w.data;
    free(w.data);
    return NULL;
}
