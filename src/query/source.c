#include "query/source.h"

#include "base/file.h"

enum { FILE_LIMIT = 64 << 20 };

void pt_quotes_free(pt_quotes *quotes) {
    for (u32 i = 0; i < quotes->files.count; i++) {
        pt_free(quotes->files.data[i].text);
        pt_free(quotes->files.data[i].lines);
    }
    pt_vec_free(&quotes->files);
}

static void read_file(pt_quoted_file *out, const pt_graph *g) {
    const pt_graph_file *f = pt_file_at(g, out->file);
    pt_buffer path = {0};
    PT_VEC(u32) lines = {0};
    if (g->info.dump) return; /* its files are parts of another one */
    pt_buffer_format(&path, "%s/%s", pt_graph_string(g, g->info.root), pt_graph_string(g, f->path));
    if (path.data && pt_file_read(&out->text, &out->length, path.data, FILE_LIMIT, NULL) == PT_OK &&
        pt_hash128_equal(pt_hash128_bytes(out->text, out->length), f->hash)) {
        pt_vec_push(&lines, 0);
        for (const char *at = out->text, *end = at + out->length; (at = memchr(at, '\n', (size_t)(end - at)));)
            pt_vec_push(&lines, (u32)(++at - out->text));
        if (lines.count && lines.data[lines.count - 1] != out->length) pt_vec_push(&lines, out->length);
        out->lines = lines.data;
        out->line_count = lines.count ? lines.count - 1 : 0;
    } else {
        pt_free(out->text);
        out->text = NULL;
    }
    pt_buffer_free(&path);
}

pt_str pt_quote(pt_quotes *quotes, const pt_graph *g, u32 file, u32 first, u32 last) {
    const pt_quoted_file *f = NULL;
    for (u32 i = 0; i < quotes->files.count && !f; i++)
        if (quotes->files.data[i].file == file) f = &quotes->files.data[i];
    if (!f) {
        pt_quoted_file fresh = {.file = file};
        read_file(&fresh, g);
        if (!pt_vec_push(&quotes->files, fresh)) {
            pt_free(fresh.text);
            pt_free(fresh.lines);
            return (pt_str){0};
        }
        f = &quotes->files.data[quotes->files.count - 1];
    }
    if (!f->text || !first || first > last || last > f->line_count) return (pt_str){0};
    return (pt_str){f->text + f->lines[first - 1], f->lines[last] - f->lines[first - 1]};
}
