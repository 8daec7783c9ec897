/* Whole numbers go through sign and magnitude, which holds int64 and uint64 alike. */
#include "server/bson_number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Digits of a decimal128's coefficient, and of UINT64_MAX. */
#define COEFFICIENT_DIGITS_MAX 34
#define WHOLE_DIGITS_MAX 20

struct whole {
    bool is_negative;
    uint64_t magnitude;
};

/* Digits, as many as there are, up to `end`. */
static bool parse_digits(const char *at, const char *end, uint64_t *out)
{
    uint64_t number = 0;
    if (at == end) {
        return false;
    }
    for (; at < end; at++) {
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(number, UINT64_C(10), &number) ||
            __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number)) {
            return false;
        }
    }
    *out = number;
    return true;
}

static bool parse_text(const char *text, struct whole *out)
{
    out->is_negative = *text == '-';
    text += out->is_negative ? 1 : 0;
    return parse_digits(text, text + strlen(text), &out->magnitude);
}

/* Takes what bson_decimal128_to_string wrote: [-]digits[.digits][E(+|-)digits], or a word. The
 * point is moved into the exponent, and then the exponent into zeros at the end. */
static bool parse_decimal(const char *text, struct whole *out)
{
    char digits[COEFFICIENT_DIGITS_MAX + WHOLE_DIGITS_MAX + 1];
    size_t count = 0;
    long exponent = 0;
    bool behind_point = false;
    out->is_negative = *text == '-';
    text += out->is_negative ? 1 : 0;
    for (; *text != '\0' && *text != 'E'; text++) {
        if (*text == '.') {
            behind_point = true;
        } else if (count < COEFFICIENT_DIGITS_MAX) {
            digits[count++] = *text;
            exponent -= behind_point ? 1 : 0;
        }
    }
    exponent += *text == 'E' ? strtol(text + 1, NULL, 10) : 0;
    for (; exponent < 0 && count > 1 && digits[count - 1] == '0'; exponent++) {
        count--;
    }
    bool is_zero = count == 1 && digits[0] == '0';
    for (; exponent > 0 && !is_zero && count <= COEFFICIENT_DIGITS_MAX + WHOLE_DIGITS_MAX;
         exponent--) {
        digits[count++] = '0';
    }
    return (exponent == 0 || is_zero) && parse_digits(digits, digits + count, &out->magnitude);
}

static bool read_double(double value, struct whole *out)
{
    if (value != floor(value) || fabs(value) >= 0x1p64) {
        return false;
    }
    out->is_negative = value < 0;
    out->magnitude = (uint64_t)fabs(value);
    return true;
}

static bool read_whole(const bson_iter_t *iter, struct whole *out)
{
    if (BSON_ITER_HOLDS_INT32(iter) || BSON_ITER_HOLDS_INT64(iter)) {
        int64_t number = bson_iter_as_int64(iter);
        out->is_negative = number < 0;
        out->magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
        return true;
    }
    if (BSON_ITER_HOLDS_DOUBLE(iter)) {
        return read_double(bson_iter_double(iter), out);
    }
    bson_decimal128_t decimal;
    char text[BSON_DECIMAL128_STRING];
    if (!BSON_ITER_HOLDS_DECIMAL128(iter) || !bson_iter_decimal128(iter, &decimal)) {
        return false;
    }
    bson_decimal128_to_string(&decimal, text);
    return parse_decimal(text, out);
}

static bool fit_signed(struct whole whole, int64_t max, int64_t *out)
{
    if (whole.magnitude > (uint64_t)max + (whole.is_negative ? 1 : 0)) {
        return false;
    }
    *out = (int64_t)(whole.is_negative ? 0 - whole.magnitude : whole.magnitude);
    return true;
}

static bool fit_unsigned(struct whole whole, uint64_t max, uint64_t *out)
{
    if ((whole.is_negative && whole.magnitude > 0) || whole.magnitude > max) {
        return false;
    }
    *out = whole.magnitude;
    return true;
}

bool srv_bson_signed(const bson_iter_t *iter, int64_t max, int64_t *out)
{
    struct whole whole;
    return read_whole(iter, &whole) && fit_signed(whole, max, out);
}

bool srv_bson_unsigned(const bson_iter_t *iter, uint64_t max, uint64_t *out)
{
    struct whole whole;
    return read_whole(iter, &whole) && fit_unsigned(whole, max, out);
}

bool srv_bson_real(const bson_iter_t *iter, double *out)
{
    bson_decimal128_t decimal;
    char text[BSON_DECIMAL128_STRING];
    if (BSON_ITER_HOLDS_DECIMAL128(iter) && bson_iter_decimal128(iter, &decimal)) {
        bson_decimal128_to_string(&decimal, text);
        *out = strtod(text, NULL); /* which reads "NaN" and "Infinity" too */
        return true;
    }
    if (!BSON_ITER_HOLDS_NUMBER(iter)) {
        return false;
    }
    *out = bson_iter_as_double(iter);
    return true;
}

bool srv_bson_signed_text(const char *text, int64_t max, int64_t *out)
{
    struct whole whole;
    return parse_text(text, &whole) && fit_signed(whole, max, out);
}

bool srv_bson_unsigned_text(const char *text, uint64_t max, uint64_t *out)
{
    struct whole whole;
    return parse_text(text, &whole) && fit_unsigned(whole, max, out);
}
