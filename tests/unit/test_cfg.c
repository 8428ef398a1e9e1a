/* cfg predicates: one spelling, exclusion, truth. */
#include "support.h"

#include "facts/cfg.h"

/* The canonical form in a static buffer. */
static const char *canonical(const char *predicate) {
    static pt_buffer out;
    pt_lexemes l = {0};
    char *text = padded(predicate, strlen(predicate));
    pt_lex(&l, text, (u32)strlen(predicate), 2021);
    pt_buffer_clear(&out);
    pt_cfg_canonical(&out, &l, 0, l.tokens.count - 1);
    pt_lexemes_free(&l);
    free(text);
    return out.data ? out.data : "";
}

static void canonical_forms(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"unix", "unix"},
        {" unix ", "unix"},
        {"feature=\"std\"", "feature = \"std\""},
        {"feature   =  \"std\"", "feature = \"std\""},
        {"all(unix)", "unix"},
        {"any(unix)", "unix"},
        {"all(b, a)", "all(a, b)"},
        {"all(a, b, a)", "all(a, b)"},
        {"any(b, a, b,)", "any(a, b)"},
        {"all(a, all(b, c))", "all(a, b, c)"},
        {"any(a, any(c, b))", "any(a, b, c)"},
        {"not(not(a))", "a"},
        {"not(not(not(a)))", "not(a)"},
        {"all(any(b, a), not(unix))", "all(any(a, b), not(unix))"},
    };
    for (u32 i = 0; i < PT_COUNT_OF(pairs); i++) {
        assert_string_equal(canonical(pairs[i][0]), pairs[i][1]);
        char once[256];
        snprintf(once, sizeof once, "%s", canonical(pairs[i][0]));
        assert_string_equal(canonical(once), once);
    }
}

static void no_harm(void **state) {
    (void)state;
    static const char *const odd[] = {"",      "all(",      "not",        "not()",     "all()", "any()", "= \"x\"",
                                      "a b c", "all(a,,b)", "feature = ", "not(a, b)", "1",     "(((",   ")"};
    for (u32 i = 0; i < PT_COUNT_OF(odd); i++) canonical(odd[i]);
    char deep[3000] = "";
    for (u32 i = 0; i < 500; i++) strcat(deep, "not(");
    canonical(deep);
}

static void conjunction(void **state) {
    (void)state;
    static const char *const rows[][3] = {{"", "", ""},
                                          {"a", "", "a"},
                                          {"", "a", "a"},
                                          {"a", "a", "a"},
                                          {"b", "a", "all(a, b)"},
                                          {"all(a, c)", "b", "all(a, b, c)"},
                                          {"any(a, b)", "c", "all(any(a, b), c)"}};
    for (u32 i = 0; i < PT_COUNT_OF(rows); i++) {
        pt_buffer out = {0};
        pt_cfg_and(&out, pt_str_of(rows[i][0]), pt_str_of(rows[i][1]));
        assert_string_equal(out.data ? out.data : "", rows[i][2]);
        pt_buffer_free(&out);
    }
}

static bool exclusive(const char *a, const char *b) {
    bool there = pt_cfg_exclusive(pt_str_of(a), pt_str_of(b)), back = pt_cfg_exclusive(pt_str_of(b), pt_str_of(a));
    assert_int_equal(there, back);
    return there;
}

static void exclusion(void **state) {
    (void)state;
    assert_true(exclusive("unix", "not(unix)"));
    assert_true(exclusive("all(a, unix)", "all(b, not(unix))"));
    assert_true(exclusive("target_os = \"linux\"", "target_os = \"macos\""));
    assert_true(exclusive("all(target_arch = \"x86\", unix)", "target_arch = \"arm\""));
    assert_false(exclusive("unix", "unix"));
    assert_false(exclusive("", "unix"));
    assert_false(exclusive("", ""));
    assert_false(exclusive("feature = \"a\"", "feature = \"b\""));
    assert_false(exclusive("any(unix, windows)", "unix"));
    assert_false(exclusive("any(a, not(unix))", "unix"));
    assert_false(exclusive("target_os = \"linux\"", "target_os = \"linux\""));
}

static bool holds(const char *predicate) {
    static pt_str options[3];
    options[0] = PT_STR("unix"), options[1] = PT_STR("feature = \"std\""), options[2] = PT_STR("target_os = \"linux\"");
    pt_cfg_set set = {options, 3};
    return pt_cfg_holds(pt_str_of(predicate), &set);
}

static void truth(void **state) {
    (void)state;
    assert_true(holds(""));
    assert_true(holds("unix"));
    assert_false(holds("windows"));
    assert_true(holds("not(windows)"));
    assert_true(holds("all(feature = \"std\", unix)"));
    assert_false(holds("all(unix, windows)"));
    assert_true(holds("any(unix, windows)"));
    assert_false(holds("any(test, windows)"));
    assert_true(holds("all(any(unix, windows), not(all(unix, windows)))"));
    assert_false(holds("feature = \"alloc\""));
    assert_false(holds("not(any(unix, windows))"));
    assert_true(holds("all()"));
    assert_false(holds("any()"));
}

/* Truth of random predicates stays the same in canonical form, and exclusive ones never hold together. */
static void random_predicate(char *out, u64 *random, u32 depth) {
    static const char *const atoms[] = {
        "a", "b", "unix", "feature = \"x\"", "target_os = \"linux\"", "target_os = \"macos\""};
    u32 what = (u32)(next_random(random) % (depth ? 6 : 3));
    if (what < 3) strcat(out, atoms[next_random(random) % PT_COUNT_OF(atoms)]);
    else if (what == 3) {
        strcat(out, "not(");
        random_predicate(out, random, depth - 1);
        strcat(out, ")");
    } else {
        strcat(out, what == 4 ? "all(" : "any(");
        for (u32 i = 0, n = 1 + (u32)(next_random(random) % 3); i < n; i++) {
            if (i) strcat(out, ", ");
            random_predicate(out, random, depth - 1);
        }
        strcat(out, ")");
    }
}

static void random_predicates(void **state) {
    (void)state;
    u64 random = seed_of_run("random_predicates");
    static const char *const atoms[] = {
        "a", "b", "unix", "feature = \"x\"", "target_os = \"linux\"", "target_os = \"macos\""};
    for (u32 round = 0; round < 2000; round++) {
        char p[4096] = "", q[4096] = "", cp[4096], cq[4096];
        random_predicate(p, &random, 3);
        random_predicate(q, &random, 3);
        snprintf(cp, sizeof cp, "%s", canonical(p));
        snprintf(cq, sizeof cq, "%s", canonical(q));
        bool apart = pt_cfg_exclusive(pt_str_of(cp), pt_str_of(cq));
        pt_buffer both = {0};
        pt_cfg_and(&both, pt_str_of(cp), pt_str_of(cq));
        for (u32 bits = 0; bits < 64; bits++) {
            if ((bits & 48) == 48) continue; /* one target_os at most */
            pt_str options[6];
            pt_cfg_set set = {options, 0};
            for (u32 i = 0; i < 6; i++)
                if (bits >> i & 1) options[set.count++] = pt_str_of(atoms[i]);
            bool a = pt_cfg_holds(pt_str_of(cp), &set), b = pt_cfg_holds(pt_str_of(cq), &set);
            if (a != pt_cfg_holds(pt_str_of(p), &set)) fail_msg("%s is not %s", p, cp);
            if (apart && a && b) fail_msg("%s and %s are not exclusive", cp, cq);
            if (pt_cfg_holds(pt_buffer_view(&both), &set) != (a && b))
                fail_msg("%s and %s are not %s", cp, cq, both.data);
        }
        pt_buffer_free(&both);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_forms), cmocka_unit_test(no_harm), cmocka_unit_test(conjunction),
        cmocka_unit_test(exclusion),       cmocka_unit_test(truth),   cmocka_unit_test(random_predicates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
