#include "graph/writer.h"

#include <sys/mman.h>

enum { STRING_ROOM = 1 << 30, LEAST_STRING_ROOM = 1 << 20 };

/* All that stands on one base. */
typedef struct layer {
    pt_graph_base base;
    pt_slab slab;
    char *strings;
    u32 string_room;
} layer;

typedef struct snapshot {
    pt_graph graph; /* first: readers hold a pointer to it */
    pt_overlay overlay;
} snapshot;

typedef struct waiting {
    pt_piece piece;
    layer *layer; /* whose slab it goes back to; the layer itself when piece.memory is NULL */
    u64 epoch;
} waiting;

struct pt_reader {
    u64 epoch; /* 0: outside */
    u32 taken;
    pt_graph_writer *writer;
    char padding[64 - sizeof(u64) - sizeof(u32) - sizeof(void *)];
};

struct pt_graph_writer {
    pt_graph *current;
    u64 epoch;
    pt_reader readers[PT_READERS];
    layer *layer;
    pt_edit edit;
    snapshot *prepared;
    PT_VEC(waiting) queue;
};

static void free_layer(layer *l) {
    if (!l) return;
    pt_slab_destroy(&l->slab);
    if (l->strings) munmap(l->strings, l->string_room);
    if (l->base.release) l->base.release(l->base.payload);
    pt_free(l);
}

/* Takes the base, also when it fails. */
static int new_layer(layer **out, const pt_graph_base *base, pt_error *error) {
    layer *l = pt_calloc(1, sizeof *l);
    *out = l;
    if (!l) {
        if (base->release) base->release(base->payload);
        return pt_fail(error, PT_ENOMEM, "out of memory");
    }
    l->base = *base;
    return PT_OK;
}

/* Where the text of batches goes: address space, no memory until it is written to; less where the system grants less. Only
 * once there is a batch: most openings see none. */
static int make_string_room(layer *l, pt_error *error) {
    u32 most = PT_MIN((u32)STRING_ROOM, PT_NONE - l->base.graph.base_strings - 1) & ~4095u;
    for (u32 room = most; !l->strings && room >= (u32)LEAST_STRING_ROOM; room = (room / 4) & ~4095u) {
        void *at = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED) continue;
        l->strings = at;
        l->string_room = room;
    }
    return l->strings ? PT_OK : pt_fail(error, PT_ENOMEM, "out of memory: no address space for the text of batches");
}

static snapshot *first_snapshot(layer *l, pt_error *error) {
    snapshot *s = pt_slab_alloc(&l->slab, sizeof *s);
    if (!s) {
        pt_set_error(error, PT_ENOMEM, "out of memory");
        return NULL;
    }
    memset(s, 0, sizeof *s);
    s->graph = l->base.graph;
    s->graph.overlay = NULL;
    return s;
}

static void close_graph(void *payload) { pt_graph_close(payload); }
pt_graph_base pt_graph_base_of(pt_graph *g) { return (pt_graph_base){*g, close_graph, g}; }

int pt_graph_writer_create(pt_graph_writer **out, const pt_graph_base *base, pt_error *error) {
    layer *l;
    *out = NULL;
    int code = new_layer(&l, base, error);
    if (code) return code;
    snapshot *first = first_snapshot(l, error);
    pt_graph_writer *w = first ? pt_calloc(1, sizeof *w) : NULL;
    if (!w) {
        free_layer(l);
        return pt_fail(error, PT_ENOMEM, "out of memory");
    }
    w->epoch = 1;
    w->layer = l;
    w->edit = (pt_edit){.slab = &l->slab};
    w->current = &first->graph;
    *out = w;
    return PT_OK;
}

/* Frees what no reader can hold any more. */
static void reclaim(pt_graph_writer *w) {
    u64 oldest = UINT64_MAX;
    for (u32 i = 0; i < PT_READERS; i++) {
        u64 epoch = __atomic_load_n(&w->readers[i].epoch, __ATOMIC_SEQ_CST);
        if (epoch && epoch < oldest) oldest = epoch;
    }
    u32 gone = 0; /* epochs ascend: what goes is at the front */
    for (; gone < w->queue.count && w->queue.data[gone].epoch < oldest; gone++) {
        waiting *x = &w->queue.data[gone];
        if (x->piece.memory) pt_slab_free(&x->layer->slab, x->piece.memory, x->piece.size);
        else free_layer(x->layer);
    }
    if (!gone) return;
    memmove(w->queue.data, w->queue.data + gone, (w->queue.count - gone) * sizeof(waiting));
    w->queue.count -= gone;
}

void pt_graph_writer_destroy(pt_graph_writer *w) {
    if (!w) return;
    pt_graph_writer_discard(w);
    for (u32 i = 0; i < w->queue.count; i++)
        if (!w->queue.data[i].piece.memory) free_layer(w->queue.data[i].layer);
    free_layer(w->layer);
    pt_vec_free(&w->queue);
    pt_vec_free(&w->edit.made);
    pt_vec_free(&w->edit.retired);
    pt_free(w);
}

int pt_graph_writer_prepare(pt_graph_writer *w, const pt_delta *delta, pt_error *error) {
    const snapshot *now = (const snapshot *)(const void *)w->current;
    pt_graph_writer_discard(w);
    if (!++w->edit.batch) w->edit.batch = 1;
    int code = make_string_room(w->layer, error);
    if (code) return code;
    snapshot *next = pt_edit_alloc(&w->edit, sizeof *next);
    code = next ? PT_OK : pt_fail(error, PT_ENOMEM, "out of memory");
    if (!code) {
        *next = *now;
        pt_edit_retire(&w->edit, (void *)(uintptr_t)now, sizeof *now);
        code = pt_overlay_apply(&next->graph, &next->overlay, &w->edit, w->layer->strings, w->layer->string_room, delta,
                                error);
    }
    /* room to retire into, so that publishing cannot fail */
    if (!code && !pt_vec_reserve(&w->queue, (u64)w->queue.count + w->edit.retired.count + 1))
        code = pt_fail(error, PT_ENOMEM, "out of memory");
    if (code) pt_edit_undo(&w->edit);
    else w->prepared = next;
    return code;
}

int pt_graph_writer_replay(pt_graph_writer *w, const pt_delta *delta, pt_error *error) {
    snapshot *s = (snapshot *)(void *)w->current;
    int code = make_string_room(w->layer, error);
    if (code) return code;
    w->edit.batch = 1; /* what follows is another batch */
    w->edit.alone = true;
    code = pt_overlay_apply(&s->graph, &s->overlay, &w->edit, w->layer->strings, w->layer->string_room, delta, error);
    w->edit.alone = false;
    return code;
}

const pt_graph *pt_graph_writer_prepared(const pt_graph_writer *w) { return w->prepared ? &w->prepared->graph : NULL; }

static void show(pt_graph_writer *w, snapshot *s) { __atomic_store_n(&w->current, &s->graph, __ATOMIC_SEQ_CST); }

void pt_graph_writer_publish(pt_graph_writer *w) {
    if (!w->prepared) return;
    show(w, w->prepared);
    /* who enters from now on sees the new snapshot, and a greater epoch */
    u64 epoch = __atomic_fetch_add(&w->epoch, 1, __ATOMIC_SEQ_CST);
    for (u32 i = 0; i < w->edit.retired.count; i++)
        w->queue.data[w->queue.count++] = (waiting){w->edit.retired.data[i], w->layer, epoch};
    w->edit.made.count = w->edit.retired.count = 0;
    w->prepared = NULL;
    reclaim(w);
}

void pt_graph_writer_discard(pt_graph_writer *w) {
    if (w->prepared) pt_edit_undo(&w->edit);
    w->prepared = NULL;
}

int pt_graph_writer_rebase(pt_graph_writer *w, const pt_graph_base *base, const pt_delta *deltas, u32 count,
                           pt_error *error) {
    pt_graph_writer *fresh;
    int code = pt_graph_writer_create(&fresh, base, error);
    if (code) return code;
    for (u32 i = 0; !code && i < count; i++) code = pt_graph_writer_replay(fresh, &deltas[i], error);
    pt_graph_writer_discard(w);
    if (!code && !pt_vec_reserve(&w->queue, (u64)w->queue.count + 1)) code = pt_fail(error, PT_ENOMEM, "out of memory");
    if (code) {
        pt_graph_writer_destroy(fresh);
        return code;
    }
    layer *old = w->layer;
    w->layer = fresh->layer;
    w->edit.slab = &w->layer->slab;
    w->edit.batch = fresh->edit.batch; /* what bears a greater number is not of this layer */
    show(w, (snapshot *)(void *)fresh->current);
    u64 epoch = __atomic_fetch_add(&w->epoch, 1, __ATOMIC_SEQ_CST);
    u32 kept = 0; /* what waited for the old layer goes with it */
    for (u32 i = 0; i < w->queue.count; i++)
        if (!w->queue.data[i].piece.memory) w->queue.data[kept++] = w->queue.data[i];
    w->queue.count = kept;
    w->queue.data[w->queue.count++] = (waiting){{NULL, 0}, old, epoch};
    fresh->layer = NULL;
    fresh->queue.count = 0;
    pt_graph_writer_destroy(fresh);
    reclaim(w);
    return PT_OK;
}

const pt_graph_base *pt_graph_writer_base(const pt_graph_writer *w) { return &w->layer->base; }
const pt_graph *pt_graph_writer_latest(const pt_graph_writer *w) { return w->current; }

void pt_graph_writer_stats(const pt_graph_writer *w, pt_writer_stats *out) {
    *out = (pt_writer_stats){w->layer->slab.held, w->layer->slab.used, 0, 0};
    for (u32 i = 0; i < w->queue.count; i++)
        out->waiting += w->queue.data[i].piece.memory ? w->queue.data[i].piece.size : w->queue.data[i].layer->slab.held;
    out->patches = ((const snapshot *)(const void *)w->current)->overlay.patches;
}

int pt_reader_open(pt_reader **out, pt_graph_writer *w, pt_error *error) {
    for (u32 i = 0; i < PT_READERS; i++) {
        u32 free = 0;
        if (!__atomic_compare_exchange_n(&w->readers[i].taken, &free, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
            continue;
        w->readers[i].writer = w;
        *out = &w->readers[i];
        return PT_OK;
    }
    *out = NULL;
    return pt_fail(error, PT_ELIMIT, "more than %u readers", PT_READERS);
}

void pt_reader_close(pt_reader *r) {
    if (!r) return;
    pt_reader_leave(r);
    __atomic_store_n(&r->taken, 0, __ATOMIC_SEQ_CST);
}

const pt_graph *pt_reader_enter(pt_reader *r) {
    __atomic_store_n(&r->epoch, __atomic_load_n(&r->writer->epoch, __ATOMIC_SEQ_CST), __ATOMIC_SEQ_CST);
    return __atomic_load_n(&r->writer->current, __ATOMIC_SEQ_CST);
}

void pt_reader_leave(pt_reader *r) { __atomic_store_n(&r->epoch, 0, __ATOMIC_RELEASE); }
