/* Interface files that were damaged and then given a right checksum: what is checked is what they say, not the sum. */
#include "support.h"

#include "base/hash.h"
#include "resolve/interface_format.h"
#include "workspace/source.h"

typedef pt_interface_header header;
typedef pt_interface_record record;

static char folder[64], path[128];
static char *bytes;
static u32 length;

/* A segment of one file, whose macro made an item, written and read back. */
static int make(void **state) {
    (void)state;
    pt_error error = {0};
    pt_source *source = NULL;
    pt_world *w = NULL;
    make_folder(folder);
    put(folder, "src/lib.rs", "macro_rules! make { ($n:ident) => { pub struct $n; } }\nmake!(A);\n");
    snprintf(path, sizeof path, "%s/x.segment", folder);
    assert_int_equal(pt_source_open_folder(&source, folder, &error), PT_OK);
    assert_int_equal(pt_world_create(&w, source, NULL, 1, &error), PT_OK);
    w->is_segment = true;
    u32 root = pt_world_add_file(w, "src/lib.rs", 2021);
    const char *below = "src";
    assert_int_equal(pt_world_read_closure(w, NULL, &root, &below, 1), PT_OK);
    u32 name = pt_intern(w->names, PT_STR("demo"));
    u32 crate = pt_world_add_crate(w, (pt_crate){.name = name,
                                                 .label = name,
                                                 .package = PT_NONE,
                                                 .target = PT_NONE,
                                                 .edition = 2021,
                                                 .is_external = true,
                                                 .prelude = PT_NO_DEF});
    u32 instance = pt_world_mount(w, root, crate, w->crates.data[crate].root, "src", PT_NO_DEF);
    w->defs.data[w->crates.data[crate].root].instance = instance;
    pt_world_expand(w);
    assert_int_equal(pt_interface_write(w, &root, 1, PT_STR("info"), path, &error), PT_OK);
    pt_world_destroy(w);
    pt_source_close(source);
    assert_int_equal(pt_file_read(&bytes, &length, path, 1 << 20, &error), PT_OK);
    assert_int_equal(((header *)(void *)bytes)->file_count, 2);
    assert_int_equal(((header *)(void *)bytes)->prepared_count, 1);
    return 0;
}
static int unmake(void **state) {
    (void)state;
    pt_free(bytes);
    remove_folder(folder);
    return 0;
}

static record *record_at(u32 i) { return (record *)(void *)(bytes + sizeof(header)) + i; }

/* Makes the sum right, writes, loads. */
static int loaded(void) {
    pt_error error = {0};
    pt_world *w = NULL;
    pt_interface out;
    header *h = (void *)bytes;
    h->checksum = pt_hash_bytes(bytes + sizeof *h, length - sizeof *h);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(pt_world_create(&w, NULL, NULL, 1, &error), PT_OK);
    u32 before = w->files.count;
    int code = pt_interface_load(w, &out, path, "demo:/", true, &error);
    if (code) assert_int_equal(w->files.count, before);
    if (code) assert_non_null(strstr(error.message, "x.segment"));
    pt_world_destroy(w);
    return code;
}

static void whole(void **state) {
    (void)state;
    assert_int_equal(loaded(), PT_OK);
}

static void text_of_another_length(void **state) {
    (void)state;
    for (u32 i = 0; i < 2; i++) {
        if (!record_at(i)->text) continue;
        record_at(i)->text_length--;
        assert_int_equal(loaded(), PT_ECORRUPT);
        record_at(i)->text_length++;
    }
    assert_int_equal(loaded(), PT_OK);
}

static void text_that_does_not_end(void **state) {
    (void)state;
    assert_true(record_at(0)->text != 0);
    bytes[record_at(0)->text + record_at(0)->text_length + 3] = 'x';
    assert_int_equal(loaded(), PT_ECORRUPT);
    bytes[record_at(0)->text + record_at(0)->text_length + 3] = 0;
}

static void expansion_without_facts(void **state) {
    (void)state;
    u32 size = record_at(1)->block_size;
    assert_true(record_at(1)->is_expansion);
    record_at(1)->block_size = 0;
    assert_int_equal(loaded(), PT_ECORRUPT);
    record_at(1)->block_size = size;
}

static void places_outside(void **state) {
    (void)state;
    u64 *places[] = {&record_at(0)->path, &record_at(0)->block, &record_at(0)->text, &((header *)(void *)bytes)->info};
    for (u32 i = 0; i < PT_COUNT_OF(places); i++) {
        u64 was = *places[i];
        *places[i] = length;
        assert_int_equal(loaded(), PT_ECORRUPT);
        *places[i] = UINT64_MAX - 3;
        assert_int_equal(loaded(), PT_ECORRUPT);
        *places[i] = was;
    }
    assert_int_equal(loaded(), PT_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole), cmocka_unit_test(text_of_another_length),
                                       cmocka_unit_test(text_that_does_not_end),
                                       cmocka_unit_test(expansion_without_facts), cmocka_unit_test(places_outside)};
    return cmocka_run_group_tests(tests, make, unmake);
}
