#include "graph/records.h"

#include "facts/cfg.h"
#include "graph/paths.h"

bool pt_records_begin(pt_records *b, pt_world *w) {
    *b = (pt_records){.w = w, .defs = w->defs.count, .symbols = pt_interner_count(w->names)};
    b->symbol_of = pt_malloc(((size_t)b->symbols + 1) * sizeof(u32));
    b->cfg_of = pt_malloc(((size_t)b->defs + 1) * sizeof(u32));
    if (!b->symbol_of || !b->cfg_of) return false;
    memset(b->symbol_of, 0xff, ((size_t)b->symbols + 1) * sizeof(u32));
    memset(b->cfg_of, 0xff, ((size_t)b->defs + 1) * sizeof(u32));
    pt_buffer_char(&b->strings.text, 0);
    return !pt_alloc_failed();
}

void pt_records_begin_few(pt_records *b, pt_world *w) {
    *b = (pt_records){.w = w};
    pt_buffer_char(&b->strings.text, 0);
}

void pt_records_end(pt_records *b) {
    pt_free(b->symbol_of);
    pt_free(b->cfg_of);
    pt_buffer_free(&b->strings.text);
    pt_vec_free(&b->strings.table);
    pt_buffer_free(&b->scratch);
}

static u32 string(pt_records *b, pt_str text) { return pt_string_add(&b->strings, text); }
static u32 clean_string(pt_records *b, pt_str text) { return pt_string_add_clean(&b->strings, text); }

u32 pt_records_symbol(pt_records *b, u32 symbol) {
    if (symbol >= b->symbols) return clean_string(b, pt_sym(b->w, symbol));
    if (b->symbol_of[symbol] == PT_NONE) b->symbol_of[symbol] = clean_string(b, pt_sym(b->w, symbol));
    return b->symbol_of[symbol];
}

/* Two predicates that both hold. */
u32 pt_records_both(pt_records *b, u32 one, u32 other) {
    if (!one || !other || one == other) return one ? one : other;
    pt_buffer both = {0}, left = {0}, right = {0}; /* copies: the strings may move */
    pt_buffer_text(&left, b->strings.text.data + one);
    pt_buffer_text(&right, b->strings.text.data + other);
    pt_cfg_and(&both, pt_buffer_view(&left), pt_buffer_view(&right));
    u32 result = string(b, pt_buffer_view(&both));
    pt_buffer_free(&both);
    pt_buffer_free(&left);
    pt_buffer_free(&right);
    return result;
}

/* The predicate of a definition and all around it, as pt_def_cfg says it. */
u32 pt_records_cfg(pt_records *b, u32 def) {
    const pt_world *w = b->w;
    bool kept = b->cfg_of && def < b->defs;
    if (kept && b->cfg_of[def] != PT_NONE) return b->cfg_of[def];
    const pt_def *d = &w->defs.data[def];
    const pt_item *item = pt_def_item(w, def);
    u32 around = pt_around(w, def), cfg = around != PT_NO_DEF && d->instance != PT_NONE ? pt_records_cfg(b, around) : 0;
    if (item && d->instance != PT_NONE) {
        const pt_facts *f = &pt_def_file(w, def)->facts;
        if (item->parent == PT_NONE && f->header->cfg)
            cfg = pt_records_both(b, cfg, clean_string(b, pt_facts_string(f, f->header->cfg)));
        if (item->cfg) cfg = pt_records_both(b, cfg, clean_string(b, pt_facts_string(f, item->cfg)));
    }
    if (kept) b->cfg_of[def] = cfg;
    return cfg;
}

/* pub as far as its crate's root: part of the crate's API. */
static bool is_public(const pt_world *w, u32 def) {
    for (u32 d = def; d != PT_NO_DEF; d = w->defs.data[d].parent) {
        const pt_item *item = pt_def_item(w, d);
        if (!item) return true;
        u8 kind = w->defs.data[d].kind, up = w->defs.data[w->defs.data[d].parent].kind;
        if (kind == PT_KIND_BLOCK || up == PT_KIND_BLOCK) return false;
        if (kind == PT_KIND_IMPL || kind == PT_KIND_VARIANT || up == PT_KIND_TRAIT || up == PT_KIND_ENUM) continue;
        if (kind == PT_KIND_FIELD && up == PT_KIND_VARIANT) continue;
        if (item->visibility != PT_VIS_PUB) return false;
    }
    return true;
}

static bool of_trait_impl(const pt_world *w, u32 def) {
    const pt_item *item = pt_def_item(w, def);
    if (!item || w->defs.data[def].kind != PT_KIND_IMPL || !item->tree) return false;
    const pt_node *nodes = pt_def_file(w, def)->facts.nodes;
    for (u32 c = nodes[item->tree].child; c; c = nodes[c].next)
        if (nodes[c].kind == PT_N_IMPL_TRAIT) return true;
    return false;
}

static u16 flags_of(const pt_world *w, u32 def, const pt_item *item) {
    u32 flags = 0;
    const pt_def *d = &w->defs.data[def];
    if (d->flags & PT_DEF_EXTERNAL) flags |= PT_NODE_EXTERNAL;
    if (d->flags & PT_DEF_TEST) flags |= PT_NODE_TEST;
    if (d->flags & PT_DEF_EXPANDED) flags |= PT_NODE_EXPANDED;
    if (!item) return (u16)(flags | PT_NODE_PUBLIC);
    bool callable = item->kind == PT_KIND_FN || item->kind == PT_KIND_METHOD;
    if (callable && (item->flags & PT_F_HAS_SELF)) flags |= PT_NODE_HAS_SELF;
    if (callable && (item->flags & PT_F_ASYNC)) flags |= PT_NODE_ASYNC;
    if (callable && (item->flags & PT_F_CONST)) flags |= PT_NODE_CONST;
    if (item->flags & PT_F_UNSAFE && (callable || item->kind == PT_KIND_TRAIT || item->kind == PT_KIND_IMPL))
        flags |= PT_NODE_UNSAFE;
    if (item->attributes & PT_ATTR_DEPRECATED) flags |= PT_NODE_DEPRECATED;
    if (item->attributes & PT_ATTR_MUST_USE) flags |= PT_NODE_MUST_USE;
    if (item->attributes & (PT_ATTR_FFI_EXPORT | PT_ATTR_PROC_MACRO | PT_ATTR_ENTRY)) flags |= PT_NODE_FFI;
    if (item->attributes & PT_ATTR_ALLOW_DEAD) flags |= PT_NODE_ALLOW_DEAD;
    if (item->attributes & PT_ATTR_MACRO_EXPORT) flags |= PT_NODE_EXPORTED;
    if (of_trait_impl(w, def) || (w->defs.data[d->parent].kind == PT_KIND_IMPL && of_trait_impl(w, d->parent)))
        flags |= PT_NODE_TRAIT_IMPL;
    if (is_public(w, def)) flags |= PT_NODE_PUBLIC;
    return (u16)flags;
}

void pt_records_node(pt_records *b, pt_record *out, u32 def, bool is_local) {
    pt_world *w = b->w;
    *out = (pt_record){.parent = PT_NO_DEF, .file = PT_NONE};
    pt_graph_node n = {.parent = PT_NONE, .file = PT_NONE};
    pt_graph_position p = {0};
    pt_buffer_clear(&b->scratch);
    if (!is_local) {
        pt_def_path(w, &b->scratch, def);
        n.path = clean_string(b, pt_buffer_view(&b->scratch));
        n.kind = pt_def_kind(w, def);
        n.flags = PT_NODE_EXTERNAL | PT_NODE_PUBLIC;
        n.hash = pt_def_hash(w, def);
        n.visibility = PT_VIS_PUB;
        if (pt_def_is_external_path(def)) {
            const char *last = b->scratch.data ? b->scratch.data : ""; /* not the strings: those move */
            for (const char *at = last; (at = strstr(at, "::")); at += 2) last = at + 2;
            n.name = clean_string(b, pt_str_of(last));
        } else {
            const pt_item *item = pt_def_item(w, def);
            n.name = pt_records_symbol(b, w->defs.data[def].name);
            if (item) {
                n.signature = clean_string(b, pt_facts_string(&pt_def_file(w, def)->facts, item->signature));
                n.flags = (u16)(flags_of(w, def, item) | PT_NODE_EXTERNAL);
            }
        }
    } else {
        const pt_def *d = &w->defs.data[def];
        const pt_item *item = pt_def_item(w, def);
        const pt_facts *f = d->instance == PT_NONE ? NULL : &pt_def_file(w, def)->facts;
        n.kind = d->kind;
        n.name = pt_records_symbol(b, d->name);
        n.flags = flags_of(w, def, item);
        if (d->kind == PT_KIND_CRATE) {
            n.hash = pt_def_hash(w, def); /* the others' come from identify() */
            n.path = string(b, pt_sym(w, w->crates.data[d->crate].label));
            n.name = string(b, pt_sym(w, w->crates.data[d->crate].name));
            n.visibility = PT_VIS_PUB;
            p = (pt_graph_position){1, f && f->header ? f->header->line_count : 1, 1};
            if (d->instance != PT_NONE) out->file = pt_def_instance(w, def)->file;
        } else {
            u32 up = d->parent;
            while (!pt_kind_is_node(w->defs.data[up].kind)) up = w->defs.data[up].parent;
            out->parent = up;
            if (item->kind == PT_KIND_FN && (item->attributes & PT_ATTR_PROC_MACRO))
                n.kind = PT_KIND_MACRO; /* what it exports */
            n.visibility = item->visibility;
            n.signature = clean_string(b, pt_facts_string(f, item->signature));
            n.doc = clean_string(b, pt_facts_string(f, item->doc));
            if (d->kind == PT_KIND_IMPL) {
                pt_impl_path(w, &b->scratch, def);
                n.path = clean_string(b, pt_buffer_view(&b->scratch));
                n.name = n.path;
            }
            n.cfg = pt_records_cfg(b, def);
            p = (pt_graph_position){item->line, item->end_line, item->column};
            out->file = pt_def_instance(w, def)->file;
        }
    }
    out->node = n;
    out->position = p;
}
