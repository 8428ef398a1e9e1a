/* attributes.c: what attributes and doc comments say of an item: predicates, derives, flags, its first line. */
#include "facts/cfg.h"
#include "facts/note_internal.h"

/* Attribute tools and rustc's own attributes, with what they say of an item: anything else may be a macro. */
/* clang-format off */
#define KNOWN_ATTRIBUTES(X) \
    X(inline, 0) X(doc, 0) X(cfg, 0) X(stable, 0) X(unstable, 0) X(allow, 0) X(warn, 0) X(deny, 0) X(forbid, 0) \
    X(expect, 0) X(cold, 0) X(repr, 0) X(non_exhaustive, 0) X(track_caller, 0) X(must_use, PT_ATTR_MUST_USE) \
    X(deprecated, PT_ATTR_DEPRECATED) X(derive, 0) X(cfg_attr, 0) X(test, 0) X(bench, 0) X(ignore, 0) \
    X(should_panic, 0) X(path, 0) X(macro_use, PT_ATTR_MACRO_USE) X(macro_export, PT_ATTR_MACRO_EXPORT) \
    X(proc_macro, PT_ATTR_PROC_MACRO) X(proc_macro_derive, PT_ATTR_PROC_MACRO) \
    X(proc_macro_attribute, PT_ATTR_PROC_MACRO) X(no_mangle, PT_ATTR_FFI_EXPORT) X(export_name, PT_ATTR_FFI_EXPORT) \
    X(link, 0) X(link_name, 0) X(link_section, PT_ATTR_FFI_EXPORT) X(used, PT_ATTR_FFI_EXPORT) X(target_feature, 0) \
    X(automatically_derived, 0) X(no_std, PT_ATTR_NO_STD) X(no_core, PT_ATTR_NO_STD) X(feature, 0) \
    X(recursion_limit, 0) X(type_length_limit, 0) X(global_allocator, PT_ATTR_FFI_EXPORT) \
    X(panic_handler, PT_ATTR_FFI_EXPORT) X(default, 0) X(lang, PT_ATTR_FFI_EXPORT) X(fundamental, 0) \
    X(may_dangle, 0) X(marker, 0) X(const_trait, 0) X(unsafe, 0) X(cfg_eval, 0) X(test_case, 0) X(crate_type, 0) \
    X(crate_name, 0) X(no_main, 0) X(windows_subsystem, 0) X(diagnostic, 0) X(clippy, 0) X(rustfmt, 0) X(miri, 0) \
    X(instruction_set, 0) X(naked, 0) X(optimize, 0) X(coverage, 0) X(collapse_debuginfo, 0) X(serde, 0) \
    X(debugger_visualizer, 0) X(no_implicit_prelude, 0) X(start, 0) X(main, 0) X(rustdoc, 0) \
    X(allow_internal_unstable, 0) X(allow_internal_unsafe, 0) X(prelude_import, 0) X(needs_allocator, 0) \
    X(thread_local, 0) X(no_link, 0) X(ffi_const, 0) X(ffi_pure, 0) \
    X(alloc_error_handler, PT_ATTR_FFI_EXPORT) X(rustc_builtin_macro, PT_ATTR_BUILTIN_MACRO)
/* clang-format on */

/* True for an attribute that is no macro; `flags` are what it says. */
static bool known_attribute(u32 *flags, pt_str name) {
    static const struct {
        u32 length, flags;
        const char *name;
    } known[] = {
#define X(name, flags) {sizeof(#name) - 1, flags, #name},
        KNOWN_ATTRIBUTES(X)
#undef X
    };
    *flags = 0;
    for (u32 i = 0; i < PT_COUNT_OF(known); i++)
        if (name.length == known[i].length && memcmp(name.data, known[i].name, name.length) == 0) {
            *flags = known[i].flags;
            return true;
        }
    return pt_str_starts(name, PT_STR("rustc_"));
}

static void attribute(pt_extractor *x, noted_attributes *out, u32 first, u32 end, u32 condition, u32 depth);

static void derive_list(pt_extractor *x, noted_attributes *out, u32 first, u32 end, u32 condition) {
    for (u32 at = first; at < end;) {
        pt_derive d = {.first_segment = x->segments.count, .offset = token(x, at)->start, .cfg = condition};
        while (at < end && token(x, at)->kind != PT_T_COMMA) {
            u8 kind = token(x, at)->kind;
            if (kind == PT_T_COLON_COLON && x->segments.count == d.first_segment) d.is_global = 1;
            if (kind == PT_T_IDENT || kind == PT_K_CRATE || kind == PT_K_SELF_LOWER || kind == PT_K_SUPER) {
                pt_vec_push(&x->segments, token_string(x, at));
                d.offset = token(x, at)->start;
            }
            at++;
        }
        at++;
        d.segment_count = x->segments.count - d.first_segment;
        if (!d.segment_count) continue;
        if (!out->derive_count) out->first_derive = x->derives.count;
        if (pt_vec_push(&x->derives, d)) out->derive_count++;
    }
}

u32 pt_note_and_cfg(pt_extractor *x, u32 a, pt_str b) {
    pt_buffer_clear(&x->other);
    pt_buffer copy = {0}; /* `a` lives in a buffer that may move */
    pt_buffer_str(&copy, pt_note_text(x, a));
    pt_cfg_and(&x->other, pt_buffer_view(&copy), b);
    pt_buffer_free(&copy);
    return pt_note_string(x, pt_buffer_view(&x->other));
}

static void cfg_attr(pt_extractor *x, noted_attributes *out, u32 open, u32 condition, u32 depth) {
    u32 close = token(x, open)->extent, at = open + 1, stop = at;
    while (stop < close && token(x, stop)->kind != PT_T_COMMA)
        stop = pt_token_is_open(token(x, stop)->kind) ? PT_MAX(token(x, stop)->extent, stop) + 1 : stop + 1;
    pt_buffer_clear(&x->cfg);
    pt_cfg_canonical(&x->cfg, &x->lexemes, at, PT_MIN(stop, close));
    u32 both = pt_note_and_cfg(x, condition, pt_buffer_view(&x->cfg));
    while (stop < close) { /* the attributes that then hold */
        at = ++stop;
        while (stop < close && token(x, stop)->kind != PT_T_COMMA)
            stop = pt_token_is_open(token(x, stop)->kind) ? PT_MAX(token(x, stop)->extent, stop) + 1 : stop + 1;
        if (at < PT_MIN(stop, close)) attribute(x, out, at, PT_MIN(stop, close), both, depth + 1);
    }
}

/* One attribute's tokens (inside the brackets); `condition` is that of the cfg_attr around it. */
static void attribute(pt_extractor *x, noted_attributes *out, u32 first, u32 end, u32 condition, u32 depth) {
    if (first >= end || depth > 8) return;
    u32 at = first;
    while (at + 2 < end && token(x, at + 1)->kind == PT_T_COLON_COLON) at += 2;
    pt_str name = token_text(x, at), head = token_text(x, first);
    bool path = at != first;
    u8 after = at + 1 < end ? token(x, at + 1)->kind : (u8)PT_T_END;
    if (!path && pt_str_equal(name, PT_STR("unsafe")) && after == PT_T_OPEN_PAREN) {
        attribute(x, out, at + 2, token(x, at + 1)->extent, condition, depth + 1);
        return;
    }
    if (!path && pt_str_equal(name, PT_STR("cfg")) && after == PT_T_OPEN_PAREN) {
        pt_buffer_clear(&x->cfg);
        pt_cfg_canonical(&x->cfg, &x->lexemes, at + 2, token(x, at + 1)->extent);
        if (!condition) out->cfg = pt_note_and_cfg(x, out->cfg, pt_buffer_view(&x->cfg));
        return;
    }
    if (!path && pt_str_equal(name, PT_STR("cfg_attr")) && after == PT_T_OPEN_PAREN) {
        cfg_attr(x, out, at + 1, condition, depth);
        return;
    }
    if (pt_str_equal(name, PT_STR("derive")) && after == PT_T_OPEN_PAREN &&
        (!path || pt_str_equal(head, PT_STR("core")) || pt_str_equal(head, PT_STR("std")))) {
        derive_list(x, out, at + 2, PT_MIN(token(x, at + 1)->extent, end), condition);
        return;
    }
    if (pt_str_equal(name, PT_STR("test")) || pt_str_equal(name, PT_STR("bench")) ||
        pt_str_equal(name, PT_STR("rstest")) || pt_str_equal(name, PT_STR("test_case")) ||
        pt_str_equal(name, PT_STR("quickcheck")))
        out->flags |= PT_ATTR_TEST;
    else if (path && pt_str_equal(name, PT_STR("main"))) out->flags |= PT_ATTR_ENTRY | PT_ATTR_OTHER_MACRO;
    else if (path && !pt_str_equal(head, PT_STR("clippy")) && !pt_str_equal(head, PT_STR("rustfmt")) &&
             !pt_str_equal(head, PT_STR("diagnostic")) && !pt_str_equal(head, PT_STR("core")) &&
             !pt_str_equal(head, PT_STR("std")) && !pt_str_equal(head, PT_STR("miri")) &&
             !pt_str_equal(head, PT_STR("rustdoc")))
        out->flags |= PT_ATTR_OTHER_MACRO;
    if (path) return;
    u32 flags;
    bool known = known_attribute(&flags, name);
    /* not(feature = "std"), no_std: where std is, its prelude is too, and that has more */
    out->flags |= condition ? flags & ~(u32)PT_ATTR_NO_STD : flags;
    if (pt_str_equal(name, PT_STR("macro_export")) && after == PT_T_OPEN_PAREN && at + 2 < end &&
        pt_str_equal(token_text(x, at + 2), PT_STR("local_inner_macros")))
        out->flags |= PT_ATTR_LOCAL_INNER;
    if (pt_str_equal(name, PT_STR("path")) && after == PT_T_EQ && at + 2 < end &&
        token(x, at + 2)->kind == PT_T_STRING) {
        pt_str quoted = token_text(x, at + 2);
        bool meant =
            !condition || pt_cfg_of_reference(pt_note_text(x, condition), NULL); /* of several files the usual one */
        if (meant && quoted.length >= 2 && quoted.data[0] == '"' && !out->path)
            out->path = pt_note_string(x, (pt_str){quoted.data + 1, quoted.length - 2});
    } else if (pt_str_equal(name, PT_STR("doc")) && after == PT_T_OPEN_PAREN && at + 2 < end &&
               pt_str_equal(token_text(x, at + 2), PT_STR("hidden"))) {
        out->flags |= PT_ATTR_DOC_HIDDEN;
    } else if (pt_str_equal(name, PT_STR("doc")) && after == PT_T_EQ && at + 2 < end && !out->doc &&
               token(x, at + 2)->kind == PT_T_STRING) {
        pt_str quoted = token_text(x, at + 2);
        if (quoted.length >= 2 && quoted.data[0] == '"')
            out->doc = pt_note_string(x, pt_str_trim((pt_str){quoted.data + 1, quoted.length - 2}));
    } else if (pt_str_equal(name, PT_STR("allow")) && after == PT_T_OPEN_PAREN) {
        for (u32 i = at + 2; i < token(x, at + 1)->extent && i < end; i++)
            if (pt_str_equal(token_text(x, i), PT_STR("dead_code")) || pt_str_equal(token_text(x, i), PT_STR("unused")))
                out->flags |= PT_ATTR_ALLOW_DEAD;
    } else if (!known) {
        out->flags |= PT_ATTR_OTHER_MACRO;
    }
}

static u32 doc_line(pt_extractor *x, u32 at) {
    pt_str text = token_text(x, at);
    text.data += 3;
    text.length -= PT_MIN(text.length, 3);
    if (token_text(x, at).data[1] == '*' && text.length >= 2) text.length -= 2;
    while (text.length) { /* the first line that says something */
        const char *newline = memchr(text.data, '\n', text.length);
        u32 length = newline ? (u32)(newline - text.data) : text.length;
        pt_str line = pt_str_trim((pt_str){text.data, length});
        while (line.length && line.data[0] == '*') line = pt_str_trim((pt_str){line.data + 1, line.length - 1});
        if (line.length) return pt_note_string(x, (pt_str){line.data, PT_MIN(line.length, 300)});
        if (!newline) break;
        text.data += length + 1;
        text.length -= length + 1;
    }
    return 0;
}

void pt_note_attributes(pt_extractor *x, noted_attributes *out, u32 node, bool inner) {
    for (u32 c = node_at(x, node)->child; c; c = node_at(x, c)->next) {
        const pt_node *n = node_at(x, c);
        if (n->kind == PT_N_DOC) {
            if (n->op == inner && !out->doc) out->doc = doc_line(x, n->token);
        } else if (n->kind == PT_N_ATTRIBUTE) {
            if (n->op == inner) attribute(x, out, n->token, n->end, 0, 0);
        } else if (!inner && n->kind != PT_N_VISIBILITY) {
            break;
        }
    }
}
