#include "rust/lexer.h"

#include "xid_tables.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lexer reads eight bytes as one little-endian word");

/* Classes of the first byte of a token. */
enum { C_BAD, C_SPACE, C_IDENT, C_DIGIT, C_SINGLE, C_OPEN, C_CLOSE, C_PUNCT, C_QUOTE, C_TICK, C_SLASH, C_HIGH };

static const u8 byte_class[256] = {
    ['\t' ... '\r'] = C_SPACE,
    [' '] = C_SPACE,
    ['a' ... 'z'] = C_IDENT,
    ['A' ... 'Z'] = C_IDENT,
    ['_'] = C_IDENT,
    ['0' ... '9'] = C_DIGIT,
    ['"'] = C_QUOTE,
    ['\''] = C_TICK,
    ['/'] = C_SLASH,
    ['!'] = C_PUNCT,
    ['#' ... '$'] = C_SINGLE,
    ['%' ... '&'] = C_PUNCT,
    ['('] = C_OPEN,
    [')'] = C_CLOSE,
    ['*' ... '+'] = C_PUNCT,
    [','] = C_SINGLE,
    ['-' ... '.'] = C_PUNCT,
    [':'] = C_PUNCT,
    [';'] = C_SINGLE,
    ['<' ... '>'] = C_PUNCT,
    ['?' ... '@'] = C_SINGLE,
    ['['] = C_OPEN,
    [']'] = C_CLOSE,
    ['^'] = C_PUNCT,
    ['{'] = C_OPEN,
    ['|'] = C_PUNCT,
    ['}'] = C_CLOSE,
    ['~'] = C_SINGLE,
    [0x80 ... 0xff] = C_HIGH,
};
/* What a byte of punctuation means alone, and whether a byte may glue to punctuation before it. */
static const u8 single_kind[256] = {
    ['!'] = PT_T_BANG,          ['#'] = PT_T_POUND,      ['$'] = PT_T_DOLLAR,      ['%'] = PT_T_PERCENT,
    ['&'] = PT_T_AND,           ['('] = PT_T_OPEN_PAREN, [')'] = PT_T_CLOSE_PAREN, ['*'] = PT_T_STAR,
    ['+'] = PT_T_PLUS,          [','] = PT_T_COMMA,      ['-'] = PT_T_MINUS,       ['.'] = PT_T_DOT,
    [':'] = PT_T_COLON,         [';'] = PT_T_SEMICOLON,  ['<'] = PT_T_LESS,        ['='] = PT_T_EQ,
    ['>'] = PT_T_GREATER,       ['?'] = PT_T_QUESTION,   ['@'] = PT_T_AT,          ['['] = PT_T_OPEN_BRACKET,
    [']'] = PT_T_CLOSE_BRACKET, ['^'] = PT_T_CARET,      ['{'] = PT_T_OPEN_BRACE,  ['|'] = PT_T_OR,
    ['}'] = PT_T_CLOSE_BRACE,   ['~'] = PT_T_TILDE,
};
static const u8 glues[256] = {['='] = 1, [':'] = 1, ['.'] = 1, ['<'] = 1, ['>'] = 1, ['&'] = 1, ['|'] = 1};
static const u8 ident_byte[256] = {['a' ... 'z'] = 1, ['A' ... 'Z'] = 1, ['0' ... '9'] = 1, ['_'] = 1};

static inline u64 word_at(const u8 *at) {
    u64 word;
    memcpy(&word, at, sizeof word);
    return word;
}
/* The high bit of each byte that is no ASCII letter, digit or underscore (bytes from 0x80 up included). */
static inline u64 not_ident(u64 word) {
    const u64 ones = 0x0101010101010101u, high = ones * 0x80;
    u64 low = word & ~high, lower = low | ones * 0x20;
    u64 letter = (lower + ones * (0x80 - 'a')) & ~(lower + ones * (0x7f - 'z'));
    u64 digit = (low + ones * (0x80 - '0')) & ~(low + ones * (0x7f - '9'));
    u64 underscore = ~((low ^ ones * '_') + ones * 0x7f);
    return ~((letter | digit | underscore) & ~word) & high;
}
static inline u32 first_byte(u64 high_bits) { return (u32)__builtin_ctzll(high_bits) / 8; }

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

/* Keywords by a perfect hash of their letters as one word: two of one slot would not compile (-Woverride-init). */
#define LETTERS_8(a, b, c, d, e, f, g, h, ...)                                                                       \
    ((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 | (u64)(f) << 40 | (u64)(g) << 48 | \
     (u64)(h) << 56)
#define LETTERS(...) LETTERS_8(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0)
#define SLOT(word) (((word)*0xf10b92b1cbee2689u) >> 57)
/* clang-format off */
#define KEYWORDS(K) \
    K(PT_K_AS, 'a', 's') K(PT_K_ASYNC, 'a', 's', 'y', 'n', 'c') K(PT_K_AWAIT, 'a', 'w', 'a', 'i', 't') \
    K(PT_K_BOX, 'b', 'o', 'x') K(PT_K_BREAK, 'b', 'r', 'e', 'a', 'k') K(PT_K_CONST, 'c', 'o', 'n', 's', 't') \
    K(PT_K_CONTINUE, 'c', 'o', 'n', 't', 'i', 'n', 'u', 'e') K(PT_K_CRATE, 'c', 'r', 'a', 't', 'e') \
    K(PT_K_DO, 'd', 'o') K(PT_K_DYN, 'd', 'y', 'n') K(PT_K_ELSE, 'e', 'l', 's', 'e') K(PT_K_ENUM, 'e', 'n', 'u', 'm') \
    K(PT_K_EXTERN, 'e', 'x', 't', 'e', 'r', 'n') K(PT_K_FALSE, 'f', 'a', 'l', 's', 'e') K(PT_K_FN, 'f', 'n') \
    K(PT_K_FOR, 'f', 'o', 'r') K(PT_K_IF, 'i', 'f') K(PT_K_IMPL, 'i', 'm', 'p', 'l') K(PT_K_IN, 'i', 'n') \
    K(PT_K_LET, 'l', 'e', 't') K(PT_K_LOOP, 'l', 'o', 'o', 'p') K(PT_K_MACRO, 'm', 'a', 'c', 'r', 'o') \
    K(PT_K_MATCH, 'm', 'a', 't', 'c', 'h') K(PT_K_MOD, 'm', 'o', 'd') K(PT_K_MOVE, 'm', 'o', 'v', 'e') \
    K(PT_K_MUT, 'm', 'u', 't') K(PT_K_PUB, 'p', 'u', 'b') K(PT_K_REF, 'r', 'e', 'f') \
    K(PT_K_RETURN, 'r', 'e', 't', 'u', 'r', 'n') K(PT_K_SELF_LOWER, 's', 'e', 'l', 'f') \
    K(PT_K_SELF_UPPER, 'S', 'e', 'l', 'f') K(PT_K_STATIC, 's', 't', 'a', 't', 'i', 'c') \
    K(PT_K_STRUCT, 's', 't', 'r', 'u', 'c', 't') K(PT_K_SUPER, 's', 'u', 'p', 'e', 'r') \
    K(PT_K_TRAIT, 't', 'r', 'a', 'i', 't') K(PT_K_TRUE, 't', 'r', 'u', 'e') K(PT_K_TRY, 't', 'r', 'y') \
    K(PT_K_TYPE, 't', 'y', 'p', 'e') K(PT_K_UNSAFE, 'u', 'n', 's', 'a', 'f', 'e') K(PT_K_USE, 'u', 's', 'e') \
    K(PT_K_WHERE, 'w', 'h', 'e', 'r', 'e') K(PT_K_WHILE, 'w', 'h', 'i', 'l', 'e') \
    K(PT_K_YIELD, 'y', 'i', 'e', 'l', 'd') K(PT_T_UNDERSCORE, '_')
/* clang-format on */
static const u64 keyword_word[128] = {
#define K(kind, ...) [SLOT(LETTERS(__VA_ARGS__))] = LETTERS(__VA_ARGS__),
    KEYWORDS(K)
#undef K
};
static const u8 keyword_kind[128] = {
#define K(kind, ...) [SLOT(LETTERS(__VA_ARGS__))] = (kind),
    KEYWORDS(K)
#undef K
};

/* The kind of a word of at most eight letters. */
static inline u8 keyword(u64 word, u32 edition) {
    u64 slot = SLOT(word);
    if (keyword_word[slot] != word) return PT_T_IDENT;
    u8 kind = keyword_kind[slot];
    bool since_2018 = kind == PT_K_ASYNC || kind == PT_K_AWAIT || kind == PT_K_DYN || kind == PT_K_TRY;
    return since_2018 && edition < 2018 ? PT_T_IDENT : kind;
}

typedef struct lexer {
    pt_lexemes *out;
    const u8 *begin, *at, *end;
    u32 edition;
    u8 flags;
    bool paired; /* so far every closing delimiter met its opening one */
} lexer;

static void emit(lexer *l, u8 kind, const u8 *start, const u8 *end) {
    pt_vec_push(&l->out->tokens, (pt_token){(u32)(start - l->begin), (u32)(end - start), kind, l->flags, 0});
    l->flags = 0;
}
static void fail(lexer *l, const u8 *at, const char *message) {
    pt_lexemes_error(l->out, (u32)(at - l->begin), message);
}

static const u8 *ident_end(lexer *l, const u8 *at) {
    while (at < l->end) {
        u64 stop = not_ident(word_at(at));
        if (!stop) {
            at += 8;
            continue;
        }
        at += first_byte(stop);
        u32 c, n;
        if (at >= l->end || *at < 0x80 || !(n = decode(at, l->end, &c)) || !xid_continue(c)) break;
        at += n;
    }
    return PT_MIN(at, l->end);
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
        size_t room = at < l->end ? (size_t)(l->end - at) : 0;
        const u8 *newline = room ? memchr(at, '\n', room) : NULL;
        if (newline) room = (size_t)(newline - at);
        const u8 *close = room > 1 ? memchr(at + 1, '\'', room - 1) : NULL;
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

/* The kind and the length of punctuation that may have more than one character. */
static inline u8 glued(const u8 *s, u32 *length) {
    u8 a = s[0], b = s[1], c = s[2];
    *length = 1;
    if (!glues[b]) return single_kind[a];
    *length = 2;
    switch (a) {
    case ':':
        if (b == ':') return PT_T_COLON_COLON;
        break;
    case '!':
        if (b == '=') return PT_T_NOT_EQ;
        break;
    case '.':
        if (b != '.') break;
        *length = c == '=' || c == '.' ? 3 : 2;
        return c == '=' ? PT_T_DOT_DOT_EQ : c == '.' ? PT_T_DOT_DOT_DOT : PT_T_DOT_DOT;
    case '=':
        if (b == '=' || b == '>') return b == '=' ? PT_T_EQ_EQ : PT_T_FAT_ARROW;
        break;
    case '-':
        if (b == '>' || b == '=') return b == '>' ? PT_T_ARROW : PT_T_MINUS_EQ;
        break;
    case '&':
        if (b == '&' || b == '=') return b == '&' ? PT_T_AND_AND : PT_T_AND_EQ;
        break;
    case '|':
        if (b == '|' || b == '=') return b == '|' ? PT_T_OR_OR : PT_T_OR_EQ;
        break;
    case '<':
        if (b == '=') return PT_T_LESS_EQ;
        if (b != '<') break;
        if (c == '=') *length = 3;
        return c == '=' ? PT_T_SHL_EQ : PT_T_SHL;
    case '>':
        if (b == '=') return PT_T_GREATER_EQ;
        if (b != '>') break;
        if (c == '=') *length = 3;
        return c == '=' ? PT_T_SHR_EQ : PT_T_SHR;
    default: /* the others glue to `=` alone, and their kinds stand in pairs: alone, with `=` */
        if (b == '=') return (u8)(single_kind[a] + 1);
        break;
    }
    *length = 1;
    return single_kind[a];
}
_Static_assert(PT_T_PLUS_EQ == PT_T_PLUS + 1 && PT_T_STAR_EQ == PT_T_STAR + 1 && PT_T_CARET_EQ == PT_T_CARET + 1 &&
                   PT_T_PERCENT_EQ == PT_T_PERCENT + 1,
               "kinds with `=` follow the kinds without");

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

static void rarer(lexer *l) {
    switch (byte_class[*l->at]) {
    case C_DIGIT: number(l); break;
    case C_QUOTE: literal(l, PT_T_STRING, l->at, quoted_end(l, l->at, l->at + 1, '"', "unterminated string")); break;
    case C_TICK: tick(l); break;
    case C_SLASH: slash(l); break;
    default: unusual(l); break;
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

/* The loop over a text. What most tokens need (place, flags, room for the token) lives in locals; the rarer kinds
 * go through `l`. Delimiters are paired on the way; what does not pair is left to pt_pair_delimiters. */
static void lex_tokens(lexer *l) {
    pt_lexemes *out = l->out;
    const u8 *const begin = l->begin, *const end = l->end, *at = l->at;
    u8 flags = l->flags;
    for (;;) {
        while (at < end && byte_class[*at] == C_SPACE) {
            if (*at == ' ') {
                u64 other = word_at(at) ^ 0x2020202020202020u;
                at += other ? first_byte(other) : 8;
                flags |= PT_TOKEN_SPACED;
            } else {
                flags |= *at == '\n' ? PT_TOKEN_SPACED | PT_TOKEN_NEWLINE : PT_TOKEN_SPACED;
                at++;
            }
        }
        if (at >= end) break;
        if (!pt_vec_reserve(&out->tokens, (u64)out->tokens.count + 1)) break;
        pt_token *token = &out->tokens.data[out->tokens.count];
        const u8 *const s = at;
        u32 start = (u32)(s - begin), length = 1;
        u8 b = *s, kind;
        switch (byte_class[b]) {
        case C_IDENT: {
            u64 word = word_at(s);
            if (end - s < 8) word &= ((u64)1 << 8 * (u32)(end - s)) - 1;
            u64 stop = not_ident(word);
            if (stop) {
                length = first_byte(stop);
                kind = keyword(word & (((stop & -stop) >> 7) - 1), l->edition);
            } else {
                length = (u32)(ident_end(l, s + 8) - s);
                kind = length == 8 ? keyword(word, l->edition) : PT_T_IDENT;
            }
            at = s + length;
            if (at < end && *at >= 0x80) { /* perhaps a letter beyond ASCII */
                const u8 *longer = ident_end(l, at);
                if (longer > at) kind = PT_T_IDENT, at = longer, length = (u32)(at - s);
            }
            if (length <= 2 && (*at == '"' || *at == '\'' || *at == '#') && (b == 'r' || b == 'b' || b == 'c')) {
                l->at = s, l->flags = flags;
                if (prefixed(l)) {
                    at = l->at, flags = l->flags;
                    continue;
                }
            }
            break;
        }
        case C_SINGLE:
            kind = single_kind[b];
            at++;
            break;
        case C_OPEN:
            kind = single_kind[b];
            at++;
            if (!pt_vec_push(&out->open, out->tokens.count)) l->paired = false;
            break;
        case C_CLOSE: {
            kind = single_kind[b];
            at++;
            u32 open = out->open.count ? out->open.data[out->open.count - 1] : 0;
            if (out->open.count && out->tokens.data[open].kind == kind - 1) {
                out->tokens.data[open].extent = out->tokens.count;
                out->open.count--;
                length = open;
            } else {
                l->paired = false;
            }
            break;
        }
        case C_PUNCT:
            kind = glued(s, &length);
            if (s + length > end) kind = single_kind[b], length = 1;
            at = s + length;
            break;
        default:
            l->at = s, l->flags = flags;
            rarer(l);
            at = l->at, flags = l->flags;
            continue;
        }
        *token = (pt_token){start, length, kind, flags, 0};
        out->tokens.count++;
        flags = 0;
    }
    l->at = end;
    l->flags = flags;
}

void pt_lex(pt_lexemes *out, const char *text, u32 length, u32 edition) {
    lexer l = {out, (const u8 *)text, (const u8 *)text, (const u8 *)text + length, edition, PT_TOKEN_SPACED, true};
    out->text = text;
    out->length = length;
    out->tokens.count = out->errors.count = out->open.count = 0;
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
    lex_tokens(&l);
    emit(&l, PT_T_END, l.end, l.end);
    if (!l.paired || out->open.count) pt_pair_delimiters(out);
    else out->balanced = true;
}
