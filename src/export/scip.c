#include "export/scip.h"

#include "query/source.h"

#include <stdlib.h>

/* Numbers of scip.proto. */
enum {
    INDEX_METADATA = 1,
    INDEX_DOCUMENTS = 2,
    INDEX_EXTERNAL_SYMBOLS = 3,
    METADATA_TOOL = 2,
    METADATA_ROOT = 3,
    METADATA_ENCODING = 4,
    TOOL_NAME = 1,
    TOOL_VERSION = 2,
    DOCUMENT_PATH = 1,
    DOCUMENT_OCCURRENCES = 2,
    DOCUMENT_SYMBOLS = 3,
    DOCUMENT_LANGUAGE = 4,
    DOCUMENT_ENCODING = 6,
    OCCURRENCE_RANGE = 1,
    OCCURRENCE_SYMBOL = 2,
    OCCURRENCE_ROLES = 3,
    OCCURRENCE_ENCLOSING = 7,
    SYMBOL_SYMBOL = 1,
    SYMBOL_DOCUMENTATION = 3,
    SYMBOL_RELATIONSHIPS = 4,
    SYMBOL_KIND = 5,
    SYMBOL_NAME = 6,
    RELATIONSHIP_SYMBOL = 1,
    RELATIONSHIP_REFERENCE = 2,
    RELATIONSHIP_IMPLEMENTATION = 3,
    UTF8_TEXT = 1,
    UTF32_COLUMNS = 3,
    ROLE_DEFINITION = 1,
    ROLE_TEST = 32
};

/* Protocol buffers, as far as needed: varints and bytes with their length before them. */

static void varint(pt_buffer *out, u64 value) {
    for (; value >= 0x80; value >>= 7) pt_buffer_char(out, (char)(value | 0x80));
    pt_buffer_char(out, (char)value);
}
static void number(pt_buffer *out, u32 field, u64 value) {
    if (!value) return; /* the default */
    varint(out, (u64)field << 3);
    varint(out, value);
}
static void bytes(pt_buffer *out, u32 field, const void *data, size_t length) {
    varint(out, (u64)field << 3 | 2);
    varint(out, length);
    pt_buffer_add(out, data, length);
}
static void text(pt_buffer *out, u32 field, const char *value) { bytes(out, field, value, strlen(value)); }
static void message(pt_buffer *out, u32 field, const pt_buffer *inner) {
    bytes(out, field, inner->data ? inner->data : "", inner->count);
}
/* A range on one line, or on several. */
static void range(pt_buffer *out, u32 field, u32 line, u32 column, u32 end_line, u32 end_column) {
    pt_buffer packed = {0};
    varint(&packed, line);
    varint(&packed, column);
    if (end_line != line) varint(&packed, end_line);
    varint(&packed, end_column);
    message(out, field, &packed);
    pt_buffer_free(&packed);
}

typedef struct scip {
    const pt_graph *g;
    pt_quotes quotes;
    pt_buffer names; /* symbols, one after the other, each ended by a zero */
    u32 *symbols;    /* node -> its symbol in names; 0: none */
    u32 *number;     /* node -> which of those with the same descriptor and parent; 0: the first */
    u32 changed;     /* a file whose text is another one; PT_NONE */
    pt_buffer out, document, inner, part;
} scip;

static const char *symbol_of(const scip *x, u32 node) { return x->names.data + x->symbols[node]; }

/* Symbols. */

static void identifier(pt_buffer *out, const char *name, size_t length) {
    bool simple = length > 0;
    for (size_t i = 0; i < length && simple; i++) {
        char c = name[i];
        simple = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
                 c == '-' || c == '$';
    }
    if (!simple) pt_buffer_char(out, '`');
    for (size_t i = 0; i < length; i++) {
        pt_buffer_char(out, name[i]);
        if (!simple && name[i] == '`') pt_buffer_char(out, '`');
    }
    if (!simple) pt_buffer_char(out, '`');
}

static void descriptor(pt_buffer *out, const char *name, size_t length, u8 kind, u32 which) {
    char numbered[24] = "";
    pt_buffer told = {0};
    pt_buffer_add(&told, name, length);
    bool method = kind == PT_KIND_FN || kind == PT_KIND_METHOD;
    if (which) snprintf(numbered, sizeof numbered, method ? "+%u" : " %u", which);
    if (!method) pt_buffer_text(&told, numbered);
    identifier(out, told.data ? told.data : "", told.count);
    pt_buffer_free(&told);
    switch (kind) {
    case PT_KIND_CRATE:
    case PT_KIND_MODULE: pt_buffer_char(out, '/'); break;
    case PT_KIND_FN:
    case PT_KIND_METHOD: pt_buffer_format(out, "(%s).", numbered); break;
    case PT_KIND_FIELD:
    case PT_KIND_CONST:
    case PT_KIND_STATIC:
    case PT_KIND_ASSOC_CONST: pt_buffer_char(out, '.'); break;
    case PT_KIND_MACRO: pt_buffer_char(out, '!'); break;
    default: pt_buffer_char(out, '#');
    }
}

/* What an impl or a member is called below its parent. */
static const char *own_name(const scip *x, u32 node) {
    const pt_graph_node *n = pt_node_at(x->g, node);
    if (n->kind == PT_KIND_IMPL) return pt_graph_string(x->g, n->signature ? n->signature : n->path);
    return pt_graph_string(x->g, n->name);
}

static void symbol_below(const scip *x, pt_buffer *out, u32 node, u32 hops) {
    const pt_graph *g = x->g;
    const pt_graph_node *n = pt_node_at(g, node);
    if (n->parent != PT_NONE && hops < 4096) symbol_below(x, out, n->parent, hops + 1);
    if (n->kind == PT_KIND_CRATE) {
        pt_buffer_text(out, "parseltongue cargo ");
        for (const char *at = pt_graph_string(g, n->path ? n->path : n->name); *at; at++)
            pt_buffer_text(out, *at == ' ' ? "  " : (char[]){*at, 0});
        pt_buffer_text(out, " . ");
        descriptor(out, "crate", 5, PT_KIND_MODULE, 0);
        return;
    }
    const char *name = own_name(x, node);
    descriptor(out, name, strlen(name), n->kind, x->number[node]);
}

/* An external item without parents: its path tells. What begins with no crate (`<*mut T>::cast`, `dyn Any`) is one name. */
static void symbol_of_path(const scip *x, pt_buffer *out, u32 node) {
    pt_buffer path = {0};
    pt_graph_path(x->g, &path, node);
    const char *at = path.data ? path.data : "";
    u8 kind = pt_node_at(x->g, node)->kind;
    size_t crate = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    bool has_crate = crate && at[crate] == ':' && at[crate + 1] == ':';
    pt_buffer_text(out, "parseltongue cargo ");
    pt_buffer_add(out, has_crate ? at : ".", has_crate ? crate : 1);
    pt_buffer_text(out, " . ");
    if (has_crate) at += crate + 2;
    while (*at) {
        size_t n = 0;
        for (i32 angle = 0; at[n] && (!has_crate || angle > 0 || at[n] != ':' || at[n + 1] != ':'); n++)
            angle += at[n] == '<' || at[n] == '(' || at[n] == '['   ? 1
                     : at[n] == '>' || at[n] == ')' || at[n] == ']' ? -1
                                                                    : 0;
        bool last = !at[n], type = at[0] == '<' || (at[0] >= 'A' && at[0] <= 'Z');
        descriptor(out, at, n, last ? kind : type ? (u8)PT_KIND_STRUCT : (u8)PT_KIND_MODULE, 0);
        at += n + (last ? 0 : 2);
    }
    pt_buffer_free(&path);
}

typedef struct sibling {
    u32 node, parent;
    const char *name;
    u8 kind;
} sibling;
static int by_descriptor(const void *a, const void *b, void *graph) {
    const sibling *x = a, *y = b;
    if (x->parent != y->parent) return x->parent < y->parent ? -1 : 1;
    int order = strcmp(x->name, y->name);
    if (order) return order;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return pt_graph_order(graph, x->node, y->node);
}

static bool name_all(scip *x) {
    const pt_graph *g = x->g;
    PT_VEC(sibling) list = {0};
    x->symbols = pt_calloc((size_t)g->node_count + 1, sizeof(u32));
    x->number = pt_calloc((size_t)g->node_count + 1, sizeof(u32));
    if (!x->symbols || !x->number) return false;
    for (u32 n = 0; n < g->node_count; n++)
        if (pt_node_local(g, n) && pt_node_at(g, n)->parent != PT_NONE)
            pt_vec_push(&list, (sibling){n, pt_node_at(g, n)->parent, own_name(x, n), pt_node_at(g, n)->kind});
    if (list.count) qsort_r(list.data, list.count, sizeof(sibling), by_descriptor, (void *)(uintptr_t)g);
    for (u32 i = 1; i < list.count; i++) {
        const sibling *a = &list.data[i - 1], *b = &list.data[i];
        /* a type and an impl of that name have the same suffix: kinds of one name are numbered together */
        if (a->parent == b->parent && strcmp(a->name, b->name) == 0) x->number[b->node] = x->number[a->node] + 1;
    }
    pt_vec_free(&list);
    pt_buffer_char(&x->names, 0); /* 0: none */
    for (u32 n = 0; n < g->node_count; n++) {
        if (!pt_node_alive(g, n) || pt_node_at(g, n)->kind == PT_KIND_PRIMITIVE) continue;
        x->symbols[n] = x->names.count;
        if (pt_node_local(g, n)) symbol_below(x, &x->names, n, 0);
        else symbol_of_path(x, &x->names, n);
        pt_buffer_char(&x->names, 0);
    }
    return !pt_alloc_failed();
}

/* Places. */

static u32 characters(const char *at, size_t length) {
    u32 count = 0;
    for (size_t i = 0; i < length; i++) count += ((u8)at[i] & 0xc0) != 0x80;
    return count;
}

static bool in_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (u8)c >= 0x80;
}

/* Text from line and column (from 1, in characters) to the end of `last`; empty: it cannot be had. */
static pt_str text_from(scip *x, u32 file, u32 line, u32 column, u32 last) {
    pt_str found = pt_quote(&x->quotes, x->g, file, line, last);
    if (!found.length && !x->g->info.dump && x->changed == PT_NONE) x->changed = file;
    while (found.length && column > 1) {
        if (*found.data == '\n') return (pt_str){0};
        for (found.data++, found.length--; found.length && ((u8)*found.data & 0xc0) == 0x80;)
            found.data++, found.length--;
        column--;
    }
    return found;
}

/* How many characters a name has that begins there; 1: it is none. */
static u32 name_length(scip *x, u32 file, u32 line, u32 column) {
    pt_str at = text_from(x, file, line, column, line);
    u32 n = 0;
    if (at.length > 2 && at.data[0] == 'r' && at.data[1] == '#' && in_name(at.data[2])) n = 2;
    while (n < at.length && in_name(at.data[n])) n++;
    return n ? characters(at.data, n) : 1;
}

/* Words that are names only behind `r#`. */
static bool is_keyword(const char *name) {
    static const char *const words[] = {
        "abstract", "as",     "async",   "await",  "become",  "box",    "break", "const", "continue", "do",
        "dyn",      "else",   "enum",    "extern", "false",   "final",  "fn",    "for",   "gen",      "if",
        "impl",     "in",     "let",     "loop",   "macro",   "match",  "mod",   "move",  "mut",      "override",
        "priv",     "pub",    "ref",     "return", "static",  "struct", "trait", "true",  "try",      "type",
        "typeof",   "unsafe", "unsized", "use",    "virtual", "where",  "while", "yield"};
    for (u32 i = 0; i < PT_COUNT_OF(words); i++)
        if (strcmp(name, words[i]) == 0) return true;
    return false;
}

/* Where an item's name stands: the first word that is it, after what the item begins with. */
static void name_place(scip *x, u32 node, u32 *line, u32 *column, u32 *length) {
    const pt_graph *g = x->g;
    const pt_graph_node *n = pt_node_at(g, node);
    const pt_graph_position *p = pt_position_at(g, node);
    const char *name = pt_graph_string(g, n->name);
    size_t size = strlen(name);
    *line = p->line;
    *column = p->column;
    *length = 1;
    if (n->kind == PT_KIND_CRATE) {
        *column = 1, *length = 0;
        return;
    }
    pt_str at = text_from(x, n->file, p->line, p->column, p->end_line);
    u32 row = p->line, col = p->column;
    bool is_impl = n->kind == PT_KIND_IMPL, raw = is_keyword(name), visible = false;
    for (u32 i = 0; i < at.length;) {
        char closes = at.data[i] == '"' ? '"' : at.data[i] == '(' && visible ? ')' : 0;
        if (closes) { /* an ABI; where it is visible */
            do {
                if (at.data[i] == '\n') row++, col = 1;
                else col += ((u8)at.data[i] & 0xc0) != 0x80;
            } while (++i < at.length && at.data[i] != closes);
            i += i < at.length, col++;
            visible = false;
            continue;
        }
        if (in_name(at.data[i])) {
            u32 end = i;
            while (end < at.length && in_name(at.data[end])) end++;
            bool wanted = is_impl ? end - i == 4 && memcmp(at.data + i, "impl", 4) == 0
                                  : end - i == size && memcmp(at.data + i, name, size) == 0 &&
                                        (!raw || (i > 1 && at.data[i - 1] == '#' && at.data[i - 2] == 'r'));
            visible = end - i == 3 && memcmp(at.data + i, "pub", 3) == 0;
            if (wanted) {
                *line = row;
                *column = col;
                *length = characters(at.data + i, end - i);
                return;
            }
            col += characters(at.data + i, end - i);
            i = end;
            continue;
        }
        visible = visible && at.data[i] == ' ';
        if (at.data[i] == '\n') row++, col = 1;
        else col++;
        i++;
    }
    *length = name_length(x, n->file, p->line, p->column); /* a macro made it */
}

typedef struct occurrence {
    u32 file, line, column, length, node; /* file: rank of its path */
    u32 roles;
} occurrence;
typedef PT_VEC(occurrence) occurrence_list;

static int by_place(const void *a, const void *b, void *payload) {
    const scip *x = payload;
    const occurrence *p = a, *q = b;
    const u32 left[] = {p->file, p->line, p->column, q->roles, p->length},
              right[] = {q->file, q->line, q->column, p->roles, q->length};
    for (u32 i = 0; i < PT_COUNT_OF(left); i++)
        if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
    return strcmp(symbol_of(x, p->node), symbol_of(x, q->node));
}

static u64 kind_of(const pt_graph *g, const pt_graph_node *n) {
    u8 up = n->parent == PT_NONE ? (u8)PT_KIND_CRATE : pt_node_at(g, n->parent)->kind;
    switch (n->kind) {
    case PT_KIND_CRATE: return 35;   /* Package */
    case PT_KIND_MODULE: return 29;  /* Module */
    case PT_KIND_STRUCT: return 49;  /* Struct */
    case PT_KIND_ENUM: return 11;    /* Enum */
    case PT_KIND_UNION: return 59;   /* Union */
    case PT_KIND_VARIANT: return 12; /* EnumMember */
    case PT_KIND_FIELD: return 15;   /* Field */
    case PT_KIND_TRAIT:
    case PT_KIND_TRAIT_ALIAS: return 53; /* Trait */
    case PT_KIND_IMPL: return 84;        /* Extension */
    case PT_KIND_FN: return 17;          /* Function */
    case PT_KIND_METHOD:
        return up == PT_KIND_TRAIT ? 70 : n->flags & PT_NODE_HAS_SELF ? 26 : 80; /* TraitMethod, Method, StaticMethod */
    case PT_KIND_CONST:
    case PT_KIND_ASSOC_CONST: return 8; /* Constant */
    case PT_KIND_STATIC: return 82;     /* StaticVariable */
    case PT_KIND_TYPE_ALIAS: return 55; /* TypeAlias */
    case PT_KIND_ASSOC_TYPE: return 3;  /* AssociatedType */
    case PT_KIND_MACRO: return 25;      /* Macro */
    default: return 0;
    }
}

static int by_symbol(const void *a, const void *b, void *payload) {
    const scip *x = payload;
    return strcmp(symbol_of(x, *(const u32 *)a), symbol_of(x, *(const u32 *)b));
}

/* What the symbol implements: traits of a type, a trait's member of an impl's; of an external one what is told here too. */
static void relationships(scip *x, u32 node, const u8 *referred) {
    const pt_graph *g = x->g;
    bool external = !pt_node_local(g, node);
    pt_node_list to = {0};
    pt_row row = pt_graph_row(g, node, false);
    for (u32 i = 0; i < row.count; i++) {
        u8 kind = pt_word_kind(row.words[i]);
        u32 other = pt_word_node(row.words[i]);
        bool told = x->symbols[other] && (!external || (referred[other] && !pt_node_local(g, other)));
        if ((kind == PT_EDGE_IMPLEMENTS || kind == PT_EDGE_OVERRIDES) && told) pt_vec_push(&to, other);
    }
    if (to.count) qsort_r(to.data, to.count, sizeof(u32), by_symbol, x);
    for (u32 i = 0; i < to.count; i++) {
        if (i && strcmp(symbol_of(x, to.data[i]), symbol_of(x, to.data[i - 1])) == 0) continue;
        pt_buffer_clear(&x->part);
        text(&x->part, RELATIONSHIP_SYMBOL, symbol_of(x, to.data[i]));
        if (pt_node_at(g, node)->kind == PT_KIND_METHOD) number(&x->part, RELATIONSHIP_REFERENCE, 1);
        number(&x->part, RELATIONSHIP_IMPLEMENTATION, 1);
        message(&x->inner, SYMBOL_RELATIONSHIPS, &x->part);
    }
    pt_vec_free(&to);
}

static void symbol_information(scip *x, pt_buffer *out, u32 field, u32 node, const u8 *referred) {
    const pt_graph *g = x->g;
    const pt_graph_node *n = pt_node_at(g, node);
    pt_buffer_clear(&x->inner);
    text(&x->inner, SYMBOL_SYMBOL, symbol_of(x, node));
    if (n->signature) {
        pt_buffer_clear(&x->part);
        pt_buffer_format(&x->part, "```rust\n%s\n```", pt_graph_string(g, n->signature));
        message(&x->inner, SYMBOL_DOCUMENTATION, &x->part);
    }
    if (n->doc) text(&x->inner, SYMBOL_DOCUMENTATION, pt_graph_string(g, n->doc));
    relationships(x, node, referred);
    number(&x->inner, SYMBOL_KIND, kind_of(g, n));
    text(&x->inner, SYMBOL_NAME, own_name(x, node));
    message(out, field, &x->inner);
}

/* Where an item ends: its last line's last character. */
static u32 end_column(scip *x, u32 node) {
    const pt_graph_node *n = pt_node_at(x->g, node);
    u32 last = pt_position_at(x->g, node)->end_line;
    pt_str line = pt_quote(&x->quotes, x->g, n->file, last, last);
    while (line.length && (line.data[line.length - 1] == '\n' || line.data[line.length - 1] == '\r')) line.length--;
    return line.length ? characters(line.data, line.length) : 0;
}

static void one_occurrence(scip *x, const occurrence *o) {
    const pt_graph *g = x->g;
    pt_buffer_clear(&x->inner);
    range(&x->inner, OCCURRENCE_RANGE, o->line - 1, o->column - 1, o->line - 1, o->column - 1 + o->length);
    text(&x->inner, OCCURRENCE_SYMBOL, symbol_of(x, o->node));
    number(&x->inner, OCCURRENCE_ROLES, o->roles);
    if ((o->roles & ROLE_DEFINITION) && pt_node_at(g, o->node)->kind != PT_KIND_CRATE) {
        const pt_graph_position *p = pt_position_at(g, o->node);
        range(&x->inner, OCCURRENCE_ENCLOSING, p->line - 1, p->column - 1, p->end_line - 1, end_column(x, o->node));
    }
    message(&x->document, DOCUMENT_OCCURRENCES, &x->inner);
}

static int by_file_path(const void *a, const void *b, void *graph) {
    return strcmp(pt_graph_file_path(graph, *(const u32 *)a), pt_graph_file_path(graph, *(const u32 *)b));
}

static void collect(scip *x, const u32 *rank, occurrence_list *out, u8 *referred) {
    const pt_graph *g = x->g;
    for (u32 n = 0; n < g->node_count; n++) {
        if (!pt_node_local(g, n)) continue;
        const pt_graph_node *d = pt_node_at(g, n);
        u32 test = d->flags & PT_NODE_TEST ? ROLE_TEST : 0, line, column, length;
        if (d->file != PT_NONE) {
            name_place(x, n, &line, &column, &length);
            pt_vec_push(out, (occurrence){rank[d->file], line, column, length, n, ROLE_DEFINITION | test});
        }
        pt_row row = pt_graph_row(g, n, false);
        for (u32 i = 0; i < row.count; i++) {
            u32 to = pt_word_node(row.words[i]);
            if (pt_word_kind(row.words[i]) == PT_EDGE_CONTAINS || !x->symbols[to]) continue;
            referred[to] = 1;
            if (pt_word_kind(row.words[i]) == PT_EDGE_OVERRIDES) continue; /* a relationship, no place of its own */
            for (u32 s = row.site_offsets[i]; s < row.site_offsets[i + 1]; s++) {
                const pt_graph_site *site = &row.sites[s];
                u32 file = pt_anchor_at(g, site->anchor)->file;
                if (file == PT_NONE || !site->column) continue;
                line = pt_graph_site_line(g, site);
                length = name_length(x, file, line, site->column);
                pt_vec_push(out, (occurrence){rank[file], line, site->column, length, to, test});
            }
        }
    }
    if (out->count) qsort_r(out->data, out->count, sizeof(occurrence), by_place, x);
}

static bool same_occurrence(const scip *x, const occurrence *a, const occurrence *b) {
    return a->file == b->file && a->line == b->line && a->column == b->column &&
           strcmp(symbol_of(x, a->node), symbol_of(x, b->node)) == 0;
}

static void flush(scip *x, FILE *out) {
    if (x->out.count) fwrite(x->out.data, 1, x->out.count, out);
    pt_buffer_clear(&x->out);
}

static void documents(scip *x, FILE *out, const occurrence_list *all, const u32 *files, const u8 *referred) {
    const pt_graph *g = x->g;
    u32 at = 0;
    for (u32 f = 0; f < g->file_count; f++) {
        if (!pt_file_at(g, files[f])->path) continue;
        u32 first = at;
        while (at < all->count && all->data[at].file == f) at++;
        pt_buffer_clear(&x->document);
        text(&x->document, DOCUMENT_PATH, pt_graph_file_path(g, files[f]));
        for (u32 i = first; i < at; i++)
            if (i == first || !same_occurrence(x, &all->data[i], &all->data[i - 1])) one_occurrence(x, &all->data[i]);
        for (u32 i = first; i < at; i++)
            if (all->data[i].roles & ROLE_DEFINITION)
                symbol_information(x, &x->document, DOCUMENT_SYMBOLS, all->data[i].node, referred);
        text(&x->document, DOCUMENT_LANGUAGE, "Rust");
        number(&x->document, DOCUMENT_ENCODING, UTF32_COLUMNS);
        message(&x->out, INDEX_DOCUMENTS, &x->document);
        flush(x, out);
    }
}

static void head(scip *x, const char *version) {
    const pt_graph *g = x->g;
    pt_buffer metadata = {0};
    text(&x->part, TOOL_NAME, "parseltongue");
    text(&x->part, TOOL_VERSION, version);
    message(&metadata, METADATA_TOOL, &x->part);
    pt_buffer_clear(&x->part);
    pt_buffer_text(&x->part, "file://");
    for (const char *at = pt_graph_string(g, g->info.root); *at; at++)
        if (in_name(*at) || strchr("/-.~", *at)) pt_buffer_char(&x->part, *at);
        else pt_buffer_format(&x->part, "%%%02X", (u8)*at);
    message(&metadata, METADATA_ROOT, &x->part);
    number(&metadata, METADATA_ENCODING, UTF8_TEXT);
    message(&x->out, INDEX_METADATA, &metadata);
    pt_buffer_free(&metadata);
}

int pt_export_scip(FILE *out, const pt_graph *g, const char *version, pt_error *error) {
    scip x = {.g = g, .changed = PT_NONE};
    occurrence_list all = {0};
    pt_node_list external = {0};
    u32 *files = pt_malloc(((size_t)g->file_count + 1) * sizeof(u32)),
        *rank = pt_malloc(((size_t)g->file_count + 1) * sizeof(u32));
    u8 *referred = pt_calloc((size_t)g->node_count + 1, 1);
    if (files && rank && referred && name_all(&x)) {
        for (u32 i = 0; i < g->file_count; i++) files[i] = i;
        if (g->file_count) qsort_r(files, g->file_count, sizeof(u32), by_file_path, (void *)(uintptr_t)g);
        for (u32 i = 0; i < g->file_count; i++) rank[files[i]] = i;
        collect(&x, rank, &all, referred);
    } else {
        pt_alloc_set_failed();
    }
    int code = PT_OK;
    if (x.changed != PT_NONE)
        code = pt_fail(error, PT_EBUSY, "%s changed since the index: run `parseltongue index` first",
                       pt_graph_file_path(g, x.changed));
    if (!code && !pt_alloc_failed() && files && referred) {
        head(&x, version);
        documents(&x, out, &all, files, referred);
        for (u32 n = 0; n < g->node_count; n++)
            if (referred[n] && !pt_node_local(g, n)) pt_vec_push(&external, n);
        if (external.count) qsort_r(external.data, external.count, sizeof(u32), by_symbol, &x);
        for (u32 i = 0; i < external.count; i++)
            if (!i || strcmp(symbol_of(&x, external.data[i]), symbol_of(&x, external.data[i - 1])) != 0)
                symbol_information(&x, &x.out, INDEX_EXTERNAL_SYMBOLS, external.data[i], referred);
        flush(&x, out);
    }
    if (!code && pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "out of memory");
    pt_vec_free(&all);
    pt_vec_free(&external);
    pt_free(files);
    pt_free(rank);
    pt_free(referred);
    pt_free(x.symbols);
    pt_free(x.number);
    pt_quotes_free(&x.quotes);
    pt_buffer_free(&x.names);
    pt_buffer_free(&x.out);
    pt_buffer_free(&x.document);
    pt_buffer_free(&x.inner);
    pt_buffer_free(&x.part);
    return code;
}
