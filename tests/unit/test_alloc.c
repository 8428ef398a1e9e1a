/* Allocation: vectors, arenas, buffers, and every stage when memory is out. */
#include "support.h"

#include "facts/facts.h"

static char folder[64];
static int set_up(void **state) {
    (void)state;
    make_folder(folder);
    put_tiny(folder);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    pt_alloc_fail_after(-1);
    remove_folder(folder);
    return 0;
}

static void containers(void **state) {
    (void)state;
    PT_VEC(u32) v = {0};
    for (u32 i = 0; i < 1000; i++) assert_true(pt_vec_push(&v, i));
    for (u32 i = 0; i < 1000; i++) assert_int_equal(v.data[i], i);
    pt_vec_free(&v);
    assert_null(v.data);
    pt_arena arena = {0};
    for (u32 i = 0; i < 1000; i++) {
        char *p = pt_arena_alloc(&arena, i * 7 % 500);
        assert_int_equal((uintptr_t)p % 8, 0);
        memset(p, 0xff, i * 7 % 500);
    }
    assert_string_equal(pt_arena_copy(&arena, "abcdef", 3), "abc");
    pt_arena_free(&arena);
    pt_buffer b = {0};
    pt_buffer_text(&b, "a");
    pt_buffer_char(&b, 'b');
    pt_buffer_format(&b, "%d", 7);
    pt_buffer_str(&b, PT_STR("c"));
    assert_string_equal(b.data, "ab7c");
    pt_buffer_clear(&b);
    assert_string_equal(b.data, "");
    pt_buffer_free(&b);
}

static void a_failure_is_remembered(void **state) {
    (void)state;
    PT_VEC(u32) v = {0};
    pt_alloc_clear();
    pt_alloc_fail_after(0);
    assert_false(pt_vec_push(&v, 1));
    assert_true(pt_alloc_failed());
    assert_true(pt_vec_push(&v, 1)); /* once */
    pt_alloc_clear();
    assert_false(pt_alloc_failed());
    pt_vec_free(&v);
}

static int extract_once(void) {
    char *text = padded(TINY_OTHER, strlen(TINY_OTHER));
    pt_extractor *x = pt_extractor_create();
    void *block = NULL;
    u32 size = 0;
    int code = x ? pt_extract(&block, &size, x, text, (u32)strlen(TINY_OTHER), 2021, PT_TEXT_ITEMS) : PT_ENOMEM;
    if (!code) {
        pt_facts facts;
        assert_int_equal(pt_facts_open(&facts, block, size, true, NULL), PT_OK);
        pt_free(block);
    }
    pt_extractor_destroy(x);
    free(text);
    return code;
}

/* The n-th allocation fails, for every n the stage gets to. */
static void countdown(const char *name, int (*stage)(void)) {
    for (u32 n = 0;; n++) {
        pt_alloc_clear();
        pt_alloc_fail_after(n);
        int code = stage();
        pt_alloc_fail_after(-1);
        bool reached = pt_alloc_failed();
        pt_alloc_clear();
        if (code != PT_OK && code != PT_ENOMEM) fail_msg("%s: allocation %u: %s", name, n, pt_error_text(code));
        if (!reached && code == PT_OK) {
            printf("%s: %u allocations\n", name, n);
            return;
        }
        if (n > 200000) fail_msg("%s: never ends", name);
    }
}
static void extracting(void **state) { (void)state, countdown("extract", extract_once); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(containers),
        cmocka_unit_test(a_failure_is_remembered),
        cmocka_unit_test(extracting),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
