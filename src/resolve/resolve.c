/* resolve.c: all instances of the workspace, in parallel: each thread a resolver, each instance a run of sites. */
#include "base/parallel.h"
#include "facts/cfg.h"
#include "resolve/places.h"
#include "resolve/questions.h"
#include "resolve/resolver.h"

#include <stdlib.h>

enum { TYPES_LIMIT = 60000 };

#define NAMES(function, list, type)                          \
    static const char *const function##_table[] = {list(X)}; \
    const char *function(u8 value) { return value < PT_COUNT_OF(function##_table) ? function##_table[value] : "?"; }
#define X(name, text) text,
NAMES(pt_edge_kind_name, PT_EDGE_KINDS, u8)
#undef X
#define X(name, text, sentence) text,
NAMES(pt_via_name, PT_VIAS, u8)
NAMES(pt_reason_name, PT_REASONS, u8)
NAMES(pt_rule_name, PT_RULES, u8)
#undef X
#define X(name, text, sentence) sentence,
NAMES(pt_via_sentence, PT_VIAS, u8)
NAMES(pt_reason_sentence, PT_REASONS, u8)
NAMES(pt_rule_sentence, PT_RULES, u8)
#undef X
#undef NAMES

const char *pt_confidence_name(u8 c) { return c == PT_EXACT ? "exact" : c == PT_INFERRED ? "inferred" : "candidate"; }
u8 pt_edge_kind_of_name(const char *name) {
    u8 kind = 0;
    while (kind < PT_EDGE_KIND_COUNT && strcmp(pt_edge_kind_name(kind), name) != 0) kind++;
    return kind;
}

u32 pt_view_offset(const pt_view *v, u32 node) {
    if (!v->lexemes) return v->nodes[node].token;
    u32 start = v->lexemes->tokens.data[v->nodes[node].token].start;
    return v->expanded ? pt_expanded_offset(v->expanded, start) : start;
}

void pt_resolver_enter(pt_resolver *r, u32 instance) {
    u32 ignored = 0, file = pt_written_place(r->w, instance, &ignored, NULL);
    pt_file *f = &r->w->files.data[file];
    r->instance = instance;
    r->last_column = 0;
    r->edition = r->w->files.data[r->w->instances.data[instance].file].edition;
    if (r->line_file == file + 1) return;
    r->line_file = file + 1;
    r->lines.count = 0;
    pt_vec_push(&r->lines, 0);
    if (!f->text) return;
    for (const char *at = f->text, *end = f->text + f->text_length; (at = memchr(at, '\n', (size_t)(end - at)));)
        if (!pt_vec_push(&r->lines, (u32)(++at - f->text))) return;
}

/* True: the token was written there; false: a macro of that place brought it. */
static bool place(pt_resolver *r, u32 offset, u32 *line, u16 *column) {
    const pt_world *w = r->w;
    const pt_instance *in = &w->instances.data[r->instance];
    u32 first = w->files.data[in->file].facts.items[w->defs.data[r->item].item].line, c = 1;
    bool brought = true;
    const pt_file *f =
        &w->files.data[in->call == PT_NO_DEF ? in->file : pt_written_place(w, r->instance, &offset, &brought)];
    u32 low = 0, high = r->lines.count;
    while (high - low > 1) {
        u32 middle = (low + high) / 2;
        if (r->lines.data[middle] <= offset) low = middle;
        else high = middle;
    }
    *line = low + 1 - first; /* modulo 2^32: a derive stands above its item, and the sum is right */
    u32 i = r->lines.data[low];
    if (r->last_line == low && r->last_offset <= offset && r->last_offset >= i &&
        r->last_column) /* go on from the last place */
        i = r->last_offset, c = r->last_column;
    for (; f->text && i < offset && i < f->text_length; i++) c += ((u8)f->text[i] & 0xc0) != 0x80;
    r->last_line = low;
    r->last_offset = offset;
    r->last_column = c;
    *column = (u16)PT_MIN(c, 65535u);
    return brought;
}

/* The rule of a site whose emitter named none. */
static u8 rule_of(const pt_resolver *r, u32 to, u8 kind, u8 via, u8 confidence) {
    if (r->rule) return r->rule;
    if (confidence == PT_CANDIDATE) return PT_RULE_NAMESAKE;
    if (confidence == PT_EXACT) return r->via_macro == 2 ? PT_RULE_ARGUMENTS : PT_RULE_WRITTEN;
    if (via == PT_VIA_FORWARDED) return PT_RULE_FORWARDED;
    if (via == PT_VIA_DERIVE) return PT_RULE_DERIVE;
    if (pt_def_is_external_path(to)) return PT_RULE_OUTSIDE;
    return kind == PT_EDGE_CALLS && via == PT_VIA_MACRO ? PT_RULE_QUOTE : PT_RULE_BLANKET;
}

void pt_emit_from(pt_resolver *r, u32 from, u32 to, u8 kind, u8 via, u8 confidence, u32 offset) {
    if (to == PT_NO_DEF || from == PT_NO_DEF || !pt_kind_is_node(pt_def_kind(r->w, to))) return;
    /* what std's macros name of std is theirs; what they call of the workspace's is the caller's */
    if (r->std_place == offset + 1 && (kind != PT_EDGE_CALLS || via == PT_VIA_PATH) &&
        (pt_def_is_external_path(to) || (r->w->defs.data[to].flags & PT_DEF_EXTERNAL)))
        return;
    pt_site s = {.from = from,
                 .to = to,
                 .asserter = r->item,
                 .kind = kind & 15u,
                 .via = via & 15u,
                 .confidence = confidence & 3u,
                 .rule = rule_of(r, to, kind, via, confidence) & 15u,
                 .settled = r->settled,
                 .cfg = r->cfg};
    if (r->via_macro == 2 && confidence == PT_EXACT)
        s.confidence = PT_INFERRED; /* the tokens of an unknown macro, read as Rust */
    bool written = place(r, offset, &s.line, &s.column) && r->macro_place != offset + 1;
    if (!written && kind == PT_EDGE_CALLS && (via == PT_VIA_PATH || via == PT_VIA_METHOD)) s.via = PT_VIA_MACRO & 15u;
    pt_vec_push(&r->out->sites, s);
}

void pt_emit(pt_resolver *r, u32 to, u8 kind, u8 via, u8 confidence, u32 offset) {
    pt_emit_from(r, r->from, to, kind, via, confidence, offset);
}

void pt_emit_binding(pt_resolver *r, u32 binding, u32 def, u8 kind, u8 via, u8 confidence, u32 offset) {
    const pt_world *w = r->w;
    u32 next = binding ? w->bindings.data[binding].next : 0;
    if (!next) {
        pt_emit(r, def, kind, via, confidence, offset);
        return;
    }
    /* cfg twins: every one that the place does not exclude */
    pt_buffer here = {0}, there = {0};
    pt_def_cfg(w, &here, r->item);
    if (r->cfg) {
        pt_cfg_and(&there, pt_buffer_view(&here), pt_sym(w, r->cfg));
        pt_buffer swap = here;
        here = there;
        there = swap;
    }
    for (u32 b = binding, hops = 0; b && hops < 64; b = w->bindings.data[b].next, hops++) {
        u32 target = w->bindings.data[b].def;
        pt_buffer_clear(&there);
        if (!pt_def_is_external_path(target)) pt_def_cfg(w, &there, target);
        pt_str own = w->bindings.data[b].cfg ? pt_sym(w, w->bindings.data[b].cfg) : (pt_str){"", 0};
        u32 outer = r->cfg;
        if ((here.count && there.count && pt_cfg_exclusive(pt_buffer_view(&here), pt_buffer_view(&there))) ||
            (here.count && own.length && pt_cfg_exclusive(pt_buffer_view(&here), own)))
            continue;
        if (own.length) { /* the name means this only where its import exists */
            pt_buffer both = {0};
            pt_cfg_and(&both, outer ? pt_sym(w, outer) : (pt_str){"", 0}, own);
            r->cfg = pt_intern(w->names, pt_buffer_view(&both));
            pt_buffer_free(&both);
        }
        pt_emit(r, target, kind, via, confidence, offset);
        r->cfg = outer;
    }
    pt_buffer_free(&here);
    pt_buffer_free(&there);
}

void pt_emit_open(pt_resolver *r, u32 name, u8 reason, u32 offset) {
    if (r->via_macro == 2 || r->std_place == offset + 1) return;
    pt_open_site s = {.from = r->from, .name = name, .asserter = r->item, .reason = reason};
    place(r, offset, &s.line, &s.column);
    pt_vec_push(&r->out->open, s);
}

static int by_site(const void *a, const void *b) {
    const pt_site *x = a, *y = b;
    const u32 above = 1u << 31; /* lines above the item come first */
    const u64 left[] = {
        (u64)x->asserter << 32 | (x->line ^ above), (u64)x->column << 32 | x->kind, (u64)x->from << 32 | x->to,
        (u64)x->confidence << 44 | (u64)x->via << 40 | (u64)x->rule << 36 | (u64)x->settled << 32 | x->cfg};
    const u64 right[] = {
        (u64)y->asserter << 32 | (y->line ^ above), (u64)y->column << 32 | y->kind, (u64)y->from << 32 | y->to,
        (u64)y->confidence << 44 | (u64)y->via << 40 | (u64)y->rule << 36 | (u64)y->settled << 32 | y->cfg};
    for (u32 i = 0; i < PT_COUNT_OF(left); i++)
        if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
    return 0;
}

typedef struct stage {
    pt_world *w;
    pt_resolver *resolvers;
    pt_site_run *runs;
    u32 first;
} stage;

static void sort_sites(pt_site *s, u32 count) {
    if (count > 32) {
        qsort(s, count, sizeof *s, by_site);
        return;
    }
    for (u32 i = 1; i < count; i++) {
        pt_site x = s[i];
        u32 at = i;
        for (; at && by_site(&s[at - 1], &x) > 0; at--) s[at] = s[at - 1];
        s[at] = x;
    }
}

static u32 unique_sites(pt_site *s, u32 count) {
    u32 kept = 0;
    for (u32 i = 0; i < count; i++) {
        if (kept) {
            const pt_site *last = &s[kept - 1];
            bool same = last->asserter == s[i].asserter && last->line == s[i].line && last->column == s[i].column &&
                        last->from == s[i].from && last->to == s[i].to;
            if (same && last->kind == s[i].kind) continue;
            if (same && s[i].kind == PT_EDGE_USES && last->kind != PT_EDGE_CONTAINS)
                continue; /* one (site, target) has one kind */
        }
        s[kept++] = s[i];
    }
    return kept;
}

static void forget_types(pt_resolver *r) {
    pt_types_reset(&r->types);
    r->signatures.count = r->signature_types.count = r->item_type_count = 0;
    r->environment.count = r->environment_runs.count = 0;
    if (r->item_types.data) memset(r->item_types.data, 0, r->item_types.count * sizeof(u64));
    if (r->signature_table.data) memset(r->signature_table.data, 0, r->signature_table.count * sizeof(u32));
}

/* Resolves an item, and notes what it asked where somebody wants to know. */
static void resolve_and_note(pt_resolver *r, u32 def) {
    struct pt_asked *asked = r->asked;
    if (!asked) {
        pt_resolve_item(r, def);
        return;
    }
    pt_asked_begin(asked);
    r->w->asked = asked;
    pt_resolve_item(r, def);
    r->w->asked = NULL;
    u32 count = asked->keys.count - asked->first;
    pt_vec_push(&r->asked_items, (pt_asked_item){def, asked->first, count, PT_MIN(r->own_asked, count)});
}

/* Hands over what was noted. */
static void keep_questions(pt_resolver *r, pt_world *w) {
    for (u32 i = 0; r->asked && i < r->asked_items.count && !pt_alloc_failed(); i++) {
        const pt_asked_item *x = &r->asked_items.data[i];
        pt_questions_set(w->questions, x->def, x->count ? r->asked->keys.data + x->first : NULL, x->count, x->own);
    }
    r->asked_items.count = 0;
    if (r->asked) r->asked->keys.count = 0;
}

static void resolve_instance(void *payload, u32 index, u32 worker) {
    stage *st = payload;
    pt_resolver *r = &st->resolvers[worker];
    if (!pt_vec_reserve(&r->out->sites, 1) || !pt_vec_reserve(&r->out->open, 1)) return;
    u32 instance = st->first + index;
    pt_instance in = st->w->instances.data[instance];
    pt_file *f = &st->w->files.data[in.file];
    pt_site_run *run = &st->runs[index];
    *run = (pt_site_run){instance, worker, r->out->sites.count, 0, r->out->open.count, 0};
    if (f->read_code || !f->facts.header) return;
    if (r->types.types.count > TYPES_LIMIT || !r->types.types.count) forget_types(r);
    if (pt_alloc_failed()) return; /* type 0 may be missing */
    pt_resolver_enter(r, instance);
    if (f->text) {
        pt_lex(&r->lexemes, f->text, f->text_length, f->edition);
        r->out->bytes += f->text_length;
    } else {
        r->lexemes.tokens.count = 0;
    }
    for (u32 i = 0; i < f->facts.header->item_count; i++) {
        u32 first = r->out->sites.count;
        resolve_and_note(r,
                         pt_item_def(&in, i)); /* it asserts what it emits, so that its sites are a run of the order */
        sort_sites(r->out->sites.data + first, r->out->sites.count - first);
    }
    /* unique, so that what two passes over one text say twice counts once */
    u32 kept = unique_sites(r->out->sites.data + run->first, r->out->sites.count - run->first);
    r->out->sites.count = run->first + kept;
    run->count = kept;
    run->open_count = r->out->open.count - run->first_open;
}

/* Texts of files whose facts came from a store are read now, in parallel. */
static void read_text(void *payload, u32 index, u32 worker) {
    pt_world *w = payload;
    pt_file *f = &w->files.data[w->external_file_count + index];
    (void)worker;
    if (!f->text && !f->read_code && !f->is_expansion && f->facts.header && pt_world_read_text(w, f))
        f->read_code = PT_EIO;
}

static int by_name_symbol(const void *a, const void *b, void *world) {
    const pt_world *sorting_world = world;
    u32 x = *(const u32 *)a, y = *(const u32 *)b, m = sorting_world->defs.data[x].name,
        n = sorting_world->defs.data[y].name;
    return m != n ? (m < n ? -1 : 1) : x < y ? -1 : x > y;
}
static int by_pair(const void *a, const void *b) {
    const u32 *x = a, *y = b;
    return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : x[1] < y[1] ? -1 : x[1] > y[1];
}

static void name_methods(pt_method_names *names, pt_world *w) {
    for (u32 d = w->external_def_count; d < w->defs.count; d++)
        if (w->defs.data[d].kind == PT_KIND_METHOD && !(w->defs.data[d].flags & PT_DEF_EXTERNAL) &&
            (pt_def_item(w, d)->flags & PT_F_HAS_SELF))
            pt_vec_push(&names->methods, d);
    if (names->methods.count) qsort_r(names->methods.data, names->methods.count, sizeof(u32), by_name_symbol, w);
}

static void free_resolver(pt_resolver *r) {
    pt_types_free(&r->types);
    pt_lexemes_free(&r->lexemes);
    pt_vec_free(&r->lines);
    pt_vec_free(&r->locals);
    pt_vec_free(&r->vars);
    pt_vec_free(&r->stuck);
    pt_vec_free(&r->pending);
    pt_vec_free(&r->pending_types);
    for (u32 k = 0; k < PT_COUNT_OF(r->trees); k++) pt_tree_free(&r->trees[k]);
    pt_vec_free(&r->signatures);
    pt_vec_free(&r->signature_types);
    pt_vec_free(&r->signature_table);
    pt_vec_free(&r->item_types);
    pt_vec_free(&r->environment);
    pt_vec_free(&r->environment_runs);
    pt_body_macros_destroy(r->macros);
    pt_buffer_free(&r->text);
    pt_asked_free(r->asked);
    pt_free(r->asked);
    pt_vec_free(&r->asked_items);
}

/* Single items of a world that is kept. */
struct pt_item_resolver {
    pt_resolver r;
    pt_method_names names;
};

int pt_item_resolver_create(pt_item_resolver **out, pt_world *w, pt_error *error) {
    pt_item_resolver *x = *out = pt_calloc(1, sizeof *x);
    if (!x) return pt_fail(error, PT_ENOMEM, "out of memory");
    x->r.w = w;
    x->r.method_names = &x->names;
    if (!(x->r.asked = pt_calloc(1, sizeof *x->r.asked))) return pt_free(x), pt_fail(error, PT_ENOMEM, "out of memory");
    name_methods(&x->names, w);
    return PT_OK;
}

void pt_item_resolver_destroy(pt_item_resolver *x) {
    if (!x) return;
    free_resolver(&x->r);
    pt_vec_free(&x->names.methods);
    pt_free(x);
}

bool pt_item_resolver_method(pt_item_resolver *x, u32 def) {
    pt_world *w = x->r.w;
    u32 *list = x->names.methods.data, low = 0, high = x->names.methods.count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (by_name_symbol(&list[middle], &def, w) < 0) low = middle + 1;
        else high = middle;
    }
    bool there = low < x->names.methods.count && list[low] == def;
    bool wanted = w->defs.data[def].kind == PT_KIND_METHOD &&
                  !(w->defs.data[def].flags & (PT_DEF_EXTERNAL | PT_DEF_ABSENT)) &&
                  (pt_def_item(w, def)->flags & PT_F_HAS_SELF);
    if (there == wanted) return false;
    if (wanted && !pt_vec_reserve(&x->names.methods, (u64)x->names.methods.count + 1)) return true;
    list = x->names.methods.data;
    u32 behind = x->names.methods.count - low;
    if (wanted) memmove(list + low + 1, list + low, behind * sizeof *list), list[low] = def;
    else memmove(list + low, list + low + 1, (behind - 1) * sizeof *list);
    x->names.methods.count += wanted ? 1 : (u32)-1;
    list = x->names.methods.data;
    u32 few = 0, name = w->defs.data[def].name; /* with it, or without */
    for (u32 i = low; i > 0 && few <= PT_NAMESAKES && w->defs.data[list[i - 1]].name == name; i--) few++;
    for (u32 i = low; i < x->names.methods.count && few <= PT_NAMESAKES + 1 && w->defs.data[list[i]].name == name; i++)
        few++;
    return few - wanted <= PT_NAMESAKES;
}

int pt_resolve_items(pt_item_sites *out, pt_item_resolver *x, const u32 *defs, u32 count, pt_error *error) {
    pt_resolver *r = &x->r;
    pt_world *w = r->w;
    r->out = &out->found;
    forget_types(r); /* what is kept was true of the world before */
    pt_body_macros_destroy(r->macros);
    r->macros = NULL;
    r->line_file = 0;
    w->says_nothing = false;
    for (u32 i = 0, instance = PT_NONE; i < count && !pt_alloc_failed() && !w->lacks_text; i++) {
        if (r->types.types.count > TYPES_LIMIT) forget_types(r);
        if (w->defs.data[defs[i]].instance != instance) {
            u32 ignored = 0, own;
            instance = w->defs.data[defs[i]].instance;
            own = w->instances.data[instance].file;
            if (!pt_world_has_text(w, pt_written_place(w, instance, &ignored, NULL)) || !pt_world_has_text(w, own))
                break;
            pt_file *f = &w->files.data[own];
            pt_resolver_enter(r, instance);
            pt_lex(&r->lexemes, f->text, f->text_length, f->edition);
        }
        pt_item_run run = {defs[i], out->found.sites.count, 0, out->found.open.count, 0, (u32)out->found.bodies};
        resolve_and_note(r, defs[i]);
        u32 found = out->found.sites.count - run.first;
        if (found) {
            sort_sites(out->found.sites.data + run.first, found);
            out->found.sites.count = run.first + unique_sites(out->found.sites.data + run.first, found);
        }
        run.count = out->found.sites.count - run.first;
        run.open_count = out->found.open.count - run.first_open;
        run.bodies = (u32)out->found.bodies - run.bodies;
        pt_vec_push(&out->items, run);
    }
    keep_questions(r, w);
    w->says_nothing = true;
    if (w->lacks_text)
        return w->lacks_text = false, pt_fail(error, PT_EBUSY, "a file changed that was not told of yet");
    return pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory while resolving") : PT_OK;
}

void pt_item_sites_free(pt_item_sites *s) {
    pt_vec_free(&s->found.sites);
    pt_vec_free(&s->found.open);
    pt_vec_free(&s->items);
}

int pt_resolve_world(pt_sites *out, pt_world *w, pt_error *error) {
    *out = (pt_sites){0};
    pt_method_names names = {0};
    name_methods(&names, w);
    if (w->call_targets.count) qsort(w->call_targets.data, w->call_targets.count / 2, 2 * sizeof(u32), by_pair);
    u32 first = 0, threads = PT_MIN(w->threads, 64u);
    while (first < w->instances.count && w->crates.data[w->instances.data[first].crate].is_external) first++;
    u32 count = w->instances.count - first;
    pt_resolver *resolvers = pt_calloc(threads, sizeof *resolvers);
    out->workers = pt_calloc(threads, sizeof *out->workers);
    out->worker_count = threads;
    pt_world *views = pt_calloc(threads, sizeof *views);
    int code = resolvers && views && out->workers && pt_vec_reserve(&out->runs, (u64)count + 1) ? PT_OK : PT_ENOMEM;
    if (w->questions) w->questions->first_def = w->external_def_count;
    pt_world_forget_kinds(w);
    if (!code) code = pt_parallel(threads, w->files.count - w->external_file_count, read_text, w);
    if (!code) {
        for (u32 i = 0; i < threads; i++) {
            views[i] = *w; /* each its own: where it notes what it asks */
            resolvers[i] = (pt_resolver){.w = &views[i], .method_names = &names, .out = &out->workers[i], .worker = i};
            if (w->questions) resolvers[i].asked = pt_calloc(1, sizeof(struct pt_asked));
        }
        stage st = {w, resolvers, out->runs.data, first};
        out->runs.count = count;
        code = pt_parallel(threads, count, resolve_instance, &st);
    }
    for (u32 i = 0; resolvers && out->workers && i < threads; i++) {
        if (!code) keep_questions(&resolvers[i], w);
        free_resolver(&resolvers[i]);
        out->bodies += out->workers[i].bodies;
        out->bytes += out->workers[i].bytes;
        out->site_count += out->workers[i].sites.count;
        out->open_count += out->workers[i].open.count;
    }
    pt_free(resolvers);
    pt_free(views);
    pt_vec_free(&names.methods);
    return code ? pt_fail(error, code, "out of memory while resolving") : PT_OK;
}

void pt_sites_free(pt_sites *s) {
    for (u32 i = 0; i < s->worker_count && s->workers; i++) {
        pt_vec_free(&s->workers[i].sites);
        pt_vec_free(&s->workers[i].open);
    }
    pt_free(s->workers);
    pt_vec_free(&s->runs);
    *s = (pt_sites){0};
}
