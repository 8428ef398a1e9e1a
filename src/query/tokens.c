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

enum { UPPER = 1, LOWER = 2, DIGIT = 4, SPACE = 8, END = 16, OTHER = 32, VOWEL = 64 };
#define EIGHT(x) x, x, x, x, x, x, x, x
#define LETTERS(x)                                                                                                  \
    x | VOWEL, x, x, x, x | VOWEL, x, x, x, x | VOWEL, x, x, x, x, x, x | VOWEL, x, x, x, x, x, x | VOWEL, x, x, x, \
        x | VOWEL, x
static const u8 classes[256] = {[' '] = SPACE,
                                ['\t'] = SPACE,
                                ['\n'] = END,
                                ['\v'] = END,
                                ['\f'] = END,
                                ['\r'] = END,
                                ['0'] = DIGIT,
                                DIGIT,
                                DIGIT,
                                DIGIT,
                                DIGIT,
                                DIGIT,
                                DIGIT,
                                DIGIT,
                                DIGIT,
                                DIGIT,
                                ['A'] = LETTERS(UPPER),
                                ['a'] = LETTERS(LOWER),
                                [128] = EIGHT(EIGHT(OTHER)),
                                EIGHT(EIGHT(OTHER))};
#undef LETTERS
#undef EIGHT
static bool is_digit(u8 c) { return classes[c] & DIGIT; }
static bool is_vowel(u8 c) { return classes[c] & VOWEL; }

/* The run that begins at `at`: its end. */
static size_t run_end(const u8 *t, size_t at, size_t length, run_kind *kind) {
    static const run_kind kinds[] = {
        [LOWER] = RUN_WORD, [DIGIT] = RUN_DIGITS, [SPACE] = RUN_SPACES, [END] = RUN_ENDS, [OTHER] = RUN_OTHER};
    size_t end = at + 1;
    u8 class = classes[t[at]] & (u8)~VOWEL;
    if (!class) { /* a mark stands alone */
        *kind = RUN_MARK;
        return end;
    }
    while (end < length && classes[t[end]] & class) end++;
    if (class != UPPER) {
        *kind = kinds[class];
        return end;
    }
    *kind = RUN_CAPITALS;
    if (end < length && classes[t[end]] & LOWER) { /* the last capital begins a word */
        if (end - at > 1) return end - 1;
        while (end < length && classes[t[end]] & LOWER) end++;
        *kind = RUN_WORD;
    }
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
