/* The well-known types, each in the JSON of its own. Struct, ListValue and Value are read through
 * their own descriptors: a map, a list and one of six fields. */
#include "gateway/json_to_wire.h"

#include "gateway/well_known.h"

/* A Timestamp, Duration or FieldMask: one string. */
static bool read_as_text(struct gw_reader *reader, const struct gw_message *type)
{
    const char *at = reader->next;
    struct base_str text;
    if (gw_reader_peek(reader) != '"') {
        return gw_reader_expected(reader, gw_well_known_article(type->well_known));
    }
    if (!gw_reader_string(reader, &text)) {
        return false;
    }
    if (gw_well_known_put(type, text, false, reader->out, reader->err)) {
        return true;
    }
    return reader->err->code == BASE_INVALID_ARGUMENT && gw_reader_locate(reader, at);
}

static bool read_value(struct gw_reader *reader, const struct gw_message *type)
{
    int which;
    switch (gw_reader_peek(reader)) {
    case 'n':
        which = GW_VALUE_NULL;
        break;
    case '"':
        which = GW_VALUE_STRING;
        break;
    case 't':
    case 'f':
        which = GW_VALUE_BOOL;
        break;
    case '{':
        which = GW_VALUE_STRUCT;
        break;
    case '[':
        which = GW_VALUE_LIST;
        break;
    default:
        if (gw_reader_peek(reader) != '-' &&
            (gw_reader_peek(reader) < '0' || gw_reader_peek(reader) > '9')) {
            return gw_reader_expected(reader, "a value");
        }
        which = GW_VALUE_NUMBER;
        break;
    }
    bool is_skipped = false;
    return gw_read_element(reader, &type->fields[which], &is_skipped);
}

/* Passes over a member's value in search of "@type". */
static bool search_on(struct gw_reader *reader)
{
    const char *value = reader->next;
    if (!gw_reader_skip(reader)) {
        return false;
    }
    reader->searched += (size_t)(reader->next - value);
    return reader->searched <= GW_ANY_SEARCH_BYTES_MAX ||
           gw_reader_fail(reader, value,
                          "a \"@type\" that stands behind too much: it belongs first");
}

/* Finds the type that "@type" names in the object that starts here, and appends its URL. The reader
 * comes back to where it was. NULL in out_type: the object is empty. */
static bool read_type_url(struct gw_reader *reader, const struct gw_field *field,
                          const struct gw_message **out_type)
{
    const char *start = reader->next;
    struct base_str key;
    struct base_str raw;
    bool more = true;
    *out_type = NULL;
    if (!gw_reader_open(reader, '{')) {
        return false;
    }
    if (gw_reader_is_empty(reader, '}')) {
        return true;
    }
    for (;;) {
        if (!gw_reader_key(reader, &key, &raw)) {
            return false;
        }
        if (base_str_eq(key, BASE_STR("@type"))) {
            break;
        }
        if (!search_on(reader) || !gw_reader_more(reader, '}', &more)) {
            return false;
        }
        if (!more) {
            return gw_reader_fail(reader, start, "expected a \"@type\" in an Any, found none");
        }
    }
    const char *at = reader->next;
    struct base_str url;
    if (!gw_reader_string(reader, &url)) {
        return false;
    }
    *out_type = gw_any_type(reader->options->schema, url);
    if (*out_type == NULL) {
        int len = gw_shown_len(url);
        return gw_reader_fail(reader, at, "unknown type \"%.*s%s\"", len, url.data,
                              (size_t)len < url.len ? "..." : "");
    }
    reader->next = start;
    reader->depth--;
    return gw_put_text(reader, field->tag, field->tag_len, url);
}

/* Reads {"@type": ..., "value": ...} as the value of a well-known type. */
static bool read_any_value(struct gw_reader *reader, const struct gw_message *type)
{
    const char *start = reader->next;
    bool type_seen = false;
    bool value_seen = false;
    bool more = true;
    if (!gw_reader_open(reader, '{')) {
        return false;
    }
    while (more) {
        const char *at = reader->next;
        struct base_str key;
        struct base_str raw;
        bool ok;
        if (!gw_reader_key(reader, &key, &raw)) {
            return false;
        }
        bool is_type = base_str_eq(key, BASE_STR("@type"));
        bool is_value = base_str_eq(key, BASE_STR("value"));
        if ((is_type && type_seen) || (is_value && value_seen)) {
            return gw_reader_fail(reader, at, "duplicate field");
        }
        type_seen |= is_type;
        value_seen |= is_value;
        if (is_value) {
            ok = gw_read_message(reader, type);
        } else if (is_type || reader->options->ignore_unknown_fields) {
            ok = gw_reader_skip(reader);
        } else {
            ok = gw_reader_unknown(reader, at, key);
        }
        if (!ok || !gw_reader_more(reader, '}', &more)) {
            return false;
        }
    }
    return value_seen || gw_reader_fail(reader, start, "expected a \"value\" of %.*s, found none",
                                        BASE_STR_ARGS(type->full_name));
}

static bool read_any(struct gw_reader *reader, const struct gw_message *any)
{
    const struct gw_message *type;
    if (!read_type_url(reader, &any->fields[GW_ANY_TYPE_URL], &type)) {
        return false;
    }
    if (type == NULL) {
        return true;
    }
    const struct gw_field *value = &any->fields[GW_ANY_VALUE];
    struct gw_payload payload;
    return gw_payload_open(reader, value->tag, value->tag_len, 1, &payload) &&
           (type->well_known == GW_PLAIN_MESSAGE ? gw_read_members(reader, type, true)
                                                 : read_any_value(reader, type)) &&
           gw_payload_close(reader, payload, NULL);
}

bool gw_read_well_known(struct gw_reader *reader, const struct gw_message *type)
{
    switch (type->well_known) {
    case GW_ANY:
        return read_any(reader, type);
    case GW_DURATION:
    case GW_FIELD_MASK:
    case GW_TIMESTAMP:
        return read_as_text(reader, type);
    case GW_VALUE:
        return read_value(reader, type);
    case GW_LIST_VALUE:
    case GW_STRUCT:
    case GW_WRAPPER:
        return gw_read_field(reader, &type->fields[0]);
    case GW_PLAIN_MESSAGE:
        break;
    }
    return gw_read_members(reader, type, false);
}
