/* macro_sites.c: macro calls inside bodies, and the entry into a body. */
#include "facts/cfg.h"
#include "resolve/infer.h"

#include <stdio.h>

static inline const pt_node *at(const body *b, u32 node) { return &b->v.nodes[node]; }

pt_ty pt_adt_unknown(pt_resolver *r, u32 def) { return pt_type_from_def(r, def, NULL, 0); }

/* The item of a kind that starts where a node of the body does, or PT_NO_DEF. */
static u32 item_at(const body *b, u32 node, u8 kind) {
    const pt_world *w = b->r->w;
    u32 instance = b->v.expanded ? pt_expanded_instance(b->v.expanded) : b->r->instance;
    if (instance == PT_NONE || !b->v.lexemes) return PT_NO_DEF;
    const pt_instance *in = &w->instances.data[instance];
    const pt_facts *f = &w->files.data[in->file].facts;
    const pt_token *first = &b->v.lexemes->tokens.data[at(b, node)->token];
    u32 offset = first->start - (first->flags & PT_TOKEN_RAW ? 2 : 0), low = 0, high = f->header->item_count;
    while (low < high) { /* items are in the order of their starts */
        u32 middle = (low + high) / 2;
        if (f->items[middle].start < offset) low = middle + 1;
        else high = middle;
    }
    for (; low < f->header->item_count && f->items[low].start == offset; low++)
        if (f->items[low].kind == kind) return pt_item_def(in, low);
    return PT_NO_DEF;
}

u32 pt_block_scope(const body *b, u32 node, u32 fallback) {
    u32 block = item_at(b, node, PT_KIND_BLOCK);
    return block == PT_NO_DEF ? fallback : block;
}

u32 pt_noted_call(const body *b, u32 node) { return item_at(b, node, PT_KIND_MACRO_CALL); }

u32 pt_attribute_cfg(body *b, u32 first, u32 outer) {
    pt_buffer *out = &b->r->text;
    u32 result = outer;
    const pt_lexemes *l = b->v.lexemes;
    if (!l) return outer;
    for (u32 c = first; c; c = at(b, c)->next) {
        const pt_node *n = at(b, c);
        if (n->kind == PT_N_DOC) continue;
        if (n->kind != PT_N_ATTRIBUTE) break;
        if (n->end < n->token + 3 || !pt_str_equal(pt_token_text(l->text, &l->tokens.data[n->token]), PT_STR("cfg")) ||
            l->tokens.data[n->token + 1].kind != PT_T_OPEN_PAREN)
            continue;
        pt_buffer own = {0};
        pt_cfg_canonical(&own, l, n->token + 2, l->tokens.data[n->token + 1].extent);
        pt_buffer_clear(out);
        pt_cfg_and(out, result ? pt_sym(b->r->w, result) : (pt_str){"", 0}, pt_buffer_view(&own));
        pt_buffer_free(&own);
        result = pt_intern(b->r->w->names, pt_buffer_view(out));
    }
    return result;
}

/* Names become symbols once a tree is parsed. */
static void bind_names(pt_resolver *r, pt_tree *tree) {
    const pt_lexemes *l = tree->lexemes;
    for (u32 i = 1; i < tree->nodes.count; i++) {
        pt_node *n = &tree->nodes.data[i];
        if (!pt_node_is_named[n->kind] || (!n->name && n->kind == PT_N_USE_TREE)) continue;
        pt_str text = pt_token_text(l->text, &l->tokens.data[n->name]);
        if (n->kind == PT_N_E_FIELD && n->op) {
            const char *dot = memchr(text.data, '.', text.length);
            u32 first = dot ? (u32)(dot - text.data) : text.length;
            text = n->op == 1 ? (pt_str){text.data, first}
                              : (pt_str){text.data + first + 1, text.length - PT_MIN(first + 1, text.length)};
        }
        n->name = pt_intern(r->w->names, text);
    }
}

pt_tree *pt_parse_in_body(pt_resolver *r, const pt_lexemes *lexemes, u32 first, u32 end, pt_parse_as as) {
    if (r->tree_depth >= PT_COUNT_OF(r->trees)) return NULL;
    pt_tree *tree = &r->trees[r->tree_depth++];
    if (pt_parse(tree, lexemes, first, end, as, r->edition)) return NULL;
    bind_names(r, tree);
    return tree;
}

/* How the arguments are read: as expressions; not at all; as what std's own rules make of them, or else as expressions;
 * as tokens with `#name` among them, of the crates quote and syn. */
enum { MACRO_UNKNOWN, MACRO_EXPRESSIONS, MACRO_OPAQUE, MACRO_EXPANDED, MACRO_QUOTE };
typedef struct known_macro {
    const char *name;
    u8 style;
    char result; /* s String, v Vec, u unit, n never, a Arguments, b bool, 0 unknown */
} known_macro;
static const known_macro known_macros[] = {{"print", 1, 'u'},
                                           {"println", 1, 'u'},
                                           {"eprint", 1, 'u'},
                                           {"eprintln", 1, 'u'},
                                           {"format", 1, 's'},
                                           {"format_args", 1, 0},
                                           {"write", 3, 'r'},
                                           {"writeln", 3, 'r'},
                                           {"panic", 1, 'n'},
                                           {"unreachable", 1, 'n'},
                                           {"todo", 1, 'n'},
                                           {"unimplemented", 1, 'n'},
                                           {"assert", 1, 'u'},
                                           {"assert_eq", 3, 'u'},
                                           {"assert_ne", 3, 'u'},
                                           {"debug_assert", 1, 'u'},
                                           {"debug_assert_eq", 3, 'u'},
                                           {"debug_assert_ne", 3, 'u'},
                                           {"vec", 1, 'v'},
                                           {"dbg", 3, 'd'},
                                           {"matches", 3, 'b'},
                                           {"try", 3, 0},
                                           {"ready", 3, 0},
                                           {"pin", 1, 0},
                                           {"addr_of", 1, 'p'},
                                           {"addr_of_mut", 1, 'm'},
                                           {"concat", 2, 0},
                                           {"stringify", 2, 0},
                                           {"include_str", 2, 0},
                                           {"include_bytes", 2, 0},
                                           {"include", 2, 0},
                                           {"env", 2, 0},
                                           {"option_env", 2, 0},
                                           {"cfg", 2, 'b'},
                                           {"line", 2, 0},
                                           {"column", 2, 0},
                                           {"file", 2, 0},
                                           {"module_path", 2, 0},
                                           {"compile_error", 2, 'n'},
                                           {"asm", 2, 0},
                                           {"global_asm", 2, 0},
                                           {"quote", 4, 0},
                                           {"quote_spanned", 4, 0},
                                           {"parse_quote", 4, 0},
                                           {"parse_quote_spanned", 4, 0},
                                           {"thread_local", 2, 0},
                                           {"macro_rules", 2, 0},
                                           {"is_x86_feature_detected", 2, 'b'}};

static u32 lookup_macro(body *b, u32 path, u32 call, u32 *name, u32 *name_node) {
    pt_resolver *r = b->r;
    u32 names[16] = {0}, count = 0;
    for (u32 s = at(b, path)->child; s && count < 16; s = at(b, s)->next)
        if (at(b, s)->kind == PT_N_SEGMENT) names[count++] = pt_view_name(&b->v, s), *name_node = s;
    if (!count) return PT_NO_DEF;
    *name = names[count - 1];
    if (count == 1 && !at(b, path)->op)
        return pt_resolve_macro(r->w, r->scope, call == PT_NO_DEF ? r->item : call, names[0]);
    pt_path_result p = {0};
    pt_resolve_path(r->w, &p, r->scope, names, count, at(b, path)->op, PT_NS_MACRO);
    return p.resolved == count ? p.def : PT_NO_DEF;
}

enum { MAX_FORMATTED = 16 };

/* One argument of a formatting macro: by place, or by name. */
typedef struct formatted {
    u32 name; /* symbol, 0 by place */
    pt_ty ty;
} formatted;

/* What `{}` and `{:?}` of a format string show: their Display and Debug. `at_offset`: of the string. */
static void forward_formats(body *b, pt_str text, const formatted *given, u32 count, u32 offset) {
    pt_resolver *r = b->r;
    u32 next = 0;
    for (u32 i = 0; i < text.length; i++) {
        if (text.data[i] != '{') continue;
        if (i + 1 < text.length && text.data[i + 1] == '{') {
            i++;
            continue;
        }
        u32 end = i + 1, colon = 0;
        for (; end < text.length && text.data[end] != '}'; end++)
            if (text.data[end] == ':' && !colon) colon = end;
        if (end == text.length) return;
        pt_str name = {text.data + i + 1, (colon ? colon : end) - i - 1};
        char last = colon && end > colon + 1 ? text.data[end - 1] : 0;
        u32 trait = last == '?' ? r->w->lang.debug : r->w->lang.display;
        bool other = last && strchr("xXobeEp", last) && end == colon + 2; /* LowerHex and its kin */
        pt_ty ty = 0;
        if (!name.length) {
            while (next < count && given[next].name) next++;
            if (next < count) ty = given[next++].ty;
        } else if (name.data[0] >= '0' && name.data[0] <= '9') {
            u32 index = 0;
            for (u32 k = 0; k < name.length && index < MAX_FORMATTED; k++)
                index = index * 10 + (u32)(name.data[k] - '0');
            if (index < count) ty = given[index].ty;
        } else {
            u32 symbol = pt_intern(r->w->names, name);
            for (u32 k = 0; k < count; k++)
                if (given[k].name == symbol) ty = given[k].ty;
            const pt_local *local = ty ? NULL : pt_find_local(b, symbol, 0);
            if (local) ty = local->ty;
        }
        if (ty && !other) pt_forward(b, trait, "fmt", ty, 0, offset);
        i = end;
    }
}

/* Is a macro that of a dependency, or of nobody that is loaded? */
static bool of_dependency(const pt_world *w, u32 def) {
    return def == PT_NO_DEF || pt_def_is_external_path(def) || (w->defs.data[def].flags & PT_DEF_EXTERNAL);
}

/* `#name` in quote! calls ToTokens::to_tokens of a variable, in a repetition of what it yields. */
static void interpolations(body *b, u32 node, u32 def) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    const pt_lexemes *l = b->v.lexemes;
    u32 open = at(b, node)->extra, trait = PT_NO_DEF, inside = 0;
    if (def == PT_NO_DEF || pt_def_is_external_path(def) || !pt_token_is_open(l->tokens.data[open].kind)) return;
    for (u32 c = 0; c < w->crates.count && trait == PT_NO_DEF; c++) { /* syn's parse_quote! quotes, too */
        if (!pt_str_equal(pt_sym(w, w->crates.data[c].name), PT_STR("quote"))) continue;
        u32 found = pt_scope_lookup(w, w->crates.data[c].root, pt_intern(w->names, PT_STR("ToTokens")), PT_NS_TYPE);
        if (found) trait = w->bindings.data[found].def;
    }
    if (trait == PT_NO_DEF || pt_def_is_external_path(trait)) return;
    for (u32 i = open + 1; i + 1 < l->tokens.data[open].extent; i++) {
        const pt_token *t = &l->tokens.data[i], *next = &l->tokens.data[i + 1];
        if (t->kind != PT_T_POUND) continue;
        if (next->kind == PT_T_OPEN_PAREN) inside = PT_MAX(inside, next->extent);
        if (next->kind != PT_T_IDENT && next->kind != PT_K_SELF_LOWER) continue;
        u32 name = pt_intern(w->names, pt_token_text(l->text, next));
        const pt_local *local = pt_find_local(b, name, 0);
        pt_ty ty = local ? local->ty : 0;
        if (!local) { /* a constant or a unit struct */
            pt_path_result p = {0};
            pt_resolve_path(w, &p, r->scope, &name, 1, false, PT_NS_VALUE);
            u8 kind =
                p.def == PT_NO_DEF || pt_def_is_external_path(p.def) ? (u8)PT_KIND_COUNT : w->defs.data[p.def].kind;
            if (kind == PT_KIND_STRUCT) ty = pt_adt_unknown(r, p.def);
            else if (kind == PT_KIND_CONST || kind == PT_KIND_STATIC) ty = pt_item_type(r, p.def);
        }
        if (!ty) continue;
        u32 offset = b->v.expanded ? pt_expanded_offset(b->v.expanded, next->start) : next->start;
        pt_wait(b,
                (pt_pending){.kind = PT_PENDING_MEMBER,
                             .self = ty,
                             .trait = trait,
                             .name = pt_intern(w->names, PT_STR("to_tokens")),
                             .edge = PT_EDGE_CALLS,
                             .node_kind = i < inside ? PT_VIA_FOR : PT_VIA_MACRO,
                             .offset = offset},
                NULL, NULL);
    }
}

pt_ty pt_macro_site(body *b, u32 node, pt_ty expected, bool statement) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    const pt_node *n = at(b, node);
    u32 path = n->child, name = 0, name_node = 0;
    while (path && at(b, path)->kind != PT_N_PATH) path = at(b, path)->next;
    if (!path || !b->v.lexemes) return 0;
    u32 call = pt_noted_call(b, node), def = lookup_macro(b, path, call, &name, &name_node);
    if (!name_node) return 0;
    u32 offset = pt_view_offset(&b->v, name_node);
    const known_macro *known = NULL;
    pt_str text = pt_sym(w, name);
    bool of_std = def == PT_NO_DEF || pt_def_is_std(w, def);
    for (u32 i = 0; i < PT_COUNT_OF(known_macros) && !known; i++)
        if (pt_str_equal(text, pt_str_of(known_macros[i].name)) &&
            (known_macros[i].style == MACRO_QUOTE ? of_dependency(w, def) : of_std))
            known = &known_macros[i];
    if (def != PT_NO_DEF) {
        pt_external_evidence(w, def, PT_KIND_MACRO);
        pt_emit(r, def, PT_EDGE_EXPANDS, PT_VIA_MACRO, pt_def_is_external_path(def) ? PT_INFERRED : PT_EXACT, offset);
    } else if (!known && r->via_macro != 2) {
        pt_emit_open(r, name, PT_REASON_UNKNOWN_MACRO, offset);
    }
    if (known && known->style == MACRO_QUOTE) {
        interpolations(b, node, def);
        return pt_var(r, PT_VAR_ANY);
    }
    if (known && known->style == MACRO_OPAQUE)
        return known->result == 'n' ? pt_ty_make(&r->types, PT_TY_NEVER, 0, 0, NULL, 0) : 0;
    pt_ty first = 0;
    if (!known && def != PT_NO_DEF && !pt_def_is_external_path(def) && w->defs.data[def].kind == PT_KIND_MACRO &&
        pt_expand_in_body(b, node, def, call, statement, expected, &first))
        return first;
    if (known && known->style == MACRO_EXPANDED && def != PT_NO_DEF && !pt_def_is_external_path(def)) {
        u32 place = r->std_place;
        r->std_place = pt_view_offset(&b->v, node) + 1;
        bool done = pt_expand_in_body(b, node, def, PT_NO_DEF, statement, expected, &first);
        r->std_place = place;
        if (done) return first;
    }
    const pt_token *open = &b->v.lexemes->tokens.data[n->extra];
    first = 0;
    if (pt_token_is_open(open->kind)) {
        u32 depth = r->tree_depth, locals = r->locals.count;
        u8 via = r->via_macro;
        pt_tree *tree = pt_parse_in_body(r, b->v.lexemes, n->extra + 1, open->extent, PT_PARSE_EXPRESSIONS);
        if (tree) {
            body inner = *b;
            inner.v.nodes = tree->nodes.data;
            if (!via || !known) r->via_macro = known ? PT_MAX(via, (u8)1) : (u8)2;
            formatted given[MAX_FORMATTED];
            u32 count = 0, format = 0;
            for (u32 c = tree->nodes.data[1].child; c; c = tree->nodes.data[c].next) {
                const pt_node *x = &tree->nodes.data[c];
                u32 left = x->child, name_of = 0;
                if (known && format && x->kind == PT_N_E_ASSIGN && left && tree->nodes.data[left].kind == PT_N_E_PATH &&
                    tree->nodes.data[left].child) { /* name = value */
                    u32 segment = tree->nodes.data[tree->nodes.data[left].child].child;
                    name_of = segment ? pt_view_name(&inner.v, segment) : 0;
                    left = tree->nodes.data[left].next;
                }
                pt_ty ty = pt_expr(&inner, name_of ? left : c, 0);
                if (!first) first = ty;
                if (format && count < MAX_FORMATTED) given[count++] = (formatted){name_of, ty};
                if (!format && x->kind == PT_N_E_LITERAL && x->op == PT_T_STRING) format = c;
            }
            if (known && known->style != MACRO_OPAQUE && format) {
                pt_str string =
                    pt_token_text(b->v.lexemes->text, &b->v.lexemes->tokens.data[tree->nodes.data[format].token]);
                forward_formats(&inner, string, given, count, pt_view_offset(&inner.v, format));
            }
            r->via_macro = via;
        }
        r->tree_depth = depth;
        r->locals.count = locals;
    }
    if (!known) return 0;
    switch (known->result) {
    case 's': return w->lang.string == PT_NO_DEF ? 0 : pt_adt(r, w->lang.string, NULL, 0);
    case 'v': return w->lang.vec == PT_NO_DEF ? 0 : pt_open(r, pt_type_from_def(r, w->lang.vec, &first, 1));
    case 'u': return pt_ty_make(&r->types, PT_TY_TUPLE, 0, 0, NULL, 0);
    case 'n': return pt_ty_make(&r->types, PT_TY_NEVER, 0, 0, NULL, 0);
    case 'd': return first;
    case 'p':
    case 'm': return pt_ty_make(&r->types, PT_TY_PTR, 0, known->result == 'm', &first, 1);
    case 'b': return pt_adt(r, pt_primitive(w, "bool"), NULL, 0);
    default: return 0;
    }
}

void pt_macro_pattern(body *b, u32 node, pt_ty ty) {
    pt_resolver *r = b->r;
    u32 path = at(b, node)->child, name = 0, name_node = 0;
    while (path && at(b, path)->kind != PT_N_PATH) path = at(b, path)->next;
    u32 def = path && b->v.lexemes ? lookup_macro(b, path, PT_NO_DEF, &name, &name_node) : PT_NO_DEF;
    bool rules = def != PT_NO_DEF && !pt_def_is_external_path(def) && r->w->defs.data[def].kind == PT_KIND_MACRO;
    if (rules && pt_expand_pattern(b, node, def, ty))
        pt_emit(r, def, PT_EDGE_EXPANDS, PT_VIA_MACRO, PT_EXACT, pt_view_offset(&b->v, name_node));
    else pt_macro_site(b, node, 0, false);
}

static u32 token_at(const pt_lexemes *l, u32 offset) {
    u32 low = 0, high = l->tokens.count - 1;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (l->tokens.data[middle].start < offset) low = middle + 1;
        else high = middle;
    }
    return low;
}

void pt_resolve_body(pt_resolver *r, const pt_file *file, u32 def) {
    const pt_item *item = pt_def_item(r->w, def);
    if (item->body_end <= item->body_start || !r->lexemes.tokens.count) return;
    u32 first = token_at(&r->lexemes, item->body_start), end = token_at(&r->lexemes, item->body_end);
    bool is_fn = item->kind == PT_KIND_FN || item->kind == PT_KIND_METHOD;
    u32 depth = r->tree_depth;
    pt_tree *tree = pt_parse_in_body(r, &r->lexemes, first, end, is_fn ? PT_PARSE_STATEMENTS : PT_PARSE_EXPRESSIONS);
    if (!tree) {
        r->tree_depth = depth;
        return;
    }
    body b = {r, {tree->nodes.data, NULL, &r->lexemes, file, NULL}, def, r->locals.count, 0, false};
    pt_infer_reset(r);
    r->types.steps = 0;
    u32 locals = r->locals.count;
    r->self_type = pt_self_type(r, def);
    r->result_type = 0;
    r->cfg = 0;
    r->via_macro = r->w->instances.data[r->instance].is_guess ? 2 : 0;
    r->depth = 0;
    pt_ty expected = 0;
    if (is_fn) {
        const pt_signature *sig = pt_signature_of(r, def);
        pt_signature s = sig ? *sig : (pt_signature){0};
        expected = item->flags & PT_F_ASYNC ? 0 : s.result;
        r->result_type = expected;
        /* parameters: their patterns stand in the facts' tree, their types in the signature */
        pt_param_locals(&b, def, &s);
    } else {
        expected = pt_type_of_item(r, def);
    }
    u32 root = tree->nodes.data[1].child;
    for (u32 c = root; c; c = tree->nodes.data[c].next) {
        u32 inner = c; /* the block in the block: { } of the fn itself */
        if (is_fn && tree->nodes.data[c].kind == PT_N_BLOCK && tree->nodes.data[c].child &&
            !tree->nodes.data[tree->nodes.data[c].child].next &&
            tree->nodes.data[tree->nodes.data[c].child].kind == PT_N_BLOCK)
            inner = tree->nodes.data[c].child;
        pt_expr_as(&b, inner, expected);
    }
    pt_end_pending(&b);
    r->locals.count = locals;
    r->tree_depth = depth;
    r->out->bodies++;
}
