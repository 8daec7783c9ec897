/* The walk over the JSON text, writing as it goes: values by the kind of their field. Objects have
 * files of their own, json_members.c and json_map.c. */
#include "gateway/json_to_wire.h"

#include "gateway/wire_field.h"

/* Appends the message or group with its tag. */
static bool read_message_field(struct gw_reader *reader, const struct gw_field *field,
                               size_t *guess)
{
    if (field->type == GW_GROUP) {
        return (base_buf_append(reader->out, field->tag, field->tag_len) ||
                gw_reader_full(reader)) &&
               gw_read_message(reader, field->message) &&
               (base_wire_end_group(reader->out, field->number) || gw_reader_full(reader));
    }
    struct gw_payload payload;
    return gw_payload_open(reader, field->tag, field->tag_len, *guess, &payload) &&
           gw_read_message(reader, field->message) && gw_payload_close(reader, payload, guess) &&
           (!field->parent->is_message_set || base_buf_append_char(reader->out, GW_ITEM_END_TAG) ||
            gw_reader_full(reader));
}

bool gw_read_element(struct gw_reader *reader, const struct gw_field *field, bool *out_skipped)
{
    size_t guess = 1;
    if (field->message != NULL) {
        return read_message_field(reader, field, &guess);
    }
    if (field->type == GW_STRING || field->type == GW_BYTES) {
        return gw_read_text(reader, field, true);
    }
    uint64_t bits = 0;
    return gw_read_bits(reader, field, &bits, out_skipped) &&
           (*out_skipped || gw_reader_put_bits(reader, field, bits));
}

static bool read_singular(struct gw_reader *reader, const struct gw_field *field)
{
    if (field->message != NULL) {
        size_t guess = 1;
        return read_message_field(reader, field, &guess);
    }
    if (field->type == GW_STRING || field->type == GW_BYTES) {
        return gw_read_text(reader, field, field->has_presence);
    }
    uint64_t bits = 0;
    bool is_skipped = false;
    if (!gw_read_bits(reader, field, &bits, &is_skipped)) {
        return false;
    }
    bool is_default = bits == 0 && !field->has_presence;
    return is_skipped || is_default || gw_reader_put_bits(reader, field, bits);
}

/* The elements of a packed list, without tags. */
static bool read_packed(struct gw_reader *reader, const struct gw_field *field,
                        struct gw_place *place)
{
    size_t before = reader->out->len;
    bool more = true;
    struct gw_payload payload;
    if (!gw_payload_open(reader, field->tag, field->tag_len, 1, &payload)) {
        return false;
    }
    for (; more; place->index++) {
        uint64_t bits = 0;
        bool is_skipped = false;
        if (!gw_read_bits(reader, field, &bits, &is_skipped) ||
            !gw_reader_reserve(reader, BASE_VARINT_BYTES_MAX)) {
            return false;
        }
        if (!is_skipped) {
            uint8_t *start = (uint8_t *)base_buf_end(reader->out);
            reader->out->len += (size_t)(gw_put_bits(start, field->type, bits) - start);
        }
        if (!gw_reader_more(reader, ']', &more)) {
            return false;
        }
    }
    if (reader->out->len == payload.at) { /* each was an unknown name */
        reader->out->len = before;
        return true;
    }
    return gw_payload_close(reader, payload, NULL);
}

static bool read_unpacked(struct gw_reader *reader, const struct gw_field *field,
                          struct gw_place *place)
{
    size_t guess = 1; /* elements are alike: the last one's is the next one's */
    bool more = true;
    for (; more; place->index++) {
        bool is_skipped = false;
        bool ok = field->message != NULL ? read_message_field(reader, field, &guess)
                                         : gw_read_element(reader, field, &is_skipped);
        if (!ok || !gw_reader_more(reader, ']', &more)) {
            return false;
        }
    }
    return true;
}

static bool read_list(struct gw_reader *reader, const struct gw_field *field)
{
    if (!gw_reader_open(reader, '[')) {
        return false;
    }
    if (gw_reader_is_empty(reader, ']')) {
        return true;
    }
    struct gw_place place = {.up = reader->place, .index = 0};
    reader->place = &place;
    bool ok = field->is_packed ? read_packed(reader, field, &place)
                               : read_unpacked(reader, field, &place);
    if (ok) {
        reader->place = place.up;
    }
    return ok;
}

bool gw_read_field(struct gw_reader *reader, const struct gw_field *field)
{
    return field->is_map        ? gw_read_map(reader, field)
           : field->is_repeated ? read_list(reader, field)
                                : read_singular(reader, field);
}

bool gw_field_takes_null(const struct gw_field *field)
{
    return !field->is_repeated &&
           ((field->message != NULL && field->message->well_known == GW_VALUE) ||
            (field->type == GW_ENUM && field->enumeration->is_null_value));
}

bool gw_read_message(struct gw_reader *reader, const struct gw_message *type)
{
    return type->well_known == GW_PLAIN_MESSAGE ? gw_read_members(reader, type, false)
                                                : gw_read_well_known(reader, type);
}

static struct gw_reader start(struct base_str json, const struct gw_transcode_options *options,
                              struct base_buf *out, struct base_err *err)
{
    /* Wire bytes are seldom more than the text; when they are, the buffer grows on. */
    size_t room = out->max_bytes - out->len;
    (void)base_buf_reserve(out, json.len < room ? json.len : room);
    struct base_str text = json.data == NULL ? BASE_STR("") : json;
    struct gw_reader reader = {.start = text.data,
                               .next = text.data,
                               .end = text.data + text.len,
                               .options = options,
                               .out = out,
                               .err = err};
    gw_reader_space(&reader);
    return reader;
}

static bool finish(struct gw_reader *reader)
{
    gw_reader_space(reader);
    return reader->next == reader->end || gw_reader_expected(reader, "nothing more");
}

bool gw_json_to_wire(const struct gw_message *type, struct base_str json,
                     const struct gw_transcode_options *options, struct base_buf *out,
                     struct base_err *err)
{
    size_t before = out->len;
    struct gw_reader reader = start(json, options, out, err);
    if (gw_read_message(&reader, type) && finish(&reader)) {
        return true;
    }
    out->len = before;
    return false;
}

bool gw_json_to_wire_field(const struct gw_field *field, struct base_str json,
                           const struct gw_transcode_options *options, struct base_buf *out,
                           struct base_err *err)
{
    size_t before = out->len;
    struct gw_reader reader = start(json, options, out, err);
    struct gw_place place = {.field = field, .index = GW_NO_INDEX};
    reader.place = &place;
    bool is_unset = gw_reader_peek(&reader) == 'n' && !gw_field_takes_null(field);
    bool ok = is_unset ? gw_reader_word(&reader, "null") : gw_read_field(&reader, field);
    if (ok && finish(&reader)) {
        return true;
    }
    out->len = before;
    return false;
}
