/* The walk over the JSON text, writing as it goes. Fields are guessed before they are looked up:
 * senders write them in order, so the key is first compared with that of the field behind the one
 * before. What has been seen is a bitset on the stack. */
#include "gateway/json_to_wire.h"

#include "gateway/key_set.h"
#include "gateway/wire_field.h"

/* Fields and oneofs of a message whose bitset is small enough to clear each time. */
#define SMALL_MESSAGE_BITS 256
#define WORD_BITS 64

bool gw_payload_open(struct gw_reader *reader, const uint8_t *tag, size_t tag_len, size_t guess,
                     struct gw_payload *out_payload)
{
    if (!gw_reader_reserve(reader, tag_len + GW_VARINT_BYTES_MAX)) {
        return false;
    }
    memcpy(base_buf_end(reader->out), tag, tag_len);
    reader->out->len += tag_len + guess;
    *out_payload = (struct gw_payload){reader->out->len, guess};
    return true;
}

bool gw_payload_close(struct gw_reader *reader, struct gw_payload payload, size_t *out_guess)
{
    struct base_buf *out = reader->out;
    uint8_t length[GW_VARINT_BYTES_MAX];
    size_t bytes = out->len - payload.at;
    size_t size = (size_t)(gw_wire_put_varint(length, bytes) - length);
    if (size != payload.guess) {
        if (size > payload.guess && !gw_reader_reserve(reader, size - payload.guess)) {
            return false;
        }
        char *start = out->data + payload.at;
        memmove(start + size - payload.guess, start, bytes);
        out->len = out->len + size - payload.guess;
    }
    memcpy(out->data + payload.at - payload.guess, length, size);
    if (out_guess != NULL) {
        *out_guess = size;
    }
    return true;
}

bool gw_put_text(struct gw_reader *reader, const uint8_t *tag, size_t tag_len, struct base_str text)
{
    struct base_buf *out = reader->out;
    uint8_t head[5 + GW_VARINT_BYTES_MAX];
    memcpy(head, tag, tag_len);
    size_t head_len = (size_t)(gw_wire_put_varint(head + tag_len, text.len) - head);
    /* Text in the spare room stands within what is reserved already, so it stays where it is. */
    if (!gw_reader_reserve(reader, head_len + text.len)) {
        return false;
    }
    if (text.len > 0) {
        memmove(base_buf_end(out) + head_len, text.data, text.len);
    }
    memcpy(base_buf_end(out), head, head_len);
    out->len += head_len + text.len;
    return true;
}

/* Appends the message or group with its tag. */
static bool read_message_field(struct gw_reader *reader, const struct gw_field *field,
                               size_t *guess)
{
    if (field->type == GW_GROUP) {
        return (base_buf_append(reader->out, field->tag, field->tag_len) ||
                gw_reader_full(reader)) &&
               gw_read_message(reader, field->message) &&
               (gw_wire_end_group(reader->out, field->number) || gw_reader_full(reader));
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

/* Whether null is a value here and does not stand for none. */
static bool takes_null(const struct gw_field *field)
{
    return (field->message != NULL && field->message->well_known == GW_VALUE) ||
           (field->type == GW_ENUM && field->enumeration->is_null_value);
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
            !gw_reader_reserve(reader, GW_VARINT_BYTES_MAX)) {
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

/* A key's bits: integers and booleans stand in quotes. */
static bool key_bits(const struct gw_field *field, struct base_str text, uint64_t *out_bits,
                     enum gw_scalar_status *out_status)
{
    if (field->type == GW_BOOL) {
        *out_bits = base_str_eq(text, BASE_STR("true"));
        *out_status = *out_bits == 1 || base_str_eq(text, BASE_STR("false")) ? GW_SCALAR_OK
                                                                             : GW_SCALAR_MALFORMED;
    } else {
        *out_status = gw_scalar_integer(field->type, text, out_bits);
    }
    return *out_status == GW_SCALAR_OK;
}

/* Reads a key and appends it as field 1 of the entry. */
static bool read_map_key(struct gw_reader *reader, const struct gw_field *field,
                         struct gw_place *place, struct gw_key *out_key)
{
    const char *at = reader->next;
    struct base_str text;
    place->key.len = 0;
    if (!gw_reader_key(reader, &text, &place->key)) {
        return false;
    }
    *out_key = (struct gw_key){.is_text = field->type == GW_STRING};
    if (out_key->is_text) {
        out_key->len = text.len;
        return gw_put_text(reader, field->tag, field->tag_len, text);
    }
    enum gw_scalar_status status;
    if (!key_bits(field, text, &out_key->number, &status)) {
        return gw_reader_refuse(reader, at, field->type, status, text);
    }
    return gw_reader_put_bits(reader, field, out_key->number);
}

static bool read_entry(struct gw_reader *reader, const struct gw_field *field,
                       struct gw_key_set *seen, struct gw_place *place, size_t *guess)
{
    const struct gw_field *key_field = &field->message->fields[0];
    const char *at = reader->next;
    size_t before = reader->out->len;
    bool is_skipped = false;
    struct gw_payload payload;
    struct gw_key key;
    if (!gw_payload_open(reader, field->tag, field->tag_len, *guess, &payload) ||
        !read_map_key(reader, key_field, place, &key)) {
        return false;
    }
    size_t key_end = reader->out->len - payload.at;
    if (!gw_read_element(reader, &field->message->fields[1], &is_skipped)) {
        return false;
    }
    if (is_skipped) {
        reader->out->len = before;
        return true;
    }
    if (!gw_payload_close(reader, payload, guess)) {
        return false;
    }
    key.at = payload.at - payload.guess + *guess + key_end - key.len;
    return gw_key_set_add(seen, reader->out->data, key) ||
           gw_reader_fail(reader, at, "duplicate key");
}

static bool read_entries(struct gw_reader *reader, const struct gw_field *field,
                         struct gw_key_set *seen, struct gw_place *place)
{
    size_t guess = 1; /* entries are alike: the last one's is the next one's */
    bool more = true;
    while (more) {
        if (!read_entry(reader, field, seen, place, &guess) ||
            !gw_reader_more(reader, '}', &more)) {
            return false;
        }
    }
    return true;
}

static bool read_map(struct gw_reader *reader, const struct gw_field *field)
{
    if (!gw_reader_open(reader, '{')) {
        return false;
    }
    if (gw_reader_is_empty(reader, '}')) {
        return true;
    }
    struct gw_place place = {.up = reader->place, .index = GW_NO_INDEX};
    reader->place = &place;
    struct gw_key_set seen;
    gw_key_set_init(&seen);
    bool ok = read_entries(reader, field, &seen, &place);
    gw_key_set_dispose(&seen);
    if (ok) {
        reader->place = place.up;
    }
    return ok;
}

bool gw_read_field(struct gw_reader *reader, const struct gw_field *field)
{
    return field->is_map        ? read_map(reader, field)
           : field->is_repeated ? read_list(reader, field)
                                : read_singular(reader, field);
}

/* What an object being read has met; `bits` has one a field and one a oneof. */
struct members {
    const struct gw_message *type;
    const struct gw_field *expected; /* likely the next one */
    uint64_t *bits;
    bool in_any;
    bool type_seen; /* in_any: the "@type" */
};

/* Sets a bit; false when it was set. */
static bool set_bit(uint64_t *bits, size_t index)
{
    uint64_t bit = UINT64_C(1) << index % WORD_BITS;
    if ((bits[index / WORD_BITS] & bit) != 0) {
        return false;
    }
    bits[index / WORD_BITS] |= bit;
    return true;
}

/* Reads the name of a member up to its value. The field is NULL when the message has none of that
 * name; the name is then in out_name. */
static bool read_name(struct gw_reader *reader, struct members *members,
                      const struct gw_field **out_field, struct base_str *out_name)
{
    const struct gw_message *type = members->type;
    const struct gw_field *field = members->expected;
    if (field != NULL &&
        gw_scan_matches(reader->next, reader->end, field->json_key.data, field->json_key.len)) {
        reader->next += field->json_key.len;
        gw_reader_space(reader);
    } else {
        struct base_str raw;
        if (!gw_reader_key(reader, out_name, &raw)) {
            return false;
        }
        field = gw_message_field_by_text(type, *out_name);
    }
    if (field != NULL) {
        members->expected = field->index + 1 < type->field_count ? field + 1 : type->fields;
    }
    *out_field = field;
    return true;
}

/* A name the message does not have: "@type" in an Any, or unknown. */
static bool read_nameless(struct gw_reader *reader, struct members *members, const char *at,
                          struct base_str name)
{
    if (members->in_any && base_str_eq(name, BASE_STR("@type"))) {
        if (members->type_seen) {
            return gw_reader_fail(reader, at, "duplicate \"@type\"");
        }
        members->type_seen = true;
        return gw_reader_string(reader, &name);
    }
    if (reader->options->ignore_unknown_fields) {
        return gw_reader_skip(reader);
    }
    return gw_reader_unknown(reader, at, name);
}

static bool read_member(struct gw_reader *reader, struct members *members, struct gw_place *place)
{
    const char *at = reader->next;
    const struct gw_field *field;
    struct base_str name;
    place->field = NULL;
    if (!read_name(reader, members, &field, &name)) {
        return false;
    }
    if (field == NULL) {
        return read_nameless(reader, members, at, name);
    }
    place->field = field;
    if (!set_bit(members->bits, field->index)) {
        return gw_reader_fail(reader, at, "duplicate field");
    }
    if (gw_reader_peek(reader) == 'n' && !(takes_null(field) && !field->is_repeated)) {
        return gw_reader_word(reader, "null");
    }
    if (field->oneof >= 0 &&
        !set_bit(members->bits, members->type->field_count + (size_t)field->oneof)) {
        return gw_reader_fail(reader, at, "another field of its oneof is set already");
    }
    return gw_read_field(reader, field);
}

/* Fails if a required field was not set; null does not set it. */
static bool check_required(struct gw_reader *reader, const struct members *members, const char *at)
{
    for (uint32_t i = 0; i < members->type->field_count; i++) {
        const struct gw_field *field = &members->type->fields[i];
        if (field->is_required && (members->bits[i / WORD_BITS] >> i % WORD_BITS & 1) == 0) {
            return gw_reader_fail(reader, at, "the required field \"%.*s\" is missing",
                                  BASE_STR_ARGS(field->json_name));
        }
    }
    return true;
}

static bool read_all_members(struct gw_reader *reader, struct members *members)
{
    const char *at = reader->next;
    struct gw_place place = {.up = reader->place, .index = GW_NO_INDEX};
    bool more = true;
    if (!gw_reader_open(reader, '{')) {
        return false;
    }
    reader->place = &place;
    if (!gw_reader_is_empty(reader, '}')) {
        while (more) {
            if (!read_member(reader, members, &place) || !gw_reader_more(reader, '}', &more)) {
                return false;
            }
        }
    }
    reader->place = place.up;
    return !members->type->has_required || check_required(reader, members, at);
}

static bool read_large_members(struct gw_reader *reader, const struct gw_message *type, bool in_any)
{
    uint64_t bits[GW_MESSAGE_FIELDS_MAX / WORD_BITS] = {0};
    struct members members = {type, type->fields, bits, in_any, false};
    return read_all_members(reader, &members);
}

bool gw_read_members(struct gw_reader *reader, const struct gw_message *type, bool in_any)
{
    if (type->field_count + type->oneof_count > SMALL_MESSAGE_BITS) {
        return read_large_members(reader, type, in_any);
    }
    uint64_t bits[SMALL_MESSAGE_BITS / WORD_BITS] = {0};
    const struct gw_field *first = type->field_count == 0 ? NULL : type->fields;
    struct members members = {type, first, bits, in_any, false};
    return read_all_members(reader, &members);
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
    struct gw_reader reader = {text.data, text.data, text.data + text.len, options, out, err,
                               NULL,      0};
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
    bool is_unset = gw_reader_peek(&reader) == 'n' && !(takes_null(field) && !field->is_repeated);
    bool ok = is_unset ? gw_reader_word(&reader, "null") : gw_read_field(&reader, field);
    if (ok && finish(&reader)) {
        return true;
    }
    out->len = before;
    return false;
}
