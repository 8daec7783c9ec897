/* The well-known types. They are small, so each is read whole, in whatever order its fields come,
 * and only then written. */
#include "gateway/mask_text.h"
#include "gateway/well_known.h"
#include "gateway/wire_to_json.h"

#include <math.h>

static bool out_of_range(struct gw_writer *writer, const struct gw_message *type)
{
    return gw_writer_fail(writer, "a %.*s out of range", BASE_STR_ARGS(type->full_name));
}

#define SECONDS_TAG (1 << 3 | GW_WIRE_VARINT)
#define NANOS_TAG (2 << 3 | GW_WIRE_VARINT)

/* Reads the two fields as serializers write them, in order and alone; false when they are not. */
static bool read_plain_time(struct base_str wire, int64_t *out_seconds, int32_t *out_nanos)
{
    struct gw_wire_reader reader = gw_wire_reader_make(wire);
    uint64_t seconds = 0;
    uint64_t nanos = 0;
    if (!gw_wire_at_end(&reader) && *reader.next == SECONDS_TAG) {
        reader.next++;
        if (!gw_wire_read_varint(&reader, &seconds)) {
            return false;
        }
    }
    if (!gw_wire_at_end(&reader) && *reader.next == NANOS_TAG) {
        reader.next++;
        if (!gw_wire_read_varint(&reader, &nanos)) {
            return false;
        }
    }
    *out_seconds = (int64_t)seconds;
    *out_nanos = (int32_t)nanos;
    return gw_wire_at_end(&reader);
}

/* Reads them whatever else stands there; false when the bytes are damaged. */
static bool read_any_time(struct base_str wire, int64_t *out_seconds, int32_t *out_nanos)
{
    *out_seconds = 0;
    *out_nanos = 0;
    struct gw_wire_reader reader = gw_wire_reader_make(wire);
    while (!gw_wire_at_end(&reader)) {
        struct gw_wire_record record;
        if (!gw_wire_next(&reader, &record)) {
            return false;
        }
        if (record.type == GW_WIRE_VARINT && record.number == 1) {
            *out_seconds = (int64_t)record.scalar;
        } else if (record.type == GW_WIRE_VARINT && record.number == 2) {
            *out_nanos = (int32_t)record.scalar;
        }
    }
    return true;
}

/* Appends `key`, unless it is empty, the time in quotes, and `behind`, unless it is NUL. */
static bool write_time(struct gw_writer *writer, const struct gw_message *type, struct base_str key,
                       struct base_str wire, char behind)
{
    int64_t seconds;
    int32_t nanos;
    if (!read_plain_time(wire, &seconds, &nanos) && !read_any_time(wire, &seconds, &nanos)) {
        return gw_writer_damaged(writer, type);
    }
    if (!gw_writer_reserve(writer, key.len + GW_COPY_BLOCK + GW_TIME_TEXT_SIZE + 3)) {
        return false;
    }
    char *at = base_buf_end(writer->out);
    at = key.len == 0 ? at : gw_put_ready(at, key);
    *at++ = '"';
    at = type->well_known == GW_TIMESTAMP ? gw_timestamp_format(seconds, nanos, &writer->date, at)
                                          : gw_duration_format(seconds, nanos, at);
    if (at == NULL) {
        return out_of_range(writer, type);
    }
    *at++ = '"';
    *at = behind;
    writer->out->len = (size_t)(at - writer->out->data) + (behind != '\0');
    return true;
}

bool gw_write_time_member(struct gw_writer *writer, const struct gw_field *field,
                          struct base_str wire)
{
    return write_time(writer, field->message, gw_writer_key_of(writer, field), wire, ',');
}

static bool write_mask(struct gw_writer *writer, const struct gw_message *type,
                       struct base_str wire)
{
    struct base_buf *out = writer->out;
    struct gw_wire_reader reader = gw_wire_reader_make(wire);
    bool is_first = true;
    if (!gw_writer_text(writer, BASE_STR("\""))) {
        return false;
    }
    while (!gw_wire_at_end(&reader)) {
        struct gw_wire_record record;
        if (!gw_wire_next(&reader, &record)) {
            return gw_writer_damaged(writer, type);
        }
        if (record.number != 1 || record.type != GW_WIRE_LEN) {
            continue;
        }
        if (!gw_writer_reserve(writer, 1 + GW_PATH_BYTES_MAX(record.bytes.len))) {
            return false;
        }
        size_t len;
        if (!is_first) {
            out->data[out->len++] = ',';
        }
        is_first = false;
        if (!gw_path_to_camel(record.bytes, base_buf_end(out), &len)) {
            return gw_writer_fail(writer, "a path of a %.*s that JSON cannot hold",
                                  BASE_STR_ARGS(type->full_name));
        }
        out->len += len;
    }
    return gw_writer_text(writer, BASE_STR("\""));
}

/* The one field of a wrapper, a Struct or a ListValue. */
static bool write_only_field(struct gw_writer *writer, const struct gw_message *type,
                             struct base_str wire)
{
    const struct gw_field *field = &type->fields[0];
    struct gw_wire_reader reader = gw_wire_reader_make(wire);
    struct gw_wire_record record;
    if (wire.len == 0) {
        return gw_write_zero(writer, field);
    }
    if (!field->is_repeated && gw_wire_next(&reader, &record) && gw_wire_at_end(&reader) &&
        record.number == field->number && gw_record_fits(field, &record)) {
        return gw_write_value(writer, field, &record);
    }
    return gw_write_field_alone(writer, field, wire);
}

/* The field of a Value that is set; NULL when none is or the bytes are damaged. Of several the last
 * counts; out_only: there is one record. */
static const struct gw_field *last_kind(const struct gw_message *type, struct base_str wire,
                                        struct gw_wire_record *out_record, bool *out_only)
{
    const struct gw_field *kind = NULL;
    size_t count = 0;
    struct gw_wire_reader reader = gw_wire_reader_make(wire);
    while (!gw_wire_at_end(&reader)) {
        struct gw_wire_record record;
        if (!gw_wire_next(&reader, &record)) {
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

static bool write_value(struct gw_writer *writer, const struct gw_message *type,
                        struct base_str wire)
{
    struct gw_wire_record record;
    bool is_only;
    const struct gw_field *kind = last_kind(type, wire, &record, &is_only);
    if (kind == NULL) {
        return gw_writer_fail(writer, "a google.protobuf.Value that is not set, or damaged");
    }
    if (kind->index == GW_VALUE_NULL) {
        return gw_writer_text(writer, BASE_STR("null")); /* whatever the number */
    }
    if (kind->index == GW_VALUE_NUMBER) {
        double number;
        memcpy(&number, &record.scalar, sizeof number);
        if (!isfinite(number)) {
            return out_of_range(writer, type); /* JSON has no such number */
        }
    }
    return is_only || kind->message == NULL ? gw_write_value(writer, kind, &record)
                                            : gw_writer_out_of_order(writer);
}

/* Appends {"@type":"...", the members or "value", and the bracket. */
static bool write_typed(struct gw_writer *writer, const struct gw_message *any, struct base_str url,
                        struct base_str value)
{
    const struct gw_message *type = gw_any_type(writer->options->schema, url);
    if (type == NULL) {
        return gw_writer_fail(writer, "a google.protobuf.Any of an unknown type");
    }
    if (!gw_writer_open(writer, '{') || !gw_writer_text(writer, BASE_STR("\"@type\":")) ||
        !gw_writer_quoted(writer, url, &any->fields[GW_ANY_TYPE_URL]) ||
        !gw_writer_text(writer, BASE_STR(","))) {
        return false;
    }
    bool ok = type->well_known == GW_PLAIN_MESSAGE
                  ? gw_write_members(writer, type, value)
                  : gw_writer_text(writer, BASE_STR("\"value\":")) &&
                        gw_write_well_known(writer, type, value);
    return ok && gw_writer_close(writer, '}');
}

static bool write_any(struct gw_writer *writer, const struct gw_message *any, struct base_str wire)
{
    struct base_str url = BASE_STR("");
    struct base_str value = BASE_STR("");
    struct gw_wire_reader reader = gw_wire_reader_make(wire);
    while (!gw_wire_at_end(&reader)) {
        struct gw_wire_record record;
        if (!gw_wire_next(&reader, &record)) {
            return gw_writer_damaged(writer, any);
        }
        if (record.type == GW_WIRE_LEN && record.number == any->fields[GW_ANY_TYPE_URL].number) {
            url = record.bytes;
        } else if (record.type == GW_WIRE_LEN &&
                   record.number == any->fields[GW_ANY_VALUE].number) {
            value = record.bytes;
        }
    }
    if (url.len == 0 && value.len == 0) {
        return gw_writer_open(writer, '{') && gw_writer_close(writer, '}');
    }
    return write_typed(writer, any, url, value);
}

bool gw_write_well_known(struct gw_writer *writer, const struct gw_message *type,
                         struct base_str wire)
{
    switch (type->well_known) {
    case GW_ANY:
        return write_any(writer, type, wire);
    case GW_DURATION:
    case GW_TIMESTAMP:
        return write_time(writer, type, BASE_STR(""), wire, '\0');
    case GW_FIELD_MASK:
        return write_mask(writer, type, wire);
    case GW_VALUE:
        return write_value(writer, type, wire);
    case GW_LIST_VALUE:
    case GW_STRUCT:
    case GW_WRAPPER:
        return write_only_field(writer, type, wire);
    case GW_PLAIN_MESSAGE:
        break;
    }
    return gw_write_message(writer, type, wire);
}
