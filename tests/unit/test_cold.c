/* Cold memory: what was added is what is read, wherever it lies; a disk that is full and memory that is out are told. */
#include "support.h"

#include "base/cold.h"

#include <signal.h>
#include <sys/resource.h>

enum { PIECES = 400 };
static char folder[64];

static int set_up(void **state) {
    (void)state;
    make_folder(folder);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    remove_folder(folder);
    return 0;
}

static u32 length_of(u32 i) { return i % 97 == 5 ? (2u << 20) + i : i % 7 == 0 ? 0 : i * 37 % 5000; }

static void what_was_added_is_read(void **state) {
    (void)state;
    static char piece[4 << 20];
    u64 at[PIECES];
    pt_cold *cold;
    pt_error error = {0};
    assert_int_equal(pt_cold_create(&cold, folder, &error), PT_OK);
    for (u32 i = 0; i < PIECES; i++) {
        memset(piece, (int)(i % 251) + 1, length_of(i));
        at[i] = pt_cold_add(cold, piece, length_of(i), i % 3 * 8);
        assert_int_equal(at[i] % 8, 0);
    }
    assert_int_equal(pt_cold_map(cold, &error), PT_OK);
    for (u32 round = 0; round < 2; round++) {
        for (u32 i = 0; i < PIECES; i++) {
            const char *bytes = pt_cold_at(cold, at[i]);
            for (u32 k = 0; k < length_of(i); k++) assert_int_equal(bytes[k], (char)((i % 251) + 1));
            for (u32 k = 0; k < i % 3 * 8; k++) assert_int_equal(bytes[length_of(i) + k], 0);
            if (length_of(i)) assert_true(pt_cold_has(cold, bytes));
        }
        pt_cold_forget(cold); /* and again */
    }
    assert_false(pt_cold_has(cold, piece));
    assert_false(pt_cold_has(NULL, piece));
    pt_cold_free(cold, (void *)(uintptr_t)pt_cold_at(cold, at[1]));
    pt_cold_free(cold, pt_malloc(8));
    pt_cold_free(NULL, pt_malloc(8));
    pt_cold_destroy(cold);
    char command[128];
    snprintf(command, sizeof command, "test -z \"$(ls -A %s)\"", folder);
    assert_int_equal(system(command), 0); /* it has no name, and is gone */
}

static void a_full_disk_is_told(void **state) {
    (void)state;
    static const char piece[64 << 10] = {0};
    struct rlimit before, little;
    pt_cold *cold;
    pt_error error = {0};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little = before;
    little.rlim_cur = 3 << 20;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    int made = pt_cold_create(&cold, folder, &error);
    for (u32 i = 0; !made && i < 100; i++) pt_cold_add(cold, piece, sizeof piece, 0);
    int code = made ? made : pt_cold_map(cold, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(made, PT_OK);
    assert_int_equal(code, PT_EIO);
    assert_non_null(strstr(error.message, "too large"));
    pt_cold_destroy(cold);
    assert_int_equal(pt_cold_create(&cold, "/nowhere/at/all", &error), PT_EIO);
    assert_non_null(strstr(error.message, "/nowhere/at/all"));
    pt_alloc_fail_after(0);
    code = pt_cold_create(&cold, folder, &error);
    pt_alloc_fail_after(-1);
    pt_alloc_clear();
    assert_int_equal(code, PT_ENOMEM);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_added_is_read), cmocka_unit_test(a_full_disk_is_told)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
