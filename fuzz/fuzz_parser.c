/* fuzz_parser: facts of any text are valid, twice the same; every way to read tokens gives a tree. */
#include "facts/facts.h"
#include "fuzz.h"

static void check_tree(const pt_tree *tree, u32 tokens) {
    u32 count = tree->nodes.count;
    const pt_node *n = tree->nodes.data;
    LAW(count > 1 && n[1].kind == PT_N_FILE, "%u nodes", count);
    LAW(tree->errors.count <= PT_MAX_SYNTAX_ERRORS, "%u errors", tree->errors.count);
    u8 *seen = calloc(count, 1); /* what hangs below the root; a node that was replaced may still lie there */
    u32 *left = malloc((count + 2) * sizeof(u32)), lefts = 0;
    if (!seen || !left) abort();
    left[lefts++] = 1;
    while (lefts) {
        u32 i = left[--lefts];
        LAW(i < count, "node %u of %u", i, count);
        LAW(!seen[i]++, "node %u hangs twice", i);
        LAW(n[i].kind < PT_N_KIND_COUNT, "node %u has kind %u", i, n[i].kind);
        LAW(n[i].token <= n[i].end && n[i].end <= tokens, "node %u covers %u to %u of %u", i, n[i].token, n[i].end,
            tokens);
        LAW(!pt_node_is_named[n[i].kind] || n[i].name < tokens, "node %u is named by token %u", i, n[i].name);
        if (n[i].next) left[lefts++] = n[i].next;
        if (n[i].child) left[lefts++] = n[i].child;
    }
    free(seen);
    free(left);
}

static void check_facts(const void *block, u32 size) {
    pt_error error = {0};
    pt_facts f;
    LAW(pt_facts_open(&f, block, size, true, &error) == PT_OK, "%s", error.message);
    u32 count = f.header->item_count;
    for (u32 i = 0; i < count; i++) {
        const pt_item *t = &f.items[i];
        LAW(t->line && t->column && t->line <= t->end_line && t->end_line <= f.header->line_count,
            "item %u: %u:%u to %u", i, t->line, t->column, t->end_line);
        if (t->parent == PT_NONE) continue;
        LAW(t->subtree_end <= f.items[t->parent].subtree_end, "item %u ends behind its parent", i);
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    static pt_extractor *extractor;
    static pt_lexemes lexemes;
    static pt_tree tree;
    u32 edition = fuzz_editions[size % PT_COUNT_OF(fuzz_editions)], facts_size, again_size;
    void *facts, *again;
    char *text = fuzz_text(data, size, 0);
    pt_alloc_clear();
    if (!extractor) extractor = pt_extractor_create();
    LAW(pt_extract(&facts, &facts_size, extractor, text, (u32)size, edition, PT_TEXT_ITEMS) == PT_OK,
        "extraction failed");
    check_facts(facts, facts_size);
    if (size % 8 == 0) { /* the same from a new extractor */
        pt_extractor *fresh = pt_extractor_create();
        LAW(pt_extract(&again, &again_size, fresh, text, (u32)size, edition, PT_TEXT_ITEMS) == PT_OK,
            "extraction failed");
        u32 same = sizeof(pt_facts_header), both = PT_MIN(facts_size, again_size);
        while (same < both && ((u8 *)facts)[same] == ((u8 *)again)[same]) same++;
        LAW(facts_size == again_size && same == both, "facts of %u and %u bytes differ at %u, item %zu byte %zu",
            facts_size, again_size, same, (same - sizeof(pt_facts_header)) / sizeof(pt_item),
            (same - sizeof(pt_facts_header)) % sizeof(pt_item));
        pt_free(again);
        pt_extractor_destroy(fresh);
    }
    pt_free(facts);

    pt_lex(&lexemes, text, (u32)size, edition);
    static const u8 ways[] = {PT_PARSE_FILE, PT_PARSE_STATEMENTS, PT_PARSE_EXPRESSIONS, PT_PARSE_ITEMS_IN_IMPL};
    for (u32 i = 0; i < PT_COUNT_OF(ways); i++) {
        LAW(pt_parse(&tree, &lexemes, 0, lexemes.tokens.count, (pt_parse_as)ways[i], edition) == PT_OK, "way %u", i);
        check_tree(&tree, lexemes.tokens.count);
    }
    static const char *const kinds[] = {"expr", "ty", "item", "pat", "pat_param", "path", "stmt", "meta", "expr_2021"};
    for (u32 i = 0; i < PT_COUNT_OF(kinds); i++) {
        u32 at = (u32)(size * 7 % lexemes.tokens.count), end = lexemes.tokens.count - 1;
        u32 stop = pt_fragment_end(&tree, &(u8){0}, &lexemes, at, end, pt_str_of(kinds[i]), edition);
        LAW(stop == PT_NONE || (stop > at && stop <= end), "%s at %u ends at %u of %u", kinds[i], at, stop, end);
    }
    free(text);
    return 0;
}
