/* fuzz_toml: any bytes give a tree or an error that names its line; what is in the tree can be found again. */
#include "fuzz.h"
#include "workspace/toml.h"

static void check(const pt_toml *v, u32 depth, u32 lines) {
    LAW(depth <= 4096, "nesting");
    LAW(v->line <= lines, "line %u of %u", v->line, lines);
    if (v->type != PT_TOML_TABLE && v->type != PT_TOML_ARRAY) {
        LAW(!v->child, "a scalar has children");
        return;
    }
    const pt_toml *last = NULL;
    for (const pt_toml *c = v->child; c; last = c, c = c->next) {
        if (v->type == PT_TOML_TABLE) LAW(pt_toml_get_str(v, c->key) == c, "a key stands twice");
        check(c, depth + 1, lines);
    }
    LAW(v->last == last, "the last child is another");
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    pt_arena arena = {0};
    pt_error error = {0};
    pt_toml *root = NULL;
    char *text = malloc(size ? size : 1);
    u32 lines = 2;
    if (!text) abort();
    if (size) memcpy(text, data, size);
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    pt_alloc_clear();
    int code = pt_toml_parse(&root, &arena, (pt_str){text, (u32)size}, "fuzz.toml", &error);
    if (code == PT_OK) {
        LAW(root && root->type == PT_TOML_TABLE, "no root");
        check(root, 0, lines);
        (void)pt_toml_string(pt_toml_get(root, "package"), "name", PT_STR(""));
        (void)pt_toml_boolean(pt_toml_get(root, "lib"), "proc-macro", false);
    } else {
        LAW(code == PT_ECORRUPT && strncmp(error.message, "fuzz.toml:", 10) == 0, "%d %s", code, error.message);
    }
    pt_arena_free(&arena);
    free(text);
    return 0;
}
