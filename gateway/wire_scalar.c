/* Scalars as JSON: numbers (64-bit ones in quotes), booleans, enum names, base64. */
#include "base/base64.h"
#include "gateway/wire_to_json.h"

static bool write_enum(struct gw_writer *writer, const struct gw_enum *enumeration, int32_t number)
{
    if (enumeration->is_null_value && number == 0) {
        return gw_writer_text(writer, BASE_STR("null"));
    }
    const struct gw_enum_value *value =
        writer->options->print_enum_numbers ? NULL : gw_enum_by_number(enumeration, number);
    if (value == NULL) {
        if (!gw_writer_reserve(writer, GW_NUMBER_BYTES_MAX)) {
            return false;
        }
        char *end = gw_put_signed(base_buf_end(writer->out), number);
        writer->out->len = (size_t)(end - writer->out->data);
        return true;
    }
    if (!gw_writer_reserve(writer, value->json.len + GW_COPY_BLOCK)) {
        return false;
    }
    gw_put_ready(base_buf_end(writer->out), value->json);
    writer->out->len += value->json.len;
    return true;
}

static int64_t unzigzag(uint64_t bits)
{
    return (int64_t)(bits >> 1 ^ (0 - (bits & 1)));
}

/* 64 bits go in quotes, so that no reader rounds them, unless `bare` and within what it keeps. */
static char *put_signed_64(char *out, int64_t value, bool bare)
{
    if (bare && value >= -GW_EXACT_INTEGER_MAX && value <= GW_EXACT_INTEGER_MAX) {
        return gw_put_signed(out, value);
    }
    *out++ = '"';
    out = gw_put_signed(out, value);
    *out++ = '"';
    return out;
}

static char *put_unsigned_64(char *out, uint64_t value, bool bare)
{
    if (bare && value <= (uint64_t)GW_EXACT_INTEGER_MAX) {
        return gw_put_unsigned(out, value);
    }
    *out++ = '"';
    out = gw_put_unsigned(out, value);
    *out++ = '"';
    return out;
}

static char *put_bool(char *out, bool value)
{
    memcpy(out, value ? "true " : "false", 5);
    return out + (value ? 4 : 5);
}

static char *put_real(char *out, enum gw_type type, uint64_t bits)
{
    if (type == GW_DOUBLE) {
        double value;
        memcpy(&value, &bits, sizeof value);
        return gw_put_double(out, value);
    }
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return gw_put_float(out, value);
}

/* The varint of a 32-bit type counts by its low 32 bits. */
static char *put_number(char *out, enum gw_type type, uint64_t bits, bool bare_64)
{
    switch (type) {
    case GW_INT64:
    case GW_SFIXED64:
        return put_signed_64(out, (int64_t)bits, bare_64);
    case GW_UINT64:
    case GW_FIXED64:
        return put_unsigned_64(out, bits, bare_64);
    case GW_SINT64:
        return put_signed_64(out, unzigzag(bits), bare_64);
    case GW_INT32:
    case GW_SFIXED32:
        return gw_put_signed(out, (int32_t)bits);
    case GW_SINT32:
        return gw_put_signed(out, (int32_t)unzigzag((uint32_t)bits));
    case GW_UINT32:
    case GW_FIXED32:
        return gw_put_unsigned(out, (uint32_t)bits);
    case GW_BOOL:
        return put_bool(out, bits != 0);
    default:
        return put_real(out, type, bits);
    }
}

bool gw_write_bits(struct gw_writer *writer, const struct gw_field *field, uint64_t bits)
{
    if (field->type == GW_ENUM) {
        return write_enum(writer, field->enumeration, (int32_t)bits);
    }
    if (!gw_writer_reserve(writer, GW_NUMBER_BYTES_MAX)) {
        return false;
    }
    char *end = put_number(base_buf_end(writer->out), field->type, bits,
                           writer->options->print_int64_numbers);
    writer->out->len = (size_t)(end - writer->out->data);
    return true;
}

bool gw_write_base64(struct gw_writer *writer, struct base_str bytes)
{
    if (!gw_writer_reserve(writer, BASE_BASE64_ENCODED_BYTES(bytes.len) + 2)) {
        return false;
    }
    char *at = base_buf_end(writer->out);
    *at++ = '"';
    at = base_base64_encode(bytes, at);
    *at++ = '"';
    writer->out->len = (size_t)(at - writer->out->data);
    return true;
}
