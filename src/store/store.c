#include "store/store.h"

#include <stdio.h>
#include <sys/random.h>

static const pt_store_engine *const engines[] = {&pt_native_engine, &pt_sqlite_engine, NULL};

const pt_store_engine *const *pt_store_engines(void) { return engines; }

int pt_store_parse(const pt_store_engine **engine, const char **location, const char *uri, pt_error *error) {
    const char *colon = strchr(uri, ':');
    char names[256] = "";
    for (u32 i = 0; engines[i]; i++) {
        size_t n = strlen(engines[i]->name);
        if (colon && (size_t)(colon - uri) == n && strncmp(uri, engines[i]->name, n) == 0 && colon[1]) {
            *engine = engines[i];
            *location = colon + 1;
            return PT_OK;
        }
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s:", i ? ", " : "", engines[i]->name);
    }
    return pt_fail(error, PT_EUSAGE, "%s: not a store URI; this build has %s", uri, names);
}

int pt_store_open(pt_store **out, const char *uri, int mode, pt_error *error) {
    const pt_store_engine *engine;
    const char *location;
    *out = NULL;
    int code = pt_store_parse(&engine, &location, uri, error);
    return code ? code : engine->open(out, location, mode, error);
}

void pt_store_close(pt_store *store) {
    if (store) store->engine->close(store);
}

void pt_store_make_uuid(char out[40]) {
    u8 b[16] = {0};
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b) {
        u64 now = pt_now_ns();
        memcpy(b, &now, sizeof now);
    }
    b[6] = (u8)((b[6] & 0x0f) | 0x40);
    b[8] = (u8)((b[8] & 0x3f) | 0x80);
    snprintf(out, 40, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
             b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
