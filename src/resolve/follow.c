#include "resolve/follow.h"

#include "resolve/expand.h"
#include "resolve/impls.h"
#include "resolve/macro.h"
#include "resolve/places.h"
#include "resolve/questions.h"

void pt_changes_free(pt_changes *c) {
    for (u32 i = 0; i < c->files.count; i++) {
        pt_cold_free(c->cold, c->files.data[i].block);
        pt_cold_free(c->cold, c->files.data[i].symbols);
    }
    for (u32 i = 0; i < c->blocks.count; i++) pt_cold_free(c->cold, c->blocks.data[i]);
    pt_vec_free(&c->defs);
    pt_vec_free(&c->files);
    pt_vec_free(&c->instances);
    pt_vec_free(&c->blocks);
    pt_vec_free(&c->names);
    pt_vec_free(&c->gone_globs);
    pt_vec_free(&c->new_globs);
    pt_vec_free(&c->calls);
    pt_vec_free(&c->modules);
    pt_vec_free(&c->new_files);
    pt_vec_free(&c->gone_files);
    pt_vec_free(&c->macros);
    pt_vec_free(&c->macro_defs);
    pt_vec_free(&c->keys);
    pt_vec_free(&c->moved);
    pt_vec_free(&c->kinds);
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
    w->says_nothing = true;
    w->stored = NULL;
    w->line_file = 0;
    w->late_def = w->defs.count;
    for (u32 i = 0; i < w->instances.count; i++) pt_world_list_instance(w, i);
    pt_vec_free(&w->imports); /* what they still lacked they will ask for by name */
    pt_vec_free(&w->calls);
    pt_scope_pack(w);
    for (u32 i = 0; i < w->glob_imports.count; i++) {
        w->glob_imports.data[i].target = pt_glob_source(w, &w->glob_imports.data[i]);
        w->glob_imports.data[i].visible = pt_import_visibility(w, &w->glob_imports.data[i]);
    }
    bool ignored = w->questions && pt_questions_any(w->questions, 0); /* makes their index now */
    (void)ignored;
    return pt_alloc_failed() ? PT_ENOMEM : PT_OK;
}

static void whole(pt_changes *c, const char *why) {
    if (!c->whole) c->whole = why;
}

static void went(pt_world *w, pt_changes *c, u32 def, const pt_item *t);
static void module_went(pt_world *w, pt_changes *c, u32 def);
static void instance_went(pt_world *w, pt_changes *c, u32 instance);

static void changed(pt_changes *c, u32 def, u32 other, bool had_body) {
    pt_vec_push(&c->defs, (pt_changed_def){def, other, had_body});
}

static void follow_instance(pt_world *w, pt_changes *c, u32 instance, const pt_facts *old, const u32 *old_symbols,
                            const pt_item_match *matches);

/* What a kind of item would mean for more than names, impls and members. */
static void come_or_go(const pt_world *w, pt_changes *c, u32 def, const pt_item *t) {
    if (t->kind == PT_KIND_MACRO) pt_vec_push(&c->macros, w->defs.data[def].name);
    if (t->kind == PT_KIND_EXTERN_CRATE) whole(c, "an extern crate came or went");
}

void pt_item_came(pt_world *w, pt_changes *c, u32 def) {
    const pt_item *t = pt_def_item(w, def);
    come_or_go(w, c, def, t);
    changed(c, def, PT_DEF_ADDED, false);
    if (t->kind == PT_KIND_MACRO_CALL) pt_vec_push(&c->calls, def);
    if (t->kind == PT_KIND_MODULE && !(t->flags & PT_F_HAS_BODY)) pt_vec_push(&c->modules, def);
}

/* A leaf of a `use` tree is known elsewhere by its place in the facts. False: it is no more. */
static bool move_import(pt_import *im, const pt_facts *old, const pt_facts *new, const u32 *new_of) {
    u32 item = new_of ? new_of[im->item] : PT_NONE;
    if (item == PT_NONE) return false;
    im->use = new->items[item].first_use + (im->use - old->items[im->item].first_use);
    im->item = item;
    return true;
}

/* `new_of` NULL: all go. */
static void move_imports(pt_world *w, pt_changes *c, u32 instance, const pt_facts *old, const u32 *old_symbols,
                         const pt_facts *new, const u32 *new_of) {
    u32 kept = 0;
    if (!old->header->use_count) return;
    for (u32 i = 0; i < w->named_imports.count; i++) {
        pt_import im = w->named_imports.data[i];
        u32 use = im.use;
        if (im.instance != instance || move_import(&im, old, new, new_of)) w->named_imports.data[kept++] = im;
        else pt_vec_push(&c->names, (pt_scope_key){im.module, old_symbols[old->uses[use].name]});
    }
    w->named_imports.count = kept;
    kept = 0;
    for (u32 i = 0; i < w->glob_imports.count; i++) {
        pt_import im = w->glob_imports.data[i];
        if (im.instance != instance || move_import(&im, old, new, new_of)) w->glob_imports.data[kept++] = im;
        else pt_vec_push(&c->gone_globs, (pt_gone_glob){im.module, im.target, im.visible});
    }
    w->glob_imports.count = kept;
}

/* What an instance brought is no more. */
static void instance_went(pt_world *w, pt_changes *c, u32 instance) {
    u32 file = w->instances.data[instance].file;
    const pt_file *f = &w->files.data[file];
    for (u32 i = 0; i < f->facts.header->item_count; i++)
        went(w, c, pt_item_def(&w->instances.data[instance], i), &f->facts.items[i]);
    move_imports(w, c, instance, &f->facts, f->symbols, NULL, NULL);
    w->instances.data[instance].is_dead = true;
    bool used = f->is_expansion;
    for (u32 i = 0; i < w->instances.count && !used; i++)
        used = w->instances.data[i].file == file && !w->instances.data[i].is_dead;
    if (used) return;
    w->files.data[file].is_away = true;
    pt_vec_push(&c->gone_files, file);
}

static void module_went(pt_world *w, pt_changes *c, u32 def) {
    for (u32 i = 0; i < w->instances.count; i++)
        if (w->instances.data[i].module == def && w->instances.data[i].call == PT_NO_DEF &&
            !w->instances.data[i].is_dead && i != w->defs.data[def].instance)
            instance_went(w, c, i);
}

void pt_world_file_went(pt_world *w, pt_changes *c, u32 file) {
    for (u32 i = 0; i < w->crates.count; i++) {
        u32 root = w->crates.data[i].root;
        if (w->defs.data[root].instance != PT_NONE && pt_def_instance(w, root)->file == file)
            whole(c, "a crate's root went");
    }
    for (u32 i = 0; i < w->instances.count && !c->whole; i++) {
        if (w->instances.data[i].file != file || w->instances.data[i].is_dead) continue;
        if (w->instances.data[i].call != PT_NO_DEF) whole(c, "an included file went");
        else instance_went(w, c, i);
    }
}

bool pt_world_file_came(pt_world *w, pt_changes *c, const char *path) {
    bool wanted = false;
    for (u32 d = w->external_def_count; d < w->defs.count; d++) {
        if (w->defs.data[d].kind != PT_KIND_MODULE || (w->defs.data[d].flags & (PT_DEF_ABSENT | PT_DEF_EXTERNAL)) ||
            !pt_world_module_is(w, d, path))
            continue;
        bool mounted = false;
        for (u32 i = 0; i < w->instances.count && !mounted; i++)
            mounted = w->instances.data[i].module == d && w->instances.data[i].call == PT_NO_DEF &&
                      !w->instances.data[i].is_dead;
        if (!mounted) {
            pt_vec_push(&c->modules, d);
            wanted = true;
        }
    }
    return wanted;
}

static void went(pt_world *w, pt_changes *c, u32 def, const pt_item *t) {
    come_or_go(w, c, def, t);
    changed(c, def, PT_DEF_REMOVED, pt_item_has_body(t));
    w->defs.data[def].flags |= PT_DEF_ABSENT;
    if (t->kind == PT_KIND_MODULE && !(t->flags & PT_F_HAS_BODY)) module_went(w, c, def);
    u32 instance = t->kind == PT_KIND_MACRO_CALL ? pt_expansion_of(w, def) : PT_NONE;
    if (instance == PT_NONE) return;
    if (w->files.data[w->instances.data[instance].file].is_expansion) instance_went(w, c, instance);
    else whole(c, "an include! went");
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

static void move_imports(pt_world *w, pt_changes *c, u32 instance, const pt_facts *old, const u32 *old_symbols,
                         const pt_facts *new, const u32 *new_of);

/* A call whose text is another: what it expands to now, in place of what it did. */
static void expand_again(pt_world *w, pt_changes *c, u32 call, u32 instance) {
    u32 file = w->instances.data[instance].file;
    pt_expansion_text x;
    const pt_file *f = &w->files.data[file];
    if (!f->is_expansion) {
        whole(c, "an included file's call changed");
        return;
    }
    u32 target = pt_call_target(w, call);
    bool unknown = target == PT_NO_DEF || pt_def_is_external_path(target);
    if (unknown != f->is_verbatim) { /* another kind of expansion: from the start */
        instance_went(w, c, instance);
        pt_vec_push(&c->calls, call);
        return;
    }
    int code = pt_expand_call(w, &x, call, unknown ? (u32)PT_NO_DEF : target);
    if (code == PT_ENOTFOUND) {
        pt_expansion_text_free(&x);
        instance_went(w, c, instance);
        return;
    }
    if (code) {
        pt_expansion_text_free(&x);
        whole(c, "a macro's text can't be read");
        return;
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
    u32 *old_symbols = to->symbols;
    if (!pt_vec_reserve(&c->blocks, (u64)c->blocks.count + 2)) {
        pt_expansion_text_free(&x);
        return;
    }
    pt_vec_push(&c->blocks, to->block);
    pt_vec_push(&c->blocks, to->symbols);
    c->cold = w->cold;
    pt_cold_free(w->cold, to->text);
    pt_cold_free(w->cold, to->origins);
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
    if (matches && pt_facts_match(matches, &old, &new)) follow_instance(w, c, instance, &old, old_symbols, matches);
    pt_free(matches);
}

void pt_follow_call(pt_world *w, pt_changes *c, u32 call) {
    u32 instance = pt_expansion_of(w, call);
    if (instance == PT_NONE) pt_vec_push(&c->calls, call); /* it may make something now */
    else expand_again(w, c, call, instance);
}

/* A call that was there before. */
static void follow_call(pt_world *w, pt_changes *c, u32 def, bool same_text) {
    u32 instance = pt_expansion_of(w, def);
    if (!same_text) pt_follow_call(w, c, def);
    else if (instance != PT_NONE) place_again(w, c, instance);
}

/* An item that is there still: what of it is other, and for whom. */
static void stays(pt_world *w, pt_changes *c, const pt_facts *new, const pt_instance *in, u32 item, const pt_item *was,
                  u32 other) {
    u32 def = pt_item_def(in, item), instance = w->defs.data[def].instance;
    const pt_item *t = &new->items[item];
    if (was->derive_count) move_derives(w, def, was, t);
    if (t->kind == PT_KIND_MACRO && (t->hash != was->hash || other & PT_OTHER_INTERFACE)) {
        pt_vec_push(&c->macros, w->defs.data[def].name);
        pt_vec_push(&c->macro_defs, def);
        other |= PT_OTHER_INTERFACE;
    }
    if (!other) return;
    changed(c, def, other, pt_item_has_body(was));
    if (!(other & PT_OTHER_INTERFACE)) return;
    if (t->kind == PT_KIND_MODULE || t->kind == PT_KIND_EXTERN_CRATE) whole(c, "a module's attributes are others");
    u8 unknown = w->defs.data[def].flags & PT_DEF_UNKNOWN_GLOB,
       flags = pt_item_as_def(w, instance, item).flags | unknown;
    bool other_flags = flags != w->defs.data[def].flags;
    w->defs.data[def].flags = flags;
    /* how public it is shows in what is inside */
    for (u32 k = item + 1; k < t->subtree_end; k++) {
        u32 inner = pt_item_def(in, k);
        if (other_flags && new->items[k].kind == PT_KIND_MACRO_CALL)
            whole(c, "attributes around a macro call are others");
        if (other_flags) w->defs.data[inner].flags = pt_item_as_def(w, instance, k).flags;
        changed(c, inner, PT_OTHER_DOC, pt_item_has_body(&new->items[k]));
    }
}

static void follow_instance(pt_world *w, pt_changes *c, u32 instance, const pt_facts *old, const u32 *old_symbols,
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
    for (u32 i = 0; i < old_count; i++)
        if (new_of[i] == PT_NONE) went(w, c, pt_item_def(&w->instances.data[instance], i), &old->items[i]);
    pt_instance *in = &w->instances.data[instance];
    pt_free(in->defs);
    in->defs = defs;
    for (u32 i = 0; i < count; i++) /* numbers first: what is around is told by them */
        if (matches[i].old != PT_NONE) w->defs.data[defs[i]].item = i;
    for (u32 i = 0; i < count; i++)
        if (matches[i].old == PT_NONE) {
            pt_def made = pt_item_as_def(w, instance, i);
            pt_vec_push(&w->defs, made);
        }
    for (u32 i = 0; i < count; i++) {
        if (matches[i].old == PT_NONE) pt_item_came(w, c, defs[i]);
        else stays(w, c, new, in, i, &old->items[matches[i].old], matches[i].other);
    }
    move_imports(w, c, instance, old, old_symbols, new, new_of);
    pt_free(new_of);
    for (u32 i = 0; i < count && !c->whole && !pt_alloc_failed(); i++) {
        if (new->items[i].kind != PT_KIND_MACRO_CALL || matches[i].old == PT_NONE) continue;
        const pt_item *was = &old->items[matches[i].old];
        follow_call(w, c, w->instances.data[instance].defs[i],
                    was->hash == new->items[i].hash && was->written == new->items[i].written);
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
    if (!pt_vec_push(&c->files, (pt_changed_file){file, old, f->block, f->symbols, f->stamp})) {
        pt_free(text);
        pt_free(block);
        return PT_ENOMEM;
    }
    c->cold = w->cold;
    pt_free(f->text);
    pt_cold_free(w->cold, f->good_text);
    f->good_text = NULL;
    f->is_stale = false;
    f->text = text;
    pt_vec_push(&w->loaded, file);
    f->text_length = length;
    f->block = block;
    f->block_size = size;
    f->facts = new;
    f->stamp = stamp;
    f->symbols = NULL;
    f->is_cached = false;
    w->line_file = 0;
    /* what else a file says of itself is with its items already */
    if (((new.header->attributes ^ old.header->attributes) & PT_ATTR_NO_STD) ||
        !pt_str_equal(pt_facts_string(&new, new.header->cfg), pt_facts_string(&old, old.header->cfg)))
        whole(c, "the file's own attributes are others");
    pt_item_match *matches = pt_malloc(((size_t) new.header->item_count + 1) * sizeof *matches);
    if (!matches || pt_world_bind_symbols(w, f) || !pt_facts_match(matches, &old, &new)) {
        pt_free(matches);
        return PT_ENOMEM;
    }
    for (u32 next = w->instance_heads.data[file]; next && !c->whole && !pt_alloc_failed();) {
        u32 i = next - 1;
        next = w->instances.data[i].next_of_file;
        if (!w->instances.data[i].is_dead)
            follow_instance(w, c, i, &old, c->files.data[c->files.count - 1].symbols, matches);
    }
    pt_free(matches);
    return pt_alloc_failed() ? PT_ENOMEM : PT_OK;
}
