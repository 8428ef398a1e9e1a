/* graph_model.h: graphs made up at random: lists of what is in them, images made of the lists, and a text by which two
 * graphs are told apart whatever their ids are. */
#ifndef PT_GRAPH_MODEL_H
#define PT_GRAPH_MODEL_H

#include <stdio.h>
#include <stdlib.h>

#include "graph/delta.h"

enum {
    MODEL_NODES = 512,
    MODEL_FILES = 24,
    MODEL_ANCHORS = 1024,
    MODEL_EDGES = 2048,
    MODEL_SITES = 3, /* of an edge */
    MODEL_OPEN = 160,
    MODEL_LIST = 8,
    MODEL_NAMES = 48, /* texts below are names, shared by many nodes */
    MODEL_TEXTS = 1024
};

/* What must hold for a test to go on. */
#define MODEL_NEED(holds, ...)                                                        \
    do {                                                                              \
        if (!(holds)) {                                                               \
            fprintf(stderr, "%s:%d: %s does not hold: ", __FILE__, __LINE__, #holds); \
            fprintf(stderr, __VA_ARGS__);                                             \
            fputc('\n', stderr);                                                      \
            abort();                                                                  \
        }                                                                             \
    } while (0)

/* Places refer to each other by their place in these lists; texts are numbers, 0 is "". */
typedef struct model_node {
    u64 identity, interface;
    u32 name, path, signature, doc, cfg;
    u32 parent, file; /* PT_NONE */
    pt_graph_position position;
    u16 flags;
    u8 kind, visibility;
    bool there;
} model_node;
typedef struct model_file {
    pt_graph_file file; /* path: a text's number */
    bool there;
} model_file;
typedef struct model_anchor {
    u32 node, file, line;
    bool there;
} model_anchor;
typedef struct model_edge {
    u32 from, to, site_count;
    u8 code;
    bool inferred, candidate;
    pt_graph_site sites[MODEL_SITES];
} model_edge;
typedef struct model {
    model_node nodes[MODEL_NODES];
    model_file files[MODEL_FILES];
    model_anchor anchors[MODEL_ANCHORS];
    model_edge edges[MODEL_EDGES];
    pt_graph_unresolved open[MODEL_OPEN];
    pt_graph_error errors[MODEL_LIST];
    u32 problems[MODEL_LIST], features[MODEL_LIST];
    u32 edge_count, open_count, error_count, problem_count, feature_count; /* edges: those of parents are not listed */
    u64 identities;                                                        /* given so far */
    u32 root, std_name, bodies;
} model;

static inline u32 pick(u64 *random, u32 below) {
    *random += 0x9e3779b97f4a7c15u;
    return below ? (u32)((pt_hash_u64(*random) >> 32) % below) : 0;
}
static inline bool one_in(u64 *random, u32 n) { return pick(random, n) == 0; }

static inline u32 any_text(u64 *random) {
    return one_in(random, 4) ? 0 : MODEL_NAMES + pick(random, MODEL_TEXTS - MODEL_NAMES);
}
static inline u32 any_name(u64 *random) { return 1 + pick(random, MODEL_NAMES - 1); }

/* One that is there, PT_NONE: none is. */
#define MODEL_ANY(name, list, most)                                               \
    static inline u32 name(const model *m, u64 *random) {                         \
        u32 start = pick(random, most);                                           \
        for (u32 i = 0; i < (most); i++)                                          \
            if (m->list[(start + i) % (most)].there) return (start + i) % (most); \
        return PT_NONE;                                                           \
    }
MODEL_ANY(any_node, nodes, MODEL_NODES)
MODEL_ANY(any_file, files, MODEL_FILES)
MODEL_ANY(any_anchor, anchors, MODEL_ANCHORS)
#undef MODEL_ANY

static inline u32 count_nodes(const model *m) {
    u32 count = 0;
    for (u32 i = 0; i < MODEL_NODES; i++) count += m->nodes[i].there;
    return count;
}

static inline void add_file(model *m, u64 *random) {
    for (u32 f = 0; f < MODEL_FILES; f++) {
        if (m->files[f].there) continue;
        m->files[f].there = true;
        m->files[f].file = (pt_graph_file){.path = MODEL_NAMES + f, /* comes back under its name */
                                           .lines = pick(random, 1000),
                                           .size = pick(random, 1u << 31),
                                           .mtime_ns = pick(random, 1u << 31),
                                           .hash = {pick(random, 1u << 31), 7},
                                           .edition = 2021};
        return;
    }
}

static inline void add_anchor(model *m, u64 *random, u32 node) {
    u32 file = m->nodes[node].file;
    if (file == PT_NONE || one_in(random, 6)) file = any_file(m, random);
    for (u32 a = 0; file != PT_NONE && a < MODEL_ANCHORS; a++) {
        if (m->anchors[a].there) continue;
        m->anchors[a] = (model_anchor){node, file, 1 + pick(random, 300), true};
        return;
    }
}

static inline void set_sites(model *m, u64 *random, model_edge *e) {
    e->site_count = pick(random, MODEL_SITES + 1);
    for (u32 i = 0; i < e->site_count; i++) {
        u32 anchor = any_anchor(m, random);
        if (anchor == PT_NONE) {
            e->site_count = 0;
            return;
        }
        e->sites[i] = (pt_graph_site){.anchor = anchor,
                                      .line = pick(random, 40),
                                      .cfg = one_in(random, 5) ? any_text(random) : 0,
                                      .column = (u16)pick(random, 100),
                                      .via = (u8)pick(random, PT_VIA_COUNT) & 15,
                                      .rule = (u8)pick(random, PT_RULE_COUNT) & 15,
                                      .confidence = (u8)pick(random, 3) & 3,
                                      .settled = (u8)pick(random, 2) & 1};
    }
}

static inline u8 plain(u8 code) { return code == PT_CODE_SETTLED_CALLS ? (u8)PT_EDGE_CALLS : code; }

static inline void add_edge(model *m, u64 *random, u32 from, u32 to) {
    if (m->edge_count == MODEL_EDGES || from == PT_NONE || to == PT_NONE) return;
    model_edge e = {.from = from, .to = to, .code = (u8)pick(random, PT_CODE_COUNT), .candidate = one_in(random, 5)};
    if (one_in(random, 3) || e.code == PT_EDGE_CONTAINS) e.code = PT_EDGE_CALLS;
    e.inferred = !e.candidate && one_in(random, 4);
    for (u32 i = 0; i < m->edge_count; i++) {
        const model_edge *x = &m->edges[i];
        if (x->from == from && x->to == to && plain(x->code) == plain(e.code) && x->candidate == e.candidate) return;
    }
    set_sites(m, random, &e);
    m->edges[m->edge_count++] = e;
}

static inline void add_open(model *m, u64 *random) {
    u32 from = any_node(m, random), anchor = any_anchor(m, random);
    if (m->open_count == MODEL_OPEN || from == PT_NONE || anchor == PT_NONE) return;
    m->open[m->open_count++] = (pt_graph_unresolved){
        any_name(random), from, anchor, pick(random, 40), (u16)pick(random, 50), (u8)pick(random, PT_REASON_COUNT), 0};
}

static inline bool below(const model *m, u32 node, u32 above) {
    for (; node != PT_NONE; node = m->nodes[node].parent)
        if (node == above) return true;
    return false;
}

static inline void describe(model_node *n, u64 *random) {
    n->name = one_in(random, 12) ? 0 : any_name(random);
    n->path = one_in(random, 3) ? any_text(random) : 0;
    n->signature = any_text(random);
    n->doc = any_text(random);
    n->cfg = one_in(random, 4) ? any_text(random) : 0;
    n->interface = pick(random, 1u << 31);
    n->kind = (u8)pick(random, PT_KIND_PRIMITIVE + 1);
    n->visibility = (u8)pick(random, 3);
    n->flags = (u16)(pick(random, 1 << 16) & ~(u32)PT_NODE_EXTERNAL) | (n->file == PT_NONE ? PT_NODE_EXTERNAL : 0);
}

static inline void add_node(model *m, u64 *random) {
    for (u32 i = 0; i < MODEL_NODES; i++) {
        model_node *n = &m->nodes[i];
        if (n->there) continue;
        u32 parent = any_node(m, random);
        *n = (model_node){.identity = ++m->identities, .parent = one_in(random, 8) ? PT_NONE : parent, .there = true};
        n->file = one_in(random, 8) ? PT_NONE : any_file(m, random);
        n->position = (pt_graph_position){1 + pick(random, 300), 300 + pick(random, 100), 1 + pick(random, 80)};
        describe(n, random);
        if (one_in(random, 2)) add_anchor(m, random, i);
        for (u32 k = pick(random, 4); k; k--) add_edge(m, random, i, any_node(m, random));
        for (u32 k = pick(random, 3); k; k--) add_edge(m, random, any_node(m, random), i);
        return;
    }
}

static inline void remove_anchor(model *m, u32 anchor) {
    u32 kept = 0;
    m->anchors[anchor].there = false;
    for (u32 i = 0; i < m->edge_count; i++) {
        model_edge *e = &m->edges[i];
        u32 sites = 0;
        for (u32 s = 0; s < e->site_count; s++)
            if (e->sites[s].anchor != anchor) e->sites[sites++] = e->sites[s];
        e->site_count = sites;
    }
    for (u32 i = 0; i < m->open_count; i++)
        if (m->open[i].anchor != anchor) m->open[kept++] = m->open[i];
    m->open_count = kept;
}

static inline void remove_node(model *m, u32 node) {
    u32 kept = 0;
    m->nodes[node].there = false;
    for (u32 i = 0; i < MODEL_NODES; i++)
        if (m->nodes[i].there && m->nodes[i].parent == node) m->nodes[i].parent = m->nodes[node].parent;
    for (u32 i = 0; i < m->edge_count; i++)
        if (m->edges[i].from != node && m->edges[i].to != node) m->edges[kept++] = m->edges[i];
    m->edge_count = kept;
    for (u32 a = 0; a < MODEL_ANCHORS; a++)
        if (m->anchors[a].there && m->anchors[a].node == node) remove_anchor(m, a);
    kept = 0;
    for (u32 i = 0; i < m->open_count; i++)
        if (m->open[i].from != node) m->open[kept++] = m->open[i];
    m->open_count = kept;
}

static inline void remove_file(model *m, u32 file) {
    u32 kept = 0;
    m->files[file].there = false;
    for (u32 i = 0; i < MODEL_NODES; i++)
        if (m->nodes[i].there && m->nodes[i].file == file) remove_node(m, i);
    for (u32 a = 0; a < MODEL_ANCHORS; a++)
        if (m->anchors[a].there && m->anchors[a].file == file) remove_anchor(m, a);
    for (u32 i = 0; i < m->error_count; i++)
        if (m->errors[i].file != file) m->errors[kept++] = m->errors[i];
    m->error_count = kept;
}

static inline void move_node(model *m, u32 node, u32 file) {
    u32 old = m->nodes[node].file;
    m->nodes[node].file = file;
    if (file == PT_NONE) m->nodes[node].flags |= PT_NODE_EXTERNAL;
    else m->nodes[node].flags &= (u16)~PT_NODE_EXTERNAL;
    for (u32 a = 0; file != PT_NONE && a < MODEL_ANCHORS; a++)
        if (m->anchors[a].there && m->anchors[a].node == node && m->anchors[a].file == old) m->anchors[a].file = file;
}

/* What lies at or below a line of a file moves down. */
static inline void shift_lines(model *m, u32 file, u32 line, u32 by) {
    for (u32 i = 0; i < MODEL_NODES; i++)
        if (m->nodes[i].there && m->nodes[i].file == file && m->nodes[i].position.line >= line)
            m->nodes[i].position.line += by, m->nodes[i].position.end_line += by;
    for (u32 a = 0; a < MODEL_ANCHORS; a++)
        if (m->anchors[a].there && m->anchors[a].file == file && m->anchors[a].line >= line) m->anchors[a].line += by;
}

static inline void edit_lists(model *m, u64 *random) {
    u32 file = any_file(m, random);
    switch (pick(random, 5)) {
    case 0:
        if (m->error_count && one_in(random, 2)) m->error_count--;
        else if (m->error_count < MODEL_LIST && file != PT_NONE)
            m->errors[m->error_count++] = (pt_graph_error){file, pick(random, 90), pick(random, 90), any_text(random)};
        break;
    case 1:
        if (m->problem_count && one_in(random, 2)) m->problem_count--;
        else if (m->problem_count < MODEL_LIST) m->problems[m->problem_count++] = any_text(random);
        break;
    case 2:
        if (m->feature_count && one_in(random, 2)) m->feature_count--;
        else if (m->feature_count < MODEL_LIST) m->features[m->feature_count++] = any_text(random);
        break;
    case 3: m->root = any_text(random), m->std_name = any_text(random); break;
    default: m->bodies = pick(random, 1000);
    }
}

static inline void edit_once(model *m, u64 *random) {
    u32 node = any_node(m, random), file = any_file(m, random), other = any_node(m, random);
    u32 edge = m->edge_count ? pick(random, m->edge_count) : PT_NONE, anchor = any_anchor(m, random);
    switch (pick(random, 20)) {
    case 0:
    case 1: add_node(m, random); break;
    case 2:
        if (node != PT_NONE) remove_node(m, node);
        break;
    case 3:
    case 4:
        if (node != PT_NONE) describe(&m->nodes[node], random);
        break;
    case 5:
        if (node != PT_NONE) move_node(m, node, one_in(random, 6) ? PT_NONE : file);
        break;
    case 6: add_file(m, random); break;
    case 7:
        if (file != PT_NONE && one_in(random, 3)) remove_file(m, file);
        break;
    case 8:
    case 9:
    case 10: add_edge(m, random, node, other); break;
    case 11:
    case 12:
        if (edge != PT_NONE) m->edges[edge] = m->edges[--m->edge_count];
        break;
    case 13: /* a call is settled, or no longer */
        if (edge != PT_NONE && plain(m->edges[edge].code) == PT_EDGE_CALLS)
            m->edges[edge].code = m->edges[edge].code == PT_EDGE_CALLS ? (u8)PT_CODE_SETTLED_CALLS : (u8)PT_EDGE_CALLS;
        else if (edge != PT_NONE) m->edges[edge].inferred = !m->edges[edge].inferred && !m->edges[edge].candidate;
        break;
    case 14:
        if (edge != PT_NONE) set_sites(m, random, &m->edges[edge]);
        break;
    case 15:
        if (file != PT_NONE) {
            shift_lines(m, file, 1 + pick(random, 300), 1 + pick(random, 9));
            m->files[file].file.hash.low++;
            m->files[file].file.mtime_ns++;
        }
        break;
    case 16:
        if (m->open_count && one_in(random, 2))
            m->open[pick(random, m->open_count)] = m->open[m->open_count - 1], m->open_count--;
        else add_open(m, random);
        break;
    case 17: edit_lists(m, random); break;
    case 18:
        if (anchor != PT_NONE && one_in(random, 2)) remove_anchor(m, anchor);
        else if (node != PT_NONE) add_anchor(m, random, node);
        break;
    default: /* another identity, or another place in the tree */
        if (node == PT_NONE) break;
        if (one_in(random, 2)) m->nodes[node].identity = ++m->identities;
        else if (other == PT_NONE || !below(m, other, node)) m->nodes[node].parent = other;
    }
}

/* What one pass over changed sources may do. */
static inline void edit_model(model *m, u64 *random) {
    for (u32 k = 1 + pick(random, 8); k; k--) edit_once(m, random);
    if (one_in(random, 12))
        for (u32 k = pick(random, 40); k; k--) add_node(m, random);
    if (one_in(random, 12)) /* most of it goes */
        for (u32 i = 0; i < MODEL_NODES; i++)
            if (m->nodes[i].there && !one_in(random, 3)) remove_node(m, i);
}

static inline void make_model(model *m, u64 *random, u32 nodes) {
    memset(m, 0, sizeof *m);
    m->root = any_text(random);
    for (u32 f = 1 + pick(random, 6); f; f--) add_file(m, random);
    for (u32 n = 0; n < nodes; n++) add_node(m, random);
    for (u32 n = 0; n < nodes; n++) add_edge(m, random, any_node(m, random), any_node(m, random));
    for (u32 n = pick(random, 30); n; n--) add_open(m, random);
    for (u32 n = 0; n < 4; n++) edit_lists(m, random);
}

/* Images. */

typedef struct model_strings {
    pt_buffer text;
    u32 of[MODEL_TEXTS];
} model_strings;
static inline const char *model_text(char out[32], u32 number) {
    if (!number) out[0] = 0;
    else if (number < MODEL_NAMES) snprintf(out, 32, "%c_name%u", 'a' + (char)(number % 26), number);
    else snprintf(out, 32, "text of %u", number);
    return out;
}
static inline u32 model_string(model_strings *s, u32 number) {
    char text[32];
    if (number && !s->of[number]) {
        s->of[number] = s->text.count;
        pt_buffer_text(&s->text, model_text(text, number));
        pt_buffer_char(&s->text, 0);
    }
    return s->of[number];
}

typedef struct model_word {
    u32 node, list; /* list: 0 edges, 1 candidates */
    pt_word word;
    const model_edge *edge;
} model_word;
static inline int by_model_word(const void *a, const void *b) {
    const model_word *x = a, *y = b;
    if (x->list != y->list) return x->list < y->list ? -1 : 1;
    if (x->node != y->node) return x->node < y->node ? -1 : 1;
    return x->word < y->word ? -1 : x->word > y->word;
}
typedef struct model_name {
    const char *text;
    u32 name, node;
} model_name;
static inline int by_model_name(const void *a, const void *b) {
    const model_name *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order ? order : x->node < y->node ? -1 : x->node > y->node;
}
static inline int by_unresolved_name(const void *a, const void *b, void *text) {
    const pt_graph_unresolved *x = a, *y = b;
    return strcmp((const char *)text + x->name, (const char *)text + y->name);
}

/* New numbers for what is there: in its order, or by chance. */
static inline u32 number_them(u32 *of, const bool *there, u32 most, u64 *random) {
    u32 order[MODEL_ANCHORS], count = 0;
    for (u32 i = 0; i < most; i++)
        if (there[i]) order[count++] = i;
    for (u32 i = count; random && i > 1; i--) {
        u32 j = pick(random, i), keep = order[i - 1];
        order[i - 1] = order[j];
        order[j] = keep;
    }
    for (u32 i = 0; i < count; i++) of[order[i]] = i;
    return count;
}

static inline u64 bytes_and_lines(const model *m, u64 *lines) {
    u64 bytes = 0;
    *lines = 0;
    for (u32 f = 0; f < MODEL_FILES; f++)
        if (m->files[f].there) bytes += m->files[f].file.size, *lines += m->files[f].file.lines;
    return bytes;
}

/* `random`: ids are given by chance; NULL: in the order of the lists. */
static inline pt_graph *model_graph(const model *m, u64 generation, u64 *random) {
    static const pt_graph_node no_node;
    model_strings strings = {0};
    u32 node_of[MODEL_NODES], file_of[MODEL_FILES], anchor_of[MODEL_ANCHORS], words = 0, site = 0;
    bool there[MODEL_ANCHORS];
    pt_buffer_char(&strings.text, 0);
    for (u32 i = 0; i < MODEL_NODES; i++) there[i] = m->nodes[i].there;
    u32 nodes = number_them(node_of, there, MODEL_NODES, random);
    for (u32 i = 0; i < MODEL_FILES; i++) there[i] = m->files[i].there;
    u32 files = number_them(file_of, there, MODEL_FILES, random);
    for (u32 i = 0; i < MODEL_ANCHORS; i++) there[i] = m->anchors[i].there;
    u32 anchors = number_them(anchor_of, there, MODEL_ANCHORS, random);

    pt_graph_node *node = calloc(nodes + 1, sizeof *node);
    pt_graph_position *position = calloc(nodes + 1, sizeof *position);
    u8 *walk_flags = calloc(nodes + 1, 1);
    pt_graph_file *file = calloc(files + 1, sizeof *file);
    pt_graph_anchor *anchor = calloc(anchors + 1, sizeof *anchor);
    pt_graph_unresolved *open = calloc(m->open_count + 1, sizeof *open);
    pt_graph_site *sites = calloc((size_t)m->edge_count * MODEL_SITES + 1, sizeof *sites);
    u32 edges = m->edge_count + nodes; /* at most */
    model_word *out = calloc(edges + 1, sizeof *out), *in = calloc(edges + 1, sizeof *in);
    u32 *offsets[4], *site_offsets[2];
    pt_word *word[4];
    u32 word_count[4] = {0};
    for (u32 d = 0; d < 4; d++) {
        offsets[d] = calloc(nodes + 2, sizeof(u32));
        word[d] = calloc(edges + 1, sizeof(pt_word));
        if (d < 2) site_offsets[d] = calloc(edges + 2, sizeof(u32));
    }
    pt_graph_info info = {.generation = generation,
                          .extractor = 3,
                          .root = model_string(&strings, m->root),
                          .std_name = model_string(&strings, m->std_name),
                          .bodies = m->bodies,
                          .files = files,
                          .unresolved = m->open_count};
    info.source_bytes = bytes_and_lines(m, &info.source_lines);
    for (u32 i = 0; i < MODEL_NODES; i++) {
        const model_node *n = &m->nodes[i];
        if (!n->there) continue;
        pt_graph_node x = no_node;
        x.hash = (pt_hash128){pt_hash_u64(n->identity), n->identity};
        x.interface_hash = n->interface;
        x.name = model_string(&strings, n->name);
        x.path = model_string(&strings, n->path);
        x.signature = model_string(&strings, n->signature);
        x.doc = model_string(&strings, n->doc);
        x.cfg = model_string(&strings, n->cfg);
        x.parent = n->parent == PT_NONE ? PT_NONE : node_of[n->parent];
        x.file = n->file == PT_NONE ? PT_NONE : file_of[n->file];
        x.flags = n->flags, x.kind = n->kind, x.visibility = n->visibility;
        node[node_of[i]] = x;
        walk_flags[node_of[i]] = pt_walk_flags_of(&x);
        position[node_of[i]] = n->position;
        if (x.flags & PT_NODE_EXTERNAL) info.external_nodes++;
        else info.local_nodes++;
    }
    for (u32 i = 0; i < MODEL_FILES; i++) {
        if (!m->files[i].there) continue;
        pt_graph_file x = m->files[i].file;
        x.path = model_string(&strings, x.path);
        file[file_of[i]] = x;
    }
    for (u32 i = 0; i < MODEL_ANCHORS; i++)
        if (m->anchors[i].there)
            anchor[anchor_of[i]] =
                (pt_graph_anchor){file_of[m->anchors[i].file], m->anchors[i].line, node_of[m->anchors[i].node]};
    for (u32 i = 0; i < m->edge_count + MODEL_NODES; i++) {
        static const model_edge contains = {.code = PT_EDGE_CONTAINS};
        u32 child = i - m->edge_count;
        if (i >= m->edge_count && (!m->nodes[child].there || m->nodes[child].parent == PT_NONE)) continue;
        const model_edge *e = i < m->edge_count ? &m->edges[i] : &contains;
        u32 from = node_of[i < m->edge_count ? e->from : m->nodes[child].parent];
        u32 to = node_of[i < m->edge_count ? e->to : child];
        out[words] = (model_word){from, e->candidate, pt_word_make(e->code, e->inferred, to), e};
        in[words++] = (model_word){to, e->candidate, pt_word_make(e->code, e->inferred, from), e};
    }
    qsort(out, words, sizeof *out, by_model_word);
    qsort(in, words, sizeof *in, by_model_word);
    for (u32 i = 0; i < words; i++)
        for (u32 way = 0; way < 2; way++) {
            const model_word *x = way ? &in[i] : &out[i];
            u32 d = x->list * 2 + way;
            offsets[d][x->node + 1]++;
            if (!way) {
                site_offsets[x->list][word_count[d]] = site;
                for (u32 s = 0; s < x->edge->site_count; s++) {
                    pt_graph_site y = x->edge->sites[s];
                    y.anchor = anchor_of[y.anchor];
                    y.cfg = model_string(&strings, y.cfg);
                    sites[site++] = y;
                }
                site_offsets[x->list][word_count[d] + 1] = site;
            }
            word[d][word_count[d]++] = x->word;
        }
    for (u32 d = 0; d < 4; d++)
        for (u32 n = 0; n < nodes; n++) offsets[d][n + 1] += offsets[d][n];
    info.edges = word_count[PT_OUT], info.candidates = word_count[PT_CANDIDATE_OUT], info.sites = site;
    for (u32 i = 0; i < m->open_count; i++) {
        pt_graph_unresolved x = m->open[i];
        x.name = model_string(&strings, x.name);
        x.from = node_of[x.from];
        x.anchor = anchor_of[x.anchor];
        open[i] = x;
    }
    pt_graph_error errors[MODEL_LIST + 1];
    u32 problems[MODEL_LIST + 1], features[MODEL_LIST + 1];
    for (u32 i = 0; i < m->error_count; i++) {
        errors[i] = m->errors[i];
        errors[i].file = file_of[errors[i].file];
        errors[i].message = model_string(&strings, errors[i].message);
    }
    for (u32 i = 0; i < m->problem_count; i++) problems[i] = model_string(&strings, m->problems[i]);
    for (u32 i = 0; i < m->feature_count; i++) features[i] = model_string(&strings, m->features[i]);
    if (m->open_count) qsort_r(open, m->open_count, sizeof *open, by_unresolved_name, strings.text.data);

    model_name *named = calloc(nodes + 1, sizeof *named);
    pt_graph_name *names = calloc(nodes + 1, sizeof *names);
    u32 *by_name = calloc(nodes + 1, sizeof(u32)), named_count = 0, name_count = 0;
    for (u32 n = 0; n < nodes; n++)
        if (node[n].name && node[n].kind != PT_KIND_IMPL)
            named[named_count++] = (model_name){strings.text.data + node[n].name, node[n].name, n};
    qsort(named, named_count, sizeof *named, by_model_name);
    for (u32 i = 0; i < named_count; i++) {
        if (!i || named[i].name != named[i - 1].name)
            names[name_count++] = (pt_graph_name){named[i].name, i, 0, pt_graph_letters(named[i].text)};
        names[name_count - 1].count++;
        by_name[i] = named[i].node;
    }
#define PART(name, type, data, count) \
    { PT_SECTION_##name, sizeof(type), data, count }
    const pt_block_part parts[] = {PART(info, pt_graph_info, &info, 1),
                                   PART(nodes, pt_graph_node, node, nodes),
                                   PART(positions, pt_graph_position, position, nodes),
                                   PART(out_offsets, u32, offsets[PT_OUT], nodes + 1),
                                   PART(out, pt_word, word[PT_OUT], word_count[PT_OUT]),
                                   PART(candidate_out_offsets, u32, offsets[PT_CANDIDATE_OUT], nodes + 1),
                                   PART(candidate_out, pt_word, word[PT_CANDIDATE_OUT], word_count[PT_CANDIDATE_OUT]),
                                   PART(site_offsets, u32, site_offsets[0], word_count[PT_OUT] + 1),
                                   PART(candidate_site_offsets, u32, site_offsets[1], word_count[PT_CANDIDATE_OUT] + 1),
                                   PART(sites, pt_graph_site, sites, site),
                                   PART(in_offsets, u32, offsets[PT_IN], nodes + 1),
                                   PART(in, pt_word, word[PT_IN], word_count[PT_IN]),
                                   PART(candidate_in_offsets, u32, offsets[PT_CANDIDATE_IN], nodes + 1),
                                   PART(candidate_in, pt_word, word[PT_CANDIDATE_IN], word_count[PT_CANDIDATE_IN]),
                                   PART(anchors, pt_graph_anchor, anchor, anchors),
                                   PART(files, pt_graph_file, file, files),
                                   PART(names, pt_graph_name, names, name_count),
                                   PART(by_name, u32, by_name, named_count),
                                   PART(unresolved, pt_graph_unresolved, open, m->open_count),
                                   PART(errors, pt_graph_error, errors, m->error_count),
                                   PART(problems, u32, problems, m->problem_count),
                                   PART(features, u32, features, m->feature_count),
                                   PART(strings, char, strings.text.data, strings.text.count),
                                   PART(walk_flags, u8, walk_flags, nodes)};
#undef PART
    void *image;
    u64 size;
    pt_error error = {0};
    pt_graph *g = NULL;
    /* walk flags may be left out */
    int code = pt_block_make(&image, &size, PT_BLOCK_IMAGE, parts, PT_COUNT_OF(parts) - (generation % 4 == 3), &error);
    if (!code) code = pt_graph_open(&g, image, size, true, true, &error);
    MODEL_NEED(!code, "%s", error.message);
    free(node), free(position), free(walk_flags), free(file), free(anchor), free(open), free(sites), free(out),
        free(in);
    for (u32 d = 0; d < 4; d++) {
        free(offsets[d]), free(word[d]);
        if (d < 2) free(site_offsets[d]);
    }
    free(named), free(names), free(by_name);
    pt_buffer_free(&strings.text);
    return g;
}

/* Telling graphs apart. */

/* What a graph says, a line each, ids replaced by identities. Either the lines are kept, or only their sum is: lines in
 * another order have the same. */
typedef struct graph_lines {
    bool keep;
    bool any; /* lawful, but no pass over sources makes it: an edge may be there twice, by two codes */
    u64 sum;
    u32 begun;
    pt_buffer text; /* the line in the making; all of them when they are kept, with zeros between */
    PT_VEC(u32) starts;
} graph_lines;

static inline void end_line(graph_lines *l) {
    l->sum += pt_hash_bytes(l->text.data + l->begun, l->text.count - l->begun);
    if (l->keep) {
        pt_buffer_char(&l->text, 0);
        pt_vec_push(&l->starts, l->begun);
        l->begun = l->text.count;
    } else {
        pt_buffer_clear(&l->text);
    }
}
static inline void say_number(graph_lines *l, u64 number) {
    char digits[24], *at = digits + sizeof digits;
    *--at = ' ';
    do *--at = (char)('0' + number % 10);
    while (number /= 10);
    pt_buffer_add(&l->text, at, (size_t)(digits + sizeof digits - at));
}
static inline void say_text(graph_lines *l, const pt_graph *g, u32 string) {
    pt_buffer_char(&l->text, '"');
    pt_buffer_text(&l->text, pt_graph_string(g, string));
    pt_buffer_text(&l->text, "\" ");
}
static inline void say_node(graph_lines *l, const pt_graph *g, u32 node) {
    say_number(l, node == PT_NONE ? 0 : pt_node_at(g, node)->hash.high);
}
static inline void say_place(graph_lines *l, const pt_graph *g, u32 anchor, u32 line, u32 column) {
    const pt_graph_anchor *a = pt_anchor_at(g, anchor);
    say_node(l, g, a->node);
    pt_buffer_text(&l->text, pt_graph_file_path(g, a->file));
    pt_buffer_char(&l->text, ':');
    say_number(l, a->line + line);
    say_number(l, column);
}

typedef struct name_visit {
    const pt_graph *graph;
    graph_lines *lines;
    pt_node_list nodes;
} name_visit;
static inline int by_number(const void *a, const void *b) {
    u64 x = *(const u64 *)a, y = *(const u64 *)b;
    return x < y ? -1 : x > y;
}
/* Which nodes bear it; those of nobody are left out. */
static inline bool say_name(void *payload, u32 name, u32 letters) {
    name_visit *v = payload;
    const char *text = pt_graph_string(v->graph, name);
    v->nodes.count = 0;
    MODEL_NEED(letters == pt_graph_letters(text), "%s", text);
    pt_graph_named(v->graph, text, &v->nodes);
    if (!v->nodes.count) return true;
    u64 *who = calloc(v->nodes.count, sizeof *who);
    for (u32 i = 0; i < v->nodes.count; i++) {
        MODEL_NEED(!i || v->nodes.data[i - 1] < v->nodes.data[i], "%s: ids do not ascend", text);
        who[i] = pt_node_at(v->graph, v->nodes.data[i])->hash.high;
    }
    qsort(who, v->nodes.count, sizeof *who, by_number);
    pt_buffer_text(&v->lines->text, "name ");
    pt_buffer_text(&v->lines->text, text);
    pt_buffer_char(&v->lines->text, ' ');
    for (u32 i = 0; i < v->nodes.count; i++) say_number(v->lines, who[i]);
    free(who);
    end_line(v->lines);
    return true;
}

static inline void say_open(graph_lines *l, const pt_graph *g) {
    pt_unresolved_list all = {0}, some = {0}, any = {0};
    pt_graph_open_sites(g, NULL, &all);
    pt_graph_open_sites_unsorted(g, NULL, &any);
    MODEL_NEED(all.count == any.count, "%u of %u open sites", any.count, all.count);
    for (u32 i = 0; i < all.count; i++) {
        const pt_graph_unresolved *x = &all.data[i];
        MODEL_NEED(pt_node_alive(g, x->from), "an open site of a removed node");
        pt_buffer_text(&l->text, "open ");
        say_number(l, i);
        say_text(l, g, x->name);
        say_node(l, g, x->from);
        pt_buffer_text(&l->text, pt_graph_file_path(g, pt_anchor_at(g, x->anchor)->file));
        say_number(l, pt_anchor_at(g, x->anchor)->line + x->line);
        say_number(l, x->column);
        say_number(l, x->reason);
        end_line(l);
    }
    for (u32 i = 0, end; i < all.count; i = end) { /* those of one name are the run of them */
        some.count = 0;
        for (end = i + 1; end < all.count && pt_same_text(g, all.data[i].name, all.data[end].name);) end++;
        pt_graph_open_sites(g, pt_graph_string(g, all.data[i].name), &some);
        MODEL_NEED(some.count == end - i, "%u open sites of a name that has %u", some.count, end - i);
        for (u32 k = i; k < end; k++)
            MODEL_NEED(all.data[k].line + pt_anchor_at(g, all.data[k].anchor)->line ==
                               some.data[k - i].line + pt_anchor_at(g, some.data[k - i].anchor)->line &&
                           all.data[k].column == some.data[k - i].column && all.data[k].from == some.data[k - i].from,
                       "another order of the open sites of one name");
    }
    pt_vec_free(&all);
    pt_vec_free(&some);
    pt_vec_free(&any);
}

static inline void say_edges(graph_lines *l, const pt_graph *g, u32 n) {
    for (u32 pass = 0; pass < 2; pass++) {
        pt_row row = pt_graph_row(g, n, pass);
        u32 calls = 0, listed = 0, at = 0, found;
        for (pt_run run = pt_graph_list(g, n, pass ? PT_CANDIDATE_OUT : PT_OUT); pt_run_next(&run);)
            for (u32 i = 0; i < run.count; i++)
                MODEL_NEED(at < row.count && run.words[i] == row.words[at++], "the list is not the row");
        MODEL_NEED(at == row.count && pt_graph_degree(g, n, pass ? PT_CANDIDATE_OUT : PT_OUT) == at, "degree");
        for (pt_run run = pt_graph_kind(g, n, pass ? PT_CANDIDATE_OUT : PT_OUT, PT_EDGE_CALLS); pt_run_next(&run);)
            for (u32 i = 0; i < run.count; i++, listed++)
                MODEL_NEED(pt_word_kind(run.words[i]) == PT_EDGE_CALLS, "kind");
        for (u32 i = 0; i < row.count; i++) {
            pt_word w = row.words[i];
            calls += pt_word_kind(w) == PT_EDGE_CALLS;
            const pt_graph_site *s = pt_graph_sites(g, n, pt_word_kind(w), pt_word_node(w), pass, &found);
            MODEL_NEED(l->any || (s == row.sites + row.site_offsets[i] &&
                                  found == row.site_offsets[i + 1] - row.site_offsets[i]),
                       "sites of an edge");
            pt_buffer_text(&l->text, pass ? "candidate " : "edge ");
            say_node(l, g, n);
            say_node(l, g, pt_word_node(w));
            say_number(l, pt_word_code(w));
            say_number(l, pt_word_inferred(w));
            for (u32 k = 0; k < found; k++) {
                say_place(l, g, s[k].anchor, s[k].line, s[k].column);
                say_number(l, s[k].via);
                say_number(l, s[k].rule);
                say_number(l, s[k].confidence);
                say_number(l, s[k].settled);
                say_text(l, g, s[k].cfg);
            }
            end_line(l);
        }
        MODEL_NEED(calls == listed, "%u calls, %u listed", calls, listed);
    }
}

static inline void say_graph(graph_lines *l, const pt_graph *g) {
    for (u32 n = 0; n < g->node_count; n++) {
        const pt_graph_node *x = pt_node_at(g, n);
        const pt_graph_position *p = pt_position_at(g, n);
        if (x->kind == PT_KIND_DEAD) continue;
        pt_buffer_text(&l->text, "node ");
        say_number(l, x->hash.high);
        say_number(l, x->hash.low);
        say_number(l, x->interface_hash);
        say_text(l, g, x->name);
        say_text(l, g, x->path);
        say_text(l, g, x->signature);
        say_text(l, g, x->doc);
        say_text(l, g, x->cfg);
        say_node(l, g, x->parent);
        pt_buffer_text(&l->text, x->file == PT_NONE ? "no file " : pt_graph_file_path(g, x->file));
        say_number(l, x->flags);
        say_number(l, x->kind);
        say_number(l, x->visibility);
        say_number(l, p->line);
        say_number(l, p->end_line);
        say_number(l, p->column);
        end_line(l);
        MODEL_NEED(pt_walk_flags_at(g, n) == pt_walk_flags_of(x), "walk flags");
        say_edges(l, g, n);
    }
    for (u32 f = 0; f < g->file_count; f++) {
        const pt_graph_file *x = pt_file_at(g, f);
        if (!x->path) continue;
        pt_buffer_text(&l->text, "file ");
        say_text(l, g, x->path);
        say_number(l, x->lines);
        say_number(l, x->size);
        say_number(l, (u64)x->mtime_ns);
        say_number(l, x->hash.low);
        say_number(l, x->hash.high);
        say_number(l, x->edition);
        say_number(l, x->unreadable);
        say_number(l, x->errors);
        end_line(l);
    }
    name_visit v = {g, l, {0}};
    pt_graph_each_name(g, say_name, &v);
    pt_vec_free(&v.nodes);
    say_open(l, g);
    for (u32 i = 0; i < g->error_count; i++) {
        pt_buffer_text(&l->text, "error ");
        say_number(l, i);
        pt_buffer_text(&l->text, pt_graph_file_path(g, g->errors[i].file));
        say_number(l, g->errors[i].line);
        say_number(l, g->errors[i].column);
        say_text(l, g, g->errors[i].message);
        end_line(l);
    }
    for (u32 i = 0; i < g->problem_count + g->feature_count; i++) {
        pt_buffer_text(&l->text, i < g->problem_count ? "problem " : "feature ");
        say_number(l, i);
        say_text(l, g, i < g->problem_count ? g->problems[i] : g->features[i - g->problem_count]);
        end_line(l);
    }
    const pt_graph_info *i = &g->info;
    pt_buffer_text(&l->text, "info ");
    say_text(l, g, i->root);
    say_text(l, g, i->std_name);
    u64 numbers[] = {i->source_bytes, i->source_lines,   i->edges,     i->candidates, i->sites,
                     i->extractor,    i->dump,           i->bodies,    i->unread,     i->files,
                     i->local_nodes,  i->external_nodes, i->unresolved};
    for (u32 k = 0; k < PT_COUNT_OF(numbers); k++) say_number(l, numbers[k]);
    end_line(l);
}

static inline u64 graph_sum(const pt_graph *g) {
    graph_lines l = {0};
    say_graph(&l, g);
    pt_buffer_free(&l.text);
    return l.sum;
}

static inline int by_line(const void *a, const void *b, void *text) {
    return strcmp((const char *)text + *(const u32 *)a, (const char *)text + *(const u32 *)b);
}
/* Prints in what the graphs differ, at most a few lines. */
static inline void print_difference(const pt_graph *a, const pt_graph *b) {
    graph_lines x = {.keep = true}, y = {.keep = true};
    say_graph(&x, a);
    say_graph(&y, b);
    qsort_r(x.starts.data, x.starts.count, sizeof(u32), by_line, x.text.data);
    qsort_r(y.starts.data, y.starts.count, sizeof(u32), by_line, y.text.data);
    for (u32 i = 0, k = 0, told = 0; told < 12 && (i < x.starts.count || k < y.starts.count);) {
        const char *p = i < x.starts.count ? x.text.data + x.starts.data[i] : NULL;
        const char *q = k < y.starts.count ? y.text.data + y.starts.data[k] : NULL;
        int order = !p ? 1 : !q ? -1 : strcmp(p, q);
        if (order) told++, fprintf(stderr, "%c %s\n", order < 0 ? '-' : '+', order < 0 ? p : q);
        i += order <= 0;
        k += order >= 0;
    }
    pt_buffer_free(&x.text);
    pt_vec_free(&x.starts);
    pt_buffer_free(&y.text);
    pt_vec_free(&y.starts);
}

/* A batch as a log keeps it. */
typedef struct model_batch {
    void *block;
    u64 size;
    pt_delta delta;
    u64 changed;
} model_batch;

/* A batch by hand: follows `g`, changes nothing yet. */
static inline pt_delta_builder batch_after(const pt_graph *g) {
    pt_delta_builder b = {0};
    b.head = (pt_delta_info){.info = g->info,
                             .previous_generation = g->info.generation,
                             .string_base = g->string_count,
                             .previous_nodes = g->node_count,
                             .previous_anchors = g->anchor_count,
                             .previous_files = g->file_count,
                             .node_count = g->node_count,
                             .anchor_count = g->anchor_count,
                             .file_count = g->file_count};
    b.head.info.generation++;
    return b;
}
static inline void pack_batch(model_batch *out, pt_delta_builder *b) {
    pt_block_part parts[PT_DELTA_SECTION_COUNT];
    pt_error error = {0};
    pt_delta_parts(parts, b);
    int code = pt_block_make(&out->block, &out->size, PT_BLOCK_DELTA, parts, PT_DELTA_SECTION_COUNT - 1, &error);
    if (!code) code = pt_delta_open(&out->delta, out->block, out->size, true, &error);
    MODEL_NEED(!code, "%s", error.message);
    pt_delta_builder_free(b);
}
static inline model_batch batch_between(const pt_graph *before, const pt_graph *after, u64 generation) {
    model_batch batch = {0};
    pt_delta_builder b;
    pt_error error = {0};
    int code = pt_delta_between(&b, &batch.changed, before, after, generation, &error);
    MODEL_NEED(!code, "%s", error.message);
    pack_batch(&batch, &b);
    return batch;
}
static inline void free_batch(model_batch *b) { pt_free(b->block), b->block = NULL; }

#endif
