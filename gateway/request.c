/* Request: each part is written with the transcoder into the one buffer. Conflicts are then found
 * in the bytes: the record of a path variable is looked for in what the body and the query wrote,
 * and compared with the one the path wrote. Both come from the same writer, so equal values are
 * equal bytes.
 */
#include "gateway/request.h"

#include "base/mem.h"
#include "base/wire.h"
#include "gateway/http_body.h"
#include "gateway/patch_mask.h"
#include "gateway/percent.h"
#include "gateway/query.h"
#include "gateway/wire_normal.h"

/* Captures up to this size are decoded on the stack. */
#define CAPTURE_STACK_BYTES 256

/* One field of one part of the request. */
struct sighting {
    bool is_set;
    struct base_wire_record record;      /* of is_set */
    const struct gw_field *oneof_member; /* another of a oneof the path goes through, or NULL */
};

/* Looks for the value of `path` from its field `depth` on; the last record counts,
 * as in a merge. */
static void look_for(const struct gw_field_path *path, size_t depth, struct base_str wire,
                     struct sighting *sighting)
{
    const struct gw_field *field = path->fields[depth];
    struct base_wire_reader reader = base_wire_reader_make(wire);
    struct base_wire_record record;
    while (!base_wire_at_end(&reader) && base_wire_next(&reader, &record)) {
        if (record.number != field->number) {
            const struct gw_field *other =
                field->oneof < 0 ? NULL : gw_message_field_by_number(field->parent, record.number);
            if (other != NULL && other->oneof == field->oneof) {
                sighting->oneof_member = other;
            }
        } else if (depth + 1 < path->count) {
            look_for(path, depth + 1, record.bytes, sighting);
        } else {
            sighting->is_set = true;
            sighting->record = record;
        }
    }
}

/* Whether a record holds what absence would mean, too. */
static bool is_default(const struct base_wire_record *record)
{
    return record->type == BASE_WIRE_LEN ? record->bytes.len == 0 : record->scalar == 0;
}

/* Whether a wrapper holds zero, which text writes out and JSON does not. */
static bool wraps_zero(const struct base_wire_record *wrapper)
{
    struct base_wire_reader reader = base_wire_reader_make(wrapper->bytes);
    struct base_wire_record value;
    return base_wire_at_end(&reader) || (base_wire_next(&reader, &value) && is_default(&value));
}

static bool is_same(const struct gw_field *field, const struct base_wire_record *a,
                    const struct base_wire_record *b)
{
    bool is_wrapper = field->message != NULL && field->message->well_known == GW_WRAPPER;
    return base_str_eq(a->whole, b->whole) || (is_wrapper && wraps_zero(a) && wraps_zero(b));
}

/* Refuses a part of the request, "body" or "query", that sets what the path sets. */
static bool check_conflict(const struct gw_field_path *path, const char *part, struct base_str wire,
                           const struct base_wire_record *from_path, struct base_err *err)
{
    struct sighting found = {0};
    look_for(path, 0, wire, &found);
    char text[GW_FIELD_PATH_TEXT_SIZE];
    if (found.oneof_member != NULL) {
        gw_field_path_text(path, text);
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "the %s sets field %.*s, the path field %s of the same oneof", part,
                            BASE_STR_ARGS(found.oneof_member->name), text);
    }
    if (found.is_set && !is_same(gw_field_path_last(path), &found.record, from_path)) {
        gw_field_path_text(path, text);
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "field %s has one value in the path and another in the %s", text, part);
    }
    return true;
}

static bool write_raw_body(const struct gw_route *route, const struct gw_http_request *request,
                           struct base_buf *out, struct base_err *err)
{
    struct gw_http_body body = {.content_type = request->content_type, .data = request->body};
    return (body.content_type.len == 0 && body.data.len == 0) ||
           gw_http_body_to_wire(route->body_field, &body, out, err);
}

static bool write_body(const struct gw_route *route, const struct gw_http_request *request,
                       const struct gw_transcode_options *options, struct base_buf *out,
                       struct base_err *err)
{
    struct base_str body = request->body;
    if (route->body_is_raw) {
        return write_raw_body(route, request, out, err);
    }
    if (body.len == 0) {
        return true;
    }
    switch (route->body_kind) {
    case GW_BODY_WHOLE:
        return gw_json_to_wire(route->method->input, body, options, out, err);
    case GW_BODY_FIELD:
        return gw_json_to_wire_field(route->body_field, body, options, out, err);
    case GW_BODY_NONE:
        break;
    }
    return base_err_set(
        err, BASE_INVALID_ARGUMENT, "body of %zu bytes: expected none for %.*s \"%.*s\"", body.len,
        BASE_STR_ARGS(route->http_method), BASE_STR_ARGS(route->path_template.text));
}

/* Whether the path, or the bytes of the query, set the mask to more than nothing. */
static bool has_mask(const struct gw_route *route, struct base_str query_wire)
{
    const struct gw_field_path mask = {.fields = {route->patch_mask_field}, .count = 1};
    for (size_t i = 0; i < route->path_template.variable_count; i++) {
        if (route->variables[i].fields[0] == route->patch_mask_field) {
            return true;
        }
    }
    struct sighting found = {0};
    look_for(&mask, 0, query_wire, &found);
    return found.is_set && !is_default(&found.record);
}

/* Appends one variable's value. */
static bool write_variable(const struct gw_route *route, size_t index, struct base_str raw,
                           const struct gw_transcode_options *options, struct base_buf *out,
                           struct base_err *err)
{
    const struct gw_variable *variable = &route->path_template.variables[index];
    enum gw_percent_mode mode = variable->is_multi ? GW_PERCENT_KEEP_SLASH : GW_PERCENT_ALL;
    char small[CAPTURE_STACK_BYTES];
    char *large = raw.len > sizeof small ? base_alloc(raw.len) : NULL;
    char *text = large == NULL ? small : large;
    struct base_str value = base_str_make(text, gw_percent_decode(raw, mode, text));
    bool fine = gw_field_path_to_wire(&route->variables[index], value, options, out, err);
    base_free(large);
    return fine ||
           base_err_wrap(err, "path parameter \"%.*s\"", BASE_STR_ARGS(variable->field_path));
}

/* Where the parts stand in the buffer. */
struct parts {
    size_t body;
    size_t query;
    size_t path;
};

static struct base_str slice(const struct base_buf *buf, size_t from, size_t to)
{
    return base_str_make(buf->data == NULL ? "" : buf->data + from, to - from);
}

static bool write_path(const struct gw_route *route, const struct gw_captures *captures,
                       const struct parts *parts, const struct gw_transcode_options *options,
                       struct base_buf *out, struct base_err *err)
{
    for (size_t i = 0; i < route->path_template.variable_count; i++) {
        size_t from = out->len;
        if (!write_variable(route, i, captures->values[i], options, out, err)) {
            return false;
        }
        if (parts->path == parts->body) {
            continue; /* neither body nor query: nothing to conflict with */
        }
        const struct gw_field_path *path = &route->variables[i];
        struct sighting own = {0}; /* set: a variable's value is written, zero or not */
        look_for(path, 0, slice(out, from, out->len), &own);
        if (!check_conflict(path, "body", slice(out, parts->body, parts->query), &own.record,
                            err) ||
            !check_conflict(path, "query", slice(out, parts->query, parts->path), &own.record,
                            err)) {
            return false;
        }
    }
    return true;
}

/* Whether a message among the fields of `type` stands in `wire` in several records. */
static bool is_in_pieces(const struct gw_message *type, struct base_str wire)
{
    uint64_t seen[GW_MESSAGE_FIELDS_MAX / 64] = {0};
    struct base_wire_reader reader = base_wire_reader_make(wire);
    struct base_wire_record record;
    while (!base_wire_at_end(&reader) && base_wire_next(&reader, &record)) {
        const struct gw_field *field = gw_message_field_by_number(type, record.number);
        if (field == NULL || field->message == NULL || field->is_repeated) {
            continue;
        }
        uint64_t bit = UINT64_C(1) << field->index % 64;
        if ((seen[field->index / 64] & bit) != 0) {
            return true;
        }
        seen[field->index / 64] |= bit;
    }
    return false;
}

/* Merges what a nested parameter or variable and another part of the request say of one message.
 * Protobuf has every reader do so, but protobufjs, which most servers in JavaScript stand on, takes
 * the last piece for the whole. */
static bool merge_pieces(const struct gw_route *route, size_t start, struct base_buf *out,
                         struct base_err *err)
{
    struct base_str wire = slice(out, start, out->len);
    if (!is_in_pieces(route->method->input, wire)) {
        return true;
    }
    struct base_buf merged;
    base_buf_init(&merged, out->max_bytes);
    bool fine = gw_wire_normalize(route->method->input, wire, NULL, &merged, err);
    if (fine) {
        out->len = start;
        fine = base_buf_append_str(out, base_buf_str(&merged)) ||
               base_err_set(err, BASE_RESOURCE_EXHAUSTED,
                            "the message would be larger than %zu bytes", out->max_bytes);
    }
    base_buf_dispose(&merged);
    return fine;
}

/* Whether a variable is a field of a message inside the request; out_enters_well_known is set where
 * it is a part of a well-known type. */
static bool has_nested_variable(const struct gw_route *route, bool *out_enters_well_known)
{
    bool is_nested = false;
    for (size_t i = 0; i < route->path_template.variable_count; i++) {
        is_nested |= route->variables[i].count > 1;
        *out_enters_well_known |= gw_field_path_enters_well_known(&route->variables[i]);
    }
    return is_nested;
}

/* Checks that the parts of well-known types, which a body cannot name, are values that it could
 * have sent. */
static bool check_well_known(const struct gw_route *route, struct base_str wire,
                             const struct gw_transcode_options *options, struct base_err *err)
{
    struct base_buf json;
    base_buf_init(&json, SIZE_MAX);
    bool fine = gw_wire_to_json(route->method->input, wire, options, &json, err);
    base_buf_dispose(&json);
    if (!fine) {
        err->code = BASE_INVALID_ARGUMENT; /* not what a service has answered */
    }
    return fine;
}

static bool write_parts(const struct gw_route *route, const struct gw_http_request *request,
                        const struct gw_transcode_options *options, struct base_buf *out,
                        struct base_err *err)
{
    struct parts parts = {.body = out->len};
    if (!write_body(route, request, options, out, err)) {
        return false;
    }
    parts.query = out->len;
    bool has_body = parts.query > parts.body;
    bool enters_well_known = false;
    if (request->raw_query.len > 0 && !gw_query_to_wire(route, request->raw_query, has_body,
                                                        options, out, &enters_well_known, err)) {
        return false;
    }
    parts.path = out->len;
    if (!write_path(route, request->captures, &parts, options, out, err)) {
        return false;
    }
    if (route->patch_mask_field != NULL && request->body.len > 0 &&
        !has_mask(route, slice(out, parts.query, parts.path)) &&
        !gw_patch_mask_from_json(route->patch_mask_field, route->body_field->message, request->body,
                                 out, err)) {
        return false;
    }
    bool is_nested = has_nested_variable(route, &enters_well_known);
    if (request->raw_query.len == 0 && !is_nested) {
        return true;
    }
    return merge_pieces(route, parts.body, out, err) &&
           (!enters_well_known ||
            check_well_known(route, slice(out, parts.body, out->len), options, err));
}

bool gw_request_to_wire(const struct gw_route *route, const struct gw_http_request *request,
                        const struct gw_transcode_options *options, struct base_buf *out,
                        struct base_err *err)
{
    size_t start = out->len;
    if (write_parts(route, request, options, out, err)) {
        return true;
    }
    out->len = start;
    return false;
}

static bool raw_to_body(const struct gw_route *route, struct base_str wire, struct base_buf *out,
                        struct base_str *out_content_type, struct base_err *err)
{
    struct gw_http_body body;
    if (!gw_http_body_from_wire(route->response_body_field, wire, &body, err)) {
        return false;
    }
    *out_content_type = body.content_type;
    return base_buf_append_str(out, body.data) ||
           base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the answer would be larger than %zu bytes",
                        out->max_bytes);
}

bool gw_response_to_body(const struct gw_route *route, struct base_str wire,
                         const struct gw_transcode_options *options, struct base_buf *out,
                         struct base_str *out_content_type, struct base_err *err)
{
    if (route->response_is_raw) {
        return raw_to_body(route, wire, out, out_content_type, err);
    }
    *out_content_type = BASE_STR("application/json");
    if (route->response_body_field != NULL) {
        return gw_wire_field_to_json(route->response_body_field, wire, options, out, err);
    }
    return gw_wire_to_json(route->method->output, wire, options, out, err);
}
