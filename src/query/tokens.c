#include "query/tokens.h"

typedef enum run_kind {
    RUN_NONE,
    RUN_WORD,
    RUN_CAPITALS,
    RUN_DIGITS,
    RUN_SPACES,
    RUN_ENDS,
    RUN_MARK,
    RUN_OTHER
} run_kind;

static bool is_upper(u8 c) { return c >= 'A' && c <= 'Z'; }
static bool is_lower(u8 c) { return c >= 'a' && c <= 'z'; }
static bool is_digit(u8 c) { return c >= '0' && c <= '9'; }
static bool is_space(u8 c) { return c == ' ' || c == '\t'; }
static bool is_end(u8 c) { return c == '\n' || c == '\r' || c == '\v' || c == '\f'; }
static bool is_vowel(u8 c) {
    c |= 0x20;
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

/* The run that begins at `at`: its end. */
static size_t run_end(const u8 *t, size_t at, size_t length, run_kind *kind) {
    size_t end = at + 1;
    u8 c = t[at];
#define WHILE(test) \
    while (end < length && (test)) end++
    if (is_upper(c)) {
        WHILE(is_upper(t[end]));
        *kind = RUN_CAPITALS;
        if (end < length && is_lower(t[end])) { /* the last capital begins a word */
            if (end - at > 1) return end - 1;
            WHILE(is_lower(t[end]));
            *kind = RUN_WORD;
        }
        return end;
    }
    *kind = is_lower(c)   ? RUN_WORD
            : is_digit(c) ? RUN_DIGITS
            : is_space(c) ? RUN_SPACES
            : is_end(c)   ? RUN_ENDS
            : c >= 0x80   ? RUN_OTHER
                          : RUN_MARK;
    if (*kind == RUN_WORD) WHILE(is_lower(t[end]));
    if (*kind == RUN_DIGITS) WHILE(is_digit(t[end]));
    if (*kind == RUN_SPACES) WHILE(is_space(t[end]));
    if (*kind == RUN_ENDS) WHILE(is_end(t[end]));
    if (*kind == RUN_OTHER) WHILE(t[end] >= 0x80);
#undef WHILE
    return end;
}

u32 pt_tokens_bound(const char *text, size_t length) {
    const u8 *t = (const u8 *)text;
    run_kind before = RUN_NONE, kind = RUN_NONE;
    u64 halves = 0;
    for (size_t at = 0, end; at < length; at = end, before = kind) {
        end = run_end(t, at, length, &kind);
        u64 n = end - at, tokens = n;
        bool vowel = false, word_before = before == RUN_WORD || before == RUN_CAPITALS;
        switch (kind) {
        case RUN_CAPITALS: tokens = before == RUN_DIGITS ? n : (n + 1) / 2; break;
        case RUN_WORD:
            for (size_t i = at; i < end; i++) vowel = vowel || is_vowel(t[i]);
            if (before == RUN_DIGITS) tokens = n < 5 ? n : 2 + n / 4;
            else if (n <= 2) tokens = 1;
            else if (n > 20) tokens = n * 2 / 3 + 1; /* no word: a sequence */
            else tokens = vowel ? 1 + (n - 1) / 6 : (n + 1) / 2;
            break;
        case RUN_DIGITS: tokens = !word_before ? (n + 2) / 3 : n < 3 ? n : (n + 2) / 3 + 1; break;
        case RUN_SPACES: tokens = (u64)(n > 1) + (end < length && is_digit(t[end])); break;
        case RUN_ENDS: tokens = 1; break;
        case RUN_MARK:
            if (before == RUN_MARK && t[at - 1] != ',' && t[at] != '$') {
                halves++;
                continue;
            }
            tokens = 1;
            break;
        default: break;
        }
        halves += tokens * 2;
    }
    halves = (halves + 1) / 2;
    return halves > UINT32_MAX ? UINT32_MAX : (u32)halves;
}
