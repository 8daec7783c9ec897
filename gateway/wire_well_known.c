/* The well-known types. They are small, so each is read whole, in whatever order its fields come,
 * and only then written. */
#include "gateway/mask_text.h"
#include "gateway/well_known.h"
#include "gateway/wire_to_json.h"

#include <math.h>

static char *out_of_range(struct gw_writer *writer, const struct gw_message *type)
{
    return gw_writer_fail(writer, "a %.*s out of range", BASE_STR_ARGS(type->full_name));
}

#define SECONDS_TAG (1 << 3 | BASE_WIRE_VARINT)
#define NANOS_TAG (2 << 3 | BASE_WIRE_VARINT)

/* Reads the varint behind `tag` if that stands next; else leaves `value` alone. The last byte ends
 * a varint. */
static inline bool read_if(struct base_wire_reader *reader, uint8_t tag, uint64_t *value)
{
    if (base_wire_at_end(reader) || *reader->next != tag) {
        return true;
    }
    reader->next++;
    return !base_wire_at_end(reader) && base_wire_read_ended_varint(reader, value);
}

/* Reads the two fields as serializers write them, in order and alone; false when they are not. */
static inline bool read_plain_time(struct base_str wire, int64_t *out_seconds, int32_t *out_nanos)
{
    struct base_wire_reader reader = base_wire_reader_make(wire);
    uint64_t seconds = 0;
    uint64_t nanos = 0;
    if (wire.len == 0 || reader.end[-1] >= 0x80 || !read_if(&reader, SECONDS_TAG, &seconds) ||
        !read_if(&reader, NANOS_TAG, &nanos)) {
        return false;
    }
    *out_seconds = (int64_t)seconds;
    *out_nanos = (int32_t)nanos;
    return base_wire_at_end(&reader);
}

/* Reads them whatever else stands there; false when the bytes are damaged. */
static bool read_any_time(struct base_str wire, int64_t *out_seconds, int32_t *out_nanos)
{
    *out_seconds = 0;
    *out_nanos = 0;
    struct base_wire_reader reader = base_wire_reader_make(wire);
    while (!base_wire_at_end(&reader)) {
        struct base_wire_record record;
        if (!base_wire_next(&reader, &record)) {
            return false;
        }
        if (record.type == BASE_WIRE_VARINT && record.number == 1) {
            *out_seconds = (int64_t)record.scalar;
        } else if (record.type == BASE_WIRE_VARINT && record.number == 2) {
            *out_nanos = (int32_t)record.scalar;
        }
    }
    return true;
}

/* Reads a Timestamp or a Duration; false when the bytes are damaged. */
static inline bool read_time(struct base_str wire, int64_t *out_seconds, int32_t *out_nanos)
{
    return read_plain_time(wire, out_seconds, out_nanos) ||
           read_any_time(wire, out_seconds, out_nanos);
}

/* Reads a time and makes room for its text, behind the quote. */
static inline char *begin_time(struct gw_writer *writer, char *at, const struct gw_message *type,
                               struct base_str wire, int64_t *seconds, int32_t *nanos)
{
    if (!read_time(wire, seconds, nanos)) {
        return gw_writer_damaged(writer, type);
    }
    at = gw_writer_room(writer, at, GW_TIME_TEXT_SIZE + 3);
    if (at != NULL) {
        *at++ = '"';
    }
    return at;
}

/* Puts the quote and the comma behind a time, whose text is NULL when it is out of range. */
static inline char *end_time(struct gw_writer *writer, char *at, const struct gw_message *type)
{
    if (at == NULL) {
        return out_of_range(writer, type);
    }
    *at++ = '"';
    *at++ = ',';
    return at;
}

static char *write_timestamp(struct gw_writer *writer, char *at, const struct gw_message *type,
                             struct base_str wire)
{
    int64_t seconds;
    int32_t nanos;
    at = begin_time(writer, at, type, wire, &seconds, &nanos);
    if (at == NULL) {
        return NULL;
    }
    return end_time(writer, gw_timestamp_format(seconds, nanos, &writer->date, at), type);
}

static char *write_duration(struct gw_writer *writer, char *at, const struct gw_message *type,
                            struct base_str wire)
{
    int64_t seconds;
    int32_t nanos;
    at = begin_time(writer, at, type, wire, &seconds, &nanos);
    if (at == NULL) {
        return NULL;
    }
    return end_time(writer, gw_duration_format(seconds, nanos, at), type);
}

static char *write_path(struct gw_writer *writer, char *at, const struct gw_message *type,
                        struct base_str path)
{
    at = gw_writer_room(writer, at, 1 + GW_PATH_BYTES_MAX(path.len));
    if (at == NULL) {
        return NULL;
    }
    size_t len;
    if (!gw_path_to_camel(path, at, &len)) {
        return gw_writer_fail(writer, "a path of a %.*s that JSON cannot hold",
                              BASE_STR_ARGS(type->full_name));
    }
    at += len;
    *at++ = ',';
    return at;
}

/* One string of paths, the comma behind the last of which goes for the quote. */
static char *write_mask(struct gw_writer *writer, char *at, const struct gw_message *type,
                        struct base_str wire)
{
    struct base_wire_reader reader = base_wire_reader_make(wire);
    at = gw_writer_text(writer, at, BASE_STR("\""));
    while (at != NULL && !base_wire_at_end(&reader)) {
        struct base_wire_record record;
        if (!base_wire_next(&reader, &record)) {
            return gw_writer_damaged(writer, type);
        }
        if (record.number == 1 && record.type == BASE_WIRE_LEN) {
            at = write_path(writer, at, type, record.bytes);
        }
    }
    if (at != NULL) {
        at -= at[-1] == ',';
        at = gw_writer_text(writer, at, BASE_STR("\","));
    }
    return at;
}

/* The one field of a wrapper, a Struct or a ListValue. */
static char *write_only_field(struct gw_writer *writer, char *at, const struct gw_message *type,
                              struct base_str wire)
{
    const struct gw_field *field = &type->fields[0];
    struct base_wire_reader reader = base_wire_reader_make(wire);
    struct base_wire_record record;
    if (wire.len == 0) {
        return gw_write_zero(writer, at, field);
    }
    if (!field->is_repeated && base_wire_next(&reader, &record) && base_wire_at_end(&reader) &&
        record.number == field->number && gw_record_fits(field, &record)) {
        return gw_write_value(writer, at, field, &record);
    }
    return gw_write_field_alone(writer, at, field, wire);
}

/* The field of a Value that is set; NULL when none is or the bytes are damaged. Of several the last
 * counts; out_only: there is one record. */
static const struct gw_field *last_kind(const struct gw_message *type, struct base_str wire,
                                        struct base_wire_record *out_record, bool *out_only)
{
    const struct gw_field *kind = NULL;
    size_t count = 0;
    struct base_wire_reader reader = base_wire_reader_make(wire);
    while (!base_wire_at_end(&reader)) {
        struct base_wire_record record;
        if (!base_wire_next(&reader, &record)) {
            return NULL;
        }
        const struct gw_field *field = gw_message_field_by_number(type, record.number);
        if (field != NULL && gw_record_fits(field, &record)) {
            kind = field;
            *out_record = record;
            count++;
        }
    }
    *out_only = count == 1;
    return kind;
}

static char *write_value(struct gw_writer *writer, char *at, const struct gw_message *type,
                         struct base_str wire)
{
    struct base_wire_record record;
    bool is_only;
    const struct gw_field *kind = last_kind(type, wire, &record, &is_only);
    if (kind == NULL) {
        return gw_writer_fail(writer, "a google.protobuf.Value that is not set, or damaged");
    }
    if (kind->index == GW_VALUE_NULL) {
        return gw_writer_text(writer, at, BASE_STR("null,")); /* whatever the number */
    }
    if (kind->index == GW_VALUE_NUMBER) {
        double number;
        memcpy(&number, &record.scalar, sizeof number);
        if (!isfinite(number)) {
            return out_of_range(writer, type); /* JSON has no such number */
        }
    }
    return is_only || kind->message == NULL ? gw_write_value(writer, at, kind, &record)
                                            : gw_writer_out_of_order(writer);
}

/* {"@type":"...", the members or "value", and the bracket. */
static char *write_typed(struct gw_writer *writer, char *at, const struct gw_message *any,
                         struct base_str url, struct base_str value)
{
    const struct gw_message *type = gw_any_type(writer->options->schema, url);
    if (type == NULL) {
        return gw_writer_fail(writer, "a google.protobuf.Any of an unknown type");
    }
    at = gw_writer_open(writer, at, '{');
    at = at == NULL ? NULL : gw_writer_text(writer, at, BASE_STR("\"@type\":"));
    at = at == NULL ? NULL : gw_writer_quoted(writer, at, url, &any->fields[GW_ANY_TYPE_URL]);
    if (at != NULL && type->well_known == GW_PLAIN_MESSAGE) {
        at = gw_write_members(writer, at, type, value);
    } else if (at != NULL) {
        at = gw_writer_text(writer, at, BASE_STR("\"value\":"));
        at = at == NULL ? NULL : gw_write_message(writer, at, type, value);
    }
    return at == NULL ? NULL : gw_writer_close(writer, at, '}');
}

static char *write_any(struct gw_writer *writer, char *at, const struct gw_message *any,
                       struct base_str wire)
{
    struct base_str url = BASE_STR("");
    struct base_str value = BASE_STR("");
    struct base_wire_reader reader = base_wire_reader_make(wire);
    while (!base_wire_at_end(&reader)) {
        struct base_wire_record record;
        if (!base_wire_next(&reader, &record)) {
            return gw_writer_damaged(writer, any);
        }
        if (record.type == BASE_WIRE_LEN && record.number == any->fields[GW_ANY_TYPE_URL].number) {
            url = record.bytes;
        } else if (record.type == BASE_WIRE_LEN &&
                   record.number == any->fields[GW_ANY_VALUE].number) {
            value = record.bytes;
        }
    }
    if (url.len == 0 && value.len == 0) {
        at = gw_writer_open(writer, at, '{');
        return at == NULL ? NULL : gw_writer_close(writer, at, '}');
    }
    return write_typed(writer, at, any, url, value);
}

char *(*const gw_message_writers[])(struct gw_writer *writer, char *at,
                                    const struct gw_message *type, struct base_str wire) = {
    [GW_PLAIN_MESSAGE] = gw_write_plain_message,
    [GW_ANY] = write_any,
    [GW_DURATION] = write_duration,
    [GW_FIELD_MASK] = write_mask,
    [GW_LIST_VALUE] = write_only_field,
    [GW_STRUCT] = write_only_field,
    [GW_TIMESTAMP] = write_timestamp,
    [GW_VALUE] = write_value,
    [GW_WRAPPER] = write_only_field,
};
