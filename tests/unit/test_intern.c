/* The table of names, from one thread and from many. */
#include "support.h"

#include "base/intern.h"
#include "base/parallel.h"

static void one_thread(void **state) {
    (void)state;
    pt_interner *table = pt_interner_create();
    assert_int_equal(pt_intern(table, PT_STR("")), 0);
    u32 a = pt_intern(table, PT_STR("alpha")), b = pt_intern(table, PT_STR("beta"));
    assert_int_not_equal(a, b);
    assert_int_equal(pt_intern(table, PT_STR("alpha")), a);
    assert_int_equal(pt_intern_find(table, PT_STR("beta")), b);
    assert_int_equal(pt_intern_find(table, PT_STR("gamma")), PT_NONE);
    assert_string_equal(pt_symbol_text(table, a).data, "alpha");
    u32 zero = pt_intern(table, (pt_str){"a\0b", 3});
    assert_int_not_equal(zero, pt_intern(table, PT_STR("a")));
    assert_int_equal(pt_symbol_text(table, zero).length, 3);
    pt_interner_destroy(table);
    pt_interner_destroy(NULL);
}

enum { THREADS = 4, NAMES = 20000 };
typedef struct shared {
    pt_interner *table;
    u32 symbols[THREADS][NAMES];
} shared;

static void intern_all(void *payload, u32 item, u32 worker) {
    shared *s = payload;
    (void)worker;
    for (u32 i = 0; i < NAMES; i++) { /* each in another order */
        u32 n = (i * 7919u + item * 4999u) % NAMES;
        char name[32];
        int length = snprintf(name, sizeof name, "name_%u", n);
        u32 symbol = pt_intern(s->table, (pt_str){name, (u32)length});
        s->symbols[item][n] = symbol;
        pt_str back = pt_symbol_text(s->table, symbol);
        if (!pt_str_equal(back, (pt_str){name, (u32)length})) s->symbols[item][n] = PT_NONE;
    }
}

static void many_threads(void **state) {
    (void)state;
    shared *s = calloc(1, sizeof *s);
    s->table = pt_interner_create();
    assert_int_equal(pt_parallel(THREADS, THREADS, intern_all, s), PT_OK);
    assert_int_equal(pt_interner_count(s->table), NAMES + 1);
    for (u32 t = 0; t < THREADS; t++)
        for (u32 i = 0; i < NAMES; i++) {
            assert_int_not_equal(s->symbols[t][i], PT_NONE);
            assert_int_equal(s->symbols[t][i], s->symbols[0][i]);
        }
    pt_interner_destroy(s->table);
    free(s);
}

static void count_items(void *payload, u32 item, u32 worker) {
    u32 *seen = payload;
    assert_true(worker < 8);
    __atomic_fetch_add(&seen[item], 1, __ATOMIC_RELAXED);
}

static void every_item_once(void **state) {
    (void)state;
    for (u32 threads = 1; threads <= 8; threads++) {
        u32 seen[1000] = {0};
        assert_int_equal(pt_parallel(threads, 1000, count_items, seen), PT_OK);
        for (u32 i = 0; i < 1000; i++) assert_int_equal(seen[i], 1);
        assert_int_equal(pt_parallel(threads, 0, count_items, seen), PT_OK);
    }
    assert_true(pt_processor_count() >= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_thread), cmocka_unit_test(many_threads),
                                       cmocka_unit_test(every_item_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
