/* HTTP body: sizes are worked out first, so that a large body is written in one piece behind its
 * lengths. Where a message comes in several records, the last of each field counts, as in any merge
 * of protobuf. */
#include "gateway/http_body.h"

#include "base/utf8.h"
#include "base/wire.h"

/* Of google.api.HttpBody; below 16, so a tag is one byte. */
enum { CONTENT_TYPE_NUMBER = 1, DATA_NUMBER = 2 };

static bool has_field(const struct gw_message *type, uint32_t number, enum gw_type field_type)
{
    const struct gw_field *field = gw_message_field_by_number(type, number);
    return field != NULL && field->type == field_type && !field->is_repeated;
}

bool gw_http_body_is(const struct gw_message *type)
{
    return base_str_eq(type->full_name, BASE_STR("google.api.HttpBody")) &&
           has_field(type, CONTENT_TYPE_NUMBER, GW_STRING) &&
           has_field(type, DATA_NUMBER, GW_BYTES);
}

/* ---- To the wire ---- */

/* Bytes of a record with a tag of one byte, none for an empty text. */
static size_t record_size(struct base_str text)
{
    uint8_t unused[BASE_VARINT_BYTES_MAX];
    return text.len == 0 ? 0
                         : 1 + (size_t)(base_wire_put_varint(unused, text.len) - unused) + text.len;
}

/* Appends a record, for which there is room. */
static void put_record(struct base_buf *out, uint8_t number, struct base_str text)
{
    if (text.len == 0) {
        return;
    }
    uint8_t *start = (uint8_t *)base_buf_end(out);
    *start = (uint8_t)(number << 3 | BASE_WIRE_LEN);
    uint8_t *end = base_wire_put_varint(start + 1, text.len);
    memcpy(end, text.data, text.len);
    out->len += (size_t)(end - start) + text.len;
}

/* Appends a field's tag and the length behind it, for which there is room. */
static void put_head(struct base_buf *out, const struct gw_field *field, size_t len)
{
    uint8_t *start = (uint8_t *)base_buf_end(out);
    memcpy(start, field->tag, field->tag_len);
    out->len += (size_t)(base_wire_put_varint(start + field->tag_len, len) - start);
}

bool gw_http_body_to_wire(const struct gw_field *field, const struct gw_http_body *body,
                          struct base_buf *out, struct base_err *err)
{
    if (!base_utf8_valid(body->content_type)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "header content-type: expected UTF-8");
    }
    size_t len = record_size(body->content_type) + record_size(body->data);
    size_t head_bytes_max = field == NULL ? 0 : sizeof field->tag + BASE_VARINT_BYTES_MAX;
    if (!base_buf_reserve(out, head_bytes_max + len)) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED,
                            "the message would be larger than %zu bytes", out->max_bytes);
    }
    if (field != NULL) {
        put_head(out, field, len);
    }
    put_record(out, CONTENT_TYPE_NUMBER, body->content_type);
    put_record(out, DATA_NUMBER, body->data);
    return true;
}

/* ---- From the wire ---- */

/* Reads the fields of a message over what `out` holds; false when the bytes are damaged. */
static bool read_message(struct base_str wire, struct gw_http_body *out)
{
    struct base_wire_reader reader = base_wire_reader_make(wire);
    struct base_wire_record record;
    while (!base_wire_at_end(&reader)) {
        if (!base_wire_next(&reader, &record)) {
            return false;
        }
        if (record.number == CONTENT_TYPE_NUMBER && record.type == BASE_WIRE_LEN) {
            out->content_type = record.bytes;
        } else if (record.number == DATA_NUMBER && record.type == BASE_WIRE_LEN) {
            out->data = record.bytes;
        }
    }
    return true;
}

/* As read_message, for each record of `field` in its parent. */
static bool read_field(const struct gw_field *field, struct base_str wire, struct gw_http_body *out)
{
    struct base_wire_reader reader = base_wire_reader_make(wire);
    struct base_wire_record record;
    while (!base_wire_at_end(&reader)) {
        if (!base_wire_next(&reader, &record)) {
            return false;
        }
        bool is_field = record.number == field->number && record.type == BASE_WIRE_LEN;
        if (is_field && !read_message(record.bytes, out)) {
            return false;
        }
    }
    return true;
}

/* Whether a content type can be sent: a service's text could otherwise end the header's line. */
static bool is_header_value(struct base_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < ' ' || text.data[i] > '~') {
            return false;
        }
    }
    return text.len > 0 && text.len <= GW_HTTP_BODY_TYPE_BYTES_MAX;
}

bool gw_http_body_from_wire(const struct gw_field *field, struct base_str wire,
                            struct gw_http_body *out_body, struct base_err *err)
{
    struct gw_http_body body = {0};
    if (!(field == NULL ? read_message(wire, &body) : read_field(field, wire, &body))) {
        return base_err_set(err, BASE_INTERNAL, "the answered google.api.HttpBody is damaged");
    }
    if (!is_header_value(body.content_type)) {
        body.content_type = BASE_STR("application/octet-stream");
    }
    *out_body = body;
    return true;
}
