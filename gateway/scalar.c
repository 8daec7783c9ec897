/* An integer's text may be "1e3", "10.0" or "0.5e1": its digits are gathered with the point and the
 * exponent counted, and the value is whole when no digit is left behind the point. */
#include "gateway/scalar.h"

#include "base/utf8.h"

#include <math.h>

/* An exponent past this one says more than any digit string of a body can take back. */
#define EXPONENT_MAX INT64_C(1000000000000)

bool gw_type_has_bits(enum gw_type type)
{
    return type != GW_STRING && type != GW_BYTES && type != GW_MESSAGE && type != GW_GROUP;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *next, const char *end)
{
    while (next < end && is_digit(*next)) {
        next++;
    }
    return next;
}

size_t gw_number_len(struct base_str text)
{
    const char *next = text.data;
    const char *end = text.data + text.len;
    if (text.len == 0) {
        return 0;
    }
    next += *next == '-';
    if (next == end || !is_digit(*next)) {
        return 0;
    }
    next = *next == '0' ? next + 1 : skip_digits(next, end);
    if (next < end && *next == '.') {
        const char *fraction = next + 1;
        next = skip_digits(fraction, end);
        if (next == fraction) {
            return 0;
        }
    }
    if (next < end && (*next == 'e' || *next == 'E')) {
        next++;
        next += next < end && (*next == '+' || *next == '-');
        const char *exponent = next;
        next = skip_digits(exponent, end);
        if (next == exponent) {
            return 0;
        }
    }
    return (size_t)(next - text.data);
}

/* Reads "e-12" at `next`, if it stands there. */
static int64_t read_exponent(const char *next, const char *end)
{
    if (next == end) {
        return 0;
    }
    next++; /* the e */
    bool is_negative = *next == '-';
    next += is_negative || *next == '+';
    int64_t exponent = 0;
    for (; next < end; next++) {
        exponent = exponent * 10 + (*next - '0');
        if (exponent > EXPONENT_MAX) {
            exponent = EXPONENT_MAX;
        }
    }
    return is_negative ? -exponent : exponent;
}

/* Takes one more digit; false past 64 bits. */
static bool push_digit(uint64_t *magnitude, unsigned digit)
{
    return !__builtin_mul_overflow(*magnitude, 10, magnitude) &&
           !__builtin_add_overflow(*magnitude, digit, magnitude);
}

/* The whole number that a checked JSON number without its sign stands for. */
static enum gw_scalar_status read_magnitude(const char *next, const char *end,
                                            uint64_t *out_magnitude)
{
    const char *mantissa_end = next;
    while (mantissa_end < end && (*mantissa_end | 0x20) != 'e') {
        mantissa_end++;
    }
    int64_t exponent = read_exponent(mantissa_end, end);
    uint64_t magnitude = 0;
    bool is_fraction = false;
    int64_t zeros = 0; /* seen and not yet taken: they count only if a digit follows */
    for (; next < mantissa_end; next++) {
        if (*next == '.') {
            is_fraction = true;
            continue;
        }
        exponent -= is_fraction;
        if (*next == '0') {
            zeros += magnitude != 0;
            continue;
        }
        for (; zeros > 0; zeros--) {
            if (!push_digit(&magnitude, 0)) {
                return GW_SCALAR_OUT_OF_RANGE;
            }
        }
        if (!push_digit(&magnitude, (unsigned)(*next - '0'))) {
            return GW_SCALAR_OUT_OF_RANGE;
        }
    }
    exponent += zeros;
    if (magnitude != 0 && exponent < 0) {
        return GW_SCALAR_NOT_WHOLE;
    }
    for (; magnitude != 0 && exponent > 0; exponent--) {
        if (!push_digit(&magnitude, 0)) {
            return GW_SCALAR_OUT_OF_RANGE;
        }
    }
    *out_magnitude = magnitude;
    return GW_SCALAR_OK;
}

enum gw_scalar_status gw_scalar_whole(enum gw_type type, bool is_negative, uint64_t magnitude,
                                      uint64_t *out_bits)
{
    bool is_64 = type == GW_INT64 || type == GW_UINT64 || type == GW_SINT64 || type == GW_FIXED64 ||
                 type == GW_SFIXED64;
    bool is_unsigned =
        type == GW_UINT32 || type == GW_UINT64 || type == GW_FIXED32 || type == GW_FIXED64;
    uint64_t max = is_64 ? UINT64_MAX : UINT32_MAX;
    if (!is_unsigned) {
        max >>= 1;
        max += is_negative; /* two's complement reaches one further down */
    } else if (is_negative) {
        max = 0;
    }
    if (magnitude > max) {
        return GW_SCALAR_OUT_OF_RANGE;
    }
    uint64_t bits = is_negative ? 0 - magnitude : magnitude;
    if (type == GW_SINT32 || type == GW_SINT64) {
        bits = bits << 1 ^ (is_negative && magnitude != 0 ? UINT64_MAX : 0);
    } else if (type == GW_SFIXED32) {
        bits &= UINT32_MAX;
    }
    *out_bits = bits;
    return GW_SCALAR_OK;
}

enum gw_scalar_status gw_scalar_integer(enum gw_type type, struct base_str text, uint64_t *out_bits)
{
    if (text.len == 0 || gw_number_len(text) != text.len) {
        return GW_SCALAR_MALFORMED;
    }
    bool is_negative = text.data[0] == '-';
    uint64_t magnitude;
    enum gw_scalar_status status =
        read_magnitude(text.data + is_negative, text.data + text.len, &magnitude);
    return status == GW_SCALAR_OK ? gw_scalar_whole(type, is_negative, magnitude, out_bits)
                                  : status;
}

static uint64_t double_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint64_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

bool gw_scalar_decimal(enum gw_type type, bool is_negative, struct gw_decimal decimal,
                       uint64_t *out_bits)
{
    if (type == GW_DOUBLE) {
        double value;
        bool ok = gw_decimal_to_double(decimal, &value) && isfinite(value);
        *out_bits = ok ? double_bits(is_negative ? -value : value) : 0;
        return ok;
    }
    float value;
    bool ok = gw_decimal_to_float(decimal, &value) && isfinite(value);
    *out_bits = ok ? float_bits(is_negative ? -value : value) : 0;
    return ok;
}

enum gw_scalar_status gw_scalar_real(enum gw_type type, struct base_str text, uint64_t *out_bits)
{
    if (text.len == 0 || gw_number_len(text) != text.len) {
        return GW_SCALAR_MALFORMED;
    }
    bool is_finite;
    if (type == GW_DOUBLE) {
        double value = gw_number_to_double(text.data, text.len);
        is_finite = isfinite(value);
        *out_bits = double_bits(value);
    } else {
        float value = gw_number_to_float(text.data, text.len);
        is_finite = isfinite(value);
        *out_bits = float_bits(value);
    }
    return is_finite ? GW_SCALAR_OK : GW_SCALAR_OUT_OF_RANGE;
}

enum gw_scalar_status gw_scalar_quoted_real(enum gw_type type, struct base_str text,
                                            uint64_t *out_bits)
{
    static const struct {
        struct base_str name;
        float value;
    } names[] = {{{"NaN", 3}, NAN}, {{"Infinity", 8}, INFINITY}, {{"-Infinity", 9}, -INFINITY}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (base_str_eq(text, names[i].name)) {
            *out_bits = type == GW_DOUBLE ? double_bits((double)names[i].value)
                                          : float_bits(names[i].value);
            return GW_SCALAR_OK;
        }
    }
    return gw_scalar_real(type, text, out_bits);
}

const char *gw_type_article(enum gw_type type)
{
    static const char *const articles[] = {
        [GW_DOUBLE] = "a double",      [GW_FLOAT] = "a float",      [GW_INT64] = "an int64",
        [GW_UINT64] = "a uint64",      [GW_INT32] = "an int32",     [GW_FIXED64] = "a fixed64",
        [GW_FIXED32] = "a fixed32",    [GW_BOOL] = "true or false", [GW_STRING] = "a string",
        [GW_GROUP] = "an object",      [GW_MESSAGE] = "an object",  [GW_BYTES] = "base64 text",
        [GW_UINT32] = "a uint32",      [GW_ENUM] = "an enum value", [GW_SFIXED32] = "an sfixed32",
        [GW_SFIXED64] = "an sfixed64", [GW_SINT32] = "an sint32",   [GW_SINT64] = "an sint64",
    };
    return articles[type];
}

int gw_shown_len(struct base_str text)
{
    size_t len = text.len < GW_SHOWN_BYTES_MAX ? text.len : GW_SHOWN_BYTES_MAX;
    const char *nul = len == 0 ? NULL : memchr(text.data, '\0', len); /* where "%.*s" ends */
    len = nul == NULL ? len : (size_t)(nul - text.data);
    return (int)base_utf8_valid_len(base_str_make(text.data, len));
}

bool gw_scalar_refuse(enum gw_type type, enum gw_scalar_status status, struct base_str text,
                      struct base_err *err)
{
    int len = gw_shown_len(text);
    const char *more = (size_t)len < text.len ? "..." : "";
    const char *what = gw_type_article(type);
    if (status == GW_SCALAR_OUT_OF_RANGE) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "expected %s, %.*s%s is out of its range",
                            what, len, text.data, more);
    }
    if (status == GW_SCALAR_NOT_WHOLE) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "expected %s, %.*s%s is not a whole number",
                            what, len, text.data, more);
    }
    return base_err_set(err, BASE_INVALID_ARGUMENT, "expected %s, found \"%.*s%s\"", what, len,
                        text.data, more);
}
