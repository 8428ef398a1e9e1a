/* explore.c: a free question: which items it speaks of, which question it is, and that one's answer.
 *
 * What looks like code (a path, a place, a name with `_` or a capital, whatever stands in backquotes) names items. Without any,
 * the words do: items whose names fit one word and whose path, name or doc line holds others, most words first. What is asked
 * of them is told by words like "implements", "calls", "break" (the table below); with none of these it is their context. */
#include "query/context.h"
#include "query/render.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { WORDS = 24, WORD = 200, ITEMS = 4, ALSO = 6, NAMES_A_WORD = 400, TOKENS_A_ROW = 12, FOUND = 4000 };

typedef struct intent {
    const char *words; /* any of them, separated by | */
    const char *command;
    u8 items; /* that it takes */
} intent;
/* In this order: the first that fits. */
static const intent intents[] = {
    {"cycle|cycles|cyclic|circular", "find-cycles", 0},
    {"dead code|unused|never used", "unused", 0},
    {"path from|way from|reach|reaches|lead to|leads to|get from|get to", "path", 2},
    {"who implements|what implements|implementors|implementers|implementations of|impls of|types that "
     "implement|implements|implement",
     "who-implements", 1},
    {"traits of|which traits|what traits", "traits-of", 1},
    {"who calls|what calls|callers|called by|call sites|is called|are called|get called|gets called", "callers", 1},
    {"callees|does it call|what does|calls what", "callees", 1},
    {"blast|blast radius|impact|affect|affects|affected|break|breaks|depend on|depends on|if i change|if i rename|if i "
     "remove|safe to change",
     "blast-radius", 1},
    {"used by|who uses|what uses|usages|references to|refers to|where is it used|is used", "used-by", 1},
    {"where is|defined|definition of|declared", "where-defined", 1},
    {"overview|architecture|structure of the|what is this|big picture", "overview", 0},
};

/* Words that say nothing about which item is meant. */
static const char *const empty_words[] = {"a",
                                          "about",
                                          "all",
                                          "an",
                                          "and",
                                          "any",
                                          "are",
                                          "as",
                                          "at",
                                          "be",
                                          "by",
                                          "call",
                                          "called",
                                          "callers",
                                          "calls",
                                          "can",
                                          "change",
                                          "changes",
                                          "changed",
                                          "code",
                                          "could",
                                          "cycle",
                                          "cycles",
                                          "defined",
                                          "definition",
                                          "depend",
                                          "depends",
                                          "do",
                                          "does",
                                          "each",
                                          "find",
                                          "for",
                                          "from",
                                          "function",
                                          "get",
                                          "give",
                                          "has",
                                          "have",
                                          "how",
                                          "i",
                                          "if",
                                          "impact",
                                          "implement",
                                          "implementations",
                                          "implementors",
                                          "implemented",
                                          "implements",
                                          "in",
                                          "into",
                                          "is",
                                          "it",
                                          "its",
                                          "list",
                                          "made",
                                          "make",
                                          "me",
                                          "method",
                                          "my",
                                          "of",
                                          "on",
                                          "or",
                                          "path",
                                          "please",
                                          "reach",
                                          "references",
                                          "show",
                                          "struct",
                                          "tell",
                                          "that",
                                          "the",
                                          "their",
                                          "there",
                                          "these",
                                          "this",
                                          "to",
                                          "trait",
                                          "type",
                                          "types",
                                          "usages",
                                          "use",
                                          "used",
                                          "uses",
                                          "via",
                                          "was",
                                          "way",
                                          "we",
                                          "what",
                                          "when",
                                          "where",
                                          "which",
                                          "who",
                                          "why",
                                          "will",
                                          "with",
                                          "work",
                                          "works",
                                          "would",
                                          "you",
                                          "break",
                                          "breaks",
                                          "blast",
                                          "radius",
                                          "affected",
                                          "affects",
                                          "radius",
                                          "unused",
                                          "everything",
                                          "enum",
                                          "fn",
                                          "crate",
                                          "module",
                                          "item",
                                          "items",
                                          "explain",
                                          "understand",
                                          "need",
                                          "should",
                                          "edit",
                                          "add",
                                          "fix"};

typedef struct word {
    char text[WORD];
    bool is_code;
} word;

static bool is_empty_word(const char *text) {
    for (u32 i = 0; i < PT_COUNT_OF(empty_words); i++)
        if (strcasecmp(text, empty_words[i]) == 0) return true;
    return false;
}

static bool looks_like_code(const char *text) {
    if (strstr(text, "::") || strchr(text, '_') || strchr(text, '<') || strstr(text, ".rs")) return true;
    for (const char *at = text + 1; *text && *at; at++) /* parseHeader, TcpStream; not "Which" */
        if (isupper((unsigned char)*at) && islower((unsigned char)at[-1])) return true;
    return false;
}

static u32 words_of(const char *text, word *out) {
    u32 count = 0;
    for (bool quoted = false; *text && count < WORDS;) {
        if (*text == '`') {
            quoted = !quoted;
            text++;
            continue;
        }
        size_t n = 0;
        i32 angle = 0;
        while (text[n] && text[n] != '`' && (quoted || angle > 0 || !isspace((unsigned char)text[n]))) {
            if (text[n] == '<') angle++;
            else if (text[n] == '>') angle--;
            if (!quoted && strchr(",;?!\"'()", text[n])) break;
            n++;
        }
        size_t kept = n;
        while (kept && (text[kept - 1] == '.' || text[kept - 1] == ':')) kept--;
        if (kept && kept < WORD) {
            word *w = &out[count];
            snprintf(w->text, sizeof w->text, "%.*s", (int)kept, text);
            w->is_code = quoted || looks_like_code(w->text);
            if (w->is_code || !is_empty_word(w->text)) count++;
        }
        text += n + (!quoted && text[n] && text[n] != '`');
    }
    return count;
}

/* Does one of the phrases stand in the text as words? */
static bool speaks_of(const char *text, const char *phrases) {
    char phrase[64];
    for (const char *at = phrases; *at;) {
        size_t n = strcspn(at, "|");
        snprintf(phrase, sizeof phrase, "%.*s", (int)n, at);
        for (const char *found = text; (found = strcasestr(found, phrase)); found++) {
            bool left = found == text || !(isalnum((unsigned char)found[-1]) || found[-1] == '_'),
                 right = !(isalnum((unsigned char)found[n]) || found[n] == '_');
            if (left && right) return true;
        }
        at += n + (at[n] == '|');
    }
    return false;
}

typedef struct found {
    u32 node, words;
    i32 score;
} found;
typedef PT_VEC(found) found_list;

static i32 kind_score(const pt_graph_node *n) {
    i32 score;
    switch (n->kind) {
    case PT_KIND_TRAIT:
    case PT_KIND_STRUCT:
    case PT_KIND_ENUM:
    case PT_KIND_UNION: score = 60; break;
    case PT_KIND_FN:
    case PT_KIND_METHOD:
    case PT_KIND_MACRO: score = 50; break;
    case PT_KIND_MODULE:
    case PT_KIND_CRATE: score = 25; break;
    case PT_KIND_IMPL:
    case PT_KIND_FIELD:
    case PT_KIND_VARIANT: score = 5; break;
    default: score = 30;
    }
    if (n->flags & PT_NODE_EXTERNAL) score -= 60;
    if (n->flags & PT_NODE_TEST) score -= 40;
    return score;
}

static int by_fit(const void *a, const void *b, void *graph) {
    const pt_graph *g = graph;
    const found *x = a, *y = b;
    if (x->words != y->words) return x->words > y->words ? -1 : 1;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    u32 cx = pt_centrality(g, x->node), cy = pt_centrality(g, y->node);
    if (cx != cy) return cx > cy ? -1 : 1;
    return pt_graph_order(g, x->node, y->node);
}

/* The items that a piece of code may mean, best first. */
static void named_by_code(pt_query *q, const char *text, u32 kinds, found_list *out) {
    pt_items items = {0};
    u32 from = out->count;
    char name[WORD];
    snprintf(name, sizeof name, "%s", text);
    i32 angle = 0; /* `park()`; not `<(A, B) as Trait>` */
    for (char *at = name; *at; at++) {
        if (*at == '<') angle++;
        else if (*at == '>') angle--;
        else if (*at == '(' && at > name && angle <= 0) *at-- = 0;
    }
    (void)pt_find_items(&items, q->graph, name, 0, true, NULL);
    for (u32 i = 0; i < items.nodes.count; i++) {
        const pt_graph_node *n = pt_node_at(q->graph, items.nodes.data[i]);
        if (!pt_node_shown(q, items.nodes.data[i])) continue;
        i32 fits = kinds && (kinds >> n->kind & 1) ? 200 : 0;
        pt_vec_push(out, (found){items.nodes.data[i], 1, fits + kind_score(n)});
    }
    pt_items_free(&items);
    if (out->count > from)
        qsort_r(out->data + from, out->count - from, sizeof(found), by_fit, (void *)(uintptr_t)q->graph);
}

static bool holds(const pt_graph *g, u32 node, const char *text, pt_buffer *scratch) {
    const pt_graph_node *n = pt_node_at(g, node);
    pt_buffer_clear(scratch);
    pt_graph_path(g, scratch, node);
    size_t length = strlen(text);
    char stem[WORD]; /* "workers" fits `worker`, "scheduling" `schedule` hardly: only a plural is taken off */
    snprintf(stem, sizeof stem, "%s", text);
    if (length > 4 && stem[length - 1] == 's') stem[length - 1] = 0;
    return (scratch->data && strcasestr(scratch->data, stem)) || strcasestr(pt_graph_string(g, n->doc), stem) ||
           (n->file != PT_NONE && strcasestr(pt_graph_file_path(g, n->file), stem));
}

/* The items that most of the words speak of, best first. */
static void named_by_words(pt_query *q, const word *words, u32 count, found_list *out) {
    const pt_graph *g = q->graph;
    pt_buffer scratch = {0};
    pt_node_list nodes = {0};
    for (u32 i = 0; i < count; i++) {
        pt_matches names = {0};
        char stem[WORD];
        size_t length = strlen(words[i].text);
        snprintf(stem, sizeof stem, "%s", words[i].text);
        if (length > 4 && stem[length - 1] == 's') stem[length - 1] = 0;
        if (length >= 3) pt_search_names(&names, g, stem, NAMES_A_WORD);
        for (u32 k = 0; k < names.count && names.data[k].score >= 600; k++) {
            nodes.count = 0;
            pt_graph_named(g, pt_graph_string(g, names.data[k].name), &nodes);
            for (u32 m = 0; m < nodes.count && m < 64 && out->count < FOUND; m++) {
                u32 node = nodes.data[m], hits = 0;
                if (!pt_node_local(g, node) || !pt_node_shown(q, node)) continue;
                for (u32 w = 0; w < count; w++) hits += holds(g, node, words[w].text, &scratch);
                pt_vec_push(out, (found){node, hits, names.data[k].score / 10 + kind_score(pt_node_at(g, node))});
            }
        }
        pt_vec_free(&names);
    }
    pt_vec_free(&nodes);
    pt_buffer_free(&scratch);
    if (out->count) qsort_r(out->data, out->count, sizeof(found), by_fit, (void *)(uintptr_t)g);
    u32 kept = 0; /* one row an item: found by several words */
    for (u32 i = 0; i < out->count; i++) {
        bool known = false;
        for (u32 k = 0; k < kept && k < 256 && !known; k++) known = out->data[k].node == out->data[i].node;
        if (!known) out->data[kept++] = out->data[i];
    }
    out->count = kept;
}

/* An argument that means this item and no other: its path, or its place when others share that. */
static void write_argument(const pt_query *q, u32 node, pt_buffer *out) {
    const pt_graph_node *n = pt_node_at(q->graph, node);
    pt_items items = {0};
    u32 from = out->count;
    pt_graph_path(q->graph, out, node);
    if (out->data && pt_find_items(&items, q->graph, out->data + from, 0, false, NULL) && n->file != PT_NONE) {
        out->count = from;
        pt_buffer_format(out, "%s:%u:%u", pt_graph_file_path(q->graph, n->file), pt_position_at(q->graph, node)->line,
                         pt_position_at(q->graph, node)->column);
    }
    pt_items_free(&items);
}

static u32 kinds_of(const char *command) {
    if (strcmp(command, "who-implements") == 0) return 1u << PT_KIND_TRAIT;
    if (strcmp(command, "callers") == 0 || strcmp(command, "callees") == 0)
        return 1u << PT_KIND_FN | 1u << PT_KIND_METHOD | 1u << PT_KIND_MACRO;
    return 0;
}

int pt_ask_explore(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    u32 budget = q->budget ? q->budget : PT_CONTEXT_BUDGET;
    pt_format format;
    if (!pt_format_of(&format, q->format))
        return pt_fail(error, PT_EUSAGE, "--format %s: it is text, markdown, json or compact", q->format);
    if (budget < PT_CONTEXT_LEAST || budget > PT_CONTEXT_MOST)
        return pt_fail(error, PT_EUSAGE, "a budget of %u tokens: it is %d to %d", budget, PT_CONTEXT_LEAST,
                       PT_CONTEXT_MOST);
    word *words = pt_calloc(WORDS, sizeof *words);
    if (!words) return pt_fail(error, PT_ENOMEM, "out of memory");
    u32 count = words_of(q->target, words);
    const intent *meant = NULL;
    for (u32 i = 0; i < PT_COUNT_OF(intents) && !meant; i++)
        if (speaks_of(q->target, intents[i].words)) meant = &intents[i];
    found_list all = {0}, one = {0};
    u32 items[ITEMS] = {0}, item_count = 0, most = meant && meant->items ? meant->items : meant ? 0 : ITEMS;
    /* code first: each piece its best item */
    for (u32 i = 0; i < count && most; i++) {
        if (!words[i].is_code && most != 2) continue; /* of two, the order tells which is which */
        one.count = 0;
        named_by_code(q, words[i].text, meant ? kinds_of(meant->command) : 0, &one);
        if (one.count && item_count < most) items[item_count++] = one.data[0].node;
        for (u32 k = 0; k < one.count; k++) pt_vec_push(&all, one.data[k]);
    }
    /* a plain word that is an item's very name: `spawn` of "who calls spawn" */
    for (u32 i = 0; i < count && most && meant && item_count < meant->items; i++) {
        if (words[i].is_code) continue;
        one.count = 0;
        named_by_code(q, words[i].text, kinds_of(meant->command), &one);
        if (!one.count || (item_count && items[0] == one.data[0].node)) continue; /* found by the loop above */
        items[item_count++] = one.data[0].node;
        for (u32 k = 0; k < one.count; k++) pt_vec_push(&all, one.data[k]);
    }
    if (!item_count && most) {
        named_by_words(q, words, count, &all);
        u32 best = all.count ? all.data[0].words : 0;
        for (u32 i = 0; i < all.count && item_count < most && all.data[i].words == best; i++)
            items[item_count++] = all.data[i].node;
    }
    for (u32 i = 0; i < count && most && !item_count; i++) { /* too short for a search: `io` */
        one.count = 0;
        named_by_code(q, words[i].text, meant ? kinds_of(meant->command) : 0, &one);
        if (!one.count) continue;
        items[item_count++] = one.data[0].node;
        for (u32 k = 0; k < one.count; k++) pt_vec_push(&all, one.data[k]);
    }
    const char *command = meant && item_count >= meant->items ? meant->command : item_count ? "context" : "overview";
    if (item_count && strcmp(command, "who-implements") == 0) { /* of a type it is the other question */
        u8 kind = pt_node_at(g, items[0])->kind;
        if (kind != PT_KIND_TRAIT && kind != PT_KIND_TRAIT_ALIAS)
            command =
                kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM || kind == PT_KIND_UNION || kind == PT_KIND_TYPE_ALIAS
                    ? "traits-of"
                    : "context";
    }
    int code = PT_OK;
    bool found_nothing = !item_count && count && !(meant && !meant->items);
    if (found_nothing) {
        code = pt_fail(error, PT_ENOTFOUND, "nothing in this code base is named like that: %s", q->target);
        json_t *rows = json_array();
        for (u32 i = 0; i < count && json_array_size(rows) < 5; i++) {
            pt_items near = {0};
            (void)pt_find_items(&near, g, words[i].text, 0, false, NULL);
            for (u32 k = 0; k < near.suggestions.count && json_array_size(rows) < 5; k++)
                json_array_append_new(rows, pt_row_node(q, near.suggestions.data[k]));
            pt_items_free(&near);
        }
        json_object_set_new_nocheck(answer, "suggestions", rows);
    }
    if (!code) {
        pt_buffer target = {0}, second = {0};
        pt_query sub = *q;
        bool is_context = strcmp(command, "context") == 0, is_path = strcmp(command, "path") == 0;
        for (u32 i = 0; i < item_count && (i == 0 || is_context); i++) {
            if (i) pt_buffer_char(&target, '\n');
            write_argument(q, items[i], &target);
        }
        if (is_path) write_argument(q, items[1], &second);
        sub.command = command;
        sub.target = item_count && target.data ? target.data : NULL;
        sub.second = is_path ? second.data : NULL;
        sub.all = true;
        sub.sites = PT_SITES_SHOWN;
        json_object_set_new_nocheck(answer, "chosen", pt_json_text(command));
        json_object_set_new_nocheck(answer, "budget", json_integer(budget));
        json_object_set_new_nocheck(answer, "tokens", json_integer(budget));
        if (sub.target) json_object_set_new_nocheck(answer, "about", pt_json_text(sub.target));
        json_t *also = json_array(); /* what it may have meant instead */
        for (u32 i = 0; i < all.count && json_array_size(also) < ALSO; i++) {
            bool taken = false;
            for (u32 k = 0; k < item_count; k++) taken = taken || items[k] == all.data[i].node;
            for (u32 k = 0; k < i; k++) taken = taken || all.data[k].node == all.data[i].node;
            if (!taken) json_array_append_new(also, pt_json_path(q, all.data[i].node));
        }
        if (json_array_size(also)) json_object_set_nocheck(answer, "also", also);
        json_decref(also);
        const pt_query_info *info = pt_query_find(command);
        u32 least = format == PT_FORMAT_COMPACT ? PT_TOKENS_A_COMPACT_ROW : TOKENS_A_ROW;
        if (!sub.limit) sub.limit = PT_MAX(budget / least, 1u); /* more would be cut anyway */
        sub.part = true;
        code = pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory") : info->run(&sub, answer, error);
        json_object_del(answer, "cursor"); /* no nulls */
        if (!code) pt_render_brief(answer);
        bool rows = json_array_size(json_object_get(answer, "results")) != 0;
        if (!code && (!pt_render_within(NULL, answer, format, budget) ||
                      (rows && !json_array_size(json_object_get(answer, "results")))))
            code = pt_fail(error, PT_EUSAGE, "a budget of %u tokens is too little for this answer", budget);
        q->walker = sub.walker;
        q->passing = sub.passing;
        pt_buffer_free(&target);
        pt_buffer_free(&second);
    }
    pt_vec_free(&all);
    pt_vec_free(&one);
    pt_free(words);
    return code;
}
