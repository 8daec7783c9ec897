/* JSON scan: how far a string goes without a byte that needs thought, and digits.
 *
 * Sixteen bytes at a time where SSE2 is there (every x86-64), eight elsewhere. Pure; any thread.
 */
#ifndef GATEWAY_JSON_SCAN_H
#define GATEWAY_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* A quote, a backslash or a control character: what ends a run inside a JSON string. */
static inline bool gw_scan_is_special(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

/* Whether one of eight bytes is special: the high bit of a zero byte of x ^ pattern shows up in
 * (x - 1) & ~x, and that of a byte below 0x20 in x - 0x20. May be wrong only towards true. */
static inline bool gw_scan_has_special(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t quote = word ^ ones * '"';
    uint64_t backslash = word ^ ones * '\\';
    uint64_t hit = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
                   ((word - ones * 0x20) & ~word);
    return (hit & ones * 0x80) != 0;
}

#if defined(__SSE2__)
#define GW_SCAN_BLOCK 16

/* Bit i is set when byte i of the block is special. */
static inline unsigned gw_scan_special_bits(__m128i block)
{
    __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1F)), block);
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash)));
}

/* The first special byte at or behind `next`, or `end`. Sets `is_ascii` to false when it passes a
 * byte of 0x80 or more, and else leaves it alone. */
static inline const char *gw_scan_plain(const char *next, const char *end, bool *is_ascii)
{
    unsigned high = 0;
    while (end - next >= GW_SCAN_BLOCK) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)next);
        unsigned special = gw_scan_special_bits(block);
        unsigned high_here = (unsigned)_mm_movemask_epi8(block);
        if (special != 0) {
            int at = __builtin_ctz(special);
            high |= high_here & ((1U << at) - 1);
            *is_ascii &= high == 0;
            return next + at;
        }
        high |= high_here;
        next += GW_SCAN_BLOCK;
    }
    while (next < end && !gw_scan_is_special((unsigned char)*next)) {
        high |= (unsigned char)*next & 0x80U;
        next++;
    }
    *is_ascii &= high == 0;
    return next;
}
#else
#define GW_SCAN_BLOCK 8

static inline const char *gw_scan_plain(const char *next, const char *end, bool *is_ascii)
{
    uint64_t high = 0;
    for (uint64_t word; end - next >= GW_SCAN_BLOCK; next += GW_SCAN_BLOCK) {
        memcpy(&word, next, sizeof word);
        if (gw_scan_has_special(word)) {
            break;
        }
        high |= word;
    }
    high &= UINT64_C(0x8080808080808080);
    while (next < end && !gw_scan_is_special((unsigned char)*next)) {
        high |= (unsigned char)*next & 0x80U;
        next++;
    }
    *is_ascii &= high == 0;
    return next;
}
#endif

/* Whether eight bytes are digits: each has the high half of '0', and still when 6 is added, which
 * moves what is past '9' on. */
static inline bool gw_scan_are_digits(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    return (word & ones * 0xF0) == ones * '0' && ((word + ones * 6) & ones * 0xF0) == ones * '0';
}

/* The number of eight digits, the first in the lowest byte: neighbours become one number of two
 * digits, those one of four, those one of eight. */
static inline uint32_t gw_scan_eight_digits(uint64_t word)
{
    word -= UINT64_C(0x0101010101010101) * '0';
    word = word * 10 + (word >> 8);
    word =
        ((word & UINT64_C(0x00FF00FF00FF00FF)) * 100) + (word >> 16 & UINT64_C(0x00FF00FF00FF00FF));
    word = (word & UINT64_C(0x0000FFFF0000FFFF)) * 10000 + (word >> 32 & 0xFFFF);
    return (uint32_t)word;
}

/* Passes over digits, as if each were appended to `magnitude`, which is of use up to 19 of them. */
static inline const char *gw_scan_digits(const char *next, const char *end, uint64_t *magnitude)
{
    uint64_t value = *magnitude;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (uint64_t word; end - next >= 8; next += 8) {
        memcpy(&word, next, sizeof word);
        if (!gw_scan_are_digits(word)) {
            break;
        }
        value = value * 100000000 + gw_scan_eight_digits(word);
    }
#endif
    while (next < end && *next >= '0' && *next <= '9') {
        value = value * 10 + (uint64_t)(*next++ - '0');
    }
    *magnitude = value;
    return next;
}

/* Whether `text`, of which GW_COPY_BLOCK bytes may be read behind every one of `len`, stands at
 * `next`. */
static inline bool gw_scan_matches(const char *next, const char *end, const char *text, size_t len)
{
    if ((size_t)(end - next) < len) {
        return false;
    }
#if defined(__SSE2__)
    if (len <= 16 && end - next >= 16) {
        __m128i here = _mm_loadu_si128((const __m128i *)(const void *)next);
        __m128i there = _mm_loadu_si128((const __m128i *)(const void *)text);
        unsigned same = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(here, there));
        unsigned wanted = (1U << len) - 1;
        return (same & wanted) == wanted;
    }
#endif
    return memcmp(next, text, len) == 0;
}

#endif
