/* Context and free questions: each allocation fails once, and then the answer is whole or there is none. */
#include "support.h"

#include "live/index.h"
#include "query/context.h"
#include "query/render.h"

static char folder[64];
static pt_graph *graph;

static int set_up(void **state) {
    (void)state;
    pt_index_report report;
    pt_error error = {0};
    make_folder(folder);
    put_tiny(folder);
    pt_index_options options = {.path = folder, .threads = 1};
    int code = pt_index(&graph, &report, &options, &error);
    if (code) fail_msg("%s", error.message);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    pt_alloc_fail_after(-1);
    pt_graph_close(graph);
    remove_folder(folder);
    return 0;
}

static int ask(const char *command, const char *target, const char *format, char **text) {
    pt_query q = {.graph = graph, .command = command, .target = target, .format = format, .uuid = "", .store_uri = ""};
    pt_error error = {0};
    json_t *answer = NULL;
    int code = pt_query_run(&q, &answer, &error);
    *text = !code && answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    json_decref(answer);
    return code;
}

static void countdown(const char *command, const char *target, const char *format) {
    char *whole, *text;
    pt_alloc_clear();
    assert_int_equal(ask(command, target, format, &whole), PT_OK);
    for (u32 n = 0;; n++) {
        pt_alloc_clear();
        pt_alloc_fail_after(n);
        int code = ask(command, target, format, &text);
        bool met = pt_alloc_fail_met();
        pt_alloc_fail_after(-1);
        if (code != PT_OK && code != PT_ENOMEM) fail_msg("%s: allocation %u: %s", command, n, pt_error_text(code));
        if (code == PT_OK) assert_string_equal(text, whole);
        free(text);
        if (!met) break;
        if (n > 100000) fail_msg("%s: never ends", command);
    }
    free(whole);
}

static void memory_is_out(void **state) {
    (void)state;
    static const char *const formats[] = {"text", "markdown", "json", "compact"};
    for (u32 i = 0; i < PT_COUNT_OF(formats); i++) countdown("context", "Speak\nThing", formats[i]);
    countdown("explore", "who implements Speak", "text");
    countdown("explore", "how is a thing spoken twice", "compact");
    countdown("explore", "path from made to speak", "json");
}

/* A score never depends on which of two items was asked for first. */
static void the_order_of_what_is_asked_for(void **state) {
    (void)state;
    pt_node_list named = {0};
    pt_related_list one = {0}, other = {0};
    pt_query q = {.graph = graph};
    pt_error error = {0};
    pt_graph_named(graph, "Thing", &named);
    pt_graph_named(graph, "go", &named);
    assert_int_equal(named.count, 2);
    u32 turned[] = {named.data[1], named.data[0]};
    assert_int_equal(pt_context_gather(&one, &q, named.data, 2, &error), PT_OK);
    assert_int_equal(pt_context_gather(&other, &q, turned, 2, &error), PT_OK);
    assert_int_equal(one.count, other.count);
    assert_true(one.count > 2);
    for (u32 i = 0; i < one.count; i++) {
        assert_int_equal(one.data[i].node, other.data[i].node);
        assert_int_equal(one.data[i].score, other.data[i].score);
        assert_true(one.data[i].node != named.data[0] && one.data[i].node != named.data[1]);
        if (i) assert_true(one.data[i - 1].score >= one.data[i].score);
    }
    pt_vec_free(&named);
    pt_vec_free(&one);
    pt_vec_free(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_out),
        cmocka_unit_test(the_order_of_what_is_asked_for),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
