/* Questions: who asked what, against a plain list of it. */
#include "support.h"

#include "resolve/questions.h"

enum { ITEMS = 300, KEYS = 500, ROUNDS = 4000 };

typedef struct model {
    u32 keys[ITEMS][40], count[ITEMS], own[ITEMS];
} model;

static u64 state_of = 88172645463325252ull;
static u32 random_below(u32 n) {
    state_of ^= state_of << 13;
    state_of ^= state_of >> 7;
    state_of ^= state_of << 17;
    return (u32)(state_of >> 11) % n;
}

typedef struct seen {
    u8 how[ITEMS]; /* 0: not visited, 1: by its body, 2: by what others see */
} seen;
static void visit(void *payload, u32 def, bool own) {
    seen *s = payload;
    assert_true(def >= 1000 && def < 1000 + ITEMS);
    u8 how = own ? 2 : 1;
    if (s->how[def - 1000] < how) s->how[def - 1000] = how;
}

static void askers_are_those_who_asked(void **state) {
    (void)state;
    pt_questions q = {.first_def = 1000};
    model *m = calloc(1, sizeof *m);
    for (u32 round = 0; round < ROUNDS; round++) {
        u32 item = random_below(ITEMS), count = random_below(40);
        m->count[item] = count;
        m->own[item] = count ? random_below(count + 1) : 0;
        for (u32 k = 0; k < count; k++) m->keys[item][k] = random_below(KEYS) * 0x9e3779b1u;
        pt_questions_set(&q, 1000 + item, m->keys[item], count, m->own[item]);
        if (round % 7) continue;
        u32 keys[3];
        seen found = {{0}}, wanted = {{0}};
        for (u32 k = 0; k < 3; k++) keys[k] = random_below(KEYS) * 0x9e3779b1u;
        pt_questions_askers(&q, keys, 3, visit, &found);
        for (u32 i = 0; i < ITEMS; i++)
            for (u32 n = 0; n < m->count[i]; n++)
                for (u32 k = 0; k < 3; k++)
                    if (m->keys[i][n] == keys[k]) {
                        u8 how = n < m->own[i] ? 2 : 1;
                        /* the first place of a key in a list is the one that counts */
                        bool before = false;
                        for (u32 p = 0; p < n; p++) before = before || m->keys[i][p] == keys[k];
                        if (!before && wanted.how[i] < how) wanted.how[i] = how;
                    }
        assert_memory_equal(&found, &wanted, sizeof found);
        bool any = false;
        for (u32 i = 0; i < ITEMS; i++)
            for (u32 n = 0; n < m->count[i]; n++) any = any || m->keys[i][n] == keys[0];
        assert_int_equal(pt_questions_any(&q, keys[0]), any);
    }
    free(m);
    pt_questions_free(&q);
}

static void each_is_noted_once(void **state) {
    (void)state;
    struct pt_asked *a = calloc(1, sizeof *a);
    for (u32 item = 0; item < 3; item++) {
        pt_asked_begin(a);
        for (u32 k = 0; k < 100; k++) pt_ask_key(a, k % 10);
        assert_int_equal(a->keys.count - a->first, 10);
    }
    pt_asked_begin(a);
    for (u32 k = 0; k < 5000; k++) pt_ask_key(a, k * 2654435761u); /* more than it holds: all are noted */
    assert_true(a->keys.count - a->first == 5000);
    pt_asked_free(a);
    free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(askers_are_those_who_asked),
                                       cmocka_unit_test(each_is_noted_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
