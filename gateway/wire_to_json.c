/* Messages in order, their values and lists. Between two fields of the wire stand those that are
 * not set, which some options print as zeros, so one walk over the fields goes beside the walk over
 * the records. */
#include "gateway/wire_to_json.h"

#include "gateway/wire_normal.h"

#include <stdarg.h>
#include <stdio.h>

/* Oneofs that fit the mask of those met; a message with more is gathered. */
#define ONEOFS_MAX 64

bool gw_writer_damaged(struct gw_writer *writer, const struct gw_message *type)
{
    return gw_writer_fail(writer, "damaged bytes in a %.*s", BASE_STR_ARGS(type->full_name));
}

bool gw_writer_fail(struct gw_writer *writer, const char *format, ...)
{
    char reason[BASE_ERR_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return base_err_set(writer->err, BASE_INTERNAL, "%s", reason);
}

bool gw_writer_full(struct gw_writer *writer)
{
    return base_err_set(writer->err, BASE_RESOURCE_EXHAUSTED,
                        "the JSON would be larger than %zu bytes", writer->out->max_bytes);
}

bool gw_writer_too_deep(struct gw_writer *writer)
{
    return gw_writer_fail(writer, "a message nested deeper than %d", GW_NESTING_MAX);
}

bool gw_writer_text(struct gw_writer *writer, struct base_str text)
{
    return base_buf_append_str(writer->out, text) || gw_writer_full(writer);
}

static inline bool put_comma(struct gw_writer *writer)
{
    return gw_writer_char(writer, ',');
}

/* Turns what appending text came to into an error; `owner` is whose text it was. */
static bool check_text(struct gw_writer *writer, enum gw_text_status status,
                       const struct gw_field *owner)
{
    if (status == GW_TEXT_OK) {
        return true;
    }
    return status == GW_TEXT_FULL ? gw_writer_full(writer)
                                  : gw_writer_fail(writer, "invalid UTF-8 in %.*s.%.*s",
                                                   BASE_STR_ARGS(owner->parent->full_name),
                                                   BASE_STR_ARGS(owner->name));
}

bool gw_writer_quoted(struct gw_writer *writer, struct base_str text, const struct gw_field *owner)
{
    return check_text(writer, gw_append_quoted(writer->out, text), owner);
}

bool gw_write_value(struct gw_writer *writer, const struct gw_field *field,
                    const struct gw_wire_record *record)
{
    switch (field->type) {
    case GW_STRING:
        return gw_writer_quoted(writer, record->bytes, field);
    case GW_BYTES:
        return gw_write_base64(writer, record->bytes);
    case GW_MESSAGE:
    case GW_GROUP:
        return gw_write_message(writer, field->message, record->bytes);
    default:
        return gw_write_bits(writer, field, record->scalar);
    }
}

bool gw_write_zero(struct gw_writer *writer, const struct gw_field *field)
{
    if (field->is_repeated) {
        return gw_writer_text(writer, field->is_map ? BASE_STR("{}") : BASE_STR("[]"));
    }
    struct gw_wire_record nothing = {.bytes = BASE_STR("")};
    return gw_write_value(writer, field, &nothing);
}

bool gw_write_unset(struct gw_writer *writer, const struct gw_field *field)
{
    if (field->has_presence || field->is_extension) {
        return true;
    }
    return gw_writer_key(writer, field) && gw_write_zero(writer, field) && put_comma(writer);
}

static bool write_packed(struct gw_writer *writer, const struct gw_field *field,
                         struct base_str bytes, size_t *count)
{
    struct gw_wire_reader reader = gw_wire_reader_make(bytes);
    while (!gw_wire_at_end(&reader)) {
        uint64_t bits;
        if (!gw_wire_next_packed(&reader, field->type, &bits)) {
            return gw_writer_damaged(writer, field->parent);
        }
        if (gw_bits_are_foreign(field, bits)) {
            continue;
        }
        if (!gw_write_bits(writer, field, bits) || !put_comma(writer)) {
            return false;
        }
        ++*count;
    }
    return true;
}

bool gw_write_list(struct gw_writer *writer, const struct gw_field *field,
                   struct gw_records *records, size_t *out_count)
{
    size_t count = 0;
    struct gw_wire_record record;
    if (!gw_writer_open(writer, '[')) {
        return false;
    }
    while (gw_records_next(records, &record)) {
        if (!gw_record_fits(field, &record)) {
            continue;
        }
        if (gw_record_is_packed(field, &record)) {
            if (!write_packed(writer, field, record.bytes, &count)) {
                return false;
            }
            continue;
        }
        if (!gw_write_value(writer, field, &record) || !put_comma(writer)) {
            return false;
        }
        count++;
    }
    *out_count = count;
    return records->is_damaged ? gw_writer_damaged(writer, field->parent)
                               : gw_writer_close(writer, ']');
}

/* A list or map as a member, its records side by side from `start` on. An empty one is no member
 * unless zeros are printed. */
static bool write_run(struct gw_writer *writer, const struct gw_field *field,
                      struct gw_wire_reader *reader, const uint8_t *start)
{
    size_t before = writer->out->len;
    size_t count = 0;
    struct gw_records records = {.number = field->number, .reader = {start, reader->end}};
    if (!gw_writer_key(writer, field) ||
        !(field->is_map ? gw_write_map(writer, field, &records, &count)
                        : gw_write_list(writer, field, &records, &count))) {
        return false;
    }
    reader->next = records.reader.next;
    if (count == 0 && !writer->options->print_defaults) {
        writer->out->len = before;
        return true;
    }
    return put_comma(writer);
}

/* Whether the oneof has had another field; marks it. */
static bool meets_oneof_again(uint64_t *met, int32_t oneof)
{
    if (oneof < 0) {
        return false;
    }
    uint64_t bit = UINT64_C(1) << oneof % ONEOFS_MAX;
    bool again = oneof >= ONEOFS_MAX || (*met & bit) != 0;
    *met |= bit;
    return again;
}

/* Appends a singular field as a member. */
static bool write_member(struct gw_writer *writer, const struct gw_field *field,
                         const struct gw_wire_record *record)
{
    if (field->message != NULL &&
        (field->message->well_known == GW_TIMESTAMP || field->message->well_known == GW_DURATION)) {
        return gw_write_time_member(writer, field, record->bytes);
    }
    return gw_writer_key(writer, field) && gw_write_value(writer, field, record) &&
           put_comma(writer);
}

/* Takes the string that stands next, if it is `field` and shorter than 128 bytes, as most strings
 * are: one comparison of its tag then says all that a record would have to be asked. */
static inline bool take_plain_text(struct gw_wire_reader *reader, const struct gw_field *field,
                                   struct base_str *out_text)
{
    const uint8_t *at = reader->next;
    ptrdiff_t left = reader->end - at;
    if (!field->is_plain_text || field->oneof >= 0 || left < 2 || at[0] != field->tag[0] ||
        at[1] >= 0x80 || at[1] > left - 2) {
        return false;
    }
    *out_text = base_str_make((const char *)at + 2, at[1]);
    reader->next = at + 2 + at[1];
    return true;
}

/* Appends it as a member, unless it says what not being there says. */
static inline bool write_plain_text(struct gw_writer *writer, const struct gw_field *field,
                                    struct base_str text, const struct gw_wire_reader *reader)
{
    if (text.len == 0 && !field->has_presence && !writer->options->print_defaults) {
        return true;
    }
    enum gw_text_status status = gw_append_member(writer->out, gw_writer_key_of(writer, field),
                                                  text, (const char *)reader->end);
    return check_text(writer, status, field);
}

bool gw_writer_out_of_order(struct gw_writer *writer)
{
    if (writer->is_normal) { /* a mistake of ours, which must not end the whole gateway */
        return gw_writer_fail(writer, "a message that is out of order in its normal form");
    }
    writer->is_out_of_order = true;
    return false;
}

bool gw_write_members(struct gw_writer *writer, const struct gw_message *type, struct base_str wire)
{
    bool print_defaults = writer->options->print_defaults;
    struct gw_wire_reader reader = gw_wire_reader_make(wire);
    const struct gw_field *next = type->fields;
    const struct gw_field *end = type->fields + type->field_count;
    uint64_t oneofs = 0;
    while (!gw_wire_at_end(&reader)) {
        struct base_str text;
        if (next < end && take_plain_text(&reader, next, &text)) {
            if (!write_plain_text(writer, next++, text, &reader)) {
                return false;
            }
            continue;
        }
        const uint8_t *start = reader.next;
        struct gw_wire_record record;
        if (!gw_wire_next(&reader, &record)) {
            return gw_writer_damaged(writer, type);
        }
        gw_record_open_item(type, &record);
        const struct gw_field *field = next < end && next->number == record.number
                                           ? next
                                           : gw_message_field_by_number(type, record.number);
        if (field == NULL || !gw_record_fits(field, &record)) {
            continue;
        }
        if (field < next || (!writer->is_normal && meets_oneof_again(&oneofs, field->oneof))) {
            return gw_writer_out_of_order(writer);
        }
        for (; print_defaults && next < field; next++) {
            if (!gw_write_unset(writer, next)) {
                return false;
            }
        }
        next = field + 1;
        if (!print_defaults && gw_record_is_zero(field, &record)) {
            continue;
        }
        if (!(field->is_repeated ? write_run(writer, field, &reader, start)
                                 : write_member(writer, field, &record))) {
            return false;
        }
    }
    for (; print_defaults && next < end; next++) {
        if (!gw_write_unset(writer, next)) {
            return false;
        }
    }
    return true;
}

bool gw_write_message(struct gw_writer *writer, const struct gw_message *type, struct base_str wire)
{
    if (type->well_known != GW_PLAIN_MESSAGE) {
        return gw_write_well_known(writer, type, wire);
    }
    return gw_writer_open(writer, '{') && gw_write_members(writer, type, wire) &&
           gw_writer_close(writer, '}');
}

/* Writes the whole message, or where `only` is not NULL that field's value. */
static bool write_root(struct gw_writer *writer, const struct gw_message *type,
                       const struct gw_field *only, struct base_str wire)
{
    return only == NULL ? gw_write_message(writer, type, wire)
                        : gw_write_field_alone(writer, only, wire);
}

/* Bytes that are out of order are brought into their normal form, once, and written from there. */
static bool write_again(const struct gw_writer *first, const struct gw_message *type,
                        const struct gw_field *only, struct base_str wire)
{
    struct gw_writer writer = {
        .options = first->options, .out = first->out, .err = first->err, .is_normal = true};
    struct base_buf normal;
    base_buf_init(&normal, GW_WIRE_NORMAL_BYTES_MAX(wire.len));
    bool ok = gw_wire_normalize(type, wire, writer.options->schema, &normal, writer.err) &&
              write_root(&writer, type, only, base_buf_str(&normal));
    base_buf_dispose(&normal);
    return ok;
}

static bool to_json(const struct gw_message *type, const struct gw_field *only,
                    struct base_str wire, const struct gw_transcode_options *options,
                    struct base_buf *out, struct base_err *err)
{
    size_t before = out->len;
    struct gw_writer writer = {.options = options, .out = out, .err = err};
    bool ok = write_root(&writer, type, only, wire);
    if (!ok && writer.is_out_of_order) {
        out->len = before;
        ok = write_again(&writer, type, only, wire);
    }
    if (ok && options->indent > 0) {
        ok = gw_json_indent(out, before, options->indent) || gw_writer_full(&writer);
    }
    if (!ok) {
        out->len = before;
    }
    return ok;
}

bool gw_wire_to_json(const struct gw_message *type, struct base_str wire,
                     const struct gw_transcode_options *options, struct base_buf *out,
                     struct base_err *err)
{
    return to_json(type, NULL, wire, options, out, err);
}

bool gw_wire_field_to_json(const struct gw_field *field, struct base_str wire,
                           const struct gw_transcode_options *options, struct base_buf *out,
                           struct base_err *err)
{
    return to_json(field->parent, field, wire, options, out, err);
}
