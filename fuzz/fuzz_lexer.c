/* fuzz_lexer: any bytes, all editions: tokens ascend within the text, delimiters are paired and nested. */
#include "fuzz.h"

static void check_tokens(const pt_lexemes *l, u32 length) {
    const pt_token *t = l->tokens.data;
    u32 count = l->tokens.count, depth = 0;
    LAW(count && t[count - 1].kind == PT_T_END && t[count - 1].start == length, "%u tokens", count);
    LAW(l->errors.count <= PT_MAX_SYNTAX_ERRORS, "%u errors", l->errors.count);
    for (u32 i = 0; i < l->errors.count; i++)
        LAW(l->errors.data[i].offset <= length && l->errors.data[i].message, "error %u", i);
    u32 *open = malloc(count * sizeof(u32));
    if (!open) abort();
    for (u32 i = 0; i < count; i++) {
        u32 end = pt_token_end(&t[i]);
        LAW(t[i].kind < PT_T_KIND_COUNT && t[i].kind != PT_T_FIRST_KEYWORD, "token %u has kind %u", i, t[i].kind);
        LAW(t[i].start <= length && end >= t[i].start && end <= length, "token %u is outside", i);
        if (i + 1 < count) {
            LAW(end <= t[i + 1].start, "token %u overlaps the next", i);
            LAW(end > t[i].start, "token %u is empty", i);
            bool doc = t[i].kind == PT_T_DOC_OUTER || t[i].kind == PT_T_DOC_INNER; /* a comment is space too */
            LAW(doc || end < t[i + 1].start || !(t[i + 1].flags & (PT_TOKEN_SPACED | PT_TOKEN_NEWLINE)),
                "no space at %u", i);
        }
        const char *spelling = pt_token_spelling(t[i].kind);
        LAW(!*spelling || pt_str_equal(pt_str_of(spelling), pt_token_text(l->text, &t[i])), "token %u: %s", i,
            spelling);
        while (depth && t[open[depth - 1]].extent <= i && !pt_token_is_close(t[i].kind)) depth--;
        if (pt_token_is_open(t[i].kind)) {
            LAW(t[i].extent > i && t[i].extent < count, "partner of %u", i);
            LAW(!depth || t[i].extent <= t[open[depth - 1]].extent, "%u ends behind what holds it", i);
            LAW(!l->balanced || t[t[i].extent].kind == t[i].kind + 1, "partner of %u is of another kind", i);
            open[depth++] = i;
        } else if (pt_token_is_close(t[i].kind)) {
            u32 partner = t[i].extent;
            LAW(partner < i && t[partner].kind == t[i].kind - 1 && t[partner].extent == i, "partner of %u", i);
            while (depth && open[depth - 1] != partner) {
                LAW(!l->balanced, "%u closes over another", i);
                depth--;
            }
            LAW(depth, "%u closes nothing", i);
            depth--;
        }
    }
    LAW(!l->balanced || !depth, "%u left open", depth);
    free(open);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    static pt_lexemes lexemes, again; /* reused from text to text, as extractors do */
    char *text = fuzz_text(data, size, 0), *other = fuzz_text(data, size, '/');
    other[size] = 0; /* only the first byte behind the end is known */
    for (u32 i = 0; i < PT_COUNT_OF(fuzz_editions); i++) {
        pt_lex(&lexemes, text, (u32)size, fuzz_editions[i]);
        check_tokens(&lexemes, (u32)size);
    }
    pt_lex(&again, other, (u32)size, fuzz_editions[PT_COUNT_OF(fuzz_editions) - 1]);
    LAW(again.tokens.count == lexemes.tokens.count, "what stands behind the text counts");
    for (u32 i = 0; i < again.tokens.count; i++)
        LAW(memcmp(&again.tokens.data[i], &lexemes.tokens.data[i], sizeof(pt_token)) == 0, "token %u", i);
    free(text);
    free(other);
    return 0;
}
