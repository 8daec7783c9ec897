/* JSON objects as maps: an entry is a message of key and value, and a key may stand once. */
#include "gateway/json_to_wire.h"
#include "gateway/key_set.h"

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

bool gw_read_map(struct gw_reader *reader, const struct gw_field *field)
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
