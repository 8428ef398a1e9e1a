/* signatures.c: the sites of items themselves: what they contain, implement, accept, return, bound, import. */
#include "resolve/bodies.h"
#include "resolve/questions.h"

static pt_view view_of(const pt_world *w, u32 def) {
    const pt_file *f = pt_def_file(w, def);
    return (pt_view){f->facts.nodes, f->symbols, NULL, f, NULL};
}

/* The nearest definition that is a node: itself or what encloses it. */
static u32 node_of(const pt_world *w, u32 def) {
    while (def != PT_NO_DEF && !pt_kind_is_node(w->defs.data[def].kind)) def = w->defs.data[def].parent;
    return def;
}

void pt_param_locals(body *b, u32 def, const pt_signature *s) {
    u32 params = pt_item_tree_child(b->r->w, def, PT_N_PARAMS), i = 0;
    if (!params) return;
    body facts = *b;
    facts.v = view_of(b->r->w, def);
    for (u32 p = facts.v.nodes[params].child; p; p = facts.v.nodes[p].next, i++) {
        pt_ty ty = i < s->count ? b->r->signature_types.data[s->params + i] : 0;
        if (facts.v.nodes[p].kind == PT_N_SELF_PARAM) pt_push_local(b, b->r->w->known.self_lower, 0, ty);
        else if (facts.v.nodes[p].kind == PT_N_PARAM && facts.v.nodes[p].child &&
                 pt_kind_is_pattern(facts.v.nodes[facts.v.nodes[p].child].kind))
            pt_pattern(&facts, facts.v.nodes[p].child, ty);
    }
}

static void types_of(pt_resolver *r, const pt_view *v, u32 node, u32 owner, u8 kind) {
    for (u32 c = v->nodes[node].child; c; c = v->nodes[c].next)
        if (pt_kind_is_type(v->nodes[c].kind)) pt_lower(r, v, c, owner, kind);
}

static void bounds_of(pt_resolver *r, const pt_view *v, u32 bounds, u32 owner, u8 kind) {
    for (u32 b = v->nodes[bounds].child; b; b = v->nodes[b].next)
        if (v->nodes[b].kind == PT_N_BOUND && v->nodes[b].child) pt_lower_bound(r, v, v->nodes[b].child, owner, kind);
}

static void resolve_fn(pt_resolver *r, const pt_view *v, u32 tree, u32 def) {
    for (u32 c = v->nodes[tree].child; c; c = v->nodes[c].next) {
        if (v->nodes[c].kind == PT_N_PARAMS) {
            for (u32 p = v->nodes[c].child; p; p = v->nodes[p].next) types_of(r, v, p, def, PT_EDGE_ACCEPTS);
        } else if (v->nodes[c].kind == PT_N_RETURN) {
            types_of(r, v, c, def, PT_EDGE_RETURNS);
        }
    }
}

static u32 implemented_member(const pt_world *w, u32 impl_def, u32 name) {
    u32 impl = pt_impl_of(w, impl_def), trait = impl == PT_NONE ? PT_NO_DEF : w->impls.data[impl].trait;
    if (trait == PT_NO_DEF || pt_def_is_external_path(trait)) return PT_NO_DEF;
    for (u32 m = pt_member_find(w, trait, name); m; m = w->members.data[m].next)
        if (w->members.data[m].impl == PT_NONE) return w->members.data[m].def;
    return PT_NO_DEF;
}

static void resolve_impl(pt_resolver *r, const pt_view *v, u32 tree, u32 def) {
    u32 impl = pt_impl_of(r->w, def);
    const pt_impl *im = impl == PT_NONE ? NULL : &r->w->impls.data[impl];
    if (!im) return;
    for (u32 c = v->nodes[tree].child; c; c = v->nodes[c].next) {
        if (v->nodes[c].kind == PT_N_IMPL_TRAIT && v->nodes[c].child) {
            pt_lower_bound(r, v, v->nodes[c].child, def, PT_EDGE_USES);
            if (im->trait == PT_NO_DEF || (v->nodes[tree].flags & PT_F_NEGATIVE)) continue;
            u32 from = im->is_blanket || im->head == PT_NO_DEF ? def : im->head;
            if (im->head == PT_NO_DEF && !im->is_blanket)
                continue; /* of what, nobody knows: told as unresolved by its name */
            bool external = pt_def_is_external_path(im->trait) || (from != def && pt_def_is_external_path(from) &&
                                                                   pt_def_kind(r->w, from) != PT_KIND_PRIMITIVE);
            pt_emit_from(r, from, im->trait, PT_EDGE_IMPLEMENTS, PT_VIA_IMPL, external ? PT_INFERRED : PT_EXACT,
                         v->nodes[c].token);
        } else if (pt_kind_is_type(v->nodes[c].kind)) {
            pt_lower(r, v, c, def, PT_EDGE_USES);
        }
    }
}

/* Where the segments before a leaf of a `use` stand, through its nested lists. Returns their number. */
static u32 use_positions(const pt_resolver *r, const pt_item *item, u32 leaf, u32 *out, u32 limit) {
    const pt_lexemes *l = &r->lexemes;
    u32 frames[32], depth = 0, count = 0, low = 0, high = l->tokens.count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (l->tokens.data[middle].start < item->start) low = middle + 1;
        else high = middle;
    }
    while (low < l->tokens.count && l->tokens.data[low].kind != PT_K_USE && l->tokens.data[low].start < leaf) low++;
    for (u32 i = low + 1; i < l->tokens.count && l->tokens.data[i].start < leaf; i++) {
        u8 kind = l->tokens.data[i].kind;
        if (kind == PT_T_OPEN_BRACE) {
            if (depth == PT_COUNT_OF(frames)) return 0;
            frames[depth++] = count;
        } else if (kind == PT_T_CLOSE_BRACE) {
            if (depth) count = frames[--depth];
        } else if (kind == PT_T_COMMA) {
            count = depth ? frames[depth - 1] : 0;
        } else if (kind == PT_K_AS) {
            i++; /* the new name is no segment */
        } else if (kind != PT_T_COLON_COLON && kind != PT_T_STAR && kind != PT_T_DOLLAR && count < limit) {
            out[count++] = l->tokens.data[i].start;
        }
    }
    return count;
}

static void resolve_use(pt_resolver *r, u32 def) {
    pt_world *w = r->w;
    const pt_item *item = pt_def_item(w, def);
    const pt_file *file = pt_def_file(w, def);
    u32 scope = pt_scope_of(w, w->defs.data[def].parent), crate = w->defs.data[def].crate;
    u8 kind = item->visibility == PT_VIS_PRIVATE ? (u8)PT_EDGE_USES : (u8)PT_EDGE_REEXPORTS;
    for (u32 u = item->first_use; u < item->first_use + item->use_count; u++) {
        const pt_use *use = &file->facts.uses[u];
        u32 segments[64] = {0}, count = PT_MIN(use->segment_count, 64u), from = scope;
        for (u32 i = 0; i < count; i++) segments[i] = file->symbols[file->facts.segments[use->first_segment + i]];
        bool relative = count && (segments[0] == w->known.self_lower || segments[0] == w->known.super);
        if (w->crates.data[crate].edition < 2018 && !relative) from = w->crates.data[crate].root;
        u32 seen[PT_NS_COUNT] = {PT_NO_DEF, PT_NO_DEF, PT_NO_DEF};
        bool found = false, unknown = false;
        u32 places[64], placed = use_positions(r, item, use->offset, places, PT_COUNT_OF(places));
        for (u32 ns = 0; ns < PT_NS_COUNT; ns++) {
            if ((use->is_glob || use->only_type) && ns != PT_NS_TYPE) continue;
            pt_path_result p = {0};
            /* an import of its own first segment must not find itself */
            pt_resolve_path(w, &p, from, segments, count, use->is_global && !relative, ns);
            unknown = unknown || p.unknown;
            if (p.def == PT_NO_DEF || p.resolved < count || !count) continue;
            if (!found)
                for (u32 i = 0; i + 1 < p.resolved && i < PT_COUNT_OF(p.prefix); i++) {
                    u32 s = segments[i];
                    if (s == w->known.self_lower || s == w->known.super || s == w->known.crate) continue;
                    pt_emit(r, p.prefix[i], PT_EDGE_USES, PT_VIA_NONE,
                            pt_def_is_external_path(p.prefix[i]) ? PT_INFERRED : PT_EXACT,
                            i < placed ? places[i] : use->offset);
                }
            found = true;
            if (p.def == seen[0] || p.def == seen[1]) continue;
            seen[ns] = p.def;
            bool external = pt_def_is_external_path(p.def) && pt_def_kind(w, p.def) != PT_KIND_PRIMITIVE;
            pt_emit_binding(r, p.binding, p.def, kind, PT_VIA_NONE, external ? PT_INFERRED : PT_EXACT, use->offset);
            if (external) break;
        }
        if (!found && count)
            pt_emit_open(r, segments[count - 1], unknown ? PT_REASON_DEPENDENCY : PT_REASON_NO_SUCH_NAME, use->offset);
    }
}

static void resolve_macro_call(pt_resolver *r, u32 def) {
    pt_world *w = r->w;
    u32 instance = pt_expansion_of(w, def), target = PT_NO_DEF;
    for (u32 low = 0, high = w->call_targets.count / 2; low < high;) { /* sorted by resolve.c */
        u32 middle = (low + high) / 2;
        if (w->call_targets.data[middle * 2] < def) low = middle + 1;
        else if (w->call_targets.data[middle * 2] > def) high = middle;
        else {
            target = w->call_targets.data[middle * 2 + 1];
            break;
        }
    }
    const pt_item *item = pt_def_item(w, def);
    if (target != PT_NO_DEF) {
        pt_external_evidence(w, target, PT_KIND_MACRO);
        pt_emit(r, target, PT_EDGE_EXPANDS, PT_VIA_MACRO, pt_def_is_external_path(target) ? PT_INFERRED : PT_EXACT,
                item->start);
    }
    bool builtin = target != PT_NO_DEF && pt_def_is_std(w, target);
    if (instance == PT_NONE && !builtin) pt_emit_open(r, w->defs.data[def].name, PT_REASON_UNKNOWN_MACRO, item->start);
}

void pt_resolve_item(pt_resolver *r, u32 def) {
    pt_world *w = r->w;
    const pt_item *item = pt_def_item(w, def);
    const pt_def d = w->defs.data[def];
    pt_view v = view_of(w, def);
    u32 tree = item->tree, parent = node_of(w, d.parent);
    r->item = def;
    r->from = node_of(w, def);
    r->scope = d.parent;
    r->cfg = 0;
    r->via_macro = w->instances.data[d.instance].is_guess ? 2 : 0;
    r->depth = 0;
    r->types.steps = PT_MAX_STEPS - PT_MAX_STEPS_KEPT;
    r->progress++; /* what was stuck in another item says nothing here */
    r->self_type = 0;
    r->own_asked = PT_NONE;
    if (pt_kind_is_node(d.kind) && parent != PT_NO_DEF)
        pt_emit_from(r, parent, def, PT_EDGE_CONTAINS, PT_VIA_NONE, PT_EXACT, item->start);
    switch (d.kind) {
    case PT_KIND_USE: resolve_use(r, def); return;
    case PT_KIND_MACRO_CALL:
        if (!item->extra) resolve_macro_call(r, def); /* one in a body is told there */
        return;
    case PT_KIND_EXTERN_CRATE: {
        u32 b = pt_scope_lookup(w, pt_scope_of(w, d.parent), item->extra ? v.file->symbols[item->extra] : d.name,
                                PT_NS_TYPE);
        if (b)
            pt_emit(r, w->bindings.data[b].def,
                    item->visibility == PT_VIS_PRIVATE ? (u8)PT_EDGE_USES : (u8)PT_EDGE_REEXPORTS, PT_VIA_NONE,
                    pt_def_is_external_path(w->bindings.data[b].def) ? PT_INFERRED : PT_EXACT, item->start);
        return;
    }
    case PT_KIND_BLOCK:
    case PT_KIND_MACRO:
    case PT_KIND_MODULE: return;
    default: break;
    }
    r->scope = def;
    for (u32 k = 0; k < item->derive_count; k++) {
        const pt_derive *dv = &v.file->facts.derives[item->first_derive + k];
        u32 trait = PT_NO_DEF, count;
        const u32 *list = pt_impls_of_head(w, def, &count);
        for (u32 i = 0; i < count; i++)
            if (w->impls.data[list[i]].is_derive && w->impls.data[list[i]].derive == item->first_derive + k)
                trait = w->impls.data[list[i]].trait;
        r->cfg = dv->cfg ? v.file->symbols[dv->cfg] : 0;
        bool standard = trait != PT_NO_DEF && pt_def_is_std(w, trait);
        if (trait != PT_NO_DEF) pt_external_evidence(w, trait, PT_KIND_TRAIT);
        if (trait != PT_NO_DEF)
            pt_emit_from(r, def, trait, PT_EDGE_IMPLEMENTS, PT_VIA_DERIVE, standard ? PT_EXACT : PT_INFERRED,
                         dv->offset);
        else if (dv->segment_count)
            pt_emit_open(r, v.file->symbols[v.file->facts.segments[dv->first_segment + dv->segment_count - 1]],
                         PT_REASON_UNKNOWN_MACRO, dv->offset);
        r->cfg = 0;
    }
    if (!tree) return;
    /* a field's type is told of the type it belongs to: changing what it names changes that type */
    u8 type_kind = PT_EDGE_USES;
    if (d.kind == PT_KIND_FIELD) {
        type_kind = PT_EDGE_HAS;
        r->from = parent;
        r->scope = def;
    }
    for (u32 c = v.nodes[tree].child; c; c = v.nodes[c].next) {
        switch (v.nodes[c].kind) {
        case PT_N_GENERICS:
        case PT_N_WHERE: pt_lower_generics(r, &v, c, def); break;
        case PT_N_BOUNDS:
            bounds_of(r, &v, c, def,
                      d.kind == PT_KIND_TRAIT || d.kind == PT_KIND_TRAIT_ALIAS ? (u8)PT_EDGE_EXTENDS
                                                                               : (u8)PT_EDGE_BOUNDS);
            break;
        case PT_N_TUPLE_FIELDS:
            for (u32 f = v.nodes[c].child; f; f = v.nodes[f].next) types_of(r, &v, f, def, PT_EDGE_HAS);
            break;
        default:
            if (d.kind != PT_KIND_IMPL && pt_kind_is_type(v.nodes[c].kind)) pt_lower(r, &v, c, def, type_kind);
        }
    }
    r->types.steps = PT_MAX_STEPS - PT_MAX_STEPS_KEPT; /* its where-clauses may have taken all */
    if (d.kind == PT_KIND_FN || d.kind == PT_KIND_METHOD) resolve_fn(r, &v, tree, def);
    if (d.kind == PT_KIND_IMPL) resolve_impl(r, &v, tree, def);
    if ((d.kind == PT_KIND_METHOD || d.kind == PT_KIND_ASSOC_CONST || d.kind == PT_KIND_ASSOC_TYPE) &&
        parent != PT_NO_DEF && w->defs.data[parent].kind == PT_KIND_IMPL) {
        u32 member = implemented_member(w, parent, d.name);
        if (member != PT_NO_DEF && w->defs.data[member].kind == d.kind)
            pt_emit(r, member, PT_EDGE_OVERRIDES, PT_VIA_NONE, PT_EXACT, item->start);
    }
    if (w->asked) r->own_asked = w->asked->keys.count - w->asked->first;
    if (item->body_end > item->body_start) {
        r->from = def;
        r->scope = def;
        pt_resolve_body(r, v.file, def);
    }
}
