/* JSON copy: text on its way into a JSON string, as far as it needs no thought.
 *
 * Plain bytes are ASCII and need no escape. They are checked and copied in one pass: sixteen at a
 * time where SSE2 is there (every x86-64), eight elsewhere. Only gw_copy_plain is for others; it is
 * here and not in a .c so that it stands in the loop that calls it. Pure; any thread.
 */
#ifndef GATEWAY_JSON_COPY_H
#define GATEWAY_JSON_COPY_H

#include "base/str.h"
#include "gateway/json_scan.h"

/* Copies byte by byte up to one that is special or not ASCII; returns how far it came. */
static inline size_t gw_copy_bytes(char *out, struct base_str text, size_t done)
{
    for (; done < text.len; done++) {
        unsigned char byte = (unsigned char)text.data[done];
        if (byte >= 0x80 || gw_scan_is_special(byte)) {
            break;
        }
        out[done] = (char)byte;
    }
    return done;
}

/* Copies the eight bytes at `at`; false when one is special or not ASCII. */
static inline bool gw_copy_word(char *out, struct base_str text, size_t at)
{
    uint64_t word;
    memcpy(&word, text.data + at, sizeof word);
    memcpy(out + at, &word, sizeof word);
    return !gw_scan_has_special(word) && (word & UINT64_C(0x8080808080808080)) == 0;
}

/* Copies words, the last of which may overlap the one before it. */
static inline size_t gw_copy_words(char *out, struct base_str text)
{
    size_t done = 0;
    for (; text.len - done >= sizeof(uint64_t); done += sizeof(uint64_t)) {
        if (!gw_copy_word(out, text, done)) {
            return gw_copy_bytes(out, text, done);
        }
    }
    if (text.len >= sizeof(uint64_t) && gw_copy_word(out, text, text.len - sizeof(uint64_t))) {
        return text.len;
    }
    return gw_copy_bytes(out, text, done);
}

#if defined(__SSE2__)
#define GW_COPY_ALL_PLAIN 0xFFFFU

/* Which bytes of a block are plain, but for the backslash more than a space once their second bit
 * is turned: as signed numbers, control characters and bytes past ASCII are less, a quote becomes a
 * space, and a space and '!' become more. */
static inline __m128i gw_plain_bytes(__m128i block)
{
    __m128i turned = _mm_xor_si128(block, _mm_set1_epi8('"' ^ ' '));
    __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    return _mm_andnot_si128(backslash, _mm_cmpgt_epi8(turned, _mm_set1_epi8(' ')));
}

/* Copies the block at `at`; returns which of its bytes are plain. */
static inline __m128i gw_copy_block(char *out, struct base_str text, size_t at)
{
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(text.data + at));
    _mm_storeu_si128((__m128i *)(void *)(out + at), block);
    return gw_plain_bytes(block);
}

static inline unsigned gw_copy_bits(__m128i bytes)
{
    return (unsigned)_mm_movemask_epi8(bytes);
}

/* Copies pairs of blocks, of which one question is asked; returns how far they are plain. */
static inline size_t gw_copy_pairs(char *out, struct base_str text)
{
    const size_t pair = (size_t)2 * GW_SCAN_BLOCK;
    size_t done = 0;
    for (; done + pair <= text.len; done += pair) {
        __m128i first = gw_copy_block(out, text, done);
        __m128i second = gw_copy_block(out, text, done + GW_SCAN_BLOCK);
        if (gw_copy_bits(_mm_and_si128(first, second)) != GW_COPY_ALL_PLAIN) {
            break;
        }
    }
    return done;
}

/* Copies less than a block as a whole one where so much may be read: what it says of the bytes
 * behind the text does not count. */
static inline size_t gw_copy_short(char *out, struct base_str text, const char *readable)
{
    if (readable - text.data < GW_SCAN_BLOCK) {
        return gw_copy_words(out, text);
    }
    unsigned stop = ~gw_copy_bits(gw_copy_block(out, text, 0)) | 1U << text.len;
    return (size_t)__builtin_ctz(stop);
}

/* Stores `text` up to a byte that is not plain; returns how far it came. Bytes may be read up to
 * `readable`, the text's end or past it, which makes short text faster; stores up to GW_SCAN_BLOCK
 * bytes past the text's end. */
static inline size_t gw_copy_plain(char *out, struct base_str text, const char *readable)
{
    if (text.len < GW_SCAN_BLOCK) {
        return gw_copy_short(out, text, readable);
    }
    size_t last = text.len - GW_SCAN_BLOCK; /* may overlap the block before it */
    for (size_t done = gw_copy_pairs(out, text); done < text.len; done += GW_SCAN_BLOCK) {
        size_t at = done < last ? done : last;
        unsigned plain = gw_copy_bits(gw_copy_block(out, text, at));
        if (plain != GW_COPY_ALL_PLAIN) {
            return at + (size_t)__builtin_ctz(~plain);
        }
    }
    return text.len;
}
#else
static inline size_t gw_copy_plain(char *out, struct base_str text, const char *readable)
{
    (void)readable;
    return gw_copy_words(out, text);
}
#endif

#endif
