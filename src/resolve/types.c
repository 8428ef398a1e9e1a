#include "resolve/types.h"

#include "base/hash.h"

enum { MAX_ARGS = 16, MAX_DEPTH = 24 };

void pt_types_reset(pt_types *t) {
    t->types.count = t->pool.count = 0;
    if (t->table.data) memset(t->table.data, 0, t->table.count * sizeof(u32));
    pt_vec_push(&t->types, (pt_type){0});
}

void pt_types_free(pt_types *t) {
    pt_vec_free(&t->types);
    pt_vec_free(&t->pool);
    pt_vec_free(&t->table);
}

static u64 hash_of(u8 kind, u32 def, u32 name, const pt_ty *args, u32 count) {
    u64 h = pt_hash_u64(((u64)def << 32 | name) ^ ((u64)kind << 56));
    for (u32 i = 0; i < count; i++) h = pt_hash_u64(h ^ args[i]);
    return h;
}

pt_ty pt_ty_make(pt_types *t, u8 kind, u32 def, u32 name, const pt_ty *args, u32 count) {
    if (count > MAX_ARGS) count = MAX_ARGS;
    if (t->types.count * 2 >= t->table.count) {
        u32 size = t->table.count ? t->table.count * 2 : 4096;
        if (!pt_vec_reserve(&t->table, size)) return 0;
        memset(t->table.data, 0, size * sizeof(u32));
        t->table.count = size;
        for (u32 i = 1; i < t->types.count; i++) {
            const pt_type *x = &t->types.data[i];
            u32 at =
                (u32)hash_of(x->kind, x->def, x->name, x->count ? t->pool.data + x->args : NULL, x->count) & (size - 1);
            while (t->table.data[at]) at = (at + 1) & (size - 1);
            t->table.data[at] = i;
        }
    }
    u32 mask = t->table.count - 1, at = (u32)hash_of(kind, def, name, args, count) & mask;
    for (; t->table.data[at]; at = (at + 1) & mask) {
        const pt_type *x = &t->types.data[t->table.data[at]];
        if (x->kind == kind && x->def == def && x->name == name && x->count == count &&
            (!count || memcmp(t->pool.data + x->args, args, count * sizeof *args) == 0))
            return t->table.data[at];
    }
    bool open = kind == PT_TY_VAR || kind == PT_TY_PROJECTION;
    for (u32 i = 0; i < count; i++) open = open || pt_ty_at(t, args[i])->open;
    pt_type made = {kind, (u8)count, open, 0, def, name, t->pool.count};
    if (!pt_vec_reserve(&t->pool, (u64)t->pool.count + count)) return 0;
    /* `args` may lie in the pool: it was reserved first, so copy by index is not needed only when it did not move */
    pt_ty copy[MAX_ARGS];
    if (count) memcpy(copy, args, count * sizeof *copy);
    for (u32 i = 0; i < count; i++) t->pool.data[t->pool.count++] = copy[i];
    u32 index = t->types.count;
    if (!pt_vec_push(&t->types, made)) return 0;
    t->table.data[at] = index;
    return index;
}

void pt_subst_add(pt_subst *s, u32 owner, u32 name, pt_ty ty) {
    for (u32 i = 0; i < s->count; i++)
        if (s->entries[i].owner == owner && s->entries[i].name == name) {
            if (!s->entries[i].ty) s->entries[i].ty = ty;
            return;
        }
    if (s->count < PT_COUNT_OF(s->entries)) s->entries[s->count++] = (pt_subst_entry){owner, name, ty};
}

pt_ty pt_subst_find(const pt_subst *s, u32 owner, u32 name) {
    for (u32 i = 0; i < s->count; i++)
        if (s->entries[i].owner == owner && s->entries[i].name == name) return s->entries[i].ty;
    return 0;
}

pt_ty pt_ty_subst(pt_types *t, pt_ty ty, const pt_subst *s, u32 depth) {
    if (!ty || !s->count || depth > MAX_DEPTH || !pt_step(t)) return ty;
    pt_type x = *pt_ty_at(t, ty);
    if (x.kind == PT_TY_PARAM) {
        pt_ty found = pt_subst_find(s, x.def, x.name);
        return found ? found : ty;
    }
    if (!x.count) return ty;
    pt_ty args[MAX_ARGS];
    bool changed = false;
    for (u32 i = 0; i < x.count; i++) {
        pt_ty old = t->pool.data[x.args + i];
        args[i] = pt_ty_subst(t, old, s, depth + 1);
        changed = changed || args[i] != old;
    }
    return changed ? pt_ty_make(t, x.kind, x.def, x.name, args, x.count) : ty;
}

bool pt_ty_match(pt_types *t, pt_ty pattern, pt_ty ty, pt_subst *s, u32 depth) {
    if (!pattern || !ty || pattern == ty || depth > MAX_DEPTH) return true;
    if (!pt_step(t)) return false;
    pt_type p = *pt_ty_at(t, pattern), x = *pt_ty_at(t, ty);
    if (p.kind == PT_TY_PARAM) {
        pt_ty known = pt_subst_find(s, p.def, p.name);
        if (known && known != ty)
            return pt_ty_at(t, known)->kind != PT_TY_ADT || x.kind != PT_TY_ADT || pt_ty_at(t, known)->def == x.def;
        pt_subst_add(s, p.def, p.name, ty);
        return true;
    }
    if (p.kind == PT_TY_VAR || x.kind == PT_TY_VAR) return true;
    if (p.kind == PT_TY_PROJECTION || p.kind == PT_TY_OPAQUE || x.kind == PT_TY_PROJECTION || x.kind == PT_TY_INT ||
        x.kind == PT_TY_FLOAT || p.kind == PT_TY_INT || p.kind == PT_TY_FLOAT)
        return true;
    if (p.kind != x.kind) {
        if ((p.kind == PT_TY_FN_PTR || p.kind == PT_TY_CLOSURE) &&
            (x.kind == PT_TY_FN_PTR || x.kind == PT_TY_CLOSURE)) {
        } else {
            return x.kind == PT_TY_NEVER;
        }
    } else if (p.def != x.def || (p.kind == PT_TY_PTR && p.name != x.name) ||
               (p.kind == PT_TY_REF && p.name > x.name) || (p.kind == PT_TY_TUPLE && p.count != x.count)) {
        return false;
    }
    for (u32 i = 0; i < p.count && i < x.count; i++)
        if (!pt_ty_match(t, pt_ty_arg(t, pattern, i), pt_ty_arg(t, ty, i), s, depth + 1)) return false;
    return true;
}
