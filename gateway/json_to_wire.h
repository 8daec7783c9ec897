/* JSON to wire: what the files that read JSON as messages share. Private.
 *
 *   json_to_wire.c     the two entries; fields and lists
 *   json_members.c     objects as messages
 *   json_map.c         objects as maps
 *   json_scalar.c      numbers, enums, strings and base64
 *   json_well_known.c  the types that ProtoJSON writes in their own ways
 *   json_payload.c     lengths that are known only at the end
 *
 * Each function reads one JSON value at the reader's place and appends wire bytes to its output.
 */
#ifndef GATEWAY_JSON_TO_WIRE_H
#define GATEWAY_JSON_TO_WIRE_H

#include "gateway/json_reader.h"

/* A length-delimited payload being written: its length is not known before its end, so room for a
 * guess is left and the payload moves only when the guess was wrong. */
struct gw_payload {
    size_t at;    /* where it starts */
    size_t guess; /* bytes left for its length */
};

/* Appends `tag` and opens a payload behind it. */
bool gw_payload_open(struct gw_reader *reader, const uint8_t *tag, size_t tag_len, size_t guess,
                     struct gw_payload *out_payload) BASE_MUST_CHECK;

/* Stores the payload's length; out_guess, where not NULL, is set to the bytes that took. */
bool gw_payload_close(struct gw_reader *reader, struct gw_payload payload,
                      size_t *out_guess) BASE_MUST_CHECK;

/* Appends tag, length and `text`, which may stand in the output's spare room. */
bool gw_put_text(struct gw_reader *reader, const uint8_t *tag, size_t tag_len,
                 struct base_str text) BASE_MUST_CHECK;

/* Fails with what gw_scalar_refuse says of `text`. */
bool gw_reader_refuse(struct gw_reader *reader, const char *at, enum gw_type type,
                      enum gw_scalar_status status, struct base_str text);

/* Read the bits of a scalar by its kind. out_skipped is set, and nothing read but the value, for an
 * unknown enum name that is ignored. */
bool gw_read_bool_bits(struct gw_reader *reader, uint64_t *out_bits) BASE_MUST_CHECK;
bool gw_read_enum_bits(struct gw_reader *reader, const struct gw_enum *type, uint64_t *out_bits,
                       bool *out_skipped) BASE_MUST_CHECK;
bool gw_read_number_bits(struct gw_reader *reader, enum gw_type type,
                         uint64_t *out_bits) BASE_MUST_CHECK;

/* Reads the bits of any scalar that has them. */
BASE_MUST_CHECK static inline bool gw_read_bits(struct gw_reader *reader,
                                                const struct gw_field *field, uint64_t *out_bits,
                                                bool *out_skipped)
{
    switch (field->type) {
    case GW_BOOL:
        return gw_read_bool_bits(reader, out_bits);
    case GW_ENUM:
        return gw_read_enum_bits(reader, field->enumeration, out_bits, out_skipped);
    default:
        return gw_read_number_bits(reader, field->type, out_bits);
    }
}

/* Appends the field's tag and the bits. */
bool gw_reader_put_bits(struct gw_reader *reader, const struct gw_field *field,
                        uint64_t bits) BASE_MUST_CHECK;

/* Reads a string or base64 and appends it with its tag, an empty one only if kept. */
bool gw_read_text(struct gw_reader *reader, const struct gw_field *field,
                  bool keep_empty) BASE_MUST_CHECK;

/* Reads a value as a message of `type`, well known or not: what stands inside its length. */
bool gw_read_message(struct gw_reader *reader, const struct gw_message *type) BASE_MUST_CHECK;

/* Reads a value as a message of a well-known type. */
bool gw_read_well_known(struct gw_reader *reader, const struct gw_message *type) BASE_MUST_CHECK;

/* Reads an object as the members of a plain message; in_any: "@type" is passed over. */
bool gw_read_members(struct gw_reader *reader, const struct gw_message *type,
                     bool in_any) BASE_MUST_CHECK;

/* Whether null is a value of the field and does not stand for none. */
bool gw_field_takes_null(const struct gw_field *field);

/* Reads an object as the entries of a map field. */
bool gw_read_map(struct gw_reader *reader, const struct gw_field *field) BASE_MUST_CHECK;

/* Reads the value of a field: a map's object, a list's array or one value, which is not null unless
 * that is a value. */
bool gw_read_field(struct gw_reader *reader, const struct gw_field *field) BASE_MUST_CHECK;

/* Reads the value of a field as an element: with its tag, whether it is the default or not. A value
 * to be left out (an unknown enum name that is ignored) writes nothing and sets out_skipped. */
bool gw_read_element(struct gw_reader *reader, const struct gw_field *field,
                     bool *out_skipped) BASE_MUST_CHECK;

#endif
