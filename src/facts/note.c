/* note.c: syntax to facts. One pass over the items of a tree; bodies are only searched for items in blocks. */
#include "base/alloc.h"
#include "facts/cfg.h"
#include "facts/note_internal.h"

enum { MAX_TREE = 3000, FIRST_TABLE = 512 };

pt_extractor *pt_extractor_create(void) { return pt_calloc(1, sizeof(pt_extractor)); }

void pt_extractor_destroy(pt_extractor *x) {
    if (!x) return;
    pt_lexemes_free(&x->lexemes);
    pt_tree_free(&x->tree);
    pt_vec_free(&x->items);
    pt_vec_free(&x->nodes);
    pt_vec_free(&x->uses);
    pt_vec_free(&x->derives);
    pt_vec_free(&x->segments);
    pt_vec_free(&x->string_ends);
    pt_vec_free(&x->string_hashes);
    pt_vec_free(&x->errors);
    pt_vec_free(&x->lines);
    pt_vec_free(&x->table);
    pt_buffer_free(&x->bytes);
    pt_buffer_free(&x->scratch);
    pt_buffer_free(&x->cfg);
    pt_buffer_free(&x->other);
    pt_free(x);
}

void pt_extractor_times(const pt_extractor *x, u64 *lex, u64 *parse, u64 *note) {
    *lex = x->lex_ns;
    *parse = x->parse_ns;
    *note = x->note_ns;
}

pt_str pt_note_text(const pt_extractor *x, u32 id) {
    u32 start = id ? x->string_ends.data[id - 1] : 0;
    return (pt_str){x->bytes.data + start, x->string_ends.data[id] - start};
}

/* An empty table of `size` places, a power of two; the strings there are come in again. */
static bool table_resize(pt_extractor *x, u32 size) {
    if (!pt_vec_reserve(&x->table, size)) return false;
    memset(x->table.data, 0, size * sizeof(u32));
    x->table.count = size;
    for (u32 id = 1; id < x->string_ends.count; id++) {
        u32 i = x->string_hashes.data[id] & (size - 1);
        while (x->table.data[i]) i = (i + 1) & (size - 1);
        x->table.data[i] = id + 1;
    }
    return true;
}

/* The string id of `text`, made when new. */
u32 pt_note_string(pt_extractor *x, pt_str text) {
    if (!text.length) return 0;
    if (x->string_ends.count * 2 >= x->table.count && !table_resize(x, x->table.count * 2)) return 0;
    u32 mask = x->table.count - 1, hash = (u32)pt_hash_bytes(text.data, text.length), i = hash & mask;
    for (; x->table.data[i]; i = (i + 1) & mask) {
        u32 id = x->table.data[i] - 1;
        if (x->string_hashes.data[id] == hash && pt_str_equal(pt_note_text(x, id), text)) return id;
    }
    u32 id = x->string_ends.count;
    if (!pt_vec_reserve(&x->string_hashes, (u64)id + 1)) return 0;
    pt_buffer_str(&x->bytes, text);
    if (!pt_vec_push(&x->string_ends, x->bytes.count)) return 0;
    x->string_hashes.data[id] = hash;
    x->table.data[i] = id + 1;
    return id;
}

static u32 end_offset(const pt_extractor *x, u32 end) { return end ? pt_token_end(token(x, end - 1)) : 0; }

static void find_lines(pt_extractor *x, const char *text, u32 length) {
    x->lines.count = 0;
    x->line_hint = 0;
    pt_vec_push(&x->lines, 0);
    for (const char *at = text, *end = text + length; (at = memchr(at, '\n', (size_t)(end - at)));)
        if (!pt_vec_push(&x->lines, (u32)(++at - text))) return;
}

/* Line (1-based) of a byte offset; items come in order, so the last answer is near. */
static u32 line_of(pt_extractor *x, u32 offset) {
    const u32 *lines = x->lines.data;
    u32 low = 0, high = x->lines.count;
    if (lines[x->line_hint] <= offset) {
        low = x->line_hint;
        for (u32 step = 1; low + step < high; step *= 2)
            if (lines[low + step] > offset) {
                high = low + step;
                break;
            }
    }
    while (high - low > 1) {
        u32 middle = (low + high) / 2;
        if (lines[middle] <= offset) low = middle;
        else high = middle;
    }
    x->line_hint = low;
    return low + 1;
}
static u32 column_of(pt_extractor *x, u32 line, u32 offset) {
    u32 column = 1;
    for (u32 i = x->lines.data[line - 1]; i < offset; i++) column += ((u8)x->lexemes.text[i] & 0xc0) != 0x80;
    return column;
}

/* One line of the tokens [first, end): white space folded, comments gone, no space inside brackets. */
static u32 one_line(pt_extractor *x, u32 first, u32 end) {
    pt_buffer *out = &x->scratch;
    pt_buffer_clear(out);
    for (u32 i = first; i < end; i++) {
        const pt_token *t = token(x, i);
        if (t->kind == PT_T_DOC_OUTER || t->kind == PT_T_DOC_INNER) continue;
        if (t->kind == PT_T_POUND && i + 1 < end && token(x, i + 1)->kind == PT_T_OPEN_BRACKET) {
            i = token(x, i + 1)->extent;
            continue;
        }
        if (t->kind == PT_T_COMMA && i + 1 < end && (token(x, i + 1)->flags & PT_TOKEN_NEWLINE) &&
            (pt_token_is_close(token(x, i + 1)->kind) || token(x, i + 1)->kind == PT_T_GREATER))
            continue;
        char last = out->count ? out->data[out->count - 1] : '(';
        bool closes = t->kind == PT_T_CLOSE_PAREN || t->kind == PT_T_CLOSE_BRACKET ||
                      (t->kind == PT_T_GREATER && (t->flags & PT_TOKEN_NEWLINE));
        if ((t->flags & PT_TOKEN_SPACED) && last != '(' && last != '[' && !closes &&
            !(last == '<' && (t->flags & PT_TOKEN_NEWLINE)))
            pt_buffer_char(out, ' ');
        if (t->flags & PT_TOKEN_RAW) pt_buffer_text(out, "r#");
        pt_str text = pt_token_text(x->lexemes.text, t);
        bool own_crate = t->kind == PT_T_IDENT && pt_str_starts(text, PT_STR("__crate_of_")); /* made by macro.c */
        pt_buffer_str(out, own_crate ? PT_STR("$crate") : text);
        if (out->count > 4000) {
            pt_buffer_text(out, " ...");
            break;
        }
    }
    return pt_note_string(x, pt_buffer_view(out));
}

/* Copies a signature's tree into the facts: positions become byte offsets, names strings. Attributes, bodies,
 * item lists and fields (items of their own) stay behind. */
static u32 copy_tree(pt_extractor *x, u32 from, bool root) {
    if (++x->nesting > MAX_TREE) return x->nesting--, 0;
    pt_node n = *node_at(x, from);
    u32 to = x->nodes.count;
    n.end = n.end > n.token ? end_offset(x, n.end) : token(x, n.token)->start;
    n.token = token(x, n.token)->start;
    if (pt_node_is_named[n.kind]) n.name = n.name || n.kind != PT_N_USE_TREE ? token_string(x, n.name) : 0;
    if (n.kind == PT_N_SEGMENT) { /* its position is its name's, behind a `$` of `$crate` */
        n.token = token(x, node_at(x, from)->name)->start;
        if (x->lexemes.text[node_at(x, from)->token ? n.token - 1 : 0] == '$' && n.token) n.flags = 1;
    }
    if (n.kind == PT_N_MACRO_CALL) n.extra = token(x, n.extra)->start;
    n.child = n.next = 0;
    if (!pt_vec_push(&x->nodes, n)) return x->nesting--, 0;
    u32 last = 0;
    for (u32 c = node_at(x, from)->child; c; c = node_at(x, c)->next) {
        u8 kind = node_at(x, c)->kind;
        if (kind == PT_N_ATTRIBUTE || kind == PT_N_DOC || kind == PT_N_ITEM_LIST || kind == PT_N_FIELDS ||
            kind == PT_N_VARIANT || (pt_kind_is_item(kind) && kind != PT_N_MACRO_CALL && kind != PT_N_TUPLE_FIELD))
            continue;
        if (root && (kind == PT_N_BLOCK || kind == PT_N_LET || kind >= PT_N_E_LITERAL)) continue;
        if (kind == PT_N_VISIBILITY && !node_at(x, c)->child) continue;
        u32 copy = copy_tree(x, c, false);
        if (!copy) continue;
        if (last) x->nodes.data[last].next = copy;
        else x->nodes.data[to].child = copy;
        last = copy;
    }
    x->nesting--;
    return to;
}

static u32 path_segments(pt_extractor *x, u32 path, u32 *count, u32 *is_global) {
    u32 first = x->segments.count;
    *is_global = path ? node_at(x, path)->op : 0;
    for (u32 s = path ? node_at(x, path)->child : 0; s; s = node_at(x, s)->next)
        if (node_at(x, s)->kind == PT_N_SEGMENT) pt_vec_push(&x->segments, token_string(x, node_at(x, s)->name));
    *count = x->segments.count - first;
    return first;
}

static u32 skip_leading(const pt_extractor *x, u32 child) {
    while (child && (node_at(x, child)->kind == PT_N_ATTRIBUTE || node_at(x, child)->kind == PT_N_DOC))
        child = node_at(x, child)->next;
    return child;
}

static u32 new_item(pt_extractor *x, u8 kind, u32 node, u32 parent) {
    const pt_node *n = node_at(x, node);
    noted_attributes a = {0};
    pt_note_attributes(x, &a, node, false);
    u32 index = x->items.count;
    u32 start = token(x, n->token)->start, end = end_offset(x, n->end);
    if (token(x, n->token)->flags & PT_TOKEN_RAW) start -= 2;
    if (end < start) end = start;
    u32 vis = skip_leading(x, n->child);
    pt_item item = {.kind = kind,
                    .flags = n->flags & (u16)~PT_F_BLOCK_ITEMS,
                    .attributes = a.flags,
                    .parent = parent,
                    .subtree_end = index + 1,
                    .doc = a.doc,
                    .cfg = a.cfg,
                    .start = start,
                    .end = end,
                    .first_derive = a.first_derive,
                    .derive_count = a.derive_count};
    if (vis && node_at(x, vis)->kind == PT_N_VISIBILITY) item.visibility = node_at(x, vis)->op;
    if (kind == PT_KIND_MODULE) item.extra = a.path;
    item.line = line_of(x, start);
    item.column = column_of(x, item.line, start);
    item.end_line = end > start ? line_of(x, end - 1) : item.line;
    x->line_hint = item.line - 1;
    if (pt_node_is_named[n->kind]) item.name = token_string(x, n->name);
    u32 from = a.derive_count ? PT_MIN(start, x->derives.data[a.first_derive].offset) : start;
    item.hash = pt_hash_bytes(x->lexemes.text + from, end - from);
    if (from < start) item.hash ^= pt_hash_u64(column_of(x, line_of(x, from), from)); /* edges stand there */
    for (u32 d = 0; d < a.derive_count; d++) x->derives.data[a.first_derive + d].item = index;
    return pt_vec_push(&x->items, item) ? index : PT_NONE;
}

static void use_leaves(pt_extractor *x, u32 item, u32 tree, const u32 *prefix, u32 prefix_count, u32 is_global) {
    const pt_node *n = node_at(x, tree);
    u32 path = n->child && node_at(x, n->child)->kind == PT_N_PATH ? n->child : 0;
    u32 full[64], count = prefix_count;
    if (prefix_count) memcpy(full, prefix, prefix_count * sizeof *full);
    if (path && node_at(x, path)->op) is_global = 1;
    u32 last = 0;
    for (u32 s = path ? node_at(x, path)->child : 0; s; s = node_at(x, s)->next)
        if (node_at(x, s)->kind == PT_N_SEGMENT && count < PT_COUNT_OF(full)) {
            last = s;
            full[count++] = token_string(x, node_at(x, s)->name);
        }
    if (n->op == PT_USE_LIST) {
        for (u32 c = path ? node_at(x, path)->next : n->child; c; c = node_at(x, c)->next)
            use_leaves(x, item, c, full, count, is_global);
        return;
    }
    pt_use use = {.item = item, .is_global = (u8)is_global, .is_glob = n->op == PT_USE_GLOB};
    use.offset = last ? token(x, node_at(x, last)->name)->start : token(x, n->token)->start;
    if (use.is_glob) use.offset = token(x, n->end - 1)->start;
    else if (count && pt_str_equal(pt_note_text(x, full[count - 1]), PT_STR("self")) && count > 1) {
        count--;
        use.only_type = 1;
    }
    if (!use.is_glob) use.name = n->name ? token_string(x, n->name) : count ? full[count - 1] : 0;
    use.first_segment = x->segments.count;
    use.segment_count = (u16)count;
    for (u32 i = 0; i < count; i++) pt_vec_push(&x->segments, full[i]);
    if (pt_vec_push(&x->uses, use)) x->items.data[item].use_count++;
}

static void note_items(pt_extractor *x, u32 first, u32 parent, u32 container, u32 inherited);
static void note_statements(pt_extractor *x, u32 first, u32 block);
static void set_body(pt_extractor *x, u32 item, u32 first, u32 end);

static void note_call(pt_extractor *x, u32 index, u32 node) {
    u32 path = pt_tree_child(&x->tree, node, PT_N_PATH);
    u32 tree = copy_tree(x, node, false);
    u32 count, is_global, first = path_segments(x, path, &count, &is_global);
    x->items.data[index].tree = tree;
    if (count) x->items.data[index].name = x->segments.data[first + count - 1];
    u32 open = node_at(x, node)->extra;
    set_body(x, index, open, PT_MIN(token(x, open)->extent, x->lexemes.tokens.count - 1) + 1);
    if (!pt_token_is_open(token(x, open)->kind)) x->items.data[index].body_start = x->items.data[index].body_end = 0;
}

/* A macro call in a body that may make items. */
static bool is_noted_call(const pt_extractor *x, u32 node) {
    if (node_at(x, node)->kind != PT_N_MACRO_CALL) return false;
    u32 path = pt_tree_child(&x->tree, node, PT_N_PATH);
    return path && node_at(x, path)->end &&
           !pt_macro_makes_no_items(pt_token_text(x->lexemes.text, token(x, node_at(x, path)->end - 1)));
}

/* Items in the blocks of a body, and the macro calls that may make some. Each block that holds any is a scope: an item
 * of kind BLOCK. */
static void note_blocks(pt_extractor *x, u32 node, u32 parent) {
    if (x->nesting > MAX_TREE) return;
    x->nesting++;
    for (u32 c = node; c; c = node_at(x, c)->next) {
        u8 kind = node_at(x, c)->kind;
        bool part = kind == PT_N_FIELD || kind == PT_N_TUPLE_FIELD || kind == PT_N_VARIANT;
        if (pt_kind_is_item(kind) && kind != PT_N_MACRO_CALL && !part) continue;
        u32 noted = x->items.count, first = node_at(x, c)->child;
        if (first && node_at(x, first)->kind == PT_N_ATTRIBUTE && !is_noted_call(x, c)) {
            /* a statement, an arm, a field under a predicate: so is what is in it */
            noted_attributes a = {0};
            pt_note_attributes(x, &a, c, false);
            note_blocks(x, first, parent);
            for (u32 i = noted; a.cfg && i < x->items.count; i++)
                if (x->items.data[i].parent == parent)
                    x->items.data[i].cfg = pt_note_and_cfg(x, x->items.data[i].cfg, pt_note_text(x, a.cfg));
            continue;
        }
        if (is_noted_call(x, c)) {
            u32 call = new_item(x, PT_KIND_MACRO_CALL, c, parent);
            if (call == PT_NONE) break;
            x->items.data[call].extra = 1;
            note_call(x, call, c);
            continue;
        }
        if (kind == PT_N_BLOCK) {
            bool holds = false;
            for (u32 s = node_at(x, c)->child; s && !holds; s = node_at(x, s)->next)
                holds = is_noted_call(x, s) ||
                        (pt_kind_is_item(node_at(x, s)->kind) && node_at(x, s)->kind != PT_N_MACRO_CALL);
            if (holds) {
                u32 block = new_item(x, PT_KIND_BLOCK, c, parent);
                if (block == PT_NONE) break;
                x->items.data[block].attributes = 0;
                note_statements(x, node_at(x, c)->child, block);
                x->items.data[block].subtree_end = x->items.count;
                continue;
            }
        }
        if (first) note_blocks(x, first, parent);
    }
    x->nesting--;
}

static void note_statements(pt_extractor *x, u32 first, u32 block) {
    for (u32 s = first; s; s = node_at(x, s)->next) {
        u8 kind = node_at(x, s)->kind;
        u32 next = x->tree.nodes.data[s].next; /* one at a time */
        x->tree.nodes.data[s].next = 0;
        if (pt_kind_is_item(kind) && kind != PT_N_MACRO_CALL) note_items(x, s, block, 0, 0);
        else note_blocks(x, s, block);
        x->tree.nodes.data[s].next = next;
    }
}

static void note_fields(pt_extractor *x, u32 owner, u32 parent) {
    u32 fields = pt_tree_child(&x->tree, owner, PT_N_FIELDS);
    for (u32 c = fields ? node_at(x, fields)->child : 0; c; c = node_at(x, c)->next) {
        if (node_at(x, c)->kind != PT_N_FIELD) continue;
        u32 field = new_item(x, PT_KIND_FIELD, c, parent);
        if (field == PT_NONE) return;
        x->items.data[field].signature = one_line(x, node_at(x, c)->token, node_at(x, c)->end);
        u32 tree = copy_tree(x, c, true);
        x->items.data[field].tree = tree;
    }
}

static u8 kind_of(u8 node_kind, u8 container) {
    bool member = container == PT_N_TRAIT || container == PT_N_IMPL;
    switch (node_kind) {
    case PT_N_MODULE: return PT_KIND_MODULE;
    case PT_N_STRUCT: return PT_KIND_STRUCT;
    case PT_N_ENUM: return PT_KIND_ENUM;
    case PT_N_UNION: return PT_KIND_UNION;
    case PT_N_TRAIT: return PT_KIND_TRAIT;
    case PT_N_TRAIT_ALIAS: return PT_KIND_TRAIT_ALIAS;
    case PT_N_IMPL: return PT_KIND_IMPL;
    case PT_N_FN: return member ? PT_KIND_METHOD : PT_KIND_FN;
    case PT_N_CONST: return member ? PT_KIND_ASSOC_CONST : PT_KIND_CONST;
    case PT_N_STATIC: return PT_KIND_STATIC;
    case PT_N_TYPE_ALIAS: return member ? PT_KIND_ASSOC_TYPE : PT_KIND_TYPE_ALIAS;
    case PT_N_MACRO_RULES:
    case PT_N_MACRO_DEF: return PT_KIND_MACRO;
    case PT_N_USE: return PT_KIND_USE;
    case PT_N_EXTERN_CRATE: return PT_KIND_EXTERN_CRATE;
    default: return PT_KIND_MACRO_CALL;
    }
}

/* The first child that ends the signature: a body, a list, a value. */
static u32 signature_end(pt_extractor *x, u32 node) {
    const pt_node *n = node_at(x, node);
    u32 end = n->end;
    for (u32 c = n->child; c; c = node_at(x, c)->next) {
        u8 kind = node_at(x, c)->kind;
        if (kind == PT_N_BLOCK || kind == PT_N_ITEM_LIST || kind == PT_N_FIELDS || kind == PT_N_VARIANT ||
            kind >= PT_N_E_LITERAL) {
            end = node_at(x, c)->token;
            break;
        }
    }
    if (n->kind == PT_N_ENUM || n->kind == PT_N_STRUCT || n->kind == PT_N_UNION) {
        for (u32 i = n->token; i < end; i++)
            if (token(x, i)->kind == PT_T_OPEN_BRACE) {
                end = i;
                break;
            }
    }
    while (end > n->token + 1 && (token(x, end - 1)->kind == PT_T_SEMICOLON || token(x, end - 1)->kind == PT_T_EQ ||
                                  token(x, end - 1)->kind == PT_T_OPEN_BRACE))
        end--;
    return end;
}

/* Where an expression begins: a method call's node stands at its name, its receiver before it. */
static u32 expression_start(const pt_extractor *x, u32 node) {
    u32 first = node_at(x, node)->token;
    for (u32 c = node_at(x, node)->child; c; c = node_at(x, c)->child) first = PT_MIN(first, node_at(x, c)->token);
    return first;
}

static void set_body(pt_extractor *x, u32 item, u32 first, u32 end) {
    if (end <= first) return; /* `const A: u8 = ;`: a value that is not there */
    x->items.data[item].body_start = token(x, first)->start;
    x->items.data[item].body_end = end_offset(x, end);
}

static void note_variants(pt_extractor *x, u32 node, u32 index) {
    for (u32 c = node_at(x, node)->child; c; c = node_at(x, c)->next) {
        if (node_at(x, c)->kind != PT_N_VARIANT) continue;
        u32 variant = new_item(x, PT_KIND_VARIANT, c, index);
        if (variant == PT_NONE) return;
        u32 signature = one_line(x, node_at(x, c)->token, signature_end(x, c));
        u32 tree = copy_tree(x, c, true);
        x->items.data[variant].signature = signature;
        x->items.data[variant].tree = tree;
        for (u32 v = node_at(x, c)->child; v; v = node_at(x, v)->next)
            if (node_at(x, v)->kind >= PT_N_E_LITERAL || node_at(x, v)->kind == PT_N_BLOCK)
                set_body(x, variant, expression_start(x, v), node_at(x, v)->end);
        note_fields(x, c, variant);
        x->items.data[variant].subtree_end = x->items.count;
    }
}

static void note_item(pt_extractor *x, u32 node, u32 parent, u8 container, u32 inherited) {
    const pt_node *n = node_at(x, node);
    if (n->kind == PT_N_EXTERN_BLOCK) { /* no item itself: its members stand where it stands */
        noted_attributes a = {0};
        pt_note_attributes(x, &a, node, false);
        u32 list = pt_tree_child(&x->tree, node, PT_N_ITEM_LIST), from = x->items.count;
        if (list) note_items(x, node_at(x, list)->child, parent, container, inherited | PT_ATTR_IN_EXTERN);
        for (u32 i = from; i < x->items.count; i++)
            if (a.cfg && x->items.data[i].parent == parent)
                x->items.data[i].cfg = pt_note_and_cfg(x, x->items.data[i].cfg, pt_note_text(x, a.cfg));
        return;
    }
    u8 kind = kind_of(n->kind, container);
    u32 index = new_item(x, kind, node, parent);
    if (index == PT_NONE) return;
    x->items.data[index].attributes |= inherited;
    u32 list = pt_tree_child(&x->tree, node, PT_N_ITEM_LIST);
    switch (kind) {
    case PT_KIND_USE: {
        x->items.data[index].first_use = x->uses.count;
        u32 tree = pt_tree_child(&x->tree, node, PT_N_USE_TREE);
        if (tree) use_leaves(x, index, tree, NULL, 0, 0);
        break;
    }
    case PT_KIND_EXTERN_CRATE:
        x->items.data[index].extra = n->extra ? token_string(x, n->extra) : 0; /* bound as that, named by what it is */
        break;
    case PT_KIND_MACRO_CALL: note_call(x, index, node); break;
    case PT_KIND_MACRO:
        x->items.data[index].extra = n->kind == PT_N_MACRO_DEF ? 1u + n->op : 0;
        x->items.data[index].signature = one_line(x, n->token, PT_MIN(n->name + 1, n->end));
        if (pt_token_is_open(token(x, n->extra)->kind)) set_body(x, index, n->extra, node_at(x, node)->end);
        break;
    default: {
        u32 signature = one_line(x, n->token, signature_end(x, node));
        u32 tree = kind == PT_KIND_MODULE ? 0 : copy_tree(x, node, true);
        x->items.data[index].signature = signature;
        x->items.data[index].tree = tree;
        if (kind == PT_KIND_MODULE && list) {
            noted_attributes inner = {0};
            pt_note_attributes(x, &inner, list, true);
            pt_item *item = &x->items.data[index];
            item->attributes |= inner.flags & (PT_ATTR_MACRO_USE | PT_ATTR_DOC_HIDDEN);
            if (!item->doc) item->doc = inner.doc;
            if (inner.cfg) {
                u32 both = pt_note_and_cfg(x, item->cfg, pt_note_text(x, inner.cfg));
                x->items.data[index].cfg = both;
            }
        }
        note_fields(x, node, index);
        if (kind == PT_KIND_ENUM) note_variants(x, node, index);
        if (list) note_items(x, node_at(x, list)->child, index, n->kind, inherited);
        for (u32 c = node_at(x, node)->child; c; c = node_at(x, c)->next) {
            u8 child_kind = node_at(x, c)->kind;
            if (child_kind == PT_N_BLOCK || child_kind >= PT_N_E_LITERAL)
                set_body(x, index, expression_start(x, c), node_at(x, c)->end);
            if (!(node_at(x, node)->flags & PT_F_BLOCK_ITEMS) || child_kind == PT_N_ITEM_LIST ||
                child_kind == PT_N_ATTRIBUTE)
                continue;
            u32 next = x->tree.nodes.data[c].next; /* blocks anywhere: the body, a type's length, a discriminant */
            x->tree.nodes.data[c].next = 0;
            if (child_kind == PT_N_VARIANT) {
                if (node_at(x, c)->child) note_blocks(x, node_at(x, c)->child, index);
            } else {
                note_blocks(x, c, index);
            }
            x->tree.nodes.data[c].next = next;
        }
    }
    }
    x->items.data[index].subtree_end = x->items.count;
}

static void note_items(pt_extractor *x, u32 first, u32 parent, u32 container, u32 inherited) {
    for (u32 c = first; c; c = node_at(x, c)->next)
        if (pt_kind_is_item(node_at(x, c)->kind)) note_item(x, c, parent, (u8)container, inherited);
}

static void note_error(pt_extractor *x, pt_syntax_error error) {
    if (x->errors.count >= PT_MAX_SYNTAX_ERRORS) return;
    x->line_hint = 0;
    u32 line = line_of(x, error.offset);
    pt_vec_push(&x->errors, (pt_noted_error){error.offset, line, column_of(x, line, error.offset),
                                             pt_note_string(x, pt_str_of(error.message))});
}

static int pack(void **block, u32 *size, pt_extractor *x, u32 edition, const noted_attributes *file) {
    pt_facts_header h = {.magic = PT_FACTS_MAGIC,
                         .version = PT_EXTRACTOR_VERSION,
                         .edition = (u16)edition,
                         .balanced = x->lexemes.balanced,
                         .attributes = file->flags,
                         .cfg = file->cfg,
                         .item_count = x->items.count,
                         .node_count = x->nodes.count,
                         .use_count = x->uses.count,
                         .derive_count = x->derives.count,
                         .segment_count = x->segments.count,
                         .string_count = x->string_ends.count,
                         .string_bytes = x->bytes.count,
                         .error_count = x->errors.count,
                         .line_count = x->lines.count,
                         .text_length = x->lexemes.length,
                         .text_hash = pt_hash128_bytes(x->lexemes.text, x->lexemes.length)};
    struct {
        const void *data;
        u64 size;
    } parts[] = {{x->items.data, (u64)x->items.count * sizeof(pt_item)},
                 {x->nodes.data, (u64)x->nodes.count * sizeof(pt_node)},
                 {x->uses.data, (u64)x->uses.count * sizeof(pt_use)},
                 {x->derives.data, (u64)x->derives.count * sizeof(pt_derive)},
                 {x->segments.data, (u64)x->segments.count * sizeof(u32)},
                 {x->string_ends.data, (u64)x->string_ends.count * sizeof(u32)},
                 {x->bytes.data, x->bytes.count},
                 {x->errors.data, (u64)x->errors.count * sizeof(pt_noted_error)}};
    u64 total = sizeof h;
    for (u32 i = 0; i < PT_COUNT_OF(parts); i++) total += (parts[i].size + 7) & ~(u64)7;
    if (total > UINT32_MAX) return PT_ELIMIT;
    char *memory = pt_malloc((size_t)total);
    if (!memory) return PT_ENOMEM;
    u64 at = sizeof h;
    for (u32 i = 0; i < PT_COUNT_OF(parts); i++) {
        u64 padded = (parts[i].size + 7) & ~(u64)7;
        if (parts[i].size) memcpy(memory + at, parts[i].data, parts[i].size);
        memset(memory + at + parts[i].size, 0, padded - parts[i].size);
        at += padded;
    }
    h.size = (u32)total;
    h.checksum = pt_hash_bytes(memory + sizeof h, (size_t)total - sizeof h);
    memcpy(memory, &h, sizeof h);
    *block = memory;
    *size = (u32)total;
    return PT_OK;
}

int pt_extract(void **block, u32 *size, pt_extractor *x, const char *text, u32 length, u32 edition, pt_text_kind kind) {
    *block = NULL;
    *size = 0;
    if (length > 256u << 20) return PT_ELIMIT;
    u64 t0 = pt_now_ns();
    pt_lex(&x->lexemes, text, length, edition);
    u64 t1 = pt_now_ns();
    int code = pt_parse(&x->tree, &x->lexemes, 0, x->lexemes.tokens.count,
                        kind == PT_TEXT_STATEMENTS ? PT_PARSE_STATEMENTS : PT_PARSE_FILE, edition);
    u64 t2 = pt_now_ns();
    x->lex_ns += t1 - t0;
    x->parse_ns += t2 - t1;
    if (code) return code;
    x->items.count = x->nodes.count = x->uses.count = x->derives.count = x->segments.count = 0;
    x->string_ends.count = x->errors.count = x->bytes.count = 0;
    pt_buffer_add(&x->bytes, "", 0);
    x->nesting = 0;
    bool ready =
        table_resize(x, FIRST_TABLE) && pt_vec_reserve(&x->string_hashes, 1) && pt_vec_push(&x->string_ends, 0);
    if (!ready) return PT_ENOMEM;
    pt_vec_push(&x->nodes, (pt_node){0});
    find_lines(x, text, length);
    if (pt_alloc_failed()) return PT_ENOMEM;
    noted_attributes file = {0};
    pt_note_attributes(x, &file, 1, true);
    u32 first = node_at(x, 1)->child;
    if (kind == PT_TEXT_STATEMENTS) note_statements(x, first ? node_at(x, first)->child : 0, PT_NONE);
    else note_items(x, first, PT_NONE, kind == PT_TEXT_MEMBERS ? PT_N_IMPL : 0, 0);
    for (u32 i = 0; i < x->lexemes.errors.count; i++) note_error(x, x->lexemes.errors.data[i]);
    for (u32 i = 0; i < x->tree.errors.count; i++) note_error(x, x->tree.errors.data[i]);
    code = pt_alloc_failed() ? PT_ENOMEM : pack(block, size, x, edition, &file);
    x->note_ns += pt_now_ns() - t2;
    return code;
}
