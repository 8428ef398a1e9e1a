/* Tokens: their kinds, ends, flags and partners. */
#include "support.h"

#include "rust/lexer.h"

static pt_lexemes lexed;
static char *text;

static void lex_edition(const char *source, u32 edition) {
    free(text);
    text = padded(source, strlen(source));
    pt_lex(&lexed, text, (u32)strlen(source), edition);
    assert_true(lexed.tokens.count >= 1);
    assert_int_equal(lexed.tokens.data[lexed.tokens.count - 1].kind, PT_T_END);
    u32 end = 0;
    for (u32 i = 0; i + 1 < lexed.tokens.count; i++) {
        const pt_token *t = &lexed.tokens.data[i];
        assert_true(t->start >= end);
        end = pt_token_end(t);
        assert_true(end <= lexed.length && end > t->start);
        if (pt_token_is_delimiter(t->kind)) {
            assert_true(t->extent < lexed.tokens.count);
            if (lexed.balanced) assert_int_equal(lexed.tokens.data[t->extent].extent, i);
        }
    }
}
static void lex(const char *source) { lex_edition(source, 2021); }

static void expect(const char *source, u32 count, const u8 *kinds) {
    lex(source);
    if (lexed.tokens.count != count + 1) fail_msg("%s: %u tokens, not %u", source, lexed.tokens.count - 1, count);
    for (u32 i = 0; i < count; i++)
        if (lexed.tokens.data[i].kind != kinds[i])
            fail_msg("%s: token %u is %u, not %u", source, i, lexed.tokens.data[i].kind, kinds[i]);
}
#define EXPECT(source, ...) expect(source, sizeof((const u8[]){__VA_ARGS__}), (const u8[]){__VA_ARGS__})
static void expect_text(u32 token, const char *want) {
    pt_str have = pt_token_text(lexed.text, &lexed.tokens.data[token]);
    if (!pt_str_equal(have, pt_str_of(want)))
        fail_msg("token %u is %.*s, not %s", token, (int)have.length, have.data, want);
}

static void identifiers(void **state) {
    (void)state;
    EXPECT("a _b c1 Größe 測定", PT_T_IDENT, PT_T_IDENT, PT_T_IDENT, PT_T_IDENT, PT_T_IDENT);
    expect_text(4, "測定");
    EXPECT("_", PT_T_UNDERSCORE);
    EXPECT("r#match match", PT_T_IDENT, PT_K_MATCH);
    expect_text(0, "match");
    assert_true(lexed.tokens.data[0].flags & PT_TOKEN_RAW);
    EXPECT("fn struct self Self", PT_K_FN, PT_K_STRUCT, PT_K_SELF_LOWER, PT_K_SELF_UPPER);
}

/* Each keyword is one, and no longer or shorter word is; nor does what lies behind the text's end matter. */
static void keywords(void **state) {
    (void)state;
    char word[64];
    for (u8 kind = PT_T_FIRST_KEYWORD + 1; kind < PT_T_KIND_COUNT; kind++) {
        const char *spelling = pt_token_spelling(kind);
        EXPECT(spelling, kind);
        snprintf(word, sizeof word, "%s_", spelling);
        EXPECT(word, PT_T_IDENT);
        snprintf(word, sizeof word, "%sé", spelling);
        EXPECT(word, PT_T_IDENT);
        for (u32 length = 1; length <= strlen(spelling); length++) {
            snprintf(word, sizeof word, "%.*s%s", (int)length, spelling, "eeeeeeeeeeeeeeee");
            pt_lex(&lexed, word, length, 2021);
            assert_int_equal(lexed.tokens.count, 2);
            assert_int_equal(lexed.tokens.data[0].extent, length);
            if (length == strlen(spelling)) assert_int_equal(lexed.tokens.data[0].kind, kind);
        }
    }
    snprintf(word, sizeof word, "%s", "|||||||||||||||||||||");
    pt_lex(&lexed, word, 1, 2021);
    assert_int_equal(lexed.tokens.data[0].kind, PT_T_OR);
}

static void editions(void **state) {
    (void)state;
    lex_edition("async dyn", 2015);
    assert_int_equal(lexed.tokens.data[0].kind, PT_T_IDENT);
    lex_edition("async", 2018);
    assert_int_equal(lexed.tokens.data[0].kind, PT_K_ASYNC);
}

static void numbers(void **state) {
    (void)state;
    EXPECT("1 0xff_u8 0b1 0o7 1_000", PT_T_INT, PT_T_INT, PT_T_INT, PT_T_INT, PT_T_INT);
    EXPECT("1.0 1e5 1.5e-3f32 1f64", PT_T_FLOAT, PT_T_FLOAT, PT_T_FLOAT, PT_T_FLOAT);
    EXPECT("1..2", PT_T_INT, PT_T_DOT_DOT, PT_T_INT);
    EXPECT("1.max(2)", PT_T_INT, PT_T_DOT, PT_T_IDENT, PT_T_OPEN_PAREN, PT_T_INT, PT_T_CLOSE_PAREN);
    EXPECT("1.", PT_T_FLOAT);
}

static void quotes(void **state) {
    (void)state;
    EXPECT("'a' 'a '\\'' b'x' '_ 'static", PT_T_CHAR, PT_T_LIFETIME, PT_T_CHAR, PT_T_BYTE, PT_T_LIFETIME,
           PT_T_LIFETIME);
    EXPECT("\"a\\\"b\" r\"\\\" r#\"a\"b\"# b\"x\" br#\"\"# c\"z\"", PT_T_STRING, PT_T_STRING, PT_T_STRING,
           PT_T_BYTE_STRING, PT_T_BYTE_STRING, PT_T_C_STRING);
    expect_text(2, "r#\"a\"b\"#");
    EXPECT("'\\u{1F600}' '測'", PT_T_CHAR, PT_T_CHAR);
    lex("\"unfinished");
    assert_true(lexed.errors.count > 0);
    lex("r#\"unfinished\"");
    assert_true(lexed.errors.count > 0);
}

static void comments(void **state) {
    (void)state;
    EXPECT("// a\n/* b /* c */ d */ x //// no doc\n/***/ /**/ y", PT_T_IDENT, PT_T_IDENT);
    EXPECT("/// a\n//! b\n/** c */ /*! d */", PT_T_DOC_OUTER, PT_T_DOC_INNER, PT_T_DOC_OUTER, PT_T_DOC_INNER);
    lex("a /* unfinished");
    assert_true(lexed.errors.count > 0);
    assert_int_equal(lexed.tokens.data[0].kind, PT_T_IDENT);
}

static void punctuation(void **state) {
    (void)state;
    EXPECT(">>= <<= ..= ... => -> :: && ||", PT_T_SHR_EQ, PT_T_SHL_EQ, PT_T_DOT_DOT_EQ, PT_T_DOT_DOT_DOT,
           PT_T_FAT_ARROW, PT_T_ARROW, PT_T_COLON_COLON, PT_T_AND_AND, PT_T_OR_OR);
    for (u8 kind = PT_T_SEMICOLON; kind < PT_T_FIRST_KEYWORD; kind++) {
        if (pt_token_is_delimiter(kind)) continue;
        lex(pt_token_spelling(kind));
        assert_int_equal(lexed.tokens.count, 2);
        assert_int_equal(lexed.tokens.data[0].kind, kind);
    }
    for (u8 kind = PT_T_FIRST_KEYWORD + 1; kind < PT_T_KIND_COUNT; kind++) {
        lex(pt_token_spelling(kind));
        assert_true(lexed.tokens.data[0].kind == kind || lexed.tokens.data[0].kind == PT_T_IDENT);
    }
}

static void partners(void **state) {
    (void)state;
    lex("f(a[1], { (b) })");
    assert_true(lexed.balanced);
    assert_int_equal(lexed.tokens.data[1].extent, lexed.tokens.count - 2);
    static const char *const broken[] = {"(", ")", "(]", "{ ( }", "}{", "((((", "]]]]", "{[(])}"};
    for (u32 i = 0; i < PT_COUNT_OF(broken); i++) {
        lex(broken[i]);
        assert_false(lexed.balanced);
    }
    lex("");
    assert_true(lexed.balanced);
}

static void spacing(void **state) {
    (void)state;
    lex("a b\nc+d");
    assert_true(lexed.tokens.data[1].flags & PT_TOKEN_SPACED);
    assert_false(lexed.tokens.data[1].flags & PT_TOKEN_NEWLINE);
    assert_true(lexed.tokens.data[2].flags & PT_TOKEN_NEWLINE);
    assert_false(lexed.tokens.data[3].flags & PT_TOKEN_SPACED);
}

static void any_bytes(void **state) {
    (void)state;
    u64 random = seed_of_run("any_bytes");
    static const char alphabet[] = "ab0 \n\"'#r/*!(){}[]<>=:;.,\\$_x\xff\xc3\xa9|&-";
    for (u32 round = 0; round < 20000; round++) {
        char source[40];
        u32 n = (u32)(next_random(&random) % (sizeof source - 1));
        for (u32 i = 0; i < n; i++) source[i] = alphabet[next_random(&random) % (sizeof alphabet - 1)];
        source[n] = 0;
        lex_edition(source, round & 1 ? 2021 : 2015);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers), cmocka_unit_test(keywords), cmocka_unit_test(editions),
        cmocka_unit_test(numbers),     cmocka_unit_test(quotes),   cmocka_unit_test(comments),
        cmocka_unit_test(punctuation), cmocka_unit_test(partners), cmocka_unit_test(spacing),
        cmocka_unit_test(any_bytes),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(text);
    pt_lexemes_free(&lexed);
    return failed;
}
