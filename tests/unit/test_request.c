/* Questions as JSON: what is written is read back; what does not fit is told. */
#include "support.h"

#include "query/request.h"

static int read_text(pt_query *q, const char *command, const char *text, json_t **params) {
    pt_error error = {0};
    *params = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    if (text) assert_non_null(*params);
    *q = (pt_query){0};
    int code = pt_request_read(q, command, *params, &error);
    if (code) assert_true(error.code == code && *error.message);
    return code;
}

static void round_trip(void **state) {
    (void)state;
    pt_query q = {.target = "a::b", .second = "é", .limit = UINT32_MAX, .depth = 7, .candidates = true, .all = true},
             back = {0};
    pt_error error = {0};
    json_t *params = pt_request_write(&q);
    assert_int_equal(json_object_size(params), 6);
    assert_int_equal(pt_request_read(&back, "path", params, &error), PT_OK);
    assert_string_equal(back.command, "path");
    assert_string_equal(back.target, "a::b");
    assert_string_equal(back.second, "é");
    assert_true(back.limit == UINT32_MAX && back.depth == 7 && back.candidates && back.all);
    assert_true(!back.level && !back.kind && !back.cursor && !back.cfg);
    json_decref(params);
    q = (pt_query){.level = "type", .kind = "fn", .cursor = "", .cfg = "host"};
    back = (pt_query){0};
    params = pt_request_write(&q);
    assert_int_equal(pt_request_read(&back, "list", params, &error), PT_OK);
    assert_string_equal(back.level, "type");
    assert_string_equal(back.kind, "fn");
    assert_string_equal(back.cursor, ""); /* given, and empty */
    assert_string_equal(back.cfg, "host");
    assert_true(!back.target && !back.limit && !back.candidates);
    json_decref(params);
    q = (pt_query){0};
    params = pt_request_write(&q);
    assert_int_equal(json_object_size(params), 0);
    json_decref(params);
}

static void right(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"stats", NULL},
        {"stats", "{}"},
        {"callers", "{\"target\":\"\"}"},
        {"what-implements", "{\"target\":\"T\"}"},
        {"explain", "{\"target\":\"a\"}"},
        {"explain", "{\"target\":\"a\",\"second\":\"b\"}"},
        {"list", "{\"limit\":4294967295,\"depth\":0,\"all\":false}"},
    };
    for (u32 i = 0; i < PT_COUNT_OF(cases); i++) {
        pt_query q;
        json_t *params;
        if (read_text(&q, cases[i][0], cases[i][1], &params)) fail_msg("%s %s", cases[i][0], cases[i][1]);
        json_decref(params);
    }
}

static void wrong(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"nope", "{}"},
        {"", NULL},
        {"stats", "[]"},
        {"stats", "5"},
        {"stats", "null"},
        {"stats", "{\"target\":\"a\"}"},
        {"callers", NULL},
        {"callers", "{}"},
        {"callers", "{\"target\":5}"},
        {"callers", "{\"target\":null}"},
        {"callers", "{\"target\":\"a\",\"second\":\"b\"}"},
        {"path", "{\"target\":\"a\"}"},
        {"path", "{\"second\":\"a\"}"},
        {"explain", "{\"second\":\"a\"}"},
        {"list", "{\"limit\":-1}"},
        {"list", "{\"limit\":4294967296}"},
        {"list", "{\"limit\":1.5}"},
        {"list", "{\"limit\":\"1\"}"},
        {"list", "{\"all\":1}"},
        {"list", "{\"all\":null}"},
        {"list", "{\"store\":\"x\"}"},
        {"list", "{\"\":1}"},
        {"list", "{\"Limit\":1}"},
    };
    for (u32 i = 0; i < PT_COUNT_OF(cases); i++) {
        pt_query q;
        json_t *params;
        if (read_text(&q, cases[i][0], cases[i][1], &params) != PT_EUSAGE)
            fail_msg("%s %s", cases[i][0], cases[i][1] ? cases[i][1] : "");
        json_decref(params);
    }
}

/* Arguments of a command line may be any bytes: such a question cannot be a JSON object, and is not another one. */
static void no_unicode(void **state) {
    (void)state;
    pt_query q = {.target = "a\xff"};
    json_t *params = pt_request_write(&q);
    assert_null(params);
    json_decref(params);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(right), cmocka_unit_test(wrong),
                                       cmocka_unit_test(no_unicode)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
