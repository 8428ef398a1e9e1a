#include "query/render.h"

#include "query/json_text.h"
#include "query/tokens.h"

#include <stdlib.h>

bool pt_format_of(pt_format *out, const char *name) {
    static const char *const names[] = {"text", "markdown", "json", "compact"};
    *out = PT_FORMAT_TEXT;
    if (!name) return true;
    for (u32 i = 0; i < PT_COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0) {
            *out = (pt_format)i;
            return true;
        }
    return false;
}

static const char *text_of(const json_t *row, const char *key) {
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}
static long long number_of(const json_t *row, const char *key) {
    return (long long)json_integer_value(json_object_get(row, key));
}

/* Where the last `count` segments of a path begin; what stands in <> is one segment. */
static const char *last_segments(const char *path, const char *end, u32 count) {
    const char *starts[3] = {path, path, path};
    i32 angle = 0;
    for (const char *at = path; at < end; at++) {
        if (*at == '<' || *at == '(' || *at == '[') angle++;
        else if (*at == '>' || *at == ')' || *at == ']') angle--;
        else if (*at == ':' && at[1] == ':' && !angle) {
            starts[2] = starts[1], starts[1] = starts[0], starts[0] = at + 2;
            at++;
        }
    }
    return starts[count - 1];
}

/* `Parser::new` of `demo::parser::Parser::new`, `<Parser as Display>::fmt` of the same with whole paths: still an item's name. */
static void add_short_path(pt_buffer *out, const char *path) {
    const char *as = path[0] == '<' ? strstr(path, " as ") : NULL, *close = as ? strstr(as, ">::") : NULL;
    if (!close || strchr(path + 1, '<') || path[1] == '&' || path[1] == '[' || path[1] == '(') {
        pt_buffer_text(out, last_segments(path, path + strlen(path), 2));
        return;
    }
    const char *type = last_segments(path + 1, as, 1), *trait = last_segments(as + 4, close, 1);
    pt_buffer_format(out, "<%.*s as %.*s%s", (int)(as - type), type, (int)(close - trait), trait, close);
}

/* FILE:LINE, or :LINE when the row before stands in the same file. */
static void place(pt_buffer *out, const json_t *row, const char *file_before, bool range) {
    const char *file = text_of(row, "file");
    if (!*file) return;
    if (!file_before || strcmp(file, file_before) != 0) pt_buffer_text(out, file);
    pt_buffer_format(out, ":%lld", number_of(row, "line"));
    if (range && number_of(row, "end_line") > number_of(row, "line"))
        pt_buffer_format(out, "-%lld", number_of(row, "end_line"));
    pt_buffer_char(out, ' ');
}

enum { CFG_SHOWN = 64, MEMBERS_SHOWN = 12, LEFT_OUT = 16 };

static void marks(pt_buffer *out, const json_t *row) {
    const char *confidence = text_of(row, "confidence"), *cfg = text_of(row, "cfg");
    if (*confidence && strcmp(confidence, "exact") != 0) pt_buffer_format(out, " [%s]", confidence);
    if (*cfg && !json_is_true(json_object_get(row, "test")))
        pt_buffer_format(out, " [cfg %.*s%s]", CFG_SHOWN, cfg, strlen(cfg) > CFG_SHOWN ? " ..." : "");
    if (json_is_true(json_object_get(row, "external"))) pt_buffer_text(out, " [external]");
    if (json_is_true(json_object_get(row, "test"))) pt_buffer_text(out, " [test]");
}

/* Source with the numbers of its lines. */
static void source(pt_buffer *out, const json_t *row, pt_format f) {
    const char *at = text_of(row, "source");
    long long line = number_of(row, "line");
    bool fenced = f == PT_FORMAT_MARKDOWN && strstr(at, "```"); /* then four */
    if (f == PT_FORMAT_MARKDOWN) pt_buffer_text(out, fenced ? "````rust\n" : "```rust\n");
    while (*at) {
        size_t n = strcspn(at, "\n");
        if (f == PT_FORMAT_TEXT) pt_buffer_format(out, "%lld ", line++);
        size_t shown = n && at[n - 1] == '\r' ? n - 1 : n;
        pt_buffer_add(out, at, shown);
        pt_buffer_char(out, '\n');
        at += n + (at[n] == '\n');
    }
    if (f == PT_FORMAT_MARKDOWN) pt_buffer_text(out, fenced ? "````\n" : "```\n");
    if (json_object_get(row, "source_to"))
        pt_buffer_format(out, "... cut; it goes on to line %lld\n", number_of(row, "end_line"));
}

static void context_row(pt_buffer *out, const json_t *row, pt_format f, const char *file_before) {
    bool target = strcmp(text_of(row, "relation"), "target") == 0, has_source = json_object_get(row, "source") != NULL;
    const char *path = text_of(row, "path"), *signature = text_of(row, "signature"), *through = text_of(row, "through");
    if (f == PT_FORMAT_MARKDOWN) pt_buffer_text(out, has_source || target ? "**" : "- ");
    place(out, row, file_before, target || has_source);
    bool external = json_is_true(json_object_get(row, "external"));
    if (target || external) pt_buffer_text(out, path);
    else add_short_path(out, path);
    if (f == PT_FORMAT_MARKDOWN && (has_source || target)) pt_buffer_text(out, "**");
    marks(out, row);
    if (*signature) pt_buffer_format(out, f == PT_FORMAT_MARKDOWN ? ": `%s`" : ": %s", signature);
    if (*through) {
        pt_buffer_text(out, " (through ");
        add_short_path(out, through);
        pt_buffer_char(out, ')');
    }
    pt_buffer_char(out, '\n');
    if (*text_of(row, "doc")) pt_buffer_format(out, f == PT_FORMAT_MARKDOWN ? "%s\n" : "/// %s\n", text_of(row, "doc"));
    if (has_source) source(out, row, f);
}

static void sites(pt_buffer *out, const json_t *row) {
    const json_t *list = json_object_get(row, "sites"), *site;
    size_t i, more = (size_t)number_of(row, "more_sites");
    const char *file = "";
    if (json_array_size(list) > PT_SITES_SHOWN) more += json_array_size(list) - PT_SITES_SHOWN;
    json_array_foreach(list, i, site) {
        if (i == PT_SITES_SHOWN) break;
        pt_buffer_text(out, i ? ", " : " at ");
        if (strcmp(file, text_of(site, "file")) != 0) pt_buffer_text(out, text_of(site, "file"));
        file = text_of(site, "file");
        pt_buffer_format(out, ":%lld", number_of(site, "line"));
    }
    if (more) pt_buffer_format(out, " +%zu", more);
}

static void plain_row(pt_buffer *out, const char *query, const json_t *row, const char *file_before) {
    size_t i;
    json_t *x;
    if (strcmp(query, "who-implements") == 0 || strcmp(query, "traits-of") == 0) {
        place(out, row, file_before, false);
        const char *impl = text_of(row, "impl"), *type = text_of(row, *query == 'w' ? "type" : "trait");
        pt_buffer_text(out, *impl ? impl : type);
        if (strcmp(text_of(row, "via"), "impl") != 0) pt_buffer_format(out, " [%s]", text_of(row, "via"));
    } else if (json_object_get(row, "edge")) {
        pt_buffer_text(out, text_of(row, "path"));
        if (strcmp(text_of(row, "edge"), "calls") != 0) pt_buffer_format(out, " (%s)", text_of(row, "edge"));
        sites(out, row);
    } else if (strcmp(query, "blast-radius") == 0) {
        pt_buffer_format(out, "%lld ", number_of(row, "depth"));
        place(out, row, NULL, false);
        pt_buffer_text(out, text_of(row, "path"));
        const json_t *why = json_object_get(row, "why");
        if (json_array_size(why) > 2) {
            pt_buffer_text(out, " via");
            for (i = 1; i + 1 < json_array_size(why); i++) {
                pt_buffer_text(out, i > 1 ? " < " : " ");
                add_short_path(out, json_string_value(json_array_get(why, i)));
            }
        }
    } else if (strcmp(query, "find-cycles") == 0) {
        pt_buffer_format(out, "%lld %ss:", number_of(row, "size"), text_of(row, "level"));
        json_array_foreach(json_object_get(row, "members"), i, x) {
            if (i == MEMBERS_SHOWN) break;
            pt_buffer_format(out, "%s %s (%s:%lld)", i ? "," : "", text_of(x, "path"), text_of(x, "file"),
                             number_of(x, "line"));
        }
        if (number_of(row, "size") > (long long)i)
            pt_buffer_format(out, ", +%lld", number_of(row, "size") - (long long)i);
    } else if (strcmp(query, "path") == 0) {
        place(out, row, file_before, false);
        pt_buffer_format(out, "%s %s %s", text_of(row, "from"), text_of(row, "kind"), text_of(row, "to"));
    } else if (strcmp(query, "explain") == 0) {
        place(out, row, file_before, false);
        pt_buffer_format(out, "%s %s %s", text_of(row, "from"), text_of(row, "kind"),
                         *text_of(row, "name") ? text_of(row, "name") : text_of(row, "to"));
        json_array_foreach(json_object_get(row, "steps"), i, x)
            pt_buffer_format(out, "\n  %zu. %s", i + 1, json_string_value(x));
    } else if (json_object_get(row, "change")) {
        pt_buffer_format(out, "%s%s ", text_of(row, "change"), json_object_get(row, "breaking") ? " (breaking)" : "");
        place(out, row, NULL, false);
        pt_buffer_format(out, "%s, %lld affected, %lld tests", text_of(row, "path"), number_of(row, "affected"),
                         number_of(row, "tests"));
        if (*text_of(row, "before"))
            pt_buffer_format(out, "\n- %s\n+ %s", text_of(row, "before"), text_of(row, "signature"));
    } else if (json_object_get(row, "value")) {
        pt_buffer_format(out, "%s %lld", text_of(row, "name"), number_of(row, "value"));
    } else if (json_object_get(row, "reason")) {
        pt_buffer_format(out, "%lld %s%s%s", number_of(row, "count"), text_of(row, "reason"),
                         *text_of(row, "means") ? ": " : "", text_of(row, "means"));
    } else {
        place(out, row, file_before, false);
        pt_buffer_format(out, "%s %s", text_of(row, "kind"), text_of(row, "path"));
        static const char *const counts[] = {"items", "implementations", "references"};
        for (u32 k = 0; k < PT_COUNT_OF(counts); k++)
            if (json_object_get(row, counts[k]))
                pt_buffer_format(out, ", %lld %s", number_of(row, counts[k]), counts[k]);
        if (*text_of(row, "signature")) pt_buffer_format(out, ": %s", text_of(row, "signature"));
    }
    marks(out, row);
    pt_buffer_char(out, '\n');
}

static void json_text(pt_buffer *out, const json_t *value) {
    if (!pt_json_write(out, value)) pt_alloc_set_failed();
}

/* "file:line", "file:first-last". */
static json_t *place_of(const json_t *row, bool range) {
    pt_buffer at = {0};
    if (!*text_of(row, "file")) return NULL;
    place(&at, row, NULL, range);
    json_t *text = at.count > 1 ? json_stringn_nocheck(at.data, at.count - 1) : NULL; /* without its space */
    pt_buffer_free(&at);
    return text;
}

static void set_some(json_t *out, const char *key, json_t *value) {
    if (value) json_object_set_new_nocheck(out, key, value);
}

static json_t *compact_row(const json_t *row) {
    static const char *const dropped[] = {"file",  "line", "col",     "end_line",  "visibility", "score",
                                          "sites", "why",  "members", "edges",     "cfg",        "confidence",
                                          "kind",  "via",  "edge",    "more_sites"};
    json_t *out = json_object(), *value;
    const char *key;
    size_t i;
    set_some(out, "at", place_of(row, json_object_get(row, "source") != NULL));
    json_object_foreach((json_t *)(uintptr_t)row, key, value) {
        bool drop = false;
        for (u32 k = 0; k < PT_COUNT_OF(dropped); k++) drop = drop || strcmp(key, dropped[k]) == 0;
        if (!drop) json_object_set_nocheck(out, key, value);
    }
    const char *confidence = text_of(row, "confidence"), *via = text_of(row, "via"), *kind = text_of(row, "kind");
    if (*confidence && strcmp(confidence, "exact") != 0)
        json_object_set_new_nocheck(out, "confidence", json_string(confidence));
    if (*via && strcmp(via, "impl") != 0) json_object_set_new_nocheck(out, "via", json_string(via));
    if (*kind && !json_object_get(row, "signature") && !json_object_get(row, "source"))
        json_object_set_new_nocheck(out, "kind", json_string(kind));
    if (*text_of(row, "edge") && strcmp(text_of(row, "edge"), "calls") != 0)
        json_object_set_nocheck(out, "edge", json_object_get(row, "edge"));
    if (*text_of(row, "cfg") && !json_object_get(row, "test"))
        json_object_set_nocheck(out, "cfg", json_object_get(row, "cfg"));
    const json_t *list = json_object_get(row, "sites");
    if (list) {
        json_t *places = json_array();
        json_array_foreach(list, i, value) {
            json_t *place = i < PT_SITES_SHOWN ? place_of(value, false) : NULL;
            if (place) json_array_append_new(places, place);
        }
        json_int_t more = number_of(row, "more_sites");
        if (json_array_size(list) > PT_SITES_SHOWN) more += (json_int_t)json_array_size(list) - PT_SITES_SHOWN;
        if (more) json_object_set_new_nocheck(out, "more_sites", json_integer(more));
        json_object_set_new_nocheck(out, "sites", places);
    }
    list = json_object_get(row, "why");
    if (json_array_size(list) > 2) {
        json_t *way = json_array();
        for (i = 1; i + 1 < json_array_size(list); i++) {
            pt_buffer name = {0};
            add_short_path(&name, json_string_value(json_array_get(list, i)));
            json_array_append_new(way, json_string(name.data ? name.data : ""));
            pt_buffer_free(&name);
        }
        json_object_set_new_nocheck(out, "through", way);
    }
    list = json_object_get(row, "members");
    if (list) {
        json_t *members = json_array();
        json_array_foreach(list, i, value) {
            if (i == MEMBERS_SHOWN) break;
            json_array_append(members, json_object_get(value, "path"));
        }
        json_object_set_new_nocheck(out, "members", members);
    }
    return out;
}

static void one_row(pt_buffer *out, const char *query, const json_t *row, pt_format f, const char *file_before) {
    if (f == PT_FORMAT_JSON || f == PT_FORMAT_COMPACT) {
        json_t *compact = f == PT_FORMAT_COMPACT ? compact_row(row) : NULL;
        json_text(out, compact ? compact : row);
        json_decref(compact);
        pt_buffer_char(out, ',');
    } else if (strcmp(query, "context") == 0) {
        context_row(out, row, f, file_before);
    } else {
        if (f == PT_FORMAT_MARKDOWN) pt_buffer_text(out, "- ");
        plain_row(out, query, row, file_before);
    }
}

void pt_render_row(pt_buffer *out, const char *query, const json_t *row, pt_format f) {
    one_row(out, query, row, f, NULL);
}

/* `explore` answers as the question that it chose. */
static const char *question_of(const json_t *answer) {
    return text_of(answer, json_object_get(answer, "chosen") ? "chosen" : "query");
}

static void headline(pt_buffer *out, const json_t *answer, pt_format f) {
    const char *query = question_of(answer),
               *target = text_of(answer, json_object_get(answer, "chosen") ? "about" : "target");
    if (f == PT_FORMAT_MARKDOWN) pt_buffer_text(out, "# ");
    pt_buffer_text(out, query);
    for (bool first = true; *target; first = false) { /* several items stand on a line each */
        size_t n = strcspn(target, "\n");
        pt_buffer_text(out, first ? " " : ", ");
        pt_buffer_add(out, target, n);
        target += n + (target[n] == '\n');
    }
    if (*text_of(answer, "second")) pt_buffer_format(out, " %s", text_of(answer, "second"));
    const json_t *summary = json_object_get(answer, "summary");
    if (*text_of(answer, "from")) pt_buffer_format(out, " %s to %s", text_of(answer, "from"), text_of(answer, "to"));
    if (json_object_get(summary, "breaking"))
        pt_buffer_format(
            out,
            ": %lld added, %lld removed, %lld other contracts, %lld other bodies, %lld breaking; %lld affected, "
            "%lld tests, risk %s",
            number_of(summary, "added"), number_of(summary, "removed"), number_of(summary, "contract"),
            number_of(summary, "body"), number_of(summary, "breaking"), number_of(summary, "affected"),
            number_of(summary, "tests"), text_of(summary, "risk"));
    else if (summary)
        pt_buffer_format(out, ": %lld affected within %lld steps, %lld of tests, risk %s",
                         number_of(summary, "affected"), number_of(summary, "depth"), number_of(summary, "tests"),
                         text_of(summary, "risk"));
    if (json_object_get(answer, "tokens"))
        pt_buffer_format(out, ", %lld of %lld tokens", number_of(answer, "tokens"), number_of(answer, "budget"));
    if (json_object_get(answer, "generation"))
        pt_buffer_format(out, ", generation %lld", number_of(answer, "generation"));
    pt_buffer_char(out, '\n');
}

static void list(pt_buffer *out, const char *title, const json_t *names) {
    size_t i;
    json_t *name;
    if (!json_array_size(names)) return;
    pt_buffer_text(out, title);
    json_array_foreach(names, i, name) pt_buffer_format(out, "%s %s", i ? "," : "", json_string_value(name));
    pt_buffer_char(out, '\n');
}

/* What of the answer may be wrong or missing, and why. */
static void notes(pt_buffer *out, const json_t *answer) {
    const json_t *open = json_object_get(answer, "unresolved");
    const char *key;
    json_t *value;
    bool first = true;
    list(out, "may also be meant:", json_object_get(answer, "also"));
    json_object_foreach((json_t *)(uintptr_t)open, key, value) {
        pt_buffer_format(out, "%s%lld %s", first ? "not known: sites of that name that stayed unresolved: " : ", ",
                         (long long)json_integer_value(value), key);
        first = false;
    }
    if (!first) pt_buffer_char(out, '\n');
    if (number_of(answer, "pending"))
        pt_buffer_format(out, "not in it yet: %lld saved files\n", number_of(answer, "pending"));
    list(out, "stale, what they said before counts:", json_object_get(answer, "stale"));
    if (json_object_get(answer, "stale_count"))
        pt_buffer_format(out, "%lld files are stale\n", number_of(answer, "stale_count"));
    list(out, "changed since, not quoted:", json_object_get(answer, "changed"));
    if (json_is_true(json_object_get(answer, "truncated"))) {
        size_t count = json_array_size(json_object_get(answer, "results"));
        if (number_of(answer, "total")) pt_buffer_format(out, "%zu of %lld told\n", count, number_of(answer, "total"));
        else pt_buffer_text(out, "more were left out\n");
    }
}

static void failure(pt_buffer *out, const json_t *answer, pt_format f) {
    const json_t *candidates = json_object_get(answer, "candidates"),
                 *suggestions = json_object_get(answer, "suggestions");
    const json_t *rows = json_array_size(candidates) ? candidates : suggestions;
    size_t i;
    json_t *row;
    pt_buffer_format(out, "%s\n", text_of(answer, "error"));
    if (json_array_size(rows)) pt_buffer_text(out, rows == candidates ? "which one?\n" : "did you mean\n");
    json_array_foreach(rows, i, row) one_row(out, "", row, f, NULL);
}

void pt_render(pt_buffer *out, const json_t *answer, pt_format f) {
    if (f == PT_FORMAT_JSON || f == PT_FORMAT_COMPACT) {
        json_t *compact = f == PT_FORMAT_COMPACT ? pt_render_compact(answer) : NULL;
        json_text(out, compact ? compact : answer);
        json_decref(compact);
        pt_buffer_char(out, '\n');
        return;
    }
    if (json_object_get(answer, "error")) {
        failure(out, answer, f);
        return;
    }
    const char *query = question_of(answer), *before = NULL, *relation = "";
    const json_t *rows = json_object_get(answer, "results");
    size_t i;
    json_t *row;
    headline(out, answer, f);
    notes(out, answer);
    json_array_foreach(rows, i, row) {
        const char *now = text_of(row, *text_of(row, "relation") ? "relation" : "section");
        if (strcmp(now, relation) != 0) {
            relation = now;
            if (strcmp(now, "target") != 0) pt_buffer_format(out, f == PT_FORMAT_MARKDOWN ? "## %s\n" : "%s:\n", now);
            before = NULL;
        }
        one_row(out, query, row, f, before);
        before = text_of(row, "file");
    }
    if (!json_array_size(rows)) pt_buffer_text(out, "nothing\n");
}

json_t *pt_render_compact(const json_t *answer) {
    static const char *const kept[] = {"query",       "target",     "second",     "chosen",    "about",
                                       "also",        "generation", "complete",   "pending",   "stale",
                                       "stale_count", "changed",    "unresolved", "truncated", "total",
                                       "next",        "tokens",     "summary",    "error"};
    json_t *out = json_object(), *rows = json_array(), *row;
    size_t i;
    for (u32 k = 0; k < PT_COUNT_OF(kept); k++) {
        json_t *value = json_object_get(answer, kept[k]);
        bool empty = !value || json_is_null(value) || (json_is_array(value) && !json_array_size(value)) ||
                     (json_is_object(value) && !json_object_size(value)) ||
                     (json_is_integer(value) && !json_integer_value(value)) ||
                     (json_is_false(value) && strcmp(kept[k], "complete") != 0);
        if (!empty) json_object_set_nocheck(out, kept[k], value);
    }
    static const char *const lists[] = {"candidates", "suggestions", "results"};
    for (u32 k = 0; k < PT_COUNT_OF(lists); k++) {
        const json_t *list_of = json_object_get(answer, lists[k]);
        bool results = k == 2;
        if (!results && !json_array_size(list_of)) continue;
        json_t *to = results ? rows : json_array();
        json_array_foreach(list_of, i, row) json_array_append_new(to, compact_row(row));
        json_object_set_new_nocheck(out, lists[k], to);
    }
    if (!json_object_get(out, "results")) json_object_set_new_nocheck(out, "results", rows);
    return out;
}

/* The first `most` of a list in place of it. */
static bool shorten(json_t *object, const char *key, size_t most) {
    const json_t *list_of = json_object_get(object, key);
    size_t count = json_array_size(list_of);
    if (count <= most) return false;
    json_t *first = json_array();
    for (size_t i = 0; i < most; i++) json_array_append(first, json_array_get(list_of, i));
    json_object_set_new_nocheck(object, key, first);
    return true;
}

static bool is_of_test(const json_t *row) { return json_is_true(json_object_get(row, "test")); }

void pt_render_brief(json_t *answer) {
    json_t *rows = json_object_get(answer, "results"), *first = json_array(), *row;
    size_t i;
    if (json_object_get(answer, "summary") || !json_is_array(rows)) { /* tests stand last there already */
        json_decref(first);
        return;
    }
    for (u32 tests = 0; tests < 2; tests++) json_array_foreach(rows, i, row) {
            bool in_order = *text_of(row, "relation") || *text_of(row, "section") || json_object_get(row, "score");
            if (in_order ? !tests : is_of_test(row) == (tests == 1)) json_array_append(first, row);
        }
    json_array_foreach(first, i, row) {
        if (!json_object_get(row, "members")) continue;
        json_t *own = json_copy(row); /* rows of a kept answer are shared */
        shorten(own, "members", MEMBERS_SHOWN);
        json_object_del(own, "edges");
        json_array_set_new(first, i, own);
    }
    json_object_set_new_nocheck(answer, "results", first);
}

static u32 tokens_of(pt_buffer *out, const json_t *answer, pt_format f) {
    pt_buffer_clear(out);
    pt_render(out, answer, f);
    return pt_tokens_bound(out->data ? out->data : "", out->count);
}

/* At most `most` bytes of a text, ended at a character. */
static void shorten_text(json_t *object, const char *key, size_t most) {
    const char *text = text_of(object, key);
    if (strlen(text) <= most) return;
    while (most && ((u8)text[most] & 0xc0) == 0x80) most--;
    pt_buffer cut = {0};
    pt_buffer_add(&cut, text, most);
    pt_buffer_text(&cut, " ...");
    if (cut.data) json_object_set_new_nocheck(object, key, json_string(cut.data));
    pt_buffer_free(&cut);
}

void pt_render_heads(json_t *answer, u32 how) {
    static const char *const lists[] = {"stale", "unbalanced", "changed", "also"};
    size_t names = how > 1 ? 0 : 8, stale = json_array_size(json_object_get(answer, "stale"));
    for (u32 i = 0; i < PT_COUNT_OF(lists); i++)
        if (shorten(answer, lists[i], names) && i == 0 && !json_object_get(answer, "stale_count"))
            json_object_set_new_nocheck(answer, "stale_count", json_integer((json_int_t)stale));
    shorten_text(answer, "target", how > 1 ? 60 : 240);
    shorten_text(answer, "about", how > 1 ? 120 : 480);
    const json_t *summary = json_object_get(answer, "summary");
    if (!summary) return;
    json_t *own = json_copy((json_t *)(uintptr_t)summary);
    shorten(own, "modules", how > 1 ? 0 : 5);
    json_object_set_new_nocheck(answer, "summary", own);
}

/* What one row adds to an answer that ends with the row before it. */
static u32 tokens_of_row(pt_buffer *scratch, const char *query, const json_t *row, const json_t *before, pt_format f) {
    static const char *const keys[] = {"relation", "section"};
    u32 heading = 0;
    pt_buffer_clear(scratch);
    for (u32 i = 0; i < PT_COUNT_OF(keys) && f != PT_FORMAT_JSON && f != PT_FORMAT_COMPACT; i++) {
        const char *now = text_of(row, keys[i]);
        if (*now && strcmp(now, text_of(before, keys[i])) != 0) {
            heading = pt_tokens_bound(now, strlen(now)) + 4;
            before = NULL;
        }
    }
    one_row(scratch, query, row, f, before ? text_of(before, "file") : NULL);
    return heading + pt_tokens_bound(scratch->data ? scratch->data : "", scratch->count) + 1;
}

bool pt_render_within(pt_buffer *out, json_t *answer, pt_format f, u32 budget) {
    json_t *rows = json_incref(json_object_get(answer, "results")), *told = json_array(), *row, *before = NULL;
    bool counts = json_object_get(answer, "tokens") != NULL,
         is_context = strcmp(question_of(answer), "context") == 0, /* its rows were counted one by one: they fit */
        pages = json_is_false(json_object_get(answer, "truncated"));
    size_t i, count = json_array_size(rows);
    pt_buffer scratch = {0};
    bool wanted = out != NULL;
    if (!out) out = &scratch;
    if (counts) json_object_set_new_nocheck(answer, "tokens", json_integer(budget)); /* no number is longer */
    if (is_context) {
        u32 whole = tokens_of(out, answer, f);
        if (whole <= budget) {
            if (counts) json_object_set_new_nocheck(answer, "tokens", json_integer(whole));
            if (counts && wanted) tokens_of(out, answer, f);
            pt_buffer_free(&scratch);
            json_decref(told);
            json_decref(rows);
            return true;
        }
    }
    json_object_set_new_nocheck(answer, "results", told); /* rows of a kept answer are shared: the list is ours */
    u32 head = tokens_of(out, answer, f);
    for (u32 how = 1; how <= 2 && head > budget / 2; how++) {
        pt_render_heads(answer, how);
        head = tokens_of(out, answer, f);
    }
    u64 now = head;
    json_array_foreach(rows, i, row) {
        u32 more = tokens_of_row(out, question_of(answer), row, before, f);
        /* what is left out is told, which takes some too */
        if (now + more + (i + 1 < count ? LEFT_OUT : 0) > budget) break;
        now += more;
        json_array_append(told, row);
        before = row;
    }
    for (;;) { /* no bound of parts is trusted for the whole */
        if (pages && json_array_size(told) < count) {
            json_object_set_new_nocheck(answer, "truncated", json_true());
            if (!json_object_get(answer, "total"))
                json_object_set_new_nocheck(answer, "total", json_integer((json_int_t)count));
        }
        now = tokens_of(out, answer, f);
        if (now <= budget || !json_array_size(told)) break;
        json_array_remove(told, json_array_size(told) - 1);
    }
    json_decref(rows);
    if (counts && now <= budget) {
        json_object_set_new_nocheck(answer, "tokens", json_integer((json_int_t)now));
        if (wanted) tokens_of(out, answer, f);
    }
    pt_buffer_free(&scratch);
    return now <= budget;
}
