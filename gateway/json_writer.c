/* Text is checked and copied in one pass, sixteen bytes at a time while it is ASCII without
 * anything to escape; from the first byte beyond that on it is checked as a whole and copied run by
 * run. */
#include "gateway/json_writer.h"

#include "base/utf8.h"
#include "gateway/json_scan.h"
#include "gateway/numbers.h"

#include <math.h>

/* From 1e21 on JavaScript writes an exponent, and below 1e-6. */
#define PLAIN_POINT_MAX 21
#define PLAIN_POINT_MIN (-5)

/* Whole numbers below these are exact, and their digits are the shortest that read back. */
#define DOUBLE_WHOLE_MAX 9007199254740992.0 /* 2^53 */
#define FLOAT_WHOLE_MAX 16777216.0F         /* 2^24 */

const char gw_digit_pairs[200] = {"0001020304050607080910111213141516171819202122232425262728293031"
                                  "3233343536373839404142434445464"
                                  "7484950515253545556575859606162636465666768697071727374757677787"
                                  "9808182838485868788899091929394"
                                  "9596979899"};

static char *put_zeros(char *out, int count)
{
    memset(out, '0', (size_t)count);
    return out + count;
}

static char *put_bytes(char *out, const char *bytes, int count)
{
    memcpy(out, bytes, (size_t)count);
    return out + count;
}

static char *put_exponent(char *out, int exponent)
{
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    return gw_put_unsigned(out, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

static char *put_decimal(char *out, struct gw_decimal decimal)
{
    char digits[GW_NUMBER_BYTES_MAX] = {0};
    int count = (int)(gw_put_unsigned(digits, decimal.significand) - digits);
    int point = count + decimal.exponent; /* digits before the point */
    if (point > PLAIN_POINT_MAX || point < PLAIN_POINT_MIN) {
        *out++ = digits[0];
        if (count > 1) {
            *out++ = '.';
            out = put_bytes(out, digits + 1, count - 1);
        }
        return put_exponent(out, point - 1);
    }
    if (point <= 0) {
        *out++ = '0';
        *out++ = '.';
        return put_bytes(put_zeros(out, -point), digits, count);
    }
    if (point >= count) {
        return put_zeros(put_bytes(out, digits, count), point - count);
    }
    out = put_bytes(out, digits, point);
    *out++ = '.';
    return put_bytes(out, digits + point, count - point);
}

static char *put_special(char *out, double value)
{
    struct base_str text = isnan(value) ? BASE_STR("\"NaN\"")
                           : value > 0  ? BASE_STR("\"Infinity\"")
                                        : BASE_STR("\"-Infinity\"");
    return put_bytes(out, text.data, (int)text.len);
}

char *gw_put_double(char *out, double value)
{
    if (!isfinite(value)) {
        return put_special(out, value);
    }
    if (signbit(value)) {
        *out++ = '-';
        value = -value;
    }
    if (value < DOUBLE_WHOLE_MAX && value == (double)(uint64_t)value) {
        return gw_put_unsigned(out, (uint64_t)value);
    }
    return put_decimal(out, gw_decimal_of_double(value));
}

char *gw_put_float(char *out, float value)
{
    if (!isfinite(value)) {
        return put_special(out, (double)value);
    }
    if (signbit(value)) {
        *out++ = '-';
        value = -value;
    }
    if (value < FLOAT_WHOLE_MAX && value == (float)(uint32_t)value) {
        return gw_put_unsigned(out, (uint32_t)value);
    }
    return put_decimal(out, gw_decimal_of_float(value));
}

/* Stores the escape of a byte that gw_scan_is_special: at most six bytes. */
static char *put_escape(char *out, unsigned char byte)
{
    static const char hex[16] = {"0123456789abcdef"};
    static const char letters[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    *out++ = '\\';
    if (byte >= 0x20) {
        *out++ = (char)byte; /* a quote or a backslash */
    } else if (letters[byte] != 0) {
        *out++ = letters[byte];
    } else {
        memcpy(out, "u00", 3);
        out[3] = hex[byte >> 4];
        out[4] = hex[byte & 15];
        out += 5;
    }
    return out;
}

/* Appends the rest of a string, from a byte that needs thought on, and the closing quote. */
static enum gw_text_status append_slowly(struct base_buf *out, const char *next, const char *end)
{
    if (!base_utf8_valid(base_str_make(next, (size_t)(end - next)))) {
        return GW_TEXT_NOT_UTF8;
    }
    while (next < end) {
        bool ignored = true;
        const char *special = gw_scan_plain(next, end, &ignored);
        size_t run = (size_t)(special - next);
        if (!base_buf_reserve(out, run + 8)) { /* an escape and the quote */
            return GW_TEXT_FULL;
        }
        char *at = base_buf_end(out);
        memcpy(at, next, run);
        at += run;
        next = special;
        if (next < end) {
            at = put_escape(at, (unsigned char)*next++);
        }
        out->len = (size_t)(at - out->data);
    }
    return base_buf_append_char(out, '"') ? GW_TEXT_OK : GW_TEXT_FULL;
}

/* Copies byte by byte up to one that is special or not ASCII; returns how far it came. */
static size_t copy_bytes(char *out, struct base_str text, size_t done)
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
static bool copy_word(char *out, struct base_str text, size_t at)
{
    uint64_t word;
    memcpy(&word, text.data + at, sizeof word);
    memcpy(out + at, &word, sizeof word);
    return !gw_scan_has_special(word) && (word & UINT64_C(0x8080808080808080)) == 0;
}

/* Copies words, the last of which may overlap the one before it. */
static size_t copy_words(char *out, struct base_str text)
{
    size_t done = 0;
    for (; text.len - done >= sizeof(uint64_t); done += sizeof(uint64_t)) {
        if (!copy_word(out, text, done)) {
            return copy_bytes(out, text, done);
        }
    }
    if (text.len >= sizeof(uint64_t) && copy_word(out, text, text.len - sizeof(uint64_t))) {
        return text.len;
    }
    return copy_bytes(out, text, done);
}

#if defined(__SSE2__)
/* Which bytes of a block are special or not ASCII: as signed numbers, control characters and what
 * has the highest bit are all less than a space. */
static __m128i unplain_bytes(__m128i block)
{
    __m128i low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
    __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    return _mm_or_si128(low, _mm_or_si128(quote, backslash));
}

/* Copies the block at `at`; returns which of its bytes are not plain. */
static __m128i copy_block(char *out, struct base_str text, size_t at)
{
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(text.data + at));
    _mm_storeu_si128((__m128i *)(void *)(out + at), block);
    return unplain_bytes(block);
}

static unsigned bits_of(__m128i bytes)
{
    return (unsigned)_mm_movemask_epi8(bytes);
}

/* Copies pairs of blocks, of which one question is asked; returns how far they are plain. */
static size_t copy_pairs(char *out, struct base_str text)
{
    const size_t pair = (size_t)2 * GW_SCAN_BLOCK;
    size_t done = 0;
    for (; text.len - done >= pair; done += pair) {
        __m128i first = copy_block(out, text, done);
        __m128i second = copy_block(out, text, done + GW_SCAN_BLOCK);
        if (bits_of(_mm_or_si128(first, second)) != 0) {
            break;
        }
    }
    return done;
}

/* Copies up to a byte that is special or not ASCII; returns how far it came. Whole blocks are taken
 * as far as bytes may be read, so that short text is one block: what it says of the bytes behind
 * the text does not count. */
static size_t copy_plain(char *out, struct base_str text, const char *readable)
{
    size_t done = copy_pairs(out, text);
    for (; done < text.len && readable - (text.data + done) >= GW_SCAN_BLOCK;
         done += GW_SCAN_BLOCK) {
        unsigned stop = bits_of(copy_block(out, text, done));
        if (stop != 0) {
            done += (size_t)__builtin_ctz(stop);
            return done < text.len ? done : text.len;
        }
    }
    if (done >= text.len) {
        return text.len;
    }
    if (text.len < GW_SCAN_BLOCK) {
        return copy_words(out, text);
    }
    size_t last = text.len - GW_SCAN_BLOCK; /* overlaps what is known to be plain */
    unsigned stop = bits_of(copy_block(out, text, last));
    return stop == 0 ? text.len : last + (size_t)__builtin_ctz(stop);
}
#else
static size_t copy_plain(char *out, struct base_str text, const char *readable)
{
    (void)readable;
    return copy_words(out, text);
}
#endif

/* Appends `text` in quotes at `at`, where there is room for it, them and a block, and `behind` it
 * unless that is NUL. The buffer's length is stored once: what is appended next waits for it. */
static inline enum gw_text_status append_into_room(struct base_buf *out, char *at,
                                                   struct base_str text, const char *readable,
                                                   char behind)
{
    *at++ = '"';
    size_t done = copy_plain(at, text, readable);
    at += done;
    if (done < text.len) {
        out->len = (size_t)(at - out->data);
        enum gw_text_status status = append_slowly(out, text.data + done, text.data + text.len);
        bool ok = status != GW_TEXT_OK || behind == '\0' || base_buf_append_char(out, behind);
        return ok ? status : GW_TEXT_FULL;
    }
    *at++ = '"';
    *at = behind;
    out->len = (size_t)(at - out->data) + (behind != '\0');
    return GW_TEXT_OK;
}

enum gw_text_status gw_append_quoted(struct base_buf *out, struct base_str text)
{
    if (!base_buf_reserve(out, text.len + 3)) {
        return GW_TEXT_FULL;
    }
    const char *end = text.len == 0 ? text.data : text.data + text.len;
    return append_into_room(out, base_buf_end(out), text, end, '\0');
}

enum gw_text_status gw_append_member(struct base_buf *out, struct base_str key,
                                     struct base_str text, const char *readable)
{
    if (!base_buf_reserve(out, key.len + text.len + GW_COPY_BLOCK)) {
        return GW_TEXT_FULL;
    }
    char *at = gw_put_ready(base_buf_end(out), key);
    return append_into_room(out, at, text, readable, ',');
}
