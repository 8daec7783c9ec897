/* Transcode: ProtoJSON to protobuf wire bytes and back, straight, with no tree in between.
 *
 * The mapping is https://protobuf.dev/programming-guides/json, read strictly: unknown fields,
 * duplicate keys, invalid UTF-8 and trailing bytes are refused. Pure functions over bytes and
 * descriptor tables. Any thread.
 *
 * Of proto2: extensions are members named "[full.name]", those of a MessageSet, too; a required
 * field must be there in JSON that is read, and may lack in wire bytes that are written; a value
 * that a closed enum lacks counts as unknown.
 *
 * Nothing is allocated beyond the output buffer, save for what is out of the ordinary: maps of more
 * than 16 keys that do not come in rising order, and wire bytes that are not in the order of their
 * fields or whose singular messages come in pieces.
 *
 * Errors are INVALID_ARGUMENT for what the client sent, and say where (byte offset, field path),
 * what was expected and what came: body at byte 17, note.title: expected a string, found a number
 * RESOURCE_EXHAUSTED means that the output buffer's maximum was reached.
 */
#ifndef GATEWAY_TRANSCODE_H
#define GATEWAY_TRANSCODE_H

#include "base/buf.h"
#include "gateway/json_indent.h"
#include "gateway/schema.h"

/* Objects and arrays inside each other, and messages inside messages. */
#define GW_NESTING_MAX 100

/* Bytes of a JSON text that are passed over, in all, in search of the "@type" of an Any, which
 * belongs in front of what it tells how to read. An Any in an Any passes over the same bytes again.
 */
#define GW_ANY_SEARCH_BYTES_MAX (size_t)(16 * 1024 * 1024)

/* The largest integer, either side of zero, up to which a double tells each from the next. */
#define GW_EXACT_INTEGER_MAX (INT64_C(1) << 53)

struct gw_transcode_options {
    const struct gw_schema *schema; /* where the types of google.protobuf.Any are found */

    bool ignore_unknown_fields; /* reading JSON: pass over names the message does not have, and enum
                                   names the enum does not have, instead of refusing them */
    bool print_defaults;        /* writing JSON: fields without presence appear when unset, too */
    bool print_proto_names;     /* writing JSON: note_id instead of noteId */
    bool print_enum_numbers;    /* writing JSON: numbers instead of names */
    bool print_int64_numbers;   /* writing JSON: integers of 64 bits as numbers where every reader
                                   keeps them exact, up to GW_EXACT_INTEGER_MAX; others in quotes */
    int indent;                 /* writing JSON: spaces a level, up to GW_INDENT_MAX; 0: one line */
};

/* Reads one JSON value, the whole of `json`, as a message of `type`; appends the message's wire
 * bytes. */
bool gw_json_to_wire(const struct gw_message *type, struct base_str json,
                     const struct gw_transcode_options *options, struct base_buf *out,
                     struct base_err *err) BASE_MUST_CHECK;

/* Reads one JSON value as the value of `field` (a scalar, a message, an array, a map's object);
 * appends it with its tag or tags, as it stands inside its parent. null leaves the field unset. */
bool gw_json_to_wire_field(const struct gw_field *field, struct base_str json,
                           const struct gw_transcode_options *options, struct base_buf *out,
                           struct base_err *err) BASE_MUST_CHECK;

/* Reads text, as it stands decoded in a path or a query, as one value of `field` (an element where
 * it is repeated) and appends it with its tag: numbers, true and false, strings, bytes in base64 of
 * either alphabet, enums by name or number, and the messages that ProtoJSON writes as a string or a
 * scalar (Timestamp, Duration, FieldMask, wrappers). Other messages: INVALID_ARGUMENT. The error
 * names the type but not the place; the caller prepends it. */
bool gw_text_to_wire_field(const struct gw_field *field, struct base_str text,
                           const struct gw_transcode_options *options, struct base_buf *out,
                           struct base_err *err) BASE_MUST_CHECK;

/* Writes the message whose wire bytes are `wire` as one JSON value. INTERNAL when the bytes are
 * damaged. */
bool gw_wire_to_json(const struct gw_message *type, struct base_str wire,
                     const struct gw_transcode_options *options, struct base_buf *out,
                     struct base_err *err) BASE_MUST_CHECK;

/* Writes only the value of `field` out of its parent's wire bytes; an unset field is written as its
 * default, an unset message as null. */
bool gw_wire_field_to_json(const struct gw_field *field, struct base_str wire,
                           const struct gw_transcode_options *options, struct base_buf *out,
                           struct base_err *err) BASE_MUST_CHECK;

#endif
