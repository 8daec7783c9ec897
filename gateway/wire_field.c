#include "gateway/wire_field.h"

/* Of an item of a MessageSet. */
enum { ITEM_NUMBER = 1, TYPE_ID_NUMBER = 2, MESSAGE_NUMBER = 3 };

uint8_t *gw_wire_put_item_tag(uint8_t *out, uint32_t number)
{
    *out++ = ITEM_NUMBER << 3 | BASE_WIRE_START_GROUP;
    *out++ = TYPE_ID_NUMBER << 3 | BASE_WIRE_VARINT;
    out = base_wire_put_varint(out, number);
    *out++ = MESSAGE_NUMBER << 3 | BASE_WIRE_LEN;
    return out;
}

void gw_record_open_item_slow(struct base_wire_record *record)
{
    if (record->number != ITEM_NUMBER || record->type != BASE_WIRE_START_GROUP) {
        return;
    }
    struct base_wire_reader reader = base_wire_reader_make(record->bytes);
    struct base_wire_record part;
    struct base_str message = {0};
    uint64_t number = 0;
    while (!base_wire_at_end(&reader) && base_wire_next(&reader, &part)) {
        if (part.number == TYPE_ID_NUMBER && part.type == BASE_WIRE_VARINT) {
            number = part.scalar;
        } else if (part.number == MESSAGE_NUMBER && part.type == BASE_WIRE_LEN) {
            message = part.bytes;
        }
    }
    if (number > 0 && number <= GW_ITEM_NUMBER_MAX && message.data != NULL) {
        record->number = (uint32_t)number;
        record->type = BASE_WIRE_LEN;
        record->bytes = message;
    }
}

enum base_wire_type gw_wire_type_of(enum gw_type type)
{
    static const uint8_t types[] = {
        [GW_DOUBLE] = BASE_WIRE_I64,    [GW_FLOAT] = BASE_WIRE_I32,
        [GW_INT64] = BASE_WIRE_VARINT,  [GW_UINT64] = BASE_WIRE_VARINT,
        [GW_INT32] = BASE_WIRE_VARINT,  [GW_FIXED64] = BASE_WIRE_I64,
        [GW_FIXED32] = BASE_WIRE_I32,   [GW_BOOL] = BASE_WIRE_VARINT,
        [GW_STRING] = BASE_WIRE_LEN,    [GW_GROUP] = BASE_WIRE_START_GROUP,
        [GW_MESSAGE] = BASE_WIRE_LEN,   [GW_BYTES] = BASE_WIRE_LEN,
        [GW_UINT32] = BASE_WIRE_VARINT, [GW_ENUM] = BASE_WIRE_VARINT,
        [GW_SFIXED32] = BASE_WIRE_I32,  [GW_SFIXED64] = BASE_WIRE_I64,
        [GW_SINT32] = BASE_WIRE_VARINT, [GW_SINT64] = BASE_WIRE_VARINT,
    };
    return (enum base_wire_type)types[type];
}

uint64_t gw_bits_normal(enum gw_type type, uint64_t bits)
{
    switch (type) {
    case GW_INT32:
    case GW_ENUM:
        return (uint64_t)(int64_t)(int32_t)bits;
    case GW_UINT32:
    case GW_SINT32: /* zigzag, 32 bits wide */
        return (uint32_t)bits;
    case GW_BOOL:
        return bits != 0;
    default:
        return bits;
    }
}

bool gw_bits_are_foreign(const struct gw_field *field, uint64_t bits)
{
    return field->type == GW_ENUM && field->enumeration->is_closed &&
           gw_enum_by_number(field->enumeration, (int32_t)bits) == NULL;
}

bool gw_record_fits_slow(const struct gw_field *field, const struct base_wire_record *record)
{
    enum base_wire_type own = gw_wire_type_of(field->type);
    if (record->type == own) {
        return own == BASE_WIRE_LEN || !gw_bits_are_foreign(field, record->scalar);
    }
    return record->type == BASE_WIRE_LEN && field->is_repeated && own != BASE_WIRE_START_GROUP;
}

bool gw_record_is_zero_slow(const struct gw_field *field, const struct base_wire_record *record)
{
    if (record->type == BASE_WIRE_LEN) {
        return record->bytes.len == 0;
    }
    return gw_bits_normal(field->type, record->scalar) == 0;
}

bool gw_wire_next_packed(struct base_wire_reader *reader, enum gw_type type, uint64_t *out_bits)
{
    enum base_wire_type wire_type = gw_wire_type_of(type);
    if (wire_type == BASE_WIRE_VARINT) {
        return base_wire_read_varint(reader, out_bits);
    }
    return base_wire_read_fixed(reader, wire_type == BASE_WIRE_I64 ? 8 : 4, out_bits);
}
