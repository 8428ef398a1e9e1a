#include "query/item.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

void pt_items_free(pt_items *items) {
    pt_vec_free(&items->nodes);
    pt_vec_free(&items->candidates);
    pt_vec_free(&items->suggestions);
}

u32 pt_centrality(const pt_graph *g, u32 node) { return pt_graph_degree(g, node, PT_IN); }

/* Does `path` end with `suffix` at a segment's start? */
static bool ends_with(const char *path, const char *suffix) {
    size_t n = strlen(path), m = strlen(suffix);
    if (m > n || strcmp(path + n - m, suffix) != 0) return false;
    return m == n || (n - m >= 2 && path[n - m - 1] == ':') || path[n - m - 1] == '<' || path[n - m - 1] == '&' ||
           path[n - m - 1] == ' ';
}

/* The two halves of "<A as B>". */
static bool halves(const char *text, char *a, char *b, size_t size) {
    const char *as = strstr(text, " as ");
    size_t n = strlen(text);
    if (text[0] != '<' || !as || text[n - 1] != '>' || n >= size) return false;
    snprintf(a, size, "%.*s", (int)(as - text - 1), text + 1);
    snprintf(b, size, "%.*s", (int)(n - (size_t)(as - text) - 5), as + 4);
    return true;
}

static bool matches_path(const pt_graph *g, u32 node, const char *text, pt_buffer *scratch) {
    pt_buffer_clear(scratch);
    pt_graph_path(g, scratch, node);
    if (!scratch->data) return false;
    if (ends_with(scratch->data, text)) return true;
    u32 parent = pt_node_at(g, node)->parent;
    char a[512], b[512], x[512], y[512];
    if (parent != PT_NONE && pt_node_at(g, parent)->kind == PT_KIND_IMPL &&
        halves(pt_graph_string(g, pt_node_at(g, parent)->path), a, b, sizeof a)) {
        const char *tail = strstr(text, ">::");
        if (text[0] == '<' && tail) { /* <T as Trait>::m with suffixes for T and Trait */
            char head[512];
            snprintf(head, sizeof head, "%.*s", (int)(tail - text + 1), text);
            return strcmp(tail + 3, pt_graph_string(g, pt_node_at(g, node)->name)) == 0 &&
                   halves(head, x, y, sizeof x) && ends_with(a, x) && ends_with(b, y);
        }
        size_t n = strlen(a); /* Type::m for a member of a trait impl */
        snprintf(a + n, sizeof a - n, "::%s", pt_graph_string(g, pt_node_at(g, node)->name));
        return ends_with(a, text);
    }
    return false;
}

bool pt_file_matches(const pt_graph *g, u32 file, const char *text) {
    const char *path = pt_graph_file_path(g, file);
    size_t p = strlen(path), f = strlen(text);
    return f <= p && strcmp(path + p - f, text) == 0 && (f == p || path[p - f - 1] == '/');
}

bool pt_place_of(const char *text, char *file, size_t size, u32 *line, u32 *column) {
    const char *rs = strstr(text, ".rs:");
    if (!rs || !isdigit((unsigned char)rs[4]) || (size_t)(rs - text) + 4 > size) return false;
    *line = *column = 0;
    sscanf(rs + 4, "%9u:%9u", line, column);
    while (text[0] == '.' && text[1] == '/') text += 2;
    snprintf(file, size, "%.*s", (int)(rs + 3 - text), text);
    return true;
}

static u32 at_place(const pt_graph *g, const char *file, u32 line, u32 column) {
    u32 best = PT_NONE, size = PT_NONE, only = PT_NONE, several = 0;
    for (u32 i = 0; i < g->file_count; i++)
        if (pt_file_matches(g, i, file)) only = i, several++;
    if (!several) return PT_NONE;
    for (u32 n = 0; n < g->node_count; n++) {
        if (!pt_node_local(g, n)) continue;
        const pt_graph_node *x = pt_node_at(g, n);
        if (x->file == PT_NONE || x->kind == PT_KIND_CRATE) continue;
        if (several == 1 ? x->file != only : !pt_file_matches(g, x->file, file)) continue;
        if (pt_position_at(g, n)->line > line || pt_position_at(g, n)->end_line < line) continue;
        u32 lines = pt_position_at(g, n)->end_line - pt_position_at(g, n)->line;
        if (lines < size || (lines == size && column && pt_position_at(g, n)->column <= column)) best = n, size = lines;
    }
    return best;
}

static int by_centrality(const void *a, const void *b, void *graph) {
    const pt_graph *g = graph;
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    u32 cx = pt_centrality(g, x), cy = pt_centrality(g, y);
    bool ex = pt_node_at(g, x)->flags & PT_NODE_EXTERNAL, ey = pt_node_at(g, y)->flags & PT_NODE_EXTERNAL;
    if (ex != ey) return ex ? 1 : -1;
    if (cx != cy) return cx > cy ? -1 : 1;
    return pt_graph_order(g, x, y);
}

static bool same_path(const pt_graph *g, u32 a, u32 b) {
    pt_buffer x = {0}, y = {0};
    pt_graph_path(g, &x, a);
    pt_graph_path(g, &y, b);
    bool same = pt_str_equal(pt_buffer_view(&x), pt_buffer_view(&y));
    pt_buffer_free(&x);
    pt_buffer_free(&y);
    return same;
}

static void suggest(pt_items *out, const pt_graph *g, const char *name, u32 kinds) {
    pt_matches found = {0};
    pt_search_names(&found, g, name, 40);
    for (u32 i = 0; i < found.count && out->suggestions.count < 5; i++) {
        pt_node_list nodes = {0};
        u32 best = PT_NONE;
        pt_graph_named(g, pt_graph_string(g, found.data[i].name), &nodes);
        for (u32 k = 0; k < nodes.count; k++) {
            u32 node = nodes.data[k];
            if ((!kinds || (kinds >> pt_node_at(g, node)->kind & 1)) &&
                (best == PT_NONE || pt_graph_order(g, node, best) < 0))
                best = node;
        }
        if (best != PT_NONE) pt_vec_push(&out->suggestions, best);
        pt_vec_free(&nodes);
    }
    pt_vec_free(&found);
}

int pt_find_items(pt_items *out, const pt_graph *g, const char *given, u32 kinds, bool all, pt_error *error) {
    char text[1024];
    pt_buffer scratch = {0};
    *out = (pt_items){0};
    if (strlen(given) >= sizeof text) return pt_fail(error, PT_ENOTFOUND, "no such item: the name is too long");
    u32 line, column;
    if (pt_place_of(given, text, sizeof text, &line, &column)) {
        u32 node = at_place(g, text, line, column);
        if (node == PT_NONE) return pt_fail(error, PT_ENOTFOUND, "%s: no item at this place", given);
        pt_vec_push(&out->nodes, node);
        return PT_OK;
    }
    snprintf(text, sizeof text, "%s", given);
    size_t length = strlen(text);
    if (length && text[length - 1] == '!') text[--length] = 0;
    if (text[0] != '<') { /* generic arguments: kept apart */
        char *open = strchr(text, '<');
        if (open && length && text[length - 1] == '>') {
            snprintf(out->arguments, sizeof out->arguments, "%.*s", (int)(text + length - 1 - open - 1), open + 1);
            *open = 0;
            if (open > text + 2 && open[-1] == ':') open[-2] = 0;
        }
    }
    char *name = text;
    i32 angle = 0;
    for (char *at = text; *at; at++) {
        if (*at == '<') angle++;
        else if (*at == '>') angle--;
        else if (*at == ':' && at[1] == ':' && !angle) name = at + 2;
    }
    pt_node_list named = {0};
    pt_graph_named(g, name, &named);
    if (!named.count && strncmp(name, "r#", 2) == 0) pt_graph_named(g, name += 2, &named);
    PT_VEC(u32) found = {0}, exact = {0};
    if (text[0] == '<' && name == text) { /* an impl itself */
        for (u32 n = 0; n < g->node_count; n++)
            if (pt_node_local(g, n) && pt_node_at(g, n)->kind == PT_KIND_IMPL &&
                (strcmp(pt_graph_string(g, pt_node_at(g, n)->path), text) == 0))
                pt_vec_push(&found, n);
    }
    if (length && text[length - 1] == ']' && strchr(text, '[')) /* a crate that is no library: demo[bin:tool] */
        for (u32 n = 0; n < g->node_count; n++)
            if (pt_node_at(g, n)->kind == PT_KIND_CRATE &&
                strcmp(pt_graph_string(g, pt_node_at(g, n)->path), text) == 0 && (!kinds || kinds >> PT_KIND_CRATE & 1))
                pt_vec_push(&found, n);
    for (u32 i = 0; i < named.count; i++) {
        u32 node = named.data[i];
        if (kinds && !(kinds >> pt_node_at(g, node)->kind & 1)) continue;
        if (name == text && text[0] != '<') {
            pt_vec_push(&found, node);
        } else if (matches_path(g, node, text, &scratch)) {
            pt_vec_push(&found, node);
        }
        pt_buffer_clear(&scratch);
        pt_graph_path(g, &scratch, node);
        if (scratch.data && strcmp(scratch.data, text) == 0) pt_vec_push(&exact, node);
    }
    int code = PT_OK;
    u32 *list = exact.count ? exact.data : found.data, count = exact.count ? exact.count : found.count;
    if (!count) {
        suggest(out, g, name, kinds);
        code = pt_fail(error, PT_ENOTFOUND, "no such item: %s", given);
    } else {
        bool one = true;
        for (u32 i = 1; i < count && one; i++)
            one = same_path(g, list[0], list[i]) && pt_node_at(g, list[0])->kind == pt_node_at(g, list[i])->kind;
        qsort_r(list, count, sizeof(u32), by_centrality, (void *)(uintptr_t)g);
        if (one || all) {
            for (u32 i = 0; i < count; i++) pt_vec_push(&out->nodes, list[i]);
        } else {
            for (u32 i = 0; i < count; i++) pt_vec_push(&out->candidates, list[i]);
            code = pt_fail(error, PT_EAMBIGUOUS, "%s is ambiguous: %u items have that name", given, count);
        }
    }
    pt_vec_free(&named);
    pt_vec_free(&found);
    pt_vec_free(&exact);
    pt_buffer_free(&scratch);
    return code;
}

/* Search. */

static i32 score_of(const char *name, const char *pattern) {
    size_t n = strlen(name), m = strlen(pattern);
    if (strcmp(name, pattern) == 0) return 1000;
    if (strcasecmp(name, pattern) == 0) return 950;
    if (strncasecmp(name, pattern, m) == 0) return 900 - (i32)PT_MIN(n - m, (size_t)99);
    const char *inside = strcasestr(name, pattern);
    if (inside) {
        bool word = inside[-1] == '_' || (isupper((unsigned char)*inside) && islower((unsigned char)inside[-1]));
        return (word ? 800 : 700) - (i32)PT_MIN(n - m, (size_t)99);
    }
    i32 gaps = 0; /* the letters in order */
    const char *at = name;
    for (const char *p = pattern; *p; p++) {
        if (*p == '_') continue;
        const char *start = at;
        while (*at && tolower((unsigned char)*at) != tolower((unsigned char)*p)) at++;
        if (!*at) return 0;
        gaps += (i32)(at - start);
        at++;
    }
    i32 score = 500 - gaps * 8 - (i32)PT_MIN(n - PT_MIN(n, m), (size_t)60);
    return score > 300 ? score : 0;
}

/* Damerau's neighbours are suggestions too: one letter wrong, missing, doubled or swapped. */
static bool nearly(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b);
    if (n > m + 2 || m > n + 2 || n > 60 || m > 60 || m < 3) return false;
    u8 rows[3][64];
    for (size_t j = 0; j <= m; j++) rows[0][j] = (u8)j;
    for (size_t i = 1; i <= n; i++) {
        u8 *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = (u8)i;
        for (size_t j = 1; j <= m; j++) {
            u32 cost = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
            u32 best = PT_MIN(PT_MIN(now[j - 1] + 1u, last[j] + 1u), last[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) best = PT_MIN(best, before[j - 2] + 1u);
            now[j] = (u8)best;
        }
    }
    return rows[n % 3][m] <= (m > 6 ? 2 : 1);
}

static int by_score(const void *a, const void *b, void *graph) {
    const pt_match *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return strcmp(pt_graph_string(graph, x->name), pt_graph_string(graph, y->name));
}

typedef struct searcher {
    const pt_graph *g;
    const char *pattern;
    u32 letters;
    pt_matches *out;
} searcher;
static bool try_name(void *payload, u32 name, u32 letters) {
    searcher *s = payload;
    const char *text = pt_graph_string(s->g, name);
    i32 score = (letters & s->letters) == s->letters ? score_of(text, s->pattern) : 0;
    if (!score && nearly(text, s->pattern)) score = 400;
    return !score || pt_vec_push(s->out, (pt_match){name, score});
}

void pt_search_names(pt_matches *out, const pt_graph *g, const char *pattern, u32 limit) {
    searcher s = {g, pattern, pt_graph_letters(pattern) & ~PT_LETTER_UNDERSCORE, out};
    if (!*pattern) return;
    pt_graph_each_name(g, try_name, &s);
    if (out->count) qsort_r(out->data, out->count, sizeof(pt_match), by_score, (void *)(uintptr_t)g);
    if (out->count > limit) out->count = limit;
}
