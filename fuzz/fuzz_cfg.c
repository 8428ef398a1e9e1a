/* fuzz_cfg: a predicate's canonical form is canonical: made again from its own text it stays the same, and what is
 * made of it by all(..) requires it and excludes its negation. */
#include "facts/cfg.h"
#include "fuzz.h"

/* Is [at, end) a predicate: an option, `option = "value"`, or all, any, not of predicates? Few and not deep, as the
 * canonical form is defined for those. */
static bool is_predicate(const pt_lexemes *l, u32 at, u32 end, u32 depth) {
    const pt_token *t = l->tokens.data;
    if (at >= end || depth > 8 || t[at].kind != PT_T_IDENT || (t[at].flags & PT_TOKEN_RAW))
        return false; /* `r#mod` is the option `mod`, whose bare text is a keyword */
    pt_str word = pt_token_text(l->text, &t[at]);
    bool is_not = pt_str_equal(word, PT_STR("not"));
    bool operator= is_not || pt_str_equal(word, PT_STR("all")) || pt_str_equal(word, PT_STR("any"));
    if (at + 1 == end) return !operator;
    if (t[at + 1].kind == PT_T_EQ) return !operator&& at + 3 == end && t[at + 2].kind == PT_T_STRING;
    if (!operator|| t[at + 1].kind != PT_T_OPEN_PAREN || t[at + 1].extent + 1 != end) return false;
    u32 operands = 0, stop;
    for (u32 start = at + 2; start + 1 < end; start = stop + 1) {
        for (stop = start; stop + 1 < end && t[stop].kind != PT_T_COMMA;)
            stop = pt_token_is_open(t[stop].kind) ? t[stop].extent + 1 : stop + 1;
        if (!is_predicate(l, start, stop, depth + 1) || ++operands > 16) return false;
    }
    return is_not ? operands == 1 : operands <= 16;
}

static pt_buffer canonical_of(const char *data, size_t size, bool *sound) {
    static pt_lexemes lexemes;
    pt_buffer out = {0};
    char *text = fuzz_text(data, size, 0);
    pt_lex(&lexemes, text, (u32)size, 2021);
    *sound = lexemes.balanced && !lexemes.errors.count && is_predicate(&lexemes, 0, lexemes.tokens.count - 1, 0);
    pt_cfg_canonical(&out, &lexemes, 0, lexemes.tokens.count - 1);
    free(text);
    return out;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    pt_alloc_clear();
    size_t half = size;
    for (size_t i = 0; i < size && half == size; i++)
        if (data[i] == '\n') half = i;
    bool sound, still, other_sound;
    pt_buffer once = canonical_of((const char *)data, half, &sound),
              twice = canonical_of(once.data, once.count, &still);
    pt_str a = pt_buffer_view(&once), again = pt_buffer_view(&twice);
    LAW(!sound || ((still || !a.length) && pt_str_equal(a, again)), "`%.*s` becomes `%.*s`", (int)a.length, a.data,
        (int)again.length, again.data);

    pt_buffer other = canonical_of((const char *)data + half, size - half, &other_sound), both = {0}, mirrored = {0};
    pt_str b = pt_buffer_view(&other);
    pt_cfg_and(&both, a, b);
    pt_cfg_and(&mirrored, b, a);
    LAW(!sound || !other_sound || pt_str_equal(pt_buffer_view(&both), pt_buffer_view(&mirrored)),
        "all(a, b) is `%s`, all(b, a) `%s`", both.data, mirrored.data);
    LAW(!sound || !other_sound || pt_cfg_exclusive(a, b) == pt_cfg_exclusive(b, a), "`%s` and `%s`", once.data,
        other.data);
    LAW(!sound || !pt_cfg_exclusive(a, a), "`%s` excludes itself", once.data);
    pt_str options[2] = {a, PT_STR("unix")};
    pt_cfg_set set = {options, 2};
    (void)pt_cfg_holds(a, &set);
    (void)pt_cfg_holds(pt_buffer_view(&both), &set);
    (void)pt_cfg_requires(pt_buffer_view(&both), b);
    pt_buffer_free(&once);
    pt_buffer_free(&twice);
    pt_buffer_free(&other);
    pt_buffer_free(&both);
    pt_buffer_free(&mirrored);
    return 0;
}
