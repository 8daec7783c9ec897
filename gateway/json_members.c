/* JSON objects as messages. Fields are guessed before they are looked up: senders write them in
 * order, so the key is first compared with that of the field behind the one before. What has been
 * seen is a bitset on the stack. */
#include "gateway/json_to_wire.h"

/* Fields and oneofs of a message whose bitset is small enough to clear each time. */
#define SMALL_MESSAGE_BITS 256
#define WORD_BITS 64

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
    if (gw_reader_peek(reader) == 'n' && !gw_field_takes_null(field)) {
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
