#include "facts/facts.h"

static bool string_ok(const pt_facts_header *h, u32 id) { return id < h->string_count; }

static int check_references(const pt_facts *f, pt_error *error) {
    const pt_facts_header *h = f->header;
    for (u32 i = 0, last = 0; i < h->string_count; last = f->string_ends[i++])
        if (f->string_ends[i] < last || f->string_ends[i] > h->string_bytes)
            return pt_fail(error, PT_ECORRUPT, "facts: string %u is out of order", i);
    for (u32 i = 0; i < h->item_count; i++) {
        const pt_item *t = &f->items[i];
        bool fine = t->kind < PT_KIND_COUNT && string_ok(h, t->name) && string_ok(h, t->signature) &&
                    string_ok(h, t->doc) && string_ok(h, t->cfg) && (t->parent == PT_NONE || t->parent < i) &&
                    t->subtree_end > i && t->subtree_end <= h->item_count && t->start <= t->end &&
                    t->end <= h->text_length && t->body_start <= t->body_end && t->body_end <= h->text_length &&
                    t->tree < h->node_count && (u64)t->first_use + t->use_count <= h->use_count &&
                    (u64)t->first_derive + t->derive_count <= h->derive_count &&
                    (t->kind == PT_KIND_MACRO || string_ok(h, t->extra));
        if (!fine) return pt_fail(error, PT_ECORRUPT, "facts: item %u refers outside", i);
    }
    if (!string_ok(h, h->cfg)) return pt_fail(error, PT_ECORRUPT, "facts: the file's cfg refers outside");
    if (f->nodes[0].child || f->nodes[0].next) return pt_fail(error, PT_ECORRUPT, "facts: node 0 is not empty");
    for (u32 i = 1; i < h->node_count; i++) {
        const pt_node *n = &f->nodes[i];
        /* children and successors lie behind: no cycles */
        bool fine = n->kind < PT_N_KIND_COUNT && n->child < h->node_count && n->next < h->node_count &&
                    (!n->child || n->child > i) && (!n->next || n->next > i) && n->token <= h->text_length &&
                    n->end <= h->text_length && (!pt_node_is_named[n->kind] || string_ok(h, n->name));
        if (!fine) return pt_fail(error, PT_ECORRUPT, "facts: node %u refers outside", i);
    }
    for (u32 i = 0; i < h->use_count; i++)
        if ((u64)f->uses[i].first_segment + f->uses[i].segment_count > h->segment_count ||
            !string_ok(h, f->uses[i].name) || f->uses[i].item >= h->item_count)
            return pt_fail(error, PT_ECORRUPT, "facts: use %u refers outside", i);
    for (u32 i = 0; i < h->derive_count; i++)
        if ((u64)f->derives[i].first_segment + f->derives[i].segment_count > h->segment_count ||
            !string_ok(h, f->derives[i].cfg) || f->derives[i].item >= h->item_count)
            return pt_fail(error, PT_ECORRUPT, "facts: derive %u refers outside", i);
    for (u32 i = 0; i < h->segment_count; i++)
        if (!string_ok(h, f->segments[i])) return pt_fail(error, PT_ECORRUPT, "facts: segment %u refers outside", i);
    for (u32 i = 0; i < h->error_count; i++)
        if (!string_ok(h, f->errors[i].message))
            return pt_fail(error, PT_ECORRUPT, "facts: error %u refers outside", i);
    return PT_OK;
}

int pt_facts_open(pt_facts *out, const void *block, u64 size, bool check, pt_error *error) {
    const pt_facts_header *h = block;
    if (size < sizeof *h || h->magic != PT_FACTS_MAGIC)
        return pt_fail(error, PT_ECORRUPT, "facts: not a block of facts");
    if (h->version != PT_EXTRACTOR_VERSION)
        return pt_fail(error, PT_ECORRUPT, "facts: of version %u, this is %u", h->version, PT_EXTRACTOR_VERSION);
    u64 at = sizeof *h;
    const char *base = block;
#define SECTION(field, type, count)                       \
    out->field = (const type *)(const void *)(base + at); \
    at += ((u64)(count) * sizeof(type) + 7) & ~(u64)7;
    out->header = h;
    SECTION(items, pt_item, h->item_count)
    SECTION(nodes, pt_node, h->node_count)
    SECTION(uses, pt_use, h->use_count)
    SECTION(derives, pt_derive, h->derive_count)
    SECTION(segments, u32, h->segment_count)
    SECTION(string_ends, u32, h->string_count)
    SECTION(string_bytes, char, h->string_bytes)
    SECTION(errors, pt_noted_error, h->error_count)
#undef SECTION
    if (at != size || h->size != size || !h->string_count || !h->node_count)
        return pt_fail(error, PT_ECORRUPT, "facts: %llu bytes where the header says %u", (unsigned long long)size,
                       h->size);
    if (!check) return PT_OK;
    if (pt_hash_bytes(base + sizeof *h, (size_t)size - sizeof *h) != h->checksum)
        return pt_fail(error, PT_ECORRUPT, "facts: checksum does not match");
    return check_references(out, error);
}
