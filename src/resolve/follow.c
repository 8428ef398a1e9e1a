#include "resolve/follow.h"

#include "resolve/expand.h"
#include "resolve/impls.h"
#include "resolve/macro.h"
#include "resolve/places.h"

void pt_changes_free(pt_changes *c) {
    for (u32 i = 0; i < c->files.count; i++) {
        pt_free(c->files.data[i].block);
        pt_free(c->files.data[i].symbols);
    }
    for (u32 i = 0; i < c->blocks.count; i++) pt_free(c->blocks.data[i]);
    pt_vec_free(&c->defs);
    pt_vec_free(&c->files);
    pt_vec_free(&c->instances);
    pt_vec_free(&c->held);
    pt_vec_free(&c->blocks);
    *c = (pt_changes){0};
}

bool pt_item_has_body(const pt_item *t) {
    switch (t->kind) {
    case PT_KIND_USE:
    case PT_KIND_MACRO_CALL:
    case PT_KIND_EXTERN_CRATE:
    case PT_KIND_BLOCK:
    case PT_KIND_MACRO:
    case PT_KIND_MODULE: return false;
    default: return t->tree && t->body_end > t->body_start;
    }
}

int pt_world_begin_following(pt_world *w) {
    w->is_frozen = false;
    w->stored = NULL;
    w->line_file = 0;
    return PT_OK;
}

static void whole(pt_changes *c, const char *why) {
    if (!c->whole) c->whole = why;
}

static void changed(pt_changes *c, u32 def, u32 other, bool had_body) {
    pt_vec_push(&c->defs, (pt_changed_def){def, other, had_body});
}

static void follow_instance(pt_world *w, pt_changes *c, u32 instance, const pt_facts *old,
                            const pt_item_match *matches);

/* Leaves of `use` trees that are asked for elsewhere by their place in the facts. */
static void move_imports(pt_import *list, u32 count, u32 instance, const pt_facts *old, const pt_facts *new,
                         const u32 *new_of) {
    for (u32 i = 0; i < count; i++) {
        pt_import *im = &list[i];
        if (im->instance != instance || new_of[im->item] == PT_NONE) continue;
        u32 item = new_of[im->item];
        if (im->use != PT_NONE) im->use = new->items[item].first_use + (im->use - old->items[im->item].first_use);
        im->item = item;
    }
}

static void move_derives(pt_world *w, u32 def, const pt_item *old, const pt_item *new) {
    u32 count;
    const u32 *list = old->derive_count ? pt_impls_of_head(w, def, &count) : NULL;
    for (u32 i = 0; list && i < count; i++) {
        pt_impl *im = &w->impls.data[list[i]];
        if (im->is_derive && im->def == def) im->derive = new->first_derive + (im->derive - old->first_derive);
    }
}

/* The columns and written texts of an expansion's items may change when its call moves. */
static void place_again(pt_world *w, pt_changes *c, u32 instance) {
    const pt_facts *f = &w->files.data[w->instances.data[instance].file].facts;
    u32 count = f->header->item_count;
    u32 *before = pt_malloc((size_t)count * 2 * sizeof *before + 1);
    if (!before) return;
    for (u32 i = 0; i < count; i++) before[i * 2] = f->items[i].column, before[i * 2 + 1] = f->items[i].written;
    pt_place_items(w, instance);
    pt_vec_push(&c->instances, instance);
    for (u32 i = 0; i < count; i++) {
        u32 def = pt_item_def(&w->instances.data[instance], i);
        const pt_item *t = &f->items[i];
        if (t->column != before[i * 2] || t->written != before[i * 2 + 1])
            changed(c, def, PT_OTHER_TEXT, pt_item_has_body(t));
        u32 inner = t->kind == PT_KIND_MACRO_CALL ? pt_expansion_of(w, def) : PT_NONE;
        if (inner != PT_NONE) place_again(w, c, inner);
    }
    pt_free(before);
}

/* A call whose text is another: what it expands to now, in place of what it did. */
static void expand_again(pt_world *w, pt_changes *c, u32 call, u32 instance) {
    u32 file = w->instances.data[instance].file;
    pt_expansion_text x;
    const pt_file *f = &w->files.data[file];
    if (!f->is_expansion) return whole(c, "an included file's call changed");
    u32 target = f->is_verbatim ? PT_NO_DEF : pt_call_target(w, call);
    int code = !f->is_verbatim && target == PT_NO_DEF ? PT_ENOTFOUND : pt_expand_call(w, &x, call, target);
    if (code) {
        if (f->is_verbatim || target != PT_NO_DEF) pt_expansion_text_free(&x);
        return whole(c, "a macro call makes no items any more");
    }
    pt_facts new;
    pt_error ignored;
    const pt_facts_header *h = x.block;
    if (pt_facts_open(&new, x.block, x.size, false, &ignored) ||
        (f->is_verbatim && (h->error_count || !h->item_count))) {
        pt_expansion_text_free(&x);
        return whole(c, "a macro call's arguments are no items any more");
    }
    c->expanded++;
    pt_file *to = &w->files.data[file];
    pt_facts old = to->facts;
    pt_vec_push(&c->blocks, to->block);
    pt_vec_push(&c->blocks, to->symbols);
    pt_free(to->text);
    pt_free(to->origins);
    to->text = x.text;
    to->text_length = x.length;
    to->block = x.block;
    to->block_size = x.size;
    to->facts = new;
    to->origins = x.origins;
    to->origin_count = x.origin_count;
    to->symbols = NULL;
    if (pt_world_bind_symbols(w, to)) return;
    pt_item_match *matches = pt_malloc(((size_t) new.header->item_count + 1) * sizeof *matches);
    pt_place_items(w, instance);
    if (matches && pt_facts_match(matches, &old, &new)) follow_instance(w, c, instance, &old, matches);
    pt_free(matches);
}

/* May a call in a body be there or not without anybody noticing? */
static bool makes_nothing(pt_world *w, u32 call) {
    u32 target = pt_def_impossible(w, call) ? PT_NO_DEF : pt_call_target(w, call);
    if (target == PT_NO_DEF || pt_def_is_external_path(target) || w->defs.data[target].kind != PT_KIND_MACRO)
        return true;
    if (pt_def_item(w, target)->attributes & PT_ATTR_BUILTIN_MACRO)
        return !pt_str_equal(pt_sym(w, w->defs.data[call].name), PT_STR("include"));
    pt_expansion_text x;
    int code = pt_expand_call(w, &x, call, target);
    pt_expansion_text_free(&x);
    return code == PT_ENOTFOUND;
}

static void follow_call(pt_world *w, pt_changes *c, u32 def, bool is_new, bool same_text) {
    const pt_item *t = pt_def_item(w, def);
    u32 instance = is_new ? PT_NONE : pt_expansion_of(w, def);
    if (instance == PT_NONE) {
        if (!is_new && same_text) return;
        if (t->extra ? !makes_nothing(w, def) : true) whole(c, "a macro call that makes items came or changed");
        return;
    }
    if (same_text) place_again(w, c, instance);
    else expand_again(w, c, def, instance);
}

static void follow_instance(pt_world *w, pt_changes *c, u32 instance, const pt_facts *old,
                            const pt_item_match *matches) {
    u32 file = w->instances.data[instance].file;
    const pt_facts *new = &w->files.data[file].facts;
    u32 count = new->header->item_count, old_count = old->header->item_count;
    u32 *defs = pt_malloc(((size_t)count + 1) * sizeof *defs),
        *new_of = pt_malloc(((size_t)old_count + 1) * sizeof *new_of);
    if (!defs || !new_of || !pt_vec_reserve(&w->defs, (u64)w->defs.count + count)) {
        pt_free(defs);
        pt_free(new_of);
        return;
    }
    pt_vec_push(&c->instances, instance);
    memset(new_of, 0xff, ((size_t)old_count + 1) * sizeof *new_of);
    u32 next = w->defs.count;
    for (u32 i = 0; i < count; i++) {
        defs[i] = matches[i].old == PT_NONE ? next++ : pt_item_def(&w->instances.data[instance], matches[i].old);
        if (matches[i].old != PT_NONE) new_of[matches[i].old] = i;
    }
    for (u32 i = 0; i < old_count; i++) {
        u32 def = pt_item_def(&w->instances.data[instance], i);
        if (new_of[i] != PT_NONE) continue;
        bool harmless =
            old->items[i].kind == PT_KIND_MACRO_CALL && old->items[i].extra && pt_expansion_of(w, def) == PT_NONE;
        changed(c, def, PT_DEF_REMOVED, pt_item_has_body(&old->items[i]));
        if (!harmless) whole(c, "an item went");
    }
    pt_instance *in = &w->instances.data[instance];
    pt_free(in->defs);
    in->defs = defs;
    for (u32 i = 0; i < count; i++) {
        const pt_item *t = &new->items[i];
        if (matches[i].old == PT_NONE) {
            if (defs[i] != w->defs.count) break; /* memory is out */
            pt_def made = pt_item_as_def(w, instance, i);
            pt_vec_push(&w->defs, made);
            changed(c, defs[i], PT_DEF_ADDED, false);
            if (t->kind != PT_KIND_MACRO_CALL || !t->extra) whole(c, "an item came");
            continue;
        }
        const pt_item *was = &old->items[matches[i].old];
        w->defs.data[defs[i]].item = i;
        if (matches[i].other) changed(c, defs[i], matches[i].other, pt_item_has_body(was));
        if (matches[i].other & PT_OTHER_INTERFACE) whole(c, "an item's interface is another");
        if (t->kind == PT_KIND_MACRO && t->hash != was->hash) whole(c, "a macro's definition is another");
        if (was->derive_count) move_derives(w, defs[i], was, t);
    }
    move_imports(w->imports.data, w->imports.count, instance, old, new, new_of);
    move_imports(w->named_imports.data, w->named_imports.count, instance, old, new, new_of);
    pt_free(new_of);
    for (u32 i = 0; i < count && !c->whole && !pt_alloc_failed(); i++) {
        if (new->items[i].kind != PT_KIND_MACRO_CALL) continue;
        bool is_new = matches[i].old == PT_NONE;
        const pt_item *was = is_new ? NULL : &old->items[matches[i].old];
        follow_call(w, c, w->instances.data[instance].defs[i], is_new,
                    was && was->hash == new->items[i].hash && was->written == new->items[i].written);
    }
}

int pt_world_follow(pt_world *w, pt_changes *c, u32 file, char *text, u32 length, pt_file_stamp stamp, void *block,
                    u32 size) {
    pt_facts new;
    pt_error ignored;
    pt_file *f = &w->files.data[file];
    if (f->read_code || !f->facts.header || f->is_expansion || f->is_mapped ||
        pt_facts_open(&new, block, size, false, &ignored)) {
        whole(c, "a file that could not be read");
        pt_free(text);
        pt_free(block);
        return PT_OK;
    }
    pt_facts old = f->facts;
    pt_vec_push(&c->files, (pt_changed_file){file, old, f->block, f->symbols, f->stamp});
    if (pt_alloc_failed()) return PT_ENOMEM;
    pt_free(f->text);
    f->text = text;
    f->text_length = length;
    f->block = block;
    f->block_size = size;
    f->facts = new;
    f->stamp = stamp;
    f->symbols = NULL;
    f->is_cached = false;
    w->line_file = 0;
    if (new.header->attributes != old.header->attributes ||
        !pt_str_equal(pt_facts_string(&new, new.header->cfg), pt_facts_string(&old, old.header->cfg)))
        whole(c, "the file's own attributes are others");
    pt_item_match *matches = pt_malloc(((size_t) new.header->item_count + 1) * sizeof *matches);
    if (!matches || pt_world_bind_symbols(w, f) || !pt_facts_match(matches, &old, &new)) {
        pt_free(matches);
        return PT_ENOMEM;
    }
    for (u32 i = 0, count = w->instances.count; i < count && !c->whole && !pt_alloc_failed(); i++)
        if (w->instances.data[i].file == file) follow_instance(w, c, i, &old, matches);
    pt_free(matches);
    return pt_alloc_failed() ? PT_ENOMEM : PT_OK;
}
