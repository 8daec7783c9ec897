/* Wire to JSON: what wire_to_json.c (messages and lists), wire_scalar.c, wire_map.c,
 * wire_field_to_json.c (one field alone), wire_well_known.c and wire_writer.c share. Private.
 *
 * A message's records are first taken to stand in the order of their fields, once each, as every
 * careful serializer writes them, and go out as they come in. When that turns out to be wrong, the
 * whole conversion starts again from the bytes' normal form (wire_normal.h).
 *
 * What writes takes where the next byte goes and returns the place behind what it wrote, or NULL
 * when it failed, with the error set: so the place stays in a register. Every value is written with
 * a comma behind it; closing a bracket takes the last one back, and so does the end.
 */
#ifndef GATEWAY_WIRE_TO_JSON_H
#define GATEWAY_WIRE_TO_JSON_H

#include "gateway/json_copy.h"
#include "gateway/json_writer.h"
#include "gateway/time_text.h"
#include "gateway/transcode.h"
#include "gateway/wire_field.h"

struct gw_writer {
    const struct gw_transcode_options *options;
    struct base_buf *out; /* its length is out of date while something is written */
    const char *limit;    /* the end of the room in `out` */
    const char *wire_end; /* of all the bytes that are read: blocks may reach up to here */
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
    struct base_wire_reader reader;
};

/* Takes the next record; false at the end or when the bytes are damaged. */
static inline bool gw_records_next(struct gw_records *records, struct base_wire_record *out_record)
{
    if (base_wire_at_end(&records->reader)) {
        return false;
    }
    const uint8_t *before = records->reader.next;
    if (!base_wire_next(&records->reader, out_record)) {
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
BASE_SELDOM char *gw_writer_damaged(struct gw_writer *writer, const struct gw_message *type);

/* Fails: the records are not in the order in which they can be written as they come. With INTERNAL
 * where they should be, being in their normal form. */
BASE_SELDOM char *gw_writer_out_of_order(struct gw_writer *writer);

/* Fails with INTERNAL and the formatted reason. */
BASE_SELDOM char *gw_writer_fail(struct gw_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Fails with RESOURCE_EXHAUSTED: the buffer's maximum is reached. */
BASE_SELDOM char *gw_writer_full(struct gw_writer *writer);

/* Begins to write `wire` behind what the buffer holds; returns where. */
char *gw_writer_start(struct gw_writer *writer, struct base_str wire) BASE_MUST_CHECK;

/* Tells the buffer how far it has been written. */
void gw_writer_hand_over(struct gw_writer *writer, const char *at);

/* Longer half of gw_writer_room. */
BASE_SELDOM char *gw_writer_grow(struct gw_writer *writer, char *at, size_t bytes) BASE_MUST_CHECK;

/* Makes room for `bytes` more; returns where `at` is now. RESOURCE_EXHAUSTED past the maximum. */
BASE_MUST_CHECK static inline char *gw_writer_room(struct gw_writer *writer, char *at, size_t bytes)
{
    return bytes <= (size_t)(writer->limit - at) ? at : gw_writer_grow(writer, at, bytes);
}

/* Fails with INTERNAL: GW_NESTING_MAX is reached. */
BASE_SELDOM char *gw_writer_too_deep(struct gw_writer *writer);

/* An opening bracket. */
BASE_MUST_CHECK static inline char *gw_writer_open(struct gw_writer *writer, char *at, char bracket)
{
    if (writer->depth == GW_NESTING_MAX) {
        return gw_writer_too_deep(writer);
    }
    writer->depth++;
    at = gw_writer_room(writer, at, 1);
    if (at != NULL) {
        *at++ = bracket;
    }
    return at;
}

/* The closing bracket, in place of the last comma, and one behind it. */
BASE_MUST_CHECK static inline char *gw_writer_close(struct gw_writer *writer, char *at,
                                                    char bracket)
{
    writer->depth--;
    at = gw_writer_room(writer, at, 2);
    if (at != NULL) {
        at -= at[-1] == ',';
        *at++ = bracket;
        *at++ = ',';
    }
    return at;
}

/* `text` as it is. */
char *gw_writer_text(struct gw_writer *writer, char *at, struct base_str text) BASE_MUST_CHECK;

/* What stands around a string: quotes, and the comma behind it. */
#define GW_QUOTED_EXTRA 3

/* A string as a value; `owner` is named where it is not UTF-8. */
char *gw_writer_quoted(struct gw_writer *writer, char *at, struct base_str text,
                       const struct gw_field *owner) BASE_MUST_CHECK;

/* The rest of a string, from a byte on that is not plain, and room for what ends it. */
char *gw_writer_rest(struct gw_writer *writer, char *at, struct base_str rest,
                     const struct gw_field *owner) BASE_MUST_CHECK;

/* As gw_writer_quoted where there is room for the text and GW_QUOTED_EXTRA. Bytes may be read up to
 * `readable`, its end or past it. */
BASE_MUST_CHECK static inline char *gw_writer_put_quoted(struct gw_writer *writer, char *at,
                                                         struct base_str text, const char *readable,
                                                         const struct gw_field *owner)
{
    *at++ = '"';
    size_t done = gw_copy_plain(at, text, readable);
    at += done;
    if (done < text.len) {
        at = gw_writer_rest(writer, at, base_str_make(text.data + done, text.len - done), owner);
        if (at == NULL) {
            return NULL;
        }
    }
    *at++ = '"';
    *at++ = ',';
    return at;
}

/* A member's name, as the options want it, with quotes and a colon. */
static inline struct base_str gw_writer_key_of(const struct gw_writer *writer,
                                               const struct gw_field *field)
{
    return writer->options->print_proto_names ? field->proto_key : field->json_key;
}

/* That name. */
BASE_MUST_CHECK static inline char *gw_writer_key(struct gw_writer *writer, char *at,
                                                  const struct gw_field *field)
{
    struct base_str key = gw_writer_key_of(writer, field);
    at = gw_writer_room(writer, at, key.len);
    return at == NULL ? NULL : gw_put_ready(at, key);
}

/* The value of a scalar that has bits. */
char *gw_write_bits(struct gw_writer *writer, char *at, const struct gw_field *field,
                    uint64_t bits) BASE_MUST_CHECK;

/* Bytes as base64 in quotes. */
char *gw_write_base64(struct gw_writer *writer, char *at, struct base_str bytes) BASE_MUST_CHECK;

/* One value: a singular field's, an element's, a map value's. The record fits. */
char *gw_write_value(struct gw_writer *writer, char *at, const struct gw_field *field,
                     const struct base_wire_record *record) BASE_MUST_CHECK;

/* What JSON shows for a field that is not set: a zero, "", [], {}; an enum's first value; a message
 * with nothing set. */
char *gw_write_zero(struct gw_writer *writer, char *at,
                    const struct gw_field *field) BASE_MUST_CHECK;

/* A list or a map, both with brackets. */
char *gw_write_list(struct gw_writer *writer, char *at, const struct gw_field *field,
                    struct gw_records *records) BASE_MUST_CHECK;
char *gw_write_map(struct gw_writer *writer, char *at, const struct gw_field *field,
                   struct gw_records *records) BASE_MUST_CHECK;

/* The value of one field out of its message's bytes, its default when it is not set. */
char *gw_write_field_alone(struct gw_writer *writer, char *at, const struct gw_field *field,
                           struct base_str wire) BASE_MUST_CHECK;

/* The members of a plain message. */
char *gw_write_members(struct gw_writer *writer, char *at, const struct gw_message *type,
                       struct base_str wire) BASE_MUST_CHECK;

/* A plain message. */
char *gw_write_plain_message(struct gw_writer *writer, char *at, const struct gw_message *type,
                             struct base_str wire) BASE_MUST_CHECK;

/* What writes a message of each kind. */
extern char *(*const gw_message_writers[])(struct gw_writer *writer, char *at,
                                           const struct gw_message *type, struct base_str wire);

/* A message of any type. */
BASE_MUST_CHECK static inline char *gw_write_message(struct gw_writer *writer, char *at,
                                                     const struct gw_message *type,
                                                     struct base_str wire)
{
    return gw_message_writers[type->well_known](writer, at, type, wire);
}

#endif
