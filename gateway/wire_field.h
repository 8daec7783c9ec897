/* Wire field: how the records of the wire stand to the fields that a descriptor declares.
 *
 * A record whose wire type is not its field's, or whose value a closed enum lacks, counts as
 * unknown, as the specification has it. Pure; any thread.
 *
 * A MessageSet (option message_set_wire_format) writes each of its extensions, all of them
 * messages, as an item: group 1 with the extension's number as field 2 and the message as field 3.
 * Extensions in the common form are read there, too.
 */
#ifndef GATEWAY_WIRE_FIELD_H
#define GATEWAY_WIRE_FIELD_H

#include "base/wire.h"
#include "gateway/schema.h"

/* The largest number of an extension in a MessageSet. */
#define GW_ITEM_NUMBER_MAX INT32_MAX

/* The tag that ends an item of a MessageSet. */
#define GW_ITEM_END_TAG (1 << 3 | BASE_WIRE_END_GROUP)

/* Stores what stands before the length of an extension's message in an item; returns the end. */
uint8_t *gw_wire_put_item_tag(uint8_t *out, uint32_t number);

/* Longer half of gw_record_open_item. */
void gw_record_open_item_slow(struct base_wire_record *record);

/* Of a MessageSet, makes of a record that is an item the extension it stands for; `whole` stays. */
static inline void gw_record_open_item(const struct gw_message *type,
                                       struct base_wire_record *record)
{
    if (type->is_message_set) {
        gw_record_open_item_slow(record);
    }
}

/* The wire type of one value of `type`, outside a packed list. */
enum base_wire_type gw_wire_type_of(enum gw_type type);

/* What readers make of an element's bits: of a varint too wide for its type the low bits count, and
 * any bool but 0 is 1. */
uint64_t gw_bits_normal(enum gw_type type, uint64_t bits);

/* Whether a closed enum lacks the value. */
bool gw_bits_are_foreign(const struct gw_field *field, uint64_t bits);

/* Longer half of gw_record_fits. */
bool gw_record_fits_slow(const struct gw_field *field, const struct base_wire_record *record);

/* Whether a record can be the field, an element of it or a packed run of elements. */
static inline bool gw_record_fits(const struct gw_field *field,
                                  const struct base_wire_record *record)
{
    bool is_long = field->type == GW_MESSAGE || field->type == GW_STRING;
    return (is_long && record->type == BASE_WIRE_LEN) || gw_record_fits_slow(field, record);
}

/* Whether a record that fits is a packed run. */
static inline bool gw_record_is_packed(const struct gw_field *field,
                                       const struct base_wire_record *record)
{
    return record->type == BASE_WIRE_LEN && field->type != GW_MESSAGE &&
           gw_wire_type_of(field->type) != BASE_WIRE_LEN;
}

/* Longer half of gw_record_is_zero, of a field without presence. */
bool gw_record_is_zero_slow(const struct gw_field *field, const struct base_wire_record *record);

/* Whether the record says what not being there says: zero, of a field without presence. */
static inline bool gw_record_is_zero(const struct gw_field *field,
                                     const struct base_wire_record *record)
{
    return !field->has_presence && !field->is_repeated && gw_record_is_zero_slow(field, record);
}

/* Reads the next element of a packed run; false when the bytes are damaged. Not at the end. */
bool gw_wire_next_packed(struct base_wire_reader *reader, enum gw_type type,
                         uint64_t *out_bits) BASE_MUST_CHECK;

#endif
