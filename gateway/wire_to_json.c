/* Messages in order, their values and lists. Between two fields of the wire stand those that are
 * not set, which some options print as zeros, so one walk over the fields goes beside the walk over
 * the records. */
#include "gateway/wire_to_json.h"

#include "gateway/scalar.h"
#include "gateway/wire_normal.h"

/* Oneofs that fit the mask of those met; a message with more is gathered. */
#define ONEOFS_MAX 64

/* Of what runs for every member, so that what it takes stays in registers. */
#define ALWAYS_INLINE __attribute__((always_inline)) static inline

/* A string, bytes or a message. */
static inline char *write_bytes(struct gw_writer *writer, char *at, const struct gw_field *field,
                                struct base_str bytes)
{
    switch (field->type) {
    case GW_STRING:
        return gw_writer_quoted(writer, at, bytes, field);
    case GW_BYTES:
        return gw_write_base64(writer, at, bytes);
    default:
        return gw_write_message(writer, at, field->message, bytes);
    }
}

char *gw_write_value(struct gw_writer *writer, char *at, const struct gw_field *field,
                     const struct base_wire_record *record)
{
    return gw_type_has_bits(field->type) ? gw_write_bits(writer, at, field, record->scalar)
                                         : write_bytes(writer, at, field, record->bytes);
}

char *gw_write_zero(struct gw_writer *writer, char *at, const struct gw_field *field)
{
    if (field->is_repeated) {
        return gw_writer_text(writer, at, field->is_map ? BASE_STR("{},") : BASE_STR("[],"));
    }
    struct base_wire_record nothing = {.bytes = BASE_STR("")};
    if (field->type == GW_ENUM) { /* the first, which proto2 lets be other than 0 */
        nothing.scalar = (uint64_t)(int64_t)field->enumeration->values[0].number;
    }
    return gw_write_value(writer, at, field, &nothing);
}

static char *write_packed(struct gw_writer *writer, char *at, const struct gw_field *field,
                          struct base_str bytes)
{
    struct base_wire_reader reader = base_wire_reader_make(bytes);
    while (at != NULL && !base_wire_at_end(&reader)) {
        uint64_t bits;
        if (!gw_wire_next_packed(&reader, field->type, &bits)) {
            return gw_writer_damaged(writer, field->parent);
        }
        if (!gw_bits_are_foreign(field, bits)) {
            at = gw_write_bits(writer, at, field, bits);
        }
    }
    return at;
}

/* The elements of a list in one record, of which there may be none. */
static char *write_elements(struct gw_writer *writer, char *at, const struct gw_field *field,
                            const struct base_wire_record *record)
{
    if (!gw_record_fits(field, record)) {
        return at;
    }
    return gw_record_is_packed(field, record) ? write_packed(writer, at, field, record->bytes)
                                              : gw_write_value(writer, at, field, record);
}

char *gw_write_list(struct gw_writer *writer, char *at, const struct gw_field *field,
                    struct gw_records *records)
{
    at = gw_writer_open(writer, at, '[');
    struct base_str bytes;
    struct base_wire_record record;
    bool is_plain = field->tag_len == 1 && gw_wire_type_of(field->type) == BASE_WIRE_LEN;
    unsigned tag = is_plain ? field->tag[0] : BASE_WIRE_NO_TAG;
    while (at != NULL) {
        if (base_wire_take(&records->reader, tag, &bytes)) {
            at = write_bytes(writer, at, field, bytes);
        } else if (gw_records_next(records, &record)) {
            at = write_elements(writer, at, field, &record);
        } else {
            return records->is_damaged ? gw_writer_damaged(writer, field->parent)
                                       : gw_writer_close(writer, at, ']');
        }
    }
    return NULL;
}

/* A list or map as a member, its records side by side from `start` on. An empty one is no member
 * unless zeros are printed. */
static char *write_run(struct gw_writer *writer, char *at, const struct gw_field *field,
                       struct base_wire_reader *reader, const uint8_t *start)
{
    size_t before = (size_t)(at - writer->out->data);
    struct gw_records records = {.number = field->number,
                                 .reader = {.next = start, .end = reader->end}};
    at = gw_writer_key(writer, at, field);
    if (at == NULL) {
        return NULL;
    }
    size_t value = (size_t)(at - writer->out->data);
    at = field->is_map ? gw_write_map(writer, at, field, &records)
                       : gw_write_list(writer, at, field, &records);
    if (at == NULL) {
        return NULL;
    }
    reader->next = records.reader.next;
    bool is_empty = (size_t)(at - writer->out->data) - value == strlen("[],");
    return is_empty && !writer->options->print_defaults ? writer->out->data + before : at;
}

/* What is left of a message, and of the fields that it may have. */
struct members {
    struct base_wire_reader reader;
    const struct gw_field *next; /* the first that may come, in order */
    const struct gw_field *end;
    uint64_t oneofs; /* that have had a member */
};

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

/* The fields before `until` that are not set, if the options want them printed. */
static inline char *pass_unset(struct gw_writer *writer, char *at, struct members *members,
                               const struct gw_field *until)
{
    for (; writer->options->print_defaults && members->next < until; members->next++) {
        const struct gw_field *field = members->next;
        if (field->has_presence || field->is_extension) {
            continue;
        }
        at = gw_writer_key(writer, at, field);
        at = at == NULL ? NULL : gw_write_zero(writer, at, field);
        if (at == NULL) {
            return NULL;
        }
    }
    members->next = until;
    return at;
}

/* A string, bytes or a message as a member, unless it says what not being there says. */
ALWAYS_INLINE char *write_plain_bytes(struct gw_writer *writer, char *at,
                                      const struct gw_field *field, struct base_str bytes)
{
    if (bytes.len == 0 && !field->has_presence && !writer->options->print_defaults) {
        return at;
    }
    struct base_str key = gw_writer_key_of(writer, field);
    if (field->type == GW_STRING) {
        at = gw_writer_room(writer, at, key.len + bytes.len + GW_QUOTED_EXTRA);
        return at == NULL ? NULL
                          : gw_writer_put_quoted(writer, gw_put_ready(at, key), bytes,
                                                 writer->wire_end, field);
    }
    at = gw_writer_room(writer, at, key.len);
    return at == NULL ? NULL : write_bytes(writer, gw_put_ready(at, key), field, bytes);
}

/* Takes the number that stands next, if the byte `tag` is its tag; else leaves the reader alone. */
static inline bool take_number(struct base_wire_reader *reader, unsigned tag, enum gw_type type,
                               uint64_t *out_bits)
{
    if (base_wire_at_end(reader) || *reader->next != tag) {
        return false;
    }
    struct base_wire_reader ahead = {.next = reader->next + 1, .end = reader->end};
    if (!gw_wire_next_packed(&ahead, type, out_bits)) {
        return false;
    }
    reader->next = ahead.next;
    return true;
}

/* A number as a member likewise. */
static char *write_plain_number(struct gw_writer *writer, char *at, const struct gw_field *field,
                                uint64_t bits)
{
    if (!field->has_presence && !writer->options->print_defaults &&
        gw_bits_normal(field->type, bits) == 0) {
        return at;
    }
    at = gw_writer_key(writer, at, field);
    return at == NULL ? NULL : gw_write_bits(writer, at, field, bits);
}

/* The members that come next as far as they are plain, with what it takes in registers. */
ALWAYS_INLINE char *write_plain_members(struct gw_writer *writer, char *at, struct members *members)
{
    struct base_wire_reader reader = members->reader;
    const struct gw_field *next = members->next;
    const struct gw_field *end = members->end;
    for (; next < end; next++) {
        struct base_str bytes;
        uint64_t bits;
        if (base_wire_take(&reader, next->bytes_tag, &bytes)) {
            at = write_plain_bytes(writer, at, next, bytes);
        } else if (take_number(&reader, next->number_tag, next->type, &bits)) {
            at = write_plain_number(writer, at, next, bits);
        } else {
            break;
        }
        if (at == NULL) {
            return NULL;
        }
    }
    members->reader = reader;
    members->next = next;
    return at;
}

/* Any other member out of the next record, or out of it and those that follow. */
static char *write_member(struct gw_writer *writer, char *at, const struct gw_message *type,
                          struct members *members)
{
    const uint8_t *start = members->reader.next;
    struct base_wire_record record;
    if (!base_wire_next(&members->reader, &record)) {
        return gw_writer_damaged(writer, type);
    }
    gw_record_open_item(type, &record);
    const struct gw_field *field = gw_message_field_by_number(type, record.number);
    if (field == NULL || !gw_record_fits(field, &record)) {
        return at;
    }
    if (field < members->next ||
        (!writer->is_normal && meets_oneof_again(&members->oneofs, field->oneof))) {
        return gw_writer_out_of_order(writer);
    }
    at = pass_unset(writer, at, members, field);
    members->next++;
    if (at == NULL || (!writer->options->print_defaults && gw_record_is_zero(field, &record))) {
        return at;
    }
    if (field->is_repeated) {
        return write_run(writer, at, field, &members->reader, start);
    }
    at = gw_writer_key(writer, at, field);
    return at == NULL ? NULL : gw_write_value(writer, at, field, &record);
}

/* The rest of the members, of which some are not plain. Apart from the above, which most messages
 * need alone, and which keeps nothing in memory so. */
static char *write_other_members(struct gw_writer *writer, char *at, const struct gw_message *type,
                                 struct members members)
{
    while (at != NULL && !base_wire_at_end(&members.reader)) {
        at = write_member(writer, at, type, &members);
        at = at == NULL ? NULL : write_plain_members(writer, at, &members);
    }
    return at == NULL ? NULL : pass_unset(writer, at, &members, members.end);
}

ALWAYS_INLINE char *write_members(struct gw_writer *writer, char *at, const struct gw_message *type,
                                  struct base_str wire)
{
    struct members members = {.reader = base_wire_reader_make(wire),
                              .next = type->fields,
                              .end = type->fields + type->field_count};
    at = write_plain_members(writer, at, &members);
    bool is_done = base_wire_at_end(&members.reader) && !writer->options->print_defaults;
    return at == NULL || is_done ? at : write_other_members(writer, at, type, members);
}

char *gw_write_members(struct gw_writer *writer, char *at, const struct gw_message *type,
                       struct base_str wire)
{
    return write_members(writer, at, type, wire);
}

char *gw_write_plain_message(struct gw_writer *writer, char *at, const struct gw_message *type,
                             struct base_str wire)
{
    at = gw_writer_open(writer, at, '{');
    at = at == NULL ? NULL : write_members(writer, at, type, wire);
    return at == NULL ? NULL : gw_writer_close(writer, at, '}');
}

/* Writes the whole message, or where `only` is not NULL that field's value, without the comma. */
static bool write_root(struct gw_writer *writer, const struct gw_message *type,
                       const struct gw_field *only, struct base_str wire)
{
    char *at = gw_writer_start(writer, wire);
    if (at != NULL) {
        at = only == NULL ? gw_write_message(writer, at, type, wire)
                          : gw_write_field_alone(writer, at, only, wire);
    }
    if (at != NULL) {
        gw_writer_hand_over(writer, at - 1);
    }
    return at != NULL;
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
        ok = gw_json_indent(out, before, options->indent) || gw_writer_full(&writer) != NULL;
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
