/* fuzz_cfg: a predicate's canonical form is canonical: made again from its own text it stays the same, and what is
 * made of it by all(..) requires it and excludes its negation. */
#include "facts/cfg.h"
#include "fuzz.h"

static pt_buffer canonical_of(const char *data, size_t size, bool *sound) {
    static pt_lexemes lexemes;
    pt_buffer out = {0};
    char *text = fuzz_text(data, size, 0);
    pt_lex(&lexemes, text, (u32)size, 2021);
    *sound = lexemes.balanced && !lexemes.errors.count;
    pt_cfg_canonical(&out, &lexemes, 0, lexemes.tokens.count - 1);
    free(text);
    return out;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    pt_alloc_clear();
    size_t half = size;
    for (size_t i = 0; i < size && half == size; i++)
        if (data[i] == '\n') half = i;
    bool sound, still, other_sound;
    pt_buffer once = canonical_of((const char *)data, half, &sound),
              twice = canonical_of(once.data, once.count, &still);
    pt_str a = pt_buffer_view(&once), again = pt_buffer_view(&twice);
    LAW(!sound || pt_str_equal(a, again), "`%.*s` becomes `%.*s`", (int)a.length, a.data, (int)again.length,
        again.data);

    pt_buffer other = canonical_of((const char *)data + half, size - half, &other_sound), both = {0}, mirrored = {0};
    pt_str b = pt_buffer_view(&other);
    pt_cfg_and(&both, a, b);
    pt_cfg_and(&mirrored, b, a);
    LAW(!sound || !other_sound || pt_str_equal(pt_buffer_view(&both), pt_buffer_view(&mirrored)),
        "all(a, b) is `%s`, all(b, a) `%s`", both.data, mirrored.data);
    LAW(!sound || !other_sound || pt_cfg_exclusive(a, b) == pt_cfg_exclusive(b, a), "`%s` and `%s`", once.data,
        other.data);
    LAW(!sound || !pt_cfg_exclusive(a, a), "`%s` excludes itself", once.data);
    pt_str options[2] = {a, PT_STR("unix")};
    pt_cfg_set set = {options, 2};
    (void)pt_cfg_holds(a, &set);
    (void)pt_cfg_holds(pt_buffer_view(&both), &set);
    (void)pt_cfg_requires(pt_buffer_view(&both), b);
    pt_buffer_free(&once);
    pt_buffer_free(&twice);
    pt_buffer_free(&other);
    pt_buffer_free(&both);
    pt_buffer_free(&mirrored);
    return 0;
}
