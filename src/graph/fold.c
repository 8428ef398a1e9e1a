#include "graph/fold.h"

#include "graph/overlay.h"

#include <stdlib.h>

static int done(pt_error *error) { return pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory") : PT_OK; }

/* A base of one shard is in its new form already: nothing has to be copied. */
static bool is_whole_shard(const pt_graph *g, u32 first, u32 count) {
    return !g->overlay && g->shard_count == 1 && !first && count == g->node_count;
}

int pt_fold_out(pt_folded_rows *out, pt_block_part parts[PT_OUT_PARTS], const pt_graph *g, u32 first, u32 count,
                pt_error *error) {
    if (is_whole_shard(g, first, count)) {
        const pt_shard *shard = g->shards;
        u32 words[2] = {shard->offsets[PT_OUT][count], shard->offsets[PT_CANDIDATE_OUT][count]};
        parts[0] = (pt_block_part){PT_SECTION_nodes, sizeof(pt_graph_node), shard->nodes, count};
        parts[1] = (pt_block_part){PT_SECTION_positions, sizeof(pt_graph_position), shard->positions, count};
        parts[2] = (pt_block_part){PT_SECTION_out_offsets, 4, shard->offsets[PT_OUT], count + 1ull};
        parts[3] = (pt_block_part){PT_SECTION_out, 4, shard->words[PT_OUT], words[0]};
        parts[4] = (pt_block_part){PT_SECTION_candidate_out_offsets, 4, shard->offsets[PT_CANDIDATE_OUT], count + 1ull};
        parts[5] = (pt_block_part){PT_SECTION_candidate_out, 4, shard->words[PT_CANDIDATE_OUT], words[1]};
        parts[6] = (pt_block_part){PT_SECTION_site_offsets, 4, shard->site_offsets[0], words[0] + 1ull};
        parts[7] = (pt_block_part){PT_SECTION_candidate_site_offsets, 4, shard->site_offsets[1], words[1] + 1ull};
        parts[8] = (pt_block_part){PT_SECTION_sites, sizeof(pt_graph_site), shard->sites, shard->site_count};
        parts[9] = (pt_block_part){PT_SECTION_walk_flags, 1, shard->walk_flags, shard->walk_flags ? count : 0};
        return PT_OK;
    }
    for (u32 n = first; n < first + count && !pt_alloc_failed(); n++) {
        pt_vec_push(&out->nodes, *pt_node_at(g, n));
        pt_vec_push(&out->positions, *pt_position_at(g, n));
        pt_vec_push(&out->walk_flags, pt_walk_flags_of(pt_node_at(g, n)));
    }
    for (u32 pass = 0; pass < 2; pass++) { /* one after the other: where a word's sites end, those of the next begin */
        for (u32 n = first; n < first + count && !pt_alloc_failed(); n++) {
            pt_row row = pt_graph_row(g, n, pass);
            if ((u64)out->words[pass].count + row.count >= PT_NONE)
                return pt_fail(error, PT_ELIMIT, "more than %u edges in a shard", PT_NONE);
            pt_vec_push(&out->offsets[pass], out->words[pass].count);
            for (u32 e = 0; e < row.count; e++) {
                pt_vec_push(&out->words[pass], row.words[e]);
                pt_vec_push(&out->site_offsets[pass], out->sites.count);
                for (u32 s = row.site_offsets[e]; s < row.site_offsets[e + 1]; s++)
                    pt_vec_push(&out->sites, row.sites[s]);
            }
        }
        pt_vec_push(&out->offsets[pass], out->words[pass].count);
        pt_vec_push(&out->site_offsets[pass], out->sites.count);
    }
#define PART(name, type, vector) (pt_block_part){PT_SECTION_##name, sizeof(type), out->vector.data, out->vector.count}
    parts[0] = PART(nodes, pt_graph_node, nodes);
    parts[1] = PART(positions, pt_graph_position, positions);
    parts[2] = PART(out_offsets, u32, offsets[0]);
    parts[3] = PART(out, pt_word, words[0]);
    parts[4] = PART(candidate_out_offsets, u32, offsets[1]);
    parts[5] = PART(candidate_out, pt_word, words[1]);
    parts[6] = PART(site_offsets, u32, site_offsets[0]);
    parts[7] = PART(candidate_site_offsets, u32, site_offsets[1]);
    parts[8] = PART(sites, pt_graph_site, sites);
    parts[9] = PART(walk_flags, u8, walk_flags);
    return done(error);
}

int pt_fold_in(pt_folded_rows *out, pt_block_part parts[PT_IN_PARTS], const pt_graph *g, u32 first, u32 count,
               pt_error *error) {
    if (is_whole_shard(g, first, count)) {
        const pt_shard *shard = g->shards;
        parts[0] = (pt_block_part){PT_SECTION_in_offsets, 4, shard->offsets[PT_IN], count + 1ull};
        parts[1] = (pt_block_part){PT_SECTION_in, 4, shard->words[PT_IN], shard->offsets[PT_IN][count]};
        parts[2] = (pt_block_part){PT_SECTION_candidate_in_offsets, 4, shard->offsets[PT_CANDIDATE_IN], count + 1ull};
        parts[3] = (pt_block_part){PT_SECTION_candidate_in, 4, shard->words[PT_CANDIDATE_IN],
                                   shard->offsets[PT_CANDIDATE_IN][count]};
        return PT_OK;
    }
    for (u32 pass = 0; pass < 2; pass++) {
        for (u32 n = first; n < first + count && !pt_alloc_failed(); n++) {
            pt_vec_push(&out->offsets[pass], out->words[pass].count);
            for (pt_run run = pt_graph_list(g, n, pass ? PT_CANDIDATE_IN : PT_IN); pt_run_next(&run);) {
                if (!pt_vec_reserve(&out->words[pass], (u64)out->words[pass].count + run.count)) break;
                memcpy(out->words[pass].data + out->words[pass].count, run.words, run.count * sizeof(pt_word));
                out->words[pass].count += run.count;
            }
        }
        pt_vec_push(&out->offsets[pass], out->words[pass].count);
    }
    parts[0] = PART(in_offsets, u32, offsets[0]);
    parts[1] = PART(in, pt_word, words[0]);
    parts[2] = PART(candidate_in_offsets, u32, offsets[1]);
    parts[3] = PART(candidate_in, pt_word, words[1]);
    return done(error);
}

typedef struct name_key {
    u32 name, node;
} name_key;
static int by_name(const void *a, const void *b, void *graph) {
    const name_key *x = a, *y = b;
    if (x->name != y->name) {
        int order = strcmp(pt_graph_string(graph, x->name), pt_graph_string(graph, y->name));
        if (order) return order;
    }
    return x->node < y->node ? -1 : x->node > y->node;
}

/* The base's names are sorted: what the overlay changed is merged in. */
static void fold_names(pt_folded_tables *t, const pt_graph *g) {
    PT_VEC(name_key) added = {0};
    for (u32 r = 0; g->overlay && r < g->overlay->names.count; r++)
        for (u32 i = 0; i < g->overlay->names.runs[r]->count; i++) {
            const pt_name_entry *e = &g->overlay->names.runs[r]->entries[i];
            const pt_graph_node *n = pt_node_at(g, e->node);
            if (n->kind != PT_KIND_DEAD && n->kind != PT_KIND_IMPL && pt_same_text(g, n->name, e->name))
                pt_vec_push(&added, (name_key){e->name, e->node});
        }
    if (added.count) qsort_r(added.data, added.count, sizeof(name_key), by_name, (void *)(uintptr_t)g);
    u32 base = 0, k = 0;
    name_key last = {0, PT_NONE};
    for (u32 name = 0; name < g->name_count || k < added.count;) {
        name_key x = {0, PT_NONE};
        if (name < g->name_count && base < g->names[name].count)
            x = (name_key){g->names[name].name, g->by_name[g->names[name].first + base]};
        else if (name < g->name_count) {
            name++, base = 0;
            continue;
        }
        if (k < added.count && (x.node == PT_NONE || by_name(&added.data[k], &x, (void *)(uintptr_t)g) < 0)) {
            x = added.data[k++];
        } else {
            base++;
            const pt_graph_node *n = pt_node_at(g, x.node);
            if (n->kind == PT_KIND_DEAD || n->kind == PT_KIND_IMPL || !pt_same_text(g, n->name, x.name)) continue;
        }
        bool same = last.node != PT_NONE && pt_same_text(g, last.name, x.name);
        if (same && last.node == x.node) continue;
        if (!same && !pt_vec_push(&t->names, (pt_graph_name){x.name, t->by_name.count, 0,
                                                             pt_graph_letters(pt_graph_string(g, x.name))}))
            break;
        t->names.data[t->names.count - 1].count++;
        pt_vec_push(&t->by_name, x.node);
        last = x;
    }
    pt_vec_free(&added);
}

int pt_fold_tables(pt_folded_tables *t, pt_block_part parts[PT_TABLE_PARTS], const pt_graph *g, pt_error *error) {
    t->info = g->info;
    bool whole = !g->overlay; /* tables as they are */
    for (u32 i = 0; !whole && i < g->anchor_count && !pt_alloc_failed(); i++)
        pt_vec_push(&t->anchors, *pt_anchor_at(g, i));
    for (u32 i = 0; !whole && i < g->file_count && !pt_alloc_failed(); i++) pt_vec_push(&t->files, *pt_file_at(g, i));
    if (!whole) {
        fold_names(t, g);
        pt_graph_open_sites(g, NULL, &t->unresolved);
    }
    u32 more = g->string_count - g->base_strings;
#undef PART
#define PART(name, type, pointer, count) (pt_block_part){PT_SECTION_##name, sizeof(type), pointer, count}
    parts[0] = PART(info, pt_graph_info, &t->info, 1);
    parts[1] = PART(anchors, pt_graph_anchor, t->anchors.data, t->anchors.count);
    parts[2] = PART(files, pt_graph_file, t->files.data, t->files.count);
    parts[3] = PART(names, pt_graph_name, t->names.data, t->names.count);
    parts[4] = PART(by_name, u32, t->by_name.data, t->by_name.count);
    parts[5] = PART(unresolved, pt_graph_unresolved, t->unresolved.data, t->unresolved.count);
    parts[6] = PART(errors, pt_graph_error, g->errors, g->error_count);
    parts[7] = PART(problems, u32, g->problems, g->problem_count);
    parts[8] = PART(features, u32, g->features, g->feature_count);
    parts[9] = PART(strings, char, g->strings, g->base_strings);
    parts[10] = PART(strings, char, g->more_strings, more);
    parts[11] = PART(strings, char, NULL, 0);
    if (whole) {
        parts[1] = PART(anchors, pt_graph_anchor, g->anchors, g->anchor_count);
        parts[2] = PART(files, pt_graph_file, g->files, g->file_count);
        parts[3] = PART(names, pt_graph_name, g->names, g->name_count);
        parts[4] = PART(by_name, u32, g->by_name, g->by_name_count);
        parts[5] = PART(unresolved, pt_graph_unresolved, g->unresolved, g->unresolved_count);
    }
#undef PART
    return done(error);
}

void pt_folded_rows_free(pt_folded_rows *r) {
    pt_vec_free(&r->nodes);
    pt_vec_free(&r->positions);
    for (u32 i = 0; i < 2; i++)
        pt_vec_free(&r->offsets[i]), pt_vec_free(&r->words[i]), pt_vec_free(&r->site_offsets[i]);
    pt_vec_free(&r->sites);
    pt_vec_free(&r->walk_flags);
}
void pt_folded_tables_free(pt_folded_tables *t) {
    pt_vec_free(&t->anchors);
    pt_vec_free(&t->files);
    pt_vec_free(&t->names);
    pt_vec_free(&t->by_name);
    pt_vec_free(&t->unresolved);
}

int pt_fold_image(void **image, u64 *size, const pt_graph *g, pt_error *error) {
    pt_folded_rows out = {0}, in = {0};
    pt_folded_tables tables = {0};
    pt_block_part parts[PT_OUT_PARTS + PT_IN_PARTS + PT_TABLE_PARTS];
    *image = NULL;
    int code = pt_fold_out(&out, parts, g, 0, g->node_count, error);
    if (!code) code = pt_fold_in(&in, parts + PT_OUT_PARTS, g, 0, g->node_count, error);
    if (!code) code = pt_fold_tables(&tables, parts + PT_OUT_PARTS + PT_IN_PARTS, g, error);
    if (!code) { /* sections ascend; the pieces of strings keep their order */
        for (u32 i = 1; i < PT_COUNT_OF(parts); i++) {
            pt_block_part x = parts[i];
            u32 at = i;
            for (; at && parts[at - 1].id > x.id; at--) parts[at] = parts[at - 1];
            parts[at] = x;
        }
        code = pt_block_make(image, size, PT_BLOCK_IMAGE, parts, PT_COUNT_OF(parts), error);
    }
    pt_folded_rows_free(&out);
    pt_folded_rows_free(&in);
    pt_folded_tables_free(&tables);
    return code;
}

typedef struct dirt {
    u32 first, end;
    bool out_side, in_side;
} dirt;
static int look(void *payload, u32 id, void *item) {
    dirt *d = payload;
    const pt_patch *p = item;
    if (id < d->first || id >= d->end) return PT_OK;
    d->out_side = d->out_side || p->node || p->position || p->rows[0] || p->rows[1];
    d->in_side = d->in_side || p->in[0] || p->in[1];
    return d->out_side && d->in_side;
}
void pt_fold_dirty(const pt_graph *g, u32 first, u32 count, bool *out_side, bool *in_side) {
    dirt d = {first, first + count, false, false};
    if (g->overlay) (void)pt_radix_each(g->overlay->nodes, look, &d);
    *out_side = d.out_side;
    *in_side = d.in_side;
}
