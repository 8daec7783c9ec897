/* Scalars as JSON: numbers (64-bit ones in quotes), booleans, enum names, base64. */
#include "base/base64.h"
#include "gateway/wire_to_json.h"

static char *write_enum(struct gw_writer *writer, char *at, const struct gw_enum *enumeration,
                        int32_t number)
{
    if (enumeration->is_null_value && number == 0) {
        return gw_writer_text(writer, at, BASE_STR("null,"));
    }
    const struct gw_enum_value *value =
        writer->options->print_enum_numbers ? NULL : gw_enum_by_number(enumeration, number);
    size_t room = value == NULL ? GW_NUMBER_BYTES_MAX : value->json.len;
    at = gw_writer_room(writer, at, room + 1);
    if (at == NULL) {
        return NULL;
    }
    at = value == NULL ? gw_put_signed(at, number) : gw_put_ready(at, value->json);
    *at++ = ',';
    return at;
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

char *gw_write_bits(struct gw_writer *writer, char *at, const struct gw_field *field, uint64_t bits)
{
    if (field->type == GW_ENUM) {
        return write_enum(writer, at, field->enumeration, (int32_t)bits);
    }
    at = gw_writer_room(writer, at, GW_NUMBER_BYTES_MAX + 1);
    if (at == NULL) {
        return NULL;
    }
    at = put_number(at, field->type, bits, writer->options->print_int64_numbers);
    *at++ = ',';
    return at;
}

char *gw_write_base64(struct gw_writer *writer, char *at, struct base_str bytes)
{
    at = gw_writer_room(writer, at, BASE_BASE64_ENCODED_BYTES(bytes.len) + 3);
    if (at == NULL) {
        return NULL;
    }
    *at++ = '"';
    at = base_base64_encode(bytes, at);
    *at++ = '"';
    *at++ = ',';
    return at;
}
