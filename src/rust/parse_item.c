/* Items, attributes, visibility, parameters. */
#include "rust/parser_internal.h"

void p_attributes(parser *p, list *out, bool inner) {
    for (;;) {
        u32 start = p->at;
        if (p_is(p, PT_T_DOC_OUTER) || p_is(p, PT_T_DOC_INNER)) {
            if (inner && p_is(p, PT_T_DOC_OUTER)) return;
            u32 node = p_node(p, PT_N_DOC, start);
            p_at(p, node)->op = p_is(p, PT_T_DOC_INNER);
            p_next(p);
            p_add(p, out, p_close(p, node, (list){0}));
            continue;
        }
        bool bang = p_peek(p, 1) == PT_T_BANG;
        if (!p_is(p, PT_T_POUND) || p_peek(p, bang ? 2 : 1) != PT_T_OPEN_BRACKET || (inner && !bang)) return;
        p_next(p);
        if (bang) p_next(p);
        u32 node = p_node(p, PT_N_ATTRIBUTE, p->at + 1);
        u32 close = p_partner(p);
        p_at(p, node)->op = bang;
        p_skip_tree(p);
        p_at(p, node)->end = close;
        p_add(p, out, node);
    }
}

static u32 visibility(parser *p) {
    u32 start = p->at;
    if (p_is(p, PT_K_CRATE) && p_peek(p, 1) != PT_T_COLON_COLON) { /* `crate fn`, once unstable */
        u32 node = p_node(p, PT_N_VISIBILITY, start);
        p_at(p, node)->op = PT_VIS_CRATE;
        p_next(p);
        return p_close(p, node, (list){0});
    }
    if (!p_is(p, PT_K_PUB)) return 0;
    u32 node = p_node(p, PT_N_VISIBILITY, start);
    list l = {0};
    u8 op = PT_VIS_PUB;
    p_next(p);
    if (p_is(p, PT_T_OPEN_PAREN)) {
        u8 what = p_peek(p, 1), after = p_peek(p, 2);
        if (what == PT_K_IN) {
            op = PT_VIS_IN;
            p_next(p);
            p_next(p);
            p_add(p, &l, p_path(p, PATH_PLAIN));
            p_expect(p, PT_T_CLOSE_PAREN, "expected `)`");
        } else if (after == PT_T_CLOSE_PAREN && (what == PT_K_CRATE || what == PT_K_SUPER || what == PT_K_SELF_LOWER)) {
            op = what == PT_K_CRATE ? PT_VIS_CRATE : what == PT_K_SUPER ? PT_VIS_SUPER : PT_VIS_SELF;
            p_skip_tree(p);
        }
    }
    p_at(p, node)->op = op;
    return p_close(p, node, l);
}

/* How far the words before `fn` go (const async unsafe extern "C" ...), or 0 when no fn follows. */
static u32 fn_words(const parser *p, u32 ahead) {
    for (u32 i = ahead; i < ahead + 8; i++) {
        u8 kind = p_peek(p, i);
        if (kind == PT_K_FN) return i + 1;
        if (kind == PT_K_CONST || kind == PT_K_ASYNC || kind == PT_K_UNSAFE || kind == PT_K_EXTERN) continue;
        if (kind == PT_T_STRING && i > ahead && p_peek(p, i - 1) == PT_K_EXTERN) continue;
        if (p_is_word(p, i, "default") || p_is_word(p, i, "safe") || p_is_word(p, i, "gen") ||
            (p->edition < 2018 && p_is_word(p, i, "async")))
            continue;
        return 0;
    }
    return 0;
}

/* Does an item start at `ahead`, visibility already passed? */
static bool item_starts_at(const parser *p, u32 i) {
    u8 kind = p_peek(p, i), next = p_peek(p, i + 1);
    switch (kind) {
    case PT_K_USE:
    case PT_K_STRUCT:
    case PT_K_ENUM:
    case PT_K_TRAIT:
    case PT_K_IMPL:
    case PT_K_FN:
    case PT_K_TYPE:
    case PT_K_PUB: return true;
    case PT_K_MOD: return next == PT_T_IDENT;
    case PT_K_STATIC: return next != PT_T_OR && next != PT_T_OR_OR && next != PT_K_MOVE && next != PT_K_ASYNC;
    case PT_K_CONST:
        if (next == PT_T_OPEN_BRACE || next == PT_T_OR || next == PT_T_OR_OR || next == PT_K_MOVE || next == PT_K_FOR)
            return false;
        if (next == PT_K_ASYNC || next == PT_K_UNSAFE || next == PT_K_EXTERN)
            return fn_words(p, i) || next == PT_K_UNSAFE;
        return true;
    case PT_K_EXTERN: return true;
    case PT_K_UNSAFE:
        return next == PT_K_IMPL || next == PT_K_TRAIT || next == PT_K_EXTERN || next == PT_K_MOD ||
               next == PT_K_STATIC || fn_words(p, i) || (p_is_word(p, i + 1, "auto") && p_peek(p, i + 2) == PT_K_TRAIT);
    case PT_K_ASYNC: return fn_words(p, i) != 0;
    case PT_K_MACRO: return next == PT_T_IDENT;
    case PT_T_IDENT:
        if (p_is_word(p, i, "union")) return next == PT_T_IDENT;
        if (p_is_word(p, i, "macro_rules"))
            return next == PT_T_BANG && (p_peek(p, i + 2) == PT_T_IDENT || p_peek(p, i + 2) == PT_K_TRY);
        if (p_is_word(p, i, "auto")) return next == PT_K_TRAIT;
        if (p_is_word(p, i, "safe")) return next == PT_K_STATIC || fn_words(p, i);
        if (p_is_word(p, i, "default"))
            return next == PT_K_IMPL || next == PT_K_TYPE || (next == PT_K_CONST) ||
                   (next == PT_K_UNSAFE && p_peek(p, i + 2) == PT_K_IMPL) || fn_words(p, i);
        if (p->edition < 2018 && p_is_word(p, i, "async")) return fn_words(p, i) != 0;
        if (p_is_word(p, i, "gen")) return next == PT_K_FN;
        return false;
    default: return false;
    }
}

bool p_item_starts(const parser *p) {
    if (p_is(p, PT_K_CRATE))
        return p_peek(p, 1) != PT_T_COLON_COLON && p->at + 1 < p->end && item_starts_at(p, 1) &&
               p_peek(p, 1) != PT_K_PUB;
    return p->kind > PT_T_ERROR || p_is(p, PT_T_IDENT) ? item_starts_at(p, 0) : false;
}

u32 p_params(parser *p, bool of_closure) {
    u8 close = of_closure ? PT_T_OR : PT_T_CLOSE_PAREN;
    u32 node = p_node(p, PT_N_PARAMS, p->at);
    list l = {0};
    if (of_closure) {
        if (p_eat(p, PT_T_OR_OR)) return p_close(p, node, l);
        if (!p_expect(p, PT_T_OR, "expected `|`")) return p_close(p, node, l);
    } else if (!p_expect(p, PT_T_OPEN_PAREN, "expected `(`")) {
        return p_close(p, node, l);
    }
    while (p->at < p->end && !p_is(p, close)) {
        u32 before = p->at;
        list parts = {0};
        p_attributes(p, &parts, false);
        u32 i = 0; /* self, mut self, &self, &mut self, &'a self, &'a mut self */
        bool reference = p_is(p, PT_T_AND), mutable = false;
        if (!of_closure) {
            if (reference) i = p_peek(p, 1) == PT_T_LIFETIME ? 2 : 1;
            if (reference && p_is_word(p, i, "pin")) i += 2, mutable = p_peek(p, i - 1) == PT_K_MUT;
            if (p_peek(p, i) == PT_K_MUT) mutable = true, i++;
        }
        if (!of_closure && (i ? p_peek(p, i) : p->kind) == PT_K_SELF_LOWER && p_peek(p, i + 1) != PT_T_COLON_COLON) {
            u32 self = p_node(p, PT_N_SELF_PARAM, p->at);
            p_at(p, self)->op = reference ? (mutable ? 2 : 1) : 0;
            for (u32 n = i + 1; n; n--) p_next(p);
            if (p_eat(p, PT_T_COLON)) p_add(p, &parts, p_type(p, true));
            p_add(p, &l, p_close(p, self, parts));
        } else if (!of_closure && p_is(p, PT_T_DOT_DOT_DOT)) {
            u32 variadic = p_node(p, PT_N_VARIADIC, p->at);
            p_next(p);
            p_add(p, &l, p_close(p, variadic, parts));
        } else {
            u32 parameter = p_node(p, PT_N_PARAM, p->at);
            bool anonymous = false;
            if (!of_closure && p->edition < 2018) { /* trait fn f(u8, &T): a type where a pattern would be */
                u32 at = p->at;
                i32 angle = 0;
                anonymous = true;
                while (at < p->end &&
                       (angle > 0 || (p->tokens[at].kind != PT_T_COMMA && p->tokens[at].kind != close))) {
                    u8 kind = p->tokens[at].kind;
                    if (kind == PT_T_COLON && angle <= 0) {
                        anonymous = false;
                        break;
                    }
                    angle += kind == PT_T_LESS ? 1 : kind == PT_T_GREATER ? -1 : kind == PT_T_SHR ? -2 : 0;
                    if (pt_token_is_open(kind) && p->tokens[at].extent > at) at = p->tokens[at].extent;
                    at++;
                }
            }
            if (!anonymous) {
                p_add(p, &parts, of_closure ? p_pattern_single(p) : p_pattern(p));
                if (p_eat(p, PT_T_COLON)) {
                    if (p_is(p, PT_T_DOT_DOT_DOT)) p_next(p);
                    else p_add(p, &parts, p_type(p, true));
                } else if (!of_closure) {
                    p_error(p, "expected `:`");
                }
            } else {
                p_add(p, &parts, p_type(p, true));
            }
            p_add(p, &l, p_close(p, parameter, parts));
        }
        if (!p_eat(p, PT_T_COMMA) && !p_is(p, close)) {
            p_error(p, "expected `,` or a closing delimiter");
            if (p->at == before || (!of_closure && !p_is(p, PT_T_IDENT))) p_skip_tree(p);
            if (of_closure) break;
        }
    }
    p_expect(p, close, "unclosed parameters");
    return p_close(p, node, l);
}

/* Items between braces; the current token is `{`. */
static u32 item_list(parser *p) {
    u32 node = p_node(p, PT_N_ITEM_LIST, p->at);
    list l = {0};
    if (!p_is(p, PT_T_OPEN_BRACE)) {
        p_error(p, "expected `{`");
        return p_close(p, node, l);
    }
    u32 close = p_partner(p);
    p_next(p);
    p->depth++;
    if (!p_deeper(p)) {
        p->at = close;
        p_sync(p);
    }
    p_attributes(p, &l, true);
    while (p->at < close) {
        u32 before = p->at;
        if (p_eat(p, PT_T_SEMICOLON)) continue;
        list attributes = {0};
        p_attributes(p, &attributes, false);
        u32 start = p->at, item = p_item(p, attributes, false);
        if (item) p_add(p, &l, item);
        else if (p->at < close && p->at == start) p_error(p, "expected an item"), p_skip_tree(p);
        if (p->at == before) p_next(p);
    }
    p->depth--;
    if (p->at > close) p->at = close, p_sync(p);
    if (p_is(p, PT_T_CLOSE_BRACE)) p_next(p);
    return p_close(p, node, l);
}

static void name(parser *p, u32 node) {
    p_at(p, node)->name = p->at;
    if (p_is(p, PT_T_IDENT) || p_is(p, PT_T_UNDERSCORE) ||
        (p->kind > PT_T_FIRST_KEYWORD && p_peek(p, 1) != PT_T_END && false)) {
        p_next(p);
    } else {
        p_error(p, "expected a name");
        if (p->kind > PT_T_FIRST_KEYWORD) p_next(p);
    }
}

static u32 named_fields(parser *p) {
    u32 node = p_node(p, PT_N_FIELDS, p->at);
    list l = {0};
    u32 close = p_partner(p);
    p_next(p);
    while (p->at < close) {
        u32 before = p->at;
        list parts = {0};
        p_attributes(p, &parts, false);
        if (p->at >= close) break;
        if (p_is(p, PT_T_UNDERSCORE)) { /* unnamed fields, unstable */
            while (p->at < close && !p_is(p, PT_T_COMMA)) p_skip_tree(p);
            p_eat(p, PT_T_COMMA);
            continue;
        }
        u32 vis = visibility(p);
        p_add(p, &parts, vis);
        u32 start = vis ? p_at(p, vis)->token : p->at;
        if (p_is(p, PT_K_UNSAFE)) p_next(p);
        u32 field = p_node(p, PT_N_FIELD, start);
        if (p_is(p, PT_T_IDENT)) {
            name(p, field);
            if (p_expect(p, PT_T_COLON, "expected `:`")) p_add(p, &parts, p_type(p, true));
            u32 type_end = p->at;
            if (p_eat(p, PT_T_EQ)) p_add(p, &parts, p_expression(p, 0)), type_end = p->at;
            p_close(p, field, parts);
            p_at(p, field)->end = type_end;
            p_add(p, &l, field);
        } else {
            p_error(p, "expected a field");
            while (p->at < close && !p_is(p, PT_T_COMMA)) p_skip_tree(p);
        }
        if (!p_eat(p, PT_T_COMMA) && p->at < close) {
            p_error(p, "expected `,`");
            if (p->at == before || !p_is(p, PT_T_IDENT)) p_skip_tree(p);
        }
    }
    p->at = close;
    p_sync(p);
    p_next(p);
    return p_close(p, node, l);
}

static u32 tuple_fields(parser *p) {
    u32 node = p_node(p, PT_N_TUPLE_FIELDS, p->at);
    list l = {0};
    u32 close = p_partner(p);
    p_next(p);
    while (p->at < close) {
        u32 before = p->at;
        list parts = {0};
        p_attributes(p, &parts, false);
        if (p->at >= close) break;
        u32 field = p_node(p, PT_N_TUPLE_FIELD, p->at);
        if (!(p_is(p, PT_K_CRATE))) p_add(p, &parts, visibility(p));
        p_add(p, &parts, p_type(p, true));
        if (p_eat(p, PT_T_EQ)) p_expression(p, 0);
        p_add(p, &l, p_close(p, field, parts));
        if (!p_eat(p, PT_T_COMMA) && p->at < close) p_error(p, "expected `,`");
        if (p->at == before) p_skip_tree(p);
    }
    p->at = close;
    p_sync(p);
    p_next(p);
    return p_close(p, node, l);
}

static u32 fields(parser *p) {
    if (p_is(p, PT_T_OPEN_BRACE)) return named_fields(p);
    if (p_is(p, PT_T_OPEN_PAREN)) return tuple_fields(p);
    return 0;
}

static void end_semicolon(parser *p) {
    if (p_eat(p, PT_T_SEMICOLON)) return;
    p_error(p, "expected `;`");
    /* half-typed: what follows may be the next item already */
    while (p->at < p->end && !p_is(p, PT_T_SEMICOLON) && !pt_token_is_close(p->kind) && !p_item_starts(p) &&
           !(p->tokens[p->at].flags & PT_TOKEN_NEWLINE))
        p_skip_tree(p);
    p_eat(p, PT_T_SEMICOLON);
}

static void structure(parser *p, u32 node, list *l) {
    p_next(p);
    name(p, node);
    p_add(p, l, p_generics(p));
    p_add(p, l, p_where(p));
    u32 f = fields(p);
    p_add(p, l, f);
    if (f && p_at(p, f)->kind == PT_N_FIELDS) return;
    p_add(p, l, p_where(p));
    end_semicolon(p);
}

static void enumeration(parser *p, u32 node, list *l) {
    p_next(p);
    name(p, node);
    p_add(p, l, p_generics(p));
    p_add(p, l, p_where(p));
    if (!p_is(p, PT_T_OPEN_BRACE)) {
        p_error(p, "expected `{`");
        return;
    }
    u32 close = p_partner(p);
    p_next(p);
    while (p->at < close) {
        u32 before = p->at;
        list parts = {0};
        p_attributes(p, &parts, false);
        if (p->at >= close) break;
        p_add(p, &parts, visibility(p));
        u32 variant = p_node(p, PT_N_VARIANT, p->at);
        if (p_is(p, PT_T_IDENT)) {
            name(p, variant);
            p_add(p, &parts, fields(p));
            if (p_eat(p, PT_T_EQ)) p_add(p, &parts, p_expression(p, 0));
            p_add(p, l, p_close(p, variant, parts));
        } else {
            p_error(p, "expected a variant");
            while (p->at < close && !p_is(p, PT_T_COMMA)) p_skip_tree(p);
        }
        if (!p_eat(p, PT_T_COMMA) && p->at < close) {
            p_error(p, "expected `,`");
            if (p->at == before) p_skip_tree(p);
        }
    }
    p->at = close;
    p_sync(p);
    p_next(p);
}

static void function(parser *p, u32 node, list *l) {
    u16 flags = 0;
    for (; !p_is(p, PT_K_FN); p_next(p)) {
        switch (p->kind) {
        case PT_K_ASYNC: flags |= PT_F_ASYNC; break;
        case PT_K_CONST: flags |= PT_F_CONST; break;
        case PT_K_UNSAFE: flags |= PT_F_UNSAFE; break;
        case PT_K_EXTERN: flags |= PT_F_EXTERN; break;
        default:
            if (p_is_word(p, 0, "default")) flags |= PT_F_DEFAULT;
            else if (p_is_word(p, 0, "async")) flags |= PT_F_ASYNC;
        }
    }
    p_next(p);
    name(p, node);
    p_add(p, l, p_generics(p));
    u32 params = p_params(p, false);
    p_add(p, l, params);
    for (u32 c = p_at(p, params)->child; c; c = p_at(p, c)->next)
        if (p_at(p, c)->kind == PT_N_SELF_PARAM) flags |= PT_F_HAS_SELF;
    p_add(p, l, p_return(p, true));
    p_add(p, l, p_where(p));
    while (p->at < p->end && !p_is(p, PT_T_OPEN_BRACE) && !p_is(p, PT_T_SEMICOLON) && !pt_token_is_close(p->kind) &&
           !p_item_starts(p)) {
        p_error(p, "expected `{` or `;`");
        p_skip_tree(p);
    }
    if (p_is(p, PT_T_OPEN_BRACE)) {
        flags |= PT_F_HAS_BODY;
        p_at(p, node)->extra = p->at;
        p_add(p, l, p_block(p, PT_BLOCK_PLAIN));
    } else if (!p_eat(p, PT_T_SEMICOLON)) {
        p_error(p, "expected `{` or `;`");
    }
    p_at(p, node)->flags = flags;
}

static void constant(parser *p, u32 node, list *l) {
    if (p_is_word(p, 0, "safe") || p_is_word(p, 0, "default") || p_is(p, PT_K_UNSAFE)) p_next(p);
    bool is_static = p_is(p, PT_K_STATIC);
    p_at(p, node)->kind = is_static ? PT_N_STATIC : PT_N_CONST;
    p_next(p);
    if (p_eat(p, PT_K_MUT)) p_at(p, node)->flags |= PT_F_MUT;
    name(p, node);
    p_add(p, l, p_generics(p));
    if (p_eat(p, PT_T_COLON)) p_add(p, l, p_type(p, true));
    p_add(p, l, p_where(p));
    if (p_eat(p, PT_T_EQ)) {
        p_at(p, node)->flags |= PT_F_HAS_BODY;
        p_at(p, node)->extra = p->at;
        p_add(p, l, p_expression(p, 0));
    }
    p_add(p, l, p_where(p));
    end_semicolon(p);
}

static void type_alias(parser *p, u32 node, list *l) {
    if (p_is_word(p, 0, "default")) p_next(p);
    p_next(p);
    name(p, node);
    p_add(p, l, p_generics(p));
    if (p_eat(p, PT_T_COLON)) p_add(p, l, p_bounds(p));
    p_add(p, l, p_where(p));
    if (p_eat(p, PT_T_EQ)) p_add(p, l, p_type(p, true));
    p_add(p, l, p_where(p));
    end_semicolon(p);
}

static void trait(parser *p, u32 node, list *l) {
    u16 flags = 0;
    for (; !p_is(p, PT_K_TRAIT); p_next(p)) {
        if (p_is(p, PT_K_UNSAFE)) flags |= PT_F_UNSAFE;
        else if (p_is_word(p, 0, "auto")) flags |= PT_F_AUTO;
        if (p_peek(p, 1) == PT_T_END) break;
    }
    p_at(p, node)->flags = flags;
    p_next(p);
    name(p, node);
    p_add(p, l, p_generics(p));
    if (p_eat(p, PT_T_COLON)) p_add(p, l, p_bounds(p));
    if (p_eat(p, PT_T_EQ)) {
        p_at(p, node)->kind = PT_N_TRAIT_ALIAS;
        p_add(p, l, p_bounds(p));
        p_add(p, l, p_where(p));
        end_semicolon(p);
        return;
    }
    p_add(p, l, p_where(p));
    p_add(p, l, item_list(p));
}

static void implementation(parser *p, u32 node, list *l) {
    u16 flags = 0;
    for (; !p_is(p, PT_K_IMPL); p_next(p)) flags = (u16)(flags | (p_is(p, PT_K_UNSAFE) ? PT_F_UNSAFE : PT_F_DEFAULT));
    p_next(p);
    if (p_is(p, PT_T_LESS)) { /* generics, unless it is a qualified path: impl <T as Tr>::X { */
        u8 next = p_peek(p, 1), after = p_peek(p, 2);
        bool generics = next == PT_T_GREATER || next == PT_T_POUND || next == PT_K_CONST ||
                        ((next == PT_T_LIFETIME || next == PT_T_IDENT) &&
                         (after == PT_T_GREATER || after == PT_T_COMMA || after == PT_T_COLON || after == PT_T_EQ));
        if (generics) p_add(p, l, p_generics(p));
    }
    if (p_is(p, PT_K_CONST)) flags |= PT_F_CONST, p_next(p);
    else if (p_is(p, PT_T_TILDE)) p_next(p), p_eat(p, PT_K_CONST);
    else if (p_is(p, PT_T_OPEN_BRACKET) && p_peek(p, 1) == PT_K_CONST) p_skip_tree(p);
    if (p_is(p, PT_T_BANG) && p_peek(p, 1) != PT_T_OPEN_BRACE && p_peek(p, 1) != PT_K_FOR)
        flags |= PT_F_NEGATIVE, p_next(p);
    u32 type = p_type(p, true);
    if (p_eat(p, PT_K_FOR)) {
        u32 of_trait = p_node(p, PT_N_IMPL_TRAIT, p_at(p, type)->token);
        list parts = {0};
        if (p_at(p, type)->kind == PT_N_TYPE_PATH) p_add(p, &parts, p_at(p, type)->child);
        else if (p_at(p, type)->kind != PT_N_MACRO_CALL) p_error(p, "expected a trait's path before `for`");
        u32 end = p->at;
        p_close(p, of_trait, parts);
        p_at(p, of_trait)->end = end;
        p_add(p, l, of_trait);
        type = p_eat(p, PT_T_DOT_DOT) ? 0u : p_type(p, true);
    }
    p_add(p, l, type);
    p_add(p, l, p_where(p));
    p_at(p, node)->flags = flags;
    while (p->at < p->end && !p_is(p, PT_T_OPEN_BRACE) && !p_is(p, PT_T_SEMICOLON) && !pt_token_is_close(p->kind) &&
           !p_item_starts(p)) {
        p_error(p, "expected `{`");
        p_skip_tree(p);
    }
    if (p_is(p, PT_T_SEMICOLON)) p_error(p, "expected `{`"), p_next(p);
    else p_add(p, l, item_list(p));
}

static u32 use_tree(parser *p) {
    u32 node = p_node(p, PT_N_USE_TREE, p->at);
    list l = {0};
    p->depth++;
    if (!p_deeper(p)) {
        p_skip_tree(p);
        p->depth--;
        return p_close(p, node, l);
    }
    u32 path = 0;
    bool global = p_is(p, PT_T_COLON_COLON) && (p_peek(p, 1) == PT_T_OPEN_BRACE || p_peek(p, 1) == PT_T_STAR);
    if (global) {
        path = p_node(p, PT_N_PATH, p->at);
        p_at(p, path)->op = 1;
        p_next(p);
        p_close(p, path, (list){0});
    } else if (!p_is(p, PT_T_OPEN_BRACE) && !p_is(p, PT_T_STAR)) {
        path = p_path(p, PATH_PLAIN);
        if (p_is(p, PT_T_COLON_COLON) && (p_peek(p, 1) == PT_T_OPEN_BRACE || p_peek(p, 1) == PT_T_STAR)) p_next(p);
        else {
            p_add(p, &l, path);
            if (p_eat(p, PT_K_AS)) {
                p_at(p, node)->name = p->at;
                if (!p_eat(p, PT_T_IDENT)) p_expect(p, PT_T_UNDERSCORE, "expected a name");
            }
            p->depth--;
            return p_close(p, node, l);
        }
    }
    p_add(p, &l, path);
    if (p_eat(p, PT_T_STAR)) {
        p_at(p, node)->op = PT_USE_GLOB;
    } else if (p_is(p, PT_T_OPEN_BRACE)) {
        u32 close = p_partner(p);
        p_at(p, node)->op = PT_USE_LIST;
        p_next(p);
        while (p->at < close) {
            u32 before = p->at;
            p_add(p, &l, use_tree(p));
            if (!p_eat(p, PT_T_COMMA) && p->at < close) {
                p_error(p, "expected `,` or `}`");
                if (p->at == before) p_skip_tree(p);
            }
        }
        p->at = close;
        p_sync(p);
        p_next(p);
    }
    p->depth--;
    return p_close(p, node, l);
}

static void macro_definition(parser *p, u32 node) {
    bool rules = !p_is(p, PT_K_MACRO);
    p_next(p);
    if (rules) p_next(p); /* ! */
    p_at(p, node)->name = p->at;
    if (p_is(p, PT_T_IDENT) || p_is(p, PT_K_TRY)) p_next(p);
    else p_error(p, "expected a macro's name");
    if (!rules && p_is(p, PT_T_OPEN_PAREN)) { /* macro m($x:expr) { ... }: `extra` is the pattern's opening */
        p_at(p, node)->extra = p->at;
        p_at(p, node)->op = 1;
        p_skip_tree(p);
        if (p_is(p, PT_T_OPEN_BRACE)) p_skip_tree(p);
        else p_error(p, "expected a macro's body");
        return;
    }
    p_at(p, node)->extra = p->at;
    bool brace = p_is(p, PT_T_OPEN_BRACE);
    if (pt_token_is_open(p->kind)) p_skip_tree(p);
    else p_error(p, "expected a macro's body");
    if (rules && !brace && !p_eat(p, PT_T_SEMICOLON)) p_error(p, "expected `;`");
}

static u32 item_macro_call(parser *p, list attributes) {
    u32 start = p->at;
    u32 path = p_path(p, PATH_PLAIN);
    if (!p_is(p, PT_T_BANG) || !(pt_token_is_open(p_peek(p, 1)) || p_peek(p, 1) == PT_T_IDENT)) {
        p_error(p, "expected an item");
        /* a stray word: give up the rest of this line unless an item starts in it */
        while (p->at < p->end && !p_is(p, PT_T_SEMICOLON) && !pt_token_is_close(p->kind) && !p_item_starts(p) &&
               !(p->tokens[p->at].flags & PT_TOKEN_NEWLINE))
            p_skip_tree(p);
        p_eat(p, PT_T_SEMICOLON);
        return 0;
    }
    if (p_peek(p, 1) == PT_T_IDENT) { /* old `foo! name { }` */
        p_next(p);
        p->kind = PT_T_BANG;
    }
    u32 node = p_macro_call(p, path, start);
    if (p->tokens[p_at(p, node)->extra].kind != PT_T_OPEN_BRACE) {
        if (!p_eat(p, PT_T_SEMICOLON)) p_error(p, "expected `;`");
    }
    list l = attributes;
    p_add(p, &l, path);
    return p_close(p, node, l);
}

static u32 item_of(parser *p, list attributes, bool in_block) {
    if (p->at >= p->end) return 0;
    u32 start = p->at;
    u32 vis = p_is(p, PT_K_PUB) || (p_is(p, PT_K_CRATE) && p_item_starts(p)) ? visibility(p) : 0;
    if (!item_starts_at(p, 0)) {
        if (vis) {
            p_error(p, "expected an item after the visibility");
            if (!p_path_starts(p)) return 0;
        }
        if (in_block || !p_path_starts(p) || p_is(p, PT_T_LESS) || p_is(p, PT_T_SHL)) return 0;
        return item_macro_call(p, attributes);
    }
    u32 node = p_node(p, PT_N_FN, start);
    list l = attributes;
    p_add(p, &l, vis);
    u8 kind = p->kind;
    p->block_items += in_block;
    if (fn_words(p, 0)) {
        function(p, node, &l);
        return p_close(p, node, l);
    }
    if (p_is_word(p, 0, "default") || kind == PT_K_UNSAFE || p_is_word(p, 0, "safe") || p_is_word(p, 0, "auto")) {
        for (u32 ahead = 1; ahead < 4 && (kind == PT_T_IDENT || kind == PT_K_UNSAFE); ahead++) kind = p_peek(p, ahead);
    }
    if (kind == PT_K_CONST &&
        (p_peek(p, 1) == PT_K_TRAIT || (p_peek(p, 1) == PT_K_UNSAFE && p_peek(p, 2) == PT_K_TRAIT)))
        p_next(p), kind = PT_K_TRAIT; /* const trait, unstable */
    switch (kind) {
    case PT_K_MOD:
        p_at(p, node)->kind = PT_N_MODULE;
        p_eat(p, PT_K_UNSAFE);
        p_next(p);
        name(p, node);
        if (p_is(p, PT_T_OPEN_BRACE)) {
            p_at(p, node)->flags |= PT_F_HAS_BODY;
            p_add(p, &l, item_list(p));
        } else {
            end_semicolon(p);
        }
        break;
    case PT_K_USE: {
        p_at(p, node)->kind = PT_N_USE;
        p_next(p);
        p_add(p, &l, use_tree(p));
        end_semicolon(p);
        break;
    }
    case PT_K_STRUCT:
        p_at(p, node)->kind = PT_N_STRUCT;
        structure(p, node, &l);
        break;
    case PT_K_ENUM:
        p_at(p, node)->kind = PT_N_ENUM;
        enumeration(p, node, &l);
        break;
    case PT_K_TRAIT:
        p_at(p, node)->kind = PT_N_TRAIT;
        trait(p, node, &l);
        break;
    case PT_K_IMPL:
        p_at(p, node)->kind = PT_N_IMPL;
        implementation(p, node, &l);
        break;
    case PT_K_TYPE:
        p_at(p, node)->kind = PT_N_TYPE_ALIAS;
        type_alias(p, node, &l);
        break;
    case PT_K_CONST:
    case PT_K_STATIC: constant(p, node, &l); break;
    case PT_K_MACRO:
        p_at(p, node)->kind = PT_N_MACRO_DEF;
        macro_definition(p, node);
        break;
    case PT_K_EXTERN:
        p_eat(p, PT_K_UNSAFE);
        p_next(p);
        if (p_is(p, PT_K_CRATE)) {
            p_at(p, node)->kind = PT_N_EXTERN_CRATE;
            p_next(p);
            p_at(p, node)->name = p->at;
            if (!p_eat(p, PT_T_IDENT)) p_expect(p, PT_K_SELF_LOWER, "expected a crate's name");
            if (p_eat(p, PT_K_AS)) {
                p_at(p, node)->extra = p->at;
                if (!p_eat(p, PT_T_IDENT)) p_expect(p, PT_T_UNDERSCORE, "expected a name");
            }
            end_semicolon(p);
        } else {
            p_at(p, node)->kind = PT_N_EXTERN_BLOCK;
            p_eat(p, PT_T_STRING);
            p_add(p, &l, item_list(p));
        }
        break;
    default:
        if (p_is_word(p, 0, "macro_rules")) {
            p_at(p, node)->kind = PT_N_MACRO_RULES;
            macro_definition(p, node);
        } else { /* union */
            p_at(p, node)->kind = PT_N_UNION;
            structure(p, node, &l);
        }
    }
    return p_close(p, node, l);
}

u32 p_item(parser *p, list attributes, bool in_block) {
    u32 before = p->block_items + in_block;
    u32 item = item_of(p, attributes, in_block);
    if (item && p->block_items > before) p_at(p, item)->flags |= PT_F_BLOCK_ITEMS;
    return item;
}
