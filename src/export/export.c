#include "export/export.h"

#include "export/scip.h"

#include <stdlib.h>

#ifndef PT_VERSION
#define PT_VERSION "0.1.0"
#endif

static const char *const visibilities[] = {"private", "pub", "pub(crate)", "pub(super)", "private", "pub(in)"};

typedef struct exporter {
    FILE *out;
    const pt_graph *g;
    bool candidates;
    pt_buffer line, path;
} exporter;

static void json_string(pt_buffer *b, const char *text) {
    pt_buffer_char(b, '"');
    for (const char *run = text;; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= ' ' && c != '"' && c != '\\') continue;
        pt_buffer_add(b, run, (size_t)(text - run));
        if (!c) break;
        if (c == '"' || c == '\\') pt_buffer_char(b, '\\'), pt_buffer_char(b, (char)c);
        else if (c == '\n') pt_buffer_text(b, "\\n");
        else if (c == '\t') pt_buffer_text(b, "\\t");
        else pt_buffer_format(b, "\\u%04x", c);
        run = text + 1;
    }
    pt_buffer_char(b, '"');
}

static void hex128(pt_buffer *b, pt_hash128 h) {
    pt_buffer_format(b, "\"%016llx%016llx\"", (unsigned long long)h.high, (unsigned long long)h.low);
}

static void flush(exporter *x) {
    pt_buffer_char(&x->line, '\n');
    fwrite(x->line.data, 1, x->line.count, x->out);
    pt_buffer_clear(&x->line);
}

/* Lines in the order of their text: ids never show. */
typedef struct sortable {
    const char *key;
    u32 index;
} sortable;
static int by_key(const void *a, const void *b) {
    const sortable *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

static void node_line(exporter *x, u32 n) {
    const pt_graph *g = x->g;
    const pt_graph_node *d = pt_node_at(g, n);
    pt_buffer *b = &x->line;
    pt_buffer_clear(&x->path);
    pt_graph_path(g, &x->path, n);
    pt_buffer_text(b, "{\"t\":\"node\",\"id\":");
    hex128(b, d->hash);
    pt_buffer_text(b, ",\"kind\":");
    json_string(b, pt_kind_name(d->kind));
    pt_buffer_text(b, ",\"name\":");
    json_string(b, pt_graph_string(g, d->name));
    pt_buffer_text(b, ",\"path\":");
    json_string(b, x->path.data ? x->path.data : "");
    pt_buffer_text(b, ",\"signature\":");
    json_string(b, pt_graph_string(g, d->signature));
    pt_buffer_text(b, ",\"visibility\":");
    json_string(b, visibilities[d->visibility % 6]);
    pt_buffer_text(b, ",\"file\":");
    json_string(b, d->file == PT_NONE ? "" : pt_graph_file_path(g, d->file));
    pt_buffer_format(
        b, ",\"line\":%u,\"col\":%u,\"end_line\":%u,\"interface\":\"%016llx\",\"external\":%s,\"test\":%s,\"cfg\":",
        pt_position_at(g, n)->line, pt_position_at(g, n)->column, pt_position_at(g, n)->end_line,
        (unsigned long long)d->interface_hash, d->flags & PT_NODE_EXTERNAL ? "true" : "false",
        d->flags & PT_NODE_TEST ? "true" : "false");
    json_string(b, pt_graph_string(g, d->cfg));
    pt_buffer_char(b, '}');
}

static void edge_line(exporter *x, u32 from, pt_word word, const pt_graph_site *s) {
    const pt_graph *g = x->g;
    pt_buffer *b = &x->line;
    pt_buffer_text(b, "{\"t\":\"edge\",\"from\":");
    hex128(b, pt_node_at(g, from)->hash);
    pt_buffer_text(b, ",\"to\":");
    hex128(b, pt_node_at(g, pt_word_node(word))->hash);
    pt_buffer_text(b, ",\"kind\":");
    json_string(b, pt_edge_kind_name(pt_word_kind(word)));
    pt_buffer_text(b, ",\"via\":");
    json_string(b, pt_via_name(s->via));
    pt_buffer_text(b, ",\"confidence\":");
    json_string(b, pt_confidence_name(s->confidence));
    pt_buffer_text(b, ",\"rule\":");
    json_string(b, pt_rule_name(s->rule));
    pt_buffer_text(b, ",\"file\":");
    json_string(b, pt_graph_file_path(g, pt_anchor_at(g, s->anchor)->file));
    pt_buffer_format(b, ",\"line\":%u,\"col\":%u,\"cfg\":", pt_graph_site_line(g, s), s->column);
    json_string(b, pt_graph_string(g, s->cfg));
    pt_buffer_char(b, '}');
}

/* Collects lines into one buffer, sorts them, writes them. */
typedef struct lines {
    pt_buffer text;
    PT_VEC(u32) starts;
} lines;

static void take(exporter *x, lines *l) {
    pt_vec_push(&l->starts, l->text.count);
    pt_buffer_add(&l->text, x->line.data, (size_t)x->line.count + 1);
    pt_buffer_clear(&x->line);
}

static void write_sorted(exporter *x, lines *l) {
    sortable *order = pt_malloc(((size_t)l->starts.count + 1) * sizeof *order);
    for (u32 i = 0; order && i < l->starts.count; i++) order[i] = (sortable){l->text.data + l->starts.data[i], i};
    if (order && l->starts.count) qsort(order, l->starts.count, sizeof *order, by_key);
    for (u32 i = 0; order && i < l->starts.count; i++) {
        if (i && strcmp(order[i].key, order[i - 1].key) == 0) continue;
        fputs(order[i].key, x->out);
        fputc('\n', x->out);
    }
    pt_free(order);
    pt_buffer_free(&l->text);
    pt_vec_free(&l->starts);
}

static void jsonl(exporter *x) {
    const pt_graph *g = x->g;
    pt_buffer_format(&x->line, "{\"t\":\"meta\",\"schema\":1,\"extractor\":\"%u\",\"std\":", g->info.extractor);
    json_string(&x->line, pt_graph_string(g, g->info.std_name));
    pt_buffer_text(&x->line, ",\"dependencies\":\"\"}");
    flush(x);
    lines nodes = {0}, edges = {0};
    for (u32 n = 0; n < g->node_count; n++) {
        if (!pt_node_alive(g, n)) continue;
        node_line(x, n);
        take(x, &nodes);
    }
    write_sorted(x, &nodes);
    for (u32 pass = 0; pass < (x->candidates ? 2u : 1u); pass++) {
        for (u32 n = 0; n < g->node_count; n++) {
            pt_row row = pt_graph_row(g, n, pass);
            for (u32 e = 0; e < row.count; e++)
                for (u32 s = row.site_offsets[e]; s < row.site_offsets[e + 1]; s++) {
                    edge_line(x, n, row.words[e], &row.sites[s]);
                    take(x, &edges);
                }
        }
    }
    write_sorted(x, &edges);
}

static void quoted(pt_buffer *b, const char *text, bool xml) {
    for (; *text; text++) {
        if (xml) {
            if (*text == '<') pt_buffer_text(b, "&lt;");
            else if (*text == '>') pt_buffer_text(b, "&gt;");
            else if (*text == '&') pt_buffer_text(b, "&amp;");
            else if (*text == '"') pt_buffer_text(b, "&quot;");
            else pt_buffer_char(b, *text);
        } else {
            if (*text == '"' || *text == '\\') pt_buffer_char(b, '\\');
            pt_buffer_char(b, *text);
        }
    }
}

enum { DOT, GRAPHML, MERMAID };

static void label(exporter *x, u32 n, bool xml) {
    pt_buffer_clear(&x->path);
    pt_graph_path(x->g, &x->path, n);
    if (!x->path.data) return;
    if (xml) quoted(&x->line, x->path.data, true);
    else
        for (const char *c = x->path.data; *c; c++) {
            if (*c == '"') pt_buffer_text(&x->line, "'");
            else pt_buffer_char(&x->line, *c);
        }
}

/* Nodes by hash: names that stay the same from run to run. */
static void drawing(exporter *x, u32 style) {
    const pt_graph *g = x->g;
    lines nodes = {0}, edges = {0};
    fputs(
        style == DOT ? "digraph parseltongue {\n  rankdir=LR;\n  node [shape=box, fontname=\"Helvetica\"];\n"
        : style == MERMAID
            ? "flowchart LR\n"
            : "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
              "<key id=\"path\" for=\"node\" attr.name=\"path\" attr.type=\"string\"/>\n<key id=\"kind\" for=\"node\" "
              "attr.name=\"kind\" attr.type=\"string\"/>\n"
              "<key id=\"edge\" for=\"edge\" attr.name=\"kind\" attr.type=\"string\"/>\n<graph "
              "edgedefault=\"directed\">\n",
        x->out);
    for (u32 n = 0; n < g->node_count; n++) {
        if (!pt_node_alive(g, n)) continue;
        unsigned long long id = pt_node_at(g, n)->hash.high ^ pt_node_at(g, n)->hash.low;
        bool external = pt_node_at(g, n)->flags & PT_NODE_EXTERNAL;
        if (style == DOT) {
            pt_buffer_format(&x->line, "  n%016llx [label=\"", id);
            label(x, n, false);
            pt_buffer_format(&x->line, "\"%s];", external ? ", style=dashed" : "");
        } else if (style == MERMAID) {
            pt_buffer_format(&x->line, "  n%016llx[\"", id);
            label(x, n, true);
            pt_buffer_text(&x->line, "\"]");
        } else {
            pt_buffer_format(&x->line, "<node id=\"n%016llx\"><data key=\"path\">", id);
            label(x, n, true);
            pt_buffer_format(&x->line, "</data><data key=\"kind\">%s</data></node>",
                             pt_kind_name(pt_node_at(g, n)->kind));
        }
        take(x, &nodes);
        for (u32 pass = 0; pass < (x->candidates ? 2u : 1u); pass++) {
            pt_row row = pt_graph_row(g, n, pass);
            for (u32 e = 0; e < row.count; e++) {
                u8 kind = pt_word_kind(row.words[e]);
                const pt_graph_node *t = pt_node_at(g, pt_word_node(row.words[e]));
                unsigned long long to = t->hash.high ^ t->hash.low;
                if (kind == PT_EDGE_CONTAINS) continue;
                if (style == DOT)
                    pt_buffer_format(&x->line, "  n%016llx -> n%016llx [label=\"%s\"%s];", id, to,
                                     pt_edge_kind_name(kind), pass ? ", style=dotted" : "");
                else if (style == MERMAID)
                    pt_buffer_format(&x->line, "  n%016llx %s|%s| n%016llx", id, pass ? "-.->" : "-->",
                                     pt_edge_kind_name(kind), to);
                else
                    pt_buffer_format(
                        &x->line, "<edge source=\"n%016llx\" target=\"n%016llx\"><data key=\"edge\">%s</data></edge>",
                        id, to, pt_edge_kind_name(kind));
                take(x, &edges);
            }
        }
    }
    write_sorted(x, &nodes);
    write_sorted(x, &edges);
    if (style != MERMAID) fputs(style == DOT ? "}\n" : "</graph>\n</graphml>\n", x->out);
}

int pt_export(FILE *out, const pt_graph *graph, const char *format, bool candidates, pt_error *error) {
    exporter x = {.out = out, .g = graph, .candidates = candidates};
    if (strcmp(format, "jsonl") == 0) jsonl(&x);
    else if (strcmp(format, "dot") == 0) drawing(&x, DOT);
    else if (strcmp(format, "graphml") == 0) drawing(&x, GRAPHML);
    else if (strcmp(format, "mermaid") == 0) drawing(&x, MERMAID);
    else if (strcmp(format, "scip") == 0) {
        int code = pt_export_scip(out, graph, PT_VERSION, error);
        if (code) return code;
    } else {
        return pt_fail(error, PT_EUSAGE, "--format %s: it is jsonl, dot, graphml, mermaid, scip or sqlite", format);
    }
    pt_buffer_free(&x.line);
    pt_buffer_free(&x.path);
    if (pt_alloc_failed()) return pt_fail(error, PT_ENOMEM, "out of memory");
    return fflush(out) != 0 || ferror(out) ? pt_fail(error, PT_EIO, "writing failed") : PT_OK;
}
