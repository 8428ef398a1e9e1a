/* support.h: what the unit tests share: cmocka, temporary folders, texts with room behind them. */
#ifndef PT_TEST_SUPPORT_H
#define PT_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

static inline int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw) {
    (void)status, (void)type, (void)ftw;
    return remove(path);
}
static inline void remove_folder(const char *folder) { nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }

/* A fresh folder; `out` has room for 64 bytes. */
static inline void make_folder(char *out) {
    strcpy(out, "/tmp/pt-unit-XXXXXX");
    assert_non_null(mkdtemp(out));
}

/* Writes a file below a folder and makes the folders on its way. */
static inline void put(const char *folder, const char *name, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0755);
        *slash = '/';
    }
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

/* A copy with zero bytes behind its end, as the lexer wants; freed with free. */
static inline char *padded(const char *text, size_t length) {
    char *copy = calloc(1, length + 16);
    assert_non_null(copy);
    memcpy(copy, text, length);
    return copy;
}

/* Pseudo-random numbers (splitmix64): the same on every machine. */
static inline u64 next_random(u64 *state) {
    u64 z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
/* The seed of a run: PT_SEED, else a fixed one; printed so that a failure can be repeated. */
static inline u64 seed_of_run(const char *test) {
    const char *wanted = getenv("PT_SEED");
    u64 seed = wanted ? strtoull(wanted, NULL, 10) : 20240607;
    printf("%s: seed %llu (PT_SEED)\n", test, (unsigned long long)seed);
    return seed;
}

#define TINY_MANIFEST "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"
#define TINY_LIB                                                                                                       \
    "//! Tiny.\nmod other;\npub use other::Thing;\npub trait Speak { fn speak(&self) -> u32; fn twice(&self) -> u32 "  \
    "{ "                                                                                                               \
    "self.speak() * 2 } }\n"                                                                                           \
    "impl Speak for Thing { fn speak(&self) -> u32 { self.value } }\n#[cfg(unix)] pub fn twin() {}\n"                  \
    "#[cfg(not(unix))] pub fn twin() {}\nmacro_rules! make { ($n:ident) => { pub fn $n() { crate::go(&Thing::new()); " \
    "} } }\nmake!(made);\n"                                                                                            \
    "pub fn go(t: &Thing) -> u32 { t.speak() + t.twice() + unknown.value() }\n"
#define TINY_OTHER                                                                                                    \
    "#[derive(Clone, Debug)]\npub struct Thing { pub value: u32 }\nimpl Thing { pub fn new() -> Thing { Thing { "     \
    "value: 1 } } }\nimpl From<u8> for Thing { fn from(v: u8) -> Self { Thing { value: v as u32 } } }\npub enum E { " \
    "A, B(Thing), C { t: Vec<Thing> } }\nfn broken( { }\n"
static inline void put_tiny(const char *folder) {
    put(folder, "Cargo.toml", TINY_MANIFEST);
    put(folder, "src/lib.rs", TINY_LIB);
    put(folder, "src/other.rs", TINY_OTHER);
}

#endif
