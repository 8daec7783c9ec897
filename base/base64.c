/* A table gives each character its six bits and anything else a value past them, so that four
 * characters are checked with one comparison. */
#include "base/base64.h"

#include <stdint.h>

#define BAD 0x80

static const char standard[64] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"};
static const char url_safe[64] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};

#define B BAD
static const uint8_t six_bits[256] = {
    B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
    B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  62, B,  62, B,  63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, B,  B,  B,  B,  B,  B,  B,  0,  1,  2,  3,  4,  5,  6,
    7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, B,  B,  B,  B,  63,
    B,  26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48,
    49, 50, 51, B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
    B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
    B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
    B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
    B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
    B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B};
#undef B

static unsigned bits_of(char c)
{
    return six_bits[(unsigned char)c];
}

/* Takes the "=" or "==" away; false when padding does not fill up a group of four. */
static bool unpad(struct base_str *text)
{
    size_t padding = 0;
    while (padding < 2 && padding < text->len && text->data[text->len - 1 - padding] == '=') {
        padding++;
    }
    if (padding > 0 && text->len % 4 != 0) {
        return false;
    }
    text->len -= padding;
    return text->len % 4 != 1;
}

bool base_base64_decode(struct base_str text, char *out, size_t *out_len)
{
    if (!unpad(&text)) {
        return false;
    }
    const char *next = text.data;
    char *start = out;
    size_t left = text.len;
    for (; left >= 4; left -= 4, next += 4) {
        unsigned a = bits_of(next[0]), b = bits_of(next[1]);
        unsigned c = bits_of(next[2]), d = bits_of(next[3]);
        if ((a | b | c | d) >= BAD) {
            return false;
        }
        unsigned group = a << 18 | b << 12 | c << 6 | d;
        *out++ = (char)(group >> 16);
        *out++ = (char)(group >> 8);
        *out++ = (char)group;
    }
    if (left > 0) {
        unsigned a = bits_of(next[0]), b = bits_of(next[1]), c = left == 3 ? bits_of(next[2]) : 0;
        if ((a | b | c) >= BAD) {
            return false;
        }
        *out++ = (char)(a << 2 | b >> 4);
        if (left == 3) {
            *out++ = (char)(b << 4 | c >> 2);
        }
    }
    *out_len = (size_t)(out - start);
    return true;
}

/* Writes the characters of `bytes`, without padding. */
static char *encode(struct base_str bytes, const char alphabet[64], char *out)
{
    const unsigned char *next = (const unsigned char *)bytes.data;
    size_t left = bytes.len;
    for (; left >= 3; left -= 3, next += 3) {
        unsigned group = (unsigned)next[0] << 16 | (unsigned)next[1] << 8 | next[2];
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = alphabet[group >> 6 & 63];
        *out++ = alphabet[group & 63];
    }
    if (left > 0) {
        unsigned group = (unsigned)next[0] << 16 | (left == 2 ? (unsigned)next[1] << 8 : 0);
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        if (left == 2) {
            *out++ = alphabet[group >> 6 & 63];
        }
    }
    return out;
}

char *base_base64_encode(struct base_str bytes, char *out)
{
    char *end = encode(bytes, standard, out);
    while ((end - out) % 4 != 0) {
        *end++ = '=';
    }
    return end;
}

char *base_base64_encode_url(struct base_str bytes, char *out)
{
    return encode(bytes, url_safe, out);
}
