/* hash.h: XXH3 (xxHash library), 64 and 128 bits. 128-bit values identify; 64-bit ones only spread. */
#ifndef PT_HASH_H
#define PT_HASH_H

#include "base/base.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

typedef struct pt_hash128 {
    u64 low, high;
} pt_hash128;

static inline u64 pt_hash_bytes(const void *bytes, size_t length) { return XXH3_64bits(bytes, length); }
static inline pt_hash128 pt_hash128_bytes(const void *bytes, size_t length) {
    XXH128_hash_t h = XXH3_128bits(bytes, length);
    return (pt_hash128){h.low64, h.high64};
}
static inline bool pt_hash128_equal(pt_hash128 a, pt_hash128 b) { return a.low == b.low && a.high == b.high; }
static inline int pt_hash128_compare(pt_hash128 a, pt_hash128 b) {
    if (a.high != b.high) return a.high < b.high ? -1 : 1;
    return a.low == b.low ? 0 : a.low < b.low ? -1 : 1;
}
/* Spreads a small key over 64 bits (Stafford's mix 13 of MurmurHash3's finalizer). */
static inline u64 pt_hash_u64(u64 x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

#endif
