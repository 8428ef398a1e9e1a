/* relink_calls.c: macro calls and modules in files of their own, after a world was made. */
#include "resolve/expand.h"
#include "resolve/relink_internal.h"

/* Calls that came. */

static u32 target_of(const pt_world *w, u32 call) {
    u32 low = 0, high = w->call_targets.count / 2;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (w->call_targets.data[middle * 2] < call) low = middle + 1;
        else high = middle;
    }
    return low * 2 < w->call_targets.count && w->call_targets.data[low * 2] == call ? w->call_targets.data[low * 2 + 1]
                                                                                    : (u32)PT_NO_DEF;
}

/* call_targets: pairs, sorted by call. */
static void put_target(pt_world *w, u32 call, u32 target) {
    u32 low = 0, high = w->call_targets.count / 2;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (w->call_targets.data[middle * 2] < call) low = middle + 1;
        else high = middle;
    }
    if (low * 2 < w->call_targets.count && w->call_targets.data[low * 2] == call) {
        w->call_targets.data[low * 2 + 1] = target;
        return;
    }
    if (!pt_vec_reserve(&w->call_targets, (u64)w->call_targets.count + 2)) return;
    u32 *pair = w->call_targets.data + (size_t)low * 2;
    memmove(pair + 2, pair, (w->call_targets.count - low * 2) * sizeof(u32));
    pair[0] = call;
    pair[1] = target;
    w->call_targets.count += 2;
}

void pt_relink_mount_call(relinker *x, u32 call) {
    pt_world *w = x->w;
    bool in_body = pt_def_item(w, call)->extra != 0;
    if (pt_def_impossible(w, call)) return;
    u32 target = pt_call_target(w, call);
    if (target == PT_NO_DEF) {
        if (!in_body) whole(x, "a call of an unknown macro came");
        return;
    }
    bool unknown = pt_def_is_external_path(target);
    if (!in_body) put_target(w, call, target);
    if (unknown && in_body) return;
    if (!unknown && w->defs.data[target].kind != PT_KIND_MACRO) return;
    if (!unknown && (pt_def_item(w, target)->attributes & PT_ATTR_BUILTIN_MACRO)) {
        if (pt_str_equal(pt_sym(w, w->defs.data[call].name), PT_STR("include"))) whole(x, "an include! came");
        return;
    }
    pt_expansion_text e;
    int code = pt_expand_call(w, &e, call, unknown ? (u32)PT_NO_DEF : target);
    if (code) {
        pt_expansion_text_free(&e);
        if (code != PT_ENOTFOUND) whole(x, "a macro's text can't be read");
        return;
    }
    const pt_facts_header *h = e.block;
    if (unknown && (h->error_count || !h->item_count)) {
        pt_expansion_text_free(&e);
        return;
    }
    const pt_file *to = &w->files.data[pt_def_instance(w, call)->file];
    u32 file = pt_world_add_noted(w, to->path, e.text, e.length, to->edition, PT_OK, e.block, e.size);
    if (file == PT_NONE) {
        pt_free(e.origins);
        return;
    }
    w->files.data[file].origins = e.origins;
    w->files.data[file].origin_count = e.origin_count;
    w->files.data[file].is_guess = w->files.data[file].is_verbatim = unknown;
    w->mounts_quietly = true;
    u32 instance = pt_mount_expansion(w, call, file);
    w->mounts_quietly = false;
    w->unmounted.count = 0;
    if (instance == PT_NONE) return;
    x->c->expanded++;
    pt_vec_push(&x->c->instances, instance);
    const pt_facts *f = &w->files.data[file].facts;
    for (u32 i = 0; i < f->header->item_count; i++) pt_item_came(w, x->c, pt_item_def(&w->instances.data[instance], i));
}

/* Calls by a name that may mean another macro, or one of another text. */
void pt_relink_calls(relinker *x) {
    pt_world *w = x->w;
    PT_VEC(u8) named = {0}, bound = {0}; /* by their names alone; by what is in scope */
    if (!x->c->macros.count && !x->bound.count) return;
    for (u32 i = 0; i < x->c->macros.count; i++) {
        put_bit(&named, x->c->macros.data[i]);
        changed_key(x, PT_ASK_MACRO, x->c->macros.data[i], 0);
    }
    for (u32 i = 0; i < x->bound.count; i++) put_bit(&bound, x->bound.data[i]);
    for (u32 d = w->external_def_count, end = w->defs.count; d < end && !x->c->whole; d++) {
        const pt_def *call = &w->defs.data[d];
        if (call->kind != PT_KIND_MACRO_CALL || (call->flags & (PT_DEF_ABSENT | PT_DEF_EXTERNAL))) continue;
        bool by_name = has_bit(&named, call->name);
        if (!by_name && !has_bit(&bound, call->name)) continue;
        bool coming = false; /* told of already */
        for (u32 i = 0; i < x->c->calls.count && !coming; i++) coming = x->c->calls.data[i] == d;
        if (coming) continue;
        bool asks = pt_relink_asked_begin(x);
        u32 target = pt_call_target(w, d);
        if (asks && !pt_relink_asked_end(x, &x->changed) && !by_name) continue;
        bool in_body = pt_def_item(w, d)->extra != 0, other = in_body || target != target_of(w, d);
        for (u32 i = 0; i < x->c->macro_defs.count && !other; i++) other = x->c->macro_defs.data[i] == target;
        if (!other) continue;
        if (!in_body) {
            if (target != PT_NO_DEF) put_target(w, d, target);
            else whole(x, "a macro that is called is no more");
            pt_vec_push(&x->c->defs, (pt_changed_def){d, PT_OTHER_TEXT, false});
        }
        pt_follow_call(w, x->c, d);
    }
    x->c->macros.count = x->c->macro_defs.count = 0;
    pt_vec_free(&named);
    pt_vec_free(&bound);
}

/* Modules in files of their own: those that came, and those whose file came. */
void pt_relink_mount_modules(relinker *x) {
    pt_world *w = x->w;
    pt_changes *c = x->c;
    for (u32 i = 0; i < c->modules.count && !c->whole; i++) {
        u32 module = c->modules.data[i];
        bool there = (w->defs.data[module].flags & PT_DEF_ABSENT) != 0;
        for (u32 k = 0; k < w->instances.count && !there; k++) /* told of twice: by its item and by its file */
            there = w->instances.data[k].module == module && w->instances.data[k].call == PT_NO_DEF &&
                    !w->instances.data[k].is_dead && k != w->defs.data[module].instance;
        if (there) continue;
        u32 files = w->files.count, instance = PT_NONE;
        int code = pt_world_mount_module(w, &instance, module);
        if (code) whole(x, "a module's file can't be read, or is a module of itself");
        if (code || instance == PT_NONE) continue;
        u32 file = w->instances.data[instance].file;
        bool known = file < files;
        for (u32 k = 0; k < c->new_files.count; k++) known = known || c->new_files.data[k] == file;
        if (known) { /* it may have been a file of the world, of no module since */
            known = false;
            for (u32 k = 0; k < w->instances.count && !known; k++)
                known = k != instance && w->instances.data[k].file == file && !w->instances.data[k].is_dead;
        }
        if (!known) pt_vec_push(&c->new_files, file);
        pt_vec_push(&c->instances, instance);
        const pt_facts *f = &w->files.data[file].facts;
        for (u32 k = 0; k < f->header->item_count; k++)
            pt_item_came(w, c, pt_item_def(&w->instances.data[instance], k));
    }
    c->modules.count = 0;
}
