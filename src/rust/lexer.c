#include "rust/lexer.h"

#include "xid_tables.h"

/* Byte classes of the first byte of a token; also whether a byte continues an identifier. */
enum { C_BAD, C_SPACE, C_IDENT, C_DIGIT, C_PUNCT, C_QUOTE, C_TICK, C_SLASH, C_HIGH };

static const u8 byte_class[256] = {
    ['\t'] = C_SPACE, ['\n'] = C_SPACE,        ['\v'] = C_SPACE,        ['\f'] = C_SPACE,
    ['\r'] = C_SPACE, [' '] = C_SPACE,         ['a' ... 'z'] = C_IDENT, ['A' ... 'Z'] = C_IDENT,
    ['_'] = C_IDENT,  ['0' ... '9'] = C_DIGIT, ['"'] = C_QUOTE,         ['\''] = C_TICK,
    ['/'] = C_SLASH,  ['!'] = C_PUNCT,         ['#' ... '&'] = C_PUNCT, ['('] = C_PUNCT,
    [')'] = C_PUNCT,  ['*' ... '.'] = C_PUNCT, [':' ... '@'] = C_PUNCT, ['['] = C_PUNCT,
    [']'] = C_PUNCT,  ['^'] = C_PUNCT,         ['{' ... '~'] = C_PUNCT, [0x80 ... 0xff] = C_HIGH,
};
static const u8 ident_byte[256] = {['a' ... 'z'] = 1, ['A' ... 'Z'] = 1, ['0' ... '9'] = 1, ['_'] = 1};

static bool in_ranges(const pt_xid_range *ranges, u32 count, u32 c) {
    u32 low = 0, high = count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (c > ranges[middle].last) low = middle + 1;
        else high = middle;
    }
    return low < count && c >= ranges[low].first;
}
static bool xid_start(u32 c) { return in_ranges(pt_xid_start_ranges, PT_COUNT_OF(pt_xid_start_ranges), c); }
static bool xid_continue(u32 c) { return in_ranges(pt_xid_continue_ranges, PT_COUNT_OF(pt_xid_continue_ranges), c); }

/* Decodes one code point at `at`; its length in bytes, or 0 when it is not valid UTF-8. */
static u32 decode(const u8 *at, const u8 *end, u32 *c) {
    u32 left = (u32)PT_MIN(end - at, 4);
    u8 b = at[0];
    u32 n = b < 0x80 ? 1 : b >= 0xc2 && b < 0xe0 ? 2 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xf0 && b < 0xf5 ? 4 : 0;
    if (n == 0 || n > left) return 0;
    u32 value = n == 1 ? b : b & (0x7fu >> n);
    for (u32 i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
        value = value << 6 | (at[i] & 0x3fu);
    }
    if ((n == 3 && (value < 0x800 || (value >= 0xd800 && value < 0xe000))) ||
        (n == 4 && (value < 0x10000 || value > 0x10ffff)))
        return 0;
    *c = value;
    return n;
}

void pt_lexemes_error(pt_lexemes *lexemes, u32 offset, const char *message) {
    if (lexemes->errors.count < PT_MAX_SYNTAX_ERRORS) pt_vec_push(&lexemes->errors, (pt_syntax_error){offset, message});
}

void pt_lexemes_free(pt_lexemes *lexemes) {
    pt_vec_free(&lexemes->tokens);
    pt_vec_free(&lexemes->errors);
    pt_vec_free(&lexemes->open);
}

static const char *const spellings[PT_T_KIND_COUNT] = {
#define X(name, text) [PT_T_##name] = text,
    PT_TOKEN_PUNCTUATION(X)
#undef X
#define X(name, text) [PT_K_##name] = text,
        PT_TOKEN_KEYWORDS(X)
#undef X
};

const char *pt_token_spelling(u8 kind) {
    return kind < PT_T_KIND_COUNT && spellings[kind] ? spellings[kind] : kind == PT_T_UNDERSCORE ? "_" : "";
}

/* Keywords, found by length and first letter: at most three comparisons. */
static u8 keyword(const char *s, u32 n, u32 edition) {
    if (n < 2 || n > 8) return n == 1 && s[0] == '_' ? PT_T_UNDERSCORE : PT_T_IDENT;
/* clang-format off */
#define IS(text, kind) \
    if (n == sizeof(text) - 1 && memcmp(s, text, sizeof(text) - 1) == 0) return (kind);
#define SINCE_2018(text, kind) \
    if (n == sizeof(text) - 1 && memcmp(s, text, sizeof(text) - 1) == 0) return edition >= 2018 ? (kind) : PT_T_IDENT;
    switch (s[0]) {
    case 'a': IS("as", PT_K_AS) SINCE_2018("async", PT_K_ASYNC) SINCE_2018("await", PT_K_AWAIT) break;
    case 'b': IS("break", PT_K_BREAK) IS("box", PT_K_BOX) break;
    case 'c': IS("const", PT_K_CONST) IS("crate", PT_K_CRATE) IS("continue", PT_K_CONTINUE) break;
    case 'd': SINCE_2018("dyn", PT_K_DYN) IS("do", PT_K_DO) break;
    case 'e': IS("else", PT_K_ELSE) IS("enum", PT_K_ENUM) IS("extern", PT_K_EXTERN) break;
    case 'f': IS("fn", PT_K_FN) IS("for", PT_K_FOR) IS("false", PT_K_FALSE) break;
    case 'i': IS("if", PT_K_IF) IS("in", PT_K_IN) IS("impl", PT_K_IMPL) break;
    case 'l': IS("let", PT_K_LET) IS("loop", PT_K_LOOP) break;
    case 'm': IS("mut", PT_K_MUT) IS("match", PT_K_MATCH) IS("mod", PT_K_MOD) IS("move", PT_K_MOVE)
        IS("macro", PT_K_MACRO) break;
    case 'p': IS("pub", PT_K_PUB) break;
    case 'r': IS("return", PT_K_RETURN) IS("ref", PT_K_REF) break;
    case 's': IS("self", PT_K_SELF_LOWER) IS("struct", PT_K_STRUCT) IS("super", PT_K_SUPER) IS("static", PT_K_STATIC)
        break;
    case 'S': IS("Self", PT_K_SELF_UPPER) break;
    case 't': IS("type", PT_K_TYPE) IS("true", PT_K_TRUE) IS("trait", PT_K_TRAIT) SINCE_2018("try", PT_K_TRY) break;
    case 'u': IS("use", PT_K_USE) IS("unsafe", PT_K_UNSAFE) break;
    case 'w': IS("where", PT_K_WHERE) IS("while", PT_K_WHILE) break;
    case 'y': IS("yield", PT_K_YIELD) break;
    default: break;
    }
#undef IS
#undef SINCE_2018
    /* clang-format on */
    return PT_T_IDENT;
}

typedef struct lexer {
    pt_lexemes *out;
    const u8 *begin, *at, *end;
    u32 edition;
    u8 flags;
} lexer;

static void emit(lexer *l, u8 kind, const u8 *start, const u8 *end) {
    pt_vec_push(&l->out->tokens, (pt_token){(u32)(start - l->begin), (u32)(end - start), kind, l->flags, 0});
    l->flags = 0;
}
static void fail(lexer *l, const u8 *at, const char *message) {
    pt_lexemes_error(l->out, (u32)(at - l->begin), message);
}

static const u8 *ident_end(lexer *l, const u8 *at) {
    for (;;) {
        while (ident_byte[*at]) at++;
        u32 c, n;
        if (*at < 0x80 || at >= l->end || !(n = decode(at, l->end, &c)) || !xid_continue(c)) return PT_MIN(at, l->end);
        at += n;
    }
}
static bool ident_starts(lexer *l, const u8 *at) {
    u32 c;
    if (at >= l->end) return false;
    if (*at < 0x80) return byte_class[*at] == C_IDENT;
    return decode(at, l->end, &c) && xid_start(c);
}

/* The end of a quoted literal whose body starts at `at` and ends with `quote`. */
static const u8 *quoted_end(lexer *l, const u8 *start, const u8 *at, u8 quote, const char *message) {
    while (at < l->end) {
        if (*at == quote) return at + 1;
        at += *at == '\\' && at + 1 < l->end ? 2 : 1;
    }
    fail(l, start, message);
    return l->end;
}
static const u8 *raw_string_end(lexer *l, const u8 *start, const u8 *at) {
    u32 hashes = 0;
    while (at < l->end && *at == '#') at++, hashes++;
    if (at >= l->end || *at != '"') return NULL;
    for (at++; at < l->end; at++) {
        at = memchr(at, '"', (size_t)(l->end - at));
        if (!at) break;
        u32 seen = 0;
        while (seen < hashes && at + 1 + seen < l->end && at[1 + seen] == '#') seen++;
        if (seen == hashes) return at + 1 + hashes;
    }
    fail(l, start, "unterminated raw string");
    return l->end;
}
static void literal(lexer *l, u8 kind, const u8 *start, const u8 *end) {
    if (ident_starts(l, end)) end = ident_end(l, end); /* a suffix, valid or not, belongs to the literal */
    emit(l, kind, start, end);
    l->at = end;
}

/* r"", r#""#, r#name, b'', b"", br"", c"", cr"": true when the identifier byte at l->at opened one of them. */
static bool prefixed(lexer *l) {
    const u8 *s = l->at, *end;
    u8 a = s[0], b = s + 1 < l->end ? s[1] : 0, c = s + 2 < l->end ? s[2] : 0;
    if (a == 'r' && b == '"') return literal(l, PT_T_STRING, s, raw_string_end(l, s, s + 1)), true;
    if (a == 'r' && b == '#') {
        if ((end = raw_string_end(l, s, s + 1))) return literal(l, PT_T_STRING, s, end), true;
        if (ident_starts(l, s + 2)) {
            l->flags |= PT_TOKEN_RAW;
            l->at = ident_end(l, s + 2);
            emit(l, PT_T_IDENT, s + 2, l->at);
            return true;
        }
        return false;
    }
    if (a == 'b' && b == '\'')
        return literal(l, PT_T_BYTE, s, quoted_end(l, s, s + 2, '\'', "unterminated byte literal")), true;
    if ((a == 'b' || a == 'c') && b == '"')
        return literal(l, a == 'b' ? PT_T_BYTE_STRING : PT_T_C_STRING, s,
                       quoted_end(l, s, s + 2, '"', "unterminated string")),
               true;
    if ((a == 'b' || a == 'c') && b == 'r' && (c == '"' || c == '#') && (end = raw_string_end(l, s, s + 2)))
        return literal(l, a == 'b' ? PT_T_BYTE_STRING : PT_T_C_STRING, s, end), true;
    return false;
}

static void number(lexer *l) {
    const u8 *s = l->at, *at = s;
    bool is_float = false;
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'o' || at[1] == 'b')) {
        bool hex = at[1] == 'x';
        at += 2;
        while (ident_byte[*at] && (hex || (*at >= '0' && *at <= '9') || *at == '_')) at++;
    } else {
        while ((*at >= '0' && *at <= '9') || *at == '_') at++;
        if (*at == '.' && at[1] != '.' && !ident_starts(l, at + 1)) {
            is_float = true;
            at++;
            if (*at >= '0' && *at <= '9')
                while ((*at >= '0' && *at <= '9') || *at == '_') at++;
        }
        if (*at == 'e' || *at == 'E') {
            const u8 *e = at + 1;
            if (*e == '+' || *e == '-') e++;
            while (*e == '_') e++;
            if (*e >= '0' && *e <= '9') {
                is_float = true;
                while ((*e >= '0' && *e <= '9') || *e == '_') e++;
                at = e;
            }
        }
    }
    if (at > l->end) at = l->end;
    const u8 *suffix = at;
    if (ident_starts(l, at)) at = ident_end(l, at);
    if (!is_float && at - suffix == 3 && suffix[0] == 'f' && (suffix[1] == '3' || suffix[1] == '6')) is_float = true;
    emit(l, is_float ? PT_T_FLOAT : PT_T_INT, s, at);
    l->at = at;
}

static void tick(lexer *l) {
    const u8 *s = l->at, *at = s + 1;
    u32 c = 0, n = at < l->end ? decode(at, l->end, &c) : 0;
    if (n && *at == '\\') {
        literal(l, PT_T_CHAR, s, quoted_end(l, s, at, '\'', "unterminated character literal"));
    } else if (n && at + n < l->end && at[n] == '\'' && *at != '\'') {
        literal(l, PT_T_CHAR, s, at + n + 1);
    } else if (ident_starts(l, at)) {
        if (at[0] == 'r' && at + 1 < l->end && at[1] == '#' && ident_starts(l, at + 2)) at += 2;
        l->at = ident_end(l, at);
        emit(l, PT_T_LIFETIME, s, l->at);
        if (l->at < l->end && *l->at == '\'') { /* 'ab': not a lifetime, not a character */
            fail(l, s, "character literal holds more than one character");
            l->out->tokens.data[l->out->tokens.count - 1].kind = PT_T_CHAR;
            l->out->tokens.data[l->out->tokens.count - 1].extent++;
            l->at++;
        }
    } else {
        const u8 *newline = memchr(at, '\n', (size_t)(l->end - at)), *limit = newline ? newline : l->end;
        size_t room = at < limit ? (size_t)(limit - at) - 1 : 0;
        const u8 *close = room ? memchr(at + 1, '\'', room) : NULL;
        fail(l, s, "malformed character literal");
        l->at = close && close - at <= 12 ? close + 1 : PT_MAX(at, s + 1); /* a grapheme of several code points */
        emit(l, PT_T_ERROR, s, l->at);
    }
}

static void slash(lexer *l) {
    const u8 *s = l->at;
    if (s[1] == '/') {
        const u8 *newline = memchr(s, '\n', (size_t)(l->end - s)), *end = newline ? newline : l->end;
        const u8 *text_end = end > s && end[-1] == '\r' ? end - 1 : end;
        l->at = end;
        if (s[2] == '!') emit(l, PT_T_DOC_INNER, s, text_end);
        else if (s[2] == '/' && s[3] != '/') emit(l, PT_T_DOC_OUTER, s, text_end);
        l->flags |= PT_TOKEN_SPACED;
    } else if (s[1] == '*') {
        u32 depth = 1;
        const u8 *at = s + 2;
        while (at < l->end && depth) {
            if (*at == '*' && at[1] == '/') depth--, at += 2;
            else if (*at == '/' && at[1] == '*') depth++, at += 2;
            else at++;
        }
        if (depth || at > l->end) fail(l, s, "unterminated block comment"), at = l->end;
        l->at = at;
        if (s[2] == '!' && at - s >= 5) emit(l, PT_T_DOC_INNER, s, at);
        else if (s[2] == '*' && s[3] != '*' && s[3] != '/') emit(l, PT_T_DOC_OUTER, s, at);
        l->flags |= PT_TOKEN_SPACED;
    } else {
        u32 n = s[1] == '=' ? 2 : 1;
        l->at += n;
        emit(l, n == 2 ? PT_T_SLASH_EQ : PT_T_SLASH, s, s + n);
    }
}

static void punctuation(lexer *l) {
    const u8 *s = l->at;
    u8 a = s[0], b = s[1], c = b ? s[2] : 0;
    int kind = PT_T_ERROR;
    u32 n = 1;
/* clang-format off */
#define GLUED(length, k) (n = (length), (k))
#define ONE(ch, k) \
    case ch: kind = PT_T_##k; break;
#define WITH_EQ(ch, k)                          \
    case ch:                                    \
        if (b == '=') kind = PT_T_##k##_EQ, n = 2; \
        else kind = PT_T_##k;                   \
        break;
    switch (a) {
        ONE(';', SEMICOLON) ONE(',', COMMA) ONE('(', OPEN_PAREN) ONE(')', CLOSE_PAREN) ONE('{', OPEN_BRACE)
        ONE('}', CLOSE_BRACE) ONE('[', OPEN_BRACKET) ONE(']', CLOSE_BRACKET) ONE('@', AT) ONE('#', POUND)
        ONE('~', TILDE) ONE('?', QUESTION) ONE('$', DOLLAR)
        WITH_EQ('+', PLUS) WITH_EQ('*', STAR) WITH_EQ('^', CARET) WITH_EQ('%', PERCENT)
    case ':': kind = b == ':' ? GLUED(2, PT_T_COLON_COLON) : PT_T_COLON; break;
    case '!': kind = b == '=' ? GLUED(2, PT_T_NOT_EQ) : PT_T_BANG; break;
    case '.':
        if (b == '.') kind = c == '=' ? GLUED(3, PT_T_DOT_DOT_EQ) : c == '.' ? GLUED(3, PT_T_DOT_DOT_DOT) : GLUED(2, PT_T_DOT_DOT);
        else kind = PT_T_DOT;
        break;
    case '=': kind = b == '=' ? GLUED(2, PT_T_EQ_EQ) : b == '>' ? GLUED(2, PT_T_FAT_ARROW) : PT_T_EQ; break;
    case '-': kind = b == '>' ? GLUED(2, PT_T_ARROW) : b == '=' ? GLUED(2, PT_T_MINUS_EQ) : PT_T_MINUS; break;
    case '&': kind = b == '&' ? GLUED(2, PT_T_AND_AND) : b == '=' ? GLUED(2, PT_T_AND_EQ) : PT_T_AND; break;
    case '|': kind = b == '|' ? GLUED(2, PT_T_OR_OR) : b == '=' ? GLUED(2, PT_T_OR_EQ) : PT_T_OR; break;
    case '<':
        if (b == '<') kind = c == '=' ? GLUED(3, PT_T_SHL_EQ) : GLUED(2, PT_T_SHL);
        else kind = b == '=' ? GLUED(2, PT_T_LESS_EQ) : PT_T_LESS;
        break;
    case '>':
        if (b == '>') kind = c == '=' ? GLUED(3, PT_T_SHR_EQ) : GLUED(2, PT_T_SHR);
        else kind = b == '=' ? GLUED(2, PT_T_GREATER_EQ) : PT_T_GREATER;
        break;
    default: break;
    }
#undef GLUED
#undef ONE
#undef WITH_EQ
    /* clang-format on */
    if (s + n > l->end) n = 1;
    l->at += n;
    emit(l, (u8)kind, s, s + n);
}

static void unusual(lexer *l) {
    u32 c, n = decode(l->at, l->end, &c);
    const u8 *s = l->at;
    if (n && (c == 0x85 || c == 0x200e || c == 0x200f || c == 0x2028 || c == 0x2029)) {
        l->at += n;
        l->flags |= PT_TOKEN_SPACED;
    } else if (n && xid_start(c)) {
        l->at = ident_end(l, s);
        emit(l, PT_T_IDENT, s, l->at);
    } else {
        fail(l, s, n ? "a character that Rust does not know" : *s < 0x80 ? "a control character" : "invalid UTF-8");
        l->at += n ? n : 1;
        emit(l, PT_T_ERROR, s, l->at);
    }
}

static void find_invalid_utf8(pt_lexemes *out, const u8 *begin, const u8 *end) {
    for (const u8 *at = begin; at < end;) {
        u64 word;
        if (end - at >= 8 && (memcpy(&word, at, 8), !(word & 0x8080808080808080u))) {
            at += 8;
            continue;
        }
        u32 c, n = decode(at, end, &c);
        if (!n) {
            pt_lexemes_error(out, (u32)(at - begin), "invalid UTF-8");
            return;
        }
        at += n;
    }
}

void pt_pair_delimiters(pt_lexemes *out) {
    pt_token *tokens = out->tokens.data;
    out->open.count = 0;
    out->balanced = true;
    for (u32 i = 0; i < out->tokens.count; i++) {
        u8 kind = tokens[i].kind;
        if (pt_token_is_open(kind)) {
            pt_vec_push(&out->open, i);
            tokens[i].extent = out->tokens.count - 1; /* until something closes it: the end */
        } else if (pt_token_is_close(kind)) {
            u32 depth = out->open.count;
            while (depth && tokens[out->open.data[depth - 1]].kind != kind - 1) depth--;
            if (!depth) { /* closes nothing */
                pt_lexemes_error(out, tokens[i].start, "unmatched closing delimiter");
                out->balanced = false;
                tokens[i].kind = PT_T_ERROR;
                tokens[i].extent = 1;
                continue;
            }
            while (out->open.count > depth) { /* left open inside: ends here */
                u32 unclosed = out->open.data[--out->open.count];
                pt_lexemes_error(out, tokens[unclosed].start, "unclosed delimiter");
                tokens[unclosed].extent = i;
                out->balanced = false;
            }
            u32 open = out->open.data[--out->open.count];
            tokens[open].extent = i;
            tokens[i].extent = open;
        }
    }
    for (u32 i = 0; i < out->open.count; i++) {
        pt_lexemes_error(out, tokens[out->open.data[i]].start, "unclosed delimiter");
        out->balanced = false;
    }
}

void pt_lex(pt_lexemes *out, const char *text, u32 length, u32 edition) {
    lexer l = {out, (const u8 *)text, (const u8 *)text, (const u8 *)text + length, edition, PT_TOKEN_SPACED};
    out->text = text;
    out->length = length;
    out->tokens.count = out->errors.count = 0;
    (void)pt_vec_reserve(&out->tokens, (u64)length / 5 + 16);
    find_invalid_utf8(out, l.begin, l.end);
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) l.at += 3;
    if (l.end - l.at >= 2 && l.at[0] == '#' && l.at[1] == '!') {
        const u8 *after = l.at + 2;
        while (after < l.end && byte_class[*after] == C_SPACE) after++;
        if (after >= l.end || *after != '[') {
            const u8 *newline = memchr(l.at, '\n', (size_t)(l.end - l.at));
            l.at = newline ? newline : l.end;
        }
    }
    while (l.at < l.end) {
        u8 b = *l.at;
        switch (byte_class[b]) {
        case C_SPACE:
            l.flags |= b == '\n' ? PT_TOKEN_SPACED | PT_TOKEN_NEWLINE : PT_TOKEN_SPACED;
            l.at++;
            break;
        case C_IDENT:
            if ((b == 'r' || b == 'b' || b == 'c') && prefixed(&l)) break;
            {
                const u8 *s = l.at;
                l.at = ident_end(&l, s);
                emit(&l, keyword((const char *)s, (u32)(l.at - s), edition), s, l.at);
            }
            break;
        case C_DIGIT: number(&l); break;
        case C_PUNCT: punctuation(&l); break;
        case C_QUOTE: literal(&l, PT_T_STRING, l.at, quoted_end(&l, l.at, l.at + 1, '"', "unterminated string")); break;
        case C_TICK: tick(&l); break;
        case C_SLASH: slash(&l); break;
        default: unusual(&l); break;
        }
    }
    l.at = l.end;
    emit(&l, PT_T_END, l.end, l.end);
    pt_pair_delimiters(out);
}
