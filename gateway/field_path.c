/* Field path: the messages on the way become records of their own, one for each value. Protobuf
 * merges several records of a singular message, so "a.b=1&a.c=2" needs no regrouping.
 */
#include "gateway/field_path.h"

#include "base/wire.h"

/* Checks that a path can go on behind `field`. */
static bool check_way(const struct gw_field *field, struct base_err *err)
{
    if (field->message != NULL && !field->is_repeated) {
        return true;
    }
    const char *kind = field->is_map        ? "a map"
                       : field->is_repeated ? "a repeated field"
                                            : "not a message";
    return base_err_set(err, BASE_INVALID_ARGUMENT, "field %.*s is %s and has no fields to name",
                        BASE_STR_ARGS(field->name), kind);
}

bool gw_field_path_resolve(const struct gw_message *message, struct base_str text,
                           struct gw_field_path *out_path, struct base_err *err)
{
    struct gw_field_path path = {.count = 0};
    const char *end = text.data + text.len;
    for (const char *at = text.data;; at++) {
        if (path.count > 0) {
            if (!check_way(gw_field_path_last(&path), err)) {
                return false;
            }
            message = gw_field_path_last(&path)->message;
        }
        const char *dot = at == end ? NULL : memchr(at, '.', (size_t)(end - at));
        struct base_str name = base_str_make(at, (size_t)((dot == NULL ? end : dot) - at));
        const struct gw_field *field = gw_message_field_by_text(message, name);
        if (field == NULL) {
            return base_err_set(err, BASE_NOT_FOUND, "%.*s has no field of this name",
                                BASE_STR_ARGS(message->full_name));
        }
        if (path.count == GW_FIELD_PATH_MAX) {
            return base_err_set(err, BASE_INVALID_ARGUMENT, "names more than %d fields",
                                GW_FIELD_PATH_MAX);
        }
        path.fields[path.count++] = field;
        if (dot == NULL) {
            *out_path = path;
            return true;
        }
        at = dot;
    }
}

bool gw_field_path_enters_well_known(const struct gw_field_path *path)
{
    for (size_t i = 0; i + 1 < path->count; i++) {
        if (path->fields[i]->message->well_known != GW_PLAIN_MESSAGE) {
            return true;
        }
    }
    return false;
}

void gw_field_path_text(const struct gw_field_path *path, char out[GW_FIELD_PATH_TEXT_SIZE])
{
    size_t len = 0;
    for (size_t i = 0; i < path->count; i++) {
        struct base_str name = path->fields[i]->name;
        size_t room = GW_FIELD_PATH_TEXT_SIZE - 1 - len;
        if (i > 0 && room > 0) {
            out[len++] = '.';
            room--;
        }
        size_t take = name.len < room ? name.len : room;
        memcpy(out + len, name.data, take);
        len += take;
    }
    out[len] = '\0';
}

enum gw_field_relation gw_field_path_relation(const struct gw_field_path *a,
                                              const struct gw_field_path *b)
{
    size_t shorter = a->count < b->count ? a->count : b->count;
    for (size_t i = 0; i < shorter; i++) {
        const struct gw_field *left = a->fields[i];
        const struct gw_field *right = b->fields[i];
        if (left != right) {
            /* The same parent: everything before was the same. */
            return left->oneof >= 0 && left->oneof == right->oneof ? GW_FIELDS_ONEOF
                                                                   : GW_FIELDS_APART;
        }
    }
    return a->count == b->count ? GW_FIELDS_SAME : GW_FIELDS_INSIDE;
}

bool gw_field_is_text(const struct gw_field *field)
{
    if (field->type == GW_GROUP) {
        return false;
    }
    if (field->type != GW_MESSAGE) {
        return true;
    }
    switch (field->message->well_known) {
    case GW_DURATION:
    case GW_FIELD_MASK:
    case GW_TIMESTAMP:
    case GW_WRAPPER:
        return true;
    default:
        return false;
    }
}

/* Ends the message on the way that `field` is, whose payload begins at `at`. */
static bool close_message(const struct gw_field *field, size_t at, struct base_buf *out)
{
    return field->type == GW_GROUP ? base_wire_end_group(out, field->number)
                                   : base_wire_close_length(out, at);
}

bool gw_field_path_to_wire(const struct gw_field_path *path, struct base_str text,
                           const struct gw_transcode_options *options, struct base_buf *out,
                           struct base_err *err)
{
    size_t payloads[GW_FIELD_PATH_MAX]; /* where each message on the way begins */
    size_t depth = path->count - 1;
    for (size_t i = 0; i < depth; i++) {
        if (!base_buf_append(out, path->fields[i]->tag, path->fields[i]->tag_len)) {
            return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the request is too large");
        }
        payloads[i] = out->len;
    }
    if (!gw_text_to_wire_field(path->fields[depth], text, options, out, err)) {
        return false;
    }
    for (size_t i = depth; i > 0; i--) {
        if (!close_message(path->fields[i - 1], payloads[i - 1], out)) {
            return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the request is too large");
        }
    }
    return true;
}
