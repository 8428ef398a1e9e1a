/* fuzz_macro: rules and a call, cut out of one text, expanded. The cut is a line of `%%`; without one, the rules are
 * the first macro_rules body and the call is the first `name!` with a delimiter behind it. */
#include "fuzz.h"
#include "resolve/macro.h"

static const char *find(const char *from, const char *end, const char *what) {
    return from < end ? memmem(from, (size_t)(end - from), what, strlen(what)) : NULL;
}

static const char *find_open(const char *from, const char *end) {
    while (from < end && *from != '(' && *from != '{' && *from != '[') from++;
    return from;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    static pt_lexemes rules, call, result;
    const char *text = (const char *)data, *end = text + size, *cut = find(text, end, "\n%%\n"), *first = text;
    const char *first_end = cut, *second = cut ? cut + 4 : NULL;
    if (!cut) {
        const char *definition = find(text, end, "macro_rules!");
        first = find_open(definition ? definition : text, end);
        first_end = definition ? end : text + size / 2;
        if (first > first_end) first = first_end;
        const char *use = find(first, end, "}\n");
        do use = use ? find(use + 1, end, "!") : NULL;
        while (use && use + 1 < end && use[1] != '(' && use[1] != '{' && use[1] != '[');
        second = use ? use + 1 : first_end;
    }
    u32 edition = fuzz_editions[size % 4], form = (u32)(size / 4 % 8);
    char *a = fuzz_text(first, (size_t)(first_end - first), 0), *b = fuzz_text(second, (size_t)(end - second), 0);
    pt_buffer out = {0};
    pt_alloc_clear();
    pt_lex(&rules, a, (u32)(first_end - first), edition);
    pt_lex(&call, b, (u32)(end - second), edition);
    int code = pt_macro_expand(&out, NULL, &rules, form > 2 ? 0 : form, &call, 7, edition);
    LAW(code == PT_OK || code == PT_ENOTFOUND || code == PT_ELIMIT, "code %d", code);
    if (code == PT_OK && out.count) {
        LAW(out.data[out.count] == 0, "not terminated");
        LAW(out.count <= PT_MACRO_MAX_TEXT + (u32)size + 64, "%u bytes", out.count);
        if (out.count < 65536) {
            char *expansion = fuzz_text(out.data, out.count, 0);
            pt_lex(&result, expansion, out.count, edition);
            free(expansion);
        }
    }
    pt_buffer_free(&out);
    free(a);
    free(b);
    return 0;
}
