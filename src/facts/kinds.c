#include "facts/kinds.h"

static const char *const names[PT_KIND_COUNT] = {
#define X(name, text) [PT_KIND_##name] = text,
    PT_NODE_KIND_LIST(X)
#undef X
};

const char *pt_kind_name(u8 kind) { return kind < PT_KIND_COUNT ? names[kind] : "?"; }

u8 pt_kind_of_name(const char *name) {
    u8 kind = 0;
    while (kind < PT_KIND_COUNT && strcmp(names[kind], name) != 0) kind++;
    return kind;
}
