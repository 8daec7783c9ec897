/* Percent: one step reads either a plain byte or a whole escape; everything else is that step in a
 * loop. Text without a "%", which is nearly all of it, takes the memory functions instead.
 */
#include "gateway/percent.h"

/* FNV-1a, 32 bits: short keys, and requests cannot insert into what it guards. */
#define HASH_START UINT32_C(2166136261)
#define HASH_FACTOR UINT32_C(16777619)

/* The value of a hexadecimal digit, or -1. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return -1;
}

/* Reads the byte that starts at *at and moves *at behind it. */
static unsigned char step(struct base_str raw, size_t *at)
{
    char c = raw.data[(*at)++];
    if (c != '%') {
        return (unsigned char)c;
    }
    int high = hex_value(raw.data[*at]);
    int low = hex_value(raw.data[*at + 1]);
    *at += 2;
    return (unsigned char)((unsigned)high << 4 | (unsigned)low);
}

static bool has_escape(struct base_str raw)
{
    return raw.len > 0 && memchr(raw.data, '%', raw.len) != NULL;
}

size_t gw_percent_valid_len(struct base_str raw)
{
    size_t at = 0;
    while (at < raw.len) {
        const char *escape = memchr(raw.data + at, '%', raw.len - at);
        if (escape == NULL) {
            return raw.len;
        }
        at = (size_t)(escape - raw.data);
        if (raw.len - at < 3 || hex_value(escape[1]) < 0 || hex_value(escape[2]) < 0) {
            return at;
        }
        at += 3;
    }
    return raw.len;
}

size_t gw_percent_decode(struct base_str raw, enum gw_percent_mode mode, char *out)
{
    if (raw.len > 0 && !has_escape(raw) &&
        (mode != GW_PERCENT_FORM || memchr(raw.data, '+', raw.len) == NULL)) {
        memmove(out, raw.data, raw.len);
        return raw.len;
    }
    size_t len = 0;
    for (size_t at = 0; at < raw.len;) {
        size_t start = at;
        char c = (char)step(raw, &at);
        if (c == '/' && at - start > 1 && mode == GW_PERCENT_KEEP_SLASH) {
            memmove(out + len, raw.data + start, 3);
            len += 3;
        } else if (c == '+' && at - start == 1 && mode == GW_PERCENT_FORM) {
            out[len++] = ' ';
        } else {
            out[len++] = c;
        }
    }
    return len;
}

uint32_t gw_percent_hash_decoded(struct base_str decoded)
{
    uint32_t hash = HASH_START;
    for (size_t at = 0; at < decoded.len; at++) {
        hash = (hash ^ (unsigned char)decoded.data[at]) * HASH_FACTOR;
    }
    return hash;
}

uint32_t gw_percent_hash(struct base_str raw)
{
    if (!has_escape(raw)) {
        return gw_percent_hash_decoded(raw);
    }
    uint32_t hash = HASH_START;
    for (size_t at = 0; at < raw.len;) {
        hash = (hash ^ step(raw, &at)) * HASH_FACTOR;
    }
    return hash;
}

bool gw_percent_eq(struct base_str raw, struct base_str decoded)
{
    if (!has_escape(raw)) {
        return base_str_eq(raw, decoded);
    }
    size_t len = 0;
    for (size_t at = 0; at < raw.len; len++) {
        unsigned char c = step(raw, &at);
        if (len == decoded.len || c != (unsigned char)decoded.data[len]) {
            return false;
        }
    }
    return len == decoded.len;
}
