/* base.h: integer names, error codes and the message that travels with them.
 *
 * Every fallible function returns 0 (PT_OK) or a negative code; its message, when the caller passed a
 * `pt_error *`, names the file, line or URI and what to do. Allocation failure inside containers is sticky
 * per thread (see alloc.h), so hot paths need no check on every push. */
#ifndef PT_BASE_H
#define PT_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int64_t i64;

#define PT_NONE UINT32_MAX
#define PT_COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define PT_MIN(a, b) ((a) < (b) ? (a) : (b))
#define PT_MAX(a, b) ((a) > (b) ? (a) : (b))

/* code, name, sentence */
#define PT_ERROR_CODES(X)                            \
    X(PT_OK, 0, "success")                           \
    X(PT_ENOMEM, -1, "out of memory")                \
    X(PT_EIO, -2, "input or output failed")          \
    X(PT_ECORRUPT, -3, "unreadable or corrupt data") \
    X(PT_ENOTFOUND, -4, "no such item")              \
    X(PT_EUSAGE, -5, "wrong usage")                  \
    X(PT_EAMBIGUOUS, -6, "ambiguous name")           \
    X(PT_ELIMIT, -7, "a limit was exceeded")         \
    X(PT_EBUSY, -8, "busy: another process holds it")

enum {
#define X(name, value, text) name = value,
    PT_ERROR_CODES(X)
#undef X
};

typedef struct pt_error {
    int code;
    char message[1024];
} pt_error;

/* Fills `error` (may be NULL). */
void pt_set_error(pt_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same with the value `code`, so that callers write `return pt_fail(e, PT_EIO, ...)`. A macro, so that readers
 * and analysers see that it is not 0. */
#define pt_fail(error, code, ...) (pt_set_error((error), (code), __VA_ARGS__), (code))
/* The sentence of an error code. */
const char *pt_error_text(int code);

/* A borrowed run of bytes, not terminated. */
typedef struct pt_str {
    const char *data;
    u32 length;
} pt_str;

#define PT_STR(literal) ((pt_str){(literal), (u32)(sizeof(literal) - 1)})

static inline pt_str pt_str_of(const char *text) { return (pt_str){text, (u32)strlen(text)}; }
static inline bool pt_str_equal(pt_str a, pt_str b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}
static inline int pt_str_compare(pt_str a, pt_str b) {
    u32 n = PT_MIN(a.length, b.length);
    int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.length > b.length) - (a.length < b.length);
}
static inline bool pt_str_starts(pt_str text, pt_str prefix) {
    return text.length >= prefix.length && memcmp(text.data, prefix.data, prefix.length) == 0;
}
static inline bool pt_str_ends(pt_str text, pt_str suffix) {
    return text.length >= suffix.length &&
           memcmp(text.data + text.length - suffix.length, suffix.data, suffix.length) == 0;
}
pt_str pt_str_trim(pt_str text);

/* Microseconds of a monotonic clock. */
u64 pt_now_us(void);
/* Nanoseconds of a monotonic clock. */
u64 pt_now_ns(void);

#endif
