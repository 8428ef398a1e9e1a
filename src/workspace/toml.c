#include "workspace/toml.h"

enum { MAX_DEPTH = 64, MAX_KEYS = 10000 };

typedef struct reader {
    pt_arena *arena;
    const char *name, *at, *end;
    u32 line;
    pt_error *error;
} reader;

static int fail(reader *r, const char *message) {
    return pt_fail(r->error, PT_ECORRUPT, "%s:%u: %s", r->name, r->line, message);
}

static int no_memory(reader *r) { return pt_fail(r->error, PT_ENOMEM, "%s: out of memory", r->name); }

static pt_toml *make(reader *r, u8 type) {
    pt_toml *value = pt_arena_alloc(r->arena, sizeof *value);
    if (value) value->type = type, value->line = r->line;
    return value;
}
static void append(pt_toml *parent, pt_toml *value) {
    if (parent->last) parent->last->next = value;
    else parent->child = value;
    parent->last = value;
    parent->count++;
}
static bool is_full(const pt_toml *table) { return table->count >= MAX_KEYS; } /* keys are looked up one by one */

const pt_toml *pt_toml_get_str(const pt_toml *table, pt_str key) {
    if (!table || table->type != PT_TOML_TABLE) return NULL;
    for (const pt_toml *v = table->child; v; v = v->next)
        if (pt_str_equal(v->key, key)) return v;
    return NULL;
}
const pt_toml *pt_toml_get(const pt_toml *table, const char *key) { return pt_toml_get_str(table, pt_str_of(key)); }
pt_str pt_toml_string(const pt_toml *table, const char *key, pt_str fallback) {
    const pt_toml *v = pt_toml_get(table, key);
    return v && v->type == PT_TOML_STRING ? v->text : fallback;
}
bool pt_toml_boolean(const pt_toml *table, const char *key, bool fallback) {
    const pt_toml *v = pt_toml_get(table, key);
    return v && v->type == PT_TOML_BOOLEAN ? v->boolean : fallback;
}

static void blanks(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t')) r->at++;
}
static void comment(reader *r) {
    if (r->at < r->end && *r->at == '#')
        while (r->at < r->end && *r->at != '\n') r->at++;
}
/* White space, comments and line breaks. */
static void gap(reader *r) {
    for (;;) {
        blanks(r);
        comment(r);
        if (r->at < r->end && *r->at == '\r') r->at++;
        else if (r->at < r->end && *r->at == '\n') r->at++, r->line++;
        else return;
    }
}

static void utf8(pt_buffer *out, u32 c) {
    if (c < 0x80) pt_buffer_char(out, (char)c);
    else if (c < 0x800) pt_buffer_char(out, (char)(0xc0 | c >> 6)), pt_buffer_char(out, (char)(0x80 | (c & 63)));
    else if (c < 0x10000)
        pt_buffer_char(out, (char)(0xe0 | c >> 12)), pt_buffer_char(out, (char)(0x80 | (c >> 6 & 63))),
            pt_buffer_char(out, (char)(0x80 | (c & 63)));
    else
        pt_buffer_char(out, (char)(0xf0 | c >> 18)), pt_buffer_char(out, (char)(0x80 | (c >> 12 & 63))),
            pt_buffer_char(out, (char)(0x80 | (c >> 6 & 63))), pt_buffer_char(out, (char)(0x80 | (c & 63)));
}

static int escape(reader *r, pt_buffer *out) {
    char c = r->at < r->end ? *r->at++ : 0;
    u32 digits = c == 'u' ? 4 : c == 'U' ? 8 : 0, value = 0;
    switch (c) {
    case 'b': pt_buffer_char(out, '\b'); return 0;
    case 't': pt_buffer_char(out, '\t'); return 0;
    case 'n': pt_buffer_char(out, '\n'); return 0;
    case 'f': pt_buffer_char(out, '\f'); return 0;
    case 'r': pt_buffer_char(out, '\r'); return 0;
    case 'e': pt_buffer_char(out, 27); return 0;
    case '"':
    case '\\': pt_buffer_char(out, c); return 0;
    case 'u':
    case 'U':
        for (; digits; digits--) {
            char h = r->at < r->end ? *r->at++ : 0;
            u32 d = h >= '0' && h <= '9'                 ? (u32)(h - '0')
                    : (h | 32) >= 'a' && (h | 32) <= 'f' ? (u32)((h | 32) - 'a' + 10)
                                                         : 99;
            if (d == 99) return fail(r, "malformed \\u escape");
            value = value << 4 | d;
        }
        if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return fail(r, "escape is no character");
        utf8(out, value);
        return 0;
    default: return fail(r, "unknown escape");
    }
}

static int string(reader *r, pt_str *out) {
    char quote = *r->at;
    bool literal = quote == '\'';
    bool multi = r->end - r->at >= 3 && r->at[1] == quote && r->at[2] == quote;
    pt_buffer buffer = {0};
    int code = 0;
    r->at += multi ? 3 : 1;
    if (multi && r->at < r->end && *r->at == '\r') r->at++;
    if (multi && r->at < r->end && *r->at == '\n') r->at++, r->line++;
    for (;;) {
        if (r->at >= r->end) {
            code = fail(r, "unterminated string");
            break;
        }
        char c = *r->at;
        if (c == quote) {
            if (!multi) {
                r->at++;
                break;
            }
            u32 run = 0;
            while (r->at + run < r->end && r->at[run] == quote && run < 5) run++;
            if (run >= 3) {
                for (u32 i = 3; i < run; i++) pt_buffer_char(&buffer, quote);
                r->at += run;
                break;
            }
        }
        if (c == '\n') {
            if (!multi) {
                code = fail(r, "line break in a string");
                break;
            }
            r->line++;
        }
        r->at++;
        if (c == '\\' && !literal) {
            const char *look = r->at;
            while (look < r->end && (*look == ' ' || *look == '\t' || *look == '\r')) look++;
            if (multi && look < r->end && *look == '\n') {
                while (look < r->end && (*look == ' ' || *look == '\t' || *look == '\r' || *look == '\n'))
                    r->line += *look++ == '\n';
                r->at = look;
            } else if ((code = escape(r, &buffer))) {
                break;
            }
        } else {
            pt_buffer_char(&buffer, c);
        }
    }
    if (!code) {
        const char *copy = pt_arena_copy(r->arena, buffer.data, buffer.count);
        *out = (pt_str){copy ? copy : "", copy ? buffer.count : 0};
        if (pt_alloc_failed()) code = no_memory(r); /* a text that lost bytes may look like another key */
    }
    pt_buffer_free(&buffer);
    return code;
}

static bool bare(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static int key(reader *r, pt_str *out) {
    blanks(r);
    if (r->at < r->end && (*r->at == '"' || *r->at == '\'')) return string(r, out);
    const char *start = r->at;
    while (r->at < r->end && bare(*r->at)) r->at++;
    if (r->at == start) return fail(r, "expected a key");
    *out = (pt_str){start, (u32)(r->at - start)};
    return 0;
}

static pt_toml *member(pt_toml *table, pt_str name) {
    for (pt_toml *v = table->child; v; v = v->next)
        if (pt_str_equal(v->key, name)) return v;
    return NULL;
}

static const char full[] = "more than 10000 keys in one table";

/* Goes down a dotted key, making tables; *last is the final name. */
static int descend(reader *r, pt_toml **table, pt_str *last) {
    for (u32 depth = 0; depth < MAX_DEPTH; depth++) {
        int code = key(r, last);
        if (code) return code;
        blanks(r);
        if (r->at >= r->end || *r->at != '.') return 0;
        r->at++;
        pt_toml *next = member(*table, *last);
        if (next && next->type == PT_TOML_ARRAY) next = next->last;
        if (!next) {
            if (is_full(*table)) return fail(r, full);
            if (!(next = make(r, PT_TOML_TABLE))) return no_memory(r);
            next->key = *last;
            append(*table, next);
        }
        if (next->type != PT_TOML_TABLE) return fail(r, "key is not a table");
        *table = next;
    }
    return fail(r, "nested too deeply");
}

static int value(reader *r, pt_toml **out, u32 depth);

static int pair(reader *r, pt_toml *table, u32 depth) {
    pt_str name;
    pt_toml *v;
    int code = descend(r, &table, &name);
    if (code) return code;
    if (r->at >= r->end || *r->at != '=') return fail(r, "expected `=`");
    r->at++;
    if (member(table, name)) return fail(r, "key is defined twice");
    if ((code = value(r, &v, depth))) return code;
    if (is_full(table)) return fail(r, full);
    v->key = name;
    append(table, v);
    return 0;
}

static int value(reader *r, pt_toml **out, u32 depth) {
    int code = 0;
    if (depth > MAX_DEPTH) return fail(r, "nested too deeply");
    blanks(r);
    if (r->at >= r->end) return fail(r, "expected a value");
    char c = *r->at;
    pt_toml *v = make(r, c == '['                ? PT_TOML_ARRAY
                         : c == '{'              ? PT_TOML_TABLE
                         : c == '"' || c == '\'' ? PT_TOML_STRING
                                                 : PT_TOML_SCALAR);
    if (!(*out = v)) return no_memory(r);
    if (v->type == PT_TOML_STRING) return string(r, &v->text);
    if (c == '[') {
        r->at++;
        for (gap(r); r->at < r->end && *r->at != ']'; gap(r)) {
            pt_toml *element;
            if ((code = value(r, &element, depth + 1))) return code;
            append(v, element);
            gap(r);
            if (r->at < r->end && *r->at == ',') r->at++;
            else if (r->at < r->end && *r->at != ']') return fail(r, "expected `,` or `]`");
        }
        if (r->at >= r->end) return fail(r, "unterminated array");
        r->at++;
        return 0;
    }
    if (c == '{') {
        r->at++;
        v->defined = 1;
        for (gap(r); r->at < r->end && *r->at != '}'; gap(r)) {
            if ((code = pair(r, v, depth + 1))) return code;
            gap(r);
            if (r->at < r->end && *r->at == ',') r->at++;
            else if (r->at < r->end && *r->at != '}') return fail(r, "expected `,` or `}`");
        }
        if (r->at >= r->end) return fail(r, "unterminated table");
        r->at++;
        return 0;
    }
    const char *start = r->at;
    while (r->at < r->end &&
           (bare(*r->at) || *r->at == '.' || *r->at == '+' || *r->at == ':' ||
            (*r->at == ' ' && r->at - start == 10 && r->at + 1 < r->end && r->at[1] >= '0' && r->at[1] <= '9')))
        r->at++;
    v->text = (pt_str){start, (u32)(r->at - start)};
    if (!v->text.length) return fail(r, "expected a value");
    if (pt_str_equal(v->text, PT_STR("true")) || pt_str_equal(v->text, PT_STR("false")))
        v->type = PT_TOML_BOOLEAN, v->boolean = c == 't';
    else if (!(c >= '0' && c <= '9') && c != '+' && c != '-' && c != 'i' && c != 'n')
        return fail(r, "expected a value");
    return 0;
}

static int header(reader *r, pt_toml *root, pt_toml **current) {
    bool array = r->at + 1 < r->end && r->at[1] == '[';
    r->at += array ? 2 : 1;
    pt_toml *table = root;
    pt_str name;
    int code = descend(r, &table, &name);
    if (code) return code;
    if (r->at >= r->end || *r->at != ']' || (array && (r->at + 1 >= r->end || r->at[1] != ']')))
        return fail(r, "expected `]`");
    r->at += array ? 2 : 1;
    pt_toml *known = member(table, name);
    if (array) {
        if (!known) {
            if (is_full(table)) return fail(r, full);
            if (!(known = make(r, PT_TOML_ARRAY))) return no_memory(r);
            known->key = name;
            append(table, known);
        }
        if (known->type != PT_TOML_ARRAY) return fail(r, "key is not an array of tables");
        pt_toml *element = make(r, PT_TOML_TABLE);
        if (!element) return no_memory(r);
        append(known, element);
        *current = element;
        return 0;
    }
    if (!known) {
        if (is_full(table)) return fail(r, full);
        if (!(known = make(r, PT_TOML_TABLE))) return no_memory(r);
        known->key = name;
        append(table, known);
    } else if (known->type != PT_TOML_TABLE || known->defined) {
        return fail(r, "table is defined twice");
    }
    known->defined = 1;
    *current = known;
    return 0;
}

int pt_toml_parse(pt_toml **root, pt_arena *arena, pt_str text, const char *name, pt_error *error) {
    reader r = {arena, name, text.data, text.data + text.length, 1, error};
    if (text.length >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) r.at += 3;
    pt_toml *current = *root = make(&r, PT_TOML_TABLE);
    if (!current) return no_memory(&r);
    for (gap(&r); r.at < r.end; gap(&r)) {
        int code = *r.at == '[' ? header(&r, *root, &current) : pair(&r, current, 0);
        if (code) return code;
        blanks(&r);
        comment(&r);
        if (r.at < r.end && *r.at != '\n' && *r.at != '\r') return fail(&r, "expected the end of the line");
    }
    return pt_alloc_failed() ? no_memory(&r) : PT_OK;
}
