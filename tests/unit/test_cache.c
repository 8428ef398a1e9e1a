/* Answers kept: the same back, the least recently used one gone first, nothing of an older generation. */
#include "support.h"

#include "query/cache.h"

static json_t *answer_of(u32 number, u32 rows) {
    json_t *a = json_object(), *list = json_array();
    json_object_set_new(a, "number", json_integer(number));
    for (u32 i = 0; i < rows; i++) json_array_append_new(list, json_integer(i));
    json_object_set_new(a, "results", list);
    return a;
}
static void keep_answer(pt_cache *c, u64 generation, u32 number, u32 rows) {
    json_t *params = json_pack("{s:i}", "target", (int)number), *a = answer_of(number, rows);
    pt_cache_put(c, generation, "callers", params, a);
    json_decref(params);
    json_decref(a);
}
static bool has(pt_cache *c, u64 generation, u32 number) {
    json_t *params = json_pack("{s:i}", "target", (int)number), *a = pt_cache_get(c, generation, "callers", params);
    bool found = a != NULL;
    if (a) assert_int_equal(json_integer_value(json_object_get(a, "number")), number);
    json_decref(a);
    json_decref(params);
    return found;
}

static void least_recent_goes(void **state) {
    (void)state;
    pt_cache *c = pt_cache_create(3, 1000);
    for (u32 i = 0; i < 3; i++) keep_answer(c, 1, i, 2);
    assert_true(has(c, 1, 0)); /* used again: now 1 is the oldest */
    keep_answer(c, 1, 3, 2);
    assert_false(has(c, 1, 1));
    assert_true(has(c, 1, 0) && has(c, 1, 2) && has(c, 1, 3));
    pt_cache_stats stats;
    pt_cache_stats_of(c, &stats);
    assert_int_equal(stats.entries, 3);
    assert_int_equal(stats.hits, 4);
    assert_int_equal(stats.misses, 1);
    pt_cache_destroy(c);
}

static void generations(void **state) {
    (void)state;
    pt_cache *c = pt_cache_create(8, 1000);
    keep_answer(c, 5, 1, 1);
    assert_true(has(c, 5, 1));
    assert_false(has(c, 6, 1)); /* a later state: all of it goes */
    assert_false(has(c, 5, 1));
    keep_answer(c, 5, 2, 1); /* came late: of a state that is gone */
    assert_false(has(c, 5, 2) || has(c, 6, 2));
    keep_answer(c, 6, 3, 1);
    assert_true(has(c, 6, 3));
    pt_cache_destroy(c);
}

static void rows_are_bounded(void **state) {
    (void)state;
    pt_cache *c = pt_cache_create(100, 100);
    pt_cache_stats stats;
    keep_answer(c, 1, 1, 40); /* more than a quarter */
    assert_false(has(c, 1, 1));
    for (u32 i = 0; i < 50; i++) keep_answer(c, 1, 10 + i, 20);
    pt_cache_stats_of(c, &stats);
    assert_true(stats.rows <= 100 && stats.entries == 100 / 21);
    assert_true(has(c, 1, 59) && !has(c, 1, 10));
    pt_cache_destroy(c);
}

static void order_of_keys_and_sharing(void **state) {
    (void)state;
    pt_cache *c = pt_cache_create(8, 1000);
    json_t *one = json_pack("{s:s, s:i}", "target", "a", "limit", 3),
           *other = json_pack("{s:i, s:s}", "limit", 3, "target", "a");
    json_t *a = answer_of(7, 3);
    pt_cache_put(c, 1, "uses", one, a);
    json_t *got = pt_cache_get(c, 1, "uses", other);
    assert_non_null(got);
    json_object_set_new(got, "complete", json_false()); /* the caller's own level */
    json_t *again = pt_cache_get(c, 1, "uses", one);
    assert_null(json_object_get(again, "complete"));
    assert_ptr_equal(json_object_get(again, "results"), json_object_get(got, "results"));
    assert_null(pt_cache_get(c, 1, "callers", one));
    assert_null(pt_cache_get(c, 1, "uses", NULL));
    json_decref(one), json_decref(other), json_decref(a), json_decref(got), json_decref(again);
    pt_cache_destroy(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(least_recent_goes), cmocka_unit_test(generations),
                                       cmocka_unit_test(rows_are_bounded), cmocka_unit_test(order_of_keys_and_sharing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
