/* expand.c: the fixpoint of imports, modules and item-position macros.
 *
 * A pass resolves what can be resolved; a glob is a subscription: what its source gains later, the importer
 * gains (scope.c). An expanded macro brings items, imports, modules and macros of its own. The loop ends when a
 * pass changes nothing; everything runs in the order of definitions, so it ends the same way each time. */
#include "base/parallel.h"
#include "resolve/expand.h"
#include "resolve/impls.h"
#include "resolve/macro.h"
#include "resolve/places.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_SEGMENTS = 64, MAX_PASSES = 64, MAX_EXPANSIONS = 200000 };
/* Bytes that one written call may become. */
enum { MAX_TEXT_IN_BODY = 1 << 20, MAX_TEXT_OF_CALL = 16 << 20 };

static u32 import_visibility(const pt_world *w, const pt_import *im, const pt_item *item) {
    if (w->defs.data[im->module].kind == PT_KIND_BLOCK) return im->module;
    switch (item->visibility) {
    case PT_VIS_PUB: return PT_NO_DEF;
    case PT_VIS_CRATE:
    case PT_VIS_IN: return w->crates.data[w->defs.data[im->module].crate].root;
    case PT_VIS_SUPER: {
        u32 up = pt_parent_module(w, im->module);
        return up == PT_NO_DEF ? im->module : up;
    }
    default: return im->module;
    }
}

u32 pt_import_def(const pt_world *w, const pt_import *im) {
    return pt_item_def(&w->instances.data[im->instance], im->item);
}

/* `source`: the binding it was found by, 0 none. */
static bool define_import(pt_world *w, const pt_import *im, u32 name, u32 def, u32 ns, u32 visible, u32 source) {
    if (name == w->known.underscore && ns != PT_NS_TYPE) return false; /* `use Trait as _`: for its methods alone */
    pt_binding b = {.def = def,
                    .visible = visible,
                    .cfg = pt_both_cfgs(w, im->cfg, w->bindings.data[source].cfg),
                    .use = pt_import_def(w, im),
                    .source = source,
                    .ns = (u8)ns,
                    .is_import = true};
    return pt_scope_define(w, im->module, name, b);
}

static bool import_extern_crate(pt_world *w, pt_import *im, const pt_file *file, const pt_item *item, u32 visible) {
    u32 name = file->symbols[item->name], as = item->extra ? file->symbols[item->extra] : name, root = PT_NO_DEF;
    const pt_crate *c = &w->crates.data[w->defs.data[im->module].crate];
    if (name == w->known.self_lower) root = c->root;
    for (u32 i = 0; i < c->externs.count && root == PT_NO_DEF; i++)
        if (c->externs.data[i].name == name) root = c->externs.data[i].root;
    for (u32 i = 0; i < w->std_crate_count && root == PT_NO_DEF; i++)
        if (w->crates.data[i].name == name) root = w->crates.data[i].root;
    if (root == PT_NO_DEF) root = pt_external(w, pt_sym(w, name), PT_KIND_CRATE);
    im->done = 7;
    if ((item->attributes & PT_ATTR_MACRO_USE) && root != PT_NO_DEF && !pt_def_is_external_path(root))
        pt_vec_push(&w->crates.data[w->defs.data[im->module].crate].macro_use, root);
    if (im->module == c->root && as != w->known.underscore && root != PT_NO_DEF) { /* also in the extern prelude */
        pt_crate *own = &w->crates.data[w->defs.data[im->module].crate];
        bool known = false;
        for (u32 i = 0; i < own->externs.count; i++) known = known || own->externs.data[i].name == as;
        if (!known) pt_vec_push(&own->externs, (pt_extern_name){as, root});
    }
    return root != PT_NO_DEF && define_import(w, im, as, root, PT_NS_TYPE, visible, 0);
}

static bool subscribe(pt_world *w, const pt_import *im, u32 source, u32 visible) {
    if (pt_def_is_external_path(source)) {
        w->defs.data[im->module].flags |= PT_DEF_UNKNOWN_GLOB;
        return true;
    }
    if (w->glob_heads.count < w->defs.count) {
        if (!pt_vec_reserve(&w->glob_heads, (u64)w->defs.count + w->defs.count / 4)) return false;
        u32 grown = w->glob_heads.capacity;
        memset(w->glob_heads.data + w->glob_heads.count, 0, (grown - w->glob_heads.count) * sizeof(u32));
        w->glob_heads.count = grown;
    }
    for (u32 g = w->glob_heads.data[source]; g; g = w->globs.data[g - 1].next)
        if (w->globs.data[g - 1].importer == im->module && w->globs.data[g - 1].visible == visible) return false;
    if (source == im->module || !pt_vec_push(&w->globs, (pt_glob){source, im->module, visible, im->cfg,
                                                                  w->glob_heads.data[source], pt_import_def(w, im)}))
        return false;
    w->glob_heads.data[source] = w->globs.count;
    if (w->defs.data[source].flags & PT_DEF_UNKNOWN_GLOB) w->defs.data[im->module].flags |= PT_DEF_UNKNOWN_GLOB;
    return true;
}

/* What `source` holds already; later additions come by subscription. */
static void copy_bindings(pt_world *w, u32 glob) {
    u32 source = w->globs.data[glob].source, importer = w->globs.data[glob].importer;
    for (u32 k = source < w->name_heads.count ? w->name_heads.data[source] : 0; k;
         k = w->scope_names.data[k - 1].next) {
        u32 name = w->scope_names.data[k - 1].name;
        for (u32 ns = 0; ns < PT_NS_COUNT; ns++)
            for (u32 b = pt_scope_lookup(w, source, name, ns); b; b = w->bindings.data[b].next) {
                if (!pt_is_visible(w, w->bindings.data[b].visible, importer)) continue;
                pt_scope_define(w, importer, name, pt_glob_copy(w, b, glob + 1));
            }
    }
}

static u32 segments_of(const pt_world *w, const pt_import *im, u32 segments[MAX_SEGMENTS]) {
    const pt_file *file = &w->files.data[w->instances.data[im->instance].file];
    const pt_use *use = &file->facts.uses[im->use];
    u32 count = PT_MIN(use->segment_count, (u32)MAX_SEGMENTS);
    for (u32 i = 0; i < count; i++) segments[i] = file->symbols[file->facts.segments[use->first_segment + i]];
    return count;
}

/* What a glob brings in all of; PT_NO_DEF: not known (yet). */
static u32 glob_source(pt_world *w, const pt_import *im) {
    const pt_use *use = &w->files.data[w->instances.data[im->instance].file].facts.uses[im->use];
    u32 segments[MAX_SEGMENTS] = {0}, count = segments_of(w, im, segments), from = im->module;
    const pt_crate *crate = &w->crates.data[w->defs.data[im->module].crate];
    if (crate->edition < 2018 && count) from = crate->root; /* use paths start at the root */
    pt_path_result r = {0};
    if (!count) r.def = crate->root;
    else if (count == 1 && segments[0] == w->known.self_lower) r.def = pt_module_of(w, im->module);
    else pt_resolve_path(w, &r, from, segments, count, use->is_global && crate->edition >= 2018, PT_NS_TYPE);
    if (count && segments[0] == w->known.self_lower && from == crate->root &&
        from != im->module) /* self in 2015 is still here */
        pt_resolve_path(w, &r, im->module, segments, count, false, PT_NS_TYPE);
    if (r.def == PT_NO_DEF || (count && r.resolved < count && r.def != crate->root)) return PT_NO_DEF;
    if (!pt_def_is_external_path(r.def) && w->defs.data[r.def].kind == PT_KIND_TYPE_ALIAS) return PT_NO_DEF;
    return r.def;
}

/* One import; true when it changed anything. `again`: only what was added since counts. */
static bool resolve_import(pt_world *w, pt_import *im, bool again) {
    const pt_file *file = &w->files.data[w->instances.data[im->instance].file];
    const pt_item *item = &file->facts.items[im->item];
    u32 visible = import_visibility(w, im, item);
    if (im->use == PT_NONE) return import_extern_crate(w, im, file, item, visible);
    const pt_use *use = &file->facts.uses[im->use];
    if (im->is_glob) {
        u32 source = glob_source(w, im);
        if (source == PT_NO_DEF) return false;
        im->done = 7;
        im->target = source;
        if (!subscribe(w, im, source, visible)) return false;
        if (!pt_def_is_external_path(source)) copy_bindings(w, w->globs.count - 1);
        return true;
    }
    u32 segments[MAX_SEGMENTS] = {0}, count = segments_of(w, im, segments), from = im->module;
    const pt_crate *crate = &w->crates.data[w->defs.data[im->module].crate];
    if (crate->edition < 2018 && count) from = crate->root; /* use paths start at the root */
    u32 name = file->symbols[use->name];
    bool changed = false;
    bool relative = count && (segments[0] == w->known.self_lower || segments[0] == w->known.super);
    for (u32 ns = 0; ns < PT_NS_COUNT; ns++) {
        if (im->done >> ns & 1 || (use->only_type && ns != PT_NS_TYPE)) continue;
        pt_path_result r = {0};
        pt_resolve_path(w, &r, relative ? im->module : from, segments, count, use->is_global && !relative, ns);
        if (r.def == PT_NO_DEF || r.resolved < count) continue;
        if (pt_def_is_external_path(r.def) && pt_def_kind(w, r.def) != PT_KIND_PRIMITIVE) {
            bool own_name = count > 1 && segments[0] == name && !use->is_global;
            for (u32 k = 0; k < PT_NS_COUNT; k++)
                if (!(im->done >> k & 1) && !(use->only_type && k != PT_NS_TYPE) && !(k == PT_NS_TYPE && own_name))
                    define_import(w, im, name, r.def, k, visible, 0);
            im->done = 7;
            im->target = r.def;
            return true;
        }
        bool new = true;
        im->done |= (u8)(1u << ns);
        if (im->target == PT_NO_DEF) im->target = r.def;
        if (!r.binding) {
            define_import(w, im, name, r.def, ns, visible, 0);
        } else {
            new = false;
            for (u32 b = r.binding, hops = 0; b && hops < 64; hops++) {
                const pt_binding twin = w->bindings.data[b];
                new |= define_import(w, im, name, twin.def, ns, visible, b);
                b = twin.next;
            }
        }
        changed |= new || !again;
    }
    return changed;
}

/* Macros. */

static u32 call_path(const pt_world *w, u32 call, u32 *segments, bool *is_global) {
    const pt_file *f = pt_def_file(w, call);
    const pt_node *nodes = f->facts.nodes;
    const pt_item *item = pt_def_item(w, call);
    u32 path = item->tree ? nodes[item->tree].child : 0, count = 0;
    while (path && nodes[path].kind != PT_N_PATH) path = nodes[path].next;
    *is_global = path && nodes[path].op;
    for (u32 s = path ? nodes[path].child : 0; s && count < MAX_SEGMENTS; s = nodes[s].next)
        if (nodes[s].kind == PT_N_SEGMENT) segments[count++] = f->symbols[nodes[s].name];
    return count;
}

static u32 resolve_call(pt_world *w, u32 call) {
    u32 segments[MAX_SEGMENTS] = {0};
    bool is_global;
    u32 count = call_path(w, call, segments, &is_global);
    if (count == 1 && !is_global) return pt_resolve_macro(w, call, call, segments[0]);
    pt_path_result r = {0};
    pt_resolve_path(w, &r, call, segments, count, is_global, PT_NS_MACRO);
    return r.resolved == count ? r.def : PT_NO_DEF;
}

static u32 mount_expansion(pt_world *w, u32 call, u32 file) {
    const pt_instance in = *pt_def_instance(w, call);
    /* `mod x;` inside looks where the call stands: the folder of the inline modules around it */
    char folder[4096];
    u32 chain[64], depth = 0;
    for (u32 d = w->defs.data[call].parent; d != in.module && d != PT_NO_DEF && depth < 64; d = w->defs.data[d].parent)
        if (w->defs.data[d].kind == PT_KIND_MODULE) chain[depth++] = d;
    snprintf(folder, sizeof folder, "%s", in.folder ? in.folder : ".");
    while (depth) {
        pt_str name = pt_sym(w, w->defs.data[chain[--depth]].name);
        size_t n = strlen(folder);
        snprintf(folder + n, sizeof folder - n, "/%.*s", (int)name.length, name.data);
    }
    u32 instance = pt_world_mount(w, file, in.crate, w->defs.data[call].parent,
                                  pt_arena_copy(&w->arena, folder, strlen(folder)), call);
    if (instance == PT_NONE) return PT_NONE;
    pt_place_items(w, instance);
    pt_expansion_add(w, instance);
    pt_vec_push(&w->unmounted, instance);
    return instance;
}

static int by_prepared(const void *a, const void *b) {
    const pt_prepared *x = a, *y = b;
    return x->file != y->file ? (x->file < y->file ? -1 : 1) : x->item < y->item ? -1 : x->item > y->item;
}

static bool include_file(pt_world *w, u32 call) {
    u32 segments[MAX_SEGMENTS] = {0};
    bool is_global;
    u32 count = call_path(w, call, segments, &is_global);
    if (!count || !pt_str_equal(pt_sym(w, segments[count - 1]), PT_STR("include"))) return false;
    const pt_instance *in = pt_def_instance(w, call);
    pt_file *f = &w->files.data[in->file];
    const pt_item *item = pt_def_item(w, call);
    if (pt_world_read_text(w, f) || f->is_expansion) return false;
    const char *open = f->text + item->body_start + 1, *end = f->text + item->body_end - 1;
    pt_str inside = pt_str_trim((pt_str){open, (u32)PT_MAX(end - open, 0)});
    if (inside.length < 3 || inside.data[0] != '"' || inside.data[inside.length - 1] != '"') return false;
    char path[4096];
    const char *slash = strrchr(f->path, '/');
    snprintf(path, sizeof path, "%.*s%.*s", slash ? (int)(slash - f->path) + 1 : 0, f->path, (int)inside.length - 2,
             inside.data + 1);
    pt_path_normalize(path);
    u32 file = pt_world_file(w, path, f->edition);
    if (file == PT_NONE) {
        u16 edition = f->edition;
        file = pt_world_add_file(w, path, edition);
        const char *folder = ".";
        if (file == PT_NONE || pt_world_read_closure(w, NULL, &file, &folder, 1)) return false;
    }
    if (w->files.data[file].read_code || !w->files.data[file].facts.header) return false;
    return mount_expansion(w, call, file) != PT_NONE;
}

/* May a text of tokens make items: does it name some, or call another macro? */
static bool names_items(const pt_lexemes *l, bool calls_too) {
    for (u32 i = 0; i + 1 < l->tokens.count; i++) {
        u8 kind = l->tokens.data[i].kind, next = l->tokens.data[i + 1].kind;
        switch (kind) {
        case PT_K_STRUCT:
        case PT_K_ENUM:
        case PT_K_TRAIT:
        case PT_K_MOD:
        case PT_K_STATIC:
        case PT_K_TYPE:
        case PT_K_USE:
        case PT_K_IMPL: return true;
        case PT_K_FN:
            if (next == PT_T_IDENT || next == PT_T_DOLLAR) return true;
            break;
        case PT_K_CONST:
            if ((next == PT_T_IDENT || next == PT_T_UNDERSCORE || next == PT_T_DOLLAR) &&
                (!i || l->tokens.data[i - 1].kind != PT_T_STAR))
                return true;
            break;
        case PT_T_IDENT:
            if (next != PT_T_BANG || i + 2 >= l->tokens.count || !pt_token_is_open(l->tokens.data[i + 2].kind)) break;
            if (calls_too && !pt_macro_makes_no_items(pt_token_text(l->text, &l->tokens.data[i]))) return true;
            break;
        default: break;
        }
    }
    return false;
}

enum { KEPT_RULES = 512 };
typedef struct macro_scratch {
    struct {
        u32 def;
        char *text;
        pt_lexemes lexemes;
        bool names_items; /* names_items(lexemes, true) */
    } rules[KEPT_RULES];  /* definitions lexed already; the place is the definition's number */
    pt_lexemes call;
    pt_buffer out;
    pt_macro_origins origins;
    pt_extractor *extractor;
} macro_scratch;

static void macro_scratch_free(macro_scratch *s) {
    for (u32 i = 0; s && i < KEPT_RULES; i++) {
        pt_free(s->rules[i].text);
        pt_lexemes_free(&s->rules[i].lexemes);
    }
    if (!s) return;
    pt_lexemes_free(&s->call);
    pt_buffer_free(&s->out);
    pt_vec_free(&s->origins.all);
    pt_extractor_destroy(s->extractor);
    pt_free(s);
}

static const pt_lexemes *rules_of(macro_scratch *s, u32 def, const pt_file *from, const pt_item *macro) {
    u32 slot = def % KEPT_RULES, length = macro->body_end - macro->body_start;
    if (s->rules[slot].text && s->rules[slot].def == def) return &s->rules[slot].lexemes;
    pt_free(s->rules[slot].text);
    char *text = s->rules[slot].text = pt_malloc((size_t)length + PT_TEXT_SLACK);
    if (!text) return NULL;
    memcpy(text, from->text + macro->body_start, length);
    memset(text + length, 0, PT_TEXT_SLACK);
    pt_lex(&s->rules[slot].lexemes, text, length, from->edition);
    s->rules[slot].def = def;
    s->rules[slot].names_items = names_items(&s->rules[slot].lexemes, true);
    return &s->rules[slot].lexemes;
}

static bool keep_origins(pt_world *w, u32 file, const pt_macro_origins *from) {
    pt_file *f = &w->files.data[file];
    if (!from->all.count) return true;
    f->origins = pt_malloc(from->all.count * sizeof *f->origins);
    if (!f->origins) return false;
    memcpy(f->origins, from->all.data, from->all.count * sizeof *f->origins);
    f->origin_count = from->all.count;
    return true;
}

/* What a call stands among. */
static pt_text_kind text_kind(const pt_world *w, u32 call) {
    u8 kind = w->defs.data[w->defs.data[call].parent].kind;
    if (pt_def_item(w, call)->extra) return PT_TEXT_STATEMENTS;
    return kind == PT_KIND_IMPL || kind == PT_KIND_TRAIT ? PT_TEXT_MEMBERS : PT_TEXT_ITEMS;
}

/* A call in a body is looked at only where it may make items; in a fn of std or a dependency nobody asks. */
static bool in_foreign_fn(const pt_world *w, u32 call) {
    if (!(w->defs.data[call].flags & PT_DEF_EXTERNAL)) return false;
    for (u32 d = w->defs.data[call].parent; d != PT_NO_DEF; d = w->defs.data[d].parent)
        if (w->defs.data[d].kind == PT_KIND_FN || w->defs.data[d].kind == PT_KIND_METHOD) return true;
    return false;
}

/* A macro of a dependency that is not loaded, or of nobody: when its arguments are whole items (pin_project!,
 * bitflags! and their kin), those items are there in some form. They are mounted as a guess. */
static void read_as_items(pt_world *w, u32 call) {
    const pt_item *item = pt_def_item(w, call);
    pt_file *f = &w->files.data[pt_def_instance(w, call)->file];
    if (item->extra || item->body_end < item->body_start + 2 || (!f->text && pt_world_read_text(w, f))) return;
    u32 length = item->body_end - item->body_start - 2;
    char *text = pt_malloc((size_t)length + 16);
    if (!text) return;
    memcpy(text, f->text + item->body_start + 1, length);
    memset(text + length, 0, 16);
    u32 file = pt_world_add_text(w, f->path, text, length, f->edition, text_kind(w, call));
    if (file == PT_NONE) return;
    const pt_facts_header *h = w->files.data[file].facts.header;
    if (h->error_count || !h->item_count) return; /* not items: the text stays, unused */
    w->files.data[file].is_guess = w->files.data[file].is_verbatim = true;
    mount_expansion(w, call, file);
}

/* A call whose definition is known. What it expands to depends on nothing else, so calls in bodies, which are nearly all
 * of them, are expanded by all threads at once; what they become is mounted in their order. */
typedef struct expansion_job {
    u32 call, target;
    char *text; /* NULL: nothing, or nothing with items in it */
    u32 length, size;
    void *block; /* facts of the text */
    int code;
    pt_macro_origins origins;
} expansion_job;

/* The text of a call and its facts. Looks only. */
static void expand_job(const pt_world *w, expansion_job *job, macro_scratch *s) {
    u32 call = job->call, target = job->target;
    const pt_instance *in = pt_def_instance(w, call);
    const pt_item *macro = pt_def_item(w, target), *item = pt_def_item(w, call);
    const pt_file *from = &w->files.data[pt_def_instance(w, target)->file], *to = &w->files.data[in->file];
    bool in_body = item->extra != 0, external = (w->defs.data[call].flags & PT_DEF_EXTERNAL) != 0;
    const pt_lexemes *kept = rules_of(s, target, from, macro);
    /* a copy: the lexer wants readable bytes behind the end */
    u32 call_length = item->body_end - item->body_start;
    char *arguments = kept ? pt_malloc((size_t)call_length + 16) : NULL;
    if (!arguments) return;
    memcpy(arguments, to->text + item->body_start, call_length);
    memset(arguments + call_length, 0, 16);
    pt_lex(&s->call, arguments, call_length, to->edition);
    /* rustc matches a doc comment as the attribute #[doc = ".."], which patterns take or leave: left out here */
    bool documented = false;
    for (u32 i = 0; i < s->call.tokens.count; i++) {
        const pt_token *t = &s->call.tokens.data[i];
        if (t->kind != PT_T_DOC_OUTER && t->kind != PT_T_DOC_INNER) continue;
        memset(arguments + t->start, ' ', t->extent);
        documented = true;
    }
    if (documented) pt_lex(&s->call, arguments, call_length, to->edition);
    pt_buffer_clear(&s->out);
    s->origins.all.count = 0;
    bool wanted = !in_body || s->rules[target % KEPT_RULES].names_items || names_items(&s->call, false);
    u32 crate = w->is_segment ? PT_NONE : w->defs.data[target].crate;
    if (wanted &&
        pt_macro_expand_through(&s->out, external ? NULL : &s->origins, kept, pt_macro_form(macro), &s->call, crate,
                                to->edition, pt_sym(w, w->defs.data[target].name)) == PT_OK &&
        (job->text = pt_malloc((size_t)s->out.count + 16))) {
        job->length = s->out.count;
        memcpy(job->text, s->out.data ? s->out.data : "", s->out.count);
        memset(job->text + s->out.count, 0, 16);
        if (!s->extractor) s->extractor = pt_extractor_create();
        job->code = s->extractor ? pt_extract(&job->block, &job->size, s->extractor, job->text, job->length,
                                              to->edition, text_kind(w, call))
                                 : PT_ENOMEM;
        bool empty = !job->code && in_body && !((const pt_facts_header *)job->block)->item_count;
        if (empty) { /* no items: an expression's macro; only its length counts */
            pt_free(job->text);
            pt_free(job->block);
            job->text = NULL;
            job->block = NULL;
        } else if (s->origins.all.count) {
            job->origins = s->origins;
            s->origins = (pt_macro_origins){0};
        }
    }
    pt_free(arguments);
}

int pt_expand_call(pt_world *w, pt_expansion_text *out, u32 call, u32 target) {
    pt_file *to = &w->files.data[pt_def_instance(w, call)->file];
    const pt_item *item = pt_def_item(w, call);
    *out = (pt_expansion_text){0};
    if (target == PT_NO_DEF) { /* its arguments, as they are */
        if (item->body_end < item->body_start + 2 || pt_world_read_text(w, to)) return PT_ENOTFOUND;
        u32 length = item->body_end - item->body_start - 2;
        if (!(out->text = pt_malloc((size_t)length + PT_TEXT_SLACK))) return PT_ENOMEM;
        memcpy(out->text, to->text + item->body_start + 1, length);
        memset(out->text + length, 0, PT_TEXT_SLACK);
        out->length = length;
        if (!w->extractor && !(w->extractor = pt_extractor_create())) return PT_ENOMEM;
        return pt_extract(&out->block, &out->size, w->extractor, out->text, length, to->edition, text_kind(w, call));
    }
    const pt_item *macro = pt_def_item(w, target);
    if (pt_def_is_external_path(target) || w->defs.data[target].kind != PT_KIND_MACRO ||
        (macro->attributes & PT_ATTR_BUILTIN_MACRO) || macro->body_end <= macro->body_start ||
        item->body_end <= item->body_start)
        return PT_ENOTFOUND;
    if (pt_world_read_text(w, &w->files.data[pt_def_instance(w, target)->file]) || pt_world_read_text(w, to))
        return PT_EIO;
    macro_scratch *s = pt_calloc(1, sizeof *s);
    if (!s) return PT_ENOMEM;
    expansion_job job = {.call = call, .target = target};
    expand_job(w, &job, s);
    macro_scratch_free(s);
    *out = (pt_expansion_text){job.text, job.length, job.block, job.size, job.origins.all.data, job.origins.all.count};
    return job.code ? job.code : job.text ? PT_OK : PT_ENOTFOUND;
}

void pt_expansion_text_free(pt_expansion_text *x) {
    pt_free(x->text);
    pt_free(x->block);
    pt_free(x->origins);
    *x = (pt_expansion_text){0};
}

u32 pt_call_target(pt_world *w, u32 call) { return resolve_call(w, call); }
u32 pt_mount_expansion(pt_world *w, u32 call, u32 file) { return mount_expansion(w, call, file); }
bool pt_import_resolve(pt_world *w, pt_import *im, bool again) { return resolve_import(w, im, again); }
void pt_import_ask(pt_world *w, const pt_import *im) {
    const pt_use *use = &w->files.data[w->instances.data[im->instance].file].facts.uses[im->use];
    u32 segments[MAX_SEGMENTS] = {0}, count = segments_of(w, im, segments), from = im->module;
    const pt_crate *crate = &w->crates.data[w->defs.data[im->module].crate];
    bool relative = count && (segments[0] == w->known.self_lower || segments[0] == w->known.super);
    if (crate->edition < 2018 && count && !relative) from = crate->root;
    for (u32 ns = 0; ns < PT_NS_COUNT; ns++) {
        pt_path_result r = {0};
        if (!use->only_type || ns == PT_NS_TYPE)
            pt_resolve_path(w, &r, from, segments, count, use->is_global && !relative, ns);
    }
}

u32 pt_glob_source(pt_world *w, const pt_import *im) { return glob_source(w, im); }
u32 pt_import_visibility(const pt_world *w, const pt_import *im) {
    return import_visibility(w, im, &w->files.data[w->instances.data[im->instance].file].facts.items[im->item]);
}

static bool spent(const pt_world *w, u32 call) { /* it grows without end */
    u32 outermost = pt_def_instance(w, call)->outermost;
    return outermost != PT_NONE &&
           w->instances.data[outermost].spent > (pt_def_item(w, call)->extra ? MAX_TEXT_IN_BODY : MAX_TEXT_OF_CALL);
}

static void mount_job(pt_world *w, expansion_job *job) {
    const pt_instance in = *pt_def_instance(w, job->call);
    bool in_body = pt_def_item(w, job->call)->extra != 0;
    if (spent(w, job->call)) { /* by those before it in the same pass */
        pt_free(job->text);
        pt_free(job->block);
    } else {
        if (in_body && in.outermost != PT_NONE && job->length)
            w->instances.data[in.outermost].spent += job->length + PT_EXPANSION_COST;
        if (job->text) {
            const pt_file *to = &w->files.data[in.file];
            u32 file =
                pt_world_add_noted(w, to->path, job->text, job->length, to->edition, job->code, job->block, job->size);
            if (file != PT_NONE && keep_origins(w, file, &job->origins)) mount_expansion(w, job->call, file);
        }
    }
    pt_vec_free(&job->origins.all);
}

typedef PT_VEC(expansion_job) expansion_jobs;

/* True when the call was settled, one way or the other; or it is a job, when `jobs` takes those in bodies. */
static bool expand_call(pt_world *w, u32 call, macro_scratch *s, expansion_jobs *jobs) {
    const pt_instance in = *pt_def_instance(w, call);
    pt_prepared key = {in.file, w->defs.data[call].item, 0, 0, 0};
    const pt_prepared *p =
        w->prepared.count ? bsearch(&key, w->prepared.data, w->prepared.count, sizeof key, by_prepared) : NULL;
    if (w->expansions.count > MAX_EXPANSIONS || in.depth >= PT_MACRO_MAX_DEPTH) return true;
    if (p) return mount_expansion(w, call, p->expansion), true;
    if (w->defs.data[call].crate < w->std_crate_count && w->has_std)
        return true; /* std: what was not prepared never was */
    bool in_body = pt_def_item(w, call)->extra != 0;
    if (in_body && in_foreign_fn(w, call)) return true;
    if (pt_def_impossible(w, call)) return true;
    u32 target = resolve_call(w, call);
    if (target == PT_NO_DEF) return false;
    if (!in_body) {
        pt_vec_push(&w->call_targets, call);
        pt_vec_push(&w->call_targets, target);
    }
    bool external = (w->defs.data[call].flags & PT_DEF_EXTERNAL) != 0;
    if (pt_def_is_external_path(target)) { /* nobody guesses what a dependency's own call of another's macro makes */
        if (!external) read_as_items(w, call);
        return true;
    }
    if (w->defs.data[target].kind != PT_KIND_MACRO) return true;
    const pt_item *macro = pt_def_item(w, target);
    pt_file *from = &w->files.data[pt_def_instance(w, target)->file], *to = &w->files.data[in.file];
    if (macro->attributes & PT_ATTR_BUILTIN_MACRO) return include_file(w, call), true;
    const pt_item *item = pt_def_item(w, call);
    if (macro->body_end <= macro->body_start || item->body_end <= item->body_start) return true;
    if ((!from->text && pt_world_read_text(w, from)) || (!to->text && pt_world_read_text(w, to))) return true;
    if (spent(w, call)) return true;
    expansion_job job = {.call = call, .target = target};
    if (in_body) return pt_vec_push(jobs, job), true;
    expand_job(w, &job, s);
    mount_job(w, &job);
    return true;
}

typedef struct job_run {
    const pt_world *w;
    expansion_job *jobs;
    macro_scratch **scratches;
} job_run;
enum { JOBS_AT_ONCE = 32, MOST_THREADS = 64 };
static void run_jobs(void *payload, u32 part, u32 worker) {
    job_run *r = payload;
    expansion_job *jobs = r->jobs + (size_t)part * JOBS_AT_ONCE;
    for (u32 i = 0; i < JOBS_AT_ONCE && jobs[i].call != PT_NO_DEF; i++)
        expand_job(r->w, &jobs[i], r->scratches[worker]);
}

/* The jobs of a pass: expanded by all threads, mounted in their order. */
static void expand_jobs(pt_world *w, expansion_jobs *jobs, macro_scratch **scratches) {
    u32 count = jobs->count, threads = PT_MIN(w->threads, (u32)MOST_THREADS);
    if (!count || !pt_vec_push(jobs, (expansion_job){.call = PT_NO_DEF})) return;
    if (threads < 1 || count < JOBS_AT_ONCE) threads = 1;
    for (u32 i = 0; i < threads; i++)
        if (!scratches[i] && !(scratches[i] = pt_calloc(1, sizeof(macro_scratch)))) return;
    job_run run = {w, jobs->data, scratches};
    if (pt_parallel(threads, (count + JOBS_AT_ONCE - 1) / JOBS_AT_ONCE, run_jobs, &run)) pt_alloc_set_failed();
    for (u32 i = 0; i < count; i++) mount_job(w, &jobs->data[i]);
    jobs->count = 0;
}

/* A pass over the imports from `first` on that still miss a namespace: those that found nothing, or (`partial`)
 * those that found some, which is where most end: a type without a value. */
static bool import_pass(pt_world *w, bool partial) {
    bool changed = false;
    u32 kept = 0, count = w->imports.count;
    for (u32 i = 0; i < count; i++) {
        pt_import im = w->imports.data[i];
        if ((im.done != 0) == partial) changed |= resolve_import(w, &im, false);
        if (im.done != 7) w->imports.data[kept++] = im;
    }
    for (u32 i = count; i < w->imports.count; i++) w->imports.data[kept++] = w->imports.data[i];
    w->imports.count = kept;
    return changed;
}

/* Imports of names that have cfg twins: some were defined after the import was resolved. */
static void import_twins(pt_world *w) {
    bool changed = w->twin_names.count != 0;
    for (u32 round = 0; changed && round < MAX_SEGMENTS; round++) {
        changed = false;
        for (u32 i = 0; i < w->named_imports.count; i++) {
            pt_import im = w->named_imports.data[i];
            const pt_file *file = &w->files.data[w->instances.data[im.instance].file];
            const pt_use *use = &file->facts.uses[im.use];
            if (!use->segment_count) continue;
            u32 name = file->symbols[file->facts.segments[use->first_segment + use->segment_count - 1u]];
            if (name / 8 >= w->twin_names.count || !(w->twin_names.data[name / 8] >> (name % 8) & 1)) continue;
            im.done = 0;
            changed |= resolve_import(w, &im, true);
        }
    }
}

/* The modules of this pass's expansions: their files are read together, by all threads. */
static void mount_pending(pt_world *w) {
    pt_world_mount_modules_of(w, w->unmounted.data, w->unmounted.count);
    w->unmounted.count = 0;
}

void pt_world_expand(pt_world *w) {
    macro_scratch *scratches[MOST_THREADS] = {0}, *kept = scratches[0] = pt_calloc(1, sizeof *kept);
    expansion_jobs jobs = {0};
    if (!kept) return;
    if (w->prepared.count) qsort(w->prepared.data, w->prepared.count, sizeof(pt_prepared), by_prepared);
    bool changed = true;
    for (u32 pass = 0; changed && pass < MAX_PASSES && !pt_alloc_failed(); pass++) {
        changed = import_pass(w, false);
        u32 calls = w->calls.count, open = 0;
        for (u32 i = 0; i < calls; i++) {
            u32 call = w->calls.data[i];
            if (expand_call(w, call, kept, &jobs)) changed = true;
            else w->calls.data[open++] = call;
        }
        for (u32 i = calls; i < w->calls.count; i++) w->calls.data[open++] = w->calls.data[i];
        w->calls.count = open;
        expand_jobs(w, &jobs, scratches);
        mount_pending(w);
        if (!changed) changed = import_pass(w, true);
        if (!changed && w->is_growing) { /* what is still missing comes from nowhere we know */
            w->is_growing = false;
            changed = true;
        }
        if (!changed && w->calls.count && !w->crates.data[w->crates.count - 1].is_external) {
            calls = w->calls.count; /* nobody knows these: their items, where they have any, may bring names */
            for (u32 i = 0; i < calls; i++) read_as_items(w, w->calls.data[i]);
            for (u32 i = calls; i < w->calls.count; i++) w->calls.data[i - calls] = w->calls.data[i];
            w->calls.count -= calls;
            mount_pending(w);
            changed = true;
        }
    }
    import_twins(w);
    for (u32 i = 0; i < MOST_THREADS; i++) macro_scratch_free(scratches[i]);
    pt_vec_free(&jobs);
}

u32 pt_world_expand_type(pt_world *w, u32 def, u32 file, u32 node) {
    pt_file *f = &w->files.data[file];
    const pt_node *nodes = f->facts.nodes;
    u32 segments[MAX_SEGMENTS] = {0}, path = nodes[node].child, made = PT_NONE;
    while (path && nodes[path].kind != PT_N_PATH) path = nodes[path].next;
    u32 count = path ? pt_tree_path_segments(f, path, segments, MAX_SEGMENTS) : 0, macro = PT_NO_DEF;
    u32 scope = pt_scope_of(w, w->defs.data[def].parent);
    if (count == 1 && !nodes[path].op) {
        macro = pt_resolve_macro(w, scope, def, segments[0]);
    } else if (count) {
        pt_path_result r = {0};
        pt_resolve_path(w, &r, scope, segments, count, nodes[path].op, PT_NS_MACRO);
        if (r.resolved == count) macro = r.def;
    }
    if (macro == PT_NO_DEF || pt_def_is_external_path(macro) || w->defs.data[macro].kind != PT_KIND_MACRO)
        return PT_NONE;
    const pt_item *item = pt_def_item(w, macro);
    pt_file *from = &w->files.data[pt_def_instance(w, macro)->file];
    u32 start = nodes[node].extra, end = nodes[node].end, length = end - start;
    if ((!f->text && pt_world_read_text(w, f)) || (!from->text && pt_world_read_text(w, from))) return PT_NONE;
    if (start >= end || end > f->text_length || item->body_end <= item->body_start ||
        (item->attributes & PT_ATTR_BUILTIN_MACRO))
        return PT_NONE;
    macro_scratch *s = pt_calloc(1, sizeof *s);
    char *call = pt_malloc((size_t)length + PT_TEXT_SLACK);
    if (s && call) {
        memcpy(call, f->text + start, length);
        memset(call + length, 0, PT_TEXT_SLACK);
        pt_lex(&s->call, call, length, f->edition);
        const pt_lexemes *rules = rules_of(s, macro, from, item);
        pt_buffer_text(&s->out, "type T = ");
        if (rules &&
            !pt_macro_expand_through(&s->out, NULL, rules, pt_macro_form(item), &s->call, w->defs.data[macro].crate,
                                     f->edition, pt_sym(w, w->defs.data[macro].name))) {
            pt_buffer_char(&s->out, ';');
            char *text = pt_malloc((size_t)s->out.count + PT_TEXT_SLACK);
            if (text && s->out.data) {
                memcpy(text, s->out.data, s->out.count);
                memset(text + s->out.count, 0, PT_TEXT_SLACK);
                made = pt_world_add_text(w, f->path, text, s->out.count, f->edition, PT_TEXT_ITEMS);
            } else {
                pt_free(text);
            }
        }
    }
    pt_free(call);
    macro_scratch_free(s);
    const pt_facts *facts = made == PT_NONE ? NULL : &w->files.data[made].facts;
    if (facts && (facts->header->error_count || !facts->header->item_count ||
                  facts->items[0].kind != PT_KIND_TYPE_ALIAS || !facts->items[0].tree))
        made = PT_NONE;
    return made;
}
