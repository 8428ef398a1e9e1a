/* The writer of answers says what Jansson says. */
#include "support.h"

#include "query/json_text.h"

static u64 seed_of(void) {
    const char *text = getenv("SEED");
    return text ? strtoull(text, NULL, 10) : 20261125;
}
static u64 next(u64 *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static json_t *random_text(u64 *s) {
    static const char *const pieces[] = {"",     "plain", "\"",      "\\", "\n", "\t",   "\b\f\r", "\x01",
                                         "\x1f", "\x7f",  "/",       "é",  "ÿ",  "日本", "😀",      "\xf4\x8f\xbf\xbf",
                                         " x ",  "::",    "<T as U>"};
    pt_buffer b = {0};
    for (u64 n = next(s) % 6; n; n--) pt_buffer_text(&b, pieces[next(s) % PT_COUNT_OF(pieces)]);
    if (next(s) % 8 == 0) pt_buffer_char(&b, 0);
    json_t *text = json_stringn(b.data ? b.data : "", b.count);
    pt_buffer_free(&b);
    assert_non_null(text);
    return text;
}

static json_t *random_value(u64 *s, u32 depth) {
    static const json_int_t numbers[] = {0, 1, -1, 9, 10, 4294967296, INT64_MAX, INT64_MIN, -42};
    switch (next(s) % (depth < 5 ? 9 : 7)) {
    case 0: return json_null();
    case 1: return json_true();
    case 2: return json_false();
    case 3: return json_integer(numbers[next(s) % PT_COUNT_OF(numbers)]);
    case 4: return json_real((double)(i64)next(s) / 1e6);
    case 5:
    case 6: return random_text(s);
    case 7: {
        json_t *list = json_array();
        for (u64 n = next(s) % 5; n; n--) json_array_append_new(list, random_value(s, depth + 1));
        return list;
    }
    default: {
        json_t *object = json_object();
        for (u64 n = next(s) % 5; n; n--) {
            json_t *key = random_text(s);
            json_object_setn_new(object, json_string_value(key), json_string_length(key), random_value(s, depth + 1));
            json_decref(key);
        }
        return object;
    }
    }
}

static void the_same_bytes(void **state) {
    (void)state;
    u64 seed = seed_of(), s = seed;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (u32 i = 0; i < 20000; i++) {
        json_t *value = random_value(&s, 0);
        char *theirs = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY), *ours = pt_json_dump(value);
        assert_non_null(theirs);
        assert_non_null(ours);
        assert_string_equal(ours, theirs);
        pt_buffer b = {0};
        pt_buffer_text(&b, "before");
        assert_true(pt_json_write(&b, value));
        assert_string_equal(b.data + 6, theirs);
        pt_buffer_free(&b);
        free(theirs);
        free(ours);
        json_decref(value);
    }
}

/* Texts that came in unchecked: refused by both, and nothing is left half written. */
static void no_utf8_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {"\x80",
                                        "\xc0\xaf",
                                        "\xc1\xbf",
                                        "\xe0\x80\x80",
                                        "\xed\xa0\x80",
                                        "\xf0\x80\x80\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xff",
                                        "\xc3",
                                        "\xe6\x97",
                                        "\xf0\x9f\x98",
                                        "a\xc3(",
                                        "\xfe"};
    for (u32 i = 0; i < PT_COUNT_OF(wrong); i++) {
        json_t *list = json_array();
        json_array_append_new(list, json_string_nocheck(wrong[i]));
        char *theirs = json_dumps(list, JSON_COMPACT);
        pt_buffer b = {0};
        pt_buffer_text(&b, "kept");
        assert_null(theirs);
        assert_null(pt_json_dump(list));
        assert_false(pt_json_write(&b, list));
        assert_string_equal(b.data, "kept");
        pt_buffer_free(&b);
        json_decref(list);
    }
    assert_null(pt_json_dump(NULL));
}

/* Every allocation of it fails once: nothing is told by half, nothing leaks. */
static void memory_runs_out(void **state) {
    (void)state;
    u64 s = 7;
    json_t *list = json_array();
    for (u32 i = 0; i < 400; i++) json_array_append_new(list, random_value(&s, 3));
    char *whole = pt_json_dump(list);
    assert_non_null(whole);
    for (i64 n = 0;; n++) {
        pt_alloc_clear();
        pt_alloc_fail_after(n);
        char *text = pt_json_dump(list);
        bool met = pt_alloc_fail_met();
        pt_alloc_fail_after(-1);
        if (text) assert_string_equal(text, whole);
        else assert_true(met);
        free(text);
        if (!met) break;
    }
    pt_alloc_clear();
    free(whole);
    json_decref(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_bytes), cmocka_unit_test(no_utf8_is_refused),
                                       cmocka_unit_test(memory_runs_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
