/* fuzz_facts: a block of facts from outside, its checksum made right: what is taken for valid can be walked whole.
 * Seeds are Rust text, which becomes its facts. */
#include "facts/facts.h"
#include "fuzz.h"

static u32 sum; /* keeps reads alive */

static void read_string(const pt_facts *f, u32 id) {
    pt_str text = pt_facts_string(f, id);
    for (u32 i = 0; i < text.length; i++) sum += (u8)text.data[i];
}

static void walk_tree(const pt_facts *f, u32 node, u32 depth) {
    for (; node && depth < 1000; node = f->nodes[node].next) {
        const pt_node *n = &f->nodes[node];
        if (pt_node_is_named[n->kind]) read_string(f, n->name);
        sum += n->token;
        walk_tree(f, n->child, depth + 1);
    }
}

static void walk(const pt_facts *f) {
    const pt_facts_header *h = f->header;
    for (u32 i = 0; i < h->item_count; i++) {
        const pt_item *t = &f->items[i];
        read_string(f, t->name);
        read_string(f, t->signature);
        read_string(f, t->doc);
        read_string(f, t->cfg);
        if (t->kind != PT_KIND_MACRO) read_string(f, t->extra);
        LAW(*pt_kind_name(t->kind) != '?', "item %u", i);
        for (u32 u = t->first_use; u < t->first_use + t->use_count; u++) sum += f->uses[u].offset;
        for (u32 d = t->first_derive; d < t->first_derive + t->derive_count; d++) sum += f->derives[d].offset;
        if (i < 64 && t->tree) walk_tree(f, f->nodes[t->tree].child, 0);
    }
    for (u32 i = 0; i < h->use_count; i++) {
        read_string(f, f->uses[i].name);
        for (u32 s = 0; s < f->uses[i].segment_count; s++) read_string(f, f->segments[f->uses[i].first_segment + s]);
    }
    for (u32 i = 0; i < h->derive_count; i++)
        for (u32 s = 0; s < f->derives[i].segment_count; s++)
            read_string(f, f->segments[f->derives[i].first_segment + s]);
    for (u32 i = 0; i < h->error_count; i++) read_string(f, f->errors[i].message);
    read_string(f, h->cfg);
}

static bool is_block(const u8 *data, size_t size) {
    static const u32 magic = PT_FACTS_MAGIC;
    return size >= sizeof(pt_facts_header) && memcmp(data, &magic, sizeof magic) == 0;
}

static void *facts_of(const u8 *data, size_t size, u32 *facts_size) {
    pt_extractor *extractor = pt_extractor_create();
    char *text = fuzz_text(data, size, 0);
    void *facts = NULL;
    LAW(pt_extract(&facts, facts_size, extractor, text, (u32)size, 2021, PT_TEXT_ITEMS) == PT_OK, "extraction failed");
    pt_extractor_destroy(extractor);
    free(text);
    return facts;
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t most, unsigned seed) {
    if (!is_block(data, size)) {
        u32 facts_size;
        void *facts = facts_of(data, size, &facts_size);
        if (facts_size <= most) memcpy(data, facts, size = facts_size);
        else size = LLVMFuzzerMutate(data, size / 2, most);
        pt_free(facts);
        return size;
    }
    if (seed % 8 == 0) return LLVMFuzzerMutate(data, size, most);
    fuzz_change_words(data, size, 8, seed);
    return size;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    pt_error error = {0};
    pt_facts f;
    pt_alloc_clear();
    if (!is_block(data, size)) {
        u32 facts_size;
        void *facts = facts_of(data, size, &facts_size);
        LAW(pt_facts_open(&f, facts, facts_size, true, &error) == PT_OK, "%s", error.message);
        walk(&f);
        pt_free(facts);
        return 0;
    }
    u8 *block = malloc(size); /* aligned, and not a byte more */
    if (!block) abort();
    memcpy(block, data, size);
    pt_facts_header *h = (void *)block;
    h->version = PT_EXTRACTOR_VERSION;
    h->size = (u32)size;
    h->checksum = pt_hash_bytes(block + sizeof *h, size - sizeof *h);
    if (pt_facts_open(&f, block, size, true, &error) == PT_OK) walk(&f);
    else LAW(error.code == PT_ECORRUPT && error.message[0], "code %d", error.code);
    free(block);
    return 0;
}
