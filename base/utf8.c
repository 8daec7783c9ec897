/* Most text is ASCII, so eight bytes are looked at together where there are as many. */
#include "base/utf8.h"

#include <stdint.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Bytes of the well-formed character at `at`, whose first byte is not ASCII, or 0 (the Unicode
 * Standard, table 3-7). */
static size_t character_len(const unsigned char *at, size_t left)
{
    unsigned char first = at[0];
    size_t len = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (len == 0 || len > left) {
        return 0;
    }
    unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return len;
}

/* How many of the eight bytes at `at` are ASCII, up to the first that is not. */
static size_t ascii_len(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    word &= HIGH_BITS;
    if (word == 0) {
        return sizeof word;
    }
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (size_t)__builtin_ctzll(word) / 8;
#else
    return (size_t)__builtin_clzll(word) / 8;
#endif
}

size_t base_utf8_valid_len(struct base_str s)
{
    const unsigned char *bytes = (const unsigned char *)s.data;
    size_t at = 0;
    while (at < s.len) {
        bool is_word = s.len - at >= sizeof(uint64_t);
        size_t ascii = is_word ? ascii_len(bytes + at) : bytes[at] < 0x80;
        at += ascii;
        if (ascii == (is_word ? sizeof(uint64_t) : 1)) {
            continue;
        }
        size_t len = character_len(bytes + at, s.len - at);
        if (len == 0) {
            return at;
        }
        at += len;
    }
    return at;
}
