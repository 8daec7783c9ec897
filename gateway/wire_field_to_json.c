/* One field's value out of its parent: what response_body asks for. Its records are found first;
 * when they stand side by side, as they nearly always do, they are written as they stand. */
#include "base/base64.h"
#include "gateway/scalar.h"
#include "gateway/wire_to_json.h"

/* Undoes what protoc did to a default of bytes: \n, \r, \t, quotes, and octal for the rest. */
static size_t unescape_c(struct base_str text, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '\\' || i + 1 == text.len) {
            out[len++] = text.data[i];
            continue;
        }
        char c = text.data[++i];
        unsigned octal = 0;
        size_t digits = 0;
        while (digits < 3 && i + digits < text.len && text.data[i + digits] >= '0' &&
               text.data[i + digits] <= '7') {
            octal = octal << 3 | (unsigned)(text.data[i + digits++] - '0');
        }
        i += digits == 0 ? 0 : digits - 1;
        out[len++] = digits > 0 ? (char)octal
                     : c == 'n' ? '\n'
                     : c == 'r' ? '\r'
                     : c == 't' ? '\t'
                                : c;
    }
    return len;
}

static char *write_default_bytes(struct gw_writer *writer, char *at, struct base_str text)
{
    size_t room = BASE_BASE64_ENCODED_BYTES(text.len) + 3;
    at = gw_writer_room(writer, at, room + text.len);
    if (at == NULL) {
        return NULL;
    }
    char *bytes = at + room; /* behind what they become */
    size_t len = unescape_c(text, bytes);
    *at++ = '"';
    at = base_base64_encode(base_str_make(bytes, len), at);
    *at++ = '"';
    *at++ = ',';
    return at;
}

/* The default that a proto2 descriptor gives in words. */
static char *write_declared_default(struct gw_writer *writer, char *at,
                                    const struct gw_field *field)
{
    struct base_str text = field->default_value;
    switch (field->type) {
    case GW_BYTES:
        return write_default_bytes(writer, at, text);
    case GW_STRING:
        return gw_writer_quoted(writer, at, text, field);
    case GW_ENUM: {
        const struct gw_enum_value *value = gw_enum_by_name(field->enumeration, text);
        return value == NULL ? gw_write_zero(writer, at, field)
                             : gw_write_bits(writer, at, field, (uint64_t)(int64_t)value->number);
    }
    case GW_BOOL:
        return gw_write_bits(writer, at, field, base_str_eq(text, BASE_STR("true")));
    default:
        break;
    }
    struct base_str json_name = base_str_eq(text, BASE_STR("inf"))    ? BASE_STR("Infinity")
                                : base_str_eq(text, BASE_STR("-inf")) ? BASE_STR("-Infinity")
                                : base_str_eq(text, BASE_STR("nan"))  ? BASE_STR("NaN")
                                                                      : text;
    uint64_t bits;
    bool is_real = field->type == GW_DOUBLE || field->type == GW_FLOAT;
    enum gw_scalar_status status = is_real ? gw_scalar_quoted_real(field->type, json_name, &bits)
                                           : gw_scalar_integer(field->type, text, &bits);
    return status == GW_SCALAR_OK ? gw_write_bits(writer, at, field, bits)
                                  : gw_write_zero(writer, at, field);
}

static char *write_default(struct gw_writer *writer, char *at, const struct gw_field *field)
{
    if (field->message != NULL && !field->is_repeated) {
        return gw_writer_text(writer, at, BASE_STR("null,"));
    }
    return field->default_value.len > 0 ? write_declared_default(writer, at, field)
                                        : gw_write_zero(writer, at, field);
}

/* Where the only run of a field's records starts. */
struct found {
    const uint8_t *start;           /* NULL: nowhere */
    struct base_wire_record record; /* the last one */
};

/* Finds the records of a field that is set; out of order when they are several where one is due,
 * stand in several places, or share the message with another member of their oneof. */
static bool find(struct gw_writer *writer, const struct gw_field *field, struct base_str wire,
                 struct found *out_found)
{
    struct base_wire_reader reader = base_wire_reader_make(wire);
    struct found found = {.start = NULL};
    bool is_over = false; /* no more records may come */
    while (!base_wire_at_end(&reader)) {
        const uint8_t *start = reader.next;
        struct base_wire_record record;
        if (!base_wire_next(&reader, &record)) {
            return gw_writer_damaged(writer, field->parent) != NULL;
        }
        gw_record_open_item(field->parent, &record);
        const struct gw_field *owner =
            record.number == field->number
                ? field
                : gw_message_field_by_number(field->parent, record.number);
        bool fits = owner != NULL && gw_record_fits(owner, &record);
        bool is_rival = fits && owner != field && field->oneof >= 0 && owner->oneof == field->oneof;
        if (fits && owner == field) {
            if (is_over) {
                return gw_writer_out_of_order(writer) != NULL;
            }
            found = (struct found){found.start == NULL ? start : found.start, record};
            is_over = !field->is_repeated;
        } else if (is_rival && found.start != NULL) {
            return gw_writer_out_of_order(writer) != NULL;
        } else {
            is_over |= found.start != NULL || is_rival;
        }
    }
    *out_found = found;
    return true;
}

char *gw_write_field_alone(struct gw_writer *writer, char *at, const struct gw_field *field,
                           struct base_str wire)
{
    struct found found = {.start = NULL};
    if (!find(writer, field, wire, &found)) {
        return NULL;
    }
    if (found.start == NULL) {
        return write_default(writer, at, field);
    }
    if (!field->is_repeated) {
        return gw_write_value(writer, at, field, &found.record);
    }
    const uint8_t *end = (const uint8_t *)wire.data + wire.len;
    struct gw_records run = {.number = field->number, .reader = {.next = found.start, .end = end}};
    return field->is_map ? gw_write_map(writer, at, field, &run)
                         : gw_write_list(writer, at, field, &run);
}
