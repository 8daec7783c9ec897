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

#define ESCAPE_BYTES_MAX 6

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

/* Stores the escape of a byte that gw_scan_is_special. */
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

enum gw_text_status gw_append_escaped(struct base_buf *out, struct base_str text)
{
    if (!base_utf8_valid(text)) {
        return GW_TEXT_NOT_UTF8;
    }
    const char *next = text.data;
    const char *end = text.data + text.len;
    while (next < end) {
        bool ignored = true;
        const char *special = gw_scan_plain(next, end, &ignored);
        size_t run = (size_t)(special - next);
        if (!base_buf_reserve(out, run + ESCAPE_BYTES_MAX)) {
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
    return GW_TEXT_OK;
}

enum gw_text_status gw_append_quoted(struct base_buf *out, struct base_str text)
{
    if (!base_buf_append_char(out, '"')) {
        return GW_TEXT_FULL;
    }
    enum gw_text_status status = gw_append_escaped(out, text);
    return status == GW_TEXT_OK && !base_buf_append_char(out, '"') ? GW_TEXT_FULL : status;
}
