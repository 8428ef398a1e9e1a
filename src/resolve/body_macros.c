/* body_macros.c: macro_rules! in bodies: the call is expanded, parsed, and read where it stands. */
#include "resolve/bodies.h"
#include "resolve/questions.h"
#include "resolve/macro.h"

enum {
    KEPT_RULES = 32,
    MAX_EXPANSIONS_A_BODY = 4000,
    MAX_TEXT_A_BODY = 1 << 20,
    SPENT_A_SHARE = 1 << 16,
    STEPS_OF_A_TYPE = 500
};

struct pt_expanded {
    pt_buffer call_text, text;
    pt_lexemes call, lexemes;
    pt_macro_origins origins;
    u32 base;  /* where the call's text starts in the text around it */
    u32 place; /* of the call, in the file */
    const struct pt_expanded *outer;
    u32 instance; /* where its items are; PT_NONE: it made none */
    u32 around;   /* r->macro_place outside of it */
    u32 def;      /* the macro */
    u32 serial;   /* tells expansions apart: names of one's own */
    pt_buffer framed;
};

typedef struct kept_rules {
    u32 def;
    pt_buffer text;
    pt_lexemes lexemes;
} kept_rules;

struct pt_body_macros {
    kept_rules rules[KEPT_RULES]; /* definitions lexed already; the place is the definition's number */
    struct pt_expanded *levels[PT_MACRO_MAX_DEPTH];
    u32 depth;
    u32 item, expansions, bytes; /* spent on the item that is read */
    u32 serial;
};

void pt_body_macros_destroy(struct pt_body_macros *m) {
    if (!m) return;
    for (u32 i = 0; i < KEPT_RULES; i++) {
        pt_buffer_free(&m->rules[i].text);
        pt_lexemes_free(&m->rules[i].lexemes);
    }
    for (u32 i = 0; i < PT_MACRO_MAX_DEPTH; i++) {
        struct pt_expanded *x = m->levels[i];
        if (!x) continue;
        pt_buffer_free(&x->call_text);
        pt_buffer_free(&x->text);
        pt_buffer_free(&x->framed);
        pt_lexemes_free(&x->call);
        pt_lexemes_free(&x->lexemes);
        pt_vec_free(&x->origins.all);
        pt_free(x);
    }
    pt_free(m);
}

/* Which token of the call a byte of the expansion is the start of; PT_NONE: of none. */
static u32 origin_index(const struct pt_expanded *x, u32 offset) {
    u32 low = 0, high = x->origins.all.count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (x->origins.all.data[middle].at < offset) low = middle + 1;
        else high = middle;
    }
    return low < x->origins.all.count && x->origins.all.data[low].at == offset ? low : PT_NONE;
}

u32 pt_expanded_offset(const struct pt_expanded *x, u32 offset) {
    for (; x; x = x->outer) {
        u32 at = origin_index(x, offset);
        if (at == PT_NONE) return x->place;
        offset = x->base + x->origins.all.data[at].from;
    }
    return offset;
}

u32 pt_expanded_instance(const struct pt_expanded *x) { return x->instance; }

/* A copy with the readable bytes that the lexer wants. */
static bool copy_text(pt_buffer *out, const char *text, u32 length) {
    static const char slack[PT_TEXT_SLACK] = {0};
    pt_buffer_clear(out);
    pt_buffer_add(out, text, length);
    pt_buffer_add(out, slack, sizeof slack);
    return out->count == length + PT_TEXT_SLACK;
}

static const pt_lexemes *rules_of(pt_resolver *r, u32 def) {
    kept_rules *k = &r->macros->rules[def % KEPT_RULES];
    const pt_item *macro = pt_def_item(r->w, def);
    const pt_file *from = pt_def_file(r->w, def);
    if (k->lexemes.tokens.count && k->def == def) return &k->lexemes;
    if ((macro->attributes & PT_ATTR_BUILTIN_MACRO) || !pt_world_has_text(r->w, pt_def_instance(r->w, def)->file) ||
        macro->body_end <= macro->body_start || macro->body_end > from->text_length)
        return NULL;
    u32 length = macro->body_end - macro->body_start;
    k->lexemes.tokens.count = 0;
    if (!copy_text(&k->text, from->text + macro->body_start, length)) return NULL;
    pt_lex(&k->lexemes, k->text.data, length, from->edition);
    k->def = def;
    return &k->lexemes;
}

/* rustc matches a doc comment as the attribute #[doc = ".."], which patterns take or leave: left out here. */
static void lex_call(struct pt_expanded *x, u32 length, u32 edition) {
    pt_lex(&x->call, x->call_text.data, length, edition);
    bool documented = false;
    for (u32 i = 0; i < x->call.tokens.count; i++) {
        const pt_token *t = &x->call.tokens.data[i];
        if (t->kind != PT_T_DOC_OUTER && t->kind != PT_T_DOC_INNER) continue;
        memset(x->call_text.data + t->start, ' ', t->extent);
        documented = true;
    }
    if (documented) pt_lex(&x->call, x->call_text.data, length, edition);
}

/* The arguments of a call with their delimiters, as they stand around it; false: there are none. */
static bool call_text(pt_world *w, const pt_view *v, u32 node, const char **text, u32 *start, u32 *length) {
    if (!v->lexemes) { /* a signature's, from facts */
        *start = v->nodes[node].extra;
        if (!pt_world_has_text(w, (u32)(v->file - w->files.data))) return false;
        *text = v->file->text;
        if (*start >= v->nodes[node].end || v->nodes[node].end > v->file->text_length) return false;
        *length = v->nodes[node].end - *start;
        return true;
    }
    const pt_token *open = &v->lexemes->tokens.data[v->nodes[node].extra];
    if (!pt_token_is_open(open->kind) || open->extent >= v->lexemes->tokens.count) return false;
    *text = v->lexemes->text;
    *start = open->start;
    *length = pt_token_end(&v->lexemes->tokens.data[open->extent]) - open->start;
    return *start + *length <= v->lexemes->length;
}

/* What one body may spend: less where it is itself one of many that one written call was expanded to. */
static u32 share_of(const pt_resolver *r) {
    u32 outermost = r->w->instances.data[r->instance].outermost;
    return outermost == PT_NONE ? 1 : 1 + r->w->instances.data[outermost].spent / SPENT_A_SHARE;
}

/* Expands a call of the macro_rules! `def` and parses it between two texts; NULL: it does not. On success r->tree_depth has
 * grown by one, and r->macros->depth by one. */
static pt_tree *expand(pt_resolver *r, const pt_view *v, u32 node, u32 def, u32 call, const char *before,
                       const char *behind, pt_view *inner) {
    pt_world *w = r->w;
    if (!r->macros && !(r->macros = pt_calloc(1, sizeof *r->macros))) return NULL;
    struct pt_body_macros *m = r->macros;
    const char *around;
    pt_ask_of(w, PT_ASK_INTERFACE, def, 0);
    u32 start, length, edition = r->edition, depth = r->tree_depth, share = share_of(r);
    if (m->depth >= PT_MACRO_MAX_DEPTH || m->expansions >= MAX_EXPANSIONS_A_BODY / share ||
        m->bytes > MAX_TEXT_A_BODY / share)
        return NULL;
    const pt_lexemes *rules = rules_of(r, def);
    if (!rules || !call_text(w, v, node, &around, &start, &length)) return NULL;
    struct pt_expanded *x = m->levels[m->depth];
    if (!x && !(x = m->levels[m->depth] = pt_calloc(1, sizeof *x))) return NULL;
    if (!copy_text(&x->call_text, around + start, length)) return NULL;
    lex_call(x, length, edition);
    m->expansions++; /* one that fails has cost as much */
    m->bytes += length;
    x->base = start;
    x->place = pt_view_offset(v, node);
    x->outer = v->expanded;
    x->def = def;
    x->serial = ++m->serial;
    x->origins.all.count = 0;
    pt_buffer_clear(&x->text);
    /* where it makes items it was expanded before: from the same tokens to the same text */
    x->instance = call == PT_NO_DEF ? PT_NONE : pt_expansion_of(w, call);
    if (pt_macro_expand_through(&x->text, &x->origins, rules, pt_macro_form(pt_def_item(w, def)), &x->call,
                                w->defs.data[def].crate, edition, pt_sym(w, w->defs.data[def].name)) != PT_OK)
        return NULL;
    m->bytes += x->text.count;
    if (x->instance != PT_NONE && w->files.data[w->instances.data[x->instance].file].text_length != x->text.count)
        x->instance = PT_NONE;
    u32 shift = (u32)strlen(before);
    if (shift || *behind) {
        pt_buffer_clear(&x->framed);
        pt_buffer_text(&x->framed, before);
        pt_buffer_str(&x->framed, pt_buffer_view(&x->text));
        pt_buffer_text(&x->framed, behind);
        pt_buffer swap = x->text;
        x->text = x->framed;
        x->framed = swap;
        for (u32 i = 0; i < x->origins.all.count; i++) x->origins.all.data[i].at += shift;
    }
    static const char slack[PT_TEXT_SLACK] = {0};
    u32 count = x->text.count;
    pt_buffer_add(&x->text, slack, sizeof slack);
    if (x->text.count != count + PT_TEXT_SLACK) return NULL;
    pt_lex(&x->lexemes, x->text.data, count, edition);
    pt_tree *tree = pt_parse_in_body(r, &x->lexemes, 0, x->lexemes.tokens.count - 1, PT_PARSE_STATEMENTS);
    if (!tree || tree->errors.count || tree->nodes.count < 2 || !tree->nodes.data[1].child) {
        r->tree_depth = depth;
        return NULL;
    }
    *inner = *v;
    inner->nodes = tree->nodes.data;
    inner->symbols = NULL;
    inner->lexemes = &x->lexemes;
    inner->expanded = x;
    x->around = r->macro_place;
    r->macro_place = x->place + 1;
    m->depth++;
    return tree;
}

static void end_expansion(pt_resolver *r) {
    r->macro_place = r->macros->levels[--r->macros->depth]->around;
    r->tree_depth--;
}

static void new_budget(pt_resolver *r) {
    if (r->macros && r->macros->item != r->item)
        r->macros->item = r->item, r->macros->expansions = r->macros->bytes = 0;
}

bool pt_expand_in_body(body *b, u32 node, u32 def, u32 call, bool statement, pt_ty expected, pt_ty *result) {
    body inner = *b;
    new_budget(b->r);
    pt_tree *tree = expand(b->r, &b->v, node, def, call, "", "", &inner.v);
    if (!tree) return false;
    *result = pt_block(&inner, tree->nodes.data[1].child, expected, statement);
    end_expansion(b->r);
    return true;
}

bool pt_expand_pattern(body *b, u32 node, u32 def, pt_ty ty) {
    body inner = *b;
    new_budget(b->r);
    pt_tree *tree = expand(b->r, &b->v, node, def, PT_NO_DEF, "let ", " = x;", &inner.v);
    if (!tree) return false;
    u32 let = tree->nodes.data[tree->nodes.data[1].child].child;
    u32 pattern = let && tree->nodes.data[let].kind == PT_N_LET ? tree->nodes.data[let].child : 0;
    if (pattern) pt_pattern(&inner, pattern, ty);
    end_expansion(b->r);
    return pattern != 0;
}

pt_ty pt_lower_macro(pt_resolver *r, const pt_view *v, u32 node, u32 owner, u8 emit) {
    u32 path = v->nodes[node].child, names[16] = {0}, count = 0, last = 0;
    while (path && v->nodes[path].kind != PT_N_PATH) path = v->nodes[path].next;
    for (u32 s = path ? v->nodes[path].child : 0; s && count < PT_COUNT_OF(names); s = v->nodes[s].next)
        if (v->nodes[s].kind == PT_N_SEGMENT) names[count++] = pt_view_name(v, s), last = s;
    if (!count) return 0;
    u32 def;
    if (count == 1 && !v->nodes[path].op) {
        def = pt_resolve_macro(r->w, r->scope, owner, names[0]);
    } else {
        pt_path_result p = {0};
        pt_resolve_path(r->w, &p, r->scope, names, count, v->nodes[path].op, PT_NS_MACRO);
        def = p.resolved == count ? p.def : PT_NO_DEF;
    }
    u32 offset = pt_view_offset(v, last);
    if (emit != PT_NO_EMIT) {
        if (def == PT_NO_DEF) pt_emit_open(r, names[count - 1], PT_REASON_UNKNOWN_MACRO, offset);
        else
            pt_emit(r, def, PT_EDGE_EXPANDS, PT_VIA_MACRO, pt_def_is_external_path(def) ? PT_INFERRED : PT_EXACT,
                    offset);
    }
    if (def == PT_NO_DEF || pt_def_is_external_path(def) || r->w->defs.data[def].kind != PT_KIND_MACRO) return 0;
    for (u32 i = 0; i < STEPS_OF_A_TYPE; i++) /* it is no small step */
        if (!pt_step(&r->types)) return 0;
    pt_view inner;
    new_budget(r);
    pt_tree *tree = expand(r, v, node, def, PT_NO_DEF, "let _: ", ";", &inner);
    if (!tree) return 0;
    pt_ty ty = 0;
    u32 let = tree->nodes.data[tree->nodes.data[1].child].child;
    for (u32 c = let && tree->nodes.data[let].kind == PT_N_LET ? tree->nodes.data[let].child : 0; c;
         c = tree->nodes.data[c].next)
        if (pt_kind_is_type(tree->nodes.data[c].kind)) ty = pt_lower(r, &inner, c, owner, emit);
    end_expansion(r);
    return ty;
}

u32 pt_token_context(const pt_resolver *r, const pt_view *v, u32 node) {
    if (!v->expanded) return 0;
    const pt_node *n = &v->nodes[node];
    u32 words = n->kind == PT_N_PAT_IDENT ? (n->op & 1u) + (n->op >> 1 & 1u) : 0; /* ref, mut */
    u32 offset = v->lexemes->tokens.data[n->token + words].start;
    const struct pt_expanded *x = v->expanded;
    for (; x; x = x->outer) {
        u32 at = origin_index(x, offset);
        if (at != PT_NONE) {
            offset = x->base + x->origins.all.data[at].from;
            continue;
        }
        /* a macro declared in the body sees the variables around its declaration */
        if (pt_is_within(r->w, x->def, r->item)) return 0;
        return x->serial;
    }
    return 0;
}
