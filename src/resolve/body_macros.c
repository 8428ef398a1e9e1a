/* body_macros.c: macro_rules! in bodies: the call is expanded, parsed, and read where it stands. */
#include "resolve/bodies.h"
#include "resolve/macro.h"

enum { KEPT_RULES = 32, MAX_EXPANSIONS_A_BODY = 4000, MAX_TEXT_A_BODY = 1 << 20 };

struct pt_expanded {
    pt_buffer call_text, text;
    pt_lexemes call, lexemes;
    pt_macro_origins origins;
    u32 base;  /* where the call's text starts in the text around it */
    u32 place; /* of the call, in the file */
    const struct pt_expanded *outer;
    u32 instance; /* where its items are; PT_NONE: it made none */
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
        pt_lexemes_free(&x->call);
        pt_lexemes_free(&x->lexemes);
        pt_vec_free(&x->origins.all);
        pt_free(x);
    }
    pt_free(m);
}

u32 pt_expanded_offset(const struct pt_expanded *x, u32 offset) {
    for (; x; x = x->outer) {
        u32 low = 0, high = x->origins.all.count;
        while (low < high) {
            u32 middle = (low + high) / 2;
            if (x->origins.all.data[middle].at < offset) low = middle + 1;
            else high = middle;
        }
        if (low == x->origins.all.count || x->origins.all.data[low].at != offset) return x->place;
        offset = x->base + x->origins.all.data[low].from;
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
    if ((macro->attributes & PT_ATTR_BUILTIN_MACRO) || !from->text || macro->body_end <= macro->body_start ||
        macro->body_end > from->text_length)
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

bool pt_expand_in_body(body *b, u32 node, u32 def, u32 call, bool statement, pt_ty expected, pt_ty *result) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    if (!r->macros && !(r->macros = pt_calloc(1, sizeof *r->macros))) return false;
    struct pt_body_macros *m = r->macros;
    if (m->item != r->item) m->item = r->item, m->expansions = m->bytes = 0;
    if (m->depth >= PT_MACRO_MAX_DEPTH || m->expansions >= MAX_EXPANSIONS_A_BODY || m->bytes > MAX_TEXT_A_BODY)
        return false;
    const pt_lexemes *around = b->v.lexemes, *rules = rules_of(r, def);
    const pt_token *open = &around->tokens.data[b->v.nodes[node].extra];
    if (!rules || !pt_token_is_open(open->kind) || open->extent >= around->tokens.count) return false;
    struct pt_expanded *x = m->levels[m->depth];
    if (!x && !(x = m->levels[m->depth] = pt_calloc(1, sizeof *x))) return false;
    u32 length = pt_token_end(&around->tokens.data[open->extent]) - open->start, edition = r->edition;
    if (open->start + length > around->length || !copy_text(&x->call_text, around->text + open->start, length))
        return false;
    lex_call(x, length, edition);
    m->expansions++; /* one that fails has cost as much */
    m->bytes += length;
    x->base = open->start;
    x->place = pt_view_offset(&b->v, node);
    x->outer = b->v.expanded;
    x->origins.all.count = 0;
    pt_buffer_clear(&x->text);
    /* where it makes items it was expanded before: from the same tokens to the same text */
    x->instance = call == PT_NO_DEF ? PT_NONE : pt_expansion_of(w, call);
    if (pt_macro_expand_through(&x->text, &x->origins, rules, pt_def_item(w, def)->extra, &x->call,
                                w->defs.data[def].crate, edition, pt_sym(w, w->defs.data[def].name)) != PT_OK)
        return false;
    m->bytes += x->text.count;
    if (x->instance != PT_NONE && w->files.data[w->instances.data[x->instance].file].text_length != x->text.count)
        x->instance = PT_NONE;
    u32 count = x->text.count, depth = r->tree_depth;
    static const char slack[PT_TEXT_SLACK] = {0};
    pt_buffer_add(&x->text, slack, sizeof slack);
    if (x->text.count != count + PT_TEXT_SLACK) return false;
    pt_lex(&x->lexemes, x->text.data, count, edition);
    pt_tree *tree = pt_parse_in_body(r, &x->lexemes, 0, x->lexemes.tokens.count - 1, PT_PARSE_STATEMENTS);
    bool good = tree && !tree->errors.count && tree->nodes.count > 1 && tree->nodes.data[1].child;
    if (good) {
        body inner = *b;
        inner.v.nodes = tree->nodes.data;
        inner.v.lexemes = &x->lexemes;
        inner.v.expanded = x;
        m->depth++;
        *result = pt_block(&inner, tree->nodes.data[1].child, expected, statement);
        m->depth--;
    }
    r->tree_depth = depth;
    return good;
}
