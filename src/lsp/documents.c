#include "lsp/documents.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILE_LIMIT = 64 << 20 };

static void drop(pt_document *d) {
    pt_free(d->path);
    pt_free(d->text);
}

void pt_documents_free(pt_documents *documents) {
    for (u32 i = 0; i < documents->open.count; i++) drop(&documents->open.data[i]);
    pt_vec_free(&documents->open);
}

static int digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool pt_document_path(char *out, size_t size, const pt_documents *documents, const char *uri) {
    char path[4096];
    size_t n = 0, root = strlen(documents->root);
    if (strncmp(uri, "file://", 7) != 0) return false;
    for (uri += 7; *uri && n + 1 < sizeof path; uri++) {
        int high = *uri == '%' ? digit(uri[1]) : -1, low = high >= 0 ? digit(uri[2]) : -1;
        if (low >= 0) path[n++] = (char)(high * 16 + low), uri += 2;
        else path[n++] = *uri;
    }
    path[n] = 0;
    if (strstr(path, "/../") || strlen(path) != n) return false;
    if (strncmp(path, documents->root, root) != 0 || path[root] != '/' || strlen(path + root + 1) >= size) return false;
    snprintf(out, size, "%s", path + root + 1);
    return true;
}

json_t *pt_document_uri(const pt_documents *documents, const char *path) {
    pt_buffer uri = {0}, plain = {0};
    pt_buffer_format(&plain, "%s/%s", documents->root, path);
    pt_buffer_text(&uri, "file://");
    for (const char *at = plain.data ? plain.data : ""; *at; at++) {
        bool kept = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
                    strchr("/-._~", *at);
        if (kept) pt_buffer_char(&uri, *at);
        else pt_buffer_format(&uri, "%%%02X", (u8)*at);
    }
    json_t *text = json_string(uri.data ? uri.data : "file:///");
    pt_buffer_free(&uri);
    pt_buffer_free(&plain);
    return text;
}

void pt_document_set(pt_documents *documents, const char *path, const char *text) {
    for (u32 i = 0; i < documents->open.count; i++)
        if (strcmp(documents->open.data[i].path, path) == 0) {
            drop(&documents->open.data[i]);
            documents->open.data[i] = documents->open.data[--documents->open.count];
            break;
        }
    if (!text) return;
    pt_document d = {pt_strndup(path, strlen(path)), pt_strndup(text, strlen(text))};
    if (!d.path || !d.text || !pt_vec_push(&documents->open, d)) drop(&d);
}

/* Lines. */

static u32 lines_of(const char *text) {
    u32 count = 1;
    for (; (text = strchr(text, '\n')); text++) count++;
    return count;
}
static pt_str line_of(const char *text, u32 line) {
    for (; line && (text = strchr(text, '\n')); line--) text++;
    if (!text) return (pt_str){"", 0};
    size_t n = strcspn(text, "\n");
    return (pt_str){text, (u32)n};
}

void pt_document_look(pt_document_view *v, const pt_documents *documents, const char *path) {
    pt_buffer full = {0};
    u32 length;
    *v = (pt_document_view){0};
    pt_buffer_format(&full, "%s/%s", documents->root, path);
    if (!full.data || pt_file_read(&v->saved, &length, full.data, FILE_LIMIT, NULL)) v->saved = pt_strndup("", 0);
    else if (strlen(v->saved) != length) v->saved[0] = 0; /* a zero byte: no text */
    pt_buffer_free(&full);
    for (u32 i = 0; i < documents->open.count; i++)
        if (strcmp(documents->open.data[i].path, path) == 0)
            v->text = pt_strndup(documents->open.data[i].text, strlen(documents->open.data[i].text));
    if (!v->saved) v->saved = pt_strndup("", 0);
    if (!v->text && v->saved) v->text = pt_strndup(v->saved, strlen(v->saved));
    if (!v->text || !v->saved) return;
    v->lines = lines_of(v->text);
    v->saved_lines = lines_of(v->saved);
    const char *a = v->text, *b = v->saved;
    while (*a && *a == *b) v->same_before += *a == '\n', a++, b++;
    if (!*a && !*b) {
        v->same_before = v->lines;
        return;
    }
    for (a = v->text + strlen(v->text), b = v->saved + strlen(v->saved); a > v->text && b > v->saved && a[-1] == b[-1];
         a--, b--)
        v->same_behind += a[-1] == '\n';
    u32 most = PT_MIN(v->lines, v->saved_lines) - PT_MIN(v->same_before, PT_MIN(v->lines, v->saved_lines));
    v->same_behind = PT_MIN(v->same_behind, most);
}

void pt_document_forget(pt_document_view *v) {
    pt_free(v->text);
    pt_free(v->saved);
    *v = (pt_document_view){0};
}

u32 pt_document_saved_line(const pt_document_view *v, u32 line) {
    if (line < v->same_before) return line + 1;
    if (line >= v->lines - v->same_behind && line < v->lines) return line + 1 + v->saved_lines - v->lines;
    return 0;
}

u32 pt_document_shown_line(const pt_document_view *v, u32 saved_line) {
    u32 line = saved_line ? saved_line - 1 : 0;
    if (line < v->same_before || !v->lines) return line;
    if (line >= v->saved_lines - v->same_behind && line < v->saved_lines) return line + v->lines - v->saved_lines;
    return PT_MIN(v->same_before, v->lines - 1);
}

/* Columns. */

static u32 next_character(pt_str line, u32 at) {
    for (at++; at < line.length && ((u8)line.data[at] & 0xc0) == 0x80; at++) {}
    return at;
}

u32 pt_document_characters(const pt_documents *documents, const pt_document_view *v, u32 line, u32 column) {
    if (!documents->utf16 || !v->text) return column;
    pt_str text = line_of(v->text, line);
    u32 characters = 0, units = 0;
    for (u32 at = 0; at < text.length && units < column; at = next_character(text, at), characters++)
        units += (u8)text.data[at] >= 0xf0 ? 2 : 1;
    return characters;
}

u32 pt_document_column(const pt_documents *documents, const pt_document_view *v, u32 line, u32 characters) {
    if (!v->text) return characters;
    pt_str text = line_of(v->text, line);
    u32 units = 0;
    for (u32 at = 0, i = 0; at < text.length && i < characters; at = next_character(text, at), i++)
        units += documents->utf16 && (u8)text.data[at] >= 0xf0 ? 2 : 1;
    return units; /* at most the line's end */
}

static bool in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (u8)c >= 0x80;
}

void pt_document_word(const pt_document_view *v, u32 line, u32 from, const char *name, u32 *first, u32 *end) {
    pt_str text = line_of(v->text ? v->text : "", line);
    size_t size = strlen(name);
    bool any = false;
    *first = *end = 0;
    for (u32 at = 0, character = 0; at < text.length;) {
        u32 begin = at, begun = character;
        while (at < text.length && in_word(text.data[at])) at = next_character(text, at), character++;
        if (at > begin && begun + 1 > from) {
            bool same = at - begin == size && memcmp(text.data + begin, name, size) == 0;
            if (same || !any) *first = begun, *end = character;
            any = true;
            if (same) return;
        }
        if (at == begin) at = next_character(text, at), character++;
    }
}

bool pt_document_word_at(const pt_document_view *v, u32 line, u32 characters, u32 *first, u32 *end) {
    pt_str text = line_of(v->text ? v->text : "", line);
    for (u32 at = 0, character = 0; at < text.length;) {
        u32 begin = at, begun = character;
        while (at < text.length && in_word(text.data[at])) at = next_character(text, at), character++;
        if (at > begin && characters >= begun && characters <= character) {
            *first = begun, *end = character;
            return true;
        }
        if (at == begin) at = next_character(text, at), character++;
    }
    return false;
}
