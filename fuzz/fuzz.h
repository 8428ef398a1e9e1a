/* fuzz.h: what the fuzzers share: laws that end the run when broken, and texts of exactly the size promised. */
#ifndef PT_FUZZ_H
#define PT_FUZZ_H

#include "base/alloc.h"
#include "rust/lexer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t most, unsigned seed);

/* A law of the code under test. */
#define LAW(holds, ...)                                                             \
    do {                                                                            \
        if (!(holds)) {                                                             \
            fprintf(stderr, "%s:%d: broken law: %s: ", __FILE__, __LINE__, #holds); \
            fprintf(stderr, __VA_ARGS__);                                           \
            fputc('\n', stderr);                                                    \
            abort();                                                                \
        }                                                                           \
    } while (0)

static const u32 fuzz_editions[] = {2015, 2018, 2021, 2024};

/* A copy with the readable bytes that pt_lex asks for and not one more. Freed with free. */
static inline char *fuzz_text(const void *data, size_t size, char behind) {
    char *text = malloc(size + PT_TEXT_SLACK);
    if (!text) abort();
    if (size) memcpy(text, data, size);
    memset(text + size, behind, PT_TEXT_SLACK);
    return text;
}

/* A nameless file in memory that holds the bytes, as a path; closed by the caller. */
static inline int fuzz_file(char *path, size_t room, const void *data, size_t size) {
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0) abort();
    for (size_t done = 0; done < size;) {
        ssize_t wrote = write(fd, (const char *)data + done, size - done);
        if (wrote <= 0) abort();
        done += (size_t)wrote;
    }
    snprintf(path, room, "/proc/self/fd/%d", fd);
    return fd;
}

/* Small random numbers for custom mutators. */
static inline u32 fuzz_random(u32 *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Changes of binary images that keep most of it whole: a few words become small, near, huge or another word. */
static inline void fuzz_change_words(u8 *data, size_t size, size_t from, unsigned seed) {
    u32 state = seed, changes = 1 + fuzz_random(&state) % 4;
    if (size < from + 4) return;
    for (u32 i = 0; i < changes; i++) {
        size_t at = from + fuzz_random(&state) % (size - from - 3), other = fuzz_random(&state) % (size - 3);
        u32 value, width = fuzz_random(&state) % 4;
        if (width) at &= ~(size_t)3;
        memcpy(&value, data + at, 4);
        switch (fuzz_random(&state) % 6) {
        case 0: value += fuzz_random(&state) % 9 - 4; break;
        case 1: value = fuzz_random(&state) % 64; break;
        case 2: value = UINT32_MAX - fuzz_random(&state) % 3; break;
        case 3: value ^= 1u << fuzz_random(&state) % 32; break;
        case 4: memcpy(&value, data + (other & ~(size_t)3), 4); break;
        default: value = 1u << fuzz_random(&state) % 32;
        }
        memcpy(data + at, &value, width ? 4 : 1);
    }
}

#endif
