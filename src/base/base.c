#include "base/base.h"

#include <stdio.h>
#include <time.h>

void pt_set_error(pt_error *error, int code, const char *format, ...) {
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        error->code = code;
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
}

const char *pt_error_text(int code) {
    switch (code) {
#define X(name, value, text) \
    case value: return text;
        PT_ERROR_CODES(X)
#undef X
    default: return "unknown error";
    }
}

pt_str pt_str_trim(pt_str text) {
    while (text.length && (unsigned char)text.data[0] <= ' ') text.data++, text.length--;
    while (text.length && (unsigned char)text.data[text.length - 1] <= ' ') text.length--;
    return text;
}

u64 pt_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}

u64 pt_now_us(void) { return pt_now_ns() / 1000u; }
