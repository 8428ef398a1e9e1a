#include "facts/cfg.h"

#include <stdio.h>

#include <stdlib.h>

/* A canonical predicate is cut at its top-level commas; operands are short, so text is representation enough. */
enum { MAX_OPERANDS = 64, MAX_DEPTH = 32 };

typedef struct operands {
    pt_str list[MAX_OPERANDS];
    u32 count;
} operands;

static bool call_of(pt_str text, const char *name, pt_str *inside) {
    u32 n = (u32)strlen(name);
    if (text.length < n + 2 || memcmp(text.data, name, n) != 0 || text.data[n] != '(' ||
        text.data[text.length - 1] != ')')
        return false;
    *inside = (pt_str){text.data + n + 1, text.length - n - 2};
    return true;
}

static void split(operands *out, pt_str inside) {
    u32 depth = 0, start = 0;
    bool quoted = false;
    for (u32 i = 0; i <= inside.length; i++) {
        char c = i < inside.length ? inside.data[i] : ',';
        if (quoted) {
            if (c == '\\') i++;
            else if (c == '"') quoted = false;
        } else if (c == '"') quoted = true;
        else if (c == '(') depth++;
        else if (c == ')' && depth) depth--;
        if (i == inside.length || (c == ',' && !depth && !quoted)) {
            pt_str part = pt_str_trim((pt_str){inside.data + start, i - start});
            if (part.length && out->count < MAX_OPERANDS) out->list[out->count++] = part;
            start = i + 1;
        }
    }
}

static int order(const void *a, const void *b) { return pt_str_compare(*(const pt_str *)a, *(const pt_str *)b); }

static void join(pt_buffer *out, const char *name, operands *parts) {
    qsort(parts->list, parts->count, sizeof parts->list[0], order);
    u32 unique = 0;
    for (u32 i = 0; i < parts->count; i++)
        if (!unique || !pt_str_equal(parts->list[unique - 1], parts->list[i])) parts->list[unique++] = parts->list[i];
    if (unique == 1) {
        pt_buffer_str(out, parts->list[0]);
        return;
    }
    pt_buffer_text(out, name);
    pt_buffer_char(out, '(');
    for (u32 i = 0; i < unique; i++) {
        if (i) pt_buffer_text(out, ", ");
        pt_buffer_str(out, parts->list[i]);
    }
    pt_buffer_char(out, ')');
}

static void canonical(pt_buffer *out, const pt_lexemes *l, u32 first, u32 end, u32 depth) {
    const pt_token *t = l->tokens.data;
    if (first >= end || depth > MAX_DEPTH || (t[first].kind != PT_T_IDENT && t[first].kind < PT_T_FIRST_KEYWORD))
        return;
    pt_str word = pt_token_text(l->text, &t[first]);
    bool combines =
        pt_str_equal(word, PT_STR("all")) || pt_str_equal(word, PT_STR("any")) || pt_str_equal(word, PT_STR("not"));
    if (!combines && first + 1 < end && t[first + 1].kind == PT_T_OPEN_PAREN) { /* version("1.70") ...: as written */
        for (u32 i = first; i <= t[first + 1].extent && i < end; i++) pt_buffer_str(out, pt_token_text(l->text, &t[i]));
        return;
    }
    if (first + 1 < end && t[first + 1].kind == PT_T_OPEN_PAREN) {
        u32 close = PT_MIN(t[first + 1].extent, end);
        bool is_not = pt_str_equal(word, PT_STR("not"));
        pt_buffer pieces = {0};
        operands parts = {0};
        u32 marks[MAX_OPERANDS + 1], count = 0;
        for (u32 at = first + 2; at < close && count < MAX_OPERANDS;) {
            u32 stop = at;
            while (stop < close && t[stop].kind != PT_T_COMMA)
                stop = pt_token_is_open(t[stop].kind) ? PT_MAX(t[stop].extent, stop) + 1 : stop + 1;
            marks[count] = pieces.count;
            canonical(&pieces, l, at, PT_MIN(stop, close), depth + 1);
            if (pieces.count > marks[count]) count++;
            at = stop + 1;
        }
        marks[count] = pieces.count;
        for (u32 i = 0; i < count && pieces.data; i++) {
            pt_str part = {pieces.data + marks[i], marks[i + 1] - marks[i]}, inside;
            if (!is_not && call_of(part, pt_str_equal(word, PT_STR("all")) ? "all" : "any", &inside))
                split(&parts, inside);
            else if (parts.count < MAX_OPERANDS) parts.list[parts.count++] = part;
        }
        if (is_not) {
            pt_str inside;
            if (parts.count && call_of(parts.list[0], "not", &inside)) pt_buffer_str(out, inside);
            else if (parts.count)
                pt_buffer_text(out, "not("), pt_buffer_str(out, parts.list[0]), pt_buffer_char(out, ')');
        } else if (parts.count) {
            join(out, pt_str_equal(word, PT_STR("all")) ? "all" : "any", &parts);
        } else if (pt_str_equal(word, PT_STR("any"))) {
            pt_buffer_text(out, "any()");
        }
        pt_buffer_free(&pieces);
        return;
    }
    pt_buffer_str(out, word);
    if (first + 2 < end && t[first + 1].kind == PT_T_EQ) {
        pt_buffer_text(out, " = ");
        pt_buffer_str(out, pt_token_text(l->text, &t[first + 2]));
    }
}

void pt_cfg_canonical(pt_buffer *out, const pt_lexemes *lexemes, u32 first, u32 end) {
    canonical(out, lexemes, first, end, 0);
}

static void conjuncts(operands *out, pt_str a) {
    pt_str inside;
    if (call_of(a, "all", &inside)) split(out, inside);
    else if (a.length && out->count < MAX_OPERANDS) out->list[out->count++] = a;
}

void pt_cfg_and(pt_buffer *out, pt_str a, pt_str b) {
    operands parts = {0};
    conjuncts(&parts, a);
    conjuncts(&parts, b);
    if (parts.count) join(out, "all", &parts);
}

/* Options that have one value at a time. */
static bool single_valued(pt_str name) {
    return pt_str_equal(name, PT_STR("target_os")) || pt_str_equal(name, PT_STR("target_arch")) ||
           pt_str_equal(name, PT_STR("target_pointer_width")) || pt_str_equal(name, PT_STR("target_endian")) ||
           pt_str_equal(name, PT_STR("target_env")) || pt_str_equal(name, PT_STR("target_vendor")) ||
           pt_str_equal(name, PT_STR("panic"));
}
static pt_str option_name(pt_str atom) {
    const char *equals = memchr(atom.data, '=', atom.length);
    return equals && atom.data[atom.length - 1] != ')' ? pt_str_trim((pt_str){atom.data, (u32)(equals - atom.data)})
                                                       : (pt_str){atom.data, 0};
}

/* A conjunct is false under the others when it denies one, wants another value of a single-valued option, or is an
 * `any` all of whose operands are false, or the denial of an `all` all of whose operands are required. */
static bool denied(pt_str x, const operands *all, u32 depth) {
    pt_str inside, other;
    if (depth > 4) return false;
    bool is_not = call_of(x, "not", &inside);
    for (u32 i = 0; i < all->count; i++) {
        pt_str y = all->list[i];
        if (is_not ? pt_str_equal(inside, y) : call_of(y, "not", &other) && pt_str_equal(other, x)) return true;
        if ((pt_str_equal(x, PT_STR("unix")) && pt_str_equal(y, PT_STR("windows"))) ||
            (pt_str_equal(y, PT_STR("unix")) && pt_str_equal(x, PT_STR("windows"))))
            return true;
        pt_str name = option_name(x);
        if (name.length && single_valued(name) && pt_str_equal(name, option_name(y)) && !pt_str_equal(x, y))
            return true;
    }
    operands parts = {0};
    if (call_of(x, "any", &inside)) {
        split(&parts, inside);
        for (u32 i = 0; i < parts.count; i++)
            if (!denied(parts.list[i], all, depth + 1)) return false;
        return parts.count > 0;
    }
    if (is_not && call_of(inside, "all", &other)) {
        split(&parts, other);
        for (u32 i = 0; i < parts.count; i++) {
            bool required = false;
            for (u32 k = 0; k < all->count; k++) required = required || pt_str_equal(parts.list[i], all->list[k]);
            if (!required) return false;
        }
        return parts.count > 0;
    }
    if (is_not && call_of(inside, "any", &other)) { /* not(any(a, b)) with a required */
        split(&parts, other);
        for (u32 i = 0; i < parts.count; i++)
            for (u32 k = 0; k < all->count; k++)
                if (pt_str_equal(parts.list[i], all->list[k])) return true;
    }
    return false;
}

bool pt_cfg_impossible(pt_str predicate) {
    operands all = {0};
    conjuncts(&all, predicate);
    for (u32 i = 0; i < all.count; i++)
        if (denied(all.list[i], &all, 0)) return true;
    return false;
}

bool pt_cfg_exclusive(pt_str a, pt_str b) {
    if (!a.length || !b.length || pt_str_equal(a, b)) return false;
    operands all = {0};
    conjuncts(&all, a);
    conjuncts(&all, b);
    for (u32 i = 0; i < all.count; i++)
        if (denied(all.list[i], &all, 0)) return true;
    return false;
}

static bool holds(pt_str predicate, const pt_cfg_set *set, u32 depth) {
    pt_str inside;
    if (!predicate.length) return true;
    if (depth > MAX_DEPTH) return false;
    if (call_of(predicate, "not", &inside)) return !holds(inside, set, depth + 1);
    bool all = call_of(predicate, "all", &inside);
    if (all || call_of(predicate, "any", &inside)) {
        operands parts = {0};
        split(&parts, inside);
        for (u32 i = 0; i < parts.count; i++)
            if (holds(parts.list[i], set, depth + 1) != all) return !all;
        return all;
    }
    if (pt_str_equal(predicate, PT_STR("true"))) return true;
    for (u32 i = 0; i < set->count; i++)
        if (pt_str_equal(set->options[i], predicate)) return true;
    return false;
}

bool pt_cfg_holds(pt_str predicate, const pt_cfg_set *set) { return holds(predicate, set, 0); }

enum { NO, YES, PERHAPS };

/* An option of the reference target. Flags nobody knows may be either. */
static int reference_value(pt_str option, const char *features) {
    static const char *const yes[] = {"true",
                                      "unix",
                                      "target_arch = \"x86_64\"",
                                      "target_endian = \"little\"",
                                      "target_env = \"gnu\"",
                                      "target_family = \"unix\"",
                                      "target_os = \"linux\"",
                                      "target_pointer_width = \"64\"",
                                      "target_vendor = \"unknown\""};
    static const char *const no[] = {"false",   "windows", "test", "doc",      "docsrs",
                                     "doctest", "miri",    "loom", "bootstrap"};
    for (u32 i = 0; i < PT_COUNT_OF(yes); i++)
        if (pt_str_equal(option, pt_str_of(yes[i]))) return YES;
    for (u32 i = 0; i < PT_COUNT_OF(no); i++)
        if (pt_str_equal(option, pt_str_of(no[i]))) return NO;
    pt_str name = option_name(option);
    if (features && pt_str_equal(name, PT_STR("feature"))) {
        char wanted[128];
        const char *quote = memchr(option.data, '"', option.length);
        u32 rest = quote ? (u32)(option.data + option.length - quote) : 0;
        if (rest < 3 || rest > sizeof wanted - 2) return PERHAPS;
        snprintf(wanted, sizeof wanted, ",%.*s,", (int)rest - 2, quote + 1);
        return strstr(features, wanted) ? YES : NO;
    }
    bool told = (name.length && single_valued(name) && !pt_str_equal(name, PT_STR("panic"))) ||
                pt_str_equal(name, PT_STR("target_family"));
    return told ? NO : PERHAPS;
}

static int reference(pt_str predicate, const char *features, u32 depth) {
    pt_str inside;
    if (!predicate.length) return YES;
    if (depth > MAX_DEPTH) return PERHAPS;
    if (call_of(predicate, "not", &inside)) {
        int value = reference(inside, features, depth + 1);
        return value == PERHAPS ? PERHAPS : !value;
    }
    bool all = call_of(predicate, "all", &inside);
    if (all || call_of(predicate, "any", &inside)) {
        operands parts = {0};
        split(&parts, inside);
        int result = all ? YES : NO;
        for (u32 i = 0; i < parts.count; i++) {
            int value = reference(parts.list[i], features, depth + 1);
            if (value == (all ? NO : YES)) return value;
            if (value == PERHAPS) result = PERHAPS;
        }
        return result;
    }
    return reference_value(predicate, features);
}

bool pt_cfg_of_reference(pt_str predicate, const char *features) { return reference(predicate, features, 0) != NO; }

bool pt_cfg_requires(pt_str predicate, pt_str option) {
    operands parts = {0};
    conjuncts(&parts, predicate);
    for (u32 i = 0; i < parts.count; i++)
        if (pt_str_equal(parts.list[i], option)) return true;
    return false;
}
