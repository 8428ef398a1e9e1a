#include "graph/paths.h"

#include <stdio.h>

static void type_path(pt_world *w, pt_buffer *out, u32 def, const pt_file *f, u32 type, u32 depth) {
    const pt_node *nodes = f->facts.nodes;
    const pt_node *n = &nodes[type];
    if (depth > 12) return;
    switch (n->kind) {
    case PT_N_TYPE_REF:
    case PT_N_TYPE_PTR:
        pt_buffer_text(out, n->kind == PT_N_TYPE_REF ? (n->op ? "&mut " : "&") : n->op ? "*mut " : "*const ");
        if (n->child) type_path(w, out, def, f, n->child, depth + 1);
        return;
    case PT_N_TYPE_SLICE:
    case PT_N_TYPE_ARRAY:
        pt_buffer_char(out, '[');
        if (n->child) type_path(w, out, def, f, n->child, depth + 1);
        pt_buffer_text(out, n->kind == PT_N_TYPE_ARRAY ? "; _]" : "]");
        return;
    case PT_N_TYPE_TUPLE: {
        pt_buffer_char(out, '(');
        for (u32 c = n->child; c; c = nodes[c].next) {
            if (c != n->child) pt_buffer_text(out, ", ");
            type_path(w, out, def, f, c, depth + 1);
        }
        pt_buffer_char(out, ')');
        return;
    }
    case PT_N_TYPE_FN: pt_buffer_text(out, "fn"); return;
    case PT_N_TYPE_NEVER: pt_buffer_char(out, '!'); return;
    case PT_N_TYPE_DYN: pt_buffer_text(out, "dyn "); /* fall through */
    default: {
        bool blanket = false;
        u32 head = pt_type_head(w, def, f, type, 0, &blanket);
        if (head != PT_NO_DEF) {
            pt_def_path(w, out, head);
            return;
        }
        u32 segments[16] = {0}, path = n->kind == PT_N_TYPE_PATH ? n->child : 0;
        u32 count = path ? pt_tree_path_segments(f, path, segments, 16) : 0;
        if (!count) pt_buffer_char(out, '_');
        for (u32 i = 0; i < count; i++) {
            if (i) pt_buffer_text(out, "::");
            pt_buffer_str(out, pt_sym(w, segments[i]));
        }
    }
    }
}

void pt_impl_path(pt_world *w, pt_buffer *out, u32 def) {
    const pt_item *item = pt_def_item(w, def);
    const pt_file *f = pt_def_file(w, def);
    const pt_node *nodes = f->facts.nodes;
    u32 of_trait = 0, type = 0;
    for (u32 c = item->tree ? nodes[item->tree].child : 0; c; c = nodes[c].next) {
        if (nodes[c].kind == PT_N_IMPL_TRAIT) of_trait = nodes[c].child;
        else if (pt_kind_is_type(nodes[c].kind)) type = c;
    }
    if (of_trait) pt_buffer_char(out, '<');
    u32 impl = type && nodes[type].kind == PT_N_MACRO_CALL ? pt_impl_of(w, def) : PT_NONE; /* what the macro names */
    if (impl != PT_NONE && w->impls.data[impl].head != PT_NO_DEF) pt_def_path(w, out, w->impls.data[impl].head);
    else if (type) type_path(w, out, def, f, type, 0);
    else pt_buffer_char(out, '_');
    if (!of_trait) return;
    pt_buffer_text(out, " as ");
    u32 segments[16] = {0}, count = pt_tree_path_segments(f, of_trait, segments, 16);
    pt_path_result p = {0};
    pt_resolve_path(w, &p, w->defs.data[def].parent, segments, count, nodes[of_trait].op, PT_NS_TYPE);
    if (p.def != PT_NO_DEF && p.resolved == count) pt_def_path(w, out, p.def);
    else
        for (u32 i = 0; i < count; i++) {
            if (i) pt_buffer_text(out, "::");
            pt_buffer_str(out, pt_sym(w, segments[i]));
        }
    pt_buffer_char(out, '>');
}

void pt_def_path(pt_world *w, pt_buffer *out, u32 def) {
    if (pt_def_is_external_path(def)) {
        pt_buffer_str(out, pt_external_path(w, def));
        return;
    }
    u32 chain[128], depth = 0;
    for (u32 d = def; d != PT_NO_DEF && depth < PT_COUNT_OF(chain); d = w->defs.data[d].parent) {
        if (!pt_kind_is_node(w->defs.data[d].kind)) continue;
        chain[depth++] = d;
        if (w->defs.data[d].kind == PT_KIND_IMPL) break;
    }
    bool first = true;
    while (depth) {
        u32 d = chain[--depth];
        if (!first) pt_buffer_text(out, "::");
        first = false;
        u8 kind = w->defs.data[d].kind;
        if (kind == PT_KIND_IMPL) pt_impl_path(w, out, d);
        else if (kind == PT_KIND_CRATE) pt_buffer_str(out, pt_sym(w, w->crates.data[w->defs.data[d].crate].label));
        else pt_buffer_str(out, pt_sym(w, w->defs.data[d].name));
    }
}

pt_hash128 pt_def_hash(pt_world *w, u32 def) {
    if (pt_def_is_external_path(def)) {
        pt_str path = pt_external_path(w, def);
        return pt_hash128_bytes(path.data, path.length);
    }
    const pt_def *d = &w->defs.data[def];
    if (d->kind == PT_KIND_CRATE) return w->crates.data[d->crate].hash;
    u32 parent = d->parent;
    while (!pt_kind_is_node(w->defs.data[parent].kind)) parent = w->defs.data[parent].parent;
    return pt_def_hash_below(w, def, pt_def_hash(w, parent), 0);
}

pt_hash128 pt_def_hash_below(pt_world *w, u32 def, pt_hash128 up, u32 ordinal) {
    const pt_def *d = &w->defs.data[def];
    const pt_item *item = pt_def_item(w, def);
    const pt_facts *f = &pt_def_file(w, def)->facts;
    char key[4096]; /* longer keys are cut by hashing their parts */
    u32 n = 0;
    pt_str parts[3] = {pt_sym(w, d->name),
                       d->kind == PT_KIND_IMPL ? pt_facts_string(f, item->signature) : (pt_str){"", 0},
                       pt_facts_string(f, item->cfg)};
    memcpy(key, &up, sizeof up);
    n = sizeof up;
    key[n++] = (char)d->kind;
    for (u32 i = 0; i < 3; i++) {
        if (parts[i].length > 1200) {
            pt_hash128 part = pt_hash128_bytes(parts[i].data, parts[i].length);
            memcpy(key + n, &part, sizeof part);
            n += sizeof part;
        } else if (parts[i].length) {
            memcpy(key + n, parts[i].data, parts[i].length);
            n += parts[i].length;
        }
        key[n++] = 0;
    }
    if (ordinal) memcpy(key + n, &ordinal, sizeof ordinal), n += sizeof ordinal;
    return pt_hash128_bytes(key, n);
}
