/* Durations and what they warn of. */
#include "support.h"

#include "live/monitor.h"

static void permilles_of_the_last_ones(void **state) {
    (void)state;
    pt_timing *t = calloc(1, sizeof *t);
    u32 n;
    assert_non_null(t);
    assert_int_equal(pt_timing_permille(t, 990, 0, &n), 0);
    assert_int_equal(n, 0);
    for (u32 i = 0; i < 5000; i++) pt_timing_note(t, 1000000); /* pushed out by what follows */
    for (u32 i = PT_TIMING_SAMPLES; i; i--) pt_timing_note(t, i);
    assert_int_equal(pt_timing_permille(t, 0, 0, &n), 1);
    assert_int_equal(n, PT_TIMING_SAMPLES);
    assert_int_equal(pt_timing_permille(t, 500, 0, &n), 512);
    assert_int_equal(pt_timing_permille(t, 990, 0, &n), 1013);
    assert_int_equal(pt_timing_permille(t, 1000, 0, &n), PT_TIMING_SAMPLES);
    json_t *told = pt_timing_json(t);
    assert_int_equal(json_integer_value(json_object_get(told, "count")), 5000 + PT_TIMING_SAMPLES);
    assert_int_equal(json_integer_value(json_object_get(told, "p50_us")), 512);
    assert_int_equal(json_integer_value(json_object_get(told, "p999_us")), 1022);
    assert_true(json_integer_value(json_object_get(told, "sum_us")) == 5000000000ll + 1024 * 1025 / 2);
    json_decref(told);
    for (u32 i = 0; i < PT_TIMING_SAMPLES; i++) t->at_s[i] -= i % 2 ? PT_TRIGGER_WINDOW_S + 1 : 0;
    pt_timing_permille(t, 990, PT_TRIGGER_WINDOW_S, &n);
    assert_int_equal(n, PT_TIMING_SAMPLES / 2);
    pt_timing_note(t, UINT64_MAX); /* more than it can hold: the most it can */
    assert_int_equal(pt_timing_permille(t, 1000, 0, &n), UINT32_MAX);
    free(t);
}

static void minutes_of_the_last_hour(void **state) {
    (void)state;
    pt_timing *t = calloc(1, sizeof *t);
    assert_non_null(t);
    json_t *none = pt_timing_history(t, 100000);
    assert_int_equal(json_array_size(none), 0);
    json_decref(none);
    enum { START = 6000 };                                               /* a minute's first second */
    for (u32 i = 0; i < 100; i++) pt_timing_note_at(t, 1, START - 3600); /* falls out of the hour */
    for (u32 i = 1; i <= 100; i++) pt_timing_note_at(t, i, START + (i > 50));
    for (u32 i = 0; i < 3000; i++) pt_timing_note_at(t, i < 1976 ? 9 : 5, START + 119); /* more than are kept */
    pt_timing_note_at(t, 7, START + 300);
    struct {
        u32 ago, count, p50, p99;
    } expected[] = {{5, 100, 50, 99}, {4, 3000, 5, 5}, {0, 1, 7, 7}};
    json_t *told = pt_timing_history(t, START + 359);
    assert_int_equal(json_array_size(told), PT_COUNT_OF(expected));
    for (u32 i = 0; i < PT_COUNT_OF(expected); i++) {
        json_t *m = json_array_get(told, i);
        assert_int_equal(json_integer_value(json_object_get(m, "minutes_ago")), expected[i].ago);
        assert_int_equal(json_integer_value(json_object_get(m, "count")), expected[i].count);
        assert_int_equal(json_integer_value(json_object_get(m, "p50_us")), expected[i].p50);
        assert_int_equal(json_integer_value(json_object_get(m, "p99_us")), expected[i].p99);
    }
    json_decref(told);
    told = pt_timing_history(t, START + 300 + 3600); /* nothing lately */
    assert_int_equal(json_array_size(told), 0);
    json_decref(told);
    free(t);
}

static void triggers_need_enough_and_recent(void **state) {
    (void)state;
    for (u32 k = 0; k < PT_TRIGGERS; k++) {
        pt_timing *t = calloc(1, sizeof *t);
        u32 p99, limit = pt_trigger_at(k)->limit_us;
        assert_non_null(t);
        for (u32 i = 0; i + 1 < PT_TRIGGER_LEAST; i++) pt_timing_note(t, limit * 2);
        assert_false(pt_trigger_is_on(k, t, &p99)); /* too few */
        assert_int_equal(p99, 0);
        pt_timing_note(t, limit * 2);
        assert_true(pt_trigger_is_on(k, t, &p99));
        assert_int_equal(p99, limit * 2);
        for (u32 i = 0; i < PT_TIMING_SAMPLES; i++) t->at_s[i] -= PT_TRIGGER_WINDOW_S + 1;
        assert_false(pt_trigger_is_on(k, t, &p99)); /* long ago */
        for (u32 i = 0; i < PT_TIMING_SAMPLES; i++) pt_timing_note(t, limit);
        assert_false(pt_trigger_is_on(k, t, &p99)); /* at the limit is within it */
        free(t);
    }
    assert_int_equal(pt_trigger_at(PT_TRIGGER_BLAST_RADIUS)->limit_us, 2000);
    assert_int_equal(pt_trigger_at(PT_TRIGGER_WRITE_QUEUE)->limit_us, 5000);
}

static void memory_of_this_process(void **state) {
    (void)state;
    u64 before, after, anonymous, more;
    enum { MUCH = 64 << 20 };
    pt_process_memory(&before, &anonymous);
    assert_true(before > 1 << 20 && anonymous > 0 && anonymous <= before);
    char *much = malloc(MUCH);
    assert_non_null(much);
    memset(much, 1, MUCH);
    pt_process_memory(&after, &more);
    assert_true(much[MUCH / 2] == 1 && after >= before + MUCH - (8 << 20) && more >= anonymous + MUCH - (8 << 20));
    free(much);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permilles_of_the_last_ones), cmocka_unit_test(minutes_of_the_last_hour),
        cmocka_unit_test(triggers_need_enough_and_recent), cmocka_unit_test(memory_of_this_process)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
