#include "graph/amend.h"

#include <stdlib.h>

/* Ids of a graph built anew -> ids of the snapshot. */

typedef struct place_key {
    u32 node, file, line, id;
} place_key;
static int by_place(const void *a, const void *b) {
    const place_key *x = a, *y = b;
    if (x->node != y->node) return x->node < y->node ? -1 : 1;
    if (x->file != y->file) return x->file < y->file ? -1 : 1;
    if (x->line != y->line) return x->line < y->line ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void move_all(u32 *list, u32 count, const u32 *to, u32 shift) {
    for (u32 i = 0; i < count; i++)
        if (list[i] != (shift ? 0 : PT_NONE)) list[i] = to[list[i] - shift] + shift;
}

static u32 *table_of(u32 count, u8 byte) {
    u32 *list = pt_malloc(((size_t)count + 1) * sizeof *list);
    if (list) memset(list, byte, ((size_t)count + 1) * sizeof *list);
    return list;
}

static bool move_nodes(u32 *to, const pt_graph *built, const pt_graph *kept) {
    u32 size = 1024;
    while (size < kept->node_count * 2) size *= 2;
    u32 *table = table_of(size, 0);
    for (u32 n = 0; table && n < kept->node_count; n++) {
        if (!pt_node_alive(kept, n)) continue;
        u32 at = (u32)pt_node_at(kept, n)->hash.low & (size - 1);
        while (table[at]) at = (at + 1) & (size - 1);
        table[at] = n + 1;
    }
    bool found = table != NULL;
    for (u32 n = 0; found && n < built->node_count; n++) {
        pt_hash128 hash = pt_node_at(built, n)->hash;
        u32 at = (u32)hash.low & (size - 1);
        while (table[at] && !pt_hash128_equal(pt_node_at(kept, table[at] - 1)->hash, hash)) at = (at + 1) & (size - 1);
        found = table[at] != 0;
        to[n] = table[at] - 1;
    }
    pt_free(table);
    return found;
}

static bool move_files(u32 *to, const pt_graph *built, const pt_graph *kept) {
    bool found = true;
    u32 next = 0; /* both are mostly in one order */
    for (u32 f = 0; found && f < built->file_count; f++) {
        const char *path = pt_graph_file_path(built, f);
        found = false;
        for (u32 n = 0; !found && n < kept->file_count; n++, next = next + 1 < kept->file_count ? next + 1 : 0)
            if (pt_file_at(kept, next)->path && strcmp(path, pt_graph_file_path(kept, next)) == 0) {
                to[f] = next;
                found = true;
            }
    }
    return found;
}

/* The k-th place of an item in a file is the k-th. */
static bool move_anchors(u32 *to, const pt_graph *built, const pt_graph *kept, const u32 *nodes, const u32 *files) {
    PT_VEC(place_key) a = {0}, b = {0};
    for (u32 i = 0; i < built->anchor_count; i++) {
        const pt_graph_anchor *x = pt_anchor_at(built, i);
        pt_vec_push(&a, (place_key){nodes[x->node], files[x->file], x->line, i});
    }
    for (u32 i = 0; i < kept->anchor_count; i++) {
        const pt_graph_anchor *x = pt_anchor_at(kept, i);
        if (x->line != PT_NONE && pt_node_alive(kept, x->node))
            pt_vec_push(&b, (place_key){x->node, x->file, x->line, i});
    }
    bool found = a.count <= b.count && !pt_alloc_failed();
    if (a.count) qsort(a.data, a.count, sizeof(place_key), by_place);
    if (b.count) qsort(b.data, b.count, sizeof(place_key), by_place);
    for (u32 i = 0, k = 0; found && i < a.count; i++, k++) {
        while (k < b.count && (b.data[k].node < a.data[i].node ||
                               (b.data[k].node == a.data[i].node && b.data[k].file < a.data[i].file)))
            k++;
        found = k < b.count && b.data[k].node == a.data[i].node && b.data[k].file == a.data[i].file &&
                b.data[k].line == a.data[i].line;
        if (found) to[a.data[i].id] = b.data[k].id;
    }
    pt_vec_free(&a);
    pt_vec_free(&b);
    return found;
}

int pt_graph_ids_move(pt_graph_ids *ids, const pt_graph *built, const pt_graph *kept, pt_error *error) {
    u32 *nodes = table_of(built->node_count, 0xff), *files = table_of(built->file_count, 0xff),
        *anchors = table_of(built->anchor_count, 0xff);
    bool done = nodes && files && anchors && move_nodes(nodes, built, kept) && move_files(files, built, kept) &&
                move_anchors(anchors, built, kept, nodes, files);
    if (done) {
        move_all(ids->node_of.data, ids->node_of.count, nodes, 0);
        move_all(ids->node_of_external.data, ids->node_of_external.count, nodes, 1);
        move_all(ids->anchor_of.data, ids->anchor_of.count, anchors, 0);
        move_all(ids->file_of.data, ids->file_of.count, files, 0);
    }
    pt_free(nodes);
    pt_free(files);
    pt_free(anchors);
    return done ? PT_OK : pt_fail(error, PT_ELIMIT, "what was committed is not what was built");
}
