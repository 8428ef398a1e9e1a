#include "resolve/macro.h"

#include <stdio.h>

typedef struct matched matched;
struct matched { /* one binding: a run of the call's tokens, or one child a repetition */
    pt_str name;
    u32 first, end;
    bool repeated;
    bool is_expression;
    bool half;                  /* and the first half of the token at `end` */
    PT_VEC(matched *) children; /* each a list of bindings of one repetition */
    matched *next;
};

typedef struct expander {
    pt_buffer *out;
    pt_macro_origins *origins;
    const pt_lexemes *rules, *call;
    u32 crate, edition;
    pt_arena arena;
    pt_tree tree;
    PT_VEC(matched *) groups; /* all repetitions, to free their children */
    u32 depth;
    u64 steps;
    int code;
    bool local_inner;
    u32 split; /* a fragment took the first half of this token of the call; PT_NONE: none */
    u8 rest;   /* what is left of it */
} expander;

enum { MAX_STEPS = 50000000, MAX_NESTING = 64 };

static const pt_token *rule(const expander *e, u32 i) { return &e->rules->tokens.data[i]; }
static const pt_token *arg(const expander *e, u32 i) { return &e->call->tokens.data[i]; }
static pt_str rule_text(const expander *e, u32 i) { return pt_token_text(e->rules->text, rule(e, i)); }

static bool ident_like(const pt_token *t) { return t->kind == PT_T_IDENT || t->kind > PT_T_FIRST_KEYWORD; }

/* The end of a fragment that starts at `at`, or PT_NONE when none does. */
static u32 fragment(expander *e, u32 at, u32 end, pt_str kind) {
    const pt_token *t = at < end ? arg(e, at) : NULL;
    if (pt_str_equal(kind, PT_STR("vis"))) { /* may be empty */
        if (!t || (t->kind != PT_K_PUB)) return at;
        if (at + 1 < end && arg(e, at + 1)->kind == PT_T_OPEN_PAREN && at + 2 < end) {
            u8 k = arg(e, at + 2)->kind;
            if (k == PT_K_CRATE || k == PT_K_SUPER || k == PT_K_SELF_LOWER || k == PT_K_IN)
                return arg(e, at + 1)->extent + 1;
        }
        return at + 1;
    }
    if (!t) return PT_NONE;
    if (pt_str_equal(kind, PT_STR("tt")))
        return pt_token_is_close(t->kind) ? PT_NONE : pt_token_is_open(t->kind) ? t->extent + 1 : at + 1;
    if (pt_str_equal(kind, PT_STR("ident"))) return ident_like(t) ? at + 1 : PT_NONE;
    if (pt_str_equal(kind, PT_STR("lifetime"))) return t->kind == PT_T_LIFETIME ? at + 1 : PT_NONE;
    if (pt_str_equal(kind, PT_STR("block"))) return t->kind == PT_T_OPEN_BRACE ? t->extent + 1 : PT_NONE;
    if (pt_str_equal(kind, PT_STR("literal"))) {
        u32 i = at + (t->kind == PT_T_MINUS);
        if (i >= end) return PT_NONE;
        u8 k = arg(e, i)->kind;
        return (k >= PT_T_INT && k <= PT_T_C_STRING) || k == PT_K_TRUE || k == PT_K_FALSE ? i + 1 : PT_NONE;
    }
    if (e->split == at) return PT_NONE; /* half a token */
    u32 stop = pt_fragment_end(&e->tree, &e->rest, e->call, at, end, kind, e->edition);
    e->split = stop != PT_NONE && e->rest != PT_T_END ? stop : PT_NONE;
    e->steps += (u64)e->tree.nodes.count * 16; /* parsing is work too, also in vain */
    return stop;
}

static bool same(const expander *e, u32 r, u32 a) {
    const pt_token *x = rule(e, r), *y = arg(e, a);
    if (e->split == a) return x->kind == e->rest;
    if (x->kind != y->kind) return false;
    if (x->kind > PT_T_ERROR) return true;
    return pt_str_equal(rule_text(e, r), pt_token_text(e->call->text, y));
}

static matched *bind(expander *e, matched **list, pt_str name) {
    matched *m = pt_arena_alloc(&e->arena, sizeof *m);
    if (!m) return NULL;
    m->name = name;
    m->next = *list;
    *list = m;
    return m;
}

/* Pattern pieces. A repetition `$( ... ) sep op`: returns the index behind the op. */
static u32 repetition(const expander *e, u32 open, u32 end, u32 *separator, u8 *op) {
    u32 i = rule(e, open)->extent + 1;
    *separator = PT_NONE;
    for (u32 tries = 0; tries < 2 && i < end; tries++, i++) {
        u8 k = rule(e, i)->kind;
        bool is_op = k == PT_T_STAR || k == PT_T_PLUS || k == PT_T_QUESTION;
        /* `$(..)?+`: a separator may itself look like an operator */
        bool next_op = i + 1 < end && (rule(e, i + 1)->kind == PT_T_STAR || rule(e, i + 1)->kind == PT_T_PLUS);
        if (is_op && !(tries == 0 && k != PT_T_STAR && next_op && !(rule(e, i + 1)->flags & PT_TOKEN_SPACED) &&
                       k != PT_T_QUESTION)) {
            *op = k;
            return i + 1;
        }
        *separator = i;
    }
    *op = PT_T_STAR;
    return i;
}

static bool match(expander *e, u32 *r, u32 r_end, u32 *a, u32 a_end, matched **list);

static bool match_repetition(expander *e, u32 open, u32 separator, u8 op, u32 *a, u32 a_end, matched **list) {
    u32 inner = open + 1, inner_end = rule(e, open)->extent, count = 0;
    matched *group = bind(e, list, (pt_str){0});
    if (!group) return false;
    group->repeated = true;
    if (!pt_vec_push(&e->groups, group)) return false; /* nobody would free its children */
    group->first = inner;
    group->end = inner_end;
    for (;;) {
        u32 at = *a;
        if (count && separator != PT_NONE) {
            if (at >= a_end || !same(e, separator, at)) break;
            at++;
        }
        u32 r = inner, before = at;
        matched *one = NULL;
        if (!match(e, &r, inner_end, &at, a_end, &one) || r != inner_end) break;
        if (at == before && count) break;
        pt_vec_push(&group->children, one);
        *a = at;
        count++;
        if (op == PT_T_QUESTION || at == before) break;
    }
    return op != PT_T_PLUS || count;
}

/* Matches rule tokens [*r, r_end) against arguments from *a; stops where the rule ends. */
static bool match(expander *e, u32 *r, u32 r_end, u32 *a, u32 a_end, matched **list) {
    if (++e->depth > MAX_NESTING) return e->depth--, false;
    bool fine = true;
    while (fine && *r < r_end) {
        if (e->code == PT_ELIMIT || ++e->steps > MAX_STEPS) {
            e->code = PT_ELIMIT;
            fine = false;
            break;
        }
        const pt_token *t = rule(e, *r);
        if (t->kind == PT_T_DOLLAR && *r + 1 < r_end) {
            const pt_token *n = rule(e, *r + 1);
            if (n->kind == PT_T_OPEN_PAREN) {
                u32 separator;
                u8 op;
                u32 after = repetition(e, *r + 1, r_end, &separator, &op);
                fine = match_repetition(e, *r + 1, separator, op, a, a_end, list);
                *r = after;
                continue;
            }
            if (ident_like(n) && *r + 3 < r_end + 1 && *r + 2 < r_end && rule(e, *r + 2)->kind == PT_T_COLON &&
                *r + 3 < r_end && ident_like(rule(e, *r + 3))) {
                u32 end = fragment(e, *a, a_end, rule_text(e, *r + 3));
                if (end == PT_NONE || end > a_end) {
                    fine = false;
                    break;
                }
                matched *m = bind(e, list, rule_text(e, *r + 1));
                if (!m) return false;
                m->first = *a;
                m->end = end;
                m->half = e->split == end && end > *a;
                m->is_expression = pt_str_equal(rule_text(e, *r + 3), PT_STR("expr"));
                *a = end;
                *r += 4;
                continue;
            }
        }
        if (*a >= a_end) {
            fine = false;
        } else if (pt_token_is_open(t->kind)) {
            const pt_token *y = arg(e, *a);
            if (y->kind != t->kind) {
                fine = false;
                break;
            }
            u32 inner_r = *r + 1, inner_a = *a + 1;
            fine = match(e, &inner_r, t->extent, &inner_a, y->extent, list) && inner_r == t->extent &&
                   inner_a == y->extent;
            *r = t->extent + 1;
            *a = y->extent + 1;
        } else if (same(e, *r, *a)) {
            ++*r;
            ++*a;
        } else {
            fine = false;
        }
    }
    e->depth--;
    return fine;
}

/* The binding of a name, inside repetitions by the current indices. */
typedef struct frame {
    const matched *list;
    const struct frame *outer;
    const matched *of; /* the group whose iteration it is; NULL: the whole */
} frame;

static const matched *lookup(const frame *f, pt_str name) {
    for (; f; f = f->outer)
        for (const matched *m = f->list; m; m = m->next)
            if (!m->repeated && pt_str_equal(m->name, name)) return m;
    return NULL;
}

/* Does a repetition of the pattern bind `name`? Looks into the rule's own tokens. */
static bool group_binds(const expander *e, const matched *group, pt_str name) {
    for (u32 i = group->first; i + 1 < group->end; i++)
        if (rule(e, i)->kind == PT_T_DOLLAR && ident_like(rule(e, i + 1)) && pt_str_equal(rule_text(e, i + 1), name))
            return true;
    return false;
}

/* Does a group bind a name that a transcribed repetition [first, end) uses? One that is gone through already does not:
 * what is inside it has frames of its own. */
static bool drives(const expander *e, const frame *f, const matched *m, u32 first, u32 end) {
    for (const frame *g = f; g; g = g->outer)
        if (g->of == m) return false;
    for (u32 i = first; i + 1 < end; i++)
        if (rule(e, i)->kind == PT_T_DOLLAR && ident_like(rule(e, i + 1)) && !lookup(f, rule_text(e, i + 1)) &&
            group_binds(e, m, rule_text(e, i + 1)))
            return true;
    return false;
}

/* The group that a transcribed repetition runs over: one that binds a name used in it. */
static const matched *driver(const expander *e, const frame *f, u32 first, u32 end) {
    for (const frame *g = f; g; g = g->outer)
        for (const matched *m = g->list; m; m = m->next)
            if (m->repeated && drives(e, f, m, first, end)) return m;
    return NULL;
}

/* Returns where the token's text starts in what was put. */
static u32 put(expander *e, const char *text, const pt_token *t, bool force_space) {
    if (force_space || (t->flags & PT_TOKEN_SPACED)) pt_buffer_char(e->out, t->flags & PT_TOKEN_NEWLINE ? '\n' : ' ');
    if (t->flags & PT_TOKEN_RAW) pt_buffer_text(e->out, "r#");
    u32 start = e->out->count;
    pt_buffer_str(e->out, pt_token_text(text, t));
    if (t->kind == PT_T_DOC_OUTER || t->kind == PT_T_DOC_INNER) pt_buffer_char(e->out, '\n');
    if (e->out->count > PT_MACRO_MAX_TEXT) e->code = PT_ELIMIT;
    return start;
}

static void transcribe(expander *e, u32 r, u32 end, const frame *f) {
    bool after_fragment = false;
    if (++e->depth > MAX_NESTING) e->code = PT_ELIMIT;
    while (r < end && !e->code) {
        const pt_token *t = rule(e, r);
        if (t->kind == PT_T_DOLLAR && r + 1 < end) {
            const pt_token *n = rule(e, r + 1);
            if (n->kind == PT_T_OPEN_PAREN) {
                u32 separator;
                u8 op;
                u32 after = repetition(e, r + 1, end, &separator, &op);
                const matched *group = driver(e, f, r + 2, n->extent);
                /* several groups may run in step: each iteration opens all of them */
                u32 count = group ? group->children.count : 0;
                for (u32 i = 0; i < count && !e->code; i++) {
                    frame steps[32];
                    const frame *inner = f;
                    u32 used = 0;
                    for (const frame *g = f; g; g = g->outer)
                        for (const matched *m = g->list; m && used < PT_COUNT_OF(steps); m = m->next)
                            if (m->repeated && i < m->children.count &&
                                (m == group || (m->children.count == count && drives(e, f, m, r + 2, n->extent)))) {
                                steps[used] = (frame){m->children.data[i], inner, m};
                                inner = &steps[used++];
                            }
                    if (i && separator != PT_NONE) put(e, e->rules->text, rule(e, separator), true);
                    pt_buffer_char(e->out, ' ');
                    transcribe(e, r + 2, n->extent, inner);
                }
                r = after;
                after_fragment = true;
                continue;
            }
            if (n->kind == PT_K_CRATE) {
                if (e->crate == PT_NONE) pt_buffer_text(e->out, " __crate_of_self");
                else pt_buffer_format(e->out, " __crate_of_%u", e->crate);
                r += 2;
                after_fragment = false;
                continue;
            }
            const matched *m = ident_like(n) ? lookup(f, rule_text(e, r + 1)) : NULL;
            if (m) {
                bool wrap = e->origins && m->is_expression && m->end > m->first + 1;
                pt_token first_half = m->half ? *arg(e, m->end) : (pt_token){0};
                if (wrap) pt_buffer_text(e->out, " (");
                for (u32 i = m->first; i < m->end && !e->code; i++) {
                    u32 start = put(e, e->call->text, arg(e, i), i == m->first);
                    if (e->origins) pt_vec_push(&e->origins->all, (pt_macro_origin){start, arg(e, i)->start});
                }
                if (m->half) {
                    first_half.extent = 1;
                    put(e, e->call->text, &first_half, false);
                }
                if (wrap) pt_buffer_char(e->out, ')');
                r += 2;
                after_fragment = true;
                continue;
            }
        }
        bool bare_call = e->local_inner && t->kind == PT_T_IDENT && r + 2 < end && rule(e, r + 1)->kind == PT_T_BANG &&
                         pt_token_is_open(rule(e, r + 2)->kind) && r && rule(e, r - 1)->kind != PT_T_COLON_COLON;
        if (bare_call) {
            if (e->crate == PT_NONE) pt_buffer_text(e->out, " __crate_of_self::");
            else pt_buffer_format(e->out, " __crate_of_%u::", e->crate);
            pt_buffer_str(e->out, rule_text(e, r));
        } else if (e->crate != PT_NONE && t->kind == PT_T_IDENT &&
                   pt_str_equal(rule_text(e, r), PT_STR("__crate_of_self")))
            pt_buffer_format(e->out, " __crate_of_%u", e->crate); /* a macro that an expansion of a segment made */
        else put(e, e->rules->text, t, after_fragment);
        after_fragment = false;
        r++;
    }
    e->depth--;
}

int pt_macro_expand(pt_buffer *out, pt_macro_origins *origins, const pt_lexemes *rules, u32 form,
                    const pt_lexemes *call, u32 crate, u32 edition) {
    expander e = {.out = out,
                  .origins = origins,
                  .rules = rules,
                  .call = call,
                  .crate = crate,
                  .edition = edition,
                  .code = PT_ENOTFOUND,
                  .local_inner = form & PT_MACRO_LOCAL_INNER,
                  .split = PT_NONE};
    form &= ~(u32)PT_MACRO_LOCAL_INNER;
    if (rules->tokens.count < 2 || call->tokens.count < 2 || !pt_token_is_open(rules->tokens.data[0].kind) ||
        !pt_token_is_open(call->tokens.data[0].kind))
        return PT_ENOTFOUND;
    u32 end = PT_MIN(rules->tokens.data[0].extent, rules->tokens.count - 1);
    u32 r = form == 2 ? 0 : 1, limit = form == 2 ? rules->tokens.count - 1 : end;
    while (r < limit && e.code == PT_ENOTFOUND) {
        if (!pt_token_is_open(rule(&e, r)->kind)) {
            r++;
            continue;
        }
        u32 pattern = r + 1, pattern_end = rule(&e, r)->extent, body = pattern_end + 1;
        if (body < limit && rule(&e, body)->kind == PT_T_FAT_ARROW) body++;
        if (body >= limit || !pt_token_is_open(rule(&e, body)->kind)) break;
        e.split = PT_NONE;
        u32 a = 1, a_end = PT_MIN(call->tokens.data[0].extent, call->tokens.count - 1);
        matched *list = NULL;
        e.depth = 0;
        if (match(&e, &pattern, pattern_end, &a, a_end, &list) && pattern == pattern_end && a == a_end) {
            frame top = {list, NULL, NULL};
            e.code = PT_OK;
            e.depth = 0;
            transcribe(&e, body + 1, rule(&e, body)->extent, &top);
            break;
        }
        r = rule(&e, body)->extent + 1;
    }
    for (u32 i = 0; i < e.groups.count; i++) pt_vec_free(&e.groups.data[i]->children);
    pt_vec_free(&e.groups);
    pt_arena_free(&e.arena);
    pt_tree_free(&e.tree);
    return pt_alloc_failed() ? PT_ENOMEM : e.code;
}

/* Is a text one call of the macro `name`, by its name alone or by its crate? The token of its arguments' delimiter, or 0. */
static u32 only_call(const pt_lexemes *l, pt_str name, u32 crate) {
    u32 at = 0, count = l->tokens.count;
    const pt_token *t = l->tokens.data;
    if (count < 4) return 0;
    if (t[0].kind == PT_T_IDENT && t[1].kind == PT_T_COLON_COLON) {
        char own[32] = "__crate_of_self";
        if (crate != PT_NONE) snprintf(own, sizeof own, "__crate_of_%u", crate);
        if (!pt_str_equal(pt_token_text(l->text, &t[0]), pt_str_of(own))) return 0;
        at = 2;
    }
    if (at + 4 > count || t[at].kind != PT_T_IDENT || !pt_str_equal(pt_token_text(l->text, &t[at]), name) ||
        t[at + 1].kind != PT_T_BANG || !pt_token_is_open(t[at + 2].kind))
        return 0;
    u32 behind = t[at + 2].extent + 1; /* the end, or `;` and the end */
    if (behind + 1 < count && t[behind].kind == PT_T_SEMICOLON) behind++;
    return behind + 1 == count ? at + 2 : 0;
}

/* Where a byte of the first expansion came from, for a byte of the second that came from there; false: from nowhere. */
static bool origin_of(const pt_macro_origins *first, u32 at, u32 *from) {
    u32 low = 0, high = first->all.count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (first->all.data[middle].at < at) low = middle + 1;
        else high = middle;
    }
    if (low == first->all.count || first->all.data[low].at != at) return false;
    *from = first->all.data[low].from;
    return true;
}

int pt_macro_expand_through(pt_buffer *out, pt_macro_origins *origins, const pt_lexemes *rules, u32 form,
                            const pt_lexemes *call, u32 crate, u32 edition, pt_str name) {
    int code = pt_macro_expand(out, origins, rules, form, call, crate, edition);
    pt_lexemes whole = {0}, arguments = {0};
    pt_buffer text = {0}, next = {0};
    pt_macro_origins made = {0};
    static const char slack[PT_TEXT_SLACK] = {0};
    for (u32 step = 0; !code; step++) {
        /* most expansions are no call: seen by their first word */
        pt_str view = pt_str_trim(pt_buffer_view(out));
        if (!view.length || !(pt_str_starts(view, name) || pt_str_starts(view, PT_STR("__crate_of_")))) break;
        u32 length = out->count;
        pt_buffer_clear(&text);
        pt_buffer_add(&text, out->data, length);
        pt_buffer_add(&text, slack, sizeof slack);
        if (text.count != length + sizeof slack) break;
        pt_lex(&whole, text.data, length, edition);
        u32 open = only_call(&whole, name, crate);
        if (!open) break;
        if (step == PT_MACRO_MAX_RECURSION) {
            code = PT_ELIMIT; /* it does not end */
            break;
        }
        u32 start = whole.tokens.data[open].start,
            end = pt_token_end(&whole.tokens.data[whole.tokens.data[open].extent]);
        memset(text.data + end, 0, text.count - end);
        pt_lex(&arguments, text.data + start, end - start, edition);
        pt_buffer_clear(&next);
        made.all.count = 0;
        int again = pt_macro_expand(&next, origins ? &made : NULL, rules, form, &arguments, crate, edition);
        if (again == PT_ENOTFOUND) break; /* the call stays as it is, for others to tell */
        code = again;
        if (origins) {
            u32 kept = 0;
            for (u32 i = 0; i < made.all.count; i++) {
                pt_macro_origin o = made.all.data[i];
                if (origin_of(origins, start + o.from, &o.from)) made.all.data[kept++] = o;
            }
            made.all.count = kept;
            pt_macro_origins swap = *origins;
            *origins = made;
            made = swap;
        }
        pt_buffer swap = *out;
        *out = next;
        next = swap;
    }
    pt_lexemes_free(&whole);
    pt_lexemes_free(&arguments);
    pt_buffer_free(&text);
    pt_buffer_free(&next);
    pt_vec_free(&made.all);
    return pt_alloc_failed() ? PT_ENOMEM : code;
}
