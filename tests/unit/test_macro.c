/* macro_rules!: matching and transcription, tokens compared without white space. */
#include "support.h"

#include "resolve/macro.h"

/* Expands; `out` gets the tokens joined by single spaces. */
static int expand(char *out, size_t size, const char *rules, const char *arguments) {
    pt_lexemes r = {0}, c = {0}, o = {0};
    char *rules_text = padded(rules, strlen(rules)), *call_text = padded(arguments, strlen(arguments));
    pt_buffer expansion = {0};
    pt_lex(&r, rules_text, (u32)strlen(rules), 2021);
    pt_lex(&c, call_text, (u32)strlen(arguments), 2021);
    int code = pt_macro_expand(&expansion, NULL, &r, 0, &c, 7, 2021);
    out[0] = 0;
    if (!code && expansion.count) {
        char *copy = padded(expansion.data, expansion.count);
        pt_lex(&o, copy, expansion.count, 2021);
        for (u32 i = 0; i + 1 < o.tokens.count; i++) {
            pt_str t = pt_token_text(copy, &o.tokens.data[i]);
            size_t n = strlen(out);
            snprintf(out + n, size - n, "%s%.*s", i ? " " : "", (int)t.length, t.data);
        }
        free(copy);
    }
    pt_buffer_free(&expansion);
    pt_lexemes_free(&r), pt_lexemes_free(&c), pt_lexemes_free(&o);
    free(rules_text), free(call_text);
    return code;
}

static void expect(const char *rules, const char *arguments, const char *want) {
    char out[2048];
    int code = expand(out, sizeof out, rules, arguments);
    if (code) fail_msg("%s with %s: %s", rules, arguments, pt_error_text(code));
    if (strcmp(out, want) != 0) fail_msg("%s with %s gives\n%s, not\n%s", rules, arguments, out, want);
}
static void refuse(const char *rules, const char *arguments) {
    char out[2048];
    assert_int_equal(expand(out, sizeof out, rules, arguments), PT_ENOTFOUND);
}

static void fragments(void **state) {
    (void)state;
    expect("{ () => { a } }", "()", "a");
    expect("{ ($n:ident) => { fn $n() {} } }", "(f)", "fn f ( ) { }");
    expect("{ ($e:expr) => { f($e) } }", "(1 + 2 * 3)", "f ( 1 + 2 * 3 )");
    expect("{ ($t:ty, $p:path) => { $t $p } }", "(Vec<u8>, a::b)", "Vec < u8 > a :: b");
    expect("{ ($($t:tt)*) => { $($t)* } }", "(a (b c) [d])", "a ( b c ) [ d ]");
    expect("{ ($i:item) => { $i } }", "(pub struct A { b: u8 })", "pub struct A { b : u8 }");
    expect("{ ($l:lifetime $b:block $x:literal) => { $x $b $l } }", "('a { c } -1)", "- 1 { c } 'a");
    expect("{ ($v:vis $n:ident) => { $v $n } }", "(pub(crate) a)", "pub ( crate ) a");
    expect("{ ($v:vis $n:ident) => { $v $n } }", "(a)", "a");
    expect("{ ($m:meta) => { #[$m] } }", "(cfg(unix))", "# [ cfg ( unix ) ]");
    expect("{ ($p:pat => $e:expr) => { match x { $p => $e } } }", "(Some(y) => y)", "match x { Some ( y ) => y }");
}

static void repetitions(void **state) {
    (void)state;
    expect("{ ($($a:ident),*) => { $($a;)* } }", "(a, b, c)", "a ; b ; c ;");
    expect("{ ($($a:ident),*) => { $($a;)* } }", "()", "");
    expect("{ ($($a:ident),* $(,)?) => { $($a)* } }", "(a, b,)", "a b");
    expect("{ ($($k:ident = $v:expr),+) => { $($v => $k),+ } }", "(a = 1, b = 2)", "1 => a , 2 => b");
    expect("{ ($($a:ident: [$($b:ident)*]);*) => { $($a { $($b),* })* } }", "(x: [a b]; y: []; z: [c])",
           "x { a , b } y { } z { c }");
    expect("{ ($x:ident $($a:ident)*) => { $($x.$a),* } }", "(s a b)", "s . a , s . b");
    expect("{ ($($a:ident)?) => { [$($a)?] } }", "()", "[ ]");
    refuse("{ ($($a:ident),+) => { $($a)* } }", "()");
    refuse("{ ($($a:ident)?) => { $($a)? } }", "(a b)");
}

static void rules_in_order(void **state) {
    (void)state;
    const char *rules = "{ (a) => { first }; ($x:ident) => { second }; ($($t:tt)*) => { third }; }";
    expect(rules, "(a)", "first");
    expect(rules, "(b)", "second");
    expect(rules, "(b c)", "third");
    expect(rules, "[a]", "first");
    expect(rules, "{a}", "first");
    refuse("{ (a) => {} }", "(b)");
    refuse("{ (a $x:ident) => {} }", "(a)");
    refuse("{ }", "()");
}

static void crate_marks(void **state) {
    (void)state;
    expect("{ () => { $crate::f() } }", "()", "__crate_of_7 :: f ( )");
}

static void limits(void **state) {
    (void)state;
    char out[64], *big = calloc(1, 30000), *rules = calloc(1, 2000);
    strcpy(big, "(");
    for (u32 i = 0; i < 8000; i++) memcpy(big + 1 + i * 2, "a ", 2);
    strcat(big, ")");
    strcpy(rules, "{ ($($a:ident)*) => { $($a ");
    memset(rules + strlen(rules), 'b', 1000); /* 8000 times 1000 letters are more than the limit */
    strcat(rules, ")* } }");
    int code = expand(out, sizeof out, rules, big);
    free(big), free(rules);
    assert_int_equal(code, PT_ELIMIT);
}

/* Broken definitions and calls: an answer, never a crash. */
static void any_rules(void **state) {
    (void)state;
    static const char *const words[] = {"$", "a",  ":", "ident", "expr", "tt", "(",      ")",  "{", "}",  "*", "+", "?",
                                        ",", "=>", ";", "$x",    "$(",   ")*", "$crate", "ty", "1", "'l", "[", "]"};
    u64 random = seed_of_run("any_rules");
    char out[2048];
    for (u32 round = 0; round < 10000; round++) {
        char rules[400] = "{ (", arguments[300] = "(";
        for (u32 i = 0, n = (u32)(next_random(&random) % 14); i < n; i++)
            strcat(rules, words[next_random(&random) % PT_COUNT_OF(words)]), strcat(rules, " ");
        strcat(rules, ") => { ");
        for (u32 i = 0, n = (u32)(next_random(&random) % 14); i < n; i++)
            strcat(rules, words[next_random(&random) % PT_COUNT_OF(words)]), strcat(rules, " ");
        strcat(rules, "} }");
        for (u32 i = 0, n = (u32)(next_random(&random) % 8); i < n; i++)
            strcat(arguments, words[next_random(&random) % PT_COUNT_OF(words)]), strcat(arguments, " ");
        strcat(arguments, ")");
        int code = expand(out, sizeof out, rules, arguments);
        assert_true(code == PT_OK || code == PT_ENOTFOUND || code == PT_ELIMIT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fragments),   cmocka_unit_test(repetitions), cmocka_unit_test(rules_in_order),
        cmocka_unit_test(crate_marks), cmocka_unit_test(limits),      cmocka_unit_test(any_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
