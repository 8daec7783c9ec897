/* Wire to JSON: what wire_to_json.c (messages and lists), wire_scalar.c, wire_map.c,
 * wire_field_to_json.c (one field alone) and wire_well_known.c share. Private.
 *
 * A message's records are first taken to stand in the order of their fields, once each, as every
 * careful serializer writes them, and go out as they come in. When that turns out to be wrong, the
 * whole conversion starts again from the bytes' normal form (wire_normal.h).
 */
#ifndef GATEWAY_WIRE_TO_JSON_H
#define GATEWAY_WIRE_TO_JSON_H

#include "gateway/json_writer.h"
#include "gateway/time_text.h"
#include "gateway/transcode.h"
#include "gateway/wire_field.h"

struct gw_writer {
    const struct gw_transcode_options *options;
    struct base_buf *out;
    struct base_err *err;
    int depth; /* of objects and arrays now open */
    struct gw_date_text date;
    bool is_normal;       /* the bytes are in their normal form */
    bool is_out_of_order; /* why it failed, where it did: start again from the normal form */
};

/* The records of one field, side by side. */
struct gw_records {
    uint32_t number;
    bool is_damaged; /* why gw_records_next gave none */
    struct gw_wire_reader reader;
};

/* Takes the next record; false at the end or when the bytes are damaged. */
static inline bool gw_records_next(struct gw_records *records, struct gw_wire_record *out_record)
{
    if (gw_wire_at_end(&records->reader)) {
        return false;
    }
    const uint8_t *before = records->reader.next;
    if (!gw_wire_next(&records->reader, out_record)) {
        records->is_damaged = true;
        return false;
    }
    if (out_record->number != records->number) {
        records->reader.next = before;
        return false;
    }
    return true;
}

/* Fails with INTERNAL: the bytes are not a message. */
bool gw_writer_damaged(struct gw_writer *writer, const struct gw_message *type);

/* Fails: the records are not in the order in which they can be written as they come. With INTERNAL
 * where they should be, being in their normal form. */
bool gw_writer_out_of_order(struct gw_writer *writer);

/* Fails with INTERNAL and the formatted reason. */
bool gw_writer_fail(struct gw_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Fails with RESOURCE_EXHAUSTED. */
bool gw_writer_full(struct gw_writer *writer);

BASE_MUST_CHECK static inline bool gw_writer_reserve(struct gw_writer *writer, size_t bytes)
{
    return base_buf_reserve(writer->out, bytes) || gw_writer_full(writer);
}

/* Appends one byte. */
BASE_MUST_CHECK static inline bool gw_writer_char(struct gw_writer *writer, char c)
{
    if (!gw_writer_reserve(writer, 1)) {
        return false;
    }
    writer->out->data[writer->out->len++] = c;
    return true;
}

/* Fails with INTERNAL: GW_NESTING_MAX is reached. */
bool gw_writer_too_deep(struct gw_writer *writer);

/* Appends an opening bracket. */
BASE_MUST_CHECK static inline bool gw_writer_open(struct gw_writer *writer, char bracket)
{
    if (writer->depth == GW_NESTING_MAX) {
        return gw_writer_too_deep(writer);
    }
    writer->depth++;
    return gw_writer_char(writer, bracket);
}

/* Appends the closing bracket, in place of the last comma. */
BASE_MUST_CHECK static inline bool gw_writer_close(struct gw_writer *writer, char bracket)
{
    struct base_buf *out = writer->out;
    writer->depth--;
    if (out->data[out->len - 1] == ',') {
        out->data[out->len - 1] = bracket;
        return true;
    }
    return gw_writer_char(writer, bracket);
}

/* Appends `text`. */
bool gw_writer_text(struct gw_writer *writer, struct base_str text) BASE_MUST_CHECK;

/* Appends a string in quotes; `owner` is named where it is not UTF-8. */
bool gw_writer_quoted(struct gw_writer *writer, struct base_str text,
                      const struct gw_field *owner) BASE_MUST_CHECK;

/* A member's key as the options want it. */
static inline struct base_str gw_writer_key_of(const struct gw_writer *writer,
                                               const struct gw_field *field)
{
    return writer->options->print_proto_names ? field->proto_key : field->json_key;
}

/* Appends a member's key. */
BASE_MUST_CHECK static inline bool gw_writer_key(struct gw_writer *writer,
                                                 const struct gw_field *field)
{
    struct base_str key = gw_writer_key_of(writer, field);
    if (!gw_writer_reserve(writer, key.len + GW_COPY_BLOCK)) {
        return false;
    }
    gw_put_ready(base_buf_end(writer->out), key);
    writer->out->len += key.len;
    return true;
}

/* Appends the value of a scalar that has bits. */
bool gw_write_bits(struct gw_writer *writer, const struct gw_field *field,
                   uint64_t bits) BASE_MUST_CHECK;

/* Appends bytes as base64 in quotes. */
bool gw_write_base64(struct gw_writer *writer, struct base_str bytes) BASE_MUST_CHECK;

/* Appends one value: a singular field's, an element's, a map value's. The record fits. */
bool gw_write_value(struct gw_writer *writer, const struct gw_field *field,
                    const struct gw_wire_record *record) BASE_MUST_CHECK;

/* Appends what JSON shows for a field that is not set: a zero, "", [], {}; a message with nothing
 * set. */
bool gw_write_zero(struct gw_writer *writer, const struct gw_field *field) BASE_MUST_CHECK;

/* Appends a list or a map, both with brackets. out_count is the number of its elements. */
bool gw_write_list(struct gw_writer *writer, const struct gw_field *field,
                   struct gw_records *records, size_t *out_count) BASE_MUST_CHECK;
bool gw_write_map(struct gw_writer *writer, const struct gw_field *field,
                  struct gw_records *records, size_t *out_count) BASE_MUST_CHECK;

/* Appends a message of any type. */
bool gw_write_message(struct gw_writer *writer, const struct gw_message *type,
                      struct base_str wire) BASE_MUST_CHECK;

/* Appends the members of a plain message, a comma behind each. */
bool gw_write_members(struct gw_writer *writer, const struct gw_message *type,
                      struct base_str wire) BASE_MUST_CHECK;

/* Appends the value of one field out of its message's bytes, its default when it is not set. */
bool gw_write_field_alone(struct gw_writer *writer, const struct gw_field *field,
                          struct base_str wire) BASE_MUST_CHECK;

/* Appends a field that is not set as a member, if the options want it printed. */
bool gw_write_unset(struct gw_writer *writer, const struct gw_field *field) BASE_MUST_CHECK;

/* Appends a field of type Timestamp or Duration as a whole member, a comma behind it. */
bool gw_write_time_member(struct gw_writer *writer, const struct gw_field *field,
                          struct base_str wire) BASE_MUST_CHECK;

/* Appends a message of a well-known type. */
bool gw_write_well_known(struct gw_writer *writer, const struct gw_message *type,
                         struct base_str wire) BASE_MUST_CHECK;

#endif
