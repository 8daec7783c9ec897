/* Scalars of JSON: numbers bare or in quotes, booleans, enums, strings and base64. */
#include "base/base64.h"
#include "gateway/json_to_wire.h"

/* A tag and a varint or a fixed payload. */
#define SCALAR_BYTES_MAX (5 + BASE_VARINT_BYTES_MAX)

/* Digits that cannot overflow 64 bits. */
#define SAFE_DIGITS 19

bool gw_reader_refuse(struct gw_reader *reader, const char *at, enum gw_type type,
                      enum gw_scalar_status status, struct base_str text)
{
    gw_scalar_refuse(type, status, text, reader->err);
    return gw_reader_locate(reader, at);
}

/* A number without an exponent, whose digits fit 64 bits: most numbers. */
struct plain_number {
    uint64_t magnitude;
    int fraction_digits;
    bool is_negative;
};

/* Reads a plain number and what it is worth in one pass; false, with nothing read,
 * when it is none. */
static bool read_plain_number(struct gw_reader *reader, struct plain_number *out)
{
    const char *next = reader->next;
    const char *end = reader->end;
    *out = (struct plain_number){.is_negative = *next == '-'};
    next += out->is_negative;
    const char *first = next;
    next = gw_scan_digits(first, end, &out->magnitude);
    ptrdiff_t digits = next - first;
    bool is_number = digits == 1 || (digits > 1 && *first != '0');
    if (next < end && *next == '.') {
        const char *fraction = next + 1;
        next = gw_scan_digits(fraction, end, &out->magnitude);
        digits += next - fraction;
        is_number &= next > fraction;
        out->fraction_digits = (int)(next - fraction);
    }
    if (!is_number || digits > SAFE_DIGITS || next == end || (*next | 0x20) == 'e') {
        return false;
    }
    reader->next = next;
    return true;
}

/* The bits of a plain number; false when only its text can tell, or tells why not. */
static bool plain_bits(enum gw_type type, const struct plain_number *number, uint64_t *out_bits)
{
    if (type == GW_DOUBLE || type == GW_FLOAT) {
        struct gw_decimal decimal = {number->magnitude, -number->fraction_digits};
        return gw_scalar_decimal(type, number->is_negative, decimal, out_bits);
    }
    return number->fraction_digits == 0 &&
           gw_scalar_whole(type, number->is_negative, number->magnitude, out_bits) == GW_SCALAR_OK;
}

/* An integer or a real that stands bare. */
static enum gw_scalar_status bare_bits(enum gw_type type, struct base_str text, uint64_t *out_bits)
{
    return type == GW_DOUBLE || type == GW_FLOAT ? gw_scalar_real(type, text, out_bits)
                                                 : gw_scalar_integer(type, text, out_bits);
}

/* An integer or a real in quotes. */
static enum gw_scalar_status quoted_bits(enum gw_type type, struct base_str text,
                                         uint64_t *out_bits)
{
    return type == GW_DOUBLE || type == GW_FLOAT ? gw_scalar_quoted_real(type, text, out_bits)
                                                 : gw_scalar_integer(type, text, out_bits);
}

/* An integer or a real, bare or in quotes. */
bool gw_read_number_bits(struct gw_reader *reader, enum gw_type type, uint64_t *out_bits)
{
    const char *at = reader->next;
    char c = gw_reader_peek(reader);
    bool is_quoted = c == '"';
    if (!is_quoted && c != '-' && (c < '0' || c > '9')) {
        return gw_reader_expected(reader, gw_type_article(type));
    }
    struct plain_number number;
    if (!is_quoted && read_plain_number(reader, &number)) {
        if (plain_bits(type, &number, out_bits)) {
            return true;
        }
        reader->next = at;
    }
    struct base_str text;
    if (!(is_quoted ? gw_reader_string(reader, &text) : gw_reader_number(reader, &text))) {
        return false;
    }
    enum gw_scalar_status status =
        is_quoted ? quoted_bits(type, text, out_bits) : bare_bits(type, text, out_bits);
    return status == GW_SCALAR_OK || gw_reader_refuse(reader, at, type, status, text);
}

bool gw_read_bool_bits(struct gw_reader *reader, uint64_t *out_bits)
{
    char c = gw_reader_peek(reader);
    *out_bits = c == 't';
    return c == 't'   ? gw_reader_word(reader, "true")
           : c == 'f' ? gw_reader_word(reader, "false")
                      : gw_reader_expected(reader, "true or false");
}

/* A name, a number or, of NullValue, null. */
bool gw_read_enum_bits(struct gw_reader *reader, const struct gw_enum *enumeration,
                       uint64_t *out_bits, bool *out_skipped)
{
    const char *at = reader->next;
    char c = gw_reader_peek(reader);
    if (c == 'n' && enumeration->is_null_value) {
        *out_bits = 0;
        return gw_reader_word(reader, "null");
    }
    if (c == '"') {
        struct base_str name;
        if (!gw_reader_string(reader, &name)) {
            return false;
        }
        const struct gw_enum_value *value = gw_enum_by_name(enumeration, name);
        if (value == NULL && reader->options->ignore_unknown_fields) {
            *out_skipped = true;
            return true;
        }
        if (value == NULL) {
            int len = gw_shown_len(name);
            return gw_reader_fail(reader, at, "expected a value of %.*s, found \"%.*s%s\"",
                                  BASE_STR_ARGS(enumeration->full_name), len, name.data,
                                  (size_t)len < name.len ? "..." : "");
        }
        *out_bits = (uint64_t)(int64_t)value->number;
        return true;
    }
    if (c != '-' && (c < '0' || c > '9')) {
        return gw_reader_expected(reader, "an enum value's name or number");
    }
    if (!gw_read_number_bits(reader, GW_INT32, out_bits)) {
        return false;
    }
    if (enumeration->is_closed && gw_enum_by_number(enumeration, (int32_t)*out_bits) == NULL) {
        return gw_reader_fail(reader, at, "expected a value of %.*s, found %d",
                              BASE_STR_ARGS(enumeration->full_name), (int32_t)*out_bits);
    }
    return true;
}

bool gw_reader_put_bits(struct gw_reader *reader, const struct gw_field *field, uint64_t bits)
{
    if (!gw_reader_reserve(reader, SCALAR_BYTES_MAX)) {
        return false;
    }
    uint8_t *start = (uint8_t *)base_buf_end(reader->out);
    memcpy(start, field->tag, sizeof field->tag);
    uint8_t *end = gw_put_bits(start + field->tag_len, field->type, bits);
    reader->out->len += (size_t)(end - start);
    return true;
}

bool gw_read_text(struct gw_reader *reader, const struct gw_field *field, bool keep_empty)
{
    const char *at = reader->next;
    struct base_str text;
    if (!gw_reader_string(reader, &text)) {
        return false;
    }
    if (text.len == 0 && !keep_empty) {
        return true;
    }
    if (field->type == GW_STRING) {
        return gw_put_text(reader, field->tag, field->tag_len, text);
    }
    /* Decoded into the spare room: over the text itself if it stands there, else behind the gap. */
    size_t room = BASE_BASE64_DECODED_BYTES_MAX(text.len);
    if (!base_buf_reserve_around(reader->out, GW_SCRATCH_GAP + room, &text)) {
        return gw_reader_full(reader);
    }
    char *decoded = base_buf_end(reader->out) + GW_SCRATCH_GAP;
    size_t len;
    if (!base_base64_decode(text, decoded, &len)) {
        return gw_reader_refuse(reader, at, GW_BYTES, GW_SCALAR_MALFORMED, text);
    }
    return gw_put_text(reader, field->tag, field->tag_len, base_str_make(decoded, len));
}
